"""Erasure from the rows of a workspace: in one transaction, which also stores the traces.

While an erasure is not finished, the database stores its ``Traces``: an erasure that was killed is finished
later. The traces are removed last.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from brandfit.arguments import Texts, checked
from brandfit.data import schema
from brandfit.data.redaction import TOKEN, Redactor, plain
from brandfit.data.schema import Row
from brandfit.erasure.traces import Traces
from brandfit.errors import UnknownName
from brandfit.workspace import Place, Workspace, as_workspace, history, tables
from brandfit.workspace.import_filter import (
    PENDING,
    SALT,
    erased_hashes,
    hash_of,
)
from brandfit.workspace.writer import Writer

SHORTEST_WORD = 4
"""Letters of a word that is searched for; shorter ones occur in every file."""
SHORTEST_LINE, LONGEST_LINE = 16, 80
"""Characters of a line that is searched for; of a longer line, only its beginning is."""
ATTRIBUTES = "attributes"
TEXTS = {
    "accounts": ("name", "biography", "country", "city", ATTRIBUTES),
    "posts": ("caption", "hashtags", "mentions", "tags", "sponsors"),
    "images": ("alt_text", "source"),
    "links": ("text",),
}
"""Fields in which one account can name another."""


class RowErasure(NamedTuple):
    """traces  of these accounts, and of an erasure that was not finished
    n_rows    table to the number of removed rows, and ``redacted``: rows of others without the handle
    """

    traces: Traces
    n_rows: dict[str, int]


class Accounts(NamedTuple):
    """handles  in their ``plain`` form
    ids      all spellings of these handles in the workspace, sorted
    """

    handles: list[str]
    ids: list[str]


def erase_rows(workspace: Workspace, accounts: Sequence[str]) -> RowErasure:
    """Remove accounts from all rows in one transaction, so that no import brings them back; without accounts,
    load the traces of the erasure that is not finished.

    Raises UnknownName for an account that is not in the workspace.
    """
    with tables.writing(workspace.engine) as connection:
        return _erase(connection, accounts)


@checked
def count_rows(workspace: Place, accounts: Texts) -> dict[str, int]:
    """Table to the number of rows of these accounts. Raises UnknownName for one that is not in the
    workspace."""
    workspace = as_workspace(workspace)
    with workspace.engine.connect() as connection:
        own = set(_resolved(connection, list(accounts)).ids)
        _add_function(connection, "theirs", own.__contains__)
        tables_and_conditions = {
            "accounts": "accounts WHERE theirs(id)",
            "posts": "posts WHERE theirs(account)",
            "images": "images WHERE post IN (SELECT id FROM posts WHERE theirs(account))",
            "links": "links WHERE theirs(source) OR theirs(target)",
        }
        counts: dict[str, int] = {}
        for name, sql in tables_and_conditions.items():
            counts[name] = connection.exec_driver_sql(f"SELECT count(*) FROM {sql}").scalar_one()
        return counts


def pending(connection: sa.Connection) -> Traces | None:
    """Traces of an erasure that is not finished."""
    stored = tables.get_meta(connection, PENDING)
    return msgspec.json.decode(stored, type=Traces) if stored else None


def _resolved(connection: sa.Connection, accounts: Sequence[str]) -> Accounts:
    """Handles and ids of accounts. Raises UnknownName for one that is not in the workspace and was not erased
    before."""
    handles = list(dict.fromkeys(map(plain, accounts)))
    queries = [
        "SELECT id FROM accounts UNION SELECT account FROM posts UNION SELECT source FROM links UNION "
        "SELECT target FROM links"
    ]
    queries += [f"SELECT value FROM posts, json_each(posts.{kind})" for kind in schema.STATED_BY_POST]
    ids = set(connection.exec_driver_sql(" UNION ".join(queries)).scalars())
    # Rows that the last import removed are in the database too, until the next one.
    for kept in history.kept_rows(connection):
        ids.update(_named_ids(kept))
    ids_by_handle: dict[str, list[str]] = {}
    for id in sorted(ids):
        ids_by_handle.setdefault(plain(id), []).append(id)
    salt = bytes.fromhex(tables.get_meta(connection, SALT))
    erased = erased_hashes(connection)
    own: list[str] = []
    for handle in handles:
        if handle not in ids_by_handle and hash_of(handle, salt) not in erased:
            raise UnknownName("account", handle, known=ids_by_handle)
        own += ids_by_handle.get(handle, ())
    return Accounts(handles, sorted(own))


def _named_ids(kept: history.KeptRow) -> list[str]:
    """Ids of the accounts that a row belongs to or names in a field of its own."""
    fields = kept.fields
    names = {"accounts": ("id",), "posts": ("account",), "links": ("source", "target")}.get(kept.table, ())
    ids = [fields[name] for name in names]
    if kept.table == "posts":
        for kind in schema.STATED_BY_POST:
            ids += msgspec.json.decode(fields[kind])
    return ids


def _erase(connection: sa.Connection, accounts: Sequence[str]) -> RowErasure:
    handles, ids = _resolved(connection, accounts)
    redactor = Redactor(set(handles).__contains__, {*handles, *ids})
    _add_function(connection, "theirs", set(ids).__contains__)
    sizes_before, fingerprint_before = _sizes(connection), tables.get_meta(connection, "fingerprint")

    # Everything that is known only from the rows is read before they are removed.
    posts = list(connection.exec_driver_sql("SELECT id FROM posts WHERE theirs(account)").scalars())
    redactor.posts.update(posts)
    texts = [*_texts(connection), *_kept_texts(connection, set(ids))]
    traces = Traces(
        handles=[*dict.fromkeys([*handles, *ids])],
        posts=posts,
        lines=[line for line in map(_line, texts) if line],
        pictures=_picture_pieces(connection),
        learned=_has_posts_or_side(connection),
        has_comments=_has_comments(connection),
    )

    _add_function(connection, "of_them", redactor.posts.__contains__)
    connection.exec_driver_sql("DELETE FROM links WHERE theirs(source) OR theirs(target) OR of_them(post)")
    connection.exec_driver_sql("DELETE FROM images WHERE of_them(post)")
    connection.exec_driver_sql("DELETE FROM posts WHERE theirs(account)")
    connection.exec_driver_sql("DELETE FROM accounts WHERE theirs(id)")
    history.drop_orphan_pictures(connection)
    n_redacted = _redact(connection, redactor)
    traces.words = _words_without_rows(connection, texts)
    _drop_rejects(connection, traces)
    history.forget_removed(connection)

    sizes_after = _sizes(connection)
    fingerprint = tables.compute_fingerprint(connection) if fingerprint_before else ""
    traces.changed = fingerprint != fingerprint_before
    tables.set_meta(connection, "fingerprint", fingerprint)
    _store_hashes(connection, handles)
    if (unfinished := pending(connection)) is not None:
        traces = unfinished.with_(traces)
    tables.set_meta(connection, PENDING, msgspec.json.encode(traces).decode())
    n_removed = {name: sizes_before[name] - sizes_after[name] for name in sizes_before}
    return RowErasure(traces, {**n_removed, "redacted": n_redacted})


def _store_hashes(connection: sa.Connection, handles: Sequence[str]) -> None:
    """Store hashes of the handles, which keep them out of later imports."""
    salt = tables.get_meta(connection, SALT) or secrets.token_hex(32)
    tables.set_meta(connection, SALT, salt)
    hashes = [(hash_of(handle, bytes.fromhex(salt)),) for handle in handles]
    if hashes:
        connection.exec_driver_sql("INSERT OR IGNORE INTO forgotten (hash) VALUES (?)", hashes)


def _has_posts_or_side(connection: sa.Connection) -> bool:
    """Whether an account to be erased has a post, or is a brand or an influencer."""
    sql = (
        "SELECT (SELECT count(*) FROM accounts WHERE theirs(id) AND role <> 'audience') + count(*) FROM "
        "posts WHERE theirs(account)"
    )
    return bool(connection.exec_driver_sql(sql).scalar_one())


def _has_comments(connection: sa.Connection) -> bool:
    sql = "SELECT count(*) FROM links WHERE theirs(source) AND text IS NOT NULL"
    return bool(connection.exec_driver_sql(sql).scalar_one())


def _redact(connection: sa.Connection, redactor: Redactor) -> int:
    """Remove the handles from rows of other accounts. Returns the number of these rows."""
    _add_function(connection, "named", redactor.names)
    writer = Writer(connection)
    n_changed = 0
    for name, fields in TEXTS.items():
        where = " OR ".join(map(_names_one, fields))
        read = tables.reader(name)
        for values in connection.exec_driver_sql(
            f'SELECT {tables.listed(name)} FROM "{name}" WHERE {where}'
        ).all():
            row: Row = read(values)
            new = redactor.row(row)
            if new is not None and new is not row:
                writer.add(new)
                n_changed += 1
    writer.finish()
    return n_changed


def _names_one(field: str) -> str:
    """SQL: whether a field names an erased account; attributes do so by header and by text."""
    if field == ATTRIBUTES:
        return f"EXISTS (SELECT 1 FROM json_each({field}) WHERE named(key) OR named(value))"
    return f'named("{field}")'


def _texts(connection: sa.Connection) -> list[str]:
    """Texts of the accounts: biographies, names, places, further columns, captions, hashtags, descriptions of
    pictures, comments."""
    sql = """
        SELECT biography FROM accounts WHERE theirs(id) UNION SELECT name FROM accounts WHERE theirs(id)
        UNION SELECT city FROM accounts WHERE theirs(id)
        UNION SELECT value FROM accounts, json_each(attributes) WHERE theirs(accounts.id)
        UNION SELECT caption FROM posts WHERE theirs(account)
        UNION SELECT hashtags FROM posts WHERE theirs(account)
        UNION SELECT alt_text FROM images WHERE post IN (SELECT id FROM posts WHERE theirs(account))
        UNION SELECT text FROM links WHERE theirs(source)"""
    return [text for text in connection.exec_driver_sql(sql).scalars() if text]


def _kept_texts(connection: sa.Connection, own: set[str]) -> list[str]:
    """Texts of the accounts in rows that the last import changed or removed."""
    texts: list[str] = []
    for kept in history.kept_rows(connection):
        fields = kept.fields
        # Pictures name no account: their texts go with their row.
        owner = fields.get({"accounts": "id", "posts": "account", "links": "source"}.get(kept.table, ""))
        if owner in own:
            names = ("biography", "name") if kept.table == "accounts" else ("caption", "text")
            texts += [fields[name] for name in names if fields.get(name)]
            texts += msgspec.json.decode(fields.get("attributes") or "{}").values()
    return texts


def _picture_pieces(connection: sa.Connection) -> list[bytes]:
    """The last 64 bytes of each of their pictures that no other account shows. The first bytes would not do:
    many JPEG files share their tables."""
    sql = """
        SELECT substr(data, -64) FROM pictures WHERE hash IN
            (SELECT hash FROM images WHERE post IN (SELECT id FROM posts WHERE theirs(account)))
        AND hash NOT IN (
            SELECT hash FROM images WHERE post NOT IN (SELECT id FROM posts WHERE theirs(account)))"""
    return list(connection.exec_driver_sql(sql).scalars())


def _words_without_rows(connection: sa.Connection, texts: Sequence[str]) -> list[str]:
    """The words of these texts that are in no row any more, sorted."""
    words: set[str] = set()
    for text in texts:
        words.update(word.lower() for word in TOKEN.findall(text) if len(word) >= SHORTEST_WORD)
    if not words:
        return []
    for name, fields in TEXTS.items():
        more = ("category", "business_category") if name == "accounts" else ()
        for column in (*fields, *more):
            value, more_tables = ("value", f", json_each({column})") if column == ATTRIBUTES else (column, "")
            sql = f'SELECT "{value}" FROM "{name}"{more_tables} WHERE "{value}" IS NOT NULL'
            for text in connection.exec_driver_sql(sql).scalars():
                words.difference_update(TOKEN.findall(text.lower()))
    return sorted(words)


def _line(text: str) -> str:
    """The beginning of the longest line of a text, in lower case; "" if it is too short to search for."""
    longest = max(text.lower().splitlines(), key=len, default="").strip()[:LONGEST_LINE]
    return longest if len(longest) >= SHORTEST_LINE else ""


def _drop_rejects(connection: sa.Connection, traces: Traces) -> None:
    """Remove rejects and imports that name one of the accounts."""
    _add_function(connection, "is_trace", traces.finder())
    _add_function(connection, "is_excerpt_trace", traces.finder(words=True))
    connection.exec_driver_sql(
        "DELETE FROM rejects WHERE is_trace(file) OR is_trace(reason) OR is_excerpt_trace(excerpt) OR "
        'is_excerpt_trace("row")'
    )
    named = "SELECT id FROM imports WHERE is_trace(source)"
    connection.exec_driver_sql(f"DELETE FROM rejects WHERE import_id IN ({named})")
    connection.exec_driver_sql(f"DELETE FROM imports WHERE id IN ({named})")


def _sizes(connection: sa.Connection) -> dict[str, int]:
    names = (*schema.TABLES, "pictures", "rejects")
    sizes: dict[str, int] = {}
    for name in names:
        sizes[name] = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
    return sizes


def _add_function(connection: sa.Connection, name: str, predicate: Callable[[Any], bool]) -> None:
    """Make a predicate of one value a function of SQL on this connection; it is false for NULL."""
    driver: Any = connection.connection.driver_connection
    driver.create_function(name, 1, lambda value: value is not None and predicate(value))
