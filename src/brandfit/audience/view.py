"""The audience of one account in one view (M-17): its known members, their words and interests, and the
accounts that share it.

Known members comment on the account's posts or follow it, by the imported links: a sample of the audience,
not the whole audience. A word or hashtag is listed if more members use it than members of other audiences, by
more than chance: hypergeometric test over (member, audience) pairs, p below .05 by Bonferroni over all words
that two or more members use anywhere. Interests are concepts of the posts that members post, or comment on
elsewhere. A concept is listed if its mean over members is above the mean over all people, by more than chance
(t test, the same p).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.audience.comments import Comments
from brandfit.audience.sampling import share
from brandfit.audience.similarity import share_below, similarities
from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.encoders.text._words import language, stop_words
from brandfit.errors import MissingExtra, UnknownName, UsageError
from brandfit.mappings import position_by_item

NO_LANGUAGE = "zxx"
"""Code for a text without a language (ISO 639-2)."""
LANGUAGE_CHARACTERS = 2000
"""Characters of a member's comments that language detection reads."""
CHANCE = 0.05
"""p below which a difference is not chance, by Bonferroni."""
MOST = 10
"""Longest list of words, hashtags, languages, interests or accounts."""
FEWEST_USERS = 2
"""Members that use a word, below which it is not tested."""
FEWEST_PEOPLE = 5
"""Members known elsewhere, below which no interest is listed."""


@dataclass(frozen=True)
class Word:
    """A word or hashtag.

    people  members that use it
    share   of the members that write anything
    others  share of the members of all other audiences
    """

    word: str
    people: int
    share: float
    others: float


@dataclass(frozen=True)
class Liked:
    """Mean share of a concept in what members post and comment on elsewhere, and the mean over all people."""

    concept: str
    share: float
    others: float


@dataclass(frozen=True)
class Shared:
    """Members that two audiences have in common.

    common  members known in both
    share   of the account's known audience, with its 95 % interval
    back    share of the other account's known audience
    """

    account: str
    common: int
    share: float
    low: float
    high: float
    back: float


@dataclass(frozen=True)
class Comparison:
    """The audience compared with that of another account.

    shared  common members; None if one of the audiences is unknown
    match   cosine of the texts of both audiences, centred by the mean of all; None if unknown
    ahead   share of influencers whose audience has a lower match; None if unknown
    among   influencers with a known match
    """

    other: str
    shared: Shared | None
    match: float | None
    ahead: float | None
    among: int


@dataclass(frozen=True)
class AudienceView:
    """The view of one audience, described in the module.

    people     known members; comment, follow: members that comment, and members that follow
    comments   imported comments, without the account's own
    share      of the followers that are known members; None if their number is unknown
    languages  language to the number of members that write it
    speakers   members with enough text to detect their language
    elsewhere  members known elsewhere, from whom ``likes`` comes; None without concepts
    shared     the accounts with the most common members
    """

    account: str
    role: str
    followers: int | None
    people: int
    comment: int
    follow: int
    comments: int
    share: float | None
    words: tuple[Word, ...]
    hashtags: tuple[Word, ...]
    languages: dict[str, int]
    speakers: int
    likes: tuple[Liked, ...]
    elsewhere: int | None
    shared: tuple[Shared, ...]
    comparison: Comparison | None = None
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        import msgspec

        return dict(msgspec.to_builtins(self))


class WordUse(NamedTuple):
    """Which members use which words.

    words     (n_words,) words, and hashtags with #
    usage     (n_pairs, n_words) of 0 and 1, a row for each pair of a member and an audience
    audience  (n_pairs,) audience of each pair, as a row of the accounts
    """

    words: list[str]
    usage: sparse.csr_matrix
    audience: np.ndarray


class ConceptUse(NamedTuple):
    """Concepts of what people post and comment on.

    counts  (n_people, rows of the concept Features) number of posts and comments of each person
    people  (n_people,) ids
    usual   (n_concepts,) mean over all people
    """

    counts: sparse.csr_matrix
    people: np.ndarray
    usual: np.ndarray


