"""Can node2vec tell the edges of a concept graph that were held out? Ours beside public packages, on the same
split, in one run.

    python studies/link_prediction.py graph.txt [--node2vec PYTHON] [--pecanpy PYTHON] [--seeds 5]
    [--epochs 5]

graph.txt is a line an edge: node, node, weight. PYTHON is an interpreter that has the package installed, for
both want another NumPy than ours. Setting of all: 128 dimensions, 10 walks of 80 nodes, window 10, p = q = 1,
skip-gram with 5 negatives.

A fifth of the edges is held out, at random but for a spanning forest, so that no node loses its part of the
graph. They are told from equally many pairs that are no edge, drawn in two ways: uniformly, where the degrees
alone say much, and with one end kept and the other drawn by degree, where they say little. Scores of a pair:
the dot product, the cosine, and logistic regression on the products of the coordinates, fitted on edges that
were walked on and equally many drawn pairs (Grover and Leskovec 2016, Section 4.4). Degree, the product of
the degrees, is what the vectors must add to. Time is that of walks and training, imports apart; the first of
ours includes compiling.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brandfit import seeds
from brandfit.learning.node2vec import Config, node2vec

HELD_OUT = 0.2

PEER = """
import os, sys, time
import numpy as np
edges = np.load(sys.argv[1])
source, target, weight = edges["source"], edges["target"], edges["weight"]
n, seed, epochs, cores = int(edges["n"]), int(edges["seed"]), int(edges["epochs"]), os.cpu_count()
{load}
start = time.perf_counter()
{embed}
np.savez(sys.argv[2], vectors=vectors, seconds=time.perf_counter() - start)
"""

NODE2VEC = PEER.format(
    load="import networkx, node2vec",
    embed="""
graph = networkx.Graph()
graph.add_weighted_edges_from(zip(source.tolist(), target.tolist(), weight.tolist()))
walker = node2vec.Node2Vec(
    graph, dimensions=128, walk_length=80, num_walks=10, workers=1, quiet=True, seed=seed
)
learned = walker.fit(window=10, min_count=1, epochs=epochs, workers=cores, seed=seed).wv
vectors = np.stack([learned[str(node)] for node in range(n)])
""",
)

PECANPY = PEER.format(
    load="from pecanpy import pecanpy",
    embed="""
dense = np.zeros((n, n))
dense[source, target] = dense[target, source] = weight
graph = pecanpy.PreCompFirstOrder.from_mat(
    dense, [str(node) for node in range(n)], p=1, q=1, workers=cores, random_state=seed
)
graph.preprocess_transition_probs()
vectors = graph.embed(dim=128, num_walks=10, walk_length=80, window_size=10, epochs=epochs)
""",
)

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]


class Split(NamedTuple):
    n: int
    kept: Edges
    held: np.ndarray  # (h, 2)
    is_edge: np.ndarray  # (n, n) bool, all edges, both ways round


def read(path: Path) -> tuple[Edges, int]:
    """Edges between the nodes that have any, renumbered 0 ... n - 1."""
    source, target, weight = np.loadtxt(
        path, dtype=[("source", int), ("target", int), ("weight", float)], unpack=True
    )
    ids, ends = np.unique(np.stack([source, target]), return_inverse=True)
    source, target = ends.reshape(2, -1)
    return (source, target, weight), len(ids)


def split(edges: Edges, n: int, seed: int) -> Split:
    source, target, weight = edges
    is_edge = np.zeros((n, n), bool)
    is_edge[source, target] = is_edge[target, source] = True
    rng = seeds.generator(seed, "link prediction", "held out")
    order = rng.permutation(len(source))
    forest = minimum_spanning_tree(sparse.coo_matrix((order + 1.0, (source, target)), shape=(n, n)))
    free = np.asarray(forest.todense())[source, target] == 0
    held = np.zeros(len(source), bool)
    held[rng.choice(np.flatnonzero(free), round(HELD_OUT * len(source)), replace=False)] = True
    return Split(
        n, (source[~held], target[~held], weight[~held]), np.stack([source[held], target[held]], 1), is_edge
    )


def uniformly(split: Split, pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many pairs as there are given that are no edge, each equally likely."""
    free = np.argwhere(np.triu(~split.is_edge, 1))
    return free[rng.choice(len(free), len(pairs), replace=len(free) < len(pairs))]


