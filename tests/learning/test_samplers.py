from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from brandfit.learning.samplers import pools


def test_the_papers_example():
    """5 positives and k = 3: 15 pools, 5 with one positive, 5 with two, 5 with three; all positives equally often."""
    pairs = np.array([(0, c) for c in (2, 3, 5, 7, 11)])
    drawn = pools(pairs, 20, 3, np.random.default_rng(0))
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
    drawn = pools(np.array(sorted(pairs, key=lambda pair: hash((seed, pair)))), n, k, np.random.default_rng(seed))
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
        drawn = pools(pairs, 8, 4, rng)
        mine = drawn.brand == 0
        seen.update(drawn.candidates[mine][~drawn.positive[mine]].tolist())
    assert set(seen) == {0, 2, 3, 5, 6, 7}
    share = np.array(list(seen.values())) / sum(seen.values())
    assert abs(share - 1 / 6).max() < 0.01


def test_too_few_negatives_make_short_pools_and_no_pairs_no_pools():
    drawn = pools(np.array([(0, 0), (0, 2)]), 3, 3, np.random.default_rng(0))
    assert sorted(map(tuple, np.sort(drawn.candidates, axis=1)[drawn.positive.sum(1) == 1].tolist())) == [(-1, 0, 1), (-1, 1, 2)]
    empty = pools(np.zeros((0, 2), np.int64), 5, 3, np.random.default_rng(0))
    assert empty.candidates.shape == (0, 3)


def test_the_generator_decides():
    pairs = np.array([(0, 1), (0, 4), (1, 0)])
    one, same, other = (pools(pairs, 30, 4, np.random.default_rng(seed)).candidates for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
