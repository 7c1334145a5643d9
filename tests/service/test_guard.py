"""Before every request: which host, from where, how large, how often; and what every answer carries."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.service.http.middleware import CALLERS, HEADERS, RateLimiter


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "127.0.0.1:9",
        "[::1]:80",
        "[::1]",
        "brandfit.example.org",
        "brandfit.example.org:443",
    ],
)
def test_hosts_it_is_known_as(make, tmp_path, host):
    client = make(tmp_path / "w", hosts=("brandfit.example.org",))
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "xlocalhost",
        "[::2]",
        "",
        "@localhost",
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_page_elsewhere_under_a_name_of_its_own_is_turned_away(empty, host, accept):
    """DNS rebinding: the name is another's, the address is ours."""
    answer = empty.get(
        "/api/v1/workspace" if accept != "text/html" else "/", headers={"host": host, "accept": accept}
    )
    assert answer.status_code == 421
    assert "--known-as" in answer.text
    assert answer.headers["content-type"].startswith(
        "text/html" if accept == "text/html" else "application/problem+json"
    )


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:81", "localhost"],
)
def test_what_a_page_of_another_site_asks_to_change_is_refused(empty, origin):
    for path in ("/sample", "/api/v1/preparations", "/logout"):
        assert empty.post(path, headers={"origin": origin}).status_code == 403
    assert empty.get("/api/v1/jobs").json()["total"] == 0


