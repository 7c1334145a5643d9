"""Pages refuse what they cannot use of an address, as the API does: the answer would be that to another
question."""

from __future__ import annotations

import html
from typing import Annotated

import msgspec
import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from brandfit import pipeline
from brandfit.service.http.query_check import _is_sequence
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

BROWSER = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("foo=1", "There is no query parameter 'foo' here."),
        ("rankr=simcos", "Did you mean ranker?"),
        ("ranker=simcos&ranker=random", "The query parameter 'ranker' has several values, and takes one."),
        ("where=followers:5k..&where=followers:..9k", 'Join conditions with "and".'),
    ],
)
@pytest.mark.parametrize(
    "path", ["/brands/{brand}", "/brands/{brand}/why/arvid.peaks", "/brands/{brand}/compare"]
)
def test_unknown_and_repeated_parameters_are_refused(client, brand, path, parameters, message):
    answer = client.get(f"{path.format(brand=brand)}?{parameters}", headers=BROWSER)
    assert answer.status_code == 422
    assert message in html.unescape(answer.text)
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    "path", ["/brands", "/influencers", "/jobs", "/evaluation", "/evaluation/plain", "/map", "/"]
)
def test_pages_of_all_kinds_refuse_them(client, path):
    assert client.get(f"{path}?foo=1").status_code == 422


def test_parameters_with_several_values_take_them(client, brand):
    items = client.get(f"/api/v1/rankings/{brand}?limit=3").json()["items"]
    one, other, third = (item["influencer"] for item in items)
    assert client.get(f"/brands/{brand}/compare?with={one}&with={other}").status_code == 200
    page = client.get(f"/brands/{brand}?exclude={one}&exclude={third}")
    assert page.status_code == 200
    assert f'href="/brands/{brand}/why/{other}' in page.text
    assert f'href="/brands/{brand}/why/{third}' not in page.text


@pytest.mark.parametrize(
    ("annotation", "several"),
    [
        (list[str], True),
        (list[str] | None, True),
        (Annotated[list[str] | None, "text"], True),
        (tuple[str, ...], True),
        (str | None, False),
        (int, False),
    ],
)
def test_which_types_hold_several_values(annotation, several):
    assert _is_sequence(annotation) == several


def test_the_plain_answer_is_of_the_ranker_that_is_named(client, folder):
    """Another name showed the figures of another ranker."""
    client.post("/evaluation", data={"rankers": ["simcos", "random"], "protocol": "suggestions"})
    with Workspace(folder) as workspace:
        report = pipeline.evaluate(workspace, ["simcos", "random"], protocol="suggestions")
    store = ServiceStore(folder)
    result = msgspec.json.encode(report.to_dict(per_brand=True)).decode()
    done = {"state": "done", "result": result, "finished": 1.0}
    store.write(tables.jobs.update().values(**done))
    store.close()
    for name in ("simcos", "random"):
        answer = client.get(f"/evaluation/plain?ranker={name}")
        assert answer.status_code == 200
        assert f"influencers that {name} would have suggested" in answer.text
    answer = client.get("/evaluation/plain?ranker=zzz")
    assert answer.status_code == 422
    assert "zzz" in answer.text
    assert "would have suggested" not in answer.text
