"""Pieces of brandfit's evidence against slow sums over their definitions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from brandfit import registry
from brandfit.learning.pooling import Sides, Vectors
from brandfit.rankers import evidence as evidence_package
from brandfit.rankers.evidence import (
    IDEAS,
    expected_partner,
    kernel_regression,
    part_of,
    partner_categories,
    two_covariance,
    whitened_cosine,
)
from brandfit.rankers.evidence._idea import PartnerHistory
from brandfit.rankers.evidence._model import Evidence
from brandfit.rankers.evidence._numerics import NEIGHBOURS
from brandfit.rankers.evidence._training import GAMMA, RIDGE, Training
from brandfit.rankers.evidence.history import similarity_of_past_brands

BRANDS, INFLUENCERS, ASKED = 7, 30, 4
SLOTS = {"text": 5, "graph": 3}


def vectors(rng: np.random.Generator, n: int, absent: int | None = None) -> dict[str, Vectors]:
    found = {}
    for slot, dim in SLOTS.items():
        present = np.ones(n, bool)
        if absent is not None and slot == "graph":
            present[absent] = False
        values = rng.normal(size=(n, dim)).astype(np.float32)
        found[slot] = Vectors(np.where(present[:, None], values, 0).astype(np.float32), present)
    return found


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(3)
    works = rng.random((BRANDS, INFLUENCERS)) < 0.2
    works[rng.integers(BRANDS, size=INFLUENCERS), np.arange(INFLUENCERS)] = (
        True  # everybody works with somebody
    )
    unknown = Sides(np.full(BRANDS, -1), np.full(INFLUENCERS, -1))
    training = Training(
        brands=vectors(rng, BRANDS, 2),
        influencers=vectors(rng, INFLUENCERS, 4),
        works=works,
        categories=unknown,
        posts={},
    )
    return training, Evidence.fit(training), vectors(rng, ASKED, 1), vectors(rng, INFLUENCERS // 2, 0)


def radial(left, right, weights, gamma):
    """exp(-gamma D), D the weighted mean over slots of squared distances."""
    result = np.zeros((len(next(iter(left.values()))), len(next(iter(right.values())))))
    for m in range(result.shape[0]):
        for n in range(result.shape[1]):
            distance = sum(
                w * ((left[s][m].astype(float) - right[s][n]) ** 2).sum() for s, w in weights.items()
            )
            result[m, n] = np.exp(-gamma * distance / sum(weights.values()))
    return result


def cosines(left, right):
    return np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in right] for a in left])


def seen(evidence, found, side):
    return {slot: evidence.transforms[slot].transform(v, side).values for slot, v in found.items()}


def everything(case):
    """Rows by slot of training brands, training influencers, the brands and the influencers that are asked
    for."""
    training, evidence, brands, influencers = case
    sides = (
        (training.brands, "brand"),
        (training.influencers, "influencer"),
        (brands, "brand"),
        (influencers, "influencer"),
    )
    return [seen(evidence, found, side) for found, side in sides]


def together(rows, weights):
    """Slots side by side, so that inner products are weighted sums of theirs."""
    return np.concatenate(
        [rows[slot].astype(float) * np.sqrt(weight) for slot, weight in weights.items()], axis=1
    )


def shrunk(matrix, share):
    return (1 - share) * matrix + share * np.trace(matrix) / len(matrix) * np.eye(len(matrix))


def test_via_works_compares_with_whom_each_would_work(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        seen(evidence, found, side)
        for found, side in (
            (training.brands, "brand"),
            (training.influencers, "influencer"),
            (brands, "brand"),
            (influencers, "influencer"),
        )
    )
    weights, gamma = evidence.slot_weights.influencer, GAMMA["influencer"]
    target = training.works / np.sqrt(training.works.sum(axis=1, keepdims=True))
    target = target - target.mean(axis=0)
    among = radial(people, people, weights, gamma)
    dual = np.linalg.solve(among + RIDGE * np.eye(INFLUENCERS), target.T)  # (i, b)
    usual = [radial(known, people, weights, gamma) @ dual, among @ dual]
    deviation = usual[1].std(axis=0)
    left, right = (
        (radial(rows, people, weights, gamma) @ dual - usual[side].mean(axis=0)) / deviation
        for side, rows in enumerate((asked, others))
    )
    told = evidence.features(brands, evidence.influencer_side(influencers))["via.works"]
    assert told == pytest.approx(cosines(left, right), abs=2e-4)
    assert np.abs(told).max() > 0.3


def test_via_likes_compares_whom_each_is_like(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        seen(evidence, found, side)
        for found, side in (
            (training.brands, "brand"),
            (training.influencers, "influencer"),
            (brands, "brand"),
            (influencers, "influencer"),
        )
    )
    left, right = (
        radial(rows, known, evidence.slot_weights.influencer, GAMMA["brand"])
        - radial(usual, known, evidence.slot_weights.influencer, GAMMA["brand"]).mean(axis=0)
        for rows, usual in ((asked, known), (others, people))
    )
    told = evidence.features(brands, evidence.influencer_side(influencers))["via.likes"]
    assert told == pytest.approx(cosines(left, right), abs=2e-4)
    assert np.abs(told).max() > 0.3


def test_hub_is_the_mean_cosine_with_the_nearest_training_brands(case):
    training, evidence, brands, influencers = case
    known, others = (
        seen(evidence, training.brands, "brand")["text"],
        seen(evidence, influencers, "influencer")["text"],
    )
    expected = np.sort(others @ known.T, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    told = evidence.features(brands, evidence.influencer_side(influencers))["hub.text"]
    assert told == pytest.approx(np.tile(expected, (ASKED, 1)), abs=1e-6)


@pytest.mark.parametrize("slot", [None, "text", "graph"])
def test_krr_is_ridge_regression_on_both_sides(case, slot):
    training, evidence, brands, influencers = case
    known, people, asked, others = everything(case)
    target = training.works / np.sqrt(training.works.sum(axis=1, keepdims=True))
    target = target - target.mean(axis=0)
    weights, gamma = evidence.slot_weights.influencer, GAMMA["influencer"]
    dual = np.linalg.solve(radial(people, people, weights, gamma) + RIDGE * np.eye(INFLUENCERS), target.T)
    of_influencers = radial(others, people, weights, gamma) @ dual  # (n, b)
    by, gamma = ({slot: 1.0}, GAMMA["slot"]) if slot else (evidence.slot_weights.brand, GAMMA["brand"])
    of_brands = radial(asked, known, by, gamma) @ np.linalg.inv(
        radial(known, known, by, gamma) + kernel_regression.RIDGE * np.eye(BRANDS)
    )
    told = evidence.features(brands, evidence.influencer_side(influencers))[f"krr.{slot}" if slot else "krr"]
    assert told == pytest.approx(of_brands @ of_influencers.T, abs=1e-6)
    assert np.abs(told).max() > 0.003


def test_partner_is_the_cosine_with_the_partner_of_like_brands_less_its_hubness(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = everything(case)
    axes = evidence.arrays["axes"]
    people, others = (together(rows, evidence.slot_weights.influencer) @ axes for rows in (people, others))
    means = training.works @ people / training.works.sum(axis=1, keepdims=True)
    weights, gamma = evidence.slot_weights.brand, GAMMA["brand"]
    dual = np.linalg.solve(
        radial(known, known, weights, gamma) + expected_partner.RIDGE * np.eye(BRANDS), means
    )
    wanted, usual = (radial(rows, known, weights, gamma) @ dual for rows in (asked, known))
    hub = np.sort(cosines(others, usual), axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    told = evidence.features(brands, evidence.influencer_side(influencers))["partner"]
    assert told == pytest.approx(cosines(wanted, others) - hub / 2, abs=1e-4)


def test_match_is_the_log_likelihood_ratio_of_having_the_same_mean(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        together(r, evidence.slot_weights.influencer) @ evidence.arrays["axes"] for r in everything(case)
    )
    dim = known.shape[1]
    means = np.array(
        [np.mean([x, *people[works]], axis=0) for x, works in zip(known, training.works, strict=True)]
    )
    within = np.mean(
        [np.outer(people[i] - means[b], people[i] - means[b]) for b, i in np.argwhere(training.works)], axis=0
    )
    within, between = (
        shrunk(within, two_covariance.SHRINKAGE),
        shrunk(np.mean([np.outer(m, m) for m in means], axis=0), two_covariance.SHRINKAGE),
    )
    total = between + within
    both = np.block([[total, between], [between, total]])

    def log_density(z, covariance):
        return -0.5 * (z @ np.linalg.solve(covariance, z) + np.linalg.slogdet(covariance)[1])

    ratio = np.array(
        [
            [
                log_density(np.append(x, y), both) - log_density(x, total) - log_density(y, total)
                for y in others
            ]
            for x in asked
        ]
    )
    constant = -0.5 * (np.linalg.slogdet(both)[1] - 2 * np.linalg.slogdet(total)[1])
    told = evidence.features(brands, evidence.influencer_side(influencers))["match"]
    assert dim == sum(SLOTS.values())
    assert told == pytest.approx(ratio - constant, abs=2e-3)
    assert told.std() > 0.1


def test_within_is_a_cosine_after_whitening_what_differs_inside_pairs(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        together(r, evidence.slot_weights.influencer) @ evidence.arrays["axes"] for r in everything(case)
    )
    differ = np.mean(
        [np.outer(known[b] - people[i], known[b] - people[i]) for b, i in np.argwhere(training.works)], axis=0
    )
    values, vectors = np.linalg.eigh(shrunk(differ, whitened_cosine.SHRINKAGE))
    white = vectors @ np.diag(values**-whitened_cosine.POWER) @ vectors.T
    known, asked, others = known @ white, asked @ white, others @ white
    hub = np.sort(cosines(others, known), axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    told = evidence.features(brands, evidence.influencer_side(influencers))["within"]
    assert told == pytest.approx(cosines(asked, others) - hub / 2, abs=1e-4)


def test_category_compares_what_both_sides_are_told_to_have(case):
    plain, _, brands, influencers = case
    own = np.array([0, 0, 1, 1, 2, -1, 2])
    training = replace(plain, categories=Sides(own, plain.categories.influencer))
    evidence = Evidence.fit(training)
    known, people, asked, others = (
        seen(evidence, found, side)
        for found, side in (
            (training.brands, "brand"),
            (training.influencers, "influencer"),
            (brands, "brand"),
            (influencers, "influencer"),
        )
    )
    one = np.eye(3)[own] * (own >= 0)[:, None]
    shares = training.works.T @ one
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)
    weights, gamma = evidence.slot_weights.influencer, GAMMA["influencer"]
    system = radial(people, people, weights, gamma) + RIDGE * np.eye(INFLUENCERS)
    right = radial(others, people, weights, gamma) @ np.linalg.solve(
        system, shares - shares.mean(axis=0)
    ) + shares.mean(axis=0)
    weights, gamma, sure = evidence.slot_weights.brand, GAMMA["brand"], own >= 0
    among = radial(known, known, weights, gamma)[np.ix_(sure, sure)] + partner_categories.RIDGE * np.eye(
        sure.sum()
    )
    usual = one[sure].mean(axis=0)
    left = radial(asked, known, weights, gamma)[:, sure] @ np.linalg.solve(among, one[sure] - usual) + usual
    told = evidence.features(brands, evidence.influencer_side(influencers))
    assert told["category"] == pytest.approx((np.maximum(left, 0) / usual) @ np.maximum(right, 0).T, abs=1e-4)
    assert told["category.best"] == pytest.approx(right[:, left.argmax(axis=1)].T, abs=1e-4)
    assert told["category.sure"] == pytest.approx(np.tile(right.max(axis=1), (ASKED, 1)), abs=1e-4)


def test_history_is_the_mean_cosine_with_other_brands_of_a_candidate(case):
    training, evidence, brands, _ = case
    asked, others = (seen(evidence, found, "brand") for found in (brands, training.brands))
    worked = np.zeros((5, BRANDS))
    worked[1, 3] = worked[2, [0, 4]] = worked[3, [0, 6]] = worked[4, 0] = 1
    itself = np.array([0, -1, 3, -1])
    told = similarity_of_past_brands(
        PartnerHistory(
            has_worked=worked.any(axis=1),
            worked=sparse.csr_matrix(worked),
            brand_similarity=evidence.brand_similarity(brands),
            own_row=itself,
        )
    )
    alike = np.mean([asked[slot] @ others[slot].T for slot in SLOTS], axis=0)
    for brand in range(ASKED):
        for candidate in range(5):
            has = [b for b in np.flatnonzero(worked[candidate]) if b != itself[brand]]
            expected = np.mean(alike[brand, has]) if has else np.nan
            assert told[brand, candidate] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    assert np.isnan(told[0, 4])
    assert not np.isnan(told[1, 4])


def test_every_file_is_an_idea_and_no_ranker():
    package = Path(evidence_package.__file__).parent
    files = {file.stem for file in package.glob("[a-z]*.py")}
    assert files == {type(idea).__module__.rpartition(".")[2] for idea in IDEAS}
    assert not any("evidence" in name for name in registry.names("ranker"))
    prefixes = [prefix for idea in IDEAS for prefix in idea.prefixes]
    assert len(prefixes) == len(set(prefixes))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("cos.text", "text"),
        ("hub.graph", "graph"),
        ("back.picture", "picture"),
        ("plain", "plain"),
        ("krr.text", "partners"),
        ("partner", "partners"),
        ("match", "match"),
        ("via.works", "match"),
        ("within", "match"),
        ("category.sure", "agreement"),
        ("agreement", "agreement"),
        ("known", "history"),
        ("history", "history"),
        ("engagement.engagement_rate", "engagement"),
    ],
)
def test_evidence_belongs_to_a_part_of_the_score(name, part):
    assert part_of(name) == part
