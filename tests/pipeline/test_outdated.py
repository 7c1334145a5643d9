"""What is older than the rows is found and counted, made again by one call, and an unranked list has no
numbers."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from brandfit import pipeline, registry
from brandfit.cli import cli
from brandfit.data.captions import hashtags
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.pipeline.missing_features import MAX_POSTS
from brandfit.workspace import Workspace

ENCODERS = ("text.hashing", "concept.bag", "engagement")
WORDS = {
    "travel": ["tent in the mountains #camping", "hiking by the lake #hiking", "a long trail to the summit"],
    "food": ["lemon pancakes for breakfast #baking", "sourdough bread #baking", "pasta with basil #cooking"],
}


def people() -> list:
    """Two brands, six influencers of each kind with three posts each, and a partner of each brand."""
    rows: list = []
    for kind, captions in WORDS.items():
        rows.append(Account(id=f"{kind}.shop", role="brand", category=kind))
        rows += [
            Account(id=f"{kind}.{n}", role="influencer", category=kind, followers=9_000 + n) for n in range(6)
        ]
        for owner in (f"{kind}.shop", *(f"{kind}.{n}" for n in range(6))):
            for n, caption in enumerate(captions):
                written = f"{caption} {owner}"
                rows.append(
                    Post(
                        id=f"{owner}-{n}",
                        account=owner,
                        time=1_700_000_000 + n,
                        caption=written,
                        hashtags=hashtags(written),
                        likes=90,
                        comments=3,
                    )
                )
        partner = f"{kind}.0"
        rows.append(
            Link(
                id=link_id("endorses", partner, target=f"{kind}.shop"),
                kind="endorses",
                source=partner,
                target=f"{kind}.shop",
            )
        )
    return rows


def brief(caption: str = "tents and hiking in the mountains #camping") -> list:
    post = Post(id="brief", account="new.brand", kind="brief", caption=caption, hashtags=hashtags(caption))
    return [Account(id="new.brand", role="brand"), post]


def many(n: int) -> list:
    posts = [
        Post(id=f"many-{i}", account="many.brand", caption=f"tent {i} in the mountains") for i in range(n)
    ]
    return [Account(id="many.brand", role="brand"), *posts]


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "w", create=True) as opened:
        opened.write("people", people())
        for encoder in ENCODERS:
            pipeline.encode(opened, encoder)
        yield opened


def counts(workspace: Workspace) -> dict[str, tuple[int, int]]:
    return {one.name: (one.new, one.changed) for one in pipeline.outdated(workspace).features}


def test_new_changed_and_emptied_posts_are_counted(workspace):
    assert not pipeline.outdated(workspace)
    old = next(row for row in people() if isinstance(row, Post) and row.id == "food.1-0")
    gone = next(row for row in people() if isinstance(row, Post) and row.id == "food.1-1")
    changes = [old, gone, Post(id="later", account="food.1", caption="more pancakes")]
    for post, caption in zip(changes, ("a quite different caption", "", "more pancakes"), strict=True):
        workspace.write(
            "later",
            [
                Post(
                    id=post.id,
                    account=post.account,
                    time=1_700_000_009,
                    caption=caption,
                    likes=90,
                    comments=3,
                )
            ],
        )
    found = {one.name: one for one in pipeline.outdated(workspace).features}
    # hashing reads captions; the bag reads how many posts the account has too, so that all of food.1 has
    # changed
    assert (found["text.hashing"].new, found["text.hashing"].changed) == (1, 2)
    assert found["text.hashing"].ids == {"later", "food.1-0", "food.1-1"}
    assert found["engagement"].new == 1
    assert "1 new and 2 changed posts are not encoded, for example food.1-0" in found["text.hashing"].sentence
    done = pipeline.update(workspace)
    assert set(done.features) >= {"text.hashing", "concept.bag", "engagement"}
    assert not pipeline.outdated(workspace)
    assert "food.1-1" not in workspace.features("text.hashing").ids


def test_rows_that_an_encoder_does_not_read_make_nothing_stale(workspace):
    workspace.write("more", [Account(id="watcher", role="audience")])
    assert counts(workspace) == {}


def test_a_post_that_says_nothing_is_not_reported_for_ever(workspace):
    workspace.write("odd", [Post(id="odd", account="food.2", caption="qwxzj vbnmk")])
    pipeline.update(workspace)
    assert "odd" not in workspace.features("concept.bag").ids
    assert counts(workspace) == {}
    workspace.write(
        "more", [Account(id="watcher", role="audience")]
    )  # so that the rows are compared one by one
    assert counts(workspace) == {}


def test_features_of_an_earlier_version_are_judged_by_their_key_and_recorded_when_encoded(workspace):
    bare = replace(workspace.features("text.hashing"), contents=None)
    workspace.save(bare)
    (workspace.path / "features" / "text.hashing" / "covered.json").unlink()
    assert workspace.features("text.hashing").contents is None
    assert counts(workspace) == {}
    workspace.write("later", [Post(id="later", account="food.1", caption="more pancakes")])
    assert counts(workspace)["text.hashing"] == (1, 0)
    pipeline.update(workspace)
    assert workspace.features("text.hashing").contents is not None
    workspace.save(replace(workspace.features("text.hashing"), contents=None))
    pipeline.encode(workspace, "text.hashing")
    assert workspace.features("text.hashing").contents is not None


def test_models_are_stale_where_rows_or_features_changed(workspace):
    pipeline.train(workspace, "wsim", settings={"epochs": "1"})
    assert not pipeline.outdated(workspace)
    pipeline.encode(workspace, "text.hashing", settings={"hashtags": "drop"})  # the same rows, read otherwise
    (stale,) = pipeline.outdated(workspace).models
    assert (stale.name, stale.why) == ("wsim", "made before text.hashing changed")
    assert pipeline.listing("models", workspace)[0]["up to date"] is False
    assert pipeline.update(workspace).models == ("wsim",)
    assert not pipeline.outdated(workspace)
    workspace.write("more", [Account(id="watcher", role="audience")])
    (stale,) = pipeline.outdated(workspace).models
    assert stale.why == "made before the data changed"


def test_a_model_is_older_than_the_predicted_categories_that_it_would_read(workspace, capsys):
    workspace.write("odd", [Account(id="odd.one", role="influencer", followers=9_000)])
    workspace.write("odd", [Post(id="odd-1", account="odd.one", caption="a tent in the mountains #camping")])
    pipeline.update(workspace)
    pipeline.train(workspace, "brandfit")
    assert not pipeline.outdated(workspace)
    pipeline.profile(workspace, "nearest", settings={"folds": "2"})
    (stale,) = pipeline.outdated(workspace).models
    assert stale.sentence == "brandfit: trained before there was nearest, and would read it now"
    assert stale.sentence in run(capsys, "check", "-w", str(workspace.path))
    assert stale.sentence in run(capsys, "doctor", "-w", str(workspace.path))
    done = pipeline.update(workspace)
    assert (done.models, done.left.all) == (("brandfit",), ())
    assert workspace.model_info("brandfit")["data"]["slots.category"] == "nearest"


def test_a_model_of_an_earlier_version_is_older_than_predicted_categories_too(workspace):
    pipeline.train(workspace, "brandfit")
    info = workspace.model_info("brandfit")
    assert info["data"]["slots.category"] == "stated"
    earlier = {key: value for key, value in info.items() if key != "chosen"}
    workspace.save_model(workspace.load_model("brandfit")[0], earlier)
    pipeline.profile(workspace, "nearest", settings={"folds": "2"})
    assert [one.name for one in pipeline.outdated(workspace).models] == ["brandfit"]


@pytest.mark.parametrize("setting", ["stated", "none"])
def test_a_slot_that_somebody_set_is_not_filled_otherwise(workspace, setting):
    pipeline.train(workspace, "brandfit", data={"slots.category": setting, "slots.graph": "none"})
    pipeline.profile(workspace, "nearest", settings={"folds": "2"})
    assert not pipeline.outdated(workspace)


def test_a_model_is_older_than_features_of_a_slot_that_was_empty_or_filled_worse(workspace):
    pipeline.train(workspace, "brandfit")
    pipeline.train(workspace, "wsim", settings={"epochs": "1"}, data={"slots.text": "text.hashing"})
    text = workspace.features("text.hashing")
    workspace.save(replace(text, name="text.minilm", key="text.minilm-1", contents=None))
    workspace.save(replace(text, name="image.clip", key="image.clip-1", slot="picture", contents=None))
    found = {one.name: one.why for one in pipeline.outdated(workspace).models}
    assert found == {
        "brandfit": "trained before there was image.clip, text.minilm (in place of text.hashing), and would "
        "read it now",
        "wsim": "trained before there was image.clip, and would read it now",
    }
    assert set(pipeline.update(workspace).models) == {"brandfit", "wsim"}
    assert workspace.model_info("brandfit")["data"]["slots.text"] == "text.minilm"
    assert workspace.model_info("wsim")["data"]["slots.text"] == "text.hashing"
    assert not pipeline.outdated(workspace).models


def test_a_profile_is_older_than_features_that_it_would_read(workspace):
    pipeline.profile(workspace, "combined", settings={"folds": "2"})
    assert not pipeline.outdated(workspace)
    text = workspace.features("text.hashing")
    workspace.save(replace(text, name="text.minilm", key="text.minilm-1", contents=None))
    (stale,) = pipeline.outdated(workspace).profiles
    assert stale.sentence == "combined: made before there was text.minilm, and would read it now"
    assert not pipeline.update(workspace).left


def test_training_says_what_it_did_not_read(workspace):
    workspace.write("later", [Post(id="later", account="food.1", caption="more pancakes")])
    pipeline.train(workspace, "wsim", settings={"epochs": "1"})
    assert any(
        "text.hashing: 1 new post is not encoded" in note for note in workspace.model_info("wsim")["notes"]
    )


def test_profiles_are_made_again_with_their_settings(workspace, tmp_path):
    pipeline.profile(workspace, "nearest", settings={"folds": "2"}, seed=3)
    assert not pipeline.outdated(workspace)
    workspace.write("later", [Post(id="later", account="food.1", caption="more pancakes")])
    done = pipeline.update(workspace)
    assert done.profiles == ("nearest",)
    assert not done.left
    note = workspace.maker(workspace.feature_info("nearest")["key"].partition("-")[0])
    assert (note["config"]["folds"], note["seed"]) == (2, 3)
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "account,category\n" + "".join(f"{kind}.{n},{kind}\n" for kind in WORDS for n in range(4))
    )
    pipeline.profile(workspace, "nearest", settings={"folds": "2"}, labels=[labels])
    workspace.write("again", [Post(id="again", account="food.1", caption="bread")])
    left = pipeline.update(workspace).left
    assert [one.name for one in left.profiles] == ["nearest"]
    assert "brandfit profile nearest --labels FILE" in left.sentences[0]


def test_a_new_brief_is_ranked_by_at_once_and_nothing_is_written(workspace):
    workspace.write("brief", brief())
    before = workspace.stamp
    ranking = pipeline.rank(workspace, "new.brand", ranker="simcos")
    assert [row["rank"] for row in ranking.rows()] == list(range(1, 13))
    assert {id.partition(".")[0] for id in ranking.candidates[:6]} == {"travel"}
    assert any(
        note.startswith("1 post of new.brand is encoded for this answer alone") for note in ranking.notes
    )
    assert (ranking.no_evidence, dict(ranking.not_encoded)) == (0, {})
    answer, _ = pipeline.explain(
        workspace, "@New.Brand", influencer=str(ranking.candidates[0]), ranker="simcos"
    )
    assert answer.more["rank"] == 1
    assert workspace.stamp == before
    pipeline.update(workspace)
    again = pipeline.rank(workspace, "new.brand", ranker="simcos")
    assert again.candidates.tolist() == ranking.candidates.tolist()
    assert np.allclose(again.scores, ranking.scores)
    assert not any("encoded" in note for note in again.notes)


def test_a_changed_brief_counts_as_it_is_now(workspace):
    workspace.write("brief", brief())
    pipeline.update(workspace)
    workspace.write("brief", brief("lemon pancakes and sourdough bread #baking"))
    ranking = pipeline.rank(workspace, "new.brand", ranker="simcos")
    assert {id.partition(".")[0] for id in ranking.candidates[:6]} == {"food"}


def test_other_brands_do_not_wait_for_a_new_one(workspace, monkeypatch):
    workspace.write("brief", brief())
    cls = type(pipeline.readers.maker_of(workspace, workspace.features("text.hashing")))
    monkeypatch.setattr(cls, "encode_batch", lambda *_: pytest.fail("something was encoded"))
    assert len(pipeline.rank(workspace, "food.shop", ranker="simcos"))


def test_more_than_is_quick_waits_and_nobody_is_numbered(workspace, tmp_path):
    workspace.write("many", [*many(MAX_POSTS + 1), *brief()])
    ranking = pipeline.rank(workspace, "many.brand", ranker="simcos")
    assert {row["rank"] for row in ranking.rows()} == {None}
    assert ranking.not_encoded == {"brand": MAX_POSTS + 1}
    assert (
        f"{MAX_POSTS + 1} posts of many.brand are not encoded: brandfit update -w {workspace.path}"
        in ranking.notes
    )
    assert (
        pipeline.rank(workspace, "new.brand", ranker="simcos").no_evidence == 0
    )  # the smaller one does not wait for the larger one
    pipeline.export(workspace, "rankings", file=tmp_path / "r.csv", brands=["many.brand"], ranker="simcos")
    assert {row["rank"] for row in csv.DictReader((tmp_path / "r.csv").open())} <= {None, ""}
    said = pipeline.report(workspace, "many.brand", file=tmp_path / "r.html", ranker="simcos", k=2)
    assert [card.rank for card in said.cards] == [None, None]
    page = (tmp_path / "r.html").read_text()
    assert "Number 1" not in page
    assert "Nobody is ranked" in page or "nobody is ranked" in page
    with pytest.raises(pipeline.campaign.UsageError, match="No set can be chosen"):
        pipeline.shortlist(workspace, "many.brand", count=2, ranker="simcos")
    pipeline.update(workspace)
    assert pipeline.rank(workspace, "many.brand", ranker="simcos").no_evidence == 0


def test_answers_that_use_earlier_features_of_an_influencer_say_so(workspace, capsys, tmp_path):
    """Every new post of a known influencer: the score is that of its earlier posts until it is encoded."""
    new = [
        Post(id=f"new-{n}", account="food.3", caption=f"tent {n} in the mountains #camping") for n in range(4)
    ]
    workspace.write("later", new)
    pipeline.train(workspace, "simcos")
    # The four new posts, and three whose concepts follow from all posts of the account.
    used = "its earlier features are used"
    note = f"7 posts of food.3 are not encoded; {used}: brandfit update -w {workspace.path}"
    ranking = pipeline.rank(workspace, "travel.shop", ranker="simcos")
    assert note in ranking.notes
    assert ranking.not_encoded == {"scored_candidates": 1}
    assert note in pipeline.shortlist(workspace, "travel.shop", count=3, ranker="simcos").notes
    assert note in pipeline.search(workspace, "camping").notes
    report = pipeline.report(workspace, "travel.shop", file=tmp_path / "r.html", ranker="simcos", k=2)
    assert note in report.notes
    out = run(
        capsys, "export", "rankings", str(tmp_path / "r.csv"), "--ranker", "simcos", "-w", str(workspace.path)
    )
    assert note in out
    pipeline.update(workspace)
    assert not any(
        "not encoded" in one for one in pipeline.rank(workspace, "travel.shop", ranker="simcos").notes
    )


def test_candidates_without_evidence_are_counted_with_what_to_do(workspace):
    workspace.write(
        "later",
        [
            Account(id="late.one", role="influencer", followers=9_000),
            Post(id="l", account="late.one", caption="a tent"),
        ],
    )
    workspace.write("later", [Account(id="mute.one", role="influencer", followers=9_000)])
    ranking = pipeline.rank(workspace, "travel.shop", ranker="simcos")
    assert ranking.ranks()[-2:] == [None, None]
    assert (ranking.no_evidence, ranking.not_encoded) == (2, {"candidates": 1})
    assert any(
        "1 candidate without evidence has posts that are not encoded: brandfit update" in n
        for n in ranking.notes
    )
    assert pipeline.rank(workspace, "travel.shop", ranker="simcos", k=3).no_evidence == 2
    chosen = pipeline.shortlist(workspace, "travel.shop", count=3, ranker="simcos")
    assert {group.reason: group.count for group in chosen.excluded}["no_evidence"] == 2
    set_ = pipeline.appraise(workspace, "travel.shop", influencers=["mute.one", "travel.1"], ranker="simcos")
    assert {pick.influencer: pick.rank is None for pick in set_.picks} == {
        "mute.one": True,
        "travel.1": False,
    }


MORE = MAX_POSTS + 17
"""More posts than an answer encodes by itself."""
WAITING = MORE + 3
"""concept.bag reads how many posts the account has, so that its three old posts have changed too."""


def write_more(workspace: Workspace) -> None:
    posts = [Post(id=f"more-{n}", account="travel.shop", caption="a tent") for n in range(MORE)]
    workspace.write("later", posts)


def answers(workspace: Workspace, brand: str, out: Path) -> dict[str, Callable[[], Sequence[str]]]:
    """Function to the notes of its answer about a brand."""

    def exported() -> list[str]:
        pipeline.export(workspace, "rankings", file=out / "r.csv", brands=[brand], ranker="simcos", k=1)
        row = next(csv.DictReader((out / "r.csv").open()))
        left = int(row["brand_posts_not_encoded"])
        return [f"{left} posts of {brand} are not encoded"] if left else []

    return {
        "advise": lambda: pipeline.advise(workspace, brand, captions="tents in the mountains").notes,
        "appraise": lambda: (
            pipeline.appraise(workspace, brand, influencers="travel.3", ranker="simcos").notes
        ),
        "brands_for": lambda: pipeline.brands_for(workspace, "travel.3", ranker="simcos").notes,
        "encoding_notes": lambda: pipeline.encoding_notes(workspace, brand, ranker="simcos"),
        "explain": lambda: (
            pipeline.explain(workspace, brand, influencer="travel.3", ranker="simcos", kinds="posts")[0].notes
        ),
        "export": exported,
        "pair": lambda: pipeline.pair(workspace, brand, influencer="travel.3", ranker="simcos").notes,
        "rank": lambda: pipeline.rank(workspace, brand, ranker="simcos").notes,
        "rank_query": lambda: (
            pipeline.rank_query(workspace, brand, query=pipeline.RankingQuery(), ranker="simcos").notes
        ),
        "report": lambda: pipeline.report(workspace, brand, file=out / "r.html", ranker="simcos", k=1).notes,
        "shortlist": lambda: pipeline.shortlist(workspace, brand, count=2, ranker="simcos").notes,
        "similar": lambda: pipeline.similar(workspace, brand).notes,
    }


OF_NUMBERS = {
    "asking_prices": "prices, for a page that has the notes",
    "case_study": "held-out partners take more brands; tests/report/test_case.py tests the note",
    "chances": "chances, for a page that has the notes",
    "fit_maps": "maps of the pictures that advise has judged",
    "fitted": "a ranker",
    "suggestions": "held-out partners take more brands; tests/report/test_case.py tests the note",
    "set_role_names": "the brand is a word for brands",
}
"""Functions of a brand whose answer is numbers alone, and why nothing is noted."""


@pytest.mark.parametrize("name", sorted(answers(None, "", Path())))  # type: ignore[arg-type]
def test_every_answer_about_a_brand_says_which_posts_it_does_not_know(workspace, tmp_path, name):
    write_more(workspace)
    workspace.write("brief", brief())
    known = answers(workspace, "food.shop", tmp_path)[name]()
    if name != "brands_for":  # it is about all brands
        assert not [note for note in known if "encoded" in note]
    notes = answers(workspace, "travel.shop", tmp_path)[name]()
    assert [note for note in notes if f"{WAITING} posts of travel.shop are not encoded" in note], notes
    if name != "export":  # the file counts what is left out, and this is in it
        notes = answers(workspace, "new.brand", tmp_path)[name]()
        said = "1 post of new.brand is encoded for this answer alone"
        assert [note for note in notes if said in note], notes


def test_every_function_of_a_brand_is_among_them():
    found = {
        name
        for name in pipeline.__all__
        if {"brand", "brands", "like"} & set(getattr(getattr(pipeline, name), "__annotations__", {}))
    }
    covered = set(answers(None, "", Path())) | set(OF_NUMBERS)  # type: ignore[arg-type]
    assert {name for name in found if callable(getattr(pipeline, name)) and name.islower()} <= covered


def test_posts_that_wait_are_noted_whoever_was_ranked_before(workspace):
    """Where nothing can be encoded in memory, the Dataset is the same for all brands."""
    workspace.write("many", many(MORE))
    assert not [
        note for note in pipeline.rank(workspace, "food.shop", ranker="simcos").notes if "encoded" in note
    ]
    assert pipeline.rank(workspace, "many.brand", ranker="simcos").not_encoded == {"brand": MORE}


def test_commands_and_files_say_which_posts_they_do_not_know(workspace, capsys, tmp_path):
    where = str(workspace.path)
    write_more(workspace)
    said = f"Note: {WAITING} posts of travel.shop are not encoded: brandfit update -w {where}\n"
    table, page = str(tmp_path / "r.csv"), tmp_path / "r.html"
    for sent in (
        ("rank", "travel.shop"),
        ("shortlist", "travel.shop", "--count", "2"),
        ("explain", "travel.shop", "travel.3"),
        ("brands", "travel.3"),
        ("brands", "travel.3", "--with", "travel.shop"),
        ("similar", "travel.shop"),
        ("advise", "travel.shop", "--caption", "a tent"),
        ("export", "rankings", table),
    ):
        assert said in run(capsys, *sent, "-w", where), sent
        if sent[0] != "rank":
            told = json.loads(run(capsys, *sent, "--json", "-w", where))
            assert any(said[6:-1] == note for note in told["notes"]), sent
    run(capsys, "export", "report", str(page), "--brand", "travel.shop", "-w", where)
    assert said[6:-1] in page.read_text()


def test_accounts_without_features_do_not_count_for_likeness_and_are_named(workspace):
    workspace.write("brief", brief())
    workspace.write(
        "later",
        [
            Account(id="late.one", role="influencer", followers=9_000),
            Post(id="l", account="late.one", caption="a tent"),
        ],
    )
    alone = pipeline.similar(workspace, "food.shop")
    both = pipeline.similar(workspace, ["food.shop", "new.brand"])
    swapped = pipeline.similar(workspace, ["@New.Brand", "food.shop", "food.shop"])
    assert both.to_dict() == swapped.to_dict()
    likeness = {row["influencer"]: row["likeness"] for row in both.rows}
    assert likeness != {row["influencer"]: row["likeness"] for row in alone.rows}
    for names in (["food.shop", "late.one"], ["late.one", "food.shop"]):
        found = pipeline.similar(workspace, names)
        assert [row["likeness"] for row in found.rows] == [row["likeness"] for row in alone.rows]
        assert "1 of the 2 accounts does not count, with nothing encoded to compare: late.one" in found.notes
        assert any("1 post of late.one is not encoded" in note for note in found.notes)


def test_what_cannot_be_encoded_for_itself_waits_for_update(workspace):
    pipeline.encode(
        workspace, "text.hashtags", settings={"min_accounts": "1", "max_share": "1"}
    )  # it learns from all accounts
    workspace.write("brief", brief())
    ranking = pipeline.rank(
        workspace, "new.brand", ranker="simcos", data={"slots.text": "text.hashtags", "slots.concept": "none"}
    )
    assert (ranking.no_evidence, ranking.not_encoded) == (len(ranking), {"brand": 1})
    pipeline.update(workspace)
    assert (
        pipeline.rank(
            workspace, "new.brand", ranker="simcos", data={"slots.text": "text.hashtags"}
        ).no_evidence
        == 0
    )


def test_imported_features_are_never_out_of_date(workspace):
    ids = np.array(["food.1-0"], dtype=object)
    workspace.save(Features("text.elsewhere", ids, np.ones((1, 2), np.float32), key="elsewhere"))
    workspace.write("later", [Post(id="later", account="food.1", caption="more pancakes")])
    assert "text.elsewhere" not in counts(workspace)


def test_who_is_forgotten_is_not_left_among_those_without_a_row(workspace):
    workspace.write(
        "odd",
        [
            Account(id="odd.one", role="influencer"),
            Post(id="odd.one/7", account="odd.one", caption="qwxzj vbnmk"),
        ],
    )
    pipeline.update(workspace)
    assert b"odd.one/7" in features_on_disk(workspace.path)
    pipeline.forget(workspace, ["odd.one"])
    assert b"odd.one/7" not in features_on_disk(workspace.path)


def features_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((path / "features").rglob("*")) if file.is_file())


def run(capsys, *args: str) -> str:
    cli.main(list(args), standalone_mode=False)
    return capsys.readouterr().out


def test_the_command_line_says_it_and_makes_it_again(workspace, capsys):
    where = str(workspace.path)
    assert "Out of date" not in run(capsys, "check", "-w", where)
    assert run(capsys, "update", "-w", where) == "Everything is up to date.\n"
    workspace.write("many", many(MAX_POSTS + 1))
    answer = run(capsys, "check", "-w", where)
    assert f"text.hashing: {MAX_POSTS + 1} new posts are not encoded, for example many-0" in answer
    assert f"brandfit update -w {where}" in answer
    assert (
        json.loads(run(capsys, "check", "--json", "-w", where))["outdated"]["features"][0]["new"]
        == MAX_POSTS + 1
    )
    assert f"{MAX_POSTS + 1} new posts are not encoded" in run(capsys, "doctor", "-w", where)
    sent = ("rank", "many.brand", "--ranker", "simcos", "-k", "2", "-w", where)
    lines = run(capsys, *sent).splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["-", "-"]
    assert any(line.startswith("Note: nobody is ranked") for line in lines)
    found = json.loads(run(capsys, *sent, "--json"))
    assert [row["rank"] for row in found["ranking"]] == [None, None]
    assert (found["no_evidence"], found["not_encoded"]) == (12, {"brand": MAX_POSTS + 1})
    assert run(capsys, "update", "-w", where).startswith("Encoded: concept.bag")
    assert run(capsys, *sent).splitlines()[1].split()[0] == "1"


def test_a_model_is_older_than_own_vectors_that_were_saved_again(workspace):
    ids = workspace.dataset().accounts["id"].to_numpy().astype(object)
    values = np.random.default_rng(0).normal(size=(len(ids), 4)).astype(np.float32)
    first = Features("mine", ids, values, level="account", slot="text")
    workspace.save(first)
    before = pipeline.load(workspace, {"slots.text": "mine"}).fingerprint
    pipeline.train(workspace, "simcos", data={"slots.text": "mine"})
    assert not pipeline.outdated(workspace).models
    workspace.save(replace(first, values=values[::-1].copy()))
    (model,) = pipeline.outdated(workspace).models
    assert (model.name, "mine changed" in model.why) == ("simcos", True)
    assert pipeline.load(workspace, {"slots.text": "mine"}).fingerprint != before


def test_an_account_without_any_features_is_not_said_to_have_earlier_ones(workspace):
    post = Post(id="first", account="travel.new", caption="a tent by the lake #camping", time=1_700_000_009)
    workspace.write("later", [Account(id="travel.new", role="influencer", followers=9_100), post])
    chosen = pipeline.shortlist(workspace, "travel.shop", count=2, ranker="simcos")
    note = next(note for note in chosen.notes if "travel.new" in note)
    assert "not encoded, and so is nothing else of the account" in note
    assert "earlier features" not in note
    again = Post(id="second", account="travel.1", caption="a lake #camping", time=1_700_000_009)
    workspace.write("later", [again])
    note = next(n for n in pipeline.search(workspace, "camping").notes if "travel.1" in n)
    assert " of travel.1 are not encoded; its earlier features are used; " in note
    assert "1 post of travel.new is not encoded, and so is nothing else of the account" in note


def test_a_ranking_by_a_model_that_is_older_than_the_data_says_so(workspace):
    pipeline.train(workspace, "brandfit")
    assert not [
        note for note in pipeline.rank(workspace, "travel.shop").notes if note.startswith("brandfit:")
    ]
    link = Link(
        id=link_id("endorses", "travel.1", target="travel.shop"),
        kind="endorses",
        source="travel.1",
        target="travel.shop",
    )
    workspace.write("later", [link])
    notes = pipeline.rank(workspace, "travel.shop").notes
    assert [note for note in notes if note.startswith("brandfit: ") and "brandfit update" in note], notes
    pipeline.update(workspace)
    assert not [
        note for note in pipeline.rank(workspace, "travel.shop").notes if note.startswith("brandfit:")
    ]


@pytest.fixture
def with_own_list(workspace, tmp_path):
    """(workspace, file): the concepts are those of a list of one's own."""
    own = tmp_path / "own.txt"
    own.write_text("camping: tent\nbaking: bread\n", "utf-8")
    pipeline.encode(workspace, "concept.bag", settings={"taxonomy": str(own)})
    pipeline.update(workspace)
    return workspace, own


