"""The candidates of a ranking, and the influencers that are left out, counted by reason. All answers choose
and count them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from brandfit.arguments import checked
from brandfit.data.candidates import EXAMPLES, Counted, by_followers, counted, sentences
from brandfit.data.dataset import Dataset
from brandfit.pipeline.datasets import load
from brandfit.pipeline.lookup import influencer_rows, rows_of
from brandfit.pipeline.settings import rules
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.filters import Condition, Range
from brandfit.workspace import Place, as_workspace

FOLLOWERS = "followers"
BOUND_SETTINGS = ("endorsements.min_followers", "endorsements.max_followers")


@dataclass(frozen=True)
class Bounds:
    """Fewest and most followers of a candidate, both included; None is open.

    note  why they are not the default ones, or ""
    """

    low: float | None
    high: float | None
    note: str = ""

    @property
    def sentence(self) -> str:
        """ "5,000 to 100,000 followers"; "any number of followers" if both are open."""
        if self.low is None and self.high is None:
            return "any number of followers"
        return filters.FIELDS[FOLLOWERS].sentence(Range(self.low, self.high))


@dataclass(frozen=True)
class Candidates:
    """Influencers that may be ranked.

    ids                (n,)
    excluded           the other influencers, counted by reason
    unknown_followers  ids of influencers with an unknown number of followers; they are candidates
    notes              sentences on the choice of candidates
    """

    ids: np.ndarray
    bounds: Bounds
    excluded: tuple[Counted, ...]
    unknown_followers: frozenset[str]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "total": len(self.ids),
            "bounds": self.bounds.sentence,
            "excluded": list(map(Counted.to_dict, self.excluded)),
            "incomplete": list(map(Counted.to_dict, self.incomplete)),
            "sentences": sentences(
                len(self.ids),
                self.excluded,
                incomplete=self.incomplete,
                predicate=f"are candidates ({self.bounds.sentence})",
            ),
        }

    @property
    def incomplete(self) -> tuple[Counted, ...]:
        """Candidates with unknown values, counted by reason."""
        return self.with_unknown_followers(self.ids)

    def with_unknown_followers(self, ids: np.ndarray) -> tuple[Counted, ...]:
        """Those of ``ids`` (n,) with an unknown number of followers, counted."""
        # Unknown is not 0: these influencers may be within the bounds, so they stay.
        unknown = [id for id in ids.tolist() if id in self.unknown_followers]
        return counted("followers_unknown", "with an unknown number of followers (kept)", ids=unknown)


def bounds(
    followers: str | None, data: Mapping[str, Any] | None, condition: Condition | None = None
) -> Bounds:
    """The bounds of a ranking: those that the caller names, else none if a condition is on followers, else
    the default ones.

    followers  as in a condition: "5k..100k", "..20k", "0.."; None or "" if the caller names none
    data       ``endorsements.min_followers`` and ``max_followers`` are named by the caller too
    """
    if followers is not None and followers.strip():
        test = filters.condition({FOLLOWERS: "".join(followers.split())})
        assert isinstance(test, filters.FieldCondition)
        return Bounds(test.value.low, test.value.high)
    # The default bounds are those of derived endorsements.
    config = rules(data)
    usual = Bounds(config.min_followers, config.max_followers)
    is_named = any(name in (data or {}) for name in BOUND_SETTINGS)
    has_condition = condition is not None and any(test.field == FOLLOWERS for test in condition.leaves)
    if has_condition and not is_named:
        note = f"the condition asks for followers, so the usual bounds ({usual.sentence}) do not apply"
        return Bounds(None, None, note)
    return usual


def bounds_text(within: Bounds) -> str:
    """The bounds of a list if they are not the usual ones and no condition chose them, else ""."""
    return within.sentence if within != bounds(None, None) and not within.note else ""


def candidates(dataset: Dataset, brand: str | None, *, partners: bool, within: Bounds) -> Candidates:
    """Influencers within the bounds that have not worked with the brand, and the others, counted.

    brand     None: for no brand in particular, without past partners
    partners  past partners are candidates too
    """
    pool: _Pool = dataset.cached(("within", within.low, within.high), lambda: _within_bounds(dataset, within))
    past_partners: set[str] = set()
    if brand is not None and not partners:
        past_partners = dataset.partners.get(brand, set())
    ids, excluded = pool.ids, pool.excluded
    if past_partners:
        is_partner = np.array([id in past_partners for id in ids.tolist()], bool)  # (n,)
        counted_partners = counted(
            "partner",
            "past partners of the brand",
            ids=ids[is_partner],
            one="past partner of the brand",
        )
        ids, excluded = ids[~is_partner], (*excluded, *counted_partners)
    notes = _uncounted_note(dataset, brand, ids) if brand is not None else ()
    return Candidates(ids, within, excluded, pool.unknown_followers, notes)


def _uncounted_note(dataset: Dataset, brand: str, ids: np.ndarray) -> tuple[str, ...]:
    """A note on candidates that posts pair with the brand, if the bounds of derived endorsements do not count
    them as its partners."""
    uncounted = sorted(dataset.uncounted_partners(brand).intersection(ids.tolist()))
    if not uncounted:
        return ()
    listing = ", ".join(uncounted[:EXAMPLES]) + (", …" if len(uncounted) > EXAMPLES else "")
    return (
        f"posts pair {brand} with {len(uncounted):,} of these candidates ({listing}) that are not counted as "
        "past partners: their followers are outside endorsements.min_followers and "
        "endorsements.max_followers",
    )


class _Pool(NamedTuple):
    """Influencers within bounds (n,), those with unknown followers, and the others, counted."""

    ids: np.ndarray
    unknown_followers: frozenset[str]
    excluded: tuple[Counted, ...]


def _within_bounds(dataset: Dataset, within: Bounds) -> _Pool:
    ids = dataset.influencers
    followers = dataset.account_values(FOLLOWERS, ids).astype(np.float64)  # NaN if unknown
    is_inside, outside = by_followers(ids, followers, low=within.low, high=within.high)
    return _Pool(ids[is_inside], frozenset(ids[np.isnan(followers)].tolist()), outside)


def with_counts(ranking: Ranking, pool: Candidates) -> Ranking:
    """The ranking of all these candidates, with the influencers that were left out."""
    bounds_note = (pool.bounds.note,) if pool.bounds.note else ()
    notes = (*bounds_note, *pool.notes, *ranking.notes)
    return with_incomplete(replace(ranking, notes=notes, excluded=pool.excluded), pool)


def with_incomplete(ranking: Ranking, pool: Candidates) -> Ranking:
    """The ranking with its candidates that have unknown values, counted. Call it before ``top``."""
    ids = ranking.candidates
    without_evidence = counted(
        "no_evidence",
        "with nothing encoded to rank by (listed last, without a number)",
        ids=ids[np.isnan(ranking.scores)],
    )
    return replace(ranking, incomplete=(*pool.with_unknown_followers(ids), *without_evidence))


class Met(NamedTuple):
    """is_met: (n,) bool, accounts that meet a condition; excluded: the others, counted by reason."""

    is_met: np.ndarray
    excluded: tuple[Counted, ...]


def met(condition: Condition, facts: Facts, ids: Sequence[str] | np.ndarray) -> Met:
    """Which of the influencers ``ids`` (n,) meet a condition. The others do not meet it, or have unknown
    values."""
    ids = np.asarray(ids, dtype=object)
    rows = rows_of(ids.tolist(), influencer_rows(facts.dataset))
    # (n,) bool each. A condition on an unknown value is unknown.
    is_true, is_known = (values[rows] for values in filters.decided(condition, facts))
    excluded = (
        *counted("condition", f"outside the condition ({condition})", ids=ids[is_known & ~is_true]),
        *counted("condition_unknown", "for whom the condition is unknown", ids=ids[~is_known]),
    )
    return Met(is_true, excluded)


@checked
def default_candidates(
    workspace: Place, followers: str | None = None, data: Mapping[str, Any] | None = None
) -> Candidates:
    """The influencers of the workspace that are ranked for no brand in particular, past partners included."""
    workspace = as_workspace(workspace)
    return candidates(load(workspace, data), None, partners=True, within=bounds(followers, data))
