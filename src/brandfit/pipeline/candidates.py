"""The candidates of a ranking: who is in, who is left out, and why. The one place where they are chosen and
counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brandfit.arguments import checked
from brandfit.data.candidates import Counted, by_followers, counted, sentences
from brandfit.data.dataset import Dataset
from brandfit.pipeline.datasets import load, rules
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.filters import Condition, Range
from brandfit.workspace import Place, as_workspace

FOLLOWERS = "followers"


@dataclass(frozen=True)
class Bounds:
    """Fewest and most followers of a candidate, both included, None is open. note: why they are not the
    default ones, or ""."""

    low: float | None
    high: float | None
    note: str = ""

    @property
    def sentence(self) -> str:
        """ "5,000 to 100,000 followers"; "any number of followers" where both are open."""
        if self.low is None and self.high is None:
            return "any number of followers"
        return filters.FIELDS[FOLLOWERS].sentence(Range(self.low, self.high))


@dataclass(frozen=True)
class Candidates:
    """Influencers that may be ranked.

    ids (n,); excluded: the others, by reason; unknown_followers: the ids among them whose followers are
    unknown, and who stay in.
    """

    ids: np.ndarray
    bounds: Bounds
    excluded: tuple[Counted, ...]
    unknown_followers: frozenset[str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "total": len(self.ids),
            "bounds": self.bounds.sentence,
            "excluded": [group.to_dict() for group in self.excluded],
            "incomplete": [group.to_dict() for group in self.incomplete],
            "sentences": sentences(
                len(self.ids),
                self.excluded,
                incomplete=self.incomplete,
                what=f"are candidates ({self.bounds.sentence})",
            ),
        }

    @property
    def incomplete(self) -> tuple[Counted, ...]:
        return unknown_followers([id for id in self.ids.tolist() if id in self.unknown_followers])


def unknown_followers(ids: Sequence[str]) -> tuple[Counted, ...]:
    return counted("followers_unknown", "with an unknown number of followers (kept)", ids=ids)


def bounds(
    followers: str | None, data: Mapping[str, Any] | None, condition: Condition | None = None
) -> Bounds:
    """The bounds that a ranking uses: those that the caller names, else none if a condition asks for
    followers, else the default.

    followers  as in a condition: "5k..100k", "..20k", "0.."; None to leave it to the rest
    data       its ``endorsements.min_followers`` and ``max_followers`` are named by the caller too
    """
    if followers is not None and followers.strip():
        leaf = filters.condition({FOLLOWERS: "".join(followers.split())})
        assert isinstance(leaf, filters.FieldCondition)
        return Bounds(leaf.value.low, leaf.value.high)
    default = rules(data)
    usual = Bounds(default.min_followers, default.max_followers)
    named = any(name in (data or {}) for name in ("endorsements.min_followers", "endorsements.max_followers"))
    asks = condition is not None and any(leaf.field == FOLLOWERS for leaf in condition.leaves)
    if asks and not named:
        return Bounds(
            None,
            None,
            f"the condition asks for followers, so the usual bounds ({usual.sentence}) do not apply",
        )
    return usual


def candidates(dataset: Dataset, brand: str | None, *, partners: bool, within: Bounds) -> Candidates:
    """Influencers within the bounds that have not worked with the brand (with ``partners``: those too), and
    the others, counted.

    brand  None: for no brand in particular, so that nobody is a past partner
    """
    inside, unknown, excluded = dataset.cached(
        ("within", within.low, within.high), lambda: _within_bounds(dataset, within)
    )
    known = dataset.partners.get(brand, set()) if brand is not None and not partners else set()
    if known:
        is_partner = np.array([id in known for id in inside.tolist()], bool)
        excluded = (
            *excluded,
            *counted(
                "partner",
                "past partners of the brand",
                ids=inside[is_partner],
                one="past partner of the brand",
            ),
        )
        inside = inside[~is_partner]
    return Candidates(inside, within, excluded, unknown)


def _within_bounds(
    dataset: Dataset, within: Bounds
) -> tuple[np.ndarray, frozenset[str], tuple[Counted, ...]]:
    ids = dataset.influencers
    followers = dataset.account_values(FOLLOWERS, ids).astype(np.float64)
    inside, outside = by_followers(ids, followers, low=within.low, high=within.high)
    return ids[inside], frozenset(ids[np.isnan(followers)].tolist()), outside


def with_counts(ranking: Ranking, found: Candidates) -> Ranking:
    """The ranking of all these candidates, with who was left out."""
    notes = (*([found.bounds.note] if found.bounds.note else []), *ranking.notes)
    return with_incomplete(replace(ranking, notes=notes, excluded=found.excluded), found)


def with_incomplete(ranking: Ranking, found: Candidates) -> Ranking:
    """With the candidates that have unknown values counted. Call it before the best k are taken."""
    ids = ranking.candidates
    silent = counted(
        "no_evidence",
        "with nothing encoded to rank by (listed last, without a number)",
        ids=ids[np.isnan(ranking.scores)],
    )
    unknown = [id for id in ids.tolist() if id in found.unknown_followers]
    return replace(ranking, incomplete=(*unknown_followers(unknown), *silent))


def met(condition: Condition, facts: Facts, ids: np.ndarray) -> tuple[np.ndarray, tuple[Counted, ...]]:
    """(n,) bool: accounts that meet a condition, and the others, counted: those that do not, and those with
    unknown values."""
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in ids.tolist()], np.int64)
    true, known = filters.decided(condition, facts)
    meets, is_known = true[at], known[at]
    return meets, (
        *counted("condition", f"outside the condition ({condition})", ids=ids[is_known & ~meets]),
        *counted("condition_unknown", "for whom the condition is unknown", ids=ids[~is_known]),
    )


@checked
def default_candidates(
    workspace: Place, followers: str | None = None, data: Mapping[str, Any] | None = None
) -> Candidates:
    """Who of the workspace is ranked, for no brand in particular: past partners are counted among them."""
    workspace = as_workspace(workspace)
    return candidates(load(workspace, data), None, partners=True, within=bounds(followers, data))
