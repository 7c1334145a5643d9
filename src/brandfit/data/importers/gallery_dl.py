"""gallery-dl: files of the gallery-dl tool: pictures of Instagram, each with a JSON file of the same name.

    instagram/<username>/<name>.jpg         a picture
    instagram/<username>/<name>.jpg.json    its post: username, fullname, post_id, post_shortcode,
                                            description, tags, tagged_users, coauthors, likes, date, num
                                            (or <name>.json; option --write-metadata)

The JSON files of one post are joined: a post with three pictures has three of them, and ``num`` is the place
of a picture. Co-authors are stored among the tags. Counts of a profile are read if a file has them
(``user``). The number of comments is not stated. Stories and files of other platforms are left out and
counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from brandfit import config
from brandfit.data import captions, cells
from brandfit.data.captions import handle, identifier
from brandfit.data.importers import _files, _unread
from brandfit.data.importers._brand_setting import brand_ids, with_role
from brandfit.data.importers._lenient import LenientDecoder, UnreadableFields, readable_handles
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Count, Partial, Picture, Post, Record, Reject, Text
from brandfit.errors import DataError
from brandfit.messages import FAILURES, clean, excerpt, path_text, reason
from brandfit.progress import Advance

LARGEST = 16 << 20
"""Bytes of one JSON file; a usual one has some thousands."""
JSON = ".json"
VIDEOS = (".mp4", ".mov", ".webm", ".m4v")
STORIES = ("story", "stories", "highlight", "highlights")


class UserForm(msgspec.Struct):
    username: str | None = None


class Counted(msgspec.Struct):
    count: Count | None = None


class ProfileForm(msgspec.Struct):
    """The profile of the owner, if gallery-dl saved it."""

    username: str | None = None
    full_name: Text | None = None
    biography: Text | None = None
    category_name: Text | None = None
    edge_followed_by: Counted | None = None
    edge_follow: Counted | None = None
    follower_count: Count | None = None
    following_count: Count | None = None
    count_followed: Count | None = None
    count_follow: Count | None = None
    count_media: Count | None = None
    media_count: Count | None = None


class FileForm(msgspec.Struct):
    """One JSON file: a picture and its post."""

    category: str | None = None
    subcategory: str | None = None
    type: str | None = None
    username: str | None = None
    fullname: Text | None = None
    post_id: str | int | None = None
    post_shortcode: str | None = None
    description: Text | None = None
    tags: list[str | None] | None = None
    tagged_users: list[UserForm] | None = None
    coauthors: list[UserForm] | None = None
    likes: Annotated[int, Meta(ge=-1, le=2**53)] | None = None
    date: str | int | None = None
    post_date: str | int | None = None
    num: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    extension: str | None = None
    width: Count | None = None
    height: Count | None = None
    user: ProfileForm | None = None


_decoder = LenientDecoder(FileForm, frozenset({"post_id", "post_shortcode", "username"}))


@dataclass(frozen=True)
class _Sidecar:
    """A JSON file that was read: its path, its picture if there is one, and its content."""

    path: Path
    picture: Path | None
    form: FileForm


@dataclass
class _Reading:
    """One reading of a folder, and what it left out."""

    advance: Advance
    unreadable: UnreadableFields = field(default_factory=UnreadableFields)
    pictures: set[Path] = field(default_factory=set)
    videos: set[Path] = field(default_factory=set)
    n_json: int = 0
    n_stories: int = 0
    n_other_platforms: int = 0
    n_without_picture: int = 0

    def sentences(self) -> list[str]:
        result = list(self.unreadable.sentences())
        counts = (
            (self.n_stories, "JSON files of stories were left out: only posts are read"),
            (self.n_other_platforms, "JSON files of other platforms than Instagram were left out"),
            (len(self.videos), "videos were left out: only pictures are read. The posts stay"),
            (self.n_without_picture, "JSON files have no picture in the folder. The posts stay"),
        )
        result += [f"{what[:1].upper()}{what[1:]}: {count:,}." for count, what in counts if count]
        return result


class GalleryDl(Importer):
    """Posts and pictures of Instagram as the gallery-dl tool saves them."""

    class Config(config.Config, frozen=True):
        brands: Annotated[
            list[str], Meta(description="handles of the accounts that are brands; all others are influencers")
        ] = []

    config: Config

    def recognises(self, path: Path) -> bool:
        if not path.is_dir():
            return False
        json_files = (
            folder / name for folder, names in _files.walk(path) for name in names if name.endswith(JSON)
        )
        # The first files may be of another kind, such as the info of a profile.
        return any(map(_is_of_gallery_dl, itertools.islice(json_files, 3)))

    def total(self, path: Path) -> int:
        n_bytes = 0
        for folder, names in _files.walk(path):
            n_bytes += sum(_files.size_of(folder / name) for name in names if name.endswith(JSON))
        return n_bytes

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        _files.folder(path)
        reading = _Reading(advance)
        brands = brand_ids(self.config.brands)
        accounts: dict[str, None] = {}
        for folder, names in _files.walk(path):
            sidecars: dict[str, list[_Sidecar]] = {}
            for name in names:
                if not name.endswith(JSON):
                    continue
                item = _sidecar(folder, name, names=names, reading=reading)
                if isinstance(item, Reject):
                    yield item
                elif item is not None:
                    sidecars.setdefault(_post_id(item.form), []).append(item)
            for post_id, of_post in sidecars.items():
                for record in _records(post_id, of_post, reading=reading):
                    if not isinstance(record, Account):
                        yield record
                    # An account comes once, and again if another file has its counts.
                    elif record.id not in accounts or record.followers is not None:
                        accounts[record.id] = None
                        yield with_role(record, brands)
        if not reading.n_json:
            raise DataError(
                f"{path_text(path)} holds no JSON file of gallery-dl.",
                "Download with gallery-dl --write-metadata, and give the folder that it filled.",
            )
        self.warnings = reading.sentences()
        self.unread = _unread.unread(
            path,
            lambda file: file.name.endswith(JSON) or file in reading.pictures or file in reading.videos,
            reason=lambda _: "it is neither JSON of gallery-dl nor the picture of such a file.",
        )


def _is_of_gallery_dl(path: Path) -> bool:
    data = _files.read(path, LARGEST)
    try:
        form = _decoder.decode(data, UnreadableFields(), file="") if isinstance(data, bytes) else FileForm()
    except FAILURES:
        return False
    is_labelled = form.category is not None and form.subcategory is not None
    return is_labelled and (form.extension is not None or bool(_post_id(form)))


def _post_id(form: FileForm) -> str:
    """The id of the post, else its shortcode; '' if there is neither."""
    return str(form.post_id if form.post_id not in (None, "") else form.post_shortcode or "").strip()


def _sidecar(folder: Path, name: str, *, names: list[str], reading: _Reading) -> _Sidecar | Reject | None:
    """One JSON file; None if it is left out."""
    path = folder / name
    file = path_text(path)
    reading.n_json += 1
    data = _files.read(path, LARGEST)
    if isinstance(data, Reject):
        return data
    reading.advance(len(data))
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        form = _decoder.decode(data, reading.unreadable, file=file)
    except FAILURES as error:
        return Reject(file, 1, reason(error, data), excerpt(data))
    if form.category not in (None, "instagram"):
        reading.n_other_platforms += 1
        return None
    if form.type in STORIES or form.subcategory in STORIES:
        reading.n_stories += 1
        return None
    if not form.username or not _post_id(form):
        missing = "post_id and post_shortcode are" if form.username else "username is"
        return Reject(file, 1, f"{missing} missing", excerpt(data))
    try:
        handle(form.username), identifier(_post_id(form))
    except ValueError as error:
        return Reject(file, 1, str(error), excerpt(data))
    return _Sidecar(path, _picture_file(folder, name, names=names, form=form, reading=reading), form)


def _picture_file(
    folder: Path, name: str, *, names: list[str], form: FileForm, reading: _Reading
) -> Path | None:
    """The picture of a JSON file: ``<name>.jpg`` of ``<name>.jpg.json``, or of ``<name>.json`` by its
    extension."""
    stem = name.removesuffix(JSON)
    for candidate in (stem, f"{stem}.{form.extension}"):
        if candidate.lower().endswith(VIDEOS):
            reading.videos.add(folder / candidate)
            return None
        if candidate in names and candidate.lower().endswith(_files.PICTURES):
            return folder / candidate
    reading.n_without_picture += 1
    return None


def _records(post_id: str, sidecars: list[_Sidecar], *, reading: _Reading) -> Iterator[Record]:
    """The account, post and pictures of the JSON files of one post."""
    sidecars = sorted(sidecars, key=lambda sidecar: (sidecar.form.num or 0, sidecar.path))
    first = sidecars[0]
    owner = handle(first.form.username or "")
    try:
        partial = _post(post_id, owner, sidecars=sidecars, unreadable=reading.unreadable)
    except ValueError as error:
        for sidecar in sidecars:
            yield Reject(path_text(sidecar.path), 1, f"post {clean(post_id)}: {error}")
        return
    yield _account(owner, sidecars)
    yield partial

    # Places count from 1; a file without a place, or with one that another file has, follows the order.
    numbers = [sidecar.form.num for sidecar in sidecars]
    is_placed = all(number for number in numbers) and len(set(numbers)) == len(numbers)
    for index, sidecar in enumerate(sidecars):
        if sidecar.picture is None:
            continue
        reading.pictures.add(sidecar.picture)
        data = _files.read(sidecar.picture, _files.LARGEST_PICTURE)
        if isinstance(data, Reject):
            yield data
            continue
        yield Picture(
            post=partial.row.id,
            position=(sidecar.form.num or 1) - 1 if is_placed else index,
            data=data,
            source=path_text(sidecar.picture),
            file=path_text(sidecar.picture),
            line=1,
            width=sidecar.form.width,
            height=sidecar.form.height,
        )


def _account(owner: str, sidecars: list[_Sidecar]) -> Account:
    """The owner, with the profile of the first file that has it."""
    profiles = [sidecar.form.user for sidecar in sidecars if sidecar.form.user is not None]
    profile = profiles[0] if profiles else ProfileForm()
    names = [profile.full_name, *(sidecar.form.fullname for sidecar in sidecars)]
    name = next((name for name in names if name), None)
    followers = profile.edge_followed_by.count if profile.edge_followed_by else None
    followees = profile.edge_follow.count if profile.edge_follow else None
    return Account(
        id=owner,
        name=_without_nul(name),
        biography=_without_nul(profile.biography),
        business_category=cells.label(profile.category_name),
        followers=_first(followers, profile.follower_count, profile.count_followed),
        followees=_first(followees, profile.following_count, profile.count_follow),
        posts=_first(profile.media_count, profile.count_media),
    )


def _post(post_id: str, owner: str, *, sidecars: list[_Sidecar], unreadable: UnreadableFields) -> Partial:
    """The post of its JSON files. Raises ValueError with the reason."""
    forms = [sidecar.form for sidecar in sidecars]
    caption = _without_nul(next((form.description for form in forms if form.description is not None), None))
    tag_lists = [form.tags for form in forms if form.tags is not None]
    hashtags = cells.tags(tag_lists[0]).values if tag_lists else captions.hashtags(caption or "")
    users: list[UserForm] = []
    for form in forms:
        users += [*(form.tagged_users or ()), *(form.coauthors or ())]
    names = [user.username for user in users]
    tags = readable_handles(names, "tagged_users", unreadable, file=path_text(sidecars[0].path))
    likes = _first(*[form.likes for form in forms])
    post = Post(
        id=post_id,
        account=owner,
        time=_time(sidecars[0], unreadable),
        caption=caption,
        hashtags=hashtags,
        mentions=captions.mentions(caption or ""),
        # The owner is among the authors of a collaboration.
        tags=[tag for tag in tags if tag != owner],
        likes=likes if likes is not None and likes >= 0 else None,
        disclosed=captions.disclosed(caption, hashtags),
    )
    states_tags = any(form.tagged_users is not None or form.coauthors is not None for form in forms)
    defaults = ("sponsors",) if states_tags else ("tags", "sponsors")
    derived = tuple([name for name in captions.DERIVED if name != "hashtags" or not tag_lists])
    return Partial(post, defaults, derived)


def _time(sidecar: _Sidecar, unreadable: UnreadableFields) -> int | None:
    """The time of a post; a value that is no time is unknown and counted."""
    # The date of a file may be that of its picture; the post has one too.
    for name, value in (("post_date", sidecar.form.post_date), ("date", sidecar.form.date)):
        try:
            time = cells.seconds(value)
        except ValueError:
            unreadable.add(name, value, file=path_text(sidecar.path))
            continue
        if time is not None:
            return time
    return None


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _without_nul(text: str | None) -> str | None:
    return text.replace("\0", "") if text is not None else None
