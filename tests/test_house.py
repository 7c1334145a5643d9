"""The house stands as it is drawn: who may import what, the tree in the README, cheap starts, settings documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from brandfit import names
from brandfit.config import describe

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "brandfit"

FLOORS = [
    {"errors", "reasons", "seeds"},
    {"arguments", "number_text"},
    {"config"},
    {"names"},
    {"data"},
    {"ranking", "learning"},
    {"encoders", "rankers"},
    {"profilers"},
    {"audience"},
    {"evaluation", "explain", "search", "campaign", "workspace", "compute"},
    {"report"},
    {"pipeline"},
    {"experiments", "tuning"},
    {"service"},
    {"cli"},
    {"__main__"},
]
"""Lowest first; those on one floor never import each other."""


def floor(part: str) -> int:
    return next(n for n, parts in enumerate(FLOORS) if part in parts)


def imports(file: Path) -> set[str]:
    """The parts of brandfit that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "brandfit":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names if not alias.name.startswith("_")}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("brandfit.")}
    return found


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(SOURCE)) for f in FILES])
def test_imports_go_down_only(file):
    part = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    for imported in imports(file) - {part}:
        assert floor(imported) < floor(part), (
            f"{file.relative_to(ROOT)} imports brandfit.{imported}, which does not lie below {part}"
        )


def listed(*which: str) -> list[Path]:
    out = subprocess.run(["git", "ls-files", *which], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(f) for f in out.splitlines() if (ROOT / f).exists()]


def test_the_tree_in_the_readme_is_the_tree_on_disk():
    block = re.search(r"<!-- tree -->\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    stated, stack = set(), []
    for line in block.splitlines()[1:]:
        body = line.split("#")[0].rstrip()
        name = body.lstrip("│├└─ ")
        depth = (len(body) - len(name)) // 4
        stack = [*stack[: depth - 1], name.rstrip("/")]
        stated.add("/".join(stack))
        assert "#" in line or name.endswith("/"), f"no comment on {line!r}"
    files = listed("-co", "--exclude-standard")
    source = {f.relative_to("src/brandfit").as_posix() for f in files if f.is_relative_to("src/brandfit") and f.name != "py.typed"}
    expected = {f"src/brandfit/{f}" for f in source if not f.endswith("__init__.py")}
    assert {s for s in stated if s.startswith("src/brandfit/") and "." in s.rpartition("/")[2]} == expected
    tops = {f.parts[0] for f in listed("-c")}  # not what the README's own commands write here, such as shortlist.xlsx
    assert {s for s in stated if "/" not in s} == tops


@pytest.mark.parametrize("start", ["brandfit.cli", "brandfit.pipeline", "brandfit.rankers.wsim", "brandfit.encoders.text.minilm"])
def test_starting_imports_nothing_heavy(start):
    heavy = "{'torch', 'sentence_transformers', 'onnxruntime', 'skimage', 'sklearn', 'transformers'}"
    code = f"import sys, {start}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_imports_not_even_numpy():
    code = (
        "import sys; from brandfit.cli import cli; cli.main(['--help'], standalone_mode=False); "
        "print({'numpy', 'pyarrow', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k in ("importer", "encoder", "profiler", "ranker") for n in names.names(k)])
def test_every_setting_is_documented_and_round_trips(kind, name):
    cls = names.load(kind, name)
    assert cls.__doc__ or sys.modules[cls.__module__].__doc__
    for setting, about in describe(cls.Config).items():
        assert about["description"], f"{name}: {setting} has no description"
    required = {s: "x" for s, about in describe(cls.Config).items() if about["default"] is None and about["type"] == "str"}
    config = cls.Config.of(required)
    assert cls.Config.of(config.to_dict()) == config
