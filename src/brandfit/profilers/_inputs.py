"""What is known of accounts, as a profiler reads it: their words by field, their numbers, and rows of Features."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors, account_vectors

FIELDS = ("caption", "hashtags", "mentions", "pictures", "comments", "biography")
"""Kinds of words: of captions, hashtags, accounts mentioned or tagged, descriptions of pictures, what others comment, biography."""
NUMBERS = ("followers", "followees", "posts")


@dataclass(frozen=True)
class Inputs:
    """Of n accounts.

    ids      (n,)
    words    field to n texts, "" where there is none
    numbers  (n, 8) float64, NaN where not known: log(1 + followers, followees, posts), posts that are here, log(1 + mean likes,
             mean comments), hashtags and mentions a post
    slots    Features by the slot or name that they were given under: their rows of accounts
    """

    ids: np.ndarray
    words: Mapping[str, Sequence[str]]
    numbers: np.ndarray
    slots: Mapping[str, Vectors]

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, at: np.ndarray) -> Inputs:
        """Of these accounts (m,) alone."""
        return Inputs(
            self.ids[at],
            {field: [texts[i] for i in at.tolist()] for field, texts in self.words.items()},
            self.numbers[at],
            {slot: Vectors(v.values[at], v.present[at]) for slot, v in self.slots.items()},
        )

    def digests(self) -> list[str]:
        """A hash of all that is known of each account: equal where nothing that a profiler reads differs."""
        result = []
        for n in range(len(self)):
            told = hashlib.blake2b(msgspec.msgpack.encode([self.words[field][n] for field in self.words]), digest_size=16)
            told.update(self.numbers[n].tobytes())
            for slot in sorted(self.slots):
                values, present = self.slots[slot]
                told.update(slot.encode() + (np.ascontiguousarray(values[n]).tobytes() if present[n] else b"-"))
            result.append(told.hexdigest())
        return result


def inputs(dataset: Dataset, ids: np.ndarray, slots: Sequence[str]) -> Inputs:
    """What is known of these accounts (distinct ids), with the Features of these slots."""
    row = {id: n for n, id in enumerate(ids.tolist())}
    found: dict[str, list[list[str]]] = {field: [[] for _ in row] for field in FIELDS}
    counts = np.zeros((len(row), 5))  # posts, likes, comments, hashtags, mentions
    pictures, comments = _told(dataset)
    names = ("id", "account", "caption", "hashtags", "mentions", "tags", "sponsors", "likes", "comments", "kind")
    for batch in dataset.posts.select(list(names)).to_batches(max_chunksize=20_000):
        for id, account, caption, hashtags, mentions, tags, sponsors, likes, answers, kind in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            n = row.get(account)
            if n is None or kind != "post":
                continue
            others = [*(mentions or ()), *(tags or ()), *(sponsors or ())]
            for field, text in (
                ("caption", caption or ""),
                ("hashtags", " ".join(hashtags or ())),
                ("mentions", " ".join(others)),
                ("pictures", pictures.get(id, "")),
                ("comments", comments.get(id, "")),
            ):
                if text:
                    found[field][n].append(text)
            counts[n] += (1, likes or 0, answers or 0, len(hashtags or ()), len(mentions or ()))
    for n, text in enumerate(dataset.of_accounts("biography", ids).tolist()):
        if text:
            found["biography"][n].append(text)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = counts[:, 1:] / counts[:, :1]
    stated = np.stack([dataset.of_accounts(name, ids).astype(np.float64) for name in NUMBERS], axis=1)
    numbers = np.column_stack([np.log1p(np.maximum(stated, 0)), counts[:, 0], np.log1p(each[:, :2]), each[:, 2:]])
    return Inputs(
        ids,
        {field: ["\n".join(texts) for texts in of_all] for field, of_all in found.items()},
        numbers,
        {slot: account_vectors(dataset, slot, ids) for slot in slots},
    )


def _told(dataset: Dataset) -> tuple[dict[str, str], dict[str, str]]:
    """Post to the descriptions of its pictures, and to what others than its author comment."""
    pictures: dict[str, str] = {}
    for post, text in zip(dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True):
        if text:
            pictures[post] = f"{pictures[post]}\n{text}" if post in pictures else text
    comments: dict[str, list[str]] = {}
    links = dataset.links_of("comments").select(["post", "source", "target", "text"])
    for post, source, target, text in zip(*(links[c].to_pylist() for c in ("post", "source", "target", "text")), strict=True):
        if text and source != target:
            comments.setdefault(post, []).append(text)
    return pictures, {post: "\n".join(texts) for post, texts in comments.items()}
