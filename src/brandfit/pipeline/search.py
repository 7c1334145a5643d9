"""Influencers by words, by conditions, and by similarity to accounts or a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brandfit import registry
from brandfit.arguments import Accounts, Count, Texts, checked
from brandfit.data.candidates import EXAMPLES, Counted, counted
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.errors import UsageError
from brandfit.learning.pooling import brand_vectors
from brandfit.mappings import rows_of_each
from brandfit.pipeline.candidates import met
from brandfit.pipeline.datasets import described, load
from brandfit.pipeline.lookup import find_accounts, influencer_rows, rows_of
from brandfit.pipeline.missing_features import encoding_of, load_for, older_features_note
from brandfit.pipeline.readers import reader_of, readers_of
from brandfit.pipeline.settings import check_settings
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.keyword import Keywords
from brandfit.search.lookalike import BRIEF, Lookalikes, with_brief
from brandfit.workspace import Place, Workspace, as_workspace


@dataclass(frozen=True)
class SearchPage:
    """A page of a search.

    rows             accounts with the reason of each match
    total            matches on all pages
    sentence         the condition, for people
    unknown          influencers for whom the condition is unknown
    facts            names of the facts of condition and sort order; each row has them under ``facts``
    notes            words and values of the query that no influencer has
    excluded         influencers that do not match, by reason; with ``total`` they add up to all influencers
    unmatched_words  words of the keywords that match no influencer
    """

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
            "excluded": list(map(Counted.to_dict, self.excluded)),
            "notes": list(self.notes),
            "unmatched_words": list(self.unmatched_words),
            "results": list(self.rows),
        }

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Fact to its value in each row as a table prints it. Category and followers are left out, because
        every table has them."""
        values_by_fact: dict[str, list[Any]] = {}
        for fact in self.facts:
            if fact not in ("category", "followers"):
                values_by_fact[fact] = [filters.formatted(fact, row["facts"][fact]) for row in self.rows]
        return values_by_fact


@dataclass(frozen=True)
class _Filter:
    """A condition, applied to all n influencers.

    allowed  (n,) bool, those that meet it
    unknown  how many influencers have unknown values
    shown    the facts of condition and sort order
    """

    facts: Facts
    condition: filters.Condition | None
    shown: Sequence[filters.FieldCondition]
    allowed: np.ndarray
    unknown: int

    @classmethod
    def from_query(
        cls, dataset: Dataset, where: str | Mapping[str, Any] | None, sort: str | None = None
    ) -> _Filter:
        # Facts are computed on first use, and the Dataset caches them.
        facts = dataset.cached("facts", lambda: Facts(dataset))
        condition = filters.condition(where)
        shown = filters.facts_of(condition, sort)
        allowed, unknown = filters.matching(condition, facts)
        return cls(facts, condition, shown, allowed, unknown)

    @property
    def excluded(self) -> tuple[Counted, ...]:
        """Influencers that do not meet the condition, and those with unknown values."""
        return met(self.condition, self.facts, self.facts.ids).excluded if self.condition is not None else ()

    def fact_rows(self, rows: np.ndarray) -> list[dict[str, Any]]:
        """Fact to value of the influencers in these rows."""
        columns = {test.fact: test.values(self.facts, rows) for test in self.shown}
        return [rows_of_each(columns, n) for n in range(len(rows))]

    def page(
        self,
        dataset: Dataset,
        matches: Sequence[Mapping[str, Any]],
        *,
        total: int,
        excluded: tuple[Counted, ...],
    ) -> SearchPage:
        """A page of matches (each with its "influencer"), with what is known of the influencers."""
        ids = [match["influencer"] for match in matches]
        # Values of the facts that the query names.
        fact_rows = self.fact_rows(rows_of(ids, influencer_rows(dataset)))
        rows = [
            {**description, **match, "facts": fact_row}
            for description, match, fact_row in zip(described(dataset, ids), matches, fact_rows, strict=True)
        ]
        return SearchPage(
            rows=rows,
            total=total,
            sentence=str(self.condition) if self.condition is not None else "",
            unknown=self.unknown,
            facts=[test.fact for test in self.shown],
            notes=filters.notes(self.condition, self.facts),
            excluded=(*self.excluded, *excluded),
        )


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
    """Influencers by keywords, by a condition (``search.filters``, as text or as JSON), or both.

    sort      a fact to sort by in place of the match, the largest first; "-followers": the smallest first
    settings  ``ENCODER.NAME`` of the encoder that reads the keywords
    """
    workspace = as_workspace(workspace)
    keywords = list(keywords or ())
    dataset = load(workspace, data)
    check_settings(settings, dataset)
    query = _Filter.from_query(dataset, where, sort)
    facts, allowed = query.facts, query.allowed
    if keywords:
        index = _index(workspace, dataset, settings)
        keyword_matches = index.matches(keywords, allowed)
        found = keyword_matches.best  # rows of influencers, the best match first
    else:
        found = np.flatnonzero(allowed)
    # (n_influencers,) bool. Those that meet the condition without a match are counted.
    is_found = np.zeros(len(facts), bool)
    is_found[found] = True
    without_match = counted("no_match", "without a match for the words", ids=facts.ids[allowed & ~is_found])
    if sort:
        found = _sorted(facts, found, by=query.shown[0], is_ascending=sort.startswith("-"))
    # Only the influencers of the page are described.
    page_rows = found[offset : offset + k]
    if keywords:
        matches = [hit.to_dict() for hit in index.hits(keyword_matches, page_rows)]
    else:
        matches = [{"influencer": id} for id in facts.ids[page_rows].tolist()]
    page = query.page(dataset, matches, total=len(found), excluded=without_match)
    if not keywords:
        return page
    # Only a match by words depends on encoded posts.
    if older := older_features_note(workspace, dataset, facts.ids[allowed].tolist()):
        page = replace(page, notes=(older, *page.notes))
    unmatched = index.unmatched(keywords)
    notes = (*unmatched_notes(unmatched), *_meaning_notes(index), *page.notes)
    return replace(page, unmatched_words=unmatched, notes=notes)


