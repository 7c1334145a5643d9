"""Who asks, and whether they may: a key in a header, a session of a browser that showed one, or this machine
itself."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

from fastapi import Request

from brandfit.service import keys
from brandfit.service.keys import LOCAL, Caller
from brandfit.service.problems import Refused

COOKIE = "brandfit"
SESSION = 12 * 3600.0
"""Seconds that a browser is remembered."""


class Sessions:
    """Browsers that showed a key: a random name each, kept as a hash, in memory: a restart asks for the key
    again."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def open(self, key: str) -> str:
        now = time.time()
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._open = {name: found for name, found in self._open.items() if found[1] > now}
            self._open[_hash(name)] = key, now + SESSION
        return name

    def key(self, name: str) -> str:
        """The key that it showed, '' where it is not known any more."""
        key, until = self._open.get(_hash(name), ("", 0.0))
        return key if until > time.time() else ""

    def close(self, name: str) -> None:
        with self._lock:
            self._open.pop(_hash(name), None)


def caller_of(request: Request) -> Caller | None:
    """Told by Authorization: Bearer KEY, X-API-Key: KEY, or the cookie of a session; at this machine nobody
    is asked."""
    state = request.app.state
    if not state.config.asks_for_keys:
        return LOCAL
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    key = key or state.sessions.key(request.cookies.get(COOKIE, ""))
    return keys.caller(state.desk, key) if key else None


def needs(scope: str) -> Callable[[Request], Caller]:
    """A dependency of routes: the caller, who may do this. Answers 401 or 403 otherwise."""

    def told(request: Request) -> Caller:
        found = caller_of(request)
        if found is None:
            raise Refused(
                401,
                "A key is wanted.",
                detail="Send it as Authorization: Bearer KEY. Make one with: brandfit key create NAME",
                headers={"www-authenticate": "Bearer"},
            )
        request.state.caller = found
        if not found.may(scope):
            raise Refused(
                403, f"This key may {found.scope}; {scope} is wanted.", detail="Ask for one that may."
            )
        return found

    return told


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
