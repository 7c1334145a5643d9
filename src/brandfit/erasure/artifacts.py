"""Erasure from everything that is made from rows: Features, encoded contents and models.

Each step may be repeated at any time: it depends on the files that are there, not on earlier steps. An
erasure that was killed is finished by repeating all steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from safetensors.numpy import load as load_tensors

from brandfit import registry
from brandfit.compute.local import thread_map
from brandfit.data import categories
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.erasure.eraser import Removed
from brandfit.erasure.traces import Traces
from brandfit.errors import BrandfitError, WorkspaceError
from brandfit.workspace import Workspace
from brandfit.workspace.artifacts import ArtifactStore, current_of, discard, folders_in
from brandfit.workspace.import_filter import without_rows
from brandfit.workspace.stored_features import read_contents

MOST_ENCODED = 1000
"""Contents that are encoded during an erasure at most: captions from which a handle was removed."""


# --- Features -----------------------------------------------------------------------------------------------


def erase_from_features(
    workspace: Workspace, traces: Traces, *, known_ids: Collection[str], removed: Removed
) -> None:
    """Remove rows of unknown ids from current Features. Features with a column that names an account, and
    older versions with either, are removed completely.

    known_ids  ids of all accounts and posts
    """
    store = ArtifactStore(workspace.path / "features")
    for folder in folders_in(store.root):
        name = folder.name
        current, is_trace = current_of(store, name), _column_predicate(name, traces)
        for version in store.versions(name):
            check = _check_version(store, name, version=version, known_ids=known_ids, is_trace=is_trace)
            if check.is_sound:
                continue
            if version != current:
                discard(folder / version)
            elif check.reason:
                drop_features(workspace, name, reason=check.reason, removed=removed)
                break
            else:
                _remove_feature_rows(workspace, name, version=version, check=check, removed=removed)


def drop_features(workspace: Workspace, name: str, *, reason: str, removed: Removed) -> None:
    """Remove all Features of a name."""
    folder = workspace.path / "features" / name
    (folder / "current").unlink(missing_ok=True)  # first: Features without a current version do not exist
    discard(folder)
    removed.features.pop(name, None)
    removed.dropped[name] = reason


class _VersionCheck(NamedTuple):
    """What of one version of Features must be removed.

    reason      why the version cannot stay; "" if it can
    is_gone     (n,) which of its rows have unknown ids
    has_silent  whether an id without a row is unknown
    """

    reason: str
    is_gone: np.ndarray
    has_silent: bool = False

    @property
    def is_sound(self) -> bool:
        return not (self.reason or self.is_gone.any() or self.has_silent)


def _check_version(
    store: ArtifactStore,
    name: str,
    *,
    version: str,
    known_ids: Collection[str],
    is_trace: Callable[[Any], bool],
) -> _VersionCheck:
    no_rows = np.zeros(0, bool)
    try:
        folder, info = store.get(name, version)
    except (KeyError, WorkspaceError):
        return _VersionCheck("it was damaged", no_rows)
    if is_trace(info["columns"]):
        return _VersionCheck("a column is named after what is to be forgotten", no_rows)
    ids = msgspec.msgpack.decode((folder / "ids.msgpack").read_bytes())
    contents = read_contents(folder)
    silent_ids = contents.silent.tolist() if contents is not None else []
    return _VersionCheck(
        "",
        np.array([id not in known_ids for id in ids], bool),
        has_silent=any(id not in known_ids for id in silent_ids),
    )


def _remove_feature_rows(
    workspace: Workspace, name: str, *, version: str, check: _VersionCheck, removed: Removed
) -> None:
    """Save the current Features without the rows that are gone, in place of the version that has them."""
    if check.is_gone.any():
        removed.features[name] = removed.features.get(name, 0) + int(check.is_gone.sum())
    features = workspace.load(name, version)
    assert features is not None  # it was read just now
    kept = workspace.save(without_rows(features, check.is_gone))
    if kept.key != version:
        discard(workspace.path / "features" / name / version)


def _column_predicate(name: str, traces: Traces) -> Callable[[Any], bool]:
    """Whether columns of Features of this name name an account. Only columns that are learned from texts of
    accounts, or imported, can."""
    if name in registry.names("encoder"):
        if registry.load("encoder", name).learned_columns:
            return traces.finder(words=True)
        return lambda _columns: False
    if name.removesuffix(".posts") in registry.names("profiler"):
        return lambda _columns: False
    return traces.finder()


def is_made_of_comments(features: str) -> bool:
    """Whether the rows of these Features are made from comments of other accounts."""
    return features in registry.names("encoder") and bool(registry.load("encoder", features).reads_others)


# --- encoded contents ---------------------------------------------------------------------------------------


def erase_from_units(workspace: Workspace, removed: Removed) -> None:
    """Remove contents that are in no row from the store of encoders, and make the Features again to which
    they belonged."""
    dataset = workspace.dataset()
    encoders = _encoder_by_maker(workspace, dataset)
    hashes = {maker: encoder.content_hashes(dataset) for maker, encoder in encoders.items()}
    keep_units(workspace, hashes, removed)
    keys = {name: workspace.feature_info(name)["key"] for name in workspace.feature_names()}
    for name, key in keys.items():
        maker = key.partition("-")[0]
        encoder = encoders.get(maker)
        if encoder is not None and _encode_again(workspace, dataset, encoder=encoder, hashes=hashes[maker]):
            continue
        if is_made_of_comments(name):
            drop_features(
                workspace,
                name,
                reason="it is made of what others say, and cannot be made again on the spot",
                removed=removed,
            )


def keep_units(workspace: Workspace, hashes_by_maker: Mapping[str, np.ndarray], removed: Removed) -> None:
    """Keep only encoded contents that are still in a row.

    hashes_by_maker  maker to (n,) V16 hashes of its contents; contents of any other maker are removed
    """
    for folder in folders_in(workspace.path / "units"):
        hashes = hashes_by_maker.get(folder.name)
        for file in sorted(folder.glob("*.safetensors")):
            data = file.read_bytes()
            is_sound = hashlib.sha256(data).hexdigest()[:32] == file.stem
            chunk = load_tensors(data) if is_sound else {"hashes": np.zeros((0, 16), np.uint8)}
            stored = np.ascontiguousarray(chunk["hashes"]).view("V16").ravel()  # (m,)
            is_kept = np.isin(stored, hashes) if hashes is not None else np.zeros(len(stored), bool)
            if is_kept.all() and len(is_kept):
                continue
            if is_kept.any():
                workspace.add_units(folder.name, chunk["hashes"][is_kept], chunk["values"][is_kept])
            file.unlink()
            removed.units += int((~is_kept).sum())
        if hashes is None:
            discard(folder)


def _encoder_by_maker(workspace: Workspace, dataset: Dataset) -> dict[str, Encoder]:
    """Maker to its encoder, of the makers in the store that encode this Dataset as they did before."""
    stored = {folder.name for folder in folders_in(workspace.path / "units")}
    notes = [workspace.maker(maker) for maker in sorted(stored)]
    # Older stores have no notes: they may be of encoders with default settings.
    notes += [{"encoder": name, "config": {}} for name in workspace.feature_names()]
    encoders: dict[str, Encoder] = {}
    for note in notes:
        if note.get("encoder") not in registry.names("encoder"):
            continue
        try:
            cls = registry.load("encoder", note["encoder"])
            encoder: Encoder = cls(cls.Config.from_settings(note["config"]))
            encoder.learn(dataset)
            if encoder.maker in stored:
                encoders.setdefault(encoder.maker, encoder)
        except (BrandfitError, OSError):
            # Its extra is not installed, or its file is not there: its contents cannot be distinguished.
            continue
    return encoders


def _encode_again(workspace: Workspace, dataset: Dataset, *, encoder: Encoder, hashes: np.ndarray) -> bool:
    """Make Features from the rows that are left; False if too many contents would have to be encoded."""
    chunks = [
        np.ascontiguousarray(hashes).view("V16").ravel() for hashes, _ in workspace.units(encoder.maker)
    ]
    n_missing = len(np.setdiff1d(hashes, np.concatenate(chunks))) if chunks else len(hashes)
    if n_missing > MOST_ENCODED:
        return False
    try:
        encoder.encode(dataset, workspace, progress=None, map=thread_map)
    except (BrandfitError, OSError):
        return False
    return True


# --- models -------------------------------------------------------------------------------------------------


def erase_from_models(workspace: Workspace, traces: Traces, removed: Removed) -> None:
    """Remove models that hold rows of accounts, that name one, or that read Features which are no longer
    there."""
    store, is_trace = ArtifactStore(workspace.path / "models"), traces.finder()
    for folder in folders_in(store.root):
        name = folder.name
        current = current_of(store, name)
        for version in store.versions(name):
            reason = _model_reason(
                workspace, store, name=name, version=version, traces=traces, is_trace=is_trace
            )
            if reason and version == current:
                (folder / "current").unlink(missing_ok=True)
                removed.models[name] = reason
            if reason or version != current:
                discard(folder / version)
        if name in removed.models:
            discard(folder)
        elif current is not None and traces.learned and name not in removed.weights:
            removed.weights.append(name)


def _model_reason(
    workspace: Workspace,
    store: ArtifactStore,
    *,
    name: str,
    version: str,
    traces: Traces,
    is_trace: Callable[[Any], bool],
) -> str:
    """Why a model cannot stay; "" if it can."""
    try:
        folder, info = store.get(name, version)
        arrays = load_tensors((folder / "model.safetensors").read_bytes())
    except (KeyError, WorkspaceError):
        return "it was damaged"
    reads: dict[str, list[Any]] = info.get("reads", {})  # slot to (name of Features, dim)
    if _keeps_rows(name):
        reads_comments = any(is_made_of_comments(features) for features, _ in reads.values())
        if traces.learned or (traces.has_comments and reads_comments):
            return "it holds what accounts post, in numbers"
    if is_trace(info) or is_trace(list(arrays)) or _holds_handle(arrays, traces):
        return "it names what is to be forgotten"
    return _missing_features_reason(workspace, reads)


def _holds_handle(arrays: Mapping[str, np.ndarray], traces: Traces) -> bool:
    """Whether an array of integers, which may be encoded text, holds a handle."""
    integers = [array.tobytes() for array in arrays.values() if array.dtype.kind in "iub"]
    data = b"\n".join(integers).lower()
    return any(handle.lower().encode() in data for handle in traces.handles)


def _missing_features_reason(workspace: Workspace, reads: Mapping[str, list[Any]]) -> str:
    """Which Features that a model reads are not there with the same columns; "" if all are."""
    names = workspace.feature_names()
    for slot, (features, dim) in reads.items():
        if slot == categories.SLOT and features == categories.STATED:
            continue  # stated categories are rows
        if slot == categories.SLOT and features in names:
            # Predictions that stated categories were added to have other columns than the stored ones.
            continue
        if features not in names or workspace.feature_info(features)["dim"] != dim:
            return f"it reads {features} as {slot}, which are no longer here"
    return ""


def _keeps_rows(ranker: str) -> bool:
    try:
        return bool(registry.load("ranker", ranker).keeps_rows)
    except BrandfitError:
        return True  # the ranker is not installed, so its content is unknown
