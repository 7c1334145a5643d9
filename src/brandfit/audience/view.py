"""The audience of one account in one view (M-17): who of it is known, what it says and likes, and who shares
it.

Known is who comments on the account's posts or follows it by the links that were imported: a sample of the
audience, not the audience. Words and hashtags are told that more of its people use than of other audiences by
more than chance: hypergeometric test over (person, audience) pairs, p below .05 by Bonferroni over all words
that two or more use anywhere. What it likes are concepts of the posts that its people post, or comment on
elsewhere, where the mean over people is above the mean over everybody by more than chance (t test, p the same
way).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.audience.comments import Comments
from brandfit.audience.sampling import share
from brandfit.audience.similarity import ahead, likeness
from brandfit.data.audience import Audiences
from brandfit.data.dataset import Dataset
from brandfit.encoders.text._words import language, stop_words
from brandfit.errors import MissingExtra, UnknownName, UsageError

NONE = "zxx"
"""What stands for no language at all (ISO 639-2)."""
CHANCE = 0.05
MOST = 10
"""Words, hashtags, languages, likes and accounts at most that are told."""
FEWEST_PEOPLE = 5
"""People of which something is known elsewhere, below which nothing is told of what they like."""


@dataclass(frozen=True)
class Word:
    """people: of the audience who use it; share: of those who say anything; others: share of the people of
    all other audiences."""

    word: str
    people: int
    share: float
    others: float


@dataclass(frozen=True)
class Liked:
    """Mean share of a concept in what people of the audience post and comment on elsewhere, and that of
    everybody."""

    concept: str
    share: float
    others: float


@dataclass(frozen=True)
class Shared:
    """common: people known in both audiences; share: of the account's known audience, with its 95 % interval;
    back: of the other's."""

    account: str
    common: int
    share: float
    low: float
    high: float
    back: float


@dataclass(frozen=True)
class Comparison:
    """The audience beside that of another account.

    shared  who is in both; None where one of them is not known
    match   cosine of what both audiences say, less what all have in common; None where not known
    ahead   share of the influencers whose audience matches that of the other account less; None where not
            known
    """

    other: str
    shared: Shared | None
    match: float | None
    ahead: float | None
    among: int


