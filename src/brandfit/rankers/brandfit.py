"""brandfit: proper features, what partners of like brands have in common, and a calibrated weight for each
piece of evidence.

    logit P(i works with b) = intercept + sum over evidence k of w_k (f_k(b, i) - mean_k) / deviation_k

The evidence f (``rankers._evidence``) is closed-form: cosines of Hellinger, centred and whitened features
with their hubness taken out (CSLS), late interaction of single posts where both sides have several, two-sided
kernel ridge regression, the partner to be expected, a two-covariance model, how alike both stand to the
brands that were learned from, and the probability that both are of one category: a stated category is
certain, a predicted one enters with its probability. The weights are those of a logistic regression over
pairs that the evidence was not fitted on (``rankers._dealing``), so that the weights see what they will see
(stacking, Wolpert 1992). Nothing is trained by epochs; one seed decides the folds.

The weights have a Gaussian prior whose mean was learned on other data (``rankers._prior``): a few brands move
them a little, many brands outweigh it. Without endorsements the weights are the prior mean, and there is no
probability.

It works with whatever slots are there. A slot that only brands have tells which brands are alike. Parts: each
slot (likeness of what both sides post), ``plain`` (their plain cosine, where few brands are known),
``partners`` (brands like this one work with such influencers), ``match`` (learned likeness), ``agreement``
(of the categories, also of those that such partners have), ``engagement`` (of the candidate, whatever the
brand) and, where everybody is a candidate, ``history`` (whether it has worked with brands, and how like this
one they are). They add up to the score, the logit less its intercept; ``probability`` gives the chance itself
with an interval.

A probability is that of a pair drawn as in training. Where all influencers are known to work with some brand,
candidates in a fold are the partners of its brands, as in the published splits; where others are there too,
everybody is a candidate, as in use. Where brands are seen through partners, as most that a list of posts
names, pairs are dealt, not brands.

What was tried and left out, with figures, is in docs/lab-log.md: towers trained by gradient,
gradient-boosted trees on the same evidence, word matches, partners that two brands share.

Expected: on released topics, concepts and profiles, 5 folds over 286 brands: AUC .885, cAUC .69, Recall@10
.256, Recall@50 .597, MAP .304. Expansion of 1,039 real brands among 9,964 influencers with one or two posts
each, who state a category: AUC .78, cAUC .62, Recall@10 .015 (cosines: .67, .57, .006).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from msgspec import Meta
from scipy import sparse
from threadpoolctl import threadpool_limits

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.calibrated_logit import Probability, Stack, stack, unfitted
from brandfit.learning.engagement import levels
from brandfit.learning.pairs import Pairs, narrowed, to_learn_from
from brandfit.learning.pooling import (
    Rows,
    Vectors,
    account_has,
    account_rows,
    account_vectors,
    brand_has,
    brand_rows,
    brand_vectors,
)
from brandfit.learning.similarity import inner
from brandfit.progress import Progress
from brandfit.rankers import _cross_fitting as dealing
from brandfit.rankers import _prior as prior
from brandfit.rankers._cross_fitting import Part
from brandfit.rankers._evidence import Evidence, Side, Slots, Training
from brandfit.rankers._neural import categories_of
from brandfit.rankers.base import Ranker

FEWEST = 5
"""Brands with partners below which nothing is learned."""
MANY = 40
"""Brands with partners from which on plain cosines add nothing to what is learned (docs/lab-log.md)."""
NEWEST = 20
"""Posts of an account at most that are looked at one by one."""
SEVERAL = 3
"""Posts that the middle account of each side must have for that: of one or two the mean says as much."""
STANDARDISED = 200, 2_000
"""Brands and influencers at most whose pairs standardise evidence where no endorsement is known."""
SMALL = 4_000
"""Influencers up to which sums run on one thread: NumPy and SciPy wait for threads of their own, each busily
in the other's way."""
PARTNERS = ("krr", "partner")
MATCH = ("match", "within", "via")
CONTENT = ("text", "picture", "concept", "graph", "profile", "audience")
"""Slots that show what both sides are about."""
AGREEMENT = "agreement"
"""Evidence from the slot ``category``: the probability that both sides are of one category."""


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
        prior.Sources,
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


