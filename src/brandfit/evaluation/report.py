"""The result of an evaluation: means with intervals, paired comparisons, and the tables that papers print."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from brandfit.evaluation.calibration import reliability
from brandfit.evaluation.first_ten import SUGGESTED, first_ten
from brandfit.evaluation.judging import PartnerRanks, ScoredCandidates
from brandfit.evaluation.metrics import Metric, Recall
from brandfit.evaluation.protocol import Protocol
from brandfit.evaluation.report_text import report_text
from brandfit.evaluation.significance import holm, interval, paired_test
from brandfit.exposure import DEPTH, TIERS, UNKNOWN, TierShares, distance
from brandfit.mappings import map_values


@dataclass
class RankerResult:
    """Values of one ranker: metric name to one (b,) array a seed. Seconds are summed over seeds and folds."""

    values: dict[str, list[np.ndarray]]
    history: dict[str, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    """The same for partners that also work with a training brand ("warm"), and for all others ("cold")."""
    probabilities: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    """For every seed and fold: probabilities (p,) and labels (p,) bool; empty arrays if the ranker gives
    none."""
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    parameters: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    fitted_features: dict[str, str] = field(default_factory=dict)
    """Slot to the name of the Features that the ranker read, for one side of a pair or for both."""
    by_tie_rule: dict[str, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    """Tie rule to the values under it; empty unless the protocol compares tie rules."""
    partner_ranks: list[PartnerRanks] = field(default_factory=list)
    """For every seed the ranks of all held-out partners; empty for references."""
    scored: list[ScoredCandidates] = field(default_factory=list)
    """For every seed the number of candidates with a score; empty for references and in earlier reports."""
    shares: TierShares = field(default_factory=TierShares.empty)
    """Of the follower tiers, summed over brands, folds and seeds."""
    parity: RankerResult | None = None
    """Values, ranks and shares in the order with parity of exposure; None unless the protocol compares it."""
    leaky: bool = False
    """Whether the ranker saw the labels that it was judged on: its figures do not say how it does in use."""

    def mean(self, metric: Metric) -> np.ndarray:
        """(b,) value of each brand, averaged over the seeds."""
        return np.mean(self.values[str(metric)], axis=0)

    def spread(self, metric: Metric) -> float | None:
        """Standard deviation over the seeds; None if there is one seed."""
        by_seed = list(map(metric.aggregate, self.values[str(metric)]))
        return float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else None


@dataclass(frozen=True)
class Report:
    """Results of rankers and references that were judged on the same b brands.

    brands, brand_categories  (b,) ids, and categories or None
    candidate_counts          candidates of each fold
    fold_sizes                brands of each fold, in the order of ``brands``; () in earlier reports
    positives                 held-out pairs that can be found
    category_source           where the categories that cAUC uses come from
    dataset                   fingerprint of the Dataset
    partner_counts            (b,) held-out partners of each brand that can be found
    pool_sizes                (b,) candidates of each brand
    has_posts                 (b,) bool: a post or brief of the brand is left to see; (0,) in earlier reports
    refit                     whether Features fitted on all accounts were encoded again in each fold
    """

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
    partner_counts: np.ndarray
    pool_sizes: np.ndarray
    notes: tuple[str, ...] = ()
    refit: bool = False
    fold_sizes: tuple[int, ...] = ()
    has_posts: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def pool(self) -> str:
        """Candidates of a brand: "797", or "628 to 708" if folds differ."""
        counts = self.candidate_counts
        return f"{counts[0]:,}" if len(set(counts)) == 1 else f"{min(counts):,} to {max(counts):,}"

    def label(self, ranker: str) -> str:
        """The name of a ranker as tables print it."""
        return f"{ranker} (leaky)" if self.results[ranker].leaky and "leaky" not in ranker else ranker

    def features(self, ranker: str) -> str:
        """Names of the Features that a ranker read, as tables print them."""
        return ", ".join(self.results[ranker].fitted_features.values()) or "none"

    def value(self, ranker: str, metric: Metric) -> dict[str, float | None]:
        """Mean over brands of the means over seeds, its 95 % bootstrap interval over brands, and the standard
        deviations over seeds and over folds."""
        return self.reference(self.results[ranker], metric)

    def reference(self, result: RankerResult, metric: Metric) -> dict[str, float | None]:
        """The same for a result that is not a ranker of the report, for example a reference."""
        values = result.mean(metric)
        low, high = interval(metric, values)
        return {
            "mean": _finite(metric.aggregate(values)),
            "low": _finite(low),
            "high": _finite(high),
            "seed_std": result.spread(metric),
            "fold_std": self.fold_spread(result, metric),
        }

    def fold_spread(self, result: RankerResult, metric: Metric) -> float | None:
        """Standard deviation over the folds of the mean over seeds, as Elwood et al. 2021 print it (W-12);
        None with one fold, and if a fold has no value."""
        if len(self.fold_sizes) < 2:
            return None
        # Brands are in the order of the folds.
        ends = np.cumsum(self.fold_sizes)[:-1]
        by_fold = list(map(metric.aggregate, np.split(result.mean(metric), ends)))
        return _finite(float(np.std(by_fold, ddof=1)))

    def comparisons(self, baseline: str | None = None) -> list[dict[str, Any]]:
        """Every other ranker against the baseline (default: the first), brand by brand.

        The difference is that of the aggregates (for MedR: of the medians). p is that of the mean over brands
        (for MedR: of the ranks), adjusted over all rows (Holm).
        """
        baseline = baseline or next(iter(self.results))
        rows: list[dict[str, Any]] = []
        for name in self.results:
            if name == baseline:
                continue
            for metric in self.protocol.metrics:
                left, right = self.results[name].mean(metric), self.results[baseline].mean(metric)  # (b,)
                # A metric such as cAUC is not defined for every brand: compare those that have both.
                is_defined = ~np.isnan(left - right)
                difference = None
                if is_defined.any():
                    difference = metric.aggregate(left[is_defined]) - metric.aggregate(right[is_defined])
                rows.append(
                    {
                        "ranker": name,
                        "baseline": baseline,
                        "metric": str(metric),
                        "difference": difference,
                        "p": paired_test(left, right),
                    }
                )
        # Every test of the report counts as one comparison.
        for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
            row["p_holm"] = adjusted
        return rows

    def by_category(self, ranker: str) -> dict[str, dict[str, Any]]:
        """The table of D-10: brand category to its number of brands, the mean of each metric, and 95 %
        ``intervals``."""
        table: dict[str, dict[str, Any]] = {}
        result = self.results[ranker]
        for category in sorted(set(self.brand_categories.tolist()) - {None}):
            in_category = self.brand_categories == category  # (b,) bool
            means: dict[str, float | None] = {}
            intervals: dict[str, list[float | None]] = {}
            for metric in self.protocol.metrics:
                values = result.mean(metric)[in_category]
                means[str(metric)] = _finite(metric.aggregate(values))
                intervals[str(metric)] = list(map(_finite, interval(metric, values)))
            table[category] = {"brands": int(in_category.sum()), **means, "intervals": intervals}
        return table

    def by_history(self, ranker: str) -> dict[str, dict[str, Any]]:
        """ "warm" and "cold": number of brands with such partners, and the mean of each metric."""
        table = {}
        for kind, values in self.results[ranker].history.items():
            of_kind = RankerResult(values)
            # A brand without such partners has no value of any metric.
            first = of_kind.mean(self.protocol.metrics[0])
            means = {str(m): _finite(m.aggregate(of_kind.mean(m))) for m in self.protocol.metrics}
            table[kind] = {"brands": int((~np.isnan(first)).sum()), **means}
        return table

    def by_tie_rule(self, ranker: str) -> dict[str, dict[str, float | None]]:
        """Tie rule to the mean of each metric under it (B-14), and ``brands``: metric name to the number of
        brands whose value depends on the rule. {} unless the protocol compares tie rules."""
        table: dict[str, dict[str, float | None]] = {}
        values_by_rule = self.results[ranker].by_tie_rule
        for rule, values in values_by_rule.items():
            of_rule = RankerResult(values)
            means = {str(metric): metric.aggregate(of_rule.mean(metric)) for metric in self.protocol.metrics}
            table[rule] = map_values(_finite, means)
        if table:
            low, high = (RankerResult(values_by_rule[rule]) for rule in ("published", "optimistic"))
            table["brands"] = {}
            for metric in self.protocol.metrics:
                # NaN, a brand without a value, is equal to itself here.
                differs = np.nan_to_num(low.mean(metric)) != np.nan_to_num(high.mean(metric))
                table["brands"][str(metric)] = int(differs.sum())
        return table

    def exposure(self, result: RankerResult) -> dict[str, Any] | None:
        """Shares of the follower tiers that have candidates, by their exposure in the lists of a result, and
        how far these are from the shares of the candidates and of the partners (``exposure.distance``).

        None if the number of followers of no candidate is known, and for results of earlier versions.
        """
        means = result.shares.means()
        if means.candidates[:UNKNOWN].sum() == 0:
            return None
        numbers = np.flatnonzero(means.candidates).tolist()
        tiers = [_tier_row(means, number) for number in numbers]
        return {
            "depth": DEPTH,
            "tiers": tiers,
            "from_candidates": distance(means.exposure, means.candidates),
            "from_partners": distance(means.exposure, means.partners),
        }

    def parity(self, ranker: str, *, per_brand: bool = False) -> dict[str, Any] | None:
        """A ranker in the order with parity of exposure; None unless the protocol compares it.

        ``results`` and ``exposure`` as in ``to_dict``; ``cost`` is metric name to the difference to the
        ranker's own order, and p of the paired test.

        per_brand  with the rows of all brands, as in ``to_dict``
        """
        own = self.results[ranker]
        if own.parity is None:
            return None
        cost: dict[str, dict[str, Any]] = {}
        for metric in self.protocol.metrics:
            before, after = own.mean(metric), own.parity.mean(metric)  # (b,)
            difference = metric.aggregate(after) - metric.aggregate(before)
            cost[str(metric)] = {"difference": _finite(difference), "p": paired_test(after, before)}
        # All tests of this table count as one family.
        for row, adjusted in zip(cost.values(), holm([row["p"] for row in cost.values()]), strict=True):
            row["p_holm"] = adjusted
        figures = self._figures({ranker: own.parity})[ranker]
        rows = {"per_brand": self._rows_of_brands(own.parity)} if per_brand else {}
        return {"results": figures, "cost": cost, "exposure": self.exposure(own.parity), **rows}

    def per_brand(self, ranker: str) -> list[dict[str, Any]]:
        """A row for each judged brand (B-15): ``values`` has the metrics (mean over seeds), ``partners`` its
        held-out partners with their ``rank`` (mean over seeds) among ``candidates``, best first."""
        return self._rows_of_brands(self.results[ranker])

    def _rows_of_brands(self, result: RankerResult) -> list[dict[str, Any]]:
        """``per_brand`` of one order of the candidates."""
        partners_by_brand: dict[str, list[dict[str, Any]]] = {brand: [] for brand in self.brands.tolist()}
        n_candidates: dict[str, int] = {}
        if result.partner_ranks:
            first = result.partner_ranks[0]
            # All seeds have the same folds, so their pairs are aligned.
            ranks = np.mean([of_seed.ranks for of_seed in result.partner_ranks], axis=0)  # (p,)
            columns = (first.brands.tolist(), first.influencers.tolist(), ranks.tolist())
            for brand, influencer, rank in zip(*columns, strict=True):
                partners_by_brand[brand].append({"influencer": influencer, "rank": rank})
            n_candidates = dict(zip(first.brands.tolist(), first.n_candidates.tolist(), strict=True))
        means = {str(metric): result.mean(metric) for metric in self.protocol.metrics}
        rows = []
        for row, brand in enumerate(self.brands.tolist()):
            rows.append(
                {
                    "brand": brand,
                    "category": self.brand_categories[row],
                    "candidates": n_candidates.get(brand),
                    "values": {metric: _finite(values[row]) for metric, values in means.items()},
                    "partners": sorted(partners_by_brand[brand], key=itemgetter("rank", "influencer")),
                }
            )
        return rows

    def per_brand_rows(self) -> list[dict[str, Any]]:
        """``per_brand`` of all rankers as rows of one table: a column a metric, and the partners of a brand
        as a list of texts such as "ann.b 17". If the protocol compares the order with parity of exposure, the
        column ``order`` is "own" or "parity", with a row for each."""
        rows: list[dict[str, Any]] = []
        for name, result in self.results.items():
            for order, of_order in (("own", result), ("parity", result.parity)):
                if of_order is not None:
                    about = {"ranker": name, **({"order": order} if self.protocol.compares_parity else {})}
                    rows += [{**about, **row} for row in self._table_rows(of_order)]
        return rows

    def _table_rows(self, result: RankerResult) -> list[dict[str, Any]]:
        """Rows of ``per_brand_rows`` without the ranker."""
        rows = []
        for row in self._rows_of_brands(result):
            partners = [f"{one['influencer']} {one['rank']:g}" for one in row["partners"]]
            about = {key: row[key] for key in ("brand", "category", "candidates")}
            rows.append({**about, **row["values"], "partners": partners})
        return rows

    def calibration(self, ranker: str) -> dict[str, Any] | None:
        """Expected calibration error of a ranker's probabilities, and the bins; None if it gives none."""
        parts = self.results[ranker].probabilities
        if not parts:
            return None
        # (p,) each
        probability, labels = map(np.concatenate, zip(*parts, strict=True))
        if not len(probability):
            return None
        # All seeds and folds together: each bin needs many pairs.
        found = reliability(probability, labels)
        columns = zip(found.predicted.tolist(), found.true.tolist(), found.pairs.tolist(), strict=True)
        # "told" is the mean prediction of a bin: the key of the JSON output, which programs read.
        bins = [{"told": predicted, "true": true, "pairs": n_pairs} for predicted, true, n_pairs in columns]
        return {"ece": found.error, "base": found.base, "skill": _finite(found.skill), "bins": bins}

    def remarks(self) -> list[str]:
        """Notes on all rankers, then on some: a note on several rankers is printed once with their names."""
        names_by_note: dict[str, list[str]] = {}
        names_by_values: dict[bytes, list[str]] = {}
        for name, result in self.results.items():
            for note in result.notes:
                names_by_note.setdefault(note, []).append(name)
            names_by_values.setdefault(_bytes_of(result), []).append(name)
        equal = []
        for names in names_by_values.values():
            if len(names) > 1:
                text = "one and the same here, what tells them apart is not in this data"
                equal.append(f"{', '.join(names)}: {text}")
        return [*self.notes, *equal, *_with_names(names_by_note)]

    def to_dict(self, baseline: str | None = None, *, per_brand: bool = False) -> dict[str, Any]:
        """JSON types; ``results`` is ``{ranker: {metric: {"mean", "low", "high", "seed_std",
        "fold_std"}}}``.

        per_brand  with the rows of all brands, which name accounts; tables that are published have none
        """
        by_ranker: dict[str, dict[str, Any]] = {}
        for name, result in self.results.items():
            by_ranker[name] = {
                "calibration": self.calibration(name),
                "by_history": self.by_history(name),
                "by_category": self.by_category(name),
                "by_tie_rule": self.by_tie_rule(name) or None,
                "exposure": self.exposure(result),
                "parity": self.parity(name, per_brand=per_brand),
                "per_brand": self.per_brand(name) if per_brand else None,
                "parameters": result.parameters,
                "seconds": {"fit": round(result.fit_seconds, 4), "score": round(result.score_seconds, 4)},
                "reads": result.fitted_features,
            }

        def column(key: str) -> dict[str, Any]:
            """Ranker to one of its entries; entries that are None are left out."""
            return {name: row[key] for name, row in by_ranker.items() if row[key] is not None}

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
            "results": self._figures(self.results),
            "references": self._figures(self.references),
            **({"first_ten": self._first_ten()} if per_brand else {}),
            "calibration": column("calibration"),
            "by_history": column("by_history"),
            "by_category": column("by_category"),
            **({"by_tie_rule": column("by_tie_rule")} if self.protocol.compares_ties else {}),
            **({"per_brand": column("per_brand")} if per_brand else {}),
            "exposure": column("exposure"),
            "reference_exposure": _without_none(map_values(self.exposure, self.references)),
            **({"parity": column("parity")} if self.protocol.compares_parity else {}),
            "comparisons": self.comparisons(baseline) if len(self.results) > 1 else [],
            "parameters": column("parameters"),
            "seconds": column("seconds"),
            "reads": column("reads"),
            "leaky": [name for name, result in self.results.items() if result.leaky],
            "category_source": self.category_source,
            "dataset": self.dataset,
            "notes": self.remarks(),
        }

    def _first_ten(self) -> dict[str, dict[str, Any]]:
        """Ranker to the plain answer (``evaluation.first_ten``), without the notes of the report."""
        is_stored_without_counts = len(self.has_posts) < len(self.brands)
        if Recall(SUGGESTED) not in self.protocol.metrics or is_stored_without_counts:
            return {}
        answers = {name: first_ten(self, name).to_dict() for name in self.results}
        return {name: {**answer, "notes": []} for name, answer in answers.items()}

    def _figures(self, results: dict[str, RankerResult]) -> dict[str, dict[str, Any]]:
        """Name to metric name to mean, interval and spread."""
        figures: dict[str, dict[str, Any]] = {}
        for name, result in results.items():
            figures[name] = {str(metric): self.reference(result, metric) for metric in self.protocol.metrics}
        return figures

    def to_text(self) -> str:
        """The table for people: rankers down, metrics across, mean and 95 % interval over brands."""
        return report_text(self)


def _tier_row(means: TierShares, number: int) -> dict[str, Any]:
    """The shares of one tier as JSON types."""
    return {
        "followers": TIERS[number],
        "exposure": float(means.exposure[number]),
        "candidates": float(means.candidates[number]),
        "partners": float(means.partners[number]),
    }


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _with_names(names_by_note: dict[str, list[str]]) -> list[str]:
    return [f"{', '.join(names)}: {note}" for note, names in names_by_note.items()]


def _bytes_of(result: RankerResult) -> bytes:
    """All values of a result: equal bytes mean equal rankings on every brand."""
    parts: list[bytes] = []
    for arrays in result.values.values():
        parts += map(np.ndarray.tobytes, arrays)
    return b"".join(parts)


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
