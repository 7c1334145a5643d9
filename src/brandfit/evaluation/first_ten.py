"""The plain answer of an evaluation: of the ten influencers that a ranker would have suggested to a brand,
how many are really its partners, and how many would be by chance.

Chance draws ten candidates without replacement: the number of partners among them is hypergeometric, with the
mean k r / n for k suggestions, r partners and n candidates. Over brands the numbers add up, and the exact
distribution of their sum is the convolution of those of the brands. The interval of the mean is the
percentile bootstrap over brands, the unit that is sampled. A single brand has no such interval: it can show
only whether its number is more than luck.

A ranker suggests candidates with a score. A brand of which no candidate has one gets no suggestion, so it has
no number: such brands are counted apart. Of a brand with fewer than ten such candidates all are suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
NO_EVIDENCE = "it has no evidence on"
"""Begins the note of an evaluation on brands that a ranker scores no candidate of."""


@dataclass(frozen=True)
class BrandHits:
    """One held-out brand.

    suggested   suggestions: ten, or all candidates with a score if there are fewer
    hits        partners among them; with tied scores the mean over the orders of the ties, or over seeds
    chance      partners among as many random candidates, on average
    partners    held-out partners among the candidates
    candidates  influencers that could be suggested
    scored      candidates with a score, under the seed with most of them; None if they were not counted
    """

    brand: str
    suggested: int
    hits: float
    chance: float
    partners: int
    candidates: int
    scored: int | None = None


@dataclass(frozen=True)
class UnrankedBrand:
    """A held-out brand of which no candidate has a score: there were no suggestions to judge.

    has_posts             whether a post or brief of the brand was left to see
    partners, candidates  as of ``BrandHits``
    """

    brand: str
    has_posts: bool
    partners: int
    candidates: int


@dataclass(frozen=True)
class FirstTen:
    """The plain answer for one ranker, over held-out brands.

    All numbers are those of ``brands``; they are None if no brand could be ranked.

    hits, chance       means over the brands
    low, high          95 % bootstrap interval of the mean of hits over brands; None for one brand
    chance_range       the number of partners in 95 % of random draws, summed over all brands
    share_as_good      share of random draws, over all brands together, with as many partners or more
    brands             the brands, by id
    notes              what readers must know
    unranked           brands that could not be ranked, by id
    """

    ranker: str
    hits: float | None
    chance: float | None
    low: float | None
    high: float | None
    chance_range: tuple[int, int] | None
    share_as_good: float | None
    brands: tuple[BrandHits, ...]
    notes: tuple[str, ...] = ()
    unranked: tuple[UnrankedBrand, ...] = ()

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], brand: str | None = None) -> FirstTen:
        """The answer of ``to_dict``; of one of its brands, if it is named. Raises UnknownName for another
        brand."""
        judged = _Judged([BrandHits(**one) for one in stored["brands"]])
        judged.unranked.extend(UnrankedBrand(**one) for one in stored["unranked"])
        return _answer(stored["ranker"], judged.of(brand), notes=tuple(stored["notes"]))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Brands that could not be ranked, the answer, chance, and what the numbers cannot say."""
        if not self.brands:
            return tuple(_nothing_measured(self))
        if len(self.brands) == 1:
            figures = _one_brand_sentences(self)
        else:
            figures = _many_brands_sentences(self)
            figures += [FEW.format(n=len(self.brands))] if len(self.brands) < FEW_BRANDS else []
        return (*_unranked_sentences(self), *figures, *_unscored_sentences(self), ONLY_KNOWN)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ranker": self.ranker,
            "hits": self.hits,
            "chance": self.chance,
            "low": self.low,
            "high": self.high,
            "chance_range": None if self.chance_range is None else list(self.chance_range),
            "share_as_good": self.share_as_good,
            "sentences": list(self.sentences),
            "brands": list(map(asdict, self.brands)),
            "unranked": list(map(asdict, self.unranked)),
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
    Recall@10, or was stored by a version that did not count candidates with a score.
    """
    if ranker not in report.results:
        raise UnknownName("ranker of the evaluation", ranker, known=report.results)
    metric = Recall(SUGGESTED)
    if metric not in report.protocol.metrics:
        raise UsageError(f"The evaluation has no {metric}.", "Add it to the metrics of the protocol.")
    result = report.results[ranker]
    if not result.scored:
        raise UsageError(
            "The evaluation was stored by an earlier version, which did not count candidates with a score.",
            "Evaluate again.",
        )
    # (seeds, b) each. A brand with held-out partners that can be found has a value; NaN for others.
    recall = np.array(result.values[str(metric)])
    n_scored = np.array([of_seed.n_scored for of_seed in result.scored])
    n_scored_partners = np.array([of_seed.n_partners for of_seed in result.scored])
    # Fewer than ten candidates with a score are all suggested; those without one never are.
    hits = np.where(n_scored >= SUGGESTED, recall * report.partner_counts, n_scored_partners).mean(axis=0)
    judged = _Judged([])
    for row in np.argsort(report.brands.astype(str), kind="stable").tolist():
        if np.isnan(recall[:, row]).any():
            continue
        name, n, r = str(report.brands[row]), int(report.pool_sizes[row]), int(report.partner_counts[row])
        scored = int(n_scored[:, row].max())
        if not scored:
            judged.unranked.append(
                UnrankedBrand(brand=name, has_posts=bool(report.has_posts[row]), partners=r, candidates=n)
            )
            continue
        suggested = min(SUGGESTED, scored)
        judged.brands.append(
            BrandHits(
                brand=name,
                suggested=suggested,
                hits=float(hits[row]),
                chance=suggested * r / n,
                partners=r,
                candidates=n,
                scored=scored,
            )
        )
    return _answer(ranker, judged.of(brand), notes=tuple(plain_notes(report.remarks())))


def plain_notes(notes: Iterable[str]) -> list[str]:
    """The notes of an evaluation without those on brands that could not be ranked: the plain answer counts
    these brands, and its figures are not those of chance."""
    return [note for note in notes if NO_EVIDENCE not in note]


@dataclass(frozen=True)
class _Judged:
    """Brands that were judged, and brands that could not be ranked."""

    brands: list[BrandHits]
    unranked: list[UnrankedBrand] = field(default_factory=list)

    def of(self, brand: str | None) -> _Judged:
        """The brand of this id alone; all for None. Raises UnknownName for another brand."""
        if brand is None:
            return self
        found = _Judged(
            [one for one in self.brands if one.brand == brand],
            [one for one in self.unranked if one.brand == brand],
        )
        if not found.brands and not found.unranked:
            hint = "A brand is judged if it has posts, and a partner that is a candidate."
            known = sorted([one.brand for one in self.brands] + [one.brand for one in self.unranked])
            raise UnknownName("judged brand", brand, known=known, hint=hint)
        return found


def _answer(ranker: str, judged: _Judged, *, notes: tuple[str, ...]) -> FirstTen:
    brands, unranked = tuple(judged.brands), tuple(judged.unranked)
    if not brands:
        # Nobody could be ranked: there is no figure, not one of 0.
        return FirstTen(
            ranker=ranker,
            hits=None,
            chance=None,
            low=None,
            high=None,
            chance_range=None,
            share_as_good=None,
            brands=brands,
            notes=notes,
            unranked=unranked,
        )
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
        brands=brands,
        notes=notes,
        unranked=unranked,
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
    ten = "the ten" if all(one.suggested == SUGGESTED for one in answer.brands) else "up to ten"
    return [
        f"Of {ten} influencers that {answer.ranker} would have suggested to a brand that it had not "
        f"learned from, {answer.hits:.1f} were really its partners (mean over {n:,} brands; 95 % interval "
        f"{answer.low:.1f} to {answer.high:.1f}).",
        f"Chance gives {answer.chance:.1f}. As many partners as here, or more, are in {_share(answer)} of "
        "random draws.",
    ]


def _one_brand_sentences(answer: FirstTen) -> list[str]:
    (one,) = answer.brands
    ten = "ten" if one.suggested == SUGGESTED else f"{one.suggested}"
    low, high = answer.chance_range or (0, 0)
    return [
        f"Of the {ten} influencers that {answer.ranker} would have suggested to {one.brand} without knowing "
        f"its partners, {one.hits:.3g} were really its partners ({one.partners:,} of {one.candidates:,} "
        "candidates are).",
        f"Chance gives {one.chance:.1f} on average, and {low} to {high} in 95 % of random draws. As many as "
        f"here, or more, are in {_share(answer)} of them.",
        "One brand can show whether this is more than luck. It has no interval over brands: it does not say "
        "how well the ranker does for other brands.",
    ]


def _unranked_sentences(answer: FirstTen) -> list[str]:
    """On brands that could not be ranked, if others could."""
    n_unranked, n_judged = len(answer.unranked), len(answer.brands)
    if not n_unranked:
        return []
    is_are = "figure is that" if n_judged == 1 else "figures are those"
    return [
        f"{answer.ranker} could rank no influencer for {n_unranked:,} of {n_unranked + n_judged:,} brands in "
        f"this trial{_reasons(answer)}. The {is_are} of the other {n_judged:,}."
    ]


def _nothing_measured(answer: FirstTen) -> list[str]:
    """On a trial in which no brand could be ranked, and what to do."""
    n = len(answer.unranked)
    if not n:  # an erasure has removed all brands of a stored answer
        return ["Nothing can be said: no brand of this trial is left."]
    subject = answer.unranked[0].brand if n == 1 else f"any of the {n:,} brands"
    sentences = [
        f"Nothing could be measured: {answer.ranker} could rank no influencer for {subject} in this "
        f"trial{_reasons(answer)}."
    ]
    its = "its" if n == 1 else "their"
    if not all(one.has_posts for one in answer.unranked):
        sentences += [
            f"A list in use may rank by the posts of known partners; such lists were not judged here: "
            f"brandfit evaluate {answer.ranker} --protocol expansion judges them, with half of the partners "
            "known.",
            f"To judge suggestions without known partners, import {its} posts, or a brief for each brand, "
            "encode them, and try again.",
        ]
    if any(one.has_posts for one in answer.unranked):
        sentences.append(
            f"Encode {its} posts with the features that {answer.ranker} reads, or choose another ranker: "
            "brandfit list rankers"
        )
    return sentences


def _reasons(answer: FirstTen) -> str:
    """Why brands could not be ranked, with an example."""
    without = [one.brand for one in answer.unranked if not one.has_posts]
    others = [one.brand for one in answer.unranked if one.has_posts]
    if len(answer.unranked) == 1 and not answer.brands:
        if without:
            return ": it has no post or brief of its own, and its partners were hidden"
        return f": it has posts, but none of the features that {answer.ranker} reads"
    if not others:
        return (
            ": they have no post or brief of their own, and their partners were hidden, for example "
            f"{without[0]}"
        )
    if not without:
        return (
            f": they have posts, but none of the features that {answer.ranker} reads, for example {others[0]}"
        )
    return (
        f": {len(without):,} without a post or brief of their own, for example {without[0]}, and "
        f"{len(others):,} with posts but without the features that {answer.ranker} reads, for example "
        f"{others[0]}"
    )


def _unscored_sentences(answer: FirstTen) -> list[str]:
    """On candidates that could not be suggested, because they have no score."""
    some = [one for one in answer.brands if one.scored is not None and one.scored < one.candidates]
    if not some:
        return []
    example = f"{some[0].scored:,} of {some[0].candidates:,} have one"
    if len(answer.brands) == 1:
        return [f"Only candidates with a score can be suggested: {example}."]
    return [
        f"Only candidates with a score can be suggested: for {len(some):,} of {len(answer.brands):,} brands "
        f"some have none, for example for {some[0].brand} {example}."
    ]


def _share(answer: FirstTen) -> str:
    share = answer.share_as_good or 0.0
    return "less than 0.1 %" if share < RARE else f"{100 * share:.2g} %" if share < 0.995 else "almost all"
