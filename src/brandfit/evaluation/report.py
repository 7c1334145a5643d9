"""What an evaluation found: means with intervals, paired comparisons, and the tables that papers print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brandfit.evaluation.calibration import reliability
from brandfit.evaluation.metrics import Metric
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.significance import holm, interval, paired_test

WORTH = (
    "In parentheses what a number is worth: chance; most partners; most engagement; an oracle of the "
    "category alone"
)


@dataclass
class RankerResult:
    """One ranker: metric name to the values (b,) of every seed; seconds over all seeds and folds."""

    values: dict[str, list[np.ndarray]]
    history: dict[str, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    """The same of partners that are known from training brands (warm), and of those that are not (cold)."""
    probabilities: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    """Probabilities (n,) and what is so (n,) bool, of every seed and fold; empty arrays where none are
    told."""
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    parameters: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    fitted_features: dict[str, str] = field(default_factory=dict)
    """Slot to the name of the Features that the ranker read, of one side or of both."""
    leaky: bool = False
    """Whether it was shown the labels of what it scored: its figures say nothing about use."""

    def mean(self, metric: Metric) -> np.ndarray:
        """(b,) values of each brand, averaged over the seeds."""
        return np.mean(self.values[str(metric)], axis=0)

    def spread(self, metric: Metric) -> float | None:
        """Standard deviation over the seeds; None of a single one."""
        each = [metric.aggregate(values) for values in self.values[str(metric)]]
        return float(np.std(each, ddof=1)) if len(each) > 1 else None


@dataclass(frozen=True)
class Report:
    protocol: Protocol
    seeds: tuple[int, ...]
    results: dict[str, RankerResult]
    references: dict[str, RankerResult]
    brands: np.ndarray
    brand_categories: np.ndarray
    candidate_counts: tuple[int, ...]
    positives: int
    category_source: str
    dataset: str
    notes: tuple[str, ...] = ()
    refit: bool = False
    """Whether what was fitted on all accounts was encoded anew in every fold."""

    @property
    def pool(self) -> str:
        """How many candidates a brand has: "797", or "628 to 708" where folds differ."""
        counts = self.candidate_counts
        return f"{counts[0]:,}" if len(set(counts)) == 1 else f"{min(counts):,} to {max(counts):,}"

    def label(self, ranker: str) -> str:
        """Its name as tables print it."""
        return f"{ranker} (leaky)" if self.results[ranker].leaky and "leaky" not in ranker else ranker

    def features(self, ranker: str) -> str:
        """Names of the Features that a ranker read, as tables print them."""
        return ", ".join(self.results[ranker].fitted_features.values()) or "none"

    def value(self, ranker: str, metric: Metric) -> dict[str, float | None]:
        """Mean over brands (of the means over seeds), 95 % bootstrap interval over brands, and spread over
        seeds."""
        return self._value(self.results[ranker], metric)

    def _value(self, found: RankerResult, metric: Metric) -> dict[str, float | None]:
        values = found.mean(metric)
        low, high = interval(metric, values)
        told = {"mean": metric.aggregate(values), "low": low, "high": high}
        return {name: _plain(value) for name, value in told.items()} | {"seed_std": found.spread(metric)}

    def reference(self, found: RankerResult, metric: Metric) -> dict[str, float | None]:
        """The same of a reference row."""
        return self._value(found, metric)

    def comparisons(self, baseline: str | None = None) -> list[dict[str, Any]]:
        """Every other ranker against the baseline (default: the first), brand by brand, p adjusted over all
        rows (Holm).

        The difference is that of the aggregates (of MedR: of the medians), p that of the mean over brands (of
        MedR: of the ranks).
        """
        names = list(self.results)
        baseline = baseline or names[0]
        rows: list[dict[str, Any]] = []
        for name in names:
            for metric in self.protocol.metrics if name != baseline else ():
                left, right = self.results[name].mean(metric), self.results[baseline].mean(metric)
                both = ~np.isnan(left - right)
                difference = (
                    metric.aggregate(left[both]) - metric.aggregate(right[both]) if both.any() else None
                )
                rows.append(
                    {
                        "ranker": name,
                        "baseline": baseline,
                        "metric": str(metric),
                        "difference": difference,
                        "p": paired_test(left, right),
                    }
                )
        for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
            row["p_holm"] = adjusted
        return rows

    def by_category(self, ranker: str) -> dict[str, dict[str, Any]]:
        """The table of D-10: brand category to its number of brands, the mean of each metric, and 95 %
        ``intervals``."""
        result: dict[str, dict[str, Any]] = {}
        for category in sorted({c for c in self.brand_categories if c is not None}):
            rows = np.array([c == category for c in self.brand_categories], bool)
            means = {
                str(m): _plain(m.aggregate(self.results[ranker].mean(m)[rows])) for m in self.protocol.metrics
            }
            intervals = {
                str(m): list(map(_plain, interval(m, self.results[ranker].mean(m)[rows])))
                for m in self.protocol.metrics
            }
            result[category] = {"brands": int(rows.sum()), **means, "intervals": intervals}
        return result

    def by_history(self, ranker: str) -> dict[str, dict[str, Any]]:
        """'warm' and 'cold': number of brands with such partners and the mean of each metric."""
        result = {}
        for kind, values in self.results[ranker].history.items():
            found = RankerResult(values)
            means = {str(m): found.mean(m) for m in self.protocol.metrics}
            brands = int((~np.isnan(next(iter(means.values())))).sum())
            result[kind] = {
                "brands": brands,
                **{str(m): _plain(m.aggregate(means[str(m)])) for m in self.protocol.metrics},
            }
        return result

    def calibration(self, ranker: str) -> dict[str, Any] | None:
        """Expected calibration error of a ranker's probabilities and the reliability bins; None where it
        tells none."""
        told = self.results[ranker].probabilities
        probability = np.concatenate([p for p, _ in told]) if told else np.zeros(0)
        if not len(probability):
            return None
        found = reliability(probability, np.concatenate([y for _, y in told]))
        bins = zip(found.predicted.tolist(), found.true.tolist(), found.pairs.tolist(), strict=True)
        parts = [{"told": told_, "true": true, "pairs": n} for told_, true, n in bins]
        return {"ece": found.error, "base": found.base, "skill": _plain(found.skill), "bins": parts}

    def remarks(self) -> list[str]:
        """What a reader must know beside the figures: of all, then of rankers, what is so of several told
        once."""
        of: dict[str, list[str]] = {}
        for name, found in self.results.items():
            for note in found.notes:
                of.setdefault(note, []).append(name)
        same: dict[bytes, list[str]] = {}
        for name, found in self.results.items():
            same.setdefault(
                b"".join(v.tobytes() for values in found.values.values() for v in values), []
            ).append(name)
        alike = [
            f"{', '.join(names)}: one and the same here, what tells them apart is not in this data"
            for names in same.values()
            if names[1:]
        ]
        return [*self.notes, *alike, *(f"{', '.join(names)}: {note}" for note, names in of.items())]

    def to_dict(self, baseline: str | None = None) -> dict[str, Any]:
        """JSON types; ``results`` is ``{ranker: {metric: {"mean", "low", "high", "seed_std"}}}``."""
        return {
            "protocol": self.protocol.name,
            "settings": self.protocol.Config.from_settings(self.protocol.settings).to_dict(),
            "candidates": self.protocol.candidates,
            "candidate_counts": list(self.candidate_counts),
            "brands": len(self.brands),
            "positives": self.positives,
            "ties": self.protocol.ties,
            "refit": self.refit,
            "seeds": list(self.seeds),
            "results": {
                name: {str(m): self.value(name, m) for m in self.protocol.metrics} for name in self.results
            },
            "references": {
                name: {str(m): self._value(found, m) for m in self.protocol.metrics}
                for name, found in self.references.items()
            },
            "calibration": {
                name: found for name in self.results if (found := self.calibration(name)) is not None
            },
            "by_history": {name: self.by_history(name) for name in self.results},
            "by_category": {name: self.by_category(name) for name in self.results},
            "comparisons": self.comparisons(baseline) if len(self.results) > 1 else [],
            "parameters": {name: found.parameters for name, found in self.results.items()},
            "seconds": {
                name: {"fit": round(found.fit_seconds, 4), "score": round(found.score_seconds, 4)}
                for name, found in self.results.items()
            },
            "reads": {name: found.fitted_features for name, found in self.results.items()},
            "leaky": [name for name, found in self.results.items() if found.leaky],
            "category_source": self.category_source,
            "dataset": self.dataset,
            "notes": self.remarks(),
        }

    def to_text(self) -> str:
        """The table for people: rankers down, metrics across, mean and 95 % interval over brands."""
        told = self.to_dict()
        names = [str(m) for m in self.protocol.metrics]
        header = ["", *names]
        lines = [
            [self.label(name), *(cell(told["results"][name][m]) for m in names)] for name in self.results
        ]
        worth = [
            [f"({name})", *(cell(told["references"][name][m]) for m in names)] for name in self.references
        ]
        lines = [*lines, *worth]
        widths = [max(len(row[n]) for row in [header, *lines]) for n in range(len(header))]
        text = [
            f"{self.protocol.name}: {self.protocol.sentence}.",
            f"{len(self.brands):,} brands, {self.positives:,} partners to find.",
            f"Candidates ({self.pool}): {self.protocol.candidates}.",
            f"Ties: {self.protocol.ties}. Seeds: {', '.join(map(str, self.seeds))}. In brackets: 95 % "
            "interval over brands.",
            "",
            *(
                "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
                for row in [header, *lines]
            ),
        ]
        text += ["", f"{WORTH}.", "", "Features read:"]
        text += [f"  {self.label(name)}: {self.features(name)}" for name in self.results]
        if len(self.seeds) > 1:
            text += ["", "Standard deviation over the seeds:"]
            for name, of in self.results.items():
                text.append(
                    f"  {self.label(name)}: "
                    + ", ".join(f"{m} {brief(of.spread(m))}" for m in self.protocol.metrics)
                )
            text.append("")
        for kind in ("warm", "cold") if self.results else ():
            shown = [m for m in ("AUC", "Recall@10", "MRR") if m in names]
            parted = {name: told["by_history"][name].get(kind, {}) for name in self.results}
            if any(row.get("brands") for row in parted.values()):
                which = "known from a training brand" if kind == "warm" else "of no training brand"
                values = "; ".join(
                    f"{self.label(name)} " + ", ".join(f"{m} {brief(row.get(m))}" for m in shown)
                    for name, row in parted.items()
                )
                text.append(
                    f"Partners {which}, {max(row['brands'] for row in parted.values()):,} brands: {values}."
                )
        for name, found in told["calibration"].items():
            text.append(calibrated(name, found))
        if told["comparisons"]:
            text += [
                "",
                f"Against {told['comparisons'][0]['baseline']}, brand by brand (p by sign flips, adjusted "
                "after Holm):",
            ]
            for name in list(self.results)[1:]:
                rows = [c for c in told["comparisons"] if c["ranker"] == name and c["difference"] is not None]
                found = ", ".join(
                    f"{c['metric']} {c['difference']:+.3f} (p {brief_p(c['p_holm'])})" for c in rows
                )
                text.append(f"  {self.label(name)}: {found}")
        text += ["", f"cAUC: {self.category_source}."]
        text += [f"Note: {note.removesuffix('.')}." for note in told["notes"]]
        return "\n".join(text)


def calibrated(name: str, found: dict[str, Any]) -> str:
    """How far the probabilities of a ranker are to be trusted. (The error of always telling the share of all
    is small too.)"""
    top = found["bins"][-1]
    return (
        f"Probabilities of {name}: expected calibration error {brief(found['ece'])}; in the highest bin "
        f"{brief(top['told'])} "
        f"is told and {brief(top['true'])} is so, of all pairs {found['base']:.2g}; Brier skill "
        f"{brief(found['skill'])} "
        f"(0: as good as always telling the share of all, 1: knowing)."
    )


def cell(value: dict[str, float | None]) -> str:
    """As ".842 [.829, .855]", mean and interval."""
    if value["mean"] is None:
        return "-"
    return f"{brief(value['mean'])} [{brief(value['low'])}, {brief(value['high'])}]"


def _short(value: float | None, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("0.") else text


def brief(value: float | None) -> str:
    """As ".842", "12.5", or "-" for nothing."""
    return "-" if value is None else _short(value, 1 if value >= 1 else 3)


def brief_p(p: float) -> str:
    """As ".023", or "< .001"."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
