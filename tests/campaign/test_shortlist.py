"""The set that is chosen: against every possible set, the first of the ranking, and sums by hand."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from brandfit import pipeline
from brandfit.campaign.constraints import Limit, Limits, read_limits, strictest
from brandfit.campaign.feasibility import _joined, _parts, cheapest
from brandfit.campaign.forecast import forecast
from brandfit.campaign.optimizer import choose
from brandfit.campaign.pool import Pool
from brandfit.campaign.prices import PriceConfig, median_rate, prices, read_prices
from brandfit.campaign.set_value import set_value
from brandfit.campaign.shortlist import shortlist
from brandfit.cli import main
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import DataError, UnknownName, UsageError
from brandfit.workspace import Workspace


def drawn(seed: int, n: int, m: int = 12):
    rng = np.random.default_rng(seed)
    audience = sparse.csr_matrix((rng.random((n, m)) < 0.4).astype(float))
    followers, match = rng.integers(0, 9_000, n).astype(float), rng.random(n)
    return set_value(audience, followers, match), rng.integers(1, 60, n).astype(float), rng


def test_reach_by_hand():
    # a is known for two members, b for one of the same; a has 200 followers, b 300
    reach = set_value(
        sparse.csr_matrix([[1.0, 1.0], [0.0, 1.0]]), np.array([200.0, 300.0]), np.array([0.5, 0.2])
    )
    assert reach.weight.tolist() == [
        100.0,
        100.0,
    ]  # the shared one stands for 100 of one and 300 of the other: for 100
    assert reach.private.tolist() == [0.0, 200.0]
    assert reach.value([0]) == pytest.approx(0.5 * 200)
    assert reach.value([1]) == pytest.approx(0.2 * 300)
    assert reach.value([0, 1]) == pytest.approx(0.5 * 100 + (1 - 0.5 * 0.8) * 100 + 0.2 * 200)
    assert reach.gains(reach.empty_coverage).tolist() == pytest.approx([100.0, 60.0])


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_nobody_wins_more_people_than_follow_it(seed, n):
    rng = np.random.default_rng(seed)
    followers, match = rng.integers(0, 3, n) * rng.integers(0, 9_000, n).astype(float), rng.random(n)
    reach = set_value(sparse.csr_matrix((rng.random((n, 9)) < 0.4).astype(float)), followers, match)
    for i in range(n):
        assert reach.value([i]) == pytest.approx(match[i] * followers[i])


@given(st.integers(0, 10**6), st.integers(2, 7))
def test_adding_to_more_never_adds_more(seed, n):
    reach, _, rng = drawn(seed, n)
    order = rng.permutation(n).tolist()
    small, i = order[: n // 2], order[-1]
    large = order[:-1]
    assert (
        reach.value([*small, i]) - reach.value(small) >= reach.value([*large, i]) - reach.value(large) - 1e-9
    )
    assert reach.value(order) == pytest.approx(reach.value(order[::-1]))


def limits_of(rng, n, costs, groups):
    kinds = int(rng.integers(3))
    budget = float(rng.integers(10, 120)) if kinds != 1 else float("inf")
    count = int(rng.integers(1, n + 1)) if kinds != 0 else None
    parts = []
    if groups:
        members = rng.random(n) < 0.5
        parts = [Limit("a group", members, 0, int(rng.integers(0, 3)))]
    return Limits(costs, budget, count, parts)


def possible(limits, n):
    for size in range(n + 1):
        for chosen in itertools.combinations(range(n), size):
            at = list(chosen)
            if limits.prices[at].sum() <= limits.budget + 1e-9 and (
                limits.count is None or size <= limits.count
            ):
                counts = [group.members[at].sum() for group in limits.groups]
                if all(
                    g.least <= c and (g.most is None or c <= g.most)
                    for g, c in zip(limits.groups, counts, strict=True)
                ):
                    yield at


@given(st.integers(0, 10**6), st.integers(1, 8), st.booleans())
@settings(max_examples=150, deadline=None)
def test_it_keeps_the_limits_is_never_below_the_ranking_and_near_the_best(seed, n, groups):
    reach, costs, rng = drawn(seed, n)
    limits = limits_of(rng, n, costs, groups)
    ranked = np.argsort(-reach.match, kind="stable")
    found = choose(reach, limits, ranked)
    assert found.at in [at for at in possible(limits, n) if sorted(found.at) == at] or sorted(
        found.at
    ) in list(possible(limits, n))
    assert found.value == pytest.approx(reach.value(found.at))
    assert found.ranked is None or found.value >= found.ranked - 1e-9
    best = max(reach.value(at) for at in possible(limits, n))
    assert found.bound >= best - 1e-6
    if not groups:
        assert found.value >= (1 - 1 / np.e) / 2 * best - 1e-9
    if not groups and not np.isfinite(limits.budget):
        assert found.value >= (1 - 1 / np.e) * best - 1e-9


@st.composite
def hard_limits(draw):
    """Several groups that overlap, some of which must and some of which may not be there, under a budget
    often too tight."""
    n = draw(st.integers(3, 8))
    numbers = st.lists(st.integers(1, 30), min_size=n, max_size=n)
    groups = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        members = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        groups.append(Limit(name, members, draw(st.integers(0, 3)), draw(st.none() | st.integers(0, 3))))
    budget = draw(st.just(float("inf")) | st.integers(5, 120).map(float))
    return Limits(np.array(draw(numbers), float), budget, draw(st.none() | st.integers(1, n)), groups)


@given(hard_limits(), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_a_set_is_found_wherever_there_is_one(limits, seed):
    n = len(limits.prices)
    reach, _, rng = drawn(seed, n)
    feasible = list(possible(limits, n))
    ranked = rng.permutation(n)
    if not feasible:
        with pytest.raises(UsageError, match="No set keeps"):
            choose(reach, limits, ranked)
        return
    found = choose(reach, limits, ranked)
    assert sorted(found.at) in feasible
    assert found.value == pytest.approx(reach.value(found.at))
    assert found.ranked is None or found.value >= found.ranked - 1e-9
    assert found.bound >= max(reach.value(at) for at in feasible) - 1e-6


@given(hard_limits())
@settings(max_examples=200, deadline=None)
def test_the_cheapest_set_is_the_cheapest(limits):
    n = len(limits.prices)
    costs = [limits.prices[at].sum() for at in possible(limits, n)]
    if costs:
        assert limits.prices[cheapest(limits)].sum() == pytest.approx(min(costs))
        return
    # The limits that are told cannot be kept together, and any of them can be left out.
    with pytest.raises(UsageError) as told:
        cheapest(limits)
    named = told.value.message.partition(": ")[2].rstrip(".").split("; ")
    parts = [part for part in _parts(limits) if part[0] in named]
    assert len(parts) == len(named)
    assert not list(possible(_joined(limits, parts), n))
    for left_out in parts:
        assert list(possible(_joined(limits, [part for part in parts if part is not left_out]), n))


def test_what_greedy_choice_misses_is_found_by_cover_and_exchange():
    # One that is of both groups is all that can be paid; the cheapest of each group is not, together.
    nobody, prices_ = sparse.csr_matrix((3, 1)), np.array([6.0, 6.0, 10.0])
    both = [Limit("a", np.array([True, False, True]), 1), Limit("b", np.array([False, True, True]), 1)]
    reach = set_value(nobody, np.array([900.0, 900.0, 100.0]), np.ones(3))
    assert choose(reach, Limits(prices_, 10.0, None, both), np.arange(3)).at == [2]
    # By gain for its price 0 and 1 take both places (390), by gain 3 takes all the money (1,010); best are 0
    # and 2.
    reach = set_value(sparse.csr_matrix((4, 1)), np.array([200.0, 190.0, 1_000.0, 1_010.0]), np.ones(4))
    found = choose(reach, Limits(np.array([1.0, 1.0, 9.0, 9.5]), 10.0, 2), np.arange(4))
    assert sorted(found.at) == [0, 2]
    assert found.value == pytest.approx(1_200)


def test_limits_that_cannot_be_kept_are_told_in_words():
    prices_, nobody = np.array([50.0, 60.0, 70.0, 5.0]), sparse.csr_matrix((4, 1))
    reach = set_value(nobody, np.full(4, 100.0), np.ones(4))
    pets, small = np.array([True, True, False, False]), np.array([True, True, True, False])
    for limits, message, hint in (
        (
            Limits(prices_, 100.0, 3, [Limit("pet", pets, 2)]),
            "these limits together: a budget of 100; at least 2 of pet.",
            "The cheapest set that keeps all other limits costs 110.00.",
        ),
        (
            Limits(prices_, 100.0, 1, [Limit("pet", pets, 2)]),
            "these limits together: at most 1 in all; at least 2 of pet.",
            "Ask for",
        ),
        (
            Limits(prices_, 100.0, None, [Limit("pet", pets, 3)]),
            "this limit: at least 3 of pet.",
            "Only 2 of the 4",
        ),
        (
            Limits(prices_, 9.0, 9, [Limit("pet", pets, 2), Limit("small", small, 0, 1)]),
            "these limits together: at most 1 of small; at least 2 of pet.",
            "Ask for fewer, or allow more.",
        ),
    ):
        with pytest.raises(UsageError) as told:
            choose(reach, limits, np.arange(4))
        assert told.value.message == f"No set keeps {message}"
        assert told.value.hint.startswith(hint)


@given(st.integers(0, 10**6), st.integers(2, 8))
@settings(max_examples=80, deadline=None)
def test_no_exchange_of_one_is_left_that_adds(seed, n):
    reach, costs, rng = drawn(seed, n)
    limits = limits_of(rng, n, costs, True)
    found = choose(reach, limits, rng.permutation(n))
    sets = {tuple(at) for at in possible(limits, n)}
    for at in sets:
        if (
            len(at) in (len(found.at), len(found.at) + 1)
            and len(set(at) - set(found.at)) == 1
            and len(set(found.at) - set(at)) < 2
        ):
            assert reach.value(at) <= found.value * (1 + 1e-6) + 1e-5


def test_prices_follow_the_rule_or_the_list():
    ids = np.array(["ana", "bo", "cy", "di"], dtype=object)
    followers, rate = np.array([10_000, 10_000, 1_000, np.nan]), np.array([0.04, 0.01, 0.01, np.nan])
    found = prices(ids, followers, rate=rate, given={"bo": 77.0}, usual_rate=0.01)
    assert found.middle[1] == 77.0
    assert (found.low[1], found.high[1]) == (77.0, 77.0)
    assert found.is_stated.tolist() == [False, True, False, False]
    assert found.middle[0] == pytest.approx(10 * 10 * 2)  # four times the usual rate: twice the price
    assert (found.low[0], found.high[0]) == (pytest.approx(100), pytest.approx(400))
    assert found.middle[2] == 25  # the least
    assert prices(
        ids,
        followers,
        rate=rate,
        given={},
        usual_rate=0.01,
        config=PriceConfig.from_settings({"per_thousand": 20.0}),
    ).middle[0] == pytest.approx(400)
    assert np.isnan(
        [found.middle[3], found.low[3], found.high[3]]
    ).all()  # without followers there is nothing to estimate by
    assert prices(ids, followers, rate=rate, given={"di": 60.0}, usual_rate=0.01).middle[3] == 60.0
    assert not found.by_size.any()
    unrated = prices(
        ids,
        followers,
        rate=np.array([0.04, 0.01, np.nan, 0.02]),
        given={},
        usual_rate=0.02,
        config=PriceConfig.from_settings({"least": 0.0}),
    )
    assert unrated.by_size.tolist() == [False, False, True, False]
    assert (unrated.middle[2], unrated.low[2], unrated.high[2]) == pytest.approx(
        (10, 2.5, 40)
    )  # the factor may be 0.5 to 2


def test_the_usual_rate_is_the_median_of_the_known_rates():
    assert median_rate(np.array([0.04, np.nan, 0.01, 0.01])) == 0.01
    assert median_rate(np.array([np.nan])) == 1.0


def test_the_price_of_an_influencer_does_not_depend_on_the_others(tmp_path):
    brand = "northpeak.outdoor"
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "60"})
        pipeline.encode(workspace, "text.hashing")
        pick = pipeline.shortlist(workspace, brand, count=1).picks[0]
        partners = sorted(pipeline.load(workspace).partners[brand])[:2]
        with_guests = pipeline.appraise(workspace, brand, influencers=[pick.influencer, *partners])
        all_sizes = pipeline.shortlist(workspace, brand, count=500, data={"endorsements.min_followers": 0})
        asking = pipeline.asking_prices(workspace, brand, influencers=[pick.influencer, *partners])
        price = {one.influencer: one.price for one in with_guests.picks}
        assert price[pick.influencer] == pick.price == asking[pick.influencer][0]
        assert {one.influencer: one.price for one in all_sizes.picks}[pick.influencer] == pick.price
        for partner in partners:
            assert price[partner] == asking[partner][0]


def test_a_price_list_may_state_its_currency(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("Currency,account,note,price\neur,ana,x,3\n,bo,,4\n")
    found = read_prices(file)
    assert (found.by_account, found.currency) == ({"ana": 3.0, "bo": 4.0}, "EUR")
    assert found.notes == ("columns of the price list that are not known were left out: 'note'",)
    assert found.currency_with("") == found.currency_with("EUR") == "EUR"
    with pytest.raises(DataError, match="in EUR, but prices and budget are taken to be in USD"):
        found.currency_with("USD")
    for text, said in (
        ("account,price,currency\nana,3,EUR\nbo,1,USD\n", "lines 2 and 3: two currencies, EUR and USD"),
        ("account,price,currency\nana,3,euros\n", "line 2"),
        ("account,price,price\nana,3,4\n", "line 1"),
    ):
        file.write_text(text)
        with pytest.raises(DataError, match=said):
            read_prices(file)


def test_a_price_list_is_read_with_line_and_reason(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text('account,price\n@Ana,"1,200"\nbo,80.5\n')
    assert read_prices(file).by_account == {"ana": 1200.0, "bo": 80.5}
    file.write_text("account,price\nana,80.5,,\n")  # empty cells at the end, as spreadsheets write them
    assert read_prices(file).by_account == {"ana": 80.5}
    for text, said in (
        ("a,b\n", "line 1"),
        ("account,price\nana,dear\n", "line 2"),
        ("account,price\nana,-3\n", "line 2"),
        ("account,price\n,3\n", "line 2"),
        ("account,price\nana,3\nbo,1\n@Ana,4\n", "lines 2 and 4: ana has two prices, 3 and 4"),
        ("account,price\nana,1,200\n", "line 2: expected 2 cells as in the first row, found 3"),
        ("account,price\nana,80\nbo,250,50\n", "line 3: expected 2 cells as in the first row, found 3"),
        ("account,price\nana,300,extra\n", "line 2: expected 2 cells as in the first row, found 3"),
        (
            "account,price,currency\nana,1,200,EUR\n",
            "line 2: expected 3 cells as in the first row, found 4",
        ),
    ):
        file.write_text(text)
        with pytest.raises(DataError, match=said):
            read_prices(file)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("shortlist") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "concept.bag"):
            pipeline.encode(workspace, name)
        pipeline.train(workspace, "brandfit")
    return place


def test_the_command(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
        partners = pipeline.load(workspace).partners[brand]
    main(
        ["shortlist", brand, "--budget", "1500", "--at-most", "followers:50k..=1", "-w", str(place), "--json"]
    )
    found = json.loads(capsys.readouterr().out)
    assert found["picks"]
    assert (found["match_is"], found["objective"]) == ("chance", "match_reach")
    assert found["price"]["value"] <= 1500
    assert found["value"] == pytest.approx(found["match_reach"]["value"])
    assert found["value"] >= found["value_of_the_first_of_the_ranking"]
    assert sum(pick["adds_to_match_reach"] for pick in found["picks"]) == pytest.approx(found["value"])
    assert found["rank_reach"] is None
    assert 0.5 < found["at_least_of_the_best_possible"] <= 1
    assert not {pick["influencer"] for pick in found["picks"]} & set(partners)
    assert sum(pick["followers"] >= 50_000 for pick in found["picks"]) <= 1
    first = found["picks"][0]["influencer"]
    (tmp_path / "p.csv").write_text(f"account,price\n{first},9999\n")
    main(
        [
            "shortlist",
            brand,
            "--budget",
            "1500",
            "--prices",
            str(tmp_path / "p.csv"),
            "-w",
            str(place),
            "--json",
        ]
    )
    assert first not in {pick["influencer"] for pick in json.loads(capsys.readouterr().out)["picks"]}
    main(["shortlist", brand, "--count", "3", "--exclude", first, "--ranker", "simcos", "-w", str(place)])
    said = capsys.readouterr().out
    assert "Chosen for rank-weighted reach: " in said
    assert "Rank-weighted reach: " in said
    assert "rank share" in said.splitlines()[0]
    assert "atch-weighted" not in said
    assert "Note: simcos gives no chance of a match" in said
    assert first not in said.partition("influencers are candidates")[0]
    assert f"1 excluded by name ({first})" in said
    for args, told in (
        ([], "needs a limit"),
        (["--count", "1", "--at-least", "category:pet=2"], "at most 1 in all; at least 2 of category:pet"),
        (["--count", "1", "--at-most", "category:pet"], "CONDITION=NUMBER"),
        (["--count", "1", "--exclude", first[:-1]], f"Did you mean {first}"),
        (["--count", "1", "--set", "pric.least=3"], "Did you mean price.least"),
    ):
        with pytest.raises(SystemExit):
            main(["shortlist", brand, *args, "-w", str(place)])
        assert told in capsys.readouterr().err


def test_a_condition_changes_whom_one_may_choose_and_not_what_they_cost(place, tmp_path):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
        everybody = pipeline.shortlist(workspace, brand, count=500)
        prices_of = tmp_path / "prices.csv"
        prices_of.write_text(f"account,price\n{everybody.picks[0].influencer},9\ntypo.here,9\n")
        priced = pipeline.shortlist(workspace, brand, count=3, price_list=prices_of)
        assert "1 of the price list are no influencers of the workspace: typo.here" in priced.notes
        travel = pipeline.shortlist(workspace, brand, count=500, where="category:travel")
        nobody = pipeline.shortlist(workspace, brand, count=3, where="followers:900m..")
    price = {pick.influencer: pick.price for pick in everybody.picks}
    assert 3 < len(travel.picks) < len(everybody.picks)
    assert {pick.influencer: pick.price for pick in travel.picks} == {
        p.influencer: price[p.influencer] for p in travel.picks
    }
    assert nobody.notes[0] == "none of the candidates is left by these conditions"


def test_of_a_ranker_that_gives_no_chance_the_match_is_a_rank_share(place, capsys):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
    asked = [
        "shortlist",
        brand,
        "--count",
        "4",
        "--at-most",
        "category:pett=1",
        "--ranker",
        "simcos",
        "-w",
        str(place),
        "--json",
    ]
    main(asked)
    found = json.loads(capsys.readouterr().out)
    assert found["match_is"] == "rank share"
    main(["rank", brand, "--ranker", "simcos", "-k", "10000", "-w", str(place), "--json"])
    n = len(json.loads(capsys.readouterr().out)["ranking"])
    for pick in found["picks"]:
        assert pick["rank_share"] == pytest.approx(1 - (pick["rank"] - 1) / n)
        assert "chance" not in pick
    assert (found["objective"], found["match_reach"]) == ("rank_reach", None)
    assert any("simcos gives no chance of a match" in note for note in found["notes"])
    with pytest.raises(SystemExit):
        main([*asked, "--objective", "match_reach"])
    assert "Choose rank_reach" in capsys.readouterr().err
    assert any("nobody has category:pett. Did you mean pet?" in note for note in found["notes"])
    main(["shortlist", brand, "--budget", "1", "-w", str(place)])
    assert "nobody can be had within these limits: the cheapest costs" in capsys.readouterr().out


@given(st.integers(0, 10**6), st.integers(2, 7))
def test_the_first_of_the_ranking_are_told_with_their_worth(seed, n):
    reach, price, rng = drawn(seed, n)
    limits = Limits(price, float(rng.uniform(30, 150)))
    found = choose(reach, limits, np.arange(n))
    kept: list[int] = []
    for i in range(n):
        if price[kept].sum() + price[i] <= limits.budget:
            kept.append(i)
    assert list(found.first) == kept
    assert found.ranked == pytest.approx(reach.value(kept))


def test_a_set_that_somebody_chose_is_appraised_as_the_shortlist_would(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample", path=None, settings={"influencers": "40"})
        pipeline.encode(workspace, "text.hashing")
        told = pipeline.shortlist(workspace, "northpeak.outdoor", count=3)
        same = pipeline.appraise(
            workspace, "@Northpeak.Outdoor", influencers=[pick.influencer for pick in told.picks][::-1]
        )
        assert sorted(p.influencer for p in same.picks) == sorted(p.influencer for p in told.picks)
        assert [p.rank for p in same.picks] == sorted(p.rank for p in same.picks)
        assert vars(same.totals) == vars(told.totals)
        assert sum(p.adds for p in same.picks) == pytest.approx(same.totals.weighted_reach.value)
        partner = sorted(pipeline.load(workspace).partners["northpeak.outdoor"])[0]
        both = pipeline.appraise(
            workspace, "northpeak.outdoor", influencers=[partner, same.picks[0].influencer]
        )
        assert {p.influencer for p in both.picks} == {partner, same.picks[0].influencer}
        empty = pipeline.appraise(workspace, "northpeak.outdoor", influencers=[])
        assert empty.picks == ()
        assert (empty.totals.reach.value, empty.totals.price.value, empty.totals.engagement.value) == (
            0,
            0,
            0,
        )
        with pytest.raises(UnknownName):
            pipeline.appraise(workspace, "northpeak.outdoor", influencers=["nobody.at.all"])


# --- objectives, on planted data ----------------------------------------------------------------------------

PLANTED = {
    # followers, likes + comments of its posts, rank share of simcos follows from the topic; price from the
    # list
    "wide.ana": (90_000, 90, 900),
    "wide.bo": (80_000, 80, 800),
    "near.cy": (30_000, 60, 500),
    "near.di": (28_000, 56, 500),
    "loud.eve": (9_000, 4_000, 600),
    "loud.fay": (8_000, 3_900, 600),
    "loud.gus": (None, 5_000, 400),
    "mute.hal": (20_000, None, 300),
}
AUDIENCE = {"wide.ana": range(30), "wide.bo": range(5, 35)}
NEARNESS = {"near": 1.0, "loud": 0.6, "mute": 0.55, "wide": 0.1}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A brand of mountains; who is near it has few followers, who is wide has many, who is loud has much
    engagement. Two of the wide share most of their known audience. The followers of one are not known, nor
    the likes of another.
    """
    place = tmp_path_factory.mktemp("planted")
    rows = [
        Account(id="north", role="brand"),
        *(Post(id=f"north-{n}", account="north", likes=1, comments=1) for n in range(3)),
    ]
    for id, (followers, engagement, _price) in PLANTED.items():
        rows.append(Account(id=id, role="influencer", followers=followers))
        # Every post of an influencer gets as much, so that its mean is what was planted.
        counts = {} if engagement is None else {"likes": engagement - 10, "comments": 10}
        rows += [Post(id=f"{id}-{n}", account=id, **counts) for n in range(4)]
    for id, fans in AUDIENCE.items():
        rows += [
            Link(id=link_id("follows", f"fan{n}", target=id), kind="follows", source=f"fan{n}", target=id)
            for n in fans
        ]
    (place / "prices.csv").write_text(
        "account,price\n" + "".join(f"{id},{price}\n" for id, (*_, price) in PLANTED.items())
    )
    with Workspace(place / "w", create=True) as workspace:
        workspace.write("planted", rows)
        ids, values = [], []
        for account in ("north", *PLANTED):
            near = NEARNESS.get(account.partition(".")[0], 1.0)
            for n in range(3 if account == "north" else 4):
                ids.append(f"{account}-{n}")
                values.append([near, 1 - near, 0.1 + 0.01 * n])
        features = Features(
            name="concept.bag",
            ids=np.array(ids, dtype=object),
            values=np.array(values, np.float32),
            level="post",
            columns=("up", "by", "in"),
            slot="concept",
        )
        workspace.save(features)
    return place


