"""What every encoder is: authors write ``units`` and ``encode_batch``; callers get batching, caching and resume.

A *unit* is what is encoded at once: a caption, a picture, a row of numbers. The value of a post or account is the mean of
its units (a post with three pictures has three). Equal units are encoded once; a unit that cannot be encoded (NaN in its
row) is left out, and an id without any unit is not in the Features.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec
import numpy as np
from scipy import sparse

from brandfit import names
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features, Level

Tick = Callable[[int, int], None]
"""Called with (units done, units in all) after each batch."""


class Units(NamedTuple):
    """Contents to encode and the id that each belongs to, aligned: ``contents[n]`` is a unit of ``ids[n]``.

    A content is a small msgpack-able value that says all that the encoding depends on: the text itself, or the hash of
    a picture. Ids may repeat; they stay together and in the order of their first unit.
    """

    ids: Sequence[str]
    contents: Sequence[Any]


class Store(Protocol):
    """Where encoded units and finished matrices are kept (a workspace; ``None`` keeps nothing)."""

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Chunks of what this maker has encoded before: hashes (n, 16) uint8, values (n, dim) float32."""

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        """Keep a chunk, whole or not at all."""

    def load(self, name: str, key: str) -> Features | None:
        """The finished Features of this key."""

    def save(self, features: Features) -> Features:
        """Keep finished Features; returns them as they lie on disk (memory-mapped)."""


class Encoder(ABC):
    """Posts or accounts to numbers. One encoder is one file."""

    kind: ClassVar[str] = "encoder"
    Config: ClassVar[type[Config]] = Config
    level: ClassVar[Level] = "post"
    slot: ClassVar[str] = "text"
    """The slot of a ranker that these Features fill unless a setting says otherwise."""
    version: ClassVar[int] = 1
    """Raised by one when the code changes what it computes."""
    batch_size: ClassVar[int] = 256
    chunk_size: ClassVar[int] = 4096
    """Units kept at once: what a killed run loses at most."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config if config is not None else self.Config()

    @property
    def name(self) -> str:
        return names.name_of("encoder", type(self))

    @property
    @abstractmethod
    def dim(self) -> int: ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, where a number means something to a person."""
        return ()

    @property
    def weights(self) -> str:
        """Fingerprint of the weights, '' where there are none."""
        return ""

    @property
    def maker(self) -> str:
        """Who makes the numbers: a hash of name, version, config and weights."""
        made = [self.name, self.version, self.config.to_dict(), self.weights]
        return hashlib.sha256(msgspec.json.encode(made, order="sorted")).hexdigest()[:32]

    @abstractmethod
    def units(self, dataset: Dataset) -> Units:
        """What there is to encode. Posts or accounts without content are left out."""

    @abstractmethod
    def encode_batch(self, dataset: Dataset, contents: Sequence[Any]) -> np.ndarray:
        """(n, dim) float32 of n contents; a row with NaN is a content that cannot be encoded."""

    def cost(self, content: Any) -> float:
        """Contents are encoded in the order of their cost, so that a batch holds like with like (text by its length)."""
        return 0.0

    def encode(self, dataset: Dataset, store: Store | None = None, tick: Tick | None = None) -> Features:
        """Features of all posts or accounts of a Dataset. What the store already holds is not computed again."""
        units = self.units(dataset)
        hashes = _hashes(units.contents)
        key = f"{self.maker}-{_content_key(units.ids, hashes)}"
        if store is not None and (found := store.load(self.name, key)) is not None:
            return found
        unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        values = self._values(dataset, unique, [units.contents[i] for i in first], store, tick)
        features = self._assemble(units.ids, values, inverse.ravel(), key)
        return store.save(features) if store is not None else features

    def _values(
        self, dataset: Dataset, hashes: np.ndarray, contents: list[Any], store: Store | None, tick: Tick | None
    ) -> np.ndarray:
        """(u, dim) of distinct contents, from the store where it has them."""
        values = np.full((len(hashes), self.dim), np.nan, np.float32)
        missing = np.ones(len(hashes), bool)
        for old_hashes, old_values in store.units(self.maker) if store is not None else ():
            old = old_hashes.view("V16").ravel()
            at = np.searchsorted(hashes, old)
            hit = (at < len(hashes)) & (hashes[np.minimum(at, len(hashes) - 1)] == old) if len(hashes) else np.zeros(len(old), bool)
            values[at[hit]] = old_values[hit]
            missing[at[hit]] = False
        todo = np.flatnonzero(missing)
        todo = todo[np.argsort([self.cost(contents[i]) for i in todo], kind="stable")]
        done = len(hashes) - len(todo)
        if tick:
            tick(done, len(hashes))
        for start in range(0, len(todo), self.chunk_size):
            chunk = todo[start : start + self.chunk_size]
            for at in range(0, len(chunk), self.batch_size):
                batch = chunk[at : at + self.batch_size]
                values[batch] = self.encode_batch(dataset, [contents[i] for i in batch])
                done += len(batch)
                if tick:
                    tick(done, len(hashes))
            if store is not None:
                store.add_units(self.maker, hashes[chunk].view(np.uint8).reshape(-1, 16), values[chunk])
        return values

    def _assemble(self, ids: Sequence[str], values: np.ndarray, unit: np.ndarray, key: str) -> Features:
        """Mean of the encodable units of each id."""
        good = ~np.isnan(values).any(axis=1)[unit] if len(values) else np.zeros(0, bool)
        kept = np.asarray(ids, dtype=object)[good]
        unit = unit[good]
        order = {id: n for n, id in enumerate(dict.fromkeys(kept.tolist()))}
        row = np.fromiter((order[id] for id in kept.tolist()), np.int64, len(kept))
        if len(order) == len(kept):
            matrix = values[unit]
        else:
            counts = np.bincount(row, minlength=len(order))
            mean = sparse.csr_matrix((1.0 / counts[row], (row, unit)), shape=(len(order), len(values)))
            matrix = (mean @ np.nan_to_num(values)).astype(np.float32)
        return Features(self.name, np.array(list(order), dtype=object), matrix, self.level, self.columns, key, self.slot)


def _hashes(contents: Sequence[Any]) -> np.ndarray:
    """(n,) V16 content hashes."""
    digests = b"".join(hashlib.blake2b(msgspec.msgpack.encode(c), digest_size=16).digest() for c in contents)
    return np.frombuffer(digests, "V16")


def _content_key(ids: Sequence[str], hashes: np.ndarray) -> str:
    digest = hashlib.sha256(hashes.tobytes())
    digest.update("\n".join(ids).encode())
    return digest.hexdigest()[:32]
