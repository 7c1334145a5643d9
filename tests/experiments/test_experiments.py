"""Experiments: every table that comes with the package is sound, rows are kept, and what is written is what
was measured."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PIL import Image

from brandfit import experiments, pipeline, registry
from brandfit.cli import main
from brandfit.config import describe
from brandfit.data.dataset import SLOTS
from brandfit.data.features import Features
from brandfit.errors import ConfigError, UnknownName, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.evaluate import Clock, evaluate
from brandfit.evaluation.first_ten import first_ten
from brandfit.evaluation.metrics import METRICS
from brandfit.experiments import Experiment, Row
from brandfit.experiments.store import load_report, over_rows, over_seeds, save_report
from brandfit.experiments.table import to_dict, to_latex, to_markdown
from brandfit.pipeline.inventory import differences
from brandfit.workspace import Workspace

AVAILABLE = experiments.available()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("experiments") / "demo", create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for encoder in ("text.hashing", "engagement"):
            pipeline.encode(workspace, encoder)
        yield workspace


TABLE = Experiment(
    title="A table of 100 % & more",
    source="Nobody, Table 9",
    protocol="cv5",
    seeds=2,
    baseline="SimCos",
    note="A note",
    rows=[
        Row("RAND", "random", paper={"AUC": 0.494, "MedR": 54}, spread={"AUC": 0.003}, parameters="~2K"),
        Row("SimCos", "simcos"),
        Row("engaged", "miv", note="by answers"),
        Row("v-only", "mir", {"fusion": "picture"}, {"picture": "none"}),
        Row("quoted", paper={"AUC": 0.9}, note="from their paper"),
    ],
)


@pytest.fixture(scope="module")
def outcome(demo):
    return experiments.run(demo, TABLE)


@pytest.mark.parametrize("name", AVAILABLE)
def test_what_comes_with_the_package_is_sound(name):
    experiment = AVAILABLE[name]
    assert experiments.read(name) == experiment
    assert set(experiment.metrics) <= set(map(str, METRICS))
    protocols.get(experiment.protocol, experiment.options)
    for row in experiment.rows:
        assert row.ranker or row.note, row.name
        assert set(row.paper) <= set(experiment.metrics)
        assert set(row.slots) <= set(SLOTS)
        if row.ranker:
            registry.load("ranker", row.ranker).Config.from_settings(row.settings)
    if experiment.sweep:
        assert all(row.series and row.x is not None for row in experiment.rows)
    if experiment.by_category:
        assert len(experiment.rows) == 1
    for quoted in experiment.categories.values():
        assert set(quoted) <= set(map(str, METRICS))
    for published in [*(row.paper for row in experiment.rows), *experiment.categories.values()]:
        assert all(0 <= value <= 1 for metric, value in published.items() if metric != "MedR")


MODALITIES = {
    "wsim": {"text", "picture", "engagement"},
    "mir": {"text", "picture"},
    "camera": {"text", "picture", "concept", "engagement"},
    "morning": {"text", "picture", "concept", "engagement", "audience", "audience_picture", "graph"},
    "bamir": {"text", "picture", "graph"},
}
"""What each paper's own tables read (of MORNING's with its baselines, CAMERA among them)."""


@pytest.mark.parametrize("name", [name for name in AVAILABLE if name.split("/")[0] in MODALITIES])
def test_rows_of_a_paper_read_what_the_paper_reads_or_name_what_they_read_more(name):
    theirs = MODALITIES[name.split("/")[0]]
    for row in AVAILABLE[name].rows:
        if row.ranker:
            cls = registry.load("ranker", row.ranker)
            read = {slot for slot in row.reads or cls.slots if row.slots.get(slot) != "none"}
            assert set(row.reads) <= set(cls.slots)
            assert all(slot in row.name for slot in read - theirs), f"{row.name} reads {read - theirs}"
            assert not (row.paper and read - theirs), f"{row.name} stands beside published figures"


def test_a_row_reads_what_it_says_and_the_table_names_it(demo, tmp_path):
    rows = [
        Row("words", "wsim", {"epochs": 1, "pool_size": 2}, reads=("text",)),
        Row("all", "wsim", {"epochs": 1, "pool_size": 2}),
    ]
    outcome = experiments.run(demo, Experiment("Read", "us", [*rows, Row("RAND", "random")], seeds=1))
    assert outcome.report.results["words"].fitted_features == {"text": "text.hashing"}
    assert outcome.report.results["all"].fitted_features == {
        "text": "text.hashing",
        "engagement": "engagement",
    }
    files = {
        file.name: file.read_text()
        for file in experiments.publish(outcome, tmp_path)
        if file.suffix in (".md", ".tex")
    }
    table = [line for line in files["table.md"].splitlines() if line.startswith("|")]
    assert table[0].endswith("| Features |")
    last = {line.split(" | ")[0].strip("| "): line.rpartition(" | ")[2].strip("| ") for line in table[2:5]}
    assert last == {"words": "text.hashing", "all": "text.hashing, engagement", "RAND": "none"}
    assert r"{\scriptsize text.hashing, engagement} \\" in files["table.tex"]
    notes = outcome.report.results["words"].notes
    assert "engagement left out: this row leaves it empty" in notes
    assert "picture left out: no Features fill it" in notes
    assert to_dict(outcome)["rows"]["words"]["reads"] == ["text"]
    with pytest.raises(ConfigError, match="simcos cannot read the slot 'graph'"):
        experiments.run(demo, Experiment("Wrong", "us", [Row("a", "simcos", reads=("graph",))], seeds=1))


def test_what_a_ranker_reads_of_one_side_alone_is_named_too(demo):
    """brandfit tells which brands are alike by Features that no influencer has."""
    dataset = pipeline.load(demo)
    values = np.random.default_rng(0).normal(size=(len(dataset.brands), 4)).astype(np.float32)
    theirs = Features("theirs", dataset.brands, values, "account", slot="profile")
    judged = {"brandfit": lambda seed: registry.load("ranker", "brandfit")(None, seed)}
    report = evaluate(
        judged, dataset.with_slots({**dataset.slots, "profile": theirs}), protocol=protocols.get("cv5")
    )
    assert report.results["brandfit"].fitted_features["profile"] == "theirs"
    assert "Features read:\n  brandfit: text.hashing, theirs, stated, engagement" in report.to_text()


def test_rows_are_what_an_evaluation_says(demo, outcome):
    report = pipeline.evaluate(demo, ["random", "simcos", "miv"], protocol="cv5", seeds=(0, 1))
    assert list(outcome.report.results) == ["RAND", "SimCos", "engaged"]
    assert outcome.report.seeds == (0, 1)
    for row, ranker in (("RAND", "random"), ("SimCos", "simcos"), ("engaged", "miv")):
        for metric in report.protocol.metrics:
            assert outcome.report.value(row, metric) == report.value(ranker, metric)
    assert set(outcome.missing) == {"v-only", "quoted"}
    assert "picture" in outcome.missing["v-only"]


def test_a_row_is_run_once_and_anew_where_something_else_is_asked(demo, outcome, monkeypatch):
    asked = []
    real = pipeline.evaluate

    def counted(workspace, rankers, **more):
        if rankers != ["mir"]:  # the row that cannot be run
            asked.append((rankers[0], more["seeds"]))
        return real(workspace, rankers, **more)

    monkeypatch.setattr(pipeline, "evaluate", counted)
    again = experiments.run(demo, TABLE)
    assert asked == []
    assert msgspec.json.encode(to_dict(again)) == msgspec.json.encode(to_dict(outcome))
    experiments.run(demo, TABLE, seeds=3)
    assert asked == [("random", (2,)), ("simcos", (2,)), ("miv", (2,))]  # only the seed that was not there
    asked.clear()
    experiments.run(demo, msgspec.structs.replace(TABLE, seeds=1, options={"seed": 5}))
    assert len(asked) == 3
    asked.clear()
    experiments.run(demo, TABLE, seeds=1, fresh=True)
    assert len(asked) == 3
    asked.clear()
    experiments.run(demo, msgspec.structs.replace(TABLE, refit=True), seeds=1)
    assert len(asked) == 3


def test_what_is_run_is_told_row_by_row_and_fold_by_fold(demo):
    told = []
    rows = [Row("likeness", "simcos"), Row("chance", "random")]
    table = Experiment(title="Told", source="ours", protocol="cv5", seeds=1, rows=rows)
    experiments.run(demo, table, fresh=True, progress=lambda *said: told.append(said))
    assert told[:3] == [
        (0, 2, "likeness"),
        (0, 2, "likeness, seed 0, fold 1 of 5"),
        (0, 2, "likeness, seed 0, fold 2 of 5"),
    ]
    assert told[-1] == (2, 2, "done")
    assert (1, 2, "chance, seed 0, fold 5 of 5") in told


def test_a_row_that_was_broken_off_goes_on_where_it_was(demo, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr("brandfit.learning.trainer.MAX_CHECKPOINT_SHARE", 1e9)
    row = Row("text", "wsim", {"epochs": 3, "pool_size": 2, "patience": 9})
    table = Experiment(title="Broken off", source="ours", protocol="cv5", seeds=1, rows=[row])
    before, rows = (set((demo.path / name).iterdir()) for name in ("training", "experiments"))
    whole = experiments.run(demo, table, fresh=True).report
    (file,) = set((demo.path / "experiments").iterdir()) - rows
    assert set((demo.path / "training").iterdir()) == before
    real, ticked = Clock.progress, []

    def tick(clock, done, total):
        real(clock, done, total)
        ticked.append(done)
        if len(ticked) == 6:  # in the second fold
            raise KeyboardInterrupt

    monkeypatch.setattr(Clock, "progress", tick)
    with pytest.raises(KeyboardInterrupt):
        experiments.run(demo, table, fresh=True)
    assert ticked == [0, 1, 2, 3, 0, 1]
    file.unlink()  # as if it had never been run whole
    noted = demo.path / "training" / file.stem / "wsim-0-0" / "seconds.txt"
    noted.write_text(str(float(noted.read_text()) + 1000))
    again = experiments.run(demo, table).report
    assert ticked[6:] == [3, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]
    assert again.results["text"].fit_seconds > 1000
    left, right = (r.to_dict() for r in (whole, again))
    assert left.pop("seconds") != right.pop("seconds")
    assert msgspec.json.encode(left) == msgspec.json.encode(right)
    assert set((demo.path / "training").iterdir()) == before


def test_a_kept_report_is_the_report(demo, tmp_path):
    report = pipeline.evaluate(demo, ["brandfit"], protocol="cv5")
    save_report(report, tmp_path / "row.msgpack")
    again = load_report(tmp_path / "row.msgpack", report.protocol)
    left, right = report.to_dict(), again.to_dict()
    assert left.pop("calibration")["brandfit"]["ece"] == pytest.approx(
        right.pop("calibration")["brandfit"]["ece"], abs=1e-6
    )
    assert msgspec.json.encode(left) == msgspec.json.encode(right)
    assert first_ten(again, "brandfit").to_dict() == first_ten(report, "brandfit").to_dict()
    both = over_seeds([report, again])
    assert both.seeds == (0, 0)
    assert all(len(v) == 2 for v in both.results["brandfit"].values.values())
    assert both.results["brandfit"].fit_seconds == pytest.approx(2 * report.results["brandfit"].fit_seconds)
    assert list(over_rows({"a": report, "b": again}).results) == ["a", "b"]


def test_what_is_written(outcome, tmp_path):
    files = {
        file.name: file
        for file in experiments.publish(outcome, tmp_path / "deep" / "out", "brandfit experiment x -w demo")
    }
    assert set(files) == {"table.md", "table.tex", "result.json", "plot.png"}
    table = files["table.md"].read_text()
    for said in (
        "# A table of 100 % & more",
        "    brandfit experiment x -w demo",
        "| RAND | ",
        "| *published* | .494 ± .003 |",
        " | 54.0 | ~2K |",
        "what the paper says, ± as it is printed there.",
        "54.0",
        "Seeds 0, 1.",
        "* engaged: by answers.",
        "* v-only was not run: mir learns from",
        "* quoted is quoted: from their paper.",
        "Standard deviation over the seeds:",
        "| SimCos | .000 |",
        "Against SimCos, brand by brand",
        "cAUC: categories of",
    ):
        assert said in table, said
    shown = [line for line in table.splitlines() if line.startswith("|")]
    assert (
        len(
            {
                line.count(" | ")
                for line in shown[: shown.index(next(s for s in shown if "miv" in s or "engaged" in s)) + 1]
            }
        )
        == 1
    )
    told = json.loads(files["result.json"].read_text())
    mean = told["report"]["results"]["SimCos"]["AUC"]["mean"]
    assert f"| SimCos | {mean:.3f}".replace("0.", ".") in table
    assert told["rows"]["v-only"]["missing"]
    assert told["report"]["comparisons"][0]["baseline"] == "SimCos"
    latex = files["table.tex"].read_text()
    assert r"A table of 100 \% \& more" in latex
    assert latex.count("{") == latex.count("}")
    assert "engaged: by answers." in latex
    assert r".494 {\scriptsize $\pm$ .003} & " in latex
    assert r"54.0 & \textasciitilde{}2K & {\scriptsize } \\" in latex
    assert len({line.count(" & ") for line in latex.splitlines() if line.endswith(r"\\")}) == 1
    with Image.open(files["plot.png"]) as picture:
        assert min(picture.size) > 200
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_by_category_with_what_the_paper_says(demo, tmp_path):
    category = demo.dataset().account_values("category", demo.dataset().brands)[0]
    experiment = Experiment("By category", "us", [Row("SimCos", "simcos")], seeds=1, by_category=True)
    experiment = msgspec.structs.replace(experiment, categories={category: {"AUC": 0.123, "MAP": 0.2}})
    outcome = experiments.run(demo, experiment)
    table = to_markdown(outcome)
    lines = table.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith(f"| {category} | "))
    assert lines[place + 1].startswith("| *published* | .123 | - |")
    assert "Features read: text.hashing." in lines
    assert f"{category}" in to_latex(outcome)
    assert (tmp_path / "out" / "plot.png") in experiments.publish(outcome, tmp_path / "out")


def test_a_sweep_is_drawn_over_what_was_swept(demo, tmp_path):
    rows = [
        Row(f"{f} {n}", "simcos", {"fusion": f}, series=f, x=n)
        for f in ("average", "concatenate")
        for n in (1.0, 2.0)
    ]
    experiment = Experiment("A sweep", "us", rows, seeds=1, metrics=("AUC",), sweep="nothing")
    assert (tmp_path / "plot.png") in experiments.publish(experiments.run(demo, experiment), tmp_path)


def test_probabilities_are_drawn_against_what_is_true(demo, tmp_path):
    experiment = Experiment("Calibrated", "us", [Row("brandfit", "brandfit")], seeds=1)
    files = experiments.publish(experiments.run(demo, experiment), tmp_path)
    assert tmp_path / "reliability.png" in files
    assert "expected calibration error" in files[0].read_text()


def test_where_no_row_can_be_run_it_says_why(demo, tmp_path):
    experiment = Experiment(
        "Nothing", "us", [Row("theirs", note="on another split"), Row("pictured", "mir", needs=("picture",))]
    )
    with pytest.raises(UsageError, match="No row of this experiment can be run here") as raised:
        experiments.run(demo, experiment)
    assert "run here: pictured: it needs picture (no Features fill it)" in raised.value.message


def test_a_row_needs_what_it_says_also_where_its_ranker_does_not_read_it(demo):
    rows = [Row("there", "random"), Row("heard", "random", needs=("audience",))]
    outcome = experiments.run(demo, Experiment("Half of it", "us", rows), seeds=1)
    assert outcome.missing == {"heard": "was not run: it needs audience (no Features fill it)."}


def test_where_all_rows_fail_alike_it_is_said_once_with_what_to_do(demo):
    rows = [Row("a", "simcos"), Row("b", "wsim")]
    with pytest.raises(UsageError) as raised:
        experiments.run(
            demo, Experiment("Nothing", "us", rows, protocol="temporal", options={"date": "1999-01-01"})
        )
    assert raised.value.message.count("1999-01-01") == 1
    assert "all rows: There are 0 dated endorsements before" in raised.value.message
    assert "protocol.date=" in raised.value.hint


def test_a_row_without_its_features_and_a_table_without_its_baseline_are_told(demo):
    rows = [Row("there", "simcos"), Row("unwritten", "simcos", slots={"text": "text.none"})]
    outcome = experiments.run(demo, Experiment("Half of it", "us", rows, baseline="unwritten"), seeds=1)
    assert outcome.missing == {"unwritten": "was not run: it needs the Features text.none."}
    assert outcome.experiment.baseline == ""
    assert "unwritten was not run" in to_markdown(outcome)
    assert "Against" not in to_markdown(outcome)


def test_what_is_typed_wrongly_is_told_before_anything_runs(demo, monkeypatch):
    monkeypatch.setattr(pipeline, "evaluate", lambda *_: pytest.fail("ran"))
    for row, error in ((Row("x", "simcosx"), UnknownName), (Row("x", "wsim", {"epoch": 3}), UnknownName)):
        with pytest.raises(error):
            experiments.run(demo, Experiment("Wrong", "us", [Row("SimCos", "simcos"), row]))
    with pytest.raises(ConfigError):
        experiments.run(demo, Experiment("Wrong", "us", [Row("SimCos", "simcos")], protocol="temporal"))


def test_a_published_row_that_was_not_run_keeps_its_name_and_references_end_the_table(demo):
    rows = [Row("SimCos", "simcos", paper={"AUC": 0.7}), Row("theirs", paper={"AUC": 0.8})]
    outcome = experiments.run(demo, Experiment("Quoted", "us", rows, seeds=1))
    lines = [line.split(" | ")[0] for line in to_markdown(outcome).splitlines() if line.startswith("| ")]
    assert lines[2:6] == ["| SimCos", "| *published*", "| theirs *(published)*", "| (random)"]
    assert r"theirs \emph{(published)}" in to_latex(outcome)


def test_rows_on_other_brands_are_not_compared(demo):
    outcome = experiments.run(demo, Experiment("One", "us", [Row("SimCos", "simcos")], seeds=1)).report
    other = replace(outcome, brands=outcome.brands[1:])
    with pytest.raises(UsageError, match="rows a and b are not judged on the same brands"):
        over_rows({"a": outcome, "b": other})


def test_what_is_so_of_one_row_is_not_said_of_all(demo):
    rows = [Row("with", "simcos"), Row("without", "simcos", slots={"concept": "none"})]
    outcome = experiments.run(demo, Experiment("Two", "us", rows, seeds=1))
    reports = {
        name: replace(outcome.report, results={name: outcome.report.results[name]})
        for name in ("with", "without")
    }
    reports["with"] = replace(reports["with"], notes=(*outcome.report.notes, "encoded anew: a"))
    joined = over_rows(reports)
    assert "encoded anew: a" not in joined.notes
    assert "with: encoded anew: a" in joined.remarks()
    assert set(joined.notes) == set(outcome.report.notes)


def test_no_plot_of_another_outcome_stays(demo, tmp_path):
    (tmp_path / "reliability.png").write_bytes(b"old")
    experiments.publish(
        experiments.run(demo, Experiment("One", "us", [Row("SimCos", "simcos")], seeds=1)), tmp_path
    )
    assert not (tmp_path / "reliability.png").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = 1", "title"),
        ("title = 'a'\nsource = 'b'\nrows = []", "rows: expected a list of at least 1 entry, found 0"),
        (
            "title = 'a'\nsource = 'b'\n[[rows]]\nname = 'x'\npaper = { AUC = 'x' }",
            "rows[0].paper[...]: expected a number, found text",
        ),
        (
            "title = 'a'\nsource = 'b'\n[[rows]]\nname = 'x'\ncolour = 'red'",
            "rows[0]: colour is not known here",
        ),
        ("title = 'a'\nsource = 'b'\n[[rows]]\nname = 'x'\n[[rows]]\nname = 'x'", "two rows are named 'x'"),
        ("title = 'a'\nsource = 'b'\nbaseline = 'y'\n[[rows]]\nname = 'x'", "baseline 'y'"),
        ("title = ", "invalid value"),
        (
            "title = 'a'\nsource = 'b'\nseeds = 'three'\n[[rows]]\nname = 'x'",
            "seeds: expected a whole number, found 'three'",
        ),
        ("title = 'a'\nsource = 'b'\n[[rows]]\nname = 5", "rows[0].name: expected text, found 5"),
        ("title = 'a'\nsource = 'b'\nprotocol = 'cv6'\n[[rows]]\nname = 'x'", "no protocol named 'cv6'"),
        ("title = 'a'\nsource = 'b'\nmetrics = ['AUX']\n[[rows]]\nname = 'x'", "AUX"),
        ("title = 'a'\nsource = 'b'\n[[rows]]\nname = 'x'\npaper = { 'Recal@10' = 1.0 }", "Recal@10"),
        (
            "title = 'a'\nsource = 'b'\n[[rows]]\nname = 'x'\nspread = { AUC = 0.01 }",
            "x has a spread of AUC but no figure",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text, said, tmp_path):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        experiments.read(str(tmp_path / "mine.toml"))
    assert "mine.toml" in raised.value.message
    assert said in raised.value.message


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(ConfigError, match=r"mine\.toml: not UTF-8 text"):
        experiments.read(str(tmp_path / "mine.toml"))


def test_a_day_may_come_with_the_command(tmp_path):
    (tmp_path / "mine.toml").write_text(
        "title = 'a'\nsource = 'b'\nprotocol = 'temporal'\n[[rows]]\nname = 'x'\nranker = 'random'"
    )
    assert experiments.read(str(tmp_path / "mine.toml")).protocol == "temporal"


def test_an_unknown_name_is_told():
    with pytest.raises(UnknownName):
        experiments.read("wsim/table9")
    with pytest.raises(ConfigError):
        experiments.read("nowhere.toml")


def test_every_field_of_a_row_is_explained():
    assert set(describe(registry.load("ranker", "camera").Config)) >= {
        "representation",
        "endorsement",
        "interaction",
    }
    for field in Row.__struct_fields__:
        assert field in Row.__doc__, field


def test_a_table_under_another_protocol_lies_beside_its_own(demo, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    head = 'title = "Mine"\nsource = "us"\nprotocol = "cv5"\noptions = { k = 3 }\nseeds = 1\n'
    (tmp_path / "mine.toml").write_text(head + '[[rows]]\nname = "drawn"\nranker = "random"\n')
    for more, folder, said in (
        ([], "mine", "Protocol cv5"),
        (["--set", "protocol.k=4"], "mine", "Protocol cv5"),
        (
            ["--protocol", "temporal", "--set", "protocol.date=2025-07-01"],
            "mine-temporal",
            "Protocol temporal",
        ),
        (["--protocol", "cv5"], "mine", "Protocol cv5"),
    ):
        main(["experiment", "mine.toml", "-w", str(demo.path), *more])
        table = (demo.path / "experiments" / folder / "table.md").read_text()
        assert said in table
        assert " ".join(["brandfit experiment mine.toml", *more, "-w WORKSPACE"]) in table
    for wrong, told in (
        (["--protocol", "temporal"], "date is needed"),
        (["--set", "simcos.x=1"], "protocol.NAME"),
    ):
        with pytest.raises(SystemExit):
            main(["experiment", "mine.toml", "-w", str(demo.path), *wrong])
        assert told in capsys.readouterr().err


def test_an_evaluation_that_nobody_declared_says_what_was_set(demo):
    report = pipeline.evaluate(
        demo, ["simcos", "wsim"], protocol="cv5", settings={"wsim.epochs": 1, "protocol.k": 3}
    )
    told = to_dict(experiments.outcome_of_report(report, "Ours", {"wsim.epochs": 1, "protocol.k": 3}))
    assert told["rows"]["wsim"]["settings"] == {"epochs": 1}
    assert told["rows"]["simcos"]["settings"] == {}
    assert told["report"]["settings"]["k"] == 3
    assert told["report"]["reads"]["simcos"] == {"text": "text.hashing"}


def test_a_table_gives_the_keys_of_the_features_that_were_read(demo, outcome):
    keys = {name: demo.features(name).key for name in outcome.feature_keys if name in demo.feature_names()}
    assert keys["text.hashing"] == outcome.feature_keys["text.hashing"]
    read = set()
    for result in outcome.report.results.values():
        read |= set(result.fitted_features.values())
    assert set(outcome.feature_keys) == read
    assert to_dict(outcome)["feature_keys"] == outcome.feature_keys
    start = keys["text.hashing"].split("-")[0][:8]
    assert f"text.hashing {start}-" in to_markdown(outcome)
    assert f"text.hashing {start}-" in to_latex(outcome)


@pytest.mark.parametrize("ranker", sorted(set(registry.names("ranker")) - {"random", "brandfit"}))
def test_every_ranker_of_a_paper_lists_how_it_differs(ranker):
    points = differences(ranker)
    docstring = inspect.getdoc(inspect.getmodule(registry.load("ranker", ranker)))
    text = " ".join(docstring.split())
    assert points
    assert all(point[0].isupper() or point[0] in "`uea" for point in points), points
    assert all(point.endswith((".", ";")) for point in points), points
    # Whole points, word for word from the docstring.
    assert all(point in text for point in points)


def test_a_table_lists_the_differences_of_its_rankers_and_of_no_other(outcome):
    text = to_markdown(outcome)
    section = text.split("## Differences from the papers")[1]
    rankers = {row.ranker for row in outcome.experiment.rows if row.name not in outcome.missing}
    for ranker in registry.names("ranker"):
        for point in differences(ranker):
            assert (f"* {point}\n" in section) == (ranker in rankers), point


def test_the_command_lists_differences(capsys):
    main(["list", "differences", "wsim"])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"wsim: {point}" for point in differences("wsim")]
    main(["list", "differences", "brandfit"])
    assert capsys.readouterr().out == "brandfit follows no paper.\n"
