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
    """An account from its text and pictures, the same weights for both sides; missing slots are left out.

    bilinear  compact bilinear pooling: count sketches multiplied in the frequency domain, signed square root,
              length one (Bp)
    history   MIR's low-rank fusion: text 300-512 o picture 4,096-512 (Hp)
    semantic  the picture mapped to the space of text, like one more word (Vi)
    """

    def __init__(self, dims: dict[str, int], kind: str, *, dropout: float, width: float) -> None:
        super().__init__()
        self.kind = kind
        if kind == "history":
            self.branches = nn.ModuleDict()
            for slot, dim in dims.items():
                self.branches[slot] = MLP(dim, scaled(HISTORY[slot], width), dropout=dropout)
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
            mapped = {slot: self.seen(v) if slot == "picture" else v for slot, v in values.items()}
            count = sum(has.values()).clamp(min=1)  # type: ignore[union-attr]
            return self.top(sum(has[slot] * mapped[slot] for slot in mapped) / count)
        # A product in the frequency domain is a convolution of the sketches.
        spectrum = product([(torch.fft.rfft(self._sketch(slot, v)), has[slot]) for slot, v in values.items()])
        pooled = torch.fft.irfft(spectrum, n=self.dim)
        return self.top(nn.functional.normalize(pooled / (pooled.abs() + EPSILON).sqrt(), dim=-1))

    def _sketch(self, slot: str, values: Tensor) -> Tensor:
        """(n, d) count sketch: every column is added, with a random sign, to a random fixed bucket."""
        bucket, sign = self.get_buffer(f"bucket_{slot}"), self.get_buffer(f"sign_{slot}")
        return values.new_zeros(len(values), self.dim).index_add(1, bucket, values * sign)


class AttendedConcepts(NamedTuple):
    """n accounts: the intermediate results that do not depend on the other side of a pair.

    top     (n, k) the heaviest concepts
    h       (n, d) e_h (Eq. 6)
    logits  (n, c) psi(e_h) . rho(u) with the answers of c concepts (Eq. 7)
    """

    top: Tensor
    h: Tensor
    logits: Tensor


class CameraNet(nn.Module):
    """Scores of pairs: agreement of both sides, times the value of an endorsement (Eq. 5-18)."""

    def __init__(
        self,
        concepts: Tensor | None,
        dims: dict[str, int],
        *,
        representation: str,
        dropout: float,
        width: float,
        interaction: bool,
        tune_concepts: bool = True,
    ) -> None:
        super().__init__()
        self.fused = Fused(dims, representation, dropout=dropout, width=width) if concepts is None else None
        if concepts is not None:
            self.concepts = nn.Parameter(concepts.clone(), requires_grad=tune_concepts)
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
        answer_row: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """score, content, effect, influence (n,) and, of concepts, the attention of both sides: concepts and
        weights (n, 10).

        concept        AttendedConcepts of both sides, with ``answer_row``; or text, picture (n, d)
        rate           (n, 1)  standardised engagement rates of both sides
        expected       (n, 1)  of the influencer: standardised rate of a campaign post
        followers      (n, 1)  of the influencer: standardised followers
        has            (n, 1)  1 if both sides have a slot, else 0
        answer_row     (concepts,) result of ``answered``

        Missing terms are left out; a factor without terms is one.
        """
        if answer_row is not None:
            outputs = self._attended(brand["concept"], influencer["concept"], answer_row)
        else:
            outputs = self._agreed(brand, influencer, has)
        for name, layers, rates in (
            ("effect", self.effect, (influencer.get("expected"), brand.get("rate"))),
            ("influence", self.influence, (influencer.get("followers"), influencer.get("rate"))),
        ):
            terms = [
                layer(rate) for layer, rate in zip(layers or (), rates, strict=False) if rate is not None
            ]
            outputs[name] = torch.ones_like(outputs["content"])
            if terms:
                outputs[name] = torch.stack(terms).sum(0).sigmoid()
        outputs["score"] = outputs["content"] * outputs["effect"] * outputs["influence"]
        return outputs

    def _agreed(
        self, brand: dict[str, Tensor], influencer: dict[str, Tensor], has: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        assert self.fused is not None
        e_b, e_m = (self.fused({slot: side[slot] for slot in has}, has) for side in (brand, influencer))
        return {"content": (e_b * e_m).sum(-1)}

    def answered(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """rho(u) (c, a) of the heaviest concepts of accounts with distributions w, and (concepts,) the row of
        each concept in it."""
        used = self._top(w)[1].unique()  # type: ignore[no-untyped-call]
        answer_row = torch.zeros(len(self.concepts), dtype=torch.long, device=w.device)
        answer_row[used] = torch.arange(len(used), device=w.device)
        return self.answers(nn.functional.embedding(used, self.concepts)), answer_row

    def attended(self, w: Tensor, answers: Tensor) -> AttendedConcepts:
        """The attended concepts of accounts with these distributions (n, concepts)."""
        weight, top = self._top(w)
        h = (weight[..., None] * nn.functional.embedding(top, self.concepts)).sum(1)
        return AttendedConcepts(top, h, self.asks(h) @ answers.T)

    def _top(self, w: Tensor) -> tuple[Tensor, Tensor]:
        weight, top = w.topk(min(TOP, w.shape[-1]), dim=-1)
        return weight, top

    def _attended(
        self, brand: AttendedConcepts, influencer: AttendedConcepts, answer_row: Tensor
    ) -> dict[str, Tensor]:
        n = len(brand.top)
        # Each side weighs its concepts by the questions of the other side.
        logits = [
            other.logits.gather(1, answer_row[side.top])
            for side, other in ((brand, influencer), (influencer, brand))
        ]
        w, top = torch.cat(logits).softmax(-1), torch.cat([brand.top, influencer.top])  # Eq. 7
        r = torch.bmm(w[:, None], nn.functional.embedding(top, self.concepts))[:, 0]  # Eq. 8
        # Both sides in one pass: every weight is read once.
        e_b, e_m = self.account(torch.cat([torch.cat([brand.h, influencer.h]), r], -1)).split(n)  # Eq. 9
        return {
            "concepts_b": brand.top,
            "weights_b": w[:n],
            "concepts_m": influencer.top,
            "weights_m": w[n:],
            "content": (e_b * e_m).sum(-1),
        }
