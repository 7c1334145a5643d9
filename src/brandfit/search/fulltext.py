"""Full-text search over what influencers write and how their pictures are described, by BM25 (tantivy)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._segment import segment
from brandfit.errors import MissingExtra

FIELDS = {"caption": 1.0, "hashtags": 1.0, "pictures": 1.0, "biography": 2.0}
"""Fields and how much a word in each weighs."""
POSTS = 100_000
"""Best documents of a keyword that are looked at."""
BEST = 3
"""Documents of an influencer that count."""
MEMORY = 64_000_000


class TextMatches(NamedTuple):
    """What n influencers write of a query.

    scores  (n,) the sum of the three best documents of each, by BM25; 0 where no word occurs
    words   (n,) how many different words of the query occur, in whichever document
    share   (n,) the same of all of them
    best    (n,) number of the document with the highest score that is a post; -1 where there is none
    """

    scores: np.ndarray
    words: np.ndarray
    share: np.ndarray
    best: np.ndarray


class FullText:
    """An index in memory, a document a post and one a biography. Hashtags are also told as words (#veganfood:
    vegan food).

    fields  of ``FIELDS``; others are not in the index
    """

    def __init__(self, dataset: Dataset, fields: Collection[str] = tuple(FIELDS)) -> None:
        tantivy = _tantivy()
        self.dataset, self.fields = dataset, tuple(f for f in FIELDS if f in fields)
        builder = tantivy.SchemaBuilder().add_integer_field("at", fast=True)
        for field in self.fields:
            builder.add_text_field(field, tokenizer_name="en_stem")
        self._index = tantivy.Index(builder.build())
        owners: list[int] = []
        self.documents: list[str] = []
        """Of each document its post, "" for a biography."""
        writer = self._index.writer(MEMORY, 1)
        for owner, post, texts in self._documents():
            told = {field: text for field, text in texts.items() if field in self.fields and text}
            if told:
                writer.add_document(tantivy.Document(at=len(owners), **told))
                owners.append(owner)
                self.documents.append(post)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self.owners = np.array(owners, np.int64)
        """Of each document the number of its influencer."""
        self._posts = np.array([bool(post) for post in self.documents], bool)

    def search(self, keywords: Sequence[str], allowed: np.ndarray | None = None) -> TextMatches:
        """Who writes some of these words, in any of their forms; what a person types is no query language.

        allowed  (n,) bool: documents of others are passed over
        """
        n = len(self.dataset.influencers)
        asked = list(dict.fromkeys(word for keyword in keywords for word in _plain(keyword).split()))
        found = [self._documents_with(word, allowed) for word in asked]
        if not sum(len(documents) for documents, _ in found):
            return TextMatches(np.zeros(n), np.zeros(n), np.zeros(n), np.full(n, -1))
        occur = np.zeros(n)
        for documents, _ in found:
            occur[np.unique(self.owners[documents])] += 1
        documents, at = np.unique(np.concatenate([documents for documents, _ in found]), return_inverse=True)
        scores = np.bincount(at, np.concatenate([score for _, score in found]))
        ranked = np.lexsort((documents, -scores, self.owners[documents]))
        documents, scores = documents[ranked], scores[ranked]
        _, first, count = np.unique(self.owners[documents], return_index=True, return_counts=True)
        counted = np.arange(len(documents)) - np.repeat(first, count) < BEST
        best = np.full(n, -1)
        posts = np.flatnonzero(self._posts[documents])
        best[self.owners[documents[posts[::-1]]]] = documents[
            posts[::-1]
        ]  # the first of each is written last
        return TextMatches(
            np.bincount(self.owners[documents[counted]], scores[counted], minlength=n),
            occur,
            occur / len(asked),
            best,
        )

    def unwritten(self, keyword: str) -> list[str]:
        """Words of a keyword that no influencer writes, in any of their forms."""
        words = dict.fromkeys(_plain(keyword).split())
        return [word for word in words if not len(self._documents_with(word, None)[0])]

    def has_phrase(self, phrase: str) -> np.ndarray:
        """(n,) bool: influencers that write the words of a phrase one after the other, in any of their forms.

        False for all if the phrase has no letter or digit.
        """
        result = np.zeros(len(self.dataset.influencers), bool)
        words = _plain(phrase).lower()
        if words:
            query, _ = self._index.parse_query_lenient(f'"{words}"', list(self.fields))
            result[self.owners[self._matching_documents(query, limit=max(len(self.owners), 1))[0]]] = True
        return result

    def _documents_with(self, word: str, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Numbers (d,) of documents with a word, and their scores."""
        weights = {field: FIELDS[field] for field in self.fields}
        query, _ = self._index.parse_query_lenient(word.lower(), list(self.fields), field_boosts=weights)
        limit = POSTS if allowed is None else max(len(self.owners), 1)
        documents, scores = self._matching_documents(query, limit=limit)
        if allowed is None:
            return documents, scores
        inside = allowed[self.owners[documents]]
        return documents[inside], scores[inside]

    def _matching_documents(self, query: Any, *, limit: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers (d,) of the ``limit`` best documents of a tantivy query, and their scores (d,)."""
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        documents = np.array(searcher.fast_field_values("at", [address for _, address in hits]), np.int64)
        return documents, np.array([score for score, _ in hits])

    def _documents(self) -> Any:
        """Number of the influencer, post ("" for the biography), field to text."""
        dataset = self.dataset
        ids = pa.array(dataset.influencers, pa.string())
        described: dict[str, str] = {}
        for post, text in zip(
            dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True
        ):
            if text:
                described[post] = f"{described.get(post, '')} {text}"
        posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=ids))
        owner = pc.index_in(posts["account"], value_set=ids).to_pylist()
        columns = (posts[c].to_pylist() for c in ("id", "caption", "hashtags"))
        for number, id, caption, tags in zip(owner, *columns, strict=True):
            words = " ".join([*tags, *(segment(tag) for tag in tags)])
            yield (
                number,
                id,
                {
                    "caption": without_hashtags(caption or ""),
                    "hashtags": words,
                    "pictures": described.get(id, ""),
                },
            )
        for number, text in enumerate(dataset.account_values("biography", dataset.influencers).tolist()):
            if text:
                yield number, "", {"biography": text}


def without_hashtags(caption: str) -> str:
    """A caption without its hashtags, which are a field of their own.

    >>> without_hashtags("So good! #vegan #food")
    'So good!'
    """
    return " ".join(word for word in caption.split() if not word.startswith("#"))


def _plain(query: str) -> str:
    """Letters and digits alone: what a person types is no query language."""
    return " ".join("".join(c if c.isalnum() else " " for c in query).split())


def _tantivy() -> Any:
    try:
        import tantivy
    except ImportError:
        raise MissingExtra("full-text search", "search") from None
    return tantivy
