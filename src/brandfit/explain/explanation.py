"""An Explanation: why a ranker gave one pair its score. Data, not drawing (``explain.render`` draws)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from brandfit.encoders.image.base import WHOLE, Area
from brandfit.mappings import map_values

Side = Literal["brand", "influencer"]
MapMethod = Literal["occlusion", "gradient", "wsim", "wsim-general"]
"""Methods of heat maps (``explain.heatmap``)."""


@dataclass(frozen=True)
class Weight:
    """What one thing adds to the score.

    id     of the post, word or column
    label  for people
    error  standard error of the value
    """

    id: str
    label: str
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Attribution:
    """A score as a sum over things of one kind: base, items and rest add up to it.

    kind   "posts", "columns", "words", "phrases", or "partners" of a brand that is represented by its
           partners
    side   the side of the pair that they belong to
    slot   their slot; "" for all slots
    base   the score with replacements for all of them
    items  the heaviest first
    rest   what the things that are not listed add together

    The base and the items have standard errors, since other replacements would change them, and so would
    other orders if not all are evaluated.
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
        """The base in words: the score without these words, or with the content of others."""
        if self.kind in ("words", "phrases"):
            return f"without these {self.kind}"
        return "of others"

    @property
    def total(self) -> float:
        return self.base + sum(item.value for item in self.items) + self.rest

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "side": self.side,
            "slot": self.slot,
            "base": self.base,
            "rest": self.rest,
            "base_error": self.base_error,
            "items": list(map(asdict, self.items)),
        }


@dataclass(frozen=True)
class Radar:
    """Series of shares over named axes: the topics of an account, or its marketing direction.

    series  name to (n_axes,) values from 0 to 1
    source  the Features with the axes as columns
    """

    axes: tuple[str, ...]
    series: Mapping[str, np.ndarray]
    source: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "axes": list(self.axes),
            "source": self.source,
            "series": {name: list(map(float, values)) for name, values in self.series.items()},
        }


@dataclass(frozen=True)
class HeatMap:
    """How parts of a picture affect the score of the pair: values (h, w), above zero for, below zero against.

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
            "values": np.asarray(self.values, np.float64).tolist(),
        }


@dataclass(frozen=True)
class Explanation:
    """Why ``ranker`` gave (``brand``, ``influencer``) this ``score``.

    Known ``parts`` add up to it, and so does every attribution.

    unknown  slots that one side lacks: no sentence may say that both sides share them
    more     further values for readers: rank, probability, past partners of similar brands
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
    more: Mapping[str, Any] = field(default_factory=dict)

    def attributions_of(self, kind: str, side: Side | None = None) -> list[Attribution]:
        """Attributions of a kind, of one side or of both."""
        sides = ("brand", "influencer") if side is None else (side,)
        return [one for one in self.attributions if one.kind == kind and one.side in sides]

    def to_dict(self) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "influencer": self.influencer,
            "ranker": self.ranker,
            "score": self.score,
            "parts": map_values(float, self.parts),
            "sentences": list(self.sentences),
            "attributions": list(map(Attribution.to_dict, self.attributions)),
            "radars": list(map(Radar.to_dict, self.radars)),
            "maps": list(map(HeatMap.to_dict, self.maps)),
            "notes": list(self.notes),
            "unknown": list(self.unknown),
            **self.more,
        }


def heaviest(
    ids: Sequence[str], labels: Sequence[str], *, values: np.ndarray, errors: np.ndarray, most: int
) -> tuple[tuple[Weight, ...], float]:
    """The ``most`` items of largest magnitude (equal ones by id), and the sum of the others."""
    # Equal magnitudes are ordered by id, so that the list does not depend on the order of the input.
    order = sorted(range(len(ids)), key=lambda n: (-abs(float(values[n])), ids[n]))
    items = tuple(Weight(ids[n], labels[n], float(values[n]), float(errors[n])) for n in order[:most])
    return items, float(sum(values[order[most:]]))
