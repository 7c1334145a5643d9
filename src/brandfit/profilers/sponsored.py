"""sponsored: which posts are advertisements, disclosed or not, learned from those that say so.

A post that is marked (#ad, "paid partnership", an official sponsor) is an example of one, others are examples
of none. Marks are taken out of the words first, else a mark is all that would be learned; sponsors are not
looked at. A post without a mark that is told likely reads and looks like those with one: likely undisclosed.
Some of the examples of none are such posts, so that probabilities are on the low side (Elkan and Noto, KDD
2008).

Words of captions, hashtags and mentions, descriptions of pictures, comments, Features of pictures, counts;
one logistic regression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
import pyarrow.compute as pc
from msgspec import Meta

from brandfit.data.captions import DISCLOSURE_PHRASES, DISCLOSURE_TAGS, HASHTAG
from brandfit.data.dataset import Dataset
from brandfit.data.features import Level
from brandfit.profilers._inputs import Inputs, inputs_of_posts
from brandfit.profilers._linear import linear
from brandfit.profilers._matrix import TAG, Words
from brandfit.profilers.base import CommonConfig, Predictor, Profiler, posts_of

CLASSES = ("organic", "sponsored")
PHRASES = re.compile("|".join(map(re.escape, DISCLOSURE_PHRASES)), re.I)
WORDS: Words = {
    "caption": [{"ngram_range": (1, 2), "max_features": 60_000}],
    "hashtags": [{"token_pattern": TAG}],
    "mentions": [{"token_pattern": TAG}],
    "pictures": [{}],
    "comments": [{"max_features": 20_000}],
}


class SponsoredConfig(CommonConfig, frozen=True):
    c: Annotated[float, Meta(description="inverse of the ridge penalty", gt=0)] = 1.0


class Sponsored(Profiler):
    """Posts, not accounts; see the module."""

    Config = SponsoredConfig
    config: SponsoredConfig
    kinds = ("picture",)
    level: ClassVar[Level] = "post"
    slot: ClassVar[str] = "sponsored"
    learns: str = "sponsored posts"
    labels: tuple[Level, ...] = ()
    wanted: str = (
        "Import posts with captions, or with a column 'disclosed', some of them advertisements and some not."
    )

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return linear(
            known,
            labels,
            classes=len(self.classes),
            words=WORDS,
            slots=sorted(known.slots),
            numbers=True,
            c=self.config.c,
        )

    def examples(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        told = dataset.posts.filter(
            pc.and_(pc.is_valid(dataset.posts["disclosed"]), pc.equal(dataset.posts["kind"], "post"))
        )
        marked = told["disclosed"].to_numpy().astype(bool)
        return told["id"].to_numpy().astype(object), np.where(marked, CLASSES[1], CLASSES[0])

    def everything(self, dataset: Dataset) -> np.ndarray:
        return posts_of(dataset)

    def inputs(self, dataset: Dataset, ids: np.ndarray, slots: Sequence[str]) -> Inputs:
        return inputs_of_posts(dataset, ids, slots=slots, hide=without_marks)

    def hide(self, dataset: Dataset, ids: np.ndarray) -> Dataset:
        return dataset.hide_disclosures(ids.tolist())


def without_marks(text: str) -> str:
    """A caption without what marks it as an advertisement.

    >>> without_marks("So soft! #ad #skincare. Paid partnership with @glow")
    'So soft!  #skincare.  with @glow'
    """
    return PHRASES.sub(
        "", HASHTAG.sub(lambda found: "" if found[1].lower() in DISCLOSURE_TAGS else found[0], text)
    )
