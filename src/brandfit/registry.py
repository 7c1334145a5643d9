"""Importers, encoders, rankers and profilers by name. Each file in a folder is a name; a module is imported
when its class is loaded.

    names("ranker")            ["random", "simcos", "wsim", ...]
    load("ranker", "wsim")     the class, from rankers/wsim.py
    load("encoder", "text.minilm")  ... from encoders/text/minilm.py

Other packages add a name by an entry point of the group ``brandfit.<kind>s``; its value is the class.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
from functools import cache
from pathlib import Path
from typing import Any

from brandfit.errors import UnknownName

HOMES = {
    "importer": "data.importers",
    "encoder": "encoders",
    "ranker": "rankers",
    "profiler": "profilers",
}
"""Kind to the package below ``brandfit`` with one file for each name."""

NOT_NAMES = {"base", "evidence"}
"""Files and folders of a home that hold parts of the things, not things with a name."""


@cache
def modules(kind: str) -> dict[str, str]:
    """``{name: module}`` of the built-in names of this kind, from the file names."""
    package = f"brandfit.{HOMES[kind]}"
    root = Path(__file__).parent.joinpath(*HOMES[kind].split("."))
    module_by_name = {}
    # encoders/text/minilm.py is "text.minilm"; files with an underscore are private.
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        if any(part.startswith("_") or part in NOT_NAMES for part in parts):
            continue
        name = ".".join(parts)
        name = name.replace("_", "-") if kind == "importer" else name
        module_by_name[name] = ".".join([package, *parts])
    return module_by_name


@cache
def _entry_points(kind: str) -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=f"brandfit.{kind}s")}


def names(kind: str) -> list[str]:
    """All names of a kind, built in and from other packages, sorted."""
    return sorted({*modules(kind), *_entry_points(kind)})


@cache
def load(kind: str, name: str) -> Any:
    """The class of this name. Raises UnknownName with the nearest names."""
    if name in modules(kind):
        # The class of the module's own that states this kind; imported classes belong to other modules.
        module = importlib.import_module(modules(kind)[name])
        for _, member in inspect.getmembers(module, inspect.isclass):
            if member.__module__ == module.__name__ and getattr(member, "kind", None) == kind:
                return member
        raise TypeError(f"{module.__name__} defines no {kind}")
    if name in _entry_points(kind):
        return _entry_points(kind)[name].load()
    raise UnknownName(kind, name, known=names(kind))


def name_of(kind: str, cls: type) -> str:
    """The registered name of a class: from its file, or from its entry point."""
    for name, module in modules(kind).items():
        if module == cls.__module__:
            return name
    for name, point in _entry_points(kind).items():
        if point.load() is cls:
            return name
    return f"{cls.__module__}.{cls.__qualname__}"
