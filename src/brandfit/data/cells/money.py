"""Amounts of money with their currency."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brandfit.data.cells import _number_parts
from brandfit.data.cells.formatted import format_unit
from brandfit.data.cells.style import UNKNOWN_STYLE, Style, number_style
from brandfit.data.cells.unknown import is_missing
from brandfit.messages import quoted

LARGEST_AMOUNT = 10**12
LONGEST_CELL = 120

_CODE_BY_SIGN = {
    "us$": "USD", "usd$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "r$": "BRL",
    "hk$": "HKD", "s$": "SGD", "nz$": "NZD", "mx$": "MXN", "$": "USD", "€": "EUR", "£": "GBP",
    "₽": "RUB", "₺": "TRY", "₹": "INR", "₩": "KRW", "₴": "UAH", "₪": "ILS", "₫": "VND", "฿": "THB",
    "₱": "PHP", "₦": "NGN", "zł": "PLN", "kč": "CZK", "¥": "¥", "￥": "¥", "円": "JPY", "元": "CNY",
    "원": "KRW", "kr": "kr", "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD",
    "pounds": "GBP", "руб": "RUB", "рублей": "RUB", "р": "RUB", "tl": "TRY", "lira": "TRY", "rs": "INR",
    "fr": "CHF", "sfr": "CHF", "reais": "BRL", "złotych": "PLN", "rmb": "CNY",
}  # fmt: skip
_CODES = """
    usd eur gbp chf jpy cny krw inr rub try brl aud cad nzd hkd sgd sek nok dkk pln czk huf ron bgn uah mxn
    ars clp cop pen zar aed sar ils thb vnd php idr myr ngn kes egp
"""
_CODE_BY_WORD = _CODE_BY_SIGN | {code: code.upper() for code in _CODES.split()}
_LONGEST_FIRST = sorted(_CODE_BY_WORD, key=len, reverse=True)
_CURRENCY = re.compile(
    rf"(?<![^\W\d_])({'|'.join(map(re.escape, _LONGEST_FIRST))})\.?(?![^\W\d_])|([€£$₽₺₹₩₴₪₫฿₱₦¥￥円元원])",
    re.I,
)
_PER = re.compile(
    r"\s*(?:/|\bper|\bpro|\bpar|\bpor|\bза)\s*(?:post|beitrag|reel|story|publication)?\s*$", re.I
)
_NEGOTIABLE = re.compile(
    r"tb[dac]|negotiable|neg\.?|vb|verhandelbar|nach (?:absprache|vereinbarung)"
    r"|(?:auf|on|upon|by) (?:anfrage|request)"
    r"|(?:à|a) (?:négocier|convenir|consultar|combinar)|sur (?:demande|devis)|su richiesta|da concordare"
    r"|bajo consulta|sob consulta|pazarlık|sor(?:unuz)?|договорная|по (?:договор[её]нности|запросу)|ask|dm"
    r"|contact(?: us| me)?|varies|depends|open|barter|gifted|trade",
    re.I,
)


@dataclass(frozen=True)
class Money:
    """An amount of money.

    currency  code of ISO 4217 ($ alone is USD); ``¥`` and ``kr`` as written, because several countries use
              them; "" if the cell does not say
    """

    amount: float
    currency: str = ""


def money(value: Any, style: Style = UNKNOWN_STYLE) -> Money | None:
    """An amount with its currency: ``€ 1.200,50``, ``1200 USD``, ``$1.2k``. Negotiable prices are unknown.

    ``1.200 €`` follows the style of the column, and is Ambiguous without one.

    >>> money("€ 1.200,50"), money("on request")
    (Money(amount=1200.5, currency='EUR'), None)
    """
    if is_missing(value):
        return None
    if type(value) is not str:
        parts, currency = _number_parts.split(value), _currency_of_format(value)
    else:
        text = value.strip().rstrip(".!")
        if len(text) <= LONGEST_CELL and _NEGOTIABLE.fullmatch(text):
            return None
        text, currency = _without_currency(_PER.sub("", value[:LONGEST_CELL]), value)
        # What is left of the cell is a number, or no amount.
        parts = _number_parts.parts_of(text)
    # A share is no price.
    if parts is None or parts.unit == "%":
        raise ValueError(f"expected an amount of money, found {quoted(value)}")
    amount = float(_number_parts.value_of(parts, decimal=style.decimal if type(value) is str else "."))
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError(f"expected an amount of money from 0, found {quoted(value)}")
    return Money(amount, currency)


def _currency_of_format(value: Any) -> str:
    """The currency that the cell of a workbook shows. Raises ValueError for a percentage."""
    unit = format_unit(value)
    if unit == "%":
        raise ValueError(f"expected an amount of money, found {quoted(str(value))}")
    return _without_currency(f" {unit} ", value)[1] if unit else ""


def money_style(cells: Iterable[Any]) -> Style:
    """The style of a column of prices: the decimal mark that its cells show."""
    numbers = []
    for cell in cells:
        try:
            numbers.append(_without_currency(cell[:LONGEST_CELL], cell)[0] if isinstance(cell, str) else cell)
        except ValueError:
            continue  # a cell with two currencies is no evidence
    return Style(decimal=number_style(numbers).decimal)


def _without_currency(text: str, cell: Any) -> tuple[str, str]:
    """The text without its currency, and the code. Raises ValueError if it has two currencies."""
    codes = {_CODE_BY_WORD[(match[1] or match[2]).lower()] for match in _CURRENCY.finditer(text)}
    if len(codes) > 1:
        raise ValueError(f"expected one currency, found {quoted(cell)}")
    return _CURRENCY.sub(" ", text).strip(), codes.pop() if codes else ""
