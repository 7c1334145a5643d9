"""Pieces of brandfit's evidence against slow sums over their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.learning.pooling import Vectors
from brandfit.rankers._evidence import GAMMA, RIDGE, Evidence, Training

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
    works[rng.integers(BRANDS, size=INFLUENCERS), np.arange(INFLUENCERS)] = True  # everybody works with somebody
    unknown = (np.full(BRANDS, -1), np.full(INFLUENCERS, -1))
    training = Training(vectors(rng, BRANDS, 2), vectors(rng, INFLUENCERS, 4), works, unknown, {})
    return training, Evidence.fit(training), vectors(rng, ASKED, 1), vectors(rng, INFLUENCERS // 2, 0)


def radial(left, right, weights, gamma):
    """exp(-gamma D), D the weighted mean over slots of squared distances."""
    result = np.zeros((len(next(iter(left.values()))), len(next(iter(right.values())))))
    for m in range(result.shape[0]):
        for n in range(result.shape[1]):
            distance = sum(w * ((left[s][m].astype(float) - right[s][n]) ** 2).sum() for s, w in weights.items())
            result[m, n] = np.exp(-gamma * distance / sum(weights.values()))
    return result


def cosines(left, right):
    return np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in right] for a in left])


def seen(evidence, found, side):
    return {slot: evidence.views[slot].of(v, side).values for slot, v in found.items()}


def test_via_works_compares_with_whom_each_would_work(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        seen(evidence, found, side)
        for found, side in ((training.brands, 0), (training.influencers, 1), (brands, 0), (influencers, 1))
    )
    weights, gamma = evidence.weights["influencer"], GAMMA["influencer"]
    target = training.works / np.sqrt(training.works.sum(axis=1, keepdims=True))
    target = target - target.mean(axis=0)
    among = radial(people, people, weights, gamma)
    dual = np.linalg.solve(among + RIDGE["influencer"] * np.eye(INFLUENCERS), target.T)  # (i, b)
    usual = [radial(known, people, weights, gamma) @ dual, among @ dual]
    deviation = usual[1].std(axis=0)
    left, right = (
        (radial(rows, people, weights, gamma) @ dual - usual[side].mean(axis=0)) / deviation
        for side, rows in enumerate((asked, others))
    )
    told = evidence.of(brands, evidence.side(influencers, {}), {})["via.works"]
    assert told == pytest.approx(cosines(left, right), abs=2e-4)
    assert np.abs(told).max() > 0.3


def test_via_likes_compares_whom_each_is_like(case):
    training, evidence, brands, influencers = case
    known, people, asked, others = (
        seen(evidence, found, side)
        for found, side in ((training.brands, 0), (training.influencers, 1), (brands, 0), (influencers, 1))
    )
    left, right = (
        radial(rows, known, evidence.weights["influencer"], GAMMA["brand"])
        - radial(usual, known, evidence.weights["influencer"], GAMMA["brand"]).mean(axis=0)
        for rows, usual in ((asked, known), (others, people))
    )
    told = evidence.of(brands, evidence.side(influencers, {}), {})["via.likes"]
    assert told == pytest.approx(cosines(left, right), abs=2e-4)
    assert np.abs(told).max() > 0.3
