"""The tables, feature matrices and models of one project on disk."""

from brandfit.workspace.forgotten import LeftOut
from brandfit.workspace.workspace import Workspace

__all__ = ["LeftOut", "Workspace"]
