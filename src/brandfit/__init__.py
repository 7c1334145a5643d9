"""Brandfit ranks micro-influencers for a brand, and says why."""

__version__ = "0.1.0"
