"""The REST API, version 1: /api/v1."""

from __future__ import annotations

from fastapi import APIRouter

from brandfit.service.api import accounts, campaigns, exports, finding, keys, rankings, work, workspaces
from brandfit.service.problems import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
for module in (workspaces, accounts, rankings, finding, campaigns, work, exports, keys):
    router.include_router(module.router)
