"""Which brands suit an influencer, and whether a pair suits both sides (S-02, C-18).

Scores of one influencer for several brands are not comparable for every ranker: a brand that is like nobody
gives low scores to all. So brands are put in order

    by probability  where the ranker tells a calibrated one (brandfit with endorsements)
    by place        of the influencer among the candidates of each brand, over how many they are, with every
                    other ranker

Measured on the released pairs in 5 folds over brands, 3,314 influencers (``studies/brands.py``), mean AUC
of the brands of an influencer: .873 by brandfit's probability, .864 by its place (p < .001); .838 by the
place that simcos gives, .830 by its score (p = .002).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brandfit.arguments import Account, checked
from brandfit.data.candidates import Counted, counted
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.pipeline.candidates import Bounds, Candidates, bounds, candidates
from brandfit.pipeline.datasets import find_brand, find_influencer
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.ranking import default_ranker, fitted, handles
from brandfit.rankers.base import Ranker
from brandfit.ranking import order, rank_at
from brandfit.workspace import Place, as_workspace

CELLS = 4_000_000
"""Scores held at once."""
TENTH = 0.1
"""Of the candidates, or of the brands, that count as a good place."""


@dataclass(frozen=True)
class BrandMatch:
    """One brand for an influencer.

    candidate_rank  the influencer's rank among the candidates of the brand, as ``rank`` gives it
    among           the number of these candidates
    probability     that they work together, with its 95 % interval; None where the ranker tells none
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
    """All brands for an influencer, best first; ``by``: "probability" or "rank".

    excluded    brands that are left out, counted by reason; they and ``brands`` add up to all brands
    candidates  who it is compared with for its places, before the past partners of each brand are left out
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
            "excluded": [group.to_dict() for group in self.excluded],
            "candidates": self.candidates.to_dict(),
            "brands": [brand.to_dict() for brand in self.brands[:k]],
        }


@dataclass(frozen=True)
class Pair:
    """A brand and an influencer from both sides: the brand among ``brands`` for the influencer, and its place
    for the brand.

    not_this      whether the influencer is marked “Not this” for the brand
    no_candidate  why the influencer is no candidate for the brand apart from that, "" if it is one

    In both cases its place, and ``among``, are those that it would have beside the candidates.
    """

    influencer: str
    suited: BrandMatch
    brands: int
    not_this: bool = False
    no_candidate: str = ""
    notes: tuple[str, ...] = ()

    @property
    def for_brand(self) -> bool:
        """Whether the influencer is a candidate in the first tenth of the brand's candidates."""
        return not self.no_candidate and self.suited.candidate_rank <= max(TENTH * self.suited.among, 1)

    @property
    def for_influencer(self) -> bool:
        """Whether the brand is in the first tenth of the influencer's brands."""
        return self.suited.rank <= max(TENTH * self.brands, 1)

    @property
    def sentence(self) -> str:
        sides = {
            (True, True): "both sides",
            (True, False): "the brand alone",
            (False, True): "the influencer alone",
        }
        good = sides.get((self.for_brand, self.for_influencer), "neither side")
        left_out = f"{self.influencer} is marked “Not this” for {self.suited.brand}. Without that: "
        one = self.suited
        place = f"is number {one.candidate_rank:,} of {one.among:,} candidates"
        if self.no_candidate:
            place = (
                f"is no candidate: it {self.no_candidate}. It would be number {one.candidate_rank:,}, "
                f"next to {one.among - 1:,} candidates"
            )
        return (
            f"{left_out if self.not_this else ''}For {one.brand}, {self.influencer} {place}; for "
            f"{self.influencer}, {one.brand} is number {one.rank:,} of {self.brands:,} brands. That is among "
            f"the first tenth for {good}."
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "influencer": self.influencer,
            "brands": self.brands,
            **self.suited.to_dict(),
            "not_this": self.not_this,
            "first_tenth_for_brand": self.for_brand,
            "first_tenth_for_influencer": self.for_influencer,
            "candidate": not self.no_candidate,
            "no_candidate": self.no_candidate,
            "sentence": self.sentence,
            "notes": list(self.notes),
        }


@checked
def brands_for(
    workspace: Place,
    influencer: Account,
    *,
    ranker: str | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
    followers: str | None = None,
    not_this: Mapping[str, Sequence[str]] | None = None,
) -> Suiting:
    """The brands of the workspace for an influencer, best first.

    Past partners are left out unless ``partners``: of its brands, and of the candidates that it is compared
    with. ``followers``: bounds of these candidates, as in ``rank``. ``not_this``: brand to the influencers
    that are marked “Not this” for it, who are none of its candidates; a brand with such a mark on this
    influencer is left out.

    Raises UnknownName, and UsageError where no brand can be told to suit it.
    """
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    influencer = find_influencer(dataset, influencer)
    # What is kept holds the model and the Dataset, so that their ids stay theirs.
    within = bounds(followers, data)
    disliked = {brand: frozenset(handles(ids)) for brand, ids in (not_this or {}).items()}
    key = (id(model), id(dataset), influencer, partners, within, frozenset(disliked.items()))
    made: Suiting = workspace.memo.get(
        "suitings",
        key,
        lambda: (
            _suiting(
                model, dataset, influencer=influencer, partners=partners, within=within, disliked=disliked
            ),
            model,
            dataset,
        ),
    )[0]
    encoding = encoding_of(workspace, dataset, [influencer, *dataset.brands.tolist()])
    return replace(made, notes=(*encoding.notes, *made.notes))


