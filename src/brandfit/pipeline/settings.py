"""Settings of the data, and settings that carry the name of their reader (``SCOPE.NAME``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brandfit import registry
from brandfit.config import Config, describe, refuse_unread
from brandfit.data import endorsements
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.errors import UnknownName, UsageError

ENDORSEMENTS, SLOT = "endorsements", "slots"
"""Scopes of the settings of the data."""


def scope(settings: Mapping[str, Any] | None, scope: str) -> dict[str, Any]:
    """The settings named ``scope.NAME``, without the scope."""
    # A scope may contain dots, as in "text.minilm".
    prefix = f"{scope}."
    return {
        name.removeprefix(prefix): value
        for name, value in (settings or {}).items()
        if name.startswith(prefix)
    }


def rules(data: Mapping[str, Any] | None) -> endorsements.Config:
    """How endorsements are derived. Raises UnknownName for a setting that is none of the data."""
    refuse_unread(data, data_settings())
    return endorsements.Config.from_settings(scope(data, ENDORSEMENTS))


def data_settings() -> dict[str, Iterable[str]]:
    """Scope of settings of the data to the names of its settings."""
    return {ENDORSEMENTS: describe(endorsements.Config), SLOT: SLOTS}


def stored_data(info: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the data with which a stored model was trained.

    Earlier versions also stored settings that nothing reads. They are left out.
    """
    return {name: value for name, value in info["data"].items() if _owner(name, data_settings())}


def check_settings(
    settings: Mapping[str, Any] | None,
    dataset: Dataset | None = None,
    others: Mapping[str, type[Config]] | None = None,
) -> None:
    """Refuse a setting that nothing reads, because it would have no effect.

    dataset  the encoders that fill its slots read ``ENCODER.NAME``
    others   scope to the Config that reads ``SCOPE.NAME``

    Raises UsageError with the nearest names, and UnknownName for an unknown encoder.
    """
    # Scope to the Config that reads its settings.
    config_by_scope: dict[str, type[Config]] = dict(others or {})
    if dataset is not None:
        config_by_scope = _encoder_configs(dataset) | config_by_scope
    for name in settings or {}:
        owner = _owner(name, config_by_scope)
        if owner is not None:
            config_by_scope[owner].from_settings(scope(settings, owner))
            continue
        if dataset is not None:
            _refuse_other_encoder(name, dataset, config_by_scope)
        # Commands take both kinds of settings after --set; functions take them apart.
        if _owner(name, data_settings()):
            raise UsageError(
                f"Setting {name!r} is a setting of the data, not of this.",
                f"Give it as data={{{name!r}: ...}}.",
            )
        names_by_scope = {scope: describe(config) for scope, config in config_by_scope.items()}
        refuse_unread([name], names_by_scope | data_settings())


def _encoder_configs(dataset: Dataset) -> dict[str, type[Config]]:
    """Name to Config of the encoders that fill the slots of a Dataset."""
    installed = registry.names("encoder")
    names = [features.name for features in dataset.slots.values()]
    return {name: registry.load("encoder", name).Config for name in names if name in installed}


def _refuse_other_encoder(name: str, dataset: Dataset, config_by_scope: Mapping[str, type[Config]]) -> None:
    """Raise if the setting belongs to an encoder that fills no slot of the Dataset, or to an unknown one."""
    encoder = _owner(name, registry.names("encoder"))
    if encoder is not None:
        slot = registry.load("encoder", encoder).slot
        filled_by = dataset.slots[slot].name if slot in dataset.slots else "nothing"
        raise UsageError(
            f"Setting {name!r}: {encoder} fills no slot here; {slot} is filled by {filled_by}.",
            f"Fill it with --set slots.{slot}={encoder}, or set what is there: "
            f"{', '.join(config_by_scope) or 'nothing'}.",
        )
    # "text.minilm.max_length" has two dots; an encoder of a known kind is meant, with a misspelt name.
    if name.count(".") > 1 and name.partition(".")[0] in _encoder_kinds():
        raise UnknownName("encoder", name.rpartition(".")[0], known=registry.names("encoder"))


def _encoder_kinds() -> set[str]:
    """The first word of the names of encoders: text, image, concept ..."""
    return {name.partition(".")[0] for name in registry.names("encoder")}


def _owner(name: str, scopes: Iterable[str]) -> str | None:
    """The longest scope of a setting ``SCOPE.NAME``; None if none of these is its scope."""
    return max((scope for scope in scopes if name.startswith(f"{scope}.")), key=len, default=None)
