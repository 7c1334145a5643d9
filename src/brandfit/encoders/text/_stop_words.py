"""Stop words of several languages: the lists of Snowball that come with tantivy, and the English list of the
project (``_words.stop_words``, longer than Snowball's).

A word of one language can be a topic in another: "sea" is a verb in Spanish, "war" a verb in German. So a
word counts as a stop word by the lists of the languages that its captions are written in. If their language
is not known (captions are short, or the extra [text] is not installed), the lists of all languages count,
except for words that the taxonomy of concepts knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from brandfit.encoders.concept._taxonomy import built_in, term
from brandfit.encoders.text import _words
from brandfit.errors import MissingExtra

LANGUAGES = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
}
"""ISO 639-1 to the name of the list in tantivy."""
MORE = {
    "de": "schon mal ja ganz mehr immer heute dass gibt geht beim seit seid wurde wurden",
    "es": "aquí si hoy así ser va voy tan bien",
    "fr": """
        est être plus tout tous toute toutes très aussi comme quand où si bien fait faire ça peut encore alors
        donc sous entre depuis pendant chez vers elles ni puis là trop peu
    """,
    "it": """
        molto molti quando qui già sì oggi così senza sopra fra fino essere stare va vado tanto bene cosa fare
        fatto poi sempre ancora ogni dopo prima
    """,
}
"""Frequent words without a topic that the lists of Snowball lack."""
LIKELY = ("en", "de", "fr", "es", "it")
"""Languages whose lists count for a caption of unknown language."""


def without_stop_words(words: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The words of captions that are no stop words, in their order. Hashtags and mentions are kept.

    words  in lower case, as they are in the texts
    """
    lowered = [text.lower() for text in texts]
    languages = [_language(text) for text in texts]
    kept = []
    for word in words:
        if word.startswith(("#", "@")) or not _is_in_any_list(word):
            kept.append(word)
            continue
        of_word = {own for text, own in zip(lowered, languages, strict=True) if word in text}
        if not _is_stop_word(word, of_word):
            kept.append(word)
    return kept


def missing_lists_note() -> str:
    """A note if there are lists of English alone; "" otherwise."""
    try:
        _filter("german")
    except MissingExtra as error:
        return f"stop words of English alone are left out: {error.message.rstrip('.')}"
    return ""


def _is_stop_word(word: str, languages: set[str | None]) -> bool:
    """Whether a word of captions in these languages is a stop word; None is an unknown language."""
    if word in _words.stop_words():
        return True
    known = languages & LANGUAGES.keys()
    if known:
        return any(_is_in_list(word, language) for language in known)
    is_topic = bool(built_in().concepts_by_term.get(term(word)))
    return not is_topic and any(_is_in_list(word, language) for language in LIKELY)


@cache
def _is_in_any_list(word: str) -> bool:
    return word in _words.stop_words() or any(_is_in_list(word, language) for language in LANGUAGES)


@cache
def _is_in_list(word: str, language: str) -> bool:
    """Whether all parts of a word are stop words: "c'est" has two. An elided article is one letter."""
    parts = list(filter(None, word.replace("’", "'").split("'")))
    is_elided = len(parts) > 1
    return bool(parts) and all((is_elided and len(part) == 1) or _is_listed(part, language) for part in parts)


def _is_listed(word: str, language: str) -> bool:
    if word in _more(language):
        return True
    try:
        return not _filter(LANGUAGES[language]).analyze(word)
    except MissingExtra:
        return False


@cache
def _more(language: str) -> frozenset[str]:
    return frozenset(MORE.get(language, "").split())


@cache
def _filter(language: str):  # type: ignore[no-untyped-def]
    """An analyzer that removes the stop words of a language."""
    try:
        from tantivy import Filter, TextAnalyzerBuilder, Tokenizer
    except ImportError:
        raise MissingExtra("lists of stop words", "search") from None
    builder = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.lowercase())
    return builder.filter(Filter.stopword(language)).build()


@cache
def _language(text: str) -> str | None:
    """The language of a caption; None if it is short, or if no identification is installed."""
    try:
        return _words.language(text)
    except MissingExtra:
        return None
