"""Results of ``brands_for`` and ``pair``: brands for an influencer, and a pair seen from both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brandfit.data.candidates import Counted
from brandfit.pipeline.candidates import Candidates

TENTH = 0.1
"""Share of the candidates, or of the brands, that counts as the top."""


@dataclass(frozen=True)
class BrandMatch:
    """One brand for an influencer.

    rank            of the brand among the brands of the influencer
    candidate_rank  the influencer's rank among the candidates of the brand, as ``rank`` gives it
    among           the number of these candidates
    probability     that they work together, with its 95 % interval; None if the ranker gives none
    """

    rank: int
    brand: str
    candidate_rank: int
    among: int
    probability: tuple[float, float, float] | None

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Suiting:
    """All brands for an influencer, best first.

    by          "probability" or "rank": what the brands are sorted by
    excluded    brands that are left out, counted by reason; with ``brands`` they add up to all brands
    candidates  the influencers that it is compared with, before the past partners of each brand are left out
    """

    influencer: str
    ranker: str
    by: str
    brands: tuple[BrandMatch, ...]
    fingerprint: str
    notes: tuple[str, ...]
    excluded: tuple[Counted, ...]
    candidates: Candidates

    def to_dict(self, k: int | None = None) -> dict[str, Any]:
        return {
            "influencer": self.influencer,
            "ranker": self.ranker,
            "by": self.by,
            "dataset": self.fingerprint,
            "notes": list(self.notes),
            "total": len(self.brands),
            "excluded": list(map(Counted.to_dict, self.excluded)),
            "candidates": self.candidates.to_dict(),
            "brands": list(map(BrandMatch.to_dict, self.brands[:k])),
        }


@dataclass(frozen=True)
class Pair:
    """A brand and an influencer from both sides: the rank of the brand among ``brands`` for the influencer,
    and the rank of the influencer for the brand.

    not_this      whether the influencer is marked “Not this” for the brand
    no_candidate  the other reason why the influencer is no candidate for the brand, "" if there is none
    basis         the list in which these are the ranks, as a sentence, if the list shown with the pair may
                  have others; else ""

    With either, rank and ``among`` are those that the influencer would have with the candidates.
    """

    influencer: str
    suited: BrandMatch
    brands: int
    not_this: bool = False
    no_candidate: str = ""
    notes: tuple[str, ...] = ()
    basis: str = ""

    @property
    def for_brand(self) -> bool | None:
        """Whether the influencer is a candidate in the first tenth of the brand's candidates; None with fewer
        than ten candidates, because a tenth is then less than one."""
        # An influencer that is no candidate is not among the first, whatever its score.
        is_first = _in_first_tenth(self.suited.candidate_rank, self.suited.among)
        return is_first and not self.no_candidate if is_first is not None else None

    @property
    def for_influencer(self) -> bool | None:
        """Whether the brand is in the first tenth of the influencer's brands; None with fewer than ten
        brands."""
        return _in_first_tenth(self.suited.rank, self.brands)

    @property
    def sentence(self) -> str:
        match = self.suited
        without_mark = f"{self.influencer} is marked “Not this” for {match.brand}. Without that: "
        place = f"is number {match.candidate_rank:,} of {match.among:,} candidates"
        if self.no_candidate:
            place = (
                f"is no candidate: it {self.no_candidate}. It would be number {match.candidate_rank:,}, "
                f"next to {match.among - 1:,} candidates"
            )
        ranks = (
            f"For {match.brand}, {self.influencer} {place}; for {self.influencer}, {match.brand} is number "
            f"{match.rank:,} of {self.brands:,} brands."
        )
        return f"{without_mark if self.not_this else ''}{ranks}{self._tenth_sentence}"

    @property
    def _tenth_sentence(self) -> str:
        """For which sides the match is in the first tenth; "" if neither side has a tenth of at least one."""
        for_brand, for_influencer = self.for_brand, self.for_influencer
        # The ranks alone say enough about a list of two.
        if for_brand is None and for_influencer is None:
            return ""
        if for_brand is None or for_influencer is None:
            side = "the influencer" if for_brand is None else "the brand"
            verb = "is" if for_brand or for_influencer else "is not"
            return f" That {verb} among the first tenth for {side}."
        sides = {
            (True, True): "both sides",
            (True, False): "the brand alone",
            (False, True): "the influencer alone",
            (False, False): "neither side",
        }
        return f" That is among the first tenth for {sides[for_brand, for_influencer]}."

    @property
    def joint_share(self) -> float:
        """The joint objective: the larger, which is the worse, of two shares. They are the individual
        objectives: the rank of the influencer over the candidates, and the rank of the brand over the brands.

        A pair is as good jointly as it is for the side that it serves worse (maximin).
        """
        return max(self.suited.candidate_rank / self.suited.among, self.suited.rank / self.brands)

    @property
    def joint_sentence(self) -> str:
        """Both objectives in words: each side alone, and both together."""
        for_brand = _percent(self.suited.candidate_rank / self.suited.among)
        for_influencer = _percent(self.suited.rank / self.brands)
        return (
            f"Alone, the brand has it in its first {for_brand} of candidates, the influencer in its first "
            f"{for_influencer} of brands; together, the worse of both counts: the first "
            f"{_percent(self.joint_share)}."
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "influencer": self.influencer,
            "brands": self.brands,
            "joint_share": self.joint_share,
            "joint_sentence": self.joint_sentence,
            **self.suited.to_dict(),
            "not_this": self.not_this,
            "first_tenth_for_brand": self.for_brand,
            "first_tenth_for_influencer": self.for_influencer,
            "candidate": not self.no_candidate,
            "no_candidate": self.no_candidate,
            "sentence": self.sentence,
            "basis": self.basis,
            "notes": list(self.notes),
        }


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _in_first_tenth(rank: int, total: int) -> bool | None:
    """None if a tenth of the total is less than one."""
    tenth = TENTH * total
    return rank <= tenth if tenth >= 1 else None
