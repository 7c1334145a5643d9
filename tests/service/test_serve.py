"""A service in a process of its own: who may start one, how it ends, what a kill cannot take, who cannot keep
others out."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import httpx
import pytest

from brandfit.errors import UsageError, WorkspaceError
from brandfit.service.config import ServiceConfig
from brandfit.service.http.serve import locked, refuse_public_without_key
from brandfit.service.store import keys
from brandfit.service.store.service_store import ServiceStore

CLI = [sys.executable, "-c", "from brandfit.cli import main; main()"]


def test_it_starts_on_an_empty_folder_says_where_and_ends_when_asked_to(serve, tmp_path):
    service = serve(tmp_path / "new")
    assert service.client.get("/healthz").text == "ok\n"
    assert service.client.get("/readyz").json() == {"fingerprint": "", "jobs": 0}
    assert "server" not in service.client.get("/").headers
    assert service.end() == 0
    with pytest.raises(httpx.ConnectError):
        service.client.get("/healthz")
    for line in service.log.read_text().splitlines():
        assert {"time", "level", "message", "request"} <= set(json.loads(line))


def test_two_services_of_one_workspace(serve, tmp_path):
    first = serve(tmp_path / "w")
    done = subprocess.run(
        [*CLI, "serve", "-w", tmp_path / "w", "--port", "0"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "Another service serves" in done.stderr
    assert "Traceback" not in done.stderr
    assert first.client.get("/healthz").status_code == 200
    first.kill()
    assert serve(tmp_path / "w").client.get("/healthz").status_code == 200  # a kill leaves no lock behind


def test_the_lock_is_of_one_workspace(tmp_path):
    with locked(tmp_path), pytest.raises(WorkspaceError), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "brandfit.example.org"])
def test_a_public_address_wants_a_key(tmp_path, host):
    config = ServiceConfig(host=host)
    with pytest.raises(UsageError, match="requires a key"):
        refuse_public_without_key(tmp_path, config)
    with pytest.raises(UsageError, match="without keys"):
        refuse_public_without_key(tmp_path, ServiceConfig(host=host, keys=False))
    desk = ServiceStore(tmp_path)
    row, _ = keys.create(desk, "x", "read")
    refuse_public_without_key(tmp_path, config)
    keys.revoke(desk, row["id"])
    desk.close()
    with pytest.raises(UsageError, match="requires a key"):
        refuse_public_without_key(tmp_path, config)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_wants_none(tmp_path, host):
    refuse_public_without_key(tmp_path, ServiceConfig(host=host))


def test_a_public_service_by_command_line(serve, tmp_path):
    place = tmp_path / "w"
    options = ["serve", "-w", place, "--port", "0", "--host", "0.0.0.0"]
    done = subprocess.run([*CLI, *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "brandfit key create" in done.stderr
    made = subprocess.run(
        [*CLI, "key", "create", "me", "--scope", "write", "-w", place],
        capture_output=True,
        text=True,
        check=True,
    )
    service = serve(place, "--host", "0.0.0.0")
    at = f"http://127.0.0.1:{service.port}"
    assert httpx.get(f"{at}/api/v1/workspace").status_code == 401
    assert httpx.get(f"{at}/api/v1/workspace", headers={"x-api-key": made.stdout.strip()}).status_code == 200


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_are_answered_before_it_ends(serve, folder, brand, sign):
    """The rest of a body is on its way when it is asked to end."""
    service = serve(folder)
    who = service.client.get(f"/api/v1/rankings/{brand}").json()["items"][0]["influencer"]
    body = json.dumps({"note": "kept"}).encode()
    with socket.create_connection(("127.0.0.1", service.port)) as slow:
        head = (
            f"PATCH /api/v1/annotations/{brand}/{who} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            "application/json\r\n"
        )
        slow.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.5)
        service.process.send_signal(sign)
        time.sleep(0.5)
        slow.sendall(body[5:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
    assert service.process.wait(60) == 0
    desk = ServiceStore(folder)
    assert desk.annotations(brand)[who]["note"] == "kept"
    desk.close()


def test_a_kill_loses_nothing_that_was_accepted(serve, folder, brand, until):
    """Several note as fast as they can; the power goes; whatever was answered is there, and nothing is
    damaged."""
    service = serve(folder)
    people = [item["influencer"] for item in service.client.get(f"/api/v1/rankings/{brand}").json()["items"]]
    accepted: list[tuple[str, int, str]] = []

    def note(thread: int) -> None:
        with httpx.Client(base_url=service.url) as client:
            for n in range(100_000):
                who, note = people[(thread * 5 + n) % len(people)], f"{thread}.{n}"
                try:
                    answer = client.patch(
                        f"/api/v1/annotations/{brand}/{who}", json={"tags": [note], "note": note}
                    )
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                accepted.append((who, thread, note))

    threads = [threading.Thread(target=note, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(accepted) > 100)
    service.kill()
    for thread in threads:
        thread.join()
    with sqlite3.connect(folder / "service.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        written = [row[0] for row in connection.execute("SELECT what FROM audit WHERE action = 'annotate'")]
    again = serve(folder)
    kept = {
        mark["influencer"]: mark for mark in again.client.get(f"/api/v1/annotations/{brand}").json()["items"]
    }
    assert len(written) >= len(accepted) > 100  # each is in the audit log
    for who in {who for who, *_ in accepted}:
        assert kept[who]["tags"] == [kept[who]["note"]]  # whole
        last = {thread: int(note.split(".")[1]) for found, thread, note in accepted if found == who}
        thread, n = map(int, kept[who]["note"].split("."))
        assert n >= last.get(thread, 0)  # not taken back to an earlier one of the same writer


def test_a_job_under_way_survives_a_kill_of_the_service(serve, tmp_path, until):
    service = serve(tmp_path / "w")
    asked = {"source": "sample", "settings": {"influencers": 200}}
    id = service.client.post("/api/v1/imports", json=asked).json()["id"]
    until(lambda: service.client.get(f"/api/v1/jobs/{id}").json()["state"] == "running")
    service.kill()
    again = serve(tmp_path / "w")
    done = until(lambda: (job := again.client.get(f"/api/v1/jobs/{id}").json())["finished"] and job, 120)
    assert (done["state"], done["result"]["changes"]["accounts"]["seen"]) == ("done", 224)
    assert again.client.get("/api/v1/workspace").json()["counts"]["influencers"] == 200
    assert again.client.get("/api/v1/check").status_code == 200


HALF = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: local",
    "a head and half a body": b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nkey=",
    "half a chunk": b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nkey",
}


@pytest.mark.parametrize("what", HALF)
def test_who_does_not_finish_is_let_go_of(impatient, what):
    with socket.create_connection(("127.0.0.1", impatient.port), 30) as half:
        half.sendall(HALF[what])
        told = b""
        while data := half.recv(4096):
            told += data
        assert b" 200 " not in told
    assert impatient.client.get("/healthz").status_code == 200


def test_who_sends_a_letter_now_and_then_is_let_go_of(impatient):
    """A head has one deadline as a whole; a body may take as long as it moves."""
    with socket.create_connection(("127.0.0.1", impatient.port), 30) as drip:
        assert _drip(drip, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 1000) < 200
    body = b"key=" + b"x" * 20
    with socket.create_connection(("127.0.0.1", impatient.port), 30) as slow:
        form = "Content-Type: application/x-www-form-urlencoded"
        slow.sendall(
            (
                f"POST /login HTTP/1.1\r\nHost: localhost\r\n{form}\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
        )
        for n in range(0, len(body), 6):
            time.sleep(0.4)
            slow.sendall(body[n : n + 6])
        assert slow.recv(100).startswith(b"HTTP/1.1 403")


def _drip(connection: socket.socket, data: bytes) -> int:
    """Ten letters a second, until the other side has enough; how many it took."""
    for n, letter in enumerate(data):
        try:
            connection.sendall(bytes([letter]))
        except OSError:
            return n
        time.sleep(0.1)
    return len(data)


def test_many_who_do_not_finish_keep_nobody_out(impatient):
    halves = []
    for _ in range(300):
        halves.append(socket.create_connection(("127.0.0.1", impatient.port), 30))
        halves[-1].sendall(HALF["a head and half a body"])
    assert all(impatient.client.get("/healthz").status_code == 200 for _ in range(10))
    for half in halves:
        while half.recv(4096):
            pass
        half.close()
    assert impatient.client.get("/healthz").status_code == 200


def test_a_connection_that_is_kept_serves_many_requests_and_pauses(impatient):
    with httpx.Client(base_url=impatient.url, limits=httpx.Limits(max_connections=1)) as client:
        for pause in (0.0, 0.0, 1.5):
            time.sleep(pause)
            assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\nx",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"\0" * 1000,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_is_no_request_does_no_harm(impatient, sent):
    with socket.create_connection(("127.0.0.1", impatient.port), 30) as raw:
        try:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            told = raw.recv(4096)
        except ConnectionError:
            told = b""
    assert not told or 400 <= int(told.split(b" ")[1]) < 500
    assert impatient.client.get("/healthz").status_code == 200
    assert "Traceback" not in impatient.log.read_text()


def test_ctrl_c_is_not_for_the_job(serve, tmp_path, until):
    """It goes to all processes of a terminal; the service alone puts its job off."""
    service = serve(tmp_path / "w")
    id = service.client.post("/api/v1/imports", json={"source": "sample"}).json()["id"]
    until(lambda: service.client.get(f"/api/v1/jobs/{id}").json()["state"] == "running")
    worker = next(child for child in _children(service.process.pid))
    assert os.getsid(worker) == worker
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(60) == 0
    desk = ServiceStore(tmp_path / "w")
    import sqlalchemy as sa

    [job] = desk.rows(sa.text("SELECT state, attempts FROM jobs"))
    desk.close()
    assert (job["state"], job["attempts"]) in (("queued", 0), ("done", 1))


def _children(process: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(process).children()]
