"""A setting that nothing reads is refused, by every function of the pipeline and every command."""

from __future__ import annotations

import inspect
from types import FunctionType

import click
import pytest

from brandfit import pipeline
from brandfit.cli import cli, main
from brandfit.config import parse_settings, refuse_unread
from brandfit.errors import BrandfitError, ConfigError, UnknownName, UsageError
from brandfit.pipeline.settings import stored_data
from brandfit.service.jobs import kinds as work
from brandfit.workspace import Workspace

BRAND, SOMEONE = "northpeak.outdoor", "senna.peaks"
FUNCTIONS = {
    name: value for name in pipeline.__all__ if isinstance(value := getattr(pipeline, name), FunctionType)
}
ARGUMENTS = {
    "preview_import": {"path": "."},
    "advise": {"like": BRAND, "captions": ["A walk"]},
    "appraise": {"brand": BRAND, "influencers": [SOMEONE]},
    "audience": {"account": SOMEONE},
    "brands_for": {"influencer": SOMEONE},
    "case_study": {"brand": BRAND, "ranker": "simcos"},
    "chances": {"brand": BRAND, "influencers": [SOMEONE]},
    "describe_accounts": {"ids": SOMEONE},
    "encode": {"encoder": "text.hashing"},
    "evaluate": {"rankers": "simcos"},
    "explain": {"brand": BRAND, "influencer": SOMEONE},
    "export": {"what": "rankings", "file": "x.csv"},
    "fit_maps": {"like": BRAND, "pictures": []},
    "fitted": {"ranker": "simcos"},
    "import_source": {"source": "sample"},
    "judge_profilers": {"profilers": "majority"},
    "listing": {"what": "brands"},
    "make_study": {"folder": "new", "ranker": "simcos"},
    "pair": {"brand": BRAND, "influencer": SOMEONE},
    "posts_not_read": {"encoder": "text.hashing"},
    "rank": {"brand": BRAND},
    "rank_brief": {"text": "boots"},
    "rank_query": {"brand": BRAND, "query": pipeline.RankingQuery()},
    "report": {"brand": BRAND, "file": "x.html"},
    "search": {"keywords": "boots"},
    "shortlist": {"brand": BRAND, "count": 3},
    "similar": {"accounts": SOMEONE},
    "train": {"ranker": "simcos"},
}
UNREAD = ("nonsense.x", "nonsense")
MISSPELLED = {
    "endorsement.min_followers": "endorsements.min_followers",
    "Slots.text": "slots.text",
    "slot.text": "slots.text",
    "min_followers": "endorsements.min_followers",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("settings") / "demo"
    with Workspace(place, create=True) as opened:
        pipeline.import_source(opened, "sample", settings={"influencers": 30})
        pipeline.encode(opened, "text.hashing")
    return place


def with_parameter(name):
    return [f for f in FUNCTIONS if name in inspect.signature(FUNCTIONS[f]).parameters]


@pytest.mark.parametrize("setting", UNREAD)
@pytest.mark.parametrize(
    ("function", "parameter"),
    [(function, name) for name in ("data", "settings") for function in with_parameter(name)],
)
def test_every_function_refuses_a_setting_that_nothing_reads(
    function, parameter, setting, place, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        FUNCTIONS[function](**ARGUMENTS.get(function, {}), workspace=place, **{parameter: {setting: 1}})
    assert f"{setting!r}" in raised.value.message
    assert raised.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("misspelled", MISSPELLED)
@pytest.mark.parametrize("function", with_parameter("data"))
def test_the_nearest_setting_of_the_data_is_named(function, misspelled, place):
    with pytest.raises(UnknownName) as raised:
        FUNCTIONS[function](**ARGUMENTS.get(function, {}), workspace=place, data={misspelled: "1"})
    assert MISSPELLED[misspelled] in raised.value.hint


def test_settings_on_the_wrong_side_are_refused(place, tmp_path):
    with pytest.raises(UnknownName, match=r"price\.per_thousand"):
        pipeline.shortlist(place, BRAND, count=3, data={"price.per_thousand": 8})
    with pytest.raises(UsageError, match=r"(?s)setting of the data.*data={'slots\.text'"):
        pipeline.search(place, "boots", settings={"slots.text": "none"})
    with pytest.raises(UnknownName, match=r"slots\.text"):
        pipeline.check(place, {"slots.text": "none"})
    for what in ("accounts", "features", "rejects"):
        with pytest.raises(UsageError, match="is for rankings and endorsements"):
            pipeline.export(
                place, what, file=tmp_path / "x.csv", name="text.hashing", data={"slots.text": "none"}
            )
    with pytest.raises(UsageError, match="prices for what"):
        pipeline.report(place, BRAND, file=tmp_path / "x.html", settings={"price.per_thousand": 8})
    for kind in ("features", "models"):
        with pytest.raises(UnknownName, match="Nothing can be set here"):
            pipeline.listing(kind, place, {"slots.text": "none"})
    with pytest.raises(UnknownName):
        pipeline.evaluate(place, "simcos", settings={"simcos": 1})


def test_a_model_that_was_stored_with_an_unread_setting_still_ranks(place):
    assert stored_data({"data": {"slots.text": "a", "endorsement.x": 1}}) == {"slots.text": "a"}


def test_the_service_refuses_settings_of_other_encoders(place):
    with Workspace(place) as opened:
        for call in (
            lambda s: work.encode(opened, lambda *_: None, encoders=["text.hashing"], settings=s),
            lambda s: work.verify(opened, "encode", {"encoders": ["text.hashing"], "settings": s}),
        ):
            for setting in ("nonsense.x", "nonsense", "slots.text", "text.minilm.dim"):
                with pytest.raises(UnknownName, match=setting):
                    call({setting: "1"})
        with pytest.raises(BrandfitError, match=r"slots\.text"):
            work.verify(opened, "import", {"source": "sample", "settings": {"slots.text": "none"}})


# --- commands -----------------------------------------------------------------------------------------------

TYPED = {
    "advise": [BRAND, "--caption", "A walk"],
    "audience": [SOMEONE],
    "brands": [SOMEONE],
    "check": [],
    "case": [BRAND, "--ranker", "simcos"],
    "concepts frequent": [],
    "encode": ["text.hashing"],
    "evaluate": ["simcos"],
    "experiment": ["brandfit/cv5"],
    "explain": [BRAND, SOMEONE],
    "export": ["rankings", "x.csv"],
    "import": ["sample"],
    "list": ["brands"],
    "profile label": ["majority"],
    "profile evaluate": ["majority"],
    "rank": [BRAND],
    "search": ["boots"],
    "shortlist": [BRAND, "--count", "3"],
    "similar": [SOMEONE],
    "study make": ["new"],
    "train": ["simcos"],
    "tune": ["simcos", "--try", "fusion=scores,vectors"],
}
MORE = {
    "export tables": ["export", "accounts", "x.csv"],
    "export report": ["export", "report", "x.html", "--brand", BRAND],
    "list rankers": ["list", "rankers"],
    "list features": ["list", "features"],
    "encode two": ["encode", "text.hashing", "engagement"],
    "evaluate two": ["evaluate", "simcos", "random"],
    "rank brief": ["rank", "--brief", "boots"],
}
CASES = {name: [*name.split(), *arguments] for name, arguments in TYPED.items()} | MORE


def commands_with_settings(within=cli, before=()):
    """Names of every command that has --set."""
    context = click.Context(within)
    for name in within.list_commands(context):
        command = within.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands_with_settings(command, (*before, name))
        elif any("--set" in option.opts for option in command.params):
            yield " ".join((*before, name))


@pytest.fixture
def typed(place, tmp_path, monkeypatch, capsys):
    """``typed("check", ...)``: what it prints; it must be refused and write nothing."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "-w", str(place)])
        assert ended.value.code == 2
        assert not list(tmp_path.iterdir())
        return capsys.readouterr().err

    return call


def test_every_command_with_settings_is_tried():
    assert set(commands_with_settings()) == set(TYPED)


@pytest.mark.parametrize("setting", UNREAD)
@pytest.mark.parametrize("case", CASES)
def test_every_command_refuses_a_setting_that_nothing_reads(case, setting, typed):
    assert setting in typed(*CASES[case], "--set", f"{setting}=1")


@pytest.mark.parametrize("case", CASES)
def test_every_command_refuses_a_setting_that_is_given_twice(case, typed):
    twice = ["--set", "endorsements.direction=brand", "--set", "endorsements.direction=influencer"]
    assert "endorsements.direction is given twice" in typed(*CASES[case], *twice)


@pytest.mark.parametrize("misspelled", [name for name in MISSPELLED if "." in name])
@pytest.mark.parametrize("case", CASES)
def test_every_command_names_the_nearest_scope(case, misspelled, typed):
    assert MISSPELLED[misspelled] in typed(*CASES[case], "--set", f"{misspelled}=1")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["encode", "text.hashing", "--set", "slots.text=nonsense"], "no settings of the data"),
        (["import", "sample", "--set", "endorsements.direction=brand"], "no settings of the data"),
        (["profile", "label", "majority", "--set", "slots.text=none"], "no settings of the data"),
        (["check", "--set", "direction=brand"], "Did you mean endorsements.direction?"),
        (["check", "--set", "slots.text=none"], "no setting named 'slots.text'"),
        (["list", "rankers", "--set", "slots.text=none"], "Nothing can be set here"),
        (["rank", BRAND, "--weight", "text=1", "--weight", "text=2"], "text is given twice"),
        (
            ["encode", "text.hashing", "--set", "dim=8", "--set", "text.hashing.dim=9"],
            "dim is given twice: as dim and as text.hashing.dim",
        ),
        (["tune", "simcos", "--try", "fusion=scores", "--try", "fusion=vectors"], "fusion is given twice"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused(command, said, typed):
    assert said in typed(*command)


def test_by_hand():
    takers = {"endorsements": ["direction", "kinds"], "price": ["least"]}
    refuse_unread(None, takers)
    refuse_unread({"price.least": 1, "price.lest": 2}, takers)  # what Config.from_settings refuses
    with pytest.raises(UnknownName, match=r"Did you mean price\.least\?"):
        refuse_unread({"least": 1}, takers)
    with pytest.raises(UnknownName, match=r"Settings here: endorsements\.NAME, price\.NAME\."):
        refuse_unread({"zzz": 1}, takers)
    with pytest.raises(ConfigError, match="a is given twice, as '1' and as '2'"):
        parse_settings(["a=1", "b=2", " a = 2"])
