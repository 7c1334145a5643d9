"""The JSON-lines form of the WWW 2020 influencer data set: posts, comments and thumbnails in four files.

    influencers.tsv      handle, category, followers, followees, posts      optional: else every poster is an
                         influencer
    posts.jsonl[.gz]     one post a line, with the names of its pictures
    comments.jsonl[.gz]  one comment a line: the audience                   optional
    thumbnails.tar       the pictures                                       optional

"Multimodal Post Attentive Profiling for Influencer Marketing", Kim, Jiang, Nakada, Han, Wang, WWW 2020.

Memory grows with the number of posts and pictures by their ids only: comments need the account of a post,
pictures the post of a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from brandfit.data import captions
from brandfit.data.captions import handle, identifier
from brandfit.data.importers import _fields, _files, _influencers, _lines, _tar, _unread
from brandfit.data.importers._comments import Comments
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Count, Link, Partial, Picture, Post, Record, Reject, Text
from brandfit.errors import DataError
from brandfit.messages import clean, path_text
from brandfit.progress import Advance

Seconds = Annotated[int, Meta(ge=0, le=2**40)]


_NOT_READ = "it is none of influencers.tsv, posts.jsonl, comments.jsonl (or .gz) and thumbnails.tar."


class TaggedForm(msgspec.Struct, gc=False):
    handle: str


class PostForm(msgspec.Struct, gc=False):
    post_id: str
    handle: str
    timestamp: Seconds | None = None
    caption: Text | None = None
    hashtags: list[str] | None = None
    mentions: list[str] | None = None
    tagged: list[TaggedForm] | None = None
    sponsors: list[str] | None = None
    likes: Count | None = None
    comments: Count | None = None
    alt_text: list[Text] | None = None
    width: Count | None = None
    height: Count | None = None
    images: list[str] | None = None


class CommentForm(msgspec.Struct, gc=False):
    post_id: str
    commenter: str | None = None
    is_owner: bool = False
    text: Text | None = None


class PicturePosition(NamedTuple):
    """Where a picture belongs, and where the post says so."""

    post: str
    position: int
    line: int
    alt_text: str | None
    width: int | None
    height: int | None


class InstagramJsonl(Importer):
    """Influencers, posts, thumbnails and comments as JSON lines."""

    def recognises(self, path: Path) -> bool:
        files = self._files(path)
        return "posts" in files and ("influencers" in files or "thumbnails" in files)

    def total(self, path: Path) -> int:
        return sum(_files.size_of(file) for file in self._files(path).values())

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        files = self._files(_files.folder(path))
        self.warnings = []
        if "posts" not in files:
            raise DataError(
                f"{path_text(path)} holds no posts.jsonl.gz or posts.jsonl.",
                "Give the folder that holds posts.jsonl.gz, influencers.tsv, comments.jsonl.gz and "
                "thumbnails.tar.",
            )
        if "influencers" in files:
            yield from _influencers.accounts(files["influencers"], advance)
        owners: dict[str, str] = {}
        pictures: dict[str, PicturePosition] | None = {} if "thumbnails" in files else None
        yield from self._posts(
            files["posts"], advance, owners=owners, pictures=pictures, announce="influencers" not in files
        )
        if pictures is not None:
            yield from self._pictures(
                files["thumbnails"], advance, pictures=pictures, posts=path_text(files["posts"])
            )
        else:
            self.warnings.append("There is no thumbnails.tar: posts come without pictures.")
        if "comments" in files:
            yield from self._comments(files["comments"], advance, owners)
        read = set(files.values())
        self.unread = _unread.unread(path, read.__contains__, reason=lambda _: _NOT_READ)

    def _posts(
        self,
        path: Path,
        advance: Advance,
        *,
        owners: dict[str, str],
        pictures: dict[str, PicturePosition] | None,
        announce: bool,
    ) -> Iterator[Partial | Reject]:
        file = path_text(path)
        known: dict[str, str] = {}
        for item in _lines.rows(path, PostForm, advance):
            if isinstance(item, Reject):
                yield item
                continue
            line, form = item
            try:
                post = _post(form)
            except ValueError as error:
                yield Reject(file, line, str(error), clean(form.post_id[:80]))
                continue
            account = known.get(post.account)
            if account is None:
                account = known[post.account] = post.account
                if announce:
                    yield Partial(Account(id=account), ("role",))
            owners[post.id] = account
            if pictures is not None and form.images:
                _note_pictures(form, post.id, line=line, pictures=pictures)
            yield Partial(post, *_not_stated(form))

    def _pictures(
        self, path: Path, advance: Advance, *, pictures: dict[str, PicturePosition], posts: str
    ) -> Iterator[Picture | Reject]:
        file = path_text(path)
        for item in _tar.members(path, advance):
            if isinstance(item, Reject):
                yield item
                continue
            number, name, data = item
            place = pictures.pop(name.removeprefix("./"), None)
            if place is None:
                yield Reject(
                    file, number, f"{_tar.quoted_name(name)} is a picture of no post", clean(name[:80])
                )
                continue
            yield Picture(
                post=place.post,
                position=place.position,
                data=data,
                source=f"{file}::{name}",
                file=file,
                line=number,
                alt_text=place.alt_text,
                width=place.width,
                height=place.height,
            )
        for name, place in pictures.items():
            yield Reject(
                posts,
                place.line,
                f"picture {_tar.quoted_name(clean(name))} is not in {path.name}",
                place.post,
            )

    def _comments(self, path: Path, advance: Advance, owners: dict[str, str]) -> Iterator[Link | Reject]:
        file = path_text(path)
        link = Comments().link
        for item in _lines.rows(path, CommentForm, advance):
            if isinstance(item, Reject):
                yield item
                continue
            line, form = item
            account = owners.get(form.post_id) or owners.get(form.post_id.strip())
            if account is None:
                yield Reject(
                    file,
                    line,
                    f"the post {_tar.quoted_name(clean(form.post_id))} of this comment was not imported",
                )
                continue
            try:
                yield link(
                    form.post_id.strip(),
                    account,
                    commenter=account if form.is_owner else form.commenter or "",
                    text=form.text,
                )
            except ValueError as error:
                yield Reject(file, line, f"commenter: {error}", clean(form.post_id[:80]))

    def _files(self, path: Path) -> dict[str, Path]:
        found = {
            "influencers": _files.first_of(path, "influencers.tsv", "influencers.txt"),
            "posts": _files.first_of(path, "posts.jsonl.gz", "posts.jsonl"),
            "comments": _files.first_of(path, "comments.jsonl.gz", "comments.jsonl"),
            "thumbnails": _files.first_of(path, "thumbnails.tar"),
        }
        return {name: file for name, file in found.items() if file is not None}


def _post(form: PostForm) -> Post:
    """Raises ValueError with the field and the reason."""
    caption = form.caption
    if caption is not None and "\0" in caption:
        caption = caption.replace("\0", "")
    try:
        hashtags = (
            _fields.tags(form.hashtags) if form.hashtags is not None else captions.hashtags(caption or "")
        )
        mentions = _handles(form.mentions) if form.mentions is not None else captions.mentions(caption or "")
        sponsors = _handles(form.sponsors)
        return Post(
            id=identifier(form.post_id),
            account=handle(form.handle),
            time=form.timestamp,
            caption=caption,
            hashtags=hashtags,
            mentions=mentions,
            tags=_handles([tagged.handle for tagged in form.tagged or ()]),
            sponsors=sponsors,
            likes=form.likes,
            comments=form.comments,
            disclosed=captions.disclosed(caption, hashtags, bool(sponsors)),
        )
    except ValueError as error:
        raise ValueError(f"post {_tar.quoted_name(clean(form.post_id))}: {error}") from None


def _not_stated(form: PostForm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields of a post with a default in place of a value, and those that are computed from its caption."""
    if form.tagged is None or form.sponsors is None:
        defaults = tuple(
            name for name, value in (("tags", form.tagged), ("sponsors", form.sponsors)) if value is None
        )
    else:
        defaults = ()
    stated = {"hashtags": form.hashtags, "mentions": form.mentions, "disclosed": form.sponsors or None}
    return defaults, tuple(name for name in captions.DERIVED if stated[name] is None)


def _handles(texts: list[str] | None) -> list[str]:
    return list(dict.fromkeys([handle(text) for text in texts if text])) if texts else []


def _note_pictures(form: PostForm, post: str, *, line: int, pictures: dict[str, PicturePosition]) -> None:
    """Remember which picture is which of this post.

    Descriptions belong to pictures one by one where there are as many; else nothing says which is whose, and
    all go to the first. Width and height are those of the first.
    """
    texts = [text.replace("\0", "") for text in form.alt_text or ()]
    images = form.images or []
    aligned = len(texts) == len(images)
    together = "\n".join(texts)[: _fields.LONGEST_TEXT] or None
    for position, name in enumerate(images):
        alt_text = texts[position] if aligned else together if position == 0 else None
        width, height = (form.width, form.height) if position == 0 else (None, None)
        pictures[name] = PicturePosition(
            post=post, position=position, line=line, alt_text=alt_text, width=width, height=height
        )
