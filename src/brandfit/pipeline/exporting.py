"""Rankings, rows, Features and rejects as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from brandfit.arguments import Texts, checked
from brandfit.data import schema, tabular
from brandfit.errors import UsageError
from brandfit.pipeline.loading import describe_accounts, known_brand, load
from brandfit.pipeline.ranking import default_ranker, fitted, ranked
from brandfit.workspace import Place, Workspace, as_workspace


@checked
def export(
    workspace: Place,
    what: str,
    file: str | Path,
    brands: Texts | None = (),
    ranker: str | None = None,
    k: int | None = None,
    name: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Write rankings (of each brand ``k``, 50 where not said), rows, features or rejects to a .csv, .xlsx, .json, .jsonl or
    .parquet file. Returns the number of rows. Raises UsageError where a brand, ranker or k is named and no ranking is asked for.
    """
    workspace = as_workspace(workspace)
    tabular.checked(file, tabular.WRITERS)
    if what != "rankings" and (named := "A brand" if brands else "A ranker" if ranker else "k" if k is not None else ""):
        raise UsageError(f"{named} is for rankings; this writes all {what}.", "Leave it out, or write rankings.")
    return tabular.write(_exported(workspace, what, list(brands or ()), ranker, 50 if k is None else k, name, data), file)


@checked
def export_rows(rows: Iterable[Mapping[str, Any]], file: str | Path) -> int:
    """Write rows of a search or a shortlist to a file of the same kinds, the influencer first. Returns their number."""
    return tabular.write(tabular.of({"influencer": row["influencer"], **row} for row in rows), file)


@checked
def check_file(file: str | Path) -> None:
    """Raises UsageError where rows cannot be written to this file: asked before anything long begins."""
    tabular.checked(file, tabular.WRITERS)


def _exported(
    workspace: Workspace,
    what: str,
    brands: Sequence[str],
    ranker: str | None,
    k: int,
    name: str | None,
    data: Mapping[str, Any] | None,
) -> pa.Table:
    if what in schema.TABLES:
        dataset = workspace.dataset()
        return dataset.links if what == "links" else getattr(dataset, what)
    if what == "rejects":
        fields = ("source", "file", "line", "reason", "excerpt")
        found = workspace.rejects()
        return pa.table({f: pa.array([r[f] for r in found], pa.int64() if f == "line" else pa.string()) for f in fields})
    if what == "endorsements":
        pairs = load(workspace, data).endorsements
        return pa.table({"brand": pa.array(pairs[:, 0], pa.string()), "influencer": pa.array(pairs[:, 1], pa.string())})
    if what == "features":
        if name is None:
            raise UsageError("Which features?", f"Name them: --name {' or '.join(workspace.feature_names()) or 'text.hashing'}")
        features = workspace.features(name)
        columns = features.columns or [f"{features.name}.{n}" for n in range(features.dim)]
        return pa.table({f"{features.level}": features.ids.tolist(), **{c: features.values[:, n] for n, c in enumerate(columns)}})
    ranker = ranker or default_ranker(workspace)
    model, dataset = fitted(workspace, ranker, data)
    wanted = [known_brand(dataset, b) for b in brands] or [b for b, seen in dataset.representation.items() if seen != "none"]
    rows = []
    for brand in wanted:
        ranking = ranked(model, dataset, brand, k, False, data)
        for row, about in zip(ranking.rows(), describe_accounts(workspace, ranking.candidates), strict=True):
            parts = row.pop("parts")
            rows.append({"brand": brand, **row, **about, **parts, "ranker": ranker, "dataset": ranking.fingerprint[:12]})
    return pa.Table.from_pylist(rows)
