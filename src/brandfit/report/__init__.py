"""Reports on a brand as one HTML or PDF file.

Here: collecting and drawing what a report shows. Not here: ranking, choosing a set.
"""
