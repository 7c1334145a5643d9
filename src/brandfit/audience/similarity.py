"""How similar the audiences of influencers are to the audience of one account, and how much they overlap
(M-17, S-08).

similarity  cosine of the texts of both audiences (the slot ``audience``), centred by the mean of all
            influencers. A cosine alone has no meaning for readers, so it is reported as the share of
            influencers with a lower one.
overlap     share of an influencer's known audience (accounts that comment or follow) that is also in the
            account's known audience
"""

from __future__ import annotations

import numpy as np

from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import account_vectors, one_account_vector
from brandfit.learning.similarity import are_shares, proper


def similarities(dataset: Dataset, account: str) -> np.ndarray:
    """(n,) cosine of the audience of every influencer with that of a brand or influencer; NaN if one of both
    is unknown.

    A brand without posts is represented by its partners, as in rankings. Raises UsageError if the slot is
    empty.
    """
    if "audience" not in dataset.slots:
        raise UsageError(
            "The texts of audiences are not encoded, so audiences cannot be compared.",
            "Encode them first: brandfit encode audience.hashing, or audience.minilm for meaning.",
        )
    vectors = account_vectors(dataset, "audience", accounts=dataset.influencers)
    own = one_account_vector(dataset, "audience", account=account)
    rows = vectors.values[vectors.present]  # (n_known, d)
    result = np.full(len(dataset.influencers), np.nan)
    if own.present[0] and len(rows):
        # Centring removes what all audiences have in common.
        shares = are_shares(rows)
        mean = proper(rows, shares=shares).mean(axis=0)  # (d,)
        result[vectors.present] = proper(rows, mean, shares) @ proper(own.values, mean, shares)[0]
        result[dataset.influencers == account] = np.nan
    return result


def share_below(values: np.ndarray) -> np.ndarray:
    """(n,) share of the other known values that are lower, equal ones counted half; NaN for an unknown value,
    or if there are no others."""
    is_known = ~np.isnan(values)
    ordered, n_known = np.sort(values[is_known]), int(is_known.sum())
    result = np.full(len(values), np.nan)
    if n_known > 1:
        n_lower = np.searchsorted(ordered, values[is_known], "left")
        n_not_higher = np.searchsorted(ordered, values[is_known], "right")
        # Each value is among the values equal to it: it does not count as one of the others.
        result[is_known] = (n_lower + (n_not_higher - n_lower - 1) / 2) / (n_known - 1)
    return result


def overlaps(dataset: Dataset, account: str) -> np.ndarray:
    """(n,) share of the known audience of each influencer that is also in the known audience of an account;
    NaN if one of both is unknown."""
    others = dataset.influencers[dataset.influencers != account].tolist()
    audiences = Audiences(dataset, [account, *others])
    matrix = audiences.matrix  # (1 + n_others, n_members) of 0 and 1, the account first
    n_common = np.asarray((matrix @ matrix[0].T).todense(), np.float64).ravel()
    n_members = np.asarray(matrix.sum(axis=1), np.float64).ravel()
    is_known = (n_members > 0) & (n_members[0] > 0)
    shares = np.where(is_known, n_common / np.maximum(n_members, 1), np.nan)
    result = np.full(len(dataset.influencers), np.nan)
    result[dataset.influencers != account] = shares[1:]
    return result
