"""Typed settings: each model has a Config with documented fields. A Config is parsed from text and converts
to JSON and back."""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import msgspec

from brandfit import number_text
from brandfit.errors import ConfigError, UnknownName, suggestion
from brandfit.messages import reason

Declared = TypeVar("Declared", bound=msgspec.Struct)
Base = TypeVar("Base", bound="Config")
ADDED = {"added": True}
"""``Meta(extra=ADDED)`` of a setting that a later version added. At its default it is no part of keys, so
that what an earlier version stored stays valid."""
NO_LIST = "Expected `array`, got"
"""Beginning of the message of msgspec if a list is expected."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all Configs. A field is ``Annotated[type, Meta(description=..., bounds)] = default``."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], scope: str = "") -> Self:
        """From ``{"epochs": 50}`` or, as typed on a command line, ``{"epochs": "50"}``.

        Raises UnknownName for a setting that does not exist, ConfigError for a wrong value or a missing
        setting.

        scope  prefix of the names on the command line, for messages: "wsim."
        """
        field_by_name = {field.name: field for field in msgspec.structs.fields(cls)}
        checked = {}
        for name, value in settings.items():
            if name not in field_by_name:
                raise UnknownName("setting", name, known=field_by_name)
            try:
                checked[name] = _converted(value, field_by_name[name].type)
            except ValueError as error:
                about, wrong = describe(cls)[name], str(error)
                raise ConfigError(
                    f"Setting {name}{'' if wrong.startswith('[') else ': '}{wrong}.",
                    f"{name} ({about['type']}): {about['description']}",
                ) from None
        # Required settings have no default.
        for name, field in field_by_name.items():
            if field.required and name not in checked:
                raise ConfigError(
                    f"Setting {scope}{name} is needed.",
                    f"{name}: {describe(cls)[name]['description']}. Write --set {scope}{name}=...",
                )
        return cls(**checked)

    def ordered(self, low: str, high: str) -> None:
        """Raise ConfigError if the setting ``low`` is larger than the setting ``high``."""
        least, most = getattr(self, low), getattr(self, high)
        if least > most:
            raise ConfigError(
                f"{low} is {least:,} and {high} is {most:,}: nothing lies between.",
                f"Set {low} to {high} or less.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; ``from_settings(config.to_dict()) == config``."""
        return msgspec.to_builtins(self)

    def identity(self) -> dict[str, Any]:
        """``to_dict`` without the settings marked ``ADDED`` that are at their default: for keys."""
        added = _added_settings(type(self))
        values = self.to_dict()
        return {name: value for name, value in values.items() if name not in added or value != added[name]}


@cache
def _added_settings(config: type[Config]) -> dict[str, Any]:
    """Setting marked ``ADDED`` to its default as plain JSON types."""
    hints = typing.get_type_hints(config, include_extras=True)
    defaults = {}
    for field in msgspec.structs.fields(config):
        metas = getattr(hints[field.name], "__metadata__", ())
        if any(isinstance(meta, msgspec.Meta) and (meta.extra or {}).get("added") for meta in metas):
            defaults[field.name] = _default(field)
    return defaults


