"""The case study (M-16, B-12): which influencers it shows, what they are about, and that the model has not
seen the brand."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from brandfit import pipeline
from brandfit.cli import cli, main
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.errors import UnknownName, UsageError
from brandfit.pipeline.case import NO_CONCEPTS, _empty_places
from brandfit.ranking import rank
from brandfit.report.album import Album
from brandfit.report.case import (
    TITLES,
    ChartSource,
    case_account,
    chart,
    cloud_words,
    content_similarity,
    named_shares,
    pick_cases,
)
from brandfit.workspace import Workspace

BRAND = "northpeak.outdoor"
NAN = float("nan")


def ranking_of(scores):
    ids = np.array([f"i{n}" for n in range(len(scores))], dtype=object)
    return rank("b", ids, scores=np.array(scores))


def picked(scores, partners, similarity, below=2):
    ranking = ranking_of(scores)
    row = {id: n for n, id in enumerate(ranking.candidates)}
    is_partner = np.array([id in partners for id in row])
    aligned = np.array([similarity[int(id[1:])] for id in row])
    picks = pick_cases(ranking, is_partner=is_partner, similarity=aligned, below=below)
    return {pick.role: (pick.influencer, pick.rank) for pick in picks}


def test_the_four_places_are_those_of_the_paper():
    """Best first: i0 (partner), i1, i2 (partner), i3, i4, i5 (partner), i6, i7 (no score)."""
    scores = [9, 8, 7, 6, 5, 4, 3, NAN]
    similarity = [1, 1, 1, 0.9, 0.2, 1, 0.8, 1]
    found = picked(scores, {"i0", "i2", "i5"}, similarity, below=2)
    assert found == {
        "top positive": ("i0", 1),
        "top negative": ("i1", 2),
        "lowest positive": ("i5", 6),
        "similar negative": ("i3", 4),
    }
    # Ranked lower than 4 only.
    assert picked(scores, {"i0", "i2", "i5"}, similarity, below=4)["similar negative"] == ("i6", 7)
    # A bound that nobody is below is not changed.
    assert "similar negative" not in picked(scores, {"i0", "i2", "i5"}, similarity, below=7)


def test_a_place_that_nobody_has_is_left_out():
    assert set(picked([3, 2, NAN], {"i0", "i2"}, [1, 1, 1])) == {"top positive", "top negative"}
    assert set(picked([3, 2], {"i0", "i1"}, [1, 1])) == {"top positive", "lowest positive"}
    # Nothing can be compared, so nobody is similar.
    assert "similar negative" not in picked([4, 3, 2, 1], {"i0"}, [NAN] * 4)


@pytest.fixture(scope="module")
def small():
    accounts = [Account(id="b", role="brand"), Account(id="i"), Account(id="j")]
    posts = [Post(id=id, account=id[0]) for id in ("b1", "i1", "i2", "j1")]
    texts = Features(
        "topics",
        np.array(["b1", "i1", "i2"], dtype=object),
        np.array([[1, 0, 1], [2, 0, 0], [0, 2, -4]], np.float32),
        columns=("trail, lake (1)", "lake, boat (2)", "oven"),
    )
    return Dataset.from_rows(accounts, posts).with_slots({"text": texts})


def test_shares_are_those_of_the_mean_of_the_posts(small):
    source = ChartSource("text", [small.slots["text"]], "topics")
    # Mean of i: (1, 1, -2); the negative one has no share.
    assert named_shares(small, source, "i") == {"trail, lake (1)": 0.5, "lake, boat (2)": 0.5}
    drawn = chart(small, "ACT", source=source, account="b")
    assert drawn.bars == {"trail, lake (1)": 0.5, "oven": 0.5}
    silent = chart(small, "ACT", source=source, account="j")
    assert not silent.shares
    assert silent.missing == "nothing of j was recognised by topics"
    # Objects and scenes are concatenated, and all shares add up to 1 (MORNING, Eq. 6).
    both = ChartSource("text", [small.slots["text"], small.slots["text"]], "topics twice")
    assert sum(named_shares(small, both, "b").values()) == pytest.approx(1)


def test_similarity_is_the_cosine_of_what_both_post(small):
    similarity = content_similarity(small, "b", np.array(["i", "j"], dtype=object))
    # b (1, 0, 1), i (1, 1, -2): -1 / (sqrt 2 sqrt 6); j has nothing.
    assert similarity[0] == pytest.approx(-1 / np.sqrt(12))
    assert np.isnan(similarity[1])


def test_a_topic_gives_its_words_to_the_cloud():
    words = cloud_words({"trail, lake (1)": 0.6, "lake, boat (2)": 0.39, "oven": 0.001})
    assert words == pytest.approx({"lake": 0.99, "trail": 0.6, "boat": 0.39})
    assert next(iter(words)) == "lake"


def test_clouds_are_deterministic_and_escaped():
    clouds = pytest.importorskip("brandfit.report.clouds")
    pytest.importorskip("wordcloud", reason="wordcloud comes with the extra plots")
    weights = {"<script>": 0.5, "lake": 0.3, "trail": 0.2}
    drawn = clouds.svg(weights, "Topics")
    assert drawn == clouds.svg(weights, "Topics")
    assert "<script>" not in drawn
    sizes = dict(re.findall(r'font-size="(\d+)"[^>]*>([^<]+)<', drawn))
    size_by_word = {word: int(size) for size, word in sizes.items()}
    assert size_by_word["&lt;script&gt;"] > size_by_word["lake"] > size_by_word["trail"]
    assert clouds.png(weights)[:4] == b"\x89PNG"


@pytest.fixture(scope="module")
def study(sample):
    with Workspace(sample) as workspace:
        return pipeline.case_study(workspace, BRAND, ranker="simcos").to_dict()


def test_the_study_of_the_sample_has_all_parts(study):
    roles = [account["role"] for account in study["accounts"]]
    assert roles == ["brand", "top positive", "top negative", "lowest positive", "similar negative"]
    by_role = dict(zip(roles, study["accounts"], strict=True))
    assert by_role["top positive"]["is_partner"]
    assert by_role["lowest positive"]["is_partner"]
    assert not by_role["top negative"]["is_partner"]
    assert by_role["top positive"]["rank"] < by_role["lowest positive"]["rank"]
    for account in study["accounts"]:
        kinds = {chart["kind"]: chart for chart in account["charts"]}
        assert list(kinds) == ["ACI", "ACT", "AUI", "AUT"]
        assert account["biography"]
        assert account["posts"][0]["caption"]
        # Every chart has shares or the reason why not.
        assert all(bool(chart["shares"]) != bool(chart["missing"]) for chart in kinds.values())
    # The sample has no pictures of commenters.
    assert "import posts of commenters" in by_role["brand"]["charts"][2]["missing"]
    assert "cv5" in study["model"]


def test_a_stated_rank_counts_and_the_default_is_halved_with_a_note(sample, study, capsys):
    n = study["candidates"]
    by_role = {account["role"]: account for account in study["accounts"]}
    assert n < 100
    assert by_role["similar negative"]["rank"] > n // 2
    assert [note for note in study["notes"] if f"the list has {n} candidates" in note]
    # The first bound is half of the list or less, the second more, and nobody is below the third.
    for below in (2, n - 2, n):
        command = ["case", BRAND, "--ranker", "simcos", "--below", str(below), "-w", str(sample), "--json"]
        main(command)
        stated = json.loads(capsys.readouterr().out)
        ranks = [one["rank"] for one in stated["accounts"] if one["role"] == "similar negative"]
        assert all(rank > below for rank in ranks)
        assert bool(ranks) or below > 2
        assert bool(ranks) != any(note.startswith("no similar negative") for note in stated["notes"])
        assert not [note for note in stated["notes"] if "the list has" in note]


def test_the_model_has_not_seen_the_partners_of_the_brand(sample, monkeypatch):
    """The data that the ranker is fitted on has no pair of the brand, and the study shows no post that states
    one."""
    from brandfit.rankers.wsim import WSim

    seen = []
    fit = WSim.fit

    def recorded(self, dataset, *rest):
        seen.append(dataset)
        return fit(self, dataset, *rest)

    monkeypatch.setattr(WSim, "fit", recorded)
    settings = {"wsim.epochs": 1, "protocol.seed": 5}
    with Workspace(sample) as workspace:
        study = pipeline.case_study(workspace, BRAND, ranker="wsim", settings=settings).to_dict()
        again = pipeline.case_study(workspace, BRAND, ranker="wsim", settings=settings).to_dict()
        partners = pipeline.load(workspace).partners[BRAND]
    assert again == study
    assert len(seen) == 1  # the second study uses the fitted model
    assert BRAND not in seen[0].brands.tolist()
    assert BRAND not in seen[0].partners
    assert "fitted on 19 other brands" in study["model"]
    for account in study["accounts"]:
        if account["id"] in partners:
            assert not any(BRAND in post["caption"] for post in account["posts"])


def test_a_protocol_that_knows_partners_is_refused(sample):
    with Workspace(sample) as workspace:
        with pytest.raises(UsageError, match="not held out"):
            pipeline.case_study(workspace, BRAND, ranker="simcos", protocol="expansion")
        with pytest.raises(UnknownName):
            pipeline.case_study(workspace, "nobody.here", ranker="simcos")


class Addresses(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        self.found += [value for name, value in attrs if name in ("src", "href")]


def test_the_command_writes_a_page_that_loads_nothing(sample, study, tmp_path):
    file = tmp_path / "case.html"
    arguments = ["case", BRAND, "--ranker", "simcos", "--out", str(file), "--clouds", str(tmp_path / "c")]
    done = CliRunner().invoke(cli, [*arguments, "--json", "-w", str(sample)], catch_exceptions=False)
    result = json.loads(done.stdout)
    files = result.pop("files")
    assert result == json.loads(json.dumps(study))
    html = file.read_text(encoding="utf-8")
    parser = Addresses()
    parser.feed(html)
    assert parser.found
    assert all(address.startswith("data:") for address in parser.found)
    for account in study["accounts"]:
        assert account["id"] in html
    assert "Word cloud of concepts" in html
    assert files[0] == str(file)
    assert any("top_positive" in name for name in files[1:])
    text = CliRunner().invoke(cli, ["case", BRAND, "--ranker", "simcos", "-w", str(sample)]).stdout
    assert "Top positive" in text
    assert "Similar negative" in text


def test_an_audience_is_charted_from_what_its_members_post():
    """Two commenters of i with own posts: the one active commenter posts about boats."""
    from brandfit.pipeline.case import _audience_source

    accounts = [Account(id="i"), Account(id="fan", role="audience")]
    posts = [Post(id="i1", account="i"), Post(id="f1", account="fan")]
    links = [Link(id="c", kind="comments", source="fan", target="i", post="i1", text="so nice")]
    dataset = Dataset.from_rows(accounts, posts, links=links)
    labels = Features(
        "image.labels",
        np.array(["i1", "f1"], dtype=object),
        np.array([[1, 0], [0, 3]], np.float32),
        columns=("tent", "boat"),
    )
    source = _audience_source(dataset, ["i"], features=labels, kind="AUI")
    assert source.by_account == {"i": {"boat": 1.0}}
    assert chart(dataset, "AUI", source=source, account="i").bars == {"boat": 1.0}
    # Without an audience there is nothing to draw.
    assert _audience_source(dataset, ["fan"], features=labels, kind="AUI") is None


def test_the_sources_of_charts_follow_what_an_encoder_reads(sample, tmp_path):
    """Labels of pictures, topics, and both of an audience, each in its chart; without names in none."""
    from brandfit.pipeline.case import _sources

    folder = shutil.copytree(sample, tmp_path / "work")
    with Workspace(folder) as workspace:
        post = workspace.dataset().posts["id"].to_pylist()[0]
        owner = workspace.dataset().posts["account"].to_pylist()[0]

        def save(name, slot, columns):
            values = np.arange(1, 3, dtype=np.float32)[None]
            workspace.save(Features(name, np.array([post], dtype=object), values, columns=columns, slot=slot))

        save("image.resnet", "picture", ("tent", "boat"))
        save("image.upernet", "picture", ("lake", "boat"))
        save("text.lda", "text", ("trail, lake", "oven"))
        save("audience.onnx", "audience", ("dog", "cat"))
        save("audience.minilm", "audience", ())
        sources = _sources(workspace, workspace.dataset(), [owner])
        names = {kind: source.source for kind, source in sources.items()}
        drawn = chart(workspace.dataset(), "ACI", source=sources["ACI"], account=owner)
    assert names["ACI"] == "image.resnet and image.upernet"
    assert names["ACT"] == "text.lda"
    assert names["AUI"] == "audience.onnx"
    assert names["AUT"].startswith("concept.bag of what 25 active commenters")
    # boat 2 + 2, tent 1 and lake 1 of 6: objects and scenes of one name are added.
    assert drawn.shares == pytest.approx({"boat": 4 / 6, "tent": 1 / 6, "lake": 1 / 6})


def test_a_brand_without_posts_has_one_true_reason(sample, tmp_path):
    """Its partners are held out, so no candidate has a score: no sentence on a place says something else."""
    with Workspace(sample) as workspace:
        dataset = pipeline.load(workspace)
        silent = next(brand for brand, seen_as in dataset.representation.items() if seen_as == "partners")
        found = pipeline.case_study(workspace, silent, ranker="simcos")
        page = pipeline.save_case(workspace, found, tmp_path / "silent.html").read_text()
    assert [account.pick for account in found.accounts] == [None]
    assert found.notes[0] == "the four places are empty: no candidate has a score"
    assert (
        f"nothing is left to see of {silent}: it has no posts and no brief, and its partners are held out: "
        f"{found.partners} of them are candidates"
    ) in found.notes
    assert found.accounts[0].concepts_missing == f"{silent} has no post or brief that can be seen here"
    for text in ("\n".join(found.notes), page):
        assert "no partners" not in text
        assert "every candidate with a score" not in text
        assert "one partner of the brand" not in text
        assert "No concepts of it are encoded" not in text


def test_an_empty_place_says_why():
    def reasons(scores, partners):
        ranking = ranking_of(scores)
        is_partner = np.array([id in partners for id in ranking.candidates])
        similarity = np.ones(len(scores))
        picks = pick_cases(ranking, is_partner=is_partner, similarity=similarity, below=2)
        roles = {pick.role for pick in picks}
        return _empty_places(ranking, is_partner, roles=roles, low_rank=2)

    assert reasons([NAN, NAN], {"i0"}) == ["the four places are empty: no candidate has a score"]
    no_partner, no_other = "no partner of the brand has a score", "every candidate with a score is a partner"
    assert reasons([3, 2, 1, NAN], {"i3"}) == [
        f"no top positive: {no_partner}",
        f"no lowest positive: {no_partner}",
    ]
    assert reasons([3, 2, NAN], {"i0", "i1"}) == [
        f"no top negative: {no_other} of the brand",
        f"no similar negative: {no_other} of the brand",
    ]
    of_three = reasons([3, NAN, 1], {"i0", "i1"})
    assert "no lowest positive: one partner of the brand has a score" in of_three
    # The bound is as large as the list; with one candidate more, somebody has a low rank.
    assert "no similar negative: no candidate has a rank larger than 2" in of_three
    assert not any("similar negative" in reason for reason in reasons([4, 3, 2, 1], {"i0", "i1"}))


def test_concepts_that_are_not_encoded_name_the_command(small):
    missing = ChartSource("concept", missing=NO_CONCEPTS)
    absent = {kind: ChartSource("", missing="none") for kind in TITLES}
    album = Album(small, ["i"])
    found = case_account(small, "i", pick=None, sources=absent, concepts=missing, album=album)
    assert found.concepts_missing == NO_CONCEPTS


def test_answers_about_held_out_partners_say_which_posts_are_not_encoded(sample, tmp_path):
    folder = tmp_path / "w"
    shutil.copytree(sample, folder)
    with Workspace(folder) as workspace:
        study = pipeline.case_study(workspace, BRAND, ranker="simcos")
        first = pipeline.suggestions(workspace, BRAND, ranker="simcos")
        assert not [note for note in (*study.notes, *first.notes) if "not encoded" in note]
        workspace.write("later", [Post(id="new", account=BRAND, caption="a tent", time=1_700_000_000)])
        study = pipeline.case_study(workspace, BRAND, ranker="simcos")
        first = pipeline.suggestions(workspace, BRAND, ranker="simcos")
    for notes in (study.notes, first.notes):
        assert [note for note in notes if f"of {BRAND}" in note and "not encoded" in note], notes
