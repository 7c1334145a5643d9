from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from brandfit.learning.pairs import Pairs, negative_candidates
from brandfit.learning.pooling import Sides
from brandfit.learning.samplers import buckets, full_lists, pools, random_negatives, triplets


def test_the_papers_example():
    """5 positives and k = 3: 15 pools, 5 with one positive, 5 with two, 5 with three; all positives equally
    often."""
    pairs = np.array([(0, c) for c in (2, 3, 5, 7, 11)])
    drawn = pools(pairs, np.arange(20), k=3, rng=np.random.default_rng(0))
    assert drawn.candidates.shape == (15, 3)
    assert Counter(drawn.positive.sum(1).tolist()) == {1: 5, 2: 5, 3: 5}
    seen = Counter(drawn.candidates[drawn.positive].tolist())
    assert seen == {2: 6, 3: 6, 5: 6, 7: 6, 11: 6}  # 1 + 2 + 3 times each


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=25),
    st.integers(9, 14),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_every_pool_is_what_it_says(pairs, n, k, seed):
    drawn = pools(
        np.array(sorted(pairs, key=lambda pair: hash((seed, pair)))),
        np.arange(n),
        k=k,
        rng=np.random.default_rng(seed),
    )
    assert len(drawn.brand) == k * len(pairs)
    counts = Counter(brand for brand, _ in pairs)
    sizes = Counter()
    for brand, candidates, positive in zip(*drawn, strict=True):
        there = candidates[candidates >= 0].tolist()
        assert len(set(there)) == len(there) == min(k, int(positive.sum()) + n - counts[brand])
        assert not positive[candidates < 0].any()
        for candidate, is_positive in zip(candidates.tolist(), positive.tolist(), strict=True):
            if candidate >= 0:
                assert ((brand, candidate) in pairs) == is_positive
                assert candidate < n
        sizes[int(brand), int(positive.sum())] += 1
    expected = Counter()
    for brand, count in counts.items():
        for wanted in range(1, k + 1):
            expected[brand, min(wanted, count)] += count
    assert sizes == expected


def test_negatives_are_drawn_evenly_from_all_that_are_not_positives():
    pairs = np.array([(0, 1), (0, 4), (1, 0)])
    rng = np.random.default_rng(3)
    seen = Counter()
    for _ in range(1500):
        drawn = pools(pairs, np.arange(8), k=4, rng=rng)
        mine = drawn.brand == 0
        seen.update(drawn.candidates[mine][~drawn.positive[mine]].tolist())
    assert set(seen) == {0, 2, 3, 5, 6, 7}
    share = np.array(list(seen.values())) / sum(seen.values())
    assert abs(share - 1 / 6).max() < 0.01


def test_too_few_negatives_make_short_pools_and_no_pairs_no_pools():
    drawn = pools(np.array([(0, 0), (0, 2)]), np.arange(3), k=3, rng=np.random.default_rng(0))
    assert sorted(map(tuple, np.sort(drawn.candidates, axis=1)[drawn.positive.sum(1) == 1].tolist())) == [
        (-1, 0, 1),
        (-1, 1, 2),
    ]
    empty = pools(np.zeros((0, 2), np.int64), np.arange(5), k=3, rng=np.random.default_rng(0))
    assert empty.candidates.shape == (0, 3)


def test_the_generator_decides():
    pairs = np.array([(0, 1), (0, 4), (1, 0)])
    one, same, other = (
        pools(pairs, np.arange(30), k=4, rng=np.random.default_rng(seed)).candidates for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_buckets_hold_the_best_partners_first():
    pairs = np.array([(0, c) for c in range(6)] + [(1, 7)])
    grades = np.array([0.1, 0.9, 0.5, 0.6, 0.2, 0.8, 0.3])
    drawn = buckets(pairs, grades, candidates=np.arange(10), k=4, rng=np.random.default_rng(0))
    mine = drawn.candidates[drawn.brand == 0]
    assert [set(mine[:, n].tolist()) for n in range(3)] == [{1, 5}, {2, 3}, {0, 4}]
    assert set(mine[:, 3].tolist()) <= {6, 7, 8, 9}
    assert drawn.candidates[drawn.brand == 1][:, :3].tolist() == [[7, 7, 7]]  # fewer partners than buckets
    assert drawn.grades.tolist() == [[3, 2, 1, 0]] * len(drawn.brand)


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=30),
    st.integers(9, 12),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_every_positive_is_in_a_list_and_no_negative_is_one(pairs, n, k, seed):
    at = np.array(sorted(pairs))
    drawn = buckets(
        at,
        np.random.default_rng(seed).random(len(at)),
        candidates=np.arange(n),
        k=k,
        rng=np.random.default_rng(seed),
    )
    full = {b for b in range(4) if sum(p[0] == b for p in pairs) == n}
    seen = {
        (b, c)
        for b, row in zip(drawn.brand.tolist(), drawn.candidates.tolist(), strict=True)
        for c in row[:-1]
    }
    assert seen == {p for p in pairs if p[0] not in full}
    assert all(
        (b, row[-1]) not in pairs
        for b, row in zip(drawn.brand.tolist(), drawn.candidates.tolist(), strict=True)
    )


