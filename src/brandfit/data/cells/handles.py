"""Handles of accounts and ids of posts, as people, spreadsheets and links write them.

Instagram allows handles of 1 to 30 letters, digits, dots and underscores, without a dot at an end and
without two dots in a row; the 27,234 influencers of WWW 2020 all have this form. Letters of other scripts are
read too: lists with handles of further platforms have them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from brandfit.data.captions import handle, identifier
from brandfit.data.cells import _platforms
from brandfit.data.cells.style import UNKNOWN_STYLE, Style
from brandfit.data.cells.unknown import INVISIBLE, WORDS, is_missing
from brandfit.messages import quoted

LONGEST_HANDLE = 30
LONGEST_CELL = 2_000


class OtherPlatform(ValueError):
    """A handle or link of another platform than Instagram.

    platform  its name
    """

    def __init__(self, platform: str, value: Any) -> None:
        super().__init__(f"expected a handle of Instagram, found one of {platform}: {quoted(value)}")
        self.platform = platform


class TotalsRow(ValueError):
    """The word of a row of totals in the place of a handle."""


class RoundedId(ValueError):
    """A number that has lost digits in a spreadsheet."""


_TOTALS_TEXT = """
    total totals totales totaux totale totali toplam summe summen gesamt gesamtsumme zwischensumme somme
    subtotal sum suma soma sous-total sub-total average averages mean median mittelwert durchschnitt
    moyenne promedio итого всего сумма среднее 合计 合計 总计 總計 小计 합계 총계 grandtotal gesamtergebnis
"""
_TOTALS = frozenset(_TOTALS_TEXT.split())
_PLAIN = re.compile(r"@?([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_HANDLE = re.compile(r"(?!\.)(?!.*\.\.)[\w.]{1,30}(?<!\.)")
_PREFIX = re.compile(r"(?:ig|insta|instagram)\s*(?:[:：/|–—-]\s*@?|\s@|@)\s*", re.I)
_OTHER_PREFIX = re.compile(
    rf"({'|'.join(_platforms.PLATFORM_BY_PREFIX)})\s*(?:[:：|–—-]\s*@?|\s@|@)\s*[\w.]", re.I
)
_NAMED = re.compile(r"[^@]*[(\[|–—/:-]\s*@([\w.]+)\s*[)\]]?|@([\w.]+)\s*[(\[|–—-][^@]*")
"""``Name (@x)``, ``Name - @x`` and ``@x (Name)``."""
_FORMULA = re.compile(
    r"=\s*\w+\s*\(\s*\"(?P<link>(?:[^\"]|\"\")*)\"(?:\s*[;,]\s*\"(?P<name>[^\"]*)\")?\s*\)", re.I
)
_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w@.]))((?:[\w-]+\.)+[a-z]{2,})(?::\d+)?(?=[/?#]|$|[\s\"')\]>,;])([^\s\"'<>)\]]*)",
    re.I,
)
_WEB = re.compile(r"https?://|www\.", re.I)
_PAGES_TEXT = """
    explore accounts direct about developer legal web s share graphql api challenge press
    privacy terms invites oauth emails nametag ar lite popular topics
"""
_PAGES = frozenset(_PAGES_TEXT.split())
"""First steps of addresses of Instagram that are no account."""
_POSTS = frozenset({"p", "reel", "reels", "tv"})
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?E\+\d+|[+-]?\d+[.,]\d+E\d+", re.I)
_FLOAT = re.compile(r"\d+[.,]0+")
_UUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.I)
_ROUNDED = (
    "which a spreadsheet rounded, so that digits are lost: export the column as text from the source again"
)


def account_id(value: Any, style: Style = UNKNOWN_STYLE, *, free: bool = False) -> str:
    """A handle in lower case without @, from a handle or from the link of a profile.

    Raises ValueError with the reason: OtherPlatform, TotalsRow and RoundedId are of their own types, because
    tables with such rows are common.

    free  whether ids are of any kind: a workspace with own names of its roles ranks shops or recipes, whose
          ids are no handles

    >>> account_id("https://www.instagram.com/Some.One/?hl=en"), account_id("Mila (@mila.tastes)")
    ('some.one', 'mila.tastes')
    """
    if type(value) is str:
        # Most cells are a bare handle.
        match = _PLAIN.fullmatch(value.strip())
        if match and len(match[1]) <= LONGEST_HANDLE and _is_handle(match[1].lower()):
            return match[1].lower()
    # A float has lost digits of a long id, or is no handle at all.
    if type(value) in (float, Decimal) and not is_missing(value):
        raise RoundedId(f"expected a handle, found the number {quoted(value)}, {_ROUNDED}")
    text = _id_text(value)
    links = _profiles_of_links(text[:LONGEST_CELL]) if "instagr" in text.lower() else []
    if free:
        return links[0] if links else handle(text)
    if len(text) > LONGEST_CELL:
        raise ValueError(f"expected a handle, found a text of {len(text):,} characters")
    return _checked_handle(_clean(text), value)


_NO_HANDLES = _TOTALS | WORDS | _platforms.HOSTS | {f"www.{host}" for host in _platforms.HOSTS}
"""Words that are no handle if they are written without @."""


def _is_handle(word: str) -> bool:
    """Whether a word of the letters of a handle is one, and no word or number with another meaning."""
    if word in _NO_HANDLES:
        return False
    return not word[0].isdigit() or not (_FLOAT.fullmatch(word) or _SCIENTIFIC.fullmatch(word))


def _clean(text: str) -> str:
    """The text without invisible characters, full-width forms such as ＠ as usual letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", "".join([letter for letter in text if letter not in INVISIBLE]))
    return text.strip().strip("'\"`").strip()


