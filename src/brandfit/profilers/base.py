"""The base of all profilers: an encoder whose columns are classes, fitted on accounts with a stated category.

Authors write ``fit_predictor``. Callers get labels from the Dataset, calibrated probabilities, answers that
may be "unsure", and Features of the slot ``category`` with caching and resume, like those of any encoder. The
prediction of a labelled account comes from a model that was not fitted on it (cross-fitting); otherwise
rankers and people would trust it more than the predictions of new accounts.

Posts are profiled in the same way (``level=post``), from posts with stated or weak labels.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta

from brandfit import config as settings
from brandfit import registry
from brandfit.data.dataset import Dataset
from brandfit.data.features import Level
from brandfit.encoders.base import Encoder, EncoderConfig, Units
from brandfit.errors import UsageError
from brandfit.mappings import position_by_item
from brandfit.profilers._account_inputs import account_inputs
from brandfit.profilers._examples import Examples, labelled, labelled_posts, posts_of
from brandfit.profilers._folds import group_stratified_folds
from brandfit.profilers._inputs import Inputs
from brandfit.profilers._post_inputs import post_inputs
from brandfit.profilers._temperature import apply_temperature, fit_temperature
from brandfit.progress import Progress

Predictor = Callable[[Inputs], np.ndarray]
"""Inputs of n accounts to (n, c) probabilities."""
UNSURE = "unsure"
SLOTS = {"account": "category", "post": "topic"}
"""Level to the slot of the Features. No profiler reads these slots, because they contain the labels."""
ATTENTION = "attention"
"""Slot of the weight of each post in the prediction of its account; shown to people, read by no model."""


class CommonConfig(EncoderConfig, frozen=True):
    leave_out: Annotated[
        tuple[str, ...], Meta(description="categories that are not learned: they say what an account is not")
    ] = ("other",)
    folds: Annotated[
        int,
        Meta(
            description="folds of the labelled accounts; each is predicted from the others",
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
        Literal["account", "post"], Meta(description="what is profiled: accounts, or each of their posts")
    ] = "account"


class PostWeights(NamedTuple):
    """ids (p,) of posts, and weights (p,) in the prediction of their account, which sum to one an account."""

    posts: np.ndarray
    weights: np.ndarray


class Profiler(Encoder):
    """Accounts or posts to categories; see the module."""

    kind = "profiler"
    Config: ClassVar[type[settings.Config]] = ProfilerConfig
    config: Any
    neutral: ClassVar[tuple[str, ...]] = ("confidence",)
    kinds: ClassVar[tuple[str, ...] | None] = ()
    """Slots whose Features it reads; None: all slots. It reads all Features of a slot, not only the preferred
    ones."""
    posts_per_account: ClassVar[int] = 0
    """Most single posts of an account that it reads; 0: it reads no single posts."""
    reads_pictures: bool = False
    """Whether it also reads pictures of single posts."""

    def __init__(self, config: settings.Config | None = None, seed: int = 0) -> None:
        super().__init__(config)
        self.seed = seed
        self.classes: tuple[str, ...] = ()
        self.temperature = 1.0
        self.reads: dict[str, tuple[str, int, str]] = {}
        """Slot to name, dim and key of the Features that it was fitted on."""
        self.slot_kinds: dict[str, str] = {}
        """Slot to its kind: text, picture ..."""
        self.notes: tuple[str, ...] = ()
        """How the labels were made, if they are not stated ones."""
        self._predict: Predictor | None = None
        self._row_by_id: dict[str, int] = {}
        """Id of an example to its row in ``_labels`` and ``_cross_fitted``."""
        self._labels: list[str] = []
        self._cross_fitted: np.ndarray | None = None
        """(n, c) probabilities of the examples, each from folds without it."""
        self._fingerprint = ""
        self._inputs: Inputs | None = None
        """Set by ``units``: the inputs of all that is encoded."""

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
        """The prediction target, as messages name it."""
        return "categories of influencers" if self.level == "account" else "categories of posts"

    @property
    def advice_without_labels(self) -> str:
        """The next step if the workspace has no examples."""
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
        """The next step if this Dataset has too few examples."""
        if self.level == "account":
            categories = dataset.account_values("category", dataset.influencers).tolist()
            if any(category is not None for category in categories):
                return (
                    "Categories are there: import what these influencers post (posts.csv), at least two of "
                    "each of two categories."
                )
        return self.advice_without_labels

    @property
    def labels(self) -> tuple[Level, ...]:
        """Levels of label files that it can learn from."""
        return (self.level,)

    @property
    def stated(self) -> dict[str, str]:
        """Id to category of the examples that it was fitted on."""
        return dict(zip(self._row_by_id, self._labels, strict=True))

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
        return {"profiler": self.name, "config": self.config.identity(), "seed": self.seed}

    # --- data -----------------------------------------------------------------------------------------------

    def examples(self, dataset: Dataset) -> Examples:
        """The labelled accounts or posts that it learns from."""
        if self.level == "account":
            return labelled(dataset, self.config.leave_out)
        return labelled_posts(dataset, self.config.leave_out)

    def whole_account_features(self, dataset: Dataset) -> list[str]:
        """Names of the Features of accounts that it reads and that may describe older posts than
        ``last_posts`` allows: they were encoded before; [] if it reads all posts."""
        if not self.last_posts:
            return []
        slots = [slot for slot in self._readable_slots(dataset) if dataset.slots[slot].level == "account"]
        return sorted(dataset.slots[slot].name for slot in slots)

    def all_ids(self, dataset: Dataset) -> np.ndarray:
        """Ids of all accounts or posts that can be profiled."""
        if self.level == "account":
            return dataset.accounts["id"].to_numpy().astype(object)
        return posts_of(dataset)

    def read_inputs(self, dataset: Dataset, ids: np.ndarray, slots: Sequence[str]) -> Inputs:
        """The inputs of these accounts or posts, with the Features of these slots."""
        read = account_inputs if self.level == "account" else post_inputs
        # A number of posts that is set also replaces the number of single posts.
        single = (self.last_posts or self.posts_per_account) if self.posts_per_account else 0
        return read(dataset, ids, slots=slots, single=single, pictures=self.reads_pictures)

    def hide(self, dataset: Dataset, ids: np.ndarray) -> Dataset:
        """The Dataset without the labels of these accounts or posts."""
        if self.level == "account":
            return dataset.hide_categories(ids.tolist())
        return dataset.hide_post_categories(ids.tolist())

    def owners(self, dataset: Dataset, ids: np.ndarray) -> np.ndarray:
        """The account of each id. All examples of an account go to the same fold."""
        if self.level == "account":
            return ids
        row = pc.index_in(pa.array(ids, pa.string()), value_set=dataset.posts["id"].combine_chunks())
        return dataset.posts["account"].take(row).to_numpy().astype(object)

    def can_read(self, kind: str, level: str) -> bool:
        """Whether it reads Features of this kind (text, picture ...) and level (post, account)."""
        if self.level == "post" and level == "account":
            return False
        return (self.kinds is None or kind in self.kinds) and kind not in (*SLOTS.values(), ATTENTION)

    # --- fitting and prediction -----------------------------------------------------------------------------

    @abstractmethod
    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        """A predictor fitted on n accounts and their class numbers (n,), which need not include all of
        ``self.classes``."""

    def fit(self, dataset: Dataset, progress: Progress | None = None, cross: bool = False) -> Self:
        """Fit on the examples of a Dataset.

        cross  also fit the folds that predict the examples; a setting ``calibrate`` does so anyway

        Raises UsageError if there are fewer than two categories.
        """
        self.reads, self.classes, self.temperature, self._cross_fitted = {}, (), 1.0, None
        dataset = self.seen_by(dataset)
        ids, labels = self.examples(dataset)
        self.classes = tuple(sorted(set(labels.tolist())))
        if len(self.classes) < 2:
            raise UsageError(
                f"{self.name} learns {self.learns} from examples with posts: found {len(ids)} of "
                f"{len(self.classes)} categories.",
                self.advice(dataset),
            )
        slots = self._readable_slots(dataset)
        for slot in slots:
            features = dataset.slots[slot]
            self.reads[slot] = (features.name, features.dim, features.key)
        self.slot_kinds = {slot: dataset.slots[slot].slot or slot for slot in slots}
        inputs = self.read_inputs(dataset, ids, slots)
        y = np.searchsorted(self.classes, labels)  # (n,) class numbers
        folds = self.config.folds if cross or self.config.calibrate else 0
        if progress:
            progress(0, folds + 1)
        if folds:
            owners = self.owners(dataset, ids)
            self._cross_fitted = self._cross_fit(inputs, y, owners=owners, folds=folds, progress=progress)
            if self.config.calibrate:
                self.temperature = fit_temperature(self._cross_fitted, y)
        # The predictor of new accounts is fitted on all examples.
        self._predict = self.fit_predictor(inputs, y, self.seed)
        self._row_by_id = position_by_item(ids.tolist())
        self._labels = labels.tolist()
        self._fingerprint = self._fingerprint_of(inputs, y, is_cross_fitted=bool(folds))
        if progress:
            progress(folds + 1, folds + 1)
        return self

    def probabilities(self, dataset: Dataset, ids: np.ndarray) -> np.ndarray:
        """(n, c) float64 probabilities of these accounts; NaN for one without content. Examples are predicted
        like others, without cross-fitting."""
        return self._probabilities(self._fitted_inputs(dataset, ids))

    def attention(self, dataset: Dataset) -> PostWeights | None:
        """The weights of posts in the predictions of accounts; None for a profiler without attention."""
        return None

    def answers(self, probabilities: np.ndarray) -> list[str]:
        """The most probable class of each row (n, c): 'unsure' below the setting ``confidence``, '' for
        NaN."""
        result = []
        for row in probabilities:
            if np.isnan(row).any():
                result.append("")
            elif row.max() < self.config.confidence:
                result.append(UNSURE)
            else:
                result.append(self.classes[int(row.argmax())])
        return result

    # --- as an encoder --------------------------------------------------------------------------------------

    def units(self, dataset: Dataset) -> Units:
        """A unit is [digest of the inputs, id of a cross-fitted example or ""] of an account with content."""
        inputs = self._fitted_inputs(dataset, self.all_ids(dataset))
        inputs = inputs.subset(np.flatnonzero(inputs.has_content()))
        self._inputs = inputs
        ids = inputs.ids.tolist()
        # The id is part of the content of an example, because its row is cross-fitted: an account with equal
        # inputs that is no example has another row.
        is_cross_fitted = self._cross_fitted is not None
        contents = []
        for id, digest in zip(ids, inputs.digests(), strict=True):
            contents.append([digest, id if is_cross_fitted and id in self._row_by_id else ""])
        self._row_by_content = {tuple(content): n for n, content in enumerate(contents)}
        return Units(ids, contents)

    def encode_batch(self, batch: Sequence[Any]) -> np.ndarray:
        assert self._inputs is not None
        rows = np.array([self._row_by_content[tuple(content)] for content in batch])
        result = self._probabilities(self._inputs.subset(rows))
        if self._cross_fitted is not None:
            for n, (_, id) in enumerate(batch):
                if id:
                    cross_fitted = self._cross_fitted[[self._row_by_id[id]]]  # (1, c)
                    result[n] = apply_temperature(cross_fitted, self.temperature)[0]
        return result.astype(np.float32)

    # --- inside ---------------------------------------------------------------------------------------------

    def _readable_slots(self, dataset: Dataset) -> list[str]:
        """The slots with rows that it can read, sorted."""
        result = []
        for slot, features in sorted(dataset.slots.items()):
            if len(features) and self.can_read(features.slot or slot, features.level):
                result.append(slot)
        return result

    def _fingerprint_of(self, inputs: Inputs, y: np.ndarray, *, is_cross_fitted: bool) -> str:
        """A hash of everything that the fit depends on, in addition to the config."""
        post_labels = inputs.single.labels.tolist() if inputs.single is not None else []
        reads = sorted(self.reads.items())
        parts = [inputs.digests(), y.tolist(), self.seed, reads, is_cross_fitted, post_labels]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]

    def _fitted_inputs(self, dataset: Dataset, ids: np.ndarray) -> Inputs:
        """Inputs with the Features that it was fitted on. Raises UsageError if they are missing or others."""
        if self._predict is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with categories first."
            )
        # Features of another encoder in the same slot would be read as if they were those of the fit.
        for slot, (name, dim, _) in self.reads.items():
            features = dataset.slots.get(slot)
            if features is None or (features.name, features.dim) != (name, dim):
                has = f"{features.name} ({features.dim} columns)" if features is not None else "nothing"
                raise UsageError(
                    f"{self.name} was fitted on {name} ({dim} columns) as {slot}, found {has}.",
                    f"Encode with {name} as where it was fitted, or fit {self.name} anew.",
                )
        # A post is read whenever it is named; an account by its newest posts.
        if self.level == "account":
            dataset = self.seen_by(dataset)
        return self.read_inputs(dataset, ids, list(self.reads))

    def _probabilities(self, inputs: Inputs) -> np.ndarray:
        """(n, c) calibrated probabilities; NaN for rows without content."""
        assert self._predict is not None
        result = np.full((len(inputs), len(self.classes)), np.nan)
        rows = np.flatnonzero(inputs.has_content())
        if len(rows):
            result[rows] = apply_temperature(self._predict(inputs.subset(rows)), self.temperature)
        return result

    def _cross_fit(
        self, inputs: Inputs, y: np.ndarray, *, owners: np.ndarray, folds: int, progress: Progress | None
    ) -> np.ndarray:
        """(n, c) probabilities of each example from a predictor that was fitted on the other folds."""
        fold = group_stratified_folds(owners, y, folds=folds, seed=self.seed)
        result = np.zeros((len(y), len(self.classes)))
        for number in range(folds):
            fitted, predicted = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(predicted):
                continue
            # A fold is predicted by a model that saw none of its accounts.
            if len(np.unique(y[fitted])) > 1:
                predict = self.fit_predictor(inputs.subset(fitted), y[fitted], self.seed)
                result[predicted] = predict(inputs.subset(predicted))
            else:  # too few classes to fit on: the share of each class
                result[predicted] = np.bincount(y, minlength=len(self.classes)) / len(y)
            if progress:
                progress(number + 1, folds + 1)
        return result
