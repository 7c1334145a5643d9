"""Drawings of explanations: radars and bars by matplotlib, heat maps over their pictures (W-16)."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image as Picture

from brandfit.data.dataset import Dataset
from brandfit.encoders.image.base import WHOLE, Area
from brandfit.errors import MissingExtra
from brandfit.explain.explanation import Attribution, Explanation, HeatMap, Radar
from brandfit.explain.heatmap import decoded

FOR, AGAINST, BRAND, INFLUENCER = "#b3261e", "#1f5fa8", "#c2571a", "#1f5fa8"
"""Colours."""
LONGEST_LABEL = 44
MOST_BARS = 12


def overlay(
    picture: np.ndarray, values: np.ndarray, *, least: float = 0.0, area: Area = WHOLE
) -> Picture.Image:
    """A picture (h, w, 3) uint8 with a map (a, b) over it, enlarged smoothly: red raises the score, blue
    lowers it, with the magnitude as saturation.

    least  lower bound of the magnitude with full colour, so that a map of small values stays pale
    area   the part of the picture that the map covers; the rest has no colour
    """
    h, w = picture.shape[:2]
    full = max(float(np.abs(values).max()), least, 1e-12)
    # Pixels of the area, and the map in its size.
    left, right = (round(share * w) for share in area[::2])
    upper, lower = (round(share * h) for share in area[1::2])
    size = max(right - left, 1), max(lower - upper, 1)
    large = Picture.fromarray((values / full).astype(np.float32), "F").resize(
        size, Picture.Resampling.BICUBIC
    )
    strength = np.zeros((h, w), np.float32)  # from -1 to 1
    strength[upper : upper + size[1], left : left + size[0]] = np.clip(np.asarray(large), -1, 1)
    colour = np.where(strength[..., None] > 0, np.array([220, 30, 20.0]), np.array([30, 90, 200.0]))
    share = 0.65 * np.abs(strength)[..., None]
    # A pale picture below, so that colours of the map stand out.
    pale = picture.mean(axis=-1, keepdims=True) * 0.5 + picture * 0.5
    return Picture.fromarray((pale * (1 - share) + colour * share).clip(0, 255).astype(np.uint8))


def radar_figure(radar: Radar) -> Any:
    """A polar figure with a line for each series."""
    figure = _figure(5.2, 4.6)
    axes = figure.add_subplot(projection="polar")
    # Axes at equal angles, starting at the right.
    angle = np.linspace(0, 2 * np.pi, len(radar.axes), endpoint=False)
    styles = {"brand": BRAND, "influencer": INFLUENCER, "for": FOR, "against": AGAINST}
    for name, values in radar.series.items():
        colour = next((c for key, c in styles.items() if name.endswith(key)), "#555555")
        style = "--" if name.startswith("marketing") else "-"
        # The first point is repeated to close the line.
        closed_values, closed_angle = np.append(values, values[0]), np.append(angle, angle[0])
        axes.plot(closed_angle, closed_values, style, color=colour, linewidth=1.6, label=name)
        axes.fill(closed_angle, closed_values, color=colour, alpha=0.08)
    axes.set_xticks(angle, radar.axes, fontsize=8, parse_math=False)
    axes.set_yticklabels([])
    axes.legend(loc="upper left", bbox_to_anchor=(-0.25, -0.06), fontsize=7, frameon=False, ncols=2)
    return figure


def bars_figure(attribution: Attribution) -> Any:
    """A bar for each thing that makes the difference between the base and the score."""
    # The bars and the base add up to the score: what does not fit is one bar.
    items = attribution.items[:MOST_BARS]
    labels = [_short(item.label or item.id) for item in items]
    values = [item.value for item in items]
    rest = attribution.rest + sum(item.value for item in attribution.items[MOST_BARS:])
    if rest:
        labels, values = [*labels, "all others"], [*values, rest]
    figure = _figure(7.2, 1.2 + 0.3 * len(values))
    axes = figure.add_subplot()
    axes.barh(range(len(values)), values, color=[FOR if v > 0 else AGAINST for v in values])
    axes.set_yticks(range(len(values)), labels, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0, color="#888888", linewidth=0.8)
    things = f"{attribution.kind} of {attribution.slot}" if attribution.slot else attribution.kind
    axes.set_title(
        f"{things}, {attribution.side}: {attribution.base:.2f} {attribution.instead}, "
        f"{attribution.total:.2f} of this pair",
        loc="left",
        fontsize=9,
        parse_math=False,
    )
    return figure


def save(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Write explanation.json, and a PNG for every radar, attribution and map. Returns the files."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(explanation.to_dict()), indent=2)
    files = [out / "explanation.json"]
    files[0].write_bytes(text + b"\n")
    for n, radar in enumerate(explanation.radars, 1):
        files.append(out / f"radar-{n}-{_name(radar.source)}.png")
        radar_figure(radar).savefig(files[-1], dpi=130, bbox_inches="tight")
    for attribution in explanation.attributions:
        if attribution.items:
            content = _name(attribution.slot or attribution.side)
            files.append(out / f"{attribution.kind}-{content}-{attribution.side}.png")
            bars_figure(attribution).savefig(files[-1], dpi=130, bbox_inches="tight")
    top = max((float(np.abs(heat.values).max()) for heat in explanation.maps), default=0.0)
    # One scale for all maps, and not below a hundredth of the score: maps of small values stay pale.
    for heat in explanation.maps:
        files.append(out / f"map-{_name(heat.post)}.png")
        files[-1].write_bytes(overlay_png(dataset, heat, max(top, abs(explanation.score) / 100)))
    return files


def overlay_png(dataset: Dataset, heat: HeatMap, least: float = 0.0) -> bytes:
    return png(overlay(decoded(dataset, heat.picture), heat.values, least=least, area=heat.area))


def png(drawing: Any) -> bytes:
    """A picture or a figure as PNG."""
    buffer = io.BytesIO()
    if isinstance(drawing, Picture.Image):
        drawing.save(buffer, "PNG")
    else:
        drawing.savefig(buffer, format="png", dpi=130, bbox_inches="tight")
    return buffer.getvalue()


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("drawing", "plots") from None
    return Figure(figsize=(width, height))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)[:60]
