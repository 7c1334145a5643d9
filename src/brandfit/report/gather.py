"""Gathers the content of a report from a fitted ranker and a Ranking. Every number of a report comes from
these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import Counted
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.errors import UnknownName
from brandfit.learning.pooling import one_account_vector
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.report.album import Album
from brandfit.report.cards import CardMaker, profile_of
from brandfit.report.content import Profile, Report
from brandfit.report.method import data_words, method_sentences, set_sentences
from brandfit.report.words import count, day
from brandfit.search.facts import Facts

BRAND_SHOTS = 6
"""Pictures of the brand."""
TOPICS = 8
REPRESENTATION_WORDS = {
    "posts": "its own posts",
    "brief": "its brief, for it has no posts",
    "profile": "features of its own, for it has no posts",
    "partners": "the posts of its partners, for it has none of its own",
}
"""Representation of a brand (``Dataset.representation``) to words that follow "seen through"."""


def gather(
    ranker: Ranker,
    dataset: Dataset,
    *,
    ranking: Ranking,
    k: int,
    shortlist: Shortlist | None = None,
    maps: Encoder | None = None,
    about: str = "",
    origin: Mapping[str, str] | None = None,
    today: date | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    influencers: Sequence[str] = (),
    left_out: Mapping[str, Counted] | None = None,
) -> Report:
    """A report on the brand of a ranking: cards of the best k, or of ``influencers`` in the order of the
    ranking, and of the members of the shortlist.

    left_out  guests of the ranking, to the reason why they are no candidates
    maps      the encoder that fills the slot ``picture``, if heat maps are wanted; they take long
    about     what the ranker does, in words
    origin    label to words, in addition to those on the Dataset
    today     date of the report; default: the current day, UTC

    Raises UnknownName for an influencer that is not in the ranking.
    """
    brand = ranking.brand
    # Influencer to its row in the ranking.
    row_of = {id: row for row, id in enumerate(ranking.candidates.tolist())}
    for id in influencers:
        if id not in row_of:
            raise UnknownName("influencer", id, known=row_of)
    first = sorted(set(influencers), key=row_of.__getitem__) or ranking.candidates[:k].tolist()
    picks = [pick.influencer for pick in shortlist.picks] if shortlist is not None else []
    # The first ones by rank, then members of the set that are not among them.
    on_cards = [*first, *(id for id in picks if id not in first)]
    album = Album(dataset, [brand, *on_cards])
    maker = CardMaker(ranker, dataset, brand=brand, album=album, facts=Facts(dataset), maps=maps, seed=seed)
    cards, notes = [], list(ranking.notes)
    ranks, n_ahead = ranking.ranks(), ranking.ahead()
    for n, id in enumerate(on_cards, 1):
        row = row_of[id]
        more: dict[str, Any] = {"rank": ranks[row], "candidates": ranking.among}
        if left_out and id in left_out:
            more["left_out"] = {
                "text": left_out[id].text,
                "rank_otherwise": int(n_ahead[row]) + 1,
                "candidates_otherwise": ranking.among + 1,
            }
            notes.append(f"{id}: {left_out[id].text}, and so without a rank")
        explanation = maker.explanation(id, more)
        if explanation is not None:
            notes.extend([note for note in explanation.notes if note not in notes])
        score = float(ranking.scores[row])
        cards.append(maker.card(id, ranks[row], score=score, explanation=explanation))
        if progress is not None:
            progress(n, len(on_cards))
    return Report(
        brand=_brand_profile(dataset, brand, album),
        brand_representation=REPRESENTATION_WORDS.get(dataset.representation[brand], ""),
        topics=topics(dataset, brand),
        hashtags=album.hashtags(brand),
        partners=tuple(sorted(dataset.partners.get(brand, ()))),
        ranker=ranker.name,
        best=len(first),
        picked=bool(influencers),
        candidates=ranking.among,
        cards=tuple(cards),
        shortlist=shortlist,
        changed=set_sentences(shortlist, ranking) if shortlist is not None else (),
        method=method_sentences(ranker, dataset, about=about, cards=cards, has_maps=maps is not None),
        notes=tuple(notes),
        origin={**data_words(dataset, ranking), **(origin or {})},
        date=day(today or datetime.now(UTC).date()),
        excluded=ranking.excluded,
        incomplete=ranking.incomplete,
    )


def _brand_profile(dataset: Dataset, brand: str, album: Album) -> Profile:
    """The brand with its known facts. A brief takes the place of a missing biography."""
    posts = [post for post in album.posts[brand] if post["kind"] == "post"]
    # The dates of the oldest and the newest post, of those with a known time.
    times = [post["time"] for post in posts if post["time"] is not None]
    account = dataset.account(brand)
    words_by_label = {
        "Category": account["category"] or "",
        "Business": account["business_category"] or "",
        "Followers": count(account["followers"]),
        "Posts looked at": count(len(posts)),
        "From": f"{day(min(times))} to {day(max(times))}" if times else "",
        "Known partners": count(len(dataset.partners.get(brand, ()))),
    }
    for post in album.posts[brand]:
        if post["kind"] == "brief" and post["caption"] and not account["biography"]:
            account["biography"] = post["caption"]
    shots = album.newest(brand, BRAND_SHOTS)
    return profile_of(account, words_by_label, shots=shots, shots_name="newest posts")


def topics(dataset: Dataset, account: str, n_topics: int = TOPICS) -> dict[str, float]:
    """Named concepts to their share of what a brand or influencer is about, the largest first; {} without
    Features that have named columns."""
    features = dataset.slots.get("concept")
    if features is None or not features.columns:
        return {}
    vector = one_account_vector(dataset, "concept", account=account)
    # Shares are of the positive weights only.
    values = np.maximum(vector.values[0].astype(np.float64), 0)  # (n_concepts,)
    if not vector.present[0] or not values.sum():
        return {}
    largest = np.argsort(-values, kind="stable")[:n_topics]
    shares = values / values.sum()
    return {features.columns[column]: float(shares[column]) for column in largest if values[column] > 0}