def best_by_hand(workspace, objective, budget, names):
    """Every possible set, its value from the definitions: distinct followers (as many as there are for each
    known member)."""
    audience = {id: set(fans) for id, fans in AUDIENCE.items()}
    each = {id: PLANTED[id][0] / len(members) for id, members in audience.items()}
    ranking = pipeline.rank(workspace, "north", ranker="simcos", data=EVERYBODY)
    share = {id: 1 - n / len(ranking) for n, id in enumerate(ranking.candidates.tolist())}

    def value(chosen):
        if objective == "engagement":
            return sum(PLANTED[id][1] for id in chosen)
        factor = share if objective == "rank_reach" else dict.fromkeys(share, 1.0)
        total = 0.0
        members = {m for id in chosen for m in audience.get(id, ())}
        for m in members:
            owners = [id for id in audience if m in audience[id]]
            missed = np.prod([1 - factor[id] for id in owners if id in chosen])
            total += min(each[id] for id in owners) * (1 - missed)
        for id in chosen:
            known = sum(min(each[o] for o in audience if m in audience[o]) for m in audience.get(id, ()))
            total += factor[id] * (PLANTED[id][0] - known)
        return total

    sets = [c for k in range(len(names) + 1) for c in itertools.combinations(sorted(names), k)]
    return max((value(c), set(c)) for c in sets if sum(PLANTED[id][2] for id in c) <= budget)


