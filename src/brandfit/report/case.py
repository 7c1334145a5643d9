"""A case study of one brand, as MORNING (Wang et al. 2022, Fig. 4; M-16) and BAMIR (B-12) print it: four
influencers of a ranking, and what they and the brand are about.

    top positive      the best ranked partner
    top negative      the best ranked candidate that is no partner
    lowest positive   the lowest ranked partner with a score
    similar negative  of the candidates that are no partners, below the first ranks, the most similar one

Each account has four charts, the shares of named columns: ACI and ACT of the pictures and texts of the
account itself, AUI and AUT of those of its audience. A chart that cannot be made says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from brandfit.data.dataset import POST_SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.learning.pooling import account_vectors, brand_vectors
from brandfit.learning.similarity import unit
from brandfit.ranking import Ranking
from brandfit.report.album import Album
from brandfit.report.words import shortened

Kind = Literal["ACI", "ACT", "AUI", "AUT"]
TITLES: dict[Kind, str] = {
    "ACI": "Its pictures",
    "ACT": "Its topics",
    "AUI": "Pictures of its audience",
    "AUT": "Topics of its audience",
}
"""Chart to its title: account or audience, content of images or of texts."""
BARS = 8
"""Bars of a chart."""
LEAST_SHARE = 0.005
CLOUD, LEAST_WEIGHT = 60, 0.02
"""Words of a cloud, and the least weight of a word as a part of the largest."""
CAPTIONS = 3
"""Newest posts of an account that are shown."""
NUMBER = re.compile(r" \(\d+\)$")
"""The number that columns of equal names get (``mappings.distinct_names``)."""


@dataclass(frozen=True)
class Pick:
    """A candidate of a case study.

    role        the name of its place in the study; see the module
    rank        from 1
    similarity  mean cosine to the brand over what both post; None if nothing can be compared
    """

    role: str
    influencer: str
    rank: int
    score: float
    is_partner: bool
    similarity: float | None


@dataclass(frozen=True)
class Chart:
    """Shares of named columns, the largest first; they add up to 1 over all columns.

    source   Features, and how they describe the account
    missing  the reason why there are no shares; "" if there are some
    """

    kind: Kind
    source: str
    shares: Mapping[str, float]
    missing: str = ""

    @property
    def bars(self) -> dict[str, float]:
        """The largest shares; those that round to 0 % are left out."""
        largest = list(self.shares.items())[:BARS]
        return {name: share for name, share in largest if share >= LEAST_SHARE}

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "title": TITLES[self.kind],
            "source": self.source,
            "shares": self.bars,
            "missing": self.missing,
        }


@dataclass(frozen=True)
class CaseAccount:
    """The brand (without a pick) or a picked influencer.

    posts     newest posts: id, caption and hash of the first picture or None
    concepts  concept to its share
    concepts_missing  the reason why there are none; "" if there are some
    clouds    "topics", "image labels" and "concepts" to word and its weight; only those that are not empty
    """

    id: str
    pick: Pick | None
    name: str
    biography: str
    followers: int | None
    category: str | None
    posts: Sequence[Mapping[str, str | None]]
    concepts: Mapping[str, float]
    charts: Sequence[Chart]
    clouds: Mapping[str, Mapping[str, float]]
    concepts_missing: str = ""

    def to_dict(self) -> dict[str, Any]:
        pick = self.pick
        place = {
            "role": pick.role if pick else "brand",
            "rank": pick.rank if pick else None,
            "score": pick.score if pick else None,
            "is_partner": pick.is_partner if pick else None,
            "similarity": pick.similarity if pick else None,
        }
        return {
            "id": self.id,
            **place,
            "name": self.name,
            "biography": self.biography,
            "followers": self.followers,
            "category": self.category,
            "posts": [dict(post) for post in self.posts],
            "concepts": dict(self.concepts),
            "concepts_missing": self.concepts_missing,
            "charts": [one.to_dict() for one in self.charts],
            "clouds": {name: dict(words) for name, words in self.clouds.items()},
        }


@dataclass(frozen=True)
class CaseStudy:
    """A brand and its picked influencers.

    model       which model gave the scores, and what it was not trained on
    candidates  number of ranked candidates; ``partners`` of them are the brand's
    dataset     fingerprint of the rows of the workspace
    accounts    the brand first
    """

    brand: str
    ranker: str
    model: str
    candidates: int
    partners: int
    dataset: str
    accounts: Sequence[CaseAccount]
    notes: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "ranker": self.ranker,
            "model": self.model,
            "candidates": self.candidates,
            "partners": self.partners,
            "dataset": self.dataset,
            "accounts": [account.to_dict() for account in self.accounts],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class ChartSource:
    """Features of one chart.

    slot      the slot under which accounts are pooled
    features  those with named columns; several are concatenated (MORNING, Eq. 6)
    source    words for the chart
    missing   the reason why there are none
    names_objects  whether columns name what is shown, not colours; only these are a cloud of labels
    """

    slot: str
    features: Sequence[Features] = ()
    source: str = ""
    missing: str = ""
    names_objects: bool = True
    by_account: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Shares that were computed before, for an audience without Features; they take precedence."""


