"""Attributions of an inner product, whose shares are known by hand; words, radars and sentences."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.encoders.text.hashing import Hashing
from brandfit.errors import UnknownName, UsageError
from brandfit.explain.attribute import OTHERS, Attributor, phrases, without, without_phrases
from brandfit.explain.explain import explain
from brandfit.explain.explanation import Attribution, Explanation, Weight
from brandfit.explain.perturbations import others, pair
from brandfit.explain.radar import column_radar, radar, similar_brands
from brandfit.explain.text import sentences
from brandfit.learning.pooling import brand_vectors
from brandfit.rankers.camera import Camera
from brandfit.rankers.simcos import SimCos
from brandfit.rankers.wsim import WSim
from brandfit.workspace import Workspace

COLUMNS = tuple("abcdef")


@pytest.fixture(scope="module")
def toy() -> Dataset:
    """Two brands, 12 influencers with three posts each; text is six named columns."""
    rng = np.random.default_rng(2)
    accounts = [Account(id=b, role="brand") for b in ("shop", "store")]
    accounts += [Account(id=f"i{n:02}") for n in range(12)]
    posts = [Post(id=f"{a.id}.{k}", account=a.id, caption=f"post {k}") for a in accounts for k in range(3)]
    rows = rng.gamma(1, size=(len(posts), 6)).astype(np.float32)
    links = [
        Link(id=link_id("endorses", "i03", target="store"), kind="endorses", source="i03", target="store")
    ]
    text = Features(
        name="t",
        ids=np.array([p.id for p in posts], dtype=object),
        values=rows,
        level="post",
        columns=COLUMNS,
        slot="text",
    )
    concept = Features(name="c", ids=text.ids, values=rows, level="post", columns=COLUMNS, slot="concept")
    return Dataset.from_rows(accounts, posts, links=links).with_slots({"text": text, "concept": concept})


@pytest.fixture
def product(toy):
    """b' diag(w) i, and nothing else."""
    ranker = WSim(WSim.Config.from_settings({"normalise": False}))
    ranker.diagonal = {"text": np.array([1.0, -2.0, 0.5, 0.0, 3.0, 1.0])}
    ranker.weights, ranker.reads = {"text": 1.0}, {"text": ("t", 6)}
    return ranker


def rows_of(dataset, id):
    posts = [
        p
        for p, a in zip(dataset.posts["id"].to_pylist(), dataset.posts["account"].to_pylist(), strict=True)
        if a == id
    ]
    return dataset.slots["text"].values_of(np.array(posts, dtype=object))[0].astype(float)


def test_shares_of_an_inner_product_are_its_terms_less_those_of_others(toy, product):
    attributor = Attributor(product, toy)
    brand, mine = rows_of(toy, "shop").mean(axis=0), rows_of(toy, "i05")
    instead = np.array(
        [
            rows
            for id, rows in others(toy, ["text"], ids=toy.influencers, count=OTHERS + 1, seed=0)["text"]
            if id != "i05"
        ][:OTHERS],
        float,
    )
    instead = instead.mean(axis=0)
    direction = brand * product.diagonal["text"]
    score = direction @ mine.mean(axis=0)
    columns = attributor.attribution(attributor.columns("shop", "i05", slot="text"))
    assert columns.base == pytest.approx(direction @ instead.mean(axis=0), rel=1e-5)
    assert columns.total == pytest.approx(score, rel=1e-5)
    for item in columns.items:
        k = COLUMNS.index(item.id)
        assert item.value == pytest.approx(
            direction[k] * (mine.mean(axis=0) - instead.mean(axis=0))[k], rel=1e-4, abs=1e-5
        )
    posts = attributor.attribution(attributor.posts("shop", "i05"))
    for item in posts.items:
        p = int(item.id[-1])
        assert item.value == pytest.approx(direction @ (mine[p] - instead[p]) / 3, rel=1e-4, abs=1e-5)
    assert [abs(i.value) for i in posts.items] == sorted((abs(i.value) for i in posts.items), reverse=True)


