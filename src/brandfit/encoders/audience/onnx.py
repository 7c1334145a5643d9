"""audience.onnx: the pictures that the active audience posts, by any ONNX model (``image.onnx``); comments
have none."""

from __future__ import annotations

from brandfit.encoders.audience.base import AudienceEncoder, Members, Posts, Seed
from brandfit.encoders.image.onnx import Onnx, OnnxConfig


class AudienceOnnxConfig(OnnxConfig, frozen=True):
    members: Members = 25
    posts: Posts = 2
    seed: Seed = 0


class AudienceOnnx(AudienceEncoder):
    """Embeddings of the pictures of the active audience; see ``encoders.audience.base`` and
    ``image.onnx``."""

    Config = AudienceOnnxConfig
    inner = Onnx
    neutral = Onnx.neutral
    file_settings = Onnx.file_settings
    weights_cover_files = True
