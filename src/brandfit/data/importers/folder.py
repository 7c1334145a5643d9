"""A folder of tables that people can make themselves: accounts, posts, endorsements, comments, and pictures
as files.

    accounts.csv      brands and influencers                                needed
    posts.csv         what they posted; kind "brief" is a brand's wish      optional
    endorsements.csv  which influencer has worked with which brand          optional
    comments.csv      who commented under which post                        optional

Each may be .csv (also ; or tab between the cells, .tsv), .xlsx (its first sheet), .jsonl or .parquet, and .gz
of text. ``COLUMNS`` says what each column is; ``write_template`` writes a folder to start from. A list of
accounts alone may have any name.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from brandfit.data import captions, schema
from brandfit.data.importers import _csv, _fields, _files, _lines, _unread, _workbook
from brandfit.data.importers._comments import Comments
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Link, Partial, Picture, Post, Record, Reject
from brandfit.errors import DataError
from brandfit.messages import FAILURES, clean, excerpt, path_text, quoted, reason
from brandfit.progress import Advance


def reader_of_choice(*words: str) -> Callable[[Any], str | None]:
    """A reader for one of these words."""

    def read(value: Any) -> str | None:
        if _fields.is_missing(value):
            return None
        if isinstance(value, str) and value.strip().lower() in words:
            return value.strip().lower()
        raise ValueError(f"expected {' or '.join(words)}, found {quoted(value)}")

    return read


def paths(value: Any) -> list[str]:
    return _fields.items(value, "|")


class Column(NamedTuple):
    name: str
    read: Callable[[Any], Any]
    doc: str
    also: tuple[str, ...] = ()
    """Other headers that mean the same."""
    needed: bool = False


_ACCOUNT = "handle, with or without @"

COLUMNS: dict[str, tuple[Column, ...]] = {
    "accounts": (
        Column(
            "id",
            _fields.account_id,
            _ACCOUNT,
            ("handle", "username", "account", "account_id", "instagram_handle"),
            needed=True,
        ),
        Column(
            "role",
            reader_of_choice("influencer", "brand", "audience"),
            "`influencer` (default), `brand` or `audience`",
        ),
        Column("name", _fields.line, "name as displayed", ("full_name", "display_name")),
        Column("biography", _fields.text, "self-description", ("bio",)),
        Column("category", _fields.label, "field of activity, in your own words, the same for equal fields"),
        Column("business_category", _fields.label, "the platform's business category"),
        Column("followers", _fields.count, "accounts that follow it", ("follower_count", "follower")),
        Column(
            "followees",
            _fields.count,
            "accounts that it follows",
            ("following", "following_count", "followee_count"),
        ),
        Column(
            "posts",
            _fields.count,
            "posts on the platform, imported or not",
            ("post_count", "posts_count", "media_count"),
        ),
        Column(
            "split", reader_of_choice("train", "test"), "`train` or `test`, where there is an official split"
        ),
        Column("seen", _fields.seconds, "when these counts were read", ("seen_at", "updated", "updated_at")),
    ),
    "posts": (
        Column(
            "id", _fields.row_id, "unique over all accounts", ("post_id", "post", "shortcode"), needed=True
        ),
        Column("account", _fields.account_id, _ACCOUNT, ("handle", "username", "account_id"), needed=True),
        Column(
            "kind",
            reader_of_choice("post", "brief"),
            "`post` (default) or `brief`: what a brand without posts looks for",
        ),
        Column(
            "time", _fields.seconds, "when it was posted", ("timestamp", "date", "posted_at", "created_at")
        ),
        Column(
            "caption",
            _fields.long_text,
            "text under the picture; an empty cell is an empty caption",
            ("text",),
        ),
        Column("hashtags", _fields.tags, "with spaces, commas or `|` between; default: from the caption"),
        Column("mentions", _fields.accounts, "handles; default: from the caption"),
        Column("tags", _fields.accounts, "handles tagged in the pictures", ("tagged", "usertags")),
        Column("sponsors", _fields.accounts, "handles of official sponsors (paid partnership)", ("sponsor",)),
        Column("likes", _fields.count, "likes", ("like_count",)),
        Column("comments", _fields.count, "comments on the platform, imported or not", ("comment_count",)),
        Column(
            "disclosed",
            _fields.yes,
            "marked as an advertisement; default: from the caption and sponsors",
            ("is_ad", "ad"),
        ),
        Column(
            "images",
            paths,
            "picture files, relative to the folder, `|` between them",
            ("image", "pictures", "picture"),
        ),
        Column(
            "alt_text",
            paths,
            "descriptions of the pictures in their order, `|` between them",
            ("alt", "alt_texts"),
        ),
    ),
    "endorsements": (
        Column(
            "brand", _fields.account_id, "handle of a brand in accounts", ("brand_id", "target"), needed=True
        ),
        Column(
            "influencer",
            _fields.account_id,
            "handle of an influencer in accounts",
            ("influencer_id", "source"),
            needed=True,
        ),
        Column("post", _fields.other_row_id, "id of the campaign post", ("post_id",)),
        Column("time", _fields.seconds, "when", ("timestamp", "date")),
        Column(
            "weight",
            _fields.number,
            "engagement rate of the campaign post",
            ("engagement", "engagement_rate"),
        ),
    ),
    "comments": (
        Column("post", _fields.row_id, "id of a post in posts", ("post_id",), needed=True),
        Column(
            "account",
            _fields.account_id,
            "handle of who commented",
            ("commenter", "handle", "username"),
            needed=True,
        ),
        Column("text", _fields.long_text, "what they wrote", ("comment",)),
        Column("time", _fields.seconds, "when", ("timestamp", "date", "created_at")),
    ),
}
"""Table to its columns. A time is ISO 8601 (UTC unless it says otherwise) or seconds since 1970."""

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".parquet", ".xlsx")
WORKBOOKS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
NO_LISTS = ("README.md", "influencers.tsv")
"""The second has no header: it belongs to the WWW 2020 data set."""
MOST_UNKNOWN = 20
"""Unknown columns of a file that are named; the others are counted."""
PEOPLE = ("account", "influencer", "brand", "creator", "profile")
"""Words in the name of a file that say that it is a list of accounts."""

Row = tuple[int, dict[str, Any]]


class Folder(Importer):
    """Your own tables and pictures."""

    def recognises(self, path: Path) -> bool:
        return bool(_files_by_table(path)["accounts"])

    def total(self, path: Path) -> int:
        return sum(_files.size_of(file) for files in _files_by_table(path).values() for file in files)

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        files = _files_by_table(path)
        if not files["accounts"]:
            raise _no_accounts(path)
        self.warnings = [
            *(
                f"{clean(file.name)} is read as accounts."
                for file in files["accounts"]
                if not _is(file, "accounts")
            ),
            *(
                f"All of these are read: {', '.join(clean(f.name) for f in one)}."
                for one in files.values()
                if len(one) > 1
            ),
            *(f"There is no table of {table}." for table in ("posts", "endorsements") if not files[table]),
        ]
        used: set[Path] = set()
        self._pictures: set[str] = set()
        self._headed: set[Path] = set()
        roles: dict[str, str] = {}
        owners: dict[str, str] = {}
        link_comment = Comments().link
        makers: dict[str, Callable[[dict[str, Any], str, int], Iterator[Record]]] = {
            "accounts": lambda row, file, line: _account(row, roles, self.stored_roles),
            "posts": lambda row, file, line: _post(
                row, roles, owners=owners, folder=path, file=file, line=line, pictures=self._pictures
            ),
            "endorsements": lambda row, file, line: _endorsement(row, roles),
            "comments": lambda row, file, line: _comment(row, owners, link_comment),
        }
        for table, make in makers.items():
            for source in files[table]:
                file = path_text(source)
                for item in self._rows(source, table, advance):
                    if isinstance(item, Reject):
                        yield item
                        continue
                    line, row = item
                    try:
                        yield from make(row, file, line)
                        used.add(source)
                    except ValueError as error:
                        yield Reject(file, line, str(error), excerpt(str(row.get("id") or "")))
        self.warnings += [
            f"{clean(source.name)}: no row of it could be "
            f"used.{'' if source in self._headed else _heading(table)}"
            for table in COLUMNS
            for source in files[table]
            if source not in used
        ]
        tables = {file for one in files.values() for file in one}
        self.unread = _unread.unread(
            path,
            lambda file: file in tables or os.path.normpath(file) in self._pictures,
            reason=lambda name: _why_unread(name, files),
            is_picture=True,
        )

    def _rows(self, path: Path, table: str, advance: Advance) -> Iterator[Row | Reject]:
        """(line, {column: value}) of a file in any of the three forms; a row with a bad or missing value is a
        Reject."""
        known = {_normal(alias): column for column in COLUMNS[table] for alias in (column.name, *column.also)}
        exact = {_normal(column.name) for column in COLUMNS[table]}
        columns: dict[str, Column | None] = {}
        for item in _records(path, advance, self.warnings):
            if isinstance(item, Reject):
                yield item
                continue
            line, cells = item
            row: dict[str, Any] = {}
            try:
                for header, value in cells.items():
                    if header not in columns:
                        if len(columns) < 10_000:  # hostile JSON may have other keys in every row
                            found = columns[header] = known.get(_normal(header))
                            if found is not None and found.needed:
                                self._headed.add(path)
                        else:
                            continue
                    column = columns[header]
                    if column is not None and (column.name not in row or _normal(header) in exact):
                        try:
                            row[column.name] = column.read(value)
                        except ValueError as error:
                            raise ValueError(f"{column.name}: {error}") from None
                for column in COLUMNS[table]:
                    if column.needed and column.name not in row:
                        raise ValueError(
                            f"{column.name} is missing (a column {' or '.join((column.name, *column.also))})"
                        )
            except ValueError as error:
                yield Reject(
                    path_text(path), line, str(error), excerpt(" | ".join(map(_brief, cells.values())))
                )
                continue
            yield line, row
        self._note_unknown(path, [header for header, column in columns.items() if column is None])
        self._note_same(path, columns, exact)

    def _note_same(self, path: Path, columns: Mapping[str, Column | None], exact: set[str]) -> None:
        """Columns of which only one is read, because they mean the same."""
        headers_by_name: dict[str, list[str]] = {}
        for header, column in columns.items():
            if column is not None:
                headers_by_name.setdefault(column.name, []).append(header)
        for name, headers in headers_by_name.items():
            if len(headers) > 1:
                read = next((h for h in reversed(headers) if _normal(h) in exact), headers[0])
                self.warnings.append(
                    f"{clean(path.name)}: the columns {' and '.join(repr(clean(h)[:60]) for h in headers)} "
                    f"both mean {name}; {clean(read)[:60]!r} is read."
                )

    def _note_unknown(self, path: Path, headers: list[str]) -> None:
        names = [repr(clean(header)[:60]) for header in headers if header.strip()]
        more = len(names) - MOST_UNKNOWN
        if more > 0:
            names[MOST_UNKNOWN:] = [f"{more:,} more"]
        if len(names) == 1:
            self.warnings.append(f"{clean(path.name)}: the column {names[0]} is not known and was left out.")
        elif names:
            self.warnings.append(
                f"{clean(path.name)}: the columns {', '.join(names[:-1])} and {names[-1]} are not known and "
                "were left out."
            )


def _why_unread(name: str, files: Mapping[str, list[Path]]) -> str:
    """Why a file of the folder is not read, and what to do."""
    lower = name.lower()
    if lower.endswith(WORKBOOKS):
        return "this form of a table is not supported. Save it as .xlsx or .csv."
    if lower.endswith(".json"):
        return "a table in JSON has one row a line. Save it as .jsonl, .csv or .xlsx."
    if not lower.endswith(ENDINGS):
        return "it is no table (.csv, .tsv, .xlsx, .jsonl, .parquet) and no picture."
    if "/" in name:
        return "tables of folders in the folder are not read. Move it to the tables, or import its folder."
    stem = lower.partition(".")[0]
    table = next((table for table in COLUMNS if table.removesuffix("s") in stem), "")
    if not table and any(word in stem for word in PEOPLE):
        table = "accounts"
    if not table:
        todo = "Give it the name of the table that it holds"
    elif files[table]:
        todo = f"If it holds {table}, add its rows to {clean(files[table][0].name)}"
    else:
        todo = f"If it holds {table}, name it {table}.{lower.partition('.')[2]}"
    alone = ", or import this file alone" if table == "accounts" else ""
    return f"its name is none of {', '.join(COLUMNS)}. {todo}{alone}."


_WITH_DEFAULT = ("kind", "caption", "tags", "sponsors")
_NO_VALUE: tuple[Any, ...] = (None, [])


def _heading(table: str) -> str:
    first = COLUMNS[table][0]
    return (
        " Its first row names the columns; one is needed that is called "
        f"{' or '.join((first.name, *first.also))}."
    )


def _account(
    row: dict[str, Any], roles: dict[str, str], stored_roles: Mapping[str, str]
) -> Iterator[Account | Partial]:
    id, role = row["id"], row.pop("role", None)
    if role is not None:
        roles[id] = role
        yield Account(role=role, **row)
        return
    if id not in roles:
        roles[id] = stored_roles.get(id, "influencer")
    yield Partial(Account(**row), ("role",))


def _post(
    row: dict[str, Any],
    roles: dict[str, str],
    *,
    owners: dict[str, str],
    folder: Path,
    file: str,
    line: int,
    pictures: set[str],
) -> Iterator[Post | Partial | Picture | Reject]:
    images, alt_texts = row.pop("images", []), row.pop("alt_text", [])
    if row["account"] not in roles:
        raise ValueError(f"the account {quoted(row['account'])} is not in accounts")
    caption = row.get("caption")
    # An empty cell states nothing: these fields get a default, which replaces no stored value.
    defaults = tuple([name for name in _WITH_DEFAULT if not row.get(name)])
    derived = tuple([name for name in captions.DERIVED if row.get(name) in _NO_VALUE])
    row["kind"] = row.get("kind") or "post"
    row["hashtags"] = row.get("hashtags") or captions.hashtags(caption or "")
    row["mentions"] = row.get("mentions") or captions.mentions(caption or "")
    if row.get("disclosed") is None:
        row["disclosed"] = captions.disclosed(caption, row["hashtags"], bool(row.get("sponsors")))
    post = Post(**row)
    owners[post.id] = post.account
    yield Partial(post, defaults, derived)
    home = folder.resolve() if images else folder
    for position, name in enumerate(images):
        pictures.add(os.path.normpath(folder / name.replace("\\", "/").replace("\0", "")))
        data = _picture(home, name)
        if isinstance(data, str):
            yield Reject(
                file, line, f"picture {_short(name)} of post {_short(post.id)}: {data}", clean(name[:80])
            )
            continue
        alt_text = (
            alt_texts[position].replace("\0", "")[: _fields.LONGEST_TEXT]
            if position < len(alt_texts)
            else None
        )
        source = path_text(folder / name)
        yield Picture(
            post=post.id, position=position, data=data, source=source, file=file, line=line, alt_text=alt_text
        )


def _picture(home: Path, name: str) -> bytes | str:
    """The bytes of a picture file of the folder, or why there are none."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", name):
        return "expected a file in the folder, found a web address; download it first"
    path = home / name.replace("\\", "/")
    if "\0" in name or not _files.inside(home, path):
        return "its path leads out of the folder"
    if not _files.is_file(path):
        return "there is no such file"
    data = _files.read(path, _files.LARGEST_PICTURE)
    return data.reason if isinstance(data, Reject) else data


