"""What an idea is: a piece of evidence, or a few, about why a brand and an influencer work together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset

if TYPE_CHECKING:
    from brandfit.rankers.evidence._accounts import Accounts, InfluencerSide
    from brandfit.rankers.evidence._model import Evidence
    from brandfit.rankers.evidence._training import FittingContext


@dataclass(frozen=True)
class Pairs:
    """All pairs of b brands and n influencers, for an idea to compare.

    evidence      what was fitted
    brands        content of the brands, with what several ideas derive from it
    influencers   the same of the influencers, computed once for many brands
    shared_slots  slots that both sides were read from
    """

    evidence: Evidence
    brands: Accounts
    influencers: InfluencerSide
    shared_slots: tuple[str, ...]

    def has_both(self, slot: str) -> np.ndarray:
        """(b, n) bool: pairs with this slot on both sides."""
        is_present: np.ndarray = (
            self.brands.transformed[slot].present[:, None] & self.influencers.transformed[slot].present
        )
        return is_present


@dataclass(frozen=True)
class PartnerHistory:
    """Which training brands candidates have worked with.

    has_worked        (b, n) or (n,) 1 for a candidate that has worked with another brand, else 0
    worked            (n, t) sparse, of 0 and 1: candidates and the t training brands that they worked with
    brand_similarity  (b, t) mean cosine of each brand with each training brand
    own_row           (b,) row of each brand among the training brands, -1 for a new brand
    """

    has_worked: np.ndarray
    worked: sparse.csr_matrix
    brand_similarity: np.ndarray
    own_row: np.ndarray


@dataclass(frozen=True)
class PairRecords:
    """All pairs of brands (b,) and candidates (n,), ids, with the records that ideas may read.

    slots    slots without content ("category", "engagement") that may be read
    history  past partners; None if history is no evidence
    """

    dataset: Dataset
    brands: np.ndarray
    candidates: np.ndarray
    slots: frozenset[str]
    history: PartnerHistory | None = None


class Idea(ABC):
    """One idea: one file of this folder, one instance in a list of the package.

    The names of evidence are stored in models ("cos.text", "via.works"): prefix, then a slot or a variant.
    """

    prefixes: ClassVar[tuple[str, ...]]
    """First words of the names of its evidence."""
    part: ClassVar[str] = ""
    """Part of the score to which it belongs; "": the slot in the name."""


class ContentIdea(Idea):
    """Compares the content of both sides."""

    def influencer_columns(self, evidence: Evidence, influencers: Accounts) -> dict[str, np.ndarray]:
        """Name to (n, ...) arrays that do not depend on the brand; only if endorsements are known."""
        return {}


class SlotIdea(ContentIdea):
    """Compares both sides by one slot at a time."""

    @abstractmethod
    def features(self, pairs: Pairs, slot: str) -> dict[str, np.ndarray]:
        """Name to (b, n) values; NaN for a pair without this evidence."""


class PairIdea(ContentIdea):
    """Compares both sides by all slots together."""

    needs_endorsements: ClassVar[bool] = True
    """Whether it exists only if it was fitted on endorsements."""

    def fit(self, training: FittingContext) -> dict[str, np.ndarray]:
        """Name to array: what is learned and stored in the model."""
        return {}

    @abstractmethod
    def features(self, pairs: Pairs) -> dict[str, np.ndarray]:
        """Name to (b, n) values; NaN for a pair without this evidence."""


class RecordIdea(Idea):
    """Reads other records than content: categories, engagement, past partners."""

    @abstractmethod
    def features(self, records: PairRecords) -> dict[str, np.ndarray]:
        """Name to (b, n) values; NaN for a pair without this evidence; empty if there are no records."""
