"""Finding influencers by words, conditions and similarity; feedback on rankings.

Here: queries over features and facts. Not here: trained rankers.
"""
