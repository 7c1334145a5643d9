"""Functions that all pages share: access with a key, templates, addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from brandfit import __version__, pipeline
from brandfit.data.role_names import RoleNames
from brandfit.errors import BrandfitError, UsageError
from brandfit.report import charts
from brandfit.report.role_words import RoleWords
from brandfit.service.http.access import COOKIE, caller_of
from brandfit.service.http.dependencies import LARGEST_OFFSET
from brandfit.service.http.problems import Refused
from brandfit.service.pages import _formats
from brandfit.service.store.keys import Caller

STATIC = resources.files("brandfit.service") / "static"
"""Folder of styles and scripts."""
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]


# --- access -------------------------------------------------------------------------------------------------


class ToLogin(Exception):
    """A request without a valid key. The service answers with the login page."""


def needs(scope: str) -> Callable[[Request], Caller]:
    """A dependency of pages that returns the caller. It raises ToLogin without a valid key, Refused if the
    key does not have the scope."""

    def authorised(request: Request) -> Caller:
        caller = caller_of(request)
        if caller is None:
            raise ToLogin
        # The access log reads the caller.
        request.state.caller = caller
        if not caller.may(scope):
            raise Refused(
                403,
                f"Your key has the scope {caller.scope}; {scope} is required.",
                detail="Sign in with a key that has it.",
            )
        return caller

    return authorised


Reader = Annotated[Caller, Depends(needs("read"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]


# --- templates ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def environment(role_names: RoleNames = RoleNames()) -> jinja2.Environment:  # noqa: B008 (frozen)
    """The templates with their filters and globals, in the words of a workspace."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("brandfit.service"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[RoleWords],
    )
    environment.role_names = role_names  # type: ignore[attr-defined]
    filters = ("count", "short", "percent", "handle", "day", "minute", "known", "signed", "moved")
    environment.filters.update({name: getattr(_formats, name) for name in filters})
    environment.filters["category"] = pipeline.category_of
    parts = {part: role_names.in_text(words) for part, words in _formats.PART.items()}
    environment.globals.update(charts=charts, static=static, version=__version__, PART=parts)
    # Fixed texts that come as values, and sentences that name accounts too.
    environment.globals.update(in_words=role_names.in_text, in_sentence=role_names.in_sentence)
    return environment


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page from a template and its values. Every template also gets the values below: the frame of all
    pages needs them."""
    first_part = request.url.path.strip("/").partition("/")[0]
    role_names = pipeline.role_names(request.app.state.snapshots.current)
    common_values = {
        "section": f"/{first_part}",
        "workspace_name": request.app.state.snapshots.current.path.resolve().name,
        "signed_in": COOKIE in request.cookies,
        "url": lambda **changes: _url(request, changes),
        "query": query,
    }
    html = environment(role_names).get_template(template).render(common_values | values)
    return HTMLResponse(html, status, dict(headers or {}))


def problem_page(
    request: Request, status: int, *, title: str, detail: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """The page of an error. ``status`` is the HTTP status; the page prints it too."""
    return page(
        request, "problem.html", status=status, headers=headers, number=status, title=title, detail=detail
    )


def back(path: str) -> Response:
    """A redirect (303) to the page that a browser gets after a form was sent."""
    return RedirectResponse(path, 303)


def message_of(error: BrandfitError) -> str:
    """Message and hint of an error, for a page that shows the form again."""
    return f"{error.message} {error.hint}".strip()


def refuse_influencer(account: Mapping[str, Any]) -> None:
    """Raise UsageError if an account, as ``accounts.account`` returns it, does not act as a brand.

    An influencer may act as a brand: then it has a ``representation``.
    """
    if account["role"] != "brand" and "representation" not in account:
        raise UsageError(f"{account['id']} is no brand.", "Look it up among the influencers.")


# --- addresses ----------------------------------------------------------------------------------------------


def brand_path(brand: str, *more: str) -> str:
    """The address of the page of a brand, or of a page below it: ``more`` are the further parts of the
    address."""
    parts = [quote(part, safe="") for part in (brand, *more)]
    return "/".join(["/brands", *parts])


def static(name: str) -> str:
    """The address of a style or script. It contains a hash of the file, so that browsers may cache it."""
    return f"/static/{_digest(name)}/{name}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _url(request: Request, changes: Mapping[str, Any]) -> str:
    """The address of this page with changed parameters. The value None removes a parameter."""
    # A parameter may occur several times, so pairs are kept instead of a dict.
    pairs = request.query_params.multi_items()
    kept = [(name, value) for name, value in pairs if name not in changes]
    changed = [(name, value) for name, value in changes.items() if value is not None]
    parameters = kept + changed
    return f"{request.url.path}?{urlencode(parameters)}" if parameters else request.url.path


def query(**values: str | Sequence[str]) -> str:
    """The query part of an address, with the parameters whose values are not empty; "" if there is none. A
    parameter with a list occurs once for each item."""
    present = {name: value for name, value in values.items() if value}
    return f"?{urlencode(present, doseq=True)}" if present else ""
