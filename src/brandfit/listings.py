"""The kinds of lists that ``brandfit list`` prints. The command line reads them before it loads the rest.

CATALOGUES  of what is installed (``pipeline.catalogue``)
LISTINGS    of what a workspace holds (``pipeline.listing``)
"""

from __future__ import annotations

CATALOGUES = (
    "importers",
    "encoders",
    "profilers",
    "rankers",
    "protocols",
    "metrics",
    "filters",
    "settings",
    "differences",
)
LISTINGS = ("features", "models", "brands", "influencers")
