"""Whose audience is like that of an account, and whose is partly the same (M-17, S-08).

match    cosine of what the audiences say or post (the slot ``audience``), less what all influencers'
         audiences have in common; told as the share of influencers whose match is lower, since a cosine means
         nothing by itself
overlap  share of an influencer's known audience (who comments, who follows) that is in the account's known
         audience too
"""

from __future__ import annotations

import numpy as np

from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import account_vectors, one_account_vector
from brandfit.learning.similarity import are_shares, proper


def likeness(dataset: Dataset, account: str) -> np.ndarray:
    """(n,) cosine of the audience of every influencer with that of a brand or influencer; NaN where one is
    not known.

    A brand without posts is seen through its partners, as everywhere. Raises UsageError where nothing fills
    the slot.
    """
    if "audience" not in dataset.slots:
        raise UsageError(
            "What audiences say has not been encoded, so that none can be put beside another.",
            "Encode it first: brandfit encode audience.hashing, or audience.minilm for meaning.",
        )
    found = account_vectors(dataset, "audience", accounts=dataset.influencers)
    own = one_account_vector(dataset, "audience", account=account)
    rows = found.values[found.present]
    result = np.full(len(dataset.influencers), np.nan)
    if own.present[0] and len(rows):
        shares = are_shares(rows)
        mean = proper(rows, shares=shares).mean(axis=0)
        result[found.present] = proper(rows, mean, shares) @ proper(own.values, mean, shares)[0]
        result[dataset.influencers == account] = np.nan
    return result


def ahead(values: np.ndarray) -> np.ndarray:
    """(n,) share of the others that have less, equal ones counted half; NaN where not known, or where there
    are no others."""
    known = ~np.isnan(values)
    ordered, n = np.sort(values[known]), int(known.sum())
    result = np.full(len(values), np.nan)
    if n > 1:
        below, upto = (np.searchsorted(ordered, values[known], side) for side in ("left", "right"))
        result[known] = (below + (upto - below - 1) / 2) / (n - 1)
    return result


def overlap(dataset: Dataset, account: str) -> np.ndarray:
    """(n,) share of the known audience of each influencer that is known to be in that of an account too; NaN
    where either is not known."""
    others = dataset.influencers[dataset.influencers != account].tolist()
    audiences = Audiences(dataset, [account, *others])
    common = np.asarray((audiences.matrix @ audiences.matrix[0].T).todense(), np.float64).ravel()
    size = np.asarray(audiences.matrix.sum(axis=1), np.float64).ravel()
    told = np.where((size > 0) & (size[0] > 0), common / np.maximum(size, 1), np.nan)
    result = np.full(len(dataset.influencers), np.nan)
    result[dataset.influencers != account] = told[1:]
    return result
