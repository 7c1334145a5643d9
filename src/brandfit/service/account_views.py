"""Accounts and posts as pages and the API show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit import pipeline
from brandfit.account_id import account_id
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.explain.explanation import Radar
from brandfit.search.facts import Facts, category_words
from brandfit.workspace import Workspace

MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))


def accounts(
    workspace: Workspace,
    role: str,
    *,
    where: str | None = None,
    sort: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> dict[str, Any]:
    """A page of accounts."""
    if role == "brand":
        if where or sort:
            raise UsageError("Conditions and sorting are of influencers.", "Leave them out for brands.")
        dataset = pipeline.load(workspace)
        ids = dataset.brands[offset : offset + limit]
        rows = _stated(dataset, ids)
        more = {"total": len(dataset.brands), "filters": "", "unknown": 0, "excluded": []}
    else:
        found = pipeline.search(workspace, (), where=where, sort=sort, k=limit, offset=offset)
        rows = _stated(
            pipeline.load(workspace), np.array([row["influencer"] for row in found.rows], dtype=object)
        )
        more = {"total": found.total, "filters": found.sentence, "unknown": found.unknown}
        more["excluded"] = [group.to_dict() for group in found.excluded]
    return {"items": rows, "limit": limit, "offset": offset, **more}


def account(workspace: Workspace, id: str) -> dict[str, Any]:
    """All that is stated of it. Raises UnknownName."""
    dataset = pipeline.load(workspace)
    found = dataset.account(account_id(id))
    # A brief says what a brand looks for: it is no post.
    own = dataset.posts.filter(pc.equal(dataset.posts["account"], found["id"]))
    found["posts_here"] = int(pc.sum(pc.equal(own["kind"], "post")).as_py() or 0)
    if found["role"] == "brand" or found["id"] in dataset.representation:
        found["seen_by"] = dataset.representation[found["id"]]
        found["partners"] = sorted(dataset.partners.get(found["id"], ()))
    else:
        found["brands"] = sorted(b for b, partners in dataset.partners.items() if found["id"] in partners)
    return found


def posts(
    workspace: Workspace, id: str, *, limit: int = 50, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """The newest of an account with the hashes of their pictures, and how many there are. Raises
    UnknownName."""
    dataset = pipeline.load(workspace)
    id = dataset.account(account_id(id))["id"]
    mine = dataset.posts.filter(pc.equal(dataset.posts["account"], id)).sort_by(
        [("time", "descending"), ("id", "ascending")]
    )
    page = mine.slice(offset, limit).to_pylist()
    return [
        {**row, "pictures": shown}
        for row, shown in zip(page, pictures(dataset, [p["id"] for p in page]), strict=True)
    ], len(mine)


def pictures(dataset: Dataset, posts: list[str]) -> list[list[str]]:
    """Hashes of the pictures of each of these posts."""
    images = dataset.images.filter(pc.is_in(dataset.images["post"], value_set=pa.array(posts, pa.string())))
    found: dict[str, list[str]] = {}
    for post, hash in zip(images["post"].to_pylist(), images["hash"].to_pylist(), strict=True):
        found.setdefault(post, []).append(hash)
    return [found.get(post, []) for post in posts]


def faces(workspace: Workspace, ids: list[str], most: int = 4) -> dict[str, list[dict[str, str]]]:
    """Account to its newest pictures: hash and caption of the post."""
    dataset = pipeline.load(workspace)
    mine = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=pa.array(ids, pa.string())))
    mine = mine.sort_by([("time", "descending"), ("id", "ascending")]).select(["id", "account", "caption"])
    found: dict[str, list[dict[str, str]]] = {id: [] for id in ids}
    shown = pictures(dataset, mine["id"].to_pylist())
    for account, caption, hashes in zip(
        mine["account"].to_pylist(), mine["caption"].to_pylist(), shown, strict=True
    ):
        if hashes and len(found[account]) < most:
            found[account].append({"hash": hashes[0], "caption": caption or ""})
    return found


def facts(workspace: Workspace, account: dict[str, Any]) -> dict[str, str]:
    """Label to words, of what is known of an account."""
    seen = {
        "posts": "",
        "brief": "its brief",
        "partners": "its partners' posts",
        "profile": "features of its own",
        "none": "nothing",
    }
    told = {
        "Name": account["name"] or "",
        "Business": account["business_category"] or "",
        "Followers": _count(account["followers"]),
        "Follows": _count(account["followees"]),
        "Posts here": _count(account["posts_here"]),
        "Seen by": seen.get(account.get("seen_by", ""), ""),
    }
    return {label: words for label, words in told.items() if words}


def described(workspace: Workspace, ids: list[str]) -> dict[str, dict[str, str]]:
    """Influencer to a line of figures, and its biography."""
    dataset = pipeline.load(workspace)
    known = dataset.cached("facts", lambda: Facts(dataset))
    row = dataset.cached("rows", lambda: {id: n for n, id in enumerate(known.ids.tolist())})
    found = {}
    for id in ids:
        n = row.get(id)
        if n is None:
            found[id] = {"line": "", "biography": ""}
            continue
        category, is_stated, probability, followers, rate, posts = (
            getattr(known, name)[n].as_py()
            for name in (
                "category",
                "category_is_stated",
                "confidence",
                "followers",
                "engagement",
                "imported_posts",
            )
        )
        told = [
            category_words(category, is_stated, probability),
            f"{followers:,} followers" if followers is not None else "followers not known",
            f"{100 * rate:.1f} % engagement" if rate is not None else "",
            f"{posts:,} {'post' if posts == 1 else 'posts'} here",
        ]
        found[id] = {
            "line": " · ".join(part for part in told if part),
            "biography": known.biography[n].as_py() or "",
        }
    return found


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def media_type(data: bytes) -> str:
    return next((kind for start, kind in MAGIC if data.startswith(start)), "application/octet-stream")


def _stated(dataset: Dataset, ids: np.ndarray) -> list[dict[str, Any]]:
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=dataset.accounts["id"].combine_chunks())
    return dataset.accounts.take(rows).to_pylist()


# --- what single pages show ---------------------------------------------------------------------------------


def posts_of(workspace: Workspace, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Post to its caption, time and first picture (hash "" where it has none)."""
    dataset = pipeline.load(workspace)
    found = dataset.posts.filter(pc.is_in(dataset.posts["id"], value_set=pa.array(ids, pa.string())))
    rows = found.select(["id", "account", "caption", "time"]).to_pylist()
    shown = pictures(dataset, [row["id"] for row in rows])
    return {
        row["id"]: {**row, "hash": hashes[0] if hashes else ""}
        for row, hashes in zip(rows, shown, strict=True)
    }


