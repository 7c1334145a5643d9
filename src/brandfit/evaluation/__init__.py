"""Protocols, metrics, significance tests and reports on how good rankers and profilers are.

Here: what needs scores and held-out pairs. Not here: the models that are judged.
"""
