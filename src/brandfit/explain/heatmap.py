"""Heat maps: what in a picture speaks for the pair.

wsim       W-14 to W-16 (Elwood et al. 2021, Eq. 11-12): of a WSim whose picture slot is VGG-16, place by place, exact
occlusion  any ranker and any encoder: a patch is covered, the picture read again, the pair scored again (Zeiler and Fergus, 2014)
fit        the same of a picture that nobody has posted yet: how well it fits what an account shows (W-17)
gradient   any encoder that is a network: captum's methods on the likeness of the picture to what the other side shows
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from PIL import Image as Picture

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.base import Encoder
from brandfit.errors import MissingExtra, UsageError
from brandfit.explain.attribute import Game
from brandfit.explain.explanation import HeatMap, Side
from brandfit.explain.variants import Variants, pair, scores, subject
from brandfit.learning.pooling import account_vectors, brand_vectors
from brandfit.learning.similarity import cosine, typical
from brandfit.rankers.base import Ranker
from brandfit.rankers.wsim import WSim

VGG = (7, 7, 512)
"""Places and filters of the last block of VGG-16; a column of ``image.vgg16`` is (row 7 + column) 512 + filter."""
CELLS = 8
"""A picture is occluded in patches of 2 x 2 of CELLS x CELLS cells, each patch half over the next."""

Gradient = Literal["integrated_gradients", "saliency", "input_x_gradient"]


def importance(ranker: WSim, dataset: Dataset, of: str | None = None) -> np.ndarray:
    """(7, 7, 512) what WSim holds important in pictures: diag(W_v), or W_v b_v for a brand (or i_v for an influencer) ``of``.

    Raises UsageError where its picture slot is not VGG-16.
    """
    if not isinstance(ranker, WSim) or "picture" not in ranker.diagonal:
        raise UsageError(f"{ranker.name} has no weights of pictures.", "Train wsim with image.vgg16 in the slot picture.")
    weights = ranker.diagonal["picture"]
    if weights.size != np.prod(VGG):
        raise UsageError(
            f"The picture slot of {ranker.name} has {weights.size} columns, not the {np.prod(VGG):,} places of VGG-16.",
            "Encode image.vgg16, set slots.picture=image.vgg16 and train wsim; or draw maps by occlusion.",
        )
    if of is not None:
        vectors = brand_vectors if of in dataset.representation else account_vectors
        found = vectors(dataset, "picture", np.array([of], dtype=object))
        row = found.values[0].astype(np.float64)
        weights = weights * (row / max(np.linalg.norm(row), 1e-12) if ranker.config.normalise else row)
    return np.asarray(weights, np.float64).reshape(VGG)


def wsim_map(ranker: WSim, dataset: Dataset, post: str, of: str | None = None) -> np.ndarray:
    """(7, 7): sum over filters of importance times activation, of a post's pictures (W-14; for a brand or influencer W-15)."""
    row, there = dataset.slots["picture"].of(np.array([post], dtype=object))
    if not there[0]:
        raise UsageError(f"{post} has no picture features.", "Encode its pictures first: brandfit encode image.vgg16")
    return (importance(ranker, dataset, of) * row[0].reshape(VGG)).sum(axis=-1)


def occlusion(
    ranker: Ranker, dataset: Dataset, encoder: Encoder, brand: str, influencer: str, post: str, side: Side = "influencer"
) -> HeatMap:
    """How much the score falls where a part of the post's first picture is covered with its mean colour; (8, 8).

    ``encoder`` is the one that fills the slot ``picture``. Raises UsageError where the post has no picture.
    """
    hashes = _pictures(dataset, post)
    first = decoded(dataset, hashes[0])
    variants, boxes = _covered(first)
    told = _read(encoder, [first, *variants], [decoded(dataset, hash) for hash in hashes[1:]], dataset.slots["picture"].dim)
    mine, other = (influencer, brand) if side == "influencer" else (brand, influencer)
    whole = subject(pair(dataset, brand, influencer), mine, ranker.used_slots(dataset))
    at = whole.posts.tolist().index(post)
    rows = np.repeat(whole.rows["picture"][None], len(told), axis=0)
    rows[:, at] = told
    found = scores(ranker, other, side, Variants(whole, {"picture": rows}))
    return HeatMap(side, post, hashes[0], _spread(found[0] - found[1:], boxes), "occlusion")