class WordMatches(NamedTuple):
    """ids: (n,) of the influencers that some words find; notes: words that match no influencer, and whether
    the words are compared by meaning."""

    ids: np.ndarray
    notes: tuple[str, ...]


def matching(workspace: Workspace, dataset: Dataset, keywords: Sequence[str]) -> WordMatches:
    """The influencers that the keywords find. Raises UsageError without a keyword."""
    index = _index(workspace, dataset, None)
    notes = (*unmatched_notes(index.unmatched(keywords)), *_meaning_notes(index))
    return WordMatches(dataset.influencers[index.matches(keywords).best], notes)


@checked
def unmatched_words(workspace: Place, keywords: Texts) -> tuple[str, ...]:
    """Words of a search that match no influencer."""
    if not (keywords := list(keywords)):
        return ()
    workspace = as_workspace(workspace)
    return _index(workspace, load(workspace), None).unmatched(keywords)


def unmatched_notes(words: Sequence[str]) -> list[str]:
    """A note that names the words of a search that match no influencer; [] without such words."""
    if not words:
        return []
    quoted = ", ".join(f"“{word}”" for word in words)
    effect = "this word matches nobody" if len(words) == 1 else "these words match nobody"
    return [f"no influencer writes {quoted} or is about that: {effect}"]


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
    """Influencers similar to the mean of these accounts, or with pictures similar to one picture.

    The order of the accounts has no effect. Accounts with nothing encoded do not count, and a note names
    them. Raises UnknownName, and UsageError if nothing is encoded of any account, or unless exactly one of
    accounts and picture is given.
    """
    workspace = as_workspace(workspace)
    # Sorted, so that the sum of the vectors does not depend on the order of the names.
    references = sorted(set(accounts or ()))
    dataset = load_for(workspace, references, data) if references else load(workspace, data)
    references = find_accounts(dataset, references)
    check_settings(settings, dataset)
    query = _Filter.from_query(dataset, where)
    facts, allowed = query.facts, query.allowed
    if (picture is None) == (not references):
        raise UsageError("Like whom, or like which picture?", "Name accounts, or one picture, not both.")
    lookalikes = dataset.cached("lookalikes", lambda: Lookalikes(dataset))
    notes: list[str] = []
    if picture is None:
        notes.extend(encoding_of(workspace, dataset, references).notes)
        notes.extend(_not_compared_notes(lookalikes, references))
        found = lookalikes.similar(references, k=len(facts), allowed=allowed)
    else:
        vectors = _picture_vectors(workspace, dataset, picture=picture, settings=settings)
        found = lookalikes.similar_to_rows(vectors, k=len(facts), allowed=allowed)
    ids = facts.ids.astype(str)
    # (n_influencers,) bool. The named accounts are counted, not listed: each is most similar to itself.
    is_reference = np.isin(ids, references)
    is_found = np.isin(ids, [lookalike.influencer for lookalike in found])
    excluded = (
        *counted("in_query", "named in the request", ids=facts.ids[allowed & is_reference]),
        *counted(
            "no_evidence",
            "with nothing encoded to compare",
            ids=facts.ids[allowed & ~is_reference & ~is_found],
        ),
    )
    matches = [
        {"influencer": one.influencer, "likeness": one.similarity, "slots": dict(one.slots)}
        for one in found[:k]
    ]
    page = query.page(dataset, matches, total=len(found), excluded=excluded)
    return replace(page, notes=[*notes, *page.notes])


