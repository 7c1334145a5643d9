"""The base class of importers: from a source on disk to a stream of records, with a Reject for each bad
row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from brandfit import config as settings
from brandfit import registry
from brandfit.data.features import Features
from brandfit.data.importers._unread import Unread
from brandfit.data.role_names import RoleNames
from brandfit.data.schema import Record, RejectId
from brandfit.data.tables.report import SheetReport
from brandfit.progress import Advance


class Importer(ABC):
    """One source, one file in this folder, one narrow method.

    ``read`` yields records one by one (memory does not grow with the source) and a ``Reject`` for each row
    that it cannot use. It raises DataError only if the source itself is wrong (no such file, no known file in
    it). It never decodes a picture: it yields the bytes, and pictures of all sources are decoded in one
    function (``data.pictures``).
    """

    kind: ClassVar[str] = "importer"
    needs_path: ClassVar[bool] = True
    Config: ClassVar[type[settings.Config]] = settings.Config

    def __init__(self, config: settings.Config | None = None) -> None:
        self.config = config if config is not None else self.Config()
        self.warnings: list[str] = []
        """Sentences for people about the last ``read`` that concern no single row: missing files, unknown
        columns."""
        self.unread = Unread()
        """Files of the source that the last ``read`` did not use."""
        self.stored_roles: Mapping[str, str] = {}
        """Account to role, of the accounts of the workspace that are not influencers: a source that does not
        state a role does not change it."""
        self.stored_accounts: Collection[str] = ()
        """All accounts of the workspace."""
        self.stored_posts: Callable[[], set[str]] = set
        """Gives the ids of all posts of the workspace."""
        self.stored_pictures: Callable[[], Mapping[str, str]] = dict
        """Gives the name of the file of each picture of the workspace, with and without its ending, to the
        post."""
        self.stored_mappings: Mapping[str, Sequence[str]] = {}
        """Digest of a header to the entries of a mapping that were used for it before."""
        self.role_names = RoleNames()
        """Words of the workspace for its two sides: values and columns may have these names."""
        self.strict = False
        """Whether a cell that cannot be read makes its row a Reject; otherwise it is unknown and counted."""
        self.reports: Sequence[SheetReport] = ()
        """What the last ``read`` did with each sheet of a source of tables."""
        self.corrected: dict[RejectId, bool] = {}
        """Place of an earlier reject whose row the last ``read`` met again to whether it was used."""
        self.used_mappings: Mapping[str, Sequence[str]] = {}
        """Entries that the last ``read`` used, as ``stored_mappings``."""

    @property
    def name(self) -> str:
        return registry.name_of("importer", type(self))

    def recognises(self, path: Path) -> bool:
        """Whether a folder or file looks like this source, by its file names or first bytes."""
        return False

    @abstractmethod
    def read(self, path: Path, advance: Advance) -> Iterator[Record | Features]:
        """Records of the source at ``path``, in any order; Features if the source brings finished ones."""

    def total(self, path: Path) -> int:
        """Bytes that ``read`` will advance for; 0 if unknown beforehand."""
        return 0
