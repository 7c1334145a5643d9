"""Rankers on released features of real brands and influencers: the figures that their docstrings expect."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, link_id
from brandfit.rankers.simcos import SimCos, SimCosConfig
from brandfit.rankers.wsim import WSim, WSimConfig


@pytest.fixture(scope="module")
def released(shared):
    """Text topics and concept vectors of 286 brands and 3,075 influencers."""
    data = np.load(shared / "data" / "brand_micro_influencer" / "train.npz")
    brands = np.array([f"b{n:03d}" for n in range(len(data["brand_lda"]))], dtype=object)
    influencers = np.array([f"i{n:04d}" for n in range(len(data["influencer_lda"]))], dtype=object)
    ids = np.concatenate([brands, influencers])
    slots = {
        slot: Features(
            name, ids, np.concatenate([data[f"brand_{name}"], data[f"influencer_{name}"]]), "account"
        )
        for slot, name in (("text", "lda"), ("concept", "concept"))
    }
    accounts = [Account(id=b, role="brand") for b in brands] + [Account(id=i) for i in influencers]
    links = [
        Link(
            id=link_id("endorses", influencers[i], target=brands[b]),
            kind="endorses",
            source=influencers[i],
            target=brands[b],
        )
        for b, i in data["endorsement"]
    ]
    return Dataset.from_rows(accounts, links=links).with_slots(slots)


def auc(ranker, dataset, brands):
    """Mean over these brands, against all the influencers of these brands; ties count half."""
    pairs = dataset.endorsements[np.isin(dataset.endorsements[:, 0], brands)]
    candidates = np.unique(pairs[:, 1])
    scores = ranker.score(dataset, brands, candidates)
    values = []
    for n, brand in enumerate(brands):
        mine = np.isin(candidates, pairs[pairs[:, 0] == brand, 1])
        higher, equal = (
            scores[n, mine][:, None] > scores[n, ~mine],
            scores[n, mine][:, None] == scores[n, ~mine],
        )
        values.append((higher + 0.5 * equal).mean())
    return np.mean(values)


@pytest.mark.parametrize(("fusion", "expected"), [("average", 0.84), ("concatenate", 0.83)])
def test_simcos_over_five_folds(released, fusion, expected):
    ranker = SimCos(SimCosConfig(fusion=fusion))
    folds = [auc(ranker, released, released.brands[n::5]) for n in range(5)]
    assert np.mean(folds) == pytest.approx(expected, abs=0.01)


def test_wsim_after_two_epochs_is_still_near_the_cosine_that_it_starts_from(released):
    pytest.importorskip("torch")
    brands = released.brands[::5]
    ranker = WSim(WSimConfig(epochs=2)).fit(released.restricted(brands=np.setdiff1d(released.brands, brands)))
    assert auc(ranker, released, brands) == pytest.approx(auc(SimCos(), released, brands), abs=0.01)
    assert ranker.n_parameters == 19 + 128 + 2
    assert ranker.training["validation"][-1] < ranker.training["validation"][0]
