"""API keys: created once, shown once, stored as a hash. The scope of a key is read, write or admin.

A secret has 32 random bytes. One round of SHA-256 is enough for it: a slow hash protects secrets that can be
guessed, and this one cannot.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any, NamedTuple

import sqlalchemy as sa

from brandfit.errors import UnknownName, UsageError
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore

SCOPES = ("read", "write", "admin")
"""Each scope includes those before it."""
PREFIX = "bf"
USE_INTERVAL = 60.0
"""Seconds between two updates of the time of last use."""


class Caller(NamedTuple):
    """The author of a request: a key, or a person at this machine."""

    id: str
    name: str
    scope: str

    @property
    def label(self) -> str:
        """The actor as audit log and jobs name it."""
        return f"{self.name} ({self.id})"

    def may(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


LOCAL = Caller("local", "this machine", "admin")


def create(store: ServiceStore, name: str, scope: str) -> tuple[dict[str, Any], str]:
    """A new key: its row without the hash, and the key itself, which is not stored."""
    if scope not in SCOPES:
        raise UnknownName("scope", scope, known=SCOPES)
    if not name.strip():
        raise UsageError("A key needs a name.", "Name its user, for example: reporting, shop backend")
    # The id finds the row without a search over hashes.
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "id": id,
        "name": name.strip(),
        "scope": scope,
        "created": time.time(),
        "used": None,
        "revoked": None,
    }
    store.write(tables.keys.insert().values(**row, hash=_hash(secret)))
    return row, f"{PREFIX}_{id}_{secret}"


def listing(store: ServiceStore) -> list[dict[str, Any]]:
    """All keys in the order of their creation, without hashes."""
    columns = [column for column in tables.keys.c if column.name != "hash"]
    return store.rows(sa.select(*columns).order_by(tables.keys.c.created))


def revoke(store: ServiceStore, id: str) -> None:
    """Make a key invalid from now on. Raises UnknownName if no valid key has this id."""
    is_valid_key = (tables.keys.c.id == id) & tables.keys.c.revoked.is_(None)
    if not store.write(tables.keys.update().where(is_valid_key).values(revoked=time.time())):
        valid = [row["id"] for row in listing(store) if row["revoked"] is None]
        raise UnknownName("key", id, known=valid)


def caller(store: ServiceStore, key: str) -> Caller | None:
    """The caller that a key identifies; None for an invalid key."""
    prefix, _, rest = key.partition("_")
    id, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret:
        return None
    is_valid_key = (tables.keys.c.id == id) & tables.keys.c.revoked.is_(None)
    rows = store.rows(sa.select(tables.keys).where(is_valid_key))
    # compare_digest takes the same time for every wrong secret.
    if not rows or not hmac.compare_digest(rows[0]["hash"], _hash(secret)):
        return None
    row = rows[0]
    if time.time() - (row["used"] or 0) > USE_INTERVAL:  # a write per request would be slow
        store.write(tables.keys.update().where(tables.keys.c.id == id).values(used=time.time()))
    return Caller(row["id"], row["name"], row["scope"])


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
