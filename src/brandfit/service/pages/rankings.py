"""All brands, and one brand with its ranked influencers."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from brandfit import pipeline, registry
from brandfit.errors import BrandfitError
from brandfit.pipeline import RankingQuery
from brandfit.service.http.dependencies import CurrentWorkspace, Store
from brandfit.service.pages._page import Offset, Reader, message_of, page, refuse_influencer
from brandfit.service.pages._ranking_form import Form, RankingForm
from brandfit.service.store.annotations import NO_ANNOTATION
from brandfit.service.views import accounts, rankings
from brandfit.service.views.json_types import plain
from brandfit.service.views.opinions import Opinions, opinions
from brandfit.workspace import Workspace

router = APIRouter()
LIMIT = 20
"""Influencers on a page."""
BRANDS = 60
"""Brands on a page."""
NO_RANKING: dict[str, Any] = {
    "items": [],
    "total": 0,
    "limit": LIMIT,
    "notes": [],
    "filters": "",
    "counts": [],
    "excluded": [],
    "unmatched_words": [],
}
"""Values of the template if nothing can be ranked."""


@router.get("/brands")
def brands(request: Request, _: Reader, *, workspace: CurrentWorkspace, offset: Offset = 0) -> Response:
    """All brands, with the source of their features and their number of partners."""
    rows = pipeline.listing("brands", workspace) if workspace.fingerprint else []
    rows_of_page = rows[offset : offset + BRANDS]
    ids = [row["id"] for row in rows_of_page]
    return page(
        request,
        "brands.html",
        rows=rows_of_page,
        faces=accounts.faces(workspace, ids, 1) if ids else {},
        paged={"total": len(rows), "limit": BRANDS, "offset": offset},
    )


@router.get("/brands/{brand}")
def brand(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    form: Form,
    offset: Offset = 0,
) -> Response:
    """A brand with its facts, and the influencers that match it."""
    account = accounts.account(workspace, brand)
    refuse_influencer(account)
    id = account["id"]
    annotations = store.annotations(id)
    opinions_for_brand = opinions(workspace, store, id)
    ranking, query, error = _ranking_of(workspace, id, form=form, opinions=opinions_for_brand, offset=offset)
    ids = [item["influencer"] for item in ranking["items"]]
    # Shown as text and as a radar.
    topics = pipeline.topics(workspace, id)
    ranker = ranking.get("ranker")
    return page(
        request,
        "brand.html",
        account=account,
        facts=accounts.facts(workspace, account),
        pictures=accounts.faces(workspace, [id], 6)[id],
        topics=topics,
        no_topics_reason=pipeline.no_topics_reason(workspace, id),
        radar=accounts.radar_of(topics, "brand"),
        ranking=ranking,
        faces=accounts.faces(workspace, ids),
        descriptions=accounts.described(workspace, ids),
        annotations=annotations,
        no_annotation=NO_ANNOTATION,
        error=error,
        rankers=rankings.usable(workspace),
        form=form,
        balance_obstacle=_balance_obstacle(workspace, id, form=form, ranking=ranking),
        export_parameters=_export_parameters(form, query, brand=id, total=ranking["total"]),
        top=rankings.scale_end(ranking["items"]),
        opinions=opinions_for_brand,
        n_listed=sum(annotation["listed"] for annotation in annotations.values()),
        ranker_about=registry.load("ranker", ranker).__doc__ if ranker else "",
    )


class _RankingOf(NamedTuple):
    """A page of the list, the query that gives the whole list, and the error if there is none."""

    ranking: dict[str, Any]
    query: RankingQuery
    error: str


def _ranking_of(
    workspace: Workspace, brand: str, *, form: RankingForm, opinions: Opinions, offset: int
) -> _RankingOf:
    """The list that the form describes. An error is shown above the form, where it can be corrected."""
    query = RankingQuery()
    try:
        query = form.query(workspace, brand, opinions)
        ranking = rankings.ranking(
            workspace,
            brand,
            ranker=form.ranker or None,
            query=query,
            limit=LIMIT,
            offset=offset,
            followers=form.followers or None,
        )
        return _RankingOf(plain(ranking), query, "")
    except BrandfitError as raised:
        return _RankingOf({**NO_RANKING, "offset": offset}, query, message_of(raised))


def _balance_obstacle(workspace: Workspace, brand: str, *, form: RankingForm, ranking: dict[str, Any]) -> str:
    """Why the slider between words and pictures is disabled; "" if it can be used."""
    if ranking["items"]:  # all items have the same parts
        return rankings.balance_obstacle(ranking["items"][0]["parts"])
    try:
        parts = pipeline.rank(workspace, brand, ranker=form.ranker or None).parts
    except BrandfitError:  # nothing can rank: the page says so
        return ""
    return rankings.balance_obstacle(parts)


def _export_parameters(form: RankingForm, query: RankingQuery, *, brand: str, total: int) -> dict[str, Any]:
    """Parameters of ``/exports/rankings`` that give the whole list of the page."""
    weights = [f"{part}={weight!r}" for part, weight in (query.weights or {}).items()]
    return {
        **form.address,
        "brand": brand,
        "k": str(max(total, 1)),
        "balance": "",  # the API takes weights in place of a balance
        "weight": weights,
    }