def test_an_edited_file_of_a_setting_makes_its_features_out_of_date(with_own_list, capsys):
    workspace, own = with_own_list
    where = str(workspace.path)
    assert not pipeline.outdated(workspace)
    own.write_text("camping: tent\nbaking: bread\ncooking: pasta\n", "utf-8")
    (features,) = pipeline.outdated(workspace).features
    assert features.sentence == f"concept.bag: {own} changed after they were encoded"
    assert features.sentence in run(capsys, "check", "-w", where)
    (of_json,) = json.loads(run(capsys, "check", "--json", "-w", where))["outdated"]["features"]
    assert (of_json["edited"], of_json["new"], of_json["changed"]) == ([str(own)], 0, 0)
    assert "Encoded: concept.bag" in run(capsys, "update", "-w", where)
    assert workspace.features("concept.bag").columns == ("camping", "baking", "cooking")
    assert not pipeline.outdated(workspace)


def test_a_file_that_is_only_touched_or_away_changes_nothing(with_own_list):
    workspace, own = with_own_list
    os.utime(own, (1, 1))
    assert not pipeline.outdated(workspace)
    own.unlink()
    assert not pipeline.outdated(workspace)


def test_a_relative_path_is_that_of_the_folder_in_which_it_was_given(workspace, tmp_path, monkeypatch):
    for place, text in (("here", "camping: tent\n"), ("elsewhere", "baking: bread\n")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "own.txt").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path / "here")
    pipeline.encode(workspace, "concept.bag", settings={"taxonomy": "own.txt"})
    pipeline.update(workspace)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert not pipeline.outdated(workspace)
    # New posts are encoded with the list of the first folder, and an edit of it is noticed from here.
    workspace.write("one", [Post(id="late", account="food.0", caption="a tent", time=1_800_000_000)])
    pipeline.update(workspace)
    assert workspace.features("concept.bag").columns == ("camping",)
    (tmp_path / "here" / "own.txt").write_text("camping: tent\ncooking: pasta\n", "utf-8")
    (stale,) = pipeline.outdated(workspace).features
    assert stale.edited == (str(tmp_path / "here" / "own.txt"),)
    pipeline.update(workspace)
    assert workspace.features("concept.bag").columns == ("camping", "cooking")


