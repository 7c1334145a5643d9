"""From rows of posts to one vector an account: fixed pooling. (Learned pooling lives in the ranker that
learns it.)"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.data.dataset import Dataset

Side = Literal["influencer", "brand"]


class Vectors(NamedTuple):
    """values (n, dim) float32, zeros where absent; present (n,) bool."""

    values: np.ndarray
    present: np.ndarray


def account_vectors(dataset: Dataset, slot: str, *, accounts: np.ndarray, weighted: bool = False) -> Vectors:
    """Mean over the posts of each account that have the feature (W-03, R-01 "ap"); account-level Features as
    they are.

    weighted  a post weighs 1 + log(1 + its likes and comments), those that are not known counted as none
              (R-01 "wap"; the weights of its authors are not public)

    ``accounts`` are distinct ids; one that the Dataset does not know is absent. Only posts of this view
    count: a post that a split hides is not seen. The vector of an account does not depend on which others are
    asked for.
    """
    features = dataset.slots[slot]
    if features.level == "account":
        return Vectors(*features.values_of(accounts))
    account, row, post = _posts_with(dataset, slot, accounts)
    weight = _answers(dataset)[post] if weighted else None
    return _means(account, row, n=len(accounts), values=features.values, weight=weight)


def side_vectors(dataset: Dataset, slot: str, *, side: Side, ids: np.ndarray) -> Vectors:
    """``Vectors`` (n, d) of brands, as they are represented, or of influencers."""
    if side == "brand":
        return brand_vectors(dataset, slot, brands=ids)
    return account_vectors(dataset, slot, accounts=ids)


def one_account_vector(dataset: Dataset, slot: str, *, account: str) -> Vectors:
    """``Vectors`` (1, d) of one account; a brand as it is represented (``brand_vectors``)."""
    id = np.array([account], dtype=object)
    if account in dataset.representation:
        return brand_vectors(dataset, slot, brands=id)
    return account_vectors(dataset, slot, accounts=id)


def brand_vectors(dataset: Dataset, slot: str, *, brands: np.ndarray, weighted: bool = False) -> Vectors:
    """Vectors of brands as they are represented: their own, or the mean of their partners'.

    Of a brand that is seen through its partners, Features that tell of itself come before those of its
    partners.
    """
    values, present = account_vectors(dataset, slot, accounts=brands, weighted=weighted)
    by_partners, partners, at_brand, at_partner = _partners_of(dataset, brands)
    by_partners &= ~present
    if by_partners.any():
        theirs = account_vectors(dataset, slot, accounts=partners, weighted=weighted)
        seen = theirs.present[at_partner]
        pooled = _means(at_brand[seen], at_partner[seen], n=len(brands), values=theirs.values)
        values = np.where(by_partners[:, None], pooled.values, values)
        present = np.where(by_partners, pooled.present, present)
    return Vectors(values, present)


class Rows(NamedTuple):
    """values (p, dim) float32, a row a post, those of an account together; counts (n,) posts of each
    account."""

    values: np.ndarray
    counts: np.ndarray

    def subset(self, at: np.ndarray) -> Rows:
        """The rows of these accounts (m,), in their order."""
        first = np.cumsum(self.counts) - self.counts
        counts = self.counts[at]
        inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return Rows(self.values[np.repeat(first[at], counts) + inside], counts)


def account_rows(dataset: Dataset, slot: str, *, accounts: np.ndarray, most: int) -> Rows:
    """The feature of the ``most`` newest posts of each account that have it; none of account-level
    Features."""
    features = dataset.slots[slot]
    if features.level == "account":
        return Rows(np.zeros((0, features.dim), np.float32), np.zeros(len(accounts), np.int64))
    account, row, post = _posts_with(dataset, slot, accounts)
    return _newest(
        account, row, post=post, n=len(accounts), dataset=dataset, values=features.values, most=most
    )


def brand_rows(dataset: Dataset, slot: str, *, brands: np.ndarray, most: int) -> Rows:
    """The same of brands as they are represented: their own posts or brief, or the posts of their
    partners."""
    features = dataset.slots[slot]
    by_partners, partners, at_brand, at_partner = _partners_of(dataset, brands)
    if features.level == "account" or not by_partners.any():
        return account_rows(dataset, slot, accounts=brands, most=most)
    account, row, post = _posts_with(dataset, slot, brands)
    own = ~by_partners[account]
    theirs, their_row, their_post = _posts_with(dataset, slot, partners)
    by_partner = sparse.csr_matrix(
        (np.ones(len(theirs)), (theirs, np.arange(len(theirs)))), shape=(len(partners), len(theirs))
    )
    found = (
        sparse.csr_matrix(
            (np.ones(len(at_brand)), (at_brand, at_partner)), shape=(len(brands), len(partners))
        )
        @ by_partner
    )
    brand, which = found.nonzero()
    group = np.concatenate([account[own], brand])
    rows, posts = np.concatenate([row[own], their_row[which]]), np.concatenate([post[own], their_post[which]])
    return _newest(group, rows, post=posts, n=len(brands), dataset=dataset, values=features.values, most=most)


def account_has(dataset: Dataset, slot: str, accounts: np.ndarray) -> np.ndarray:
    """(n,) bool: ``account_vectors(...).present`` without reading a value."""
    features = dataset.slots[slot]
    if features.level == "account":
        return features.rows_of(accounts) >= 0
    return np.bincount(_posts_with(dataset, slot, accounts)[0], minlength=len(accounts)) > 0


def brand_has(dataset: Dataset, slot: str, brands: np.ndarray) -> np.ndarray:
    """(b,) bool: ``brand_vectors(...).present`` without reading a value."""
    by_partners, partners, at_brand, at_partner = _partners_of(dataset, brands)
    seen = account_has(dataset, slot, partners)[at_partner]
    theirs = np.bincount(at_brand[seen], minlength=len(brands)) > 0
    return account_has(dataset, slot, brands) | (by_partners & theirs)


def anybody_has(dataset: Dataset, slot: str, *, side: Side, as_in: Dataset | None = None) -> bool:
    """Whether any influencer, or brand, shows this feature; ``as_in``: the Dataset that a part of it is asked
    to answer for."""

    def look() -> bool:
        if as_in is not None:
            return anybody_has(as_in, slot, side=side)
        found = (
            account_has(dataset, slot, dataset.influencers)
            if side == "influencer"
            else brand_has(dataset, slot, dataset.brands)
        )
        return bool(found.any())

    return dataset.cached(("anybody has", side, slot), look)


def represents_account(dataset: Dataset) -> np.ndarray:
    """(p,) bool: rows of ``dataset.posts`` that show what their account is about.

    Posts always do. A brief does only for a brand that has no posts in this view.
    """

    def select_rows() -> np.ndarray:
        is_brief = pc.equal(dataset.posts["kind"], "brief").to_numpy()
        if not is_brief.any():
            return ~is_brief
        briefed = [brand for brand, seen_as in dataset.representation.items() if seen_as == "brief"]
        is_briefed = pc.is_in(dataset.posts["account"], value_set=pa.array(briefed, pa.string()))
        return ~is_brief | is_briefed.to_numpy()

    return dataset.cached("represents account", select_rows)


def _posts_with(
    dataset: Dataset, slot: str, accounts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index into ``accounts``, row of the feature and row of the post, one of each for every post that has
    both."""
    asked = pa.array(accounts, pa.string())
    if len(asked.unique()) < len(asked):
        raise ValueError("accounts must be distinct ids")
    posts = dataset.posts
    account = pc.index_in(posts["account"], value_set=asked).fill_null(-1).to_numpy()
    row = dataset.slots[slot].rows_of(posts["id"].combine_chunks())
    used = (account >= 0) & (row >= 0) & represents_account(dataset)
    return account[used], row[used], np.flatnonzero(used)


