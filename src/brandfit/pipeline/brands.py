"""Brands for an influencer, and whether a pair suits both sides (S-02, C-18).

With some rankers, the scores of one influencer for several brands are not comparable: a brand without similar
influencers gives low scores to all. So brands are sorted

    by probability  if the ranker gives calibrated ones (brandfit with endorsements)
    by rank         of the influencer among the candidates of each brand, divided by their number, otherwise

Measured on the released pairs in 5 folds over brands, 3,314 influencers (``studies/brands.py``), mean AUC
of the brands of an influencer: .873 by brandfit's probability, .864 by its rank (p < .001); .838 by the
rank that simcos gives, .830 by its score (p = .002).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from brandfit.arguments import Account, accounts, checked
from brandfit.data.candidates import Counted, counted
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.pipeline.brand_matches import BrandMatch, Pair, Suiting
from brandfit.pipeline.candidates import Bounds, bounds, candidates
from brandfit.pipeline.lookup import find_brand, find_influencer, row_by_id
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.rankers.base import Ranker
from brandfit.ranking import order, rank_at
from brandfit.workspace import Place, as_workspace

MAX_SCORES = 4_000_000
"""Scores in memory at once."""


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

    partners   with past partners: brands that it worked with, and candidates that worked with a brand
    followers  bounds of the candidates that it is compared with, as in ``rank``
    not_this   brand to influencers that are marked “Not this” for it and so are none of its candidates; a
               brand with such a mark on this influencer is left out

    Raises UnknownName, and UsageError if no brand has evidence on the influencer.
    """
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    comparison = _Comparison(
        model,
        dataset,
        influencer=find_influencer(dataset, influencer),
        partners=partners,
        within=bounds(followers, data),
        disliked_by_brand=_ids_by_brand(not_this),
    )
    # The entry holds the model and the Dataset, so that no other object can get the same id.
    suiting: Suiting = workspace.memo.get(
        "suitings", comparison.key, lambda: (comparison.suiting(), model, dataset)
    )[0]
    encoding = encoding_of(workspace, dataset, [comparison.influencer, *dataset.brands.tolist()])
    return replace(suiting, notes=(*encoding.notes, *suiting.notes))


def _ids_by_brand(not_this: Mapping[str, Collection[str]] | None) -> dict[str, frozenset[str]]:
    return {brand: frozenset(accounts(names, "not_this")) for brand, names in (not_this or {}).items()}


class _BrandScore(NamedTuple):
    """The influencer for one brand: its rank among ``among`` candidates, and the probability with its 95 %
    interval."""

    brand: str
    candidate_rank: int
    among: int
    probability: tuple[float, float, float] | None


