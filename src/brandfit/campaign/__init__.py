"""Choosing a set of influencers under a budget; prices; forecasts; advice for posts.

Here: optimisation and forecasts over a ranking. Not here: making the ranking.
"""
