"""Encoders of captions, hashtags, mentions and biographies."""
