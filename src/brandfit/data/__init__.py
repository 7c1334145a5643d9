"""Tables of accounts, posts and links; features; splits; the built-in sample.

Here: what can be known of a data set without a model. Not here: anything that encodes, learns or stores.
"""
