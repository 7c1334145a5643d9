"""API keys: made once, shown once, kept as a hash; each may read, write, or do everything.

A secret is 32 random bytes, so that one round of SHA-256 keeps it: there is nothing to guess that a slow hash
would protect.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any, NamedTuple

import sqlalchemy as sa

from brandfit.errors import UnknownName, UsageError
from brandfit.service import store
from brandfit.service.store import ServiceStore

SCOPES = ("read", "write", "admin")
"""Each may do what those before it may."""
PREFIX = "bf"
SEEN_EVERY = 60.0
"""Seconds after which it is noted anew that a key is used."""


class Caller(NamedTuple):
    """Who asks: a key, or somebody at this machine."""

    id: str
    name: str
    scope: str

    def may(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


LOCAL = Caller("local", "this machine", "admin")


def create(at: ServiceStore, name: str, scope: str) -> tuple[dict[str, Any], str]:
    """A new key: what is kept of it, and the key itself, which nobody can tell again."""
    if scope not in SCOPES:
        raise UnknownName("scope", scope, known=SCOPES)
    if not name.strip():
        raise UsageError("A key wants a name.", "Say who or what uses it: reporting, shop backend ...")
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "id": id,
        "name": name.strip(),
        "scope": scope,
        "created": time.time(),
        "used": None,
        "revoked": None,
    }
    at.write(store.keys.insert().values(**row, hash=_hash(secret)))
    return row, f"{PREFIX}_{id}_{secret}"


def listing(at: ServiceStore) -> list[dict[str, Any]]:
    return at.rows(sa.select(*(c for c in store.keys.c if c.name != "hash")).order_by(store.keys.c.created))


def revoke(at: ServiceStore, id: str) -> None:
    """From now on it opens nothing. Raises UnknownName."""
    here = store.keys.c.id == id
    if not at.write(
        store.keys.update().where(here & store.keys.c.revoked.is_(None)).values(revoked=time.time())
    ):
        raise UnknownName("key", id, known=[row["id"] for row in listing(at) if row["revoked"] is None])


def caller(at: ServiceStore, key: str) -> Caller | None:
    """Whose key it is; None for one that opens nothing."""
    prefix, _, rest = key.partition("_")
    id, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret:
        return None
    found = at.rows(sa.select(store.keys).where((store.keys.c.id == id) & store.keys.c.revoked.is_(None)))
    if not found or not hmac.compare_digest(found[0]["hash"], _hash(secret)):
        return None
    row = found[0]
    if time.time() - (row["used"] or 0) > SEEN_EVERY:
        at.write(store.keys.update().where(store.keys.c.id == id).values(used=time.time()))
    return Caller(row["id"], row["name"], row["scope"])


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
