"""A report as text for people, and the short forms of numbers that all tables use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brandfit.evaluation.report import Report

REFERENCES = (
    "In parentheses, for comparison: chance; most partners; most engagement; an oracle of the category alone"
)
HISTORY_METRICS = ("AUC", "Recall@10", "MRR")
"""Metrics that are printed apart for warm and cold partners."""


def report_text(report: Report) -> str:
    """All of a report: the table first, then what limits its figures."""
    figures = report.to_dict()
    protocol = report.protocol
    lines = [
        f"{protocol.name}: {protocol.sentence}.",
        f"{len(report.brands):,} brands, {report.positives:,} partners to find.",
        f"Candidates ({report.pool}): {protocol.candidates}.",
        f"Ties: {protocol.ties}. Seeds: {', '.join(map(str, report.seeds))}. In brackets: 95 % interval over "
        "brands.",
        "",
        *_result_table(report, figures),
        "",
        f"{REFERENCES}.",
        "",
        "Features read:",
        *(f"  {report.label(name)}: {report.features(name)}" for name in report.results),
        *_seed_spread(report),
        *_history(report, figures),
        *(calibration_sentence(name, found) for name, found in figures["calibration"].items()),
        *_comparisons(report, figures),
        "",
        f"cAUC: {report.category_source}.",
        *(f"Note: {note.removesuffix('.')}." for note in figures["notes"]),
    ]
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, their columns as wide as the widest cell."""
    # zip(*rows) gives the columns.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _result_table(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """Rankers, then references; a metric a column."""
    metrics = [str(metric) for metric in report.protocol.metrics]
    # References are in parentheses below the rankers.
    rows = [["", *metrics]]
    labels = [(report.label(name), figures["results"][name]) for name in report.results]
    labels += [(f"({name})", figures["references"][name]) for name in report.references]
    rows += [[label, *(cell(values[metric]) for metric in metrics)] for label, values in labels]
    return aligned(rows)


def _seed_spread(report: Report) -> list[str]:
    """The standard deviation over the seeds, a line a ranker; nothing for a single seed."""
    if len(report.seeds) < 2:
        return []
    lines = ["", "Standard deviation over the seeds:"]
    for name, result in report.results.items():
        spreads = ", ".join(f"{m} {brief(result.spread(m))}" for m in report.protocol.metrics)
        lines.append(f"  {report.label(name)}: {spreads}")
    return [*lines, ""]


def _history(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """A line on the partners of each history, if any brand has such."""
    lines = []
    metrics = {str(metric) for metric in report.protocol.metrics}
    printed = [metric for metric in HISTORY_METRICS if metric in metrics]
    for kind, phrase in (("warm", "known from a training brand"), ("cold", "of no training brand")):
        row_by_name = {name: figures["by_history"][name].get(kind, {}) for name in report.results}
        # Protocols with new brands only have no warm partners.
        if not any(row.get("brands") for row in row_by_name.values()):
            continue
        parts = []
        for name, row in row_by_name.items():
            parts.append(f"{report.label(name)} " + ", ".join(f"{m} {brief(row.get(m))}" for m in printed))
        n_brands = max(row["brands"] for row in row_by_name.values())
        lines.append(f"Partners {phrase}, {n_brands:,} brands: {'; '.join(parts)}.")
    return lines


def _comparisons(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """Paired tests against the baseline, a line a ranker; nothing for a single one."""
    rows = figures["comparisons"]
    if not rows:
        return []
    lines = ["", f"Against {rows[0]['baseline']}, brand by brand (p by sign flips, adjusted after Holm):"]
    # The first ranker is the baseline.
    for name in list(report.results)[1:]:
        differences = [
            f"{row['metric']} {row['difference']:+.3f} (p {brief_p(row['p_holm'])})"
            for row in rows
            if row["ranker"] == name and row["difference"] is not None
        ]
        lines.append(f"  {report.label(name)}: {', '.join(differences)}")
    return lines


def calibration_sentence(name: str, calibration: Mapping[str, Any]) -> str:
    """How well the probabilities of a ranker are calibrated.

    The Brier skill is there because always predicting the base rate has a small calibration error too.
    """
    # The highest bin matters most: it holds the pairs that are recommended.
    top = calibration["bins"][-1]
    return (
        f"Probabilities of {name}: expected calibration error {brief(calibration['ece'])}; in the highest "
        f"bin {brief(top['told'])} is predicted and {brief(top['true'])} work together, of all pairs "
        f"{calibration['base']:.2g}; Brier skill {brief(calibration['skill'])} (0: no better than predicting "
        "the share of all pairs, 1: perfect)."
    )


def cell(value: Mapping[str, float | None]) -> str:
    """As ".842 [.829, .855]", mean and interval."""
    if value["mean"] is None:
        return "-"
    return f"{brief(value['mean'])} [{brief(value['low'])}, {brief(value['high'])}]"


def brief(value: float | None) -> str:
    """As ".842", "12.5", or "-" for None."""
    if value is None:
        return "-"
    text = f"{value:.{1 if value >= 1 else 3}f}"
    return text[1:] if text.startswith("0.") else text


def brief_p(p: float) -> str:
    """As ".023", or "< .001"."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
