"""The audience of an account: its size, overlap, similarity and signs of purchased followers.

Here: statistics over followers and comments. Not here: rankings of influencers for a brand.
"""
