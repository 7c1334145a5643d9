"""Concepts of accounts: the most frequent ones of each category, next to how well a ranker does there (C-16),
and the chart of one account (C-17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.arguments import Account, Count, checked
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.explain.explanation import Radar
from brandfit.learning.pooling import account_vectors
from brandfit.pipeline.accounts import no_topics_reason, topics
from brandfit.pipeline.datasets import load
from brandfit.pipeline.judging import evaluate
from brandfit.pipeline.missing_features import unencoded_note
from brandfit.progress import Progress
from brandfit.report import charts
from brandfit.workspace import Place, as_workspace
from brandfit.workspace.artifacts import write_atomic

MOST = 5
"""Concepts of a category."""
CONCEPTS = 10
"""Concepts of an account, as in the paper's charts."""
FEWEST_AXES = 3
NO_CONCEPTS = "Encode concepts first: brandfit encode concept.bag"


@dataclass(frozen=True)
class CategoryConcepts:
    """The concepts of the accounts of a category.

    accounts  with a stated category and a row of concepts
    concepts  concept to its mean share of what these accounts are about, the largest first
    brands    judged brands of the category; 0 without a ranker
    metrics   metric name to the mean over these brands; {} without a ranker
    """

    category: str
    accounts: int
    concepts: Mapping[str, float]
    brands: int = 0
    metrics: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class FrequentConcepts:
    """``rows`` by category.

    source    the Features that concepts come from
    ranker    whose metrics are in the rows, "" for none
    protocol  that it was judged under
    left_out  accounts without a stated category or without concepts
    notes     on posts that are not encoded
    """

    rows: tuple[CategoryConcepts, ...]
    source: str
    ranker: str
    protocol: str
    left_out: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rows": list(map(asdict, self.rows))}


@checked
def frequent_concepts(
    workspace: Place,
    *,
    ranker: str | None = None,
    most: Count = MOST,
    data: Mapping[str, Any] | None = None,
    protocol: str = "cv5",
    seed: int = 0,
    progress: Progress | None = None,
) -> FrequentConcepts:
    """The most frequent concepts of brands and influencers by stated category, and with a ranker its metrics
    on the brands of each category (Wang et al. 2021, IV-G-2).

    Raises UsageError without named concepts, and without an account that has both a category and concepts.
    """
    workspace = as_workspace(workspace)
    dataset = load(workspace, data)
    features = dataset.slots.get("concept")
    if features is None or not features.columns:
        raise UsageError("This workspace has no named concepts.", NO_CONCEPTS)
    accounts = np.concatenate([dataset.brands, dataset.influencers])  # (n,)
    shares, has_concepts = _shares(dataset, accounts)
    categories = dataset.account_values("category", accounts)
    is_used = has_concepts & np.array([category is not None for category in categories.tolist()])
    if not is_used.any():
        raise UsageError(
            "No account has both a stated category and concepts.", "Import categories: the column category."
        )
    metrics_by_category: dict[str, dict[str, Any]] = {}
    if ranker is not None:
        report = evaluate(workspace, [ranker], protocol=protocol, data=data, seeds=(seed,), progress=progress)
        metrics_by_category = report.by_category(ranker)
    rows = []
    for category in sorted(set(categories[is_used].tolist())):
        in_category = is_used & (categories == category)
        mean = shares[in_category].mean(axis=0)  # (n_concepts,)
        order = np.argsort(-mean, kind="stable")[:most]
        concepts = {features.columns[n]: float(mean[n]) for n in order.tolist() if mean[n] > 0}
        judged = dict(metrics_by_category.get(category, {}))
        judged.pop("intervals", None)
        n_brands = int(judged.pop("brands", 0))
        rows.append(CategoryConcepts(category, int(in_category.sum()), concepts, n_brands, judged))
    return FrequentConcepts(
        tuple(rows),
        features.name,
        ranker or "",
        protocol if ranker is not None else "",
        int((~is_used).sum()),
        notes=unencoded_note(workspace, dataset, accounts.tolist()),
    )


def _shares(dataset: Dataset, accounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, c) shares of the concepts of accounts, each row adding up to 1, and (n,) whether an account has
    any."""
    vectors = account_vectors(dataset, "concept", accounts=accounts)
    weights = np.maximum(vectors.values.astype(np.float64), 0)
    total = weights.sum(axis=1)
    has_any = vectors.present & (total > 0)
    return weights / np.where(has_any, total, 1)[:, None], has_any


@checked
def save_concept_chart(
    workspace: Place, account: Account, file: str | Path, *, most: Count = CONCEPTS
) -> dict[str, float]:
    """Draw the radar of one account, its historical distribution of concepts (Eq. 5; C-17), as an SVG file.
    Returns concept to share, the largest first. Raises UnknownName, and UsageError with fewer than three."""
    file = Path(file)
    if file.suffix.lower() != ".svg":
        raise UsageError(f"{file} is no name of an SVG file.", "For example: chart.svg")
    share_by_concept = topics(workspace, account, most)
    if len(share_by_concept) < FEWEST_AXES:
        raise UsageError(
            f"{account} has {len(share_by_concept)} named concepts; a chart takes {FEWEST_AXES}.",
            no_topics_reason(workspace, account) or "Choose an account with more posts.",
        )
    # Axes by name, so that charts of different accounts can be compared.
    axes = tuple(sorted(share_by_concept))
    values = np.array([share_by_concept[axis] for axis in axes])
    svg = str(charts.radar(Radar(axes, {"account": values}, "concept")))
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    write_atomic(file, svg.encode())
    return share_by_concept
