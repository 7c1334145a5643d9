"""What is learned from and what is judged: every split of the product, drawn.

A split depends on the tables and its settings alone: not on the order of rows, and not on the Features that
fill the slots. Two workspaces with the same rows are judged on the same pairs, whatever was encoded. What a
split holds out is invisible: endorsement links are taken out of both views, and so is every post that would
state one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from brandfit import seeds
from brandfit.data.candidates import by_followers, counted, sentences
from brandfit.data.categories import STATED
from brandfit.data.dataset import Dataset, Pairs
from brandfit.data.schema import STATED_BY_POST, Link, link_id, to_table
from brandfit.errors import ConfigError, DataError, UsageError

NO_ENDORSEMENTS = "Import who endorses whom, or posts that brands are mentioned in: brandfit import --help"
NO_POSTS = np.zeros(0, dtype=object)
EVEN = 1e-9
"""What sums of shares may be off by."""


class Fold(NamedTuple):
    """What a ranker may be fitted on, what it sees when it scores, and what it is asked.

    brands (b,), candidates (n,) object ids; relevant (b, n) bool, the held-out truth; eligible (b, n) bool,
    False where a candidate is not ranked for a brand (a partner that is known already, or one of which
    nothing is left to see); hidden (p,) ids of the posts that state a held-out endorsement and are hidden
    from both sides; features: names of Features, and what they tell all the same of what is hidden or asked
    for.
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


def official(dataset: Dataset) -> list[Fold]:
    """The split that the source states (D-06 a), one fold.

                     influencers of training brands    influencers of test brands
    training brands  learned from                      -
    test brands      -                                 judged: all of them are candidates
    """
    part = dict(zip(dataset.accounts["id"].to_pylist(), dataset.accounts["split"].to_pylist(), strict=True))
    brands = np.array([b for b in dataset.brands.tolist() if part[b] == "test"], dtype=object)
    if not len(brands) or not any(part[b] == "train" for b in dataset.brands.tolist()):
        raise DataError(
            "This workspace has no official split: no account says whether it is for training or for "
            "testing.",
            "Import released features with a train and a test file, or choose --protocol cv5 or expansion.",
        )
    return [_by_brand("official", dataset, brands)]


