"""What tells what a single post is about: models by what they read.

    python studies/posts.py WORKSPACE --out results/profiler [--labels account|pictures|FILE.csv]
    [--each 1000] [--seeds 1]

Table 2 of Kim et al., WWW 2020: five models on words, pictures and both, in five folds over influencers, on a
balanced draw of posts. Theirs were labelled by people. Labels here: ``account``, of the account that posted,
stated by people, though not every post of a food account shows food; ``pictures``, what the platform's
description of the picture says through the taxonomy, which no model here reads; or a CSV file of post and
category. Words are ``text.minilm``, pictures ``image.onnx``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from brandfit import pipeline, registry, seeds
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept.bag import Bag
from brandfit.evaluation.profiles import judge
from brandfit.profilers._examples import labelled, posts_of
from brandfit.profilers._labels import read_labels
from brandfit.profilers._weak import weakly_labelled
from brandfit.workspace import Workspace

READ = {"words": ("text.minilm",), "pictures": ("image.onnx",), "both": ("text.minilm", "image.onnx")}
PUBLISHED = {
    "majority": (None,),
    "gaussian_nb": (0.4070, 0.8465, 0.8700),
    "nearest": (0.3885, 0.8175, 0.8870),
    "svc": (0.3620, 0.6700, 0.7150),
    "random_forest": (0.3180, 0.7830, 0.7625),
    "attentive": (0.6090, 0.9075, 0.9620),
}
"""Accuracy on words, pictures and both; ten balanced categories."""
TAXONOMY_OF_PICTURES = {"hashtag": 0.0, "caption": 0.0, "profile": 0.0, "alt_text": 1.0}


def labels_of(dataset: Dataset, source: str) -> dict[str, str]:
    """Post to category."""
    if source == "account":
        category = dict(zip(*(array.tolist() for array in labelled(dataset, ("other",))), strict=True))
        account = dict(
            zip(dataset.posts["id"].to_pylist(), dataset.posts["account"].to_pylist(), strict=True)
        )
        return {id: category[account[id]] for id in posts_of(dataset).tolist() if account[id] in category}
    if source == "pictures":
        bag = Bag(Bag.Config.from_settings(TAXONOMY_OF_PICTURES)).encode(dataset)
        told = weakly_labelled(dataset.with_slots({"concept": bag}))
        return {id: c for id, c in told.post_categories.items() if c != "other"}
    return read_labels(source).labels


def balanced(dataset: Dataset, labels: dict[str, str], each: int) -> dict[str, str]:
    """As many of every category, of posts that have words and pictures."""
    whole = [set(dataset.slots[name].ids.tolist()) for name in READ["both"]]
    there = sorted(id for id in labels if all(id in ids for ids in whole))
    by: dict[str, list[str]] = {}
    for n in seeds.generator(0, "posts").permutation(len(there)).tolist():
        by.setdefault(labels[there[n]], []).append(there[n])
    return {id: category for category, ids in by.items() for id in ids[:each]}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--labels", default="account")
    parser.add_argument("--each", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.with_features(workspace)
    chosen = balanced(dataset, labels_of(dataset, asked.labels), asked.each)
    found: dict[str, Any] = {"labels": asked.labels, "each": asked.each, "results": {}}
    classes = sorted(set(chosen.values()))
    lines = [
        "# Posts",
        "",
        f"{len(chosen):,} posts of {len(classes)} categories ({asked.each:,} of each at most), labels: "
        f"{asked.labels}; five folds "
        f"over influencers, {asked.seeds} seed(s), 95 % interval over posts in brackets. Published: Table 2 "
        "of Kim et al. 2020.",
        "",
        "| | reads | accuracy | " + " | ".join(f"F1 {c}" for c in classes) + " | published |",
        "|---" * (len(classes) + 4) + "|",
    ]
    for model, published in PUBLISHED.items():
        for (read, slots), theirs in zip(READ.items(), published, strict=False):
            kept = dataset.with_slots({name: dataset.slots[name] for name in slots}).with_post_categories(
                chosen
            )
            cls = registry.load("profiler", model)
            report = judge(
                {model: lambda seed, c=cls: c(c.Config.from_settings({"level": "post"}), seed)},
                kept,
                seeds=range(asked.seeds),
            )
            result = report.to_dict()["results"][model]
            found["results"][f"{model}, {read}"] = result
            value = result["accuracy"]
            cells = [f"{result['per_class'][c]['f1']:.3f}" for c in classes]
            cell = f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"
            lines.append(
                f"| {model} | {read} | {cell} | {' | '.join(cells)} | {f'{theirs:.3f}' if theirs else '-'} |"
            )
            print(lines[-1], flush=True)
            name = f"posts-{Path(asked.labels).stem}"
            (asked.out / f"{name}.md").write_text("\n".join([*lines, ""]))
            (asked.out / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
