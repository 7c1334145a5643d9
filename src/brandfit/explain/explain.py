"""The explanation of one pair: parts of its score, attributions, radars and heat maps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from brandfit.arguments import Texts, checked
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.encoders.text._stop_words import missing_lists_note
from brandfit.errors import UnknownName, UsageError
from brandfit.explain import heatmap, radar
from brandfit.explain.attribute import Attributor, Game
from brandfit.explain.explanation import Attribution, Explanation, HeatMap, MapMethod, Radar, Side
from brandfit.explain.partners import PartnerSide
from brandfit.explain.text import sentences
from brandfit.learning.pooling import account_has
from brandfit.mappings import map_values
from brandfit.rankers.base import Ranker

KINDS = ("posts", "columns", "words", "phrases", "maps")
SIDES: tuple[Side, ...] = ("influencer", "brand")
Known = TypeVar("Known", bound=str)
MAPS = 3
"""Posts with heat maps: those that add most."""


@checked
def explain(
    ranker: Ranker,
    dataset: Dataset,
    *,
    brand: str,
    influencer: str,
    kinds: Texts = ("posts", "columns"),
    sides: Texts = ("influencer",),
    encoders: Mapping[str, Encoder] | None = None,
    more: Mapping[str, Any] | None = None,
    seed: int = 0,
    map_method: MapMethod = "occlusion",
) -> Explanation:
    """Why a fitted ranker gave this pair its score.

    kinds       of ``KINDS``: posts, named columns, words and phrases of captions, heat maps of pictures
    encoders    slot to the encoder that filled it: words and maps encode captions and pictures again
    map_method  method of heat maps (``explain.heatmap``)

    Raises UsageError without evidence on the pair, or if something is missing for heat maps by another method
    than occlusion. If something is missing for occlusion, the default, a note says so.
    """
    checked_kinds = _checked_names(kinds, KINDS, "kind of explanation")
    checked_sides = _checked_names(sides, SIDES, "side of a pair")
    work = _Pair(ranker, dataset, brand=brand, influencer=influencer, readers=dict(encoders or {}))
    # First, because without a score there is nothing to explain.
    parts = work.parts()
    work.notes += [*ranker.unknown(dataset, brand, work.influencers), *ranker.notes(dataset)]
    has_maps = "maps" in checked_kinds and work.can_map(map_method)
    attributor = Attributor(ranker, dataset, seed=seed)
    attributions = work.attributions(attributor, kinds=checked_kinds, sides=work.own_sides(checked_sides))
    if "brand" in checked_sides and dataset.representation[brand] == "partners":
        attributions += work.partner_attributions(attributor, kinds=checked_kinds)
    radars = work.radars(attributions)
    maps = work.maps(map_method, attributions) if has_maps else []
    explanation = Explanation(
        brand=brand,
        influencer=influencer,
        ranker=ranker.name,
        score=parts.score,
        parts=parts.known,
        attributions=tuple(attributions),
        radars=tuple(radars),
        maps=tuple(maps),
        notes=tuple(work.notes),
        unknown=ranker.unknown_slots(dataset, brand, influencer),
        more={
            **work.probability(),
            **work.factors_and_expectations(),
            "like_brands": radar.similar_brands(ranker, dataset, brand=brand, influencer=influencer),
            **(more or {}),
        },
    )
    return replace(explanation, sentences=sentences(explanation))


def _checked_names(names: Texts, known: tuple[Known, ...], kind: str) -> list[Known]:
    """The names as members of ``known``, in their order. Raises UnknownName for another name.

    kind  the kind of name, for the message
    """
    member_by_name = dict(zip(map(str, known), known, strict=True))
    result = []
    for name in names:
        if name not in member_by_name:
            raise UnknownName(kind, name, known=known)
        result.append(member_by_name[name])
    return result


@dataclass(frozen=True)
class _Parts:
    """The score of a pair, and its known parts by name."""

    score: float
    known: Mapping[str, float]


@dataclass
class _Pair:
    """The pair to explain. Methods make one piece of the explanation each and add notes.

    readers  slot to the encoder that filled it
    """

    ranker: Ranker
    dataset: Dataset
    brand: str
    influencer: str
    readers: Mapping[str, Encoder]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        brands, influencers = self.dataset.brands.tolist(), self.dataset.influencers.tolist()
        if self.brand not in set(brands):
            raise UnknownName("brand", self.brand, known=brands)
        if self.influencer not in set(influencers):
            raise UnknownName("influencer", self.influencer, known=influencers)

    @property
    def brands(self) -> np.ndarray:
        return np.array([self.brand], dtype=object)

    @property
    def influencers(self) -> np.ndarray:
        return np.array([self.influencer], dtype=object)

    def parts(self) -> _Parts:
        """Raises UsageError if the ranker has no evidence on the pair."""
        parts = self.ranker.parts(self.dataset, self.brands, self.influencers)  # name to (1, 1)
        # The parts add up to the score.
        score = float(sum(values[0, 0] for values in parts.values()))
        if np.isnan(score):
            raise UsageError(
                f"{self.ranker.name} has no evidence on {self.brand} and {self.influencer}: there is no "
                "score to explain.",
                "Encode the posts of both, or ask for a pair that is ranked.",
            )
        known = self.ranker.known_parts(self.dataset, self.brand, candidates=self.influencers, parts=parts)
        value_by_name = map_values(_only_value, known)
        return _Parts(score, {name: value for name, value in value_by_name.items() if not np.isnan(value)})

    def can_map(self, method: MapMethod) -> bool:
        """Whether heat maps can be made. If not by occlusion, adds a note. Raises UsageError for another
        method."""
        reader = self.readers.get("picture")
        obstacle = heatmap.lacking(method, self.ranker, dataset=self.dataset, encoder=reader)
        if obstacle and method != "occlusion":
            raise UsageError(f"There are no heat maps by {method}: {obstacle.reason}.", obstacle.hint)
        if obstacle:
            self.notes.append(f"no heat maps: {obstacle.reason}")
        return obstacle is None

    def own_sides(self, sides: Collection[Side]) -> list[Side]:
        """The sides with own content: a brand that is represented by its partners has no posts of its own."""
        has_own = self.dataset.representation[self.brand] in ("posts", "brief", "profile")
        return [side for side in sides if side == "influencer" or has_own]

    def partner_attributions(self, attributor: Attributor, *, kinds: Collection[str]) -> list[Attribution]:
        """Attributions to the partners that represent the brand, and to the posts of those that add most. A
        note says which kinds there are not."""
        missing = [kind for kind in kinds if kind != "posts"]
        if missing:
            self.notes.append(
                f"{self.brand} is represented by its partners: its side is explained by partners and their "
                f"posts, not by {' or '.join(missing)}"
            )
        if "posts" not in kinds:
            return []
        side = PartnerSide(
            self.ranker,
            self.dataset,
            brand=self.brand,
            influencer=self.influencer,
            slots=attributor.slots,
            seed=attributor.seed,
        )
        by_partner = attributor.attribution(side.by_partner())
        by_post = attributor.attribution(side.by_post(by_partner))
        if not by_partner.items:
            self.notes.append(f"no other influencer can replace the partners of {self.brand}")
        return [one for one in (by_partner, by_post) if one.items]

    def attributions(
        self, attributor: Attributor, *, kinds: Collection[str], sides: Collection[Side]
    ) -> list[Attribution]:
        """Attributions of the kinds, of each side. Those without items are left out, except for posts."""
        brand, influencer = self.brand, self.influencer
        games = []
        for side in sides:
            # Maps are drawn for the posts that add most.
            if "posts" in kinds or "maps" in kinds:
                games.append(attributor.posts(brand, influencer, side=side))
            if "columns" in kinds:
                named = [slot for slot in attributor.slots if self.dataset.slots[slot].columns]
                games += [attributor.columns(brand, influencer, slot=slot, side=side) for slot in named]
            games += self._games_of_captions(attributor, kinds=kinds, side=side)
        attributions = map(attributor.attribution, games)
        return [one for one in attributions if one.items or one.kind == "posts"]

    def _games_of_captions(self, attributor: Attributor, *, kinds: Collection[str], side: Side) -> list[Game]:
        """The games of words and of phrases. A note says if captions cannot be encoded again."""
        written = [kind for kind in ("words", "phrases") if kind in kinds and "text" in attributor.slots]
        reader = self.readers.get("text")
        if reader is None:
            if written and side == "influencer":
                self.notes.append(
                    f"no attributions to {' and '.join(written)}: captions cannot be encoded as "
                    f"{self.dataset.slots['text'].name} encoded them"
                )
            return []
        if "words" in written and (note := missing_lists_note()) and note not in self.notes:
            self.notes.append(note)
        makers = {"words": attributor.words, "phrases": attributor.phrases}
        return [
            makers[kind](self.brand, self.influencer, encoder=reader, slot="text", side=side)
            for kind in written
        ]

    def maps(self, method: MapMethod, attributions: Collection[Attribution]) -> list[HeatMap]:
        """Maps of the first ``MAPS`` posts of each side that can be mapped. A note says which could not."""
        # Items are ordered by weight: the first ones are those that add most.
        # A post without a row, which the encoder did not read, is no part of the score.
        with_row = set(self.dataset.slots["picture"].ids.tolist())
        posts_with_picture = with_row.intersection(self.dataset.images["post"].to_pylist())
        maps: list[HeatMap] = []
        failures: list[str] = []
        for attribution in attributions:
            # Posts of partners are no content of the brand: maps change the posts of one account alone.
            is_by_partners = self.dataset.representation[self.brand] == "partners"
            if attribution.kind != "posts" or (attribution.side == "brand" and is_by_partners):
                continue
            n_before = len(maps)
            for item in attribution.items:
                if item.id not in posts_with_picture or len(maps) - n_before == MAPS:
                    continue
                try:
                    maps.append(self._map(method, item.id, side=attribution.side))
                except UsageError as error:
                    failures.append(error.message.rstrip("."))
        if failures:
            self.notes.append(f"no heat maps of {len(failures)} posts, for example: {failures[0]}")
        return maps

    def _map(self, method: MapMethod, post: str, *, side: Side) -> HeatMap:
        return heatmap.heat_map(
            method,
            self.ranker,
            dataset=self.dataset,
            encoder=self.readers.get("picture"),
            brand=self.brand,
            influencer=self.influencer,
            post=post,
            side=side,
        )

    def radars(self, attributions: Collection[Attribution]) -> list[Radar]:
        """A radar for each slot with names, and one for the concepts that carry the score."""
        dataset = self.dataset
        # Only CAMERA has attention, and only on concepts.
        attention = self.ranker.attention(dataset, self.brand, self.influencer)
        radars = []
        for slot in ("concept", "category", "profile"):
            own = radar.radar(
                dataset,
                slot,
                brand=self.brand,
                influencer=self.influencer,
                attention=attention if slot == "concept" else None,
            )
            # Fewer than three axes have no area.
            if own is not None and len(own.axes) > 2:
                radars.append(own)
                if not account_has(dataset, slot, self.brands)[0]:
                    self.notes.append(
                        f"the radar of {slot} shows {self.brand} by its partners, which represent it: it has "
                        "no posts"
                    )
        concepts = ("columns", "influencer", "concept")
        of_concepts = [one for one in attributions if (one.kind, one.side, one.slot) == concepts]
        return [*radars, *(radar.column_radar(one, "concept") for one in of_concepts)]

    def factors_and_expectations(self) -> dict[str, Any]:
        """``factors`` of a score that is a product, and ``expectations``: side to the weights of its own
        concepts towards the other side (w_b and w_m; C-11), the largest first. Only what the ranker has."""
        more: dict[str, Any] = {}
        if factors := self.ranker.score_factors(self.dataset, self.brand, self.influencer):
            more["factors"] = factors
        attention = self.ranker.attention(self.dataset, self.brand, self.influencer)
        if attention is not None:
            columns = self.dataset.slots["concept"].columns
            more["expectations"] = {side: _largest(weights, columns) for side, weights in attention.items()}
        return more

    def probability(self) -> dict[str, list[float]]:
        """The probability of the pair with its interval, for ``Explanation.more``; empty without one."""
        probability = self.ranker.probability(self.dataset, self.brands, self.influencers)
        if probability is None:
            return {}
        return {"probability": list(map(_only_value, probability))}


def _largest(weights: np.ndarray, columns: Sequence[str]) -> dict[str, float]:
    """Concept to its positive weight (d,), the largest first; by number if the concepts have no names."""
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] > 0]
    return {columns[n] if columns else str(n): float(weights[n]) for n in order.tolist()}


def _only_value(values: np.ndarray) -> float:
    """The value of the one pair of an array (1, 1)."""
    return float(values[0, 0])