def brand_folds(dataset: Dataset, k: int = 5, seed: int = 0) -> list[Fold]:
    """k folds over brands, every category in each as far as it goes (D-06 b).

             fold 1  fold 2  ...  fold k
    brands   judged  learn        learn      <- first fold; candidates are all influencers that work with
             learn   judged       learn         a brand of the judged fold, and none else
    """
    brands = np.array(sorted({b for b, _ in dataset.endorsements.tolist()}), dtype=object)
    if not len(brands):
        raise UsageError("No endorsement is known here, so there is nothing to judge by.", NO_ENDORSEMENTS)
    if len(brands) < k:
        raise UsageError(
            f"{k} folds over brands need at least {k} brands with endorsements, found {len(brands)}.",
            "Use fewer folds.",
        )
    categories = np.array([c or "" for c in dataset.account_values("category", brands)], dtype=object)
    shuffled = seeds.generator(seed, "brand folds").permutation(len(brands))
    # Dealt out like cards, category after category: sizes and categories differ by at most one between folds.
    dealt = shuffled[np.argsort(categories[shuffled].astype(str), kind="stable")]
    fold = np.empty(len(brands), np.int64)
    fold[dealt] = np.arange(len(brands)) % k
    return [_by_brand(f"fold {n + 1} of {k}", dataset, brands[fold == n]) for n in range(k)]


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

    a brand's partners   ■ ■ ■ ■ | ▢ ▢ ▢ ▢ ▢       ■ known: they stand for a brand that has nothing of its own
    all influencers      - - - - | ? ? ? ? ? ? ? ? ? ? ? ? ? ? ?     - not ranked   ? candidates, ▢ among them

    Honest about leaks: a post that states a held-out endorsement does not exist yet when a brand looks for
    partners, so it is hidden from both views, and whatever else it states is held out with it: one post often
    names ten brands. An influencer of whom then no post is left (``visible``) is not judged for that pair
    (not relevant, not eligible). Candidates are the influencers inside the follower bounds (unknown sizes
    stay in) that can be seen.
    """
    if not len(dataset.endorsements):
        raise UsageError("No endorsement is known here, so there is nothing to judge by.", NO_ENDORSEMENTS)
    counts = Counter(dataset.endorsements[:, 0].tolist())
    pairs = _pairs((b, i) for b, i in dataset.endorsements.tolist() if counts[b] >= min_partners)
    if not len(pairs):
        raise UsageError(
            f"No brand has {min_partners} partners or more.",
            "Lower protocol.min_partners, or import more endorsements.",
        )
    stay = _held_out_share(
        pairs, _statement_groups(dataset, pairs), share=share, rng=seeds.generator(seed, "expansion")
    )
    known = pairs[stay]
    posted = len(dataset.posts) > 0
    held, notes = _pairs_of_visible_brands(dataset, pairs[~stay], known, posted=posted)
    if not len(held):
        raise UsageError(
            "No partner can be held out: all that is known of the brands is stated by the same few posts.",
            "Import more posts, or choose --protocol cv5.",
        )
    bounds = min_followers, max_followers
    return [
        _hidden_pairs_fold(
            "expansion",
            dataset,
            known=known,
            held=held,
            bounds=bounds,
            seed=seed,
            posted=posted,
            unseen_brands=notes,
        )
    ]


def temporal(
    dataset: Dataset,
    date: int | str,
    *,
    min_followers: int = 5_000,
    max_followers: int = 100_000,
    seed: int = 0,
) -> list[Fold]:
    """Endorsements before a date (a day, or s since 1970) are known, later ones are to be found; no later
    post is seen. One fold.

    time ──────────────────────────── date ─────────────────────►
    posts    seen                      |    not seen
    partners ■ ■   ■      ■  known     |  ▢  ▢     ▢   judged: new partners only
    """
    date = seconds(date)
    if not len(dataset.endorsements):
        raise UsageError("No endorsement is known here, so there is nothing to judge by.", NO_ENDORSEMENTS)
    links = dataset.links_of_kinds("endorses").select(["target", "source", "time"])
    first = (
        links.filter(pc.is_valid(links["time"]))
        .group_by(["target", "source"], use_threads=False)
        .aggregate([("time", "min")])
    )
    real = set(map(tuple, dataset.endorsements.tolist()))
    known: list[tuple[str, str]] = []
    held: list[tuple[str, str]] = []
    for brand, influencer, time in zip(
        *(first[c].to_pylist() for c in ("target", "source", "time_min")), strict=True
    ):
        if (brand, influencer) in real:
            (known if time < date else held).append((brand, influencer))
    seen = dataset.posts["id"].filter(pc.less(dataset.posts["time"], date).fill_null(False))
    earlier = dataset.restricted(
        posts=seen.combine_chunks(), note="posts from the date on, or without a time, are not seen"
    )
    # Comments under an earlier post, and endorsements of which no post is known, may be later.
    dated = earlier.links_of_kinds("comments", "endorses")
    earlier = earlier.with_links(
        dated.filter(pc.less(dated["time"], date).fill_null(False)), replacing=["comments", "endorses"]
    )
    posted = len(dataset.posts) > 0
    asked, notes = _pairs_of_visible_brands(earlier, _pairs(sorted(held)), _pairs(known), posted=posted)
    if not known and not held:
        raise UsageError(
            f"None of the {len(real):,} endorsements has a time, so that none is before or after a day.",
            "Import posts that state them, or a time of each, or choose --protocol cv5 or expansion.",
        )
    if not known or not len(asked):
        times = sorted(time for time in first["time_min"].to_pylist())
        span = f"; they are from {day(times[0])} to {day(times[-1])}" if times else ""
        seen_of = f", {len(asked)} of brands that can be seen before it" if held and not len(asked) else ""
        raise UsageError(
            f"There are {len(known)} dated endorsements before and {len(held)} after "
            f"{day(date)}{seen_of}{span}.",
            "Choose another day: --set "
            f"protocol.date={day(times[len(times) // 2]) if times else '2020-12-31'}",
        )
    bounds, before = (min_followers, max_followers), _pairs(sorted(known))
    return [
        _hidden_pairs_fold(
            "temporal",
            earlier,
            known=before,
            held=asked,
            bounds=bounds,
            seed=seed,
            posted=posted,
            unseen_brands=notes,
            unseen=True,
        )
    ]


def seconds(date: int | str) -> int:
    """Of a day, 2018-12-01 or 20181201, its start in UTC."""
    try:
        day = datetime.fromisoformat(str(date))
    except ValueError:
        day = None
    try:
        if day is not None:
            return int((day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp())
        datetime.fromtimestamp(int(date), UTC)
        return int(date)
    except (ValueError, OverflowError, OSError):
        hint = "Write it as 2018-12-01, or as seconds (not milliseconds) since 1970."
        raise ConfigError(f"Setting date={date}: no day.", hint) from None


def day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def training_view(dataset: Dataset, seed: int = 0, stated: Dataset | None = None) -> Dataset:
    """What a ranker is fitted on, so that it meets in training what it will meet later.

    A brand that is seen through its partners must not be matched with these very partners: for each such
    brand half of its partners stand for it (``represents``) and the other half are what is learned from. And
    the posts that state an endorsement that is learned from are hidden, where the influencer has others: when
    a brand looks for partners, nobody has posted for it yet. What a post states together is learned from
    together. ``stated`` knows which post states an endorsement, where this view does not any more.
    """
    stated = stated or dataset
    through = [b for b, how in dataset.representation.items() if how == "partners"]
    pairs = dataset.endorsements
    own = ~np.isin(pairs[:, 0].astype(str), np.array(through, dtype=str))
    stands = _held_out_share(
        pairs,
        _statement_groups(stated, pairs),
        share=0.5,
        rng=seeds.generator(seed, "training view"),
        never=own,
    )
    stand, learn = pairs[stands], pairs[~stands]
    return _with_partners(_unstated(dataset, stated, learn), dataset, stand=stand, learn=learn)


def _by_brand(name: str, dataset: Dataset, brands: np.ndarray) -> Fold:
    """Brands are held out whole; candidates are the influencers that work with one of them."""
    pairs = dataset.endorsements
    is_test = np.isin(pairs[:, 0], brands)
    candidates = np.unique(pairs[is_test, 1].astype(str)).astype(object)
    hidden = _stating(dataset, pairs[is_test])
    left = ~is_test & ~_stated_by(dataset, pairs, hidden)
    learned = np.unique(pairs[left, 1].astype(str)).astype(object)
    # An influencer that works with nobody may be learned from too (as a negative); one of the judged brands
    # alone may not.
    unseen = np.setdiff1d(candidates, learned)
    posts = (
        dataset.posts["id"]
        .filter(pc.invert(pc.is_in(dataset.posts["id"], value_set=hidden)))
        .combine_chunks()
    )
    # Nobody is known to work with a judged brand, so that nobody stands for one; nor for those that are
    # learned from.
    open_ = _with_partners(
        dataset.restricted(posts=posts), dataset, stand=_pairs([]), learn=pairs[left]
    ).without_representatives()
    # What is judged is seen without the posts that state it, so what is learned from is too: as in
    # `training_view`.
    learn = _unstated(open_, dataset, pairs[left])
    train = learn.restricted(
        brands=np.setdiff1d(dataset.brands, brands), influencers=np.setdiff1d(dataset.influencers, unseen)
    )
    test = open_.restricted(brands=brands, influencers=candidates)
    relevant = _matrix(brands, candidates, pairs)
    eligible = np.ones_like(relevant)
    features = _feature_notes(dataset, len(hidden) > 0, official=name == "official")
    ids = hidden.to_numpy(zero_copy_only=False)
    return Fold(
        name=name,
        train=train,
        test=test,
        brands=brands,
        candidates=candidates,
        relevant=relevant,
        eligible=eligible,
        hidden=ids,
        features=features,
    )


def _hidden_pairs_fold(
    name: str,
    dataset: Dataset,
    *,
    known: Pairs,
    held: Pairs,
    bounds: tuple[int, int],
    seed: int,
    posted: bool,
    unseen_brands: Iterable[str],
    unseen: bool = False,
) -> Fold:
    """Some pairs are known, others are to be found among all influencers that can be seen.

    posted         whether the source has posts at all (``visible``)
    unseen_brands  notes on brands of which nothing is held out
    """
    hidden = _stating(dataset, held)
    posts = (
        dataset.posts["id"]
        .filter(pc.invert(pc.is_in(dataset.posts["id"], value_set=hidden)))
        .combine_chunks()
    )
    note = f"{len(hidden):,} posts that state a held-out endorsement are hidden"
    seen = _with_partners(dataset.restricted(posts=posts, note=note), dataset, stand=_pairs([]), learn=known)
    followers = seen.account_values("followers", seen.influencers).astype(np.float64)
    inside, outside = by_followers(seen.influencers, followers, low=bounds[0], high=bounds[1])
    in_sight = visible(seen, seen.influencers, posted=posted)
    candidates = seen.influencers[inside & in_sight]
    left_out = (
        *outside,
        *counted("no_evidence", "with no post left to see", ids=seen.influencers[inside & ~in_sight]),
    )
    judged = np.unique(held[:, 0].astype(str)).astype(object)
    relevant = _matrix(judged, candidates, held)
    eligible = ~_matrix(judged, candidates, known)
    lost = len(held) - int(relevant.sum())
    has_answer = relevant.any(axis=1)
    unanswered = int((~has_answer).sum())
    notes = [*unseen_brands]
    if unknown := int(np.isnan(followers[np.isin(seen.influencers, candidates)]).sum()):
        notes.append(
            f"the followers of {unknown:,} of {len(candidates):,} candidates are not known: the bounds leave "
            "none of them out"
        )
    if lost:
        notes.append(
            f"{lost:,} of {len(held):,} pairs are not judged: the influencer is out of bounds, or nothing is "
            "left to see of it"
        )
    if unanswered:
        notes.append(
            f"{unanswered:,} of {len(judged):,} brands are not judged: none of their held-out partners can "
            "be seen"
        )
    notes += sentences(len(candidates), left_out)
    test = _with_partners(seen, seen, stand=known, learn=_pairs([]))
    train = training_view(seen, seeds.derive(seed, name), stated=dataset)
    judged, relevant, eligible = judged[has_answer], relevant[has_answer], eligible[has_answer]
    ids, features = hidden.to_numpy(zero_copy_only=False), _feature_notes(dataset, unseen or len(hidden) > 0)
    return Fold(
        name=name,
        train=train,
        test=test,
        brands=judged,
        candidates=candidates,
        relevant=relevant,
        eligible=eligible,
        notes=tuple(notes),
        hidden=ids,
        features=features,
    )


def _feature_notes(dataset: Dataset, unseen: bool, official: bool = False) -> tuple[tuple[str, str], ...]:
    """Features and what they tell of posts that are not to be seen (``unseen``: there are some), or of what
    is asked for."""
    found = []
    for features in sorted(dataset.slots.values(), key=lambda f: f.name):
        # The official test part is not among what a source has learned from.
        learned = {
            what.removeprefix("all ")
            for what in features.learned_from
            if not official or what.startswith("all ")
        }
        if features.describes_accounts and unseen and features.name != STATED:
            found.append(
                (
                    features.name,
                    "describes whole accounts: what it takes from hidden or later posts is seen all the same",
                )
            )
        if "accounts" in learned:
            found.append((features.name, "was fitted on what all accounts post, those that are judged too"))
        if "endorsements" in learned:
            found.append(
                (
                    features.name,
                    "was fitted on endorsements, those that are asked for too: what it adds is overrated",
                )
            )
    return tuple(found)


def visible(dataset: Dataset, ids: np.ndarray, *, posted: bool) -> np.ndarray:
    """(n,) bool: accounts with a post or a brief in this view.

    posted  whether the source of the view has posts at all. Where it has none, no post can be hidden, and all
            accounts are visible: what is known of them was imported with them.
    """
    if not posted:
        return np.ones(len(ids), bool)
    return np.isin(ids.astype(str), np.unique(dataset.posts["account"].to_numpy().astype(str)))


def _with_partners(view: Dataset, stated: Dataset, *, stand: Pairs, learn: Pairs) -> Dataset:
    """The view with these endorsements, as they are stated elsewhere, and these representing partners, and no
    others.

    An endorsement keeps its time and weight, not its post, which the view may hide.
    """
    old = stated.links_of_kinds("endorses")
    wanted = pa.array(sorted({f"{b}\n{i}" for b, i in learn.tolist()}), pa.string())
    kept = old.filter(pc.is_in(_keys(old), value_set=wanted))
    kept = kept.set_column(
        kept.schema.get_field_index("post"), kept.schema.field("post"), pa.nulls(len(kept), pa.string())
    )
    new = [
        Link(id=link_id("represents", i, target=b), kind="represents", source=i, target=b)
        for b, i in stand.tolist()
    ]
    return view.with_links(
        pa.concat_tables([kept, to_table("links", new)]), replacing=["endorses", "represents"]
    )


def _unstated(view: Dataset, stated: Dataset, pairs: Pairs) -> Dataset:
    """The view without the posts that state these endorsements, where their accounts have others."""
    posts = view.posts
    others = pc.invert(pc.is_in(posts["id"], value_set=_stating(stated, pairs)))
    alone = pc.invert(
        pc.is_in(posts["account"], value_set=posts["account"].filter(others).combine_chunks().unique())
    )
    return view.restricted(posts=posts["id"].filter(pc.or_(others, alone)).combine_chunks())


def _stating(dataset: Dataset, pairs: Pairs) -> pa.Array:
    """Ids of the posts that state one of these endorsements: by a mention, tag or sponsor, or as the
    endorsement's own post.

    Posts of the influencer that name the brand, and posts of the brand that name the influencer ("picture by
    ...").
    """
    wanted = pa.array(sorted({f"{b}\n{i}" for b, i in pairs.tolist()}), pa.string())
    links = dataset.links_of_kinds("endorses", *STATED_BY_POST).select(["target", "source", "post"])
    states = pc.or_(*(pc.is_in(_keys(links, brand), value_set=wanted) for brand in ("target", "source")))
    return links["post"].filter(pc.and_(states, pc.is_valid(links["post"]))).combine_chunks().unique()


def _stated_by(dataset: Dataset, pairs: Pairs, posts: pa.Array) -> np.ndarray:
    """(p,) bool: pairs that these posts state and no others; without these posts nobody would know of
    them."""
    told = _statements(dataset)
    told = told.filter(pc.is_valid(told["post"]))
    inside = pc.is_in(told["post"], value_set=posts)
    here, elsewhere = (set(told["pair"].filter(some).to_pylist()) for some in (inside, pc.invert(inside)))
    return np.array(
        [key in here and key not in elsewhere for key in (f"{b}\n{i}" for b, i in pairs.tolist())], bool
    )


def _statement_groups(dataset: Dataset, pairs: Pairs) -> np.ndarray:
    """(p,) number of the moment of each pair. Pairs that one post states belong together, and pairs of an
    influencer that are stated in the same second.
    """
    row = {f"{b}\n{i}": n for n, (b, i) in enumerate(pairs.tolist())}
    told = _statements(dataset)
    event: dict[tuple[str, str | int], int] = {}
    at: list[tuple[int, int]] = []
    columns = (told[name].to_pylist() for name in ("pair", "source", "post", "time", "kind"))
    for key, source, post, time, kind in zip(*columns, strict=True):
        if (n := row.get(key)) is not None:
            events = [(source, post), *([(source, time)] if kind == "endorses" else [])]
            at += [(n, event.setdefault(found, len(event))) for found in events if found[1] is not None]
    pair, of = np.array(at, np.int64).reshape(-1, 2).T
    n = len(pairs)
    graph = sparse.coo_matrix(
        (np.ones(len(at), bool), (pair, n + of)), shape=(n + len(event), n + len(event))
    )
    return connected_components(graph, directed=False)[1][:n]


def _statements(dataset: Dataset) -> pa.Table:
    """What states each ``pair`` (brand and influencer as one text): source, post, time and kind.

    A post of a brand counts where an endorsement carries it: elsewhere the endorsement is known without that
    post.
    """
    links = dataset.links_of_kinds("endorses", *STATED_BY_POST).select(
        ["target", "source", "post", "time", "kind"]
    )
    endorses = pc.equal(links["kind"], "endorses")
    carried = links["post"].filter(endorses).drop_null().combine_chunks()
    by_brands = links.filter(pc.and_(pc.invert(endorses), pc.is_in(links["post"], value_set=carried)))
    return pa.concat_tables(
        [
            links.append_column("pair", _keys(links)),
            by_brands.append_column("pair", _keys(by_brands, brand="source")),
        ]
    )


def _held_out_share(
    pairs: Pairs,
    moment: np.ndarray,
    *,
    share: float,
    rng: np.random.Generator,
    never: np.ndarray | None = None,
) -> np.ndarray:
    """(p,) bool: about this share of the partners of every brand, whole moments; where they are of one pair
    each, the first too.

    never   (p,) bool: pairs that may not be, nor what is of the same moment
    """
    result = np.zeros(len(pairs), bool)
    order = np.argsort(moment, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(moment[order])) + 1) if len(order) else []
    groups.sort(key=lambda rows: int(rows[0]))
    lack: defaultdict[str, float] = defaultdict(float)
    for number in rng.permutation(len(groups)).tolist():
        rows = groups[number]
        brands = pairs[rows, 0].tolist()
        chosen = sum(lack[b] for b in brands) > -EVEN and not (never is not None and never[rows].any())
        result[rows] = chosen
        for b in brands:
            lack[b] += share - chosen
    return result


def _pairs_of_visible_brands(
    dataset: Dataset, pairs: Pairs, known: Pairs, *, posted: bool
) -> tuple[Pairs, list[str]]:
    """Those pairs whose brand has a post, a brief or a known partner, and a note on the brands that have
    none."""
    brands = np.unique(pairs[:, 0].astype(str)).astype(object)
    seen = visible(dataset, brands, posted=posted) | np.isin(brands.astype(str), known[:, 0].astype(str))
    notes = []
    if unseen := brands[~seen].tolist():
        notes.append(
            f"{len(unseen):,} of {len(brands):,} brands are not judged: no post and no known partner of "
            "theirs can be seen, "
            f"for example {unseen[0]}"
        )
    return pairs[np.isin(pairs[:, 0].astype(str), brands[seen].astype(str))], notes


def _keys(links: pa.Table, brand: str = "target") -> pa.ChunkedArray:
    """Brand and influencer of each link, of which this end is the brand."""
    return pc.binary_join_element_wise(links[brand], links["source" if brand == "target" else "target"], "\n")


def _matrix(brands: np.ndarray, candidates: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(b, n) bool: which brand and candidate are a pair."""
    row = {b: n for n, b in enumerate(brands.tolist())}
    column = {c: n for n, c in enumerate(candidates.tolist())}
    result = np.zeros((len(brands), len(candidates)), bool)
    for brand, influencer in pairs.tolist():
        if brand in row and influencer in column:
            result[row[brand], column[influencer]] = True
    return result


def _pairs(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return np.array(list(pairs), dtype=object).reshape(-1, 2)
