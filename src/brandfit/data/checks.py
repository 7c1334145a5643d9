"""Faults of a data set, counted, with examples; and the distributions of its numbers.

error    rows that contradict each other: something was lost, or comes from somewhere else
warning  rows that will be judged badly or not at all
note     facts that a reader of the results should know
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.arrow import combined, is_repeated, mask, numbers, rows_of, selected
from brandfit.data.candidates import MICRO
from brandfit.data.dataset import Dataset
from brandfit.data.distributions import distribution, table_header, table_row
from brandfit.data.engagement import interactions, rates
from brandfit.data.schema import STATED_BY_POST

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

PLATFORM_BEGAN = 1_286_323_200
"""2010-10-06, the day on which Instagram opened, in s since 1970."""
EXAMPLES = 5
BELOW = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000)
"""Follower counts for which the share of influencers below is reported."""
OUTSIDE_MICRO = f"fewer than {MICRO[0]:,} or more than {MICRO[1]:,} followers"


class Rule(NamedTuple):
    """A kind of fault. {} in the sentence becomes the number of rows and their noun."""

    severity: Severity
    noun: str
    sentence: str


RULES = {
    "duplicate_accounts": Rule("error", "account", "{} with an id that another has."),
    "ids_with_spaces": Rule(
        "warning",
        "account",
        "{} with a space in the id: no handle has one, and no profile link leads there.",
    ),
    "influencers_without_posts": Rule(
        "warning", "influencer", "{} without any post: only their profile can be judged."
    ),
    "accounts_without_followers": Rule(
        "warning", "account", "{} whose followers are not known or 0: no engagement rate."
    ),
    "influencers_outside_micro": Rule(
        "note",
        "influencer",
        f"{{}} with {OUTSIDE_MICRO}: rankings leave them out unless other bounds are given (--followers).",
    ),
    "posts_of_unknown_accounts": Rule(
        "error", "post", "{} of accounts that are not in the data: they count for no account."
    ),
    "likes_above_followers": Rule("warning", "post", "{} with more likes than the account has followers."),
    "posts_without_engagement": Rule(
        "note", "post", "{} whose likes or comments are not known: no engagement rate."
    ),
    "posts_in_the_future": Rule("warning", "post", "{} with a time in the future."),
    "posts_before_2010": Rule("warning", "post", "{} with a time before the platform opened."),
    "posts_without_time": Rule("note", "post", "{} whose time is not known."),
    "posts_without_caption": Rule("note", "post", "{} without words in the caption."),
    "duplicate_captions": Rule("warning", "post", "{} with the very caption of an earlier one."),
    "posts_without_images": Rule("note", "post", "{} without a picture."),
    "images_of_unknown_posts": Rule("error", "picture", "{} of posts that are not in the data."),
    "images_missing": Rule("error", "picture", "{} of which there is no working copy."),
    "duplicate_images": Rule("note", "picture", "{} equal to an earlier one."),
    "links_to_unknown_accounts": Rule("error", "link", "{} to accounts that are not in the data."),
    "comments_of_the_owner": Rule("note", "comment", "{} under a post of one's own: no audience."),
    "brands_without_representation": Rule(
        "warning",
        "brand",
        "{} without posts, brief, features or partners: nothing can be ranked for them.",
    ),
    "brands_without_endorsements": Rule("warning", "brand", "{} without a known endorsement."),
    "endorsers_outside_micro": Rule(
        "note", "influencer", f"{{}} with endorsements and {OUTSIDE_MICRO}: no micro-influencers."
    ),
}
"""Name to the rule that the rows of a table break."""
EMPTY: dict[str, tuple[Severity, str]] = {
    "no_brands": ("warning", "There are no brands: there is nothing to find influencers for."),
    "no_influencers": ("warning", "There are no influencers: there is nothing to rank."),
    "no_posts": ("note", "There are no posts: only profiles and finished features can be judged."),
    "no_endorsements": ("warning", "There are no endorsements: rankers cannot learn or be judged."),
}
"""Name to severity and sentence for data that are missing as a whole."""


@dataclass(frozen=True)
class Finding:
    """One kind of fault: the number of rows, and the ids of a few examples."""

    name: str
    severity: Severity
    sentence: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """counts, findings (errors first) and distributions, all of plain JSON types."""

    counts: dict[str, Any]
    findings: tuple[Finding, ...]
    distributions: dict[str, dict[str, Any]]

    @property
    def errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        findings = [{**asdict(finding), "examples": list(finding.examples)} for finding in self.findings]
        return {"counts": self.counts, "findings": findings, "distributions": self.distributions}

    def to_text(self) -> str:
        """The check as lines for a terminal: counts, findings, distributions."""
        lines = []
        for name, count in self.counts.items():
            if name != "links":
                lines.append(f"{name.replace('_', ' '):<20} {count:>12,}")
        for kind, count in self.counts["links"].items():
            lines.append(f"{f'links: {kind}':<20} {count:>12,}")

        lines.append("")
        if not self.findings:
            lines.append("Nothing is wrong.")
        for finding in self.findings:
            examples = f" For example: {', '.join(finding.examples)}." if finding.examples else ""
            lines.append(f"{finding.severity:<8} {finding.sentence}{examples}")

        rows = [table_row(name, values) for name, values in self.distributions.items() if values["n"]]
        return "\n".join([*lines, *(["", table_header(), *rows] if rows else [])])


def check(dataset: Dataset, now: float | None = None) -> Check:
    """Check a data set. ``now`` is the present in s since 1970; later posts are in the future."""
    now = time.time() if now is None else now
    columns = _Columns(dataset)
    findings = [
        *_accounts(columns),
        *_posts(columns, now),
        *_images(columns),
        *_links(columns),
        *_brands(columns),
        *_derived_endorsements(dataset),
    ]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Check(_counts(columns), tuple(findings), _distributions(columns))


class _Columns:
    """Columns that several checks need: (a,) of accounts, (p,) of posts."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        accounts, posts = dataset.accounts, dataset.posts
        self.ids = combined(accounts["id"])
        self.role = combined(accounts["role"])
        self.followers = numbers(accounts["followers"])  # (a,) NaN if unknown
        self.is_influencer = mask(pc.equal(self.role, "influencer"))  # (a,)
        self.is_ranked = self.is_influencer | mask(pc.equal(self.role, "brand"))  # (a,)
        self.post_ids = combined(posts["id"])
        self.is_post = mask(pc.equal(posts["kind"], "post"))  # (p,) False for briefs
        self.owner = rows_of(posts["account"], among=self.ids)  # (p,) row of the account, -1 if unknown
        has_owner = self.owner >= 0
        self.followers_of_owner = np.full(len(self.owner), np.nan)  # (p,)
        self.followers_of_owner[has_owner] = self.followers[self.owner[has_owner]]
        self.likes = numbers(posts["likes"])  # (p,)

    def accounts(self, is_faulty: np.ndarray) -> pa.Array:
        """Ids of the accounts where (a,) is true."""
        return selected(self.ids, is_faulty)

    def posts(self, is_faulty: np.ndarray) -> pa.Array:
        """Ids of the posts where (p,) is true."""
        return selected(self.post_ids, is_faulty)


