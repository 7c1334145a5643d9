"""concept.cosmic_visual: ``concept.cosmic`` without the captions, the ablation C-w/o-SI of CAMERA (Wang et
al. 2021, Table II; C-04, C-14).

z' = softmax(h): the target of a post is the concepts of its hashtags and of the descriptions of its pictures,
all with the same weight. It has a name of its own, so that a workspace holds both kinds of features and a
table compares them.
"""

from __future__ import annotations

from brandfit.config import with_defaults
from brandfit.encoders.concept.cosmic import Cosmic, CosmicConfig

CosmicVisualConfig = with_defaults(CosmicConfig, "CosmicVisualConfig", module=__name__, semantic=False)


class CosmicVisual(Cosmic):
    """Shares of concepts in pictures, learned without captions; see the module."""

    Config = CosmicVisualConfig
    preference = 3
