"""Checks of Features that people save: the slot, ids that are in no row, and rows of zeros."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from brandfit import registry
from brandfit.data.dataset import SLOTS
from brandfit.data.features import BLOCK, Features
from brandfit.errors import UnknownName

PEOPLE_SLOTS = ("topic", "sponsored", "attention")
"""Slots that profilers fill and that no ranker reads."""


def is_own(features: Features) -> bool:
    """Whether Features come from no registered encoder or profiler."""
    maker = features.name.removesuffix(".attention").removesuffix(".posts")
    return not any(maker in registry.names(kind) for kind in ("encoder", "profiler"))


def check_slot(features: Features) -> None:
    """Raise UnknownName for a slot that does not exist; Features without a slot fill the one that a setting
    names. A registered encoder or profiler of another package may have a slot that is new."""
    known = (*SLOTS, *PEOPLE_SLOTS)
    if features.slot and features.slot not in known and is_own(features):
        raise UnknownName("slot", features.slot, known=known)


def problems(features: Features, known_ids: AbstractSet[str]) -> list[str]:
    """Sentences about rows that no ranker can use as they were meant, each with the count and an example.

    known_ids  ids of the posts, or accounts, that the workspace holds: those of the level of the Features
    """
    sentences = []
    ids = features.ids.tolist()
    unknown = [id for id in ids if id not in known_ids]
    if unknown:
        sentences.append(
            f"Features {features.name}: {len(unknown):,} of {len(ids):,} ids are no {features.level} of the "
            f"workspace, for example {unknown[0]!r}. Their rows are not used."
        )
    # One column may well be 0; a row of several zeros has no direction, and its similarity to all is 0.
    if features.dim > 1:
        zeros = _zero_rows(features)
        if len(zeros):
            sentences.append(
                f"Features {features.name}: {len(zeros):,} of {len(ids):,} rows hold only zeros, for example "
                f"that of {ids[zeros[0]]!r}. Leave such rows out: an id without a row is unknown."
            )
    return sentences


def _zero_rows(features: Features) -> np.ndarray:
    """(z,) numbers of the rows that hold only zeros, read in blocks."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(features), BLOCK):
        block = features.values[start : start + BLOCK]  # (b, dim)
        found.append(start + np.flatnonzero(~block.any(axis=1)))
    return np.concatenate(found)
