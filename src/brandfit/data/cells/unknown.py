"""Cells that say that a value is not known: empty, error values of spreadsheets, and words in several
languages."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad"
"""Characters without a width that copying from pages and spreadsheets leaves in a cell."""

_EDGES = f" \t\r\n\u00a0\u2009\u202f{INVISIBLE}"

_LINES = """
    |-|--|---|–|—|―|−|_|.|..|...|…|/|?|??|???|*|[]|{}|()|set()
    na|n/a|n.a.|n.a|n\\a|#n/a|nan|-nan|nat|<na>|null|nil|none|undefined|unknown|missing|not available
    #div/0!|#value!|#ref!|#name?|#num!|#null!|#n/d|#nv|#wert!|#bezug!|#valeur!|#¡valor!|#error!|#getting_data
    n/d|n.d.|n.d|nd|n/b|n.b.|k.a.|k. a.|k.a|k/a|s.o.|s. o.|s/o|n.v.|s/d|s.d.|n/k|n.k.
    private|hidden|not found|notfound|not public|no data|not set|tbd|tba|tbc|empty
    (empty)|(blank)|(none)|(null)
    unbekannt|keine angabe|keine|fehlt|nicht gefunden|nicht verfügbar|privat|leer
    inconnu|inconnue|non disponible|non renseigné|non trouvé|masqué|privé|vide|aucun|aucune
    desconocido|desconocida|no disponible|sin datos|no encontrado|privado|oculto|ninguno
    desconhecido|não disponível|sem dados|não encontrado|nenhum
    sconosciuto|non disponibile|non trovato|nessuno|nascosto|privato|bilinmiyor|yok|bulunamadı|gizli
    belirtilmemiş|geen|onbekend|brak
    неизвестно|нет данных|нет|н/д|н.д.|не найдено|скрыто|не указано|不明|未知|无|無|なし|非公開|없음|비공개
"""
WORDS = frozenset([word.strip() for line in _LINES.strip("\n").split("\n") for word in line.split("|")])
"""Whole cells, in lower case, that mean "not known". Zero and "no" are values."""
LONGEST_WORD = max(map(len, WORDS)) + 8
"""A longer cell is no such word; the margin is for blanks at its ends."""


def is_missing(value: Any) -> bool:
    """Whether a value means "not known": none, not a number, no time, or one of ``WORDS``.

    >>> [is_missing(cell) for cell in (None, "", " N/D ", "#DIV/0!", float("nan"), 0, "0")]
    [True, True, True, True, True, False, False]
    """
    if type(value) is str:
        return len(value) <= LONGEST_WORD and value.strip().strip(_EDGES).lower() in WORDS
    if value is None:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, float):
        return math.isnan(value)
    # "Not a time" of pandas is a datetime that is not equal to itself.
    return isinstance(value, datetime.date) and value != value
