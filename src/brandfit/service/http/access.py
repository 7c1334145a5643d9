"""Authentication: a key in a header, the session of a browser that signed in with a key, or this machine."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

from fastapi import Request

from brandfit.service.http.problems import Refused
from brandfit.service.store import keys
from brandfit.service.store.keys import LOCAL, Caller

COOKIE = "brandfit"
SESSION = 12 * 3600.0
"""Seconds until a session ends."""


class Sessions:
    """Sessions of browsers that signed in. Each has a random name, stored as a hash and in memory only: after
    a restart people sign in again."""

    def __init__(self) -> None:
        self._key_and_end: dict[bytes, tuple[str, float]] = {}  # hash of the name to key and end
        self._lock = threading.Lock()

    def open(self, key: str) -> str:
        """The name of a new session."""
        now = time.time()
        name = secrets.token_urlsafe(32)
        with self._lock:
            # Drop the sessions that have ended, so that memory is bounded.
            current = {hash: session for hash, session in self._key_and_end.items() if session[1] > now}
            self._key_and_end = {**current, _hash(name): (key, now + SESSION)}
        return name

    def key(self, name: str) -> str:
        """The key of a session, '' if it has ended."""
        key, end = self._key_and_end.get(_hash(name), ("", 0.0))
        return key if end > time.time() else ""

    def close(self, name: str) -> None:
        with self._lock:
            self._key_and_end.pop(_hash(name), None)


def caller_of(request: Request) -> Caller | None:
    """The caller by Authorization: Bearer KEY, X-API-Key: KEY, or the session cookie; None without a valid
    key. If the service needs no keys, every caller is this machine."""
    state = request.app.state
    if not state.config.requires_keys:
        return LOCAL
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    # A header wins over a cookie: programs that send one know which key they mean.
    key = key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    key = key or state.sessions.key(request.cookies.get(COOKIE, ""))
    return keys.caller(state.store, key) if key else None


def needs(scope: str) -> Callable[[Request], Caller]:
    """A dependency of routes: the caller with this scope. Answers 401 without a key, 403 without the
    scope."""

    def authorised(request: Request) -> Caller:
        caller = caller_of(request)
        if caller is None:
            raise Refused(
                401,
                "A key is required.",
                detail="Send it as Authorization: Bearer KEY. Make one with: brandfit key create NAME",
                headers={"www-authenticate": "Bearer"},
            )
        request.state.caller = caller  # for the access log
        if not caller.may(scope):
            raise Refused(
                403,
                f"This key has the scope {caller.scope}; {scope} is required.",
                detail="Use a key with that scope.",
            )
        return caller

    return authorised


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
