"""How ``brandfit`` is fitted: its training data, and the weights of its evidence by cross-fitting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.learning.calibrated_logit import CalibratedLogit
from brandfit.learning.pairs import Pairs, categories_of, training_pairs
from brandfit.learning.pooling import (
    Rows,
    Sides,
    account_has,
    account_rows,
    account_vectors,
    brand_has,
    brand_rows,
    brand_vectors,
)
from brandfit.progress import Progress
from brandfit.rankers import _prior
from brandfit.rankers._cross_fitting import (
    Fold,
    PairHistory,
    by_brands,
    by_statement_groups,
    pair_history,
)
from brandfit.rankers.evidence import RECORD_IDEAS
from brandfit.rankers.evidence._idea import PairRecords, PartnerHistory
from brandfit.rankers.evidence._training import SlotPosts, Training

CONTENT_SLOTS = ("text", "picture", "concept", "graph", "profile", "audience")
"""Slots of the content of both sides."""
MIN_BRANDS = 5
"""Minimum number of brands with partners to learn from."""
MANY_BRANDS = 40
"""Number of brands with partners from which plain cosines add nothing (docs/lab-log.md)."""
NEWEST_POSTS = 20
"""Maximum number of posts of an account that are compared one by one."""
MIN_MEDIAN_POSTS = 3
"""Median number of posts of each side for which single posts are compared: with one or two, the mean of an
account contains the same information."""
MIN_FOLD_PAIRS = 100


@dataclass(frozen=True)
class WeightSettings:
    """Settings of the fit of the weights; see ``BrandfitConfig``."""

    n_folds: int
    strength: float
    strength_known: float
    prior: _prior.Sources
    max_others: int
    max_pairs: int
    seed: int


@dataclass(frozen=True)
class TrainingData:
    """Brands and influencers to fit on.

    content           vectors, posts, categories, and the pairs that work together
    brands            (b,) ids
    influencers       (i,) ids
    has_endorsements  whether there are enough brands with partners to learn weights; if not, these are all
                      brands and influencers, without pairs
    n_visible         influencers with content, of all influencers
    """

    content: Training
    brands: np.ndarray
    influencers: np.ndarray
    has_endorsements: bool
    n_visible: int

    @property
    def has_two_sided_slot(self) -> bool:
        """Whether some slot has vectors on both sides."""
        return any(
            influencers.present.any() and self.content.brands[slot].present.any()
            for slot, influencers in self.content.influencers.items()
        )


def training_data(
    dataset: Dataset, *, used_slots: list[str], ranker: str, settings: WeightSettings
) -> TrainingData:
    """The training data of a Dataset.

    used_slots  slots with features on both sides
    ranker      name for error messages
    """
    content_slots = [slot for slot in CONTENT_SLOTS if slot in used_slots]
    # A slot of brands alone counts too: it shows which brands are similar.
    slots = [
        slot
        for slot in CONTENT_SLOTS
        if slot in used_slots or (slot in dataset.slots and brand_has(dataset, slot, dataset.brands).any())
    ]
    is_visible = _has_content(dataset, content_slots)  # (all influencers,)
    n_visible = int(is_visible.sum())
    pairs = None
    if len(dataset.endorsements):
        pairs = training_pairs(dataset, ranker, include_unseen=True)
        # Influencers without content are nobody's candidates. A brand without content still shows how
        # engaged its partners are, and whether they had other brands.
        pairs = pairs.subset(brands=np.ones(len(pairs.brands), bool), influencers=is_visible)
    if pairs is None or _n_visible_brands(dataset, pairs, content_slots) < MIN_BRANDS:
        return TrainingData(
            content=_unpaired(dataset, slots, brands=dataset.brands, influencers=dataset.influencers),
            brands=dataset.brands,
            influencers=dataset.influencers,
            has_endorsements=False,
            n_visible=n_visible,
        )
    brand_row, influencer_rows = np.unique(pairs.rows[:, 0]), _sampled_influencers(pairs, settings)
    brands, influencers = pairs.brands[brand_row], pairs.influencers[influencer_rows]
    # (all brands, all influencers), then the sampled rows only
    works = np.zeros((len(pairs.brands), len(pairs.influencers)), bool)
    works[pairs.rows[:, 0], pairs.rows[:, 1]] = True
    categories = categories_of(dataset, pairs).numbers
    unpaired = _unpaired(dataset, slots, brands=brands, influencers=influencers)
    content = Training(
        brands=unpaired.brands,
        influencers=unpaired.influencers,
        works=works[np.ix_(brand_row, influencer_rows)],
        categories=Sides(categories.brand[brand_row], categories.influencer[influencer_rows]),
        posts=_single_posts(dataset, used_slots, brands=brands, influencers=influencers),
        has_plain_cosine=len(brands) < MANY_BRANDS,
    )
    return TrainingData(content, brands, influencers, has_endorsements=True, n_visible=n_visible)


def fit_weights(
    dataset: Dataset,
    data: TrainingData,
    *,
    record_slots: frozenset[str],
    settings: WeightSettings,
    progress: Progress | None = None,
) -> CalibratedLogit | None:
    """The weights of evidence, learned from pairs that the evidence was not fitted on (stacking).

    None if there are no pairs to tell partners from.
    """
    plan = _plan(dataset, data, settings)
    n_fold_pairs = max(settings.max_pairs // plan.n_folds, MIN_FOLD_PAIRS)
    # Influencers without partners are a sample: each represents several.
    has_partners = data.content.works.any(axis=0)  # (i,)
    n_represented = (data.n_visible - has_partners.sum()) / max((~has_partners).sum(), 1)
    influencer_weight = np.where(has_partners, 1.0, n_represented)
    examples: list[Examples] = []
    names: tuple[str, ...] = ()
    for number, fold in enumerate(plan.folds):
        # Without a slot that both sides have, the remaining brands teach nothing.
        if not fold.evidence.is_fitted:
            continue
        features = _fold_features(
            dataset, data, fold=fold, record_slots=record_slots, has_history=plan.all_candidates
        )
        names = names or tuple(features)
        sample = _sampled_pairs(fold, limit=n_fold_pairs, rng=seeds.generator(settings.seed, "pairs", number))
        weight = sample.weight
        if plan.all_candidates:
            weight = weight * influencer_weight[sample.column]
        missing = np.full(fold.works.shape, np.nan)
        columns = [features.get(name, missing)[sample.row, sample.column] for name in names]
        examples.append(
            Examples(
                features=np.stack(columns, axis=1),
                is_positive=fold.works[sample.row, sample.column],
                brand=fold.brands[sample.row],
                weight=weight,
            )
        )
        if progress:
            progress(number + 1, plan.n_folds + 1)
    if not examples:
        return None
    # Weights need both positive and negative pairs.
    joined = Examples(*map(np.concatenate, zip(*examples, strict=True)))
    if joined.is_positive.all() or not joined.is_positive.any():
        return None
    n_brands = len(data.brands)
    return CalibratedLogit.fit(
        names,
        joined.features,
        is_positive=joined.is_positive,
        group=joined.brand,
        row_weight=joined.weight,
        # Pairs of one brand are not independent: with few brands the likelihood is overconfident.
        strength=plan.strength * (1 + MANY_BRANDS / n_brands),
        prior_mean=_prior.weights(names, n_brands, settings.prior),
    )


class Examples(NamedTuple):
    """Pairs of a fold with their evidence.

    features     (m, k)
    is_positive  (m,) bool
    brand        (m,) row of the training brand
    weight       (m,)
    """

    features: np.ndarray
    is_positive: np.ndarray
    brand: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Plan:
    """How the training pairs are split into folds.

    all_candidates  whether all influencers are candidates, or partners of the fold's brands only
    strength        precision of the prior of the weights
    """

    folds: Iterator[Fold]
    n_folds: int
    all_candidates: bool
    strength: float


def _plan(dataset: Dataset, data: TrainingData, settings: WeightSettings) -> Plan:
    """Folds of pairs if most brands are represented by their partners and all influencers are candidates;
    else folds of brands."""
    n_brands = len(data.brands)
    all_candidates = not data.content.works.any(axis=0).all()
    history = pair_history(dataset, data.brands, data.influencers)
    n_by_partners = sum(dataset.representation[brand] == "partners" for brand in data.brands.tolist())
    n_folds = min(settings.n_folds, n_brands)
    if all_candidates and n_by_partners > n_brands / 2 and _has_groups(history):
        rng = seeds.generator(settings.seed, "moments")
        folds = by_statement_groups(data.content, history, n_folds=n_folds, rng=rng)
        return Plan(folds, n_folds, all_candidates, settings.strength_known)
    # Two brands per fold at least: a single brand may leave no candidates besides its own partners.
    n_folds = min(n_folds, n_brands // 2)
    fold_of_brand = _stratified_folds(data.content.categories.brand, n_folds=n_folds, seed=settings.seed)
    folds = by_brands(data.content, history, fold_of_brand=fold_of_brand, all_candidates=all_candidates)
    return Plan(folds, n_folds, all_candidates, settings.strength)


def _has_groups(history: PairHistory) -> bool:
    """Whether there are at least two statement groups."""
    return len(np.unique(history.statement_groups.data)) > 1


def _fold_features(
    dataset: Dataset,
    data: TrainingData,
    *,
    fold: Fold,
    record_slots: frozenset[str],
    has_history: bool,
) -> dict[str, np.ndarray]:
    """Name of evidence to (m, n) values of the pairs of a fold."""
    content = fold.content
    # Evidence of the fold's pairs from a fit without them.
    brand_posts = {slot: posts.brand for slot, posts in content.posts.items()}
    influencer_posts = {slot: posts.influencer for slot, posts in content.posts.items()}
    side = fold.evidence.influencer_side(content.influencers, influencer_posts)
    features = fold.evidence.features(content.brands, side, brand_posts)
    history = None
    if has_history:
        history = PartnerHistory(
            has_worked=fold.has_worked.astype(np.float64),
            worked=fold.worked,
            brand_similarity=fold.evidence.brand_similarity(content.brands),
            # The pairs of these brands are already left out of ``worked``.
            own_row=np.full(len(fold.brands), -1),
        )
    records = PairRecords(
        dataset=dataset,
        brands=data.brands[fold.brands],
        candidates=data.influencers[fold.candidates],
        slots=record_slots,
        history=history,
    )
    for idea in RECORD_IDEAS:
        features |= idea.features(records)
    return features


class PairSample(NamedTuple):
    """Rows and columns (m,) of sampled pairs, and the weight of each (m,)."""

    row: np.ndarray
    column: np.ndarray
    weight: np.ndarray


def _sampled_pairs(fold: Fold, *, limit: int, rng: np.random.Generator) -> PairSample:
    """All positive pairs of a fold and, if there are too many pairs, a sample of the others."""
    positive, others = np.flatnonzero(fold.works), np.flatnonzero(fold.others)
    # Positives are few and always used; a sampled negative represents several.
    sampled = others
    if len(positive) + len(others) > limit:
        sampled = np.sort(rng.choice(others, min(limit, len(others)), replace=False))
    n_represented = len(others) / max(len(sampled), 1)
    weight = np.repeat([1.0, n_represented], [len(positive), len(sampled)])
    row, column = np.divmod(np.concatenate([positive, sampled]), fold.works.shape[1])
    return PairSample(row, column, weight)


def _stratified_folds(categories: np.ndarray, *, n_folds: int, seed: int) -> np.ndarray:
    """(b,) fold of each training brand: each category is spread evenly over the folds."""
    shuffled = seeds.generator(seed, "folds").permutation(len(categories))
    # Sorted by category, consecutive brands go to different folds.
    order = shuffled[np.argsort(categories[shuffled], kind="stable")]
    fold = np.empty(len(categories), np.int64)
    fold[order] = np.arange(len(categories)) % n_folds
    return fold


def _has_content(dataset: Dataset, content_slots: list[str]) -> np.ndarray:
    """(all influencers,) bool: influencers with features in some slot."""
    has_content = np.zeros(len(dataset.influencers), bool)
    for slot in content_slots:
        has_content |= account_has(dataset, slot, dataset.influencers)
    return has_content


def _n_visible_brands(dataset: Dataset, pairs: Pairs, content_slots: list[str]) -> int:
    """Brands with partners that have features in some slot."""
    brands = pairs.brands[np.unique(pairs.rows[:, 0])]
    is_visible = np.zeros(len(brands), bool)
    for slot in content_slots:
        is_visible |= brand_has(dataset, slot, brands)
    return int(is_visible.sum())


def _sampled_influencers(pairs: Pairs, settings: WeightSettings) -> np.ndarray:
    """Sorted rows of all partners and of a sample of the influencers without partners."""
    # Influencers without partners can be many; a sample is enough for negatives.
    partners = np.unique(pairs.rows[:, 1])
    others = np.setdiff1d(np.arange(len(pairs.influencers)), partners)
    sampled = seeds.generator(settings.seed, "others").permutation(others)[: settings.max_others]
    return np.sort(np.concatenate([partners, sampled]))


def _unpaired(dataset: Dataset, slots: list[str], *, brands: np.ndarray, influencers: np.ndarray) -> Training:
    """The vectors of these brands and influencers (ids), without known pairs."""
    return Training(
        brands={slot: brand_vectors(dataset, slot, brands=brands) for slot in slots},
        influencers={slot: account_vectors(dataset, slot, accounts=influencers) for slot in slots},
        works=np.zeros((len(brands), len(influencers)), bool),
        categories=Sides(np.full(len(brands), -1), np.full(len(influencers), -1)),
        posts={},
    )


def _single_posts(
    dataset: Dataset, used_slots: list[str], *, brands: np.ndarray, influencers: np.ndarray
) -> SlotPosts:
    """The newest posts of both sides, for post-level slots with several posts per account."""
    posts = {}
    for slot in used_slots:
        if dataset.slots[slot].level != "post":
            continue
        of_brands = brand_rows(dataset, slot, brands=brands, newest=NEWEST_POSTS)
        of_influencers = account_rows(dataset, slot, accounts=influencers, newest=NEWEST_POSTS)
        if min(_median_count(of_brands), _median_count(of_influencers)) >= MIN_MEDIAN_POSTS:
            posts[slot] = Sides(of_brands, of_influencers)
    return posts


def _median_count(rows: Rows) -> float:
    """Median number of posts of the accounts that have any; 0 if none has."""
    counts = rows.counts[rows.counts > 0]
    return float(np.median(counts)) if len(counts) else 0.0
