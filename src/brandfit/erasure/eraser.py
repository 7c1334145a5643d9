"""The interface of erasers, and the result of erasing: every store in a workspace has one eraser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from brandfit.erasure.traces import Traces
from brandfit.workspace.workspace import DATABASE

OWN_STORES = (DATABASE, "tables", "features", "models", "units", "training", "experiments")
"""Files and folders of a workspace that the functions of this package erase from. All but the database are
made from rows and can be made again."""


class Eraser(Protocol):
    """Erases from a store that another room keeps in the folder of a workspace.

    stores  names of its files and folders in the workspace; the search of all other files leaves them out
    """

    @property
    def stores(self) -> tuple[str, ...]: ...

    def erase(self, traces: Traces) -> None:
        """Remove everything that the traces describe. Called after the rows are removed, and again each time
        that an interrupted erasure is finished."""


@dataclass
class Removed:
    """Data that an erasure removed in addition to rows.

    features  name of Features to the number of rows that were removed from them
    dropped   name of Features that were removed completely to the reason
    units     number of encoded contents that were removed from the store of encoders
    models    ranker to the reason why its model was removed
    weights   rankers whose weights were fitted on the account too, and hold nothing else of it
    files     other files that were removed
    foreign   file of somebody else to the kind of content that it holds; these files stay as they are
    """

    features: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    units: int = 0
    models: dict[str, str] = field(default_factory=dict)
    weights: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)
