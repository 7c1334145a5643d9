"""Rankings, rows, Features and rejects as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from brandfit.arguments import Accounts, Count, checked
from brandfit.data import schema, tabular
from brandfit.data.dataset import Dataset
from brandfit.data.tables.headers import OF_REJECTS, REASON, REJECTED_ROW
from brandfit.errors import UnknownName, UsageError
from brandfit.explain.radar import shared_topics
from brandfit.explain.text import main_reason
from brandfit.mappings import with_prefix
from brandfit.pipeline.candidates import bounds, bounds_text
from brandfit.pipeline.datasets import described, load
from brandfit.pipeline.lookup import find_brand, influencer_rows, rows_of
from brandfit.pipeline.missing_features import encoding_of
from brandfit.pipeline.narrowing import RankingContext, narrowed, rank_candidates
from brandfit.pipeline.probabilities import pair_chances
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.settings import SLOT
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.workspace import Place, Workspace, as_workspace

EXPORTS = ("rankings", *schema.TABLES, "endorsements", "features", "rejects")
"""The kinds that ``export`` writes."""
PROFILE_LINK = "https://www.instagram.com/{}/"
"""Address of the profile of an account."""
PER_BRAND = 50
"""Default number of rows of each brand in exported rankings."""
PRICES = ("price", "price_low", "price_high")
SPREADSHEETS = (".csv", ".xlsx")
"""Files with headers for people."""
REJECT_COLUMNS = ("import", "time", "source", "file", "line", "reason", "excerpt")


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
    """Write rankings, rows, features or rejects to a .csv, .xlsx, .json, .jsonl or .parquet file. Returns the
    number of rows.

    what       one of ``EXPORTS``
    brands     of rankings: default: all brands that can be ranked for
    k          of rankings: rows of each brand, by default 50
    name       of features
    followers  of rankings: bounds of the candidates, as in ``rank``
    earlier    of rejects: those of all imports, not only of the last one
    query      of rankings: which lists they are and by which scores; a function of the brand gives each its
               own

    Raises UnknownName for another ``what``, and UsageError for an option that does not apply to it.
    """
    workspace = as_workspace(workspace)
    tabular.checked(file, tabular.WRITERS)
    if what not in EXPORTS:
        raise UnknownName("export", what, known=EXPORTS)
    has_query = isinstance(query, RankingQuery) and not query.is_default
    ranking_options = {
        "A brand": brands,
        "A ranker": ranker,
        "k": k is not None,
        "A number of followers": followers,
        "A condition, a weight, a like or a dislike": has_query,
    }
    _check_options(what, ranking_options, data=data, earlier=earlier, name=name)
    # Each kind of export builds one table.
    if what == "rejects":
        return tabular.write(_reject_table(workspace, earlier), file)
    if what == "features":
        return tabular.write(_feature_table(workspace, name), file)
    if what == "endorsements":
        return tabular.write(_endorsement_table(load(workspace, data)), file)
    if what == "rankings":
        table = _ranking_table(
            workspace,
            list(brands or ()),
            ranker=ranker,
            k=PER_BRAND if k is None else k,
            data=data,
            followers=followers,
            query_of=query if callable(query) else lambda _: query or RankingQuery(),
        )
        return tabular.write(table, file)
    dataset = workspace.dataset()
    if what == "accounts":
        return tabular.write(_account_table(dataset.accounts), file)
    return tabular.write(dataset.links if what == "links" else getattr(dataset, what), file)


def _check_options(
    what: str,
    ranking_options: Mapping[str, Any],
    *,
    data: Mapping[str, Any] | None,
    earlier: bool,
    name: str | None,
) -> None:
    """Raise UsageError for an option that the kind of export does not read."""
    if what != "rankings":
        for option, value in ranking_options.items():
            if value:
                raise UsageError(
                    f"{option} is for rankings; this writes all {what}.", "Leave it out, or write rankings."
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


@checked
def export_rows(rows: Iterable[Mapping[str, Any]], file: str | Path) -> int:
    """Write rows of a search or a shortlist to a file, the influencer as the first column. Returns the number
    of rows."""
    return tabular.write(tabular.from_rows({"influencer": row["influencer"], **row} for row in rows), file)


@checked
def export_priced(rows: Iterable[Mapping[str, Any]], file: str | Path, currency: str) -> int:
    """``export_rows`` of rows with prices. A spreadsheet names the currency in the headers; in other files it
    is only a field."""
    if Path(file).suffix.lower() not in SPREADSHEETS:
        return export_rows(rows, file)
    # A spreadsheet has no field for the currency of a column.
    headers = {name: f"{name} ({currency or 'currency not set'})" for name in PRICES}

    def with_headers(row: Mapping[str, Any]) -> dict[str, Any]:
        return {headers.get(name, name): value for name, value in row.items()}

    return export_rows(map(with_headers, rows), file)


@checked
def check_file(file: str | Path) -> None:
    """Raise UsageError if rows cannot be written to this file. Call it before a long computation."""
    tabular.checked(file, tabular.WRITERS)


@checked
def export_rejected_rows(workspace: Place, file: str | Path, *, of: int | None = None) -> int:
    """Write the rejected rows of tables to an .xlsx file as they were, a sheet for each table, with the
    reason in a further column. Corrected in place and imported, they leave the list of rejects. Returns the
    number of rows.

    of  number of the import; default: the last one

    Raises UsageError for another ending.
    """
    rejects = [reject for reject in as_workspace(workspace).rejects(of=of) if reject["row"]]
    # Each table has columns of its own.
    rows_by_file: dict[str, list[dict[str, Any]]] = {}
    for reject in rejects:
        cells = msgspec.json.decode(reject["row"])
        extra = {
            REASON: reject["reason"],
            REJECTED_ROW: str(schema.RejectId(reject["import"], reject["number"])),
        }
        rows_by_file.setdefault(reject["file"], []).append({**cells, **extra})
    # The title of a sheet says what it holds: it stays the same.
    tables = {name: _as_texts(rows) for name, rows in rows_by_file.items()}
    titles = [name.rpartition(", sheet ")[2] if ", sheet " in name else Path(name).stem for name in tables]
    tabular.write_sheets(list(zip(titles, tables.values(), strict=True)), file)
    return len(rejects)


def _as_texts(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with different cells as one table; the columns that explain the reject are the last."""
    names = list(dict.fromkeys(name for row in rows for name in row if name not in OF_REJECTS))
    columns = {}
    for name in (*names, *OF_REJECTS):
        values = [row.get(name) for row in rows]
        # Numbers stay numbers, so that a spreadsheet shows them as before; a mixed column is text.
        types = {type(value) for value in values if value is not None}
        columns[name] = pa.array(
            values if len(types) <= 1 else [None if v is None else str(v) for v in values]
        )
    return pa.table(columns)