def test_concepts_of_an_account_say_which_posts_are_not_encoded(workspace, capsys):
    pipeline.encode(workspace, "concept.bag")
    pipeline.update(workspace)
    workspace.write("one", [Post(id="late", account="food.0", caption="a tent", time=1_800_000_000)])
    assert "not encoded" in " ".join(pipeline.topics_notes(workspace, "food.0"))
    assert "not encoded" in run(capsys, "concepts", "show", "food.0", "-w", str(workspace.path))


def test_an_edited_file_and_new_posts_are_both_named(with_own_list):
    workspace, own = with_own_list
    own.write_text("camping: tent\n", "utf-8")
    workspace.write("one", [Post(id="late", account="food.0", caption="a tent", time=1_800_000_000)])
    sentences = [stale.sentence for stale in pipeline.outdated(workspace).features]
    (sentence,) = [text for text in sentences if text.startswith("concept.bag")]
    assert f"{own} changed after they were encoded; " in sentence
    assert "1 new" in sentence


@pytest.mark.parametrize("name", registry.names("encoder"))
def test_settings_that_name_a_file_are_noticed_when_it_changes(name):
    """A new encoder whose setting is a file of the user must list it in ``file_settings``."""
    cls = registry.load("encoder", name)
    of_files = set()
    for field in msgspec.inspect.type_info(cls.Config).fields:
        schema = getattr(field.type, "extra_json_schema", None) or {}
        if "file" in schema.get("description", ""):
            of_files.add(field.name)
    assert of_files == set(cls.file_settings)
