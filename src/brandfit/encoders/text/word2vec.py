"""text.word2vec: the mean of the vectors of a caption's words and emoji (Mikolov et al. 2013), learned here
or from a file.

Vectors are learned from the captions of the workspace: skip-gram with negative sampling by Gensim, on one
thread with a seed, so that equal captions give equal vectors. Accounts of the official test split are left
out unless ``transductive``. Or vectors are read from a file in the text or binary format of word2vec or in
that of GloVe, packed by gzip or not; only words of captions are loaded (text line by line, a binary file at
once). A caption without a known word gets no row.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._words import open_text, tokens, training_posts
from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra, UsageError
from brandfit.mappings import position_by_item
from brandfit.progress import Progress


class Word2VecConfig(TextConfig, frozen=True):
    vectors: Annotated[
        str, Meta(description="file of vectors (word2vec text or .bin, GloVe; .gz too); empty: learned here")
    ] = ""
    dim: Annotated[int, Meta(description="length of a vector that is learned", ge=1, le=4096)] = 300
    window: Annotated[int, Meta(description="words before and after that a word predicts", ge=1)] = 5
    min_count: Annotated[int, Meta(description="a word that occurs less often is not learned", ge=1)] = 5
    epochs: Annotated[int, Meta(description="passes over the captions", ge=1)] = 5
    negatives: Annotated[int, Meta(description="noise words for each word", ge=1)] = 5
    transductive: Annotated[
        bool, Meta(description="learn from the accounts of the official test split too")
    ] = False
    seed: Annotated[int, Meta(description="of the learning")] = 0


class Table(NamedTuple):
    """Row of each word; vectors (v, dim) float32."""

    rows: dict[str, int]
    vectors: np.ndarray


class Word2Vec(TextEncoder):
    """Mean word vectors of captions; see the module."""

    Config = Word2VecConfig
    config: Word2VecConfig
    preference = 5
    neutral = file_settings = ("vectors",)
    weights_cover_files = True
    batch_size = 1024

    def __init__(self, config: Word2VecConfig | None = None) -> None:
        super().__init__(config)
        self._sentences: list[list[str]] = []

    @property
    def transductive(self) -> bool:
        return self.config.transductive

    @property
    def dim(self) -> int:
        return self.table.vectors.shape[1]

    @property
    def weights(self) -> str:
        """Fingerprint of the file, or of the training data and the library."""
        if self.config.vectors:
            with _file(self.config.vectors).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(f"gensim {_gensim().__version__}".encode())
        for sentence in self._sentences:
            digest.update(" ".join(sentence).encode() + b"\n")
        return digest.hexdigest()

    @property
    def learned_from(self) -> tuple[str, ...]:
        return () if self.config.vectors else super().learned_from

    def learn(self, dataset: Dataset) -> None:
        posts = dataset if self.config.vectors else training_posts(dataset, self.config.transductive)
        # Sorted by id, so that training does not depend on the order of rows.
        units = self.units(posts)
        self._sentences = [tokens(text) for _, text in sorted(zip(units.ids, units.contents, strict=True))]
        self.__dict__.pop("table", None)

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        # (n, dim) mean over the known words
        result = np.full((len(batch), self.dim), np.nan, np.float32)
        for n, text in enumerate(batch):
            rows = [self.table.rows[word] for word in tokens(text) if word in self.table.rows]
            if rows:  # else the row stays NaN: no word is known
                result[n] = self.table.vectors[rows].mean(axis=0)
        return result

    @cached_property
    def table(self) -> Table:
        """The vectors, learned or read on first use."""
        # Of a file, only the words of captions are loaded.
        counts = Counter(itertools.chain.from_iterable(self._sentences))
        if self.config.vectors:
            return read_vectors(_file(self.config.vectors), counts.__contains__)
        if max(counts.values(), default=0) < self.config.min_count:
            raise UsageError(
                f"text.word2vec has nothing to learn from: no word occurs {self.config.min_count} times.",
                "Import more captions, lower min_count, or name a file of vectors: --set vectors=FILE",
            )
        model = _gensim().models.Word2Vec(
            self._sentences,
            vector_size=self.config.dim,
            window=self.config.window,
            min_count=self.config.min_count,
            epochs=self.config.epochs,
            negative=self.config.negatives,
            sg=1,
            seed=self.config.seed,
            workers=1,
            callbacks=[_reporter(self.progress, self.config.epochs)] if self.progress else (),
        )
        return Table(dict(model.wv.key_to_index), np.asarray(model.wv.vectors, np.float32))


def read_vectors(file: Path, wanted: Callable[[str], Any]) -> Table:
    """The vectors of the wanted words of a file. Raises ConfigError, with the number of a wrong line."""
    return _read_binary(file, wanted) if ".bin" in file.suffixes else _read_text(file, wanted)


def _read_binary(file: Path, wanted: Callable[[str], Any]) -> Table:
    try:
        vectors = _gensim().models.KeyedVectors.load_word2vec_format(
            str(file), binary=True, unicode_errors="replace"
        )
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise ConfigError(
            f"{file} is not a binary file of word vectors: {error}.", "Use the file as word2vec wrote it."
        ) from None
    words = list(filter(wanted, vectors.key_to_index))
    values = vectors[words] if words else vectors.vectors[:0]
    return Table(position_by_item(words), np.asarray(values, np.float32))


def _read_text(file: Path, wanted: Callable[[str], Any]) -> Table:
    rows: dict[str, int] = {}
    vectors: list[np.ndarray] = []
    dim = number = 0
    try:
        for number, line in _lines(file):
            word, *numbers = line.split(" ")
            if number == 1 and len(numbers) == 1:  # word2vec's header: count of words and of numbers
                continue
            dim = dim or len(numbers)
            # Some of GloVe's words contain blanks.
            if len(numbers) > dim > 0 and not any(map(_is_number, numbers[:-dim])):
                word, *numbers = line.rsplit(" ", dim)
            if len(numbers) != dim or not dim:
                raise ConfigError(
                    f"{file}, line {number}: expected {dim or 'some'} numbers after the word, found "
                    f"{len(numbers)}."
                )
            if wanted(word) and word not in rows:
                rows[word] = len(vectors)
                vectors.append(np.array(numbers, np.float32))
    except (ValueError, OSError, EOFError) as error:
        raise ConfigError(
            f"{file} is not a file of word vectors: line {number}: {error}.",
            "Each line must be a word and its numbers, separated by blanks.",
        ) from None
    return Table(rows, np.stack(vectors) if vectors else np.zeros((0, dim), np.float32))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with open_text(file) as lines:
        for number, line in enumerate(lines, 1):
            yield number, line.rstrip()


def _file(path: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting vectors={path!r}: there is no such file.", f"Its full path is {file.absolute()}."
        )
    return file


def _reporter(progress: Progress, epochs: int) -> Any:
    """A callback of gensim that reports each epoch."""

    class Reporter(_gensim().models.callbacks.CallbackAny2Vec):  # type: ignore[misc]
        done = 0

        def on_train_begin(self, model: Any) -> None:
            progress(0, epochs)

        def on_epoch_end(self, model: Any) -> None:
            self.done += 1
            progress(self.done, epochs)

    return Reporter()


def _gensim() -> Any:
    try:
        import gensim
    except ImportError:
        raise MissingExtra("text.word2vec", "text") from None
    return gensim
