"""Files of vectors as people have them: .npy, .npz, Parquet, CSV, JSON and JSON lines."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from brandfit.errors import DataError
from brandfit.messages import path_text, quoted

ENDINGS = (
    ".npy",
    ".npz",
    ".parquet",
    ".csv",
    ".tsv",
    ".txt",
    ".json",
    ".jsonl",
    ".ndjson",
    ".csv.gz",
    ".tsv.gz",
)
ID_NAMES = (
    "id", "ids", "post", "posts", "post_id", "post_ids", "shortcode", "shortcodes", "account", "accounts",
    "account_id", "handle", "handles", "username", "usernames", "user", "image", "images", "file", "files",
    "filename", "filenames", "path", "paths", "name", "names", "key", "keys", "index", "__index_level_0__",
)  # fmt: skip
"""Names of a column or array of ids, the most telling first."""
VECTOR_NAMES = ("embedding", "embeddings", "vector", "vectors", "features", "values", "emb", "x", "data")
NUMBERED = re.compile(r"\D{0,20}\d+\D{0,2}")
"""Names of columns that are numbers of dimensions, such as ``dim_12``: they mean nothing to people."""
MOSTLY = 0.9
"""Share of cells that are numbers, from which a column of texts is a column of numbers."""


@dataclass(frozen=True)
class VectorTable:
    """The rows of a file of vectors, before they are checked.

    ids      (n,) texts; None: the file has none
    values   (n, dim) numbers of any type, NaN where a cell is no number; may be memory-mapped
    columns  dim names that mean something to people, or ()
    unused   columns or arrays that are neither ids nor vectors
    """

    ids: list[str] | None
    values: np.ndarray
    columns: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def read_vectors(file: Path) -> VectorTable:
    """The vectors of a file; its first bytes decide how it is read. Raises DataError."""
    with _named_errors(file):
        start = _start_of(file)
        if start.startswith(b"\x93NUMPY"):
            return VectorTable(None, _matrix(_npy(file), file))
        if start.startswith(b"PK"):
            return _npz(file)
        if start.startswith(b"PAR1"):
            return _arrow_table(pa.parquet.read_table(file), file)
        if start.lstrip()[:1] in (b"{", b"["):
            return _json(file)
        if start.startswith((b"\x80", b"\x89HDF")):
            raise DataError(
                f"{path_text(file)} is a pickle or HDF5 file, which is not read.",
                "Save the vectors with numpy.savez(FILE, ids=np.array(ids, dtype=str), vectors=vectors).",
            )
        return _csv(file)


def read_ids(file: Path) -> list[str]:
    """The ids of a file: .npy, a JSON list, the id column of Parquet or CSV, or a text with one a line."""
    with _named_errors(file):
        start = _start_of(file)
        if start.startswith(b"\x93NUMPY"):
            return _texts(_npy(file), file)
        if start.startswith(b"PAR1"):
            table = pa.parquet.read_table(file)
            return table[_id_column(table, file)].cast(pa.string()).to_pylist()
        text = file.read_bytes().decode("utf-8-sig")
        if text.lstrip().startswith("["):
            return list(map(str, msgspec.json.decode(text)))
        lines = [
            line.split("\t")[0].split(",")[0].strip().strip('"') for line in text.splitlines() if line.strip()
        ]
        has_header = bool(lines) and lines[0].casefold() in ID_NAMES
        return lines[has_header:]


def matching_ids_file(file: Path) -> Path | None:
    """The file of ids that belongs to a file of vectors by its name: ``x_ids.txt`` or ``x.ids.json`` of
    ``x.npy``, or ``ids.txt`` in its folder."""
    for stem in (f"{file.stem}_ids", f"{file.stem}.ids", f"{file.stem}-ids", "ids"):
        for ending in (".txt", ".csv", ".json", ".npy", ".parquet"):
            candidate = file.with_name(stem + ending)
            if candidate.is_file() and candidate != file:
                return candidate
    return None


class _named_errors:
    """Errors of the libraries as errors of this file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, DataError) or not isinstance(error, Exception):
            return
        why = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        hint = ""
        if "allow_pickle" in why or "Object arrays" in why:
            hint = "It holds Python objects, which are not read. Save ids as np.array(ids, dtype=str)."
            why = "object arrays"
        raise DataError(f"{path_text(self.file)} cannot be read as vectors: {why}.", hint) from None


def _start_of(file: Path) -> bytes:
    if not file.is_file():
        raise DataError(f"{path_text(file)}: there is no such file.")
    with open(file, "rb") as opened:
        return opened.read(64).removeprefix(b"\xef\xbb\xbf")


# --- NumPy --------------------------------------------------------------------------------------------------


def _npy(file: Path) -> np.ndarray:
    """The array of a file, memory-mapped."""
    return np.load(file, mmap_mode="r", allow_pickle=False)


