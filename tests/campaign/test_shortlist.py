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
from brandfit.campaign.choose import Limit, Limits, choose
from brandfit.campaign.prices import PriceConfig, prices, read_prices
from brandfit.campaign.reach import Reach
from brandfit.cli import main
from brandfit.errors import DataError, UsageError
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


@given(st.integers(0, 10**6), st.integers(3, 8))
@settings(max_examples=60, deadline=None)
def test_what_must_be_there_is_or_it_is_said(seed, n):
    reach, costs, rng = drawn(seed, n)
    members = rng.random(n) < 0.4
    limits = Limits(costs, float(rng.integers(10, 90)), None, [Limit("these", members, 2, None)])
    feasible = list(possible(limits, n))
    if not feasible:
        with pytest.raises(UsageError, match="Found no set"):
            choose(reach, limits, np.arange(n))
        return
    try:
        found = choose(reach, limits, np.arange(n))
    except UsageError:
        return  # greedy may fail to fit two dear ones into a budget, and says so; it never breaks a limit
    assert sorted(found.at) in feasible
    assert found.bound >= max(reach.value(at) for at in feasible) - 1e-6


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
    assert "Expected to win" in said
    assert first not in said
    for args, told in (
        ([], "needs a limit"),
        (["--count", "1", "--at-least", "category:pet=2"], "not 2 of category:pet"),
        (["--count", "1", "--at-most", "category:pet"], "CONDITION=NUMBER"),
    ):
        with pytest.raises(SystemExit):
            main(["shortlist", brand, *args, "-w", str(place)])
        assert told in capsys.readouterr().err
