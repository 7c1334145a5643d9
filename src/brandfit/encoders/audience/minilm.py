"""audience.minilm: texts of the active audience, by meaning (``text.minilm``)."""

from __future__ import annotations

from brandfit.encoders.audience.base import AudienceEncoder, Biographies, Members, Posts, Seed
from brandfit.encoders.text.minilm import MiniLM, MiniLMConfig


class AudienceMiniLMConfig(MiniLMConfig, frozen=True):
    members: Members = 25
    posts: Posts = 2
    seed: Seed = 0
    biographies: Biographies = False


class AudienceMiniLM(AudienceEncoder):
    """Sentence embeddings of texts of the active audience; see ``encoders.audience.base`` and
    ``text.minilm``."""

    Config = AudienceMiniLMConfig
    config: AudienceMiniLMConfig
    inner = MiniLM
    preference = 20
    neutral = MiniLM.neutral

    @property
    def reads_biographies(self) -> bool:
        return self.config.biographies
