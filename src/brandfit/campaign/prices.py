"""What influencers ask for a post: from a list, or estimated by a rule that is written down here and may be set.

    middle = per_thousand x followers / 1,000 x (engagement rate / usual rate) ^ 0.5,   low = middle / 2,   high = 2 x middle

Ten of a currency for a thousand followers is a rule of thumb of the trade for pictures of micro-influencers; the range says that
prices asked for the same size differ by a factor of two up and down. It is a guess: real prices come from asking.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit import number_text
from brandfit.config import Config
from brandfit.errors import DataError

SPREAD = 2.0
BOUNDS = 0.5, 2.0
"""What engagement may change of a price."""


class PriceConfig(Config, frozen=True):
    per_thousand: Annotated[float, Meta(description="price of a post for a thousand followers, in your currency", gt=0)] = 10.0
    least: Annotated[float, Meta(description="lowest price of a post", ge=0)] = 25.0


class Prices(NamedTuple):
    """(n,) each; given: which are from a list."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    given: np.ndarray

    def of(self, at: np.ndarray) -> Prices:
        """Of these influencers (m,) alone."""
        return Prices(self.middle[at], self.low[at], self.high[at], self.given[at])


def read_prices(file: str | Path) -> dict[str, float]:
    """Account to price, of a CSV file (account, price). Raises DataError with file and line."""
    path, found = Path(file), {}
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "A CSV file with the columns account and price is expected.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = list(csv.reader(handle))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}).", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}.", "Save it as CSV in UTF-8.") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if header[:2] != ["account", "price"]:
        apart = " Put commas between the columns, not semicolons." if any(";" in cell for cell in header) else ""
        raise DataError(f"{path}, line 1: the columns are {', '.join(header) or 'none'}.", f"Expected: account, price.{apart}")
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        found[row[0].strip().lower().removeprefix("@")] = _price(row, f"{path}, line {line}")
    return found


def _price(row: Sequence[str], where: str) -> float:
    hint = 'A price is a number, not below 0: 1200.50 or "1,200.50".'
    try:
        price = number_text.number(row[1]) if len(row) > 1 else -1.0
    except number_text.Ambiguous as error:
        raise DataError(f"{where}: {error}.", hint) from None
    except ValueError:
        price = -1.0
    if price < 0:
        raise DataError(f"{where}: found {', '.join(row)!r}, expected an account and a price.", hint)
    return price


def prices(
    ids: np.ndarray, followers: np.ndarray, rate: np.ndarray, given: Mapping[str, float], config: PriceConfig | None = None
) -> Prices:
    """Of these influencers (n,), with followers and engagement rates (n,), NaN where not known. One without followers is priced as
    the middle one, one without engagement as usual.
    """
    config = config or PriceConfig()
    size = np.where(np.isnan(followers), np.nanmedian(followers) if not np.isnan(followers).all() else 0, followers)
    usual = np.nanmedian(rate) if not np.isnan(rate).all() else 1.0
    share = np.clip(np.sqrt(np.where(np.isnan(rate), usual, rate) / max(usual, 1e-12)), *BOUNDS)
    middle = np.maximum(config.per_thousand * size / 1000 * share, config.least)
    known = np.array([id in given for id in ids.tolist()], bool)
    asked = np.array([given.get(id, 0.0) for id in ids.tolist()])
    return Prices(
        np.where(known, asked, middle),
        np.where(known, asked, middle / SPREAD),
        np.where(known, asked, middle * SPREAD),
        known,
    )
