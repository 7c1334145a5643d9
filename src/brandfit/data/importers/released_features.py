"""The features that the authors of BAMIR released of the brand and micro-influencer data set of Gan et al.
2019.

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
concepts; for accounts without counts they are told by the concept vector, see ``_shares``) and
released.profile (which words of biographies and business categories, of those that two accounts or more
have).

Accounts are named after their row: ``brand-train-0000``, ``influencer-train-0000``. Posts there are none. The
parts share no ids, so an influencer of both is two accounts.

"Seeking Micro-influencers for Brand Promotion", Gan, Wang, Song, Nie, Hong, ACM Multimedia 2019.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from brandfit.data import schema
from brandfit.data.features import Features
from brandfit.data.importers import _files, _lines, _unread
from brandfit.data.importers._fields import LONGEST_TEXT, encodable, label
from brandfit.data.importers._shares import recovered
from brandfit.data.importers.base import Importer
from brandfit.data.profiles import profile_words
from brandfit.data.schema import Account, Link, Record, Reject
from brandfit.errors import DataError
from brandfit.messages import path_text
from brandfit.progress import Advance

LARGEST = 2 << 30
"""Bytes of one array, unpacked."""

Part = Literal["train", "test"]
Side = Literal["brand", "influencer"]
PARTS: tuple[Part, ...] = ("train", "test")
SIDES: tuple[Side, ...] = ("brand", "influencer")
MATRICES = {"released.lda": "lda", "released.graph": "concept", "released.image": "image"}
SLOTS = {
    "released.lda": "text",
    "released.graph": "graph",
    "released.image": "picture",
    "released.bag": "concept",
    "released.profile": "profile",
}
LEARNED_FROM = {"released.lda": ("accounts",), "released.graph": ("accounts", "endorsements")}
"""What the authors fitted them on: accounts and mentions of the training part (B-05, B-06)."""


class AccountForm(msgspec.Struct):
    row: int
    business_category: list[str | None] | str | None = None
    bio_tokens: list[str] | None = None
    concepts: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1e12)]] | None = None


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
        made: dict[str, list[tuple[list[str], np.ndarray]]] = {name: [] for name in MATRICES}
        about: dict[str, AccountForm] = {}
        for part in parts:
            yield from _read_part(path, part, advance=advance, made=made, told=about)
        yield from _features_from_counts(path, about, made)
        read = {path / "concepts.tsv", *(file for part in parts for file in _files_of(path, part))}
        self.unread = _unread.unread(
            path, read.__contains__, reason=lambda _: "it belongs to neither train.npz nor test.npz."
        )
        for name, pieces in made.items():
            widths = {values.shape[1] for _, values in pieces}
            if len(widths) == 1:
                yield _features(name, pieces)
            elif widths:
                yield Reject(path_text(path), 1, f"{name}: the parts have different widths {sorted(widths)}")


def _read_part(
    path: Path, part: Part, *, advance: Advance, made: dict[str, list], told: dict[str, AccountForm]
) -> Iterator[Record]:
    file = path_text(path / f"{part}.npz")
    arrays: dict[str, np.ndarray] = {}
    for name, array in _arrays(path / f"{part}.npz", file, advance):
        if isinstance(array, Reject):
            yield array
        else:
            arrays[name] = array
    sizes = {side: _rows(arrays, side) for side in SIDES}
    for side in SIDES:
        about: dict[int, AccountForm] = {}
        for item in _about(path, part, side=side, advance=advance):
            if isinstance(item, Reject):
                yield item
            else:
                about[item[1].row] = item[1]
        told.update({_id(side, part, row): form for row, form in about.items() if 0 <= row < sizes[side]})
        for row in range(sizes[side]):
            yield _account(arrays, part, side=side, row=row, about=about.get(row))
    for slot, matrix in MATRICES.items():
        for side in SIDES:
            values = arrays.get(f"{side}_{matrix}")
            if values is None:
                continue
            reason = _unfit(values, sizes[side])
            if reason:
                yield Reject(file, 1, f"{side}_{matrix}: {reason}")
                continue
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is rejected
                values = values.astype(np.float32)
            good = np.isfinite(values).all(axis=1)
            for row in np.flatnonzero(~good).tolist():
                yield Reject(file, row + 1, f"{side}_{matrix}: row {row} holds values that are no numbers")
            made[slot].append(([_id(side, part, row) for row in np.flatnonzero(good).tolist()], values[good]))
    yield from _endorsements(arrays, part, sizes=sizes, file=file)


def _features_from_counts(
    path: Path, about: dict[str, AccountForm], made: dict[str, list]
) -> Iterator[Features | Reject]:
    """The Features that the counts and words of the accounts make; what has no number is left out."""
    vectors = made["released.graph"]
    widths = {values.shape[1] for _, values in vectors}
    ids = [id for part, _ in vectors for id in part]
    names = _names(path, about)
    if names and len(widths) == 1:
        column = {name: n for n, name in enumerate(names)}
        shares = np.zeros((len(ids), len(names)), np.float32)
        for row, id in enumerate(ids):
            counts = about[id].concepts if id in about else None
            total = sum((counts or {}).values())
            for name, count in (counts or {}).items() if total else ():
                shares[row, column[name]] = count / total
        shares, good = recovered(
            shares, np.concatenate([values for _, values in vectors]), np.asarray(shares.any(axis=1))
        )
        if good.any():
            yield _features(
                "released.bag", [([id for id, ok in zip(ids, good, strict=True) if ok], shares[good])], names
            )
    words = {id: found for id, form in about.items() if (found := _profile(form))}
    used = Counter(word for found in words.values() for word in found)
    names = tuple(sorted(word for word, count in used.items() if count > 1))
    column = {name: n for n, name in enumerate(names)}
    seen = {id: [column[word] for word in found if word in column] for id, found in words.items()}
    owners = [id for id, columns in seen.items() if columns]
    if owners:
        values = np.zeros((len(owners), len(names)), np.float32)
        for row, id in enumerate(owners):
            values[row, seen[id]] = 1
        yield _features("released.profile", [(owners, values)], names)


def _names(path: Path, about: dict[str, AccountForm]) -> tuple[str, ...]:
    """Names of the concepts: those of concepts.tsv in its order, then others that accounts have."""
    found = dict.fromkeys(name for form in about.values() for name in sorted(form.concepts or {}))
    if not found or not _files.is_file(path / "concepts.tsv"):
        return tuple(sorted(found))
    rows = (
        line.split("\t")
        for line in (path / "concepts.tsv").read_text("utf-8", errors="replace").splitlines()[1:]
    )
    return tuple(dict.fromkeys([*(row[1].strip() for row in rows if len(row) == 2), *found]))


def _profile(form: AccountForm) -> list[str]:
    categories = (
        [form.business_category] if isinstance(form.business_category, str) else form.business_category or []
    )
    return profile_words(_words(form.bio_tokens), [_text(name) for name in categories if name])


def _arrays(path: Path, file: str, advance: Advance) -> Iterator[tuple[str, np.ndarray | Reject]]:
    """The arrays of an npz, each checked for its size before it is unpacked; pickles are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                advance(info.compress_size)
                if info.file_size > LARGEST:
                    yield name, Reject(file, 1, f"{name[:80]!r} is larger than {LARGEST >> 30} GiB")
                    continue
                try:
                    yield name, _array(archive.read(info))
                except Exception as error:
                    # A damaged member makes zipfile and NumPy raise errors of many types.
                    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                    yield name, Reject(file, 1, f"{name[:80]!r} cannot be read: {why}")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        # zipfile raises NotImplementedError for a compression or an encryption that it does not know.
        yield "", Reject(file, 1, f"not an npz file: {str(error)[:200] or type(error).__name__}")


