"""A folder from which an interrupted evaluation resumes."""

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

MAX_AGE = 7 * 24 * 3600
"""Seconds after which unused checkpoints are removed."""
LOCK = ".lock"


@checked
@contextmanager
def resumable(workspace: Place, dataset: str, *request: Any) -> Iterator[Path | None]:
    """A folder for the checkpoints of one request on a Dataset. An interrupted request finds them there when
    it is repeated.

    dataset  fingerprint of the Dataset
    request  everything else on which the result depends, as JSON values

    The folder is removed when the request is done, or if an account was erased meanwhile. None if the same
    request runs in another process, which owns the folder, or if nothing can be written.
    """
    workspace = as_workspace(workspace)
    # A new version of the program may compute something else, so its checkpoints are apart.
    request_bytes = msgspec.json.encode([__version__, dataset, *request], order="sorted")
    training_folder = workspace.path / "training"
    folder = training_folder / f"evaluate-{hashlib.sha256(request_bytes).hexdigest()[:16]}"
    _sweep(training_folder)
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        yield None
        return
    forgotten, is_done = workspace.forgotten(), False
    try:
        yield folder
        is_done = True
    finally:
        # Checkpoints may contain an account that was erased meanwhile. A folder without any is of no use.
        is_erased = workspace.forgotten() != forgotten
        if is_done or is_erased or not any(folder.rglob(CHECKPOINT)):
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _sweep(training_folder: Path) -> None:
    """Remove folders that have not changed for a long time."""
    oldest = time.time() - MAX_AGE
    for folder in training_folder.glob("evaluate-*"):
        # Another process may remove the same folder, or resume from it.
        with suppress(OSError, ValueError, Timeout):
            last_change = max(file.stat().st_mtime for file in (folder, *folder.rglob("*")))
            if last_change < oldest:
                with FileLock(folder / LOCK, blocking=False):
                    shutil.rmtree(folder, ignore_errors=True)
