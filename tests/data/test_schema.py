"""The schema is the one truth: SQL, Arrow, validation and the page about it are made from it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from brandfit.data.schema import (
    TABLES,
    Account,
    Link,
    Post,
    arrow_schema,
    fields,
    link_id,
    markdown,
    row_hash,
    to_table,
)

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_about_the_schema_is_what_the_schema_says():
    assert (ROOT / "docs" / "schema.md").read_text() == markdown()


@pytest.mark.parametrize("name", TABLES)
def test_arrow_schema_carries_type_unit_and_meaning(name):
    schema = arrow_schema(name)
    assert schema.metadata[b"schema_version"]
    for field, about in zip(schema, fields(TABLES[name]), strict=True):
        assert field.nullable == about.nullable
        assert field.metadata[b"description"].decode() == about.description


def test_every_field_of_the_schema_is_documented():
    for row_type in TABLES.values():
        for field in fields(row_type):
            assert field.description, f"{row_type.__name__}.{field.name}"
            if field.nullable:
                assert field.missing, f"{row_type.__name__}.{field.name} may be missing: what does that mean?"


def test_rows_survive_arrow():
    posts = [
        Post(id="p", account="a", hashtags=["x"], disclosed=None),
        Post(id="q", account="a", caption="", likes=0, disclosed=False),
    ]
    table = to_table("posts", posts)
    assert table.schema.field("hashtags").type == pa.list_(pa.string())
    assert [Post(**row) for row in table.to_pylist()] == posts
    assert len(to_table("posts", [])) == 0


@pytest.mark.parametrize(
    "bad",
    [{"id": ""}, {"id": " a"}, {"id": "a", "followers": -1}, {"id": "a", "role": "star"}, {"id": "a" * 201}],
)
def test_what_an_account_cannot_be_is_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Account)


def test_a_row_hash_tells_missing_from_empty_and_every_field_apart():
    rows = [
        Account(id="a"),
        Account(id="a", name=""),
        Account(id="a", biography=""),
        Account(id="a", followers=0),
        Account(id="b"),
    ]
    assert len({row_hash(r) for r in rows}) == len(rows)
    assert row_hash(Account(id="a")) == row_hash(Account(id="a"))


def test_equal_comments_have_ids_of_their_own_by_their_number():
    ids = {link_id("comments", "a", target="b", post="p", text="nice", nth=n) for n in range(3)}
    assert len(ids) == 3
    assert link_id("comments", "a", target="b", post="p", text="nice") in ids
    assert Link(id=min(ids), kind="comments", source="a", target="b").post is None
