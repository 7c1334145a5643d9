"""Handles go out of texts as whole words, and nothing else does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data.redaction import MARK, TOKEN, Redactor, plain
from brandfit.data.schema import Account, Image, Link, Post


def redactor(*handles: str) -> Redactor:
    return Redactor({plain(h) for h in handles}.__contains__, handles)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann", "…"),
        ("Thanks @Ann!", "Thanks @…!"),
        ("ANN's, (ann) #ann ann.", "…'s, (…) #… …."),
        ("wow...ann", "wow...…"),
        ("instagram.com/ann/", "instagram.com/…/"),
        ("ann-made, hand-ann", "…-made, hand-…"),
        ("@ann\u2069 \u200fann", "@…\u2069 \u200f…"),
        ("anna joann ann_1 _ann ann2 ann.b x.ann änn annä ann\u0301", None),
        ("", None),
        (None, None),
    ],
)
def test_whole_words_only(text, expected):
    assert redactor("ann").text(text) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("handle", "text", "expected"),
    [
        (
            "mila.trails",
            "by @Mila.Trails. And mila.trails_2, mila.trails.b, mila",
            "by @…. And mila.trails_2, mila.trails.b, mila",
        ),
        ("mila-b", "@mila-b, mila, x-mila-b", "@…, mila, x-mila-b"),
        ("straße", "Die STRASSE, die Straße, die straßen", "Die STRASSE, die …, die straßen"),
        ("café", "cafe\u0301 café CAFÉ cafés", "… … … cafés"),
        ("ann", "ａｎｎ and ann", "… and …"),
        ("山の家", "山の家と 山の家 @山の家", "山の家と … @…"),
        ("two words", "by Two Words, not two wordsmiths", "by …, not two wordsmiths"),
        ("a+b", "@a+b a+bc", "@… a+bc"),
    ],
)
def test_handles_of_every_kind(handle, text, expected):
    assert redactor(handle).text(text) == expected


LETTERS = st.sampled_from(list("aAnNb1_é.-@# …\u0301'"))


@given(st.text(LETTERS, max_size=30), st.sampled_from(["ann", "an.n", "a", "é", "n_n", "an-n"]))
def test_no_whole_word_is_left_and_no_other_is_touched(text, handle):
    """Against the slow and obvious: a word is what stands between other characters."""
    done = redactor(handle).text(text)
    gone = {plain(handle)}

    def named(word: str) -> bool:
        return plain(word) in gone

    for word in TOKEN.findall(done):
        assert not named(word)
        assert not any(map(named, word.split("-")))
    untouched = [w for w in TOKEN.findall(text) if not any(map(named, [w, *w.split("-")]))]
    assert Counter(untouched) <= Counter(TOKEN.findall(done))
    assert redactor(handle).text(done) == done
    if len(untouched) == len(TOKEN.findall(text)):
        assert done == text


@given(st.text(max_size=60))
def test_what_names_nobody_is_the_very_same(text):
    assert Redactor(lambda _handle: False).text(text) is text


def test_rows_of_theirs_go_and_rows_of_others_lose_their_name():
    hidden = redactor("ann")
    assert hidden.row(Account(id="ann")) is None
    assert hidden.row(Post(id="p1", account="Ann")) is None
    assert hidden.row(Image(post="p1")) is None
    assert hidden.row(Link(id="l1", kind="comments", source="bob", target="x", post="p1")) is None
    assert hidden.row(Link(id="l2", kind="follows", source="ann", target="x")) is None
    assert hidden.row(Link(id="l3", kind="follows", source="x", target="ann")) is None
    post = Post(
        id="p2",
        account="bob",
        caption="Hi @ann",
        hashtags=["ann", "anna"],
        mentions=["ann", "anna"],
        tags=["ann"],
    )
    kept = hidden.row(post)
    assert (kept.caption, kept.hashtags, kept.mentions, kept.tags) == (f"Hi @{MARK}", ["anna"], ["anna"], [])
    other = Post(id="p3", account="bob", caption="Hi @anna", mentions=["anna"])
    assert hidden.row(other) is other
    assert (
        hidden.row(Image(post="p2", alt_text="Ann on a hill", source="x/ann/1.jpg")).alt_text
        == f"{MARK} on a hill"
    )
    assert hidden.row(Account(id="bob", biography="with ann")).biography == f"with {MARK}"
