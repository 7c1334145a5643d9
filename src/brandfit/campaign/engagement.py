"""What engagement a new post may expect (W-19): a line through what is known of past posts, with an interval
that was measured.

    log rate = own habit, followers, length and hashtags of the caption, advertisement or not, 32 axes of what
    it says and shows

The own habit is the mean log rate of the account's other posts, drawn to that of its size where it has few.
Ridge regression; the 80 % interval is of the errors on accounts that were not learned from, as wide as it
must be for accounts of which as many posts are known (``campaign.interval``), and so is the comparison with
the baseline, the own habit alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.campaign.interval import GROUPS, Errors, Interval, group_of, intervals
from brandfit.data.captions import disclosed, hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import rates
from brandfit.errors import UsageError
from brandfit.learning.engagement import unrounded

AXES = 32
FOLDS = 5
"""Parts of the accounts; there must be as many accounts at least."""
FEWEST = 50
"""Posts with a known rate that it is learned from."""
ENOUGH = 100
"""Accounts with a short history that a width is told from them alone; of fewer, the others' posts are hidden
to have more."""
DRAWN = 3.0
"""Posts that the habit of an account's size counts for, where it cannot be told."""
RIDGE = 10.0
OF_CAPTION = slice(2, 5)
"""Columns that the caption decides."""


@dataclass(frozen=True)
class Expected:
    """rate, low, high: (likes + comments) / followers, with an 80 % interval; habit: what the account's other
    posts have; posts: how many of these are known; interval: how wide it is for accounts with as many, and
    how often that held."""

    rate: float
    low: float
    high: float
    habit: float
    posts: int
    interval: Interval

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "interval": self.interval.to_dict()}


class Engagement:
    """Fitted on the posts of all influencers of a Dataset whose likes, comments and followers are known.

    gain       share of the baseline's mean absolute error (of log rates, accounts held out) that it takes
               away; not above 0: it is no better than the own habit, and then only says that
    intervals  of accounts with few and many known posts, in the order of ``campaign.interval.GROUPS``
    """

    def __init__(self, dataset: Dataset, slots: tuple[str, ...] = ("text", "picture"), seed: int = 0) -> None:
        self.dataset = dataset
        self.slots = [s for s in slots if s in dataset.slots and dataset.slots[s].level == "post"]
        posts, rate, followers = _known_posts(dataset)
        accounts = sorted(set(posts["account"]))
        if len(rate) < FEWEST or len(accounts) < FOLDS:
            raise UsageError(
                f"There are {len(rate)} posts with known likes, comments and followers, of {len(accounts)} "
                f"accounts, to learn engagement from; {FEWEST} posts of {FOLDS} accounts are needed.",
                "Import likes and comments of posts and followers of accounts.",
            )
        past = _Past(
            np.unique(np.asarray(posts["account"]), return_inverse=True)[1], np.log(rate), np.log(followers)
        )
        self._axes = {slot: _axes(dataset, slot, posts["id"]) for slot in self.slots}
        parts = {slot: self._axes[slot].of(dataset, slot, posts["id"]) for slot in self.slots}
        x = _columns(
            posts["caption"], posts["disclosed"], habit=np.zeros(len(rate)), size=followers, parts=parts
        )
        self.posts = len(rate)
        self.gain, self.intervals = _measured(past, x, seed)
        self._law = _fitted(past, x, np.ones(len(rate), bool))
        self._past = {id: past.y[past.owner == n] for n, id in enumerate(accounts)}

    @property
    def useful(self) -> bool:
        return self.gain > 0

    def expected(
        self, account: str, caption: str | None, rows: Mapping[str, np.ndarray] | None = None
    ) -> Expected:
        """Of a new post of this account with this caption; ``rows``: slot to (d,), what encoders make of it.

        Raises UsageError where its followers are not known.
        """
        size = self.dataset.account_values("followers", [account])[0]
        if size is None or np.isnan(size) or size <= 0:
            raise UsageError(
                f"The followers of {account} are not known.", "Import them: accounts.csv, column followers."
            )
        own = self._past.get(account, np.zeros(0))
        interval = self.intervals[int(group_of(len(own)))]
        habit = self._law.habit(own.sum(), len(own), np.log(float(size)))
        told = float(habit)
        if self.useful:
            marks = disclosed(caption, hashtags(caption or ""))
            parts = {slot: self._axes[slot].coordinates((rows or {}).get(slot)) for slot in self.slots}
            row = _columns(
                [caption], [marks], habit=np.array([habit]), size=np.array([float(size)]), parts=parts
            )
            if (
                caption is None
            ):  # of a caption that is not written yet nothing is known: as in the middle post
                row[:, OF_CAPTION] = self._law.line[0][OF_CAPTION]
            told = float(_predict(self._law.line, row)[0])
        rate, low, high, usual = (
            float(np.exp(v)) for v in (told, told - interval.width, told + interval.width, habit)
        )
        return Expected(rate=rate, low=low, high=high, habit=usual, posts=len(own), interval=interval)


