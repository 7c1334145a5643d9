"""Accounts and posts as API and pages show them."""

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
from brandfit.mappings import position_by_item
from brandfit.search.facts import Facts, category_words
from brandfit.workspace import Workspace

MEDIA_TYPE_BY_START = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"RIFF": "image/webp",
}
"""First bytes of a picture to its media type."""
REPRESENTATION = {
    "posts": "",
    "brief": "its brief",
    "partners": "its partners' posts",
    "profile": "its own features",
    "none": "nothing",
}
"""The source of the features of a brand, in words; posts are the usual one and need none."""
HABITS = {
    "engagement": "Engagement a post, mean",
    "median_engagement": "Engagement, middle post",
    "posting_rate": "Posts a month",
    "sponsored_share": "Marked as advertisements",
    "last_post": "Last post",
}
"""Facts about how an influencer posts, with their labels."""
HINTS = {
    "engagement": "Engagement",
    "followers_ratio": "Followers for each followed",
    "likes_per_comment": "Likes for each comment",
    "comment_repetition": "Comments that say the same",
    "same_commenters": "Comments by the same people",
    "stock_comments": "Comments that fit any post",
}
"""Hints at how genuine an audience is, with their labels."""
NEWEST_FIRST = [("time", "descending"), ("id", "ascending")]


# --- accounts -----------------------------------------------------------------------------------------------


