"""Files of an experiment on profilers: table.md, table.tex, result.json and plot.png."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from brandfit.experiments.plot import OURS, PAPER, new_figure
from brandfit.experiments.profilers import ProfilerOutcome, ProfilerRow
from brandfit.experiments.publish import writable
from brandfit.experiments.table import SPECIAL
from brandfit.workspace.artifacts import write_atomic

PUBLISHED = "published"


def profilers_to_dict(outcome: ProfilerOutcome) -> dict[str, Any]:
    """JSON types: each row with its settings, its figures or why it was not run, and the published ones."""
    rows = [
        {
            **msgspec.to_builtins(row),
            "figures": outcome.rows.get(row.name),
            "missing": outcome.missing.get(row.name),
        }
        for row in outcome.experiment.profilers
    ]
    experiment = msgspec.to_builtins(outcome.experiment)
    del experiment["profilers"]
    return {**experiment, "rows": rows, "notes": list(outcome.notes)}


def publish_profilers(outcome: ProfilerOutcome, folder: str | Path, command: str = "") -> list[Path]:
    """Write all files and return their paths. The ``command`` that makes them is printed above the table."""
    # Refused before anything is written, for example if it is a file.
    home = writable(folder)
    home.mkdir(parents=True, exist_ok=True)
    content_by_name = {
        "table.md": profilers_to_markdown(outcome, command).encode(),
        "table.tex": _latex(outcome).encode(),
        "result.json": msgspec.json.format(msgspec.json.encode(profilers_to_dict(outcome))) + b"\n",
    }
    files = []
    for name, content in content_by_name.items():
        write_atomic(home / name, content)
        files.append(home / name)
    plot = home / "plot.png"
    draw = _draw_by_posts if outcome.experiment.posts else _draw_rows
    draw(outcome).savefig(plot, dpi=150, bbox_inches="tight")
    return [*files, plot]


def profilers_to_markdown(outcome: ProfilerOutcome, command: str = "") -> str:
    """The table: our rows, below each its published figures, then the reasons and notes."""
    experiment = outcome.experiment
    first = next(iter(outcome.rows.values()))
    n_judged = first["posts" if experiment.level == "post" else "influencers"]
    unit = "posts" if experiment.level == "post" else "influencers"
    header, lines = _table(outcome)
    text = [
        f"# {experiment.title}",
        "",
        f"{experiment.source}. {n_judged:,} {unit} of {len(first['classes'])} categories, {first['how']} "
        f"Seeds: {experiment.seeds}. The most frequent category: {first['majority']:.3f}. In brackets: 95 % "
        f"interval over {unit}.",
        "",
        *([f"`{command}`", ""] if command else []),
        f"| {' | '.join(header)} |",
        "|---" * len(header) + "|",
        *(f"| {' | '.join(line)} |" for line in lines),
        "",
        *(f"{name} {reason}" for name, reason in outcome.missing.items()),
        *(f"{row.name}: {row.note}" for row in experiment.profilers if row.note and row.profiler),
        *outcome.notes,
        *([experiment.note] if experiment.note else []),
    ]
    return "\n".join(text) + "\n"


def _table(outcome: ProfilerOutcome) -> tuple[list[str], list[list[str]]]:
    """The header, and a line for each row that was run or published."""
    experiment = outcome.experiment
    columns = _columns(outcome)
    lines = []
    for row in experiment.profilers:
        result = outcome.rows.get(row.name)
        if result is not None:
            lines.append([row.name, *(_ours(result, column) for column in columns)])
        if row.paper:
            # Published figures stand below the row that they belong to.
            cells = [f"{row.paper[column]:.3f}" if column in row.paper else "" for column in columns]
            lines.append([f"{row.name} ({PUBLISHED})", *cells])
    heads = [f"{column} posts" if column.isdigit() else column for column in columns]
    return ["", *heads], lines


def _columns(outcome: ProfilerOutcome) -> list[str]:
    """Accuracy and macro-F1, then the categories of the data and of the paper; or the numbers of posts."""
    # Columns that only the paper has are shown too, with empty cells of ours.
    figures: set[str] = set()
    for row in outcome.experiment.profilers:
        figures |= row.paper.keys()
    if outcome.experiment.posts:
        points = {point for result in outcome.rows.values() for point in result["by_posts"]}
        return sorted(points | figures, key=int)
    categories = {category for result in outcome.rows.values() for category in result["classes"]}
    return ["accuracy", "macro_f1", *sorted((categories | figures) - {"accuracy", "macro_f1"})]


def _ours(result: Mapping[str, Any], column: str) -> str:
    """A cell of a row that was run; "" if it has no such figure."""
    if column in result.get("by_posts", {}):
        return _interval(result["by_posts"][column]["accuracy"])
    if column in ("accuracy", "macro_f1"):
        return _interval(result["result"][column])
    category = result["result"]["per_class"].get(column) if not column.isdigit() else None
    return f"{category['f1']:.3f}" if category else ""


def _interval(value: Mapping[str, float | None]) -> str:
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _latex(outcome: ProfilerOutcome) -> str:
    header, lines = _table(outcome)
    rows = [" & ".join(cell.translate(SPECIAL) for cell in line) + r" \\" for line in [header, *lines]]
    body = "\n".join([rows[0], r"\midrule", *rows[1:]])
    columns = "l" + "r" * (len(header) - 1)
    return f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def _draw_rows(outcome: ProfilerOutcome) -> Any:
    """The accuracy of each row with its interval, and the published one."""
    rows = [row for row in outcome.experiment.profilers if row.name in outcome.rows or row.paper]
    figure = new_figure(6.4, 1.2 + 0.28 * len(rows))
    axes = figure.subplots()
    for y, row in enumerate(rows):
        result = outcome.rows.get(row.name)
        if result is not None:
            value = result["result"]["accuracy"]
            axes.plot([value["low"], value["high"]], [y, y], color=OURS, linewidth=2, alpha=0.4)
            axes.plot([value["mean"]], [y], "o", color=OURS, markersize=5)
        if "accuracy" in row.paper:
            axes.plot([row.paper["accuracy"]], [y], "x", color=PAPER, markersize=6)
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("accuracy: dots here, with 95 % interval; crosses published")
    axes.grid(axis="x", alpha=0.25)
    return figure


def _draw_by_posts(outcome: ProfilerOutcome) -> Any:
    """Accuracy over the number of posts: a line a row with its interval, crosses for published figures."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for row in outcome.experiment.profilers:
        result = outcome.rows.get(row.name)
        color = None
        if result is not None:
            x = sorted(map(int, result["by_posts"]))
            values = [result["by_posts"][str(point)]["accuracy"] for point in x]
            means, lows, highs = ([value[end] for value in values] for end in ("mean", "low", "high"))
            (line,) = axes.plot(x, means, marker="o", markersize=4, label=row.name)
            color = line.get_color()
            axes.fill_between(x, lows, highs, color=color, alpha=0.12)
        _draw_published(axes, row, color)
    if any(row.paper for row in outcome.experiment.profilers):
        axes.plot([], [], "x", color="grey", label=f"{PUBLISHED}, in the colour of the row")
    axes.set_xscale("log", base=2)
    ticks = sorted({int(column) for column in _columns(outcome)})
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.set(xlabel="newest posts of an account that are read", ylabel="accuracy")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _draw_published(axes: Any, row: ProfilerRow, color: Any) -> None:
    """Crosses at the published accuracies of a row."""
    if not row.paper:
        return
    x: Sequence[int] = sorted(map(int, row.paper))
    axes.plot(x, [row.paper[str(point)] for point in x], "x", color=color or PAPER)
