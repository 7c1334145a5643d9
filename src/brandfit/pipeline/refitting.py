"""Features that were fitted on all accounts, or describe whole accounts, are encoded again in every fold of
an evaluation.

Features of a workspace are made once: topics of all captions, a graph of all concepts of a post, profiles of
whole accounts, audiences. They contain information on the held-out side, and an evaluation names them.
``Refit`` fits them in each fold on the training side alone, and encodes both sides from the data that each
side may see. Features that were imported or learned from categories stay, and are named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brandfit.compute.local import thread_map
from brandfit.data.categories import STATED
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.split import Fold
from brandfit.encoders.base import Encoder
from brandfit.pipeline.readers import maker_of
from brandfit.workspace import Workspace


class _Slots(NamedTuple):
    """Slot to the Features of each side of a fold."""

    train: dict[str, Features]
    test: dict[str, Features]


@dataclass(frozen=True)
class Refit:
    """Encodes both sides of a fold again.

    encoders   slot to the encoder that filled it, for the Features that are fitted again
    unchanged  names of the Features that cannot be
    """

    workspace: Workspace
    encoders: Mapping[str, Encoder]
    unchanged: tuple[str, ...] = ()

    @classmethod
    def from_dataset(cls, workspace: Workspace, dataset: Dataset) -> Refit:
        """Encoders with the settings with which the Features of this Dataset were made."""
        encoders: dict[str, Encoder] = {}
        unchanged: set[str] = set()
        for slot, features in dataset.slots.items():
            is_fitted = features.describes_accounts or features.learned_from
            if not is_fitted or features.name == STATED:
                continue
            encoder = maker_of(workspace, features)
            if encoder is None:
                unchanged.add(features.name)
            else:
                encoders[slot] = encoder
        return cls(workspace, encoders, tuple(sorted(unchanged)))

    def __call__(self, fold: Fold) -> Fold:
        """The fold with the slots of both sides filled again. The protocol's choice of judged pairs stays."""
        # Rankers judged on the same fold share the encoded slots.
        encoder_keys = tuple((slot, e.name, str(e.config)) for slot, e in self.encoders.items())
        key = (fold.train.fingerprint, fold.test.fingerprint, encoder_keys)
        slots: _Slots = self.workspace.memo.get("folds", key, lambda: self._encoded(fold))
        names = sorted({encoder.name for encoder in self.encoders.values()})
        return fold._replace(
            train=fold.train.with_slots(fold.train.slots | slots.train),
            test=fold.test.with_slots(fold.test.slots | slots.test),
            notes=(*fold.notes, *self._notes(names)),
            features=tuple((name, reason) for name, reason in fold.features if name not in names),
        )

    def _notes(self, names: list[str]) -> list[str]:
        """Which Features were encoded again (``names``), and which were not."""
        notes = []
        if names:
            notes.append(f"encoded anew in every fold, of the training side alone: {', '.join(names)}")
        if not names and not self.unchanged:
            notes.append(
                "nothing was encoded anew: no Features were fitted on all accounts or describe them whole"
            )
        if self.unchanged:
            notes.append(
                f"not encoded anew, for nothing here knows how they were made: {', '.join(self.unchanged)}"
            )
        return notes

    def _encoded(self, fold: Fold) -> _Slots:
        slots = _Slots({}, {})
        with tempfile.TemporaryDirectory(prefix="brandfit-") as folder:
            for slot, encoder in self.encoders.items():
                store: Any = TemporaryStore(self.workspace, Path(folder), stores_units=encoder.stateless)
                slots.train[slot] = encoder.encode(fold.train, store, progress=None, map=thread_map)
                # The encoder was fitted on the training side; the test side is only encoded.
                slots.test[slot] = encoder.encode(
                    fold.test, store, progress=None, map=thread_map, learn=False
                )
        return slots


class TemporaryStore:
    """A workspace for an encoder, in which Features are not stored.

    stores_units  whether single contents are cached in the workspace as usual; false for an encoder that was
                  fitted on one fold, because its results differ from fold to fold
    """

    def __init__(self, workspace: Workspace, folder: Path, stores_units: bool) -> None:
        self.workspace, self.folder, self.stores_units = workspace, folder, stores_units

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return self.workspace.units(maker)

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        if self.stores_units:
            self.workspace.add_units(maker, hashes, values)

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        if self.stores_units:
            self.workspace.note_maker(maker, about)

    def checkpoint(self, name: str) -> Path:
        return self.folder

    def load(self, name: str, key: str) -> Features | None:
        return None

    def save(self, features: Features) -> Features:
        return features

    def note_covered(self, features: Features, fingerprint: str) -> None:
        pass
