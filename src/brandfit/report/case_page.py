"""A case study as HTML: a part of a page of the service, or one file that loads nothing; and its word clouds
as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from brandfit import __version__
from brandfit.data import tabular
from brandfit.data.role_names import RoleNames
from brandfit.errors import MissingExtra
from brandfit.report import charts, clouds
from brandfit.report.album import data_uri
from brandfit.report.html import file_environment, policy, template_text

ENDINGS = (".html",)
OUTSIDE_FILE_NAMES = re.compile(r"[^\w.-]+", re.ASCII)
"""Characters that the name of a file may not have."""


def body(
    study: Mapping[str, Any],
    picture: Callable[[str], str],
    role_names: RoleNames = RoleNames(),  # noqa: B008 (frozen)
) -> Markup:
    """The part of a page that shows a study (``CaseStudy.to_dict``).

    picture     hash of a picture to its address; "" for a picture that cannot be shown
    role_names  words of the workspace for the two sides
    """
    template = _environment(role_names).get_template("case_body.html")
    accounts = [{**account, "role": role_names.in_text(account["role"])} for account in study["accounts"]]
    worded_study = {**study, "model": role_names.in_sentence(study["model"]), "accounts": accounts}
    return Markup(template.render(**_values(worded_study, picture)))


def save(study: Mapping[str, Any], file: str | Path, *, read_picture: Callable[[str], bytes]) -> Path:
    """Write the study as one file. ``read_picture`` gives the bytes of a picture by its hash."""

    def address(hash: str) -> str:
        try:
            return data_uri(read_picture(hash))
        except KeyError:  # the picture is not stored
            return ""

    path = tabular.checked(file, ENDINGS)
    style = template_text("style.css")
    html = (
        _environment()
        .get_template("case.html")
        .render(**_values(study, address), style=Markup(style), policy=policy(style), version=__version__)
    )
    with tabular.replacing(path, ENDINGS) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def save_clouds(study: Mapping[str, Any], folder: str | Path) -> list[Path]:
    """Write each cloud of each account as PNG. Returns the files. Raises MissingExtra."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for account in study["accounts"]:
        for name, words in account["clouds"].items():
            title = OUTSIDE_FILE_NAMES.sub("_", f"{account['role']}-{account['id']}-{name}")
            files.append(out / f"{title}.png")
            files[-1].write_bytes(clouds.png(words))
    return files


def _values(study: Mapping[str, Any], picture: Callable[[str], str]) -> dict[str, Any]:
    """What the templates read."""
    return {
        "study": study,
        "picture": picture,
        "charts": charts,
        "clouds": clouds,
        "clouds_missing": _reason_without_clouds(),
    }


def _reason_without_clouds() -> str:
    """Why no cloud can be drawn; "" if one can."""
    try:
        clouds.needed()
    except MissingExtra as missing:
        return f"{missing.message} {missing.hint}"
    return ""


@lru_cache(maxsize=4)
def _environment(role_names: RoleNames = RoleNames()) -> jinja2.Environment:  # noqa: B008 (frozen)
    return file_environment(template_text, role_names)
