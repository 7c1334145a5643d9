"""Influencers by words, conditions, likeness and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.errors import UnknownName, UsageError
from brandfit.learning.pooling import brand_vectors
from brandfit.pipeline.loading import describe_accounts, load, reader_of, readers_of
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.keyword import Keywords
from brandfit.search.lookalike import BRIEF, Lookalikes, with_brief
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class Found:
    """A page of a search: rows of accounts with why each was found, of ``total``; ``sentence`` says the filters, ``unknown`` of how
    many influencers what they ask is not known."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    sentence: str
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        return {"total": self.total, "filters": self.sentence, "unknown": self.unknown, "results": list(self.rows)}


def search(
    workspace: Workspace,
    keywords: Sequence[str] = (),
    where: str | Mapping[str, Any] | None = None,
    sort: str | None = None,
    k: int = 20,
    offset: int = 0,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Found:
    """Influencers by keywords, by a condition (``search.filters``, typed or as JSON), or both.

    sort  a fact in place of the match, the largest first; "-followers": the smallest
    """
    dataset = load(workspace, data)
    facts = Facts(dataset)
    condition = filters.condition(where)
    allowed, unknown = filters.kept(condition, facts)
    why: dict[str, dict[str, Any]] = {}
    if keywords:
        reader = reader_of(dataset.slots["text"], settings) if "text" in dataset.slots else None
        reader = reader if reader is not None and reader.sentences else None
        hits = Keywords(dataset, reader).search(keywords, len(facts), allowed)
        why = {hit.influencer: hit.to_dict() for hit in hits}
        ids = list(why)
    else:
        ids = facts.ids[allowed].tolist()
    if sort:
        ids = _sorted(facts, ids, sort)
    page = ids[offset : offset + k]
    rows = [
        {**describe, **why.get(id, {"influencer": id})}
        for id, describe in zip(page, describe_accounts(workspace, page), strict=True)
    ]
    return Found(rows, len(ids), str(condition) if condition is not None else "", unknown)


def similar(
    workspace: Workspace,
    accounts: Sequence[str] = (),
    picture: str | Path | None = None,
    where: str | Mapping[str, Any] | None = None,
    k: int = 20,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Found:
    """Influencers like these accounts, or whose pictures are like one."""
    dataset = load(workspace, data)
    facts = Facts(dataset)
    condition = filters.condition(where)
    allowed, unknown = filters.kept(condition, facts)
    if (picture is None) == (not accounts):
        raise UsageError("Like whom, or like which picture?", "Name accounts, or one picture, not both.")
    alike = Lookalikes(dataset)
    if picture is None:
        found = alike.similar([id.strip().lower().removeprefix("@") for id in accounts], k, allowed)
    else:
        readers = {s: e for s, e in readers_of(dataset, settings).items() if s == "picture"}
        shown = with_brief(dataset, "", [picture], readers)
        rows = {"picture": brand_vectors(shown, "picture", np.array([BRIEF], dtype=object)).values[0]}
        found = alike.like_rows(rows, k, allowed)
    told = [{"influencer": one.influencer, "likeness": one.likeness, "slots": dict(one.slots)} for one in found]
    described = describe_accounts(workspace, [one.influencer for one in found])
    rows_ = [{**describe, **row} for describe, row in zip(described, told, strict=True)]
    return Found(rows_, len(rows_), str(condition) if condition is not None else "", unknown)


def _sorted(facts: Facts, ids: Sequence[str], sort: str) -> list[str]:
    """By a fact (``audience_match:ACCOUNT`` of one beside an account); those of which it is not known come last, equal ones as they
    were."""
    name, _, account = sort.lstrip("-").partition(":")
    least = sort.startswith("-")
    numbers = [field for field, what in filters.FIELDS.items() if what.numbers]
    if name not in numbers:
        raise UnknownName("fact to sort by", name, numbers)
    column = getattr(facts, filters.FIELDS[name].column)
    if filters.FIELDS[name].beside:
        if not account:
            raise UsageError(f"{name} beside whom?", f"For example: --sort {name}:{facts.ids[0] if len(facts) else 'ACCOUNT'}")
        column = column(account.strip().lower().removeprefix("@"))
    values = dict(zip(facts.ids.tolist(), column.to_pylist(), strict=True))
    return sorted(ids, key=lambda id: (values[id] is None, (values[id] or 0) * (1 if least else -1)))
