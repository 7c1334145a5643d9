"""Who endorses whom, where the source does not state it: derived from what influencers' posts say."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config
from brandfit.data.candidates import MICRO, by_followers
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, arrow_schema, link_id

Kind = Literal["mentions", "tags", "sponsors"]


class Config(config.Config, frozen=True):
    kinds: Annotated[tuple[Kind, ...], Meta(description="what in a post counts as endorsing", min_length=1)] = (
        "mentions",
        "tags",
        "sponsors",
    )
    disclosed_only: Annotated[bool, Meta(description="count only posts that are marked as advertisements")] = False
    min_followers: Annotated[int, Meta(description="fewest followers of a micro-influencer", ge=0)] = MICRO[0]
    max_followers: Annotated[int, Meta(description="most followers of a micro-influencer", ge=0)] = MICRO[1]
    min_endorsers: Annotated[int, Meta(description="an account that fewer distinct influencers endorse is no brand", ge=1)] = 5
    influencers_as_brands: Annotated[bool, Meta(description="an influencer that enough others endorse is a brand too")] = False

    def __post_init__(self) -> None:
        self.ordered("min_followers", "max_followers")


def within_bounds(dataset: Dataset, config: Config) -> np.ndarray:
    """(n,) ids of the influencers inside the follower bounds (D-02), sorted; those of unknown size are kept."""
    ids = dataset.influencers
    followers = dataset.of_accounts("followers", ids).astype(np.float64)
    inside, _ = by_followers(ids, followers, config.min_followers, config.max_followers)
    return ids[inside]


def derive(dataset: Dataset, config: Config | None = None) -> Dataset:
    """The Dataset with endorsements, derived where its source states none.

    An influencer inside the follower bounds endorses an account that it mentions, tags or names as sponsor (D-03: cited or
    mentioned). An account that at least ``min_endorsers`` of them endorse is a brand: one that is not in the data set
    becomes a brand account of which nothing but its partners is known; an influencer stays one unless
    ``influencers_as_brands``. Each link carries the first post that states it. Stated endorsements are taken as they are.
    """
    config = config or Config()
    if dataset.links_of("endorses").num_rows:
        return dataset
    links = dataset.links_of(*config.kinds)
    if config.disclosed_only:
        marked = dataset.posts["id"].filter(dataset.posts["disclosed"].fill_null(False))
        links = links.filter(pc.is_in(links["post"], value_set=marked.combine_chunks()))
    micro = pa.array(within_bounds(dataset, config), pa.string())
    links = links.filter(pc.and_(pc.is_in(links["source"], value_set=micro), pc.not_equal(links["source"], links["target"])))
    if not config.influencers_as_brands:
        links = links.filter(pc.invert(pc.is_in(links["target"], value_set=pa.array(dataset.influencers, pa.string()))))
    # First post first: by time, unknown times last, then by id, so that the order of rows decides nothing.
    links = links.sort_by([("target", "ascending"), ("source", "ascending"), ("time", "ascending"), ("post", "ascending")])
    first = links.group_by(["target", "source"], use_threads=False).aggregate([("post", "first"), ("time", "first")])
    counts = first.group_by("target", use_threads=False).aggregate([("source", "count")])
    brands = counts["target"].filter(pc.greater_equal(counts["source_count"], config.min_endorsers)).combine_chunks()
    first = first.filter(pc.is_in(first["target"], value_set=brands))
    known = dict(zip(dataset.accounts["id"].to_pylist(), dataset.accounts["role"].to_pylist(), strict=True))
    n = len(first)
    rows = zip(first["source"].to_pylist(), first["target"].to_pylist(), strict=True)
    derived = pa.table(
        {
            "id": pa.array([link_id("endorses", source, target) for source, target in rows], pa.string()),
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
        f"{config.min_followers:,} to {config.max_followers:,} followers: {n:,} of {len(brands):,} brands with at least "
        f"{config.min_endorsers} endorsers"
    )
    new = [Account(id=b, role="brand") for b in sorted(brands.to_pylist()) if known.get(b, "audience") != "brand"]
    return dataset.with_accounts(new).with_links(derived, note=note)
