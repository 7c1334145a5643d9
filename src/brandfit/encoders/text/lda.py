"""text.lda: topics of captions: the share of each topic in what is said (latent Dirichlet allocation, Blei
2003; M-03, B-06).

The topics are learned from accounts: all captions of one make a document. Accounts of the official test split
are left out of the learning (``transductive`` lets them in: then the topics have seen what they are tested
on). A post's row says how its words are spread over the topics, and an account's the mean of its posts';
``level=account`` gives an account one row of all its words, as published, but then what a split hides of it
is seen all the same.

Words are those of English captions (``language``), of three letters or more, without stop words, in at least
``min_accounts`` accounts and at most ``max_share`` of them; ``nouns`` names a list that they must be in, such
as WordNet's. Mentions are dropped.

tomotopy learns the topics by collapsed Gibbs sampling, on one thread with a seed: the same captions give the
same topics. A row is then inferred from the topics alone, by the variational step of Hoffman et al. 2010
(Algorithm 1, 50 rounds): no number is drawn, so that it depends on nothing else that is encoded. With
``topics=0`` their number is chosen: of those in TRIED whose held-out perplexity (document completion: one
half of the words told, the other asked) is within 2 % of the lowest, the one with the most coherent topics
(u_mass). Columns are named by the first words of a topic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from msgspec import Meta
from scipy import sparse
from scipy.special import psi

from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Units
from brandfit.encoders.text._words import (
    by_account,
    in_language,
    listed,
    stop_words,
    training_posts,
    vocabulary,
    words,
)
from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import MissingExtra, UsageError
from brandfit.progress import Progress

TRIED = (10, 15, 20, 25, 30, 40)
AS_GOOD = 1.02
ROUNDS = 50


class LDAConfig(TextConfig, frozen=True):
    topics: Annotated[
        int, Meta(description="number of topics; 0: chosen by perplexity and coherence", ge=0, le=1000)
    ] = 0
    level: Annotated[
        Literal["post", "account"], Meta(description="a row a post, or one an account of all that it says")
    ] = "post"
    language: Annotated[
        str, Meta(description="ISO 639-1 code of the captions that are read; empty: any language")
    ] = "en"
    nouns: Annotated[
        str,
        Meta(
            description="file of words, one a line or WordNet's JSON lines; no other word is read; or empty"
        ),
    ] = ""
    min_accounts: Annotated[int, Meta(description="a word that fewer accounts use is not read", ge=1)] = 5
    max_share: Annotated[
        float, Meta(description="a word that a larger share of accounts uses is not read", gt=0, le=1)
    ] = 0.3
    rounds: Annotated[int, Meta(description="rounds of sampling", ge=1, le=100_000)] = 300
    transductive: Annotated[
        bool, Meta(description="learn from the accounts of the official test split too")
    ] = False
    seed: Annotated[int, Meta(description="of the sampling")] = 0


class Topics(NamedTuple):
    """words (v,), shares (k, v) of each word in each topic, prior (k,) of the topics in a document."""

    words: list[str]
    shares: np.ndarray
    prior: np.ndarray


class LDA(TextEncoder):
    """Topics of captions; see the module. After ``learn`` the topics are at ``model``."""

    Config = LDAConfig
    config: LDAConfig
    preference = 5
    stated_columns = ()
    learned_columns = True
    batch_size = 1024

    def __init__(self, config: LDAConfig | None = None) -> None:
        super().__init__(config)
        self._documents: list[list[str]] = []
        self._keep = listed(self.config.nouns, "nouns") if self.config.nouns else None

    @property
    def level(self) -> Literal["post", "account"]:  # type: ignore[override]
        return self.config.level

    @property
    def transductive(self) -> bool:
        return self.config.transductive

    @property
    def dim(self) -> int:
        return len(self.model.prior)

    @property
    def columns(self) -> tuple[str, ...]:
        first = [
            ", ".join(self.model.words[w] for w in np.argsort(-topic, kind="stable")[:3])
            for topic in self.model.shares
        ]
        return tuple(f"{name} ({n})" if first.count(name) > 1 else name for n, name in enumerate(first))

    @property
    def weights(self) -> str:
        """Of what the topics are learned from, and by what."""
        digest = hashlib.sha256(f"tomotopy {_tomotopy().__version__} {sorted(self._keep or ())}".encode())
        for document in self._documents:
            digest.update(" ".join(document).encode() + b"\n")
        return digest.hexdigest()

    def learn(self, dataset: Dataset) -> None:
        posts = training_posts(dataset, self.config.transductive)
        units = super().units(posts)
        found = by_account(posts, units.ids, map(self._read, units.contents))
        self._documents = [[word for text in texts for word in text.split()] for texts in found.values()]
        self.__dict__.pop("model", None)

    def units(self, dataset: Dataset) -> Units:
        units = super().units(dataset)
        if self.config.level == "post":
            return units
        found = by_account(dataset, units.ids, units.contents)
        return Units(list(found), ["\n".join(texts) for texts in found.values()])

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        return spread(
            self.model,
            [[word for line in text.split("\n") for word in self._read(line).split()] for text in batch],
        )

    @cached_property
    def model(self) -> Topics:
        """The topics, learned when they are first asked for."""
        known = vocabulary(self._documents, self.config.min_accounts, self.config.max_share)
        if not known:
            raise UsageError(
                f"text.lda has nothing to learn from: no word is used by {self.config.min_accounts} accounts "
                "or more.",
                "Import more captions, or lower min_accounts, or set language to theirs.",
            )
        inside = set(known)
        documents = [
            kept for document in self._documents if (kept := [word for word in document if word in inside])
        ]
        return learned(
            documents, self.config.topics or chosen(documents, self.config, self.progress), self.config
        )

    def _read(self, text: str) -> str:
        """The words that count, apart by blanks."""
        if not in_language(text, self.config.language):
            return ""
        stop = stop_words()
        found = [word for word in words(text) if len(word) >= 3 and word not in stop]
        return " ".join(word for word in found if self._keep is None or word in self._keep)


def learned(documents: Sequence[Sequence[str]], topics: int, config: LDAConfig) -> Topics:
    """Topics of documents by collapsed Gibbs sampling; the prior of the topics in a document is learned
    too."""
    return _topics(_sampled(documents, topics, config))


def chosen(documents: Sequence[Sequence[str]], config: LDAConfig, progress: Progress | None = None) -> int:
    """The number of topics of TRIED; see the module. One document of ten is held out."""
    held, told = documents[::10], [document for n, document in enumerate(documents) if n % 10]
    found: dict[int, tuple[float, float]] = {}
    tried = [k for k in TRIED if k < len(told)]
    for topics in tried:
        if progress:
            progress(len(found), len(tried) + 1)
        model = _sampled(told, topics, config)
        coherence = _tomotopy().coherence.Coherence(model, coherence="u_mass", top_n=10).get_score()
        found[topics] = perplexity(_topics(model), held), coherence
    if not found:
        return 2
    best = min(value for value, _ in found.values())
    return (
        max((coherence, -topics) for topics, (value, coherence) in found.items() if value <= AS_GOOD * best)[
            1
        ]
        * -1
    )


def perplexity(model: Topics, documents: Sequence[Sequence[str]]) -> float:
    """Of every second word of the documents, the topics of each inferred from its other words. Lower is
    better."""
    theta = spread(model, [document[::2] for document in documents], default=True)
    asked = _counts(model, [document[1::2] for document in documents]).tocoo()
    chances = np.einsum("nk,kn->n", theta[asked.row], model.shares[:, asked.col])
    return float(np.exp(-(asked.data * np.log(chances)).sum() / max(asked.data.sum(), 1)))


def spread(model: Topics, documents: Sequence[Sequence[str]], default: bool = False) -> np.ndarray:
    """(n, k) shares of the topics in documents; NaN, or with ``default`` the prior, where no word is
    known."""
    counts = _counts(model, documents)
    rows = np.repeat(np.arange(len(documents)), np.diff(counts.indptr))
    likely = model.shares.T[counts.indices]  # (nonzero, k)
    gamma = model.prior + np.asarray(counts.sum(axis=1)).reshape(-1, 1) / len(model.prior)
    gather = sparse.csr_matrix(
        (counts.data, np.arange(len(rows)), counts.indptr), shape=(len(documents), len(rows))
    )
    for _ in range(ROUNDS if len(rows) else 0):
        weight = np.exp(psi(gamma) - psi(gamma.sum(axis=1, keepdims=True)))
        each = weight[rows] * likely
        gamma = model.prior + gather @ (each / each.sum(axis=1, keepdims=True))
    found = gamma / gamma.sum(axis=1, keepdims=True)
    if not default:
        found[np.diff(counts.indptr) == 0] = np.nan
    return np.asarray(found)


def _counts(model: Topics, documents: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    number = {word: n for n, word in enumerate(model.words)}
    pairs = [
        (row, number[word]) for row, document in enumerate(documents) for word in document if word in number
    ]
    row, column = np.array(pairs, np.int64).reshape(-1, 2).T
    counts = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(documents), len(number)))
    counts.sum_duplicates()
    return counts


def _sampled(documents: Sequence[Sequence[str]], topics: int, config: LDAConfig) -> Any:
    model = _tomotopy().LDAModel(k=topics, seed=config.seed, min_cf=0)
    for document in documents:
        model.add_doc(document)
    model.train(config.rounds, workers=1, show_progress=False)
    return model


def _topics(model: Any) -> Topics:
    """What a model of tomotopy has learned."""
    shares = np.stack([model.get_topic_word_dist(k) for k in range(model.k)]).astype(np.float64)
    return Topics(
        list(model.used_vocabs), shares / shares.sum(axis=1, keepdims=True), np.array(model.alpha, np.float64)
    )


def _tomotopy() -> Any:
    try:
        import tomotopy
        import tomotopy.coherence
    except ImportError:
        raise MissingExtra("text.lda", "text") from None
    return tomotopy
