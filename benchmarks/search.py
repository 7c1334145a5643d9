"""How long a search by keywords takes beside the two packages that it cannot do without, on the same queries,
in one run.

    python benchmarks/search.py WORKSPACE [--rounds 5]

ours: all rankings, fused, and ten hits with their reasons, everything that is made once being there. tantivy:
the best ten documents of the same index, nothing else. text.minilm: the query read as a sentence, nothing
else. Medians over queries and rounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from brandfit import pipeline
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.pipeline.readers import reader_of
from brandfit.search.fulltext import FIELDS
from brandfit.search.keyword import Keywords
from brandfit.workspace import Workspace

QUERIES = (
    ("vegan", "recipes"),
    ("hiking", "mountains", "tent"),
    ("love",),
    ("newborn", "baby", "clothes"),
    ("road", "trip", "photography"),
    ("living", "room", "lamp"),
    ("my", "dog"),
    ("marathon", "running", "shoes"),
)


def median(work: Callable[[Sequence[str]], object], rounds: int) -> float:
    """ms."""
    took = []
    for _ in range(rounds):
        for query in QUERIES:
            started = time.perf_counter()
            work(query)
            took.append(time.perf_counter() - started)
    return 1000 * float(np.median(took))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        dataset = pipeline.load(workspace)
        features = dataset.slots.get("text")
        reader = reader_of(workspace, features, None) if features is not None else None
    reader = reader if reader is not None and reader.sentences else None
    search = Keywords(dataset, reader)
    started = time.perf_counter()
    search.search(QUERIES[0])
    first = time.perf_counter() - started
    index = search.fulltext._index
    searcher, fields = index.searcher(), search.fulltext.fields

    def peer(query: Sequence[str]) -> object:
        parsed, _ = index.parse_query_lenient(
            " ".join(query), list(fields), field_boosts={f: FIELDS[f] for f in fields}
        )
        return searcher.search(parsed, 10, count=False).hits

    def read(query: Sequence[str]) -> object:
        assert reader is not None
        return reader.encode(
            Dataset.from_rows([Account(id="a")], [Post(id="p", account="a", caption=" ".join(query))])
        )

    ours, tantivy = median(search.search, asked.rounds), median(peer, asked.rounds)
    print(f"{len(dataset.influencers):,} influencers, {len(dataset.posts):,} posts; made once: {first:.1f} s")
    print(f"ours          {ours:8.2f} ms")
    print(f"tantivy       {tantivy:8.2f} ms, ours takes {ours / tantivy:.0f} times as long")
    if reader is not None:
        sentence = median(read, asked.rounds)
        print(f"text.minilm   {sentence:8.2f} ms, ours takes {ours / sentence:.1f} times as long")
    without = median(Keywords.search.__get__(_without(search)), asked.rounds)
    print(f"ours without  {without:8.2f} ms (no encoder of sentences)")


def _without(search: Keywords) -> Keywords:
    plain = Keywords(search.dataset)
    plain.search(QUERIES[0])
    return plain


if __name__ == "__main__":
    main()
