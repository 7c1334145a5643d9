"""Distributions of numbers over accounts: quantiles, a histogram with logarithmic bins, and a line of
bars."""

from __future__ import annotations

from typing import Any

import numpy as np

BINS_PER_DECADE = 4
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
BARS = "▁▂▃▄▅▆▇█"


def distribution(values: np.ndarray) -> dict[str, Any]:
    """Quantiles and a histogram over logarithmic bins, four a decade, of values from 0.

    values  (n,) NaN if unknown

    ``histogram`` holds m + 1 ``edges``, m ``counts`` of values in [edge, next edge), and ``zeros``, which
    have no logarithm.
    """
    known = values[~np.isnan(values)]
    positive = known[known > 0]
    edges, counts = np.zeros(0), np.zeros(0, np.int64)
    if len(positive):
        # Bins on a fixed grid, so that two data sets can be compared. Rounding may put the grid inside the
        # extremes, so the outer edges are moved to include them.
        steps = np.floor(np.log10([positive.min(), positive.max()]) * BINS_PER_DECADE)
        edges = 10 ** (np.arange(steps[0], steps[1] + 2) / BINS_PER_DECADE)  # (m + 1,)
        edges[0] = min(edges[0], positive.min())
        edges[-1] = np.nextafter(max(edges[-1], positive.max()), np.inf)
        counts = np.histogram(positive, edges)[0]  # (m,)
    return {
        "n": len(known),
        "missing": len(values) - len(known),
        "mean": float(known.mean()) if len(known) else None,
        "quantiles": {f"{q:.0%}": float(np.quantile(known, q)) if len(known) else None for q in QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist(), "zeros": int((known == 0).sum())},
    }


def table_row(name: str, values: dict[str, Any]) -> str:
    """A ``distribution`` as a line of a table for a terminal."""
    quantiles = [_short(values["quantiles"][key]) for key in ("5%", "50%", "95%")]
    numbers = " ".join(f"{quantile:>12}" for quantile in quantiles)
    return f"{name.replace('_', ' '):<16} {values['n']:>8,} {numbers}  {_bars(values['histogram']['counts'])}"


def table_header() -> str:
    return f"{'influencers':<16} {'known':>8} {'5%':>12} {'median':>12} {'95%':>12}  distribution (log scale)"


def _bars(counts: list[int]) -> str:
    """One character a bin. The largest bin has the full height; only an empty bin is blank."""
    top = max(counts, default=0)
    if not top:
        return ""
    # Rounded up: 0 for an empty bin, else 1 to 8.
    heights = [-(-len(BARS) * count // top) for count in counts]
    return "".join(BARS[min(len(BARS), height) - 1] if height else " " for height in heights)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
