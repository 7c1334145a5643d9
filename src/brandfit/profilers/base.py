"""What every profiler is: an encoder whose columns are class names, fitted on accounts whose category is
known.

Authors write ``learned``. Callers get labels from the Dataset, calibrated probabilities, answers that may be
"unsure", and Features of the slot ``category`` with caching and resume, like those of any encoder. An account
that was learned from is told by a model that did not see it (cross-fitting): else rankers and people would
trust its probabilities more than those of accounts that come later.

Posts are told the same way (``level=post``), learned from posts that somebody labelled, or from weak labels.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config as settings
from brandfit import registry, seeds
from brandfit.data.dataset import Dataset
from brandfit.data.features import Level
from brandfit.encoders.base import Encoder, Units
from brandfit.errors import UsageError
from brandfit.profilers._inputs import Inputs, inputs, inputs_of_posts
from brandfit.progress import Progress

Predictor = Callable[[Inputs], np.ndarray]
"""Inputs of n accounts to (n, c) probabilities."""
FEWEST = 2
"""Accounts that a category must have to be learned."""
UNSURE = "unsure"
SLOTS = {"account": "category", "post": "topic"}
"""What of an account or a post a profiler tells: the slot of its Features. No profiler reads these: they know
the labels."""
ATTENTION = "attention"
"""How much each post counts for what is told of its account: a slot that nobody reads but people."""


class CommonConfig(settings.Config, frozen=True):
    leave_out: Annotated[
        tuple[str, ...], Meta(description="categories that are not learned: they say what an account is not")
    ] = ("other",)
    folds: Annotated[
        int,
        Meta(
            description="parts that labelled accounts are dealt into, each told by what the others taught",
            ge=2,
            le=100,
        ),
    ] = 5
    confidence: Annotated[
        float, Meta(description="probability below which the answer is 'unsure'", ge=0, le=1)
    ] = 0.5
    calibrate: Annotated[
        bool, Meta(description="set the temperature of the probabilities by the folds; takes as many fits")
    ] = False


class ProfilerConfig(CommonConfig, frozen=True):
    level: Annotated[
        Literal["account", "post"], Meta(description="what is told: accounts, or each of their posts")
    ] = "account"


class Profiler(Encoder):
    """Accounts or posts to categories; see the module."""

    kind = "profiler"
    Config: ClassVar[type[settings.Config]] = ProfilerConfig
    config: Any
    neutral: ClassVar[tuple[str, ...]] = ("confidence",)
    kinds: ClassVar[tuple[str, ...] | None] = ()
    """Of which slots it reads Features; None means of all. It reads all of a slot, not the preferred ones
    alone."""

    single: ClassVar[int] = 0
    """Posts of an account at most that it looks at one by one; 0: it looks at none."""
    looks: bool = False
    """Whether it looks at their pictures, not at Features alone."""

    def __init__(self, config: settings.Config | None = None, seed: int = 0) -> None:
        super().__init__(config)
        self.seed = seed
        self.classes: tuple[str, ...] = ()
        self.temperature = 1.0
        self.reads: dict[str, tuple[str, int, str]] = {}
        """Slot to name, dim and key of the Features that it was fitted on."""
        self.slot_kinds: dict[str, str] = {}
        """The same to what they are of: text, picture ..."""
        self._predict: Predictor | None = None
        self._labelled: dict[str, int] = {}
        """Of what it was learned from: id to its number."""
        self._stated: list[str] = []
        self._told: np.ndarray | None = None
        """Of labelled accounts: what the folds that did not see them say."""
        self._fingerprint = ""
        self._known: Inputs | None = None
        self.notes: tuple[str, ...] = ()
        """How the labels came to be, where nobody stated them."""

    @property
    def name(self) -> str:
        name = registry.name_of("profiler", type(self))
        return f"{name}.posts" if self.slot == SLOTS["post"] else name

    @property
    def level(self) -> Level:  # type: ignore[override]
        return self.config.level

    @property
    def slot(self) -> str:  # type: ignore[override]
        return SLOTS[self.level]

    @property
    def learns(self) -> str:
        return "categories of influencers" if self.level == "account" else "categories of posts"

    @property
    def wanted(self) -> str:
        """What to do where there is nothing to learn from."""
        if self.level == "post":
            return (
                "Label some: brandfit profile mark --posts --out posts.csv; or encode concept.bag for "
                "weak labels."
            )
        return (
            "Import accounts with a category (accounts.csv), or label some (--labels): at least two of "
            "each of two categories."
        )

    def advice(self, dataset: Dataset) -> str:
        """What to do where this Dataset teaches nothing."""
        if self.level == "account" and any(
            c is not None for c in dataset.account_values("category", dataset.influencers).tolist()
        ):
            return (
                "Categories are there: import what these influencers post (posts.csv), at least two of "
                "each of two categories."
            )
        return self.wanted

    @property
    def labels(self) -> tuple[Level, ...]:
        """Of what it takes labels."""
        return (self.level,)

    @property
    def stated(self) -> dict[str, str]:
        """What it was learned from: id to category."""
        return dict(zip(self._labelled, self._stated, strict=True))

    @property
    def dim(self) -> int:
        return len(self.classes)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.classes

    @property
    def weights(self) -> str:
        return self._fingerprint

    @property
    def about(self) -> dict[str, Any]:
        return {"profiler": self.name, "config": self.config.to_dict(), "seed": self.seed}

    # --- what is told of what -------------------------------------------------------------------------------

    def examples(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """(n,) ids and (n,) labels that are learned from."""
        return (labelled if self.level == "account" else labelled_posts)(dataset, self.config.leave_out)

    def everything(self, dataset: Dataset) -> np.ndarray:
        """Ids of all that may be told."""
        return (
            dataset.accounts["id"].to_numpy().astype(object) if self.level == "account" else posts_of(dataset)
        )

    def inputs(self, dataset: Dataset, ids: np.ndarray, slots: Sequence[str]) -> Inputs:
        """What is known of these."""
        return (inputs if self.level == "account" else inputs_of_posts)(
            dataset, ids, slots=slots, single=self.single, pictures=self.looks
        )

    def hide(self, dataset: Dataset, ids: np.ndarray) -> Dataset:
        """The Dataset without the labels of these."""
        return (dataset.hide_categories if self.level == "account" else dataset.hide_post_categories)(
            ids.tolist()
        )

    def owners(self, dataset: Dataset, ids: np.ndarray) -> np.ndarray:
        """The account of each: what one account has is never learned from and judged at once."""
        if self.level == "account":
            return ids
        at = pc.index_in(pa.array(ids, pa.string()), value_set=dataset.posts["id"].combine_chunks())
        return dataset.posts["account"].take(at).to_numpy().astype(object)

    @abstractmethod
    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        """A predictor from n accounts and their class numbers (n,), all classes of ``self.classes`` among
        them."""

    def fit(self, dataset: Dataset, progress: Progress | None = None, cross: bool = False) -> Self:
        """Learn from the influencers whose category is known.

        cross  also fit the folds that tell labelled accounts; done anyway where the probabilities are
               calibrated

        Raises UsageError where there are fewer than two categories to tell apart.
        """
        self.reads, self.classes, self.temperature, self._told = {}, (), 1.0, None
        ids, labels = self.examples(dataset)
        self.classes = tuple(sorted(set(labels.tolist())))
        if len(self.classes) < 2:
            raise UsageError(
                f"{self.name} learns {self.learns} from examples with posts: found {len(ids)} of "
                f"{len(self.classes)} categories.",
                self.advice(dataset),
            )
        slots = [slot for slot in self._slots(dataset) if len(dataset.slots[slot])]
        self.slot_kinds = {slot: dataset.slots[slot].slot or slot for slot in slots}
        self.reads = {s: (dataset.slots[s].name, dataset.slots[s].dim, dataset.slots[s].key) for s in slots}
        known = self.inputs(dataset, ids, slots)
        y = np.searchsorted(self.classes, labels)
        folds = self.config.folds if cross or self.config.calibrate else 0
        if progress:
            progress(0, folds + 1)
        if folds:
            self._told = self._crossed(
                known, y, owners=self.owners(dataset, ids), folds=folds, progress=progress
            )
            if self.config.calibrate:
                self.temperature = temperature(self._told, y)
        self._predict = self.learned(known, y, self.seed)
        self._labelled, self._stated = {id: n for n, id in enumerate(ids.tolist())}, labels.tolist()
        posts = known.single.labels.tolist() if known.single is not None else []
        told = [known.digests(), y.tolist(), self.seed, sorted(self.reads.items()), bool(folds), posts]
        self._fingerprint = hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]
        if progress:
            progress(folds + 1, folds + 1)
        return self

    def probabilities(self, dataset: Dataset, ids: np.ndarray) -> np.ndarray:
        """(n, c) float64 probabilities of these accounts; NaN where nothing is known. Labelled ones are not
        treated apart."""
        return self._probabilities(self._inputs(dataset, ids))

    def attention(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray] | None:
        """(p,) ids of posts and (p,) how much each counted for what is told of its account, which sum to one
        an account; None of a profiler that does not weigh posts."""
        return None

    def answers(self, probabilities: np.ndarray) -> list[str]:
        """The likeliest class of each row, 'unsure' below the confidence of the settings, '' where nothing is
        known."""
        return [
            ""
            if np.isnan(row).any()
            else self.classes[int(row.argmax())]
            if row.max() >= self.config.confidence
            else UNSURE
            for row in probabilities
        ]

    # --- as an encoder --------------------------------------------------------------------------------------

    def units(self, dataset: Dataset) -> Units:
        """An account each: what is known of it, and who it is where it was learned from."""
        self._known = self._inputs(dataset, self.everything(dataset))
        seen = np.flatnonzero(anything(self._known))
        self._known = self._known.subset(seen)
        ids = self._known.ids.tolist()
        cross = self._told is not None
        contents = [
            [digest, id if cross and id in self._labelled else ""]
            for id, digest in zip(ids, self._known.digests(), strict=True)
        ]
        self._place = {tuple(content): n for n, content in enumerate(contents)}
        return Units(ids, contents)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        assert self._known is not None
        at = np.array([self._place[tuple(content)] for content in batch])
        result = self._probabilities(self._known.subset(at))
        for n, (_, id) in enumerate(batch):
            if id and self._told is not None:
                result[n] = warmed(self._told[[self._labelled[id]]], self.temperature)[0]
        return result.astype(np.float32)

    # --- inside ---------------------------------------------------------------------------------------------

    def _slots(self, dataset: Dataset) -> list[str]:
        return sorted(
            slot
            for slot, features in dataset.slots.items()
            if self.can_read(features.slot or slot, features.level)
        )

    def can_read(self, kind: str, level: str) -> bool:
        """Whether it reads Features of this kind (text, picture ...) and level (post, account)."""
        if self.level == "post" and level == "account":
            return False
        return (self.kinds is None or kind in self.kinds) and kind not in (*SLOTS.values(), ATTENTION)

    def _inputs(self, dataset: Dataset, ids: np.ndarray) -> Inputs:
        if self._predict is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with categories first."
            )
        for slot, (name, dim, _) in self.reads.items():
            found = dataset.slots.get(slot)
            if found is None or (found.name, found.dim) != (name, dim):
                has = f"{found.name} ({found.dim} columns)" if found is not None else "nothing"
                raise UsageError(
                    f"{self.name} was fitted on {name} ({dim} columns) as {slot}, found {has}.",
                    f"Encode with {name} as where it was fitted, or fit {self.name} anew.",
                )
        return self.inputs(dataset, ids, list(self.reads))

    def _probabilities(self, known: Inputs) -> np.ndarray:
        assert self._predict is not None
        result = np.full((len(known), len(self.classes)), np.nan)
        seen = np.flatnonzero(anything(known))
        if len(seen):
            result[seen] = warmed(self._predict(known.subset(seen)), self.temperature)
        return result

    def _crossed(
        self, known: Inputs, y: np.ndarray, *, owners: np.ndarray, folds: int, progress: Progress | None
    ) -> np.ndarray:
        """(n, c): each account told by the folds that it is not in."""
        fold = group_stratified_folds(owners, y, folds=folds, seed=self.seed)
        result = np.zeros((len(y), len(self.classes)))
        for number in range(folds):
            one, other = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(other):
                continue
            if len(np.unique(y[one])) > 1:
                result[other] = self.learned(known.subset(one), y[one], self.seed)(known.subset(other))
            else:  # too few to leave some out: how frequent each is
                result[other] = np.bincount(y, minlength=len(self.classes)) / len(y)
            if progress:
                progress(number + 1, folds + 1)
        return result


def labelled(dataset: Dataset, leave_out: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
    """(n,) ids and (n,) categories of the influencers that have one and posts; a category of a single account
    is left out."""
    ids = dataset.influencers
    category = dataset.account_values("category", ids)
    posting = set(dataset.posts["account"].to_pylist())
    told = np.array(
        [
            c is not None and c not in leave_out and id in posting
            for id, c in zip(ids.tolist(), category, strict=True)
        ],
        bool,
    )
    ids, category = ids[told], category[told].astype(str)
    found, count = np.unique(category, return_counts=True)
    kept = np.isin(category, found[count >= FEWEST])
    return ids[kept], category[kept]


def posts_of(dataset: Dataset) -> np.ndarray:
    """(p,) ids of posts, without briefs."""
    return dataset.posts["id"].filter(pc.equal(dataset.posts["kind"], "post")).to_numpy().astype(object)


def labelled_posts(dataset: Dataset, leave_out: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
    """(n,) ids and (n,) categories of the posts that have one; a category of a single post is left out."""
    told = dataset.post_categories
    ids = np.array(
        [id for id in posts_of(dataset).tolist() if id in told and told[id] not in leave_out], dtype=object
    )
    category = np.array([told[id] for id in ids.tolist()], dtype=str)
    found, count = np.unique(category, return_counts=True)
    kept = np.isin(category, found[count >= FEWEST])
    return ids[kept], category[kept]


def group_stratified_folds(owners: np.ndarray, y: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """(n,) fold of each, those of an owner together; dealt by the largest class number that an owner has."""
    names, number = np.unique(owners.astype(str), return_inverse=True)
    top = np.zeros(len(names), np.int64)
    np.maximum.at(top, number, y)
    return stratified_folds(top, folds, seed)[number]


def stratified_folds(y: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(n,) fold of each: of every class about as many in each fold."""
    order = seeds.generator(seed, "profile folds").permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % folds
    return fold


def anything(known: Inputs) -> np.ndarray:
    """(n,) bool: whether words, Features or pictures say anything of an account; counts alone do not tell
    what it is about."""
    told = np.zeros(len(known), bool)
    for texts in known.words.values():
        told |= np.array([bool(text) for text in texts], bool)
    for vectors in known.slots.values():
        told |= vectors.present
    return told if known.single is None else told | (known.single.counts > 0)


def warmed(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(n, c) probabilities to the power of 1 / temperature, summing to one again."""
    power = np.maximum(probabilities, 1e-12) ** (1 / temperature)
    return power / power.sum(axis=1, keepdims=True)


def temperature(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The temperature with the best log likelihood of y (n,) (Guo et al., ICML 2017)."""
    from scipy.optimize import minimize_scalar

    row = np.arange(len(y))
    found = minimize_scalar(
        lambda log_t: -np.log(warmed(probabilities, float(np.exp(log_t)))[row, y]).mean(),
        bounds=(-2.0, 2.0),
        method="bounded",
    )
    return float(np.exp(found.x))
