"""The stage that the pictures of the sample are drawn on: colours and shapes."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SHARPNESS = 2
"""Drawn this many times larger, then reduced: soft edges."""
_RAMP = Image.linear_gradient("L")


def rgb(code: str) -> Colour:
    """A colour of six hexadecimal digits."""
    return (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one``, with a share of the other."""
    red, green, blue = [round(a + (b - a) * share) for a, b in zip(one, other, strict=True)]
    return (red, green, blue)


WHITE, BLACK = rgb("ffffff"), rgb("1c1a22")


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float = 0.25) -> Colour:
    return mix(colour, BLACK, share)


class Stage:
    """A picture that is being drawn, in stage units: 100 x 100 units, (0, 0) top left, in the middle of a
    picture that may be wider or taller."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = (size[0] * SHARPNESS, size[1] * SHARPNESS)
        self.unit = min(self.size) / 100
        self.left = (self.size[0] - 100 * self.unit) / 2
        self.top = (self.size[1] - 100 * self.unit) / 2
        self.image = Image.new("RGB", self.size)
        self.draw = ImageDraw.Draw(self.image)

    def pixels(self, *points: Point) -> list[Point]:
        """Points in stage units as pixels of the image."""
        return [(self.left + x * self.unit, self.top + y * self.unit) for x, y in points]

    def sky(self, top: Colour, bottom: Colour) -> None:
        """Fill the picture with a gradient, from the top colour down to the bottom colour."""
        self.image.paste(bottom, (0, 0, *self.size))
        self.image.paste(top, (0, 0), _RAMP.resize(self.size).transpose(Image.Transpose.FLIP_TOP_BOTTOM))

    def floor(self, y: float, colour: Colour) -> None:
        """Fill the picture below y."""
        self.draw.rectangle((0, self.pixels((0, y))[0][1], *self.size), colour)

    def disc(self, x: float, y: float, *, radius: float, colour: Colour, high: float | None = None) -> None:
        """A circle around (x, y), or an ellipse with the half height ``high``."""
        high = radius if high is None else high
        (left, top), (right, bottom) = self.pixels((x - radius, y - high), (x + radius, y + high))
        self.draw.ellipse([left, top, right, bottom], colour)

    def box(
        self, x: float, y: float, *, width: float, height: float, colour: Colour, round: float = 0
    ) -> None:
        """A rectangle with its upper left corner at (x, y), and corners of the radius ``round``."""
        (left, top), (right, bottom) = self.pixels((x, y), (x + width, y + height))
        self.draw.rounded_rectangle((left, top, right, bottom), round * self.unit, colour)

    def shape(self, colour: Colour, *points: Point) -> None:
        """A polygon."""
        self.draw.polygon(self.pixels(*points), colour)

    def line(self, colour: Colour, width: float, *points: Point) -> None:
        """A line with round ends."""
        self.draw.line(self.pixels(*points), colour, max(1, round(width * self.unit)), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, radius=width / 2, colour=colour)

    def arc(
        self, colour: Colour, width: float, *, x: float, y: float, radius: float, start: float, end: float
    ) -> None:
        """Part of a circle, degrees clockwise from the right."""
        (left, top), (right, bottom) = self.pixels((x - radius, y - radius), (x + radius, y + radius))
        line = max(1, round(width * self.unit))
        self.draw.arc([left, top, right, bottom], start, end, fill=colour, width=line)

    def jpeg(self) -> bytes:
        out = io.BytesIO()
        self.image.reduce(SHARPNESS).save(out, "JPEG", quality=85)
        return out.getvalue()


def turned(points: Sequence[Point], x: float, *, y: float, degrees: float) -> list[Point]:
    """Points around (0, 0), turned clockwise by degrees and moved to (x, y)."""
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in points]


CLOTHES = ("c8553d", "2f4858", "e3b5a4", "f0c808", "588157", "7d5ba6", "1d3557", "b56576", "f4f1de", "3a3a3a")
"""Colours of clothes, and of small things at home."""
