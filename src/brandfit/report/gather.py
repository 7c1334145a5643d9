"""Gathers what a report says, from a fitted ranker and a Ranking: nothing that is not in the numbers."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import Counted
from brandfit.data.dataset import Dataset
from brandfit.data.tabular import YEAR_10000
from brandfit.encoders.base import Encoder
from brandfit.errors import UnknownName
from brandfit.explain import explain as explaining
from brandfit.explain.explanation import Explanation, Radar
from brandfit.explain.heatmap import decoded
from brandfit.explain.render import overlay
from brandfit.explain.text import SLOT
from brandfit.learning.pooling import one_account_vector
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.report.content import Card, Profile, Report, Shot
from brandfit.search.facts import Facts, category_words

SHOTS, BRAND_SHOTS = 4, 6
TOPICS, HASHTAGS, LONG = 8, 12, 280
SEEN = {
    "posts": "its own posts",
    "brief": "its brief, for it has no posts",
    "profile": "features of its own, for it has no posts",
    "partners": "the posts of its partners, for it has none of its own",
}


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
    """A report on the brand of a ranking of its candidates: cards of the best k, or of these influencers
    in their order in the ranking, and of those of the shortlist. Raises UnknownName for one that is not in
    the ranking.

    left_out  guests of the ranking to why they are no candidates
    maps    the encoder that fills the slot ``picture``, where heat maps are wanted; they take long
    about   what the ranker does, in words
    origin  label to words, to be told beside what the Dataset tells of itself
    """
    brand = ranking.brand
    place = {id: n for n, id in enumerate(ranking.candidates.tolist())}
    ranks, ahead = ranking.ranks(), ranking.ahead()
    for id in influencers:
        if id not in place:
            raise UnknownName("influencer", id, known=place)
    chosen = sorted(set(influencers), key=place.__getitem__) or list(ranking.candidates[:k].tolist())
    best = len(chosen)
    chosen += [
        pick.influencer for pick in (shortlist.picks if shortlist else ()) if pick.influencer not in chosen
    ]
    album = Album(dataset, [brand, *chosen])
    facts = Facts(dataset)
    cards, notes = [], list(ranking.notes)
    for n, id in enumerate(chosen, 1):
        rank, score = ranks[place[id]], float(ranking.scores[place[id]])
        more: dict[str, Any] = {"rank": rank, "candidates": ranking.among}
        if left_out and id in left_out:
            more["left_out"] = {
                "text": left_out[id].text,
                "rank_otherwise": int(ahead[place[id]]) + 1,
                "candidates_otherwise": ranking.among + 1,
            }
            notes.append(f"{id}: {left_out[id].text}, and so without a rank")
        told = _explained(ranker, dataset, brand=brand, id=id, more=more, maps=maps, seed=seed)
        notes += [note for note in told.notes if note not in notes] if told is not None else []
        cards.append(_card(id, rank, score=score, told=told, dataset=dataset, album=album, facts=facts))
        if progress is not None:
            progress(n, len(chosen))
    return Report(
        brand=_brand(dataset, brand, album),
        brand_representation=SEEN.get(dataset.representation[brand], ""),
        topics=topics(dataset, brand),
        hashtags=album.hashtags(brand),
        partners=tuple(sorted(dataset.partners.get(brand, ()))),
        ranker=ranker.name,
        best=best,
        picked=bool(influencers),
        candidates=ranking.among,
        cards=tuple(cards),
        shortlist=shortlist,
        changed=_changed(shortlist, ranking) if shortlist is not None else (),
        method=_method(ranker, dataset, about=about, cards=cards, maps=maps is not None),
        notes=tuple(notes),
        origin={**_data(dataset, ranking), **(origin or {})},
        date=_day(today or datetime.now(UTC).date()),
        excluded=ranking.excluded,
        incomplete=ranking.incomplete,
    )


class Album:
    """The posts and pictures of a few accounts, newest first."""

    def __init__(self, dataset: Dataset, accounts: Sequence[str]) -> None:
        self.dataset = dataset
        fields = ["id", "account", "kind", "time", "caption", "hashtags"]
        found = dataset.posts.filter(
            pc.is_in(dataset.posts["account"], value_set=pa.array(accounts, pa.string()))
        ).select(fields)
        posts = sorted(found.to_pylist(), key=lambda post: (-(post["time"] or 0), post["id"]))
        self.posts: dict[str, list[dict[str, Any]]] = {
            id: [post for post in posts if post["account"] == id] for id in accounts
        }
        shown = dataset.images.filter(
            pc.is_in(dataset.images["post"], value_set=found["id"].combine_chunks())
        ).to_pylist()
        self.images: dict[str, dict[str, Any]] = {}
        for image in sorted(shown, key=lambda image: image["position"]):
            self.images.setdefault(image["post"], image)

    def shot(self, post: Mapping[str, Any], told: str = "") -> Shot | None:
        """The first picture of a post, None where it has none or it is not kept."""
        image = self.images.get(post["id"])
        if image is None:
            return None
        try:
            data = self.dataset.picture(image["hash"])
        except KeyError:
            return None
        return Shot(data_uri(data), image["alt_text"] or self.alt(post), _short(post["caption"] or ""), told)

    def alt(self, post: Mapping[str, Any]) -> str:
        when = f" of {_day(post['time'])}" if post["time"] is not None else ""
        return f"Picture of a post by {post['account']}{when}"

    def newest(self, account: str, most: int) -> list[Shot]:
        found: list[Shot] = []
        for post in self.posts[account]:
            if len(found) < most and (shot := self.shot(post)) is not None:
                found.append(shot)
        return found

    def strongest(self, account: str, told: Explanation | None, most: int) -> list[Shot]:
        """Of the posts that add to the score, the ones that add most first."""
        by_id = {post["id"]: post for post in self.posts[account]}
        items = (
            told.attributions_of("posts", "influencer")[0].items
            if told is not None and told.attributions_of("posts", "influencer")
            else ()
        )
        shots = [
            self.shot(by_id[i.id], f"adds {i.value:.2f}") for i in items if i.value > 0 and i.id in by_id
        ]
        return [shot for shot in shots if shot is not None][:most]

    def hashtags(self, account: str) -> tuple[str, ...]:
        """The ones in most posts."""
        counts = Counter(tag for post in self.posts[account] for tag in set(post["hashtags"]))
        return tuple(
            tag for tag, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:HASHTAGS]
        )


def data_uri(data: bytes) -> str:
    """A working copy, which is a JPEG, as a data: URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _explained(
    ranker: Ranker,
    dataset: Dataset,
    *,
    brand: str,
    id: str,
    more: Mapping[str, Any],
    maps: Encoder | None,
    seed: int,
) -> Explanation | None:
    """None where there is no evidence to explain."""
    pair = np.array([brand], dtype=object), np.array([id], dtype=object)
    if np.isnan(ranker.score(dataset, *pair)[0, 0]):
        return None
    kinds = ("posts", "columns", "maps") if maps is not None else ("posts", "columns")
    encoders = {"picture": maps} if maps is not None else {}
    return explaining.explain(
        ranker, dataset, brand=brand, influencer=id, kinds=kinds, encoders=encoders, more=more, seed=seed
    )


