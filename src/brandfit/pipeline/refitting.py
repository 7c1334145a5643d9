"""What was fitted on all accounts, or describes them whole, encoded anew in every fold of an evaluation.

Features of a workspace are made once: topics of all captions, a graph of all that is posted together,
profiles of whole accounts, what audiences say. An evaluation names them, and what they tell of what is held
out. Here they are fitted on the training side of each fold alone, and of both sides they describe what that
side may see. What was imported, or learned from categories, stays and is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.compute.local import thread_map
from brandfit.data.categories import STATED
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.split import Fold
from brandfit.encoders.base import Encoder
from brandfit.pipeline.readers import maker_of
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class Refit:
    """``encoders``: slot to the encoder that filled it, of those to be fitted anew; ``left``: names of
    Features that cannot be."""

    workspace: Workspace
    encoders: Mapping[str, Encoder]
    unchanged: tuple[str, ...] = ()

    @classmethod
    def from_dataset(cls, workspace: Workspace, dataset: Dataset) -> Refit:
        """Encoders with the settings that the Features of this Dataset were made with."""
        asked = {
            slot: f
            for slot, f in dataset.slots.items()
            if (f.describes_accounts or f.learned_from) and f.name != STATED
        }
        found = {slot: maker_of(workspace, features) for slot, features in asked.items()}
        left = tuple(sorted({asked[slot].name for slot, encoder in found.items() if encoder is None}))
        return cls(workspace, {slot: encoder for slot, encoder in found.items() if encoder is not None}, left)

    def __call__(self, fold: Fold) -> Fold:
        """The fold with the slots of both its sides filled. Who is judged stays as the protocol says."""
        key = (
            fold.train.fingerprint,
            fold.test.fingerprint,
            tuple((s, e.name, str(e.config)) for s, e in self.encoders.items()),
        )
        slots = self.workspace.memo.get("folds", key, lambda: self._encoded(fold))
        train, test = (
            view.with_slots(view.slots | new)
            for view, new in zip((fold.train, fold.test), slots, strict=True)
        )
        told = sorted({encoder.name for encoder in self.encoders.values()})
        notes = list(fold.notes)
        if told:
            notes.append(f"encoded anew in every fold, of the training side alone: {', '.join(told)}")
        if not told and not self.unchanged:
            notes.append(
                "nothing was encoded anew: no Features were fitted on all accounts or describe them whole"
            )
        if self.unchanged:
            notes.append(
                f"not encoded anew, for nothing here knows how they were made: {', '.join(self.unchanged)}"
            )
        return fold._replace(
            train=train,
            test=test,
            notes=tuple(notes),
            features=tuple((name, what) for name, what in fold.features if name not in told),
        )

    def _encoded(self, fold: Fold) -> tuple[dict[str, Features], dict[str, Features]]:
        """Slot to the Features of either side."""
        train: dict[str, Features] = {}
        test: dict[str, Features] = {}
        with tempfile.TemporaryDirectory(prefix="brandfit-") as folder:
            for slot, encoder in self.encoders.items():
                store: Any = Aside(self.workspace, Path(folder), kept=encoder.stateless)
                train[slot] = encoder.encode(fold.train, store, progress=None, map=thread_map)
                test[slot] = encoder.encode(
                    fold.test, store, progress=None, map=thread_map, learn=False
                )  # learned once: both sides are told alike
        return train, test


class Aside:
    """A workspace to encode in beside its own Features, which stay. ``kept``: whether single units are kept
    there, as always."""

    def __init__(self, workspace: Workspace, folder: Path, kept: bool) -> None:
        self.workspace, self.folder, self.kept = workspace, folder, kept

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return self.workspace.units(maker)

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        if self.kept:
            self.workspace.add_units(maker, hashes, values)

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        if self.kept:
            self.workspace.note_maker(maker, about)

    def checkpoint(self, name: str) -> Path:
        return self.folder

    def load(self, name: str, key: str) -> Features | None:
        return None

    def save(self, features: Features) -> Features:
        return features

    def note_covered(self, features: Features, fingerprint: str) -> None:
        pass
