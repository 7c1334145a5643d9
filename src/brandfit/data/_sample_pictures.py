"""The pictures of the planted sample: small drawings, by interest, each a little different.

A scene draws on a stage of 100 x 100 units, (0, 0) top left, that stands in the middle of a picture that may
be wider or taller, and says in words what it shows.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from random import Random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SIZES = ((128, 128), (128, 128), (112, 140), (144, 108))
SHARPNESS = 2
"""Drawn this many times larger, then reduced: soft edges."""
_RAMP = Image.linear_gradient("L")


def rgb(code: str) -> Colour:
    return (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one``, with a share of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


WHITE, BLACK = rgb("ffffff"), rgb("1c1a22")


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float = 0.25) -> Colour:
    return mix(colour, BLACK, share)


class Stage:
    """A picture being drawn, in stage units."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = (size[0] * SHARPNESS, size[1] * SHARPNESS)
        self.unit = min(self.size) / 100
        self.left, self.top = (self.size[0] - 100 * self.unit) / 2, (self.size[1] - 100 * self.unit) / 2
        self.image = Image.new("RGB", self.size)
        self.draw = ImageDraw.Draw(self.image)

    def at(self, *points: Point) -> list[Point]:
        return [(self.left + x * self.unit, self.top + y * self.unit) for x, y in points]

    def sky(self, top: Colour, bottom: Colour) -> None:
        """Fill everything, from one colour down to another."""
        self.image.paste(bottom, (0, 0, *self.size))
        self.image.paste(top, (0, 0), _RAMP.resize(self.size).transpose(Image.Transpose.FLIP_TOP_BOTTOM))

    def floor(self, y: float, colour: Colour) -> None:
        """Everything below y."""
        self.draw.rectangle((0, self.at((0, y))[0][1], *self.size), colour)

    def disc(self, x: float, y: float, *, radius: float, colour: Colour, high: float | None = None) -> None:
        """An ellipse around (x, y): ``radius`` wide, and high unless it is a circle."""
        high = radius if high is None else high
        self.draw.ellipse(
            [c for p in self.at((x - radius, y - high), (x + radius, y + high)) for c in p], colour
        )

    def box(
        self, x: float, y: float, *, width: float, height: float, colour: Colour, round: float = 0
    ) -> None:
        (left, top), (right, bottom) = self.at((x, y), (x + width, y + height))
        self.draw.rounded_rectangle((left, top, right, bottom), round * self.unit, colour)

    def shape(self, colour: Colour, *points: Point) -> None:
        self.draw.polygon(self.at(*points), colour)

    def line(self, colour: Colour, width: float, *points: Point) -> None:
        """A line with round ends."""
        self.draw.line(self.at(*points), colour, max(1, round(width * self.unit)), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, radius=width / 2, colour=colour)

    def arc(
        self, colour: Colour, width: float, *, x: float, y: float, radius: float, start: float, end: float
    ) -> None:
        """Part of a circle, degrees clockwise from the right."""
        box = [c for p in self.at((x - radius, y - radius), (x + radius, y + radius)) for c in p]
        self.draw.arc(box, start, end, colour, max(1, round(width * self.unit)))

    def jpeg(self) -> bytes:
        out = io.BytesIO()
        self.image.reduce(SHARPNESS).save(out, "JPEG", quality=85)
        return out.getvalue()


def turned(points: Sequence[Point], x: float, *, y: float, degrees: float) -> list[Point]:
    """Points around (0, 0), turned and moved to (x, y)."""
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in points]


# --- travel -------------------------------------------------------------------------------------------------

SKIES = {
    "at dawn": ("f7b78c", "fde6c8", "fff3d6", "5b6e8c"),
    "by day": ("6fb3e0", "d8eef8", "fff6cf", "4d7a78"),
    "at dusk": ("5a4b8a", "f2998a", "ffd9a0", "3d3a63"),
    "by night": ("141d3c", "3d5080", "f4f1de", "1d2a44"),
}


def mountains(stage: Stage, random: Random) -> str:
    when, codes = random.choice(list(SKIES.items()))
    top, bottom, sun, rock = map(rgb, codes)
    stage.sky(top, bottom)
    if when == "by night":
        for _ in range(24):
            stage.disc(
                random.uniform(-15, 115), random.uniform(-15, 45), radius=random.uniform(0.3, 0.7), colour=sun
            )
    stage.disc(random.uniform(15, 85), random.uniform(16, 34), radius=random.uniform(6, 10), colour=sun)
    for layer, (base, tall, share) in enumerate(((62, 34, 0.45), (76, 38, 0.15))):
        colour = mix(rock, bottom, share)
        stage.floor(base, colour)
        x = random.uniform(-25, -5)
        while x < 125:
            width, height = random.uniform(24, 40), tall * random.uniform(0.55, 1.15)
            peak = base - height
            stage.shape(colour, (x - width, base + 1), (x, peak), (x + width, base + 1))
            stage.shape(
                darker(colour, 0.18),
                (x, peak),
                (x + width, base + 1),
                (x + width * 0.2, base + 1),
                (x - 2, base - height * 0.4),
            )
            if layer == 0 or height > tall:
                cap, low = width * 0.32, peak + height * 0.32
                zigzag = (
                    (x + cap, low),
                    (x + cap * 0.4, low - 3),
                    (x, low + 2),
                    (x - cap * 0.45, low - 3),
                    (x - cap, low),
                )
                stage.shape(mix(WHITE, bottom, 0.2), (x, peak), *zigzag)
            x += width * random.uniform(0.8, 1.3)
    ground = mix(rock, rgb("2f5d3a"), 0.55) if when != "by night" else darker(rock, 0.4)
    stage.floor(84, ground)
    if random.random() < 0.45:
        water = mix(bottom, rgb("3f7fa8"), 0.5)
        stage.disc(random.uniform(35, 65), 93, radius=random.uniform(38, 55), colour=water, high=7)
        for _ in range(4):
            x, y = random.uniform(25, 65), random.uniform(89, 96)
            stage.line(lighter(water, 0.5), 0.7, (x, y), (x + 9, y))
        what = f"mountains {when} above a lake"
    elif random.random() < 0.5:
        x, cloth = random.uniform(25, 60), rgb(random.choice(("e2703a", "d94f4f", "f0b429")))
        stage.shape(cloth, (x, 94), (x + 12, 76), (x + 24, 94))
        stage.shape(darker(cloth, 0.45), (x + 9, 94), (x + 12, 80), (x + 15, 94))
        what = f"a tent below mountains {when}"
    else:
        what = f"mountains {when} with pine trees"
    for _ in range(random.randint(3, 7)):
        pine(
            stage,
            random.choice((random.uniform(-12, 22), random.uniform(78, 112))),
            y=random.uniform(84, 96),
            random=random,
            colour=darker(ground, 0.35),
        )
    return what


