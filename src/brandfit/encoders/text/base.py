"""What the encoders of captions share: which posts have a text, and what of it they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pyarrow as pa
from msgspec import Meta

from brandfit.config import Config
from brandfit.data import captions
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, Units
from brandfit.encoders.text._clean import Hashtags, Mentions, clean


class TextConfig(Config, frozen=True):
    mentions: Annotated[
        Mentions,
        Meta(description="drop or keep @handles: a handle names the very partner that is to be predicted"),
    ] = "drop"
    hashtags: Annotated[
        Hashtags, Meta(description="hashtags as words (#slowtravel: slow travel), keep whole, or drop")
    ] = "split"


class TextEncoder(Encoder):
    """A unit is the cleaned caption of a post or brief; a post of which nothing is left has none."""

    Config = TextConfig
    slot = "text"
    config: TextConfig

    def units(self, dataset: Dataset) -> Units:
        ids: list[str] = []
        texts = []
        for batch in dataset.posts.select(["id", "caption", "hashtags"]).to_batches(max_chunksize=4096):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            cleaned = [(id, self._text(caption or "", hashtags)) for id, caption, hashtags in rows]
            ids += [id for id, text in cleaned if text]
            texts.append(pa.array([text for _, text in cleaned if text], pa.large_string()))
        return Units(ids, _Texts(pa.chunked_array(texts, pa.large_string()).combine_chunks()))

    def _text(self, caption: str, hashtags: list[str]) -> str:
        """The cleaned caption, with the hashtags that a source states beside it."""
        if hashtags and self.config.hashtags != "drop":
            stated = set(captions.hashtags(caption))
            caption = " ".join([caption, *(f"#{tag}" for tag in hashtags if tag not in stated)])
        return clean(caption, self.config.mentions, self.config.hashtags)

    def cost(self, content: str) -> float:
        return len(content)


class _Texts(Sequence[str]):
    """Strings as Arrow keeps them: a caption with one emoji takes a quarter of what it takes in Python."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, n: Any) -> Any:
        return self.array[int(n)].as_py()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self.array), 4096):
            yield from self.array.slice(start, 4096).to_pylist()
