"""Hints at how genuine an audience is: numbers compared with peers of the same size, each with a confidence.
They are never a verdict.

    engagement          likes and comments of a typical post over followers
    followers_ratio     followers for each account that it follows
    likes_per_comment   of a typical post
    comment_repetition  chance that two random comments have the same content
    same_commenters     chance that two random comments are by the same person: its inverse is a number of
                        people who comment equally often
    stock_comments      share of comments that fit under any post: emoji alone, or words that occur under
                        posts of ten other accounts too

A typical post is the geometric mean over posts with known likes and comments. Comments are the imported ones
without the account's own, taken as independent draws. Comments under one post resemble each other more than
that, so the intervals of the last three are rather too short. Many honest causes give the same numbers: a
giveaway repeats comments, a close circle repeats people. Therefore the hints stay separate, and no score is
computed from them.

The confidence is the width of the 95 % interval of the position among peers, which depends on the number of
posts, comments and peers: ``high`` up to 20 points, ``medium`` up to 40, ``low`` up to 70. Wider intervals,
fewer than 3 posts, 10 comments or 20 peers are not enough to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

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
"""Confidence to the widest interval of the position that has it."""
RULE = (
    "how wide the 95 % interval of the place among peers is: high up to 20 points, medium up to 40, low up "
    "to 70, else not enough to say"
)


@dataclass(frozen=True)
class Kind:
    """A kind of hint.

    sentence   sentence of a value
    formatted  text of a value
    unit       things that the sample counts: "posts" or "comments"; "" for a value that is not estimated
    """

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

    value, low, high  the number and its 95 % interval; None if unknown
    sample            number of posts or comments that it comes from, or 1
    below, above      share of the peers with a lower, and with a higher value; None without a confidence
    percentile_range  95 % interval of the share below
    peers             number of peers
    sizes             followers of the smallest and of the largest peer
    confidence        "high", "medium" or "low"; None if the data are not enough
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


class CountedPosts(NamedTuple):
    """Posts with known likes and comments, (p,) each: owner as a row of the accounts, likes, comments."""

    owner: np.ndarray
    likes: np.ndarray
    comments: np.ndarray


class Hints:
    """Hints of accounts that are peers of each other: influencers, or brands. Each kind is computed at its
    first use."""

    def __init__(self, dataset: Dataset, accounts: np.ndarray) -> None:
        self.dataset, self.accounts = dataset, accounts
        self.followers = np.asarray(dataset.account_values("followers", accounts), np.float64)
        self._estimates_by_name: dict[str, Estimates] = {}
        self._ranks_by_name: dict[str, PeerRanks] = {}

    def values(self, name: str) -> Estimates:
        """(n,) numbers of a kind; NaN for accounts with fewer than three posts or ten comments."""
        if name not in self._estimates_by_name:
            least = {"posts": FEWEST_POSTS, "comments": FEWEST_COMMENTS}.get(KINDS[name].unit, 1)
            self._estimates_by_name[name] = getattr(self, f"_{name}")().enough(least)
        return self._estimates_by_name[name]

    def peer_ranks(self, name: str) -> PeerRanks:
        """Positions of the accounts among their peers by a kind."""
        if name not in self._ranks_by_name:
            self._ranks_by_name[name] = peer_ranks(self.followers, self.values(name))
        return self._ranks_by_name[name]

    def is_sufficient(self, name: str) -> np.ndarray:
        """(n,) bool: the data are enough to give a position."""
        ranks = self.peer_ranks(name)
        return np.nan_to_num(ranks.high - ranks.low, nan=1.0) <= SURE["low"]

    @cached_property
    def comments(self) -> Comments:
        return Comments(self.dataset, self.accounts)

    def for_account(self, account: str) -> list[Hint]:
        """All hints of one account."""
        row = int(np.flatnonzero(self.accounts == account)[0])
        return [self._hint(name, row) for name in KINDS]

    def _hint(self, name: str, row: int) -> Hint:
        estimates, ranks = self.values(name), self.peer_ranks(name)
        n_peers = int(ranks.peers[row])
        interval, confidence = None, None
        if not np.isnan(ranks.low[row]):
            interval = float(ranks.low[row]), float(ranks.high[row])
            confidence = _confidence(interval[1] - interval[0])
        hint = Hint(
            name=name,
            value=_or_none(estimates.value[row]),
            low=_or_none(estimates.low[row]),
            high=_or_none(estimates.high[row]),
            sample=int(estimates.sample[row]),
            below=float(ranks.below[row]) if confidence else None,
            above=float(ranks.above[row]) if confidence else None,
            percentile_range=interval,
            peers=max(n_peers, 0),
            sizes=(int(ranks.smallest[row]), int(ranks.largest[row])) if n_peers > 0 else None,
            confidence=confidence,
            sentence="",
        )
        return replace(hint, sentence=sentence(hint))

    # --- one method a kind, named as in KINDS ---------------------------------------------------------------

    def _engagement(self) -> Estimates:
        posts = self._counted_posts(self.followers > 0)
        interactions = posts.likes + posts.comments  # (p,)
        # One is added, so that a post without likes and comments has a logarithm too.
        logs = np.log(interactions + 1) - np.log(self.followers[posts.owner])
        return typical(posts.owner, logs, len(self.accounts))

    def _likes_per_comment(self) -> Estimates:
        posts = self._counted_posts(np.ones(len(self.accounts), bool))
        logs = np.log1p(posts.likes) - np.log1p(posts.comments)
        return typical(posts.owner, logs, len(self.accounts))

    def _followers_ratio(self) -> Estimates:
        followees = np.asarray(self.dataset.account_values("followees", self.accounts), np.float64)
        is_known = (self.followers > 0) & (followees > 0)
        ratio = np.where(is_known, self.followers / np.where(is_known, followees, 1), np.nan)
        # Both numbers are counted, not estimated: the interval is the value.
        return Estimates(ratio, ratio, ratio, is_known.astype(np.float64))

    def _comment_repetition(self) -> Estimates:
        comments = self.comments
        owner, content = comments.owner[comments.has_content], comments.content_id[comments.has_content]
        return sameness(owner, content, len(self.accounts))

    def _same_commenters(self) -> Estimates:
        return sameness(self.comments.owner, self.comments.author, len(self.accounts))

    def _stock_comments(self) -> Estimates:
        comments, n = self.comments, len(self.accounts)
        n_stock = np.bincount(comments.owner[comments.has_content & comments.stock], minlength=n)
        return share(n_stock, np.bincount(comments.owner[comments.has_content], minlength=n))

    def _counted_posts(self, is_wanted: np.ndarray) -> CountedPosts:
        """Posts of the accounts with ``is_wanted`` (n,) bool whose likes and comments are known."""
        posts = self.dataset.posts
        owner = pc.index_in(posts["account"], value_set=pa.array(self.accounts, pa.string()))
        owner = np.asarray(pc.fill_null(owner, -1).to_numpy(), np.int64)  # (n_posts,)
        likes = posts["likes"].cast("float64").to_numpy(zero_copy_only=False)
        comments = posts["comments"].cast("float64").to_numpy(zero_copy_only=False)
        is_used = (owner >= 0) & ~np.isnan(interactions(posts)) & pc.equal(posts["kind"], "post").to_numpy()
        is_used[is_used] = is_wanted[owner[is_used]]
        return CountedPosts(owner[is_used], likes[is_used], comments[is_used])


def _confidence(width: float) -> str | None:
    """The confidence of a position whose 95 % interval has this width; None if it is too wide."""
    for confidence, widest in SURE.items():
        if width <= widest:
            return confidence
    return None


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def sentence(hint: Hint) -> str:
    """The hint as a sentence, with its position among peers if the data are enough."""
    if hint.value is None:
        return _unknown_sentence(hint)
    value = _value_text(hint)
    if hint.confidence is not None:
        return f"{value}, {_position_text(hint)}."
    if hint.peers < FEWEST:
        return (
            f"{value}; there are too few of its size here to compare with: {hint.peers}, {FEWEST} are needed."
        )
    return f"{value}; not enough to say where it lies among {hint.peers:,} of its size."


def _unknown_sentence(hint: Hint) -> str:
    unit = KINDS[hint.name].unit
    if not unit:
        return "Not known: how many accounts follow it, or how many it follows, is missing."
    n_needed = FEWEST_POSTS if unit == "posts" else FEWEST_COMMENTS
    things = "posts with known likes, comments and followers" if unit == "posts" else unit
    return f"Not enough to say: {hint.sample} {things} to compute {hint.name} from, {n_needed} are needed."


def _value_text(hint: Hint) -> str:
    """The value with its interval and sample."""
    assert hint.value is not None
    assert hint.low is not None
    assert hint.high is not None
    kind = KINDS[hint.name]
    text = kind.sentence(hint.value)
    if hint.name == "same_commenters" and hint.value > 0:
        text += f", as among {_number(1 / hint.value)} people who comment equally often"
    if kind.unit:
        text += f" ({kind.formatted(hint.low)} to {kind.formatted(hint.high)}; {hint.sample:,} {kind.unit})"
    return text


def _position_text(hint: Hint) -> str:
    """The position among peers, as the larger of the shares below and above."""
    assert hint.below is not None
    assert hint.above is not None
    assert hint.sizes is not None
    assert hint.percentile_range is not None
    low, high = hint.percentile_range
    word = "more"
    if hint.below < hint.above:
        low, high, word = 1 - high, 1 - low, "less"
    return (
        f"{word} than {_whole_percent(max(hint.below, hint.above))} of {hint.peers:,} with "
        f"{hint.sizes[0]:,} to {hint.sizes[1]:,} followers ({_whole_percent(low)} to {_whole_percent(high)})"
    )


def _whole_percent(share: float) -> str:
    return f"{100 * share:.0f} %"
