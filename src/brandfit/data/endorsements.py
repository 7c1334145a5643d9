"""Who endorses whom, where the source does not state it: derived from posts of influencers and of brands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config
from brandfit.data.candidates import MICRO, by_followers
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, arrow_schema, link_id
from brandfit.errors import ConfigError

Kind = Literal["mentions", "tags", "sponsors"]
Direction = Literal["influencer", "brand", "both"]
NAMED_BY_BRANDS = ("mentions", "tags")
"""How a post of a brand names an influencer: its sponsor is never one."""
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


def within_bounds(dataset: Dataset, config: Config) -> np.ndarray:
    """(n,) ids of the influencers inside the follower bounds (D-02), sorted; those of unknown size are
    kept."""
    ids = dataset.influencers
    followers = dataset.account_values("followers", ids).astype(np.float64)
    inside, _ = by_followers(ids, followers, low=config.min_followers, high=config.max_followers)
    return ids[inside]


def derive(dataset: Dataset, config: Config | None = None) -> Dataset:
    """The Dataset with endorsements, derived where its source states none.

    A pair is stated by a post of the influencer that mentions, tags or names the brand as sponsor (D-03:
    cited or mentioned), or by a post of the brand that mentions or tags the influencer (the positives of WSim
    and MIR); ``direction`` says which posts count. The influencer is inside the follower bounds. An account
    that at least ``min_endorsers`` influencers are paired with is a brand: one that is not in the data set
    becomes a brand account of which nothing but its partners is known; an influencer stays one unless
    ``influencers_as_brands``. Only accounts that are stated as brands name influencers as brands do. Each
    link carries the first post that states it. Stated endorsements are taken as they are.
    """
    config = config or Config()
    if dataset.links_of_kinds("endorses").num_rows:
        return dataset
    micro = within_bounds(dataset, config)
    by_influencers, by_brands = _by_influencers(dataset, config, micro), _by_brands(dataset, config, micro)
    stated = pa.concat_tables([by_influencers, by_brands])
    # First post first: by time, unknown times last, then by id, so that the order of rows decides nothing.
    stated = stated.sort_by(
        [("target", "ascending"), ("source", "ascending"), ("time", "ascending"), ("post", "ascending")]
    )
    first = stated.group_by(["target", "source"], use_threads=False).aggregate(
        [("post", "first"), ("time", "first")]
    )
    counts = first.group_by("target", use_threads=False).aggregate([("source", "count")])
    enough = pc.greater_equal(counts["source_count"], config.min_endorsers)
    brands = counts["target"].filter(enough).combine_chunks()
    few = counts.filter(
        pc.and_(
            pc.invert(enough), pc.is_in(counts["target"], value_set=pa.array(dataset.brands, pa.string()))
        )
    )
    first = first.filter(pc.is_in(first["target"], value_set=brands))
    known = dict(zip(dataset.accounts["id"].to_pylist(), dataset.accounts["role"].to_pylist(), strict=True))
    n = len(first)
    rows = list(zip(first["source"].to_pylist(), first["target"].to_pylist(), strict=True))
    derived = pa.table(
        {
            "id": pa.array(
                [link_id("endorses", source, target=target) for source, target in rows], pa.string()
            ),
            "kind": pa.repeat(pa.scalar("endorses"), n),
            "source": first["source"],
            "target": first["target"],
            "post": first["post_first"],
            "time": first["time_first"],
            "text": pa.nulls(n, pa.string()),
            "weight": pa.nulls(n, pa.float64()),
        },
        schema=arrow_schema("links"),
    )
    note = (
        f"endorsements derived from {', '.join(config.kinds)} of {len(micro):,} influencers with "
        f"{config.min_followers:,} to {config.max_followers:,} followers: {n:,} of {len(brands):,} brands "
        "with at least "
        f"{config.min_endorsers} endorsers; "
        f"{_source_sentence(rows, by_influencers, by_brands=by_brands, config=config)}"
    )
    if few_pairs := pc.sum(few["source_count"]).as_py():
        note += (
            f"; left out: {few_pairs:,} of {len(few):,} brands with fewer endorsers, for example "
            f"{few['target'][0].as_py()} "
            "(setting endorsements.min_endorsers)"
        )
    new = [
        Account(id=b, role="brand") for b in sorted(brands.to_pylist()) if known.get(b, "audience") != "brand"
    ]
    return dataset.with_accounts(new).with_links(derived, note=note)


def _by_influencers(dataset: Dataset, config: Config, micro: np.ndarray) -> pa.Table:
    """Source (influencer), target (brand), post and time of each naming of another account in a post of these
    influencers."""
    links = _stated(dataset, config, config.kinds if config.direction != "brand" else ())
    links = links.filter(
        pc.and_(_among(links["source"], micro), pc.not_equal(links["source"], links["target"]))
    )
    return (
        links
        if config.influencers_as_brands
        else links.filter(pc.invert(_among(links["target"], dataset.influencers)))
    )


def _by_brands(dataset: Dataset, config: Config, micro: np.ndarray) -> pa.Table:
    """The same columns, of each naming of one of these influencers in a post of a brand: the brand is the
    target here too."""
    kinds = [kind for kind in config.kinds if kind in NAMED_BY_BRANDS]
    links = _stated(dataset, config, kinds if config.direction != "influencer" else ())
    links = links.filter(pc.and_(_among(links["source"], dataset.brands), _among(links["target"], micro)))
    return links.rename_columns(["target", "source", "post", "time"]).select(COLUMNS)


def _stated(dataset: Dataset, config: Config, kinds: Sequence[str]) -> pa.Table:
    """The links of these kinds that posts state, of posts that count."""
    links = dataset.links_of_kinds(*kinds)
    if config.disclosed_only:
        marked = dataset.posts["id"].filter(dataset.posts["disclosed"].fill_null(False))
        links = links.filter(pc.is_in(links["post"], value_set=marked.combine_chunks()))
    return links.select(COLUMNS)


def _among(column: pa.ChunkedArray, ids: np.ndarray) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(ids, pa.string()))


def _source_sentence(
    rows: Sequence[tuple[str, str]], by_influencers: pa.Table, *, by_brands: pa.Table, config: Config
) -> str:
    """How many of these pairs (influencer, brand) posts of either side state."""
    one, other = (
        set(zip(t["source"].to_pylist(), t["target"].to_pylist(), strict=True))
        for t in (by_influencers, by_brands)
    )
    if config.direction == "influencer":
        return "posts of brands are not counted (setting endorsements.direction)"
    if config.direction == "brand":
        return "posts of influencers are not counted (setting endorsements.direction)"
    both = sum(row in one and row in other for row in rows)
    named, naming = sum(row in one for row in rows), sum(row in other for row in rows)
    return (
        f"{named:,} stated by posts of influencers, {naming:,} by posts of brands, {both:,} of them by both"
    )
