"""Influencers similar to accounts or to a picture, and a brief as a brand without an account.

Similarity is the mean over slots of the cosine of two accounts. Vectors are those of ``learning.similarity.
proper``: square roots of Features that are shares, less the mean of all influencers, of length one. Centring
removes what all influencers have in common. The query of several accounts is the mean of their vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

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
from brandfit.mappings import position_by_item
from brandfit.ranking import order

BRIEF = "brief"
"""Id of the brand that a brief describes."""


@dataclass(frozen=True)
class SimilarAccount:
    """An influencer, its similarity, and the similarity by slot."""

    influencer: str
    similarity: float
    slots: Mapping[str, float]


class SlotSpace(NamedTuple):
    """The vectors of one slot.

    mean       (d,) mean of all influencers
    is_shares  whether the Features are shares, of which ``proper`` takes square roots
    vectors    ``proper`` vectors of all influencers, (n, d)
    """

    mean: np.ndarray
    is_shares: bool
    vectors: Vectors

    def proper(self, values: np.ndarray) -> np.ndarray:
        """(m, d) Features as ``proper`` vectors of this slot."""
        return proper(values, self.mean, self.is_shares)


class Lookalikes:
    """Finds similar influencers in a Dataset.

    slots  slots to compare; those without features are ignored
    """

    @checked
    def __init__(
        self, dataset: Dataset, slots: Texts = ("text", "picture", "concept", "graph", "profile", "audience")
    ) -> None:
        self.dataset = dataset
        self.slots = [slot for slot in slots if slot in dataset.slots]
        if not self.slots:
            raise UsageError(
                "There are no features to compare accounts by.",
                "Encode first: brandfit encode text.minilm concept.bag",
            )
        self._space_by_slot: dict[str, SlotSpace] = {}

    @checked
    def similar(
        self, accounts: Texts, *, k: int = 10, allowed: np.ndarray | None = None
    ) -> list[SimilarAccount]:
        """The k influencers most similar to these influencers or brands, without these accounts themselves.

        allowed  (n,) bool: other influencers are left out

        Raises UnknownName, and UsageError if nothing is encoded for any of the accounts.
        """
        self._check_accounts(accounts)
        # Each account once, however often it is named.
        ids = np.array(list(dict.fromkeys(accounts)), dtype=object)
        query_by_slot = {}
        for slot in self.slots:
            own = self._vectors(slot, ids)
            if own.present.any():
                vectors = self._space(slot).proper(own.values[own.present])  # (m, d)
                query_by_slot[slot] = vectors.mean(axis=0)
        if not query_by_slot:
            raise UsageError(
                f"Nothing is encoded for {', '.join(ids)} to compare by.", "Encode their posts first."
            )
        is_other = ~np.isin(self.dataset.influencers.astype(str), ids.astype(str))
        return self._nearest(query_by_slot, k=k, allowed=is_other if allowed is None else allowed & is_other)

    def has_vectors(self, accounts: np.ndarray) -> np.ndarray:
        """(m,) bool: whether anything is encoded for each of these accounts (m,) in any slot."""
        has_vectors = np.zeros(len(accounts), bool)
        for slot in self.slots:
            has_vectors |= self._vectors(slot, accounts).present
        return has_vectors

    def similar_to_rows(
        self, rows: Mapping[str, np.ndarray], *, k: int = 10, allowed: np.ndarray | None = None
    ) -> list[SimilarAccount]:
        """The k influencers most similar to rows of Features, slot to (d,), such as an encoded picture."""
        query_by_slot = {}
        for slot, row in rows.items():
            if slot in self.slots:
                query_by_slot[slot] = self._space(slot).proper(row[None])[0]
        return self._nearest(query_by_slot, k=k, allowed=allowed)

    def centred(
        self, accounts: np.ndarray, candidates: np.ndarray, *, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(m, n) similarity of accounts (m,) and candidates (n,), and (m,) bool: whether anything is encoded
        for the account.

        As ``similar``, but cosines are centred by the mean of the candidates with these weights (n,); 0 for a
        pair without a common slot. Raises UnknownName.
        """
        self._check_accounts(accounts.tolist())
        row_by_influencer = self.dataset.cached(
            "influencers", lambda: position_by_item(self.dataset.influencers.tolist())
        )
        rows = np.array([row_by_influencer[id] for id in candidates.tolist()], np.int64)  # (n,)
        n_influencers = len(row_by_influencer)
        all_weights = np.zeros(n_influencers, np.float32)
        all_weights[rows] = weights
        # (m, n_influencers) sum of cosines, and number of slots in which both are encoded
        total = np.zeros((len(accounts), n_influencers))
        n_slots = np.zeros((len(accounts), n_influencers))
        has_vectors = np.zeros(len(accounts), bool)
        for slot in self.slots:
            space, own = self._space(slot), self._vectors(slot, accounts)
            present = space.vectors.present
            share = all_weights * present
            centre = (share @ space.vectors.values) / max(float(share.sum()), 1e-12)  # (d,)
            cosines = _centred_cosines(space.proper(own.values), space.vectors.values, centre)
            has_both = own.present[:, None] & present
            total += np.where(has_both, cosines, 0.0)
            n_slots += has_both
            has_vectors |= own.present
        return (total / np.maximum(n_slots, 1))[:, rows], has_vectors

    def _check_accounts(self, accounts: Iterable[str]) -> None:
        account_ids = set(self.dataset.accounts["id"].to_pylist())
        for id in accounts:
            if id not in account_ids:
                raise UnknownName("account", id, known=account_ids)

    def _nearest(
        self, query_by_slot: Mapping[str, np.ndarray], *, k: int, allowed: np.ndarray | None
    ) -> list[SimilarAccount]:
        """The k influencers with the highest mean cosine to the queries (d,), over the slots in which they
        are encoded."""
        ids = self.dataset.influencers
        total, n_slots = np.zeros(len(ids)), np.zeros(len(ids))
        cosines_by_slot = {}
        for slot, query in query_by_slot.items():
            vectors = self._space(slot).vectors
            direction = query / max(float(np.linalg.norm(query)), 1e-12)
            cosines = np.where(vectors.present, vectors.values @ direction, np.nan)  # (n,)
            cosines_by_slot[slot] = cosines
            total += np.nan_to_num(cosines)
            n_slots += vectors.present
        scores = np.where(n_slots > 0, total / np.maximum(n_slots, 1), np.nan)
        rows = np.flatnonzero(~np.isnan(scores) & (True if allowed is None else allowed))
        best = rows[order(scores[rows], ids[rows], k)]
        result = []
        for i in best.tolist():
            slots = {
                slot: float(cosines[i])
                for slot, cosines in cosines_by_slot.items()
                if not np.isnan(cosines[i])
            }
            result.append(SimilarAccount(str(ids[i]), float(scores[i]), slots))
        return result

    def _vectors(self, slot: str, ids: np.ndarray) -> Vectors:
        """(m, d) Features of accounts; brands as rankings represent them."""
        representation = self.dataset.representation
        # Brands may be represented by their partners, influencers never are.
        is_brand = np.array([id in representation for id in ids.tolist()], bool)
        vectors = account_vectors(self.dataset, slot, accounts=ids)
        brands = brand_vectors(self.dataset, slot, brands=ids[is_brand])
        vectors.values[is_brand], vectors.present[is_brand] = brands.values, brands.present
        return vectors

    def _space(self, slot: str) -> SlotSpace:
        if slot not in self._space_by_slot:
            vectors = account_vectors(self.dataset, slot, accounts=self.dataset.influencers)
            rows = vectors.values[vectors.present]
            is_shares = are_shares(rows)
            mean = np.zeros(rows.shape[1], np.float32)
            if len(rows):
                mean = proper(rows, shares=is_shares).mean(axis=0)
            centred = Vectors(proper(vectors.values, mean, is_shares), vectors.present)
            self._space_by_slot[slot] = SlotSpace(mean, is_shares, centred)
        return self._space_by_slot[slot]


