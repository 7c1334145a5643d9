"""Numerics that several models share: pooling, losses, samplers, kernels, training.

Here: functions of arrays. Not here: a model with a name, reading a workspace.
"""