def _card(
    id: str,
    rank: int | None,
    *,
    score: float,
    told: Explanation | None,
    dataset: Dataset,
    album: Album,
    facts: Facts,
) -> Card:
    at = facts.ids.tolist().index(id)
    of = {
        name: getattr(facts, name)[at].as_py()
        for name in (
            "category",
            "category_is_stated",
            "confidence",
            "followers",
            "engagement",
            "imported_posts",
            "last_post",
        )
    }
    category = category_words(of["category"], of["category_is_stated"], of["confidence"])
    account = dataset.account(id)
    shots, shown = album.strongest(id, told, SHOTS), "posts that add most to the score"
    if not shots:
        shots, shown = album.newest(id, SHOTS), "newest posts"
    known = {
        "Category": category,
        "Followers": _count(of["followers"]),
        "Engagement": f"{100 * of['engagement']:.1f} % a post" if of["engagement"] is not None else "",
        "Posts looked at": _count(of["imported_posts"]),
        "Last post": _day(of["last_post"]) if of["last_post"] is not None else "",
    }
    chance = told.more.get("probability") if told is not None else None
    return Card(
        rank=rank,
        profile=_profile(account, known, shots=shots, shown=shown),
        category=category,
        followers=of["followers"],
        score=score,
        parts=dict(told.parts) if told is not None else {},
        chance=(chance[0], chance[1], chance[2]) if chance else None,
        why=_why(told)
        if told is not None
        else (f"There is no evidence on {id}: nothing that both share was encoded.",),
        radar=both_sides(told) if told is not None else None,
        maps=_maps(told, dataset, album) if told is not None else (),
    )


