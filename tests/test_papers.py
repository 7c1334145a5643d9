"""The record of every row of the papers names a test, a command and a page of the docs that exist."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from brandfit.cli import cli

ROOT = Path(__file__).resolve().parents[1]
LAST = {"D": 16, "W": 20, "R": 9, "C": 20, "M": 17, "B": 15, "P": 16, "S": 10}
"""Letter of a section to the number of its last row: 123 in all."""
FIELDS = {"id", "what", "status", "command", "test", "docs"}


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECORDS = generator().paper_records()


@cache
def defined_tests(file: Path) -> set[str]:
    """Names of test functions of a file, methods as Class::name."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)
            }
    return names


def test_every_row_of_the_papers_is_recorded_once():
    expected = [f"{letter}-{number:02d}" for letter, last in LAST.items() for number in range(1, last + 1)]
    assert [record["id"] for record in RECORDS] == expected


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["id"])
def test_a_record_is_whole(record):
    assert set(record) - {"note"} == FIELDS
    assert all(record[field].strip() for field in FIELDS)
    assert record["status"] in {"works", "partial", "needs", "missing"}
    if record["status"] != "works":
        assert record["note"], "a row that does not work states what is missing"


BUILT = [record for record in RECORDS if record["status"] != "missing"]


@pytest.mark.parametrize("record", BUILT, ids=lambda record: record["id"])
def test_the_test_of_a_record_exists(record):
    file, _, name = record["test"].partition("::")
    assert name.startswith(("test_", "Test")), record["test"]
    assert name in defined_tests(ROOT / file), f"{file} has no {name}"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["id"])
def test_the_docs_of_a_record_exist(record):
    page, _, anchor = record["docs"].partition("#")
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    slugs = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        slugs.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    assert not anchor or anchor in slugs, f"{page} has no heading #{anchor}"


@pytest.mark.parametrize(
    "record",
    [record for record in RECORDS if not record["command"].startswith("page: ")],
    ids=lambda record: record["id"],
)
def test_the_command_of_a_record_exists(record):
    """The command and each of its options are known; values may be placeholders."""
    words = shlex.split(record["command"])
    assert words[0] == "brandfit", record["command"]
    command: click.Command = cli
    for word in words[1:]:
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    assert command is not cli, record["command"]
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= options, record["command"]
