"""Word clouds (BAMIR case study, B-12): the words are laid out by the package wordcloud (MIT), and drawn as
PNG or as SVG without scripts.

Equal weights give an equal cloud. The size of a word follows its weight and its place in equal parts
(``relative_scaling`` .5), so that words of small weight can still be read.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape
from PIL import ImageFont

from brandfit.errors import MissingExtra
from brandfit.report.charts import BRAND, FOR, INFLUENCER, INK

WIDTH, HEIGHT = 360, 220
SMALLEST, LARGEST = 9, 56
"""Font size in pixels; words that would be smaller are left out."""
COLOURS = (INFLUENCER, BRAND, FOR, INK)
CLASS_BY_COLOUR = {INFLUENCER: "influencer", BRAND: "brand", FOR: "for", INK: "ink"}
"""Colours of the light theme, and the classes by which style sheets replace them."""
ROTATED = 2
"""``PIL.Image.Transpose.ROTATE_90``: the word is written upwards."""


def svg(weights: Mapping[str, float], title: str) -> Markup:
    """The cloud as inline SVG; the text for screen readers lists the first words. Raises MissingExtra."""
    cloud = _laid_out(weights)
    drawn = []
    for (word, _), size, (row, column), orientation, colour in cloud.layout_:
        # The layout has the upper left corner of the ink; a text of SVG starts at its base line.
        font = ImageFont.truetype(cloud.font_path, size)
        left, top, right, _ = font.getbbox(word)
        base = font.getmetrics()[0] - top
        if orientation == ROTATED:
            place = f'transform="translate({column + base},{row + right}) rotate(-90)"'
        else:
            place = f'transform="translate({column - left},{row + base})"'
        # The browser has other fonts than the layout, so that the length of the word is stated.
        drawn.append(
            f'<text class="{CLASS_BY_COLOUR[colour]}" {place} font-size="{size}" '
            f'textLength="{font.getlength(word):.0f}" lengthAdjust="spacingAndGlyphs" '
            f'fill="{colour}">{escape(word)}</text>'
        )
    words = ", ".join(list(weights)[:12])
    label = escape(f"{title}: {words}")
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = 'xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans Mono, monospace"'
    return Markup(
        f'<svg class="cloud" {frame} role="img" aria-label="{label}" {style}>{"".join(drawn)}</svg>'
    )


def png(weights: Mapping[str, float]) -> bytes:
    """The cloud as PNG, twice as large. Raises MissingExtra."""
    buffer = io.BytesIO()
    _laid_out(weights, scale=2).to_image().save(buffer, "PNG")
    return buffer.getvalue()


def needed() -> Any:
    """The class WordCloud. Raises MissingExtra."""
    try:
        from wordcloud import WordCloud
    except ImportError:
        raise MissingExtra("A word cloud", "plots") from None
    return WordCloud


def _laid_out(weights: Mapping[str, float], scale: int = 1) -> Any:
    colour_by_word = {word: COLOURS[n % len(COLOURS)] for n, word in enumerate(weights)}
    cloud = needed()(
        width=WIDTH,
        height=HEIGHT,
        scale=scale,
        background_color="white",
        max_words=len(weights),
        min_font_size=SMALLEST,
        max_font_size=LARGEST,
        relative_scaling=0.5,
        random_state=0,
        color_func=lambda word, **_: colour_by_word[word],
    )
    return cloud.generate_from_frequencies(dict(weights))
