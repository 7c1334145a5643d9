"""The evidence that ``brandfit`` weighs: named numbers of a pair, each from one idea, fitted on who works
with whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from brandfit.learning.feature_transforms import View, view
from brandfit.learning.kernels import gram, joined, kernel, ridge
from brandfit.learning.pooling import Rows, Vectors
from brandfit.learning.similarity import inner, maxsim, unit

NEIGHBOURS = 5
"""Training brands that a candidate's hubness is told by."""
GAMMA = {"brand": 1.7, "influencer": 1.1, "slot": 1.0}
RIDGE = {"brand": 1.0, "influencer": 3.0, "category": 0.5, "partner": 0.5}
AXES = 150
PLAIN = ("text", "picture", "concept")
"""Slots of the plain cosine, as in SimCos."""
NAMED = ("concept", "profile")
"""Slots of which a rare column tells more than a frequent one."""
LANDMARKS = 4000
"""Influencers at most that kernels are spanned by."""
AT_ONCE = 2048
"""Influencers whose cosines with all training brands are held at once."""
SHRINK = {"match": 0.6, "within": 0.3}
QUARTER = 0.25

Slots = Mapping[str, Vectors]
Posts = Mapping[str, tuple[Rows, Rows]]
"""Slot to the posts of brands and of influencers."""


@dataclass(frozen=True)
class Training:
    """What is learned from: vectors by slot of b brands and i influencers, works (b, i), categories (b,),
    (i,) or -1; posts."""

    brands: Slots
    influencers: Slots
    works: np.ndarray
    categories: tuple[np.ndarray, np.ndarray]
    posts: Posts
    plain: bool = True
    """Whether plain cosines are evidence too."""

    def narrowed(self, brands: np.ndarray, partners: bool = True) -> Training:
        """Only these brands (rows) and, unless ``partners`` says otherwise, the influencers that work with
        them."""
        influencers = (
            np.flatnonzero(self.works[brands].any(axis=0)) if partners else np.arange(self.works.shape[1])
        )
        left, right = self.categories
        return Training(
            brands={slot: _rows(v, brands) for slot, v in self.brands.items()},
            influencers={slot: _rows(v, influencers) for slot, v in self.influencers.items()},
            works=self.works[np.ix_(brands, influencers)],
            categories=(left[brands], right[influencers]),
            posts={slot: (b.subset(brands), i.subset(influencers)) for slot, (b, i) in self.posts.items()},
            plain=self.plain,
        )

    def without(self, pairs: np.ndarray) -> Training:
        """As if these pairs, (b, i) bool, did not work together."""
        return replace(self, works=self.works & ~pairs)


@dataclass(frozen=True)
class Side:
    """What ``Evidence`` tells of n influencers alone: views, plain rows of length one and posts by slot,
    hubness by slot (n,), and what else is learned, a row an influencer."""

    views: Slots
    plain: Slots
    posts: Mapping[str, Rows]
    hubs: Mapping[str, np.ndarray]
    learned: Mapping[str, np.ndarray]

    def subset(self, at: np.ndarray) -> Side:
        """Of these influencers (m,) alone."""
        return Side(
            views={slot: _rows(v, at) for slot, v in self.views.items()},
            plain={slot: _rows(v, at) for slot, v in self.plain.items()},
            posts={slot: rows.subset(at) for slot, rows in self.posts.items()},
            hubs={slot: values[at] for slot, values in self.hubs.items()},
            learned={name: values[at] for name, values in self.learned.items()},
        )


