"""Heat maps whose right answer is known: weights set by hand, an encoder that counts red, a network that is a plane."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from brandfit.campaign.advise import advise
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
    dataset = Dataset.of(accounts, posts, images, pictures=pictures)
    return dataset.with_slots({"picture": Redness().encode(dataset)})


def test_occlusion_finds_what_is_like_the_brand(seen):
    ranker = SimCos().fit(seen)
    found = heatmap.occlusion(ranker, seen, Redness(), "shop", "ana", "p")
    assert found.values.shape == (8, 8)
    assert found.values[1:3, 1:3].min() > 0.01
    assert found.values[4:, 4:].max() < found.values[1:3, 1:3].min()
    assert np.unravel_index(found.values.argmax(), (8, 8)) in {(1, 1), (1, 2), (2, 1), (2, 2)}
    with pytest.raises(UsageError, match="has no picture"):
        heatmap.occlusion(ranker, seen, Redness(), "shop", "ana", "nothing")


def test_deleting_what_the_map_names_lowers_the_score_faster_than_chance(seen):
    ranker = SimCos().fit(seen)
    game, weights = heatmap.cells(ranker, seen, Redness(), "shop", "ana", "p")
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
def vgg():
    """WSim on places and filters: only filter 3 counts, and filter 7 against."""
    rng = np.random.default_rng(0)
    rows = np.zeros((3, *VGG), np.float32)
    rows[:, :, :, 3] = rng.gamma(1, size=(3, 7, 7))
    rows[:, :, :, 7] = rng.gamma(1, size=(3, 7, 7))
    accounts = [Account(id="shop", role="brand"), Account(id="ana")]
    posts = [Post(id="b", account="shop"), Post(id="p", account="ana"), Post(id="q", account="ana")]
    picture = Features("v", np.array(["b", "p", "q"], dtype=object), rows.reshape(3, -1), slot="picture")
    ranker = WSim(WSim.Config.of({"normalise": False}))
    weights = np.zeros(VGG)
    weights[..., 3], weights[..., 7] = 2.0, -1.0
    ranker.diagonal, ranker.weights = {"picture": weights.ravel()}, {"picture": 1.0}
    return ranker, Dataset.of(accounts, posts).with_slots({"picture": picture}), rows


def test_wsim_maps_by_hand(vgg):
    ranker, dataset, rows = vgg
    general = heatmap.wsim_map(ranker, dataset, "p")
    np.testing.assert_allclose(general, 2 * rows[1, :, :, 3] - rows[1, :, :, 7], rtol=1e-5)
    of_brand = heatmap.wsim_map(ranker, dataset, "p", "shop")
    b = rows[0]
    np.testing.assert_allclose(of_brand, 2 * b[..., 3] * rows[1, :, :, 3] - b[..., 7] * rows[1, :, :, 7], rtol=1e-5)
    both = (of_brand + heatmap.wsim_map(ranker, dataset, "q", "shop")).sum() / 2
    assert both == pytest.approx(ranker.score(dataset, np.array(["shop"]), np.array(["ana"]))[0, 0], rel=1e-4)


def test_wsim_maps_want_places(seen, vgg):
    ranker, *_ = vgg
    ranker.diagonal = {"picture": np.ones(2)}
    with pytest.raises(UsageError, match="not the 25,088 places"):
        heatmap.wsim_map(ranker, seen, "p")


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient"])
def test_gradient_methods_are_exact_on_a_plane(method):
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    rng = np.random.default_rng(1)
    weight = torch.from_numpy(rng.normal(size=(3, 6, 5)).astype(np.float32))
    picture = torch.from_numpy(rng.normal(size=(3, 6, 5)).astype(np.float32))
    found = heatmap.attributed(lambda x: (x * weight).sum((1, 2, 3)), picture, method)
    np.testing.assert_allclose(found, (weight * picture).sum(0), rtol=1e-3, atol=1e-4)


def test_a_network_that_sees_the_left_half_is_explained_by_it():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    mask = torch.zeros(3, 8, 8)
    mask[:, :, :4] = 1
    model = torch.nn.Linear(1, 1)
    forward = lambda _model, x: torch.stack([(x * mask).sum((1, 2, 3)), x.new_ones(len(x))], dim=1)  # noqa: E731
    likeness = heatmap.cosine_with(model, forward, np.array([1.0, 0.1]))
    found = heatmap.attributed(likeness, torch.rand(3, 8, 8), "saliency")
    assert np.abs(found[:, :4]).min() > 0
    assert np.abs(found[:, 4:]).max() == 0


def test_of_a_new_picture_the_map_finds_what_is_like_the_brand_and_the_fit_is_that_of_the_advice(seen):
    square = np.full((64, 64, 3), (0, 0, 180), np.uint8)
    square[40:56, 40:56] = (250, 0, 0)
    fit, values = heatmap.fit(seen, Redness(), "shop", square)
    assert values.shape == (8, 8)
    assert values[5:7, 5:7].min() > 0 > values[:3, :3].max()  # red speaks for a shop that shows red, blue against
    red = heatmap.fit(seen, Redness(), "shop", np.full((64, 64, 3), (240, 0, 0), np.uint8))
    assert red[0] > fit
    assert np.abs(red[1]).max() < 1e-6  # covered with its own mean: nothing changes
    (idea,) = advise(seen, "shop", {"new": png(square)}, [], {"picture": Redness()}).ideas
    assert fit == pytest.approx(idea.fit, abs=1e-6)


def test_a_map_wants_something_to_compare_with(seen):
    with pytest.raises(UsageError, match="Nothing of nobody"):
        heatmap.fit(
            Dataset.of([Account(id="nobody")], []).with_slots(seen.slots), Redness(), "nobody", np.zeros((8, 8, 3), np.uint8)
        )
