"""Prices of a post: from a price list, or estimated by a rule with settings.

    middle = per_thousand x followers / 1,000 x (engagement rate / usual rate) ^ 0.5
    low = middle / 2,   high = 2 x middle

The usual rate is the median of all influencers of the workspace (``median_rate``).
Ten units of currency for a thousand followers is a rule of thumb of the trade for pictures of
micro-influencers; the range covers that prices for the same size differ by a factor of two up and down. The
estimate is rough: actual prices come from the influencers. Without followers the price is unknown. Without an
engagement rate the last factor is unknown: it is 1 in the middle, and the range is wider by all its possible
values (``BOUNDS``). The currency is a label: nothing is converted.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit import number_text
from brandfit.config import Config
from brandfit.data.captions import handle
from brandfit.errors import DataError, UsageError

SPREAD = 2.0
"""Factor from the middle of a price to the ends of its range."""
BOUNDS = 0.5, 2.0
"""Bounds of the factor of engagement."""
COLUMNS = ("account", "price", "currency")
"""Columns of a price list; the first two are needed."""
CURRENCY = re.compile("[A-Z]{3}")
"""A code of ISO 4217."""


class PriceConfig(Config, frozen=True):
    per_thousand: Annotated[
        float, Meta(description="price of a post for a thousand followers, in your currency", gt=0)
    ] = 10.0
    least: Annotated[float, Meta(description="lowest price of a post", ge=0)] = 25.0


class Prices(NamedTuple):
    """Prices of n influencers, (n,) each, NaN for an unknown price.

    low, high  range of the price
    is_stated  from a price list
    by_size    estimated from followers alone
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_stated: np.ndarray
    by_size: np.ndarray


def currency_code(text: str) -> str:
    """The code of a currency as a person types it; "" for none. Raises UsageError."""
    code = text.strip().upper()
    if code and not CURRENCY.fullmatch(code):
        raise UsageError(
            f"A currency is a code of three letters, found {text!r}.", "For example: EUR, USD, GBP."
        )
    return code


@dataclass(frozen=True)
class PriceList:
    """Prices that a list states.

    currency  code that the list states; "" if it states none
    notes     columns that were not read
    """

    by_account: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()

    def currency_with(self, currency: str) -> str:
        """The currency of the list and of a budget in ``currency`` ("" for none). Raises DataError if they
        differ."""
        if self.currency and currency and self.currency != currency:
            raise DataError(
                f"{self.name}: the prices are in {self.currency}, but prices and budget are taken to be in "
                f"{currency}. Nothing is converted.",
                f"Give the prices in {currency}, or set the currency of the workspace to {self.currency}.",
            )
        return currency or self.currency


def read_prices(file: str | Path) -> PriceList:
    """The prices of a CSV file with the columns account and price, and currency if it has one, in any order.

    Raises DataError with file and line.
    """
    path = Path(file)
    rows = _csv_rows(path)
    # Names of columns in any case and order.
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    _check_header(path, header)
    column_by_name = {name: header.index(name) for name in COLUMNS if name in header}
    price_by_account: dict[str, float] = {}
    line_by_account: dict[str, int] = {}
    currency, currency_line = "", 0
    # Lines are numbered as in an editor: the header is line 1.
    for line, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        listed = _read_row(row, header, columns=column_by_name, position=f"{path}, line {line}")
        if listed.currency and currency and listed.currency != currency:
            raise DataError(
                f"{path}, lines {currency_line} and {line}: two currencies, {currency} and "
                f"{listed.currency}.",
                "Give all prices in one currency; nothing is converted.",
            )
        if listed.currency and not currency:
            currency, currency_line = listed.currency, line
        # A repeated line is harmless; two different prices are not.
        previous = price_by_account.setdefault(listed.account, listed.price)
        if previous != listed.price:
            raise DataError(
                f"{path}, lines {line_by_account[listed.account]} and {line}: {listed.account} has two "
                f"prices, {previous:,g} and {listed.price:,g}.",
                "Leave one of them.",
            )
        line_by_account[listed.account] = line
    # Columns without a name come from trailing commas.
    unknown = [repr(name[:60]) for name in header if name and name not in COLUMNS]
    notes = (f"columns of the price list that are not known were left out: {', '.join(unknown)}",)
    return PriceList(price_by_account, currency, str(path), notes if unknown else ())


