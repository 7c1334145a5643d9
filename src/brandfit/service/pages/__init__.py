"""The pages for people: rendered on the server, usable without scripts.

Here: forms, templates and their values. Not here: calls of API routes, HTML in Python.
"""

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import Response

from brandfit.service.http.query_check import check_query
from brandfit.service.pages import (
    accounts,
    advice,
    campaigns,
    cases,
    comparison,
    data,
    evaluation,
    explanations,
    imports,
    jobs,
    maps,
    rankings,
    search,
    session,
    shortlists,
    workspaces,
)
from brandfit.service.pages._page import STATIC, ToLogin, back, problem_page

__all__ = ["mount_static", "problem_page", "router"]

router = APIRouter(include_in_schema=False, dependencies=[Depends(check_query)])
for module in (
    workspaces,
    imports,
    jobs,
    rankings,
    session,
    search,
    accounts,
    explanations,
    cases,
    comparison,
    shortlists,
    campaigns,
    advice,
    evaluation,
    maps,
    data,
):
    router.include_router(module.router)

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def mount_static(app: FastAPI) -> None:
    """Styles and scripts, and the redirect to the login page."""
    data_by_name = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.is_file()}
    # The address changes with the content (``_page.static``), so browsers may keep it for ever.
    forever = {"cache-control": "public, max-age=31536000, immutable"}

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    def file(digest: str, name: str) -> Response:
        # The digest is not checked: after an update old pages get the new file.
        if name not in data_by_name:
            return Response(status_code=404)
        ending = "." + name.rpartition(".")[2]
        return Response(data_by_name[name], media_type=TYPES[ending], headers=forever)

    @app.exception_handler(ToLogin)
    def login(request: Request, _: ToLogin) -> Response:
        return back("/login")
