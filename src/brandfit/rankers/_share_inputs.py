"""Inputs of MORNING and BAMIR: vectors of accounts as shares that add up to one (M-02, B-07)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from brandfit.config import ADDED
from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Sides, Vectors
from brandfit.learning.similarity import blocks_of, bounded, shares

Pictures = Annotated[
    Literal["auto", "shares", "bounded"],
    Meta(
        description="pictures of an account: shares: divided by their sum; bounded: at most of length one; "
        "auto: shares if columns are named 'object: ...' and 'scene: ...'",
        extra=ADDED,
    ),
]


def share_inputs(dataset: Dataset, slot: str, *, vectors: Sides[Vectors], pictures: str) -> Sides[Vectors]:
    """The vectors (n, dim) of a slot as the networks read them: pictures by the setting ``pictures``, nodes
    of a graph unchanged, others at most of length one."""
    if slot == "graph":
        return vectors
    features = dataset.slots[slot]
    is_picture = slot in ("picture", "audience_picture")
    if is_picture and (pictures == "shares" or (pictures == "auto" and blocks_of(features.columns))):
        return Sides(*(shares(side, features.columns, features.name) for side in vectors))
    return Sides(bounded(vectors.brand), bounded(vectors.influencer))
