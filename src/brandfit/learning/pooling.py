"""Fixed pooling of post features into one vector per account.

Learned pooling lives in the ranker that learns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.data.dataset import Dataset

Side = Literal["influencer", "brand"]
T = TypeVar("T")


class Sides(NamedTuple, Generic[T]):
    """The same kind of value for brands and for influencers."""

    brand: T
    influencer: T

    def of(self, side: Side) -> T:
        return self.brand if side == "brand" else self.influencer


class Vectors(NamedTuple):
    """One vector per account.

    values   (n, dim) float32, zeros if absent
    present  (n,) bool
    """

    values: np.ndarray
    present: np.ndarray

    def subset(self, rows: np.ndarray) -> Vectors:
        """The vectors of these rows: numbers (m,), or a mask (n,)."""
        return Vectors(self.values[rows], self.present[rows])


def account_vectors(dataset: Dataset, slot: str, *, accounts: np.ndarray, weighted: bool = False) -> Vectors:
    """(n, dim) mean over the posts of each account that have the feature (W-03, R-01 "ap").

    Account-level Features are returned unchanged.

    accounts  (n,) distinct ids; an id that the Dataset does not contain is absent
    weighted  a post has the weight 1 + log(1 + likes + comments); an unknown count is 0 (R-01 "wap"; the
              authors' weights are not public)

    Only posts of this view count; a split hides posts. A brief counts only for a brand without posts
    (``represents_account``). The vector of an account does not depend on the other accounts.
    """
    features = dataset.slots[slot]
    if features.level == "account":
        return Vectors(*features.values_of(accounts))
    posts = _posts_with(dataset, slot, accounts)
    weights = _interaction_weights(dataset)[posts.post] if weighted else None
    return _group_means(
        posts.account, posts.feature_row, n_groups=len(accounts), values=features.values, weights=weights
    )


def side_vectors(dataset: Dataset, slot: str, *, side: Side, ids: np.ndarray) -> Vectors:
    """``Vectors`` (n, dim) of brands, as they are represented, or of influencers."""
    if side == "brand":
        return brand_vectors(dataset, slot, brands=ids)
    return account_vectors(dataset, slot, accounts=ids)


def one_account_vector(dataset: Dataset, slot: str, *, account: str) -> Vectors:
    """``Vectors`` (1, dim) of one account; a brand as it is represented (``brand_vectors``)."""
    ids = np.array([account], dtype=object)
    side: Side = "brand" if account in dataset.representation else "influencer"
    return side_vectors(dataset, slot, side=side, ids=ids)


def brand_vectors(dataset: Dataset, slot: str, *, brands: np.ndarray, weighted: bool = False) -> Vectors:
    """(b, dim) vectors of brands as they are represented: their own, or the mean of their partners'.

    Own Features of a brand that is represented by its partners take precedence over those of the partners.
    """
    values, present = account_vectors(dataset, slot, accounts=brands, weighted=weighted)
    representatives = _representatives_of(dataset, brands)
    # Partners fill only the rows that have no own features.
    is_filled_by_partners = representatives.is_by_partners & ~present  # (b,)
    if is_filled_by_partners.any():
        partners = account_vectors(dataset, slot, accounts=representatives.partners, weighted=weighted)
        has_feature = partners.present[representatives.pair_partner]  # (p,)
        pooled = _group_means(
            representatives.pair_brand[has_feature],
            representatives.pair_partner[has_feature],
            n_groups=len(brands),
            values=partners.values,
        )
        values = np.where(is_filled_by_partners[:, None], pooled.values, values)
        present = np.where(is_filled_by_partners, pooled.present, present)
    return Vectors(values, present)


class Rows(NamedTuple):
    """Features of single posts.

    values  (p, dim) float32, one row per post; the rows of an account are contiguous
    counts  (n,) number of rows of each account
    """

    values: np.ndarray
    counts: np.ndarray

    def subset(self, accounts: np.ndarray) -> Rows:
        """The rows of these accounts (m,) row numbers, in this order."""
        first = np.cumsum(self.counts) - self.counts
        counts = self.counts[accounts]
        # 0, 1, ... within each account, added to the first row of that account.
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return Rows(self.values[np.repeat(first[accounts], counts) + offset], counts)


Contents = TypeVar("Contents", Vectors, Rows)


def subset_of_sides(
    sides_by_slot: Mapping[str, Sides[Contents]], rows: Sides[np.ndarray]
) -> dict[str, Sides[Contents]]:
    """Slot to the vectors or posts of these brands (m,) and influencers (k,): row numbers, or masks."""
    subsets = {}
    for slot, sides in sides_by_slot.items():
        subsets[slot] = Sides(sides.brand.subset(rows.brand), sides.influencer.subset(rows.influencer))
    return subsets


def account_rows(dataset: Dataset, slot: str, *, accounts: np.ndarray, newest: int) -> Rows:
    """Features of the ``newest`` posts of each account that have them; no rows for account-level Features."""
    features = dataset.slots[slot]
    if features.level == "account":
        return Rows(np.zeros((0, features.dim), np.float32), np.zeros(len(accounts), np.int64))
    posts = _posts_with(dataset, slot, accounts)
    return _newest_rows(dataset, posts, values=features.values, n_accounts=len(accounts), newest=newest)


def brand_rows(dataset: Dataset, slot: str, *, brands: np.ndarray, newest: int) -> Rows:
    """``account_rows`` of brands as they are represented: own posts, own brief, or posts of the partners."""
    features = dataset.slots[slot]
    representatives = _representatives_of(dataset, brands)
    if features.level == "account" or not representatives.is_by_partners.any():
        return account_rows(dataset, slot, accounts=brands, newest=newest)
    own = _posts_with(dataset, slot, brands)
    is_used = ~representatives.is_by_partners[own.account]
    of_partners = _posts_with(dataset, slot, representatives.partners)
    # (brands, partners) times (partners, posts of partners): the posts that represent each brand.
    n_partners = len(representatives.partners)
    posts_by_partner = _indicator(
        of_partners.account, np.arange(len(of_partners.account)), shape=(n_partners, len(of_partners.account))
    )
    partners_by_brand = _indicator(
        representatives.pair_brand, representatives.pair_partner, shape=(len(brands), n_partners)
    )
    brand, post = (partners_by_brand @ posts_by_partner).nonzero()
    posts = PostRows(
        account=np.concatenate([own.account[is_used], brand]),
        feature_row=np.concatenate([own.feature_row[is_used], of_partners.feature_row[post]]),
        post=np.concatenate([own.post[is_used], of_partners.post[post]]),
    )
    return _newest_rows(dataset, posts, values=features.values, n_accounts=len(brands), newest=newest)


def account_has(dataset: Dataset, slot: str, accounts: np.ndarray) -> np.ndarray:
    """(n,) bool: ``account_vectors(...).present``, without reading values."""
    features = dataset.slots[slot]
    if features.level == "account":
        return features.rows_of(accounts) >= 0
    return np.bincount(_posts_with(dataset, slot, accounts).account, minlength=len(accounts)) > 0


def brand_has(dataset: Dataset, slot: str, brands: np.ndarray) -> np.ndarray:
    """(b,) bool: ``brand_vectors(...).present``, without reading values."""
    representatives = _representatives_of(dataset, brands)
    partner_has = account_has(dataset, slot, representatives.partners)[representatives.pair_partner]
    any_partner_has = np.bincount(representatives.pair_brand[partner_has], minlength=len(brands)) > 0
    return account_has(dataset, slot, brands) | (representatives.is_by_partners & any_partner_has)


def any_account_has(dataset: Dataset, slot: str, *, side: Side, as_in: Dataset | None = None) -> bool:
    """Whether any influencer, or any brand, has this feature.

    as_in  the complete Dataset, if ``dataset`` is a part of it: the answer is that of the complete one
    """

    def search() -> bool:
        if as_in is not None:
            return any_account_has(as_in, slot, side=side)
        if side == "influencer":
            return bool(account_has(dataset, slot, dataset.influencers).any())
        return bool(brand_has(dataset, slot, dataset.brands).any())

    return dataset.cached(("any account has", side, slot), search)


def represents_account(dataset: Dataset) -> np.ndarray:
    """(p,) bool: rows of ``dataset.posts`` that show the content of their account.

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


class PostRows(NamedTuple):
    """Posts that have a feature, one entry (p,) per post.

    account      row of its account among the requested accounts
    feature_row  row of its feature
    post         row in ``dataset.posts``
    """

    account: np.ndarray
    feature_row: np.ndarray
    post: np.ndarray


def _posts_with(dataset: Dataset, slot: str, accounts: np.ndarray) -> PostRows:
    """The posts of these accounts that have the feature. Raises ValueError for repeated ids."""
    ids = pa.array(accounts, pa.string())
    if len(ids.unique()) < len(ids):
        raise ValueError("accounts must be distinct ids")
    posts = dataset.posts
    account = pc.index_in(posts["account"], value_set=ids).fill_null(-1).to_numpy()  # (p,)
    feature_row = dataset.slots[slot].rows_of(posts["id"].combine_chunks())  # (p,)
    is_used = (account >= 0) & (feature_row >= 0) & represents_account(dataset)
    return PostRows(account[is_used], feature_row[is_used], np.flatnonzero(is_used))


def _newest_rows(
    dataset: Dataset, posts: PostRows, *, values: np.ndarray, n_accounts: int, newest: int
) -> Rows:
    """The ``newest`` posts of each account, newest first; a post without a time counts as the oldest."""
    time = pc.fill_null(dataset.posts["time"], 0).to_numpy()[posts.post]
    order = np.lexsort((posts.post, -time, posts.account))
    counts = np.bincount(posts.account, minlength=n_accounts)
    # Rank of each post within its account, 0 for the newest.
    rank = np.arange(len(posts.account)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = order[rank < newest]
    return Rows(np.asarray(values[posts.feature_row[order]], np.float32), np.minimum(counts, newest))


def _interaction_weights(dataset: Dataset) -> np.ndarray:
    """(p,) weight of every post by its likes and comments."""
    counts = [pc.fill_null(dataset.posts[name], 0).to_numpy() for name in ("likes", "comments")]
    return 1 + np.log1p(np.maximum(sum(counts), 0))


def _group_means(
    group: np.ndarray,
    row: np.ndarray,
    *,
    n_groups: int,
    values: np.ndarray,
    weights: np.ndarray | None = None,
) -> Vectors:
    """(n_groups, dim) weighted mean of the rows of each group.

    A sparse product avoids a copy of ``values``, which may be larger than memory.
    """
    weights = np.ones(len(group)) if weights is None else weights
    total = np.bincount(group, weights, minlength=n_groups)
    mean = sparse.csr_matrix(
        ((weights / total[group]).astype(np.float32), (group, row)), shape=(n_groups, len(values))
    )
    return Vectors(np.asarray(mean @ values, np.float32), total > 0)


class Representatives(NamedTuple):
    """The partners that represent brands.

    is_by_partners  (b,) bool: brands that are represented by their partners
    partners        (q,) distinct ids of these partners
    pair_brand      (p,) row of the brand of each pair
    pair_partner    (p,) row of its partner in ``partners``
    """

    is_by_partners: np.ndarray
    partners: np.ndarray
    pair_brand: np.ndarray
    pair_partner: np.ndarray


def _representatives_of(dataset: Dataset, brands: np.ndarray) -> Representatives:
    seen_as = dataset.representation
    is_by_partners = np.array([seen_as.get(brand) == "partners" for brand in brands], bool)  # (b,)
    partners_by_brand = dataset.cached("representing", lambda: _seconds_by_first(dataset.representing))
    pair_brand: list[int] = []
    partner_ids: list[str] = []
    for row in np.flatnonzero(is_by_partners).tolist():
        partners_of_brand = partners_by_brand.get(brands[row], ())
        pair_brand.extend([row] * len(partners_of_brand))
        partner_ids.extend(partners_of_brand)
    partners, pair_partner = np.unique(np.array(partner_ids, dtype=object), return_inverse=True)
    return Representatives(is_by_partners, partners, np.array(pair_brand, np.int64), pair_partner)


def _seconds_by_first(pairs: np.ndarray) -> dict[str, list[str]]:
    """First id of pairs (p, 2) to its second ids."""
    seconds_by_first: dict[str, list[str]] = {}
    for first, second in pairs.tolist():
        seconds_by_first.setdefault(first, []).append(second)
    return seconds_by_first


def _indicator(row: np.ndarray, column: np.ndarray, *, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Sparse matrix of this shape with a 1 at each (row, column)."""
    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
