"""What can be asked of influencers: a column a fact, made when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.audience import similarity
from brandfit.audience.authenticity import Hints
from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import rates
from brandfit.errors import UnknownName

MONTH = 365.25 * 86_400 / 12
"""Seconds."""
CATEGORY = "category"
MENTIONS = "mentions", "tags", "sponsors"
"""Columns of posts that name other accounts."""


def predicted_categories(dataset: Dataset, ids: np.ndarray) -> tuple[pa.Array, pa.Array] | None:
    """Two (n,): the likeliest category that a profiler gives each account and its probability, null where it
    gives none; None if no profiler has run."""
    features = dataset.slots.get(CATEGORY)
    if features is None or not features.columns:
        return None
    values, there = features.values_of(ids)
    names = np.array(features.columns, dtype=object)[values.argmax(axis=1)]
    return pa.array(names, pa.string(), mask=~there), pa.array(
        values.max(axis=1).astype(float), pa.float64(), mask=~there
    )


def category_words(category: str | None, is_stated: bool | None, probability: float | None) -> str:
    """As every table and page shows a category: "food" if it is stated, "food (predicted, 83 %)" if a
    profiler says so."""
    if not category or is_stated or probability is None:
        return category or ""
    return f"{category} (predicted, {100 * probability:.0f} %)"


class Facts:
    """Of the n influencers of a Dataset, in its order: (n,) Arrow arrays, null where a fact is not known."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.ids = dataset.influencers

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def id(self) -> pa.Array:
        return pa.array(self.ids, pa.string())

    @cached_property
    def name(self) -> pa.Array:
        return self._stated("name")

    @cached_property
    def biography(self) -> pa.Array:
        return self._stated("biography")

    @cached_property
    def business_category(self) -> pa.Array:
        return self._stated("business_category")

    @cached_property
    def followers(self) -> pa.Array:
        return self._stated("followers")

    @cached_property
    def followees(self) -> pa.Array:
        return self._stated("followees")

    @cached_property
    def posts(self) -> pa.Array:
        """On the platform."""
        return self._stated("posts")

    @cached_property
    def imported_posts(self) -> pa.Array:
        """Posts that are here."""
        return pa.array(np.bincount(self._owner, minlength=len(self)), pa.int64())

    @cached_property
    def category(self) -> pa.Array:
        """As stated; else the likeliest that a profiler tells."""
        told = self._predicted_categories
        stated = self._stated(CATEGORY)
        return pc.coalesce(stated, told[0]) if told is not None else stated

    @cached_property
    def category_is_stated(self) -> pa.Array:
        """Whether the category is as imported; False where a profiler predicted it, null where there is
        none."""
        stated = pc.is_valid(self._stated(CATEGORY))
        return pc.if_else(pc.is_valid(self.category), stated, pa.scalar(None, pa.bool_()))

    @cached_property
    def confidence(self) -> pa.Array:
        """Of the category: 1 where it is stated."""
        stated = pc.if_else(
            pc.is_valid(self._stated(CATEGORY)), pa.scalar(1.0), pa.scalar(None, pa.float64())
        )
        return (
            pc.coalesce(stated, self._predicted_categories[1])
            if self._predicted_categories is not None
            else stated
        )

    @cached_property
    def engagement(self) -> pa.Array:
        """Mean of (likes + comments) / followers over the posts here whose likes and comments are known."""
        return self._rates(np.mean)

    @cached_property
    def median_engagement(self) -> pa.Array:
        return self._rates(np.median)

    @cached_property
    def last_post(self) -> pa.Array:
        """s since 1970 UTC."""
        newest = np.zeros(len(self), np.int64)
        np.maximum.at(newest, self._owner, pc.fill_null(self._posts["time"], 0).to_numpy())
        return pa.array(newest, pa.int64(), mask=newest == 0)

    @cached_property
    def posting_rate(self) -> pa.Array:
        """Posts a month, from the first to the last that are here; of three or more."""
        time = pc.fill_null(self._posts["time"], 0).to_numpy()
        known = time > 0
        count = np.bincount(self._owner[known], minlength=len(self))
        first = np.full(len(self), np.iinfo(np.int64).max)
        np.minimum.at(first, self._owner[known], time[known])
        span = pc.fill_null(self.last_post, 0).to_numpy() - first
        told = (count >= 3) & (span > 0)
        return pa.array(
            np.where(told, (count - 1) * MONTH / np.maximum(span, 1), 0), pa.float64(), mask=~told
        )

    @cached_property
    def sponsored_share(self) -> pa.Array:
        """Of the posts here of which it is known, those that are marked as advertisements."""
        marked = self._posts["disclosed"]
        known = pc.is_valid(marked).to_numpy(zero_copy_only=False)
        total = np.bincount(self._owner[known], minlength=len(self))
        ads = np.bincount(
            self._owner[pc.fill_null(marked, False).to_numpy(zero_copy_only=False)], minlength=len(self)
        )
        return pa.array(ads / np.maximum(total, 1), pa.float64(), mask=total == 0)

    @cached_property
    def language(self) -> pa.Array:
        """Two letters (ISO 639-1), of all captions together; null where too little is written to tell."""
        from brandfit.encoders.text._words import language

        captions: list[list[str]] = [[] for _ in range(len(self))]
        for owner, caption in zip(self._owner.tolist(), self._posts["caption"].to_pylist(), strict=True):
            if caption:
                captions[owner].append(caption)
        return pa.array(
            [language(" ".join(texts)[:2000]) if texts else None for texts in captions], pa.string()
        )

    @cached_property
    def audience(self) -> pa.Array:
        """Accounts that are known to comment or to follow; null where none is."""
        members = Audiences(self.dataset, self.ids.tolist()).matrix.getnnz(axis=1)  # (n,)
        return pa.array(members, pa.int64(), mask=members == 0)

    @cached_property
    def engagement_vs_peers(self) -> pa.Array:
        """Share of peers of the same size whose engagement is lower; null where there is not enough to
        say."""
        return pa.array(
            self._hints.peer_ranks("engagement").below,
            pa.float64(),
            mask=~self._hints.is_sufficient("engagement"),
        )

    @cached_property
    def followers_ratio(self) -> pa.Array:
        return self._hinted("followers_ratio")

    @cached_property
    def likes_per_comment(self) -> pa.Array:
        return self._hinted("likes_per_comment")

    @cached_property
    def comment_repetition(self) -> pa.Array:
        return self._hinted("comment_repetition")

    @cached_property
    def same_commenters(self) -> pa.Array:
        return self._hinted("same_commenters")

    @cached_property
    def stock_comments(self) -> pa.Array:
        return self._hinted("stock_comments")

    # --- beside an account ----------------------------------------------------------------------------------

    def audience_match(self, account: str) -> pa.Array:
        """Share of influencers whose audience is less like that of a brand or influencer, by what both
        say."""
        return pa.array(
            similarity.ahead(similarity.likeness(self.dataset, self._checked_account(account))),
            pa.float64(),
            from_pandas=True,
        )

    def audience_overlap(self, account: str) -> pa.Array:
        """Share of the known audience that is known in that of a brand or influencer too."""
        return pa.array(
            similarity.overlap(self.dataset, self._checked_account(account)), pa.float64(), from_pandas=True
        )

    # --- sets: which influencers have one -------------------------------------------------------------------

    def with_hashtag(self, tag: str) -> pa.Array:
        """(n,) bool; null where no post here has a known text or hashtag."""
        return self._ternary(self._listing("hashtags", tag), self._has_text("hashtags"))

    def with_mention(self, account: str) -> pa.Array:
        """(n,) bool: names or tags the account, or states it as a sponsor; null where no post here has a
        known text or names an account."""
        is_named = np.any([self._listing(column, account) for column in MENTIONS], axis=0)
        return self._ternary(is_named, self._has_text(*MENTIONS))

    def with_brand(self, brand: str) -> pa.Array:
        """(n,) bool: is known to have worked with the brand; null where no partner is known and no post here
        has a known text or names an account. Raises UnknownName where there is no such brand."""
        if brand not in self.brands:
            raise UnknownName("brand", brand, known=self.brands)
        partners = self.dataset.partners
        all_partners = set().union(*partners.values())
        is_partner = np.array([id in partners.get(brand, ()) for id in self.ids.tolist()], bool)
        has_partner = np.array([id in all_partners for id in self.ids.tolist()], bool)
        return self._ternary(is_partner, has_partner | self._has_text(*MENTIONS))

    # --- what there is --------------------------------------------------------------------------------------

    @cached_property
    def brands(self) -> set[str]:
        return {*self.dataset.brands.tolist(), *self.dataset.partners}

    def texts(self, column: str) -> set[str]:
        """All values of a fact that is a text, in small letters."""
        return {value.lower() for value in pc.unique(getattr(self, column)).to_pylist() if value}

    def listed(self, *columns: str) -> set[str]:
        """All values of columns of posts that are lists: hashtags, mentions ..."""
        flat = (pc.list_flatten(self._posts[column].combine_chunks()) for column in columns)
        return {value for values in flat for value in pc.unique(values).to_pylist() if value}

    # --- inside ---------------------------------------------------------------------------------------------

    @cached_property
    def _hints(self) -> Hints:
        return Hints(self.dataset, self.ids)

    def _hinted(self, name: str) -> pa.Array:
        return pa.array(self._hints.values(name).value, pa.float64(), from_pandas=True)

    def _checked_account(self, account: str) -> str:
        known = [*self.dataset.brands.tolist(), *self.ids.tolist()]
        if account not in known:
            raise UnknownName("brand or influencer", account, known=known)
        return account

    def _stated(self, field: str) -> pa.Array:
        rows = pc.index_in(self.id, value_set=self.dataset.accounts["id"].combine_chunks())
        return self.dataset.accounts[field].combine_chunks().take(rows)

    @cached_property
    def _predicted_categories(self) -> tuple[pa.Array, pa.Array] | None:
        """What a profiler tells: the likeliest category and its probability."""
        return predicted_categories(self.dataset, self.ids)

    @cached_property
    def _posts(self) -> pa.Table:
        """Posts of influencers."""
        posts = self.dataset.posts
        return posts.filter(
            pc.and_(pc.is_in(posts["account"], value_set=self.id), pc.equal(posts["kind"], "post"))
        )

    @cached_property
    def _owner(self) -> np.ndarray:
        return np.asarray(pc.index_in(self._posts["account"], value_set=self.id).to_numpy(), np.int64)

    def _rates(self, middle: object) -> pa.Array:
        of_posts = rates(self.dataset, self._posts)  # (p,)
        known = ~np.isnan(of_posts)
        owner, rate = self._owner[known], of_posts[known]
        order = np.argsort(owner, kind="stable")
        ids, first = np.unique(owner[order], return_index=True)
        result = np.full(len(self), np.nan)
        result[ids] = [middle(part) for part in np.split(rate[order], first[1:])] if len(ids) else []  # type: ignore[operator]
        return pa.array(result, pa.float64(), from_pandas=True)

    def _listing(self, column: str, value: str) -> np.ndarray:
        lists = self._posts[column].combine_chunks()
        hit = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), value)).to_numpy()
        found = np.zeros(len(self), bool)
        found[self._owner[hit]] = True
        return found

    def _has_text(self, *columns: str) -> np.ndarray:
        """(n,) bool: has a post here whose caption is known, or with an entry in one of these lists."""
        is_stated = pc.is_valid(self._posts["caption"])
        for column in columns:
            is_stated = pc.or_(is_stated, pc.greater(pc.list_value_length(self._posts[column]), 0))
        has_text = np.zeros(len(self), bool)
        has_text[self._owner[is_stated.to_numpy()]] = True
        return has_text

    @staticmethod
    def _ternary(is_true: np.ndarray, is_known: np.ndarray) -> pa.Array:
        return pa.array(is_true, pa.bool_(), mask=~(is_true | is_known))
