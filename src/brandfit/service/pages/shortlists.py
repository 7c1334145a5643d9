"""The shortlist of a brand: whom people put on it, with notes and tags, and what they cost together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from brandfit.account_id import account_id
from brandfit.errors import UsageError
from brandfit.service import account_views, ranking_views, shortlist_views
from brandfit.service.annotations import opinions
from brandfit.service.api._shared import Here, Notes, Queue, noted, plain
from brandfit.service.api.models import Marking, Reporting
from brandfit.service.api.work import submitted
from brandfit.service.pages._shared import Reader, Writer, back, page
from brandfit.service.store import FIELDS, Conflict, Edit, ServiceStore, plain_value
from brandfit.workspace import Workspace

router = APIRouter()


class FieldsOnPage(msgspec.Struct, frozen=True):
    """What a page showed of an influencer before it was edited."""

    note: str = ""
    tags: list[str] = []
    opinion: Literal["like", "dislike"] | None = None


FIELD = 5000
"""Characters of a field at most."""


def at(brand: str, *more: str) -> str:
    """The address of a page of a brand."""
    return "/".join(["/brands", *(quote(part, safe="") for part in (brand, *more))])


@router.get("/brands/{brand}/shortlist")
def shortlist(request: Request, _: Reader, *, here: Here, desk: Notes, brand: str) -> Response:
    return _page(request, here, desk=desk, brand=brand)


def _page(
    request: Request,
    here: Workspace,
    *,
    desk: ServiceStore,
    brand: str,
    edits: Sequence[Edit] = (),
    conflict: Conflict | None = None,
) -> Response:
    """The shortlist; after a conflict with what was typed (``edits``) in its fields."""
    found = plain(shortlist_views.listed(here, desk, brand=brand))
    fields_of_both = conflict.fields if conflict is not None else {}
    edit_of = {edit.influencer: edit for edit in edits}
    shown, theirs = {}, {}
    for item in found["items"]:
        who = item["influencer"]
        current = {name: item[name] for name in FIELDS}
        theirs[who] = {name: current[name] for name in fields_of_both.get(who, ())}
        # The next save compares with what the page shows: after a conflict with the value of somebody else.
        seen = dict(current)
        if who in edit_of:
            typed = {name: value for name, value in edit_of[who].changes.items() if name in FIELDS}
            item |= typed
            seen |= {name: edit_of[who].on_page.get(name, current[name]) for name in typed}
        shown[who] = msgspec.json.encode(seen | theirs[who]).decode()
    ids = [item["influencer"] for item in found["items"]]
    return page(
        request,
        "shortlist.html",
        status=200 if conflict is None else 409,
        found=found,
        faces=account_views.faces(here, ids),
        about=account_views.described(here, ids),
        top=ranking_views.top(found["items"]),
        shown=shown,
        theirs=theirs,
        conflict=f"{conflict.message} {conflict.hint}" if conflict is not None else "",
    )


@router.post("/brands/{brand}/shortlist")
def add(
    caller: Writer,
    here: Here,
    *,
    desk: Notes,
    brand: str,
    influencer: Annotated[list[str], Form(min_length=1, max_length=1000)],
) -> Response:
    """Put several on the list at once."""
    pairs = [ranking_views.pair(here, brand, one) for one in influencer]
    for of, one in pairs:
        desk.annotate(of, one, {"listed": True})
    noted(desk, caller, action="list", what=f"{pairs[0][0]} {' '.join(one for _, one in pairs)}")
    return back(at(pairs[0][0], "shortlist"))


@router.post("/brands/{brand}/notes")
def notes(
    request: Request,
    caller: Writer,
    *,
    here: Here,
    desk: Notes,
    brand: str,
    influencer: Annotated[list[str], Form(min_length=1, max_length=1000)],
    shown: Annotated[
        list[str], Form(max_length=1000, description="JSON of the fields as the page showed them")
    ],
    note: Annotated[list[str], Form(max_length=1000)],
    tags: Annotated[list[str], Form(max_length=1000, description="with commas between them")],
    opinion: Annotated[list[Literal["none", "like", "dislike"]], Form(max_length=1000)],
    off: Annotated[str | None, Form(description="whom to take off the list")] = None,
    theirs: Annotated[
        str | None, Form(description="FIELD INFLUENCER: keep what somebody else noted there")
    ] = None,
) -> Response:
    """Save all fields of the page at once, all or none: those that were edited. What somebody else noted
    meanwhile in other fields stays; if both edited one field, the page shows both and nothing is saved."""
    brand = account_views.account(here, brand)["id"]
    columns = influencer, shown, note, tags, opinion
    if len({len(column) for column in columns}) > 1:
        raise UsageError("The form came incomplete.", "Go back and save again: nothing was saved.")
    here_before = desk.annotations(brand)
    edits: dict[str, Edit] = {}
    for one, before, *fields in zip(*columns, strict=True):
        edited, seen = _edited(*fields), _fields_on_page(before)
        changed = {
            name: value
            for name, value in edited.items()
            if (name not in seen or plain_value(seen[name]) != value) and theirs != f"{name} {one}"
        }
        if changed:
            one = one if one in here_before else ranking_views.pair(here, brand, one)[1]
            edits[one] = Edit(one, changed, seen)
    if off is not None:
        off = off if off in here_before else ranking_views.pair(here, brand, off)[1]
        edit = edits.get(off, Edit(off, {}))
        edits[off] = replace(edit, changes={**edit.changes, "listed": False})
    try:
        desk.edit(brand, list(edits.values()))
    except Conflict as conflict:
        return _page(request, here, desk=desk, brand=brand, edits=list(edits.values()), conflict=conflict)
    for edit in edits.values():
        noted(desk, caller, action="mark", what=f"{brand} {edit.influencer} {', '.join(edit.changes)}")
    return back(at(brand, "shortlist"))


def _fields_on_page(text: str) -> dict[str, Any]:
    """Fields as a page showed them; none where the form has none. Raises UsageError."""
    if not text:
        return {}
    try:
        return msgspec.structs.asdict(msgspec.json.decode(text, type=FieldsOnPage))
    except msgspec.MsgspecError:
        raise UsageError("The form came incomplete.", "Go back and save again: nothing was saved.") from None


def _edited(note: str, tags: str, opinion: str) -> dict[str, Any]:
    """Fields of the form as they are kept. Raises UsageError for tags that cannot be."""
    edited = {
        "note": note.strip().replace("\r\n", "\n"),
        "tags": list(dict.fromkeys(tag.strip() for tag in tags.split(",") if tag.strip())),
        "opinion": None if opinion == "none" else opinion,
    }
    _checked(edited)
    return edited


def _checked(changes: dict[str, Any]) -> None:
    try:
        Marking.model_validate(changes)
    except ValidationError:
        raise UsageError(
            "A note is too long, or these are too many tags, or one tag is too long.",
            "5,000 characters a note, 30 tags of 50 characters each at most. Go back to mend it: nothing was "
            "saved.",
        ) from None


@router.post("/brands/{brand}/report")
def report(
    caller: Reader,
    here: Here,
    *,
    desk: Notes,
    queue: Queue,
    brand: str,
    ending: Annotated[Literal["html", "pdf"], Form()] = "html",
) -> Response:
    """Of those on the list; the page of the job has the file."""
    found = shortlist_views.listed(here, desk, brand=brand)
    ids = [item["influencer"] for item in found["items"]]
    if len(ids) > 200:
        raise UsageError(
            f"A report holds 200 influencers at most; {len(ids)} are on the list.", "Save them as a table."
        )
    asked = {
        "brand": found["brand"],
        "ending": ending,
        "influencers": ids,
        "not_this": list(opinions(here, desk, brand).dislikes),
    }
    report = Reporting.model_validate(asked)
    job = submitted("report", report, caller=caller, here=here, queue=queue, desk=desk)
    return back(f"/jobs/{job['id']}")


@router.post("/brands/{brand}/shortlist/{influencer}")
def change(
    caller: Writer,
    here: Here,
    *,
    desk: Notes,
    brand: str,
    influencer: str,
    whole: Annotated[bool, Form(description="whether an empty field empties what is noted")] = False,
    note: Annotated[str | None, Form(max_length=FIELD)] = None,
    tags: Annotated[str | None, Form(max_length=FIELD, description="with commas between them")] = None,
    opinion: Annotated[Literal["none", "like", "dislike"] | None, Form()] = None,
    listed: Annotated[Literal["on", "off"] | None, Form()] = None,
    shown: Annotated[
        str, Form(max_length=20_000, description="JSON of the fields as the page showed them")
    ] = "",
) -> Response:
    """Note something of one, or put it on the list or take it off; what is not sent stays as it is."""
    if whole:  # an empty field comes as none
        note, tags = note or "", tags or ""
    brand, influencer = account_id(brand), account_id(influencer)
    if influencer not in desk.annotations(
        brand
    ):  # else it may be of one who is no longer here, and can be taken off
        brand, influencer = ranking_views.pair(here, brand, influencer)
    asked = {
        "note": None if note is None else note.strip().replace("\r\n", "\n"),
        "tags": None
        if tags is None
        else list(dict.fromkeys(tag.strip() for tag in tags.split(",") if tag.strip())),
        "listed": None if listed is None else listed == "on",
    }
    changes: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if opinion is not None:
        changes["opinion"] = None if opinion == "none" else opinion
    _checked(changes)
    desk.edit(brand, [Edit(influencer, changes, _fields_on_page(shown))])
    noted(desk, caller, action="mark", what=f"{brand} {influencer} {', '.join(changes)}")
    return back(at(brand, "shortlist"))
