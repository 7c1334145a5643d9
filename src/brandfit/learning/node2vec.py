"""node2vec: a vector a node, from biased random walks and skip-gram (Grover and Leskovec, KDD 2016).

The walks are second order: the chance to step from v to x, having come from t, goes with w(v, x) times 1/p if
x is t, 1 if x is a neighbour of t, 1/q if it is neither. Skip-gram with negative sampling is word2vec's
(Mikolov et al. 2013): reduced windows, frequent nodes thinned out, noise by count^0.75, a linearly falling
rate, one gradient step a pair of nodes. The authors' own C++ does not thin out; Gensim does unless told
otherwise, and so do the public packages built on it. What differs from word2vec:

* All pairs of one window share their negatives (Ji et al. 2016, "Parallelizing Word2Vec in Shared and
  Distributed Memory"): the same expected loss, a fraction of the random numbers and of the memory traffic.
* The logistic function is exact, and a pair beyond the end of word2vec's table of it (|score| > 6) still
  learns.
* One thread learns, while another draws the noise to come. Every draw is from a stream of the seed and its
  place in the work, so the same seed gives the same vectors, run after run; on another kind of processor sums
  may round differently.

Work: walks x length x (window + 1) pairs a node and epoch, at 0.25 us a pair of 128 dimensions where the
vectors fit into the cache of a core, 0.4 us where they do not. Memory: 4 bytes x walks x length a node, and 8
bytes x dim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta
from scipy import sparse

from brandfit import config as settings
from brandfit import seeds
from brandfit.errors import MissingExtra
from brandfit.progress import Progress

LAST_RATE = 0.004
"""Share of the learning rate that is left at the end, word2vec's 0.0001 of 0.025."""

TRIES = 32
"""Rejections after which a step is drawn from the exact chances of all neighbours, so that no p and q can
stall a walk."""

TOKENS_AT_ONCE = 1 << 17
"""Nodes of walks that are learned from between two looks at the outside world."""


class Config(settings.Config, frozen=True):
    dim: Annotated[int, Meta(description="length of a vector", ge=1)] = 128
    walks: Annotated[int, Meta(description="walks that start at each node", ge=1)] = 10
    length: Annotated[int, Meta(description="nodes in a walk, the start included", ge=2)] = 80
    window: Annotated[
        int, Meta(description="farthest distance in a walk of two nodes that make a pair", ge=1)
    ] = 10
    p: Annotated[
        float,
        Meta(
            description="return parameter: the higher, the less a walk steps back where it came from",
            ge=1e-6,
            le=1e6,
        ),
    ] = 1.0
    q: Annotated[
        float,
        Meta(
            description="in-out parameter: the higher, the closer a walk stays to where it came from",
            ge=1e-6,
            le=1e6,
        ),
    ] = 1.0
    epochs: Annotated[int, Meta(description="passes over the walks", ge=1)] = 5
    negatives: Annotated[int, Meta(description="noise nodes that a pair is told apart from", ge=1)] = 5
    learning_rate: Annotated[
        float, Meta(description="rate of the first step; falls linearly to 0.4 % of it", gt=0, le=1)
    ] = 0.025
    thin_above: Annotated[
        float,
        Meta(
            description="share of the walks beyond which a node is thinned out in them; 1 thins none",
            gt=0,
            le=1,
        ),
    ] = 0.001


class Graph(NamedTuple):
    """The neighbours of node v, in order of their numbers, are at starts[v] ... starts[v + 1] of the other
    columns."""

    starts: np.ndarray  # (n + 1,) int64
    neighbours: np.ndarray  # (m,) int32
    shares: np.ndarray  # (m,) float64, weights divided by their sum over v
    ends: np.ndarray  # (m,) float64, running sum of the shares of v, the last one 1.0


