"""The REST API, version 1: /api/v1."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from brandfit.service.api import accounts, campaigns, exports, keys, rankings, search, work, workspaces
from brandfit.service.api._shared import check_query, no_repeated_names
from brandfit.service.problems import RESPONSES

router = APIRouter(
    prefix="/api/v1", responses=RESPONSES, dependencies=[Depends(check_query), Depends(no_repeated_names)]
)
for module in (workspaces, accounts, rankings, search, campaigns, work, exports, keys):
    router.include_router(module.router)
