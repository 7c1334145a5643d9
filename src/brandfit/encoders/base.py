"""What every encoder is: authors write ``units`` and ``encode_batch``; callers get batching, caching and
resume.

A *unit* is what is encoded at once: a caption, a picture, a row of numbers. The value of a post or account is
the mean of its units (a post with three pictures has three). Equal units are encoded once; a unit that cannot
be encoded is left out, and an id without any unit is not in the Features.
"""

from __future__ import annotations

import builtins
import hashlib
import itertools
import mmap
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
from scipy import sparse

from brandfit import config as settings
from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.features import Contents, Features, Level
from brandfit.errors import BrandfitError
from brandfit.progress import Progress

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""A map in order; a lazy one that runs ahead in threads (``compute.local.thread_map``) keeps an encoder
fed."""

IN_MEMORY = 64 * 2**20
"""Bytes of a matrix that is held in memory; a larger one lies in a temporary file (in TMPDIR)."""
ROWS_AT_ONCE = 8192


class Units(NamedTuple):
    """Contents to encode and the id that each belongs to, aligned: ``contents[n]`` is a unit of ``ids[n]``.

    A content is a small msgpack-able value that says all that the encoding depends on: the text itself, or
    the hash of a picture. An id may come with several.
    """

    ids: Sequence[str]
    contents: Sequence[Any]


class Gap(NamedTuple):
    """Ids of posts or accounts whose content the Features do not cover.

    new      with content, and not encoded yet
    changed  encoded, and the content is another one by now, or gone
    """

    new: list[str]
    changed: list[str]


class Store(Protocol):
    """Where encoded units and finished matrices are kept (a workspace; ``None`` keeps nothing)."""

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Chunks of what this maker has encoded before: hashes (n, 16) uint8, values (n, dim) float32."""

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        """Keep a chunk, whole or not at all."""

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        """Note what a maker is (``Encoder.about``): who forgets an account, or removes what nothing uses,
        must know."""

    def load(self, name: str, key: str) -> Features | None:
        """The finished Features of this key."""

    def checkpoint(self, name: str) -> Path:
        """Folder in which a training of this name leaves off and goes on."""

    def save(self, features: Features) -> Features:
        """Keep finished Features; returns them as they lie on disk (memory-mapped)."""

    def note_covered(self, features: Features, fingerprint: str) -> None:
        """Note that these Features cover all rows of the Dataset with this fingerprint."""