def known_accounts(workspace: Workspace, texts: list[str]) -> list[str]:
    """Accounts as people type them: one a text, or several with commas or blanks between. Raises
    UnknownName."""
    dataset = pipeline.load(workspace)
    known = set(dataset.accounts["id"].to_pylist())
    found: list[str] = []
    for text in texts:
        whole = account_id(text)
        found += [whole] if whole in known else [account_id(part) for part in text.replace(",", " ").split()]
    return [dataset.account(id)["id"] for id in dict.fromkeys(found)]


HABITS = {
    "engagement": "Engagement a post, mean",
    "median_engagement": "Engagement, middle post",
    "posting_rate": "Posts a month",
    "sponsored_share": "Marked as advertisements",
    "last_post": "Last post",
}


def habits(workspace: Workspace, id: str) -> dict[str, str]:
    """Label to words, of how an influencer posts."""
    told = pipeline.facts_of(workspace, id, list(HABITS))
    return {label: str(told[fact]) for fact, label in HABITS.items() if told[fact] is not None}


HINTS = {
    "engagement": "Engagement",
    "followers_ratio": "Followers for each followed",
    "likes_per_comment": "Likes for each comment",
    "comment_repetition": "Comments that say the same",
    "same_commenters": "Comments by the same people",
    "stock_comments": "Comments that fit any post",
}
"""What hints at how genuine an audience is are called."""


def radar_of(topics: dict[str, float], side: str) -> Radar | None:
    """Of what one side is about: three topics or more, in the order of their names, so that two radars can be
    told apart."""
    if len(topics) < 3:
        return None
    names = tuple(sorted(topics))
    return Radar(names, {side: np.array([topics[name] for name in names])}, "concept")
