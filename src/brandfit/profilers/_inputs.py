"""What is known of accounts, as a profiler reads it: their words by field, their numbers, and rows of
Features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.learning.pooling import Vectors, account_vectors, represents_account

FIELDS = ("caption", "hashtags", "mentions", "pictures", "comments", "replies", "biography")
"""Kinds of words: of captions, hashtags, accounts mentioned or tagged, descriptions of pictures, what others
comment, what the account itself comments under its posts (many put their hashtags there), biography."""
NUMBERS = ("followers", "followees", "posts")


@dataclass(frozen=True)
class Single:
    """Single posts of n accounts, those of an account together.

    ids       (p,)
    counts    (n,) posts of each account
    values    slot to (p, d) float32, zeros where a post has none; has: slot to (p,) bool
    labels    (p,) categories that somebody gave, None where nobody did
    pictures  (p,) hash of the first picture of each, "" where it has none; read: hash to bytes
    """

    ids: np.ndarray
    counts: np.ndarray
    values: Mapping[str, np.ndarray]
    has: Mapping[str, np.ndarray]
    labels: np.ndarray
    pictures: np.ndarray
    read: Callable[[str], bytes]

    def subset(self, at: np.ndarray) -> Single:
        """Of these accounts (m,) alone."""
        first, counts = np.cumsum(self.counts) - self.counts, self.counts[at]
        inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        row = np.repeat(first[at], counts) + inside
        values, has = ({slot: v[row] for slot, v in rows.items()} for rows in (self.values, self.has))
        return Single(
            ids=self.ids[row],
            counts=counts,
            values=values,
            has=has,
            labels=self.labels[row],
            pictures=self.pictures[row],
            read=self.read,
        )

    @property
    def owner(self) -> np.ndarray:
        """(p,) number of the account of each post."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


@dataclass(frozen=True)
class Inputs:
    """Of n accounts.

    ids      (n,)
    words    field to n texts, "" where there is none
    numbers  (n, 8) float64, NaN where not known: log(1 + followers, followees, posts), posts that are here,
             log(1 + mean likes, mean comments), each over the posts of which they are known, hashtags and
             mentions a post
    slots    Features by the slot or name that they were given under: their rows of accounts
    single   the newest posts one by one, for a profiler that looks at them
    """

    ids: np.ndarray
    words: Mapping[str, Sequence[str]]
    numbers: np.ndarray
    slots: Mapping[str, Vectors]
    single: Single | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, at: np.ndarray) -> Inputs:
        """Of these accounts (m,) alone."""
        return Inputs(
            ids=self.ids[at],
            words={field: [texts[i] for i in at.tolist()] for field, texts in self.words.items()},
            numbers=self.numbers[at],
            slots={slot: Vectors(v.values[at], v.present[at]) for slot, v in self.slots.items()},
            single=self.single.subset(at) if self.single is not None else None,
        )

    def digests(self) -> list[str]:
        """A hash of all that is known of each account: equal where nothing that a profiler reads differs."""
        result = []
        last = np.cumsum(self.single.counts) if self.single is not None else np.zeros(0, np.int64)
        for n in range(len(self)):
            told = hashlib.blake2b(
                msgspec.msgpack.encode([self.words[field][n] for field in self.words]), digest_size=16
            )
            told.update(self.numbers[n].tobytes())
            for slot in sorted(self.slots):
                values, present = self.slots[slot]
                told.update(
                    slot.encode() + (np.ascontiguousarray(values[n]).tobytes() if present[n] else b"-")
                )
            if self.single is not None:
                rows = slice(last[n] - self.single.counts[n], last[n])
                for slot in sorted(self.single.values):
                    told.update(
                        slot.encode()
                        + self.single.values[slot][rows].tobytes()
                        + self.single.has[slot][rows].tobytes()
                    )
                told.update("".join(self.single.pictures[rows].tolist()).encode())
            result.append(told.hexdigest())
        return result


