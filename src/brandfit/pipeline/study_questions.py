"""The questions of a study: the accounts that they are about, and their wrong options (C-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.redaction import Redactor, plain
from brandfit.errors import UsageError
from brandfit.explain import radar as radars
from brandfit.explain.explanation import Radar
from brandfit.pipeline.brands import brands_for
from brandfit.pipeline.datasets import described
from brandfit.pipeline.ranking import rank
from brandfit.rankers.base import Ranker
from brandfit.report.album import Album
from brandfit.report.cards import profile_of
from brandfit.report.content import Profile
from brandfit.report.gather import topics
from brandfit.report.words import count
from brandfit.study.questionnaire import LETTERS, Option, Question
from brandfit.workspace import Workspace

CONCEPTS = 10
"""Concepts of a chart: the ten heaviest, as in the paper."""
FEWEST_AXES = 3
"""A radar with fewer axes has no area."""
SHOTS = 3
"""Pictures of a profile."""
N_OPTIONS = len(LETTERS)


class QuestionMaker:
    """Chooses accounts and charts. All random choices come from one generator."""

    def __init__(
        self,
        workspace: Workspace,
        model: Ranker,
        *,
        dataset: Dataset,
        ranker: str,
        data: Mapping[str, Any] | None,
        followers: str | None,
        seed: int,
    ) -> None:
        self.workspace, self.model, self.dataset = workspace, model, dataset
        self.ranker, self.data, self.followers = ranker, data, followers
        self.rng = np.random.default_rng(seed)
        self._chart_by_account: dict[str, Radar | None] = {}
        self._category_by_account: dict[str, str | None] = {}
        accounts = [*dataset.brands.tolist(), *dataset.influencers.tolist()]
        self._handles = frozenset(map(plain, accounts))
        for account, row in zip(accounts, described(dataset, accounts), strict=True):
            self._category_by_account[account] = row["category"]

    # --- task 1: which chart belongs to the account? --------------------------------------------------------

    def chart_questions(self, n_questions: int) -> list[Question]:
        """Questions of task 1: one wrong option of the category of the account, two of other categories."""
        return self._numbered(self._chart_questions(), task=1, n_questions=n_questions)

    def _chart_questions(self) -> Iterator[Question]:
        with_category = [account for account, category in self._category_by_account.items() if category]
        order = self._shuffled(with_category)
        # Accounts of all categories in turn, so that a category with many accounts does not fill the study.
        for account in _in_turn(order, self._category_by_account):
            chart = self._chart(account)
            if chart is None:
                continue
            charts = self._wrong_charts(account, chart, candidates=self._shuffled(with_category))
            if charts is None:
                continue
            options = [Option(account, chart)]
            options += [Option(other, other_chart) for other, other_chart in charts.items()]
            yield self._question(1, account, options=options)

    def _wrong_charts(
        self, account: str, chart: Radar, *, candidates: Sequence[str]
    ) -> dict[str, Radar] | None:
        """One account of the same category and two of others, with charts that differ; None if there are too
        few."""
        category = self._category_by_account[account]
        charts: dict[str, Radar] = {}
        n_same, used = 0, [chart]
        for other in candidates:
            is_same = self._category_by_account[other] == category
            # One of the same category, the remaining two of others.
            if other == account or (n_same == 1 if is_same else len(charts) - n_same == N_OPTIONS - 2):
                continue
            other_chart = self._chart(other)
            if other_chart is None or any(_equal(other_chart, one) for one in used):
                continue
            charts[other] = other_chart
            used.append(other_chart)
            n_same += is_same
            if len(charts) == N_OPTIONS - 1:
                return charts
        return None

    # --- task 2: which candidate suits the account? ---------------------------------------------------------

    def partner_questions(self, n_questions: int) -> list[Question]:
        """Questions of task 2: in turn a brand that looks for an influencer, and an influencer that looks
        for a brand. The options are the first of the ranking and those after one third, two thirds, and
        last."""
        questions = _alternating(self._influencer_questions(), self._brand_questions())
        return self._numbered(questions, task=2, n_questions=n_questions)

    def _influencer_questions(self) -> Iterator[Question]:
        for brand in self._shuffled(self.dataset.brands.tolist()):
            try:
                ranking = rank(
                    self.workspace, brand, ranker=self.ranker, data=self.data, followers=self.followers
                )
            except UsageError:
                continue  # a brand without evidence has no right answer
            # An influencer that shares the first place has no wrong options.
            scores = ranking.scores
            if len(scores) < N_OPTIONS or not np.isfinite(scores[0]) or scores[0] == scores[1]:
                continue
            pairs = [(brand, influencer) for influencer in ranking.candidates.tolist()]
            options = self._partner_options(pairs, side="influencer")
            if options is not None:
                question = self._question(2, brand, options=options)
                yield replace(question, chart=self._chart(brand), option_role="influencer")

    def _brand_questions(self) -> Iterator[Question]:
        for influencer in self._shuffled(self.dataset.influencers.tolist()):
            if self._chart(influencer) is None:
                continue
            try:
                suiting = brands_for(
                    self.workspace,
                    influencer,
                    ranker=self.ranker,
                    data=self.data,
                    followers=self.followers,
                )
            except UsageError:
                continue
            brands = suiting.brands
            if len(brands) < N_OPTIONS or _place(brands[0]) == _place(brands[1]):
                continue
            pairs = [(row.brand, influencer) for row in brands]
            options = self._partner_options(pairs, side="brand")
            if options is not None:
                question = self._question(2, influencer, options=options)
                yield replace(question, chart=self._chart(influencer), option_role="brand")

    def _partner_options(self, pairs: Sequence[tuple[str, str]], *, side: str) -> list[Option] | None:
        """Options from (brand, influencer) pairs in the order of a ranking; None if charts are missing.

        side  "brand" or "influencer": which account of a pair is the option
        """
        n_pairs = len(pairs)
        options: list[Option] = []
        for part in range(N_OPTIONS):
            # The first, and then the next with a chart from one third, two thirds and the end upwards.
            start = round(part * (n_pairs - 1) / (N_OPTIONS - 1))
            last = 0 if part == 0 else round((part - 1) * (n_pairs - 1) / (N_OPTIONS - 1)) + 1
            for position in range(start, last - 1, -1):
                brand, influencer = pairs[position]
                chart = self._direction(brand, influencer, side=side)
                if chart is not None and not any(_equal(chart, option.chart) for option in options):
                    account = brand if side == "brand" else influencer
                    options.append(Option(account, chart, rank=position + 1))
                    break
            else:
                return None
        profiles = self._profiles([option.account for option in options])
        return [replace(option, profile=profile) for option, profile in zip(options, profiles, strict=True)]

    # --- charts and profiles --------------------------------------------------------------------------------

    def _chart(self, account: str) -> Radar | None:
        """The ten heaviest concepts of an account that has posts; None without enough of them."""
        if account not in self._chart_by_account:
            self._chart_by_account[account] = self._new_chart(account)
        return self._chart_by_account[account]

    def _new_chart(self, account: str) -> Radar | None:
        # A brand that is represented by its partners has no activity of its own.
        if self.dataset.representation.get(account, "posts") != "posts":
            return None
        share_by_concept = topics(self.dataset, account, CONCEPTS)
        if len(share_by_concept) < FEWEST_AXES:
            return None
        axes = tuple(sorted(share_by_concept))
        values = np.array([share_by_concept[axis] for axis in axes])
        return Radar(axes, {"account": values}, self.dataset.slots["concept"].name)

    def _direction(self, brand: str, influencer: str, *, side: str) -> Radar | None:
        """The marketing direction of one side of a pair towards the other; None without concepts.

        Only CAMERA has a direction of each side (Eq. 7). With another ranker it is what both sides share.
        """
        attention = self.model.attention(self.dataset, brand, influencer)
        pair = radars.radar(self.dataset, "concept", brand=brand, influencer=influencer, attention=attention)
        if pair is None:
            return None
        name = f"{radars.DIRECTION}: {side if attention is not None else 'both'}"
        values = np.asarray(pair.series[name])
        is_positive = values > 0
        if is_positive.sum() < FEWEST_AXES:
            return None
        axes = tuple(axis for axis, keep in zip(pair.axes, is_positive, strict=True) if keep)
        return Radar(axes, {"direction": values[is_positive]}, pair.source)

    def _profiles(self, accounts: Sequence[str]) -> list[Profile]:
        """What a participant sees of accounts: no handle of any account, and no name of one of these, because
        they would identify the accounts. A mark replaces them in biographies, captions and descriptions of
        pictures, which screen readers read aloud."""
        rows = [self.dataset.account(account) for account in accounts]
        anonymous = self._without_names(rows)
        album = Album(self.dataset, accounts, anonymous=anonymous)
        profiles = []
        for account, row in zip(accounts, rows, strict=True):
            row["biography"] = anonymous(row["biography"] or "")
            captions = [post["caption"] for post in album.posts[account] if post["caption"]]
            words_by_label = {
                "Category": row["category"] or "",
                "Followers": count(row["followers"]) if row["followers"] is not None else "",
                "Newest post": captions[0] if captions else "",
            }
            shots = album.newest(account, SHOTS)
            profile = profile_of(row, words_by_label, shots=shots, shots_name="newest posts")
            profiles.append(replace(profile, id="", name=""))
        return profiles

    def _without_names(self, rows: Sequence[Mapping[str, Any]]) -> Callable[[str], str]:
        """A function that replaces handles of all accounts, and the names of these, in a text."""
        names = [name for row in rows for name in (row["id"], row["name"]) if name]
        shown = set(map(plain, names))
        redactor = Redactor(lambda word: word in self._handles or word in shown, names)
        return lambda text: redactor.text(text) or ""

    def _question(self, task: int, account: str, *, options: Sequence[Option]) -> Question:
        """A question with its options, of which the first is right, in random order."""
        order = self.rng.permutation(len(options))
        letter = LETTERS[int(np.flatnonzero(order == 0)[0])]
        (profile,) = self._profiles([account])
        # The id is given later, when it is known which questions are used.
        return Question(
            id="",
            task=task,
            account=account,
            profile=profile,
            options=tuple(options[n] for n in order),
            answer=letter,
        )

    def _shuffled(self, accounts: Sequence[str]) -> list[str]:
        return [accounts[n] for n in self.rng.permutation(len(accounts))]

    def _numbered(self, questions: Iterable[Question], *, task: int, n_questions: int) -> list[Question]:
        """The first questions, with their ids."""
        numbered = []
        for number, question in enumerate(islice(questions, n_questions), 1):
            numbered.append(replace(question, id=f"{task}-{number:02d}"))
        return numbered


def _equal(first: Radar, second: Radar) -> bool:
    """Whether two charts look the same."""
    if first.axes != second.axes:
        return False
    values = [np.concatenate(list(one.series.values())) for one in (first, second)]
    return bool(np.allclose(values[0], values[1], atol=0.005))


def _place(row: Any) -> tuple[Any, ...]:
    """What the brands of an influencer are ordered by; equal for brands that share a place."""
    return (row.probability, None if row.probability is not None else row.candidate_rank)


def _in_turn(accounts: Sequence[str], category_by_account: Mapping[str, str | None]) -> list[str]:
    """Accounts in rounds, one of each category in a round."""
    members: dict[str | None, list[str]] = {}
    for account in accounts:
        members.setdefault(category_by_account[account], []).append(account)
    longest = max(map(len, members.values()), default=0)
    rounds = []
    for number in range(longest):
        rounds += [group[number] for group in members.values() if number < len(group)]
    return rounds


def _alternating(first: Iterator[Question], second: Iterator[Question]) -> Iterator[Question]:
    """One of each in turn; the rest of the longer one after the shorter one has ended."""
    sources = [first, second]
    while sources:
        source = sources.pop(0)
        question = next(source, None)
        if question is not None:
            sources.append(source)
            yield question
