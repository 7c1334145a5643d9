"""CAMERA's leaky mode: it sees the label, says so, and is named so in every table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.errors import UsageError
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import AUC
from brandfit.evaluation.protocol import get
from brandfit.explain.explain import explain
from brandfit.learning.engagement import RATE, campaign_rates
from brandfit.rankers.base import restored
from brandfit.rankers.camera import Camera


@pytest.fixture(scope="module")
def noise() -> Dataset:
    """Features that say nothing of who works with whom; every endorsement has an engagement."""
    rng = np.random.default_rng(0)
    accounts = [Account(id=f"b{n:02}", role="brand") for n in range(20)]
    accounts += [Account(id=f"i{n:03}", followers=10_000) for n in range(80)]
    links = [
        Link(
            id=f"{n}",
            kind="endorses",
            source=f"i{n:03}",
            target=f"b{n % 20:02}",
            weight=float(rng.uniform(0.03, 0.08)),
        )
        for n in range(80)
    ]
    ids = np.array([a.id for a in accounts], dtype=object)
    concept = Features("c", ids, rng.dirichlet(np.full(12, 0.3), len(ids)).astype(np.float32), "account")
    return Dataset.from_rows(accounts, links=links).with_slots({"concept": concept})


def test_only_the_leaky_mode_sees_the_label(noise):
    settings = {"epochs": 6, "width": 0.1, "dropout": 0.0, "learning_rate": 0.005}
    make = {
        "clean": lambda seed: Camera(Camera.Config.from_settings(settings), seed),
        "peeking": lambda seed: Camera(
            Camera.Config.from_settings({**settings, "endorsement": "leaky"}), seed
        ),
    }
    report = evaluate(make, noise, protocol=get("cv5"))
    assert report.value("clean", AUC())["mean"] < 0.65
    assert report.value("peeking", AUC())["mean"] > 0.9
    told = report.to_dict()
    assert told["leaky"] == ["peeking"]
    text = report.to_text()
    assert "peeking (leaky)" in text
    assert "clean (leaky)" not in text
    assert any("only partners have" in note for note in told["notes"])


def test_campaigns_are_means_over_the_endorsements_of_a_pair():
    accounts = [Account(id="b", role="brand"), Account(id="i")]
    links = [
        Link(id=str(n), kind="endorses", source="i", target="b", weight=w)
        for n, w in enumerate((0.1, 0.3, None))
    ]
    assert campaign_rates(Dataset.from_rows(accounts, links=links)) == {("b", "i"): pytest.approx(0.2)}


def test_nobody_else_is_shown_anything(noise):
    camera = Camera()
    assert not camera.leaky
    assert not Camera(Camera.Config.from_settings({"endorsement": "leaky", "interaction": False})).leaky
    assert not [note for note in camera.notes(noise) if "leaky" in note]


def test_every_score_is_the_equations_of_the_paper_pair_by_pair(noise):
    """Eq. 5-9, 17, 18: a loop over pairs and their concepts, beside the ranker that looks at every account
    once."""
    torch = pytest.importorskip("torch")
    camera = Camera(Camera.Config.from_settings({"epochs": 2, "width": 0.02})).fit(noise)
    brands, candidates = noise.brands[:4], noise.influencers[:9]
    found = camera.factors(noise, brands, candidates)
    np.testing.assert_array_equal(camera.score(noise, brands, candidates), found["score"])
    net = camera.network.double()
    u = net.concepts.detach()
    left, right = (
        torch.from_numpy(side.values).double()
        for side in camera.slot_vectors(noise, "concept", brands=brands, influencers=candidates)
    )
    with torch.no_grad():
        for row, b in enumerate(left):
            for column, m in enumerate(right):
                top, h = zip(*((w.argsort(descending=True)[:10], 0) for w in (b, m)), strict=True)
                h = [sum(w[k] * u[k] for k in mine) for w, mine in zip((b, m), top, strict=True)]
                asked = [net.asks(h[1][None])[0], net.asks(h[0][None])[0]]
                weight = [
                    torch.stack([who @ net.answers(u[k][None])[0] for k in mine]).softmax(0)
                    for who, mine in zip(asked, top, strict=True)
                ]
                r = [
                    sum(w * u[k] for w, k in zip(ws, mine, strict=True))
                    for ws, mine in zip(weight, top, strict=True)
                ]
                e_b, e_m = (net.account(torch.cat(pair)[None])[0] for pair in zip(h, r, strict=True))
                assert float(e_b @ e_m) == pytest.approx(found["content"][row, column], rel=1e-5)
                np.testing.assert_allclose(found["weights_b"][row, column], weight[0], rtol=1e-4)
                np.testing.assert_allclose(found["weights_m"][row, column], weight[1], rtol=1e-4)
                np.testing.assert_array_equal(found["concepts_m"][row, column], top[1])
    net.float()


def test_endorsement_effect_and_influence_are_the_equations_of_the_paper(noise):
    """Eq. 10-18 by hand, with the line that says what engagement a campaign post may expect."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    ids = np.concatenate([noise.brands, noise.influencers])
    rate = dict(zip(ids.tolist(), rng.uniform(0.01, 0.09, len(ids)).astype(np.float32).tolist(), strict=True))
    features = Features(
        name="engagement",
        ids=ids,
        values=np.array([[rate[id]] for id in ids], np.float32),
        level="account",
        columns=(RATE,),
    )
    data = noise.with_slots({**noise.slots, "engagement": features})
    camera = Camera(Camera.Config.from_settings({"epochs": 2, "width": 0.02})).fit(data)
    own = np.array([rate[id] for id in data.influencers])
    pairs = campaign_rates(data)
    slope, offset = np.polyfit(
        [(rate[i] - own.mean()) / own.std() for _, i in pairs],
        [(w - own.mean()) / own.std() for w in pairs.values()],
        1,
    )
    net = camera.network.double()

    def phi(layer, x):
        inner = 1 / (
            1 + np.exp(-(x * layer.inner.weight.detach().numpy()[:, 0] + layer.inner.bias.detach().numpy()))
        )
        return float(inner @ layer.outer.weight.detach().numpy()[0])

    found = camera.factors(data, data.brands[:3], data.influencers[:5])
    for row, brand in enumerate(data.brands[:3]):
        for column, influencer in enumerate(data.influencers[:5]):
            e_b, e_m = ((rate[id] - own.mean()) / own.std() for id in (brand, influencer))
            effect = 1 / (1 + np.exp(-phi(net.effect[0], offset + slope * e_m) - phi(net.effect[1], e_b)))
            influence = 1 / (
                1 + np.exp(-phi(net.influence[0], 0.0) - phi(net.influence[1], e_m))
            )  # all have as many followers
            assert found["effect"][row, column] == pytest.approx(effect, rel=1e-4)
            assert found["influence"][row, column] == pytest.approx(influence, rel=1e-4)
            told = found["content"][row, column] * effect * influence
            assert found["score"][row, column] == pytest.approx(told, rel=1e-4)
    net.float()


