"""A Workspace: the tables, feature matrices and models of one project, in one folder.

brandfit.sqlite      rows, pictures, imports, rejects   (SQLite, WAL; one transaction an import)
tables/              the rows as Arrow files, memory-mapped; made from the database whenever it has changed
features/<name>/     finished Features: ids, values.npy (memory-mapped), digests of what they were made from,
                     manifest
units/<maker>/       what an encoder has encoded so far, in chunks named by their own checksum, and
                     maker.json: which encoder; what nothing refers to any more is removed
                     (``workspace.orphans``)
models/<ranker>/     safetensors and JSON, never pickle
"""

from __future__ import annotations

import hashlib
import shutil
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from brandfit import __version__, registry
from brandfit.data import schema
from brandfit.data.dataset import Dataset
from brandfit.data.features import Contents, Features
from brandfit.data.schema import Image, Partial, Reject, Row
from brandfit.errors import UnknownName, WorkspaceError
from brandfit.rankers.base import Ranker, restored
from brandfit.workspace import own_features, tables
from brandfit.workspace.artifacts import ArtifactStore, damaged, write_atomic
from brandfit.workspace.cache import Cache
from brandfit.workspace.import_filter import PENDING, ErasureReport, import_filter, without_rows
from brandfit.workspace.merging import Merging
from brandfit.workspace.writer import Writer

DATABASE = "brandfit.sqlite"
MAKER = "maker.json"
REPLACED = 40
"""Times that a folder which another reader replaces is looked for again, a twentieth of a second apart."""
COVERED = "covered.json"
"""Beside the versions of Features: the key of the current ones, and the fingerprint of the rows that they
cover."""
SILENT, DIGESTS = "silent.msgpack", "digests.npy"
"""Files of the ``Contents`` of Features."""
CURRENCY = "currency"
"""Key of the table ``meta``."""


