"""node2vec: walks against exact chances, vectors that know their part of the graph, and input that cannot
be."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="node2vec comes with the extra graph")

from brandfit.learning.node2vec import Config, graph_of, node2vec, random_walks

TRIANGLE_AND_TAIL = (
    np.array([0, 0, 1, 2, 3]),
    np.array([1, 2, 2, 3, 4]),
    np.array([1.0, 2.0, 1.0, 3.0, 1.0]),
)


def exact(edges, n, p, q, before, at):
    """Chances of the next step from ``at``, having come from ``before``, as the paper says (3.2.2), pair by
    pair."""
    weight = np.zeros((n, n))
    for a, b, w in zip(*edges, strict=True):
        weight[a, b] += w
        weight[b, a] += w
    chances = np.zeros(n)
    for x in range(n):
        bias = 1 / p if x == before else 1.0 if weight[before, x] > 0 else 1 / q
        chances[x] = weight[at, x] * bias
    return chances / chances.sum()


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.25, 4.0), (8.0, 0.5), (1e6, 1e-3)])
def test_steps_are_drawn_with_the_chances_of_the_paper(p, q):
    walks = random_walks(graph_of(TRIANGLE_AND_TAIL, 5), Config(p=p, q=q, walks=400, length=60), seed=3)
    triples = np.stack([walks[:, :-2].ravel(), walks[:, 1:-1].ravel(), walks[:, 2:].ravel()], axis=1)
    seen = 0
    for before, at in {(a, b) for a, b, _ in triples.tolist()}:
        steps = triples[(triples[:, 0] == before) & (triples[:, 1] == at), 2]
        if len(steps) < 500:
            continue
        seen += 1
        found = np.bincount(steps, minlength=5) / len(steps)
        chances = exact(TRIANGLE_AND_TAIL, 5, p, q, before, at)
        assert np.abs(found - chances).max() < 5 * np.sqrt(0.25 / len(steps)), (before, at)
    assert seen >= 4


def test_walks_go_along_edges_and_start_at_every_node_equally_often():
    walks = random_walks(graph_of(TRIANGLE_AND_TAIL, 7), Config(walks=3, length=9))
    assert walks.shape == (3 * 5, 9)
    assert np.bincount(walks[:, 0], minlength=7).tolist() == [3, 3, 3, 3, 3, 0, 0]
    edges = {frozenset(pair) for pair in zip(*(ends.tolist() for ends in TRIANGLE_AND_TAIL[:2]), strict=True)}
    assert {
        frozenset(pair)
        for pair in zip(walks[:, :-1].ravel().tolist(), walks[:, 1:].ravel().tolist(), strict=True)
    } <= edges


def cliques(size=8):
    """Two cliques that one edge joins, and a node without edges."""
    pairs = [(a + side, b + side) for side in (0, size) for a in range(size) for b in range(a)] + [(0, size)]
    source, target = np.array(pairs).T
    return (source, target, np.ones(len(pairs))), 2 * size + 1


SMALL = Config(dim=16, walks=20, length=20, window=4, epochs=3)


def test_vectors_know_their_part_of_the_graph():
    edges, n = cliques()
    vectors = node2vec(edges, n, config=SMALL)
    assert vectors.shape == (n, 16)
    assert vectors.dtype == np.float32
    assert not vectors[-1].any()
    unit = vectors[:-1] / np.linalg.norm(vectors[:-1], axis=1, keepdims=True)
    inner = [node for node in range(n - 1) if node not in (0, 8)]  # without the ends of the bridge
    near, part = (unit @ unit.T)[np.ix_(inner, inner)], np.array(inner) // 8
    same = part[:, None] == part[None, :]
    assert near[same].min() > near[~same].max()


def test_weights_decide_who_is_near():
    source, target, weight = cliques()[0]
    strong = np.where(source == 8, 500.0, weight)  # the bridge, and the edges of its far end
    strong = np.where((source == 8) & (target > 8), 1.0, strong)
    strong = np.where((source == 0) & (target == 8), 500.0, strong)

    def bridge(weight):
        vectors = node2vec((source, target, weight), 17, config=SMALL)
        return float(vectors[0] @ vectors[8] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[8]))

    assert bridge(strong) > bridge(weight)


def test_the_seed_decides_and_the_order_and_direction_of_edges_do_not():
    edges, n = cliques()
    one = node2vec(edges, n, config=SMALL, seed=5)
    source, target, weight = (column[::-1].copy() for column in edges)
    np.testing.assert_array_equal(node2vec((target, source, weight), n, config=SMALL, seed=5), one)
    assert np.abs(node2vec(edges, n, config=SMALL, seed=6) - one).max() > 1e-3


def test_an_edge_given_twice_weighs_the_sum_and_loops_count_for_nothing():
    twice = graph_of((np.array([0, 1, 1, 2]), np.array([1, 0, 2, 2]), np.array([1.0, 2.0, 1.0, 9.0])), 3)
    once = graph_of((np.array([0, 1]), np.array([1, 2]), np.array([3.0, 1.0])), 3)
    for found, expected in zip(twice, once, strict=True):
        np.testing.assert_allclose(found, expected)


def test_progress_is_told_once_an_epoch():
    told = []
    edges, n = cliques()
    node2vec(edges, n, config=SMALL, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        (([0], [5], [1.0]), "whole numbers in 0 ... 2"),
        (([0.5], [1], [1.0]), "whole numbers"),
        (([0], [1], [-1.0]), "not negative"),
        (([0], [1], [np.nan]), "finite"),
        (([0, 1], [1], [1.0]), "must be"),
        (([1], [1], [1.0]), "needs an edge"),
        (([], [], []), "needs an edge"),
    ],
)
def test_edges_that_cannot_be_are_refused(edges, words):
    with pytest.raises(ValueError, match=words):
        node2vec(tuple(np.array(column) for column in edges), 3)
