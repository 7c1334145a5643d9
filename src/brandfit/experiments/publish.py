"""Writes an outcome to a folder: table.md, table.tex, result.json, plot.png and, where probabilities are told, reliability.png."""

from __future__ import annotations

from pathlib import Path

import msgspec

from brandfit.experiments.plot import draw, draw_reliability
from brandfit.experiments.run import Outcome
from brandfit.experiments.table import to_dict, to_latex, to_markdown


def publish(outcome: Outcome, folder: str | Path, command: str = "") -> list[Path]:
    """Write all files; returns them. ``command`` is printed above the table: what a reader types to have it again."""
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    (home / "table.md").write_text(to_markdown(outcome, command), encoding="utf-8")
    (home / "table.tex").write_text(to_latex(outcome), encoding="utf-8")
    (home / "result.json").write_bytes(msgspec.json.format(msgspec.json.encode(to_dict(outcome))) + b"\n")
    names = ["table.md", "table.tex", "result.json"]
    if outcome.report is not None:
        draw(outcome, home / "plot.png")
        names += ["plot.png"]
        names += ["reliability.png"] if draw_reliability(outcome.report, home / "reliability.png") else []
    return [home / name for name in names]
