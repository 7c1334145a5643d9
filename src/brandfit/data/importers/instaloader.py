"""instaloader: the files that the instaloader tool saves: a folder a profile, a few files a post.

    <profile>/<date>_UTC.json[.xz]         a post: {"node": {...}, "instaloader": {"node_type": "Post", ...}}
    <profile>/<date>_UTC.txt               its caption, read if the JSON has none
    <profile>/<date>_UTC.jpg, _1.jpg ...   its pictures, in order
    <profile>/<date>_UTC_comments.json     its comments, if instaloader saved them
    <profile>/<profile>_<id>.json[.xz]     the profile, node_type "Profile": biography and counts

File names may follow any pattern: files that begin with the name of a JSON file belong to its post.
Stories, hashtags and other files of the tool are left out. Posts saved without JSON have no id and
cannot be imported.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from brandfit import config
from brandfit.data.captions import handle
from brandfit.data.importers import _fields, _files, _graphql, _unread
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Count, Link, Partial, Picture, Post, Record, Reject, Text
from brandfit.errors import DataError
from brandfit.messages import FAILURES, excerpt, path_text, reason
from brandfit.progress import Advance

LARGEST = 64 << 20
"""Bytes of one JSON file, unpacked; a post has some ten thousand, one with all its comments some millions."""
MEMORY = 128 << 20
"""Bytes that unpacking one file may take."""

JSON = (".json", ".json.xz")
COMMENTS = "_comments.json"


class Label(msgspec.Struct):
    node_type: str = ""


class Saved(msgspec.Struct):
    """The outermost object of all JSON files except those of comments."""

    node: Raw
    instaloader: Label


class Counted(msgspec.Struct):
    count: Count | None = None


class Profile(msgspec.Struct):
    username: str
    full_name: Text | None = None
    biography: Text | None = None
    business_category_name: Text | None = None
    category_name: Text | None = None
    edge_followed_by: Counted | None = None
    edge_follow: Counted | None = None
    edge_owner_to_timeline_media: Counted | None = None
    follower_count: Count | None = None
    following_count: Count | None = None
    media_count: Count | None = None


_decode_saved = msgspec.json.Decoder(Saved).decode
_decode_post = msgspec.json.Decoder(_graphql.Node).decode
_decode_profile = msgspec.json.Decoder(Profile).decode
_decode_comments = msgspec.json.Decoder(list[Raw]).decode


class Instaloader(Importer):
    """Profiles as the instaloader tool saves them: their posts, pictures and comments."""

    class Config(config.Config, frozen=True):
        brands: Annotated[
            list[str], Meta(description="handles of the profiles that are brands; all others are influencers")
        ] = []

    config: Config

    def recognises(self, path: Path) -> bool:
        first = next((file for file in _json_files(path) if not file.name.endswith(COMMENTS)), None)
        data = _json(first, lambda _n_bytes: None) if first is not None else None
        try:
            return isinstance(data, bytes) and bool(_decode_saved(data))
        except FAILURES:
            return False

    def total(self, path: Path) -> int:
        n_bytes = 0
        for folder, names in _files.walk(path):
            n_bytes += sum(_files.size_of(folder / name) for name in names)
        return n_bytes

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        _files.folder(path)
        brands = {handle(brand) for brand in self.config.brands if brand.strip(" @")}
        profiles: set[str] = set()
        posters: dict[str, None] = {}
        stems: set[Path] = set()
        for folder, names in _files.walk(path):
            for name in names:
                if name.endswith(COMMENTS):
                    yield from _comments_without_post(folder, name, names)
                elif name.endswith(JSON):
                    stems.add(folder / _stem(name))
                    for record in _read(folder, name, names=names, advance=advance):
                        if isinstance(record, Account):
                            profiles.add(record.id)
                            yield _with_role(record, brands)
                            continue
                        if isinstance(record, Partial) and isinstance(record.row, Post):
                            posters[record.row.account] = None
                        yield record
        self.unread = _unread.unread(
            path,
            lambda file: _belongs(file, stems),
            reason=lambda _: (
                "it is neither JSON of instaloader, nor a picture or caption of a post with JSON."
            ),
        )
        # Accounts that posted and whose profile was not saved.
        for account in posters:
            if account not in profiles:
                yield _with_role(Account(id=account), brands)
        if not stems:
            raise DataError(
                f"{path_text(path)} holds no .json or .json.xz file.",
                "Give the folder that instaloader filled, downloaded with metadata (not --no-metadata-json).",
            )


def _json_files(path: Path) -> Iterator[Path]:
    for folder, names in _files.walk(path):
        yield from (folder / name for name in names if name.endswith(JSON))


def _stem(name: str) -> str:
    """The name of a JSON file without its ending: the beginning of all names of the post."""
    return name.removesuffix(".xz").removesuffix(".json")


def _comments_without_post(folder: Path, name: str, names: list[str]) -> Iterator[Reject]:
    """A Reject if a file of comments has no JSON file of its post; else ``_read`` of that file reads it."""
    stem = name.removesuffix(COMMENTS)
    if not any(f"{stem}{ending}" in names for ending in JSON):
        yield Reject(path_text(folder / name), 1, "comments of a post whose .json is not there")


def _belongs(path: Path, stems: set[Path]) -> bool:
    """Whether a file is JSON, or a picture or the caption of a post with the same name."""
    name = path.name
    if name.endswith(JSON):
        return True
    if not name.lower().endswith((*_files.PICTURES, ".txt")):
        return False
    stem = name.rpartition(".")[0]
    return path.with_name(stem) in stems or path.with_name(re.sub(r"_\d{1,4}$", "", stem)) in stems


def _with_role(account: Account, brands: set[str]) -> Account | Partial:
    """The account with its role; without the setting ``brands`` no role is stated."""
    if not brands:
        return Partial(account, ("role",))
    return msgspec.structs.replace(account, role="brand" if account.id in brands else "influencer")


def _read(folder: Path, name: str, *, names: list[str], advance: Advance) -> Iterator[Record]:
    """Records of one JSON file and of the files that belong to it."""
    path, file = folder / name, path_text(folder / name)
    data = _json(path, advance)
    if isinstance(data, Reject):
        yield data
        return
    try:
        saved = _decode_saved(data)
    except FAILURES as error:
        yield Reject(file, 1, f"not a file of instaloader: {reason(error, data)}", excerpt(data))
        return
    node = bytes(saved.node)
    try:
        if saved.instaloader.node_type == "Profile":
            yield _account(_decode_profile(node))
        elif saved.instaloader.node_type == "Post":
            yield from _post(
                folder,
                _stem(name),
                names=names,
                node=_decode_post(node),
                file=file,
                advance=advance,
            )
    except FAILURES as error:
        yield Reject(file, 1, reason(error, node), excerpt(node))
    except ValueError as error:
        yield Reject(file, 1, str(error), excerpt(node))


def _account(profile: Profile) -> Account:
    return Account(
        id=handle(profile.username),
        name=_clean(profile.full_name) or None,
        biography=_clean(profile.biography),
        business_category=_fields.label(profile.business_category_name)
        or _fields.label(profile.category_name),
        followers=_count(profile.edge_followed_by, profile.follower_count),
        followees=_count(profile.edge_follow, profile.following_count),
        posts=_count(profile.edge_owner_to_timeline_media, profile.media_count),
    )


def _count(edge: Counted | None, plain: int | None) -> int | None:
    """A count of GraphQL, else that of the phone's interface."""
    return edge.count if edge is not None and edge.count is not None else plain


