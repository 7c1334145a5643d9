"""Erasure from the stores of the service: annotations, jobs and their logs, the audit log, uploads."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from brandfit.data.redaction import MARK, TOKEN
from brandfit.erasure import Traces
from brandfit.erasure.files import alternatives, blocks
from brandfit.service import store
from brandfit.service.store import FILE, ServiceStore

JOBS, UPLOADS, LOG = "jobs", "uploads", "log.txt"
"""Folders of the workspace: of jobs, and for files that are on their way into it; what the process of a job
printed."""
ENDING = re.compile(
    r"\.(?:csv|gz|html|jpe?g|jsonl?|npz|parquet|pdf|png|tar|tgz|txt|webp|xlsx|xz|zip)$", re.IGNORECASE
)


class ServiceEraser:
    """The ``brandfit.erasure.Eraser`` of the service; it may be called again at any time."""

    stores = (FILE, f"{FILE}-wal", f"{FILE}-shm", JOBS, UPLOADS)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.traces = Traces()

    def erase(self, traces: Traces) -> None:
        """Remove everything that the traces describe."""
        self.traces = traces
        redactor = traces.redactor()

        def cleaned(text: str) -> str:
            """Whole where it quotes them, else with a mark in place of their names; ``name.csv`` is one of
            theirs too."""
            lower = text.lower()
            if any(line in lower for line in traces.lines):
                return MARK
            text = redactor.text(text) or ""
            return TOKEN.sub(lambda found: _unnamed_file(found[0], redactor.is_erased), text)

        if (self.folder / FILE).exists():
            notes = ServiceStore(self.folder)
            try:
                self._drop_uploads(notes)
                notes.forget(redactor.is_erased, cleaned)
            finally:
                notes.close()
        else:
            self._drop_uploads(None)
        for file in (self.folder / JOBS).glob("*/*"):
            if file.name != LOG:  # a report: it may show them in any picture of it
                file.unlink()
        for log in sorted((self.folder / JOBS).glob(f"*/{LOG}")):
            text = log.read_text(errors="replace")
            new = "".join(map(cleaned, text.splitlines(keepends=True)))
            if new != text:
                log.write_text(new)

    def unnamed(self, path: str) -> str:
        """The name of a file with a mark wherever a handle stands in it."""
        handles = sorted(self.traces.handles, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, handles)), MARK, path, flags=re.IGNORECASE) if handles else path

    def _drop_uploads(self, notes: ServiceStore | None) -> None:
        """Uploads that hold something of them go away, whole, and imports that wait for one fail: it can be
        uploaded again."""
        home = self.folder / UPLOADS
        held = {upload.name for upload in (home.iterdir() if home.is_dir() else ()) if self._holds(upload)}
        if notes is not None:
            waiting = notes.rows(store.jobs.select().where(store.jobs.c.state == "queued"))
            told = {
                "title": "The files named an account that was to be forgotten before they were imported: "
                "they were deleted.",
                "detail": "Upload them again; the import leaves out what is of that account.",
            }
            failed = {
                "state": "failed",
                "finished": time.time(),
                "problem": msgspec.json.encode(told).decode(),
            }
            for job in waiting:
                if msgspec.json.decode(job["asked"]).get("upload") in held:
                    here = (store.jobs.c.id == job["id"]) & (store.jobs.c.state == "queued")
                    notes.write(store.jobs.update().where(here).values(**failed))
        for name in held:
            shutil.rmtree(home / name, ignore_errors=True)

    def _holds(self, upload: Path) -> bool:
        """Whether a file of it names them as a word of its own, in its name too, or holds what they wrote or
        show."""
        handles = [handle.lower().encode() for handle in self.traces.handles]
        words = rb"(?<![0-9a-z_])(?:" + alternatives(handles) + rb")(?![0-9a-z_])"
        patterns = [re.compile(words)] if handles else []
        lines = [line.encode() for line in self.traces.lines]
        patterns += [re.compile(alternatives(lines))] if lines else []
        pictures = re.compile(alternatives(self.traces.pictures)) if self.traces.pictures else None
        overlap = max([len(piece) + 1 for piece in (*handles, *lines, *self.traces.pictures)], default=0)
        for file in upload.rglob("*"):
            if any(pattern.search(str(file.relative_to(upload)).lower().encode()) for pattern in patterns):
                return True
            for block in blocks(file, overlap) if file.is_file() else ():
                if any(pattern.search(block.lower()) for pattern in patterns) or (
                    pictures and pictures.search(block)
                ):
                    return True
        return False


def _unnamed_file(word: str, gone: Callable[[str], bool]) -> str:
    """A mark in place of the name of a file that is called after one of them."""
    stem = word
    while stem != (shorter := ENDING.sub("", stem)):
        stem = shorter
    return MARK + word[len(stem) :] if stem != word and gone(stem) else word