def _why(told: Explanation) -> tuple[str, ...]:
    """What the score is made of comes first; the sentence with the score itself, which the card shows in
    figures, is left out."""
    parts = [(name, value) for name, value in told.parts.items() if value]
    if len(told.parts) > 1 and len(parts) == 1:
        name, value = parts[0]
        return (f"The whole score comes of {SLOT.get(name, name)} ({value:+.2f}).", *told.sentences[1:])
    return told.sentences[1:] or told.sentences


def both_sides(told: Explanation) -> Radar | None:
    """The first radar that has a line for each side, of what both do."""
    for radar in told.radars:
        sides = {
            name.rpartition(": ")[2]: values
            for name, values in radar.series.items()
            if name.startswith("historical")
        }
        if {"brand", "influencer"} <= set(sides):
            return Radar(radar.axes, {side: sides[side] for side in ("brand", "influencer")}, radar.source)
    return None


def _maps(told: Explanation, dataset: Dataset, album: Album) -> tuple[Shot, ...]:
    """One scale for all maps of a pair, so that a map of nothing stays pale."""
    top = max((float(np.abs(heat.values).max()) for heat in told.maps), default=0.0)
    found = []
    for heat in told.maps:
        drawn = io.BytesIO()
        overlay(decoded(dataset, heat.picture), heat.values, least=max(top, abs(told.score) / 100)).save(
            drawn, "JPEG", quality=85
        )
        post = next(post for post in album.posts[told.influencer] if post["id"] == heat.post)
        alt = f"{album.alt(post)}, with what speaks for the pair in red and what speaks against it in blue"
        found.append(Shot(data_uri(drawn.getvalue()), alt, _short(post["caption"] or "")))
    return tuple(found)


def _brand(dataset: Dataset, brand: str, album: Album) -> Profile:
    posts = [post for post in album.posts[brand] if post["kind"] == "post"]
    times = [post["time"] for post in posts if post["time"] is not None]
    account = dataset.account(brand)
    known = {
        "Category": account["category"] or "",
        "Business": account["business_category"] or "",
        "Followers": _count(account["followers"]),
        "Posts looked at": _count(len(posts)),
        "From": f"{_day(min(times))} to {_day(max(times))}" if times else "",
        "Known partners": _count(len(dataset.partners.get(brand, ()))),
    }
    briefs = [post["caption"] for post in album.posts[brand] if post["kind"] == "brief" and post["caption"]]
    if briefs and not account["biography"]:
        account["biography"] = briefs[0]
    return _profile(account, known, shots=album.newest(brand, BRAND_SHOTS), shown="newest posts")


def _profile(
    account: Mapping[str, Any], known: Mapping[str, str], *, shots: Sequence[Shot], shown: str
) -> Profile:
    facts = {label: words for label, words in known.items() if words}
    return Profile(
        id=account["id"],
        name=account["name"] or "",
        biography=_short(account["biography"] or ""),
        facts=facts,
        shots=tuple(shots),
        display_name=shown,
    )


