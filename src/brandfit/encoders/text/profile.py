"""text.profile: which words the profile of an account has: a column a word of biographies and business
categories, 0 or 1.

Handles and addresses are left out, because they name partners. Words have no weights here: a ranker computes
them from the accounts that it may learn from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.data.profiles import profile_words
from brandfit.encoders.base import Encoder, EncoderConfig, Units
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._words import vocabulary
from brandfit.errors import UsageError
from brandfit.mappings import position_by_item


class ProfileConfig(EncoderConfig, frozen=True):
    columns: Annotated[
        int, Meta(description="columns at most: the words that most accounts have", ge=1, le=65536)
    ] = 2000
    min_accounts: Annotated[int, Meta(description="a word that fewer accounts have has no column", ge=1)] = 3
    max_share: Annotated[
        float, Meta(description="a word that a larger share of accounts has has no column", gt=0, le=1)
    ] = 0.3
    transductive: Annotated[bool, Meta(description="count the accounts of the official test split too")] = (
        False
    )


class Profile(Encoder):
    """Words of profiles; see the module."""

    Config = ProfileConfig
    config: ProfileConfig
    level = "account"
    slot = "profile"
    stated_columns = ()
    learned_columns = True
    batch_size = 1024

    def __init__(self, config: ProfileConfig | None = None) -> None:
        super().__init__(config)
        self._documents: list[list[str]] = []

    @property
    def transductive(self) -> bool:
        return self.config.transductive

    @property
    def dim(self) -> int:
        return len(self.columns)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        words = vocabulary(self._documents, self.config.min_accounts, self.config.max_share)
        if not words:
            least, most = self.config.min_accounts, self.config.max_share
            raise UsageError(
                f"{self.name} has nothing to count: no word is in {least} profiles or more, and in no more "
                f"than a share of {most}.",
                "Import accounts with biographies or business categories, or lower min_accounts.",
            )
        return tuple(sorted(words[: self.config.columns]))

    @property
    def weights(self) -> str:
        """Fingerprint of the counted documents."""
        return hashlib.sha256(repr(self._documents).encode()).hexdigest()

    def units(self, dataset: Dataset) -> Units:
        ids = np.concatenate([dataset.brands, dataset.influencers])
        fields = (dataset.account_values(field, ids).tolist() for field in ("biography", "business_category"))
        words_by_id: dict[str, list[str]] = {}
        for id, biography, category in zip(ids.tolist(), *fields, strict=True):
            words = profile_words(clean(biography or ""), [category])
            if words:
                words_by_id[id] = words
        return Units(list(words_by_id), list(words_by_id.values()))

    def learn(self, dataset: Dataset) -> None:
        units = self.units(dataset)
        parts = dataset.account_values("split", units.ids).tolist()
        # Sorted, so that training does not depend on the order of rows.
        self._documents = sorted(
            words
            for words, part in zip(units.contents, parts, strict=True)
            if self.config.transductive or part != "test"
        )
        self.__dict__.pop("columns", None)

    def encode_batch(self, batch: Sequence[list[str]]) -> np.ndarray:
        column = position_by_item(self.columns)
        values = np.zeros((len(batch), len(column)), np.float32)
        for row, words in enumerate(batch):
            values[row, [column[word] for word in words if word in column]] = 1
        values[~values.any(axis=1)] = np.nan  # no word has a column
        return values
