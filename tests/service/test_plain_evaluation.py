"""The page that answers in one sentence how good suggestions are, and the same answer in a report."""

from __future__ import annotations

import msgspec

from brandfit import pipeline
from brandfit.evaluation.first_ten import first_ten
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
    assert "How good such suggestions are" not in (tmp_path / "no.html").read_text()
