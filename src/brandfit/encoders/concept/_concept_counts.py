"""How many posts and accounts name each concept of a taxonomy, and how many concepts a post and an account
have (CAMERA, Wang et al. 2021, IV-D: about 10 and 20)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

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


def count_concepts(
    dataset: Dataset,
    taxonomy: Taxonomy,
    sources: Collection[Source] = SOURCES,
    *,
    training: bool = False,
    progress: Progress | None = None,
) -> ConceptCounts:
    """Count the concepts of brands and influencers in these sources.

    training  only accounts outside the official test split
    """
    counter = _Counter(taxonomy, frozenset(sources))
    posts = dataset.posts.filter(pa.array(represents_account(dataset)))
    described = descriptions(dataset) if "descriptions" in sources else {}

    # Profiles: each account once. Concepts of an account are those of its profile and of all its posts.
    of_account: dict[str, set[int]] = {}
    columns = ["id", "role", "split", "biography", "business_category", "category"]
    for row in dataset.accounts.select(columns).to_pylist():
        if row["role"] != "audience" and not (training and row["split"] == "test"):
            of_account[row["id"]] = counter.of_profile(row)

    concepts_of_posts = []
    rows = zip(*column_lists(posts, ("id", "account", "caption", "hashtags")), strict=True)
    for n, (id, account, caption, tags) in enumerate(rows):
        if account not in of_account:  # audiences, and accounts that are left out
            continue
        of_post = counter.of_post(caption or "", tags or (), described.get(id, ()))
        concepts_of_posts.append(len(of_post))
        of_account[account] |= of_post
        if progress is not None and n % BLOCK == 0:
            progress(n, posts.num_rows, "count concepts")
    in_accounts = np.zeros(len(taxonomy), np.int64)
    for numbers in of_account.values():
        in_accounts[list(numbers)] += 1
    return ConceptCounts(
        posts=counter.posts,
        accounts=in_accounts,
        by_source=counter.by_source,
        concepts_of_posts=np.array(concepts_of_posts, np.int64),
        concepts_of_accounts=np.array([len(numbers) for numbers in of_account.values()], np.int64),
    )


class _Counter:
    """Adds the concepts of one text after another.

    posts      (c,) posts that name each concept
    by_source  source to (c,) posts, or accounts
    """

    def __init__(self, taxonomy: Taxonomy, sources: Collection[Source]) -> None:
        self.find, self.sources = taxonomy.find, sources
        # Popular hashtags repeat often, and splitting one into words is slow.
        self.find_tag = lru_cache(1 << 16)(taxonomy.find_tag)
        self.posts = np.zeros(len(taxonomy), np.int64)
        self.by_source: dict[Source, np.ndarray] = {
            source: np.zeros(len(taxonomy), np.int64) for source in SOURCES
        }

    def of_profile(self, account: Mapping[str, str | None]) -> set[int]:
        """Concepts of a profile. Stated and business categories are one source."""
        categories = filter(None, (account["business_category"], account["category"]))
        return self._counted("biographies", [clean(account["biography"] or "")]) | self._counted(
            "business_categories", categories
        )

    def of_post(self, caption: str, tags: Iterable[str], described: Iterable[str]) -> set[int]:
        """Concepts of a post, which count once in the post and once in each source."""
        of_post = self._counted("captions", [clean(caption, hashtags="drop")])
        of_post |= self._counted("descriptions", described)
        if "hashtags" in self.sources:
            by_tag = (self.find_tag(tag) for tag in tags if not FISHING.search(tag))
            in_tags = set(itertools.chain.from_iterable(by_tag))
            self.by_source["hashtags"][list(in_tags)] += 1
            of_post |= in_tags
        self.posts[list(of_post)] += 1
        return of_post

    def _counted(self, source: Source, texts: Iterable[str]) -> set[int]:
        """Concepts of the texts of a source; none if the source is not read."""
        if source not in self.sources:
            return set()
        numbers = set(itertools.chain.from_iterable(map(self.find, texts)))
        self.by_source[source][list(numbers)] += 1
        return numbers
