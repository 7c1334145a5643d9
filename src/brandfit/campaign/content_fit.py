"""Which picture and which caption for the next post: how well each fits what a brand or a wanted influencer
posts (W-17, W-18).

Fit is the cosine with the mean of their posts, of Features less the mean of all influencers (what everybody
shows is no fit), for pictures and captions apart. Beside it stands where that lies among the posts that they
did make: the share of these that fit less well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.campaign.engagement import Engagement, Expected
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.base import Encoder
from brandfit.errors import DataError, UsageError
from brandfit.learning.pooling import represents_account
from brandfit.learning.similarity import cosine, typical


@dataclass(frozen=True)
class Idea:
    """A picture (its name) or a caption; fit from -1 to 1; better_than: share of own posts that fit less;
    expected: engagement of the account that is to post it, where one was named."""

    kind: str
    label: str
    fit: float
    better_than: float | None
    expected: Expected | None = None

    def to_dict(self) -> dict[str, Any]:
        told = {"kind": self.kind, "label": self.label, "fit": self.fit, "better_than": self.better_than}
        return told if self.expected is None else {**told, "expected": self.expected.to_dict()}


@dataclass(frozen=True)
class Advice:
    """ideas: each kind best first; unread: pictures and captions that cannot be read, with the reason; notes:
    posts of ``like`` that are not encoded, so that nothing is compared with them."""

    compared_with: str
    by: str | None
    ideas: tuple[Idea, ...]
    unread: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "compared_with": self.compared_with,
            "by": self.by,
            "ideas": [idea.to_dict() for idea in self.ideas],
            "unread": [{"label": what, "reason": reason} for what, reason in self.unread.items()],
            "notes": list(self.notes),
        }


def advise(
    dataset: Dataset,
    like: str,
    *,
    pictures: Mapping[str, bytes],
    captions: Sequence[str],
    readers: Mapping[str, Encoder],
    by: str | None = None,
    unread: Mapping[str, str] | None = None,
) -> Advice:
    """Ideas for a post, each kind best first.

    like      brand or influencer whose posts they are to fit
    pictures  name to bytes
    readers   slot to the encoder that filled it: ``picture`` for pictures, ``text`` for captions
    by        influencer that is to post it: the engagement that it may expect, of each idea
    unread    names of pictures that are none, to the reason: told beside those that the encoder can make
              nothing of

    Raises UsageError where there is nothing to compare, DataError where nothing of it can be read.
    """
    unread = dict(unread or {})
    asked = [("picture", "picture", list(pictures))] if pictures else []
    asked += [("caption", "text", list(captions))] if captions else []
    if not asked and not unread:
        raise UsageError("Advise on what?", "Give pictures, captions, or both.")
    engagement = None
    found: list[Idea] = []
    for kind, slot, names in asked:
        if slot not in readers:
            filled = dataset.slots[slot].name if slot in dataset.slots else "nothing"
            raise UsageError(
                f"Nothing here can read a {kind} as {filled} did.",
                "Encode with one that learns nothing: text.minilm, image.classical ...",
            )
        names, rows, failed = _read(readers[slot], kind, names=names, pictures=pictures)
        unread.update(failed)
        if not names:
            continue
        engagement = Engagement(dataset) if by is not None and engagement is None else engagement
        fits, own = _fits(dataset, slot, like=like, rows=rows)
        ideas = []
        for n, name in enumerate(names):
            told = None
            if engagement is not None and by is not None:
                told = engagement.expected(by, name if kind == "caption" else None, {slot: rows[n]})
            ideas.append(
                Idea(
                    kind=kind,
                    label=name,
                    fit=float(fits[n]),
                    better_than=float((own < fits[n]).mean()) if len(own) else None,
                    expected=told,
                )
            )
        found += sorted(ideas, key=lambda idea: (-idea.fit, idea.label))
    if not found:
        raise DataError(
            f"Nothing of it can be read: {'; '.join(unread.values())}",
            "Give others: pictures are JPEG, PNG or WebP.",
        )
    return Advice(like, by, tuple(found), unread)


def _fits(dataset: Dataset, slot: str, *, like: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) cosines of rows with what ``like`` posts, and those of its own posts, each with the mean of the
    others."""
    wanted, mean = typical(dataset, slot, like)
    is_own = pc.equal(dataset.posts["account"], like).to_numpy() & represents_account(dataset)
    posts = dataset.posts["id"].filter(pa.array(is_own)).to_numpy().astype(object)
    own, there = (
        dataset.slots[slot].values_of(posts)
        if dataset.slots[slot].level == "post"
        else (np.zeros((0, rows.shape[1])), np.zeros(0, bool))
    )
    own = own[there]
    others = (own.sum(axis=0) - own) / max(len(own) - 1, 1)
    return cosine(rows - mean, wanted - mean), cosine(own - mean, others - mean) if len(
        own
    ) > 1 else np.zeros(0)


def _read(
    encoder: Encoder, kind: str, *, names: Sequence[str], pictures: Mapping[str, bytes]
) -> tuple[list[str], np.ndarray, dict[str, str]]:
    """Those that can be read, their rows (n, d), and the others with the reason."""
    if kind == "caption":
        posts = [
            Post(id=str(n), account="reader", caption=text, hashtags=hashtags(text))
            for n, text in enumerate(names)
        ]
        dataset = Dataset.from_rows([Account(id="reader")], posts)
    else:
        posts = [Post(id=str(n), account="reader") for n in range(len(names))]
        images = [Image(post=str(n), hash=name) for n, name in enumerate(names)]
        dataset = Dataset.from_rows([Account(id="reader")], posts, images=images, pictures=pictures)
    rows, there = encoder.encode(dataset).values_of(np.array([post.id for post in posts], dtype=object))
    read, failed = (
        [name for name, told in zip(names, there, strict=True) if told == wanted] for wanted in (True, False)
    )
    return (
        read,
        rows[there],
        {name: f"{encoder.name} can make nothing of the {kind} {name!r}." for name in failed},
    )
