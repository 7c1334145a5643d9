"""Arguments of every public function of the pipeline: each accepted form, and a UsageError for every other
type."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType, NoneType
from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pytest

from brandfit import pipeline
from brandfit.arguments import (
    Accepts,
    accepts,
    account,
    accounts,
    amount,
    checked,
    count,
    limits,
    paths,
    positive_count,
    seeds_of,
    texts,
    weights,
    whole_numbers,
)
from brandfit.erasure import count_rows
from brandfit.errors import BrandfitError, UnknownName, UsageError, WorkspaceError
from brandfit.workspace import Workspace
from brandfit.workspace.argument import as_workspace, checked_workspace

BRAND, SOMEONE = "northpeak.outdoor", "senna.peaks"
FUNCTIONS = [value for name in pipeline.__all__ if isinstance(value := getattr(pipeline, name), FunctionType)]
LISTS = {
    texts: ["a.b", "c.d"],
    accounts: ["a.b", "c.d"],
    paths: ["a.csv", Path("b.csv")],
    seeds_of: [1, 2],
}
SINGLE = {account: "a.b", count: 1, positive_count: 1, amount: 1.0, limits: {"x": 1}, weights: {"x": 1.0}}


class Column:
    """Like a column of pandas."""

    def __init__(self, values):
        self.values = values

    def tolist(self):
        return list(self.values)

    def keys(self):
        return range(len(self.values))


FORMS: Mapping[str, Callable[[list], object]] = {
    "list": list,
    "tuple": tuple,
    "generator": lambda values: (value for value in values),
    "set": set,
    "keys": lambda values: dict.fromkeys(values).keys(),
    "array": lambda values: np.array(values, dtype=object),
    "column": Column,
}


def hints(function):
    return typing.get_type_hints(function, include_extras=True)


def parameters(wanted: Callable[[object], bool]) -> list:
    """(function, name of a parameter) of all whose annotation is wanted."""
    return [
        pytest.param(function, name, id=f"{function.__name__}-{name}")
        for function in FUNCTIONS
        for name in inspect.signature(function).parameters
        if wanted(hints(function)[name])
    ]


def is_list(hint) -> bool:
    return (about := accepts(hint)) is not None and about.convert in LISTS


def is_place(hint) -> bool:
    return (about := accepts(hint)) is not None and about.convert in (as_workspace, checked_workspace)


def parts_of(hint) -> tuple:
    return typing.get_args(hint) if typing.get_origin(hint) is not typing.Annotated else ()


def recorder(function):
    """``checked`` on a function of the same signature that gives back its arguments."""

    @functools.wraps(function.__wrapped__)
    def given(*args, **kwargs):
        return inspect.signature(function).bind(*args, **kwargs).arguments

    return checked(given)


def valid(hint, workspace: Workspace):
    """A value of an annotated type, for the parameters that a test is not about."""
    if (about := accepts(hint)) is not None:
        return (LISTS | SINGLE).get(about.convert, workspace)
    kind = typing.get_origin(hint) or hint
    if kind in (typing.Union, type(int | str)):
        return valid(parts_of(hint)[0], workspace)
    if kind is typing.Literal:
        return parts_of(hint)[0]
    plain = {str: "x", int: 1, float: 1.0, bool: True, typing.Any: "x", Path: workspace.path}
    if kind in plain:
        return plain[kind]
    return [] if kind in (Iterable, Sequence) else Mock(spec=kind)


def needed(function, workspace: Workspace) -> dict:
    """The parameters without a default."""
    parameters = inspect.signature(function).parameters.values()
    wanted = [
        p
        for p in parameters
        if p.default is inspect.Parameter.empty and p.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    return {p.name: valid(hints(function)[p.name], workspace) for p in wanted}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace(tmp_path_factory.mktemp("arguments") / "demo", create=True) as opened:
        pipeline.import_source(opened, "sample", settings={"influencers": 30})
        for name in ("text.hashing", "concept.bag"):
            pipeline.encode(opened, name)
        yield opened


@pytest.fixture
def place(workspace):
    return workspace.path


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_public_function_is_checked_and_says_what_it_accepts(function):
    assert hasattr(function, "__wrapped__"), f"write @checked (brandfit.arguments) above {function.__name__}"
    for name, hint in hints(function).items():
        if name == "return" or accepts(hint):
            continue
        message = f"{function.__name__}({name}): annotate it with Place, Texts, Files or Seeds"
        bare = [hint, *parts_of(hint)]
        assert Workspace not in bare, message
        assert np.ndarray not in bare, message
        for part in bare:
            origin = typing.get_origin(part)
            if isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
                assert not {str, int, Path} & set(parts_of(part)), message


@pytest.mark.parametrize(("function", "name"), parameters(is_list))
def test_every_list_is_accepted_in_every_form(function, name, workspace):
    values = LISTS[accepts(hints(function)[name]).convert]
    given = needed(function, workspace)
    for form, make in FORMS.items():
        assert list(recorder(function)(**given | {name: make(values)})[name]) == values, form
    assert list(recorder(function)(**given | {name: values[0]})[name]) == values[:1]
    if NoneType in parts_of(hints(function)[name]):
        assert list(recorder(function)(**given | {name: None})[name]) == []


@pytest.mark.parametrize(
    ("function", "name"),
    parameters(
        lambda hint: (
            (about := accepts(hint)) is not None and about.convert in (as_workspace, checked_workspace)
        )
    ),
)
def test_every_workspace_may_be_a_path(function, name, workspace):
    given, place = needed(function, workspace), workspace.path
    for form in (place, str(place)):
        found = recorder(function)(**given | {name: form})[name]
        assert (
            (found.path == place)
            if isinstance(found, Workspace)
            else (function in (pipeline.import_source, pipeline.preview_import), found) == (True, form)
        )
    assert recorder(function)(**given | {name: workspace})[name] is workspace


@pytest.mark.parametrize(("function", "name"), parameters(lambda hint: hint is not typing.Any))
def test_every_other_type_is_a_usage_error_that_names_the_parameter(function, name, workspace):
    given = needed(function, workspace)
    for wrong in (object(), b"bytes", 3 + 2j):
        with pytest.raises(UsageError) as raised:
            function(**given | {name: wrong})
        assert name in raised.value.message
        assert type(wrong).__name__ in raised.value.message
        assert "expected" in raised.value.message
        assert name in raised.value.hint


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "likes is 3 (int), expected a text or a list of texts"),
        (None, "likes is None, expected a text or a list of texts"),
        ({"a.b": 1}, "likes is {'a.b': 1} (dict), expected a text or a list of texts"),
        (b"a.b", "likes is b'a.b' (bytes)"),
        (["a.b", 3], "likes: entry 2 is 3 (int), expected a text"),
        (["a.b", None], "likes: entry 2 is None, expected a text"),
        (np.array([["a.b"]]), "likes: entry 1 is ['a.b'] (list), expected a text"),
        (pa.array(["a.b", None]), "likes: entry 2 is None, expected a text"),
        (pa.table({"id": ["a.b"]}), "likes: entry 1 is {'id': 'a.b'} (dict), expected a text"),
    ],
)
def test_texts_say_what_is_wrong_and_where(value, message):
    with pytest.raises(UsageError) as error:
        texts(value, "likes")
    assert error.value.message.startswith(message)
    assert error.value.hint == 'Write likes="a.b" for one, likes=["a.b", "c.d"] for several.'


def test_texts_numbers_and_paths_of_other_libraries():
    assert (
        texts(pa.array(["a.b", "c.d"]), "ids")
        == texts(pa.chunked_array([["a.b"], ["c.d"]]), "ids")
        == ["a.b", "c.d"]
    )
    assert texts(np.array(["a.b", "c.d"]), "ids") == ["a.b", "c.d"]
    assert texts(np.array("a.b"), "ids") == texts(np.str_("a.b"), "ids") == ["a.b"]
    assert whole_numbers(range(3), "seeds") == whole_numbers(np.arange(3), "seeds") == (0, 1, 2)
    assert whole_numbers(np.int64(3), "seeds") == (3,)
    for wrong in (True, 1.0, "1", [0.5]):
        with pytest.raises(UsageError, match="expected a whole number"):
            whole_numbers(wrong, "seeds")
    assert paths(Path("a.csv"), "files") == [Path("a.csv")]


def test_what_is_missing_or_unknown_is_told_by_python(place):
    with pytest.raises(TypeError, match="brand"):
        pipeline.rank(place)
    with pytest.raises(TypeError, match="brnd"):
        pipeline.rank(place, brnd=BRAND)
    with pytest.raises(WorkspaceError, match="no workspace at"):
        pipeline.rank(place / "nowhere", BRAND)


def test_a_metadata_of_another_kind_is_no_conversion():
    assert accepts(typing.Annotated[int, "words"]) is None
    assert accepts(typing.Annotated[int, Accepts(whole_numbers, "a number")] | None).description == "a number"


# --- through the functions themselves -----------------------------------------------------------------------


def test_a_text_is_no_list_of_letters(place, tmp_path):
    for one, several in [
        (pipeline.search(place, "camping family"), pipeline.search(place, ["camping family"])),
        (pipeline.similar(place, SOMEONE), pipeline.similar(place, (SOMEONE,))),
    ]:
        assert one.to_dict() == several.to_dict()
        assert one.rows
    for name in ("like", "dislike"):
        one, several = (
            pipeline.rank(place, BRAND, ranker="simcos", k=5, **{name: form}) for form in (SOMEONE, [SOMEONE])
        )
        assert (
            one.scores.tolist()
            == several.scores.tolist()
            != pipeline.rank(place, BRAND, ranker="simcos", k=5).scores.tolist()
        )
    best = pipeline.rank(place, BRAND, ranker="simcos", k=1).candidates[0]
    assert best not in [
        pick.influencer
        for pick in pipeline.shortlist(place, BRAND, count=3, ranker="simcos", exclude=best).picks
    ]
    assert (
        pipeline.export(place, "rankings", file=tmp_path / "one.csv", brands=BRAND, ranker="simcos", k=4) == 4
    )
    assert [
        pick.influencer
        for pick in pipeline.appraise(place, BRAND, influencers=SOMEONE, ranker="simcos").picks
    ] == [SOMEONE]
    message = pipeline.advise(place, BRAND, captions="Sale! Boots for every summit.")
    assert [idea.label for idea in message.ideas] == ["Sale! Boots for every summit."]
    assert pipeline.describe_accounts(place, SOMEONE) == pipeline.describe_accounts(place, [SOMEONE])


def test_seeds_and_rankers_may_be_one(place):
    one, listed = (
        pipeline.evaluate(place, rankers, protocol="cv5").to_dict() for rankers in ("simcos", ["simcos"])
    )
    assert one | {"seconds": {}} == listed | {"seconds": {}}
    seed = pipeline.evaluate(place, "random", protocol="cv5", seeds=3).to_dict()
    assert seed | {"seconds": {}} == pipeline.evaluate(
        place, {"random"}, protocol="cv5", seeds=[3]
    ).to_dict() | {"seconds": {}}


def test_an_account_is_forgotten_by_its_name(tmp_path):
    path = tmp_path / "demo"
    pipeline.import_source(path, "sample", settings={"influencers": 10})  # makes the workspace
    someone = pipeline.load(path).influencers[0]
    result = pipeline.forget(path, someone)
    assert result.rows["accounts"] == 1
    assert someone not in pipeline.load(path).influencers.tolist()


def test_an_import_that_fails_leaves_no_workspace_behind(tmp_path):
    for source, path in [("sampel", None), ("folder", tmp_path / "nothing")]:
        with pytest.raises(BrandfitError):
            pipeline.import_source(tmp_path / "demo", source, path=path)
        assert not (tmp_path / "demo").exists()


def test_an_unknown_kind_or_side_of_an_explanation_is_refused(place):
    with pytest.raises(UsageError, match="kind of explanation named 'word'"):
        pipeline.explain(place, BRAND, influencer=SOMEONE, ranker="simcos", kinds="word")
    with pytest.raises(UsageError, match="side of a pair named 'brnd'"):
        pipeline.explain(place, BRAND, influencer=SOMEONE, ranker="simcos", sides="brnd")
    explanation, _ = pipeline.explain(place, BRAND, influencer=SOMEONE, ranker="simcos", kinds="posts")
    assert {attribution.kind for attribution in explanation.attributions} == {"posts"}


def test_models_and_datasets_take_a_text_and_lists_too(place):
    model, dataset = pipeline.fitted(place, "simcos")
    some = dataset.influencers[:3]
    for form in (list(some), tuple(some), pa.array(some)):
        assert (
            model.rank(dataset, BRAND, candidates=form).scores.tolist()
            == model.rank(dataset, BRAND, candidates=some).scores.tolist()
        )
        assert (
            model.score(dataset, BRAND, form).tolist()
            == model.score(dataset, np.array([BRAND], dtype=object), some).tolist()
        )
    assert dataset.account_values("role", SOMEONE).tolist() == ["influencer"]
    assert dataset.restricted(influencers=SOMEONE).influencers.tolist() == [SOMEONE]
    assert dataset.hide_categories(SOMEONE).fingerprint == dataset.hide_categories([SOMEONE]).fingerprint
    text = dataset.slots["text"]
    post = text.ids[0]
    assert text.rows_of(post).tolist() == [0]
    with Workspace(place) as opened:
        assert count_rows(opened, SOMEONE) == count_rows(opened, [SOMEONE])


# --- accounts ------------------------------------------------------------------------------------------

NO_ANSWER = {
    ("save_concept_chart", "account"): "it draws what topics answers",
    ("fitted", "brand"): "it chooses whose new posts are encoded, and answers for no account",
    ("forget", "accounts"): "it is tried below: what is forgotten is not there a second time",
}


@pytest.fixture(scope="module")
def trained(workspace, tmp_path_factory):
    """A workspace with a picture encoder and a ranker that gives chances; a file of a picture."""
    pipeline.encode(workspace, "image.classical")
    pipeline.encode(workspace, "engagement")
    pipeline.train(workspace, "brandfit")
    picture = tmp_path_factory.mktemp("pictures") / "one.jpg"
    picture.write_bytes(workspace.picture(workspace.dataset().images["hash"][0].as_py()))
    return workspace, picture


def is_account(hint) -> bool:
    return (about := accepts(hint)) is not None and about.convert in (account, accounts)


def right_names(trained, out: Path) -> dict[str, dict]:
    """Function to arguments that it can answer; accounts are names of the right kind."""
    workspace, picture = trained
    pair = {"brand": BRAND, "influencer": SOMEONE}
    past = sorted(pipeline.load(workspace).partners[BRAND])[0]
    other = next(i for i in pipeline.load(workspace).influencers.tolist() if i not in (SOMEONE, past))
    return {
        "advise": {"like": BRAND, "captions": "boots", "by": SOMEONE},
        "appraise": {"brand": BRAND, "influencers": SOMEONE, "not_this": other},
        "asking_prices": {"brand": BRAND, "influencers": SOMEONE},
        "audience": {"account": SOMEONE, "other": BRAND},
        "brands_for": {"influencer": SOMEONE},
        "case_study": {"brand": BRAND, "ranker": "simcos"},
        "category": {"account": SOMEONE},
        "chances": {"brand": BRAND, "influencers": SOMEONE},
        "describe_accounts": {"ids": SOMEONE},
        "encoding_notes": {"accounts": BRAND},
        "expected": {"influencer": SOMEONE},
        "explain": pair,
        "export": {"what": "rankings", "file": out / "r.csv", "brands": BRAND, "k": 3},
        "facts_of": {"influencer": SOMEONE, "names": "followers"},
        "fit_maps": {"like": BRAND, "pictures": picture},
        "no_topics_reason": {"account": BRAND},
        "pair": pair,
        "rank_query": {"brand": BRAND, "query": pipeline.RankingQuery(like=SOMEONE)},
        "rank": {
            "brand": BRAND,
            "like": SOMEONE,
            "dislike": other,
            "exclude": other,
            "not_this": other,
        },
        "report": {
            "brand": BRAND,
            "file": out / "r.html",
            "influencers": SOMEONE,
            "exclude": other,
            "not_this": other,
        },
        "shared_audiences": {"accounts": [SOMEONE, BRAND]},
        "shortlist": {"brand": BRAND, "count": 2, "exclude": other, "not_this": other},
        "similar": {"accounts": SOMEONE},
        "suggestions": {"brand": BRAND, "ranker": "simcos"},
        "topics": {"account": BRAND},
        "topics_notes": {"account": BRAND},
    }


def said(answer) -> object:
    """An answer in a form that can be compared."""
    answer = answer[0] if isinstance(answer, tuple) and answer else answer
    if hasattr(answer, "rows") and callable(answer.rows):
        return answer.rows()
    return answer.to_dict() if hasattr(answer, "to_dict") else repr(answer)


@pytest.mark.parametrize(("function", "name"), parameters(is_account))
def test_accounts_may_be_typed_with_at_and_capitals_and_unknown_ones_are_an_error(
    function, name, trained, tmp_path
):
    if (function.__name__, name) in NO_ANSWER:
        return
    workspace, _ = trained
    right = right_names(trained, tmp_path)[function.__name__]
    assert name in right, "add a name to right_names, so that it is tried"
    several = isinstance(right[name], list)
    typed = [f" @{id.upper()}" for id in (right[name] if several else [right[name]])]
    assert said(function(workspace, **right)) == said(
        function(workspace, **right | {name: typed if several else typed[0]})
    )
    wrong = "nosuch.one"
    with pytest.raises(UnknownName, match=wrong) as raised:
        function(workspace, **right | {name: [wrong, *typed] if several else wrong})
    assert raised.value.hint


def test_every_name_of_an_account_is_annotated_as_one():
    words = {"brand", "brands", "influencer", "influencers", "account", "accounts", "like", "dislike", "by"}
    words |= {"exclude", "not_this", "ids", "other"}
    untold = [
        (function.__name__, name)
        for function in FUNCTIONS
        for name in words & set(inspect.signature(function).parameters)
        if not is_account(hints(function)[name]) and not is_place(hints(function)[name])
    ]
    # not_this is of brands to influencers; role names are words for brands and influencers
    expected = [("brands_for", "not_this"), ("explain", "not_this"), ("pair", "not_this")]
    expected += [("set_role_names", "brand"), ("set_role_names", "influencer")]
    assert sorted(untold) == expected


def test_a_brand_is_no_influencer_and_an_account_to_forget_must_be_there(trained):
    workspace, _ = trained
    for function, given in (
        (pipeline.expected, {"influencer": BRAND}),
        (pipeline.facts_of, {"influencer": BRAND, "names": "followers"}),
        (pipeline.chances, {"brand": BRAND, "influencers": BRAND}),
        (pipeline.asking_prices, {"brand": BRAND, "influencers": BRAND}),
    ):
        with pytest.raises(UnknownName, match="no influencer") as raised:
            function(workspace, **given)
        assert raised.value.hint == "It is a brand here."
    with pytest.raises(UnknownName, match=r"nosuch\.one"):
        pipeline.forget(workspace, "nosuch.one")
    with pytest.raises(UnknownName, match="no post"):
        pipeline.post_topics(workspace, "nosuch.one")


@pytest.mark.parametrize(
    ("call", "suggestion"),
    [
        (lambda place, file: pipeline.listing("brand", place), "brands"),
        (lambda place, file: pipeline.export(place, "ranking", file=file), "rankings"),
        (lambda place, file: pipeline.catalogue("encodrs"), "encoders"),
    ],
)
def test_another_word_for_what_is_listed_or_written_is_refused(place, tmp_path, call, suggestion):
    with pytest.raises(UnknownName) as raised:
        call(place, tmp_path / "x.csv")
    assert f"Did you mean {suggestion}" in raised.value.hint


# --- numbers -------------------------------------------------------------------------------------------

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("function", "given", "name"),
    [
        (pipeline.rank, {"brand": BRAND, "k": -1}, "k"),
        (pipeline.rank, {"brand": BRAND, "weights": {"text": NAN}}, "weights"),
        (pipeline.rank, {"brand": BRAND, "weights": {"text": INFINITE}}, "weights"),
        (pipeline.rank, {"brand": BRAND, "weights": {"text": True}}, "weights"),
        (pipeline.rank_brief, {"text": "boots", "k": -1}, "k"),
        (pipeline.search, {"k": -1}, "k"),
        (pipeline.search, {"offset": -3}, "offset"),
        (pipeline.similar, {"accounts": SOMEONE, "k": -2}, "k"),
        (pipeline.topics, {"account": BRAND, "most": -1}, "most"),
        (pipeline.shortlist, {"brand": BRAND, "count": 0}, "count"),
        (pipeline.shortlist, {"brand": BRAND, "budget": 0.0}, "budget"),
        (pipeline.shortlist, {"brand": BRAND, "budget": NAN}, "budget"),
        (pipeline.shortlist, {"brand": BRAND, "count": 2, "at_most": {"followers:5k..": -1}}, "at_most"),
        (pipeline.shortlist, {"brand": BRAND, "count": 2, "at_least": {"followers:5k..": 0.5}}, "at_least"),
        (pipeline.report, {"brand": BRAND, "file": "r.html", "k": -1}, "k"),
        (pipeline.report, {"brand": BRAND, "file": "r.html", "count": 0}, "count"),
        (pipeline.export, {"what": "rankings", "file": "r.csv", "k": -1}, "k"),
        (pipeline.evaluate, {"rankers": "simcos", "seeds": [0, 0, 0]}, "seeds"),
        (pipeline.evaluate, {"rankers": "simcos", "seeds": []}, "seeds"),
        (pipeline.judge_profilers, {"profilers": "nearest", "seeds": [1, 1]}, "seeds"),
        (pipeline.judge_profilers, {"profilers": "nearest", "folds": -1}, "folds"),
        (pipeline.posts_to_label, {"done": [], "count": -1}, "count"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused(place, function, given, name):
    with pytest.raises(UsageError, match=f"{function.__name__}: {name}") as raised:
        function(place, **given)
    assert "expected" in raised.value.message
    assert name in raised.value.hint


def test_parts_that_all_weigh_nothing_leave_nothing_to_rank_by(place):
    parts = pipeline.rank(place, BRAND, ranker="simcos", k=1).parts
    with pytest.raises(UsageError, match=r"weigh 0 \("):
        pipeline.rank(place, BRAND, ranker="simcos", weights=dict.fromkeys(parts, 0))
    half = dict.fromkeys(list(parts)[1:], 0)
    assert pipeline.rank(place, BRAND, ranker="simcos", k=1, weights=half).scores[0] > 0
