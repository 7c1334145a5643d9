"""Prior mean of the weights of ``brandfit``: the weight of each kind of evidence on other data.

    mean of w_k = level_k + slope_k log2(n / 40),    n brands with partners, within the measured range

``prior.json`` holds level and slope of each kind of evidence, with the method and the data of the
measurement. They are statistics of two data sets, the released features of Gan et al. 2019 and a sample of
Instagram; they contain no row of either. An experiment on one of the two leaves that one out
(``prior=instagram``, ``prior=released``), so that its weights do not depend on the judged data.

Without endorsements the weights are the prior mean; with many brands the data outweigh it
(``learning.calibrated_logit``). The mean of a similarity is never negative. Evidence that was not measured
has the mean 0: the data alone decide. So does engagement of a candidate, which contains no information about
the brand.
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
"""Number of brands at which a weight is its level."""
UNMEASURED_COSINE = 1.0
"""Weight of each cosine without training, if no prior was measured for any evidence."""


def weights(names: Sequence[str], n_brands: int, sources: Sources) -> np.ndarray:
    """(k,) prior means of the weights of standardised evidence, for a model fitted on n brands."""
    chosen = [source for name, source in _measured().items() if sources in ("both", name)]
    means = np.array([_mean(name, n_brands, chosen) for name in names])
    if not n_brands and not means.any():
        return np.array([UNMEASURED_COSINE if name.startswith("cos.") else 0.0 for name in names])
    return means


def _mean(name: str, n_brands: int, sources: Sequence[dict[str, Any]]) -> float:
    """The mean over the sources that measured this evidence; 0 if none did."""
    values = [_weight(source, name, n_brands) for source in sources if name in source["weights"]]
    return float(np.mean(values)) if values else 0.0


def _weight(source: dict[str, Any], name: str, n_brands: int) -> float:
    """The line of one source; the number of brands is clipped to the measured range."""
    level, slope = source["weights"][name]
    fewest, most = source["brands"]
    return max(float(level + slope * np.log2(np.clip(n_brands, fewest, most) / REFERENCE)), 0.0)


@cache
def _measured() -> dict[str, dict[str, Any]]:
    text = resources.files("brandfit.rankers").joinpath("prior.json").read_text(encoding="utf-8")
    measured: dict[str, dict[str, Any]] = json.loads(text)["sources"]
    return measured
