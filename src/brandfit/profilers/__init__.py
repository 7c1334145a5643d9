"""Profilers predict the category of accounts or posts; one file each; the file name is the name.

Here: models on inputs of accounts. Not here: rankers.
"""
