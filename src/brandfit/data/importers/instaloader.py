"""instaloader: the files that the instaloader tool saves: a folder a profile, a few files a post.

    <profile>/<date>_UTC.json[.xz]         a post: {"node": {...}, "instaloader": {"node_type": "Post", ...}}
    <profile>/<date>_UTC.txt               its caption, read if the JSON has none
    <profile>/<date>_UTC.jpg, _1.jpg ...   its pictures, in order
    <profile>/<date>_UTC_comments.json     its comments, if instaloader saved them
    <profile>/<profile>_<id>.json[.xz]     the profile, node_type "Profile": biography and counts

File names may follow any pattern: files that begin with the name of a JSON file belong to its post.
Stories, hashtags and other files of the tool are left out and counted. Posts saved without JSON have no id
and cannot be imported.

Since version 4.16 a node also holds what the platform sends to phones (``iphone_struct``): values that the
node does not state are taken from there. The platform has two categories of a profile, and both describe its
business: the group ``business_category_name`` ("Creators & Celebrities") and the category that it displays,
``category_name``, of phones ``category`` ("Chef"). The first of them that is known is the business category
of the account. The word "None" means that there is none. No category of the data set (``Account.category``)
is stated.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from brandfit import config
from brandfit.data import cells
from brandfit.data.captions import handle
from brandfit.data.importers import _files, _graphql, _unread
from brandfit.data.importers._brand_setting import brand_ids, with_role
from brandfit.data.importers._lenient import LenientDecoder, UnreadableFields
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Count, Link, Partial, Picture, Post, Record, Reject, Text
from brandfit.errors import DataError
from brandfit.messages import FAILURES, excerpt, path_text, quoted, reason
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
    """A profile in the form of GraphQL, of phones, or of both."""

    username: str | None = None
    full_name: Text | None = None
    biography: Text | None = None
    business_category_name: Text | None = None
    category_name: Text | None = None
    category: Text | None = None
    edge_followed_by: Counted | None = None
    edge_follow: Counted | None = None
    edge_owner_to_timeline_media: Counted | None = None
    follower_count: Count | None = None
    following_count: Count | None = None
    media_count: Count | None = None
    iphone_struct: Profile | None = None


_decode_saved = msgspec.json.Decoder(Saved).decode
_decode_comments = msgspec.json.Decoder(list[Raw]).decode
_post_decoder = LenientDecoder(_graphql.Node, frozenset({"id", "shortcode"}))
_profile_decoder = LenientDecoder(Profile, frozenset({"username"}))


KINDS = {"StoryItem": ("story", "stories"), "Hashtag": ("hashtag", "hashtags")}
"""Node types of instaloader that are left out, in words."""


@dataclass(frozen=True)
class _Reading:
    """One reading of a folder: how far it is, and what it left out."""

    advance: Advance
    unreadable: UnreadableFields = field(default_factory=UnreadableFields)
    count_by_type: dict[str, int] = field(default_factory=dict)
    """Node type to number of files that were left out."""

    def sentences(self) -> list[str]:
        """One sentence a node type that was left out."""
        result = []
        for node_type, count in sorted(self.count_by_type.items())[:20]:
            one, several = KINDS.get(node_type, (f"file of the type {quoted(node_type)}",) * 2)
            was = f"{one} was" if count == 1 else f"{several} were"
            result.append(f"{count:,} {was} left out: only posts and profiles are read.")
        return result


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
        reading = _Reading(advance)
        self.warnings = []
        brands = brand_ids(self.config.brands)
        profiles: set[str] = set()
        posters: dict[str, None] = {}
        stems: set[Path] = set()
        for folder, names in _files.walk(path):
            for name in names:
                if name.endswith(COMMENTS):
                    yield from _comments_without_post(folder, name, names)
                elif name.endswith(JSON):
                    stems.add(folder / _stem(name))
                    for record in _read(folder, name, names=names, reading=reading):
                        if isinstance(record, Account):
                            profiles.add(record.id)
                            yield with_role(record, brands)
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
        self.warnings = [*reading.sentences(), *reading.unreadable.sentences()]
        # Accounts that posted and whose profile was not saved.
        for account in posters:
            if account not in profiles:
                yield with_role(Account(id=account), brands)
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
    # Instaloader writes the number of a profile into a file called id.
    if name.endswith(JSON) or name == "id":
        return True
    if not name.lower().endswith((*_files.PICTURES, ".txt")):
        return False
    stem = name.rpartition(".")[0]
    return path.with_name(stem) in stems or path.with_name(re.sub(r"_\d{1,4}$", "", stem)) in stems


def _read(folder: Path, name: str, *, names: list[str], reading: _Reading) -> Iterator[Record]:
    """Records of one JSON file and of the files that belong to it."""
    path, file = folder / name, path_text(folder / name)
    data = _json(path, reading.advance)
    if isinstance(data, Reject):
        yield data
        return
    try:
        saved = _decode_saved(data)
    except FAILURES as error:
        yield Reject(file, 1, f"not a file of instaloader: {reason(error, data)}", excerpt(data))
        return
    node = bytes(saved.node)
    node_type = saved.instaloader.node_type
    try:
        if node_type == "Profile":
            yield _account(_profile_decoder.decode(node, reading.unreadable, file=file))
        elif node_type == "Post":
            yield from _post(
                folder,
                _stem(name),
                names=names,
                node=_post_decoder.decode(node, reading.unreadable, file=file),
                file=file,
                advance=reading.advance,
            )
        else:
            reading.count_by_type[node_type] = reading.count_by_type.get(node_type, 0) + 1
    except FAILURES as error:
        yield Reject(file, 1, reason(error, node), excerpt(node))
    except ValueError as error:
        yield Reject(file, 1, str(error), excerpt(node))


def _account(profile: Profile) -> Account:
    """The account of a profile. Raises ValueError if it has no handle."""
    phone = profile.iphone_struct or Profile()
    username = profile.username or phone.username
    if not username:
        raise ValueError("username is missing")
    biography = profile.biography if profile.biography is not None else phone.biography
    # The categories from the most to the least general; see the beginning of this file.
    categories = [
        profile.business_category_name,
        profile.category_name,
        profile.category,
        phone.business_category_name,
        phone.category_name,
        phone.category,
    ]
    known = [label for label in map(cells.label, categories) if label]
    return Account(
        id=handle(username),
        name=_clean(profile.full_name or phone.full_name) or None,
        biography=_clean(biography),
        business_category=known[0] if known else None,
        followers=_count(profile.edge_followed_by, profile.follower_count, phone.follower_count),
        followees=_count(profile.edge_follow, profile.following_count, phone.following_count),
        posts=_count(profile.edge_owner_to_timeline_media, profile.media_count, phone.media_count),
    )


def _count(edge: Counted | None, *plain: int | None) -> int | None:
    """A count of GraphQL, else the first that is stated in the interface of phones."""
    counts = (edge.count if edge is not None else None, *plain)
    return next((count for count in counts if count is not None), None)


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