# --- the four influencers -----------------------------------------------------------------------------------


def pick_cases(ranking: Ranking, *, is_partner: np.ndarray, similarity: np.ndarray, below: int) -> list[Pick]:
    """The influencers of the case study, in the order of the module; a place that nobody has is left out.

    is_partner  (n,) bool of the candidates of the ranking, which are best first
    similarity  (n,) to the brand, NaN if unknown
    below       a similar negative has a larger rank than this
    """
    n = len(ranking.candidates)
    rank = np.arange(1, n + 1)
    has_score = ~np.isnan(ranking.scores)
    partners = np.flatnonzero(is_partner & has_score)
    others = np.flatnonzero(~is_partner & has_score)
    rows: dict[str, int] = {}
    if len(partners):
        rows["top positive"] = int(partners[0])
    if len(others):
        rows["top negative"] = int(others[0])
    if len(partners) > 1:
        rows["lowest positive"] = int(partners[-1])
    low = others[(rank[others] > below) & ~np.isnan(similarity[others])]
    low = low[low != rows.get("top negative", -1)]
    if len(low):
        rows["similar negative"] = int(low[np.argmax(similarity[low])])
    picks = []
    for role, row in rows.items():
        picks.append(
            Pick(
                role=role,
                influencer=str(ranking.candidates[row]),
                rank=row + 1,
                score=float(ranking.scores[row]),
                is_partner=bool(is_partner[row]),
                similarity=None if np.isnan(similarity[row]) else float(similarity[row]),
            )
        )
    return picks


def content_similarity(dataset: Dataset, brand: str, influencers: np.ndarray) -> np.ndarray:
    """(n,) mean cosine of a brand and each influencer over the slots of posts that both have; NaN without
    one. No ranker is part of it."""
    total, n_slots = np.zeros(len(influencers)), np.zeros(len(influencers))
    for slot in POST_SLOTS:
        if slot not in dataset.slots:
            continue
        own = unit(brand_vectors(dataset, slot, brands=np.array([brand], dtype=object)))
        vectors = unit(account_vectors(dataset, slot, accounts=influencers))
        if own.present[0]:
            total += np.where(vectors.present, vectors.values @ own.values[0], 0)
            n_slots += vectors.present
    return np.where(n_slots > 0, total / np.maximum(n_slots, 1), np.nan)


# --- what they are about ------------------------------------------------------------------------------------