EVERYBODY = {"endorsements.min_followers": "0", "endorsements.max_followers": "1000000"}


def test_choosing_prints_nothing(capfd):
    """A solver that printed would spoil --json."""
    rng = np.random.default_rng(0)
    price = rng.lognormal(5, 1, 60)
    worth = set_value(sparse.csr_matrix((60, 0)), price * rng.lognormal(3, 0.4, 60), np.ones(60))
    choose(worth, Limits(price, 1_500.0, 6), np.arange(60))
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("objective", ["reach", "rank_reach", "engagement"])
@pytest.mark.parametrize("budget", [600, 1_100, 1_700, 2_300])
def test_each_objective_finds_its_best_set(planted, objective, budget):
    with Workspace(planted / "w") as workspace:
        names = {
            id
            for id, (followers, engagement, _) in PLANTED.items()
            if (engagement if objective == "engagement" else followers)
        }
        best, chosen = best_by_hand(workspace, objective, budget, names)
        told = pipeline.shortlist(
            workspace,
            "north",
            budget=budget,
            ranker="simcos",
            price_list=planted / "prices.csv",
            data=EVERYBODY,
            objective=objective,
        )
    assert {pick.influencer for pick in told.picks} == chosen
    assert told.value == pytest.approx(best)
    assert told.at_least <= 1
    (left_out,) = told.excluded
    assert left_out.examples == (("mute.hal",) if objective == "engagement" else ("loud.gus",))
    assert told.among == 7
    totals = {
        "reach": told.totals.reach,
        "rank_reach": told.totals.weighted_reach,
        "engagement": told.totals.engagement,
    }
    if not any(pick.influencer == "loud.gus" for pick in told.picks):
        assert totals[objective].value == pytest.approx(best)


