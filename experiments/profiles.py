"""What tells an influencer's category: every profiler, by the number of posts, and what each modality and attention give.

    python experiments/profiles.py WORKSPACE --out experiments/profiler [--seeds 3] [--only combined attentive]

Table 1 of Kim et al., WWW 2020 (influencers), Fig. 5a (accuracy against the number of posts) and Fig. 5b (words, pictures, both;
with and without attention), in five folds over influencers, on whatever Features the workspace holds. Their figures stand beside
ours: theirs are of 1,142 influencers in balanced classes with 300 posts each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import names, pipeline
from brandfit.data.dataset import Dataset
from brandfit.evaluation.profiles import ProfileReport, judge
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
"""Slots, attention, and the paper's accuracy without fine-tuning where it has one (Fig. 5b; 'both, mean' with it)."""


def only(dataset: Dataset, slots: tuple[str, ...]) -> Dataset:
    kept = {n: f for n, f in dataset.slots.items() if f.slot in (*slots, "concept")}
    return dataset.with_slots(kept)


def maker(name: str, **settings: Any) -> Any:
    cls = names.load("profiler", name)
    config = cls.Config.of(settings)
    return lambda seed: cls(config, seed)


def by_posts(report: ProfileReport, name: str) -> dict[str, dict[str, float]]:
    """Accuracy of influencers with one, two, three, four and more posts."""
    right = np.mean([p.argmax(axis=1) == report.truth for p in report.told[name].probabilities], axis=0)
    groups = {"1": report.posts == 1, "2": report.posts == 2, "3": report.posts == 3, "4 or more": report.posts >= 4}
    return {label: {"accuracy": float(right[at].mean()), "influencers": int(at.sum())} for label, at in groups.items() if at.any()}


def row(label: str, result: dict[str, Any], published: float | None) -> str:
    def cell(value: dict[str, float]) -> str:
        return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"

    values = [cell(result[key]) for key in ("accuracy", "macro_f1", "accuracy_several")]
    spread = result["accuracy"]["seed_std"]
    told = [f"{spread:.3f}" if spread is not None else "-", f"{result['ece']:.3f}", f"{published:.3f}" if published else "-"]
    return f"| {label} | {' | '.join([*values, *told])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--no-ablations", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = asked.only or [n for n in names.names("profiler") if names.load("profiler", n).level == "account"]
    header = ["| | accuracy | macro-F1 | accuracy, 3 posts or more | spread over seeds | calibration error | published |"]
    header += ["|---" * 7 + "|"]
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.with_features(workspace)
    results: dict[str, Any] = {"profilers": {}, "by_posts": {}, "ablations": {}}
    lines: list[str] = []
    for name in wanted:  # one after the other: what is done is written
        report = judge({name: maker(name)}, dataset, seeds=tuple(range(asked.seeds)))
        told = report.to_dict()
        results["profilers"][name] = told["results"][name]
        results["by_posts"][name] = by_posts(report, name)
        results |= {key: told[key] for key in ("classes", "influencers", "majority", "seeds")}
        lines.append(row(name, told["results"][name], PUBLISHED.get(name)))
        print(lines[-1], flush=True)
        write(asked.out, header, lines, results)
    if not asked.no_ablations:
        for label, (slots, attention, published) in ABLATIONS.items():
            report = judge({label: maker("attentive", attention=attention)}, only(dataset, slots), seeds=tuple(range(asked.seeds)))
            results["ablations"][label] = report.to_dict()["results"][label]
            lines.append(row(f"attentive: {label}", results["ablations"][label], published))
            print(lines[-1], flush=True)
            write(asked.out, header, lines, results)


def write(out: Path, header: list[str], lines: list[str], results: dict[str, Any]) -> None:
    posts = [
        f"| {n} | " + " | ".join(f"{v['accuracy']:.3f}" for v in found.values()) + " |" for n, found in results["by_posts"].items()
    ]
    first = next(iter(results["by_posts"].values()))
    top = "| posts | " + " | ".join(f"{label} ({v['influencers']:,})" for label, v in first.items()) + " |"
    text = [
        "# Profilers",
        "",
        f"{results['influencers']:,} influencers of {len(results['classes'])} categories, five folds; the most frequent category: "
        f"{results['majority']:.3f}. Seeds {results['seeds']}. In brackets: 95 % interval over influencers.",
        "",
        *header,
        *lines,
        "",
        "Accuracy by the number of posts (influencers in parentheses):",
        "",
        top,
        "|---" * (len(first) + 1) + "|",
        *posts,
        "",
    ]
    (out / "table.md").write_text("\n".join(text))
    (out / "result.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
