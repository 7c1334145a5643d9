"""Finding influencers by words, conditions and similarity, and adjusting rankings by likes and dislikes.

Here: queries over features and facts. Not here: trained rankers.
"""