@dataclass(frozen=True)
class _Comparison:
    """An influencer, compared with the candidates of every brand."""

    model: Ranker
    dataset: Dataset
    influencer: str
    partners: bool
    within: Bounds
    disliked_by_brand: Mapping[str, frozenset[str]]

    @property
    def key(self) -> tuple[Any, ...]:
        marks = frozenset(self.disliked_by_brand.items())
        return (id(self.model), id(self.dataset), self.influencer, self.partners, self.within, marks)

    def suiting(self) -> Suiting:
        notes = self.model.notes(self.dataset)
        if not self.model.brand_dependent:
            notes.append(f"{self.model.name} gives an influencer the same score for every brand")
        # For no brand in particular. Past partners are left out for each brand, in ``_is_candidate``.
        compared = candidates(self.dataset, None, partners=True, within=self.within)
        pool = compared.ids
        if self.influencer not in set(pool.tolist()):
            notes.append(
                f"{self.influencer} is outside the bounds of {self.within.sentence}: `brandfit rank` does "
                "not list it, and its places are those that it would have"
            )
            pool = np.array([*pool.tolist(), self.influencer], dtype=object)
        # Each brand is in exactly one of the three lists, so that the counts add up.
        past_partners, marked, brands = self._brands_by_kind()
        scores = self._scores(brands, pool)
        if not scores:
            raise UsageError(
                f"No brand can be ranked for {self.influencer}: {self.model.name} has no evidence on it and "
                "any brand.",
                "Encode its posts and theirs, or include past partners (--partners).",
            )
        scored = {score.brand for score in scores}
        return Suiting(
            influencer=self.influencer,
            ranker=self.model.name,
            by="probability" if scores[0].probability is not None else "rank",
            brands=_sorted_matches(scores),
            fingerprint=self.dataset.fingerprint,
            notes=tuple(notes),
            excluded=_excluded(past_partners, marked, [brand for brand in brands if brand not in scored]),
            candidates=compared,
        )

    def _brands_by_kind(self) -> tuple[list[str], list[str], list[str]]:
        """Past partners that are left out, brands with a mark “Not this” on the influencer, and others."""
        past_partners: list[str] = []
        marked: list[str] = []
        others: list[str] = []
        for brand in self.dataset.brands.tolist():
            if not self.partners and self.influencer in self.dataset.partners.get(brand, set()):
                past_partners.append(brand)
            elif self.influencer in self.disliked_by_brand.get(brand, ()):
                marked.append(brand)
            else:
                others.append(brand)
        return sorted(past_partners), marked, others

    def _scores(self, brands: Sequence[str], pool: np.ndarray) -> list[_BrandScore]:
        """The influencer among the candidates (n,) of each brand; brands without evidence are left out."""
        # Brands without posts, brief and partners have no scores.
        known = [brand for brand in brands if self.dataset.representation[brand] != "none"]
        represented = np.array(known, dtype=object)
        row_of = row_by_id(pool)
        own_row = row_of[self.influencer]
        results: list[_BrandScore] = []
        # Blocks of brands limit the scores in memory.
        step = max(1, MAX_SCORES // len(pool))
        for start in range(0, len(represented), step):
            block = represented[start : start + step]
            scores = self.model.score(self.dataset, block, pool)  # (n_block, n)
            probability = self.model.probability(self.dataset, block, pool[own_row : own_row + 1])
            intervals = None
            if probability is not None:
                intervals = np.stack([values[:, 0] for values in probability], axis=1)  # (n_block, 3)
            for row, brand in enumerate(block.tolist()):
                if np.isnan(scores[row, own_row]):
                    continue
                is_candidate = self._is_candidate(brand, row_of)
                # The rank among the candidates of this brand, without sorting them.
                rank = rank_at(
                    scores[row, is_candidate], pool[is_candidate], int(is_candidate[:own_row].sum())
                )
                interval = None
                if intervals is not None:
                    value, low, high = (float(bound) for bound in intervals[row])
                    interval = (value, low, high)
                results.append(_BrandScore(brand, rank, int(is_candidate.sum()), interval))
        return results

    def _is_candidate(self, brand: str, row_of: Mapping[str, int]) -> np.ndarray:
        """(n,) bool: which of the pool are candidates of this brand."""
        # Marks “Not this” and past partners, as in ``rank``.
        left_out = set(self.disliked_by_brand.get(brand, ()))
        if not self.partners:
            left_out |= set(self.dataset.partners.get(brand, ()))
        is_candidate = np.ones(len(row_of), bool)
        is_candidate[[row_of[id] for id in left_out if id in row_of]] = False
        return is_candidate


def _sorted_matches(scores: Sequence[_BrandScore]) -> tuple[BrandMatch, ...]:
    """By probability, or by rank relative to the number of candidates; the best first."""
    # (n_brands,) the largest is the best.
    keys = np.empty(len(scores))
    for n, score in enumerate(scores):
        # Half a rank is subtracted, so that number 1 of few counts less than number 1 of many.
        relative_rank = (score.candidate_rank - 0.5) / score.among
        keys[n] = score.probability[0] if score.probability is not None else -relative_rank
    best = order(keys, [score.brand for score in scores])
    return tuple(BrandMatch(rank, *scores[row]) for rank, row in enumerate(best.tolist(), 1))


def _excluded(
    past_partners: Sequence[str], marked: Sequence[str], without_evidence: Sequence[str]
) -> tuple[Counted, ...]:
    return (
        *counted("partner", "past partners", ids=past_partners, one="past partner"),
        *counted("disliked", "for which it is marked “Not this”", ids=marked),
        *counted("no_evidence", "without evidence to rank by", ids=without_evidence),
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
    shown_with: RankingQuery | None = None,
) -> Pair:
    """Whether a pair suits both sides (C-18). If both already worked together, all past partners are included
    in the comparison.

    not_this    as in ``brands_for``; if this influencer is marked for this brand, its rank is the one that it
                would have without the mark
    shown_with  the list of the brand that a reader sees with the pair; if its ranks may be others,
                ``Pair.basis`` says so

    Raises UnknownName, and UsageError if there is no evidence on the pair.
    """
    workspace = as_workspace(workspace)
    _, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    brand, influencer = find_brand(dataset, brand), find_influencer(dataset, influencer)
    marks = {marking: list(ids) for marking, ids in _ids_by_brand(not_this).items()}
    # The mark is removed for the comparison, so that the influencer has a rank.
    is_marked = influencer in marks.get(brand, ())
    if is_marked:
        marks[brand].remove(influencer)
    with_partners = influencer in dataset.partners.get(brand, set())
    suiting = brands_for(
        workspace,
        influencer,
        ranker=ranker,
        partners=with_partners,
        data=data,
        followers=followers,
        not_this=marks,
    )
    match = next((match for match in suiting.brands if match.brand == brand), None)
    if match is None:
        raise UsageError(
            f"{suiting.ranker} has no evidence on {brand} and {influencer}.", "Encode the posts of both."
        )
    is_candidate = influencer in suiting.candidates.ids.tolist()
    return Pair(
        influencer=influencer,
        suited=match,
        brands=len(suiting.brands),
        not_this=is_marked,
        no_candidate="" if is_candidate else _outside(dataset, influencer, suiting.candidates.bounds),
        notes=encoding_of(workspace, dataset, [brand, influencer]).notes,
        basis=_basis(shown_with, with_partners),
    )


def _basis(shown_with: RankingQuery | None, with_partners: bool) -> str:
    """The list in which a pair has its ranks, as a sentence; "" if the list shown with it has the same ranks.

    with_partners  whether the pair is compared with past partners too
    """
    if shown_with is None or shown_with.has_ranks_of_pair(with_partners):
        return ""
    partners = "with past partners" if with_partners else "without past partners"
    return f"These places are among all candidates, {partners}, by the score as learned."


def _outside(dataset: Dataset, influencer: str, within: Bounds) -> str:
    """The reason why an influencer outside these bounds is no candidate, to follow its name."""
    followers = int(dataset.account(influencer)["followers"])
    noun = "follower" if followers == 1 else "followers"
    return f"has {followers:,} {noun}, and candidates have {within.sentence}"
