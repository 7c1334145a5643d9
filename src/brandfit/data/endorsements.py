"""Endorsements derived from posts of influencers and of brands, for sources that state none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config
from brandfit.data.candidates import MICRO, by_followers
from brandfit.data.dataset import Dataset, Pairs
from brandfit.data.schema import Account, arrow_schema, link_id
from brandfit.errors import ConfigError

Kind = Literal["mentions", "tags", "sponsors"]
Direction = Literal["influencer", "brand", "both"]
NAMED_BY_BRANDS = ("mentions", "tags")
"""Fields in which a post of a brand names an influencer. Sponsors of its post are never influencers."""
PAIR = ["target", "source"]
"""Columns of a pair: the brand, then the influencer."""
COLUMNS = ["source", "target", "post", "time"]


class Config(config.Config, frozen=True):
    kinds: Annotated[
        tuple[Kind, ...], Meta(description="what in a post counts as endorsing", min_length=1)
    ] = (
        "mentions",
        "tags",
        "sponsors",
    )
    direction: Annotated[
        Direction,
        Meta(
            description="whose posts count: of influencers, who name brands; of brands, which name "
            "influencers; or both"
        ),
    ] = "both"
    disclosed_only: Annotated[
        bool, Meta(description="count only posts that are marked as advertisements")
    ] = False
    min_followers: Annotated[int, Meta(description="fewest followers of a micro-influencer", ge=0)] = MICRO[0]
    max_followers: Annotated[int, Meta(description="most followers of a micro-influencer", ge=0)] = MICRO[1]
    min_endorsers: Annotated[
        int, Meta(description="an account that fewer distinct influencers endorse is no brand", ge=1)
    ] = 5
    influencers_as_brands: Annotated[
        bool, Meta(description="an influencer that enough others endorse is a brand too")
    ] = False

    def __post_init__(self) -> None:
        self.ordered("min_followers", "max_followers")
        if self.direction == "brand" and not set(self.kinds) & set(NAMED_BY_BRANDS):
            raise ConfigError(
                f"endorsements.direction is brand and endorsements.kinds is {', '.join(self.kinds)}: nothing "
                "can be derived.",
                f"Add {' or '.join(NAMED_BY_BRANDS)} to kinds, or set direction to influencer or both.",
            )


@dataclass(frozen=True)
class _Namings:
    """Each naming of one side by a post of the other, as tables of ``COLUMNS``: the source is the influencer,
    the target the brand."""

    by_influencers: pa.Table
    by_brands: pa.Table

    def of(self, influencers: np.ndarray) -> _Namings:
        """The namings in which one of these influencers is named or names."""
        return _Namings(*(table.filter(_is_among(table["source"], influencers)) for table in self.tables))

    @property
    def tables(self) -> tuple[pa.Table, ...]:
        return (self.by_influencers, self.by_brands)

    def all(self) -> pa.Table:
        return pa.concat_tables(self.tables)


def within_bounds(dataset: Dataset, config: Config) -> np.ndarray:
    """(n,) ids of the influencers inside the follower bounds (D-02), sorted; unknown sizes are inside."""
    ids = dataset.influencers
    followers = dataset.account_values("followers", ids).astype(np.float64)
    inside, _ = by_followers(ids, followers, low=config.min_followers, high=config.max_followers)
    return ids[inside]


def derive(dataset: Dataset, config: Config | None = None) -> Dataset:
    """The Dataset with endorsements, derived if its source states none.

    A pair is stated by a post of the influencer that mentions, tags or names the brand as sponsor (D-03:
    cited or mentioned), or by a post of the brand that mentions or tags the influencer (the positives of WSim
    and MIR); ``direction`` chooses whose posts count. The influencer must be inside the follower bounds. An
    account that is paired with at least ``min_endorsers`` influencers is a brand. If it is not in the data
    set, it becomes a brand account without any field. An influencer stays an influencer unless
    ``influencers_as_brands`` is set. Only posts of accounts with the stated role brand count as posts of
    brands. Each link carries the first post that states it. Pairs outside the bounds become
    ``Dataset.uncounted_pairs``. Stated endorsements are not changed.
    """
    config = config or Config()
    if dataset.links_of_kinds("endorses").num_rows:
        return dataset
    micro = within_bounds(dataset, config)
    namings = _Namings(_by_influencers(dataset, config), _by_brands(dataset, config))
    counted = namings.of(micro)
    first = _first_posts(counted.all())

    # One row an account that is named: (target, number of its influencers).
    counts = first.group_by("target", use_threads=False).aggregate([("source", "count")])
    is_enough = pc.greater_equal(counts["source_count"], config.min_endorsers)
    brands = counts["target"].filter(is_enough).combine_chunks()
    is_stated_brand = _is_among(counts["target"], dataset.brands)
    few = counts.filter(pc.and_(pc.invert(is_enough), is_stated_brand))
    first = first.filter(pc.is_in(first["target"], value_set=brands))

    # Pairs that only the follower bounds keep out, of every account that is a brand in the result.
    all_brands = np.union1d(dataset.brands.astype(str), np.array(brands.to_pylist(), dtype=str))
    outside = np.setdiff1d(dataset.influencers, micro)
    uncounted = _pairs(namings.of(outside).all(), all_brands)

    note = "; ".join(
        [
            f"endorsements derived from {', '.join(config.kinds)} of {len(micro):,} influencers with "
            f"{config.min_followers:,} to {config.max_followers:,} followers: {len(first):,} of "
            f"{len(brands):,} brands with at least {config.min_endorsers} endorsers",
            _source_sentence(first, counted, config=config),
            *_left_out_sentences(few, uncounted),
        ]
    )
    role_by_id = dict(
        zip(dataset.accounts["id"].to_pylist(), dataset.accounts["role"].to_pylist(), strict=True)
    )
    # Brands that were no account, or an influencer or audience member.
    new = [
        Account(id=id, role="brand")
        for id in sorted(brands.to_pylist())
        if role_by_id.get(id, "audience") != "brand"
    ]
    derived = dataset.with_accounts(new).with_links(_endorsement_links(first), note=note)
    return derived.with_uncounted_pairs(uncounted)


def _by_influencers(dataset: Dataset, config: Config) -> pa.Table:
    """Influencer (source), brand (target), post and time of each naming of another account in a post of an
    influencer."""
    links = _naming_links(dataset, config, config.kinds if config.direction != "brand" else ())
    is_other = pc.not_equal(links["source"], links["target"])
    links = links.filter(pc.and_(_is_among(links["source"], dataset.influencers), is_other))
    if config.influencers_as_brands:
        return links
    return links.filter(pc.invert(_is_among(links["target"], dataset.influencers)))


def _by_brands(dataset: Dataset, config: Config) -> pa.Table:
    """The same columns, for each naming of an influencer in a post of a brand: the brand is the target here
    too."""
    kinds = tuple(kind for kind in config.kinds if kind in NAMED_BY_BRANDS)
    links = _naming_links(dataset, config, kinds if config.direction != "influencer" else ())
    is_brand = _is_among(links["source"], dataset.brands)
    links = links.filter(pc.and_(is_brand, _is_among(links["target"], dataset.influencers)))
    # A naming by a brand points from the brand to the influencer: the ends are exchanged.
    return links.rename_columns(["target", "source", "post", "time"]).select(COLUMNS)


def _naming_links(dataset: Dataset, config: Config, kinds: tuple[Kind, ...]) -> pa.Table:
    """The links of these kinds in posts that count."""
    links = dataset.links_of_kinds(*kinds)
    if config.disclosed_only:
        is_disclosed = dataset.posts["disclosed"].fill_null(False)
        disclosed = dataset.posts["id"].filter(is_disclosed).combine_chunks()
        links = links.filter(pc.is_in(links["post"], value_set=disclosed))
    return links.select(COLUMNS)


def _first_posts(namings: pa.Table) -> pa.Table:
    """One row a pair: target, source, and post and time of the first post that states it."""
    # First post first: by time, unknown times last, then by id, so that the order of rows decides nothing.
    ordered = namings.sort_by([(name, "ascending") for name in (*PAIR, "time", "post")])
    first = ordered.group_by(PAIR, use_threads=False).aggregate([("post", "first"), ("time", "first")])
    return first.select([*PAIR, "post_first", "time_first"]).rename_columns([*PAIR, "post", "time"])


def _endorsement_links(first: pa.Table) -> pa.Table:
    """The pairs as ``endorses`` links, in the schema of links."""
    n = len(first)
    ids = [link_id("endorses", source, target=target) for source, target in _source_and_target(first)]
    columns = {
        "id": pa.array(ids, pa.string()),
        "kind": pa.repeat(pa.scalar("endorses"), n),
        **{name: first[name] for name in COLUMNS},
        "text": pa.nulls(n, pa.string()),
        "weight": pa.nulls(n, pa.float64()),
    }
    return pa.table(columns, schema=arrow_schema("links"))


def _pairs(namings: pa.Table, brands: np.ndarray) -> Pairs:
    """(u, 2) distinct pairs of these brands, sorted."""
    of_brands = namings.filter(_is_among(namings["target"], brands)).select(PAIR)
    distinct = of_brands.group_by(PAIR, use_threads=False).aggregate([])
    ordered = distinct.sort_by([(name, "ascending") for name in PAIR])
    return np.stack([ordered[name].to_numpy().astype(object) for name in PAIR], axis=1)


def _is_among(column: pa.ChunkedArray, ids: np.ndarray) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(ids, pa.string()))


def _source_and_target(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True))


def _source_sentence(first: pa.Table, counted: _Namings, *, config: Config) -> str:
    """How many of these pairs are stated by posts of each side."""
    if config.direction == "influencer":
        return "posts of brands are not counted (setting endorsements.direction)"
    if config.direction == "brand":
        return "posts of influencers are not counted (setting endorsements.direction)"
    pairs = set(_source_and_target(first))
    by_influencers = pairs.intersection(_source_and_target(counted.by_influencers))
    by_brands = pairs.intersection(_source_and_target(counted.by_brands))
    return (
        f"{len(by_influencers):,} stated by posts of influencers, {len(by_brands):,} by posts of brands, "
        f"{len(by_influencers & by_brands):,} of them by both"
    )


def _left_out_sentences(few: pa.Table, uncounted: Pairs) -> list[str]:
    """Pairs of stated brands with too few endorsers, and pairs of influencers outside the follower bounds.

    few  (target, source_count) of the stated brands with fewer than ``min_endorsers`` endorsers
    """
    sentences = []
    if n_few := pc.sum(few["source_count"]).as_py():
        sentences.append(
            f"left out: {n_few:,} of {len(few):,} brands with fewer endorsers, for example "
            f"{few['target'][0].as_py()} (setting endorsements.min_endorsers)"
        )
    if len(uncounted):
        brand, influencer = uncounted[0]
        n_outside = len(np.unique(uncounted[:, 1].astype(str)))
        influencers = "1 influencer" if n_outside == 1 else f"{n_outside:,} influencers"
        sentences.append(
            f"not counted as partners: {influencers} outside these bounds that name brands or are named by "
            f"them, for example {influencer} and {brand} "
            "(settings endorsements.min_followers and endorsements.max_followers)"
        )
    return sentences