def test_columns_that_are_not_told_apart_are_one_sum(toy, product):
    attributor = Attributor(product, toy)
    all_ = attributor.attribution(attributor.columns("shop", "i05", slot="text"))
    two = attributor.attribution(attributor.columns("shop", "i05", slot="text", most=2))
    told = {item.id: item.value for item in all_.items}
    assert len(two.items) == 2
    assert two.rest == pytest.approx(
        all_.rest + sum(v for id, v in told.items() if id not in {i.id for i in two.items}), rel=1e-4
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("explain") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "image.classical", "concept.bag", "engagement"):
            pipeline.encode(workspace, name)
    return place


@pytest.fixture
def quiet(toy):
    """A brand without posts that four work with, one of whom nobody else asked for; what it and others say of
    themselves."""
    ids = np.array(["quiet", *toy.influencers.tolist()], dtype=object)
    said = Features(
        "s",
        ids,
        np.random.default_rng(4).gamma(1, size=(len(ids), 3)).astype(np.float32),
        "account",
        slot="profile",
    )
    links = [
        Link(id=link_id("endorses", i, target="quiet"), kind="endorses", source=i, target="quiet")
        for i in ("i01", "i02", "i03")
    ]
    more = toy.with_accounts([Account(id="quiet", role="brand")]).with_links(links)
    return more.with_slots({**toy.slots, "profile": said})


@pytest.mark.parametrize("influencer", ["i02", "i07"])
def test_shares_add_up_for_a_partner_that_stands_for_the_brand_too(quiet, influencer):
    assert quiet.representation["quiet"] == "partners"
    pair = np.array(["quiet"], dtype=object), np.array([influencer], dtype=object)
    ranker = SimCos().fit(quiet)
    score = float(ranker.score(quiet, *pair)[0, 0])
    found = explain(ranker, quiet, brand="quiet", influencer=influencer, kinds=("posts", "columns"))
    assert found.score == pytest.approx(score)
    assert found.attributions
    for told in found.attributions:
        assert told.total == pytest.approx(score, abs=1e-6), told


def test_a_pair_alone_is_seen_as_among_all(quiet):
    """Some brands are stood for, this one is not: nobody does in the pair either."""
    stand = [
        Link(id=link_id("represents", "i05", target="store"), kind="represents", source="i05", target="store")
    ]
    for dataset in (quiet, quiet.with_links(stand), quiet.without_representatives()):
        for brand in ("quiet", "shop"):
            alone = pair(dataset, brand, "i02")
            assert alone.representation[brand] == dataset.representation[brand]
            for slot in dataset.slots:
                asked = np.array([brand], dtype=object)
                left, right = (brand_vectors(view, slot, brands=asked) for view in (alone, dataset))
                assert left.present.tolist() == right.present.tolist()
                assert left.values == pytest.approx(right.values)


@pytest.fixture(scope="module")
def learned(place):
    """Brandfit on the sample, and the sample with a brand whose posts have no pictures."""
    with Workspace(place) as workspace:
        pipeline.train(workspace, "brandfit")
        ranker, dataset = pipeline.fitted(workspace, "brandfit")
    brand = max(dataset.brands.tolist(), key=lambda b: len(dataset.partners.get(b, ())))
    posts = dataset.posts.filter(pc.equal(dataset.posts["account"], brand))["id"].to_pylist()
    picture = dataset.slots["picture"]
    left = ~np.isin(picture.ids.astype(str), posts)
    blind = replace(picture, ids=picture.ids[left], values=picture.values[left])
    return ranker, brand, {"all": dataset, "blind": dataset.with_slots({**dataset.slots, "picture": blind})}


@pytest.mark.parametrize("view", ["all", "blind"])
@pytest.mark.parametrize("partner", [True, False])
def test_both_sides_of_brandfit_add_up(learned, view, partner):
    """A past partner has worked with no other brand for that; a slot that the brand lacks still tells of the
    influencer."""
    ranker, brand, views = learned
    dataset = views[view]
    past = dataset.partners[brand]
    influencer = next(i for i in dataset.influencers.tolist() if (i in past) == partner)
    found = explain(
        ranker,
        dataset,
        brand=brand,
        influencer=influencer,
        kinds=("posts", "columns"),
        sides=("influencer", "brand"),
    )
    assert {told.side for told in found.attributions} == {"influencer", "brand"}
    for told in found.attributions:
        assert told.total == pytest.approx(found.score, abs=1e-4), (told.side, told.kind, told.slot)


