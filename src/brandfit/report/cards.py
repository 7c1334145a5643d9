"""The cards of a report: a ranked influencer with score, reasons, pictures and charts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.explain import explain as explaining
from brandfit.explain.explanation import Explanation, Radar
from brandfit.explain.heatmap import decoded
from brandfit.explain.render import overlay
from brandfit.explain.text import SLOT
from brandfit.rankers.base import Ranker
from brandfit.report.album import Album, data_uri
from brandfit.report.content import Card, Profile, Shot
from brandfit.report.words import count, day, shortened
from brandfit.search.facts import Facts, category_words

SHOTS = 4
"""Pictures on a card."""


@dataclass(frozen=True)
class CardMaker:
    """Makes the cards of the influencers of one brand.

    maps  the encoder that fills the slot ``picture``, if heat maps are wanted
    """

    ranker: Ranker
    dataset: Dataset
    brand: str
    album: Album
    facts: Facts
    maps: Encoder | None
    seed: int

    def explanation(self, influencer: str, more: Mapping[str, Any]) -> Explanation | None:
        """Why the influencer has its score; None without evidence.

        more  rank and counts, for the sentences of the explanation
        """
        # One pair: the score is (1, 1), NaN without evidence.
        brands, influencers = (np.array([id], dtype=object) for id in (self.brand, influencer))
        if np.isnan(self.ranker.score(self.dataset, brands, influencers)[0, 0]):
            return None
        is_by_partners = self.dataset.representation[self.brand] == "partners"
        # Heat maps take long, so they are made on request.
        kinds = ("posts", "columns", "maps") if self.maps is not None else ("posts", "columns")
        return explaining.explain(
            self.ranker,
            self.dataset,
            brand=self.brand,
            influencer=influencer,
            kinds=kinds,
            # A brand without posts is represented by its partners: the card says which of them speak for it.
            sides=("influencer", "brand") if is_by_partners else ("influencer",),
            encoders={"picture": self.maps} if self.maps is not None else {},
            more=more,
            seed=self.seed,
        )

    def card(
        self, influencer: str, rank: int | None, *, score: float, explanation: Explanation | None
    ) -> Card:
        """The card; without an explanation it says that there is no evidence."""
        row = self.facts.ids.tolist().index(influencer)
        category = category_words(
            self._fact("category", row),
            self._fact("category_is_stated", row),
            self._fact("confidence", row),
        )
        shots = self.album.strongest(influencer, explanation, SHOTS)
        shots_name = "posts that add most to the score"
        # A score to which no post adds, or without evidence, is illustrated by the newest posts.
        if not shots:
            shots, shots_name = self.album.newest(influencer, SHOTS), "newest posts"
        account = self.dataset.account(influencer)
        words_by_label = self._words_by_label(row, category)
        profile = profile_of(account, words_by_label, shots=shots, shots_name=shots_name)
        # The card without evidence; an explanation replaces its last fields.
        card = Card(
            rank=rank,
            profile=profile,
            category=category,
            followers=self._fact("followers", row),
            score=score,
            parts={},
            chance=None,
            why=(f"There is no evidence on {influencer}: nothing that both share was encoded.",),
            radar=None,
            maps=(),
        )
        return self._with_explanation(card, explanation) if explanation is not None else card

    def _fact(self, name: str, row: int) -> Any:
        return getattr(self.facts, name)[row].as_py()

    def _words_by_label(self, row: int, category: str) -> dict[str, str]:
        """Label to words of the known facts of an influencer; "" if unknown."""
        engagement, last_post = self._fact("engagement", row), self._fact("last_post", row)
        return {
            "Category": category,
            "Followers": count(self._fact("followers", row)),
            "Engagement": f"{100 * engagement:.1f} % a post" if engagement is not None else "",
            "Posts looked at": count(self._fact("imported_posts", row)),
            "Last post": day(last_post) if last_post is not None else "",
        }

    def _with_explanation(self, card: Card, explanation: Explanation) -> Card:
        chance = explanation.more.get("probability")
        return Card(
            rank=card.rank,
            profile=card.profile,
            category=card.category,
            followers=card.followers,
            score=card.score,
            parts=dict(explanation.parts),
            chance=(chance[0], chance[1], chance[2]) if chance else None,
            why=_reasons(explanation),
            radar=both_sides(explanation),
            maps=self._maps(explanation),
        )

    def _maps(self, explanation: Explanation) -> tuple[Shot, ...]:
        """Heat maps over pictures. All maps of a pair have one scale, so that a map without an effect stays
        pale."""
        largest = max((float(np.abs(heat.values).max()) for heat in explanation.maps), default=0.0)
        least = max(largest, abs(explanation.score) / 100)
        post_by_id = {post["id"]: post for post in self.album.posts[explanation.influencer]}
        shots = []
        for heat in explanation.maps:
            # The map is drawn over the stored copy of the picture.
            buffer = io.BytesIO()
            picture = overlay(decoded(self.dataset, heat.picture), heat.values, least=least)
            picture.save(buffer, "JPEG", quality=85)
            post = post_by_id[heat.post]
            alt = (
                f"{self.album.alt(post)}, with what speaks for the pair in red and what speaks against it in "
                "blue"
            )
            shots.append(Shot(data_uri(buffer.getvalue()), alt, shortened(post["caption"] or "")))
        return tuple(shots)


def profile_of(
    account: Mapping[str, Any],
    words_by_label: Mapping[str, str],
    *,
    shots: list[Shot],
    shots_name: str,
) -> Profile:
    """An account with its known facts and its pictures; ``shots_name`` says which pictures these are."""
    facts = {label: words for label, words in words_by_label.items() if words}
    return Profile(
        id=account["id"],
        name=account["name"] or "",
        biography=shortened(account["biography"] or ""),
        facts=facts,
        shots=tuple(shots),
        display_name=shots_name,
    )


def _reasons(explanation: Explanation) -> tuple[str, ...]:
    """Sentences on the score, the one on its parts first. The sentence with the score itself is left out,
    because the card has it as a number."""
    parts = [(name, value) for name, value in explanation.parts.items() if value]
    is_one_of_several = len(explanation.parts) > 1 and len(parts) == 1
    if is_one_of_several:
        name, value = parts[0]
        sentence = f"The whole score comes of {SLOT.get(name, name)} ({value:+.2f})."
        return (sentence, *explanation.sentences[1:])
    return explanation.sentences[1:] or explanation.sentences


def both_sides(explanation: Explanation) -> Radar | None:
    """The first radar with historical shares of both sides, without other lines; None if there is none."""
    for radar in explanation.radars:
        values_by_side = {}
        for name, values in radar.series.items():
            if name.startswith("historical"):
                values_by_side[name.rpartition(": ")[2]] = values
        if {"brand", "influencer"} <= set(values_by_side):
            # In this order the line of the brand is drawn first.
            sides = {side: values_by_side[side] for side in ("brand", "influencer")}
            return Radar(radar.axes, sides, radar.source)
    return None
