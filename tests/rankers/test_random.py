from __future__ import annotations

import numpy as np

from brandfit.data.dataset import Dataset
from brandfit.rankers.random import Random

BRANDS = np.array([f"b{n}" for n in range(40)], dtype=object)
CANDIDATES = np.array([f"i{n}" for n in range(500)], dtype=object)


def scores(seed=0, brands=BRANDS, candidates=CANDIDATES):
    return Random(seed=seed).score(Dataset.from_rows(), brands, candidates)


def test_uniform_in_both_directions():
    found = scores()
    assert ((found >= 0) & (found < 1)).all()
    assert abs(found.mean() - 0.5) < 0.01
    assert abs(found.mean(0) - 0.5).max() < 0.25
    assert abs(found.mean(1) - 0.5).max() < 0.07
    assert abs(np.corrcoef(found)[~np.eye(40, dtype=bool)]).max() < 0.25
    histogram = np.histogram(found, 10, (0, 1))[0] / found.size
    assert abs(histogram - 0.1).max() < 0.01


def test_every_pair_has_its_own_score_and_the_seed_decides():
    assert len(np.unique(scores())) == 40 * 500
    assert (scores() == scores()).all()
    assert (scores(seed=1) != scores()).all()
    x, y = np.array(["x"], dtype=object), np.array(["y"], dtype=object)
    assert scores(brands=x, candidates=y) != scores(brands=y, candidates=x)
