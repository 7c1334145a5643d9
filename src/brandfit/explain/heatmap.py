"""Heat maps: what in a picture speaks for the pair.

occlusion     any ranker, any encoder: a patch is covered, the picture read again, the pair scored again
              (Zeiler and Fergus, 2014)
gradient      any ranker, any encoder that is a network of PyTorch: how each part of the picture moves its
              cosine with what the other side shows, by integrated gradients (Sundararajan et al., 2017)
wsim          a WSim that learned from image.vgg16: place by place, what is important to the other side of the
              pair (W-15: W_v b_v, or W_v i_v for pictures of the brand; Elwood et al. 2021, Eq. 11-12)
wsim-general  the same, what is important whoever looks (W-14: diag(W_v))

``fit`` is occlusion of a picture that nobody has posted yet: how well it fits what an account shows (W-17).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image as Picture

from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.base import Encoder
from brandfit.encoders.image.base import Area, PictureEncoder
from brandfit.encoders.image.vgg16 import FILTERS, PLACES
from brandfit.errors import MissingExtra, UsageError
from brandfit.explain.attribute import Game
from brandfit.explain.explanation import HeatMap, MapMethod, Side
from brandfit.explain.perturbations import Variants, pair, scores, subject
from brandfit.learning.pooling import one_account_vector
from brandfit.learning.similarity import cosine, typical
from brandfit.rankers.base import Ranker

VGG = (PLACES, PLACES, FILTERS)
"""A row of ``image.vgg16``: (y, x, filter) of the last block of VGG-16."""
CELLS = 8
"""A picture is occluded in patches of 2 x 2 of CELLS x CELLS cells, each patch half over the next."""
FINE = 28
"""Cells of a gradient map on each side: single pixels are noise."""
STEPS = 32
"""Pictures between the mean colour and the picture that gradients are averaged over."""


def lacking(
    method: MapMethod, ranker: Ranker, *, dataset: Dataset, encoder: Encoder | None
) -> tuple[str, str] | None:
    """Why this method cannot draw here, and what to do about it; None if it can.

    encoder  the one that fills the slot picture and can read anew, None if there is none
    """
    features = dataset.slots.get("picture")
    if features is None or features.level != "post":
        return (
            "there are no picture features of posts",
            "Encode pictures first, for example: brandfit encode image.classical",
        )
    unread = (
        f"nothing here can read pictures as {features.name} did",
        f"Name the settings that it had: --set {features.name}.NAME=VALUE",
    )
    if method == "occlusion":
        if "picture" not in ranker.used_slots(dataset):
            return (
                f"{ranker.name} does not read pictures",
                "Name another ranker, for example: --ranker simcos",
            )
        return unread if encoder is None else None
    if method == "gradient":
        if encoder is None:
            return unread
        if not isinstance(encoder, PictureEncoder) or encoder.differentiable() is None:
            return (
                f"{encoder.name} is no network of PyTorch, so that it has no gradients",
                "Encode with image.vgg16, image.resnet, image.mobilenet or image.clip, or draw by occlusion.",
            )
        return None
    weights = ranker.importance(dataset, "picture")
    if weights is None:
        return (
            f"{ranker.name} has no weights of single columns of pictures",
            "Name the ranker wsim, trained with image.vgg16 in the slot picture, or draw by occlusion.",
        )
    if features.name != "image.vgg16" or weights.size != np.prod(VGG):
        return (
            f"the slot picture is filled by {features.name} ({weights.size:,} columns), not by the "
            f"{np.prod(VGG):,} of image.vgg16",
            "Encode image.vgg16, then: brandfit train wsim --set slots.picture=image.vgg16; or draw by "
            "occlusion.",
        )
    return None


def heat_map(
    method: MapMethod,
    ranker: Ranker,
    *,
    dataset: Dataset,
    encoder: Encoder | None,
    brand: str,
    influencer: str,
    post: str,
    side: Side = "influencer",
) -> HeatMap:
    """The map of a post's first picture. Raises UsageError if the post has no picture, or the method is
    ``lacking`` something."""
    if lacks := lacking(method, ranker, dataset=dataset, encoder=encoder):
        raise UsageError(f"There is no heat map: {lacks[0]}.", lacks[1])
    other = brand if side == "influencer" else influencer
    if method == "occlusion":
        assert encoder is not None
        return occlusion(
            ranker, dataset, encoder=encoder, brand=brand, influencer=influencer, post=post, side=side
        )
    if method == "gradient":
        assert isinstance(encoder, PictureEncoder)
        return gradient(dataset, encoder, like=other, post=post, side=side)
    return wsim(
        ranker, dataset, encoder=encoder, post=post, side=side, of=None if method == "wsim-general" else other
    )


def wsim(
    ranker: Ranker, dataset: Dataset, *, encoder: Encoder | None, post: str, side: Side, of: str | None
) -> HeatMap:
    """(7, 7): sum over filters of importance times activation, H = sum_f I o X (Eq. 12).

    of       the account whose importance it is (W-15), None: whoever looks (W-14)
    encoder  reads the first picture of a post that has several: Features of the post are the mean of all
    """
    hashes = _pictures(dataset, post)
    first = decoded(dataset, hashes[0])
    if len(hashes) == 1:
        rows, there = dataset.slots["picture"].values_of(np.array([post], dtype=object))
        if not there[0]:
            raise UsageError(
                f"{post} has no picture features.", "Encode its pictures first: brandfit encode image.vgg16"
            )
    elif encoder is not None:
        rows = _read(encoder, [first], others=[], dim=int(np.prod(VGG)))
    else:
        raise UsageError(
            f"{post} has {len(hashes)} pictures, and nothing here can read the first alone as image.vgg16 "
            "did.",
            "Name the settings that it had: --set image.vgg16.NAME=VALUE",
        )
    weights = ranker.importance(dataset, "picture", of)
    assert weights is not None
    values = (weights.reshape(VGG) * rows[0].reshape(VGG)).sum(axis=-1)
    reader: PictureEncoder = (
        encoder if isinstance(encoder, PictureEncoder) else registry.load("encoder", "image.vgg16")()
    )
    method: MapMethod = "wsim-general" if of is None else "wsim"
    return HeatMap(
        side=side, post=post, picture=hashes[0], values=values, method=method, area=_area(reader, first)
    )


def occlusion(
    ranker: Ranker,
    dataset: Dataset,
    *,
    encoder: Encoder,
    brand: str,
    influencer: str,
    post: str,
    side: Side = "influencer",
) -> HeatMap:
    """How much the score falls where a part of the post's first picture is covered with its mean colour; (8,
    8).

    ``encoder`` is the one that fills the slot ``picture``. Raises UsageError where the post has no picture.
    """
    hashes = _pictures(dataset, post)
    first = decoded(dataset, hashes[0])
    variants, boxes = _covered(first)
    told = _read(
        encoder,
        [first, *variants],
        others=[decoded(dataset, hash) for hash in hashes[1:]],
        dim=dataset.slots["picture"].dim,
    )
    mine, other = (influencer, brand) if side == "influencer" else (brand, influencer)
    whole = subject(pair(dataset, brand, influencer), mine, ranker.used_slots(dataset))
    at = whole.posts.tolist().index(post)
    rows = np.repeat(whole.rows["picture"][None], len(told), axis=0)
    rows[:, at] = told
    found = scores(ranker, other, side=side, variants=Variants(whole, {"picture": rows}))
    return HeatMap(
        side=side,
        post=post,
        picture=hashes[0],
        values=_spread(found[0] - found[1:], boxes),
        method="occlusion",
    )


def fit(dataset: Dataset, encoder: Encoder, *, like: str, picture: np.ndarray) -> tuple[float, np.ndarray]:
    """How well a new picture (h, w, 3) fits what a brand or influencer shows, and (8, 8) how much that falls
    where it is covered.

    The fit is that of ``campaign.advise``: the cosine with the mean of its pictures, both less the mean of
    all influencers.
    """
    variants, boxes = _covered(picture)
    wanted, mean = typical(dataset, "picture", like)
    told = cosine(_read(encoder, [picture, *variants], others=[], dim=wanted.shape[1]) - mean, wanted - mean)
    return float(told[0]), _spread(told[0] - told[1:], boxes)


def cells(
    ranker: Ranker,
    dataset: Dataset,
    *,
    encoder: Encoder,
    brand: str,
    influencer: str,
    post: str,
    side: Side = "influencer",
) -> tuple[Game, np.ndarray]:
    """The 8 x 8 cells of a post's first picture as a game (one taken away is covered), and their weights by
    ``occlusion``."""
    heat = occlusion(
        ranker, dataset, encoder=encoder, brand=brand, influencer=influencer, post=post, side=side
    )
    hashes = _pictures(dataset, post)
    first, others = decoded(dataset, hashes[0]), [decoded(dataset, hash) for hash in hashes[1:]]
    mine, other = (influencer, brand) if side == "influencer" else (brand, influencer)
    whole = subject(pair(dataset, brand, influencer), mine, ranker.used_slots(dataset))
    at = whole.posts.tolist().index(post)
    edges = [np.linspace(0, length, CELLS + 1).round().astype(int) for length in first.shape[:2]]
    mean = first.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)

    def value(kept: np.ndarray) -> np.ndarray:
        pictures = []
        for row in kept.reshape(-1, CELLS, CELLS):
            one = first.copy()
            for r, c in np.argwhere(~row):
                one[edges[0][r] : edges[0][r + 1], edges[1][c] : edges[1][c + 1]] = mean
            pictures.append(one)
        rows = np.repeat(whole.rows["picture"][None], len(pictures), axis=0)
        rows[:, at] = _read(encoder, pictures, others=others, dim=dataset.slots["picture"].dim)
        return scores(ranker, other, side=side, variants=Variants(whole, {"picture": rows}))

    names = [f"{r} {c}" for r in range(CELLS) for c in range(CELLS)]
    return Game(
        kind="cells", side=side, slot="picture", ids=names, labels=names, value=value
    ), heat.values.ravel()


def gradient(dataset: Dataset, encoder: PictureEncoder, *, like: str, post: str, side: Side) -> HeatMap:
    """How each part of a post's first picture moves its cosine with the mean of what ``like`` shows, (28, 28)
    at most.

    The values add up to how much more alike the picture is than one of the mean colour. Raises UsageError if
    ``like`` shows nothing.
    """
    hash = _pictures(dataset, post)[0]
    shown = one_account_vector(dataset, "picture", account=like)
    network = encoder.differentiable()
    assert network is not None
    if not shown.present[0]:
        raise UsageError(
            f"{like} shows no pictures to compare with.",
            "Draw maps by occlusion, or encode the pictures of both.",
        )
    picture = encoder.prepare(dataset, hash)
    if picture is None:
        raise UsageError(f"The first picture of {post} cannot be read.", "Name another post.")
    values = attributed(cosine_with(network, shown.values[0]), picture)
    return HeatMap(
        side=side,
        post=post,
        picture=hash,
        values=coarse(values),
        method="gradient",
        area=_area(encoder, decoded(dataset, hash)),
    )


def cosine_with(network: Callable[[Any], Any], direction: np.ndarray) -> Callable[[Any], Any]:
    """Pictures (n, 3, h, w) to (n,) cosines of what a network makes of them with a direction (d,)."""
    import torch

    def likeness(pictures: Any) -> Any:
        rows = network(pictures)
        wanted = torch.from_numpy(np.asarray(direction, np.float32)).to(rows.device)
        return torch.nn.functional.cosine_similarity(rows, wanted[None], dim=-1)

    return likeness


def attributed(function: Callable[[Any], Any], picture: Any) -> np.ndarray:
    """(h, w) integrated gradients of a scalar function of pictures at one prepared picture (c, h, w), summed
    over colours.

    Prepared pictures are normalised: the baseline of zeros is a picture of the mean colour.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError:
        raise MissingExtra("gradient maps", "explain") from None
    import torch

    inputs = torch.as_tensor(picture)[None].float().requires_grad_(True)
    found = IntegratedGradients(function).attribute(inputs, n_steps=STEPS, internal_batch_size=8)
    return np.asarray(found[0].sum(0).detach().cpu().numpy(), np.float64)


