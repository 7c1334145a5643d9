"""Metrics are values with names that parse back: ``str(parse("Recall@10")) == "Recall@10"``.

They read scores, not order, so ties are theirs to judge. A tie rule says where the relevant candidates stand
within a block of equal scores:

    expected     the mean over all orders of the block, in closed form: what a random tie break gives on
                 average
    pessimistic  last (the published MIR and CAMERA script)
    optimistic   first

A NaN score, "no evidence", is tied below all others: silence is never rewarded. n candidates of which r are
relevant, ranks from 1:

    AUC        share of (relevant, other) pairs in the right order; a tied pair counts 1/2, 0 or 1
    cAUC       the same, the others of the brand's own category only (D-08)
    Recall@k   relevant ones among the first k, over r. (CAMERA's text divides by k, its code by r.)
    MRR        1 / rank of the first relevant one
    MAP        mean over relevant ones of (relevant ones up to its rank) / rank
    MedR       median over brands of the rank of the first relevant one
    nDCG@k     sum of 1 / log2(1 + rank) of relevant ones among the first k, over the best such sum

Expected AP within tied blocks: McSherry and Najork, "Computing information retrieval performance measures
efficiently in the presence of tied scores", ECIR 2008.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from brandfit.errors import UnknownName

Ties = Literal["expected", "pessimistic", "optimistic"]
TIES: tuple[Ties, ...] = get_args(Ties)


@dataclass(frozen=True, eq=False)
class Blocks:
    """The scores of one brand as blocks of ties, best first.

    start (m,) candidates above each block; size (m,) in it; hits (m,) relevant ones in it; n candidates, r
    relevant in all.
    """

    start: np.ndarray
    size: np.ndarray
    hits: np.ndarray
    n: int
    r: int

    @property
    def hits_above(self) -> np.ndarray:
        return np.cumsum(self.hits) - self.hits

    @property
    def with_hits(self) -> Blocks:
        """Only the blocks that hold a relevant candidate."""
        at = self.hits > 0
        return Blocks(start=self.start[at], size=self.size[at], hits=self.hits[at], n=self.n, r=self.r)


def blocks(scores: np.ndarray, relevant: np.ndarray) -> Blocks:
    """Sort scores (n,) once into blocks of equal ones; relevant (n,) bool."""
    keys = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf, neginf=-np.finfo(np.float64).max)
    order = np.argsort(-keys, kind="stable")
    ranked = keys[order]
    first = (
        np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        if len(keys)
        else np.zeros(0, np.int64)
    )
    size = np.diff(np.append(first, len(keys)))
    hits = np.add.reduceat(relevant[order].astype(np.int64), first) if len(keys) else np.zeros(0, np.int64)
    return Blocks(start=first, size=size, hits=hits, n=len(keys), r=int(relevant.sum()))


class Metric(ABC):
    """One number a brand; brands are averaged unless ``aggregate`` says otherwise."""

    name: ClassVar[str]
    sentence: ClassVar[str]
    same_category: ClassVar[bool] = False
    """Whether the candidates are those of the brand's own category, and the relevant ones."""

    @abstractmethod
    def value(self, found: Blocks, ties: Ties) -> float:
        """The value for one brand with at least one relevant candidate; NaN where the metric is not
        defined."""

    def per_brand(
        self,
        scores: np.ndarray,
        relevant: np.ndarray,
        *,
        ties: Ties = "expected",
        category: np.ndarray | None = None,
    ) -> float:
        """Scores (n,), relevant (n,) bool, category (n,) bool (candidates of the brand's own, for cAUC) to
        one number."""
        if self.same_category:
            if category is None:
                return float("nan")
            scores, relevant = scores[category], relevant[category]
        return self.value(blocks(scores, relevant), ties) if relevant.any() else float("nan")

    def aggregate(self, values: np.ndarray) -> float:
        """Over brands; those without a value (NaN) are left out."""
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """(..., b) values of resampled brands to (...,) aggregates; no NaN among them."""
        return values.mean(axis=-1)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return str(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metric) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class AUC(Metric):
    name = "AUC"
    sentence = "chance that a partner stands above another candidate"

    def value(self, found: Blocks, ties: Ties) -> float:
        others = found.size - found.hits
        below = (found.n - found.r) - np.cumsum(others)
        tied = {"expected": 0.5, "pessimistic": 0.0, "optimistic": 1.0}[ties] * others
        pairs = found.r * (found.n - found.r)
        return float((found.hits * (below + tied)).sum() / pairs) if pairs else float("nan")


class CAUC(AUC):
    name = "cAUC"
    sentence = "the same among candidates of the brand's own category: what matching adds to category"
    same_category = True


class AtK(Metric):
    """A metric of the first k."""

    def __init__(self, k: int) -> None:
        self.k = k

    def __str__(self) -> str:
        return f"{self.name}@{self.k}"


class Recall(AtK):
    name = "Recall"
    sentence = "share of the partners that are among the first k"

    def value(self, found: Blocks, ties: Ties) -> float:
        room = np.clip(self.k - found.start, 0, found.size)
        if ties == "expected":
            inside = found.hits * room / found.size
        elif ties == "optimistic":
            inside = np.minimum(found.hits, room)
        else:
            inside = np.maximum(0, room - (found.size - found.hits))
        return float(inside.sum() / found.r)


