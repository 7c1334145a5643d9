from __future__ import annotations

import doctest

import pytest

from brandfit.data import captions


def test_the_examples_in_the_docstrings_hold():
    failed, tried = doctest.testmod(captions)
    assert tried >= 4
    assert failed == 0


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("#one #Two#three", ["one", "two", "three"]),
        ("＃全角 #日本語タグ #हिन्दी #çaça", ["全角", "日本語タグ", "हिन्दी", "çaça"]),
        ("#1 #under_score! #dash-ed", ["1", "under_score", "dash"]),
        ("see example.org/#part, a &#39;quote&#39;, # and ##", []),
        ("", []),
    ],
)
def test_hashtags(caption, expected):
    assert captions.hashtags(caption) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("@One @two.three, @one", ["one", "two.three"]),
        ("mail me@example.org or see x.com/@name", []),
        ("(@in_brackets) @dots... @😀", ["in_brackets", "dots"]),
        ("@" + "a" * 40, ["a" * 30]),
        ("no at all", []),
    ],
)
def test_mentions(caption, expected):
    assert captions.mentions(caption) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("lovely #AD", True),
        ("schön #Werbung", True),
        ("A Paid Partnership with somebody", True),
        ("#adventure and #dad", False),
        ("#notsponsored", False),
        ("", False),
    ],
)
def test_disclosure_is_looked_for_in_the_words(caption, expected):
    assert captions.disclosed(caption, captions.hashtags(caption)) is expected


def test_disclosure_is_not_known_without_a_caption_but_an_official_mark_decides():
    assert captions.disclosed(None) is None
    assert captions.disclosed(None, sponsored=True) is True
    assert captions.disclosed("no words about it", sponsored=True) is True


@pytest.mark.parametrize(
    ("text", "id"), [("  @Some.One ", "some.one"), ("@ ÉLAN", "élan"), ("a" * 200, "a" * 200), ("@@x", "x")]
)
def test_handles_are_normalised(text, id):
    assert captions.handle(text) == id
    assert captions.handle(id) == id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found none"),
        (" @ ", "found none"),
        ("a" * 201, "found 201"),
        ("a\0b", "printable"),
        ("a\ud800", "printable"),
        ("a\nb", "printable"),
    ],
)
def test_what_cannot_be_a_handle_says_why(text, reason):
    with pytest.raises(ValueError, match=reason):
        captions.handle(text)


def test_what_captions_say_is_what_the_released_lists_say(shared, read):
    """The data set lists hashtags and mentions beside each caption; ours, taken from the caption, are the
    same.

    Some listed mentions are fewer than those in the caption, so ours may be more.
    """
    posts = read("instagram-jsonl", shared / "data" / "instagram").posts
    tags = sum(captions.hashtags(post.caption) != post.hashtags for post in posts)
    lost = sum(not set(post.mentions) <= set(captions.mentions(post.caption)) for post in posts)
    assert tags / len(posts) < 0.001
    assert lost / len(posts) < 0.001
