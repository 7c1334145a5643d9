"""Influencers like these accounts, like this picture, or for a brand that has no account yet.

Likeness is the mean over slots of the cosine of what accounts are about: Features by their square roots where
they are shares, less the mean of all influencers, of length one (what everybody has says nothing). Of several
accounts their mean is sought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from brandfit.arguments import Texts, checked
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.pictures import working_copy
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.base import Encoder
from brandfit.errors import DataError, UnknownName, UsageError
from brandfit.learning.pooling import Vectors, account_vectors, brand_vectors
from brandfit.learning.similarity import are_shares, proper
from brandfit.ranking import order

BRIEF = "brief"
"""Id of the brand that a brief stands for."""


@dataclass(frozen=True)
class SimilarAccount:
    """One influencer, its likeness, and that by slot."""

    influencer: str
    likeness: float
    slots: Mapping[str, float]


class Lookalikes:
    """Of the influencers of a Dataset, by what fills these slots (default: all that both levels of accounts
    have)."""

    @checked
    def __init__(
        self, dataset: Dataset, slots: Texts = ("text", "picture", "concept", "graph", "profile", "audience")
    ) -> None:
        self.dataset, self.slots = dataset, [slot for slot in slots if slot in dataset.slots]
        if not self.slots:
            raise UsageError(
                "There are no features to tell likeness by.",
                "Encode first: brandfit encode text.minilm concept.bag",
            )
        self._known: dict[str, tuple[np.ndarray, bool, Vectors]] = {}

    @checked
    def similar(
        self, accounts: Texts, k: int = 10, allowed: np.ndarray | None = None
    ) -> list[SimilarAccount]:
        """Like these influencers or brands, who are left out themselves. Raises UnknownName, UsageError where
        nothing is known."""
        known = set(self.dataset.accounts["id"].to_pylist())
        for id in accounts:
            if id not in known:
                raise UnknownName("account", id, known=known)
        ids = np.array(list(dict.fromkeys(accounts)), dtype=object)
        wanted = {}
        for slot in self.slots:
            found = self._vectors(slot, ids)
            if found.present.any():
                mean, roots, _ = self._slot_vectors(slot)
                wanted[slot] = proper(found.values[found.present], mean, roots).mean(axis=0)
        if not wanted:
            raise UsageError(
                f"Nothing is known of {', '.join(ids)} to tell likeness by.", "Encode their posts first."
            )
        out = np.isin(self.dataset.influencers.astype(str), ids.astype(str))
        return self._nearest(wanted, k, ~out if allowed is None else allowed & ~out)

    def has_vectors(self, accounts: np.ndarray) -> np.ndarray:
        """(n,) bool: whether anything is encoded of each of these accounts (n,) in any slot."""
        found = np.zeros(len(accounts), bool)
        for slot in self.slots:
            found |= self._vectors(slot, accounts).present
        return found

    def similar_to_rows(
        self, rows: Mapping[str, np.ndarray], k: int = 10, allowed: np.ndarray | None = None
    ) -> list[SimilarAccount]:
        """Like rows of Features, slot to (d,): what an encoder made of a picture, for example."""
        wanted = {
            slot: proper(row[None], *self._slot_vectors(slot)[:2])[0]
            for slot, row in rows.items()
            if slot in self.slots
        }
        return self._nearest(wanted, k, allowed)

    def centred(
        self, accounts: np.ndarray, candidates: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(m, n) likeness of accounts (m,) and influencers (n,), and (m,) bool whether anything is known of
        the account.

        As ``similar``, but cosines are centred by the mean of these influencers, weighted by weights (n,); 0
        of a pair that shares no slot. Raises UnknownName.
        """
        known = set(self.dataset.accounts["id"].to_pylist())
        for id in accounts.tolist():
            if id not in known:
                raise UnknownName("account", id, known=known)
        row = self.dataset.cached(
            "influencers", lambda: {id: n for n, id in enumerate(self.dataset.influencers.tolist())}
        )
        at = np.array([row[id] for id in candidates.tolist()], np.int64)
        everybody = np.zeros(len(row), np.float32)
        everybody[at] = weights
        total, slots = np.zeros((len(accounts), len(row))), np.zeros((len(accounts), len(row)))
        anything = np.zeros(len(accounts), bool)
        for slot in self.slots:
            mean, roots, vectors = self._slot_vectors(slot)
            found = self._vectors(slot, accounts)
            marks = proper(found.values, mean, roots)  # (m, d)
            share = everybody * vectors.present
            centre = (share @ vectors.values) / max(float(share.sum()), 1e-12)  # (d,)
            cosines = _centred_cosines(marks, vectors.values, centre)
            both = found.present[:, None] & vectors.present
            total += np.where(both, cosines, 0.0)
            slots += both
            anything |= found.present
        return (total / np.maximum(slots, 1))[:, at], anything

    def _nearest(
        self, wanted: Mapping[str, np.ndarray], k: int, allowed: np.ndarray | None
    ) -> list[SimilarAccount]:
        n = len(self.dataset.influencers)
        total, count, each = np.zeros(n), np.zeros(n), {}
        for slot, direction in wanted.items():
            _, _, vectors = self._slot_vectors(slot)
            unit = direction / max(float(np.linalg.norm(direction)), 1e-12)
            each[slot] = np.where(vectors.present, vectors.values @ unit, np.nan)
            total += np.nan_to_num(each[slot])
            count += vectors.present
        scores = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        there = np.flatnonzero(~np.isnan(scores) & (True if allowed is None else allowed))
        best = there[order(scores[there], self.dataset.influencers[there], k)]
        return [
            SimilarAccount(
                str(self.dataset.influencers[i]),
                float(scores[i]),
                {slot: float(values[i]) for slot, values in each.items() if not np.isnan(values[i])},
            )
            for i in best
        ]

    def _vectors(self, slot: str, ids: np.ndarray) -> Vectors:
        """Of influencers as they are, of brands as they are seen."""
        brand = np.array([id in self.dataset.representation for id in ids.tolist()], bool)
        mine = account_vectors(self.dataset, slot, accounts=ids)
        theirs = brand_vectors(self.dataset, slot, brands=ids[brand])
        mine.values[brand], mine.present[brand] = theirs.values, theirs.present
        return mine

    def _slot_vectors(self, slot: str) -> tuple[np.ndarray, bool, Vectors]:
        """Mean (d,) of all influencers, whether rows are shares, and ``proper`` vectors of all."""
        if slot not in self._known:
            found = account_vectors(self.dataset, slot, accounts=self.dataset.influencers)
            rows = found.values[found.present]
            roots = are_shares(rows)
            mean = (
                proper(rows, shares=roots).mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32)
            )
            self._known[slot] = (mean, roots, Vectors(proper(found.values, mean, roots), found.present))
        return self._known[slot]


