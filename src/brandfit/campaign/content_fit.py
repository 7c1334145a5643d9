"""How well pictures and captions for the next post fit the posts of a brand or an influencer (W-17, W-18).

A brand without posts is compared with its brief, the posts of its partners, or features of its account, as
rankings do; the advice says so. Fit is the cosine with the mean of the posts, of Features less the mean of
all influencers (what all of them post is no fit), for pictures and captions separately. It comes with the
share of own posts that fit less well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.campaign.engagement import Engagement, Expected
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.base import Encoder
from brandfit.errors import DataError, UsageError
from brandfit.learning.pooling import account_has, represents_account
from brandfit.learning.similarity import cosine, typical

Source = Literal["posts", "brief", "partners", "profile"]
SOURCE_WORDS: dict[Source, str] = {
    "posts": "the posts of {account}",
    "brief": "the brief of {account}",
    "partners": "the posts of the partners of {account}",
    "profile": "features of the account {account}",
}
"""Source of the content that ideas are compared with, in words."""


class Fits(NamedTuple):
    """fit (n,) of ideas, and own (m,) of the posts that they are compared with, each with the mean of the
    other posts."""

    fit: np.ndarray
    own: np.ndarray


class EncodedIdeas(NamedTuple):
    """Names of ideas that the encoder can read, their rows (n, d), and the reason for each of the others."""

    names: list[str]
    rows: np.ndarray
    reason_by_name: dict[str, str]


@dataclass(frozen=True)
class Idea:
    """A picture or a caption.

    kind         "picture" or "caption"
    label        name of the picture, or the caption
    fit          from -1 to 1
    better_than  share of own posts with a lower fit; None without own posts
    expected     engagement of the account that posts it, if one was named
    """

    kind: str
    label: str
    fit: float
    better_than: float | None
    expected: Expected | None = None

    def to_dict(self) -> dict[str, Any]:
        idea = {"kind": self.kind, "label": self.label, "fit": self.fit, "better_than": self.better_than}
        return idea if self.expected is None else {**idea, "expected": self.expected.to_dict()}


@dataclass(frozen=True)
class Advice:
    """Advice for a post.

    ideas           the best of each kind first
    unread          pictures and captions that cannot be read, with the reason
    notes           the content that is compared if the account has no posts; posts of the account that are
                    not encoded and do not count
    represented_by  kind of idea to the source of the content that it is compared with
    """

    compared_with: str
    by: str | None
    ideas: tuple[Idea, ...]
    unread: Mapping[str, str]
    notes: tuple[str, ...] = ()
    represented_by: Mapping[str, Source] = field(default_factory=dict)

    @property
    def compared_content(self) -> str:
        """The content that the ideas are compared with: "the posts of northpeak.outdoor"."""
        words_by_kind = {
            kind: SOURCE_WORDS[source].format(account=self.compared_with)
            for kind, source in self.represented_by.items()
        }
        if len(set(words_by_kind.values())) == 1:
            return next(iter(words_by_kind.values()))
        return "; ".join(f"{kind}s: {words}" for kind, words in words_by_kind.items())

    def to_dict(self) -> dict[str, Any]:
        return {
            "compared_with": self.compared_with,
            "compared_content": self.compared_content,
            "represented_by": dict(self.represented_by),
            "by": self.by,
            "ideas": [idea.to_dict() for idea in self.ideas],
            "unread": [{"label": label, "reason": reason} for label, reason in self.unread.items()],
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
    """Ideas for a post, the best of each kind first.

    like      brand or influencer whose posts the ideas are compared with
    pictures  name to bytes
    readers   slot to the encoder that filled it: ``picture`` for pictures, ``text`` for captions
    by        influencer that is to post: adds the expected engagement of each idea
    unread    names of files that are not pictures, to the reason; reported with the ideas that no encoder can
              read

    Raises UsageError if there is nothing to compare, DataError if no idea can be read.
    """
    unread = dict(unread or {})
    # Pictures are compared with pictures, captions with captions.
    names_by_kind = {"picture": list(pictures), "caption": list(captions)}
    if not pictures and not captions and not unread:
        raise UsageError("Advise on what?", "Give pictures, captions, or both.")
    engagement: Engagement | None = None
    ideas: list[Idea] = []
    represented_by: dict[str, Source] = {}
    for kind, slot in (("picture", "picture"), ("caption", "text")):
        if not names_by_kind[kind]:
            continue
        encoded = _encoded(
            _reader(dataset, slot, kind=kind, readers=readers),
            kind,
            names=names_by_kind[kind],
            pictures=pictures,
        )
        unread.update(encoded.reason_by_name)
        if not encoded.names:
            continue
        # Fitted only if an idea can be read, and once.
        if by is not None and engagement is None:
            engagement = Engagement(dataset)
        represented_by[kind] = _source(dataset, slot, like)
        own_ideas = _ideas(dataset, slot, kind=kind, like=like, encoded=encoded)
        if by is not None and engagement is not None:
            own_ideas = _with_engagement(own_ideas, engagement, by=by, slot=slot, rows=encoded.rows)
        ideas += sorted(own_ideas, key=lambda idea: (-idea.fit, idea.label))
    if not ideas:
        raise DataError(
            f"No picture or caption can be read: {'; '.join(unread.values())}",
            "Give others: pictures are JPEG, PNG or WebP.",
        )
    advice = Advice(like, by, tuple(ideas), unread, represented_by=represented_by)
    if set(represented_by.values()) != {"posts"}:
        note = f"{like} has no posts: ideas are compared with other content ({advice.compared_content})"
        advice = replace(advice, notes=(note,))
    return advice


def _source(dataset: Dataset, slot: str, like: str) -> Source:
    """The source of the features of an account in a slot. Influencers have their posts."""
    source = dataset.representation.get(like, "posts")
    # Own Features in the slot take precedence over those of partners.
    if source == "partners" and account_has(dataset, slot, np.array([like], dtype=object)).any():
        return "profile"
    return "posts" if source == "none" else source


def _reader(dataset: Dataset, slot: str, *, kind: str, readers: Mapping[str, Encoder]) -> Encoder:
    """The encoder that can read ideas as it read the posts."""
    if slot in readers:
        return readers[slot]
    filled = dataset.slots[slot].name if slot in dataset.slots else "nothing"
    raise UsageError(
        f"A {kind} cannot be encoded as {filled} encoded the posts.",
        f"Leave out settings of {filled} that differ from those of its encoding, or encode with an encoder "
        "that learns nothing from the data: text.minilm, image.classical ...",
    )


def _ideas(dataset: Dataset, slot: str, *, kind: str, like: str, encoded: EncodedIdeas) -> list[Idea]:
    """The ideas of one kind, in the order in which they were given."""
    fits = _fits(dataset, slot, like=like, rows=encoded.rows)
    ideas = []
    for name, fit in zip(encoded.names, fits.fit, strict=True):
        better_than = float((fits.own < fit).mean()) if len(fits.own) else None
        ideas.append(Idea(kind=kind, label=name, fit=float(fit), better_than=better_than))
    return ideas


def _with_engagement(
    ideas: Sequence[Idea], engagement: Engagement, *, by: str, slot: str, rows: np.ndarray
) -> list[Idea]:
    """The ideas with their expected engagement if ``by`` posts them; rows (n, d) of the ideas in the slot."""
    result = []
    for idea, row in zip(ideas, rows, strict=True):
        caption = idea.label if idea.kind == "caption" else None
        result.append(replace(idea, expected=engagement.expected(by, caption, rows={slot: row})))
    return result


def _fits(dataset: Dataset, slot: str, *, like: str, rows: np.ndarray) -> Fits:
    """Cosines of rows (n, d), and of the own posts of ``like``, with what ``like`` posts."""
    # Mean post of the account, and mean of all influencers.
    wanted, mean = typical(dataset, slot, like)  # (d,) each
    features = dataset.slots[slot]
    own = np.zeros((0, rows.shape[1]))
    if features.level == "post":
        is_own = pc.equal(dataset.posts["account"], like).to_numpy() & represents_account(dataset)
        posts = dataset.posts["id"].filter(pa.array(is_own)).to_numpy().astype(object)
        values, is_encoded = features.values_of(posts)
        own = values[is_encoded]
    own_fit = np.zeros(0)
    if len(own) > 1:
        # A post is compared with the mean of the other posts: with itself in it, the fit would be too high.
        others = (own.sum(axis=0) - own) / (len(own) - 1)
        own_fit = cosine(own - mean, others - mean)
    return Fits(cosine(rows - mean, wanted - mean), own_fit)


def _encoded(
    encoder: Encoder, kind: str, *, names: Sequence[str], pictures: Mapping[str, bytes]
) -> EncodedIdeas:
    """Ideas encoded as posts of an account without anything else."""
    posts, images = [], []
    for n, name in enumerate(names):
        if kind == "caption":
            posts.append(Post(id=str(n), account="reader", caption=name, hashtags=hashtags(name)))
        else:
            posts.append(Post(id=str(n), account="reader"))
            images.append(Image(post=str(n), hash=name))
    dataset = Dataset.from_rows(
        [Account(id="reader")], posts, images=images, pictures=pictures if kind == "picture" else {}
    )
    # Rows come back by id; an idea that cannot be encoded has none.
    ids = np.array([post.id for post in posts], dtype=object)
    rows, is_encoded = encoder.encode_contents(dataset).values_of(ids)
    read, reason_by_name = [], {}
    for name, can_read in zip(names, is_encoded, strict=True):
        if can_read:
            read.append(name)
        else:
            reason_by_name[name] = f"{encoder.name} cannot encode the {kind} {name!r}."
    return EncodedIdeas(read, rows[is_encoded], reason_by_name)