def pine(stage: Stage, x: float, *, y: float, random: Random, colour: Colour) -> None:
    height = random.uniform(14, 22)
    for part in range(3):
        top, wide = y - height + part * height * 0.26, 3 + part * 1.6
        stage.shape(colour, (x - wide, top + height * 0.42), (x, top), (x + wide, top + height * 0.42))


def coast(stage: Stage, random: Random) -> str:
    when, codes = random.choice(list(SKIES.items())[:3])
    top, bottom, sun, _ = map(rgb, codes)
    stage.sky(top, bottom)
    x = random.uniform(20, 80)
    stage.disc(x, 50, radius=random.uniform(9, 14), colour=sun)
    sea = mix(rgb("2b7a9b"), top, 0.25)
    stage.floor(55, sea)
    for _ in range(14):
        at, y = random.uniform(-10, 100), random.uniform(58, 80)
        stage.line(mix(sea, sun, 0.45), 0.8, (at, y), (at + random.uniform(4, 14), y))
    boat, size = random.uniform(20, 70), random.uniform(0.8, 1.3)
    stage.shape(rgb("fffaf0"), (boat, 60), (boat, 60 - 24 * size), (boat + 14 * size, 60))
    stage.shape(
        rgb(random.choice(("e2703a", "d94f4f", "f0b429"))),
        (boat - 1, 60),
        (boat - 1, 60 - 19 * size),
        (boat - 10 * size, 60),
    )
    stage.shape(
        rgb("6b3f2a"),
        (boat - 12 * size, 61.5),
        (boat + 15 * size, 61.5),
        (boat + 10 * size, 67),
        (boat - 8 * size, 67),
    )
    sand = rgb("f1d9a7")
    stage.disc(random.uniform(20, 80), 112, radius=100, colour=lighter(sand, 0.6), high=29)
    stage.disc(random.uniform(20, 80), 114, radius=100, colour=sand, high=28)
    return f"a sailing boat on the sea {when}"


# --- food ---------------------------------------------------------------------------------------------------


def plate(stage: Stage, random: Random) -> str:
    table = rgb(random.choice(("c98d5a", "e9dcc7", "8a5a3c", "dfe6e1", "f4c9a8", "b8c9c3")))
    stage.sky(lighter(table, 0.15), darker(table, 0.08))
    if random.random() < 0.5:
        for n in range(-3, 14):
            stage.line(darker(table, 0.10), 0.6, (-40, n * 11), (140, n * 11 + 2))
    else:
        cloth = rgb(random.choice(("d94f4f", "3f7fa8", "6a994e", "f0b429")))
        for n in range(-4, 15, 2):
            stage.shape(
                mix(table, cloth, 0.35), (n * 10, -40), (n * 10 + 7, -40), (n * 10 + 7, 140), (n * 10, 140)
            )
    x, y, size = 50 + random.uniform(-3, 3), 50 + random.uniform(-3, 3), random.uniform(31, 36)
    steel = rgb("d5d9dd")
    stage.line(darker(table, 0.3), 2.4, (7.5, 25), (7.5, 80))
    stage.line(steel, 2.4, (7, 24), (7, 79))
    for tine in (-2.4, 0, 2.4):
        stage.line(steel, 1.1, (7 + tine, 20), (7 + tine, 31))
    stage.line(steel, 3.6, (93, 22), (93, 50))
    stage.line(darker(steel, 0.15), 2.4, (93, 50), (93, 79))
    stage.disc(x + 1.2, y + 2, radius=size + 1, colour=darker(table, 0.35))
    rim = rgb(random.choice(("fffdf7", "f3efe6", "e4eef2", "f7e7df", "49566b")))
    stage.disc(x, y, radius=size, colour=rim)
    stage.disc(x, y, radius=size * 0.8, colour=darker(rim, 0.05))
    return random.choice(DISHES)(stage, random, x=x, y=y, size=size * 0.74)


def scattered(random: Random, x: float, *, y: float, radius: float, n: int) -> list[Point]:
    """Points over a disc, at about equal distances (a sunflower's)."""
    turn = random.uniform(0, 6)
    steps = [(radius * math.sqrt((k + 0.5) / n), turn + 2.4 * k) for k in range(n)]
    return [
        (x + r * math.cos(a) + random.uniform(-1, 1), y + r * math.sin(a) + random.uniform(-1, 1))
        for r, a in steps
    ]


