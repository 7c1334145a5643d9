"""Reports of single rows: written, read, and put together over seeds and over rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from brandfit.errors import UsageError
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.report import RankerResult, Report
from brandfit.workspace.artifacts import write_atomic

PLAIN = ("seeds", "candidate_counts", "positives", "category_source", "dataset", "notes", "refit")


def save_report(report: Report, file: Path) -> None:
    """Write a report, whole or not at all."""
    told = {name: getattr(report, name) for name in PLAIN}
    told |= {"brands": report.brands.tolist(), "brand_categories": report.brand_categories.tolist()}
    told |= {
        "judged": {name: _plain(result) for name, result in report.results.items()},
        "references": {name: _plain(result) for name, result in report.references.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, msgspec.msgpack.encode(told))


def load_report(file: Path, protocol: Protocol) -> Report:
    """Read what ``kept`` wrote."""
    told = msgspec.msgpack.decode(file.read_bytes())
    return Report(
        protocol=protocol,
        seeds=tuple(told["seeds"]),
        results={name: _ranker_result(j) for name, j in told["judged"].items()},
        references={name: _ranker_result(j) for name, j in told["references"].items()},
        brands=np.array(told["brands"], dtype=object),
        brand_categories=np.array(told["brand_categories"], dtype=object),
        candidate_counts=tuple(told["candidate_counts"]),
        positives=told["positives"],
        category_source=told["category_source"],
        dataset=told["dataset"],
        notes=tuple(told["notes"]),
        refit=told.get("refit", False),
    )


def over_seeds(reports: Sequence[Report]) -> Report:
    """One report of the same rankers, judged with the seeds of all."""
    first = reports[0]
    judged = {name: _joined([report.results[name] for report in reports]) for name in first.results}
    return replace(first, seeds=tuple(seed for report in reports for seed in report.seeds), results=judged)


def over_rows(reports: Mapping[str, Report]) -> Report:
    """One report of all rows, each a report with one ranker, on the same brands."""
    (name, first), *rest = reports.items()
    for other, report in rest:
        if (report.brands.tolist(), report.candidate_counts) != (
            first.brands.tolist(),
            first.candidate_counts,
        ):
            raise UsageError(
                f"The rows {name} and {other} are not judged on the same brands and candidates.",
                "Give all rows the same protocol and the same endorsements, or make two experiments.",
            )
    judged = {row: next(iter(report.results.values())) for row, report in reports.items()}
    told = list(dict.fromkeys(note for report in reports.values() for note in report.notes))
    shared = [note for note in told if all(note in report.notes for report in reports.values())]
    for (
        row,
        report,
    ) in reports.items():  # rows may fill slots otherwise, and what is so of one is not so of another
        own = [note for note in report.notes if note not in shared]
        judged[row] = replace(judged[row], notes=dict.fromkeys([*judged[row].notes, *own]))
    return replace(first, results=judged, notes=tuple(shared))


def _joined(parts: Iterable[RankerResult]) -> RankerResult:
    """The same ranker, judged with the seeds of all."""
    result = RankerResult({})
    for part in parts:
        for values, more in (
            (result.values, part.values),
            *((result.history.setdefault(k, {}), v) for k, v in part.history.items()),
        ):
            for metric, arrays in more.items():
                values.setdefault(metric, []).extend(arrays)
        result.probabilities.extend(part.probabilities)
        result.fit_seconds += part.fit_seconds
        result.score_seconds += part.score_seconds
        result.parameters, result.leaky = part.parameters, part.leaky
        result.notes |= part.notes
        result.fitted_features |= part.fitted_features
    return result


def _arrays(plain: Mapping[str, list[list[float]]]) -> dict[str, list[np.ndarray]]:
    return {metric: [np.array(a, float) for a in arrays] for metric, arrays in plain.items()}


def _lists(values: Mapping[str, list[np.ndarray]]) -> dict[str, list[list[float]]]:
    return {metric: [a.tolist() for a in arrays] for metric, arrays in values.items()}


def _plain(judged: RankerResult) -> dict[str, Any]:
    return {
        "values": _lists(judged.values),
        "history": {kind: _lists(values) for kind, values in judged.history.items()},
        "told": [
            [p.astype(np.float32).tobytes(), np.packbits(y).tobytes(), len(y)]
            for p, y in judged.probabilities
        ],
        "fit_seconds": judged.fit_seconds,
        "score_seconds": judged.score_seconds,
        "parameters": judged.parameters,
        "leaky": judged.leaky,
        "notes": list(judged.notes),
        "reads": judged.fitted_features,
    }


def _ranker_result(plain: Mapping[str, Any]) -> RankerResult:
    return RankerResult(
        values=_arrays(plain["values"]),
        history={kind: _arrays(values) for kind, values in plain["history"].items()},
        probabilities=[
            (
                np.frombuffer(p, np.float32).astype(float),
                np.unpackbits(np.frombuffer(y, np.uint8), count=n).astype(bool),
            )
            for p, y, n in plain["told"]
        ],
        fit_seconds=plain["fit_seconds"],
        score_seconds=plain["score_seconds"],
        parameters=plain["parameters"],
        leaky=plain.get("leaky", False),
        notes=dict.fromkeys(plain["notes"]),
        fitted_features=plain.get("reads", {}),
    )