class Evidence:
    """Fitted with ``fit``, or made of what was ``stored``; ``of`` gives the numbers of pairs.

    cos.SLOT      cosine of the views of both sides
    plain         the score of SimCos, the mean cosine of the features as they are, where few brands are
                  known: centring hides how much an account differs from the mean at all, and what is learned
                  from many brands says more
    late, back    .SLOT: of posts, best cosine of each of the candidate's with one of the brand's, and the
                  other way round
    hub.SLOT      mean cosine of the candidate with the training brands that are nearest to it: a hub is near
                  to all (CSLS)
    krr           two-sided kernel ridge regression of who works with whom, over all slots; krr.SLOT: brands
                  compared by one slot
    partner       cosine with the partner that brands like this one have on average, less its hubness
    match, within two-covariance model (PLDA) of brands and their partners; cosine after whitening what
    differs inside such pairs
    via.works     how alike both stand to all training brands: how well the candidate would work with each
                  (krr), and how well the brand would, were it an influencer; via.likes: how alike each is to
                  them
    category      how well the categories that both sides are told to have agree
    history       how like this brand the training brands are that the candidate has worked with (a method of
                  its own)
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.stored = arrays
        self.views = {slot: View.restored(found) for slot, found in sorted(_scoped(arrays, "view").items())}
        self.two_sided = [slot for slot in self.views if f"influencer.{slot}" in arrays]
        self.weights = {
            side: {
                slot: float(arrays[f"weight.{side}.{slot}"][0])
                for slot in self.views
                if f"weight.{side}.{slot}" in arrays
            }
            for side in ("brand", "influencer")
        }
        self.brands = {slot: arrays[f"brand.{slot}"] for slot in self.views}
        self.influencers = {slot: arrays[f"influencer.{slot}"] for slot in self.two_sided}
        self.learned = "krr" in arrays
        self.plain = bool(arrays["plain"][0])

    @classmethod
    def fit(cls, training: Training, learn: bool = True) -> Evidence:
        """``learn=False``: the views alone, for where nobody is known to work with anybody."""
        slots = sorted(slot for slot in training.brands if training.brands[slot].present.any())
        views = {
            slot: view(training.brands[slot], training.influencers[slot], slot in NAMED) for slot in slots
        }
        arrays = {
            f"view.{slot}.{name}": values for slot, v in views.items() for name, values in v.arrays().items()
        }
        brands = {slot: views[slot].transform(training.brands[slot], 0).values for slot in slots}
        influencers = {
            slot: views[slot].transform(training.influencers[slot], 1).values
            for slot in slots
            if training.influencers[slot].present.any()
        }
        if learn and influencers:
            kept = _landmarks(training.works)
            works = training.works[:, kept]
            influencers = {slot: rows[kept] for slot, rows in influencers.items()}
            arrays |= _learned(
                brands,
                influencers,
                works=works,
                categories=(training.categories[0], training.categories[1][kept]),
            )
        else:
            influencers = {slot: rows[:0] for slot, rows in influencers.items()}
        arrays["plain"] = np.array([training.plain])
        arrays |= {f"brand.{slot}": rows for slot, rows in brands.items()}
        arrays |= {f"influencer.{slot}": rows for slot, rows in influencers.items()}
        return cls(arrays)

    def of(self, brands: Slots, side: Side, posts: Mapping[str, Rows]) -> dict[str, np.ndarray]:
        """Name to (b, n) numbers of these brands and the influencers of a side; NaN where a pair has no such
        evidence.

        posts  slot to the posts of the brands
        """
        left = {slot: self.views[slot].transform(brands[slot], 0) for slot in self.views if slot in brands}
        shared = [slot for slot in side.views if slot in left]
        found = {}
        for slot in shared:
            right = side.views[slot]
            here = left[slot].present[:, None] & right.present
            found[f"cos.{slot}"] = np.where(here, inner(left[slot].values, right.values), np.nan)
            if self.learned:
                found[f"hub.{slot}"] = np.where(here, side.hubs[slot], np.nan)
            if slot in side.posts and slot in posts:
                found[f"late.{slot}"], found[f"back.{slot}"] = maxsim(
                    self._post_vectors(slot, posts[slot], 0), side.posts[slot]
                )
        if self.plain and (compared := [slot for slot in PLAIN if slot in shared]):
            found["plain"] = _plain({slot: unit(brands[slot]) for slot in compared}, side.plain)
        if self.learned and shared:
            found |= self._learned(
                {slot: v.values for slot, v in self._filled(left, self.brands, brands).items()}, side
            )
        return found

    def history(self, brands: Slots, itself: np.ndarray, worked: sparse.csr_matrix) -> np.ndarray:
        """(m, n) mean cosine of a brand with those of the training brands that a candidate has worked with;
        NaN where with none.

        itself (m,)    the place of each brand among the training brands, or -1: no brand tells of itself
        worked (n, b)  of 0 and 1: who has worked with which training brand
        """
        told = [
            inner(self.views[slot].transform(brands[slot], 0).values, rows)
            for slot, rows in self.brands.items()
            if slot in brands
        ]
        alike = np.mean(told, axis=0)
        count = np.repeat(np.asarray(worked.sum(axis=1), np.float64).reshape(1, -1), len(alike), axis=0)
        here = np.flatnonzero(itself >= 0)
        alike[here, itself[here]] = 0
        count[here] -= worked[:, itself[here]].T.toarray()
        return np.divide((worked @ alike.T).T, count, out=np.full(count.shape, np.nan), where=count > 0)

    def side(self, influencers: Slots, posts: Mapping[str, Rows]) -> Side:
        """What is to be known of n influencers, whatever the brand: most of the work, and done once for many
        brands."""
        views = {
            slot: self.views[slot].transform(influencers[slot], 1)
            for slot in self.two_sided
            if slot in influencers
        }
        plain = {slot: unit(influencers[slot]) for slot in views} if self.plain else {}
        if not (self.learned and views):
            return Side(views=views, plain=plain, posts={}, hubs={}, learned={})
        looked = {slot: self._post_vectors(slot, rows, 1) for slot, rows in posts.items() if slot in views}
        hubs = {slot: _hubness(self.brands[slot], view.values) for slot, view in views.items()}
        a, told = self.stored, {}
        filled = {slot: v.values for slot, v in self._filled(views, self.influencers, influencers).items()}
        near = kernel(filled, self.influencers, weights=self.weights["influencer"], gamma=GAMMA["influencer"])
        told["krr"] = inner(near, a["spread"]).astype(np.float32)
        y = inner(joined(filled, self.weights["influencer"]), a["axes"].T.astype(np.float32)).astype(
            np.float32
        )
        told["match"], told["match.own"] = y, self._self_similarity(y)
        told["via.works"] = self._neighbour_profile("works", told["krr"], 1)
        told["via.likes"] = self._neighbour_profile("likes", self._likes(filled), 1)
        told["partner"] = _unit(y)
        told["partner.hub"] = _hubness(_unit(a["partner.training"]), told["partner"])
        told["within"] = _unit(inner(y, a["within"].astype(np.float32).T))
        told["within.hub"] = _hubness(a["within.brands"], told["within"])
        if "category.influencer" in a:
            of_influencer = (
                inner(near, a["category.influencer"].T.astype(np.float32)) + a["category.influencer.mean"]
            )
            told["category"] = of_influencer.astype(np.float32)
            told["category.sure"] = of_influencer.max(axis=1)
        return Side(views=views, plain=plain, posts=looked, hubs=hubs, learned=told)

    def _post_vectors(self, slot: str, posts: Rows, side: int) -> Rows:
        """The views of single posts; one that shows nothing is like nothing."""
        return Rows(
            self.views[slot].transform(Vectors(posts.values, np.ones(len(posts.values), bool)), side).values,
            posts.counts,
        )

    def _filled(
        self, seen: dict[str, Vectors], known: Mapping[str, np.ndarray], raw: Slots
    ) -> dict[str, Vectors]:
        """All slots that were learned from; zeros where they are not there any more."""
        n = len(next(iter(raw.values())).values)
        return {
            slot: seen.get(slot, Vectors(np.zeros((n, rows.shape[1]), np.float32), np.zeros(n, bool)))
            for slot, rows in known.items()
        }

    def _self_similarity(self, rows: np.ndarray) -> np.ndarray:
        """(n,) x' Q x of the two-covariance model."""
        return np.asarray(
            np.einsum(
                "nd,nd->n",
                inner(rows, self.stored["match.own"].astype(np.float32).T),
                rows.astype(np.float64),
            )
        )

    def _likes(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        """(n, b) how alike they are to the training brands, by the slots that both sides have."""
        return kernel(rows, self.brands, weights=self.weights["influencer"], gamma=GAMMA["brand"])

    def _neighbour_profile(self, name: str, rows: np.ndarray, side: int) -> np.ndarray:
        """Directions (n, k) of how accounts of a side stand to the training brands (n, b), less what is usual
        on that side."""
        axes, centre = self.stored[f"via.{name}.axes"], self.stored[f"via.{name}.centre"]
        return _unit(inner(rows, axes.T) - centre[side])

    def _learned(self, b: dict[str, np.ndarray], side: Side) -> dict[str, np.ndarray]:
        a, right = self.stored, side.learned
        to_brands = kernel(b, self.brands, weights=self.weights["brand"], gamma=GAMMA["brand"])
        asked = {"krr": to_brands} | {
            f"krr.{slot}": kernel(
                {slot: b[slot]}, {slot: self.brands[slot]}, weights={slot: 1.0}, gamma=GAMMA["slot"]
            )
            for slot in self.views
        }
        weights = np.concatenate([inner(rows, a[name]) for name, rows in asked.items()])
        found = dict(
            zip(asked, np.split(inner(weights.astype(np.float32), right["krr"]), len(asked)), strict=True)
        )
        x = inner(joined(b, self.weights["influencer"]), a["axes"].T.astype(np.float32)).astype(np.float32)
        mean = _unit(inner(to_brands, a["partner"].T.astype(np.float32)))
        found["partner"] = inner(mean, right["partner"]) - 0.5 * right["partner.hub"]
        crossed = inner(x, a["match.cross"].astype(np.float32).T).astype(np.float32)
        found["match"] = inner(crossed, right["match"]) + 0.5 * (
            self._self_similarity(x)[:, None] + right["match.own"]
        )
        as_influencers = kernel(
            b, self.influencers, weights=self.weights["influencer"], gamma=GAMMA["influencer"]
        )
        for name, rows in (
            ("works", inner(as_influencers, a["spread"]).astype(np.float32)),
            ("likes", self._likes(b)),
        ):
            found[f"via.{name}"] = inner(self._neighbour_profile(name, rows, 0), right[f"via.{name}"])
        white = _unit(inner(x, a["within"].astype(np.float32).T))
        found["within"] = inner(white, right["within"]) - 0.5 * right["within.hub"]
        if "category" in right:
            of_brand = inner(to_brands, a["category.brand"].T.astype(np.float32)) + a["category.brand.mean"]
            lift = (np.maximum(of_brand, 0) / np.maximum(a["category.brand.mean"], 1e-9)).astype(np.float32)
            found["category"] = inner(lift, np.maximum(right["category"], 0))
            best = np.zeros_like(of_brand, np.float32)
            best[np.arange(len(best)), of_brand.argmax(axis=1)] = 1
            found["category.best"] = inner(best, right["category"])
            found["category.sure"] = np.broadcast_to(right["category.sure"], found["category"].shape)
        return found


def _plain(brands: Slots, influencers: Slots) -> np.ndarray:
    """(b, n) mean cosine over the slots that both sides of a pair have; NaN where they share none."""
    total, count = np.zeros(1), np.zeros(1)
    for slot, left in brands.items():
        right = influencers[slot]
        both = left.present[:, None] & right.present
        total = total + np.where(both, inner(left.values, right.values), 0)
        count = count + both
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def _learned(
    brands: dict[str, np.ndarray],
    influencers: dict[str, np.ndarray],
    *,
    works: np.ndarray,
    categories: tuple[np.ndarray, np.ndarray],
) -> dict[str, np.ndarray]:
    """All that is fitted on who works with whom."""
    weight = _weights(brands, influencers, works)
    arrays = {f"weight.influencer.{slot}": np.array([w]) for slot, w in weight.items()}
    weight_b = {slot: weight.get(slot, 1.0) for slot in brands}
    arrays |= {f"weight.brand.{slot}": np.array([w]) for slot, w in weight_b.items()}
    # Kernel ridge on both sides: who works with whom, each brand's partners weighing one in all, less what is
    # common to all brands.
    target = works / np.sqrt(np.maximum(works.sum(axis=1, keepdims=True), 1))
    target = target - target.mean(axis=0)
    gram_b = gram(brands, weight_b, GAMMA["brand"])
    gram_i = gram(influencers, weight, GAMMA["influencer"])
    votes = _votes(works, categories)
    mean_i = votes[1].mean(axis=0) if votes is not None else np.zeros(0)
    solved = ridge(
        gram_i,
        np.column_stack([target.T, *([votes[1] - mean_i] if votes is not None else [])]),
        RIDGE["influencer"],
    )
    spread = solved[:, : len(works)].T
    arrays["spread"] = spread.astype(np.float32)
    arrays["krr"] = _inverse(gram_b)
    for slot, rows in brands.items():
        arrays[f"krr.{slot}"] = _inverse(gram({slot: rows}, {slot: 1.0}, GAMMA["slot"]))
    if votes is not None:
        known = categories[0] >= 0
        mean_b = votes[0][known].mean(axis=0)
        told = np.zeros_like(votes[0])
        told[known] = ridge(gram_b[np.ix_(known, known)], votes[0][known] - mean_b, RIDGE["category"])
        arrays |= {"category.brand": told, "category.brand.mean": mean_b}
        arrays |= {"category.influencer": solved[:, len(works) :], "category.influencer.mean": mean_i}
    left = {slot: rows for slot, rows in brands.items() if slot in influencers}
    works_with = kernel(left, influencers, weights=weight, gamma=GAMMA["influencer"]) @ arrays["spread"].T
    would = (
        target.T - RIDGE["influencer"] * arrays["spread"].T
    )  # what the ridge says of those that it learned from: K s = y - r s
    arrays |= _profile_to_training_brands("works", works_with, influencers=would, deviation=would.std(axis=0))
    of_brands, of_influencers = (
        kernel(rows, left, weights=weight, gamma=GAMMA["brand"]) for rows in (left, influencers)
    )
    arrays |= _profile_to_training_brands(
        "likes", of_brands, influencers=of_influencers, deviation=np.ones(len(works))
    )
    x, y = joined(left, weight), joined(influencers, weight)
    axes = _axes(x, y)
    x, y = x @ axes, y @ axes
    partner = ridge(gram_b, works @ y / np.maximum(works.sum(axis=1, keepdims=True), 1), RIDGE["partner"])
    arrays |= {"axes": axes, "partner": partner, "partner.training": (gram_b @ partner).astype(np.float32)}
    return arrays | _covariances(x, y, works)


def _profile_to_training_brands(
    name: str, brands: np.ndarray, *, influencers: np.ndarray, deviation: np.ndarray
) -> dict[str, np.ndarray]:
    """How brands (m, b) and influencers (n, b) stand to the training brands: the axes (b, k) on which they
    differ, of numbers divided by their deviation (b,), and where the mean of each side lies on them."""
    scale = 1 / np.maximum(deviation, 1e-9)
    means = np.stack([rows.mean(axis=0, dtype=np.float64) for rows in (brands, influencers)])
    axes = (_axes((brands - means[0]) * scale, (influencers - means[1]) * scale) * scale[:, None]).astype(
        np.float32
    )
    return {f"via.{name}.axes": axes, f"via.{name}.centre": means @ axes}


def _inverse(gram: np.ndarray) -> np.ndarray:
    """(b, b) what turns the likeness of a brand with those learned from into their weights; symmetric to the
    last bit."""
    inverse = ridge(gram, np.eye(len(gram)), RIDGE["brand"])
    return ((inverse + inverse.T) / 2).astype(np.float32)


def _axes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(d, k) first principal axes of the rows of both; the heaviest entry of each is positive."""
    from sklearn.utils.extmath import randomized_svd

    rows = np.concatenate([x, y])
    *_, found = randomized_svd(rows, min(AXES, *rows.shape), n_oversamples=20, n_iter=2, random_state=0)
    axes = found.T.astype(np.float64)
    return axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])


def _covariances(x: np.ndarray, y: np.ndarray, works: np.ndarray) -> dict[str, np.ndarray]:
    """The two-covariance model of brands x (b, d) and influencers y (i, d).

    A brand and its partners are draws around a mean of their own: S_b between, S_w within. The log likelihood
    ratio of "the same mean" is x'Py + (x'Qx + y'Qy) / 2, with P and Q of Ioffe, "Probabilistic Linear
    Discriminant Analysis", ECCV 2006.
    """
    brand, influencer = np.nonzero(works)
    count = works.sum(axis=1, keepdims=True)
    means = (works @ y + x) / (count + 1)
    within = _shrunk(_second_moment(y[influencer] - means[brand]), SHRINK["match"])
    between = _shrunk(_second_moment(means), SHRINK["match"])
    total = np.linalg.inv(between + within)
    inverse = np.linalg.inv(between + within - between @ total @ between)
    values, vectors = np.linalg.eigh(_shrunk(_second_moment(x[brand] - y[influencer]), SHRINK["within"]))
    white = vectors * values**-QUARTER
    return {
        "match.cross": total @ between @ inverse,
        "match.own": total - inverse,
        "within": white,
        "within.brands": _unit(x @ white),
    }


def _weights(
    brands: dict[str, np.ndarray], influencers: dict[str, np.ndarray], works: np.ndarray
) -> dict[str, float]:
    """Weight of each slot in distances: how far apart its cosine sets pairs that work together from others,
    squared, the best 1."""
    gaps = {}
    for slot, rows in influencers.items():
        cosine = inner(brands[slot], rows)
        gap = (
            (cosine[works].mean() - cosine[~works].mean()) / (cosine.std() + 1e-9)
            if works.any() and not works.all()
            else 1.0
        )
        gaps[slot] = max(float(gap), 0.1)
    best = max(gaps.values())
    return {slot: (gap / best) ** 2 for slot, gap in gaps.items()}


def _votes(
    works: np.ndarray, categories: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray] | None:
    """(b, c) of 0 and 1, and (i, c) shares of the categories of an influencer's brands; None with fewer than
    two categories."""
    left, right = categories
    n = int(max(left.max(initial=-1), right.max(initial=-1))) + 1
    if len(set(left[left >= 0].tolist())) < 2:
        return None
    own = np.zeros((len(left), n))
    own[np.flatnonzero(left >= 0), left[left >= 0]] = 1
    shares = works.T @ own
    return own, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


def _landmarks(works: np.ndarray) -> np.ndarray:
    """Influencers that kernels are spanned by: all, or those with most brands, of equals an even choice."""
    used = np.flatnonzero(works.any(axis=0))
    if len(used) <= LANDMARKS:
        return used
    order = np.argsort(-works[:, used].sum(axis=0), kind="stable")
    return np.sort(used[order[np.linspace(0, len(used) - 1, LANDMARKS).round().astype(np.int64)]])


def _hubness(brands: np.ndarray, influencers: np.ndarray) -> np.ndarray:
    """(n,) mean cosine of each influencer with the training brands nearest to it (CSLS, Conneau et al.
    2018)."""
    k = min(NEIGHBOURS, len(brands))
    if not k:
        return np.zeros(len(influencers))
    near = [
        np.sort(
            np.partition(inner(influencers[start : start + AT_ONCE], brands), len(brands) - k, axis=1)[
                :, -k:
            ],
            axis=1,
        )
        for start in range(0, len(influencers), AT_ONCE)
    ]
    return np.concatenate(near).mean(axis=1) if near else np.zeros(0)


def _unit(values: np.ndarray) -> np.ndarray:
    return unit(Vectors(values.astype(np.float32), np.ones(len(values), bool))).values


def _second_moment(rows: np.ndarray) -> np.ndarray:
    return rows.T @ rows / max(len(rows), 1)


def _shrunk(matrix: np.ndarray, share: float) -> np.ndarray:
    """Towards the identity of equal trace."""
    dim = len(matrix)
    return (1 - share) * matrix + share * np.trace(matrix) / dim * np.eye(dim) + 1e-9 * np.eye(dim)


def _rows(vectors: Vectors, at: np.ndarray) -> Vectors:
    return Vectors(vectors.values[at], vectors.present[at])


def _scoped(arrays: Mapping[str, np.ndarray], scope: str) -> dict[str, dict[str, np.ndarray]]:
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, values in arrays.items():
        if name.startswith(f"{scope}."):
            _, slot, field = name.split(".", 2)
            found.setdefault(slot, {})[field] = values
    return found
