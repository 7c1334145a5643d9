"""No stop word of a caption's language speaks for a pair; topics and hashtags do."""

from __future__ import annotations

import re

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text import _stop_words
from brandfit.encoders.text._stop_words import without_stop_words
from brandfit.encoders.text.hashing import Hashing
from brandfit.errors import MissingExtra
from brandfit.explain.attribute import WORD, Attributor
from brandfit.rankers.simcos import SimCos

pytest.importorskip("tantivy")
CAPTIONS = {
    "en": (
        "The lemon cake that we made with our friends was the best of all",
        {"lemon", "cake", "friends", "best"},
    ),
    "de": (
        "Das ist der Kuchen, den wir mit den Zitronen aus dem Garten und nicht ohne Liebe gebacken haben",
        {"kuchen", "zitronen", "garten", "liebe", "gebacken"},
    ),
    "fr": (
        "C'est le gâteau que nous avons fait avec les citrons du jardin pour notre fête",
        {"gâteau", "citrons", "jardin", "fête"},
    ),
    "es": (
        "Esta es la tarta que hemos hecho con los limones del jardín para nuestra fiesta",
        {"tarta", "limones", "jardín", "fiesta"},
    ),
    "it": (
        "Questa è la torta che abbiamo fatto con i limoni del giardino per la nostra festa",
        {"torta", "limoni", "giardino", "festa"},
    ),
}
FUNCTION_WORDS = {
    "en": "the that we with our was of all",
    "de": "das ist der den wir mit aus dem und nicht",
    "fr": "c'est le que nous avons avec les du pour notre",
    "es": "esta es la que con los del para nuestra",
    "it": "questa è la che abbiamo con i del per nostra",
}


def words_of(text: str) -> list[str]:
    return list(dict.fromkeys(map(str.lower, WORD.findall(text))))


@pytest.mark.parametrize("language", CAPTIONS)
@pytest.mark.parametrize("is_identified", [True, False])
def test_function_words_are_left_out_and_topics_stay(monkeypatch, language, is_identified):
    if not is_identified:

        def unavailable(text):
            raise MissingExtra("language identification", "text")

        monkeypatch.setattr(_stop_words._words, "language", unavailable)
        _stop_words._language.cache_clear()
    text, topics = CAPTIONS[language]
    kept = set(without_stop_words(words_of(text), [text]))
    _stop_words._language.cache_clear()
    assert topics <= kept
    assert not set(FUNCTION_WORDS[language].split()) & kept


def test_a_topic_that_is_a_stop_word_elsewhere_stays():
    """ "die" is an article in German, "car" a conjunction in French, "sea" a verb in Spanish."""
    text = "We drove the car to the sea, a wonderful day on the beach with our children"
    assert {"car", "sea", "beach"} <= set(without_stop_words(words_of(text), [text]))
    assert without_stop_words(["sea", "car"], ["sea car"]) == ["sea", "car"]  # too short for a language


def test_hashtags_and_mentions_are_kept():
    assert without_stop_words(["#the", "@we", "the"], ["#the @we the"]) == ["#the", "@we"]


def test_words_that_speak_for_a_pair_are_no_stop_words():
    text, _ = CAPTIONS["de"]
    accounts = [Account(id="shop", role="brand"), *(Account(id=f"i{n}") for n in range(4))]
    posts = [Post(id="b", account="shop", caption=text), Post(id="p0", account="i0", caption=f"{text} #und")]
    posts += [Post(id=f"p{n}", account=f"i{n}", caption="bikes and mountains") for n in range(1, 4)]
    dataset = Dataset.from_rows(accounts, posts)
    encoder = Hashing()
    dataset = dataset.with_slots({"text": encoder.encode(dataset)})
    ranker = SimCos().fit(dataset)
    attributor = Attributor(ranker, dataset)
    found = attributor.attribution(attributor.words("shop", "i0", encoder=encoder, slot="text"))
    named = {item.id for item in found.items}
    assert {"kuchen", "zitronen", "#und"} <= named
    assert not set(re.split(r" ", FUNCTION_WORDS["de"])) & named
    # Stop words stay in the base, so the sum is the score.
    score = ranker.score(dataset, np.array(["shop"], dtype=object), np.array(["i0"], dtype=object))[0, 0]
    assert found.total == pytest.approx(score, abs=1e-5)


def test_without_the_lists_of_other_languages_a_note_says_so(monkeypatch):
    assert _stop_words.missing_lists_note() == ""

    def unavailable(language):
        raise MissingExtra("lists of stop words", "search")

    monkeypatch.setattr(_stop_words, "_filter", unavailable)
    assert "English alone" in _stop_words.missing_lists_note()
