"""What influencers ask for a post: from a list, or estimated by a rule that is written down here and may be
set.

    middle = per_thousand x followers / 1,000 x (engagement rate / usual rate) ^ 0.5
    low = middle / 2,   high = 2 x middle

The usual rate is the median of all influencers of the workspace (``median_rate``).
Ten of a currency for a thousand followers is a rule of thumb of the trade for pictures of micro-influencers;
the range says that prices asked for the same size differ by a factor of two up and down. It is a guess: real
prices come from asking. Without followers there is nothing to estimate by, and the price is unknown. Without
an engagement rate the last factor is unknown: it is 1 in the middle, and the range is wider by all that it
may be (``BOUNDS``). The currency is a label: nothing is converted.
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
BOUNDS = 0.5, 2.0
"""What engagement may change of a price."""


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
    """(n,) each, NaN where a price is unknown; given: which are from a list; by_size: which are estimated
    from followers alone."""

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
    found: dict[str, float] = {}
    lines: dict[str, int] = {}
    currency, currency_line = "", 0
    if not path.is_file():
        raise DataError(
            f"There is no file {path}.", "A CSV file with the columns account and price is expected."
        )
    try:
        with path.open(newline="", encoding="utf-8-sig") as opened:
            rows = list(csv.reader(opened))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}).", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    repeated = [name for name in COLUMNS if header.count(name) > 1]
    if not {"account", "price"}.issubset(header) or repeated:
        apart = (
            " Put commas between the columns, not semicolons." if any(";" in cell for cell in header) else ""
        )
        raise DataError(
            f"{path}, line 1: the columns are {', '.join(header) or 'none'}.",
            f"Expected: account, price and, if you like, currency, each once.{apart}",
        )
    at = {name: header.index(name) for name in COLUMNS if name in header}
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        # More cells than columns: a price such as 1,200 without quotation marks would be read as 1.
        if any(cell.strip() for cell in row[len(header) :]):
            raise DataError(
                f"{path}, line {line}: expected {len(header)} cells as in the first row, found {len(row)}.",
                'Put quotation marks around a cell that has a comma: "1,200.50".',
            )
        cells = {name: row[n] if n < len(row) else "" for name, n in at.items()}
        price = _price(cells, row, f"{path}, line {line}")
        code = _currency(cells.get("currency", ""), f"{path}, line {line}")
        if code and currency and code != currency:
            raise DataError(
                f"{path}, lines {currency_line} and {line}: two currencies, {currency} and {code}.",
                "Give all prices in one currency; nothing is converted.",
            )
        if code and not currency:
            currency, currency_line = code, line
        try:
            account = handle(cells["account"])
        except ValueError as error:
            raise DataError(f"{path}, line {line}: {error}.", "Expected: an account and a price.") from None
        if found.get(account, price) != price:
            raise DataError(
                f"{path}, lines {lines[account]} and {line}: {account} has two prices, {found[account]:,g} "
                f"and {price:,g}.",
                "Leave one of them.",
            )
        found[account], lines[account] = price, line
    unknown = [repr(name[:60]) for name in header if name and name not in COLUMNS]
    notes = (f"columns of the price list that are not known were left out: {', '.join(unknown)}",)
    return PriceList(found, currency, str(path), notes if unknown else ())


def _currency(text: str, where: str) -> str:
    try:
        return currency_code(text)
    except UsageError as error:
        raise DataError(f"{where}: {error.message}", error.hint) from None


def _price(cells: Mapping[str, str], row: Sequence[str], where: str) -> float:
    hint = 'A price is a number, not below 0: 1200.50 or "1,200.50".'
    try:
        price = number_text.number(cells["price"])
    except number_text.Ambiguous as error:
        raise DataError(f"{where}: {error}.", hint) from None
    except ValueError:
        price = -1.0
    if price < 0:
        raise DataError(f"{where}: found {', '.join(row)!r}, expected an account and a price.", hint)
    return price


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
    rated = ~np.isnan(rate)
    usual = usual_rate
    factor = np.where(rated, np.clip(np.sqrt(np.where(rated, rate, usual) / max(usual, 1e-12)), *BOUNDS), 1.0)
    least, most = np.where(rated, factor, BOUNDS[0]), np.where(rated, factor, BOUNDS[1])
    by_followers = config.per_thousand * followers / 1000
    middle, low, high = (np.maximum(by_followers * one, config.least) for one in (factor, least, most))
    given_here = np.array([id in given for id in ids.tolist()], bool)
    asked = np.array([given.get(id, np.nan) for id in ids.tolist()], np.float64)
    return Prices(
        middle=np.where(given_here, asked, middle),
        low=np.where(given_here, asked, low / SPREAD),
        high=np.where(given_here, asked, high * SPREAD),
        is_stated=given_here,
        by_size=~given_here & ~np.isnan(followers) & ~rated,
    )
