"""The order with parity of exposure is one order: in Python, on the command line, in the API, in files and on
pages."""

from __future__ import annotations

import csv
import io
import json
import re

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from brandfit import pipeline
from brandfit.cli import cli
from brandfit.errors import UnknownName, UsageError
from brandfit.exposure import tiers_of
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace


@pytest.fixture
def lists(folder, brand):
    """Influencers by score, and in the order with parity."""
    with Workspace(folder) as workspace:
        return pipeline.rank(workspace, brand), pipeline.rank(workspace, brand, exposure="parity")


def test_each_tier_has_its_share_of_every_prefix(folder, brand, lists):
    by_score, fair = lists
    assert sorted(fair.candidates.tolist()) == sorted(by_score.candidates.tolist())
    with Workspace(folder) as workspace:
        dataset = pipeline.load(workspace)
    tiers = tiers_of(dataset.account_values("followers", fair.candidates))
    for tier in set(tiers.tolist()):
        own = fair.candidates[tiers == tier].tolist()
        # The order within a tier is that of the scores.
        assert own == [id for id in by_score.candidates.tolist() if id in set(own)]
        counts = np.cumsum(tiers == tier)
        shares = np.arange(1, len(tiers) + 1) * (tiers == tier).mean()
        assert np.abs(counts - shares).max() < 2
    score_of = dict(zip(by_score.candidates.tolist(), by_score.scores.tolist(), strict=True))
    assert fair.scores.tolist() == [score_of[id] for id in fair.candidates.tolist()]


def test_the_note_counts_what_the_order_costs(lists):
    by_score, fair = lists
    best = set(by_score.candidates[:10].tolist())
    n_new = len(set(fair.candidates[:10].tolist()) - best)
    note = fair.notes[0]
    assert f"{n_new} of the first 10 are not among the best 10 by score" in note
    means = by_score.scores[:10].mean(), fair.scores[:10].mean()
    assert f"from {means[0]:.3f} to {means[1]:.3f}" in note


def test_command_api_file_and_page_have_the_same_order(make, folder, brand, lists, tmp_path):
    expected = lists[1].candidates.tolist()
    arguments = ["rank", brand, "--exposure", "parity", "-k", "12", "--json", "-w", str(folder)]
    printed = json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).output)
    assert [row["influencer"] for row in printed["ranking"]] == expected[:12]
    assert [row["rank"] for row in printed["ranking"]] == list(range(1, 13))
    client = make(folder)
    items = client.get(f"/api/v1/rankings/{brand}?exposure=parity&limit=12").json()["items"]
    assert [item["influencer"] for item in items] == expected[:12]
    answer = client.get(f"/api/v1/exports/rankings.csv?brand={brand}&exposure=parity&k=12")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["influencer"] for row in rows] == expected[:12]
    file = tmp_path / "list.csv"
    arguments = ["export", "rankings", str(file), "--brand", brand, "--exposure", "parity", "-k", "12"]
    printed = CliRunner().invoke(cli, [*arguments, "-w", str(folder)], catch_exceptions=False).output
    with file.open(encoding="utf-8", newline="") as written:
        assert [row["influencer"] for row in csv.DictReader(written)] == expected[:12]
    assert lists[1].notes[0] in " ".join(printed.split())
    page = client.get(f"/brands/{brand}?exposure=parity").text
    shown = re.findall(
        r'<span class="rank" aria-hidden="true">\d+</span>.*?/influencers/([^"]+)"', page, re.S
    )
    assert shown == expected[: len(shown)]
    assert 'id="parity"' in page
    why = client.get(f"/brands/{brand}/why/{expected[4]}?exposure=parity").text
    assert "Number <b>5</b> of" in why


def test_another_name_and_likes_are_refused(folder, brand, lists):
    with Workspace(folder) as workspace:
        with pytest.raises(UnknownName):
            pipeline.rank(workspace, brand, exposure="parit")
        with pytest.raises(UsageError):
            pipeline.rank(workspace, brand, exposure="parity", like=lists[0].candidates[:1].tolist())


def test_the_page_of_an_evaluation_shows_exposure_and_its_cost(make, folder):
    client = make(folder)
    client.post("/evaluation", data={"rankers": "simcos", "protocol": "cv5", "parity": "true"})
    job = client.get("/api/v1/jobs").json()["items"][0]
    assert job["parameters"]["exposure"] == "parity"
    # The result as the job writes it.
    with Workspace(folder) as workspace:
        report = pipeline.evaluate(workspace, ["simcos"], protocol="cv5", exposure="parity").to_dict()
    store = ServiceStore(folder)
    done = {"state": "done", "result": msgspec.json.encode(report).decode(), "finished": 1.0}
    store.write(tables.jobs.update().values(**done))
    store.close()
    page = client.get("/evaluation").text
    section = page.partition('id="exposure"')[2].partition("</section>")[0]
    for tier in report["exposure"]["simcos"]["tiers"]:
        assert tier["followers"] in section
        assert f"{tier['exposure']:.3f}" in section
    cost = report["parity"]["simcos"]["cost"]["AUC"]["difference"]
    assert f"{cost:+.3f}" in section


