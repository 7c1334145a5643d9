"""concept.generator: which concepts a picture shows, learned from posts that name them (CAMERA, Wang
et al. 2021, IV-D; C-03).

A multi-label classifier: SmallerVGGNet on 96 x 96 pixels, a sigmoid for each concept, binary cross-entropy,
Adam with .001, at most 60 epochs, the augmentation of the authors. Labels are the concepts of hashtags and
of the descriptions of pictures, from accounts outside the official test split; concepts of fewer than
``at_least`` posts are not learned. One account in ten is held out for early stopping (the authors hold out
20 % and train all epochs). A column is the probability that a picture shows the concept.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._pictured import PicturedConfig, PicturedEncoder


class GeneratorConfig(PicturedConfig, frozen=True):
    epochs: Annotated[int, Meta(description="passes over the pictures at most", ge=1)] = 60
    pixels: Annotated[
        int, Meta(description="side of the squares that pictures are scaled to", ge=24, le=512)
    ] = 96


class Generator(PicturedEncoder):
    """Probabilities of concepts in pictures; see the module."""

    Config = GeneratorConfig
    config: GeneratorConfig

    @property
    def size(self) -> int:
        return self.config.pixels

    @property
    def dim(self) -> int:
        return len(self.learned_concepts)

    def build_network(self) -> Any:
        from brandfit.encoders.concept import _vision

        return _vision.network(self.size, self.dim)

    def targets(self, dataset: Dataset) -> np.ndarray:
        return self._has_concept

    def loss(self, network: Any, batch: Any) -> Any:
        from torch.nn import functional as F

        pictures, labels = batch
        return F.binary_cross_entropy_with_logits(network(pictures), labels)

    def forward(self, network: Any, pictures: Any) -> Any:
        return network(pictures).float().sigmoid()
