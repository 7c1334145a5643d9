"""Calibration of probabilities by a temperature (Guo et al., ICML 2017)."""

from __future__ import annotations

import numpy as np


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(n, c) probabilities to the power of 1 / temperature, normalised to a sum of one."""
    # The lower bound keeps a probability of 0 finite at any temperature.
    power = np.maximum(probabilities, 1e-12) ** (1 / temperature)
    return power / power.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The temperature that maximises the log likelihood of class numbers y (n,)."""
    from scipy.optimize import minimize_scalar

    row = np.arange(len(y))

    def loss(log_temperature: float) -> float:
        calibrated = apply_temperature(probabilities, float(np.exp(log_temperature)))
        return -np.log(calibrated[row, y]).mean()

    # Over the logarithm: a temperature of 2 is as far from 1 as one of 1/2.
    optimum = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(optimum.x))
