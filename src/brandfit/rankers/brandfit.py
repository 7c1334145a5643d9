"""brandfit: transformed features, what partners of similar brands have in common, and a calibrated weight for
each piece of evidence.

    logit P(i works with b) = intercept + sum over evidence k of w_k (f_k(b, i) - mean_k) / deviation_k

The evidence f is closed-form; one idea is one file of ``rankers.evidence``: cosines of Hellinger, centred and
whitened features, hubness (CSLS), late interaction of single posts if both sides have several, two-sided
kernel ridge regression, the expected partner, a two-covariance model, the similarity of both sides to the
training brands, and the probability that both have the same category (a stated category is certain, a
predicted one has its probability). The weights are those of a logistic regression over pairs that the
evidence was not fitted on (``rankers._cross_fitting``; stacking, Wolpert 1992). Nothing is trained by epochs;
one seed decides the folds.

The weights have a Gaussian prior with a mean that was learned on other data (``rankers._prior``): a few
brands move the weights a little, many brands outweigh the prior. Without endorsements the weights are the
prior mean, and there is no probability.

It uses the slots that are filled. A slot of brands alone shows which brands are similar. Parts: each slot
(similarity of the content of both sides), ``plain`` (their plain cosine, if few brands are known),
``partners`` (similar brands work with similar influencers), ``match`` (learned similarity), ``agreement`` (of
categories, also those of the brands of similar influencers), ``engagement`` (of the candidate, the same for
every brand) and, if all influencers are candidates, ``history`` (whether it has worked with brands, and how
similar they are). They add up to the score, the logit minus its intercept; ``probability`` is the calibrated
probability with an interval.

A probability refers to pairs that are sampled as in training. If all influencers are known to work with some
brand, the candidates of a fold are the partners of its brands, as in the published splits; otherwise all
influencers are candidates, as in use. If most brands are represented by their partners, as brands that only a
list of posts names, the folds are folds of pairs, not of brands.

docs/lab-log.md lists what was tried and left out, with figures: towers trained by gradient descent,
gradient-boosted trees on the same evidence, word matches, partners that two brands share.

Expected: on released topics, concepts and profiles, 5 folds over 286 brands: AUC .885, cAUC .69, Recall@10
.256, Recall@50 .597, MAP .304. Expansion of 1,039 real brands among 9,964 influencers with one or two posts
each, who state a category: AUC .78, cAUC .62, Recall@10 .015 (cosines: .67, .57, .006).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import numpy as np
from msgspec import Meta
from threadpoolctl import threadpool_limits

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.calibrated_logit import CalibratedLogit, Probability
from brandfit.learning.pooling import account_rows, account_vectors, brand_rows, brand_vectors
from brandfit.mappings import map_values, position_by_item, subset_of_each, with_prefix, without_prefix
from brandfit.progress import Progress
from brandfit.rankers import _prior
from brandfit.rankers._brandfit_training import (
    CONTENT_SLOTS,
    MIN_BRANDS,
    NEWEST_POSTS,
    TrainingData,
    WeightSettings,
    fit_weights,
    training_data,
)
from brandfit.rankers.base import Ranker
from brandfit.rankers.evidence import RECORD_IDEAS, part_of
from brandfit.rankers.evidence._accounts import InfluencerSide
from brandfit.rankers.evidence._idea import PairRecords
from brandfit.rankers.evidence._model import Evidence
from brandfit.rankers.evidence._training import SlotVectors
from brandfit.rankers.evidence.history import partner_history

STANDARDISING_BRANDS, STANDARDISING_INFLUENCERS = 200, 2_000
"""Maximum numbers of brands and influencers that standardise evidence if no endorsement is known."""
SINGLE_THREAD_INFLUENCERS = 4_000
"""Up to this number of influencers, sums run on one thread: the thread pools of NumPy and SciPy would
otherwise wait for each other."""


class BrandfitConfig(Config, frozen=True):
    folds: Annotated[
        int,
        Meta(description="parts that the training brands are dealt into to learn the weights", ge=2, le=20),
    ] = 5
    strength: Annotated[
        float, Meta(description="precision of the prior of the weights where brands are new", gt=0)
    ] = 100.0
    strength_known: Annotated[
        float,
        Meta(
            description="the same where brands are seen through partners and everybody is a candidate", gt=0
        ),
    ] = 300.0
    prior: Annotated[
        _prior.Sources,
        Meta(
            description="data that the prior mean of the weights was learned from; none: zeros, and equal "
            "cosines"
        ),
    ] = "both"
    others: Annotated[
        int, Meta(description="influencers without partners at most that the weights are learned from", ge=0)
    ] = 5_000
    pairs: Annotated[int, Meta(description="pairs at most that the weights are learned from", ge=1000)] = (
        400_000
    )


class SelectedSide(NamedTuple):
    """The influencer side of the evidence, and the rows of the candidates in it; None: all rows, in order."""

    side: InfluencerSide
    rows: np.ndarray | None


class Brandfit(Ranker):
    """Weighted evidence; see the module."""

    Config = BrandfitConfig
    config: BrandfitConfig
    slots = (*CONTENT_SLOTS, "category", "engagement")
    one_sided = ("engagement",)
    part_names = ("plain", "partners", "match", "agreement", "history")
    learns = True
    optional_endorsements = True

    def __init__(self, config: BrandfitConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.evidence: Evidence | None = None
        self.logit: CalibratedLogit | None = None
        self._cached_side: tuple[weakref.ref[Dataset], InfluencerSide] | None = None

    @property
    def n_parameters(self) -> int:
        """All fitted numbers, those of the closed forms included."""
        if self.evidence is None:
            return 0
        account_rows_prefixes = ("brand.", "influencer.")
        n_fitted = sum(
            values.size
            for name, values in self.evidence.arrays.items()
            if not name.startswith(account_rows_prefixes)
        )
        return n_fitted + (len(self.logit.weights) + 1 if self.logit is not None else 0)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        self.reads, self.training = {}, {}
        self.evidence, self.logit, self._cached_side = None, None, None
        settings = self._weight_settings()
        data = training_data(
            dataset, used_slots=self.used_slots(dataset), ranker=self.name, settings=settings
        )
        # Small matrices are faster on one thread.
        is_small = data.content.works.shape[1] <= SINGLE_THREAD_INFLUENCERS
        with threadpool_limits(1 if is_small else None, "blas"):
            if data.has_endorsements and data.has_two_sided_slot:
                self.logit = fit_weights(
                    dataset,
                    data,
                    record_slots=self._record_slots(dataset),
                    settings=settings,
                    progress=progress,
                )
            self.evidence = Evidence.fit(data.content, has_endorsements=self._is_fitted)
            if self.logit is None and data.has_two_sided_slot:
                self.logit = self._prior_logit(dataset, data)
        self._note_training(dataset, data)
        return super().fit(dataset)

    def notes(self, dataset: Dataset) -> list[str]:
        notes = super().notes(dataset)
        if not self._is_fitted:
            notes.append(
                f"nothing was learned from endorsements (it takes {MIN_BRANDS} brands with partners, and "
                "others to tell these from): "
                "a score is likeness alone, weighted as on other data"
            )
        return notes

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        features = self.evidence_of(dataset, brands, candidates)
        # A pair without a common slot has no score, whatever its engagement or history.
        has_evidence = _has_cosine(features)
        if has_evidence is None:
            return {self.name: np.full((len(brands), len(candidates)), np.nan)}
        terms = self.logit.terms(features) if self.logit is not None else {}
        # Terms of the logit, added up by part.
        parts: dict[str, np.ndarray] = {}
        for name, values in terms.items():
            part = part_of(name)
            parts[part] = parts.get(part, 0.0) + values
        return {part: np.where(has_evidence, values, np.nan) for part, values in parts.items()}

    def probability(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> Probability | None:
        """None if it was fitted with too few endorsements to learn a probability."""
        if self.logit is None or not self._is_fitted:
            return None
        features = self.evidence_of(dataset, brands, candidates)
        has_evidence = _has_cosine(features)
        if has_evidence is None:
            unknown = np.full((len(brands), len(candidates)), np.nan)
            return Probability(value=unknown, low=unknown.copy(), high=unknown.copy())
        value, low, high = self.logit.probability(features)
        return Probability(
            value=np.where(has_evidence, value, np.nan),
            low=np.where(has_evidence, low, np.nan),
            high=np.where(has_evidence, high, np.nan),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        if self.evidence is None:
            return {}
        arrays = with_prefix("evidence.", self.evidence.arrays)
        if self.logit is not None:
            arrays |= with_prefix("stack.", self.logit.arrays())
        return map_values(np.ascontiguousarray, arrays)

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        evidence, logit = without_prefix("evidence.", arrays), without_prefix("stack.", arrays)
        is_earlier_format = bool(evidence) and "plain" not in evidence
        if is_earlier_format or (logit and "brands" not in self.training):
            raise UsageError(
                f"{self.name} was trained by an earlier version, in a format that this version cannot read.",
                f"Train it again: brandfit train {self.name}",
            )
        self.evidence, self._cached_side = Evidence(evidence), None
        self.logit = CalibratedLogit.from_arrays(self.training["evidence"], logit) if logit else None

    def evidence_of(
        self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Name of evidence to (b, n) values, NaN for a pair without it; empty without a common slot."""
        if self.evidence is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset first; it needs no endorsements."
            )
        used_slots = [slot for slot in self.used_slots(dataset) if slot in CONTENT_SLOTS]
        brand_slots = [slot for slot in self.evidence.transforms if slot in dataset.slots]
        if not set(used_slots) & set(brand_slots):
            return {}
        vectors = {slot: brand_vectors(dataset, slot, brands=brands) for slot in brand_slots}
        # Single posts are read only for the slots whose late interaction has a weight.
        post_slots = []
        if self.logit is not None:
            has_weight = {slot for slot in used_slots if f"late.{slot}" in self.logit.names}
            post_slots = [
                slot for slot in used_slots if slot in has_weight and dataset.slots[slot].level == "post"
            ]
        posts = {slot: brand_rows(dataset, slot, brands=brands, newest=NEWEST_POSTS) for slot in post_slots}
        two_sided_slots = [slot for slot in used_slots if slot in brand_slots]
        side, rows = self._selected_side(dataset, candidates, slots=two_sided_slots, post_slots=post_slots)
        features = self.evidence.features(vectors, side, posts)
        if rows is not None:
            features = {name: values[:, rows] for name, values in features.items()}
        records = self._records(dataset, brands, candidates=candidates, vectors=vectors)
        for idea in RECORD_IDEAS:
            features |= idea.features(records)
        return features

    def _records(
        self, dataset: Dataset, brands: np.ndarray, *, candidates: np.ndarray, vectors: SlotVectors
    ) -> PairRecords:
        """The records that the weights cover."""
        slots, history = self._record_slots(dataset), None
        if not self._is_fitted:
            slots &= {"category"}
        elif self.logit is not None and self.evidence is not None and "known" in self.logit.names:
            history = partner_history(
                dataset,
                brands,
                candidates=candidates,
                training_brands=self.training["brands"],
                brand_similarity=self.evidence.brand_similarity(vectors),
            )
        return PairRecords(dataset, brands, candidates, slots, history)

    @property
    def _is_fitted(self) -> bool:
        """Whether the weights were fitted on endorsements, and are not the prior mean alone."""
        return self.logit is not None and self.logit.is_fitted

    def _weight_settings(self) -> WeightSettings:
        config = self.config
        return WeightSettings(
            n_folds=config.folds,
            strength=config.strength,
            strength_known=config.strength_known,
            prior=config.prior,
            max_others=config.others,
            max_pairs=config.pairs,
            seed=self.seed,
        )

    def _record_slots(self, dataset: Dataset) -> frozenset[str]:
        """Slots without content that it can read on this Dataset."""
        return frozenset(self.used_slots(dataset)) & {"category", "engagement"}

    def _prior_logit(self, dataset: Dataset, data: TrainingData) -> CalibratedLogit:
        """The prior mean of the weights, for evidence standardised over random pairs."""
        assert self.evidence is not None
        rng = seeds.generator(self.seed, "standardise")
        brands = np.sort(rng.permutation(len(data.brands))[:STANDARDISING_BRANDS])
        influencers = np.sort(rng.permutation(len(data.influencers))[:STANDARDISING_INFLUENCERS])
        content = data.content
        side = self.evidence.influencer_side(subset_of_each(content.influencers, influencers))
        features = self.evidence.features(subset_of_each(content.brands, brands), side)
        records = PairRecords(
            dataset=dataset,
            brands=data.brands[brands],
            candidates=data.influencers[influencers],
            slots=self._record_slots(dataset) & {"category"},
        )
        for idea in RECORD_IDEAS:
            features |= idea.features(records)
        # Without known pairs, the random pairs give mean and deviation only.
        names = tuple(features)
        columns = np.stack([features[name].ravel() for name in names], axis=1)  # (pairs, k)
        return CalibratedLogit.from_weights(names, columns, _prior.weights(names, 0, self.config.prior))

    def _note_training(self, dataset: Dataset, data: TrainingData) -> None:
        """Record the slots that were read, the weights, and the training brands."""
        record_slots = self._record_slots(dataset)
        slots = list(data.content.brands)
        if "category" in record_slots:
            slots.append("category")
        if "engagement" in record_slots and self._is_fitted:
            slots.append("engagement")
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in slots}
        if self.logit is not None:
            self.training = {
                "evidence": list(self.logit.names),
                "weights": self.logit.weights.round(4).tolist(),
                "brands": data.brands.tolist() if self._is_fitted else [],
            }

    def _selected_side(
        self, dataset: Dataset, candidates: np.ndarray, *, slots: list[str], post_slots: list[str]
    ) -> SelectedSide:
        """The influencer side of these candidates (n,) ids.

        The side of all influencers is cached, because the next brand needs the same.
        """
        row_by_influencer = dataset.cached(
            "row by influencer", lambda: position_by_item(dataset.influencers.tolist())
        )
        rows = np.array([row_by_influencer.get(id, -1) for id in candidates.tolist()], np.int64)
        # A local reference: another thread may score another Dataset meanwhile.
        cached = self._cached_side
        side = cached[1] if cached is not None and cached[0]() is dataset else None
        # For most influencers the complete side is cheaper than a subset of it.
        is_most = 2 * len(candidates) > len(row_by_influencer)
        if rows.min(initial=0) < 0 or (side is None and not is_most):
            return SelectedSide(
                self._influencer_side(dataset, candidates, slots=slots, post_slots=post_slots), None
            )
        if side is None:
            side = self._influencer_side(dataset, dataset.influencers, slots=slots, post_slots=post_slots)
            self._cached_side = weakref.ref(dataset), side
        return SelectedSide(side, rows) if is_most else SelectedSide(side.subset(rows), None)

    def _influencer_side(
        self, dataset: Dataset, influencers: np.ndarray, *, slots: list[str], post_slots: list[str]
    ) -> InfluencerSide:
        assert self.evidence is not None
        vectors = {slot: account_vectors(dataset, slot, accounts=influencers) for slot in slots}
        posts = {
            slot: account_rows(dataset, slot, accounts=influencers, newest=NEWEST_POSTS)
            for slot in post_slots
        }
        return self.evidence.influencer_side(vectors, posts)


def _has_cosine(features: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """(b, n) bool: pairs with a cosine in some slot; None if there is no cosine at all."""
    cosines = [values for name, values in features.items() if name.startswith("cos.")]
    return np.asarray(~np.isnan(cosines).all(axis=0)) if cosines else None
