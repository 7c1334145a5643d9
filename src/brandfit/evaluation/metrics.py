"""Metrics are values with names that parse back: ``str(parse("Recall@10")) == "Recall@10"``.

Metrics read scores, not an order, so each metric handles ties. A tie rule says where the relevant candidates
are within a block of equal scores:

    expected     the mean over all orders of the block, in closed form: what a random tie break gives on
                 average
    pessimistic  last (the published MIR and CAMERA script)
    optimistic   first

A NaN score means "no evidence" and is tied below all others, so that a missing score is never rewarded. For n
candidates of which r are relevant, ranks from 1:

    AUC        share of (relevant, other) pairs in the right order; a tied pair counts 1/2, 0 or 1
    cAUC       the same, but only candidates of the brand's own category count (D-08)
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
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from brandfit.errors import UnknownName

Ties = Literal["expected", "pessimistic", "optimistic"]
TIES: tuple[Ties, ...] = get_args(Ties)


@dataclass(frozen=True, eq=False)
class Blocks:
    """The scores of one brand as m blocks of equal scores, best first.

    start  (m,) candidates above each block
    size   (m,) candidates in each block
    hits   (m,) relevant candidates in each block
    n, r   candidates and relevant candidates in all blocks
    """

    start: np.ndarray
    size: np.ndarray
    hits: np.ndarray
    n: int
    r: int

    @property
    def hits_above(self) -> np.ndarray:
        """(m,) relevant candidates above each block."""
        return np.cumsum(self.hits) - self.hits

    @property
    def with_hits(self) -> Blocks:
        """The blocks that contain a relevant candidate."""
        has_hit = self.hits > 0
        return Blocks(
            start=self.start[has_hit], size=self.size[has_hit], hits=self.hits[has_hit], n=self.n, r=self.r
        )


def blocks(scores: np.ndarray, relevant: np.ndarray) -> Blocks:
    """Sort scores (n,) once into blocks of equal ones; relevant (n,) bool."""
    # NaN comes last, below a score of minus infinity.
    keys = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf, neginf=-np.finfo(np.float64).max)
    if not len(keys):
        empty = np.zeros(0, np.int64)
        return Blocks(start=empty, size=empty, hits=empty, n=0, r=0)
    order = np.argsort(-keys, kind="stable")
    ranked = keys[order]
    # A block starts where the score differs from the one above.
    start = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    size = np.diff(np.append(start, len(keys)))
    hits = np.add.reduceat(relevant[order].astype(np.int64), start)
    return Blocks(start=start, size=size, hits=hits, n=len(keys), r=int(relevant.sum()))


class Metric(ABC):
    """One number for each brand; the mean over brands unless ``aggregate`` is overridden."""

    name: ClassVar[str]
    sentence: ClassVar[str]
    same_category: ClassVar[bool] = False
    """Whether only candidates of the brand's own category count."""

    @abstractmethod
    def value(self, ranked: Blocks, ties: Ties) -> float:
        """The value for one brand with a relevant candidate; NaN if the metric is not defined."""

    def per_brand(
        self,
        scores: np.ndarray,
        relevant: np.ndarray,
        *,
        ties: Ties = "expected",
        category: np.ndarray | None = None,
    ) -> float:
        """The value for one brand: scores (n,), relevant (n,) bool, and for cAUC category (n,) bool, the
        candidates of the brand's own category."""
        if self.same_category:
            if category is None:
                return float("nan")
            scores, relevant = scores[category], relevant[category]
        return self.value(blocks(scores, relevant), ties) if relevant.any() else float("nan")

    def aggregate(self, values: np.ndarray) -> float:
        """The metric over brands (b,); brands without a value (NaN) are left out."""
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """(...,) aggregates of values (..., b) of resampled brands, without NaN."""
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
    sentence = "chance that a partner is ranked above another candidate"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        others = ranked.size - ranked.hits  # (m,) not relevant
        # (m,) not relevant candidates in the blocks below each block
        below = (ranked.n - ranked.r) - np.cumsum(others)
        tied = {"expected": 0.5, "pessimistic": 0.0, "optimistic": 1.0}[ties] * others
        pairs = ranked.r * (ranked.n - ranked.r)
        return float((ranked.hits * (below + tied)).sum() / pairs) if pairs else float("nan")


class CAUC(AUC):
    name = "cAUC"
    sentence = "the same among candidates of the brand's own category: what matching adds to category"
    same_category = True


class AtK(Metric):
    """A metric of the first k candidates."""

    def __init__(self, k: int) -> None:
        self.k = k

    def __str__(self) -> str:
        return f"{self.name}@{self.k}"