class Encoder(ABC):
    """Posts or accounts to numbers. One encoder is one file."""

    kind: ClassVar[str] = "encoder"
    Config: ClassVar[type[settings.Config]] = settings.Config
    neutral: ClassVar[tuple[str, ...]] = ()
    """Settings that change no number (device, threads, where a file lies): what was encoded under others
    stays good."""
    level: ClassVar[Level] = "post"
    slot: ClassVar[str] = "text"
    """The slot of a ranker that these Features fill unless a setting says otherwise."""
    preference: ClassVar[int] = 10
    """Of several Features for one slot, a ranker that is not told otherwise reads those of the highest
    preference."""
    sentences: ClassVar[bool] = False
    """Of text: whether texts that mean the same are near to each other, whatever their words."""
    learned_columns: ClassVar[bool] = False
    """Whether columns are named after what accounts write (hashtags, mentions, words of topics)."""
    hears: ClassVar[bool] = False
    """Whether the row of a post is made of what others say."""
    version: ClassVar[int] = 1
    """Raised by one when the code changes what it computes."""
    batch_size: ClassVar[int] = 256
    chunk_size: ClassVar[int] = 4096
    """Units kept at once: what a killed run loses at most."""

    def __init__(self, config: settings.Config | None = None) -> None:
        self.config = config if config is not None else self.Config.from_settings({})
        self.progress: Progress | None = None
        """For what learns long: to be called while it does."""
        self.folder: Path | None = None
        """For what learns long: where it may keep a checkpoint, named by ``maker``."""
        self.mapper: Map = builtins.map
        """For what learns from much: the map that ``encode`` was given."""

    @property
    def name(self) -> str:
        return registry.name_of("encoder", type(self))

    @property
    @abstractmethod
    def dim(self) -> int: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, where a number means something to a person."""
        return ()

    @property
    def stated_columns(self) -> tuple[str, ...]:
        """Column names that the settings decide and ``maker`` does not cover; () where they are learned."""
        return self.columns

    @property
    def weights(self) -> str:
        """Fingerprint of the weights, '' where there are none."""
        return ""

    @property
    def stateless(self) -> bool:
        """Whether it learns nothing from the data, so that it can read anything anew."""
        return type(self).learn is Encoder.learn

    @property
    def learned_from(self) -> tuple[str, ...]:
        """What it was fitted on (``Features.learned_from``)."""
        if self.stateless:
            return ()
        return ("all accounts",) if self.transductive else ("accounts",)

    @property
    def transductive(self) -> bool:
        """Whether ``learn`` reads the accounts of the official test split too."""
        return False

    @property
    def maker(self) -> str:
        """Who makes the numbers: a hash of name, version, config (but for what is ``neutral``) and
        weights."""
        config = {name: value for name, value in self.config.to_dict().items() if name not in self.neutral}
        made = [self.name, self.version, config, self.weights]
        return hashlib.sha256(msgspec.json.encode(made, order="sorted")).hexdigest()[:32]

    @property
    def about(self) -> dict[str, Any]:
        """The encoder and its settings, as they are noted of a maker."""
        return {"encoder": self.name, "config": self.config.to_dict()}

    def learn(self, dataset: Dataset) -> None:  # noqa: B027
        """Note what is to be learned from the data (topics, a vocabulary); called before ``units``. Most
        encoders learn nothing.

        A fingerprint of what is learned from goes into ``weights``; learning itself can wait until
        ``encode_batch`` or ``columns`` asks for it, so that what the store holds is not learned again.
        """

    @abstractmethod
    def units(self, dataset: Dataset) -> Units:
        """What there is to encode. Posts or accounts without content are left out."""

    def prepare(self, dataset: Dataset, content: Any) -> Any:
        """What ``encode_batch`` needs of one content (a decoded picture), made ahead, in threads; None if it
        cannot be encoded."""
        return content

    @abstractmethod
    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        """(n, dim) float32 of n prepared contents; a row that is not finite is a content that says nothing,
        and is left out."""

    def cost(self, content: Any) -> float:
        """Contents are encoded in the order of their cost, so that a batch holds like with like (text by its
        length)."""
        return 0.0

    def encode(
        self,
        dataset: Dataset,
        store: Store | None = None,
        *,
        progress: Progress | None = None,
        map: Map = builtins.map,
        learn: bool = True,
        only: Collection[str] | None = None,
    ) -> Features:
        """Features of all posts or accounts of a Dataset. ``learn=False``: by what was learned before, of
        another one. ``only``: of these ids alone, without a store.

        What the store already holds is not computed again. Contents that cannot be prepared are tried again
        the next time (a picture may be back); the key of the result says what is in it, not what was asked
        for.
        """
        self.progress, self.folder, self.mapper = (
            progress,
            store.checkpoint(self.name) if store is not None else None,
            map,
        )
        if learn:
            self.learn(dataset)
        units = self.units(dataset)
        if only is not None:
            units = _select_units(units, only)
        hashes = _hashes(units.contents)
        ids = np.asarray(units.ids, dtype=object)
        if store is not None and (found := store.load(self.name, self._key(ids, hashes))) is not None:
            if found.contents is None:  # an earlier version encoded it
                found = store.save(replace(found, contents=_contents(found, ids, hashes)))
            store.note_covered(found, dataset.fingerprint)
            return found
        if store is not None:
            store.note_maker(self.maker, self.about)
        unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        rows, encoded = self._rows(
            dataset, unique, contents=Picked(units.contents, first), store=store, progress=progress, map=map
        )
        unit = inverse.ravel()
        good = encoded[unit]
        owners = pa.array(ids[good], pa.string()).dictionary_encode()
        features = Features(
            name=self.name,
            ids=owners.dictionary.to_numpy(zero_copy_only=False),
            values=_means(owners.indices.to_numpy(), unit[good], n=len(owners.dictionary), rows=rows).values,
            level=self.level,
            columns=self.columns,
            key=self._key(ids[good], hashes[good]),
            slot=self.slot,
            learned_from=self.learned_from,
        )
        features = replace(features, contents=_contents(features, ids, hashes))
        if store is None:
            return features
        kept = store.save(features)
        store.note_covered(kept, dataset.fingerprint)
        return kept

    def gap(self, dataset: Dataset, features: Features) -> Gap:
        """Ids of the posts or accounts of a Dataset that these Features, which this encoder made, do not
        cover.

        Nothing is learned or encoded, and no weights are read. Where the contents of the Features were not
        recorded, ids without a row count as new, and changed ones are not found.
        """
        units = self.units(dataset)
        hashes = _hashes(units.contents)
        ids = np.asarray(units.ids, dtype=object)
        with_content, digests = _digests(ids, hashes)  # (i,) each
        row = features.rows_of(with_content)  # (i,) -1 where it has none
        contents = features.contents
        if contents is None:
            unchanged = features.key.partition("-")[2] == self._content_key(ids, hashes)
            return Gap([] if unchanged else with_content[row < 0].tolist(), [])
        silent = Features("", contents.silent, np.zeros((len(contents.silent), 0), np.float32)).rows_of(
            with_content
        )
        place = np.where(
            row >= 0, row, np.where(silent >= 0, len(features) + silent, -1)
        )  # (i,) of its digest
        known = place >= 0
        changed = known.copy()
        changed[known] = np.asarray(contents.digests)[place[known]] != digests[known]
        table = dataset.posts if self.level == "post" else dataset.accounts
        here = table["id"].to_numpy().astype(object)
        emptied = sorted(set(here[features.rows_of(here) >= 0].tolist()) - set(with_content.tolist()))
        return Gap(with_content[~known].tolist(), [*with_content[changed].tolist(), *emptied])

    def content_hashes(self, dataset: Dataset) -> np.ndarray:
        """(u,) V16 hashes of the distinct contents of a Dataset, after ``learn``."""
        return np.unique(_hashes(self.units(dataset).contents))

    def _key(self, ids: np.ndarray, hashes: np.ndarray) -> str:
        return f"{self.maker}-{self._content_key(ids, hashes)}"

    def _content_key(self, ids: np.ndarray, hashes: np.ndarray) -> str:
        digest = hashlib.sha256(hashes.tobytes())
        digest.update("\n".join([*ids.tolist(), "", *self.stated_columns]).encode())
        return digest.hexdigest()[:32]

    def _rows(
        self,
        dataset: Dataset,
        hashes: np.ndarray,
        *,
        contents: Sequence[Any],
        store: Store | None,
        progress: Progress | None,
        map: Map,
    ) -> tuple[Rows, np.ndarray]:
        """Rows (u, dim) of distinct contents, from the store where it has them, and which could be encoded
        (u,)."""
        maker = self.maker
        rows, known, encoded = (
            Rows(len(hashes), self.dim),
            np.zeros(len(hashes), bool),
            np.zeros(len(hashes), bool),
        )
        for old, values in store.units(maker) if store is not None and len(hashes) else ():
            old = np.ascontiguousarray(old).view("V16").ravel()
            at = np.minimum(np.searchsorted(hashes, old), len(hashes) - 1)
            hit = hashes[at] == old
            rows.values[at[hit]] = values[hit]
            known[at[hit]] = True
            encoded[at[hit]] = np.isfinite(values[hit]).all(axis=1)
            rows.release()
        todo = np.flatnonzero(~known)
        todo = todo[np.argsort([self.cost(contents[i]) for i in todo.tolist()], kind="stable")]
        done = len(hashes) - len(todo)
        if progress:
            progress(done, len(hashes))
        waiting: Iterator[Any] = (contents[i] for i in todo.tolist())
        if type(self).prepare is not Encoder.prepare:
            waiting = iter(map(lambda content: self.prepare(dataset, content), waiting))
        for start in range(0, len(todo), self.chunk_size):
            chunk = todo[start : start + self.chunk_size]
            for first in range(0, len(chunk), self.batch_size):
                batch = chunk[first : first + self.batch_size]
                prepared = list(itertools.islice(waiting, len(batch)))
                values = self._encoded([p for p in prepared if p is not None])
                seen = batch[[p is not None for p in prepared]]
                rows.values[seen] = values
                known[seen] = True
                encoded[seen] = np.isfinite(values).all(axis=1)
                done += len(batch)
                if progress:
                    progress(done, len(hashes))
            chunk = chunk[known[chunk]]
            if store is not None and len(chunk):
                store.add_units(maker, hashes[chunk].view(np.uint8).reshape(-1, 16), rows.values[chunk])
            rows.release()
        return rows, encoded

    def _encoded(self, prepared: list[Any]) -> np.ndarray:
        values = (
            np.asarray(self.encode_batch(prepared), np.float32)
            if prepared
            else np.zeros((0, self.dim), np.float32)
        )
        if values.shape != (len(prepared), self.dim):
            raise ValueError(
                f"{self.name}: encode_batch must give {(len(prepared), self.dim)}, found {values.shape}"
            )
        return values


class Rows:
    """A matrix (n, dim): in memory where it is small, else in a temporary file that nobody else sees."""

    def __init__(self, n: int, dim: int, dtype: Any = np.float32) -> None:
        size = n * dim * np.dtype(dtype).itemsize
        self._map: mmap.mmap | None = None
        if size <= IN_MEMORY:
            self.values = np.zeros((n, dim), dtype)
            return
        try:
            with tempfile.TemporaryFile(prefix="brandfit-") as file:
                if hasattr(
                    os, "posix_fallocate"
                ):  # a full disk is an error here and now, not a crash at some later row
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
                self._map = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise BrandfitError(
                f"Encoding needs {size / 2**30:.1f} GiB of temporary space in {tempfile.gettempdir()}: "
                f"{error.strerror}.",
                "Make room there, or name another folder in the environment variable TMPDIR.",
            ) from None
        self.values = np.frombuffer(self._map, dtype).reshape(n, dim)

    def release(self) -> None:
        """Let the written pages of a file leave the memory; they stay in the file."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


