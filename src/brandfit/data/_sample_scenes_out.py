"""Scenes of the sample: travel, food, fashion, fitness. Each draws on a stage and returns a description.

The random draws keep their number and order, so that the same seed gives the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from brandfit.data._sample_stage import (
    CLOTHES,
    WHITE,
    Colour,
    Point,
    Stage,
    darker,
    lighter,
    mix,
    rgb,
    turned,
)

# --- travel -------------------------------------------------------------------------------------------------

SKIES = {
    "at dawn": ("f7b78c", "fde6c8", "fff3d6", "5b6e8c"),
    "by day": ("6fb3e0", "d8eef8", "fff6cf", "4d7a78"),
    "at dusk": ("5a4b8a", "f2998a", "ffd9a0", "3d3a63"),
    "by night": ("141d3c", "3d5080", "f4f1de", "1d2a44"),
}
"""Time of day to the colours of the sky above, of the sky below, of sun or moon, and of rock."""
RANGES = ((62, 34, 0.45), (76, 38, 0.15))
"""Each range of mountains: y of its foot, height, and share of the sky in its colour. The first is far."""


def mountains(stage: Stage, random: Random) -> str:
    when, codes = random.choice(list(SKIES.items()))
    top, bottom, sun, rock = map(rgb, codes)
    stage.sky(top, bottom)
    if when == "by night":
        for _ in range(24):
            x, y = random.uniform(-15, 115), random.uniform(-15, 45)
            stage.disc(x, y, radius=random.uniform(0.3, 0.7), colour=sun)
    stage.disc(random.uniform(15, 85), random.uniform(16, 34), radius=random.uniform(6, 10), colour=sun)

    # Mountains from left to right; all of the far range and the high ones of the near range have snow.
    snow = mix(WHITE, bottom, 0.2)
    for layer, (base, tall, share) in enumerate(RANGES):
        colour = mix(rock, bottom, share)
        stage.floor(base, colour)
        x = random.uniform(-25, -5)
        while x < 125:
            width, height = random.uniform(24, 40), tall * random.uniform(0.55, 1.15)
            mountain(stage, (x, base - height), width=width, height=height, colour=colour)
            if layer == 0 or height > tall:
                snow_cap(stage, (x, base - height), width=width, height=height, snow=snow)
            x += width * random.uniform(0.8, 1.3)

    ground = mix(rock, rgb("2f5d3a"), 0.55) if when != "by night" else darker(rock, 0.4)
    stage.floor(84, ground)
    foreground = lake_or_tent(stage, random, sky=bottom)
    # Trees at both sides leave the middle free.
    for _ in range(random.randint(3, 7)):
        pine(
            stage,
            random.choice((random.uniform(-12, 22), random.uniform(78, 112))),
            y=random.uniform(84, 96),
            random=random,
            colour=darker(ground, 0.35),
        )
    return foreground.format(when=when)


def mountain(stage: Stage, peak: Point, *, width: float, height: float, colour: Colour) -> None:
    """A triangle with its right side in shadow; ``width`` is half of its base."""
    x, y = peak
    base = y + height
    stage.shape(colour, (x - width, base + 1), (x, y), (x + width, base + 1))
    stage.shape(
        darker(colour, 0.18),
        (x, y),
        (x + width, base + 1),
        (x + width * 0.2, base + 1),
        (x - 2, base - height * 0.4),
    )


def snow_cap(stage: Stage, peak: Point, *, width: float, height: float, snow: Colour) -> None:
    """Snow on the upper third of a mountain, down to a zigzag line."""
    x, y = peak
    cap, low = width * 0.32, y + height * 0.32
    zigzag = (
        (x + cap, low),
        (x + cap * 0.4, low - 3),
        (x, low + 2),
        (x - cap * 0.45, low - 3),
        (x - cap, low),
    )
    stage.shape(snow, (x, y), *zigzag)


def lake_or_tent(stage: Stage, random: Random, *, sky: Colour) -> str:
    """A lake, a tent, or neither, in the foreground. Returns the description with {when}."""
    if random.random() < 0.45:
        water = mix(sky, rgb("3f7fa8"), 0.5)
        stage.disc(random.uniform(35, 65), 93, radius=random.uniform(38, 55), colour=water, high=7)
        for _ in range(4):
            x, y = random.uniform(25, 65), random.uniform(89, 96)
            stage.line(lighter(water, 0.5), 0.7, (x, y), (x + 9, y))
        return "mountains {when} above a lake"
    if random.random() < 0.5:
        x, cloth = random.uniform(25, 60), rgb(random.choice(("e2703a", "d94f4f", "f0b429")))
        stage.shape(cloth, (x, 94), (x + 12, 76), (x + 24, 94))
        stage.shape(darker(cloth, 0.45), (x + 9, 94), (x + 12, 80), (x + 15, 94))
        return "a tent below mountains {when}"
    return "mountains {when} with pine trees"


def pine(stage: Stage, x: float, *, y: float, random: Random, colour: Colour) -> None:
    """Three triangles, the lowest one the widest; (x, y) is the foot."""
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
    # Sea with reflections of the sun.
    sea = mix(rgb("2b7a9b"), top, 0.25)
    stage.floor(55, sea)
    for _ in range(14):
        left, y = random.uniform(-10, 100), random.uniform(58, 80)
        stage.line(mix(sea, sun, 0.45), 0.8, (left, y), (left + random.uniform(4, 14), y))
    # A boat: two sails and the hull.
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
    # The beach: the rims of two large ellipses.
    sand = rgb("f1d9a7")
    stage.disc(random.uniform(20, 80), 112, radius=100, colour=lighter(sand, 0.6), high=29)
    stage.disc(random.uniform(20, 80), 114, radius=100, colour=sand, high=28)
    return f"a sailing boat on the sea {when}"


# --- food ---------------------------------------------------------------------------------------------------


def plate(stage: Stage, random: Random) -> str:
    # A table of boards, or with a striped cloth.
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
    # Fork on the left, knife on the right.
    steel = rgb("d5d9dd")
    stage.line(darker(table, 0.3), 2.4, (7.5, 25), (7.5, 80))
    stage.line(steel, 2.4, (7, 24), (7, 79))
    for tine in (-2.4, 0, 2.4):
        stage.line(steel, 1.1, (7 + tine, 20), (7 + tine, 31))
    stage.line(steel, 3.6, (93, 22), (93, 50))
    stage.line(darker(steel, 0.15), 2.4, (93, 50), (93, 79))
    # The plate with its shadow.
    stage.disc(x + 1.2, y + 2, radius=size + 1, colour=darker(table, 0.35))
    rim = rgb(random.choice(("fffdf7", "f3efe6", "e4eef2", "f7e7df", "49566b")))
    stage.disc(x, y, radius=size, colour=rim)
    stage.disc(x, y, radius=size * 0.8, colour=darker(rim, 0.05))
    return random.choice(DISHES)(stage, random, x=x, y=y, size=size * 0.74)


def scattered(random: Random, x: float, *, y: float, radius: float, n: int) -> list[Point]:
    """n points over a disc, at about equal distances."""
    turn = random.uniform(0, 6)
    points = []
    for k in range(n):
        # Like the seeds of a sunflower: 2.4 is the golden angle in radians.
        r, angle = radius * math.sqrt((k + 0.5) / n), turn + 2.4 * k
        jitter_x = random.uniform(-1, 1)
        points.append((x + r * math.cos(angle) + jitter_x, y + r * math.sin(angle) + random.uniform(-1, 1)))
    return points


def pizza(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    # Crust, sauce, cheese.
    stage.disc(x, y, radius=size, colour=rgb("c9853f"))
    stage.disc(x, y, radius=size * 0.88, colour=rgb("c8442b"))
    stage.disc(x, y, radius=size * 0.84, colour=rgb("f4c95d"))
    top = rgb(random.choice(("b5322a", "9c4a3c", "7a4b6b")))
    for px, py in scattered(random, x, y=y, radius=size * 0.7, n=random.randint(8, 13)):
        stage.disc(px, py, radius=3, colour=top)
        stage.disc(px - 0.6, py - 0.6, radius=1.5, colour=lighter(top, 0.2))
    for px, py in scattered(random, x, y=y, radius=size * 0.7, n=random.randint(4, 8)):
        stage.disc(px, py, radius=2.6, colour=rgb("4f8a3c"), high=1.4)
    # Cuts into six slices.
    turn = random.uniform(0, 60)
    for k in range(3):
        (ax, ay), (bx, by) = turned([(-size, 0), (size, 0)], x, y=y, degrees=turn + 60 * k)
        stage.line(rgb("c9853f"), 0.6, (ax, ay), (bx, by))
    return "a pizza on a plate"


def salad(stage: Stage, random: Random, *, x: float, y: float, size: float) -> str:
    # Leaves, tomatoes, cheese.
    greens = [rgb("6a994e"), rgb("86b049"), rgb("a7c957"), rgb("386641")]
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
    # A stack, drawn from the lowest to the highest, with syrup and butter on top.
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
    # Crust, bread, avocado.
    side = size * 1.25
    stage.box(x - side / 2, y - side / 2, width=side, height=side, colour=rgb("a9642c"), round=5)
    stage.box(
        x - side / 2 + 2, y - side / 2 + 2, width=side - 4, height=side - 4, colour=rgb("edbf7f"), round=4
    )
    stage.box(
        x - side / 2 + 4, y - side / 2 + 4, width=side - 8, height=side - 8, colour=rgb("9fbf5a"), round=4
    )
    # Eggs, then chili flakes.
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
    # Noodles: arcs of more than a full turn.
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
    # Half an egg, spring onions and a pair of chopsticks.
    stage.disc(x - 9, y - 5, radius=6.4, colour=WHITE, high=5.4)
    stage.disc(x - 9, y - 5, radius=3.2, colour=rgb("f2a124"))
    for px, py in scattered(random, x + 8, y=y + 7, radius=8, n=8):
        stage.disc(px, py, radius=2.2, colour=rgb("5c9442"), high=1.2)
    stage.line(rgb("5a3825"), 1.6, (x + 8, y - size - 6), (x + size + 8, y + 4))
    stage.line(rgb("5a3825"), 1.6, (x + 13, y - size - 7), (x + size + 11, y))
    return "a bowl of noodles with egg"


DISHES = (pizza, salad, pancakes, toast, noodles)

# --- fashion ------------------------------------------------------------------------------------------------

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
"""Garment to its outline, around (0, 0)."""


@dataclass(frozen=True)
class Garment:
    """A garment at (x, y), turned by ``tilt`` degrees. ``name`` is a key of ``CUTS``."""

    name: str
    colour: Colour
    x: float
    y: float
    tilt: float

    def points(self, points: Sequence[Point], *, shift: Point = (0, 0)) -> list[Point]:
        """Points around (0, 0) of the garment as points of the stage."""
        return turned(points, self.x + shift[0], y=self.y + shift[1], degrees=self.tilt)


def outfit(stage: Stage, random: Random) -> str:
    # A paper background, half of the time with an arch behind the clothes.
    paper = rgb(random.choice(("f6e7e4", "e8ecf4", "f3ead7", "e4efe7", "efe3f2", "faf3ea")))
    stage.sky(lighter(paper, 0.3), darker(paper, 0.06))
    if random.random() < 0.5:
        arch = mix(paper, rgb(random.choice(CLOTHES)), 0.22)
        stage.disc(50, 42, radius=37, colour=arch)
        stage.box(13, 42, width=74, height=80, colour=arch)
    # The garment with its shadow, its pattern and its hanger.
    name, cut = random.choice(list(CUTS.items()))
    colour = rgb(random.choice(CLOTHES))
    garment = Garment(name, colour, x=47 + random.uniform(-5, 5), y=54, tilt=random.uniform(-7, 7))
    shadow = darker(paper, 0.14)
    stage.shape(shadow, *garment.points(cut, shift=(1.6, 2)))
    stage.shape(colour, *garment.points(cut))
    pattern = random.choice(("plain", "striped", "dotted", "belted"))
    draw_pattern(stage, garment, pattern)
    if name != "pair of trousers":
        draw_hanger(stage, garment)
    return f"a {pattern} {name} and {accessory(stage, random, shadow=shadow)}"


def draw_pattern(stage: Stage, garment: Garment, pattern: str) -> None:
    """Stripes, dots or a belt. Trousers have no stripes, and no dots between the legs."""
    is_dress, is_trousers = garment.name == "dress", garment.name == "pair of trousers"
    # A colour that stands out; 420 is a little more than half of the brightest sum of RGB.
    is_dark = sum(garment.colour) < 420
    accent = lighter(garment.colour, 0.65) if is_dark else darker(garment.colour, 0.5)
    if pattern == "striped" and not is_trousers:
        for k in range(-4, 5):
            # A dress is narrow above the waist and becomes wider below.
            half = 11.0 if not is_dress else 6 if k < 0 else 7 + k * 2.4
            stage.line(accent, 1.5, *garment.points([(-half, k * 5), (half, k * 5)]))
    elif pattern == "dotted":
        for k in range(22):
            # Rows of four; every second row is shifted by half a distance.
            a, b = -9 + (k % 4) * 6 + (k // 4 % 2) * 3, -16 + (k // 4) * 8
            if not is_trousers or abs(a) > 3:
                narrow = 0.7 if b < -6 and is_dress else 1
                x, y = garment.points([(a * narrow, b)])[0]
                stage.disc(x, y, radius=1.1, colour=accent)
    elif pattern == "belted":
        # Half width of the belt, and its height: at the waist.
        half, low = {"dress": (8, -8), "pair of trousers": (14, -27)}.get(garment.name, (15, 2))
        stage.line(darker(garment.colour, 0.5), 3, *garment.points([(-half, low), (half, low)]))
        x, y = garment.points([(0, low)])[0]
        stage.disc(x, y, radius=2, colour=rgb("e8c15a"))


def draw_hanger(stage: Stage, garment: Garment) -> None:
    wood = rgb("8a6a4f")
    top = min(y for _, y in CUTS[garment.name])
    hook = garment.points([(0, top - 8), (0, top - 4)])
    stage.line(wood, 1.3, *hook)
    stage.arc(wood, 1.3, x=hook[0][0] + 2, y=hook[0][1], radius=2.2, start=180, end=380)
    stage.line(wood, 1.6, *garment.points([(-10, top + 1), (0, top - 4), (10, top + 1)]))


def accessory(stage: Stage, random: Random, *, shadow: Colour) -> str:
    """A hat or a bag next to the garment."""
    colour = rgb(random.choice(CLOTHES))
    if random.random() < 0.5:
        stage.disc(86, 22, radius=13, colour=shadow, high=5)
        stage.disc(85, 21, radius=13, colour=colour, high=5)
        stage.disc(85, 17.5, radius=7, colour=darker(colour, 0.12), high=5)
        return "a hat"
    stage.arc(darker(colour, 0.2), 1.8, x=85, y=73, radius=7, start=180, end=360)
    stage.box(75, 74, width=20, height=17, colour=shadow, round=2)
    stage.box(74.5, 73, width=20, height=17, colour=colour, round=2)
    stage.disc(84.5, 79, radius=1.4, colour=rgb("e8c15a"))
    return "a bag"


# --- fitness ------------------------------------------------------------------------------------------------


GYMS = (("20232e", "d7ff3e"), ("1f2a44", "ff6b35"), ("2b2b2b", "33e0c2"), ("26213f", "ff4f79"))
"""Colours of the wall and of its stripes."""


def gym(stage: Stage, random: Random) -> str:
    wall_code, neon_code = random.choice(GYMS)
    wall, neon = rgb(wall_code), rgb(neon_code)
    stage.sky(lighter(wall, 0.12), wall)
    # Two stripes across the wall, a wide and a narrow one.
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
    # Floor with boards that run to the viewer.
    stage.floor(82, darker(wall, 0.35))
    for n in range(-3, 14):
        stage.line(lighter(wall, 0.07), 0.5, (n * 12, 82), ((n * 12 - 50) * 1.8 + 50, 130))
    return random.choice((dumbbell, kettlebell, barbell, trainer))(stage, random, neon)


STEEL, IRON = rgb("c9ced6"), rgb("474d5a")


def dumbbell(stage: Stage, random: Random, neon: Colour) -> str:
    tilt, size = random.uniform(-32, 32), random.uniform(0.9, 1.15)

    def part(x: float, half: float, *, width: float, colour: Colour) -> None:
        corners = [(x, -half), (x + width, -half), (x + width, half), (x, half)]
        scaled = [(a * size, b * size) for a, b in corners]
        stage.shape(colour, *turned(scaled, 50, y=56, degrees=tilt))

    # Handle, then a large and a small plate on each side, then the ends.
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
        # Shadow, handle, body, and a ring in the colour of the gym.
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
    # Plates become smaller towards the ends.
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
    # Upper from heel to toe, its opening, laces, the stripe, and the sole.
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
