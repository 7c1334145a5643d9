"""Questionnaires that measure whether people understand the charts of concepts (C-19), and their scores.

Lives here: questions, forms as HTML, answers and scores. Not allowed: choosing accounts by a ranking, which
is in ``pipeline.study``.
"""
