"""text.lda: topics of captions: the share of each topic in the text (latent Dirichlet allocation, Blei 2003;
M-03, B-06).

A training document holds all captions of an account. Accounts of the official test split are left out of the
training (``transductive`` includes them; the topics then depend on the test data). The row of a post is the
distribution of its words over the topics, that of an account the mean of its posts. ``level=account`` gives
an account one row for all its words, as published, but this row includes posts that a split hides.

Words are those of English captions (``language``), with three letters or more, without stop words, in at
least ``min_accounts`` accounts and at most ``max_share`` of them. ``nouns`` names a list that they must be
in, such as WordNet's. Mentions are dropped.

tomotopy learns the topics by collapsed Gibbs sampling, on one thread with a seed, so that equal captions give
equal topics. A row is then inferred from the topics by the variational step of Hoffman et al. 2010 (Algorithm
1, 50 rounds). This draws no random number, so a row does not depend on other rows.

With ``topics=0`` the number is selected from ``TRIED``: of the numbers with a held-out perplexity (document
completion: half of the words is observed, the other half predicted) within 2 % of the lowest, the one with
the most coherent topics (u_mass). Columns are named by the first words of a topic.
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
)
from brandfit.encoders.text._words import (
    words as words_of,
)
from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import MissingExtra, UsageError
from brandfit.mappings import distinct_names, position_by_item
from brandfit.progress import Progress

TRIED = (10, 15, 20, 25, 30, 40)
AS_GOOD = 1.02
"""Factor of the lowest perplexity up to which a number of topics counts as equally good."""
ROUNDS = 50
"""Rounds of the inference of a row."""


class LDAConfig(TextConfig, frozen=True):
    topics: Annotated[
        int, Meta(description="number of topics; 0: chosen by perplexity and coherence", ge=0, le=1000)
    ] = 0
    level: Annotated[
        Literal["post", "account"],
        Meta(description="a row for each post, or one for all captions of an account"),
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
    """Words (v,), shares (k, v) of each word in each topic, prior (k,) of the topics in a document."""

    words: list[str]
    shares: np.ndarray
    prior: np.ndarray


class LDA(TextEncoder):
    """Topics of captions; see the module. After ``learn``, ``model`` holds the topics."""

    Config = LDAConfig
    config: LDAConfig
    preference = 5
    file_settings = ("nouns",)
    weights_cover_files = True
    stated_columns = ()
    learned_columns = True
    batch_size = 1024

    def __init__(self, config: LDAConfig | None = None) -> None:
        super().__init__(config)
        self._documents: list[list[str]] = []
        self._nouns = listed(self.config.nouns, "nouns") if self.config.nouns else None

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
        words = np.array(self.model.words, dtype=object)
        top = np.argsort(-self.model.shares, axis=1, kind="stable")[:, :3]  # (k, 3)
        names = [", ".join(words[row]) for row in top]
        # Column names must differ, so repeated ones get their number.
        return distinct_names(names)

    @property
    def weights(self) -> str:
        """Fingerprint of the training data and the library."""
        digest = hashlib.sha256(f"tomotopy {_tomotopy().__version__} {sorted(self._nouns or ())}".encode())
        for document in self._documents:
            digest.update(" ".join(document).encode() + b"\n")
        return digest.hexdigest()

    def learn(self, dataset: Dataset) -> None:
        posts = training_posts(dataset, self.config.transductive)
        units = super().units(posts)
        texts_by_account = by_account(posts, units.ids, map(self._counted_words, units.contents))
        self._documents = [" ".join(texts).split() for texts in texts_by_account.values()]
        self.__dict__.pop("model", None)

    def units(self, dataset: Dataset) -> Units:
        units = super().units(dataset)
        if self.config.level == "post":
            return units
        texts_by_account = by_account(dataset, units.ids, units.contents)
        return Units(list(texts_by_account), list(map("\n".join, texts_by_account.values())))

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        # Lines are separate captions, because each has its own language.
        documents = [" ".join(map(self._counted_words, text.split("\n"))).split() for text in batch]
        return infer(self.model, documents)

    @cached_property
    def model(self) -> Topics:
        """The topics, learned on first use."""
        words = vocabulary(self._documents, self.config.min_accounts, self.config.max_share)
        if not words:
            raise UsageError(
                f"text.lda has nothing to learn from: no word is used by {self.config.min_accounts} accounts "
                "or more.",
                "Import more captions, or lower min_accounts, or set language to theirs.",
            )
        in_vocabulary = set(words).__contains__
        by_vocabulary = (list(filter(in_vocabulary, document)) for document in self._documents)
        documents = [document for document in by_vocabulary if document]
        n_topics = self.config.topics or select_n_topics(documents, self.config, self.progress)
        return fit_topics(documents, n_topics, self.config)

    def _counted_words(self, text: str) -> str:
        """The words of a caption that count, separated by blanks; '' for another language."""
        if not in_language(text, self.config.language):
            return ""
        stop, nouns = stop_words(), self._nouns
        return " ".join(
            word
            for word in words_of(text)
            if len(word) >= 3 and word not in stop and (nouns is None or word in nouns)
        )


def fit_topics(documents: Sequence[Sequence[str]], n_topics: int, config: LDAConfig) -> Topics:
    """Topics of documents by collapsed Gibbs sampling; the prior of the topics in a document is learned
    too."""
    return _topics(_sample(documents, n_topics, config))


def select_n_topics(
    documents: Sequence[Sequence[str]], config: LDAConfig, progress: Progress | None = None
) -> int:
    """The best number of topics in TRIED; see the module. One document in ten is held out."""
    held_out = documents[::10]
    training = [document for n, document in enumerate(documents) if n % 10]
    tried = [k for k in TRIED if k < len(training)]
    if not tried:
        return 2
    perplexities, coherences = np.zeros(len(tried)), np.zeros(len(tried))
    for n, n_topics in enumerate(tried):
        if progress:
            progress(n, len(tried) + 1)
        model = _sample(training, n_topics, config)
        perplexities[n] = perplexity(_topics(model), held_out)
        coherences[n] = _tomotopy().coherence.Coherence(model, coherence="u_mass", top_n=10).get_score()
    # Of equally good numbers the most coherent; of equally coherent ones the smallest, which is the first.
    is_good = perplexities <= AS_GOOD * perplexities.min()
    return tried[int(np.argmax(np.where(is_good, coherences, -np.inf)))]


def perplexity(model: Topics, documents: Sequence[Sequence[str]]) -> float:
    """Perplexity of every second word of the documents, given topics inferred from the other words. Lower is
    better."""
    theta = infer(model, [document[::2] for document in documents], default=True)  # (n, k)
    predicted = _counts(model, [document[1::2] for document in documents]).tocoo()
    # (nonzero,) probability of each distinct word of a document
    probabilities = np.einsum("nk,kn->n", theta[predicted.row], model.shares[:, predicted.col])
    log_likelihood = (predicted.data * np.log(probabilities)).sum()
    return float(np.exp(-log_likelihood / max(predicted.data.sum(), 1)))


def infer(model: Topics, documents: Sequence[Sequence[str]], default: bool = False) -> np.ndarray:
    """(n, k) shares of the topics in documents. A document without a known word gets NaN, or the prior with
    ``default``."""
    counts = _counts(model, documents)  # (n, v)
    rows = np.repeat(np.arange(len(documents)), np.diff(counts.indptr))  # (nonzero,)
    word_shares = model.shares.T[counts.indices]  # (nonzero, k)
    # Variational parameters of the Dirichlet posterior, (n, k), started at equal shares of the words.
    gamma = model.prior + np.asarray(counts.sum(axis=1)).reshape(-1, 1) / len(model.prior)
    # (n, nonzero): sums the responsibilities of the words of a document, by their counts
    gather = sparse.csr_matrix(
        (counts.data, np.arange(len(rows)), counts.indptr), shape=(len(documents), len(rows))
    )
    for _ in range(ROUNDS if len(rows) else 0):
        weight = np.exp(psi(gamma) - psi(gamma.sum(axis=1, keepdims=True)))
        joint = weight[rows] * word_shares  # (nonzero, k)
        gamma = model.prior + gather @ (joint / joint.sum(axis=1, keepdims=True))
    shares = gamma / gamma.sum(axis=1, keepdims=True)
    if not default:
        shares[np.diff(counts.indptr) == 0] = np.nan
    return np.asarray(shares)


def _counts(model: Topics, documents: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """(n, v) counts of the known words of documents."""
    column_by_word = position_by_item(model.words)
    rows: list[int] = []
    columns: list[int] = []
    for row, document in enumerate(documents):
        known = [column_by_word[word] for word in document if word in column_by_word]
        rows += [row] * len(known)
        columns += known
    positions = (np.array(rows, np.int64), np.array(columns, np.int64))
    counts = sparse.csr_matrix((np.ones(len(rows)), positions), shape=(len(documents), len(column_by_word)))
    counts.sum_duplicates()
    return counts


def _sample(documents: Sequence[Sequence[str]], n_topics: int, config: LDAConfig) -> Any:
    """A trained model of tomotopy."""
    model = _tomotopy().LDAModel(k=n_topics, seed=config.seed, min_cf=0)
    for document in documents:
        model.add_doc(document)
    model.train(config.rounds, workers=1, show_progress=False)
    return model


def _topics(model: Any) -> Topics:
    """The topics of a trained model of tomotopy."""
    # float32 shares do not sum to one exactly, so they are normalised.
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