class Workspace:
    """Open an existing workspace, or make one with ``create=True``. Safe to use from several threads and
    processes."""

    def __init__(self, path: str | Path, create: bool = False) -> None:
        self.path = Path(path)
        database = self.path / DATABASE
        if not database.is_file():
            if not create:
                raise WorkspaceError(
                    f"There is no workspace at {self.path}.",
                    f"Make one by importing into it: brandfit import sample -w {self.path}",
                )
            if self.path.is_file():
                raise WorkspaceError(
                    f"{self.path} is a file, not a folder.", "Choose another place for the workspace."
                )
            self.path.mkdir(parents=True, exist_ok=True)
        self.engine = tables.connect(database)
        self._tables, self._features, self._models = (
            ArtifactStore(self.path / n) for n in ("tables", "features", "models")
        )
        self.memo = Cache(
            rows=1,
            features=64,
            categories=4,
            models=4,
            datasets=4,
            loaded=4,
            completed=4,
            outdated=2,
            gaps=4,
            rankings=64,
            chances=64,
            explanations=32,
            suitings=32,
            folds=5,
        )
        """What was read and made before and is still as it was; the pipeline keeps its own there too."""

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- rows -----------------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """Of all rows; '' where nothing was imported yet."""
        with self.engine.connect() as connection:
            return tables.get_meta(connection, "fingerprint")

    @property
    def stamp(self) -> str:
        """Another one after every change of rows, Features or models; cheap to ask."""
        shelves = ((shelf, name) for shelf in (self._features, self._models) for name in shelf.names())
        told = [
            self.fingerprint,
            *(f"{shelf.root.name} {name} {shelf.stamp(name)}" for shelf, name in shelves),
        ]
        return hashlib.blake2b("\n".join(told).encode(), digest_size=16).hexdigest()

    @property
    def currency(self) -> str:
        """Code of the currency that prices and budgets are taken to be in; "" where none was set."""
        with self.engine.connect() as connection:
            return tables.get_meta(connection, CURRENCY)

    def set_currency(self, code: str) -> None:
        with tables.writing(self.engine) as connection:
            tables.set_meta(connection, CURRENCY, code)

    def write(
        self,
        source: str,
        records: Iterable[Row | Partial | tuple[Image, bytes] | Reject | Features],
        left_out: ErasureReport | None = None,
        *,
        merging: Merging | None = None,
    ) -> dict[str, dict[str, int]]:
        """Write an import whole or not at all: rows, pictures with their working copies, Features, and its
        rejects.

        Rejects belong to this import; an earlier import of the same ``source`` and its rejects are replaced.
        Returns counts a table: seen, added, changed, unchanged. Any error from ``records`` rolls everything
        back and is raised. What is of an account that asked to be forgotten is not written; ``left_out`` is
        told how much that was.

        A value that a record does not state (``schema.Partial``; None) never replaces a stored value;
        ``merging`` receives how many rows kept values and how many values conflict within the import.
        """
        found: list[Reject] = []
        made: list[Features] = []
        left_out = ErasureReport() if left_out is None else left_out
        late = False
        try:
            with tables.writing(self.engine) as connection:
                guard = import_filter(connection, left_out)
                left_out.source = source = (
                    guard.redactor.text(source) or source if guard is not None else source
                )
                writer = Writer(connection)
                for given in records:
                    record = given if guard is None else guard.of(given)
                    if record is None:
                        continue
                    if isinstance(record, Row | Partial):
                        writer.add(record)
                    elif isinstance(record, tuple):
                        writer.add(record[0])
                        writer.add_picture(record[0].hash, record[1])
                    elif isinstance(record, Reject):
                        found.append(record)
                    else:
                        made.append(record)
                changes = writer.finish()
                if merging is not None:
                    merging.kept, merging.conflicts = writer.merging.kept, writer.merging.conflicts
                late = guard is not None and guard.finish(connection)
                left_out.number = tables.add_import(connection, source, time=time.time(), found=found)
                changed = late or any(change["added"] or change["changed"] for change in changes.values())
                if changed or not tables.get_meta(connection, "fingerprint"):
                    tables.set_meta(connection, "fingerprint", tables.compute_fingerprint(connection))
                for features in made:
                    self._put(features)
        except sa.exc.OperationalError as error:
            if "locked" in str(error.orig):
                raise WorkspaceError(
                    f"Another process is writing to {self.path}.",
                    "Wait until its import has finished, then try again.",
                ) from None
            raise
        if late:
            self._empty_log()
        return changes

    def forgetting(self) -> bool:
        """Whether an erasure (``brandfit.erasure``) was begun and not finished."""
        with self.engine.connect() as connection:
            return bool(tables.get_meta(connection, PENDING))

    def forgotten(self) -> int:
        """Number of accounts that were erased."""
        with self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(tables.forgotten)).scalar_one()

    def roles(self) -> dict[str, str]:
        """Account to role, of all accounts that are not influencers."""
        with self.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT id, role FROM accounts WHERE role <> 'influencer'")
            return dict(found.tuples().all())

    def known_ids(self) -> set[str]:
        """Ids of all accounts and posts."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM accounts UNION SELECT id FROM posts")
            return set(rows.scalars())

    def _ids_of(self, table: str) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.exec_driver_sql(f'SELECT id FROM "{table}"').scalars())

    def _empty_log(self) -> None:
        """Cut the write-ahead log, which held something that was not to be written, unless somebody reads
        from it."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def imports(self) -> list[dict[str, Any]]:
        """The last import of each source, the newest first: id, source, time (s since 1970, None where not
        known), rejects."""
        asked = (
            sa.select(tables.imports, sa.func.count(tables.rejects.c.import_id).label("rejects"))
            .outerjoin(tables.rejects, tables.rejects.c.import_id == tables.imports.c.id)
            .group_by(tables.imports.c.id)
            .order_by(tables.imports.c.id.desc())
        )
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]

    def rejects(self, *, of: int | None = None, earlier: bool = False) -> list[dict[str, Any]]:
        """Rejected rows of the last import, in the order of its files: import, time, source, file, line,
        reason, excerpt.

        of       the id of another import (``imports``)
        earlier  of all imports, the newest first
        """
        number = tables.imports.c.id
        asked = sa.select(
            number.label("import"), tables.imports.c.time, tables.imports.c.source, tables.rejects
        )
        asked = asked.join(tables.rejects, tables.rejects.c.import_id == number).order_by(
            number.desc(), sa.text("rejects.rowid")
        )
        if of is not None:
            asked = asked.where(number == of)
        elif not earlier:
            last = sa.select(sa.func.max(number)).scalar_subquery()
            asked = asked.where(number == last, tables.imports.c.time.is_not(None))
        with self.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        return [{name: value for name, value in row.items() if name != "import_id"} for row in rows]

    def dataset(self) -> Dataset:
        """All rows as a Dataset, memory-mapped; no slot filled yet. The same object as long as no row
        changes."""
        version = self.fingerprint
        if not version:
            raise WorkspaceError(
                f"The workspace {self.path} is empty.",
                "Import something first, for example: brandfit import sample",
            )
        return self.memo.get("rows", version, self._rows)

    def _rows(self) -> Dataset:
        with self.engine.connect() as connection:
            version = tables.get_meta(connection, "fingerprint")
            made = False
            try:
                folder, _ = self._tables.get("rows", version)
            except (KeyError, WorkspaceError):
                folder = self._tables.put(
                    "rows",
                    version,
                    files={f"{name}.arrow": _arrow_writer(connection, name) for name in schema.TABLES},
                    info={},
                )
                for old in self._tables.versions("rows"):
                    if old != version:
                        self._tables.drop("rows", old)
                made = True
        if (
            made and self.fingerprint != version
        ):  # rows changed meanwhile: what was taken out of them must not lie here
            return self.dataset()
        return Dataset(_tables_in(folder), version, pictures=self.picture)

    def picture(self, hash: str) -> bytes:
        """Bytes of a working copy. Raises KeyError where it is not there."""
        with closing(
            self.engine.raw_connection()
        ) as connection:  # back into the pool: there may be more threads than it has
            found = connection.execute("SELECT data FROM pictures WHERE hash = ?", (hash,)).fetchone()
        if found is None:
            raise KeyError(hash)
        return found[0]

    # --- features (the Store of encoders) -------------------------------------------------------------------

    def features(self, name: str) -> Features:
        """The current Features of this name, memory-mapped. Raises UnknownName with the names that are
        here."""
        try:
            return self.memo.get("features", (name, self._features.stamp(name)), lambda: self._read(name))
        except KeyError:
            known = name in registry.names("encoder")
            hint = f"Encode it first: brandfit encode {name} -w {self.path}" if known else ""
            raise UnknownName("feature", name, known=self.feature_names(), hint=hint) from None

    def feature_names(self) -> list[str]:
        return self._features.names()

    def feature_info(self, name: str) -> dict[str, Any]:
        """Name, level, slot, rows, dim, columns and key of Features, without reading them; ``covers``:
        fingerprint of the rows that they are known to cover, '' where it was not noted."""
        info = self._features.info(name)
        try:
            noted = msgspec.json.decode(
                (self.path / "features" / name / COVERED).read_bytes(), type=dict[str, str]
            )
        except (FileNotFoundError, msgspec.MsgspecError):
            noted = {}
        return {**info, "covers": noted.get("rows", "") if noted.get("key") == info["key"] else ""}

    def note_covered(self, features: Features, fingerprint: str) -> None:
        """Note that these Features cover all rows of this fingerprint, so that nobody needs to compare
        them."""
        write_atomic(
            self.path / "features" / features.name / COVERED,
            msgspec.json.encode({"key": features.key, "rows": fingerprint}),
        )

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What this maker has encoded before; a damaged chunk is dropped, and so encoded again."""
        for file in sorted((self.path / "units" / maker).glob("*.safetensors")):
            data = file.read_bytes()
            if hashlib.sha256(data).hexdigest()[:32] != file.stem:
                file.unlink()
                continue
            chunk = load_tensors(data)
            yield chunk["hashes"], chunk["values"]

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        folder = self.path / "units" / maker
        folder.mkdir(parents=True, exist_ok=True)
        data = save_tensors({"hashes": np.ascontiguousarray(hashes), "values": np.ascontiguousarray(values)})
        write_atomic(folder / f"{hashlib.sha256(data).hexdigest()[:32]}.safetensors", data)

    def load(self, name: str, key: str) -> Features | None:
        """The Features of exactly this key, or None (also where they are damaged: they are made again)."""
        try:
            return self._read(name, key)
        except (KeyError, WorkspaceError):
            return None

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        """Note what a maker is (``Encoder.about``) with what it has encoded; a profiler notes what it read
        too, each time."""
        file = self.path / "units" / maker / MAKER
        if self.maker(maker) != about:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, msgspec.json.encode(about))

    def maker(self, maker: str) -> dict[str, Any]:
        """What was noted of a maker; {} where nothing was."""
        try:
            return msgspec.json.decode((self.path / "units" / maker / MAKER).read_bytes(), type=dict)
        except (FileNotFoundError, msgspec.MsgspecError):
            return {}

    def save(self, features: Features) -> Features:
        """Store Features as the current ones of their name, in place of those of the same maker.

        Features without a key get one from their content. After a person was erased, rows of unknown ids are
        left out: encoding may have begun before the erasure.

        Raises UsageError for an unknown level or slot, repeated ids and values that are not finite. Own
        vectors with ids that are in no row of the workspace, or with rows of zeros, give a UserWarning with
        count and example.
        """
        features.refuse_unsound()
        if features.contents is None and own_features.is_own(features) and self.fingerprint:
            level_ids = self._ids_of("posts" if features.level == "post" else "accounts")
            for problem in own_features.problems(features, level_ids):
                warnings.warn(problem, stacklevel=2)
        if self.forgotten():
            known = self.known_ids()
            features = without_rows(features, [id not in known for id in features.ids.tolist()])
            contents = features.contents
            if contents is not None and not known.issuperset(contents.silent.tolist()):
                features = replace(features, contents=contents.only(known, len(features)))
        return self._put(features)

    def _put(self, features: Features) -> Features:
        own_features.check_slot(features)
        features = features.with_key()
        version = features.key
        self._features.put(
            features.name,
            version,
            files={
                "ids.msgpack": lambda p: _write(p, msgspec.msgpack.encode(features.ids.tolist())),
                "values.npy": lambda p: np.save(p, features.values),
                **_contents_files(features.contents),
            },
            info={
                "name": features.name,
                "level": features.level,
                "slot": features.slot,
                "rows": len(features),
                "dim": features.dim,
                "columns": list(features.columns),
                "key": features.key,
                "learned_from": list(features.learned_from),
                "made_by": __version__,
            },
        )
        maker = version.partition("-")[0]
        for old in self._features.versions(features.name):
            if old != version and old.partition("-")[0] == maker:
                self._features.drop(features.name, old)
        return self._read(features.name, version)

    def _read(self, name: str, key: str | None = None) -> Features:
        folder, info = self._features.get(name, key)
        ids = np.array(msgspec.msgpack.decode((folder / "ids.msgpack").read_bytes()), dtype=object)
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        told = {name: tuple(info.get(name, ())) for name in ("columns", "learned_from")}
        contents = read_contents(folder)
        return Features(
            info["name"],
            ids,
            values,
            info["level"],
            key=info["key"],
            slot=info["slot"],
            contents=contents,
            **told,
        )

    # --- models ---------------------------------------------------------------------------------------------

    def save_model(self, ranker: Ranker, info: dict[str, Any]) -> Path:
        """Keep a fitted ranker as the current one of its name, with what is worth knowing of it (slots,
        metrics ...)."""
        data = save_tensors(
            {k: np.ascontiguousarray(v) for k, v in ranker.arrays().items()}, {"ranker": ranker.name}
        )
        state = {**ranker.state(), **info, "brandfit": __version__, "schema_version": schema.SCHEMA_VERSION}
        version = hashlib.sha256(data + msgspec.json.encode(state, order="sorted")).hexdigest()[:32]
        path = self._models.put(
            ranker.name, version, files={"model.safetensors": lambda p: _write(p, data)}, info=state
        )
        for old in self._models.versions(ranker.name):
            if old != version:
                self._models.drop(ranker.name, old)
        shutil.rmtree(self.path / "training" / ranker.name, ignore_errors=True)
        return path

    def load_model(self, name: str) -> tuple[Ranker, dict[str, Any]]:
        """A fitted ranker and its info. Raises UnknownName where there is none of this name."""

        def read() -> tuple[Ranker, dict[str, Any]]:
            folder, info = self._models.get(name)
            return restored(info, load_tensors((folder / "model.safetensors").read_bytes())), info

        try:
            return self.memo.get("models", (name, self._models.stamp(name)), read)
        except KeyError:
            raise UnknownName(
                "trained model",
                name,
                known=self.model_names(),
                hint=f"Train it first: brandfit train {name} -w {self.path}",
            ) from None

    def checkpoint(self, name: str) -> Path:
        """Folder in which a training of this name leaves off and goes on."""
        folder = self.path / "training" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def model_names(self) -> list[str]:
        return self._models.names()

    def model_info(self, name: str) -> dict[str, Any]:
        return self._models.info(name)

    # --- health ---------------------------------------------------------------------------------------------

    def damage(self) -> list[str]:
        """Everything in the workspace that is not what was written, a sentence each; [] where all is well."""
        found = []
        if self.forgetting():
            found.append("Forgetting an account was not finished. Run: brandfit forget -w " + str(self.path))
        with self.engine.connect() as connection:
            for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
                if line != "ok":
                    found.append(f"The database {self.path / DATABASE} is damaged: {line}.")
            for name in schema.TABLES:
                bad = tables.damaged_rows(connection, name)
                if bad:
                    found.append(
                        f"{len(bad)} damaged rows in {name}, the first: {', '.join(bad[:5])}. Import their "
                        "source again."
                    )
            stored = tables.get_meta(connection, "fingerprint")
            if stored and stored != tables.compute_fingerprint(connection):
                found.append(
                    "Rows are missing or were changed from outside: the fingerprint of the tables is not the "
                    "one that was stored."
                )
            lost = connection.exec_driver_sql(
                "SELECT count(*) FROM images WHERE hash NOT IN (SELECT hash FROM pictures)"
            ).scalar_one()
            if lost:
                found.append(f"{lost} images have no working copy. Import their source again.")
            for name, data in connection.exec_driver_sql("SELECT hash, data FROM pictures"):
                if hashlib.sha256(data).hexdigest() != name:
                    found.append(
                        f"The working copy {name} of a picture is damaged. Delete its row and import its "
                        "source again."
                    )
        for shelf in (self._tables, self._features, self._models):
            for name in shelf.names():
                for version in shelf.versions(name):
                    try:
                        shelf.get(name, version)
                    except WorkspaceError as error:
                        found.append(str(error))
                    except KeyError:
                        found.append(str(damaged(shelf.root / name / version)))
        chunks = sorted((self.path / "units").glob("*/*.safetensors"))
        bad_chunks = [
            file for file in chunks if hashlib.sha256(file.read_bytes()).hexdigest()[:32] != file.stem
        ]
        return found + [str(damaged(file)) for file in bad_chunks]


def _tables_in(folder: Path) -> dict[str, pa.Table]:
    """The tables of a folder, memory-mapped. Another reader that makes the same version puts its folder in
    this place, and for a moment there is none: then it is looked for again."""
    for _ in range(REPLACED):
        try:
            return {
                name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
                for name in schema.TABLES
            }
        except FileNotFoundError:
            time.sleep(0.05)
    return {
        name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
        for name in schema.TABLES
    }


def _arrow_writer(connection: sa.Connection, name: str) -> Any:
    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema.arrow_schema(name)) as writer:
            for batch in tables.arrow_batches(connection, name):
                writer.write_batch(batch)

    return write


def _contents_files(contents: Contents | None) -> dict[str, Callable[[Path], None]]:
    if contents is None:
        return {}
    return {
        SILENT: lambda p: _write(p, msgspec.msgpack.encode(contents.silent.tolist())),
        DIGESTS: lambda p: np.save(p, contents.digests),
    }


def read_contents(folder: Path) -> Contents | None:
    """Of the Features in this folder, memory-mapped; None where it was not recorded."""
    if not (folder / DIGESTS).is_file():
        return None
    silent = np.array(msgspec.msgpack.decode((folder / SILENT).read_bytes()), dtype=object)
    return Contents(silent, np.load(folder / DIGESTS, mmap_mode="r", allow_pickle=False))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
