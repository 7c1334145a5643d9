from __future__ import annotations

import numpy as np

from brandfit.learning.kernels import gram, kernel, ridge


def test_the_kernel_against_its_formula():
    rng = np.random.default_rng(0)
    a = {"x": rng.normal(size=(4, 3)).astype(np.float32), "y": rng.normal(size=(4, 2)).astype(np.float32)}
    b = {"x": rng.normal(size=(5, 3)).astype(np.float32), "y": rng.normal(size=(5, 2)).astype(np.float32)}
    found = kernel(a, b, weights={"x": 3.0, "y": 1.0}, gamma=0.7)
    for i in range(4):
        for j in range(5):
            distance = (3 * ((a["x"][i] - b["x"][j]) ** 2).sum() + ((a["y"][i] - b["y"][j]) ** 2).sum()) / 4
            assert abs(found[i, j] - np.exp(-0.7 * distance)) < 1e-6


def test_ridge_solves_its_equation():
    rng = np.random.default_rng(1)
    rows = {"x": rng.normal(size=(30, 4)).astype(np.float32)}
    one, targets = (
        kernel(rows, rows, weights={"x": 1.0}, gamma=0.5).astype(np.float64),
        rng.normal(size=(30, 2)),
    )
    found = ridge(one, targets, 0.3)
    np.testing.assert_allclose((one + 0.3 * np.eye(30)) @ found, targets, atol=1e-8)
    np.testing.assert_allclose(ridge(one.astype(np.float32), targets, 0.3), found, atol=1e-5)
    tight = one @ ridge(one, targets, 1e-9)
    np.testing.assert_allclose(tight, targets, atol=1e-4)  # without a penalty it runs through all targets


def test_a_gram_matrix_is_the_kernel_of_rows_with_themselves():
    rng = np.random.default_rng(2)
    rows = {
        "x": rng.normal(size=(20, 6)).astype(np.float32),
        "y": rng.normal(size=(20, 3)).astype(np.float32),
    }
    weights = {"x": 2.0, "y": 0.5}
    np.testing.assert_allclose(
        gram(rows, weights, 0.4), kernel(rows, rows, weights=weights, gamma=0.4), atol=1e-5
    )
