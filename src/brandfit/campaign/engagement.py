"""What engagement a new post may expect (W-19): a line through what is known of past posts, with an interval that was measured.

    log rate = own habit, followers, length and hashtags of the caption, advertisement or not, 32 axes of what it says and shows

The own habit is the mean log rate of the account's other posts, drawn to that of its size where it has few. Ridge regression; the
80 % interval is of the residuals of accounts that were not learned from (conformal, Vovk et al. 2005), and so is the comparison
with the baseline, the own habit alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.data.captions import disclosed, hashtags
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError

AXES = 32
FOLDS = 5
FEWEST = 50
"""Posts with a known rate that it is learned from."""
DRAWN = 3.0
"""Posts that the habit of an account's size counts for, where it cannot be told."""
RIDGE = 10.0
INTERVAL = 0.8
OF_CAPTION = slice(2, 5)
"""Columns that the caption decides."""


@dataclass(frozen=True)
class Expected:
    """rate, low, high: (likes + comments) / followers, with an 80 % interval; habit: what the account's other posts have."""

    rate: float
    low: float
    high: float
    habit: float


class Engagement:
    """Fitted on the posts of all influencers of a Dataset whose likes and followers are known.

    gain  share of the baseline's mean absolute error (of log rates, accounts held out) that it takes away; not above 0: it is no
          better than the own habit, and then only says that
    """

    def __init__(self, dataset: Dataset, slots: tuple[str, ...] = ("text", "picture"), seed: int = 0) -> None:
        self.dataset = dataset
        self.slots = [s for s in slots if s in dataset.slots and dataset.slots[s].level == "post"]
        posts, rate, followers = _known(dataset)
        if len(rate) < FEWEST:
            raise UsageError(
                f"There are {len(rate)} posts with likes and followers to learn engagement from, {FEWEST} are needed.",
                "Import likes of posts and followers of accounts.",
            )
        owner = np.unique(np.asarray(posts["account"]), return_inverse=True)[1]
        y = np.log(rate)
        self._size = np.polyfit(np.log(followers), y, 1)
        self._drawn = _drawn(owner, y - np.polyval(self._size, np.log(followers)))
        habit = self._habits(owner, y, followers)
        self._axes = {slot: _axes(dataset, slot, posts["id"]) for slot in self.slots}
        x = self._rows(posts["id"], posts["caption"], posts["disclosed"], habit, followers)
        fold = seeds.generator(seed, "engagement").permutation(int(owner.max()) + 1)[owner] % FOLDS
        told = np.empty(len(y))
        for number in range(FOLDS):
            one, other = fold != number, fold == number
            told[other] = _predict(_ridge(x[one], y[one]), x[other])
        error, baseline = np.abs(y - told), np.abs(y - habit)
        self.gain = float(1 - error.mean() / baseline.mean())
        self.posts, self.useful = len(y), self.gain > 0
        self._model = _ridge(x, y)
        self._width = float(np.quantile(error if self.useful else baseline, INTERVAL))
        self._of = {id: n for n, id in enumerate(sorted(set(posts["account"])))}
        self._past = {id: y[owner == n] for id, n in self._of.items()}

    def expected(self, account: str, caption: str | None, rows: Mapping[str, np.ndarray] | None = None) -> Expected:
        """Of a new post of this account with this caption; ``rows``: slot to (d,), what encoders make of it.

        Raises UsageError where its followers are not known.
        """
        size = self.dataset.of_accounts("followers", [account])[0]
        if size is None or np.isnan(size) or size <= 0:
            raise UsageError(f"The followers of {account} are not known.", "Import them: accounts.csv, column followers.")
        past = self._past.get(account, np.zeros(0))
        of_size = float(np.polyval(self._size, np.log(size)))
        habit = (past.sum() + self._drawn * of_size) / (len(past) + self._drawn)
        told = habit
        if self.useful:
            marks = disclosed(caption, hashtags(caption or ""))
            parts = {slot: self._axes[slot].told((rows or {}).get(slot)) for slot in self.slots}
            row = _columns([caption], [marks], np.array([habit]), np.array([float(size)]), parts)
            if caption is None:  # of a caption that is not written yet nothing is known: as in the middle post
                row[:, OF_CAPTION] = self._model[0][OF_CAPTION]
            told = float(_predict(self._model, row)[0])
        return Expected(*(float(np.exp(v)) for v in (told, told - self._width, told + self._width, habit)))

    def _habits(self, owner: np.ndarray, y: np.ndarray, followers: np.ndarray) -> np.ndarray:
        """(p,) of the other posts of each account, drawn to what is usual for its size."""
        usual = np.polyval(self._size, np.log(followers))
        total, count = np.bincount(owner, y)[owner] - y, np.bincount(owner)[owner] - 1
        return np.asarray((total + self._drawn * usual) / (count + self._drawn))

    def _rows(
        self, ids: list[str], captions: list[str | None], ads: list[bool | None], habit: np.ndarray, size: np.ndarray
    ) -> np.ndarray:
        parts = {slot: self._axes[slot].of(self.dataset, slot, ids) for slot in self.slots}
        return _columns(captions, ads, habit, size, parts)


