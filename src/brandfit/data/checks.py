"""What is wrong with a data set, counted, with examples; and how its numbers are distributed.

error    rows that contradict each other: something was lost, or comes from somewhere else
warning  rows that will be judged badly or not at all
note     what a reader of the results should know
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.candidates import MICRO
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import interactions, rates

Severity = Literal["error", "warning", "note"]

PLATFORM_BEGAN = 1_286_323_200
"""2010-10-06, the day on which Instagram opened, in s since 1970."""
EXAMPLES = 5
BINS_PER_DECADE = 4
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
BELOW = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000)
"""Bounds of followers for which the share of influencers below is told."""


@dataclass(frozen=True)
class Finding:
    """One kind of fault: how often, and the ids of a few examples."""

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
        """For a terminal."""
        links = self.counts["links"]
        lines = [
            f"{name.replace('_', ' '):<20} {count:>12,}"
            for name, count in self.counts.items()
            if name != "links"
        ]
        lines += [f"{f'links: {kind}':<20} {count:>12,}" for kind, count in links.items()]
        lines.append("")
        if not self.findings:
            lines.append("Nothing is wrong.")
        for finding in self.findings:
            examples = f" For example: {', '.join(finding.examples)}." if finding.examples else ""
            lines.append(f"{finding.severity:<8} {finding.sentence}{examples}")
        if any(d["n"] for d in self.distributions.values()):
            lines += [
                "",
                f"{'influencers':<16} {'known':>8} {'5%':>12} {'median':>12} {'95%':>12}  distribution (log "
                "scale)",
            ]
        for name, d in self.distributions.items():
            if d["n"]:
                q = [_short(d["quantiles"][key]) for key in ("5%", "50%", "95%")]
                bars = _bars(d["histogram"]["counts"])
                lines.append(
                    f"{name.replace('_', ' '):<16} {d['n']:>8,} {q[0]:>12} {q[1]:>12} {q[2]:>12}  {bars}"
                )
        return "\n".join(lines)


def check(dataset: Dataset, now: float | None = None) -> Check:
    """Check a data set. ``now`` is the present in s since 1970, for what lies in the future."""
    now = time.time() if now is None else now
    facts = _Facts(dataset)
    found = [
        *_accounts(facts),
        *_posts(facts, now),
        *_images(facts),
        *_links(facts),
        *_brands(facts),
        *_origin(dataset),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    return Check(
        _counts(facts),
        tuple(sorted(found, key=lambda finding: order[finding.severity])),
        _distributions(facts),
    )


class _Facts:
    """Columns that several checks need, aligned."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        accounts, posts = dataset.accounts, dataset.posts
        self.ids = _one(accounts["id"])
        self.role = _one(accounts["role"])
        self.followers = _numbers(accounts["followers"])  # (a,), NaN where not known
        self.influencer = _mask(pc.equal(self.role, "influencer"))  # (a,)
        self.ranked = self.influencer | _mask(pc.equal(self.role, "brand"))  # (a,)
        self.post_ids = _one(posts["id"])
        self.real = _mask(pc.equal(posts["kind"], "post"))  # (p,) posts, not briefs
        self.owner = _index(posts["account"], self.ids)  # (p,) row of the account, -1 where not known
        owned = self.owner >= 0
        self.audience_of_post = np.full(len(self.owner), np.nan)  # (p,) followers of who posted
        self.audience_of_post[owned] = self.followers[self.owner[owned]]
        self.likes = _numbers(posts["likes"])


