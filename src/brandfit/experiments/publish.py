"""Writes an outcome to a folder: table.md, table.tex, result.json, plot.png, and reliability.png if a ranker
gives probabilities."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import msgspec

from brandfit.errors import UsageError
from brandfit.experiments.plot import draw, draw_reliability
from brandfit.experiments.run import Outcome
from brandfit.experiments.table import to_dict, to_latex, to_markdown
from brandfit.workspace.artifacts import write_atomic


def writable(folder: str | Path) -> Path:
    """The path of a folder, which need not exist. Raises UsageError if it cannot be written to.

    Commands call it before their work starts, so that a wrong folder does not cost an hour.
    """
    path = Path(folder)
    # The first folder above that exists shows whether the rest can be made.
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    try:
        with TemporaryFile(dir=existing):
            return path
    except OSError as error:
        raise UsageError(
            f"Nothing can be written to {folder}: {str(error.strerror).lower()} ({existing}).",
            "Choose another folder: --out FOLDER",
        ) from None


def publish(outcome: Outcome, folder: str | Path, command: str = "") -> list[Path]:
    """Write all files and return their paths. The ``command`` that makes them is printed above the table."""
    content_by_name = {
        "table.md": to_markdown(outcome, command).encode(),
        "table.tex": to_latex(outcome).encode(),
        "result.json": msgspec.json.format(msgspec.json.encode(to_dict(outcome))) + b"\n",
    }
    home = writable(folder)
    home.mkdir(parents=True, exist_ok=True)
    # Plots of an earlier outcome would not belong to this table.
    plot, reliability = home / "plot.png", home / "reliability.png"
    plot.unlink(missing_ok=True)
    reliability.unlink(missing_ok=True)
    files = []
    for name, content in content_by_name.items():
        write_atomic(home / name, content)
        files.append(home / name)
    # Without a report there is nothing to draw.
    if outcome.report is not None:
        draw(outcome, plot)
        files.append(plot)
        if draw_reliability(outcome.report, reliability):
            files.append(reliability)
    return files
