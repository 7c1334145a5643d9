"""The encoding of text: byte order mark, UTF-8, UTF-16 without a mark, or the code page whose letters make
the most plausible words.

Detectors of the web expect pages of text; lists have ten names with an accent. Each candidate decodes the
text, and each of its letters beyond ASCII counts for or against it: letters that languages of the code page
often use, letters within words of the same script, capital letters within words.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from brandfit.data.sheets import lines

SAMPLE = 1 << 16
"""Bytes that decide the encoding at most."""
DEFAULT = "utf-8"

_WESTERN = "äöüßéèêëàâçîïôùûñáíóúãõåæøœ"
_TURKISH = "çğıöşüİâî"
_CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžäöüôľőűăâîșşțţđ"
_TYPICAL = {
    # In the order in which equal candidates are preferred.
    "cp1252": _WESTERN + _WESTERN.upper() + "¡¿",
    "cp1250": _CENTRAL + _CENTRAL.upper(),
    "cp1254": _TURKISH + _TURKISH.upper().replace("I", ""),
    "cp1255": "",
    "cp1251": "",
    "cp1253": "",
    "cp1256": "",
    "cp874": "",
    "gb18030": "的一是不了人在有我他这个们中来上大为和国地到以说时要就出会可也你对"
    "生能而子那得于着下自之年过发后作里"
    "美食旅行健身生活时尚北京海杭州深圳穿搭护肤妆探店好物分享达粉丝数王李张刘陈杨黄吴小老师女男妈宝家爱",
    "cp932": "",
    "cp949": "이가는은을를의에다하고지기도로한사나자인시리어대해일여행맛집서울부산김박최정뷰티운동패션카페",
    "big5": "的一是不了人在有我他這個們中來上大為和國地到以說時要就出會可也你對"
    "生能而子那得於著下自之年過發後作裡"
    "美食旅行健身生活時尚台北高雄穿搭保養妝探店好物分享達粉絲數王李張劉陳楊黃吳小老師女男媽寶家愛",
    "koi8-r": "",
    "mac-roman": _WESTERN + _WESTERN.upper(),
    "cp850": _WESTERN + _WESTERN.upper(),
    "cp866": "",
}
_WEIGHT = {"mac-roman": 0.7, "cp850": 0.7, "cp866": 0.9}
"""Code pages of old systems are rare."""
_SCRIPTS = {
    "cp1251": "CYRILLIC",
    "koi8-r": "CYRILLIC",
    "cp866": "CYRILLIC",
    "cp1253": "GREEK",
    "cp1255": "HEBREW",
    "cp1256": "ARABIC",
    "cp874": "THAI",
}
_COMMON_FIRST_BYTE = {
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "cp932": (0x88, 0x97),
    "cp949": (0xB0, 0xC8),
}
"""First bytes of the two-byte characters that are in daily use."""
_PUNCTUATION = frozenset("–—„“”‚‘’…•€£«»·°´®™©¡¿§½№、。，！？：；（）「」・～　")
_ICELANDIC = frozenset("ðþýÐÞÝ")
"""Typical in cp1252 next to other letters of Icelandic; alone they are Turkish letters of cp1254."""
_RARE = frozenset("ªº¹²³¼¾¤¦¨¬¯¶¸×÷±µþðýÿÞÐÝƒˆ˜ÌÒÃÕ")
"""Characters of cp1252 that names and captions rarely have, and that letters of other code pages become."""
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Encoding:
    """The encoding of a text.

    is_guess  whether only the plausibility of its words decided
    example   a decoded word, for a note
    """

    name: str
    is_guess: bool = False
    example: str = ""

    def note(self, file: str) -> str:
        """A sentence for people; "" if nothing had to be decided."""
        if not self.is_guess:
            return ""
        example = f", for example {self.example!r}" if self.example else ""
        return (
            f"{file}: the text is not UTF-8; it was read as {self.name}{example}. "
            "If this word is wrong, save the file as UTF-8."
        )


def encoding_of(sample: bytes) -> Encoding | None:
    """The encoding of a sample from the beginning of a text; None if the sample is ASCII."""
    if sample.startswith(lines.UTF32):
        return Encoding("utf-32")
    if sample.startswith(lines.UTF16):
        return Encoding("utf-16")
    if sample.startswith(lines.UTF8):
        return Encoding("utf-8-sig")
    if wide := _utf16_without_mark(sample):
        return wide
    if sample.isascii():
        return None
    # A sample ends at a line end, so that no character is cut.
    cut = sample[: sample.rfind(b"\n") + 1] if b"\n" in sample else sample
    return _encoding_beyond_ascii(cut if not cut.isascii() else sample)


def _utf16_without_mark(sample: bytes) -> Encoding | None:
    """UTF-16 of which every second byte is 0 where the text is ASCII."""
    pairs = sample[: len(sample) // 2 * 2]
    n_low, n_high = pairs[1::2].count(0), pairs[::2].count(0)
    if max(n_low, n_high) < max(2, len(pairs) // 50) or min(n_low, n_high) * 10 > max(n_low, n_high):
        return None
    name = "utf-16-le" if n_low > n_high else "utf-16-be"
    try:
        text = pairs.decode(name)
    except UnicodeDecodeError as error:
        if error.end < len(pairs):  # only the last character may be cut
            return None
        text = pairs[: error.start].decode(name)
    return Encoding(name, is_guess=True, example=_example(text))


def _encoding_beyond_ascii(sample: bytes) -> Encoding:
    """UTF-8, also with damage, or the most plausible code page."""
    text = sample.decode("utf-8", "surrogateescape")
    n_wrong = sum(map("\udc80".__le__, filter("\udcff".__ge__, filter("\ud7ff".__lt__, text))))
    n_right = len(text) - n_wrong - sum(map(str.isascii, text))
    # A cut character at the end has at most three bytes.
    if n_wrong <= 3 and n_right and "\udc80" <= text[-1] <= "\udcff":
        n_wrong = 0
    if n_right > n_wrong or not n_wrong:
        return Encoding(DEFAULT)
    best, best_score, best_text = "", 0.0, ""
    for name in _TYPICAL:
        try:
            decoded = sample.decode(name)
        except UnicodeDecodeError:
            continue
        score = _plausibility(decoded, name) * _WEIGHT.get(name, 1.0)
        if score > best_score + 1e-9:
            best, best_score, best_text = name, score, decoded
    # Single damaged bytes make no word in any code page: the reader of the cell names them.
    return Encoding(best, is_guess=True, example=_example(best_text)) if best else Encoding(DEFAULT)


def _plausibility(text: str, name: str) -> float:
    """The sum over the characters beyond ASCII, each counted for or against the code page."""
    score = 0.0
    beyond = 0
    if name == "cp1252" and _ICELANDIC.intersection(text) and set("áíóúæ").intersection(text):
        score += 2.0 * sum(map(text.count, _ICELANDIC))
    for match in _WORD.finditer(text):
        word = match[0]
        if not word.isascii():
            # One letter is no word: a symbol of one code page is a letter of others.
            score += _word_score(word, name) * (1.0 if len(word) > 1 else 0.4)
            beyond += sum(character > "\x7f" for character in word)
            if beyond > 5000:
                return score
    for character in set(text):
        if character > "\x7f" and not character.isalpha():
            score += text.count(character) * _mark_score(character)
    return score


def _mark_score(character: str) -> float:
    """Of a character that is no letter."""
    if character in _PUNCTUATION:
        return 0.6
    category = unicodedata.category(character)
    if category in ("Cc", "Cn", "Co"):
        return -4.0
    # Marks of Thai, Arabic and Hebrew belong to letters.
    return 0.5 if category == "Mn" else -1.0 if character != "\xa0" else 0.0


def _word_score(word: str, name: str) -> float:
    """Of the letters beyond ASCII of a word."""
    score = 0.0
    for before, character, after in zip(" " + word[:-1], word, word[1:] + " ", strict=True):
        if character <= "\x7f":
            continue
        score += _letter_score(character, name)
        is_latin = unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH"))
        if not is_latin and any(n.isascii() and n.isalpha() for n in (before, after)):
            score -= 2.5  # two scripts in one word
        if before.islower() and character.isupper():
            score -= 1.5
        if is_latin and character.islower() and before.isupper() and len(word) > 3 and word[-1].isupper():
            score -= 0.5
    # Words of other alphabets become words that have nothing but letters with accents.
    for run in re.findall(r"[\u00aa-\u024f]{3,}", word):
        score -= 0.9 * len(run)
    if name == "cp1255":
        # Hebrew has these forms at the end of a word only; Russian letters become them anywhere.
        score -= 2.0 * sum(map(word[:-1].count, "ךםןףץ"))
    elif name == "cp1250":
        # Inside a word and in Ş they are more often the Turkish letters of cp1254.
        score -= 0.2 * (word[:-1].count("ý") + word.count("Ţ") + word.count("ţ"))
    elif name == "cp1254" and word.endswith("ı"):
        score -= 0.1
    return score


def _letter_score(character: str, name: str) -> float:
    if name in _COMMON_FIRST_BYTE:
        return _wide_letter_score(character, name)
    if script := _SCRIPTS.get(name):
        is_of_script = unicodedata.name(character, "").startswith(script)
        # Letters of other languages in the same script are rarer.
        return 1.0 if is_of_script else -1.5
    if character in _TYPICAL[name]:
        # The Hungarian letter of cp1250 is this one in cp1252.
        return 0.7 if character in "õÕ" else 1.0
    return -1.0 if character in _RARE else -0.3


def _wide_letter_score(character: str, name: str) -> float:
    """Of a letter that takes two bytes."""
    if character in _TYPICAL[name]:
        return 3.0
    if "\u3041" <= character <= "\u30ff":  # kana
        return 2.5 if name == "cp932" else -0.5
    if "\uff61" <= character <= "\uff9f":  # half-width kana, of one byte
        return -0.8
    first, last = _COMMON_FIRST_BYTE[name]
    encoded = character.encode(name, "replace")
    return 1.5 if len(encoded) == 2 and first <= encoded[0] <= last else -1.5


def _example(text: str) -> str:
    """The first word with a letter beyond ASCII."""
    for match in _WORD.finditer(text):
        if not match[0].isascii():
            return match[0][:40]
    return ""


def decoded_blocks(stream: Iterator[bytes], *, file: str, notes: list[str]) -> Iterator[bytes]:
    """The blocks as UTF-8, without a mark. The first block beyond ASCII decides the encoding, and ``notes``
    receives a sentence if it is a guess. Bytes that are not of UTF-8 stay, so that the reader of a cell can
    name it."""
    is_first = True
    for block in stream:
        encoding = encoding_of(block[:SAMPLE]) if is_first else None
        if encoding is None and not block.isascii():
            encoding = _late_encoding(block)
        is_first = False
        if encoding is None:
            yield block
            continue
        if note := encoding.note(file):
            notes.append(note)
        if encoding.name == DEFAULT:
            yield block
            yield from stream
            return
        if encoding.name == "utf-8-sig":
            yield block.removeprefix(lines.UTF8)
            yield from stream
            return
        yield from lines.recoded(itertools.chain([block], stream), encoding.name)
        return


def _late_encoding(block: bytes) -> Encoding:
    """The encoding of a block whose beginning is ASCII: the part from the line of the first byte beyond."""
    at = next(re.finditer(rb"[\x80-\xff]", block)).start()
    begin = block.rfind(b"\n", 0, at) + 1
    part = block[begin : begin + SAMPLE]
    # A character may be cut at either end of the sample.
    end = part.rfind(b"\n") + 1
    is_whole = end and not part[:end].isascii()
    return _encoding_beyond_ascii(part[:end] if is_whole else part)


def repaired(text: str) -> str:
    """Text of which each byte of its UTF-8 became a character of its own, repaired; other text as it is."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