def named_shares(dataset: Dataset, source: ChartSource, account: str) -> dict[str, float]:
    """Named columns of an account to their shares, the largest first; {} without any."""
    names: list[str] = []
    values: list[np.ndarray] = []
    for features in source.features:
        view = dataset.with_slots({**dataset.slots, source.slot: features})
        vector = account_vectors(view, source.slot, accounts=np.array([account], dtype=object))
        if vector.present[0]:
            names += features.columns
            values.append(vector.values[0].astype(np.float64))
    return shares_of(names, np.concatenate(values) if values else np.zeros(0))


def shares_of(names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    """Names to the shares of their positive values (n,), the largest first; names without a share are left
    out. A name may occur twice, as an object and as a scene: its values are added."""
    positive = np.maximum(values, 0)
    total = float(positive.sum())
    value_by_name: dict[str, float] = {}
    for n in np.flatnonzero(positive).tolist():
        value_by_name[names[n]] = value_by_name.get(names[n], 0.0) + float(positive[n])
    largest_first = sorted(value_by_name, key=lambda name: -value_by_name[name])
    return {name: value_by_name[name] / total for name in largest_first}


def chart(dataset: Dataset, kind: Kind, *, source: ChartSource, account: str) -> Chart:
    """One chart of an account."""
    if source.missing:
        return Chart(kind, source.source, {}, source.missing)
    shares = source.by_account.get(account) or named_shares(dataset, source, account)
    subject = (
        f"no audience of {account} is known, or nothing" if kind.startswith("AU") else f"nothing of {account}"
    )
    missing = "" if shares else f"{subject} was recognised by {source.source}"
    return Chart(kind, source.source, shares, missing)


def cloud_words(shares: Mapping[str, float]) -> dict[str, float]:
    """Words of a cloud to their weights, the heaviest first. A topic that is named by its first words gives
    each of them its weight."""
    weights: dict[str, float] = {}
    for name, share in shares.items():
        for word in NUMBER.sub("", name).split(", "):
            weights[word] = weights.get(word, 0.0) + share
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))[:CLOUD]
    least = LEAST_WEIGHT * max(weights.values(), default=0.0)
    return {word: weights[word] for word in heaviest if weights[word] >= least}


def case_account(
    dataset: Dataset,
    id: str,
    *,
    pick: Pick | None,
    sources: Mapping[Kind, ChartSource],
    concepts: ChartSource,
    album: Album,
) -> CaseAccount:
    """The account with its posts, concepts, charts and clouds."""
    account = dataset.account(id)
    charts = [chart(dataset, kind, source=source, account=id) for kind, source in sources.items()]
    shares_by_kind = {one.kind: one.shares for one in charts}
    labels = shares_by_kind["ACI"] if sources["ACI"].names_objects else {}
    concept_shares = named_shares(dataset, concepts, id)
    clouds = {
        "topics": cloud_words(shares_by_kind["ACT"]),
        "image labels": cloud_words(labels),
        "concepts": cloud_words(concept_shares),
    }
    without_concepts = ""
    if not concept_shares:
        without_concepts = _no_concepts(concepts, id, has_posts=bool(album.posts[id]))
    posts: list[dict[str, str | None]] = []
    for post in album.posts[id][:CAPTIONS]:
        image = album.images.get(post["id"])
        posts.append(
            {
                "id": post["id"],
                "caption": shortened(post["caption"] or ""),
                "picture": image["hash"] if image else None,
            }
        )
    return CaseAccount(
        id=id,
        pick=pick,
        name=account["name"] or "",
        biography=shortened(account["biography"] or ""),
        followers=account["followers"],
        category=account["category"],
        posts=posts,
        concepts=dict(list(concept_shares.items())[: 2 * BARS]),
        charts=charts,
        clouds={name: words for name, words in clouds.items() if words},
        concepts_missing=without_concepts,
    )


def _no_concepts(source: ChartSource, account: str, *, has_posts: bool) -> str:
    """Why an account has no concepts."""
    if source.missing:
        return source.missing
    if not has_posts:
        return f"{account} has no post or brief that can be seen here"
    return f"the posts of {account} are not encoded by {source.source}, or it recognised nothing in them"
