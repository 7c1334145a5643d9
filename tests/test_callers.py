"""No code without a caller: whatever the package defines is reached from a command, a route, a registered
name or a script.

Two checks. Vulture finds names that occur nowhere else. It takes a name for used if anything else has that
name, or if the thing mentions itself, so a second check follows the imports: every function and class of a
module must be reached from an entry point.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from collections import defaultdict
from pathlib import Path

from vulture import Vulture

from brandfit import registry

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
SCRIPTS = [*(ROOT / "studies").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
REGISTERED = {
    SOURCE / f"{module.replace('.', '/')}.py"
    for kind in registry.HOMES
    for module in registry.modules(kind).values()
}
ALLOWED = {
    name.strip(): reason.strip()
    for name, _, reason in (
        line.partition("#") for line in (ROOT / "tests" / "uncalled.txt").read_text().splitlines()
    )
    if name.strip()
}
"""``FILE:NAME`` (a pattern) to the reason why nothing in the package names it."""
ENTRIES = (
    "brandfit.__main__",
    "brandfit.cli",
    "brandfit.cli.*",
    "brandfit.pipeline",
    "brandfit.service.api.*",
    "brandfit.service.pages.*",
)
"""Modules whose public names are the product: commands, the Python interface, routes."""
CALL = re.compile(r"\b([a-z_]+)\.([a-z_]+)\(")
STARTED = {"brandfit.compute.worker", "brandfit.service.jobs.worker"}
"""Modules that are run as a process of their own."""


def test_no_name_occurs_only_where_it_is_defined():
    found = Vulture()
    found.scavenge([SOURCE, *SCRIPTS])
    unused = {
        f"{item.filename.relative_to(SOURCE / 'brandfit')}:{item.name}"
        for item in found.get_unused_code()
        if not (item.typ == "class" and item.filename in REGISTERED)
    }
    without = {one for one in unused if not any(fnmatch.fnmatchcase(one, pattern) for pattern in ALLOWED)}
    assert not without, "defined and never named; delete it, or add it to tests/uncalled.txt with the reason"
    stale = {pattern for pattern in ALLOWED if not fnmatch.filter(unused, pattern)}
    assert not stale, "allowed in tests/uncalled.txt, and used or gone"
    assert all(ALLOWED.values()), "every line of tests/uncalled.txt says why"


def module_of(file: Path) -> str:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Module:
    """The functions and classes of a file, and what each of them, and the file itself, names."""

    def __init__(self, tree: ast.Module) -> None:
        self.defined: dict[str, ast.AST] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        """Local name to (module, name in it); name is "" for a module."""
        rest: list[ast.AST] = []
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.defined[node.name] = node
            else:
                rest.append(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "brandfit":
                self.imported |= {
                    alias.asname or alias.name: (node.module, alias.name) for alias in node.names
                }
            elif isinstance(node, ast.Import):
                self.imported |= {
                    (a.asname or a.name): (a.name, "") for a in node.names if a.name.startswith("brandfit")
                }
        self.rest = rest
        self.decorated = {
            name
            for name, node in self.defined.items()
            if node.decorator_list and _registers(node.decorator_list)
        }


def _registers(decorators: list[ast.expr]) -> bool:
    """Whether a decorator hands the function to somebody who calls it: ``@router.get(...)``,
    ``@click.command`` ..."""
    heads = (one.func if isinstance(one, ast.Call) else one for one in decorators)
    return any(isinstance(head, ast.Attribute) and head.attr not in ("setter", "wraps") for head in heads)


def names_in(nodes: list[ast.AST], module: Module) -> set[tuple[str, str]]:
    """(module, name) of everything of brandfit that is named there; ("", name) for names of the same file."""
    found: set[tuple[str, str]] = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Name):
            found.add(module.imported.get(node.id, ("", node.id)))
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in module.imported
        ):
            home, name = module.imported[node.value.id]
            found.add((f"{home}.{name}" if name else home, node.attr))
        elif isinstance(node, ast.Constant) and isinstance(
            node.value, str
        ):  # annotations that are not evaluated
            found.add(("", node.value))
    return found


def test_every_function_and_class_is_reached_from_an_entry_point():
    modules = {module_of(file): Module(ast.parse(file.read_text())) for file in SOURCE.rglob("*.py")}
    waiting: list[tuple[str, str]] = []
    for name, module in modules.items():
        waiting += [(name, "")]  # what a file does when it is imported
        waiting += [(name, one) for one in module.decorated]
        if name in STARTED or any(fnmatch.fnmatchcase(name, entry) for entry in ENTRIES):
            waiting += [(name, one) for one in module.defined if not one.startswith("_")]
        if SOURCE / f"{name.replace('.', '/')}.py" in REGISTERED:
            waiting += [(name, one) for one, node in module.defined.items() if isinstance(node, ast.ClassDef)]
    for script in SCRIPTS:
        tree = ast.parse(script.read_text())
        waiting += [one for one in names_in([tree], Module(tree)) if one[0]]
    last = {name.rpartition(".")[2]: name for name in modules}
    for template in SOURCE.rglob("templates/*.html"):  # {{ charts.radar(...) }}
        waiting += [(last[home], name) for home, name in CALL.findall(template.read_text()) if home in last]
    reached: set[tuple[str, str]] = set()
    while waiting:
        home, name = one = waiting.pop()
        if one in reached or home not in modules:
            continue
        reached.add(one)
        module = modules[home]
        if name in module.imported:  # handed on by an __init__
            waiting.append(module.imported[name])
        nodes = module.rest if not name else [module.defined[name]] if name in module.defined else []
        waiting += [(other or home, what) for other, what in names_in(nodes, module)]
    by_file: dict[str, list[str]] = defaultdict(list)
    for name, module in modules.items():
        for one in module.defined:
            label = f"{name.removeprefix('brandfit.').replace('.', '/')}.py:{one}"
            if (name, one) not in reached and not any(
                fnmatch.fnmatchcase(label, pattern) for pattern in ALLOWED
            ):
                by_file[name].append(one)
    assert not by_file, (
        "reached from tests alone; connect it to a command, a route or a function that is, or delete it"
    )


FOREIGN = {
    "MADV_DONTNEED",  # of mmap, by platform
    "posix_fallocate",  # of os, by platform
    "sched_getaffinity",  # of os, by platform
    "__html__",  # markupsafe
    "__metadata__",  # typing
    "column",  # lark
    "token",  # lark
    "type",  # lark
    "kind",  # members of a module that is searched for the class of a name
    "max_position_embeddings",  # transformers
    "pooler_output",  # transformers
    "path",  # starlette
    "request",  # logging
    "strerror",  # OSError
    "to_bytes",  # spaCy
    "to_pylist",  # Arrow
    "tolist",  # NumPy, pandas
    "keys",  # mappings of any package
    "dtype",  # NumPy
    "__name__",  # a type or a form of typing
    "close",  # what an argument was converted to
    "id",  # the caller of a request, where nobody signed in
}
"""Attributes of objects of other packages that may be there or not."""


def test_what_our_own_classes_can_do_is_declared_and_not_guessed():
    """A capability that is asked for by ``getattr`` or ``hasattr`` is answered differently from place to
    place."""
    guessed = []
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("getattr", "hasattr")
            ):
                name = node.args[1]
                if isinstance(name, ast.Constant) and name.value not in FOREIGN:
                    guessed.append(f"{file.relative_to(ROOT)}:{node.lineno} {name.value}")
    assert not guessed, "declare it on the base class, with an answer for those that cannot"