def test_words_that_the_brand_uses_speak_for_the_pair():
    accounts = [Account(id="shop", role="brand"), *(Account(id=f"i{n}") for n in range(9))]
    posts = [Post(id="b", account="shop", caption="lemon cake and tea")]
    posts += [Post(id=f"p{n}", account=f"i{n}", caption="bikes and mountains") for n in range(8)]
    posts += [Post(id="p8", account="i8", caption="lemon cake on my bikes", hashtags=["tea"])]
    dataset = Dataset.from_rows(accounts, posts)
    encoder = Hashing()
    dataset = dataset.with_slots({"text": encoder.encode(dataset)})
    ranker = SimCos().fit(dataset)
    attributor = Attributor(ranker, dataset)
    found = attributor.attribution(attributor.words("shop", "i8", encoder=encoder, slot="text"))
    value = {item.id: item.value for item in found.items}
    assert found.total == pytest.approx(
        ranker.score(dataset, np.array(["shop"]), np.array(["i8"]))[0, 0], abs=1e-5
    )
    assert {"lemon", "cake", "#tea"} <= {word for word, v in value.items() if v > 0.05}
    assert value["bikes"] < 0
    assert without("Cake, cakes and #cake", {"cake"}) == ", cakes and #cake"


def test_phrases_that_the_brand_uses_speak_for_the_pair_under_wsim():
    """WSim without an epoch is the cosine: what a phrase adds is the cosine with and without it (W-19)."""
    accounts = [Account(id="shop", role="brand"), *(Account(id=f"i{n}") for n in range(3))]
    posts = [Post(id="b", account="shop", caption="lemon cake")]
    posts += [Post(id=f"p{n}", account=f"i{n}", caption="old bikes") for n in range(2)]
    posts += [Post(id="p2", account="i2", caption="the lemon cake, with my old bikes")]
    links = [Link(id="l", kind="endorses", source="i2", target="shop")]
    dataset = Dataset.from_rows(accounts, posts, images=[], links=links)
    encoder = Hashing()
    dataset = dataset.with_slots({"text": encoder.encode(dataset)})
    ranker = WSim(WSim.Config.from_settings({"epochs": 0, "validation": 0.0})).fit(dataset)
    attributor = Attributor(ranker, dataset)
    game = attributor.phrases("shop", "i2", encoder=encoder, slot="text")
    assert set(game.ids) == {"lemon cake", "old bikes"}
    found = attributor.attribution(game)
    value = {item.id: item.value for item in found.items}
    # Shapley values of two phrases, from the scores of the four captions.
    score = {}
    for caption in (
        "the lemon cake, with my old bikes",
        "the lemon cake, with my ",
        "the , with my old bikes",
    ):
        variant = Dataset.from_rows(
            accounts, [*posts[:-1], Post(id="p2", account="i2", caption=caption)], images=[], links=links
        )
        variant = variant.with_slots({"text": encoder.encode(variant)})
        score[caption] = ranker.score(variant, np.array(["shop"]), np.array(["i2"]))[0, 0]
    whole, cake, bikes = score.values()
    bare = found.base
    assert value["lemon cake"] == pytest.approx(((cake - bare) + (whole - bikes)) / 2, abs=1e-4)
    assert value["old bikes"] == pytest.approx(((bikes - bare) + (whole - cake)) / 2, abs=1e-4)
    assert value["lemon cake"] > 0.3 > 0 > value["old bikes"]
    assert found.instead == "without these phrases"


def test_a_phrase_ends_at_punctuation_stop_words_and_tags():
    text = "Warm winter boots for the Snow! #snow @ann.b day one two three four five"
    keys = [phrase.key for phrase in phrases(text)]
    assert keys == ["warm winter boots", "snow", "#snow", "@ann.b", *keys[4:]]
    assert all(len(key.split()) <= 4 for key in keys)
    assert without_phrases("Winter boots, red winter boots", {"winter boots"}) == ", red winter boots"
    assert without_phrases(text, set()) == text


