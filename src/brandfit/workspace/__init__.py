"""The tables, features and models of one project on disk.

Here: storage, migrations, checksums, the filter of imports. Not here: erasure, and what stored data mean.
"""

from brandfit.workspace.argument import NewPlace, Place, as_workspace, new_workspace
from brandfit.workspace.history import Undone
from brandfit.workspace.import_filter import ErasureReport
from brandfit.workspace.merging import Merging
from brandfit.workspace.workspace import Workspace

__all__ = [
    "ErasureReport",
    "Merging",
    "NewPlace",
    "Place",
    "Undone",
    "Workspace",
    "as_workspace",
    "new_workspace",
]
