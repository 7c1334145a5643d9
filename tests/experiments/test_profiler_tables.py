"""Tables of profilers: the declarations, planted accounts with a known answer, and the files."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
import torch

from brandfit import experiments, pipeline, registry
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.errors import UsageError
from brandfit.evaluation.profile_truncation import judge_truncated
from brandfit.experiments import ProfilerExperiment, ProfilerRow
from brandfit.workspace import Workspace

AVAILABLE = experiments.available_profiler_experiments()
TEN = ("beauty", "family", "fashion", "fitness", "food", "interior", "other", "pet", "product", "travel")
TAGS = [ProfilerRow("Tag", "tags", paper={"accuracy": 0.711}), ProfilerRow("quoted", note="from the paper")]


def planted(n_posts: int = 4) -> Dataset:
    """Accounts whose newest two posts say nothing; the third and older ones state the category."""
    accounts, posts = [], []
    for n in range(24):
        category = ("food", "pet")[n % 2]
        accounts.append(Account(id=f"a{n:02}", category=category))
        for k in range(n_posts if n < 20 else 1):
            tags = ["day"] if k < 2 else [category]
            posts.append(Post(id=f"a{n:02}p{k}", account=f"a{n:02}", time=100 - k, hashtags=tags))
    return Dataset.from_rows(accounts, posts)


def tags(seed: int):
    cls = registry.load("profiler", "tags")
    return cls(cls.Config(), seed)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    place = tmp_path_factory.mktemp("profiler-tables") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": "40"})
        for encoder in ("text.hashing", "image.classical", "concept.bag"):
            pipeline.encode(workspace, encoder)
        yield workspace


def test_accuracy_by_posts_is_that_of_planted_accounts():
    truncation = judge_truncated({"tags": tags}, planted(), (1, 2, 3, 4, 50), least=10, folds=4)
    accuracy = {}
    for point, report in truncation.reports.items():
        assert len(report.truth) == 20  # the same accounts at every point
        accuracy[point] = report.to_dict()["results"]["tags"]["accuracy"]["mean"]
    assert accuracy[3] == accuracy[4] == 1.0
    # Nothing shows the category, so all accounts of a fold get the same answer.
    assert accuracy[1] == accuracy[2] <= 0.65
    assert (truncation.accounts, truncation.left_out, truncation.dropped) == (20, 4, (50,))
    assert "20 accounts with 4 posts or more" in truncation.sentence


def test_too_few_accounts_are_refused():
    with pytest.raises(UsageError, match="20 labelled accounts have 4 posts or more, 21 are needed"):
        judge_truncated({"tags": tags}, planted(), (4,), least=21)


def test_the_tables_of_the_paper_are_declared():
    assert list(AVAILABLE) == ["profiler/fig5a", "profiler/fig5b", "profiler/table1", "profiler/table2"]
    for name, table in AVAILABLE.items():
        assert experiments.profiler_experiment(name) == table
        for row in table.profilers:
            if row.profiler:
                registry.load("profiler", row.profiler).Config.from_settings(row.settings)
            else:
                assert row.note, row.name
    table2 = AVAILABLE["profiler/table2"]
    assert table2.categories == TEN
    assert len(table2.profilers) == 15
    for row in table2.profilers:
        assert set(row.paper) == {"accuracy", *TEN}
    published = {row.name: row.paper.get("accuracy") for row in AVAILABLE["profiler/fig5b"].profilers}
    assert published["both, full"] == 0.9832
    assert published["both, no attention"] == 0.9518


def test_a_table_has_our_figures_and_the_published_ones(demo, tmp_path):
    table = ProfilerExperiment("Tags", "us", TAGS, categories=("food", "astronomy"))
    outcome = experiments.run_profilers(demo, table)
    text = experiments.profilers_to_markdown(outcome)
    expected = pipeline.judge_profilers(demo, ["tags"]).to_dict()["results"]["tags"]["accuracy"]["mean"]
    assert f"| Tag | {expected:.3f} [" in text
    assert "| Tag (published) | 0.711 |" in text
    assert "quoted is quoted: from the paper" in text
    assert "No accounts are labelled astronomy" in text
    files = experiments.publish_profilers(outcome, tmp_path)
    assert [file.name for file in files] == ["table.md", "table.tex", "result.json", "plot.png"]
    assert files[-1].read_bytes().startswith(b"\x89PNG")


def test_a_row_that_was_run_is_not_run_again(demo, monkeypatch):
    table = ProfilerExperiment("Tags again", "us", TAGS)
    first = experiments.run_profilers(demo, table)
    monkeypatch.setattr("brandfit.experiments.profilers.judge", None)
    assert experiments.run_profilers(demo, table) == first


def test_a_row_without_its_features_is_named(demo):
    rows = [TAGS[0], ProfilerRow("Graph", "svc", reads=("graph",))]
    outcome = experiments.run_profilers(demo, ProfilerExperiment("Missing", "us", rows))
    assert outcome.missing == {"Graph": "was not run: it needs Features of graph."}


def test_ten_categories_of_posts_are_judged(demo, tmp_path):
    """P-13: labels of people name product and other too; a post whose caption is its label is told."""
    dataset = demo.dataset()
    ids = dataset.posts.filter(np.array(dataset.posts["kind"].to_pylist()) == "post")["id"].to_pylist()
    labels = tmp_path / "posts.csv"
    lines = [f"{id},{TEN[n % 10]}" for n, id in enumerate(ids)]
    labels.write_text("\n".join(["post,category", *lines]) + "\n")
    row = ProfilerRow("KNeighbors", "nearest", {"leave_out": []}, ("text", "picture"))
    table = ProfilerExperiment("Posts", "us", [row], level="post", categories=TEN, each=8, folds=2)
    outcome = experiments.run_profilers(demo, table, labels=[str(labels)])
    figures = outcome.rows["KNeighbors"]
    assert tuple(figures["classes"]) == TEN
    assert figures["posts"] == 80
    assert not any("are labelled" in note for note in outcome.notes)


def test_the_command_prints_the_table(demo, tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "Mine"\nsource = "ours"\nposts = [1, 2]\nleast = 5\n'
        '[[profilers]]\nname = "Tag"\nprofiler = "tags"\n'
    )
    out = tmp_path / "out"
    main(["experiment", str(file), "--out", str(out), "-w", str(demo.path), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["rows"][0]["figures"]["by_posts"]) == {"1", "2"}
    assert (out / "plot.png").exists()
    # The JSON of the file is the same answer.
    assert json.loads((out / "result.json").read_text()) == printed


def test_the_loss_of_posts_is_their_mean_or_the_printed_sum():
    """P-07, worked by hand: four accounts, three posts, one of them without a label."""
    cls = registry.load("profiler", "attentive")
    seen = {}
    for post_loss in ("mean", "sum"):
        model = cls(cls.Config(post_loss=post_loss, validation=0.2))
        output = torch.tensor([[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
        labels = torch.tensor([0, 0, -1])
        seen[post_loss] = float(model.loss_of_posts(output, labels, n_accounts=4))
    one, two = np.log(1 + np.exp(-2)), np.log(1 + np.exp(1))
    assert seen["mean"] == pytest.approx((one + two) / 2)  # over the two labelled posts
    assert seen["sum"] == pytest.approx((one + two) / 4)  # over four accounts


def test_the_default_loss_changes_no_stored_key():
    cls = registry.load("profiler", "attentive")
    about = cls(cls.Config()).about["config"]
    assert "post_loss" not in about
    assert "last_posts" not in about
    assert cls(cls.Config(post_loss="sum")).about["config"]["post_loss"] == "sum"
    assert msgspec.to_builtins(cls.Config())["post_loss"] == "mean"
