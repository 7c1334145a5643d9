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

MACHINE = ("device", "threads", "download")
"""Settings that depend on the machine, not on the Features. A reader takes those of today."""


def reader_of(workspace: Workspace, features: Features, settings: Mapping[str, Any] | None) -> Encoder | None:
    """The encoder that made these Features, ready to encode new content in the same way.

    It has the settings with which it made them, as far as the workspace has a record of them, else the
    default ones. ``settings`` (``ENCODER.NAME``) take precedence.

    None if no installed encoder made them, if it was made with other settings, or if the encoder learns from
    all accounts and so cannot encode single contents.
    """
    if features.name not in registry.names("encoder"):
        return None
    cls = registry.load("encoder", features.name)
    own_settings = scope(settings, features.name)
    recorded = _recorded_settings(workspace, features)
    try:
        encoder: Encoder = cls(cls.Config.from_settings({**recorded, **own_settings}))
        if not encoder.stateless:
            return None
        maker = encoder.maker
    except BrandfitError:
        # A setting is of an earlier version, or the weights are missing here. That is an error only for a
        # caller who set something of this encoder.
        if own_settings:
            raise
        return None
    return encoder if features.key.startswith(maker) else None


def readers_of(
    workspace: Workspace, dataset: Dataset, settings: Mapping[str, Any] | None
) -> dict[str, Encoder]:
    """Slot to the encoder that filled it, of the slots that have a ``reader_of``."""
    readers: dict[str, Encoder] = {}
    for slot, features in dataset.slots.items():
        encoder = reader_of(workspace, features, settings)
        if encoder is not None:
            readers[slot] = encoder
    return readers


def maker_of(workspace: Workspace, features: Features) -> Encoder | None:
    """The encoder that made these Features, with the settings of that time; None if the workspace has no
    record of it."""
    record = workspace.maker(_maker_key(features))
    if record.get("encoder") not in registry.names("encoder"):
        return None
    # The record has the settings of that time, not the default ones.
    cls = registry.load("encoder", record["encoder"])
    encoder: Encoder = cls(cls.Config.from_settings(_with_absolute_paths(cls, record)))
    return encoder


def _with_absolute_paths(cls: type[Encoder], record: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded settings, with the paths of files as they were seen from the folder of that command. Paths
    that are part of the key stay as they are."""
    paths = record.get("paths", {})
    settings = dict(record["config"])
    for name in cls.file_settings:
        value = settings.get(name)
        if name not in cls.neutral or not value:
            continue
        if isinstance(value, str):
            settings[name] = paths.get(value, value)
        else:
            settings[name] = [paths.get(path, path) for path in value]
    return settings


def _recorded_settings(workspace: Workspace, features: Features) -> dict[str, Any]:
    """The settings with which an encoder made these Features; {} without a record. Those of
    the machine are left out."""
    record = workspace.maker(_maker_key(features))
    if record.get("encoder") != features.name:
        return {}
    settings = _with_absolute_paths(registry.load("encoder", record["encoder"]), record)
    return {name: value for name, value in settings.items() if name not in MACHINE}


def _maker_key(features: Features) -> str:
    return features.key.partition("-")[0]
