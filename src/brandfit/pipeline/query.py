"""Which part of a ranking is listed, and by which scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brandfit.arguments import accounts, texts, weights
from brandfit.errors import UsageError
from brandfit.exposure import checked_exposure
from brandfit.search import filters

ACCOUNT_FIELDS = ("like", "dislike", "exclude", "not_this")
"""Fields of ``RankingQuery`` that hold ids of accounts."""


@dataclass(frozen=True)
class RankingQuery:
    """How the candidates of a brand are scored, and which of them are listed. Ranks count within this list.

    partners           past partners are candidates too
    where              condition (``search.filters``) that listed influencers meet
    weights            part of the score to its weight; the default weight is 1
    like, dislike      influencers that adjust the scores (``search.feedback``); disliked ones are left out
    exclude, not_this  influencers that are left out, as excluded by name and as marked “Not this”
    keywords           only influencers that a search for these words finds
    exposure           "parity": the listed influencers are in an order in which each follower tier has its
                       share of every prefix (``exposure.parity_order``); "": by score

    Accounts and keywords are one text or several, as in the public functions. They are stored as tuples:
    accounts as ids, each once; weights as a dictionary of numbers. Raises UsageError for other types.
    """

    partners: bool = False
    where: str | Mapping[str, Any] | None = None
    weights: Mapping[str, float] | None = None
    like: Sequence[str] = ()
    dislike: Sequence[str] = ()
    exclude: Sequence[str] = ()
    not_this: Sequence[str] = ()
    keywords: Sequence[str] = ()
    exposure: str | None = ""

    def __post_init__(self) -> None:
        # The dataclass is frozen, and its fields are converted once, here.
        for name in ACCOUNT_FIELDS:
            object.__setattr__(self, name, _account_ids(getattr(self, name), name))
        object.__setattr__(self, "keywords", tuple(texts(self.keywords or (), "keywords")))
        object.__setattr__(self, "exposure", checked_exposure(self.exposure))
        if self.exposure and (self.like or self.dislike):
            raise UsageError(
                "Parity of exposure and likes or dislikes both change the order, and the list says of each "
                "influencer what moved it.",
                "Ask for one of them: leave out exposure, or the likes and dislikes.",
            )
        if self.weights is not None:
            object.__setattr__(self, "weights", weights(self.weights, "weights"))

    @property
    def is_default(self) -> bool:
        """Whether the list is all candidates, by their scores as learned."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def adjusts(self) -> bool:
        """Whether the query changes scores."""
        has_weights = any(value != 1 for value in (self.weights or {}).values())
        return bool(self.like or self.dislike or has_weights)

    def has_ranks_of_pair(self, with_partners: bool) -> bool:
        """Whether ranks in this list are those of ``pair``: among all candidates but those marked “Not this”,
        by the score as learned, with or without past partners."""
        narrows = self.where or self.keywords or self.exclude or self.exposure
        return not (narrows or self.adjusts) and self.partners == with_partners

    @property
    def narrowed_by(self) -> str:
        """What makes the list another one than all candidates, as words for people; "" if nothing does."""
        # The words of the condition, not its JSON.
        condition = filters.condition(self.where)
        # A disliked influencer is left out too; each counts once.
        not_this = dict.fromkeys([*self.not_this, *self.dislike])
        return _joined(
            f"words: {' '.join(self.keywords)}" if self.keywords else "",
            f"condition: {condition}" if condition is not None else "",
            "past partners too" if self.partners else "",
            f"excluded by name: {len(self.exclude):,}" if self.exclude else "",
            f"“Not this”: {len(not_this):,}" if not_this else "",
            "each follower tier by its share of the candidates" if self.exposure else "",
        )

    @property
    def adjusted_by(self) -> str:
        """What changes the scores, as words for people; "" if nothing does."""
        if not self.adjusts:
            return ""
        # As typed after --weight.
        weight_words = " ".join(f"{part}={value:g}" for part, value in (self.weights or {}).items())
        return _joined(
            f"weights: {weight_words}" if weight_words else "",
            f"likes: {len(self.like):,}" if self.like else "",
            f"“Not this”: {len(self.dislike):,}" if self.dislike else "",
        )

    def without_marks_on(self, influencer: str) -> RankingQuery:
        """The same query, in which a dislike of this influencer leaves it out but does not adjust the scores
        of others."""
        if influencer not in self.dislike:
            return self
        # Marks on other influencers still adjust the scores.
        disliked = [account for account in self.dislike if account != influencer]
        return replace(self, dislike=disliked, not_this=[*self.not_this, influencer])


def _account_ids(names: str | Iterable[str] | None, field: str) -> tuple[str, ...]:
    """Ids of accounts as people type them, each once."""
    return tuple(dict.fromkeys(accounts(names or (), field)))


def _joined(*phrases: str) -> str:
    """The phrases that are not empty, separated by semicolons."""
    return "; ".join(filter(None, phrases))