def _accounts(facts: _Facts) -> Iterator[Finding]:
    dataset = facts.dataset
    if not len(dataset.brands):
        yield Finding(
            "no_brands", "warning", "There are no brands: there is nobody to find influencers for.", 0
        )
    if not len(dataset.influencers):
        yield Finding("no_influencers", "warning", "There are no influencers: there is nobody to rank.", 0)
    yield from _finding(
        "duplicate_accounts",
        "error",
        ids=facts.ids.filter(_bools(_repeats(facts.ids))),
        sentence="{} with an id that another has.",
        noun="account",
    )
    spaced = facts.ids.filter(pc.and_(pc.match_substring_regex(facts.ids, r"\s"), _bools(facts.ranked)))
    yield from _finding(
        "ids_with_spaces",
        "warning",
        ids=spaced,
        sentence="{} with a space in the id: no handle has one, and no profile link leads there.",
        noun="account",
    )
    if facts.real.any():
        posted = np.zeros(len(facts.ids), bool)
        posted[facts.owner[(facts.owner >= 0) & facts.real]] = True
        without = facts.ids.filter(_bools(facts.influencer & ~posted))
        yield from _finding(
            "influencers_without_posts",
            "warning",
            ids=without,
            sentence="{} without any post: only their profile can be judged.",
        )
    else:
        yield Finding(
            "no_posts", "note", "There are no posts: only profiles and finished features can be judged.", 0
        )
    unknown = facts.ids.filter(_bools(facts.ranked & ~(facts.followers > 0)))
    yield from _finding(
        "accounts_without_followers",
        "warning",
        ids=unknown,
        sentence="{} whose followers are not known or 0: no engagement rate.",
        noun="account",
    )
    outside = facts.influencer & ((facts.followers < MICRO[0]) | (facts.followers > MICRO[1]))
    yield from _finding(
        "influencers_outside_micro",
        "note",
        ids=facts.ids.filter(_bools(outside)),
        sentence=f"{{}} with fewer than {MICRO[0]:,} or more than {MICRO[1]:,} followers: rankings leave "
        "them out "
        "unless other bounds are "
        "given (--followers).",
    )


def _posts(facts: _Facts, now: float) -> Iterator[Finding]:
    posts = facts.dataset.posts

    def of(mask: np.ndarray) -> pa.Array:
        return facts.post_ids.filter(_bools(mask))

    yield from _finding(
        "posts_of_unknown_accounts",
        "error",
        ids=of(facts.owner < 0),
        sentence="{} of accounts that are not in the data: they count for nobody.",
        noun="post",
    )
    yield from _finding(
        "likes_above_followers",
        "warning",
        ids=of(facts.likes > facts.audience_of_post),
        sentence="{} with more likes than the account has followers.",
        noun="post",
    )
    without_rate = facts.real & np.isnan(interactions(posts))
    yield from _finding(
        "posts_without_engagement",
        "note",
        ids=of(without_rate),
        sentence="{} whose likes or comments are not known: no engagement rate.",
        noun="post",
    )
    times = _numbers(posts["time"])
    yield from _finding(
        "posts_in_the_future",
        "warning",
        ids=of(times > now),
        sentence="{} with a time in the future.",
        noun="post",
    )
    yield from _finding(
        "posts_before_2010",
        "warning",
        ids=of(times < PLATFORM_BEGAN),
        sentence="{} with a time before the platform opened.",
        noun="post",
    )
    yield from _finding(
        "posts_without_time",
        "note",
        ids=of(np.isnan(times) & facts.real),
        sentence="{} whose time is not known.",
        noun="post",
    )
    caption = _one(posts["caption"])
    said = _mask(pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(caption)), 0))
    yield from _finding(
        "posts_without_caption",
        "note",
        ids=of(~said),
        sentence="{} without words in the caption.",
        noun="post",
    )
    repeated = np.zeros(len(said), bool)
    repeated[np.flatnonzero(said)] = _repeats(caption.filter(_bools(said)))
    yield from _finding(
        "duplicate_captions",
        "warning",
        ids=of(repeated),
        sentence="{} with the very caption of an earlier one.",
        noun="post",
    )
    pictured = _mask(pc.is_in(facts.post_ids, value_set=_one(facts.dataset.images["post"])))
    yield from _finding(
        "posts_without_images",
        "note",
        ids=of(facts.real & ~pictured),
        sentence="{} without a picture.",
        noun="post",
    )


def _images(facts: _Facts) -> Iterator[Finding]:
    images = facts.dataset.images
    post, hash = _one(images["post"]), _one(images["hash"])
    stray = _mask(pc.invert(pc.is_in(post, value_set=facts.post_ids)))
    yield from _finding(
        "images_of_unknown_posts",
        "error",
        ids=post.filter(_bools(stray)),
        sentence="{} of posts that are not in the data.",
        noun="picture",
    )
    missing = _mask(pc.equal(hash, ""))
    yield from _finding(
        "images_missing",
        "error",
        ids=post.filter(_bools(missing)),
        sentence="{} of which there is no working copy.",
        noun="picture",
    )
    repeated = _repeats(hash) & ~missing
    yield from _finding(
        "duplicate_images",
        "note",
        ids=post.filter(_bools(repeated)),
        sentence="{} equal to an earlier one.",
        noun="picture",
    )


