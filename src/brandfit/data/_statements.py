"""Which posts and links state which endorsements. Splits hide them together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset, Pairs
from brandfit.data.schema import STATED_BY_POST
from brandfit.mappings import position_by_item

SEPARATOR = "\n"
"""Between brand and influencer in the key of a pair. No id contains it."""


def pair_keys(pairs: Pairs) -> list[str]:
    """(p,) brand and influencer of each pair as one text."""
    return [f"{brand}{SEPARATOR}{influencer}" for brand, influencer in pairs.tolist()]


def key_set(pairs: Pairs) -> pa.Array:
    """The distinct keys of these pairs, sorted."""
    return pa.array(sorted(set(pair_keys(pairs))), pa.string())


def link_keys(links: pa.Table, *, brand: str = "target") -> pa.ChunkedArray:
    """(l,) key of the pair of each link; ``brand`` is the end of the link that is the brand."""
    influencer = "source" if brand == "target" else "target"
    return pc.binary_join_element_wise(links[brand], links[influencer], SEPARATOR)


def stating_posts(dataset: Dataset, pairs: Pairs) -> pa.Array:
    """Ids of the posts that state one of these endorsements: by a mention, tag or sponsor, or as the
    endorsement's own post.

    Posts of the influencer that name the brand, and posts of the brand that name the influencer ("picture by
    ...").
    """
    wanted = key_set(pairs)
    links = dataset.links_of_kinds("endorses", *STATED_BY_POST).select(["target", "source", "post"])
    # A link goes from the influencer to the brand, or from the brand to the influencer.
    states = pc.or_(
        pc.is_in(link_keys(links), value_set=wanted),
        pc.is_in(link_keys(links, brand="source"), value_set=wanted),
    )
    return links["post"].filter(pc.and_(states, pc.is_valid(links["post"]))).combine_chunks().unique()


def stated_only_by(dataset: Dataset, pairs: Pairs, posts: pa.Array) -> np.ndarray:
    """(p,) bool: pairs that these posts state and nothing else states. Without these posts they are
    unknown."""
    statements = _statements(dataset)
    statements = statements.filter(pc.is_valid(statements["post"]))
    is_inside = pc.is_in(statements["post"], value_set=posts)
    inside = set(statements["pair"].filter(is_inside).to_pylist())
    elsewhere = set(statements["pair"].filter(pc.invert(is_inside)).to_pylist())
    lost = inside - elsewhere
    return np.array([key in lost for key in pair_keys(pairs)], bool)


def statement_groups(dataset: Dataset, pairs: Pairs) -> np.ndarray:
    """(p,) number of the group of each pair: pairs that one post states are in one group, and so are pairs of
    one influencer that are stated in the same second."""
    row_by_key = position_by_item(pair_keys(pairs))
    statements = _statements(dataset)
    columns = column_lists(statements, ("pair", "source", "post", "time", "kind"))

    # An event is a post of an account, or a second in which an account endorses. Each statement of a pair
    # joins the pair with its events.
    number_by_event: dict[tuple[str, str | int], int] = {}
    edges: list[tuple[int, int]] = []
    for key, source, post, time, kind in zip(*columns, strict=True):
        row = row_by_key.get(key)
        if row is None:
            continue
        events: list[tuple[str, str | int]] = []
        if post is not None:
            events.append((source, post))
        if kind == "endorses" and time is not None:
            events.append((source, time))
        for event in events:
            number = number_by_event.setdefault(event, len(number_by_event))
            edges.append((row, number))

    # Groups are the connected components of the bipartite graph of p pairs (first) and e events (then).
    pair, event_number = np.array(edges, np.int64).reshape(-1, 2).T
    n_pairs, n_nodes = len(pairs), len(pairs) + len(number_by_event)
    ones = np.ones(len(edges), bool)
    graph = sparse.coo_matrix((ones, (pair, n_pairs + event_number)), shape=(n_nodes, n_nodes))
    _, component = connected_components(graph, directed=False)  # (n_nodes,)
    return component[:n_pairs]


def _statements(dataset: Dataset) -> pa.Table:
    """All statements of pairs: the key as ``pair``, source, post, time and kind.

    A post of a brand is a statement only if an endorsement carries this post. Other endorsements are known
    without it.
    """
    columns = ["target", "source", "post", "time", "kind"]
    links = dataset.links_of_kinds("endorses", *STATED_BY_POST).select(columns)
    is_endorsement = pc.equal(links["kind"], "endorses")
    carried = links["post"].filter(is_endorsement).drop_null().combine_chunks()
    is_carried = pc.and_(pc.invert(is_endorsement), pc.is_in(links["post"], value_set=carried))
    by_brands = links.filter(is_carried)
    return pa.concat_tables(
        [
            links.append_column("pair", link_keys(links)),
            by_brands.append_column("pair", link_keys(by_brands, brand="source")),
        ]
    )
