"""Reports of single rows: written, read, and joined over seeds and over rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from brandfit.errors import UsageError
from brandfit.evaluation.judging import ScoredCandidates
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.report import RankerResult, Report
from brandfit.exposure import TierShares
from brandfit.mappings import map_values
from brandfit.workspace.artifacts import write_atomic

PLAIN = (
    "seeds",
    "candidate_counts",
    "positives",
    "category_source",
    "dataset",
    "notes",
    "refit",
    "fold_sizes",
)
"""Fields of a Report that are stored as they are."""


def save_report(report: Report, file: Path) -> None:
    """Write a report atomically."""
    stored = {name: getattr(report, name) for name in PLAIN}
    stored |= {
        "brands": report.brands.tolist(),
        "brand_categories": report.brand_categories.tolist(),
        "partner_counts": report.partner_counts.tolist(),
        "pool_sizes": report.pool_sizes.tolist(),
        "has_posts": report.has_posts.tolist(),
        "judged": map_values(_to_plain, report.results),
        "references": map_values(_to_plain, report.references),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, msgspec.msgpack.encode(stored))


def load_report(file: Path, protocol: Protocol) -> Report:
    """Read a file of ``save_report``."""
    stored = msgspec.msgpack.decode(file.read_bytes())
    return Report(
        protocol=protocol,
        seeds=tuple(stored["seeds"]),
        results=map_values(_from_plain, stored["judged"]),
        references=map_values(_from_plain, stored["references"]),
        brands=np.array(stored["brands"], dtype=object),
        brand_categories=np.array(stored["brand_categories"], dtype=object),
        candidate_counts=tuple(stored["candidate_counts"]),
        positives=stored["positives"],
        category_source=stored["category_source"],
        dataset=stored["dataset"],
        # Reports of earlier versions have no counts: they give no plain answer.
        partner_counts=np.array(stored.get("partner_counts", []), np.int64),
        pool_sizes=np.array(stored.get("pool_sizes", []), np.int64),
        has_posts=np.array(stored.get("has_posts", []), bool),
        notes=tuple(stored["notes"]),
        refit=stored.get("refit", False),
        fold_sizes=tuple(stored.get("fold_sizes", ())),
    )


def over_seeds(reports: Sequence[Report]) -> Report:
    """One report of the same rankers with the seeds of all reports."""
    first = reports[0]
    results = {name: _joined(report.results[name] for report in reports) for name in first.results}
    # Values are lists with one array a seed, so they are concatenated in the order of the reports.
    seeds: list[int] = []
    for report in reports:
        seeds += report.seeds
    return replace(first, seeds=tuple(seeds), results=results)


def over_rows(reports: Mapping[str, Report]) -> Report:
    """One report of all rows, each a report with one ranker, on the same brands and candidates.

    Raises UsageError if two rows were judged on different ones.
    """
    (name, first), *others = reports.items()
    for other, report in others:
        has_same_brands = report.brands.tolist() == first.brands.tolist()
        if not has_same_brands or report.candidate_counts != first.candidate_counts:
            raise UsageError(
                f"The rows {name} and {other} are not judged on the same brands and candidates.",
                "Give all rows the same protocol and the same endorsements, or make two experiments.",
            )
    # Rows may fill slots differently: a note on some of them becomes a note of these rows.
    notes: dict[str, None] = {}
    n_rows_by_note: Counter[str] = Counter()
    for report in reports.values():
        notes |= dict.fromkeys(report.notes)
        n_rows_by_note.update(set(report.notes))
    shared = [note for note in notes if n_rows_by_note[note] == len(reports)]
    results = {}
    for row, report in reports.items():
        result = next(iter(report.results.values()))
        own = [note for note in report.notes if note not in shared]
        results[row] = replace(result, notes=dict.fromkeys([*result.notes, *own]))
    return replace(first, results=results, notes=tuple(shared))


def _joined(parts: Iterable[RankerResult]) -> RankerResult:
    """One result of the same ranker with the seeds of all parts."""
    result = RankerResult({})
    for part in parts:
        _extend(result.values, part.values)
        for kind, values in part.history.items():
            _extend(result.history.setdefault(kind, {}), values)
        # Seconds add up; parameters are those of the last seed.
        result.probabilities.extend(part.probabilities)
        result.scored.extend(part.scored)
        result.fit_seconds += part.fit_seconds
        result.score_seconds += part.score_seconds
        result.parameters, result.leaky = part.parameters, part.leaky
        result.shares += part.shares
        result.notes |= part.notes
        result.fitted_features |= part.fitted_features
    return result


def _extend(values: dict[str, list[np.ndarray]], more: Mapping[str, list[np.ndarray]]) -> None:
    """Add the arrays of each metric, one a seed."""
    for metric, arrays in more.items():
        values.setdefault(metric, []).extend(arrays)


def _to_plain(result: RankerResult) -> dict[str, Any]:
    """A result as msgpack types. The keys are stored: "told" are the probabilities with their labels."""
    probabilities = []
    for probability, labels in result.probabilities:
        # Single precision and one bit a label: there are millions of pairs.
        packed = np.packbits(labels).tobytes()
        probabilities.append([probability.astype(np.float32).tobytes(), packed, len(labels)])
    return {
        "values": _to_lists(result.values),
        "history": map_values(_to_lists, result.history),
        "told": probabilities,
        "fit_seconds": result.fit_seconds,
        "score_seconds": result.score_seconds,
        "parameters": result.parameters,
        "leaky": result.leaky,
        "notes": list(result.notes),
        "reads": result.fitted_features,
        "shares": [array.tolist() for array in astuple(result.shares)],
        "scored": [[one.n_scored.tolist(), one.n_partners.tolist()] for one in result.scored],
    }


def _from_plain(plain: Mapping[str, Any]) -> RankerResult:
    """The inverse of ``_to_plain``; keys that earlier versions did not write have defaults."""
    probabilities = []
    for packed_probability, packed_labels, n in plain["told"]:
        probability = np.frombuffer(packed_probability, np.float32).astype(float)
        labels = np.unpackbits(np.frombuffer(packed_labels, np.uint8), count=n).astype(bool)
        probabilities.append((probability, labels))
    return RankerResult(
        values=_to_arrays(plain["values"]),
        history=map_values(_to_arrays, plain["history"]),
        probabilities=probabilities,
        fit_seconds=plain["fit_seconds"],
        score_seconds=plain["score_seconds"],
        parameters=plain["parameters"],
        leaky=plain.get("leaky", False),
        notes=dict.fromkeys(plain["notes"]),
        fitted_features=plain.get("reads", {}),
        shares=TierShares(*map(np.array, plain["shares"])) if "shares" in plain else TierShares.empty(),
        scored=[ScoredCandidates(*map(np.array, one)) for one in plain.get("scored", [])],
    )


def _to_lists(values: Mapping[str, list[np.ndarray]]) -> dict[str, list[list[float]]]:
    lists: dict[str, list[list[float]]] = {}
    for metric, arrays in values.items():
        lists[metric] = list(map(np.ndarray.tolist, arrays))
    return lists


def _to_arrays(plain: Mapping[str, list[list[float]]]) -> dict[str, list[np.ndarray]]:
    arrays: dict[str, list[np.ndarray]] = {}
    for metric, lists in plain.items():
        arrays[metric] = [np.array(values, float) for values in lists]
    return arrays
