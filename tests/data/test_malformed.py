"""Malformed inputs: no importer may crash, lose the good rows' form, or reject without saying where and why.

``make long`` tries 2,000 an importer.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit import registry
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Partial, Picture, Post, Reject
from brandfit.errors import DataError

EACH = int(os.environ.get("BRANDFIT_MALFORMED", "400"))
"""Inputs an importer."""

HOSTILE = [
    "[" * 940 + "]" * 940,
    "1e400", "-1", "NaN", "-Infinity", "1.5", "9" * 400, "9007199254740993", "null", "true", "{}", "[]", '""',
     '" "', '"@"',
    '"\\ud800"', '"\\u0000"', '"\\udfff\\ud800"', "[" * 3000, '{"a":' * 3000, '"' + "x" * 1000 + '"',
     '[{"node": null}]',
    '[[["x"]]]', '"../../etc/passwd"', '"many"', "'", "", '{"count": -5}', '{"edges": 5}', '{"edges": [5]}',
     '"\\r\\n"',
    '"\u202e"', '"A-\u0301"', '"' + "ß" * 120_000 + '"',
]  # fmt: skip
"""JSON values, and what is none, in the place of a value."""

CELLS = [
    "1e400", "-1", "NaN", "many", "", '"', '""', '"a"b', "\0", "\ud800", "\r", "\t" * 50, ";" * 50,
     "x" * 140_000, "٣", "=cmd()",
    "1,2,3", "@",
]  # fmt: skip
"""What may stand in a cell of a table."""

ARRAYS = [
    np.zeros(0), np.zeros((3, 0)), np.full((3, 4), np.nan), np.array("x"), np.array(["a", "\ud800"]),
     np.zeros((3, 4), complex),
    np.array([[9, -9]]), np.array([[0, 1]]), np.zeros((2, 2, 2)), np.array([None, {}], dtype=object),
     np.array([2**63], np.uint64),
    np.array([b"x"]), np.full((3, 4), 1e300),
]  # fmt: skip
"""What may stand in the place of an array."""


def unpacked(data: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """What a compressed file holds, and how to pack it again; damage is done inside too, behind valid
    checksums."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data), lambda inner: gzip.compress(inner, 1)
    if data.startswith(b"\xfd7zXZ"):
        return lzma.decompress(data), lambda inner: lzma.compress(inner, preset=0)
    return data, lambda inner: inner


@st.composite
def damaged(draw, name: str, data: bytes) -> bytes | None:
    """A damaged form of a file; None takes it away."""
    how = draw(
        st.sampled_from(
            [
                "garbage",
                "cut",
                "bytes",
                "value",
                "value",
                "value",
                "cell",
                "inner",
                "inner",
                "encoding",
                "lines",
                "packed",
                "array",
                "gone",
            ]
        )
    )
    if how == "gone":
        return None
    if how == "garbage":
        return draw(st.binary(max_size=200))
    if how == "cut":
        return data[: draw(st.integers(0, len(data)))]
    if how == "bytes":
        return spoiled(draw, data)
    if how == "array" and name.endswith(".npz"):
        return with_array(data, draw(st.integers(0, 8)), draw(st.sampled_from(ARRAYS)))
    inner, pack = unpacked(data)
    if how == "inner":
        return pack(spoiled(draw, inner))
    if how == "packed":
        return draw(
            st.sampled_from([gzip.compress, lzma.compress, bz2.compress, lambda x: gzip.compress(x) * 3])
        )(data)
    text = inner.decode("utf-8", "replace")
    if how == "encoding":
        return pack(
            text.encode(
                draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7"])),
                "replace",
            )
        )
    if how == "lines":
        rows = draw(
            st.lists(st.sampled_from([*text.split("\n"), "", " ", "{}", "[]", "a,b", '"', "\0"]), max_size=12)
        )
        return pack(draw(st.sampled_from(["\n", "\r\n", "\r"])).join(rows).encode("utf-8", "surrogateescape"))
    if how == "value" and (values := json_values(text)):
        begin, end = draw(st.sampled_from(values))
        return pack((text[:begin] + draw(st.sampled_from(HOSTILE)) + text[end:]).encode())
    cells = [n for n, character in enumerate(text) if character in ",;\t\n"] or [0]
    at = draw(st.sampled_from(cells))
    return pack(
        (text[: at + 1] + draw(st.sampled_from(CELLS)) + text[at + 1 :]).encode("utf-8", "surrogatepass")
    )


def spoiled(draw, data: bytes) -> bytes:
    """A few bytes changed, taken out, or put in."""
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(result)))
        cut = draw(st.integers(0, 8))
        result[at : at + cut] = draw(st.binary(max_size=8))
    return bytes(result)


def json_values(text: str) -> list[tuple[int, int]]:
    """(begin, end) of what stands after each colon in JSON text, as far as a comma, bracket or line end."""
    found, at = [], text.find('": ')
    while at >= 0 and len(found) < 400:
        begin = at + 3
        end = min((n for mark in ",}\n" if (n := text.find(mark, begin)) >= 0), default=len(text))
        found.append((begin, end))
        at = text.find('": ', begin)
    return found


def with_array(data: bytes, which: int, array: np.ndarray) -> bytes:
    """An npz with one of its arrays replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for n, info in enumerate(old.infolist()):
            member = io.BytesIO()
            np.save(member, array)
            new.writestr(info.filename, member.getvalue() if n == which else old.read(info))
    return out.getvalue()


def assert_sound(record: object) -> None:
    if isinstance(record, Features):
        assert np.isfinite(record.values).all()
        assert len(set(record.ids.tolist())) == len(record.ids)
        return
    if isinstance(record, Partial):
        assert {*record.defaults, *record.derived} <= {*msgspec.structs.asdict(record.row)}
        record = record.row
    assert isinstance(record, (Account, Post, Link, Picture, Reject))
    fields = msgspec.structs.asdict(record)
    assert msgspec.convert(fields, type(record)) == record
    fields.pop("data", None)
    for value in fields.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                assert text.encode() is not None  # raises for halves of characters
                assert "\0" not in text
    if isinstance(record, Reject):
        assert record.file
        assert record.line >= 1
        assert record.reason.strip()
        assert len(record.reason) < 1000
        assert len(record.excerpt) <= 200


@pytest.mark.parametrize(
    "name",
    [
        "folder",
        "gallery-dl",
        "instagram-download",
        "instagram-info",
        "instagram-jsonl",
        "instaloader",
        "released-features",
    ],
)
def test_malformed_inputs(name: str, tmp_path: Path, sources) -> None:
    files = sources.all[name]()
    where = sources.write(tmp_path / "source", files)
    importer = registry.load("importer", name)()
    tables = [file for file in files if not file.endswith(".jpg")]
    tried = 0

    @settings(
        max_examples=EACH,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        nonlocal tried
        tried += 1
        file = data.draw(st.sampled_from(tables))
        content = data.draw(damaged(file, files[file]))
        path = where / file
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        try:
            for record in importer.read(where, lambda count: None):
                assert_sound(record)
        except DataError:
            pass  # a source that is unusable as a whole may say so
        finally:
            path.write_bytes(files[file])

    run()
    assert tried >= EACH
