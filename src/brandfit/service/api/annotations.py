"""Annotations of influencers for a brand: likes, dislikes, the shortlist, notes and tags."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from brandfit.account_id import account_id
from brandfit.service.api.answers import Annotation, Annotations, Conflict
from brandfit.service.http.dependencies import CurrentWorkspace, Reader, Store, Writer, write_audit
from brandfit.service.http.middleware import request_id
from brandfit.service.http.problems import MEDIA
from brandfit.service.requests import AnnotationEdit, Handle
from brandfit.service.store import annotations as stored
from brandfit.service.views import rankings

router = APIRouter(tags=["annotations"])
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {
        "model": Conflict,
        "description": "Somebody else changed the field meanwhile",
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Conflict"}}},
    }
}
NOT_NULLABLE = ("listed", "note", "tags")
"""Fields for which null means the same as a missing field; a null opinion removes the opinion."""


@router.get("/annotations/{brand}", response_model=Annotations)
def annotations(_: Reader, store: Store, brand: Handle) -> Any:
    """The annotations for a brand, the latest first."""
    items = list(store.annotations(account_id(brand)).values())
    return {"items": items, "total": len(items)}


@router.patch(
    "/annotations/{brand}/{influencer}",
    response_model=Annotation,
    responses=CONFLICT,
)
def annotate(
    caller: Writer,
    workspace: CurrentWorkspace,
    *,
    store: Store,
    brand: Handle,
    influencer: Handle,
    body: AnnotationEdit,
) -> Any:
    """Change the fields that the body has; the others keep their values.

    A dislike and a place on the list exclude each other: setting one removes the other, both at once are
    refused. A field of ``on_page`` that somebody else changed meanwhile is not replaced.
    """
    brand, influencer = rankings.pair(workspace, brand, influencer)
    # Only fields that the caller sent: a missing field is no change.
    changes = body.model_dump(exclude_unset=True)
    on_page = changes.pop("on_page", None) or {}
    for name in NOT_NULLABLE:
        if name in changes and changes[name] is None:
            del changes[name]
    try:
        annotation = store.edit(brand, [stored.Edit(influencer, changes, on_page)])[0]
    except stored.Conflict as conflict:
        return _conflict_answer(conflict, influencer)
    write_audit(store, caller, action="annotate", subject=f"{brand} {influencer} {', '.join(changes)}")
    return annotation


def _conflict_answer(conflict: stored.Conflict, influencer: str) -> JSONResponse:
    """A problem with the annotation as it is now, so that the caller can show both values."""
    body = Conflict(
        title=conflict.message,
        detail=conflict.hint,
        status=409,
        type="about:blank",
        instance=request_id.get(),
        current=Annotation.model_validate(conflict.current[influencer]),
        fields=conflict.fields[influencer],
    )
    return JSONResponse(body.model_dump(), 409, media_type=MEDIA)
