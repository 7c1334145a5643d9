"""Encoders of social media concepts, and the taxonomy of concepts.

Here: concepts in words and pictures. Not here: weights of concepts for brands.
"""
