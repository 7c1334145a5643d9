"""Expected engagement of a new post (W-19): a linear model fitted on past posts, with a measured interval.

    log rate = own habit, followers, length and hashtags of the caption, advertisement or not, 32 axes of the
               caption and of the picture

The own habit is the mean log rate of the account's other posts, shrunk to the usual one for its size if there
are few. Ridge regression. The 80 % interval comes from errors on held-out accounts, with a width for accounts
with about as many known posts (``campaign.interval``). The comparison with the baseline, the own habit alone,
comes from the same errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

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
"""Folds of the accounts; there must be at least as many accounts."""
FEWEST = 50
"""Posts with a known rate that fitting needs."""
ENOUGH = 100
"""Accounts with a short history that are enough to measure its width on. With fewer, posts of other accounts
are hidden to get more."""
DRAWN = 3.0
"""Posts that the usual habit for a size counts for, if the data are too few to estimate it."""
RIDGE = 10.0
PARTS = ("own habit", "followers", "caption length", "hashtags", "advertisement")
"""Columns before the axes of the slots, as parts of an expected rate."""
OF_CAPTION = slice(2, 5)
"""Columns of the caption: length, hashtags, advertisement."""


@dataclass(frozen=True)
class Expected:
    """Expected engagement of a post.

    rate, low, high  (likes + comments) / followers, with an 80 % interval
    habit            rate expected from the account's other posts alone
    posts            number of these posts with a known rate
    interval         width and measured coverage of the interval
    factors          part of the post or of the account to the factor by which it changes the rate: ``usual``
                     times all of them is the rate. Empty if the habit alone is predicted.
    usual            rate of a post that is average in all parts (geometric mean over the fitted posts)
    """

    rate: float
    low: float
    high: float
    habit: float
    posts: int
    interval: Interval
    factors: Mapping[str, float] = field(default_factory=dict)
    usual: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "interval": self.interval.to_dict()}


class KnownPosts(NamedTuple):
    """Posts of influencers with a known rate above 0 (p,): columns by name, rates (p,) and followers (p,)."""

    columns: dict[str, list]
    rate: np.ndarray
    followers: np.ndarray


class History(NamedTuple):
    """Known other posts of the account of each post: the sum of their log rates (p,), and their number
    (p,)."""

    total: np.ndarray
    n_posts: np.ndarray


class HeldOutErrors(NamedTuple):
    """(p,) errors of the model, and of the habit alone."""

    model: np.ndarray
    habit: np.ndarray


class Engagement:
    """The model, fitted on posts of influencers of a Dataset with known likes, comments and followers.

    gain       share of the baseline's mean absolute error (of log rates on held-out accounts) that the model
               removes. If it is not above 0, the habit alone is predicted.
    intervals  of accounts with few and many known posts, in the order of ``campaign.interval.GROUPS``
    posts      number of posts that the model was fitted on
    """

    def __init__(self, dataset: Dataset, slots: tuple[str, ...] = ("text", "picture"), seed: int = 0) -> None:
        self.dataset = dataset
        self.slots = [s for s in slots if s in dataset.slots and dataset.slots[s].level == "post"]
        known_posts = _known_posts(dataset)
        ids, owners = known_posts.columns["id"], known_posts.columns["account"]
        accounts = sorted(set(owners))
        self.posts = len(known_posts.rate)
        if self.posts < FEWEST or len(accounts) < FOLDS:
            raise UsageError(
                f"There are {self.posts} posts with known likes, comments and followers, of {len(accounts)} "
                f"accounts, to learn engagement from; {FEWEST} posts of {FOLDS} accounts are needed.",
                "Import likes and comments of posts and followers of accounts.",
            )
        owner = np.unique(np.asarray(owners), return_inverse=True)[1]  # (p,) rows of ``accounts``
        # Logarithms make rates of small and large accounts comparable.
        past = _Past(owner, np.log(known_posts.rate), np.log(known_posts.followers))
        self._axes = {slot: _fit_axes(dataset, slot, ids) for slot in self.slots}
        coordinates = {
            slot: axes.coordinates_of_posts(dataset, slot, ids) for slot, axes in self._axes.items()
        }
        # (p, n_columns); the column of habits is filled with those of each history
        x = _design(
            known_posts.columns["caption"],
            known_posts.columns["disclosed"],
            habit=np.zeros(self.posts),
            followers=known_posts.followers,
            coordinates=coordinates,
        )
        self.gain, self.intervals = _measured(past, x, seed)
        self._model = _fitted(past, x, np.ones(self.posts, bool))
        self._log_rates_by_account = {id: past.y[past.owner == n] for n, id in enumerate(accounts)}

    @property
    def useful(self) -> bool:
        return self.gain > 0

    def expected(
        self, account: str, caption: str | None, *, rows: Mapping[str, np.ndarray] | None = None
    ) -> Expected:
        """Expected engagement of a new post of this account.

        caption  None if it is not written yet
        rows     slot to (d,) Features of the post

        Raises UsageError if the number of followers is unknown.
        """
        # Without followers there is no rate.
        followers = self.dataset.account_values("followers", [account])[0]
        if followers is None or np.isnan(followers) or followers <= 0:
            raise UsageError(
                f"The followers of {account} are not known.", "Import them: accounts.csv, column followers."
            )
        followers = float(followers)
        own = self._log_rates_by_account.get(account, np.zeros(0))
        interval = self.intervals[int(group_of(len(own)))]
        habit = float(self._model.habit(own.sum(), len(own), np.log(followers)))
        log_rate = habit
        factors: dict[str, float] = {}
        if self.useful:
            x = self._columns(caption, rows or {}, habit=habit, followers=followers)
            log_rate = float(self._model.ridge.predict(x)[0])
            factors = self._factors(x)
        return Expected(
            rate=float(np.exp(log_rate)),
            low=float(np.exp(log_rate - interval.width)),
            high=float(np.exp(log_rate + interval.width)),
            habit=float(np.exp(habit)),
            posts=len(own),
            interval=interval,
            factors=factors,
            usual=float(np.exp(self._model.ridge.intercept)) if factors else None,
        )

    def _factors(self, x: np.ndarray) -> dict[str, float]:
        """Part of a post with the columns x (1, c) to its factor on the rate.

        The model is linear in log rates, so its terms are what each part adds, and the factors multiply to
        the rate over the usual one (W-19).
        """
        terms = self._model.ridge.terms(x)[0]  # (c,)
        log_factors = dict(zip(PARTS, terms[: len(PARTS)].tolist(), strict=True))
        # After the parts come the axes of each slot, in the order of ``_design``.
        start = len(PARTS)
        for slot in sorted(self._axes):
            end = start + self._axes[slot].axes.shape[1]
            log_factors[slot] = float(terms[start:end].sum())
            start = end
        return {name: float(np.exp(term)) for name, term in log_factors.items()}

    def _columns(
        self, caption: str | None, rows: Mapping[str, np.ndarray], *, habit: float, followers: float
    ) -> np.ndarray:
        """(1, c) columns of the regression for one post."""
        is_ad = disclosed(caption, hashtags(caption or ""))
        x = _design(
            [caption],
            [is_ad],
            habit=np.array([habit]),
            followers=np.array([followers]),
            coordinates={slot: axes.coordinates(rows.get(slot)) for slot, axes in self._axes.items()},
        )
        if caption is None:
            # The mean of all posts has no effect on the prediction.
            x[:, OF_CAPTION] = self._model.ridge.mean[OF_CAPTION]
        return x


# --- the past of accounts -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Past:
    """Of p posts: the number of their account, their log rates, and log followers of the account."""

    owner: np.ndarray
    y: np.ndarray
    size: np.ndarray

    @property
    def others(self) -> np.ndarray:
        """(p,) number of other posts of the account."""
        return np.asarray(np.bincount(self.owner)[self.owner] - 1)

    def leave_one_out(self) -> History:
        """All other posts of the account of each post."""
        return History(np.bincount(self.owner, self.y)[self.owner] - self.y, self.others)

    def leave_one_out_sampled(self, most: np.ndarray, seed: int) -> History:
        """A random sample of ``most`` (p,) of the other posts: the history if the others were hidden."""
        n = len(self.y)
        # Posts in random order within their account; a post's sample is the next ones, cyclically.
        order = np.lexsort((seeds.generator(seed, "hidden posts").permutation(n), self.owner))
        first, count = np.searchsorted(self.owner[order], self.owner), self.others + 1
        position = np.empty(n, np.int64)
        position[order] = np.arange(n)
        most = np.minimum(most, self.others)
        total = np.zeros(n)
        for step in range(1, int(most.max(initial=0)) + 1):
            other = order[first + (position - first + step) % count]
            total += np.where(step <= most, self.y[other], 0.0)
        return History(total, most)


def _known_posts(dataset: Dataset) -> KnownPosts:
    """Posts with a rate above 0, since the model needs its logarithm."""
    posts = dataset.posts
    rate = rates(dataset, posts)  # (n_posts,)
    ids = pa.array(dataset.influencers, pa.string())
    is_influencers = pc.is_in(posts["account"], value_set=ids).to_numpy()
    rows = np.flatnonzero((rate > 0) & is_influencers)
    table = posts.take(rows)
    followers = dataset.account_values("followers", table["account"].combine_chunks()).astype(np.float64)
    columns = {name: table[name].to_pylist() for name in ("id", "account", "caption", "disclosed")}
    return KnownPosts(columns, rate[rows], followers)


# --- the model ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ridge:
    """Ridge regression on standardised columns: mean (c,), scale (c,) and weights (c,), and the intercept."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray) -> _Ridge:
        mean, deviation = x.mean(axis=0), x.std(axis=0)
        scale = unrounded(mean, deviation)
        z = (x - mean) / scale
        weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
        return cls(mean, scale, weights, float(y.mean()))

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray((x - self.mean) / self.scale @ self.weights + self.intercept)

    def terms(self, x: np.ndarray) -> np.ndarray:
        """(p, c) what each column adds to the prediction; the intercept is not in them."""
        return np.asarray((x - self.mean) / self.scale * self.weights)


