"""The shortlist of a brand: the influencers that people listed, with annotations, prices and chances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.campaign.figures import figures
from brandfit.errors import BrandfitError
from brandfit.service.store.service_store import ServiceStore
from brandfit.service.views.opinions import opinions
from brandfit.workspace import Workspace

PICK_COLUMNS = ("engagement", "engagement_low", "engagement_high", "price", "price_low", "price_high")


def listed(
    workspace: Workspace, store: ServiceStore, *, brand: str, ranker: str | None = None
) -> dict[str, Any]:
    """The listed influencers, the best first, with the figures of the set (``set``, ``figures``); ``wrong``
    says why the figures are missing.

    Raises UnknownName for a brand that is not in the workspace.
    """
    dataset = pipeline.load(workspace)
    brand = dataset.account(account_id(brand))["id"]
    influencers = set(dataset.influencers.tolist())
    annotations = {
        influencer: annotation
        for influencer, annotation in store.annotations(brand).items()
        if annotation["listed"]
    }
    # Listed influencers that left the workspace are named (``gone``) and have no figures.
    ids = sorted(id for id in annotations if id in influencers)
    items: dict[str, dict[str, Any]] = {}
    ranker_read = ranker or pipeline.default_ranker(workspace)
    descriptions = pipeline.describe_accounts(workspace, ids, ranker=ranker_read)
    for id, description in zip(ids, descriptions, strict=True):
        items[id] = {**annotations[id], **description, "pick": None, "chance": None}
    shortlist: dict[str, Any] = {
        "brand": brand,
        "gone": sorted(id for id in annotations if id not in influencers),
        "wrong": "",
        "set": None,
        "figures": [],
        "items": list(items.values()),
    }
    if not ids:
        return shortlist
    try:
        not_this = opinions(workspace, store, brand).dislikes
        appraised = pipeline.appraise(
            workspace,
            brand,
            influencers=ids,
            ranker=ranker,
            not_this=not_this,
            price_list=store.stated_prices(brand),
        )
        chances = pipeline.chances(workspace, brand, influencers=np.array(ids, dtype=object), ranker=ranker)
    except BrandfitError as error:  # nothing can rank: the annotations are shown all the same
        return {**shortlist, "wrong": f"{error.message} {error.hint}".strip()}
    # (n,) chances in the order of ids; None if the ranker gives none.
    for n, id in enumerate(ids):
        items[id]["chance"] = chances[n] if chances else None
    set_ = appraised.to_dict()
    return {
        **shortlist,
        "set": set_,
        "figures": [asdict(figure) for figure in figures(appraised)],
        "items": [{**items[pick["influencer"]], "pick": pick} for pick in set_["picks"]],  # best first
    }


def rows(shortlist: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One flat row per influencer, for a file."""
    currency = (shortlist["set"] or {}).get("currency")
    for item in shortlist["items"]:
        # Without a set the columns stay, and are empty.
        pick, chance = item["pick"] or {}, item["chance"] or {}
        yield {
            "influencer": item["influencer"],
            "brand": shortlist["brand"],
            "category": item["category"],
            "category_source": item["category_source"],
            "category_probability": item["category_probability"],
            "followers": item["followers"],
            "rank": pick.get("rank"),
            "chance": chance.get("value"),
            "chance_low": chance.get("low"),
            "chance_high": chance.get("high"),
            **{name: pick.get(name) for name in PICK_COLUMNS},
            "currency": currency,
            "audience_shared": pick.get("audience_shared"),
            "opinion": item["opinion"],
            "note": item["note"],
            "tags": item["tags"],
        }
