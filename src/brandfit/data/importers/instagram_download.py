"""instagram-download: the download of an account's own data that Instagram offers (format JSON), unpacked.

    your_instagram_activity/media/posts_1.json ...       the posts; older: .../content/, or content/ alone
    personal_information/.../personal_information.json   the profile: handle, name, biography
    media/posts/...                                      the pictures; posts name them from the top folder

The account is the owner of the download. Likes, comments and tags are not in a download: they are unknown.
Stories, reels and all other files are left out. The text is UTF-8 that was escaped byte by byte; it is
repaired. The names of the profile's fields are in the language of the account; the handle is found by the
field, by the name of the folder, or because one value only can be a handle; else the setting ``handle`` is
needed. Posts have no id in a download: it is made from the owner, the time and the name of the first file.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from brandfit import config
from brandfit.data import captions
from brandfit.data.captions import handle
from brandfit.data.importers import _files, _unread
from brandfit.data.importers._brand_setting import brand_ids, with_role
from brandfit.data.importers._lenient import LenientDecoder, UnreadableFields
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Partial, Picture, Post, Record, Reject, Text
from brandfit.errors import DataError
from brandfit.messages import FAILURES, clean, excerpt, path_text, reason
from brandfit.progress import Advance

LARGEST = 256 << 20
"""Bytes of one JSON file of a download."""
LARGEST_PROFILE = 4 << 20
"""Bytes of the file of the profile."""

_POSTS = re.compile(r"posts(_\d{1,4})?\.(json|html)")
_ACTIVITY = "your_instagram_activity"
_PLACES = (f"{_ACTIVITY}/media", f"{_ACTIVITY}/content", "content", "media")
"""Folders of a download that hold the files of posts."""
MOST_DOWNLOADS = 200
"""Folders within the given one that may be downloads."""
_PROFILE = "personal_information.json"
_FOLDER_NAME = re.compile(r"instagram-([a-z0-9._]{1,30})-\d{4}-\d{2}-\d{2}(-\w+)?", re.I)
"""Name of the folder of a download: instagram-HANDLE-2024-01-05-a1B2c3."""
_HANDLE = re.compile(r"(?=.*[a-z])[a-z0-9_](?:[a-z0-9._]{0,28}[a-z0-9_])?")
_NO_HANDLES = ("true", "false", "male", "female", "yes", "no", "none", "null")

HANDLE_FIELDS = (
    "username", "benutzername", "nombre de usuario", "nom d'utilisateur", "nom de profil", "nome de usuário",
    "nome de utilizador", "nome utente", "kullanıcı adı", "gebruikersnaam", "имя пользователя",
)  # fmt: skip
NAME_FIELDS = ("name", "nombre", "nom", "nome", "ad", "adı", "naam", "имя")
BIOGRAPHY_FIELDS = (
    "bio", "biografie", "biografía", "biografia", "biographie", "biyografi", "steckbrief", "presentación",
    "биография", "о себе",
)  # fmt: skip
"""Names of the fields of a profile in several languages, lower case."""

Seconds = Annotated[int, Meta(ge=0, le=2**40)]


class MediaForm(msgspec.Struct):
    uri: str | None = None
    creation_timestamp: Seconds | None = None
    title: Text | None = None


class PostForm(msgspec.Struct):
    media: list[MediaForm] | None = None
    title: Text | None = None
    creation_timestamp: Seconds | None = None


class _Value(msgspec.Struct):
    value: str | None = None


class _ProfileUser(msgspec.Struct):
    string_map_data: dict[str, _Value] = {}


class ProfileForm(msgspec.Struct):
    profile_user: list[_ProfileUser] = []


_post_decoder = LenientDecoder(PostForm, frozenset())
_profile_decoder = LenientDecoder(ProfileForm, frozenset())
_decode_posts = msgspec.json.Decoder(list[Raw] | dict[str, Raw]).decode


@dataclass
class _Reading:
    """One reading of a download, and what it did not find or left out."""

    advance: Advance
    unreadable: UnreadableFields = field(default_factory=UnreadableFields)
    files: set[Path] = field(default_factory=set)
    n_videos: int = 0
    n_missing: int = 0
    first_missing: str = ""

    def sentences(self) -> list[str]:
        result = list(self.unreadable.sentences())
        if self.n_videos:
            videos = "1 video was" if self.n_videos == 1 else f"{self.n_videos:,} videos were"
            result.append(f"{videos} left out: only pictures are read. The posts stay.")
        if self.n_missing:
            are = "1 picture is" if self.n_missing == 1 else f"{self.n_missing:,} pictures are"
            result.append(
                f"{are} not in the folder of the download, such as {self.first_missing}. The posts stay."
            )
        return result


class InstagramDownload(Importer):
    """The account and posts of Instagram's own data download."""

    class Config(config.Config, frozen=True):
        handle: Annotated[
            str, Meta(description="handle of the owner; needed only if the download does not state it")
        ] = ""
        brands: Annotated[
            list[str], Meta(description="handles of the owners that are brands; all others are influencers")
        ] = []

    config: Config

    def recognises(self, path: Path) -> bool:
        return path.is_dir() and bool(_post_files(path))

    def total(self, path: Path) -> int:
        return sum(map(_files.size_of, _post_files(path))) if path.is_dir() else 0

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        if _files.is_file(path):
            raise DataError(
                f"{path_text(path)} is a file, not the folder of a download.",
                "Unpack the download and give the folder that holds your_instagram_activity.",
            )
        post_files = _post_files(_files.folder(path))
        json_files = [file for file in post_files if file.suffix == ".json"]
        if not json_files:
            raise _no_posts(path, is_html=bool(post_files))
        homes = {home: list(files) for home, files in itertools.groupby(json_files, _home_of)}
        reading = _Reading(advance)
        brands = brand_ids(self.config.brands)
        for home, files in homes.items():
            fields = _profile_fields(home, reading)
            owner = self._owner(fields, home, is_only=len(homes) == 1)
            account = Account(
                id=owner,
                name=_value(fields, NAME_FIELDS) or None,
                biography=_value(fields, BIOGRAPHY_FIELDS),
            )
            yield with_role(account, brands)
            for file in files:
                reading.files.add(file)
                yield from _posts(file, owner, home=home, reading=reading)
        self.warnings = [
            "A download of Instagram states no likes, comments, tags and followers: they are unknown.",
            *reading.sentences(),
        ]
        others: set[Path] = set()
        self.unread = _unread.unread(
            path, lambda file: file in reading.files or _is_other(file, homes, others), reason=_not_read
        )
        n_other = len(others)
        if n_other:
            were = "1 other file was" if n_other == 1 else f"{n_other:,} other files were"
            self.warnings.append(
                f"{were} left out of the download, such as stories, reels and messages: only posts and the "
                "profile are read."
            )

    def _owner(self, fields: dict[str, str], home: Path, *, is_only: bool) -> str:
        """The handle of the owner. Raises DataError if it cannot be known.

        is_only  there is one download; of several, the setting is for those that do not state their owner
        """
        setting = handle(self.config.handle) if self.config.handle.strip(" @") else ""
        if setting and is_only:
            return setting
        stated = _value(fields, HANDLE_FIELDS)
        if stated and _HANDLE.fullmatch(stated.strip().lower()):
            return handle(stated)
        if match := _FOLDER_NAME.fullmatch(path_text(home.resolve().name)):
            return handle(match[1])
        # Fields in a language that is not listed: one value only that can be a handle is the handle.
        values = {value.strip() for value in fields.values()}
        possible = [value for value in sorted(values) if _HANDLE.fullmatch(value)]
        possible = [value for value in possible if value not in _NO_HANDLES]
        if setting or len(possible) == 1:
            return setting or handle(possible[0])
        found = f"possible are {', '.join(possible[:5])}" if possible else "no value can be a handle"
        raise DataError(
            f"{path_text(home)}: the download does not say clearly which account it is of ({found}).",
            "Give the handle of the account: --set handle=NAME",
        )