def _endorsement(row: dict[str, Any], roles: dict[str, str]) -> Iterator[Link]:
    brand, influencer = row["brand"], row["influencer"]
    for id, expected in ((brand, "brand"), (influencer, "influencer")):
        if id not in roles:
            raise ValueError(f"{expected}: {quoted(id)} is not in accounts")
        if roles[id] != expected:
            raise ValueError(f"{expected}: {quoted(id)} has the role {roles[id]} in accounts")
    post = row.get("post")
    id = schema.link_id("endorses", influencer, target=brand, post=post)
    yield Link(
        id=id, kind="endorses", source=influencer, target=brand, post=post, time=row.get("time"),
         weight=row.get("weight")
    )  # fmt: skip


def _comment(row: dict[str, Any], owners: dict[str, str], link: Callable[..., Link]) -> Iterator[Link]:
    if row["post"] not in owners:
        raise ValueError(f"post: {quoted(row['post'])} is not in posts")
    yield link(
        row["post"],
        owners[row["post"]],
        commenter=row["account"],
        text=row.get("text"),
        time=row.get("time"),
    )


# --- files --------------------------------------------------------------------------------------------------


def _files_by_table(path: Path) -> dict[str, list[Path]]:
    """Table to its files, whatever the case of their names.

    A file in place of a folder is a table of accounts, and so is the only file of a folder: a list that
    somebody keeps has a name of its own.
    """
    try:
        files = sorted(filter(_files.is_file, path.iterdir() if path.is_dir() else [path]))
    except OSError as error:
        raise DataError(f"{path_text(path)} cannot be listed: {error.strerror or error}.") from None
    found = {table: [file for file in files if _is(file, table)] for table in COLUMNS}
    rest = [file for file in files if not file.name.startswith(".") and file.name not in NO_LISTS]
    if len(rest) == 1 and not any(found.values()) and rest[0].name.lower().endswith(ENDINGS):
        found["accounts"] = rest
    return found


