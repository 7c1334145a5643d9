"""Encoders of pictures, and the decoding of their bytes.

Here: networks and descriptors of single pictures. Not here: networks that are trained on the data.
"""
