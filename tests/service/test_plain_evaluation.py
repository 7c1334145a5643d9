"""The page that answers in one sentence how good suggestions are, and the same answer in a report."""

from __future__ import annotations

import msgspec

from brandfit import pipeline
from brandfit.evaluation.first_ten import BrandHits, FirstTen, UnrankedBrand, first_ten
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace


def test_the_page_gives_the_answer_of_the_pipeline(client, folder):
    page = client.get("/evaluation/plain")
    assert page.status_code == 200
    assert "This has not been tried yet." in page.text
    assert (
        client.post("/evaluation", data={"rankers": ["simcos"], "protocol": "suggestions"})
        .headers["location"]
        .startswith("/evaluation/plain")
    )
    with Workspace(folder) as workspace:
        report = pipeline.evaluate(workspace, ["simcos"], protocol="suggestions")
    store = ServiceStore(folder)
    done = {
        "state": "done",
        "result": msgspec.json.encode(report.to_dict(per_brand=True)).decode(),
        "finished": 1.0,
    }
    store.write(tables.jobs.update().values(**done))
    store.close()
    answer = first_ten(report, "simcos")
    page = client.get("/evaluation/plain")
    for sentence in answer.sentences:
        assert sentence in page.text
    brand = answer.brands[0].brand
    page = client.get(f"/evaluation/plain?brand={brand}")
    for sentence in first_ten(report, "simcos", brand=brand).sentences:
        assert sentence in page.text
    missing = client.get("/evaluation/plain?brand=nobody")
    assert missing.status_code == 422
    assert "no judged brand named" in missing.text


def _plant(client, folder, answers):
    """A done evaluation of suggestions with these plain answers."""
    client.post("/evaluation", data={"rankers": ["simcos"], "protocol": "suggestions"})
    result = {
        "protocol": "suggestions",
        "first_ten": answers,
        "notes": ["simcos: it has no evidence on any pair: its figures are those of chance", "a note"],
        "dataset": "",
    }
    done = {"state": "done", "result": msgspec.json.encode(result).decode(), "finished": 1.0}
    store = ServiceStore(folder)
    store.write(tables.jobs.update().values(**done))
    store.close()


def test_the_page_gives_no_figure_of_brands_that_were_not_ranked(client, folder):
    mute = UnrankedBrand(brand="mute.shop", has_posts=False, partners=4, candidates=40)
    heard = BrandHits(
        brand="heard.shop", suggested=10, hits=4.0, chance=1.0, partners=4, candidates=40, scored=40
    )
    nothing = FirstTen("simcos", None, None, None, None, None, None, (), unranked=(mute,))
    one = FirstTen("simcos", 4.0, 1.0, None, None, (0, 3), 0.01, (heard,), unranked=(mute,))
    _plant(client, folder, {"simcos": nothing.to_dict()})
    for page in (client.get("/evaluation/plain"), client.get("/evaluation/plain?brand=mute.shop")):
        assert "Nothing could be measured: simcos could rank no influencer for mute.shop" in page.text
        assert "could not be ranked</td>" in page.text
        assert "really its partners" not in page.text
        assert "chance" not in page.text.replace("By chance</th>", "")
        assert "A note<" in page.text
    _plant(client, folder, {"simcos": one.to_dict()})
    page = client.get("/evaluation/plain").text
    assert page.index("could rank no influencer for 1 of 2 brands") < page.index("4 were really its partners")
    assert "Nothing could be measured" in client.get("/evaluation/plain?brand=mute.shop").text


def test_an_answer_of_an_earlier_version_is_not_shown(client, folder):
    """It gave the figures of chance to brands that were not ranked."""
    one = BrandHits(brand="a", suggested=10, hits=0.9, chance=0.9, partners=4, candidates=40)
    stored = FirstTen("simcos", 0.9, 0.9, None, None, (0, 3), 0.5, (one,)).to_dict()
    del stored["unranked"]
    _plant(client, folder, {"simcos": stored})
    page = client.get("/evaluation/plain")
    assert page.status_code == 200
    assert "did not count the brands that could not be ranked" in page.text
    assert "really its partners" not in page.text


def test_a_report_has_the_same_answer(folder, tmp_path):
    with Workspace(folder) as workspace:
        brand = pipeline.suggestions(workspace, ranker="simcos").brands[0].brand
        expected = pipeline.suggestions(workspace, brand, ranker="simcos").sentences
        file = tmp_path / "report.html"
        report = pipeline.report(workspace, brand, file=file, ranker="simcos", k=1, evaluation=True)
        without = pipeline.report(workspace, brand, file=tmp_path / "no.html", ranker="simcos", k=1)
    assert report.evaluation == expected
    assert without.evaluation == ()
    assert "How good such suggestions are" in file.read_text()
    assert expected[0] in file.read_text()
    # What was measured is not said to be missing.
    assert "was not measured here" not in file.read_text()
    assert "was not measured here" in (tmp_path / "no.html").read_text()
    assert "How good such suggestions are" not in (tmp_path / "no.html").read_text()
