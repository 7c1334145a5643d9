"""Full-text search over what influencers write and how their pictures are described, by BM25 (tantivy)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._segment import segment
from brandfit.errors import MissingExtra

FIELDS = {"caption": 1.0, "hashtags": 1.0, "pictures": 1.0, "biography": 2.0}
"""Fields and how much a word in each weighs."""
POSTS = 5_000
"""Best documents that are looked at."""
BEST = 3
"""Documents of an influencer that count."""
MEMORY = 64_000_000


class FullText:
    """An index in memory, a document a post and one a biography. Hashtags are also told as words (#veganfood: vegan food).

    fields  of ``FIELDS``; others are not in the index
    """

    def __init__(self, dataset: Dataset, fields: Collection[str] = tuple(FIELDS)) -> None:
        tantivy = _tantivy()
        self.dataset, self.fields = dataset, tuple(f for f in FIELDS if f in fields)
        builder = tantivy.SchemaBuilder().add_integer_field("at", stored=True)
        for field in self.fields:
            builder.add_text_field(field, tokenizer_name="en_stem")
        self._index = tantivy.Index(builder.build())
        self.owners: list[int] = []
        """Of each document the number of its influencer."""
        self.documents: list[str] = []
        """Of each document its post, "" for a biography."""
        writer = self._index.writer(MEMORY, 1)
        for owner, post, texts in self._documents():
            told = {field: text for field, text in texts.items() if field in self.fields and text}
            if told:
                writer.add_document(tantivy.Document(at=len(self.owners), **told))
                self.owners.append(owner)
                self.documents.append(post)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, query: str, allowed: np.ndarray | None = None) -> tuple[np.ndarray, dict[int, str]]:
        """(n,) scores of all influencers, the sum of their three best documents, 0 where no word occurs; and the best post of each.

        allowed  (n,) bool: documents of others are passed over
        """
        scores = np.zeros(len(self.dataset.influencers))
        best: dict[int, str] = {}
        if not query.strip() or not self.owners:
            return scores, best
        weights = {field: FIELDS[field] for field in self.fields}
        asked, _ = self._index.parse_query_lenient(_plain(query), list(self.fields), field_boosts=weights)
        searcher = self._index.searcher()
        count: dict[int, int] = {}
        for score, address in searcher.search(asked, POSTS if allowed is None else len(self.owners)).hits:
            document = searcher.doc(address)["at"][0]
            owner = self.owners[document]
            if (allowed is not None and not allowed[owner]) or count.get(owner, 0) >= BEST:
                continue
            count[owner] = count.get(owner, 0) + 1
            scores[owner] += score
            if self.documents[document]:
                best.setdefault(owner, self.documents[document])
        return scores, best

    def _documents(self) -> Any:
        """Number of the influencer, post ("" for the biography), field to text."""
        dataset = self.dataset
        ids = pa.array(dataset.influencers, pa.string())
        described: dict[str, str] = {}
        for post, text in zip(dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True):
            if text:
                described[post] = f"{described.get(post, '')} {text}"
        posts = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=ids))
        owner = pc.index_in(posts["account"], value_set=ids).to_pylist()
        columns = (posts[c].to_pylist() for c in ("id", "caption", "hashtags"))
        for number, id, caption, tags in zip(owner, *columns, strict=True):
            words = " ".join([*tags, *(segment(tag) for tag in tags)])
            yield number, id, {"caption": without_hashtags(caption or ""), "hashtags": words, "pictures": described.get(id, "")}
        for number, text in enumerate(dataset.of_accounts("biography", dataset.influencers).tolist()):
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