def _array(data: bytes) -> np.ndarray:
    array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False, max_header_size=10_000)
    if array.dtype.kind not in "iufUb":
        raise ValueError(f"expected numbers or text, found {array.dtype}")
    return array


def _rows(arrays: dict[str, np.ndarray], side: str) -> int:
    """How many accounts there are: the length of the first matrix of this side."""
    for matrix in MATRICES.values():
        values = arrays.get(f"{side}_{matrix}")
        if values is not None and values.ndim == 2 and values.dtype.kind in "iuf":
            return len(values)
    return 0


def _unfit(values: np.ndarray, rows: int) -> str:
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not values.shape[1]:
        return f"expected a matrix of numbers, found {values.dtype} {values.shape}"
    return "" if len(values) == rows else f"expected {rows:,} rows, found {len(values):,}"


def _about(
    path: Path, part: Part, *, side: str, advance: Advance
) -> Iterator[tuple[int, AccountForm] | Reject]:
    file = _files.first_of(path, f"{part}_{side}s.jsonl.gz", f"{part}_{side}s.jsonl")
    return _lines.rows(file, AccountForm, advance) if file is not None else iter(())


def _account(
    arrays: dict[str, np.ndarray], part: Part, *, side: Side, row: int, about: AccountForm | None
) -> Account:
    return Account(
        id=_id(side, part, row),
        role=side,
        category=_category(arrays, row) if side == "brand" else None,
        business_category=_business_category(about.business_category) if about is not None else None,
        biography=_words(about.bio_tokens) if about is not None else None,
        split=part,
    )


