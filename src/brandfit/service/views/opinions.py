"""Likes and dislikes (“Not this”) that people gave for a brand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.pipeline import RankingQuery
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class Opinions:
    """Sorted ids of influencers.

    gone  influencers with an opinion that are not in the workspace any more; they have no effect
    """

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    gone: tuple[str, ...]

    def applied(self, query: RankingQuery, refine: bool) -> RankingQuery:
        """The query without disliked influencers; with ``refine``, likes and dislikes adjust the scores
        too."""
        narrowed = replace(query, not_this=[*query.not_this, *self.dislikes])
        if not refine:
            return narrowed
        return replace(narrowed, like=[*query.like, *self.likes], dislike=[*query.dislike, *self.dislikes])


def opinions(workspace: Workspace, store: ServiceStore, brand: str) -> Opinions:
    """The opinions for a brand."""
    # A set: the list of opinions may be long.
    influencers = set(pipeline.load(workspace).influencers.tolist())
    ids: dict[str, list[str]] = {"like": [], "dislike": [], "gone": []}
    for influencer, annotation in sorted(store.annotations(account_id(brand)).items()):
        if annotation["opinion"]:
            ids[annotation["opinion"] if influencer in influencers else "gone"].append(influencer)
    return Opinions(tuple(ids["like"]), tuple(ids["dislike"]), tuple(ids["gone"]))
