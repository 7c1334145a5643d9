"""The set that is chosen: against every possible set, the first of the ranking, and sums by hand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from brandfit import pipeline
from brandfit.campaign.choose import choose
from brandfit.campaign.cover import _joined, _parts, cheapest
from brandfit.campaign.limits import Limit, Limits
from brandfit.campaign.prices import PriceConfig, prices, read_prices
from brandfit.campaign.reach import Reach
from brandfit.cli import main
from brandfit.errors import DataError, UnknownName, UsageError
from brandfit.workspace import Workspace


def drawn(seed: int, n: int, m: int = 12):
    rng = np.random.default_rng(seed)
    audience = sparse.csr_matrix((rng.random((n, m)) < 0.4).astype(float))
    followers, match = rng.integers(0, 9_000, n).astype(float), rng.random(n)
    return Reach(audience, followers, match), rng.integers(1, 60, n).astype(float), rng


def test_reach_by_hand():
    # a is known for two members, b for one of the same; a has 200 followers, b 300
    reach = Reach(sparse.csr_matrix([[1.0, 1.0], [0.0, 1.0]]), np.array([200.0, 300.0]), np.array([0.5, 0.2]))
    assert reach.weight.tolist() == [100.0, 100.0]  # the shared one stands for 100 of one and 300 of the other: for 100
    assert reach.private.tolist() == [0.0, 200.0]
    assert reach.value([0]) == pytest.approx(0.5 * 200)
    assert reach.value([1]) == pytest.approx(0.2 * 300)
    assert reach.value([0, 1]) == pytest.approx(0.5 * 100 + (1 - 0.5 * 0.8) * 100 + 0.2 * 200)
    assert reach.gains(reach.nothing).tolist() == pytest.approx([100.0, 60.0])


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_nobody_wins_more_people_than_follow_it(seed, n):
    rng = np.random.default_rng(seed)
    followers, match = rng.integers(0, 3, n) * rng.integers(0, 9_000, n).astype(float), rng.random(n)
    reach = Reach(sparse.csr_matrix((rng.random((n, 9)) < 0.4).astype(float)), followers, match)
    for i in range(n):
        assert reach.value([i]) == pytest.approx(match[i] * followers[i])


@given(st.integers(0, 10**6), st.integers(2, 7))
def test_adding_to_more_never_adds_more(seed, n):
    reach, _, rng = drawn(seed, n)
    order = rng.permutation(n).tolist()
    small, i = order[: n // 2], order[-1]
    large = order[:-1]
    assert reach.value([*small, i]) - reach.value(small) >= reach.value([*large, i]) - reach.value(large) - 1e-9
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
            if limits.prices[at].sum() <= limits.budget + 1e-9 and (limits.count is None or size <= limits.count):
                counts = [group.members[at].sum() for group in limits.groups]
                if all(g.least <= c and (g.most is None or c <= g.most) for g, c in zip(limits.groups, counts, strict=True)):
                    yield at


@given(st.integers(0, 10**6), st.integers(1, 8), st.booleans())
@settings(max_examples=150, deadline=None)
def test_it_keeps_the_limits_is_never_below_the_ranking_and_near_the_best(seed, n, groups):
    reach, costs, rng = drawn(seed, n)
    limits = limits_of(rng, n, costs, groups)
    ranked = np.argsort(-reach.match, kind="stable")
    found = choose(reach, limits, ranked)
    assert found.at in [at for at in possible(limits, n) if sorted(found.at) == at] or sorted(found.at) in list(possible(limits, n))
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
    """Several groups that overlap, some of which must and some of which may not be there, under a budget often too tight."""
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
    reach = Reach(nobody, np.array([900.0, 900.0, 100.0]), np.ones(3))
    assert choose(reach, Limits(prices_, 10.0, None, both), np.arange(3)).at == [2]
    # By gain for its price 0 and 1 take both places (390), by gain 3 takes all the money (1,010); best are 0 and 2.
    reach = Reach(sparse.csr_matrix((4, 1)), np.array([200.0, 190.0, 1_000.0, 1_010.0]), np.ones(4))
    found = choose(reach, Limits(np.array([1.0, 1.0, 9.0, 9.5]), 10.0, 2), np.arange(4))
    assert sorted(found.at) == [0, 2]
    assert found.value == pytest.approx(1_200)


def test_limits_that_cannot_be_kept_are_told_in_words():
    prices_, nobody = np.array([50.0, 60.0, 70.0, 5.0]), sparse.csr_matrix((4, 1))
    reach = Reach(nobody, np.full(4, 100.0), np.ones(4))
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
        (Limits(prices_, 100.0, None, [Limit("pet", pets, 3)]), "this limit: at least 3 of pet.", "Only 2 of the 4"),
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
        if len(at) in (len(found.at), len(found.at) + 1) and len(set(at) - set(found.at)) == 1 and len(set(found.at) - set(at)) < 2:
            assert reach.value(at) <= found.value * (1 + 1e-6) + 1e-5


def test_prices_follow_the_rule_or_the_list():
    ids = np.array(["ana", "bo", "cy", "di"], dtype=object)
    followers, rate = np.array([10_000, 10_000, 1_000, np.nan]), np.array([0.04, 0.01, 0.01, np.nan])
    found = prices(ids, followers, rate, {"bo": 77.0})
    assert found.middle[1] == 77.0
    assert (found.low[1], found.high[1]) == (77.0, 77.0)
    assert found.given.tolist() == [False, True, False, False]
    assert found.middle[0] == pytest.approx(10 * 10 * 2)  # four times the usual rate: twice the price
    assert (found.low[0], found.high[0]) == (pytest.approx(100), pytest.approx(400))
    assert found.middle[2] == 25  # the least
    assert prices(ids, followers, rate, {}, PriceConfig.of({"per_thousand": 20.0})).middle[0] == pytest.approx(400)


def test_a_price_list_is_read_with_line_and_reason(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text('account,price\n@Ana,"1,200"\nbo,80.5\n')
    assert read_prices(file) == {"ana": 1200.0, "bo": 80.5}
    for text, said in (("a,b\n", "line 1"), ("account,price\nana,dear\n", "line 2"), ("account,price\nana,-3\n", "line 2")):
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
    main(["shortlist", brand, "--budget", "1500", "--at-most", "followers:50k..=1", "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["picks"]
    assert found["match_is"] == "probability"
    assert found["price"]["middle"] <= 1500
    assert found["reach"] >= found["reach_of_the_first_of_the_ranking"]
    assert sum(pick["adds"] for pick in found["picks"]) == pytest.approx(found["reach"])
    assert 0.5 < found["at_least_of_the_best_possible"] <= 1
    assert not {pick["influencer"] for pick in found["picks"]} & set(partners)
    assert sum(pick["followers"] >= 50_000 for pick in found["picks"]) <= 1
    first = found["picks"][0]["influencer"]
    (tmp_path / "p.csv").write_text(f"account,price\n{first},9999\n")
    main(["shortlist", brand, "--budget", "1500", "--prices", str(tmp_path / "p.csv"), "-w", str(place), "--json"])
    assert first not in {pick["influencer"] for pick in json.loads(capsys.readouterr().out)["picks"]}
    main(["shortlist", brand, "--count", "3", "--exclude", first, "--ranker", "simcos", "-w", str(place)])
    said = capsys.readouterr().out
    assert "Weighed reach" in said
    assert "rank share" in said.splitlines()[0]
    assert "Expected to win" not in said
    assert "Note: simcos tells no probability" in said
    assert first not in said.partition("Price:")[0]
    assert f"1 disliked or excluded by name ({first})" in said
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


def test_a_condition_changes_whom_one_may_choose_and_not_what_they_cost(place):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
        everybody = pipeline.shortlist(workspace, brand, count=500)
        travel = pipeline.shortlist(workspace, brand, count=500, where="category:travel")
        nobody = pipeline.shortlist(workspace, brand, count=3, where="followers:900m..")
    price = {pick.influencer: pick.price for pick in everybody.picks}
    assert 3 < len(travel.picks) < len(everybody.picks)
    assert {pick.influencer: pick.price for pick in travel.picks} == {p.influencer: price[p.influencer] for p in travel.picks}
    assert nobody.notes[0] == "none of the candidates is left by these conditions"


def test_of_a_ranker_that_tells_no_probability_the_match_is_a_rank_share(place, capsys):
    with Workspace(place) as workspace:
        brand = workspace.dataset().brands[0]
    asked = ["shortlist", brand, "--count", "4", "--at-most", "category:pett=1", "--ranker", "simcos", "-w", str(place), "--json"]
    main(asked)
    found = json.loads(capsys.readouterr().out)
    assert found["match_is"] == "rank share"
    main(["rank", brand, "--ranker", "simcos", "-k", "10000", "-w", str(place), "--json"])
    n = len(json.loads(capsys.readouterr().out)["ranking"])
    for pick in found["picks"]:
        assert pick["match"] == pytest.approx(1 - (pick["rank"] - 1) / n)
    assert any("no probability" in note for note in found["notes"])
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
        pipeline.import_source(workspace, "sample", None, {"influencers": "40"})
        pipeline.encode(workspace, "text.hashing")
        told = pipeline.shortlist(workspace, "northpeak.outdoor", count=3)
        same = pipeline.appraise(workspace, "@Northpeak.Outdoor", [pick.influencer for pick in told.picks][::-1])
        assert sorted(p.influencer for p in same.picks) == sorted(p.influencer for p in told.picks)
        assert [p.rank for p in same.picks] == sorted(p.rank for p in same.picks)
        assert same.reach == pytest.approx(told.reach)
        assert same.price == pytest.approx(told.price)
        assert sum(p.adds for p in same.picks) == pytest.approx(same.reach)
        partner = sorted(pipeline.load(workspace).partners["northpeak.outdoor"])[0]
        both = pipeline.appraise(workspace, "northpeak.outdoor", [partner, same.picks[0].influencer])
        assert {p.influencer for p in both.picks} == {partner, same.picks[0].influencer}
        empty = pipeline.appraise(workspace, "northpeak.outdoor", [])
        assert (empty.picks, empty.reach, empty.price) == ((), 0, (0, 0, 0))
        with pytest.raises(UnknownName):
            pipeline.appraise(workspace, "northpeak.outdoor", ["nobody.at.all"])