class Brandfit(Ranker):
    """Weighed evidence; see the module."""

    Config = BrandfitConfig
    config: BrandfitConfig
    slots = (*CONTENT, "category", "engagement")
    one_sided = ("engagement",)
    part_names = ("plain", "partners", "match", "agreement", "history")
    learns = True
    optional_endorsements = True

    def __init__(self, config: BrandfitConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self.evidence: Evidence | None = None
        self.stack: Stack | None = None
        self._seen: tuple[weakref.ref[Dataset], Side] | None = None

    @property
    def n_parameters(self) -> int:
        """All numbers that are fitted, those of the closed forms too."""
        if self.evidence is None:
            return 0
        rows = ("brand.", "influencer.")
        fitted = sum(a.size for name, a in self.evidence.stored.items() if not name.startswith(rows))
        return fitted + (len(self.stack.weights) + 1 if self.stack is not None else 0)

    def fit(self, dataset: Dataset, progress: Progress | None = None, folder: Path | None = None) -> Self:
        self.reads, self.evidence, self.stack, self.training, self._seen = {}, None, None, {}, None
        training, asked = self._training(dataset)
        with threadpool_limits(1 if training.works.shape[1] <= SMALL else None, "blas"):
            self._learn(dataset, training, asked=asked, progress=progress)
        return super().fit(dataset)

    def _learn(
        self,
        dataset: Dataset,
        training: Training,
        *,
        asked: tuple[np.ndarray, np.ndarray] | None,
        progress: Progress | None,
    ) -> None:
        two_sided = [
            slot
            for slot, v in training.influencers.items()
            if v.present.any() and training.brands[slot].present.any()
        ]
        if asked is not None and two_sided:
            self.stack = self._weights(
                dataset, training, brands=asked[0], influencers=asked[1], progress=progress
            )
        self.evidence = Evidence.fit(training, self._fitted)
        if self.stack is None and two_sided:
            self.stack = self._untrained(dataset, training)
        read = [*training.brands, *(["category"] if self._has_categories(dataset) else [])]
        read += ["engagement"] if self._fitted and self._engaged(dataset) else []
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in read}
        if self.stack is not None:
            self.training = {
                "evidence": list(self.stack.names),
                "weights": self.stack.weights.round(4).tolist(),
            }
            self.training["brands"] = asked[0].tolist() if self._fitted and asked is not None else []

    def notes(self, dataset: Dataset) -> list[str]:
        told = super().notes(dataset)
        if not self._fitted:
            told.append(
                f"nothing was learned from endorsements (it takes {FEWEST} brands with partners, and others "
                "to tell these from): "
                "a score is likeness alone, weighted as on other data"
            )
        return told

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        features = self.evidence_of(dataset, brands, candidates)
        cosines = [name for name in features if name.startswith("cos.")]
        if not cosines:
            return {self.name: np.full((len(brands), len(candidates)), np.nan)}
        known = np.any([~np.isnan(features[name]) for name in cosines], axis=0)
        terms = self.stack.terms(features) if self.stack is not None else {}
        result: dict[str, np.ndarray] = {}
        for name, values in terms.items():
            part = _part(name)
            result[part] = result.get(part, 0.0) + values
        return {part: np.where(known, values, np.nan) for part, values in result.items()}

    def probability(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> Probability | None:
        """None if it was fitted with too few endorsements to learn a probability."""
        if self.stack is None or not self._fitted:
            return None
        features = self.evidence_of(dataset, brands, candidates)
        cosines = [values for name, values in features.items() if name.startswith("cos.")]
        if not cosines:
            return Probability(*(np.full((len(brands), len(candidates)), np.nan) for _ in range(3)))
        known = ~np.isnan(cosines).all(axis=0)
        return Probability(*(np.where(known, values, np.nan) for values in self.stack.probability(features)))

    def arrays(self) -> dict[str, np.ndarray]:
        if self.evidence is None:
            return {}
        arrays = {f"evidence.{name}": values for name, values in self.evidence.stored.items()}
        if self.stack is not None:
            arrays |= {f"stack.{name}": values for name, values in self.stack.arrays().items()}
        return {name: np.ascontiguousarray(values) for name, values in arrays.items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        scope = {
            s: {n.removeprefix(f"{s}."): v for n, v in arrays.items() if n.startswith(f"{s}.")}
            for s in ("evidence", "stack")
        }
        earlier = bool(scope["evidence"]) and "plain" not in scope["evidence"]
        if earlier or (scope["stack"] and "brands" not in self.training):
            raise UsageError(
                f"{self.name} was trained by an earlier version, and this one reads it otherwise.",
                f"Train it again: brandfit train {self.name}",
            )
        self.evidence, self._seen = Evidence(scope["evidence"]), None
        self.stack = Stack.restored(self.training["evidence"], scope["stack"]) if scope["stack"] else None

    def evidence_of(
        self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray
    ) -> dict[str, np.ndarray]:
        if self.evidence is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset first; it needs no endorsements."
            )
        used = [slot for slot in self.used_slots(dataset) if slot in CONTENT]
        told = [slot for slot in self.evidence.views if slot in dataset.slots]
        left = {slot: brand_vectors(dataset, slot, brands=brands) for slot in told}
        if not set(used) & set(told):
            return {}
        single = [slot for slot in used if self.stack is not None and f"late.{slot}" in self.stack.names]
        posts = {
            slot: brand_rows(dataset, slot, brands=brands, most=NEWEST)
            for slot in single
            if dataset.slots[slot].level == "post"
        }
        side, at = self._side(
            dataset, candidates, slots=[slot for slot in used if slot in told], single=list(posts)
        )
        features = self.evidence.of(left, side, posts)
        if at is not None:
            features = {name: values[:, at] for name, values in features.items()}
        if self._has_categories(dataset):
            features[AGREEMENT] = _agreement(dataset, brands, candidates)
        if self._fitted:
            features |= self._candidate_evidence(dataset, brands, candidates=candidates, left=left)
        return features

    def _candidate_evidence(
        self, dataset: Dataset, brands: np.ndarray, *, candidates: np.ndarray, left: Slots
    ) -> dict[str, np.ndarray]:
        """Evidence that content does not give: engagement, and the brands that candidates have worked
        with."""
        assert self.evidence is not None
        assert self.stack is not None
        found = _engagement(dataset, candidates, len(brands)) if self._engaged(dataset) else {}
        if "known" in self.stack.names:
            place = {id: n for n, id in enumerate(self.training["brands"])}
            itself = np.array([place.get(id, -1) for id in brands.tolist()], np.int64)
            found["known"] = _has_other_brand(dataset, brands, candidates)
            found["history"] = self.evidence.history(left, itself, _worked_with(dataset, candidates, place))
        return found

    @property
    def _fitted(self) -> bool:
        """Whether the weights were fitted on endorsements, not taken from the prior alone."""
        return self.stack is not None and self.stack.fitted

    def _untrained(self, dataset: Dataset, training: Training) -> Stack:
        """The prior mean of the weights, for evidence standardised over pairs drawn at random."""
        assert self.evidence is not None
        rng = seeds.generator(self.seed, "standardise")
        brands = np.sort(rng.permutation(len(dataset.brands))[: STANDARDISED[0]])
        influencers = np.sort(rng.permutation(len(dataset.influencers))[: STANDARDISED[1]])
        left = {slot: Vectors(v.values[brands], v.present[brands]) for slot, v in training.brands.items()}
        right = {
            slot: Vectors(v.values[influencers], v.present[influencers])
            for slot, v in training.influencers.items()
        }
        features = self.evidence.of(left, self.evidence.side(right, {}), {})
        if self._has_categories(dataset):
            features[AGREEMENT] = _agreement(
                dataset, dataset.brands[brands], dataset.influencers[influencers]
            )
        names = tuple(features)
        columns = np.stack([features[name].ravel() for name in names], axis=1)  # (pairs, k)
        return unfitted(names, columns, prior.weights(names, 0, self.config.prior))

    def _engaged(self, dataset: Dataset) -> bool:
        """Whether the engagement of any influencer is known."""
        return "engagement" in self.used_slots(dataset)

    def _has_categories(self, dataset: Dataset) -> bool:
        """Whether a category is known, stated or predicted, on both sides."""
        return "category" in self.used_slots(dataset)

    def _side(
        self, dataset: Dataset, candidates: np.ndarray, *, slots: list[str], single: list[str]
    ) -> tuple[Side, np.ndarray | None]:
        """What evidence tells of candidates, and their places in it, None for all in order. That of all
        influencers is kept: the next brand asks for the same."""
        assert self.evidence is not None
        row = dataset.cached(
            "influencers", lambda: {id: n for n, id in enumerate(dataset.influencers.tolist())}
        )
        at = np.array([row.get(id, -1) for id in candidates.tolist()], np.int64)
        seen = self._seen  # another thread may ask of another Dataset meanwhile
        kept = seen[1] if seen is not None and seen[0]() is dataset else None
        most = 2 * len(candidates) > len(row)
        if at.min(initial=0) < 0 or (kept is None and not most):
            return self._learned_side(dataset, candidates, slots=slots, single=single), None
        if kept is None:
            kept = self._learned_side(dataset, dataset.influencers, slots=slots, single=single)
            self._seen = weakref.ref(dataset), kept
        return (kept, at) if most else (kept.subset(at), None)

    def _learned_side(
        self, dataset: Dataset, influencers: np.ndarray, *, slots: list[str], single: list[str]
    ) -> Side:
        assert self.evidence is not None
        posts = {slot: account_rows(dataset, slot, accounts=influencers, most=NEWEST) for slot in single}
        return self.evidence.side(
            {slot: account_vectors(dataset, slot, accounts=influencers) for slot in slots}, posts
        )

    def _training(self, dataset: Dataset) -> tuple[Training, tuple[np.ndarray, np.ndarray] | None]:
        """What there is to learn from, and the ids of its brands and influencers, or None where it is too
        little."""
        used = self.used_slots(dataset)
        told = [s for s in CONTENT if s in dataset.slots and brand_has(dataset, s, dataset.brands).any()]
        slots = [s for s in CONTENT if s in used or s in told]
        pairs = self._pairs(dataset) if len(dataset.endorsements) else None
        shown = (
            [
                brand_has(dataset, slot, pairs.brands[np.unique(pairs.at[:, 0])])
                for slot in used
                if slot in CONTENT
            ]
            if pairs
            else []
        )
        if pairs is None or not shown or np.any(shown, axis=0).sum() < FEWEST:
            return self._vectors(dataset, slots, brands=dataset.brands, influencers=dataset.influencers), None
        groups, _ = categories_of(dataset, pairs)
        brands, influencers = np.unique(pairs.at[:, 0]), self._sampled_influencers(pairs)
        works = np.zeros((len(pairs.brands), len(pairs.influencers)), bool)
        works[pairs.at[:, 0], pairs.at[:, 1]] = True
        found = self._vectors(
            dataset, slots, brands=pairs.brands[brands], influencers=pairs.influencers[influencers]
        )
        return (
            Training(
                brands=found.brands,
                influencers=found.influencers,
                works=works[np.ix_(brands, influencers)],
                categories=(groups[0][brands], groups[1][influencers]),
                posts={
                    slot: (left, right)
                    for slot, (left, right) in _posts(
                        dataset, used, brands=pairs.brands[brands], influencers=pairs.influencers[influencers]
                    ).items()
                    if min(
                        np.median(rows.counts[rows.counts > 0]) if rows.counts.any() else 0
                        for rows in (left, right)
                    )
                    >= SEVERAL
                },
                plain=len(brands) < MANY,
            ),
            (pairs.brands[brands], pairs.influencers[influencers]),
        )

    def _pairs(self, dataset: Dataset) -> Pairs:
        """What may be learned from, of influencers that show anything: others are nobody's candidates.

        A brand that shows nothing tells all the same what its partners are like: how engaged, and whether
        they had others.
        """
        pairs = to_learn_from(dataset, self.name, unseen=True)
        return narrowed(pairs, np.ones(len(pairs.brands), bool), self._shows(dataset))

    def _shows(self, dataset: Dataset) -> np.ndarray:
        """(i,) bool, of all influencers."""
        content = [
            account_has(dataset, slot, dataset.influencers)
            for slot in self.used_slots(dataset)
            if slot in CONTENT
        ]
        return np.any(content, axis=0) if content else np.zeros(len(dataset.influencers), bool)

    def _sampled_influencers(self, pairs: Pairs) -> np.ndarray:
        """Numbers of the influencers to learn from: all partners, and of those without partners as many as
        ``others`` allows."""
        partners = np.unique(pairs.at[:, 1])
        rest = np.setdiff1d(np.arange(len(pairs.influencers)), partners)
        drawn = seeds.generator(self.seed, "others").permutation(rest)[: self.config.others]
        return np.sort(np.concatenate([partners, drawn]))

    def _vectors(
        self, dataset: Dataset, slots: list[str], *, brands: np.ndarray, influencers: np.ndarray
    ) -> Training:
        none = np.zeros((len(brands), len(influencers)), bool)
        return Training(
            brands={slot: brand_vectors(dataset, slot, brands=brands) for slot in slots},
            influencers={slot: account_vectors(dataset, slot, accounts=influencers) for slot in slots},
            works=none,
            categories=(np.full(len(brands), -1), np.full(len(influencers), -1)),
            posts={},
        )

    def _weights(
        self,
        dataset: Dataset,
        training: Training,
        *,
        brands: np.ndarray,
        influencers: np.ndarray,
        progress: Progress | None,
    ) -> Stack | None:
        """Fitted on evidence that was not fitted on the pairs that it is asked for; brands (b,) and
        influencers (i,) are ids.

        None where there is nobody to tell partners from.
        """
        has_partners = training.works.any(axis=0)
        everybody = not has_partners.all()
        folds = min(self.config.folds, len(brands))
        about = dealing.pair_history(dataset, brands, influencers)
        parts: Iterator[Part]
        through = sum(dataset.representation[b] == "partners" for b in brands.tolist())
        if everybody and through > len(brands) / 2 and len(np.unique(about.moments.data)) > 1:
            parts = dealing.by_statement_groups(
                training, about, folds=folds, rng=seeds.generator(self.seed, "moments")
            )
            strength = self.config.strength_known
        else:
            strength = self.config.strength
            folds = min(
                folds, len(brands) // 2
            )  # of a single brand nobody may be left to tell its partners from
            parts = dealing.by_brands(
                training,
                about,
                fold=self._stratified_folds(training.categories[0], folds),
                everybody=everybody,
            )
        # Of those without partners a sample is learned from: each stands for several.
        several = (self._shows(dataset).sum() - has_partners.sum()) / max((~has_partners).sum(), 1)
        stands_for = np.where(has_partners, 1.0, several)
        engaged, categories = self._engaged(dataset), self._has_categories(dataset)
        rows: list[np.ndarray] = []
        positive, group, share = [], [], []
        names: tuple[str, ...] = ()
        for number, part in enumerate(parts):
            if not part.evidence.learned:  # those that are left share nothing with anybody
                continue
            of_brands, of_influencers = (
                {slot: posts[n] for slot, posts in part.training_of_candidates.posts.items()} for n in (0, 1)
            )
            side = part.evidence.side(part.training_of_candidates.influencers, of_influencers)
            features = part.evidence.of(part.training_of_candidates.brands, side, of_brands)
            if everybody:
                nothing = np.full(len(part.brands), -1)
                features["known"] = np.broadcast_to(part.history.astype(np.float64), part.works.shape)
                features["history"] = part.evidence.history(
                    part.training_of_candidates.brands, nothing, part.worked
                )
            if engaged:
                features |= _engagement(dataset, influencers[part.candidates], len(part.brands))
            if categories:
                features[AGREEMENT] = _agreement(dataset, brands[part.brands], influencers[part.candidates])
            names = names or tuple(features)
            brand, candidate, times = self._sampled_pairs(part, number, max(self.config.pairs // folds, 100))
            empty = np.full(part.works.shape, np.nan)
            rows.append(np.stack([features.get(name, empty)[brand, candidate] for name in names], axis=1))
            positive.append(part.works[brand, candidate])
            group.append(part.brands[brand])
            share.append(times * stands_for[candidate] if everybody else times)
            if progress:
                progress(number + 1, folds + 1)
        if not rows or not 0 < sum(y.sum() for y in positive) < sum(map(len, positive)):
            return None
        x, y, of, times = (np.concatenate(found) for found in (rows, positive, group, share))
        mean = prior.weights(names, len(brands), self.config.prior)
        # Pairs of one brand are not independent: of few brands the likelihood claims to know more than it
        # does.
        return stack(
            names,
            x,
            positive=y,
            group=of,
            weight=times,
            strength=strength * (1 + MANY / len(brands)),
            prior=mean,
        )

    def _stratified_folds(self, categories: np.ndarray, folds: int) -> np.ndarray:
        """(b,) fold of each training brand: of every category about as many in each."""
        shuffled = seeds.generator(self.seed, "folds").permutation(len(categories))
        order = shuffled[np.argsort(categories[shuffled], kind="stable")]
        fold = np.empty(len(categories), np.int64)
        fold[order] = np.arange(len(categories)) % folds
        return fold

    def _sampled_pairs(self, part: Part, number: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns and weights of the pairs of a part: all that are positive, of the others as many as
        may be."""
        positive, others = np.flatnonzero(part.works), np.flatnonzero(part.others)
        drawn = others
        if len(positive) + len(others) > most:
            drawn = np.sort(
                seeds.generator(self.seed, "pairs", number).choice(
                    others, min(most, len(others)), replace=False
                )
            )
        chosen = np.concatenate([positive, drawn])
        weight = np.repeat([1.0, len(others) / max(len(drawn), 1)], [len(positive), len(drawn)])
        return *np.divmod(chosen, part.works.shape[1]), weight


def _posts(
    dataset: Dataset, slots: list[str], *, brands: np.ndarray, influencers: np.ndarray
) -> dict[str, tuple[Rows, Rows]]:
    """The newest posts of both sides, of the slots that have a row a post."""
    return {
        slot: (
            brand_rows(dataset, slot, brands=brands, most=NEWEST),
            account_rows(dataset, slot, accounts=influencers, most=NEWEST),
        )
        for slot in slots
        if dataset.slots[slot].level == "post"
    }


def _brands_of_each(dataset: Dataset) -> dict[str, list[str]]:
    """Influencer to the brands that it has worked with."""
    found: dict[str, list[str]] = {}
    for brand, partners in dataset.partners.items():
        for influencer in partners:
            found.setdefault(influencer, []).append(brand)
    return found


def _has_other_brand(dataset: Dataset, brands: np.ndarray, influencers: np.ndarray) -> np.ndarray:
    """(b, n) 1 for those that have worked with another brand, with how many says nothing more; 0 for
    others."""
    of_each = dataset.cached("brands of each", lambda: _brands_of_each(dataset))
    count = np.array([len(of_each.get(id, ())) for id in influencers.tolist()])
    partners = (dataset.partners.get(brand, ()) for brand in brands.tolist())
    with_it = np.array(
        [
            [id in mine for id in influencers.tolist()] if mine else np.zeros(len(count), bool)
            for mine in partners
        ]
    )
    return (count > with_it).astype(np.float64)


def _worked_with(dataset: Dataset, influencers: np.ndarray, place: Mapping[str, int]) -> sparse.csr_matrix:
    """(n, b) of 0 and 1: who has worked with the brands of these places."""
    of_each = dataset.cached("brands of each", lambda: _brands_of_each(dataset))
    found = [[place[brand] for brand in of_each.get(id, ()) if brand in place] for id in influencers.tolist()]
    at = np.array([n for mine in found for n in mine], np.int64)
    return sparse.csr_matrix(
        (np.ones(len(at)), at, np.cumsum([0, *map(len, found)])), shape=(len(found), len(place))
    )


def _engagement(dataset: Dataset, candidates: np.ndarray, brands: int) -> dict[str, np.ndarray]:
    """Column of the engagement slot to (brands, n) numbers, the same for each brand."""
    found = levels(dataset, candidates)
    return {
        f"engagement.{name}": np.broadcast_to(values, (brands, len(values))) for name, values in found.items()
    }


def _agreement(dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(b, n) probability that brand and candidate are of one category, sum over c of p_b(c) p_i(c); NaN where
    one is unknown.

    A stated category has probability 1, a predicted one its own, so that an unsure prediction says little.
    """
    left, right = (
        brand_vectors(dataset, "category", brands=brands),
        account_vectors(dataset, "category", accounts=candidates),
    )
    return np.where(left.present[:, None] & right.present, inner(left.values, right.values), np.nan)


def _part(name: str) -> str:
    """The part of the score that a piece of evidence belongs to."""
    idea, _, slot = name.partition(".")
    if idea in ("cos", "hub", "late", "back"):
        return slot
    if idea in ("known", "history"):
        return "history"
    if idea in ("engagement", "plain", AGREEMENT):
        return idea
    return "partners" if idea in PARTNERS else "match" if idea in MATCH else "agreement"
