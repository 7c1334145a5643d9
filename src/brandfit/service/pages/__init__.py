"""The pages that people look at."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)


def mount_static(app: FastAPI) -> None:
    """Styles and scripts."""


def problem_page(request: Request, status: int, title: str, detail: str, headers: dict[str, str] | None) -> Response:
    return HTMLResponse(title, status, headers)
