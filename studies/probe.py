"""What tells an influencer's category: logistic regression on features of accounts, five folds over
influencers, without 'other'.

    brandfit encode text.minilm text.hashing concept.bag -w WORKSPACE
    brandfit encode image.onnx --set path=MODEL -w WORKSPACE
    python studies/probe.py WORKSPACE

A row an account: the mean over its posts, of length one in every feature, zeros where it has none; counts of
concepts by their square roots. Folds are stratified by category and the same for all. Within each training
fold a fifth chooses the penalty out of PENALTIES; the test fold is only judged. Accuracy is the share of
influencers that are classified as labelled, mean over the folds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.concept.bag import AROUND
from brandfit.encoders.text.hashing import Hashing, HashingConfig
from brandfit.learning.pooling import account_vectors
from brandfit.workspace import Workspace

PENALTIES = (0.1, 0.3, 1.0, 3.0)
"""C of the logistic regression: the inverse of its penalty."""


def alt_texts(dataset: Dataset) -> Features:
    """text.hashing of the descriptions of pictures, as if they were captions."""
    told: dict[str, list[str]] = {}
    for post, text in zip(
        dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True
    ):
        told.setdefault(post, []).append(text or "")
    posts = dataset.posts
    captions = [AROUND.sub(" ", " ".join(told.get(id, ()))) for id in posts["id"].to_pylist()]
    posts = posts.set_column(
        posts.schema.get_field_index("caption"), posts.schema.field("caption"), pa.array(captions)
    )
    empty = pa.array([[]] * len(posts), posts.schema.field("hashtags").type)
    posts = posts.set_column(posts.schema.get_field_index("hashtags"), posts.schema.field("hashtags"), empty)
    tables = {
        "accounts": dataset.accounts,
        "posts": posts,
        "images": dataset.images,
        "links": dataset.stored_links,
    }
    return Hashing(HashingConfig(dim=1024)).encode(Dataset(tables, "alt texts"))


def unit(name: str, values: np.ndarray) -> np.ndarray:
    values = np.sqrt(values) if name == "concept.bag" else values
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)


def fitted(values: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    """The model of the best penalty on a fifth of these rows, fitted on all of them."""
    one, other = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=0, stratify=labels)
    tried = {
        c: LogisticRegression(C=c, max_iter=200, tol=1e-3)
        .fit(values[one], labels[one])
        .score(values[other], labels[other])
        for c in PENALTIES
    }
    return LogisticRegression(C=max(tried, key=tried.__getitem__), max_iter=200, tol=1e-3).fit(values, labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset = workspace.dataset()
        found = {name: workspace.features(name) for name in workspace.feature_names() if name != "engagement"}
        found["alt text"] = alt_texts(dataset)
        posting = set(dataset.posts["account"].to_pylist())
        ids = np.array([id for id in dataset.influencers.tolist() if id in posting], dtype=object)
        category = dataset.account_values("category", ids)
        stated = (category != "other") & (category != None)  # noqa: E711
        ids, category = ids[stated], category[stated]
        values = {
            name: unit(name, account_vectors(dataset.with_slots({"x": f}), "x", accounts=ids).values)
            for name, f in found.items()
        }
    groups = {name: [name] for name in values}
    groups["captions"] = [name for name in values if name.startswith("text.")]
    groups["all"] = list(values)
    groups["all but concepts"] = [name for name in values if not name.startswith("concept")]
    groups["all but pictures"] = [name for name in values if not name.startswith("image")]
    names, counts = np.unique(category.astype(str), return_counts=True)
    print(
        f"{len(ids):,} influencers; the most frequent of {len(names)} categories: "
        f"{counts.max() / len(ids):.3f}"
    )
    accuracy: dict[str, list[float]] = {name: [] for name in groups}
    recalls: list[np.ndarray] = []
    labels = category.astype(str)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(ids, labels):
        for name, members in groups.items():
            rows = np.concatenate([values[m] for m in members], axis=1)
            right = fitted(rows[train], labels[train]).predict(rows[test]) == labels[test]
            accuracy[name].append(float(right.mean()))
            if name == "all":
                recalls.append(np.array([right[labels[test] == c].mean() for c in names]))
    for name, each in accuracy.items():
        print(f"{name:<18} accuracy {np.mean(each):.3f} ± {np.std(each):.3f} over folds")
    print(
        "recall with all:",
        ", ".join(f"{c} {r:.2f}" for c, r in zip(names, np.mean(recalls, axis=0), strict=True)),
    )


if __name__ == "__main__":
    main()