def _category(arrays: dict[str, np.ndarray], row: int) -> str | None:
    index, names = arrays.get("brand_category"), arrays.get("category_names")
    if index is None or names is None or index.ndim != 1 or names.ndim != 1 or index.dtype.kind not in "iu":
        return None
    if row >= len(index) or not 0 <= int(index[row]) < len(names):
        return None
    return label(_text(str(names[int(index[row])])))


def _business_category(found: list[str | None] | str | None) -> str | None:
    """The platform gave it under up to four names; the first that it gave."""
    names = [found] if isinstance(found, str) else found or []
    for name in names:
        if name and (category := label(_text(name))):
            return category
    return None


def _words(tokens: list[str] | None) -> str | None:
    return _text(" ".join(tokens)) if tokens is not None else None


def _text(text: str) -> str:
    try:
        return encodable(text).replace("\0", "")[:LONGEST_TEXT]
    except ValueError:
        return ""


def _endorsements(
    arrays: dict[str, np.ndarray], part: Part, *, sizes: dict[Side, int], file: str
) -> Iterator[Link | Reject]:
    pairs, rates = arrays.get("endorsement"), arrays.get("endorsement_engagement")
    if pairs is None:
        return
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        yield Reject(
            file,
            1,
            f"endorsement: expected rows of (brand row, influencer row), found {pairs.dtype} {pairs.shape}",
        )
        return
    if rates is not None and (rates.shape != (len(pairs),) or rates.dtype.kind not in "iuf"):
        yield Reject(
            file,
            1,
            f"endorsement_engagement: expected {len(pairs):,} numbers, found {rates.dtype} {rates.shape}",
        )
        rates = None
    for n, (brand, influencer) in enumerate(pairs.tolist()):
        if not (0 <= brand < sizes["brand"] and 0 <= influencer < sizes["influencer"]):
            yield Reject(
                file,
                n + 1,
                f"endorsement: row {n} names brand {brand} and influencer {influencer}, which are not there",
            )
            continue
        source, target = _id("influencer", part, influencer), _id("brand", part, brand)
        weight = float(rates[n]) if rates is not None and np.isfinite(rates[n]) else None
        id = schema.link_id("endorses", source, target=target)
        yield Link(id=id, kind="endorses", source=source, target=target, weight=weight)


def _features(
    name: str, pieces: list[tuple[list[str], np.ndarray]], columns: tuple[str, ...] = ()
) -> Features:
    ids = np.array([id for part, _ in pieces for id in part], dtype=object)
    values = np.concatenate([values for _, values in pieces])
    digest = hashlib.sha256("\n".join(ids.tolist()).encode())
    digest.update(np.ascontiguousarray(values).tobytes())
    digest.update("\n".join(columns).encode())
    key = f"released-{digest.hexdigest()[:32]}"
    return Features(
        name=name,
        ids=ids,
        values=values,
        level="account",
        columns=columns,
        key=key,
        slot=SLOTS[name],
        learned_from=LEARNED_FROM.get(name, ()),
    )


def _files_of(path: Path, part: str) -> list[Path]:
    about = [_files.first_of(path, f"{part}_{side}s.jsonl.gz", f"{part}_{side}s.jsonl") for side in SIDES]
    return [path / f"{part}.npz", *(file for file in about if file is not None)]


def _id(side: str, part: str, row: int) -> str:
    return f"{side}-{part}-{row:04d}"