def test_its_own_pages_and_programs_may(make, tmp_path):
    client = make(tmp_path / "w", origins=("https://shop.example",))
    for origin in ("http://localhost", "https://shop.example"):
        assert client.post("/api/v1/preparations", headers={"origin": origin}).status_code == 202
    assert client.post("/api/v1/preparations").status_code == 202


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(make, tmp_path, chunked):
    client = make(tmp_path / "w", body=2000, upload=20_000)
    big = b'{"source": "' + b"x" * 5000 + b'"}'
    content = iter([big[:1500], big[1500:3000], big[3000:]]) if chunked else big
    answer = client.post("/api/v1/imports", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["title"] == "The request is larger than 2,000 bytes."
    small = b'{"source": "sample"}'
    content = iter([small[:5], small[5:]]) if chunked else small
    assert (
        client.post(
            "/api/v1/imports", content=content, headers={"content-type": "application/json"}
        ).status_code
        == 202
    )


def test_an_upload_may_be_larger_than_a_request_but_not_endless(make, tmp_path):
    client = make(tmp_path / "w", body=2000, upload=20_000)
    assert client.post("/api/v1/uploads", files={"files": ("a.csv", b"x" * 10_000)}).status_code == 201
    assert client.post("/api/v1/uploads", files={"files": ("a.csv", b"x" * 30_000)}).status_code == 413
    assert [len(list(one.iterdir())) for one in (tmp_path / "w" / "uploads").iterdir()] == [1]


def test_who_has_no_key_may_not_send_more_than_a_request(make, tmp_path):
    """Else anybody could fill the disk before being asked for the key."""
    client = make(tmp_path / "w", keys=True, body=2000, upload=200_000)
    for path, accept in (("/api/v1/uploads", "application/json"), ("/upload", "text/html")):
        answer = client.post(path, files={"files": ("a.csv", b"x" * 10_000)}, headers={"accept": accept})
        assert answer.status_code == 413


def test_the_pace_of_a_caller_by_a_clock(make):
    now = 100.0
    pace = RateLimiter(2.0, 3, lambda: now)
    assert [pace.wait("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert pace.wait("b") == 0  # another caller
    now += 0.5
    assert [pace.wait("a") for _ in range(2)] == [0, 0.5]
    now += 1000
    assert [pace.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]  # never more than the burst
    assert [RateLimiter(0.0, 1, lambda: now).wait("a") for _ in range(100)] == [0] * 100


@given(st.floats(0.1, 100), st.integers(1, 20), st.lists(st.floats(0, 5), max_size=60))
def test_nobody_gets_more_than_the_rate_and_the_burst(rate, burst, gaps):
    now = 0.0
    pace = RateLimiter(rate, burst, lambda: now)
    passed = 0
    for gap in gaps:
        now += gap
        passed += pace.wait("a") == 0
        assert passed <= burst + rate * now + 1e-6


def test_who_waits_as_long_as_told_gets_in():
    now = 0.0
    pace = RateLimiter(0.3, 1, lambda: now)
    pace.wait("a")
    now += pace.wait("a") + 1e-9
    assert pace.wait("a") == 0


def test_callers_are_forgotten_before_they_fill_the_memory():
    pace = RateLimiter(1.0, 1, lambda: 0.0)
    for n in range(CALLERS + 50):
        pace.wait(str(n))
    assert len(pace._buckets) == CALLERS


def test_too_many_requests_are_told_when_to_come_again(make, tmp_path):
    client = make(tmp_path / "w", rate=0.001, burst=3)
    answers = [client.get("/healthz") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3].headers["retry-after"]) <= 1001
    assert answers[3].json()["status"] == 429


ANSWERS = {
    "a page": ("GET", "/", {}),
    "a page that is not": ("GET", "/nowhere", {"accept": "text/html"}),
    "the API": ("GET", "/api/v1/workspace", {}),
    "its description": ("GET", "/api/v1/openapi.json", {}),
    "nothing there": ("GET", "/api/v1/nowhere", {}),
    "no such method": ("DELETE", "/api/v1/workspace", {}),
    "cannot be meant": ("GET", "/api/v1/search?limit=-1", {}),
    "another host": ("GET", "/", {"host": "evil.example"}),
    "another site": ("POST", "/sample", {"origin": "https://evil.example"}),
    "too large": ("POST", "/api/v1/imports", {"content-length": "999999999"}),
    "a preflight": (
        "OPTIONS",
        "/api/v1/workspace",
        {"origin": "https://x.example", "access-control-request-method": "GET"},
    ),
    "health": ("GET", "/healthz", {}),
    "readiness": ("GET", "/readyz", {}),
    "metrics": ("GET", "/metrics", {}),
    "no such style": ("GET", "/static/0/none.css", {}),
    "a way back": ("POST", "/logout", {}),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_carries_the_security_headers(empty, what):
    method, path, headers = ANSWERS[what]
    answer = empty.request(method, path, headers=headers)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers


def test_what_nobody_foresaw_carries_them_too(empty, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr("brandfit.service.views.workspaces.overview", broken)
    for path, accept in (("/api/v1/workspace", "application/json"), ("/", "text/html")):
        answer = empty.get(path, headers={"accept": accept})
        assert answer.status_code == 500
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text


def test_styles_and_scripts_carry_them_and_may_be_kept(empty):
    import re

    names = re.findall(r'"(/static/[^"]+)"', empty.get("/").text)
    assert len(names) >= 3
    for name in names:
        answer = empty.get(name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        for header, value in HEADERS.items():
            assert answer.headers[header] == value


def test_the_policy_lets_nothing_in_line_and_nothing_from_elsewhere():
    rules = dict(rule.split(" ", 1) for rule in HEADERS["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert (
        rules["script-src"] == rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    )
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_answers_are_not_kept_unless_they_say_so(client, brand):
    assert client.get("/").headers["cache-control"] == "no-store"
    assert client.get(f"/api/v1/rankings/{brand}").headers["cache-control"] == "private, no-cache"


def test_cors_is_off_by_default(empty):
    for headers in (
        {"origin": "https://shop.example"},
        {"origin": "https://shop.example", "access-control-request-method": "GET"},
    ):
        for method in ("GET", "OPTIONS"):
            answer = empty.request(method, "/api/v1/workspace", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_cors_for_those_who_are_named(make, tmp_path):
    client = make(tmp_path / "w", origins=("https://shop.example",))
    answer = client.get("/api/v1/workspace", headers={"origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in answer.headers  # no cookies: a key in a header
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "x-api-key",
    }
    assert client.options("/api/v1/annotations/a/b", headers=asked).status_code == 200
    other = client.get("/api/v1/workspace", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_request_has_a_number_that_is_in_the_answer_and_the_log(empty, caplog):
    with caplog.at_level(logging.INFO, "brandfit.access"):
        logging.getLogger("brandfit").propagate = True
        answer = empty.get("/api/v1/jobs/none", headers={"x-request-id": "my-number.1"})
    assert answer.headers["x-request-id"] == answer.json()["instance"] == "my-number.1"
    record = next(r for r in caplog.records if r.name == "brandfit.access")
    assert (record.method, record.route, record.status, record.caller) == (
        "GET",
        "/api/v1/jobs/{id}",
        404,
        "local",
    )


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "<script>", "a;b"])
def test_a_number_that_is_none_is_replaced(empty, given):
    number = empty.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]
    assert number != given
    assert len(number) == 16


def test_two_requests_have_two_numbers(empty):
    assert len({empty.get("/healthz").headers["x-request-id"] for _ in range(20)}) == 20


def test_metrics_count_by_route_not_by_address(client, brand):
    for who in (brand, "nobody.1", "nobody.2"):
        client.get(f"/api/v1/rankings/{who}")
    client.get("/no/such/1")
    told = client.get("/metrics").text
    assert 'brandfit_requests_total{method="GET",route="/api/v1/rankings/{brand}",status="200"} 1.0' in told
    assert 'brandfit_requests_total{method="GET",route="/api/v1/rankings/{brand}",status="404"} 2.0' in told
    assert "nobody" not in told
    assert "such" not in told


def test_a_log_line_is_json():
    from brandfit.service.http.serve import JsonLines

    record = logging.LogRecord("brandfit.access", logging.INFO, "", 0, 'said "%s"\n', ("x",), None)
    record.status = 200
    told = json.loads(JsonLines().format(record))
    assert told["message"] == 'said "x"\n'
    assert told["status"] == 200