def _no_accounts(path: Path) -> DataError:
    """There are no accounts."""
    here = sorted(path.iterdir() if path.is_dir() else [path])
    book = next((file for file in here if file.suffix.lower() in WORKBOOKS), None)
    lists = [file for file in here if file.name.lower().endswith(ENDINGS)]
    if book is None and not path.exists():
        return DataError(
            f"{path_text(path)}: expected a folder or a table, found nothing.",
            "Is it spelt as it is on the disk?",
        )
    if path.is_file() and book is None:
        return DataError(
            f"{path_text(path)} is no list of accounts.",
            "Give a table of accounts, or the folder that holds it: .csv, .xlsx, .jsonl or .parquet.",
        )
    if len(lists) > 1 and not any(_is(file, table) for file in lists for table in COLUMNS):
        return DataError(
            f"{path_text(path)} holds {len(lists)} tables, none of them called accounts.",
            f"Name the list of accounts itself, such as {clean(lists[0].name)}.",
        )
    return DataError(
        f"{path_text(path)} holds no accounts.csv, .xlsx, .jsonl or .parquet.",
        f"Save {clean(book.name)} as .xlsx, or its sheet as CSV."
        if book
        else "Write a template with: brandfit template FOLDER",
    )


def _is(file: Path, table: str) -> bool:
    return file.name.lower() in {f"{table}{ending}" for ending in ENDINGS}


