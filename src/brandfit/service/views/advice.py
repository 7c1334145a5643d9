"""Advice on content, with uploaded files under the names that the caller gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def named(advice: dict[str, Any], files: list[Path]) -> dict[str, Any]:
    """The advice of the pipeline with file names in place of paths of this machine."""
    name_by_path = {str(path): path.name for path in files}
    ideas = [{**idea, "label": name_by_path.get(idea["label"], idea["label"])} for idea in advice["ideas"]]

    def without_paths_in(fields: dict[str, str]) -> dict[str, str]:
        return {key: without_paths(value, name_by_path) for key, value in fields.items()}

    unread = [without_paths_in(one) for one in advice["unread"]]
    return {
        "compared_with": advice["compared_with"],
        "compared_content": advice["compared_content"],
        "represented_by": advice["represented_by"],
        "by": advice["by"],
        "items": ideas,
        "unread": unread,
        "notes": advice["notes"],
    }


def without_paths(text: str, name_by_path: dict[str, str]) -> str:
    """A text with file names in place of paths."""
    for path, name in name_by_path.items():
        text = text.replace(path, name)
    return text
