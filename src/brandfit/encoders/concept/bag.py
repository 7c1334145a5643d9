"""concept.bag: the topics of a post as weighted concepts of a taxonomy: a column a concept (BAMIR; B-01 to
B-04, C-01).

A hashtag has the weight ``hashtag``, a concept in the caption ``caption``, one in the descriptions of
pictures ``alt_text``. The concepts of the account's biography and business category have the weight
``profile`` once an account: each of its n posts gets an n-th. So the sum over the posts of an account is
BAMIR's account vector (1 for the biography and the business category, 1 a hashtag; with caption=0 and
alt_text=0), and the words of a post that a split hides are hidden too. Each concept adds ``parents`` of its
weight to its parent.

Hashtags that ask for likes and follows are dropped, and so is the text that Instagram adds to descriptions or
writes in place of them. With ``related``, a hashtag without a concept gets the concepts of that many hashtags
that co-occur most closely with it; they share its weight. ``knowledge`` names files of ConceptNet or WordNet
with more words.

Two settings follow BAMIR further (B-02). With ``frequent``, a word that occurs more often than that in all
biographies names no concept of a biography by itself (BAMIR: 100). With ``keywords``, an account without a
biography gets the concepts of so many words of its captions instead, those of the highest TF-IDF: tf counts
in all captions of the account, idf = ln((1 + n) / (1 + df)) + 1 over n training accounts. The weight of a
keyword is ``profile`` once an account, in equal parts on the posts that contain it, so that a hidden post
hides its words here too. Texts in other languages are not translated: their words name concepts only where
they are spelled as in English.

The taxonomy has 572 concepts in English. It was written for brandfit, because the lists of BAMIR, CAMERA and
MORNING have no licence.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Self

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, EncoderConfig, Units
from brandfit.encoders.concept._knowledge import extended, file_of
from brandfit.encoders.concept._taxonomy import Taxonomy, terms
from brandfit.encoders.concept._taxonomy_file import taxonomy_of
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._words import stop_words, training_posts
from brandfit.learning.cooccurrence import related_hashtags
from brandfit.learning.pooling import represents_account

FISHING = re.compile(
    r"like4like|likeforlike|likes?4|l4l|f4f|follow|instagood|instadaily|instalike|instamood|tagsforlikes"
    r"|(?:pic|photo)oftheday|^igers"
    r"|^insta(?:gram)?$|repost|^tbt$|shoutout|^likes?$|^liker|^webstagram|^bestoftheday"
)
"""Hashtags that ask for likes and follows and do not describe the post."""
BOILERPLATE = re.compile(
    r"no (?:photo|image|video) description available|(?:photo|image|video) (?:shared )?by .*? on [A-Z]\w+ "
    r"\d\d?, \d{4}",
    re.I,
)
"""Text in descriptions that holds no content, or author and date. Names and months in it are not concepts."""


class BagConfig(EncoderConfig, frozen=True):
    hashtag: Annotated[float, Meta(description="weight of the concepts of a hashtag", ge=0, le=1000)] = 1.0
    caption: Annotated[
        float, Meta(description="weight of a concept in a caption, outside its hashtags", ge=0, le=1000)
    ] = 0.5
    alt_text: Annotated[
        float, Meta(description="weight of a concept in the description of a picture", ge=0, le=1000)
    ] = 0.5
    profile: Annotated[
        float,
        Meta(
            description="weight of a concept in biography or business category, once an account",
            ge=0,
            le=1000,
        ),
    ] = 1.0
    parents: Annotated[
        float, Meta(description="part of a concept's weight that its parent gets too", ge=0, le=1)
    ] = 0.3
    related: Annotated[
        int,
        Meta(
            description="co-occurring hashtags that give an unknown one its concepts; 0: none", ge=0, le=100
        ),
    ] = 0
    knowledge: Annotated[
        tuple[str, ...], Meta(description="files of ConceptNet (.csv) or WordNet (.jsonl), .gz or not")
    ] = ()
    taxonomy: Annotated[
        str,
        Meta(
            description="file of concepts in place of the built-in ones (.txt, .csv, .xlsx); '': built-in",
            extra=settings.ADDED,
        ),
    ] = ""
    frequent: Annotated[
        int,
        Meta(
            description="a word that biographies have more often alone names no concept there; 0: no limit",
            ge=0,
            extra=settings.ADDED,
        ),
    ] = 0
    keywords: Annotated[
        int,
        Meta(
            description="words of captions, by TF-IDF, in place of a missing biography; 0: none",
            ge=0,
            le=1000,
            extra=settings.ADDED,
        ),
    ] = 0


@dataclass(frozen=True)
class DocumentCounts:
    """For TF-IDF: the number of training accounts, and of those whose captions have each word."""

    n_documents: int
    by_word: Mapping[str, int]

    @classmethod
    def of(cls, accounts: Collection[list[list[str]]]) -> DocumentCounts:
        """Of the words of the posts of each account."""
        counts: Counter[str] = Counter()
        for posts in accounts:
            counts.update(set(itertools.chain.from_iterable(posts)))
        return cls(len(accounts), dict(counts))

    def keywords(self, posts: list[list[str]], n: int) -> list[str]:
        """The n words of the highest TF-IDF in the posts of an account; of equal ones the first by letter."""
        counts = Counter(itertools.chain.from_iterable(posts))
        weights = {}
        for word, count in counts.items():
            idf = math.log((1 + self.n_documents) / (1 + self.by_word.get(word, 0))) + 1
            weights[word] = count * idf
        return sorted(weights, key=lambda word: (-weights[word], word))[:n]


class Bag(Encoder):
    """Weighted concepts of posts; see the module."""

    Config = BagConfig
    config: BagConfig
    slot = "concept"
    neutral = file_settings = ("knowledge", "taxonomy")
    weights_cover_files = True
    stated_columns = ()
    version = 2
    batch_size = 1024

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._related_tags: dict[str, list[str]] = {}
        self._frequent_words: frozenset[str] = frozenset()
        self._document_counts: DocumentCounts | None = None
        """Learned with ``keywords``."""

    @property
    def stateless(self) -> bool:
        return not (self.config.related or self.config.frequent or self.config.keywords)

    @property
    def dim(self) -> int:
        return len(self.taxonomy)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.taxonomy.names

    @property
    def weights(self) -> str:
        """Fingerprint of the taxonomy, of the files that extend it, and of what was learned."""
        # JSON with sorted sets, because the iteration order of a set differs between processes.
        concepts = taxonomy_of(self.config.taxonomy).concepts
        digest = hashlib.sha256(msgspec.json.encode(concepts, order="sorted"))
        for path in self.config.knowledge:
            digest.update(file_of(path).read_bytes())
        digest.update(repr(sorted(self._related_tags.items())).encode())
        # Nothing is added if nothing was learned, so that keys of earlier versions stay the same.
        if self._frequent_words:
            digest.update(repr(sorted(self._frequent_words)).encode())
        if self._document_counts is not None:
            digest.update(repr(self._document_counts.n_documents).encode())
            digest.update(repr(sorted(self._document_counts.by_word.items())).encode())
        return digest.hexdigest()

    @cached_property
    def taxonomy(self) -> Taxonomy:
        own = taxonomy_of(self.config.taxonomy)
        return extended(own, self.config.knowledge) if self.config.knowledge else own

    def learn(self, dataset: Dataset) -> None:
        if self.stateless:
            return
        training = training_posts(dataset, False)
        if self.config.related:
            related = related_hashtags(training, most=self.config.related)
            self._related_tags = {}
            for tag, neighbours in related.items():
                self._related_tags[tag] = [other for other, _ in neighbours]
        if self.config.frequent:
            counts = biography_word_counts(dataset)
            frequent = (word for word, count in counts.items() if count > self.config.frequent)
            self._frequent_words = frozenset(frequent)
        if self.config.keywords:
            self._document_counts = DocumentCounts.of(_words_by_account(training).values())

    def learned_like(self, other: Bag) -> Self:
        """This encoder with what another one has learned."""
        self._related_tags = other._related_tags
        self._frequent_words = other._frequent_words
        self._document_counts = other._document_counts
        return self

    def units(self, dataset: Dataset) -> Units:
        """A unit is [caption, hashtags, descriptions, profile, posts of the account] of a post, and the
        keywords of its account with the number of posts that have each, if there are any. A post without any
        words has none."""
        described = descriptions(dataset)
        keywords = self._keywords_by_account(dataset)
        # A brief of a brand that has posts does not count: see ``represents_account``.
        accounts = dataset.posts["account"].to_pylist()
        n_posts = Counter(itertools.compress(accounts, represents_account(dataset)))
        profile = {}
        for row in dataset.accounts.select(["id", "biography", "business_category"]).to_pylist():
            fields = (row["biography"], row["business_category"])
            profile[row["id"]] = " . ".join(filter(None, fields))
        ids: list[str] = []
        contents: list[Any] = []
        columns = column_lists(dataset.posts, ("id", "caption", "hashtags", "account"))
        for id, caption, tags, account in zip(*columns, strict=True):
            about = profile.get(account, "")
            if caption or tags or about or id in described:
                words = clean(caption or "", hashtags="drop")
                ids.append(id)
                content = [words, tags, sorted(described.get(id, ())), about, max(n_posts[account], 1)]
                if account in keywords:
                    n_posts_by_word = keywords[account]
                    in_post = sorted(n_posts_by_word.keys() & _keyword_candidates(words))
                    content.append([[word, n_posts_by_word[word]] for word in in_post])
                contents.append(content)
        return Units(ids, contents)

    def _keywords_by_account(self, dataset: Dataset) -> dict[str, dict[str, int]]:
        """Account without a biography to its keywords, each with the number of posts that contain it."""
        counts = self._document_counts
        if counts is None:
            return {}
        biographies = zip(*column_lists(dataset.accounts, ("id", "biography")), strict=True)
        with_biography = {id for id, biography in biographies if biography}
        result = {}
        for account, posts in _words_by_account(dataset).items():
            if account not in with_biography:
                n_posts = Counter(itertools.chain.from_iterable(map(set, posts)))
                words = counts.keywords(posts, self.config.keywords)
                result[account] = {word: n_posts[word] for word in words}
        return result

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        result = np.zeros((len(batch), len(self.taxonomy)), np.float32)
        # (n, concepts), summed post by post: texts are short, and most concepts are not in them.
        config, find = self.config, self.taxonomy.find
        for row, (caption, tags, pictures, profile, posts, *keywords) in zip(result, batch, strict=True):
            # The order is fixed: float32 sums depend on it.
            weighted: list[tuple[float, list[int]]] = [
                (config.caption, find(caption)),
                (config.profile / posts, self._profile_concepts(profile)),
            ]
            weighted += [(config.alt_text, find(text)) for text in pictures]
            for tag in tags:
                weighted += self._tag_concepts(tag)
            for word, n_posts in itertools.chain.from_iterable(keywords):
                weighted.append((config.profile / n_posts, find(word)))
            for weight, concepts in weighted:
                for n in concepts:
                    row[n] += weight
                    parent = self.taxonomy.parent[n]
                    if parent >= 0:
                        row[parent] += weight * config.parents
        result[~result.any(axis=1)] = np.nan  # no concept is recognised
        return result

    def _profile_concepts(self, text: str) -> list[int]:
        """The concepts of a profile, each once (B-04)."""
        return list(dict.fromkeys(self.taxonomy.find(clean(text), self._frequent_words)))

    def _tag_concepts(self, tag: str) -> list[tuple[float, list[int]]]:
        """Weight and concepts of a hashtag; without a concept, those of its related hashtags."""
        if FISHING.search(tag):  # asks for likes; not about the post
            return []
        own = self.taxonomy.find_tag(tag)
        if own:
            return [(self.config.hashtag, own)]
        by_related = map(self.taxonomy.find_tag, self._related_tags.get(tag, ()))
        related = [concepts for concepts in by_related if concepts]
        return [(self.config.hashtag / len(related), concepts) for concepts in related]


def biography_word_counts(dataset: Dataset) -> Counter[str]:
    """How often each word occurs in the biographies of brands and influencers, in the form of ``terms``,
    without those of the official test split."""
    counts: Counter[str] = Counter()
    for row in dataset.accounts.select(["biography", "role", "split"]).to_pylist():
        if row["biography"] and row["role"] != "audience" and row["split"] != "test":
            counts.update(terms(clean(row["biography"])))
    return counts


def _words_by_account(dataset: Dataset) -> dict[str, list[list[str]]]:
    """Account to the words of each of its captions that may be keywords; briefs of brands with posts do not
    count."""
    result: dict[str, list[list[str]]] = {}
    accounts, texts = column_lists(dataset.posts, ("account", "caption"))
    for account, caption, counts in zip(accounts, texts, represents_account(dataset), strict=True):
        if counts:
            words = _keyword_candidates(clean(caption or "", hashtags="drop"))
            result.setdefault(account, []).append(words)
    return result


def _keyword_candidates(text: str) -> list[str]:
    """Words of a cleaned caption in the form of ``terms``, with three letters or more, without stop words."""
    stop = stop_words()
    return [word for word in terms(text) if len(word) >= 3 and word not in stop]


def descriptions(dataset: Dataset) -> dict[str, list[str]]:
    """Post to the descriptions of its pictures, without boilerplate."""
    by_post: dict[str, list[str]] = {}
    columns = column_lists(dataset.images, ("post", "alt_text"))
    for post, text in zip(*columns, strict=True):
        text = BOILERPLATE.sub(" ", text or "").strip(" .")
        if text:
            by_post.setdefault(post, []).append(text)
    return by_post
