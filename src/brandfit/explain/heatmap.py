"""Heat maps: the parts of a picture that raise or lower the score of a pair.

occlusion     any ranker, any encoder: a patch is covered, the picture encoded again, the pair scored again
              (Zeiler and Fergus, 2014)
gradient      any ranker, any encoder that is a PyTorch network: effect of each part of the picture on its
              cosine with the pictures of the other side, by integrated gradients (Sundararajan et al., 2017)
wsim          a WSim that was fitted on image.vgg16: importance of each position to the other side of the pair
              (W-15: W_v b_v, or W_v i_v for pictures of the brand; Elwood et al. 2021, Eq. 11-12)
wsim-general  the same for every account (W-14: diag(W_v))

``fit`` is occlusion of a picture that is not posted yet: how well it fits the pictures of an account (W-17).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
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
from brandfit.explain.perturbations import Subject, Variants, pair, scores, subject
from brandfit.learning.pooling import one_account_vector
from brandfit.learning.similarity import cosine, typical
from brandfit.rankers.base import Ranker

VGG = (PLACES, PLACES, FILTERS)
"""A row of ``image.vgg16``: (y, x, filter) of the last block of VGG-16."""
CELLS = 8
"""Cells of a picture on each side. Occlusion covers patches of 2 x 2 cells, which overlap by half."""
FINE = 28
"""Cells of a gradient map on each side, because single pixels are noise."""
STEPS = 32
"""Steps from the mean colour to the picture over which gradients are averaged."""


class Obstacle(NamedTuple):
    """Why a method cannot make heat maps, and what to do about it."""

    reason: str
    hint: str


class Fit(NamedTuple):
    """The fit of a picture, and a map (8, 8) of how much it falls if a cell is covered."""

    fit: float
    values: np.ndarray


class Cells(NamedTuple):
    """The 8 x 8 cells of a picture as a game, and their weights (64,) by ``occlusion``."""

    game: Game
    weights: np.ndarray


def lacking(
    method: MapMethod, ranker: Ranker, *, dataset: Dataset, encoder: Encoder | None
) -> Obstacle | None:
    """The obstacle to maps by this method; None if there is none.

    encoder  the encoder that filled the slot picture, if it can encode more pictures
    """
    # All methods need features of single posts.
    features = dataset.slots.get("picture")
    if features is None or features.level != "post":
        return Obstacle(
            "there are no picture features of posts",
            "Encode pictures first, for example: brandfit encode image.classical",
        )
    # Occlusion scores the pair again, so the ranker must read pictures.
    if method == "occlusion":
        if "picture" not in ranker.used_slots(dataset):
            return Obstacle(
                f"{ranker.name} does not read pictures",
                "Name another ranker, for example: --ranker simcos",
            )
        return _no_encoder(features.name) if encoder is None else None
    if method == "gradient":
        if encoder is None:
            return _no_encoder(features.name)
        if not isinstance(encoder, PictureEncoder) or encoder.differentiable() is None:
            return Obstacle(
                f"{encoder.name} is no PyTorch network and has no gradients",
                "Encode with image.vgg16, image.resnet, image.mobilenet or image.clip, or draw by occlusion.",
            )
        return None
    return _no_importance(ranker, dataset, filled_by=features.name)


def _no_encoder(name: str) -> Obstacle:
    return Obstacle(
        f"nothing here can read pictures as {name} did",
        f"Name the settings that it had: --set {name}.NAME=VALUE",
    )


def _no_importance(ranker: Ranker, dataset: Dataset, *, filled_by: str) -> Obstacle | None:
    """The obstacle to maps by the weights of WSim."""
    weights = ranker.importance(dataset, "picture")
    if weights is None:
        return Obstacle(
            f"{ranker.name} has no weights of single columns of pictures",
            "Name the ranker wsim, trained with image.vgg16 in the slot picture, or draw by occlusion.",
        )
    if filled_by != "image.vgg16" or weights.size != np.prod(VGG):
        return Obstacle(
            f"the slot picture is filled by {filled_by} ({weights.size:,} columns), not by the "
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
    """The map of a post's first picture. Raises UsageError if the post has no picture, or if ``lacking``
    finds an obstacle."""
    if obstacle := lacking(method, ranker, dataset=dataset, encoder=encoder):
        raise UsageError(f"There is no heat map: {obstacle.reason}.", obstacle.hint)
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

    of       the account for which the importance is (W-15); None for every account (W-14)
    encoder  encodes the first picture of a post with several: Features of the post are the mean of all
    """
    # The stored row of a post with one picture is the row of that picture.
    hashes = _picture_hashes(dataset, post)
    first = decoded(dataset, hashes[0])
    if len(hashes) == 1:
        rows, has_row = dataset.slots["picture"].values_of(np.array([post], dtype=object))
        if not has_row[0]:
            raise UsageError(
                f"{post} has no picture features.", "Encode its pictures first: brandfit encode image.vgg16"
            )
    elif encoder is not None:
        rows = _encoded(encoder, [first], others=[], dim=int(np.prod(VGG)))
    else:
        raise UsageError(
            f"{post} has {len(hashes)} pictures, and nothing here can read the first alone as image.vgg16 "
            "did.",
            "Name the settings that it had: --set image.vgg16.NAME=VALUE",
        )
    weights = ranker.importance(dataset, "picture", of)
    assert weights is not None
    values = (weights.reshape(VGG) * rows[0].reshape(VGG)).sum(axis=-1)  # (7, 7)
    # Only needed for the area that VGG-16 reads; its weights are not loaded for that.
    reader = encoder
    if not isinstance(reader, PictureEncoder):
        reader = registry.load("encoder", "image.vgg16")()
    assert isinstance(reader, PictureEncoder)
    method: MapMethod = "wsim-general" if of is None else "wsim"
    return HeatMap(
        side=side, post=post, picture=hashes[0], values=values, method=method, area=_area(reader, first)
    )


