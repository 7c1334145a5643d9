"""Writes the generated parts of the documentation: tables of what is registered, and the file map.

    python docs/generate.py

Text between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is replaced. The rest of a page is written by
hand. ``make test`` and ``make docs`` run it, so that a new model is documented without further work.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from brandfit import registry
from brandfit.pipeline.inventory import catalogue

DOCS = Path(__file__).resolve().parent
PACKAGE = DOCS.parent / "src" / "brandfit"
RECORDS = DOCS / "papers"
"""One TOML file per part of the checklist; each ``[[row]]`` is a capability or an experiment of a paper."""
SECTIONS = {
    "D": "Data and protocol",
    "W": "WSim and WSim-MT (Elwood, Gasparin, Rozza 2021)",
    "R": "MIR (Gan et al. 2019)",
    "C": "CAMERA (Wang et al. 2021)",
    "M": "MORNING (Wang et al. 2022)",
    "B": "BAMIR (code and notebooks)",
    "P": "Influencer Profiler (Kim et al. 2020)",
    "S": "Uses that several papers name",
}
"""First letter of an id to the heading of its section, in the order of the page."""
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
LONGEST = 100
"""Characters of a description in the file map; a longer one ends with an ellipsis."""


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def encoders() -> str:
    rows = []
    for row in catalogue("encoders"):
        cls = registry.load("encoder", row["name"])
        level = cls.level if isinstance(cls.level, str) else "post or account, a setting"
        rows.append([f"`{row['name']}`", cls.slot, level, row["what"]])
    return table(["name", "slot", "a row for each", "what it encodes"], rows)


def rankers() -> str:
    rows = []
    for row in catalogue("rankers"):
        cls = registry.load("ranker", row["name"])
        learns = "yes" if cls.learns else "no"
        rows.append([f"`{row['name']}`", learns, ", ".join(cls.slots) or "nothing", row["what"]])
    return table(["name", "learns", "reads", "what the score is"], rows)


def profilers() -> str:
    rows = [[f"`{row['name']}`", row["what"]] for row in catalogue("profilers")]
    return table(["name", "what it reads and learns"], rows)


def importers() -> str:
    rows = [[f"`{row['name']}`", row["what"]] for row in catalogue("importers")]
    return table(["name", "what it reads"], rows)


def paper_records() -> list[dict[str, str]]:
    """The rows of all record files, by section and number."""
    rows = []
    for file in sorted(RECORDS.glob("*.toml")):
        rows += tomllib.loads(file.read_text(encoding="utf-8"))["row"]
    order = list(SECTIONS)
    return sorted(rows, key=lambda row: (order.index(row["id"][0]), row["id"]))


def papers() -> str:
    """The rows of the papers, a table per section."""
    records = paper_records()
    parts = [f"{papers_summary(records)}\n"]
    for letter, heading in SECTIONS.items():
        rows = [paper_row(record) for record in records if record["id"][0] == letter]
        if rows:
            head = ["id", "what", "status", "command or page", "test", "note"]
            parts.append(f"\n## {heading}\n\n{table(head, rows)}")
    return "".join(parts) + "\n"


def papers_summary(records: list[dict[str, str]]) -> str:
    counts = []
    for status in ("works", "partial", "needs", "missing"):
        n = sum(record["status"] == status for record in records)
        counts.append(f"{n} {status}")
    return f"{len(records)} rows: {', '.join(counts)}."


def paper_row(record: dict[str, str]) -> list[str]:
    """The cells of one row: commands as code, pages and documentation as text and links."""
    command = record["command"].removeprefix("page: ")
    file, _, name = record["test"].partition("::")
    cells = [
        record["id"],
        f"{record['what']} ([{record['docs'].partition('#')[0]}]({record['docs']}))",
        record["status"],
        f"page `{command}`" if record["command"].startswith("page: ") else f"`{command}`",
        f"[{name}](../{file})" if name else "none",
        record.get("note", ""),
    ]
    return [cell.replace("|", "\\|") for cell in cells]


def files() -> str:
    """Every module with the first sentence of its docstring, under a heading for each folder."""
    parts = []
    for folder in folders():
        lines = [f"- `{file.name}`: {first_sentence(file)}\n" for file in modules(folder)]
        if lines:
            about = first_sentence(folder / "__init__.py")
            parts.append(f"\n### `{folder.relative_to(PACKAGE.parent)}/`\n\n{about}\n\n{''.join(lines)}")
    return "".join(parts) + "\n"


def folders() -> Iterator[Path]:
    yield PACKAGE
    for folder in sorted(PACKAGE.rglob("*")):
        if folder.is_dir() and any(folder.glob("*.py")):
            yield folder


def modules(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]


def first_sentence(file: Path) -> str:
    """The first sentence of a module docstring; "" if it has none."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    sentence = re.split(r"(?<=\w)\. (?=[A-Z])", paragraph, maxsplit=1)[0].rstrip(".:")
    return sentence if len(sentence) <= LONGEST else sentence[:LONGEST].rsplit(" ", 1)[0] + " …"


GENERATED: dict[str, Callable[[], str]] = {
    "encoders": encoders,
    "rankers": rankers,
    "profilers": profilers,
    "importers": importers,
    "files": files,
    "papers": papers,
}


def filled(text: str) -> str:
    """A page with its generated parts replaced. Raises KeyError for an unknown part."""
    return BLOCK.sub(lambda match: match[1] + GENERATED[match[2]]() + match[3], text)


def main() -> None:
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.name} was brought up to date.")


if __name__ == "__main__":
    main()
