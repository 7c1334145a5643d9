"""Influencers by words, conditions, likeness and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.arguments import Accounts, Count, Texts, checked
from brandfit.data.candidates import EXAMPLES, Counted, counted
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.pooling import brand_vectors
from brandfit.pipeline.candidates import met
from brandfit.pipeline.datasets import (
    check_settings,
    describe_accounts,
    find_accounts,
    load,
    reader_of,
    readers_of,
)
from brandfit.pipeline.missing_features import encoding_of, load_for, older_features_note
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.keyword import Keywords
from brandfit.search.lookalike import BRIEF, Lookalikes, with_brief
from brandfit.workspace import Place, as_workspace


@dataclass(frozen=True)
class SearchPage:
    """A page of a search: rows of accounts with why each was found, of ``total``; ``sentence`` says the
    filters, ``unknown`` of how many influencers what they ask is not known; ``facts``: names of what was
    filtered and sorted by, which each row has under ``facts``; ``notes``: what was asked for and nobody has;
    ``excluded``: influencers that were not found, counted by reason (they and ``total`` add up to all
    influencers); ``unmatched_words``: words of the keywords that match no influencer."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    sentence: str
    unknown: int
    facts: Sequence[str] = ()
    notes: Sequence[str] = ()
    excluded: tuple[Counted, ...] = ()
    unmatched_words: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "filters": self.sentence,
            "unknown": self.unknown,
            "excluded": [group.to_dict() for group in self.excluded],
            "notes": list(self.notes),
            "unmatched_words": list(self.unmatched_words),
            "results": list(self.rows),
        }

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Fact to its value in each row as a table prints it, but for those that every table has."""
        return {
            fact: [filters.formatted(fact, row["facts"][fact]) for row in self.rows]
            for fact in self.facts
            if fact not in ("category", "followers")
        }


@checked
def search(
    workspace: Place,
    keywords: Texts | None = (),
    *,
    where: str | Mapping[str, Any] | None = None,
    sort: str | None = None,
    k: Count = 20,
    offset: Count = 0,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> SearchPage:
    """Influencers by keywords, by a condition (``search.filters``, typed or as JSON), or both.

    sort  a fact in place of the match, the largest first; "-followers": the smallest
    """
    keywords = list(keywords or ())
    dataset = load(workspace, data)
    check_settings(settings, dataset)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    condition = filters.condition(where)
    asked = filters.facts_of(condition, sort)
    allowed, unknown = filters.matching(condition, facts)
    if keywords:
        index = _index(dataset, settings)
        matches = index.matches(keywords, allowed)
        found = matches.best
    else:
        found = np.flatnonzero(allowed)
    is_found = np.zeros(len(facts), bool)
    is_found[found] = True
    excluded = (
        *_unmet(condition, facts),
        *counted("no_match", "without a match for the words", ids=facts.ids[allowed & ~is_found]),
    )
    if sort:
        found = _sorted(facts, found, by=asked[0], least=sort.startswith("-"))
    page = found[offset : offset + k]
    ids = facts.ids[page].tolist()
    why = (
        [hit.to_dict() for hit in index.hits(matches, page)]
        if keywords
        else [{"influencer": id} for id in ids]
    )
    rows = [
        {**describe, **reason, "facts": told}
        for reason, describe, told in zip(
            why, describe_accounts(workspace, ids), _result_rows(facts, asked, page), strict=True
        )
    ]
    result = _search_page(
        rows, len(found), condition=condition, unknown=unknown, asked=asked, facts=facts, excluded=excluded
    )
    if not keywords:
        return result
    if older := older_features_note(as_workspace(workspace), dataset, facts.ids[allowed].tolist()):
        result = replace(result, notes=(older, *result.notes))
    unmatched = index.unmatched(keywords)
    return replace(result, unmatched_words=unmatched, notes=(*unmatched_notes(unmatched), *result.notes))


def matching(dataset: Dataset, keywords: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Ids (n,) of the influencers that the keywords find, and the words that match nobody. Raises UsageError
    without a keyword."""
    index = _index(dataset, None)
    found = dataset.influencers[index.matches(keywords).best]
    return found, index.unmatched(keywords)


@checked
def unmatched_words(workspace: Place, keywords: Texts) -> tuple[str, ...]:
    """Words of a search that match no influencer."""
    if not (keywords := list(keywords)):
        return ()
    return _index(load(workspace), None).unmatched(keywords)


def unmatched_notes(words: Sequence[str]) -> list[str]:
    """A note that names the words of a search that match no influencer; none where all match."""
    if not words:
        return []
    quoted = ", ".join(f"“{word}”" for word in words)
    return [f"no influencer writes {quoted} or is about that: {_COUNTS_NOT[len(words) > 1]}"]


_COUNTS_NOT = {False: "this word matches nobody", True: "these words match nobody"}


