"""What tells an influencer's category: logistic regression on features of accounts, five folds over influencers, without 'other'.

    brandfit encode text.minilm text.hashing concept.bag -w WORKSPACE
    brandfit encode image.onnx --set path=MODEL -w WORKSPACE
    python experiments/probe.py WORKSPACE

A row an account: the mean over its posts, zeros where it has none of a feature; each feature is scaled to columns of equal
deviation and rows of about equal length. Folds are stratified by category and the same for all. Accuracy is the mean over the
folds of influencers that are classified as labelled; the penalty is fixed beforehand (C = PENALTY), not chosen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.text.hashing import Hashing, HashingConfig
from brandfit.learning.pooling import account_vectors
from brandfit.workspace import Workspace

PENALTY = 0.1
WIDEST = 400
"""Columns of a feature; a wider one is reduced to as many by a singular value decomposition of the training fold."""


def alt_texts(dataset: Dataset) -> Features:
    """text.hashing of the descriptions of pictures, as if they were captions."""
    told: dict[str, list[str]] = {}
    for post, text in zip(dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True):
        told.setdefault(post, []).append(text or "")
    posts = dataset.posts
    captions = [" ".join(told.get(id, ())).replace("Image may contain:", "") for id in posts["id"].to_pylist()]
    posts = posts.set_column(posts.schema.get_field_index("caption"), posts.schema.field("caption"), pa.array(captions))
    empty = pa.array([[]] * len(posts), posts.schema.field("hashtags").type)
    posts = posts.set_column(posts.schema.get_field_index("hashtags"), posts.schema.field("hashtags"), empty)
    tables = {"accounts": dataset.accounts, "posts": posts, "images": dataset.images, "links": dataset.stored_links}
    return Hashing(HashingConfig(dim=1024)).encode(Dataset(tables, "alt texts"))


def scaled(train: np.ndarray, test: np.ndarray, seed: int) -> list[np.ndarray]:
    if train.shape[1] > WIDEST:
        reduction = TruncatedSVD(WIDEST, random_state=seed).fit(train)
        train, test = reduction.transform(train), reduction.transform(test)
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    return [(part - mean) / deviation / np.sqrt(train.shape[1] / 100) for part in (train, test)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset = workspace.dataset()
        found = {name: workspace.features(name) for name in workspace.feature_names() if name != "engagement"}
        found["alt text"] = alt_texts(dataset)
        posting = set(dataset.posts["account"].to_pylist())
        ids = np.array([id for id in dataset.influencers.tolist() if id in posting], dtype=object)
        category = dataset.of_accounts("category", ids)
        ids, category = ids[(category != "other") & (category != None)], category[(category != "other") & (category != None)]  # noqa: E711
        values = {name: account_vectors(dataset.with_slots({"x": f}), "x", ids).values for name, f in found.items()}
    groups = {name: [name] for name in values}
    groups["captions"] = [name for name in values if name.startswith("text.")]
    groups["all"] = list(values)
    groups["all but concepts"] = [name for name in values if not name.startswith("concept")]
    groups["all but pictures"] = [name for name in values if not name.startswith("image")]
    names, counts = np.unique(category.astype(str), return_counts=True)
    print(f"{len(ids):,} influencers; the most frequent of {len(names)} categories: {counts.max() / len(ids):.3f}")
    accuracy: dict[str, list[float]] = {name: [] for name in groups}
    recalls: list[np.ndarray] = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(ids, category.astype(str)):
        parts = {name: scaled(each[train], each[test], 0) for name, each in values.items()}
        for name, members in groups.items():
            one, other = (np.concatenate([parts[m][side] for m in members], axis=1) for side in (0, 1))
            model = LogisticRegression(C=PENALTY, max_iter=300).fit(one, category[train].astype(str))
            right = model.predict(other) == category[test].astype(str)
            accuracy[name].append(float(right.mean()))
            if name == "all":
                recalls.append(np.array([right[category[test] == c].mean() for c in names]))
    for name, each in accuracy.items():
        print(f"{name:<18} accuracy {np.mean(each):.3f} ± {np.std(each):.3f} over folds")
    print("recall with all:", ", ".join(f"{c} {r:.2f}" for c, r in zip(names, np.mean(recalls, axis=0), strict=True)))


if __name__ == "__main__":
    main()
