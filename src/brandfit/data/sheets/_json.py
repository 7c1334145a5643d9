"""Tables within JSON: arrays, single objects, JSON lines, and lists of objects within objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from brandfit.data.schema import Reject
from brandfit.data.sheets import lines
from brandfit.data.sheets._delimited import text_blocks
from brandfit.data.sheets.source import Source
from brandfit.messages import FAILURES, clean, excerpt, quoted, reason
from brandfit.progress import Advance

LARGEST = 64 << 20
"""Bytes of a document that is decoded at once; larger ones are streamed."""
MOST_FIELDS = 200
"""Fields of an object that is no row itself and that the rows below it receive."""
DEEPEST = 8
"""Levels of objects that become dotted names, and in which tables are looked for."""
LINES_ENDINGS = (".jsonl", ".ndjson", ".jsonlines")

GENERIC = {"data", "edges", "items", "nodes", "node", "results", "item", "list", "records", "rows", "entries"}
"""Keys that do not say what a list holds."""
NO_ROWS = {
    "paging",
    "cursors",
    "pageinfo",
    "summary",
    "childposts",
    "carouselmedia",
    "children",
    "edgesidecartochildren",
    "resources",
    "imageversions2",
    "videoversions",
    "coauthorproducers",
    "usertags",
    "taggedusers",
    "edgemediatotaggeduser",
    "edgemediatocaption",
    "edgemediatosponsoruser",
    "edgerelatedprofiles",
    "relatedprofiles",
    "displayresources",
    "thumbnailresources",
    "externalurls",
    "biolinks",
}
"""Keys of lists within an account or a post that are no tables: parts of a post, and lists of people."""
ENTITY_KEYS = {
    "username",
    "handle",
    "shortcode",
    "code",
    "postshortcode",
    "id",
    "pk",
    "postid",
    "userid",
    "ownerusername",
}
"""Keys of an object that is an account or a post itself, no wrapper of a list."""
POST_KEYS = {
    "caption",
    "likecount",
    "likescount",
    "likes",
    "commentcount",
    "commentscount",
    "shortcode",
    "code",
    "permalink",
    "takenat",
    "takenattimestamp",
    "timestamp",
    "mediatype",
    "edgemediatocaption",
    "edgelikedby",
    "edgemediatocomment",
    "edgemediapreviewlike",
    "text",
    "ownerusername",
    "displayurl",
    "videoviewcount",
}
"""Keys of which a post or a comment has at least two."""

EACH = "*"
"""At the end of a place: the rows are the values of an object, their names its keys."""
Place = tuple[str, ...]
"""Keys from a value down to the table within it."""


@dataclass(frozen=True)
class Form:
    """How a JSON file holds its values.

    kind    "lines": one a line; "array": elements of a list; "object": one; "list": those of a list within
            an object that is too large to be decoded at once
    prefix  of "list", as ijson names it
    """

    kind: str
    prefix: str = ""


def form_of(source: Source, sample: str) -> Form:
    """The form of a JSON file, by its content. Raises ValueError with the reason if it is no JSON."""
    text = sample.lstrip()
    is_named_lines = source.plain_name.endswith(LINES_ENDINGS)
    rows = [line for line in text.split("\n")[:50] if line.strip()]
    # The sample may cut the last line.
    n_objects = sum(_is_object(line) for line in rows)
    if text.startswith("{") and n_objects and (n_objects > 1 or len(rows) > 1 or is_named_lines):
        return Form("lines")
    if not text.startswith(("{", "[")):
        if is_named_lines:
            return Form("lines")
        raise ValueError(f"not JSON: expected {{ or [, found {excerpt(text[:40])!r}")
    try:
        data = _document(source, lambda _n_bytes: None, [])
        if data is None:
            return _form_of_large(source, text)
        decoded = _decoded(data, list[msgspec.Raw] if text.startswith("[") else dict[str, msgspec.Raw])
        return Form("array" if isinstance(decoded, list) else "object")
    except FAILURES as error:
        if is_named_lines or n_objects:
            return Form("lines")
        if text.startswith("["):
            return Form("array")  # the elements before the damage are read
        raise ValueError(reason(error, b"")) from None


def _is_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        msgspec.json.decode(line)
    except FAILURES:
        return False
    return True


def _document(source: Source, advance: Advance, notes: list[str]) -> bytes | None:
    """The bytes of a document as UTF-8; None if they are more than ``LARGEST``. Raises the errors of
    ``lines.DAMAGED``."""
    parts: list[bytes] = []
    n_bytes = 0
    for block in text_blocks(source, advance, notes):
        parts.append(block)
        n_bytes += len(block)
        if n_bytes > LARGEST:
            return None
    return b"".join(parts)


def _decoded(data: bytes | msgspec.Raw, form: Any = Any) -> Any:
    """Decoded JSON. Python and pandas write NaN, which is no JSON: it is read as null."""
    try:
        return msgspec.json.decode(data, type=form)
    except msgspec.DecodeError:
        text = bytes(data)
        if not re.search(rb"\b(NaN|Infinity)\b", text):
            raise
        try:
            value = json.loads(text, parse_constant=lambda _name: None)
        except (ValueError, RecursionError):
            pass
        else:
            return value
        raise


def _form_of_large(source: Source, text: str) -> Form:
    """The form of a document that is too large to be decoded at once."""
    import ijson

    if text.startswith("["):
        return Form("array")
    try:
        for prefix, event, _ in ijson.parse(_File(text_blocks(source, lambda _n: None, [])), use_float=True):
            if event == "start_map" and prefix.endswith(".item"):
                return Form("list", prefix)
    except (ijson.JSONError, UnicodeError) as error:
        raise ValueError(f"not valid JSON: {clean(str(error))[:120]}") from None
    raise ValueError("it holds no list of objects, and is too large to be one row")


class _File:
    """Blocks as the file that ijson reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, n_bytes: int = -1) -> bytes:
        if n_bytes == 0:
            return b""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        part, self._rest = self._rest[:n_bytes], self._rest[n_bytes:]
        return part


