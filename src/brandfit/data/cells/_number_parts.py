"""The parts of a cell with a number: sign and digits, unit, and words around them.

Digits and words of any language are brought into the form that ``number_text`` reads; the meaning of a point
and of a comma is decided there alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from brandfit import number_text
from brandfit.data.cells.unknown import INVISIBLE, is_missing

LONGEST_CELL = 80
_THOUSAND, _MILLION, _BILLION = Decimal(10**3), Decimal(10**6), Decimal(10**9)
_WORDS_BY_SCALE = {
    _THOUSAND: "k к th thou thousand thousands tsd tausend mille mila milhares bin тыс тысяч тысячи тысяча "
    "千 천",
    _MILLION: "m м mm mn mln mio mill million millions millionen millón millon millones milhão milhao "
    "milhões milhoes mi milione milioni milyon млн миллион миллиона миллионов 百万",
    _BILLION: "b bn billion billions mrd mld md milliarde milliarden milliard milliards miliardo miliardi "
    "milyar mlr bilhão bilhões bi млрд миллиард миллиарда миллиардов",
    Decimal(10**4): "万 萬 만 w",
    Decimal(10**8): "億 亿 억",
    Decimal(10**5): "lakh lakhs lac lacs",
    Decimal(10**7): "crore crores cr",
    Decimal("0.01"): "% percent prozent pct",
}
UNITS = {word: scale for scale, words in _WORDS_BY_SCALE.items() for word in words.split()}
"""Word for a unit, in lower case and without a point at its end, to the number that it means."""
_LETTER_BY_SCALE = {_THOUSAND: "K", _MILLION: "M", _BILLION: "B"}
BIN_OR_BILLION = "b with a comma"
"""B is a billion in English and a thousand (bin) in Turkish, where decimals have a comma."""
MIL = "mil"
"""A thousand in Spanish and Portuguese, where decimals have a comma, and a million in English."""

_FILLERS_TEXT = """
    follower followers followern abonnent abonnenten abonné abonnés abonne abonnes abonnée
    abonnées fan fans seguidor seguidores seguidora seguidoras seguaci seguace takipçi
    takipçisi takipci подписчик подписчика подписчиков подписчики подписч подп subscriber
    subscribers subs フォロワー 粉丝 粉絲 关注者 팔로워 人 名 명 people accounts users like likes liked
    curtidas beğeni beğenme лайк лайка лайков いいね 赞 좋아요 comment comments kommentar
    kommentare commentaires comentarios comentários commenti yorum комментариев post posts
    beitrag beiträge publications publicaciones publicações pubblicazioni gönderi публикаций
    following gefolgt abonnements seguidos seguendo views plays de of d di от plus ig
    instagram auf on est estimated
"""
_FILLERS = frozenset(_FILLERS_TEXT.split())
"""Words of the thing that is counted, which a cell may hold before or behind its number."""
_UNSPACED = re.compile(
    "|".join(sorted([word for word in _FILLERS if word > "\u3000"], key=len, reverse=True))
)
"""Those of scripts without blanks between words: 万人 is a unit and a word."""
_ABOUT_TEXT = """
    ca circa approx approximately about around roughly etwa rund ungefähr env environ cerca aprox
    yaklaşık около примерно прибл 约 約 약 c over über mehr als more than plus de más mais di più
