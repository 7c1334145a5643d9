"""Plots of the data of a workspace: distributions of the influencers, and pictures of each category (D-15).

Source: Kim et al., WWW 2020, Fig. 3 (followers, followees, posts) and Fig. 4 (pictures of each category).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from PIL import Image

from brandfit.data.category_pictures import PictureExample
from brandfit.data.dataset import Dataset
from brandfit.errors import MissingExtra
from brandfit.report.charts import INFLUENCER, MUTED

FIELDS = ("followers", "followees", "posts")
"""Distributions of Fig. 3."""


def draw_distributions(distributions: Mapping[str, Mapping[str, Any]], file: Path) -> bool:
    """Draw the histograms of ``FIELDS`` (``data.distributions.distribution``) to a PNG file. Returns False,
    and draws nothing, if no influencer has any of these counts."""
    known = [name for name in FIELDS if distributions[name]["histogram"]["counts"]]
    if not known:
        return False
    figure = _figure(3.6 * len(known), 3.0)
    for axes, name in zip(figure.subplots(1, len(known), squeeze=False)[0], known, strict=True):
        values = distributions[name]
        edges = np.array(values["histogram"]["edges"])  # (m + 1,)
        axes.stairs(values["histogram"]["counts"], edges, fill=True, color=INFLUENCER)
        axes.set(xscale="log", xlabel=name, ylabel="influencers")
        median = values["quantiles"]["50%"]
        axes.set_title(f"median {median:,.0f} of {values['n']:,}", loc="left", fontsize=10)
    figure.savefig(file, dpi=150)
    return True


def draw_pictures(dataset: Dataset, examples: Mapping[str, list[PictureExample]], file: Path) -> bool:
    """Draw the pictures, a row a category, to a PNG file. Returns False, and draws nothing, without any."""
    rows = {category: pictures for category, pictures in examples.items() if pictures}
    if not rows:
        return False
    n_columns = max(map(len, rows.values()))
    figure = _figure(1.6 * n_columns + 0.8, 1.7 * len(rows))
    grid = figure.subplots(len(rows), n_columns, squeeze=False)
    for line, (category, pictures) in zip(grid, rows.items(), strict=True):
        for axes in line:
            axes.set(xticks=[], yticks=[], frame_on=False)
        line[0].set_ylabel(category)
        for axes, picture in zip(line, pictures, strict=False):
            with Image.open(io.BytesIO(dataset.picture(picture.hash))) as image:
                axes.imshow(np.asarray(image.convert("RGB")))
            axes.set_title(picture.account, fontsize=7)
    figure.savefig(file, dpi=150)
    return True


def histogram(values: Mapping[str, Any], title: str) -> Markup:
    """A ``distribution`` as inline SVG: a bar a bin on a logarithmic axis, with the ends and the median."""
    counts, edges = values["histogram"]["counts"], values["histogram"]["edges"]
    if not counts:
        return Markup("")
    width, height = 300, 110
    step, top = width / len(counts), max(counts)
    median = values["quantiles"]["50%"]
    ends = f"from {edges[0]:,.0f} to {edges[-1]:,.0f}"
    text = f"{title}: median {median:,.0f} of {values['n']:,} influencers, {ends}"
    drawn = []
    for n, count in enumerate(counts):
        tall = (height - 20) * count / top
        place = f'x="{n * step:.1f}" y="{height - 20 - tall:.1f}" width="{max(step - 1, 1):.1f}"'
        label = f"{edges[n]:,.0f} to {edges[n + 1]:,.0f}: {count:,}"
        drawn.append(f'<rect {place} height="{tall:.1f}" fill="{INFLUENCER}"><title>{label}</title></rect>')
    style = f'class="muted" y="{height - 5}" font-size="11" fill="{MUTED}"'
    drawn.append(f'<text {style} x="0">{edges[0]:,.0f}</text>')
    drawn.append(f'<text {style} x="{width}" text-anchor="end">{edges[-1]:,.0f}</text>')
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{escape(text)}">'
        f"{''.join(drawn)}</svg>"
    )


def _figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches. Raises MissingExtra without Matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("plots", "plots") from None
    return Figure(figsize=(width, height), layout="constrained")
