"""Terms of a Dataset, with the number of posts and accounts that use each, by source (C-02)."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._taxonomy import Taxonomy, terms
from brandfit.encoders.concept.bag import FISHING, descriptions
from brandfit.encoders.text._clean import clean
from brandfit.encoders.text._segment import segment
from brandfit.encoders.text._words import stop_words
from brandfit.learning.pooling import represents_account
from brandfit.progress import Progress

Source = Literal["hashtags", "captions", "descriptions", "biographies", "business_categories"]
SOURCES: tuple[Source, ...] = get_args(Source)
OF_ACCOUNTS: tuple[Source, ...] = ("biographies", "business_categories")
"""Sources that are counted in accounts, the others in posts."""
LONGEST = 3
"""Words of the longest term."""
SHORTEST = 3
"""Letters of the shortest word that is a term."""
LABELLED = re.compile(r"\w+ may (?:contain|be (?:an image|a \w+) of):?", re.IGNORECASE)
"""What stands before a list of labels in the descriptions of the platform."""
BETWEEN = re.compile(r"[^\w\s'’-]+| and | or | y | und | et ", re.IGNORECASE)
"""What separates labels, parts of biographies and of business categories."""
COMPANY = frozenset(
    ("brand", "company", "service", "store", "shop", "personal", "blog", "product", "local", "business")
)
"""Words of business categories that say nothing about the field of a business."""
BLOCK = 1_000
"""Posts between two reports of progress."""


@dataclass
class TermCount:
    """How often a term is used.

    posts, accounts  that use it in any source
    by_source        source to posts, or to accounts for the sources in ``OF_ACCOUNTS``
    example          id of the first post or account
    """

    posts: int = 0
    accounts: int = 0
    by_source: Counter[Source] = field(default_factory=Counter)
    example: str = ""

    @property
    def topical(self) -> int:
        """Uses that name a topic: hashtags, labels of pictures, profiles; not the words of sentences."""
        return sum(n for source, n in self.by_source.items() if source != "captions")

    @property
    def profiles(self) -> int:
        """Accounts with the term in their biography or business category, whichever is more."""
        return max(self.by_source[source] for source in OF_ACCOUNTS)


@dataclass(frozen=True)
class PostTerms:
    account: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class TermCounts:
    """Terms of a Dataset.

    by_term          term, in the form of ``terms``, to its counts
    tag_terms        the terms of the hashtags of each post that has some, for co-occurrence
    posts, accounts  that were read
    fishing          hashtags that ask for likes and follows, with the number of posts; they are no terms
    """

    by_term: Mapping[str, TermCount]
    tag_terms: Sequence[PostTerms]
    posts: int
    accounts: int
    fishing: Mapping[str, int]


@dataclass(frozen=True)
class _Post:
    id: str
    account: str
    caption: str
    tags: Sequence[str]


def count_terms(
    dataset: Dataset,
    sources: Collection[Source] = SOURCES,
    *,
    known: Taxonomy | None = None,
    progress: Progress | None = None,
) -> TermCounts:
    """Count the terms of brands and influencers outside the official test split.

    known  names of its concepts count in captions too, also those of several words
    """
    return _Counter(dataset, sources, known=known).counts(progress)


class _Counter:
    """Counts account by account, so that only the terms of one account are in memory twice."""

    def __init__(self, dataset: Dataset, sources: Collection[Source], *, known: Taxonomy | None) -> None:
        self.dataset, self.sources, self.known = dataset, frozenset(sources), known
        self.by_term: dict[str, TermCount] = {}
        self.tag_terms: list[PostTerms] = []
        self.fishing: Counter[str] = Counter()
        self.described = descriptions(dataset) if "descriptions" in self.sources else {}

    def counts(self, progress: Progress | None) -> TermCounts:
        accounts = self._accounts()
        posts = self._posts(accounts)
        # Profiles, hashtags and labels first: they decide which phrases of captions are terms.
        in_profiles = {account: self._profile_terms(*texts) for account, texts in accounts.items()}
        phrases = self._phrases(posts, in_profiles)
        # Account by account, so that an account counts once for a term in many posts.
        posts_by_account: dict[str, list[_Post]] = {}
        for post in posts:
            posts_by_account.setdefault(post.account, []).append(post)
        done = 0
        for account in accounts:
            of_account: set[str] = set()
            for source, own in in_profiles[account].items():
                of_account |= own
                self._add(own, source, account)
            for post in posts_by_account.get(account, ()):
                of_account |= self._add_post(post, phrases)
                done += 1
                if progress is not None and done % BLOCK == 0:
                    progress(done, len(posts), "count terms")
            for name in of_account:
                self.by_term[name].accounts += 1
        return TermCounts(self.by_term, self.tag_terms, len(posts), len(accounts), self.fishing)

    def _add_post(self, post: _Post, phrases: Collection[str]) -> set[str]:
        """Count the terms of a post; returns them."""
        of_post: set[str] = set()
        for source, own in self._post_terms(post, phrases).items():
            of_post |= own
            self._add(own, source, post.id)
        for name in of_post:
            self.by_term[name].posts += 1
        return of_post

    def _add(self, names: Iterable[str], source: Source, id: str) -> None:
        for name in names:
            count = self.by_term.setdefault(name, TermCount(example=id))
            count.by_source[source] += 1

    def _accounts(self) -> dict[str, tuple[str, str]]:
        """Brand or influencer outside the official test split to its biography and business category."""
        columns = ("id", "role", "split", "biography", "business_category", "category")
        result = {}
        for row in self.dataset.accounts.select(list(columns)).sort_by("id").to_pylist():
            if row["role"] != "audience" and row["split"] != "test":
                categories = filter(None, (row["business_category"], row["category"]))
                result[row["id"]] = (row["biography"] or "", " | ".join(dict.fromkeys(categories)))
        return result

    def _posts(self, accounts: Collection[str]) -> list[_Post]:
        """Posts of these accounts, by account; a brief only of a brand without posts."""
        columns = column_lists(self.dataset.posts, ("id", "account", "caption", "hashtags"))
        rows = zip(*columns, strict=True)
        counts = represents_account(self.dataset).tolist()
        posts = []
        for id, account, caption, tags in itertools.compress(rows, counts):
            if account in accounts:
                posts.append(_Post(id, account, caption or "", tags or ()))
        return sorted(posts, key=lambda post: (post.account, post.id))

    def _profile_terms(self, biography: str, categories: str) -> dict[Source, set[str]]:
        result: dict[Source, set[str]] = {}
        if "biographies" in self.sources:
            parts = BETWEEN.split(clean(biography))
            result["biographies"] = set(itertools.chain.from_iterable(map(_phrases_of, map(terms, parts))))
        if "business_categories" in self.sources:
            names = set()
            for part in BETWEEN.split(categories):
                words = _without_edges([word for word in terms(part) if word not in COMPANY])
                if 0 < len(words) <= LONGEST:
                    names.add(" ".join(words))
            result["business_categories"] = names
        return result

    def _phrases(self, posts: Sequence[_Post], in_profiles: Mapping[str, dict[Source, set[str]]]) -> set[str]:
        """Terms of several words that captions are searched for: those of every other source, and names of
        the concepts that are known."""
        names: set[str] = set(self.known.concepts_by_term) if self.known is not None else set()
        for by_source in in_profiles.values():
            names.update(*by_source.values())
        for post in posts:
            names.update(map(" ".join, self._tags(post.tags).values()))
            for text in self.described.get(post.id, ()):
                names.update(labels_of(text) or ())
        return {name for name in names if " " in name}

    def _post_terms(self, post: _Post, phrases: Collection[str]) -> dict[Source, set[str]]:
        """Source to the terms of a post. The words of a hashtag, and those of a description that is no list
        of labels, count with the words of the caption: alone they do not say what a post is about."""
        result: dict[Source, set[str]] = {"hashtags": set(), "captions": set(), "descriptions": set()}
        texts: list[list[str]] = []
        if "hashtags" in self.sources:
            words_by_tag = self._tags(post.tags)
            for words in words_by_tag.values():
                # #justdoit begins and ends with no term: only its words count, with those of captions.
                if len(words) <= LONGEST and _is_term(words[0]) and _is_term(words[-1]):
                    result["hashtags"].add(" ".join(words))
            texts += words_by_tag.values()
            if result["hashtags"]:
                self.tag_terms.append(PostTerms(post.account, tuple(sorted(result["hashtags"]))))
            self.fishing.update(tag for tag in set(post.tags) if FISHING.search(tag))
        if "captions" in self.sources:
            texts.append(terms(clean(post.caption, hashtags="drop")))
        if "descriptions" in self.sources:
            for text in self.described.get(post.id, ()):
                labels = labels_of(text)
                if labels is None:
                    texts.append(terms(text))
                else:
                    result["descriptions"] |= labels
        for words in texts:
            result["captions"] |= {name for name in _phrases_of(words) if " " not in name or name in phrases}
        return result

    def _tags(self, tags: Iterable[str]) -> dict[str, list[str]]:
        """Hashtag that describes a post to its words."""
        result = {}
        for tag in tags:
            words = [] if FISHING.search(tag) else terms(segment(tag))
            if words:
                result[tag] = words
        return result


def labels_of(text: str) -> set[str] | None:
    """The labels of a description in the form of the platform; None for any other description.

    >>> sorted(labels_of("Image may contain: 2 people, people smiling, shoes and outdoor"))
    ['outdoor', 'people', 'people smiling', 'shoe']
    """
    _, *lists = LABELLED.split(text)
    if not lists:
        return None
    labels = set()
    for label in itertools.chain.from_iterable(map(BETWEEN.split, lists)):
        words = _without_edges(terms(label))
        if 0 < len(words) <= LONGEST:
            labels.add(" ".join(words))
    return labels


def _is_term(word: str) -> bool:
    """Whether a word alone can be a term."""
    # "it's" and "always" are it' and alway in the form of ``terms``.
    is_stop_word = word in stop_words() or f"{word}s" in stop_words()
    return len(word) >= SHORTEST and not word[0].isdigit() and not is_stop_word


def _without_edges(words: Sequence[str]) -> list[str]:
    """The words without those at both ends that are no terms: "one or more people" is about people."""
    kept = [n for n, word in enumerate(words) if _is_term(word)]
    return list(words[kept[0] : kept[-1] + 1]) if kept else []


def _phrases_of(words: Sequence[str]) -> Iterator[str]:
    """Terms of up to ``LONGEST`` words that begin and end with a word that can be a term."""
    is_term = list(map(_is_term, words))
    for start, last in itertools.product(range(len(words)), range(LONGEST)):
        end = start + last
        if end < len(words) and is_term[start] and is_term[end]:
            yield " ".join(words[start : end + 1])
