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
    accounts = [Account(id=i) for i in INFLUENCERS] + [
        Account(id=b, role="brand") for b in ("shop", "quiet", "briefed", "unseen", "both")
    ]
    posts = [Post(id="s", account="shop"), Post(id="b", account="briefed", kind="brief")]
    posts += [Post(id="c", account="both"), Post(id="d", account="both", kind="brief")]
    links = [
        Link(id=link_id("endorses", "bo", target=b), kind="endorses", source="bo", target=b)
        for b in ("shop", "quiet")
    ]
    return Dataset.from_rows(accounts, posts, links=links)


def test_ranks_best_first_without_past_partners():
    ranking = Random(seed=4).rank(dataset(), "shop")
    assert set(ranking.candidates) == {"ana", "cy"}
    assert ranking.scores[0] > ranking.scores[1]
    assert (ranking.ranker, ranking.fingerprint) == ("random", dataset().fingerprint)
    assert ranking.parts["random"].tolist() == ranking.scores.tolist()
    everyone = np.array(INFLUENCERS, dtype=object)
    assert len(Random().rank(dataset(), "shop", candidates=everyone)) == 3
    assert len(Random().rank(dataset(), "shop", candidates=everyone, k=1)) == 1


@pytest.mark.parametrize(
    ("brand", "note"),
    [
        ("shop", None),
        ("briefed", "briefed is represented by its brief"),
        ("both", "both is represented by its posts: its brief is not read"),
        ("quiet", "quiet is represented by the posts of its partners"),
        ("unseen", "nothing is known of unseen"),
    ],
)
def test_says_how_the_brand_is_seen(brand, note):
    notes = Random().rank(dataset(), brand).notes
    assert (notes == ()) if note is None else notes[0].startswith(note)


def test_nobody_is_numbered_where_nothing_is_known():
    class Mute(Random):
        def parts(self, dataset, brands, candidates):
            return {"mute": np.full((len(brands), len(candidates)), np.nan)}

    ranking = Mute().rank(dataset(), "shop")
    assert ranking.notes[0].startswith("nobody is ranked")
    assert f"no evidence on shop and any of the {len(ranking)} candidates" in ranking.notes[0]
    assert ranking.no_evidence == len(ranking)
    assert {row["rank"] for row in ranking.rows()} == {None}
    assert Random().rank(dataset(), "shop").notes == ()


def test_those_without_evidence_come_last_without_a_number_and_are_counted():
    class Half(Random):
        def parts(self, dataset, brands, candidates):
            values = np.arange(len(candidates), dtype=float)
            values[0] = np.nan
            return {"half": np.tile(values, (len(brands), 1))}

    ranking = Half().rank(dataset(), "shop")
    n = len(ranking)
    assert [row["rank"] for row in ranking.rows()] == [*range(1, n), None]
    assert (ranking.no_evidence, ranking.notes) == (1, ())
    assert ranking.top(1).no_evidence == 1  # of the whole list
    kept = ranking.subset(~np.isnan(ranking.scores))
    assert (kept.no_evidence, kept.notes) == (0, ())
    alone = ranking.subset(np.isnan(ranking.scores))
    assert alone.no_evidence == 1
    assert alone.notes[0].startswith("nobody is ranked")


def test_refuses_what_cannot_be_meant():
    with pytest.raises(UnknownName, match="no brand named 'shopp'"):
        Random().rank(dataset(), "shopp")
    with pytest.raises(UsageError, match="no candidates to rank for 'shop'"):
        Random().rank(dataset(), "shop", candidates=np.array([], dtype=object))


def test_restored_is_the_same_ranker():
    ranker = Random(seed=7).fit(dataset())
    again = restored(ranker.state(), ranker.arrays())
    assert again.state() == ranker.state()
    assert again.fitted_on == dataset().fingerprint
    with pytest.raises(UnknownName, match="randum"):
        restored({**ranker.state(), "ranker": "randum"}, {})


def test_a_slot_that_is_unknown_is_in_the_notes_with_count_and_example():
    from brandfit.data.features import Features
    from brandfit.data.schema import Account, Post
    from brandfit.rankers.simcos import SimCos

    accounts = [Account(id="oat.bar", role="brand"), *(Account(id=f"i{n}") for n in range(4))]
    posts = [Post(id=f"p-{account.id}", account=account.id) for account in accounts]
    ids = np.array([post.id for post in posts], dtype=object)
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    text = Features("t", ids[:4], values[:4], key="t")  # none of the post of i3
    picture = Features("p", ids[1:], values[1:], key="p")  # none of the post of the brand
    other = Features("p", ids[1:], values[1:], key="c")
    dataset = Dataset.from_rows(accounts, posts).with_slots(
        {"text": text, "picture": picture, "concept": other}
    )
    assert (
        "text is unknown for 1 of 4 candidates (i3): it is left out of their scores"
        in SimCos().rank(dataset, "oat.bar").notes
    )
    two = Dataset.from_rows(
        [*accounts, Account(id="pea.bar", role="brand")], [*posts, Post(id="p-pea", account="pea.bar")]
    ).with_slots(
        {
            "text": Features("t", np.append(ids, "p-pea"), values[[0, 1, 2, 3, 4, 0]], key="t2"),
            "picture": text,
        }
    )
    assert "picture does not count: pea.bar has no such features" in SimCos().rank(two, "pea.bar").notes
