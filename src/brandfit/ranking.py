"""A Ranking: candidates and scores for one brand, best first. All sorting by score is here."""

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

    before  rank without likes and dislikes, from 1
    moved   number of ranks up; negative for down
    effect  the part of the score that likes and dislikes add
    mark    the liked or disliked influencer with the largest part of that effect
    liked   bool: whether ``mark`` is liked
    """

    before: np.ndarray
    moved: np.ndarray
    effect: np.ndarray
    mark: np.ndarray
    liked: np.ndarray

    def subset(self, selection: slice | np.ndarray) -> Moves:
        """The moves of these candidates. A slice is a page of the list and keeps the ranks; (n,) bool makes
        another list, so ranks are counted anew."""
        before, moved = self.before[selection], self.moved[selection]
        if not isinstance(selection, slice):
            before = np.argsort(np.argsort(before)) + 1
            moved = before - np.arange(1, len(before) + 1)
        return Moves(
            before=before,
            moved=moved,
            effect=self.effect[selection],
            mark=self.mark[selection],
            liked=self.liked[selection],
        )

    def row(self, n: int) -> dict:
        """The nth candidate as plain values. ``because`` is None if other candidates moved past it."""
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

    candidates   (n,) ids
    scores       (n,) higher is better; NaN, "no evidence", comes last
    parts        named (n,) arrays that add up to the scores, empty if the ranker has no parts. A part that is
                 unknown for a candidate is NaN and adds nothing.
    among        number of candidates that were ranked, before the list was cut to the best k
    excluded     influencers that are no candidates, by reason; ``among`` and their counts add up to all
                 influencers
    incomplete   candidates that are ranked although something about them is unknown (followers, evidence)
    no_evidence  number of candidates without a score, including those that ``top`` cut off
    not_encoded  number of contents that wait for ``brandfit update``: posts of the ``brand``, ``candidates``
                 without evidence and ``scored_candidates`` with earlier features
    moves        how likes and dislikes changed the order, None without any
    guests       (n,) bool: influencers that are listed although they are no candidates. They have no rank and
                 do not count. None: there are none
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
        return self.subset(slice(_checked_count(k)))

    def subset(self, selection: slice | np.ndarray) -> Ranking:
        """These candidates in the same order: a slice (a page of the list) or (n,) bool (another list)."""
        selected = replace(
            self,
            candidates=self.candidates[selection],
            scores=self.scores[selection],
            parts=_rows_of(self.parts, selection),
            moves=self.moves.subset(selection) if self.moves is not None else None,
            guests=self.guests[selection] if self.guests is not None else None,
        )
        if isinstance(selection, slice):
            return selected
        # Another list: the note on missing evidence counts its candidates in place of the old ones.
        old_notes = self._evidence_notes(n_without=self.no_evidence)
        n_without = int(np.isnan(selected.scores[selected.is_candidate]).sum())
        notes = [note for note in self.notes if note not in old_notes]
        new_notes = selected._evidence_notes(n_without=n_without)
        return replace(selected, no_evidence=n_without, notes=(*new_notes, *notes))

    def _evidence_notes(self, *, n_without: int) -> list[str]:
        return _evidence_notes(
            self.ranker, self.brand, n_without=n_without, n_candidates=int(self.is_candidate.sum())
        )

    @property
    def is_candidate(self) -> np.ndarray:
        """(n,) bool: False for guests."""
        return np.ones(len(self), bool) if self.guests is None else ~self.guests

    def ahead(self) -> np.ndarray:
        """(n,) number of candidates before each entry. One more is the rank of a candidate, and the rank that
        a guest would have."""
        counted = self.is_candidate.astype(np.int64)
        return np.asarray(np.cumsum(counted) - counted)

    def ranks(self) -> list[int | None]:
        """(n,) 1-based rank of each entry, None without evidence and for guests."""
        # NaN comes last, so that candidates without evidence move no rank.
        has_rank = self.is_candidate & ~np.isnan(self.scores)
        ranks: list[int | None] = (self.ahead() + 1).tolist()
        for row in np.flatnonzero(~has_rank).tolist():
            ranks[row] = None
        return ranks

    def narrowed(self, keep: np.ndarray, excluded: Sequence[Counted]) -> Ranking:
        """Only the candidates where ``keep`` (n,) bool is true; ``excluded`` counts the others."""
        kept = self.subset(keep)
        return replace(kept, among=int(kept.is_candidate.sum()), excluded=(*self.excluded, *excluded))

    def with_guests(self, more: Ranking) -> Ranking:
        """The candidates of ``more``, a ranking by the same ranker, sorted into this one as guests."""
        if not len(self):
            return replace(
                self,
                candidates=more.candidates,
                scores=more.scores,
                parts=more.parts,
                guests=np.ones(len(more), bool),
                notes=(*self.notes, *more.notes),
            )
        # Scores of one ranker are comparable, so the joined list is sorted by them.
        parts = {name: np.concatenate([values, more.parts[name]]) for name, values in self.parts.items()}
        joined = replace(
            self,
            candidates=np.concatenate([self.candidates, more.candidates]),
            scores=np.concatenate([self.scores, more.scores]),
            parts=parts,
            guests=np.concatenate([~self.is_candidate, np.ones(len(more), bool)]),
        )
        return joined._sorted()

    def with_left_out(self, complete: Ranking, influencers: Collection[str]) -> Ranking:
        """This list with those of the influencers that it leaves out, as guests at the places that they have
        in ``complete``: the ranking from which this list was narrowed."""
        all_ids = complete.candidates.astype(str)
        is_listed = np.isin(all_ids, self.candidates.astype(str))
        is_requested = np.isin(all_ids, np.array(list(influencers), dtype=str))
        if not (is_requested & ~is_listed).any():
            return self
        # (m,) rows of ``complete``, in its order: listed candidates and guests
        selection = is_listed | is_requested
        selected = complete.subset(selection)
        return replace(
            self,
            candidates=selected.candidates,
            scores=selected.scores,
            parts=selected.parts,
            moves=None,
            guests=~is_listed[selection],
        )

    def _sorted(self) -> Ranking:
        """The same, sorted by the scores."""
        return self.reordered(order(self.scores, self.candidates))

    def reordered(self, rows: np.ndarray) -> Ranking:
        """The same with candidates, scores, parts and guests in the order of rows (n,). Moves stay as they
        are."""
        return replace(
            self,
            candidates=self.candidates[rows],
            scores=self.scores[rows],
            parts=_rows_of(self.parts, rows),
            guests=self.guests[rows] if self.guests is not None else None,
        )

    def rows(self) -> list[dict]:
        """One plain dict a candidate, with its 1-based rank; rank and score are None without evidence."""
        rows = []
        for n, rank in enumerate(self.ranks()):
            row = {
                "rank": rank,
                "influencer": str(self.candidates[n]),
                "score": _none_for_nan(self.scores[n]),
                "parts": {name: _none_for_nan(values[n]) for name, values in self.parts.items()},
            }
            rows.append(row | (self.moves.row(n) if self.moves is not None else {}))
        return rows


def _evidence_notes(ranker: str, brand: str, *, n_without: int, n_candidates: int) -> list[str]:
    """The note on a ranking without any score. Single candidates without evidence are in ``incomplete``."""
    if not n_without or n_without < n_candidates:
        return []
    name = ranker.partition("-")[0] or "the ranker"
    return [f"nobody is ranked: {name} has no evidence on {brand} and any of the {n_candidates:,} candidates"]


def order(scores: np.ndarray, ids: Sequence[str] | np.ndarray, k: int | None = None) -> np.ndarray:
    """(k,) indices of the best k scores, best first; NaN last.

    Equal scores are sorted by a hash of their ids. This order is deterministic, does not depend on the order
    of the candidates, and is unrelated to it. (Candidate files of the papers list the positives of each brand
    together.)
    """
    keys = -np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)  # (n,) ascending: smallest is best
    n = len(keys)
    k = n if k is None else min(_checked_count(k), n)
    if k == 0:
        return np.zeros(0, np.int64)
    # Partial sort: all keys up to the kth smallest, so that ties at the border are complete.
    chosen = np.arange(n) if k == n else np.flatnonzero(keys <= np.partition(keys, k - 1)[k - 1])
    chosen = chosen[np.argsort(keys[chosen], kind="stable")]

    # Hash the ids of tied entries only: hashing all is slower than sorting.
    sorted_keys = keys[chosen]
    equals_next = sorted_keys[1:] == sorted_keys[:-1]
    tied = np.flatnonzero(np.append(equals_next, False) | np.append(False, equals_next))
    hashes = np.array([_tie_break(str(ids[int(i)])) for i in chosen[tied]], np.uint64)
    chosen[tied] = chosen[tied][np.lexsort((hashes, sorted_keys[tied]))]
    return chosen[:k]


def _checked_count(k: int) -> int:
    if k < 0:
        raise UsageError(f"k is the number of the best candidates, found {k}.", "Name a number of 0 or more.")
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
    n_without = int(np.isnan(scores).sum())
    evidence = _evidence_notes(ranker, brand, n_without=n_without, n_candidates=len(candidates))
    new_notes = [note for note in evidence if note not in notes]
    return Ranking(
        brand=brand,
        candidates=np.asarray(candidates)[best],
        scores=np.asarray(scores)[best],
        parts=_rows_of(parts or {}, best),
        ranker=ranker,
        fingerprint=fingerprint,
        notes=(*new_notes, *notes),
        among=len(candidates),
        no_evidence=n_without,
    )


def weighted(ranking: Ranking, weights: Mapping[str, float]) -> Ranking:
    """The ranking with each part of the score multiplied by its weight (1 by default), sorted anew.

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
                hint="" if ranking.parts else f"The scores of {ranking.ranker} have no parts.",
            )
    if ranking.parts and not any(weights.get(name, 1.0) for name in ranking.parts):
        raise UsageError(
            f"All parts of the score weigh 0 ({', '.join(ranking.parts)}): nothing is left to rank by.",
            "Give at least one of them another weight.",
        )
    if not ranking.parts:
        return ranking._sorted()
    parts = {name: values * weights.get(name, 1.0) for name, values in ranking.parts.items()}
    # NaN of a part adds nothing; a candidate without any score stays without.
    total = np.nansum(list(parts.values()), axis=0)  # (n,)
    scores = np.where(np.isnan(ranking.scores), np.nan, total)
    return replace(ranking, scores=scores, parts=parts)._sorted()


