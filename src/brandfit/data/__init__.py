"""Tables of accounts, posts and links; features; splits; the built-in sample.

Here: facts about a data set that need no model. Not here: encoding, learning and storing.
"""
