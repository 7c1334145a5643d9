"""Records of erased accounts in the stored results of jobs: their numbers go with their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from brandfit.data.redaction import MARK

ACCOUNT_KEYS = ("id", "account", "brand", "influencer")
"""Keys whose value names the account that an object is about: ``{"influencer": "ann.b", "rank": 3}``."""
FORGOTTEN = "forgotten"
"""Role of an erased account in a case study."""


def without_records(value: Any, is_erased: Callable[[str], bool]) -> Any:
    """A JSON value without the objects that are about an erased account; None if the value itself is one.

    Objects of lists and of other objects are left out. Only an account of a case study keeps its place, as
    ``forgotten_account``: the page says that something is missing there. A mark of an earlier erasure counts
    as an erased account.
    """
    if isinstance(value, Mapping):
        if _is_record(value, is_erased):
            return None
        return {
            key: inner if inner is None else without_records(inner, is_erased) for key, inner in value.items()
        }
    if isinstance(value, list):
        left = []
        for inner in value:
            if not (isinstance(inner, Mapping) and _is_record(inner, is_erased)):
                left.append(without_records(inner, is_erased))
            elif "role" in inner:
                left.append(forgotten_account(inner))
        return left
    return value


def forgotten_account(account: Mapping[str, Any]) -> dict[str, Any]:
    """An account of a case study (``CaseAccount.to_dict``) after its erasure: its keys without values."""
    empty = {key: _empty(value) for key, value in account.items()}
    return {**empty, "id": MARK, "role": FORGOTTEN}


def is_forgotten(account: Mapping[str, Any]) -> bool:
    """Whether an account of a stored case study was erased, by this version or an earlier one."""
    return account["role"] == FORGOTTEN or account["id"] == MARK


def _is_record(value: Mapping[str, Any], is_erased: Callable[[str], bool]) -> bool:
    """Whether an object is about an erased account."""
    names = [value.get(key) for key in ACCOUNT_KEYS]
    return any(isinstance(name, str) and (name == MARK or is_erased(name)) for name in names)


def _empty(value: Any) -> Any:
    """The value of its JSON type that says nothing."""
    if isinstance(value, str):
        return ""
    if isinstance(value, Mapping):
        return {}
    return [] if isinstance(value, list) else None