def _centred_cosines(left: np.ndarray, right: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(m, d) and (n, d) to (m, n): cosines of ``left - centre`` and ``right - centre``, without a copy of the
    larger side."""
    shifted = left - centre
    # (l - c) . (r - c) = (l - c) . r - (l - c) . c, and |r - c|^2 = |r|^2 - 2 r . c + |c|^2
    products = shifted @ right.T - (shifted @ centre)[:, None]
    squared = np.einsum("nd,nd->n", right, right) - 2 * (right @ centre) + centre @ centre
    length = np.linalg.norm(shifted, axis=1)[:, None] * np.sqrt(np.maximum(squared, 0))
    return np.asarray(products / np.maximum(length, 1e-6))


def with_brief(
    dataset: Dataset, text: str, *, pictures: Sequence[str | Path], readers: Mapping[str, Encoder]
) -> Dataset:
    """The Dataset with one more brand, ``BRIEF``, with the text and the pictures of a brief as its posts.

    readers  slot to the encoder that filled it, which encodes the brief

    Raises UsageError if no encoder can read the brief, DataError for a file that is not a picture.
    """
    # Encoded alone: the encoders learn nothing from the data, so the rows fit those of the slots.
    brief = _brief_dataset(text, pictures)
    slots = dict(dataset.slots)
    is_encoded = False
    for slot, encoder in readers.items():
        encoded = encoder.encode_contents(brief)
        if len(encoded):
            slots[slot] = _joined(dataset.slots[slot], encoded)
            is_encoded = True
    if not is_encoded:
        if not len(brief.posts):
            raise UsageError("The brief is empty.", "Say what you look for, in words, pictures or both.")
        raise UsageError(
            "No encoder of the posts can read this brief.",
            "Encode them with text.minilm or image.onnx, and give a text or a picture.",
        )
    return dataset.with_more(brief).with_slots(slots)


def _brief_dataset(text: str, pictures: Sequence[str | Path]) -> Dataset:
    """A Dataset with the brand ``BRIEF`` alone: one post for the text, and one for each picture."""
    posts, images = [], []
    data_by_hash = {}
    if text.strip():
        id = f"{BRIEF} text"
        posts.append(Post(id=id, account=BRIEF, kind="brief", caption=text, hashtags=hashtags(text)))
    for n, path in enumerate(pictures):
        data = read_picture(Path(path))
        hash = hashlib.sha256(data).hexdigest()
        data_by_hash[hash] = data
        posts.append(Post(id=f"{BRIEF} {n}", account=BRIEF, kind="brief"))
        images.append(Image(post=posts[-1].id, hash=hash))
    account = Account(id=BRIEF, role="brand")
    return Dataset.from_rows([account], posts, images=images, pictures=data_by_hash)


def _joined(features: Features, more: Features) -> Features:
    if features.level != more.level or features.dim != more.dim:
        raise UsageError(
            f"{features.name} was encoded with other settings and cannot be extended.", "Encode it again."
        )
    return replace(
        features,
        ids=np.concatenate([features.ids, more.ids]),
        values=np.concatenate([features.values, more.values]),
        key=f"{features.key} and {more.key}",
    )


def read_picture(path: Path) -> bytes:
    """The working copy of a picture, as an import makes it. Raises DataError for a file that is not a
    picture."""
    try:
        return working_copy(path.read_bytes()).data
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(
            f"{path} cannot be read as a picture: {reason}.", "A JPEG, PNG or WebP file is expected."
        ) from None
