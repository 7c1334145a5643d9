"""What is told of one account: what it is about, its category, its posts, and what a new post of it may
expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from brandfit.pipeline.missing_features import load_for
from brandfit.profilers.base import ATTENTION
from brandfit.report import gather
from brandfit.search import filters
from brandfit.search.facts import CATEGORY, Facts
from brandfit.workspace import Place, Workspace, as_workspace

MOST = 5
"""Categories that are told."""


@dataclass(frozen=True)
class Category:
    """stated: as imported; predicted: by a profiler, category to probability, the likeliest first; by: its
    name, "" where none was asked."""

    stated: str | None
    predicted: dict[str, float]
    by: str

    def to_dict(self) -> dict[str, Any]:
        return {"stated": self.stated, "predicted": self.predicted, "by": self.by}


@checked
def topics(workspace: Place, account: Account, most: Count = 8) -> dict[str, float]:
    """Named concepts to their share of what an account is about, the largest first; {} where nothing with
    names was encoded. Raises UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [account])
    return gather.topics(dataset, find_account(dataset, account), most)


@checked
def category(workspace: Place, account: Account) -> Category:
    """Of a brand or influencer, as stated and as a profiler tells. Raises UnknownName."""
    workspace = as_workspace(workspace)
    dataset = load(workspace)
    account = find_account(dataset, account)
    stated = dataset.account(account)["category"]
    name = fill_slots(workspace).get(CATEGORY)
    if name is None:
        return Category(stated, {}, "")
    # The slot of the dataset has the stated category in place of the prediction; here both are told apart.
    return Category(stated, _likeliest(workspace.features(name), [account])[0], name)


@checked
def facts_of(workspace: Place, influencer: Account, names: Texts) -> dict[str, Any]:
    """Facts (``search.filters``) of an influencer as a table prints them, None where not known. Raises
    UnknownName."""
    dataset = load(workspace)
    influencer = find_influencer(dataset, influencer)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    at = np.flatnonzero(facts.ids == influencer)
    leaves = [filters.facts_of(None, name)[0] for name in names]
    return {leaf.fact: filters.formatted(leaf.fact, leaf.values(facts, at)[0]) for leaf in leaves}


@checked
def post_topics(workspace: Place, posts: Texts) -> list[dict[str, Any]]:
    """Of each of these posts: disclosed (marked as an advertisement; None: not looked for), and what
    profilers of posts tell: sponsored, the probability that it is one, topics, and attention, its share in
    what tells the category of its account; None and {} where none was asked.

    Raises UnknownName for a post that is not there.
    """
    workspace, posts = as_workspace(workspace), list(posts)
    dataset = load(workspace)
    row = pc.index_in(pa.array(posts, pa.string()), value_set=dataset.posts["id"].combine_chunks())
    for post, at in zip(posts, row.to_pylist(), strict=True):
        if at is None:
            raise UnknownName("post", post, known=dataset.posts["id"].to_pylist())
    marked = dataset.posts["disclosed"].take(row).to_pylist()
    of = preferred(workspace)
    sponsored = _column(workspace, of, slot="sponsored", ids=posts)
    attention = _column(workspace, of, slot=ATTENTION, ids=posts)
    told: list[dict[str, float]] = [{}] * len(posts)
    if "topic" in of:
        told = _likeliest(workspace.features(of["topic"]), posts)
    names = ("disclosed", "sponsored", "topics", "attention")
    return [
        dict(zip(names, row, strict=True)) for row in zip(marked, sponsored, told, attention, strict=True)
    ]


@checked
def expected(workspace: Place, influencer: Account) -> Expected:
    """The engagement that a new post may expect of which nothing is known yet. Raises UnknownName, and
    UsageError where that cannot be told."""
    dataset = load(workspace)
    influencer = find_influencer(dataset, influencer)
    return dataset.cached("engagement", lambda: Engagement(dataset)).expected(influencer, None)


def _column(
    workspace: Workspace, of: Mapping[str, str], *, slot: str, ids: Sequence[str]
) -> list[float | None]:
    """Of each id the column of a slot that is called like it; None where it has none. ``of``: slot to the
    name of Features."""
    if slot not in of:
        return [None] * len(ids)
    features = workspace.features(of[slot])
    values, there = features.values_of(list(ids))
    column = values[:, features.columns.index(slot)]
    return [float(value) if known else None for value, known in zip(column, there, strict=True)]


def _likeliest(features: Features, ids: Sequence[str]) -> list[dict[str, float]]:
    """Of each id its likeliest columns with their values, {} where it has none."""
    values, there = features.values_of(list(ids))
    best = np.argsort(-values, axis=1, kind="stable")[:, :MOST]
    return [
        {features.columns[n]: float(row[n]) for n in order} if known else {}
        for row, order, known in zip(values, best.tolist(), there, strict=True)
    ]
