"""Gathers the content of a report. All its numbers come from a fitted ranker, its Dataset and a Ranking."""

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
from brandfit.learning.pooling import account_vectors
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
"""Number of pictures of the brand."""
TOPICS = 8
"""Number of topics of the brand."""
REPRESENTATION_WORDS = {
    "posts": "its own posts",
    "brief": "its brief, because it has no posts",
    "profile": "features of its account, because it has no posts",
    "partners": "the posts of its partners, because it has no posts",
}
"""Representation of a brand (``Dataset.representation``) to words that follow "The brand is represented
by"."""


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
    evaluation: tuple[str, ...] = (),
) -> Report:
    """A report on the brand of a ranking.

    It has a card for each of ``influencers``; without ``influencers``, for each of the best k. Cards are in
    the order of the ranking. Members of the shortlist that have no card yet follow.

    left_out  influencer to the reason why it is no candidate, for those of ``influencers`` that are none
    maps      the encoder that fills the slot ``picture``, if heat maps are wanted; they take long
    about     a description of the ranker
    evaluation  the plain answer on the brand; () if it was not measured
    origin    label to words, for the section on the origin of the report, after those on the Dataset
    today     date of the report; default: the current day, UTC

    Raises UnknownName for an influencer that is not in the ranking.
    """
    brand = ranking.brand
    row_by_id = {id: row for row, id in enumerate(ranking.candidates.tolist())}
    for id in influencers:
        if id not in row_by_id:
            raise UnknownName("influencer", id, known=row_by_id)
    if influencers:
        first = sorted(set(influencers), key=row_by_id.__getitem__)
    else:
        first = ranking.candidates[:k].tolist()
    members = [pick.influencer for pick in shortlist.picks] if shortlist is not None else []
    on_cards = first + [id for id in members if id not in first]
    album = Album(dataset, [brand, *on_cards])
    maker = CardMaker(ranker, dataset, brand=brand, album=album, facts=Facts(dataset), maps=maps, seed=seed)
    cards = []
    notes = list(ranking.notes)
    ranks = ranking.ranks()  # (n,) of the rows of the ranking
    n_ahead = ranking.ahead()  # (n,) number of candidates before each row
    for n_made, id in enumerate(on_cards, 1):
        row = row_by_id[id]
        counts: dict[str, Any] = {"rank": ranks[row], "candidates": ranking.among}
        if left_out and id in left_out:
            # The rank that the influencer would have as one more candidate.
            counts["left_out"] = {
                "text": left_out[id].text,
                "rank_otherwise": int(n_ahead[row]) + 1,
                "candidates_otherwise": ranking.among + 1,
            }
            notes.append(f"{id}: {left_out[id].text}, and so without a rank")
        explanation = maker.explanation(id, counts)
        if explanation is not None:
            notes.extend([note for note in explanation.notes if note not in notes])
        score = float(ranking.scores[row])
        cards.append(maker.card(id, ranks[row], score=score, explanation=explanation))
        if progress is not None:
            progress(n_made, len(on_cards))
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
        method=method_sentences(
            ranker,
            dataset,
            about=about,
            cards=cards,
            has_maps=maps is not None,
            is_evaluated=bool(evaluation),
        ),
        notes=tuple(notes),
        origin={**data_words(dataset, ranking), **(origin or {})},
        date=day(today or datetime.now(UTC).date()),
        excluded=ranking.excluded,
        incomplete=ranking.incomplete,
        evaluation=evaluation,
    )


def _brand_profile(dataset: Dataset, brand: str, album: Album) -> Profile:
    """The brand with its known facts. If it has no biography, the text of its brief is shown as one."""
    posts = [post for post in album.posts[brand] if post["kind"] == "post"]
    # Posts without a known time do not count for the period.
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
        is_brief = post["kind"] == "brief"
        if is_brief and post["caption"] and not account["biography"]:
            account["biography"] = post["caption"]
    shots = album.newest(brand, BRAND_SHOTS)
    return profile_of(account, words_by_label, shots=shots, shots_name="newest posts")


def topics(dataset: Dataset, account: str, n_topics: int = TOPICS) -> dict[str, float]:
    """Concept to its share of all concepts of an account, for the ``n_topics`` largest, the largest first.

    Concepts of partners that represent a brand are not its own, and do not count. Empty if the account has no
    row, or if the Features of the slot ``concept`` are missing or their columns
    have no names.
    """
    features = dataset.slots.get("concept")
    if features is None or not features.columns:
        return {}
    vector = account_vectors(dataset, "concept", accounts=np.array([account], dtype=object))
    # Negative weights have no share.
    weights = np.maximum(vector.values[0].astype(np.float64), 0)  # (n_concepts,)
    total = weights.sum()
    if not vector.present[0] or not total:
        return {}
    shares = weights / total
    largest = np.argsort(-weights, kind="stable")[:n_topics]
    return {features.columns[column]: float(shares[column]) for column in largest if weights[column] > 0}
