"""A ranking adjusted by marks: influencers that somebody likes, and influencers that they dislike ("Not
this").

Relevance feedback of Rocchio (1971), with the ranking as prior. A candidate i with score s_i is moved by

    strength * deviation(s) * (  sum over likes l    of k(i, l)            / (prior + n)
                               - sum over dislikes d of max(0, k(i, d))^3  / (prior + m)  )

for n likes and m dislikes. ``prior`` counts as that many marks that say nothing: the first like weighs 1 /
(prior + 1), all likes together n / (prior + n), the same for dislikes. So the weight grows with every mark,
and no candidate is moved by more than ``strength`` deviations of the scores by likes, nor by dislikes.

k(i, l) is the mean over slots of the cosine of two accounts, centred by what the ranking already looks for:
the mean of all candidates, each weighted by exp(sharpness z) of its standardised score z. So marks tell the
candidates at the top from one another, and a dislike of somebody who suits the topic of the brand does not
count against the topic. What differs from Rocchio:

* he has no ranking to centre by, and subtracts the mean of all documents that are not relevant;
* a dislike lowers near-duplicates alone (the cube). It says little on others: most of those that a brand does
  not work with are as fit as those that it works with. He too weighs documents that are not relevant less, by
  .15 to .75.

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
    """strength: deviations of the scores that all likes, or all dislikes, can move a candidate by at most;
    prior: marks that say nothing, counted with the given ones; sharpness: how much the centre leans on the
    top of the ranking."""

    strength: float = 2.0
    prior: float = 5.0
    sharpness: float = 2.0


WEIGHTS = Weights()


def refined(ranking: Ranking, alike: Lookalikes, *, like: Sequence[str], dislike: Sequence[str]) -> Ranking:
    """The ranking without those of ``dislike``, sorted anew by scores and marks; its ``moves`` say who moved
    and why.

    A mark on an influencer without features moves nobody, and a note says so.

    Raises UnknownName for an account that is not there, UsageError for one that is both liked and disliked.
    """
    likes, dislikes = list(dict.fromkeys(like)), list(dict.fromkeys(dislike))
    if both := sorted(set(likes) & set(dislikes)):
        raise UsageError(f"{both[0]} is both liked and disliked.", "Choose one of the two.")
    marks = np.array([*likes, *dislikes], dtype=object)
    # Guests are moved as candidates are, but have no part in the centre and the deviation: who is shown too
    # must not change the scores of the others.
    of_candidates = np.where(ranking.is_candidate, ranking.scores, np.nan)
    likeness, known = alike.centred(marks, ranking.candidates, top_weights(of_candidates))
    effects = effects_of_marks(likeness, of_candidates, likes=len(likes))
    effect = effects.sum(axis=0)
    # The mark that did most in the direction in which all of them together move the candidate.
    main = np.argmax(effects * np.where(effect < 0, -1, 1), axis=0)
    found = without(moved(ranking, effect, mark=marks[main], liked=main < len(likes)), disliked=dislikes)
    return replace(found, notes=(*_unknown(marks[~known]), *found.notes))


def adjusted_note(ranking: Ranking, like: Sequence[str], dislike: Sequence[str]) -> str:
    """How many candidates of an adjusted list moved, and by how many likes and dislikes."""
    moved = np.count_nonzero(ranking.moves.moved) if ranking.moves is not None else 0
    return (
        f"the order is adjusted by {_counted(len(set(like)), 'like')} and "
        f"{_counted(len(set(dislike)), 'dislike')}: {moved:,} of {len(ranking):,} moved"
    )


def effects_of_marks(
    likeness: np.ndarray, scores: np.ndarray, *, likes: int, weights: Weights = WEIGHTS
) -> np.ndarray:
    """(m, n) what each mark adds to the score of each candidate, of their likeness (m, n) and scores (n,).

    The first ``likes`` marks are likes, the others dislikes.
    """
    dislikes = len(likeness) - likes
    of_likes = likeness[:likes] / (weights.prior + likes)
    of_dislikes = np.maximum(likeness[likes:], 0) ** 3 / (weights.prior + dislikes)
    return weights.strength * _deviation(scores) * np.concatenate([of_likes, -of_dislikes])


def top_weights(scores: np.ndarray, sharpness: float = WEIGHTS.sharpness) -> np.ndarray:
    """(n,) weights of candidates that add up to 1: the softmax of standardised scores (n,); 0 of a score that
    is NaN."""
    known = ~np.isnan(scores)
    found = np.zeros(len(scores))
    if known.any():
        below_best = (scores[known] - scores[known].max()) / max(_deviation(scores), 1e-12)
        found[known] = np.exp(sharpness * below_best)
    return found / max(found.sum(), 1e-12)


def without(ranking: Ranking, *, disliked: Sequence[str] = (), excluded: Sequence[str] = ()) -> Ranking:
    """The ranking without these accounts; those that it had are counted in ``excluded``, each once."""
    for accounts, reason, text in (
        (disliked, "disliked", "marked “Not this”"),
        (excluded, "excluded", "excluded by name"),
    ):
        out = np.isin(ranking.candidates.astype(str), np.array(list(accounts), dtype=str))
        if out.any():
            ranking = ranking.narrowed(
                ~out, counted(reason, text, ids=np.sort(ranking.candidates[out].astype(str)))
            )
    return ranking


def reason(row: Mapping[str, Any], like: str = "which is liked", dislike: str = "which is disliked") -> str:
    """Where a row of ``Ranking.rows`` moved and why, '' where it did not move; like, dislike: words about the
    marked influencer."""
    if not row.get("moved"):
        return ""
    places = f"{'up' if row['moved'] > 0 else 'down'} {abs(row['moved']):,}"
    because = row["because"]
    if because is None:
        return f"{places}: others moved past it" if row["moved"] < 0 else f"{places}: others moved down"
    marked, words = because["influencer"], like if because["mark"] == "like" else dislike
    if marked == row["influencer"]:
        return f"{places}: it is liked"
    return f"{places}: {'similar to' if because['similar'] else 'unlike'} {marked}, {words}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _unknown(accounts: np.ndarray) -> list[str]:
    if not len(accounts):
        return []
    return [f"nothing is known of {', '.join(accounts.tolist())}: that like or dislike moves nobody"]


def _deviation(scores: np.ndarray) -> float:
    """Standard deviation of the scores (n,) that are not NaN, 0 of none."""
    known = scores[~np.isnan(scores)]
    return float(known.std()) if len(known) else 0.0
