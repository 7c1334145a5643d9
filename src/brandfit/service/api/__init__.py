"""The REST API, version 1: /api/v1.

Here: routes and answers. Not here: calls of the pipeline beyond one, which are in ``views`` and ``jobs``.
"""

from fastapi import APIRouter, Depends

from brandfit.service.api import (
    accounts,
    annotations,
    campaigns,
    explanations,
    exports,
    jobs,
    keys,
    rankings,
    search,
    workspaces,
)
from brandfit.service.api._checks import no_repeated_names
from brandfit.service.http.problems import RESPONSES
from brandfit.service.http.query_check import check_query

router = APIRouter(
    prefix="/api/v1", responses=RESPONSES, dependencies=[Depends(check_query), Depends(no_repeated_names)]
)
for module in (
    workspaces,
    accounts,
    rankings,
    explanations,
    annotations,
    search,
    campaigns,
    jobs,
    exports,
    keys,
):
    router.include_router(module.router)
