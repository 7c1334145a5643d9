"""Hints at how genuine an audience is: numbers beside those of peers of the same size, each with how sure it
is. Never a verdict.

    engagement          likes and comments of a typical post over followers
    followers_ratio     followers for each account that it follows
    likes_per_comment   of a typical post
    comment_repetition  chance that two comments, drawn at random, say the same
    same_commenters     chance that two comments, drawn at random, are by the same person: 1 / it people who
                        comment equally often would give it
    stock_comments      share of comments that could stand under any post: emoji alone, or words that stand
                        under posts of ten other accounts too

A typical post is the geometric mean over posts of which likes and comments are known. Comments are those that
were imported, the account's own left out, taken as if each were drawn on its own: what is written under one
post is more alike than that, so that intervals of the last three are rather too short. Many honest things
look the same: a giveaway repeats comments, a close circle repeats people. So hints stand side by side, and no
score is made of them.

How sure it is that an account lies where it lies among its peers is told by the width of the 95 % interval of
its place, which the number of posts, comments and peers makes: ``high`` up to 20 points, ``medium`` up to 40,
``low`` up to 70; wider ones, fewer than 3 posts, 10 comments or 20 peers are not enough to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.audience.comments import Comments
from brandfit.audience.peers import FEWEST, PeerRanks, peer_ranks
from brandfit.audience.sampling import Estimates, sameness, share, typical
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import interactions

FEWEST_POSTS, FEWEST_COMMENTS = 3, 10
SURE = {"high": 0.2, "medium": 0.4, "low": 0.7}
"""Confidence to the widest interval of the place that has it."""
RULE = (
    "how wide the 95 % interval of the place among peers is: high up to 20 points, medium up to 40, low up "
    "to 70, else not enough "
    "to say"
)


@dataclass(frozen=True)
class Kind:
    """says: a sentence of the value; show: a value; things: what the sample is of, "" of what is counted and
    not drawn."""

    sentence: Callable[[float], str]
    formatted: Callable[[float], str]
    unit: str


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.2g} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


KINDS: Mapping[str, Kind] = {
    "engagement": Kind(
        lambda v: f"A typical post gets likes and comments of {_percent(v)} of the followers",
        _percent,
        "posts",
    ),
    "followers_ratio": Kind(
        lambda v: f"Has {_number(v)} followers for each account that it follows", _number, ""
    ),
    "likes_per_comment": Kind(
        lambda v: f"A typical post gets {_number(v)} likes for each comment", _number, "posts"
    ),
    "comment_repetition": Kind(
        lambda v: f"Two of its comments say the same in {_percent(v)} of cases", _percent, "comments"
    ),
    "same_commenters": Kind(
        lambda v: f"Two of its comments are by the same person in {_percent(v)} of cases",
        _percent,
        "comments",
    ),
    "stock_comments": Kind(
        lambda v: f"{_percent(v)} of its comments could stand under any post", _percent, "comments"
    ),
}


@dataclass(frozen=True)
class Hint:
    """One number of one account.

    value, low, high    and its 95 % interval; None where not known
    sample              how many things of this kind it is from (posts, comments; 1 account)
    below, above        share of the peers that have less, and more; None where nothing can be said
    place               95 % interval of the share that has less
    peers               how many there are; sizes: followers of the smallest and the largest
    confidence          "high", "medium", "low", or None: not enough to say
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    sample: int
    below: float | None
    above: float | None
    percentile_range: tuple[float, float] | None
    peers: int
    sizes: tuple[int, int] | None
    confidence: str | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Hints:
    """Of these accounts, who are each other's peers: influencers, or brands. Each kind is computed when it is
    first asked for."""

    def __init__(self, dataset: Dataset, accounts: np.ndarray) -> None:
        self.dataset, self.accounts = dataset, accounts
        self.followers = np.asarray(dataset.account_values("followers", accounts), np.float64)
        self._values: dict[str, Estimates] = {}
        self._places: dict[str, PeerRanks] = {}
        self._comments: Comments | None = None

    def values(self, name: str) -> Estimates:
        """(n,) of a kind; NaN of accounts with fewer than three posts or ten comments to tell it by."""
        if name not in self._values:
            fewest = {"posts": FEWEST_POSTS, "comments": FEWEST_COMMENTS}.get(KINDS[name].unit, 1)
            self._values[name] = getattr(self, f"_{name}")().enough(fewest)
        return self._values[name]

    def peer_ranks(self, name: str) -> PeerRanks:
        if name not in self._places:
            self._places[name] = peer_ranks(self.followers, self.values(name))
        return self._places[name]

    def is_sufficient(self, name: str) -> np.ndarray:
        """(n,) bool: there is enough to say where an account lies."""
        place = self.peer_ranks(name)
        return np.nan_to_num(place.high - place.low, nan=1.0) <= SURE["low"]

    @property
    def comments(self) -> Comments:
        if self._comments is None:
            self._comments = Comments(self.dataset, self.accounts)
        return self._comments

    def for_account(self, account: str) -> list[Hint]:
        """All hints of one account."""
        at = int(np.flatnonzero(self.accounts == account)[0])
        return [self._hint(name, at) for name in KINDS]

    def _hint(self, name: str, at: int) -> Hint:
        found, place = self.values(name), self.peer_ranks(name)
        value, low, high = (None if np.isnan(column[at]) else float(column[at]) for column in found[:3])
        peers, sample = int(place.peers[at]), int(found.sample[at])
        sizes = (int(place.smallest[at]), int(place.largest[at])) if peers > 0 else None
        ends = None if np.isnan(place.low[at]) else (float(place.low[at]), float(place.high[at]))
        sure = next((word for word, most in SURE.items() if ends and ends[1] - ends[0] <= most), None)
        below, above = (float(c[at]) if sure else None for c in (place.below, place.above))
        hint = Hint(
            name=name,
            value=value,
            low=low,
            high=high,
            sample=sample,
            below=below,
            above=above,
            percentile_range=ends,
            peers=max(peers, 0),
            sizes=sizes,
            confidence=sure,
            sentence="",
        )
        return Hint(**{**hint.to_dict(), "sentence": sentence(hint)})

    # --- the numbers ----------------------------------------------------------------------------------------

    def _engagement(self) -> Estimates:
        owner, likes, comments = self._answers(self.followers > 0)
        answers = likes + comments  # (p,)
        # one is added, so that a post that nobody answered has a logarithm too
        return typical(
            owner,
            np.log(answers + 1) - np.log(self.followers[owner]),
            len(self.accounts),
        )

    def _likes_per_comment(self) -> Estimates:
        owner, likes, comments = self._answers(np.ones(len(self.accounts), bool))
        return typical(owner, np.log1p(likes) - np.log1p(comments), len(self.accounts))

    def _followers_ratio(self) -> Estimates:
        followees = np.asarray(self.dataset.account_values("followees", self.accounts), np.float64)
        known = (self.followers > 0) & (followees > 0)
        ratio = np.where(known, self.followers / np.where(known, followees, 1), np.nan)
        return Estimates(ratio, ratio, ratio, known.astype(np.float64))

    def _comment_repetition(self) -> Estimates:
        told = self.comments.has_content
        return sameness(self.comments.owner[told], self.comments.content_id[told], len(self.accounts))

    def _same_commenters(self) -> Estimates:
        return sameness(self.comments.owner, self.comments.author, len(self.accounts))

    def _stock_comments(self) -> Estimates:
        told = self.comments.has_content
        hits = np.bincount(self.comments.owner[told & self.comments.stock], minlength=len(self.accounts))
        return share(hits, np.bincount(self.comments.owner[told], minlength=len(self.accounts)))

    def _answers(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Owner, likes and comments of every post of these accounts (n,) whose likes and comments are
        known."""
        posts = self.dataset.posts
        account = pc.index_in(posts["account"], value_set=pa.array(self.accounts, pa.string()))
        owner = np.asarray(pc.fill_null(account, -1).to_numpy(), np.int64)
        likes, comments = (
            posts[c].cast("float64").to_numpy(zero_copy_only=False) for c in ("likes", "comments")
        )
        used = (owner >= 0) & ~np.isnan(interactions(posts)) & pc.equal(posts["kind"], "post").to_numpy()
        used[used] = wanted[owner[used]]
        return owner[used], likes[used], comments[used]


def sentence(hint: Hint) -> str:
    """What the number says, and no more."""
    kind = KINDS[hint.name]
    if hint.value is None:
        if kind.unit:
            fewest = FEWEST_POSTS if kind.unit == "posts" else FEWEST_COMMENTS
            things = kind.unit if kind.unit != "posts" else "posts with known likes, comments and followers"
            return f"Not enough to say: {hint.sample} {things} to tell {hint.name} by, {fewest} are needed."
        return "Not known: how many accounts follow it, or how many it follows, is missing."
    assert hint.low is not None
    assert hint.high is not None
    told = kind.sentence(hint.value)
    if hint.name == "same_commenters" and hint.value > 0:
        told += f", as among {_number(1 / hint.value)} people who comment equally often"
    if kind.unit:
        told += f" ({kind.formatted(hint.low)} to {kind.formatted(hint.high)}; {hint.sample:,} {kind.unit})"
    if hint.confidence is None:
        if hint.peers < FEWEST:
            return (
                f"{told}; there are too few of its size here to compare with: {hint.peers}, {FEWEST} are "
                "needed."
            )
        return f"{told}; not enough to say where it lies among {hint.peers:,} of its size."
    assert hint.below is not None
    assert hint.above is not None
    assert hint.sizes is not None
    assert hint.percentile_range is not None
    ends = (
        hint.percentile_range
        if hint.below >= hint.above
        else (1 - hint.percentile_range[1], 1 - hint.percentile_range[0])
    )
    by = "more" if hint.below >= hint.above else "less"
    others = f"{hint.peers:,} with {hint.sizes[0]:,} to {hint.sizes[1]:,} followers"
    return (
        f"{told}, {by} than {_percent_text(max(hint.below, hint.above))} of {others} "
        f"({_percent_text(ends[0])} to {_percent_text(ends[1])})."
    )


def _percent_text(share: float) -> str:
    return f"{100 * share:.0f} %"
