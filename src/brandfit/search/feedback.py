"""Relevance feedback: a ranking adjusted by likes and dislikes ("Not this") of influencers.

Relevance feedback of Rocchio (1971), with the ranking as prior. A candidate i with score s_i is moved by

    strength * deviation(s) * (  sum over likes l    of k(i, l)            / (prior + n)
                               - sum over dislikes d of max(0, k(i, d))^3  / (prior + m)  )

for n likes and m dislikes. ``prior`` is a number of marks without effect: the first like weighs 1 / (prior +
1), all likes together n / (prior + n), and dislikes the same. So the weight grows with every mark, and likes
move no candidate by more than ``strength`` deviations of the scores; neither do dislikes.

k(i, l) is the mean over slots of the cosine of two accounts. Cosines are centred by the mean of all
candidates, each weighted by exp(sharpness z) of its standardised score z. Centring removes what the ranking
already looks for: marks then separate the candidates at the top, and a dislike of an influencer that matches
the topic of the brand does not count against the topic. Differences from Rocchio:

* Rocchio has no ranking to centre by, and subtracts the mean of all documents that are not relevant;
* a dislike lowers near-duplicates alone (the cube). It says little about other influencers: most of those
  that a brand does not work with fit as well as those that it works with. Rocchio too gives documents that
  are not relevant a lower weight, .15 to .75.

The constants were chosen on other brands and samples than those reported: studies/feedback.py,
docs/lab-log.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brandfit.data.candidates import counted
from brandfit.errors import UsageError
from brandfit.ranking import Ranking, moved
from brandfit.search.lookalike import Lookalikes


@dataclass(frozen=True)
class Weights:
    """Constants of the formula.

    strength   deviations of the scores by which all likes, or all dislikes, move a candidate at most
    prior      marks without effect that are counted with the actual ones
    sharpness  how much the top of the ranking dominates the centre
    """

    strength: float = 2.0
    prior: float = 5.0
    sharpness: float = 2.0


WEIGHTS = Weights()


def refined(
    ranking: Ranking, lookalikes: Lookalikes, *, like: Sequence[str], dislike: Sequence[str]
) -> Ranking:
    """The ranking without the disliked influencers, sorted by score plus the effect of all marks. Its
    ``moves`` say which candidates moved and why.

    A mark on an influencer without features has no effect, and a note says so.

    Raises UnknownName for an account that is not there, UsageError for one that is both liked and disliked.
    """
    likes, dislikes = list(dict.fromkeys(like)), list(dict.fromkeys(dislike))
    if both := sorted(set(likes) & set(dislikes)):
        raise UsageError(f"{both[0]} is both liked and disliked.", "Choose one of the two.")
    marks = np.array([*likes, *dislikes], dtype=object)  # (n_marks,), likes first
    # Guests of the list move as candidates do, but count neither in the centre nor in the deviation: a guest
    # must not change the scores of candidates.
    candidate_scores = np.where(ranking.is_candidate, ranking.scores, np.nan)  # (n,)
    similarity, has_vectors = lookalikes.centred(
        marks, ranking.candidates, weights=top_weights(candidate_scores)
    )
    effects = effects_of_marks(similarity, candidate_scores, likes=len(likes))  # (n_marks, n)
    effect = effects.sum(axis=0)
    # The main mark has the largest effect in the direction in which all marks together move the candidate.
    main = np.argmax(effects * np.where(effect < 0, -1, 1), axis=0)  # (n,)
    adjusted = moved(ranking, effect, mark=marks[main], liked=main < len(likes))
    adjusted = without(adjusted, disliked=dislikes)
    return replace(adjusted, notes=(*_ignored_marks_notes(marks[~has_vectors]), *adjusted.notes))


def adjusted_note(ranking: Ranking, like: Sequence[str], dislike: Sequence[str]) -> str:
    """How many candidates of an adjusted ranking moved, and by how many likes and dislikes."""
    n_moved = np.count_nonzero(ranking.moves.moved) if ranking.moves is not None else 0
    return (
        f"the order is adjusted by {_counted(len(set(like)), 'like')} and "
        f"{_counted(len(set(dislike)), 'dislike')}: {n_moved:,} of {len(ranking):,} moved"
    )


def effects_of_marks(
    similarity: np.ndarray, scores: np.ndarray, *, likes: int, weights: Weights = WEIGHTS
) -> np.ndarray:
    """(n_marks, n) what each mark adds to the score of each candidate.

    similarity  (n_marks, n) of marked accounts and candidates
    scores      (n,) NaN for a candidate that does not count
    likes       number of likes; they are the first rows, dislikes the others
    """
    n_dislikes = len(similarity) - likes
    # The prior keeps the effect of few marks small.
    like_effects = similarity[:likes] / (weights.prior + likes)
    dislike_effects = np.maximum(similarity[likes:], 0) ** 3 / (weights.prior + n_dislikes)
    return weights.strength * _deviation(scores) * np.concatenate([like_effects, -dislike_effects])


def top_weights(scores: np.ndarray, sharpness: float = WEIGHTS.sharpness) -> np.ndarray:
    """(n,) weights of candidates that add up to 1: the softmax of standardised scores (n,); 0 for NaN."""
    is_known = ~np.isnan(scores)
    weights = np.zeros(len(scores))
    if is_known.any():
        # The best score is subtracted so that exp does not overflow.
        below_best = (scores[is_known] - scores[is_known].max()) / max(_deviation(scores), 1e-12)
        weights[is_known] = np.exp(sharpness * below_best)
    return weights / max(weights.sum(), 1e-12)


def without(ranking: Ranking, *, disliked: Sequence[str] = (), excluded: Sequence[str] = ()) -> Ranking:
    """The ranking without these accounts. Those that it contained are counted in ``excluded``, each once."""
    for accounts, reason, text in (
        (disliked, "disliked", "marked “Not this”"),
        (excluded, "excluded", "excluded by name"),
    ):
        # Each account is counted by the first reason that applies.
        is_out = np.isin(ranking.candidates.astype(str), np.array(list(accounts), dtype=str))
        if is_out.any():
            ids = np.sort(ranking.candidates[is_out].astype(str))
            ranking = ranking.narrowed(~is_out, counted(reason, text, ids=ids))
    return ranking


def reason(row: Mapping[str, Any], like: str = "which is liked", dislike: str = "which is disliked") -> str:
    """How far a row of ``Ranking.rows`` moved and why; "" if it did not move.

    like, dislike  words about the marked influencer
    """
    if not row.get("moved"):
        return ""
    # Without its own cause a row moved because others did.
    steps = f"{'up' if row['moved'] > 0 else 'down'} {abs(row['moved']):,}"
    because = row["because"]
    if because is None:
        return f"{steps}: others moved past it" if row["moved"] < 0 else f"{steps}: others moved down"
    marked, words = because["influencer"], like if because["mark"] == "like" else dislike
    if marked == row["influencer"]:
        return f"{steps}: it is liked"
    return f"{steps}: {'similar to' if because['similar'] else 'unlike'} {marked}, {words}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _ignored_marks_notes(accounts: np.ndarray) -> list[str]:
    """A note on marked accounts without features."""
    if not len(accounts):
        return []
    return [f"nothing is encoded for {', '.join(accounts.tolist())}: that like or dislike has no effect"]


def _deviation(scores: np.ndarray) -> float:
    """Standard deviation of the scores (n,) that are not NaN; 0 if there are none."""
    known = scores[~np.isnan(scores)]
    return float(known.std()) if len(known) else 0.0
