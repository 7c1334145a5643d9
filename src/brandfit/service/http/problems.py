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
from brandfit.service.store.annotations import Conflict

MEDIA = "application/problem+json"
log = logging.getLogger("brandfit.service")
NAMED_IN_PATH = (
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
"""Kinds of unknown names that are answered with 404."""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field("about:blank", description="kind of problem; about:blank: the HTTP status names it")
    title: str = Field(description="what is wrong")
    status: int = Field(description="HTTP status")
    detail: str = Field("", description="what to do next")
    instance: str = Field("", description="id of the request, as in the log")


class Refused(Exception):
    """Raised by a route or a dependency to answer with a problem."""

    def __init__(
        self, status: int, title: str, *, detail: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers or {}


def http_status(error: BrandfitError) -> int:
    """404 for a thing that is not in the workspace, 409 for a conflict with its state, 503 for a part that is
    not installed, 422 for a request without a meaning."""
    if isinstance(error, UnknownName):
        return 404 if error.kind in NAMED_IN_PATH else 422
    # The request is right, and may succeed later or after a change.
    if isinstance(error, WorkspaceError | Conflict):
        return 409
    if isinstance(error, MissingExtra):
        return 503
    return 422


def problem(
    status: int, title: str, *, detail: str = "", instance: str = "", headers: dict[str, str] | None = None
) -> Response:
    body = Problem(type="about:blank", title=title, status=status, detail=detail, instance=instance)
    return JSONResponse(body.model_dump(), status, headers, MEDIA)


DESCRIPTIONS = {
    400: "The request cannot be parsed",
    401: "A key is required",
    403: "The key does not allow this",
    404: "There is no such thing",
    405: "The address does not take this method",
    409: "The state of the workspace does not allow this",
    413: "Too large",
    422: "A value is invalid",
    429: "Too many requests",
    503: "Busy, or a part is not installed",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "description": description,
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in DESCRIPTIONS.items()
}
"""Errors of all routes of the API, for OpenAPI."""


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem. Unexpected errors are logged, and their text is not
    sent."""

    def answer(request: Request, status: int, title: str, **more: Any) -> Response:
        response: Response = app.state.refuse(request, status, title=title, **more)  # pages: as HTML
        return response

    @app.exception_handler(BrandfitError)
    def _known(request: Request, error: BrandfitError) -> Response:
        return answer(request, http_status(error), error.message, detail=error.hint)

    @app.exception_handler(Refused)
    def _refused(request: Request, error: Refused) -> Response:
        return answer(request, error.status, error.title, detail=error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        lines = []
        # pydantic gives the path of each field as a tuple: ("body", "count").
        for one in error.errors():
            field = ".".join(map(str, one["loc"]))
            lines.append(f"{field}: {one['msg']}")
        return answer(request, 422, "A value of the request is invalid.", detail="; ".join(lines)[:2000])

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        titles = {404: "There is nothing at this address.", 405: "This address does not take that method."}
        # Other statuses come with a text of Starlette or of this service.
        default_title = str(error.detail) or HTTPStatus(error.status_code).phrase
        title = titles.get(error.status_code, default_title)
        return answer(request, error.status_code, title, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> Response:
        log.exception("unexpected error", exc_info=error)
        title = "Something went wrong that should not."
        return answer(request, 500, title, detail="The log of the service says more.")
