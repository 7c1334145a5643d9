"""A Report as one HTML file that loads nothing: pictures and styles are inside, and it has no scripts.

The template engine escapes everything that people wrote and removes control characters; ``<bdi>`` keeps such
text from changing the direction of the text around it. A Content-Security-Policy forbids the page to load
anything; it admits the one style sheet by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import unicodedata
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any

from brandfit import __version__
from brandfit.campaign.figures import figures, verdict
from brandfit.data.candidates import sentences
from brandfit.data.role_names import RoleNames
from brandfit.report import charts
from brandfit.report.content import Report

if TYPE_CHECKING:
    import jinja2


def render(report: Report) -> str:
    """The page."""
    from markupsafe import Markup

    environment = file_environment(template_text)
    environment.filters.update(
        count=_count, known=_number_or_unknown, score=_score, percent=_percent, handle=_handle
    )
    environment.globals.update(charts=charts)
    style = template_text("style.css")
    best_set = report.shortlist
    return environment.get_template("report.html").render(
        report=report,
        style=Markup(style),
        policy=policy(style),
        version=__version__,
        top=_top(report),
        counts=sentences(best_set.among, best_set.excluded) if best_set else [],
        figures=figures(best_set) if best_set else [],
        verdict=verdict(best_set) if best_set else "",
    )


def file_environment(
    read: Callable[[str], str],
    role_names: RoleNames = RoleNames(),  # noqa: B008 (frozen)
) -> jinja2.Environment:
    """The templates of a page that is one file. Every value is escaped and loses its control characters, and
    an unknown name is an error.

    read        from the name of a template to its text
    role_names  words of the fixed text; files keep brand and influencer
    """
    import jinja2

    from brandfit.report.role_words import RoleWords

    environment = jinja2.Environment(
        finalize=plain,
        loader=jinja2.FunctionLoader(read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[RoleWords],
    )
    environment.role_names = role_names  # type: ignore[attr-defined]
    return environment


def policy(style: str, script: str = "") -> str:
    """The Content-Security-Policy: only pictures inside the page, this style sheet, and this script if there
    is one."""
    scripts = f"script-src 'sha256-{_digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    """The hash that a browser compares with a style sheet or a script in the page."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def template_text(name: str) -> str:
    return (resources.files("brandfit.report") / "templates" / name).read_text(encoding="utf-8")


def plain(value: Any) -> Any:
    """Texts without control characters. Markup from the templates passes unchanged."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    # Cc: control characters, Cs: lone surrogates, which UTF-8 cannot encode.
    return "".join(c for c in value if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))


def _top(report: Report) -> float:
    """The end of the scale of probabilities: the end of the highest interval, in steps of a tenth."""
    # 1 without any interval.
    highest = max((card.chance[2] for card in report.cards if card.chance), default=1.0)
    return min(1.0, math.ceil(10 * highest) / 10) or 1.0


def _handle(value: str) -> Any:
    """The id of an account with line breaks allowed after its words."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=[._-])", "<wbr>", str(escape(plain(value)))))


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _number_or_unknown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def _score(value: float) -> str:
    return "no evidence" if math.isnan(value) else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.01 or value == 0 else f"{100 * value:.1g} %"
