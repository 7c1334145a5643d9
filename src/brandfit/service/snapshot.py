"""The snapshot of the workspace that all answers read.

An import changes every ranking, and the index, the facts and the models in memory must be made anew: half a
minute for many accounts. Until then readers get the previous snapshot, complete and at once, and never new
rows with an old model.
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
from brandfit.service.views.accounts import described
from brandfit.workspace import Workspace

log = logging.getLogger("brandfit.service")
EVERY = 2.0
"""Seconds between two checks for writes of other processes."""


class Snapshot(Workspace):
    """A read-only view of a workspace: rows, features and models stay as they were when it was made."""

    def __init__(self, live: Workspace) -> None:
        super().__init__(live.path)
        self._stamp = ""
        # Read again if another process has written meanwhile: all parts must belong to one state.
        while self._stamp != (stamp := live.stamp):
            self._stamp, self._fingerprint = stamp, live.fingerprint
            # Before the first import there are no rows.
            self._frozen_dataset = live.dataset() if self._fingerprint else None
            self._frozen_features = {
                name: (live.features(name), live.feature_info(name)) for name in live.feature_names()
            }
            self._frozen_models = {
                name: (_model_or_error(live, name), live.model_info(name)) for name in live.model_names()
            }
        self.erased = live.forgotten()

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def stamp(self) -> str:
        return self._stamp

    def dataset(self) -> Dataset:
        return self._frozen_dataset if self._frozen_dataset is not None else super().dataset()

    def features(self, name: str) -> Features:
        return self._frozen_features[name][0] if name in self._frozen_features else super().features(name)

    def feature_names(self) -> list[str]:
        return list(self._frozen_features)

    def feature_info(self, name: str) -> dict[str, Any]:
        return self._frozen_features[name][1]

    def load_model(self, name: str) -> tuple[Ranker, dict[str, Any]]:
        model = self._frozen_models[name][0] if name in self._frozen_models else super().load_model(name)
        if isinstance(model, BrandfitError):
            raise model
        return model

    def model_names(self) -> list[str]:
        return list(self._frozen_models)

    def model_info(self, name: str) -> dict[str, Any]:
        return self._frozen_models[name][1]


def _model_or_error(live: Workspace, name: str) -> tuple[Ranker, dict[str, Any]] | BrandfitError:
    """A model, or the error of reading it, which ``load_model`` raises."""
    try:
        return live.load_model(name)
    except BrandfitError as error:
        return error


class SnapshotHolder:
    """Holds the ``current`` snapshot. Between ``begin`` and ``end`` a thread renews it after writes; before
    ``begin`` it is the workspace itself."""

    def __init__(self, path: Path) -> None:
        self.current = self._live = Workspace(path, create=True)
        self._renewing, self._ending = threading.Lock(), threading.Event()

    def begin(self, is_busy: Callable[[], bool]) -> None:
        """is_busy  whether a job is running, which calls ``renew`` at its end"""
        threading.Thread(target=self._follow, args=(is_busy,), name="snapshots", daemon=True).start()

    def renew(self) -> None:
        """Replace the snapshot by a new one once that is warm. It is replaced at once after an erasure, and
        if there was no data."""
        with self._renewing:
            try:
                previous = self.current if isinstance(self.current, Snapshot) else None
                if previous is not None and previous.stamp == self._live.stamp:
                    return
                fresh = Snapshot(self._live)
                # Erased accounts must not appear any more, even if the first answers are slow.
                if previous is None or not previous.fingerprint or previous.erased != fresh.erased:
                    self.current = fresh
                warm(fresh, pipeline.lately_ranked(self.current))
                self.current = fresh
            except Exception:
                log.exception("the snapshot could not be renewed")

    def end(self) -> None:
        self._ending.set()
        self.current.close()
        self._live.close()

    def _follow(self, is_busy: Callable[[], bool]) -> None:
        self.renew()
        while not self._ending.wait(EVERY):
            if not is_busy():
                self.renew()


def warm(workspace: Workspace, brands: Sequence[str] = ()) -> None:
    """Fill the caches that the first ranking and the first search would fill: dataset, model, facts of
    influencers, index of words. Rank for these brands. An unfinished workspace is warmed as far as
    possible."""
    try:
        if not workspace.fingerprint:
            return
        dataset = pipeline.load(workspace)
        rankable = [brand for brand, source in dataset.representation.items() if source != "none"]
        is_rankable = set(rankable)
        warmed = [brand for brand in brands if brand in is_rankable] or rankable[:1]
        warmed += pipeline.brands_encoded_in_memory(workspace)[:1]
        for brand in dict.fromkeys(warmed):
            ids = pipeline.rank(workspace, brand, k=1).candidates
            pipeline.chances(workspace, brand, influencers=ids)
            described(workspace, ids.tolist())
        pipeline.search(workspace, ("hello",), k=1)
    except BrandfitError:
        return  # requests raise the same error
