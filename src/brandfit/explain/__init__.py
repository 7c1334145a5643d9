"""Why a pair has its score: attributions, heat maps, radar charts, sentences.

Here: explanations as data, and drawing them. Not here: pages.
"""
