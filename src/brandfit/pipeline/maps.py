"""Maps of the accounts and of the concepts of a workspace (B-13)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from brandfit.arguments import PositiveCount, checked
from brandfit.data import tabular
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.concept.graph import Graph
from brandfit.errors import UnknownName, UsageError
from brandfit.learning.pooling import account_vectors
from brandfit.pipeline.datasets import described, load
from brandfit.pipeline.missing_features import unencoded_note
from brandfit.pipeline.readers import maker_of
from brandfit.report import embedding_map
from brandfit.report.embedding_map import EmbeddingMap, Vectors
from brandfit.workspace import Place, Workspace, as_workspace

Subject = Literal["accounts", "concepts"]
SUBJECTS: tuple[Subject, ...] = ("accounts", "concepts")
MOST = 2_000
"""Points of a map, unless the caller says otherwise."""
PREFERRED_SLOTS = ("graph", "concept", "text", "picture")
"""The slots whose Features a map shows by default, the first that is filled."""
BAG = "concept.bag"
ENDINGS = (".png", ".json", ".svg")


@checked
def make_map(
    workspace: Place,
    subject: str,
    *,
    features: str | None = None,
    most: PositiveCount = MOST,
    seed: int = 0,
) -> EmbeddingMap:
    """Brands and influencers, or concepts, on a map: near points have similar vectors.

    subject   "accounts": the pooled vectors of brands and influencers, without brands that have no content
              and are represented by their partners. "concepts": node2vec vectors of
              ``concept.graph``; of other Features with named columns the shares of each column over all
              accounts, so that concepts of the same accounts are near each other. A concept has the category
              of the accounts that have the largest mean share of it
    features  the name of Features of the workspace; default: the first of graph, concept, text and picture
              that is there, for concepts those with names
    most      larger sets are sampled

    Raises UnknownName for Features that are not here, and UsageError if nothing can be drawn.
    """
    workspace = as_workspace(workspace)
    if subject not in SUBJECTS:
        raise UnknownName("subject of a map", subject, known=SUBJECTS)
    chosen = _features(workspace, subject, name=features)
    key = (subject, chosen.key, most, seed, workspace.fingerprint)
    drawn: EmbeddingMap = workspace.memo.get(
        "maps", key, lambda: _made(workspace, subject, chosen=chosen, most=most, seed=seed)
    )
    return drawn


@checked
def save_map(drawn: EmbeddingMap, file: str | Path) -> Path:
    """Write a map as .png, .svg or .json. Raises UsageError for another ending."""
    path = tabular.checked(file, ENDINGS)
    ending = path.suffix.lower()
    if ending == ".png":
        content = embedding_map.png(drawn)
    elif ending == ".svg":
        content = embedding_map.svg(drawn).encode()
    else:
        content = msgspec.json.format(msgspec.json.encode(drawn.to_dict())) + b"\n"
    with tabular.replacing(path, ENDINGS) as temporary:
        temporary.write_bytes(content)
    return path


@checked
def mappable(workspace: Place, subject: str) -> list[str]:
    """Names of the Features that a map of this subject can show, those of the default map first."""
    workspace = as_workspace(workspace)
    slot_by_name = {name: workspace.feature_info(name)["slot"] for name in workspace.feature_names()}
    names = []
    for slot in PREFERRED_SLOTS:
        names += [name for name, own in slot_by_name.items() if own == slot]
    if subject == "concepts":
        names = [name for name in names if _has_names(workspace, name)]
    return names


def _has_names(workspace: Workspace, name: str) -> bool:
    """Whether a map of concepts can show these Features."""
    features = workspace.features(name)
    return bool(features.columns) or isinstance(maker_of(workspace, features), Graph)


def _features(workspace: Workspace, subject: str, *, name: str | None) -> Features:
    """The Features of a map. Raises UnknownName, and UsageError if there are none."""
    names = mappable(workspace, subject)
    if name is None and not names:
        raise UsageError(
            f"No Features of this workspace have {'named columns' if subject == 'concepts' else 'rows'}.",
            "Encode first, for example: brandfit encode concept.bag",
        )
    if name is not None and name not in workspace.feature_names():
        raise UnknownName("features", name, known=names)
    if name is not None and name not in names:
        raise UsageError(
            f"{name} has no named columns, so it has no {subject}.", f"Choose one of: {', '.join(names)}"
        )
    return workspace.features(name or names[0])


def _made(workspace: Workspace, subject: str, *, chosen: Features, most: int, seed: int) -> EmbeddingMap:
    dataset = load(workspace)
    dataset = dataset.with_slots({**dataset.slots, chosen.slot: chosen})
    notes: list[str] = []
    encoder = maker_of(workspace, chosen)
    # A graph has vectors of its concepts; other Features place a concept by the accounts that have it.
    if subject == "concepts" and isinstance(encoder, Graph):
        vectors = _graph_vectors(workspace, dataset, encoder, notes=notes)
        source = f"vectors of concepts by {chosen.name}"
    else:
        ids, values, notes = _account_vectors(dataset, chosen.slot)
        category_by_id, category_notes = _categories(dataset, ids)
        # Accounts that are left out are no points of a map of concepts.
        notes = category_notes if subject == "concepts" else [*notes, *category_notes]
        if subject == "concepts":
            vectors = _column_vectors(chosen.columns, values, [category_by_id.get(id) for id in ids])
            source = f"columns of {chosen.name}, by the accounts that have them"
        else:
            vectors = Vectors(ids, values, category_by_id, np.zeros(len(ids)))
            source = f"mean {chosen.name} of each account"
    everyone = [*dataset.brands.tolist(), *dataset.influencers.tolist()]
    notes = [*unencoded_note(workspace, dataset, everyone), *notes]
    return embedding_map.embedding_map(
        vectors, subject=subject, source=source, most=most, seed=seed, notes=notes
    )


def _account_vectors(dataset: Dataset, slot: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Ids and vectors (n, dim) of the brands and influencers with Features of a slot, and notes on the
    others."""
    ids: list[str] = []
    values: list[np.ndarray] = []
    notes = []
    sides = {"brand": dataset.brands, "influencer": dataset.influencers}
    for side, of_side in sides.items():
        # Partners that represent a brand are points themselves: the brand does not repeat them.
        vectors = account_vectors(dataset, slot, accounts=of_side)
        ids += of_side[vectors.present].tolist()
        values.append(vectors.values[vectors.present])
        absent = of_side[~vectors.present]
        if len(absent):
            name = dataset.slots[slot].name
            verbs = (f"{side} has", "is") if len(absent) == 1 else (f"{side}s have", "are")
            notes.append(
                f"{len(absent):,} {verbs[0]} no {name} and {verbs[1]} left out, for example {absent[0]}"
            )
    return ids, np.concatenate(values).astype(np.float64), notes


