"""Base of the encoders of captions: the posts with text, and its cleaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pyarrow as pa
from msgspec import Meta

from brandfit.data import captions
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder, EncoderConfig, Units
from brandfit.encoders.text._clean import Hashtags, Mentions, clean


class TextConfig(EncoderConfig, frozen=True):
    mentions: Annotated[
        Mentions,
        Meta(description="drop or keep @handles: a handle often names the partner that is to be predicted"),
    ] = "drop"
    hashtags: Annotated[
        Hashtags, Meta(description="hashtags as words (#slowtravel: slow travel), keep whole, or drop")
    ] = "split"


class TextEncoder(Encoder):
    """A unit is the cleaned caption of a post or brief; a post has none if cleaning leaves no text."""

    Config = TextConfig
    slot = "text"
    config: TextConfig

    def units(self, dataset: Dataset) -> Units:
        ids: list[str] = []
        texts = []
        for batch in dataset.posts.select(["id", "caption", "hashtags"]).to_batches(max_chunksize=4096):
            rows = zip(*column_lists(batch), strict=True)
            # Texts go to Arrow batch by batch, so that they are never all Python strings.
            batch_texts = []
            for id, caption, hashtags in rows:
                text = self._text(caption or "", hashtags)
                if text:
                    ids.append(id)
                    batch_texts.append(text)
            texts.append(pa.array(batch_texts, pa.large_string()))
        return Units(ids, _Texts(pa.chunked_array(texts, pa.large_string()).combine_chunks()))

    def _text(self, caption: str, hashtags: list[str]) -> str:
        """The cleaned caption with the hashtags that a source states separately."""
        if hashtags and self.config.hashtags != "drop":
            in_caption = set(captions.hashtags(caption))
            others = [f"#{tag}" for tag in hashtags if tag not in in_caption]
            caption = " ".join([caption, *others])
        return clean(caption, self.config.mentions, self.config.hashtags)

    def cost(self, content: str) -> float:
        return len(content)


class _Texts(Sequence[str]):
    """Strings in an Arrow array: a caption with an emoji takes a quarter of the memory of a Python string."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, n: Any) -> Any:
        return self.array[int(n)].as_py()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self.array), 4096):
            yield from self.array.slice(start, 4096).to_pylist()