# --- values -------------------------------------------------------------------------------------------------


def values(
    source: Source, form: Form, *, advance: Advance, notes: list[str]
) -> Iterator[tuple[int, Any] | Reject]:
    """(line or number from 1, value) of each value of a file."""
    if form.kind == "lines":
        return _values_of_lines(source, advance, notes)
    return _values_of_document(source, form, advance=advance, notes=notes)


def _values_of_lines(
    source: Source, advance: Advance, notes: list[str]
) -> Iterator[tuple[int, Any] | Reject]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for item in lines.lines(text_blocks(source, advance, notes), file=source.file):
        if isinstance(item, Reject):
            yield item
            continue
        line, raw = item
        try:
            value = decode(raw)
        except FAILURES as error:
            if not raw.strip():
                continue
            repaired = _with_nan(raw)
            if repaired is None:
                yield Reject(source.file, line, reason(error, raw), excerpt(raw))
                continue
            value = repaired
        yield line, value


def _with_nan(raw: bytes) -> dict[str, Any] | None:
    """An object whose only fault is NaN; None if it has others."""
    try:
        value = _decoded(raw)
    except FAILURES:
        return None
    return value if isinstance(value, dict) else None


def _values_of_document(
    source: Source, form: Form, *, advance: Advance, notes: list[str]
) -> Iterator[tuple[int, Any] | Reject]:
    n_read = 0

    def counted(n_bytes: int) -> None:
        nonlocal n_read
        n_read += n_bytes
        advance(n_bytes)

    try:
        data = _document(source, counted, notes) if form.kind != "list" else None
    except lines.DAMAGED as error:
        yield Reject(source.file, 1, lines.damage(error))
        return
    if data is not None:
        try:
            yield from _decoded_values(data, form)
            return
        except FAILURES as error:
            if form.kind != "array":
                yield Reject(source.file, 1, reason(error, b""))
                return
    # What was read already has advanced.
    yield from _streamed(source, form, advance=_from(advance, n_read), notes=notes)


def _from(advance: Advance, n_read: int) -> Advance:
    """Reports what is beyond the first ``n_read`` bytes."""
    done = 0

    def late(n_bytes: int) -> None:
        nonlocal done
        before, done = max(done, n_read), done + n_bytes
        if done > before:
            advance(done - before)

    return late


