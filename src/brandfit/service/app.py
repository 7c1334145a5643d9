"""The application: one workspace with its API, its pages and its jobs."""

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
from brandfit.service.config import ServiceConfig
from brandfit.service.http.access import Sessions, needs
from brandfit.service.http.middleware import Metrics, Middleware, request_id
from brandfit.service.http.problems import install, problem
from brandfit.service.jobs.queue import JobQueue
from brandfit.service.snapshot import SnapshotHolder
from brandfit.service.store.service_store import ServiceStore


def create_app(folder: str | Path, config: ServiceConfig | None = None, work: bool = True) -> Middleware:
    """The service of the workspace in this folder, which is made if there is none.

    work  whether this process runs jobs; without, they are queued for another process
    """
    config = config or ServiceConfig()
    snapshots = SnapshotHolder(Path(folder))
    store = ServiceStore(snapshots.current.path)
    # Readers see the result of a job before its state becomes done.
    jobs = JobQueue(store, snapshots.current.path, snapshots.renew)
    ready = threading.Event()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Routes run on these threads; the event loop stays free for slow callers.
        anyio.to_thread.current_default_thread_limiter().total_tokens = config.threads
        if work:
            jobs.start()
            snapshots.begin(lambda: jobs.busy)
        ready.set()
        yield
        ready.clear()
        await anyio.to_thread.run_sync(jobs.stop)
        store.close()
        snapshots.end()

    app = FastAPI(
        title="Brandfit",
        version=__version__,
        summary="Ranks micro-influencers for a brand, and says why.",
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from another site
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
    )
    # Dependencies, middleware and pages read these by name.
    state, metrics = app.state, Metrics()
    state.snapshots, state.store, state.jobs = snapshots, store, jobs
    state.config, state.sessions, state.metrics = config, Sessions(), metrics
    state.refuse, state.ready = refuse, ready
    install(app)
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.mount_static(app)
    _mount_health(app)
    # Without named origins, pages of other sites get no answer from the API.
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
    """An error as a page for people, as a problem for programs."""
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    if wants_page:
        return pages.problem_page(request, status, title=title, detail=detail, headers=headers)
    return problem(status, title, detail=detail, instance=request_id.get(), headers=headers)


def _mount_health(app: FastAPI) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def alive() -> Response:  # async: all threads may be busy with slow answers
        """The process answers."""
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def ready(request: Request) -> Response:
        """The service is started, and can read its workspace and its database."""
        state = request.app.state
        if not state.ready.is_set():
            return PlainTextResponse("starting or stopping\n", 503)
        fingerprint = state.snapshots.current.fingerprint
        return JSONResponse({"fingerprint": fingerprint[:12], "jobs": state.jobs.listing(1).total})

    @app.get("/metrics", include_in_schema=False, dependencies=[Depends(needs("read"))])
    def prometheus(request: Request) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
