"""What is in a workspace at a glance, and what to do next."""

from __future__ import annotations

from typing import Any

from brandfit import __version__, pipeline
from brandfit.workspace import Workspace


def overview(workspace: Workspace) -> dict[str, Any]:
    """JSON types; of an empty workspace too."""
    features, models = pipeline.listing("features", workspace), pipeline.listing("models", workspace)
    rejected = [one["rejects"] for one in workspace.imports() if one["time"] is not None][:1]
    told: dict[str, Any] = {
        "name": workspace.path.resolve().name,
        "version": __version__,
        "fingerprint": workspace.fingerprint,
        "counts": {
            "brands": 0,
            "influencers": 0,
            "posts": 0,
            "pictures": 0,
            "endorsements": 0,
            "rejects": sum(rejected),
            "rejects_earlier": len(workspace.rejects(earlier=True)) - sum(rejected),
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
        return told
    dataset = pipeline.load(workspace)
    told["counts"] |= {
        "brands": len(dataset.brands),
        "influencers": len(dataset.influencers),
        "posts": dataset.posts["kind"].to_pylist().count("post"),
        "pictures": len(dataset.images),
        "endorsements": len(dataset.endorsements),
    }
    told["candidates"] = pipeline.default_candidates(workspace).to_dict()
    told["newest_post"] = dataset.cached("newest", lambda: _newest(dataset))
    used = any(f["slot"] in dataset.slots for f in features)
    told["ranker"] = pipeline.default_ranker(workspace) if used else None
    old = pipeline.outdated(workspace)
    told["outdated"] = {**old.to_dict(), "sentences": old.sentences}
    trained = any(m["ranker"] == "brandfit" for m in models)
    told["next"] = [
        *(["encode"] if not used else []),
        *(["update"] if old.can_update else []),
        *(["train"] if used and len(dataset.endorsements) and not trained else []),
        *(["look"] if used and len(dataset.brands) else []),
        *(["import"] if not len(dataset.brands) or not len(dataset.influencers) else []),
    ]
    return told


def _newest(dataset: Any) -> int | None:
    import pyarrow.compute as pc

    found = pc.max(dataset.posts["time"]).as_py()
    return int(found) if found is not None else None
