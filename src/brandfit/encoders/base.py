"""The base of all encoders: authors write ``units`` and ``encode_batch``; callers get batching, caching and
resume.

A *unit* is the content that is encoded at once: a caption, a picture, a row of numbers. The value of a post
or account is the mean of its units (a post with three pictures has three). Equal units are encoded once. A
unit that cannot be encoded is left out, and an id without any encoded unit has no row in the Features
(``Features.left_out`` counts these ids).
"""

from __future__ import annotations

import builtins
import functools
import hashlib
import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config as settings
from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.features import Contents, Features, Level
from brandfit.data.newest_posts import OlderPosts, older_posts, with_newest_posts
from brandfit.encoders._content_digests import contents_of, digests_by_id, hash_contents
from brandfit.encoders._matrix_file import Rows, Selected, group_means
from brandfit.progress import Progress

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""A map in order. A lazy one that runs ahead in threads (``compute.local.thread_map``) prepares contents
while the encoder computes."""


class Units(NamedTuple):
    """Contents to encode and the id that each belongs to, aligned: ``contents[n]`` is a unit of ``ids[n]``.

    A content is a small msgpack-able value that determines its encoding: the text itself, or the hash of a
    picture. An id may have several.
    """

    ids: Sequence[str]
    contents: Sequence[Any]


class Gap(NamedTuple):
    """Ids of posts or accounts whose content the Features do not cover.

    new      with content, and not encoded yet
    changed  encoded, and the content has changed or was removed since
    """

    new: list[str]
    changed: list[str]


class EncodedUnits(NamedTuple):
    """Rows (u, dim) of distinct contents, and which of them are encoded (u,); other rows mean nothing."""

    rows: Rows
    is_encoded: np.ndarray


class Store(Protocol):
    """Stores encoded units and finished matrices (a workspace; ``None`` stores nothing)."""

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Chunks of the units that this maker has encoded: hashes (n, 16) uint8, values (n, dim) float32."""

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        """Store a chunk atomically."""

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        """Store the encoder and settings of a maker (``Encoder.about``). Erasure and the removal of orphans
        read them."""

    def load(self, name: str, key: str) -> Features | None:
        """The finished Features of this key."""

    def checkpoint(self, name: str) -> Path:
        """Folder for the checkpoints of a training of this name."""

    def save(self, features: Features) -> Features:
        """Store finished Features; returns them memory-mapped from disk."""

    def note_covered(self, features: Features, fingerprint: str) -> None:
        """Note that these Features cover all rows of the Dataset with this fingerprint."""


class EncoderConfig(settings.Config, frozen=True, kw_only=True):
    """Settings of all encoders and profilers."""

    last_posts: Annotated[
        int,
        Meta(
            description="newest posts of each account that are read (H); 0: all",
            ge=0,
            le=10**9,
            extra=settings.ADDED,
        ),
    ] = 0


