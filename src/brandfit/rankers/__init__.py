"""Rankers score (brand, influencer) pairs; one file each; the file name is the name.

Here: models and their networks. Not here: metrics, reading or writing files of a workspace.
"""
