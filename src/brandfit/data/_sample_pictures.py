"""The pictures of the planted sample: small drawings, by interest, each a little different."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from brandfit.data._sample_scenes_home import balloons, blocks, pet, room, shelf, teddy
from brandfit.data._sample_scenes_out import coast, gym, mountains, outfit, plate
from brandfit.data._sample_stage import Stage, mix, rgb

SIZES = ((128, 128), (128, 128), (112, 140), (144, 108))
"""Width and height of pictures, pixels."""

EVENINGS = (("355070", "eaac8b"), ("6d597a", "e56b6f"), ("0b3954", "bfd7ea"), ("606c38", "fefae0"))
"""Colours of the sky, above and below."""


def lights(stage: Stage, random: Random) -> str:
    top_code, bottom_code = random.choice(EVENINGS)
    top, bottom = rgb(top_code), rgb(bottom_code)
    stage.sky(top, bottom)
    # Discs in the colour of the background at their height, a little lighter.
    for _ in range(random.randint(9, 15)):
        x, y, r = random.uniform(-15, 115), random.uniform(-15, 115), random.uniform(4, 13)
        height = min(1.0, max(0.0, y / 100))
        stage.disc(
            x, y, radius=r, colour=mix(mix(top, bottom, height), rgb("fff3c4"), random.uniform(0.15, 0.45))
        )
    return "soft lights"


Scene = Callable[[Stage, Random], str]
"""Draws on a stage and returns a description in words."""

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
"""Interest to its scenes; a scene that is listed twice is drawn twice as often."""


class Drawing(NamedTuple):
    """JPEG bytes, and a description in words."""

    data: bytes
    description: str


def picture(interest: str | None, random: Random) -> Drawing:
    """A drawing about an interest; None: about no interest."""
    stage = Stage(random.choice(SIZES))
    scene = random.choice(SCENES[interest]) if interest else lights
    description = scene(stage, random)
    return Drawing(stage.jpeg(), f"Drawing of {description}")
