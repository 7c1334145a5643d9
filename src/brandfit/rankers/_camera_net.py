"""The network of CAMERA."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from brandfit.rankers._layers import MLP, product, scaled

TOP = 10
EMBEDDING = 100
HIDDEN = 64
BOUND = 0.1
SKETCH = 8000
HISTORY = {"text": (300, 512), "picture": (4096, 512)}
EPSILON = 1e-9


class Rate(nn.Module):
    """phi(x) = sigmoid(x W_1 + b) W_2 (Eq. 12, 15)."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(1, HIDDEN), nn.Linear(HIDDEN, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.inner(x).sigmoid())[..., 0]


class Fused(nn.Module):
    """An account from its words and pictures, the same for both sides; a slot that a pair lacks is left out.

    bilinear  compact bilinear pooling: count sketches multiplied in the frequency domain, signed square root,
              length one (Bp)
    history   MIR's low-rank fusion: text 300-512 o picture 4,096-512 (Hp)
    semantic  the picture mapped to where the words are, as one word more (Vi)
    """

    def __init__(self, dims: dict[str, int], kind: str, *, dropout: float, width: float) -> None:
        super().__init__()
        self.kind = kind
        if kind == "history":
            self.branches = nn.ModuleDict(
                {slot: MLP(dim, scaled(HISTORY[slot], width), dropout=dropout) for slot, dim in dims.items()}
            )
            return
        self.dim = scaled((SKETCH,), width)[0] if kind == "bilinear" else next(iter(dims.values()))
        self.top = MLP(self.dim, scaled((1024, 512), width), dropout=dropout)
        if kind == "semantic":
            self.seen = nn.Linear(dims["picture"], dims["text"]) if len(dims) > 1 else nn.Identity()
            return
        for slot, dim in dims.items():
            self.register_buffer(f"bucket_{slot}", torch.randint(self.dim, (dim,)))
            self.register_buffer(f"sign_{slot}", torch.randint(2, (dim,)).float() * 2 - 1)

    def forward(self, values: dict[str, Tensor], has: dict[str, Tensor]) -> Tensor:
        if self.kind == "history":
            return product([(self.branches[slot](values[slot]), has[slot]) for slot in values])
        if self.kind == "semantic":
            told = {slot: self.seen(v) if slot == "picture" else v for slot, v in values.items()}
            total = sum(has.values()).clamp(min=1)  # type: ignore[union-attr]
            return self.top(sum(has[slot] * told[slot] for slot in told) / total)
        spectrum = product([(torch.fft.rfft(self._sketch(slot, v)), has[slot]) for slot, v in values.items()])
        pooled = torch.fft.irfft(spectrum, n=self.dim)
        return self.top(nn.functional.normalize(pooled / (pooled.abs() + EPSILON).sqrt(), dim=-1))

    def _sketch(self, slot: str, values: Tensor) -> Tensor:
        """(n, d) count sketch: every column is added, with a sign, to a bucket drawn once."""
        bucket, sign = self.get_buffer(f"bucket_{slot}"), self.get_buffer(f"sign_{slot}")
        return values.new_zeros(len(values), self.dim).index_add(1, bucket, values * sign)


class AttendedConcepts(NamedTuple):
    """Accounts, a row each, as attention sees them: what does not depend on whom they are paired with.

    top   (n, k) the heaviest concepts
    h     (n, d) e_h (Eq. 6)
    asks  (n, c) psi(e_h) . rho(u) of the concepts that were answered (Eq. 7)
    """

    top: Tensor
    h: Tensor
    asks: Tensor