def _npz(file: Path) -> VectorTable:
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if not name.endswith(".npy"):
                raise DataError(
                    f"{path_text(file)} is an archive, but no .npz: it holds {quoted(name)}.",
                    "Unpack it and give the file of vectors.",
                )
            data = io.BytesIO(archive.read(name))
            arrays[name.removesuffix(".npy")] = np.lib.format.read_array(data, allow_pickle=False)
    shapes = ", ".join([f"{name} {array.dtype} {array.shape}" for name, array in arrays.items()])
    matrices = [name for name, array in arrays.items() if array.ndim == 2 and array.dtype.kind in "fiu"]
    vectors_name = _one_of(matrices, VECTOR_NAMES)
    if vectors_name is None:
        raise DataError(
            f"{path_text(file)}: expected one array (n, dim) of vectors, found {shapes}.",
            f"Name it {VECTOR_NAMES[0]}, or leave the others out.",
        )
    # Ids are an array with an entry for each row of the vectors.
    n_rows = len(arrays[vectors_name])
    lists = [key for key, array in arrays.items() if array.ndim == 1 and len(array) == n_rows]
    texts = [key for key in lists if arrays[key].dtype.kind in "US"]
    id_name = _one_of(texts, ID_NAMES) or _one_of(
        [key for key in lists if key.casefold() in ID_NAMES], ID_NAMES
    )
    unused = tuple(sorted(set(arrays) - {vectors_name, id_name}))
    ids = _texts(arrays[id_name], file) if id_name is not None else None
    return VectorTable(ids, _matrix(arrays[vectors_name], file), unused=unused)


def _one_of(names: Sequence[str], known: Sequence[str]) -> str | None:
    """The only name, or the one that is known."""
    if len(names) == 1:
        return names[0]
    by_fold = {name.casefold(): name for name in names}
    return next((by_fold[name] for name in known if name in by_fold), None)


def _texts(array: np.ndarray, file: Path) -> list[str]:
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise DataError(f"{path_text(file)}: expected a list of ids, found {array.dtype} {array.shape}.")
    # Bytes are how NumPy stores ASCII texts compactly.
    return [id.decode("utf-8", "replace") if isinstance(id, bytes) else str(id) for id in array.tolist()]


def _matrix(values: np.ndarray, file: Path) -> np.ndarray:
    """The values if they are a matrix of numbers. Raises DataError."""
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not values.shape[1]:
        raise DataError(
            f"{path_text(file)}: expected a row of numbers for each id (n, dim), found {values.dtype} "
            f"{values.shape}.",
            "Give one vector a post or account; several of one id become their mean.",
        )
    return values


# --- tables -------------------------------------------------------------------------------------------------


def _csv(file: Path) -> VectorTable:
    name = file.name.casefold()
    compressed = pa.CompressedInputStream if name.endswith(".gz") else (lambda opened, _: opened)
    with pa.OSFile(str(file)) as opened, compressed(opened, "gzip") as stream:
        head = stream.read(1 << 20).decode("utf-8-sig", "strict" if not name.endswith(".gz") else "replace")
    first = head.splitlines()[0] if head.strip() else ""
    if not first:
        raise DataError(f"{path_text(file)} is empty.")
    separator = max("\t;,| ", key=first.count)
    cells = [cell.strip().strip('"') for cell in first.split(separator)]
    # A header has no numbers but those of dimensions: "0", "1", "2".
    numbers = [cell for cell in cells[1:] if _is_number(cell)]
    is_counted = numbers == [str(n) for n in range(len(numbers))] or numbers == [
        str(n + 1) for n in range(len(numbers))
    ]
    has_header = not numbers or (is_counted and len(numbers) > 1)
    names = cells if has_header else ["id", *[f"v{n}" for n in range(1, len(cells))]]
    if len(set(names)) < len(names):
        raise DataError(
            f"{path_text(file)}: two columns have the same name.", "Give each column its own name."
        )
    id_name = _known_id(names) or names[0]
    options = {
        "read_options": pa.csv.ReadOptions(column_names=names, skip_rows=int(has_header)),
        "parse_options": pa.csv.ParseOptions(delimiter=separator),
        "convert_options": pa.csv.ConvertOptions(
            # Ids stay as they are written; a long number would lose its last digits.
            column_types={id_name: pa.string()},
            decimal_point="," if separator == ";" and re.search(r"\d,\d", head) else ".",
            strings_can_be_null=True,
        ),
    }
    return _arrow_table(pa.csv.read_csv(file, **options), file, id_name=id_name)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _known_id(names: Iterable[str]) -> str | None:
    by_fold = {name.casefold(): name for name in names}
    return next((by_fold[name] for name in ID_NAMES if name in by_fold), None)


def _id_column(table: pa.Table, file: Path) -> str:
    known = _known_id(table.column_names)
    if known is not None:
        return known
    # Otherwise the first column of texts or whole numbers.
    for field in table.schema:
        if (
            pa.types.is_string(field.type)
            or pa.types.is_large_string(field.type)
            or pa.types.is_integer(field.type)
        ):
            return field.name
    raise DataError(
        f"{path_text(file)}: there is no column of ids, found {', '.join(table.column_names[:10])}.",
        f"Name it {ID_NAMES[0]}.",
    )