NO_RIDGE = _Ridge(np.zeros(0), np.zeros(0), np.zeros(0), 0.0)


@dataclass(frozen=True)
class _Model:
    """The habit of an account, and the regression.

    size_line     coefficients of the line of log rates by log followers
    prior_weight  posts that this line counts for in a habit
    """

    size_line: np.ndarray
    prior_weight: float
    ridge: _Ridge = NO_RIDGE

    def habit(self, total: Any, count: Any, size: Any) -> Any:
        """Mean of ``count`` log rates with this total, shrunk to the usual one for the log followers
        ``size``."""
        usual = np.polyval(self.size_line, size)
        return (total + self.prior_weight * usual) / (count + self.prior_weight)


def _fitted(past: _Past, x: np.ndarray, is_used: np.ndarray) -> _Model:
    """The model fitted on the posts ``is_used`` (p,) bool, which are all posts of some accounts. The first
    column of x (p, c) is that of habits."""
    # Rates fall with size: the prior of a habit is the usual rate for the size.
    size_line = np.polyfit(past.size[is_used], past.y[is_used], 1)
    owner = np.unique(past.owner[is_used], return_inverse=True)[1]
    residual = past.y[is_used] - np.polyval(size_line, past.size[is_used])
    model = _Model(size_line, _prior_weight(owner, residual))
    total, count = past.leave_one_out()
    habit = model.habit(total[is_used], count[is_used], past.size[is_used])
    return replace(model, ridge=_Ridge.fit(_with_habit(x[is_used], habit), past.y[is_used]))


