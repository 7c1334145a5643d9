"""The top of Inception-v3, tuned on labelled posts. Its weights are drawn, its batch normalisation fits the
pictures here."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.image.base import CROP, square
from brandfit.errors import ConfigError
from brandfit.profilers._tuned import BLOCKS, Tuned
from brandfit.profilers.attentive import Attentive

torch = pytest.importorskip("torch")

PIXELS = 75


def drawn(rng: np.random.Generator, stripes: bool) -> bytes:
    """Stripes or a plain, in noise."""
    rows = np.full((90, 80, 3), 128.0)
    if stripes:
        rows[:: int(rng.integers(2, 5))] = rng.integers(0, 256, 3)
    buffer = io.BytesIO()
    Picture.fromarray((rows + rng.normal(0, 20, rows.shape)).clip(0, 255).astype(np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


@pytest.fixture(scope="module")
def shown() -> tuple[Dataset, dict[str, bytes]]:
    """Of 36 accounts every other shows stripes; nobody writes a word; one picture is damaged and one
    missing."""
    rng = np.random.default_rng(3)
    accounts, posts, images, pictures = [], [], [], {}
    for n in range(36):
        id = f"{'stripes' if n % 2 else 'plain'}.{n:02}"
        accounts.append(Account(id=id, category=id.split(".")[0] if n < 28 else None))
        for p in range(2):
            posts.append(Post(id=f"{id}-{p}", account=id))
            images.append(Image(post=f"{id}-{p}", hash=f"{id}-{p}"))
            pictures[f"{id}-{p}"] = drawn(rng, bool(n % 2))
    pictures["plain.00-0"] = b"not a picture"
    images = [image for image in images if image.post != "plain.02-0"]
    return Dataset.from_rows(accounts, posts, images=images, pictures=pictures), pictures


@pytest.fixture(scope="module")
def weights(torchvision, shown, tmp_path_factory) -> str:
    """Of a network whose activations are neither nothing nor beyond measure: without training, its statistics
    at least are real."""
    torch.manual_seed(1)
    network = torchvision.models.inception_v3(weights=None, transform_input=True, init_weights=True).train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all that it sees
    pictures = [square(data, PIXELS, CROP) for name, data in shown[1].items() if name != "plain.00-0"]
    rows = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    network.AuxLogits, network.aux_logits = None, False
    with torch.no_grad():
        network(rows)
    whole = torchvision.models.inception_v3(
        weights=None, transform_input=True, init_weights=False
    ).state_dict()
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save({**whole, **network.state_dict()}, file)
    return str(file)


def made(weights: str, blocks: int) -> Tuned:
    return Tuned(blocks, weights, download=False, device="cpu", pixels=PIXELS)


def test_only_the_top_blocks_change_and_pictures_are_told_the_same_each_time(weights, shown):
    _, pictures = shown
    hashes = list(pictures)[:24]
    labels = np.array(["stripes" in hash for hash in hashes], np.int64)

    def tuned() -> Tuned:
        return made(weights, 2).fit(
            pictures.__getitem__,
            hashes,
            labels=labels,
            is_held_out=np.zeros(24, bool),
            classes=2,
            seed=7,
            epochs=2,
        )

    before = made(weights, 2)
    first, second = tuned(), tuned()
    old, new = before.model.state_dict(), first.model.state_dict()
    changed = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert changed == set(BLOCKS[:2])
    assert not any(
        "running" in name for name in old if not torch.equal(old[name], new[name])
    )  # statistics stay
    values, present = first(pictures.__getitem__, hashes)
    np.testing.assert_array_equal(present, np.arange(24) > 0)  # the first is damaged
    np.testing.assert_array_equal(values, second(pictures.__getitem__, hashes)[0])
    assert (values[1:] != before(pictures.__getitem__, hashes)[0][1:]).any(axis=1).all()


def test_pictures_are_changed_anew_each_time_while_it_learns(weights, shown):
    _, pictures = shown
    one = made(weights, 1)
    hashes = list(pictures)[4:8]

    def batch(augment):
        return next(one._batches(pictures.__getitem__, hashes, order=np.arange(4), augment=augment))[1]

    assert torch.equal(batch(None), batch(None))
    assert not torch.equal(batch(one._augment()), batch(one._augment()))
    low, high = (0 - max(one.mean)) / min(one.deviation), (1 - min(one.mean)) / min(one.deviation)
    assert low <= batch(one._augment()).min() <= batch(one._augment()).max() <= high


def test_attentive_learns_from_pictures_alone(weights, shown):
    dataset, _ = shown
    settings = {
        "weights": weights,
        "pixels": PIXELS,
        "tune": 1,
        "tune_epochs": 3,
        "epochs": 40,
        "learning_rate": 0.01,
        "width": 0.1,
        "dropout": 0.1,
    }
    profiler = Attentive(Attentive.Config.from_settings({**settings, "posts": 0.0, "validation": 0.0})).fit(
        dataset
    )
    asked = dataset.influencers[dataset.account_values("category", dataset.influencers) == None]  # noqa: E711
    told = profiler.probabilities(dataset, asked)
    right = [
        id.startswith(profiler.classes[row.argmax()]) for id, row in zip(asked.tolist(), told, strict=True)
    ]
    assert np.mean(right) >= 0.75
    looked = profiler.post_attention(dataset, asked)
    np.testing.assert_allclose(np.bincount(looked.owner, looked.attention), 1, rtol=1e-5)


def test_without_weights_it_says_where_they_are_looked_for(torchvision, shown, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="standard weights are not at"):
        Attentive(Attentive.Config.from_settings({"tune": 2})).fit(shown[0])
