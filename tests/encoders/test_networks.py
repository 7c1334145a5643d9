"""Networks of torchvision and transformers: real architectures, random weights, sums by hand, and where
weights come from."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from brandfit.data.dataset import Dataset
from brandfit.errors import ConfigError

torch = pytest.importorskip("torch", reason="PyTorch comes with the extra learn")


def photo(seed: int = 0, size: tuple[int, int] = (256, 190)) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()


def dataset(*photos: bytes) -> Dataset:
    return Dataset.from_rows(pictures={str(n): data for n, data in enumerate(photos)})


def prepared(encoder, *photos: bytes):
    data = dataset(*photos)
    return [encoder.prepare(data, str(n)) for n in range(len(photos))]


def test_vgg16_is_the_last_block_place_by_place(torchvision):
    from brandfit.encoders.image.vgg16 import FILTERS, PLACES, VGG16, TorchvisionEncoder

    encoder = VGG16(TorchvisionEncoder.Config(weights="random"))
    for size in ((256, 190), (100, 300)):
        assert encoder.area(*size) == pytest.approx(TorchvisionEncoder.area(encoder, *size))
    (picture,) = prepared(encoder, photo())
    row = encoder.encode_batch([picture])[0]
    with torch.inference_mode():
        bare = encoder.model(picture[None])[0]
    assert bare.shape == (512, 7, 7)
    np.testing.assert_allclose(
        row.reshape(PLACES, PLACES, FILTERS),
        bare.permute(1, 2, 0).numpy(),
        atol=1e-6 * float(bare.abs().max()),
    )
    assert row[(2 * 7 + 3) * 512 + 10] == pytest.approx(float(bare[10, 2, 3]), rel=1e-4)


def test_pictures_are_prepared_as_the_weights_were_trained(torchvision):
    from brandfit.encoders.image.inception_v3 import InceptionV3
    from brandfit.encoders.image.mobilenet import MobileNet

    for encoder, side in ((MobileNet(), 224), (InceptionV3(), 299)):
        (found,) = prepared(encoder, photo(3))
        expected = encoder.weight_list.transforms()(Image.open(io.BytesIO(photo(3))).convert("RGB"))
        assert found.shape == (3, side, side)
        torch.testing.assert_close(found, expected)
    assert prepared(MobileNet(), b"damaged") == [None]


def test_objects_are_chances_above_the_threshold_and_their_mean_over_the_pictures_of_a_post(torchvision):
    from brandfit.data.schema import Account, Post
    from brandfit.data.schema import Image as Row
    from brandfit.encoders.image.resnet import ResNet, ResNetConfig

    encoder = ResNet(ResNetConfig(weights="random", threshold=0.2))
    scores = torch.full((2, 1000), -100.0)
    scores[0, :3] = torch.tensor([0.6, 0.3, 0.1]).log()
    scores[1, 0] = 5.0
    by_first = {round(float(p[0, 0, 0]), 3): n for n, p in enumerate(prepared(encoder, photo(1), photo(2)))}
    encoder.model = torch.nn.Linear(1, 1)  # where its weights are, it runs; what it gives is planted:
    encoder.forward = lambda model, pictures: ResNet.forward(
        encoder, lambda x: torch.stack([scores[by_first[round(float(p[0, 0, 0]), 3)]] for p in x]), pictures
    )
    encoder.__dict__["_fingerprint"] = "planted"
    rows = Dataset.from_rows(
        [Account(id="a")],
        [Post(id="p", account="a")],
        images=[Row(post="p", position=n, hash=str(n)) for n in range(2)],
        pictures={"0": photo(1), "1": photo(2)},
    )
    features = encoder.encode(rows)
    np.testing.assert_allclose(features.values[0, :4], [(0.6 + 1) / 2, 0.3 / 2, 0, 0], atol=1e-4)
    assert len(features.columns) == 1000
    assert features.columns[0] == "tench"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_come_from_a_file(torchvision, tmp_path, suffix):
    from safetensors.torch import save_file

    from brandfit.encoders.image.mobilenet import MobileNet

    torch.manual_seed(5)
    network = torchvision.models.mobilenet_v3_large(weights=None).eval()
    file = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(network.state_dict(), file)
    encoder = MobileNet(MobileNet.Config(weights=str(file)))
    (picture,) = prepared(encoder, photo())
    with torch.inference_mode():
        bare = network.avgpool(network.features(picture[None])).flatten(1).numpy()
    found = encoder.encode_batch([picture])
    np.testing.assert_allclose(found, bare, atol=1e-5 * np.abs(bare).max())
    assert encoder.maker != MobileNet(MobileNet.Config(weights="random")).maker


def test_weights_that_are_not_there_or_not_these_are_told_in_words(torchvision, tmp_path, monkeypatch):
    from brandfit.encoders.image.mobilenet import MobileNet

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ConfigError, match="standard weights are not at") as caught:
        _ = MobileNet().model
    assert "mobilenet_v3_large" in caught.value.hint
    assert "download=true" in caught.value.hint

    def load(name, content):
        (tmp_path / name).write_bytes(content)
        _ = MobileNet(MobileNet.Config(weights=str(tmp_path / name))).model

    with pytest.raises(ConfigError, match="no such file"):
        _ = MobileNet(MobileNet.Config(weights="none.pth")).model
    for name in ("bad.pth", "bad.safetensors"):
        with pytest.raises(ConfigError, match="not a file of weights"):
            load(name, b"nonsense")
    other = io.BytesIO()
    torch.save({"layer": torch.zeros(2)}, other)
    with pytest.raises(ConfigError, match="not the weights of this network"):
        load("other.pth", other.getvalue())
    evil = io.BytesIO()
    torch.save({"run": print}, evil, pickle_protocol=2)
    with pytest.raises(ConfigError, match="not a file of weights"):
        load("evil.pth", evil.getvalue())


def test_clip_rows_are_its_picture_embeddings_of_length_one(tiny_clip):
    from brandfit.encoders.image.clip import CLIP, CLIPConfig

    encoder = CLIP(CLIPConfig(model=str(tiny_clip)))
    pictures = encoder.encode_batch(prepared(encoder, photo(1), photo(2)))
    assert pictures.shape == (2, 12)
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    pixels = torch.from_numpy(np.stack(prepared(encoder, photo(1), photo(2))))
    words = torch.tensor([[1, 5, 2], [1, 7, 2]])
    with torch.inference_mode():  # what CLIP itself says of these pictures and of any words
        out = encoder.model(input_ids=words, pixel_values=pixels)
    scale = encoder.model.logit_scale.exp().item()
    np.testing.assert_allclose(
        pictures @ out.text_embeds.numpy().T * scale, out.logits_per_image.numpy(), atol=1e-4
    )


def test_upernet_is_what_fills_the_picture(tiny_upernet):
    from brandfit.encoders.image.upernet import UperNet, UperNetConfig

    encoder = UperNet(UperNetConfig(model=str(tiny_upernet), threshold=0.0))
    assert encoder.columns == ("sky", "wall", "sea", "person", "tree", "floor")
    rows = encoder.encode_batch(prepared(encoder, photo(1), photo(2)))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    bounded = UperNet(UperNetConfig(model=str(tiny_upernet), threshold=0.17)).encode_batch(
        prepared(encoder, photo(1), photo(2))
    )
    np.testing.assert_allclose(bounded, np.where(rows >= 0.17, rows, 0), atol=1e-6)


def test_a_model_that_is_not_there_is_told_in_words(tmp_path):
    pytest.importorskip("transformers", reason="transformers comes with the extra text")
    from brandfit.encoders.image.clip import CLIP, CLIPConfig

    with pytest.raises(ConfigError, match="its files are not here"):
        _ = CLIP(CLIPConfig(model=str(tmp_path / "none"))).model


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_mixed_precision_changes_little(torchvision):
    from brandfit.encoders.image.mobilenet import MobileNet

    one, two = (MobileNet(MobileNet.Config(weights="random", device=device)) for device in ("cpu", "cuda"))
    pictures = prepared(one, photo(1), photo(2))
    cpu, cuda = one.encode_batch(pictures), two.encode_batch(pictures)
    assert np.abs(cpu - cuda).max() < 0.03 * np.abs(cpu).max()
