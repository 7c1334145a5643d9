"""A Ranking: candidates and scores for one brand, best first. The only sort in the product."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from brandfit.arguments import weights as checked_weights
from brandfit.data.candidates import Counted
from brandfit.errors import UnknownName, UsageError


@dataclass(frozen=True, eq=False)
class Moves:
    """How likes and dislikes moved the candidates of a Ranking; all arrays (n,) in the order of its
    candidates.

    before is the place without likes and dislikes, from 1; moved the number of places up, below 0 for down;
    effect is their share of the score. mark is the influencer whose like or dislike has most of that effect,
    ``liked`` tells which of the two it is.
    """

    before: np.ndarray
    moved: np.ndarray
    effect: np.ndarray
    mark: np.ndarray
    liked: np.ndarray

    def subset(self, at: slice | np.ndarray) -> Moves:
        """Of these candidates alone. A (n,) bool leaves others out of the list, so places are counted anew; a
        slice is a page."""
        before, moved = self.before[at], self.moved[at]
        if not isinstance(at, slice):
            before = np.argsort(np.argsort(before)) + 1
            moved = before - np.arange(1, len(before) + 1)
        return Moves(
            before=before, moved=moved, effect=self.effect[at], mark=self.mark[at], liked=self.liked[at]
        )

    def row(self, n: int) -> dict:
        """Of the nth candidate as plain values. ``because`` is None where others moved past it."""
        moved, effect = int(self.moved[n]), float(self.effect[n])
        because = None
        if moved * effect > 0:
            liked = bool(self.liked[n])
            because = {
                "mark": "like" if liked else "dislike",
                "influencer": str(self.mark[n]),
                "similar": (effect > 0) == liked,
            }
        return {"moved": moved, "because": because}


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates of one brand, best first.

    scores are higher for better and may be NaN, "no evidence", which comes last. ``parts`` are named (n,)
    arrays that add up to the scores of a ranker that can say what its score is made of, else empty; NaN where
    a part is unknown for a candidate, so that it adds nothing.

    among       number of candidates that were ranked, before the list was cut to the best k
    excluded    influencers that are no candidates, by reason; ``among`` and their counts add up to all
                influencers
    incomplete  candidates that are ranked although something about them is unknown (followers, evidence)
    no_evidence  how many of all candidates have no score, of those too that ``top`` cut off
    not_encoded  posts of the ``brand``, ``candidates`` without evidence and ``scored_candidates`` with
                 earlier features that wait for ``brandfit update``
    moves        how likes and dislikes adjusted the order, None where there are none
    guests       (n,) bool: influencers that are listed with the candidates although they are none; they have
                 no rank and do not count. None: there are none
    """

    brand: str
    candidates: np.ndarray
    scores: np.ndarray
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    ranker: str = ""
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    among: int = 0
    excluded: tuple[Counted, ...] = ()
    incomplete: tuple[Counted, ...] = ()
    no_evidence: int = 0
    not_encoded: Mapping[str, int] = field(default_factory=dict)
    moves: Moves | None = None
    guests: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.candidates)

    def top(self, k: int) -> Ranking:
        return self.subset(slice(_count(k)))

    def subset(self, at: slice | np.ndarray) -> Ranking:
        """Of these candidates alone, in the same order; ``at`` is a slice (a page of the list) or (n,) bool
        (another list)."""
        parts = {name: values[at] for name, values in self.parts.items()}
        moves = self.moves.subset(at) if self.moves is not None else None
        guests = self.guests[at] if self.guests is not None else None
        found = replace(
            self,
            candidates=self.candidates[at],
            scores=self.scores[at],
            parts=parts,
            moves=moves,
            guests=guests,
        )
        if isinstance(at, slice):
            return found
        old = _evidence_notes(
            self.ranker, self.brand, no_evidence=self.no_evidence, candidates=int(self.is_candidate.sum())
        )
        no_evidence = int(np.isnan(found.scores[found.is_candidate]).sum())
        notes = [note for note in self.notes if note not in old]
        new = _evidence_notes(
            self.ranker, self.brand, no_evidence=no_evidence, candidates=int(found.is_candidate.sum())
        )
        return replace(found, no_evidence=no_evidence, notes=(*new, *notes))

    @property
    def is_candidate(self) -> np.ndarray:
        """(n,) bool: false for guests."""
        return np.ones(len(self), bool) if self.guests is None else ~self.guests

    def ahead(self) -> np.ndarray:
        """(n,) how many candidates are before each; one more is the rank of a candidate, and the rank that a
        guest would have."""
        counted = self.is_candidate.astype(np.int64)
        return np.asarray(np.cumsum(counted) - counted)

    def ranks(self) -> list[int | None]:
        """(n,) the 1-based rank of each candidate, None for one without evidence and for a guest."""
        has_rank = self.is_candidate & ~np.isnan(self.scores)
        places = zip(has_rank.tolist(), self.ahead().tolist(), strict=True)
        return [before + 1 if ranked else None for ranked, before in places]

    def narrowed(self, keep: np.ndarray, excluded: Sequence[Counted]) -> Ranking:
        """Only the candidates where ``keep`` (n,) bool is true; ``excluded`` counts the others."""
        found = self.subset(keep)
        return replace(found, among=int(found.is_candidate.sum()), excluded=(*self.excluded, *excluded))

    def with_guests(self, more: Ranking) -> Ranking:
        """Those of ``more``, a ranking by the same ranker, put among these as guests."""
        if not len(self):
            return replace(
                self,
                candidates=more.candidates,
                scores=more.scores,
                parts=more.parts,
                guests=np.ones(len(more), bool),
                notes=(*self.notes, *more.notes),
            )
        scores = np.concatenate([self.scores, more.scores])
        candidates = np.concatenate([self.candidates, more.candidates])
        is_guest = np.concatenate([~self.is_candidate, np.ones(len(more), bool)])
        best = order(scores, candidates)
        parts = {
            name: np.concatenate([values, more.parts[name]])[best] for name, values in self.parts.items()
        }
        return replace(
            self, candidates=candidates[best], scores=scores[best], parts=parts, guests=is_guest[best]
        )

    def with_left_out(self, everybody: Ranking, shown: Collection[str]) -> Ranking:
        """This list with those of ``shown`` that it leaves out as guests, at their places in ``everybody``:
        the ranking in the same order from which this list was narrowed."""
        is_listed = np.isin(everybody.candidates.astype(str), self.candidates.astype(str))
        is_shown = np.isin(everybody.candidates.astype(str), np.array(list(shown), dtype=str))
        if not (is_shown & ~is_listed).any():
            return self
        found = everybody.subset(is_listed | is_shown)
        return replace(
            self,
            candidates=found.candidates,
            scores=found.scores,
            parts=found.parts,
            moves=None,
            guests=~is_listed[is_listed | is_shown],
        )

    def rows(self) -> list[dict]:
        """One plain dict a candidate, with its 1-based rank; rank and score are None for one without
        evidence."""
        return [
            {
                "rank": rank,
                "influencer": str(candidate),
                "score": _plain(self.scores[n]),
                "parts": {name: _plain(values[n]) for name, values in self.parts.items()},
                **(self.moves.row(n) if self.moves is not None else {}),
            }
            for n, (rank, candidate) in enumerate(zip(self.ranks(), self.candidates, strict=True))
        ]


