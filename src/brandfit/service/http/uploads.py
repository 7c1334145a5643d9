"""Files that callers send: saved under safe names, archives unpacked within limits."""

from __future__ import annotations

import lzma
import re
import secrets
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from brandfit import pipeline
from brandfit.errors import BrandfitError, DataError
from brandfit.service.store.folders import UPLOADS, content_folder
from brandfit.workspace import Workspace

CHUNK = 2**20
"""Bytes that are read at once."""
UNPACKED = 20 * 2**30
"""Maximum bytes of an archive, unpacked."""
RATIO = 200
"""Maximum ratio of unpacked to packed size: a larger one is a decompression bomb."""
FILES = 500_000
"""Maximum files of an archive."""
BYTES = 200
"""Maximum bytes of a part of a path; file systems take 255."""
DEPTH = 8
"""Parts of a path that are kept, from its end."""
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""Errors of reading an archive: RuntimeError if it needs a password, OSError for a file in the place of a
folder."""
UNSAFE = re.compile(r"[\x00-\x1f<>:\"|?*\\]")
"""Characters that some file system does not take."""


async def saved(upload: UploadFile, folder: Path, name: str | None = None) -> Path:
    """Save an uploaded file in a folder, under a name that cannot lead out of it. Raises DataError if the
    name is taken."""
    path = folder / (inside(name or upload.filename or "") or f"file-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise DataError(
            f"Two of the files are called {path.name!r}.",
            "Send them in separate folders, or one at a time.",
        ) from None
    with out:
        while data := await upload.read(CHUNK):
            out.write(data)
    return path


async def receive(workspace: Workspace, uploads: Sequence[UploadFile]) -> dict[str, Any]:
    """Store files as one upload, and unpack those called .zip. Raises DataError, and then stores nothing."""
    # A random name: nobody can guess the upload of another caller.
    id = secrets.token_hex(8)
    folder = workspace.path / UPLOADS / id
    folder.mkdir(parents=True)
    try:
        for upload in uploads:
            if (upload.filename or "").lower().endswith(".zip"):
                # On the same disk as its contents, not in /tmp, which may be small.
                with tempfile.TemporaryDirectory(dir=folder.parent) as archive_folder:
                    archive = await saved(upload, Path(archive_folder))
                    await run_in_threadpool(unpack, archive, folder)
            else:
                await saved(upload, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # Folders alone are no upload.
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError("No file came.", "Choose files, a folder, or a .zip of one.")
    return {
        "id": id,
        "files": [file.relative_to(folder).as_posix() for file in files[:200]],
        "bytes": sum(file.stat().st_size for file in files),
        "importers": pipeline.looks_like(content_folder(folder)),
    }


@contextmanager
def under_their_names(files: Iterable[Path]) -> Iterator[None]:
    """Errors inside name uploaded files as the caller named them, without the paths of this machine."""
    try:
        yield
    except BrandfitError as error:
        for file in files:
            error.message = error.message.replace(str(file), file.name)
            error.hint = error.hint.replace(str(file), file.name)
        raise


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .zip. Raises DataError if it is damaged or above a limit, or if a path leads out of the
    folder."""
    try:
        with zipfile.ZipFile(archive) as opened:
            # Checked by the directory of the archive, before anything is written.
            members = [member for member in opened.infolist() if not member.is_dir()]
            if len(members) > FILES or sum(member.file_size for member in members) > UNPACKED:
                raise DataError(
                    f"{archive.name} holds too much.", "Import it from a path on the machine of the service."
                )
            for member in members:
                _unpack_member(opened, member, folder=folder, archive_name=archive.name)
    except DAMAGED as error:
        raise DataError(
            f"{archive.name} cannot be unpacked: {error}.", "Pack it anew, without a password."
        ) from None


def _unpack_member(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, *, folder: Path, archive_name: str
) -> None:
    name = inside(member.filename)
    # Tiny members may have any ratio: 1 KiB counts as their packed size.
    if name is None or member.file_size > RATIO * max(member.compress_size, 1024):
        raise DataError(
            f"{archive_name} holds {member.filename[:80]!r}, which cannot be taken.",
            "Pack it anew.",
        )
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, CHUNK)


def inside(name: str) -> str | None:
    """A relative path without parts that lead elsewhere; None if nothing is left."""
    # Windows separates parts with backslashes.
    parts = [_shortened(UNSAFE.sub("_", part)) for part in name.replace("\\", "/").split("/")]
    return "/".join([part for part in parts if part.strip(". ")][-DEPTH:]) or None


def _shortened(part: str) -> str:
    """A part of a path, short enough for file systems, with its ending."""
    encoded = part.encode(errors="ignore")
    if len(encoded) <= BYTES:
        return encoded.decode()
    stem, dot, ending = part.rpartition(".")
    suffix = f"{dot}{ending}".encode(errors="ignore") if stem and len(ending) <= 10 else b""
    return (encoded[: BYTES - len(suffix)] + suffix).decode(errors="ignore")
