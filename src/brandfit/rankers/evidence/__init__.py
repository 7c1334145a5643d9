"""The evidence that ``brandfit`` weighs: one idea of why a pair works together is one file.

Here: ideas as functions of vectors and records. Not here: weights of evidence, reading a workspace, a ranker.
"""

from __future__ import annotations

from brandfit.rankers.evidence._idea import Idea, PairIdea, RecordIdea, SlotIdea
from brandfit.rankers.evidence.agreement import Agreement
from brandfit.rankers.evidence.cosine import Cosine
from brandfit.rankers.evidence.engagement import Engagement
from brandfit.rankers.evidence.expected_partner import ExpectedPartner
from brandfit.rankers.evidence.history import History
from brandfit.rankers.evidence.hubness import Hubness
from brandfit.rankers.evidence.kernel_regression import KernelRegression
from brandfit.rankers.evidence.late_interaction import LateInteraction
from brandfit.rankers.evidence.neighbour_profile import NeighbourProfile
from brandfit.rankers.evidence.partner_categories import PartnerCategories
from brandfit.rankers.evidence.plain_cosine import PlainCosine
from brandfit.rankers.evidence.two_covariance import TwoCovariance
from brandfit.rankers.evidence.whitened_cosine import WhitenedCosine

SLOT_IDEAS: tuple[SlotIdea, ...] = (Cosine(), Hubness(), LateInteraction())
"""Ideas that compare both sides by one slot at a time."""
PAIR_IDEAS: tuple[PairIdea, ...] = (
    PlainCosine(),
    KernelRegression(),
    ExpectedPartner(),
    TwoCovariance(),
    NeighbourProfile(),
    WhitenedCosine(),
    PartnerCategories(),
)
"""Ideas that compare both sides by all slots together."""
RECORD_IDEAS: tuple[RecordIdea, ...] = (History(), Engagement(), Agreement())
"""Ideas that read other records than content."""
IDEAS: tuple[Idea, ...] = (*SLOT_IDEAS, *PAIR_IDEAS, *RECORD_IDEAS)
"""All ideas. The order of the lists is the order of the weights of a model."""


def part_of(name: str) -> str:
    """The part of the score to which a piece of evidence, such as "hub.text", belongs."""
    prefix, _, slot = name.partition(".")
    for idea in IDEAS:
        if prefix in idea.prefixes:
            return idea.part or slot
    raise KeyError(name)
