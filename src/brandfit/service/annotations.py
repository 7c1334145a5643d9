"""Likes and dislikes ("Not this") that people marked for a brand, of influencers that are in the
workspace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.pipeline import RankingQuery
from brandfit.service.store import ServiceStore
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class Opinions:
    """Ids, sorted; gone: marked influencers that are not in the workspace any more and have no effect."""

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    gone: tuple[str, ...]

    def applied(self, query: RankingQuery, refine: bool) -> RankingQuery:
        """The query with these marks: dislikes are left out, and with ``refine`` likes and dislikes adjust
        the scores too."""
        marked = replace(query, not_this=[*query.not_this, *self.dislikes])
        if not refine:
            return marked
        return replace(marked, like=[*query.like, *self.likes], dislike=[*query.dislike, *self.dislikes])


def opinions(workspace: Workspace, desk: ServiceStore, brand: str) -> Opinions:
    """What was marked for the brand."""
    here = set(pipeline.load(workspace).influencers.tolist())
    marked = {
        who: mark["opinion"] for who, mark in desk.annotations(account_id(brand)).items() if mark["opinion"]
    }
    likes = sorted(who for who, opinion in marked.items() if opinion == "like" and who in here)
    dislikes = sorted(who for who, opinion in marked.items() if opinion == "dislike" and who in here)
    return Opinions(tuple(likes), tuple(dislikes), tuple(sorted(set(marked) - here)))