# --- findings -----------------------------------------------------------------------------------------------


def _accounts(columns: _Columns) -> Iterator[Finding]:
    if not len(columns.dataset.brands):
        yield _empty("no_brands")
    if not len(columns.dataset.influencers):
        yield _empty("no_influencers")
    yield from _finding("duplicate_accounts", columns.accounts(is_repeated(columns.ids)))
    has_space = mask(pc.match_substring_regex(columns.ids, r"\s"))
    yield from _finding("ids_with_spaces", columns.accounts(has_space & columns.is_ranked))
    if columns.is_post.any():
        has_post = np.zeros(len(columns.ids), bool)
        has_post[columns.owner[(columns.owner >= 0) & columns.is_post]] = True
        yield from _finding("influencers_without_posts", columns.accounts(columns.is_influencer & ~has_post))
    else:
        yield _empty("no_posts")
    # A comparison with NaN is false, so unknown followers are found here and are not outside the bounds.
    has_followers = columns.followers > 0
    yield from _finding("accounts_without_followers", columns.accounts(columns.is_ranked & ~has_followers))
    is_outside = columns.is_influencer & _is_outside_micro(columns.followers)
    yield from _finding("influencers_outside_micro", columns.accounts(is_outside))


def _posts(columns: _Columns, now: float) -> Iterator[Finding]:
    posts = columns.dataset.posts
    yield from _finding("posts_of_unknown_accounts", columns.posts(columns.owner < 0))
    yield from _finding("likes_above_followers", columns.posts(columns.likes > columns.followers_of_owner))
    is_without_rate = columns.is_post & np.isnan(interactions(posts))
    yield from _finding("posts_without_engagement", columns.posts(is_without_rate))

    times = numbers(posts["time"])  # (p,) NaN if unknown: neither in the future nor before the platform
    yield from _finding("posts_in_the_future", columns.posts(times > now))
    yield from _finding("posts_before_2010", columns.posts(times < PLATFORM_BEGAN))
    yield from _finding("posts_without_time", columns.posts(np.isnan(times) & columns.is_post))

    # Empty captions are equal to each other; only captions with words count as copies.
    captions = combined(posts["caption"])
    has_words = mask(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(captions)), 0))
    yield from _finding("posts_without_caption", columns.posts(~has_words))
    is_copy = np.zeros(len(has_words), bool)
    is_copy[np.flatnonzero(has_words)] = is_repeated(selected(captions, has_words))
    yield from _finding("duplicate_captions", columns.posts(is_copy))

    has_picture = mask(pc.is_in(columns.post_ids, value_set=combined(columns.dataset.images["post"])))
    yield from _finding("posts_without_images", columns.posts(columns.is_post & ~has_picture))


