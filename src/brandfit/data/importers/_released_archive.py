"""Arrays of an npz of released features: read within limits, and checked for their shape."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from brandfit.data import schema
from brandfit.data.cells import LONGEST_TEXT, encodable, label
from brandfit.data.schema import Link, Reject
from brandfit.messages import path_text
from brandfit.progress import Advance

LARGEST = 2 << 30
"""Bytes of one array, unpacked."""

Part = Literal["train", "test"]
Side = Literal["brand", "influencer"]
PARTS: tuple[Part, ...] = ("train", "test")
SIDES: tuple[Side, ...] = ("brand", "influencer")
MATRICES = {"released.lda": "lda", "released.graph": "concept", "released.image": "image"}
"""Name of Features to the array that holds them, without the side."""


@dataclass(frozen=True)
class Rows:
    """ids (n,) of accounts, and their values (n, d)."""

    ids: list[str]
    values: np.ndarray


def account_id(side: str, part: str, row: int) -> str:
    return f"{side}-{part}-{row:04d}"


def plain_text(text: str) -> str:
    """Text that can be stored; "" if it is not UTF-8."""
    try:
        return encodable(text).replace("\0", "")[:LONGEST_TEXT]
    except ValueError:
        return ""


class PartArchive:
    """The arrays of one part of the official split.

    n_accounts  side to the number of accounts: the length of its first matrix
    """

    def __init__(self, path: Path, part: Part) -> None:
        self.part = part
        self._path = path
        self._file = path_text(path)
        self._arrays: dict[str, np.ndarray] = {}
        self.n_accounts: dict[Side, int] = {}

    def read(self, advance: Advance) -> Iterator[Reject]:
        """Read all arrays; a Reject for each that cannot be read."""
        for name, array in self._read_arrays(advance):
            if isinstance(array, Reject):
                yield array
            else:
                self._arrays[name] = array
        self.n_accounts = {side: self._n_rows(side) for side in SIDES}

    def category(self, row: int) -> str | None:
        """The stated category of a brand."""
        index, names = self._arrays.get("brand_category"), self._arrays.get("category_names")
        if index is None or names is None:
            return None
        if index.ndim != 1 or names.ndim != 1 or index.dtype.kind not in "iu":
            return None
        if row >= len(index) or not 0 <= int(index[row]) < len(names):
            return None
        return label(plain_text(str(names[int(index[row])])))

    def rows(self, matrix: str, side: Side) -> Iterator[Rows | Reject]:
        """The rows of a matrix (a value of ``MATRICES``) that hold finite numbers, and a Reject for each
        other row; nothing if there is no such matrix."""
        name = f"{side}_{matrix}"
        values = self._arrays.get(name)
        if values is None:
            return
        reason = _unfit_reason(values, self.n_accounts[side])
        if reason:
            yield Reject(self._file, 1, f"{name}: {reason}")
            return
        with np.errstate(over="ignore"):  # values beyond float32 become infinite, and are rejected
            values = values.astype(np.float32)
        is_finite = np.isfinite(values).all(axis=1)  # (n,)
        for row in np.flatnonzero(~is_finite).tolist():
            yield Reject(self._file, row + 1, f"{name}: row {row} holds values that are no numbers")
        ids = [account_id(side, self.part, row) for row in np.flatnonzero(is_finite).tolist()]
        yield Rows(ids, values[is_finite])

    def endorsements(self) -> Iterator[Link | Reject]:
        """Links of the rows (brand, influencer) of ``endorsement``, weighted by the engagement rates."""
        pairs, rates = self._arrays.get("endorsement"), self._arrays.get("endorsement_engagement")
        if pairs is None:
            return
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
            reason = f"expected rows of (brand row, influencer row), found {pairs.dtype} {pairs.shape}"
            yield Reject(self._file, 1, f"endorsement: {reason}")
            return
        if rates is not None and (rates.shape != (len(pairs),) or rates.dtype.kind not in "iuf"):
            reason = f"expected {len(pairs):,} numbers, found {rates.dtype} {rates.shape}"
            yield Reject(self._file, 1, f"endorsement_engagement: {reason}")
            rates = None
        for n, (brand, influencer) in enumerate(pairs.tolist()):
            if not self._has_pair(brand, influencer):
                yield Reject(
                    self._file,
                    n + 1,
                    f"endorsement: row {n} names brand {brand} and influencer {influencer}, which are not "
                    "there",
                )
                continue
            source = account_id("influencer", self.part, influencer)
            target = account_id("brand", self.part, brand)
            weight = float(rates[n]) if rates is not None and np.isfinite(rates[n]) else None
            id = schema.link_id("endorses", source, target=target)
            yield Link(id=id, kind="endorses", source=source, target=target, weight=weight)

    def _has_pair(self, brand: int, influencer: int) -> bool:
        return 0 <= brand < self.n_accounts["brand"] and 0 <= influencer < self.n_accounts["influencer"]

    def _n_rows(self, side: Side) -> int:
        for matrix in MATRICES.values():
            values = self._arrays.get(f"{side}_{matrix}")
            if values is not None and values.ndim == 2 and values.dtype.kind in "iuf":
                return len(values)
        return 0

    def _read_arrays(self, advance: Advance) -> Iterator[tuple[str, np.ndarray | Reject]]:
        """(name, array) of each member, its size checked before it is unpacked; pickles are refused."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                for info in archive.infolist():
                    name = info.filename.removesuffix(".npy")
                    advance(info.compress_size)
                    if info.file_size > LARGEST:
                        reason = f"{name[:80]!r} is larger than {LARGEST >> 30} GiB"
                        yield name, Reject(self._file, 1, reason)
                        continue
                    try:
                        yield name, _array(archive.read(info))
                    except Exception as error:
                        # A damaged member makes zipfile and NumPy raise errors of many types.
                        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                        yield name, Reject(self._file, 1, f"{name[:80]!r} cannot be read: {why}")
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            # zipfile raises NotImplementedError for an unknown compression or encryption.
            why = str(error)[:200] or type(error).__name__
            yield "", Reject(self._file, 1, f"not an npz file: {why}")


def _array(data: bytes) -> np.ndarray:
    array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False, max_header_size=10_000)
    if array.dtype.kind not in "iufUb":
        raise ValueError(f"expected numbers or text, found {array.dtype}")
    return array


def _unfit_reason(values: np.ndarray, n_rows: int) -> str:
    """Why an array is no matrix with a row for each account; "" if it is."""
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not values.shape[1]:
        return f"expected a matrix of numbers, found {values.dtype} {values.shape}"
    return "" if len(values) == n_rows else f"expected {n_rows:,} rows, found {len(values):,}"
