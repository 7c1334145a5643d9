"""Calibration of probabilities by a temperature (Guo et al., ICML 2017)."""

from __future__ import annotations

import numpy as np


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(n, c) probabilities to the power of 1 / temperature, normalised to a sum of one."""
    power = np.maximum(probabilities, 1e-12) ** (1 / temperature)
    return power / power.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The temperature that maximises the log likelihood of class numbers y (n,)."""
    from scipy.optimize import minimize_scalar

    row = np.arange(len(y))

    def loss(log_temperature: float) -> float:
        calibrated = apply_temperature(probabilities, float(np.exp(log_temperature)))
        return -np.log(calibrated[row, y]).mean()

    optimum = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(optimum.x))
