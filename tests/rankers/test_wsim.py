"""WSim against its equations; that it trains, stores and resumes is in the conformance suite."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import MissingExtra, UsageError
from brandfit.rankers.mir import Mir
from brandfit.rankers.simcos import SimCos
from brandfit.rankers.wsim import WSim, WSimConfig, batch_size_of
from brandfit.rankers.wsim_mt import WSimMT

torch = pytest.importorskip("torch")

BRANDS = [f"b{n:02d}" for n in range(20)]
INFLUENCERS = [f"i{n:02d}" for n in range(80)]


def features(name, ids, values, level="account", columns=()):
    return Features(
        name=name,
        ids=np.array(ids, dtype=object),
        values=np.asarray(values, np.float32),
        level=level,
        columns=columns,
    )


def decisive(signal=1.0, engagement=None):
    """Brand n endorses influencers n, n + 20, n + 40. Which of columns 0 ... 4 is high decides; columns 5 ...
    14 are loud noise."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 15))
    for n in range(100):
        rows[n, :5] = signal * (np.arange(5) == n % 5) + 0.05 * rng.normal(size=5)
    accounts = [Account(id=b, role="brand") for b in BRANDS] + [Account(id=i) for i in INFLUENCERS]
    posts = [Post(id=f"p-{id}", account=id) for id in BRANDS + INFLUENCERS]
    links = [
        Link(
            id=link_id("endorses", INFLUENCERS[i], target=BRANDS[n]),
            kind="endorses",
            source=INFLUENCERS[i],
            target=BRANDS[n],
        )
        for n in range(20)
        for i in (n, n + 20, n + 40)
    ]
    slots = {
        "text": features("t", BRANDS + INFLUENCERS, rows),
        "picture": features("v", BRANDS, rng.normal(size=(20, 6))),
    }
    if engagement is not None:
        slots["engagement"] = features(
            "e", [f"p-{i}" for i in INFLUENCERS], engagement, "post", ("likes", "engagement_rate")
        )
    return Dataset.from_rows(accounts, posts, links=links).with_slots(slots)


def all_scores(ranker, data):
    return ranker.score(data, data.brands, data.influencers)


def test_untrained_it_is_the_cosine():
    data = decisive()
    assert np.allclose(
        all_scores(WSim(WSimConfig(epochs=0)).fit(data), data), all_scores(SimCos(), data), atol=1e-6
    )


def test_it_learns_which_features_matter():
    data = decisive()
    ranker = WSim(WSimConfig(epochs=60, learning_rate=0.02, validation=0)).fit(
        data.restricted(brands=BRANDS[:15])
    )
    weights = ranker.diagonal["text"]
    assert weights[:5].mean() > 3 * abs(weights[5:]).mean()
    assert ranker.n_parameters == 15 + 1
    assert list(ranker.weights) == ["text"]
    assert "picture left out: no influencer has such features" in ranker.notes(data)

    def share_on_top(scores):
        """How much of the 16 best are of the brand's own kind, over the brands that were not learned from."""
        kind = np.arange(80) % 5
        return np.mean([(kind[np.argsort(-scores[n])[:16]] == n % 5).mean() for n in range(15, 20)])

    assert share_on_top(all_scores(ranker, data)) > share_on_top(all_scores(SimCos(), data)) + 0.2


