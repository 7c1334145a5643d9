"""concept.graph_morning: ``concept.graph`` with the settings of MORNING (Wang et al. 2022, IV-C; M-07, M-08).

The attributes of an account are the concepts of its biography and business category, each once. Two
attributes have an edge if they meet in a pair that works together, within an account (q_b, q_m) or across
(q_bm); edges from posts are left out. node2vec: 128 dimensions, 10 walks of 80 steps, window 10, p = q = 1.
The row of an account is the mean of the vectors of its attributes (Eq. 18, before its layers).

Accounts without a concept in their profile have no row. The paper does not say what it does with them.
"""

from __future__ import annotations

from brandfit.config import with_defaults
from brandfit.encoders.concept.graph import Graph, GraphConfig

GraphMorningConfig = with_defaults(
    GraphConfig,
    "GraphMorningConfig",
    module=__name__,
    hashtag=0.0,
    caption=0.0,
    alt_text=0.0,
    parents=0.0,
    top=1000,
    level="account",
    cooccurrence="none",
)


class GraphMorning(Graph):
    """MORNING's attribute graph; see the module."""

    Config = GraphMorningConfig
    preference = 3
