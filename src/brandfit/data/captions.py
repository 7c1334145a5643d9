"""Hashtags, mentions and the mark of an advertisement in a caption."""

from __future__ import annotations

import re
from collections.abc import Iterable

from brandfit.account_id import account_id

_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0e3a\u0e40-\u0e4e\u200c\u200d"
)
"""Vowel signs and accents that are part of a word in many scripts although ``\\w`` does not match them."""

WORD = rf"[\w{_MARKS}]"
"""One letter, digit, ``_``, or sign of a word, as a regular expression."""
HASHTAG = re.compile(rf"(?<![/&])[#＃]([\w{_MARKS}]{{1,200}})")
"""Not in web addresses (``/#part``) and not in HTML entities (``&#39;``)."""
MENTION = re.compile(r"(?<![\w.@/])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)")
"""Handles have at most 30 letters, digits, dots and underscores; ``name@example.org`` is not one."""

_TAGS = """
    ad ads advert advertisement advertising adv sponsored sponsor sponsoredad sponsoredpost sponsoredcontent
    sponsorship sponsorad spon spons paidad paidpost paidpartnership paidpartner paidpromotion
    paidcollaboration paidsponsorship anzeige werbung bezahltewerbung bezahltepartnerschaft reklame reklam
    annons betaldannons reklamesamenwerking advertentie publi publipost publicidade publicidad publicite
    publicité pubblicita pubblicità sponsorisé sponsorise sponsorizzato sponsorizzata patrocinado patrocinada
    collaborationcommerciale partenariatremunere partenariatrémunéré parceriapaga colaboracionpagada
    colaboraciónpagada 広告 협찬 광고 реклама
"""
DISCLOSURE_TAGS = frozenset(_TAGS.split())
"""Hashtags that disclose an advertisement. Hashtags with other meanings, such as #sp, #partner and #gifted,
are left out."""
DISCLOSURE_PHRASES = ("paid partnership", "paid promotion", "sponsored post", "bezahlte partnerschaft")

DERIVED = ("hashtags", "mentions", "disclosed")
"""Fields of a post that this module computes from its caption, if the source does not state them."""

LONGEST_ID = 200


def hashtags(caption: str) -> list[str]:
    """Hashtags in order, lower case, without #.

    >>> hashtags("Sunday run #Fitness#RUN, see example.org/#top")
    ['fitness', 'run']
    """
    if "#" not in caption and "＃" not in caption:
        return []
    # Zero-width joiners are part of a word only between letters.
    return [tag.lower().rstrip("\u200c\u200d") for tag in HASHTAG.findall(caption)]


def mentions(caption: str) -> list[str]:
    """Account ids named with @, each once, in order.

    >>> mentions("with @Some.One and @other_1. Mail: me@example.org, @some.one!")
    ['some.one', 'other_1']
    """
    if "@" not in caption:
        return []
    return list(dict.fromkeys(handle.lower() for handle in MENTION.findall(caption)))


def disclosed(
    caption: str | None,
    hashtags: Iterable[str] = (),
    sponsored: bool = False,
    *,
    is_paid_partnership: bool | None = None,
) -> bool | None:
    """Whether a post is marked as an advertisement; None without caption and official mark.

    sponsored            the source states a sponsor or another official mark
    is_paid_partnership  as the platform states it: False means that there is no official mark; None that the
                         source does not state it

    >>> disclosed("So soft! #ad", ["ad"]), disclosed("My own, not an ad", [])
    (True, False)
    """
    # An official mark or a hashtag is enough; only phrases need the caption.
    if sponsored or is_paid_partnership or not DISCLOSURE_TAGS.isdisjoint(hashtags):
        return True
    if caption is None:
        return is_paid_partnership
    text = caption.lower()
    return any(phrase in text for phrase in DISCLOSURE_PHRASES)


def handle(text: str) -> str:
    """The account id of a handle as people write it: lower case, without @ and surrounding spaces.

    Raises ValueError with the reason if it is no id.

    >>> handle(" @Some.One ")
    'some.one'
    """
    # The common case first: ``identifier`` finds the reason if it is no id.
    id = account_id(text)
    return id if id.isprintable() and 0 < len(id) <= LONGEST_ID else identifier(id)


def identifier(text: str) -> str:
    """A text as an id, without surrounding spaces: 1 to 200 printable characters. Raises ValueError with the
    reason."""
    id = text.strip()
    if id.isprintable() and 0 < len(id) <= LONGEST_ID:
        return id
    if not id:
        raise ValueError("expected an id, found none")
    if len(id) > LONGEST_ID:
        raise ValueError(f"expected an id of at most {LONGEST_ID} characters, found {len(id)}")
    raise ValueError(f"expected an id of printable characters, found {ascii(id)[:60]}")
