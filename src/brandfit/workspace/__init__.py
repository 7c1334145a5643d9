"""The tables, features and models of one project on disk.

Here: storage, migrations, checksums, erasure of stored files. Not here: what the stored things mean.
"""

from brandfit.workspace.forgotten import LeftOut
from brandfit.workspace.merging import Merging
from brandfit.workspace.place import NewPlace, Place, as_workspace, new_workspace
from brandfit.workspace.workspace import Workspace

__all__ = ["LeftOut", "Merging", "NewPlace", "Place", "Workspace", "as_workspace", "new_workspace"]