def topics(dataset: Dataset, account: str, most: int = TOPICS) -> dict[str, float]:
    """Named concepts to their share of what a brand or influencer is about, the largest first; {} where
    nothing with names was encoded."""
    features = dataset.slots.get("concept")
    if features is None or not features.columns:
        return {}
    found = one_account_vector(dataset, "concept", account=account)
    values = np.maximum(found.values[0].astype(np.float64), 0)
    if not found.present[0] or not values.sum():
        return {}
    best = np.argsort(-values, kind="stable")[:most]
    return {features.columns[n]: float(values[n] / values.sum()) for n in best if values[n] > 0}


def _changed(shortlist: Shortlist, ranking: Ranking) -> tuple[str, ...]:
    """How the set differs from as many of the ranking's first."""
    picked = {pick.influencer: pick.rank for pick in shortlist.picks}
    has_rank = [rank is not None for rank in ranking.ranks()]
    first = ranking.candidates[np.array(has_rank, bool)][: len(picked)].tolist()
    out = [f"{id} (number {n:,})" for n, id in enumerate(first, 1) if id not in picked]
    into = [f"{id} (number {rank:,})" for id, rank in picked.items() if id not in first]
    if not out:
        return (f"These are the first {len(picked)} of the ranking.",)
    return (
        f"Not in the set, of the first {len(picked)} of the ranking: {', '.join(out)}.",
        f"In their place: {', '.join(into)}.",
    )


def _method(
    ranker: Ranker, dataset: Dataset, *, about: str, cards: Sequence[Card], maps: bool
) -> tuple[str, ...]:
    """What the numbers of this very report mean, and what they do not."""
    told = [f"{ranker.name}: {about}." if about else ""]
    told.append(
        f"The score is what {ranker.name} sorts by, higher is better. It compares candidates for this brand; "
        "it foretells neither "
        "sales nor reach, and scores of two rankers cannot be compared."
    )
    if any(len(card.parts) > 1 for card in cards):
        told.append("The bars are its parts, and add up to it.")
    if any(card.chance for card in cards):
        told.append(
            f"The chance is {ranker.name}'s estimate that both work together, for a pair drawn as in its "
            "training, learned from "
            f"known partnerships ({len(dataset.endorsements):,} in these data); the range is its 95 % "
            "interval, and knows nothing "
            "of what the data do not hold."
        )
    told.append(
        "Each score was taken apart by posts: what a post adds is measured with posts of other accounts in "
        "its place (Shapley "
        "values; where there are many posts some of the orders are drawn)."
    )
    if any(card.radar for card in cards):
        told.append(
            "A radar shows which share of what each side is about falls to a topic, for the topics that "
            "weigh most."
        )
    if maps:
        told.append(
            "For heat maps a part of a picture is covered and the pair scored again: red speaks for it, blue "
            "against it; a pale "
            "one says that no part moves the score by much."
        )
    told.append("How good this ranking is on these data was not measured here; brandfit evaluate does it.")
    return tuple(sentence for sentence in told if sentence)


def _data(dataset: Dataset, ranking: Ranking) -> dict[str, str]:
    span = pc.min_max(dataset.posts["time"]).as_py()
    counts = (
        f"{len(dataset.brands):,} brands, {len(dataset.influencers):,} influencers, "
        f"{len(dataset.posts):,} posts"
    )
    told = {"Data": f"{counts}, {len(dataset.endorsements):,} partnerships"}
    if span["min"] is not None:
        told["Posts from"] = f"{_day(span['min'])} to {_day(span['max'])}"
    if dataset.notes:
        told["Partnerships"] = "; ".join(dataset.notes)
    told["Fingerprint of data and features"] = ranking.fingerprint[:16]
    told["Features"] = ", ".join(f"{slot}: {features.name}" for slot, features in dataset.slots.items())
    return told


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _day(when: int | date) -> str:
    """1 December 2018."""
    if isinstance(when, int) and when >= YEAR_10000:
        return "beyond the calendar"
    day = datetime.fromtimestamp(when, UTC).date() if isinstance(when, int) else when
    return f"{day.day} {day:%B %Y}"


def _short(text: str, most: int = LONG) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
