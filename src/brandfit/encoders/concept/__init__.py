"""Encoders of social media concepts."""