def test_radars_are_shares_of_both_sides(toy):
    found = radar(toy, "concept", brand="shop", influencer="i05")
    assert set(found.axes) <= set(COLUMNS)
    mine, brand = rows_of(toy, "i05").mean(axis=0), rows_of(toy, "shop").mean(axis=0)
    at = [COLUMNS.index(axis) for axis in found.axes]
    np.testing.assert_allclose(
        found.series["historical activity: influencer"], (mine / mine.sum())[at], rtol=1e-5
    )
    both = np.sqrt(mine / mine.sum() * brand / brand.sum())
    np.testing.assert_allclose(found.series["marketing direction: both"], (both / both.sum())[at], rtol=1e-5)
    assert radar(toy, "profile", brand="shop", influencer="i05") is None
    shares = column_radar(
        Attribution(
            kind="columns",
            side="influencer",
            slot="concept",
            base=0,
            items=(Weight("a", "a", 3.0), Weight("b", "b", -1.0)),
        ),
        "c",
    )
    assert shares.to_dict()["series"] == {"for": [0.75, 0.0], "against": [0.0, 0.25]}


def test_of_camera_the_direction_is_its_attention(toy):
    ranker = Camera(Camera.Config.from_settings({"epochs": 1, "width": 0.05, "validation": 0.0})).fit(toy)
    found = next(
        r
        for r in explain(ranker, toy, brand="shop", influencer="i05", kinds=("posts",)).radars
        if "marketing direction: brand" in r.series
    )
    told = ranker.factors(toy, np.array(["shop"], dtype=object), np.array(["i05"], dtype=object))
    expected = {
        COLUMNS[int(c)]: w for c, w in zip(told["concepts_m"][0, 0], told["weights_m"][0, 0], strict=True)
    }
    # Concepts that the influencer does not have are ties at its lowest share, and no direction.
    sides = ranker.slot_vectors(
        toy, "concept", brands=np.array(["shop"], dtype=object), influencers=np.array(["i05"], dtype=object)
    )
    share = dict(zip(COLUMNS, sides.influencer.values[0], strict=True))
    expected = {axis: w if share[axis] > min(share.values()) else 0.0 for axis, w in expected.items()}
    assert any(expected.values())
    for axis, value in zip(found.axes, found.series["marketing direction: influencer"], strict=True):
        assert value == pytest.approx(expected[axis], rel=1e-4)


def test_brands_that_are_alike_come_first_and_say_whom_they_work_with(toy):
    assert similar_brands(SimCos().fit(toy), toy, brand="shop", influencer="i03") == [
        {
            "brand": "store",
            "likeness": pytest.approx(0.9, abs=0.2),
            "partners": 1,
            "works_with_this_one": True,
        }
    ]


def told(**changes):
    items = (Weight("p1", "so soft", 0.8), Weight("p2", "dull", 0.01), Weight("p3", "bad", -0.4))
    posts = Attribution(kind="posts", side="influencer", slot="", base=0.1, items=items)
    parts = {"text": 0.9, "picture": -0.4, "graph": 0.01}
    return Explanation(
        brand="shop",
        influencer="ana",
        ranker="simcos",
        score=0.51,
        parts=parts,
        attributions=(posts,),
        **changes,
    )


def test_sentences_say_what_the_numbers_say_and_no_more():
    found = sentences(told(more={"rank": 3, "candidates": 1200, "probability": [0.21, 0.1, 0.32]}))
    assert found[0] == (
        "ana is number 3 of 1,200, with a score of 0.51 for shop, more than the 0.10 that the posts of "
        "others get on average; the "
        "chance that they work together is 21 % (10 % to 32 %)."
    )
    assert found[1] == "For it: what both write (+0.90). Against it: what both show (-0.40)."
    assert found[2] == "The posts that speak most for it: “so soft”."
    assert len(found) == 3  # the crumb is not told, the one against it neither, and nobody is alike
    noisy = Attribution(
        kind="posts", side="influencer", slot="", base=0.1, items=(Weight("p1", "so soft", 0.8, 0.5),)
    )
    assert not any(
        "so soft" in s
        for s in sentences(
            Explanation(
                brand="shop", influencer="ana", ranker="x", score=0.9, parts={"x": 0.9}, attributions=(noisy,)
            )
        )
    )


