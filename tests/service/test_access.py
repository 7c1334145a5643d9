"""Who may do what: every route asks, keys and sessions answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from brandfit.service import api, pages
from brandfit.service.http.access import COOKIE, SESSION, Sessions
from brandfit.service.store import keys

READS = {
    f"POST /api/v1/{what}"
    for what in ("shortlists", "advice", "rankings/brief", "similar/picture", "reports")
}
"""They ask by a body, and change nothing but the list of jobs."""
ADMIN = {
    "GET /api/v1/keys",
    "POST /api/v1/keys",
    "DELETE /api/v1/keys/{id}",
    "GET /api/v1/audit",
    "DELETE /api/v1/accounts/{id}",
}
ANYBODY = {"/login", "/logout"}


def leaves(router: Any) -> Iterator[Any]:
    """Routes, of the routers in it too."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from leaves(inner)


def operations(client) -> list[tuple[str, str]]:
    found = client.get("/api/v1/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in found.items() for method in methods]


def address(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "0", path)


@pytest.fixture
def opened(make, tmp_path):
    """A client of a service that asks for keys, and a key of each scope."""
    client = make(tmp_path / "w", keys=True)
    desk = client.app.app.state.store
    return client, {scope: keys.create(desk, scope, scope)[1] for scope in keys.SCOPES}


def test_the_description_has_every_route_of_the_api(empty):
    routes = [(method, route.path) for route in leaves(api.router) for method in route.methods]
    assert len(routes) == len(set(operations(empty))) > 25


def test_every_route_of_the_api_asks_for_a_key(opened):
    client, _ = opened
    for method, path in operations(client):
        answer = client.request(method, address(path))
        assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), (
            f"{method} {path}"
        )
        assert answer.json()["title"] == "A key is required."


def test_every_route_asks_for_the_scope_that_it_should(opened):
    """What changes something wants write; keys and the audit log want admin. Seen from outside: 403 or
    not."""
    client, key = opened
    for method, path in operations(client):
        told = f"{method} {path}"
        wanted = "admin" if told in ADMIN else "read" if method == "GET" or told in READS else "write"
        for scope in keys.SCOPES:
            answer = client.request(method, address(path), headers={"authorization": f"Bearer {key[scope]}"})
            refused = keys.SCOPES.index(scope) < keys.SCOPES.index(wanted)
            assert (answer.status_code == 403) == refused, f"{told} with {scope}: {answer.status_code}"
            assert answer.status_code < 500 or answer.status_code == 503


def test_every_page_sends_who_has_no_key_to_the_login(opened):
    client, _ = opened
    routes = [(method, route.path) for route in leaves(pages.router) for method in route.methods]
    assert len(routes) > 8
    for method, path in routes:
        if path in ANYBODY:
            continue
        answer = client.request(method, address(path), headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), f"{method} {path}"


def test_what_else_is_open_to_anybody(opened):
    client, _ = opened
    assert (
        client.get("/healthz").status_code
        == client.get("/readyz").status_code
        == client.get("/login").status_code
        == 200
    )
    assert client.get("/metrics").status_code == 401


@pytest.mark.parametrize("how", ["bearer", "Bearer", "x-api-key"])
def test_a_key_is_shown_in_a_header(opened, how):
    client, key = opened
    headers = {"x-api-key": key["read"]} if how == "x-api-key" else {"authorization": f"{how} {key['read']}"}
    assert client.get("/api/v1/workspace", headers=headers).status_code == 200


def test_a_key_in_the_address_opens_nothing(opened):
    client, key = opened
    assert (
        client.get("/api/v1/workspace", params={"key": key["admin"], "api_key": key["admin"]}).status_code
        == 401
    )


def test_a_revoked_key_opens_nothing_from_then_on(opened):
    client, key = opened
    admin = {"x-api-key": key["admin"]}
    made = client.post("/api/v1/keys", json={"name": "soon gone", "scope": "write"}, headers=admin).json()
    asked = {"x-api-key": made["key"]}
    assert client.get("/api/v1/workspace", headers=asked).status_code == 200
    told = client.delete(f"/api/v1/keys/{made['id']}", headers=admin).json()
    assert told["revoked"]
    assert client.get("/api/v1/workspace", headers=asked).status_code == 401
    assert made["key"] not in client.get("/api/v1/keys", headers=admin).text
    audit = client.get("/api/v1/audit", headers=admin)
    assert [row["action"] for row in audit.json()["items"]] == ["revoke key", "create key"]
    assert made["key"].split("_", 2)[2] not in audit.text


def test_paths_of_the_machine_are_for_admins(opened):
    client, key = opened
    asked = {"source": "folder", "path": "/etc"}
    answer = client.post("/api/v1/imports", json=asked, headers={"x-api-key": key["write"]})
    assert answer.status_code == 422
    assert client.post("/api/v1/imports", json=asked, headers={"x-api-key": key["admin"]}).status_code == 202


def test_a_browser_signs_in_and_out(opened):
    client, key = opened
    assert client.post("/login", data={"key": "bf_000000000000_wrong"}).status_code == 403
    answer = client.post("/login", data={"key": f" {key['write']} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert key["write"].lower() not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/workspace").status_code == 200
    assert client.get("/api/v1/keys").status_code == 403
    kept = client.cookies[COOKIE]
    client.post("/logout")
    client.cookies.set(COOKIE, kept)  # who copied the cookie has nothing of it
    assert client.get("/api/v1/workspace").status_code == 401


def test_a_session_ends_with_its_key(opened):
    client, key = opened
    client.post("/login", data={"key": key["write"]})
    id = key["write"].split("_", 2)[1]
    assert client.delete(f"/api/v1/keys/{id}", headers={"x-api-key": key["admin"]}).status_code == 200
    assert client.get("/api/v1/workspace").status_code == 401


def test_a_session_ends_after_its_time(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("brandfit.service.http.access.time.time", lambda: now)
    sessions = Sessions()
    name = sessions.open("bf_a_b")
    now += SESSION - 1
    assert sessions.key(name) == "bf_a_b"
    now += 2
    assert sessions.key(name) == ""
    sessions.open("bf_c_d")
    assert len(sessions._key_and_end) == 1


def test_a_session_that_somebody_made_up(opened):
    client, key = opened
    client.post("/login", data={"key": key["admin"]})
    for name in ("", "x", key["admin"], "ä"):
        client.cookies.clear()
        assert (
            client.get("/api/v1/workspace", headers={"cookie": f"{COOKIE}={name}".encode()}).status_code
            == 401
        )


def test_at_this_machine_nobody_is_asked(empty):
    assert empty.get("/api/v1/keys").status_code == 200
    assert empty.get("/api/v1/workspace", headers={"x-api-key": "bf_no_such"}).status_code == 200