@pytest.mark.parametrize("list_of", ["exposure=parity", "partners=true", "where=followers:..30k", ""])
def test_page_and_api_say_which_places_a_pair_has(make, folder, brand, list_of):
    """The places for both sides are those of all candidates; the head of the page has those of its list."""
    client = make(folder)
    influencer = client.get(f"/api/v1/rankings/{brand}?{list_of}").json()["items"][-1]["influencer"]
    explained = client.get(f"/api/v1/explanations/{brand}/{influencer}?both=true&kind=posts&{list_of}").json()
    basis = explained["both_sides"]["basis"]
    assert bool(basis) == bool(list_of)
    page = client.get(f"/brands/{brand}/why/{influencer}/both?{list_of}").text
    assert ("These places are among all candidates" in page) == bool(list_of)
    assert basis in page
    place = (explained["both_sides"]["candidate_rank"], explained["both_sides"]["among"])
    if (explained["rank"], explained["candidates"]) != place:
        assert basis


def test_page_and_api_count_the_same_brands(make, folder, brand):
    """A brand for which the influencer is marked “Not this” is none of its brands, in both."""
    client = make(folder)
    influencer = client.get(f"/api/v1/rankings/{brand}").json()["items"][0]["influencer"]
    suited = client.get(f"/api/v1/accounts/{influencer}/brands?limit=100").json()["brands"]
    other = next(one["brand"] for one in suited if one["brand"] != brand)
    client.patch(f"/api/v1/annotations/{other}/{influencer}", json={"opinion": "dislike"})
    explained = client.get(f"/api/v1/explanations/{brand}/{influencer}?both=true&kind=posts").json()
    assert explained["both_sides"]["brands"] == len(suited) - 1
    page = client.get(f"/brands/{brand}/why/{influencer}/both").text
    assert explained["both_sides"]["sentence"] in page


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """``running(followers)``: a workspace of a brand and influencers with these numbers of followers."""

    def made(followers):
        folder = tmp_path_factory.mktemp("running")
        accounts = ["id,role,followers", "shop,brand,"]
        accounts += [f"runner{n},influencer,{count}" for n, count in enumerate(followers)]
        posts = ["id,account,caption", "b,shop,running shoes"]
        posts += [f"p{n},runner{n},running in the rain {n}" for n in range(len(followers))]
        (folder / "accounts.csv").write_text("\n".join(accounts))
        (folder / "posts.csv").write_text("\n".join(posts))
        with Workspace(folder / "work", create=True) as workspace:
            pipeline.import_source(workspace, "folder", path=folder)
            pipeline.encode(workspace, "text.hashing")
        return folder / "work"

    return made


@pytest.mark.parametrize(
    ("followers", "reason"),
    [
        ([""] * 4, "the followers of all 4 listed candidates with a score are unknown"),
        ([6000] * 4, "all 4 listed candidates with a score are in one tier, 5,000 to 9,999 followers"),
    ],
)
def test_parity_of_one_tier_measures_nothing(make, running, followers, reason):
    """There is no other order: a distance of 0 to 0 would look like a measurement."""
    place = running(followers)
    with Workspace(place) as workspace:
        by_score = pipeline.rank(workspace, "shop")
        fair = pipeline.rank(workspace, "shop", exposure="parity")
    assert fair.candidates.tolist() == by_score.candidates.tolist()
    (note,) = set(fair.notes) - set(by_score.notes)
    assert reason in note
    assert "0.000" not in note
    client = make(place)
    assert note in client.get("/api/v1/rankings/shop?exposure=parity").json()["notes"]
    page = client.get("/brands/shop?exposure=parity").text
    shown = page.partition('id="parity">')[2].partition("</p>")[0]
    assert reason in shown
    assert "0.000" not in shown


def test_unknown_followers_are_counted_as_a_tier(running):
    with Workspace(running([6000, 6000, "", ""])) as workspace:
        note = pipeline.rank(workspace, "shop", exposure="parity").notes[0]
    assert "the distance of the exposure" in note
    assert note.endswith("the 2 with unknown followers count as one tier")
