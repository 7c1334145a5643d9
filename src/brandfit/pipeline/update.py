"""Bringing a workspace up to date: Features, profiles and models that are older than the rows are made
again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brandfit.arguments import checked
from brandfit.compute.local import thread_map
from brandfit.errors import WorkspaceError
from brandfit.pipeline.outdated import Outdated, chosen_data, outdated, profile_note
from brandfit.pipeline.profiles import profile
from brandfit.pipeline.readers import maker_of
from brandfit.pipeline.training import train
from brandfit.progress import Progress, named
from brandfit.workspace import Place, Workspace, as_workspace


@dataclass(frozen=True)
class Updated:
    """Names of what was made again.

    left  what is still out of date
    """

    features: tuple[str, ...]
    profiles: tuple[str, ...]
    models: tuple[str, ...]
    left: Outdated

    def to_dict(self) -> dict[str, Any]:
        names_by_kind = {name: list(getattr(self, name)) for name in ("features", "profiles", "models")}
        return {**names_by_kind, "left": self.left.to_dict()}


@checked
def update(workspace: Place, progress: Progress | None = None) -> Updated:
    """Make everything that is older than the rows again, each with the settings with which it was made.

    The order is Features, profiles, models, because each reads the ones before. Each step asks again what is
    out of date. If a step fails, the results of the steps before stay.
    """
    workspace = as_workspace(workspace)
    # Names first, because encoding changes what is out of date.
    features = [stale.name for stale in outdated(workspace).features if not stale.why_not]
    for name in features:
        _encode_again(workspace, name, progress)
    # Profiles read the new Features, so what is out of date is determined again.
    profiles = [stale.name for stale in outdated(workspace).profiles if not stale.why_not]
    for name in profiles:
        # With the settings and the seed of the first time.
        note = profile_note(workspace, name) or {}
        profile(
            workspace,
            note["profiler"],
            settings=note["config"],
            seed=note["seed"],
            progress=named(progress, name),
        )
    models = [stale.name for stale in outdated(workspace).models if not stale.why_not]
    for name in models:
        # The Features may be others than before: ``chosen_data`` holds only what the caller chose.
        info = workspace.model_info(name)
        train(
            workspace,
            name,
            settings=info["config"],
            data=chosen_data(info),
            seed=info["seed"],
            progress=named(progress, name),
        )
    return Updated(tuple(features), tuple(profiles), tuple(models), outdated(workspace))


def _encode_again(workspace: Workspace, name: str, progress: Progress | None) -> None:
    encoder = maker_of(workspace, workspace.features(name))
    if encoder is None:
        raise WorkspaceError(
            f"The workspace has no record of how {name} was encoded.",
            f"Encode it again: brandfit encode {name}",
        )
    encoder.encode(workspace.dataset(), workspace, progress=named(progress, name), map=thread_map)
