"""Facts about influencers that conditions and tables read: one column a fact, computed at its first use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.audience import similarity
from brandfit.audience.authenticity import Hints
from brandfit.data.audience import Audiences
from brandfit.data.countries import country_code, is_code
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import rates
from brandfit.errors import UnknownName
from brandfit.folding import fold, folded

MONTH = 365.25 * 86_400 / 12
"""Seconds."""
FEWEST_TIMES = 3
"""Posts with a known time that a posting rate needs."""
LANGUAGE_CHARACTERS = 2000
"""Characters of the captions that language detection reads."""
CATEGORY = "category"
MENTIONS = "mentions", "tags", "sponsors"
"""Columns of posts that name other accounts."""


def predicted_categories(dataset: Dataset, ids: np.ndarray) -> tuple[pa.Array, pa.Array] | None:
    """Two (n,) columns: the most probable category of each account and its probability, null without a
    prediction. None if no profiler has run."""
    features = dataset.slots.get(CATEGORY)
    if features is None or not features.columns:
        return None
    # (n, n_categories) posteriors, (n,) bool
    probabilities, has_prediction = features.values_of(ids)
    names = np.array(features.columns, dtype=object)[probabilities.argmax(axis=1)]
    highest = probabilities.max(axis=1).astype(float)
    return (
        pa.array(names, pa.string(), mask=~has_prediction),
        pa.array(highest, pa.float64(), mask=~has_prediction),
    )


def category_words(category: str | None, is_stated: bool | None, probability: float | None) -> str:
    """A category as tables and pages write it: "food" if stated, "food (predicted, 83 %)" if predicted."""
    if not category or is_stated or probability is None:
        return category or ""
    return f"{category} (predicted, {100 * probability:.0f} %)"


def word_pattern(text: str) -> str:
    """RE2 pattern of a text between word boundaries of every script (the word classes of RE2 are ASCII).

    Letters, digits, _ and the marks that follow them belong to a word. A mark after an emoji does not.
    """
    text = re.escape(text)
    return rf"(?:^|[^\pL\pN\pM_]\pM*){text}(?:[^\pL\pN\pM_]|$)"


class Facts:
    """Columns of facts about the n influencers of a Dataset, in its order.

    Every column is an (n,) Arrow array, null where the fact is unknown.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.ids = dataset.influencers

    def __len__(self) -> int:
        return len(self.ids)

    # --- stated by the source -------------------------------------------------------------------------------

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
        """Number of posts on the platform."""
        return self._stated("posts")

    @cached_property
    def country(self) -> pa.Array:
        return self._stated("country")

    @cached_property
    def city(self) -> pa.Array:
        return self._stated("city")

    @cached_property
    def price(self) -> pa.Array:
        """Stated price of one post, in any currency."""
        return self._stated("price")

    @cached_property
    def price_currency(self) -> pa.Array:
        return self._stated("currency")

    @cached_property
    def stated_engagement(self) -> pa.Array:
        """Engagement rate as the source states it."""
        return self._stated("engagement_rate")

    @cached_property
    def attributes(self) -> dict[str, pa.Array]:
        """Further columns of the sources: name to the (n,) texts of the influencers."""
        cells = self._stated("attributes")
        rows = [dict(pairs or ()) for pairs in cells.to_pylist()]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}

    # --- category -------------------------------------------------------------------------------------------

    @cached_property
    def category(self) -> pa.Array:
        """The stated category, else the predicted one."""
        stated = self._stated(CATEGORY)
        predicted = self._predicted_categories
        return pc.coalesce(stated, predicted[0]) if predicted is not None else stated

    @cached_property
    def category_is_stated(self) -> pa.Array:
        """True for a stated category, False for a predicted one, null without a category."""
        is_stated = pc.is_valid(self._stated(CATEGORY))
        return pc.if_else(pc.is_valid(self.category), is_stated, pa.scalar(None, pa.bool_()))

    @cached_property
    def confidence(self) -> pa.Array:
        """Probability of the category; 1 if it is stated."""
        is_stated = pc.is_valid(self._stated(CATEGORY))
        stated = pc.if_else(is_stated, pa.scalar(1.0), pa.scalar(None, pa.float64()))
        predicted = self._predicted_categories
        return pc.coalesce(stated, predicted[1]) if predicted is not None else stated

    # --- from imported posts --------------------------------------------------------------------------------

    @cached_property
    def imported_posts(self) -> pa.Array:
        """Number of imported posts."""
        return pa.array(np.bincount(self._owner, minlength=len(self)), pa.int64())

    @cached_property
    def engagement(self) -> pa.Array:
        """Mean of (likes + comments) / followers over the imported posts with known likes and comments."""
        return self._rates(np.mean)

    @cached_property
    def median_engagement(self) -> pa.Array:
        """Median of the rates of which ``engagement`` is the mean."""
        return self._rates(np.median)

    @cached_property
    def last_post(self) -> pa.Array:
        """Time of the newest imported post, in seconds since 1970 UTC."""
        # A time of 0 is unknown.
        newest = np.zeros(len(self), np.int64)
        np.maximum.at(newest, self._owner, self._times)
        return pa.array(newest, pa.int64(), mask=newest == 0)

    @cached_property
    def posting_rate(self) -> pa.Array:
        """Posts a month between the first and the last imported post, if three or more have a known time."""
        has_time = self._times > 0
        owner = self._owner[has_time]
        n_posts = np.bincount(owner, minlength=len(self))
        first = np.full(len(self), np.iinfo(np.int64).max)
        np.minimum.at(first, owner, self._times[has_time])
        # Seconds between the first and the last post, (n,). Without a post this is below 0.
        span = pc.fill_null(self.last_post, 0).to_numpy() - first
        is_known = (n_posts >= FEWEST_TIMES) & (span > 0)
        rate = np.where(is_known, (n_posts - 1) * MONTH / np.maximum(span, 1), 0)
        return pa.array(rate, pa.float64(), mask=~is_known)

    @cached_property
    def sponsored_share(self) -> pa.Array:
        """Share of advertisements among the imported posts for which it is known whether they are marked as
        one."""
        disclosed = self._posts["disclosed"]
        is_known = pc.is_valid(disclosed).to_numpy(zero_copy_only=False)  # (n_posts,)
        is_ad = pc.fill_null(disclosed, False).to_numpy(zero_copy_only=False)  # (n_posts,)
        n_known = np.bincount(self._owner[is_known], minlength=len(self))
        n_ads = np.bincount(self._owner[is_ad], minlength=len(self))
        return pa.array(n_ads / np.maximum(n_known, 1), pa.float64(), mask=n_known == 0)

    @cached_property
    def language(self) -> pa.Array:
        """Language of all captions together as two letters (ISO 639-1); null if the text is too short to
        detect it."""
        from brandfit.encoders.text._words import language

        captions: list[list[str]] = [[] for _ in range(len(self))]
        for owner, caption in zip(self._owner.tolist(), self._posts["caption"].to_pylist(), strict=True):
            if caption:
                captions[owner].append(caption)
        languages = [language(" ".join(texts)[:LANGUAGE_CHARACTERS]) if texts else None for texts in captions]
        return pa.array(languages, pa.string())

    # --- audience -------------------------------------------------------------------------------------------

    @cached_property
    def audience(self) -> pa.Array:
        """Number of accounts that are known to comment or to follow; null if there is none."""
        n_members = Audiences(self.dataset, self.ids.tolist()).matrix.getnnz(axis=1)  # (n,)
        return pa.array(n_members, pa.int64(), mask=n_members == 0)

    @cached_property
    def engagement_vs_peers(self) -> pa.Array:
        """Share of peers of the same size with a lower engagement; null if the data are insufficient."""
        share_below = self._hints.peer_ranks("engagement").below
        return pa.array(share_below, pa.float64(), mask=~self._hints.is_sufficient("engagement"))

    @cached_property
    def followers_ratio(self) -> pa.Array:
        return self._hint_values("followers_ratio")

    @cached_property
    def likes_per_comment(self) -> pa.Array:
        return self._hint_values("likes_per_comment")

    @cached_property
    def comment_repetition(self) -> pa.Array:
        return self._hint_values("comment_repetition")

    @cached_property
    def same_commenters(self) -> pa.Array:
        return self._hint_values("same_commenters")

    @cached_property
    def stock_comments(self) -> pa.Array:
        return self._hint_values("stock_comments")

    # --- compared with another account ----------------------------------------------------------------------

    def audience_match(self, account: str) -> pa.Array:
        """Share of influencers whose audience is less similar to the audience of ``account``, by the texts of
        both."""
        similarities = similarity.similarities(self.dataset, self._checked_account(account))
        return pa.array(similarity.share_below(similarities), pa.float64(), from_pandas=True)

    def audience_overlap(self, account: str) -> pa.Array:
        """Share of the known audience that is also in the known audience of ``account``."""
        overlaps = similarity.overlaps(self.dataset, self._checked_account(account))
        return pa.array(overlaps, pa.float64(), from_pandas=True)

    # --- conditions on sets ---------------------------------------------------------------------------------

    def with_hashtag(self, tag: str) -> pa.Array:
        """(n,) bool: uses the hashtag; null without an imported post with a known text or hashtag."""
        return self._ternary(self._has_entry("hashtags", tag), self._has_text("hashtags"))

    def with_mention(self, account: str) -> pa.Array:
        """(n,) bool: names or tags the account, or states it as a sponsor; null without an imported post that
        has a known text or names an account."""
        is_named = np.zeros(len(self), bool)
        for column in MENTIONS:
            is_named |= self._has_entry(column, account)
        return self._ternary(is_named, self._has_text(*MENTIONS))

    def at_place(self, place: str) -> pa.Array:
        """(n,) bool: the country or the city has these words; null if neither is known. A country is found
        under its name in any language and its code."""
        pattern = word_pattern(fold(place))
        in_country = pc.match_substring_regex(folded(self.country), pattern)
        in_city = pc.match_substring_regex(folded(self.city), pattern)
        code = country_code(place)
        if code is not None:
            in_country = pc.or_kleene(in_country, self._in_country(code))
        # The words of a code are words of other places too: DE is not in Rio de Janeiro.
        if is_code(place):
            in_country, in_city = self._in_country(code), pa.nulls(len(self), pa.bool_())
        # A known city in another place says no, whether or not the country is known.
        return pc.coalesce(pc.or_kleene(in_country, in_city), in_city, in_country)

    def _in_country(self, code: str | None) -> pa.Array:
        """(n,) bool: the stated country is this one; null if it is unknown or no country that is known."""
        values = self.country.dictionary_encode()
        codes = pa.array(map(country_code, values.dictionary.to_pylist()), pa.string())
        return pc.equal(codes.take(values.indices), code)

    def with_attribute(self, value: str) -> pa.Array:
        """(n,) bool: has the attribute; with ``NAME=TEXT`` these words in it; null without the attribute.

        Raises UnknownName for an attribute that no influencer has.
        """
        name, equals, text = value.partition("=")
        column_by_name = {fold(known): column for known, column in self.attributes.items()}
        column = column_by_name.get(fold(name.strip()))
        if column is None:
            raise UnknownName("attribute", name.strip(), known=self.attributes)
        # The name alone asks who has the attribute.
        if not equals:
            return pc.is_valid(column)
        return pc.match_substring_regex(folded(column), word_pattern(fold(text.strip())))

    def with_brand(self, brand: str) -> pa.Array:
        """(n,) bool: is known to have worked with the brand; null without a known partner and without an
        imported post that has a known text or names an account.

        Raises UnknownName for a brand that is not in the dataset.
        """
        if brand not in self.brands:
            raise UnknownName("brand", brand, known=self.brands)
        partners = self.dataset.partners
        # A partner of any brand answers the question for every brand.
        all_partners: set[str] = set().union(*partners.values())
        is_partner = self._is_in(partners.get(brand, ()))
        return self._ternary(is_partner, self._is_in(all_partners) | self._has_text(*MENTIONS))

    # --- known values ---------------------------------------------------------------------------------------

    @cached_property
    def brands(self) -> set[str]:
        return {*self.dataset.brands.tolist(), *self.dataset.partners}

    def texts(self, column: str) -> set[str]:
        """All values of a text column, in lower case."""
        return {value.lower() for value in pc.unique(getattr(self, column)).to_pylist() if value}

    def listed(self, *columns: str) -> set[str]:
        """All entries of list columns of posts, such as hashtags or mentions."""
        # Distinct entries alone: posts have millions of hashtags.
        entries: set[str] = set()
        for column in columns:
            values = pc.list_flatten(self._posts[column].combine_chunks())
            entries.update(filter(None, pc.unique(values).to_pylist()))
        return entries

    # --- helpers --------------------------------------------------------------------------------------------

    @cached_property
    def _hints(self) -> Hints:
        return Hints(self.dataset, self.ids)

    def _hint_values(self, name: str) -> pa.Array:
        return pa.array(self._hints.values(name).value, pa.float64(), from_pandas=True)

    def _checked_account(self, account: str) -> str:
        accounts = [*self.dataset.brands.tolist(), *self.ids.tolist()]
        if account not in accounts:
            raise UnknownName("brand or influencer", account, known=accounts)
        return account

    def _stated(self, field: str) -> pa.Array:
        # Rows of the influencers among all accounts.
        rows = pc.index_in(self.id, value_set=self.dataset.accounts["id"].combine_chunks())
        return self.dataset.accounts[field].combine_chunks().take(rows)

    @cached_property
    def _predicted_categories(self) -> tuple[pa.Array, pa.Array] | None:
        return predicted_categories(self.dataset, self.ids)

    @cached_property
    def _posts(self) -> pa.Table:
        """Posts of influencers, without stories and briefs."""
        posts = self.dataset.posts
        is_used = pc.and_(pc.is_in(posts["account"], value_set=self.id), pc.equal(posts["kind"], "post"))
        return posts.filter(is_used)

    @cached_property
    def _owner(self) -> np.ndarray:
        """(n_posts,) row of the influencer of each post."""
        return np.asarray(pc.index_in(self._posts["account"], value_set=self.id).to_numpy(), np.int64)

    @cached_property
    def _times(self) -> np.ndarray:
        """(n_posts,) seconds since 1970 UTC, 0 if unknown."""
        return np.asarray(pc.fill_null(self._posts["time"], 0).to_numpy())

    def _rates(self, average: Callable[[np.ndarray], np.floating]) -> pa.Array:
        """Average engagement rate over the posts of each influencer whose rate is known."""
        rate = rates(self.dataset, self._posts)  # (n_posts,)
        is_known = ~np.isnan(rate)
        owner, rate = self._owner[is_known], rate[is_known]
        # Sorting by owner makes the posts of each influencer one slice.
        order = np.argsort(owner, kind="stable")
        rows, first = np.unique(owner[order], return_index=True)
        averages = np.full(len(self), np.nan)
        if len(rows):
            for row, own_rates in zip(rows.tolist(), np.split(rate[order], first[1:]), strict=True):
                averages[row] = average(own_rates)
        return pa.array(averages, pa.float64(), from_pandas=True)

    def _has_entry(self, column: str, value: str) -> np.ndarray:
        """(n,) bool: has an imported post with this entry in a list column, in any case and accents."""
        lists = self._posts[column].combine_chunks()
        # Distinct entries alone are compared: posts have millions of hashtags.
        entries = pc.list_flatten(lists).dictionary_encode()
        is_equal = pc.equal(folded(entries.dictionary), fold(value))
        is_value = is_equal.take(entries.indices)
        posts = pc.list_parent_indices(lists).filter(is_value).to_numpy()
        has_entry = np.zeros(len(self), bool)
        has_entry[self._owner[posts]] = True
        return has_entry

    def _has_text(self, *columns: str) -> np.ndarray:
        """(n,) bool: has an imported post with a known caption, or with an entry in one of these list
        columns."""
        is_stated = pc.is_valid(self._posts["caption"])  # (n_posts,)
        for column in columns:
            is_stated = pc.or_(is_stated, pc.greater(pc.list_value_length(self._posts[column]), 0))
        has_text = np.zeros(len(self), bool)
        has_text[self._owner[is_stated.to_numpy()]] = True
        return has_text

    def _is_in(self, accounts: Iterable[str]) -> np.ndarray:
        """(n,) bool: influencers that are in this collection of account ids."""
        return np.isin(self.ids.astype(str), np.array(sorted(accounts), dtype=str))

    @staticmethod
    def _ternary(is_true: np.ndarray, is_known: np.ndarray) -> pa.Array:
        return pa.array(is_true, pa.bool_(), mask=~(is_true | is_known))
