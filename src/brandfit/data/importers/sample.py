"""sample: the built-in sample (``data.sample``): planted data that looks real, with a known right answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from brandfit import config as settings
from brandfit.data import sample
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Record
from brandfit.progress import Advance


class SampleConfig(settings.Config, frozen=True):
    seed: Annotated[int, Meta(description="another seed gives other accounts and posts")] = 0
    influencers: Annotated[
        int, Meta(description="how many influencers, in addition to 24 brands", ge=10, le=1280)
    ] = 160


class SampleImporter(Importer):
    """Planted accounts, posts, pictures and comments, made by the package itself; takes no path."""

    needs_path = False
    Config = SampleConfig
    config: SampleConfig

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        yield from sample.sample(self.config.seed, self.config.influencers).records()