def _post_files(path: Path) -> list[Path]:
    """The files of posts of the downloads in a folder: it may be a download, or hold some."""
    found: list[Path] = []
    for home in [path, *_subfolders(path)]:
        for place in _PLACES:
            # posts_1.json alone is no evidence: the folders around it must be those of a download.
            if not place.startswith(_ACTIVITY) and _profile_file(home) is None:
                continue
            found += _matching(home / place)
    return found


def _subfolders(path: Path) -> list[Path]:
    """The first folders in a folder."""
    try:
        with os.scandir(path) as entries:
            folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(folders)[:MOST_DOWNLOADS]


def _matching(folder: Path) -> list[Path]:
    """The files of posts in a folder, in order of their numbers."""
    try:
        names = [name for name in os.listdir(folder) if _POSTS.fullmatch(name)]
    except OSError:
        return []
    files = [folder / name for name in sorted(names, key=lambda name: (len(name), name))]
    return [file for file in files if _files.is_file(file) and _files.inside(folder.resolve(), file)]


def _home_of(posts: Path) -> Path:
    """The top folder of a download, from a file of posts in it."""
    above = posts.parent.parent
    return above.parent if above.name == _ACTIVITY else above


def _profile_file(home: Path) -> Path | None:
    places = (
        "personal_information/personal_information",
        "personal_information",
        "account_information",
    )
    return _files.first_of(home, *[f"{place}/{_PROFILE}" for place in places])


def _no_posts(path: Path, *, is_html: bool) -> DataError:
    if is_html:
        return DataError(
            f"{path_text(path)} is a download of Instagram in the format HTML, which is not read.",
            "Ask Instagram for the download again and choose the format JSON.",
        )
    return DataError(
        f"{path_text(path)} holds no posts_1.json in a folder content or media.",
        "Give the unpacked folder of the download (format JSON), which holds your_instagram_activity.",
    )


