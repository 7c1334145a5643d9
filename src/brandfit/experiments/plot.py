"""Plots of an outcome, drawn by Matplotlib without a display."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brandfit.errors import MissingExtra
from brandfit.evaluation.metrics import Metric
from brandfit.evaluation.report import Report
from brandfit.experiments.run import Outcome

PANELS = ("AUC", "cAUC", "Recall@10", "Recall@50", "MRR", "MAP")
"""Metrics of a table that are drawn."""
CATEGORY_PANELS = ("cAUC", "Recall@10", "MAP")
"""Metrics of a table by category that are drawn."""
OURS, PAPER, REFERENCE = "#1f5fa8", "#c2571a", "#7a7a7a"
"""Colours of rows that were run, of published figures and of references."""


def draw(outcome: Outcome, file: Path) -> None:
    """Draw an outcome to a PNG file; nothing if no row was run.

    A panel a metric: the rows with their intervals, below them the references. A sweep: lines over x.
    """
    report = outcome.report
    if report is None:
        return
    draw_figure: Callable[[Outcome, Report], Any] = _rows
    if outcome.experiment.sweep:
        draw_figure = _sweep
    elif outcome.experiment.by_category:
        draw_figure = _categories
    draw_figure(outcome, report).savefig(file, dpi=150, bbox_inches="tight")


def draw_reliability(report: Report, file: Path) -> bool:
    """Draw predicted probability against observed share for every ranker that gives probabilities.

    Returns False, and draws nothing, if no ranker does.
    """
    calibration_by_name = report.to_dict()["calibration"]
    if not calibration_by_name:
        return False
    figure = new_figure(4.4, 4.4)
    axes = figure.subplots()
    top = 0.0
    for name, calibration in calibration_by_name.items():
        x = _column(calibration["bins"], "told")  # mean predicted probability of each bin
        y = _column(calibration["bins"], "true")
        top = max(top, *x, *y)
        label = f"{name}: error {calibration['ece']:.3f}"
        axes.plot(x, y, marker="o", markersize=4, linewidth=1.2, label=label)
    # On the diagonal the predicted probability equals the observed share.
    axes.plot([0, top], [0, top], color="grey", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(
        xlabel="predicted probability",
        ylabel="share that works together",
        title="Bins of equally many pairs",
        aspect="equal",
    )
    axes.legend(frameon=False)
    figure.savefig(file, dpi=150, bbox_inches="tight")
    return True


def _rows(outcome: Outcome, report: Report) -> Any:
    """A panel a metric; a line a row, with its published figure, then a line a reference."""
    # A row that was neither run nor published has nothing to draw.
    rows, labels = [], []
    for row in outcome.experiment.rows:
        if row.name in report.results or row.paper:
            rows.append(row)
            labels.append(report.label(row.name) if row.name in report.results else row.name)
    labels += map("({})".format, report.references)
    metrics = [metric for metric in _metrics(outcome, report) if str(metric) in PANELS]

    n_columns = min(3, len(metrics))
    n_lines = -(-len(metrics) // n_columns)  # rounded up
    figure = new_figure(3.6 * n_columns, n_lines * (0.9 + 0.28 * len(labels)))
    panels = figure.subplots(n_lines, n_columns, squeeze=False, sharey=True).ravel()
    # References follow the rows, on the lines below them.
    for axes, metric in zip(panels, metrics, strict=False):
        for y, row in enumerate(rows):
            if row.name in report.results:
                _dot(axes, y, value=report.value(row.name, metric), color=OURS)
            if str(metric) in row.paper:
                axes.plot([row.paper[str(metric)]], [y], "x", color=PAPER, markersize=6)
        for y, result in enumerate(report.references.values(), len(rows)):
            _dot(axes, y, value=report.reference(result, metric), color=REFERENCE)
        _name_lines(axes, labels, title=str(metric))
    # The last line of panels may not be full.
    for axes in panels[len(metrics) :]:
        axes.axis("off")
    has_published = any(row.paper for row in rows)
    _legend(figure, has_published=has_published, has_references=bool(report.references))
    return figure


def _categories(outcome: Outcome, report: Report) -> Any:
    """A panel a metric; a line a brand category, with its published figure."""
    published = outcome.experiment.categories
    row_by_category = report.by_category(next(iter(report.results)))
    metrics = [metric for metric in CATEGORY_PANELS if metric in outcome.experiment.metrics]
    figure = new_figure(3.4 * len(metrics), 0.9 + 0.28 * len(row_by_category))
    panels = figure.subplots(1, len(metrics), squeeze=False, sharey=True).ravel()
    for axes, metric in zip(panels, metrics, strict=True):
        for y, (category, row) in enumerate(row_by_category.items()):
            low, high = row["intervals"][metric]
            _dot(axes, y, value={"mean": row[metric], "low": low, "high": high}, color=OURS)
            figures = published.get(category.lower(), {})
            if metric in figures:
                axes.plot([figures[metric]], [y], "x", color=PAPER, markersize=6)
        _name_lines(axes, list(row_by_category), title=metric)
    _legend(figure, has_published=bool(published))
    return figure


def _sweep(outcome: Outcome, report: Report) -> Any:
    """A panel a metric; a line a series, over x, with its interval."""
    metrics = _metrics(outcome, report)
    figure = new_figure(4.2 * len(metrics), 3.2)
    panels = figure.subplots(1, len(metrics), squeeze=False).ravel()
    rows = [row for row in outcome.experiment.rows if row.name in report.results and row.x is not None]
    for axes, metric in zip(panels, metrics, strict=True):
        for series in dict.fromkeys(row.series for row in outcome.experiment.rows):
            x, values = [], []
            for row in rows:
                if row.series == series:
                    x.append(row.x)
                    values.append(report.value(row.name, metric))
            # (points,) each
            means, lows, highs = (_column(values, end) for end in ("mean", "low", "high"))
            (line,) = axes.plot(x, means, marker="o", markersize=4, label=series)
            axes.fill_between(x, lows, highs, color=line.get_color(), alpha=0.12)
        axes.set(xlabel=outcome.experiment.sweep, ylabel=str(metric))
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    return figure


def _metrics(outcome: Outcome, report: Report) -> list[Metric]:
    """The metrics of the protocol that the experiment prints."""
    return [metric for metric in report.protocol.metrics if str(metric) in outcome.experiment.metrics]


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    return [row[key] for row in rows]


def _dot(axes: Any, y: int, *, value: Mapping[str, float | None], color: str) -> None:
    """A mean and its interval on line y; nothing if there is no mean."""
    if value["mean"] is None:
        return
    axes.plot([value["low"], value["high"]], [y, y], color=color, linewidth=2, alpha=0.4)
    axes.plot([value["mean"]], [y], "o", color=color, markersize=5)


def _name_lines(axes: Any, labels: list[str], *, title: str) -> None:
    """Label the lines of a panel, the first on top."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.25)


def _legend(figure: Any, *, has_published: bool, has_references: bool = False) -> None:
    from matplotlib.lines import Line2D

    def dot(color: str, label: str) -> Any:
        return Line2D([], [], color=color, marker="o", markersize=5, linewidth=2, label=label)

    handles = [dot(OURS, "here, 95 % interval over brands")]
    if has_published:
        cross = Line2D([], [], color=PAPER, marker="x", linestyle="", markersize=6, label="published")
        handles.append(cross)
    if has_references:
        handles.append(dot(REFERENCE, "references"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)


def new_figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches. Raises MissingExtra without Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("plots", "plots") from None
    return Figure(figsize=(width, height), layout="constrained")
