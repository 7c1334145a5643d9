"""What tells an influencer's category: every profiler, by the number of posts, and what each modality and
attention give.

    python studies/profiles.py WORKSPACE --out results/profiler [--seeds 3] [--ablations 1]
        [--only combined attentive]

Table 1 of Kim et al., WWW 2020 (influencers), Fig. 3 (followers, followees, posts), Fig. 5a (accuracy against
the number of posts) and Fig. 5b (words, pictures, both; with and without attention), in five folds over
influencers, on whatever Features the workspace holds. Their figures stand beside ours: theirs are of 1,142
influencers with 300 posts each. Rows that the folder holds with the same seeds are not run again. The
ablations have seeds of their own, for they are the slowest; ``--ablations 0`` leaves them out. Table 2 is
studies/posts.py. Tuning Inception-v3 (Fig. 5b) wants its weights and is a row of its own: ``--tune
FILE``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brandfit import pipeline, registry
from brandfit.config import describe
from brandfit.data.dataset import Dataset
from brandfit.evaluation.profiles import ProfileReport, answered, judge
from brandfit.workspace import Workspace

PUBLISHED = {
    "tags": 0.711,
    "social": 0.8135,
    "user": 0.8406,
    "image": 0.9002,
    "gaussian_nb": 0.9326,
    "nearest": 0.9387,
    "svc": 0.9413,
    "random_forest": 0.9465,
    "attentive": 0.9832,
}
ABLATIONS = {
    "words, attention": (("text",), True, 0.8904),
    "pictures, attention": (("picture",), True, 0.9547),
    "both, attention": (("text", "picture"), True, 0.9741),
    "both, mean": (("text", "picture"), False, 0.9518),
}
"""Slots, attention, and the paper's accuracy without fine-tuning where it has one (Fig. 5b; 'both, mean' with
it)."""


class Run(NamedTuple):
    """``slots`` of Features to read (None: all), ``published`` the paper's accuracy."""

    label: str
    profiler: str
    settings: dict[str, Any]
    slots: tuple[str, ...] | None
    published: float | None
    seeds: int


def runs(asked: argparse.Namespace) -> list[Run]:
    wanted = asked.only or [
        n for n in registry.names("profiler") if "level" in describe(registry.load("profiler", n).Config)
    ]
    found = [Run(name, name, {}, None, PUBLISHED.get(name), asked.seeds) for name in wanted]
    if not asked.ablations:
        return found
    for label, (slots, attention, published) in ABLATIONS.items():
        found.append(
            Run(
                f"attentive: {label}",
                "attentive",
                {"attention": attention},
                slots,
                published,
                asked.ablations,
            )
        )
    if asked.tune:
        both, tuned = ("text", "picture"), {"tune": 2, "weights": asked.tune}
        name = "attentive: both, attention, tuned"
        found.append(Run(name, "attentive", tuned, both, PUBLISHED["attentive"], asked.ablations))
    return found


def judged(run: Run, dataset: Dataset) -> dict[str, Any]:
    """The report of one row as JSON, with the accuracy by number of posts."""
    label = run.label
    if run.slots is not None:
        dataset = dataset.with_slots(
            {n: f for n, f in dataset.slots.items() if f.slot in (*run.slots, "concept")}
        )
    cls = registry.load("profiler", run.profiler)
    report = judge(
        {label: lambda seed: cls(cls.Config.from_settings(run.settings), seed)},
        dataset,
        seeds=tuple(range(run.seeds)),
    )
    told = report.to_dict()
    return {**told, **told.pop("results")[label], "by_posts": by_posts(report, label)}


def by_posts(report: ProfileReport, name: str) -> dict[str, dict[str, float]]:
    """Accuracy of influencers with one, two, three, four and more posts."""
    right = np.mean([answered(p) == report.truth for p in report.results[name].probabilities], axis=0)
    groups = {
        "1": report.posts == 1,
        "2": report.posts == 2,
        "3": report.posts == 3,
        "4 or more": report.posts >= 4,
    }
    return {
        label: {"accuracy": float(right[at].mean()), "influencers": int(at.sum())}
        for label, at in groups.items()
        if at.any()
    }


def row(run: Run, result: dict[str, Any]) -> str:
    def cell(value: dict[str, float]) -> str:
        return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"

    values = [cell(result[key]) for key in ("accuracy", "macro_f1", "accuracy_several")]
    spread, published = result["accuracy"]["seed_std"], run.published
    told = [
        f"{spread:.3f}" if spread is not None else "-",
        f"{result['ece']:.3f}",
        f"{result['seconds'] / result_fits(result):.0f}",
    ]
    return f"| {run.label} | {' | '.join([*values, *told])} | {f'{published:.3f}' if published else '-'} |"


