"""released-features: the features that the authors of BAMIR released of brands and micro-influencers.

    train.npz, test.npz                 one part of the official split each; at least one
    train_brands.jsonl.gz               business category, biography words, concept counts       optional
    train_influencers.jsonl.gz          the same of each influencer                              optional
    (test_brands.jsonl.gz ...)
    concepts.tsv                        the names of the concepts, in their order                 optional

An npz holds brand_lda, influencer_lda (topic proportions), brand_concept, influencer_concept (means of
concept vectors), brand_image (object and scene proportions; influencers have none), brand_category into
category_names, endorsement rows of (brand, influencer) and endorsement_engagement, the engagement rate of
that campaign post: a target, never a feature.

The Features: released.lda, released.image, released.graph (the concept vectors), released.bag (shares of the
concepts; those of accounts without counts are recovered from the concept vector, see ``_shares``) and
released.profile (words of biographies and business categories that two accounts or more use).

Accounts are named after their row: ``brand-train-0000``, ``influencer-train-0000``. There are no posts. The
parts share no ids, so an influencer of both is two accounts.

"Seeking Micro-influencers for Brand Promotion", Gan, Wang, Song, Nie, Hong, ACM Multimedia 2019.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from brandfit.data.features import Features
from brandfit.data.importers import _files, _unread
from brandfit.data.importers._released_archive import (
    MATRICES,
    PARTS,
    SIDES,
    Part,
    PartArchive,
    Rows,
    Side,
    account_id,
)
from brandfit.data.importers._released_counts import (
    AccountForm,
    NamedRows,
    concept_shares,
    profile_indicators,
)
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Record, Reject
from brandfit.data.sheets import lines
from brandfit.errors import DataError
from brandfit.messages import path_text
from brandfit.progress import Advance

SLOTS = {
    "released.lda": "text",
    "released.graph": "graph",
    "released.image": "picture",
    "released.bag": "concept",
    "released.profile": "profile",
}
LEARNED_FROM = {"released.lda": ("accounts",), "released.graph": ("accounts", "endorsements")}
"""Data on which the authors fitted them: accounts and mentions of the training part (B-05, B-06)."""

TWO_PARTS = (
    "train.npz and test.npz number their accounts from 0 each and share no ids: an influencer of both parts "
    "is two accounts."
)


class ReleasedFeatures(Importer):
    """Finished features of brands and influencers, and who endorsed whom."""

    def recognises(self, path: Path) -> bool:
        return any(_files.is_file(path / f"{part}.npz") for part in PARTS)

    def total(self, path: Path) -> int:
        return sum(_files.size_of(file) for part in PARTS for file in _files_of(path, part))

    def read(self, path: Path, advance: Advance) -> Iterator[Record | Features]:
        _files.folder(path)
        parts = [part for part in PARTS if _files.is_file(path / f"{part}.npz")]
        if not parts:
            raise DataError(
                f"{path_text(path)} holds neither train.npz nor test.npz.",
                "Give the folder that holds train.npz.",
            )
        self.warnings = [TWO_PARTS] if len(parts) > 1 else []
        # Matrices are joined over both parts, because Features cover all accounts.
        blocks: dict[str, list[Rows]] = {name: [] for name in MATRICES}
        form_by_id: dict[str, AccountForm] = {}
        for part in parts:
            yield from _read_part(path, part, advance=advance, blocks=blocks, form_by_id=form_by_id)
        made = {
            "released.bag": concept_shares(path, form_by_id, blocks["released.graph"]),
            "released.profile": profile_indicators(form_by_id),
        }
        for name, named in made.items():
            if named is not None:
                yield _features(name, named)
        read = {path / "concepts.tsv", *(file for part in parts for file in _files_of(path, part))}
        self.unread = _unread.unread(
            path, read.__contains__, reason=lambda _: "it belongs to neither train.npz nor test.npz."
        )
        for name, rows in blocks.items():
            widths = {block.values.shape[1] for block in rows}
            if len(widths) == 1:
                yield _features(name, NamedRows(_joined(rows), ()))
            elif widths:
                yield Reject(path_text(path), 1, f"{name}: the parts have different widths {sorted(widths)}")


def _read_part(
    path: Path,
    part: Part,
    *,
    advance: Advance,
    blocks: dict[str, list[Rows]],
    form_by_id: dict[str, AccountForm],
) -> Iterator[Record]:
    """Accounts and endorsements of a part. Fills ``blocks``, name of Features to their rows, and
    ``form_by_id``."""
    archive = PartArchive(path / f"{part}.npz", part)
    yield from archive.read(advance)
    for side in SIDES:
        form_by_row: dict[int, AccountForm] = {}
        for item in _account_forms(path, part, side=side, advance=advance):
            if isinstance(item, Reject):
                yield item
            else:
                form_by_row[item[1].row] = item[1]
        n_accounts = archive.n_accounts[side]
        # Lines of accounts that the arrays do not have are of no use.
        for row, form in form_by_row.items():
            if 0 <= row < n_accounts:
                form_by_id[account_id(side, part, row)] = form
        for row in range(n_accounts):
            yield _account(archive, side, row=row, form=form_by_row.get(row))
    for name, matrix in MATRICES.items():
        for side in SIDES:
            for rows in archive.rows(matrix, side):
                if isinstance(rows, Reject):
                    yield rows
                else:
                    blocks[name].append(rows)
    yield from archive.endorsements()


def _account_forms(
    path: Path, part: Part, *, side: str, advance: Advance
) -> Iterator[tuple[int, AccountForm] | Reject]:
    file = _forms_file(path, part, side)
    return lines.rows(file, AccountForm, advance) if file is not None else iter(())


def _account(archive: PartArchive, side: Side, *, row: int, form: AccountForm | None) -> Account:
    return Account(
        id=account_id(side, archive.part, row),
        role=side,
        category=archive.category(row) if side == "brand" else None,
        business_category=form.first_category() if form is not None else None,
        biography=form.biography() if form is not None else None,
        split=archive.part,
    )


def _joined(blocks: list[Rows]) -> Rows:
    ids = [id for block in blocks for id in block.ids]
    return Rows(ids, np.concatenate([block.values for block in blocks]))


def _features(name: str, named: NamedRows) -> Features:
    """Features with a key that is a digest of ids, values and columns."""
    rows, columns = named
    ids = np.array(rows.ids, dtype=object)
    digest = hashlib.sha256("\n".join(rows.ids).encode())
    digest.update(np.ascontiguousarray(rows.values).tobytes())
    digest.update("\n".join(columns).encode())
    return Features(
        name=name,
        ids=ids,
        values=rows.values,
        level="account",
        columns=columns,
        key=f"released-{digest.hexdigest()[:32]}",
        slot=SLOTS[name],
        learned_from=LEARNED_FROM.get(name, ()),
    )


def _files_of(path: Path, part: str) -> list[Path]:
    """The files of a part: its arrays, and those with lines of accounts that are there."""
    forms = [_forms_file(path, part, side) for side in SIDES]
    return [path / f"{part}.npz", *filter(None, forms)]


def _forms_file(path: Path, part: str, side: str) -> Path | None:
    return _files.first_of(path, f"{part}_{side}s.jsonl.gz", f"{part}_{side}s.jsonl")
