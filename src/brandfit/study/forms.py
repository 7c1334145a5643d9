"""A questionnaire as one HTML file for a group of participants: it loads nothing and sends nothing.

A participant opens the file, answers, and saves the answers as a CSV file, which goes back to whoever runs
the study. The file contains neither the right answers nor the ids of the options.
"""

from __future__ import annotations

from importlib import resources

from brandfit.report import charts
from brandfit.report.html import file_environment, policy, template_text
from brandfit.study.questionnaire import (
    BEST_RATING,
    LETTERS,
    PROFILES,
    SCALES_BY_TASK,
    Questionnaire,
)

SCALE_WORDS = {
    "comprehensive": "Comprehensive",
    "easy": "Easy to understand",
    "reasonable": "Reasonable",
}
RATING_WORDS = ("very poor", "poor", "borderline", "good", "very good")


def render(questionnaire: Questionnaire, group: str) -> str:
    """The form of a group."""
    from markupsafe import Markup

    environment = file_environment(_template)
    environment.globals.update(charts=charts)
    style = template_text("style.css") + _template("form.css")
    script = _template("form.js")
    return environment.get_template("form.html").render(
        questionnaire=questionnaire,
        group=group,
        shows_profiles=group == PROFILES,
        letters=LETTERS,
        scales_by_task=SCALES_BY_TASK,
        scale_words=SCALE_WORDS,
        rating_words=RATING_WORDS,
        ratings=range(1, BEST_RATING + 1),
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
    )


def _template(name: str) -> str:
    return (resources.files("brandfit.study") / "templates" / name).read_text(encoding="utf-8")
