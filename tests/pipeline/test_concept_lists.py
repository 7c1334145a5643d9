"""Lists of concepts from a workspace to a model: built, reviewed, encoded, counted; CLI and Python agree."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.encoders.concept._taxonomy_file import taxonomy_of
from brandfit.errors import UnknownName, UsageError
from brandfit.workspace import Workspace

FEW = pipeline.ConceptBounds(posts=5)


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def built(sample, tmp_path_factory):
    """(result, file)."""
    file = tmp_path_factory.mktemp("lists") / "concepts.csv"
    return pipeline.build_concepts(sample, file, bounds=FEW), file


def test_the_file_says_where_each_concept_comes_from(built, sample):
    made, file = built
    rows = rows_of(file)
    assert made.concepts == len(rows) == len({row["concept"] for row in rows})
    assert {row["keep"] for row in rows} == {"yes"}
    for row in rows:
        assert int(row["posts"]) >= 5 or max(int(row["biographies"]), int(row["business_categories"])) >= 5
        assert row["example"]
    accounts = [int(row["accounts"]) for row in rows]
    assert accounts == sorted(accounts, reverse=True)
    with Workspace(sample) as workspace:
        dataset = workspace.dataset()
    assert made.posts == dataset.posts.num_rows
    assert made.accounts == len(dataset.brands) + len(dataset.influencers)
    assert all(terms.n >= len(terms.examples) >= 1 for terms in made.left_out.values())


def test_a_reviewed_list_is_encoded_ranked_and_explained(built, sample, tmp_path):
    work, file = tmp_path / "work", tmp_path / "reviewed.csv"
    shutil.copytree(sample, work)
    rows = rows_of(built[1])
    rows[0]["keep"] = "no"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with Workspace(work) as workspace:
        before = workspace.features("concept.bag").columns
        pipeline.encode(workspace, "concept.bag", settings={"taxonomy": str(file)})
        features = workspace.features("concept.bag")
        assert set(features.columns) == {row["concept"] for row in rows[1:]} != set(before)
        pipeline.train(workspace, "simcos")
        ranking = pipeline.rank(workspace, "northpeak.outdoor", ranker="simcos")
        assert len(ranking)
        shares = pipeline.topics(workspace, "northpeak.outdoor", 5)
        assert set(shares) <= set(features.columns)
        # Weak labels of posts come from the names that the built-in list has too.
        frequent = pipeline.frequent_concepts(workspace)
        assert all(set(row.concepts) <= set(features.columns) for row in frequent.rows)


def test_a_list_is_never_written_over(built, sample):
    content = built[1].read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        pipeline.build_concepts(sample, built[1])
    assert built[1].read_bytes() == content


def test_wrong_arguments_write_nothing(sample, tmp_path):
    file = tmp_path / "new.csv"
    with pytest.raises(UnknownName, match="captoins"):
        pipeline.build_concepts(sample, file, sources="captoins")
    with pytest.raises(UsageError, match=r"ends in '\.txt'"):
        pipeline.build_concepts(sample, tmp_path / "new.txt")
    with pytest.raises(UsageError, match="No term occurs in 9,999 posts"):
        pipeline.build_concepts(
            sample, file, bounds=pipeline.ConceptBounds(posts=9999, accounts=9999, profiles=9999)
        )
    assert not list(tmp_path.iterdir())


def test_a_list_begins_with_a_file_or_with_nothing(sample, tmp_path):
    first = tmp_path / "first.txt"
    first.write_text("outdoors: mountain, hiking, camping\n", "utf-8")
    by_file = pipeline.build_concepts(sample, tmp_path / "a.xlsx", first=str(first), bounds=FEW)
    by_nothing = pipeline.build_concepts(sample, tmp_path / "b.csv", first="none", bounds=FEW)
    assert by_file.new == by_file.concepts - 1
    assert by_nothing.new == by_nothing.concepts
    names = taxonomy_of(str(by_file.file)).names
    assert "outdoors" in names
    assert not {"mountain", "hiking"} & set(names)


def test_the_density_of_a_list_and_of_features(built, sample):
    made, file = built
    by_list = pipeline.concept_density(sample, taxonomy=file)
    assert by_list == made.density
    with Workspace(sample) as workspace:
        dataset, features = pipeline.load(workspace), workspace.features("concept.bag")
    by_features = pipeline.concept_density(sample)
    values = features.values_of(dataset.posts["id"].to_pylist()).values > 0
    assert by_features.posts.mean == pytest.approx(values.sum(axis=1).mean())
    owner = np.array(dataset.posts["account"].to_pylist())
    of_account = [
        values[owner == id].any(axis=0).sum()
        for id in [*dataset.brands.tolist(), *dataset.influencers.tolist()]
    ]
    assert by_features.accounts.mean == pytest.approx(np.mean(of_account))
    assert by_features.accounts.total == len(of_account)
    assert "counts wider concepts too" in by_features.notes[0]
    assert not by_list.notes


def test_posts_that_are_not_read_do_not_count_as_posts_without_concepts(sample, tmp_path):
    work = tmp_path / "work"
    shutil.copytree(sample, work)
    with Workspace(work) as workspace:
        total = pipeline.concept_density(workspace).posts.total
        pipeline.encode(workspace, "concept.bag", settings={"last_posts": 2})
        features = workspace.features("concept.bag")
        density = pipeline.concept_density(workspace)
    assert density.posts.total == len(features) < total
    assert density.posts.mean == pytest.approx((features.values > 0).sum(axis=1).mean())
    assert f"{total - len(features):,} posts do not count" in density.notes[0]


def test_density_refuses_columns_without_names(sample):
    with pytest.raises(UsageError, match=r"text\.hashing has no named columns"):
        pipeline.concept_density(sample, "text.hashing")
    with pytest.raises(UsageError, match="both given"):
        pipeline.concept_density(sample, "concept.bag", taxonomy="x.csv")


def test_the_commands_give_the_same(built, sample, tmp_path, capsys):
    made, file = built
    new = tmp_path / "again.csv"
    main(["concepts", "build", str(new), "--posts", "5", "-w", str(sample), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert new.read_bytes() == file.read_bytes()
    assert answer == {
        **json.loads(json.dumps(made.to_dict())),
        "file": str(new),
        "density": answer["density"],
    }
    main(["concepts", "count", "--taxonomy", str(file), "-w", str(sample), "--json"])
    counted = json.loads(capsys.readouterr().out)
    assert counted["posts"] == answer["density"]["posts"]
    main(["concepts", "build", str(tmp_path / "text.csv"), "--from", "biographies", "-w", str(sample)])
    text = capsys.readouterr().out
    assert f"brandfit encode concept.bag --set taxonomy={tmp_path / 'text.csv'}" in text
    assert "Concepts of a post:" in text
