"""The category of each account as probabilities: stated categories are certain, predicted ones keep their
probability.

    stated     one in the column of the category that the account states, 0 elsewhere
    predicted  the probabilities of a profiler, for accounts that state none

Both are rows of the same Features, so that a ranker, a filter and a page read one answer.
"""

from __future__ import annotations

import hashlib

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.mappings import position_by_item

SLOT = "category"
STATED = "stated"
"""Name of the Features if no profiler has predicted a category."""
JOINT = "+"
"""Between the key of the predictions and that of the stated categories."""


def with_stated(dataset: Dataset, predicted: Features | None = None) -> Features | None:
    """The Features of the slot ``category``: (n, c) probabilities of the c categories, one row an account.

    ``predicted`` has a column a category. A category that only accounts state becomes a further column. None
    with fewer than two categories, because one category distinguishes no accounts.
    """
    # Accounts with a stated category: ids (s,) and stated (s,).
    ids = dataset.accounts["id"].to_numpy().astype(object)
    stated = np.array(dataset.accounts["category"].to_pylist(), dtype=object)
    has_category = np.array([category is not None for category in stated.tolist()], bool)
    ids, stated = ids[has_category], stated[has_category]
    old_columns = predicted.columns if predicted is not None else ()
    columns = (*old_columns, *sorted(set(stated.tolist()) - set(old_columns)))
    if len(columns) < 2:
        return None
    column_by_category = position_by_item(columns)
    # (s, c) one in the column of the stated category
    certain = np.zeros((len(ids), len(columns)), np.float32)
    certain[np.arange(len(ids)), [column_by_category[category] for category in stated.tolist()]] = 1
    lines = [f"{id}\t{category}" for id, category in zip(ids.tolist(), stated.tolist(), strict=True)]
    digest = hashlib.sha256("\n".join(lines).encode())
    key = f"{STATED}-{digest.hexdigest()[:32]}"
    if predicted is None:
        return Features(
            name=STATED, ids=ids, values=certain, level="account", columns=columns, key=key, slot=SLOT
        )
    # (o, c) predictions of the other accounts; categories that are only stated have probability 0
    is_other = ~np.isin(predicted.ids.astype(str), ids.astype(str))
    rows = np.zeros((int(is_other.sum()), len(columns)), np.float32)
    rows[:, : predicted.dim] = np.asarray(predicted.values)[is_other]
    return Features(
        name=predicted.name,
        ids=np.concatenate([ids, predicted.ids[is_other]]),
        values=np.concatenate([certain, rows]),
        level="account",
        columns=columns,
        key=f"{predicted.key}{JOINT}{key}",
        slot=SLOT,
        learned_from=predicted.learned_from,
    )
