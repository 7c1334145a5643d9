"""Typed settings: one Config a model, every field documented, parsed from text, round-tripping through
JSON."""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import msgspec

from brandfit import number_text
from brandfit.errors import ConfigError, UnknownName, suggestion
from brandfit.messages import reason

Declared = TypeVar("Declared", bound=msgspec.Struct)
NO_LIST = "Expected `array`, got"
"""How a complaint begins that a list is asked for."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all Configs. A field is ``Annotated[type, Meta(description=..., bounds)] = default``."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], scope: str = "") -> Self:
        """From ``{"epochs": 50}`` or, as typed on a command line, ``{"epochs": "50"}``; scope is what is
        typed before a name.

        Raises UnknownName for a setting that does not exist, ConfigError for a value that it cannot have or
        that is needed.
        """
        known = {f.name: f for f in msgspec.structs.fields(cls)}
        checked = {}
        for name, value in settings.items():
            if name not in known:
                raise UnknownName("setting", name, known=known)
            try:
                checked[name] = _convert(value, known[name].type)
            except ValueError as error:
                about, wrong = describe(cls)[name], str(error)
                raise ConfigError(
                    f"Setting {name}{'' if wrong.startswith('[') else ': '}{wrong}.",
                    f"{name} ({about['type']}): {about['description']}",
                ) from None
        for name, field in known.items():
            if field.required and name not in checked:
                raise ConfigError(
                    f"Setting {scope}{name} is needed.",
                    f"{name}: {describe(cls)[name]['description']}. Write --set {scope}{name}=...",
                )
        return cls(**checked)

    def ordered(self, low: str, high: str) -> None:
        """Raise ConfigError where one setting is larger than another that it must not exceed."""
        least, most = getattr(self, low), getattr(self, high)
        if least > most:
            raise ConfigError(
                f"{low} is {least:,} and {high} is {most:,}: nothing lies between.",
                f"Set {low} to {high} or less.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; ``of(config.to_dict()) == config``."""
        return msgspec.to_builtins(self)


def describe(config: type[Config]) -> dict[str, dict[str, Any]]:
    """``{field: {"description", "default", "type"}}``, for help and docs; the type in words: ``int``,
    ``account or post``."""
    hints = typing.get_type_hints(config, include_extras=True)
    result = {}
    for field in msgspec.structs.fields(config):
        meta = [m for m in getattr(hints[field.name], "__metadata__", ()) if isinstance(m, msgspec.Meta)]
        result[field.name] = {
            "description": meta[0].description if meta else "",
            "default": msgspec.to_builtins(field.default)
            if field.default is not msgspec.NODEFAULT
            else (field.default_factory() if field.default_factory is not msgspec.NODEFAULT else None),
            "type": _type_name(hints[field.name]),
        }
    return result


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
        if settings.get(name, value) != value:
            raise ConfigError(
                f"{name} is given twice, as {settings[name]!r} and as {value!r}.", "Give it once."
            )
        settings[name] = value
    return settings


def refuse_unread(settings: Iterable[str] | None, takers: Mapping[str, Iterable[str]]) -> None:
    """Raise UnknownName for the first setting that is not ``TAKER.NAME`` of one of these takers: nothing
    would read it. takers: each to the names of its settings, which are suggested; whether a name of a taker
    is one of them, its own reader says."""
    known = sorted(f"{taker}.{name}" for taker, names in takers.items() for name in names)
    for setting in settings or ():
        if not any(setting.startswith(f"{taker}.") for taker in takers):
            same = [one for one in known if one.rpartition(".")[2] == setting.rpartition(".")[2]]
            near = (
                f"Did you mean {' or '.join(same[:3])}?"
                if same
                else suggestion(setting, known, listing=False)
            )
            scopes = ", ".join(f"{taker}.NAME" for taker in takers)
            rest = f"Settings here: {scopes}." if takers else "Nothing can be set here."
            raise UnknownName("setting", setting, known=known, hint=f"{near} {rest}".strip())


def from_toml(file: str | Path, type_: type[Declared]) -> Declared:
    """What a TOML file declares, as a Struct of this type. Raises ConfigError with what is wrong where."""
    try:
        found = tomllib.loads(Path(file).read_text(encoding="utf-8-sig"))
        return msgspec.convert(found, type_)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {str(error)[:1].lower()}{str(error)[1:]}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: {reason(error, b'')}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {reason(error, found)}.") from None


def _convert(value: Any, type_: Any) -> Any:
    """A typed value as it is; text is read as the type, then as JSON, then as a comma-separated list. Raises
    ValueError.

    Numbers are read as everywhere (``number_text``): 5.000 is refused, 5,000 and 5k are five thousand.
    """
    if isinstance(value, str) and (kind := _number_type(type_)) is not None:
        try:
            value = number_text.number(value)
        except number_text.Ambiguous:
            raise
        except ValueError:
            pass  # "none", or no number: the type says so below
        else:
            value = int(value) if kind is int and value.is_integer() else value
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as found:
        error, read = found, value
    if isinstance(value, str):
        readings: list[Callable[[str], Any]] = [msgspec.json.decode, float, _listed]
        for reading in readings:  # float reads what JSON does not: .5
            try:
                other = reading(value)
                return msgspec.convert(other, type_, strict=False)
            except msgspec.ValidationError as found:
                if NO_LIST in str(error) and NO_LIST not in str(
                    found
                ):  # a list is asked for and is there: what is wrong is in it
                    error, read = found, other
            except (ValueError, msgspec.DecodeError):
                continue
    raise ValueError(reason(error, read))


def _number_type(hint: Any) -> type | None:
    """int or float, where that is the type, or the type beside None."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _number_type(inner[0])
    kinds = [kind for kind in map(_number_type, inner) if kind is not None] if inner else []
    others = [one for one in inner if one is not type(None)]
    if hint in (int, float):
        return hint
    return kinds[0] if origin in (typing.Union, types.UnionType) and len(kinds) == len(others) == 1 else None


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part]


def _type_name(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _type_name(inner[0])
    if origin is typing.Literal:
        return ", ".join(map(str, inner[:-1])) + f" or {inner[-1]}"
    if origin in (list, tuple):
        return f"several of {_type_name(inner[0])}"
    if inner:
        return " or ".join(map(_type_name, inner))
    return hint.__name__ if isinstance(hint, type) else str(hint)
