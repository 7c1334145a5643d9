"""Getting ready before anybody asks: what the first ranking and the first search would wait for."""

from __future__ import annotations

import logging

from brandfit import pipeline
from brandfit.errors import BrandfitError
from brandfit.workspace import Workspace

log = logging.getLogger("brandfit.service")


def warm(workspace: Workspace) -> None:
    """Read the Dataset and the model, tell what is known of all influencers, and make the index of words; of an unfinished
    workspace as much as there is."""
    try:
        if not workspace.fingerprint:
            return
        dataset = pipeline.load(workspace)
        brands = [brand for brand, seen in dataset.representation.items() if seen != "none"]
        if brands:
            pipeline.rank(workspace, brands[0], k=1)
        pipeline.search(workspace, ("hello",), k=1)
    except BrandfitError:
        return  # whoever asks is told
    except Exception:
        log.exception("warming up")
