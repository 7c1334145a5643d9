"""The side of a brand that is represented by its partners: shares by hand, sums, faithfulness, sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.explain.attribute import OTHERS, Attributor
from brandfit.explain.explain import explain
from brandfit.explain.faithfulness import faithfulness
from brandfit.explain.partners import PartnerSide
from brandfit.rankers.brandfit import Brandfit
from brandfit.rankers.simcos import SimCos
from brandfit.rankers.wsim import WSim

PARTNERS = ("i00", "i01", "i02")
INFLUENCER = "i05"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """A brand without posts, its three partners, and 21 others; i01 alone posts as i05 does."""
    rng = np.random.default_rng(7)
    accounts = [Account(id="quiet", role="brand"), Account(id="shop", role="brand")]
    accounts += [Account(id=f"i{n:02}") for n in range(24)]
    posts = [
        Post(id=f"{a.id}.{k}", account=a.id, caption=f"{a.id} {k}") for a in accounts[1:] for k in range(3)
    ]
    rows = rng.gamma(1, size=(len(posts), 6)).astype(np.float32)
    ids = np.array([post.id for post in posts], dtype=object)
    for id in ("i01.0", "i01.1", "i05.0", "i05.1", "i05.2"):
        rows[ids == id] = (9, 0, 0, 0, 0, 0)
    rows[ids == "i01.2"] = (0, 0, 0, 9, 0, 0)
    links = []
    for source, target in [*((partner, "quiet") for partner in PARTNERS), ("i20", "shop"), ("i21", "shop")]:
        id = link_id("endorses", source, target=target)
        links.append(Link(id=id, kind="endorses", source=source, target=target))
    text = Features(name="t", ids=ids, values=rows, level="post", columns=tuple("abcdef"), slot="text")
    return Dataset.from_rows(accounts, posts, links=links).with_slots({"text": text})


@pytest.fixture(scope="module")
def product():
    """b' diag(w) i, and nothing else: linear in the partners."""
    ranker = WSim(WSim.Config.from_settings({"normalise": False}))
    ranker.diagonal = {"text": np.array([1.0, -2.0, 0.5, 0.0, 3.0, 1.0])}
    ranker.weights, ranker.reads = {"text": 1.0}, {"text": ("t", 6)}
    return ranker


def rows_of(dataset: Dataset, account: str) -> np.ndarray:
    ids = np.array([f"{account}.{k}" for k in range(3)], dtype=object)
    return dataset.slots["text"].values_of(ids)[0].astype(float)


def side_of(ranker, dataset, influencer=INFLUENCER) -> PartnerSide:
    return PartnerSide(ranker, dataset, brand="quiet", influencer=influencer, slots=["text"])


def score_of(ranker, dataset, influencer=INFLUENCER) -> float:
    pair = np.array(["quiet"], dtype=object), np.array([influencer], dtype=object)
    return float(ranker.score(dataset, *pair)[0, 0])


def test_shares_of_partners_and_posts_are_the_terms_of_the_mean(dataset, product):
    """With n partners of p posts each, the score is a sum over partners / n, and over posts / (n p)."""
    side = side_of(product, dataset)
    direction = product.diagonal["text"] * rows_of(dataset, INFLUENCER).mean(axis=0)
    found = Attributor(product, dataset).attribution(side.by_partner())
    assert found.total == pytest.approx(score_of(product, dataset), rel=1e-5)
    for item in found.items:
        k = PARTNERS.index(item.id)
        instead = [
            rows_of(dataset, side.pool[(offset + k) % len(side.pool)]).mean(axis=0)
            for offset in range(OTHERS)
        ]
        difference = rows_of(dataset, item.id).mean(axis=0) - np.mean(instead, axis=0)
        assert item.value == pytest.approx(direction @ difference / 3, rel=1e-4)
    by_post = Attributor(product, dataset).attribution(side.by_post(found))
    assert by_post.total == pytest.approx(score_of(product, dataset), rel=1e-5)
    for item in by_post.items:
        account, k = item.id.split(".")
        instead = [rows_of(dataset, id)[int(k)] for id in side.pool[:OTHERS]]
        difference = rows_of(dataset, account)[int(k)] - np.mean(instead, axis=0)
        assert item.value == pytest.approx(direction @ difference / 9, rel=1e-4, abs=1e-5)
        assert item.label == f"{account}: {account} {k}"


