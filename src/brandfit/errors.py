"""The errors that users see, each with a hint.

    BrandfitError
    ├── UsageError        a wrong command or call                            exit 2
    │   ├── UnknownName   no such ranker, encoder, setting, brand ...        exit 2
    │   └── ConfigError   a setting with a wrong value                       exit 2
    ├── DataError         a source that cannot be read                       exit 3
    ├── WorkspaceError    a workspace that is missing, damaged or too new    exit 4
    └── MissingExtra      an optional library that is not installed          exit 5

A message says what is wrong, what was expected and what was found; the hint says what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MANY = 5_000
"""Number of names from which on a suggestion compares only names of similar length and equal first letter."""
LISTED = 12
"""Number of names that a hint lists."""


class BrandfitError(Exception):
    """Base of all errors. ``str(error)`` is the message and, on the next line, the hint."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(BrandfitError):
    exit_code = 2


class UnknownName(UsageError):
    """No ``kind`` of this name; the nearest names that exist are suggested."""

    def __init__(self, kind: str, name: str, *, known: Iterable[str], hint: str = "") -> None:
        hint = hint or suggestion(name, known)
        super().__init__(f"There is no {kind} named {name!r}.", hint)
        self.kind, self.name = kind, name


class ConfigError(UsageError):
    pass


class DataError(BrandfitError):
    exit_code = 3


class WorkspaceError(BrandfitError):
    exit_code = 4


class MissingExtra(BrandfitError):
    """A part needs a library that is not installed; the hint has the command that installs it."""

    exit_code = 5

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(
            f"{part} needs libraries that are not installed.",
            f'Install them with: pip install "brandfit[{extra}]"',
        )


def suggestion(name: str, known: Iterable[str], listing: bool = True) -> str:
    """The nearest known names as a question. Without near names: some of the known names (``listing``), or
    ""."""
    known = sorted(known)
    candidates = known
    # Comparing with each of very many names (hashtags, accounts) takes seconds.
    if len(known) > MANY:
        candidates = [other for other in known if other[:1] == name[:1] and abs(len(other) - len(name)) <= 3]
    # A cutoff of 0.5 still finds two typing errors in a short name.
    near = difflib.get_close_matches(name, candidates, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return _listing(known) if listing else ""


def _listing(known: list[str]) -> str:
    if not known:
        return ""
    return f"Known: {', '.join(known[:LISTED])}{' ...' if len(known) > LISTED else '.'}"
