"""Influencers: found by words, conditions and likeness, and one of them with all that is known of it."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from brandfit import pipeline
from brandfit.audience import authenticity
from brandfit.data.candidates import sentences
from brandfit.errors import BrandfitError
from brandfit.search import filters
from brandfit.service import account_views, ranking_views
from brandfit.service.api._shared import Followers, Here, Notes, WhereQuery
from brandfit.service.pages._shared import Reader, back, page
from brandfit.service.uploads import saved
from brandfit.workspace import Workspace

router = APIRouter()
LIMIT, ALIKE, FEW, POSTS = 20, 24, 6, 12
Offset = Annotated[int, Query(ge=0, le=10**7)]


@router.get("/influencers")
def influencers(
    request: Request,
    _: Reader,
    *,
    here: Here,
    q: Annotated[str, Query(max_length=500)] = "",
    where: WhereQuery = None,
    sort: Annotated[str, Query(max_length=100)] = "",
    like: Annotated[list[str] | None, Query(max_length=50)] = None,
    offset: Offset = 0,
) -> Response:
    """Found by words, by a condition, or by being like others."""
    found, wrong, accounts = None, "", []
    try:
        if accounts := account_views.known_accounts(here, like or []):
            found = pipeline.similar(here, accounts, picture=None, where=where or None, k=ALIKE)
        elif here.fingerprint:
            found = pipeline.search(
                here, q.split(), where=where or None, sort=sort or None, k=LIMIT, offset=offset
            )
    except BrandfitError as error:  # the form is where it can be mended
        wrong = f"{error.message} {error.hint}".strip()
    asked = {"q": q, "where": where or "", "sort": sort, "like": ", ".join(accounts or like or [])}
    return _list(
        request, here, found=found, asked=asked, wrong=wrong, by="accounts" if accounts else "", offset=offset
    )


@router.post("/influencers")
async def like_picture(
    request: Request,
    _: Reader,
    *,
    here: Here,
    picture: Annotated[UploadFile, File()],
    where: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Whose pictures are like this one; it is not kept."""
    found, wrong = None, ""
    with tempfile.TemporaryDirectory() as folder:
        file = await saved(picture, Path(folder), "picture")
        try:
            found = await run_in_threadpool(
                partial(pipeline.similar, here, (), picture=file, where=where or None, k=ALIKE)
            )
        except BrandfitError as error:
            wrong = f"{error.message} {error.hint}".replace(str(file), picture.filename or "This").strip()
    asked = {"q": "", "where": where, "sort": "", "like": ""}
    return await run_in_threadpool(
        partial(_list, request, here, found=found, asked=asked, wrong=wrong, by="picture", offset=0)
    )


@router.get("/influencers/{id}")
def influencer(request: Request, _: Reader, *, here: Here, id: str, offset: Offset = 0) -> Response:
    """One of them; what takes long is on pages of its own, which a script loads into this one."""
    account = account_views.account(here, id)
    id = account["id"]
    if account["role"] == "brand":
        return back(f"/brands/{quote(id)}")
    posts, total = account_views.posts(here, id, limit=POSTS, offset=offset)
    told = pipeline.post_topics(here, [post["id"] for post in posts])
    topics = pipeline.topics(here, id)
    return page(
        request,
        "influencer.html",
        account=account,
        facts=account_views.facts(here, account) | account_views.habits(here, id),
        category=pipeline.category(here, id),
        topics=topics,
        radar=account_views.radar_of(topics, "influencer"),
        uncounted_brands=pipeline.load(here).uncounted_brands(id),
        posts=[{**post, **more} for post, more in zip(posts, told, strict=True)],
        paged={"total": total, "limit": POSTS, "offset": offset},
    )