def test_a_column_of_a_slot_that_the_brand_lacks_is_not_what_both_show():
    dark = Attribution(
        kind="columns",
        side="influencer",
        slot="picture",
        base=0.1,
        items=(Weight("dark", "brightness dark", 0.8),),
    )
    explanation = Explanation(
        brand="shop", influencer="ana", ranker="x", score=0.9, parts={"x": 0.9}, attributions=(dark,)
    )
    assert "What speaks for it in what both show: brightness dark." in sentences(explanation)
    alone = sentences(replace(explanation, unknown=("picture",)))
    assert not any("both" in sentence for sentence in alone)
    assert (
        "What speaks for it in what it shows, through brands that were learned from: brightness dark."
        in alone
    )


def test_a_slot_that_one_side_lacks_is_unknown_for_the_pair(toy):
    ranker = SimCos().fit(toy)
    assert explain(ranker, toy, brand="shop", influencer="i05").unknown == ()
    concept = toy.slots["concept"]
    renamed = [f"gone-{n}" if str(id).startswith("shop") else id for n, id in enumerate(concept.ids)]
    kept = replace(concept, ids=np.array(renamed, dtype=object), key="2")
    lacking = toy.with_slots({**toy.slots, "concept": kept})
    assert explain(SimCos().fit(lacking), lacking, brand="shop", influencer="i05").unknown == ("concept",)


def test_words_without_a_topic_of_their_own_are_no_reason():
    words = Attribution(
        kind="words",
        side="influencer",
        slot="text",
        base=0.1,
        items=(Weight("The", "The", 0.9), Weight("boots", "boots", 0.8)),
    )
    found = sentences(
        Explanation(
            brand="shop", influencer="ana", ranker="x", score=1.8, parts={"x": 1.8}, attributions=(words,)
        )
    )
    assert "The words that speak most for it: boots." in found


def test_an_unknown_name_and_a_pair_without_evidence_are_said(toy, product):
    with pytest.raises(UnknownName, match="i5"):
        explain(product, toy, brand="shop", influencer="i5")
    bare = toy.with_accounts([Account(id="mute")])
    with pytest.raises(UsageError, match="no score to explain"):
        explain(product, bare, brand="shop", influencer="mute")


def test_the_command(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
        influencer = pipeline.rank(workspace, brand, ranker="simcos", k=1).candidates[0]
    kinds = [word for kind in ("posts", "columns", "words", "phrases", "maps") for word in ("--kind", kind)]
    main(
        [
            "explain",
            brand,
            f"@{influencer}",
            *kinds,
            "--side",
            "both",
            "--out",
            str(tmp_path / "why"),
            "-w",
            str(place),
            "--json",
        ]
    )
    found = json.loads(capsys.readouterr().out)
    assert 1 <= found["rank"] <= found["candidates"]
    for attribution in found["attributions"]:
        total = (
            attribution["base"] + attribution["rest"] + sum(item["value"] for item in attribution["items"])
        )
        assert total == pytest.approx(found["score"], abs=1e-4), attribution["kind"]
    assert {a["kind"] for a in found["attributions"]} == {"posts", "columns", "words", "phrases"}
    assert {m["side"] for m in found["maps"]} == {"influencer", "brand"}
    assert len(list((tmp_path / "why").glob("map-*.png"))) == len(found["maps"])
    assert json.loads((tmp_path / "why" / "explanation.json").read_text())["score"] == found["score"]
    main(["explain", brand, influencer, "-w", str(place)])
    said = capsys.readouterr().out
    assert found["sentences"][0] in said
    assert "score of others" in said
    with pytest.raises(SystemExit):
        main(["explain", brand, "nobody.at.all", "-w", str(place)])
    assert "no influencer named 'nobody.at.all'" in capsys.readouterr().err
