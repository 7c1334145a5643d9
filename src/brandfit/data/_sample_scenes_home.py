"""Scenes of the sample: interior, pets, beauty, family. Each draws on a stage and returns a description.

The random draws keep their number and order, so that the same seed gives the same picture.
"""

from __future__ import annotations

import math
from random import Random

from brandfit.data._sample_stage import (
    BLACK,
    CLOTHES,
    WHITE,
    Colour,
    Stage,
    darker,
    lighter,
    mix,
    rgb,
    turned,
)

# --- interior -----------------------------------------------------------------------------------------------


WOODS = ("b08457", "c9a27a", "8a6a4f", "d8c3a5")
PANES = ("a9d3ea", "c4e3f0", "9ccbb0", "b4d8bd")
"""Sky in the upper two panes of a window, trees in the lower two."""


def room(stage: Stage, random: Random) -> str:
    wall = rgb(random.choice(("e8e0d5", "cfd8d3", "d9c5b2", "b7c4cf", "e6cfc3", "c9cba3")))
    seat = rgb(random.choice(("d4a017", "3f6f73", "a5544b", "6d7f5b", "44546a", "c98a78")))
    stage.sky(lighter(wall, 0.25), wall)
    # Skirting board and floor. The first draw of a colour is not used, but later draws depend on it.
    random.choice(WOODS)
    stage.floor(74.5, lighter(wall, 0.5))
    stage.floor(76, rgb(random.choice(WOODS)))
    # A rug.
    stage.disc(50, 91, radius=44, colour=lighter(seat, 0.6), high=7)
    stage.disc(50, 91, radius=36, colour=lighter(seat, 0.45), high=5)
    wall_object = window(stage, random) if random.random() < 0.5 else framed_pictures(stage, random)
    sofa(stage, random, colour=seat)
    if random.random() < 0.5:
        floor_lamp(stage)
        return f"a sofa, a lamp and {wall_object}"
    house_plant(stage)
    return f"a sofa, a plant and {wall_object}"


