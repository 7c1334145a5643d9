"""Encoders of what the active audience of an account writes and posts."""
