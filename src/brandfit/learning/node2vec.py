"""node2vec: one vector per node, from biased random walks and skip-gram (Grover and Leskovec, KDD 2016).

The walks are second order: the probability of a step from v to x, after t, is proportional to w(v, x) times
1/p if x is t, 1 if x is a neighbour of t, 1/q otherwise. Skip-gram with negative sampling is word2vec's
(Mikolov et al. 2013): reduced windows, subsampling of frequent nodes, noise by count^0.75, a linearly falling
rate, one gradient step per pair of nodes. The authors' C++ does not subsample; Gensim does by default, and so
do the public packages built on it. Differences from word2vec:

* All pairs of one window share their negatives (Ji et al. 2016, "Parallelizing Word2Vec in Shared and
  Distributed Memory"): the same expected loss, with a fraction of the random numbers and memory traffic.
* The logistic function is exact, and a pair beyond the end of word2vec's table of it (|score| > 6) still
  learns.
* One thread learns while another draws the next noise. Every draw uses a stream of the seed and its batch
  number, so the same seed gives the same vectors; on another processor sums may round differently.

Work: walks x length x (window + 1) pairs per node and epoch, 0.25 us per pair of 128 dimensions if the
vectors fit into the cache of a core, else 0.4 us. Memory: 4 bytes x walks x length per node, and 8 bytes x
dim.
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
"""Rejections after which a step is drawn from exact probabilities; otherwise p and q could stall a walk."""

TOKENS_AT_ONCE = 1 << 17
"""Nodes of walks in one batch: between two batches, the thread may be interrupted."""


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
    """The neighbours of node v, sorted, are in rows starts[v] ... starts[v + 1] of the other arrays."""

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

    edges  source (m,) and target (m,), numbers of nodes, and weight (m,), not negative. The weights of
           repeated edges, in either direction, are added; loops and edges of weight 0 are ignored.

    Raises ValueError for invalid edges, and without edges; MissingExtra without Numba.
    """
    config = config or Config()
    walks = random_walks(graph_of(edges, n_nodes), config, seed)
    rng = seeds.generator(seed, "node2vec", "vectors")
    vectors = rng.uniform(-1 / config.dim, 1 / config.dim, (n_nodes, config.dim)).astype(np.float32)
    skip_gram(walks, vectors, config=config, seed=seed, progress=progress)
    vectors[np.bincount(walks.ravel(), minlength=n_nodes) == 0] = 0.0
    return vectors


def graph_of(edges: tuple[np.ndarray, np.ndarray, np.ndarray], n_nodes: int) -> Graph:
    """The graph of edges as in ``node2vec``, in both directions."""
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
    # Loops and edges of weight 0 lead nowhere.
    used = (source != target) & (weight > 0)
    if not used.any():
        raise ValueError("node2vec needs an edge between two nodes, found none")
    source, target, weight = source[used], target[used], weight[used]
    # Every edge in both directions; repeated ones are added by the sparse matrix.
    both = (np.concatenate([source, target]), np.concatenate([target, source]))
    matrix = sparse.csr_matrix((np.concatenate([weight, weight]), both), shape=(n_nodes, n_nodes))
    matrix.sum_duplicates()
    # Transition probabilities of each node, and their running sums, from which a neighbour is drawn.
    starts = matrix.indptr.astype(np.int64)
    degrees = np.diff(starts)
    shares = matrix.data / np.repeat(np.asarray(matrix.sum(axis=1)).ravel(), degrees)
    ends = np.cumsum(shares)
    ends -= np.repeat(np.concatenate([[0.0], ends])[starts[:-1]], degrees)
    ends[starts[1:][degrees > 0] - 1] = 1.0  # rounding must not leave a draw without a neighbour
    return Graph(starts, matrix.indices.astype(np.int32), shares, ends)


def random_walks(graph: Graph, config: Config, seed: int = 0) -> np.ndarray:
    """(walks x nodes with an edge, length) int32: rounds of one walk from each such node, in random order."""
    nodes = np.flatnonzero(np.diff(graph.starts)).astype(np.int32)
    rng = seeds.generator(seed, "node2vec", "walks")
    walks = np.empty((config.walks * len(nodes), config.length), np.int32)
    walks[:, 0] = np.concatenate([rng.permutation(nodes) for _ in range(config.walks)])
    biases = np.array([1.0 / config.p, 1.0 / config.q])
    _compiled(_walk)(*graph, biases, rng, walks)
    return walks