def _arrow_table(table: pa.Table, file: Path, *, id_name: str = "") -> VectorTable:
    """Vectors in one column of lists, or in columns of numbers."""
    id_name = id_name or _id_column(table, file)
    ids = [None if id is None else str(id) for id in table[id_name].to_pylist()]
    others = [name for name in table.column_names if name != id_name]
    lists = {name: read for name in others if (read := _list_column(table[name], file)) is not None}
    chosen = _one_of(list(lists), VECTOR_NAMES)
    if lists and chosen is None:
        raise DataError(
            f"{path_text(file)}: several columns hold vectors: {', '.join(lists)}.",
            f"Keep one, or name it {VECTOR_NAMES[0]}.",
        )
    texts = ["" if id is None else id for id in ids]
    if chosen is not None:
        unused = tuple([name for name in others if name != chosen])
        return VectorTable(texts, _stacked(lists[chosen](), file), unused=unused)
    numbers: dict[str, np.ndarray] = {}
    for name in others:
        column = _number_column(table[name])
        if column is not None:
            numbers[name] = column
    if not numbers:
        raise DataError(
            f"{path_text(file)}: there are no numbers beside the ids, found "
            f"{', '.join(others[:10]) or 'nothing'}.",
            "Expected a column of lists, or a column for each dimension.",
        )
    named = tuple(numbers) if not all(map(NUMBERED.fullmatch, numbers)) else ()
    unused = tuple([name for name in others if name not in numbers])
    return VectorTable(texts, np.column_stack(list(numbers.values())), named, unused)


def _list_column(column: pa.ChunkedArray, file: Path) -> Callable[[], list[Any]] | None:
    """How to read the vectors of a column of lists, or of texts such as ``[0.1, 0.2]``; None if it has
    none."""
    type_ = column.type
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return column.to_pylist
    if not _is_text(type_):
        return None
    first = next((text for text in column.to_pylist() if text), "").strip()
    if not re.match(r"[\[(]?\s*-?[\d.]+(e-?\d+)?[\s,;]+-?[\d.]", first, re.IGNORECASE):
        return None
    return lambda: [_vector_of_text(text, file) for text in column.to_pylist()]


def _vector_of_text(text: str | None, file: Path) -> np.ndarray | None:
    if not text or not text.strip():
        return None
    if "..." in text:
        raise DataError(
            f"{path_text(file)}: vectors are cut off ({quoted(text[:60])}).",
            "They were printed, not saved. Save them with .tolist(), or as .npz.",
        )
    parts = re.sub(r"[\[\](),;]", " ", text).split()
    try:
        return np.array(parts, np.float64)
    except ValueError:
        return None


def _is_text(type_: pa.DataType) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def _number_column(column: pa.ChunkedArray) -> np.ndarray | None:
    """(n,) float64 with NaN where a cell is no number; None for a column of something else."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.cast(pa.float64()).to_numpy()
    if not _is_text(column.type):
        return None
    # One unknown cell makes a column of numbers a column of texts.
    values = np.array([float(text) if text and _is_number(text) else np.nan for text in column.to_pylist()])
    return values if np.isfinite(values).mean() >= MOSTLY else None


# --- JSON ---------------------------------------------------------------------------------------------------


def _json(file: Path) -> VectorTable:
    """A list or lines of objects, an object of id to vector, or an object with both as lists."""
    data = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        found = [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    if isinstance(found, Mapping):
        id_name, vector_name = (
            _known_id(found),
            _one_of([k for k in found if k.casefold() in VECTOR_NAMES], VECTOR_NAMES),
        )
        if id_name and vector_name and isinstance(found[id_name], list):
            return VectorTable(list(map(str, found[id_name])), _stacked(found[vector_name], file))
        # One object alone is the only line of a file of lines.
        if not (id_name and vector_name):
            return VectorTable(list(found), _stacked(list(found.values()), file))
        found = [found]
    if not (isinstance(found, list) and found and isinstance(found[0], Mapping)):
        raise DataError(
            f"{path_text(file)}: expected objects with an id and a vector, found {quoted(str(found)[:60])}.",
            'For example {"id": "p1", "embedding": [0.1, 0.2]}.',
        )
    return _arrow_table(pa.Table.from_pylist(found), file)


def _stacked(rows: Sequence[Any], file: Path) -> np.ndarray:
    """(n, dim) float64 of vectors of one length; rows that are no vectors are NaN."""
    lengths: dict[int, int] = {}
    for row in rows:
        if row is not None and not isinstance(row, (str, int, float, Mapping)):
            lengths[len(row)] = lengths.get(len(row), 0) + 1
    if not lengths or 0 in lengths:
        raise DataError(f"{path_text(file)}: expected a list of numbers for each id.")
    if len(lengths) > 1:
        shown = ", ".join([f"{length} ({n:,} rows)" for length, n in sorted(lengths.items())[:5]])
        raise DataError(f"{path_text(file)}: vectors have different lengths: {shown}.")
    (dim,) = lengths
    values = np.full((len(rows), dim), np.nan)
    for n, row in enumerate(rows):
        if row is not None and not isinstance(row, (str, int, float, Mapping)):
            values[n] = [np.nan if cell is None else cell for cell in row]
    return values
