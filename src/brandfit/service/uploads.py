"""Files that people send."""

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
from brandfit.service.forgetting import UPLOADS
from brandfit.workspace import Workspace

CHUNK = 2**20
UNPACKED = 20 * 2**30
"""Bytes that an archive may hold."""
RATIO = 200
"""How much larger than packed a file may be: more is a bomb."""
FILES = 500_000
BYTES = 200
"""Of a part of a path; file systems take 255."""
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
"""What reading an archive may raise; a password wanted is a RuntimeError, a file in the place of a folder an
OSError."""
BAD = re.compile(r"[\x00-\x1f<>:\"|?*\\]")


async def saved(upload: UploadFile, folder: Path, name: str | None = None) -> Path:
    """The file in a folder, under a name that cannot lead out of it. Raises DataError where another has that
    name."""
    path = folder / (inside(name or upload.filename or "") or f"file-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise DataError(
            f"Two of the files are called {path.name!r}.",
            "Send them in folders of their own, or one at a time.",
        ) from None
    with out:
        while data := await upload.read(CHUNK):
            out.write(data)
    return path


async def receive(workspace: Workspace, uploads: Sequence[UploadFile]) -> dict[str, Any]:
    """Keep files as one upload, those that are called .zip unpacked. Raises DataError, and keeps nothing."""
    id = secrets.token_hex(8)
    folder = workspace.path / UPLOADS / id
    folder.mkdir(parents=True)
    try:
        for upload in uploads:
            if (upload.filename or "").lower().endswith(".zip"):
                with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
                    await run_in_threadpool(unpack, await saved(upload, Path(beside)), folder)
            else:
                await saved(upload, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
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
    """Where something is wrong with uploaded files, it is told under the names that they came with, not of
    where they were kept."""
    try:
        yield
    except BrandfitError as error:
        for file in files:
            error.message, error.hint = (
                text.replace(str(file), file.name) for text in (error.message, error.hint)
            )
        raise


def unpack(archive: Path, folder: Path) -> None:
    """What a .zip holds. Raises DataError for one that leads out of the folder, or grows beyond measure."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            if len(members) > FILES or sum(member.file_size for member in members) > UNPACKED:
                raise DataError(
                    f"{archive.name} holds too much.", "Import it from a path on the machine of the service."
                )
            for member in members:
                name = inside(member.filename)
                if name is None or member.file_size > RATIO * max(member.compress_size, 1024):
                    raise DataError(
                        f"{archive.name} holds {member.filename[:80]!r}, which cannot be taken.",
                        "Pack it anew.",
                    )
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, CHUNK)
    except DAMAGED as error:
        raise DataError(
            f"{archive.name} cannot be unpacked: {error}.", "Pack it anew, without a password."
        ) from None


def inside(name: str) -> str | None:
    """A relative path without anything that leads elsewhere; None where nothing is left."""
    parts = [_shortened(BAD.sub("_", part)) for part in name.replace("\\", "/").split("/")]
    return "/".join([part for part in parts if part.strip(". ")][-8:]) or None


def _shortened(part: str) -> str:
    """Short enough for a file system, with its ending."""
    whole = part.encode(errors="ignore")
    if len(whole) <= BYTES:
        return whole.decode()
    stem, dot, ending = part.rpartition(".")
    kept = f"{dot}{ending}".encode(errors="ignore") if stem and len(ending) <= 10 else b""
    return (whole[: BYTES - len(kept)] + kept).decode(errors="ignore")


def content_folder(folder: Path) -> Path:
    """Where its files lie: browsers and archives put a folder around them."""
    inner = list(folder.iterdir()) if folder.is_dir() else []
    return content_folder(inner[0]) if len(inner) == 1 and inner[0].is_dir() else folder
