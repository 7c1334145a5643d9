"""A folder in which a long evaluation leaves off and goes on."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from brandfit import __version__
from brandfit.arguments import checked
from brandfit.learning.trainer import CHECKPOINT
from brandfit.workspace import Place, as_workspace

KEPT = 7 * 24 * 3600
"""s after which checkpoints that nobody has gone on from are removed."""
LOCK = ".lock"


@checked
@contextmanager
def resumable(workspace: Place, dataset: str, *asked: Any) -> Iterator[Path | None]:
    """A folder for what is asked like this of a Dataset (its fingerprint): broken off and asked again, it
    goes on from there.

    It is gone once all is done, or once somebody was forgotten meanwhile. None where the same runs elsewhere,
    for that one has it, and where nothing can be written.
    """
    workspace = as_workspace(workspace)
    said = msgspec.json.encode([__version__, dataset, *asked], order="sorted")
    home = workspace.path / "training"
    folder = home / f"evaluate-{hashlib.sha256(said).hexdigest()[:16]}"
    _sweep(home)
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        yield None
        return
    forgotten, done = workspace.forgotten(), False
    try:
        yield folder
        done = True
    finally:
        if done or workspace.forgotten() != forgotten or not any(folder.rglob(CHECKPOINT)):
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _sweep(home: Path) -> None:
    """Remove what was left off long ago."""
    for folder in home.glob("evaluate-*"):
        with suppress(
            OSError, ValueError, Timeout
        ):  # another sweeps too, or goes on from there after a week of sleep
            if max(file.stat().st_mtime for file in (folder, *folder.rglob("*"))) < time.time() - KEPT:
                with FileLock(folder / LOCK, blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)
