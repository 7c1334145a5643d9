"""Encoders of the content of an account's active audience.

Here: the content of audience members, by the encoder of another slot. Not here: the other encoders.
"""
