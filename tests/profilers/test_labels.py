"""Labels by people: files, topics that are named, and accounts that are read one by one."""

from __future__ import annotations

import csv
import json

import pytest

from brandfit import pipeline, registry
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.errors import ConfigError, DataError, UsageError
from brandfit.profilers import _discover
from brandfit.profilers._examples import posts_of
from brandfit.profilers._labels import read_labels, write_labels
from brandfit.workspace import Workspace

pytest.importorskip("tomotopy")
WORDS = {
    "food": "bread pasta lemon kitchen recipe dinner soup cheese onion garlic butter honey",
    "pet": "puppy leash paws kitten collar vet kennel bark whiskers hamster feather tail",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("labels") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
    return place


def planted(biographies: bool) -> Dataset:
    accounts, posts = [], []
    for n in range(60):
        topic = ("food", "pet")[n % 2]
        words = WORDS[topic].split()
        said = " ".join(words[(n * 5 + k) % 12] for k in range(5))
        accounts.append(Account(id=f"{topic}.{n}", biography=said if biographies else None))
        posts.append(
            Post(id=f"p{n}", account=f"{topic}.{n}", caption="good morning" if biographies else said)
        )
    return Dataset.from_rows(accounts, posts)


@pytest.mark.parametrize("biographies", [True, False])
def test_topics_that_a_person_named_label_accounts(biographies, tmp_path):
    dataset = planted(biographies)
    assert _discover.source(dataset) == ("biographies" if biographies else "captions")
    topics, ids, shares = _discover.discover_topics(dataset, 2)
    assert len(ids) == 60
    assert shares.shape == (60, 2)
    assert sum(topic.accounts for topic in topics) == 60
    file = tmp_path / "topics.toml"
    file.write_text(_discover.to_toml(topics, "biographies"))
    with pytest.raises(ConfigError, match="no topic has a category"):
        _discover.read(file)
    text = file.read_text()
    for topic in topics:  # what a person does
        name = "food" if set(topic.words[:4]) <= set(WORDS["food"].split()) else "pet"
        text = text.replace(
            f'accounts = {topic.accounts}\ncategory = ""',
            f'accounts = {topic.accounts}\ncategory = "{name}"',
            1,
        )
    file.write_text(text)
    labels = _discover.label_accounts(dataset, _discover.read(file))
    assert len(labels) > 50
    assert sum(id.startswith(category) for id, category in labels.items()) / len(labels) > 0.95
    with pytest.raises(UsageError, match="not those of the file"):
        _discover.label_accounts(
            dataset.restricted(influencers=dataset.influencers[:35]), _discover.read(file)
        )


def test_labels_are_read_with_line_and_reason(tmp_path):
    file = tmp_path / "labels.csv"
    write_labels({"ana": "food", "bo": "pet"}, file)
    assert read_labels(file) == ("account", {"ana": "food", "bo": "pet"})
    file.write_text("\ufeffAccount,Category\n@Ana, Food \nbo,pet\n\nbo,\n")
    assert read_labels(file) == ("account", {"ana": "food"})
    file.write_text("post,category\nAb_1,food\n")
    assert read_labels(file) == ("post", {"Ab_1": "food"})
    for text, said in (
        ("id,label\na,b\n", "line 1"),
        ("account,category\nana\n", "line 2"),
        ("account,category\n", "no labels"),
        ("", "line 1"),
    ):
        file.write_text(text)
        with pytest.raises(DataError, match=said):
            read_labels(file)
    with pytest.raises(DataError, match="no file"):
        read_labels(tmp_path / "nowhere.csv")


def test_text_that_is_not_utf8_is_named_as_such(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_bytes("account,category\ncafé,food\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"labels\.csv: not UTF-8 text"):
        read_labels(file)


def test_labels_that_would_change_nothing_are_refused(place, tmp_path):
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
        posts, accounts = tmp_path / "posts.csv", tmp_path / "accounts.csv"
        write_labels(dict.fromkeys(posts_of(dataset)[:20].tolist(), "food"), posts, "post")
        write_labels(dict.fromkeys(dataset.influencers[:20].tolist(), "food"), accounts)
        for name, told, file in (
            ("tags", {}, posts),
            ("tags", {"level": "post"}, accounts),
            ("attentive", {"level": "post"}, accounts),
            ("sponsored", {}, posts),
        ):
            with pytest.raises(UsageError, match=f"{name}.* learns from labels of"):
                pipeline.profile(workspace, name, settings=told, labels=[file])
        attentive = registry.load("profiler", "attentive")(None, 0)
        read = pipeline.with_labels(dataset, [posts, accounts], [attentive])
        assert len(read.post_categories) == 20


def test_what_somebody_wrote_is_not_written_over(place, tmp_path, capsys):
    topics, labels = tmp_path / "topics.toml", tmp_path / "labels.csv"
    discover = ["profile", "discover", "--topics", "2", "-w", str(place)]
    main([*discover, "--out", str(topics)])
    main([*discover, "--out", str(topics)])  # nobody has written into it yet
    for written in (topics.read_text().replace('category = ""', 'category = "food"'), "notes, not topics"):
        topics.write_text(written)
        with pytest.raises(SystemExit):
            main([*discover, "--out", str(topics)])
        assert topics.read_text() == written
        assert "was edited" in capsys.readouterr().err
    labels.write_text("account,category\nana,food\n")
    for arguments in (
        ["profile", "discover", "--apply", str(topics), "--out", str(labels), "-w", str(place)],
        ["profile", "tags", "--labels", str(labels), "--out", str(labels), "-w", str(place)],
        ["profile", "tags", "--out", str(labels), "-w", str(place)],
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert labels.read_text() == "account,category\nana,food\n"
    with pytest.raises(UsageError, match="fewer topics"):
        _discover.discover_topics(planted(True), 61)


def test_the_commands(place, tmp_path, capsys, monkeypatch):
    topics, labels = tmp_path / "topics.toml", tmp_path / "labels.csv"
    main(["profile", "discover", "--topics", "4", "--out", str(topics), "-w", str(place)])
    assert "Written:" in capsys.readouterr().out
    text = topics.read_text().split('category = ""')
    topics.write_text(
        text[0] + 'category = "one"' + text[1] + 'category = "two"' + 'category = ""'.join(text[2:])
    )
    main(
        [
            "profile",
            "discover",
            "--apply",
            str(topics),
            "--share",
            "0.3",
            "--out",
            str(labels),
            "-w",
            str(place),
        ]
    )
    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["category"] for row in rows} == {"one", "two"}
    capsys.readouterr()
    main(["profile", "evaluate", "tags", "--labels", str(labels), "-w", str(place), "--json"])
    assert json.loads(capsys.readouterr().out)["classes"] == ["one", "two"]
    main(["profile", "tags", "--labels", str(labels), "-w", str(place), "--json"])
    assert json.loads(capsys.readouterr().out)["classes"] == ["one", "two"]
    labels.write_text(labels.read_text() + "nobody.at.all,one\n")
    out = tmp_path / "told.csv"
    main(["profile", "tags", "--labels", str(labels), "-w", str(place), "--out", str(out)])
    printed = capsys.readouterr().out
    assert (
        f"1 of {len(rows) + 1} labels of {labels} are of accounts that are not here: nobody.at.all" in printed
    )
    stated = [c for c in pipeline.load(place).accounts["category"].to_pylist() if c is not None]
    note = f"{len(stated):,} accounts keep their stated category"
    note += "; classes of the labels that are no stated category: one, two"
    assert f"Note: {note}\n" in printed
    pipeline.train(place, "brandfit")
    with Workspace(place) as workspace:
        assert note in workspace.model_info("brandfit")["notes"]
    assert out.read_text().startswith("account,stated,answer")


def test_labelling_by_hand_goes_on_where_it_stopped(place, tmp_path, capsys, monkeypatch):
    file = tmp_path / "mine.csv"
    answers = iter(["1", "s", "2", "q"])
    monkeypatch.setattr("click.prompt", lambda *_a, **_k: next(answers))
    main(["profile", "mark", "--out", str(file), "--category", "a", "--category", "b", "-w", str(place)])
    labels = read_labels(file).labels
    assert list(labels.values()) == ["a", "b"]
    with Workspace(place) as workspace:
        left, known = pipeline.posts_to_label(workspace, list(labels), count=1000)
    assert not {account for account, _ in left} & set(labels)
    assert "food" in known
    answers = iter(["2", "q"])
    main(["profile", "mark", "--out", str(file), "--category", "a", "--category", "b", "-w", str(place)])
    assert len(read_labels(file).labels) == 3


def test_posts_are_labelled_by_hand_and_learned_from(place, tmp_path, capsys, monkeypatch):
    file = tmp_path / "posts.csv"
    with Workspace(place) as workspace:
        told, _ = pipeline.posts_to_label(workspace, [], count=10_000, kind="post")
        accounts = dict(
            zip(*(workspace.dataset().posts[c].to_pylist() for c in ("id", "account")), strict=True)
        )
        category = dict(
            zip(*(workspace.dataset().accounts[c].to_pylist() for c in ("id", "category")), strict=True)
        )
    assert all(texts[0] == f"@{accounts[id]}" for id, texts in told)
    answers = iter(["1", "q"])
    monkeypatch.setattr("click.prompt", lambda *_a, **_k: next(answers))
    main(["profile", "mark", "--posts", "--out", str(file), "-w", str(place)])
    assert "1 posts" in capsys.readouterr().out
    assert read_labels(file).kind == "post"
    with pytest.raises(SystemExit):
        main(["profile", "mark", "--out", str(file), "-w", str(place)])
    assert "labels of posts" in capsys.readouterr().err
    write_labels({id: category[accounts[id]] for id, _ in told[:300] if category[accounts[id]]}, file, "post")
    out = tmp_path / "told.csv"
    main(
        [
            "profile",
            "tags",
            "--set",
            "level=post",
            "--labels",
            str(file),
            "--out",
            str(out),
            "-w",
            str(place),
            "--json",
        ]
    )
    found = json.loads(capsys.readouterr().out)
    assert found["posts"] > 1000
    with out.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == found["posts"]
    assert sum(bool(row["stated"]) for row in rows) > 200
    levels = ["--set", "tags.level=post", "--set", "majority.level=post"]
    main(
        [
            "profile",
            "evaluate",
            "tags",
            "majority",
            *levels,
            "--labels",
            str(file),
            "-w",
            str(place),
            "--json",
        ]
    )
    judged = json.loads(capsys.readouterr().out)
    assert judged["posts"] > 200
    assert judged["results"]["tags"]["accuracy"]["low"] > judged["majority"]
    with pytest.raises(SystemExit):
        main(["profile", "evaluate", "tags", "majority", "--set", "tags.level=post", "-w", str(place)])
    assert "Judge those of accounts" in capsys.readouterr().err


def test_weak_labels_of_posts_are_said_to_be_weak(place, capsys):
    main(["encode", "concept.bag", "-w", str(place)])
    capsys.readouterr()
    main(["profile", "evaluate", "tags", "--set", "level=post", "-w", str(place)])
    assert "weak labels from concept.bag, not checked by a person" in capsys.readouterr().out
