"""concept.bag: what a post is about, as weighted concepts of a taxonomy: a column a concept (BAMIR; B-01 to
B-04, C-01).

A hashtag counts ``hashtag``, each concept in the caption ``caption``, in the pictures' descriptions
``alt_text``. The concepts of the account's biography and business category count ``profile`` once an account:
each of its n posts bears an n-th. So the sum over the posts of an account is BAMIR's account vector (1 for
the biography and the business category, 1 a hashtag; with caption=0 and alt_text=0), and a post that a split
hides takes its words along. Each concept gives ``parents`` of its weight to its parent.

Hashtags that ask for likes and follows are dropped, and so is what Instagram writes around and in place of
descriptions. One in which no concept is found is known by its company, if ``related`` says so: by the
concepts of that many hashtags that posts use most closely with it, sharing its weight. ``knowledge`` names
files of ConceptNet or WordNet that tell more words.

The taxonomy has 572 concepts in English, written for brandfit, since the lists of BAMIR, CAMERA and MORNING
come without a licence.
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
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, Units
from brandfit.encoders.concept._knowledge import extended, file_of
from brandfit.encoders.concept._taxonomy import Taxonomy, built_in
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._words import training_posts
from brandfit.learning.cooccurrence import related_hashtags
from brandfit.learning.pooling import represents_account

FISHING = re.compile(
    r"like4like|likeforlike|likes?4|l4l|f4f|follow|instagood|instadaily|instalike|instamood|tagsforlikes|(?:pic|photo)oftheday|^igers"
    r"|^insta(?:gram)?$|repost|^tbt$|shoutout|^likes?$|^liker|^webstagram|^bestoftheday"
)
"""Hashtags that ask for likes and follows and say nothing of the post."""
AROUND = re.compile(
    r"no (?:photo|image|video) description available|(?:photo|image|video) (?:shared )?by .*? on [A-Z]\w+ "
    r"\d\d?, \d{4}",
    re.I,
)
"""Of descriptions: says nothing, or who posted and when, and no names or months are meant."""


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
        int, Meta(description="hashtags by which an unknown one is known; 0: none", ge=0, le=100)
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
        self._company: dict[str, list[str]] = {}

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
        """Of the taxonomy, of the files that extend it, and of which hashtags are used together."""
        # JSON with sorted sets: the order in which Python writes a set is another one in every process.
        digest = hashlib.sha256(msgspec.json.encode(built_in().concepts, order="sorted"))
        for path in self.config.knowledge:
            digest.update(file_of(path).read_bytes())
        digest.update(repr(sorted(self._company.items())).encode())
        return digest.hexdigest()

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return extended(built_in(), self.config.knowledge) if self.config.knowledge else built_in()

    def learn(self, dataset: Dataset) -> None:
        if self.config.related:
            found = related_hashtags(training_posts(dataset, False), most=self.config.related)
            self._company = {tag: [other for other, _ in near] for tag, near in found.items()}

    def units(self, dataset: Dataset) -> Units:
        """Of each post [caption, hashtags, descriptions, profile, posts of the account]; one without any
        words has none."""
        told: dict[str, list[str]] = {}
        for post, text in zip(
            dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True
        ):
            if text and (text := AROUND.sub(" ", text).strip(" .")):
                told.setdefault(post, []).append(text)
        accounts = dataset.posts["account"].to_pylist()
        # A brief of a brand that has posts does not count: see ``represents_account``.
        count = Counter(itertools.compress(accounts, represents_account(dataset)))
        rows = dataset.accounts.select(["id", "biography", "business_category"]).to_pylist()
        profile = {
            row["id"]: " . ".join(filter(None, (row["biography"], row["business_category"]))) for row in rows
        }
        ids, contents = [], []
        columns = (dataset.posts[name].to_pylist() for name in ("id", "caption", "hashtags"))
        for id, caption, tags, account in zip(*columns, accounts, strict=True):
            about = profile.get(account, "")
            if caption or tags or about or id in told:
                ids.append(id)
                contents.append(
                    [
                        clean(caption or "", hashtags="drop"),
                        tags,
                        sorted(told.get(id, ())),
                        about,
                        max(count[account], 1),
                    ]
                )
        return Units(ids, contents)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        result = np.zeros((len(batch), len(self.taxonomy)), np.float32)
        config, find = self.config, self.taxonomy.find
        for row, (caption, tags, pictures, profile, posts) in zip(result, batch, strict=True):
            found: list[tuple[float, list[int]]] = [
                (config.caption, find(caption)),
                (config.profile / posts, self._profile(profile)),
            ]
            found += [(config.alt_text, find(text)) for text in pictures]
            found += [share for tag in tags for share in self._tag(tag)]
            for weight, concepts in found:
                for n in concepts:
                    row[n] += weight
                    if (parent := self.taxonomy.parent[n]) >= 0:
                        row[parent] += weight * config.parents
        result[~result.any(axis=1)] = np.nan
        return result

    def _profile(self, text: str) -> list[int]:
        """Each concept once, however often it is named (B-04)."""
        return list(dict.fromkeys(self.taxonomy.find(clean(text))))

    def _tag(self, tag: str) -> list[tuple[float, list[int]]]:
        if FISHING.search(tag):
            return []
        if own := self.taxonomy.find_tag(tag):
            return [(self.config.hashtag, own)]
        near = [known for other in self._company.get(tag, ()) if (known := self.taxonomy.find_tag(other))]
        return [(self.config.hashtag / len(near), known) for known in near]