def _links(facts: _Facts) -> Iterator[Finding]:
    links = facts.dataset.stored_links
    kind = _one(links["kind"])
    ends = {end: _mask(pc.is_in(links[end], value_set=facts.ids)) for end in ("source", "target")}
    relation = _mask(pc.is_in(kind, value_set=pa.array(["endorses", "represents"])))
    # Whoever follows or comments may be an account of which nothing else is known, and comments stay with
    # their post.
    lost = (relation & ~(ends["source"] & ends["target"])) | (
        _mask(pc.equal(kind, "follows")) & ~ends["target"]
    )
    named = pc.if_else(pa.array(ends["target"]), links["source"], links["target"])
    yield from _finding(
        "links_to_unknown_accounts",
        "error",
        ids=_one(named).filter(_bools(lost)),
        sentence="{} to accounts that are not in the data.",
        noun="link",
    )
    own = _mask(pc.and_(pc.equal(kind, "comments"), pc.equal(links["source"], links["target"])))
    yield from _finding(
        "comments_of_the_owner",
        "note",
        ids=_one(links["source"]).filter(_bools(own)),
        sentence="{} under a post of one's own: no audience.",
        noun="comment",
    )


def _brands(facts: _Facts) -> Iterator[Finding]:
    dataset = facts.dataset
    if not len(dataset.brands):
        return
    unseen = [brand for brand, how in dataset.representation.items() if how == "none"]
    yield from _finding(
        "brands_without_representation",
        "warning",
        ids=pa.array(unseen, pa.string()),
        sentence="{} without posts, brief, features or partners: nothing can be ranked for them.",
        noun="brand",
    )
    endorsements = dataset.endorsements
    if not len(endorsements):
        yield Finding(
            "no_endorsements", "warning", "There are no endorsements: rankers cannot learn or be judged.", 0
        )
        return
    alone = np.setdiff1d(dataset.brands, endorsements[:, 0])
    yield from _finding(
        "brands_without_endorsements",
        "warning",
        ids=pa.array(alone, pa.string()),
        sentence="{} that nobody is known to endorse.",
        noun="brand",
    )
    endorsers = np.unique(endorsements[:, 1])
    followers = facts.followers[_index(pa.array(endorsers, pa.string()), facts.ids)]
    outside = endorsers[(followers < MICRO[0]) | (followers > MICRO[1])]
    yield from _finding(
        "endorsers_outside_micro",
        "note",
        ids=pa.array(outside, pa.string()),
        sentence=f"{{}} with endorsements and fewer than {MICRO[0]:,} or more than {MICRO[1]:,} followers: "
        "no "
        "micro-influencers.",
    )


def _counts(facts: _Facts) -> dict[str, Any]:
    dataset = facts.dataset
    kinds = pc.value_counts(_one(dataset.stored_links["kind"])).to_pylist()
    links = {item["values"]: item["counts"] for item in kinds}
    links |= {
        kind: int(pc.sum(pc.list_value_length(dataset.posts[kind])).as_py() or 0)
        for kind in ("mentions", "tags", "sponsors")
    }
    comments = dataset.stored_links.filter(pc.equal(dataset.stored_links["kind"], "comments"))
    return {
        "brands": len(dataset.brands),
        "influencers": len(dataset.influencers),
        "audience_accounts": int(_mask(pc.equal(facts.role, "audience")).sum()),
        "commenters": pc.count_distinct(comments["source"]).as_py(),
        "posts": int(facts.real.sum()),
        "briefs": int((~facts.real).sum()),
        "images": len(dataset.images),
        "endorsements": len(dataset.endorsements),
        "links": {kind: links[kind] for kind in sorted(links) if links[kind]},
    }


