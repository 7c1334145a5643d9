"""Middleware around the application: request ids, hosts and origins, size and rate limits, headers,
metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brandfit.service.config import ServiceConfig
from brandfit.service.http.access import caller_of

request_id: ContextVar[str] = ContextVar("request_id", default="")
access_log = logging.getLogger("brandfit.access")

# Scripts and styles come from this service alone, and no page may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PREFIX = "/api/v1"
UPLOAD_PATHS = (
    "/api/v1/uploads",
    "/api/v1/advice",
    "/api/v1/rankings/brief",
    "/api/v1/similar/picture",
    "/upload",
    "/brands",
    "/influencers",
)
"""Beginnings of addresses that take files, and so larger bodies."""
CALLERS = 10_000
"""Callers of which the rate is remembered."""
REQUEST_ID = re.compile(r"[\w.-]{1,64}")


class Metrics:
    """Metrics for Prometheus, in a separate registry, so that two services in one process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "brandfit_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "brandfit_request_seconds",
            "Time to answer",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.open = Gauge("brandfit_requests_open", "Requests being answered", registry=self.registry)


@dataclass
class Exchange:
    """One request and its answer, as the middleware sees them.

    n_bytes    received of the body until now
    max_bytes  limit of the body
    status     of the answer; 500 until an answer starts
    """

    scope: Scope
    id: str
    max_bytes: int
    n_bytes: int = 0
    status: int = 500
    has_started: bool = False
    began: float = field(default_factory=time.perf_counter)

    def receiver(self, receive: Receive) -> Receive:
        """``receive`` that counts the bytes of the body, and raises TooLarge above the limit."""

        async def counting() -> Message:
            message = await receive()
            self.n_bytes += len(message.get("body", b""))
            if self.n_bytes > self.max_bytes:
                raise TooLarge(self.max_bytes)
            return message

        return counting

    def sender(self, send: Send) -> Send:
        """``send`` that adds the headers of every answer and notes its status."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status, self.has_started = message["status"], True
                headers = MutableHeaders(scope=message)
                # setdefault: pictures and static files allow browsers to cache them.
                for name, value in {**HEADERS, "x-request-id": self.id, "cache-control": "no-store"}.items():
                    headers.setdefault(name, value)
            await send(message)

        return with_headers


class Middleware:
    """ASGI middleware around the whole application.

    refuse  makes the answer to a refused request: (request, status, title, detail, headers)
    """

    def __init__(
        self, app: ASGIApp, config: ServiceConfig, *, metrics: Metrics, refuse: Callable[..., Response]
    ) -> None:
        self.app, self.config, self.metrics, self.refuse = app, config, metrics, refuse
        self.limiter = RateLimiter(config.rate, config.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["app"] = self.app  # a refusal may be a page, which reads the state of the application
        headers = Headers(scope=scope)
        sent_id = headers.get("x-request-id", "")
        id = sent_id if REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(8)
        # A context variable: log lines of other modules get the id without an argument.
        token = request_id.set(id)
        max_bytes = self.config.upload if await self._may_send_files(scope) else self.config.body
        exchange = Exchange(scope, id, max_bytes)
        receive, send = exchange.receiver(receive), exchange.sender(send)
        self.metrics.open.inc()
        try:
            refusal = self._refusal(Request(scope), headers, max_bytes)
            await (refusal or self.app)(scope, receive, send)
        except Exception:
            if not exchange.has_started:
                raise
            # The handler of unexpected errors has answered and logged it; Starlette raises it again.
        finally:
            self.metrics.open.dec()
            self._record(exchange)
            request_id.reset(token)

    def _record(self, exchange: Exchange) -> None:
        """Metrics and a line of the access log."""
        scope = exchange.scope
        seconds = time.perf_counter() - exchange.began
        route = _route(scope)
        self.metrics.requests.labels(route, scope["method"], str(exchange.status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        state = scope.get("state")
        caller = state.get("caller") if isinstance(state, dict) else None  # set by access.needs
        line = {
            "method": scope["method"],
            "route": route,
            "status": exchange.status,
            "ms": round(seconds * 1000, 1),
            "caller": getattr(caller, "id", ""),
        }
        access_log.info("request", extra=line)

    def _refusal(self, request: Request, headers: Headers, max_bytes: int) -> Response | None:
        """The answer to a request that must not reach the application; None if it may."""
        host = _host_name(headers.get("host", ""))
        if host not in (*LOOPBACK, self.config.host, *self.config.hosts):
            # DNS rebinding: a page of another site reaches this service under a name of that site.
            title, detail = f"This service is not known as {host[:80]!r}.", "Start it with --known-as NAME."
            return self.refuse(request, 421, title=title, detail=detail)
        origin = headers.get("origin")
        # Cross-site request forgery: browsers name the page that sends the request.
        is_change = request.method not in SAFE_METHODS
        if is_change and origin is not None and not self._is_allowed_origin(origin, headers):
            title, detail = "The request comes from another site.", "Name the site with --origin to allow it."
            return self.refuse(request, 403, title=title, detail=detail)
        length = headers.get("content-length", "0")
        # Refused before it is read; a body without a length is counted as it arrives.
        if length.isdigit() and int(length) > max_bytes:
            title = f"The request is larger than {max_bytes:,} bytes."
            return self.refuse(request, 413, title=title, detail="Send less at once.")
        wait = self.limiter.wait(request.client.host if request.client else "")
        if wait > 0:
            return self.refuse(
                request,
                429,
                title="Too many requests.",
                detail=f"Try again in {wait:.1f} seconds.",
                headers={"retry-after": str(int(wait) + 1)},
            )
        return None

    async def _may_send_files(self, scope: Scope) -> bool:
        """Whether the larger limit applies. Bodies are read before routes check keys: without this check
        callers without a key could fill the disk."""
        if scope["method"] in SAFE_METHODS or not scope["path"].startswith(UPLOAD_PATHS):
            return False
        return not self.config.requires_keys or await run_in_threadpool(caller_of, Request(scope)) is not None

    def _is_allowed_origin(self, origin: str, headers: Headers) -> bool:
        return origin in self.config.origins or origin.partition("://")[2] == headers.get("host")


class TooLarge(HTTPException):
    """A subclass of HTTPException, because parsers of bodies pass that one on."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(413, f"The request is larger than {max_bytes:,} bytes.")


class RateLimiter:
    """A token bucket per caller: ``rate`` tokens a second, at most ``burst``; a rate of 0 is no limit."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when

    def wait(self, caller: str) -> float:
        """Take a token. Returns 0, or the seconds until there is one."""
        if not self.rate:
            return 0.0
        now = self.clock()
        tokens, since = self._buckets.pop(caller, (float(self.burst), now))
        # Tokens that were added since the last request of this caller.
        tokens = min(tokens + (now - since) * self.rate, float(self.burst))
        is_allowed = tokens >= 1
        self._buckets[caller] = (tokens - is_allowed, now)
        # The caller that was seen longest ago is first: its bucket is full again, or nearly.
        while len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if is_allowed else (1 - tokens) / self.rate


def _route(scope: Scope) -> str:
    """The pattern of the address, '/api/v1/rankings/{brand}'; 'none' without a route."""
    path: str = getattr(scope.get("route"), "path", "none")
    is_api = scope["path"].startswith(PREFIX) and path.startswith("/") and not path.startswith(PREFIX)
    return PREFIX + path if is_api else path  # a route does not know the prefix of its router


def _host_name(host: str) -> str:
    """A host without its port: 'localhost:8080', '[::1]:8080'."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
