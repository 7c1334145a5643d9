"""The tables, features and models of one project on disk.

Here: storage, migrations, checksums, erasure of stored files. Not here: what the stored things mean.
"""

from brandfit.workspace.argument import NewPlace, Place, as_workspace, new_workspace
from brandfit.workspace.forgotten import ErasureReport
from brandfit.workspace.merging import Merging
from brandfit.workspace.workspace import Workspace

__all__ = ["ErasureReport", "Merging", "NewPlace", "Place", "Workspace", "as_workspace", "new_workspace"]
