"""Bounds of an import: influencers with too few followers or posts are left out, with their rows (D-12).

Source: Kim et al., WWW 2020, Section 4.1: users with fewer than 1,000 followers or 300 posts are left out as
non-influencers. Brands and audience members are never left out. A count that the source does not state leaves
nobody out. The posts of an account are those that its profile states, or else those of the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from brandfit.config import Config
from brandfit.data.schema import Account, Image, Link, Partial, Picture, Post

SCOPE = "keep"
"""Scope of these settings in an import: ``keep.min_followers``."""
EXAMPLES = 3


class ImportBounds(Config, frozen=True):
    min_followers: Annotated[int, Meta(description="followers that an influencer needs", ge=0)] = 0
    max_followers: Annotated[int, Meta(description="most followers of an influencer; 0: any", ge=0)] = 0
    min_posts: Annotated[int, Meta(description="posts that an influencer needs", ge=0)] = 0
    max_posts: Annotated[int, Meta(description="most posts of an influencer; 0: any", ge=0)] = 0

    @property
    def is_set(self) -> bool:
        return self != type(self)()


@dataclass(frozen=True)
class OutOfBounds:
    """The influencers that an import leaves out.

    accounts  id to the reason: "900 followers, at least 1,000 are needed"
    posts     ids of their posts
    unknown   number of influencers that are kept although a bounded count is not known
    counted   number of influencers of the source
    """

    accounts: Mapping[str, str]
    posts: frozenset[str]
    unknown: int
    counted: int

    def to_dict(self) -> dict[str, Any]:
        examples = dict(sorted(self.accounts.items())[:EXAMPLES])
        return {
            "influencers": self.counted,
            "left_out": len(self.accounts),
            "posts": len(self.posts),
            "unknown": self.unknown,
            "examples": examples,
        }

    def sentences(self) -> list[str]:
        """The counts, with examples, for people."""
        examples = [f"{id} ({reason})" for id, reason in sorted(self.accounts.items())[:EXAMPLES]]
        text = f"{len(self.accounts):,} of {self.counted:,} influencers are out of bounds and left out"
        text += f", with {len(self.posts):,} posts"
        text += f", for example {'; '.join(examples)}." if examples else "."
        if not self.unknown:
            return [text]
        return [text, f"{self.unknown:,} influencers are kept although a count with a bound is not known."]


def out_of_bounds(records: Iterable[Any], bounds: ImportBounds, roles: Mapping[str, str]) -> OutOfBounds:
    """The influencers of a source that are out of bounds.

    roles  id to role of stored accounts, for rows that state no role
    """
    followers: dict[str, int | None] = {}
    stated_posts: dict[str, int | None] = {}
    account_by_post: dict[str, str] = {}
    for record in records:
        row = record.row if isinstance(record, Partial) else record
        if isinstance(row, Account):
            has_role = not (isinstance(record, Partial) and "role" in record.defaults)
            role = row.role if has_role else roles.get(row.id, row.role)
            if role == "influencer":
                # An account may have several rows; a count that a row does not state hides no other one.
                followers[row.id] = row.followers if row.followers is not None else followers.get(row.id)
                stated_posts[row.id] = row.posts if row.posts is not None else stated_posts.get(row.id)
        elif isinstance(row, Post) and row.kind == "post":
            account_by_post[row.id] = row.account
    n_posts = Counter(account_by_post.values())

    reasons: dict[str, str] = {}
    n_unknown = 0
    for id, count in followers.items():
        posts = stated_posts[id]
        posts = n_posts.get(id) if posts is None else posts
        reason = _reason("followers", count, low=bounds.min_followers, high=bounds.max_followers)
        reason = reason or _reason("posts", posts, low=bounds.min_posts, high=bounds.max_posts)
        if reason:
            reasons[id] = reason
            continue
        bounds_followers = bounds.min_followers or bounds.max_followers
        bounds_posts = bounds.min_posts or bounds.max_posts
        n_unknown += bool((bounds_followers and count is None) or (bounds_posts and posts is None))
    gone = frozenset(post for post, account in account_by_post.items() if account in reasons)
    return OutOfBounds(accounts=reasons, posts=gone, unknown=n_unknown, counted=len(followers))


def within_bounds(records: Iterable[Any], left_out: OutOfBounds) -> Iterator[Any]:
    """The records without those of the accounts left out: their rows, posts, pictures, and links from or to
    them. Rejects stay."""
    for record in records:
        row = record.row if isinstance(record, Partial) else record
        row = row[0] if isinstance(row, tuple) else row
        if not _is_of(row, left_out):
            yield record


def _is_of(row: Any, left_out: OutOfBounds) -> bool:
    """Whether a row belongs to an account that is left out."""
    if isinstance(row, Account):
        return row.id in left_out.accounts
    if isinstance(row, Post):
        return row.account in left_out.accounts
    if isinstance(row, (Picture, Image)):
        return row.post in left_out.posts
    if isinstance(row, Link):
        return row.source in left_out.accounts or row.target in left_out.accounts
    return False


def _reason(what: str, count: int | None, *, low: int, high: int) -> str:
    """Why a count is out of bounds; "" if it is not, or is not known."""
    if count is None:
        return ""
    if count < low:
        return f"{count:,} {what}, at least {low:,} are needed"
    return f"{count:,} {what}, at most {high:,} are wanted" if high and count > high else ""