def inputs(
    dataset: Dataset, ids: np.ndarray, *, slots: Sequence[str], single: int = 0, pictures: bool = False
) -> Inputs:
    """What is known of these accounts (distinct ids), with the Features of these slots, and ``single`` posts
    of each at most.

    pictures  also tell the pictures of single posts, to be looked at
    """
    row = {id: n for n, id in enumerate(ids.tolist())}
    found: dict[str, list[list[str]]] = {field: [[] for _ in row] for field in FIELDS}
    counts = np.zeros((len(row), 5))  # posts, likes, comments, hashtags, mentions
    told = np.zeros((len(row), 2))  # posts of which likes, comments are known
    described, comments, replies = _texts_of_posts(dataset)
    names = (
        "id",
        "account",
        "caption",
        "hashtags",
        "mentions",
        "tags",
        "sponsors",
        "likes",
        "comments",
        "kind",
    )
    for batch in dataset.posts.select(list(names)).to_batches(max_chunksize=20_000):
        for id, account, caption, hashtags, mentions, tags, sponsors, likes, answers, kind in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            n = row.get(account)
            if n is None or kind != "post":
                continue
            others = [*(mentions or ()), *(tags or ()), *(sponsors or ())]
            for field, text in (
                ("caption", caption or ""),
                ("hashtags", " ".join(hashtags or ())),
                ("mentions", " ".join(others)),
                ("pictures", described.get(id, "")),
                ("comments", comments.get(id, "")),
                ("replies", replies.get(id, "")),
            ):
                if text:
                    found[field][n].append(text)
            counts[n] += (1, likes or 0, answers or 0, len(hashtags or ()), len(mentions or ()))
            told[n] += (likes is not None, answers is not None)
    for n, text in enumerate(dataset.account_values("biography", ids).tolist()):
        if text:
            found["biography"][n].append(text)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = counts[:, 1:] / np.column_stack([told, counts[:, :1], counts[:, :1]])
    stated = np.stack([dataset.account_values(name, ids).astype(np.float64) for name in NUMBERS], axis=1)
    numbers = np.column_stack(
        [np.log1p(np.maximum(stated, 0)), counts[:, 0], np.log1p(each[:, :2]), each[:, 2:]]
    )
    return Inputs(
        ids=ids,
        words={field: ["\n".join(texts) for texts in of_all] for field, of_all in found.items()},
        numbers=numbers,
        slots={slot: account_vectors(dataset, slot, accounts=ids) for slot in slots},
        single=_newest(
            dataset,
            ids,
            slots=[s for s in slots if dataset.slots[s].level == "post"],
            most=single,
            pictures=pictures,
        )
        if single
        else None,
    )


def inputs_of_posts(
    dataset: Dataset,
    ids: np.ndarray,
    *,
    slots: Sequence[str],
    single: int = 0,
    pictures: bool = False,
    hide: Callable[[str], str] = str,
) -> Inputs:
    """The same of single posts (distinct ids): their words, passed through ``hide``, their account's counts,
    their Features.

    Official sponsors are left out: they are a disclosure of their own.
    """
    posts = dataset.posts
    at = pc.index_in(pa.array(ids, pa.string()), value_set=posts["id"].combine_chunks())
    table = posts.take(at)
    described, comments, replies = _texts_of_posts(dataset)
    names = table["id"].to_pylist()
    others = zip(*(table[c].to_pylist() for c in ("mentions", "tags")), strict=True)
    words = {
        "caption": [hide(text or "") for text in table["caption"].to_pylist()],
        "hashtags": [
            hide(" ".join(f"#{tag}" for tag in tags or ())) for tags in table["hashtags"].to_pylist()
        ],
        "mentions": [" ".join([*(named or ()), *(tagged or ())]) for named, tagged in others],
        "pictures": [described.get(id, "") for id in names],
        "comments": [comments.get(id, "") for id in names],
        "replies": [hide(replies.get(id, "")) for id in names],
        "biography": [""] * len(ids),
    }
    accounts = table["account"].to_pylist()
    stated = np.stack([dataset.account_values(name, accounts).astype(np.float64) for name in NUMBERS], axis=1)
    answers = np.stack([pc.cast(table[c], pa.float64()).to_numpy() for c in ("likes", "comments")], axis=1)
    counts = np.array(
        [
            [text.count("#") for text in words["hashtags"]],
            [len(named or ()) for named in table["mentions"].to_pylist()],
        ]
    ).T
    numbers = np.column_stack([np.log1p(np.maximum(stated, 0)), np.ones(len(ids)), np.log1p(answers), counts])
    found = {slot: Vectors(*dataset.slots[slot].values_of(ids)) for slot in slots}
    # A post stands for itself.
    known = _any([v.present for v in found.values()], seen := _first_pictures(dataset, ids, pictures))
    return Inputs(
        ids=ids,
        words=words,
        numbers=numbers,
        slots=found,
        single=_single(dataset, ids[known], counts=known.astype(np.int64), slots=slots, pictures=seen[known])
        if single
        else None,
    )