def skip_gram(
    walks: np.ndarray, vectors: np.ndarray, *, config: Config, seed: int = 0, progress: Progress | None = None
) -> None:
    """Train ``vectors`` (n, dim) float32 in place, to predict the neighbours of a node in ``walks`` (w,
    length) int32."""
    learn = _compiled(_learn, ("reassoc", "contract", "nsz"))
    contexts = np.zeros_like(vectors)
    # Noise nodes are drawn by their frequency to the power 3/4, as in word2vec.
    counts = np.bincount(walks.ravel(), minlength=len(vectors))
    noise = np.cumsum(counts**0.75)
    noise /= noise[-1]
    kept = _keep_probabilities(counts, config.thin_above)
    rates = (config.learning_rate * np.linspace(1.0, LAST_RATE, config.epochs * len(walks))).astype(
        np.float32
    )
    # The random numbers of a batch of walks are drawn at a time, which bounds the memory.
    at_once = max(1, TOKENS_AT_ONCE // config.length)
    starts = range(0, len(walks), at_once)

    def draw(n: int) -> tuple[np.ndarray, ...]:
        rng = seeds.generator(seed, "node2vec", "noise", n)
        epoch, batch = divmod(n, len(starts))
        thinned = _thinned(walks[starts[batch] : starts[batch] + at_once], kept, rng)
        reach = rng.integers(1, config.window + 1, thinned.shape, np.int32)
        # Inverse transform sampling from the cumulative noise distribution.
        uniform = rng.random((*thinned.shape, config.negatives))
        negatives = np.searchsorted(noise, uniform, side="right").astype(np.int32)
        return thinned, reach, negatives, rates[epoch * len(walks) + starts[batch] :]

    for n, inputs in enumerate(_ahead(draw, config.epochs * len(starts)), 1):
        learn(*inputs, vectors, contexts)
        if progress and n % len(starts) == 0:
            progress(n // len(starts), config.epochs)


def _keep_probabilities(counts: np.ndarray, thin_above: float) -> np.ndarray:
    """(n,) probabilities to stay in a walk: sqrt(t / f) + t / f, f the share of a node.

    The formula of word2vec's code, not of its paper.
    """
    excess = thin_above / np.maximum(counts / counts.sum(), 1e-300)
    return np.minimum(1.0, np.sqrt(excess) + excess)


def _thinned(walks: np.ndarray, kept: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Walks without the removed nodes; the others move up, and -1 fills the end."""
    if kept.min() >= 1.0:
        return walks
    stays = rng.random(walks.shape) < kept[walks]
    return np.take_along_axis(np.where(stays, walks, -1), np.argsort(~stays, axis=1, kind="stable"), axis=1)


def _ahead(draw: Callable[[int], Any], count: int) -> Iterator[Any]:
    """draw(0) ... draw(count - 1), each computed in another thread while the previous one is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(draw, 0)
        for n in range(1, count + 1):
            current = following.result()
            if n < count:
                following = pool.submit(draw, n)
            yield current


def _walk(
    starts: np.ndarray,
    neighbours: np.ndarray,
    shares: np.ndarray,
    ends: np.ndarray,
    biases: np.ndarray,
    rng: np.random.Generator,
    walks: np.ndarray,
) -> None:
    """Fill ``walks`` after their first column; biases are 1/p and 1/q.

    Rejection sampling: a neighbour is proposed by its weight and accepted with its bias over the highest
    bias. After ``TRIES`` rejections it is drawn from the exact probabilities. Both have the same
    distribution, so their mixture has it too.
    """
    back, out = biases[0], biases[1]

    def bias(before: int, node: int) -> float:
        if node == before:
            return back
        common = neighbours[starts[before] : starts[before + 1]]
        index = np.searchsorted(common, node)
        return 1.0 if index < len(common) and common[index] == node else out

    first_order = back == 1.0 and out == 1.0
    highest = max(1.0, back, out)
    for walk in walks:
        for step in range(1, len(walk)):
            first, last = starts[walk[step - 1]], starts[walk[step - 1] + 1]
            is_accepted = False
            for _ in range(TRIES):
                node = neighbours[first + np.searchsorted(ends[first:last], rng.random(), side="right")]
                is_accepted = first_order or step == 1 or rng.random() * highest < bias(walk[step - 2], node)
                if is_accepted:
                    break
            if not is_accepted:
                # The exact probabilities: the sum of all biased weights, then a draw below it.
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
    """One gradient step per pair on -log s(v . c) - sum over the noise of log s(-v . c').

    s is the logistic function.

    walks (w, l)     nodes c; a walk ends before its first -1
    reach (w, l)     distance that the window of c reaches
    noise (w, l, k)  noise nodes c' of c
    rates (w,)       step size of each walk, or more

    v, a row of ``vectors``, is each other node in the window; c and c' are rows of ``contexts``.
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
                        continue  # as in word2vec: noise must not push a node away from itself
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
    """The kernel, compiled at its first call in 1 to 2 s.

    There is no cache on disk, because the folder of an installed package may be read-only.
    """
    try:
        import numba
    except ImportError:
        raise MissingExtra("node2vec", "graph") from None
    return numba.njit(nogil=True, fastmath=set(fastmath))(kernel)
