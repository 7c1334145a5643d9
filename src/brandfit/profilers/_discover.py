"""Discovery of categories: topics of biographies, which a person reads and names (D-13)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from brandfit.config import from_toml
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text.lda import LDA, LDAConfig
from brandfit.errors import ConfigError, UsageError

MANY_ACCOUNTS = 200
"""Accounts from which on a word must be used by five of them, not by two."""


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words by descending weight; accounts with it as main topic; the category that a person gave it, or
    ''."""

    words: list[str]
    accounts: int
    category: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of topics."""

    topics: list[Topic]


class Discovered(NamedTuple):
    """k topics, account ids (n,), and the share (n, k) of each topic in the text of an account."""

    topics: list[Topic]
    ids: np.ndarray
    shares: np.ndarray


def discover_topics(dataset: Dataset, topics: int = 10, *, words: int = 10, seed: int = 0) -> Discovered:
    """Topics of the biographies of influencers, or of their captions if no influencer has a biography.

    Raises UsageError if there are too few texts.
    """
    texts = _texts(dataset)
    if topics > len(texts):
        raise UsageError(
            f"There are {topics:,} topics for {len(texts):,} accounts with text.", "Ask for fewer topics."
        )
    # The encoder reads captions, so each text is a post of its account.
    posts = [Post(id=id, account=id, caption=text) for id, text in texts.items()]
    accounts = [Account(id=id) for id in texts]
    at_least = 5 if len(texts) >= MANY_ACCOUNTS else 2
    config = LDAConfig(
        topics=topics, level="account", seed=seed, min_accounts=at_least, language="", rounds=200
    )
    encoder = LDA(config)
    features = encoder.encode(Dataset.from_rows(accounts, posts))
    shares = np.asarray(features.values)  # (n, topics)
    main_topic = shares.argmax(axis=1) if len(shares) else np.zeros(0, np.int64)
    n_accounts = np.bincount(main_topic, minlength=topics)
    vocabulary = np.array(encoder.model.words, dtype=object)
    # Accounts by their main topic show a person how large each topic is.
    result = []
    for word_shares, n in zip(encoder.model.shares, n_accounts, strict=True):
        top_words = vocabulary[np.argsort(-word_shares, kind="stable")[:words]]
        result.append(Topic(top_words.tolist(), int(n)))
    return Discovered(result, features.ids, shares)


def to_toml(topics: Sequence[Topic], source: str) -> str:
    """A TOML file for a person to fill in."""
    lines = [
        f"# Topics of {source}. Write a category for each topic that is one, the same for topics that belong",
        '# together; leave "" for the others. Then: brandfit profile discover --apply THIS_FILE --out '
        "labels.csv",
    ]
    for topic in topics:
        words = ", ".join(map('"{}"'.format, topic.words))
        lines += [
            "",
            "[[topics]]",
            f"words = [{words}]",
            f"accounts = {topic.accounts}",
            f'category = "{topic.category}"',
        ]
    return "\n".join(lines) + "\n"


def read(file: str | Path) -> list[Topic]:
    """Topics of a file that ``to_toml`` wrote and a person filled in. Raises ConfigError."""
    topics = _parse(file)
    if not any(topic.category for topic in topics):
        raise ConfigError(
            f"{file}: no topic has a category yet.",
            "Write a category for each topic that is one, then apply the file.",
        )
    return topics


def _parse(file: str | Path) -> list[Topic]:
    try:
        return from_toml(file, Named).topics
    except ConfigError as error:
        raise ConfigError(error.message, "Change only the values of category in it.") from None


def is_filled_in(file: str | Path) -> bool:
    """Whether a file exists and is more than a list of topics without categories."""
    path = Path(file)
    try:
        return path.exists() and any(topic.category for topic in _parse(path))
    except ConfigError:
        return True


def label_accounts(
    dataset: Dataset, named: Sequence[Topic], *, share: float = 0.5, seed: int = 0
) -> dict[str, str]:
    """Account to category, for accounts whose text belongs to the topics of a category by at least
    ``share``."""
    topics, ids, shares = discover_topics(dataset, len(named), words=len(named[0].words), seed=seed)
    # Topics are learned again, from the same texts and seed; the file only names them.
    if [topic.words for topic in topics] != [topic.words for topic in named]:
        raise UsageError(
            "The topics of this workspace are not those of the file: the texts of accounts, or the seed, "
            "have changed.",
            "Discover topics again, and name them again.",
        )
    categories = sorted({topic.category for topic in named if topic.category})
    # (topics, categories); a topic without a category votes for none
    is_member = np.array([topic.category for topic in named])[:, None] == np.array(categories)
    votes = shares @ is_member  # (n, categories)
    best = votes.argmax(axis=1)
    has_category = votes.max(axis=1) >= share
    return {id: categories[b] for id, b in zip(ids[has_category], best[has_category].tolist(), strict=True)}


def source(dataset: Dataset) -> str:
    """The texts that topics are learned from: 'biographies' or 'captions'."""
    return "biographies" if any(dataset.account_values("biography", dataset.influencers)) else "captions"


def _texts(dataset: Dataset) -> dict[str, str]:
    """Influencer to text, without those that have none."""
    ids = dataset.influencers.tolist()
    texts: dict[str, list[str]] = {id: [] for id in ids}
    if source(dataset) == "biographies":
        for id, biography in zip(ids, dataset.account_values("biography", dataset.influencers), strict=True):
            texts[id].append(biography or "")
    else:
        columns = column_lists(dataset.posts, ("account", "caption"))
        for account, caption in zip(*columns, strict=True):
            if caption and account in texts:
                texts[account].append(caption)
    result = {id: "\n".join(of_account) for id, of_account in texts.items() if any(of_account)}
    if not result:
        raise UsageError(
            "No influencer has a biography or captions to discover topics in.", "Import some of their posts."
        )
    return result
