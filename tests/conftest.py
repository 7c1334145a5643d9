"""What all tests share."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

# How fast a machine is says nothing of the code: a busy one must not fail a test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that may stand beside the checkout; tests that need it are skipped without."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real data beside the checkout (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    """24 brands and 30 influencers, encoded and trained; made once for all processes of the tests, and never
    written to."""
    from filelock import FileLock

    from brandfit import pipeline
    from brandfit.workspace import Workspace

    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "sample"
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            with Workspace(folder, create=True) as workspace:
                pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "30"})
                for encoder in ("text.hashing", "image.classical", "concept.bag", "engagement"):
                    pipeline.encode(workspace, encoder)
                pipeline.train(workspace, "brandfit")
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    """``make_jpeg("red", size=(40, 30))``: bytes of a one-coloured JPEG."""

    def make(colour: str = "red", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", size, colour).save(out, "JPEG", **options)
        return out.getvalue()

    return make


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory) -> Path:
    """A picture model of a few numbers: the mean of each colour and of its square, from (n, 3, 16, 16)."""
    onnx = pytest.importorskip("onnx", reason="the package onnx makes the model that these tests run")
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Mul", ["x", "x"], ["square"]),
        helper.make_node("Concat", ["x", "square"], ["both"], axis=1),
        helper.make_node("GlobalAveragePool", ["both"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["embedding"]),
    ]
    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 16, 16])
    given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 6])
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", [taken], [given]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    file = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    onnx.save(model, file)
    return file


PIECES = (
    "ridge dawn slow travel lemon pancakes squats then more legday tea deadlifts überraschung im garten "
    "with at wow so steep"
)
WORDS = PIECES.split()


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """A folder with a BERT of random weights: 2 layers, 16 columns, a word piece a word."""
    transformers = pytest.importorskip("transformers", reason="transformers comes with the extra text")
    import torch

    folder = tmp_path_factory.mktemp("bert")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *"0123456789#🍋"]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=160,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_spacy(tmp_path_factory) -> Path:
    """A folder with a spaCy pipeline whose word vectors are planted: word n of WORDS has 1 in column n."""
    spacy = pytest.importorskip("spacy", reason="spaCy comes with the extra spacy")
    import numpy as np

    pipeline = spacy.blank("en")
    for n, word in enumerate(WORDS):
        pipeline.vocab.set_vector(word, np.eye(len(WORDS), dtype=np.float32)[n])
    folder = tmp_path_factory.mktemp("spacy") / "planted"
    pipeline.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def torchvision():
    """torchvision, from beside the environment where it is not in it, and even where it was built for another
    torch.

    Such a one stops at two operators that no picture model here uses; told what they look like, it imports.
    """
    pytest.importorskip("torch", reason="PyTorch comes with the extra learn")
    from torch import library

    beside = ROOT / ".venv" / "torchvision"
    if importlib.util.find_spec("torchvision") is None and beside.is_dir():
        sys.path.append(str(beside))
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed: make test sets it up")
    try:
        import torchvision
    except RuntimeError:
        LIBRARIES.append(library.Library("torchvision", "DEF"))
        for name in ("nms", "qnms"):
            LIBRARIES[0].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
            del sys.modules[module]
        import torchvision
    return torchvision


LIBRARIES: list = []
"""Kept, for what a library defines goes with it."""


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory) -> Path:
    """A folder with a CLIP of random weights: pictures of 32 pixels, 12 columns."""
    transformers = pytest.importorskip("transformers", reason="transformers comes with the extra text")
    import torch

    folder = tmp_path_factory.mktemp("clip")
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *WORDS,
        *(f"{word}</w>" for word in WORDS),
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"{c}</w>" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        unk_token="<unk>",
    ).save_pretrained(folder)
    part = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        text_config={
            **part,
            "vocab_size": len(pieces),
            "max_position_embeddings": 24,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 2,
        },
        vision_config={**part, "image_size": 32, "patch_size": 16},
        projection_dim=12,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_upernet(tmp_path_factory) -> Path:
    """A folder with a UperNet of random weights over a small ConvNeXt: 6 classes."""
    transformers = pytest.importorskip("transformers", reason="transformers comes with the extra text")
    import torch

    folder = tmp_path_factory.mktemp("upernet")
    backbone = transformers.ConvNextConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    names = ["sky", "wall", "sea", "person", "tree", "floor"]
    torch.manual_seed(0)
    config = transformers.UperNetConfig(
        backbone_config=backbone,
        hidden_size=16,
        use_auxiliary_head=False,
        id2label=dict(enumerate(names)),
        label2id={n: i for i, n in enumerate(names)},
    )
    transformers.UperNetForSemanticSegmentation(config).save_pretrained(folder)
    transformers.SegformerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder
