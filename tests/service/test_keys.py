"""Keys: shown once, kept as a hash, each with a scope, revoked for good."""

from __future__ import annotations

import pytest

from brandfit.errors import UnknownName, UsageError
from brandfit.service.store import keys, tables
from brandfit.service.store.service_store import ServiceStore


@pytest.fixture
def at(tmp_path):
    found = ServiceStore(tmp_path)
    yield found
    found.close()


def test_a_key_opens_what_it_was_made_for(at):
    for scope, may in (
        ("read", [True, False, False]),
        ("write", [True, True, False]),
        ("admin", [True, True, True]),
    ):
        row, key = keys.create(at, f"a {scope}", scope)
        caller = keys.caller(at, key)
        assert caller == (row["id"], f"a {scope}", scope)
        assert [caller.may(other) for other in keys.SCOPES] == may


def test_no_secret_is_kept(at, tmp_path):
    _, key = keys.create(at, "reporting", "read")
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43  # 32 bytes
    at.engine.dispose()
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()
    assert "hash" not in keys.listing(at)[0]


def test_two_keys_are_never_alike(at):
    made = {keys.create(at, "same", "read")[1] for _ in range(50)}
    assert len(made) == 50


def test_what_opens_nothing(at):
    row, key = keys.create(at, "x", "admin")
    prefix, id, secret = key.split("_", 2)
    other, _ = keys.create(at, "y", "read")
    wrong = ["", "bf", "bf_", "bf__", f"bf_{id}", f"bf_{id}_", f"bf_{id}_{secret}x", f"bf_{id}_{secret[:-1]}"]
    wrong += [
        f"xx_{id}_{secret}",
        f"bf_{other['id']}_{secret}",
        f"{id}_{secret}",
        key.upper(),
        "bf_%_x",
        "bf_\0_\0",
        "ä_ö_ü",
    ]
    assert [text for text in wrong if keys.caller(at, text) is not None] == []
    assert keys.caller(at, f"{prefix}_{row['id']}_{secret}") is not None


def test_a_revoked_key_opens_nothing_and_is_revoked_once(at):
    row, key = keys.create(at, "x", "read")
    stays, other = keys.create(at, "y", "read")
    keys.revoke(at, row["id"])
    assert keys.caller(at, key) is None
    assert keys.caller(at, other) == (stays["id"], "y", "read")
    first = keys.listing(at)[0]["revoked"]
    with pytest.raises(UnknownName):
        keys.revoke(at, row["id"])
    assert keys.listing(at)[0]["revoked"] == first


def test_it_is_noted_when_a_key_is_used_but_not_each_time(at, monkeypatch):
    now = 1_000_000.0
    monkeypatch.setattr("brandfit.service.store.keys.time.time", lambda: now)
    _, key = keys.create(at, "x", "read")
    assert keys.listing(at)[0]["used"] is None
    seen = []
    for seconds in (0.0, 1.0, keys.USE_INTERVAL - 1, keys.USE_INTERVAL + 1):
        now = 1_000_000.0 + seconds
        keys.caller(at, key)
        seen.append(keys.listing(at)[0]["used"] - 1_000_000.0)
    assert seen == [0.0, 0.0, 0.0, keys.USE_INTERVAL + 1]


@pytest.mark.parametrize(("name", "scope", "error"), [("x", "root", UnknownName), ("  ", "read", UsageError)])
def test_a_key_wants_a_name_and_a_scope(at, name, scope, error):
    with pytest.raises(error):
        keys.create(at, name, scope)
    assert at.rows(tables.keys.select()) == []
