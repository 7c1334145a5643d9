"""One fitted ranker on one fold: its metrics brand by brand, its probabilities and what it read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from brandfit.data.split import Fold
from brandfit.evaluation.metrics import TIES, Metric, blocks, ranks_of_relevant
from brandfit.evaluation.plan import PlannedFold
from brandfit.evaluation.protocol import Protocol
from brandfit.exposure import TierShares, parity_scores, tiers_of
from brandfit.rankers.base import Ranker
from brandfit.ranking import order

CELLS = 4_000_000
"""Scores in memory at once: brands are scored in blocks of at most this many pairs."""
HISTORY = ("warm", "cold")
"""Held-out partners that also work with a training brand, and all others. Each kind is judged without the
other as candidates."""
KINDS = ("all", *HISTORY)
"""Which held-out partners a value counts."""


@dataclass(frozen=True)
class PartnerRanks:
    """Ranks of p held-out partners, brand by brand (B-15).

    brands, influencers  (p,) ids
    ranks                (p,) from 1, under the tie rule of the protocol (``metrics.ranks_of_relevant``)
    n_candidates         (p,) number of candidates that are ranked for the brand
    """

    brands: np.ndarray
    influencers: np.ndarray
    ranks: np.ndarray
    n_candidates: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[PartnerRanks]) -> PartnerRanks:
        """The ranks of several folds or brands, one after the other."""
        return cls(
            brands=np.concatenate([part.brands for part in parts]),
            influencers=np.concatenate([part.influencers for part in parts]),
            ranks=np.concatenate([part.ranks for part in parts]),
            n_candidates=np.concatenate([part.n_candidates for part in parts]),
        )


@dataclass(frozen=True)
class ScoredCandidates:
    """How many candidates of each of b brands have a score: the others are never suggested.

    n_scored    (b,) candidates with a score
    n_partners  (b,) held-out partners among these
    """

    n_scored: np.ndarray
    n_partners: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[ScoredCandidates]) -> ScoredCandidates:
        """The counts of several folds, one after the other."""
        return cls(
            n_scored=np.concatenate([part.n_scored for part in parts]),
            n_partners=np.concatenate([part.n_partners for part in parts]),
        )


@dataclass(frozen=True)
class OrderValues:
    """Values of the b brands of a fold in one order of the candidates.

    values         metric name to (b,) values, NaN where not defined
    shares         of the follower tiers, summed over the brands
    partner_ranks  of the held-out partners
    """

    values: dict[str, np.ndarray]
    shares: TierShares
    partner_ranks: PartnerRanks


@dataclass(frozen=True)
class FoldValues:
    """Values of the b brands of a fold.

    by_kind        kind of partners (``KINDS``) to metric name to (b,) values, NaN where not defined
    by_tie_rule    tie rule to metric name to (b,) values; empty unless the protocol compares tie rules
    is_silent      (b,) bool: brands of which no candidate has a score
    scored         how many candidates of each brand have a score
    partner_ranks  of the held-out partners
    shares         of the follower tiers, summed over the brands
    parity         the values in the order with parity of exposure; None unless the protocol compares it
    """

    by_kind: dict[str, dict[str, np.ndarray]]
    by_tie_rule: Mapping[str, Mapping[str, np.ndarray]]
    is_silent: np.ndarray
    scored: ScoredCandidates
    partner_ranks: PartnerRanks
    shares: TierShares
    parity: OrderValues | None


@dataclass(frozen=True)
class FoldJudgement:
    """What one ranker did on one fold of b brands.

    values                 of each brand, and the ranks of its partners
    probabilities          (p,) of the eligible pairs; empty if the ranker gives none
    is_partner             (p,) bool: whether each of these pairs works together
    feature_name_by_slot   the Features that the ranker read
    notes                  what a reader must know of this ranker on this fold
    """

    values: FoldValues
    probabilities: np.ndarray
    is_partner: np.ndarray
    feature_name_by_slot: Mapping[str, str]
    notes: tuple[str, ...]


def judge_fold(ranker: Ranker, planned: PlannedFold, *, protocol: Protocol) -> FoldJudgement:
    """Judge a fitted ranker on the test side of a fold."""
    fold = planned.fold
    probabilities, is_partner = pair_probabilities(ranker, fold)
    values = fold_values(ranker, planned, protocol=protocol)
    # Slots that were read when fitting or scoring, in the order of the ranker.
    read = {*ranker.used_slots(fold.test), *ranker.reads} & fold.test.slots.keys()
    features = {slot: fold.test.slots[slot].name for slot in ranker.slots if slot in read}
    # Features that were fitted on all accounts have seen the held-out pairs.
    leaks = [f"{name} {leak}" for name, leak in fold.features if name in features.values()]
    return FoldJudgement(
        values=values,
        probabilities=probabilities,
        is_partner=is_partner,
        feature_name_by_slot=features,
        notes=(*ranker.notes(fold.test), *leaks),
    )


def pair_probabilities(ranker: Ranker, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """(p,) probabilities of the eligible pairs and (p,) bool labels; both empty if the ranker gives none."""
    blocks_of_rows = []
    for rows in _row_blocks(fold):
        found = ranker.probability(fold.test, fold.brands[rows], fold.candidates)
        if found is None:
            return np.zeros(0), np.zeros(0, bool)
        blocks_of_rows.append(found.value)
    # (b, n) of all rows; only eligible pairs could be recommended.
    return np.concatenate(blocks_of_rows)[fold.eligible], fold.relevant[fold.eligible]


def fold_values(ranker: Ranker, planned: PlannedFold, *, protocol: Protocol) -> FoldValues:
    """Score all brands of a fold, and judge each of them."""
    fold = planned.fold
    is_silent = np.zeros(len(fold.brands), bool)
    n_brands = len(fold.brands)
    scored = ScoredCandidates(np.zeros(n_brands, np.int64), np.zeros(n_brands, np.int64))
    by_kind = {kind: undefined(protocol, len(fold.brands)) for kind in KINDS}
    rules = TIES if protocol.compares_ties else ()
    protocol_by_rule = {rule: protocol.replace(ties=rule) for rule in rules}
    by_tie_rule: dict[str, dict[str, np.ndarray]] = {}
    for rule in rules:
        by_tie_rule[rule] = undefined(protocol, len(fold.brands))
    ranks = [_partner_ranks(fold, 0, np.zeros(0), protocol=protocol)]
    parity_ranks = list(ranks)
    tiers = candidate_tiers(fold)  # (n,)
    shares = TierShares.empty()
    parity = OrderValues(undefined(protocol, len(fold.brands)), TierShares.empty(), ranks[0])
    for rows in _row_blocks(fold):
        scores = ranker.score(fold.test, fold.brands[rows], fold.candidates)  # (rows, n)
        # A brand without a single score is tied on all candidates.
        is_silent[rows] = np.isnan(scores).all(axis=1)
        is_scored = ~np.isnan(scores) & fold.eligible[rows]  # (rows, n)
        scored.n_scored[rows] = is_scored.sum(axis=1)
        scored.n_partners[rows] = (is_scored & fold.relevant[rows]).sum(axis=1)
        for row, brand_scores in zip(range(rows.start, rows.stop), scores, strict=True):
            judged = _judged_candidates(planned, row)
            ranks.append(_partner_ranks(fold, row, brand_scores, protocol=protocol))
            for kind, is_judged in judged.items():
                found = brand_values(protocol, planned, row=row, scores=brand_scores, is_judged=is_judged)
                _fill(by_kind[kind], row, found)
            for rule, of_rule in protocol_by_rule.items():
                found = brand_values(of_rule, planned, row=row, scores=brand_scores, is_judged=judged["all"])
                _fill(by_tie_rule[rule], row, found)
            shares += tier_shares(fold, row, brand_scores, tiers=tiers)
            if protocol.compares_parity:
                fair = _with_parity(fold, row, brand_scores, tiers=tiers)
                found = brand_values(protocol, planned, row=row, scores=fair, is_judged=judged["all"])
                _fill(parity.values, row, found)
                parity = replace(parity, shares=parity.shares + tier_shares(fold, row, fair, tiers=tiers))
                parity_ranks.append(_partner_ranks(fold, row, fair, protocol=protocol))
    parity = replace(parity, partner_ranks=PartnerRanks.joined(parity_ranks))
    return FoldValues(
        by_kind=by_kind,
        by_tie_rule=by_tie_rule,
        is_silent=is_silent,
        scored=scored,
        partner_ranks=PartnerRanks.joined(ranks),
        shares=shares,
        parity=parity if protocol.compares_parity else None,
    )


def candidate_tiers(fold: Fold) -> np.ndarray:
    """(n,) follower tiers of the candidates, by the data that a ranker sees when it scores."""
    return tiers_of(fold.test.account_values("followers", fold.candidates))


def tier_shares(fold: Fold, row: int, scores: np.ndarray, *, tiers: np.ndarray) -> TierShares:
    """Shares of the follower tiers in the list of the brand of a row; none if it has no partner to find.

    scores, tiers  (n,) of all candidates
    """
    eligible = fold.eligible[row]  # (n,) bool
    is_partner = fold.relevant[row][eligible]
    if not is_partner.any():
        return TierShares.empty()
    return TierShares.of_brand(scores[eligible], tiers[eligible], is_partner=is_partner)


def _with_parity(fold: Fold, row: int, scores: np.ndarray, *, tiers: np.ndarray) -> np.ndarray:
    """(n,) scores of the order with parity of exposure; NaN for candidates that are not ranked for the
    brand of the row, or have no score."""
    rows = np.flatnonzero(fold.eligible[row])
    result = np.full(len(scores), np.nan)
    best_first = order(scores[rows], fold.candidates[rows])
    result[rows] = parity_scores(scores[rows], tiers[rows], order=best_first)
    return result


def _fill(values: Mapping[str, np.ndarray], row: int, found: Mapping[Metric, float]) -> None:
    """Write the values of one brand into the arrays (b,) of the metrics."""
    for metric, value in found.items():
        values[str(metric)][row] = value


def _partner_ranks(fold: Fold, row: int, scores: np.ndarray, *, protocol: Protocol) -> PartnerRanks:
    """The ranks of the held-out partners of the brand of a row, by the scores (n,) of all candidates; of no
    partner without scores."""
    eligible = fold.eligible[row] if len(scores) else np.zeros(len(fold.candidates), bool)  # (n,)
    relevant = fold.relevant[row] & eligible
    n_partners = int(relevant.sum())
    ranks = np.zeros(0)
    if n_partners:
        ranks = ranks_of_relevant(scores[eligible], relevant[eligible], ties=protocol.ties)
    return PartnerRanks(
        brands=np.repeat(fold.brands[row : row + 1], n_partners),
        influencers=fold.candidates[relevant],
        ranks=ranks,
        n_candidates=np.full(n_partners, int(eligible.sum())),
    )


def brand_values(
    protocol: Protocol, planned: PlannedFold, *, row: int, scores: np.ndarray, is_judged: np.ndarray
) -> dict[Metric, float]:
    """Metric to its value for the brand of a row; empty if no judged candidate is a partner.

    scores (n,) of all candidates, is_judged (n,) bool: the candidates that count. They are sorted once for
    all metrics that rank the whole pool.
    """
    relevant = planned.fold.relevant[row][is_judged]
    if not relevant.any():
        return {}
    ranked = blocks(scores[is_judged], relevant)
    result = {}
    for metric in protocol.metrics:
        # cAUC ranks another pool, so it sorts again.
        if metric.same_category:
            same = planned.same_category
            category = None if same is None else same[row][is_judged]
            result[metric] = metric.per_brand(
                scores[is_judged], relevant, ties=protocol.ties, category=category
            )
        else:
            result[metric] = metric.value(ranked, protocol.ties)
    return result


def _judged_candidates(planned: PlannedFold, row: int) -> dict[str, np.ndarray]:
    """Kind of partners to (n,) bool: the candidates that count for the brand of a row."""
    # Each (n,) bool. Partners of the other kind are no candidates, so that they do not count as wrong.
    eligible, relevant = planned.fold.eligible[row], planned.fold.relevant[row]
    return {
        "all": eligible,
        "warm": eligible & ~(relevant & ~planned.is_warm),
        "cold": eligible & ~(relevant & planned.is_warm),
    }


def _row_blocks(fold: Fold) -> Iterator[slice]:
    """Slices of the brands, so that no block has more than ``CELLS`` pairs."""
    step = max(1, CELLS // max(1, len(fold.candidates)))
    for start in range(0, len(fold.brands), step):
        yield slice(start, min(start + step, len(fold.brands)))


def undefined(protocol: Protocol, n_brands: int) -> dict[str, np.ndarray]:
    """Metric name to (b,) NaN: the values of brands that have not been judged."""
    return {str(metric): np.full(n_brands, np.nan) for metric in protocol.metrics}
