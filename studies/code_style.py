"""How readable the code is, in figures: a table over all Python files of a folder, tests excluded.

    python studies/code_style.py src/brandfit [OTHER FOLDER ...]
    python studies/code_style.py src/brandfit --write-private tests/private_words.txt

The second form lists the identifiers that contain a private word; ``tests/test_house.py`` allows no others.

comprehensions     list, set and dict comprehensions and generator expressions, per 1,000 lines
nested             of these, the ones inside another one, per 1,000 lines
long lines         share of lines over 110 characters
comments           comment tokens per 1,000 lines
long calls         calls with six or more positional arguments, per 1,000 calls
keyword-only       share of functions that have a keyword-only argument
bare tuples        share of functions with a return annotation that is a tuple
private words      words of ``PRIVATE`` per 1,000 words of docstrings
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_LINE = 110
MANY_ARGUMENTS = 6
PRIVATE = re.compile(
    r"\b(told|tells?|telling|asked|asks|whom|whose|whoever|whatever|wherever|whichever|nobody|anybody|everybody"
    r"|somebody|beside|besides|inmost|mended|dealt|dealing|looked|alike|unless said|what it is|stands? for"
    r"|of its own|at hand|thereby|therein|thereof|hence|lest|upon|shelf|befit|likeness|drawn at"
    r"|once and for all|here and there|says? so|as it was|shown)\b",
    re.IGNORECASE,
)
PRIVATE_IDENTIFIERS = {
    "told",
    "tells",
    "asked",
    "asks",
    "dealt",
    "dealing",
    "dealer",
    "inmost",
    "looked",
    "beside",
    "besides",
    "shelf",
    "shelves",
    "desk",
    "mended",
    "befit",
    "alike",
    "whom",
    "whoever",
    "nobody",
    "everybody",
}
"""Words that no identifier may contain; ``stand_ins`` is one too, of two parts."""
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


PRIVATE_HEADER = """\
# Identifiers with a private word that are still in src/brandfit, by file. The list may only become shorter:
# rename one, then write the list again with
# python studies/code_style.py src/brandfit --write-private tests/private_words.txt
"""


@dataclass
class Figures:
    """Counts over the files of one folder."""

    lines: int = 0
    long_lines: int = 0
    comments: int = 0
    comprehensions: int = 0
    nested: int = 0
    calls: int = 0
    long_calls: int = 0
    functions: int = 0
    keyword_only: int = 0
    bare_tuples: int = 0
    docstring_words: int = 0
    private_words: int = 0

    def row(self) -> dict[str, float]:
        """Column name to figure, as the module describes."""
        lines, functions = max(self.lines, 1), max(self.functions, 1)
        return {
            "comprehensions": 1000 * self.comprehensions / lines,
            "nested": 1000 * self.nested / lines,
            "long lines %": 100 * self.long_lines / lines,
            "comments": 1000 * self.comments / lines,
            "long calls": 1000 * self.long_calls / max(self.calls, 1),
            "keyword-only %": 100 * self.keyword_only / functions,
            "bare tuples %": 100 * self.bare_tuples / functions,
            "private words": 1000 * self.private_words / max(self.docstring_words, 1),
        }


def private_identifiers(text: str) -> set[str]:
    """Names with a private word that a source file defines: functions, classes, attributes, parameters,
    locals and import aliases."""
    return {name for name in defined_names(ast.parse(text)) if is_private(name)}


def defined_names(tree: ast.AST) -> Iterator[str]:
    """Every name that is bound in a tree; names that are only read are bound elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name:
            yield node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def is_private(name: str) -> bool:
    """Whether a part of an identifier (``told_pairs``, ``ToldPairs``) is a private word."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    parts = snake.strip("_").split("_")
    return not PRIVATE_IDENTIFIERS.isdisjoint(parts) or "stand_in" in snake


def private_names_by_file(folder: Path) -> dict[str, list[str]]:
    """File, relative to the folder, to its identifiers with a private word; files without are left out."""
    names_by_file = {}
    for file in python_files(folder):
        names = private_identifiers(file.read_text(encoding="utf-8"))
        if names:
            names_by_file[file.relative_to(folder).as_posix()] = sorted(names)
    return names_by_file


def python_files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*.py")):
        inside = file.relative_to(folder).parts
        if not any(part in ("tests", "test") or part.startswith("test_") for part in inside):
            yield file


def measure(folder: Path, words: Counter[str] | None = None) -> Figures:
    """Figures of all files in a folder; counts private words into ``words`` if given."""
    figures = Figures()
    for file in python_files(folder):
        add_file(figures, file.read_text(encoding="utf-8", errors="replace"), words)
    return figures


def add_file(figures: Figures, text: str, words: Counter[str] | None) -> None:
    lines = text.splitlines()
    figures.lines += len(lines)
    figures.long_lines += sum(len(line) > LONGEST_LINE for line in lines)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    figures.comments += sum(token.type == tokenize.COMMENT for token in tokens)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        add_node(figures, node, words)
    figures.nested += sum(1 for _ in nested_comprehensions(tree))


def add_node(figures: Figures, node: ast.AST, words: Counter[str] | None) -> None:
    if isinstance(node, COMPREHENSIONS):
        figures.comprehensions += 1
    elif isinstance(node, ast.Call):
        figures.calls += 1
        figures.long_calls += len(node.args) >= MANY_ARGUMENTS
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        figures.functions += 1
        figures.keyword_only += bool(node.args.kwonlyargs)
        figures.bare_tuples += is_tuple(node.returns)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        docstring = ast.get_docstring(node) or ""
        private = PRIVATE.findall(docstring)
        figures.docstring_words += len(WORD.findall(docstring))
        figures.private_words += len(private)
        if words is not None:
            words.update(word.lower() for word in private)


def is_tuple(annotation: ast.expr | None) -> bool:
    """Whether a return annotation is ``tuple[A, B]`` of a fixed length."""
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.value, ast.Name):
        return False
    if annotation.value.id not in ("tuple", "Tuple") or not isinstance(annotation.slice, ast.Tuple):
        return False
    return not any(isinstance(one, ast.Constant) and one.value is ... for one in annotation.slice.elts)


def nested_comprehensions(tree: ast.AST) -> Iterator[ast.AST]:
    """Comprehensions inside another comprehension."""
    for node in ast.walk(tree):
        if isinstance(node, COMPREHENSIONS):
            inner = (child for child in ast.walk(node) if child is not node)
            if any(isinstance(child, COMPREHENSIONS) for child in inner):
                yield node


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument(
        "--words", action="store_true", help="list the private words and how often each occurs"
    )
    parser.add_argument(
        "--write-private", type=Path, metavar="FILE", help="write the private identifiers of the first folder"
    )
    options = parser.parse_args()
    if options.write_private:
        lines = [
            f"{file}: {' '.join(names)}\n"
            for file, names in private_names_by_file(options.folders[0]).items()
        ]
        options.write_private.write_text(PRIVATE_HEADER + "".join(lines), encoding="utf-8")
        return
    for folder in options.folders:
        words: Counter[str] = Counter()
        row = measure(folder, words).row()
        print(folder)
        for name, figure in row.items():
            print(f"  {name:16s} {figure:8.2f}")
        if options.words:
            print("  " + ", ".join(f"{word} {count}" for word, count in words.most_common()))


if __name__ == "__main__":
    main()
