"""Bringing a workspace up to date: Features, profiles and models are made again where they are older than the
rows."""

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
from brandfit.workspace import Place, as_workspace


@dataclass(frozen=True)
class Updated:
    """Names of what was made again; left: what is still out of date."""

    features: tuple[str, ...]
    profiles: tuple[str, ...]
    models: tuple[str, ...]
    left: Outdated

    def to_dict(self) -> dict[str, Any]:
        made = {name: list(getattr(self, name)) for name in ("features", "profiles", "models")}
        return {**made, "left": self.left.to_dict()}


@checked
def update(workspace: Place, progress: Progress | None = None) -> Updated:
    """Make everything again that is older than the rows, each with the settings that it was made with.

    In this order, because each reads those before it: Features, profiles, models. What was made before an
    error stays.
    """
    workspace = as_workspace(workspace)
    features = [one.name for one in outdated(workspace).features if not one.why_not]
    for name in features:
        encoder = maker_of(workspace, workspace.features(name))
        if encoder is None:
            raise WorkspaceError(
                f"It is not known any more how {name} was encoded.",
                f"Encode it again: brandfit encode {name}",
            )
        encoder.encode(workspace.dataset(), workspace, progress=named(progress, name), map=thread_map)
    profiles = [one.name for one in outdated(workspace).profiles if not one.why_not]
    for name in profiles:
        note = profile_note(workspace, name) or {}
        profile(
            workspace,
            note["profiler"],
            settings=note["config"],
            seed=note["seed"],
            progress=named(progress, name),
        )
    models = [one.name for one in outdated(workspace).models if not one.why_not]
    for name in models:
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