@router.get("/influencers/{id}/alike")
def similar_page(request: Request, _: Reader, *, here: Here, id: str) -> Response:
    """A few that are most like it."""
    id = account_views.account(here, id)["id"]
    rows, wrong = [], ""
    try:
        rows = list(pipeline.similar(here, [id], k=FEW).rows)
    except BrandfitError as error:
        wrong = f"{error.message} {error.hint}".strip()
    ids = [row["influencer"] for row in rows]
    faces, about = account_views.faces(here, ids, 1), account_views.described(here, ids)
    return page(request, "alike.html", id=id, rows=rows, wrong=wrong, faces=faces, about=about)


@router.get("/influencers/{id}/audience")
def audience(request: Request, _: Reader, *, here: Here, id: str) -> Response:
    """Whose audience it has, engagement against peers, and what a new post may expect."""
    id = account_views.account(here, id)["id"]
    expected, why_not = None, ""
    try:
        expected = pipeline.expected(here, id)
    except BrandfitError as error:
        why_not = f"{error.message} {error.hint}".strip()
    told = pipeline.audience(here, id)
    return page(
        request,
        "audience.html",
        id=id,
        told=told,
        expected=expected,
        why_not=why_not,
        names=account_views.HINTS,
        rule=authenticity.RULE,
    )


@router.get("/influencers/{id}/brands")
def brands(
    request: Request,
    _: Reader,
    *,
    here: Here,
    desk: Notes,
    id: str,
    ranker: Annotated[str | None, Query(max_length=100)] = None,
    partners: bool = False,
    followers: Followers = None,
    offset: Offset = 0,
) -> Response:
    """The brands that suit it, the best first."""
    id = account_views.account(here, id)["id"]
    found, wrong = None, ""
    try:
        found = pipeline.brands_for(
            here, id, ranker=ranker or None, partners=partners, followers=followers, not_this=desk.dislikes()
        )
    except BrandfitError as error:
        wrong = f"{error.message} {error.hint}".strip()
    shown = found.brands[offset : offset + LIMIT] if found else ()
    names = [one.brand for one in shown]
    described = pipeline.describe_accounts(here, names, ranker=found.ranker) if found else []
    categories = [pipeline.category_of(row) for row in described]
    return page(
        request,
        "suited.html",
        id=id,
        found=found,
        wrong=wrong,
        unread=pipeline.encoding_notes(here, [id, *pipeline.load(here).brands], ranker=ranker or None)
        if found
        else (),
        rows=list(zip(shown, categories, strict=True)),
        faces=account_views.faces(here, names, 1),
        known=account_views.account(here, id).get("brands", []),
        asked={"ranker": ranker or "", "partners": partners, "followers": followers or ""},
        rankers=ranking_views.usable(here),
        paged={"total": len(found.brands) if found else 0, "limit": LIMIT, "offset": offset},
        top=ranking_views.top(
            [{"chance": {"high": one.probability[2]} if one.probability else None} for one in shown]
        ),
    )


def _list(
    request: Request,
    here: Workspace,
    *,
    found: pipeline.SearchPage | None,
    asked: dict[str, str],
    wrong: str,
    by: str,
    offset: int,
) -> Response:
    rows = [dict(row) for row in found.rows] if found else []
    ids = [row["influencer"] for row in rows]
    for row in rows:  # what was asked for, as a table prints it
        row["facts"] = {fact: filters.formatted(fact, value) for fact, value in row["facts"].items()}
    return page(
        request,
        "influencers.html",
        empty=not here.fingerprint,
        found=found,
        counts=sentences(found.total, found.excluded, predicate="can be compared" if by else "are found")
        if found
        else [],
        rows=rows,
        asked=asked,
        q=asked["q"],
        wrong=wrong,
        by=by,
        sorts={
            name: field.doc
            for name, field in filters.FIELDS.items()
            if field.numbers and not field.takes_account
        },
        faces=account_views.faces(here, ids) if ids else {},
        about=account_views.described(here, ids) if ids else {},
        paged={"total": 0 if by or not found else found.total, "limit": LIMIT, "offset": offset},
    )
