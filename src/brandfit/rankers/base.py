"""What every ranker is: fitted on a Dataset, it scores (brand, candidates), higher is better."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from brandfit import names
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UnknownName, UsageError
from brandfit.ranking import Ranking, rank

Tick = Callable[[int, int], None]
"""Called with (epochs done, epochs in all)."""


class Ranker(ABC):
    """One ranker is one file.

    Authors write ``score`` or, where a score is a sum, ``parts``; one that learns also ``fit``, ``arrays`` and
    ``load_arrays``. A score is NaN where there is no evidence at all to judge a candidate by.
    """

    kind: ClassVar[str] = "ranker"
    Config: ClassVar[type[Config]] = Config
    slots: ClassVar[tuple[str, ...]] = ()
    """Slots that it can read. It uses those that both sides have, leaves out the others and says so."""
    learns: ClassVar[bool] = False
    """Whether ``fit`` needs endorsements."""

    def __init__(self, config: Config | None = None, seed: int = 0) -> None:
        self.config = config if config is not None else self.Config()
        self.seed = seed
        self.fitted_on = ""
        """Fingerprint of the Dataset that it was fitted on."""

    @property
    def name(self) -> str:
        return names.name_of("ranker", type(self))

    def fit(self, dataset: Dataset, tick: Tick | None = None) -> Self:
        """Learn from the endorsements and Features of a Dataset. Returns itself."""
        self.fitted_on = dataset.fingerprint
        return self

    @abstractmethod
    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """Named (b, n) float arrays that add up to the score; one part named after the ranker where it has no parts."""

    def score(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """(b, n) scores of every candidate for every brand; NaN where there is no evidence."""
        return sum_parts(self.parts(dataset, brands, candidates))

    def rank(self, dataset: Dataset, brand: str, candidates: np.ndarray | None = None, k: int | None = None) -> Ranking:
        """The best k candidates (default: all influencers that have not worked with the brand yet)."""
        if brand not in dataset.representation:
            raise UnknownName("brand", brand, dataset.brands.tolist(), "List them with: brandfit list brands")
        if candidates is None:
            known = dataset.partners.get(brand, set())
            candidates = np.array([i for i in dataset.influencers.tolist() if i not in known], dtype=object)
        if not len(candidates):
            raise UsageError(f"There are no candidates to rank for {brand!r}.", "Import influencers, or widen the choice.")
        parts = self.parts(dataset, np.array([brand], dtype=object), candidates)
        scores = sum_parts(parts)[0]
        rows = {name: np.broadcast_to(values, (1, len(candidates)))[0] for name, values in parts.items()}
        return rank(brand, candidates, scores, k, rows, self.name, dataset.fingerprint, self.notes(dataset))

    def used_slots(self, dataset: Dataset) -> list[str]:
        """The slots that it reads of those that this Dataset fills."""
        return [slot for slot in self.slots if slot in dataset.slots]

    def notes(self, dataset: Dataset) -> list[str]:
        """What a reader of the result must know: slots that were left out, how brands were represented."""
        return [f"{slot} left out: no features fill this slot" for slot in self.slots if slot not in dataset.slots]

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, for storage."""
        return {}

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take back what ``arrays`` gave; afterwards the scores are equal."""

    def state(self) -> dict[str, Any]:
        """Everything beside the arrays that storage needs, as JSON types."""
        return {"ranker": self.name, "config": self.config.to_dict(), "seed": self.seed, "fitted_on": self.fitted_on}


def sum_parts(parts: dict[str, np.ndarray]) -> np.ndarray:
    """The score that parts add up to."""
    values = list(parts.values())
    total = values[0].astype(np.float64)
    for value in values[1:]:
        total = total + value
    return total
