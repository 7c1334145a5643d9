"""Nobody disappears: candidates and those that are left out, by reason, add up to all influencers, wherever
they are counted."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.candidates import REASONS
from brandfit.data.features import Features
from brandfit.errors import ConfigError, UsageError
from brandfit.workspace import Workspace

BRAND = "oat.co"
ACCOUNTS = """role,handle,followers,category
brand,oat.co,50000,food
influencer,ann.cooks,8000,food
influencer,bo.cooks,20000,
influencer,cy.hikes,60000,travel
influencer,di.hikes,90000,
influencer,eve.cooks,30000,food
influencer,fay.tiny,300,food
influencer,gus.huge,475800000,food
influencer,hal.unsized,,travel
influencer,ida.silent,7000,
"""
COOKS = "Easy vegan breakfast with oats and berries #vegan #recipe"
HIKES = "Weekend hiking in the mountains with my tent #hiking #travel"
PREDICTED = {"bo.cooks": (0.9, 0.1), "di.hikes": (0.25, 0.75), "ann.cooks": (0.05, 0.95)}
"""Shares of food and travel, as a profiler might predict them: against the stated category of ann.cooks."""


def rows_of(accounts: str) -> list[dict[str, str]]:
    return list(csv.DictReader(accounts.splitlines()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    source, place = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("candidates") / "work"
    (source / "accounts.csv").write_text(ACCOUNTS)
    posts = ["id,account,caption,likes,comments"]
    for n, row in enumerate(rows_of(ACCOUNTS)):
        if row["handle"] != "ida.silent":
            caption = HIKES if "hikes" in row["handle"] or "unsized" in row["handle"] else COOKS
            posts += [
                f"{2 * n},{row['handle']},{caption} {n},200,10",
                f"{2 * n + 1},{row['handle']},{caption},300,20",
            ]
    (source / "posts.csv").write_text("\n".join(posts))
    (source / "endorsements.csv").write_text("brand,influencer\noat.co,eve.cooks\n")
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=source)
        pipeline.encode(workspace, "text.hashing")
        profile = Features(
            name="predicted",
            slot="category",
            level="account",
            ids=np.array(sorted(PREDICTED), dtype=object),
            values=np.array([PREDICTED[id] for id in sorted(PREDICTED)], np.float32),
            columns=("food", "travel"),
            key="predicted",
        )
        workspace.save(profile)
    return place


@pytest.fixture
def workspace(folder):
    with Workspace(folder) as opened:
        yield opened


def counts(groups) -> dict[str, int]:
    return {
        group["reason"]: group["count"]
        for group in (g if isinstance(g, dict) else g.to_dict() for g in groups)
    }


EVERYBODY = 9


def test_a_ranking_counts_who_is_left_out_and_about_whom_something_is_unknown(workspace):
    found = pipeline.rank(workspace, BRAND, ranker="simcos", k=2)
    assert counts(found.excluded) == {"followers_below": 1, "followers_above": 1, "partner": 1}
    assert counts(found.incomplete) == {"followers_unknown": 1, "no_evidence": 1}
    assert {group.reason: group.examples for group in found.excluded}["followers_above"] == ("gus.huge",)
    assert len(found) == 2
    assert found.among == 6
    assert "1 with fewer than 5,000 followers (fay.tiny)" in map(str, found.excluded)


@pytest.mark.parametrize("followers", [None, "0..", "10k..50k", "100k.."])
def test_candidates_and_those_left_out_add_up_to_all(workspace, followers):
    conditions = (
        None,
        "category:food",
        "followers:100k..",
        "not category:food",
        "followers:..20k or category:travel",
    )
    for where, partners in itertools.product(conditions, (False, True)):
        found = pipeline.rank(
            workspace, BRAND, ranker="simcos", partners=partners, where=where, followers=followers
        )
        assert found.among == len(found)
        assert found.among + sum(group.count for group in found.excluded) == EVERYBODY
        assert {group.reason for group in (*found.excluded, *found.incomplete)} <= set(REASONS)


def test_a_condition_on_followers_replaces_the_usual_bounds_and_says_so(workspace):
    found = pipeline.rank(workspace, BRAND, ranker="simcos", where="followers:100k..")
    assert found.candidates.tolist() == ["gus.huge"]
    assert any("usual bounds (5,000 to 100,000 followers) do not apply" in note for note in found.notes)
    # Bounds that somebody named stay: both are meant.
    for more in ({"followers": "5k..100k"}, {"data": {"endorsements.max_followers": 100_000}}):
        assert not len(pipeline.rank(workspace, BRAND, ranker="simcos", where="followers:100k..", **more))


def test_bounds_may_be_given_and_keep_those_of_unknown_size(workspace):
    all_ = pipeline.rank(workspace, BRAND, ranker="simcos", followers=" 0 .. ")
    assert {"fay.tiny", "gus.huge", "hal.unsized"} < set(all_.candidates.tolist())
    assert counts(all_.excluded) == {"partner": 1}
    with pytest.raises(ConfigError, match="followers: 'many'"):
        pipeline.rank(workspace, BRAND, ranker="simcos", followers="many")


def test_an_empty_pool_says_why(tmp_path):
    with Workspace(tmp_path / "work", create=True) as workspace:
        (tmp_path / "accounts.csv").write_text(
            "role,handle,followers,biography\nbrand,oat.co,9000,oats\ninfluencer,fay.tiny,300,oats\n"
        )
        (tmp_path / "posts.csv").write_text(f"id,account,caption\n1,oat.co,{COOKS}\n2,fay.tiny,{COOKS}\n")
        pipeline.import_source(workspace, "folder", path=tmp_path)
        pipeline.encode(workspace, "text.hashing")
        with pytest.raises(
            UsageError, match=r"Left out: 1 with fewer than 5,000 followers \(fay\.tiny\)"
        ) as refused:
            pipeline.rank(workspace, "oat.co", ranker="simcos")
        assert "--followers" in refused.value.hint


def test_a_search_and_look_alikes_count_whom_they_pass_over(workspace):
    found = pipeline.search(workspace, ("vegan",), where="followers:5k..")
    assert counts(found.excluded) == {"condition": 1, "condition_unknown": 1, "no_match": 3}
    assert found.total + sum(group.count for group in found.excluded) == EVERYBODY
    alike = pipeline.similar(workspace, ["ann.cooks"], k=2)
    assert len(alike.rows) == 2
    assert alike.total == 7
    assert counts(alike.excluded) == {"in_query": 1, "no_evidence": 1}


def test_a_shortlist_counts_whom_it_cannot_choose(workspace):
    found = pipeline.shortlist(
        workspace, BRAND, count=2, ranker="simcos", where="category:food", exclude=["bo.cooks"]
    )
    assert found.among == 1
    assert found.among + sum(group.count for group in found.excluded) == EVERYBODY
    assert counts(found.excluded) == {
        "followers_below": 1,
        "followers_above": 1,
        "partner": 1,
        "excluded": 1,
        "condition": 3,
        "condition_unknown": 1,
    }
    assert found.to_dict()["excluded"][0]["examples"] == ["fay.tiny"]
    huge = pipeline.shortlist(workspace, BRAND, count=1, ranker="simcos", where="followers:100k..")
    assert [pick.influencer for pick in huge.picks] == ["gus.huge"]


def test_places_say_among_whom(workspace):
    answer, _ = pipeline.explain(workspace, BRAND, influencer="ann.cooks", ranker="simcos", kinds=())
    assert answer.more["candidates"] == 6
    assert counts(answer.more["excluded"]) == {"followers_below": 1, "followers_above": 1, "partner": 1}
    assert any(note.startswith("6 of 9 influencers are candidates.") for note in answer.notes)
    outside, _ = pipeline.explain(workspace, BRAND, influencer="gus.huge", ranker="simcos", kinds=())
    assert outside.sentences[0].startswith("gus.huge has a score of")
    assert any("has no place in the ranking" in note for note in outside.notes)
    assert (
        pipeline.explain(workspace, BRAND, influencer="gus.huge", ranker="simcos", kinds=(), followers="0..")[
            0
        ].more["rank"]
        is not None
    )
    suited = pipeline.brands_for(workspace, "eve.cooks", ranker="simcos", followers="0..", partners=True)
    assert suited.brands[0].among == EVERYBODY
    assert counts(suited.candidates.excluded) == {}


def test_an_import_and_a_check_say_how_many_will_be_ranked(workspace, tmp_path):
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    with Workspace(tmp_path / "work", create=True) as fresh:
        answer = pipeline.import_source(fresh, "folder", path=tmp_path).to_dict()["candidates"]
        assert answer["total"] == 7
        assert counts(answer["excluded"]) == {"followers_below": 1, "followers_above": 1}
        assert counts(answer["incomplete"]) == {"followers_unknown": 1}
    finding = next(f for f in pipeline.check(workspace).findings if f.name == "influencers_outside_micro")
    assert finding.count == 2
    assert set(finding.examples) == {"fay.tiny", "gus.huge"}


def test_a_report_counts_too_and_shows_whom_it_was_asked_for(workspace, tmp_path):
    said = pipeline.report(workspace, BRAND, file=tmp_path / "a.html", ranker="simcos", k=1)
    assert (
        "6 of 9 influencers are candidates. Left out: 1 with fewer than 5,000 followers"
        in (tmp_path / "a.html").read_text()
    )
    assert said.counts
    named = pipeline.report(
        workspace, BRAND, file=tmp_path / "b.html", ranker="simcos", influencers=["gus.huge"]
    )
    assert [card.profile.id for card in named.cards] == ["gus.huge"]
    assert any(
        "gus.huge: outside the bounds of 5,000 to 100,000 followers, and so without a rank" in note
        for note in named.notes
    )


def test_the_command_line_prints_the_counts(folder, capsys, tmp_path):
    place = ["-w", str(folder)]
    main(["rank", BRAND, "--ranker", "simcos", *place])
    out = capsys.readouterr().out
    assert (
        "6 of 9 influencers are candidates. Left out: 1 with fewer than 5,000 followers (fay.tiny), 1 with "
        "more than" in out
    )
    assert (
        "Among them: 1 with an unknown number of followers (kept) (hal.unsized), 1 with nothing encoded"
        in out
    )
    main(["rank", BRAND, "--ranker", "simcos", "--followers", "0..", "--json", *place])
    found = json.loads(capsys.readouterr().out)
    assert found["candidates"] == len(found["ranking"]) == 8
    assert counts(found["excluded"]) == {"partner": 1}
    for command in (
        ["shortlist", BRAND, "--count", "1", "--ranker", "simcos"],
        ["brands", "ann.cooks", "--ranker", "simcos"],
        ["explain", BRAND, "ann.cooks", "--ranker", "simcos"],
        ["export", "rankings", str(tmp_path / "r.csv"), "--ranker", "simcos"],
    ):
        main([*command, *place])
        assert "1 with more than 100,000 followers (gus.huge)" in capsys.readouterr().out
        main([*command, "--followers", "0..", *place])
        assert "gus.huge)" not in capsys.readouterr().out
    main(["similar", "ann.cooks", *place])
    assert (
        "7 of 9 influencers can be compared. Left out: 1 named in the request (ann.cooks)"
        in capsys.readouterr().out
    )
    main(["search", "vegan", *place])
    assert "without a match for the words" in capsys.readouterr().out


def test_every_column_of_exported_rankings_says_what_it_is(workspace, tmp_path):
    pipeline.export(workspace, "rankings", file=tmp_path / "r.csv", ranker="simcos")
    rows = rows_of((tmp_path / "r.csv").read_text())
    assert [row["influencer"] for row in rows] == pipeline.rank(
        workspace, BRAND, ranker="simcos"
    ).candidates.tolist()
    ann = next(row for row in rows if row["influencer"] == "ann.cooks")
    assert "engagement" not in ann
    assert "category" in ann
    assert float(ann["engagement_rate"]) == pytest.approx((210 + 320) / 2 / 8000)
    assert float(ann["part_text"]) == pytest.approx(float(ann["score"]))
    assert ann["profile"] == "https://www.instagram.com/ann.cooks/"
    assert (ann["candidates"], ann["left_out"], ann["followers"]) == ("6", "3", "8000")
    assert ann["chance"] == ""  # simcos gives no probability
    opened = tmp_path / "all.jsonl"
    pipeline.export(workspace, "rankings", file=opened, ranker="simcos", followers="0..")
    assert "gus.huge" in opened.read_text()


def test_a_stated_category_wins_and_a_predicted_one_is_called_so(workspace, tmp_path, capsys):
    ids = ["ann.cooks", "bo.cooks", "ida.silent"]
    about = pipeline.describe_accounts(workspace, ids)
    assert [pipeline.category_of(row) for row in about] == ["food", "food (predicted, 90 %)", None]
    assert [row["category_source"] for row in about] == ["stated", "predicted", None]
    assert [row["category_probability"] for row in about] == [None, pytest.approx(0.9), None]
    found = pipeline.search(workspace, (), where="category:food")
    assert {row["influencer"]: row["category_source"] for row in found.rows} == {
        "ann.cooks": "stated",
        "bo.cooks": "predicted",
        "eve.cooks": "stated",
        "fay.tiny": "stated",
        "gus.huge": "stated",
    }
    for command in (
        ["rank", BRAND, "--ranker", "simcos"],
        ["search", "--where", "category:food"],
        ["similar", "ann.cooks"],
    ):
        main([*command, "-w", str(workspace.path)])
        assert "food (predicted, 90 %)" in capsys.readouterr().out
    pipeline.export(workspace, "rankings", file=tmp_path / "r.csv", ranker="simcos")
    assert {row["influencer"]: row["category_source"] for row in rows_of((tmp_path / "r.csv").read_text())}[
        "bo.cooks"
    ] == "predicted"
    said = pipeline.report(
        workspace, BRAND, file=tmp_path / "a.html", ranker="simcos", influencers=["bo.cooks", "ann.cooks"]
    )
    assert {card.profile.id: card.category for card in said.cards} == {
        "ann.cooks": "food",
        "bo.cooks": "food (predicted, 90 %)",
    }


@pytest.fixture(scope="module")
def tagging(tmp_path_factory) -> Path:
    """Six influencers tag a brand; the last of them has 150,000 followers."""
    source, place = tmp_path_factory.mktemp("tagging"), tmp_path_factory.mktemp("derived") / "work"
    accounts = ["role,handle,followers", "brand,oat.co,50000"]
    posts = ["id,account,caption", "b,oat.co,Oats for breakfast"]
    for n in range(6):
        accounts.append(f"influencer,cook{n},{150_000 if n == 5 else 20_000}")
        posts += [f"a{n},cook{n},Breakfast by @oat.co", f"c{n},cook{n},Vegan recipe with oats and berries"]
    (source / "accounts.csv").write_text("\n".join(accounts))
    (source / "posts.csv").write_text("\n".join(posts))
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=source)
        pipeline.encode(workspace, "text.hashing")
    return place


def test_a_partner_outside_the_bounds_of_derived_endorsements_is_named(tagging):
    ranking = pipeline.rank(tagging, "oat.co", ranker="simcos", followers="0..")
    assert ranking.candidates.tolist() == ["cook5"]
    note = "posts pair oat.co with 1 of these candidates (cook5) that are not counted as past partners"
    assert any(one.startswith(note) for one in ranking.notes)
    counted = {"endorsements.max_followers": 200_000}
    wider = pipeline.rank(tagging, "oat.co", ranker="simcos", followers="0..", partners=True, data=counted)
    assert len(wider) == 6
    assert not any("not counted" in one for one in wider.notes)
    assert "for example cook5 and oat.co" in pipeline.check(tagging).to_text()


def test_the_page_of_such_an_influencer_does_not_say_that_no_partner_is_known(tagging):
    from starlette.testclient import TestClient

    from brandfit.service.app import create_app

    with TestClient(create_app(tagging, work=False), base_url="http://localhost") as client:
        page = client.get("/influencers/cook5").text
    assert "No partner is known" not in page
    assert "Posts name it together with" in page
    assert "outside the bounds for partners" in page


def test_an_import_of_stated_endorsements_counts_the_pairs_that_are_not_derived_any_more(tmp_path):
    workspace = tmp_path / "demo"
    pipeline.import_source(workspace, "sample", settings={"influencers": 30})
    partners = pipeline.load(workspace).partners
    n_derived = sum(map(len, partners.values()))
    brand = max(sorted(partners), key=lambda brand: len(partners[brand]))
    stated = min(partners[brand])
    source = tmp_path / "more"
    source.mkdir()
    (source / "accounts.csv").write_text(f"handle,role\n{stated},influencer\n{brand},brand\n")
    (source / "endorsements.csv").write_text(f"brand,influencer\n{brand},{stated}\n")
    warnings = pipeline.import_source(workspace, "folder", source).warnings
    (warning,) = [one for one in warnings if "derived" in one]
    assert f"{n_derived - 1:,} pairs that posts state are not used" in warning
    # An import that adds no links says it no more; ``check`` goes on to count these brands.
    again = pipeline.import_source(workspace, "folder", source).warnings
    assert not [one for one in again if "derived" in one]
