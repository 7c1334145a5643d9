"""Inputs of MORNING and BAMIR: objects and scenes that add up to one, words and pictures of audiences, and
the baselines of the paper's table."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from brandfit import experiments, registry  # noqa: E402
from brandfit.data.dataset import Dataset  # noqa: E402
from brandfit.data.features import Features  # noqa: E402
from brandfit.data.schema import Account, Link, Post, link_id  # noqa: E402
from brandfit.errors import UsageError  # noqa: E402
from brandfit.learning.pooling import Sides, Vectors  # noqa: E402
from brandfit.learning.similarity import blocks_of, shares  # noqa: E402
from brandfit.rankers._morning_net import MorningNet  # noqa: E402
from brandfit.rankers.bamir import Bamir  # noqa: E402
from brandfit.rankers.morning import Morning  # noqa: E402

COLUMNS = ("object: cup", "object: dog", "scene: sky", "scene: wall")


# --- psi of Eq. 4-6 -----------------------------------------------------------------------------------------


def test_objects_and_scenes_of_an_account_add_up_to_one_each():
    """X = [psi(sum of v_o over posts); psi(sum of v_s over posts)], from the means over posts."""
    posts = np.array([[0.5, 0.2, 0.9, 0.0], [0.0, 0.3, 0.0, 0.0], [0.6, 0.0, 0.1, 0.2]], np.float32)
    summed = posts.sum(axis=0)
    expected = np.concatenate([summed[:2] / summed[:2].sum(), summed[2:] / summed[2:].sum()])
    means = Vectors(posts.mean(axis=0)[None], np.array([True]))
    np.testing.assert_allclose(shares(means, COLUMNS, "x").values[0], expected, rtol=1e-6)
    np.testing.assert_allclose(shares(means, (), "x").values[0], summed / summed.sum(), rtol=1e-6)


def test_a_block_of_zeros_stays_and_negative_values_are_no_shares():
    vectors = Vectors(np.array([[0, 0, 1, 3]], np.float32), np.array([True]))
    assert shares(vectors, COLUMNS, "x").values.tolist() == [[0, 0, 0.25, 0.75]]
    assert vectors.values.tolist() == [[0, 0, 1, 3]]  # the input is not changed
    with pytest.raises(UsageError, match=r"image\.x has negative values"):
        shares(Vectors(np.array([[1, -1]], np.float32), np.array([True])), (), "image.x")


def test_blocks_are_the_words_before_the_colon_of_every_column():
    assert blocks_of(COLUMNS) == ["object", "object", "scene", "scene"]
    assert blocks_of(("object: cup", "dog")) == blocks_of(()) == blocks_of(("cup", "dog")) == []


def test_a_row_of_objects_and_scenes_holds_both_and_a_picture_without_any_is_left_out():
    from brandfit.encoders.image.objects_scenes import ObjectsScenes

    def planted(rows: list[list[float]], columns: tuple[str, ...]) -> SimpleNamespace:
        values = np.array(rows, np.float32)
        return SimpleNamespace(columns=columns, dim=2, encode_batch=lambda numbers: values[list(numbers)])

    encoder = ObjectsScenes()
    # B-07: ResNet-101 with the threshold .1 on each value, UPerNet with the same threshold.
    assert encoder.objects.network == "resnet101"
    assert encoder.objects.config.threshold == encoder.scenes.config.threshold == 0.1
    encoder.objects = planted([[0.5, 0.0], [0.0, 0.0], [0.0, 0.0]], ("cup", "dog"))
    encoder.scenes = planted([[0.2, 0.7], [0.4, 0.0], [0.0, 0.0]], ("sky", "wall"))
    assert encoder.columns == COLUMNS
    rows = encoder.encode_batch([(n, n) for n in range(3)])
    np.testing.assert_array_equal(rows[:2], np.array([[0.5, 0, 0.2, 0.7], [0, 0, 0.4, 0]], np.float32))
    assert np.isnan(rows[2]).all()


# --- the rankers --------------------------------------------------------------------------------------------


def pairs_data(columns: tuple[str, ...] = COLUMNS, slots: tuple[str, ...] = ("picture",)) -> Dataset:
    """Four brands with two partners each; brands and partners of one kind share their pictures."""
    accounts, posts, links, rows = [], [], [], []
    for n in range(4):
        brand = f"brand{n}"
        names = [brand, f"i{n}a", f"i{n}b"]
        accounts += [Account(id=name, role="brand" if name == brand else "influencer") for name in names]
        for name in names:
            posts.append(Post(id=f"p.{name}", account=name))
            rows.append(np.eye(len(columns), dtype=np.float32)[n] * 0.4 + 0.1)
        for name in names[1:]:
            id = link_id("endorses", name, target=brand)
            links.append(Link(id=id, kind="endorses", source=name, target=brand))
    ids = np.array([post.id for post in posts], dtype=object)
    features = Features("planted", ids, np.array(rows), columns=columns, key="planted")
    return Dataset.from_rows(accounts, posts, links=links).with_slots(dict.fromkeys(slots, features))


@pytest.mark.parametrize("ranker", [Morning, Bamir])
def test_pictures_are_shares_where_columns_say_so(ranker):
    def of_brand(settings: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> np.ndarray:
        fitted = ranker(ranker.Config.from_settings(settings))
        ids = np.array(["brand0"], dtype=object)
        return fitted.slot_vectors(pairs_data(columns), "picture", brands=ids, influencers=ids).brand.values[
            0
        ]

    raw = np.array([0.5, 0.1, 0.1, 0.1], np.float32)
    np.testing.assert_allclose(of_brand({}), [5 / 6, 1 / 6, 0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(of_brand({}, ("a", "b", "c", "d")), raw, rtol=1e-6)
    np.testing.assert_allclose(of_brand({"pictures": "bounded"}), raw, rtol=1e-6)
    np.testing.assert_allclose(
        of_brand({"pictures": "shares"}, ("a", "b", "c", "d")), raw / raw.sum(), rtol=1e-6
    )


def test_later_settings_change_no_key_of_a_training():
    for ranker in (Morning, Bamir):
        assert "pictures" not in ranker().config.identity()
        assert ranker.Config.from_settings({"pictures": "shares"}).identity()["pictures"] == "shares"


# --- words and pictures of audiences (Eq. 10-12) ------------------------------------------------------------


def planted(n: int, dim: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32))


def test_words_and_pictures_of_audiences_are_fused_as_those_of_accounts():
    """e_u = W (omega(X) o gamma(X)) + b; a missing factor is left out, and both missing give no audience."""
    values = {"audience": planted(2, 4, 1), "audience_picture": planted(2, 5, 2), "graph": planted(2, 3, 3)}
    network = MorningNet({slot: v.shape[1] for slot, v in values.items()}, 0.5, width=0.02).eval()
    one = torch.ones(2, 1)

    def audience(**has: torch.Tensor) -> torch.Tensor:
        return network("brand", values, {**dict.fromkeys(values, one), **has})["audience"]

    words, pictures = (network.branches[slot](values[slot]) for slot in ("audience", "audience_picture"))
    fusion = network.fusion["audience"]
    torch.testing.assert_close(audience(), (words * pictures) @ fusion.weight.T + fusion.bias)
    torch.testing.assert_close(audience(audience_picture=0 * one), words @ fusion.weight.T + fusion.bias)
    torch.testing.assert_close(audience(audience=0 * one), pictures @ fusion.weight.T + fusion.bias)
    assert not audience(audience=0 * one, audience_picture=0 * one).any()
    # The branch of pictures has the four layers of pictures of accounts, that of words the two of words.
    widths = {slot: sum(isinstance(m, torch.nn.Linear) for m in network.branches[slot]) for slot in values}
    assert widths == {"audience": 2, "audience_picture": 4, "graph": 2}


def test_a_network_without_pictures_of_audiences_is_the_earlier_one():
    """Slot by slot the same initial weights, so that earlier models score the same."""
    dims = {"text": 3, "picture": 4, "audience": 3, "graph": 2}
    torch.manual_seed(1)
    names = list(MorningNet(dims, 0.5, width=0.02).state_dict())
    order = [
        name.split(".")[1] for name in names if name.startswith("branches") and name.endswith("0.weight")
    ]
    assert order == ["text", "picture", "audience", "graph"]
    assert [name for name in names if name.startswith("fusion")] == [
        "fusion.content.weight", "fusion.content.bias", "fusion.audience.weight", "fusion.audience.bias",
    ]  # fmt: skip


def test_pictures_of_audiences_alone_rank_partners_first():
    data = pairs_data(slots=("audience_picture",))
    settings = {"epochs": 60, "width": 0.05, "validation": 0, "l1": 0, "dropout": 0, "patience": 60}
    ranker = Morning(Morning.Config.from_settings(settings), seed=0).fit(data)
    scores = ranker.score(data, data.brands, data.influencers)
    is_partner = np.array([[id[1] == brand[-1] for id in data.influencers] for brand in data.brands])
    assert list(ranker.parts(data, data.brands, data.influencers)) == ["audience"]
    for row, is_own in zip(scores, is_partner, strict=True):
        assert row[is_own].min() > row[~is_own].max()


# --- hyper-parameters (M-04, M-12, B-10) -------------------------------------------------------------------


def test_training_and_widths_are_those_of_the_papers():
    """Adam at .002, times .95 an epoch, 100 epochs, dropout .5, l1 .001; batches of 16, of 32 for BAMIR."""
    for ranker, batch_size in ((Morning, 16), (Bamir, 32)):
        config = ranker().config
        found = (config.learning_rate, config.decay, config.epochs, config.dropout, config.l1)
        assert found == (0.002, 0.95, 100, 0.5, 0.001)
        assert config.batch_size == batch_size
    dims = {"text": 22, "picture": 1365, "audience": 21, "audience_picture": 1365, "graph": 128}
    network = MorningNet(dims, 0.5)
    widths = {}
    for slot, branch in network.branches.items():
        widths[slot] = [m.out_features for m in branch if isinstance(m, torch.nn.Linear)]
        assert all(isinstance(m, torch.nn.Linear | torch.nn.LeakyReLU | torch.nn.Dropout) for m in branch)
    words, pictures = [128, 512], [1024, 1024, 1024, 512]
    assert widths == {
        "text": words,
        "picture": pictures,
        "audience": words,
        "audience_picture": pictures,
        "graph": [1024, 512],
    }
    assert {part: (f.in_features, f.out_features) for part, f in network.fusion.items()} == {
        "content": (512, 512),
        "audience": (512, 512),
    }


def test_a_pair_of_bamir_has_twenty_triplets_an_epoch():
    """B-09: 3,385 training pairs, 67,700 triplets: three random negatives and a hard one, five times."""
    pairs = np.array([[0, 0], [1, 2]])
    ranker = Bamir()
    ranker._categories = Sides(np.array([0, 1]), np.array([0, 0, 1, 1]))
    drawn = ranker.sample(pairs, np.arange(4), np.random.default_rng(0))
    assert len(drawn.brand) == 2 * 20
    assert 3_385 * 20 == 67_700
    positive = dict(pairs.tolist())
    assert all(positive[brand] == found for brand, found in zip(drawn.brand, drawn.positive, strict=True))
    assert not (drawn.negative == drawn.positive).any()
    # One hard negative a draw: brand 0 has the other influencer of category 0, brand 1 that of category 1.
    for brand, hard in ((0, 1), (1, 3)):
        assert (drawn.negative[drawn.brand == brand] == hard).sum() >= 5


# --- baselines (M-13) ---------------------------------------------------------------------------------------


def test_every_ablation_scores_by_its_perspectives_alone():
    """M-14: the rows of Table IV, from data with every slot."""
    slots = ("text", "picture", "audience", "audience_picture", "graph")
    data = pairs_data(slots=slots)
    part_by_perspective = {"content": "content", "audience": "audience", "attributes": "graph"}
    rows = {row.name: row for row in experiments.read("morning/table4").rows}
    assert len({tuple(sorted(row.settings["use"])) for row in rows.values()}) == len(rows) == 7
    for row in rows.values():
        settings = {**row.settings, "epochs": 1, "width": 0.02, "validation": 0}
        ranker = Morning(Morning.Config.from_settings(settings)).fit(data)
        expected = {part_by_perspective[name] for name in row.settings["use"]}
        assert set(ranker.parts(data, data.brands, data.influencers)) == expected


def test_hptr_is_history_pooling_and_triplets_and_no_ablation_of_morning():
    table3, table4 = (experiments.read(f"morning/{name}") for name in ("table3", "table4"))
    rows = {row.name: row for row in table3.rows}
    ablations = [(row.ranker, row.settings) for row in table4.rows]
    for name, representation in (("HPTR", "history"), ("CATR", "attention")):
        row = rows[name]
        config = registry.load("ranker", row.ranker).Config.from_settings(row.settings)
        assert row.ranker == "camera"
        assert config.representation == representation
        assert not config.interaction  # the score is the inner product alone, learned by triplets
        assert (row.ranker, row.settings) not in ablations
    assert rows["HPTR"].settings != rows["CATR"].settings
