"""Full-text search by BM25 (tantivy) over the texts of influencers and the descriptions of their pictures."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.text._segment import segment
from brandfit.errors import MissingExtra
from brandfit.folding import fold

FIELDS = {"caption": 1.0, "hashtags": 1.0, "pictures": 1.0, "biography": 2.0}
"""Fields, and the weight of a word in each."""
POSTS = 100_000
"""Documents of a keyword that count, the best ones."""
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese, Japanese
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"  # Thai, Lao, Burmese, Khmer
)
"""Runs of letters of scripts that put no blanks between words."""
BEST = 3
"""Documents of an influencer that count."""
MEMORY = 64_000_000
"""Bytes of the writer of the index."""


class TextMatches(NamedTuple):
    """How the texts of n influencers match a query.

    scores  (n,) sum of the BM25 scores of the three best documents; 0 if no word occurs
    words   (n,) number of different words of the query that occur in any document
    share   (n,) the same as a share of all words of the query
    best    (n,) the post with the highest score, as the index of a document; -1 if there is none
    """

    scores: np.ndarray
    words: np.ndarray
    share: np.ndarray
    best: np.ndarray


class WordMatches(NamedTuple):
    """Documents (d,) that match a word, and their BM25 scores (d,)."""

    documents: np.ndarray
    scores: np.ndarray


class FullText:
    """An index in memory: one document for each post and one for each biography. Hashtags are indexed as
    words too (#veganfood: vegan food).

    fields     of ``FIELDS``; other fields are not indexed
    documents  id of the post of each document, "" for a biography
    owners     (n_documents,) row of the influencer of each document
    """

    def __init__(self, dataset: Dataset, fields: Collection[str] = tuple(FIELDS)) -> None:
        tantivy = _tantivy()
        self.dataset = dataset
        self.fields = tuple(field for field in FIELDS if field in fields)
        builder = tantivy.SchemaBuilder().add_integer_field("at", fast=True)
        for field in self.fields:
            builder.add_text_field(field, tokenizer_name="en_stem")
        self._index = tantivy.Index(builder.build())
        self.documents: list[str] = []
        owners: list[int] = []
        # One thread, so that documents with equal scores always have the same order.
        writer = self._index.writer(MEMORY, 1)
        for owner, post, texts in self._texts():
            # Words are found in any case and with or without accents.
            indexed = {
                field: _in_pairs(fold(text)) for field, text in texts.items() if field in self.fields and text
            }
            if indexed:
                writer.add_document(tantivy.Document(at=len(owners), **indexed))
                owners.append(owner)
                self.documents.append(post)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self.owners = np.array(owners, np.int64)
        self._is_post = np.array(list(map(bool, self.documents)), bool)

    def search(self, keywords: Sequence[str], allowed: np.ndarray | None = None) -> TextMatches:
        """How well each influencer matches the words of these keywords, in any of their forms. Operators of a
        query language have no effect.

        allowed  (n,) bool: documents of other influencers are ignored
        """
        n = len(self.dataset.influencers)
        words = list(dict.fromkeys(_in_pairs(fold(" ".join(map(_plain, keywords)))).split()))
        matches = [self._word_matches(word, allowed) for word in words]
        if not sum(len(match.documents) for match in matches):
            return TextMatches(np.zeros(n), np.zeros(n), np.zeros(n), np.full(n, -1))
        # A word counts once for an influencer, however many documents contain it.
        n_words = np.zeros(n)
        for match in matches:
            n_words[np.unique(self.owners[match.documents])] += 1
        # The score of a document is the sum over words. (d,) documents, each once
        documents, position = np.unique(
            np.concatenate([match.documents for match in matches]), return_inverse=True
        )
        scores = np.bincount(position, np.concatenate([match.scores for match in matches]))
        # Documents by owner, and of each owner the best first.
        ranked = np.lexsort((documents, -scores, self.owners[documents]))
        documents, scores = documents[ranked], scores[ranked]
        owners = self.owners[documents]
        _, first, count = np.unique(owners, return_index=True, return_counts=True)
        is_counted = np.arange(len(documents)) - np.repeat(first, count) < BEST
        # Written in reverse, so that the best post of each owner is written last and stays.
        posts = np.flatnonzero(self._is_post[documents])[::-1]
        best = np.full(n, -1)
        best[owners[posts]] = documents[posts]
        return TextMatches(
            scores=np.bincount(owners[is_counted], scores[is_counted], minlength=n),
            words=n_words,
            share=n_words / len(words),
            best=best,
        )

    def unwritten(self, keyword: str) -> list[str]:
        """Words of a keyword that occur in no document, in any of their forms."""
        words = dict.fromkeys(_plain(keyword).split())
        return [word for word in words if not self._is_written(word)]

    def _is_written(self, word: str) -> bool:
        pairs = _in_pairs(fold(word)).split()
        return any(len(self._word_matches(pair, None).documents) for pair in pairs)

    def has_phrase(self, phrase: str) -> np.ndarray:
        """(n,) bool: influencers that write the words of a phrase one after the other, in any of their forms.

        False for all if the phrase has no letter or digit.
        """
        has_phrase = np.zeros(len(self.dataset.influencers), bool)
        words = _in_pairs(fold(_plain(phrase)))
        if words:
            query, _ = self._index.parse_query_lenient(f'"{words}"', list(self.fields))
            matches = self._matches(query, limit=max(len(self.owners), 1))
            has_phrase[self.owners[matches.documents]] = True
        return has_phrase

    def _word_matches(self, word: str, allowed: np.ndarray | None) -> WordMatches:
        """Documents of allowed influencers with a word."""
        weights = {field: FIELDS[field] for field in self.fields}
        # Lenient: words that the query language reserves cause no error.
        query, _ = self._index.parse_query_lenient(fold(word), list(self.fields), field_boosts=weights)
        if allowed is None:
            return self._matches(query, limit=POSTS)
        # The limit counts before the restriction, so it must not cut off documents of allowed influencers.
        matches = self._matches(query, limit=max(len(self.owners), 1))
        is_allowed = allowed[self.owners[matches.documents]]
        return WordMatches(matches.documents[is_allowed], matches.scores[is_allowed])

    def _matches(self, query: Any, *, limit: int) -> WordMatches:
        """The ``limit`` best documents of a tantivy query."""
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        documents = np.array(searcher.fast_field_values("at", [address for _, address in hits]), np.int64)
        return WordMatches(documents, np.array([score for score, _ in hits]))

    def _texts(self) -> Iterator[tuple[int, str, dict[str, str]]]:
        """Row of the influencer, post ("" for a biography), and text by field, of every document."""
        dataset = self.dataset
        ids = pa.array(dataset.influencers, pa.string())
        # All pictures of a post are described by one text.
        description_by_post: dict[str, str] = {}
        image_posts, alt_texts = column_lists(dataset.images, ("post", "alt_text"))
        for post, text in zip(image_posts, alt_texts, strict=True):
            if text:
                description_by_post[post] = f"{description_by_post.get(post, '')} {text}"
        posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=ids))
        owners = pc.index_in(posts["account"], value_set=ids).to_pylist()
        columns = column_lists(posts, ("id", "caption", "hashtags"))
        for owner, post, caption, tags in zip(owners, *columns, strict=True):
            texts = {
                "caption": without_hashtags(caption or ""),
                "hashtags": " ".join([*tags, *map(segment, tags)]),
                "pictures": description_by_post.get(post, ""),
            }
            yield owner, post, texts
        for owner, biography in enumerate(dataset.account_values("biography", dataset.influencers).tolist()):
            if biography:
                yield owner, "", {"biography": biography}


def without_hashtags(caption: str) -> str:
    """A caption without its hashtags, which are a separate field.

    >>> without_hashtags("So good! #vegan #food")
    'So good!'
    """
    return " ".join(word for word in caption.split() if not word.startswith("#"))


def _plain(query: str) -> str:
    """Letters, their marks and digits alone, so that no operator of tantivy's query language remains."""
    letters = [c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in query]
    return " ".join("".join(letters).split())


def _in_pairs(text: str) -> str:
    """The text with runs of scripts that put no blanks between words as overlapping pairs of letters, so that
    words inside a run are found.

    >>> _in_pairs("週末の登山 hiking")
    '週末 末の の登 登山 hiking'
    """
    if text.isascii():
        return text
    return " ".join(_UNSPACED.sub(lambda run: f" {_pairs(run[0])} ", text).split())


def _pairs(run: str) -> str:
    return run if len(run) < 2 else " ".join(map("".join, itertools.pairwise(run)))


def _tantivy() -> Any:
    try:
        import tantivy
    except ImportError:
        raise MissingExtra("full-text search", "search") from None
    return tantivy
