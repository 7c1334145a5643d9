"""Inputs of profilers: the words of accounts or posts by field, their numbers, and rows of Features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from brandfit.learning.pooling import Vectors
from brandfit.mappings import rows_of_each

FIELDS = ("caption", "hashtags", "mentions", "pictures", "comments", "replies", "biography")
"""Kinds of words: captions, hashtags, accounts that are mentioned or tagged, descriptions of pictures,
comments of others, comments of the account under its own posts (many write their hashtags there),
biography."""
NUMBERS = ("followers", "followees", "posts")
"""Columns of accounts that are numbers of ``Inputs``."""


@dataclass(frozen=True)
class SinglePosts:
    """Single posts of n accounts, those of an account adjacent.

    ids       (p,)
    counts    (n,) posts of each account
    values    slot to (p, d) float32, zeros for a post without a row; has: slot to (p,) bool
    columns   slot to the d names of its columns, () if they have none
    labels    (p,) stated categories, None if none is stated
    pictures  (p,) hash of the first picture of each, "" if there is none; read: hash to bytes
    """

    ids: np.ndarray
    counts: np.ndarray
    values: Mapping[str, np.ndarray]
    has: Mapping[str, np.ndarray]
    columns: Mapping[str, tuple[str, ...]]
    labels: np.ndarray
    pictures: np.ndarray
    read: Callable[[str], bytes]

    def subset(self, accounts: np.ndarray) -> SinglePosts:
        """The posts of the accounts with these numbers (m,)."""
        # Posts of an account are adjacent: a range of rows for each selected account.
        first = np.cumsum(self.counts) - self.counts  # (n,) row of the first post of each account
        counts = self.counts[accounts]  # (m,)
        position = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        row = np.repeat(first[accounts], counts) + position  # (q,)
        return SinglePosts(
            ids=self.ids[row],
            counts=counts,
            values=rows_of_each(self.values, row),
            has=rows_of_each(self.has, row),
            columns=self.columns,
            labels=self.labels[row],
            pictures=self.pictures[row],
            read=self.read,
        )

    @property
    def owner(self) -> np.ndarray:
        """(p,) number of the account of each post."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


@dataclass(frozen=True)
class Inputs:
    """Inputs of n accounts or posts.

    ids      (n,)
    words    field to n texts, "" if there is none
    numbers  (n, 8) float64, NaN if unknown: log(1 + followers, followees, posts), posts in the data,
             log(1 + mean likes, mean comments), each over the posts with a known count, hashtags and
             mentions a post
    slots    slot or name of Features to their rows for accounts
    single   the newest posts one by one, for a profiler that reads them
    """

    ids: np.ndarray
    words: Mapping[str, Sequence[str]]
    numbers: np.ndarray
    slots: Mapping[str, Vectors]
    single: SinglePosts | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, rows: np.ndarray) -> Inputs:
        """The inputs of these rows (m,)."""
        words = {}
        for field, texts in self.words.items():
            words[field] = [texts[n] for n in rows.tolist()]
        slots = {slot: Vectors(v.values[rows], v.present[rows]) for slot, v in self.slots.items()}
        single = self.single.subset(rows) if self.single is not None else None
        return Inputs(ids=self.ids[rows], words=words, numbers=self.numbers[rows], slots=slots, single=single)

    def has_content(self) -> np.ndarray:
        """(n,) bool: whether there are words, Features or pictures. Numbers alone do not show a category."""
        result = np.zeros(len(self), bool)
        for texts in self.words.values():
            result |= np.fromiter(map(bool, texts), bool, len(self))
        for vectors in self.slots.values():
            result |= vectors.present
        return result if self.single is None else result | (self.single.counts > 0)

    def digests(self) -> list[str]:
        """A hash of each row: equal for rows that are equal in all that a profiler reads."""
        if self.single is None:
            return [self._digest(n).hexdigest() for n in range(len(self))]
        last = np.cumsum(self.single.counts)  # (n,)
        first = last - self.single.counts
        # The order of what is hashed is part of stored keys; it must not change.
        result = []
        for n in range(len(self)):
            digest = self._digest(n)
            rows = slice(first[n], last[n])
            for slot in sorted(self.single.values):
                values, has = self.single.values[slot][rows], self.single.has[slot][rows]
                digest.update(slot.encode() + values.tobytes() + has.tobytes())
            digest.update("".join(self.single.pictures[rows].tolist()).encode())
            result.append(digest.hexdigest())
        return result

    def _digest(self, n: int) -> hashlib.blake2b:
        """The hash of words, numbers and slots of a row."""
        words = [texts[n] for texts in self.words.values()]
        digest = hashlib.blake2b(msgspec.msgpack.encode(words), digest_size=16)
        digest.update(self.numbers[n].tobytes())
        for slot in sorted(self.slots):
            values, present = self.slots[slot]
            row = np.ascontiguousarray(values[n]).tobytes() if present[n] else b"-"
            digest.update(slot.encode() + row)
        return digest
