"""A Workspace: the tables, feature matrices and models of one project, in one folder.

brandfit.sqlite      rows, pictures, imports, rejects   (SQLite, WAL; one transaction an import)
tables/              the rows as Arrow files, memory-mapped; made again after each change of the database
features/<name>/     finished Features: ids, values.npy (memory-mapped), digests of their contents, manifest
units/<maker>/       encoded contents of an encoder, in chunks named by their own checksum, and maker.json:
                     the encoder and its settings. Unused ones are removed (``workspace.orphans``)
models/<ranker>/     safetensors and JSON, never pickle
training/<ranker>/   checkpoint of a training that is not finished
"""

from __future__ import annotations

import hashlib
import shutil
import time
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
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
from brandfit.data.features import Features
from brandfit.data.role_names import RoleNames
from brandfit.data.schema import Image, Partial, Reject, RejectId, Row
from brandfit.errors import UnknownName, WorkspaceError
from brandfit.rankers.base import Ranker, restored
from brandfit.workspace import health, history, own_features, stored_features, tables
from brandfit.workspace.artifacts import ArtifactStore, write_atomic
from brandfit.workspace.cache import Cache
from brandfit.workspace.import_filter import PENDING, ErasureReport, import_filter, without_rows
from brandfit.workspace.merging import Merging
from brandfit.workspace.writer import Writer

DATABASE = "brandfit.sqlite"
MAKER = "maker.json"
REPLACED, RETRY_PAUSE = 40, 0.05
"""How often, and after how many seconds, a folder is opened again that another reader is replacing."""
COVERED = "covered.json"
"""File next to the versions of Features: the key of the current version, and the fingerprint of the rows that
it covers."""
CURRENCY = "currency"
ROLE_NAMES = "role_names"
"""Keys of the table ``meta``."""


