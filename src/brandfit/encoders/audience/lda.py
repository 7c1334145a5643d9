"""audience.lda: topics of the active audience, by ``text.lda`` (MORNING, Wang et al. 2022, Eq. 10; M-03,
M-05).

A training document holds the biography, the captions and the comments of a member that are read
(``encoders.audience.base``). Topics are learned from the audiences alone, apart from those of accounts; the
paper has 22 topics for accounts and 21 for audiences. Audiences of accounts of the official test split are
left out of the training (``transductive`` includes them).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.encoders.audience.base import AudienceEncoder, Biographies, Members, Posts
from brandfit.encoders.text._words import training_posts
from brandfit.encoders.text.lda import LDA, LDAConfig


class AudienceLDAConfig(LDAConfig, frozen=True):
    """The settings of ``text.lda`` and those that choose the texts."""

    members: Members = 25
    posts: Posts = 2
    biographies: Biographies = True
    level: Annotated[Literal["post"], Meta(description="a row for each post of the account")] = "post"
    seed: Annotated[int, Meta(description="of the sampling, and draws which posts or comments are read")] = 0


class AudienceLDA(AudienceEncoder):
    """Topics of texts of the active audience; see the module."""

    Config = AudienceLDAConfig
    config: AudienceLDAConfig
    inner = LDA
    file_settings = LDA.file_settings
    weights_cover_files = True
    preference = 5
    stated_columns = ()
    learned_columns = True

    @property
    def reads_biographies(self) -> bool:
        return self.config.biographies

    @property
    def transductive(self) -> bool:
        return self.config.transductive

    def learn(self, dataset: Dataset) -> None:
        self.encoder.progress = self.progress
        self.encoder.learn(self.items(training_posts(dataset, self.config.transductive)).dataset)
