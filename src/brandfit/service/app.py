"""The application: one workspace, its API, its pages, its jobs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response

from brandfit import __version__
from brandfit.service import api, pages
from brandfit.service.access import Sessions, needs
from brandfit.service.config import ServiceConfig
from brandfit.service.jobs import Jobs
from brandfit.service.middleware import Metrics, Middleware, request_id
from brandfit.service.problems import install, problem
from brandfit.service.snapshot import SnapshotHolder
from brandfit.service.store import ServiceStore


def create_app(folder: str | Path, config: ServiceConfig | None = None, work: bool = True) -> Middleware:
    """The service of the workspace in this folder, made where there is none.

    ``work=False``: jobs are queued, and nobody works them off (another process may).
    """
    config = config or ServiceConfig()
    shown = SnapshotHolder(Path(folder))
    desk = ServiceStore(shown.now.path)
    jobs = Jobs(desk, shown.now.path, shown.renew)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = config.threads
        if work:
            jobs.start()
            shown.begin(lambda: jobs.busy)
        app.state.ready.set()
        yield
        app.state.ready.clear()
        await anyio.to_thread.run_sync(jobs.stop)
        desk.close()
        shown.end()

    app = FastAPI(
        title="Brandfit",
        version=__version__,
        summary="Ranks micro-influencers for a brand, and says why.",
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
    )
    metrics = Metrics()
    app.state.shown, app.state.desk, app.state.jobs, app.state.config = shown, desk, jobs, config
    app.state.sessions, app.state.metrics, app.state.refuse, app.state.ready = (
        Sessions(),
        metrics,
        refuse,
        threading.Event(),
    )
    install(app)
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.mount_static(app)
    _health(app)
    if config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "x-api-key", "content-type"],
            expose_headers=["etag", "x-request-id"],
        )
    return Middleware(app, config, metrics=metrics, refuse=refuse)


def refuse(
    request: Request, status: int, *, title: str, detail: str = "", headers: dict[str, str] | None = None
) -> Response:
    """A problem for a program, a page for a person."""
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    if wants_page:
        return pages.problem_page(request, status, title=title, detail=detail, headers=headers)
    return problem(status, title, detail=detail, instance=request_id.get(), headers=headers)


def _health(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> Response:  # not on a thread: all of them may be busy with long answers
        """The process answers."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def ready(request: Request) -> Response:
        """It can do its work: the rows and its own notes are readable."""
        state = request.app.state
        if not state.ready.is_set():
            return PlainTextResponse("starting or stopping\n", 503)
        told = {"fingerprint": state.shown.now.fingerprint[:12], "jobs": state.jobs.listing(1)[1]}
        return JSONResponse(told)

    @app.get("/metrics", include_in_schema=False, dependencies=[Depends(needs("read"))])
    def prometheus(request: Request) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