def _images(columns: _Columns) -> Iterator[Finding]:
    images = columns.dataset.images
    post, hash = combined(images["post"]), combined(images["hash"])
    is_stray = ~mask(pc.is_in(post, value_set=columns.post_ids))
    yield from _finding("images_of_unknown_posts", selected(post, is_stray))
    is_missing = mask(pc.equal(hash, ""))
    yield from _finding("images_missing", selected(post, is_missing))
    yield from _finding("duplicate_images", selected(post, is_repeated(hash) & ~is_missing))


def _links(columns: _Columns) -> Iterator[Finding]:
    links = columns.dataset.stored_links
    kind = combined(links["kind"])
    has_source = mask(pc.is_in(links["source"], value_set=columns.ids))
    has_target = mask(pc.is_in(links["target"], value_set=columns.ids))
    # An account that follows or comments needs no row of its own, and comments stay with their post.
    is_partnership = mask(pc.is_in(kind, value_set=pa.array(["endorses", "represents"])))
    is_follow = mask(pc.equal(kind, "follows"))
    is_lost = (is_partnership & ~(has_source & has_target)) | (is_follow & ~has_target)
    unknown = pc.if_else(pa.array(has_target), links["source"], links["target"])
    yield from _finding("links_to_unknown_accounts", selected(combined(unknown), is_lost))
    is_own = mask(pc.and_(pc.equal(kind, "comments"), pc.equal(links["source"], links["target"])))
    yield from _finding("comments_of_the_owner", selected(combined(links["source"]), is_own))


def _brands(columns: _Columns) -> Iterator[Finding]:
    dataset = columns.dataset
    if not len(dataset.brands):
        return
    unseen = [brand for brand, how in dataset.representation.items() if how == "none"]
    yield from _finding("brands_without_representation", pa.array(unseen, pa.string()))
    endorsements = dataset.endorsements
    if not len(endorsements):
        yield _empty("no_endorsements")
        return
    alone = np.setdiff1d(dataset.brands, endorsements[:, 0])
    yield from _finding("brands_without_endorsements", pa.array(alone, pa.string()))
    endorsers = pa.array(np.unique(endorsements[:, 1]), pa.string())
    followers = columns.followers[rows_of(endorsers, among=columns.ids)]
    yield from _finding("endorsers_outside_micro", selected(endorsers, _is_outside_micro(followers)))


