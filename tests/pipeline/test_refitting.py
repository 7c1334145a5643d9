"""Encoding anew in every fold: fitted on the training side alone, and what told of labels no longer does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brandfit import pipeline, registry
from brandfit.data import endorsements
from brandfit.data.features import Features
from brandfit.data.split import expansion
from brandfit.encoders.base import Encoder, Units
from brandfit.pipeline.refitting import Refit
from brandfit.workspace import Workspace

WHOLE = "describes whole accounts"
FITTED = "was fitted on"


class Gossip(Encoder):
    """Of every account, the brands that it works with, as it was told when it learned: labels and nothing
    else."""

    level = "account"
    preference = 100

    def __init__(self, config=None):
        super().__init__(config)
        self._works, self._brands = {}, []

    @property
    def dim(self):
        return len(self._brands)

    @property
    def weights(self):
        return str(sorted(self._works.items()))

    @property
    def learned_from(self):
        return "accounts", "endorsements"

    def learn(self, dataset):
        self._brands = dataset.brands.tolist()
        self._works = {b: [b] for b in self._brands}
        for brand, influencer in endorsements.derive(dataset).endorsements.tolist():
            self._works.setdefault(influencer, []).append(brand)

    def units(self, dataset):
        ids = [id for id in dataset.accounts["id"].to_pylist() if id in self._works]
        return Units(ids, [self._works[id] for id in ids])

    def encode_batch(self, batch):
        return np.array([[name in told for name in self._brands] for told in batch], np.float32)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("refitting") / "demo", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.lda", settings={"topics": 8})
        yield workspace


@pytest.fixture
def gossip(tmp_path, monkeypatch):
    """A workspace with Features of labels."""
    load, known = registry.load, registry.names
    monkeypatch.setattr(
        registry, "load", lambda kind, name: Gossip if name == "text.gossip" else load(kind, name)
    )
    monkeypatch.setattr(
        registry, "names", lambda kind: [*known(kind), *(["text.gossip"] if kind == "encoder" else [])]
    )
    monkeypatch.setattr(Gossip, "name", "text.gossip")
    with Workspace(tmp_path / "demo", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        pipeline.encode(workspace, "text.gossip")
        yield workspace


def test_labels_that_features_remember_are_named_and_gone_when_they_are_made_anew(gossip):
    leaking = pipeline.evaluate(gossip, ["simcos"], protocol="expansion")
    assert leaking.value("simcos", leaking.protocol.metrics[0])["mean"] > 0.95
    assert [note for note in leaking.remarks() if FITTED in note and "overrated" in note]
    honest = pipeline.evaluate(gossip, ["simcos"], protocol="expansion", refit=True)
    assert honest.value("simcos", honest.protocol.metrics[0])["mean"] < 0.7
    assert not [note for note in honest.remarks() if FITTED in note or WHOLE in note]
    assert [
        note for note in honest.remarks() if "encoded anew in every fold" in note and "text.gossip" in note
    ]


def test_both_sides_are_what_the_encoder_makes_of_them_by_what_it_learned_of_the_training_side(place):
    data = {"slots.text": "text.lda"}
    dataset = pipeline.load(place, data)
    anew = Refit.from_dataset(place, dataset)
    assert set(anew.encoders) == {"text"}
    (fold,) = expansion(dataset)
    found = anew(fold)
    cls = registry.load("encoder", "text.lda")
    lda = cls(cls.Config.from_settings({"topics": 8}))
    for view, side in ((fold.train, found.train), (fold.test, found.test)):
        wanted = lda.encode(view, learn=view is fold.train)
        assert side.slots["text"].columns == wanted.columns
        assert side.slots["text"].ids.tolist() == wanted.ids.tolist()
        np.testing.assert_array_equal(side.slots["text"].values, wanted.values)
    assert fold.features
    assert not found.features


def test_the_pairs_that_are_judged_stay_the_same(tmp_path):
    """Of accounts that say what they are and post nothing: what they say is there in every fold."""
    rows = ["username,role,followers,bio"]
    topics = ["coffee", "travel", "pets", "sport", "gardens"]
    rows += [f"brand.{n},brand,,{topics[n % 5]}" for n in range(6)]
    rows += [f"fan.{n:02},influencer,9000,{topics[n % 5]}" for n in range(40)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "accounts.csv").write_text("\n".join(rows))
    pairs = [f"brand.{b},fan.{n:02}" for b in range(6) for n in range(40) if (b + n) % 5 == 0]
    (tmp_path / "in" / "endorsements.csv").write_text("\n".join(["brand,influencer", *pairs]))
    with Workspace(tmp_path / "work", create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=tmp_path / "in")
        pipeline.encode(workspace, "text.profile")
        once, anew = (
            pipeline.evaluate(workspace, ["brandfit"], protocol="expansion", refit=refit)
            for refit in (False, True)
        )
        workspace.save(replace(workspace.features("text.profile"), key="made elsewhere"))
        left = pipeline.evaluate(workspace, ["brandfit"], protocol="expansion", refit=True)
    assert [note for note in once.results["brandfit"].notes if FITTED in note]
    assert not [note for note in anew.results["brandfit"].notes if FITTED in note or WHOLE in note]
    assert anew.brands.tolist() == once.brands.tolist()
    assert (anew.candidate_counts, anew.positives) == (once.candidate_counts, once.positives)
    assert [note for note in left.remarks() if "not encoded anew" in note and "text.profile" in note]
    assert [note for note in left.results["brandfit"].notes if FITTED in note]


def test_the_workspace_keeps_its_features(place):
    before = {name: place.features(name).key for name in place.feature_names()}
    pipeline.evaluate(place, ["simcos"], protocol="expansion", data={"slots.text": "text.lda"}, refit=True)
    assert {name: place.features(name).key for name in place.feature_names()} == before


def test_what_was_imported_stays_and_is_named(place):
    dataset = pipeline.load(place)
    ids = np.concatenate([dataset.brands, dataset.influencers])
    rows = np.random.default_rng(0).random((len(ids), 4)).astype(np.float32)
    place.save(Features("released.topics", ids, rows, "account", slot="text", learned_from=("accounts",)))
    report = pipeline.evaluate(
        place, ["simcos"], protocol="expansion", data={"slots.text": "released.topics"}, refit=True
    )
    assert [note for note in report.remarks() if "released.topics" in note and WHOLE in note]


def test_that_there_was_nothing_to_encode_anew_is_said(place):
    (fold,) = expansion(pipeline.load(place))
    assert [note for note in Refit(place, {})(fold).notes if "nothing was encoded anew" in note]