@dataclass(frozen=True)
class AudienceView:
    """See the module.

    people, comment, follow  known members: all, those who comment, those who follow
    comments                 that were imported, the account's own left out
    share                    of the followers that are known to follow or comment; None where their number is
                             not known
    languages                language to how many people write it; of ``speakers``, who write enough to tell
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


class Views:
    """Makes views of the accounts of a Dataset; what all share is computed once."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.accounts = np.concatenate([dataset.influencers, dataset.brands])
        self.row = {id: n for n, id in enumerate(self.accounts.tolist())}

    def view(self, account: str, other: str | None = None) -> AudienceView:
        """Of a brand or influencer, beside another. Raises UnknownName for an account that is neither."""
        at = self._at(account)
        notes: list[str] = []
        about = self.dataset.account(account)
        people = int(self.audiences.matrix[at].nnz)
        mine = self.comments.owner == at
        follows = self.dataset.stored_links
        follows = follows.filter(
            pc.and_(pc.equal(follows["kind"], "follows"), pc.equal(follows["target"], account))
        )
        follow = len(set(follows["source"].to_pylist()) - {account})
        words, hashtags = self._words(at)
        languages, speakers = self._languages(mine, notes)
        likes, elsewhere = self._likes(at, notes)
        return AudienceView(
            account=account,
            role=about["role"],
            followers=about["followers"],
            people=people,
            comment=len(np.unique(self.comments.author[mine])),
            follow=follow,
            comments=int(mine.sum()),
            share=people / about["followers"] if about["followers"] else None,
            words=words,
            hashtags=hashtags,
            languages=languages,
            speakers=speakers,
            likes=likes,
            elsewhere=elsewhere,
            shared=self._shared(at),
            comparison=self._comparison(at, self._at(other), notes) if other is not None else None,
            notes=tuple(notes),
        )

    # --- what all views share -------------------------------------------------------------------------------

    @cached_property
    def audiences(self) -> Audiences:
        return Audiences(self.dataset, self.accounts.tolist())

    @cached_property
    def comments(self) -> Comments:
        return Comments(self.dataset, self.accounts)

    @cached_property
    def _usage(self) -> tuple[list[str], sparse.csr_matrix, np.ndarray]:
        """Words and hashtags, (pairs, words) of 0 and 1 for every pair of a person and an audience, and the
        audience of each pair."""
        comments = self.comments
        there = np.flatnonzero(comments.text_id >= 0)
        pair = comments.owner[there] * max(len(comments.authors), 1) + comments.author[there]
        pairs, at = np.unique(pair, return_inverse=True)
        vocabulary = comments.vocabulary()
        number = {
            word: n
            for n, word in enumerate(dict.fromkeys(word for text in vocabulary for word in sorted(text)))
        }
        sizes = np.array([len(text) for text in vocabulary], np.int64)
        flat = np.array([number[word] for text in vocabulary for word in text], np.int64)
        first = np.cumsum(sizes) - sizes
        text = comments.text_id[there]
        count = sizes[text] if len(text) else np.zeros(0, np.int64)
        inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        column = flat[np.repeat(first[text] if len(text) else count, count) + inside]
        rows = np.repeat(at, count)
        matrix = sparse.csr_matrix((np.ones(len(column)), (rows, column)), shape=(len(pairs), len(number)))
        matrix.data[:] = 1
        return list(number), matrix, pairs // max(len(comments.authors), 1)

    @cached_property
    def _concepts(self) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray] | None:
        """(people, rows of the concept Features) how often each person posted or commented on what, their
        ids, and the mean (d,)."""
        features = self.dataset.slots.get("concept")
        if features is None or not features.columns or features.level != "post":
            return None
        readers = self.dataset.accounts.filter(pc.equal(self.dataset.accounts["role"], "audience"))[
            "id"
        ].combine_chunks()
        own = self.dataset.posts.filter(pc.is_in(self.dataset.posts["account"], value_set=readers))
        who = [*self.comments.links["source"].to_pylist(), *own["account"].to_pylist()]
        row = features.rows_of([*self.comments.links["post"].to_pylist(), *own["id"].to_pylist()])
        used = np.flatnonzero(row >= 0)
        people, at = np.unique(np.array(who, dtype=object)[used], return_inverse=True)
        counts = sparse.csr_matrix((np.ones(len(used)), (at, row[used])), shape=(len(people), len(features)))
        if not len(people):
            return counts, people, np.zeros(len(features.columns))
        weight = np.asarray(
            (sparse.diags(1 / np.asarray(counts.sum(axis=1)).ravel()) @ counts).mean(axis=0)
        ).ravel()
        return counts, people, np.asarray(weight @ features.values, np.float64)

    # --- of one account -------------------------------------------------------------------------------------

    def _at(self, account: str) -> int:
        if account not in self.row:
            raise UnknownName("brand or influencer", account, known=self.row)
        return self.row[account]

    def _words(self, at: int) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        from scipy.stats import hypergeom

        words, usage, audience = self._usage
        mine = audience == at
        n, every = int(mine.sum()), len(audience)
        here = np.asarray(usage[mine].sum(axis=0)).ravel()
        total = np.asarray(usage.sum(axis=0)).ravel()
        empty = stop_words()
        tried = np.array([w for w in np.flatnonzero(here >= 2).tolist() if words[w] not in empty], np.int64)
        chance = hypergeom.sf(here[tried] - 1, every, total[tried], n) * (total >= 2).sum()
        sure = np.argsort(chance, kind="stable")
        found = [
            Word(words[w], int(here[w]), float(here[w] / n), float((total[w] - here[w]) / max(every - n, 1)))
            for w in tried[sure[chance[sure] < CHANCE]].tolist()
        ]
        tags = [word for word in found if word.word.startswith("#")]
        return tuple(word for word in found if not word.word.startswith("#"))[:MOST], tuple(tags[:MOST])

    def _languages(self, mine: np.ndarray, notes: list[str]) -> tuple[dict[str, int], int]:
        said: dict[int, list[str]] = {}
        texts = self.comments.links["text"].filter(pa.array(mine)).to_pylist()
        for author, text in zip(self.comments.author[mine].tolist(), texts, strict=True):
            said.setdefault(author, []).append(text or "")
        try:
            told = Counter(
                found
                for person in said.values()
                if (found := language(" ".join(person)[:2000])) not in (None, NONE)
            )
        except MissingExtra as error:
            notes.append(f"languages not told: {error.message} {error.hint}")
            return {}, 0
        return dict(sorted(told.items(), key=lambda item: (-item[1], item[0]))[:MOST]), sum(told.values())

    def _likes(self, at: int, notes: list[str]) -> tuple[tuple[Liked, ...], int | None]:
        from scipy.special import stdtr

        known = self._concepts
        if known is None:
            notes.append("What it likes is not told: concepts (concept.bag) have not been encoded.")
            return (), None
        counts, people, usual = known
        features = self.dataset.slots["concept"]
        members = np.array(
            [self.audiences.members[m] for m in self.audiences.matrix[at].indices], dtype=object
        )
        posts = self.dataset.posts.filter(pc.equal(self.dataset.posts["account"], self.accounts[at]))[
            "id"
        ].combine_chunks()
        own = features.rows_of(posts)
        elsewhere = np.ones(len(features))
        elsewhere[own[own >= 0]] = 0
        theirs = sparse.csr_matrix(
            counts[np.isin(people.astype(str), members.astype(str))] @ sparse.diags(elsewhere)
        )
        total = np.asarray(theirs.sum(axis=1)).ravel()
        theirs, total = theirs[total > 0], total[total > 0]
        n = len(total)
        if n < FEWEST_PEOPLE:
            return (), n
        each = np.asarray(sparse.diags(1 / total) @ theirs @ features.values, np.float64)  # (n, d)
        mean, error = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(n)
        t = np.divide(mean - usual, error, out=np.zeros(len(mean)), where=error > 0)
        sure = np.flatnonzero(stdtr(n - 1, -t) * len(t) < CHANCE)
        best = sure[np.argsort(usual[sure] - mean[sure], kind="stable")][:MOST]
        return tuple(Liked(features.columns[c], float(mean[c]), float(usual[c])) for c in best.tolist()), n

    def _shared(self, at: int) -> tuple[Shared, ...]:
        """Those who share most people; of equally many first whose audience is smaller."""
        matrix = self.audiences.matrix
        common = np.asarray((matrix @ matrix[at].T).todense()).ravel()
        size = np.asarray(matrix.sum(axis=1)).ravel()
        common[at] = 0
        best = np.lexsort((self.accounts.astype(str), size, -common))[:MOST]
        return tuple(self._overlap(at, int(b)) for b in best if common[b])

    def _overlap(self, at: int, other: int) -> Shared:
        found = self.audiences.overlap(self.accounts[at], self.accounts[other])
        told = share(np.array([found.common]), np.array([found.one]))
        return Shared(
            account=str(self.accounts[other]),
            common=found.common,
            share=float(told.value[0]),
            low=float(told.low[0]),
            high=float(told.high[0]),
            back=found.share_of_other,
        )

    def shared(self, account: str, other: str) -> Shared | None:
        """Who of the account's known audience is known in the other's too; None where one of them is not
        known."""
        at, beside = self._at(account), self._at(other)
        known = self.audiences.matrix[at].nnz and self.audiences.matrix[beside].nnz
        return self._overlap(at, beside) if known else None

    def _comparison(self, at: int, other: int, notes: list[str]) -> Comparison:
        one, two = str(self.accounts[at]), str(self.accounts[other])
        shared = self.shared(one, two)
        if other < len(self.dataset.influencers) <= at:  # what is put among influencers is the influencer
            one, two = two, one
        try:
            match = likeness(self.dataset, two)
        except UsageError as error:
            notes.append(f"match not told: {error.message} {error.hint}")
            return Comparison(other=str(self.accounts[other]), shared=shared, match=None, ahead=None, among=0)
        row = np.flatnonzero(self.dataset.influencers == one)
        if not len(row) or np.isnan(match[row[0]]):
            return Comparison(other=str(self.accounts[other]), shared=shared, match=None, ahead=None, among=0)
        return Comparison(
            other=str(self.accounts[other]),
            shared=shared,
            match=float(match[row[0]]),
            ahead=float(ahead(match)[row[0]]),
            among=int((~np.isnan(match)).sum()),
        )