def _derived_endorsements(dataset: Dataset) -> Iterator[Finding]:
    """The rules by which endorsements were derived, if the source states none."""
    for note in dataset.notes:
        sentence = f"{note[:1].upper()}{note[1:]}."
        yield Finding("endorsements_derived", "note", sentence, len(dataset.endorsements))


def _is_outside_micro(followers: np.ndarray) -> np.ndarray:
    """(n,) bool: not the size of a micro-influencer; False if unknown."""
    return (followers < MICRO[0]) | (followers > MICRO[1])


def _finding(name: str, ids: pa.Array) -> Iterator[Finding]:
    """A Finding of this rule if there are ids."""
    if not len(ids):
        return
    severity, noun, sentence = RULES[name]
    count = f"{len(ids):,} {noun}{'s' if len(ids) > 1 else ''}"
    examples = sorted(pc.unique(ids).to_pylist())[:EXAMPLES]
    yield Finding(name, severity, sentence.format(count), count=len(ids), examples=tuple(examples))


def _empty(name: str) -> Finding:
    severity, sentence = EMPTY[name]
    return Finding(name, severity, sentence, count=0)


# --- numbers ------------------------------------------------------------------------------------------------


def _counts(columns: _Columns) -> dict[str, Any]:
    dataset = columns.dataset
    kinds = pc.value_counts(combined(dataset.stored_links["kind"])).to_pylist()
    links = {item["values"]: item["counts"] for item in kinds}
    for kind in STATED_BY_POST:
        links[kind] = int(pc.sum(pc.list_value_length(dataset.posts[kind])).as_py() or 0)
    comments = dataset.stored_links.filter(pc.equal(dataset.stored_links["kind"], "comments"))
    return {
        "brands": len(dataset.brands),
        "influencers": len(dataset.influencers),
        "audience_accounts": int(mask(pc.equal(columns.role, "audience")).sum()),
        "commenters": pc.count_distinct(comments["source"]).as_py(),
        "posts": int(columns.is_post.sum()),
        "briefs": int((~columns.is_post).sum()),
        "images": len(dataset.images),
        "endorsements": len(dataset.endorsements),
        "links": {kind: links[kind] for kind in sorted(links) if links[kind]},
    }


def _distributions(columns: _Columns) -> dict[str, dict[str, Any]]:
    """Followers, followees, posts and engagement rate of the influencers (Kim et al. 2020, figure 3)."""
    accounts = columns.dataset.accounts
    is_influencer = columns.is_influencer
    followers = columns.followers[is_influencer]
    known = followers[~np.isnan(followers)]
    result = {
        "followers": distribution(followers),
        "followees": distribution(numbers(accounts["followees"])[is_influencer]),
        "posts": distribution(numbers(accounts["posts"])[is_influencer]),
        "engagement_rate": distribution(_mean_rates(columns)[is_influencer]),
    }
    result["followers"]["below"] = {
        str(bound): float((known < bound).mean()) if len(known) else None for bound in BELOW
    }
    return result


def _mean_rates(columns: _Columns) -> np.ndarray:
    """(a,) mean engagement rate of the posts of each account; NaN without a post of known rate."""
    rate = rates(columns.dataset, columns.dataset.posts)  # (p,) NaN if unknown
    has_rate = (columns.owner >= 0) & ~np.isnan(rate)
    total = np.bincount(columns.owner[has_rate], rate[has_rate], len(columns.ids))
    n_posts = np.bincount(columns.owner[has_rate], minlength=len(columns.ids))
    return np.divide(total, n_posts, out=np.full(len(n_posts), np.nan), where=n_posts > 0)
