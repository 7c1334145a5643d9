"""Plots of an outcome, drawn by matplotlib without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from brandfit.errors import MissingExtra
from brandfit.evaluation.report import Report
from brandfit.experiments.run import Outcome

PANELS = ("AUC", "cAUC", "Recall@10", "Recall@50", "MRR", "MAP")
OURS, PAPER, WORTH = "#1f5fa8", "#c2571a", "#7a7a7a"


def draw(outcome: Outcome, file: Path) -> None:
    """The rows with their intervals, a panel a metric, below them what a number is worth; of a sweep the
    lines over x."""
    if outcome.report is None:
        return
    figure = (
        _sweep(outcome)
        if outcome.experiment.sweep
        else _categories(outcome)
        if outcome.experiment.by_category
        else _dots(outcome)
    )
    figure.savefig(file, dpi=150, bbox_inches="tight")


def draw_reliability(report: Report, file: Path) -> bool:
    """Told against true, of every row that tells a probability; False where none does."""
    told = report.to_dict()["calibration"]
    if not told:
        return False
    figure = _figure(4.4, 4.4)
    axes = figure.subplots()
    top = 0.0
    for name, found in told.items():
        x, y = [b["told"] for b in found["bins"]], [b["true"] for b in found["bins"]]
        top = max(top, *x, *y)
        axes.plot(x, y, marker="o", markersize=4, linewidth=1.2, label=f"{name}: error {found['ece']:.3f}")
    axes.plot([0, top], [0, top], color="grey", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(
        xlabel="probability told",
        ylabel="share that works together",
        title="Bins of equally many pairs",
        aspect="equal",
    )
    axes.legend(frameon=False)
    figure.savefig(file, dpi=150, bbox_inches="tight")
    return True


def _dots(outcome: Outcome) -> Any:
    report, rows = outcome.report, outcome.experiment.rows
    assert report is not None
    shown = [row for row in rows if row.name in report.results or row.paper]
    labels = [report.label(row.name) if row.name in report.results else row.name for row in shown]
    labels += [f"({name})" for name in report.references]
    metrics = [
        m for m in report.protocol.metrics if str(m) in PANELS and str(m) in outcome.experiment.metrics
    ]
    columns = min(3, len(metrics))
    lines = -(-len(metrics) // columns)
    figure = _figure(3.6 * columns, lines * (0.9 + 0.28 * len(labels)))
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for n, metric in enumerate(metrics):
        axes = panels[n // columns][n % columns]
        for place, row in enumerate(shown):
            if row.name in report.results and (value := report.value(row.name, metric))["mean"] is not None:
                _dot(axes, place, mean=value["mean"], between=(value["low"], value["high"]), color=OURS)
            if str(metric) in row.paper:
                axes.plot([row.paper[str(metric)]], [place], "x", color=PAPER, markersize=6)
        for place, found in enumerate(report.references.values(), len(shown)):
            if (value := report.reference(found, metric))["mean"] is not None:
                _dot(axes, place, mean=value["mean"], between=(value["low"], value["high"]), color=WORTH)
        axes.set_title(str(metric), loc="left", fontsize=10)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(axis="x", alpha=0.25)
    for n in range(len(metrics), lines * columns):
        panels[n // columns][n % columns].axis("off")
    _legend(figure, any(row.paper for row in shown), bool(report.references))
    return figure


def _dot(axes: Any, place: int, *, mean: Any, between: Any, color: str) -> None:
    axes.plot(between, [place, place], color=color, linewidth=2, alpha=0.4)
    axes.plot([mean], [place], "o", color=color, markersize=5)


def _categories(outcome: Outcome) -> Any:
    report, quoted = outcome.report, outcome.experiment.categories
    assert report is not None
    told = report.by_category(next(iter(report.results)))
    metrics = [m for m in ("cAUC", "Recall@10", "MAP") if m in outcome.experiment.metrics]
    figure = _figure(3.4 * len(metrics), 0.9 + 0.28 * len(told))
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0], metrics, strict=True
    ):
        for place, (category, values) in enumerate(told.items()):
            if values[metric] is not None:
                _dot(axes, place, mean=values[metric], between=values["intervals"][metric], color=OURS)
            if metric in (paper := quoted.get(category.lower(), {})):
                axes.plot([paper[metric]], [place], "x", color=PAPER, markersize=6)
        axes.set_title(metric, loc="left", fontsize=10)
        axes.set_yticks(range(len(told)), list(told))
        axes.set_ylim(len(told) - 0.5, -0.5)
        axes.grid(axis="x", alpha=0.25)
    _legend(figure, bool(quoted))
    return figure


def _sweep(outcome: Outcome) -> Any:
    report = outcome.report
    assert report is not None
    metrics = [m for m in report.protocol.metrics if str(m) in outcome.experiment.metrics]
    figure = _figure(4.2 * len(metrics), 3.2)
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        for series in dict.fromkeys(row.series for row in outcome.experiment.rows):
            rows = [
                r
                for r in outcome.experiment.rows
                if r.series == series and r.name in report.results and r.x is not None
            ]
            values = [report.value(row.name, metric) for row in rows]
            x = [row.x for row in rows]
            (line,) = axes.plot(x, [v["mean"] for v in values], marker="o", markersize=4, label=series)
            axes.fill_between(
                x, [v["low"] for v in values], [v["high"] for v in values], color=line.get_color(), alpha=0.12
            )
        axes.set(xlabel=outcome.experiment.sweep, ylabel=str(metric))
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    return figure


def _legend(figure: Any, quoted: bool, worth: bool = False) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], color=OURS, marker="o", markersize=5, linewidth=2, label="here, 95 % interval over brands"
        )
    ]
    handles += (
        [Line2D([], [], color=PAPER, marker="x", linestyle="", markersize=6, label="published")]
        if quoted
        else []
    )
    grey = Line2D([], [], color=WORTH, marker="o", markersize=5, linewidth=2, label="what a number is worth")
    handles += [grey] if worth else []
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("plots", "plots") from None
    return Figure(figsize=(width, height), layout="constrained")