def fit(dataset: Dataset, encoder: Encoder, like: str, picture: np.ndarray) -> tuple[float, np.ndarray]:
    """How well a new picture (h, w, 3) fits what a brand or influencer shows, and (8, 8) how much that falls where it is covered.

    The fit is that of ``campaign.advise``: the cosine with the mean of its pictures, both less the mean of all influencers.
    """
    variants, boxes = _covered(picture)
    wanted, mean = typical(dataset, "picture", like)
    told = cosine(_read(encoder, [picture, *variants], [], wanted.shape[1]) - mean, wanted - mean)
    return float(told[0]), _spread(told[0] - told[1:], boxes)


def cells(
    ranker: Ranker, dataset: Dataset, encoder: Encoder, brand: str, influencer: str, post: str, side: Side = "influencer"
) -> tuple[Game, np.ndarray]:
    """The 8 x 8 cells of a post's first picture as a game (one taken away is covered), and their weights by ``occlusion``."""
    heat = occlusion(ranker, dataset, encoder, brand, influencer, post, side)
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
        rows[:, at] = _read(encoder, pictures, others, dataset.slots["picture"].dim)
        return scores(ranker, other, side, Variants(whole, {"picture": rows}))

    names = [f"{r} {c}" for r in range(CELLS) for c in range(CELLS)]
    return Game("cells", side, "picture", names, names, value), heat.values.ravel()


def gradient(
    dataset: Dataset, encoder: Any, brand: str, influencer: str, post: str, method: Gradient = "integrated_gradients"
) -> HeatMap:
    """How each pixel moves the likeness (cosine) of an influencer's picture to the mean of what the brand shows, (h, w).

    ``encoder`` is a network of PyTorch that has ``transform``, ``model`` and ``forward`` (those of torchvision).
    """
    hash = _pictures(dataset, post)[0]
    shown = brand_vectors(dataset, "picture", np.array([brand], dtype=object))
    if not shown.present[0]:
        raise UsageError(f"{brand} shows no pictures.", "Draw maps by occlusion, or encode the pictures of its partners.")
    picture = encoder.prepare(dataset, hash)
    likeness = cosine_with(encoder.model, encoder.forward, shown.values[0])
    return HeatMap("influencer", post, hash, attributed(likeness, picture, method), method)


def cosine_with(model: Any, forward: Callable[[Any, Any], Any], direction: np.ndarray) -> Callable[[Any], Any]:
    """Pictures (n, 3, h, w) to (n,) cosines of what a network makes of them with a direction (d,)."""
    import torch

    device = next(model.parameters()).device
    wanted = torch.from_numpy(np.asarray(direction, np.float32)).to(device)

    def likeness(pictures: Any) -> Any:
        return torch.nn.functional.cosine_similarity(forward(model, pictures.to(device)), wanted[None], dim=-1)

    return likeness


def attributed(function: Callable[[Any], Any], picture: Any, method: Gradient) -> np.ndarray:
    """(h, w) attribution of a scalar function of pictures at one picture (c, h, w), summed over colours."""
    try:
        from captum import attr
    except ImportError:
        raise MissingExtra("gradient maps", "explain") from None
    import torch

    inputs = torch.as_tensor(picture)[None].float().requires_grad_(True)
    if method == "saliency":
        found = attr.Saliency(function).attribute(inputs)
    elif method == "input_x_gradient":
        found = attr.InputXGradient(function).attribute(inputs)
    else:
        found = attr.IntegratedGradients(function).attribute(inputs, n_steps=32, internal_batch_size=8)
    return np.asarray(found[0].sum(0).detach().cpu().numpy(), np.float64)


def decoded(dataset: Dataset, hash: str) -> np.ndarray:
    """(h, w, 3) uint8 of a working copy."""
    return opened(dataset.picture(hash))


def opened(data: bytes) -> np.ndarray:
    """(h, w, 3) uint8 of the bytes of a picture."""
    return np.asarray(Picture.open(io.BytesIO(data)).convert("RGB"))


def _pictures(dataset: Dataset, post: str) -> list[str]:
    """Hashes of the pictures of a post in their order."""
    table = dataset.images.select(["post", "position", "hash"]).to_pylist()
    found = [row["hash"] for row in sorted((r for r in table if r["post"] == post and r["hash"]), key=lambda r: r["position"])]
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


def _read(encoder: Encoder, pictures: list[np.ndarray], others: list[np.ndarray], dim: int) -> np.ndarray:
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
    found = encoder.encode(Dataset.of([Account(id="reader")], posts, images, pictures=stored))
    rows, there = found.of(np.array([post.id for post in posts], dtype=object))
    if not there.all() or rows.shape[1] != dim:
        raise UsageError(f"{encoder.name} cannot read this picture as where the slot was filled.", "Encode the pictures anew.")
    return rows