def _is_other(file: Path, homes: Collection[Path], others: set[Path]) -> bool:
    """Whether a file is one of the many others of a download, which are counted together in ``others``."""
    for home in homes:
        if not file.is_relative_to(home):
            continue
        if file.name.lower().endswith((".json", ".html")) or file.relative_to(home).parts[0] == "media":
            others.add(file)
            return True
    return False


def _not_read(_name: str) -> str:
    return "it is no file of Instagram's download that holds posts or the profile."


def _profile_fields(home: Path, reading: _Reading) -> dict[str, str]:
    """The fields of the profile by name, repaired, names in lower case; empty if there is no profile."""
    path = _profile_file(home)
    data = _files.read(path, LARGEST_PROFILE) if path is not None else None
    if path is None or not isinstance(data, bytes):
        return {}
    reading.files.add(path)
    try:
        profile = _profile_decoder.decode(_plain(data), reading.unreadable, file=path_text(path))
    except FAILURES:
        return {}
    fields: dict[str, str] = {}
    for user in profile.profile_user[:1]:
        for name, value in user.string_map_data.items():
            if value.value is not None:
                fields[repaired(name).strip().lower().replace("\u2019", "'")] = repaired(value.value)
    return fields


def _value(fields: dict[str, str], names: tuple[str, ...]) -> str | None:
    """The value of the first of these fields that the profile has."""
    return next((fields[name] for name in names if name in fields), None)


def _plain(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf")


def repaired(text: str) -> str:
    """The text of a download: each byte of its UTF-8 was written as one character.

    >>> repaired("P\u00c3\u00a3o")
    'Pão'
    """
    text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        # Text that is right already, or that was cut within a character.
        return text


def _posts(path: Path, owner: str, *, home: Path, reading: _Reading) -> Iterator[Record]:
    """The posts of one file with their pictures."""
    file = path_text(path)
    data = _files.read(path, LARGEST)
    if isinstance(data, Reject):
        yield data
        return
    reading.advance(len(data))
    try:
        posts: Any = _decode_posts(_plain(data))
    except FAILURES as error:
        yield Reject(file, 1, reason(error, data), excerpt(data))
        return
    # A download with one post has it without a list around it.
    raws = posts if isinstance(posts, list) else [_plain(data)]
    for number, raw in enumerate(raws, 1):
        content = bytes(raw)
        try:
            form = _post_decoder.decode(content, reading.unreadable, file=file, line=number)
            partial = _post(form, owner)
        except FAILURES as error:
            yield Reject(file, number, reason(error, content), excerpt(content))
            continue
        except ValueError as error:
            yield Reject(file, number, str(error), excerpt(content))
            continue
        yield partial
        yield from _pictures(
            form.media or [], partial.row.id, home=home, file=file, line=number, reading=reading
        )


def _post(form: PostForm, owner: str) -> Partial:
    """The post of an entry. Raises ValueError if nothing identifies it."""
    media = form.media or []
    first = media[0] if media else MediaForm()
    time = form.creation_timestamp if form.creation_timestamp is not None else first.creation_timestamp
    if time is None and not first.uri:
        raise ValueError("expected a post with a time or a file (creation_timestamp, media), found neither")
    # The caption of a post with one picture is that of the picture.
    title = form.title or first.title or (form.title if form.title is not None else first.title)
    caption = repaired(title) if title is not None else None
    hashtags = captions.hashtags(caption or "")
    stem = (first.uri or "").rpartition("/")[2].partition(".")[0]
    digest = hashlib.blake2b(f"{owner}\n{time}\n{clean(stem)}".encode(), digest_size=10).hexdigest()
    post = Post(
        id=f"{owner}-{digest}",
        account=owner,
        time=time,
        caption=caption,
        hashtags=hashtags,
        mentions=captions.mentions(caption or ""),
        disclosed=captions.disclosed(caption, hashtags),
    )
    return Partial(post, ("tags", "sponsors"), captions.DERIVED)


def _pictures(
    parts: list[MediaForm], post: str, *, home: Path, file: str, line: int, reading: _Reading
) -> Iterator[Picture | Reject]:
    """The pictures of a post that are in the folder; others are counted."""
    for position, media in enumerate(parts):
        uri = (media.uri or "").replace("\0", "")
        if not uri or uri.lower().endswith((".mp4", ".mov", ".srt")):
            reading.n_videos += bool(uri)
            continue
        path = home / uri
        if not _files.is_file(path) or not _files.inside(home.resolve(), path):
            reading.n_missing += 1
            reading.first_missing = reading.first_missing or clean(uri)
            continue
        reading.files.add(path)
        data = _files.read(path, _files.LARGEST_PICTURE)
        if isinstance(data, Reject):
            yield data
            continue
        yield Picture(post=post, position=position, data=data, source=path_text(path), file=file, line=line)