class Views:
    """Makes views of the accounts of a Dataset. What all views share is computed once."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.accounts = np.concatenate([dataset.influencers, dataset.brands])
        self.row_by_account = position_by_item(self.accounts.tolist())

    def view(self, account: str, other: str | None = None) -> AudienceView:
        """The audience of a brand or influencer, compared with that of ``other`` if given.

        Raises UnknownName for an account that is neither a brand nor an influencer.
        """
        row = self._row(account)
        other_row = self._row(other) if other is not None else None
        notes: list[str] = []
        record = self.dataset.account(account)
        n_members = int(self.audiences.matrix[row].nnz)
        is_own_comment = self.comments.owner == row  # (n_comments,)
        words = self._words(row)
        languages = self._languages(is_own_comment, notes)
        likes, n_elsewhere = self._likes(row, notes)
        shared = self._most_shared(row)
        comparison = self._comparison(row, other_row, notes) if other_row is not None else None
        return AudienceView(
            account=account,
            role=record["role"],
            followers=record["followers"],
            people=n_members,
            comment=len(np.unique(self.comments.author[is_own_comment])),
            follow=self._n_followers(account),
            comments=int(is_own_comment.sum()),
            share=n_members / record["followers"] if record["followers"] else None,
            words=tuple(word for word in words if not word.word.startswith("#"))[:MOST],
            hashtags=tuple(word for word in words if word.word.startswith("#"))[:MOST],
            languages=dict(languages.most_common(MOST)),
            speakers=languages.total(),
            likes=likes,
            elsewhere=n_elsewhere,
            shared=shared,
            comparison=comparison,
            notes=tuple(notes),
        )

    def shared(self, account: str, other: str) -> Shared | None:
        """Members that the known audiences of two accounts have in common; None if one of them is unknown."""
        row, other_row = self._row(account), self._row(other)
        matrix = self.audiences.matrix
        return self._shared(row, other_row) if matrix[row].nnz and matrix[other_row].nnz else None

    # --- computed once --------------------------------------------------------------------------------------

    @cached_property
    def audiences(self) -> Audiences:
        return Audiences(self.dataset, self.accounts.tolist())

    @cached_property
    def comments(self) -> Comments:
        return Comments(self.dataset, self.accounts)

    @cached_property
    def _word_use(self) -> WordUse:
        comments = self.comments
        n_authors = max(len(comments.authors), 1)
        with_text = np.flatnonzero(comments.text_id >= 0)
        # One code for each (audience, author); pair_row is the row of each comment's pair.
        codes = comments.owner[with_text] * n_authors + comments.author[with_text]
        pairs, pair_row = np.unique(codes, return_inverse=True)
        vocabulary = comments.vocabulary()
        words = list(dict.fromkeys(chain.from_iterable(map(sorted, vocabulary))))
        column_by_word = position_by_item(words)
        # Columns of the words of all texts, one text after the other: text i has columns
        # flat[first[i] : first[i] + sizes[i]].
        sizes = np.array(list(map(len, vocabulary)), np.int64)
        flat = np.array([column_by_word[word] for word in chain.from_iterable(vocabulary)], np.int64)
        first = np.cumsum(sizes) - sizes
        # Repeat the words of a text for each comment with that text.
        text = comments.text_id[with_text]
        count = sizes[text] if len(text) else np.zeros(0, np.int64)
        position = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        column = flat[np.repeat(first[text] if len(text) else count, count) + position]
        row = np.repeat(pair_row, count)
        usage = sparse.csr_matrix((np.ones(len(column)), (row, column)), shape=(len(pairs), len(words)))
        usage.data[:] = 1
        return WordUse(words, usage, pairs // n_authors)

    @cached_property
    def _concept_use(self) -> ConceptUse | None:
        """None without concepts of posts."""
        features = self.dataset.slots.get("concept")
        if features is None or not features.columns or features.level != "post":
            return None
        # People use a concept by a comment on a post, or by a post of their own if it was imported.
        accounts, posts = self.dataset.accounts, self.dataset.posts
        members = accounts.filter(pc.equal(accounts["role"], "audience"))["id"].combine_chunks()
        own = posts.filter(pc.is_in(posts["account"], value_set=members))
        links = self.comments.links
        users = np.array([*links["source"].to_pylist(), *own["account"].to_pylist()], dtype=object)
        rows = features.rows_of([*links["post"].to_pylist(), *own["id"].to_pylist()])
        used = np.flatnonzero(rows >= 0)
        people, person = np.unique(users[used], return_inverse=True)
        counts = sparse.csr_matrix(
            (np.ones(len(used)), (person, rows[used])), shape=(len(people), len(features))
        )
        if not len(people):
            return ConceptUse(counts, people, np.zeros(len(features.columns)))
        # Each person weighs the same, however much it posts and comments.
        n_uses = np.asarray(counts.sum(axis=1)).ravel()
        weight = np.asarray((sparse.diags(1 / n_uses) @ counts).mean(axis=0)).ravel()
        return ConceptUse(counts, people, np.asarray(weight @ features.values, np.float64))

    # --- of one account -------------------------------------------------------------------------------------

    def _row(self, account: str) -> int:
        if account not in self.row_by_account:
            raise UnknownName("brand or influencer", account, known=self.row_by_account)
        return self.row_by_account[account]

    def _n_followers(self, account: str) -> int:
        """Number of known followers."""
        links = self.dataset.stored_links
        links = links.filter(pc.and_(pc.equal(links["kind"], "follows"), pc.equal(links["target"], account)))
        return len(set(links["source"].to_pylist()) - {account})

    def _words(self, row: int) -> list[Word]:
        """Words and hashtags that members use more than others, the least probable by chance first."""
        from scipy.stats import hypergeom

        words, usage, audience = self._word_use
        is_own = audience == row  # (n_pairs,)
        n_own, n_pairs = int(is_own.sum()), len(audience)
        own_users = np.asarray(usage[is_own].sum(axis=0)).ravel()  # (n_words,)
        users = np.asarray(usage.sum(axis=0)).ravel()  # (n_words,)
        ignored = stop_words()
        frequent = np.flatnonzero(own_users >= FEWEST_USERS).tolist()
        tested = np.array([w for w in frequent if words[w] not in ignored], np.int64)
        # Probability of as many users among n_own of all pairs, times the number of tests.
        p = hypergeom.sf(own_users[tested] - 1, n_pairs, users[tested], n_own) * (users >= FEWEST_USERS).sum()
        order = np.argsort(p, kind="stable")
        result = []
        for w in tested[order[p[order] < CHANCE]].tolist():
            others = (users[w] - own_users[w]) / max(n_pairs - n_own, 1)
            result.append(Word(words[w], int(own_users[w]), float(own_users[w] / n_own), float(others)))
        return result

    def _languages(self, is_own_comment: np.ndarray, notes: list[str]) -> Counter[str]:
        """Language to the number of members that write it, by all comments of a member together."""
        texts_by_author: dict[int, list[str]] = {}
        texts = self.comments.links["text"].filter(pa.array(is_own_comment)).to_pylist()
        for author, text in zip(self.comments.author[is_own_comment].tolist(), texts, strict=True):
            texts_by_author.setdefault(author, []).append(text or "")
        count: Counter[str] = Counter()
        try:
            for own_texts in texts_by_author.values():
                code = language(" ".join(own_texts)[:LANGUAGE_CHARACTERS])
                if code is not None and code != NO_LANGUAGE:
                    count[code] += 1
        except MissingExtra as error:
            notes.append(f"languages are unknown: {error.message} {error.hint}")
            return Counter()
        # ``most_common`` keeps this order for equal numbers.
        return Counter(dict(sorted(count.items())))

    def _likes(self, row: int, notes: list[str]) -> tuple[tuple[Liked, ...], int | None]:
        """Concepts that members use elsewhere more than all people do, and the number of these members; None
        if concepts are not encoded."""
        from scipy.special import stdtr

        use = self._concept_use
        if use is None:
            notes.append(
                "The interests of members are unknown: concepts (concept.bag) have not been encoded."
            )
            return (), None
        features = self.dataset.slots["concept"]
        counts = self._uses_elsewhere(row, use)  # (n_members, rows of the Features)
        n_uses = np.asarray(counts.sum(axis=1)).ravel()
        counts, n_uses = counts[n_uses > 0], n_uses[n_uses > 0]
        n = len(n_uses)
        if n < FEWEST_PEOPLE:
            return (), n
        shares = np.asarray(
            sparse.diags(1 / n_uses) @ counts @ features.values, np.float64
        )  # (n, n_concepts)
        mean, error = shares.mean(axis=0), shares.std(axis=0, ddof=1) / np.sqrt(n)
        t = np.divide(mean - use.usual, error, out=np.zeros(len(mean)), where=error > 0)
        is_above = np.flatnonzero(stdtr(n - 1, -t) * len(t) < CHANCE)
        best = is_above[np.argsort(use.usual[is_above] - mean[is_above], kind="stable")][:MOST]
        return tuple(
            Liked(features.columns[c], float(mean[c]), float(use.usual[c])) for c in best.tolist()
        ), n

    def _uses_elsewhere(self, row: int, use: ConceptUse) -> sparse.csr_matrix:
        """Counts of the members of an audience, without the posts of the account itself."""
        features, posts = self.dataset.slots["concept"], self.dataset.posts
        member_ids = self.audiences.members
        members = [member_ids[m] for m in self.audiences.matrix[row].indices]
        own_posts = posts.filter(pc.equal(posts["account"], self.accounts[row]))["id"].combine_chunks()
        own_rows = features.rows_of(own_posts)
        is_elsewhere = np.ones(len(features))
        is_elsewhere[own_rows[own_rows >= 0]] = 0
        is_member = np.isin(use.people.astype(str), np.array(members, dtype=object).astype(str))
        return sparse.csr_matrix(use.counts[is_member] @ sparse.diags(is_elsewhere))

    # --- of two accounts ------------------------------------------------------------------------------------

    def _most_shared(self, row: int) -> tuple[Shared, ...]:
        """The accounts with the most common members; of equal ones, the smaller audience first."""
        matrix = self.audiences.matrix
        n_common = np.asarray((matrix @ matrix[row].T).todense()).ravel()  # (n_accounts,)
        size = np.asarray(matrix.sum(axis=1)).ravel()
        n_common[row] = 0
        best = np.lexsort((self.accounts.astype(str), size, -n_common))[:MOST]
        return tuple(self._shared(row, other) for other in best.tolist() if n_common[other])

    def _shared(self, row: int, other: int) -> Shared:
        overlap = self.audiences.overlap(self.accounts[row], self.accounts[other])
        interval = share(np.array([overlap.common]), np.array([overlap.one]))
        return Shared(
            account=str(self.accounts[other]),
            common=overlap.common,
            share=float(interval.value[0]),
            low=float(interval.low[0]),
            high=float(interval.high[0]),
            back=overlap.share_of_other,
        )

    def _comparison(self, row: int, other: int, notes: list[str]) -> Comparison:
        one, two = str(self.accounts[row]), str(self.accounts[other])
        comparison = Comparison(other=two, shared=self.shared(one, two), match=None, ahead=None, among=0)
        # The match is a place among influencers, so for a brand and an influencer it is the influencer's.
        if other < len(self.dataset.influencers) <= row:
            one, two = two, one
        try:
            values = similarities(self.dataset, two)  # (n_influencers,)
        except UsageError as error:
            notes.append(f"the match is unknown: {error.message} {error.hint}")
            return comparison
        influencer = np.flatnonzero(self.dataset.influencers == one)
        if not len(influencer) or np.isnan(values[influencer[0]]):
            return comparison
        return Comparison(
            other=comparison.other,
            shared=comparison.shared,
            match=float(values[influencer[0]]),
            ahead=float(share_below(values)[influencer[0]]),
            among=int((~np.isnan(values)).sum()),
        )


# --- in words -----------------------------------------------------------------------------------------------


def sentences(view: AudienceView) -> Sequence[str]:
    """The view in sentences."""
    follower_share = ""
    if view.share is not None and view.followers:
        follower_share = f", {_percent(view.share)} of {view.followers:,} followers"
    result = [
        f"Known of the audience of {view.account}: {_people_text(view.people)}{follower_share}; "
        f"{view.comment:,} comment ({view.comments:,} comments), {view.follow:,} follow."
    ]
    if view.words:
        result.append(f"Its people say more than others do: {_words_text(view.words)}.")
    if view.hashtags:
        result.append(f"Hashtags that they use more: {_words_text(view.hashtags)}.")
    if view.people and not view.words and not view.hashtags:
        result.append("No word is said by more of them than by other audiences beyond chance.")
    if view.languages:
        shares = [f"{name} {_percent(n / view.speakers)}" for name, n in view.languages.items()]
        result.append(
            f"Languages, of {_people_text(view.speakers)} with enough text to detect one: "
            f"{', '.join(shares)}."
        )
    if interests := _interests_text(view):
        result.append(interests)
    if view.comparison is not None:
        result += _comparison_sentences(view, view.comparison)
    return result


def _words_text(words: Sequence[Word]) -> str:
    return ", ".join(f"{word.word} ({word.people})" for word in words)


def _interests_text(view: AudienceView) -> str:
    """What members like elsewhere; "" if concepts are not encoded or there are no members."""
    if view.likes:
        concepts = [
            f"{liked.concept} ({_percent(liked.share)}, everybody {_percent(liked.others)})"
            for liked in view.likes
        ]
        return (
            f"Elsewhere its people post and comment on more than everybody ({view.elsewhere:,} people): "
            f"{', '.join(concepts)}."
        )
    if not view.people or view.elsewhere is None:
        return ""
    reason = "nothing that they like beyond chance"
    if view.elsewhere < FEWEST_PEOPLE:
        reason = "not enough to say what it likes"
    return f"{_people_text(view.elsewhere).capitalize()} of it known elsewhere: {reason}."


def _comparison_sentences(view: AudienceView, comparison: Comparison) -> list[str]:
    other, shared = comparison.other, comparison.shared
    if shared is None:
        result = [f"Common members with {other} are unknown: one of the audiences is not known."]
    else:
        result = [
            f"{shared.common:,} of its {view.people:,} known people are known to be in the audience of "
            f"{other} too: {_percent(shared.share)} ({_percent(shared.low)} to {_percent(shared.high)}), and "
            f"{_percent(shared.back)} of the other's. Members that are not known may be common too."
        ]
    if comparison.match is not None and comparison.ahead is not None:
        result.append(
            f"The texts of both audiences are more similar than for {_percent(comparison.ahead)} of "
            f"{comparison.among - 1:,} other influencers."
        )
    return result


def _people_text(n: int) -> str:
    return "1 person" if n == 1 else f"{n:,} people"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.2g} %"
