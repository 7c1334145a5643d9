"""Words of captions for encoders that count or learn them, and the documents that they are learned from."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError, MissingExtra

WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))+")
"""At least two letters of any script, with apostrophes inside; no numbers and no emoji."""
TOKEN = re.compile(
    rf"{WORD.pattern}|[^\w\s\u0000-\u02ff\u0300-\u036f\u2000-\u206f\u3000-\u303f\ufe00-\uffef]"
)
"""A word, or one character that is neither a letter nor punctuation: emoji and symbols."""


def words(text: str) -> list[str]:
    """Words in order, lower case.

    >>> words("Don't stop: 3 Peaks, 24 hours! #slow_travel")
    ["don't", 'stop', 'peaks', 'hours', 'slow', 'travel']
    """
    return [word.lower().replace("’", "'") for word in WORD.findall(text)]


def tokens(text: str) -> list[str]:
    """Words and emoji in order; an emoji of several characters is several tokens.

    >>> tokens("Lemons 🍋🍋, please")
    ['lemons', '🍋', '🍋', 'please']
    """
    return [token.lower().replace("’", "'") for token in TOKEN.findall(text)]


def training_posts(dataset: Dataset, everything: bool) -> Dataset:
    """The Dataset with only the posts that may be learned from: those of accounts outside the official test
    split; all posts with ``everything``."""
    if everything:
        return dataset
    test_accounts = dataset.accounts.filter(pc.equal(dataset.accounts["split"], "test"))[
        "id"
    ].combine_chunks()
    if not len(test_accounts):
        return dataset
    is_test = pc.is_in(dataset.posts["account"], value_set=test_accounts)
    return dataset.restricted(posts=dataset.posts["id"].filter(pc.invert(is_test)).combine_chunks())


def by_account(dataset: Dataset, ids: Iterable[str], texts: Iterable[str]) -> dict[str, list[str]]:
    """Account to the texts of its posts, both sorted by id, so that training does not depend on the order of
    rows."""
    # (n,) row in the table of posts, for the account of each text
    posts = pa.array(list(ids), pa.string())
    row = pc.index_in(posts, value_set=dataset.posts["id"].combine_chunks())
    accounts = dataset.posts["account"].take(row).to_pylist()
    result: dict[str, list[str]] = {}
    for account, _, text in sorted(zip(accounts, posts.to_pylist(), texts, strict=True)):
        result.setdefault(account, []).append(text)
    return result


LETTERS = 20
"""Letters that a text must have for ``language`` to name its language."""


def in_language(text: str, language: str) -> bool:
    """Whether a text is, most probably, in this language (ISO 639-1); every text is in the language ''."""
    return not language or _identifier()(text)[0] == language


def language(text: str) -> str | None:
    """The most probable language of a text (ISO 639-1); None if it has fewer than 20 letters."""
    return str(_identifier()(text)[0]) if sum(map(str.isalpha, text)) >= LETTERS else None


@cache
def _identifier():  # type: ignore[no-untyped-def]
    try:
        from py3langid.langid import classify
    except ImportError:
        raise MissingExtra("language identification", "text") from None
    return classify


@cache
def stop_words() -> frozenset[str]:
    """English words without a topic: those of scikit-learn, short forms, and words that most captions
    have."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS | frozenset(_CAPTIONS.split())


_CAPTIONS = """
    url urls com www http https i'm i've i'll i'd you're you've you'll you'd he's she's it's we're we've we'll
    they're they've that's there's here's what's who's let's don't doesn't didn't can't couldn't won't
    wouldn't isn't aren't wasn't weren't haven't hasn't shouldn't ain't im ive dont cant didnt doesnt wont
    isnt thats youre gonna wanna gotta link bio swipe comment comments tag follow following followers like
    likes liked post posts posted photo repost dm giveaway ad ads sponsored partner paidpartnership collab
    gifted instagood instadaily insta instagram photooftheday picoftheday
"""


def listed(path: str, setting: str) -> frozenset[str]:
    """Words of a file: one a line, or the nouns of Open English WordNet as JSON lines (``pos`` n,
    ``members``); gzip or not."""
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting {setting}={path!r}: there is no such file.", f"Its full path is {file.absolute()}."
        )
    result: set[str] = set()
    try:
        with open_text(file) as lines:
            for line in lines:
                if line.startswith("{"):
                    synset = msgspec.json.decode(line)
                    result.update(synset["members"] if synset["pos"] == "n" else ())
                else:
                    result.add(line.strip())
    except (OSError, EOFError, UnicodeDecodeError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"Setting {setting}={path!r}: not a list of words: {error}",
            "One word a line, or WordNet's JSON lines.",
        ) from None
    return frozenset(word.lower() for word in result)


def open_text(file: Path) -> IO[str]:
    """A UTF-8 text file, unpacked if its name ends with .gz."""
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8")
    return file.open(encoding="utf-8")


def vocabulary(documents: Iterable[Iterable[str]], at_least: int, at_most: float) -> list[str]:
    """Words in ``at_least`` documents and in no more than a share ``at_most`` of all, ordered by descending
    frequency, then alphabetically."""
    counts: Counter[str] = Counter()
    n_documents = 0
    for document in documents:
        counts.update(set(document))
        n_documents += 1
    # In a small collection the share may fall below ``at_least``; the lower bound has priority.
    most = max(at_most * n_documents, at_least)
    result = [word for word, count in counts.items() if at_least <= count <= most]
    return sorted(result, key=lambda word: (-counts[word], word))