class Recall(AtK):
    name = "Recall"
    sentence = "share of the partners that are among the first k"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        room = np.clip(self.k - ranked.start, 0, ranked.size)  # (m,) ranks of each block among the first k
        # inside (m,): relevant candidates of each block among the first k
        if ties == "expected":
            inside = ranked.hits * room / ranked.size
        elif ties == "optimistic":
            inside = np.minimum(ranked.hits, room)
        else:
            inside = np.maximum(0, room - (ranked.size - ranked.hits))
        return float(inside.sum() / ranked.r)


class MRR(Metric):
    name = "MRR"
    sentence = "one over the rank of the first partner"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # Expected: the mean of 1 / rank over the positions of the first hit in a random order of the block.
        start, size, hits = _first(ranked)
        if ties == "expected":
            return float((_first_at(size, hits) / (start + np.arange(1, size - hits + 2))).sum())
        return 1.0 / (start + (1 if ties == "optimistic" else size - hits + 1))


class MedR(Metric):
    """Even numbers of brands: the mean of the middle two. (The published script takes the lower one:
    ``MedR-lower``.)"""

    name = "MedR"
    sentence = "median over brands of the rank of the first partner"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # The first of h hits in a random order of s is expected at position (s + 1) / (h + 1).
        start, size, hits = _first(ranked)
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

    def value(self, ranked: Blocks, ties: Ties) -> float:
        hits_above = ranked.hits_above[ranked.hits > 0]
        held = ranked.with_hits
        total = 0.0
        for start, size, hits, above in zip(held.start, held.size, held.hits, hits_above, strict=True):
            if ties == "expected":
                # A position j of the block (1-based) holds a hit with probability h/s; then (j-1)(h-1)/(s-1)
                # other hits are expected before it.
                position = np.arange(1, size + 1)
                before = (position - 1) * (hits - 1) / (size - 1) if size > 1 else 0.0
                total += float((hits / size * (above + before + 1) / (start + position)).sum())
            else:
                nth = np.arange(1, hits + 1)
                position = nth if ties == "optimistic" else size - hits + nth
                total += float(((above + nth) / (start + position)).sum())
        return total / ranked.r


class NDCG(AtK):
    name = "nDCG"
    sentence = "discounted gain of the partners among the first k, 1 if they come first"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # gain[m]: of hits at ranks 1 to m; later ranks add nothing.
        gain = np.concatenate([[0.0], np.cumsum(_discounts(min(self.k, ranked.n)))])
        top = len(gain) - 1

        def between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
            """(m,) gain of hits at all ranks above ``low`` up to ``high``."""
            return gain[np.minimum(high, top)] - gain[np.minimum(low, top)]

        # (m,) the last rank of each block; hits of a block fill its ranks as the tie rule says.
        end = ranked.start + ranked.size
        if ties == "expected":
            total = ranked.hits / ranked.size * between(ranked.start, end)
        elif ties == "optimistic":
            total = between(ranked.start, ranked.start + ranked.hits)
        else:
            total = between(end - ranked.hits, end)
        return float(total.sum() / gain[min(ranked.r, top)])


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
"""Metrics that are listed; ``Recall`` and ``nDCG`` take any k."""
BY_NAME: dict[str, Metric] = {str(m): m for m in METRICS if not isinstance(m, AtK)}
AT_K: dict[str, type[AtK]] = {"Recall": Recall, "nDCG": NDCG}


def parse(name: str) -> Metric:
    """``parse("Recall@10")``. Raises UnknownName with the nearest names."""
    head, at, k = name.partition("@")
    if at and head in AT_K and k.isdecimal() and int(k) > 0:
        return AT_K[head](int(k))
    if not at and head in BY_NAME:
        return BY_NAME[head]
    raise UnknownName("metric", name, known=[*BY_NAME, "Recall@10", "Recall@50", "nDCG@10"])


class FirstBlock(NamedTuple):
    """The first block with a relevant candidate: candidates above it, candidates in it, relevant ones in
    it."""

    start: int
    size: int
    hits: int


def _first(ranked: Blocks) -> FirstBlock:
    block = int(np.argmax(ranked.hits > 0))
    return FirstBlock(int(ranked.start[block]), int(ranked.size[block]), int(ranked.hits[block]))


def _first_at(size: int, hits: int) -> np.ndarray:
    """(size - hits + 1,) probability that the first of ``hits`` in a random order of ``size`` is at position
    1, 2, ..."""
    position = np.arange(1, size - hits + 1)
    # P(first at j) = P(first at j - 1) * (size - hits - j + 2) / (size - j + 1), in logs: products of
    # thousands underflow.
    steps = np.log(size - hits - position + 1) - np.log(size - position)
    return hits / size * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))


def _discounts(n: int) -> np.ndarray:
    return 1.0 / np.log2(1.0 + np.arange(1, n + 1))
