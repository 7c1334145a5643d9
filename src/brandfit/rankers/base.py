"""The interface of a ranker: fitted on a Dataset, it scores (brand, candidates); higher is better."""

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
from brandfit.mappings import rows_of_each
from brandfit.progress import Progress
from brandfit.ranking import Ranking, rank

EXAMPLES = 3
"""Number of accounts that a note names as examples."""

SEEN_AS = {
    "brief": "{brand} is represented by its brief: it has no posts",
    "partners": "{brand} is represented by the posts of its partners: it has none of its own",
    "none": "nothing is known of {brand}: no posts, no brief, no partners",
}
UNREAD_BRIEF = (
    "{brand} is represented by its posts: its brief is not read. To rank by a brief: brandfit rank --brief"
)
NOT_FILLED = "no Features fill it"
"""Reason why a ranker leaves out a slot that the workspace does not fill."""
OWN_FEATURES = "{brand} is represented by features of its own: it has no posts"


class Ranker(ABC):
    """One ranker is one file.

    Authors write ``parts``, and ``fit``, ``arrays`` and ``load_arrays`` if the ranker learns. A ranker with
    more abilities overrides ``probability``, ``importance`` or ``attention``, which return None here; callers
    test for None.

    A score is NaN if there is no evidence about a candidate. The scored Dataset may differ from the fitted
    one: new brands and influencers are scored from their content.
    """

    kind: ClassVar[str] = "ranker"
    Config: ClassVar[type[settings.Config]] = settings.Config
    slots: ClassVar[tuple[str, ...]] = ()
    """Slots that it can read. It uses those that both sides have; a note names the others."""
    one_sided: ClassVar[tuple[str, ...]] = ()
    """The slots that it reads of influencers only."""
    part_names: ClassVar[tuple[str, ...]] = ()
    """Names of the parts of a score that are not slots."""
    brand_dependent: ClassVar[bool] = True
    """Whether a score depends on the brand."""
    learns: ClassVar[bool] = False
    """Whether ``fit`` learns from endorsements."""
    keeps_rows: ClassVar[bool] = True
    """Whether its arrays contain rows of single accounts; False if they contain weights only."""
    optional_endorsements: ClassVar[bool] = False
    """Whether a ranker that learns also works without endorsements."""

    def __init__(self, config: settings.Config | None = None, seed: int = 0) -> None:
        self.config = config if config is not None else self.Config()
        self.seed = seed
        self.fitted_on = ""
        """Fingerprint of the fitted Dataset."""
        self.reads: dict[str, tuple[str, int]] = {}
        """Slot to name and dim of the Features that ``fit`` learned from; empty if it learns from none."""
        self.training: dict[str, Any] = {}
        """Records of ``fit`` as JSON types: epochs, losses ..."""

    @property
    def name(self) -> str:
        return registry.name_of("ranker", type(self))

    @property
    def n_parameters(self) -> int:
        """Count of the numbers that ``fit`` learns (a column of the papers' tables)."""
        return 0

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        """Learn from the endorsements and Features of a Dataset. Returns itself.

        A long training keeps a checkpoint in ``folder`` and continues from it to the same result.
        """
        self.fitted_on = dataset.fingerprint
        return self

    @abstractmethod
    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """Name to (b, n) float array; the arrays add up to the score.

        A ranker without parts returns one array under its own name.
        """

    def score(self, dataset: Dataset, brands: Texts, candidates: Texts) -> np.ndarray:
        """(b, n) float64 scores of candidates for brands (distinct ids each); NaN without evidence."""
        return sum_parts(self.parts(dataset, _ids(brands, "brands"), _ids(candidates, "candidates")))

    def probability(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> Probability | None:
        """(b, n) calibrated probabilities that each pair works together, with 95 % intervals.

        NaN without evidence. None if the fitted ranker has learned no probability. Commands, pages and
        reports use this method only.
        """
        return None

    def importance(self, dataset: Dataset, slot: str, account: str | None = None) -> np.ndarray | None:
        """(d,) weight of each column of a slot in the score, in general or for the partners of ``account``.

        None if the score is not a weighted inner product of the columns of this slot.
        """
        return None

    def attention(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, np.ndarray] | None:
        """Side ("brand", "influencer") to (d,) attention on each column of the concept slot, or None."""
        return None

    def score_factors(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, float]:
        """The factors whose product is the score of a pair, by name; {} if the score is a sum."""
        return {}

    def rank(
        self, dataset: Dataset, brand: str, *, candidates: Texts | None = None, k: int | None = None
    ) -> Ranking:
        """The best k candidates (default: all influencers that have not worked with the brand yet)."""
        if brand not in dataset.representation:
            raise UnknownName(
                "brand", brand, known=dataset.brands.tolist(), hint="List them with: brandfit list brands"
            )
        if candidates is None:
            past_partners = dataset.partners.get(brand, set())
            candidates = [id for id in dataset.influencers.tolist() if id not in past_partners]
        candidates = _ids(candidates, "candidates")
        if not len(candidates):
            raise UsageError(
                f"There are no candidates to rank for {brand!r}.", "Import influencers, or widen the choice."
            )
        parts = self.parts(dataset, np.array([brand], dtype=object), candidates)
        known_parts = self.known_parts(dataset, brand, candidates=candidates, parts=parts)
        notes = [*self.unknown(dataset, brand, candidates), *self.notes(dataset)]
        if representation_note := self._representation_note(dataset, brand):
            notes = [representation_note, *notes]
        return rank(
            brand,
            candidates,
            scores=sum_parts(rows_of_each(parts, 0)),
            k=k,
            parts=rows_of_each(known_parts, 0),
            ranker=self.name,
            fingerprint=dataset.fingerprint,
            notes=notes,
        )

    def known_parts(
        self, dataset: Dataset, brand: str, *, candidates: np.ndarray, parts: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The ``parts`` (1, n) of one brand; NaN instead of 0 if a slot is unknown for the pair."""
        known = dict(parts)
        for slot in self.used_slots(dataset):
            if slot not in parts or len(parts) == 1:
                continue
            has = self._has_slot(dataset, slot, brand=brand, candidates=candidates)
            known[slot] = np.where(~has & (parts[slot] == 0), np.nan, parts[slot])
        return known

    def unknown_slots(self, dataset: Dataset, brand: str, candidate: str) -> tuple[str, ...]:
        """The used slots that one side of a pair lacks, so that they cannot compare the two."""
        ids = np.array([candidate], dtype=object)

        def is_unknown(slot: str) -> bool:
            return not self._has_slot(dataset, slot, brand=brand, candidates=ids)[0]

        return tuple(filter(is_unknown, self.used_slots(dataset)))

    def _has_slot(self, dataset: Dataset, slot: str, *, brand: str, candidates: np.ndarray) -> np.ndarray:
        """(n,) bool: candidates with this slot.

        None of them if the ranker reads the slot of brands too, and this brand lacks it.
        """
        has = account_has(dataset, slot, candidates)
        if slot not in self.one_sided:
            has = has & brand_has(dataset, slot, np.array([brand], dtype=object))
        return has

    def unknown(self, dataset: Dataset, brand: str, candidates: np.ndarray) -> list[str]:
        """Notes on the slots that the brand lacks, and on the number of candidates that lack a slot."""
        notes = []
        one_brand = np.array([brand], dtype=object)
        for slot in self.used_slots(dataset):
            if slot not in self.one_sided and not brand_has(dataset, slot, one_brand)[0]:
                notes.append(f"{slot} does not count: {brand} has no such features")
                continue
            lacking = candidates[~account_has(dataset, slot, candidates)]
            if len(candidates) == 1 and len(lacking):
                notes.append(f"{slot} is unknown for {candidates[0]}: it is left out of the score")
            elif len(lacking):
                examples = ", ".join(map(str, lacking[:EXAMPLES]))
                examples += ", …" if len(lacking) > EXAMPLES else ""
                count = f"{len(lacking):,} of {len(candidates):,} candidates"
                notes.append(f"{slot} is unknown for {count} ({examples}): it is left out of their scores")
        return notes

    def _representation_note(self, dataset: Dataset, brand: str) -> str:
        """How the brand is represented, if not by its posts."""
        seen_as = dataset.representation[brand]
        if brand in dataset.unread_briefs:
            return UNREAD_BRIEF.format(brand=brand)
        note = SEEN_AS.get(seen_as, "").format(brand=brand)
        used = [slot for slot in self.used_slots(dataset) if slot not in self.one_sided]
        ids = np.array([brand], dtype=object)
        own = [slot for slot in used if account_has(dataset, slot, ids).any()]
        if seen_as != "partners" or not own:
            return note
        if own == used:
            return OWN_FEATURES.format(brand=brand)
        return f"{note}; {', '.join(own)} {'is its own' if len(own) == 1 else 'are its own'}"

    def unusable_slots(self, dataset: Dataset) -> dict[str, str]:
        """Slot to the reason why it cannot be used on this Dataset.

        Raises UsageError if a slot is filled with other Features than those of the fit.
        """
        reasons = {slot: self._missing(dataset, slot) for slot in self.slots}
        return {slot: reason for slot, reason in reasons.items() if reason}

    def used_slots(self, dataset: Dataset) -> list[str]:
        """The slots that it uses on this Dataset, in the order of ``slots``."""
        unusable = self.unusable_slots(dataset)
        return [slot for slot in self.slots if slot not in unusable]

    def notes(self, dataset: Dataset) -> list[str]:
        """Notes for readers of the result: the slots that were left out."""
        return [f"{slot} left out: {reason}" for slot, reason in self.unusable_slots(dataset).items()]

    @property
    def leaky(self) -> bool:
        """Whether it reads values that exist only for pairs that work together; every table marks it."""
        return False

    def reveal_labels(self, dataset: Dataset) -> None:  # noqa: B027  only a leaky ranker reads them
        """Give a leaky ranker the Dataset with the endorsements of the pairs to be scored."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The learned arrays, for storage."""
        return {}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:  # noqa: B027  no arrays by default
        """Restore the result of ``arrays``; afterwards the scores are equal."""

    def state(self) -> dict[str, Any]:
        """The remaining state for storage, as JSON types."""
        return {
            "ranker": self.name,
            "config": self.config.to_dict(),
            "seed": self.seed,
            "fitted_on": self.fitted_on,
            "reads": {slot: list(features) for slot, features in self.reads.items()},
            "training": self.training,
        }

    def _missing(self, dataset: Dataset, slot: str) -> str:
        """The reason why a slot cannot be used; empty if it can."""
        if slot not in dataset.slots:
            return NOT_FILLED
        features = dataset.slots[slot]
        filled = features.name, features.dim
        if filled != self.reads.get(slot, filled):
            name, dim = self.reads[slot]
            raise UsageError(
                f"{self.name} was fitted on {name} ({dim} columns) as {slot}, found {features.name} "
                f"({features.dim} columns).",
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
    """The ranker of a stored state and arrays. Raises UnknownName if no ranker has the stored name."""
    cls = registry.load("ranker", state["ranker"])
    ranker = cls(cls.Config.from_settings(state["config"]), state["seed"])
    ranker.reads = {slot: (name, dim) for slot, (name, dim) in state["reads"].items()}
    ranker.fitted_on, ranker.training = state["fitted_on"], dict(state["training"])
    ranker.load_arrays(arrays)
    return ranker


def _ids(values: Texts, name: str) -> np.ndarray:
    """(n,) object ids. An array is returned as it is, because most callers pass arrays."""
    return values if isinstance(values, np.ndarray) else np.array(texts(values, name), dtype=object)


def sum_parts(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sum of the parts."""
    values = list(parts.values())
    total = values[0].astype(np.float64)
    for value in values[1:]:
        total = total + value
    return total