def by_degree(split: Split, pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each pair, one of its ends and a node that is no neighbour of it, drawn by the degree."""
    degree = degrees(split)
    one = np.where(rng.random(len(pairs)) < 0.5, pairs[:, 0], pairs[:, 1])
    chances = np.where(split.is_edge | np.eye(split.n, dtype=bool), 0.0, degree)[one]
    ends = np.cumsum(chances, axis=1)
    other = (ends <= rng.random((len(one), 1)) * ends[:, -1:]).sum(1)
    return np.stack([one, other], 1)


def degrees(split: Split) -> np.ndarray:
    """(n,) of the edges that were kept."""
    return np.bincount(np.concatenate(split.kept[:2]), minlength=split.n)


def scored(split: Split, vectors: np.ndarray, draw: Callable, seed: int) -> dict[str, tuple[float, float]]:
    """AUC and average precision of the held-out edges, by way of scoring."""
    rng = seeds.generator(seed, "link prediction", draw.__name__)
    pairs = np.concatenate([split.held, draw(split, split.held, rng)])
    truth = np.arange(len(pairs)) < len(split.held)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    known = np.stack(split.kept[:2], 1)
    examples = np.concatenate([known, draw(split, known, rng)])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(products(vectors, examples), np.arange(len(examples)) < len(known))
    scores = {
        "dot": products(vectors, pairs).sum(1),
        "cosine": products(unit, pairs).sum(1),
        "hadamard": model.decision_function(products(vectors, pairs)),
        "degree": products(degrees(split)[:, None], pairs).sum(1),
    }
    return {name: (roc_auc_score(truth, s), average_precision_score(truth, s)) for name, s in scores.items()}


def products(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return vectors[pairs[:, 0]] * vectors[pairs[:, 1]]


def ours(split: Split, epochs: int, seed: int) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    vectors = node2vec(split.kept, split.n, config=Config(epochs=epochs), seed=seed)
    return vectors, time.perf_counter() - start


def peer(python: str, code: str, split: Split, epochs: int, seed: int) -> tuple[np.ndarray, float]:
    source, target, weight = split.kept
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "edges.npz"), Path(folder, "vectors.npz")
        np.savez(given, source=source, target=target, weight=weight, n=split.n, seed=seed, epochs=epochs)
        subprocess.run([python, "-c", code, given, made], check=True, capture_output=True)
        result = np.load(made)
        return result["vectors"], float(result["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("graph", type=Path)
    parser.add_argument("--node2vec", metavar="PYTHON")
    parser.add_argument("--pecanpy", metavar="PYTHON")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, nargs="+", default=[Config().epochs])
    asked = parser.parse_args()
    edges, n = read(asked.graph)
    makers: dict[str, Callable] = {"brandfit": ours}
    for name, code in (("node2vec", NODE2VEC), ("pecanpy", PECANPY)):
        if python := getattr(asked, name):
            makers[name] = lambda *args, python=python, code=code: peer(python, code, *args)
    found: dict[tuple[str, str], dict[str, list]] = {}
    seconds: dict[str, list[float]] = {}
    for seed in range(asked.seeds):
        part = split(edges, n, seed)
        for epochs in asked.epochs:
            for name, make in makers.items():
                row = f"{name}, {epochs} epochs"
                vectors, took = make(part, epochs, seed)
                seconds.setdefault(row, []).append(took)
                for draw in (uniformly, by_degree):
                    for score, values in scored(part, vectors, draw, seed).items():
                        found.setdefault((draw.__name__, row), {}).setdefault(score, []).append(values)
    print(f"{n} nodes, {len(edges[0])} edges, {asked.seeds} seeds")
    print("AUC / average precision, mean ± standard deviation over the seeds")
    for draw in ("uniformly", "by_degree"):
        print(f"\nnon-edges drawn {draw.replace('_', ' ')}")
        for row in seconds:
            cells = []
            for score, values in found[draw, row].items():
                (auc, ap), (auc_sd, ap_sd) = (
                    np.mean(values, axis=0),
                    np.std(values, axis=0, ddof=min(1, asked.seeds - 1)),
                )
                cells.append(f"{score} {auc:.3f}±{auc_sd:.3f} / {ap:.3f}±{ap_sd:.3f}")
            print(f"  {row:20s}  {'   '.join(cells)}")
    print("\nseconds, first and median")
    for row, took in seconds.items():
        print(f"  {row:20s}  {took[0]:6.1f} {np.median(took):6.1f}")


if __name__ == "__main__":
    main()
