"""Views of a Dataset that a split needs: without stating posts, with some endorsements and representing
partners."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data._statements import key_set, link_keys, stating_posts
from brandfit.data.dataset import Dataset, Pairs
from brandfit.data.schema import Link, link_id, to_table


def visible(dataset: Dataset, ids: np.ndarray, *, has_posts: bool) -> np.ndarray:
    """(n,) bool: accounts with a post or a brief in this view.

    has_posts  whether the source of the view has posts at all. If it has none, no post can be hidden, and all
               accounts are visible.
    """
    if not has_posts:
        return np.ones(len(ids), bool)
    return np.isin(ids.astype(str), np.unique(dataset.posts["account"].to_numpy().astype(str)))


def posts_except(dataset: Dataset, hidden: pa.Array) -> pa.Array:
    """Ids of all posts but the hidden ones."""
    posts = dataset.posts["id"]
    return posts.filter(pc.invert(pc.is_in(posts, value_set=hidden))).combine_chunks()


def without_statements(view: Dataset, stated: Dataset, pairs: Pairs) -> Dataset:
    """The view without the posts that state these endorsements. An account without other posts keeps
    them.

    stated  the Dataset in which the endorsements still carry their posts
    """
    posts = view.posts
    is_other = pc.invert(pc.is_in(posts["id"], value_set=stating_posts(stated, pairs)))
    has_others = pc.is_in(
        posts["account"], value_set=posts["account"].filter(is_other).combine_chunks().unique()
    )
    is_kept = pc.or_(is_other, pc.invert(has_others))
    return view.restricted(posts=posts["id"].filter(is_kept).combine_chunks())


def with_partners(view: Dataset, stated: Dataset, *, representing: Pairs, endorsing: Pairs) -> Dataset:
    """The view with these endorsements and these representing partners, and no others.

    An endorsement keeps the time and weight that ``stated`` has, but not the post, which the view may hide.
    """
    endorsements = stated.links_of_kinds("endorses")
    kept = endorsements.filter(pc.is_in(link_keys(endorsements), value_set=key_set(endorsing)))
    column = kept.schema.get_field_index("post")
    kept = kept.set_column(column, kept.schema.field("post"), pa.nulls(len(kept), pa.string()))
    # Representing partners are links of a kind of their own: they are no endorsements to learn from.
    new = [
        Link(
            id=link_id("represents", influencer, target=brand),
            kind="represents",
            source=influencer,
            target=brand,
        )
        for brand, influencer in representing.tolist()
    ]
    links = pa.concat_tables([kept, to_table("links", new)])
    return view.with_links(links, replacing=["endorses", "represents"])