@given(
    st.integers(0, 10**6),
    st.sampled_from(["match_reach", "rank_reach", "reach", "engagement"]),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_where_values_add_up_the_set_is_the_best_of_all_sets(seed, objective, counted):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    ids = np.array([f"i{k}" for k in range(n)], dtype=object)
    match_is = "rank share" if objective == "rank_reach" else "chance"
    followers, match = rng.integers(1_000, 90_000, n).astype(float), rng.random(n)
    given_prices = {f"i{k}": float(rng.integers(50, 900)) for k in range(n)}
    told = prices(ids, followers, rate=np.full(n, np.nan), given=given_prices, usual_rate=1.0)
    engagement = forecast(np.arange(n), rng.integers(0, 4_000, n), n)
    pool = Pool(
        ids=ids,
        ranks=range(1, n + 1),
        match=match,
        match_is=match_is,
        followers=followers,
        prices=told,
        forecast=engagement,
        audience=sparse.csr_matrix((n, 0)),
    )
    budget, count = float(rng.integers(100, 2_500)), int(rng.integers(1, n + 1)) if counted else None
    found = shortlist(
        pool, "north", ranker="any", objective=objective, currency="", budget=budget, count=count
    )
    amount = engagement.expected if objective == "engagement" else followers
    worth = amount * match if objective.endswith("_reach") else amount  # the definitions, by hand
    best = max(worth[at].sum() for at in possible(Limits(told.middle, budget, count), n))
    assert found.value == pytest.approx(best)
    assert found.value / found.at_least >= best * (1 - 1e-9)


def test_an_unknown_price_is_unknown_and_not_chosen_for_money(planted):
    with Workspace(planted / "w") as workspace:
        rich = pipeline.shortlist(
            workspace, "north", budget=100_000, ranker="simcos", data=EVERYBODY, objective="engagement"
        )
        by_count = pipeline.shortlist(
            workspace, "north", budget=None, count=8, ranker="simcos", data=EVERYBODY, objective="engagement"
        )
        told = pipeline.appraise(workspace, "north", influencers=[*PLANTED], ranker="simcos", data=EVERYBODY)
    assert [(one.reason, one.examples) for one in rich.excluded] == [
        ("price_unknown", ("loud.gus",)),
        ("engagement_unknown", ("mute.hal",)),
    ]
    assert "loud.gus" in {pick.influencer for pick in by_count.picks}  # no budget: its price limits nothing
    (gus,) = [pick for pick in told.picks if pick.influencer == "loud.gus"]
    assert (gus.price, gus.price_low, gus.price_high, gus.followers, gus.adds) == (None,) * 5
    assert gus.engagement == 5_000
    assert told.totals.price.unknown == told.totals.reach.unknown == ("loud.gus",)
    assert told.totals.engagement.unknown == ("mute.hal",)
    assert told.totals.price.value == pytest.approx(
        sum(pick.price for pick in told.picks if pick.price is not None)
    )
    assert told.to_dict()["reach"]["unknown"] == ("loud.gus",)
    assert any(
        "the price of 1 of the set is unknown and in no total: loud.gus" in note for note in told.notes
    )
    assert any("price estimated by followers alone" in note and "mute.hal" in note for note in told.notes)


def test_one_without_evidence_has_no_rank_share(planted):
    """It had that of the last place, as if it had been judged."""
    with Workspace(planted / "w") as workspace:
        accounts = [Account(id="blank.ivo", role="influencer", followers=50_000)]
        with Workspace(planted / "blank", create=True) as other:
            dataset = workspace.dataset()
            rows = [
                *map(_account, dataset.accounts.to_pylist()),
                *accounts,
                *map(_post, dataset.posts.to_pylist()),
            ]
            other.write("test", rows)
            other.save(workspace.features("concept.bag"))
            told = pipeline.shortlist(other, "north", budget=None, count=20, ranker="simcos", data=EVERYBODY)
    assert ("no_evidence", ("blank.ivo",)) in [(one.reason, one.examples) for one in told.excluded]
    assert "blank.ivo" not in {pick.influencer for pick in told.picks}


def _account(row):
    return Account(**{name: row[name] for name in ("id", "role", "followers")})


def _post(row):
    return Post(**{name: row[name] for name in ("id", "account", "likes", "comments")})


def test_the_currency_is_kept_shown_and_overridden(planted, tmp_path, capsys):
    place, asked = str(planted / "w"), ["shortlist", "north", "--budget", "900", "--ranker", "simcos"]
    asked += ["-w", place, *(f"--set={name}={value}" for name, value in EVERYBODY.items())]
    main(["currency", "-w", place])
    assert "No currency is set." in capsys.readouterr().out
    main(asked)
    assert "no currency is set" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["currency", "euros", "-w", place])
    assert "code of three letters" in capsys.readouterr().err
    main(["currency", "eur", "-w", place])
    capsys.readouterr()
    main([*asked, "--out", str(tmp_path / "set.csv")])
    said = capsys.readouterr().out
    assert "price EUR" in said.splitlines()[0]
    assert re.search(r"^Price: [\d,]+ EUR", said, re.M)
    assert "taken to be in EUR; nothing is converted" in said
    header = (tmp_path / "set.csv").read_text().splitlines()[0]
    assert "price (EUR),price_low (EUR),price_high (EUR)" in header
    main([*asked, "--currency", "USD", "--out", str(tmp_path / "set.json"), "--json"])
    assert json.loads(capsys.readouterr().out)["currency"] == "USD"
    row = json.loads((tmp_path / "set.json").read_text())[0]
    assert row["currency"] == "USD"
    assert row["price_low"] < row["price"] < row["price_high"]
    main(["currency", "none", "-w", place])


