"""audience.objects_scenes: objects and scenes in pictures that the active audience posts (MORNING, Wang et
al. 2022, Eq. 10 to 12; M-05, D-05). Comments and biographies have no picture.

It fills the slot ``audience_picture``. The ranker ``morning`` fuses it with the texts in the slot
``audience``, as it fuses pictures and texts of the account itself.
"""

from __future__ import annotations

from brandfit.encoders.audience.base import AudienceEncoder, Members, Posts, Seed
from brandfit.encoders.image.objects_scenes import ObjectsScenes, ObjectsScenesConfig


class AudienceObjectsScenesConfig(ObjectsScenesConfig, frozen=True):
    """The settings of ``image.objects_scenes`` and those that choose the posts."""

    members: Members = 25
    posts: Posts = 2
    seed: Seed = 0


class AudienceObjectsScenes(AudienceEncoder):
    """Objects and scenes in pictures of the active audience; see the module."""

    Config = AudienceObjectsScenesConfig
    inner = ObjectsScenes
    slot = "audience_picture"
    neutral = ObjectsScenes.neutral
    file_settings = ObjectsScenes.file_settings
    weights_cover_files = True
    stated_columns = ()
