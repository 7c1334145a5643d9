"""What was commented under the posts of accounts: who wrote it, and which comments say the same.

Two comments say the same where they have the same words, in any order and however often, with stretched
letters put together ("sooo lovely!!" and "lovely, so lovely"); without words, where they have the same emoji;
with neither, where they name the same accounts. An account's own comments, mostly answers, are left out.
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.captions import HASHTAG, MENTION, hashtags
from brandfit.data.dataset import Dataset
from brandfit.encoders.text._words import tokens, words

ADDRESS = re.compile(r"https?://\S+|www\.\S+")
STRETCHED = re.compile(r"(.)\1+")
ELSEWHERE = 10
"""Other accounts under whose posts words must stand to be stock."""


class Comments:
    """Under the posts of these accounts, m in all: owner (m,) which of the accounts, author (m,) who wrote it
    as a number, ``authors`` the ids."""

    def __init__(self, dataset: Dataset, accounts: np.ndarray) -> None:
        self.n = len(accounts)
        asked = pa.array(accounts, pa.string())
        links = dataset.stored_links
        links = links.filter(
            pc.and_(
                pc.and_(pc.equal(links["kind"], "comments"), pc.not_equal(links["source"], links["target"])),
                pc.is_in(links["target"], value_set=asked),
            )
        )
        self.links = links
        self.owner = np.asarray(pc.index_in(links["target"], value_set=asked).to_numpy(), np.int64)
        self.author, self.authors = coded(links["source"])
        self._code, self._texts = coded(links["text"])

    @cached_property
    def has_content(self) -> np.ndarray:
        """(m,) bool: has a text that says anything."""
        return self.content_id >= 0

    @cached_property
    def content_id(self) -> np.ndarray:
        """(m,) number of what each says; those that say the same have the same, -1 of none."""
        keys = [key(text) for text in self._texts]
        number = {k: i for i, k in enumerate(dict.fromkeys(k for k in keys if k))}
        return self._by_comment(np.array([number.get(k, -1) for k in keys], np.int64), -1)

    @cached_property
    def wordless(self) -> np.ndarray:
        """(m,) bool: neither a word nor an account, emoji and the like alone."""
        return self.has_content & self._by_comment(
            np.array([not words(_bare(t)) and not MENTION.search(t) for t in self._texts], bool), False
        )

    @cached_property
    def stock(self) -> np.ndarray:
        """(m,) bool: could stand under any post: wordless, or says what stands under posts of ``ELSEWHERE``
        or more other accounts too."""
        there = np.flatnonzero(self.has_content)
        owners = np.bincount(np.unique(self.content_id[there] * self.n + self.owner[there]) // max(self.n, 1))
        result = self.wordless.copy()
        result[there] |= owners[self.content_id[there]] > ELSEWHERE
        return result

    def vocabulary(self) -> list[set[str]]:
        """Words and hashtags (with #) of each distinct text, to be read by ``text_of``."""
        return [
            {*words(HASHTAG.sub(" ", _bare(text))), *(f"#{tag}" for tag in hashtags(text))}
            for text in self._texts
        ]

    @property
    def text_id(self) -> np.ndarray:
        """(m,) number of the text of each, -1 of none."""
        return self._code

    def _by_comment(self, of_texts: np.ndarray, none: int) -> np.ndarray:
        """(m,) what is known of the text of each comment."""
        if not len(of_texts):
            return np.full(len(self._code), none)
        return np.where(self._code >= 0, of_texts[self._code], none)


def key(text: str) -> str:
    """What a comment says, such that those which say the same are equal; '' of nothing.

    >>> key("Sooo lovely!! 😍 @bo") == key("lovely, so lovely") != key("so ugly")
    True
    >>> key("😍😍🔥") == key("🔥 😍"), key("@Bo") == key("@ana"), key(" ")
    (True, False, '')
    """
    if found := {STRETCHED.sub(r"\1", word) for word in words(_bare(text))}:
        return " ".join(sorted(found))
    if named := {f"@{name.lower()}" for name in MENTION.findall(text)}:
        return " ".join(sorted(named))
    return " ".join(sorted(set(tokens(text)))) or " ".join(text.lower().split())


def coded(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """(m,) number of each value, -1 of null, and the values."""
    values = pa.chunked_array(column).combine_chunks().dictionary_encode()
    return pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False).astype(
        np.int64
    ), values.dictionary.to_pylist()


def _bare(text: str) -> str:
    """Without addresses and names of accounts, who are no words."""
    plain = ADDRESS.sub(" ", text) if "www." in text or "://" in text else text
    return MENTION.sub(" ", plain) if "@" in plain else plain
