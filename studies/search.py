"""Keyword search (C-20) on real posts: ours beside its parts, a keyword in the caption, and chance; on
CAMERA's queries and others.

    python studies/search.py WORKSPACE --out results/search [--kept FOLDER] [--k 10]

The index sees captions without their hashtags and biographies, the sentence encoder the same captions,
concepts what these say; hashtags and descriptions of pictures are held out and judge: an influencer answers a
query if the concepts of half of its keywords at least are among the concepts of its hashtags and
descriptions. Precision@k over queries; beside it the same if all keywords are asked for, and over the posts
of those who were found, which does not favour those who post much. The judge reads by the taxonomy that
``evidence`` and ``concepts`` read by, which favours these two.

chance               the share of all influencers that answer
keyword in caption   influencers with most keywords in a caption, then in most captions, by lot

The four queries are those of the paper's Fig. 5. Nothing was chosen by them, but by half of the development
queries: two to four words, as people type them, of which none is a word or names a concept of the four; from
names of one concept, names of two concepts that go together, and hashtags cut into words; answered by 20
influencers at least and 15 % at most. The other half confirms. Intervals (95 %) are bootstrapped over
queries, p is of paired sign flips.

``--kept`` names a workspace that is made and keeps what was encoded, for the next time: tens of minutes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brandfit import pipeline, seeds
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._taxonomy import built_in, terms
from brandfit.encoders.concept.bag import FISHING, Bag
from brandfit.encoders.text._segment import segment
from brandfit.encoders.text._words import stop_words
from brandfit.encoders.text.minilm import MiniLM
from brandfit.evaluation.significance import paired_test
from brandfit.ranking import order
from brandfit.search.fulltext import without_hashtags
from brandfit.search.keyword import WEIGHTS, Keywords
from brandfit.workspace import Workspace

Query = tuple[str, ...]
Scores = Callable[[Query], np.ndarray]
"""(n,) of influencers; 0 of one that is not found."""
PAPER, HALVES = "the paper's", ("chosen on", "confirmed on")
"""Parts of the queries."""
QUERIES: tuple[Query, ...] = (
    ("luxury", "watch", "men"),
    ("foodie", "lady"),
    ("food", "tasty", "delicious"),
    ("cosmetic", "eye", "shadow", "eyelash"),
)
SEEN = {"hashtag": 0.0, "alt_text": 0.0}
HELD = {"caption": 0.0, "profile": 0.0}
EACH = 80
"""Development queries of a kind."""
LEAST, MOST = 20, 0.15
"""Influencers that answer a development query: so many, and no larger share."""
TOGETHER = 3
"""Two concepts go together if they meet so many times as often as by chance."""
USED = 5
"""Influencers that use a word as a hashtag, if it is one that people type."""
FILLERS = frozenset({"ig", "insta", "instagram"})


def bare(dataset: Dataset) -> Dataset:
    """Captions without hashtags, no list of hashtags, no descriptions."""
    posts, images = dataset.posts, dataset.images
    captions = pa.array(
        [None if c is None else without_hashtags(c) for c in posts["caption"].to_pylist()], pa.string()
    )
    for name, values in (
        ("caption", captions),
        ("hashtags", pa.array([[]] * len(posts), posts.schema.field("hashtags").type)),
    ):
        at = posts.schema.get_field_index(name)
        posts = posts.set_column(at, posts.schema.field(at), values)
    at = images.schema.get_field_index("alt_text")
    images = images.set_column(at, images.schema.field(at), pa.nulls(len(images), pa.string()))
    tables = {"accounts": dataset.accounts, "posts": posts, "images": images, "links": dataset.stored_links}
    return Dataset(tables, f"{dataset.fingerprint} bare", slots={}, pictures=dataset.picture)


class Judge:
    """Held-out concepts of influencers and of their posts."""

    def __init__(self, dataset: Dataset, held: Any) -> None:
        at = {id: n for n, id in enumerate(dataset.influencers.tolist())}
        owner = {
            post: at[account]
            for post, account in zip(*(dataset.posts[c].to_pylist() for c in ("id", "account")), strict=True)
            if account in at
        }
        self.n = len(at)
        self.many = np.maximum(np.bincount(list(owner.values()), minlength=self.n), 1)
        rows = np.array([n for n, id in enumerate(held.ids.tolist()) if id in owner], np.int64)
        self.owner = np.array([owner[held.ids[n]] for n in rows], np.int64)
        self.posts = np.asarray(held.values[rows]) > 0
        self.concepts = np.zeros((self.n, held.dim), bool)
        np.logical_or.at(self.concepts, self.owner, self.posts)

    def answers(self, query: Query, share: float = 0.5) -> np.ndarray:
        """(n,) bool: whether this share of the keywords that name concepts have one that is held out."""
        return _answers(self.concepts, query, share)

    def of_posts(self, query: Query) -> np.ndarray:
        """(n,) share of the posts that answer, each by itself."""
        return np.bincount(self.owner, _answers(self.posts, query, 0.5), minlength=self.n) / self.many


def _answers(held: np.ndarray, query: Query, share: float) -> np.ndarray:
    find = built_in().find
    hits = [held[:, find(word)].any(axis=1) for word in query if find(word)]
    return np.sum(hits, axis=0) >= max(1, int(np.ceil(share * len(hits))))


def development(users: Mapping[str, int], judge: Judge) -> dict[Query, str]:
    """Queries and of which kind each is. ``users``: hashtag to how many influencers use it."""
    taxonomy = built_in()
    words = {term for query in QUERIES for word in query for term in terms(word)}
    barred = {n for query in QUERIES for text in (*query, " ".join(query)) for n in taxonomy.find(text)}
    result: dict[Query, str] = {}

    def free(text: str) -> bool:
        return not set(terms(text)) & words and not set(taxonomy.find(text)) & barred

    def typed(name: str) -> bool:
        """Whether people use it, and it is made of words."""
        tag = name.replace(" ", "")
        return users.get(tag, 0) >= USED and segment(tag).lower() == name

    def add(kind: str, texts: Sequence[str]) -> bool:
        """Whether there was room for it, and it is a query."""
        said = dict.fromkeys(" ".join(texts).lower().split())
        query = tuple(w for w in said if w not in stop_words() and w not in FILLERS and not w.isdigit())
        if not 2 <= len(query) <= 4 or not all(map(free, query)) or not any(map(taxonomy.find, query)):
            return False
        if list(result.values()).count(kind) == EACH or {*query} in [{*other} for other in result]:
            return False
        if not LEAST <= judge.answers(query).sum() <= MOST * judge.n:
            return False
        result[query] = kind
        return True

    names = {
        n: [name for name in concept.words if free(name) and typed(name) and n in taxonomy.find(name)]
        for n, concept in enumerate(taxonomy.concepts)
        if n not in barred
    }
    rng = seeds.generator(0, "queries", "one")
    for n in rng.permutation([n for n, said in names.items() if len(said) > 1]).tolist():
        add("one concept", rng.permutation(names[n])[: int(rng.integers(2, 4))].tolist())

    rng = seeds.generator(0, "queries", "two")
    count = judge.concepts.sum(axis=0)
    both = judge.concepts.T.astype(np.float32) @ judge.concepts.astype(np.float32)
    known = [n for n, said in names.items() if said]
    pairs = [
        (a, b)
        for i, a in enumerate(known)
        for b in known[i + 1 :]
        if both[a, b] >= LEAST
        and both[a, b] > TOGETHER * count[a] * count[b] / judge.n
        and taxonomy.parent[a] != b
        and taxonomy.parent[b] != a
    ]
    times: Counter[int] = Counter()
    for i in rng.permutation(len(pairs)).tolist():
        a, b = pairs[i]
        if max(times[a], times[b]) < 2:
            texts = [str(rng.choice(names[n])) for n in (a, b)]
            texts += [str(rng.choice(names[a]))] if rng.random() < 0.5 else []
            times.update((a, b) if add("two concepts", texts) else ())

    tags = sorted(tag for tag, count in users.items() if count >= LEAST and not FISHING.search(tag))
    for i in seeds.generator(0, "queries", "hashtag").permutation(len(tags)).tolist():
        add("hashtag", segment(tags[i]).split())
    return result


def users_of(dataset: Dataset) -> dict[str, int]:
    """Hashtag to how many influencers use it."""
    known, using = set(dataset.influencers.tolist()), set()
    for account, tags in zip(*(dataset.posts[c].to_pylist() for c in ("account", "hashtags")), strict=True):
        using |= {(tag, account) for tag in tags if account in known}
    return Counter(tag for tag, _ in using)


def in_captions(dataset: Dataset, query: Query) -> np.ndarray:
    """(n,) most keywords of any caption, then in how many captions."""
    at = {id: n for n, id in enumerate(dataset.influencers.tolist())}
    most, many = np.zeros(len(at)), np.zeros(len(at))
    for account, caption in zip(
        dataset.posts["account"].to_pylist(), dataset.posts["caption"].to_pylist(), strict=True
    ):
        if account in at and caption:
            count = sum(word in caption.lower() for word in query)
            most[at[account]] = max(most[at[account]], count)
            many[at[account]] += count > 0
    return most + many / (many.max() + 1)


def ways(dataset: Dataset, search: Keywords) -> dict[str, Scores]:

    find = lru_cache(1)(search.find)

    def fused(weights: Mapping[str, float]) -> Scores:
        return lambda query: search.fuse(find(query), search.ranks(find(query)), weights=weights)

    result: dict[str, Scores] = {"ours": fused(WEIGHTS)}
    result |= {
        f"ours without {name}": fused({k: w for k, w in WEIGHTS.items() if k != name}) for name in WEIGHTS
    }
    result["words, concepts, meaning alike"] = fused(dict.fromkeys(("words", "concepts", "meaning"), 1.0))
    result["all four alike"] = fused(dict.fromkeys(WEIGHTS, 1.0))
    for name in WEIGHTS:
        result[f"{name} alone"] = lambda query, name=name: find(query).rankings[name]  # type: ignore[misc]
    result["keyword in caption"] = lambda query: in_captions(dataset, query)
    return result


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the means of queries drawn again."""
    rng = seeds.generator(0, "bootstrap")
    low, high = np.quantile(
        values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1), [0.025, 0.975]
    )
    return float(low), float(high)


