"""Checks of Features that people save: unknown slots, ids that the workspace does not have, rows of zeros."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from brandfit import registry
from brandfit.data.dataset import SLOTS
from brandfit.data.features import BLOCK, Features
from brandfit.errors import UnknownName

PROFILER_SLOTS = ("topic", "sponsored", "attention")
"""Slots that profilers fill and that no ranker reads. People may fill them too."""


def is_own(features: Features) -> bool:
    """Whether a person saved the Features: no registered encoder or profiler has their name."""
    # A profiler P also saves the Features P.posts and P.attention.
    maker = features.name.removesuffix(".attention").removesuffix(".posts")
    return not any(maker in registry.names(kind) for kind in ("encoder", "profiler"))


def check_slot(features: Features) -> None:
    """Raise UnknownName if a person saved the Features under a slot that does not exist.

    Features without a slot are allowed: a setting names the slot that they fill. Features of a registered
    encoder or profiler are not checked, because one of another package may have a new slot.
    """
    all_slots = (*SLOTS, *PROFILER_SLOTS)
    if features.slot and features.slot not in all_slots and is_own(features):
        raise UnknownName("slot", features.slot, known=all_slots)


def problems(features: Features, known_ids: AbstractSet[str]) -> list[str]:
    """Sentences about rows that no ranker can use: rows of unknown ids, and rows of zeros. Each sentence has
    the count and an example.

    known_ids  ids of the posts or of the accounts of the workspace, as the level of the Features says
    """
    sentences = []
    ids = features.ids.tolist()
    unknown = [id for id in ids if id not in known_ids]
    if unknown:
        sentences.append(
            f"Features {features.name}: {len(unknown):,} of {len(ids):,} ids are no {features.level} of the "
            f"workspace, for example {unknown[0]!r}. Their rows are not used."
        )
    # A row of several zeros has no direction, so its similarity to every row is 0. In a single column, 0 may
    # be a value like others.
    if features.dim > 1:
        zeros = _zero_rows(features)
        if len(zeros):
            sentences.append(
                f"Features {features.name}: {len(zeros):,} of {len(ids):,} rows hold only zeros, for example "
                f"that of {ids[zeros[0]]!r}. Leave such rows out: an id without a row is unknown."
            )
    return sentences


def _zero_rows(features: Features) -> np.ndarray:
    """(z,) indices of the rows that have only zeros."""
    # The values may be a file on disk that is larger than memory, so they are read in blocks.
    rows_by_block = [np.zeros(0, np.int64)]  # concatenate needs one array if there are no rows
    for start in range(0, len(features), BLOCK):
        block = features.values[start : start + BLOCK]  # (b, dim)
        is_zero = ~block.any(axis=1)  # (b,)
        rows_by_block.append(start + np.flatnonzero(is_zero))
    return np.concatenate(rows_by_block)