def _decoded_values(data: bytes, form: Form) -> Iterator[tuple[int, Any]]:
    if form.kind == "object":
        yield 1, _decoded(data)
        return
    # Each element is decoded when it is reached: decoded objects take several times the bytes of the text.
    for number, raw in enumerate(_decoded(data, list[msgspec.Raw]), 1):
        yield number, _decoded(raw) if isinstance(raw, msgspec.Raw) else raw


def _streamed(
    source: Source, form: Form, *, advance: Advance, notes: list[str]
) -> Iterator[tuple[int, Any] | Reject]:
    """Elements of a list as they come; a Reject comes last if the rest is damaged."""
    import ijson

    number = 0
    prefix = form.prefix or "item"
    if form.prefix:
        notes.append(
            f"{source.name}: of this document of more than {LARGEST >> 20} MiB, the list "
            f"{clean(prefix.removesuffix('.item'))[:60]!r} is read, and nothing else."
        )
    file = _File(text_blocks(source, advance, notes))
    try:
        for number, value in enumerate(ijson.items(file, prefix, use_float=True), 1):
            yield number, value
    except lines.DAMAGED as error:
        yield Reject(source.file, number + 1, lines.damage(error))
    except (ijson.JSONError, UnicodeError, RecursionError, OverflowError) as error:
        what = (clean(str(error)).splitlines() or [""])[0].strip()[:120] or type(error).__name__
        yield Reject(source.file, number + 1, f"not valid JSON from here on: {what}; what follows is lost")


# --- tables within values -----------------------------------------------------------------------------------


def places(value: Any, form: Form) -> list[Place]:
    """The places of the tables within a value; () is the value itself."""
    value = _node(value)
    if not isinstance(value, Mapping):
        return [()]
    if form.kind == "object":
        return _places_of_document(value, (), depth=0)
    # Elements of lists are rows. A line may be a page of an interface: nothing but a list.
    is_page = form.kind == "lines" and not any(map(_is_scalar, value.values()))
    if is_page and (found := _places_of_document(value, (), depth=0)):
        return found
    return [(), *_nested_places(value, (), depth=0)]


def _places_of_document(value: Mapping[str, Any], place: Place, *, depth: int) -> list[Place]:
    """The tables of an object that is an account or a post, or that wraps tables."""
    if depth > DEEPEST:
        return []
    if _is_mapping_of_rows(value):
        return [(*place, EACH)]
    folded = {_folded(key) for key, item in value.items() if _is_scalar(item)}
    if folded & ENTITY_KEYS:
        return [place, *_nested_places(value, place, depth=depth)]
    found: list[Place] = []
    for key, item in value.items():
        if _folded(key) in NO_ROWS:
            continue
        if _is_list_of_objects(item):
            found.append((*place, key))
            found += _nested_in_list(item, (*place, key), depth=depth)
        elif isinstance(item, Mapping):
            found += _places_of_document(item, (*place, key), depth=depth + 1)
    if not found and any(map(_is_scalar, value.values())):
        found.append(place)
    return list(dict.fromkeys(found))


def _nested_places(value: Mapping[str, Any], place: Place, *, depth: int) -> list[Place]:
    """The lists of posts or comments within a row."""
    if depth > DEEPEST:
        return []
    found: list[Place] = []
    for key, item in value.items():
        if _folded(key) in NO_ROWS:
            continue
        if _is_list_of_objects(item):
            if _is_posts(item):
                found.append((*place, key))
                found += _nested_in_list(item, (*place, key), depth=depth)
        elif isinstance(item, Mapping):
            found += _nested_places(item, (*place, key), depth=depth + 1)
    return found


def _nested_in_list(items: list[Any], place: Place, *, depth: int) -> list[Place]:
    found: list[Place] = []
    for item in items[:50]:
        if isinstance(item, Mapping):
            found += _nested_places(_node(item), place, depth=depth + 1)
    return list(dict.fromkeys(found))


def _is_mapping_of_rows(value: Mapping[str, Any]) -> bool:
    """Whether an object maps names to rows: {"mila.tastes": {...}, "otto.peaks": {...}}."""
    rows = list(value.values())[:20]
    if len(rows) < 2 or not all(isinstance(row, Mapping) and row for row in rows):
        return False
    common = set(rows[0]).intersection(*rows[1:])
    return len(common) >= 2 and len(common) >= 0.5 * max(map(len, rows))


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value[:20])


def _is_posts(items: list[Any]) -> bool:
    first = _node(items[0])
    return len({_folded(key) for key in first} & POST_KEYS) >= 2


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (Mapping, list))


