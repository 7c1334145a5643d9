"""Encoders turn posts and accounts into features; one file each, in a folder for each kind of input.

Here: features that do not depend on endorsements. Not here: scores, pooling of posts.
"""
