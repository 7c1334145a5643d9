"""Keys, and the log of who changed what."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from brandfit.service import keys, store
from brandfit.service.api._shared import Admin, Limit, Notes, Offset, noted
from brandfit.service.api.models import Audit, CreatedKey, Key, Keys, NewKey

router = APIRouter(tags=["keys"])


@router.get("/keys", response_model=Keys)
def listing(_: Admin, at: Notes) -> Any:
    """All keys, without what opens."""
    return {"items": keys.listing(at)}


@router.post("/keys", status_code=201, response_model=CreatedKey)
def create(caller: Admin, at: Notes, asked: NewKey) -> Any:
    """A new key; it is shown this once."""
    row, key = keys.create(at, asked.name, asked.scope)
    noted(at, caller, action="create key", what=f"{row['id']} {asked.scope}")
    return {**row, "key": key}


@router.delete("/keys/{id}", response_model=Key)
def revoke(caller: Admin, at: Notes, id: str) -> Any:
    """From now on it opens nothing."""
    keys.revoke(at, id)
    noted(at, caller, action="revoke key", what=id)
    return next(row for row in keys.listing(at) if row["id"] == id)


@router.get("/audit", response_model=Audit)
def audit(_: Admin, at: Notes, *, limit: Limit = 100, offset: Offset = 0) -> Any:
    """Who changed what, the latest first."""
    query = sa.select(store.audit).order_by(store.audit.c.number.desc()).limit(limit).offset(offset)
    total = at.rows(sa.select(sa.func.count().label("n")).select_from(store.audit))[0]["n"]
    return {"items": at.rows(query), "total": total, "limit": limit, "offset": offset}
