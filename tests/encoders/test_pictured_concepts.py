"""The concept generator and COSMIC: sums by hand, planted colours that mean concepts, and what must not be
learned from."""

from __future__ import annotations

import contextlib
import hashlib
import io

import numpy as np
import pytest
from PIL import Image as Pillow

from brandfit.data import captions
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.errors import UsageError
from brandfit.learning import trainer

torch = pytest.importorskip("torch", reason="PyTorch comes with the extra learn")
_vision = pytest.importorskip("brandfit.encoders.concept._vision")


MEANS = {"ocean": (20, 60, 220), "strawberry": (220, 30, 40), "forest": (20, 160, 40)}
BY_GENERATOR = {"labels": "generator", "generator_pixels": 24, "generator_epochs": 15}
SMALL = {"pixels": 24, "at_least": 5, "epochs": 15, "batch_size": 8, "patience": 15}


def test_semantic_attention_by_hand():
    texts = np.array([[1.0, 2.0], [0.0, 0.0]])
    concepts = np.array([[1.0, 0.0], [0.0, 0.5], [3.0, 3.0]])
    h = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    found = _vision.semantic(texts, np.array([True, False]), concepts=concepts, h=h)
    with_text, without = np.exp([1.0, 1.0, 0.0]), np.exp([0.0, 1.0, 1.0])
    np.testing.assert_allclose(found, [with_text / with_text.sum(), without / without.sum()], rtol=1e-6)


def test_the_network_has_five_layers_and_the_published_sizes():
    network = _vision.network(96, 420)
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size) for c in convolutions] == [
        (3, 32, (3, 3)), (32, 64, (3, 3)), (64, 64, (3, 3)), (64, 128, (3, 3)), (128, 128, (3, 3)),
    ]  # fmt: skip
    assert network[-1].out_features == 420
    assert network.eval()(torch.zeros(2, 3, 96, 96)).shape == (2, 420)


def test_cosmic_is_a_softmax_of_inner_products():
    torch.manual_seed(0)
    network = _vision.Cosmic(24, concepts=4, dim=5).eval()
    pictures = torch.rand(3, 3, 24, 24)
    v2 = torch.nn.functional.leaky_relu(network.picture(pictures))
    scores = torch.stack([(v2 * u).sum(dim=1) for u in network.concepts], dim=1)
    torch.testing.assert_close(network(pictures).exp(), scores.softmax(dim=1))


def test_augmentation_keeps_what_is_in_a_picture():
    pictures = torch.full((6, 3, 24, 24), 0.25)
    torch.testing.assert_close(
        _vision.augment(pictures, np.random.default_rng(0)), pictures, atol=1e-5, rtol=0
    )
    ramp = torch.linspace(0, 1, 24).expand(6, 3, 24, 24)
    found = _vision.augment(ramp, np.random.default_rng(0))
    assert (found - ramp).abs().mean() > 0.02
    assert (found.mean(dim=(1, 2, 3)) - 0.5).abs().max() < 0.25


def planted(accounts: int = 72, split: bool = False) -> Dataset:
    """Pictures of a colour with the hashtag that goes with it; every fourth post says nothing."""
    random = np.random.default_rng(1)
    rows, posts, images, stored = [], [], [], {}
    for n in range(accounts):
        concept = list(MEANS)[n % 3]
        noise = random.normal(MEANS[concept], 25, (24, 24, 3)).clip(0, 255).astype(np.uint8)
        out = io.BytesIO()
        Pillow.fromarray(noise).save(out, "PNG")
        hash = hashlib.sha256(out.getvalue()).hexdigest()
        stored[hash] = out.getvalue()
        caption = "" if n % 4 == 3 else f"{concept} today #{concept}"
        rows.append(
            Account(id=f"{concept}.{n:02d}", split=("test" if n % 4 == 2 else "train") if split else None)
        )
        posts.append(
            Post(id=f"p{n:02d}", account=rows[-1].id, caption=caption, hashtags=captions.hashtags(caption))
        )
        images.append(Image(post=f"p{n:02d}", hash=hash))
    return Dataset.from_rows(rows, posts, images=images, pictures=stored)


@pytest.fixture(scope="module")
def made():
    from brandfit.encoders.concept.cosmic import Cosmic
    from brandfit.encoders.concept.generator import Generator

    found = {}
    for name, cls, more in (
        ("generator", Generator, {}),
        ("cosmic", Cosmic, {"vector": 16, "min_count": 1000}),
        ("cosmic by generator", Cosmic, {"vector": 16, "min_count": 1000, **BY_GENERATOR}),
    ):
        encoder = cls(cls.Config.from_settings({**SMALL, **more}))
        found[name] = encoder, encoder.encode(planted())
    return found