def _post(
    folder: Path, stem: str, *, names: list[str], node: _graphql.Node, file: str, advance: Advance
) -> Iterator[Record]:
    """A post with its pictures and comments. ``names``: of all files in the folder."""
    caption = None
    if _graphql.caption_of(node) is None and f"{stem}.txt" in names:
        text = _files.read(folder / f"{stem}.txt", 1 << 20)
        if isinstance(text, Reject):
            yield text
        else:
            advance(len(text))
            caption = text.decode("utf-8", "replace").strip()[:100_000]
    post = _graphql.post_of(node, _graphql.owner_of(node) or _profile_of(folder), caption)
    yield _graphql.partial_of(node, post)

    # Thumbnails replace pictures that were not saved.
    pictures = _pictures(stem, names)
    for position, name in pictures:
        yield _picture(folder / name, node, post=post, position=position, advance=advance)
    if not pictures:
        yield from _graphql.previews(node, post.id, file)

    if f"{stem}{COMMENTS}" in names:
        yield from _comments(folder / f"{stem}{COMMENTS}", node, post=post, file=file, advance=advance)
    else:
        yield from _graphql.comment_links(_graphql.comments_of(node), post, file)


def _comments(
    path: Path, node: _graphql.Node, *, post: Post, file: str, advance: Advance
) -> Iterator[Link | Reject]:
    """Comments of their own file; those of the node (in ``file``) if that file cannot be read."""
    comments = _graphql.comments_of(node)
    data = _json(path, advance)
    if isinstance(data, Reject):
        yield data
    else:
        try:
            comments, file = _decode_comments(data), path_text(path)
        except FAILURES as error:
            yield Reject(path_text(path), 1, reason(error, data), excerpt(data))
    yield from _graphql.comment_links(comments, post, file)