def test_a_leaky_one_ranks_nobody(noise):
    camera = Camera(Camera.Config.from_settings({"epochs": 1, "width": 0.02, "endorsement": "leaky"})).fit(
        noise
    )
    with pytest.raises(UsageError, match="can be evaluated, not used"):
        camera.score(noise, noise.brands, noise.influencers)
    camera.reveal_labels(noise)
    assert camera.score(noise, noise.brands, noise.influencers).shape == (20, 80)


def test_an_explanation_has_the_factors_and_the_expectations_of_the_pair(noise):
    """S = S_con S_ed S_in, and w_b, w_m (Eq. 1, 7, 18): in JSON, in sentences, and equal to the network's."""
    camera = Camera(Camera.Config.from_settings({"epochs": 1, "width": 0.02})).fit(noise)
    brand, influencer = noise.brands[0], noise.influencers[3]
    explanation = explain(camera, noise, brand=brand, influencer=influencer, kinds=())
    result = explanation.to_dict()
    expected = camera.factors(noise, noise.brands[:1], noise.influencers[3:4])
    for name in ("content", "effect", "influence"):
        assert result["factors"][name] == pytest.approx(float(expected[name][0, 0]))
    assert np.prod(list(result["factors"].values())) == pytest.approx(result["score"], rel=1e-4)
    for side, suffix in (("brand", "b"), ("influencer", "m")):
        weights = list(result["expectations"][side].values())
        assert sum(weights) == pytest.approx(1, abs=1e-4)
        assert weights == sorted(weights, reverse=True)
        assert max(weights) == pytest.approx(float(expected[f"weights_{suffix}"].max()), rel=1e-4)
    text = " ".join(explanation.sentences)
    assert "The score is a product: content of both" in text
    assert f"In this pair {brand} is mainly about" in text


def test_without_interaction_there_are_no_factors(noise):
    camera = Camera(Camera.Config.from_settings({"epochs": 1, "width": 0.02, "interaction": "false"})).fit(
        noise
    )
    result = explain(
        camera, noise, brand=noise.brands[0], influencer=noise.influencers[3], kinds=()
    ).to_dict()
    assert "factors" not in result
    assert "expectations" in result


