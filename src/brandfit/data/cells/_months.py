"""Names of months, days of the week and time zones, as they occur in dates.

The names of months are those of the Unicode CLDR.
"""

# Why a table and not the library dateparser (1.5.0 was tried): it also reads "May", "10" and "2 days ago" as
# dates that depend on the day of the import, and one cell that is no date ("Total 5") takes it 1.2 s.

from __future__ import annotations

import unicodedata
from functools import cache

_MONTHS = """
    january januar jänner janvier enero janeiro gennaio ocak январь января januari styczeń stycznia
    february februar feber février febrero fevereiro febbraio şubat февраль февраля februari luty lutego
    march märz mars marzo março mart март марта maart marzec marca
    april avril abril aprile nisan апрель апреля kwiecień kwietnia
    may mai mayo maio maggio mayıs май мая mei maj maja
    june juni juin junio junho giugno haziran июнь июня czerwiec czerwca
    july juli juillet julio julho luglio temmuz июль июля lipiec lipca
    august août agosto ağustos август августа augustus augusti sierpień sierpnia
    september septembre septiembre setiembre setembro settembre eylül сентябрь сентября wrzesień września
    october oktober octobre octubre outubro ottobre ekim октябрь октября październik października
    november novembre noviembre novembro kasım ноябрь ноября listopad listopada
    december dezember décembre diciembre dezembro dicembre aralık декабрь декабря grudzień grudnia
"""
_MONTH_ALIASES = {"mrz": 3, "jly": 7, "sept": 9, "мая": 5}
_WEEKDAYS = """
    monday tuesday wednesday thursday friday saturday sunday thur
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    lundi mardi mercredi jeudi vendredi samedi dimanche
    lunes martes miércoles jueves viernes sábado domingo segunda terça quarta quinta sexta feira
    lunedì martedì mercoledì giovedì venerdì sabato domenica
    pazartesi salı çarşamba perşembe cuma cumartesi pazar
    понедельник вторник среда четверг пятница суббота воскресенье
"""
_SHORT_WEEKDAYS_TEXT = """
    mo di mi do fr sa so lu ma me je ve sa di пн вт ср чт пт сб вс
"""
_SHORT_WEEKDAYS = frozenset(_SHORT_WEEKDAYS_TEXT.split())

ZONE_HOURS = {
    "z": 0.0, "utc": 0.0, "gmt": 0.0, "wet": 0.0, "west": 1.0, "bst": 1.0, "cet": 1.0, "cest": 2.0,
    "mez": 1.0, "mesz": 2.0, "eet": 2.0, "eest": 3.0, "msk": 3.0, "trt": 3.0, "est": -5.0, "edt": -4.0,
    "cdt": -5.0, "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0, "akst": -9.0, "akdt": -8.0,
    "hst": -10.0, "brt": -3.0, "art": -3.0, "jst": 9.0, "kst": 9.0, "sgt": 8.0, "hkt": 8.0, "pht": 8.0,
    "wib": 7.0, "ict": 7.0, "awst": 8.0, "acst": 9.5, "aest": 10.0, "aedt": 11.0, "nzst": 12.0,
    "nzdt": 13.0, "sast": 2.0, "wat": 1.0, "eat": 3.0, "pkt": 5.0,
}  # fmt: skip
"""Abbreviation of a time zone to its hours from UTC."""
AMBIGUOUS_ZONES = {"cst": "-06:00 (America) or +08:00 (China)", "ist": "+05:30 (India) or +02:00 (Israel)"}


def folded(word: str) -> str:
    """A word in lower case without accents; ı is i."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("ı", "i"))
    return "".join([letter for letter in letters if not unicodedata.combining(letter)])


def month_of(word: str) -> int | None:
    """The month of a name or of its beginning of at least three letters, in any of the languages.

    >>> month_of("Okt"), month_of("févr"), month_of("jui")
    (10, 2, None)
    """
    return _months_by_prefix().get(folded(word))


def is_weekday(word: str) -> bool:
    """Whether a word is the name of a day of the week or its beginning."""
    name = folded(word)
    return name in _SHORT_WEEKDAYS or (len(name) >= 3 and any(day.startswith(name) for day in _weekdays()))


@cache
def _months_by_prefix() -> dict[str, int]:
    """Beginnings of names to the month, without those of two months (``jui`` is June and July in French)."""
    months_by_prefix: dict[str, set[int]] = {}
    for month, line in enumerate(_MONTHS.strip().splitlines(), 1):
        for name in map(folded, line.split()):
            for length in range(3, len(name) + 1):
                months_by_prefix.setdefault(name[:length], set()).add(month)
    unique = {prefix: min(months) for prefix, months in months_by_prefix.items() if len(months) == 1}
    return unique | {folded(name): month for name, month in _MONTH_ALIASES.items()}


@cache
def _weekdays() -> tuple[str, ...]:
    return tuple([folded(day) for day in _WEEKDAYS.split()])
