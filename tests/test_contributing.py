"""The files of CONTRIBUTING.md work as printed: each is written to its place in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brandfit.workspace import Workspace

ROOT = Path(__file__).parent.parent
EXAMPLE = re.compile(r"`src/brandfit/(\S+\.py)` is `(\S+)`\n\n```python\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """Path, name and code of each example."""
    return EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """A copy of the package with the files of the page in it."""
    source = tmp_path_factory.mktemp("contributor") / "src"
    shutil.copytree(
        ROOT / "src" / "brandfit", source / "brandfit", ignore=shutil.ignore_patterns("__pycache__")
    )
    for path, _, code in EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        (source / "brandfit" / path).write_text(code, encoding="utf-8")
    return source


def run(package: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


def test_the_models_of_the_page_pass_their_conformance_tests(package):
    assert [name for _, name, _ in examples()] == ["text.length", "loud", "trees", "handle-list"]
    for kind, name in (("encoders", "length"), ("rankers", "loud"), ("profilers", "trees")):
        tests = f"tests/conformance/test_{kind}.py"
        report = run(package, "pytest", tests, "-q", "-n", "0", "-p", "no:cacheprovider", "-k", name)
        n_passed = sum(map(int, re.findall(r"(\d+) passed", report)))
        assert n_passed >= 7, report


def test_the_importer_of_the_page_imports(package, tmp_path):
    handles = tmp_path / "handles.txt"
    handles.write_bytes(b"@Ann.Lee\n\nben cole\nf\xffrst\ncara.fox\n")
    report = run(package, "brandfit", "import", "handle-list", str(handles), "-w", str(tmp_path / "work"))
    assert "a handle has no spaces" in report
    with Workspace(tmp_path / "work") as workspace:
        assert sorted(workspace.dataset().accounts["id"].to_pylist()) == ["ann.lee", "cara.fox"]


def test_the_functions_of_the_page_state_their_types():
    for path, _, code in examples():
        for definition in re.findall(r"def \w+\(.*?\).*:", code):
            assert "->" in definition, f"{path}: {definition}"
