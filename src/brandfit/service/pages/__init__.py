"""The pages that people look at: made on the server, of use without scripts."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from brandfit.service.pages import (
    brands,
    campaigns,
    content,
    evaluation,
    forgetting,
    influencers,
    session,
    shortlists,
    start,
    why,
)
from brandfit.service.pages._shared import STATIC, ToLogin, back, problem_page

__all__ = ["mount_static", "problem_page", "router"]

router = APIRouter(include_in_schema=False)
for module in (
    start,
    brands,
    session,
    influencers,
    why,
    shortlists,
    campaigns,
    content,
    evaluation,
    forgetting,
):
    router.include_router(module.router)

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def mount_static(app: FastAPI) -> None:
    """Styles and scripts, each kept by browsers as long as it does not change; and the way to the login."""
    files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.is_file()}

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    def file(digest: str, name: str) -> Response:
        if name not in files:
            return Response(status_code=404)
        kept = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(files[name], media_type=TYPES["." + name.rpartition(".")[2]], headers=kept)

    @app.exception_handler(ToLogin)
    def login(request: Request, _: ToLogin) -> Response:
        return back("/login")
