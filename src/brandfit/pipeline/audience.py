"""Whose audience an account has, and how genuine it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brandfit.arguments import Account, Accounts, checked
from brandfit.audience.authenticity import RULE, Hint, Hints
from brandfit.audience.view import AudienceView, Shared, Views, sentences
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.pipeline.datasets import load
from brandfit.pipeline.lookup import find_account, find_accounts
from brandfit.workspace import Place


@dataclass(frozen=True)
class Audience:
    """The view of one account, and hints at how genuine its audience is, among influencers or among brands as
    the account is one."""

    view: AudienceView
    hints: tuple[Hint, ...]

    @property
    def sentences(self) -> list[str]:
        return list(sentences(self.view))

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.view.to_dict(),
            "sentences": self.sentences,
            "hints": [hint.to_dict() for hint in self.hints],
            "confidence": RULE,
        }


@checked
def audience(
    workspace: Place, account: Account, *, other: Account | None = None, data: Mapping[str, Any] | None = None
) -> Audience:
    """What is known of the audience of a brand or influencer; ``other``: beside that of another."""
    dataset = load(workspace, data)
    account = find_account(dataset, account)
    other = None if other is None else find_account(dataset, other)
    if account == other:
        raise UsageError(f"{account} beside itself?", "Name another brand or influencer after --with.")
    view = _views(dataset).view(account, other)
    peers = dataset.brands if view.role == "brand" else dataset.influencers
    hints = dataset.cached(("hints", view.role), lambda: Hints(dataset, peers))
    return Audience(view, tuple(hints.for_account(account)))


@checked
def shared_audiences(workspace: Place, accounts: Accounts) -> list[tuple[str, str, Shared | None]]:
    """Of each two of these accounts who is known in the audiences of both; None where nobody of one of these
    audiences is known. Raises UnknownName."""
    dataset = load(workspace)
    views, ids = _views(dataset), list(dict.fromkeys(find_accounts(dataset, accounts)))
    pairs = [(one, other) for n, one in enumerate(ids) for other in ids[n + 1 :]]
    return [(one, other, views.shared(one, other)) for one, other in pairs]


def _views(dataset: Dataset) -> Views:
    return dataset.cached("audience views", lambda: Views(dataset))
