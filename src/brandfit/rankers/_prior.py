"""The prior mean of the weights of ``brandfit``: what each kind of evidence was worth on other data, by
number of brands.

    mean of w_k = level_k + slope_k log2(n / 40),    n brands with partners, no fewer and no more than were
                                                     measured

``prior.json`` holds level and slope of each kind of evidence, how they were measured and on what. They are
statistics of two data sets, the released features of Gan et al. 2019 and a sample of Instagram; no row of
either is in them. An experiment on one of the two leaves that one out (``prior=instagram``,
``prior=released``), so that the weights never saw what they are judged by.

Without endorsements the weights are the prior mean; with many brands the data outweigh it
(``learning.stack``). Likeness never has a negative mean. Evidence that was not measured has the mean 0: then
the data alone decide; so does the engagement of a candidate, which says nothing of whether both suit each
other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

Sources = Literal["both", "released", "instagram", "none"]
REFERENCE = 40
"""Brands at which a weight is its level."""
EQUAL = 1.0
"""Weight of each cosine where nothing was learned and no prior was measured for any of them."""


def weights(names: Sequence[str], brands: int, sources: Sources) -> np.ndarray:
    """(k,) prior means of the weights of standardised evidence, for a model fitted on so many brands."""
    kept = [source for name, source in _measured().items() if sources in ("both", name)]
    means = np.array([_mean(name, brands, kept) for name in names])
    if not brands and not means.any():
        return np.array([EQUAL if name.startswith("cos.") else 0.0 for name in names])
    return means


def _mean(name: str, brands: int, sources: Sequence[dict[str, Any]]) -> float:
    """The mean over the sources that have this evidence; 0 where none has."""
    found = [_at(source, name, brands) for source in sources if name in source["weights"]]
    return float(np.mean(found)) if found else 0.0


def _at(source: dict[str, Any], name: str, brands: int) -> float:
    level, slope = source["weights"][name]
    fewest, most = source["brands"]
    return max(float(level + slope * np.log2(np.clip(brands, fewest, most) / REFERENCE)), 0.0)


@cache
def _measured() -> dict[str, dict[str, Any]]:
    text = resources.files("brandfit.rankers").joinpath("prior.json").read_text(encoding="utf-8")
    measured: dict[str, dict[str, Any]] = json.loads(text)["sources"]
    return measured