def sentences(view: AudienceView) -> Sequence[str]:
    """The view in plain words."""
    share_ = (
        f", {_percent(view.share)} of {view.followers:,} followers"
        if view.share is not None and view.followers
        else ""
    )
    told = [
        f"Known of the audience of {view.account}: {_people_text(view.people)}{share_}; "
        f"{view.comment:,} comment ({view.comments:,} comments), {view.follow:,} follow."
    ]
    if view.words:
        told.append(
            f"Its people say more than others do: {', '.join(f'{w.word} ({w.people})' for w in view.words)}."
        )
    if view.hashtags:
        told.append(
            f"Hashtags that they use more: {', '.join(f'{w.word} ({w.people})' for w in view.hashtags)}."
        )
    if view.people and not view.words and not view.hashtags:
        told.append("No word is said by more of them than by other audiences beyond chance.")
    if view.languages:
        each = ", ".join(f"{name} {_percent(n / view.speakers)}" for name, n in view.languages.items())
        told.append(f"Languages, of {_people_text(view.speakers)} with enough text to tell: {each}.")
    if view.likes:
        each = ", ".join(
            f"{c.concept} ({_percent(c.share)}, everybody {_percent(c.others)})" for c in view.likes
        )
        told.append(
            f"Elsewhere its people post and comment on more than everybody ({view.elsewhere:,} people): "
            f"{each}."
        )
    elif view.people and view.elsewhere is not None:
        few = (
            "not enough to say what it likes"
            if view.elsewhere < FEWEST_PEOPLE
            else "nothing that they like beyond chance"
        )
        told.append(f"{_people_text(view.elsewhere).capitalize()} of it known elsewhere: {few}.")
    if view.comparison is not None:
        told += _shared_followers_lines(view, view.comparison)
    return told


def _shared_followers_lines(view: AudienceView, beside: Comparison) -> list[str]:
    if beside.shared is None:
        told = [f"Whether it shares people with {beside.other} is not known: one of the audiences is not."]
    else:
        both = beside.shared
        told = [
            f"{both.common:,} of its {view.people:,} known people are known to be in the audience of "
            f"{beside.other} too: "
            f"{_percent(both.share)} ({_percent(both.low)} to {_percent(both.high)}), and "
            f"{_percent(both.back)} of the other's. "
            "More may be, of whom it is not known."
        ]
    if beside.match is not None and beside.ahead is not None:
        told.append(
            f"What both audiences say is more alike than for {_percent(beside.ahead)} of "
            f"{beside.among - 1:,} other influencers."
        )
    return told


def _people_text(n: int) -> str:
    return "1 person" if n == 1 else f"{n:,} people"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.2g} %"