def _reject_table(workspace: Workspace, earlier: bool) -> pa.Table:
    """Rejects with the number and the time of their import."""
    # The other columns are texts; types are explicit, because a table without rows has no values to infer
    # them from.
    types = {"import": pa.int64(), "time": pa.int64(), "line": pa.int64()}
    rejects = workspace.rejects(earlier=earlier)
    columns: dict[str, pa.Array] = {}
    for name in REJECT_COLUMNS:
        values = [reject[name] for reject in rejects]
        if name == "time":
            values = [None if time is None else int(time) for time in values]
        columns[name] = pa.array(values, types.get(name, pa.string()))
    return pa.table(columns)


def _account_table(accounts: pa.Table) -> pa.Table:
    """The accounts, each attribute as a column under its own name."""
    rows = [dict(pairs or ()) for pairs in accounts["attributes"].to_pylist()]
    table = accounts.drop_columns(["attributes"])
    for name in dict.fromkeys(name for row in rows for name in row):
        # A name that is a column already gets a prefix, so that it is read back as an attribute.
        header = name if name not in table.column_names else f"attribute {name}"
        table = table.append_column(header, pa.array([row.get(name) for row in rows], pa.string()))
    return table


def _endorsement_table(dataset: Dataset) -> pa.Table:
    pairs = dataset.endorsements  # (n, 2)
    return pa.table(
        {"brand": pa.array(pairs[:, 0], pa.string()), "influencer": pa.array(pairs[:, 1], pa.string())}
    )


def _feature_table(workspace: Workspace, name: str | None) -> pa.Table:
    """A row for each account or post, a column for each dimension. Raises UsageError without a name."""
    if name is None:
        raise UsageError(
            "Which features?", f"Name them: --name {' or '.join(workspace.feature_names()) or 'text.hashing'}"
        )
    features = workspace.features(name)
    # Features without named columns get numbered ones.
    columns = features.columns or [f"{features.name}.{n}" for n in range(features.dim)]
    values_by_column = {column: features.values[:, n] for n, column in enumerate(columns)}
    return pa.table({f"{features.level}": features.ids.tolist(), **values_by_column})


@checked
def unranked_brands(workspace: Place, data: Mapping[str, Any] | None = None) -> list[str]:
    """Brands that rankings of all brands leave out, because nothing is known of them to rank by."""
    return _unranked(load(as_workspace(workspace), data))


def _unranked(dataset: Dataset) -> list[str]:
    return sorted(brand for brand, kind in dataset.representation.items() if kind == "none")