def _checked_handle(text: str, cell: Any) -> str:
    _check_kind(text, cell)
    if formula := _FORMULA.fullmatch(text):
        text = formula["link"].replace('""', '"')
        if not _ADDRESS.search(text) and formula["name"]:
            text = formula["name"]
    if _ADDRESS.search(text) and (_WEB.search(text) or "/" in text or text.lower() in _NO_HANDLES):
        return _profile_of_text(text, cell)
    if match := _OTHER_PREFIX.match(text):
        raise OtherPlatform(_platforms.PLATFORM_BY_PREFIX[match[1].lower()], cell)
    text = text[match.end() :] if (match := _PREFIX.match(text)) else text
    if text.count("@") > 1:
        raise ValueError(f"expected one handle, found several in one cell: {quoted(cell)}")
    if match := _NAMED.fullmatch(text):
        text = match[1] or match[2]
    return _plain_handle(text, cell)


def _plain_handle(text: str, cell: Any) -> str:
    name = text.removeprefix("@").strip().lower()
    if _HANDLE.fullmatch(name):
        return unicodedata.normalize("NFC", name)
    if not name:
        raise ValueError(f"expected a handle, found {quoted(cell)}")
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", name):
        raise ValueError(f"expected a handle, found an e-mail address: {quoted(cell)}")
    parts = [part.strip(" @") for part in re.split(r"[,;/&|+\s]+", name) if part.strip(" @")]
    if (
        len(parts) > 1
        and (re.search(r"[,;/&|+]", name) or "@" in name)
        and all(map(_HANDLE.fullmatch, parts))
    ):
        raise ValueError(f"expected one handle, found several in one cell: {quoted(cell)}")
    if re.search(r"\s", name):
        raise ValueError(f"expected a handle, found a text with blanks: {quoted(cell)}")
    if name.startswith(".") or name.endswith(".") or ".." in name:
        raise ValueError(f"expected a handle without a dot at its ends or two in a row, found {quoted(cell)}")
    if len(name) > LONGEST_HANDLE:
        raise ValueError(f"expected a handle of at most {LONGEST_HANDLE} characters, found {quoted(cell)}")
    raise ValueError(f"expected a handle of letters, digits, dots and underscores, found {quoted(cell)}")


def _check_kind(text: str, cell: Any) -> None:
    """Raises ValueError if a text is clearly something else than a handle."""
    word = text.lower().rstrip(": ")
    if is_missing(text):
        name = f", which means unknown: write @{word} if it is a handle" if word.isalpha() else ""
        raise ValueError(
            f"expected an id, found {quoted(text)}{name}" if name else "expected an id, found none"
        )
    if word.replace(" ", "") in _TOTALS:
        raise TotalsRow(f"expected a handle, found {quoted(cell)}: a row of totals")
    if _SCIENTIFIC.fullmatch(text) or _FLOAT.fullmatch(text):
        raise RoundedId(f"expected a handle, found {quoted(cell)}, {_ROUNDED}")
    if _UUID.fullmatch(text):
        raise ValueError(f"expected a handle, found a UUID: {quoted(cell)}")


# --- links --------------------------------------------------------------------------------------------------