def _picture(
    path: Path, node: _graphql.Node, *, post: Post, position: int, advance: Advance
) -> Picture | Reject:
    data = _files.read(path, _files.LARGEST_PICTURE)
    if isinstance(data, Reject):
        return data
    advance(len(data))
    parts = _graphql.parts_of(node)
    part = parts[position] if position < len(parts) else _graphql.Media()
    return _graphql.picture_of(
        part, post.id, position=position, data=data, source=path_text(path), file=path_text(path)
    )


def _pictures(stem: str, names: list[str]) -> list[tuple[int, str]]:
    """(position, name) of the pictures of a post: ``stem.jpg`` alone or ``stem_1.jpg``, ``stem_2.jpg`` ..."""
    pattern = re.compile(rf"{re.escape(stem)}(?:_(\d{{1,4}}))?\.\w+")
    name_by_position: dict[int, str] = {}
    for name in names:
        if not name.startswith(stem) or not name.lower().endswith(_files.PICTURES):
            continue
        match = pattern.fullmatch(name)
        if match:
            # Files count from 1, positions from 0; a file without a number is the first.
            name_by_position.setdefault(max(int(match[1] or 1) - 1, 0), name)
    return sorted(name_by_position.items())


def _profile_of(folder: Path) -> str:
    """The profile that a folder is named after; '' for folders of hashtags and places."""
    name = path_text(folder.resolve().name)
    return "" if name.startswith(("#", "%", ":")) else name


def _json(path: Path, advance: Advance) -> bytes | Reject:
    """The JSON of a plain or xz file."""
    data = _files.read(path, LARGEST)
    if isinstance(data, Reject):
        return data
    advance(len(data))
    if not data.startswith(b"\xfd7zXZ"):
        return data.removeprefix(b"\xef\xbb\xbf")
    try:
        # Bounded, because a small hostile file can unpack to any size.
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        plain = decoder.decompress(data, LARGEST)
    except (lzma.LZMAError, MemoryError, EOFError) as error:
        return Reject(path_text(path), 1, f"the compressed data is damaged: {str(error).lower()}")
    if not decoder.eof:
        cut = "is larger than 64 MiB" if len(plain) >= LARGEST else "ends in the middle"
        return Reject(path_text(path), 1, f"the compressed file {cut}")
    return plain


def _clean(text: str | None) -> str | None:
    return text.replace("\0", "") if text is not None else None
