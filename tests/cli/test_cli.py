"""The command line as a person uses it: the whole main job on the sample, errors in words, JSON for
programs."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brandfit import pipeline
from brandfit.cli import COMMANDS, main
from brandfit.errors import UsageError
from brandfit.evaluation.evaluate import Clock
from brandfit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(capsys):
    """``run("rank", "x")`` -> (exit code, stdout, stderr)."""

    def call(*args: object) -> tuple[int, str, str]:
        code = 0
        try:
            main([str(a) for a in args])
        except SystemExit as done:
            code = int(done.code or 0)
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """A workspace with the sample, encoded without heavy extras."""
    place = tmp_path_factory.mktemp("cli") / "demo"
    for args in (["import", "sample"], ["encode", "text.hashing", "engagement"]):
        main([*args, "-w", str(place)])
    return place


def a_brand(run, demo) -> str:
    rows = json.loads(run("list", "brands", "-w", demo, "--json")[1])
    return next(r["id"] for r in rows if r["seen by"] == "posts")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"brandfit {command}" in out.split("Usage:")[1].split("\n", 1)[1]


def test_rank_prints_a_table_and_the_same_as_json(run, demo):
    brand = a_brand(run, demo)
    code, out, _ = run("rank", brand, "-k", 5, "-w", demo)
    assert code == 0
    assert len(re.findall(r"^ *[1-5] ", out, re.M)) == 5
    result = json.loads(run("rank", f"@{brand.upper()}", "-k", 5, "-w", demo, "--json")[1])
    scores = [row["score"] for row in result["ranking"]]
    assert scores == sorted(scores, reverse=True)
    assert [row["rank"] for row in result["ranking"]] == [1, 2, 3, 4, 5]
    assert all(row["influencer"] in out for row in result["ranking"])
    assert any("picture left out" in note for note in result["notes"])


def test_past_partners_are_left_out_unless_wanted(run, demo):
    brand = a_brand(run, demo)
    export = demo / "endorsements.jsonl"
    run("export", "endorsements", export, "-w", demo)
    partners = {
        r["influencer"] for r in map(json.loads, export.read_text().splitlines()) if r["brand"] == brand
    }
    new = {
        r["influencer"]
        for r in json.loads(run("rank", brand, "-k", 1000, "-w", demo, "--json")[1])["ranking"]
    }
    every = {
        r["influencer"]
        for r in json.loads(run("rank", brand, "-k", 1000, "--partners", "-w", demo, "--json")[1])["ranking"]
    }
    assert partners
    assert not partners & new
    assert partners & every


def test_what_cannot_be_written_is_told_before_anything_runs(run, demo, tmp_path, monkeypatch):
    monkeypatch.setattr("brandfit.pipeline.evaluate", lambda *_args, **_more: pytest.fail("it ran"))
    (tmp_path / "file").write_text("mine")
    for command in (("evaluate", "simcos"), ("experiment", "brandfit/cv5")):
        code, _, said = run(*command, "-w", demo, "--out", tmp_path / "file" / "below")
        assert code != 0
        assert "Nothing can be written to" in said
        assert "--out FOLDER" in said
    assert (tmp_path / "file").read_text() == "mine"


def test_evaluate_says_what_it_wrote(run, demo, tmp_path):
    code, out, _ = run("evaluate", "simcos", "-w", demo, "--out", tmp_path / "new" / "folder")
    assert code == 0
    assert f"Written: {tmp_path / 'new' / 'folder' / 'table.md'}" in out


def test_evaluate_prints_the_stated_json(run, demo):
    code, out, _ = run(
        "evaluate", "random", "simcos", "-w", demo, "--protocol", "expansion", "--seeds", 2, "--json"
    )
    assert code == 0
    report = json.loads(out)
    assert {"protocol", "candidates", "ties", "seeds", "results"} <= set(report)
    assert report["seeds"] == [0, 1]
    for ranker in ("random", "simcos"):
        for metric in ("AUC", "Recall@10", "MRR"):
            value = report["results"][ranker][metric]
            assert value["low"] <= value["mean"] <= value["high"]
    assert report["results"]["simcos"]["AUC"]["mean"] > report["results"]["random"]["AUC"]["mean"] + 0.1


def test_check_counts(run, demo):
    counts = json.loads(run("check", "-w", demo, "--json")[1])["counts"]
    listed = json.loads(run("list", "influencers", "-w", demo, "--json")[1])
    assert counts["influencers"] == len(listed) > 100
    assert "stated by posts of influencers, 21 by posts of brands" in run("check", "-w", demo)[1]
    only = ("--set", "endorsements.direction=brand", "--set", "endorsements.min_endorsers=1")
    assert "posts of influencers are not counted" in run("check", "-w", demo, *only)[1]
    assert json.loads(run("check", "-w", demo, *only, "--json")[1])["counts"]["endorsements"] == 21


def test_a_second_import_changes_nothing(run, demo):
    first = json.loads(run("import", "sample", "-w", demo, "--json")[1])
    assert all(change["added"] == change["changed"] == 0 for change in first["changes"].values())
    assert first["changes"]["posts"]["unchanged"] > 100


def test_own_data_from_the_template_to_a_shortlist(run, tmp_path):
    folder, place = tmp_path / "mine", tmp_path / "work"
    assert run("template", folder)[0] == 0
    assert run("import", "folder", folder, "-w", place, "--strict")[0] == 0
    with (folder / "accounts.csv").open("a") as file:
        file.write("x y,influencer,,,,,many followers\n")
    code, out, _ = run("import", "folder", folder, "-w", place)
    assert code == 0
    assert "Rejected rows: 1." in out
    assert "accounts.csv, line" in out
    code, _, err = run("import", "folder", folder, "-w", place, "--strict")
    assert code == 3
    assert "Nothing was imported" in err
    assert run("export", "rejects", tmp_path / "rejects.csv", "-w", place)[0] == 0
    with (tmp_path / "rejects.csv").open() as file:
        rejects = list(csv.DictReader(file))
    assert [(Path(r["file"]).name, bool(int(r["line"])), bool(r["reason"])) for r in rejects] == [
        ("accounts.csv", True, True)
    ]

    assert run("import", "sample", "-w", place)[0] == 0
    code, out, _ = run("export", "rejects", tmp_path / "rejects.csv", "-w", place)
    assert "0 rows are in" in out
    assert "Earlier imports left out 1 rows: add --earlier" in out
    code, out, _ = run("export", "rejects", tmp_path / "rejects.csv", "--earlier", "-w", place)
    assert (code, "1 rows are in" in out) == (0, True)
    with (tmp_path / "rejects.csv").open() as file:
        assert [(r["import"], r["file"]) for r in csv.DictReader(file)] == [
            (r["import"], r["file"]) for r in rejects
        ]
    assert run("export", "posts", tmp_path / "posts.csv", "--earlier", "-w", place)[0] == 2


def test_several_paths_are_one_import(run, tmp_path, make_jpeg):
    (tmp_path / "people.csv").write_text("handle,followers\nana,9000\n")
    (tmp_path / "what.csv").write_text("id,account,caption,image\np1,ana,hello,a.jpg\n")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(make_jpeg("red"))
    (tmp_path / "pictures" / "notes.pdf").write_bytes(b"x")
    paths = [tmp_path / name for name in ("people.csv", "what.csv", "pictures")]
    code, out, _ = run("import", *paths, "-w", tmp_path / "work")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:4]] == [
        ["accounts", "1"],
        ["posts", "1"],
        ["images", "1"],
    ]
    assert "notes.pdf was not read" in out
    assert "handle" in run("import", *paths, "--preview", "-w", tmp_path / "work")[1]
    assert run("import", "instaloader", *paths[:2], "-w", tmp_path / "work")[0] == 2


def test_an_import_of_which_nothing_could_be_used_fails_and_keeps_the_reasons(run, tmp_path):
    (tmp_path / "accounts.csv").write_text("username,kind,followers\nx y,influencer,many\n")
    code, out, err = run("import", "folder", tmp_path, "-w", tmp_path / "work")
    assert code == 3
    assert "accounts.csv, line 2" in out
    assert "No row of" in err
    assert run("export", "rejects", tmp_path / "rejects.csv", "-w", tmp_path / "work")[0] == 0


def test_an_import_that_breaks_off_leaves_no_new_workspace(run, tmp_path):
    (tmp_path / "accounts.csv").write_text("username,kind,followers\nx.y,influencer,many\n")
    assert run("import", "folder", tmp_path, "-w", tmp_path / "work", "--strict")[0] == 3
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["rnak"], 2, "Did you mean rank"),
        (["rank", "nobody.here"], 2, "There is no brand named 'nobody.here'"),
        (["rank", "arvid.kitchen"], 2, "brandfit brands arvid.kitchen"),
        (["rank", "northpeak.outdoor", "--ranker", "simcso"], 2, "Did you mean simcos"),
        (["rank", "northpeak.outdoor", "--ranker", "wsim"], 2, "brandfit train wsim"),
        (["encode", "text.hasing"], 2, "Did you mean text.hashing"),
        (["encode", "text.hashing", "--set", "dimm=3"], 2, "Did you mean dim"),
        (["encode", "text.hashing", "--set", "dim=many"], 2, "dim"),
        (["encode", "text.hashing", "--set", "dim"], 2, "name=value"),
        (["encode", "text.hashing", "engagement", "--set", "dim=3"], 2, "text.hashing.dim=3"),
        (["evaluate", "simcos", "--protocol", "cv6"], 2, "Did you mean cv5"),
        (["evaluate", "simcos", "--protocol", "official"], 3, "official"),
        (["import", "foldr", "x"], 2, "Did you mean folder"),
        (["import", "folder"], 2, "PATH"),
        (["import", "folder", "/no/such/folder"], 3, "/no/such/folder"),
        (["export", "accounts", "a.docx"], 2, ".csv"),
        (["export", "accounts", "/no/such/folder/a.csv"], 2, "/no/such/folder"),
        (["export", "features", "a.csv"], 2, "--name"),
        (["export", "accounts", "a.csv", "--budget", "5"], 2, "--budget is for a report"),
        (["export", "report", "a.html"], 2, "--brand"),
        (["export", "report", "a.csv", "--brand", "northpeak.outdoor"], 2, ".html, .pdf"),
        (["export", "report", "a.html", "--brand", "northpeak.outdor"], 2, "Did you mean northpeak.outdoor"),
        (
            ["export", "report", "a.html", "--brand", "northpeak.outdoor", "--prices", "p.csv"],
            2,
            "budget or a count",
        ),
        (
            ["export", "report", "a.html", "--brand", "northpeak.outdoor", "--maps"],
            2,
            "brandfit encode image.classical",
        ),
        (["search", "recipe", "--out", "a.docx"], 2, ".xlsx"),
        (["rank", "northpeak.outdoor", "--set", "slots.text=text.minilm"], 2, "brandfit encode text.minilm"),
        (["rank", "northpeak.outdoor", "--set", "slots.txet=text.hashing"], 2, "Did you mean text"),
        (["rank", "northpeak.outdoor", "--weight", "text=nan"], 2, "'nan' is no number"),
        (["rank", "--brief", " "], 2, "The brief is empty"),
        (["shortlist", "northpeak.outdoor", "--budget", "nan"], 2, "A budget is a number above 0"),
        (["shortlist", "northpeak.outdoor", "--budget", "inf"], 2, "A budget is a number above 0"),
        (
            ["export", "accounts", "a.csv", "--brand", "northpeak.outdoor"],
            2,
            "--brand is for rankings and reports",
        ),
        (["export", "features", "a.csv", "--name", "text.lda"], 2, "brandfit encode text.lda"),
        (
            ["advise", "northpeak.outdoor", "--caption", "hi", "--by", "northpeak.outdoor"],
            2,
            "northpeak.outdoor is a brand",
        ),
        (["search", " "], 2, "nothing to search for"),
        (["audience", "northpeak.outdoor", "--with", "@NorthPeak.outdoor"], 2, "be compared with itself"),
    ],
)
def test_errors_are_told_in_words_with_an_exit_code(run, demo, args, code, words):
    found, _, err = run(*args, "-w", demo)
    assert (found, words in err) == (code, True), err


def test_what_is_not_found_is_said(run, demo):
    assert "No influencer was found" in run("search", "zzqq", "-w", demo)[1]
    assert "skips all" in run("search", "trail", "--offset", "1000", "-w", demo)[1]
    out = run("rank", "northpeak.outdoor", "--where", "category:travle", "--ranker", "simcos", "-w", demo)[1]
    assert "nobody has category:travle. Did you mean travel?" in out
    assert "encode" not in run("export", "features", "a.csv", "--name", "text.nope", "-w", demo)[2]


def test_who_is_ranked_by_another_ranker_is_told(run, tmp_path):
    run("import", "sample", "-w", tmp_path / "w")
    run("encode", "text.hashing", "-w", tmp_path / "w")
    assert (
        "ranked by simcos, because brandfit has not been trained"
        in run("rank", "northpeak.outdoor", "-w", tmp_path / "w")[1]
    )


def test_a_fault_of_ours_is_told_without_a_stack_trace(run, demo, monkeypatch):
    monkeypatch.setattr("brandfit.pipeline.rank", lambda *_args, **_more: 1 / 0)
    code, _, err = run("rank", "northpeak.outdoor", "-w", demo)
    assert code == 70
    assert "ZeroDivisionError" in err
    monkeypatch.setenv("BRANDFIT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("rank", "northpeak.outdoor", "-w", demo)


def test_no_workspace_says_what_to_do(run, tmp_path):
    code, _, err = run("rank", "x", "-w", tmp_path / "none")
    assert code == 4
    assert "brandfit import sample" in err


@pytest.mark.parametrize(
    "what", ["accounts", "posts", "images", "links", "endorsements", "rejects", "rankings"]
)
@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl", "parquet"])
def test_everything_can_be_exported_and_read_back(run, demo, tmp_path, what, ending):
    import pyarrow.parquet as pq

    file = tmp_path / f"out.{ending}"
    code, out, _ = run("export", what, file, "-w", demo, "--json", *(["-k", 3] if what == "rankings" else []))
    assert code == 0
    rows = json.loads(out)["rows"]
    if ending == "csv":
        with file.open(newline="") as opened:
            found = len(list(csv.reader(opened))) - 1
    elif ending == "xlsx":
        found = pytest.importorskip("openpyxl").load_workbook(file).active.max_row - 1
    elif ending == "json":
        found = len(json.loads(file.read_text()))
    elif ending == "jsonl":
        found = len([json.loads(line) for line in file.read_text().splitlines()])
    else:
        found = pq.read_table(file).num_rows
    assert found == rows
    assert rows > 0 or what == "rejects"


def test_a_report_holds_the_ranking_and_the_set(run, demo, tmp_path):
    brand = a_brand(run, demo)
    file = tmp_path / "report.html"
    code, out, err = run(
        "export", "report", file, "--brand", brand, "-k", 2, "--count", 2, "-w", demo, "--json"
    )
    assert code == 0, err
    told = json.loads(out)
    ranking = json.loads(run("rank", brand, "-k", 2, "-w", demo, "--json")[1])["ranking"]
    chosen = json.loads(run("shortlist", brand, "--count", 2, "-w", demo, "--json")[1])
    expected = list(dict.fromkeys([row["influencer"] for row in [*ranking, *chosen["picks"]]]))
    assert told["influencers"] == expected
    page = re.sub("<wbr>", "", file.read_text())
    for row in ranking:
        assert f"<bdi>{row['influencer']}</bdi>" in page
        assert f"score {row['score']:.2f}" in page
    assert f"<dt>Rank-weighted reach</dt><dd>{chosen['rank_reach']['value']:,.0f}" in page
    assert f"<dt>Reach</dt><dd>{chosen['reach']['value']:,.0f}" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_a_report_as_pdf_is_a_pdf(run, demo, tmp_path):
    pytest.importorskip(
        "weasyprint", reason="weasyprint comes with the extra report", exc_type=(ImportError, OSError)
    )
    file = tmp_path / "report.pdf"
    code, _, err = run("export", "report", file, "--brand", a_brand(run, demo), "-k", 1, "-w", demo)
    assert code == 0, err
    assert file.read_bytes().startswith(b"%PDF-")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "args",
    [
        ["search", "recipe", "-k", 4],
        ["similar", "arvid.peaks", "-k", 4],
        ["shortlist", "northpeak.outdoor", "--count", 4],
    ],
)
def test_what_was_found_is_a_file_too(run, demo, tmp_path, args):
    file = tmp_path / "found.csv"
    found = json.loads(run(*args, "--out", file, "-w", demo, "--json")[1])
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["influencer"] for row in rows] == [
        row["influencer"] for row in found.get("results") or found["picks"]
    ]
    assert len(rows) == 4
    assert next(iter(rows[0])) == "influencer"


def test_doctor_finds_a_workspace_well_and_a_damaged_one_not(run, tmp_path):
    place = tmp_path / "w"
    run("import", "sample", "-w", place)
    run("encode", "text.hashing", "-w", place)
    assert run("doctor", "-w", place)[0] == 0
    values = next(place.glob("features/text.hashing/*/values.npy"))
    values.write_bytes(values.read_bytes()[:-3] + b"abc")
    code, out, _ = run("doctor", "-w", place)
    assert code == 4
    assert "values.npy" in out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["export", "endorsements", "a.csv", "--set", "slots.text=none"], "'slots.text' is for rankings"),
        (["export", "accounts", "a.csv", "--name", "text.hashing"], "--name is for features"),
        (
            ["export", "report", "a.html", "--brand", "northpeak.outdoor", "--name", "x"],
            "--name is for features",
        ),
        (
            ["export", "report", "a.html", "--brand", "b", "--influencer", "arvid.peaks", "-k", "3"],
            "-k is for the best influencers",
        ),
        (["rank", "--brief", "boots", "--partners"], "--partners needs a BRAND"),
        (["rank", "--brief", "boots", "--where", "followers:5k.."], "--where needs a BRAND"),
        (["brands", "arvid.peaks", "--with", "northpeak.outdoor", "-k", "3"], "-k is for the list of brands"),
        (
            ["brands", "arvid.peaks", "--with", "northpeak.outdoor", "--partners"],
            "--partners is for the list",
        ),
        (["audience", "arvid.peaks", "--set", "slots.text=none"], "an audience would not change"),
        (["list", "influencers", "--set", "slots.text=none"], "list of influencers would not change"),
        (["list", "rankers", "wsim"], "brandfit list settings NAME"),
        (["import", "sample", "my-data"], "not read by sample"),
        (["profile", "evaluate", "tags", "--test", "other", "--folds", "3"], "--folds is for one workspace"),
        (["profile", "discover", "--out", "a.toml", "--share", ".3"], "--share is for labels"),
        (
            ["profile", "discover", "--out", "a.csv", "--apply", "topics.toml", "--topics", "3"],
            "--topics is for finding topics",
        ),
        (["serve", "--rate", "0", "--burst", "5"], "--burst has no effect with --rate 0"),
    ],
)
def test_an_option_that_nothing_would_read_is_refused(run, demo, tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "topics.toml").write_text("")
    code, _, err = run(*args, "-w", demo)
    assert code == 2
    assert words in " ".join(err.split())
    assert not (tmp_path / args[2]).exists()


@pytest.mark.parametrize(
    "kind", ["importers", "encoders", "rankers", "protocols", "metrics", "features", "models"]
)
def test_list(run, demo, kind):
    code, out, _ = run("list", kind, "-w", demo, "--json")
    assert code == 0
    rows = json.loads(out)
    assert rows or kind == "models"
    assert all(row.get("what", "x") for row in rows)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rank", "northpeak.outdoor", "--where", "category:food", "--where", "category:travel"], "--where"),
        (["rank", "northpeak.outdoor", "--followers", "..20k", "--followers", "30k.."], "--followers"),
        (["shortlist", "northpeak.outdoor", "--budget", "300", "--budget", "3000"], "--budget"),
        (["profile", "evaluate", "tags", "--seed", "1", "--seed", "2"], "--seed"),
    ],
)
def test_an_option_of_one_value_that_is_given_twice_is_refused(run, demo, args, said):
    code, _, err = run(*args, "-w", demo)
    assert code == 2
    assert f"{said} is given twice" in err


def test_export_of_one_brand_prints_the_counts_of_its_file(run, demo, tmp_path):
    file = tmp_path / "r.csv"
    args = ["rankings", str(file), "--brand", "northpeak.outdoor", "--where", "category:food", "--partners"]
    code, out, _ = run("export", *args, "-w", demo)
    assert code == 0
    with file.open(encoding="utf-8-sig") as opened:
        row = next(csv.DictReader(opened))
    everybody = int(row["candidates"]) + int(row["left_out"])
    assert f"{row['candidates']} of {everybody} influencers are candidates" in out


def test_the_python_in_the_readme_runs(tmp_path):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "simcos" in done.stdout
    assert (tmp_path / "demo" / "brandfit.sqlite").is_file()


@pytest.mark.parametrize(
    "command", [[Path(sys.executable).with_name("brandfit")], [sys.executable, "-m", "brandfit"]]
)
def test_the_installed_command_answers(command):
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("brandfit, version")


def test_undo_asks_and_takes_back_the_last_import(run, tmp_path, monkeypatch):
    place, file = tmp_path / "w", tmp_path / "list.csv"
    file.write_text("handle,followers\nana.b,9000\n", "utf-8")
    assert run("import", file, "-w", place)[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, err = run("undo", "-w", place)
    assert (code, "list.csv?" in err, "Nothing was changed." in err) == (130, True, True)
    assert "ana.b" in run("list", "influencers", "-w", place)[1]
    code, out, _ = run("undo", "--yes", "-w", place)
    assert (code, "1 account removed." in out) == (0, True)
    code, _, err = run("undo", "-w", place)
    assert (code, "no import to undo" in err) == (4, True)


def test_forget_asks_removes_says_what_to_make_again_and_import_leaves_out(run, demo, tmp_path, monkeypatch):
    place = tmp_path / "demo"
    shutil.copytree(demo, place, ignore=shutil.ignore_patterns("*.jsonl", "*.csv"))
    who = json.loads(run("list", "influencers", "-w", place, "--json")[1])[0]["id"]
    code, _, err = run("forget", f"{who}x", "-w", place)
    assert code == 2
    assert f"Did you mean {who}" in err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, err = run("forget", who, "-w", place)
    assert code == 130
    assert "It cannot be undone" in err
    assert who in run("list", "influencers", "-w", place)[1]
    assert run("train", "brandfit", "-w", place)[0] == 0
    code, out, _ = run("forget", f"@{who.upper()}", "--yes", "-w", place)
    assert code == 0
    assert f"brandfit train brandfit -w {place}" in out
    assert who not in run("list", "influencers", "-w", place)[1]
    assert run("rank", a_brand(run, place), "-w", place)[0] == run("doctor", "-w", place)[0] == 0
    out = run("import", "sample", "-w", place)[1]
    assert re.search(r"Left out: \d+ rows of 1 account that asked to be forgotten", out)
    assert who not in out
    (place / "note.txt").write_text(f"ask {who} again")
    code, out, _ = run("forget", who, "--yes", "--json", "-w", place)
    result = json.loads(out)
    assert code == 4
    assert result["foreign"] == {"note.txt": "the handle"}
    assert not any(result["removed"].values())


def test_an_evaluation_is_refitted_and_its_command_says_so(run, demo, tmp_path):
    code, out, err = run("evaluate", "simcos", "--refit", "--out", tmp_path / "out", "-w", demo)
    assert code == 0, err
    assert "--refit" in (tmp_path / "out" / "table.md").read_text()
    assert "simcos" in out


def test_what_accounts_say_of_themselves_changes_nothing_for_who_reads_posts(run, demo, tmp_path):
    """A brand without posts is represented by its partners, whatever else is encoded."""
    place = shutil.copytree(demo, tmp_path / "demo")
    rows = json.loads(run("list", "brands", "-w", place, "--json")[1])
    brand = next(r["id"] for r in rows if r["seen by"] == "partners")

    def told() -> tuple[list[dict], dict]:
        ranking = json.loads(run("rank", brand, "--ranker", "simcos", "-w", place, "--json")[1])["ranking"]
        return ranking, json.loads(run("evaluate", "simcos", "-w", place, "--json")[1])["results"]

    before = told()
    assert all(row["score"] is not None for row in before[0])
    assert run("encode", "text.profile", "-w", place)[0] == 0
    assert told() == before


def test_an_evaluation_that_was_broken_off_goes_on(run, demo, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr("brandfit.learning.trainer.MAX_CHECKPOINT_SHARE", 1e9)
    place = shutil.copytree(demo, tmp_path / "demo")
    asked = ["evaluate", "wsim", "--protocol", "cv5", "-w", place, "--json"]
    asked += [
        part for text in ("epochs=3", "pool_size=2", "patience=9") for part in ("--set", f"wsim.{text}")
    ]
    real, ticked = Clock.progress, []

    def tick(clock: Clock, done: int, total: int, step: str = "") -> None:
        real(clock, done, total)
        ticked.append(done)
        if ticked == [0, 1, 2, 3, 0, 1]:  # in the second fold
            raise KeyboardInterrupt

    whole = json.loads(run(*asked)[1])
    monkeypatch.setattr(Clock, "progress", tick)
    code, _, said = run(*asked)
    assert (
        run("evaluate", "simcos", "--protocol", "cv5", "-w", place)[0] == 0
    )  # another in between takes nothing away
    assert code == 130
    assert "goes on from what was saved" in said
    assert ticked[:6] == [0, 1, 2, 3, 0, 1]
    ticked.clear()
    assert list((place / "training").glob("evaluate-*/wsim-0-1/*"))
    again = json.loads(run(*asked)[1])
    assert ticked == [3, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]
    assert not list((place / "training").glob("evaluate-*"))
    assert {**whole, "seconds": again["seconds"]} == again


def test_training_says_what_was_read(run, demo, tmp_path):
    """Engagement is there and left out by a setting; one that learns nothing reads all the same."""
    shutil.copytree(demo, tmp_path / "demo", ignore=shutil.ignore_patterns("*.jsonl", "*.csv"))
    left_out = [
        part
        for setting in ("representation=bilinear", "interaction=false", "epochs=1")
        for part in ("--set", setting)
    ]
    for asked in (["simcos"], ["camera", *left_out]):
        code, out, _ = run("train", *asked, "-w", tmp_path / "demo")
        assert code == 0
        assert out.splitlines()[0].endswith("reading text from text.hashing."), out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--set", "share=.7"], "Did you mean protocol.share?"),
        (
            ["--set", "wsim.epochs=7"],
            "Settings here: protocol.NAME, simcos.NAME, endorsements.NAME, slots.NAME.",
        ),
        (
            ["--set", "protocol.min_followers=9000", "--set", "protocol.max_followers=800"],
            "min_followers is 9,000 and max_followers is 800",
        ),
        (
            ["--set", "endorsements.min_followers=200000"],
            "min_followers is 200,000 and max_followers is 100,000",
        ),
        (["--set", "protocol.share=much"], "Setting share: expected a number, found 'much'."),
        (["--set", "endorsements.kinds=mentions,foo"], "Setting kinds[1]: 'foo' is no choice."),
        (["--set", "endorsements.kinds=[]"], "Setting kinds: expected a list of at least 1 entry, found 0."),
        (
            ["--protocol", "temporal", "--set", "protocol.date=1750000000000"],
            "Setting date=1750000000000: no day.",
        ),
    ],
)
def test_what_is_set_wrongly_in_an_evaluation_is_told(run, demo, asked, said):
    code, _, told = run("evaluate", "simcos", *asked, "-w", demo)
    assert code == 2
    assert said in told


def test_what_is_asked_wrongly_from_python_is_told(demo):
    with Workspace(demo) as opened:
        assert list(pipeline.evaluate(opened, "random").results) == ["random"]
        for wrong, said in (
            ({"rankers": []}, "no ranker is named"),
            ({"rankers": ["random"], "seeds": ()}, "seeds is empty"),
            ({"rankers": ["random"], "ties": "worst"}, "no tie rule named 'worst'"),
        ):
            with pytest.raises(UsageError, match=said):
                pipeline.evaluate(opened, **wrong)
        brand = str(pipeline.load(opened).brands[0])
        with pytest.raises(UsageError, match="k is -3"):
            pipeline.rank(opened, brand, ranker="simcos", k=-3)


def test_an_export_of_all_brands_names_those_that_it_leaves_out(run, tmp_path):
    folder, work = tmp_path / "in", tmp_path / "work"
    folder.mkdir()
    rows = [
        "role,handle,followers",
        "brand,oat.bar,1000",
        "brand,silent.co,1000",
        "influencer,ana.b,9000",
        "influencer,bo.c,9000",
    ]
    (folder / "accounts.csv").write_text("\n".join(rows))
    posts = [f"{n},{account},vegan oats {n}" for n, account in enumerate(("oat.bar", "ana.b", "bo.c"))]
    (folder / "posts.csv").write_text("\n".join(["id,account,caption", *posts]))
    for args in (("import", folder), ("encode", "text.hashing")):
        assert run(*args, "-w", work)[0] == 0
    code, out, _ = run("export", "rankings", tmp_path / "all.csv", "-w", work)
    assert code == 0
    assert "2 rows are in" in out
    assert "1 brand is left out, because nothing is known to rank by: silent.co." in out
    _, out, _ = run("export", "rankings", tmp_path / "all.csv", "-w", work, "--json")
    assert json.loads(out)["brands_left_out"] == ["silent.co"]