def node2vec(
    edges: tuple[np.ndarray, np.ndarray, np.ndarray],
    n_nodes: int,
    *,
    config: Config | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """(n_nodes, dim) float32 vectors of the nodes of an undirected graph; zeros for a node without an edge.

    edges  source (m,) and target (m,), numbers of nodes, and weight (m,), not negative. An edge given twice,
           either way round, weighs the sum; an edge from a node to itself, or of weight 0, counts for
           nothing.

    Raises ValueError for edges that cannot be, and where there is none; MissingExtra without Numba.
    """
    config = config or Config()
    walks = random_walks(graph_of(edges, n_nodes), config, seed)
    rng = seeds.generator(seed, "node2vec", "vectors")
    vectors = rng.uniform(-1 / config.dim, 1 / config.dim, (n_nodes, config.dim)).astype(np.float32)
    skip_gram(walks, vectors, config=config, seed=seed, progress=progress)
    vectors[np.bincount(walks.ravel(), minlength=n_nodes) == 0] = 0.0
    return vectors


def graph_of(edges: tuple[np.ndarray, np.ndarray, np.ndarray], n_nodes: int) -> Graph:
    """Edges as ``node2vec`` takes them, both ways round."""
    source, target = (np.asarray(ends) for ends in edges[:2])
    weight = np.asarray(edges[2], np.float64)
    if not source.shape == target.shape == weight.shape == (weight.size,):
        raise ValueError(
            f"source, target and weight must be (m,) each, found {source.shape}, {target.shape}, "
            f"{weight.shape}"
        )
    for ends in (source, target):
        if ends.size and (ends.dtype.kind not in "iu" or ends.min() < 0 or ends.max() >= n_nodes):
            raise ValueError(
                f"nodes must be whole numbers in 0 ... {n_nodes - 1}, found {ends.dtype} {ends.min()} ... "
                f"{ends.max()}"
            )
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError(
            "weights must be finite and not negative, found "
            f"{weight[~(np.isfinite(weight) & (weight >= 0))][0]}"
        )
    used = (source != target) & (weight > 0)
    if not used.any():
        raise ValueError(
            "node2vec needs an edge between two nodes, found none: without edges there is nothing to walk "
            "along"
        )
    source, target, weight = source[used], target[used], weight[used]
    both = (np.concatenate([source, target]), np.concatenate([target, source]))
    matrix = sparse.csr_matrix((np.concatenate([weight, weight]), both), shape=(n_nodes, n_nodes))
    matrix.sum_duplicates()
    starts = matrix.indptr.astype(np.int64)
    degrees = np.diff(starts)
    shares = matrix.data / np.repeat(np.asarray(matrix.sum(axis=1)).ravel(), degrees)
    ends = np.cumsum(shares)
    ends -= np.repeat(np.concatenate([[0.0], ends])[starts[:-1]], degrees)
    ends[starts[1:][degrees > 0] - 1] = 1.0
    return Graph(starts, matrix.indices.astype(np.int32), shares, ends)


def random_walks(graph: Graph, config: Config, seed: int = 0) -> np.ndarray:
    """(walks x nodes with an edge, length) int32: rounds of one walk from each such node, in a new order
    each."""
    nodes = np.flatnonzero(np.diff(graph.starts)).astype(np.int32)
    rng = seeds.generator(seed, "node2vec", "walks")
    walks = np.empty((config.walks * len(nodes), config.length), np.int32)
    walks[:, 0] = np.concatenate([rng.permutation(nodes) for _ in range(config.walks)])
    _compiled(_walk)(*graph, 1.0 / config.p, 1.0 / config.q, TRIES, rng, walks)
    return walks


def skip_gram(
    walks: np.ndarray, vectors: np.ndarray, *, config: Config, seed: int = 0, progress: Progress | None = None
) -> None:
    """Learn ``vectors`` (n, dim) float32 in place, so that a node tells who is near it in ``walks`` (w,
    length) int32."""
    learn = _compiled(_learn, ("reassoc", "contract", "nsz"))
    contexts = np.zeros_like(vectors)
    counts = np.bincount(walks.ravel(), minlength=len(vectors))
    noise = np.cumsum(counts**0.75)
    noise /= noise[-1]
    kept = _keep_probabilities(counts, config.thin_above)
    rates = (config.learning_rate * np.linspace(1.0, LAST_RATE, config.epochs * len(walks))).astype(
        np.float32
    )
    at_once = max(1, TOKENS_AT_ONCE // config.length)
    starts = range(0, len(walks), at_once)

    def draw(n: int) -> tuple[np.ndarray, ...]:
        rng = seeds.generator(seed, "node2vec", "noise", n)
        epoch, batch = divmod(n, len(starts))
        here = _thinned(walks[starts[batch] : starts[batch] + at_once], kept, rng)
        reach = rng.integers(1, config.window + 1, here.shape, np.int32)
        drawn = np.searchsorted(noise, rng.random((*here.shape, config.negatives)), side="right").astype(
            np.int32
        )
        return here, reach, drawn, rates[epoch * len(walks) + starts[batch] :]

    for n, drawn in enumerate(_ahead(draw, config.epochs * len(starts)), 1):
        learn(*drawn, vectors, contexts)
        if progress and n % len(starts) == 0:
            progress(n // len(starts), config.epochs)


def _keep_probabilities(counts: np.ndarray, thin_above: float) -> np.ndarray:
    """(n,) chances to stay in a walk, sqrt(t / f) + t / f with f the share of a node, as word2vec's code (not
    its paper) has it."""
    excess = thin_above / np.maximum(counts / counts.sum(), 1e-300)
    return np.minimum(1.0, np.sqrt(excess) + excess)


def _thinned(walks: np.ndarray, kept: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Walks without the nodes that do not stay: those that do move up, and -1 fills the end."""
    if kept.min() >= 1.0:
        return walks
    stays = rng.random(walks.shape) < kept[walks]
    return np.take_along_axis(np.where(stays, walks, -1), np.argsort(~stays, axis=1, kind="stable"), axis=1)


def _ahead(draw: Callable[[int], Any], count: int) -> Iterator[Any]:
    """draw(0) ... draw(count - 1), each drawn in another thread while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(draw, 0)
        for n in range(1, count + 1):
            drawn = coming.result()
            if n < count:
                coming = pool.submit(draw, n)
            yield drawn


def _walk(
    starts: np.ndarray,
    neighbours: np.ndarray,
    shares: np.ndarray,
    ends: np.ndarray,
    back: float,
    out: float,
    tries: int,
    rng: np.random.Generator,
    walks: np.ndarray,
) -> None:
    """Fill ``walks`` from their first column on.

    A neighbour is proposed by its weight and taken with its bias over the highest bias; or, after ``tries``
    in vain, drawn from the exact chances of all. Both have the same distribution, so their mixture has it
    too.
    """

    def bias(before: int, node: int) -> float:
        if node == before:
            return back
        known = neighbours[starts[before] : starts[before + 1]]
        at = np.searchsorted(known, node)
        return 1.0 if at < len(known) and known[at] == node else out

    first_order = back == 1.0 and out == 1.0
    highest = max(1.0, back, out)
    for walk in walks:
        for step in range(1, len(walk)):
            first, last = starts[walk[step - 1]], starts[walk[step - 1] + 1]
            taken = False
            for _ in range(tries):
                node = neighbours[first + np.searchsorted(ends[first:last], rng.random(), side="right")]
                taken = first_order or step == 1 or rng.random() * highest < bias(walk[step - 2], node)
                if taken:
                    break
            if not taken:
                left = 0.0
                for edge in range(first, last):
                    left += shares[edge] * bias(walk[step - 2], neighbours[edge])
                left *= rng.random()
                for edge in range(first, last):
                    node = neighbours[edge]
                    left -= shares[edge] * bias(walk[step - 2], node)
                    if left < 0.0:
                        break
            walk[step] = node


def _learn(
    walks: np.ndarray,
    reach: np.ndarray,
    noise: np.ndarray,
    rates: np.ndarray,
    vectors: np.ndarray,
    contexts: np.ndarray,
) -> None:
    """One gradient step for each pair, on -log s(v . c) - sum over the noise of log s(-v . c'), s the
    logistic function.

    walks (w, l), reach (w, l) and noise (w, l, k): node c at a place of a walk, how far its window reaches,
    and its noise c'; a walk ends before its first -1. rates (w,) or more. v, a row of ``vectors``, is each
    other node in the window; c and c' are rows of ``contexts``.
    """
    one = np.float32(1.0)
    gradient = np.empty(vectors.shape[1], np.float32)
    for w in range(walks.shape[0]):
        length = (walks[w] >= 0).sum()
        for centre in range(length):
            true = walks[w, centre]
            for other in range(max(0, centre - reach[w, centre]), min(length, centre + reach[w, centre] + 1)):
                if other == centre:
                    continue
                vector = vectors[walks[w, other]]
                gradient[:] = 0.0
                for k in range(-1, noise.shape[2]):
                    target = true if k < 0 else noise[w, centre, k]
                    if k >= 0 and target == true:
                        continue  # noise must not push a node away from itself, as in word2vec
                    context = contexts[target]
                    score = np.float32(0.0)
                    for d in range(len(vector)):
                        score += vector[d] * context[d]
                    label = one if k < 0 else np.float32(0.0)
                    step = rates[w] * (label - one / (one + np.exp(-score)))
                    for d in range(len(vector)):
                        gradient[d] += step * context[d]
                        context[d] += step * vector[d]
                for d in range(len(vector)):
                    vector[d] += gradient[d]


@cache
def _compiled(kernel: Callable[..., None], fastmath: tuple[str, ...] = ()) -> Any:
    """Compiled at its first call, in 1 to 2 s; not kept on disk, for an installed package may not be
    writable."""
    try:
        import numba
    except ImportError:
        raise MissingExtra("node2vec", "graph") from None
    return numba.njit(nogil=True, fastmath=set(fastmath))(kernel)