@checked
def similar(
    workspace: Place,
    accounts: Accounts | None = (),
    *,
    picture: str | Path | None = None,
    where: str | Mapping[str, Any] | None = None,
    k: Count = 20,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> SearchPage:
    """Influencers like the mean of these accounts, in whatever order they are named, or whose pictures are
    like one.

    Accounts with nothing encoded do not count, and a note names them. Raises UnknownName, and UsageError if
    nothing is encoded of any.
    """
    workspace = as_workspace(workspace)
    like = sorted(set(accounts or ()))
    dataset = load_for(workspace, like, data) if like else load(workspace, data)
    like = find_accounts(dataset, like)
    check_settings(settings, dataset)
    facts = dataset.cached("facts", lambda: Facts(dataset))
    condition = filters.condition(where)
    allowed, unknown = filters.matching(condition, facts)
    if (picture is None) == (not like):
        raise UsageError("Like whom, or like which picture?", "Name accounts, or one picture, not both.")
    alike = dataset.cached("lookalikes", lambda: Lookalikes(dataset))
    notes: list[str] = []
    if picture is None:
        notes = [*encoding_of(workspace, dataset, like).notes, *_not_compared(alike, like)]
        found = alike.similar(like, k=len(facts), allowed=allowed)
    else:
        readers = {s: e for s, e in readers_of(dataset, settings).items() if s == "picture"}
        shown = with_brief(dataset, "", pictures=[picture], readers=readers)
        rows = {"picture": brand_vectors(shown, "picture", brands=np.array([BRIEF], dtype=object)).values[0]}
        found = alike.similar_to_rows(rows, k=len(facts), allowed=allowed)
    named = np.isin(facts.ids.astype(str), like)
    is_found = np.isin(facts.ids.astype(str), [one.influencer for one in found])
    total = len(found)
    found = found[:k]
    excluded = (
        *_unmet(condition, facts),
        *counted("in_query", "named in the request", ids=facts.ids[allowed & named]),
        *counted(
            "no_evidence", "with nothing encoded to compare", ids=facts.ids[allowed & ~named & ~is_found]
        ),
    )
    told = [
        {"influencer": one.influencer, "likeness": one.similarity, "slots": dict(one.slots)} for one in found
    ]
    described = describe_accounts(workspace, [one.influencer for one in found])
    asked = filters.facts_of(condition)
    row = dataset.cached("influencers", lambda: {id: n for n, id in enumerate(dataset.influencers.tolist())})
    of_each = _result_rows(facts, asked, np.array([row[one.influencer] for one in found], np.int64))
    rows_ = [
        {**describe, **row, "facts": has} for describe, row, has in zip(described, told, of_each, strict=True)
    ]
    made = _search_page(
        rows_, total, condition=condition, unknown=unknown, asked=asked, facts=facts, excluded=excluded
    )
    return replace(made, notes=[*notes, *made.notes])


def _not_compared(alike: Lookalikes, accounts: Sequence[str]) -> list[str]:
    """A note on those of several accounts that do not count, because nothing of them is encoded."""
    is_known = alike.has_vectors(np.array(accounts, dtype=object))
    without = [id for id, known in zip(accounts, is_known.tolist(), strict=True) if not known]
    if not without or len(without) == len(accounts):  # nothing known of any: an error says so
        return []
    verb = "does" if len(without) == 1 else "do"
    more = ", …" if len(without) > EXAMPLES else ""
    return [
        f"{len(without):,} of the {len(accounts):,} accounts {verb} not count, with nothing encoded to "
        f"compare: {', '.join(without[:EXAMPLES])}{more}"
    ]


def _unmet(condition: filters.Condition | None, facts: Facts) -> tuple[Counted, ...]:
    """Influencers that do not meet a condition, or of whom that is unknown."""
    return met(condition, facts, facts.ids)[1] if condition is not None else ()


def _index(dataset: Dataset, settings: Mapping[str, Any] | None) -> Keywords:
    # By the settings, not by the reader: it reads all of its weights to say which it has.
    index: Keywords = dataset.cached(
        ("keywords", *sorted((settings or {}).items())), lambda: _keywords(dataset, settings)
    )
    return index


def _keywords(dataset: Dataset, settings: Mapping[str, Any] | None) -> Keywords:
    """What is written by whom; words of like meaning too, where what has read the texts can read words."""
    reader = reader_of(dataset.slots["text"], settings) if "text" in dataset.slots else None
    return Keywords(dataset, reader if reader is not None and reader.sentences else None)


def _result_rows(
    facts: Facts, asked: Sequence[filters.FieldCondition], at: np.ndarray
) -> list[dict[str, Any]]:
    """Of each of these influencers, by their numbers, what is known of what was asked."""
    columns = {leaf.fact: leaf.values(facts, at) for leaf in asked}
    return [{fact: values[n] for fact, values in columns.items()} for n in range(len(at))]


def _search_page(
    rows: Sequence[Mapping[str, Any]],
    total: int,
    *,
    condition: filters.Condition | None,
    unknown: int,
    asked: Sequence[filters.FieldCondition],
    facts: Facts,
    excluded: tuple[Counted, ...],
) -> SearchPage:
    sentence = str(condition) if condition is not None else ""
    return SearchPage(
        rows=rows,
        total=total,
        sentence=sentence,
        unknown=unknown,
        facts=[leaf.fact for leaf in asked],
        notes=filters.notes(condition, facts),
        excluded=excluded,
    )


def _sorted(facts: Facts, found: np.ndarray, *, by: filters.FieldCondition, least: bool) -> np.ndarray:
    """By a fact; those of which it is not known come last, equal ones as they were."""
    values = by.column(facts).to_pylist()
    key = [(values[n] is None, (values[n] or 0) * (1 if least else -1)) for n in found.tolist()]
    return found[sorted(range(len(found)), key=key.__getitem__)]
