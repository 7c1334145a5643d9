"""The keyword search of CAMERA (C-20) on real posts: ours beside a keyword in the caption, and chance.

    python experiments/search.py WORKSPACE --out experiments/search [--k 10]

Four queries of the paper's Fig. 5. The index sees captions without their hashtags and biographies, the sentence encoder the same
captions, concepts what these say; hashtags and descriptions of pictures are held out and judge: an influencer answers a query if
the concepts of half of its keywords at least are among the concepts of its hashtags and descriptions. Precision@k over queries;
chance: the share of all influencers that answer; "keyword in caption": influencers with most keywords in a caption, most
captions, by lot.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from brandfit import pipeline
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.encoders.concept.bag import Bag
from brandfit.encoders.text.minilm import MiniLM
from brandfit.learning.pooling import account_vectors
from brandfit.ranking import order
from brandfit.search.fulltext import without_hashtags
from brandfit.search.keyword import Keywords
from brandfit.workspace import Workspace

QUERIES = (
    ("luxury", "watch", "men"),
    ("foodie", "lady"),
    ("food", "tasty", "delicious"),
    ("cosmetic", "eye", "shadow", "eyelash"),
)
SEEN = {"hashtag": 0.0, "alt_text": 0.0}
HELD = {"caption": 0.0, "profile": 0.0}


def bare(dataset: Dataset) -> Dataset:
    """Captions without hashtags, no list of hashtags, no descriptions."""
    posts, images = dataset.posts, dataset.images
    captions = pa.array([None if c is None else without_hashtags(c) for c in posts["caption"].to_pylist()], pa.string())
    for name, values in (("caption", captions), ("hashtags", pa.array([[]] * len(posts), posts.schema.field("hashtags").type))):
        at = posts.schema.get_field_index(name)
        posts = posts.set_column(at, posts.schema.field(at), values)
    at = images.schema.get_field_index("alt_text")
    images = images.set_column(at, images.schema.field(at), pa.nulls(len(images), pa.string()))
    tables = {"accounts": dataset.accounts, "posts": posts, "images": images, "links": dataset.stored_links}
    return Dataset(tables, f"{dataset.fingerprint} bare", {}, dataset.picture)


def answers(held: np.ndarray, keywords: tuple[str, ...]) -> np.ndarray:
    """(n,) bool: whether half of the keywords have a concept among the held-out ones (n, c)."""
    taxonomy = built_in()
    hit = [held[:, taxonomy.find(word)].any(axis=1) if taxonomy.find(word) else np.zeros(len(held), bool) for word in keywords]
    known = [h for h, word in zip(hit, keywords, strict=True) if taxonomy.find(word)]
    return np.sum(known, axis=0) >= max(1, (len(known) + 1) // 2)


def in_captions(dataset: Dataset, keywords: tuple[str, ...]) -> np.ndarray:
    """(n,) most keywords of any caption, then in how many captions."""
    at = {id: n for n, id in enumerate(dataset.influencers.tolist())}
    most, many = np.zeros(len(at)), np.zeros(len(at))
    for account, caption in zip(dataset.posts["account"].to_pylist(), dataset.posts["caption"].to_pylist(), strict=True):
        if account in at and caption:
            count = sum(word in caption.lower() for word in keywords)
            most[at[account]] = max(most[at[account]], count)
            many[at[account]] += count > 0
    return most + many / (many.max() + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--k", type=int, default=10)
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        whole = pipeline.load(workspace)
        dataset = bare(whole)
        reader = MiniLM()
        text = reader.encode(dataset)  # not kept: the workspace has features of this name, of whole captions
        concept = Bag(Bag.Config.of(SEEN)).encode(dataset)
        held = Bag(Bag.Config.of(HELD)).encode(whole)
    dataset = dataset.with_slots({"text": text, "concept": concept})
    judged = account_vectors(whole.with_slots({"concept": held}), "concept", whole.influencers)
    concepts = np.where(judged.present[:, None], judged.values, 0) > 0
    search = Keywords(dataset, reader, fields=("caption", "biography"))
    rows, lines = [], ["| query | ours | keyword in caption | chance | found |", "|---|---|---|---|---|"]
    for keywords in QUERIES:
        right = answers(concepts, keywords)
        of = dict(zip(dataset.influencers.tolist(), right.tolist(), strict=True))
        hits = search.search(keywords, asked.k)
        naive = order(in_captions(dataset, keywords), dataset.influencers, asked.k)
        row = {
            "query": " ".join(keywords),
            "ours": float(np.mean([of[hit.influencer] for hit in hits])),
            "keyword": float(right[naive].mean()),
            "chance": float(right.mean()),
            "found": len(hits),
        }
        rows.append(row)
        lines.append(f"| {row['query']} | {row['ours']:.2f} | {row['keyword']:.2f} | {row['chance']:.3f} | {row['found']} |")
    mean = {name: float(np.mean([row[name] for row in rows])) for name in ("ours", "keyword", "chance")}
    lines.append(f"| mean | {mean['ours']:.2f} | {mean['keyword']:.2f} | {mean['chance']:.3f} | |")
    asked.out.mkdir(parents=True, exist_ok=True)
    head = [
        f"# Keyword search: precision@{asked.k}",
        "",
        f"{len(dataset.influencers):,} influencers; see experiments/search.py.",
        "",
    ]
    (asked.out / "table.md").write_text("\n".join([*head, *lines, ""]))
    (asked.out / "result.json").write_text(json.dumps(rows, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