def coarse(values: np.ndarray, most: int = FINE) -> np.ndarray:
    """Sums over cells, ``most`` at most on each side, of as equal size as may be."""
    for axis, length in enumerate(values.shape):
        first = np.linspace(0, length, min(most, length) + 1).round().astype(int)[:-1]
        values = np.add.reduceat(values, first, axis=axis)
    return values


def _area(encoder: PictureEncoder, picture: np.ndarray) -> Area:
    """The part of a picture (h, w, 3) that the encoder reads."""
    return encoder.area(picture.shape[1], picture.shape[0])


def decoded(dataset: Dataset, hash: str) -> np.ndarray:
    """(h, w, 3) uint8 of a working copy."""
    return opened(dataset.picture(hash))


def opened(data: bytes) -> np.ndarray:
    """(h, w, 3) uint8 of the bytes of a picture."""
    return np.asarray(Picture.open(io.BytesIO(data)).convert("RGB"))


def _pictures(dataset: Dataset, post: str) -> list[str]:
    """Hashes of the pictures of a post in their order."""
    table = dataset.images.select(["post", "position", "hash"]).to_pylist()
    found = [
        row["hash"]
        for row in sorted((r for r in table if r["post"] == post and r["hash"]), key=lambda r: r["position"])
    ]
    if not found:
        raise UsageError(f"{post} has no picture.", "Name a post with one.")
    return found


