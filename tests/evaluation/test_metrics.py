"""Metrics by hand, against a slow oracle that tries every order of the ties, and by properties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from brandfit.errors import UnknownName
from brandfit.evaluation.metrics import AUC, CAUC, MAP, METRICS, MRR, NDCG, MedR, Recall, parse

SCORES = np.array([5.0, 4.0, 4.0, 4.0, 3.0, np.nan])
RELEVANT = np.array([False, True, False, True, False, True])
# One block of three ties at ranks 2-4 holds two relevant; the NaN stands last, at rank 6. Three others: ranks
# 1, one of 2-4, 5.


@pytest.mark.parametrize(
    ("metric", "ties", "value"),
    [
        # Pairs: 9. Each tied one beats rank 5 for sure, and the tied other by the rule; the NaN beats none.
        (AUC(), "expected", (1.5 + 1.5) / 9),
        (AUC(), "pessimistic", (1 + 1) / 9),
        (AUC(), "optimistic", (2 + 2) / 9),
        (Recall(2), "expected", 2 / 3 / 3),
        (Recall(2), "pessimistic", 0.0),
        (Recall(2), "optimistic", 1 / 3),
        (Recall(3), "pessimistic", 1 / 3),
        (Recall(5), "pessimistic", 2 / 3),
        (Recall(6), "pessimistic", 1.0),
        # First relevant at rank 2 with chance 2/3, else at 3.
        (MRR(), "expected", 2 / 3 / 2 + 1 / 3 / 3),
        (MRR(), "pessimistic", 1 / 3),
        (MRR(), "optimistic", 1 / 2),
        (MedR(), "expected", 1 + 4 / 3),
        (MedR(), "pessimistic", 3),
        (MedR(), "optimistic", 2),
        # Orders of the block: RRO, ROR, ORR, equally likely; the third relevant is at rank 6.
        (MAP(), "expected", ((1 / 2 + 2 / 3) + (1 / 2 + 2 / 4) + (1 / 3 + 2 / 4)) / 3 / 3 + 3 / 6 / 3),
        (MAP(), "pessimistic", (1 / 3 + 2 / 4 + 3 / 6) / 3),
        (MAP(), "optimistic", (1 / 2 + 2 / 3 + 3 / 6) / 3),
        (NDCG(3), "optimistic", (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)),
        (NDCG(3), "pessimistic", (1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)),
        (NDCG(3), "expected", (2 / 3) * (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)),
    ],
    ids=str,
)
def test_by_hand(metric, ties, value):
    assert metric.per_brand(SCORES, RELEVANT, ties=ties) == pytest.approx(value, abs=1e-12)


def test_cauc_looks_at_the_own_category_only():
    category = np.array([True, True, False, False, True, False])
    # Left: others at 5.0 and 3.0, the relevant one of the category at 4.0; those of other categories are not
    # looked at.
    assert CAUC().per_brand(SCORES, RELEVANT, ties="expected", category=category) == 0.5
    assert math.isnan(CAUC().per_brand(SCORES, RELEVANT, ties="expected", category=~RELEVANT))
    assert math.isnan(CAUC().per_brand(SCORES, RELEVANT, ties="expected", category=None))
    assert math.isnan(CAUC().per_brand(SCORES, RELEVANT, ties="expected", category=RELEVANT))


def in_order(metric: object, relevant: list[bool]) -> float:
    """A metric of one strict order, straight from its formula."""
    n, r = len(relevant), sum(relevant)
    ranks = [i + 1 for i, hit in enumerate(relevant) if hit]
    if isinstance(metric, AUC):
        pairs = [(i, j) for i in range(n) for j in range(n) if relevant[i] and not relevant[j]]
        return sum(i < j for i, j in pairs) / len(pairs) if pairs else math.nan
    if isinstance(metric, Recall):
        return sum(rank <= metric.k for rank in ranks) / r
    if isinstance(metric, MRR):
        return 1 / ranks[0]
    if isinstance(metric, MedR):
        return ranks[0]
    if isinstance(metric, MAP):
        return sum((i + 1) / rank for i, rank in enumerate(ranks)) / r
    assert isinstance(metric, NDCG)
    best = sum(1 / math.log2(1 + rank) for rank in range(1, min(metric.k, r) + 1))
    return sum(1 / math.log2(1 + rank) for rank in ranks if rank <= metric.k) / best


def oracle(metric: object, scores: list[float], relevant: list[bool]) -> dict[str, float]:
    """Every order of every block of ties: mean, worst and best."""
    keys = [-math.inf if math.isnan(s) else s for s in scores]
    groups = [
        [relevant[i] for i in range(len(keys)) if keys[i] == key] for key in sorted(set(keys), reverse=True)
    ]
    values = [
        in_order(metric, list(itertools.chain(*orders)))
        for orders in itertools.product(*map(itertools.permutations, groups))
    ]
    worst, best = (max, min) if isinstance(metric, MedR) else (min, max)
    return {"expected": float(np.mean(values)), "pessimistic": worst(values), "optimistic": best(values)}


SLOW = [AUC(), Recall(1), Recall(3), MRR(), MedR(), MAP(), NDCG(2), NDCG(10)]
cases = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, -1.0, math.nan]), st.booleans()), min_size=1, max_size=6
).filter(lambda rows: any(hit for _, hit in rows))


@settings(max_examples=150, deadline=None)
@given(cases)
def test_against_every_order_of_the_ties(rows):
    scores, relevant = map(list, zip(*rows, strict=True))
    for metric in SLOW:
        for ties, value in oracle(metric, scores, relevant).items():
            assert metric.per_brand(np.array(scores), np.array(relevant), ties=ties) == pytest.approx(
                value, nan_ok=True
            ), (metric, ties)


many = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = int(rng.integers(2, 200))
    scores = rng.normal(size=n).round(int(rng.integers(0, 4)))
    scores[rng.random(n) < 0.1] = np.nan
    relevant = rng.random(n) < 0.2
    relevant[rng.integers(n)] = True
    return scores, relevant, rng.random(n) < 0.5


@settings(deadline=None)
@given(many)
def test_a_constant_a_monotone_map_and_the_order_of_candidates_change_nothing(rng):
    scores, relevant, category = drawn(rng)
    order = rng.permutation(len(scores))
    for metric in METRICS:
        for ties in ("expected", "pessimistic", "optimistic"):
            value = metric.per_brand(scores, relevant, ties=ties, category=category)
            for other in (scores + 8, 4 * scores, np.exp(scores)):
                assert metric.per_brand(other, relevant, ties=ties, category=category) == pytest.approx(
                    value, nan_ok=True
                )
            shuffled = metric.per_brand(scores[order], relevant[order], ties=ties, category=category[order])
            assert shuffled == pytest.approx(value, nan_ok=True)


@settings(deadline=None)
@given(many)
def test_expected_lies_between_pessimistic_and_optimistic(rng):
    scores, relevant, category = drawn(rng)
    for metric in METRICS:
        low, mid, high = (
            metric.per_brand(scores, relevant, ties=t, category=category)
            for t in ("pessimistic", "expected", "optimistic")
        )
        if not math.isnan(mid):
            assert min(low, high) - 1e-9 <= mid <= max(low, high) + 1e-9


@settings(deadline=None)
@given(many)
def test_perfect_scores_are_perfect_and_silence_is_worth_chance(rng):
    _, relevant, category = drawn(rng)
    n, r = len(relevant), int(relevant.sum())
    for metric in METRICS:
        perfect = metric.per_brand(relevant.astype(float), relevant, ties="pessimistic", category=category)
        if not math.isnan(perfect) and not isinstance(metric, Recall):
            assert perfect == pytest.approx(1.0)
    silent = np.full(n, np.nan)
    assert Recall(10).per_brand(silent, relevant) == pytest.approx(min(10, n) / n)
    assert MedR().per_brand(silent, relevant) == pytest.approx((n + 1) / (r + 1))
    assert AUC().per_brand(silent, relevant) == pytest.approx(0.5 if r < n else math.nan, nan_ok=True)


@settings(deadline=None)
@given(many)
def test_agrees_with_scikit_learn_where_the_definitions_agree(rng):
    scores, relevant, _ = drawn(rng)
    scores = np.nan_to_num(scores, nan=-99.0)
    if relevant.all():
        return
    assert AUC().per_brand(scores, relevant) == pytest.approx(roc_auc_score(relevant, scores))
    assert NDCG(10).per_brand(scores, relevant) == pytest.approx(ndcg_score([relevant], [scores], k=10))
    strict = scores + np.arange(len(scores)) * 1e-7  # scikit-learn gives a whole block of ties one threshold
    assert MAP().per_brand(strict, relevant) == pytest.approx(average_precision_score(relevant, strict))


def test_large_blocks_do_not_underflow():
    n = 30_000
    relevant = np.zeros(n, bool)
    relevant[:500] = True
    silent = np.zeros(n)
    expected = np.mean(
        [1 / (1 + np.flatnonzero(np.random.default_rng(i).permutation(relevant))[0]) for i in range(3000)]
    )
    assert MRR().per_brand(silent, relevant) == pytest.approx(expected, rel=0.1)
    assert MAP().per_brand(silent, relevant) == pytest.approx(500 / n, rel=0.05)


def test_names_parse_back():
    for metric in [*METRICS, Recall(7), NDCG(3)]:
        assert parse(str(metric)) == metric
    for bad in ("Recall", "Recall@0", "Recall@x", "MRR@3", "auc2"):
        with pytest.raises(UnknownName):
            parse(bad)


def test_medians_of_an_even_number_of_brands():
    values = np.array([1.0, 2.0, 4.0, 9.0, np.nan])
    assert parse("MedR").aggregate(values) == 3.0
    assert parse("MedR-lower").aggregate(values) == 2.0
    assert math.isnan(parse("MedR").aggregate(np.array([np.nan])))
