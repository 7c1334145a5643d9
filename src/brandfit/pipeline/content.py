"""Pictures and captions, judged by what an account posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit.arguments import Account, Files, Texts, checked, paths
from brandfit.campaign import content_fit
from brandfit.campaign.content_fit import Advice
from brandfit.errors import DataError, UsageError
from brandfit.explain import heatmap, render
from brandfit.explain.heatmap import opened
from brandfit.pipeline.lookup import find_account
from brandfit.pipeline.missing_features import encoding_of, load_for
from brandfit.pipeline.readers import readers_of
from brandfit.pipeline.settings import check_settings
from brandfit.search.lookalike import read_picture
from brandfit.workspace import Place, as_workspace


@checked
def fit_maps(
    workspace: Place,
    like: Account,
    *,
    pictures: Files,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, tuple[float, bytes]]:
    """Path of each picture to its fit to the posts of ``like``, and a PNG of it with a heat map of the fit
    (W-17). All maps have the same scale.

    Raises UsageError if no encoder here can read pictures, and DataError for a file that is no picture.
    """
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [like], data)
    check_settings(settings, dataset)
    like = find_account(dataset, like)
    # New pictures must be encoded like those of the posts.
    reader = readers_of(workspace, dataset, settings).get("picture")
    if reader is None:
        filled_by = dataset.slots["picture"].name if "picture" in dataset.slots else "nothing"
        raise UsageError(
            f"Nothing here can read a picture as {filled_by} did.",
            "Encode with image.classical, or image.onnx.",
        )
    # Path to picture (h, w, 3), fit, and map.
    opened_pictures, fits, maps = {}, {}, {}
    for path in map(str, paths(pictures, "pictures")):
        picture = opened(read_picture(Path(path)))
        opened_pictures[path] = picture
        fits[path], maps[path] = heatmap.fit(dataset, reader, like=like, picture=picture)
    # The largest value of all maps is the end of the scale.
    largest = max((float(np.abs(values).max()) for values in maps.values()), default=0.0)
    results = {}
    for path, picture in opened_pictures.items():
        results[path] = fits[path], render.png(render.overlay(picture, maps[path], least=largest))
    return results


@checked
def advise(
    workspace: Place,
    like: Account,
    *,
    pictures: Files | None = (),
    captions: Texts | None = (),
    by: Account | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Advice:
    """Which of these pictures and captions fit what a brand or influencer posts. For a brand without posts
    they are compared with its brief or its partners' posts, with a note (``Advice.represented_by``).

    by  the influencer that would post them: also the engagement that it may expect

    Pictures that cannot be read are listed with the reason. Raises DataError if nothing can be judged, and
    UsageError if ``by`` is a brand.
    """
    workspace = as_workspace(workspace)
    dataset = load_for(workspace, [like], data)
    check_settings(settings, dataset)
    like = find_account(dataset, like)
    if by is not None:
        by = find_account(dataset, by)
        if dataset.account(by)["role"] == "brand":
            raise UsageError(
                f"{by} is a brand, and expected engagement is computed for influencers.",
                "Name the influencer who would post it.",
            )
    readers = readers_of(workspace, dataset, settings)
    picture_by_path: dict[str, bytes] = {}
    reason_by_path: dict[str, str] = {}
    # One unreadable file does not stop the advice on the others.
    for path in map(str, paths(pictures or (), "pictures")):
        try:
            picture_by_path[path] = read_picture(Path(path))
        except DataError as error:
            reason_by_path[path] = error.message
    advice = content_fit.advise(
        dataset,
        like,
        pictures=picture_by_path,
        captions=list(captions or ()),
        readers={slot: readers[slot] for slot in ("picture", "text") if slot in readers},
        by=by,
        unread=reason_by_path,
    )
    return replace(advice, notes=(*advice.notes, *encoding_of(workspace, dataset, [like]).notes))
