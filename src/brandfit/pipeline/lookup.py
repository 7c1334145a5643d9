"""Ids of accounts as people type them, looked up in a Dataset."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from brandfit.arguments import account
from brandfit.data.dataset import Dataset
from brandfit.errors import UnknownName, UsageError
from brandfit.mappings import position_by_item


def find_brand(dataset: Dataset, brand: str) -> str:
    """The id of a brand.

    Raises UnknownName if there is no such brand, and UsageError if nothing is known of it to rank by.
    """
    brand = account(brand, "brand")
    # ``representation`` has an entry for every brand.
    if brand not in dataset.representation:
        hint = "" if len(dataset.brands) else "This workspace has no brands."
        if brand in dataset.influencers.tolist():
            hint = f"It is an influencer. Brands for it: brandfit brands {brand}"
        raise UnknownName("brand", brand, known=dataset.brands.tolist(), hint=hint)
    # Without posts, brief and partners there is no vector to compare.
    if dataset.representation[brand] == "none":
        raise UsageError(
            f"Nothing is known of {brand!r} to rank by: it has no posts, no brief and no known partners.",
            "Import some of its posts, or a brief (a post with kind=brief), or endorsements that name its "
            "partners.",
        )
    return brand


def find_influencer(dataset: Dataset, influencer: str) -> str:
    """The id of an influencer. Raises UnknownName."""
    return find_influencers(dataset, [influencer])[0]


def find_influencers(dataset: Dataset, influencers: Iterable[str]) -> list[str]:
    """The ids of influencers. Raises UnknownName for the first that is unknown or is another kind of
    account."""
    known = influencer_rows(dataset)
    ids = [account(name, "influencer") for name in influencers]
    for id in ids:
        if id not in known:
            # A brand or audience member of this name is a likely mix-up.
            role = dataset.account(id)["role"] if id in _account_ids(dataset) else ""
            hint = f"It is {'an' if role[:1] in 'aeiou' else 'a'} {role} here." if role else ""
            raise UnknownName("influencer", id, known=set(known), hint=hint)
    return ids


def find_account(dataset: Dataset, id: str) -> str:
    """The id of any account. Raises UnknownName."""
    return find_accounts(dataset, [id])[0]


def find_accounts(dataset: Dataset, ids: Iterable[str]) -> list[str]:
    """The ids of any accounts. Raises UnknownName for the first that is unknown."""
    known = _account_ids(dataset)
    account_ids = [account(name, "account") for name in ids]
    for id in account_ids:
        if id not in known:
            raise UnknownName("account", id, known=known)
    return account_ids


def influencer_rows(dataset: Dataset) -> dict[str, int]:
    """Id of an influencer to its row in ``dataset.influencers``, and so in ``Facts``."""
    return dataset.cached("influencers", lambda: row_by_id(dataset.influencers))


def row_by_id(ids: np.ndarray) -> dict[str, int]:
    """Id to its row in an array of ids (n,)."""
    return position_by_item(ids.tolist())


def rows_of(ids: Iterable[str], row_of: dict[str, int]) -> np.ndarray:
    """(n,) rows of these ids."""
    return np.array([row_of[id] for id in ids], np.int64)


def _account_ids(dataset: Dataset) -> set[str]:
    return dataset.cached("account ids", lambda: set(dataset.accounts["id"].to_pylist()))
