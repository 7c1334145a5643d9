"""Look-alikes, pictures and briefs on the built-in sample, whose topics are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.errors import UnknownName, UsageError
from brandfit.search.lookalike import Lookalikes
from brandfit.workspace import Workspace


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("similar") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "image.classical", "concept.bag"):
            pipeline.encode(workspace, name)
    return place


def categories(place):
    with Workspace(place) as workspace:
        accounts = workspace.dataset().accounts
        return dict(zip(accounts["id"].to_pylist(), accounts["category"].to_pylist(), strict=True))


def test_look_alikes_are_of_the_same_category_and_others_than_those_asked(place):
    category = categories(place)
    with Workspace(place) as workspace:
        dataset = pipeline.load(workspace)
        alike = Lookalikes(dataset)
        right, total = 0, 0
        for id in dataset.influencers[::6].tolist():
            found = alike.similar([id], k=5)
            assert id not in {one.influencer for one in found}
            assert [one.similarity for one in found] == sorted(
                (one.similarity for one in found), reverse=True
            )
            right += sum(category[one.influencer] == category[id] for one in found)
            total += len(found)
        share = np.mean(
            [category[a] == category[b] for a in dataset.influencers for b in dataset.influencers if a != b]
        )
        assert right / total > share + 0.4
        two = alike.similar(dataset.influencers[:2].tolist(), k=3)
        assert not {one.influencer for one in two} & set(dataset.influencers[:2].tolist())
        with pytest.raises(UnknownName):
            alike.similar(["nobody"])
        with pytest.raises(UsageError, match="no features"):
            Lookalikes(dataset, ("graph",))


def test_a_brand_may_be_asked_for_too(place, capsys):
    category = categories(place)
    main(["similar", "pawmeadow.treats", "-k", "5", "-w", str(place), "--json"])
    rows = json.loads(capsys.readouterr().out)["results"]
    assert sum(category[row["influencer"]] == "pet" for row in rows) >= 4


def test_a_picture_finds_who_shows_the_like(place, tmp_path, capsys):
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        post, hash = (dataset.images[c][0].as_py() for c in ("post", "hash"))
        file = tmp_path / "seen.jpg"
        file.write_bytes(dataset.picture(hash))
        owner = dataset.posts["account"][dataset.posts["id"].to_pylist().index(post)].as_py()
        influencers = set(dataset.influencers.tolist())
    main(["similar", "--picture", str(file), "-k", "40", "-w", str(place), "--json"])
    rows = json.loads(capsys.readouterr().out)["results"]
    assert owner not in influencers or owner in {row["influencer"] for row in rows}
    assert all(set(row["slots"]) == {"picture"} for row in rows)
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    for args, said in (
        (["--picture", str(tmp_path / "no.jpg")], "cannot be read as a picture"),
        ([], "Like whom"),
        (["arvid.peaks", "--picture", str(file)], "not both"),
        (["arvid.peaks", "--where", "beauty:yes"], "no filter named 'beauty'"),
    ):
        with pytest.raises(SystemExit):
            main(["similar", *args, "-w", str(place)])
        assert said in capsys.readouterr().err


def test_a_brief_ranks_for_a_brand_without_an_account(place, capsys):
    category = categories(place)
    wanted = "Treats and toys for happy dogs and puppies, on long walks with a new leash"
    main(["rank", "--brief", wanted, "--ranker", "simcos", "-k", "10", "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["brand"] == "brief"
    assert sum(category[row["influencer"]] == "pet" for row in found["ranking"]) >= 7
    assert any("represented by its brief" in note for note in found["notes"])
    unknown = "no word of the brief is in any post here"
    assert not any(unknown in note for note in found["notes"])
    main(["rank", "--brief", "qwrtzp", "--ranker", "simcos", "-k", "3", "-w", str(place), "--json"])
    assert any(unknown in note for note in json.loads(capsys.readouterr().out)["notes"])
    for args in ([], ["northpeak.outdoor", "--brief", "x"]):
        with pytest.raises(SystemExit):
            main(["rank", *args, "-w", str(place)])
        assert "nothing to rank for" in capsys.readouterr().err