def _distributions(facts: _Facts) -> dict[str, dict[str, Any]]:
    """Followers, followees, posts and engagement rate of the influencers (Kim et al. 2020, figure 3)."""
    accounts = facts.dataset.accounts
    followers = facts.followers[facts.influencer]
    known = followers[~np.isnan(followers)]
    result = {
        "followers": distribution(followers),
        "followees": distribution(_numbers(accounts["followees"])[facts.influencer]),
        "posts": distribution(_numbers(accounts["posts"])[facts.influencer]),
        "engagement_rate": distribution(_engagement(facts)[facts.influencer]),
    }
    result["followers"]["below"] = {
        str(bound): float((known < bound).mean()) if len(known) else None for bound in BELOW
    }
    return result


def _engagement(facts: _Facts) -> np.ndarray:
    """(a,) mean engagement rate of the posts of an account; NaN where none is known."""
    of_posts = rates(facts.dataset, facts.dataset.posts)  # (p,)
    counted = (facts.owner >= 0) & ~np.isnan(of_posts)
    total = np.bincount(facts.owner[counted], of_posts[counted], len(facts.ids))
    n = np.bincount(facts.owner[counted], minlength=len(facts.ids))
    return np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)


def distribution(values: np.ndarray) -> dict[str, Any]:
    """Quantiles and a histogram over logarithmic bins, four a decade, of (n,) values from 0, NaN where
    missing.

    ``histogram``: m + 1 ``edges``, m ``counts`` of values in [edge, next edge), and ``zeros``, which have no
    logarithm.
    """
    known = values[~np.isnan(values)]
    positive = known[known > 0]
    edges, counts = np.zeros(0), np.zeros(0, np.int64)
    if len(positive):
        steps = np.floor(np.log10([positive.min(), positive.max()]) * BINS_PER_DECADE)
        edges = 10 ** (np.arange(steps[0], steps[1] + 2) / BINS_PER_DECADE)
        edges[0], edges[-1] = (
            min(edges[0], positive.min()),
            np.nextafter(max(edges[-1], positive.max()), np.inf),
        )
        counts = np.histogram(positive, edges)[0]
    return {
        "n": len(known),
        "missing": len(values) - len(known),
        "mean": float(known.mean()) if len(known) else None,
        "quantiles": {f"{q:.0%}": float(np.quantile(known, q)) if len(known) else None for q in QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist(), "zeros": int((known == 0).sum())},
    }


def _origin(dataset: Dataset) -> Iterator[Finding]:
    """How endorsements were derived, where the source states none."""
    for note in dataset.notes:
        yield Finding(
            "endorsements_derived", "note", f"{note[:1].upper()}{note[1:]}.", len(dataset.endorsements)
        )


# --- small parts --------------------------------------------------------------------------------------------


def _finding(
    name: str, severity: Severity, *, ids: pa.Array, sentence: str, noun: str = "influencer"
) -> Iterator[Finding]:
    """A Finding where there are ids; ``{}`` in the sentence becomes how many of what."""
    if len(ids):
        count = f"{len(ids):,} {noun}{'s' if len(ids) > 1 else ''}"
        examples = sorted(pc.unique(ids).to_pylist())[:EXAMPLES]
        yield Finding(
            name=name,
            severity=severity,
            sentence=sentence.format(count),
            count=len(ids),
            examples=tuple(examples),
        )


def _repeats(values: pa.Array) -> np.ndarray:
    """(n,) whether an earlier one is equal."""
    codes = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    first = np.ones(len(codes), bool)
    first[np.unique(codes, return_index=True)[1]] = False
    return first


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) float64, NaN where missing."""
    return column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)


def _mask(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """(n,) bool, False where missing."""
    return _one(column).fill_null(False).to_numpy(zero_copy_only=False).astype(bool)


def _bools(mask: np.ndarray) -> pa.Array:
    return pa.array(mask, pa.bool_())


def _index(ids: pa.ChunkedArray | pa.Array, value_set: pa.Array) -> np.ndarray:
    """(n,) row of each id, -1 where it is not there."""
    return (
        _one(pc.index_in(ids, value_set=value_set))
        .fill_null(-1)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
    )


def _bars(counts: list[int]) -> str:
    top = max(counts, default=0)
    return (
        "".join("▁▂▃▄▅▆▇█"[min(7, -(-8 * count // top) - 1)] if count else " " for count in counts)
        if top
        else ""
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
