"""Splits: the data that a ranker may learn from, and the pairs that it is judged on. Every split of the
product is here, each with a drawing.

A split depends on the tables and its settings alone: not on the order of rows, and not on the Features that
fill the slots. Two workspaces with the same rows are judged on the same pairs, even with different encoders.
A held-out pair is invisible: its endorsement link is taken out of both views, and so is every post that would
state it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from brandfit import seeds
from brandfit.data._split_views import posts_except, visible, with_partners, without_statements
from brandfit.data._statements import stated_only_by, statement_groups, stating_posts
from brandfit.data.arrow import column_lists
from brandfit.data.candidates import Counted, by_followers, counted, sentences
from brandfit.data.categories import STATED
from brandfit.data.dataset import NO_PAIRS, Dataset, Pairs
from brandfit.errors import ConfigError, DataError, UsageError
from brandfit.mappings import position_by_item

NO_ENDORSEMENTS = "Import who endorses whom, or posts that brands are mentioned in: brandfit import --help"
NO_POSTS = np.zeros(0, dtype=object)
TOLERANCE = 1e-9
"""Largest rounding error of a sum of shares."""


class Fold(NamedTuple):
    """The view that a ranker is fitted on, the view that it sees when it scores, and the pairs that it is
    judged on.

    brands      (b,) object ids
    candidates  (n,) object ids
    relevant    (b, n) bool: held-out pairs
    eligible    (b, n) bool: False for a candidate that is not ranked for a brand, because it is a known
                partner or has no visible post
    hidden      (p,) ids of the posts that state a held-out endorsement and are hidden in both views
    features    (name of Features, note on the hidden or held-out data that these Features still reveal)
    """

    name: str
    train: Dataset
    test: Dataset
    brands: np.ndarray
    candidates: np.ndarray
    relevant: np.ndarray
    eligible: np.ndarray
    notes: tuple[str, ...] = ()
    hidden: np.ndarray = NO_POSTS
    features: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _PairSplit:
    """known: pairs that a ranker may learn from; held_out: pairs that it is judged on; notes: sentences on
    pairs that are neither."""

    known: Pairs
    held_out: Pairs
    notes: tuple[str, ...]


class _FollowerBounds(NamedTuple):
    """Fewest and most followers of a candidate, both included."""

    low: int
    high: int


# --- protocols ----------------------------------------------------------------------------------------------


def official(dataset: Dataset) -> list[Fold]:
    """The split that the source states (D-06 a), one fold.

                     influencers of training brands    influencers of test brands
    training brands  learned from                      -
    test brands      -                                 judged: all of them are candidates
    """
    part_by_id = dict(
        zip(dataset.accounts["id"].to_pylist(), dataset.accounts["split"].to_pylist(), strict=True)
    )
    parts = np.array([part_by_id[brand] or "" for brand in dataset.brands.tolist()], dtype=object)
    brands = dataset.brands[parts == "test"]
    if not len(brands) or not (parts == "train").any():
        raise DataError(
            "This workspace has no official split: no account says whether it is for training or for "
            "testing.",
            "Import released features with a train and a test file, or choose --protocol cv5 or expansion.",
        )
    return [_held_out_brands_fold("official", dataset, brands)]


def brand_folds(dataset: Dataset, k: int = 5, seed: int = 0) -> list[Fold]:
    """k folds over brands; the categories of brands are spread evenly over the folds (D-06 b).

             fold 1  fold 2  ...  fold k
    brands   judged  learn        learn      <- first fold; candidates are all influencers that work with
             learn   judged       learn         a brand of the judged fold, and none else
    """
    _require_endorsements(dataset)
    brands = np.unique(dataset.endorsements[:, 0].astype(str)).astype(object)
    if len(brands) < k:
        raise UsageError(
            f"{k} folds over brands need at least {k} brands with endorsements, found {len(brands)}.",
            "Use fewer folds.",
        )
    fold = _fold_numbers(dataset, brands, k=k, seed=seed)
    return [_held_out_brands_fold(f"fold {n + 1} of {k}", dataset, brands[fold == n]) for n in range(k)]


def suggestions(
    dataset: Dataset,
    k: int = 5,
    *,
    min_followers: int = 5_000,
    max_followers: int = 100_000,
    seed: int = 0,
) -> list[Fold]:
    """Folds over brands as ``brand_folds``, with the candidates of use: k folds, or one for each brand if
    there are fewer.

             fold 1  fold 2  ...  fold k
    brands   judged  learn        learn      <- first fold; candidates are all visible influencers inside the
             learn   judged       learn         follower bounds

    A brand without a post or brief of its own is not judged if others have some: without its partners there
    is nothing to see of it. With one brand there is nothing to learn from, so only rankers that need no
    endorsements can be judged.
    """
    _require_endorsements(dataset)
    brands = np.unique(dataset.endorsements[:, 0].astype(str)).astype(object)
    # Not by Features: what is judged does not depend on what was encoded.
    has_own = visible(dataset, brands, has_posts=len(dataset.posts) > 0)
    if not has_own.any():
        # Rankers say for how many brands they have no evidence; their figures are then those of chance.
        has_own[:] = True
    unseen = brands[~has_own].tolist()
    notes: tuple[str, ...] = ()
    if unseen:
        notes = (
            f"{len(unseen):,} of {len(brands):,} brands are not judged: they have no post or brief "
            f"of their own, for example {unseen[0]}",
        )
    brands = brands[has_own]
    k = min(k, len(brands))
    fold = _fold_numbers(dataset, brands, k=k, seed=seed)
    bounds = _FollowerBounds(min_followers, max_followers)
    folds = []
    for n in range(k):
        held_out = _held_out_brands_fold(f"fold {n + 1} of {k}", dataset, brands[fold == n], bounds=bounds)
        folds.append(held_out._replace(notes=(*notes, *held_out.notes)))
    return folds


def _fold_numbers(dataset: Dataset, brands: np.ndarray, *, k: int, seed: int) -> np.ndarray:
    """(b,) number of the fold of each brand; the categories are spread evenly."""
    categories = np.array([c or "" for c in dataset.account_values("category", brands)], dtype=object)
    shuffled = seeds.generator(seed, "brand folds").permutation(len(brands))
    # Brands go to the folds in turn, category after category: the sizes of two folds, and their numbers of
    # brands of one category, differ by at most one.
    by_category = shuffled[np.argsort(categories[shuffled].astype(str), kind="stable")]
    fold = np.empty(len(brands), np.int64)  # (n_brands,)
    fold[by_category] = np.arange(len(brands)) % k
    return fold


def expansion(
    dataset: Dataset,
    share: float = 0.5,
    *,
    min_partners: int = 5,
    min_followers: int = 5_000,
    max_followers: int = 100_000,
    seed: int = 0,
) -> list[Fold]:
    """Some partners of each brand are known; the others are to be found among all influencers. One fold.

    a brand's partners   ■ ■ ■ ■ | ▢ ▢ ▢ ▢ ▢       ■ known: they represent a brand that has no posts
    all influencers      - - - - | ? ? ? ? ? ? ? ? ? ? ? ? ? ? ?     - not ranked   ? candidates, ▢ among them

    A post that states a held-out endorsement does not exist yet when a brand looks for partners, so it is
    hidden in both views. All pairs that it states are held out together, because one post often names ten
    brands. A pair of an influencer that then has no visible post (``visible``) is not judged: not relevant,
    not eligible. Candidates are the visible influencers inside the follower bounds; unknown sizes are inside.
    """
    _require_endorsements(dataset)
    n_partners = Counter(dataset.endorsements[:, 0].tolist())
    pairs = _as_pairs((b, i) for b, i in dataset.endorsements.tolist() if n_partners[b] >= min_partners)
    if not len(pairs):
        raise UsageError(
            f"No brand has {min_partners} partners or more.",
            "Lower protocol.min_partners, or import more endorsements.",
        )
    is_known = _chosen_share(
        pairs, statement_groups(dataset, pairs), share=share, rng=seeds.generator(seed, "expansion")
    )
    has_posts = len(dataset.posts) > 0
    split = _of_visible_brands(dataset, pairs[~is_known], known=pairs[is_known], has_posts=has_posts)
    if not len(split.held_out):
        raise UsageError(
            "No partner can be held out: all that is known of the brands is stated by the same few posts.",
            "Import more posts, or choose --protocol cv5.",
        )
    bounds = _FollowerBounds(min_followers, max_followers)
    return [
        _held_out_pairs_fold("expansion", dataset, split=split, bounds=bounds, seed=seed, has_posts=has_posts)
    ]


def temporal(
    dataset: Dataset,
    date: int | str,
    *,
    min_followers: int = 5_000,
    max_followers: int = 100_000,
    seed: int = 0,
) -> list[Fold]:
    """Endorsements before a date (a day, or s since 1970) are known, later ones are to be found; later posts
    are hidden. One fold.

    time ──────────────────────────── date ─────────────────────►
    posts    seen                      |    not seen
    partners ■ ■   ■      ■  known     |  ▢  ▢     ▢   judged: new partners only
    """
    date = seconds(date)
    _require_endorsements(dataset)
    pairs, times = _dated_pairs(dataset)
    if not len(pairs):
        raise UsageError(
            f"None of the {len(dataset.endorsements):,} endorsements has a time, so that none is before or "
            "after a day.",
            "Import posts that state them, or a time of each, or choose --protocol cv5 or expansion.",
        )
    is_known = times < date
    known, later = pairs[is_known], pairs[~is_known]
    earlier = _before(dataset, date)
    has_posts = len(dataset.posts) > 0
    split = _of_visible_brands(earlier, later, known=known, has_posts=has_posts)
    if not len(known) or not len(split.held_out):
        raise _no_pair_on_one_side(dataset, split, date=date, n_later=len(later))
    bounds = _FollowerBounds(min_followers, max_followers)
    return [
        _held_out_pairs_fold(
            "temporal",
            earlier,
            split=split,
            bounds=bounds,
            seed=seed,
            has_posts=has_posts,
            hides_later_posts=True,
        )
    ]


def training_view(dataset: Dataset, seed: int = 0, stated: Dataset | None = None) -> Dataset:
    """The view that a ranker is fitted on. It resembles the views that the ranker scores.

    A brand that is represented by its partners must not be matched with these same partners: half of them
    represent it (``represents``) and the other half are learned from. The posts that state a learned
    endorsement are hidden if the influencer has others, because no influencer has posted for a brand that
    still looks for partners. All pairs that one post states are learned from together.

    stated  the Dataset in which the endorsements still carry their posts, if this view has lost them
    """
    stated = stated or dataset
    represented = [brand for brand, how in dataset.representation.items() if how == "partners"]
    pairs = dataset.endorsements
    has_own_posts = ~np.isin(pairs[:, 0].astype(str), np.array(represented, dtype=str))  # (p,)
    is_representing = _chosen_share(
        pairs,
        statement_groups(stated, pairs),
        share=0.5,
        rng=seeds.generator(seed, "training view"),
        never=has_own_posts,
    )
    representing, learned = pairs[is_representing], pairs[~is_representing]
    view = without_statements(dataset, stated, learned)
    return with_partners(view, dataset, representing=representing, endorsing=learned)


# --- days ---------------------------------------------------------------------------------------------------


def seconds(date: int | str) -> int:
    """The start of a day, 2018-12-01 or 20181201, in s since 1970 UTC; seconds stay as they are."""
    try:
        day = datetime.fromisoformat(str(date))
    except ValueError:
        day = None
    try:
        if day is not None:
            return int((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp())
        datetime.fromtimestamp(int(date), UTC)  # raises for a time that no calendar has
        return int(date)
    except (ValueError, OverflowError, OSError):
        hint = "Write it as 2018-12-01, or as seconds (not milliseconds) since 1970."
        raise ConfigError(f"Setting date={date}: no day.", hint) from None


def day(time: int) -> str:
    """The day of a time in s since 1970, in UTC: 2018-12-01."""
    return datetime.fromtimestamp(time, UTC).date().isoformat()


# --- folds --------------------------------------------------------------------------------------------------


def _held_out_brands_fold(
    name: str, dataset: Dataset, brands: np.ndarray, *, bounds: _FollowerBounds | None = None
) -> Fold:
    """All pairs of these brands are held out; candidates are the influencers that work with one of them, or
    with ``bounds`` all visible influencers inside these."""
    pairs = dataset.endorsements
    is_test = np.isin(pairs[:, 0], brands)  # (p,)
    partners = np.unique(pairs[is_test, 1].astype(str)).astype(object)
    hidden = stating_posts(dataset, pairs[is_test])
    is_learned = ~is_test & ~stated_only_by(dataset, pairs, hidden)
    learned_influencers = np.unique(pairs[is_learned, 1].astype(str)).astype(object)
    # Influencers without any partner stay in training, as negatives. Influencers of judged brands alone do
    # not.
    unseen = np.setdiff1d(partners, learned_influencers)

    # A judged brand has no known partner, so none can represent it. Training brands are treated in the same
    # way.
    visible_data = dataset.restricted(posts=posts_except(dataset, hidden))
    view = with_partners(
        visible_data, dataset, representing=NO_PAIRS, endorsing=pairs[is_learned]
    ).without_representatives()
    # The posts that state a judged pair are hidden, so those of a learned pair are too: as in
    # `training_view`.
    train = without_statements(view, dataset, pairs[is_learned]).restricted(
        brands=np.setdiff1d(dataset.brands, brands), influencers=np.setdiff1d(dataset.influencers, unseen)
    )
    candidates, notes = partners, []
    relevant = _pair_matrix(brands, candidates, pairs)  # (b, n)
    if bounds is not None:
        candidates, n_unknown, left_out = _visible_candidates(
            view, bounds=bounds, has_posts=len(dataset.posts) > 0
        )
        relevant = _pair_matrix(brands, candidates, pairs)
        notes = _fold_notes(
            relevant, n_held_out=int(is_test.sum()), n_unknown_followers=n_unknown, left_out=left_out
        )
        has_answer = relevant.any(axis=1)
        brands, relevant = brands[has_answer], relevant[has_answer]
    test = view.restricted(brands=brands, influencers=candidates)
    return Fold(
        name=name,
        train=train,
        test=test,
        brands=brands,
        candidates=candidates,
        relevant=relevant,
        eligible=np.ones_like(relevant),
        notes=tuple(notes),
        hidden=hidden.to_numpy(zero_copy_only=False),
        features=_feature_notes(dataset, len(hidden) > 0, official=name == "official"),
    )


def _held_out_pairs_fold(
    name: str,
    dataset: Dataset,
    *,
    split: _PairSplit,
    bounds: _FollowerBounds,
    seed: int,
    has_posts: bool,
    hides_later_posts: bool = False,
) -> Fold:
    """Known and held-out pairs share their brands; candidates are all visible influencers inside the bounds.

    has_posts          whether the source has posts at all (``visible``)
    hides_later_posts  whether ``dataset`` lacks later posts of its source
    """
    known, held_out = split.known, split.held_out
    hidden = stating_posts(dataset, held_out)
    note = f"{len(hidden):,} posts that state a held-out endorsement are hidden"
    visible_data = dataset.restricted(posts=posts_except(dataset, hidden), note=note)
    view = with_partners(visible_data, dataset, representing=NO_PAIRS, endorsing=known)

    candidates, n_unknown, left_out = _visible_candidates(view, bounds=bounds, has_posts=has_posts)
    brands = np.unique(held_out[:, 0].astype(str)).astype(object)
    relevant = _pair_matrix(brands, candidates, held_out)  # (b, n)
    eligible = ~_pair_matrix(brands, candidates, known)  # (b, n)
    has_answer = relevant.any(axis=1)  # (b,)
    notes = _fold_notes(
        relevant,
        n_held_out=len(held_out),
        n_unknown_followers=n_unknown,
        left_out=left_out,
    )
    return Fold(
        name=name,
        train=training_view(view, seeds.derive(seed, name), stated=dataset),
        test=with_partners(view, view, representing=known, endorsing=NO_PAIRS),
        brands=brands[has_answer],
        candidates=candidates,
        relevant=relevant[has_answer],
        eligible=eligible[has_answer],
        notes=(*split.notes, *notes),
        hidden=hidden.to_numpy(zero_copy_only=False),
        features=_feature_notes(dataset, hides_later_posts or len(hidden) > 0),
    )


class _Candidates(NamedTuple):
    """ids (n,) inside the bounds with a post that is left; how many of them have unknown followers; the other
    influencers, counted by reason."""

    ids: np.ndarray
    n_unknown_followers: int
    left_out: tuple[Counted, ...]


def _visible_candidates(view: Dataset, *, bounds: _FollowerBounds, has_posts: bool) -> _Candidates:
    influencers = view.influencers
    followers = view.account_values("followers", influencers).astype(np.float64)  # (i,) NaN if unknown
    is_inside, outside = by_followers(influencers, followers, low=bounds.low, high=bounds.high)
    is_visible = visible(view, influencers, has_posts=has_posts)
    is_candidate = is_inside & is_visible
    silent = counted("no_evidence", "with no post left to see", ids=influencers[is_inside & ~is_visible])
    n_unknown_followers = int(np.isnan(followers[is_candidate]).sum())
    return _Candidates(influencers[is_candidate], n_unknown_followers, (*outside, *silent))


def _fold_notes(
    relevant: np.ndarray, *, n_held_out: int, n_unknown_followers: int, left_out: tuple[Counted, ...]
) -> list[str]:
    """Sentences on candidates of unknown size, on pairs and brands that are not judged, and on influencers
    that are left out. relevant (b, n)."""
    n_brands, n_candidates = relevant.shape
    n_lost = n_held_out - int(relevant.sum())
    n_unanswered = int((~relevant.any(axis=1)).sum())
    notes = []
    if n_unknown_followers:
        notes.append(
            f"the followers of {n_unknown_followers:,} of {n_candidates:,} candidates are not known: the "
            "bounds leave none of them out"
        )
    if n_lost:
        notes.append(
            f"{n_lost:,} of {n_held_out:,} pairs are not judged: the influencer is out of bounds, or nothing "
            "is left to see of it"
        )
    if n_unanswered:
        notes.append(
            f"{n_unanswered:,} of {n_brands:,} brands are not judged: none of their held-out partners can be "
            "seen"
        )
    return notes + sentences(n_candidates, left_out)


def _feature_notes(
    dataset: Dataset, has_hidden_posts: bool, *, official: bool = False
) -> tuple[tuple[str, str], ...]:
    """Name and note of the Features that reveal hidden posts, or that learned from what is judged."""
    notes = []
    for features in sorted(dataset.slots.values(), key=lambda f: f.name):
        # Encoders of a source with an official split were fitted outside its test part, unless "all" is
        # stated.
        read = [part for part in features.learned_from if not official or part.startswith("all ")]
        learned = {part.removeprefix("all ") for part in read}
        if features.describes_accounts and has_hidden_posts and features.name != STATED:
            notes.append(
                (
                    features.name,
                    "describes whole accounts: what it takes from hidden or later posts is seen all the same",
                )
            )
        if "accounts" in learned:
            notes.append((features.name, "was fitted on what all accounts post, those that are judged too"))
        if "endorsements" in learned:
            notes.append(
                (
                    features.name,
                    "was fitted on endorsements, those that are asked for too: what it adds is overrated",
                )
            )
    return tuple(notes)


# --- pairs --------------------------------------------------------------------------------------------------


def _require_endorsements(dataset: Dataset) -> None:
    """Raise UsageError if the Dataset has no endorsement."""
    if not len(dataset.endorsements):
        raise UsageError("No endorsement is known here, so there is nothing to judge by.", NO_ENDORSEMENTS)


class _DatedPairs(NamedTuple):
    """pairs (p, 2) with a known time, sorted; times (p,) of their first endorsement, in s since 1970."""

    pairs: Pairs
    times: np.ndarray


def _dated_pairs(dataset: Dataset) -> _DatedPairs:
    """The endorsements with a known time."""
    links = dataset.links_of_kinds("endorses").select(["target", "source", "time"])
    dated = links.filter(pc.is_valid(links["time"]))
    first = dated.group_by(["target", "source"], use_threads=False).aggregate([("time", "min")])
    columns = column_lists(first, ("target", "source", "time_min"))
    # Links between accounts of other roles are no endorsements.
    endorsements = set(map(tuple, dataset.endorsements.tolist()))
    rows = sorted(row for row in zip(*columns, strict=True) if row[:2] in endorsements)
    pairs = _as_pairs(row[:2] for row in rows)
    return _DatedPairs(pairs, np.array([time for _, _, time in rows], np.int64))


def _before(dataset: Dataset, date: int) -> Dataset:
    """The Dataset without posts, comments and endorsements from this time on, or without a time."""
    seen = dataset.posts["id"].filter(pc.less(dataset.posts["time"], date).fill_null(False))
    earlier = dataset.restricted(
        posts=seen.combine_chunks(), note="posts from the date on, or without a time, are not seen"
    )
    # Comments under an earlier post may be later, and so may endorsements without a known post.
    links = earlier.links_of_kinds("comments", "endorses")
    is_earlier = pc.less(links["time"], date).fill_null(False)
    return earlier.with_links(links.filter(is_earlier), replacing=["comments", "endorses"])


def _no_pair_on_one_side(dataset: Dataset, split: _PairSplit, *, date: int, n_later: int) -> UsageError:
    """The error for a date with no known pair before it, or no judged pair after it; it proposes a day."""
    links = dataset.links_of_kinds("endorses").select(["target", "source", "time"])
    dated = links.filter(pc.is_valid(links["time"]))
    first = dated.group_by(["target", "source"], use_threads=False).aggregate([("time", "min")])
    times = sorted(first["time_min"].to_pylist())
    no_visible_brand = f", {len(split.held_out)} of brands that can be seen before it"
    visible_part = no_visible_brand if n_later and not len(split.held_out) else ""
    return UsageError(
        f"There are {len(split.known)} dated endorsements before and {n_later} after {day(date)}"
        f"{visible_part}; they are from {day(times[0])} to {day(times[-1])}.",
        f"Choose another day: --set protocol.date={day(times[len(times) // 2])}",
    )


def _chosen_share(
    pairs: Pairs,
    groups: np.ndarray,
    *,
    share: float,
    rng: np.random.Generator,
    never: np.ndarray | None = None,
) -> np.ndarray:
    """(p,) bool: about this share of the partners of every brand, in whole groups. If each group has one
    pair, the first pair of a brand is chosen.

    groups  (p,) number of the group of each pair; a group is chosen as a whole or not at all
    never   (p,) bool: a group with one of these pairs is not chosen
    """
    is_chosen = np.zeros(len(pairs), bool)
    order = np.argsort(groups, kind="stable")
    rows_of_groups = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []
    rows_of_groups.sort(key=lambda rows: int(rows[0]))
    # The deficit of a brand is the number of pairs that its share still lacks. A group is chosen if its
    # brands together lack pairs.
    deficit: defaultdict[str, float] = defaultdict(float)
    for number in rng.permutation(len(rows_of_groups)).tolist():
        rows = rows_of_groups[number]
        brands = pairs[rows, 0].tolist()
        total = sum(deficit[brand] for brand in brands)
        choose = total > -TOLERANCE and not (never is not None and never[rows].any())
        is_chosen[rows] = choose
        for brand in brands:
            deficit[brand] += share - choose
    return is_chosen


def _of_visible_brands(dataset: Dataset, held_out: Pairs, *, known: Pairs, has_posts: bool) -> _PairSplit:
    """The held-out pairs of brands with a post, a brief or a known partner, with a note on the other
    brands."""
    brands = np.unique(held_out[:, 0].astype(str)).astype(object)
    has_partner = np.isin(brands.astype(str), known[:, 0].astype(str))
    is_seen = visible(dataset, brands, has_posts=has_posts) | has_partner  # (b,)
    notes = []
    if unseen := brands[~is_seen].tolist():
        notes.append(
            f"{len(unseen):,} of {len(brands):,} brands are not judged: no post and no known partner of "
            f"theirs can be seen, for example {unseen[0]}"
        )
    is_judged = np.isin(held_out[:, 0].astype(str), brands[is_seen].astype(str))  # (p,)
    return _PairSplit(known, held_out[is_judged], tuple(notes))


def _pair_matrix(brands: np.ndarray, candidates: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(b, n) bool: which brand and candidate are a pair."""
    row_by_brand = position_by_item(brands.tolist())
    column_by_candidate = position_by_item(candidates.tolist())
    is_pair = np.zeros((len(brands), len(candidates)), bool)
    for brand, influencer in pairs.tolist():
        if brand in row_by_brand and influencer in column_by_candidate:
            is_pair[row_by_brand[brand], column_by_candidate[influencer]] = True
    return is_pair


def _as_pairs(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return np.array(list(pairs), dtype=object).reshape(-1, 2)