def accounts(
    workspace: Workspace,
    role: str,
    *,
    where: str | None = None,
    sort: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> dict[str, Any]:
    """A page of brands, or of influencers that meet a condition."""
    dataset = pipeline.load(workspace)
    page: dict[str, Any]
    if role == "brand":
        if where or sort:
            raise UsageError("Conditions and sorting are of influencers.", "Leave them out for brands.")
        ids = dataset.brands[offset : offset + limit]
        page = {"total": len(dataset.brands), "filters": "", "unknown": 0, "excluded": []}
    else:
        result = pipeline.search(workspace, (), where=where, sort=sort, k=limit, offset=offset)
        ids = np.array([row["influencer"] for row in result.rows], dtype=object)
        page = {
            "total": result.total,
            "filters": result.sentence,
            "unknown": result.unknown,
            "excluded": [group.to_dict() for group in result.excluded],
        }
    return {"items": _account_rows(dataset, ids), "limit": limit, "offset": offset, **page}


def account(workspace: Workspace, id: str) -> dict[str, Any]:
    """All stated fields of an account, its number of posts, and its partners or brands. Raises
    UnknownName."""
    dataset = pipeline.load(workspace)
    account = dataset.account(account_id(id))
    # A brief is stored like a post, and is none: it says what a brand looks for.
    own = dataset.posts.filter(pc.equal(dataset.posts["account"], account["id"]))
    account["imported_posts"] = int(pc.sum(pc.equal(own["kind"], "post")).as_py() or 0)
    if account["role"] == "brand" or account["id"] in dataset.representation:
        account["representation"] = dataset.representation[account["id"]]
        account["partners"] = sorted(dataset.partners.get(account["id"], ()))
    else:
        account["brands"] = sorted(
            brand for brand, partners in dataset.partners.items() if account["id"] in partners
        )
    return account


def known_accounts(workspace: Workspace, texts: list[str]) -> list[str]:
    """Ids from text fields: each text is one account, or several with commas or blanks between them. Raises
    UnknownName."""
    dataset = pipeline.load(workspace)
    # Ids of brands and influencers.
    known = set(dataset.accounts["id"].to_pylist())
    ids: list[str] = []
    for text in texts:
        # An id may itself hold blanks or commas, so the whole text is tried first.
        whole = account_id(text)
        ids += [whole] if whole in known else map(account_id, text.replace(",", " ").split())
    return [dataset.account(id)["id"] for id in dict.fromkeys(ids)]


def facts(workspace: Workspace, account: dict[str, Any]) -> dict[str, str]:
    """Label to words, of the known fields of an ``account``."""
    words_by_label = {
        "Name": account["name"] or "",
        "Business": account["business_category"] or "",
        "Followers": _count(account["followers"]),
        "Follows": _count(account["followees"]),
        "Posts here": _count(account["imported_posts"]),
        "Place": ", ".join(filter(None, (account["city"], account["country"]))),
        "Stated price": _stated_price(account),
        "Stated engagement rate": _share(account["engagement_rate"]),
        "Seen by": REPRESENTATION.get(account.get("representation", ""), ""),
    }
    # Further columns of the source, as it writes them.
    words_by_label |= {
        name: text for name, text in account["attributes"].items() if name not in words_by_label
    }
    return {label: words for label, words in words_by_label.items() if words}


def _stated_price(account: dict[str, Any]) -> str:
    price = account["price"]
    return "" if price is None else f"{price:,.2f} {account['currency'] or ''}".strip()


def _share(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"


def habits(workspace: Workspace, id: str) -> dict[str, str]:
    """Label to words, of how an influencer posts."""
    value_by_fact = pipeline.facts_of(workspace, id, list(HABITS))
    known = {fact: value for fact, value in value_by_fact.items() if value is not None}
    return {label: str(known[fact]) for fact, label in HABITS.items() if fact in known}


def described(workspace: Workspace, ids: list[str]) -> dict[str, dict[str, str]]:
    """Influencer to a line of figures (``line``) and its ``biography``; both are "" for other accounts."""
    dataset = pipeline.load(workspace)
    known = dataset.cached("facts", lambda: Facts(dataset))
    row_by_id = dataset.cached("rows", lambda: position_by_item(known.ids.tolist()))
    descriptions = {}
    for id in ids:
        n = row_by_id.get(id)
        # Brands and unknown accounts have no facts of influencers.
        if n is None:
            descriptions[id] = {"line": "", "biography": ""}
        else:
            biography = known.biography[n].as_py() or ""
            descriptions[id] = {"line": _line(known, n), "biography": biography}
    return descriptions


def _line(known: Facts, n: int) -> str:
    """Category, followers, engagement and posts of the influencer in row n."""
    # Columns are Arrow arrays: one value each becomes a Python object.
    followers, rate = known.followers[n].as_py(), known.engagement[n].as_py()
    n_posts = known.imported_posts[n].as_py()
    category = category_words(
        known.category[n].as_py(), known.category_is_stated[n].as_py(), known.confidence[n].as_py()
    )
    parts = [
        category,
        f"{followers:,} followers" if followers is not None else "followers not known",
        f"{100 * rate:.1f} % engagement" if rate is not None else "",
        f"{n_posts:,} {'post' if n_posts == 1 else 'posts'} here",
    ]
    return " · ".join(filter(None, parts))


def radar_of(topics: dict[str, float], side: str) -> Radar | None:
    """A radar of the topics of one side, None for fewer than three. Topics are sorted by name, so that two
    radars can be compared."""
    if len(topics) < 3:
        return None
    # Values in the order of the names.
    names = tuple(sorted(topics))
    return Radar(names, {side: np.array([topics[name] for name in names])}, "concept")


def _account_rows(dataset: Dataset, ids: np.ndarray) -> list[dict[str, Any]]:
    """Stated fields of these accounts, in this order."""
    # (n,) row numbers in the table of accounts.
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=dataset.accounts["id"].combine_chunks())
    return dataset.accounts.take(rows).to_pylist()


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


# --- posts and pictures -------------------------------------------------------------------------------------


def posts(
    workspace: Workspace, id: str, *, limit: int = 50, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """The newest posts of an account with the hashes of their pictures, and the number of all its posts.
    Raises UnknownName."""
    dataset = pipeline.load(workspace)
    id = dataset.account(account_id(id))["id"]
    # Filtered in Arrow, and only the page becomes Python objects.
    own = dataset.posts.filter(pc.equal(dataset.posts["account"], id)).sort_by(NEWEST_FIRST)
    rows = own.slice(offset, limit).to_pylist()
    hashes_by_post = pictures(dataset, [row["id"] for row in rows])
    for row in rows:
        row["pictures"] = hashes_by_post.get(row["id"], [])
    return rows, len(own)


def posts_of(workspace: Workspace, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Post to its account, caption, time and first picture (hash "" without one)."""
    dataset = pipeline.load(workspace)
    rows = dataset.posts.filter(pc.is_in(dataset.posts["id"], value_set=pa.array(ids, pa.string())))
    row_by_post = {row["id"]: row for row in rows.select(["id", "account", "caption", "time"]).to_pylist()}
    hashes_by_post = pictures(dataset, list(row_by_post))
    for post, row in row_by_post.items():
        row["hash"] = hashes_by_post[post][0] if post in hashes_by_post else ""
    return row_by_post


def pictures(dataset: Dataset, posts: list[str]) -> dict[str, list[str]]:
    """Post to the hashes of its pictures; posts without pictures are missing."""
    images = dataset.images.filter(pc.is_in(dataset.images["post"], value_set=pa.array(posts, pa.string())))
    hashes_by_post: dict[str, list[str]] = {}
    for post, hash in zip(images["post"].to_pylist(), images["hash"].to_pylist(), strict=True):
        hashes_by_post.setdefault(post, []).append(hash)
    return hashes_by_post


def faces(workspace: Workspace, ids: list[str], most: int = 4) -> dict[str, list[dict[str, str]]]:
    """Account to its newest pictures, one per post: hash, and caption of the post."""
    dataset = pipeline.load(workspace)
    # One pass over all posts for all accounts of a page.
    own = dataset.posts.filter(pc.is_in(dataset.posts["account"], value_set=pa.array(ids, pa.string())))
    rows = own.sort_by(NEWEST_FIRST).select(["id", "account", "caption"]).to_pylist()
    hashes_by_post = pictures(dataset, [row["id"] for row in rows])
    faces_by_account: dict[str, list[dict[str, str]]] = {id: [] for id in ids}
    for row in rows:
        faces = faces_by_account[row["account"]]
        hashes = hashes_by_post.get(row["id"])
        if hashes and len(faces) < most:
            faces.append({"hash": hashes[0], "caption": row["caption"] or ""})
    return faces_by_account


def media_type(data: bytes) -> str:
    """The media type of a picture, by its first bytes."""
    for start, name in MEDIA_TYPE_BY_START.items():
        if data.startswith(start):
            return name
    return "application/octet-stream"