Rows = Sequence[Mapping[str, Any]]
"""One a query and way: query, part, way, found, and a precision by each measure."""
MEASURES = ("half", "all", "posts")


def measured(
    queries: Mapping[Query, str], tried: Mapping[str, Scores], judge: Judge, ids: np.ndarray, k: int
) -> Rows:
    """``queries``: of which part each is."""
    rows: list[dict[str, Any]] = []
    for query, part in queries.items():
        right = dict(
            zip(
                MEASURES,
                (judge.answers(query), judge.answers(query, 1.0), judge.of_posts(query)),
                strict=True,
            )
        )
        of = {"query": " ".join(query), "part": part}
        rows.append(
            {
                **of,
                "way": "chance",
                "found": k,
                **{name: float(values.mean()) for name, values in right.items()},
            }
        )
        for way, score in tried.items():
            scores = score(query)
            found = np.flatnonzero(scores > 0)
            best = found[order(scores[found], ids[found], k)]
            precision = {name: float(values[best].sum()) / k for name, values in right.items()}
            rows.append({**of, "way": way, "found": len(best), **precision})
    return rows


def column(rows: Rows, part: str, way: str, measure: str = "half") -> np.ndarray:
    return np.array([row[measure] for row in rows if row["way"] == way and row["part"] == part])


