"""A list of concepts made from the data: frequent terms, merged by a first list, by WordNet and by
co-occurrence (C-02; MORNING's attributes, M-06; BAMIR's concepts, B-01).

CAMERA's authors collected the posts of hashtags of 12 categories, labelled the pictures by a service and
selected 420 of 3,242 labels by hand (Wang et al. 2021, IV-C). Here the terms are hashtags, captions,
descriptions of pictures, biographies and business categories of the accounts outside the official test
split, and a person selects in the file that is written.

    first list     a term that is a name of one of its concepts is this concept
    WordNet        a term joins the more frequent term that shares all its meanings; a rare term joins the
                   nearest concept above it, if each of its meanings has one (MORNING merges by IsA)
    co-occurrence  a hashtag joins a more frequent one if the posts that have both are at least half of the
                   posts that have one, from several accounts (Jaccard index)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy import sparse

from brandfit.data.dataset import Dataset
from brandfit.encoders.concept._concept_counts import ConceptCounts, count_concepts
from brandfit.encoders.concept._taxonomy import Concept, Taxonomy
from brandfit.encoders.concept._term_counts import (
    SOURCES,
    PostTerms,
    Source,
    TermCount,
    TermCounts,
    count_terms,
)
from brandfit.encoders.concept._wordnet import WordNet
from brandfit.mappings import position_by_item
from brandfit.progress import Progress

SAME = 0.5
"""Jaccard index from which two hashtags are one concept."""
TWICE = 2
"""Posts, or profiles, that a rare term must have to join a concept (B-01: those seen once are dropped)."""
TOPICAL = 0.1
"""Share of the uses of a word that must name a topic: as a hashtag, a label of a picture or in a profile. In
captions alone most words are no topics: "today", "just", "way"."""
STEPS = 2
"""Steps up to the concept that a rare term joins."""
RARE, NAMES, CAPTIONS, ONCE, FISHING, MOST = (
    "rarer than the bounds",
    "names of accounts",
    "words of sentences, in fewer than 10 % of their uses a topic",
    "seen once",
    "hashtags that ask for likes and follows",
    "less frequent than the concepts that are listed",
)
"""Why a term is no concept."""
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class ConceptBounds:
    """What makes a term a concept.

    posts, accounts  it occurs in so many posts, of so many accounts
    profiles         or in so many biographies, or business categories
    most             concepts at most, the most frequent
    """

    posts: int = 20
    accounts: int = 3
    profiles: int = 5
    most: int = 1_000

    def are_met_by(self, count: TermCount) -> bool:
        return (count.posts >= self.posts and count.accounts >= self.accounts) or (
            count.profiles >= self.profiles
        )


@dataclass
class ListedConcept:
    """A concept of the list.

    words   other names, in the form of ``term``
    merges  word to why it was merged: "first list", "WordNet: synonym", "WordNet: is a ...",
            "co-occurrence ..."
    """

    name: str
    kind: str
    parent: str = ""
    categories: frozenset[str] = frozenset()
    words: list[str] = field(default_factory=list)
    merges: dict[str, str] = field(default_factory=dict)
    example: str = ""
    is_known: bool = False
    """Whether it is of the first list."""

    def add(self, word: str, reason: str) -> None:
        if word != self.name and word not in self.words:
            self.words.append(word)
            self.merges[word] = reason

    @property
    def concept(self) -> Concept:
        return Concept(self.name, self.kind, self.parent, (self.name, *self.words), self.categories)


@dataclass(frozen=True)
class LeftOutTerms:
    """Terms that are no concepts: how many, and the most frequent ones."""

    n: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class ConceptList:
    """
    concepts, counts  in the same order; counts of the sources and accounts that were read
    terms     that were found
    left_out  reason to the terms that are no concepts
    merged    way of merging ("first list", "WordNet", "co-occurrence") to the number of words
    """

    concepts: tuple[ListedConcept, ...]
    counts: ConceptCounts
    terms: TermCounts
    left_out: Mapping[str, LeftOutTerms]
    merged: Mapping[str, int]


def build_concept_list(
    dataset: Dataset,
    *,
    first: Taxonomy | None,
    wordnet: WordNet | None = None,
    sources: Collection[Source] = SOURCES,
    bounds: ConceptBounds | None = None,
    progress: Progress | None = None,
) -> ConceptList:
    """The list of concepts of a Dataset.

    first  the list to begin with; None for none
    """
    bounds = bounds or ConceptBounds()
    # Terms become concepts, which are merged step by step.
    counts = count_terms(dataset, sources, known=first, progress=progress)
    builder = _Builder(counts, bounds, first=first, wordnet=wordnet, names=_account_names(dataset))
    builder.select()
    builder.merge_by_wordnet()
    builder.merge_by_cooccurrence()
    listed = list(builder.listed.values())

    # Counted again, in the same sources and accounts, because a post may have several words of one concept.
    # Concepts that the data hardly has are left out now.
    count = partial(count_concepts, dataset, sources=sources, training=True, progress=progress)
    exact = count(taxonomy=_taxonomy_of(listed))
    profiles = np.maximum(exact.by_source["biographies"], exact.by_source["business_categories"])
    is_frequent = (exact.posts >= bounds.posts) & (exact.accounts >= bounds.accounts)
    is_frequent |= profiles >= bounds.profiles
    # (c,) numbers of concepts by descending frequency
    order = np.lexsort((-exact.posts, -exact.accounts))
    kept = [n for n in order.tolist() if is_frequent[n]]
    for n in kept[bounds.most :]:
        builder.leave_out(MOST, listed[n].name, int(exact.accounts[n]))
    for n in order.tolist():
        if not is_frequent[n]:
            builder.leave_out(RARE, listed[n].name, int(exact.accounts[n]))
    concepts = _with_kept_parents(listed, kept[: bounds.most], first=first)
    return ConceptList(
        concepts=tuple(concepts),
        counts=count(taxonomy=_taxonomy_of(concepts)),
        terms=counts,
        left_out=builder.left_out_terms(),
        merged=_words_by_merge(concepts),
    )


class _Builder:
    """Terms to concepts, step by step.

    concept_by_term  term to its concept
    """

    def __init__(
        self,
        counts: TermCounts,
        bounds: ConceptBounds,
        *,
        first: Taxonomy | None,
        wordnet: WordNet | None,
        names: Collection[str],
    ) -> None:
        self.counts, self.bounds, self.first, self.wordnet = counts, bounds, first, wordnet
        self.names = names
        self.listed: dict[str, ListedConcept] = {}
        """Name to concept, the most frequent first."""
        self.concept_by_term: dict[str, ListedConcept] = {}
        self.rare: list[str] = []
        """Terms that are no concepts of their own, by descending frequency."""
        self._left_out: dict[str, Counter[str]] = {}
        for tag, posts in counts.fishing.items():
            self.leave_out(FISHING, tag, posts)

    def leave_out(self, reason: str, name: str, count: int) -> None:
        self._left_out.setdefault(reason, Counter())[name] = count

    def left_out_terms(self) -> dict[str, LeftOutTerms]:
        """The terms that no concept has, by reason."""
        for name in self.rare:
            if name not in self.concept_by_term:
                count = self.counts.by_term[name]
                is_once = max(count.posts, count.profiles) < TWICE
                self.leave_out(ONCE if is_once else RARE, name, count.accounts)
        result = {}
        for reason, counter in self._left_out.items():
            frequent = sorted(counter, key=lambda name: (-counter[name], name))
            result[reason] = LeftOutTerms(len(counter), tuple(frequent[:EXAMPLES]))
        return result

    def select(self) -> None:
        """Terms of the first list become its concepts; frequent terms become new ones."""
        # The most frequent first, so that later steps merge rarer terms into more frequent ones.
        by_frequency = sorted(
            self.counts.by_term.items(), key=lambda item: (-item[1].accounts, -item[1].posts, item[0])
        )
        for name, count in by_frequency:
            numbers = self._in_first_list(name)
            if numbers:
                # A name of several concepts keeps all of them; merges use the first.
                for n in numbers:
                    concept = self._known_concept(n)
                    concept.example = concept.example or count.example
                    self.concept_by_term.setdefault(name, concept)
            elif name.replace(" ", "") in self.names:  # the name of a partner would reveal the label
                self.leave_out(NAMES, name, count.accounts)
            elif not self.bounds.are_met_by(count):
                self.rare.append(name)
            elif not _is_topical(count):
                self.leave_out(CAPTIONS, name, count.accounts)
            else:
                self.listed[name] = self.concept_by_term[name] = self._new_concept(name, count)

    def _in_first_list(self, name: str) -> list[int]:
        """Concepts of the first list with this name, also as a hashtag writes it: travelgram."""
        if self.first is None:
            return []
        by_tag = self.first.concepts_by_tag.get(name.replace(" ", ""), [])
        return self.first.concepts_by_term.get(name, by_tag)

    def _known_concept(self, n: int) -> ListedConcept:
        """A concept of the first list, with all its names; the same object every time."""
        assert self.first is not None
        concept = self.first.concepts[n]
        if concept.name in self.listed:
            return self.listed[concept.name]
        self.listed[concept.name] = ListedConcept(
            name=concept.name,
            kind=concept.kind,
            parent=concept.parent,
            categories=concept.categories,
            words=[word for word in concept.words if word != concept.name],
            is_known=True,
        )
        return self.listed[concept.name]

    def _new_concept(self, name: str, count: TermCount) -> ListedConcept:
        kind = self.wordnet.kind(name) if self.wordnet is not None else ""
        if not kind:  # WordNet does not know the term: its source is the only hint
            is_of_businesses = count.by_source["business_categories"] == sum(count.by_source.values())
            kind = "business" if is_of_businesses else "interest"
        return ListedConcept(name, kind, example=count.example)

    def merge_by_wordnet(self) -> None:
        if self.wordnet is None:
            return
        # The more frequent term of two comes first and keeps its name.
        heads: dict[str, ListedConcept] = {}
        for name, concept in list(self.concept_by_term.items()):
            is_new = concept.name == name and not concept.is_known
            head = self._synonym_in(name, heads) if is_new else None
            if head is None:
                heads[name] = concept
            else:
                self._join(name, head, "WordNet: synonym")
        # Rare terms join a synonym, or else the nearest concept above them.
        taxonomy = _taxonomy_of(self.listed.values())
        twice = [name for name in self.rare if self._is_seen_twice(name)]
        hypernyms = self.wordnet.hypernyms(taxonomy, twice, steps=STEPS, clear=self._new_names())
        for name in twice:
            head = self._synonym_in(name, heads)
            if head is not None:
                self._join(name, head, "WordNet: synonym")
            elif name in hypernyms:
                above = self.listed[taxonomy.names[hypernyms[name].concepts[0]]]
                self._join(name, above, f"WordNet: is a kind of {above.name}")
        # The parent of a new concept is of the first list: among new concepts, circles would be possible.
        taxonomy = _taxonomy_of(concept for concept in self.listed.values() if concept.is_known)
        for name, hypernym in self.wordnet.hypernyms(taxonomy, self._new_names()).items():
            self.listed[name].parent = taxonomy.names[hypernym.concepts[0]]

    def _new_names(self) -> list[str]:
        return [concept.name for concept in self.listed.values() if not concept.is_known]

    def _is_seen_twice(self, name: str) -> bool:
        count = self.counts.by_term[name]
        return max(count.posts, count.profiles) >= TWICE and _is_topical(count)

    def _synonym_in(self, name: str, heads: Mapping[str, ListedConcept]) -> ListedConcept | None:
        assert self.wordnet is not None
        return next((heads[other] for other in self.wordnet.synonyms(name) if other in heads), None)

    def _join(self, name: str, concept: ListedConcept, reason: str) -> None:
        """Make a term, and the words of its own concept, words of another concept."""
        own = self.listed.pop(name, None)
        if own is not None:
            for word in own.words:
                concept.add(word, own.merges[word])
                self.concept_by_term[word] = concept
        concept.add(name, reason)
        self.concept_by_term[name] = concept

    def merge_by_cooccurrence(self) -> None:
        """A new concept joins the more frequent one that nearly always stands with its hashtag."""
        names = list(self.concept_by_term)
        for name, other, share in same_hashtags(self.counts.tag_terms, names, self.bounds.accounts):
            own, head = self.concept_by_term[name], self.concept_by_term[other]
            # Words of concepts, and the first list, stay as they are.
            if own is not head and own.name == name and not own.is_known:
                self._join(name, head, f"co-occurrence: {share:.2f} with {other}")


def _is_topical(count: TermCount) -> bool:
    uses = sum(count.by_source.values())
    return count.topical >= TOPICAL * uses


def same_hashtags(
    posts: Iterable[PostTerms], names: list[str], fewest_accounts: int
) -> Iterator[tuple[str, str, float]]:
    """(term, more frequent term, Jaccard index) of terms that stand together in at least ``SAME`` of the
    posts that have one of them, in posts of ``fewest_accounts`` accounts. The pairs of a term are adjacent,
    the closest first.

    names  by descending frequency
    """
    number_by_name = position_by_item(names)
    rows: list[int] = []
    columns: list[int] = []
    accounts: list[str] = []
    for post in posts:
        numbers = [number_by_name[name] for name in post.terms if name in number_by_name]
        rows += [len(accounts)] * len(numbers)
        columns += numbers
        accounts.append(post.account)
    if not rows:
        return
    # (posts, terms) 0 and 1; its Gram matrix counts the posts of each pair.
    uses = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(accounts), len(names)))
    together = sparse.triu(uses.T @ uses, k=1).tocoo()  # row: the more frequent term of a pair
    n_posts = np.asarray(uses.sum(axis=0)).ravel()  # (terms,)
    jaccard = together.data / (n_posts[together.row] + n_posts[together.col] - together.data)
    # Few pairs are left; for these the accounts of their common posts are counted one by one.
    is_close = jaccard >= SAME
    more, less, share = together.row[is_close], together.col[is_close], jaccard[is_close]
    _, owner = np.unique(np.array(accounts, dtype=object), return_inverse=True)  # (posts,)
    for n in np.lexsort((more, -share, less)).tolist():
        both = np.intersect1d(uses[:, [less[n]]].indices, uses[:, [more[n]]].indices)
        if len(np.unique(owner[both])) >= fewest_accounts:
            yield names[less[n]], names[more[n]], float(share[n])


def _taxonomy_of(concepts: Iterable[ListedConcept]) -> Taxonomy:
    return Taxonomy([concept.concept for concept in concepts])


def _words_by_merge(concepts: Iterable[ListedConcept]) -> Counter[str]:
    """Way of merging to the number of words."""
    counts: Counter[str] = Counter()
    for concept in concepts:
        counts.update(reason.partition(":")[0] for reason in concept.merges.values())
    return counts


def _with_kept_parents(
    listed: list[ListedConcept], kept: list[int], *, first: Taxonomy | None
) -> list[ListedConcept]:
    """The concepts that are kept, each below its nearest ancestor that is kept."""
    parents = {concept.name: concept.parent for concept in first.concepts} if first is not None else {}
    parents |= {concept.name: concept.parent for concept in listed}
    kept_names = {listed[n].name for n in kept}
    result = []
    for n in kept:
        parent = listed[n].parent
        while parent and parent not in kept_names:
            parent = parents.get(parent, "")
        result.append(replace(listed[n], parent=parent))
    return result


def _account_names(dataset: Dataset) -> set[str]:
    """Handles and names of all accounts as hashtags write them: letters and digits alone."""
    names: set[str] = set()
    for row in dataset.accounts.select(["id", "name"]).to_pylist():
        for name in filter(None, row.values()):
            names.add(re.sub(r"[\W_]+", "", name.lower()))
    return names - {""}