def _csv_rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise DataError(
            f"There is no file {path}.", "A CSV file with the columns account and price is expected."
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.reader(stream))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}).", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None


def _check_header(path: Path, header: Sequence[str]) -> None:
    repeated = [name for name in COLUMNS if header.count(name) > 1]
    if {"account", "price"}.issubset(header) and not repeated:
        return
    has_semicolons = any(";" in cell for cell in header)
    separators = " Put commas between the columns, not semicolons." if has_semicolons else ""
    raise DataError(
        f"{path}, line 1: the columns are {', '.join(header) or 'none'}.",
        f"Expected: account, price and, if you like, currency, each once.{separators}",
    )


class ListedPrice(NamedTuple):
    """A line of a price list; currency is "" if it states none."""

    account: str
    price: float
    currency: str


def _read_row(
    row: Sequence[str], header: Sequence[str], *, columns: Mapping[str, int], position: str
) -> ListedPrice:
    """One line.

    columns   name to index of the columns that are read
    position  file and line, for messages
    """
    # More cells than columns: a price such as 1,200 without quotation marks would be read as 1.
    if any(map(str.strip, row[len(header) :])):
        raise DataError(
            f"{position}: expected {len(header)} cells as in the first row, found {len(row)}.",
            'Put quotation marks around a cell that has a comma: "1,200.50".',
        )
    cells = {name: row[n] if n < len(row) else "" for name, n in columns.items()}
    hint = 'A price is a number, not below 0: 1200.50 or "1,200.50".'
    try:
        price = number_text.number(cells["price"])
    except number_text.Ambiguous as error:
        raise DataError(f"{position}: {error}.", hint) from None
    except ValueError:
        price = -1.0
    if price < 0:
        raise DataError(f"{position}: found {', '.join(row)!r}, expected an account and a price.", hint)
    try:
        currency = currency_code(cells.get("currency", ""))
    except UsageError as error:
        raise DataError(f"{position}: {error.message}", error.hint) from None
    try:
        account = handle(cells["account"])
    except ValueError as error:
        raise DataError(f"{position}: {error}.", "Expected: an account and a price.") from None
    return ListedPrice(account, price, currency)


def median_rate(rates: np.ndarray) -> float:
    """Median of the engagement rates (n,) that are known (not NaN); 1 if none is."""
    known = rates[~np.isnan(rates)]
    return float(np.median(known)) if len(known) else 1.0


def prices(
    ids: np.ndarray,
    followers: np.ndarray,
    *,
    rate: np.ndarray,
    given: Mapping[str, float],
    usual_rate: float,
    config: PriceConfig | None = None,
) -> Prices:
    """Prices of these influencers (n,), with followers and engagement rates (n,), NaN where not known.

    given       prices that a list states, by account
    usual_rate  ``median_rate`` of all influencers of the workspace, not of these: the price of an influencer
                must not depend on the others of a set
    """
    config = config or PriceConfig()
    has_rate = ~np.isnan(rate)
    # (n,) engagement rate relative to the usual one
    relative = np.where(has_rate, rate, usual_rate) / max(usual_rate, 1e-12)
    # (n,) factor of engagement; without a rate it is 1, and anything within the bounds is possible
    factor = np.where(has_rate, np.clip(np.sqrt(relative), *BOUNDS), 1.0)
    least_factor = np.where(has_rate, factor, BOUNDS[0])
    most_factor = np.where(has_rate, factor, BOUNDS[1])
    by_followers = config.per_thousand * followers / 1000
    middle = np.maximum(by_followers * factor, config.least)
    low = np.maximum(by_followers * least_factor, config.least)
    high = np.maximum(by_followers * most_factor, config.least)
    stated = np.array([given.get(id, np.nan) for id in ids.tolist()], np.float64)
    is_stated = ~np.isnan(stated)
    return Prices(
        middle=np.where(is_stated, stated, middle),
        low=np.where(is_stated, stated, low / SPREAD),
        high=np.where(is_stated, stated, high * SPREAD),
        is_stated=is_stated,
        by_size=~is_stated & ~np.isnan(followers) & ~has_rate,
    )