# --- expected engagement ------------------------------------------------------------------------------------


def test_expected_engagement_is_the_mean_of_the_past():
    told = forecast(np.array([0, 0, 2]), np.array([100.0, 300.0, 50.0]), 3)
    assert told.posts.tolist() == [2, 0, 1]
    assert told.expected[[0, 2]].tolist() == [200.0, 50.0]
    assert np.isnan(told.expected[1])
    assert np.isnan(
        told.total([0, 2])
    ).all()  # one post beyond the first of its influencer says nothing of how posts vary
    assert told.total([]) == (0.0, 0.0)


@pytest.mark.parametrize("heavy", [False, True], ids=["lognormal", "heavy tails"])
def test_the_interval_of_a_set_holds_as_often_as_it_says(heavy):
    """Simulated influencers with 1 to 9 past posts; sets of 5 that nobody chose by engagement."""
    rng = np.random.default_rng(3)
    n = 3_000
    owner = np.repeat(np.arange(n), rng.integers(1, 10, n))
    level = rng.normal(6, 1, n)

    def posts(of):
        noise = rng.standard_t(4, len(of)) * 0.35 if heavy else rng.normal(0, 0.5, len(of))
        return np.round(np.exp(level[of] + noise))

    told = forecast(owner, posts(owner), n)
    new = posts(np.arange(n))
    sets = rng.permutation(n).reshape(-1, 5)
    inside = [low <= new[at].sum() <= high for at in sets for low, high in [told.total(at.tolist())]]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.05)  # 600 sets: standard error 0.016
    each = told.each(range(n))
    assert np.mean((each[:, 0] <= new) & (new <= each[:, 1])) == pytest.approx(0.8, abs=0.05)


