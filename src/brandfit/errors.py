"""Every error a person can meet, with what to do next.

    BrandfitError
    ├── UsageError        a command or call that cannot be meant             exit 2
    │   ├── UnknownName   no such ranker, encoder, setting, brand ...        exit 2
    │   └── ConfigError   a setting with a value that it cannot have         exit 2
    ├── DataError         a source that cannot be read as what it should be  exit 3
    ├── WorkspaceError    a workspace that is missing, damaged or too new    exit 4
    └── MissingExtra      a heavy part that is not installed                 exit 5

A message says what is wrong, what was expected and what was found; the hint says what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MANY = 5_000


class BrandfitError(Exception):
    """Base of all. ``str(error)`` is the message and, on a line of its own, the hint."""

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
    """A part needs a library that is not installed; says what to type."""

    exit_code = 5

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(
            f"{part} needs libraries that are not installed.",
            f'Install them with: pip install "brandfit[{extra}]"',
        )


def suggestion(name: str, known: Iterable[str], listing: bool = True) -> str:
    """The names that are nearest to this one, as a question; else (``listing``) some of those that exist;
    nothing of none."""
    known = sorted(known)
    # Of very many (hashtags, accounts) only those that are not far off anyway: to compare with each takes
    # seconds.
    asked = (
        [k for k in known if k[:1] == name[:1] and abs(len(k) - len(name)) <= 3]
        if len(known) > MANY
        else known
    )
    near = difflib.get_close_matches(name, asked, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else _listing(known) if listing else ""


def _listing(known: list[str]) -> str:
    if not known:
        return ""
    shown = ", ".join(known[:12])
    return f"Known: {shown}{' ...' if len(known) > 12 else '.'}"