def describe(config: type[Config]) -> dict[str, dict[str, Any]]:
    """``{field: {"description", "default", "type"}}``, for help and docs; the type in words: ``int``,
    ``account or post``."""
    hints = typing.get_type_hints(config, include_extras=True)
    result = {}
    for field in msgspec.structs.fields(config):
        hint = hints[field.name]
        metas = [meta for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
        result[field.name] = {
            "description": metas[0].description if metas else "",
            "default": _default(field),
            "type": _type_name(hint),
        }
    return result


def _default(field: Any) -> Any:
    """The default of a field as plain JSON types, None without one."""
    if field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else None


def with_defaults(config: type[Base], name: str, *, module: str, **defaults: Any) -> type[Base]:
    """The same settings, of the same types and descriptions, with other defaults, as a class of this name.

    module  ``__name__`` of the module that holds the class, so that it can be pickled

    Raises UnknownName for a default of a setting that does not exist.
    """
    hints = typing.get_type_hints(config, include_extras=True)
    for setting in defaults:
        if setting not in hints:
            raise UnknownName("setting", setting, known=config.__struct_fields__)
    fields = [(setting, hints[setting], default) for setting, default in defaults.items()]
    # msgspec types the result as a Struct, not as a class below ``config``.
    changed: Any = msgspec.defstruct(name, fields, bases=(config,), module=module, frozen=True, kw_only=True)
    return changed


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """``["epochs=50", "slots.text=text.minilm"]`` to a dict. Raises ConfigError if a name has two values."""
    settings: dict[str, str] = {}
    for pair in pairs:
        name, sep, value = pair.partition("=")
        if not sep or not name.strip():
            raise ConfigError(
                f"A setting is written name=value, found {pair!r}.", "For example: --set epochs=50"
            )
        name, value = name.strip(), value.strip()
        # The same value twice is no contradiction.
        if settings.get(name, value) != value:
            raise ConfigError(
                f"{name} is given twice, as {settings[name]!r} and as {value!r}.", "Give it once."
            )
        settings[name] = value
    return settings


def refuse_unread(settings: Iterable[str] | None, takers: Mapping[str, Iterable[str]]) -> None:
    """Raise UnknownName for the first setting that no taker reads. A setting is read if it begins with
    ``TAKER.``; the taker itself checks the rest of the name.

    takers  each to the names of its settings, for suggestions
    """
    known = sorted(f"{taker}.{name}" for taker, names in takers.items() for name in names)
    for setting in settings or ():
        if not any(setting.startswith(f"{taker}.") for taker in takers):
            # A name that another taker has is the best suggestion.
            same = [other for other in known if other.rpartition(".")[2] == setting.rpartition(".")[2]]
            if same:
                suggested = f"Did you mean {' or '.join(same[:3])}?"
            else:
                suggested = suggestion(setting, known, listing=False)
            scopes = ", ".join(f"{taker}.NAME" for taker in takers)
            available = f"Settings here: {scopes}." if takers else "Nothing can be set here."
            raise UnknownName("setting", setting, known=known, hint=f"{suggested} {available}".strip())


def from_toml(file: str | Path, type_: type[Declared]) -> Declared:
    """The content of a TOML file as a Struct of this type. Raises ConfigError with the fault and its line or
    key."""
    try:
        content = tomllib.loads(Path(file).read_text(encoding="utf-8-sig"))
        return msgspec.convert(content, type_)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {str(error)[:1].lower()}{str(error)[1:]}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: {reason(error, b'')}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {reason(error, content)}.") from None


def _converted(value: Any, type_: Any) -> Any:
    """A value as this type. Text is read as the type, then as JSON, then as a comma-separated list. Raises
    ValueError.

    Numbers are read by ``number_text``: 5.000 is refused, 5,000 and 5k are five thousand.
    """
    if isinstance(value, str) and (number_type := _number_type(type_)) is not None:
        value = _number_or_text(value, number_type)
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as first_error:
        error, read = first_error, value
    # float reads what JSON does not: .5
    readings: list[Callable[[str], Any]] = [msgspec.json.decode, float, _parts]
    for reading in readings if isinstance(value, str) else ():
        try:
            other = reading(value)
            return msgspec.convert(other, type_, strict=False)
        except msgspec.ValidationError as other_error:
            # A list is expected and was read: the fault is in one of its entries, so this error is reported.
            if NO_LIST in str(error) and NO_LIST not in str(other_error):
                error, read = other_error, other
        except (ValueError, msgspec.DecodeError):
            continue
    raise ValueError(reason(error, read))


def _number_or_text(value: str, number_type: type) -> float | int | str:
    """The text as a number, or unchanged if it is none ("none"). Raises Ambiguous."""
    try:
        number = number_text.number(value)
    except number_text.Ambiguous:
        raise
    except ValueError:
        return value
    return int(number) if number_type is int and number.is_integer() else number


def _number_type(hint: Any) -> type | None:
    """int or float if this is the type, also with None; else None."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _number_type(arguments[0])
    if hint in (int, float):
        return hint
    options = [option for option in arguments if option is not type(None)]
    if origin in (typing.Union, types.UnionType) and len(options) == 1:
        return _number_type(options[0])
    return None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part]


def _type_name(hint: Any) -> str:
    """A type in words: "int", "account or post", "several of str"."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin is typing.Literal:
        return ", ".join(map(str, arguments[:-1])) + f" or {arguments[-1]}"
    if origin in (list, tuple):
        return f"several of {_type_name(arguments[0])}"
    if arguments:
        return " or ".join(map(_type_name, arguments))
    return hint.__name__ if isinstance(hint, type) else str(hint)
