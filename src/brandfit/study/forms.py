"""A questionnaire as one HTML file for a group of participants: it loads nothing and sends nothing.

A participant opens the file, answers, and saves the answers as a CSV file, which goes back to whoever runs
the study. The file contains neither the right answers nor the ids of the options.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from brandfit.report import charts
from brandfit.report.html import plain, template_text
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
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.finalize = plain
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
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: pictures inside the page, this style sheet and this script, no network."""
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _template(name: str) -> str:
    return (resources.files("brandfit.study") / "templates" / name).read_text(encoding="utf-8")
