"""audience.hashing: the words of texts of the active audience, encoded by ``text.hashing``."""

from __future__ import annotations

from brandfit.encoders.audience.base import AudienceEncoder, Biographies, Members, Posts, Seed
from brandfit.encoders.text.hashing import Hashing, HashingConfig


class AudienceHashingConfig(HashingConfig, frozen=True):
    """The settings of ``text.hashing`` and those that choose the texts."""

    members: Members = 25
    posts: Posts = 2
    seed: Seed = 0
    biographies: Biographies = False


class AudienceHashing(AudienceEncoder):
    """Encodes texts of the active audience (``encoders.audience.base``) with ``text.hashing``."""

    Config = AudienceHashingConfig
    config: AudienceHashingConfig
    inner = Hashing
    preference = 10

    @property
    def reads_biographies(self) -> bool:
        return self.config.biographies
