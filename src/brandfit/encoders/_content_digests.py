"""Hashes of contents, and a digest of all contents of an id by which a later change is found."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from brandfit.data.features import Contents, Features


class Digests(NamedTuple):
    """ids (i,) distinct, in order of first occurrence; digests (i,) uint64, of all contents of each id in any
    order."""

    ids: np.ndarray
    digests: np.ndarray


def hash_contents(contents: Sequence[Any]) -> np.ndarray:
    """(n,) V16 hashes of contents."""
    # 16 bytes: no two of 10^12 contents have the same hash by chance.
    encode = msgspec.msgpack.encode
    hashes = b"".join(hashlib.blake2b(encode(content), digest_size=16).digest() for content in contents)
    return np.frombuffer(hashes, "V16") if hashes else np.zeros(0, "V16")


def digests_by_id(ids: np.ndarray, hashes: np.ndarray) -> Digests:
    """The digest of each id, from the ids (u,) and content hashes (u,) of units."""
    owners = pa.array(ids, pa.string()).dictionary_encode()
    first_half = np.frombuffer(hashes.tobytes(), np.uint64).reshape(-1, 2)[:, 0]  # (u,)
    # A sum modulo 2 ** 64 does not depend on the order of the units.
    total = np.zeros(len(owners.dictionary), np.uint64)
    np.add.at(total, owners.indices.to_numpy(), first_half)
    return Digests(owners.dictionary.to_numpy(zero_copy_only=False).astype(object), total)


def contents_of(features: Features, ids: np.ndarray, hashes: np.ndarray) -> Contents:
    """The record of the contents that Features were made from: all units (u,), also those left out."""
    with_content, digests = digests_by_id(ids, hashes)
    row = features.rows_of(with_content)  # (i,) -1 for an id without a row
    row_digests = np.zeros(len(features), np.uint64)
    row_digests[row[row >= 0]] = digests[row >= 0]
    return Contents(with_content[row < 0], np.concatenate([row_digests, digests[row < 0]]))
