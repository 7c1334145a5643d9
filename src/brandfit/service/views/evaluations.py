"""Evaluations that jobs have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brandfit import pipeline
from brandfit.errors import BrandfitError
from brandfit.service.jobs.kinds import SplitSettings
from brandfit.workspace import Workspace


def latest_suggestions(jobs: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The latest ended job, newest first, that evaluated suggestions with a result; None without one."""
    for job in jobs:
        result = job["result"] if job["state"] == "done" else None
        if result and result["protocol"] == "suggestions" and result.get("first_ten"):
            return job
    return None


def counts_unranked(job: Mapping[str, Any]) -> bool:
    """Whether the plain answer of a job counts the brands that could not be ranked apart. Earlier versions
    gave these the figures of chance."""
    return all("unranked" in answer for answer in job["result"]["first_ten"].values())


def is_outdated(workspace: Workspace, job: Mapping[str, Any]) -> bool:
    """Whether data or features have changed since a job evaluated them.

    The fingerprint covers the settings of the data too, so it is compared under those of the job.
    """
    # Only settings of the data matter: those of rankers do not change the data.
    settings = SplitSettings.from_settings(job["parameters"].get("settings"))
    try:
        fingerprint = pipeline.load(workspace, settings.data).fingerprint
    except BrandfitError:  # for example features that are no longer there
        return True
    return bool(fingerprint != job["result"]["dataset"])
