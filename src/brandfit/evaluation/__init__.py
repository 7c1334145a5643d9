"""Judging: protocols, metrics, significance tests, and reports on rankers and profilers.

Allowed here: what needs only scores, probabilities and held-out pairs. Not allowed: a particular model.
"""
