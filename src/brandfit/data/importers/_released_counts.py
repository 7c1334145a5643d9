"""Features that are made from the released concept counts, biography words and business categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from brandfit.data.cells import label
from brandfit.data.importers import _files
from brandfit.data.importers._released_archive import Rows, plain_text
from brandfit.data.importers._shares import recovered
from brandfit.data.profiles import profile_words
from brandfit.mappings import position_by_item


class AccountForm(msgspec.Struct):
    """One line of ``train_brands.jsonl.gz`` and its like."""

    row: int
    business_category: list[str | None] | str | None = None
    bio_tokens: list[str] | None = None
    concepts: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1e12)]] | None = None

    @property
    def categories(self) -> list[str | None]:
        """The business category under up to four names of the platform."""
        if isinstance(self.business_category, str):
            return [self.business_category]
        return self.business_category or []

    def first_category(self) -> str | None:
        """The first of the categories that is known."""
        for name in self.categories:
            if name and (category := label(plain_text(name))):
                return category
        return None

    def biography(self) -> str | None:
        return plain_text(" ".join(self.bio_tokens)) if self.bio_tokens is not None else None

    def words(self) -> list[str]:
        """Distinct words of the biography and of the business categories."""
        return profile_words(self.biography(), [plain_text(name) for name in self.categories if name])


class NamedRows(NamedTuple):
    """Rows with the names of their columns."""

    rows: Rows
    columns: tuple[str, ...]


def concept_shares(
    path: Path, form_by_id: Mapping[str, AccountForm], vectors: Sequence[Rows]
) -> NamedRows | None:
    """Shares of the concepts of each account: its counts by their sum, or recovered from its mean concept
    vector (``_shares``); None if no account has any.

    path     folder of the source
    vectors  mean concept vectors, in blocks of accounts
    """
    names = _concept_names(path, form_by_id)
    widths = {block.values.shape[1] for block in vectors}
    if not names or len(widths) != 1:
        return None
    ids = [id for block in vectors for id in block.ids]
    column = position_by_item(names)
    shares = np.zeros((len(ids), len(names)), np.float32)  # (n, c)
    for row, id in enumerate(ids):
        counts = (form_by_id[id].concepts if id in form_by_id else None) or {}
        total = sum(counts.values())
        if not total:
            continue
        for name, count in counts.items():
            shares[row, column[name]] = count / total
    is_stated = np.asarray(shares.any(axis=1))  # (n,)
    means = np.concatenate([block.values for block in vectors])  # (n, d)
    result = recovered(shares, means, is_stated)
    if not result.is_known.any():
        return None
    known_ids = [ids[row] for row in np.flatnonzero(result.is_known)]
    return NamedRows(Rows(known_ids, result.shares[result.is_known]), names)


def profile_indicators(form_by_id: Mapping[str, AccountForm]) -> NamedRows | None:
    """Which words each account uses, of the words of two accounts or more: 1 or 0; None if there are none."""
    words_by_id: dict[str, list[str]] = {}
    for id, form in form_by_id.items():
        if words := form.words():
            words_by_id[id] = words
    n_accounts = Counter(word for words in words_by_id.values() for word in words)
    names = tuple(sorted(word for word, count in n_accounts.items() if count > 1))
    column = position_by_item(names)
    columns_by_id: dict[str, list[int]] = {}
    for id, words in words_by_id.items():
        if columns := [column[word] for word in words if word in column]:
            columns_by_id[id] = columns
    if not columns_by_id:
        return None
    values = np.zeros((len(columns_by_id), len(names)), np.float32)  # (n, words)
    for row, columns in enumerate(columns_by_id.values()):
        values[row, columns] = 1
    return NamedRows(Rows(list(columns_by_id), values), names)


def _concept_names(path: Path, form_by_id: Mapping[str, AccountForm]) -> tuple[str, ...]:
    """Names of the concepts: those of concepts.tsv in its order, then others that accounts have."""
    counted: dict[str, None] = {}
    for form in form_by_id.values():
        counted |= dict.fromkeys(sorted(form.concepts or {}))
    file = path / "concepts.tsv"
    if not counted or not _files.is_file(file):
        return tuple(sorted(counted))
    listed = []
    for line in file.read_text("utf-8", errors="replace").splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) == 2:
            listed.append(cells[1].strip())
    return tuple(dict.fromkeys([*listed, *counted]))
