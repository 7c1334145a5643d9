"""Folders and files of the service inside a workspace."""

from __future__ import annotations

from pathlib import Path

DATABASE = "service.sqlite"
JOBS = "jobs"
"""Folder with one folder per job: its log and the file that it made."""
UPLOADS = "uploads"
"""Folder with one folder per upload that is not imported yet."""
LOG = "log.txt"
"""Output of the process of a job, in the folder of the job."""


def content_folder(folder: Path) -> Path:
    """The innermost folder that holds all files: browsers and archives wrap files into a folder."""
    # A single folder inside is a wrapper; files next to it end the search.
    inner = list(folder.iterdir()) if folder.is_dir() else []
    return content_folder(inner[0]) if len(inner) == 1 and inner[0].is_dir() else folder
