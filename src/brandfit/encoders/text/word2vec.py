"""text.word2vec: the mean of the vectors of a caption's words and emoji (Mikolov et al. 2013), learned here
or from a file.

Learned from the captions of the workspace: skip-gram with negative sampling by Gensim, on one thread with a
seed, so that the same captions give the same vectors. Accounts of the official test split are left out unless
``transductive``. Or read from a file in word2vec's text or binary format or GloVe's, packed by gzip or not;
only the words that captions use are kept (text is read line by line, a binary file as a whole). A caption of
which no word is known has no row.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders.text._words import tokens, training_posts
from brandfit.encoders.text.base import TextConfig, TextEncoder
from brandfit.errors import ConfigError, MissingExtra, UsageError
from brandfit.progress import Progress


class Word2VecConfig(TextConfig, frozen=True):
    vectors: Annotated[
        str, Meta(description="file of vectors (word2vec text or .bin, GloVe; .gz too); empty: learned here")
    ] = ""
    dim: Annotated[int, Meta(description="length of a vector that is learned", ge=1, le=4096)] = 300
    window: Annotated[int, Meta(description="words before and after that a word is to tell", ge=1)] = 5
    min_count: Annotated[int, Meta(description="a word that occurs less often is not learned", ge=1)] = 5
    epochs: Annotated[int, Meta(description="passes over the captions", ge=1)] = 5
    negatives: Annotated[int, Meta(description="noise words that each is told apart from", ge=1)] = 5
    transductive: Annotated[
        bool, Meta(description="learn from the accounts of the official test split too")
    ] = False
    seed: Annotated[int, Meta(description="of the learning")] = 0


class Table(NamedTuple):
    """row of each word; vectors (v, dim) float32."""

    rows: dict[str, int]
    vectors: np.ndarray


class Word2Vec(TextEncoder):
    """Mean word vectors of captions; see the module."""

    Config = Word2VecConfig
    config: Word2VecConfig
    preference = 5
    neutral = ("vectors",)
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
        """Of the file, or of what is learned from and by what."""
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
        units = self.units(posts)
        self._sentences = [tokens(text) for _, text in sorted(zip(units.ids, units.contents, strict=True))]
        self.__dict__.pop("table", None)

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        result = np.full((len(batch), self.dim), np.nan, np.float32)
        for n, text in enumerate(batch):
            if rows := [self.table.rows[word] for word in tokens(text) if word in self.table.rows]:
                result[n] = self.table.vectors[rows].mean(axis=0)
        return result

    @cached_property
    def table(self) -> Table:
        """The vectors, learned or read when they are first asked for."""
        if self.config.vectors:
            return read_vectors(
                _file(self.config.vectors),
                {word for sentence in self._sentences for word in sentence}.__contains__,
            )
        known = Counter(word for sentence in self._sentences for word in sentence)
        if max(known.values(), default=0) < self.config.min_count:
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
    """The vectors of the wanted words of a file. Raises ConfigError, with the line of text that is not a
    vector."""
    if ".bin" in file.suffixes:
        try:
            found = _gensim().models.KeyedVectors.load_word2vec_format(
                str(file), binary=True, unicode_errors="replace"
            )
        except (ValueError, OSError, EOFError, MemoryError) as error:
            raise ConfigError(
                f"{file} is not a binary file of word vectors: {error}.", "Give it as word2vec wrote it."
            ) from None
        kept = [word for word in found.key_to_index if wanted(word)]
        return Table(
            {word: n for n, word in enumerate(kept)},
            np.asarray(found[kept] if kept else found.vectors[:0], np.float32),
        )
    rows: dict[str, int] = {}
    vectors: list[np.ndarray] = []
    dim = number = 0
    try:
        for number, line in _lines(file):
            word, *numbers = line.split(" ")
            if number == 1 and len(numbers) == 1:  # word2vec's first line: how many words, how many numbers
                continue
            dim = dim or len(numbers)
            if len(numbers) > dim > 0 and not any(
                map(_number, numbers[:-dim])
            ):  # some of GloVe's words have blanks
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
            "A line a word, then its numbers, apart by blanks.",
        ) from None
    return Table(rows, np.stack(vectors) if vectors else np.zeros((0, dim), np.float32))


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    with (
        gzip.open(file, "rt", encoding="utf-8")
        if file.suffix == ".gz"
        else file.open(encoding="utf-8") as lines
    ):
        for number, line in enumerate(lines, 1):
            yield number, line.rstrip()


def _file(path: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"Setting vectors={path!r}: there is no such file.", f"Looked for {file.absolute()}."
        )
    return file


def _reporter(progress: Progress, epochs: int) -> Any:
    """What gensim calls after each pass over the words."""

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
