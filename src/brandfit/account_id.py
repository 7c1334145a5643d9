"""The id of an account from a handle as people type it. @, spaces and capitals are removed here alone."""

from __future__ import annotations


def account_id(text: str) -> str:
    """The id in lower case, without @ and surrounding spaces; it is not checked.

    >>> account_id(" @Some.One ")
    'some.one'
    """
    return text.strip().lstrip("@ ").lower()
