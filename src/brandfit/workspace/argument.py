"""A workspace as an argument: opened, or the path of its folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from brandfit.arguments import Accepts
from brandfit.errors import UsageError
from brandfit.messages import quoted
from brandfit.workspace.workspace import Workspace

WORDS = "a Workspace or the path of one"


def as_workspace(place: Workspace | str | Path, name: str = "workspace") -> Workspace:
    """The Workspace itself, or the one at this path. Raises UsageError for anything else, WorkspaceError
    if there is none."""
    if isinstance(place, Workspace):
        return place
    if isinstance(place, str | Path):
        return Workspace(place)
    raise UsageError(
        f"{name} is {quoted(place)} ({type(place).__name__}), expected {WORDS}.",
        f'Write {name}="demo", or {name}=Workspace("demo").',
    )


def checked_workspace(place: Workspace | str | Path, name: str = "workspace") -> Workspace | str | Path:
    """The argument itself, if it is a Workspace or a path; nothing is opened. Raises UsageError."""
    return place if isinstance(place, str | Path) else as_workspace(place, name)


@contextmanager
def new_workspace(path: str | Path) -> Iterator[Workspace]:
    """The workspace at this path; a new one if there is none. A new one is removed again if the body raises
    an error."""
    is_new = not Path(path).exists()
    try:
        with Workspace(path, create=True) as workspace:
            yield workspace
    except BaseException:
        if is_new:
            shutil.rmtree(path, ignore_errors=True)
        raise


Place = Annotated[Workspace | str | Path, Accepts(as_workspace, WORDS)]
NewPlace = Annotated[Workspace | str | Path, Accepts(checked_workspace, WORDS)]