def _newest(dataset: Dataset, ids: np.ndarray, *, slots: Sequence[str], most: int, pictures: bool) -> Single:
    """The newest posts of each account that have any of these Features (or pictures), the newest first."""
    posts = dataset.posts
    account = pc.index_in(posts["account"], value_set=pa.array(ids, pa.string())).fill_null(-1).to_numpy()
    seen = _first_pictures(dataset, posts["id"].to_numpy(), pictures)
    told = _any([dataset.slots[slot].rows_of(posts["id"].combine_chunks()) >= 0 for slot in slots], seen)
    used = np.flatnonzero((account >= 0) & told & represents_account(dataset))
    time = pc.fill_null(posts["time"], 0).to_numpy()[used]
    used = used[np.lexsort((used, -time, account[used]))]
    total = np.bincount(account[used], minlength=len(ids))
    used = used[np.arange(len(used)) - np.repeat(np.cumsum(total) - total, total) < most]
    names = posts["id"].take(pa.array(used)).to_numpy().astype(object)
    return _single(dataset, names, counts=np.minimum(total, most), slots=slots, pictures=seen[used])


def _single(
    dataset: Dataset, ids: np.ndarray, *, counts: np.ndarray, slots: Sequence[str], pictures: np.ndarray
) -> Single:
    rows = {slot: dataset.slots[slot].values_of(ids) for slot in slots}
    values, has = ({slot: found[n] for slot, found in rows.items()} for n in (0, 1))
    labels = np.array([dataset.post_categories.get(id) for id in ids.tolist()], dtype=object)
    return Single(
        ids=ids, counts=counts, values=values, has=has, labels=labels, pictures=pictures, read=dataset.picture
    )


def _first_pictures(dataset: Dataset, posts: np.ndarray, wanted: bool) -> np.ndarray:
    """(p,) hash of the first picture of each post, "" where there is none or none are wanted."""
    first: dict[str, tuple[int, str]] = {}
    if wanted:
        for post, position, hash in zip(
            *(dataset.images[c].to_pylist() for c in ("post", "position", "hash")), strict=True
        ):
            if hash and (post not in first or position < first[post][0]):
                first[post] = position, hash
    return np.array([first.get(id, (0, ""))[1] for id in posts.tolist()], dtype=object)


def _any(there: Sequence[np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """(p,) whether a post has any Features or a picture to look at."""
    return np.any([*there, pictures != ""], axis=0)


def _texts_of_posts(dataset: Dataset) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Post to the descriptions of its pictures, to what others comment, and to what its author does."""
    pictures: dict[str, str] = {}
    for post, text in zip(
        dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True
    ):
        if text:
            pictures[post] = f"{pictures[post]}\n{text}" if post in pictures else text
    comments: dict[str, list[str]] = {}
    replies: dict[str, list[str]] = {}
    links = dataset.links_of_kinds("comments").select(["post", "source", "target", "text"])
    for post, source, target, text in zip(
        *(links[c].to_pylist() for c in ("post", "source", "target", "text")), strict=True
    ):
        if text:
            (replies if source == target else comments).setdefault(post, []).append(text)
    others, own = ({post: "\n".join(texts) for post, texts in told.items()} for told in (comments, replies))
    return pictures, others, own
