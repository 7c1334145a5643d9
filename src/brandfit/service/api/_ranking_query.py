"""Parameters of addresses that decide a ranking. Rankings and explanations take the same ones, so that an
explanation gives the rank and the score of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query

from brandfit import pipeline
from brandfit.service.http.dependencies import Followers, Ranker, Weights, WhereQuery
from brandfit.service.requests import Handle, Keywords
from brandfit.service.views import rankings
from brandfit.service.views.opinions import Opinions

Exposure = Annotated[
    Literal["parity"] | None,
    Query(description="parity: every follower tier has its share of the places of the list"),
]
Influencers = Annotated[list[Handle], Query(max_length=50)]


@dataclass(frozen=True)
class RankingParameters:
    """Which candidates are listed, and how they are scored.

    refine  whether the stored likes and dislikes for the brand adjust the scores
    """

    ranker: Ranker = None
    where: WhereQuery = None
    partners: Annotated[bool, Query(description="past partners are candidates too")] = False
    weight: Weights = ()  # type: ignore[assignment]  # a dataclass takes no list as a default
    like: Influencers = ()  # type: ignore[assignment]
    dislike: Influencers = ()  # type: ignore[assignment]
    refine: Annotated[
        bool, Query(description="the likes and dislikes that are stored for the brand adjust the scores too")
    ] = False
    followers: Followers = None
    q: Keywords = ""
    exposure: Exposure = None

    def query(self, opinions: Opinions) -> pipeline.RankingQuery:
        """The ranking that these parameters describe. Disliked influencers are always left out."""
        # Blanks in q separate keywords.
        query = pipeline.RankingQuery(
            partners=self.partners,
            where=self.where,
            weights=rankings.weights(self.weight),
            like=self.like,
            dislike=self.dislike,
            keywords=self.q.split(),
            exposure=self.exposure,
        )
        return opinions.applied(query, self.refine)


Parameters = Annotated[RankingParameters, Depends()]