class Encoder(ABC):
    """Posts or accounts to numbers. One encoder is one file."""

    kind: ClassVar[str] = "encoder"
    Config: ClassVar[type[settings.Config]] = EncoderConfig
    neutral: ClassVar[tuple[str, ...]] = ()
    """Settings that change no number (device, threads, path of a file). Units that were encoded under other
    values of these stay valid."""
    file_settings: ClassVar[tuple[str, ...]] = ()
    """Settings that name files of the user. Features are out of date if such a file has changed. A setting
    that is not listed and names a file is treated in the same way."""
    weights_cover_files: ClassVar[bool] = False
    """Whether ``weights`` is made of the content of these files. If not, ``maker`` covers their content."""
    level: ClassVar[Level] = "post"
    slot: ClassVar[str] = "text"
    """The slot of a ranker that these Features fill by default."""
    preference: ClassVar[int] = 10
    """By default a ranker reads, of several Features for one slot, those of the highest preference."""
    sentences: ClassVar[bool] = False
    """For text: whether texts of the same meaning are close to each other even if their words differ."""
    learned_columns: ClassVar[bool] = False
    """Whether columns are named after content of accounts (hashtags, mentions, words of topics)."""
    reads_others: ClassVar[bool] = False
    """Whether the row of a post is made from content of other accounts."""
    version: ClassVar[int] = 1
    """Raised by one when the code computes other numbers."""
    batch_size: ClassVar[int] = 256
    chunk_size: ClassVar[int] = 4096
    """Units stored at once; a killed run loses at most these."""

    def __init__(self, config: settings.Config | None = None) -> None:
        self.config = config if config is not None else self.Config.from_settings({})
        self.progress: Progress | None = None
        """Set by ``encode``; an encoder that learns for long calls it."""
        self.folder: Path | None = None
        """Set by ``encode``: folder for checkpoints, named by ``maker``, of an encoder that learns for
        long."""
        self.mapper: Map = builtins.map
        """Set by ``encode``: its ``map``, for an encoder that learns from many contents."""

    @property
    def name(self) -> str:
        return registry.name_of("encoder", type(self))

    @property
    @abstractmethod
    def dim(self) -> int: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, if a column has a meaning for people."""
        return ()

    @property
    def column_vectors(self) -> np.ndarray | None:
        """(dim, d) float32 vector of each column, if it learns some (``Features.column_vectors``)."""
        return None

    @property
    def stated_columns(self) -> tuple[str, ...]:
        """Column names that settings outside ``maker`` decide; () if they are learned."""
        return self.columns

    @property
    def weights(self) -> str:
        """Fingerprint of the weights; '' if there are none."""
        return ""

    @property
    def stateless(self) -> bool:
        """Whether the encoder learns nothing from the data, so that it can encode any content alone."""
        return type(self).learn is Encoder.learn

    @property
    def learned_from(self) -> tuple[str, ...]:
        """The data that it was fitted on (``Features.learned_from``)."""
        if self.stateless:
            return ()
        return ("all accounts",) if self.transductive else ("accounts",)

    @property
    def transductive(self) -> bool:
        """Whether ``learn`` also reads the accounts of the official test split."""
        return False

    @property
    def maker(self) -> str:
        """Identity of the numbers: a hash of name, version, config (``Config.identity``, without
        ``neutral``), weights, and the content of the files that settings name."""
        config = self.config.identity()
        config = {name: value for name, value in config.items() if name not in self.neutral}
        identity = [self.name, self.version, config, self.weights]
        digests = [] if self.weights_cover_files else list(map(_file_digest, self.files))
        # Nothing is added without files, so that keys of earlier versions stay the same.
        identity += [digests] if digests else []
        return hashlib.sha256(msgspec.json.encode(identity, order="sorted")).hexdigest()[:32]

    @property
    def about(self) -> dict[str, Any]:
        """The encoder, its settings and the state of its files, as a store notes them for a maker."""
        about = {"encoder": self.name, "config": self.config.identity()}
        # Absolute, because another command may run in another folder.
        paths = {path: os.path.abspath(path) for path in self.files}
        files = {paths[path]: state for path in self.files if (state := file_state(path))}
        return {**about, "files": files, "paths": paths} if files else about

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that its settings name."""
        paths: list[str] = []
        for setting, value in self.config.identity().items():
            if setting in self.file_settings:
                paths += [value] if isinstance(value, str) else value
            elif not self.weights_cover_files and _is_file_name(value):
                paths.append(value)
        return tuple(filter(None, paths))

    @property
    def last_posts(self) -> int:
        """Newest posts of each account that it reads; 0: all."""
        # A Config of another package may not have the setting.
        return self.config.last_posts if isinstance(self.config, EncoderConfig) else 0

    def seen_by(self, dataset: Dataset) -> Dataset:
        """The Dataset with the posts that it reads (setting ``last_posts``). Callers of ``encode``, ``gap``
        and ``content_hashes`` need not call it; callers of ``learn`` and ``units`` do."""
        return with_newest_posts(dataset, self.last_posts)

    def older_posts(self, dataset: Dataset) -> OlderPosts | None:
        """The posts that the setting ``last_posts`` leaves out; None if it reads all."""
        return older_posts(dataset, self.last_posts) if self.last_posts else None

    def learn(self, dataset: Dataset) -> None:  # noqa: B027
        """Read the training data (for topics, a vocabulary); called before ``units``. Most encoders learn
        nothing.

        A fingerprint of the training data goes into ``weights``. Training itself can wait until
        ``encode_batch`` or ``columns`` needs it, so that nothing is learned again if the store has the units.
        """

    @abstractmethod
    def units(self, dataset: Dataset) -> Units:
        """The units of a Dataset. Posts or accounts without content have none."""

    def prepare(self, dataset: Dataset, content: Any) -> Any:
        """The input of ``encode_batch`` for one content (a decoded picture), made ahead, in threads; None if
        it cannot be encoded."""
        return content

    @abstractmethod
    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        """(n, dim) float32 of n prepared contents. A row that is not finite marks a content in which nothing
        is recognised; it is left out."""

    def cost(self, content: Any) -> float:
        """Contents are encoded in the order of this cost, so that a batch holds similar ones (text by its
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
        """Features of all posts or accounts of a Dataset; units in the store are not computed again.

        learn  False: encode by the state that was learned earlier, from another Dataset
        only   encode these ids alone; without a store

        Contents that belong to no account are encoded by ``encode_contents``.
        Contents that cannot be prepared are tried again in the next run (a missing picture may have arrived).
        For this reason the key of the result covers the encoded units, not all units.
        """
        self.progress, self.mapper = progress, map
        self.folder = store.checkpoint(self.name) if store is not None else None
        fingerprint = dataset.fingerprint  # of all posts: an older post that comes in changes nothing here
        dataset = self.seen_by(dataset)
        if learn:
            self.learn(dataset)
        units = self.units(dataset)
        if only is not None:
            units = _select_units(units, only)
        hashes = hash_contents(units.contents)  # (u,)
        if store is None:
            return self._encode_units(dataset, units, hashes=hashes, store=None)

        features = self._load(store, units, hashes)
        if features is None:
            # Before the first unit is stored, so that erasure also finds the units of a killed run.
            store.note_maker(self.maker, self.about)
            features = store.save(self._encode_units(dataset, units, hashes=hashes, store=store))
        store.note_covered(features, fingerprint)
        return features

    def encode_contents(self, dataset: Dataset, *, only: Collection[str] | None = None) -> Features:
        """Features of single contents: texts of a search, a brief, variants of a caption or picture.

        The posts of such a Dataset are not the history of an account, so all of them are read: ``last_posts``
        has no effect. Nothing is learned or stored.

        only  encode these ids alone
        """
        self.progress, self.mapper, self.folder = None, builtins.map, None
        units = self.units(dataset)
        if only is not None:
            units = _select_units(units, only)
        return self._encode_units(dataset, units, hashes=hash_contents(units.contents), store=None)

    def gap(self, dataset: Dataset, features: Features) -> Gap:
        """Ids of the posts or accounts of a Dataset that these Features, made by this encoder, do not cover.

        Nothing is learned or encoded, and no weights are read. If the contents of the Features were not
        recorded, ids without a row count as new, and changed ones are not found.
        """
        units = self.units(self.seen_by(dataset))
        hashes = hash_contents(units.contents)
        ids = np.asarray(units.ids, dtype=object)
        with_content, digests = digests_by_id(ids, hashes)  # (i,) each
        contents = features.contents
        if contents is None:
            is_unchanged = features.key.partition("-")[2] == self._content_key(ids, hashes)
            without_row = with_content[features.rows_of(with_content) < 0]
            return Gap([] if is_unchanged else without_row.tolist(), [])

        position = _digest_positions(features, contents, with_content)  # (i,)
        is_recorded = position >= 0
        is_changed = is_recorded.copy()
        is_changed[is_recorded] = np.asarray(contents.digests)[position[is_recorded]] != digests[is_recorded]
        # Ids with a row whose content was removed have no unit any more.
        table = dataset.posts if self.level == "post" else dataset.accounts
        all_ids = table["id"].to_numpy().astype(object)
        with_row = all_ids[features.rows_of(all_ids) >= 0]
        emptied = sorted(set(with_row.tolist()) - set(with_content.tolist()))
        return Gap(with_content[~is_recorded].tolist(), [*with_content[is_changed].tolist(), *emptied])

    def content_hashes(self, dataset: Dataset) -> np.ndarray:
        """(u,) V16 hashes of the distinct contents of a Dataset, after ``learn``."""
        return np.unique(hash_contents(self.units(self.seen_by(dataset)).contents))

    def _key(self, ids: np.ndarray, hashes: np.ndarray) -> str:
        return f"{self.maker}-{self._content_key(ids, hashes)}"

    def _content_key(self, ids: np.ndarray, hashes: np.ndarray) -> str:
        # Column names are hashed too, because settings outside ``maker`` (a file of labels) may change them.
        digest = hashlib.sha256(hashes.tobytes())
        digest.update("\n".join([*ids.tolist(), "", *self.stated_columns]).encode())
        return digest.hexdigest()[:32]

    def _load(self, store: Store, units: Units, hashes: np.ndarray) -> Features | None:
        """The stored Features of exactly these units, if there are any."""
        ids = np.asarray(units.ids, dtype=object)
        features = store.load(self.name, self._key(ids, hashes))
        if features is not None and features.contents is None:  # stored by an earlier version
            features = store.save(replace(features, contents=contents_of(features, ids, hashes)))
        return features

    def _encode_units(
        self, dataset: Dataset, units: Units, *, hashes: np.ndarray, store: Store | None
    ) -> Features:
        """Features of units (u,) with content hashes (u,)."""
        ids = np.asarray(units.ids, dtype=object)
        # Equal contents are encoded once.
        distinct, first, row_of_unit = np.unique(hashes, return_index=True, return_inverse=True)
        rows, is_encoded = self._encode_contents(
            dataset, Selected(units.contents, first), hashes=distinct, store=store
        )
        row_of_unit = row_of_unit.ravel()  # (u,)
        has_row = is_encoded[row_of_unit]  # (u,)
        owners = pa.array(ids[has_row], pa.string()).dictionary_encode()
        means = group_means(
            owners.indices.to_numpy(), row_of_unit[has_row], n_groups=len(owners.dictionary), rows=rows
        )
        features = Features(
            name=self.name,
            ids=owners.dictionary.to_numpy(zero_copy_only=False),
            values=means.values,
            level=self.level,
            columns=self.columns,
            key=self._key(ids[has_row], hashes[has_row]),
            slot=self.slot,
            learned_from=self.learned_from,
            column_vectors=self.column_vectors,
        )
        return replace(features, contents=contents_of(features, ids, hashes))

    def _encode_contents(
        self, dataset: Dataset, contents: Sequence[Any], *, hashes: np.ndarray, store: Store | None
    ) -> EncodedUnits:
        """Rows of distinct contents (u,) with sorted hashes (u,), read from the store if it has them."""
        rows = Rows(len(hashes), self.dim)
        is_known, is_encoded = np.zeros(len(hashes), bool), np.zeros(len(hashes), bool)
        if store is not None and len(hashes):
            for stored_hashes, values in store.units(self.maker):
                stored = np.ascontiguousarray(stored_hashes).view("V16").ravel()
                position = np.minimum(np.searchsorted(hashes, stored), len(hashes) - 1)
                is_wanted = hashes[position] == stored
                position, values = position[is_wanted], values[is_wanted]
                rows.values[position] = values
                is_known[position] = True
                is_encoded[position] = np.isfinite(values).all(axis=1)
                rows.release()

        # Batches of contents of similar cost: texts of one length need no padding.
        todo = np.flatnonzero(~is_known)
        costs = [self.cost(contents[n]) for n in todo.tolist()]
        todo = todo[np.argsort(costs, kind="stable")]
        n_done = len(hashes) - len(todo)
        if self.progress:
            self.progress(n_done, len(hashes))
        waiting = self._prepare_all(dataset, (contents[n] for n in todo.tolist()))
        # A chunk is stored at once; it consists of batches.
        for start in range(0, len(todo), self.chunk_size):
            chunk = todo[start : start + self.chunk_size]
            for batch_start in range(0, len(chunk), self.batch_size):
                batch = chunk[batch_start : batch_start + self.batch_size]
                prepared = list(itertools.islice(waiting, len(batch)))
                is_prepared = [content is not None for content in prepared]
                values = self._encode_prepared([content for content in prepared if content is not None])
                position = batch[is_prepared]
                rows.values[position] = values
                is_known[position] = True
                is_encoded[position] = np.isfinite(values).all(axis=1)
                n_done += len(batch)
                if self.progress:
                    self.progress(n_done, len(hashes))
            # Contents that could not be prepared are not stored, so that the next run tries them again.
            chunk = chunk[is_known[chunk]]
            if store is not None and len(chunk):
                chunk_hashes = hashes[chunk].view(np.uint8).reshape(-1, 16)
                store.add_units(self.maker, chunk_hashes, rows.values[chunk])
            rows.release()
        return EncodedUnits(rows, is_encoded)

    def _prepare_all(self, dataset: Dataset, contents: Iterator[Any]) -> Iterator[Any]:
        """Prepared contents in order, made ahead by ``mapper`` if this encoder prepares any."""
        if type(self).prepare is Encoder.prepare:
            return contents
        return iter(self.mapper(lambda content: self.prepare(dataset, content), contents))

    def _encode_prepared(self, prepared: list[Any]) -> np.ndarray:
        """(n, dim) float32 of n prepared contents, checked for shape."""
        if not prepared:
            return np.zeros((0, self.dim), np.float32)
        values = np.asarray(self.encode_batch(prepared), np.float32)
        if values.shape != (len(prepared), self.dim):
            raise ValueError(
                f"{self.name}: encode_batch must return shape {(len(prepared), self.dim)}, found "
                f"{values.shape}"
            )
        return values


def file_state(path: str) -> dict[str, Any]:
    """Size, time of the last change (ns) and digest of a file; {} if it is not there."""
    try:
        state = os.stat(path)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return {}
    return {"size": state.st_size, "changed": state.st_mtime_ns, "sha256": digest}


def _is_file_name(value: Any) -> bool:
    """Whether a setting is the path of a file that exists. A word such as ``en`` is none."""
    looks_so = isinstance(value, str) and bool(os.path.dirname(value) or os.path.splitext(value)[1])
    return looks_so and os.path.isfile(value)


def _file_digest(path: str) -> str:
    """SHA-256 of the content of a file; "" if it is not there. Read again only after a change."""
    try:
        state = os.stat(path)
    except OSError:
        return ""
    return _digest_of_state(os.path.abspath(path), state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _digest_of_state(path: str, size: int, changed: int) -> str:
    return str(file_state(path).get("sha256", ""))


def has_changed(path: str, recorded: Mapping[str, Any]) -> bool:
    """Whether the content of a file is not that of a recorded ``file_state``. A file that is not there has
    not changed: Features that were made of it stay as they are."""
    try:
        state = os.stat(path)
    except OSError:
        return False
    # Large files are read only if their size or time is another one.
    if not recorded or (state.st_size, state.st_mtime_ns) == (recorded["size"], recorded["changed"]):
        return False
    now = file_state(path)
    return bool(now) and now["sha256"] != recorded["sha256"]


def _select_units(units: Units, only: Collection[str]) -> Units:
    """The units of these ids, in order."""
    wanted = set(only)
    positions = np.flatnonzero([id in wanted for id in units.ids]).astype(np.int64)
    ids = np.asarray(units.ids, dtype=object)[positions]
    return Units(ids.tolist(), Selected(units.contents, positions))


def _digest_positions(features: Features, contents: Contents, ids: np.ndarray) -> np.ndarray:
    """(i,) position of the recorded digest of each id, -1 if none is recorded.

    Digests are recorded in the order of the rows of the Features, then of the ids left out.
    """
    row = features.rows_of(ids)
    left_out = pc.index_in(pa.array(ids, pa.string()), value_set=pa.array(contents.silent, pa.string()))
    left_out = left_out.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(row >= 0, row, np.where(left_out >= 0, len(features) + left_out, -1))