def _covered(picture: np.ndarray) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """The picture with one patch covered each, and the upper left cell of each patch."""
    h, w = picture.shape[:2]
    rows, columns = (np.linspace(0, side, CELLS + 1).round().astype(int) for side in (h, w))
    mean = picture.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    covered, boxes = [], []
    for r in range(CELLS - 1):
        for c in range(CELLS - 1):
            one = picture.copy()
            one[rows[r] : rows[r + 2], columns[c] : columns[c + 2]] = mean
            covered.append(one)
            boxes.append((r, c))
    return covered, boxes


def _spread(values: np.ndarray, boxes: list[tuple[int, int]]) -> np.ndarray:
    """(8, 8) mean over the patches that cover a cell."""
    total, count = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for value, (r, c) in zip(values, boxes, strict=True):
        total[r : r + 2, c : c + 2] += value
        count[r : r + 2, c : c + 2] += 1
    return total / count


def _read(encoder: Encoder, pictures: list[np.ndarray], *, others: list[np.ndarray], dim: int) -> np.ndarray:
    """(m, d) what the encoder makes of posts that show one of m pictures and the same others."""
    stored, images, posts = {}, [], []
    for n, picture in enumerate([*pictures, *others]):
        buffer = io.BytesIO()
        Picture.fromarray(picture).save(buffer, "PNG", compress_level=1)
        stored[f"picture {n}"] = buffer.getvalue()
    for n in range(len(pictures)):
        posts.append(Post(id=str(n), account="reader"))
        shown = [n, *range(len(pictures), len(pictures) + len(others))]
        images += [Image(post=str(n), position=p, hash=f"picture {k}") for p, k in enumerate(shown)]
    found = encoder.encode(Dataset.from_rows([Account(id="reader")], posts, images=images, pictures=stored))
    rows, there = found.values_of(np.array([post.id for post in posts], dtype=object))
    if not there.all() or rows.shape[1] != dim:
        raise UsageError(
            f"{encoder.name} cannot read this picture as where the slot was filled.",
            "Encode the pictures anew.",
        )
    return rows