class MRR(Metric):
    name = "MRR"
    sentence = "one over the rank of the first partner"

    def value(self, found: Blocks, ties: Ties) -> float:
        start, size, hits = _first(found)
        if ties == "expected":
            return float((_first_at(size, hits) / (start + np.arange(1, size - hits + 2))).sum())
        return 1.0 / (start + (1 if ties == "optimistic" else size - hits + 1))


class MedR(Metric):
    """Even numbers of brands: the mean of the middle two. (The published script takes the lower one:
    ``MedR-lower``.)"""

    name = "MedR"
    sentence = "median over brands of the rank of the first partner"

    def value(self, found: Blocks, ties: Ties) -> float:
        start, size, hits = _first(found)
        inside = {"expected": (size + 1) / (hits + 1), "pessimistic": size - hits + 1, "optimistic": 1}[ties]
        return float(start + inside)

    def aggregate(self, values: np.ndarray) -> float:
        values = values[~np.isnan(values)]
        return float(self.resampled(values)) if len(values) else float("nan")

    def resampled(self, values: np.ndarray) -> np.ndarray:
        return np.median(values, axis=-1)


class LowerMedR(MedR):
    name = "MedR-lower"
    sentence = "the same, the lower of the middle two, as in the published script"

    def resampled(self, values: np.ndarray) -> np.ndarray:
        return np.sort(values, axis=-1)[..., (values.shape[-1] - 1) // 2]


class MAP(Metric):
    name = "MAP"
    sentence = "mean precision at the ranks of the partners"

    def value(self, found: Blocks, ties: Ties) -> float:
        above = found.hits_above[found.hits > 0]
        held = found.with_hits
        total = 0.0
        for start, size, hits, before in zip(held.start, held.size, held.hits, above, strict=True):
            if ties == "expected":
                # A place j of the block (1-based) holds a hit with chance h/s; then (j-1)(h-1)/(s-1) others
                # stand before it.
                place = np.arange(1, size + 1)
                inside = (place - 1) * (hits - 1) / (size - 1) if size > 1 else 0.0
                total += float((hits / size * (before + inside + 1) / (start + place)).sum())
            else:
                nth = np.arange(1, hits + 1)
                place = nth if ties == "optimistic" else size - hits + nth
                total += float(((before + nth) / (start + place)).sum())
        return total / found.r


class NDCG(AtK):
    name = "nDCG"
    sentence = "discounted gain of the partners among the first k, 1 where they stand first"

    def value(self, found: Blocks, ties: Ties) -> float:
        gain = np.concatenate(
            [[0.0], np.cumsum(_discounts(min(self.k, found.n)))]
        )  # gain[m]: of hits at ranks 1 ... m
        top = len(gain) - 1

        def between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
            return gain[np.minimum(high, top)] - gain[np.minimum(low, top)]

        end = found.start + found.size
        if ties == "expected":
            total = found.hits / found.size * between(found.start, end)
        elif ties == "optimistic":
            total = between(found.start, found.start + found.hits)
        else:
            total = between(end - found.hits, end)
        return float(total.sum() / gain[min(found.r, top)])


METRICS: tuple[Metric, ...] = (
    AUC(),
    CAUC(),
    Recall(10),
    Recall(50),
    MRR(),
    MAP(),
    MedR(),
    NDCG(10),
    LowerMedR(),
)
"""The named ones; ``Recall`` and ``nDCG`` take any k."""
BY_NAME: dict[str, Metric] = {str(m): m for m in METRICS if not isinstance(m, AtK)}
AT_K: dict[str, type[AtK]] = {"Recall": Recall, "nDCG": NDCG}


def parse(name: str) -> Metric:
    """``parse("Recall@10")``. Raises UnknownName with the nearest."""
    head, at, k = name.partition("@")
    if at and head in AT_K and k.isdecimal() and int(k) > 0:
        return AT_K[head](int(k))
    if not at and head in BY_NAME:
        return BY_NAME[head]
    raise UnknownName("metric", name, known=[*BY_NAME, "Recall@10", "Recall@50", "nDCG@10"])


def _first(found: Blocks) -> tuple[int, int, int]:
    """start, size and hits of the first block that holds a relevant candidate."""
    at = int(np.argmax(found.hits > 0))
    return int(found.start[at]), int(found.size[at]), int(found.hits[at])


def _first_at(size: int, hits: int) -> np.ndarray:
    """(size - hits + 1,) chance that the first of ``hits`` among ``size`` in random order stands at place 1,
    2, ..."""
    place = np.arange(1, size - hits + 1)
    # P(first at j) = P(first at j - 1) * (size - hits - j + 2) / (size - j + 1), in logs: products of
    # thousands underflow
    steps = np.log(size - hits - place + 1) - np.log(size - place)
    return hits / size * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))


def _discounts(n: int) -> np.ndarray:
    return 1.0 / np.log2(1.0 + np.arange(1, n + 1))
