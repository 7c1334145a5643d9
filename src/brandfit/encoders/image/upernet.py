"""image.upernet: how much of a picture is what: sky, wall, sea, person ... (Xiao et al. 2018; MORNING Eq.
4-6, M-02, B-07).

The probability of each class, averaged over all pixels; shares below the threshold .1 are set to zero.
Columns have the names of the model's classes, usually the 150 of ADE20K. The papers use the 365 scenes of
the original's scene head. transformers has no model with that head; the classes of the pixels carry similar
information about the place of a picture.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from brandfit.encoders.image._transformers import TransformersConfig, TransformersEncoder
from brandfit.mappings import distinct_names


class UperNetConfig(TransformersConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = (
        "openmmlab/upernet-convnext-small"
    )
    threshold: Annotated[float, Meta(description="a smaller share counts as none", ge=0, lt=1)] = 0.1


class UperNet(TransformersEncoder):
    """Shares of a picture by class; see the module."""

    Config = UperNetConfig
    config: UperNetConfig
    batch_size = 4

    @property
    def dim(self) -> int:
        return len(self.model.config.id2label)

    @property
    def columns(self) -> tuple[str, ...]:
        names = [self.model.config.id2label[n] for n in range(self.dim)]
        return distinct_names(names)

    @property
    def stated_columns(self) -> tuple[str, ...]:
        return ()

    def loader(self, transformers: Any) -> Any:
        return transformers.UperNetForSemanticSegmentation

    def forward(self, model: Any, pictures: Any) -> Any:
        # logits (n, classes, h, w); the mean over pixels of the probabilities is (n, classes)
        shares = model(pixel_values=pictures).logits.float().softmax(dim=1).mean(dim=(2, 3))
        return shares * (shares >= self.config.threshold)