def _suiting(
    model: Ranker,
    dataset: Dataset,
    *,
    influencer: str,
    partners: bool,
    within: Bounds,
    disliked: Mapping[str, Collection[str]],
) -> Suiting:
    notes = model.notes(dataset)
    if not model.brand_dependent:
        notes.append(f"{model.name} scores an influencer alike for every brand")
    compared = candidates(dataset, None, partners=True, within=within)
    pool = compared.ids
    if influencer not in set(pool.tolist()):
        notes.append(
            f"{influencer} is outside the bounds of {within.sentence}: `brandfit rank` does not list it, and "
            "its places are those that it would have"
        )
        pool = np.array([*pool.tolist(), influencer], dtype=object)
    at = int(np.flatnonzero(pool == influencer)[0])
    past = {b for b in dataset.brands.tolist() if influencer in dataset.partners.get(b, set())}
    if partners:
        past = set()
    marking = [b for b in dataset.brands.tolist() if b not in past and influencer in disliked.get(b, ())]
    brands = [b for b in dataset.brands.tolist() if b not in past and b not in marking]
    seen = np.array([b for b in brands if dataset.representation[b] != "none"], dtype=object)
    step = max(1, CELLS // len(pool))
    index = {id: n for n, id in enumerate(pool.tolist())}
    told: list[tuple[str, int, int, tuple[float, float, float] | None]] = []
    for start in range(0, len(seen), step):
        block = seen[start : start + step]
        scores = model.score(dataset, block, pool)
        probability = model.probability(dataset, block, pool[at : at + 1])
        # (rows, 3) value, low, high
        chances = None if probability is None else np.stack([values[:, 0] for values in probability], axis=1)
        for row, brand in enumerate(block.tolist()):
            if np.isnan(scores[row, at]):
                continue
            open_ = np.ones(len(pool), bool)
            if not partners:
                open_[[index[id] for id in dataset.partners.get(brand, ()) if id in index]] = False
            open_[[index[id] for id in disliked.get(brand, ()) if id in index]] = False
            mine = int(open_[:at].sum())
            value, low, high = (float(v) for v in chances[row]) if chances is not None else (0.0, 0.0, 0.0)
            chance = (value, low, high) if chances is not None else None
            told.append((brand, rank_at(scores[row, open_], pool[open_], mine), int(open_.sum()), chance))
    if not told:
        raise UsageError(
            f"There is no brand to tell for {influencer}: {model.name} has no evidence on it and any brand.",
            "Encode its posts and theirs, or ask for past partners too (--partners).",
        )
    judged = {brand for brand, *_ in told}
    excluded = (
        *counted("partner", "past partners", ids=sorted(past), one="past partner"),
        *counted("disliked", "for which it is marked “Not this”", ids=marking),
        *counted("no_evidence", "with nothing known to judge by", ids=[b for b in brands if b not in judged]),
    )
    by = "probability" if told[0][3] is not None else "rank"
    keys = np.array([chance[0] if chance is not None else -(rank - 0.5) / n for _, rank, n, chance in told])
    best = order(keys, [brand for brand, *_ in told])
    rows = tuple(BrandMatch(n, *told[i]) for n, i in enumerate(best.tolist(), 1))
    return Suiting(
        influencer=influencer,
        ranker=model.name,
        by=by,
        brands=rows,
        fingerprint=dataset.fingerprint,
        notes=tuple(notes),
        excluded=excluded,
        candidates=compared,
    )


@checked
def pair(
    workspace: Place,
    brand: Account,
    influencer: Account,
    *,
    ranker: str | None = None,
    data: Mapping[str, Any] | None = None,
    followers: str | None = None,
    not_this: Mapping[str, Sequence[str]] | None = None,
) -> Pair:
    """Whether a pair suits both sides (C-18). Of two that worked together already, with all past partners in
    the running.

    not_this  as in ``brands_for``; the place of an influencer that is marked for this brand is the one that
              it would have
    """
    workspace = as_workspace(workspace)
    _, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    brand, influencer = find_brand(dataset, brand), find_influencer(dataset, influencer)
    known = influencer in dataset.partners.get(brand, set())
    marks = {of: handles(ids) for of, ids in (not_this or {}).items()}
    marked = influencer in marks.get(brand, ())
    if marked:
        marks[brand] = [id for id in marks[brand] if id != influencer]
    found = brands_for(
        workspace, influencer, ranker=ranker, partners=known, data=data, followers=followers, not_this=marks
    )
    suited = next((one for one in found.brands if one.brand == brand), None)
    if suited is None:
        raise UsageError(
            f"{found.ranker} has no evidence on {brand} and {influencer}.", "Encode the posts of both."
        )
    within = found.candidates.bounds
    is_candidate = influencer in found.candidates.ids.tolist()
    why_not = "" if is_candidate else _outside(dataset, influencer, within)
    notes = encoding_of(workspace, dataset, [brand, influencer]).notes
    return Pair(
        influencer=influencer,
        suited=suited,
        brands=len(found.brands),
        not_this=marked,
        no_candidate=why_not,
        notes=notes,
    )


def _outside(dataset: Dataset, influencer: str, within: Bounds) -> str:
    """Why an influencer outside these bounds is no candidate, after its name."""
    followers = int(dataset.account(influencer)["followers"])
    noun = "follower" if followers == 1 else "followers"
    return f"has {followers:,} {noun}, and candidates have {within.sentence}"