def _profile_of_text(text: str, cell: Any) -> str:
    """The account of the only link to a profile in a text."""
    reasons: list[ValueError] = []
    profiles: set[str] = set()
    for host, path in _links(text):
        try:
            profiles.add(_profile_of(host, path, cell))
        except ValueError as error:
            reasons.append(error)
    # A handle of Instagram next to a link of another platform is still the only one.
    if len(profiles) > 1:
        raise ValueError(f"expected one handle, found links to several accounts: {quoted(cell)}")
    if profiles:
        return profiles.pop()
    raise reasons[0] if reasons else ValueError(f"expected a handle, found {quoted(cell)}")


def _profiles_of_links(text: str) -> list[str]:
    profiles = []
    for host, path in _links(text):
        try:
            profiles.append(_profile_of(host, path, text))
        except ValueError:
            continue  # the text itself is the id
    return profiles


def _links(text: str) -> Iterator[tuple[str, str]]:
    """(host, path) of each web address in a text."""
    for match in _ADDRESS.finditer(text):
        yield match[1], match[2]


def _profile_of(host: str, path: str, cell: Any) -> str:
    """The account of a web address. Raises ValueError with the reason if it leads to something else."""
    # Other platforms first: tables of outreach mix them, and callers count them.
    if platform := _platforms.platform_of(host):
        raise OtherPlatform(platform, cell)
    if not _platforms.is_instagram(host):
        raise ValueError(f"expected the link of a profile on Instagram, found {quoted(cell)}")
    steps = [unquote(step).strip() for step in re.split(r"[?#]", path)[0].split("/") if step.strip()]
    if steps and steps[0].lower() in ("_u", "_n", "u"):
        steps = steps[1:]
    elif steps and steps[0].lower() == "stories":
        steps = [] if steps[1:2] == ["highlights"] else steps[1:]
    if not steps:
        raise ValueError(f"expected the link of a profile, found one without an account: {quoted(cell)}")
    if steps[0].lower() in _POSTS:
        raise ValueError(f"expected the link of a profile, found the link of a post: {quoted(cell)}")
    if steps[0].lower() in _PAGES:
        raise ValueError(f"expected the link of a profile, found {quoted(cell)}")
    # No handle ends with a mark: it ends the sentence.
    return _plain_handle(_clean(steps[0]).rstrip(",;."), cell)


_PERMALINK = re.compile(
    r"instagr(?:am\.com|\.am)/(?:[\w.]+/)?(?:p|reels?|tv)/([A-Za-z0-9_-]{5,64})(?=[/?#\s]|$)", re.I
)


def post_code(value: Any) -> str | None:
    """The shortcode of the link of a post; None if the cell holds no such link.

    >>> post_code("https://www.instagram.com/p/DZfAAA/")
    'DZfAAA'
    """
    match = _PERMALINK.search(value[:LONGEST_CELL]) if isinstance(value, str) else None
    return match[1] if match else None


# --- ids ----------------------------------------------------------------------------------------------------


def row_id(value: Any, style: Style = UNKNOWN_STYLE) -> str:
    """The id of a post; of a link its shortcode. Raises RoundedId for numbers that a spreadsheet rounded.

    >>> row_id("https://www.instagram.com/p/DZfAAA/"), row_id("3686231234567890123")
    ('DZfAAA', '3686231234567890123')
    """
    text = identifier(_id_text(value))
    if is_missing(text):
        raise ValueError("expected an id, found none")
    if _SCIENTIFIC.fullmatch(text) or (_FLOAT.fullmatch(text) and float(text.replace(",", ".")) > 2**53):
        raise _rounded_post(value)
    return post_code(text) or (re.split("[.,]", text)[0] if _FLOAT.fullmatch(text) else text)


def other_row_id(value: Any, style: Style = UNKNOWN_STYLE) -> str | None:
    """The id of a post that may be unknown."""
    return None if is_missing(value) else row_id(value)


def _rounded_post(value: Any) -> RoundedId:
    return RoundedId(
        f"expected an id, found {quoted(value)}, {_ROUNDED}, or give the shortcode or link of the post"
    )


def _id_text(value: Any) -> str:
    """An id as text: text itself, or a whole number of which no digit is lost."""
    if type(value) is str:
        return value
    if is_missing(value):
        raise ValueError("expected an id, found none")
    if type(value) is int and abs(value) < 2**64:
        return str(value)
    if type(value) in (float, Decimal) and value == value // 1 and abs(value) <= 2**53:
        return str(int(value))
    if type(value) in (float, Decimal):
        raise _rounded_post(value)
    raise ValueError(f"expected an id, found {quoted(value)}")
