"""Sentences of a report on its numbers and on its data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from brandfit.campaign.shortlist import Shortlist
from brandfit.data.dataset import Dataset
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.report.content import Card
from brandfit.report.words import day


def method_sentences(
    ranker: Ranker,
    dataset: Dataset,
    *,
    about: str,
    cards: Sequence[Card],
    has_maps: bool,
    is_evaluated: bool = False,
) -> tuple[str, ...]:
    """What the numbers of this report mean, and what they do not mean. Only what the cards contain is
    explained.

    about         what the ranker does; "" to leave it out
    is_evaluated  whether the report has a section on how good such suggestions are
    """
    sentences = [f"{ranker.name}: {about}."] if about else []
    sentences.append(
        f"The score is what {ranker.name} sorts by, higher is better. It compares candidates for this brand; "
        "it foretells neither sales nor reach, and scores of two rankers cannot be compared."
    )
    # A score of a single part has no bars.
    if any(len(card.parts) > 1 for card in cards):
        sentences.append("The bars are its parts, and add up to it.")
    if any(card.chance for card in cards):
        sentences.append(
            f"The chance is {ranker.name}'s estimate that both work together, for a pair drawn as in its "
            f"training, learned from known partnerships ({len(dataset.endorsements):,} in these data); the "
            "range is its 95 % interval, and knows nothing of what the data do not hold."
        )
    sentences.append(
        "Each score was taken apart by posts: what a post adds is measured with posts of other accounts in "
        "its place (Shapley values; where there are many posts some of the orders are drawn)."
    )
    if any(card.radar for card in cards):
        sentences.append(
            "A radar shows which share of what each side is about falls to a topic, for the topics that "
            "weigh most."
        )
    if has_maps:
        sentences.append(
            "For heat maps a part of a picture is covered and the pair scored again: red speaks for it, blue "
            "against it; a pale one says that no part moves the score by much."
        )
    if not is_evaluated:
        sentences.append(
            "How good this ranking is on these data was not measured here; brandfit evaluate does it."
        )
    return tuple(sentences)


def data_words(dataset: Dataset, ranking: Ranking) -> dict[str, str]:
    """Label to words on the data: counts, dates, rules, fingerprint and Features."""
    # A brief is stored with the posts and is none.
    n_posts = pc.sum(pc.equal(dataset.posts["kind"], "post")).as_py() or 0
    words = {
        "Data": (
            f"{len(dataset.brands):,} brands, {len(dataset.influencers):,} influencers, "
            f"{n_posts:,} posts, {len(dataset.endorsements):,} partnerships"
        )
    }
    # Null if no post has a known time.
    span = pc.min_max(dataset.posts["time"]).as_py()
    if span["min"] is not None:
        words["Posts from"] = f"{day(span['min'])} to {day(span['max'])}"
    if dataset.notes:
        words["Partnerships"] = "; ".join(dataset.notes)
    words["Fingerprint of data and features"] = ranking.fingerprint[:16]
    words["Features"] = ", ".join(f"{slot}: {features.name}" for slot, features in dataset.slots.items())
    return words


def set_sentences(shortlist: Shortlist, ranking: Ranking) -> tuple[str, ...]:
    """How the best set differs from as many of the first of the ranking."""
    rank_by_id = {pick.influencer: pick.rank for pick in shortlist.picks}
    # Guests of the ranking have no rank and are not among its first.
    has_rank = np.array([rank is not None for rank in ranking.ranks()], bool)
    first = ranking.candidates[has_rank][: len(rank_by_id)].tolist()
    left_out = [f"{id} (number {rank:,})" for rank, id in enumerate(first, 1) if id not in rank_by_id]
    added = [f"{id} (number {rank:,})" for id, rank in rank_by_id.items() if id not in first]
    if not left_out:
        return (f"These are the first {len(rank_by_id)} of the ranking.",)
    return (
        f"Not in the set, of the first {len(rank_by_id)} of the ranking: {', '.join(left_out)}.",
        f"In their place: {', '.join(added)}.",
    )
