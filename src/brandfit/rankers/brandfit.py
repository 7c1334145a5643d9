"""brandfit: proper features, what partners of like brands have in common, and a calibrated weight for each piece of evidence.

    logit P(i works with b) = intercept + sum over evidence k of w_k (f_k(b, i) - mean_k) / deviation_k

The evidence f (``rankers._evidence``) is closed-form: cosines of Hellinger, centred and whitened features with their hubness
taken out (CSLS), late interaction of single posts where both sides have several, two-sided kernel ridge regression, the
partner to be expected, a two-covariance model, how alike both stand to the brands that were learned from, the agreement of
told categories. The weights are a logistic regression over
pairs of *held-out* brands: the training brands are dealt into folds, the evidence for the brands of one fold is fitted on the
others, so that the weights see what they will see (stacking, Wolpert 1992). Nothing is trained by epochs; one seed decides the
folds.

It works with whatever slots are there. A slot that only brands have tells which brands are alike. Without endorsements it is
the sum of the cosines, training-free. Parts: each slot (likeness of what both sides post), ``partners`` (brands like this one
work with such influencers), ``match`` (learned likeness), ``agreement`` (of the categories that both sides are told to have),
and, where everybody is a candidate, ``known`` (has worked with many brands before). They add up to the score, the logit less
its intercept; ``probability`` gives the chance itself with an interval.

A probability is that of a pair drawn as in training. Where all influencers are known to work with some brand, candidates in a
fold are the partners of its brands, as in the published splits; where others are there too, everybody is a candidate, as in
use.

What was tried and left out, with figures, is in experiments/LOG.md: towers trained by gradient, gradient-boosted trees on the
same evidence, word matches, likeness to the other brands of an influencer.

Expected: on released topics, concepts and profiles, 5 folds over 286 brands: AUC .885, cAUC .69, Recall@10 .26, Recall@50 .595,
MAP .305. Expansion of 1,035 real brands among 9,194 influencers with one or two posts each: AUC .81, cAUC .77, Recall@10 .05
(cosines: .62, .55, .006).
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from msgspec import Meta
from scipy import sparse

from brandfit import seeds
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pairs import Pairs, to_learn_from
from brandfit.learning.pooling import Rows, account_rows, account_vectors, brand_has, brand_rows, brand_vectors
from brandfit.learning.stack import Probability, Stack, stack
from brandfit.rankers._evidence import Evidence, Side, Training
from brandfit.rankers._network import categories_of
from brandfit.rankers.base import Ranker, Tick

FEWEST = 5
"""Brands with partners below which nothing is learned."""
NEWEST = 20
"""Posts of an account at most that are looked at one by one."""
SEVERAL = 3
"""Posts that the middle account of each side must have for that: of one or two the mean says as much."""
PARTNERS = ("krr", "partner")
MATCH = ("match", "within", "via")


class BrandfitConfig(Config, frozen=True):
    folds: Annotated[int, Meta(description="parts that the training brands are dealt into to learn the weights", ge=2, le=20)] = 5
    strength: Annotated[float, Meta(description="ridge penalty of the weights", gt=0)] = 100.0
    others: Annotated[int, Meta(description="influencers without partners at most that the weights are learned from", ge=0)] = 5_000
    pairs: Annotated[int, Meta(description="pairs at most that the weights are learned from", ge=1000)] = 400_000


class Brandfit(Ranker):
    """Weighed evidence; see the module."""

    Config = BrandfitConfig
    config: BrandfitConfig
    slots = ("text", "picture", "concept", "graph", "profile", "category", "audience")
    sums = ("partners", "match", "agreement", "known")
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

    def fit(self, dataset: Dataset, tick: Tick | None = None, folder: Path | None = None) -> Self:
        self.reads, self.evidence, self.stack, self.training, self._seen = {}, None, None, {}, None
        training, pairs, partners = self._training(dataset)
        self.reads = {slot: (dataset.slots[slot].name, dataset.slots[slot].dim) for slot in training.brands}
        two_sided = [slot for slot, v in training.influencers.items() if v.present.any() and training.brands[slot].present.any()]
        if pairs is not None and two_sided:
            self.stack = self._weights(training, partners, tick)
        self.evidence = Evidence.fit(training, self.stack is not None)
        if self.stack is not None:
            self.training = {"evidence": list(self.stack.names), "weights": self.stack.weights.round(4).tolist()}
        return super().fit(dataset)

    def notes(self, dataset: Dataset) -> list[str]:
        told = super().notes(dataset)
        if self.stack is None:
            told.append(
                f"nothing was learned from endorsements (it takes {FEWEST} brands with partners): a score is likeness alone"
            )
        return told

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        features = self._features(dataset, brands, candidates)
        cosines = [name for name in features if name.startswith("cos.")]
        if not cosines:
            return {self.name: np.full((len(brands), len(candidates)), np.nan)}
        known = np.any([~np.isnan(features[name]) for name in cosines], axis=0)
        plain = {name: np.nan_to_num(features[name]) for name in cosines}
        terms = self.stack.terms(features) if self.stack is not None else plain
        result: dict[str, np.ndarray] = {}
        for name, values in terms.items():
            part = _part(name)
            result[part] = result.get(part, 0.0) + values
        return {part: np.where(known, values, np.nan) for part, values in result.items()}

    def probability(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> Probability:
        """(b, n) chances that they work together, with 95 % intervals; NaN where there is no evidence.

        Raises UsageError where nothing was learned: without endorsements there is no chance to tell.
        """
        if self.stack is None:
            raise UsageError(
                f"{self.name} learned no probability: too few endorsements.", "Import endorsements and train it again."
            )
        features = self._features(dataset, brands, candidates)
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
        scope = {s: {n.removeprefix(f"{s}."): v for n, v in arrays.items() if n.startswith(f"{s}.")} for s in ("evidence", "stack")}
        if "krr" in scope["evidence"] and "via.works.axes" not in scope["evidence"]:
            raise UsageError(
                f"{self.name} was trained by an earlier version, and this one reads it otherwise.",
                f"Train it again: brandfit train {self.name}",
            )
        self.evidence, self._seen = Evidence(scope["evidence"]), None
        self.stack = Stack.restored(self.training["evidence"], scope["stack"]) if scope["stack"] else None

    def _features(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        if self.evidence is None:
            raise UsageError(f"{self.name} has not been fitted.", "Fit it on a Dataset first; it needs no endorsements.")
        used = self.used_slots(dataset)
        told = [slot for slot in self.evidence.views if slot in dataset.slots]
        left = {slot: brand_vectors(dataset, slot, brands) for slot in told}
        if not set(used) & set(told):
            return {}
        single = [slot for slot in used if self.stack is not None and f"late.{slot}" in self.stack.names]
        posts = {slot: brand_rows(dataset, slot, brands, NEWEST) for slot in single if dataset.slots[slot].level == "post"}
        side, at = self._side(dataset, candidates, [slot for slot in used if slot in told], list(posts))
        features = self.evidence.of(left, side, posts)
        if at is not None:
            features = {name: values[:, at] for name, values in features.items()}
        if self.stack is not None and "known" in self.stack.names:
            features["known"] = np.broadcast_to(_known(dataset, candidates), (len(brands), len(candidates)))
        return features

    def _side(
        self, dataset: Dataset, candidates: np.ndarray, slots: list[str], single: list[str]
    ) -> tuple[Side, np.ndarray | None]:
        """What evidence tells of candidates, and their places in it, None for all in order. That of all influencers is kept: the
        next brand asks for the same."""
        assert self.evidence is not None
        row = dataset.remembered("influencers", lambda: {id: n for n, id in enumerate(dataset.influencers.tolist())})
        at = np.array([row.get(id, -1) for id in candidates.tolist()], np.int64)
        kept = self._seen[1] if self._seen is not None and self._seen[0]() is dataset else None
        most = 2 * len(candidates) > len(row)
        if at.min(initial=0) < 0 or (kept is None and not most):
            return self._told(dataset, candidates, slots, single), None
        if kept is None:
            kept = self._told(dataset, dataset.influencers, slots, single)
            self._seen = weakref.ref(dataset), kept
        return (kept, at) if most else (kept.of(at), None)

    def _told(self, dataset: Dataset, influencers: np.ndarray, slots: list[str], single: list[str]) -> Side:
        assert self.evidence is not None
        posts = {slot: account_rows(dataset, slot, influencers, NEWEST) for slot in single}
        return self.evidence.side({slot: account_vectors(dataset, slot, influencers) for slot in slots}, posts)

    def _training(self, dataset: Dataset) -> tuple[Training, Pairs | None, sparse.csr_matrix]:
        """What there is to learn from; None instead of pairs where it is too little. And who is known to have worked with whom, for
        whatever reason: (b, i) of the brands to learn from, then of all others.
        """
        used = self.used_slots(dataset)
        slots = [s for s in self.slots if s in used or (s in dataset.slots and brand_has(dataset, s, dataset.brands).any())]
        pairs = to_learn_from(dataset, self.name) if len(dataset.endorsements) else None
        if pairs is None or len(np.unique(pairs.at[:, 0])) < FEWEST:
            return self._vectors(dataset, slots, dataset.brands, dataset.influencers), None, sparse.csr_matrix((0, 0))
        groups, _ = categories_of(dataset, pairs)
        brands, influencers = np.unique(pairs.at[:, 0]), self._asked(pairs)
        works = np.zeros((len(pairs.brands), len(pairs.influencers)), bool)
        works[pairs.at[:, 0], pairs.at[:, 1]] = True
        found = self._vectors(dataset, slots, pairs.brands[brands], pairs.influencers[influencers])
        return (
            Training(
                found.brands,
                found.influencers,
                works[np.ix_(brands, influencers)],
                (groups[0][brands], groups[1][influencers]),
                {
                    slot: (left, right)
                    for slot, (left, right) in _posts(dataset, used, pairs.brands[brands], pairs.influencers[influencers]).items()
                    if min(np.median(rows.counts[rows.counts > 0]) if rows.counts.any() else 0 for rows in (left, right)) >= SEVERAL
                },
            ),
            pairs,
            _partners(dataset, pairs.brands[brands], pairs.influencers[influencers]),
        )

    def _asked(self, pairs: Pairs) -> np.ndarray:
        """Numbers of the influencers to learn from: all partners, and of those without partners as many as ``others`` allows."""
        partners = np.unique(pairs.at[:, 1])
        rest = np.setdiff1d(np.arange(len(pairs.influencers)), partners)
        drawn = seeds.generator(self.seed, "others").permutation(rest)[: self.config.others]
        return np.sort(np.concatenate([partners, drawn]))

    def _vectors(self, dataset: Dataset, slots: list[str], brands: np.ndarray, influencers: np.ndarray) -> Training:
        none = np.zeros((len(brands), len(influencers)), bool)
        return Training(
            {slot: brand_vectors(dataset, slot, brands) for slot in slots},
            {slot: account_vectors(dataset, slot, influencers) for slot in slots},
            none,
            (np.full(len(brands), -1), np.full(len(influencers), -1)),
            {},
        )

    def _weights(self, training: Training, partners: sparse.csr_matrix, tick: Tick | None) -> Stack:
        """Fitted on the evidence for brands that it was not fitted on."""
        n = len(training.works)
        open_ = not training.works.any(axis=0).all()
        folds = min(self.config.folds, n)
        fold = self._dealt(training.categories[0], folds)
        rows: list[np.ndarray] = []
        positive, group, weight = [], [], []
        names: tuple[str, ...] = ()
        for number in range(folds):
            if tick:
                tick(number, folds + 1)
            judged, learned = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            evidence = Evidence.fit(training.narrowed(learned))
            asked = training.narrowed(judged, partners=not open_)
            of_brands, of_influencers = ({slot: posts[n] for slot, posts in asked.posts.items()} for n in (0, 1))
            features = evidence.of(asked.brands, evidence.side(asked.influencers, of_influencers), of_brands)
            if open_:
                seen = np.log1p(np.asarray(partners.sum(axis=0) - partners[judged].sum(axis=0)).ravel())
                features["known"] = np.broadcast_to(seen, asked.works.shape)
            names = names or tuple(features)
            brand, candidate, share = self._drawn(asked.works, number, n)
            empty = np.full(asked.works.shape, np.nan)
            rows.append(np.stack([features.get(name, empty)[brand, candidate] for name in names], axis=1))
            positive.append(asked.works[brand, candidate])
            group.append(judged[brand])
            weight.append(share)
        if tick:
            tick(folds, folds + 1)
        x, y, of, share = (np.concatenate(found) for found in (rows, positive, group, weight))
        return stack(names, x, y, of, share, self.config.strength)

    def _dealt(self, categories: np.ndarray, folds: int) -> np.ndarray:
        """(b,) fold of each training brand: of every category about as many in each."""
        shuffled = seeds.generator(self.seed, "folds").permutation(len(categories))
        order = shuffled[np.argsort(categories[shuffled], kind="stable")]
        fold = np.empty(len(categories), np.int64)
        fold[order] = np.arange(len(categories)) % folds
        return fold

    def _drawn(self, works: np.ndarray, number: int, brands: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns and weights of the pairs of a fold: all that are positive, of the others as many as may be."""
        most = max(self.config.pairs * len(works) // brands, 100)
        if works.size <= most:
            brand, candidate = np.divmod(np.arange(works.size), works.shape[1])
            return brand, candidate, np.ones(works.size)
        flat = works.ravel()
        others = np.flatnonzero(~flat)
        drawn = np.sort(seeds.generator(self.seed, "pairs", number).choice(others, min(most, len(others)), replace=False))
        chosen = np.concatenate([np.flatnonzero(flat), drawn])
        weight = np.where(flat[chosen], 1.0, len(others) / len(drawn))
        brand, candidate = np.divmod(chosen, works.shape[1])
        return brand, candidate, weight


def _posts(dataset: Dataset, slots: list[str], brands: np.ndarray, influencers: np.ndarray) -> dict[str, tuple[Rows, Rows]]:
    """The newest posts of both sides, of the slots that have a row a post."""
    return {
        slot: (brand_rows(dataset, slot, brands, NEWEST), account_rows(dataset, slot, influencers, NEWEST))
        for slot in slots
        if dataset.slots[slot].level == "post"
    }


def _partners(dataset: Dataset, brands: np.ndarray, influencers: np.ndarray) -> sparse.csr_matrix:
    """(all brands, i) of 0 and 1, these brands first: who is known to have worked with whom."""
    others = [brand for brand in dataset.partners if brand not in set(brands.tolist())]
    row = {brand: n for n, brand in enumerate([*brands.tolist(), *others])}
    column = {id: n for n, id in enumerate(influencers.tolist())}
    at = [(row[b], column[i]) for b, of_brand in dataset.partners.items() for i in of_brand if b in row and i in column]
    rows, columns = np.array(at, np.int64).reshape(-1, 2).T
    return sparse.csr_matrix((np.ones(len(at)), (rows, columns)), shape=(len(row), len(column)))


def _known(dataset: Dataset, influencers: np.ndarray) -> np.ndarray:
    """(n,) log(1 + brands that each is known to have worked with)."""
    counts = dataset.remembered("brands of each", lambda: Counter(i for of_brand in dataset.partners.values() for i in of_brand))
    return np.log1p([counts[id] for id in influencers.tolist()])


def _part(name: str) -> str:
    """The part of the score that a piece of evidence belongs to."""
    idea, _, slot = name.partition(".")
    if idea in ("cos", "hub", "late", "back"):
        return slot
    if idea == "known":
        return "known"
    return "partners" if idea in PARTNERS else "match" if idea in MATCH else "agreement"