def window(stage: Stage, random: Random) -> str:
    x = random.uniform(14, 40)
    stage.box(x - 2, 12, width=36, height=36, colour=rgb("fffaf2"))
    for k, code in enumerate(PANES):
        left, top = x + (k % 2) * 16.5, 14 + (k // 2) * 16.5
        stage.box(left, top, width=15.5, height=15.5, colour=rgb(code))
    return "a window"


def framed_pictures(stage: Stage, random: Random) -> str:
    for k in range(random.randint(2, 3)):
        x, y, width = 16 + k * 20 + random.uniform(-2, 2), random.uniform(14, 24), random.uniform(13, 17)
        # Frame, paper, and a disc as the picture.
        stage.box(x, y, width=width, height=22, colour=rgb("3b3630"))
        stage.box(x + 1.3, y + 1.3, width=width - 2.6, height=19.4, colour=rgb("fffaf2"))
        stage.disc(x + width / 2, y + 11, radius=4.4, colour=rgb(random.choice(CLOTHES)))
    return "pictures on the wall"


def sofa(stage: Stage, random: Random, *, colour: Colour) -> None:
    x = random.uniform(8, 20)
    # Feet, back, cushions of the back, seat, arms.
    stage.box(x + 3, 83, width=3, height=6, colour=rgb("4a3626"))
    stage.box(x + 50, 83, width=3, height=6, colour=rgb("4a3626"))
    stage.box(x + 2, 52, width=52, height=24, colour=darker(colour, 0.08), round=5)
    stage.box(x + 4, 66, width=24, height=13, colour=lighter(colour, 0.08), round=3)
    stage.box(x + 28.5, 66, width=24, height=13, colour=lighter(colour, 0.08), round=3)
    stage.box(x, 76, width=56, height=9, colour=colour, round=3)
    stage.box(x - 4, 60, width=9, height=25, colour=darker(colour, 0.16), round=4)
    stage.box(x + 51, 60, width=9, height=25, colour=darker(colour, 0.16), round=4)
    # One or two loose cushions, a little turned.
    square = [(-6, -6), (6, -6), (6, 6), (-6, 6)]
    for k in range(random.randint(1, 2)):
        cushion_colour = rgb(random.choice(CLOTHES))
        cushion = turned(square, x + 13 + k * 29, y=63, degrees=random.uniform(-18, 18))
        stage.shape(cushion_colour, *cushion)


def floor_lamp(stage: Stage) -> None:
    stage.line(rgb("3b3630"), 1.3, (90, 90), (90, 40))
    stage.disc(90, 90, radius=6, colour=rgb("3b3630"), high=1.6)
    stage.shape(rgb("fff0c4"), (84, 28), (96, 28), (101, 42), (79, 42))


def house_plant(stage: Stage) -> None:
    """Nine blades in a fan, and the pot."""
    blade = [(0, 0), (3, -13), (0, -27), (-3, -13)]
    for k in range(9):
        green = mix(rgb("3f7d4f"), rgb("7fb069"), k % 3 / 2)
        stage.shape(green, *turned(blade, 90, y=74, degrees=(k - 4) * 17))
    stage.shape(rgb("c97b4a"), (82, 72), (98, 72), (95, 89), (85, 89))


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
    """Eyes, nose and mouth; (x, y) is between the eyes, ``apart`` half the distance of the eyes."""
    for side in (-1, 1):
        stage.disc(x + side * apart, y, radius=4.2, colour=BLACK, high=random.uniform(4.4, 5))
        stage.disc(x + side * apart + 1.2, y - 1.6, radius=1.4, colour=WHITE)
        stage.arc(BLACK, 1.2, x=x + side * 3.4, y=y + 13, radius=3.6, start=0, end=180)
    stage.shape(nose, (x - 3.6, y + 8), (x + 3.6, y + 8), (x, y + 12.5))


def body(stage: Stage, x: float, *, fur: Colour, collar: Colour) -> None:
    """Shoulders, chest and collar, below the head."""
    stage.disc(x, 112, radius=32, colour=darker(fur, 0.08), high=36)
    stage.disc(x, 112, radius=15, colour=lighter(fur, 0.4), high=28)
    stage.disc(x, 80, radius=19, colour=collar, high=5)


def cat(stage: Stage, random: Random, *, fur: Colour, tilt: float) -> str:
    x = 50 + tilt
    body(stage, x, fur=fur, collar=rgb(random.choice(CLOTHES)))
    # Pointed ears, head, and stripes on some cats.
    for side in (-1, 1):
        stage.shape(fur, (x + side * 28, 50), (x + side * 25, 16), (x + side * 5, 34))
        stage.shape(rgb("eeb1ad"), (x + side * 24, 42), (x + side * 22.5, 23), (x + side * 11, 34))
    stage.disc(x, 54, radius=29, colour=fur, high=25)
    if random.random() < 0.6:
        for k in (-1, 0, 1):
            stage.line(darker(fur, 0.35), 2, (x + k * 6, 31), (x + k * 5, 39))
            if k:
                stage.line(darker(fur, 0.35), 1.8, (x + k * 28, 52), (x + k * 21, 54))
    # Muzzle, face, whiskers.
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
    # Hanging ears.
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
    # Muzzle and face; some dogs show their tongue.
    stage.disc(x, 66, radius=15, colour=lighter(fur, 0.5), high=13)
    face(stage, random, x=x, y=50, apart=10.5, nose=BLACK)
    stage.disc(x, 60, radius=5.4, colour=BLACK, high=4)
    if random.random() < 0.6:
        stage.box(x - 3.2, 69, width=6.4, height=10, colour=rgb("ee7f86"), round=3.2)
    return "a dog with a collar"


def rabbit(stage: Stage, random: Random, *, fur: Colour, tilt: float) -> str:
    x = 50 + tilt
    body(stage, x, fur=fur, collar=rgb(random.choice(CLOTHES)))
    # Long ears that lean to the sides, then head and cheeks.
    for side in (-1, 1):
        lean = random.uniform(2, 9)
        ear = [(0, 0), (7, -14), (4, -40), (0, -44), (-4, -40), (-7, -14)]
        stage.shape(fur, *turned(ear, x + side * 10, y=44, degrees=side * lean))
        inside = [(a * 0.5, b * 0.85) for a, b in ear]
        stage.shape(rgb("eeb1ad"), *turned(inside, x + side * 10, y=42, degrees=side * lean))
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
        # Four smears of colour with a light reflex.
        swatches = random.sample(TINTS, 4)
        for k, code in enumerate(swatches):
            y = 24 + k * 17 + random.uniform(-2, 2)
            stage.line(rgb(code), 9.5, (22 + random.uniform(-4, 4), y + 5), (70 + random.uniform(-6, 10), y))
            stage.line(lighter(rgb(code), 0.25), 1.6, (26, y + 2), (64, y - 2))
        lipstick(stage, random, x=86, y=84)
        return "swatches of lip colours"
    # A shelf with three products, and petals.
    stage.floor(84, darker(blush, 0.10))
    stage.box(14, 78, width=72, height=14, colour=lighter(blush, 0.6), round=2)
    stage.box(14, 86, width=72, height=6, colour=darker(blush, 0.06), round=2)
    makers = random.sample((lipstick, bottle, jar, lotion), 3)
    names = [make(stage, random, x=x, y=78) for make, x in zip(makers, (27, 50, 73), strict=True)]
    for _ in range(random.randint(3, 6)):
        x, y, petal = random.uniform(2, 98), random.uniform(86, 98), lighter(rgb(random.choice(TINTS)), 0.35)
        stage.disc(x, y, radius=2.6, colour=petal, high=1.5)
    return f"{names[0]}, {names[1]} and {names[2]}"


def lipstick(stage: Stage, random: Random, *, x: float, y: float) -> str:
    # Case, golden ring with a reflex, and the slanted colour.
    tint, gold = rgb(random.choice(TINTS)), rgb("d9b26a")
    stage.box(x - 6, y - 22, width=12, height=22, colour=rgb("33262e"), round=1)
    stage.box(x - 5, y - 31, width=10, height=10, colour=gold, round=1)
    stage.box(x - 3, y - 30, width=1.6, height=8, colour=lighter(gold, 0.5))
    stage.shape(tint, (x - 4, y - 31), (x - 4, y - 42), (x + 2, y - 49), (x + 4, y - 46), (x + 4, y - 31))
    stage.shape(lighter(tint, 0.3), (x - 4, y - 42), (x + 2, y - 49), (x + 2.6, y - 48), (x - 2, y - 40))
    return "a lipstick"


def bottle(stage: Stage, random: Random, *, x: float, y: float) -> str:
    # Glass with a reflex, label, neck and dropper.
    glass = mix(rgb(random.choice(TINTS)), rgb("f2b872"), 0.5)
    stage.box(x - 9, y - 34, width=18, height=34, colour=glass, round=4)
    stage.box(x - 7, y - 30, width=3, height=26, colour=lighter(glass, 0.45), round=1.4)
    stage.box(x - 6, y - 19, width=12, height=11, colour=rgb("fff8f2"), round=1)
    stage.box(x - 3, y - 40, width=6, height=7, colour=rgb("4a3b40"), round=1)
    stage.disc(x, y - 44, radius=4, colour=rgb("33262e"), high=6)
    return "a serum"


def jar(stage: Stage, random: Random, *, x: float, y: float) -> str:
    tint = lighter(rgb(random.choice(TINTS)), 0.3)
    # Jar, lid and label.
    stage.box(x - 11, y - 17, width=22, height=17, colour=tint, round=4)
    stage.box(x - 12, y - 23, width=24, height=8, colour=rgb("fff8f2"), round=2)
    stage.box(x - 6, y - 11, width=12, height=5, colour=lighter(tint, 0.6), round=1)
    return "a cream"


def lotion(stage: Stage, random: Random, *, x: float, y: float) -> str:
    tint = lighter(rgb(random.choice((*TINTS, "7fa99b", "9fb8d9"))), 0.35)
    # Body, label and pump.
    stage.box(x - 8, y - 38, width=16, height=38, colour=tint, round=4)
    stage.box(x - 8, y - 26, width=16, height=12, colour=lighter(tint, 0.55))
    stage.box(x - 1.5, y - 45, width=3, height=8, colour=rgb("fff8f2"))
    stage.box(x - 8, y - 48, width=12, height=4, colour=rgb("fff8f2"), round=1.6)
    return "a lotion"


# --- family -------------------------------------------------------------------------------------------------

TOYS = ("e63946", "f4a261", "2a9d8f", "457b9d", "e9c46a", "9b5de5", "f15bb5")


def balloons(stage: Stage, random: Random) -> str:
    # Clouds of three discs, and two hills.
    stage.sky(rgb("8ecae6"), rgb("e3f4fb"))
    for _ in range(3):
        x, y = random.uniform(0, 100), random.uniform(8, 45)
        for dx, dy, r in ((-7, 1, 5), (0, -1, 7), (7, 1, 5)):
            stage.disc(x + dx, y + dy, radius=r, colour=WHITE)
    for y, code in ((92, "7cb518"), (102, "5c940d")):
        stage.disc(random.uniform(10, 90), y + 10, radius=85, colour=rgb(code), high=30)
    # Balloons, their strings meet in one point.
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
    # Rows of blocks from the ground up, each block with a light face and a mark.
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
                # Ten points, alternately far from the middle and near to it.
                points = []
                for n_fifth, r in enumerate((5.6, 2.4) * 5):
                    angle = n_fifth * math.pi / 5
                    points.append((r * math.sin(angle), -r * math.cos(angle)))
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
    # Feet, arms and ears at both sides, then body, head and muzzle.
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
    # The bow.
    bow = rgb(random.choice(TOYS))
    stage.shape(bow, (x, 58), (x - 9, 53), (x - 9, 63))
    stage.shape(bow, (x, 58), (x + 9, 53), (x + 9, 63))
    stage.disc(x, 58, radius=2.4, colour=darker(bow, 0.2))
    return "a teddy bear with a bow"
