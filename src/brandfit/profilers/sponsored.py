"""sponsored: which posts are advertisements, disclosed or not, learned from disclosed ones.

A post with a mark (#ad, "paid partnership", an official sponsor) is a positive example, other posts are
negative ones. Marks are removed from the words first, because otherwise only the marks would be learned;
sponsors are not read. A post without a mark and with a high probability resembles the marked ones, and is
likely an undisclosed advertisement. Some negative examples are such posts, so that probabilities are too low
rather than too high (Elkan and Noto, KDD 2008).

One logistic regression on the words of captions, hashtags and mentions, descriptions of pictures, comments,
Features of pictures, and counts.
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
from brandfit.profilers._examples import Examples, posts_of
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._linear import fit_linear
from brandfit.profilers._matrix import TAG, Words
from brandfit.profilers._post_inputs import post_inputs
from brandfit.profilers.base import CommonConfig, Predictor, Profiler

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
    advice_without_labels: str = (
        "Import posts with captions, or with a column 'disclosed', some of them advertisements and some not."
    )

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        return fit_linear(
            inputs,
            labels,
            classes=len(self.classes),
            words=WORDS,
            slots=sorted(inputs.slots),
            numbers=True,
            c=self.config.c,
        )

    def examples(self, dataset: Dataset) -> Examples:
        # Without a caption and a source's mark it is unknown whether a post is disclosed.
        posts = dataset.posts
        is_known = pc.is_valid(posts["disclosed"])
        posts = posts.filter(pc.and_(is_known, pc.equal(posts["kind"], "post")))
        is_disclosed = posts["disclosed"].to_numpy().astype(bool)
        labels = np.where(is_disclosed, CLASSES[1], CLASSES[0])
        return Examples(posts["id"].to_numpy().astype(object), labels)

    def all_ids(self, dataset: Dataset) -> np.ndarray:
        return posts_of(dataset)

    def read_inputs(self, dataset: Dataset, ids: np.ndarray, slots: Sequence[str]) -> Inputs:
        return post_inputs(dataset, ids, slots=slots, redact=without_marks)

    def hide(self, dataset: Dataset, ids: np.ndarray) -> Dataset:
        return dataset.hide_disclosures(ids.tolist())


def without_marks(text: str) -> str:
    """A caption without the marks of an advertisement.

    >>> without_marks("So soft! #ad #skincare. Paid partnership with @glow")
    'So soft!  #skincare.  with @glow'
    """

    def without_disclosure_tag(match: re.Match[str]) -> str:
        return "" if match[1].lower() in DISCLOSURE_TAGS else match[0]

    return PHRASES.sub("", HASHTAG.sub(without_disclosure_tag, text))