def pizza(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    stage.disc(x, y, radius=size, colour=rgb("c9853f"))
    stage.disc(x, y, radius=size * 0.88, colour=rgb("c8442b"))
    stage.disc(x, y, radius=size * 0.84, colour=rgb("f4c95d"))
    top = rgb(random.choice(("b5322a", "9c4a3c", "7a4b6b")))
    for px, py in scattered(random, x, y=y, radius=size * 0.7, n=random.randint(8, 13)):
        stage.disc(px, py, radius=3, colour=top)
        stage.disc(px - 0.6, py - 0.6, radius=1.5, colour=lighter(top, 0.2))
    for px, py in scattered(random, x, y=y, radius=size * 0.7, n=random.randint(4, 8)):
        stage.disc(px, py, radius=2.6, colour=rgb("4f8a3c"), high=1.4)
    turn = random.uniform(0, 60)
    for k in range(3):
        (ax, ay), (bx, by) = turned([(-size, 0), (size, 0)], x, y=y, degrees=turn + 60 * k)
        stage.line(rgb("c9853f"), 0.6, (ax, ay), (bx, by))
    return "a pizza on a plate"


def salad(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    greens = [rgb(c) for c in ("6a994e", "86b049", "a7c957", "386641")]
    for px, py in scattered(random, x, y=y, radius=size * 0.8, n=34):
        leaf = [(-5, 0), (-2.5, -2.6), (2.5, -2.6), (5, 0), (2.5, 2.6), (-2.5, 2.6)]
        stage.shape(random.choice(greens), *turned(leaf, px, y=py, degrees=random.uniform(0, 180)))
    red = rgb(random.choice(("d94f4f", "e2703a", "c43d5d")))
    for px, py in scattered(random, x, y=y, radius=size * 0.7, n=random.randint(6, 9)):
        stage.disc(px, py, radius=3.3, colour=red)
        stage.disc(px, py, radius=1.9, colour=lighter(red, 0.35))
    for px, py in scattered(random, x, y=y, radius=size * 0.6, n=random.randint(3, 6)):
        stage.box(px - 2, py - 2, width=4, height=4, colour=rgb("fff8e7"), round=0.8)
    return "a salad with tomatoes"


def pancakes(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    for k in range(random.randint(3, 4)):
        px, py = x + random.uniform(-2, 2), y + 4 - k * 3
        stage.disc(px, py + 1.4, radius=size * 0.82, colour=rgb("b06a2c"))
        stage.disc(px, py, radius=size * 0.82, colour=rgb("e0a458"))
        stage.disc(px, py, radius=size * 0.7, colour=rgb("c98138"))
    stage.disc(px, py, radius=size * 0.55, colour=rgb("8f4a1c"))
    stage.box(px - 4, py - 4, width=8, height=8, colour=rgb("ffe9a8"), round=1)
    berry = rgb(random.choice(("3d3a78", "c4314b", "3d3a78")))
    for bx, by in scattered(random, px, y=py, radius=size * 0.75, n=random.randint(6, 10)):
        stage.disc(bx, by, radius=2.5, colour=berry)
        stage.disc(bx - 0.7, by - 0.7, radius=0.8, colour=lighter(berry, 0.5))
    return "pancakes with berries"


def toast(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    side = size * 1.25
    stage.box(x - side / 2, y - side / 2, width=side, height=side, colour=rgb("a9642c"), round=5)
    stage.box(
        x - side / 2 + 2, y - side / 2 + 2, width=side - 4, height=side - 4, colour=rgb("edbf7f"), round=4
    )
    stage.box(
        x - side / 2 + 4, y - side / 2 + 4, width=side - 8, height=side - 8, colour=rgb("9fbf5a"), round=4
    )
    for k in range(random.randint(1, 2)):
        ex, ey = x - 5 + k * 11 + random.uniform(-2, 2), y - 4 + k * 8 + random.uniform(-2, 2)
        stage.disc(ex, ey, radius=9.5, colour=rgb("fffdf5"), high=8)
        stage.disc(ex + 1, ey, radius=4, colour=rgb("f6a821"))
    for px, py in scattered(random, x, y=y, radius=size * 0.6, n=12):
        stage.disc(px, py, radius=0.7, colour=rgb("c43d2b"))
    return "avocado toast with eggs"


def noodles(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    bowl = rgb(random.choice(("2f4858", "8a3b3b", "3b3b3b")))
    stage.disc(x, y, radius=size * 1.12, colour=bowl)
    stage.disc(x, y, radius=size, colour=rgb(random.choice(("d98b3a", "b85f2b", "e3b25b"))))
    for _ in range(14):
        stage.arc(
            rgb("f9e2a7"),
            1.2,
            x=x + random.uniform(-8, 8),
            y=y + random.uniform(-8, 8),
            radius=random.uniform(6, 15),
            start=random.uniform(0, 360),
            end=640,
        )
    stage.disc(x - 9, y - 5, radius=6.4, colour=WHITE, high=5.4)
    stage.disc(x - 9, y - 5, radius=3.2, colour=rgb("f2a124"))
    for px, py in scattered(random, x + 8, y=y + 7, radius=8, n=8):
        stage.disc(px, py, radius=2.2, colour=rgb("5c9442"), high=1.2)
    stage.line(rgb("5a3825"), 1.6, (x + 8, y - size - 6), (x + size + 8, y + 4))
    stage.line(rgb("5a3825"), 1.6, (x + 13, y - size - 7), (x + size + 11, y))
    return "a bowl of noodles with egg"


DISHES = (pizza, salad, pancakes, toast, noodles)

# --- fashion ------------------------------------------------------------------------------------------------

CLOTHES = ("c8553d", "2f4858", "e3b5a4", "f0c808", "588157", "7d5ba6", "1d3557", "b56576", "f4f1de", "3a3a3a")
TEE = [
    (-14, -22), (-6, -22), (0, -18), (6, -22), (14, -22), (27, -10), (20, -2), (15, -7),
    (15, 24), (-15, 24), (-15, -7), (-20, -2), (-27, -10),
]  # fmt: skip
DRESS = [
    (-9, -30),
    (-5, -30),
    (0, -22),
    (5, -30),
    (9, -30),
    (9, -18),
    (7, -8),
    (22, 32),
    (-22, 32),
    (-7, -8),
    (-9, -18),
]
TROUSERS = [(-14, -30), (14, -30), (18, 32), (5, 32), (0, -8), (-5, 32), (-18, 32)]
COAT = [
    (-13, -28), (-4, -28), (0, -20), (4, -28), (13, -28), (26, 6), (20, 10), (15, -6),
    (17, 32), (-17, 32), (-15, -6), (-20, 10), (-26, 6),
]  # fmt: skip
CUTS = {"shirt": TEE, "dress": DRESS, "pair of trousers": TROUSERS, "coat": COAT}


def outfit(stage: Stage, random: Random) -> str:
    paper = rgb(random.choice(("f6e7e4", "e8ecf4", "f3ead7", "e4efe7", "efe3f2", "faf3ea")))
    stage.sky(lighter(paper, 0.3), darker(paper, 0.06))
    if random.random() < 0.5:
        arch = mix(paper, rgb(random.choice(CLOTHES)), 0.22)
        stage.disc(50, 42, radius=37, colour=arch)
        stage.box(13, 42, width=74, height=80, colour=arch)
    what, cut = random.choice(list(CUTS.items()))
    colour = rgb(random.choice(CLOTHES))
    x, y, tilt = 47 + random.uniform(-5, 5), 54, random.uniform(-7, 7)
    shadow = darker(paper, 0.14)
    stage.shape(shadow, *turned(cut, x + 1.6, y=y + 2, degrees=tilt))
    stage.shape(colour, *turned(cut, x, y=y, degrees=tilt))
    pattern = random.choice(("plain", "striped", "dotted", "belted"))
    accent = lighter(colour, 0.65) if sum(colour) < 420 else darker(colour, 0.5)
    inner = 6 if what == "dress" else 11
    if pattern == "striped" and what != "pair of trousers":
        for k in range(-4, 5):
            half = inner if k < 0 or what != "dress" else 7 + k * 2.4
            stage.line(accent, 1.5, *turned([(-half, k * 5), (half, k * 5)], x, y=y, degrees=tilt))
    elif pattern == "dotted":
        for k in range(22):
            a, b = -9 + (k % 4) * 6 + (k // 4 % 2) * 3, -16 + (k // 4) * 8
            if what != "pair of trousers" or abs(a) > 3:
                narrow = 0.7 if b < -6 and what == "dress" else 1
                dot_x, dot_y = turned([(a * narrow, b)], x, y=y, degrees=tilt)[0]
                stage.disc(dot_x, dot_y, radius=1.1, colour=accent)
        pattern = "dotted"
    elif pattern == "belted":
        half, low = (8, -8) if what == "dress" else (14, -27) if what == "pair of trousers" else (15, 2)
        stage.line(darker(colour, 0.5), 3, *turned([(-half, low), (half, low)], x, y=y, degrees=tilt))
        lock_x, lock_y = turned([(0, low)], x, y=y, degrees=tilt)[0]
        stage.disc(lock_x, lock_y, radius=2, colour=rgb("e8c15a"))
    if what != "pair of trousers":
        top = min(b for _, b in cut)
        hook = turned([(0, top - 8), (0, top - 4)], x, y=y, degrees=tilt)
        stage.line(rgb("8a6a4f"), 1.3, *hook)
        stage.arc(rgb("8a6a4f"), 1.3, x=hook[0][0] + 2, y=hook[0][1], radius=2.2, start=180, end=380)
        stage.line(
            rgb("8a6a4f"), 1.6, *turned([(-10, top + 1), (0, top - 4), (10, top + 1)], x, y=y, degrees=tilt)
        )
    extra = rgb(random.choice(CLOTHES))
    if random.random() < 0.5:
        stage.disc(86, 22, radius=13, colour=shadow, high=5)
        stage.disc(85, 21, radius=13, colour=extra, high=5)
        stage.disc(85, 17.5, radius=7, colour=darker(extra, 0.12), high=5)
        return f"a {pattern} {what} and a hat"
    stage.arc(darker(extra, 0.2), 1.8, x=85, y=73, radius=7, start=180, end=360)
    stage.box(75, 74, width=20, height=17, colour=shadow, round=2)
    stage.box(74.5, 73, width=20, height=17, colour=extra, round=2)
    stage.disc(84.5, 79, radius=1.4, colour=rgb("e8c15a"))
    return f"a {pattern} {what} and a bag"


# --- fitness ------------------------------------------------------------------------------------------------


def gym(stage: Stage, random: Random) -> str:
    wall, neon = (
        rgb(c)
        for c in random.choice(
            (("20232e", "d7ff3e"), ("1f2a44", "ff6b35"), ("2b2b2b", "33e0c2"), ("26213f", "ff4f79"))
        )
    )
    stage.sky(lighter(wall, 0.12), wall)
    slope = random.uniform(10, 40)
    stage.shape(
        mix(wall, neon, 0.9),
        (-40, 60 + slope * 0.3),
        (140, 20 - slope * 0.3),
        (140, 34 - slope * 0.3),
        (-40, 74 + slope * 0.3),
    )
    stage.shape(
        mix(wall, neon, 0.35),
        (-40, 80 + slope * 0.3),
        (140, 40 - slope * 0.3),
        (140, 44 - slope * 0.3),
        (-40, 84 + slope * 0.3),
    )
    stage.floor(82, darker(wall, 0.35))
    for n in range(-3, 14):
        stage.line(lighter(wall, 0.07), 0.5, (n * 12, 82), ((n * 12 - 50) * 1.8 + 50, 130))
    return random.choice((dumbbell, kettlebell, barbell, trainer))(stage, random, neon)


STEEL, IRON = rgb("c9ced6"), rgb("474d5a")


def dumbbell(stage: Stage, random: Random, neon: Colour) -> str:
    tilt, size = random.uniform(-32, 32), random.uniform(0.9, 1.15)

    def part(x: float, half: float, *, width: float, colour: Colour) -> None:
        corners = [(x, -half), (x + width, -half), (x + width, half), (x, half)]
        stage.shape(colour, *turned([(a * size, b * size) for a, b in corners], 50, y=56, degrees=tilt))

    part(-22, 3, width=44, colour=STEEL)
    for x in (-30, 22):
        part(x, 19, width=8, colour=IRON)
        part(x + (-6 if x < 0 else 8), 14, width=6, colour=lighter(IRON, 0.15))
        part(x + 1, 19, width=2, colour=neon)
    part(-40, 3, width=4, colour=STEEL)
    part(36, 3, width=4, colour=STEEL)
    return "a dumbbell"


def kettlebell(stage: Stage, random: Random, neon: Colour) -> str:
    for k in range(random.randint(1, 3)):
        x, size = 30 + k * 27 + random.uniform(-5, 5), random.uniform(0.65, 1.1)
        y = 88 - 17 * size
        body = IRON if k % 2 == 0 else mix(IRON, neon, 0.25)
        stage.disc(x, 89, radius=18 * size, colour=rgb("121319"), high=3)
        stage.arc(lighter(body, 0.15), 5 * size, x=x, y=y - 18 * size, radius=13 * size, start=150, end=390)
        stage.disc(x, y, radius=18 * size, colour=body)
        stage.disc(x, y + 1, radius=9 * size, colour=neon)
        stage.disc(x, y + 1, radius=6.5 * size, colour=body)
        stage.disc(x - 8 * size, y - 9 * size, radius=3 * size, colour=lighter(body, 0.35))
    return "kettlebells on a gym floor"


def barbell(stage: Stage, random: Random, neon: Colour) -> str:
    y = random.uniform(55, 68)
    stage.line(STEEL, 2.4, (-30, y), (130, y))
    for side in (-1, 1):
        for k in range(random.randint(2, 4)):
            x, half = 50 + side * (26 + k * 7), 24 - k * 4
            stage.box(
                x - 2.8,
                y - half,
                width=5.6,
                height=half * 2,
                colour=neon if k == 1 else lighter(IRON, 0.08 * k),
                round=2,
            )
        stage.box(50 + side * 21 - 1.5, y - 4, width=3, height=8, colour=STEEL, round=1)
    return "a barbell with plates"


def trainer(stage: Stage, random: Random, neon: Colour) -> str:
    x, y = random.uniform(8, 16), random.uniform(70, 76)
    sole, upper = rgb("f4f4f0"), mix(neon, rgb("3a7bd5"), random.choice((0.0, 0.55)))
    stage.disc(x + 36, y + 13, radius=40, colour=rgb("121319"), high=3)
    stage.shape(
        upper,
        (x, y),
        (x + 2, y - 24),
        (x + 14, y - 27),
        (x + 24, y - 20),
        (x + 44, y - 11),
        (x + 66, y - 6),
        (x + 72, y + 2),
    )
    stage.shape(darker(upper, 0.3), (x + 2, y - 24), (x + 14, y - 27), (x + 16, y - 20), (x + 4, y - 16))
    for k in range(4):
        stage.line(WHITE, 1.4, (x + 24 + k * 5.5, y - 20 + k * 2.6), (x + 20 + k * 5.5, y - 11 + k * 2.2))
    stage.shape(lighter(upper, 0.6), (x + 10, y - 2), (x + 34, y - 12), (x + 38, y - 9), (x + 18, y - 1))
    stage.box(x - 2, y - 1, width=76, height=7, colour=sole, round=3.4)
    stage.box(x - 2, y + 5, width=76, height=4, colour=darker(upper, 0.35), round=1.8)
    return "a running shoe"


# --- interior -----------------------------------------------------------------------------------------------


def room(stage: Stage, random: Random) -> str:
    wall = rgb(random.choice(("e8e0d5", "cfd8d3", "d9c5b2", "b7c4cf", "e6cfc3", "c9cba3")))
    seat = rgb(random.choice(("d4a017", "3f6f73", "a5544b", "6d7f5b", "44546a", "c98a78")))
    stage.sky(lighter(wall, 0.25), wall)
    stage.floor(76, rgb(random.choice(("b08457", "c9a27a", "8a6a4f", "d8c3a5"))))
    stage.floor(74.5, lighter(wall, 0.5))
    stage.floor(76, rgb(random.choice(("b08457", "c9a27a", "8a6a4f", "d8c3a5"))))
    stage.disc(50, 91, radius=44, colour=lighter(seat, 0.6), high=7)
    stage.disc(50, 91, radius=36, colour=lighter(seat, 0.45), high=5)
    if random.random() < 0.5:
        x = random.uniform(14, 40)
        stage.box(x - 2, 12, width=36, height=36, colour=rgb("fffaf2"))
        for k in range(4):
            stage.box(
                x + (k % 2) * 16.5,
                14 + (k // 2) * 16.5,
                width=15.5,
                height=15.5,
                colour=rgb(("a9d3ea", "c4e3f0", "9ccbb0", "b4d8bd")[k]),
            )
        what = "a window"
    else:
        for k in range(random.randint(2, 3)):
            x, y, width = 16 + k * 20 + random.uniform(-2, 2), random.uniform(14, 24), random.uniform(13, 17)
            stage.box(x, y, width=width, height=22, colour=rgb("3b3630"))
            stage.box(x + 1.3, y + 1.3, width=width - 2.6, height=19.4, colour=rgb("fffaf2"))
            stage.disc(x + width / 2, y + 11, radius=4.4, colour=rgb(random.choice(CLOTHES)))
        what = "pictures on the wall"
    x = random.uniform(8, 20)
    stage.box(x + 3, 83, width=3, height=6, colour=rgb("4a3626"))
    stage.box(x + 50, 83, width=3, height=6, colour=rgb("4a3626"))
    stage.box(x + 2, 52, width=52, height=24, colour=darker(seat, 0.08), round=5)
    stage.box(x + 4, 66, width=24, height=13, colour=lighter(seat, 0.08), round=3)
    stage.box(x + 28.5, 66, width=24, height=13, colour=lighter(seat, 0.08), round=3)
    stage.box(x, 76, width=56, height=9, colour=seat, round=3)
    stage.box(x - 4, 60, width=9, height=25, colour=darker(seat, 0.16), round=4)
    stage.box(x + 51, 60, width=9, height=25, colour=darker(seat, 0.16), round=4)
    for k in range(random.randint(1, 2)):
        cushion = [(-6, -6), (6, -6), (6, 6), (-6, 6)]
        stage.shape(
            rgb(random.choice(CLOTHES)),
            *turned(cushion, x + 13 + k * 29, y=63, degrees=random.uniform(-18, 18)),
        )
    if random.random() < 0.5:
        stage.line(rgb("3b3630"), 1.3, (90, 90), (90, 40))
        stage.disc(90, 90, radius=6, colour=rgb("3b3630"), high=1.6)
        stage.shape(rgb("fff0c4"), (84, 28), (96, 28), (101, 42), (79, 42))
        return f"a sofa, a lamp and {what}"
    for k in range(9):
        blade = [(0, 0), (3, -13), (0, -27), (-3, -13)]
        stage.shape(
            mix(rgb("3f7d4f"), rgb("7fb069"), k % 3 / 2), *turned(blade, 90, y=74, degrees=(k - 4) * 17)
        )
    stage.shape(rgb("c97b4a"), (82, 72), (98, 72), (95, 89), (85, 89))
    return f"a sofa, a plant and {what}"


# --- pet ----------------------------------------------------------------------------------------------------

FURS = ("d98e4a", "8d8d96", "3a3a40", "f1e3cb", "8a5a3c", "c9b79c")


def pet(stage: Stage, random: Random) -> str:
    back = rgb(random.choice(("bfe3d0", "ffe0b5", "cfdcf5", "f9cfd0", "e5e0b8", "d7c9ec")))
    stage.sky(lighter(back, 0.4), back)
    stage.disc(50, 56, radius=44, colour=lighter(back, 0.45))
    fur = rgb(random.choice(FURS))
    kind = random.choice((cat, dog, dog, cat, rabbit))
    return kind(stage, random, fur=fur, tilt=random.uniform(-2, 2))


def face(stage: Stage, random: Random, *, x: float, y: float, apart: float, nose: Colour) -> None:
    """Eyes, nose and mouth."""
    for side in (-1, 1):
        stage.disc(x + side * apart, y, radius=4.2, colour=BLACK, high=random.uniform(4.4, 5))
        stage.disc(x + side * apart + 1.2, y - 1.6, radius=1.4, colour=WHITE)
        stage.arc(BLACK, 1.2, x=x + side * 3.4, y=y + 13, radius=3.6, start=0, end=180)
    stage.shape(nose, (x - 3.6, y + 8), (x + 3.6, y + 8), (x, y + 12.5))


def body(stage: Stage, x: float, *, fur: Colour, collar: Colour) -> None:
    stage.disc(x, 112, radius=32, colour=darker(fur, 0.08), high=36)
    stage.disc(x, 112, radius=15, colour=lighter(fur, 0.4), high=28)
    stage.disc(x, 80, radius=19, colour=collar, high=5)


def cat(stage: Stage, random: Random, *, fur: Colour, tilt: float) -> str:
    x = 50 + tilt
    body(stage, x, fur=fur, collar=rgb(random.choice(CLOTHES)))
    for side in (-1, 1):
        stage.shape(fur, (x + side * 28, 50), (x + side * 25, 16), (x + side * 5, 34))
        stage.shape(rgb("eeb1ad"), (x + side * 24, 42), (x + side * 22.5, 23), (x + side * 11, 34))
    stage.disc(x, 54, radius=29, colour=fur, high=25)
    if random.random() < 0.6:
        for k in (-1, 0, 1):
            stage.line(darker(fur, 0.35), 2, (x + k * 6, 31), (x + k * 5, 39))
            if k:
                stage.line(darker(fur, 0.35), 1.8, (x + k * 28, 52), (x + k * 21, 54))
    stage.disc(x, 66, radius=13, colour=lighter(fur, 0.55), high=10)
    face(stage, random, x=x, y=53, apart=12, nose=rgb("e58a8a"))
    for side in (-1, 1):
        for k in range(3):
            stage.line(
                WHITE if sum(fur) < 500 else darker(fur, 0.4),
                0.7,
                (x + side * 13, 64 + k * 2),
                (x + side * 34, 60 + k * 4),
            )
    return "a cat looking up"


def dog(stage: Stage, random: Random, *, fur: Colour, tilt: float) -> str:
    x = 50 + tilt
    body(stage, x, fur=fur, collar=rgb(random.choice(CLOTHES)))
    stage.disc(x, 52, radius=26, colour=fur, high=27)
    if random.random() < 0.6:
        stage.disc(x + 11, 47, radius=10, colour=darker(fur, 0.3), high=12)
    ear = darker(fur, 0.32)
    for side in (-1, 1):
        droop = random.uniform(52, 66)
        stage.shape(
            ear,
            (x + side * 14, 29),
            (x + side * 27, 30),
            (x + side * 37, droop),
            (x + side * 29, droop + 6),
            (x + side * 23, 46),
        )
    stage.disc(x, 66, radius=15, colour=lighter(fur, 0.5), high=13)
    face(stage, random, x=x, y=50, apart=10.5, nose=BLACK)
    stage.disc(x, 60, radius=5.4, colour=BLACK, high=4)
    if random.random() < 0.6:
        stage.box(x - 3.2, 69, width=6.4, height=10, colour=rgb("ee7f86"), round=3.2)
    return "a dog with a collar"


def rabbit(stage: Stage, random: Random, *, fur: Colour, tilt: float) -> str:
    x = 50 + tilt
    body(stage, x, fur=fur, collar=rgb(random.choice(CLOTHES)))
    for side in (-1, 1):
        lean = random.uniform(2, 9)
        ear = [(0, 0), (7, -14), (4, -40), (0, -44), (-4, -40), (-7, -14)]
        stage.shape(fur, *turned(ear, x + side * 10, y=44, degrees=side * lean))
        stage.shape(
            rgb("eeb1ad"),
            *turned([(a * 0.5, b * 0.85) for a, b in ear], x + side * 10, y=42, degrees=side * lean),
        )
    stage.disc(x, 58, radius=25, colour=fur, high=23)
    stage.disc(x - 7, 69, radius=9, colour=lighter(fur, 0.5), high=7)
    stage.disc(x + 7, 69, radius=9, colour=lighter(fur, 0.5), high=7)
    face(stage, random, x=x, y=56, apart=12, nose=rgb("e58a8a"))
    return "a rabbit"


# --- beauty -------------------------------------------------------------------------------------------------

TINTS = ("c2334d", "e0606e", "a83254", "d98880", "b56576", "8e3b5e", "e8998d")


def shelf(stage: Stage, random: Random) -> str:
    blush = rgb(random.choice(("f8d7da", "f4c9c9", "fbe3d6", "ecd4e6", "f5d5c0", "e9dcf1")))
    stage.sky(lighter(blush, 0.35), blush)
    stage.disc(50, 50, radius=36, colour=mix(blush, WHITE, 0.45))
    if random.random() < 0.4:
        swatches = random.sample(TINTS, 4)
        for k, code in enumerate(swatches):
            y = 24 + k * 17 + random.uniform(-2, 2)
            stage.line(rgb(code), 9.5, (22 + random.uniform(-4, 4), y + 5), (70 + random.uniform(-6, 10), y))
            stage.line(lighter(rgb(code), 0.25), 1.6, (26, y + 2), (64, y - 2))
        lipstick(stage, random, x=86, y=84)
        return "swatches of lip colours"
    stage.floor(84, darker(blush, 0.10))
    stage.box(14, 78, width=72, height=14, colour=lighter(blush, 0.6), round=2)
    stage.box(14, 86, width=72, height=6, colour=darker(blush, 0.06), round=2)
    makers = random.sample((lipstick, bottle, jar, lotion), 3)
    seen = [make(stage, random, x=x, y=78) for make, x in zip(makers, (27, 50, 73), strict=True)]
    for _ in range(random.randint(3, 6)):
        x, y, petal = random.uniform(2, 98), random.uniform(86, 98), lighter(rgb(random.choice(TINTS)), 0.35)
        stage.disc(x, y, radius=2.6, colour=petal, high=1.5)
    return f"{seen[0]}, {seen[1]} and {seen[2]}"


def lipstick(stage: Stage, random: Random, *, x: float, y: float) -> str:
    tint, gold = rgb(random.choice(TINTS)), rgb("d9b26a")
    stage.box(x - 6, y - 22, width=12, height=22, colour=rgb("33262e"), round=1)
    stage.box(x - 5, y - 31, width=10, height=10, colour=gold, round=1)
    stage.box(x - 3, y - 30, width=1.6, height=8, colour=lighter(gold, 0.5))
    stage.shape(tint, (x - 4, y - 31), (x - 4, y - 42), (x + 2, y - 49), (x + 4, y - 46), (x + 4, y - 31))
    stage.shape(lighter(tint, 0.3), (x - 4, y - 42), (x + 2, y - 49), (x + 2.6, y - 48), (x - 2, y - 40))
    return "a lipstick"


def bottle(stage: Stage, random: Random, *, x: float, y: float) -> str:
    glass = mix(rgb(random.choice(TINTS)), rgb("f2b872"), 0.5)
    stage.box(x - 9, y - 34, width=18, height=34, colour=glass, round=4)
    stage.box(x - 7, y - 30, width=3, height=26, colour=lighter(glass, 0.45), round=1.4)
    stage.box(x - 6, y - 19, width=12, height=11, colour=rgb("fff8f2"), round=1)
    stage.box(x - 3, y - 40, width=6, height=7, colour=rgb("4a3b40"), round=1)
    stage.disc(x, y - 44, radius=4, colour=rgb("33262e"), high=6)
    return "a serum"


def jar(stage: Stage, random: Random, *, x: float, y: float) -> str:
    tint = lighter(rgb(random.choice(TINTS)), 0.3)
    stage.box(x - 11, y - 17, width=22, height=17, colour=tint, round=4)
    stage.box(x - 12, y - 23, width=24, height=8, colour=rgb("fff8f2"), round=2)
    stage.box(x - 6, y - 11, width=12, height=5, colour=lighter(tint, 0.6), round=1)
    return "a cream"


def lotion(stage: Stage, random: Random, *, x: float, y: float) -> str:
    tint = lighter(rgb(random.choice((*TINTS, "7fa99b", "9fb8d9"))), 0.35)
    stage.box(x - 8, y - 38, width=16, height=38, colour=tint, round=4)
    stage.box(x - 8, y - 26, width=16, height=12, colour=lighter(tint, 0.55))
    stage.box(x - 1.5, y - 45, width=3, height=8, colour=rgb("fff8f2"))
    stage.box(x - 8, y - 48, width=12, height=4, colour=rgb("fff8f2"), round=1.6)
    return "a lotion"


# --- family -------------------------------------------------------------------------------------------------

TOYS = ("e63946", "f4a261", "2a9d8f", "457b9d", "e9c46a", "9b5de5", "f15bb5")


def balloons(stage: Stage, random: Random) -> str:
    stage.sky(rgb("8ecae6"), rgb("e3f4fb"))
    for _ in range(3):
        x, y = random.uniform(0, 100), random.uniform(8, 45)
        for dx, dy, r in ((-7, 1, 5), (0, -1, 7), (7, 1, 5)):
            stage.disc(x + dx, y + dy, radius=r, colour=WHITE)
    for y, code in ((92, "7cb518"), (102, "5c940d")):
        stage.disc(random.uniform(10, 90), y + 10, radius=85, colour=rgb(code), high=30)
    hold = (50 + random.uniform(-8, 8), 84)
    for code in random.sample(TOYS, random.randint(4, 6)):
        x, y, colour = hold[0] + random.uniform(-30, 30), random.uniform(20, 52), rgb(code)
        stage.line(rgb("6c757d"), 0.5, (x, y + 11), hold)
        stage.disc(x, y, radius=9.5, colour=colour, high=11.5)
        stage.shape(colour, (x - 2.2, y + 13.5), (x, y + 10.5), (x + 2.2, y + 13.5))
        stage.disc(x - 3, y - 4.5, radius=2, colour=lighter(colour, 0.6), high=3)
    return "balloons over a meadow"


def blocks(stage: Stage, random: Random) -> str:
    wall = rgb(random.choice(("fff1d0", "dff3e4", "e2ecfb", "fde2e4")))
    stage.sky(lighter(wall, 0.3), wall)
    stage.floor(84, rgb("e0b98a"))
    side = 19
    for row, n in enumerate(random.choice(((4, 3, 2), (3, 2, 1), (4, 2, 1), (3, 3, 1)))):
        for k in range(n):
            x, y = 50 + (k - n / 2) * (side + 1) + random.uniform(-1, 1), 88 - (row + 1) * side
            colour = rgb(random.choice(TOYS))
            stage.box(x, y, width=side, height=side, colour=darker(colour, 0.12), round=2)
            stage.box(
                x + 1.6, y + 1.6, width=side - 3.2, height=side - 3.2, colour=lighter(colour, 0.14), round=1.6
            )
            cx, cy, mark = x + side / 2, y + side / 2, random.choice(("disc", "star", "box"))
            if mark == "disc":
                stage.disc(cx, cy, radius=4.4, colour=WHITE)
            elif mark == "box":
                stage.box(cx - 3.8, cy - 3.8, width=7.6, height=7.6, colour=WHITE, round=0.8)
            else:
                points = [
                    (r * math.sin(a * math.pi / 5), -r * math.cos(a * math.pi / 5))
                    for a, r in enumerate((5.6, 2.4) * 5)
                ]
                stage.shape(WHITE, *turned(points, cx, y=cy, degrees=0))
    return "a tower of toy blocks"


def teddy(stage: Stage, random: Random) -> str:
    wall = rgb(random.choice(("cfe8ef", "fbe0c3", "e4d9f2", "d5ecd4")))
    stage.sky(lighter(wall, 0.35), wall)
    for _ in range(12):
        stage.disc(
            random.uniform(-12, 112), random.uniform(-12, 60), radius=1.5, colour=rgb(random.choice(TOYS))
        )
    stage.floor(86, darker(wall, 0.16))
    fur = rgb(random.choice(("b07b4a", "8f5e37", "c99a6b", "a98467")))
    x, light = 50 + random.uniform(-6, 6), lighter(fur, 0.45)
    for side in (-1, 1):
        stage.disc(x + side * 19, 88, radius=10, colour=fur)
        stage.disc(x + side * 19, 89, radius=5.5, colour=light)
        stage.disc(x + side * 20, 66, radius=8, colour=fur, high=11)
        stage.disc(x + side * 17, 24, radius=9, colour=fur)
        stage.disc(x + side * 17, 24, radius=5, colour=light)
    stage.disc(x, 73, radius=20, colour=fur, high=21)
    stage.disc(x, 75, radius=12, colour=light, high=13)
    stage.disc(x, 38, radius=23, colour=fur, high=20)
    stage.disc(x, 45, radius=10, colour=light, high=8)
    for side in (-1, 1):
        stage.disc(x + side * 9, 35, radius=2.4, colour=BLACK)
    stage.disc(x, 42, radius=3.2, colour=BLACK, high=2.3)
    stage.arc(BLACK, 1, x=x, y=45, radius=4, start=30, end=150)
    bow = rgb(random.choice(TOYS))
    stage.shape(bow, (x, 58), (x - 9, 53), (x - 9, 63))
    stage.shape(bow, (x, 58), (x + 9, 53), (x + 9, 63))
    stage.disc(x, 58, radius=2.4, colour=darker(bow, 0.2))
    return "a teddy bear with a bow"


# --- anything -----------------------------------------------------------------------------------------------


def lights(stage: Stage, random: Random) -> str:
    top, bottom = (
        rgb(c)
        for c in random.choice(
            (("355070", "eaac8b"), ("6d597a", "e56b6f"), ("0b3954", "bfd7ea"), ("606c38", "fefae0"))
        )
    )
    stage.sky(top, bottom)
    for _ in range(random.randint(9, 15)):
        x, y, r = random.uniform(-15, 115), random.uniform(-15, 115), random.uniform(4, 13)
        height = min(1.0, max(0.0, y / 100))
        stage.disc(
            x, y, radius=r, colour=mix(mix(top, bottom, height), rgb("fff3c4"), random.uniform(0.15, 0.45))
        )
    return "soft lights"


Scene = Callable[[Stage, Random], str]

SCENES: dict[str, tuple[Scene, ...]] = {
    "travel": (mountains, mountains, coast),
    "food": (plate,),
    "fashion": (outfit,),
    "fitness": (gym,),
    "interior": (room,),
    "pet": (pet,),
    "beauty": (shelf,),
    "family": (balloons, blocks, teddy),
}


def picture(interest: str | None, random: Random) -> tuple[bytes, str]:
    """JPEG bytes of a drawing about an interest (None: about nothing), and what it shows."""
    stage = Stage(random.choice(SIZES))
    what = random.choice(SCENES[interest])(stage, random) if interest else lights(stage, random)
    return stage.jpeg(), f"Drawing of {what}"