def _newest(
    group: np.ndarray,
    row: np.ndarray,
    *,
    post: np.ndarray,
    n: int,
    dataset: Dataset,
    values: np.ndarray,
    most: int,
) -> Rows:
    """Of every group the rows of its ``most`` newest posts, the newest first; a post without a time is the
    oldest."""
    time = pc.fill_null(dataset.posts["time"], 0).to_numpy()[post]
    order = np.lexsort((post, -time, group))
    total = np.bincount(group, minlength=n)
    place = np.arange(len(group)) - np.repeat(np.cumsum(total) - total, total)
    order = order[place < most]
    return Rows(np.asarray(values[row[order]], np.float32), np.minimum(total, most))


def _answers(dataset: Dataset) -> np.ndarray:
    """(p,) weight of every post by its likes and comments."""
    counts = [pc.fill_null(dataset.posts[name], 0).to_numpy() for name in ("likes", "comments")]
    return 1 + np.log1p(np.maximum(sum(counts), 0))


def _means(
    group: np.ndarray, row: np.ndarray, *, n: int, values: np.ndarray, weight: np.ndarray | None = None
) -> Vectors:
    """(n, dim) mean of the rows of each group, without a copy of ``values``, which may be larger than
    memory."""
    weight = np.ones(len(group)) if weight is None else weight
    total = np.bincount(group, weight, minlength=n)
    mean = sparse.csr_matrix(
        ((weight / total[group]).astype(np.float32), (group, row)), shape=(n, len(values))
    )
    return Vectors(np.asarray(mean @ values, np.float32), total > 0)


def _partners_of(
    dataset: Dataset, brands: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which brands (b,) are seen through partners, those partners (q,), and the pairs as indices into both
    (p,), (p,)."""
    by_partners = np.array([dataset.representation.get(brand) == "partners" for brand in brands], bool)
    of_brand = dataset.cached("representing", lambda: _grouped(dataset.representing))
    pairs = [
        (n, partner) for n in np.flatnonzero(by_partners).tolist() for partner in of_brand.get(brands[n], ())
    ]
    partners, at_partner = np.unique(
        np.array([partner for _, partner in pairs], dtype=object), return_inverse=True
    )
    return by_partners, partners, np.array([n for n, _ in pairs], np.int64), at_partner


def _grouped(pairs: np.ndarray) -> dict[str, list[str]]:
    """First ids to their second ones."""
    found: dict[str, list[str]] = {}
    for brand, partner in pairs.tolist():
        found.setdefault(brand, []).append(partner)
    return found
