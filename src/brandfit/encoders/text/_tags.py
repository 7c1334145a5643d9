"""Base of the encoders of hashtags and of mentions: TF-IDF with a named column for each tag."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, EncoderConfig, Units
from brandfit.encoders.text._words import by_account, training_posts
from brandfit.errors import UsageError


class TagConfig(EncoderConfig, frozen=True):
    columns: Annotated[
        int, Meta(description="columns at most: the tags that occur most often", ge=1, le=65536)
    ] = 1000
    min_accounts: Annotated[int, Meta(description="a tag that fewer accounts use has no column", ge=1)] = 5
    max_share: Annotated[
        float, Meta(description="a tag that a larger share of accounts uses has no column", gt=0, le=1)
    ] = 0.5
    transductive: Annotated[bool, Meta(description="count the accounts of the official test split too")] = (
        False
    )


class TagEncoder(Encoder):
    """A unit is the list of tags of a post. Authors write ``tags`` and name the ``mark`` before a tag.

    tf-idf = count in the post x (1 + log((1 + n) / (1 + accounts that use the tag))), n the number of
    accounts counted; rows of length one (scikit-learn). A post without a tag that has a column gets no row.
    """

    Config = TagConfig
    config: TagConfig
    slot = "text"
    preference = 0
    learned_columns = True
    stated_columns = ()
    batch_size = 1024
    mark: ClassVar[str]

    def __init__(self, config: TagConfig | None = None) -> None:
        super().__init__(config)
        self._documents: list[str] = []

    @abstractmethod
    def tags(self, dataset: Dataset) -> list[list[str]]:
        """The tags of each post, in the order of ``dataset.posts``."""

    @property
    def transductive(self) -> bool:
        return self.config.transductive

    @property
    def dim(self) -> int:
        return len(self._vectorizer.vocabulary_)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{self.mark}{tag}" for tag in self._vectorizer.get_feature_names_out())

    @property
    def weights(self) -> str:
        """Fingerprint of the counted documents."""
        return hashlib.sha256("\n".join(self._documents).encode()).hexdigest()

    def units(self, dataset: Dataset) -> Units:
        ids: list[str] = []
        texts: list[str] = []
        for id, tags in zip(dataset.posts["id"].to_pylist(), self.tags(dataset), strict=True):
            if tags:
                ids.append(id)
                texts.append(" ".join(tags))
        return Units(ids, texts)

    def learn(self, dataset: Dataset) -> None:
        posts = training_posts(dataset, self.config.transductive)
        units = self.units(posts)
        # A document is an account, so that a tag counts once for each account that uses it.
        tags_by_account = by_account(posts, units.ids, units.contents)
        self._documents = [" ".join(tags) for tags in tags_by_account.values()]
        self.__dict__.pop("_vectorizer", None)

    def encode_batch(self, batch: Sequence[str]) -> np.ndarray:
        values = self._vectorizer.transform(batch).toarray().astype(np.float32)
        values[~values.any(axis=1)] = np.nan  # no tag has a column
        return values

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            analyzer=str.split,
            max_features=self.config.columns,
            min_df=min(self.config.min_accounts, max(len(self._documents), 1)),
            max_df=self.config.max_share,
        )
        try:
            return vectorizer.fit(self._documents)
        except ValueError:
            raise UsageError(
                f"{self.name} has nothing to count: no tag is used by {self.config.min_accounts} accounts or "
                f"more, and by no more than a share of {self.config.max_share}.",
                "Import more posts, or lower min_accounts.",
            ) from None
