"""The audience of an account, and hints at how authentic it is."""

from __future__ import annotations

import itertools
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
    """The audience of one account.

    hints  how authentic it is, compared with accounts of the same role (influencers or brands)
    """

    view: AudienceView
    hints: tuple[Hint, ...]

    @property
    def sentences(self) -> list[str]:
        return list(sentences(self.view))

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.view.to_dict(),
            "sentences": self.sentences,
            "hints": list(map(Hint.to_dict, self.hints)),
            "confidence": RULE,
        }


@checked
def audience(
    workspace: Place, account: Account, *, other: Account | None = None, data: Mapping[str, Any] | None = None
) -> Audience:
    """What is known of the audience of a brand or influencer.

    other  another account, with which the audience is compared

    Raises UnknownName, and UsageError for an account compared with itself.
    """
    dataset = load(workspace, data)
    account = find_account(dataset, account)
    other = None if other is None else find_account(dataset, other)
    if account == other:
        raise UsageError(
            f"{account} cannot be compared with itself.", "Name another brand or influencer after --with."
        )
    # All views read the same audiences, so the Dataset caches them.
    view = _views(dataset).view(account, other)
    # Hints compare an account with others of its role.
    peers = dataset.brands if view.role == "brand" else dataset.influencers
    hints = dataset.cached(("hints", view.role), lambda: Hints(dataset, peers))
    return Audience(view, tuple(hints.for_account(account)))


@checked
def shared_audiences(workspace: Place, accounts: Accounts) -> list[tuple[str, str, Shared | None]]:
    """Every pair of these accounts, with the audience members that both share; None if no audience member of
    one of them is known. Raises UnknownName."""
    dataset = load(workspace)
    views, ids = _views(dataset), list(dict.fromkeys(find_accounts(dataset, accounts)))
    return [(one, other, views.shared(one, other)) for one, other in itertools.combinations(ids, 2)]


def _views(dataset: Dataset) -> Views:
    return dataset.cached("audience views", lambda: Views(dataset))
