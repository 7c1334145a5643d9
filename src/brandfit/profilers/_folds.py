"""Folds over labelled examples: stratified by class, examples of an owner together."""

from __future__ import annotations

import numpy as np

from brandfit import seeds


def stratified_folds(y: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(n,) fold of each example: each fold has about equally many of each class number in y (n,)."""
    order = seeds.generator(seed, "profile folds").permutation(len(y))
    # Within a class the order stays random; consecutive examples go to consecutive folds.
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % folds
    return fold


def group_stratified_folds(owners: np.ndarray, y: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """(n,) fold of each example, those of an owner in the same fold.

    Owners are stratified by the largest class number that they have.
    """
    names, owner = np.unique(owners.astype(str), return_inverse=True)
    largest = np.zeros(len(names), np.int64)
    np.maximum.at(largest, owner, y)
    return stratified_folds(largest, folds, seed)[owner]
