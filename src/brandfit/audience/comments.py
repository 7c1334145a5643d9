"""Comments under the posts of accounts: their authors, and which comments have the same content.

Two comments have the same content if they use the same words, in any order and number, with repeated letters
joined ("sooo lovely!!" and "lovely, so lovely"). Without words, the same emoji count; without both, the same
named accounts. An account's own comments, mostly answers, are left out.
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
from brandfit.mappings import position_by_item

ADDRESS = re.compile(r"https?://\S+|www\.\S+")
STRETCHED = re.compile(r"(.)\1+")
ELSEWHERE = 10
"""Other accounts under whose posts the same content must occur to be a stock comment."""


class Comments:
    """The m comments under the posts of these accounts.

    owner    (m,) account of the post, as a row of the accounts
    author   (m,) author of the comment, as a row of ``authors``
    text_id  (m,) text of the comment, as a row of the distinct texts; -1 without one
    authors  ids
    """

    def __init__(self, dataset: Dataset, accounts: np.ndarray) -> None:
        self.n = len(accounts)
        ids = pa.array(accounts, pa.string())
        links = dataset.stored_links
        is_comment = pc.equal(links["kind"], "comments")
        # An account's own comments are answers, not its audience.
        is_own = pc.equal(links["source"], links["target"])
        is_used = pc.and_(pc.and_(is_comment, pc.invert(is_own)), pc.is_in(links["target"], value_set=ids))
        self.links = links.filter(is_used)
        self.owner = np.asarray(pc.index_in(self.links["target"], value_set=ids).to_numpy(), np.int64)
        self.author, self.authors = coded(self.links["source"])
        self.text_id, self._texts = coded(self.links["text"])

    @cached_property
    def has_content(self) -> np.ndarray:
        """(m,) bool: has a text with any content."""
        return self.content_id >= 0

    @cached_property
    def content_id(self) -> np.ndarray:
        """(m,) number of the content of each comment, equal for the same content; -1 without content."""
        # Keys are computed once for each distinct text.
        keys = list(map(key, self._texts))
        number_by_key = position_by_item(dict.fromkeys(filter(None, keys)))
        numbers = np.array([number_by_key.get(one, -1) for one in keys], np.int64)
        return self._by_comment(numbers, -1)

    @cached_property
    def wordless(self) -> np.ndarray:
        """(m,) bool: has content, but neither a word nor a named account: emoji and the like alone."""
        is_wordless = [not words(_bare(text)) and not MENTION.search(text) for text in self._texts]
        return self.has_content & self._by_comment(np.array(is_wordless, bool), False)

    @cached_property
    def stock(self) -> np.ndarray:
        """(m,) bool: fits under any post: wordless, or with a content that occurs under the posts of
        ``ELSEWHERE`` or more other accounts."""
        rows = np.flatnonzero(self.has_content)
        content, owner = self.content_id[rows], self.owner[rows]
        # (n_contents,) number of accounts under whose posts each content occurs
        n_owners = np.bincount(np.unique(content * self.n + owner) // max(self.n, 1))
        is_stock = self.wordless.copy()
        is_stock[rows] |= n_owners[content] > ELSEWHERE
        return is_stock

    def vocabulary(self) -> list[set[str]]:
        """Words and hashtags (with #) of each distinct text, by ``text_id``."""
        result = []
        for text in self._texts:
            tags = {f"#{tag}" for tag in hashtags(text)}
            result.append({*words(HASHTAG.sub(" ", _bare(text))), *tags})
        return result

    def _by_comment(self, by_text: np.ndarray, missing: int) -> np.ndarray:
        """(m,) values of distinct texts for each comment; ``missing`` without a text."""
        if not len(by_text):
            return np.full(len(self.text_id), missing)
        return np.where(self.text_id >= 0, by_text[self.text_id], missing)


def key(text: str) -> str:
    """The content of a comment as a text that is equal for the same content; '' without content.

    >>> key("Sooo lovely!! 😍 @bo") == key("lovely, so lovely") != key("so ugly")
    True
    >>> key("😍😍🔥") == key("🔥 😍"), key("@Bo") == key("@ana"), key(" ")
    (True, False, '')
    """
    if content := {STRETCHED.sub(r"\1", word) for word in words(_bare(text))}:
        return " ".join(sorted(content))
    if mentions := {f"@{name.lower()}" for name in MENTION.findall(text)}:
        return " ".join(sorted(mentions))
    return " ".join(sorted(set(tokens(text)))) or " ".join(text.lower().split())


def coded(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """(m,) each value as a row of the distinct values, -1 for null; and the distinct values."""
    values = pa.chunked_array(column).combine_chunks().dictionary_encode()
    codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, values.dictionary.to_pylist()


def _bare(text: str) -> str:
    """A text without addresses and names of accounts, which are not words."""
    bare = ADDRESS.sub(" ", text) if "www." in text or "://" in text else text
    return MENTION.sub(" ", bare) if "@" in bare else bare
