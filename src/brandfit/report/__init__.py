"""Reports on a brand as one HTML or PDF file.

The content of a report is gathered and drawn here. Ranking and choosing a set are not: reports show results.
"""
