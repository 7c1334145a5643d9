"""folder: a folder of tables that people can make themselves: accounts, posts, endorsements, comments, and
pictures as files.

    accounts.csv      brands and influencers                                needed
    posts.csv         what they posted; kind "brief" is a brand's wish      optional
    endorsements.csv  which influencer has worked with which brand          optional
    comments.csv      who commented under which post                        optional

Each may be .csv (also ; or tab between the cells, .tsv), .xlsx (its first sheet), .jsonl or .parquet, and .gz
of text. ``COLUMNS`` describes each column; ``write_template`` writes a folder to start from. A list of
accounts alone may have any name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from brandfit.data import captions, schema
from brandfit.data.importers import _fields, _files, _table_files, _unread
from brandfit.data.importers._columns import COLUMNS, Column, columns_as_markdown, reader_of_role
from brandfit.data.importers._comments import Comments
from brandfit.data.importers._table_files import Row, normal_header
from brandfit.data.importers._template import write_template
from brandfit.data.importers.base import Importer
from brandfit.data.role_names import RoleNames
from brandfit.data.schema import Account, Link, Partial, Picture, Post, Record, Reject
from brandfit.messages import clean, excerpt, path_text, quoted
from brandfit.progress import Advance

__all__ = ["COLUMNS", "Folder", "columns_as_markdown", "write_template"]

MOST_UNKNOWN = 20
"""Unknown columns of a file that are named; the others are counted."""
MOST_HEADERS = 10_000
"""Headers of a file that are looked up: hostile JSON may have other keys in every row."""


class Folder(Importer):
    """Your own tables and pictures."""

    def recognises(self, path: Path) -> bool:
        return bool(_table_files.files_by_table(path)["accounts"])

    def total(self, path: Path) -> int:
        n_bytes = 0
        for files in _table_files.files_by_table(path).values():
            n_bytes += sum(map(_files.size_of, files))
        return n_bytes

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        files = _table_files.files_by_table(path)
        if not files["accounts"]:
            raise _table_files.no_accounts(path)
        self.warnings = _notes_on_files(files)
        maker = _RecordMaker(path, self.stored_roles, self.role_names)
        has_header: set[Path] = set()
        used: set[Path] = set()
        # Accounts first: posts and endorsements are checked against them, comments against posts.
        for table in COLUMNS:
            for source in files[table]:
                file = path_text(source)
                reader = _TableReader(source, table, self.role_names)
                for item in reader.rows(advance, self.warnings):
                    if isinstance(item, Reject):
                        yield item
                        continue
                    line, row = item
                    try:
                        yield from maker.records(table, row, file=file, line=line)
                        used.add(source)
                    except ValueError as error:
                        yield Reject(file, line, str(error), excerpt(str(row.get("id") or "")))
                if reader.has_needed_header:
                    has_header.add(source)
        for table in COLUMNS:
            for source in files[table]:
                if source not in used:
                    note = "" if source in has_header else _heading(table)
                    self.warnings.append(f"{clean(source.name)}: no row of it could be used.{note}")
        read = set().union(*files.values())
        self.unread = _unread.unread(
            path,
            lambda file: file in read or os.path.normpath(file) in maker.pictures,
            reason=lambda name: _table_files.why_unread(name, files),
            is_picture=True,
        )


def _notes_on_files(files: Mapping[str, list[Path]]) -> list[str]:
    """Sentences about accounts under another name, tables of several files, and missing tables."""
    renamed = [file for file in files["accounts"] if not _table_files.is_named(file, "accounts")]
    notes = [f"{clean(file.name)} is read as accounts." for file in renamed]
    several = [table_files for table_files in files.values() if len(table_files) > 1]
    for table_files in several:
        names = ", ".join([clean(file.name) for file in table_files])
        notes.append(f"All of these are read: {names}.")
    missing = [table for table in ("posts", "endorsements") if not files[table]]
    return notes + [f"There is no table of {table}." for table in missing]


def _heading(table: str) -> str:
    first = COLUMNS[table][0]
    return (
        " Its first row names the columns; one is needed that is called "
        f"{' or '.join((first.name, *first.also))}."
    )


# --- rows of a table ----------------------------------------------------------------------------------------


def _named(column: Column, names: RoleNames) -> Column:
    """The column in a workspace with its own names for roles: headers and values may be those names too."""
    if names.is_default:
        return column
    word_by_role = {"brand": names.brand, "influencer": names.influencer}
    if column.name in word_by_role:
        word = word_by_role[column.name]
        # A word without a Latin letter is no header for ``normal_header``, which compares Latin letters.
        also = (word, f"{word}_id") if normal_header(word) else ()
        return column._replace(also=(*also, *column.also))
    if column.name == "role":
        return column._replace(read=reader_of_role(word_by_role))
    return column


class _TableReader:
    """Reads the rows of one file of a table by the names of its columns.

    has_needed_header  whether a header of a needed column was found
    """

    def __init__(self, path: Path, table: str, role_names: RoleNames) -> None:
        self.path, self.table = path, table
        self.has_needed_header = False
        self._columns = [_named(column, role_names) for column in COLUMNS[table]]
        self._column_by_alias: dict[str, Column] = {}
        for column in self._columns:
            for alias in (column.name, *column.also):
                self._column_by_alias[normal_header(alias)] = column
        self._names = {normal_header(column.name) for column in self._columns}
        self._column_by_header: dict[str, Column | None] = {}
        """Each header of the file to its column; None if it is unknown."""

    def rows(self, advance: Advance, notes: list[str]) -> Iterator[Row | Reject]:
        """(line, {column: value}); a row with a wrong or missing value is a Reject. ``notes`` receives
        sentences about the columns."""
        for item in _table_files.rows(self.path, advance, notes):
            if isinstance(item, Reject):
                yield item
                continue
            line, cells = item
            try:
                row = self._row(cells)
            except ValueError as error:
                cells_text = " | ".join(map(_brief, cells.values()))
                yield Reject(path_text(self.path), line, str(error), excerpt(cells_text))
                continue
            yield line, row
        notes += self._note_unknown()
        notes += self._notes_same()

    def _row(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for header, cell in cells.items():
            column = self._column(header)
            # Of several headers of one column, the name of the column itself counts.
            if column is not None and (column.name not in row or normal_header(header) in self._names):
                try:
                    row[column.name] = column.read(cell)
                except ValueError as error:
                    raise ValueError(f"{column.name}: {error}") from None
        for column in self._columns:
            if column.needed and column.name not in row:
                raise ValueError(
                    f"{column.name} is missing (a column {' or '.join((column.name, *column.also))})"
                )
        return row

    def _column(self, header: str) -> Column | None:
        if header in self._column_by_header:
            return self._column_by_header[header]
        if len(self._column_by_header) >= MOST_HEADERS:
            return None
        column = self._column_by_header[header] = self._column_by_alias.get(normal_header(header))
        if column is not None and column.needed:
            self.has_needed_header = True
        return column

    def _notes_same(self) -> list[str]:
        """Sentences about columns of which only one is read, because they mean the same."""
        headers_by_name: dict[str, list[str]] = {}
        for header, column in self._column_by_header.items():
            if column is not None:
                headers_by_name.setdefault(column.name, []).append(header)
        notes = []
        for name, headers in headers_by_name.items():
            if len(headers) > 1:
                exact = [header for header in headers if normal_header(header) in self._names]
                read = exact[-1] if exact else headers[0]
                quoted_headers = [repr(clean(header)[:60]) for header in headers]
                notes.append(
                    f"{clean(self.path.name)}: the columns {' and '.join(quoted_headers)} "
                    f"both mean {name}; {clean(read)[:60]!r} is read."
                )
        return notes

    def _note_unknown(self) -> list[str]:
        """A sentence about the columns that are not read, if there are any."""
        unknown = [header for header, column in self._column_by_header.items() if column is None]
        names = [repr(clean(header)[:60]) for header in unknown if header.strip()]
        n_more = len(names) - MOST_UNKNOWN
        if n_more > 0:
            names[MOST_UNKNOWN:] = [f"{n_more:,} more"]
        if not names:
            return []
        if len(names) == 1:
            return [f"{clean(self.path.name)}: the column {names[0]} is not known and was left out."]
        return [
            f"{clean(self.path.name)}: the columns {', '.join(names[:-1])} and {names[-1]} are not known and "
            "were left out."
        ]


# --- from rows to records -----------------------------------------------------------------------------------

_WITH_DEFAULT = ("kind", "caption", "tags", "sponsors")
"""Fields of a post with a default in place of an empty cell."""
_NO_VALUE: tuple[Any, ...] = (None, [])


class _RecordMaker:
    """Makes the records of one import from rows of the tables, in the order of ``COLUMNS``.

    pictures  normalised paths of the picture files that posts name
    """

    def __init__(self, folder: Path, stored_roles: Mapping[str, str], role_names: RoleNames) -> None:
        self.folder = folder
        self._role_names = role_names
        self.pictures: set[str] = set()
        self._stored_roles = stored_roles
        self._roles: dict[str, str] = {}
        self._account_by_post: dict[str, str] = {}
        self._comment_link = Comments().link
        self._makers: dict[str, Callable[[dict[str, Any], str, int], Iterator[Record]]] = {
            "accounts": self._account,
            "posts": self._post,
            "endorsements": self._endorsement,
            "comments": self._comment,
        }

    def records(self, table: str, row: dict[str, Any], *, file: str, line: int) -> Iterator[Record]:
        """The records of one row. Raises ValueError with the reason if it makes none."""
        return self._makers[table](row, file, line)

    def _account(self, row: dict[str, Any], file: str, line: int) -> Iterator[Account | Partial]:
        id, role = row["id"], row.pop("role", None)
        if role is not None:
            self._roles[id] = role
            yield Account(role=role, **row)
            return
        # An account without a role keeps the stored one; a new one is an influencer.
        if id not in self._roles:
            self._roles[id] = self._stored_roles.get(id, "influencer")
        yield Partial(Account(**row), ("role",))

    def _post(self, row: dict[str, Any], file: str, line: int) -> Iterator[Post | Partial | Picture | Reject]:
        images, alt_texts = row.pop("images", []), row.pop("alt_text", [])
        if row["account"] not in self._roles:
            raise ValueError(f"the account {quoted(row['account'])} is not in accounts")
        partial = _partial_post(row)
        post = partial.row
        assert isinstance(post, Post)
        self._account_by_post[post.id] = post.account
        yield partial
        home = self.folder.resolve() if images else self.folder
        for position, name in enumerate(images):
            self.pictures.add(os.path.normpath(self.folder / name.replace("\\", "/").replace("\0", "")))
            data = _picture_bytes(home, name)
            if isinstance(data, str):
                yield Reject(
                    file, line, f"picture {_short(name)} of post {_short(post.id)}: {data}", clean(name[:80])
                )
                continue
            alt_text = None
            if position < len(alt_texts):
                alt_text = alt_texts[position].replace("\0", "")[: _fields.LONGEST_TEXT]
            yield Picture(
                post=post.id,
                position=position,
                data=data,
                source=path_text(self.folder / name),
                file=file,
                line=line,
                alt_text=alt_text,
            )

    def _endorsement(self, row: dict[str, Any], file: str, line: int) -> Iterator[Link]:
        brand, influencer = row["brand"], row["influencer"]
        word = self._role_names.in_text
        for id, role in ((brand, "brand"), (influencer, "influencer")):
            if id not in self._roles:
                raise ValueError(f"{word(role)}: {quoted(id)} is not in accounts")
            if self._roles[id] != role:
                raise ValueError(
                    f"{word(role)}: {quoted(id)} has the role {word(self._roles[id])} in accounts"
                )
        post = row.get("post")
        yield Link(
            id=schema.link_id("endorses", influencer, target=brand, post=post),
            kind="endorses",
            source=influencer,
            target=brand,
            post=post,
            time=row.get("time"),
            weight=row.get("weight"),
        )

    def _comment(self, row: dict[str, Any], file: str, line: int) -> Iterator[Link]:
        post = row["post"]
        if post not in self._account_by_post:
            raise ValueError(f"post: {quoted(post)} is not in posts")
        yield self._comment_link(
            post,
            self._account_by_post[post],
            commenter=row["account"],
            text=row.get("text"),
            time=row.get("time"),
        )


def _partial_post(row: dict[str, Any]) -> Partial:
    """The post of a row without pictures, with the names of the fields that the row does not state."""
    caption = row.get("caption")
    # An empty cell states nothing: these fields get a default, which replaces no stored value.
    defaults = tuple([name for name in _WITH_DEFAULT if not row.get(name)])
    derived = tuple([name for name in captions.DERIVED if row.get(name) in _NO_VALUE])
    row["kind"] = row.get("kind") or "post"
    row["hashtags"] = row.get("hashtags") or captions.hashtags(caption or "")
    row["mentions"] = row.get("mentions") or captions.mentions(caption or "")
    if row.get("disclosed") is None:
        row["disclosed"] = captions.disclosed(caption, row["hashtags"], bool(row.get("sponsors")))
    return Partial(Post(**row), defaults, derived)


def _picture_bytes(home: Path, name: str) -> bytes | str:
    """The bytes of a picture file of the folder, or the reason why there are none."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", name):
        return "expected a file in the folder, found a web address; download it first"
    path = home / name.replace("\\", "/")
    if "\0" in name or not _files.inside(home, path):
        return "its path leads out of the folder"
    if not _files.is_file(path):
        return "there is no such file"
    data = _files.read(path, _files.LARGEST_PICTURE)
    return data.reason if isinstance(data, Reject) else data


def _brief(value: Any) -> str:
    """A cell in the excerpt of a Reject."""
    if isinstance(value, str):
        return value[:80]
    return "" if value is None else quoted(value)


def _short(text: str) -> str:
    return repr(clean(text if len(text) <= 80 else f"...{text[-77:]}"))
