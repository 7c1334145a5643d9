"""Endorsements derived from posts: what counts, who counts, and that stated ones are left alone."""

from __future__ import annotations

import pytest

from brandfit.data.checks import check
from brandfit.data.dataset import Dataset
from brandfit.data.endorsements import Config, derive, within_bounds
from brandfit.data.schema import Account, Link, Post
from brandfit.errors import ConfigError


@pytest.fixture
def dataset() -> Dataset:
    """Five micro-influencers m0-m4 name "soap" in five ways; "boots" is named by three; a giant names
    both."""
    accounts = [Account(id=f"m{n}", followers=10_000) for n in range(5)]
    accounts += [
        Account(id="giant", followers=2_000_000),
        Account(id="unknown"),
        Account(id="hub", followers=50_000),
    ]
    posts = [
        Post(id="a", account="m0", mentions=["soap", "m0"], time=50),
        Post(id="b", account="m0", tags=["soap"], time=20),
        Post(id="c", account="m1", tags=["soap"], mentions=["boots"]),
        Post(id="d", account="m2", sponsors=["soap"], mentions=["boots"], disclosed=True),
        Post(id="e", account="m3", mentions=["soap", "boots"], disclosed=True),
        Post(id="f", account="unknown", mentions=["soap"]),
        Post(id="g", account="giant", mentions=["soap", "boots"]),
        *(Post(id=f"h{n}", account=f"m{n}", tags=["hub"]) for n in range(5)),
    ]
    return Dataset.from_rows(accounts, posts)


def test_who_names_an_account_often_enough_makes_it_a_brand(dataset):
    derived = derive(dataset)
    assert derived.brands.tolist() == ["soap"]
    assert derived.endorsements.tolist() == [["soap", i] for i in ("m0", "m1", "m2", "m3", "unknown")]
    assert derived.representation == {"soap": "partners"}
    assert "1 brands with at least 5 endorsers" in derived.notes[-1]


def test_each_link_carries_the_first_post_that_states_it(dataset):
    links = {row["source"]: row for row in derive(dataset).links_of_kinds("endorses").to_pylist()}
    assert (links["m0"]["post"], links["m0"]["time"]) == ("b", 20)
    assert (links["m1"]["post"], links["m1"]["time"]) == ("c", None)


@pytest.mark.parametrize(
    ("settings", "pairs"),
    [
        ({"min_endorsers": 6}, set()),
        (
            {"min_endorsers": 3, "kinds": ["mentions"]},
            {("boots", i) for i in ("m1", "m2", "m3")} | {("soap", i) for i in ("m0", "m3", "unknown")},
        ),
        ({"min_endorsers": 1, "kinds": ["sponsors"]}, {("soap", "m2")}),
        (
            {"min_endorsers": 2, "disclosed_only": True},
            {(b, i) for b in ("boots", "soap") for i in ("m2", "m3")},
        ),
        (
            {"min_endorsers": 4, "max_followers": 3_000_000},
            {("boots", i) for i in ("m1", "m2", "m3", "giant")}
            | {("soap", i) for i in ("m0", "m1", "m2", "m3", "unknown", "giant")},
        ),
        (
            {"min_endorsers": 5, "influencers_as_brands": True},
            {("hub", f"m{n}") for n in range(5)} | {("soap", i) for i in ("m0", "m1", "m2", "m3", "unknown")},
        ),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, dict) else "",
)
def test_the_rules_are_settings(dataset, settings, pairs):
    derived = derive(dataset, Config.from_settings(settings))
    assert {(row["target"], row["source"]) for row in derived.links_of_kinds("endorses").to_pylist()} == pairs


def test_stated_endorsements_are_taken_as_they_are(dataset):
    stated = dataset.with_links([Link(id="1", kind="endorses", source="giant", target="boots")])
    assert derive(stated) is stated


def test_the_order_of_rows_changes_nothing(dataset):
    mixed = Dataset(
        {
            "accounts": dataset.accounts.take(list(range(len(dataset.accounts)))[::-1]),
            "posts": dataset.posts.take(list(range(len(dataset.posts)))[::-1]),
            "images": dataset.images,
            "links": dataset.stored_links,
        },
        dataset.fingerprint,
    )
    assert derive(mixed).endorsements.tolist() == derive(dataset).endorsements.tolist()
    assert sorted(map(str, derive(mixed).links_of_kinds("endorses").to_pylist())) == sorted(
        map(str, derive(dataset).links_of_kinds("endorses").to_pylist())
    )


