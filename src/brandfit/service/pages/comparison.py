"""Two to four influencers for a brand, side by side."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.campaign.prices import PriceList
from brandfit.errors import BrandfitError, DataError
from brandfit.service.http.dependencies import CurrentWorkspace, Store
from brandfit.service.pages._page import Reader, message_of, page, refuse_influencer
from brandfit.service.pages._ranking_form import Form
from brandfit.service.pages.explanations import explained, unread_notes
from brandfit.service.store.annotations import NO_ANNOTATION
from brandfit.service.views import accounts, rankings
from brandfit.workspace import Workspace

router = APIRouter()
FEWEST, MOST = 2, 4
NO_SCORE: dict[str, Any] = {
    "score": None,
    "rank": None,
    "among": 0,
    "left_out": None,
    "narrowed_by": "",
    "adjusted_by": "",
    "chance": None,
    "parts": {},
    "radar": None,
    "ranker": "",
}
"""Values of an influencer without a score."""


@router.get("/brands/{brand}/compare")
def compare(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    form: Form,
    influencers: Annotated[list[str] | None, Query(alias="with", max_length=100)] = None,
) -> Response:
    account = accounts.account(workspace, brand)
    refuse_influencer(account)
    brand = account["id"]
    # An empty field of the form is no influencer.
    typed = [text for text in influencers or [] if text.strip()]
    ids = list(dict.fromkeys(rankings.pair(workspace, brand, text)[1] for text in typed))
    # More than four columns do not fit a page.
    left_out, ids = ids[MOST:], ids[:MOST]
    if len(ids) < FEWEST:
        return page(request, "compare.html", brand=brand, ids=ids, rows=[], address=form.address)
    faces, descriptions = accounts.faces(workspace, ids), accounts.described(workspace, ids)
    annotations = store.annotations(brand)
    stated = store.stated_prices(brand)
    prices, price_error = _prices(workspace, brand, ids=ids, ranker=form.ranker or None, stated=stated)
    rows = []
    for id in ids:
        explanation, error = explained(workspace, store, brand=brand, influencer=id, form=form)
        audience = pipeline.audience(workspace, id)
        own_facts = accounts.facts(workspace, accounts.account(workspace, id))
        rows.append(
            {
                "influencer": id,
                **(explanation or NO_SCORE),
                "error": error,
                "faces": faces[id],
                "description": descriptions[id],
                "price": prices.get(id),
                "price_is_stated": id in prices and id in stated.by_account,
                "topics": pipeline.topics(workspace, id, 5),
                "category": pipeline.category(workspace, id),
                "facts": own_facts | accounts.habits(workspace, id),
                "hints": {hint.name: hint for hint in audience.hints},
                "people": audience.view.people,
                "annotation": annotations.get(id, NO_ANNOTATION),
            }
        )
    return page(
        request,
        "compare.html",
        brand=brand,
        ids=ids,
        rows=rows,
        left_out=left_out,
        shared=pipeline.shared_audiences(workspace, ids),
        unread=unread_notes(workspace, [brand, *ids], ranker=form.ranker or None),
        hints=accounts.HINTS,
        currency=pipeline.currency_of(workspace) or stated.currency,
        price_error=price_error,
        has_stated_price=any(row["price_is_stated"] for row in rows),
        top=rankings.scale_end(rows),
        address=form.address,
    )


class _Prices(NamedTuple):
    """Influencer to its price with an interval, and why there are none if the scores do not say it."""

    by_influencer: dict[str, tuple[float, float, float]]
    error: str = ""


def _prices(
    workspace: Workspace, brand: str, *, ids: list[str], ranker: str | None, stated: PriceList
) -> _Prices:
    """Prices as on the shortlist: those that a campaign stated, else estimates."""
    try:
        return _Prices(
            pipeline.asking_prices(workspace, brand, influencers=ids, ranker=ranker, price_list=stated)
        )
    except DataError as error:  # prices in another currency than the workspace
        return _Prices({}, message_of(error))
    except BrandfitError:  # nothing can rank, which the scores say
        return _Prices({})
