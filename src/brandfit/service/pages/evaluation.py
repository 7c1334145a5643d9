"""How good the rankings are on these data, and what the numbers mean."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.service.api import models
from brandfit.service.api._shared import Here, Notes, Queue
from brandfit.service.api.work import submitted
from brandfit.service.jobs import KEPT
from brandfit.service.pages._shared import PART, Reader, Writer, back, page

router = APIRouter()


@router.get("/evaluation")
def evaluation(
    request: Request,
    _: Reader,
    *,
    here: Here,
    queue: Queue,
    job: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The tables of the latest evaluation, or of one that was asked for, and a form to begin another."""
    jobs = [one for one in queue.listing(KEPT)[0] if one["kind"] == "evaluate"]
    done = [one for one in jobs if one["state"] == "done" and one["result"]]
    shown = queue.get(job) if job else (done[0] if done else None)
    last = next((one for one in jobs if one["state"] not in ("queued", "running")), None)
    return page(
        request,
        "evaluation.html",
        done=done,
        open=[one for one in jobs if one["state"] in ("queued", "running")],
        failed=last if last and last["state"] == "failed" else None,
        shown=shown if shown and shown["kind"] == "evaluate" and shown["result"] else None,
        rankers=pipeline.catalogue("rankers"),
        usual=["simcos", "brandfit"],
        protocols=pipeline.catalogue("protocols"),
        metrics={one["name"]: one["what"] for one in pipeline.catalogue("metrics")},
        fingerprint=pipeline.load(here).fingerprint if here.fingerprint else "",
    )


@router.post("/evaluation")
def begin(
    caller: Writer,
    here: Here,
    *,
    queue: Queue,
    desk: Notes,
    rankers: Annotated[list[str], Form(max_length=40)] = [],  # noqa: B006  # FastAPI copies defaults
    protocol: Annotated[str, Form(max_length=100)] = "expansion",
    seeds: Annotated[int, Form(ge=1, le=20)] = 1,
    date: Annotated[str, Form(max_length=40, description="of the protocol temporal")] = "",
    refit: Annotated[bool, Form(description="encode anew in every fold")] = False,
) -> Response:
    settings: dict[str, Any] = {"protocol.date": date} if date and protocol == "temporal" else {}
    asked = {
        "rankers": rankers or ["simcos"],
        "protocol": protocol,
        "seeds": seeds,
        "settings": settings,
        "refit": refit,
    }
    submitted(
        "evaluate", models.Evaluation.model_validate(asked), caller=caller, here=here, queue=queue, desk=desk
    )
    return back("/evaluation")


@router.get("/numbers")
def numbers(request: Request, _: Reader) -> Response:
    """What a score, a chance, a measure and a condition mean, in plain words."""
    return page(
        request,
        "numbers.html",
        parts=PART,
        metrics=pipeline.catalogue("metrics"),
        filters=pipeline.catalogue("filters"),
        rankers=pipeline.catalogue("rankers"),
    )