class Picked(Sequence[Any]):
    """Some items of a sequence, taken when asked for: millions of captions are not copied into a list."""

    def __init__(self, items: Sequence[Any], at: np.ndarray) -> None:
        self.items, self.at = items, at

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, n: Any) -> Any:
        return self.items[int(self.at[n])]


def _means(group: np.ndarray, unit: np.ndarray, *, n: int, rows: Rows) -> Rows:
    """Rows (n, dim): the mean of the units of each group, a block at a time."""
    counts = np.bincount(group, minlength=n)
    shares = (1.0 / counts[group]).astype(np.float32)
    mean = sparse.csr_matrix((shares, (group, unit)), shape=(n, len(rows.values)))
    result = Rows(n, rows.values.shape[1])
    for start in range(0, n, ROWS_AT_ONCE):
        result.values[start : start + ROWS_AT_ONCE] = mean[start : start + ROWS_AT_ONCE] @ rows.values
        result.release()
        rows.release()
    return result


def _select_units(units: Units, only: Collection[str]) -> Units:
    wanted = set(only)
    at = np.array([n for n, id in enumerate(units.ids) if id in wanted], np.int64)
    return Units([units.ids[n] for n in at.tolist()], Picked(units.contents, at))


def _digests(ids: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(i,) distinct ids and (i,) uint64 digest of the contents of each, whatever their order."""
    owners = pa.array(ids, pa.string()).dictionary_encode()
    first_half = np.frombuffer(hashes.tobytes(), np.uint64).reshape(-1, 2)[:, 0]
    total = np.zeros(len(owners.dictionary), np.uint64)
    np.add.at(total, owners.indices.to_numpy(), first_half)  # modulo 2 ** 64
    return owners.dictionary.to_numpy(zero_copy_only=False).astype(object), total


def _contents(features: Features, ids: np.ndarray, hashes: np.ndarray) -> Contents:
    """Of Features that were made from these units."""
    with_content, digests = _digests(ids, hashes)
    row = features.rows_of(with_content)
    of_rows = np.zeros(len(features), np.uint64)
    of_rows[row[row >= 0]] = digests[row >= 0]
    return Contents(with_content[row < 0], np.concatenate([of_rows, digests[row < 0]]))


def _hashes(contents: Sequence[Any]) -> np.ndarray:
    """(n,) V16 content hashes."""
    digests = b"".join(hashlib.blake2b(msgspec.msgpack.encode(c), digest_size=16).digest() for c in contents)
    return np.frombuffer(digests, "V16") if digests else np.zeros(0, "V16")
