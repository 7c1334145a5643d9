"""attentive: the Influencer Profiler, attention over single posts, accounts and posts learned together (P-01
to P-08).

    v = relu(F [relu(P picture); text])          a post, 256 numbers
    alpha = softmax of <tanh(F_a v), c>          over the posts of an account, c a learned context
    h = sum of alpha v                           an account
    L = CE(account head of h) + CE(post head of v)

Pictures pass a layer of 1,024 first. Features come from any encoders, frozen; the paper's are Inception-v3
and BERT. Adam at .001, dropout of a half. Any number of posts, of which the newest 50 are looked at; a post
without a picture or without words is told by the other, and the network is told which. ``attention=false`` is
the paper's ablation: the mean over posts.

S. Kim, J.-Y. Jiang, M. Nakada, J. Han, W. Wang: Multimodal Post Attentive Profiling for Influencer Marketing.
WWW 2020. What differs:

* Both losses lack their minus sign in the paper. Here they have it.
* Its 10,000 posts were labelled by people. Here too, where somebody did (``brandfit profile mark --posts``);
  other posts have weak labels: what their concepts (``concept.bag``) say through the taxonomy, where they say
  it clearly. Without, the post head learns the account's label.
* Pictures: by default cached Features are learned from, of any encoders. ``tune=2`` is the paper's: the top
  two blocks of Inception-v3 are tuned first, on augmented pictures, and take the place of the Features of
  pictures. Its weights must be there (``weights``). The paper's ablation without tuning has accuracy .974
  instead of .983.
* Told of posts (``level=post``), a post is an account of one post, and its probabilities are those of the
  post head.
* Training stops early on held-out labelled accounts.

Expected: the paper's Table 1 has accuracy .983 over 1,142 balanced influencers with 300 posts each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit import seeds
from brandfit.data.dataset import Dataset
from brandfit.data.features import Level
from brandfit.errors import UsageError
from brandfit.learning.trainer import Objective, Schedule, need_torch, train
from brandfit.profilers._inputs import Inputs, Single
from brandfit.profilers._tuned import Tuned
from brandfit.profilers._weak import weak_labels
from brandfit.profilers.base import Predictor, Profiler, ProfilerConfig, stratified_folds

if TYPE_CHECKING:
    from torch import Tensor

CONCEPTS = "concept"
TUNED = "tuned"
"""Where the tuned encoder puts what it tells of pictures."""
AT_ONCE = 4096


class AttentiveConfig(ProfilerConfig, frozen=True):
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 60
    learning_rate: Annotated[float, Meta(description="step size of Adam", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="accounts a step", ge=1)] = 64
    dropout: Annotated[
        float, Meta(description="share of the activations left out while training", ge=0, lt=1)
    ] = 0.5
    width: Annotated[
        float, Meta(description="widths of the layers, as a share of the paper's", gt=0, le=10)
    ] = 1.0
    attention: Annotated[
        bool, Meta(description="weigh posts by attention; false: their mean, the paper's ablation")
    ] = True
    posts: Annotated[float, Meta(description="weight of the loss of the posts' labels", ge=0)] = 1.0
    patience: Annotated[
        int, Meta(description="epochs without a better validation before training ends", ge=1)
    ] = 6
    validation: Annotated[
        float, Meta(description="share of the accounts held out to stop early", ge=0, lt=1)
    ] = 0.1
    tune: Annotated[
        int,
        Meta(
            description="blocks of Inception-v3 to tune, from the top, in place of Features of pictures; the "
            "paper: 2",
            ge=0,
            le=4,
        ),
    ] = 0
    tune_epochs: Annotated[int, Meta(description="epochs of that at most", ge=0, le=10_000)] = 10
    weights: Annotated[
        str, Meta(description="of Inception-v3: default, random (for tests), or a .safetensors or .pth file")
    ] = "default"
    download: Annotated[bool, Meta(description="fetch these weights where they are not there")] = False
    device: Annotated[Literal["auto", "cpu", "cuda"], Meta(description="where pictures are looked at")] = (
        "auto"
    )
    pixels: Annotated[
        int, Meta(description="side of the squares that pictures are cut to", ge=75, le=2048)
    ] = 299


class PostAttention(NamedTuple):
    """Of n accounts and their p posts: probabilities (n, c); post ids (p,), the account of each (p,), its
    attention (p,) and its probabilities (p, c)."""

    accounts: np.ndarray
    posts: np.ndarray
    owner: np.ndarray
    attention: np.ndarray
    post_probabilities: np.ndarray


class Eyes(NamedTuple):
    """What was learned: the network, how frequent each class is, which slots it reads, and the tuned encoder,
    if any."""

    network: Any
    prior: np.ndarray
    slots: dict[str, str]
    tuned: Tuned | None


class Batch(NamedTuple):
    values: dict[str, Tensor]
    has: dict[str, Tensor]
    owner: Tensor
    labels: Tensor
    post_labels: Tensor


class Attentive(Profiler):
    """Attention over posts; see the module. ``looked`` tells which posts mattered."""

    Config = AttentiveConfig
    config: AttentiveConfig
    kinds = ("text", "picture", "concept")
    single = 50
    preference = 15
    neutral = ("confidence", "download", "device")

    @property
    def looks(self) -> bool:  # type: ignore[override]
        return self.config.tune > 0

    @property
    def labels(self) -> tuple[Level, ...]:
        return ("account", "post") if self.level == "account" else ("post",)

    def learned(self, known: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        torch = need_torch(self.name)
        from brandfit.profilers._attentive_net import AttentiveNet

        single, config = known.single, self.config
        assert single is not None
        seen = np.flatnonzero(single.counts)
        fold = (
            stratified_folds(labels[seen], max(round(1 / config.validation), 2), seed)
            if config.validation
            else np.ones(len(seen))
        )
        one, other = seen[fold != 0], seen[fold == 0]
        post_classes = (
            *self.classes,
            *sorted({c for c in single.labels.tolist() if c is not None} - {*self.classes}),
        )
        told = self._post_labels(single, labels, post_classes)
        tuned = self._tuned(
            single,
            np.where(told >= 0, told, labels[single.owner]),
            held=other,
            classes=len(post_classes),
            seed=seed,
        )
        single = _with(single, tuned)
        slots = self._read(single)
        dims = {slot: single.values[name].shape[1] for slot, name in slots.items()}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(seed, self.name))
            network = AttentiveNet(
                dims,
                len(self.classes),
                post_classes=len(post_classes),
                dropout=config.dropout,
                width=config.width,
                attention=config.attention,
            )

        def batch(at: np.ndarray) -> Batch:
            return self._batch(
                torch, single.subset(at), labels=labels[at], post_classes=post_classes, slots=slots
            )

        def batches(rng: np.random.Generator) -> Iterator[Batch]:
            order = rng.permutation(one)
            return (
                batch(order[start : start + config.batch_size])
                for start in range(0, len(order), config.batch_size)
            )

        def loss(asked: Batch) -> Any:
            import torch.nn.functional as f

            accounts, posts, _ = network(asked.values, asked.has, asked.owner, len(asked.labels))
            value = f.cross_entropy(accounts, asked.labels)
            clear = asked.post_labels >= 0
            if config.posts and clear.any():
                value = value + config.posts * f.cross_entropy(posts[clear], asked.post_labels[clear])
            return value

        def validate() -> float:
            parts = [other[start : start + AT_ONCE] for start in range(0, len(other), AT_ONCE)]
            return sum(float(loss(batch(part))) * len(part) for part in parts) / len(other)

        train(
            network,
            torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True),
            objective=Objective(batches, loss, validate=validate if len(other) else None),
            schedule=Schedule(config.epochs, patience=config.patience),
            seed=seed,
        )
        prior = np.bincount(labels, minlength=len(self.classes)) / len(labels)
        eyes = Eyes(network, prior, slots, tuned)
        self._eyes, self.post_classes = eyes, post_classes
        if self.level == "post":
            return lambda asked: self._post_probabilities(self._attend(eyes, asked), prior)
        return lambda asked: self._attend(eyes, asked).accounts

    def post_attention(self, dataset: Dataset, ids: np.ndarray) -> PostAttention:
        """What it sees in the posts of these accounts: which mattered, and what each is about, a column one
        of ``post_classes``: the categories of accounts, and those that posts alone were labelled with.
        """
        return self._attend(self._eyes, self._inputs(dataset, ids))

    def attention(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray] | None:
        if self.level == "post" or not self.config.attention:
            return None
        looked = self.post_attention(dataset, self.everything(dataset))
        return looked.posts, looked.attention

    def _post_probabilities(self, looked: PostAttention, prior: np.ndarray) -> np.ndarray:
        told = np.tile(prior, (len(looked.accounts), 1))
        told[looked.owner] = looked.post_probabilities[:, : len(self.classes)]
        return told

    def _tuned(
        self, single: Single, labels: np.ndarray, *, held: np.ndarray, classes: int, seed: int
    ) -> Tuned | None:
        config = self.config
        if not config.tune:
            return None
        tuned = Tuned(
            config.tune,
            config.weights,
            download=config.download,
            device=config.device,
            pixels=config.pixels,
            mapper=self.mapper,
        )
        return tuned.fit(
            single.read,
            single.pictures.tolist(),
            labels=labels,
            held=np.isin(single.owner, held),
            classes=classes,
            seed=seed,
            epochs=config.tune_epochs,
        )

    def _post_labels(self, single: Single, labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
        """(p,) class numbers: what somebody said, else what concepts say (-1: nothing clear); without
        concepts, the account's."""
        concepts = next(
            (name for name, kind in self.slot_kinds.items() if kind == CONCEPTS and name in single.values),
            None,
        )
        stated = np.array(
            [classes.index(c) if c is not None else -1 for c in single.labels.tolist()], np.int64
        )
        if self.level == "post":
            return labels[single.owner]
        weak = weak_labels(single.values[concepts], self.classes) if concepts else labels[single.owner]
        return np.where(stated >= 0, stated, weak)

    def _read(self, single: Single) -> dict[str, str]:
        """Slot of the network ("picture:image.onnx") to the name of the Features."""
        found = {
            name: kind
            for name, kind in self.slot_kinds.items()
            if name in single.values and kind in ("text", "picture")
        }
        if TUNED in single.values:
            found = {name: kind for name, kind in found.items() if kind == "text"} | {TUNED: "picture"}
        if not found:
            raise UsageError(
                f"{self.name} reads Features of words and pictures of single posts, and there are none.",
                "Encode first: brandfit encode text.minilm image.classical",
            )
        return {f"{kind}:{name}": name for name, kind in sorted(found.items())}

    def _batch(
        self,
        torch: Any,
        single: Single,
        *,
        labels: np.ndarray,
        post_classes: Sequence[str],
        slots: dict[str, str],
    ) -> Batch:
        values, has = _tensors(torch, single, slots)
        told = self._post_labels(single, labels, post_classes)
        return Batch(
            values=values,
            has=has,
            owner=torch.from_numpy(single.owner),
            labels=torch.from_numpy(labels),
            post_labels=torch.from_numpy(told),
        )

    def _attend(self, eyes: Eyes, known: Inputs) -> PostAttention:
        import torch

        single = known.single
        assert single is not None
        n = len(known)
        accounts = np.tile(eyes.prior, (n, 1))
        attention, posts = [np.zeros(0)], [np.zeros((0, len(self.post_classes)))]
        for start in range(0, n, AT_ONCE):
            part = _with(single.subset(np.arange(start, min(start + AT_ONCE, n))), eyes.tuned)
            if not len(part.ids):
                continue
            values, has = _tensors(torch, part, eyes.slots)
            with torch.inference_mode():
                one, each, weight = eyes.network(values, has, torch.from_numpy(part.owner), len(part.counts))
            here = np.flatnonzero(part.counts)
            accounts[start + here] = one.double().softmax(-1).numpy()[here]
            attention.append(weight.double().numpy())
            posts.append(each.double().softmax(-1).numpy())
        return PostAttention(
            accounts=accounts,
            posts=single.ids,
            owner=single.owner,
            attention=np.concatenate(attention),
            post_probabilities=np.concatenate(posts),
        )


def _with(single: Single, tuned: Tuned | None) -> Single:
    """With what the tuned encoder tells of the pictures."""
    if tuned is None:
        return single
    values, present = tuned(single.read, single.pictures.tolist())
    return replace(single, values={**single.values, TUNED: values}, has={**single.has, TUNED: present})


def _tensors(torch: Any, single: Single, slots: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rows of length one, and which are there."""
    values, has = {}, {}
    for slot, name in slots.items():
        rows = single.values[name]
        length = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        values[slot] = torch.from_numpy((rows / length * np.sqrt(min(rows.shape[1], 32))).astype(np.float32))
        has[slot] = torch.from_numpy(single.has[name].astype(np.float32))[:, None]
    return values, has