def test_the_defaults_are_those_of_the_paper():
    """Section IV-D: Adam at .001, times .95 an epoch, 40 epochs, batches of 8, dropout .6, L1 .001, and
    weights from U(-.1, .1)."""
    torch = pytest.importorskip("torch")
    from brandfit.rankers._camera_net import CameraNet

    torch.manual_seed(0)
    config = Camera.Config()
    assert (config.learning_rate, config.decay, config.epochs, config.batch_size) == (0.001, 0.95, 40, 8)
    assert (config.dropout, config.l1) == (0.6, 0.001)
    network = CameraNet(
        torch.zeros((12, 100)),
        {"concept": 12},
        representation="attention",
        dropout=0.6,
        width=1.0,
        interaction=True,
    )
    weights = [p for name, p in network.named_parameters() if name.endswith("weight") and p.ndim == 2]
    largest = [float(weight.detach().abs().max()) for weight in weights if weight.numel() > 1000]
    assert largest
    # The float32 next to .1 is above .1.
    assert all(0.099 < value <= 0.1 + 1e-7 for value in largest)


def test_the_hinge_has_the_margin_of_the_paper(monkeypatch):
    """max(0, 7 - F(b, +) + F(b, -)), mean over triplets (Eq. 19)."""
    torch = pytest.importorskip("torch")
    positive, negative = torch.tensor([9.0, 3.0, 1.0]), torch.tensor([1.0, 2.0, 5.0])
    camera = Camera()
    monkeypatch.setattr(camera, "score_triplets", lambda embedder, batch: (positive, negative))
    assert float(camera.loss(None, None)) == pytest.approx((0 + 6 + 11) / 3)


def with_vectors(noise: Dataset, width: int = 100) -> Dataset:
    """The same with a vector for each of the twelve concepts."""
    vectors = np.random.default_rng(1).normal(size=(12, width)).astype(np.float32)
    return noise.with_slots({"concept": replace(noise.slots["concept"], column_vectors=vectors)})


@pytest.mark.parametrize("tuned", [True, False])
def test_concepts_start_from_the_vectors_of_the_encoder(noise, tuned):
    """U_C of COSMIC (Eq. 6; C-05), fixed as in the paper or trained."""
    dataset = with_vectors(noise)
    settings = {"epochs": 1, "width": 0.02, "concept_vectors": "encoder", "tune_concepts": tuned}
    camera = Camera(Camera.Config.from_settings(settings)).fit(dataset)
    start = dataset.slots["concept"].column_vectors
    trained = camera.network.concepts.detach().numpy()
    assert np.array_equal(trained, start) == (not tuned)
    # Stored weights hold them, so that a fitted model needs no vectors.
    again = restored(camera.state(), camera.arrays())
    ids = noise.brands[:2], noise.influencers[:5]
    np.testing.assert_array_equal(again.parts(noise, *ids)["camera"], camera.parts(dataset, *ids)["camera"])


@pytest.mark.parametrize(("width", "found"), [(None, "none"), (8, "8 numbers each")])
def test_an_encoder_without_fitting_vectors_is_named(noise, width, found):
    dataset = noise if width is None else with_vectors(noise, width)
    camera = Camera(Camera.Config.from_settings({"epochs": 0, "concept_vectors": "encoder"}))
    with pytest.raises(UsageError, match=f"c has {found}"):
        camera.fit(dataset)


def test_the_settings_of_concept_vectors_do_not_change_earlier_keys():
    assert not {"concept_vectors", "tune_concepts"} & set(Camera.Config().identity())


def test_the_history_of_an_account_is_the_softmax_of_its_summed_shares():
    """w_a (Eq. 5): shares of z' summed over posts; the sum is the mean share times H posts."""
    accounts = [Account(id="b", role="brand"), Account(id="i")]
    posts = [Post(id=f"p{n}", account="i") for n in range(3)]
    shares = np.random.default_rng(2).dirichlet(np.ones(4), 3).astype(np.float32)
    features = Features("c", np.array(["p0", "p1", "p2"], object), shares, "post", columns=tuple("wxyz"))
    dataset = Dataset.from_rows(accounts, posts).with_slots({"concept": features})
    camera = Camera(Camera.Config.from_settings({"posts": 3}))
    ids = {"brands": np.array(["b"], object), "influencers": np.array(["i"], object)}
    summed = np.exp(shares.sum(axis=0))
    found = camera.slot_vectors(dataset, "concept", **ids).influencer.values[0]
    np.testing.assert_allclose(found, summed / summed.sum(), rtol=1e-5)


def test_concepts_that_an_account_does_not_have_are_no_reason(noise):
    """Of an account with two concepts, the eight others of its ten heaviest are ties at the lowest share."""
    features = noise.slots["concept"]
    values = np.array(features.values)
    row = features.ids.tolist().index("i000")
    values[row] = 0
    values[row, [3, 7]] = 0.5
    dataset = noise.with_slots({"concept": replace(features, values=values)})
    camera = Camera(Camera.Config.from_settings({"epochs": 0, "width": 0.02})).fit(dataset)
    attention = camera.attention(dataset, "b00", "i000")
    assert np.flatnonzero(attention["influencer"]).tolist() == [3, 7]
    assert np.count_nonzero(attention["brand"]) == 10
