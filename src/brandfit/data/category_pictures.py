"""Example pictures of the influencers of each category (D-15; Kim et al., WWW 2020, Fig. 4)."""

from __future__ import annotations

from typing import NamedTuple

from brandfit import seeds
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset


class PictureExample(NamedTuple):
    """A picture of a post of an influencer; ``hash`` is that of its working copy."""

    account: str
    post: str
    hash: str


def category_pictures(dataset: Dataset, each: int = 4, seed: int = 0) -> dict[str, list[PictureExample]]:
    """Category to at most ``each`` pictures, of different influencers as long as there are any.

    Drawn at random by the seed. A category whose influencers have no pictures has an empty list. Categories
    are the stated ones, sorted.
    """
    account_of_post = dict(zip(*column_lists(dataset.posts, ("id", "account")), strict=True))
    pictures_by_account: dict[str, list[PictureExample]] = {}
    columns = column_lists(dataset.images, ("post", "hash"))
    for post, hash in sorted(zip(*columns, strict=True)):
        if hash:
            account = account_of_post[post]
            pictures_by_account.setdefault(account, []).append(PictureExample(account, post, hash))

    examples: dict[str, list[PictureExample]] = {}
    ids = dataset.influencers
    for id, category in zip(ids.tolist(), dataset.account_values("category", ids), strict=True):
        if category is not None:
            examples.setdefault(category, []).extend(pictures_by_account.get(id, []))
    return {category: _draw(examples[category], each, seed) for category in sorted(examples)}


def _draw(pictures: list[PictureExample], each: int, seed: int) -> list[PictureExample]:
    """Some of the pictures: the first drawn one of each account before any second one."""
    order = seeds.generator(seed, "category pictures").permutation(len(pictures)).tolist()
    n_before: dict[str, int] = {}
    ranked = []
    for place, n in enumerate(order):
        account = pictures[n].account
        ranked.append((n_before.get(account, 0), place, pictures[n]))
        n_before[account] = n_before.get(account, 0) + 1
    return [picture for _, _, picture in sorted(ranked)[:each]]
