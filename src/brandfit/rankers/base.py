"""What every ranker is: fitted on a Dataset, it scores (brand, candidates), higher is better."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from brandfit import config as settings
from brandfit import registry
from brandfit.arguments import Texts, texts
from brandfit.data.dataset import Dataset
from brandfit.errors import UnknownName, UsageError
from brandfit.learning.calibrated_logit import Probability
from brandfit.learning.pooling import account_has, any_account_has, brand_has
from brandfit.progress import Progress
from brandfit.ranking import Ranking, rank

EXAMPLES = 3
"""Accounts that a note names."""

SEEN_AS = {
    "brief": "{brand} is seen through its brief: it has no posts",
    "partners": "{brand} is seen through the posts of its partners: it has none of its own",
    "none": "nothing is known of {brand}: no posts, no brief, no partners",
}
NOT_FILLED = "no Features fill it"
"""Why a ranker leaves a slot out that the workspace has nothing for."""
ITSELF = "{brand} is seen through features of its own: it has no posts"


class Ranker(ABC):
    """One ranker is one file.

    Authors write ``parts``; one that learns also ``fit``, ``arrays`` and ``load_arrays``. One that can do
    more than score overrides ``probability``, ``importance`` or ``attention``, which return None here:
    callers test for None and for nothing else.

    A score is NaN where there is no evidence at all to judge a candidate by. What is scored need not be what
    it was fitted on: brands and influencers that came later are scored from their content alone.
    """

    kind: ClassVar[str] = "ranker"
    Config: ClassVar[type[settings.Config]] = settings.Config
    slots: ClassVar[tuple[str, ...]] = ()
    """Slots that it can read. It uses those that both sides have, leaves out the others and says so."""
    one_sided: ClassVar[tuple[str, ...]] = ()
    """Those of the slots that only the influencers' side is read of."""
    part_names: ClassVar[tuple[str, ...]] = ()
    """Names of parts of a score that are no slots."""
    brand_dependent: ClassVar[bool] = True
    """Whether a score depends on the brand at all."""
    learns: ClassVar[bool] = False
    """Whether ``fit`` learns from endorsements."""
    keeps_rows: ClassVar[bool] = True
    """Whether its arrays hold rows of single accounts; False for one that keeps weights alone."""
    optional_endorsements: ClassVar[bool] = False
    """Of one that learns: whether it can do without them."""

    def __init__(self, config: settings.Config | None = None, seed: int = 0) -> None:
        self.config = config if config is not None else self.Config()
        self.seed = seed
        self.fitted_on = ""
        """Fingerprint of the Dataset that it was fitted on."""
        self.reads: dict[str, tuple[str, int]] = {}
        """Slot to name and dim of the Features that ``fit`` learned from; empty for one that learns nothing
        from them."""
        self.training: dict[str, Any] = {}
        """What ``fit`` noted, as JSON types: epochs, losses ..."""

    @property
    def name(self) -> str:
        return registry.name_of("ranker", type(self))

    @property
    def n_parameters(self) -> int:
        """How many numbers ``fit`` learns (a column of the papers' tables)."""
        return 0

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        """Learn from the endorsements and Features of a Dataset. Returns itself.

        One that trains for long keeps a checkpoint in ``folder`` and continues from it to the same result.
        """
        self.fitted_on = dataset.fingerprint
        return self

    @abstractmethod
    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """Named (b, n) float arrays that add up to the score; a single one, named after the ranker, where it
        has no parts."""

    def score(self, dataset: Dataset, brands: Texts, candidates: Texts) -> np.ndarray:
        """(b, n) float64 scores of every candidate for every brand (distinct ids each); NaN where there is no
        evidence."""
        return sum_parts(self.parts(dataset, _ids(brands, "brands"), _ids(candidates, "candidates")))

    def probability(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> Probability | None:
        """(b, n) calibrated probabilities that each pair works together, with 95 % intervals; NaN where there
        is no evidence.

        None if this ranker, as it was fitted, learned no probability. Every command, page and report asks
        this method alone.
        """
        return None

    def importance(self, dataset: Dataset, slot: str, account: str | None = None) -> np.ndarray | None:
        """(d,) weight of each column of a slot in the score: in general, or for what the other side shows to
        ``account``.

        None if the score is not a weighted inner product of this slot's columns.
        """
        return None

    def attention(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, np.ndarray] | None:
        """Side ("brand", "influencer") to (d,) attention on each column of the concept slot; None if there is
        none."""
        return None

    def rank(
        self, dataset: Dataset, brand: str, *, candidates: Texts | None = None, k: int | None = None
    ) -> Ranking:
        """The best k candidates (default: all influencers that have not worked with the brand yet)."""
        if brand not in dataset.representation:
            raise UnknownName(
                "brand", brand, known=dataset.brands.tolist(), hint="List them with: brandfit list brands"
            )
        if candidates is None:
            known = dataset.partners.get(brand, set())
            candidates = [i for i in dataset.influencers.tolist() if i not in known]
        candidates = _ids(candidates, "candidates")
        if not len(candidates):
            raise UsageError(
                f"There are no candidates to rank for {brand!r}.", "Import influencers, or widen the choice."
            )
        parts = self.parts(dataset, np.array([brand], dtype=object), candidates)
        scores = sum_parts({name: values[0] for name, values in parts.items()})
        rows = {
            name: values[0]
            for name, values in self.known_parts(dataset, brand, candidates=candidates, parts=parts).items()
        }
        notes = self.notes(dataset)
        notes = [*self.unknown(dataset, brand, candidates), *notes]
        if seen_as := self._representation_note(dataset, brand):
            notes = [seen_as, *notes]
        return rank(
            brand,
            candidates,
            scores=scores,
            k=k,
            parts=rows,
            ranker=self.name,
            fingerprint=dataset.fingerprint,
            notes=notes,
        )

    def known_parts(
        self, dataset: Dataset, brand: str, *, candidates: np.ndarray, parts: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The ``parts`` (1, n) of one brand; NaN in place of 0 where a slot is unknown for the pair."""
        known = dict(parts)
        for slot in self.used_slots(dataset):
            if slot not in parts or len(parts) == 1:
                continue
            has = self._has_slot(dataset, slot, brand=brand, candidates=candidates)
            known[slot] = np.where(~has & (parts[slot] == 0), np.nan, parts[slot])
        return known

    def unknown_slots(self, dataset: Dataset, brand: str, candidate: str) -> tuple[str, ...]:
        """The slots that it uses and that one side of a pair lacks: they say nothing of the two together."""
        ids = np.array([candidate], dtype=object)
        slots = self.used_slots(dataset)
        return tuple(
            slot for slot in slots if not self._has_slot(dataset, slot, brand=brand, candidates=ids)[0]
        )

    def _has_slot(self, dataset: Dataset, slot: str, *, brand: str, candidates: np.ndarray) -> np.ndarray:
        """(n,) bool: candidates for whom a slot is known, and for the brand too where both sides are read."""
        has = account_has(dataset, slot, candidates)
        if slot not in self.one_sided:
            has = has & brand_has(dataset, slot, np.array([brand], dtype=object))
        return has

    def unknown(self, dataset: Dataset, brand: str, candidates: np.ndarray) -> list[str]:
        """Which slots the brand lacks, and how many candidates lack one: these parts of their scores are
        unknown."""
        notes = []
        one_brand = np.array([brand], dtype=object)
        for slot in self.used_slots(dataset):
            if slot not in self.one_sided and not brand_has(dataset, slot, one_brand)[0]:
                notes.append(f"{slot} does not count: nothing of {brand} is there to compare")
                continue
            lacking = candidates[~account_has(dataset, slot, candidates)]
            if len(candidates) == 1 and len(lacking):
                notes.append(f"{slot} is unknown for {candidates[0]}: it is left out of the score")
            elif len(lacking):
                examples = ", ".join(map(str, lacking[:EXAMPLES])) + (
                    ", …" if len(lacking) > EXAMPLES else ""
                )
                count = f"{len(lacking):,} of {len(candidates):,} candidates"
                notes.append(f"{slot} is unknown for {count} ({examples}): it is left out of their scores")
        return notes

    def _representation_note(self, dataset: Dataset, brand: str) -> str:
        """How the brand is seen, where that is worth a note."""
        how = dataset.representation[brand]
        used = [slot for slot in self.used_slots(dataset) if slot not in self.one_sided]
        own = [slot for slot in used if account_has(dataset, slot, np.array([brand], dtype=object)).any()]
        if how != "partners" or not own:
            return SEEN_AS.get(how, "").format(brand=brand)
        told = "is its own" if len(own) == 1 else "are its own"
        return (
            ITSELF.format(brand=brand)
            if own == used
            else f"{SEEN_AS[how].format(brand=brand)}; {', '.join(own)} {told}"
        )

    def unusable_slots(self, dataset: Dataset) -> dict[str, str]:
        """The slots that it cannot use on this Dataset, and why.

        Raises UsageError where a slot is filled with other Features than those that it was fitted on.
        """
        reasons = {slot: self._missing(dataset, slot) for slot in self.slots}
        return {slot: reason for slot, reason in reasons.items() if reason}

    def used_slots(self, dataset: Dataset) -> list[str]:
        """The slots that it uses on this Dataset, in the order of ``slots``."""
        left_out = self.unusable_slots(dataset)
        return [slot for slot in self.slots if slot not in left_out]

    def notes(self, dataset: Dataset) -> list[str]:
        """What a reader of the result must know: the slots that were left out."""
        return [f"{slot} left out: {reason}" for slot, reason in self.unusable_slots(dataset).items()]

    @property
    def leaky(self) -> bool:
        """Whether it scores a pair by what only pairs have that work together; every table names it so."""
        return False

    def reveal_labels(self, dataset: Dataset) -> None:  # noqa: B027  nobody looks but one that is leaky
        """For one that is leaky: the Dataset with the endorsements of the pairs to be scored."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, for storage."""
        return {}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:  # noqa: B027  nothing to take back by default
        """Take back what ``arrays`` gave; afterwards the scores are equal."""

    def state(self) -> dict[str, Any]:
        """Everything beside the arrays that storage needs, as JSON types."""
        return {
            "ranker": self.name,
            "config": self.config.to_dict(),
            "seed": self.seed,
            "fitted_on": self.fitted_on,
            "reads": {slot: list(features) for slot, features in self.reads.items()},
            "training": self.training,
        }

    def _missing(self, dataset: Dataset, slot: str) -> str:
        """Why a slot says nothing about any pair, '' where it does."""
        if slot not in dataset.slots:
            return NOT_FILLED
        features = dataset.slots[slot]
        if (found := (features.name, features.dim)) != self.reads.get(slot, found):
            name, dim = self.reads[slot]
            raise UsageError(
                f"{self.name} was fitted on {name} ({dim} columns) as {slot}, found {found[0]} ({found[1]} "
                "columns).",
                f"Fill the slot with {name} again, or fit {self.name} anew.",
            )
        if not any_account_has(dataset, slot, side="influencer"):
            return "no influencer has such features"
        if slot not in self.one_sided and not any_account_has(dataset, slot, side="brand"):
            return "no brand has such features"
        if self.reads and slot not in self.reads:
            return "it was not there, or of no use, when the ranker was trained; train it again to use it"
        return ""


def restored(state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Ranker:
    """The ranker that gave this state and these arrays. Raises UnknownName where there is none of its
    name."""
    cls = registry.load("ranker", state["ranker"])
    ranker = cls(cls.Config.from_settings(state["config"]), state["seed"])
    ranker.reads = {slot: (name, dim) for slot, (name, dim) in state["reads"].items()}
    ranker.fitted_on, ranker.training = state["fitted_on"], dict(state["training"])
    ranker.load_arrays(arrays)
    return ranker


def _ids(values: Texts, name: str) -> np.ndarray:
    """(n,) object ids; an array stays the same object, because rankers are called with arrays all the
    time."""
    return values if isinstance(values, np.ndarray) else np.array(texts(values, name), dtype=object)


def sum_parts(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The score that parts add up to."""
    values = list(parts.values())
    total = values[0].astype(np.float64)
    for value in values[1:]:
        total = total + value
    return total
