"""The form that narrows the list of a brand: the brand page, Why and Compare read it from their address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query

from brandfit.pipeline import RankingQuery
from brandfit.service import ranking_views
from brandfit.service.annotations import Opinions
from brandfit.service.api._shared import Followers, WhereQuery
from brandfit.service.api.models import Handle
from brandfit.workspace import Workspace

AS_LEARNED = 50
"""Balance at which words and pictures count as the ranker learned."""


@dataclass(frozen=True)
class ListForm:
    """What a reader typed; "" and the defaults are the whole list."""

    ranker: str = ""
    where: str = ""
    followers: str = ""
    q: str = ""
    partners: bool = False
    balance: int = AS_LEARNED
    refine: bool = False
    exclude: tuple[str, ...] = ()

    @property
    def address(self) -> Mapping[str, Any]:
        """Parameters that show the same list on another page, without those that are as usual."""
        return {
            "ranker": self.ranker,
            "where": self.where,
            "followers": self.followers,
            "q": self.q,
            "partners": "true" if self.partners else "",
            "balance": "" if self.balance == AS_LEARNED else str(self.balance),
            "refine": "true" if self.refine else "",
            "exclude": list(self.exclude),
        }

    def query(self, workspace: Workspace, brand: str, marked: Opinions) -> RankingQuery:
        """The list that the form asks for, with what is marked for the brand. Raises ConfigError if the
        ranker has no parts to balance."""
        query = RankingQuery(
            partners=self.partners,
            where=self.where or None,
            weights=ranking_views.balanced(
                workspace,
                brand,
                ranker=self.ranker or None,
                balance=self.balance,
                followers=self.followers or None,
            ),
            exclude=self.exclude,
            keywords=self.q.split(),
        )
        return marked.applied(query, self.refine)


def list_form(
    ranker: Annotated[str | None, Query(max_length=100)] = None,
    where: WhereQuery = None,
    *,
    followers: Followers = None,
    q: Annotated[str, Query(max_length=500)] = "",
    partners: bool = False,
    balance: Annotated[
        int, Query(ge=0, le=100, description="0: words alone count, 100: pictures alone, 50: as learned")
    ] = AS_LEARNED,
    refine: bool = False,
    exclude: Annotated[list[Handle] | None, Query(max_length=1000)] = None,
) -> ListForm:
    return ListForm(
        ranker=ranker or "",
        where=where or "",
        followers=followers or "",
        q=q,
        partners=partners,
        balance=balance,
        refine=refine,
        exclude=tuple(exclude or ()),
    )


Form = Annotated[ListForm, Depends(list_form)]
