"""Bringing a workspace up to date: Features, profiles and models are made again where they are older than the
rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from brandfit.arguments import checked
from brandfit.compute.local import thread_map
from brandfit.errors import WorkspaceError
from brandfit.pipeline.datasets import Steps, maker_of
from brandfit.pipeline.outdated import Outdated, chosen_data, outdated, profile_note
from brandfit.pipeline.profiles import profile
from brandfit.pipeline.ranking import train
from brandfit.workspace import Place, as_workspace

Tell = Callable[[str, int, int], None]
"""Called with (name of what is being made, steps done, steps in all)."""


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
def update(workspace: Place, tell: Tell | None = None) -> Updated:
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
        encoder.encode(workspace.dataset(), workspace, tick=_tick(tell, name), map=thread_map)
    profiles = [one.name for one in outdated(workspace).profiles if not one.why_not]
    for name in profiles:
        note = profile_note(workspace, name) or {}
        profile(
            workspace, note["profiler"], settings=note["config"], seed=note["seed"], tick=_tick(tell, name)
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
            tick=_tick(tell, name),
        )
    return Updated(tuple(features), tuple(profiles), tuple(models), outdated(workspace))


def _tick(tell: Tell | None, name: str) -> Steps | None:
    return None if tell is None else lambda done, total: tell(name, done, total)
