"""What was fitted on all accounts, or describes them whole, encoded anew in every fold of an evaluation.

Features of a workspace are made once: topics of all captions, a graph of all that is posted together, profiles of whole accounts.
An evaluation names them, and what they tell of what is held out. Here they are fitted on the training side of each fold alone, and
of both sides they describe what that side may see. Features that were imported stay as they are, and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import names
from brandfit.compute.local import thread_map
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.split import Fold
from brandfit.encoders.base import Encoder
from brandfit.workspace import Workspace


@dataclass(frozen=True)
class Refit:
    """``encoders``: slot to the encoder that filled it, of those that are to be fitted anew."""

    workspace: Workspace
    encoders: Mapping[str, Encoder]

    @classmethod
    def of(cls, workspace: Workspace, dataset: Dataset) -> Refit:
        """Encoders with the settings that the Features of this Dataset were made with."""
        found = {slot: _maker(workspace, f) for slot, f in dataset.slots.items() if f.level == "account" or f.learned_from}
        return cls(workspace, {slot: encoder for slot, encoder in found.items() if encoder is not None})

    def __call__(self, fold: Fold) -> Fold:
        """The fold with the slots of both its sides filled."""
        train, test = dict(fold.train.slots), dict(fold.test.slots)
        store: Any = Aside(self.workspace)
        for slot, encoder in self.encoders.items():
            for view, slots in ((fold.train, train), (fold.test, test)):
                slots[slot] = encoder.encode(view, store, None, thread_map, fold.train)
        told = sorted({encoder.name for encoder in self.encoders.values()})
        notes = (*fold.notes, f"encoded anew in every fold, of the training side alone: {', '.join(told)}") if told else fold.notes
        return fold._replace(train=fold.train.with_slots(train), test=fold.test.with_slots(test), notes=notes)


class Aside:
    """A workspace to encode in beside its own Features: single units are kept, as always, whole Features are not."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def units(self, maker: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return self.workspace.units(maker)

    def add_units(self, maker: str, hashes: np.ndarray, values: np.ndarray) -> None:
        self.workspace.add_units(maker, hashes, values)

    def note_maker(self, maker: str, about: Mapping[str, Any]) -> None:
        self.workspace.note_maker(maker, about)

    def checkpoint(self, name: str) -> Path:
        return self.workspace.checkpoint(name)

    def load(self, name: str, key: str) -> Features | None:
        return None

    def save(self, features: Features) -> Features:
        return features


def _maker(workspace: Workspace, features: Features) -> Encoder | None:
    """The encoder that made these Features, as it was set; None of what was imported, or learned from categories."""
    about = workspace.maker(features.key.rpartition("-")[0])
    if about.get("encoder") not in names.names("encoder"):
        return None
    cls = names.load("encoder", about["encoder"])
    encoder: Encoder = cls(cls.Config.of(about["config"]))
    return encoder
