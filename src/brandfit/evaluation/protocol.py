"""Protocols as named, frozen values: which split, which candidates, which metrics, which tie rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from brandfit import config
from brandfit.data import split
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.errors import UnknownName
from brandfit.evaluation.metrics import AUC, CAUC, MAP, MRR, NDCG, MedR, Metric, Recall, Ties

STANDARD: tuple[Metric, ...] = (AUC(), CAUC(), Recall(10), Recall(50), MRR(), MAP(), MedR(), NDCG(10))

Seed = Annotated[int, Meta(description="seed of the split; part of the protocol, not of the rankers")]


class OfficialConfig(config.Config, frozen=True):
    """The official split has no settings."""


class CV5Config(config.Config, frozen=True):
    k: Annotated[int, Meta(description="number of folds", ge=2, le=100)] = 5
    seed: Seed = 0


class SuggestionsConfig(config.Config, frozen=True):
    k: Annotated[int, Meta(description="number of folds; one brand, one fold, if there are fewer", ge=2)] = 5
    min_followers: Annotated[int, Meta(description="fewest followers of a candidate", ge=0)] = 5_000
    max_followers: Annotated[int, Meta(description="most followers of a candidate", ge=0)] = 100_000
    seed: Seed = 0

    def __post_init__(self) -> None:
        self.ordered("min_followers", "max_followers")


class ExpansionConfig(config.Config, frozen=True):
    share: Annotated[float, Meta(description="share of each brand's partners that is known", gt=0, lt=1)] = (
        0.5
    )
    min_partners: Annotated[int, Meta(description="a brand with fewer partners is not judged", ge=2)] = 5
    min_followers: Annotated[int, Meta(description="fewest followers of a candidate", ge=0)] = 5_000
    max_followers: Annotated[int, Meta(description="most followers of a candidate", ge=0)] = 100_000
    seed: Seed = 0

    def __post_init__(self) -> None:
        self.ordered("min_followers", "max_followers")


class TemporalConfig(config.Config, frozen=True):
    date: Annotated[
        int | str,
        Meta(
            description="earlier endorsements are known, later ones judged: 2018-12-01, or s since 1970 UTC"
        ),
    ]
    min_followers: Annotated[int, Meta(description="fewest followers of a candidate", ge=0)] = 5_000
    max_followers: Annotated[int, Meta(description="most followers of a candidate", ge=0)] = 100_000
    seed: Seed = 0

    def __post_init__(self) -> None:
        self.ordered("min_followers", "max_followers")


class Protocol(msgspec.Struct, frozen=True):
    """How rankers are judged.

    description  the split in words; settings are named in braces
    candidates   which influencers are ranked, in words
    split        ``split(dataset, **settings)`` gives the folds
    Config       the settings of the split
    settings     those that differ from the defaults
    metrics      in the order of tables
    ties         where relevant candidates are within a block of equal scores (``metrics``)
    compares_ties  whether the report also has each metric under every tie rule (B-14)
    compares_parity  whether each ranking is also judged in the order with parity of exposure by follower tier
    """

    name: str
    description: str
    candidates: str
    split: Callable[..., list[Fold]]
    Config: type[config.Config]
    settings: Mapping[str, Any] = {}
    metrics: tuple[Metric, ...] = STANDARD
    ties: Ties = "expected"
    compares_ties: bool = False
    compares_parity: bool = False

    @property
    def sentence(self) -> str:
        """The description with these settings."""
        settings = dict(self.settings)
        if self.Config is TemporalConfig:  # the catalogue describes it without a date
            settings = {"date": "a date"} | msgspec.to_builtins(self.settings)
        values = self.Config.from_settings(settings).to_dict()
        return self.description.format(**{name: _in_words(name, value) for name, value in values.items()})

    def folds(self, dataset: Dataset) -> list[Fold]:
        return self.split(dataset, **self.Config.from_settings(self.settings).to_dict())

    def replace(self, **changes: Any) -> Protocol:
        """The same protocol with these fields changed."""
        return msgspec.structs.replace(self, **changes)


PROTOCOLS: dict[str, Protocol] = {
    p.name: p
    for p in (
        Protocol(
            name="official",
            description="the source's own training and test brands",
            candidates="the influencers that work with a test brand",
            split=split.official,
            Config=OfficialConfig,
        ),
        Protocol(
            name="cv5",
            description="{k} folds over brands, stratified by category; every brand is new when it is judged",
            candidates="the influencers that work with a brand of the judged fold",
            split=split.brand_folds,
            Config=CV5Config,
        ),
        Protocol(
            name="suggestions",
            description="{k} folds over brands; every brand is new when it is judged, as a brand without "
            "known partners",
            candidates="all influencers inside the follower bounds that can be seen",
            split=split.suggestions,
            Config=SuggestionsConfig,
        ),
        Protocol(
            name="expansion",
            description="{share} of each brand's partners are known, the others are to be found",
            candidates="all influencers inside the follower bounds that can be seen, without the brand's "
            "known partners",
            split=split.expansion,
            Config=ExpansionConfig,
        ),
        Protocol(
            name="temporal",
            description="endorsements before {date} are known, new partners from then on are to be found; "
            "later posts are not seen",
            candidates="all influencers inside the follower bounds with an earlier post, without the "
            "brand's known partners",
            split=split.temporal,
            Config=TemporalConfig,
        ),
    )
}


def get(name: str, settings: Mapping[str, Any] | None = None) -> Protocol:
    """The protocol of this name with these settings. Raises UnknownName, ConfigError."""
    if name not in PROTOCOLS:
        raise UnknownName("protocol", name, known=PROTOCOLS)
    # Wrong settings are refused here, before any fold is made.
    protocol = PROTOCOLS[name].replace(settings=dict(settings or {}))
    protocol.Config.from_settings(protocol.settings, "protocol.")
    return protocol


def _in_words(name: str, value: Any) -> str:
    if name == "share":
        return "half" if value == 0.5 else f"{100 * value:g} %"
    if name == "date" and str(value).isdigit():
        return split.day(split.seconds(value))
    return "five" if name == "k" and value == 5 else str(value)
