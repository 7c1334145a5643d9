"""One shape for all errors (RFC 9457): title says what is wrong, detail what to do next."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from brandfit.errors import BrandfitError, MissingExtra, UnknownName, WorkspaceError
from brandfit.service.store import Conflict

MEDIA = "application/problem+json"
log = logging.getLogger("brandfit.service")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="kind of problem; about:blank: what the status says")
    title: str = Field(description="what is wrong")
    status: int = Field(description="HTTP status")
    detail: str = Field("", description="what to do next")
    instance: str = Field("", description="number of the request, as in the log")


class Refused(Exception):
    """Raised inside to answer with a problem."""

    def __init__(
        self, status: int, title: str, *, detail: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers or {}


def http_status(error: BrandfitError) -> int:
    """404 for somebody or something that is not in the workspace, 503 for a part that is not installed, 422
    for what cannot be meant."""
    if isinstance(error, UnknownName):
        return 404 if error.kind in KNOWN_BY_PATH else 422
    if isinstance(error, WorkspaceError | Conflict):
        return 409
    if isinstance(error, MissingExtra):
        return 503
    return 422


KNOWN_BY_PATH = (
    "account",
    "brand",
    "influencer",
    "brand or influencer",
    "file",
    "job",
    "key",
    "post",
    "picture",
    "feature",
    "trained model",
)


def problem(
    status: int, title: str, *, detail: str = "", instance: str = "", headers: dict[str, str] | None = None
) -> Response:
    body = Problem(type="about:blank", title=title, status=status, detail=detail, instance=instance)
    return JSONResponse(body.model_dump(), status, headers, MEDIA)


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "description": what,
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, what in {
        400: "Not a request that can be read",
        401: "A key is wanted",
        403: "The key does not allow this",
        404: "There is no such thing",
        405: "Not a method of this address",
        409: "Not in the state of the workspace as it is",
        413: "Too large",
        422: "Cannot be meant",
        429: "Too many requests",
        503: "Not just now, or not with what is installed",
    }.items()
}
"""For all routes of the API."""


def install(app: FastAPI) -> None:
    """Every error of the application as a problem; what nobody foresaw is logged, and not told."""

    def told(
        request: Request, status: int, *, title: str, detail: str = "", headers: dict[str, str] | None = None
    ) -> Response:
        return app.state.refuse(
            request, status, title=title, detail=detail, headers=headers
        )  # pages say it as a page

    @app.exception_handler(BrandfitError)
    def _known(request: Request, error: BrandfitError) -> Response:
        return told(request, http_status(error), title=error.message, detail=error.hint)

    @app.exception_handler(Refused)
    def _refused(request: Request, error: Refused) -> Response:
        return told(request, error.status, title=error.title, detail=error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        parts = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        return told(
            request, 422, title="The request does not say what is expected.", detail="; ".join(parts)[:2000]
        )

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        title = {
            404: "There is nothing at this address.",
            405: "This address does not take that method.",
        }.get(error.status_code, str(error.detail) or HTTPStatus(error.status_code).phrase)
        return told(request, error.status_code, title=title, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, error: Exception) -> Response:
        log.exception("unforeseen", exc_info=error)
        return told(
            request,
            500,
            title="Something went wrong that should not.",
            detail="The log of the service says more.",
        )