@dataclass(frozen=True)
class _Past:
    """Of p posts: the number of their account, their log rates and log followers."""

    owner: np.ndarray
    y: np.ndarray
    size: np.ndarray

    @property
    def others(self) -> np.ndarray:
        """(p,) how many other posts its account has."""
        return np.asarray(np.bincount(self.owner)[self.owner] - 1)

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """(p,) sum of the log rates of the other posts of its account, and their number."""
        return np.bincount(self.owner, self.y)[self.owner] - self.y, self.others

    def leave_one_out_sampled(self, most: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The same of ``most`` (p,) of them, drawn at random: what would be known were the others hidden."""
        n = len(self.y)
        order = np.lexsort((seeds.generator(seed, "hidden posts").permutation(n), self.owner))
        first, count = np.searchsorted(self.owner[order], self.owner), self.others + 1
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        most = np.minimum(most, self.others)
        total = np.zeros(n)
        for step in range(
            1, int(most.max(initial=0)) + 1
        ):  # those that follow it in this order, round the end
            other = order[first + (place - first + step) % count]
            total += np.where(step <= most, self.y[other], 0.0)
        return total, most


@dataclass(frozen=True)
class _Law:
    """size: the line of log rates by log followers; drawn: posts that it counts for in a habit; line: the
    ridge regression."""

    size: np.ndarray
    drawn: float
    line: tuple[np.ndarray, np.ndarray, np.ndarray, float]

    def habit(self, total: Any, count: Any, size: Any) -> Any:
        """Mean of ``count`` log rates with this total, drawn to what is usual for this log of followers."""
        return (total + self.drawn * np.polyval(self.size, size)) / (count + self.drawn)


def _fitted(past: _Past, x: np.ndarray, one: np.ndarray) -> _Law:
    """On the posts ``one`` (p,) bool, whole accounts; the first column of x is where habits belong."""
    size = np.polyfit(past.size[one], past.y[one], 1)
    drawn = _prior_weight(
        np.unique(past.owner[one], return_inverse=True)[1], past.y[one] - np.polyval(size, past.size[one])
    )
    law = _Law(size, drawn, (np.zeros(0), np.zeros(0), np.zeros(0), 0.0))
    total, count = past.leave_one_out()
    rows = _with_habit(x[one], law.habit(total[one], count[one], past.size[one]))
    return _Law(size, drawn, _ridge(rows, past.y[one]))


def _measured(past: _Past, x: np.ndarray, seed: int) -> tuple[float, list[Interval]]:
    """The gain over the own habit, and the intervals, of accounts that were not learned from."""
    fold = seeds.generator(seed, "engagement").permutation(int(past.owner.max()) + 1)[past.owner] % FOLDS
    laws = [_fitted(past, x, fold != number) for number in range(FOLDS)]

    def errors(total: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(p,) each, of posts with such a history: of the line, and of the habit alone."""
        line, alone = np.empty(len(x)), np.empty(len(x))
        for number, law in enumerate(laws):
            other = fold == number
            habit = law.habit(total[other], count[other], past.size[other])
            line[other], alone[other] = (
                past.y[other] - _predict(law.line, _with_habit(x[other], habit)),
                past.y[other] - habit,
            )
        return line, alone

    line, alone = errors(*past.leave_one_out())
    gain = float(1 - np.abs(line).mean() / np.abs(alone).mean())
    useful = gain > 0
    whole, group = line if useful else alone, group_of(past.others)
    found = []
    for number, (low, high) in enumerate(GROUPS):
        own = group == number
        error, used = whole, own
        if len(np.unique(past.owner[own])) < ENOUGH and high is not None:
            most = seeds.generator(seed, "history", str(low)).integers(low, high + 1, len(x))
            told = errors(*past.leave_one_out_sampled(most, seed))[0 if useful else 1]
            error, used = np.where(own, whole, told), past.others >= low
        found.append(Errors(error[used], past.owner[used], fold[used], ~own[used]))
    return gain, intervals(found)


def _with_habit(x: np.ndarray, habit: np.ndarray) -> np.ndarray:
    return np.column_stack([habit, x[:, 1:]])


def _prior_weight(owner: np.ndarray, y: np.ndarray) -> float:
    """How many posts the prior is worth: variance inside accounts over that between them (empirical
    Bayes)."""
    count = np.bincount(owner)
    mean = np.bincount(owner, y) / count
    free = len(y) - len(count)
    if free < FEWEST:
        return DRAWN
    inside = float(((y - mean[owner]) ** 2).sum() / free)
    between = float(mean.var() - inside * (1 / count).mean())
    return float(np.clip(inside / max(between, 1e-9), 0.1, 100.0))


@dataclass(frozen=True)
class _Axes:
    mean: np.ndarray
    axes: np.ndarray

    def of(self, dataset: Dataset, slot: str, ids: list[str]) -> np.ndarray:
        values, there = dataset.slots[slot].values_of(np.array(ids, dtype=object))
        return np.where(there[:, None], (values - self.mean) @ self.axes, 0.0)

    def coordinates(self, row: np.ndarray | None) -> np.ndarray:
        return np.zeros((1, self.axes.shape[1])) if row is None else (row[None] - self.mean) @ self.axes


def _axes(dataset: Dataset, slot: str, ids: list[str]) -> _Axes:
    from sklearn.utils.extmath import randomized_svd

    values, there = dataset.slots[slot].values_of(np.array(ids, dtype=object))
    rows = values[there].astype(np.float64)
    if len(rows) < 2:
        return _Axes(np.zeros(values.shape[1]), np.zeros((values.shape[1], 1)))
    mean = rows.mean(axis=0)
    *_, found = randomized_svd(rows - mean, min(AXES, *rows.shape), random_state=0)
    return _Axes(mean, found.T)


def _known_posts(dataset: Dataset) -> tuple[dict[str, list], np.ndarray, np.ndarray]:
    """Posts of influencers with a known rate above 0, which has a logarithm: their columns, rates and
    followers."""
    posts = dataset.posts
    rate = rates(dataset, posts)  # (p,)
    is_influencers = pc.is_in(
        posts["account"], value_set=pa.array(dataset.influencers, pa.string())
    ).to_numpy()
    kept = np.flatnonzero((rate > 0) & is_influencers)
    table = posts.take(kept)
    followers = dataset.account_values("followers", table["account"].combine_chunks()).astype(np.float64)
    told = {name: table[name].to_pylist() for name in ("id", "account", "caption", "disclosed")}
    return told, rate[kept], followers


def _columns(
    captions: list[str | None],
    ads: list[bool | None],
    *,
    habit: np.ndarray,
    size: np.ndarray,
    parts: Mapping[str, np.ndarray],
) -> np.ndarray:
    length = np.log1p([len(c or "") for c in captions])
    tags = np.log1p([(c or "").count("#") for c in captions])
    marked = np.array([float(bool(a)) for a in ads])
    return np.column_stack(
        [habit, np.log(size), length, tags, marked, *(parts[slot] for slot in sorted(parts))]
    )


def _ridge(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    scale = unrounded(mean, deviation)
    z = (x - mean) / scale
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return mean, scale, weights, float(y.mean())


def _predict(model: tuple[np.ndarray, np.ndarray, np.ndarray, float], x: np.ndarray) -> np.ndarray:
    mean, scale, weights, middle = model
    return np.asarray((x - mean) / scale @ weights + middle)
