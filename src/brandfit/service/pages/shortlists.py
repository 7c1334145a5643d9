"""The shortlist of a brand: annotations that people edit, and the figures of the set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from brandfit.account_id import account_id
from brandfit.errors import UsageError
from brandfit.service.http.dependencies import CurrentWorkspace, Jobs, Store, write_audit
from brandfit.service.pages._page import Reader, Writer, back, brand_path, page
from brandfit.service.requests import AnnotationEdit, ReportRequest
from brandfit.service.store.annotations import FIELDS, Conflict, Edit, plain_value
from brandfit.service.store.service_store import ServiceStore
from brandfit.service.views import accounts, rankings, shortlists
from brandfit.service.views.json_types import plain
from brandfit.workspace import Workspace

router = APIRouter()
FIELD = 5000
"""Maximum characters of a field."""
IN_REPORT = 200
"""Maximum influencers of a report."""
INCOMPLETE = "The form came incomplete.", "Go back and save again: nothing was saved."
"""Message and hint for a form that lacks a field."""
OnPage = Annotated[str, Form(max_length=20_000, description="JSON of the fields as the page showed them")]
OpinionField = Literal["none", "like", "dislike"]


class FieldsOnPage(msgspec.Struct, frozen=True):
    """The fields of an influencer as a page showed them before the edit."""

    note: str = ""
    tags: list[str] = []
    opinion: Literal["like", "dislike"] | None = None


@router.get("/brands/{brand}/shortlist")
def shortlist(
    request: Request, _: Reader, *, workspace: CurrentWorkspace, store: Store, brand: str
) -> Response:
    return _page(request, workspace, store=store, brand=brand)


def _page(
    request: Request,
    workspace: Workspace,
    *,
    store: ServiceStore,
    brand: str,
    edits: Sequence[Edit] = (),
    conflict: Conflict | None = None,
) -> Response:
    """The shortlist. After a conflict its fields have the values that were typed (``edits``)."""
    shortlist = plain(shortlists.listed(workspace, store, brand=brand))
    # Empty unless a save of this form failed.
    conflicting = conflict.fields if conflict is not None else {}
    edit_by_influencer = {edit.influencer: edit for edit in edits}
    on_page, other_values = {}, {}
    for item in shortlist["items"]:
        influencer = item["influencer"]
        current = {name: item[name] for name in FIELDS}
        other_values[influencer] = {name: current[name] for name in conflicting.get(influencer, ())}
        values = dict(current)
        if edit := edit_by_influencer.get(influencer):
            typed = {name: value for name, value in edit.changes.items() if name in FIELDS}
            item |= typed
            # The next save is compared with what this person saw before the edit, ...
            values |= {name: edit.on_page.get(name, current[name]) for name in typed}
        # ... and for fields in conflict with the value of the other person, which this page shows.
        on_page[influencer] = msgspec.json.encode(values | other_values[influencer]).decode()
    ids = [item["influencer"] for item in shortlist["items"]]
    return page(
        request,
        "shortlist.html",
        status=200 if conflict is None else 409,
        shortlist=shortlist,
        faces=accounts.faces(workspace, ids),
        descriptions=accounts.described(workspace, ids),
        top=rankings.scale_end(shortlist["items"]),
        on_page=on_page,
        other_values=other_values,
        conflict=f"{conflict.message} {conflict.hint}" if conflict is not None else "",
    )


@router.post("/brands/{brand}/shortlist")
def add(
    caller: Writer,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    brand: str,
    influencer: Annotated[list[str], Form(min_length=1, max_length=1000)],
    price: Annotated[
        list[str], Form(max_length=1000, description="stated price of each influencer, empty without one")
    ] = [],  # noqa: B006 (FastAPI copies it)
    currency: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Put several influencers on the list at once, with the prices that a price list stated."""
    pairs = [rankings.pair(workspace, brand, text) for text in influencer]
    # Without prices, as from a ranking, earlier ones stay.
    if len(price) == len(pairs):
        stated = {id: _stated_price(text) for (_, id), text in zip(pairs, price, strict=True)}
        store.state_prices(pairs[0][0], stated, currency=currency)
    for brand_id, id in pairs:
        store.annotate(brand_id, id, {"listed": True})
    brand = pairs[0][0]
    # All pairs have one brand.
    ids = " ".join(id for _, id in pairs)
    write_audit(store, caller, action="list", subject=f"{brand} {ids}")
    return back(brand_path(brand, "shortlist"))


def _stated_price(text: str) -> float | None:
    """A price as the page of a campaign writes it; None for an empty text. Raises UsageError."""
    try:
        price = float(text) if text else None
    except ValueError:
        price = math.nan
    if price is not None and not 0 <= price < math.inf:
        raise UsageError(f"A price is a number from 0, found {text!r}.", "Choose the set again.")
    return price


