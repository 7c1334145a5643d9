"""Countries as people write them, and conditions on them."""

from __future__ import annotations

import pytest

from brandfit import pipeline
from brandfit.data.countries import country_code, is_code
from brandfit.data.schema import Account
from brandfit.workspace import Workspace


@pytest.mark.parametrize(
    "text",
    ["DE", "de", "DEU", "Germany", "Deutschland", "Allemagne", "Almanya", "GERMANIA", " germany ", "🇩🇪",
     "🇩🇪 Germany", "Berlin, Germany", "Germany / Berlin", "ألمانيا", "德国"],
)  # fmt: skip
def test_one_country_under_many_names(text):
    assert country_code(text) == "DE"


@pytest.mark.parametrize(
    ("text", "code"),
    [("UK", "GB"), ("U.S.A.", "US"), ("USA", "US"), ("Türkiye", "TR"), ("Turkey", "TR"),
     ("Côte d’Ivoire", "CI"), ("Berlin", None), ("", None), (None, None), ("unknown", None), ("EMEA", None)],
)  # fmt: skip
def test_others(text, code):
    assert country_code(text) == code


def test_a_code_is_no_name():
    assert (is_code("DE"), is_code("usa"), is_code("Germany"), is_code("xx")) == (True, True, False, False)


@pytest.fixture
def place(tmp_path):
    stated = {
        "a.a": {"country": "DE", "city": "Berlin"},
        "b.b": {"country": "Deutschland"},
        "c.c": {"country": "Brasil", "city": "Rio de Janeiro"},
        "d.d": {"city": "Hamburg"},
        "e.e": {"country": "Bavaria, Germany"},
        "f.f": {},
    }
    with Workspace(tmp_path / "w", create=True) as workspace:
        workspace.write("a", [Account(id=id, followers=9000, **more) for id, more in stated.items()])
    return tmp_path / "w"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("place:germany", {"a.a", "b.b", "e.e"}),
        ("place:DE", {"a.a", "b.b", "e.e"}),
        ("place:Alemania", {"a.a", "b.b", "e.e"}),
        ("place:brazil", {"c.c"}),
        ("place:berlin", {"a.a"}),
        ('place:"rio de janeiro"', {"c.c"}),
        ("not place:DE", {"c.c"}),
    ],
)
def test_a_condition_finds_a_country_under_every_name(place, where, found):
    result = pipeline.search(place, where=where)
    assert {row["influencer"] for row in result.rows} == found
