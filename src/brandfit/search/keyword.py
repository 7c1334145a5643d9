"""Search by keywords: three rankings, fused, and why each influencer was found (C-20).

    concepts  sum over concepts of an influencer of share times mean over keywords of likeness(keyword, concept)     CAMERA, III-E
    words     BM25 of captions, hashtags, descriptions of pictures and biographies (``search.fulltext``)
    meaning   cosine of the query with the influencer's posts, the mean of its three nearest, by the encoder that filled ``text``

    score = sum over rankings of 1 / (60 + rank)              reciprocal rank fusion, Cormack et al., SIGIR 2009

A keyword is like a concept by one where it is one of the concept's names, else by the cosine of both as read by the encoder of
``text``, where that is a sentence encoder, and not at all below .5. A ranking that says nothing of an influencer adds nothing.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better Understanding. IEEE Transactions
on Multimedia, 2021.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.base import Encoder
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.errors import UsageError
from brandfit.learning.pooling import account_vectors
from brandfit.ranking import order
from brandfit.search.fulltext import FIELDS, FullText

FUSION = 60
"""k of reciprocal rank fusion."""
LIKE = 0.5
MEANT = 0.25
"""Cosine below which a post does not mean the same."""
NEAREST = 3
SNIPPET = 120


@dataclass(frozen=True)
class Hit:
    """ranks: by ranking its 1-based rank, of those that found it; concepts: those that matched, with what each added; post: the one
    that matched best, "" where none did, and its caption."""

    influencer: str
    score: float
    ranks: dict[str, int]
    concepts: tuple[tuple[str, float], ...]
    post: str
    snippet: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "influencer": self.influencer,
            "score": self.score,
            "ranks": self.ranks,
            "concepts": [{"concept": name, "adds": value} for name, value in self.concepts],
            "post": self.post,
            "snippet": self.snippet,
            "why": self.why,
        }

    @property
    def why(self) -> str:
        told = []
        if self.concepts:
            told.append(f"is about {', '.join(name for name, _ in self.concepts)}")
        if "words" in self.ranks:
            told.append("writes so")
        elif "meaning" in self.ranks:
            told.append("writes of the like")
        return f"{'; '.join(told)}{f': “{self.snippet}”' if self.snippet else ''}"


class Keywords:
    """Searches the influencers of a Dataset; the index is made when it is first asked.

    reader  the encoder that filled the slot ``text``; without, keywords are looked for as they are
    fields  of the full-text index
    """

    def __init__(self, dataset: Dataset, reader: Encoder | None = None, fields: Collection[str] = tuple(FIELDS)) -> None:
        self.dataset, self.reader, self.fields = dataset, reader, fields

    def search(self, keywords: Sequence[str], k: int = 10, allowed: np.ndarray | None = None) -> list[Hit]:
        """The best k influencers, best first. ``allowed`` (n,) bool: others are passed over."""
        asked = [word.strip().lower().lstrip("#") for word in keywords if word.strip()]
        if not asked:
            raise UsageError("Search for what?", "For example: brandfit search luxury watch men")
        allowed = np.ones(len(self.dataset.influencers), bool) if allowed is None else allowed
        concepts, adds = self._by_concepts(asked)
        words, posts = self.fulltext.search(" ".join(asked), None if allowed.all() else allowed)
        meaning, nearest = self._by_meaning(asked)
        rankings = {"concepts": concepts, "words": words, "meaning": meaning}
        fused, ranks = np.zeros(len(allowed)), {}
        for name, scores in rankings.items():
            found = np.flatnonzero((scores > 0) & allowed)
            best = found[order(scores[found], self.dataset.influencers[found])]
            ranks[name] = {int(i): n for n, i in enumerate(best, 1)}
            fused[best] += 1 / (FUSION + np.arange(1, len(best) + 1))
        there = np.flatnonzero(fused > 0)
        chosen = there[order(fused[there], self.dataset.influencers[there], k)]
        return [self._hit(int(i), float(fused[i]), ranks, adds, posts.get(int(i)) or nearest.get(int(i), "")) for i in chosen]

    @cached_property
    def fulltext(self) -> FullText:
        return FullText(self.dataset, self.fields)

    @cached_property
    def _shares(self) -> np.ndarray:
        """(n, c) shares of concepts."""
        values = np.maximum(account_vectors(self.dataset, "concept", self.dataset.influencers).values.astype(np.float64), 0)
        return np.asarray(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12))

    def _by_concepts(self, keywords: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """(n,) scores, and (c,) mean likeness of each concept to the keywords."""
        features = self.dataset.slots.get("concept")
        if features is None or not features.columns:
            return np.zeros(len(self.dataset.influencers)), None
        likeness = self._likeness(keywords, features.columns).mean(axis=0)
        return self._shares @ likeness, likeness

    def _likeness(self, keywords: Sequence[str], concepts: Sequence[str]) -> np.ndarray:
        """(q, c)."""
        place = {name: n for n, name in enumerate(concepts)}
        named = np.zeros((len(keywords), len(concepts)))
        taxonomy = built_in()
        for q, keyword in enumerate(keywords):
            for name in {keyword, *(taxonomy.concepts[n].name for n in taxonomy.find(keyword))}:
                if name in place:
                    named[q, place[name]] = 1.0
        asked, told = self._read(keywords), self._concepts
        if asked is None or told is None:
            return named
        cosine = asked @ told.T
        return np.maximum(named, np.where(cosine >= LIKE, cosine, 0))

    @cached_property
    def _concepts(self) -> np.ndarray | None:
        """(c, d) the names of the concepts as the reader reads them."""
        return self._read(self.dataset.slots["concept"].columns)

    def _by_meaning(self, keywords: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
        """(n,) cosines above zero with the query, and the nearest post of each."""
        scores = np.zeros(len(self.dataset.influencers))
        nearest: dict[int, str] = {}
        asked = self._read([" ".join(keywords)])
        features = self.dataset.slots.get("text")
        if asked is None or features is None or features.level != "post":
            return scores, nearest
        posts = self.dataset.posts
        owner_of = {id: n for n, id in enumerate(self.dataset.influencers.tolist())}
        account = dict(zip(posts["id"].to_pylist(), posts["account"].to_pylist(), strict=True))
        owner = np.array([owner_of.get(account.get(id, ""), -1) for id in features.ids.tolist()])
        cosine = np.asarray(features.values @ asked[0].astype(np.float32), np.float64)
        used = np.flatnonzero(owner >= 0)
        ranked = used[np.lexsort((-cosine[used], owner[used]))]
        group, first, count = np.unique(owner[ranked], return_index=True, return_counts=True)
        for who, start, n in zip(group.tolist(), first.tolist(), count.tolist(), strict=True):
            top = ranked[start : start + min(n, NEAREST)]
            if (mean := float(cosine[top].mean())) >= MEANT:
                scores[who], nearest[who] = mean, str(features.ids[top[0]])
        return scores, nearest

    def _read(self, texts: Sequence[str]) -> np.ndarray | None:
        """(n, d) rows of length one of texts, as the encoder of ``text`` reads captions; None without."""
        if self.reader is None:
            return None
        posts = [Post(id=str(n), account="reader", caption=text.replace("_", " ")) for n, text in enumerate(texts)]
        rows, _ = self.reader.encode(Dataset.of([Account(id="reader")], posts)).of(np.array([p.id for p in posts], dtype=object))
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))

    def _hit(self, i: int, score: float, ranks: dict[str, dict[int, int]], adds: np.ndarray | None, post: str) -> Hit:
        concepts: tuple[tuple[str, float], ...] = ()
        if adds is not None:
            terms = self._shares[i] * adds
            best = [int(n) for n in np.argsort(-terms, kind="stable")[:3] if terms[n] > 0]
            concepts = tuple((self.dataset.slots["concept"].columns[n], float(terms[n])) for n in best)
        found = {name: at[i] for name, at in ranks.items() if i in at}
        return Hit(str(self.dataset.influencers[i]), score, found, concepts, post, self._snippet(post))

    @cached_property
    def _captions(self) -> dict[str, str]:
        return dict(zip(*(self.dataset.posts[c].to_pylist() for c in ("id", "caption")), strict=True))

    def _snippet(self, post: str) -> str:
        text = re.sub(r"\s+", " ", self._captions.get(post) or "").strip()
        return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"