def test_bounds_keep_those_of_unknown_size(dataset):
    assert within_bounds(dataset, Config()).tolist() == ["hub", "m0", "m1", "m2", "m3", "m4", "unknown"]


@pytest.fixture
def both_ways() -> Dataset:
    """The brand "lamp" names m0-m2, of which m0 names it; m3 names it too. The brand "mug" names m0 alone. A
    giant is named, and influencers name each other."""
    accounts = [Account(id=f"m{n}", followers=10_000) for n in range(4)]
    accounts += [Account(id="giant", followers=2_000_000), Account(id="fan", role="audience")]
    accounts += [Account(id=id, role="brand") for id in ("lamp", "mug")]
    posts = [
        Post(id="a", account="lamp", mentions=["m0", "giant", "mug"], time=30),
        Post(id="b", account="lamp", tags=["m1", "m2"], time=40),
        Post(id="c", account="lamp", sponsors=["m3"], time=10),
        Post(id="d", account="m0", mentions=["lamp", "m1"], time=50),
        Post(id="e", account="m3", tags=["lamp"], time=60, disclosed=True),
        Post(id="f", account="mug", mentions=["m0"], time=70),
        Post(id="g", account="fan", mentions=["m0", "m1", "m2"], time=5),
    ]
    return Dataset.from_rows(accounts, posts)


@pytest.mark.parametrize(
    ("direction", "partners", "told"),
    [
        (
            "both",
            ["m0", "m1", "m2", "m3"],
            "2 stated by posts of influencers, 3 by posts of brands, 1 of them by both",
        ),
        ("brand", ["m0", "m1", "m2"], "posts of influencers are not counted"),
        ("influencer", ["m0", "m3"], "posts of brands are not counted"),
    ],
)
def test_posts_of_influencers_and_of_brands_state_pairs(both_ways, direction, partners, told):
    derived = derive(both_ways, Config(direction=direction, min_endorsers=2))
    assert derived.endorsements.tolist() == [["lamp", id] for id in partners]
    assert told in derived.notes[-1]
    if direction == "both":
        assert derive(both_ways, Config(min_endorsers=2)).fingerprint == derived.fingerprint  # the default


def test_the_first_post_of_either_side_is_kept_and_pairs_left_out_are_counted(both_ways):
    derived = derive(both_ways, Config(min_endorsers=2))
    links = {
        row["source"]: (row["post"], row["time"]) for row in derived.links_of_kinds("endorses").to_pylist()
    }
    assert links == {"m0": ("a", 30), "m1": ("b", 40), "m2": ("b", 40), "m3": ("e", 60)}
    assert "left out: 1 of 1 brands with fewer endorsers, for example mug" in derived.notes[-1]
    assert derive(both_ways, Config(min_endorsers=2, disclosed_only=True)).endorsements.tolist() == []
    finding = next(one for one in check(derived).findings if one.name == "endorsements_derived")
    assert (finding.count, finding.severity) == (4, "note")
    assert "3 by posts of brands" in check(derived).to_text()


def test_partners_outside_the_follower_bounds_are_counted_and_named(dataset, both_ways):
    derived = derive(dataset)
    outside = (
        "not counted as partners: 1 influencer outside these bounds that name brands or are named by them"
    )
    assert f"{outside}, for example giant and soap" in derived.notes[-1]
    assert outside in check(derived).to_text()
    assert derived.uncounted_pairs.tolist() == [
        ["soap", "giant"]
    ]  # boots has too few endorsers to be a brand
    assert derive(both_ways, Config(min_endorsers=2)).uncounted_brands("giant") == ["lamp"]
    wider = derive(dataset, Config(max_followers=3_000_000))
    assert "not counted as partners" not in wider.notes[-1]
    assert not len(wider.uncounted_pairs)
    # A view of the data keeps them, and they change no fingerprint.
    assert derived.restricted(influencers=["giant"]).uncounted_partners("soap") == {"giant"}
    assert derived.with_uncounted_pairs(derived.uncounted_pairs[:0]).fingerprint == derived.fingerprint


def test_where_brands_post_nothing_both_directions_are_the_direction_of_influencers(dataset):
    assert derive(dataset).fingerprint == derive(dataset, Config(direction="influencer")).fingerprint
    assert "5 stated by posts of influencers, 0 by posts of brands" in derive(dataset).notes[-1]


def test_a_direction_that_no_kind_can_state_is_refused(both_ways):
    with pytest.raises(ConfigError, match="nothing can be derived"):
        Config.from_settings({"direction": "brand", "kinds": "sponsors"})
    with pytest.raises(ConfigError, match="direction"):
        Config.from_settings({"direction": "brands"})
