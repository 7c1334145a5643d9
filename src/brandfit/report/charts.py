"""Charts as inline SVG: no script, no file beside, text that can be read aloud.

Colours are attributes for the light theme, and classes that the page's style sheet turns for the dark one; a
PDF takes the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup, escape

from brandfit.explain.explanation import Radar
from brandfit.explain.text import SLOT

INK, MUTED, LINE, BRAND, INFLUENCER, FOR, AGAINST = (
    "#1f1d1a",
    "#6b665e",
    "#d8d2c7",
    "#c2571a",
    "#1f5fa8",
    "#1f7a5c",
    "#9a5a4e",
)
LABEL = 36


def parts(values: Mapping[str, float]) -> Markup:
    """A bar a part of a score, to the right for, to the left against; the numbers stand beside."""
    order = sorted(values, key=lambda name: -values[name])
    return bars(
        {SLOT.get(name, name): values[name] for name in order}, "What the score is made of", "{:+.2f}"
    )


def bars(values: Mapping[str, float], title: str, form: str = "{:.0%}") -> Markup:
    """Horizontal bars on one scale, which starts at zero."""
    names, width, left, right = list(values), 400, 216, 44
    low, high = min([0.0, *values.values()]), max([0.0, *values.values()])
    scale = (width - left - right) / max(high - low, 1e-12)
    zero = left - low * scale
    drawn = []
    for n, name in enumerate(names):
        value, y = values[name], 20 * n + 4
        x, long = (zero, value * scale) if value >= 0 else (zero + value * scale, -value * scale)
        kind, colour = ("for", FOR) if value >= 0 else ("against", AGAINST)
        drawn.append(
            f'<text class="muted" x="{left - 8}" y="{y + 11}" text-anchor="end" font-size="11" '
            f'fill="{MUTED}">'
            f"{escape(_short(name))}</text>"
            f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{max(long, 1):.1f}" height="13" rx="2" '
            f'fill="{colour}"/>'
            f'<text class="ink" x="{width - right + 6}" y="{y + 11}" font-size="11" '
            f'fill="{INK}">{form.format(value)}</text>'
        )
    height = 20 * len(names) + 4
    axis = (
        f'<line class="line" x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}" stroke="{LINE}" '
        'stroke-width="1"/>'
    )
    told = "; ".join(f"{name}: {form.format(values[name])}" for name in names)
    return _svg(width, height, told=f"{title}. {told}.", drawn=axis + "".join(drawn), name="bars")


def radar(found: Radar) -> Markup:
    """Shares of named axes, a line a side; the outermost ring is the largest share, told in the middle of the
    first axis."""
    width, height, middle, radius = 360, 230, (180, 115), 88
    top = max(float(np.max(values)) for values in found.series.values()) or 1.0
    angles = [2 * np.pi * n / len(found.axes) - np.pi / 2 for n in range(len(found.axes))]

    def at(n: int, share: float) -> tuple[float, float]:
        return middle[0] + radius * share * np.cos(angles[n]), middle[1] + radius * share * np.sin(angles[n])

    rings = [_points([at(n, ring) for n in range(len(angles))]) for ring in (0.5, 1.0)]
    drawn = [f'<polygon class="line" points="{ring}" fill="none" stroke="{LINE}"/>' for ring in rings]
    for n, name in enumerate(found.axes):
        (x, y), (a, b) = at(n, 1), at(n, 1.13)
        anchor = "middle" if abs(a - middle[0]) < 12 else "start" if a > middle[0] else "end"
        drawn.append(
            f'<line class="line" x1="{middle[0]}" y1="{middle[1]}" x2="{x:.1f}" y2="{y:.1f}" '
            f'stroke="{LINE}"/>'
            f'<text class="muted" x="{a:.1f}" y="{b + 4:.1f}" text-anchor="{anchor}" font-size="11" '
            f'fill="{MUTED}">'
            f"{escape(_short(name, 18))}</text>"
        )
    for side, values in found.series.items():
        colour = BRAND if side == "brand" else INFLUENCER
        points = _points([at(n, float(value) / top) for n, value in enumerate(values)])
        dash = ' stroke-dasharray="5 3"' if side == "brand" else ""
        drawn.append(
            f'<polygon class="{escape(side)}" points="{points}" fill="{colour}" fill-opacity="0.12" '
            f'stroke="{colour}" '
            f'stroke-width="2"{dash}/>'
        )
    told = " ".join(
        f"{side}: {', '.join(f'{name} {float(v):.0%}' for name, v in zip(found.axes, values, strict=True))}."
        for side, values in found.series.items()
    )
    return _svg(
        width,
        height,
        told=f"Shares of what each side is about, the outermost ring being {top:.0%}. {told}",
        drawn="".join(drawn),
        name="radar",
    )


def interval(chance: tuple[float, float, float], top: float = 1.0) -> Markup:
    """A chance with its range, from 0 to ``top``."""
    middle, low, high = (4 + 132 * min(value / top, 1) for value in chance)
    drawn = (
        f'<rect class="track" x="4" y="8" width="132" height="4" rx="2" fill="{LINE}"/>'
        f'<rect class="for" x="{low:.1f}" y="8" width="{max(high - low, 1):.1f}" height="4" fill="{FOR}" '
        'fill-opacity="0.45"/>'
        f'<circle class="for" cx="{middle:.1f}" cy="10" r="5" fill="{FOR}"/>'
    )
    return _svg(
        140,
        20,
        told=f"{chance[0]:.0%}, from {chance[1]:.0%} to {chance[2]:.0%}",
        drawn=drawn,
        name="interval",
    )


def reliability(bins: Sequence[Mapping[str, float]]) -> Markup:
    """Bins of pairs (told, true, pairs): what was told across, what is so upwards, on one scale; on the line
    both are the same."""
    size, left, foot = 260, 40, 30
    top = max([float(one[side]) for one in bins for side in ("told", "true")], default=0.0) or 1.0
    wide, high = size - left - 12, size - foot - 12

    def at(told: float, true: float) -> tuple[float, float]:
        return left + wide * told / top, 12 + high * (1 - true / top)

    drawn = [
        f'<polyline class="line" points="{_points([at(0, top), at(0, 0), at(top, 0)])}" fill="none" '
        f'stroke="{LINE}"/>',
        f'<polyline class="line" points="{_points([at(0, 0), at(top, top)])}" fill="none" stroke="{LINE}" '
        'stroke-dasharray="4 4"/>',
    ]
    labels = [(left, size - foot + 14, "start", "0"), (size - 12, size - foot + 14, "end", f"{top:.0%} told")]
    labels += [(left - 6, 16, "end", f"{top:.0%}"), (left - 6, 32, "end", "true")]
    drawn += [
        f'<text class="muted" x="{x}" y="{y}" text-anchor="{anchor}" font-size="11" '
        f'fill="{MUTED}">{text}</text>'
        for x, y, anchor, text in labels
    ]
    for one in bins:
        x, y = at(float(one["told"]), float(one["true"]))
        drawn.append(f'<circle class="for" cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{FOR}" fill-opacity="0.8"/>')
    told = "; ".join(
        f"told {one['told']:.1%}, true {one['true']:.1%} of {one['pairs']:,} pairs" for one in bins
    )
    return _svg(
        size,
        size,
        told=f"Reliability, in bins of as many pairs. {told}.",
        drawn="".join(drawn),
        name="reliability",
    )


def _svg(width: int, height: int, *, told: str, drawn: str, name: str) -> Markup:
    """``drawn`` is ours, and what of it is not was escaped."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = 'xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif"'
    return Markup(f'<svg class="{name}" {size} role="img" aria-label="{escape(told)}" {font}>{drawn}</svg>')


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _short(text: str, most: int = LABEL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
