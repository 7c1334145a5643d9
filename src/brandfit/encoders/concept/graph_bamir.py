"""concept.graph_bamir: ``concept.graph`` with the settings of BAMIR (B-02 to B-05).

The weight of a concept of an account is 1 in the biography and business category and 1 a hashtag; accounts
without a biography get keywords of their captions; words of more than 100 biographies name no concept alone.
An unknown hashtag gets the concepts of up to 30 related ones. Two concepts have an edge

* if one is of an account and the other of an account that mentions it: brand and brand, brand and influencer,
  influencer and influencer, in the training split; never two concepts of the same account (B-05 a),
* or if hashtags of at least 8 posts have both (B-05 b).

node2vec: 128 dimensions and 50 walks, the rest as in ``concept.graph``. The row of an account is
sum_c w_c e_c / sum_c w_c (B-04). The number of keywords is not published: 10 here.
"""

from __future__ import annotations

from brandfit.config import with_defaults
from brandfit.encoders.concept.graph import Graph, GraphConfig

GraphBamirConfig = with_defaults(
    GraphConfig,
    "GraphBamirConfig",
    module=__name__,
    caption=0.0,
    alt_text=0.0,
    parents=0.0,
    related=30,
    frequent=100,
    keywords=10,
    top=1000,
    within=False,
    walks=50,
    level="account",
    cooccurrence="hashtags",
    pairs="mentions",
)


class GraphBamir(Graph):
    """BAMIR's concept graph; see the module."""

    Config = GraphBamirConfig
    preference = 3