def test_the_currency_of_a_price_list_counts(planted, tmp_path):
    listed = tmp_path / "prices.csv"
    rows = (planted / "prices.csv").read_text().splitlines()
    listed.write_text("\n".join([f"{rows[0]},currency,agency", *(f"{row},EUR,x" for row in rows[1:])]) + "\n")
    with Workspace(planted / "w") as workspace:
        asked = {"ranker": "simcos", "price_list": listed, "data": EVERYBODY, "objective": "reach"}
        found = pipeline.shortlist(workspace, "north", budget=1_100, **asked)
        assert found.currency == "EUR"
        assert "columns of the price list that are not known were left out: 'agency'" in found.notes
        with pytest.raises(DataError, match="in EUR, but prices and budget are taken to be in USD"):
            pipeline.shortlist(workspace, "north", budget=1_100, currency="USD", **asked)
        with pytest.raises(DataError, match="in EUR, but"):
            pipeline.appraise(
                workspace,
                "north",
                influencers=[found.picks[0].influencer],
                ranker="simcos",
                price_list=listed,
                data=EVERYBODY,
                currency="USD",
            )


def test_of_a_limit_that_is_given_twice_the_strictest_counts(planted):
    assert read_limits(["category:food=2", " category:food = 1"]) == [
        ("category:food", 2),
        ("category:food", 1),
    ]
    assert strictest([("a", 2), ("a", 1), ("b", 1)], most=True)[0] == {"a": 1, "b": 1}
    with Workspace(planted / "w") as workspace:
        asked = {"count": 3, "ranker": "simcos", "data": EVERYBODY, "objective": "reach"}
        pairs = [("followers:..20k", 2), ("followers:..20k", 1)]
        twice = pipeline.shortlist(workspace, "north", at_least=pairs, **asked)
        assert sum(pick.followers <= 20_000 for pick in twice.picks) >= 2
        assert "followers:..20k is limited several times (at least 2 and 1): at least 2 counts" in twice.notes
        none = pipeline.shortlist(
            workspace, "north", at_most=[("followers:20k..", 0), ("followers:20k..", 3)], **asked
        )
        assert all(pick.followers < 20_000 for pick in none.picks)
        with pytest.raises(UsageError, match="No set keeps these limits"):
            pipeline.shortlist(workspace, "north", at_least=pairs, at_most={"followers:..20k": 1}, **asked)
