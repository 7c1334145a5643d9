"""The contents of a workspace in short, and the next steps."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from brandfit import __version__, pipeline
from brandfit.data.dataset import Dataset
from brandfit.workspace import Workspace


def overview(workspace: Workspace) -> dict[str, Any]:
    """JSON types; an empty workspace has one too."""
    features, models = pipeline.listing("features", workspace), pipeline.listing("models", workspace)
    # Rejects of the last import; the others are older.
    dated = [one for one in workspace.imports() if one["time"] is not None]
    rejects = dated[0]["rejects"] if dated else 0
    overview: dict[str, Any] = {
        "name": workspace.path.resolve().name,
        "version": __version__,
        "fingerprint": workspace.fingerprint,
        "counts": {
            "brands": 0,
            "influencers": 0,
            "posts": 0,
            "pictures": 0,
            "endorsements": 0,
            "rejects": rejects,
            "rejects_earlier": len(workspace.rejects(earlier=True)) - rejects,
        },
        "candidates": None,
        "newest_post": None,
        "features": features,
        "models": models,
        "ranker": None,
        "outdated": {**pipeline.Outdated().to_dict(), "sentences": []},
        "next": ["import"],
    }
    if not workspace.fingerprint:
        return overview
    dataset = pipeline.load(workspace)
    # Counted on the loaded dataset, which rankings read too.
    overview["counts"] |= {
        "brands": len(dataset.brands),
        "influencers": len(dataset.influencers),
        "posts": dataset.posts["kind"].to_pylist().count("post"),
        "pictures": len(dataset.images),
        "endorsements": len(dataset.endorsements),
    }
    overview["candidates"] = pipeline.default_candidates(workspace).to_dict()
    overview["newest_post"] = dataset.cached("newest", lambda: _newest_post(dataset))
    # Features that no ranker reads do not make a ranking possible.
    can_rank = any(one["slot"] in dataset.slots for one in features)
    overview["ranker"] = pipeline.default_ranker(workspace) if can_rank else None
    outdated = pipeline.outdated(workspace)
    overview["outdated"] = {**outdated.to_dict(), "sentences": outdated.sentences}
    is_trained = any(model["ranker"] == "brandfit" for model in models)
    overview["next"] = _next_steps(
        dataset, can_rank=can_rank, can_update=outdated.can_update, is_trained=is_trained
    )
    return overview


def _next_steps(dataset: Dataset, *, can_rank: bool, can_update: bool, is_trained: bool) -> list[str]:
    """The most urgent first."""
    is_needed = {
        "encode": not can_rank,
        "update": can_update,
        "train": can_rank and len(dataset.endorsements) and not is_trained,
        "look": can_rank and len(dataset.brands),
        "import": not len(dataset.brands) or not len(dataset.influencers),
    }
    return [step for step, needed in is_needed.items() if needed]


def _newest_post(dataset: Dataset) -> int | None:
    time = pc.max(dataset.posts["time"]).as_py()
    return int(time) if time is not None else None


def distributions_and_pictures(workspace: Workspace) -> dict[str, Any]:
    """Distributions of the influencers, and example pictures of each stated category."""
    overview = pipeline.data_overview(workspace)
    pictures = {}
    for category, examples in overview.pictures.items():
        pictures[category] = [example._asdict() for example in examples]
    return {"distributions": overview.distributions, "pictures": pictures}