def _prior_weight(owner: np.ndarray, y: np.ndarray) -> float:
    """Number of posts that the prior of a habit counts for: variance within accounts over variance between
    accounts (empirical Bayes)."""
    count = np.bincount(owner)
    mean = np.bincount(owner, y) / count
    freedom = len(y) - len(count)
    if freedom < FEWEST:
        return DRAWN
    within = float(((y - mean[owner]) ** 2).sum() / freedom)
    # Means of few posts vary by chance, too: that part is subtracted.
    between = float(mean.var() - within * (1 / count).mean())
    return float(np.clip(within / max(between, 1e-9), 0.1, 100.0))


def _with_habit(x: np.ndarray, habit: np.ndarray) -> np.ndarray:
    return np.column_stack([habit, x[:, 1:]])


def _measured(past: _Past, x: np.ndarray, seed: int) -> tuple[float, list[Interval]]:
    """The gain over the own habit, and the intervals, from held-out accounts."""
    n_accounts = int(past.owner.max()) + 1
    fold = seeds.generator(seed, "engagement").permutation(n_accounts)[past.owner] % FOLDS  # (p,)
    models = [_fitted(past, x, fold != number) for number in range(FOLDS)]
    errors = _held_out_errors(past, x, fold=fold, models=models, history=past.leave_one_out())
    gain = float(1 - np.abs(errors.model).mean() / np.abs(errors.habit).mean())
    is_useful = gain > 0
    actual = errors.model if is_useful else errors.habit
    group = group_of(past.others)
    errors_by_group = []
    for number, (low, high) in enumerate(GROUPS):
        in_group = group == number
        error, is_used = actual, in_group
        if len(np.unique(past.owner[in_group])) < ENOUGH and high is not None:
            # Too few accounts have so short a history: posts of the others are hidden.
            n_known = seeds.generator(seed, "history", str(low)).integers(low, high + 1, len(x))
            history = past.leave_one_out_sampled(n_known, seed)
            hidden = _held_out_errors(past, x, fold=fold, models=models, history=history)
            error = np.where(in_group, actual, hidden.model if is_useful else hidden.habit)
            is_used = past.others >= low
        errors_by_group.append(
            Errors(
                error=error[is_used],
                account=past.owner[is_used],
                fold=fold[is_used],
                hidden=~in_group[is_used],
            )
        )
    return gain, intervals(errors_by_group)


