"""Writes an outcome to a folder: table.md, table.tex, result.json, plot.png and, where probabilities are
told, reliability.png."""

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
    """The folder, made or not. Raises UsageError where it cannot be written to: better told before an hour of
    work than after."""
    home = Path(folder)
    here = next(path for path in (home, *home.absolute().parents) if path.exists())
    try:
        with TemporaryFile(dir=here):
            return home
    except OSError as error:
        raise UsageError(
            f"Nothing can be written to {folder}: {str(error.strerror).lower()} ({here}).",
            "Choose another folder: --out FOLDER",
        ) from None


def publish(outcome: Outcome, folder: str | Path, command: str = "") -> list[Path]:
    """Write all files; returns them. ``command`` is printed above the table: what a reader types to have it
    again."""
    told = {
        "table.md": to_markdown(outcome, command).encode(),
        "table.tex": to_latex(outcome).encode(),
        "result.json": msgspec.json.format(msgspec.json.encode(to_dict(outcome))) + b"\n",
    }
    home = writable(folder)
    home.mkdir(parents=True, exist_ok=True)
    plot, reliability = home / "plot.png", home / "reliability.png"
    for old in (plot, reliability):
        old.unlink(missing_ok=True)  # none of another outcome beside this one
    for name, content in told.items():
        write_atomic(home / name, content)
    files = [home / name for name in told]
    if outcome.report is not None:
        draw(outcome, plot)
        files += [plot, *([reliability] if draw_reliability(outcome.report, reliability) else [])]
    return files