def four(rows: Rows) -> list[str]:
    """The table of the paper's queries."""
    shown = {"ours": ".2f", "words alone": ".2f", "keyword in caption": ".2f", "chance": ".3f"}
    lines = [f"| query | {' | '.join(shown)} | found |", "|---" * (len(shown) + 2) + "|"]
    for n, query in enumerate(QUERIES):
        each = " | ".join(f"{column(rows, PAPER, way)[n]:{form}}" for way, form in shown.items())
        lines.append(f"| {' '.join(query)} | {each} | {column(rows, PAPER, 'ours', 'found')[n]} |")
    means = " | ".join(f"{column(rows, PAPER, way).mean():{form}}" for way, form in shown.items())
    return [*lines, f"| mean | {means} | |"]


def summary(rows: Rows, part: str, ways: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of a part of the development queries: way to its precision by each measure, the interval of the first,
    and p beside ours."""
    result = {}
    for way in ways:
        values = column(rows, part, way)
        result[way] = {measure: float(column(rows, part, way, measure).mean()) for measure in MEASURES} | {
            "interval": interval(values),
            "p": paired_test(column(rows, part, "ours"), values),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--k", type=int, default=10)
    asked = parser.parse_args()
    with (
        Workspace(asked.workspace) as workspace,
        Workspace(asked.kept, create=True) if asked.kept else nullcontext() as kept,
    ):
        whole = pipeline.load(workspace)
        dataset = bare(whole)
        reader = MiniLM()
        text = reader.encode(
            dataset, kept
        )  # not into the workspace: it has features of this name, of whole captions
        concept = Bag(Bag.Config.from_settings(SEEN)).encode(dataset, kept)
        judge = Judge(whole, Bag(Bag.Config.from_settings(HELD)).encode(whole, kept))
    dataset = dataset.with_slots({"text": text, "concept": concept})
    tried = ways(dataset, Keywords(dataset, reader, fields=("caption", "biography")))
    queries, place = dict.fromkeys(QUERIES, PAPER), Counter[str]()
    for query, kind in development(users_of(whole), judge).items():
        queries[query] = HALVES[place[kind] % 2]
        place[kind] += 1
    rows = measured(queries, tried, judge, dataset.influencers, asked.k)
    halves = {part: summary(rows, part, [*tried, "chance"]) for part in HALVES}
    told = [
        f"# Keyword search: precision@{asked.k}",
        "",
        f"{judge.n:,} influencers; see studies/search.py.",
        "",
        "## The four queries of CAMERA, Fig. 5",
        "",
        *four(rows),
        "",
        "## Development queries",
    ]
    for part, found in halves.items():
        told += ["", f"{len(column(rows, part, 'ours'))} of them {part}:", ""]
        told += [
            "| | half of the keywords | p, beside ours | all keywords | posts |",
            "|---|---|---|---|---|",
        ]
        for way, of in found.items():
            low, high = of["interval"]
            p = "" if way == "ours" else f"{of['p']:.4f}"
            told.append(
                f"| {way} | {of['half']:.3f} [{low:.3f}, {high:.3f}] | {p} | {of['all']:.3f} | "
                f"{of['posts']:.3f} |"
            )
    paper = [row for row in rows if row["part"] == PAPER]
    result = {"weights": dict(WEIGHTS), "four": paper, "development": halves}
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "table.md").write_text("\n".join([*told, ""]))
    (asked.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print("\n".join(told))


if __name__ == "__main__":
    main()
