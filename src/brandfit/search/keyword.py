"""Search by keywords: four rankings, fused, and why each influencer was found (C-20).

    words     how many of the keywords occur in captions, hashtags, descriptions of pictures and biographies;
              of as many, the sum of the three best by BM25 (``search.fulltext``)
    evidence  sum over concepts of weight times mean over keywords of likeness(keyword, concept), over all
              weight and ten more
    concepts  the same over all weight: share times likeness
              CAMERA, III-E
    meaning   cosine of the query with the influencer's posts, the mean of its three nearest, by the encoder
              that filled ``text``

    score = (.9 + .1 * share of keywords that occur) * sum over rankings of weight / (60 + rank)

The sum is reciprocal rank fusion (Cormack et al., SIGIR 2009), with weights that were chosen on development
queries (``studies/search.py``); a ranking that says nothing of an influencer adds nothing. Of somebody
who wrote one word, all is known to be about it: a share of 1, as sure as that of one who wrote it a hundred
times. Hence ``evidence``: as if ten hashtags more said nothing of the keywords.

The weight of a concept is its sum over posts. A keyword is like a concept by one where it is one of the
concept's names, else by the cosine of both as read by the encoder of ``text``, where that is a sentence
encoder, and not at all below .5.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better
Understanding. IEEE Transactions on Multimedia, 2021.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.arguments import Texts, checked
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Post
from brandfit.encoders.base import Encoder
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.errors import UsageError
from brandfit.ranking import order
from brandfit.search.fulltext import FIELDS, FullText
from brandfit.search.query import Query, parse_query

WEIGHTS: Mapping[str, float] = {"words": 1.0, "evidence": 1.0, "concepts": 0.2, "meaning": 0.2}
"""Of the rankings in the fusion."""
FUSION = 60
"""k of reciprocal rank fusion."""
WRITTEN = 0.1
"""Part of the score that only those keep who write every keyword: of two who are about as good, that one
comes first."""
PRIOR = 10.0
"""Weight of concepts that nobody wrote, beside which what is written counts as evidence."""
LIKE = 0.5
MEANT = 0.25
"""Cosine below which a post does not mean the same."""
NEAREST = 3
SNIPPET = 120
TOLD = 3
"""Concepts that are told of a hit."""


@dataclass(frozen=True)
class Hit:
    """ranks: by ranking its 1-based rank, of those that found it; concepts: those that matched, with what
    each added; post: the one that matched best, "" where none did, and its caption."""

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


class QueryMatches(NamedTuple):
    """What a query finds of n influencers.

    rankings  name to (n,) scores, 0 of those of whom a ranking says nothing
    written   (n,) share of the keywords that occur in what they write
    post      (n,) number of a post that shows it, by ``Keywords.posts``; -1 where there is none
    likeness  (c,) of the concepts to the query; None without concepts
    """

    rankings: Mapping[str, np.ndarray]
    text_scores: np.ndarray
    post: np.ndarray
    likeness: np.ndarray | None


class Matches(NamedTuple):
    """Whom a query finds: ``best``, numbers of influencers, best first; of all n their ``scores`` and by
    ranking ``ranks``; ``keywords`` as they were asked."""

    best: np.ndarray
    scores: np.ndarray
    ranks: Mapping[str, np.ndarray]
    found: QueryMatches
    keywords: tuple[str, ...] = ()


class Keywords:
    """Searches the influencers of a Dataset. What a search needs is made when it is first asked for, and
    kept: keep the object.

    reader  the encoder that filled the slot ``text``; without, keywords are looked for as they are
    fields  of the full-text index
    """

    def __init__(
        self, dataset: Dataset, reader: Encoder | None = None, fields: Collection[str] = tuple(FIELDS)
    ) -> None:
        self.dataset, self.reader, self.fields = dataset, reader, fields

    @checked
    def search(self, keywords: Texts, k: int = 10, allowed: np.ndarray | None = None) -> list[Hit]:
        """The best k influencers, best first. ``allowed`` (n,) bool: others are passed over."""
        matches = self.matches(keywords, allowed)
        return self.hits(matches, matches.best[:k])

    @checked
    def matches(self, keywords: Texts, allowed: np.ndarray | None = None) -> Matches:
        """All that are found. Raises UsageError without a keyword."""
        found = self.find(keywords, allowed)
        ranks = self.ranks(found)
        scores = self.fuse(found, ranks)
        there = np.flatnonzero(scores > 0)
        return Matches(
            best=there[np.lexsort((self._ties[there], -scores[there]))],
            scores=scores,
            ranks=ranks,
            found=found,
            keywords=parse_query(keywords).keywords,
        )

    @checked
    def unmatched(self, keywords: Texts) -> tuple[str, ...]:
        """Words that match no influencer: nobody writes them, and no concept of an influencer is like their
        keyword."""
        found: dict[str, None] = {}
        for keyword in parse_query(keywords).keywords:
            unwritten = self.fulltext.unwritten(keyword)
            if unwritten and not self._by_concepts([keyword], self._read([keyword]))[0].any():
                found |= dict.fromkeys(unwritten)
        return tuple(found)

    def hits(self, matches: Matches, chosen: np.ndarray) -> list[Hit]:
        """Why these influencers, by their numbers, were found."""
        return [
            self._hit(i, matches, told)
            for i, told in zip(
                chosen.tolist(), self._top_concepts(chosen, matches.found.likeness), strict=True
            )
        ]

    @checked
    def find(self, keywords: Texts, allowed: np.ndarray | None = None) -> QueryMatches:
        """What every ranking says. Raises UsageError without a keyword."""
        query = parse_query(keywords)
        asked = list(query.keywords)
        if not asked and query.excluded:
            raise UsageError(
                "A search cannot consist of excluded words alone.", "Add what to find: hiking -food"
            )
        if not asked:
            raise UsageError("Search for what?", "For example: brandfit search luxury watch men")
        allowed = self._allowed(query, allowed)
        if allowed is not None and allowed.all():
            allowed = None
        read = self._read([*asked, " ".join(asked)])
        each, whole = (None, None) if read is None else (read[:-1], read[-1])
        evidence, concepts, likeness = self._by_concepts(asked, each)
        written = self.fulltext.search(asked, allowed)
        meaning, nearest = self._by_meaning(whole)
        words = written.words + written.scores / (written.scores.max(initial=0) + 1)
        rankings = {"words": words, "evidence": evidence, "concepts": concepts, "meaning": meaning}
        if allowed is not None:
            rankings = {name: np.where(allowed, scores, 0) for name, scores in rankings.items()}
        return QueryMatches(
            rankings,
            written.share,
            np.where(written.best >= 0, self._post_numbers[written.best], nearest),
            likeness,
        )

    def _allowed(self, query: Query, allowed: np.ndarray | None) -> np.ndarray | None:
        """(n,) bool: of the allowed influencers those that use all phrases and no excluded word."""
        if not query.phrases and not query.excluded:
            return allowed
        result = np.ones(len(self.dataset.influencers), bool) if allowed is None else allowed.copy()
        for phrase in query.phrases:
            result &= self.fulltext.has_phrase(phrase)
        for excluded in query.excluded:
            result &= ~self.fulltext.has_phrase(excluded)
        return result

    def ranks(self, found: QueryMatches) -> dict[str, np.ndarray]:
        """Ranking to (n,) 1-based ranks; 0 of those that it does not find."""
        return {name: self._ranks(scores) for name, scores in found.rankings.items()}

    def fuse(
        self, found: QueryMatches, ranks: Mapping[str, np.ndarray], weights: Mapping[str, float] = WEIGHTS
    ) -> np.ndarray:
        """(n,) scores, 0 of those whom no ranking found."""
        fused = np.zeros(len(self.dataset.influencers))
        for name, weight in weights.items():
            fused += np.where(ranks[name] > 0, weight / (FUSION + ranks[name]), 0)
        return np.asarray(fused * (1 - WRITTEN * (1 - found.text_scores)))

    @cached_property
    def fulltext(self) -> FullText:
        return FullText(self.dataset, self.fields)

    @cached_property
    def _ties(self) -> np.ndarray:
        """(n,) which of equal scores comes first, as in every Ranking."""
        places = np.empty(len(self.dataset.influencers), np.int64)
        places[order(np.zeros(len(places)), self.dataset.influencers)] = np.arange(len(places))
        return places

    def _ranks(self, scores: np.ndarray) -> np.ndarray:
        """(n,) 1-based; 0 of those that are not found."""
        ranks = np.zeros(len(scores), np.int64)
        found = np.flatnonzero(scores > 0)
        ranks[found[np.lexsort((self._ties[found], -scores[found]))]] = np.arange(1, len(found) + 1)
        return ranks

    # --- concepts -------------------------------------------------------------------------------------------

    @cached_property
    def _weights(self) -> tuple[sparse.csc_matrix, np.ndarray]:
        """(n, c) weight of each concept, and (n,) of all of them."""
        features = self.dataset.slots["concept"]
        owner = self._owner(features)
        row = np.flatnonzero(owner >= 0)
        by = sparse.csr_matrix(
            (np.ones(len(row), np.float32), (owner[row], row)), shape=(len(self._ties), len(owner))
        )
        weights = sparse.csc_matrix(np.maximum(np.asarray(by @ features.values, np.float64), 0))
        return weights, np.asarray(weights.sum(axis=1)).ravel()

    def _by_concepts(
        self, keywords: Sequence[str], read: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """(n,) evidence, (n,) scores of CAMERA, and (c,) mean likeness of each concept to the keywords."""
        features = self.dataset.slots.get("concept")
        if features is None or not features.columns:
            return np.zeros(len(self._ties)), np.zeros(len(self._ties)), None
        likeness = self._likeness(keywords, features.columns, read).mean(axis=0)
        weights, total = self._weights
        some = np.flatnonzero(likeness > 0)
        about = np.asarray(weights[:, some] @ likeness[some])
        return about / (total + PRIOR), about / np.maximum(total, 1e-12), likeness

    def _likeness(
        self, keywords: Sequence[str], concepts: Sequence[str], read: np.ndarray | None
    ) -> np.ndarray:
        """(q, c)."""
        place = {name: n for n, name in enumerate(concepts)}
        named = np.zeros((len(keywords), len(concepts)))
        taxonomy = built_in()
        for q, keyword in enumerate(keywords):
            for name in {keyword, *(taxonomy.concepts[n].name for n in taxonomy.find(keyword))}:
                if name in place:
                    named[q, place[name]] = 1.0
        if read is None or self._concepts is None:
            return named
        cosine = read @ self._concepts.T
        return np.maximum(named, np.where(cosine >= LIKE, cosine, 0))

    @cached_property
    def _concepts(self) -> np.ndarray | None:
        """(c, d) the names of the concepts as the reader reads them."""
        return self._read(self.dataset.slots["concept"].columns)

    def _top_concepts(
        self, chosen: np.ndarray, likeness: np.ndarray | None
    ) -> list[tuple[tuple[str, float], ...]]:
        """Of each of these influencers the concepts that add most, with what each adds to the share."""
        if likeness is None:
            return [()] * len(chosen)
        weights, total = self._weights
        some = np.flatnonzero(likeness > 0)
        adds = (
            weights[:, some].tocsr()[chosen].toarray()
            * likeness[some]
            / np.maximum(total[chosen], 1e-12)[:, None]
        )
        best = np.argsort(-adds, axis=1, kind="stable")[:, :TOLD]
        columns = self.dataset.slots["concept"].columns
        return [
            tuple((columns[some[n]], float(row[n])) for n in places if row[n] > 0)
            for row, places in zip(adds, best, strict=True)
        ]

    # --- meaning --------------------------------------------------------------------------------------------

    def _by_meaning(self, asked: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """(n,) cosines above zero with the query, and the nearest post of each, -1 where there is none."""
        scores, nearest = np.zeros(len(self._ties)), np.full(len(self._ties), -1)
        features = self.dataset.slots.get("text")
        if asked is None or features is None or features.level != "post":
            return scores, nearest
        owner, row, post = self._texts
        cosine = np.asarray(features.values @ asked.astype(np.float32), np.float64)[row]
        ranked = np.lexsort((-cosine, owner))
        group, first, count = np.unique(owner[ranked], return_index=True, return_counts=True)
        used = np.arange(len(ranked)) - np.repeat(first, count) < NEAREST
        total = np.bincount(owner[ranked[used]], cosine[ranked[used]], minlength=len(scores))
        mean = total[group] / np.minimum(count, NEAREST)
        close = mean >= MEANT
        scores[group[close]], nearest[group[close]] = mean[close], post[ranked[first[close]]]
        return scores, nearest

    @cached_property
    def _texts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each text of an influencer the influencer, the row of the Features and the number of the
        post."""
        features = self.dataset.slots["text"]
        owner = self._owner(features)
        row = np.flatnonzero(owner >= 0)
        post = pc.index_in(pa.array(features.ids[row], pa.string()), value_set=self.posts).to_numpy(
            zero_copy_only=False
        )
        return owner[row], row, post.astype(np.int64)

    def _read(self, texts: Sequence[str]) -> np.ndarray | None:
        """(n, d) rows of length one of texts, as the encoder of ``text`` reads captions; None without."""
        if self.reader is None:
            return None
        posts = [
            Post(id=str(n), account="reader", caption=text.replace("_", " ")) for n, text in enumerate(texts)
        ]
        rows, _ = self.reader.encode(Dataset.from_rows([Account(id="reader")], posts)).values_of(
            np.array([p.id for p in posts], dtype=object)
        )
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))

    # --- posts ----------------------------------------------------------------------------------------------

    @cached_property
    def posts(self) -> pa.Array:
        return self.dataset.posts["id"].combine_chunks()

    @cached_property
    def _post_numbers(self) -> np.ndarray:
        """Of each document of the full text the number of its post, -1 of a biography; the last is -1."""
        at = pc.index_in(pa.array([*self.fulltext.documents, ""], pa.string()), value_set=self.posts)
        return np.asarray(at.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)

    def _owner(self, features: Features) -> np.ndarray:
        """(m,) number of the influencer of each row; -1 of others."""
        ids = pa.array(features.ids, pa.string())
        if features.level == "post":
            at = pc.index_in(ids, value_set=self.posts)
            ids = self.dataset.posts["account"].combine_chunks().take(at)
        owner = pc.index_in(ids, value_set=pa.array(self.dataset.influencers, pa.string()))
        return np.asarray(owner.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)

    def _hit(self, i: int, matches: Matches, concepts: tuple[tuple[str, float], ...]) -> Hit:
        ranks = {name: int(at[i]) for name, at in matches.ranks.items() if at[i]}
        post = int(matches.found.post[i])
        id = self.posts[post].as_py() if post >= 0 else ""
        return Hit(
            influencer=str(self.dataset.influencers[i]),
            score=float(matches.scores[i]),
            ranks=ranks,
            concepts=concepts,
            post=id,
            snippet=self._snippet(post, matches.keywords),
        )

    @cached_property
    def _captions(self) -> pa.Array:
        return self.dataset.posts["caption"].combine_chunks()

    def _snippet(self, post: int, keywords: Sequence[str]) -> str:
        """The part of a caption that shows the first of the keywords; its beginning where none is written
        there."""
        text = re.sub(r"\s+", " ", (self._captions[post].as_py() if post >= 0 else "") or "").strip()
        if len(text) <= SNIPPET:
            return text
        at = min((found.start() for k in keywords if (found := _pattern_of(k).search(text))), default=0)
        start = 0 if at < SNIPPET // 2 else text.rfind(" ", 0, at - SNIPPET // 3) + 1
        shown = text[start : start + SNIPPET - 2].rstrip()
        return f"{'…' if start else ''}{shown}{'…' if start + SNIPPET - 2 < len(text) else ''}"


def _pattern_of(keyword: str) -> re.Pattern[str]:
    """A keyword where a word or hashtag holds it, or its first letters: hiking finds #HikeMore."""
    word = keyword.replace("_", " ").strip()
    return re.compile(re.escape(word[: max(3, len(word) - 3)]), re.IGNORECASE)
