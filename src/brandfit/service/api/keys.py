"""Keys, and the audit log."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from brandfit.service.api.answers import Audit, CreatedKey, Key, Keys
from brandfit.service.http.dependencies import Admin, Limit, Offset, Store, write_audit
from brandfit.service.requests import NewKey
from brandfit.service.store import keys, tables

router = APIRouter(tags=["keys"])


@router.get("/keys", response_model=Keys)
def listing(_: Admin, store: Store) -> Any:
    """All keys, without their secrets."""
    return {"items": keys.listing(store)}


@router.post("/keys", status_code=201, response_model=CreatedKey)
def create(caller: Admin, store: Store, body: NewKey) -> Any:
    """A new key; it is returned only once."""
    # The audit log gets the id, never the key.
    row, key = keys.create(store, body.name, body.scope)
    write_audit(store, caller, action="create key", subject=f"{row['id']} {body.scope}")
    return {**row, "key": key}


@router.delete("/keys/{id}", response_model=Key)
def revoke(caller: Admin, store: Store, id: str) -> Any:
    """Make a key invalid from now on."""
    keys.revoke(store, id)
    write_audit(store, caller, action="revoke key", subject=id)
    return next(row for row in keys.listing(store) if row["id"] == id)


@router.get("/audit", response_model=Audit)
def audit(_: Admin, store: Store, *, limit: Limit = 100, offset: Offset = 0) -> Any:
    """All changes and their actors, the latest first."""
    items = store.audit_entries(limit, offset)
    return {"items": items, "total": store.count(tables.audit), "limit": limit, "offset": offset}
