"""Encoders of pictures: planted pictures with a known answer, models of known sums, and errors in words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from brandfit.encoders.image.base import CROP, square
from brandfit.errors import ConfigError, UnknownName


def saved(pixels: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, **{"format": "PNG", **options})
    return out.getvalue()


def test_a_square_is_squashed_or_cut_from_the_middle():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert square(saved(wide), 10, CROP).min() == 255
    assert 60 < square(saved(wide), 10).mean() < 110
    assert square(saved(wide), 7).shape == (7, 7, 3)


@pytest.fixture(scope="module")
def classical():
    pytest.importorskip("skimage", reason="scikit-image comes with the extra vision")
    from brandfit.encoders.image.classical import Classical, describe

    return lambda pixels: dict(zip(Classical.columns, describe(pixels).tolist(), strict=True))


def flat(*colour: int) -> np.ndarray:
    return np.full((64, 64, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "hue"),
    [((255, 0, 0), "red"), ((0, 255, 0), "green"), ((0, 0, 255), "blue"), ((255, 255, 0), "yellow")],
)
def test_classical_names_the_colour(classical, colour, hue):
    found = classical(flat(*colour))
    assert found[f"hue {hue}"] == pytest.approx(1)
    assert found["saturation vivid"] == found["brightness light"] == pytest.approx(1)
    assert found["texture dark spot or flat"] == pytest.approx(1)
    assert all(value == 0 for name, value in found.items() if name.startswith("edge"))


def test_classical_weighs_hues_by_how_colourful_they_are(classical):
    half = flat(128, 128, 128)
    half[:32] = (0, 128, 0)
    found = classical(half)
    assert found["hue green"] == pytest.approx(0.5 * 128 / 255, abs=1e-3)
    assert sum(found[name] for name in found if name.startswith("hue")) == pytest.approx(found["hue green"])
    assert found["saturation grey"] == pytest.approx(0.5)


def test_classical_sees_where_a_colour_is(classical):
    corner = flat(0, 0, 0)
    corner[:16, :16] = (255, 0, 51)
    found = classical(corner)
    assert (found["red top left"], found["green top left"], found["blue top left"]) == pytest.approx(
        (1, 0, 0.2)
    )
    assert found["red top centre left"] == found["red upper left"] == 0


def test_classical_sees_in_which_direction_edges_run(classical):
    stripes = flat(0, 0, 0)
    stripes[:, (np.arange(64) // 4) % 2 == 0] = 255
    across, down = classical(stripes), classical(np.rot90(stripes).copy())

    def strength(found, degrees):
        return sum(value**2 for name, value in found.items() if name.startswith(f"edge {degrees}"))

    assert strength(across, "0 to 22") == pytest.approx(1, abs=1e-3)
    assert strength(down, "90 to 112") == pytest.approx(1, abs=1e-3)


def test_classical_shares_sum_to_one(classical):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    found = classical(noise)
    for group in ("saturation", "brightness", "texture"):
        assert sum(value for name, value in found.items() if name.startswith(group)) == pytest.approx(
            1, abs=1e-5
        )


# --- image.onnx ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def onnx():
    pytest.importorskip("onnxruntime", reason="ONNX Runtime comes with the extra vision")
    from brandfit.encoders.image.onnx import Onnx

    return lambda path, **settings: Onnx(Onnx.Config.from_settings({"path": str(path), **settings}))


@pytest.fixture(scope="module")
def make_model(tmp_path_factory):
    """``make_model([n, 3, 8, 8])``: a model that gives the mean of each colour as 'means' and ten times it as
    'tenfold'."""
    pytest.importorskip("onnx", reason="the package onnx makes the models that these tests run")
    import onnx
    from onnx import TensorProto, helper

    def make(shape, nhwc=False):
        axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2] if nhwc else [2, 3])
        ten = helper.make_tensor("ten", TensorProto.FLOAT, [1], [10.0])
        nodes = [
            helper.make_node("ReduceMean", ["x", "axes"], ["means"], keepdims=0),
            helper.make_node("Mul", ["means", "ten"], ["tenfold"]),
        ]
        taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
        given = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("means", "tenfold")
        ]
        graph = helper.make_graph(nodes, "means", [taken], given, [axes, ten])
        file = tmp_path_factory.mktemp("models") / "means.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
        return file

    return make


PICTURES = [flat(255, 0, 51)[:8, :8], flat(0, 102, 255)[:8, :8], flat(0, 0, 0)[:8, :8]]
MEANS = np.array([[1, -1, -0.6], [-1, -0.2, 1], [-1, -1, -1]], np.float32)


@pytest.mark.parametrize(
    ("shape", "nhwc"), [(["n", 3, 8, 8], False), (["n", 8, 8, 3], True), (["n", 3, "h", "w"], False)]
)
def test_onnx_feeds_colours_where_the_model_wants_them(onnx, make_model, shape, nhwc):
    encoder = onnx(make_model(shape, nhwc), output="means")
    assert encoder.size == (8 if 8 in shape else 224)
    np.testing.assert_allclose(encoder.encode_batch(PICTURES), MEANS, atol=1e-5)


def test_onnx_takes_the_last_output_or_the_one_that_is_named(onnx, make_model):
    model = make_model(["n", 3, 8, 8])
    np.testing.assert_allclose(onnx(model).encode_batch(PICTURES), 10 * MEANS, atol=1e-4)
    np.testing.assert_allclose(onnx(model, output="0").encode_batch(PICTURES), MEANS, atol=1e-5)
    with pytest.raises(UnknownName, match="means"):
        onnx(model, output="meens").encode_batch(PICTURES)


def test_onnx_scales_as_it_is_told(onnx, make_model):
    encoder = onnx(make_model(["n", 3, 8, 8]), output="means", mean="10,20,30", scale="1,2,3")
    np.testing.assert_allclose(encoder.encode_batch(PICTURES[:1]), [[245, -10, 7]], atol=1e-4)
    with pytest.raises(ConfigError, match="one number or three"):
        onnx(make_model(["n", 3, 8, 8]), mean="1,2").encode_batch(PICTURES)


def test_onnx_fills_up_the_last_batch_of_a_model_of_fixed_batches(onnx, make_model):
    encoder = onnx(make_model([2, 3, 8, 8]), output="means")
    assert encoder.batch_size == 2
    np.testing.assert_allclose(encoder.encode_batch(PICTURES[:1]), MEANS[:1], atol=1e-5)


def test_onnx_names_its_columns(onnx, make_model, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("boat\ntent\nboat\n")
    encoder = onnx(make_model(["n", 3, 8, 8]), labels=str(labels))
    assert encoder.columns == ("boat (0)", "tent", "boat (2)")
    labels.write_text("boat\ntent\n")
    with pytest.raises(ConfigError, match="expected 3 lines"):
        _ = onnx(make_model(["n", 3, 8, 8]), labels=str(labels)).columns


def test_onnx_says_what_is_wrong_with_a_model(onnx, make_model, tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        _ = onnx(tmp_path / "none.onnx").weights
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="not an ONNX model"):
        _ = onnx(tmp_path / "bad.onnx").dim
    with pytest.raises(ConfigError, match="pictures of 8 pixels"):
        _ = onnx(make_model(["n", 3, 8, 8]), size=16).size
    with pytest.raises(ConfigError, match="layout"):
        onnx(make_model(["n", 3, 8, 3])).encode_batch(PICTURES)


def test_a_real_model_knows_a_real_photo(onnx, shared):
    model, labels = (
        shared / "models" / "mobilenet_v2_imagenet.onnx",
        shared / "models" / "imagenet_labels.txt",
    )
    photos = sorted((shared / "data" / "photos").rglob("*.jpg"))
    if not (model.is_file() and photos):
        pytest.skip("no model or no photos beside the checkout")
    embedding = onnx(model)
    near = embedding.encode_batch([square(photo.read_bytes(), embedding.size, CROP) for photo in photos[:6]])
    assert near.shape == (len(photos[:6]), 1280)
    assert len(np.unique(near.round(4), axis=0)) == len(near)
    scores = onnx(model, output="0", labels=str(labels))
    assert len(scores.columns) == scores.dim == 1001
