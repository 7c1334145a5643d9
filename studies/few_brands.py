"""How much ``brandfit`` needs: its figures by the number of brands that it learned from, compared with
``simcos``.

    python studies/few_brands.py WORKSPACE --protocol expansion --prior both
        --out results/brandfit/few/sample

For each count n, n brands are drawn from the training side of every fold, and the training side keeps them
alone; all brands of the other side are judged. Rows: ``simcos``, which learns nothing; ``brandfit`` without a
prior (zeros; without endorsements equal cosines); ``brandfit`` with a prior. ``--prior`` names what the prior
was learned from: leave out the data set that is judged. A figure is the mean over brands of the mean over
draws and seeds; in brackets a 95 % bootstrap interval over brands. p: sign flips of the differences to
``simcos`` brand by brand, adjusted after Holm over all counts and metrics. Writes table.md, result.json and
plot.png into ``--out``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brandfit import pipeline, seeds
from brandfit.data.dataset import Dataset
from brandfit.data.split import Fold
from brandfit.evaluation import metrics as metric_names
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import Metric
from brandfit.evaluation.significance import holm, interval, paired_test
from brandfit.rankers.base import Ranker
from brandfit.rankers.brandfit import Brandfit, BrandfitConfig
from brandfit.rankers.simcos import SimCos
from brandfit.workspace import Workspace

METRICS = ("AUC", "Recall@10", "MRR", "MAP")
COUNTS = "0,1,2,3,5,10,20,40,80,all"
BASELINE, PLAIN, PRIOR = "simcos", "brandfit, no prior", "brandfit"
COLOURS = {BASELINE: "#7a7a7a", PLAIN: "#c2571a", PRIOR: "#1f5fa8"}


@dataclass(frozen=True)
class Point:
    """One row at one count: metric name to values (brands,), means over draws and seeds."""

    row: str
    count: int
    values: dict[str, np.ndarray]


def narrowed(fold: Fold, count: int | None, draw: int) -> Fold:
    """The fold whose training side knows ``count`` brands with partners; None: all of them."""
    if count is None:
        return fold
    if count == 0:
        return fold._replace(train=fold.train.with_links([], replacing=["endorses"]))
    brands = np.unique(fold.train.endorsements[:, 0].astype(str)).astype(object)
    drawn = np.sort(seeds.generator(0, "few brands", draw, count).permutation(brands)[:count])
    return fold._replace(train=fold.train.restricted(brands=drawn))


def judged_at(
    folds: list[Fold],
    dataset: Dataset,
    name: str,
    makers: dict[str, Callable[[int], Ranker]],
    seed_count: int,
) -> dict[str, dict[str, np.ndarray]]:
    """Row to metric to values (brands,) of one draw, means over seeds."""
    chosen = tuple(metric_names.parse(metric) for metric in METRICS)
    protocol = protocols.get(name).replace(split=lambda dataset, **settings: folds, metrics=chosen)
    report = evaluate(makers, dataset, protocol=protocol, seeds=tuple(range(seed_count)))
    return {
        row: {str(metric): found.mean(metric) for metric in chosen} for row, found in report.results.items()
    }


def curve(workspace: Workspace, given: argparse.Namespace) -> list[Point]:
    dataset = pipeline.load(workspace)
    folds = protocols.get(given.protocol).folds(dataset)
    makers: dict[str, Callable[[int], Ranker]] = {
        BASELINE: lambda seed: SimCos(),
        PLAIN: lambda seed: Brandfit(BrandfitConfig(prior="none"), seed),
        PRIOR: lambda seed: Brandfit(BrandfitConfig(prior=given.prior), seed),
    }
    most = min(len(np.unique(fold.train.endorsements[:, 0].astype(str))) for fold in folds)
    counts = [None if text == "all" else int(text) for text in given.counts.split(",")]
    points = []
    for count in counts:
        if count is not None and count >= most:
            continue
        draws = given.draws if count else 1
        found = []
        for draw in range(draws):
            parts = [narrowed(fold, count, draw) for fold in folds]
            found.append(judged_at(parts, dataset, given.protocol, makers, given.seeds))
        for row in makers:
            values = {metric: np.mean([one[row][metric] for one in found], axis=0) for metric in METRICS}
            points.append(Point(row, most if count is None else count, values))
        print(f"{most if count is None else count:>4} brands: {draws} draws", flush=True)
    return points


def value(metric: Metric, values: np.ndarray) -> dict[str, float]:
    low, high = interval(metric, values)
    return {"mean": metric.aggregate(values), "low": low, "high": high}


def summarised(points: list[Point]) -> dict[str, dict[int, dict[str, dict[str, float]]]]:
    """Row to count to metric to mean, interval and, but for the baseline, difference to it with its p."""
    baseline = {point.count: point for point in points if point.row == BASELINE}
    result: dict[str, dict[int, dict[str, dict[str, float]]]] = {}
    tests: list[tuple[dict[str, float], float]] = []
    for point in points:
        cells = {name: value(metric_names.parse(name), values) for name, values in point.values.items()}
        result.setdefault(point.row, {})[point.count] = cells
        if point.row == BASELINE:
            continue
        for name, cell in cells.items():
            other = baseline[point.count].values[name]
            cell["difference"] = cell["mean"] - metric_names.parse(name).aggregate(other)
            tests.append((cell, paired_test(point.values[name], other)))
    for (cell, _), p in zip(tests, holm([p for _, p in tests]), strict=True):
        cell["p"] = p
    return result


def table(found: dict[str, dict[int, dict[str, dict[str, float]]]], given: argparse.Namespace) -> str:
    lines = [
        "# brandfit by the number of brands that it learned from",
        "",
        f"    python studies/few_brands.py WORKSPACE --protocol {given.protocol} --prior {given.prior} "
        f"--counts {given.counts} --draws {given.draws} --seeds {given.seeds}",
        "",
        f"Protocol {given.protocol}, ties expected; means over brands of the means over {given.draws} draws "
        f"and {given.seeds} "
        "seeds; in brackets a 95 % interval over brands; then the difference to simcos (p by sign flips, "
        "Holm).",
        "",
        f"| brands | row | {' | '.join(METRICS)} |",
        f"|---|---|{'---|' * len(METRICS)}",
    ]
    for count in next(iter(found.values())):
        for row, of_row in found.items():
            cells = []
            for name in METRICS:
                cell = of_row[count][name]
                text = f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"
                cells.append(text + (f" {cell['difference']:+.3f} ({cell['p']:.3f})" if "p" in cell else ""))
            lines.append(f"| {count} | {row} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(found: dict[str, dict[int, dict[str, dict[str, float]]]], file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(METRICS), 3.2), layout="constrained")
    panels = figure.subplots(1, len(METRICS))
    for axes, name in zip(panels, METRICS, strict=True):
        for row, of_row in found.items():
            counts = list(of_row)
            at = np.arange(len(counts))
            cells = [of_row[count][name] for count in counts]
            axes.plot(
                at, [cell["mean"] for cell in cells], marker="o", markersize=4, color=COLOURS[row], label=row
            )
            if row != PLAIN:
                low, high = ([cell[end] for cell in cells] for end in ("low", "high"))
                axes.fill_between(at, low, high, color=COLOURS[row], alpha=0.12, linewidth=0)
        axes.set_xticks(at, [str(count) for count in counts])
        axes.set(title=name, xlabel="brands learned from")
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--protocol", default="expansion", choices=("cv5", "expansion"))
    parser.add_argument("--prior", default="both", choices=("both", "released", "instagram"))
    parser.add_argument("--counts", default=COUNTS)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with Workspace(given.workspace) as workspace:
        found = summarised(curve(workspace, given))
    text = json.dumps(found, indent=1)
    (given.out / "result.json").write_text(text + "\n", encoding="utf-8")
    (given.out / "table.md").write_text(table(found, given), encoding="utf-8")
    plot(found, given.out / "plot.png")


if __name__ == "__main__":
    main()
