"""The page of evaluations of rankers on this workspace, and the page that explains all numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.evaluation.first_ten import FirstTen, plain_notes
from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Queue
from brandfit.service.jobs.queue import KEPT
from brandfit.service.pages._formats import PART
from brandfit.service.pages._page import Reader, Writer, back, message_of, page
from brandfit.service.requests import EvaluationRequest
from brandfit.service.views import evaluations

router = APIRouter()
SUGGESTIONS = "suggestions"
"""The protocol whose page gives the plain answer."""
DEFAULT_RANKERS = ["simcos", "brandfit"]
"""Rankers that are ticked in the form."""

SHOWN_BRANDS, SHOWN_PARTNERS = 500, 40
"""Brands of a ranker, and partners of a brand, in the table of all brands."""


@router.get("/evaluation")
def evaluation(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    queue: Queue,
    job: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The tables of one evaluation, and a form that starts another one.

    job  id of the evaluation; default: the latest one that has a result
    """
    jobs = queue.listing(KEPT).of_kind("evaluate")
    done = [ended for ended in jobs.ended if ended["state"] == "done" and ended["result"]]
    latest = jobs.ended[0] if jobs.ended else None
    if job:
        chosen: dict[str, Any] | None = queue.get(job)
    else:
        chosen = done[0] if done else None
    # Tables are shown of evaluations with a result only.
    if chosen and (chosen["kind"] != "evaluate" or not chosen["result"]):
        chosen = None
    return page(
        request,
        "evaluation.html",
        done=done,
        open=jobs.open,
        failed=latest if latest and latest["state"] == "failed" else None,
        chosen=chosen,
        is_outdated=chosen is not None and evaluations.is_outdated(workspace, chosen),
        rankers=pipeline.catalogue("rankers"),
        default_rankers=DEFAULT_RANKERS,
        protocols=pipeline.catalogue("protocols"),
        can_evaluate=bool(workspace.fingerprint),
        shown_brands=SHOWN_BRANDS,
        shown_partners=SHOWN_PARTNERS,
    )


@router.get("/evaluation/plain")
def plain(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    queue: Queue,
    brand: Annotated[str, Query(max_length=200)] = "",
    ranker: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The plain answer of the latest evaluation of suggestions, for all brands or for one."""
    jobs = queue.listing(KEPT).of_kind("evaluate")
    chosen = evaluations.latest_suggestions(jobs.ended)
    is_earlier = chosen is not None and not evaluations.counts_unranked(chosen)
    if is_earlier:
        chosen = None
    answers = chosen["result"]["first_ten"] if chosen else {}
    answer, error = None, ""
    if answers:
        try:
            answer = FirstTen.from_dict(answers[_judged_ranker(answers, ranker)], brand or None)
        except UnknownName as raised:
            error = message_of(raised)
    return page(
        request,
        "plain_evaluation.html",
        status=422 if error else 200,
        answer=answer,
        error=error,
        brand=brand,
        brands=_judged_brands(answers),
        rankers=list(answers),
        notes=plain_notes(chosen["result"]["notes"]) if chosen else [],
        is_earlier=is_earlier,
        finished=chosen["finished"] if chosen else None,
        is_outdated=chosen is not None and evaluations.is_outdated(workspace, chosen),
        open=jobs.open,
        can_evaluate=bool(workspace.fingerprint),
        default_rankers=DEFAULT_RANKERS,
    )


def _judged_brands(answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The brands of the plain answers, by id; of each ranker some may be unranked."""
    brands: set[str] = set()
    for answer in answers.values():
        brands.update(one["brand"] for one in (*answer["brands"], *answer["unranked"]))
    return sorted(brands)


def _judged_ranker(answers: Mapping[str, Any], ranker: str) -> str:
    """The ranker of these answers with this name; the last one for "". Raises UnknownName."""
    if ranker and ranker not in answers:
        raise UnknownName("ranker of the evaluation", ranker, known=answers)
    return ranker or list(answers)[-1]


@router.post("/evaluation")
def begin(  # noqa: PLR0913 - FastAPI: one argument per field
    caller: Writer,
    jobs: Jobs,
    *,
    rankers: Annotated[list[str], Form(max_length=40)] = [],  # noqa: B006  # FastAPI copies defaults
    protocol: Annotated[str, Form(max_length=100)] = "expansion",
    seeds: Annotated[int, Form(ge=1, le=20)] = 1,
    date: Annotated[str, Form(max_length=40, description="date that the protocol temporal splits at")] = "",
    refit: Annotated[bool, Form(description="encode anew in every fold")] = False,
    compare_ties: Annotated[bool, Form(description="every metric under each tie rule")] = False,
    parity: Annotated[bool, Form(description="also in the order with parity of exposure")] = False,
) -> Response:
    """Queue the evaluation of the form, and return to the page."""
    # The form sends a date with every protocol; only one protocol reads it.
    settings: dict[str, Any] = {"protocol.date": date} if date and protocol == "temporal" else {}
    fields = {
        # A form without a ticked ranker sends no list.
        "rankers": rankers or ["simcos"],
        "protocol": protocol,
        "seeds": seeds,
        "settings": settings,
        "refit": refit,
        "ties": "all" if compare_ties else None,
        "exposure": "parity" if parity else None,
    }
    jobs.submit(caller, "evaluate", EvaluationRequest.model_validate(fields))
    return back("/evaluation/plain" if protocol == SUGGESTIONS else "/evaluation")


@router.get("/numbers")
def numbers(request: Request, _: Reader) -> Response:
    """The page that explains scores, chances, metrics and conditions, in plain words."""
    return page(
        request,
        "numbers.html",
        parts=PART,
        metrics=pipeline.catalogue("metrics"),
        filters=pipeline.catalogue("filters"),
        rankers=pipeline.catalogue("rankers"),
    )