def _drawn(owner: np.ndarray, y: np.ndarray) -> float:
    """How many posts the prior is worth: variance inside accounts over that between them (empirical Bayes)."""
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
        values, there = dataset.slots[slot].of(np.array(ids, dtype=object))
        return np.where(there[:, None], (values - self.mean) @ self.axes, 0.0)

    def told(self, row: np.ndarray | None) -> np.ndarray:
        return np.zeros((1, self.axes.shape[1])) if row is None else (row[None] - self.mean) @ self.axes


def _axes(dataset: Dataset, slot: str, ids: list[str]) -> _Axes:
    from sklearn.utils.extmath import randomized_svd

    values, there = dataset.slots[slot].of(np.array(ids, dtype=object))
    rows = values[there].astype(np.float64)
    if len(rows) < 2:
        return _Axes(np.zeros(values.shape[1]), np.zeros((values.shape[1], 1)))
    mean = rows.mean(axis=0)
    *_, found = randomized_svd(rows - mean, min(AXES, *rows.shape), random_state=0)
    return _Axes(mean, found.T)


def _known(dataset: Dataset) -> tuple[dict[str, list], np.ndarray, np.ndarray]:
    """Posts of influencers with likes, of accounts with followers: their columns, rates and followers."""
    posts = dataset.posts.filter(pc.and_(pc.is_valid(dataset.posts["likes"]), pc.equal(dataset.posts["kind"], "post")))
    mine = set(dataset.influencers.tolist())
    size = dataset.of_accounts("followers", posts["account"].to_pylist()).astype(np.float64)
    answers = pc.fill_null(posts["likes"], 0).to_numpy() + pc.fill_null(posts["comments"], 0).to_numpy()
    kept = np.flatnonzero((size > 0) & (answers > 0) & np.array([a in mine for a in posts["account"].to_pylist()], bool))
    table = posts.take(kept)
    told = {name: table[name].to_pylist() for name in ("id", "account", "caption", "disclosed")}
    return told, answers[kept] / size[kept], size[kept]


def _columns(
    captions: list[str | None], ads: list[bool | None], habit: np.ndarray, size: np.ndarray, parts: Mapping[str, np.ndarray]
) -> np.ndarray:
    length = np.log1p([len(c or "") for c in captions])
    tags = np.log1p([(c or "").count("#") for c in captions])
    marked = np.array([float(bool(a)) for a in ads])
    return np.column_stack([habit, np.log(size), length, tags, marked, *(parts[slot] for slot in sorted(parts))])


def _ridge(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    z = (x - mean) / scale
    weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return mean, scale, weights, float(y.mean())


def _predict(model: tuple[np.ndarray, np.ndarray, np.ndarray, float], x: np.ndarray) -> np.ndarray:
    mean, scale, weights, middle = model
    return np.asarray((x - mean) / scale @ weights + middle)
