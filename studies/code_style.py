"""How readable the code is, in figures: a table over all Python files of a folder, tests excluded.

    python studies/code_style.py src/brandfit [OTHER FOLDER ...]

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
    r"\b(told|tells?|telling|asked|asks|whom|whose|whoever|whatever|wherever|whichever|nobody|anybody|everybody|somebody|beside|"
    r"besides|inmost|mended|dealt|dealing|looked|alike|unless said|what it is|stands? for|of its own|at "
    r"hand|thereby|therein|"
    r"thereof|hence|lest|upon|shelf|befit|likeness|drawn at|once and for all|here and there|says? so|as it "
    r"was|shown)\b",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
    given = parser.parse_args()
    for folder in given.folders:
        words: Counter[str] = Counter()
        row = measure(folder, words).row()
        print(folder)
        for name, figure in row.items():
            print(f"  {name:16s} {figure:8.2f}")
        if given.words:
            print("  " + ", ".join(f"{word} {count}" for word, count in words.most_common()))


if __name__ == "__main__":
    main()
