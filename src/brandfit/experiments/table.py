"""An outcome as a table: Markdown, LaTeX and JSON. Published figures are in a row below ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brandfit.evaluation.metrics import Metric
from brandfit.evaluation.report import Report
from brandfit.evaluation.report_text import REFERENCES, brief, brief_p, calibration_sentence, cell
from brandfit.experiments.run import Outcome
from brandfit.experiments.spec import Row
from brandfit.pipeline.inventory import differences

SPECIAL = str.maketrans(
    {
        "&": r"\&",
        "%": r"\%",
        "_": r"\_",
        "#": r"\#",
        "$": r"\$",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
    }
)
"""Characters that LaTeX reads as commands, and how it writes them."""
KEY_LETTERS = 8
"""Letters of each part of a key that tables print."""


@dataclass(frozen=True)
class Line:
    """One line of a table.

    label         the name of a row, a category or a reference
    is_published  whether the figures are those of the paper
    figures       a cell for each metric
    more          the cells after the metrics: parameters, seconds and Features, or the number of brands
    """

    label: str
    is_published: bool
    figures: list[str]
    more: list[str]


@dataclass(frozen=True)
class Style:
    """How figures are written: a mean with its interval, and a published ± in braces."""

    show: Callable[[Mapping[str, float | None]], str]
    spread: str


MARKDOWN = Style(cell, " ± {}")


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """JSON types: the report, and for every row its settings, published figures and why it was not run."""
    experiment, report = outcome.experiment, outcome.report
    rows = {}
    for row in experiment.rows:
        rows[row.name] = {
            "ranker": row.ranker,
            "settings": row.settings,
            "slots": row.slots,
            "reads": list(row.reads),
            "paper": row.paper,
            "spread": row.spread,
            "parameters": row.parameters,
            "note": row.note,
            "missing": outcome.missing.get(row.name),
        }
    return {
        "title": experiment.title,
        "source": experiment.source,
        "rows": rows,
        "categories": experiment.categories,
        "feature_keys": dict(outcome.feature_keys),
        "report": report.to_dict(experiment.baseline or None) if report else {},
    }


def to_markdown(outcome: Outcome, command: str = "") -> str:
    """The table for people, with all that limits its figures."""
    experiment, report = outcome.experiment, outcome.report
    lines = [f"# {experiment.title}", "", f"Source: {experiment.source}.", ""]
    if command:
        lines += [f"    {command}", ""]
    # Without a report only the reasons are printed.
    if report is not None:
        lines += _markdown_report(outcome, report)
    lines += [f"* {note}" for note in _notes(outcome)]
    lines += _differences(outcome)
    return "\n".join(lines).rstrip() + "\n"


def _markdown_report(outcome: Outcome, report: Report) -> list[str]:
    """The protocol, the table, and the sections below it."""
    experiment = outcome.experiment
    metrics = _metrics(outcome)
    columns = ["brands"] if experiment.by_category else ["parameters", "fit, s", "Features"]
    # A table by category has a number of brands in place of figures on the ranker.
    rows = [["", *map(str, metrics), *columns], ["---"] * (1 + len(metrics) + len(columns))]
    for line in _lines(outcome, report, MARKDOWN):
        label = _markdown_label(line, is_missing=line.label in outcome.missing)
        rows.append([label, *line.figures, *line.more])
    brackets = "In brackets: 95 % interval over brands."
    if _has_published(outcome):
        brackets += f" In italics: what the paper says{_spread_text(outcome)}."
    lines = [_protocol(report), "", *map(_markdown_row, rows), "", brackets, ""]
    if experiment.by_category:
        lines += [f"Features read: {report.features(next(iter(report.results)))}.", ""]
    elif report.references:
        lines += [f"{REFERENCES}.", ""]
    lines += [*_seed_spread(outcome, report), *_fold_spread(outcome, report), *_comparisons(outcome, report)]
    for name, calibration in report.to_dict()["calibration"].items():
        lines += [calibration_sentence(name, calibration) + " The bins: reliability.png.", ""]
    return [*lines, f"cAUC: {report.category_source}.", ""]


def to_latex(outcome: Outcome) -> str:
    """The same rows for a paper: booktabs, means with small intervals."""
    experiment, report = outcome.experiment, outcome.report
    if report is None:
        return f"% {experiment.title}: no row could be run.\n"
    metrics = _metrics(outcome)
    # Column types of LaTeX: the name, a centred figure a metric, parameters and Features.
    columns = "l" + "c" * len(metrics) + ("" if experiment.by_category else "cl")
    header = ["", *map(str, metrics), *([] if experiment.by_category else ["Parameters", "Features"])]
    body = [_latex_row(line, outcome) for line in _lines(outcome, report, LATEX)]
    caption = f"{experiment.title}. {_protocol(report)} Means over brands with 95 % intervals."
    below = []
    if experiment.by_category:
        below.append(rf"Features read: {report.features(next(iter(report.results)))}.\par")
    elif report.references:
        below.append(rf"{_escaped(REFERENCES)}.\par")
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{_escaped(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(_escaped, header)) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\medskip\footnotesize",
            *below,
            *(rf"{_escaped(note)}\par" for note in _notes(outcome)),
            r"\end{table}",
            "",
        ]
    )


def _latex_row(line: Line, outcome: Outcome) -> str:
    """A line of the tabular; seconds and numbers of brands are left out."""
    label = _escaped(line.label)
    if line.is_published:
        is_missing = line.label in outcome.missing
        label = rf"{label} \emph{{(published)}}" if is_missing else r"\quad \emph{published}"
    cells = [label, *line.figures]
    if not outcome.experiment.by_category:
        parameters, _, features = line.more
        cells += [_escaped(parameters), rf"{{\scriptsize {_escaped(features)}}}"]
    return " & ".join(cells) + r" \\"


def _notes(outcome: Outcome) -> list[str]:
    """What readers must know of the table, of its rows, of rows that were not run, and of its data."""
    experiment = outcome.experiment
    # From the general to the particular; what limits the data comes last.
    notes = [experiment.note] if experiment.note else []
    run_rows = [row for row in experiment.rows if row.name not in outcome.missing]
    notes += [f"{row.name}: {row.note}" for row in run_rows if row.note]
    notes += [f"{name} {reason}" for name, reason in outcome.missing.items()]
    if outcome.report is not None:
        notes += outcome.report.remarks()
    if outcome.feature_keys:
        notes.append(f"Keys of the Features: {keys_text(outcome.feature_keys)}")
    return [f"{note.rstrip('.')}." for note in notes]


def _differences(outcome: Outcome) -> list[str]:
    """How the rankers of the table differ from their papers, a section of Markdown."""
    lines: list[str] = []
    for ranker in rankers_of(outcome):
        points = differences(ranker)
        if points:
            lines += ["", f"### {ranker}", "", *(f"* {point}" for point in points)]
    return ["", "## Differences from the papers", *lines] if lines else []


def rankers_of(outcome: Outcome) -> list[str]:
    """The rankers of the rows that were run, each once, in the order of the table."""
    run_rows = [row for row in outcome.experiment.rows if row.name not in outcome.missing]
    return list(dict.fromkeys(row.ranker for row in run_rows if row.ranker))


def keys_text(keys: Mapping[str, str]) -> str:
    """Names of Features with the start of their keys: "text.minilm 6e45653a-d0241b72"."""
    parts = []
    for name, key in keys.items():
        # A key has two parts, the encoder with its settings and the encoded content; either may change.
        short = "-".join(part[:KEY_LETTERS] for part in key.split("-"))
        parts.append(f"{name} {short}" if short else name)
    return ", ".join(parts)


def _lines(outcome: Outcome, report: Report, style: Style) -> Iterator[Line]:
    """The lines of the table in order."""
    if outcome.experiment.by_category:
        yield from _category_lines(outcome, report, style)
        return
    # Published figures follow the row that was run; references end the table.
    metrics = _metrics(outcome)
    for row in outcome.experiment.rows:
        if row.name in report.results:
            yield _run_line(row, report, metrics=metrics, style=style)
        if row.paper:
            yield _published_line(row, metrics, style)
    for name, result in report.references.items():
        figures = [style.show(report.reference(result, metric)) for metric in metrics]
        yield Line(f"({name})", is_published=False, figures=figures, more=["", "", ""])


def _category_lines(outcome: Outcome, report: Report, style: Style) -> Iterator[Line]:
    """A line for each brand category of the one row, and one with its published figures."""
    metrics = _metrics(outcome)
    for category, row in report.by_category(next(iter(report.results))).items():
        figures = []
        for metric in map(str, metrics):
            low, high = row["intervals"][metric]
            figures.append(style.show({"mean": row[metric], "low": low, "high": high}))
        yield Line(category, is_published=False, figures=figures, more=[str(row["brands"])])
        # Files write categories in lower case.
        published = outcome.experiment.categories.get(category.lower())
        if published:
            figures = [brief(published.get(str(metric))) for metric in metrics]
            yield Line(category, is_published=True, figures=figures, more=[""])


def _run_line(row: Row, report: Report, *, metrics: list[Metric], style: Style) -> Line:
    result = report.results[row.name]
    # Seconds of a single fit.
    n_fits = max(1, len(report.seeds) * len(report.candidate_counts))
    return Line(
        report.label(row.name),
        is_published=False,
        figures=[style.show(report.value(row.name, metric)) for metric in metrics],
        more=[f"{result.parameters:,}", _seconds(result.fit_seconds / n_fits), report.features(row.name)],
    )


def _published_line(row: Row, metrics: list[Metric], style: Style) -> Line:
    figures = []
    for metric in map(str, metrics):
        spread = style.spread.format(brief(row.spread[metric])) if metric in row.spread else ""
        figures.append(brief(row.paper.get(metric)) + spread)
    return Line(row.name, is_published=True, figures=figures, more=[row.parameters, "", ""])


def _seconds(value: float) -> str:
    if value < 0.005:
        return "0"
    return f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def _metrics(outcome: Outcome) -> list[Metric]:
    """The metrics of the protocol that the experiment prints."""
    assert outcome.report is not None
    return [m for m in outcome.report.protocol.metrics if str(m) in outcome.experiment.metrics]


def _protocol(report: Report) -> str:
    seeds = ", ".join(map(str, report.seeds))
    return (
        f"Protocol {report.protocol.name}: {report.protocol.sentence}. {len(report.brands):,} brands, "
        f"{report.positives:,} partners to find; candidates ({report.pool}): {report.protocol.candidates}. "
        f"Ties {report.protocol.ties}. {'Seeds' if len(report.seeds) > 1 else 'Seed'} {seeds}."
    )


def _seed_spread(outcome: Outcome, report: Report) -> list[str]:
    """The standard deviation over the seeds, a line a row; nothing for a single seed."""
    if len(report.seeds) < 2:
        return []
    metrics = _metrics(outcome)
    rows = [["", *map(str, metrics)], ["---"] * (len(metrics) + 1)]
    for name, result in report.results.items():
        spreads = map(brief, map(result.spread, metrics))
        rows.append([report.label(name), *spreads])
    return ["Standard deviation over the seeds:", "", *map(_markdown_row, rows), ""]


def _fold_spread(outcome: Outcome, report: Report) -> list[str]:
    """The standard deviation over the folds, a line a row; nothing for a single fold."""
    if len(report.fold_sizes) < 2:
        return []
    metrics = _metrics(outcome)
    rows = [["", *map(str, metrics)], ["---"] * (len(metrics) + 1)]
    for name, result in report.results.items():
        spreads = [brief(report.fold_spread(result, metric)) for metric in metrics]
        rows.append([report.label(name), *spreads])
    title = f"Standard deviation over the {len(report.fold_sizes)} folds:"
    return [title, "", *map(_markdown_row, rows), ""]


def _comparisons(outcome: Outcome, report: Report) -> list[str]:
    """Paired tests against the baseline, a line a row."""
    baseline = outcome.experiment.baseline
    if baseline not in report.results or len(report.results) < 2:
        return []
    metrics = list(map(str, _metrics(outcome)))
    # A row a ranker, a column a metric.
    comparison_by_cell = {(row["ranker"], row["metric"]): row for row in report.comparisons(baseline)}
    rows = [["", *metrics], ["---"] * (len(metrics) + 1)]
    for name in report.results:
        if name != baseline:
            cells = [_comparison(comparison_by_cell[name, metric]) for metric in metrics]
            rows.append([report.label(name), *cells])
    title = f"Against {baseline}, brand by brand (p by sign flips, adjusted after Holm):"
    return [title, "", *map(_markdown_row, rows), ""]


def _comparison(row: Mapping[str, Any]) -> str:
    """As "+0.013 (.042)", the difference and its adjusted p."""
    if row["difference"] is None:
        return "-"
    return f"{row['difference']:+.3f} ({brief_p(row['p_holm'])})"


def _has_published(outcome: Outcome) -> bool:
    return bool(outcome.experiment.categories) or any(row.paper for row in outcome.experiment.rows)


def _spread_text(outcome: Outcome) -> str:
    return ", ± as it is printed there" if any(row.spread for row in outcome.experiment.rows) else ""


def _latex_cell(value: Mapping[str, float | None]) -> str:
    """As ".842 [.829, .855]" with a small interval: one over brands is not symmetric, so ± would be wrong."""
    if value["mean"] is None:
        return "--"
    return rf"{brief(value['mean'])} {{\scriptsize [{brief(value['low'])}, {brief(value['high'])}]}}"


LATEX = Style(_latex_cell, r" {{\scriptsize $\pm$ {}}}")


def _markdown_label(line: Line, *, is_missing: bool) -> str:
    """A published line needs its name if the row above it is missing."""
    if not line.is_published:
        return line.label
    return f"{line.label} *(published)*" if is_missing else "*published*"


def _markdown_row(cells: list[str]) -> str:
    escaped = [text.replace("|", "\\|") for text in cells]
    return f"| {' | '.join(escaped)} |"


def _escaped(text: str) -> str:
    return text.translate(SPECIAL)