def test_nobody_of_the_pair_replaces_a_partner(dataset, product):
    pool = side_of(product, dataset).pool
    assert len(pool) == OTHERS
    assert not {*PARTNERS, INFLUENCER} & set(pool)


@pytest.mark.parametrize("make", [SimCos, Brandfit])
@pytest.mark.parametrize("influencer", [INFLUENCER, "i02"])
def test_both_add_up_for_every_ranker_and_for_a_partner_itself(dataset, make, influencer):
    ranker = make().fit(dataset)
    found = explain(ranker, dataset, brand="quiet", influencer=influencer, sides=("influencer", "brand"))
    of_brand = [one for one in found.attributions if one.side == "brand"]
    assert [one.kind for one in of_brand] == ["partners", "posts"]
    for one in of_brand:
        assert one.total == pytest.approx(score_of(ranker, dataset, influencer), abs=1e-5)


def test_partners_and_posts_that_do_not_fit_into_the_list_are_one_sum(dataset, product):
    side, attributor = side_of(product, dataset), Attributor(product, dataset)
    one = attributor.attribution(side.by_partner(most=1))
    every = attributor.attribution(side.by_partner())
    assert [item.id for item in one.items] == [every.items[0].id]
    assert one.rest == pytest.approx(sum(item.value for item in every.items[1:]), rel=1e-4, abs=1e-5)
    two = attributor.attribution(side.by_post(every, most=2))
    assert len(two.items) == 2
    assert two.total == pytest.approx(score_of(product, dataset), rel=1e-5)


def test_the_planted_partner_and_its_posts_are_named(dataset):
    ranker = SimCos().fit(dataset)
    found = explain(ranker, dataset, brand="quiet", influencer=INFLUENCER, sides=("brand",))
    (partners,) = found.attributions_of("partners", "brand")
    assert partners.items[0].id == "i01"
    (posts,) = found.attributions_of("posts", "brand")
    assert {item.id for item in posts.items[:2]} == {"i01.0", "i01.1"}
    assert any(s.startswith("The partners of the brand that speak most for it: i01") for s in found.sentences)
    assert any(
        s.startswith("The posts on the brand's side that speak most for it: “i01: ") for s in found.sentences
    )
    # A brand with posts is explained by its own.
    own = explain(ranker, dataset, brand="shop", influencer=INFLUENCER, sides=("brand",))
    assert not own.attributions_of("partners")


def test_removing_what_is_named_first_lowers_the_score_faster_than_chance(dataset):
    ranker = SimCos().fit(dataset)
    side, attributor = side_of(ranker, dataset), Attributor(ranker, dataset)
    partners = side.by_partner()
    posts = side.by_post(attributor.attribution(partners))
    for game in (partners, posts):
        value_by_id = {item.id: item.value for item in attributor.attribution(game).items}
        weights = np.array([value_by_id.get(id, 0.0) for id in game.ids])
        found = faithfulness(game.value, weights)
        assert found.deletion < found.random_deletion
        assert found.insertion > found.random_insertion


def test_kinds_without_an_answer_are_noted(dataset):
    ranker = SimCos().fit(dataset)
    found = explain(
        ranker, dataset, brand="quiet", influencer=INFLUENCER, kinds=("columns",), sides=("brand",)
    )
    assert found.attributions == ()
    assert any("explained by partners and their posts, not by columns" in note for note in found.notes)


def test_the_command_prints_partners(tmp_path, capsys):
    """A brand of a spreadsheet without posts: i0 and i1 write the same."""
    place = tmp_path / "copy"
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text(
        "id,role,followers\nquiet,brand,\n" + "".join(f"i{n},influencer,9000\n" for n in range(8))
    )
    captions = ["lemon cake"] * 2 + ["mountain bike"] * 6
    (files / "posts.csv").write_text(
        "id,account,caption\n" + "".join(f"p{n},i{n},{captions[n]} {n}\n" for n in range(8))
    )
    (files / "endorsements.csv").write_text("influencer,brand\ni0,quiet\ni2,quiet\n")
    main(["import", str(files), "-w", str(place)])
    pipeline.encode(place, "text.hashing")
    capsys.readouterr()
    main(["explain", "quiet", "i1", "--ranker", "simcos", "--side", "brand", "-w", str(place)])
    said = capsys.readouterr().out
    assert "The partners of the brand that speak most for it: i0." in said
    assert "Partners, brand:" in said
    main(["explain", "quiet", "i1", "--ranker", "simcos", "--side", "brand", "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in found["attributions"]] == ["partners", "posts"]