def result_fits(result: dict[str, Any]) -> int:
    return 5 * len(result["seeds"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--ablations", type=int, default=1, help="seeds of the ablations")
    parser.add_argument("--tune", help="file of Inception-v3 weights, or default")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    kept = asked.out / "profiles.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.with_features(workspace)
        for run in runs(asked):
            if run.label not in results or results[run.label]["seeds"] != list(range(run.seeds)):
                results[run.label] = judged(run, dataset)
            print(row(run, results[run.label]), flush=True)  # one after the other: what is done is written
            kept.write_text(json.dumps(results, indent=1) + "\n")
    asked.only, asked.ablations, asked.tune = [], asked.ablations or 1, asked.tune or "default"
    write(asked.out, [run for run in runs(asked) if run.label in results], results)
    figures(asked.out, results, dataset)


def write(out: Path, done: list[Run], results: dict[str, Any]) -> None:
    first = results[done[0].label]
    groups = first["by_posts"]
    text = [
        "# Profilers",
        "",
        f"{first['influencers']:,} influencers of {len(first['classes'])} categories, five folds; the most "
        "frequent category: "
        f"{first['majority']:.3f}. In brackets: 95 % interval over influencers. Seconds: one fit and its "
        "answers, "
        "on one core, beside whatever else ran. A row without a spread over seeds is of one seed. "
        "Published: Kim et al. 2020, accuracy on 1,142 influencers with 300 posts each.",
        "",
        "| | accuracy | macro-F1 | accuracy, 3 posts or more | spread over seeds | calibration error | "
        "seconds | published |",
        "|---" * 8 + "|",
        *(row(run, results[run.label]) for run in done),
        "",
        "F1 by category:",
        "",
        "| | " + " | ".join(first["classes"]) + " |",
        "|---" * (len(first["classes"]) + 1) + "|",
        *(
            f"| {n} | " + " | ".join(f"{c['f1']:.3f}" for c in results[n]["per_class"].values()) + " |"
            for n, *_ in done
        ),
        "",
        "Accuracy by the number of posts (influencers in parentheses):",
        "",
        "| posts | " + " | ".join(f"{label} ({v['influencers']:,})" for label, v in groups.items()) + " |",
        "|---" * (len(groups) + 1) + "|",
        *(
            f"| {n} | " + " | ".join(f"{v['accuracy']:.3f}" for v in results[n]["by_posts"].values()) + " |"
            for n, *_ in done
        ),
        "",
    ]
    (out / "profiles.md").write_text("\n".join(text))


def figures(out: Path, results: dict[str, Any], dataset: Dataset) -> None:
    """Fig. 3, 5a and 5b."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.8), layout="constrained")
    for axes, field in zip(figure.subplots(1, 3), ("followers", "followees", "posts"), strict=True):
        values = dataset.account_values(field, dataset.influencers).astype(float)
        values = values[values > 0]
        axes.hist(values, bins=np.geomspace(values.min(), values.max(), 50), color="#1f5fa8")
        axes.set(
            xscale="log",
            xlabel=field,
            title=f"median {np.median(values):,.0f} of {len(values):,}",
            ylabel="influencers",
        )
    figure.savefig(out / "fig3.png", dpi=120)
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, result in results.items():
        if ":" not in name:
            ours = {"linewidth": 2.5, "color": "#c2571a"} if name == "combined" else {"linewidth": 1}
            values = result["by_posts"]
            left.plot(
                list(values),
                [v["accuracy"] for v in values.values()],
                marker="o",
                markersize=3,
                label=name,
                **ours,
            )
    left.set(xlabel="posts of an influencer", ylabel="accuracy", title="Fig. 5a")
    left.legend(frameon=False, fontsize=7, ncols=2)
    done = [name for name in results if ":" in name]
    mean = np.array([[results[n]["accuracy"][k] for k in ("mean", "low", "high")] for n in done]).reshape(
        -1, 3
    )
    right.errorbar(
        mean[:, 0], range(len(done)), xerr=np.abs(mean[:, 1:] - mean[:, :1]).T, fmt="o", color="#1f5fa8"
    )
    right.set_yticks(range(len(done)), [n.partition(": ")[2] for n in done])
    right.set(xlabel="accuracy", title="Fig. 5b")
    figure.savefig(out / "fig5.png", dpi=120)


if __name__ == "__main__":
    main()
