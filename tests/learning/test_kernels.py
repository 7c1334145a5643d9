from __future__ import annotations

import numpy as np

from brandfit.learning.kernels import kernel, ridge


def test_the_kernel_against_its_formula():
    rng = np.random.default_rng(0)
    a = {"x": rng.normal(size=(4, 3)).astype(np.float32), "y": rng.normal(size=(4, 2)).astype(np.float32)}
    b = {"x": rng.normal(size=(5, 3)).astype(np.float32), "y": rng.normal(size=(5, 2)).astype(np.float32)}
    found = kernel(a, b, {"x": 3.0, "y": 1.0}, 0.7)
    for i in range(4):
        for j in range(5):
            distance = (3 * ((a["x"][i] - b["x"][j]) ** 2).sum() + ((a["y"][i] - b["y"][j]) ** 2).sum()) / 4
            assert abs(found[i, j] - np.exp(-0.7 * distance)) < 1e-6


def test_ridge_solves_its_equation():
    rng = np.random.default_rng(1)
    rows = {"x": rng.normal(size=(30, 4)).astype(np.float32)}
    gram, targets = kernel(rows, rows, {"x": 1.0}, 0.5), rng.normal(size=(30, 2))
    found = ridge(gram, targets, 0.3)
    np.testing.assert_allclose((gram + 0.3 * np.eye(30)) @ found, targets, atol=1e-8)
    tight = gram.astype(np.float64) @ ridge(gram, targets, 1e-9)
    np.testing.assert_allclose(tight, targets, atol=1e-4)  # without a penalty it runs through all targets
