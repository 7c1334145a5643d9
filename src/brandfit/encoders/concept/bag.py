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

The taxonomy has 572 concepts in English. It was written for brandfit, because the lists of BAMIR, CAMERA and
MORNING have no licence.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, Units
from brandfit.encoders.concept._knowledge import extended, file_of
from brandfit.encoders.concept._taxonomy import Taxonomy, built_in
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._words import training_posts
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


class BagConfig(settings.Config, frozen=True):
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


class Bag(Encoder):
    """Weighted concepts of posts; see the module."""

    Config = BagConfig
    config: BagConfig
    slot = "concept"
    neutral = ("knowledge",)
    stated_columns = ()
    version = 2
    batch_size = 1024

    def __init__(self, config: settings.Config | None = None) -> None:
        super().__init__(config)
        self._related_tags: dict[str, list[str]] = {}

    @property
    def stateless(self) -> bool:
        return self.config.related == 0

    @property
    def dim(self) -> int:
        return len(self.taxonomy)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.taxonomy.names

    @property
    def weights(self) -> str:
        """Fingerprint of the taxonomy, of the files that extend it, and of the related hashtags."""
        # JSON with sorted sets, because the iteration order of a set differs between processes.
        digest = hashlib.sha256(msgspec.json.encode(built_in().concepts, order="sorted"))
        for path in self.config.knowledge:
            digest.update(file_of(path).read_bytes())
        digest.update(repr(sorted(self._related_tags.items())).encode())
        return digest.hexdigest()

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return extended(built_in(), self.config.knowledge) if self.config.knowledge else built_in()

    def learn(self, dataset: Dataset) -> None:
        if self.config.related:
            related = related_hashtags(training_posts(dataset, False), most=self.config.related)
            self._related_tags = {}
            for tag, neighbours in related.items():
                self._related_tags[tag] = [other for other, _ in neighbours]

    def units(self, dataset: Dataset) -> Units:
        """A unit is [caption, hashtags, descriptions, profile, posts of the account] of a post; a post
        without any words has none."""
        descriptions = _descriptions(dataset)
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
            if caption or tags or about or id in descriptions:
                words = clean(caption or "", hashtags="drop")
                ids.append(id)
                contents.append(
                    [words, tags, sorted(descriptions.get(id, ())), about, max(n_posts[account], 1)]
                )
        return Units(ids, contents)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        result = np.zeros((len(batch), len(self.taxonomy)), np.float32)
        # (n, concepts), summed post by post: texts are short, and most concepts are not in them.
        config, find = self.config, self.taxonomy.find
        for row, (caption, tags, pictures, profile, posts) in zip(result, batch, strict=True):
            # The order is fixed: float32 sums depend on it.
            weighted: list[tuple[float, list[int]]] = [
                (config.caption, find(caption)),
                (config.profile / posts, self._profile_concepts(profile)),
            ]
            weighted += [(config.alt_text, find(text)) for text in pictures]
            for tag in tags:
                weighted += self._tag_concepts(tag)
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
        return list(dict.fromkeys(self.taxonomy.find(clean(text))))

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


def _descriptions(dataset: Dataset) -> dict[str, list[str]]:
    """Post to the descriptions of its pictures, without boilerplate."""
    descriptions: dict[str, list[str]] = {}
    columns = column_lists(dataset.images, ("post", "alt_text"))
    for post, text in zip(*columns, strict=True):
        text = BOILERPLATE.sub(" ", text or "").strip(" .")
        if text:
            descriptions.setdefault(post, []).append(text)
    return descriptions
