"""How many posts and accounts name each concept of a taxonomy, and how many concepts a post and an account
have (CAMERA, Wang et al. 2021, IV-D: about 10 and 20)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._taxonomy import Taxonomy
from brandfit.encoders.concept._term_counts import BLOCK, SOURCES, Source
from brandfit.encoders.concept.bag import FISHING, descriptions
from brandfit.encoders.text._clean import clean
from brandfit.learning.pooling import represents_account
from brandfit.progress import Progress


@dataclass(frozen=True, eq=False)
class ConceptCounts:
    """Concepts (c,) of a taxonomy in the p posts and a accounts of a Dataset, brands and influencers.

    posts, accounts      (c,) that name each concept; accounts in a post or in their profile
    by_source            source to (c,) posts, or accounts for biographies and business categories
    concepts_of_posts    (p,) number of different concepts of each post
    concepts_of_accounts (a,) the same of each account
    """

    posts: np.ndarray
    accounts: np.ndarray
    by_source: Mapping[Source, np.ndarray]
    concepts_of_posts: np.ndarray
    concepts_of_accounts: np.ndarray


def count_concepts(dataset: Dataset, taxonomy: Taxonomy, progress: Progress | None = None) -> ConceptCounts:
    """Count the concepts of all brands and influencers."""
    find = taxonomy.find
    # Popular hashtags repeat often, and splitting one into words is slow.
    find_tag = lru_cache(1 << 16)(taxonomy.find_tag)
    n_concepts = len(taxonomy)
    by_source: dict[Source, np.ndarray] = {source: np.zeros(n_concepts, np.int64) for source in SOURCES}
    in_posts, in_accounts = np.zeros(n_concepts, np.int64), np.zeros(n_concepts, np.int64)

    def counted(source: Source, numbers: Iterable[int]) -> set[int]:
        distinct = set(numbers)
        by_source[source][list(distinct)] += 1
        return distinct

    # Profiles: each account once.
    of_account: dict[str, set[int]] = {}
    for row in dataset.accounts.select(["id", "role", "biography", "business_category"]).to_pylist():
        if row["role"] != "audience":
            of_biography = counted("biographies", find(clean(row["biography"] or "")))
            of_category = counted("business_categories", find(clean(row["business_category"] or "")))
            of_account[row["id"]] = of_biography | of_category

    # Posts: concepts of an account are those of its profile and of all its posts.
    described = descriptions(dataset)
    rows = zip(*column_lists(dataset.posts, ("id", "account", "caption", "hashtags")), strict=True)
    concepts_of_posts = []
    for n, (id, account, caption, tags) in enumerate(
        itertools.compress(rows, represents_account(dataset).tolist())
    ):
        if account not in of_account:  # audiences
            continue
        in_tags = (find_tag(tag) for tag in tags or () if not FISHING.search(tag))
        in_pictures = map(find, described.get(id, ()))
        # A concept counts once in each source, and once in the post.
        of_post = counted("hashtags", itertools.chain.from_iterable(in_tags))
        of_post |= counted("captions", find(clean(caption or "", hashtags="drop")))
        of_post |= counted("descriptions", itertools.chain.from_iterable(in_pictures))
        in_posts[list(of_post)] += 1
        concepts_of_posts.append(len(of_post))
        of_account[account] |= of_post
        if progress is not None and n % BLOCK == 0:
            progress(n, dataset.posts.num_rows, "count concepts")
    for numbers in of_account.values():
        in_accounts[list(numbers)] += 1
    return ConceptCounts(
        posts=in_posts,
        accounts=in_accounts,
        by_source=by_source,
        concepts_of_posts=np.array(concepts_of_posts, np.int64),
        concepts_of_accounts=np.array([len(numbers) for numbers in of_account.values()], np.int64),
    )
