"""Forgetting an account, from its page."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from brandfit.service.api._shared import Here, Notes, Queue
from brandfit.service.api.accounts import forget
from brandfit.service.pages._shared import Admin, back

router = APIRouter()


@router.post("/influencers/{id}/forget")
def forget_account(caller: Admin, here: Here, *, queue: Queue, desk: Notes, id: str) -> Response:
    """To the job that does it."""
    return back(f"/jobs/{forget(caller, here, queue=queue, desk=desk, id=id)['id']}")