@router.post("/brands/{brand}/notes")
def notes(  # FastAPI: one argument per parameter of the request
    request: Request,
    caller: Writer,
    *,
    workspace: CurrentWorkspace,
    store: Store,
    brand: str,
    influencer: Annotated[list[str], Form(min_length=1, max_length=1000)],
    on_page: Annotated[
        list[str], Form(max_length=1000, description="JSON of the fields as the page showed them")
    ],
    note: Annotated[list[str], Form(max_length=1000)],
    tags: Annotated[list[str], Form(max_length=1000, description="with commas between them")],
    opinion: Annotated[list[OpinionField], Form(max_length=1000)],
    off: Annotated[str | None, Form(description="the influencer to take off the list")] = None,
    theirs: Annotated[
        str | None, Form(description="FIELD INFLUENCER: keep the value of the other person there")
    ] = None,
) -> Response:
    """Save all edited fields of the page, all or none. Values that another person saved meanwhile in other
    fields stay. If both edited one field, the page shows both values and nothing is saved."""
    brand = accounts.account(workspace, brand)["id"]
    columns = influencer, on_page, note, tags, opinion  # row n of all columns is one influencer
    if len({len(column) for column in columns}) > 1:
        raise UsageError(*INCOMPLETE)
    annotated = store.annotations(brand)

    def known_id(text: str) -> str:
        # An annotated influencer may have left the workspace, and can still be edited.
        return text if text in annotated else rankings.pair(workspace, brand, text)[1]

    edits: dict[str, Edit] = {}
    for id, before, *fields in zip(*columns, strict=True):
        seen = _fields_on_page(before)
        changes = _changes(_typed_fields(*fields), seen)
        # "Take theirs" of one field: the person gives up that edit.
        changes = {name: value for name, value in changes.items() if theirs != f"{name} {id}"}
        if changes:
            id = known_id(id)
            edits[id] = Edit(id, changes, seen)
    if off is not None:
        off = known_id(off)
        edit = edits.get(off, Edit(off, {}))
        edits[off] = replace(edit, changes={**edit.changes, "listed": False})
    try:
        store.edit(brand, list(edits.values()))
    except Conflict as conflict:
        return _page(
            request, workspace, store=store, brand=brand, edits=list(edits.values()), conflict=conflict
        )
    for edit in edits.values():
        _audit_edit(store, caller, brand=brand, edit=edit)
    return back(brand_path(brand, "shortlist"))


@router.post("/brands/{brand}/shortlist/{influencer}")
def change(  # FastAPI: one argument per parameter of the request
    caller: Writer,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    brand: str,
    influencer: str,
    whole: Annotated[bool, Form(description="whether empty fields delete the stored values")] = False,
    note: Annotated[str | None, Form(max_length=FIELD)] = None,
    tags: Annotated[str | None, Form(max_length=FIELD, description="with commas between them")] = None,
    opinion: Annotated[OpinionField | None, Form()] = None,
    listed: Annotated[Literal["on", "off"] | None, Form()] = None,
    on_page: OnPage = "",
) -> Response:
    """Change the annotation of one influencer; fields that are not sent keep their values."""
    if whole:  # FastAPI gives an empty field as None
        note, tags = note or "", tags or ""
    brand, influencer = account_id(brand), account_id(influencer)
    # An annotated influencer may have left the workspace, and can still be taken off the list.
    if influencer not in store.annotations(brand):
        brand, influencer = rankings.pair(workspace, brand, influencer)
    changes: dict[str, Any] = {}
    if note is not None:
        changes["note"] = _note_of(note)
    if tags is not None:
        changes["tags"] = _tags_of(tags)
    if listed is not None:
        changes["listed"] = listed == "on"
    if opinion is not None:
        changes["opinion"] = None if opinion == "none" else opinion
    _check_lengths(changes)
    edit = Edit(influencer, changes, _fields_on_page(on_page))
    store.edit(brand, [edit])
    _audit_edit(store, caller, brand=brand, edit=edit)
    return back(brand_path(brand, "shortlist"))


@router.post("/brands/{brand}/report")
def report(
    caller: Reader,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    jobs: Jobs,
    brand: str,
    ending: Annotated[Literal["html", "pdf"], Form()] = "html",
) -> Response:
    """Queue a report on the influencers of the list; the page of the job has the file."""
    shortlist = shortlists.listed(workspace, store, brand=brand)
    ids = [item["influencer"] for item in shortlist["items"]]
    # Each influencer takes a few seconds and a page.
    if len(ids) > IN_REPORT:
        raise UsageError(
            f"A report holds {IN_REPORT} influencers at most; {len(ids)} are on the list.",
            "Save them as a table.",
        )
    fields = {"brand": shortlist["brand"], "ending": ending, "influencers": ids}
    body = ReportRequest.model_validate(fields)
    return back(f"/jobs/{jobs.submit_report(caller, body)['id']}")


# --- fields of the forms ------------------------------------------------------------------------------------


def _fields_on_page(text: str) -> dict[str, Any]:
    """The hidden field with the values that a page showed; {} without it. Raises UsageError."""
    if not text:
        return {}
    try:
        return msgspec.structs.asdict(msgspec.json.decode(text, type=FieldsOnPage))
    except msgspec.MsgspecError:
        raise UsageError(*INCOMPLETE) from None


def _typed_fields(note: str, tags: str, opinion: str) -> dict[str, Any]:
    """The fields of one influencer as they are stored. Raises UsageError for a value that is too long."""
    fields = {
        "note": _note_of(note),
        "tags": _tags_of(tags),
        "opinion": None if opinion == "none" else opinion,
    }
    _check_lengths(fields)
    return fields


def _changes(typed: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the person edited: those that differ from what the page showed."""
    return {
        name: value for name, value in typed.items() if name not in seen or plain_value(seen[name]) != value
    }


def _note_of(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def _tags_of(text: str) -> list[str]:
    """Tags from a text with commas, without repetitions."""
    tags = [tag.strip() for tag in text.split(",")]
    return list(dict.fromkeys(filter(None, tags)))


def _check_lengths(changes: dict[str, Any]) -> None:
    try:
        AnnotationEdit.model_validate(changes)
    except ValidationError:
        raise UsageError(
            "A note is too long, or these are too many tags, or one tag is too long.",
            "A note has 5,000 characters at most; there may be 30 tags of 50 characters each. Go back to "
            "correct it: nothing was saved.",
        ) from None


def _audit_edit(store: ServiceStore, caller: Any, *, brand: str, edit: Edit) -> None:
    fields = ", ".join(edit.changes)
    write_audit(store, caller, action="annotate", subject=f"{brand} {edit.influencer} {fields}")