def _centred_cosines(left: np.ndarray, right: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(m, d) and (n, d) to (m, n): cosines of ``left - centre`` and ``right - centre``, without a copy of the
    larger side."""
    shifted = left - centre
    products = shifted @ right.T - (shifted @ centre)[:, None]
    squared = np.einsum("nd,nd->n", right, right) - 2 * (right @ centre) + centre @ centre
    length = np.linalg.norm(shifted, axis=1)[:, None] * np.sqrt(np.maximum(squared, 0))
    return np.asarray(products / np.maximum(length, 1e-6))


def with_brief(
    dataset: Dataset, text: str, *, pictures: Sequence[str | Path], readers: Mapping[str, Encoder]
) -> Dataset:
    """The Dataset with one more brand, ``BRIEF``, that wants what a text and pictures say.

    readers  slot to the encoder that filled it; what it makes of the brief fills the brand's side

    Raises UsageError where nothing can be read of it, DataError for a file that is no picture.
    """
    stored, images, posts = {}, [], []
    if text.strip():
        posts.append(
            Post(id=f"{BRIEF} text", account=BRIEF, kind="brief", caption=text, hashtags=hashtags(text))
        )
    for n, path in enumerate(pictures):
        data = read_picture(Path(path))
        hash = hashlib.sha256(data).hexdigest()
        stored[hash] = data
        posts.append(Post(id=f"{BRIEF} {n}", account=BRIEF, kind="brief"))
        images.append(Image(post=posts[-1].id, hash=hash))
    own = Dataset.from_rows([Account(id=BRIEF, role="brand")], posts, images=images, pictures=stored)
    slots = dict(dataset.slots)
    read = 0
    for slot, encoder in readers.items():
        found = encoder.encode(own)
        if len(found):
            slots[slot] = _joined(dataset.slots[slot], found)
            read += 1
    if not read:
        if not posts:
            raise UsageError("The brief is empty.", "Say what you look for, in words, pictures or both.")
        raise UsageError(
            "Nothing of this brief can be read as the posts of influencers were.",
            "Encode them with text.minilm or image.onnx, and give a text or a picture.",
        )
    return dataset.with_more(own).with_slots(slots)


def _joined(features: Features, more: Features) -> Features:
    if features.level != more.level or features.dim != more.dim:
        raise UsageError(f"{features.name} cannot be read anew.", "Encode it again.")
    return replace(
        features,
        ids=np.concatenate([features.ids, more.ids]),
        values=np.concatenate([features.values, more.values]),
        key=f"{features.key} and {more.key}",
    )


def read_picture(path: Path) -> bytes:
    """Its working copy, as an import would make it. Raises DataError where it is none."""
    try:
        return working_copy(path.read_bytes()).data
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(
            f"{path} is no picture that can be read: {reason}.", "A JPEG, PNG or WebP file is expected."
        ) from None