"""
_ABOUT = frozenset(_ABOUT_TEXT.split())
_ABOUT_SIGNS = "~≈≃∼～±>≥≳"
_DIGITS = re.compile(
    r"(?P<digits>[+-]?\s*[.,]?\d(?:[\d.,'’٬٫]|\s(?=\d)|[eE][+-]?(?=\d+(?!\w)))*)(?P<after>.*)", re.DOTALL
)
_TOKEN = re.compile(r"[^\W\d_]+(?:[.'’][^\W\d_]+)*|%|[^\w\s]|\d+")
_COMPOUND = re.compile(r"(?:[\d.,]+\s*[千천万萬만億亿억]\s*)+(?:\d{1,4})?")
_COMPOUND_STEP = re.compile(r"([\d.,]+)\s*([千천万萬만億亿억]?)")
_INDIAN = re.compile(r"[+-]?\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")


@dataclass(frozen=True)
class Parts:
    """The parts of a cell with a number.

    digits  the number without its unit, in ASCII digits with its marks
    unit    the word for the unit, in lower case, or ""
    scale   the number that the unit means
    """

    digits: str
    unit: str = ""
    scale: Decimal = Decimal(1)

    @property
    def unit_letter(self) -> str:
        """ "K", "M" or "B"; "" without a unit, and the word for all others."""
        return _LETTER_BY_SCALE.get(self.scale, self.unit)


def split(cell: Any) -> Parts | None:
    """The parts of a cell, or None if it holds no number. The cell may be typed."""
    if isinstance(cell, (int, float, Decimal)) and type(cell) is not bool:
        is_number = not is_missing(cell) and _is_finite(cell)
        # A number of a workbook may show its unit as text.
        text = repr(float(cell)) if isinstance(cell, float) else str(cell)
        return Parts(format(Decimal(text), "f")) if is_number else None
    if not isinstance(cell, str):
        return None
    # Most cells are plain digits.
    text = cell.strip()
    if text.isascii() and text.isdigit():
        return Parts(text[:LONGEST_CELL])
    try:
        return None if is_missing(cell) else parts_of(cell)
    except ValueError:
        return None


def _is_finite(cell: float | Decimal) -> bool:
    try:
        return bool(-(10**30) < cell < 10**30)
    except (OverflowError, ArithmeticError):
        return False


def ascii_digits(text: str) -> str:
    """The text with decimal digits of all scripts and full-width signs in ASCII.

    Invisible characters are left out. Superscripts, which mark footnotes, are no decimal digits and stay.
    """
    if text.isascii():
        return text
    characters = []
    for character in text:
        if character in INVISIBLE:
            continue
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            character = str(digit)
        elif "！" <= character <= "｝":  # full-width forms of ASCII
            character = chr(ord(character) - 0xFEE0)
        characters.append("-" if character in "−﹣" else character)
    return "".join(characters)


def parts_of(cell: str) -> Parts:
    """The parts of a text with one number. Raises ValueError with the reason."""
    if len(cell) > LONGEST_CELL:
        raise ValueError(f"expected a number, found a text of {len(cell):,} characters")
    text = ascii_digits(cell).strip()
    if text[:1] in ("<", "≤") or text.lower().startswith(("less than", "under ", "unter ", "weniger als")):
        raise ValueError(f"expected a number, found {text!r}, which is only an upper bound")
    # (12,345) is how accountants write a negative number.
    if text.startswith("("):
        raise ValueError(f"expected a number, found {text!r}")
    text = text.lstrip(f"{_ABOUT_SIGNS} ").rstrip("+ ")
    match = _DIGITS.search(text)
    if match is None:
        raise ValueError(f"expected a number, found {text!r}")
    before, after = text[: match.start()], match["after"]
    if _COMPOUND.match(text, match.start()):
        return _compound(text, match.start())
    _check_before(before, text)
    digits = match["digits"].rstrip(".,'’ ")
    # A point that ends the digits belongs to nothing; "1200.-" and "1200,-" are amounts without cents.
    after = after.removeprefix("-") if match["digits"] != digits else after
    unit = _unit(after, text)
    return Parts(_plain_marks(digits), unit, UNITS.get(unit, Decimal(1)))


def _tokens(text: str) -> list[str]:
    """Words and signs of a text in lower case, without words of scripts that have no blanks."""
    text = text.lower()
    return _TOKEN.findall(text if text.isascii() else _UNSPACED.sub(" ", text))


def _check_before(before: str, text: str) -> None:
    """Raises ValueError if other words than names of the thing that is counted are before the number."""
    for token in _tokens(before):
        if token not in _FILLERS and token not in _ABOUT and token not in (":", "=", "(", ".", *_ABOUT_SIGNS):
            raise ValueError(f"expected a number, found {text!r}")


def _unit(after: str, text: str) -> str:
    """The word for the unit behind a number; "" without. Raises ValueError for other words."""
    units = []
    for token in _tokens(after):
        if token in UNITS or token == MIL:
            units.append(token)
        elif token not in _FILLERS and token not in (".", "+", "(", ")", ",", "'", "’"):
            # "d'abonnés" is one token with an apostrophe inside.
            if all(part in _FILLERS for part in re.split("['’]", token)):
                continue
            if token.isdigit() or token in ("-", "–", "—", "/", "bis", "to"):
                raise ValueError(f"expected one number, found {text!r}")
            raise ValueError(f"expected a number, found {text!r}")
    if units == ["mil", "millones"] or units == ["mil", "milhões"]:
        return "mrd"
    if len(units) > 1:
        raise ValueError(f"expected a number with one unit, found {text!r}")
    if units == ["b"] and "," in text:
        return BIN_OR_BILLION
    return units[0] if units else ""


def _compound(text: str, start: int) -> Parts:
    """The number of a text such as 1万2千, whose units are factors of parts that are added."""
    match = _COMPOUND.match(text, start)
    assert match is not None
    _check_before(text[:start], text)
    if _unit(text[match.end() :], text):
        raise ValueError(f"expected a number with one unit, found {text!r}")
    steps = _COMPOUND_STEP.findall(match[0])
    if len(steps) == 1:
        # 1.2 万 keeps its digits, so that the style of the column decides its mark.
        return Parts(steps[0][0], steps[0][1], UNITS[steps[0][1]])
    total, last_scale = Decimal(0), Decimal("inf")
    for digits, unit in steps:
        scale = UNITS.get(unit, Decimal(1))
        if scale >= last_scale:
            raise ValueError(f"expected a number, found {text!r}")
        total += number_text.decimal_of(digits) * scale
        last_scale = scale
    # The unit keeps the sum from being read as a bare number of the column.
    return Parts(format(total, "f"), "万", Decimal(1))


def _plain_marks(digits: str) -> str:
    """Digits with the marks that ``number_text`` knows, whose meaning is without doubt where these say so."""
    if _INDIAN.fullmatch(digits):
        # 1,23,456 has no other reading.
        return digits.replace(",", "")
    if "٬" in digits or "٫" in digits:
        # The Arabic marks mean thousands and decimals; a further zero keeps three decimals from being
        # thousands.
        digits = digits.replace("٬", "").replace("٫", ".") + ("0" if "٫" in digits else "")
    return digits


def value_of(parts: Parts, *, ratio: bool = False, decimal: str = "") -> Decimal:
    """The number of the parts with its unit, in a column with this decimal mark. Raises Ambiguous and
    ValueError."""
    scale = parts.scale
    if parts.unit == BIN_OR_BILLION:
        # In a column whose decimals have a comma it is Turkish: nothing that is counted here has billions.
        if decimal != ",":
            shown = f"{parts.digits} B"
            raise number_text.Ambiguous(f"{shown!r} may mean thousands (bin) or billions: write K or bn")
        scale = _THOUSAND
    if parts.unit == MIL:
        if not decimal:
            shown = f"{parts.digits} mil"
            raise number_text.Ambiguous(
                f"{shown!r} may mean thousand (Spanish, Portuguese) or million (English): write K or M"
            )
        scale = _THOUSAND if decimal == "," else _MILLION
    # With a unit, a comma before three digits may be a decimal mark: 12,345k.
    suffix = parts.unit if parts.unit in number_text.SCALE else ""
    if suffix:
        return number_text.decimal_of(parts.digits + suffix, ratio=ratio, decimal=decimal)
    return number_text.decimal_of(parts.digits, ratio=ratio or bool(parts.unit), decimal=decimal) * scale
