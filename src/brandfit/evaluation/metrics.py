"""Metrics of rankings. ``parse`` makes a metric from its name: ``str(parse("Recall@10")) == "Recall@10"``.

Metrics read scores, not an order, so each metric handles ties. A tie rule says where the relevant candidates
are within a block of equal scores:

    expected     anywhere: the metric is its mean over all orders of the block, in closed form
    pessimistic  last
    optimistic   first
    published    all at the last rank of the block, as in the published script of MIR and CAMERA (D-09). It
                 differs from pessimistic only for several relevant candidates with equal scores

A NaN score means "no evidence". All NaN scores are one block below all other scores, so that a missing score
is never rewarded. For n candidates of which r are relevant, with ranks from 1:

    AUC        share of the pairs of a relevant and another candidate in which the relevant one has the higher
               score; a tied pair counts 1/2 (expected), 0 (pessimistic, published) or 1 (optimistic)
    cAUC       AUC among the candidates of the brand's category (D-08)
    Recall@k   relevant candidates among the first k, over r. (CAMERA's text divides by k, its code by r.)
    MRR        1 / rank of the first relevant candidate
    MAP        mean over relevant candidates of (relevant candidates up to its rank) / rank
    MedR       median over brands of the rank of the first relevant candidate
    nDCG@k     sum of 1 / log2(1 + rank) over relevant candidates among the first k, over the largest such sum

Expected AP within tied blocks: McSherry and Najork, "Computing information retrieval performance measures
efficiently in the presence of tied scores", ECIR 2008.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from brandfit.errors import UnknownName

Ties = Literal["expected", "pessimistic", "optimistic", "published"]
"""Tie rules, explained above."""
TIES: tuple[Ties, ...] = get_args(Ties)
VALUE_OF_TIED_PAIR = {"expected": 0.5, "pessimistic": 0.0, "optimistic": 1.0, "published": 0.0}
"""What a pair of a relevant and another candidate with equal scores counts in AUC."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """The scores of one brand as m blocks of equal scores, the highest first.

    start  (m,) candidates above each block
    size   (m,) candidates in each block
    hits   (m,) relevant candidates in each block
    n, r   number of candidates, and of relevant candidates, in all blocks
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
    """The blocks of equal scores, for scores (n,) and relevant (n,) bool."""
    keys = _sortable(scores)  # (n,)
    if not len(keys):
        empty = np.zeros(0, np.int64)
        return Blocks(start=empty, size=empty, hits=empty, n=0, r=0)
    order = np.argsort(-keys, kind="stable")
    ranked = keys[order]
    # A block starts where the score differs from the one above.
    is_start = np.concatenate([[True], ranked[1:] != ranked[:-1]])  # (n,)
    start = np.flatnonzero(is_start)  # (m,)
    size = np.diff(np.append(start, len(keys)))
    # The sum from each start up to the next one.
    hits = np.add.reduceat(relevant[order].astype(np.int64), start)
    return Blocks(start=start, size=size, hits=hits, n=len(keys), r=int(relevant.sum()))


def ranks_of_relevant(scores: np.ndarray, relevant: np.ndarray, *, ties: Ties) -> np.ndarray:
    """(r,) rank from 1 of each relevant candidate, in their order, for scores (n,) and relevant (n,) bool.

    Within a block of equal scores: the middle of the block (expected), its last rank (pessimistic and
    published) or its first one (optimistic, ``rankdata(method="min")`` of BAMIR). All relevant candidates of
    a block have this same rank.
    """
    keys = _sortable(scores)  # (n,)
    ascending = np.sort(keys)
    up_to = np.searchsorted(ascending, keys[relevant], "right")  # (r,) candidates that are not above
    size = up_to - np.searchsorted(ascending, keys[relevant], "left")  # (r,) of the block
    position_by_rule = {
        "expected": (size + 1) / 2,
        "pessimistic": size,
        "optimistic": np.ones_like(size),
        "published": size,
    }
    return np.asarray(len(keys) - up_to + position_by_rule[ties], np.float64)


def _sortable(scores: np.ndarray) -> np.ndarray:
    """(n,) scores without NaN, which comes last. A score of minus infinity comes before it, as the lowest
    finite number."""
    lowest = -np.finfo(np.float64).max
    return np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf, neginf=lowest)


