"""What a list states of accounts beyond the usual columns: place, price, engagement rate, further columns."""

from __future__ import annotations

import csv

import pytest

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.workspace import Workspace

LIST = """handle,role,followers,country,city,price,er,status,e-mail
ana,influencer,9000,France,Lyon,"€ 1.200,50",3.4%,open,ana@example.org
bo,influencer,9000,Germany,"Köln, NRW","350,00 €",2%,open,
cara,influencer,9000,,Lyon,CHF 400,,closed,
dan,influencer,9000,,,,,,
oat.co,brand,50000,Sweden,,,,,
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "list.csv").write_text(LIST, "utf-8")
    posts = "id,account,caption\n" + "".join(
        f"{who}1,{who},oat bread\n" for who in ("ana", "bo", "cara", "dan", "oat.co")
    )
    (tmp_path / "posts.csv").write_text(posts, "utf-8")
    place = tmp_path / "work"
    pipeline.import_source(place, "folder", path=tmp_path)
    pipeline.encode(place, "text.hashing")
    return place


def found(place, where: str) -> set[str]:
    return {row["influencer"] for row in pipeline.search(place, where=where).rows}


def test_conditions_on_what_a_list_states(place):
    assert found(place, "place:lyon") == {"ana", "cara"}
    assert found(place, "place:koln") == {"bo"}
    assert found(place, "place:France") == {"ana"}
    assert found(place, "not place:lyon") == {"bo"}  # dan's place is unknown
    assert found(place, "price:..400") == {"bo", "cara"}
    assert found(place, "stated_engagement:3%..") == {"ana"}
    assert found(place, "attribute:status=open") == {"ana", "bo"}
    assert found(place, "attribute:e-mail") == {"ana"}
    with pytest.raises(UnknownName, match="attribute"):
        found(place, "attribute:colour=red")


def test_a_stated_price_stands_in_for_an_estimate_and_currencies_are_not_mixed(place, tmp_path):
    prices = pipeline.asking_prices(
        place, "oat.co", influencers=["ana", "bo", "cara", "dan"], ranker="simcos"
    )
    assert prices["ana"][1] < prices["ana"][2]  # no currency is set, and the list has two: estimates
    pipeline.set_currency(place, "EUR")
    prices = pipeline.asking_prices(
        place, "oat.co", influencers=["ana", "bo", "cara", "dan"], ranker="simcos"
    )
    assert prices["ana"] == (1200.5, 1200.5, 1200.5)
    assert prices["bo"] == (350, 350, 350)
    assert prices["cara"][1] < prices["cara"][2]  # francs are not converted
    listed = tmp_path / "prices.csv"
    listed.write_text("account,price\nana,99\n")
    given = pipeline.asking_prices(
        place, "oat.co", influencers=["ana", "bo"], ranker="simcos", price_list=listed
    )
    assert given["ana"] == (99, 99, 99)
    assert given["bo"] == (350, 350, 350)
    appraisal = pipeline.appraise(place, "oat.co", influencers=["ana", "cara"], ranker="simcos")
    assert any(
        "1 influencers state a price in another currency (CHF, EUR), such as cara" in n
        for n in appraisal.notes
    )


def test_exports_have_what_a_list_states_and_can_be_imported_again(place, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    pipeline.export(place, "accounts", file=out / "accounts.csv")
    with (out / "accounts.csv").open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert (rows["ana"]["price"], rows["ana"]["currency"], rows["ana"]["city"]) == ("1200.5", "EUR", "Lyon")
    assert (rows["ana"]["status"], rows["dan"]["status"]) == ("open", "")
    pipeline.import_source(tmp_path / "again", "folder", path=out)
    with Workspace(place) as first, Workspace(tmp_path / "again") as second:
        assert first.dataset().accounts.to_pylist() == second.dataset().accounts.to_pylist()
    pipeline.export(place, "rankings", file=tmp_path / "rankings.csv", ranker="simcos")
    with (tmp_path / "rankings.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["influencer"] == "ana")
    assert (row["stated_price"], row["city"], row["attribute_status"]) == ("1200.5", "Lyon", "open")
    assert float(row["stated_engagement_rate"]) == pytest.approx(0.034)


def test_an_attribute_with_blanks_is_quoted_either_way(tmp_path):
    (tmp_path / "list.csv").write_text(
        "handle,followers,Contact status\nana.b,9000,open now\nbo.c,8000,closed\n", "utf-8"
    )
    pipeline.import_source(tmp_path / "w", "folder", path=tmp_path / "list.csv")
    for where in (
        'attribute:"contact status=open now"',
        'attribute:"Contact status"=open',
        'attribute:"Contact status"="open now"',
    ):
        assert [row["influencer"] for row in pipeline.search(tmp_path / "w", where=where).rows] == ["ana.b"]
