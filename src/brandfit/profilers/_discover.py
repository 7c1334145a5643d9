"""Which categories there are: topics of biographies, read and named by a person (D-13)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from brandfit.config import from_toml
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text.lda import LDA, LDAConfig
from brandfit.errors import ConfigError, UsageError


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """words, the weightiest first; accounts of which it is the main topic; the category that a person gave
    it, or ''."""

    words: list[str]
    accounts: int
    category: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: list[Topic]


def discovered(
    dataset: Dataset, topics: int = 10, *, words: int = 10, seed: int = 0
) -> tuple[list[Topic], np.ndarray, np.ndarray]:
    """Topics, account ids (n,) and the share (n, k) of each topic in what an account says of itself.

    That is its biography; where no account has one, its captions. Raises UsageError where there is too little
    to learn from.
    """
    texts = _texts(dataset)
    if topics > len(texts):
        raise UsageError(
            f"{topics:,} topics of {len(texts):,} accounts that say something.", "Ask for fewer topics."
        )
    posts = [Post(id=id, account=id, caption=text) for id, text in texts.items()]
    at_least = 5 if len(texts) >= 200 else 2
    encoder = LDA(
        LDAConfig(topics=topics, level="account", seed=seed, min_accounts=at_least, language="", rounds=200)
    )
    told = encoder.encode(Dataset.from_rows([Account(id=id) for id in texts], posts))
    model = encoder.model
    shares = np.asarray(told.values)
    main = np.bincount(shares.argmax(axis=1), minlength=topics) if len(shares) else np.zeros(topics, np.int64)
    found = [
        Topic([model.words[w] for w in np.argsort(-row, kind="stable")[:words]], int(n))
        for row, n in zip(model.shares, main, strict=True)
    ]
    return found, told.ids, shares


def to_toml(topics: Sequence[Topic], source: str) -> str:
    """A TOML file for a person to fill in."""
    lines = [
        f"# Topics of {source}. Write a category beside each topic that is one, the same for several where "
        "they are the same;",
        '# leave "" where a topic is none. Then: brandfit profile discover --apply THIS_FILE --out '
        "labels.csv",
    ]
    for topic in topics:
        words = ", ".join(f'"{word}"' for word in topic.words)
        lines += [
            "",
            "[[topics]]",
            f"words = [{words}]",
            f"accounts = {topic.accounts}",
            f'category = "{topic.category}"',
        ]
    return "\n".join(lines) + "\n"


def read(file: str | Path) -> list[Topic]:
    """A file that ``written`` wrote and a person filled in. Raises ConfigError with what is wrong."""
    found = _parsed(file)
    if not any(topic.category for topic in found):
        raise ConfigError(
            f"{file}: no topic has a category yet.", "Write one beside each topic that is one, then apply it."
        )
    return found


def _parsed(file: str | Path) -> list[Topic]:
    try:
        return from_toml(file, Named).topics
    except ConfigError as error:
        raise ConfigError(error.message, "Change nothing in it but what stands behind category.") from None


def filled(file: str | Path) -> bool:
    """Whether there is a file that holds more than topics which nobody has named yet."""
    path = Path(file)
    try:
        return path.exists() and any(topic.category for topic in _parsed(path))
    except ConfigError:
        return True


def applied(dataset: Dataset, named: Sequence[Topic], *, share: float = 0.5, seed: int = 0) -> dict[str, str]:
    """Account to category, of those that say something of one category's topics for ``share`` of what they
    say."""
    topics, ids, shares = discovered(dataset, len(named), words=len(named[0].words), seed=seed)
    if [topic.words for topic in topics] != [topic.words for topic in named]:
        raise UsageError(
            "The topics of this workspace are not those of the file: what accounts say, or the seed, has "
            "changed.",
            "Discover them anew, and name them again.",
        )
    categories = sorted({topic.category for topic in named if topic.category})
    member = np.array([[topic.category == c for c in categories] for topic in named], float)
    votes = shares @ member
    best = votes.argmax(axis=1)
    return {
        id: categories[b]
        for id, b, row in zip(ids.tolist(), best.tolist(), votes, strict=True)
        if row[b] >= share
    }


def source(dataset: Dataset) -> str:
    """'biographies' or 'captions': what topics are learned from."""
    return "biographies" if any(dataset.account_values("biography", dataset.influencers)) else "captions"


def _texts(dataset: Dataset) -> dict[str, str]:
    ids = dataset.influencers
    if source(dataset) == "biographies":
        found = {
            id: text
            for id, text in zip(ids.tolist(), dataset.account_values("biography", ids).tolist(), strict=True)
            if text
        }
    else:
        told: dict[str, list[str]] = {}
        for account, caption in zip(
            dataset.posts["account"].to_pylist(), dataset.posts["caption"].to_pylist(), strict=True
        ):
            if caption:
                told.setdefault(account, []).append(caption)
        found = {id: "\n".join(told[id]) for id in ids.tolist() if id in told}
    if not found:
        raise UsageError(
            "No influencer has a biography or captions to discover topics in.", "Import some of their posts."
        )
    return found
