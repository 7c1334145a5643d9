"""Seeds for independent random streams, derived from one number and the name of each use. No seed is
global."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *names: object) -> int:
    """A 63-bit seed for one named use. The order of work changes no result.

    >>> derive(0, "fold", 1) == derive(0, "fold", 1)
    True
    >>> derive(0, "fold", 1) == derive(0, "fold", 2)
    False
    """
    # The separator occurs in no name, so that ("a", "bc") and ("ab", "c") differ.
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(seed: int, *names: object) -> np.random.Generator:
    """A NumPy generator for one named use, independent of those of other names."""
    return np.random.default_rng(derive(seed, *names))
