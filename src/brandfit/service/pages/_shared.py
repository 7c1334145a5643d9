"""What pages share: templates with what people wrote escaped, who looks, and the way back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Any
from urllib.parse import urlencode

import jinja2
from fastapi import Depends, Request
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from brandfit import __version__, pipeline
from brandfit.report import charts
from brandfit.search.feedback import reason
from brandfit.service.access import COOKIE, caller_of
from brandfit.service.keys import Caller
from brandfit.service.problems import Refused

STATIC = resources.files("brandfit.service") / "static"


class ToLogin(Exception):
    """Nobody may look without a key."""


def looks(scope: str) -> Any:
    """A dependency of pages: the caller, who may do this; whoever shows no key is asked for one."""

    def told(request: Request) -> Caller:
        found = caller_of(request)
        if found is None:
            raise ToLogin
        request.state.caller = found
        if not found.may(scope):
            raise Refused(
                403, f"Your key may {found.scope}; {scope} is wanted.", detail="Sign in with one that may."
            )
        return found

    return told


Reader = Annotated[Caller, Depends(looks("read"))]
Writer = Annotated[Caller, Depends(looks("write"))]
Admin = Annotated[Caller, Depends(looks("admin"))]


@cache
def environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("brandfit.service"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        count=count, short=short, percent=percent, handle=handle, day=day, ago=ago, nonan=nonan, signed=signed
    )
    found.filters.update(category=pipeline.category_of, moved=moved)
    found.globals.update(charts=charts, static=static, version=__version__, PART=PART)
    return found


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A template as a page."""
    workspace = request.app.state.shown.now
    told = {
        "here": "/" + request.url.path.strip("/").partition("/")[0],
        "workspace_name": workspace.path.resolve().name,
        "dated": "",
        "signed_in": COOKIE in request.cookies,
        "url": lambda **changes: _url(request, changes),
        "query": query,
    }
    return HTMLResponse(
        environment().get_template(template).render(told | values), status, dict(headers or {})
    )


def back(path: str) -> Response:
    """To a page, after something was done."""
    return RedirectResponse(path, 303)


def problem_page(
    request: Request, status: int, *, title: str, detail: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    return page(
        request, "problem.html", status=status, headers=headers, number=status, title=title, detail=detail
    )


def static(name: str) -> str:
    """The address of a style or script, another one whenever it changes."""
    return f"/static/{_digest(name)}/{name}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _url(request: Request, changes: Mapping[str, Any]) -> str:
    """This page with other values in its address; None takes one out."""
    values = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    values += [(name, value) for name, value in changes.items() if value is not None]
    return f"{request.url.path}?{urlencode(values)}" if values else request.url.path


def query(**values: str | Sequence[str]) -> str:
    """The part of an address behind the page, of the values that are not empty; "" if none is left. A list
    gives a parameter several times."""
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given, doseq=True)}" if given else ""


# --- how things are written ---------------------------------------------------------------------------------

PART = {
    "text": "what both write",
    "picture": "what both show",
    "concept": "what both are about",
    "graph": "related ideas",
    "profile": "how both describe themselves",
    "category": "category",
    "audience": "what audiences say",
    "engagement": "engagement",
    "partners": "partners of similar brands",
    "match": "a learned similarity",
    "plain": "overall similarity",
    "agreement": "agreement of categories",
    "history": "brands it has worked with",
    "feedback": "your likes and “Not this”",
}


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def signed(value: float) -> str:
    return f"{value:+.2f}"


def moved(item: Mapping[str, Any]) -> str:
    """Where an influencer moved through likes and dislikes and why, as a sentence; '' where it did not
    move."""
    told = reason(item, "which you like", "which you marked “Not this”")
    return f"Moved {told}." if told else ""


def percent(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else f"{100 * value:.1g} %"


def short(text: str | None, most: int = 140) -> str:
    told = " ".join((text or "").split())
    return told if len(told) <= most else f"{told[: most - 1].rstrip()}…"


def handle(value: str) -> Markup:
    """An account's name that may be broken where its words end."""
    return Markup(re.sub(r"(?<=[._-])", "<wbr>", str(escape(value))))


def nonan(values: Mapping[str, float | None]) -> dict[str, float]:
    """Those that are known."""
    return {name: value for name, value in values.items() if value is not None}


def day(seconds: float | None) -> str:
    return "–" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y}"


def ago(seconds: float | None) -> str:
    """When, to the minute."""
    return "–" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y, %H:%M} UTC"
