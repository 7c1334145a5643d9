"""Answers to readers as JSON types: one module per subject, used by API and pages.

Here: calls of the pipeline and their shape. Not here: HTTP, HTML.
"""
