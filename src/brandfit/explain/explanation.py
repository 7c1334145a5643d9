"""An Explanation: why a ranker gave one pair its score. Data, not drawing (``explain.render`` draws)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from brandfit.encoders.image.base import WHOLE, Area

Side = Literal["brand", "influencer"]
MapMethod = Literal["occlusion", "gradient", "wsim", "wsim-general"]
"""How a heat map is made (``explain.heatmap``)."""


@dataclass(frozen=True)
class Weight:
    """What one thing adds to the score. ``id`` says which (a post, a word, a column), ``label`` says it to
    people; ``error`` is the standard error of the value."""

    id: str
    label: str
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Attribution:
    """A score taken apart by things of one kind: base, items and rest add up to it.

    kind   "posts", "columns" or "words"
    side   whose they are
    slot   of which slot, "" where of all
    base   the score with something typical in place of all of them
    items  the heaviest first
    rest   what those that are not listed add together

    The base and the items have standard errors: other accounts that stand in for what is taken away would
    move them, and so would other orders, where not all were looked at.
    """

    kind: str
    side: Side
    slot: str
    base: float
    items: tuple[Weight, ...]
    rest: float = 0.0
    base_error: float = 0.0

    @property
    def instead(self) -> str:
        """What the base is the score of."""
        return "without these words" if self.kind == "words" else "of others"

    @property
    def total(self) -> float:
        return self.base + sum(item.value for item in self.items) + self.rest

    def to_dict(self) -> dict[str, Any]:
        items = [{"id": i.id, "label": i.label, "value": i.value, "error": i.error} for i in self.items]
        told = {"kind": self.kind, "side": self.side, "slot": self.slot, "base": self.base, "rest": self.rest}
        return {**told, "base_error": self.base_error, "items": items}


@dataclass(frozen=True)
class Radar:
    """Shares of named axes, a series each: what an account is about, or where it is going.

    series  name to (axes,) values from 0 to 1
    source  the Features that the axes are columns of
    """

    axes: tuple[str, ...]
    series: Mapping[str, np.ndarray]
    source: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "axes": list(self.axes),
            "source": self.source,
            "series": {name: [float(v) for v in values] for name, values in self.series.items()},
        }


@dataclass(frozen=True)
class HeatMap:
    """What in a picture speaks for the pair: values (h, w), above zero for, below zero against.

    area  (left, top, right, bottom) of the part of the picture that the values cover, as shares of its width
          and height
    """

    side: Side
    post: str
    picture: str
    values: np.ndarray
    method: MapMethod = "occlusion"
    area: Area = WHOLE

    def to_dict(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "post": self.post,
            "picture": self.picture,
            "method": self.method,
            "area": list(self.area),
            "values": [[float(v) for v in row] for row in self.values],
        }


@dataclass(frozen=True)
class Explanation:
    """Why ``ranker`` gave (``brand``, ``influencer``) this ``score``.

    Known ``parts`` add up to it, and so does every attribution.
    """

    brand: str
    influencer: str
    ranker: str
    score: float
    parts: Mapping[str, float]
    sentences: tuple[str, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    radars: tuple[Radar, ...] = ()
    maps: tuple[HeatMap, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Slots that one side lacks: no sentence may say that both share them."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What a reader wants beside: rank, probability, past partners of like brands."""

    def attributions_of(self, kind: str, side: Side | None = None) -> list[Attribution]:
        return [a for a in self.attributions if a.kind == kind and side in (None, a.side)]

    def to_dict(self) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "influencer": self.influencer,
            "ranker": self.ranker,
            "score": self.score,
            "parts": {name: float(value) for name, value in self.parts.items()},
            "sentences": list(self.sentences),
            "attributions": [a.to_dict() for a in self.attributions],
            "radars": [r.to_dict() for r in self.radars],
            "maps": [m.to_dict() for m in self.maps],
            "notes": list(self.notes),
            "unknown": list(self.unknown),
            **self.more,
        }


def heaviest(
    ids: Sequence[str], labels: Sequence[str], *, values: np.ndarray, errors: np.ndarray, most: int
) -> tuple[tuple[Weight, ...], float]:
    """The ``most`` items of largest magnitude (equal ones by id), and the sum of the others."""
    order = sorted(range(len(ids)), key=lambda n: (-abs(float(values[n])), ids[n]))
    items = tuple(Weight(ids[n], labels[n], float(values[n]), float(errors[n])) for n in order[:most])
    return items, float(sum(values[n] for n in order[most:]))
