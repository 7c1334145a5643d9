"""Erasure of people from the data of the service: annotations, jobs and their logs, audit log, uploads."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from brandfit.data.redaction import MARK, TOKEN
from brandfit.erasure import Traces
from brandfit.erasure.files import alternatives, blocks
from brandfit.service.store import tables
from brandfit.service.store.folders import DATABASE, JOBS, LOG, UPLOADS
from brandfit.service.store.service_store import ServiceStore

ENDING = re.compile(
    r"\.(?:csv|gz|html|jpe?g|jsonl?|npz|parquet|pdf|png|tar|tgz|txt|webp|xlsx|xz|zip)$", re.IGNORECASE
)


class ServiceEraser:
    """The ``brandfit.erasure.Eraser`` of the service. It may be repeated at any time."""

    stores = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", JOBS, UPLOADS)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.traces = Traces()

    def erase(self, traces: Traces) -> None:
        """Erase the accounts of these traces."""
        self.traces = traces
        redactor = traces.redactor()

        def redacted(text: str) -> str:
            """A text that quotes the accounts becomes a mark as a whole; otherwise marks replace their names.
            ``name.csv`` counts as a name."""
            lower = text.lower()
            if any(line in lower for line in traces.lines):
                return MARK
            text = redactor.text(text) or ""
            return TOKEN.sub(lambda match: _redacted_file(match[0], redactor.is_erased), text)

        if (self.folder / DATABASE).exists():
            store = ServiceStore(self.folder)
            try:
                self._drop_uploads(store)
                store.forget(redactor.is_erased, redacted)
            finally:
                store.close()
        else:
            self._drop_uploads(None)
        self._clean_job_folders(redacted)

    def unnamed(self, path: str) -> str:
        """A path with a mark in place of every erased handle."""
        # Longest first, so that no handle is cut by a shorter one inside it.
        handles = sorted(self.traces.handles, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, handles)), MARK, path, flags=re.IGNORECASE) if handles else path

    def _clean_job_folders(self, redacted: Callable[[str], str]) -> None:
        """Delete report files, because any picture in them may show an erased account; redact logs."""
        for file in (self.folder / JOBS).glob("*/*"):
            if file.name != LOG:
                file.unlink()
        # Logs are redacted line by line, because one quotation redacts its whole line.
        for log in sorted((self.folder / JOBS).glob(f"*/{LOG}")):
            text = log.read_text(errors="replace")
            new = "".join(map(redacted, text.splitlines(keepends=True)))
            if new != text:
                log.write_text(new)

    def _drop_uploads(self, store: ServiceStore | None) -> None:
        """Delete uploads that mention an erased account, and fail imports that wait for them."""
        uploads = self.folder / UPLOADS
        folders = list(uploads.iterdir()) if uploads.is_dir() else []
        dropped = {upload.name for upload in folders if self._mentions(upload)}
        if store is not None:
            _fail_imports(store, dropped)
        for name in dropped:
            shutil.rmtree(uploads / name, ignore_errors=True)

    def _mentions(self, upload: Path) -> bool:
        """Whether a file of an upload has an erased handle as a word (in its path too), or holds a text or a
        picture of an erased account."""
        handles = [handle.lower().encode() for handle in self.traces.handles]
        lines = [line.encode() for line in self.traces.lines]
        patterns = []
        if handles:
            patterns.append(re.compile(rb"(?<![0-9a-z_])(?:" + alternatives(handles) + rb")(?![0-9a-z_])"))
        if lines:
            patterns.append(re.compile(alternatives(lines)))
        pictures = re.compile(alternatives(self.traces.pictures)) if self.traces.pictures else None
        # Files are read in blocks; the overlap finds a match that two blocks share.
        overlap = max((len(piece) + 1 for piece in (*handles, *lines, *self.traces.pictures)), default=0)
        for file in upload.rglob("*"):
            relative_path = str(file.relative_to(upload)).lower().encode()
            if _matches(patterns, relative_path):
                return True
            for block in blocks(file, overlap) if file.is_file() else ():
                if _matches(patterns, block.lower()) or (pictures and pictures.search(block)):
                    return True
        return False


def _fail_imports(store: ServiceStore, uploads: set[str]) -> None:
    """Fail queued imports of these uploads; their files can be uploaded again."""
    problem = {
        "title": "The files named an account that was to be forgotten before they were imported: "
        "they were deleted.",
        "detail": "Upload them again; the import leaves out the rows of that account.",
    }
    failed = {"state": "failed", "finished": time.time(), "problem": msgspec.json.encode(problem).decode()}
    # The condition is repeated in the statement: the job may have started meanwhile.
    for job in store.rows(tables.jobs.select().where(tables.jobs.c.state == "queued")):
        if msgspec.json.decode(job["asked"]).get("upload") in uploads:
            is_queued = (tables.jobs.c.id == job["id"]) & (tables.jobs.c.state == "queued")
            store.write(tables.jobs.update().where(is_queued).values(**failed))


def _matches(patterns: Iterable[re.Pattern[bytes]], text: bytes) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _redacted_file(word: str, is_erased: Callable[[str], bool]) -> str:
    """A mark in place of a file name if its stem is an erased account; the endings stay."""
    stem = word
    while stem != (shorter := ENDING.sub("", stem)):
        stem = shorter
    return MARK + word[len(stem) :] if stem != word and is_erased(stem) else word
