"""attentive: the Influencer Profiler, attention over single posts, accounts and posts learned jointly (P-01
to P-08).

    v = relu(F [relu(P picture); text])          a post, 256 numbers
    alpha = softmax of <tanh(F_a v), c>          over the posts of an account, c a learned context
    h = sum of alpha v                           an account
    L = CE(account head of h) + CE(post head of v)

Pictures pass a layer of 1,024 first. Features are those of any encoders, frozen; the paper uses Inception-v3
and BERT. Adam at .001, dropout .5. Of each account the newest 50 posts are read, or as
many as the setting ``last_posts`` says. A post without a picture or
without text is represented by the other, and a flag for each shows the network which is missing.
``attention=false`` is the paper's ablation: the mean over posts.

S. Kim, J.-Y. Jiang, M. Nakada, J. Han, W. Wang: Multimodal Post Attentive Profiling for Influencer Marketing.
WWW 2020. What differs:

* Both losses lack their minus sign in the paper; here they have it.
* The paper sums the loss of the posts over all posts of an account (Section 3.6): ``post_loss=sum``. The
  default is their mean, so that an account with many posts does not outweigh its own label. The paper holds
  out two of ten labelled accounts (Section 4.3): ``validation=.2``.
* In the paper people labelled 10,000 posts. Here posts may have such labels too (``brandfit profile mark
  --posts``). Other posts have weak labels, from the categories of their concepts (``concept.bag``), if one is
  clear. Without concepts, the post head learns the account's label.
* Pictures: by default the inputs are stored Features of any encoders. ``tune=2`` follows the paper: the top
  two blocks of Inception-v3 are fine-tuned first, on augmented pictures, and replace the Features of
  pictures. Its weights must be available (``weights``). The paper's ablation without tuning has accuracy .974
  instead of .983.
* With ``level=post``, a post is an account with a single post, and its probabilities are those of the post
  head.
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
from brandfit.config import ADDED
from brandfit.data.dataset import Dataset
from brandfit.data.features import Level
from brandfit.errors import UsageError
from brandfit.learning.trainer import Objective, Schedule, need_torch, train
from brandfit.mappings import position_by_item
from brandfit.profilers._folds import stratified_folds
from brandfit.profilers._inputs import Inputs, SinglePosts
from brandfit.profilers._tuned import Tuned
from brandfit.profilers._weak import weak_labels
from brandfit.profilers.base import PostWeights, Predictor, Profiler, ProfilerConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CONCEPTS = "concept"
TUNED = "tuned"
"""Slot of the pictures as the tuned encoder encodes them."""
AT_ONCE = 4096
"""Accounts in a batch without gradients."""


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
    post_loss: Annotated[
        Literal["mean", "sum"],
        Meta(
            description="loss of the posts: mean over the labelled posts of a step, or their sum an account, "
            "as the paper prints it",
            extra=ADDED,
        ),
    ] = "mean"
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
    device: Annotated[Literal["auto", "cpu", "cuda"], Meta(description="where pictures are encoded")] = "auto"
    pixels: Annotated[
        int, Meta(description="side of the squares that pictures are cropped to", ge=75, le=2048)
    ] = 299


class PostAttention(NamedTuple):
    """n accounts and their p posts: probabilities (n, c) of accounts; ids (p,) of posts, the number of the
    account (p,), attention (p,) and probabilities (p, c) of each."""

    accounts: np.ndarray
    posts: np.ndarray
    owner: np.ndarray
    attention: np.ndarray
    post_probabilities: np.ndarray


class Fitted(NamedTuple):
    """The trained network, the share of each class, the slots that it reads, and the tuned encoder, if
    any."""

    network: Any
    prior: np.ndarray
    slots: dict[str, str]
    tuned: Tuned | None


class TrainingPosts(NamedTuple):
    """Posts of the labelled accounts (n), the labels of accounts (n,), classes of posts, slots of the
    network."""

    single: SinglePosts
    labels: np.ndarray
    post_classes: tuple[str, ...]
    slots: dict[str, str]


class Split(NamedTuple):
    """Numbers of the accounts to train on, and of those held out."""

    training: np.ndarray
    held_out: np.ndarray


class Batch(NamedTuple):
    """Tensors of m accounts and their p posts: values slot to (p, d), has slot to (p, 1), owner (p,), labels
    (m,), post_labels (p,), -1 if unknown."""

    values: dict[str, Tensor]
    has: dict[str, Tensor]
    owner: Tensor
    labels: Tensor
    post_labels: Tensor


class Attentive(Profiler):
    """Attention over posts; see the module. ``post_attention`` returns the weights of posts."""

    Config = AttentiveConfig
    config: AttentiveConfig
    kinds = ("text", "picture", "concept")
    posts_per_account = 50
    preference = 15
    neutral = ("confidence", "download", "device")

    @property
    def reads_pictures(self) -> bool:  # type: ignore[override]
        return self.config.tune > 0

    @property
    def labels(self) -> tuple[Level, ...]:
        return ("account", "post") if self.level == "account" else ("post",)

    def fit_predictor(self, inputs: Inputs, labels: np.ndarray, seed: int) -> Predictor:
        need_torch(self.name)
        single = inputs.single
        assert single is not None
        # The held-out accounts stop both trainings early, that of the pictures and that of the network.
        training, held_out = self._split(single, labels, seed)
        # Categories that only posts are labelled with are further classes of the post head.
        of_posts = {category for category in single.labels.tolist() if category is not None}
        post_classes = (*self.classes, *sorted(of_posts - set(self.classes)))
        tuned = None
        if self.config.tune:
            post_labels = self._post_labels(single, labels, post_classes)
            tuned = self._tune(
                single,
                np.where(post_labels >= 0, post_labels, labels[single.owner]),
                held_out=held_out,
                classes=len(post_classes),
                seed=seed,
            )
        single = _with_tuned(single, tuned)
        posts = TrainingPosts(single, labels, post_classes, self._network_slots(single))
        network = self._train(posts, training=training, held_out=held_out, seed=seed)
        # Accounts without posts get the share of each class.
        prior = np.bincount(labels, minlength=len(self.classes)) / len(labels)
        fitted = Fitted(network, prior, posts.slots, tuned)
        self._fitted, self.post_classes = fitted, post_classes
        if self.level == "post":
            return lambda inputs: self._post_probabilities(self._attend(fitted, inputs), prior)
        return lambda inputs: self._attend(fitted, inputs).accounts

    def post_attention(self, dataset: Dataset, ids: np.ndarray) -> PostAttention:
        """The attention and the probabilities of the posts of these accounts.

        Columns of ``post_probabilities`` are ``post_classes``: the categories of accounts, then those that
        only posts are labelled with.
        """
        return self._attend(self._fitted, self._fitted_inputs(dataset, ids))

    def attention(self, dataset: Dataset) -> PostWeights | None:
        if self.level == "post" or not self.config.attention:
            return None
        attended = self.post_attention(dataset, self.all_ids(dataset))
        return PostWeights(attended.posts, attended.attention)

    def _split(self, single: SinglePosts, labels: np.ndarray, seed: int) -> Split:
        """The accounts with posts, a share of them held out for early stopping."""
        with_posts = np.flatnonzero(single.counts)
        if not self.config.validation:
            return Split(with_posts, with_posts[:0])
        n_folds = max(round(1 / self.config.validation), 2)
        fold = stratified_folds(labels[with_posts], n_folds, seed)
        return Split(with_posts[fold != 0], with_posts[fold == 0])

    def _train(
        self, posts: TrainingPosts, *, training: np.ndarray, held_out: np.ndarray, seed: int
    ) -> torch.nn.Module:
        """The network, trained on some accounts (their numbers)."""
        import torch
        import torch.nn.functional as f

        config = self.config
        network = self._build_network(posts, seed)

        def batch(accounts: np.ndarray) -> Batch:
            return self._batch(posts, accounts)

        def batches(rng: np.random.Generator) -> Iterator[Batch]:
            order = rng.permutation(training)
            for start in range(0, len(order), config.batch_size):
                yield batch(order[start : start + config.batch_size])

        def loss(batch: Batch) -> Tensor:
            n_accounts = len(batch.labels)
            output = network(batch.values, batch.has, owner=batch.owner, n_accounts=n_accounts)
            value = f.cross_entropy(output.accounts, batch.labels)
            if config.posts:
                of_posts = self.loss_of_posts(output.posts, batch.post_labels, n_accounts=n_accounts)
                value = value + config.posts * of_posts
            return value

        def validate() -> float:
            total = 0.0
            for start in range(0, len(held_out), AT_ONCE):
                part = held_out[start : start + AT_ONCE]
                total += float(loss(batch(part))) * len(part)
            return total / len(held_out)

        train(
            network,
            torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True),
            objective=Objective(batches, loss, validate=validate if len(held_out) else None),
            schedule=Schedule(config.epochs, patience=config.patience),
            seed=seed,
        )
        return network

    def loss_of_posts(self, logits: Tensor, labels: Tensor, *, n_accounts: int) -> Tensor | float:
        """The loss of p posts of some accounts: logits (p, c), labels (p,), -1 if unknown (P-07).

        Posts without a clear label add nothing.
        """
        import torch.nn.functional as f

        is_labelled = labels >= 0
        if not is_labelled.any():
            return 0.0
        loss = f.cross_entropy(logits[is_labelled], labels[is_labelled], reduction=self.config.post_loss)
        # The printed sum is over the posts of an account; the main loss is a mean over accounts.
        return loss / n_accounts if self.config.post_loss == "sum" else loss

    def _build_network(self, posts: TrainingPosts, seed: int) -> torch.nn.Module:
        import torch

        from brandfit.profilers._attentive_net import AttentiveNet

        dims = {slot: posts.single.values[name].shape[1] for slot, name in posts.slots.items()}
        # Initial weights depend on the seed alone; the global generator does not change.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(seed, self.name))
            return AttentiveNet(
                dims,
                len(self.classes),
                post_classes=len(posts.post_classes),
                dropout=self.config.dropout,
                width=self.config.width,
                attention=self.config.attention,
            )

    def _post_probabilities(self, attended: PostAttention, prior: np.ndarray) -> np.ndarray:
        """(n, c) probabilities of posts that are accounts of one post; the prior for one without content."""
        result = np.tile(prior, (len(attended.accounts), 1))
        result[attended.owner] = attended.post_probabilities[:, : len(self.classes)]
        return result

    def _tune(
        self, single: SinglePosts, labels: np.ndarray, *, held_out: np.ndarray, classes: int, seed: int
    ) -> Tuned:
        """The picture encoder, tuned on posts with class numbers (p,); held_out: numbers of accounts."""
        config = self.config
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
            is_held_out=np.isin(single.owner, held_out),
            classes=classes,
            seed=seed,
            epochs=config.tune_epochs,
        )

    def _post_labels(self, single: SinglePosts, labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
        """(p,) class numbers of posts: the stated label, else the weak one (-1 if none is clear), else,
        without concepts, that of the account."""
        if self.level == "post":
            return labels[single.owner]
        number_by_class = position_by_item(classes)
        stated = np.array([number_by_class.get(label, -1) for label in single.labels.tolist()], np.int64)
        weak = labels[single.owner]
        for name, kind in self.slot_kinds.items():
            if kind == CONCEPTS and single.columns.get(name):
                weak = weak_labels(single.values[name], single.columns[name], self.classes)
                break
        return np.where(stated >= 0, stated, weak)

    def _network_slots(self, single: SinglePosts) -> dict[str, str]:
        """Slot of the network ("picture:image.onnx") to the name of the Features."""
        # Tuned pictures replace the Features of pictures.
        kinds = ("text",) if TUNED in single.values else ("text", "picture")
        kind_by_name = {TUNED: "picture"} if TUNED in single.values else {}
        kind_by_name |= {
            name: kind for name, kind in self.slot_kinds.items() if name in single.values and kind in kinds
        }
        if not kind_by_name:
            raise UsageError(
                f"{self.name} reads Features of words and pictures of single posts, and there are none.",
                "Encode first: brandfit encode text.minilm image.classical",
            )
        return {f"{kind}:{name}": name for name, kind in sorted(kind_by_name.items())}

    def _batch(self, posts: TrainingPosts, accounts: np.ndarray) -> Batch:
        """The tensors of accounts by their numbers (m,)."""
        import torch

        single, labels = posts.single.subset(accounts), posts.labels[accounts]
        values, has = _tensors(single, posts.slots)
        return Batch(
            values=values,
            has=has,
            owner=torch.from_numpy(single.owner),
            labels=torch.from_numpy(labels),
            post_labels=torch.from_numpy(self._post_labels(single, labels, posts.post_classes)),
        )

    def _attend(self, fitted: Fitted, inputs: Inputs) -> PostAttention:
        """Predictions of the network; an account without posts gets the prior."""
        import torch

        single = inputs.single
        assert single is not None
        n = len(inputs)
        accounts = np.tile(fitted.prior, (n, 1))
        attention, posts = [np.zeros(0)], [np.zeros((0, len(self.post_classes)))]
        for start in range(0, n, AT_ONCE):
            part = single.subset(np.arange(start, min(start + AT_ONCE, n)))
            part = _with_tuned(part, fitted.tuned)
            if not len(part.ids):
                continue
            values, has = _tensors(part, fitted.slots)
            owner = torch.from_numpy(part.owner)
            with torch.inference_mode():
                output = fitted.network(values, has, owner=owner, n_accounts=len(part.counts))
            # Softmax in double precision, the precision of all profilers.
            with_posts = np.flatnonzero(part.counts)
            accounts[start + with_posts] = output.accounts.double().softmax(-1).numpy()[with_posts]
            attention.append(output.attention.double().numpy())
            posts.append(output.posts.double().softmax(-1).numpy())
        return PostAttention(
            accounts=accounts,
            posts=single.ids,
            owner=single.owner,
            attention=np.concatenate(attention),
            post_probabilities=np.concatenate(posts),
        )


def _with_tuned(single: SinglePosts, tuned: Tuned | None) -> SinglePosts:
    """The posts with their pictures as the tuned encoder encodes them, if there is one."""
    if tuned is None:
        return single
    values, present = tuned(single.read, single.pictures.tolist())
    return replace(single, values={**single.values, TUNED: values}, has={**single.has, TUNED: present})


def _tensors(single: SinglePosts, slots: dict[str, str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Slot to rows (p, d) of equal length, and slot to whether a post has one (p, 1)."""
    import torch

    values, has = {}, {}
    for slot, name in slots.items():
        rows = single.values[name]
        length = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        # Length sqrt(d), for at most 32 columns, so that entries have a variance near one.
        scaled = rows / length * np.sqrt(min(rows.shape[1], 32))
        values[slot] = torch.from_numpy(scaled.astype(np.float32))
        has[slot] = torch.from_numpy(single.has[name].astype(np.float32))[:, None]
    return values, has