def _records(path: Path, advance: Advance, notes: list[str]) -> Iterator[Row | Reject]:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".xlsx"):
        return _cells(path, _workbook.records(path, advance, notes), notes)
    if name.endswith(".parquet"):
        return _parquet(path, advance)
    return (
        _json(path, advance)
        if name.endswith(("jsonl", ".ndjson"))
        else _cells(path, _csv.records(path, advance), notes)
    )


def _cells(
    path: Path, records: Iterator[tuple[int, list[str]] | Reject], notes: list[str]
) -> Iterator[Row | Reject]:
    header: list[str] = []
    for item in records:
        if isinstance(item, Reject):
            yield item
            continue
        line, cells = item
        if not header:
            header = cells
            repeated = [name for name, count in Counter(header).items() if count > 1 and name.strip()]
            notes += [
                f"{clean(path.name)}: the column {clean(name)[:60]!r} occurs {header.count(name)} times; the "
                "last one is read."
                for name in repeated[:MOST_UNKNOWN]
            ]
            continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            yield Reject(
                path_text(path),
                line,
                f"expected {len(header)} cells as in the first row, found {len(cells)}",
                excerpt(" | ".join(cells)[:400]),
            )
            continue
        yield line, dict(zip(header, map(_unguarded, cells), strict=False))


