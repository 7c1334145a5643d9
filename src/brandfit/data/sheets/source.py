"""Files to read: on disk, in folders, and as members of zip archives."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from brandfit.data.importers import _files
from brandfit.data.schema import Reject
from brandfit.messages import clean, path_text

MOST_MEMBERS = 100_000
"""Maximum number of files of a zip archive."""
LARGEST_MEMBER = 2 << 30
"""Maximum size, in bytes, of an unpacked file of a zip archive."""
UNPACKED = 8 << 30
"""Maximum size, in bytes, of all files of a zip archive when unpacked."""
RATIO, RATIO_FROM = 250, 64 << 20
"""Maximum ratio of compression of members of more bytes than the second number: text of tables stays below
it, files that are made to fill disks do not."""
IN_MEMORY = 16 << 20
"""Bytes of a member that must be seekable and stay in memory; more go to a temporary file."""
NO_DATA = {"readme.md", "readme.txt", "thumbs.db", "desktop.ini"}
"""Files without data that people and systems leave in folders."""


@dataclass(frozen=True)
class Source:
    """A file on disk, or a member of a zip archive on disk.

    path    the file on disk
    size    bytes when unpacked
    name    for messages: path within the folder, ``people.zip: list.csv``
    member  name within the archive; "" for a file on disk
    """

    path: Path
    size: int
    name: str
    member: str = ""

    @property
    def file(self) -> str:
        """The file in rejects: its path on disk, and its name within an archive."""
        return f"{path_text(self.path)}: {clean(self.member)}" if self.member else path_text(self.path)

    @property
    def file_name(self) -> str:
        return self.member.rsplit("/", 1)[-1] if self.member else self.path.name

    @property
    def plain_name(self) -> str:
        """The name of the file in lower case, without the ending of a compressed file."""
        name = clean(self.file_name).lower()
        for ending in (".gz", ".xz", ".bz2"):
            name = name.removesuffix(ending)
        return name

    @property
    def title(self) -> str:
        """The name of the file without its endings."""
        name = clean(self.file_name)[: len(self.plain_name)]
        return name.rpartition(".")[0] or name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes as a stream. Raises OSError if they cannot be read."""
        if not self.member:
            with open(self.path, "rb", buffering=0) as file:
                yield file
            return
        try:
            with zipfile.ZipFile(self.path) as archive:
                try:
                    member = archive.open(self.member)
                except (NotImplementedError, RuntimeError, KeyError) as error:
                    # An unknown compression, or a password.
                    raise OSError(f"its zip archive cannot be read: {clean(str(error))[:100]}") from None
                with member:
                    yield member
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise OSError(f"damaged in its zip archive: {clean(str(error))[:100]}") from None

    @contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """The bytes as a file that can be read at any place; a member is copied to a temporary file."""
        if not self.member:
            with open(self.path, "rb") as file:
                yield file
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
            with self.open() as member:
                shutil.copyfileobj(member, copy)
            copy.seek(0)
            yield cast(IO[bytes], copy)

    def read(self, largest: int) -> bytes | Reject:
        """All bytes, at most ``largest``; otherwise a Reject with the reason."""
        try:
            with self.open() as file:
                data = _read(file, largest + 1)
        except OSError as error:
            return Reject(self.file, 1, f"the file cannot be read: {error.strerror or error}")
        if len(data) > largest:
            return Reject(self.file, 1, f"the file is larger than {largest >> 20} MiB")
        return data

    def beginning(self, n_bytes: int) -> bytes:
        """The first bytes. Raises OSError if they cannot be read."""
        with self.open() as file:
            return _read(file, n_bytes)


def _read(file: IO[bytes], n_bytes: int) -> bytes:
    """Up to ``n_bytes``: an unbuffered file may return fewer at a time."""
    parts: list[bytes] = []
    while n_bytes > 0 and (part := file.read(n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)


def file_source(path: Path, name: str = "") -> Source:
    """A file on disk."""
    return Source(path, _files.size_of(path), clean(name or path.name))


def files_below(folder: Path) -> Iterator[Source]:
    """The files of a folder and of its folders, sorted by path; none that is hidden or left by a system."""
    for path, names in _files.walk(folder):
        within = path.relative_to(folder)
        if any(map(_is_hidden, within.parts)):
            continue
        for name in names:
            if not _is_hidden(name) and name.lower() not in NO_DATA:
                yield file_source(path / name, os.fspath(within / name))


@dataclass(frozen=True)
class Archive:
    """The members of a zip archive, and reasons for those that are not read."""

    members: tuple[Source, ...]
    refused: tuple[tuple[Source, str], ...]


def members_of(archive: Source) -> Archive:
    """The members of a zip archive on disk, none of them unpacked. Raises OSError if it is damaged."""
    members: list[Source] = []
    refused: list[tuple[Source, str]] = []
    unpacked = 0
    try:
        with zipfile.ZipFile(archive.path) as packed:
            infos = [info for info in packed.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise OSError(f"the zip archive is damaged ({clean(str(error))[:100]})") from None
    for info in infos[:MOST_MEMBERS]:
        parts = info.filename.split("/")
        if any(map(_is_hidden, parts)) or parts[-1].lower() in NO_DATA:
            continue
        member = Source(
            archive.path, info.file_size, f"{archive.name}: {_member_name(info)}", member=info.filename
        )
        unpacked += info.file_size
        if reason := _why_not_unpacked(info, unpacked):
            refused.append((member, reason))
        else:
            members.append(member)
    if len(infos) > MOST_MEMBERS:
        refused.append((archive, f"only its first {MOST_MEMBERS:,} of {len(infos):,} files are read."))
    return Archive(tuple(members), tuple(refused))


def _why_not_unpacked(info: zipfile.ZipInfo, unpacked: int) -> str:
    if info.flag_bits & 1:
        return "it has a password. Pack it without."
    if info.file_size > LARGEST_MEMBER or unpacked > UNPACKED:
        return "it is too large for a zip archive. Unpack it, and import the folder."
    if info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
        return f"it is packed more than {RATIO} to 1, which data are not. Unpack it, and import the folder."
    if info.filename.lower().endswith(".zip"):
        return "zip archives within zip archives are not opened. Unpack it."
    return ""


def _member_name(info: zipfile.ZipInfo) -> str:
    """The name for messages. Names without the flag of UTF-8 are often UTF-8 all the same."""
    try:
        return clean(info.filename.encode("cp437").decode("utf-8"))
    except UnicodeError:
        return clean(info.filename)


def _is_hidden(name: str) -> bool:
    # Excel keeps a file ~$NAME next to a workbook that is open.
    return name.startswith((".", "~$")) or name == "__MACOSX"
