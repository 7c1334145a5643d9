"""Files that people send."""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.datastructures import UploadFile

from brandfit.errors import DataError
from brandfit.service.forgetting import UPLOADS
from brandfit.workspace import Workspace

CHUNK = 2**20
UNPACKED = 20 * 2**30
"""Bytes that an archive may hold."""
RATIO = 200
"""How much larger than packed a file may be: more is a bomb."""
FILES = 500_000
BAD = re.compile(r"[\x00-\x1f<>:\"|?*\\]")


async def saved(upload: UploadFile, folder: Path, name: str | None = None) -> Path:
    """The file in a folder, under a name that cannot lead out of it."""
    path = folder / (inside(name or upload.filename or "") or f"file-{secrets.token_hex(4)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        while data := await upload.read(CHUNK):
            out.write(data)
    return path


async def receive(workspace: Workspace, uploads: Sequence[UploadFile]) -> dict[str, Any]:
    """Keep files, unpacked where they are archives, as one upload. Raises DataError, and keeps nothing."""
    id = secrets.token_hex(8)
    folder = workspace.path / UPLOADS / id
    folder.mkdir(parents=True)
    try:
        for upload in uploads:
            path = await saved(upload, folder)
            if zipfile.is_zipfile(path):
                from starlette.concurrency import run_in_threadpool

                await run_in_threadpool(unpack, path, folder)
                path.unlink()
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
        "importers": likely(folder),
    }


def unpack(archive: Path, folder: Path) -> None:
    """What a .zip holds. Raises DataError for one that leads out of the folder, or grows beyond measure."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            if len(members) > FILES or sum(member.file_size for member in members) > UNPACKED:
                raise DataError(f"{archive.name} holds too much.", "Import it from a path on the machine of the service.")
            for member in members:
                name = inside(member.filename)
                if name is None or member.file_size > RATIO * max(member.compress_size, 1024):
                    raise DataError(f"{archive.name} holds {member.filename[:80]!r}, which cannot be taken.", "Pack it anew.")
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, CHUNK)
    except (zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise DataError(f"{archive.name} cannot be unpacked: {error}.", "Pack it anew, without a password.") from None


def inside(name: str) -> str | None:
    """A relative path without anything that leads elsewhere; None where nothing is left."""
    parts = [BAD.sub("_", part)[:200] for part in PurePosixPath(name.replace("\\", "/")).parts]
    parts = [part for part in parts if part.strip(". ") and part != "/"]
    return "/".join(parts[-8:]) or None


def likely(folder: Path) -> list[str]:
    """Importers that such files may be for, the likeliest first."""
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    found = []
    if any(name.endswith(("train.npz", "test.npz")) for name in names):
        found.append("released_features")
    if any(name.endswith(".jsonl") and not name.endswith(("accounts.jsonl", "posts.jsonl")) for name in names):
        found.append("instagram_jsonl")
    if any(name.endswith((".json.xz", "_UTC.txt", "_UTC.jpg")) for name in names):
        found.append("instaloader")
    return [*found, "folder"]
