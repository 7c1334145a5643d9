"""Who may import what, generated documentation, cheap starts, documented settings."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from brandfit import registry
from brandfit.config import describe

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "brandfit"

FLOORS = [
    {"account_id", "errors", "folding", "listings", "mappings", "messages", "progress", "seeds"},
    {"arguments", "number_text"},
    {"config"},
    {"registry"},
    {"data"},
    {"ranking", "learning", "exposure"},
    {"encoders", "rankers"},
    {"profilers"},
    {"audience"},
    {"evaluation", "explain", "search", "campaign", "workspace", "compute"},
    {"erasure", "report"},
    {"study"},
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
            found |= (
                {parts[1]}
                if len(parts) > 1
                else {alias.name for alias in node.names if not alias.name.startswith("_")}
            )
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


def test_every_module_says_what_it_holds():
    silent = [
        str(file.relative_to(ROOT)) for file in FILES if not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_the_generated_documentation_names_every_file_and_every_model():
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    files = generate["files"]()
    missing = [file.name for file in FILES if file.name != "__init__.py" and f"`{file.name}`: " not in files]
    assert missing == []
    for kind in ("encoder", "ranker", "profiler", "importer"):
        table = generate[f"{kind}s"]()
        assert [name for name in registry.names(kind) if f"| `{name}` |" not in table] == []


def test_generating_replaces_the_marked_part_alone():
    filled = runpy.run_path(str(ROOT / "docs" / "generate.py"))["filled"]
    page = "before\n<!-- generated: rankers -->\nold\n<!-- end -->\nafter\n"
    new = filled(page)
    assert new.startswith("before\n<!-- generated: rankers -->\n| name |")
    assert new.endswith("<!-- end -->\nafter\n")
    assert "old" not in new
    assert filled(new) == new


def test_no_new_identifier_has_a_private_word():
    """The words of docs/conventions.md that only the first authors understood. The list only shrinks."""
    found = runpy.run_path(str(ROOT / "studies" / "code_style.py"))["private_names_by_file"](SOURCE)
    allowed = {}
    for line in (ROOT / "tests" / "private_words.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            file, _, names = line.partition(": ")
            allowed[file] = names.split()
    new = {file: sorted(set(names) - set(allowed.get(file, ()))) for file, names in found.items()}
    assert {file: names for file, names in new.items() if names} == {}, "say what the value is"
    assert allowed == found, "shorter now: write the list again, as its head says"


def test_identifiers_are_read_by_their_parts():
    code_style = runpy.run_path(str(ROOT / "studies" / "code_style.py"))
    text = "def f(asked_ids, task): self._told = 1; stand_ins = [desk for desk in asked_ids]; basked = told"
    assert code_style["private_identifiers"](text) == {"asked_ids", "_told", "stand_ins", "desk"}
    assert code_style["private_identifiers"]("class ToldPairs: tolerance: int") == {"ToldPairs"}


def test_files_that_may_have_long_functions_have_some():
    """per-file-ignores of the sizes of functions are a list of what is left to do."""
    sizes = ("C901", "PLR0913", "PLR0917")
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    listed = defaultdict(set)
    for file, codes in lint["per-file-ignores"].items():
        if file.startswith("src/"):
            listed[file] |= set(codes) & set(sizes)
    options = [
        f"lint.mccabe.max-complexity={lint['mccabe']['max-complexity']}",
        f"lint.pylint.max-args={lint['pylint']['max-args']}",
        f"lint.pylint.max-positional-args={lint['pylint']['max-positional-args']}",
    ]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    command += ["--output-format", "json", "--select", ",".join(sizes), "src"]
    for option in options:
        command += ["--config", option]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = defaultdict(set)
    for fault in json.loads(done.stdout):
        found[Path(fault["filename"]).relative_to(ROOT).as_posix()].add(fault["code"])
    assert {file: codes for file, codes in listed.items() if codes} == found


@pytest.mark.parametrize(
    "start", ["brandfit.cli", "brandfit.pipeline", "brandfit.rankers.wsim", "brandfit.encoders.text.minilm"]
)
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


@pytest.mark.parametrize(
    ("kind", "name"),
    [(k, n) for k in ("importer", "encoder", "profiler", "ranker") for n in registry.names(k)],
)
def test_every_setting_is_documented_and_round_trips(kind, name):
    cls = registry.load(kind, name)
    assert cls.__doc__ or sys.modules[cls.__module__].__doc__
    for setting, about in describe(cls.Config).items():
        assert about["description"], f"{name}: {setting} has no description"
    required = {
        s: "x"
        for s, about in describe(cls.Config).items()
        if about["default"] is None and about["type"] == "str"
    }
    config = cls.Config.from_settings(required)
    assert cls.Config.from_settings(config.to_dict()) == config