def moved(ranking: Ranking, effect: np.ndarray, *, mark: np.ndarray, liked: np.ndarray) -> Ranking:
    """The ranking with the effect (n,) of likes and dislikes added as the part ``feedback``, sorted anew.

    mark, liked  (n,) as in ``Moves``
    """
    scores = ranking.scores + effect
    # A ranker without parts has one part: its score.
    old_parts = dict(ranking.parts) or {ranking.ranker: ranking.scores}
    best = order(scores, ranking.candidates)
    new_ranks = np.arange(1, len(best) + 1)
    moves = Moves(
        before=best + 1,
        moved=best + 1 - new_ranks,
        effect=effect[best],
        mark=mark[best],
        liked=liked[best],
    )
    unsorted = replace(ranking, scores=scores, parts=old_parts | {"feedback": effect}, moves=moves)
    return unsorted.reordered(best)


def rank_at(scores: np.ndarray, ids: Sequence[str] | np.ndarray, index: int) -> int:
    """The 1-based rank that ``order`` gives the score at this index, without sorting all scores. A NaN score
    comes last, among all NaN."""
    keys = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)  # (n,) largest is best
    n_better = int((keys > keys[index]).sum())
    tied = np.flatnonzero(keys == keys[index])
    if len(tied) == 1:
        return n_better + 1
    # Tied scores are in the order of the hashes of their ids, as in ``order``.
    own_hash = _tie_break(str(ids[index]))
    hashes = [_tie_break(str(ids[int(i)])) for i in tied]
    return n_better + sum(other < own_hash for other in hashes) + 1


@lru_cache(2**17)
def _tie_break(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _rows_of(parts: Mapping[str, np.ndarray], rows: slice | np.ndarray) -> dict[str, np.ndarray]:
    """These rows of every part of a score."""
    return {name: np.asarray(values)[rows] for name, values in parts.items()}


def _none_for_nan(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
