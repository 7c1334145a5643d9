"""image.clip: what CLIP sees in a picture (Radford et al. 2021): rows of length one, so that an inner product
is a cosine."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from brandfit.encoders.image._transformers import TransformersConfig, TransformersEncoder


class CLIPConfig(TransformersConfig, frozen=True):
    model: Annotated[str, Meta(description="folder of a model, or its name on the hub")] = (
        "openai/clip-vit-base-patch32"
    )


class CLIP(TransformersEncoder):
    """CLIP embeddings of pictures, rows of length one; see the module."""

    Config = CLIPConfig
    config: CLIPConfig
    preference = 25

    @property
    def dim(self) -> int:
        return int(self.model.config.projection_dim)

    def loader(self, transformers: Any) -> Any:
        return transformers.CLIPModel

    def forward(self, model: Any, pictures: Any) -> Any:
        return _unit(model.get_image_features(pixel_values=pictures))


def _unit(output: Any) -> Any:
    """Rows (n, dim) of length one."""
    # Newer versions of transformers return an object with the embedding as ``pooler_output``.
    embedding = getattr(output, "pooler_output", output).float()
    return embedding / embedding.norm(dim=-1, keepdim=True)
