"""The view of planted audiences: shared people of known number, planted words, hashtags, likes and languages;
matches by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import audience as oracle

from brandfit.audience.similarity import overlaps, share_below, similarities
from brandfit.audience.view import Views, sentences
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post
from brandfit.errors import UnknownName, UsageError

ENGLISH = "I really love walking in the mountains with my friends in the morning"
GERMAN = "Ich liebe es wirklich, morgens mit meinen Freunden in den Bergen zu wandern"


NUMBERS = itertools.count()


def comment(who: str, whom: str, text: str | None = None, post: str | None = None) -> Link:
    return Link(id=f"l{next(NUMBERS)}", kind="comments", source=who, target=whom, post=post, text=text)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """peak: 30 people who comment, 10 of them at shop too, 4 more who follow; all say tent and #hike; 6 are
    German."""
    pytest.importorskip("py3langid")
    accounts = [
        Account(id="shop", role="brand", followers=1_000),
        Account(id="peak", followers=6_800),
        Account(id="empty"),
    ]
    accounts += [Account(id=f"o{n}", followers=5_000) for n in range(10)]
    posts = [Post(id=f"{a.id}-1", account=a.id) for a in accounts]
    links = [
        comment(f"p{n}", "peak", f"the tent number {n} #hike {GERMAN if n < 6 else ENGLISH}", "peak-1")
        for n in range(30)
    ]
    links += [comment(f"p{n}", "shop", "hello there", "shop-1") for n in range(10)] + [comment("q", "shop")]
    links += [comment(f"r{n}", f"o{n % 10}", f"nice soup {ENGLISH}", f"o{n % 10}-1") for n in range(100)]
    links += [comment(f"p{n}", "o3", "soup too", "o3-1") for n in range(20, 28)]
    links += [Link(id=f"f{n}", kind="follows", source=f"f{n}", target="peak") for n in range(4)]
    links += [
        Link(id="own", kind="follows", source="peak", target="peak"),
        comment("peak", "peak", "thanks", "peak-1"),
    ]
    values = np.zeros((len(posts), 2), np.float32)
    values[:, 1] = 1
    values[4 + 2] = (1, 0)  # o3-1 is about cooking
    order = [p.id for p in posts]
    assert order[6] == "o3-1"
    concepts = Features(
        name="concept.bag",
        ids=np.array(order, dtype=object),
        values=values,
        level="post",
        columns=("cooking", "rest"),
        slot="concept",
    )
    return Dataset.from_rows(accounts, posts, links=links).with_slots({"concept": concepts})


def test_who_is_known_and_what_they_say(dataset):
    view = Views(dataset).view("peak", "shop")
    assert (view.people, view.comment, view.follow, view.comments) == (34, 30, 4, 30)
    assert view.share == pytest.approx(34 / 6_800)
    assert "tent" in [w.word for w in view.words]
    assert "soup" not in [w.word for w in view.words]
    assert [(w.word, w.people, w.share, w.others) for w in view.hashtags] == [("#hike", 30, 1.0, 0.0)]
    assert view.languages == {"en": 24, "de": 6}
    said = " ".join(sentences(view))
    assert "34 people, 0.5 % of 6,800 followers; 30 comment (30 comments), 4 follow." in said


def test_what_its_people_like_elsewhere(dataset):
    assert Views(dataset).view("peak").elsewhere == 18  # ten of them are at shop, eight at o3
    accounts = [Account(**row) for row in dataset.accounts.to_pylist()]
    posts = [Post(**row) for row in dataset.posts.to_pylist()]
    liked = (
        Views(Dataset.from_rows(accounts, posts, links=cooks()).with_slots(dataset.slots)).view("peak").likes
    )
    assert [(c.concept, c.share) for c in liked] == [("cooking", pytest.approx(7 / 8))]


def cooks() -> list[Link]:
    """Seven of eight people of peak comment on cooking elsewhere, the eighth on something else, as two
    hundred others do."""
    links = [comment(f"p{n}", "peak", "tent", "peak-1") for n in range(8)] + [
        comment(f"p{n}", "o3", None, "o3-1") for n in range(7)
    ]
    return [
        *links,
        comment("p7", "o4", None, "o4-1"),
        *(comment(f"r{n}", "o5", None, "o5-1") for n in range(200)),
    ]


def test_shared_people_are_counted_with_an_interval(dataset):
    view = Views(dataset).view("peak", "shop")
    first, second = view.shared
    assert (first.account, first.common, first.back) == ("shop", 10, pytest.approx(10 / 11))
    assert first.share == pytest.approx(10 / 34)
    assert first.low < first.share < first.high
    assert (second.account, second.common) == ("o3", 8)
    assert view.comparison.shared == first
    assert view.comparison.match is None
    assert any("not encoded" in note for note in view.notes)
    assert (
        "10 of its 34 known people are known to be in the audience of shop too: 29 % (17 % to 46 %), and 91 %"
        in " ".join(sentences(view))
    )


def test_an_audience_that_is_not_known_is_said_to_be(dataset):
    view = Views(dataset).view("empty", "shop")
    assert (view.people, view.share, view.words, view.shared) == (0, None, (), ())
    assert view.comparison.shared is None
    assert "is not known" in " ".join(sentences(view))
    with pytest.raises(UnknownName, match="peek"):
        Views(dataset).view("peek")


def test_a_view_is_json(dataset):
    import msgspec

    told = Views(dataset).view("peak", "shop").to_dict()
    assert msgspec.json.decode(msgspec.json.encode(told))["shared"][0]["common"] == 10


def test_words_beyond_chance_only():
    """Everybody draws from the same words: of 40 audiences hardly one may be told to have a word of its
    own."""
    rng = np.random.default_rng(0)
    words = [f"{a}{b}word" for a in "abcdefghij" for b in "klmnopqrst"]
    links = [comment(f"p{n}", f"i{n % 40:02}", " ".join(rng.choice(words, 6))) for n in range(1200)]
    views = Views(Dataset.from_rows([Account(id=f"i{n:02}") for n in range(40)], links=links))
    assert sum(bool(views.view(f"i{n:02}").words) for n in range(40)) <= 4


def with_audience(values: np.ndarray) -> Dataset:
    ids = np.array(["shop", *(f"i{n}" for n in range(len(values) - 1))], dtype=object)
    features = Features("audience.hashing", ids, values.astype(np.float32), "account", slot="audience")
    return Dataset.from_rows(
        [Account(id="shop", role="brand"), *(Account(id=id) for id in ids[1:])]
    ).with_slots({"audience": features})


def test_likeness_is_the_cosine_less_the_mean():
    values = np.random.default_rng(0).normal(size=(9, 4))
    dataset = with_audience(values)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    rest = unit - unit[1:].mean(axis=0)
    rest /= np.linalg.norm(rest, axis=1, keepdims=True)
    assert similarities(dataset, "shop") == pytest.approx(rest[1:] @ rest[0], abs=1e-5)
    own = similarities(dataset, "i3")
    assert np.isnan(own[3])
    assert own[4] == pytest.approx(rest[5] @ rest[4], abs=1e-5)
    with pytest.raises(UsageError, match="not encoded"):
        similarities(Dataset.from_rows([Account(id="a")]), "a")


def test_what_is_not_known_of_an_audience_has_no_likeness():
    dataset = with_audience(np.eye(4))
    known = replace(dataset.slots["audience"], ids=np.array(["shop", "i0", "i1", "other"], dtype=object))
    assert np.isnan(similarities(dataset.with_slots({"audience": known}), "shop")).tolist() == [
        False,
        False,
        True,
    ]
    assert np.isnan(similarities(dataset.with_slots({"audience": known}), "i2")).all()


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=20))
@settings(max_examples=100, deadline=None)
def test_ahead_is_counted_by_a_loop(values):
    found = share_below(np.array([np.nan if v is None else v for v in values], float))
    for n, value in enumerate(values):
        others = [v for m, v in enumerate(values) if m != n and v is not None]
        if value is None or not others:
            assert np.isnan(found[n])
        else:
            assert found[n] == pytest.approx(oracle.ahead(value, others))


@given(st.lists(st.sets(st.integers(0, 6)), min_size=2, max_size=6))
@settings(max_examples=100, deadline=None)
def test_overlap_is_that_of_sets(audiences):
    ids = ["shop", *(f"i{n}" for n in range(len(audiences) - 1))]
    links = [
        Link(id=f"{id}{m}", kind="follows", source=f"p{m}", target=id)
        for id, a in zip(ids, audiences, strict=True)
        for m in a
    ]
    dataset = Dataset.from_rows(
        [Account(id="shop", role="brand"), *(Account(id=id) for id in ids[1:])], links=links
    )
    found = overlaps(dataset, "shop")
    for n, mine in enumerate(audiences[1:]):
        if mine and audiences[0]:
            assert found[n] == pytest.approx(len(mine & audiences[0]) / len(mine))
        else:
            assert np.isnan(found[n])


def test_where_nobody_comments_nothing_is_liked():
    accounts, posts = [Account(id="shop", role="brand"), Account(id="peak")], [Post(id="p", account="peak")]
    concepts = Features(
        name="concept.bag",
        ids=np.array(["p"], dtype=object),
        values=np.ones((1, 1), np.float32),
        level="post",
        columns=("tea",),
        slot="concept",
    )
    view = Views(Dataset.from_rows(accounts, posts).with_slots({"concept": concepts})).view("peak", "shop")
    assert (view.people, view.likes) == (0, ())


def test_what_was_not_counted_is_not_said_to_be_nothing():
    accounts, links = [Account(id="peak"), Account(id="other")], [comment("p", "peak", "yes", "x")]
    view = Views(Dataset.from_rows(accounts, [Post(id="x", account="peak")], links=links)).view("peak")
    assert (view.people, view.elsewhere) == (1, None)
    assert not any("known elsewhere" in sentence for sentence in sentences(view))
    assert any("concepts" in note for note in view.notes)
