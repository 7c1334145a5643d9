"""Rankings, rows, Features and rejects as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brandfit.arguments import Accounts, Count, checked
from brandfit.data import schema, tabular
from brandfit.data.dataset import Dataset
from brandfit.errors import UnknownName, UsageError
from brandfit.explain.radar import shared_topics
from brandfit.explain.text import main_reason
from brandfit.pipeline.candidates import bounds
from brandfit.pipeline.datasets import SLOT, describe_accounts, find_brand, load
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.ranking import (
    RankingQuery,
    default_ranker,
    fitted,
    narrowed,
    pair_chances,
    ranked,
)
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.workspace import Place, Workspace, as_workspace

EXPORTS = ("rankings", *schema.TABLES, "endorsements", "features", "rejects")
"""What ``export`` writes."""
PROFILE = "https://www.instagram.com/{}/"
"""Where an account is found."""


@checked
def export(
    workspace: Place,
    what: str,
    *,
    file: str | Path,
    brands: Accounts | None = (),
    ranker: str | None = None,
    k: Count | None = None,
    name: str | None = None,
    data: Mapping[str, Any] | None = None,
    followers: str | None = None,
    earlier: bool = False,
    query: RankingQuery | Callable[[str], RankingQuery] | None = None,
) -> int:
    """Write rankings (of each brand ``k``, 50 where not said), rows, features or rejects to a .csv, .xlsx,
    .json, .jsonl or .parquet file. Returns the number of rows. Raises UnknownName for another ``what`` than
    those of ``EXPORTS``, UsageError where a brand, ranker or k is named and no ranking is asked for.

    followers  bounds of the candidates of rankings, as in ``rank``
    earlier    rejects of all imports, not of the last one alone
    query      which lists rankings are, and by which scores; a function gives it for each brand
    """
    workspace = as_workspace(workspace)
    tabular.checked(file, tabular.WRITERS)
    if what not in EXPORTS:
        raise UnknownName("export", what, known=EXPORTS)
    narrows = isinstance(query, RankingQuery) and not query.is_default
    options = {"A brand": brands, "A ranker": ranker, "k": k is not None, "A number of followers": followers}
    options |= {"A condition, a weight, a like or a dislike": narrows}
    if what != "rankings" and (named := next((option for option, given in options.items() if given), "")):
        raise UsageError(
            f"{named} is for rankings; this writes all {what}.", "Leave it out, or write rankings."
        )
    if data and what not in ("rankings", "endorsements"):
        raise UsageError(
            f"Setting {next(iter(data))!r} is for rankings and endorsements; this writes all {what}.",
            "Leave it out, or write rankings or endorsements.",
        )
    if what == "endorsements" and (
        slots := [setting for setting in data or () if setting.startswith(f"{SLOT}.")]
    ):
        raise UsageError(
            f"Setting {slots[0]!r} is for rankings; endorsements are derived from posts, without Features.",
            "Leave it out, or write rankings.",
        )
    if name is not None and what != "features":
        raise UsageError(
            f"A name is for features; this writes all {what}.", "Leave it out, or write features."
        )
    if earlier and what != "rejects":
        raise UsageError(
            f"Earlier imports are for rejects; this writes all {what}.", "Leave it out, or write rejects."
        )
    if what == "rejects":
        return tabular.write(_rejects(workspace, earlier), file)
    if what == "rankings":
        brands = list(brands or ())
        of_brand = query if callable(query) else lambda _: query or RankingQuery()
        return tabular.write(
            _rankings(
                workspace,
                brands,
                ranker=ranker,
                k=50 if k is None else k,
                data=data,
                followers=followers,
                query_of=of_brand,
            ),
            file,
        )
    return tabular.write(_exported(workspace, what, name=name, data=data), file)


@checked
def export_rows(rows: Iterable[Mapping[str, Any]], file: str | Path) -> int:
    """Write rows of a search or a shortlist to a file of the same kinds, the influencer first. Returns their
    number."""
    return tabular.write(tabular.from_rows({"influencer": row["influencer"], **row} for row in rows), file)


PRICES = ("price", "price_low", "price_high")
SHEETS = (".csv", ".xlsx")
"""Files whose headers people read."""


@checked
def export_priced(rows: Iterable[Mapping[str, Any]], file: str | Path, currency: str) -> int:
    """As ``export_rows``, of rows with prices. A spreadsheet names their currency in the headers, other files
    in a field alone."""
    if Path(file).suffix.lower() in SHEETS:
        headers = {name: f"{name} ({currency or 'currency not set'})" for name in PRICES}
        rows = [{headers.get(name, name): value for name, value in row.items()} for row in rows]
    return export_rows(rows, file)


@checked
def check_file(file: str | Path) -> None:
    """Raises UsageError where rows cannot be written to this file: asked before anything long begins."""
    tabular.checked(file, tabular.WRITERS)


def _rejects(workspace: Workspace, earlier: bool) -> pa.Table:
    """Rejects with their import and its time."""
    types = {"import": pa.int64(), "time": pa.int64(), "line": pa.int64()}
    found = workspace.rejects(earlier=earlier)
    columns = {
        f: [row[f] for row in found]
        for f in ("import", "time", "source", "file", "line", "reason", "excerpt")
    }
    columns["time"] = [None if time is None else int(time) for time in columns["time"]]
    return pa.table({f: pa.array(values, types.get(f, pa.string())) for f, values in columns.items()})


def _exported(
    workspace: Workspace, what: str, *, name: str | None, data: Mapping[str, Any] | None
) -> pa.Table:
    if what in schema.TABLES:
        dataset = workspace.dataset()
        return dataset.links if what == "links" else getattr(dataset, what)
    if what == "endorsements":
        pairs = load(workspace, data).endorsements
        return pa.table(
            {"brand": pa.array(pairs[:, 0], pa.string()), "influencer": pa.array(pairs[:, 1], pa.string())}
        )
    if name is None:
        raise UsageError(
            "Which features?", f"Name them: --name {' or '.join(workspace.feature_names()) or 'text.hashing'}"
        )
    features = workspace.features(name)
    columns = features.columns or [f"{features.name}.{n}" for n in range(features.dim)]
    return pa.table(
        {
            f"{features.level}": features.ids.tolist(),
            **{c: features.values[:, n] for n, c in enumerate(columns)},
        }
    )


@checked
def unranked_brands(workspace: Place, data: Mapping[str, Any] | None = None) -> list[str]:
    """Brands that rankings of all brands leave out, because nothing is known to rank by."""
    return _unranked(load(as_workspace(workspace), data))


def _unranked(dataset: Dataset) -> list[str]:
    return sorted(brand for brand, seen in dataset.representation.items() if seen == "none")


def _rankings(
    workspace: Workspace,
    brands: Sequence[str],
    *,
    ranker: str | None,
    k: int,
    data: Mapping[str, Any] | None,
    followers: str | None,
    query_of: Callable[[str], RankingQuery],
) -> pa.Table:
    """One row for each of the k best of each brand; docs/exports.md says what each column is."""
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    silent = set(_unranked(dataset))
    wanted = [find_brand(dataset, b) for b in brands] or [
        b for b in dataset.representation if b not in silent
    ]
    facts = dataset.cached("facts", lambda: Facts(dataset))
    rows: list[dict[str, Any]] = []
    for brand in wanted:
        query = query_of(brand)
        within = bounds(followers, data, filters.condition(query.where))
        everybody = ranked(model, dataset, brand=brand, partners=query.partners, within=within)
        ranking, _ = narrowed(everybody, model, dataset=dataset, query=query, within=within)
        labels = {"narrowed_by": query.narrowed_by, "adjusted_by": query.adjusted_by}
        rows += [
            row | labels
            for row in _ranking_rows(workspace, model, dataset=dataset, facts=facts, ranking=ranking, k=k)
        ]
    # Brands without likes have no part for them: every row gets the columns of all.
    columns = dict.fromkeys(name for row in rows for name in row)
    return pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])


def _ranking_rows(
    workspace: Workspace, model: Ranker, *, dataset: Dataset, facts: Facts, ranking: Ranking, k: int
) -> list[dict[str, Any]]:
    brand = ranking.brand
    # What lifts one candidate above another is the difference from the average candidate, not a part that all
    # have alike.
    means = {
        name: float(np.nanmean(values)) if not np.isnan(values).all() else 0.0
        for name, values in ranking.parts.items()
    }
    best = ranking.top(k)
    chance = pair_chances(model, dataset, brand=brand, influencers=best.candidates)
    topics = shared_topics(dataset, "concept", brand=brand, influencers=best.candidates)
    about = describe_accounts(workspace, best.candidates)
    at = pa.array(
        np.searchsorted(facts.ids.astype(str), best.candidates.astype(str)), pa.int64()
    )  # Facts are sorted by id
    names, rates = facts.name.take(at).to_pylist(), facts.engagement.take(at).to_pylist()
    not_encoded = encoding_of(workspace, dataset, [brand]).waiting.get(brand, 0)
    rows = []
    for n, row in enumerate(best.rows()):
        parts = {name: value for name, value in row["parts"].items() if value is not None}
        value, low, high = chance[n] if chance is not None else (None, None, None)
        rows.append(
            {
                "brand": brand,
                "rank": row["rank"],
                "candidates": ranking.among,
                "left_out": sum(group.count for group in ranking.excluded),
                "brand_posts_not_encoded": not_encoded,
                "influencer": row["influencer"],
                "name": names[n],
                "profile": PROFILE.format(row["influencer"]),
                "followers": about[n]["followers"],
                "category": about[n]["category"],
                "category_source": about[n]["category_source"],
                "category_probability": about[n]["category_probability"],
                "score": row["score"],
                "chance": value,
                "chance_low": low,
                "chance_high": high,
                "engagement_rate": rates[n],
                "main_reason": main_reason({name: value - means[name] for name, value in parts.items()}),
                "shared_topics": topics[n],
                **{f"part_{name}": value for name, value in row["parts"].items()},
                "ranker": model.name,
                "dataset": ranking.fingerprint[:12],
            }
        )
    return rows
