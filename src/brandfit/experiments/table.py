"""An outcome as a table: Markdown, LaTeX and JSON. What was run stands in a row, what the paper says in one
below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from brandfit.evaluation.metrics import Metric
from brandfit.evaluation.report import Report
from brandfit.evaluation.report_text import REFERENCES, brief, brief_p, calibration_sentence, cell
from brandfit.experiments.run import Outcome

SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "_": r"\_",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
}


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """JSON types: the report, and of every row what the paper says, what was set, and why it was not run."""
    experiment, report = outcome.experiment, outcome.report
    rows = {
        row.name: {
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
        for row in experiment.rows
    }
    told = report.to_dict(experiment.baseline or None) if report else {}
    head = {
        "title": experiment.title,
        "source": experiment.source,
        "rows": rows,
        "categories": experiment.categories,
    }
    return head | {"report": told}


def to_markdown(outcome: Outcome, command: str = "") -> str:
    """The table for people, with what they must know to read it."""
    experiment, report = outcome.experiment, outcome.report
    lines = [f"# {experiment.title}", "", f"Source: {experiment.source}.", ""]
    if command:
        lines += [f"    {command}", ""]
    if report is not None:
        lines += [_protocol(report), ""]
        metrics = _metrics(outcome)
        header = [
            "",
            *map(str, metrics),
            *(["parameters", "fit, s", "Features"] if not experiment.by_category else ["brands"]),
        ]
        rows = [
            [_cell(name, paper, name in outcome.missing), *cells]
            for name, paper, cells in _rows(outcome, cell, " ± {}")
        ]
        lines += [_line(header), _line(["---"] * len(header)), *map(_line, rows), ""]
        lines += [
            f"In brackets: 95 % interval over brands. In italics: what the paper says{_spread_text(outcome)}."
            if _quotes(outcome)
            else "In brackets: 95 % interval over brands.",
            "",
            *([f"{REFERENCES}.", ""] if report.references and not experiment.by_category else []),
            *(
                [f"Features read: {report.features(next(iter(report.results)))}.", ""]
                if experiment.by_category
                else []
            ),
        ]
        lines += [*_spread(outcome, report), *_test_lines(outcome, report)]
        for name, found in report.to_dict()["calibration"].items():
            lines += [calibration_sentence(name, found) + " The bins: reliability.png.", ""]
        lines += [f"cAUC: {report.category_source}.", ""]
    lines += [f"* {note}" for note in _notes(outcome)]
    return "\n".join(lines).rstrip() + "\n"


def to_latex(outcome: Outcome) -> str:
    """The same rows for a paper: booktabs, means with the intervals small beside them."""
    experiment, report = outcome.experiment, outcome.report
    if report is None:
        return f"% {experiment.title}: no row could be run.\n"
    metrics = _metrics(outcome)
    columns = "l" + "c" * len(metrics) + ("" if experiment.by_category else "cl")
    header = ["", *map(str, metrics), *([] if experiment.by_category else ["Parameters", "Features"])]
    body = []
    for name, paper, cells in _rows(outcome, _small, r" {{\scriptsize $\pm$ {}}}"):
        published = (
            rf"{_escaped(name)} \emph{{(published)}}"
            if name in outcome.missing
            else r"\quad \emph{published}"
        )
        label = published if paper else _escaped(name)
        shown = cells[: len(metrics)]
        if not experiment.by_category:
            parameters, _, features = cells[len(metrics) :]
            shown = [*shown, _escaped(parameters), rf"{{\scriptsize {_escaped(features)}}}"]
        body.append(" & ".join([label, *shown]) + r" \\")
    caption = f"{experiment.title}. {_protocol(report)} Means over brands with 95 % intervals."
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
            *([rf"{_escaped(REFERENCES)}.\par"] if report.references and not experiment.by_category else []),
            *(
                [rf"Features read: {report.features(next(iter(report.results)))}.\par"]
                if experiment.by_category
                else []
            ),
            *(rf"{_escaped(note)}\par" for note in _notes(outcome)),
            r"\end{table}",
            "",
        ]
    )


def _notes(outcome: Outcome) -> list[str]:
    """What a reader must know beside the figures."""
    experiment = outcome.experiment
    notes = [experiment.note] if experiment.note else []
    notes += [
        f"{row.name}: {row.note}" for row in experiment.rows if row.note and row.name not in outcome.missing
    ]
    notes += [f"{name} {reason}" for name, reason in outcome.missing.items()]
    notes += outcome.report.remarks() if outcome.report is not None else []
    return [f"{note.rstrip('.')}." for note in notes]


def _rows(
    outcome: Outcome, show: Callable[[dict[str, float | None]], str], spread: str
) -> Iterator[tuple[str, bool, list[str]]]:
    """Name, whether it is quoted, and its cells; ``spread`` is what a published ± is written as."""
    experiment, report = outcome.experiment, outcome.report
    assert report is not None
    metrics = _metrics(outcome)
    if experiment.by_category:
        name = next(iter(report.results))
        for category, told in report.by_category(name).items():
            ends = told["intervals"]
            values = [
                {"mean": told[str(m)], "low": ends[str(m)][0], "high": ends[str(m)][1]} for m in metrics
            ]
            yield category, False, [*map(show, values), str(told["brands"])]
            if quoted := experiment.categories.get(category.lower()):
                yield category, True, [*(brief(quoted.get(str(m))) for m in metrics), ""]
        return
    for row in experiment.rows:
        if found := report.results.get(row.name):
            fits = max(1, len(report.seeds) * len(report.candidate_counts))
            cells = [show(report.value(row.name, m)) for m in metrics]
            seconds = _seconds(found.fit_seconds / fits)
            yield (
                report.label(row.name),
                False,
                [*cells, f"{found.parameters:,}", seconds, report.features(row.name)],
            )
        if row.paper:
            wanted = [str(m) for m in metrics]
            varies = [spread.format(brief(row.spread[m])) if m in row.spread else "" for m in wanted]
            figures = [brief(row.paper.get(m)) + by for m, by in zip(wanted, varies, strict=True)]
            yield row.name, True, [*figures, row.parameters, "", ""]
    for name, reference in report.references.items():
        yield f"({name})", False, [*(show(report.reference(reference, m)) for m in metrics), "", "", ""]


def _seconds(value: float) -> str:
    return "0" if value < 0.005 else f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def _metrics(outcome: Outcome) -> list[Metric]:
    assert outcome.report is not None
    return [m for m in outcome.report.protocol.metrics if str(m) in outcome.experiment.metrics]


def _protocol(report: Report) -> str:
    seeds = (
        f"Seeds {', '.join(map(str, report.seeds))}." if len(report.seeds) > 1 else f"Seed {report.seeds[0]}."
    )
    return (
        f"Protocol {report.protocol.name}: {report.protocol.sentence}. {len(report.brands):,} brands, "
        f"{report.positives:,} "
        f"partners to find; candidates ({report.pool}): {report.protocol.candidates}. Ties "
        f"{report.protocol.ties}. {seeds}"
    )


def _spread(outcome: Outcome, report: Report) -> list[str]:
    """How much chance in training moves the figures, a line a row."""
    if len(report.seeds) < 2:
        return []
    metrics = _metrics(outcome)
    rows = [
        [report.label(name), *(brief(found.spread(m)) for m in metrics)]
        for name, found in report.results.items()
    ]
    lines = [_line(row) for row in (["", *map(str, metrics)], ["---"] * (len(metrics) + 1), *rows)]
    return ["Standard deviation over the seeds:", "", *lines, ""]


def _test_lines(outcome: Outcome, report: Report) -> list[str]:
    """Paired tests against the baseline, a line a row."""
    baseline = outcome.experiment.baseline
    if baseline not in report.results or len(report.results) < 2:
        return []
    metrics = [str(m) for m in _metrics(outcome)]
    lines = [f"Against {baseline}, brand by brand (p by sign flips, adjusted after Holm):", ""]
    lines += [_line(["", *metrics]), _line(["---"] * (len(metrics) + 1))]
    found = report.comparisons(baseline)
    for name in (name for name in report.results if name != baseline):
        of = {c["metric"]: c for c in found if c["ranker"] == name}
        cells = [
            f"{c['difference']:+.3f} ({brief_p(c['p_holm'])})"
            if (c := of[m])["difference"] is not None
            else "-"
            for m in metrics
        ]
        lines.append(_line([report.label(name), *cells]))
    return [*lines, ""]


def _quotes(outcome: Outcome) -> bool:
    return bool(outcome.experiment.categories) or any(row.paper for row in outcome.experiment.rows)


def _spread_text(outcome: Outcome) -> str:
    return ", ± as it is printed there" if any(row.spread for row in outcome.experiment.rows) else ""


def _small(value: dict[str, float | None]) -> str:
    """As ".842 [.829, .855]", the interval small: one over brands need not lie even around the mean."""
    if value["mean"] is None:
        return "--"
    return rf"{brief(value['mean'])} {{\scriptsize [{brief(value['low'])}, {brief(value['high'])}]}}"


def _cell(name: str, paper: bool, missing: bool) -> str:
    """Below its row it is clear whose figures are published; without a row it needs the name."""
    return name if not paper else f"{name} *(published)*" if missing else "*published*"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(c, c) for c in text)
