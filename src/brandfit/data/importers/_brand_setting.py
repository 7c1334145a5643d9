"""The setting ``brands`` of importers: sources of a platform do not state which accounts are brands."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from brandfit.data.captions import handle
from brandfit.data.schema import Account, Partial


def brand_ids(handles: Iterable[str]) -> set[str]:
    """The account ids of the setting."""
    return {handle(brand) for brand in handles if brand.strip(" @")}


def with_role(account: Account, brands: Collection[str]) -> Account | Partial:
    """The account with its role; without the setting no role is stated."""
    if not brands:
        return Partial(account, ("role",))
    return msgspec.structs.replace(account, role="brand" if account.id in brands else "influencer")