class _Categories(NamedTuple):
    """Id to category, of the accounts with one, and a note on those that took it from their brands."""

    by_id: dict[str, str]
    notes: list[str]


def _categories(dataset: Dataset, ids: list[str]) -> _Categories:
    """The stated category of accounts, else the predicted one, else that of the brands that an influencer
    works with, if they have one in common."""
    by_id = {}
    for id, row in zip(ids, described(dataset, ids), strict=True):
        if row["category"] is not None:
            by_id[id] = row["category"]
    categories_of_brands: dict[str, set[str | None]] = {}
    for brand, partners in dataset.partners.items():
        for influencer in partners:
            categories_of_brands.setdefault(influencer, set()).add(by_id.get(brand))
    taken = 0
    for id in ids:
        categories = categories_of_brands.get(id, set())
        (category,) = categories if len(categories) == 1 else (None,)
        if id not in by_id and category is not None:
            by_id[id] = category
            taken += 1
    words = "influencers have no category and are coloured by that of the brands that they work with"
    return _Categories(by_id, [f"{taken:,} {words}"] if taken else [])


def _column_vectors(columns: tuple[str, ...], values: np.ndarray, categories: list[str | None]) -> Vectors:
    """Vectors of named columns from values (n, c) of accounts and their categories (n,)."""
    positive = np.maximum(values, 0)
    shares = positive / np.maximum(positive.sum(axis=1, keepdims=True), 1e-12)  # (n, c)
    weights = shares.sum(axis=0)  # (c,)
    return Vectors(columns, shares.T, _category_by_column(columns, shares, categories), weights)


def _category_by_column(
    columns: tuple[str, ...], shares: np.ndarray, categories: list[str | None]
) -> dict[str, str]:
    """Column to the category whose accounts have the largest mean share of it, from shares (n, c)."""
    names = sorted({category for category in categories if category is not None})
    if not names:
        return {}
    of_account = np.array([category or "" for category in categories])
    means = np.stack([shares[of_account == name].mean(axis=0) for name in names])  # (categories, c)
    best = means.argmax(axis=0)
    has_share = means.max(axis=0) > 0
    return {column: names[best[n]] for n, column in enumerate(columns) if has_share[n]}


def _graph_vectors(workspace: Workspace, dataset: Dataset, encoder: Graph, *, notes: list[str]) -> Vectors:
    """The node2vec vectors of concepts. Their categories and weights are those of the columns of
    ``concept.bag``; without these they are unknown, and a note says so."""
    encoder.learn(workspace.dataset())
    names = encoder.taxonomy.names
    vectors = encoder.vectors.astype(np.float64)
    if BAG not in workspace.feature_names():
        notes.append(f"categories of concepts are unknown: they need {BAG} (brandfit encode {BAG})")
        return Vectors(names, vectors, {}, np.zeros(len(names)))
    bag = workspace.features(BAG)
    ids, values, _ = _account_vectors(dataset.with_slots({**dataset.slots, bag.slot: bag}), bag.slot)
    category_by_id, category_notes = _categories(dataset, ids)
    notes += category_notes
    of_columns = _column_vectors(bag.columns, values, [category_by_id.get(id) for id in ids])
    weight_by_name = dict(zip(bag.columns, of_columns.weights.tolist(), strict=True))
    weights = np.array([weight_by_name.get(name, 0.0) for name in names])
    return Vectors(names, vectors, of_columns.category, weights)