class Metric(ABC):
    """One number for each brand; the mean over brands unless ``aggregate`` is overridden."""

    name: ClassVar[str]
    sentence: ClassVar[str]
    same_category: ClassVar[bool] = False
    """Whether only candidates of the brand's category count."""

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
        """The value for one brand; NaN if it has no relevant candidate.

        scores    (n,) of the candidates
        relevant  (n,) bool
        category  (n,) bool, whether a candidate has the brand's category; only cAUC reads it
        """
        if self.same_category:
            if category is None:
                return float("nan")
            scores, relevant = scores[category], relevant[category]
        if not relevant.any():
            return float("nan")
        return self.value(blocks(scores, relevant), ties)

    def aggregate(self, values: np.ndarray) -> float:
        """The metric over brands (b,); brands without a value (NaN) are left out."""
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")

    def resampled(self, values: np.ndarray) -> np.ndarray:
        """(...,) the metric over brands for values (..., b) of b brands, without NaN. The leading axes are
        the resamples of a bootstrap."""
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
        n_others = ranked.n - ranked.r
        n_pairs = ranked.r * n_others
        if not n_pairs:
            return float("nan")
        others = ranked.size - ranked.hits  # (m,) candidates of each block that are not relevant
        others_below = n_others - np.cumsum(others)  # (m,) the same in the blocks below each block
        tied = VALUE_OF_TIED_PAIR[ties] * others
        # A relevant candidate is in a right pair with each of the others below it, and in a tied pair with
        # each of the others in its block.
        return float((ranked.hits * (others_below + tied)).sum() / n_pairs)


class CAUC(AUC):
    name = "cAUC"
    sentence = "chance that a partner is ranked above another candidate of the brand's category"
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
        # (m,) number of the first k ranks that are in each block
        n_places = np.clip(self.k - ranked.start, 0, ranked.size)
        # n_hits (m,): relevant candidates of each block among the first k
        if ties == "expected":
            n_hits = ranked.hits * n_places / ranked.size
        elif ties == "optimistic":
            n_hits = np.minimum(ranked.hits, n_places)
        elif ties == "published":
            # All hits of a block are at its last rank.
            n_hits = np.where(n_places == ranked.size, ranked.hits, 0)
        else:
            # The other candidates of the block take its places first.
            n_hits = np.maximum(0, n_places - (ranked.size - ranked.hits))
        return float(n_hits.sum() / ranked.r)


class MRR(Metric):
    name = "MRR"
    sentence = "one over the rank of the first partner"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        start, size, hits = _first_block_with_hit(ranked)
        last_position = size - hits + 1  # of the first hit, if all hits come last in their block
        if ties == "optimistic":
            return 1.0 / (start + 1)
        if ties == "published":
            return 1.0 / (start + size)
        if ties == "pessimistic":
            return 1.0 / (start + last_position)
        # The mean of 1 / rank over the positions of the first hit in a random order of the block.
        ranks = start + np.arange(1, last_position + 1)
        return float((_first_hit_probabilities(size, hits) / ranks).sum())


class MedR(Metric):
    """If the number of brands is even, the mean of the middle two ranks. The published script takes the lower
    one of them: ``MedR-lower``."""

    name = "MedR"
    sentence = "median over brands of the rank of the first partner"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # The first of h hits in a random order of s candidates is expected at position (s + 1) / (h + 1).
        start, size, hits = _first_block_with_hit(ranked)
        position_by_rule = {
            "expected": (size + 1) / (hits + 1),
            "pessimistic": size - hits + 1,
            "optimistic": 1,
            "published": size,
        }
        return float(start + position_by_rule[ties])

    def aggregate(self, values: np.ndarray) -> float:
        values = values[~np.isnan(values)]
        return float(self.resampled(values)) if len(values) else float("nan")

    def resampled(self, values: np.ndarray) -> np.ndarray:
        return np.median(values, axis=-1)


