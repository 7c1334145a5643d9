"""What every registered encoder must do. A new file in encoders/ is tested here; one that needs settings adds
them to SETTINGS."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from brandfit import registry
from brandfit.config import describe
from brandfit.data import captions
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.data.schema import Account, Image, Link, Post, link_id
from brandfit.errors import ConfigError, MissingExtra, UsageError

ENCODERS = registry.names("encoder")
TAGS = (
    "#SlowTravel",
    "#legday #run",
    "#tea @some.one",
    "@another.one #run",
    "@third_one #SlowTravel #tea",
    "#cakes",
    "@some.one",
)
TEXTS = (
    "ridge at dawn #SlowTravel",
    "lemon pancakes 🍋 with @some.one",
    "Überraschung im Garten",
    "squats, then more squats #legday",
    "tea",
)


@pytest.fixture(scope="session")
def settings(tiny_onnx, tiny_bert, tiny_spacy, tiny_clip, tiny_upernet):
    """Settings of the encoders that cannot do without."""
    return {
        "image.onnx": {"path": str(tiny_onnx)},
        "audience.onnx": {"path": str(tiny_onnx)},
        "text.lda": {"topics": 2, "min_accounts": 1, "max_share": 1.0, "rounds": 20, "language": ""},
        "audience.lda": {"topics": 2, "min_accounts": 1, "max_share": 1.0, "rounds": 20, "language": ""},
        "image.objects_scenes": {"resnet": "random", "upernet": str(tiny_upernet), "threshold": 0.0},
        "audience.objects_scenes": {"resnet": "random", "upernet": str(tiny_upernet), "threshold": 0.0},
        "concept.graph_morning": {"endorsements": "all", "dim": 8, "walks": 4, "epochs": 1},
        "concept.graph_bamir": {"at_least": 1, "dim": 8, "walks": 4, "epochs": 1},
        "text.word2vec": {"min_count": 1, "dim": 8, "epochs": 1},
        "text.hashtags": {"min_accounts": 1, "max_share": 1.0},
        "text.mentions": {"min_accounts": 1, "max_share": 1.0},
        "text.profile": {"min_accounts": 1, "max_share": 1.0},
        "text.bert": {"model": str(tiny_bert)},
        "text.spacy": {"pipeline": str(tiny_spacy)},
        "concept.graph": {"at_least": 1, "dim": 8, "walks": 4, "epochs": 1},
        "concept.generator": {"at_least": 1, "pixels": 24, "epochs": 1},
        "concept.cosmic": {"at_least": 1, "pixels": 24, "epochs": 1, "words": 8, "vector": 8, "min_count": 1},
        "concept.cosmic_attention": {
            "at_least": 1,
            "pixels": 24,
            "epochs": 1,
            "words": 8,
            "vector": 8,
            "min_count": 1,
        },
        "concept.cosmic_visual": {"at_least": 1, "pixels": 24, "epochs": 1, "vector": 8},
        "image.clip": {"model": str(tiny_clip)},
        "image.upernet": {"model": str(tiny_upernet), "threshold": 0.0},
        "image.mobilenet": {"weights": "random"},
        "image.resnet": {"weights": "random", "output": "embedding"},
        "image.inception_v3": {"weights": "random"},
        "image.vgg16": {"weights": "random"},
    }


@pytest.fixture(scope="session")
def rows(make_jpeg):
    """Small data with every gap: no words, no picture, two pictures, damaged and missing ones, unknown
    counts, an audience."""
    colours = ("red", "green", "navy", "orange", "purple", "teal", "pink", "black")
    pictures = {
        hashlib.sha256(data).hexdigest(): data
        for data in (make_jpeg(colour, (60, 40 + 5 * n)) for n, colour in enumerate(colours))
    }
    hashes = list(pictures)
    pictures["damaged"] = b"\xff\xd8\xff\xe0 no picture"
    accounts = [
        Account(
            id="ann",
            followers=9_000,
            biography="Trail runner and cook",
            category="travel",
            business_category="Blogger",
        ),
        Account(id="ben", followers=20_000, biography="", category="food"),
        Account(id="cat", followers=None, biography="Climbing coach, trail cook", category="fitness"),
        Account(
            id="shop", role="brand", followers=50_000, biography="Hiking boots and tents", category="shoes"
        ),
        Account(id="fan", role="audience"),
        Account(id="x2", role="audience"),
    ]
    posts, images, links = [], [], []
    for n in range(16):
        account = ("ann", "ben", "shop", "fan", "x2")[n % 5]
        caption = f"{TEXTS[n % 5]} {n // 5} {TAGS[n % 7]}"
        posts.append(
            Post(
                id=f"p{n:02d}",
                account=account,
                caption=caption,
                hashtags=captions.hashtags(caption),
                mentions=captions.mentions(caption),
                likes=100 * n + 7,
                comments=n,
            )
        )
        images.append(
            Image(post=f"p{n:02d}", hash=hashes[n % 8], alt_text="a mountain and a person" if n % 2 else None)
        )
    posts += [
        Post(id="no-words", account="ann", caption="", likes=None),
        Post(id="not-known", account="ben", caption=None, likes=5),
        Post(id="only-marks", account="ben", caption="@some.one https://example.org", likes=5),
        Post(id="unknown-crowd", account="cat", caption="deadlifts", likes=12),
    ]
    images += [
        Image(post="p00", position=1, hash=hashes[3]),
        Image(post="not-known", hash="damaged"),
        Image(post="unknown-crowd", hash="missing"),
    ]
    for n, (reader, post, text) in enumerate(
        [("fan", 0, "wow"), ("x1", 0, "so steep"), ("x2", 1, "need this recipe"), ("x1", 5, "again!")]
    ):
        target = posts[post].account
        links.append(
            Link(
                id=link_id("comments", reader, target=target, post=posts[post].id, text=text, nth=n),
                kind="comments",
                source=reader,
                target=target,
                post=posts[post].id,
                text=text,
            )
        )
    links += [
        Link(id=link_id("endorses", who, target="shop"), kind="endorses", source=who, target="shop")
        for who in ("ann", "ben")
    ]
    return {"accounts": accounts, "posts": posts, "images": images, "links": links, "pictures": pictures}


@pytest.fixture(scope="session")
def dataset(rows):
    return Dataset.from_rows(**rows)


@pytest.fixture(scope="session")
def networks():
    """What takes seconds to make: (encoder, weights, output) to its network; encoder to its first
    Features."""
    return {}


HEAVY = {
    *("image.vgg16", "image.resnet", "image.inception_v3"),
    *("image.objects_scenes", "audience.objects_scenes"),
}
"""Large networks on the base of image.mobilenet, which goes through every test; these only through what is of
a network alone."""


def pytest_generate_tests(metafunc):
    if "make" in metafunc.fixturenames:
        whole = metafunc.function.__name__ in ("test_shape_type_and_ids", "test_it_says_what_it_is")
        metafunc.parametrize(
            "make", ENCODERS if whole else [name for name in ENCODERS if name not in HEAVY], indirect=True
        )


@pytest.fixture
def make(request, settings, dataset, networks):
    """``make(setting=value)``: a new encoder of the name under test."""
    cls = registry.load("encoder", request.param)
    if "weights" in describe(cls.Config):
        request.getfixturevalue("torchvision")

    def made(**more):
        encoder = cls(cls.Config.from_settings({**settings.get(request.param, {}), **more}))
        encoder.test_name = request.param
        if "weights" in describe(cls.Config):
            key = (request.param, encoder.config.weights, getattr(encoder.config, "output", ""))
            encoder.__dict__["model"], encoder.__dict__["_fingerprint"] = networks.get(
                key
            ) or networks.setdefault(key, (encoder.model, encoder._fingerprint))
        return encoder

    try:
        _ = networks.get(request.param) or networks.setdefault(request.param, made().encode(dataset))
    except MissingExtra as error:
        pytest.skip(str(error))
    return made


class Memory:
    """A store in memory, and what was asked of it."""

    def __init__(self):
        self.kept, self.features, self.makers, self.folder = {}, {}, {}, tempfile.TemporaryDirectory()

    def units(self, maker):
        yield from self.kept.get(maker, [])

    def checkpoint(self, name):
        folder = Path(self.folder.name) / name
        folder.mkdir(exist_ok=True)
        return folder

    def note_maker(self, maker, about):
        self.makers[maker] = about

    def note_covered(self, features, fingerprint):
        """Nothing is asked of it."""

    def add_units(self, maker, hashes, values):
        self.kept.setdefault(maker, []).append((hashes.copy(), values.copy()))

    def load(self, name, key):
        return self.features.get((name, key))

    def save(self, features):
        self.features[features.name, features.key] = features
        return features


def counted(encoder, limit=10**9):
    """Count the contents that ``encode_batch`` gets, and stop it after so many."""
    inner, seen = encoder.encode_batch, []

    def encode_batch(batch):
        if len(seen) >= limit:
            raise KeyboardInterrupt
        seen.extend(batch)
        return inner(batch)

    encoder.encode_batch = encode_batch
    return seen


def as_if(encoder, **attributes):
    """The encoder with other attributes of its class."""
    cls = type(encoder)
    encoder.__class__ = type(
        cls.__name__, (cls,), {**attributes, "__module__": cls.__module__, "__doc__": cls.__doc__}
    )
    return encoder


def by_id(features):
    return dict(zip(features.ids.tolist(), features.values, strict=True))


def test_shape_type_and_ids(make, dataset):
    encoder = make()
    features = encoder.encode(dataset)
    known = dataset.posts["id"] if features.level == "post" else dataset.accounts["id"]
    assert features.values.dtype == np.float32
    assert features.values.shape == (len(features.ids), encoder.dim)
    assert np.isfinite(features.values).all()
    assert len(set(features.ids.tolist())) == len(features.ids) > 0
    assert set(features.ids.tolist()) <= set(known.to_pylist())
    assert features.name == encoder.test_name
    assert features.slot in SLOTS
    assert features.level in ("post", "account")
    assert len(features.columns) in (0, features.dim)
    assert len(set(features.columns)) == len(features.columns)


def test_it_tells_things_apart(make, dataset):
    values = make().encode(dataset).values
    assert np.abs(values).max() > 0, "every row is zero on the posts of this test"
    assert len(np.unique((values / np.abs(values).max()).round(5), axis=0)) > 1


def test_the_same_again_is_the_same(make, dataset):
    one, two = make().encode(dataset), make().encode(dataset)
    assert one.key == two.key
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.values, two.values)


def test_neither_the_order_of_rows_nor_the_size_of_batches_changes_a_value(make, rows):
    turned = Dataset.from_rows(
        **{name: values[::-1] if isinstance(values, list) else values for name, values in rows.items()}
    )
    encoder = as_if(make(), batch_size=3, chunk_size=3)
    one, two = by_id(make().encode(Dataset.from_rows(**rows))), by_id(encoder.encode(turned))
    assert one.keys() == two.keys()
    largest = max(np.abs(values).max() for values in one.values())
    for id, values in one.items():
        np.testing.assert_allclose(values, two[id], atol=2e-5 * largest, err_msg=id)


def test_a_second_run_computes_nothing(make, dataset):
    store = Memory()
    first = make().encode(dataset, store)
    again = make()
    seen = counted(again)
    assert again.encode(dataset, store).key == first.key
    store.features.clear()
    second = again.encode(dataset, store)
    assert (
        not seen
    )  # what is damaged is looked at again, for it may have been mended, but never reaches the model
    np.testing.assert_array_equal(second.values, first.values)


def test_after_a_kill_only_the_rest_is_computed(make, dataset):
    store, encoder = Memory(), as_if(make(), batch_size=2, chunk_size=2)
    total = len(set(map(msgspec.msgpack.encode, encoder.units(dataset).contents)))
    counted(encoder, limit=2)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(dataset, store)
    assert not store.features
    kept = sum(len(hashes) for chunks in store.kept.values() for hashes, _ in chunks)
    resumed = make()
    seen = counted(resumed)
    features = resumed.encode(dataset, store)
    assert kept == 2
    assert len(seen) <= total - 2
    whole = make().encode(dataset).values
    np.testing.assert_allclose(features.values, whole, atol=2e-5 * np.abs(whole).max())


def test_progress_ends_at_all(make, dataset):
    told = []
    make().encode(dataset, progress=lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 0
    assert all(
        after[0] >= before[0] or after[0] == 0 for before, after in itertools.pairwise(told)
    )  # of learning, then of units


def test_the_key_changes_with_config_version_and_content_and_not_with_what_is_neutral(make, dataset, rows):
    encoder = make()
    makers = {encoder.maker}
    for name in describe(type(encoder).Config):
        other = _another(encoder, name)
        if other is None:
            continue
        changed = make(**{name: other})
        if name in encoder.neutral:
            assert changed.maker == encoder.maker, name
        else:
            assert changed.maker not in makers, name
            makers.add(changed.maker)
    assert as_if(make(), version=encoder.version + 1).maker != encoder.maker
    assert as_if(make(), weights="of another training").maker != encoder.maker
    fewer = Dataset.from_rows(
        **{**rows, "accounts": rows["accounts"][1:], "posts": rows["posts"][:7], "images": rows["images"][:7]}
    )
    assert make().encode(fewer).key != make().encode(dataset).key


FREE = ("str", "several of str")
"""Types of settings that are a free text: a file, which would have to be there."""


def _another(encoder, name):
    """Another valid value of a setting; None for a free text."""
    now = getattr(encoder.config, name)
    numbers = [now + 1, now - 1, now / 2] if isinstance(now, int | float) else []
    for value in (
        [not now] if isinstance(now, bool) else [*numbers, "keep", "split", "drop", "cpu", "squash", "nchw"]
    ):
        try:
            config = encoder.Config.from_settings({**encoder.config.to_dict(), name: value})
        except ConfigError:
            continue
        if getattr(config, name) != now and describe(encoder.Config)[name]["type"] not in FREE:
            return value
    return None


def test_an_id_that_is_not_there_is_zeros_and_not_present(make, dataset):
    values, present = make().encode(dataset).values_of(["nobody"])
    assert not present.any()
    assert not values.any()


def test_one_row_and_none(make, rows):
    one = Dataset.from_rows(**{**rows, "posts": rows["posts"][4:5], "images": rows["images"][4:5]})
    for few, most in ((one, 2), (Dataset.from_rows(rows["accounts"]), 0)):
        try:
            features = make().encode(few)
        except UsageError as error:  # there may be nothing to learn from
            assert "nothing" in str(error)  # noqa: PT017
        else:
            assert features.level == "account" or len(features) <= most


def test_what_cannot_be_encoded_is_left_out(make, dataset):
    features = make().encode(dataset)
    if features.level == "post" and features.slot == "text":
        assert not {"no-words", "not-known", "only-marks"} & set(features.ids.tolist())
    if features.slot == "picture":
        assert not {"not-known", "unknown-crowd", "no-words"} & set(features.ids.tolist())


def test_it_says_what_it_is(make):
    encoder = make()
    assert (type(encoder).__doc__ or "").strip()
    assert all(field["description"] for field in describe(type(encoder).Config).values())
