"""The erasure of accounts: all steps, in the order in which an interruption at any moment can be resumed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brandfit import registry
from brandfit.arguments import Accounts, checked
from brandfit.erasure import artifacts, files
from brandfit.erasure.eraser import Eraser, Removed
from brandfit.erasure.rows import erase_rows
from brandfit.errors import UsageError
from brandfit.workspace import Place, Workspace, as_workspace
from brandfit.workspace.workspace import DATABASE


@dataclass(frozen=True)
class Erasure:
    """The result of an erasure.

    rows         table to the number of removed rows, and ``redacted``: rows of others without the handle
    removed      everything else that was removed
    again        commands that make again what was removed completely
    fingerprint  of the rows that are left
    seconds      duration
    """

    rows: dict[str, int]
    removed: Removed
    again: list[str]
    fingerprint: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        removed = self.removed
        return {
            "removed": self.rows,
            "features": {"rows": removed.features, "dropped": removed.dropped},
            "units": removed.units,
            "models": {"dropped": removed.models, "weights": removed.weights},
            "files": removed.files,
            "foreign": removed.foreign,
            "again": self.again,
            "fingerprint": self.fingerprint,
            "seconds": round(self.seconds, 3),
        }


@checked
def forget(workspace: Place, accounts: Accounts, erasers: Sequence[Eraser] = ()) -> Erasure:
    """Erase these accounts for good; without accounts, finish an erasure that was interrupted.

    erasers  of stores that other rooms keep in the folder of the workspace

    One transaction removes the accounts from all rows and stores their salted hashes; everything that was
    made from rows follows. An erasure that was killed at any moment is finished by calling this again, with
    or without accounts. Raises UnknownName for an account that is not in the workspace, WorkspaceError if
    another process or a full disk is in the way.
    """
    workspace, accounts = as_workspace(workspace), list(accounts)
    started = time.perf_counter()
    if not accounts and not workspace.forgetting():
        raise UsageError("Forget whom?", "Name accounts. There is no forgetting that was broken off.")
    files.check_disk_space(workspace.path)
    traces, n_rows = erase_rows(workspace, accounts)
    removed = Removed()
    # Features before models: a model is removed if Features that it reads are.
    if workspace.fingerprint:
        artifacts.erase_from_features(workspace, traces, known_ids=workspace.known_ids(), removed=removed)
        if traces.changed:
            artifacts.erase_from_units(workspace, removed)
        artifacts.erase_from_models(workspace, traces, removed)
        workspace.dataset()  # writes the tables without the accounts
    files.erase_from_folders(workspace, traces, removed)
    searched: set[str] = set()
    for eraser in erasers:
        eraser.erase(traces)
        searched.update(eraser.stores)
    files.search_folder(workspace, traces, removed=removed, searched=searched)
    # Last: freed pages of the database, and the traces themselves.
    files.compact(workspace.path / DATABASE)
    files.finish(workspace, traces)
    return Erasure(
        rows=n_rows,
        removed=removed,
        again=_commands(workspace, removed),
        fingerprint=workspace.fingerprint,
        seconds=time.perf_counter() - started,
    )


def _commands(workspace: Workspace, removed: Removed) -> list[str]:
    """Commands that make again what was removed completely, in the order in which they must run."""
    commands = []
    for kind, command, names in (
        ("encoder", "encode", removed.dropped),
        ("profiler", "profile", removed.dropped),
        ("ranker", "train", removed.models),
    ):
        known = registry.names(kind)
        commands += [f"brandfit {command} {name} -w {workspace.path}" for name in names if name in known]
    return commands
