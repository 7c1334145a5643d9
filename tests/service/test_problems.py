"""One shape for all errors, for programs as JSON and for people as a page; the inside is told to nobody."""

from __future__ import annotations

import pytest

from brandfit.errors import (
    BrandfitError,
    ConfigError,
    DataError,
    MissingExtra,
    UnknownName,
    UsageError,
    WorkspaceError,
)
from brandfit.service.http.problems import MEDIA, Problem, http_status

BODY = {"content-type": "application/json"}
ERRORS = {
    "no such address": ("GET", "/api/v1/nowhere", None, 404),
    "no such brand": ("GET", "/api/v1/rankings/nobody.here", None, 404),
    "no such account": ("GET", "/api/v1/accounts/nobody.here", None, 404),
    "no such job": ("GET", "/api/v1/jobs/0", None, 404),
    "no such key": ("DELETE", "/api/v1/keys/0", None, 404),
    "no such picture": ("GET", f"/api/v1/pictures/{'0' * 64}", None, 404),
    "no such method": ("PUT", "/api/v1/workspace", None, 405),
    "not trained": ("GET", "/api/v1/rankings/northpeak.outdoor?ranker=wsim", None, 404),
    "no such ranker": ("GET", "/api/v1/rankings/northpeak.outdoor?ranker=simcso", None, 422),
    "no such filter": ("GET", "/api/v1/search?where=folowers:5k", None, 422),
    "no number": ("GET", "/api/v1/search?limit=many", None, 422),
    "no JSON": ("POST", "/api/v1/encodings", b"{", 422),
    "no UTF-8": ("POST", "/api/v1/encodings", b'{"encoders": ["\xff"]}', 400),
    "half a letter": ("POST", "/api/v1/encodings", b'{"encoders": ["\\ud800"]}', 422),
    "half a letter of a field": (
        "POST",
        "/api/v1/encodings",
        b'{"encoders": ["text.hashing"], "\\ud800": 1}',
        422,
    ),
    "half a letter of a setting": (
        "POST",
        "/api/v1/encodings",
        b'{"encoders": ["text.hashing"], "settings": {"\\udfff": 1}}',
        422,
    ),
    "half a letter of a note": (
        "PATCH",
        "/api/v1/annotations/northpeak.outdoor/x",
        b'{"note": "\\ud800"}',
        422,
    ),
    "an unknown field": ("POST", "/api/v1/encodings", b'{"encoders": ["text.hashing"], "other": 1}', 422),
    "an unknown encoder": ("POST", "/api/v1/encodings", b'{"encoders": ["text.hasing"]}', 422),
    "a truth for a number": ("POST", "/api/v1/trainings", b'{"ranker": "brandfit", "seed": true}', 422),
    "no name": ("POST", "/api/v1/trainings", b'{"ranker": ""}', 422),
    "no files": ("POST", "/api/v1/uploads", None, 422),
    "an unknown setting": (
        "POST",
        "/api/v1/trainings",
        b'{"ranker": "brandfit", "settings": {"epochz": 1}}',
        422,
    ),
}


@pytest.fixture(scope="module")
def asked(sample, tmp_path_factory):
    """A client that nothing is changed through."""
    import shutil

    from starlette.testclient import TestClient

    from brandfit.service.app import create_app
    from brandfit.service.config import ServiceConfig

    folder = shutil.copytree(sample, tmp_path_factory.mktemp("problems") / "work")
    with TestClient(
        create_app(folder, ServiceConfig(rate=0.0), False), "http://localhost", raise_server_exceptions=False
    ) as client:
        yield client


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_says_what_is_wrong(asked, what):
    method, path, body, status = ERRORS[what]
    answer = asked.request(method, path, content=body, headers=BODY if body else {})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA
    told = Problem.model_validate(answer.json(), extra="forbid")
    assert (told.type, told.status, told.instance) == ("about:blank", status, answer.headers["x-request-id"])
    assert told.title
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("what", [what for what, (method, *_) in ERRORS.items() if method == "GET"])
def test_a_status_that_is_answered_is_described(asked, what):
    method, path, _, status = ERRORS[what]
    described = asked.get("/api/v1/openapi.json").json()["paths"]
    for pattern, methods in described.items():
        import re

        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), path.partition("?")[0]):
            assert str(status) in methods[method.lower()]["responses"]


def test_an_unknown_name_comes_with_the_nearest(asked):
    told = asked.get("/api/v1/rankings/northpeak.outdor").json()
    assert "northpeak.outdoor" in told["title"] + told["detail"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/brands/nobody.here", "/jobs/none", "/brands?offset=-1", f"/jobs?offset={10**30}"]
)
def test_a_person_gets_a_page(asked, path):
    answer = asked.get(path, headers={"accept": "text/html,*/*"})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1" in answer.text
    assert "Traceback" not in answer.text


def test_the_name_that_somebody_asked_for_is_no_markup(asked):
    answer = asked.get("/brands/%3Cimg%20src=x%20onerror=alert(1)%3E", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<img src=x" not in answer.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/workspace", "/api/v1/search?q=tea", "/", "/brands"])
def test_what_nobody_foresaw_is_logged_and_not_told(asked, monkeypatch, caplog, path):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("/home/somebody/secret.py")

    for name in ("pipeline.search", "pipeline.listing", "service.views.workspaces.overview"):
        monkeypatch.setattr(f"brandfit.{name}", broken)
    answer = asked.get(path, headers={"accept": "*/*" if path.startswith("/api") else "text/html"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "The log of the service says more." in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownName("brand", "x", known=[]), 404),
        (UnknownName("ranker", "x", known=[]), 422),
        (WorkspaceError("x"), 409),
        (MissingExtra("x", "text"), 503),
        (UsageError("x"), 422),
        (ConfigError("x"), 422),
        (DataError("x"), 422),
        (BrandfitError("x"), 422),
    ],
)
def test_the_status_of_an_error(error, status):
    assert http_status(error) == status
