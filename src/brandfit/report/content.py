"""What a report says of a brand and of those that are ranked for it. Data, not drawing (``report.html``
draws)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import Counted, sentences
from brandfit.explain.explanation import Radar


@dataclass(frozen=True)
class Shot:
    """A picture of a post: its bytes as a data: URI, what is seen in words, the caption, and what is to be
    said of it."""

    uri: str
    alt: str
    caption: str = ""
    told: str = ""


@dataclass(frozen=True)
class Profile:
    """An account as it shows itself. facts: label to words, of what is known; shots: its pictures; shown:
    which ones these are."""

    id: str
    name: str
    biography: str
    facts: Mapping[str, str]
    shots: tuple[Shot, ...]
    display_name: str = ""

    @property
    def face(self) -> str:
        """The picture that stands for it in a table, "" where it has none."""
        return self.shots[0].uri if self.shots else ""


@dataclass(frozen=True)
class Card:
    """One who is ranked.

    rank     None where there is no evidence, and of one that is no candidate
    score    NaN where there is no evidence
    parts    name to what it adds; they add up to the score
    chance   (middle, low, high) of working together, None of a ranker that tells none
    why      sentences, the first one the most telling
    radar    shares of what both sides are about, None where nothing with names was encoded
    maps     heat maps over its pictures, where they were asked for
    """

    rank: int | None
    profile: Profile
    category: str
    followers: int | None
    score: float
    parts: Mapping[str, float]
    chance: tuple[float, float, float] | None
    why: tuple[str, ...]
    radar: Radar | None
    maps: tuple[Shot, ...]


@dataclass(frozen=True)
class Report:
    """A brand, and the best of its candidates.

    seen       through what the brand is seen
    topics     name to share of what it is about
    partners   known past ones
    best       how many are shown of so many candidates: the best, or where ``picked`` those that were asked
               for
    excluded   influencers that are no candidates, incomplete: candidates about whom something is unknown,
               counted by reason
    cards      of these, the best first, and then of those of the shortlist that are not among them
    shortlist  the best set, where one was asked for; changed: how it differs from the ranking
    method     sentences on what the numbers mean; notes: on what was left out
    origin     label to words on data, features and ranker
    """

    brand: Profile
    brand_representation: str
    topics: Mapping[str, float]
    hashtags: tuple[str, ...]
    partners: tuple[str, ...]
    ranker: str
    best: int
    picked: bool
    candidates: int
    cards: tuple[Card, ...]
    shortlist: Shortlist | None
    changed: tuple[str, ...]
    method: tuple[str, ...]
    notes: tuple[str, ...]
    origin: Mapping[str, str]
    date: str
    excluded: tuple[Counted, ...] = ()
    incomplete: tuple[Counted, ...] = ()

    @property
    def counts(self) -> list[str]:
        """How many influencers are candidates, and why the others are not."""
        return sentences(self.candidates, self.excluded, incomplete=self.incomplete)
