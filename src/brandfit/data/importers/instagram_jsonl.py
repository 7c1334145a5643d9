"""instagram-jsonl: the WWW 2020 influencer data set as JSON lines: posts, comments and thumbnails in four
files.

    influencers.tsv      handle, category, followers, followees, posts      optional: without it, each account
                         that posted is an influencer
    posts.jsonl[.gz]     one post a line, with the names of its pictures
    comments.jsonl[.gz]  one comment a line: the audience                   optional
    thumbnails.tar       the pictures                                       optional

"Multimodal Post Attentive Profiling for Influencer Marketing", Kim, Jiang, Nakada, Han, Wang, WWW 2020.

A line of posts may also be a post as the platform sends it, to pages (GraphQL) or to phones. Likes and
comments of -1 are hidden, which is unknown. A field that cannot be read is unknown, and counted; a line is
rejected only if its post has no id or no account.

Memory grows with the number of posts and pictures by their ids only: comments need the account of a post,
pictures the post of a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw

from brandfit.data import captions, cells
from brandfit.data.captions import handle, identifier
from brandfit.data.importers import _files, _graphql, _influencers, _tar, _unread
from brandfit.data.importers._comments import Comments
from brandfit.data.importers._graphql import Shown
from brandfit.data.importers._lenient import LenientDecoder, UnreadableFields
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Count, Link, Partial, Picture, Post, Record, Reject, Text
from brandfit.data.sheets import lines
from brandfit.errors import DataError
from brandfit.messages import clean, path_text
from brandfit.progress import Advance

Seconds = Annotated[int, Meta(ge=0, le=2**40)]

_NOT_READ = "it is none of influencers.tsv, posts.jsonl, comments.jsonl (or .gz) and thumbnails.tar."


class TaggedForm(msgspec.Struct, gc=False):
    handle: str | None = None
    username: str | None = None


class PostForm(msgspec.Struct, gc=False):
    post_id: str | int
    handle: str
    timestamp: Seconds | None = None
    caption: Text | None = None
    hashtags: list[str | None] | None = None
    mentions: list[str | None] | None = None
    tagged: list[TaggedForm | str | None] | None = None
    sponsors: list[str | None] | None = None
    likes: Shown | None = None
    comments: Shown | None = None
    alt_text: list[Text | None] | None = None
    width: Count | None = None
    height: Count | None = None
    images: list[str | None] | None = None
    is_paid_partnership: bool | None = None
    is_sponsored: bool | None = msgspec.field(default=None, name="isSponsored")


class PlatformForm(msgspec.Struct, gc=False):
    """What tells a post of the platform from a line of the data set; ``node`` holds the post of pages. A
    field that is not there is empty."""

    node: Raw = Raw()
    post_id: Raw = Raw()
    shortcode: Raw = Raw()
    owner: Raw = Raw()
    pk: Raw = Raw()
    code: Raw = Raw()
    taken_at: Raw = Raw()
    user: Raw = Raw()


_decode_platform = msgspec.json.Decoder(PlatformForm).decode
_post_decoder = LenientDecoder(PostForm, frozenset({"post_id", "handle"}))
_node_decoder = LenientDecoder(_graphql.Node, frozenset({"id", "shortcode"}))
_phone_decoder = LenientDecoder(_graphql.Phone, frozenset({"pk", "id", "code", "user"}))


class CommentForm(msgspec.Struct, gc=False):
    post_id: str
    commenter: str | None = None
    is_owner: bool = False
    text: Text | None = None


class PicturePosition(NamedTuple):
    """The post and position of a picture, and the line of the post."""

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
        account_by_post: dict[str, str] = {}
        pictures: dict[str, PicturePosition] | None = {} if "thumbnails" in files else None
        yield from self._posts(
            files["posts"],
            advance,
            account_by_post=account_by_post,
            pictures=pictures,
            announce="influencers" not in files,
        )
        if pictures is not None:
            yield from self._pictures(
                files["thumbnails"], advance, pictures=pictures, posts_file=path_text(files["posts"])
            )
        else:
            self.warnings.append("There is no thumbnails.tar: posts come without pictures.")
        if "comments" in files:
            yield from self._comments(files["comments"], advance, account_by_post)
        read = set(files.values())
        self.unread = _unread.unread(path, read.__contains__, reason=lambda _: _NOT_READ)

    def _posts(
        self,
        path: Path,
        advance: Advance,
        *,
        account_by_post: dict[str, str],
        pictures: dict[str, PicturePosition] | None,
        announce: bool,
    ) -> Iterator[Partial | Picture | Reject]:
        """Posts; with ``announce`` also each account before its first post. Fills ``account_by_post`` and
        ``pictures`` (by file name)."""
        file = path_text(path)
        unreadable = UnreadableFields()
        n_hidden = 0

        def slow(line: bytes, number: int) -> PostForm | _graphql.Node:
            return _other_form(line, unreadable, file=file, number=number)

        # One string object an account, in place of one a post.
        accounts: dict[str, str] = {}
        for item in lines.rows(path, PostForm, advance, slow=slow):
            if isinstance(item, Reject):
                yield item
                continue
            line, form = item
            try:
                post = _post(form) if isinstance(form, PostForm) else _platform_post(form)
            except ValueError as error:
                id = form.post_id if isinstance(form, PostForm) else form.id
                yield Reject(file, line, str(error), clean(str(id)[:80]))
                continue
            n_hidden += isinstance(form, PostForm) and form.likes == -1
            account = accounts.get(post.account)
            if account is None:
                account = accounts[post.account] = post.account
                if announce:
                    yield Partial(Account(id=account), ("role",))
            account_by_post[post.id] = account
            if not isinstance(form, PostForm):
                yield _graphql.partial_of(form, post)
                yield from _graphql.previews(form, post.id, file)
                continue
            if pictures is not None and form.images:
                _add_pictures(form, post.id, line=line, pictures=pictures)
            yield _partial(form, post)
        if n_hidden:
            posts = "1 post" if n_hidden == 1 else f"{n_hidden:,} posts"
            self.warnings.append(f"The likes of {posts} are hidden (-1) and count as unknown.")
        self.warnings += unreadable.sentences()

    def _pictures(
        self, path: Path, advance: Advance, *, pictures: dict[str, PicturePosition], posts_file: str
    ) -> Iterator[Picture | Reject]:
        file = path_text(path)
        for item in _tar.members(path, advance):
            if isinstance(item, Reject):
                yield item
                continue
            number, name, data = item
            position = pictures.pop(name.removeprefix("./"), None)
            if position is None:
                yield Reject(
                    file, number, f"{_tar.quoted_name(name)} is a picture of no post", clean(name[:80])
                )
                continue
            yield Picture(
                post=position.post,
                position=position.position,
                data=data,
                source=f"{file}::{name}",
                file=file,
                line=number,
                alt_text=position.alt_text,
                width=position.width,
                height=position.height,
            )
        # The names that are left were not in the tar file.
        for name, position in pictures.items():
            yield Reject(
                posts_file,
                position.line,
                f"picture {_tar.quoted_name(clean(name))} is not in {path.name}",
                position.post,
            )

    def _comments(
        self, path: Path, advance: Advance, account_by_post: dict[str, str]
    ) -> Iterator[Link | Reject]:
        file = path_text(path)
        link = Comments().link
        for item in lines.rows(path, CommentForm, advance):
            if isinstance(item, Reject):
                yield item
                continue
            line, form = item
            account = account_by_post.get(form.post_id) or account_by_post.get(form.post_id.strip())
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
        """Role to file, of the files that are there."""
        files = {
            "influencers": _files.first_of(path, "influencers.tsv", "influencers.txt"),
            "posts": _files.first_of(path, "posts.jsonl.gz", "posts.jsonl"),
            "comments": _files.first_of(path, "comments.jsonl.gz", "comments.jsonl"),
            "thumbnails": _files.first_of(path, "thumbnails.tar"),
        }
        return {name: file for name, file in files.items() if file is not None}


def _other_form(
    line: bytes, unreadable: UnreadableFields, *, file: str, number: int
) -> PostForm | _graphql.Node:
    """The post of a line that is not a ``PostForm`` as it stands: another form, or one with wrong values."""
    keys = _decode_platform(line)
    if not bytes(keys.post_id):
        if bytes(keys.node):
            return _node_decoder.decode(bytes(keys.node), unreadable, file=file, line=number)
        if bytes(keys.user) and any(map(bytes, (keys.pk, keys.code, keys.taken_at))):
            phone = _phone_decoder.decode(line, unreadable, file=file, line=number)
            return _graphql.Node(iphone_struct=phone)
        if bytes(keys.shortcode) or bytes(keys.owner):
            return _node_decoder.decode(line, unreadable, file=file, line=number)
    return _post_decoder.decode(line, unreadable, file=file, line=number)


def _platform_post(node: _graphql.Node) -> Post:
    """The post of a line in a form of the platform. Raises ValueError with the reason."""
    return _graphql.post_of(node, _graphql.owner_of(node) or "")


def _post(form: PostForm) -> Post:
    """The post of a line. Raises ValueError with the field and the reason."""
    caption = form.caption
    if caption is not None and "\0" in caption:
        caption = caption.replace("\0", "")
    try:
        hashtags = (
            cells.tags(form.hashtags).values
            if form.hashtags is not None
            else captions.hashtags(caption or "")
        )
        mentions = _handles(form.mentions) if form.mentions is not None else captions.mentions(caption or "")
        sponsors = _handles(form.sponsors)
        return Post(
            id=identifier(str(form.post_id)),
            account=handle(form.handle),
            time=form.timestamp,
            caption=caption,
            hashtags=hashtags,
            mentions=mentions,
            tags=_handles([_tagged_handle(tagged) for tagged in form.tagged]) if form.tagged else [],
            sponsors=sponsors,
            # -1 if the platform hides the count.
            likes=form.likes if form.likes != -1 else None,
            comments=form.comments if form.comments != -1 else None,
            disclosed=captions.disclosed(
                caption, hashtags, bool(sponsors), is_paid_partnership=_stated_mark(form)
            ),
        )
    except ValueError as error:
        raise ValueError(f"post {_tar.quoted_name(clean(str(form.post_id)))}: {error}") from None


def _stated_mark(form: PostForm) -> bool | None:
    """Whether the platform marks the post as a paid partnership; None if neither field is stated."""
    # Nearly all lines state neither.
    if form.is_paid_partnership is None and form.is_sponsored is None:
        return None
    return bool(form.is_paid_partnership or form.is_sponsored)


def _tagged_handle(tagged: TaggedForm | str | None) -> str | None:
    """The handle of a tagged account: an object or the handle alone."""
    return tagged.handle or tagged.username if isinstance(tagged, TaggedForm) else tagged


def _partial(form: PostForm, post: Post) -> Partial:
    """The post with the names of its fields that are not stated: those with a default, and those that are
    computed from the caption."""
    defaults: tuple[str, ...] = ()
    # Nearly all lines state both.
    if form.tagged is None or form.sponsors is None:
        optional = (("tags", form.tagged), ("sponsors", form.sponsors))
        defaults = tuple([name for name, value in optional if value is None])
    mark = form.sponsors or _stated_mark(form)
    stated = {"hashtags": form.hashtags, "mentions": form.mentions, "disclosed": mark}
    derived = tuple([name for name in captions.DERIVED if stated[name] is None])
    return Partial(post, defaults, derived)


def _handles(texts: list[str | None] | None) -> list[str]:
    """Each handle once, in order."""
    return list(dict.fromkeys([handle(text) for text in texts if text])) if texts else []


def _add_pictures(form: PostForm, post: str, *, line: int, pictures: dict[str, PicturePosition]) -> None:
    """Add the pictures of a post, by file name.

    If there are as many descriptions as pictures, each picture has its own; else it is unknown which belongs
    to which, and the first picture has all of them. Width and height are those of the first.
    """
    texts = [(text or "").replace("\0", "") for text in form.alt_text or ()]
    images = form.images or []
    is_aligned = len(texts) == len(images)
    joined = "\n".join(texts)[: cells.LONGEST_TEXT] or None
    for position, name in enumerate(images):
        if not name:
            continue
        if is_aligned:
            alt_text: str | None = texts[position] or None
        else:
            alt_text = joined if position == 0 else None
        width, height = (form.width, form.height) if position == 0 else (None, None)
        pictures[name] = PicturePosition(
            post=post, position=position, line=line, alt_text=alt_text, width=width, height=height
        )
