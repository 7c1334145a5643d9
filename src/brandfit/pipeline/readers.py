"""Encoders that made stored Features, found by the key of the Features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError
from brandfit.pipeline.settings import scope
from brandfit.workspace import Workspace


def reader_of(features: Features, settings: Mapping[str, Any] | None) -> Encoder | None:
    """The encoder that made these Features, ready to encode new content in the same way.

    None if no installed encoder made them, if it was made with other settings, or if the encoder learns from
    all accounts and so cannot encode single contents.
    """
    if features.name not in registry.names("encoder"):
        return None
    cls = registry.load("encoder", features.name)
    own_settings = scope(settings, features.name)
    encoder: Encoder = cls(cls.Config.from_settings(own_settings))
    if not encoder.stateless:
        return None
    try:
        maker = encoder.maker
    except BrandfitError:
        # The weights are missing here. That is an error only for a caller who set something of this encoder.
        if own_settings:
            raise
        return None
    return encoder if features.key.startswith(maker) else None


def readers_of(dataset: Dataset, settings: Mapping[str, Any] | None) -> dict[str, Encoder]:
    """Slot to the encoder that filled it, of the slots that have a ``reader_of``."""
    readers: dict[str, Encoder] = {}
    for slot, features in dataset.slots.items():
        encoder = reader_of(features, settings)
        if encoder is not None:
            readers[slot] = encoder
    return readers


def maker_of(workspace: Workspace, features: Features) -> Encoder | None:
    """The encoder that made these Features, with the settings of that time; None if the workspace has no
    record of it."""
    record = workspace.maker(features.key.partition("-")[0])
    if record.get("encoder") not in registry.names("encoder"):
        return None
    # The record has the settings of that time, not the default ones.
    cls = registry.load("encoder", record["encoder"])
    encoder: Encoder = cls(cls.Config.from_settings(record["config"]))
    return encoder
