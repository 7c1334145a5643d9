from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import cells

ACCOUNTS = [
    ("['otto.peaks']", ["otto.peaks"]),
    ('["a", "b"]', ["a", "b"]),
    ("{a,b}", ["a", "b"]),
    ("{'a', 'b'}", ["a", "b"]),
    ("@a@b", ["a", "b"]),
    ("@a @b", ["a", "b"]),
    ("a b, c", ["a", "b", "c"]),
    ("a|b;c", ["a", "b", "c"]),
    ('[{"username": "a"}]', ["a"]),
    ("[{'user': {'username': 'b'}}]", ["b"]),
    ('[{"handle": "a"}]', ["a"]),
    ("Mila Tastes (@mila.tastes), @otto", ["mila.tastes", "otto"]),
    ("https://instagram.com/Ana.B/ , @bo", ["ana.b", "bo"]),
    ([{"username": "a", "id": 5}, "b", None], ["a", "b"]),
    ("['a', 'nan', None, 'A']", ["a"]),
    ("[1, 2]", ["1", "2"]),
    ("[]", []),
    ("{}", []),
    ("()", []),
    ("set()", []),
    ("nan", []),
    ("", []),
    (None, []),
    (float("nan"), []),
    ("[None]", []),
    ('{"username": "a"}', ["a"]),
    ({"username": "a"}, ["a"]),
    (("a", "b"), ["a", "b"]),
    ("(a, b)", ["a", "b"]),
]


@pytest.mark.parametrize(("cell", "expected"), ACCOUNTS)
def test_lists_of_accounts(cell, expected):
    assert cells.accounts(cell) == cells.Items(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("['vegan', 'bread']", ["vegan", "bread"]),
        ("{vegan,bread}", ["vegan", "bread"]),
        ("#Vegan#bread", ["vegan", "bread"]),
        ('["vegan","bread"]', ["vegan", "bread"]),
        ('[{"name": "#vegan"}]', ["vegan"]),
        ("vegan bread", ["vegan", "bread"]),
        ("＃vegan，", ["vegan，"]),
        ("[]", []),
        ("nan", []),
        (["#A", "b"], ["a", "b"]),
        ("#private", ["private"]),
        ("# ", []),
    ],
)
def test_lists_of_hashtags(cell, expected):
    assert cells.tags(cell).values == expected


def test_an_empty_list_within_a_list_is_no_item():
    for read in (cells.accounts, cells.tags, cells.paths):
        assert read(["a", "[]", "{}"]).values == read("['a', '[]']").values == ["a"]
    assert cells.tags("0,{}").values == ["0"]


def test_paths_keep_commas_and_brackets():
    assert cells.paths("a, b.jpg | c.jpg").values == ["a, b.jpg", "c.jpg"]
    assert cells.paths("[Photo by X]|{draft}").values == ["[Photo by X]", "{draft}"]
    assert cells.paths("{a, b}").values == ["{a, b}"]
    assert cells.paths("['a.jpg', 'b, c.jpg']").values == ["a.jpg", "b, c.jpg"]


def test_an_item_that_cannot_be_read_costs_the_item():
    found = cells.accounts("https://tiktok.com/@x|@b|not a handle!")
    assert found.values == ["b"]
    assert [refused.item for refused in found.refused] == ["https://tiktok.com/@x", "not a handle!"]
    assert "TikTok" in found.refused[0].reason
    assert cells.accounts("[1.5, 'a']").values == ["a"]
    assert "a list of texts" in cells.accounts("[1.5, 'a']").refused[0].reason
    assert cells.tags(["x" * 501, "b"]).values == ["b"]
    with pytest.raises(ValueError, match="expected a list, found 5"):
        cells.tags(5)


def test_lists_of_the_field_file(column):
    case = {"case": "36-python-lists", "file": "posts.csv"}
    tags = [cells.tags(cell).values for cell in column(**case, name="hashtags")]
    assert tags == [["vegan", "bread"], [], ["vegan", "bread"], ["vegan", "bread"], ["vegan", "bread"]]
    mentions = [cells.accounts(cell) for cell in column(**case, name="mentions")]
    assert [found.values for found in mentions] == [
        ["otto.peaks"],
        [],
        ["otto.peaks"],
        ["otto.peaks"],
        ["otto.peaks", "tarn.boots"],
    ]
    assert not any(found.refused for found in mentions)
    assert [cells.accounts(cell).values for cell in column(**case, name="tags")][:2] == [
        [],
        ["tarn.boots", "otto.peaks"],
    ]
    assert [cells.count(cell) for cell in column(**case, name="likes")] == [None, 100, 100, None, None]


@given(
    st.lists(
        st.from_regex(r"[a-z_][a-z0-9_]{3,9}", fullmatch=True).map(lambda name: f"{name}_x"), unique=True
    )
)
def test_written_lists_are_read_back(names):
    forms = [repr(names), json.dumps(names), repr(tuple(names)), "{" + ",".join(names) + "}", " ".join(names)]
    forms += [
        "|".join(names),
        ", ".join(f"@{name}" for name in names),
        json.dumps([{"username": name} for name in names]),
    ]
    for form in [*forms, names]:
        assert cells.accounts(form) == cells.Items(names)
    for form in [*forms[:6], names]:
        assert cells.tags(form).values == names


@given(
    st.one_of(
        st.text(max_size=40),
        st.text("[]{}()'\",ab#@ :1", max_size=20),
        st.lists(st.text(max_size=5)),
        st.floats(),
    )
)
def test_any_cell_is_a_list_or_a_value_error(cell):
    for read in (cells.accounts, cells.tags, cells.paths):
        try:
            found = read(cell)
        except ValueError:
            continue
        assert all(isinstance(item, str) and item for item in found.values)
        assert not {"[]", "{}", "()", "set()"} & set(found.values)


def test_deep_nesting_is_no_list():
    deep = "[" * 5000 + "]" * 5000
    assert cells.paths(deep).values == [deep]