class LowerMedR(MedR):
    name = "MedR-lower"
    sentence = "MedR; of an even number of brands the lower of the middle two, as in the published script"

    def resampled(self, values: np.ndarray) -> np.ndarray:
        # Item (b - 1) // 2 of b sorted values is the middle one, or the lower of the middle two.
        return np.sort(values, axis=-1)[..., (values.shape[-1] - 1) // 2]


class MAP(Metric):
    name = "MAP"
    sentence = "mean precision at the ranks of the partners"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # Blocks without a relevant candidate add nothing.
        hits_above = ranked.hits_above[ranked.hits > 0]
        scored = ranked.with_hits
        total = 0.0  # sum of the precisions at the ranks of all relevant candidates
        for start, size, hits, above in zip(scored.start, scored.size, scored.hits, hits_above, strict=True):
            if ties == "expected":
                # In a random order of s candidates with h hits, position j is a hit with probability h / s.
                # If it is one, (j - 1) (h - 1) / (s - 1) other hits are expected before it.
                position = np.arange(1, size + 1)  # (s,)
                before = (position - 1) * (hits - 1) / (size - 1) if size > 1 else 0.0
                total += float((hits / size * (above + before + 1) / (start + position)).sum())
            else:
                nth_hit = np.arange(1, hits + 1)  # (h,)
                position_by_rule = {
                    "pessimistic": size - hits + nth_hit,
                    "optimistic": nth_hit,
                    "published": np.full(hits, size),
                }
                position = position_by_rule[ties]
                total += float(((above + nth_hit) / (start + position)).sum())
        return total / ranked.r


class NDCG(AtK):
    name = "nDCG"
    sentence = "discounted gain of the partners among the first k, 1 if they come first"

    def value(self, ranked: Blocks, ties: Ties) -> float:
        # gain[j]: the sum if ranks 1 to j are hits. Ranks after the first k add nothing.
        last = min(self.k, ranked.n)
        gain = np.concatenate([[0.0], np.cumsum(_discounts(last))])  # (last + 1,)

        def between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
            """(m,) the sum if ranks low + 1 to high are hits, for low (m,) and high (m,)."""
            return gain[np.minimum(high, last)] - gain[np.minimum(low, last)]

        end = ranked.start + ranked.size  # (m,) the last rank of each block
        if ties == "expected":
            # Each rank of a block holds a hit with the same probability.
            total = ranked.hits / ranked.size * between(ranked.start, end)
        elif ties == "optimistic":
            total = between(ranked.start, ranked.start + ranked.hits)
        elif ties == "published":
            total = ranked.hits * between(end - 1, end)
        else:
            total = between(end - ranked.hits, end)
        # The largest sum has its hits at ranks 1 to r.
        return float(total.sum() / gain[min(ranked.r, last)])


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
"""Metrics that ``brandfit list metrics`` prints. ``Recall`` and ``nDCG`` take any k."""
BY_NAME: dict[str, Metric] = {str(metric): metric for metric in METRICS if not isinstance(metric, AtK)}
"""Name to metric, of the metrics without a k."""
AT_K: dict[str, type[AtK]] = {"Recall": Recall, "nDCG": NDCG}
"""The name before ``@`` to the class, of the metrics with a k."""


def parse(name: str) -> Metric:
    """The metric with a name such as "Recall@10". Raises UnknownName with the nearest names."""
    head, at, k = name.partition("@")
    if at and head in AT_K and k.isdecimal() and int(k) > 0:
        return AT_K[head](int(k))
    if not at and head in BY_NAME:
        return BY_NAME[head]
    raise UnknownName("metric", name, known=[*BY_NAME, "Recall@10", "Recall@50", "nDCG@10"])


class FirstBlock(NamedTuple):
    """The first block with a relevant candidate: the numbers of candidates above it, of candidates in it, and
    of relevant candidates in it."""

    start: int
    size: int
    hits: int


def _first_block_with_hit(ranked: Blocks) -> FirstBlock:
    block = int(np.argmax(ranked.hits > 0))
    return FirstBlock(int(ranked.start[block]), int(ranked.size[block]), int(ranked.hits[block]))


def _first_hit_probabilities(size: int, hits: int) -> np.ndarray:
    """(size - hits + 1,) probability that in a random order of ``size`` candidates the first of ``hits`` hits
    is at position 1, 2, ..."""
    # P(j + 1) = P(j) (size - hits - j + 1) / (size - j), from P(1) = hits / size. Logarithms are added,
    # because a product of thousands of factors underflows.
    position = np.arange(1, size - hits + 1)  # j = 1, ..., size - hits
    log_factors = np.log(size - hits - position + 1) - np.log(size - position)
    return hits / size * np.exp(np.concatenate([[0.0], np.cumsum(log_factors)]))


def _discounts(n: int) -> np.ndarray:
    """(n,) gain of a hit at rank 1, ..., n."""
    return 1.0 / np.log2(1.0 + np.arange(1, n + 1))
