"""What the service shows: the workspace as it was when the last change was ready to be looked at.

An import changes every ranking, and what rankings need is made anew: half a minute for many accounts. Until
then whoever looks sees the workspace as it was, whole and at once, and not rows of now beside a model of
before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from brandfit import pipeline
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.errors import BrandfitError
from brandfit.rankers.base import Ranker
from brandfit.service.account_views import described
from brandfit.workspace import Workspace

log = logging.getLogger("brandfit.service")
EVERY = 2.0
"""Seconds between two looks at whether another process has written to the workspace."""


class Snapshot(Workspace):
    """A workspace that stays as it is now for whoever reads rows, Features and models through it."""

    def __init__(self, live: Workspace) -> None:
        super().__init__(live.path)
        self._stamp = ""
        while self._stamp != (now := live.stamp):
            self._stamp, self._fingerprint = now, live.fingerprint
            self._rows_seen = live.dataset() if self._fingerprint else None
            self._seen = {
                name: (live.features(name), live.feature_info(name)) for name in live.feature_names()
            }
            self._trained = {
                name: (_loaded(live, name), live.model_info(name)) for name in live.model_names()
            }
        self.gone = live.forgotten()

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def stamp(self) -> str:
        return self._stamp

    def dataset(self) -> Dataset:
        return self._rows_seen if self._rows_seen is not None else super().dataset()

    def features(self, name: str) -> Features:
        return self._seen[name][0] if name in self._seen else super().features(name)

    def feature_names(self) -> list[str]:
        return list(self._seen)

    def feature_info(self, name: str) -> dict[str, Any]:
        return self._seen[name][1]

    def load_model(self, name: str) -> tuple[Ranker, dict[str, Any]]:
        found = self._trained[name][0] if name in self._trained else super().load_model(name)
        if isinstance(found, BrandfitError):
            raise found
        return found

    def model_names(self) -> list[str]:
        return list(self._trained)

    def model_info(self, name: str) -> dict[str, Any]:
        return self._trained[name][1]


def _loaded(live: Workspace, name: str) -> tuple[Ranker, dict[str, Any]] | BrandfitError:
    """Or why it cannot be read, for whoever asks for it."""
    try:
        return live.load_model(name)
    except BrandfitError as error:
        return error


class SnapshotHolder:
    """``now`` is what to show. With ``begin`` it follows what is written, until ``end``; without, it is the
    workspace itself."""

    def __init__(self, path: Path) -> None:
        self.now = self._live = Workspace(path, create=True)
        self._renewing, self._ending = threading.Lock(), threading.Event()

    def begin(self, busy: Callable[[], bool]) -> None:
        """busy: whether somebody writes who will ask for ``renew`` at the end"""
        threading.Thread(target=self._follow, args=(busy,), name="shown", daemon=True).start()

    def renew(self) -> None:
        """Show what has changed, once it is warm; at once where somebody was forgotten, or nothing was
        there."""
        with self._renewing:
            try:
                if isinstance(self.now, Snapshot) and self.now.stamp == self._live.stamp:
                    return
                fresh = Snapshot(self._live)
                if (
                    not isinstance(self.now, Snapshot)
                    or not self.now.fingerprint
                    or self.now.gone != fresh.gone
                ):
                    self.now = fresh
                warm(fresh, pipeline.lately_ranked(self.now))
                self.now = fresh
            except Exception:
                log.exception("what is shown could not be renewed")

    def end(self) -> None:
        self._ending.set()
        self.now.close()
        self._live.close()

    def _follow(self, busy: Callable[[], bool]) -> None:
        self.renew()
        while not self._ending.wait(EVERY):
            if not busy():
                self.renew()


def warm(workspace: Workspace, brands: Sequence[str] = ()) -> None:
    """What the first ranking and the first search would wait for: read the Dataset and the model, tell what
    is known of all influencers, and make the index of words; of an unfinished workspace as much as there is.
    And rank for these brands."""
    try:
        if not workspace.fingerprint:
            return
        dataset = pipeline.load(workspace)
        there = [brand for brand, seen in dataset.representation.items() if seen != "none"]
        known = set(there)
        fresh = pipeline.brands_encoded_in_memory(workspace)[:1]
        for brand in dict.fromkeys([*([brand for brand in brands if brand in known] or there[:1]), *fresh]):
            ids = pipeline.rank(workspace, brand, k=1).candidates
            pipeline.chances(workspace, brand, influencers=ids)
            described(workspace, ids.tolist())
        pipeline.search(workspace, ("hello",), k=1)
    except BrandfitError:
        return  # whoever asks is told