@dataclass(frozen=True)
class _PostPictures:
    """The pictures of one post of a pair, of which the first is varied.

    hash     of the first picture
    first    (h, w, 3)
    rest     the other pictures
    account  the account of the post
    other    the other account of the pair
    row      row of the post among the posts of the account
    """

    hash: str
    first: np.ndarray
    rest: Sequence[np.ndarray]
    account: Subject
    other: str
    side: Side
    row: int

    @classmethod
    def of_post(
        cls, ranker: Ranker, dataset: Dataset, *, brand: str, influencer: str, post: str, side: Side
    ) -> _PostPictures:
        """Raises UsageError if the post has no picture."""
        hashes = _picture_hashes(dataset, post)
        first, *rest = [decoded(dataset, hash) for hash in hashes]
        id, other = (influencer, brand) if side == "influencer" else (brand, influencer)
        account = subject(pair(dataset, brand, influencer), id, ranker.used_slots(dataset))
        row = account.posts.tolist().index(post)
        return cls(hash=hashes[0], first=first, rest=rest, account=account, other=other, side=side, row=row)

    def scores(self, ranker: Ranker, encoder: Encoder, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(m,) scores of the pair with each of these pictures as the first picture of the post."""
        own = self.account.rows["picture"]
        rows = np.repeat(own[None], len(pictures), axis=0)  # (m, p, d)
        rows[:, self.row] = _encoded(encoder, pictures, others=self.rest, dim=own.shape[1])
        variants = Variants(self.account, {"picture": rows})
        return scores(ranker, self.other, side=self.side, variants=variants)


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
    """(8, 8): how much the score falls if a part of the post's first picture is covered with its mean colour.

    encoder  the encoder that filled the slot ``picture``

    Raises UsageError if the post has no picture.
    """
    pictures = _PostPictures.of_post(
        ranker, dataset, brand=brand, influencer=influencer, post=post, side=side
    )
    values = pictures.scores(ranker, encoder, [pictures.first, *_covered(pictures.first)])
    return HeatMap(
        side=side,
        post=post,
        picture=pictures.hash,
        values=_spread(values[0] - values[1:]),
        method="occlusion",
    )


def fit(dataset: Dataset, encoder: Encoder, *, like: str, picture: np.ndarray) -> Fit:
    """How well a new picture (h, w, 3) fits the pictures of a brand or influencer, with a map.

    The fit is that of ``campaign.content_fit``: the cosine with the mean of its pictures, both less the mean
    of all influencers.
    """
    wanted, mean = typical(dataset, "picture", like)
    rows = _encoded(encoder, [picture, *_covered(picture)], others=[], dim=wanted.shape[1])
    fits = cosine(rows - mean, wanted - mean)
    return Fit(float(fits[0]), _spread(fits[0] - fits[1:]))


def cells(
    ranker: Ranker,
    dataset: Dataset,
    *,
    encoder: Encoder,
    brand: str,
    influencer: str,
    post: str,
    side: Side = "influencer",
) -> Cells:
    """The 8 x 8 cells of a post's first picture as a game in which a missing cell is covered."""
    heat = occlusion(
        ranker, dataset, encoder=encoder, brand=brand, influencer=influencer, post=post, side=side
    )
    pictures = _PostPictures.of_post(
        ranker, dataset, brand=brand, influencer=influencer, post=post, side=side
    )
    # Edges of cells in pixels; a covered cell has the mean colour of the picture.
    rows, columns = _edges(pictures.first)
    colour = _mean_colour(pictures.first)

    def value(present: np.ndarray) -> np.ndarray:
        covered = []
        for is_present in present.reshape(-1, CELLS, CELLS):
            picture = pictures.first.copy()
            for r, c in np.argwhere(~is_present):
                picture[rows[r] : rows[r + 1], columns[c] : columns[c + 1]] = colour
            covered.append(picture)
        return pictures.scores(ranker, encoder, covered)

    names = [f"{n // CELLS} {n % CELLS}" for n in range(CELLS * CELLS)]
    game = Game(kind="cells", side=side, slot="picture", ids=names, labels=names, value=value)
    return Cells(game, heat.values.ravel())


def gradient(dataset: Dataset, encoder: PictureEncoder, *, like: str, post: str, side: Side) -> HeatMap:
    """Effect of each part of a post's first picture on its cosine with the mean picture of ``like``, at most
    (28, 28).

    The values add up to the difference of the cosines of the picture and of a picture of the mean colour.
    Raises UsageError if ``like`` has no pictures.
    """
    hash = _picture_hashes(dataset, post)[0]
    mean_picture = one_account_vector(dataset, "picture", account=like)
    network = encoder.differentiable()
    assert network is not None
    if not mean_picture.present[0]:
        raise UsageError(
            f"{like} has no pictures to compare with.",
            "Draw maps by occlusion, or encode the pictures of both.",
        )
    picture = encoder.prepare(dataset, hash)
    if picture is None:
        raise UsageError(f"The first picture of {post} cannot be read.", "Name another post.")
    # (h, w) in prepared pixels, which cover the area that the encoder reads.
    values = attributed(cosine_with(network, mean_picture.values[0]), picture)
    return HeatMap(
        side=side,
        post=post,
        picture=hash,
        values=coarse(values),
        method="gradient",
        area=_area(encoder, decoded(dataset, hash)),
    )


def cosine_with(network: Callable[[Any], Any], direction: np.ndarray) -> Callable[[Any], Any]:
    """A function of pictures (n, 3, h, w): the cosines (n,) of the output of a network with a direction
    (d,)."""
    import torch

    def cosines(pictures: Any) -> Any:
        rows = network(pictures)
        wanted = torch.from_numpy(np.asarray(direction, np.float32)).to(rows.device)
        return torch.nn.functional.cosine_similarity(rows, wanted[None], dim=-1)

    return cosines


def attributed(function: Callable[[Any], Any], picture: Any) -> np.ndarray:
    """(h, w) integrated gradients of a scalar function of pictures at one prepared picture (c, h, w), summed
    over colours.

    Prepared pictures are normalised, so the baseline of zeros is a picture of the mean colour.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError:
        raise MissingExtra("gradient maps", "explain") from None
    import torch

    # (1, c, h, w)
    inputs = torch.as_tensor(picture)[None].float().requires_grad_(True)
    gradients = IntegratedGradients(function).attribute(inputs, n_steps=STEPS, internal_batch_size=8)
    return np.asarray(gradients[0].sum(0).detach().cpu().numpy(), np.float64)


def coarse(values: np.ndarray, most: int = FINE) -> np.ndarray:
    """Sums over at most ``most`` cells on each side, of nearly equal size."""
    for axis, length in enumerate(values.shape):
        # First row, or column, of each cell.
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


def _picture_hashes(dataset: Dataset, post: str) -> list[str]:
    """Hashes of the pictures of a post, in their order. Raises UsageError if it has none."""
    images = dataset.images.filter(pc.equal(dataset.images["post"], post)).sort_by("position")
    hashes = list(filter(None, images["hash"].to_pylist()))
    if not hashes:
        raise UsageError(f"{post} has no picture.", "Name a post with one.")
    return hashes


def _edges(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (9,) of the cells of a picture (h, w, 3), in rows and in columns of pixels."""
    h, w = picture.shape[:2]
    rows = np.linspace(0, h, CELLS + 1).round().astype(int)
    return rows, np.linspace(0, w, CELLS + 1).round().astype(int)


def _mean_colour(picture: np.ndarray) -> np.ndarray:
    return np.asarray(picture.reshape(-1, 3).mean(axis=0).round().astype(np.uint8))


def _patches() -> list[tuple[int, int]]:
    """Upper left cells of all patches of 2 x 2 cells."""
    return [divmod(n, CELLS - 1) for n in range((CELLS - 1) ** 2)]


def _covered(picture: np.ndarray) -> list[np.ndarray]:
    """The picture with each of the patches covered."""
    rows, columns = _edges(picture)
    colour = _mean_colour(picture)
    covered = []
    for r, c in _patches():
        copy = picture.copy()
        copy[rows[r] : rows[r + 2], columns[c] : columns[c + 2]] = colour
        covered.append(copy)
    return covered


def _spread(values: np.ndarray) -> np.ndarray:
    """(8, 8): for each cell the mean of the values of the patches that cover it."""
    total, count = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for value, (r, c) in zip(values, _patches(), strict=True):
        total[r : r + 2, c : c + 2] += value
        count[r : r + 2, c : c + 2] += 1
    return total / count


def _encoded(
    encoder: Encoder, pictures: Sequence[np.ndarray], *, others: Sequence[np.ndarray], dim: int
) -> np.ndarray:
    """(m, d) rows of posts that each have one of m pictures first, and the same other pictures."""
    # PNG is lossless: the encoder sees the pixels as they are here.
    data_by_hash = {}
    for n, picture in enumerate([*pictures, *others]):
        buffer = io.BytesIO()
        Picture.fromarray(picture).save(buffer, "PNG", compress_level=1)
        data_by_hash[f"picture {n}"] = buffer.getvalue()
    m = len(pictures)
    posts, images = [], []
    for n in range(m):
        posts.append(Post(id=str(n), account="reader"))
        numbers = [n, *range(m, m + len(others))]
        images += [Image(post=str(n), position=p, hash=f"picture {k}") for p, k in enumerate(numbers)]
    dataset = Dataset.from_rows([Account(id="reader")], posts, images=images, pictures=data_by_hash)
    ids = np.array([post.id for post in posts], dtype=object)
    rows, is_encoded = encoder.encode_contents(dataset).values_of(ids)
    if not is_encoded.all() or rows.shape[1] != dim:
        raise UsageError(
            f"{encoder.name} does not encode this picture as it encoded the slot.",
            "Encode the pictures again.",
        )
    return rows