def test_triplets_as_many_as_asked_and_hard_ones_of_the_brands_own_group():
    pairs = np.array([(b, c) for b in range(4) for c in range(b, b + 3)])
    groups = Sides(np.array([0, 1, -1, 2]), np.array([0, 0, 0, 0, 0, 1, 1, 1, -1]))
    drawn = triplets(pairs, np.arange(9), rng=np.random.default_rng(0), random=3, hard=1, categories=groups)
    assert len(drawn.brand) == 4 * len(pairs)
    assert Counter(zip(drawn.brand.tolist(), drawn.positive.tolist(), strict=True)) == {
        tuple(p): 4 for p in pairs.tolist()
    }
    known = set(map(tuple, pairs.tolist()))
    assert not known & set(zip(drawn.brand.tolist(), drawn.negative.tolist(), strict=True))
    hard = triplets(pairs, np.arange(9), rng=np.random.default_rng(0), random=0, hard=1, categories=groups)
    assert set(hard.negative[hard.brand == 0].tolist()) <= {3, 4}
    assert set(hard.negative[hard.brand == 1].tolist()) <= {5, 6, 7}
    assert (hard.brand == 2).sum() == 3  # of no group: random ones
    rows = np.column_stack(drawn[:2]).reshape(len(pairs), 4, 2)
    assert (rows == rows[:, :1]).all()  # those of a pair in a row


def test_a_brand_that_all_are_positives_of_gets_no_negative_and_others_are_drawn_evenly():
    pairs = np.array([(0, 0), (0, 1), (0, 2), (1, 1)])
    assert random_negatives(
        pairs, np.array([0]), candidates=np.arange(3), rng=np.random.default_rng(0)
    ).tolist() == [-1]
    assert set(triplets(pairs, np.arange(3), rng=np.random.default_rng(0), random=20).brand.tolist()) == {1}
    drawn = Counter(
        random_negatives(
            pairs, np.full(3000, 1), candidates=np.arange(3), rng=np.random.default_rng(0)
        ).tolist()
    )
    assert set(drawn) == {0, 2}
    assert abs(drawn[0] - 1500) < 150


def test_negatives_come_from_the_candidates_alone():
    """Numbers need not be contiguous: positives are found among them, and nobody else is drawn."""
    rng = np.random.default_rng(0)
    candidates = np.array([2, 3, 5, 8, 13, 21])
    pairs = np.array([(0, 3), (0, 8), (4, 21)])
    assert set(random_negatives(pairs, np.full(500, 0), candidates=candidates, rng=rng).tolist()) == {
        2,
        5,
        13,
        21,
    }
    drawn = pools(pairs, candidates, k=3, rng=rng)
    assert set(drawn.candidates[~drawn.positive].tolist()) <= set(candidates.tolist())
    for brand, row, positive in zip(drawn.brand, drawn.candidates, drawn.positive, strict=True):
        for candidate, is_positive in zip(row.tolist(), positive.tolist(), strict=True):
            assert ((brand, candidate) in set(map(tuple, pairs.tolist()))) == is_positive
    groups = Sides(np.array([0, 0, 0, 0, 1]), np.array([n % 2 for n in range(22)]))
    hard = triplets(pairs, candidates, rng=rng, random=0, hard=1, categories=groups)
    assert {(b, n % 2) for b, n in zip(hard.brand.tolist(), hard.negative.tolist(), strict=True)} == {
        (0, 0),
        (4, 1),
    }
    lists = buckets(pairs, np.array([0.2, 0.1, 0.3]), candidates=candidates, k=3, rng=rng)
    assert set(lists.candidates[:, -1].tolist()) <= set(candidates.tolist())


def test_partners_of_held_out_brands_alone_are_no_negatives_of_training():
    ids = np.array([f"i{n}" for n in range(6)], dtype=object)
    pairs = Pairs(np.array(["a", "b"], dtype=object), ids, np.array([(0, 0), (0, 1), (1, 1), (1, 2)]))
    learned, judged = negative_candidates(pairs, pairs.rows[:, 0] == 1)
    assert learned.tolist() == [0, 1, 3, 4, 5]  # not 2, whom only the held-out brand works with
    assert judged.tolist() == [1, 2, 3, 4, 5]  # not 0


def test_full_lists_have_all_candidates_and_all_positives_of_each_brand():
    candidates = np.array([2, 3, 5, 7, 11])
    pairs = np.array([(4, 7), (1, 3), (4, 2), (1, 11), (1, 2)])
    lists = full_lists(pairs, candidates)
    assert lists.brand.tolist() == [1, 4]
    assert lists.candidates.tolist() == [candidates.tolist()] * 2
    positives = [
        row[is_positive].tolist() for row, is_positive in zip(lists.candidates, lists.positive, strict=True)
    ]
    assert positives == [[2, 3, 11], [2, 7]]
