"""Heat maps whose right answer is known: weights set by hand, an encoder that counts red, a network that is a
plane."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from brandfit.campaign.content_fit import advise
from brandfit.config import Config
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.image.base import PictureEncoder
from brandfit.errors import UsageError
from brandfit.explain import heatmap
from brandfit.explain.faithfulness import faithfulness
from brandfit.explain.heatmap import VGG
from brandfit.explain.render import overlay
from brandfit.rankers.simcos import SimCos
from brandfit.rankers.wsim import WSim


class Redness(PictureEncoder):
    """Two numbers: how red and how blue."""

    Config = Config
    dim, size = 2, 64
    name = "redness"

    def encode_batch(self, batch):
        rows = np.stack(batch).astype(np.float32).reshape(len(batch), -1, 3) / 255
        return np.stack([rows[..., 0].mean(axis=1), rows[..., 2].mean(axis=1)], axis=1)


def png(rows) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(rows.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def seen() -> Dataset:
    """A brand that shows red; an influencer whose picture is blue with a red square at the upper left."""
    square = np.zeros((64, 64, 3))
    square[..., 2] = 180
    square[8:24, 8:24] = (250, 0, 0)
    pictures = {"red": png(np.full((64, 64, 3), (240, 0, 0))), "mixed": png(square)}
    accounts = [Account(id="shop", role="brand"), Account(id="ana")]
    posts = [Post(id="b", account="shop"), Post(id="p", account="ana"), Post(id="q", account="ana")]
    images = [Image(post="b", hash="red"), Image(post="p", hash="mixed"), Image(post="q", hash="mixed")]
    dataset = Dataset.from_rows(accounts, posts, images=images, pictures=pictures)
    return dataset.with_slots({"picture": Redness().encode(dataset)})


def test_occlusion_finds_what_is_like_the_brand(seen):
    ranker = SimCos().fit(seen)
    found = heatmap.occlusion(ranker, seen, encoder=Redness(), brand="shop", influencer="ana", post="p")
    assert found.values.shape == (8, 8)
    assert found.values[1:3, 1:3].min() > 0.01
    assert found.values[4:, 4:].max() < found.values[1:3, 1:3].min()
    assert np.unravel_index(found.values.argmax(), (8, 8)) in {(1, 1), (1, 2), (2, 1), (2, 2)}
    with pytest.raises(UsageError, match="has no picture"):
        heatmap.occlusion(ranker, seen, encoder=Redness(), brand="shop", influencer="ana", post="nothing")


def test_deleting_what_the_map_names_lowers_the_score_faster_than_chance(seen):
    ranker = SimCos().fit(seen)
    game, weights = heatmap.cells(ranker, seen, encoder=Redness(), brand="shop", influencer="ana", post="p")
    found = faithfulness(game.value, weights)
    assert found.deletion < found.random_deletion - 0.02
    assert found.insertion > found.random_insertion + 0.02
    whole = game.value(np.ones((1, 64), bool))[0]
    assert whole == pytest.approx(
        ranker.score(seen, np.array(["shop"], dtype=object), np.array(["ana"], dtype=object))[0, 0], abs=1e-5
    )


def test_red_lies_where_it_speaks_for_and_blue_where_against():
    values = np.zeros((4, 4))
    values[0, 0], values[3, 3] = 1.0, -0.5
    drawn = np.asarray(overlay(np.full((80, 80, 3), 120, np.uint8), values)).astype(int)
    assert drawn[5, 5, 0] > drawn[5, 5, 2] + 50
    assert drawn[75, 75, 2] > drawn[75, 75, 0] + 20
    np.testing.assert_allclose(drawn[40, 40], 120, atol=12)


@pytest.fixture
def vgg(seen):
    """WSim on places and filters: only filter 3 counts, and filter 7 against."""
    rng = np.random.default_rng(0)
    rows = np.zeros((3, *VGG), np.float32)
    rows[:, :, :, 3] = rng.gamma(1, size=(3, 7, 7))
    rows[:, :, :, 7] = rng.gamma(1, size=(3, 7, 7))
    picture = Features(
        "image.vgg16", np.array(["b", "p", "q"], dtype=object), rows.reshape(3, -1), slot="picture"
    )
    ranker = WSim(WSim.Config.from_settings({"normalise": False}))
    weights = np.zeros(VGG)
    weights[..., 3], weights[..., 7] = 2.0, -1.0
    ranker.diagonal, ranker.weights = {"picture": weights.ravel()}, {"picture": 1.0}
    return ranker, seen.with_slots({"picture": picture}), rows


def test_wsim_maps_by_hand(vgg):
    ranker, dataset, rows = vgg
    general = heatmap.heat_map(
        "wsim-general", ranker, dataset=dataset, encoder=None, brand="shop", influencer="ana", post="p"
    )
    np.testing.assert_allclose(general.values, 2 * rows[1, :, :, 3] - rows[1, :, :, 7], rtol=1e-5)
    of_brand = heatmap.heat_map(
        "wsim", ranker, dataset=dataset, encoder=None, brand="shop", influencer="ana", post="p"
    )
    b = rows[0]
    np.testing.assert_allclose(
        of_brand.values, 2 * b[..., 3] * rows[1, :, :, 3] - b[..., 7] * rows[1, :, :, 7], rtol=1e-5
    )
    both = (
        of_brand.values
        + heatmap.heat_map(
            "wsim", ranker, dataset=dataset, encoder=None, brand="shop", influencer="ana", post="q"
        ).values
    ).sum() / 2
    assert both == pytest.approx(ranker.score(dataset, np.array(["shop"]), np.array(["ana"]))[0, 0], rel=1e-4)
    of_influencer = heatmap.heat_map(
        "wsim", ranker, dataset=dataset, encoder=None, brand="shop", influencer="ana", post="b", side="brand"
    )
    assert of_influencer.values.sum() == pytest.approx(both, rel=1e-4)  # the same score from the other side
    assert of_brand.area == pytest.approx(
        (1 / 16, 1 / 16, 15 / 16, 15 / 16)
    )  # VGG-16 reads 224 of 256 pixels


def test_a_method_says_what_it_lacks(seen, vgg):
    ranker, dataset, _ = vgg
    simcos = SimCos().fit(seen)
    for method, of, data, encoder, said in (
        ("wsim", simcos, dataset, None, "simcos has no weights of single columns"),
        ("wsim-general", ranker, seen, Redness(), r"filled by redness .* not by the 25,088 of image\.vgg16"),
        ("gradient", simcos, seen, Redness(), "redness is no PyTorch network"),
        ("gradient", simcos, dataset, None, "nothing here can read pictures as image.vgg16 did"),
        ("occlusion", simcos, dataset, None, "nothing here can read pictures as image.vgg16 did"),
        (
            "occlusion",
            simcos,
            Dataset.from_rows([Account(id="ana")], []),
            None,
            "no picture features of posts",
        ),
    ):
        with pytest.raises(UsageError, match=said) as raised:
            heatmap.heat_map(
                method, of, dataset=data, encoder=encoder, brand="shop", influencer="ana", post="p"
            )
        assert raised.value.hint


def test_the_map_of_a_post_with_several_pictures_wants_the_first_alone(vgg):
    ranker, dataset, _ = vgg
    images = [Image(post="p", hash="mixed"), Image(post="p", position=1, hash="red")]
    accounts = [Account(id="shop", role="brand"), Account(id="ana")]
    posts = [Post(id="b", account="shop"), Post(id="p", account="ana")]
    several = Dataset.from_rows(
        accounts, posts, images=images, pictures={h: dataset.picture(h) for h in ("mixed", "red")}
    )
    with pytest.raises(UsageError, match="p has 2 pictures, and nothing here can read the first alone"):
        heatmap.heat_map(
            "wsim",
            ranker,
            dataset=several.with_slots(dataset.slots),
            encoder=None,
            brand="shop",
            influencer="ana",
            post="p",
        )


def test_gradients_are_exact_on_a_plane():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    rng = np.random.default_rng(1)
    weight = torch.from_numpy(rng.normal(size=(3, 6, 5)).astype(np.float32))
    picture = torch.from_numpy(rng.normal(size=(3, 6, 5)).astype(np.float32))
    found = heatmap.attributed(lambda x: (x * weight).sum((1, 2, 3)), picture)
    np.testing.assert_allclose(found, (weight * picture).sum(0), rtol=1e-3, atol=1e-4)


def test_a_network_that_sees_the_left_half_is_explained_by_it():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    mask = torch.zeros(3, 8, 8)
    mask[:, :, :4] = 1
    likeness = heatmap.cosine_with(
        lambda x: torch.stack([(x * mask).sum((1, 2, 3)), x.new_ones(len(x))], dim=1), np.array([1.0, 0.1])
    )
    found = heatmap.attributed(likeness, torch.rand(3, 8, 8) + 0.1)
    assert np.abs(found[:, :4]).min() > 0
    assert np.abs(found[:, 4:]).max() == 0


def test_a_gradient_map_adds_up_to_what_the_picture_gains_over_the_mean_colour(seen, tiny_clip):
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    from brandfit.encoders.image.clip import CLIP

    encoder = CLIP(CLIP.Config.from_settings({"model": str(tiny_clip)}))
    dataset = seen.with_slots({"picture": encoder.encode(seen)})
    found = heatmap.heat_map(
        "gradient",
        SimCos().fit(dataset),
        dataset=dataset,
        encoder=encoder,
        brand="shop",
        influencer="ana",
        post="p",
    )
    assert found.values.shape == (28, 28)
    shown = dataset.slots["picture"].values_of(np.array(["b"], dtype=object))[0][0]
    likeness = heatmap.cosine_with(encoder.differentiable(), shown)
    picture = torch.as_tensor(encoder.prepare(dataset, "mixed"))[None]
    with torch.inference_mode():
        gain = float(likeness(picture) - likeness(torch.zeros_like(picture)))
    assert found.values.sum() == pytest.approx(gain, abs=0.02)
    other = heatmap.heat_map(
        "gradient",
        SimCos().fit(dataset),
        dataset=dataset,
        encoder=encoder,
        brand="shop",
        influencer="ana",
        post="b",
        side="brand",
    )
    assert (other.side, other.picture) == ("brand", "red")


def test_cells_add_up():
    values = np.arange(30.0).reshape(5, 6)
    assert heatmap.coarse(values, 3).shape == (3, 3)
    assert heatmap.coarse(values, 3).sum() == values.sum()
    np.testing.assert_array_equal(heatmap.coarse(values[:4, :4], 2), [[14, 22], [62, 70]])
    np.testing.assert_array_equal(heatmap.coarse(values), values)


@pytest.mark.parametrize("size", [(90, 60), (40, 70), (64, 64)])
def test_what_lies_outside_the_area_does_not_reach_the_network(size, tiny_clip, torchvision):
    from brandfit.encoders.image.clip import CLIP
    from brandfit.encoders.image.mobilenet import MobileNet

    rng = np.random.default_rng(3)
    w, h = size
    plain = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
    for encoder in (CLIP(CLIP.Config.from_settings({"model": str(tiny_clip)})), MobileNet()):
        left, top, right, bottom = (
            share * side for share, side in zip(encoder.area(w, h), (w, h, w, h), strict=True)
        )
        margin = 4  # what is scaled down mixes neighbours
        changed = np.zeros_like(plain)
        inside = np.s_[
            max(int(top) - margin, 0) : int(bottom) + margin, max(int(left) - margin, 0) : int(right) + margin
        ]
        changed[inside] = plain[inside]
        data = Dataset.from_rows(
            pictures={"plain": png(plain), "changed": png(changed), "black": png(np.zeros_like(plain))}
        )
        whole, cut, black = (
            np.asarray(encoder.prepare(data, name)) for name in ("plain", "changed", "black")
        )
        np.testing.assert_allclose(cut, whole, atol=0.05)
        assert np.abs(black - whole).max() > 0.5
        shown = (right - left) * (bottom - top)
        assert 0.3 * w * h < shown <= w * h


def test_a_map_is_laid_over_the_area_that_it_covers():
    drawn = np.asarray(
        overlay(np.full((60, 100, 3), 120, np.uint8), np.ones((7, 7)), area=(0.2, 0.0, 0.8, 1.0))
    ).astype(int)
    assert (drawn[:, 25:75, 0] > drawn[:, 25:75, 2] + 50).all()
    assert (drawn[:, :19] == 120).all()
    assert (drawn[:, 81:] == 120).all()


def test_of_a_new_picture_the_map_finds_what_is_like_the_brand_and_the_fit_is_that_of_the_advice(seen):
    square = np.full((64, 64, 3), (0, 0, 180), np.uint8)
    square[40:56, 40:56] = (250, 0, 0)
    fit, values = heatmap.fit(seen, Redness(), like="shop", picture=square)
    assert values.shape == (8, 8)
    assert (
        values[5:7, 5:7].min() > 0 > values[:3, :3].max()
    )  # red speaks for a shop that shows red, blue against
    red = heatmap.fit(seen, Redness(), like="shop", picture=np.full((64, 64, 3), (240, 0, 0), np.uint8))
    assert red[0] > fit
    assert np.abs(red[1]).max() < 1e-6  # covered with its own mean: nothing changes
    (idea,) = advise(
        seen, "shop", pictures={"new": png(square)}, captions=[], readers={"picture": Redness()}
    ).ideas
    assert fit == pytest.approx(idea.fit, abs=1e-6)


def test_a_map_wants_something_to_compare_with(seen):
    with pytest.raises(UsageError, match="nobody has no features"):
        heatmap.fit(
            Dataset.from_rows([Account(id="nobody")], []).with_slots(seen.slots),
            Redness(),
            like="nobody",
            picture=np.zeros((8, 8, 3), np.uint8),
        )
