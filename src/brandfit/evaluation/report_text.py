"""An evaluation Report as text for people, and the short forms of numbers in all tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brandfit.evaluation.report import Report

REFERENCES = (
    "In parentheses, for comparison: chance; most partners; most engagement; an oracle of the category alone"
)
"""Explains the reference rankers, which are rows of the table."""
HISTORY_METRICS = ("AUC", "Recall@10", "MRR")
"""Metrics that are also printed for warm and for cold partners: those with and without a training brand."""


def report_text(report: Report) -> str:
    """The whole report: the protocol, the table, and then its limits, comparisons and notes."""
    figures = report.to_dict()
    protocol = report.protocol
    seeds = ", ".join(map(str, report.seeds))
    lines = [
        f"{protocol.name}: {protocol.sentence}.",
        f"{len(report.brands):,} brands, {report.positives:,} partners to find.",
        f"Candidates ({report.pool}): {protocol.candidates}.",
        f"Ties: {protocol.ties}. Seeds: {seeds}. In brackets: 95 % interval over brands.",
        "",
        *_result_table(report, figures),
        "",
        f"{REFERENCES}.",
        "",
        "Features read:",
        *(f"  {report.label(name)}: {report.features(name)}" for name in report.results),
        *_seed_spread(report),
        *_fold_spread(report),
        *_tie_rules(report, figures),
        *_exposure(report, figures),
        *_parity(report, figures),
        *_history(report, figures),
        *(calibration_sentence(name, calibration) for name, calibration in figures["calibration"].items()),
        *_comparisons(report, figures),
        "",
        f"cAUC: {report.category_source}.",
        *(f"Note: {note.removesuffix('.')}." for note in figures["notes"]),
    ]
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines. Each column is as wide as its widest cell."""
    columns = zip(*rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _result_table(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """The table as lines: a row for each ranker, then one in parentheses for each reference; a column for
    each metric, and the number of learned parameters (W-12)."""
    metrics = [str(metric) for metric in report.protocol.metrics]
    rows = [["", *metrics, "parameters"]]
    for name in report.results:
        cells = [cell(figures["results"][name][metric]) for metric in metrics]
        rows.append([report.label(name), *cells, f"{figures['parameters'][name]:,}"])
    for name in report.references:
        cells = [cell(figures["references"][name][metric]) for metric in metrics]
        rows.append([f"({name})", *cells, ""])
    return aligned(rows)


def _seed_spread(report: Report) -> list[str]:
    """The standard deviation over the seeds, one line for each ranker; no lines if there is one seed."""
    if len(report.seeds) < 2:
        return []
    lines = ["", "Standard deviation over the seeds:"]
    for name, result in report.results.items():
        spreads = ", ".join(f"{metric} {brief(result.spread(metric))}" for metric in report.protocol.metrics)
        lines.append(f"  {report.label(name)}: {spreads}")
    return [*lines, ""]


def _fold_spread(report: Report) -> list[str]:
    """The standard deviation over the folds, one line for each ranker; no lines if there is one fold."""
    if len(report.fold_sizes) < 2:
        return []
    lines = ["", f"Standard deviation over the {len(report.fold_sizes)} folds:"]
    for name, result in report.results.items():
        spreads = [f"{m} {brief(report.fold_spread(result, m))}" for m in report.protocol.metrics]
        lines.append(f"  {report.label(name)}: {', '.join(spreads)}")
    return [*lines, ""]


def _tie_rules(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """Each metric under every tie rule (B-14), and the number of brands whose value depends on the rule; no
    lines unless the protocol compares tie rules."""
    if "by_tie_rule" not in figures:
        return []
    metrics = [str(metric) for metric in report.protocol.metrics]
    rows = [["", "ties", *metrics]]
    for name, table in figures["by_tie_rule"].items():
        for rule, values in table.items():
            is_count = rule == "brands"
            cells = [f"{values[metric]:,}" if is_count else brief(values[metric]) for metric in metrics]
            rows.append([report.label(name), "brands that differ" if is_count else rule, *cells])
    return ["", "Every tie rule:", *aligned(rows), ""]


def exposure_rows(report: Report, figures: Mapping[str, Any]) -> list[list[str]]:
    """Rows of the table of exposure by follower tier, with its head; [] if no followers are known.

    The last two rows are the distances to the shares of the candidates and of the partners.
    """
    table_by_label = {report.label(name): table for name, table in figures["exposure"].items()}
    for name, parity in figures.get("parity", {}).items():
        if parity["exposure"] is not None:
            table_by_label[f"{report.label(name)}, parity"] = parity["exposure"]
    table_by_label |= {f"({name})": table for name, table in figures["reference_exposure"].items()}
    if not figures["exposure"]:
        return []
    rows = [["followers", "candidates", "partners", *table_by_label]]
    # The shares of candidates and partners are those of the protocol: all tables have the same tiers.
    for number, tier in enumerate(next(iter(figures["exposure"].values()))["tiers"]):
        shares = [table["tiers"][number]["exposure"] for table in table_by_label.values()]
        rows.append([tier["followers"], *map(brief, [tier["candidates"], tier["partners"], *shares])])
    for key, label in (("from_candidates", "candidates"), ("from_partners", "partners")):
        distances = [brief(table[key]) for table in table_by_label.values()]
        rows.append([f"distance to {label}", "", "", *distances])
    return rows


EXPOSURE = (
    "Exposure by number of followers: share of the first {depth} places, each divided by log2(1 + rank), "
    "mean over brands; next to it the shares of the candidates and of the partners"
)
"""Explains the table of exposure."""


def _exposure(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """The table of exposure by follower tier, or why there is none."""
    rows = exposure_rows(report, figures)
    if not rows:
        return ["", "Exposure by number of followers: not measured, no candidate's followers are known.", ""]
    depth = next(iter(figures["exposure"].values()))["depth"]
    return ["", f"{EXPOSURE.format(depth=depth)}:", *aligned(rows), ""]


def _parity(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """The metrics of each ranker in the order with parity of exposure, and the difference to its own order;
    no lines unless the protocol compares it."""
    lines = []
    parity_by_name = figures.get("parity", {})
    # Without tiers there is no other order, and differences of 0 would measure nothing.
    if parity_by_name and all(parity["exposure"] is None for parity in parity_by_name.values()):
        return ["With parity of exposure: not measured, no candidate's followers are known.", ""]
    for name, parity in parity_by_name.items():
        parts = []
        for metric, cost in parity["cost"].items():
            if cost["difference"] is not None:
                value = brief(parity["results"][metric]["mean"])
                parts.append(f"{metric} {value} ({cost['difference']:+.3f}, p {brief_p(cost['p_holm'])})")
        lines.append(f"  {report.label(name)}: {', '.join(parts)}")
    if not lines:
        return []
    title = "With parity of exposure (difference to the ranker's own order, p by sign flips, after Holm):"
    return [title, *lines, ""]


def _history(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """A line on warm partners and one on cold partners. A line is left out if no brand has such partners."""
    lines = []
    protocol_metrics = {str(metric) for metric in report.protocol.metrics}
    printed = [metric for metric in HISTORY_METRICS if metric in protocol_metrics]
    for kind, phrase in (("warm", "known from a training brand"), ("cold", "of no training brand")):
        row_by_name = {name: figures["by_history"][name].get(kind, {}) for name in report.results}
        if not any(row.get("brands") for row in row_by_name.values()):
            continue
        parts = []
        for name, row in row_by_name.items():
            values = ", ".join(f"{metric} {brief(row.get(metric))}" for metric in printed)
            parts.append(f"{report.label(name)} {values}")
        n_brands = max(row["brands"] for row in row_by_name.values())
        lines.append(f"Partners {phrase}, {n_brands:,} brands: {'; '.join(parts)}.")
    return lines


def _comparisons(report: Report, figures: Mapping[str, Any]) -> list[str]:
    """Paired tests against the baseline, which is the first ranker: one line for each other ranker; no lines
    if there is no other one."""
    rows = figures["comparisons"]
    if not rows:
        return []
    lines = ["", f"Against {rows[0]['baseline']}, brand by brand (p by sign flips, adjusted after Holm):"]
    _baseline, *others = report.results
    for name in others:
        differences = [
            f"{row['metric']} {row['difference']:+.3f} (p {brief_p(row['p_holm'])})"
            for row in rows
            if row["ranker"] == name and row["difference"] is not None
        ]
        lines.append(f"  {report.label(name)}: {', '.join(differences)}")
    return lines


def calibration_sentence(name: str, calibration: Mapping[str, Any]) -> str:
    """A sentence on the calibration of the probabilities of a ranker.

    It gives the Brier skill too: a ranker that predicts the share of all pairs for each pair has a small
    calibration error, but no skill.
    """
    # The highest bin matters most: it has the pairs that are recommended.
    top = calibration["bins"][-1]
    return (
        f"Probabilities of {name}: expected calibration error {brief(calibration['ece'])}; in the highest "
        f"bin {brief(top['told'])} is predicted and {brief(top['true'])} work together, of all pairs "
        f"{calibration['base']:.2g}; Brier skill {brief(calibration['skill'])} (0: no better than predicting "
        "the share of all pairs, 1: perfect)."
    )


def cell(value: Mapping[str, float | None]) -> str:
    """Mean and interval, as in ".842 [.829, .855]"; "-" without a mean."""
    if value["mean"] is None:
        return "-"
    return f"{brief(value['mean'])} [{brief(value['low'])}, {brief(value['high'])}]"


def brief(value: float | None) -> str:
    """A number as in ".842" or "12.5"; "-" for None."""
    if value is None:
        return "-"
    n_decimals = 1 if value >= 1 else 3
    text = f"{value:.{n_decimals}f}"
    return text[1:] if text.startswith("0.") else text


def brief_p(p: float) -> str:
    """A p value as in ".023"; "< .001" below that."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
