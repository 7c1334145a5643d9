"""vectors: your own vectors of posts or accounts, from any model, as Features that fill a slot.

    .npy                  (n, dim), with the ids in a file beside it: x_ids.txt of x.npy, or the setting ids
    .npz                  one array (n, dim) and one array of n ids
    .parquet, .csv, .tsv  a column of ids; a column of lists, or a column for each dimension
    .json, .jsonl         objects with an id and a vector, or an object of id to vector

Ids are those of posts, or handles, or names of picture files of posts. Several rows of one id (the pictures
of a post) become their mean. Rows of ids that are not in the workspace, rows with a value that is no finite
number and rows of zeros are left out. All of it is counted. The key of the Features is a digest of ids and
values: other vectors under the same name make models and stored results out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import pyarrow as pa
from msgspec import Meta

from brandfit import config, registry
from brandfit.data.cells.handles import account_id
from brandfit.data.dataset import SLOTS
from brandfit.data.features import Features, Level
from brandfit.data.importers import _files
from brandfit.data.importers._vector_files import VectorTable, matching_ids_file, read_ids, read_vectors
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Record
from brandfit.errors import DataError, UnknownName, UsageError
from brandfit.messages import path_text, quoted
from brandfit.progress import Advance

ENDINGS = (".npy", ".npz", ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".csv.gz")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
EXAMPLE_NAME = "my.vectors"


class VectorsConfig(config.Config, frozen=True):
    name: Annotated[str, Meta(description="name of the Features, such as my.clip")] = ""
    slot: Annotated[str, Meta(description="slot of rankers that they fill: text, picture, concept ...")] = ""
    level: Annotated[
        str, Meta(description="what the ids are: post or account; empty: by the ids that are known")
    ] = ""
    ids: Annotated[str, Meta(description="file of ids, one for each row; empty: in or beside the file")] = ""


@dataclass(frozen=True)
class _Rows:
    """Known ids of one level, aligned with the numbers of their rows in the file.

    names_pictures  how many rows were found by the name of a picture file
    """

    level: Level
    ids: list[str]
    n_known: int
    names_pictures: int = 0


class Vectors(Importer):
    """Your own vectors of posts or accounts."""

    Config = VectorsConfig
    config: VectorsConfig

    def total(self, path: Path) -> int:
        return _files.size_of(path)

    def read(self, path: Path, advance: Advance) -> Iterator[Record | Features]:
        name = self._checked_name()
        file = _only_vectors(path) if path.is_dir() else path
        if file is None:
            raise DataError(
                f"{path_text(path)} holds no file of vectors, or several.",
                "Give the file: .npy, .npz, .parquet, .csv, .json or .jsonl.",
            )
        table = read_vectors(file)
        ids = self._ids(table, file)
        rows = self._known(ids, file)
        yield self._features(name, table, rows=rows)
        advance(_files.size_of(path))

    def _checked_name(self) -> str:
        name, slot, level = self.config.name, self.config.slot, self.config.level
        if not NAME.fullmatch(name):
            raise UsageError(
                f"The vectors need a name of letters, digits, dots, - and _, found {quoted(name)}.",
                f"For example: --name {EXAMPLE_NAME}",
            )
        if name in registry.names("encoder") or name in registry.names("profiler"):
            raise UsageError(
                f"{name} is the name of an encoder or profiler of Brandfit.", f"Choose another: my.{name}"
            )
        if slot not in SLOTS:
            raise UnknownName("slot", slot, known=SLOTS, hint="Say which one: --slot picture")
        if level not in ("", "post", "account"):
            raise UnknownName("level", level, known=("post", "account"))
        return name

    def _ids(self, table: VectorTable, file: Path) -> list[str]:
        """The ids of the rows: of the file itself, of the setting, or of a file beside it."""
        source = Path(self.config.ids) if self.config.ids else None
        if source is None and table.ids is None:
            source = matching_ids_file(file)
            if source is None:
                raise DataError(
                    f"{path_text(file)} holds {len(table.values):,} vectors without ids.",
                    f"Name a file with an id a row: --ids FILE, or call it {file.stem}_ids.txt.",
                )
            self.warnings.append(f"The ids are those of {path_text(source.name)}.")
        ids = read_ids(source) if source is not None else table.ids
        assert ids is not None
        if len(ids) != len(table.values):
            raise DataError(
                f"{path_text(source or file)} has {len(ids):,} ids for {len(table.values):,} vectors.",
                "Each vector needs its id, in the same order.",
            )
        if table.unused:
            self.warnings.append(f"Not used: {', '.join(map(quoted, table.unused[:10]))}.")
        return ids

    def _known(self, ids: Sequence[str], file: Path) -> _Rows:
        """The ids as the workspace writes them, of the level of which it knows more."""
        found = []
        if self.config.level in ("", "post"):
            found.append(_rows_of_posts(ids, self.stored_posts(), self.stored_pictures()))
        if self.config.level in ("", "account"):
            found.append(_rows_of_accounts(ids, self.stored_accounts))
        best = max(found, key=lambda rows: rows.n_known)
        if not best.n_known:
            kinds = f"{self.config.level}s" if self.config.level else "posts and accounts"
            raise DataError(
                f"{path_text(file)}: none of {len(ids):,} ids is known, for example "
                f"{quoted(next(iter(ids), ''))}.",
                f"Import {kinds} first; ids are those of `brandfit export {kinds.split()[-1]}`.",
            )
        if best.names_pictures:
            self.warnings.append(
                f"{best.names_pictures:,} ids are names of picture files; their posts have the vectors."
            )
        others = [rows for rows in found if rows is not best and rows.n_known]
        self.warnings += [
            f"{rows.n_known:,} ids are those of {rows.level}s too. They are read as {best.level}s; "
            f"--level {rows.level} changes it."
            for rows in others
        ]
        return best

    def _features(self, name: str, table: VectorTable, *, rows: _Rows) -> Features:
        """The Features, and notes on rows that are left out or joined."""
        known = self._known_ids(rows.level)
        is_known = np.array([id in known for id in rows.ids], bool)  # (n,)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.asarray(table.values).astype(np.float32)  # (n, dim)
        is_finite = np.isfinite(values).all(axis=1)  # (n,)
        # A row of several zeros has no direction; in a single column 0 may be a value.
        is_zero = ~values.any(axis=1) if values.shape[1] > 1 else np.zeros(len(values), bool)
        self._note_left_out(rows, ~is_known, f"whose id is no {rows.level} of the workspace")
        self._note_left_out(rows, is_known & ~is_finite, "with a value that is no finite number")
        self._note_left_out(rows, is_known & is_finite & is_zero, "of zeros")
        used = np.flatnonzero(is_known & is_finite & ~is_zero)
        if not len(used):
            raise DataError("No row has a known id and a vector of finite numbers.", " ".join(self.warnings))
        owners = pa.array([rows.ids[n] for n in used.tolist()], pa.string()).dictionary_encode()
        n_ids = len(owners.dictionary)
        index, values = owners.indices.to_numpy(), values[used]
        if n_ids < len(used):
            counts = np.bincount(index, minlength=n_ids)  # (n_ids,)
            most = int(counts.argmax())
            self.warnings.append(
                f"{int((counts > 1).sum()):,} ids have several rows, for example "
                f"{quoted(owners.dictionary[most].as_py())} {counts[most]:,}: their mean is used."
            )
            # Rows of one id stand together, so that they are added in one pass.
            order = np.argsort(index, kind="stable")
            starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
            sums = np.add.reduceat(values[order].astype(np.float64), starts)  # (n_ids, dim)
            values = (sums / counts[:, None]).astype(np.float32)
        self.warnings.append(
            f"Features {name}: {n_ids:,} of {len(known):,} {rows.level}s have a vector of "
            f"{values.shape[1]:,} numbers, in the slot {self.config.slot}. Use them: --set "
            f"slots.{self.config.slot}={name}"
        )
        return Features(
            name=name,
            ids=owners.dictionary.to_numpy(zero_copy_only=False),
            values=np.ascontiguousarray(values),
            level=rows.level,
            columns=table.columns,
            slot=self.config.slot,
        )

    def _note_left_out(self, rows: _Rows, is_bad: np.ndarray, reason: str) -> None:
        bad = np.flatnonzero(is_bad)
        if len(bad):
            first = bad[0]
            self.warnings.append(
                f"{len(bad):,} rows {reason} are left out, for example {quoted(rows.ids[first])} (row "
                f"{first + 1:,})."
            )

    def _known_ids(self, level: Level) -> set[str]:
        return self.stored_posts() if level == "post" else set(self.stored_accounts)


def _only_vectors(folder: Path) -> Path | None:
    """The file of vectors of a folder; None if there is none or several."""
    files = [file for file in sorted(folder.iterdir()) if file.name.lower().endswith(ENDINGS)]
    files = [file for file in files if file.stem != "ids" and not re.search(r"[._-]ids$", file.stem)]
    # Matrices come before tables, which may be lists of something else.
    matrices = [file for file in files if file.suffix in ENDINGS[:3]]
    found = matrices or files
    return found[0] if len(found) == 1 else None


def _rows_of_posts(ids: Sequence[str], posts: set[str], pictures: Mapping[str, str]) -> _Rows:
    """Ids of posts; an id that is none may be the name of a picture file."""
    read, n_known, names_pictures = [], 0, 0
    for text in ids:
        id = text.strip()
        if id not in posts and id:
            file = PurePosixPath(id.replace("\\", "/"))
            post = pictures.get(file.name) or pictures.get(file.stem)
            if post is not None:
                id, names_pictures = post, names_pictures + 1
        n_known += id in posts
        read.append(id)
    return _Rows("post", read, n_known, names_pictures)


def _rows_of_accounts(ids: Sequence[str], accounts: object) -> _Rows:
    """Handles, as any table writes them; what is no handle stays as it is, unknown."""
    known, read, n_known = set(accounts), [], 0  # type: ignore[call-overload]
    for text in ids:
        try:
            id = account_id(text) if text.strip() else ""
        except ValueError:
            id = text.strip()
        n_known += id in known
        read.append(id)
    return _Rows("account", read, n_known)