def test_scores_are_equation_3_with_missing_factors_left_out():
    ranker = WSim(WSimConfig(normalise=False))
    ranker.load_arrays(
        {
            "diagonal.text": np.array([1, 2], np.float32),
            "diagonal.picture": np.array([3], np.float32),
            "weight.text": np.array([0.2]),
            "weight.picture": np.array([0.3]),
            "weight.engagement": np.array([0.5]),
            "engagement": np.array([0.1, 0.2]),
        }
    )
    ids = ["shop", "all", "still", "mute", "bare"]
    slots = {
        "text": features("t", ["shop", "all", "still"], [[1, 1], [4, 5], [2, 0]]),
        "picture": features("v", ["shop", "all", "mute"], [[2], [1], [-1]]),
        "engagement": features(
            "e", ["all", "mute", "bare"], [[9, 0.3], [9, 0.1], [9, 0.5]], columns=("likes", "engagement_rate")
        ),
    }
    data = Dataset.from_rows(
        [Account(id=id, role="brand" if id == "shop" else "influencer") for id in ids]
    ).with_slots(slots)
    found = ranker.parts(data, np.array(ids[:1], dtype=object), np.array(ids[1:], dtype=object))
    # all: text 4 + 2*5 = 14, picture 2*3*1 = 6, e = (.3 - .1)/.2 = 1. still: text 2 alone. mute: picture -6
    # and e 0 by .3 : .5.
    np.testing.assert_allclose(found["text"], [[0.2 * 14, 2, 0, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(found["picture"], [[0.3 * 6, 0, 0.3 / 0.8 * -6, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(
        found["engagement"], [[0.5, 0, 0, np.nan]], rtol=1e-6, atol=1e-6
    )  # bare: popular, but for whom?


def test_the_network_and_the_scores_agree():
    """Training and scoring are written twice, in torch and in NumPy: the same numbers must come out, whatever
    is missing."""
    from brandfit.learning.samplers import Pools
    from brandfit.rankers._wsim_net import WSimNet
    from brandfit.rankers.wsim import _PoolInputs

    rng = np.random.default_rng(2)
    data, ids = decisive(), np.array(BRANDS + INFLUENCERS)

    def some(name, dim):
        chosen = ids[rng.random(100) < 0.6]
        return features(
            name, chosen, rng.normal(size=(len(chosen), dim)), columns=("engagement_rate",) * (dim == 1)
        )

    data = data.with_slots({"text": some("t", 7), "concept": some("c", 3), "engagement": some("e", 1)})
    ranker = WSim(WSimConfig(epochs=3, learning_rate=0.05)).fit(data)
    network = WSimNet({"text": 7, "concept": 3}, engagement=True)
    with torch.no_grad():
        for slot, diagonal in network.diagonal.items():
            diagonal.copy_(torch.from_numpy(ranker.diagonal[slot]))
        network.mix.copy_(
            torch.tensor([ranker.weights[slot] for slot in ("text", "concept", "engagement")]).log()
        )
    examples = ranker._examples(data)
    pairs = examples.pairs
    b, n = len(pairs.brands), len(pairs.influencers)
    candidates = np.tile(np.append(np.arange(n), -1), (b, 1))  # the last column is no candidate
    inputs, _, valid = _PoolInputs(torch, "cpu", examples)(
        Pools(np.arange(b), candidates, np.zeros((b, n + 1), bool))
    )
    scores = ranker.score(data, pairs.brands, pairs.influencers)
    assert 0.05 < np.isnan(scores).mean() < 0.5
    assert (valid[:, :n].numpy() == ~np.isnan(scores)).all()
    assert not valid[:, n].any()
    found = network(*inputs).detach().numpy()[:, :n]
    np.testing.assert_allclose(found[~np.isnan(scores)], scores[~np.isnan(scores)], atol=1e-5)


def test_engagement_is_learned_where_it_decides():
    popular = np.array([[0, 0.3 if n < 60 else 0.1] for n in range(80)]) + 0.01 * np.random.default_rng(
        1
    ).random((80, 2))
    data = decisive(signal=0.0, engagement=popular)
    ranker = WSim(WSimConfig(epochs=80, learning_rate=0.05)).fit(data)
    assert ranker.weights["engagement"] > 0.2 > WSim(WSimConfig(epochs=0)).fit(data).weights["engagement"]
    assert sum(ranker.weights.values()) == pytest.approx(1)
    assert ranker.engagement[0] == pytest.approx(popular[:, 1].mean(), rel=1e-3)


def test_engagement_without_its_column_is_left_out_by_name():
    data = decisive()
    other = data.with_slots(
        {**data.slots, "engagement": features("e", INFLUENCERS, np.ones((80, 1)), columns=("likes",))}
    )
    ranker = WSim(WSimConfig(epochs=1)).fit(other)
    assert list(ranker.weights) == ["text"]
    assert "engagement left out: its features have no column engagement_rate" in ranker.notes(other)


def test_other_features_than_it_was_fitted_on_are_refused():
    data = decisive()
    ranker = WSim(WSimConfig(epochs=1)).fit(data)
    ids = BRANDS + INFLUENCERS
    for text in (features("other", ids, np.ones((100, 15))), features("t", ids, np.ones((100, 3)))):
        with pytest.raises(UsageError, match=r"wsim was fitted on t \(15 columns\) as text, found"):
            all_scores(ranker, data.with_slots({"text": text}))
    later = data.with_slots({**data.slots, "concept": features("c", ids, np.ones((100, 4)))})
    assert (
        "concept left out: it was not there, or of no use, when the ranker was trained; train it again to "
        "use it" in ranker.notes(later)
    )
    assert (all_scores(ranker, later) == all_scores(ranker, data)).all()


def test_it_says_what_it_lacks(monkeypatch):
    data = decisive()
    with pytest.raises(UsageError, match="wsim has not been fitted"):
        all_scores(WSim(), data)
    with pytest.raises(UsageError, match="no endorsing pair has features of the same slot"):
        WSim().fit(data.with_slots({"picture": data.slots["picture"]}))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"brandfit\[learn\]"):
        WSim().fit(data)


def test_importing_it_imports_no_torch():
    code = "import sys, brandfit.rankers.wsim; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("ranker", [WSim, WSimMT])
def test_full_lists_learn_what_decides(ranker):
    """The full listwise mode (III-D) finds the columns that decide, as pools do."""
    settings = {"lists": "full", "epochs": 60, "learning_rate": 0.02, "validation": 0.0}
    dataset = decisive()
    model = ranker(ranker.Config.from_settings(settings), seed=0).fit(dataset)
    brands, candidates = dataset.brands, dataset.influencers
    is_partner = np.array(
        [[id in dataset.partners[b] for id in candidates.tolist()] for b in brands.tolist()]
    )

    def auc(scores: np.ndarray) -> float:
        """Mean over brands. At best .916: 13 of the 77 others have the same columns as the partners."""
        rows = zip(scores, is_partner, strict=True)
        return float(np.mean([np.mean(row[mask][:, None] > row[~mask]) for row, mask in rows]))

    trained, untrained = (one.score(dataset, brands, candidates) for one in (model, SimCos().fit(dataset)))
    assert auc(trained) > 0.75
    assert auc(trained) > auc(untrained) + 0.05
    assert "lists" not in ranker.Config().identity()


def test_a_step_of_full_lists_has_as_many_candidates_as_a_step_of_pools():
    config = WSimConfig.from_settings({"lists": "full", "batch_size": 100, "pool_size": 6})
    assert batch_size_of(config, 200) == 3
    assert batch_size_of(config, 10_000) == 1
    assert batch_size_of(WSimConfig(), 10_000) == 256


def test_mir_with_engagement_prefers_engaging_influencers_and_its_default_is_as_before():
    rng = np.random.default_rng(3)
    rates = np.column_stack([rng.uniform(0, 50, 80), rng.uniform(0.01, 0.09, 80)])
    dataset = decisive(engagement=rates)
    settings = {"epochs": 1, "width": 0.05, "engagement": 0.9}
    mir = Mir(Mir.Config.from_settings(settings)).fit(dataset)
    scores = mir.score(dataset, dataset.brands, dataset.influencers)
    order = np.argsort([int(id[1:]) for id in dataset.influencers.tolist()])
    correlation = np.corrcoef(np.nanmean(scores[:, order], axis=0), rates[:, 1])[0, 1]
    assert correlation > 0.9
    assert (
        mir.n_parameters
        == Mir(Mir.Config.from_settings({"epochs": 1, "width": 0.05})).fit(dataset).n_parameters
    )
    assert "engagement" not in Mir.Config().identity()
    assert Mir().slots == ("text", "picture")
