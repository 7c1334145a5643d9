"""Forgetting an account: taken out of rows, pictures, Features, models and caches, and kept out of later
imports."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from brandfit import registry
from brandfit.arguments import Accounts, checked
from brandfit.compute.local import thread_map
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError, UsageError
from brandfit.workspace import Place, Workspace, as_workspace, leftovers
from brandfit.workspace.forgotten import Traces
from brandfit.workspace.leftovers import Cleaned
from brandfit.workspace.workspace import DATABASE

FEW = 1000
"""Contents at most that are encoded on the spot: captions from which a handle was taken."""


Beside = Callable[[Traces], Collection[str]]
"""Cleans what somebody else keeps in the folder of what is to be forgotten; says which files and folders it
went through."""


@dataclass(frozen=True)
class Forgotten:
    """What a forgetting removed: rows by table, ``redacted`` rows of others, what else (``Cleaned``), and
    what to make again."""

    rows: dict[str, int]
    cleaned: Cleaned
    again: list[str]
    fingerprint: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        c = self.cleaned
        return {
            "removed": self.rows,
            "features": {"rows": c.features, "dropped": c.dropped},
            "units": c.units,
            "models": {"dropped": c.models, "weights": c.weights},
            "files": c.files,
            "foreign": c.foreign,
            "again": self.again,
            "fingerprint": self.fingerprint,
            "seconds": round(self.seconds, 3),
        }


@checked
def forget(workspace: Place, accounts: Accounts, beside: Beside | None = None) -> Forgotten:
    """Forget these accounts for good; without any, finish a forgetting that was broken off.

    beside  called once the rows are gone, again whenever it is finished after a break

    One transaction takes them out of all rows and notes their salted hashes; everything that was made from
    rows follows. Killed at any moment, it is finished by being called again, with or without names. Raises
    UnknownName for an account that is nowhere in the workspace, WorkspaceError where another process or a
    full disk is in the way.
    """
    workspace, accounts = as_workspace(workspace), list(accounts)
    started = time.perf_counter()
    if not accounts and not workspace.forgetting():
        raise UsageError("Forget whom?", "Name accounts. There is no forgetting that was broken off.")
    leftovers.make_room(workspace.path)
    traces, rows = workspace.forget(accounts)
    cleaned = Cleaned()
    if workspace.fingerprint:
        leftovers.clean_features(workspace, traces, known=workspace.known_ids(), cleaned=cleaned)
        if traces.changed:
            _clean_encoded(workspace, cleaned)
        leftovers.clean_models(workspace, traces, cleaned)
        workspace.dataset()
    leftovers.clean_folders(workspace, traces, cleaned)
    leftovers.search_folder(
        workspace, traces, cleaned=cleaned, seen=beside(traces) if beside is not None else ()
    )
    leftovers.compact(workspace.path / DATABASE)
    leftovers.finish(workspace, traces)
    again = [
        f"brandfit encode {name} -w {workspace.path}"
        for name in cleaned.dropped
        if name in registry.names("encoder")
    ]
    again += [
        f"brandfit profile {name} -w {workspace.path}"
        for name in cleaned.dropped
        if name in registry.names("profiler")
    ]
    again += [
        f"brandfit train {name} -w {workspace.path}"
        for name in cleaned.models
        if name in registry.names("ranker")
    ]
    return Forgotten(
        rows=rows,
        cleaned=cleaned,
        again=again,
        fingerprint=workspace.fingerprint,
        seconds=time.perf_counter() - started,
    )


def _clean_encoded(workspace: Workspace, cleaned: Cleaned) -> None:
    """Take what is no longer there out of the store of encoders, and put together again the Features that it
    belonged to."""
    dataset = workspace.dataset()
    makers = _makers(workspace, dataset)
    wanted = {maker: encoder.content_hashes(dataset) for maker, encoder in makers.items()}
    leftovers.clean_units(workspace, wanted, cleaned)
    made = {name: workspace.feature_info(name)["key"].partition("-")[0] for name in workspace.feature_names()}
    for name, maker in made.items():
        if not (
            maker in makers and _encoded_anew(workspace, dataset, encoder=makers[maker], wanted=wanted[maker])
        ) and leftovers.hears(name):
            leftovers.drop_features(
                workspace,
                name,
                reason="it is made of what others say, and cannot be made again on the spot",
                cleaned=cleaned,
            )


def _makers(workspace: Workspace, dataset: Dataset) -> dict[str, Encoder]:
    """Maker to its encoder, of those in the store that would encode this Dataset as they did before."""
    folder = workspace.path / "units"
    stored = {home.name for home in folder.iterdir() if home.is_dir()} if folder.is_dir() else set()
    asked = [workspace.maker(maker) for maker in sorted(stored)]
    asked += [
        {"encoder": name, "config": {}} for name in workspace.feature_names()
    ]  # stores of before makers were noted
    found: dict[str, Encoder] = {}
    for about in asked:
        if about.get("encoder") not in registry.names("encoder"):
            continue
        try:
            cls = registry.load("encoder", about["encoder"])
            encoder: Encoder = cls(cls.Config.from_settings(about["config"]))
            encoder.learn(dataset)
            if encoder.maker in stored:
                found.setdefault(encoder.maker, encoder)
        except (BrandfitError, OSError):
            continue  # its extra, or a file that it read, is not here: what it encoded cannot be told apart
    return found


def _encoded_anew(workspace: Workspace, dataset: Dataset, *, encoder: Encoder, wanted: np.ndarray) -> bool:
    """Features as if nobody had been here, from what the store holds; False where that is too much to encode
    on the spot."""
    have = [np.ascontiguousarray(hashes).view("V16").ravel() for hashes, _ in workspace.units(encoder.maker)]
    missing = len(np.setdiff1d(wanted, np.concatenate(have))) if have else len(wanted)
    if missing > FEW:
        return False
    try:
        encoder.encode(dataset, workspace, progress=None, map=thread_map)
    except (BrandfitError, OSError):
        return False
    return True
