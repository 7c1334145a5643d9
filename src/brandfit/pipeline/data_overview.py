"""Distributions of the influencers and example pictures of each category, as plots and for pages (D-15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from brandfit.arguments import PositiveCount, checked
from brandfit.data import checks
from brandfit.data.category_pictures import PictureExample, category_pictures
from brandfit.report.data_plots import FIELDS, draw_distributions, draw_pictures
from brandfit.workspace import Place, as_workspace

DISTRIBUTIONS, PICTURES = "distributions.png", "pictures.png"


class DataOverview(NamedTuple):
    """distributions of followers, followees and posts (``data.distributions``), and category to pictures."""

    distributions: dict[str, dict[str, Any]]
    pictures: dict[str, list[PictureExample]]


@checked
def data_overview(workspace: Place, *, each: PositiveCount = 4) -> DataOverview:
    """The distributions, and at most ``each`` pictures of every stated category."""
    dataset = as_workspace(workspace).dataset()
    found = checks.check(dataset).distributions
    return DataOverview({name: found[name] for name in FIELDS}, category_pictures(dataset, each))


@checked
def plot_data(workspace: Place, folder: str | Path) -> list[Path]:
    """Write the plots to a folder; a plot without data is not written. Returns the paths."""
    workspace = as_workspace(workspace)
    overview = data_overview(workspace)
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    files = []
    if draw_distributions(overview.distributions, home / DISTRIBUTIONS):
        files.append(home / DISTRIBUTIONS)
    if draw_pictures(workspace.dataset(), overview.pictures, home / PICTURES):
        files.append(home / PICTURES)
    return files
