"""The plain answer of an evaluation: of the ten influencers that a ranker would have suggested to a brand,
how many are really its partners, and how many would be by chance.

Chance draws ten candidates without replacement: the number of partners among them is hypergeometric, with the
mean k r / n for k suggestions, r partners and n candidates. Over brands the numbers add up, and the exact
distribution of their sum is the convolution of those of the brands. The interval of the mean is the
percentile bootstrap over brands, the unit that is sampled. A single brand has no such interval: it can show
only whether its number is more than luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import hypergeom

from brandfit.errors import UnknownName, UsageError
from brandfit.evaluation.metrics import Recall
from brandfit.evaluation.significance import interval

if TYPE_CHECKING:
    from brandfit.evaluation.report import Report

SUGGESTED = 10
"""Suggestions to a brand."""
FEW_BRANDS = 10
"""Brands below which the interval is itself uncertain."""
TAIL = 0.025
"""Share of the draws below, and above, the range of chance."""
RARE = 0.001
"""Share of draws below which no exact figure is printed."""


@dataclass(frozen=True)
class BrandHits:
    """One held-out brand.

    suggested   suggestions: ten, or all candidates if there are fewer
    hits        partners among them; with tied scores the mean over the orders of the ties, or over seeds
    chance      partners among as many random candidates, on average
    partners    held-out partners among the candidates
    candidates  influencers that could be suggested
    """

    brand: str
    suggested: int
    hits: float
    chance: float
    partners: int
    candidates: int


@dataclass(frozen=True)
class FirstTen:
    """The plain answer for one ranker, over held-out brands.

    hits, chance       means over the brands
    low, high          95 % bootstrap interval of the mean of hits over brands; None for one brand
    chance_range       the number of partners in 95 % of random draws, summed over all brands
    share_as_good      share of random draws, over all brands together, with as many partners or more
    brands             the brands, by id
    notes              what readers must know
    """

    ranker: str
    hits: float
    chance: float
    low: float | None
    high: float | None
    chance_range: tuple[int, int]
    share_as_good: float
    brands: tuple[BrandHits, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], brand: str | None = None) -> FirstTen:
        """The answer of ``to_dict``; of one of its brands, if it is named. Raises UnknownName for another
        brand."""
        brands = [BrandHits(**one) for one in stored["brands"]]
        return _of_brands(stored["ranker"], _named(brands, brand), notes=tuple(stored["notes"]))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer, chance, and what the numbers cannot say."""
        if len(self.brands) == 1:
            return (*_one_brand_sentences(self), ONLY_KNOWN)
        few = (FEW.format(n=len(self.brands)),) if len(self.brands) < FEW_BRANDS else ()
        return (*_many_brands_sentences(self), *few, ONLY_KNOWN)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ranker": self.ranker,
            "hits": self.hits,
            "chance": self.chance,
            "low": self.low,
            "high": self.high,
            "chance_range": list(self.chance_range),
            "share_as_good": self.share_as_good,
            "sentences": list(self.sentences),
            "brands": list(map(asdict, self.brands)),
            "notes": list(self.notes),
        }

    def to_text(self) -> str:
        return "\n".join([*self.sentences, *(f"Note: {note}" for note in self.notes)])


ONLY_KNOWN = (
    "Only partners that the data name count: a suggestion that counts as wrong may still be a good one."
)
FEW = "{n} brands are few: other brands could give a mean outside this interval."