def _picture_vectors(
    workspace: Workspace, dataset: Dataset, *, picture: str | Path, settings: Mapping[str, Any] | None
) -> dict[str, np.ndarray]:
    """Slot picture to the vector (d,) of one picture, encoded as the pictures of the Dataset."""
    # The picture is read as the only content of a brief, and the vector of the brief is compared.
    all_readers = readers_of(workspace, dataset, settings)
    readers = {slot: reader for slot, reader in all_readers.items() if slot == "picture"}
    with_picture = with_brief(dataset, "", pictures=[picture], readers=readers)
    vectors = brand_vectors(with_picture, "picture", brands=np.array([BRIEF], dtype=object))
    return {"picture": vectors.values[0]}


def _not_compared_notes(lookalikes: Lookalikes, accounts: Sequence[str]) -> list[str]:
    """A note on those of several accounts that have nothing encoded. [] if none has something encoded: an
    error reports that."""
    has_vectors = lookalikes.has_vectors(np.array(accounts, dtype=object))
    without = [id for id, has_vector in zip(accounts, has_vectors.tolist(), strict=True) if not has_vector]
    if not without or len(without) == len(accounts):
        return []
    verb = "does" if len(without) == 1 else "do"
    more = ", …" if len(without) > EXAMPLES else ""
    return [
        f"{len(without):,} of the {len(accounts):,} accounts {verb} not count, with nothing encoded to "
        f"compare: {', '.join(without[:EXAMPLES])}{more}"
    ]


def _meaning_notes(index: Keywords) -> list[str]:
    """A note if words are not compared by meaning, with the reason; [] if they are."""
    features = index.dataset.slots.get("text")
    if index.reader is not None and features is not None and features.level == "post":
        return []
    off = "the words are not compared by meaning"
    if features is None:
        return [f"{off}: no captions are encoded; brandfit encode text.minilm"]
    if not _reads_sentences(features):
        return [f"{off}: {features.name} reads no meaning of sentences; brandfit encode text.minilm does"]
    return [
        f"{off}: nothing here can read them as {features.name} read the posts; encode the posts again, or "
        f"name the settings that it had: --set {features.name}.NAME=VALUE"
    ]


def _reads_sentences(features: Features) -> bool:
    """Whether an encoder of sentences made these Features."""
    is_installed = features.name in registry.names("encoder")
    return is_installed and bool(registry.load("encoder", features.name).sentences)


def _index(workspace: Workspace, dataset: Dataset, settings: Mapping[str, Any] | None) -> Keywords:
    # The key holds the settings, not the reader, because a reader must read all of its weights to have a key.
    key = ("keywords", *sorted((settings or {}).items()))
    index: Keywords = dataset.cached(key, lambda: _keywords(workspace, dataset, settings))
    return index


def _keywords(workspace: Workspace, dataset: Dataset, settings: Mapping[str, Any] | None) -> Keywords:
    """The index of words; also of their meaning, if the encoder of the texts can encode single sentences."""
    features = dataset.slots.get("text")
    reader = reader_of(workspace, features, settings) if features is not None else None
    return Keywords(dataset, reader if reader is not None and reader.sentences else None)


def _sorted(facts: Facts, rows: np.ndarray, *, by: filters.FieldCondition, is_ascending: bool) -> np.ndarray:
    """Rows by the values of a fact. Unknown values come last; equal ones keep their order."""
    # Python numbers: exact for whole numbers of any size, with None for unknown.
    values = by.column(facts).to_pylist()
    sign = 1 if is_ascending else -1
    keys = [(values[row] is None, sign * (values[row] or 0)) for row in rows.tolist()]
    return rows[sorted(range(len(rows)), key=keys.__getitem__)]
