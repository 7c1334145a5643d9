"""The id of an account as people type it: the one place that decides about @, spaces and capitals."""

from __future__ import annotations


def account_id(text: str) -> str:
    """The id without @, spaces around it and capitals; nothing is checked.

    >>> account_id(" @Some.One ")
    'some.one'
    """
    return text.strip().lstrip("@ ").lower()