def _held_out_errors(
    past: _Past, x: np.ndarray, *, fold: np.ndarray, models: Sequence[_Model], history: History
) -> HeldOutErrors:
    """Errors on each post with such a history, by the model that did not see its account."""
    of_model, of_habit = np.empty(len(x)), np.empty(len(x))
    for number, model in enumerate(models):
        is_tested = fold == number
        habit = model.habit(history.total[is_tested], history.n_posts[is_tested], past.size[is_tested])
        y = past.y[is_tested]
        of_model[is_tested] = y - model.ridge.predict(_with_habit(x[is_tested], habit))
        of_habit[is_tested] = y - habit
    return HeldOutErrors(of_model, of_habit)


# --- columns ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Axes:
    """Principal axes of the Features of a slot: mean (d,) and axes (d, k)."""

    mean: np.ndarray
    axes: np.ndarray

    def coordinates_of_posts(self, dataset: Dataset, slot: str, ids: Sequence[str]) -> np.ndarray:
        """(p, k) of posts; 0 for a post without the feature."""
        values, has_feature = dataset.slots[slot].values_of(np.array(ids, dtype=object))
        return np.where(has_feature[:, None], (values - self.mean) @ self.axes, 0.0)

    def coordinates(self, row: np.ndarray | None) -> np.ndarray:
        """(1, k) of Features (d,); 0 without them."""
        return np.zeros((1, self.axes.shape[1])) if row is None else (row[None] - self.mean) @ self.axes


def _fit_axes(dataset: Dataset, slot: str, ids: Sequence[str]) -> _Axes:
    from sklearn.utils.extmath import randomized_svd

    values, has_feature = dataset.slots[slot].values_of(np.array(ids, dtype=object))
    rows = values[has_feature].astype(np.float64)
    if len(rows) < 2:
        return _Axes(np.zeros(values.shape[1]), np.zeros((values.shape[1], 1)))
    mean = rows.mean(axis=0)
    *_, axes = randomized_svd(rows - mean, min(AXES, *rows.shape), random_state=0)  # (k, d)
    return _Axes(mean, axes.T)


def _design(
    captions: Sequence[str | None],
    ads: Sequence[bool | None],
    *,
    habit: np.ndarray,
    followers: np.ndarray,
    coordinates: Mapping[str, np.ndarray],
) -> np.ndarray:
    """(p, c) columns of the regression; ``OF_CAPTION`` are those of the caption."""
    # Length and hashtags have long tails, hence their logarithms.
    texts = [caption or "" for caption in captions]
    length = np.log1p(list(map(len, texts)))
    n_hashtags = np.log1p([text.count("#") for text in texts])
    is_ad = np.array(list(map(bool, ads)), np.float64)
    return np.column_stack(
        [habit, np.log(followers), length, n_hashtags, is_ad, *(coordinates[s] for s in sorted(coordinates))]
    )
