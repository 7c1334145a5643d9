"""The shortlist of a brand: those whom people put on it, with what they noted and what the pipeline tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.campaign.figures import figures
from brandfit.errors import BrandfitError
from brandfit.service.annotations import opinions
from brandfit.service.store import ServiceStore
from brandfit.workspace import Workspace


def listed(
    workspace: Workspace, desk: ServiceStore, *, brand: str, ranker: str | None = None
) -> dict[str, Any]:
    """Those on the list, the best first; ``set`` and ``figures`` are what they come to, and ``wrong`` says
    why these are missing.

    Raises UnknownName for a brand that is not there.
    """
    dataset = pipeline.load(workspace)
    brand = dataset.account(account_id(brand))["id"]
    here = set(dataset.influencers.tolist())
    marks = [mark for mark in desk.annotations(brand).values() if mark["listed"]]
    known = sorted(
        (mark for mark in marks if mark["influencer"] in here), key=lambda mark: mark["influencer"]
    )
    ids = [mark["influencer"] for mark in known]
    reads = ranker or pipeline.default_ranker(workspace)
    about = pipeline.describe_accounts(workspace, ids, ranker=reads)
    found: dict[str, Any] = {
        "brand": brand,
        "gone": sorted(mark["influencer"] for mark in marks if mark["influencer"] not in here),
        "wrong": "",
        "set": None,
        "figures": [],
        "items": [
            {**mark, **told, "pick": None, "chance": None} for mark, told in zip(known, about, strict=True)
        ],
    }
    if not ids:
        return found
    try:
        not_this = opinions(workspace, desk, brand).dislikes
        appraised = pipeline.appraise(workspace, brand, influencers=ids, ranker=ranker, not_this=not_this)
        chances = pipeline.chances(workspace, brand, influencers=np.array(ids, dtype=object), ranker=ranker)
    except BrandfitError as error:
        return {**found, "wrong": f"{error.message} {error.hint}".strip()}
    of = {
        item["influencer"]: {**item, "chance": chances[n] if chances else None}
        for n, item in enumerate(found["items"])
    }
    told = appraised.to_dict()
    items = [{**of[pick["influencer"]], "pick": pick} for pick in told["picks"]]
    return {
        **found,
        "set": told,
        "figures": [asdict(figure) for figure in figures(appraised)],
        "items": items,
    }


def rows(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A flat row an influencer, for a file."""
    for item in found["items"]:
        pick, chance = item["pick"] or {}, item["chance"] or {}
        yield {
            "influencer": item["influencer"],
            "brand": found["brand"],
            "category": item["category"],
            "category_source": item["category_source"],
            "category_probability": item["category_probability"],
            "followers": item["followers"],
            "rank": pick.get("rank"),
            "chance": chance.get("value"),
            "chance_low": chance.get("low"),
            "chance_high": chance.get("high"),
            "engagement": pick.get("engagement"),
            "engagement_low": pick.get("engagement_low"),
            "engagement_high": pick.get("engagement_high"),
            "price": pick.get("price"),
            "price_low": pick.get("price_low"),
            "price_high": pick.get("price_high"),
            "currency": (found["set"] or {}).get("currency"),
            "audience_shared": pick.get("audience_shared"),
            "opinion": item["opinion"],
            "note": item["note"],
            "tags": item["tags"],
        }
