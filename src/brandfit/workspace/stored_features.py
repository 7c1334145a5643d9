"""Features as files of one version of an artifact: written, and read memory-mapped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from brandfit import __version__
from brandfit.data.features import Contents, Features

IDS, VALUES = "ids.msgpack", "values.npy"
SILENT, DIGESTS = "silent.msgpack", "digests.npy"
"""Files of the ``Contents`` of Features."""
COLUMN_VECTORS = "column_vectors.npy"


def file_writers(features: Features) -> dict[str, Callable[[Path], None]]:
    """Name of each file to a function that writes it."""

    def write_ids(path: Path) -> None:
        path.write_bytes(msgspec.msgpack.encode(features.ids.tolist()))

    def write_values(path: Path) -> None:
        np.save(path, features.values)

    def write_column_vectors(path: Path) -> None:
        assert features.column_vectors is not None
        np.save(path, features.column_vectors)

    writers = {IDS: write_ids, VALUES: write_values, **_contents_writers(features.contents)}
    return writers if features.column_vectors is None else {**writers, COLUMN_VECTORS: write_column_vectors}


def _contents_writers(contents: Contents | None) -> dict[str, Callable[[Path], None]]:
    if contents is None:
        return {}

    def write_silent(path: Path) -> None:
        path.write_bytes(msgspec.msgpack.encode(contents.silent.tolist()))

    def write_digests(path: Path) -> None:
        np.save(path, contents.digests)

    return {SILENT: write_silent, DIGESTS: write_digests}


def info_of(features: Features) -> dict[str, Any]:
    """The part of the manifest that describes Features without their values."""
    return {
        "name": features.name,
        "level": features.level,
        "slot": features.slot,
        "rows": len(features),
        "dim": features.dim,
        "columns": list(features.columns),
        "key": features.key,
        "learned_from": list(features.learned_from),
        "made_by": __version__,
    }


def read_features(folder: Path, info: dict[str, Any]) -> Features:
    """The Features of a version, memory-mapped."""
    return Features(
        info["name"],
        np.array(msgspec.msgpack.decode((folder / IDS).read_bytes()), dtype=object),
        np.load(folder / VALUES, mmap_mode="r", allow_pickle=False),
        info["level"],
        key=info["key"],
        slot=info["slot"],
        contents=read_contents(folder),
        column_vectors=_read_column_vectors(folder),
        # Earlier versions did not store these.
        columns=tuple(info.get("columns", ())),
        learned_from=tuple(info.get("learned_from", ())),
    )


def read_contents(folder: Path) -> Contents | None:
    """The Contents of the Features in this folder, memory-mapped; None if they were not recorded."""
    if not (folder / DIGESTS).is_file():
        return None
    silent = np.array(msgspec.msgpack.decode((folder / SILENT).read_bytes()), dtype=object)
    return Contents(silent, np.load(folder / DIGESTS, mmap_mode="r", allow_pickle=False))


def _read_column_vectors(folder: Path) -> np.ndarray | None:
    file = folder / COLUMN_VECTORS
    return np.load(file, allow_pickle=False) if file.is_file() else None