@dataclass(frozen=True)
class LastImport:
    """The import that can be taken back."""

    number: int
    source: str


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
            recorded_files=2,
            gaps=4,
            rankings=64,
            chances=64,
            explanations=32,
            suitings=32,
            folds=5,
            held_out=4,
            maps=8,
        )
        """Cache of results that are still valid; the pipeline stores its own here too."""

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- rows -----------------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """Fingerprint of all rows; '' before the first import."""
        with self.engine.connect() as connection:
            return tables.get_meta(connection, "fingerprint")

    @property
    def stamp(self) -> str:
        """Changes with every change of rows, Features or models; fast to compute."""
        parts = [self.fingerprint]
        for store in (self._features, self._models):
            parts += [f"{store.root.name} {name} {store.stamp(name)}" for name in store.names()]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    @property
    def currency(self) -> str:
        """Code of the currency of prices and budgets; "" if none is set."""
        with self.engine.connect() as connection:
            return tables.get_meta(connection, CURRENCY)

    def set_currency(self, code: str) -> None:
        with tables.writing(self.engine) as connection:
            tables.set_meta(connection, CURRENCY, code)

    @property
    def role_names(self) -> RoleNames:
        """Words for brands and influencers, in tables that are imported and in headings."""
        with self.engine.connect() as connection:
            text = tables.get_meta(connection, ROLE_NAMES)
        return msgspec.json.decode(text, type=RoleNames) if text else RoleNames()

    def set_role_names(self, names: RoleNames) -> None:
        with tables.writing(self.engine) as connection:
            tables.set_meta(connection, ROLE_NAMES, msgspec.json.encode(names).decode())

    @property
    def mappings(self) -> dict[str, list[str]]:
        """Digest of the header of a table to the entries of the mapping that it was last imported with."""
        with self.engine.connect() as connection:
            text = tables.get_meta(connection, history.MAPPINGS)
        return msgspec.json.decode(text, type=dict[str, list[str]]) if text else {}

    def set_mappings(self, mappings: Mapping[str, Sequence[str]]) -> None:
        with tables.writing(self.engine) as connection:
            tables.set_meta(connection, history.MAPPINGS, msgspec.json.encode(mappings).decode())

    def write(
        self,
        source: str,
        records: Iterable[Row | Partial | tuple[Image, bytes] | Reject | Features],
        left_out: ErasureReport | None = None,
        *,
        merging: Merging | None = None,
        corrected: Collection[RejectId] = (),
        prune: bool = False,
    ) -> dict[str, dict[str, int]]:
        """Write an import completely or not at all: rows, pictures with their working copies, Features, and
        its rejects.

        Rejects belong to this import; an earlier import of the same ``source`` and its rejects are replaced.
        Returns counts a table: seen, added, changed, unchanged. Any error from ``records`` rolls back all
        changes and is raised. Rows of erased accounts are not written; ``left_out`` receives their number.

        A value that a record does not state (``schema.Partial``; None) never replaces a stored value;
        ``merging`` receives how many rows kept values and how many values conflict within the import, and the
        rows that are gone: those that earlier imports of the source stated and no import states now.

        corrected  rejects of earlier imports whose rows are among the records; read when the records have
                   ended. They are removed
        prune      remove the rows that are gone
        """
        rejects: list[Reject] = []
        all_features: list[Features] = []
        left_out = ErasureReport() if left_out is None else left_out
        removed_late = False
        with tables.writing(self.engine) as connection:
            guard = import_filter(connection, left_out)
            if guard is not None:
                source = guard.redactor.text(source) or source
            left_out.source = source
            undo = history.begin(connection, source)
            # An earlier version recorded no rows: what is gone is not known then.
            is_unrecorded = undo.earlier is not None and not undo.earlier["keys"]
            writer = Writer(connection)
            for unfiltered in records:
                record = unfiltered if guard is None else guard.of(unfiltered)
                if record is None:
                    continue
                if isinstance(record, Row | Partial):
                    writer.add(record)
                elif isinstance(record, tuple):
                    writer.add(record[0])
                    writer.add_picture(record[0].hash, record[1])
                elif isinstance(record, Reject):
                    rejects.append(record)
                else:
                    all_features.append(record)
            changes = writer.finish()
            seen = writer.keys
            gone_hashes = history.gone_hashes(connection, source, seen)
            gone = history.find_gone(connection, source, hashes=gone_hashes, prune=prune)
            if merging is not None:
                merging.kept, merging.conflicts = writer.merging.kept, writer.merging.conflicts
                merging.changes, merging.gone = writer.merging.changes, gone
                merging.is_unrecorded = is_unrecorded
            removed_late = guard is not None and guard.finish(connection)
            left_out.number = tables.add_import(connection, source, time=time.time(), found=rejects)
            history.store_keys(connection, left_out.number, seen=seen, gone=gone_hashes)
            history.remove_corrected(connection, undo, corrected)
            has_pruned = any(rows.removed for rows in gone.values())
            # Vectors change no row: the import before them can still be taken back.
            has_rows = bool(rejects) or any(n["seen"] for n in changes.values()) or has_pruned
            if has_rows or not all_features:
                history.finish(connection, undo, left_out.number)
            is_changed = (
                has_pruned or removed_late or any(n["added"] or n["changed"] for n in changes.values())
            )
            # Hashing all rows takes seconds for large tables: only after a change.
            if is_changed or not tables.get_meta(connection, "fingerprint"):
                tables.set_meta(connection, "fingerprint", tables.compute_fingerprint(connection))
            # Last, because files cannot be rolled back.
            for features in all_features:
                self._put(features)
        if removed_late:
            self._empty_log()
        return changes

    def last_import(self) -> LastImport | None:
        """The import that ``undo`` takes back; None if there is none."""
        with self.engine.connect() as connection:
            undo = history.last_import(connection)
        return LastImport(undo.number, undo.source) if undo is not None else None

    def undo(self, number: int | None = None) -> history.Undone:
        """Take back the last import: rows that it added go, rows that it changed or removed are as before.
        Features, models and annotations stay.

        number  of the import that is meant, so that a later import of somebody else is not taken back

        Raises WorkspaceError if there is none to take back, or if the last one has another number.
        """
        with tables.writing(self.engine) as connection:
            undo = history.last_import(connection)
            if undo is None:
                raise WorkspaceError(
                    "There is no import to undo.",
                    "Only the last import can be taken back, once, and not after an account was forgotten.",
                )
            if number not in (None, undo.number):
                raise WorkspaceError(
                    f"Import {number} is not the last one: {undo.source} was imported since.",
                    "Only the last import can be taken back.",
                )
            return history.take_back(connection, undo)

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
            rows = connection.exec_driver_sql("SELECT id, role FROM accounts WHERE role <> 'influencer'")
            return dict(rows.tuples().all())

    def account_ids(self) -> set[str]:
        """Ids of all accounts."""
        return self._ids_of("accounts")

    def post_ids(self) -> set[str]:
        """Ids of all posts."""
        return self._ids_of("posts")

    def posts_by_picture_file(self) -> dict[str, str]:
        """Name of the file of each picture, with and without its ending, to the post. A name that several
        posts share is left out."""
        posts: dict[str, str] = {}
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT source, post FROM images WHERE source <> ''")
            for source, post in rows:
                file = PurePosixPath(source.rpartition("::")[2].replace("\\", "/"))
                for name in {file.name, file.stem}:
                    posts[name] = post if posts.get(name, post) == post else ""
        return {name: post for name, post in posts.items() if post}

    def known_ids(self) -> set[str]:
        """Ids of all accounts and posts."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM accounts UNION SELECT id FROM posts")
            return set(rows.scalars())

    def _ids_of(self, table: str) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.exec_driver_sql(f'SELECT id FROM "{table}"').scalars())

    def _empty_log(self) -> None:
        """Truncate the write-ahead log, which holds rows of an erased account that were removed, unless a
        reader is using it."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver_connection: Any = connection.connection.driver_connection
            driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def imports(self) -> list[dict[str, Any]]:
        """The last import of each source, the newest first: id, source, time (s since 1970, None where not
        known), rejects."""
        query = (
            sa.select(tables.imports, sa.func.count(tables.rejects.c.import_id).label("rejects"))
            .outerjoin(tables.rejects, tables.rejects.c.import_id == tables.imports.c.id)
            .group_by(tables.imports.c.id)
            .order_by(tables.imports.c.id.desc())
        )
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def rejects(self, *, of: int | None = None, earlier: bool = False) -> list[dict[str, Any]]:
        """Rejected rows of the last import, in the order of its files: import, time, source, file, line,
        reason, excerpt.

        of       the id of another import (``imports``)
        earlier  of all imports, the newest first
        """
        number = tables.imports.c.id
        query = sa.select(
            number.label("import"),
            tables.imports.c.time,
            tables.imports.c.source,
            sa.literal_column("rejects.rowid").label("number"),
            tables.rejects,
        )
        query = query.join(tables.rejects, tables.rejects.c.import_id == number).order_by(
            number.desc(), sa.text("rejects.rowid")
        )
        if of is not None:
            query = query.where(number == of)
        elif not earlier:
            last = sa.select(sa.func.max(number)).scalar_subquery()
            query = query.where(number == last, tables.imports.c.time.is_not(None))
        with self.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [{name: value for name, value in row.items() if name != "import_id"} for row in rows]

    def dataset(self) -> Dataset:
        """All rows as a Dataset, memory-mapped, without Features in its slots. The same object until a row
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
            # Tables that an earlier version wrote lack columns.
            form = f"{version}-{schema.SCHEMA_VERSION}"
            is_new = False
            try:
                folder, _ = self._tables.get("rows", form)
            except (KeyError, WorkspaceError):
                writers = {f"{name}.arrow": _arrow_writer(connection, name) for name in schema.TABLES}
                folder = self._tables.put("rows", form, files=writers, info={})
                for old in self._tables.versions("rows"):
                    if old != form:
                        self._tables.drop("rows", old)
                is_new = True
        # If rows changed meanwhile, this version may hold rows that were removed: it must not stay.
        if is_new and self.fingerprint != version:
            return self.dataset()
        return Dataset(_tables_in(folder), version, pictures=self.picture)

    def picture(self, hash: str) -> bytes:
        """Bytes of a working copy. Raises KeyError if there is none."""
        # Closing returns the connection to the pool: there may be more threads than connections.
        with closing(self.engine.raw_connection()) as connection:
            row = connection.execute("SELECT data FROM pictures WHERE hash = ?", (hash,)).fetchone()
        if row is None:
            raise KeyError(hash)
        return row[0]

    # --- features (the Store of encoders) -------------------------------------------------------------------

    def features(self, name: str) -> Features:
        """The current Features of this name, memory-mapped. Raises UnknownName with the names that exist."""
        try:
            return self.memo.get("features", (name, self._features.stamp(name)), lambda: self._read(name))
        except KeyError:
            is_encoder = name in registry.names("encoder")
            hint = f"Encode it first: brandfit encode {name} -w {self.path}" if is_encoder else ""
            raise UnknownName("feature", name, known=self.feature_names(), hint=hint) from None

    def feature_names(self) -> list[str]:
        return self._features.names()

    def feature_info(self, name: str) -> dict[str, Any]:
        """Name, level, slot, rows, dim, columns and key of Features, without reading them; ``covers``:
        fingerprint of the rows that they cover, '' if unknown."""
        info = self._features.info(name)
        try:
            covered = msgspec.json.decode(
                (self.path / "features" / name / COVERED).read_bytes(), type=dict[str, str]
            )
        except (FileNotFoundError, msgspec.MsgspecError):
            covered = {}
        return {**info, "covers": covered.get("rows", "") if covered.get("key") == info["key"] else ""}

    def note_covered(self, features: Features, fingerprint: str) -> None:
        """Store that these Features cover all rows of this fingerprint: no comparison is needed later."""
        write_atomic(
            self.path / "features" / features.name / COVERED,
            msgspec.json.encode({"key": features.key, "rows": fingerprint}),
        )

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(hashes, values) of each chunk that this maker has encoded. A damaged chunk is removed; its
        contents will be encoded again."""
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
        """The Features of this key; None if there are none, or if they are damaged: they are made again."""
        try:
            return self._read(name, key)
        except (KeyError, WorkspaceError):
            return None

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        """Store the description of a maker (``Encoder.about``) with its encoded contents; that of a profiler
        also has the data that it read."""
        file = self.path / "units" / maker / MAKER
        if self.maker(maker) != about:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, msgspec.json.encode(about))

    def maker(self, maker: str) -> dict[str, Any]:
        """The stored description of a maker; {} if there is none."""
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
            files=stored_features.file_writers(features),
            info=stored_features.info_of(features),
        )
        # Versions of other makers stay: they may be current again.
        maker = version.partition("-")[0]
        for old in self._features.versions(features.name):
            if old != version and old.partition("-")[0] == maker:
                self._features.drop(features.name, old)
        return self._read(features.name, version)

    def _read(self, name: str, key: str | None = None) -> Features:
        folder, info = self._features.get(name, key)
        return stored_features.read_features(folder, info)

    # --- models ---------------------------------------------------------------------------------------------

    def save_model(self, ranker: Ranker, info: dict[str, Any]) -> Path:
        """Store a fitted ranker as the current one of its name. ``info``: its slots, metrics and so on."""
        arrays = {name: np.ascontiguousarray(array) for name, array in ranker.arrays().items()}
        data = save_tensors(arrays, {"ranker": ranker.name})
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
        """A fitted ranker and its info. Raises UnknownName if there is none of this name."""

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
        """Folder of the checkpoint from which an interrupted training goes on."""
        folder = self.path / "training" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def model_names(self) -> list[str]:
        return self._models.names()

    def model_info(self, name: str) -> dict[str, Any]:
        return self._models.info(name)

    # --- health ---------------------------------------------------------------------------------------------

    def damage(self) -> list[str]:
        """A sentence for each part of the workspace that is not what was written; [] if all is well."""
        sentences = []
        if self.forgetting():
            sentences.append(
                "Forgetting an account was not finished. Run: brandfit forget -w " + str(self.path)
            )
        with self.engine.connect() as connection:
            sentences += health.database_damage(connection, self.path / DATABASE)
        sentences += health.artifact_damage((self._tables, self._features, self._models))
        sentences += health.unit_damage(self.path / "units")
        return sentences


def _tables_in(folder: Path) -> dict[str, pa.Table]:
    """The tables of a folder, memory-mapped.

    Another reader that makes the same version replaces the folder by its own, and for a moment there is none:
    then it is opened again.
    """
    for attempt in range(REPLACED + 1):
        try:
            return {name: _memory_mapped(folder / f"{name}.arrow") for name in schema.TABLES}
        except FileNotFoundError:
            if attempt == REPLACED:
                raise
            time.sleep(RETRY_PAUSE)
    raise AssertionError("unreachable")


def _memory_mapped(file: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _arrow_writer(connection: sa.Connection, name: str) -> Any:
    def write(path: Path) -> None:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema.arrow_schema(name)) as writer:
            for batch in tables.arrow_batches(connection, name):
                writer.write_batch(batch)

    return write


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
