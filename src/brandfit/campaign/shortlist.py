"""A shortlist: the set of influencers that reaches most people with a match under a budget, not the k best each on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from brandfit.arguments import Texts, checked
from brandfit.campaign.choose import choose
from brandfit.campaign.limits import Limit, Limits
from brandfit.campaign.prices import PriceConfig, Prices, prices
from brandfit.campaign.reach import Reach
from brandfit.data.audience import Audiences
from brandfit.data.candidates import Counted
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.ranking import Ranking

MatchIs = Literal["probability", "rank share"]


@dataclass(frozen=True)
class Pick:
    """rank: None without evidence; price and its range; given: whether it was stated; followers: None where not known;
    adds: people that it adds to those above it; shared: share of its known audience that others of the list have too,
    None where no audience is known."""

    influencer: str
    rank: int | None
    match: float
    price: float
    price_low: float
    price_high: float
    given: bool
    followers: int | None
    adds: float
    shared: float | None


@dataclass(frozen=True)
class Shortlist:
    """match_is: what the match of a pick is, a probability or only its place in the ranking, as the share of candidates that are
    not above it; reach: people won, expected (of rank shares: followers weighed by them, to compare sets by); ranked_reach: of the
    first of the ranking that the same limits allow; at_least: what share of the best possible it is for sure; first: those of the
    ranking with their places, empty where they do not keep the limits; among: number of influencers that could be chosen;
    excluded: the others, counted by reason."""

    brand: str
    match_is: MatchIs
    picks: tuple[Pick, ...]
    reach: float
    ranked_reach: float | None
    at_least: float
    budget: float | None
    notes: tuple[str, ...]
    first: tuple[tuple[str, int], ...] = ()
    among: int = 0
    excluded: tuple[Counted, ...] = ()

    @property
    def price(self) -> tuple[float, float, float]:
        """Of all: middle, low, high."""
        return total_price(self.picks)

    def to_dict(self) -> dict[str, Any]:
        middle, low, high = self.price
        return {
            "brand": self.brand,
            "match_is": self.match_is,
            "reach": self.reach,
            "reach_of_the_first_of_the_ranking": self.ranked_reach,
            "at_least_of_the_best_possible": self.at_least,
            "first_of_the_ranking": [{"influencer": id, "rank": rank} for id, rank in self.first],
            "budget": self.budget,
            "candidates": self.among,
            "excluded": [group.to_dict() for group in self.excluded],
            "price": {"middle": middle, "low": low, "high": high},
            "picks": [{name: getattr(pick, name) for name in Pick.__dataclass_fields__} for pick in self.picks],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Appraisal:
    """What a set that somebody chose costs and is expected to reach; as in ``Shortlist``."""

    brand: str
    match_is: MatchIs
    picks: tuple[Pick, ...]
    reach: float
    notes: tuple[str, ...]

    @property
    def price(self) -> tuple[float, float, float]:
        """Of all: middle, low, high."""
        return total_price(self.picks)

    def to_dict(self) -> dict[str, Any]:
        middle, low, high = self.price
        return {
            "brand": self.brand,
            "match_is": self.match_is,
            "reach": self.reach,
            "price": {"middle": middle, "low": low, "high": high},
            "picks": [{name: getattr(pick, name) for name in Pick.__dataclass_fields__} for pick in self.picks],
            "notes": list(self.notes),
        }


def total_price(picks: Sequence[Pick]) -> tuple[float, float, float]:
    """Middle, low, high."""
    middle, low, high = (sum(getattr(p, name) for p in picks) for name in ("price", "price_low", "price_high"))
    return middle, low, high


@checked
def appraise(
    dataset: Dataset,
    ranking: Ranking,
    match: np.ndarray,
    match_is: MatchIs,
    followers: np.ndarray,
    rate: np.ndarray,
    chosen: Texts,
    given: Mapping[str, float] | None = None,
    config: PriceConfig | None = None,
) -> Appraisal:
    """Of a set of candidates that was chosen already, in the order of the ranking. One without evidence counts as no match.

    The rest is as in ``shortlist``.
    """
    ids = ranking.candidates
    asked = prices(ids, followers, rate, given or {}, config)
    audiences = Audiences(dataset, ids.tolist())
    reach = Reach(audiences.matrix, np.nan_to_num(followers), np.nan_to_num(match))
    row = {id: n for n, id in enumerate(ids.tolist())}
    at = sorted(row[id] for id in chosen)
    picks = _picks(at, ranking.ranks(), ids, followers, asked, reach)
    return Appraisal(ranking.brand, match_is, picks, reach.value(at), tuple(_notes(picks, ranking, match_is, audiences, config)))


@checked
def shortlist(
    dataset: Dataset,
    ranking: Ranking,
    match: np.ndarray,
    match_is: MatchIs,
    followers: np.ndarray,
    rate: np.ndarray,
    budget: float | None = None,
    count: int | None = None,
    groups: Sequence[Limit] = (),
    excluded: Texts = (),
    given: Mapping[str, float] | None = None,
    config: PriceConfig | None = None,
) -> Shortlist:
    """Choose among the candidates of a ranking.

    match      (n,) of each candidate from 0 to 1, in the order of the ranking; match_is: what it is
    followers  (n,) of each, and rate (n,), its engagement rate; NaN where not known
    groups     limits of parts of them

    Raises UsageError where there is neither a budget nor a count, or no set keeps the limits.
    """
    if budget is None and count is None:
        raise UsageError("A shortlist needs a limit.", "Say a budget (5000), or how many at most (8), or both.")
    if budget is not None and not 0 < budget < float("inf"):
        raise UsageError(f"A budget is a number above 0, found {budget:g}.", "Leave it out to choose by how many alone.")
    out = set(excluded)
    kept = np.array([n for n, id in enumerate(ranking.candidates.tolist()) if id not in out and not np.isnan(match[n])], np.int64)
    # Priced beside all candidates: whom a condition leaves out must not change what the others cost.
    asked = prices(ranking.candidates, followers, rate, given or {}, config).of(kept)
    ids, followers = ranking.candidates[kept], followers[kept]
    audiences = Audiences(dataset, ids.tolist())
    reach = Reach(audiences.matrix, np.nan_to_num(followers), match[kept])
    limits = Limits(
        asked.middle,
        float("inf") if budget is None else budget,
        count,
        [Limit(group.sentence, group.members[kept], group.least, group.most) for group in groups],
    )
    found = choose(reach, limits, np.arange(len(ids)))
    ranks = [ranking.ranks()[n] for n in kept.tolist()]
    picks = _picks(found.at, ranks, ids, followers, asked, reach)
    notes = _notes(picks, ranking, match_is, audiences, config)
    if not len(ids):
        notes = ["none of the candidates is left by these conditions"]
    elif not picks and budget is not None and asked.middle.min(initial=np.inf) > budget:
        notes.append(f"nobody can be had within these limits: the cheapest costs {asked.middle.min():,.2f}")
    at_least = found.value / found.bound if found.bound > 0 else 1.0  # of nothing, nothing is all
    first = tuple((str(ids[i]), int(kept[i]) + 1) for i in found.first)
    return Shortlist(ranking.brand, match_is, picks, found.value, found.ranked, min(at_least, 1.0), budget, tuple(notes), first)


def _picks(
    at: Sequence[int], ranks: Sequence[int | None], ids: np.ndarray, followers: np.ndarray, asked: Prices, reach: Reach
) -> tuple[Pick, ...]:
    """at: numbers of the chosen in their order; ranks (n,): of all candidates."""
    left, picks = reach.nothing, []
    for i in at:
        adds = reach.gain(i, left)
        left = reach.added(i, left)
        others = [j for j in at if j != i]
        mine = reach.audience[i]
        seen = np.asarray(reach.audience[others].sum(axis=0)).ravel() > 0 if others else np.zeros(mine.shape[1], bool)
        shared = float(seen[mine.indices].mean()) if mine.nnz else None
        size = None if np.isnan(followers[i]) else int(followers[i])
        middle, low, high = (float(values[i]) for values in (asked.middle, asked.low, asked.high))
        rank, match_, known = ranks[i], float(reach.match[i]), bool(asked.given[i])
        picks.append(Pick(str(ids[i]), rank, match_, middle, low, high, known, size, adds, shared))
    return tuple(picks)


def _notes(
    picks: Sequence[Pick], ranking: Ranking, match_is: MatchIs, audiences: Audiences, config: PriceConfig | None
) -> list[str]:
    notes = []
    if match_is == "rank share":
        notes.append(
            f"{ranking.ranker.partition('-')[0]} tells no probability: a rank share is one less the share of candidates above, and "
            "reach is followers weighed by it, to compare sets by, not people that will be won"
        )
    if not all(pick.given for pick in picks):
        config = config or PriceConfig()
        notes.append(
            f"prices that were not given are estimated: {config.per_thousand:g} for a thousand followers, from half to twice"
        )
    if not audiences.matrix.nnz:
        notes.append("no audience is known: followers of two influencers are taken to be different people")
    if unknown := sum(pick.followers is None for pick in picks):
        notes.append(f"{unknown} of them have an unknown number of followers, counted as none")
    return notes