@pytest.mark.parametrize("name", ["generator", "cosmic", "cosmic by generator"])
def test_a_picture_that_nobody_describes_shows_the_concept_of_its_colour(made, name):
    features = made[name][1]

    assert set(MEANS) <= set(features.columns)
    at = [features.columns.index(concept) for concept in MEANS]
    silent = [n for n in range(72) if n % 4 == 3]
    values, present = features.values_of([f"p{n:02d}" for n in silent])
    assert present.all()
    right = values[:, at].argmax(axis=1) == np.array([n % 3 for n in silent])
    assert right.mean() > 0.85


def test_the_generator_gives_chances_and_cosmic_shares(made):
    assert ((made["generator"][1].values >= 0) & (made["generator"][1].values <= 1)).all()
    np.testing.assert_allclose(made["cosmic"][1].values.sum(axis=1), 1, atol=1e-4)
    encoder = made["cosmic"][0]
    assert encoder.concepts.shape == (len(encoder.columns), 16)


def test_accounts_of_the_test_split_are_not_learned_from(made):
    from brandfit.encoders.concept.generator import Generator

    encoder = Generator(Generator.Config.from_settings(SMALL))
    encoder.learn(planted(split=True))
    assert {int(id[1:]) % 4 for id in encoder._posts} == {0, 1}


def test_a_learning_that_is_killed_goes_on_and_one_that_is_done_is_kept(made, tmp_path, monkeypatch):
    from brandfit.encoders.concept.generator import Generator

    class Folder:
        units = staticmethod(lambda maker: iter(()))
        add_units = load = staticmethod(lambda *_: None)
        note_maker = note_covered = staticmethod(lambda *_: None)
        checkpoint = staticmethod(lambda name: tmp_path)
        save = staticmethod(lambda features: features)

    def epochs(killed_after: int) -> list[int]:
        ran = []

        def epoch(*args, **options):
            if len(ran) >= killed_after:
                raise KeyboardInterrupt
            ran.append(options["epoch"])
            return _epoch(*args, **options)

        monkeypatch.setattr(trainer, "_epoch", epoch)
        monkeypatch.setattr(
            trainer, "MAX_CHECKPOINT_SHARE", 1e9
        )  # a checkpoint after every epoch, however fast
        with contextlib.suppress(KeyboardInterrupt):
            features = Generator(Generator.Config.from_settings(SMALL)).encode(planted(), Folder)
            np.testing.assert_allclose(features.values, made["generator"][1].values, atol=1e-5)
        return ran

    _epoch = trainer._epoch
    first = epochs(2)
    rest = epochs(10**9)
    assert first == [1, 2]
    assert rest[0] == 3
    assert epochs(10**9) == []


def test_what_the_words_say_is_what_teaches():
    from brandfit.encoders.concept.cosmic import Cosmic

    encoder = Cosmic(Cosmic.Config.from_settings({**SMALL, "words": 8, "min_count": 1}))
    encoder.learn(planted())
    found = encoder.targets(planted())
    posts = encoder._words.encode(planted()).values_of(encoder._posts)[0]
    table = encoder._words.table
    assert set(encoder.columns) == set(MEANS)
    for n in (0, 1, 2):
        concept = list(MEANS)[int(encoder._posts[n][1:]) % 3]
        at = encoder.columns.index(concept)
        words = [table.vectors[table.rows[w]] for w in _known(concept, table)]
        weight = np.zeros(3)
        weight[at] = posts[n] @ np.mean(words, axis=0)
        np.testing.assert_allclose(found[n], np.exp(weight) / np.exp(weight).sum(), atol=1e-5)


def _known(concept, table):
    from brandfit.encoders.concept._taxonomy import built_in
    from brandfit.encoders.text._words import tokens

    taxonomy = built_in()
    return [
        w
        for name in taxonomy.concepts[taxonomy.number[concept]].words
        for w in tokens(name)
        if w in table.rows
    ]


def test_what_is_learned_from_decides_the_key():
    from brandfit.encoders.concept.generator import Generator

    one, two, fewer = (Generator(Generator.Config.from_settings(SMALL)) for _ in range(3))
    one.learn(planted())
    two.learn(planted())
    fewer.learn(planted(60))
    assert one.maker == two.maker != fewer.maker


def test_nothing_to_learn_from_is_said():
    from brandfit.encoders.concept.generator import Generator

    with pytest.raises(UsageError, match="nothing to learn from"):
        Generator(Generator.Config.from_settings({**SMALL, "at_least": 500})).encode(planted())


