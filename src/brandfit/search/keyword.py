"""Search by keywords: four fused rankings, and why each influencer was found (C-20).

    words     number of keywords that occur in captions, hashtags, descriptions of pictures and biographies;
              ties by the sum of the three best BM25 scores (``search.fulltext``)
    evidence  sum over concepts of weight times mean over keywords of similarity(keyword, concept), divided by
              all weight plus ten
    concepts  the same divided by all weight: share times similarity
              CAMERA, III-E
    meaning   cosine of the query with the influencer's posts, mean of the three nearest, by the encoder that
              filled ``text``

    score = (.9 + .1 * share of keywords that occur) * sum over rankings of weight / (60 + rank)

The sum is reciprocal rank fusion (Cormack et al., SIGIR 2009). Its weights were chosen on development queries
(``studies/search.py``). A ranking that does not find an influencer adds nothing. An influencer that wrote a
single word has all its weight in one concept: a share of 1, as high as for an influencer that wrote it a
hundred times. ``evidence`` corrects this: it adds ten units of weight on other concepts.

A hit quotes a text only if it contains a name of a sense of the query (``search.quotes``). Without such a
text it has no quote, and the reason says so.

The weight of a concept is its sum over posts. The similarity of a keyword and a concept is 1 if the keyword
is a name of the concept. Otherwise it is the cosine of both texts by the encoder of ``text``, if this is a
sentence encoder, and 0 below .5.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better
Understanding. IEEE Transactions on Multimedia, 2021.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.arguments import Texts, checked
from brandfit.data.arrow import column_lists
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Post
from brandfit.encoders.base import Encoder
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.errors import UsageError
from brandfit.mappings import position_by_item
from brandfit.ranking import order
from brandfit.search.fulltext import FIELDS, FullText
from brandfit.search.query import Query, parse_query
from brandfit.search.quotes import Place, Sense, place_of, senses

WEIGHTS: Mapping[str, float] = {"words": 1.0, "evidence": 1.0, "concepts": 0.2, "meaning": 0.2}
"""Weights of the rankings in the fusion."""
FUSION = 60
"""k of reciprocal rank fusion."""
WRITTEN = 0.1
"""Part of the score that depends on the share of keywords that occur: of two similar influencers, the one
with all keywords comes first."""
PRIOR = 10.0
"""Weight of other concepts that ``evidence`` adds."""
LIKE = 0.5
"""Cosine below which a concept is not similar to a keyword."""
MEANT = 0.25
"""Mean cosine below which posts do not have the meaning of the query."""
NEAREST = 3
"""Nearest posts of an influencer that count."""
SNIPPET = 120
"""Characters of a snippet."""
MOST_CONCEPTS = 3
"""Concepts of a hit that are named."""

Basis = Literal["caption", "biography", "picture", "single words", "meaning", "concepts"]
REASONS: Mapping[Basis, str] = {
    "caption": "writes so",
    "biography": "says so in the biography",
    "picture": "a picture of a post is described so",
    "single words": "writes single words of it only, so nothing is quoted",
    "meaning": "a post matches by meaning only, so nothing is quoted",
    "concepts": "",
}
"""What proves a match, in words. A match by concepts names these concepts."""


@dataclass(frozen=True)
class Hit:
    """An influencer that a query finds.

    ranks     1-based rank in each ranking that found it
    concepts  concepts that matched, with the part of the share that each adds
    post      the post that is quoted, else the best matching post; "" if there is none
    snippet   the part of the caption or the biography that names a sense of the query; "" if none does
    basis     what proves the match: "caption", "biography", "picture" (its description in the source names a
              sense), "single words" (of a sense of several words), "meaning" (a post is near by meaning
              only) or "concepts" (counted concepts only)
    """

    influencer: str
    score: float
    ranks: dict[str, int]
    concepts: tuple[tuple[str, float], ...]
    post: str
    snippet: str
    basis: Basis

    def to_dict(self) -> dict[str, Any]:
        return {
            "influencer": self.influencer,
            "score": self.score,
            "ranks": self.ranks,
            "concepts": [{"concept": name, "adds": value} for name, value in self.concepts],
            "post": self.post,
            "snippet": self.snippet,
            "basis": self.basis,
            "reason": REASONS[self.basis],
            "why": self.why,
        }

    @property
    def why(self) -> str:
        reasons = []
        if self.concepts:
            reasons.append(f"is about {', '.join(name for name, _ in self.concepts)}")
        reasons.append(REASONS[self.basis])
        return f"{'; '.join(filter(None, reasons))}{f': “{self.snippet}”' if self.snippet else ''}"


class QueryMatches(NamedTuple):
    """What the rankings find for a query, of n influencers.

    rankings            name to (n,) scores, 0 for an influencer that the ranking does not find
    written_share       (n,) share of the keywords that occur in the texts of each
    post                (n,) the best matching post, a row of ``Dataset.posts``; -1 if there is none
    concept_similarity  (n_concepts,) similarity of the concepts to the query; None without concepts
    """

    rankings: Mapping[str, np.ndarray]
    written_share: np.ndarray
    post: np.ndarray
    concept_similarity: np.ndarray | None


class ConceptMatches(NamedTuple):
    """evidence (n,), shares (n,) by the formula of CAMERA, and the mean similarity (n_concepts,) of each
    concept to the keywords; None without concepts."""

    evidence: np.ndarray
    shares: np.ndarray
    similarity: np.ndarray | None


class PostVectors(NamedTuple):
    """Posts of influencers with a vector in ``text``: owner (m,) as a row of the influencers, row (m,) of the
    Features, post (m,) as a row of ``Dataset.posts``."""

    owner: np.ndarray
    row: np.ndarray
    post: np.ndarray


class Matches(NamedTuple):
    """The result of a query.

    best           rows of the influencers that are found, best first
    scores         (n,) of all influencers
    ranks          ranking to (n,) 1-based ranks
    query_matches  what the rankings find
    keywords       the keywords of the query
    """

    best: np.ndarray
    scores: np.ndarray
    ranks: Mapping[str, np.ndarray]
    query_matches: QueryMatches
    keywords: tuple[str, ...] = ()


class Keywords:
    """Searches the influencers of a Dataset. The index is built by the first query, so keep the object.

    Queries are texts as a person types them, with quotation marks and minus (``search.query``).

    reader  the encoder that filled the slot ``text``; without one, no ranking uses meaning
    fields  fields of the full-text index
    """

    def __init__(
        self, dataset: Dataset, reader: Encoder | None = None, fields: Collection[str] = tuple(FIELDS)
    ) -> None:
        self.dataset, self.reader, self.fields = dataset, reader, fields

    @checked
    def search(self, keywords: Texts, *, k: int = 10, allowed: np.ndarray | None = None) -> list[Hit]:
        """The best k influencers, best first.

        allowed  (n,) bool: other influencers are left out
        """
        matches = self.matches(keywords, allowed)
        return self.hits(matches, matches.best[:k])

    @checked
    def matches(self, keywords: Texts, allowed: np.ndarray | None = None) -> Matches:
        """All influencers that are found. Raises UsageError without a keyword."""
        query_matches = self.find(keywords, allowed)
        ranks = self.ranks(query_matches)
        scores = self.fuse(query_matches, ranks)
        # Only influencers that some ranking finds.
        rows = np.flatnonzero(scores > 0)
        return Matches(
            best=rows[np.lexsort((self._ties[rows], -scores[rows]))],
            scores=scores,
            ranks=ranks,
            query_matches=query_matches,
            keywords=parse_query(keywords).keywords,
        )

    @checked
    def unmatched(self, keywords: Texts) -> tuple[str, ...]:
        """Words that match no influencer: they occur in no text, and no concept of an influencer is similar
        to their keyword."""
        unmatched: dict[str, None] = {}
        for keyword in parse_query(keywords).keywords:
            unwritten = self.fulltext.unwritten(keyword)
            if unwritten and not self._by_concepts([keyword], self._encoded([keyword])).evidence.any():
                unmatched |= dict.fromkeys(unwritten)
        return tuple(unmatched)

    def hits(self, matches: Matches, rows: np.ndarray) -> list[Hit]:
        """Why these influencers, by their rows, were found."""
        concepts = self._top_concepts(rows, matches.query_matches.concept_similarity)
        return [self._hit(i, matches, concepts=own) for i, own in zip(rows.tolist(), concepts, strict=True)]

    @checked
    def find(self, keywords: Texts, allowed: np.ndarray | None = None) -> QueryMatches:
        """What each ranking finds. Raises UsageError without a keyword."""
        query = parse_query(keywords)
        if not query.keywords and query.excluded:
            raise UsageError(
                "A search cannot consist of excluded words alone.", "Add what to find: hiking -food"
            )
        if not query.keywords:
            raise UsageError("Search for what?", "For example: brandfit search luxury watch men")
        allowed = self._allowed(query, allowed)
        # (n_keywords + 1, d): each keyword, and the query as one text
        vectors = self._encoded([*query.keywords, " ".join(query.keywords)])
        keyword_vectors, query_vector = (None, None) if vectors is None else (vectors[:-1], vectors[-1])
        concepts = self._by_concepts(query.keywords, keyword_vectors)
        texts = self.fulltext.search(query.keywords, allowed)
        meaning, nearest_post = self._by_meaning(query_vector)
        # The BM25 part is below 1, so it decides only between equal numbers of words.
        words = texts.words + texts.scores / (texts.scores.max(initial=0) + 1)
        rankings = {
            "words": words,
            "evidence": concepts.evidence,
            "concepts": concepts.shares,
            "meaning": meaning,
        }
        if allowed is not None:
            rankings = {name: np.where(allowed, scores, 0) for name, scores in rankings.items()}
        return QueryMatches(
            rankings=rankings,
            written_share=texts.share,
            post=np.where(texts.best >= 0, self._post_of_document[texts.best], nearest_post),
            concept_similarity=concepts.similarity,
        )

    def _allowed(self, query: Query, allowed: np.ndarray | None) -> np.ndarray | None:
        """(n,) bool: the allowed influencers that use all phrases and no excluded word; None for all."""
        if query.phrases or query.excluded:
            allowed = np.ones(len(self.dataset.influencers), bool) if allowed is None else allowed.copy()
        for phrase in query.phrases:
            allowed &= self.fulltext.has_phrase(phrase)
        for excluded in query.excluded:
            allowed &= ~self.fulltext.has_phrase(excluded)
        return None if allowed is not None and allowed.all() else allowed

    def ranks(self, query_matches: QueryMatches) -> dict[str, np.ndarray]:
        """Ranking to (n,) 1-based ranks; 0 for an influencer that it does not find."""
        return {name: self._ranks(scores) for name, scores in query_matches.rankings.items()}

    def fuse(
        self,
        query_matches: QueryMatches,
        ranks: Mapping[str, np.ndarray],
        *,
        weights: Mapping[str, float] = WEIGHTS,
    ) -> np.ndarray:
        """(n,) scores; 0 for an influencer that no ranking finds."""
        fused = np.zeros(len(self.dataset.influencers))
        for name, weight in weights.items():
            fused += np.where(ranks[name] > 0, weight / (FUSION + ranks[name]), 0)
        return np.asarray(fused * (1 - WRITTEN * (1 - query_matches.written_share)))

    @cached_property
    def fulltext(self) -> FullText:
        return FullText(self.dataset, self.fields)

    @cached_property
    def _ties(self) -> np.ndarray:
        """(n,) position among equal scores, the same as in every Ranking."""
        n = len(self.dataset.influencers)
        position = np.empty(n, np.int64)
        position[order(np.zeros(n), self.dataset.influencers)] = np.arange(n)
        return position

    def _ranks(self, scores: np.ndarray) -> np.ndarray:
        """(n,) 1-based ranks; 0 for a score of 0."""
        ranks = np.zeros(len(scores), np.int64)
        rows = np.flatnonzero(scores > 0)
        ranks[rows[np.lexsort((self._ties[rows], -scores[rows]))]] = np.arange(1, len(rows) + 1)
        return ranks

    # --- concepts -------------------------------------------------------------------------------------------

    @cached_property
    def _concept_weights(self) -> tuple[sparse.csc_matrix, np.ndarray]:
        """(n, n_concepts) weight of each concept, and (n,) their sum."""
        features = self.dataset.slots["concept"]
        owner = self._owner(features)
        rows = np.flatnonzero(owner >= 0)
        # (n, n_rows) of 0 and 1: which rows of the Features each influencer has
        has_row = sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (owner[rows], rows)), shape=(len(self._ties), len(owner))
        )
        weights = sparse.csc_matrix(np.maximum(np.asarray(has_row @ features.values, np.float64), 0))
        return weights, np.asarray(weights.sum(axis=1)).ravel()

    def _by_concepts(self, keywords: Sequence[str], vectors: np.ndarray | None) -> ConceptMatches:
        """Influencers by the concepts of keywords (q,), with vectors (q, d) if a reader encodes them."""
        n = len(self._ties)
        features = self.dataset.slots.get("concept")
        if features is None or not features.columns:
            return ConceptMatches(np.zeros(n), np.zeros(n), None)
        similarity = self._concept_similarity(keywords, features.columns, vectors=vectors).mean(axis=0)
        weights, total = self._concept_weights
        similar = np.flatnonzero(similarity > 0)
        weighted = np.asarray(weights[:, similar] @ similarity[similar])  # (n,)
        return ConceptMatches(weighted / (total + PRIOR), weighted / np.maximum(total, 1e-12), similarity)

    def _concept_similarity(
        self, keywords: Sequence[str], concepts: Sequence[str], *, vectors: np.ndarray | None
    ) -> np.ndarray:
        """(q, n_concepts) similarity of keywords and concepts."""
        # A keyword names a concept directly, or as one of its names in the taxonomy.
        column_by_name = position_by_item(concepts)
        is_named = np.zeros((len(keywords), len(concepts)))
        taxonomy = built_in()
        for q, keyword in enumerate(keywords):
            names = {keyword, *(taxonomy.concepts[n].name for n in taxonomy.find(keyword))}
            for name in names & column_by_name.keys():
                is_named[q, column_by_name[name]] = 1.0
        if vectors is None or self._concept_vectors is None:
            return is_named
        cosine = vectors @ self._concept_vectors.T
        return np.maximum(is_named, np.where(cosine >= LIKE, cosine, 0))

    @cached_property
    def _concept_vectors(self) -> np.ndarray | None:
        """(n_concepts, d) names of the concepts as the reader encodes them."""
        return self._encoded(self.dataset.slots["concept"].columns)

    def _top_concepts(
        self, rows: np.ndarray, similarity: np.ndarray | None
    ) -> list[tuple[tuple[str, float], ...]]:
        """For each of these influencers the concepts that add most, with what each adds to the share."""
        if similarity is None:
            return [()] * len(rows)
        weights, total = self._concept_weights
        similar = np.flatnonzero(similarity > 0)
        # Only the concepts similar to the query, for the influencers of this page.
        similar_weights = weights[:, similar].tocsr()[rows].toarray()  # (n_rows, n_similar)
        adds = similar_weights * similarity[similar] / np.maximum(total[rows], 1e-12)[:, None]
        best = np.argsort(-adds, axis=1, kind="stable")[:, :MOST_CONCEPTS]
        names = self.dataset.slots["concept"].columns
        result = []
        for own_adds, own_best in zip(adds, best, strict=True):
            result.append(tuple((names[similar[n]], float(own_adds[n])) for n in own_best if own_adds[n] > 0))
        return result

    # --- meaning --------------------------------------------------------------------------------------------

    def _by_meaning(self, query_vector: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """(n,) mean cosine of the nearest posts with the query, 0 if too low, and (n,) the nearest post as a
        row of ``Dataset.posts``, -1 if there is none."""
        scores, nearest = np.zeros(len(self._ties)), np.full(len(self._ties), -1)
        features = self.dataset.slots.get("text")
        if query_vector is None or features is None or features.level != "post":
            return scores, nearest
        posts = self._post_vectors
        cosine = np.asarray(features.values @ query_vector.astype(np.float32), np.float64)[posts.row]
        # Posts by owner, and of each owner the nearest first.
        ranked = np.lexsort((-cosine, posts.owner))
        owners, first, count = np.unique(posts.owner[ranked], return_index=True, return_counts=True)
        nearest_posts = ranked[np.arange(len(ranked)) - np.repeat(first, count) < NEAREST]
        total = np.bincount(posts.owner[nearest_posts], cosine[nearest_posts], minlength=len(scores))
        mean = total[owners] / np.minimum(count, NEAREST)
        is_near = mean >= MEANT
        scores[owners[is_near]] = mean[is_near]
        nearest[owners[is_near]] = posts.post[ranked[first[is_near]]]
        return scores, nearest

    @cached_property
    def _post_vectors(self) -> PostVectors:
        features = self.dataset.slots["text"]
        owner = self._owner(features)
        row = np.flatnonzero(owner >= 0)
        ids = pa.array(features.ids[row], pa.string())
        post = pc.index_in(ids, value_set=self.posts).to_numpy(zero_copy_only=False)
        return PostVectors(owner[row], row, post.astype(np.int64))

    def _encoded(self, texts: Sequence[str]) -> np.ndarray | None:
        """(n_texts, d) rows of length one of texts, encoded as captions; None without a reader."""
        if self.reader is None:
            return None
        # As captions of an account without anything else: the encoder needs a Dataset.
        posts = []
        for n, text in enumerate(texts):
            posts.append(Post(id=str(n), account="reader", caption=text.replace("_", " ")))
        features = self.reader.encode_contents(Dataset.from_rows([Account(id="reader")], posts))
        rows, _ = features.values_of(np.array([post.id for post in posts], dtype=object))
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))

    # --- posts ----------------------------------------------------------------------------------------------

    @cached_property
    def posts(self) -> pa.Array:
        """Ids of all posts of the dataset."""
        return self.dataset.posts["id"].combine_chunks()

    @cached_property
    def _post_of_document(self) -> np.ndarray:
        """(n_documents + 1,) post of each document of the full text as a row of ``Dataset.posts``, -1 for a
        biography. The last is -1, for an influencer without a document."""
        posts = pa.array([*self.fulltext.documents, ""], pa.string())
        rows = pc.index_in(posts, value_set=self.posts)
        return np.asarray(rows.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)

    def _owner(self, features: Features) -> np.ndarray:
        """(m,) influencer of each row of the Features; -1 for other accounts."""
        ids = pa.array(features.ids, pa.string())
        if features.level == "post":
            rows = pc.index_in(ids, value_set=self.posts)
            ids = self.dataset.posts["account"].combine_chunks().take(rows)
        owner = pc.index_in(ids, value_set=pa.array(self.dataset.influencers, pa.string()))
        return np.asarray(owner.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)

    def _hit(self, i: int, matches: Matches, *, concepts: tuple[tuple[str, float], ...]) -> Hit:
        post = int(matches.query_matches.post[i])
        quote = self._quote(i, post, senses(matches.keywords))
        ranks = {name: int(ranks[i]) for name, ranks in matches.ranks.items() if ranks[i]}
        if quote is not None:
            post, basis = quote.post, quote.basis
        elif "words" in ranks:
            basis = "single words"
        else:
            basis = "meaning" if "meaning" in ranks else "concepts"
        return Hit(
            influencer=str(self.dataset.influencers[i]),
            score=float(matches.scores[i]),
            ranks=ranks,
            concepts=concepts,
            post=self.posts[post].as_py() if post >= 0 else "",
            snippet=quote.snippet if quote is not None else "",
            basis=basis,
        )

    def _quote(self, i: int, best: int, query_senses: Sequence[Sense]) -> _Quote | None:
        """The text of an influencer that names a sense of the query; None if there is none.

        best  the best matching post (a row of ``Dataset.posts``), which is read first, or -1

        Then come the other posts, the newest first, then the biography, then descriptions of pictures.
        """
        newest_first = self._rows_of_influencer(i)
        rows = [best, *newest_first[newest_first != best].tolist()] if best >= 0 else newest_first.tolist()
        for row in rows:
            text = self._caption(row)
            if place := place_of(text, query_senses):
                return _Quote(row, "caption", _snippet(text, place))
        biography = _on_one_line(self.dataset.account_values("biography", self.dataset.influencers[[i]])[0])
        if place := place_of(biography, query_senses):
            return _Quote(best, "biography", _snippet(biography, place))
        # The owner did not write these descriptions, so they prove the match and are not quoted.
        for row in rows:
            description = self._description_by_post.get(self.posts[row].as_py(), "")
            if place_of(description, query_senses):
                return _Quote(row, "picture", "")
        return None

    def _rows_of_influencer(self, i: int) -> np.ndarray:
        """Rows of ``Dataset.posts`` of an influencer, the newest first; posts without a time come last."""
        is_own = pc.equal(self.dataset.posts["account"], str(self.dataset.influencers[i]))
        rows = np.flatnonzero(is_own.to_numpy())
        time = pc.fill_null(self.dataset.posts["time"].take(pa.array(rows)), 0).to_numpy()
        return np.asarray(rows[np.lexsort((rows, -time))], np.int64)

    @cached_property
    def _captions(self) -> pa.Array:
        return self.dataset.posts["caption"].combine_chunks()

    @cached_property
    def _hashtags(self) -> pa.Array:
        return self.dataset.posts["hashtags"].combine_chunks()

    def _caption(self, row: int) -> str:
        """A caption on one line, with the hashtags that the source states separately."""
        text = _on_one_line(self._captions[row].as_py())
        written = set(hashtags(text))
        stated = self._hashtags[row].as_py() or []
        return " ".join(filter(None, [text, *(f"#{tag}" for tag in stated if tag not in written)]))

    @cached_property
    def _description_by_post(self) -> dict[str, str]:
        """Post to the descriptions of its pictures in the source."""
        descriptions: dict[str, str] = {}
        for post, text in zip(*column_lists(self.dataset.images, ("post", "alt_text")), strict=True):
            if text:
                descriptions[post] = f"{descriptions.get(post, '')} {text}"
        return descriptions


class _Quote(NamedTuple):
    """A post (row of ``Dataset.posts``, -1 for none) and the text that names a sense of the query."""

    post: int
    basis: Basis
    snippet: str


def _on_one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


def _snippet(text: str, place: Place) -> str:
    """The part of a text around a place, at most ``SNIPPET`` characters of it."""
    if len(text) <= SNIPPET:
        return text
    # A third of the snippet stands before the place, from the start of a word.
    start = 0 if place.start < SNIPPET // 2 else text.rfind(" ", 0, place.start - SNIPPET // 3) + 1
    end = max(start + SNIPPET - 2, place.end)
    return f"{'…' if start else ''}{text[start:end].rstrip()}{'…' if end < len(text) else ''}"