def _folded(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", key.lower())


def _node(item: Any) -> Any:
    """The object within an edge of GraphQL."""
    if isinstance(item, Mapping) and isinstance(item.get("node"), Mapping) and len(item) <= 2:
        return item["node"]
    return item


def title_of(place: Place, source: Source) -> str:
    """The key that says what a table holds, or the name of the file."""
    for key in reversed(place):
        if key != EACH and _folded(key) not in GENERIC:
            return clean(key)[:60]
    return source.title


def cells_at(value: Any, place: Place, tables: list[Place]) -> Iterator[dict[str, Any] | str]:
    """The rows of a table within a value, each with the fields of the objects above; a reason in place of
    what is no object.

    tables  all tables of the file: their lists are no cells of the rows above them
    """
    yield from _rows_at(_node(value), place, _Above({}, (), tables))


@dataclass(frozen=True)
class _Above:
    """The objects above a row.

    cells   their fields, with dotted names that begin with ``parent.``
    place   the keys that led here
    tables  as in ``cells_at``
    """

    cells: dict[str, Any]
    place: Place
    tables: list[Place]

    def below(self, value: Mapping[str, Any], key: str) -> _Above:
        """One key down. The other fields of ``value`` become those of a parent, if it is a row or holds an
        account; other objects are wrappers."""
        others = {name: item for name, item in value.items() if name != key and _folded(name) not in NO_ROWS}
        own: dict[str, Any] = {}
        # A single account next to a list of posts, {"profile": {...}, "posts": [...]}, is their author.
        for name, cell in flat(others, self.place, []).items():
            if _is_scalar(cell):
                own[f"parent.{name}"] = cell
        names = {_folded(name.rpartition(".")[2]) for name in own}
        if self.place not in self.tables and (not names & ENTITY_KEYS or len(own) > MOST_FIELDS):
            own = {}
        above = {f"parent.{name}": cell for name, cell in self.cells.items()} if own else self.cells
        return _Above({**above, **own}, (*self.place, key), self.tables)


def _rows_at(value: Any, rest: Place, above: _Above) -> Iterator[dict[str, Any] | str]:
    if isinstance(value, list):
        for item in value:
            yield from _rows_at(_node(item), rest, above)
        return
    if not rest:
        yield from _own_rows(value, above)
        return
    if not isinstance(value, Mapping):
        return
    if rest == (EACH,):
        for key, item in value.items():
            for row in _own_rows(item, above):
                yield {"key": key, **row} if isinstance(row, dict) else f"{clean(key)[:40]}: {row}"
        return
    if rest[0] not in value:
        return
    inner = value[rest[0]]
    if inner is not None:
        yield from _rows_at(inner, rest[1:], above.below(value, rest[0]))


def _own_rows(value: Any, above: _Above) -> Iterator[dict[str, Any] | str]:
    if not isinstance(value, Mapping):
        if value is None:
            yield "expected an object {...}, found nothing"
        else:
            yield f"expected an object {{...}}, found {quoted(value)}"
        return
    yield {**flat(value, above.place, above.tables), **above.cells}


def flat(value: Mapping[str, Any], place: Place, tables: list[Place]) -> dict[str, Any]:
    """The fields of an object, those of objects within it with dotted names. Lists stay lists, except those
    that are tables themselves."""
    types = set(map(type, value.values()))
    if dict not in types and (list not in types or len(tables) < 2) and type(value) is dict:
        return value  # most rows
    cells: dict[str, Any] = {}
    for key, item in value.items():
        if type(item) is dict and item:
            _add_flat(cells, item, prefix=key, place=(*place, key), tables=tables)
        elif type(item) is not list or not tables or (*place, key) not in tables:
            cells[key] = item
    return cells


def _add_flat(
    cells: dict[str, Any], value: Mapping[str, Any], *, prefix: str, place: Place, tables: list[Place]
) -> None:
    if place in tables:
        return
    for key, item in value.items():
        name = f"{prefix}.{key}"
        if isinstance(item, dict) and item and name.count(".") < DEEPEST:
            _add_flat(cells, item, prefix=name, place=(*place, key), tables=tables)
        elif not isinstance(item, list) or (*place, key) not in tables:
            cells[name] = item
