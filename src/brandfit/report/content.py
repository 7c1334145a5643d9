"""The content of a report on a brand and its ranked influencers, as data. ``report.html`` draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brandfit.campaign.shortlist import Shortlist
from brandfit.data.candidates import Counted, sentences
from brandfit.explain.explanation import Radar


@dataclass(frozen=True)
class Shot:
    """A picture of a post.

    uri   its bytes as a data: URI
    alt   description for screen readers
    told  a comment, such as what the post adds to the score
    """

    uri: str
    alt: str
    caption: str = ""
    told: str = ""


@dataclass(frozen=True)
class Profile:
    """An account with its known facts.

    facts         label to words
    shots         some of its pictures
    display_name  which pictures these are
    """

    id: str
    name: str
    biography: str
    facts: Mapping[str, str]
    shots: tuple[Shot, ...]
    display_name: str = ""

    @property
    def face(self) -> str:
        """The picture of the account in a table, "" if it has none."""
        return self.shots[0].uri if self.shots else ""


@dataclass(frozen=True)
class Card:
    """A ranked influencer.

    rank     None without evidence, and for an influencer that is no candidate
    score    NaN without evidence
    parts    part of the score to what it adds; they add up to the score
    chance   probability of working together (value, low, high); None if the ranker gives none
    why      sentences, the most informative first
    radar    shares of the topics of both sides; None without Features that have named columns
    maps     heat maps over its pictures; () if none are wanted
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
    """A brand and its best candidates.

    brand_representation  what represents the brand, in words
    topics      topic to its share of what the brand is about
    partners    known past partners
    best        number of first cards: the best of the ranking, or those that the caller ``picked``
    candidates  number of candidates
    cards       the first ones, best first, then members of the shortlist that are not among them
    shortlist   the best set, or None
    changed     sentences on how the set differs from the ranking
    method      sentences on what the numbers mean
    evaluation  the plain answer on this brand: partners among ten suggestions, and chance; () if it was not
                asked for
    notes       sentences on what was left out
    origin      label to words on data, Features and ranker
    excluded    influencers that are no candidates, counted by reason
    incomplete  candidates with unknown values, counted by reason
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
    evaluation: tuple[str, ...] = ()

    @property
    def counts(self) -> list[str]:
        """Sentences on the number of candidates, and on the others by reason."""
        return sentences(self.candidates, self.excluded, incomplete=self.incomplete)