def test_cosmic_without_captions_learns_from_the_labels_alone():
    """The ablation C-w/o-SI: z' = softmax(h); captions change nothing, and its name and key are its own."""
    from brandfit.encoders.concept.cosmic import Cosmic
    from brandfit.encoders.concept.cosmic_visual import CosmicVisual

    encoder = CosmicVisual(CosmicVisual.Config.from_settings({**SMALL, "words": 8, "min_count": 1}))
    assert encoder.name == "concept.cosmic_visual"
    encoder.learn(planted())
    h = encoder._has_concept
    np.testing.assert_allclose(
        encoder.targets(planted()), np.exp(h) / np.exp(h).sum(axis=1, keepdims=True), rtol=1e-5
    )
    other = Cosmic(Cosmic.Config.from_settings({**SMALL, "words": 8, "min_count": 1, "semantic": "false"}))
    other.learn(planted())
    np.testing.assert_array_equal(other.targets(planted()), encoder.targets(planted()))
    default = Cosmic(Cosmic.Config.from_settings({**SMALL, "words": 8, "min_count": 1}))
    default.learn(planted())
    assert len({default.weights, other.weights}) == 2
    assert "semantic" not in Cosmic.Config().identity()


def test_concepts_by_the_generator_are_those_that_it_sees_in_every_post(made):
    """labels=generator: h of a post is what concept.generator sees from probability .5 on, also in posts that
    say nothing; the targets are softmax(h), because these posts have too few words for Word2Vec."""
    encoder = made["cosmic by generator"][0]
    generator, features = made["generator"]
    assert encoder.columns == generator.columns
    assert len(encoder._posts) == 72  # with labels=words, 18 silent posts are not learned from
    h = (features.values_of(encoder._posts).values >= 0.5).astype(float)
    targets = encoder.targets(planted())
    expected = np.exp(h) / np.exp(h).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(targets, np.where(h.any(axis=1)[:, None], expected, np.nan), rtol=1e-5)
    by_words = made["cosmic"][0]
    assert encoder.maker != by_words.maker


def test_the_new_settings_do_not_change_earlier_keys():
    from brandfit.encoders.concept.cosmic import Cosmic
    from brandfit.encoders.concept.generator import Generator

    identity = {*Cosmic.Config().identity(), *Generator.Config().identity()}
    assert not identity & {"labels", "generator_epochs", "generator_pixels", "taxonomy"}


def test_features_of_cosmic_carry_the_vectors_of_their_columns(made):
    encoder, features = made["cosmic"]
    np.testing.assert_array_equal(features.column_vectors, encoder.concepts)
    assert features.column_vectors.shape == (len(features.columns), 16)
    assert made["generator"][1].column_vectors is None


@pytest.mark.parametrize("labels", ["words", "generator"])
def test_semantic_attention_of_every_post(labels):
    """z' of posts: the labels of a post, or of its picture, weighted by its words; by the equation."""
    from brandfit.encoders.concept.cosmic_attention import CosmicAttention

    settings = {**SMALL, "words": 8, "min_count": 1, "vector": 4}
    if labels == "generator":
        settings |= BY_GENERATOR
    encoder = CosmicAttention(CosmicAttention.Config.from_settings(settings))
    features = encoder.encode(planted())
    assert encoder.name == "concept.cosmic_attention"
    assert set(features.columns) == set(MEANS)
    np.testing.assert_allclose(features.values.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(features.column_vectors, encoder.concepts)
    # Posts without words and hashtags have concepts only where the picture gives them.
    silent = [f"p{n:02d}" for n in range(72) if n % 4 == 3]
    assert (features.rows_of(silent) >= 0).all() == (labels == "generator")
    table = encoder._words.table
    for n in (0, 1, 2):
        concept = list(MEANS)[n % 3]
        at = features.columns.index(concept)
        text = np.mean([table.vectors[table.rows[word]] for word in (concept, "today", concept)], axis=0)
        meaning = np.mean([table.vectors[table.rows[word]] for word in _known(concept, table)], axis=0)
        weight = np.zeros(3)
        weight[at] = text @ meaning
        expected = np.exp(weight) / np.exp(weight).sum()
        np.testing.assert_allclose(features.values_of([f"p{n:02d}"]).values[0], expected, atol=1e-5)


def test_a_list_of_ones_own_is_what_pictures_are_learned_from(tmp_path):
    from brandfit.encoders.concept.cosmic import Cosmic

    own = tmp_path / "own.txt"
    own.write_text("blue water: ocean\nberry: strawberry\n", "utf-8")
    encoder = Cosmic(Cosmic.Config.from_settings({**SMALL, "taxonomy": str(own), "min_count": 1}))
    encoder.learn(planted())
    assert encoder.columns == ("blue water", "berry")
    moved = tmp_path / "moved.txt"
    moved.write_text(own.read_text("utf-8"), "utf-8")
    other = Cosmic(Cosmic.Config.from_settings({**SMALL, "taxonomy": str(moved), "min_count": 1}))
    other.learn(planted())
    assert other.maker == encoder.maker
    moved.write_text("blue water: ocean, sea\nberry: strawberry\n", "utf-8")
    other.learn(planted())
    assert other.maker != encoder.maker  # another name changes the word vector of the concept