def first_ten(report: Report, ranker: str, *, brand: str | None = None) -> FirstTen:
    """The plain answer of a report for one of its rankers; for one of its brands, if it is named.

    Raises UnknownName for a ranker or brand that was not judged, and UsageError if the report has no
    Recall@10.
    """
    if ranker not in report.results:
        raise UnknownName("ranker of the evaluation", ranker, known=report.results)
    metric = Recall(SUGGESTED)
    if metric not in report.protocol.metrics:
        raise UsageError(f"The evaluation has no {metric}.", "Add it to the metrics of the protocol.")
    # A brand with held-out partners that can be found has a value; (b,) NaN for others.
    recall = report.results[ranker].mean(metric)
    brands = []
    for row in np.argsort(report.brands.astype(str), kind="stable").tolist():
        if np.isnan(recall[row]):
            continue
        n, r = int(report.pool_sizes[row]), int(report.partner_counts[row])
        suggested = min(SUGGESTED, n)
        brands.append(
            BrandHits(
                brand=str(report.brands[row]),
                suggested=suggested,
                hits=float(recall[row] * r),
                chance=suggested * r / n,
                partners=r,
                candidates=n,
            )
        )
    return _of_brands(ranker, _named(brands, brand), notes=tuple(report.remarks()))


def _named(brands: list[BrandHits], brand: str | None) -> list[BrandHits]:
    """The brand of this id alone; all for None."""
    if brand is None:
        return brands
    found = [one for one in brands if one.brand == brand]
    if not found:
        hint = "A brand is judged if it has posts, and a partner that is a candidate."
        raise UnknownName("judged brand", brand, known=[one.brand for one in brands], hint=hint)
    return found


def _of_brands(ranker: str, brands: Sequence[BrandHits], *, notes: tuple[str, ...]) -> FirstTen:
    hits = np.array([one.hits for one in brands])  # (b,)
    low, high = interval(Recall(SUGGESTED), hits) if len(brands) > 1 else (None, None)
    probability = chance_distribution(brands)  # (sum of suggestions + 1,)
    at_least = np.cumsum(probability[::-1])[::-1]
    at_most = np.cumsum(probability)
    # Tied scores give fractions: the next lower number never makes chance look rarer than it is.
    observed = int(np.floor(hits.sum() + 1e-9))
    return FirstTen(
        ranker=ranker,
        hits=float(hits.mean()),
        chance=float(np.mean([one.chance for one in brands])),
        low=low,
        high=high,
        chance_range=(int(np.argmax(at_most >= TAIL)), int(np.argmax(at_most >= 1 - TAIL - 1e-12))),
        share_as_good=float(min(at_least[observed], 1.0)),
        brands=tuple(brands),
        notes=notes,
    )


def chance_distribution(brands: Sequence[BrandHits]) -> np.ndarray:
    """(s + 1,) probability of 0 to s partners among the s suggestions to all brands, if they are random."""
    total = np.ones(1)
    for one in brands:
        own = hypergeom.pmf(np.arange(one.suggested + 1), one.candidates, one.partners, one.suggested)
        # The draws of different brands are independent: their sum has the convolution as its distribution.
        total = np.convolve(total, own)
    return total


def _many_brands_sentences(answer: FirstTen) -> list[str]:
    n = len(answer.brands)
    return [
        f"Of the ten influencers that {answer.ranker} would have suggested to a brand that it had not "
        f"learned from, {answer.hits:.1f} were really its partners (mean over {n:,} brands; 95 % interval "
        f"{answer.low:.1f} to {answer.high:.1f}).",
        f"Chance gives {answer.chance:.1f}. As many partners as here, or more, are in {_share(answer)} of "
        "random draws.",
    ]


def _one_brand_sentences(answer: FirstTen) -> list[str]:
    (one,) = answer.brands
    ten = "ten" if one.suggested == SUGGESTED else f"{one.suggested}"
    low, high = answer.chance_range
    return [
        f"Of the {ten} influencers that {answer.ranker} would have suggested to {one.brand} without knowing "
        f"its partners, {one.hits:.3g} were really its partners ({one.partners:,} of {one.candidates:,} "
        "candidates are).",
        f"Chance gives {one.chance:.1f} on average, and {low} to {high} in 95 % of random draws. As many as "
        f"here, or more, are in {_share(answer)} of them.",
        "One brand can show whether this is more than luck. It has no interval over brands: it does not say "
        "how well the ranker does for other brands.",
    ]


def _share(answer: FirstTen) -> str:
    share = answer.share_as_good
    return "less than 0.1 %" if share < RARE else f"{100 * share:.2g} %" if share < 0.995 else "almost all"