class CameraNet(nn.Module):
    """Scores of pairs, a row each: how much both sides agree, times what an endorsement is worth (Eq.
    5-18)."""

    def __init__(
        self,
        concepts: Tensor | None,
        dims: dict[str, int],
        *,
        representation: str,
        dropout: float,
        width: float,
        interaction: bool,
    ) -> None:
        super().__init__()
        self.fused = Fused(dims, representation, dropout=dropout, width=width) if concepts is None else None
        if concepts is not None:
            self.concepts = nn.Parameter(concepts.clone())
            d = concepts.shape[1]
            self.asks, self.answers = (MLP(d, scaled((1024, 512), width), dropout=dropout) for _ in range(2))
            self.account = MLP(2 * d, scaled((1024, 1024, 512), width), dropout=dropout)
        self.effect = nn.ModuleList(Rate() for _ in range(2)) if interaction else None
        self.influence = nn.ModuleList(Rate() for _ in range(2)) if interaction else None
        for name, parameter in self.named_parameters():
            if name != "concepts":
                nn.init.uniform_(parameter, -BOUND / width**0.5, BOUND / width**0.5)

    def forward(
        self,
        brand: dict[str, Any],
        influencer: dict[str, Any],
        has: dict[str, Tensor],
        place: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """score, content, effect, influence (n,) and, of concepts, the attention of both sides: concepts and
        weights (n, 10).

        concept        Seen of both sides, with ``place`` of ``answered``; or text, picture (n, d)
        rate           (n, 1)  engagement rates, standardised, of both sides
        expected       (n, 1)  of the influencer: the rate of a campaign post; followers (n, 1): its
                       followers, standardised
        has            (n, 1)  whether both sides have a slot, 1 or 0

        What is not there is left out: without any of its terms a factor is one.
        """
        if place is not None:
            told = self._attended(brand["concept"], influencer["concept"], place)
        else:
            told = self._agreed(brand, influencer, has)
        for name, layers, rates in (
            ("effect", self.effect, (influencer.get("expected"), brand.get("rate"))),
            ("influence", self.influence, (influencer.get("followers"), influencer.get("rate"))),
        ):
            terms = [
                layer(rate) for layer, rate in zip(layers or (), rates, strict=False) if rate is not None
            ]
            told[name] = torch.stack(terms).sum(0).sigmoid() if terms else torch.ones_like(told["content"])
        told["score"] = told["content"] * told["effect"] * told["influence"]
        return told

    def _agreed(
        self, brand: dict[str, Tensor], influencer: dict[str, Tensor], has: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        assert self.fused is not None
        e_b, e_m = (self.fused({slot: side[slot] for slot in has}, has) for side in (brand, influencer))
        return {"content": (e_b * e_m).sum(-1)}

    def answered(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """rho(u) (c, a) of the heaviest concepts of accounts with the distributions w, and (concepts,) the
        row of each."""
        seen = self._top(w)[1].unique()  # type: ignore[no-untyped-call]
        place = torch.zeros(len(self.concepts), dtype=torch.long, device=w.device)
        place[seen] = torch.arange(len(seen), device=w.device)
        return self.answers(nn.functional.embedding(seen, self.concepts)), place

    def attended(self, w: Tensor, answers: Tensor) -> AttendedConcepts:
        """Of the distributions (n, concepts) of accounts."""
        weight, top = self._top(w)
        h = (weight[..., None] * nn.functional.embedding(top, self.concepts)).sum(1)
        return AttendedConcepts(top, h, self.asks(h) @ answers.T)

    def _top(self, w: Tensor) -> tuple[Tensor, Tensor]:
        weight, top = w.topk(min(TOP, w.shape[-1]), dim=-1)
        return weight, top

    def _attended(
        self, brand: AttendedConcepts, influencer: AttendedConcepts, place: Tensor
    ) -> dict[str, Tensor]:
        n = len(brand.top)
        asked = [
            other.asks.gather(1, place[side.top])
            for side, other in ((brand, influencer), (influencer, brand))
        ]
        w, top = torch.cat(asked).softmax(-1), torch.cat([brand.top, influencer.top])  # Eq. 7
        r = torch.bmm(w[:, None], nn.functional.embedding(top, self.concepts))[:, 0]  # Eq. 8
        # Both sides in one pass: every weight is read once.
        e_b, e_m = self.account(torch.cat([torch.cat([brand.h, influencer.h]), r], -1)).split(n)  # Eq. 9
        told = {"concepts_b": brand.top, "weights_b": w[:n], "concepts_m": influencer.top, "weights_m": w[n:]}
        return told | {"content": (e_b * e_m).sum(-1)}
