"""Who asked to be forgotten: known by salted hashes alone, kept out of every later import, and taken out of
the rows here.

What is left of an account is one keyed BLAKE2b of its id; the key is 32 random bytes of this workspace. Why
no slow hash: docs/decisions/0004-forgetting.md.

While a forgetting is under way the database notes what is to be found (``Traces``), in the transaction that
removes the rows: who is killed in the middle takes it up again. The note goes away last.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from brandfit.data import schema
from brandfit.data.features import Features
from brandfit.data.redaction import TOKEN, Redactor, plain
from brandfit.data.schema import Partial, Reject, Row
from brandfit.errors import UnknownName
from brandfit.workspace import tables
from brandfit.workspace.writer import Writer

SALT, PENDING = "forgetting.salt", "forgetting.pending"
LEAST = 4
"""Letters that a word must have to be looked for: shorter ones are in everything."""
FRAGMENT, LONGEST = 16, 80
"""The same of a line, and how many of it are looked for at most."""
TEXTS = {
    "accounts": ("name", "biography"),
    "posts": ("caption", "hashtags", "mentions", "tags", "sponsors"),
    "images": ("alt_text", "source"),
    "links": ("text",),
}
"""Fields in which one account can name another."""


class Traces(msgspec.Struct, kw_only=True):
    """What to look for of those who are being forgotten, until nothing of it is left."""

    handles: list[str] = []
    """In their ``plain`` form, and as they were written."""
    posts: list[str] = []
    words: list[str] = []
    """Words that nobody else uses."""
    lines: list[str] = []
    """Beginnings of what they wrote."""
    pictures: list[bytes] = []
    """A piece of each picture."""
    changed: bool = False
    """Whether rows were removed or changed."""
    learned: bool = False
    """Whether rankers can have learned from what they posted."""
    has_comments: bool = msgspec.field(default=False, name="heard")  # the stored key
    """Whether they commented."""

    def with_(self, other: Traces) -> Traces:
        both: dict[str, Any] = {
            name: list(dict.fromkeys(getattr(self, name) + getattr(other, name))) for name in LISTS
        }
        both |= {name: getattr(self, name) or getattr(other, name) for name in FLAGS}
        return Traces(**both)

    def redactor(self) -> Redactor:
        known = {plain(handle) for handle in self.handles}
        return Redactor(known.__contains__, self.handles)

    def finder(self, words: bool = False) -> Callable[[Any], bool]:
        """Whether something made of strings, lists and dicts names them, one of their posts or, if asked for,
        a word of theirs."""
        redactor, sought = self.redactor(), {*self.posts, *(self.words if words else ())}

        def found(thing: Any) -> bool:
            if isinstance(thing, str):
                return redactor.names(thing) or any(
                    t in sought or t.lower() in sought for t in TOKEN.findall(thing)
                )
            if isinstance(thing, dict):
                return any(found(key) or found(value) for key, value in thing.items())
            return isinstance(thing, list | tuple) and any(map(found, thing))

        return found


LISTS = ("handles", "posts", "words", "lines", "pictures")
FLAGS = ("changed", "learned", "has_comments")


@dataclass
class ErasureReport:
    """What an import left out or changed because somebody asked to be forgotten."""

    accounts: set[bytes] = field(default_factory=set)
    rows: int = 0
    redacted: int = 0
    source: str = ""
    """What the import is noted as: a path may name somebody too."""
    number: int = 0
    """Its id."""

    def to_dict(self) -> dict[str, int]:
        return {"accounts": len(self.accounts), "rows": self.rows, "redacted": self.redacted}


class ImportFilter:
    """Keeps them out of an import. ``of`` makes None of a record that is theirs, and takes them out of all
    others."""

    def __init__(self, salt: bytes, hashes: Iterable[bytes], left_out: ErasureReport) -> None:
        self._salt, self._hashes, self.left_out = salt, frozenset(hashes), left_out
        self.redactor = Redactor(self._is_erased)

    def of(self, record: Any) -> Any:
        if isinstance(record, Features):
            columns = tuple(self.redactor.text(column) or "" for column in record.columns)
            gone = [self.redactor.is_erased(id) or id in self.redactor.posts for id in record.ids.tolist()]
            return without(record if columns == record.columns else replace(record, columns=columns), gone)
        if isinstance(record, Reject):
            hidden = any(map(self.redactor.names, (record.file, record.reason, record.excerpt)))
            self.left_out.redacted += hidden
            return (
                Reject("", record.line, "names an account that asked to be forgotten") if hidden else record
            )
        if isinstance(record, Partial):
            row = self.of(record.row)
            return record if row is record.row else row and Partial(row, record.defaults, record.derived)
        row = record[0] if isinstance(record, tuple) else record
        kept = self.redactor.row(row)
        self.left_out.rows += kept is None
        self.left_out.redacted += kept is not None and kept is not row
        if kept is row or kept is None:
            return record if kept is row else None
        return (kept, *record[1:]) if isinstance(record, tuple) else kept

    def finish(self, connection: sa.Connection) -> bool:
        """Remove pictures and links that came before the post of which they turned out to be. Whether there
        were any."""
        late = 0
        for batch in _batched(sorted(self.redactor.posts)):
            for table, column in (("images", "post"), ("links", "post")):
                sql = f'DELETE FROM {table} WHERE "{column}" IN ({", ".join("?" * len(batch))})'
                late += connection.exec_driver_sql(sql, tuple(batch)).rowcount
        if late:
            self.left_out.rows += late
            drop_orphans(connection)
        return late > 0

    def _is_erased(self, handle: str) -> bool:
        hashed = hash_of(handle, self._salt)
        if hashed not in self._hashes:
            return False
        self.left_out.accounts.add(hashed)
        return True


def hash_of(handle: str, salt: bytes) -> bytes:
    """(16,) bytes that stand for a handle in its ``plain`` form."""
    return hashlib.blake2b(handle.encode(), key=salt, digest_size=16, person=b"brandfit.forget").digest()


def import_filter(connection: sa.Connection, left_out: ErasureReport) -> ImportFilter | None:
    """What keeps the forgotten out of an import; None where nobody asked for it."""
    hashes = [h for (h,) in connection.execute(sa.select(tables.forgotten.c.hash))]
    return (
        ImportFilter(bytes.fromhex(tables.get_meta(connection, SALT)), hashes, left_out) if hashes else None
    )


def without(features: Features, gone: Sequence[bool] | np.ndarray) -> Features:
    """Features without these rows, the values of all others as they were, under a key of their own; the same
    if there are none."""
    kept = np.flatnonzero(~np.asarray(gone, bool))
    if len(kept) == len(features):
        return features
    ids = features.ids[kept]
    digest = hashlib.sha256("\n".join([features.key, *ids.tolist()]).encode()).hexdigest()
    key = f"{features.key.partition('-')[0]}-{digest[:32]}" if features.key else ""
    values = np.ascontiguousarray(features.values[kept])
    contents = features.contents
    if contents is not None:
        digests = np.concatenate([contents.digests[kept], contents.digests[len(features) :]])
        contents = replace(contents, digests=digests)
    return replace(features, ids=ids, values=values, key=key, contents=contents)


def pending(connection: sa.Connection) -> Traces | None:
    """What is still to be found of a forgetting that has not been finished."""
    noted = tables.get_meta(connection, PENDING)
    return msgspec.json.decode(noted, type=Traces) if noted else None


def resolved(connection: sa.Connection, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """The handles in their ``plain`` form, and all ids of this workspace that are theirs.

    Raises UnknownName for one that is nowhere here and was not forgotten before.
    """
    handles = list(dict.fromkeys(map(plain, asked)))
    known = (
        "SELECT id FROM accounts UNION SELECT account FROM posts UNION SELECT source FROM links UNION "
        "SELECT target FROM links"
    )
    stated = (f"SELECT value FROM posts, json_each(posts.{kind})" for kind in schema.STATED_BY_POST)
    ids: dict[str, list[str]] = {}
    for (id,) in connection.exec_driver_sql(" UNION ".join([known, *stated])):
        ids.setdefault(plain(id), []).append(id)
    salt = bytes.fromhex(tables.get_meta(connection, SALT))
    gone = {h for (h,) in connection.execute(sa.select(tables.forgotten.c.hash))}
    for handle in handles:
        if handle not in ids and hash_of(handle, salt) not in gone:
            raise UnknownName("account", handle, known=ids)
    return handles, sorted(id for handle in handles for id in ids.get(handle, ()))


def counts(connection: sa.Connection, asked: Sequence[str]) -> dict[str, int]:
    """How many rows there are of these accounts; raises like ``resolved``."""
    own = set(resolved(connection, asked)[1])
    _function(connection, "theirs", own.__contains__)
    asks = {
        "accounts": "accounts WHERE theirs(id)",
        "posts": "posts WHERE theirs(account)",
        "images": "images WHERE post IN (SELECT id FROM posts WHERE theirs(account))",
        "links": "links WHERE theirs(source) OR theirs(target)",
    }
    return {
        name: connection.exec_driver_sql(f"SELECT count(*) FROM {sql}").scalar_one()
        for name, sql in asks.items()
    }


def remove_rows(connection: sa.Connection, asked: Sequence[str]) -> tuple[Traces, dict[str, int]]:
    """Take accounts out of all rows, note their hashes, and note what else is to be found; all within the
    caller's transaction.

    Returns the traces, those of an unfinished forgetting among them, and how many rows were removed, or
    ``redacted``.
    """
    handles, ids = resolved(connection, asked)
    own = set(ids)
    redactor = Redactor(set(handles).__contains__, {*handles, *ids})
    _function(connection, "theirs", own.__contains__)
    before, noted = _sizes(connection), tables.get_meta(connection, "fingerprint")
    learned = connection.exec_driver_sql(
        "SELECT (SELECT count(*) FROM accounts WHERE theirs(id) AND role <> 'audience') + count(*) FROM "
        "posts WHERE theirs(account)"
    ).scalar_one()
    heard = connection.exec_driver_sql(
        "SELECT count(*) FROM links WHERE theirs(source) AND text IS NOT NULL"
    ).scalar_one()
    posts = [id for (id,) in connection.exec_driver_sql("SELECT id FROM posts WHERE theirs(account)")]
    redactor.posts.update(posts)
    texts = _texts(connection)
    pieces = _pieces(connection)
    _function(connection, "of_them", redactor.posts.__contains__)
    connection.exec_driver_sql("DELETE FROM links WHERE theirs(source) OR theirs(target) OR of_them(post)")
    connection.exec_driver_sql("DELETE FROM images WHERE of_them(post)")
    connection.exec_driver_sql("DELETE FROM posts WHERE theirs(account)")
    connection.exec_driver_sql("DELETE FROM accounts WHERE theirs(id)")
    drop_orphans(connection)
    redacted = _redact(connection, redactor)
    traces = Traces(
        handles=[*dict.fromkeys([*handles, *ids])],
        posts=posts,
        words=_words_without_rows(connection, texts),
        lines=[line for line in map(_line, texts) if line],
        pictures=pieces,
        changed=True,
        learned=learned > 0,
        has_comments=heard > 0,
    )
    _drop_rejects(connection, traces)
    after = _sizes(connection)
    fingerprint = tables.compute_fingerprint(connection) if noted else ""
    traces.changed = fingerprint != noted
    tables.set_meta(connection, "fingerprint", fingerprint)
    salt = tables.get_meta(connection, SALT) or secrets.token_hex(32)
    tables.set_meta(connection, SALT, salt)
    new = [(hash_of(handle, bytes.fromhex(salt)),) for handle in handles]
    if new:
        connection.exec_driver_sql("INSERT OR IGNORE INTO forgotten (hash) VALUES (?)", new)
    if (unfinished := pending(connection)) is not None:
        traces = unfinished.with_(traces)
    tables.set_meta(connection, PENDING, msgspec.json.encode(traces).decode())
    return traces, {**{name: before[name] - after[name] for name in before}, "redacted": redacted}


def drop_orphans(connection: sa.Connection) -> None:
    """Remove the pictures of which no image is left."""
    connection.exec_driver_sql("DELETE FROM pictures WHERE hash NOT IN (SELECT hash FROM images)")


def _redact(connection: sa.Connection, redactor: Redactor) -> int:
    """Rows of others that named them, written anew."""
    _function(connection, "named", redactor.names)
    writer = Writer(connection)
    changed = 0
    for name, fields in TEXTS.items():
        where = " OR ".join(f'named("{field}")' for field in fields)
        read = tables.reader(name)
        for values in connection.exec_driver_sql(
            f'SELECT {tables.listed(name)} FROM "{name}" WHERE {where}'
        ).all():
            row: Row = read(values)
            new = redactor.row(row)
            if new is not None and new is not row:
                writer.add(new)
                changed += 1
    writer.finish()
    return changed


def _texts(connection: sa.Connection) -> list[str]:
    """What they wrote: biographies, captions, descriptions of their pictures, comments, hashtags."""
    sql = """
        SELECT biography FROM accounts WHERE theirs(id) UNION SELECT name FROM accounts WHERE theirs(id)
        UNION SELECT caption FROM posts WHERE theirs(account)
        UNION SELECT hashtags FROM posts WHERE theirs(account)
        UNION SELECT alt_text FROM images WHERE post IN (SELECT id FROM posts WHERE theirs(account))
        UNION SELECT text FROM links WHERE theirs(source)"""
    return [text for (text,) in connection.exec_driver_sql(sql) if text]


def _pieces(connection: sa.Connection) -> list[bytes]:
    """The end of each of their pictures, of those that nobody else shows too: tables that all JPEG files
    share come before."""
    sql = """
        SELECT substr(data, -64) FROM pictures WHERE hash IN
            (SELECT hash FROM images WHERE post IN (SELECT id FROM posts WHERE theirs(account)))
        AND hash NOT IN (
            SELECT hash FROM images WHERE post NOT IN (SELECT id FROM posts WHERE theirs(account)))"""
    return [piece for (piece,) in connection.exec_driver_sql(sql)]


def _words_without_rows(connection: sa.Connection, texts: Sequence[str]) -> list[str]:
    """The words of these texts that no row has any more."""
    words = {word.lower() for text in texts for word in TOKEN.findall(text) if len(word) >= LEAST}
    for name, fields in TEXTS.items() if words else ():
        more = ("category", "business_category") if name == "accounts" else ()
        for field_ in (*fields, *more):
            for (text,) in connection.exec_driver_sql(
                f'SELECT "{field_}" FROM "{name}" WHERE "{field_}" IS NOT NULL'
            ):
                words.difference_update(TOKEN.findall(text.lower()))
    return sorted(words)


def _line(text: str) -> str:
    """The beginning of the longest line of a text, where that is long enough to be found by; in lower
    case."""
    longest = max(text.lower().splitlines(), key=len, default="").strip()[:LONGEST]
    return longest if len(longest) >= FRAGMENT else ""


def _drop_rejects(connection: sa.Connection, traces: Traces) -> None:
    _function(connection, "told", traces.finder())
    _function(connection, "quoted", traces.finder(words=True))
    connection.exec_driver_sql("DELETE FROM rejects WHERE told(file) OR told(reason) OR quoted(excerpt)")
    named = "SELECT id FROM imports WHERE told(source)"
    connection.exec_driver_sql(f"DELETE FROM rejects WHERE import_id IN ({named})")
    connection.exec_driver_sql(f"DELETE FROM imports WHERE id IN ({named})")


def _sizes(connection: sa.Connection) -> dict[str, int]:
    names = (*schema.TABLES, "pictures", "rejects")
    return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


def _function(connection: sa.Connection, name: str, function: Callable[[Any], bool]) -> None:
    """A function of one value, to be used in SQL on this connection; false of NULL."""
    driver: Any = connection.connection.driver_connection
    driver.create_function(name, 1, lambda value: value is not None and function(value))


def _batched(items: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (items[at : at + size] for at in range(0, len(items), size))
