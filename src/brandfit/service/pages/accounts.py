"""One influencer: facts, posts, look-alikes, audience, brands that match, and erasure."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from brandfit import pipeline
from brandfit.audience import authenticity
from brandfit.errors import BrandfitError
from brandfit.service.http.dependencies import CurrentWorkspace, Followers, Jobs, Store
from brandfit.service.pages._page import Admin, Offset, Reader, back, message_of, page
from brandfit.service.views import accounts, rankings

router = APIRouter()
BRANDS = 20
"""Brands on a page."""
POSTS = 12
"""Posts on a page."""
N_SIMILAR = 6


@router.get("/influencers/{id}")
def influencer(
    request: Request, _: Reader, *, workspace: CurrentWorkspace, id: str, offset: Offset = 0
) -> Response:
    """An influencer. Slow parts have separate pages, which a script loads into this one."""
    account = accounts.account(workspace, id)
    id = account["id"]
    # A link to a brand may name it as an influencer.
    if account["role"] == "brand":
        return back(f"/brands/{quote(id)}")
    # Topics and attention only for the posts of this page.
    posts, total = accounts.posts(workspace, id, limit=POSTS, offset=offset)
    topics_of_posts = pipeline.post_topics(workspace, [post["id"] for post in posts])
    topics = pipeline.topics(workspace, id)
    return page(
        request,
        "influencer.html",
        account=account,
        facts=accounts.facts(workspace, account) | accounts.habits(workspace, id),
        category=pipeline.category(workspace, id),
        topics=topics,
        radar=accounts.radar_of(topics, "influencer"),
        uncounted_brands=pipeline.load(workspace).uncounted_brands(id),
        posts=[{**post, **more} for post, more in zip(posts, topics_of_posts, strict=True)],
        paged={"total": total, "limit": POSTS, "offset": offset},
    )


@router.get("/influencers/{id}/alike")
def similar(request: Request, _: Reader, *, workspace: CurrentWorkspace, id: str) -> Response:
    """The most similar influencers."""
    id = accounts.account(workspace, id)["id"]
    rows, error = [], ""
    try:
        rows = list(pipeline.similar(workspace, [id], k=N_SIMILAR).rows)
    except BrandfitError as raised:
        error = message_of(raised)
    ids = [row["influencer"] for row in rows]
    return page(
        request,
        "alike.html",
        id=id,
        rows=rows,
        error=error,
        faces=accounts.faces(workspace, ids, 1),
        descriptions=accounts.described(workspace, ids),
    )


@router.get("/influencers/{id}/audience")
def audience(request: Request, _: Reader, *, workspace: CurrentWorkspace, id: str) -> Response:
    """The audience, engagement compared with peers, and the expected engagement of a new post."""
    id = accounts.account(workspace, id)["id"]
    expected, why_not = None, ""
    try:
        expected = pipeline.expected(workspace, id)
    except BrandfitError as raised:
        why_not = message_of(raised)
    return page(
        request,
        "audience.html",
        id=id,
        audience=pipeline.audience(workspace, id),
        expected=expected,
        why_not=why_not,
        names=accounts.HINTS,
        rule=authenticity.RULE,
    )


@router.get("/influencers/{id}/brands")
def brands(
    request: Request,
    _: Reader,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    id: str,
    ranker: Annotated[str | None, Query(max_length=100)] = None,
    partners: bool = False,
    followers: Followers = None,
    offset: Offset = 0,
) -> Response:
    """The brands that match an influencer, the best first."""
    account = accounts.account(workspace, id)
    id = account["id"]
    matches, error = None, ""
    try:
        matches = pipeline.brands_for(
            workspace,
            id,
            ranker=ranker or None,
            partners=partners,
            followers=followers,
            not_this=store.dislikes(),
        )
    except BrandfitError as raised:
        error = message_of(raised)
    brands = matches.brands if matches else ()
    matches_of_page = brands[offset : offset + BRANDS]
    names = [match.brand for match in matches_of_page]
    descriptions = pipeline.describe_accounts(workspace, names, ranker=matches.ranker) if matches else []
    categories = [pipeline.category_of(description) for description in descriptions]
    # The chances of the page on one scale, in the shape that items of a ranking have.
    chances = [
        {"chance": {"high": one.probability[2]} if one.probability else None} for one in matches_of_page
    ]
    unread: tuple[str, ...] = ()
    if matches:
        every_brand = pipeline.load(workspace).brands
        unread = pipeline.encoding_notes(workspace, [id, *every_brand], ranker=ranker or None)
    return page(
        request,
        "suited.html",
        id=id,
        matches=matches,
        error=error,
        unread=unread,
        rows=list(zip(matches_of_page, categories, strict=True)),
        faces=accounts.faces(workspace, names, 1),
        partners=account.get("brands", []),
        form={"ranker": ranker or "", "partners": partners, "followers": followers or ""},
        rankers=rankings.usable(workspace),
        paged={"total": len(brands), "limit": BRANDS, "offset": offset},
        top=rankings.scale_end(chances),
    )


@router.post("/influencers/{id}/forget")
def forget(caller: Admin, jobs: Jobs, id: str) -> Response:
    """Erase an account; the answer is the page of the job."""
    return back(f"/jobs/{jobs.submit_erasure(caller, id)['id']}")
