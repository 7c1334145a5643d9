"""Encoders of captions, hashtags, mentions and biographies.

Here: cleaning, segmentation and encoding of text. Not here: search by words.
"""