def _evidence_notes(ranker: str, brand: str, *, no_evidence: int, candidates: int) -> list[str]:
    """What a reader must know where nobody could be scored; some without evidence are counted in
    ``incomplete``."""
    if not no_evidence or no_evidence < candidates:
        return []
    who = ranker.partition("-")[0] or "the ranker"
    return [f"nobody is ranked: {who} has no evidence on {brand} and any of the {candidates:,} candidates"]


def order(scores: np.ndarray, ids: Sequence[str] | np.ndarray, k: int | None = None) -> np.ndarray:
    """Indices of the best k scores, best first; NaN last.

    Equal scores are put in the order of a hash of their ids: deterministic, the same whatever order the
    candidates come in, and unrelated to it (candidate files of the papers list the positives of each brand
    together).
    """
    keys = -np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
    n = len(keys)
    k = n if k is None else min(_count(k), n)
    if k == 0:
        return np.zeros(0, np.int64)
    chosen = np.arange(n) if k == n else np.flatnonzero(keys <= np.partition(keys, k - 1)[k - 1])
    chosen = chosen[np.argsort(keys[chosen], kind="stable")]
    found = keys[chosen]
    same = found[1:] == found[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    ties = np.array([_tie_break(str(ids[int(i)])) for i in chosen[tied]], np.uint64)
    chosen[tied] = chosen[tied][np.lexsort((ties, found[tied]))]
    return chosen[:k]


def _count(k: int) -> int:
    if k < 0:
        raise UsageError(
            f"k is how many of the best are asked for, found {k}.", "Name a number of 0 or more."
        )
    return k


def rank(
    brand: str,
    candidates: np.ndarray,
    *,
    scores: np.ndarray,
    k: int | None = None,
    parts: Mapping[str, np.ndarray] | None = None,
    ranker: str = "",
    fingerprint: str = "",
    notes: Sequence[str] = (),
) -> Ranking:
    """Sort scores (n,) of candidates (n,) into a Ranking of the best k."""
    best = order(scores, candidates, k)
    no_evidence = int(np.isnan(scores).sum())
    evidence = [
        note
        for note in _evidence_notes(ranker, brand, no_evidence=no_evidence, candidates=len(candidates))
        if note not in notes
    ]
    return Ranking(
        brand=brand,
        candidates=np.asarray(candidates)[best],
        scores=np.asarray(scores)[best],
        parts={name: np.asarray(values)[best] for name, values in (parts or {}).items()},
        ranker=ranker,
        fingerprint=fingerprint,
        notes=(*evidence, *notes),
        among=len(candidates),
        no_evidence=no_evidence,
    )


def weighted(ranking: Ranking, weights: Mapping[str, float]) -> Ranking:
    """Ranked anew with parts that count for more or less (1 unless said).

    Raises UnknownName for a part that the ranker's scores do not have, UsageError if a weight is not finite
    or all parts weigh 0.
    """
    weights = checked_weights(weights, "weights")
    for name in weights:
        if name not in ranking.parts:
            raise UnknownName(
                "part of the score",
                name,
                known=ranking.parts,
                hint="" if ranking.parts else f"{ranking.ranker} tells no parts.",
            )
    if ranking.parts and not any(weights.get(name, 1.0) for name in ranking.parts):
        raise UsageError(
            f"All parts of the score weigh 0 ({', '.join(ranking.parts)}): nothing is left to rank by.",
            "Give at least one of them another weight.",
        )
    parts = {name: values * weights.get(name, 1.0) for name, values in ranking.parts.items()}
    scores = (
        np.where(np.isnan(ranking.scores), np.nan, np.nansum(list(parts.values()), axis=0))
        if parts
        else ranking.scores
    )
    best = order(scores, ranking.candidates)
    return replace(
        ranking,
        candidates=ranking.candidates[best],
        scores=scores[best],
        parts={name: values[best] for name, values in parts.items()},
        guests=ranking.guests[best] if ranking.guests is not None else None,
    )


def moved(ranking: Ranking, effect: np.ndarray, *, mark: np.ndarray, liked: np.ndarray) -> Ranking:
    """Ranked anew with the effect (n,) of likes and dislikes as the part ``feedback``; mark and liked (n,) as
    in ``Moves``."""
    scores = ranking.scores + effect
    best = order(scores, ranking.candidates)
    parts = (dict(ranking.parts) or {ranking.ranker: ranking.scores}) | {"feedback": effect}
    places = np.arange(1, len(best) + 1)
    return replace(
        ranking,
        candidates=ranking.candidates[best],
        scores=scores[best],
        parts={name: values[best] for name, values in parts.items()},
        moves=Moves(
            before=best + 1, moved=best + 1 - places, effect=effect[best], mark=mark[best], liked=liked[best]
        ),
        guests=ranking.guests[best] if ranking.guests is not None else None,
    )


def rank_at(scores: np.ndarray, ids: Sequence[str] | np.ndarray, at: int) -> int:
    """The 1-based rank that ``order`` gives the score at this index, without sorting them all; a NaN score
    comes last with all NaN."""
    keys = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
    equal = np.flatnonzero(keys == keys[at])
    before = (
        np.array([_tie_break(str(ids[int(i)])) < _tie_break(str(ids[at])) for i in equal], bool)
        if len(equal) > 1
        else np.zeros(1)
    )
    return int((keys > keys[at]).sum() + before.sum()) + 1


@lru_cache(2**17)
def _tie_break(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
