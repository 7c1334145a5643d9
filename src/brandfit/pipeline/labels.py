"""Labels that people gave to accounts or posts: read for a profiler, written as a table, and chosen to be
made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from brandfit import seeds
from brandfit.arguments import Count, Files, Texts, checked, paths
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.errors import DataError, UsageError
from brandfit.profilers._labels import Kind, read_labels
from brandfit.profilers._weak import WEAK, weakly_labelled
from brandfit.profilers.base import SLOTS, Profiler
from brandfit.workspace import Place, as_workspace

POST_CAPTION, ACCOUNT_TEXT = 400, 200
"""Characters of a text that are printed for a person who labels posts or accounts."""
CAPTIONS = 3
"""Captions of an account that are printed."""
EXAMPLES = 3


@checked
def with_labels(dataset: Dataset, files: Files, profilers: Sequence[Profiler]) -> Dataset:
    """The Dataset with the labels of these files in place of its categories. Profilers of posts get weak
    labels if no file labels posts.

    Raises DataError for a file without labels of this workspace, and UsageError for a file from which none of
    these profilers learns.
    """
    for file in paths(files, "files"):
        dataset = _with_labels_of_file(dataset, file, profilers)
    profile_posts = all(profiler.slot == SLOTS["post"] for profiler in profilers)
    return weakly_labelled(dataset) if profile_posts and not dataset.post_categories else dataset


def _with_labels_of_file(dataset: Dataset, file: str | Path, profilers: Sequence[Profiler]) -> Dataset:
    kind, category_by_id = read_labels(file)
    if not any(kind in profiler.labels for profiler in profilers):
        accepted = sorted({f"{level}s" for profiler in profilers for level in profiler.labels})
        names = ", ".join(profiler.name for profiler in profilers)
        raise UsageError(
            f"{file} labels {kind}s; {names} learns from labels of {', '.join(accepted) or 'nobody'}.",
            "To tell what posts are about: --set level=post."
            if kind == "post" and accepted
            else f"Leave --labels {file} out.",
        )
    table = dataset.accounts if kind == "account" else dataset.posts
    known = set(table["id"].to_pylist())
    # A file for another workspace.
    if not known & category_by_id.keys():
        raise DataError(
            f"{file} labels no {kind} of this workspace.",
            f"It names {', '.join(list(category_by_id)[:EXAMPLES])} ...",
        )
    note = ""
    if unknown := sorted(category_by_id.keys() - known):
        note = (
            f"{len(unknown):,} of {len(category_by_id):,} labels of {file} are of {kind}s that are not here: "
            f"{', '.join(unknown[:EXAMPLES])}"
        )
    if kind == "account":
        return dataset.with_categories(category_by_id, note)
    return dataset.with_post_categories(category_by_id, note)


def stated_categories_note(dataset: Dataset, classes: Iterable[str]) -> str:
    """A note on predictions that were learned from a file of labels: a stated category takes precedence over
    them, and their classes may belong to another taxonomy. "" if no account states a category.

    dataset  with the stated categories, not with those of the file
    classes  that are predicted
    """
    stated = [category for category in dataset.accounts["category"].to_pylist() if category is not None]
    if not stated:
        return ""
    verb = "account keeps its" if len(stated) == 1 else "accounts keep their"
    note = f"{len(stated):,} {verb} stated category"
    # Classes that no account states are probably names of another taxonomy.
    other_classes = sorted(set(classes) - set(stated))
    if other_classes:
        note += f"; classes of the labels that are no stated category: {', '.join(other_classes)}"
    return note


@checked
def labelled_table(profiler: Profiler, features: Features) -> pa.Table:
    """A row for each account or post (D-16): its label, if any, the answer, its probability, and the
    probability of every class."""
    label_by_id = profiler.stated
    # Probabilities, one column for each class.
    values = np.asarray(features.values)  # (n, n_classes)
    # Labels that no person gave are named in the header of their column.
    is_weak = any(WEAK in note for note in profiler.notes)
    labels = [label_by_id.get(id) for id in features.ids.tolist()]
    return pa.table(
        {
            features.level: pa.array(features.ids, pa.string()),
            "weak" if is_weak else "stated": pa.array(labels, pa.string()),
            "answer": profiler.answers(values),
            "probability": values.max(axis=1) if len(values) else np.zeros(0, np.float32),
            **{name: values[:, column] for column, name in enumerate(features.columns)},
        }
    )


class ToLabel(NamedTuple):
    """Accounts or posts that a person should label.

    items       id and texts of each
    categories  stated categories of the workspace, to choose from
    """

    items: list[tuple[str, list[str]]]
    categories: list[str]


@checked
def posts_to_label(
    workspace: Place, done: Texts, *, count: Count, seed: int = 0, kind: Kind = "account"
) -> ToLabel:
    """A random sample of influencers or posts to label by hand, without those that are ``done``."""
    workspace, done = as_workspace(workspace), list(done)
    dataset = workspace.dataset()
    categories = set(dataset.account_values("category", dataset.influencers).tolist()) - {None}
    texts_by_id = _texts_of_posts(dataset) if kind == "post" else _texts_of_accounts(dataset)
    labelled = set(done)
    left = [id for id in texts_by_id if id not in labelled]
    # Another sample after every label, and the same one when labelling starts again from there.
    sample = seeds.generator(seed, "mark", len(done)).permutation(len(left))[:count]
    items = [(left[n], texts_by_id[left[n]]) for n in sample.tolist()]
    return ToLabel(items, sorted(categories))


def _texts_of_posts(dataset: Dataset) -> dict[str, list[str]]:
    """Post of an influencer to its account, its caption and the descriptions of its pictures."""
    # Only posts of influencers: labels of brands would not train a profiler.
    texts_by_post: dict[str, list[str]] = {}
    influencers = set(dataset.influencers.tolist())
    posts = dataset.posts.select(["id", "account", "kind", "caption"]).to_pylist()
    for post in posts:
        if post["caption"] and post["account"] in influencers and post["kind"] == "post":
            texts_by_post[post["id"]] = [f"@{post['account']}", _one_line(post["caption"], POST_CAPTION)]
    for picture in dataset.images.select(["post", "alt_text"]).to_pylist():
        if picture["alt_text"] and picture["post"] in texts_by_post:
            texts_by_post[picture["post"]].append(_one_line(picture["alt_text"], ACCOUNT_TEXT))
    return texts_by_post


def _texts_of_accounts(dataset: Dataset) -> dict[str, list[str]]:
    """Influencer to its biography and the captions of three posts."""
    texts_by_account: dict[str, list[str]] = {}
    for post in dataset.posts.select(["account", "caption"]).to_pylist():
        texts = texts_by_account.setdefault(post["account"], []) if post["caption"] else []
        if post["caption"] and len(texts) < CAPTIONS:
            texts.append(_one_line(post["caption"], ACCOUNT_TEXT))
    for account in dataset.accounts.select(["id", "biography"]).to_pylist():
        if account["biography"] and account["id"] in texts_by_account:
            texts_by_account[account["id"]].insert(0, _one_line(account["biography"], ACCOUNT_TEXT))
    return {id: texts_by_account[id] for id in dataset.influencers.tolist() if id in texts_by_account}


def _one_line(text: str, length: int) -> str:
    return " ".join(text.split())[:length]