def _unguarded(cell: str) -> str:
    """Without the apostrophe that our own export puts before what a spreadsheet would run as a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in "=+-@\t\r" else cell


def _json(path: Path, advance: Advance) -> Iterator[Row | Reject]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for item in _lines.lines(path, advance):
        if isinstance(item, Reject):
            yield item
            continue
        line, raw = item
        try:
            row = decode(raw)
        except FAILURES as error:
            if raw.strip():
                yield Reject(path_text(path), line, reason(error, raw), excerpt(raw))
            continue
        yield line, row


def _parquet(path: Path, advance: Advance) -> Iterator[Row | Reject]:
    """Row groups are read in small batches; what Arrow raises for a damaged file is as manifold as the
    damage."""
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            size = _files.size_of(path)
            for batch in file.iter_batches(batch_size=1024):
                for row in _rows_of(batch):
                    number += 1
                    if isinstance(row, Exception):
                        yield Reject(path_text(path), number, f"the row cannot be read: {_first_line(row)}")
                    else:
                        yield number, row
                advance(size * batch.num_rows // max(file.metadata.num_rows, 1))
    except Exception as error:
        yield Reject(
            path_text(path), number + 1, f"not a Parquet file that can be read: {_first_line(error)}"
        )


def _rows_of(batch: Any) -> list[dict[str, Any] | Exception]:
    """The rows of an Arrow batch; one by one only where one of them cannot be read (text that is not
    UTF-8)."""
    try:
        return batch.to_pylist()
    except Exception as error:
        if batch.num_rows == 1:
            return [error]
        return [row for at in range(batch.num_rows) for row in _rows_of(batch.slice(at, 1))]


def _first_line(error: Exception) -> str:
    return clean((str(error).splitlines() or [type(error).__name__])[0][:200])


def _normal(header: str) -> str:
    """A header as it is compared: User Name, user-name and username are the same."""
    return re.sub(r"[^a-z0-9]+", "", header.lower())


def _brief(value: Any) -> str:
    return value[:80] if isinstance(value, str) else "" if value is None else quoted(value)


def _short(text: str) -> str:
    return repr(clean(text if len(text) <= 80 else f"...{text[-77:]}"))


# --- the template -------------------------------------------------------------------------------------------

_EXAMPLES: dict[str, list[dict[str, str]]] = {
    "accounts": [
        {
            "id": "@harbour.roastery",
            "role": "brand",
            "name": "Harbour Roastery",
            "biography": "Small-batch coffee from the old docks.",
            "category": "drink",
            "followers": "48,200",
        },
        {
            "id": "@mara_on_foot",
            "role": "influencer",
            "name": "Mara",
            "biography": "Trails, tents and very strong coffee.",
            "category": "travel",
            "followers": "12.5k",
            "followees": "640",
            "posts": "312",
        },
    ],
    "posts": [
        {
            "id": "p1",
            "account": "mara_on_foot",
            "time": "2024-05-31T18:00:00Z",
            "caption": "Sunrise brew above the fjord, with @harbour.roastery #ad #hiking",
            "likes": "1,043",
            "comments": "57",
            "images": "images/p1.jpg",
            "alt_text": "a cup on a rock, a fjord behind",
        },
        {
            "id": "brief-1",
            "account": "harbour.roastery",
            "kind": "brief",
            "caption": "We look for people who hike, camp and love coffee outdoors.",
        },
    ],
    "endorsements": [
        {"brand": "harbour.roastery", "influencer": "mara_on_foot", "post": "p1", "weight": "0.088"}
    ],
    "comments": [
        {"post": "p1", "account": "some.hiker", "text": "That view!", "time": "2024-05-31T19:12:00Z"}
    ],
}


def write_template(folder: Path) -> list[Path]:
    """Write CSV files with every column and invented example rows, a picture, and a README; returns the
    files.

    Raises DataError where one of them is already there.
    """
    from PIL import Image

    files = {table: folder / f"{table}.csv" for table in COLUMNS}
    readme, picture = folder / "README.md", folder / "images" / "p1.jpg"
    for file in (*files.values(), readme, picture):
        if file.exists():
            raise DataError(
                f"{path_text(file)} is already there.", "Give a new or empty folder for the template."
            )
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").convert("RGB").save(picture, "JPEG")
    for table, file in files.items():
        with open(file, "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, [column.name for column in COLUMNS[table]])
            writer.writeheader()
            writer.writerows(_EXAMPLES[table])
    readme.write_text(f"{_README}\n{columns_as_markdown()}", encoding="utf-8")
    return [*files.values(), picture, readme]


def columns_as_markdown() -> str:
    """The columns of all four tables, for the template's README and the documentation."""
    parts = []
    for table, columns in COLUMNS.items():
        parts.append(f"### {table}\n\n| column | is | also called |\n|---|---|---|")
        for column in columns:
            name = f"`{column.name}`{' (needed)' if column.needed else ''}"
            also = ", ".join(f"`{alias}`" for alias in column.also) or "-"
            parts.append(f"| {name} | {column.doc} | {also} |")
        parts.append("")
    return "\n".join(parts)


_README = """# Your data for brandfit

Replace the example rows, keep the headers, and import this folder as source `folder`.

* Only `accounts` is needed, and of each table only the columns marked as needed. Columns may come in any
  order.
* Empty cells mean "not known"; in numbers, times and categories so do n/a, none, null, unknown, - and ?.
* Counts may be written 12345, 12,345, 12 345 or 12.5k. Times are ISO 8601 or seconds since 1970, UTC unless
  they say otherwise.
* Pictures are files in this folder, named by the column `images`.
* A row that cannot be understood is reported with its line and the reason; all others are imported.
"""
