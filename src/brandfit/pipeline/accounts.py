"""What is known of one account: topics, category, posts, and the engagement that a new post may expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import Account, Count, Texts, checked
from brandfit.campaign.engagement import Engagement, Expected
from brandfit.data.features import Features
from brandfit.errors import UnknownName
from brandfit.pipeline.datasets import fill_slots, load, preferred
from brandfit.pipeline.lookup import find_account, find_influencer
from brandfit.pipeline.missing_features import encoding_of, load_for
from brandfit.profilers.base import ATTENTION
from brandfit.report import gather
from brandfit.search import filters
from brandfit.search.facts import CATEGORY, Facts
from brandfit.workspace import Place, Workspace, as_workspace

MAX_CATEGORIES = 5
"""Predicted categories of an account or post at most."""


@dataclass(frozen=True)
class Category:
    """The category of an account.

    stated     as imported, None if unknown
    predicted  category to its probability, the largest first
    by         name of the profiler, "" if none has run
    """

    stated: str | None
    predicted: dict[str, float]
    by: str

    def to_dict(self) -> dict[str, Any]:
        return {"stated": self.stated, "predicted": self.predicted, "by": self.by}


@checked
def topics(workspace: Place, account: Account, most: Count = 8) -> dict[str, float]:
    """Named concepts to their share of what an account is about, the largest first; {} without Features that
    have named columns. Raises UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [account])
    return gather.topics(dataset, find_account(dataset, account), most)


@checked
def topics_notes(workspace: Place, account: Account) -> tuple[str, ...]:
    """Notes on the concepts of an account (``topics``): posts that are not encoded, and why there are none.
    Raises UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [account])
    id = find_account(dataset, account)
    reason = no_topics_reason(workspace, id)
    return (*encoding_of(workspace, dataset, [id]).notes, *([reason] if reason else ()))


@checked
def no_topics_reason(workspace: Place, account: Account) -> str:
    """The reason why an account has no named concepts (``topics``), as a sentence; "" if it has some. Raises
    UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [account])
    account = find_account(dataset, account)
    if gather.topics(dataset, account, 1):
        return ""
    features = dataset.slots.get("concept")
    if features is None or not features.columns:
        return "No named concepts are encoded here: brandfit encode concept.bag"
    if dataset.representation.get(account) == "partners":
        return f"{account} has no posts, so it has no concepts. Its partners represent it in rankings."
    if not pc.any(pc.equal(dataset.posts["account"], account)).as_py():
        return f"{account} has no posts, so it has no concepts."
    return f"{features.name} has found no concept in what {account} posts, or its posts are not encoded."


@checked
def category(workspace: Place, account: Account) -> Category:
    """The stated category of a brand or influencer, and the one that a profiler predicted. Raises
    UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load(workspace)
    account = find_account(dataset, account)
    # As imported: ``dataset.account`` never holds predictions.
    stated = dataset.account(account)["category"]
    name = fill_slots(workspace).get(CATEGORY)
    if name is None:
        return Category(stated, {}, "")
    # In the slot of the Dataset a stated category replaces the prediction, so the stored Features are read.
    return Category(stated, _largest(workspace.features(name), [account])[0], name)


@checked
def facts_of(workspace: Place, influencer: Account, names: Texts) -> dict[str, Any]:
    """Facts (``search.filters``) of an influencer as a table prints them, None if unknown. Raises
    UnknownName."""
    dataset = load(workspace)
    influencer = find_influencer(dataset, influencer)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    row = np.flatnonzero(facts.ids == influencer)
    values_by_fact = {}
    for name in names:
        test = filters.facts_of(None, name)[0]
        values_by_fact[test.fact] = filters.formatted(test.fact, test.values(facts, row)[0])
    return values_by_fact


@checked
def post_topics(workspace: Place, posts: Texts) -> list[dict[str, Any]]:
    """What is known of each of these posts:

    disclosed  whether it is marked as an advertisement, None if unknown
    sponsored  probability that it is one, by a profiler
    topics     topic to its probability, by a profiler
    attention  its weight in the predicted category of its account

    None, and {} for topics, without such a profiler. Raises UnknownName.
    """
    workspace, posts = as_workspace(workspace), list(posts)
    dataset = load(workspace)
    # (n,) rows of the posts in the table, null if unknown.
    rows = pc.index_in(pa.array(posts, pa.string()), value_set=dataset.posts["id"].combine_chunks())
    for post, row in zip(posts, rows.to_pylist(), strict=True):
        if row is None:
            raise UnknownName("post", post, known=dataset.posts["id"].to_pylist())
    # Features of posts fill no slot of a Dataset, so they are read from the workspace.
    name_by_slot = preferred(workspace)
    # (n,) {} without a profiler of posts.
    topics_of_posts: list[dict[str, float]] = [{}] * len(posts)
    if "topic" in name_by_slot:
        topics_of_posts = _largest(workspace.features(name_by_slot["topic"]), posts)
    columns = {
        "disclosed": dataset.posts["disclosed"].take(rows).to_pylist(),
        "sponsored": _column(workspace, name_by_slot.get("sponsored"), column="sponsored", ids=posts),
        "topics": topics_of_posts,
        "attention": _column(workspace, name_by_slot.get(ATTENTION), column=ATTENTION, ids=posts),
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@checked
def expected(workspace: Place, influencer: Account) -> Expected:
    """The engagement that a new post may expect, if nothing is known of the post. Raises UnknownName, and
    UsageError if the influencer has no posts with known engagement."""
    dataset = load(workspace)
    influencer = find_influencer(dataset, influencer)
    return dataset.cached("engagement", lambda: Engagement(dataset)).expected(influencer, None)


def _column(workspace: Workspace, name: str | None, *, column: str, ids: Sequence[str]) -> list[float | None]:
    """The value of each id in a column of Features, None if it has no row, or without Features (no name)."""
    if name is None:
        return [None] * len(ids)
    features = workspace.features(name)
    values, has_row = features.values_of(list(ids))
    # (n,) 0 in rows that the Features do not have.
    in_column = values[:, features.columns.index(column)]
    return [float(value) if known else None for value, known in zip(in_column, has_row, strict=True)]


def _largest(features: Features, ids: Sequence[str]) -> list[dict[str, float]]:
    """The largest columns of each id with their values, {} if it has no row."""
    values, has_row = features.values_of(list(ids))
    # Equal values keep the order of the columns.
    largest = np.argsort(-values, axis=1, kind="stable")[:, :MAX_CATEGORIES]  # (n, at most 5)
    results: list[dict[str, float]] = []
    for row, columns, known in zip(values, largest.tolist(), has_row, strict=True):
        results.append({features.columns[column]: float(row[column]) for column in columns} if known else {})
    return results