def _ranking_table(
    workspace: Workspace,
    brands: Sequence[str],
    *,
    ranker: str | None,
    k: int,
    data: Mapping[str, Any] | None,
    followers: str | None,
    query_of: Callable[[str], RankingQuery],
) -> pa.Table:
    """A row for each of the k best of each brand; docs/exports.md describes the columns."""
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    # A named brand without anything to rank by is an error; among all brands it is left out.
    unranked = set(_unranked(dataset))
    # In the order of the caller; without names all brands, in the order of the data.
    named = [find_brand(dataset, brand) for brand in brands]
    rows: list[dict[str, Any]] = []
    for brand in named or [brand for brand in dataset.representation if brand not in unranked]:
        query = query_of(brand)
        within = bounds(followers, data, filters.condition(query.where))
        context = RankingContext(workspace, model, dataset, brand, within=within)
        # Not ``cached_ranking``: rankings of all brands would push those of the pages out of the cache.
        everyone = rank_candidates(context, partners=query.partners)
        ranking = narrowed(everyone, context, query=query).listed
        # Other bounds than the usual ones narrow (or widen) the list too. A condition names its own bounds.
        narrowing = [query.narrowed_by, bounds_text(within)]
        # The same in all rows of the brand, so that each row explains itself.
        labels = {"narrowed_by": "; ".join(filter(None, narrowing)), "adjusted_by": query.adjusted_by}
        rows.extend(row | labels for row in _ranking_rows(context, ranking, k))
    # A brand without likes has no part of the score for them. Every row gets the columns of all rows.
    columns = dict.fromkeys(name for row in rows for name in row)
    return pa.Table.from_pylist([dict.fromkeys(columns) | row for row in rows])


def _stated_facts(facts: Facts, rows: pa.Array) -> dict[str, list[Any]]:
    """Columns of what sources state of influencers, those that any influencer has; attributes under the names
    of the source."""
    columns = {
        "stated_engagement_rate": facts.stated_engagement,
        "stated_price": facts.price,
        "stated_currency": facts.price_currency,
        "country": facts.country,
        "city": facts.city,
    }
    columns |= {f"attribute_{name}": column for name, column in facts.attributes.items()}
    known = {name: column for name, column in columns.items() if column.null_count < len(column)}
    return {name: column.take(rows).to_pylist() for name, column in known.items()}


def _ranking_rows(context: RankingContext, ranking: Ranking, k: int) -> list[dict[str, Any]]:
    """The k best of a ranking as rows of a file."""
    brand, dataset = ranking.brand, context.dataset
    best = ranking.top(k)
    average_parts = _average_parts(ranking)
    # Only the k best are scored again for their probability, not all candidates.
    intervals = pair_chances(context.model, dataset, brand=brand, influencers=best.candidates)
    topics = shared_topics(dataset, "concept", brand=brand, influencers=best.candidates)
    descriptions = described(dataset, best.candidates.tolist())
    # (k,) rows of the best in the facts.
    fact_rows = pa.array(rows_of(best.candidates.tolist(), influencer_rows(dataset)), pa.int64())
    names = context.facts.name.take(fact_rows).to_pylist()
    engagement_rates = context.facts.engagement.take(fact_rows).to_pylist()
    stated = _stated_facts(context.facts, fact_rows)
    # Posts of the brand that this ranking does not use.
    not_encoded = encoding_of(context.workspace, dataset, [brand]).waiting.get(brand, 0)
    rows = []
    for n, row in enumerate(best.rows()):
        # A part explains a rank by its difference from that of the average candidate.
        differences = {
            name: value - average_parts[name] for name, value in row["parts"].items() if value is not None
        }
        chance, low, high = intervals[n] if intervals is not None else (None, None, None)
        rows.append(
            {
                "brand": brand,
                "rank": row["rank"],
                "candidates": ranking.among,
                "left_out": sum(group.count for group in ranking.excluded),
                "brand_posts_not_encoded": not_encoded,
                "influencer": row["influencer"],
                "name": names[n],
                "profile": PROFILE_LINK.format(row["influencer"]),
                "followers": descriptions[n]["followers"],
                "category": descriptions[n]["category"],
                "category_source": descriptions[n]["category_source"],
                "category_probability": descriptions[n]["category_probability"],
                "score": row["score"],
                "chance": chance,
                "chance_low": low,
                "chance_high": high,
                "engagement_rate": engagement_rates[n],
                **{name: values[n] for name, values in stated.items()},
                "main_reason": main_reason(differences),
                "shared_topics": topics[n],
                **with_prefix("part_", row["parts"]),
                "ranker": context.model.name,
                "dataset": ranking.fingerprint[:12],
            }
        )
    return rows


def _average_parts(ranking: Ranking) -> dict[str, float]:
    """Part of the score to its mean over the candidates that have it; 0 if none has it."""
    means: dict[str, float] = {}
    for name, values in ranking.parts.items():
        has_value = ~np.isnan(values)
        means[name] = float(np.nanmean(values)) if has_value.any() else 0.0
    return means
