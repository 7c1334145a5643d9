"""Charts as inline SVG, without scripts or other files, with a text for screen readers.

Colours are attributes for the light theme. Classes let the style sheet of the page replace them for the dark
theme; a PDF uses the attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from brandfit.explain.explanation import Radar
from brandfit.explain.text import SLOT

INK = "#1f1d1a"
MUTED = "#6b665e"
LINE = "#d8d2c7"
BRAND = "#c2571a"
INFLUENCER = "#1f5fa8"
FOR = "#1f7a5c"
AGAINST = "#9a5a4e"
LABEL = 36
"""Characters of a label at most."""


class Point(NamedTuple):
    """In pixels, from the upper left corner."""

    x: float
    y: float


def parts(values: Mapping[str, float], in_words: Callable[[str], str] = str) -> Markup:
    """A bar for each part of a score, to the right for the pair, to the left against it.

    in_words  a label to the same in the words of the workspace
    """
    names = sorted(values, key=lambda name: -values[name])
    value_by_label = {in_words(SLOT.get(name, name)): values[name] for name in names}
    return bars(value_by_label, "What the score is made of", "{:+.2f}")


def bars(values: Mapping[str, float], title: str, form: str = "{:.0%}") -> Markup:
    """Horizontal bars on one scale that contains zero, each with its label and its number."""
    width, left, right = 400, 216, 44
    # The scale contains zero, and all values.
    low, high = min([0.0, *values.values()]), max([0.0, *values.values()])
    scale = (width - left - right) / max(high - low, 1e-12)  # pixels for each unit
    zero = left - low * scale
    drawn = []
    for n, (name, value) in enumerate(values.items()):
        y = 20 * n + 4
        # A negative bar ends at zero.
        x, length = (zero, value * scale) if value >= 0 else (zero + value * scale, -value * scale)
        kind, colour = ("for", FOR) if value >= 0 else ("against", AGAINST)
        drawn.append(
            f'<text class="muted" x="{left - 8}" y="{y + 11}" text-anchor="end" font-size="11" '
            f'fill="{MUTED}">{escape(_short(name))}</text>'
            f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{max(length, 1):.1f}" height="13" rx="2" '
            f'fill="{colour}"/>'
            f'<text class="ink" x="{width - right + 6}" y="{y + 11}" font-size="11" '
            f'fill="{INK}">{form.format(value)}</text>'
        )
    height = 20 * len(values) + 4
    axis = (
        f'<line class="line" x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}" stroke="{LINE}" '
        'stroke-width="1"/>'
    )
    numbers = "; ".join(f"{name}: {form.format(value)}" for name, value in values.items())
    return _svg(width, height, label=f"{title}. {numbers}.", drawn=axis + "".join(drawn), name="bars")


def radar(shares: Radar, in_words: Callable[[str], str] = str) -> Markup:
    """Shares on named axes, a polygon for each side. The outer ring is the largest share.

    in_words  the name of a side to the word of the workspace
    """
    width, height, centre, radius = 360, 230, Point(180, 115), 88
    largest = float(max(map(np.max, shares.series.values()))) or 1.0
    n_axes = len(shares.axes)
    # The first axis points upwards, the others follow clockwise.
    angles = [2 * np.pi * n / n_axes - np.pi / 2 for n in range(n_axes)]

    def on_axis(n: int, fraction: float) -> Point:
        """A point on an axis at this fraction of the radius."""
        return Point(
            centre.x + radius * fraction * np.cos(angles[n]), centre.y + radius * fraction * np.sin(angles[n])
        )

    drawn = []
    for fraction in (0.5, 1.0):
        ring = _points([on_axis(n, fraction) for n in range(n_axes)])
        drawn.append(f'<polygon class="line" points="{ring}" fill="none" stroke="{LINE}"/>')
    # Each axis with its label outside the outer ring.
    for n, name in enumerate(shares.axes):
        end, label = on_axis(n, 1), on_axis(n, 1.13)
        drawn.append(
            f'<line class="line" x1="{centre.x}" y1="{centre.y}" x2="{end.x:.1f}" y2="{end.y:.1f}" '
            f'stroke="{LINE}"/>'
            f'<text class="muted" x="{label.x:.1f}" y="{label.y + 4:.1f}" '
            f'text-anchor="{_anchor(label, centre)}" font-size="11" fill="{MUTED}">'
            f"{escape(_short(name, 18))}</text>"
        )
    # The brand is dashed, so that the lines differ without colour.
    for side, values in shares.series.items():
        colour = BRAND if side == "brand" else INFLUENCER
        points = _points([on_axis(n, float(value) / largest) for n, value in enumerate(values)])
        dash = ' stroke-dasharray="5 3"' if side == "brand" else ""
        drawn.append(
            f'<polygon class="{escape(side)}" points="{points}" fill="{colour}" fill-opacity="0.12" '
            f'stroke="{colour}" stroke-width="2"{dash}/>'
        )
    return _svg(
        width,
        height,
        label=f"Shares of what each side is about, the outermost ring being {largest:.0%}. "
        + " ".join(
            _side_label(in_words(side), shares.axes, values) for side, values in shares.series.items()
        ),
        drawn="".join(drawn),
        name="radar",
    )


def _anchor(label: Point, centre: Point) -> str:
    """The end of a label that touches its axis, so that it does not cover the chart."""
    if abs(label.x - centre.x) < 12:
        return "middle"
    return "start" if label.x > centre.x else "end"


def _side_label(side: str, axes: Sequence[str], values: Sequence[float] | np.ndarray) -> str:
    shares = ", ".join(f"{name} {float(value):.0%}" for name, value in zip(axes, values, strict=True))
    return f"{side}: {shares}."


def interval(chance: tuple[float, float, float], top: float = 1.0) -> Markup:
    """A probability (value, low, high) with its interval, on a scale from 0 to ``top``."""
    middle, low, high = (4 + 132 * min(value / top, 1) for value in chance)
    drawn = (
        f'<rect class="track" x="4" y="8" width="132" height="4" rx="2" fill="{LINE}"/>'
        f'<rect class="for" x="{low:.1f}" y="8" width="{max(high - low, 1):.1f}" height="4" fill="{FOR}" '
        'fill-opacity="0.45"/>'
        f'<circle class="for" cx="{middle:.1f}" cy="10" r="5" fill="{FOR}"/>'
    )
    label = f"{chance[0]:.0%}, from {chance[1]:.0%} to {chance[2]:.0%}"
    return _svg(140, 20, label=label, drawn=drawn, name="interval")


def reliability(bins: Sequence[Mapping[str, float]]) -> Markup:
    """Calibration in bins of pairs: predicted probability (``told``) to the right, observed share (``true``)
    upwards, on one scale. On the diagonal both are equal."""
    size, left, foot = 260, 40, 30
    shares = [float(one[side]) for one in bins for side in ("told", "true")]
    top = max(shares, default=0.0) or 1.0
    width, height = size - left - 12, size - foot - 12

    def point(predicted: float, observed: float) -> Point:
        return Point(left + width * predicted / top, 12 + height * (1 - observed / top))

    # The vertical and the horizontal axis, and the diagonal.
    axes = _points([point(0, top), point(0, 0), point(top, 0)])
    diagonal = _points([point(0, 0), point(top, top)])
    drawn = [
        f'<polyline class="line" points="{axes}" fill="none" stroke="{LINE}"/>',
        f'<polyline class="line" points="{diagonal}" fill="none" stroke="{LINE}" stroke-dasharray="4 4"/>',
    ]
    labels = (
        (left, size - foot + 14, "start", "0"),
        (size - 12, size - foot + 14, "end", f"{top:.0%} told"),
        (left - 6, 16, "end", f"{top:.0%}"),
        (left - 6, 32, "end", "true"),
    )
    for x, y, anchor, text in labels:
        drawn.append(
            f'<text class="muted" x="{x}" y="{y}" text-anchor="{anchor}" font-size="11" '
            f'fill="{MUTED}">{text}</text>'
        )
    for one in bins:
        mark = point(float(one["told"]), float(one["true"]))
        drawn.append(
            f'<circle class="for" cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="4" fill="{FOR}" fill-opacity="0.8"/>'
        )
    numbers = "; ".join(
        f"told {one['told']:.1%}, true {one['true']:.1%} of {one['pairs']:,} pairs" for one in bins
    )
    label = f"Reliability, in bins of as many pairs. {numbers}."
    return _svg(size, size, label=label, drawn="".join(drawn), name="reliability")


def _svg(width: int, height: int, *, label: str, drawn: str, name: str) -> Markup:
    """The chart; ``drawn`` is safe markup, in which texts of people are already escaped."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = 'xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif"'
    return Markup(f'<svg class="{name}" {size} role="img" aria-label="{escape(label)}" {font}>{drawn}</svg>')


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _short(text: str, length: int = LABEL) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
