"""Lists of concepts of one's own: made from a workspace, and counted (C-01, C-02; M-06, B-01)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brandfit.arguments import Texts, checked
from brandfit.data import tabular
from brandfit.data.arrow import column_lists
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.encoders.concept._concept_counts import count_concepts
from brandfit.encoders.concept._concept_list import (
    ConceptBounds,
    ConceptList,
    LeftOutTerms,
    ListedConcept,
    build_concept_list,
)
from brandfit.encoders.concept._taxonomy_file import taxonomy_of
from brandfit.encoders.concept._term_counts import SOURCES
from brandfit.encoders.concept._wordnet import WordNet
from brandfit.encoders.concept.bag import Bag
from brandfit.encoders.concept.cosmic import CERTAIN, Cosmic
from brandfit.encoders.concept.generator import Generator
from brandfit.errors import UnknownName, UsageError
from brandfit.learning.pooling import represents_account
from brandfit.mappings import position_by_item
from brandfit.pipeline.concepts import NO_CONCEPTS
from brandfit.pipeline.datasets import fill_slots
from brandfit.pipeline.readers import maker_of
from brandfit.progress import Progress
from brandfit.workspace import Place, Workspace, as_workspace

BUILT_IN, NOTHING = "built-in", "none"
"""Values of ``first`` that are no files."""
ENDINGS = (".csv", ".xlsx")
BLOCK = 4_096
"""Posts whose features are in memory at a time."""


@dataclass(frozen=True)
class ConceptsPer:
    """Numbers of different concepts of posts, or of accounts.

    total    posts or accounts
    mean, median  of the numbers of concepts; None without a post or account
    without  posts or accounts without any concept
    """

    total: int
    mean: float | None
    median: float | None
    without: int

    @classmethod
    def of(cls, numbers: np.ndarray) -> ConceptsPer:
        """Of the number of concepts of each post or account (n,)."""
        if not len(numbers):
            return cls(0, None, None, 0)
        return cls(len(numbers), float(numbers.mean()), float(np.median(numbers)), int((numbers == 0).sum()))


@dataclass(frozen=True)
class ConceptDensity:
    """How many concepts the posts and the brands and influencers of a workspace have.

    source  the Features, or the file of the list
    notes   what else counts than the words of a post
    """

    source: str
    posts: ConceptsPer
    accounts: ConceptsPer
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class MadeConceptList:
    """A list that was written.

    concepts   in the file; ``new`` of them are not of the first list
    merged     way of merging ("WordNet", "co-occurrence") to the number of words that joined a concept
    left_out   reason to the number of terms that are no concepts and the most frequent of them
    posts, accounts  that the terms come from: those outside the official test split
    density    concepts of all posts and accounts
    """

    file: Path
    concepts: int
    new: int
    merged: Mapping[str, int]
    left_out: Mapping[str, LeftOutTerms]
    posts: int
    accounts: int
    density: ConceptDensity

    def to_dict(self) -> dict[str, Any]:
        left_out = {}
        for reason, terms in self.left_out.items():
            left_out[reason] = {"terms": terms.n, "examples": list(terms.examples)}
        return {
            "file": str(self.file),
            "concepts": self.concepts,
            "new": self.new,
            "merged": dict(self.merged),
            "left_out": left_out,
            "posts": self.posts,
            "accounts": self.accounts,
            "density": self.density.to_dict(),
        }


@checked
def build_concepts(
    workspace: Place,
    file: str | Path,
    *,
    sources: Texts | None = None,
    first: str = BUILT_IN,
    wordnet: str | Path | None = None,
    bounds: ConceptBounds | None = None,
    progress: Progress | None = None,
) -> MadeConceptList:
    """Write a list of the concepts of a workspace for a person to review, as .csv or .xlsx (C-02).

    Encoders read it by their setting ``taxonomy``, after the review: ``keep=no`` leaves a concept out.

    sources   of terms: hashtags, captions, descriptions, biographies, business_categories; all by default.
              Attributes as in MORNING come from biographies (M-06), concepts as in BAMIR from biographies and
              business categories too (B-01)
    first     the list to begin with: "built-in", "none", or a file
    wordnet   synsets of Open English WordNet as JSON lines, to merge words by meaning
    bounds    what makes a term a concept: 20 posts of 3 accounts, or 5 profiles

    Raises UsageError for a file that exists, so that no review is lost, and if nothing is frequent enough.
    """
    workspace = as_workspace(workspace)
    bounds = bounds or ConceptBounds()
    path = tabular.checked(file, ENDINGS)
    if path.exists():
        raise UsageError(f"{path} exists already.", "Choose another name: a reviewed list is not replaced.")
    for source in sources or ():
        if source not in SOURCES:
            raise UnknownName("source of concepts", source, known=SOURCES)
    # The order of the sources is fixed, so that equal choices give equal files.
    made = build_concept_list(
        workspace.dataset(),
        first=None if first == NOTHING else taxonomy_of("" if first == BUILT_IN else first),
        wordnet=WordNet.of_file(wordnet) if wordnet is not None else None,
        sources=[source for source in SOURCES if not sources or source in sources],
        bounds=bounds,
        progress=progress,
    )
    if not made.concepts:
        raise UsageError(
            f"No term occurs in {bounds.posts:,} posts of {bounds.accounts:,} accounts or in "
            f"{bounds.profiles:,} profiles.",
            "Import more posts, or lower the bounds.",
        )
    tabular.write(tabular.from_rows(_rows(made)), path)
    return MadeConceptList(
        file=path,
        concepts=len(made.concepts),
        new=sum(not concept.is_known for concept in made.concepts),
        merged=made.merged,
        left_out=made.left_out,
        posts=made.terms.posts,
        accounts=made.terms.accounts,
        density=concept_density(workspace, taxonomy=path),
    )


def _rows(made: ConceptList) -> list[dict[str, Any]]:
    """The rows of the file, in the columns of ``_taxonomy_file``, the most frequent concepts first."""
    rows = [_row(made, n, concept) for n, concept in enumerate(made.concepts)]
    return sorted(rows, key=lambda row: (-row["accounts"], -row["posts"]))


def _row(made: ConceptList, n: int, concept: ListedConcept) -> dict[str, Any]:
    merges = [f"{word}, by {reason}" for word, reason in concept.merges.items()]
    return {
        "keep": "yes",
        "concept": concept.name,
        "words": "|".join(concept.words),
        "kind": concept.kind,
        "parent": concept.parent,
        "categories": "|".join(sorted(concept.categories)),
        "posts": int(made.counts.posts[n]),
        "accounts": int(made.counts.accounts[n]),
        **{source: int(numbers[n]) for source, numbers in made.counts.by_source.items()},
        "merges": " | ".join(merges),
        "example": concept.example,
    }


@checked
def concept_density(
    workspace: Place, features: str | None = None, *, taxonomy: str | Path | None = None
) -> ConceptDensity:
    """How many concepts a post and an account have; about 10 and 20 in CAMERA (Wang et al. 2021, IV-D).

    features  named columns of posts or accounts, by default those of the concept slot. A concept counts if
              its value is above 0: in ``concept.generator`` from probability .5 on, in ``concept.cosmic`` if
              its share is larger than an equal share of all concepts
              ``concept.bag`` counts parents too, and concepts of the profile in every post of the account
    taxonomy  a list of concepts, counted in the words of posts and profiles, in place of Features
    """
    workspace = as_workspace(workspace)
    dataset = workspace.dataset()
    if taxonomy is not None:
        if features is not None:
            raise UsageError("features and taxonomy are both given.", "Give one of them.")
        counts = count_concepts(dataset, taxonomy_of(str(taxonomy)))
        of_posts = ConceptsPer.of(counts.concepts_of_posts)
        return ConceptDensity(str(taxonomy), of_posts, ConceptsPer.of(counts.concepts_of_accounts))
    # What counts as a concept of a post depends on the encoder.
    encoded = _named_features(workspace, features)
    density = _density_of(dataset, encoded, threshold=_threshold(workspace, encoded))
    return replace(density, notes=(*_not_read(dataset, encoded), *_spread(workspace, encoded)))


def _named_features(workspace: Workspace, name: str | None) -> Features:
    """These Features, or those of the concept slot. Raises UsageError if their columns have no names."""
    if name is None:
        name = fill_slots(workspace).get("concept")
    if name is None:
        raise UsageError("This workspace has no named concepts.", NO_CONCEPTS)
    features = workspace.features(name)
    if not features.columns:
        raise UsageError(f"{name} has no named columns.", NO_CONCEPTS)
    return features


def _read_posts(dataset: Dataset, features: Features) -> np.ndarray:
    """(p,) bool: posts of ``dataset.posts`` with a row, or with content in which nothing was recognised.
    Others are not encoded yet, or left out by ``last_posts``."""
    ids = dataset.posts["id"].combine_chunks()
    is_read = features.rows_of(ids) >= 0
    if features.contents is not None:
        silent = pa.array(features.contents.silent, pa.string())
        is_read |= pc.is_in(ids, value_set=silent).to_numpy(zero_copy_only=False)
    return is_read


def _not_read(dataset: Dataset, features: Features) -> tuple[str, ...]:
    """A note on posts that do not count because these Features do not cover them."""
    if features.level == "account":
        return ()
    is_left_out = represents_account(dataset) & ~_read_posts(dataset, features)  # (p,)
    n = int(is_left_out.sum())
    if not n:
        return ()
    example = dataset.posts["id"][int(np.flatnonzero(is_left_out)[0])].as_py()
    return (
        f"{n:,} posts do not count, for example {example!r}: {features.name} does not cover them (not "
        "encoded, no content, or left out by last_posts).",
    )


def _spread(workspace: Workspace, features: Features) -> tuple[str, ...]:
    """A note if a post has concepts that its own words do not name."""
    encoder = maker_of(workspace, features)
    if not isinstance(encoder, Bag) or not (encoder.config.parents or encoder.config.profile):
        return ()
    return (
        f"{features.name} counts wider concepts too, and those of the profile in every post of the account; "
        "--taxonomy counts what posts and profiles name.",
    )


def _threshold(workspace: Workspace, features: Features) -> float:
    """The value above which a concept counts."""
    encoder = maker_of(workspace, features)
    if isinstance(encoder, Generator):
        return CERTAIN
    return 1 / features.dim if isinstance(encoder, Cosmic) else 0.0


def _density_of(dataset: Dataset, features: Features, *, threshold: float) -> ConceptDensity:
    """Concepts with a value above the threshold; no posts for Features of accounts."""
    accounts = np.concatenate([dataset.brands, dataset.influencers])
    if features.level == "account":
        of_accounts = features.values_of(accounts).values > threshold  # (a, c)
        no_posts = ConceptsPer.of(np.zeros(0, np.int64))
        return ConceptDensity(features.name, no_posts, ConceptsPer.of(of_accounts.sum(axis=1)))
    row_by_account = position_by_item(accounts.tolist())
    posts = dataset.posts.filter(pa.array(represents_account(dataset) & _read_posts(dataset, features)))
    in_account = np.zeros((len(accounts), features.dim), bool)  # (a, c)
    of_posts = []
    # In blocks: the features of all posts may be larger than memory.
    for batch in posts.select(["id", "account"]).to_batches(max_chunksize=BLOCK):
        ids, owners = column_lists(batch)
        is_present = features.values_of(ids).values > threshold  # (block, c)
        for owner, row in zip(owners, is_present, strict=True):
            if owner in row_by_account:
                of_posts.append(int(row.sum()))
                in_account[row_by_account[owner]] |= row
    numbers = ConceptsPer.of(np.array(of_posts, np.int64))
    return ConceptDensity(features.name, numbers, ConceptsPer.of(in_account.sum(axis=1)))
