"""Case studies that jobs have made: stored without texts of people, shown with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brandfit import pipeline
from brandfit.errors import UnknownName
from brandfit.report.words import shortened
from brandfit.service.store.records import forgotten_account, is_forgotten
from brandfit.service.views.accounts import posts_of
from brandfit.workspace import Workspace


def without_texts(study: Mapping[str, Any]) -> dict[str, Any]:
    """A study (``CaseStudy.to_dict``) with ids of accounts and posts, but without names, biographies and
    captions."""
    accounts = []
    for account in study["accounts"]:
        posts = [{**post, "caption": ""} for post in account["posts"]]
        accounts.append({**account, "name": "", "biography": "", "posts": posts})
    return {**study, "accounts": accounts}


def with_texts(workspace: Workspace, study: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the texts that the workspace has now; accounts and posts that are gone have none. Of an
    erased account nothing is left."""
    dataset = pipeline.load(workspace)
    accounts = []
    for account in study["accounts"]:
        if is_forgotten(account):
            accounts.append(forgotten_account(account))
            continue
        try:
            row = dataset.account(account["id"])
        except UnknownName:
            accounts.append({**account, "posts": []})
            continue
        post_by_id = posts_of(workspace, [post["id"] for post in account["posts"]])
        caption_by_id = {id: shortened(post["caption"] or "") for id, post in post_by_id.items()}
        left = [post for post in account["posts"] if post["id"] in caption_by_id]
        posts = [{**post, "caption": caption_by_id[post["id"]]} for post in left]
        texts = {"name": row["name"] or "", "biography": shortened(row["biography"] or "")}
        accounts.append({**account, **texts, "posts": posts})
    return {**study, "accounts": accounts}
