"""The form that narrows the list of a brand. The brand page, Why and Compare read it from their address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from brandfit.pipeline import RankingQuery
from brandfit.service.http.dependencies import Followers, WhereQuery
from brandfit.service.requests import Handle
from brandfit.service.views import rankings
from brandfit.service.views.opinions import Opinions
from brandfit.service.views.rankings import AS_LEARNED
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class RankingForm:
    """The fields as a reader filled them; "" and the defaults give the whole list."""

    ranker: str = ""
    where: str = ""
    followers: str = ""
    q: str = ""
    partners: bool = False
    balance: int = AS_LEARNED
    refine: bool = False
    exclude: tuple[str, ...] = ()
    exposure: str = ""

    @property
    def address(self) -> Mapping[str, Any]:
        """Parameters that give the same list on another page; "" for defaults."""
        return {
            "ranker": self.ranker,
            "where": self.where,
            "followers": self.followers,
            "q": self.q,
            "partners": "true" if self.partners else "",
            "balance": "" if self.balance == AS_LEARNED else str(self.balance),
            "refine": "true" if self.refine else "",
            "exclude": list(self.exclude),
            "exposure": self.exposure,
        }

    def query(self, workspace: Workspace, brand: str, opinions: Opinions) -> RankingQuery:
        """The list that the form describes, without disliked influencers. Raises ConfigError if the score
        lacks words or pictures to balance."""
        # An empty field sets no condition.
        query = RankingQuery(
            partners=self.partners,
            where=self.where or None,
            weights=rankings.balance_weights(
                workspace,
                brand,
                ranker=self.ranker or None,
                balance=self.balance,
                followers=self.followers or None,
            ),
            exclude=self.exclude,
            keywords=self.q.split(),
            exposure=self.exposure,
        )
        return opinions.applied(query, self.refine)


def ranking_form(  # noqa: PLR0913 - FastAPI: one argument per field
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
    exposure: Annotated[
        Literal["", "parity"], Query(description="parity: every follower tier has its share")
    ] = "",
) -> RankingForm:
    return RankingForm(
        ranker=ranker or "",
        where=where or "",
        followers=followers or "",
        q=q,
        partners=partners,
        balance=balance,
        refine=refine,
        exclude=tuple(exclude or ()),
        exposure=exposure,
    )


Form = Annotated[RankingForm, Depends(ranking_form)]
