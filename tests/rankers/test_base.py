from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import UnknownName, UsageError
from brandfit.rankers.base import restored
from brandfit.rankers.random import Random

INFLUENCERS = ("ana", "bo", "cy")


def dataset():
    accounts = [Account(id=i) for i in INFLUENCERS] + [Account(id=b, role="brand") for b in ("shop", "quiet", "briefed", "unseen")]
    posts = [Post(id="s", account="shop"), Post(id="b", account="briefed", kind="brief")]
    links = [Link(id=link_id("endorses", "bo", b), kind="endorses", source="bo", target=b) for b in ("shop", "quiet")]
    return Dataset.of(accounts, posts, links=links)


def test_ranks_best_first_without_past_partners():
    ranking = Random(seed=4).rank(dataset(), "shop")
    assert set(ranking.candidates) == {"ana", "cy"}
    assert ranking.scores[0] > ranking.scores[1]
    assert (ranking.ranker, ranking.fingerprint) == ("random", dataset().fingerprint)
    assert ranking.parts["random"].tolist() == ranking.scores.tolist()
    everyone = np.array(INFLUENCERS, dtype=object)
    assert len(Random().rank(dataset(), "shop", everyone)) == 3
    assert len(Random().rank(dataset(), "shop", everyone, k=1)) == 1


@pytest.mark.parametrize(
    ("brand", "note"),
    [
        ("shop", None),
        ("briefed", "briefed is seen through its brief"),
        ("quiet", "quiet is seen through the posts of its partners"),
        ("unseen", "nothing is known of unseen"),
    ],
)
def test_says_how_the_brand_is_seen(brand, note):
    notes = Random().rank(dataset(), brand).notes
    assert (notes == ()) if note is None else notes[0].startswith(note)


def test_says_where_a_ranking_knows_nothing():
    class Mute(Random):
        def parts(self, dataset, brands, candidates):
            return {"mute": np.full((len(brands), len(candidates)), np.nan)}

    notes = Mute().rank(dataset(), "shop").notes
    assert any("has no evidence on shop and anybody" in note for note in notes)
    assert Random().rank(dataset(), "shop").notes == ()


def test_refuses_what_cannot_be_meant():
    with pytest.raises(UnknownName, match="no brand named 'shopp'"):
        Random().rank(dataset(), "shopp")
    with pytest.raises(UsageError, match="no candidates to rank for 'shop'"):
        Random().rank(dataset(), "shop", np.array([], dtype=object))


def test_restored_is_the_same_ranker():
    ranker = Random(seed=7).fit(dataset())
    again = restored(ranker.state(), ranker.arrays())
    assert again.state() == ranker.state()
    assert again.fitted_on == dataset().fingerprint
    with pytest.raises(UnknownName, match="randum"):
        restored({**ranker.state(), "ranker": "randum"}, {})
