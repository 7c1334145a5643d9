"""audience.hashing: texts of the active audience, by their words (``text.hashing``)."""

from __future__ import annotations

from brandfit.encoders.audience.base import AudienceEncoder, Members, Posts, Seed
from brandfit.encoders.text.hashing import Hashing, HashingConfig


class AudienceHashingConfig(HashingConfig, frozen=True):
    members: Members = 25
    posts: Posts = 2
    seed: Seed = 0


class AudienceHashing(AudienceEncoder):
    """Words of the active audience; see ``encoders.audience.base`` and ``text.hashing``."""

    Config = AudienceHashingConfig
    inner = Hashing
    preference = 10
