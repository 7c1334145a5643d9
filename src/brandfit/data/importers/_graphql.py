"""Posts in the form of Instagram's GraphQL interface: one JSON object ("node") a post.

Two sources keep such nodes on disk, the data set of WWW 2020 (``.info``) and instaloader (``.json``). Unknown
fields are skipped undecoded. Comments are decoded one by one, so that a bad one does not cost the post.

The interface of phones has other names for the same things (``Phone``). Instaloader stores its answer within
the node as ``iphone_struct``; values that the node does not state are taken from there. A post in the form of
phones alone is a node with nothing but ``iphone_struct``.

A co-author of a post (``coauthor_producers``: it appears in both profiles) is stored among its tags, like an
account that is tagged in the pictures: endorsements are derived from tags whichever side owns the post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, field

from brandfit.data import captions
from brandfit.data.captions import handle, identifier
from brandfit.data.importers import _thumbnail
from brandfit.data.importers._comments import Comments
from brandfit.data.schema import Count, Link, Partial, Picture, Post, Reject, Text
from brandfit.messages import FAILURES, excerpt, reason

Seconds = Annotated[int, Meta(ge=0, le=2**40)]
Shown = Annotated[int, Meta(ge=-1, le=2**53)]
"""A count; -1 if the platform hides it."""
T = TypeVar("T")


class Edge(msgspec.Struct, Generic[T]):
    node: T


class Edges(msgspec.Struct, Generic[T]):
    """A list in GraphQL: the number of items on the platform, and the items that were sent."""

    count: Shown | None = None
    edges: list[Edge[T]] = []


class User(msgspec.Struct):
    username: str | None = None


class Tag(msgspec.Struct):
    user: User | None = None


class Sponsor(msgspec.Struct):
    sponsor: User | None = None
    user: User | None = None
    username: str | None = None


class Words(msgspec.Struct):
    text: Text | None = None


class Size(msgspec.Struct):
    width: Count | None = None
    height: Count | None = None


class PhoneTags(msgspec.Struct):
    tagged: list[Tag] = field(default_factory=list, name="in")


class PhonePart(msgspec.Struct):
    """A part of a carousel in the interface of phones; also fields of the post itself."""

    usertags: PhoneTags | None = None
    accessibility_caption: Text | None = None
    original_width: Count | None = None
    original_height: Count | None = None


class Phone(PhonePart):
    """The same post in the interface of phones."""

    pk: str | int | None = None
    id: str | int | None = None
    code: str | None = None
    user: User | None = None
    taken_at: Seconds | None = None
    caption: Words | Text | msgspec.UnsetType | None = msgspec.UNSET
    like_count: Shown | None = None
    comment_count: Shown | None = None
    like_and_view_counts_disabled: bool | None = None
    coauthor_producers: list[User] | None = None
    carousel_media: list[PhonePart] | None = None
    sponsor_tags: list[Sponsor] | None = None
    is_paid_partnership: bool | None = None


class Media(msgspec.Struct):
    """Fields of a post and of each part of a sidecar."""

    media_preview: str | None = None
    accessibility_caption: Text | None = None
    dimensions: Size | None = None
    edge_media_to_tagged_user: Edges[Tag] | None = None


class Node(Media):
    id: str | int | None = None
    shortcode: str | None = None
    owner: Raw = Raw()
    taken_at_timestamp: Seconds | None = None
    date: Seconds | None = None
    edge_media_to_caption: Edges[Words] | None = None
    caption: Text | Words | None = None
    edge_media_preview_like: Edges[Raw] | None = None
    edge_media_to_parent_comment: Edges[Raw] | None = None
    edge_media_to_comment: Edges[Raw] | None = None
    edge_media_preview_comment: Edges[Raw] | None = None
    comments: Shown | Edges[Raw] | None = None
    edge_media_to_sponsor_user: Edges[Sponsor] | None = None
    edge_sidecar_to_children: Edges[Media] | None = None
    is_ad: bool | None = None
    is_paid_partnership: bool | None = None
    like_and_view_counts_disabled: bool | None = None
    coauthor_producers: list[User] | None = None
    iphone_struct: Phone | None = None


class Comment(msgspec.Struct):
    """One comment with its replies, in the form of either source."""

    text: Text | None = None
    created_at: Seconds | None = None
    owner: User | None = None
    edge_threaded_comments: Edges[Raw] | None = None
    answers: list[Raw] | None = None


_decode_user = msgspec.json.Decoder(User).decode
_decode_comment = msgspec.json.Decoder(Comment).decode


def post_of(node: Node, owner: str, caption: str | None = None) -> Post:
    """The post of a node. Raises ValueError with the reason.

    owner    handle of the account; ``owner_of`` gives that of the node
    caption  used if the node has none
    """
    id = identifier(_id_of(node))
    phone = node.iphone_struct or Phone()
    try:
        own_caption = caption_of(node)
        caption = own_caption if own_caption is not None else caption
        caption = caption.replace("\0", "") if caption is not None else None
        hashtags = captions.hashtags(caption or "")
        sponsors = _sponsors(node)
        is_marked = bool(sponsors) or any(_marks(node))
        account = handle(owner)
        return Post(
            id=id,
            account=account,
            time=_first(node.taken_at_timestamp, node.date, phone.taken_at),
            caption=caption,
            hashtags=hashtags,
            mentions=captions.mentions(caption or ""),
            tags=_tags(node, account),
            sponsors=sponsors,
            likes=_likes(node),
            comments=_comment_count(node),
            disclosed=captions.disclosed(
                caption,
                hashtags,
                is_marked,
                is_paid_partnership=_first(node.is_paid_partnership, phone.is_paid_partnership),
            ),
        )
    except ValueError as error:
        raise ValueError(f"post {id}: {error}") from None


def partial_of(node: Node, post: Post) -> Partial:
    """The post with the names of the fields that the node does not state."""
    phone = node.iphone_struct or Phone()
    tag_lists = [part.edge_media_to_tagged_user for part in (node, *parts_of(node))]
    phone_tag_lists = [part.usertags for part in (phone, *(phone.carousel_media or ()))]
    states_tags = bool(post.tags) or any(tags is not None for tags in (*tag_lists, *phone_tag_lists))
    states_sponsors = node.edge_media_to_sponsor_user is not None or phone.sponsor_tags is not None
    states_disclosure = states_sponsors or any(mark is not None for mark in _marks(node))
    is_stated = {"tags": states_tags, "sponsors": states_sponsors, "disclosed": states_disclosure}
    defaults = tuple([name for name in ("tags", "sponsors") if not is_stated[name]])
    derived = tuple([name for name in captions.DERIVED if not is_stated.get(name)])
    return Partial(post, defaults, derived)


def _marks(node: Node) -> tuple[bool | None, ...]:
    """The three fields that mark a post as an advertisement; None if a field is not there."""
    phone = node.iphone_struct or Phone()
    return node.is_ad, node.is_paid_partnership, phone.is_paid_partnership


def owner_of(node: Node) -> str | None:
    """The handle of the account that posted, if the node gives it."""
    if bytes(node.owner):
        try:
            if username := _decode_user(node.owner).username:
                return username
        except FAILURES:
            pass  # the name of the file gives the owner too
    phone = node.iphone_struct
    return phone.user.username if phone is not None and phone.user is not None else None


def caption_of(node: Node) -> str | None:
    """The caption: '' if the post has none, None if the node does not state it."""
    if node.edge_media_to_caption is not None:
        edges = node.edge_media_to_caption.edges
        return (edges[0].node.text or "") if edges else ""
    caption = node.caption.text if isinstance(node.caption, Words) else node.caption
    if caption is not None or node.iphone_struct is None:
        return caption
    # The interface of phones always states a caption: null if the post has none.
    of_phone = node.iphone_struct.caption
    if of_phone is msgspec.UNSET:
        return None
    return (of_phone.text if isinstance(of_phone, Words) else of_phone) or ""


def parts_of(node: Node) -> list[Media]:
    """The parts of a sidecar in order, or the post itself. Values that a part does not state are those of the
    interface of phones."""
    children = node.edge_sidecar_to_children
    phone = node.iphone_struct
    has_children = children is not None and bool(children.edges)
    parts: list[Media] = [edge.node for edge in children.edges] if children and has_children else [node]
    if phone is None:
        return parts
    phone_parts: list[PhonePart] = list(phone.carousel_media or [phone])
    if not has_children and len(phone_parts) > 1:
        parts = [Media() for _ in phone_parts]
    # With different numbers of parts it is not known which belongs to which.
    if len(phone_parts) != len(parts):
        return parts
    return [_completed(part, of_phone) for part, of_phone in zip(parts, phone_parts, strict=True)]


def _completed(part: Media, phone: PhonePart) -> Media:
    """The part with the description and size that phones are sent, if it has none."""
    size = Size(phone.original_width, phone.original_height) if phone.original_width else None
    return Media(
        media_preview=part.media_preview,
        accessibility_caption=part.accessibility_caption or phone.accessibility_caption,
        dimensions=part.dimensions or size,
        edge_media_to_tagged_user=part.edge_media_to_tagged_user,
    )


def picture_of(part: Media, post: str, *, position: int, data: bytes, source: str, file: str) -> Picture:
    size = part.dimensions or Size()
    alt_text = part.accessibility_caption.replace("\0", "") if part.accessibility_caption else None
    return Picture(
        post=post,
        position=position,
        data=data,
        source=source,
        file=file,
        line=1,
        alt_text=alt_text,
        width=size.width,
        height=size.height,
    )


def previews(node: Node, post: str, file: str) -> Iterator[Picture | Reject]:
    """The thumbnails that a node carries."""
    # A sidecar gives them with its parts, or one with the post itself.
    parts = parts_of(node)
    if not any(part.media_preview for part in parts):
        parts = [node]
    for position, part in enumerate(parts):
        if not part.media_preview:
            continue
        try:
            data = _thumbnail.jpeg(part.media_preview)
        except ValueError as error:
            yield Reject(file, 1, f"post {post}, picture {position}: {error}", excerpt(part.media_preview))
            continue
        source = f"{file}::media_preview/{position}"
        yield picture_of(part, post, position=position, data=data, source=source, file=file)


def comments_of(node: Node) -> list[Raw]:
    """The comments of a node, undecoded; with replies if the node has them."""
    for edges in _comment_lists(node):
        if edges is not None and edges.edges:
            return [edge.node for edge in edges.edges]
    return []


def _comment_lists(node: Node) -> tuple[Edges[Raw] | None, ...]:
    """The three lists of comments that a node may have, the most complete first."""
    return (
        node.edge_media_to_parent_comment,
        node.edge_media_to_comment,
        node.edge_media_preview_comment,
    )


def comment_links(raws: list[Raw], post: Post, file: str) -> Iterator[Link | Reject]:
    """Comments and their replies as links to the account of the post."""
    link = Comments().link
    # A stack, so that the replies of a comment come before the next comment.
    waiting = [(f"comment {n}", raw, True) for n, raw in enumerate(raws, 1)][::-1]
    while waiting:
        name, raw, may_have_replies = waiting.pop()
        try:
            comment = _decode_comment(raw)
            yield link(
                post.id,
                post.account,
                commenter=(comment.owner and comment.owner.username) or "",
                text=comment.text,
                time=comment.created_at,
            )
        except FAILURES as error:
            yield Reject(file, 1, f"post {post.id}, {name}: {reason(error, bytes(raw))}", excerpt(bytes(raw)))
            continue
        except ValueError as error:
            yield Reject(file, 1, f"post {post.id}, {name}, its owner: {error}", excerpt(bytes(raw)))
            continue
        if may_have_replies:
            replies = [edge.node for edge in _edges(comment.edge_threaded_comments)]
            replies += comment.answers or []
            waiting += [(f"{name}, reply {n}", reply, False) for n, reply in enumerate(replies, 1)][::-1]


def _id_of(node: Node) -> str:
    """The id of the post as text, else its shortcode; '' if the node has neither."""
    phone = node.iphone_struct or Phone()
    id = _first(node.id, phone.pk, phone.id)
    if id is None:
        return node.shortcode or phone.code or ""
    # Phones are sent "<post>_<owner>".
    return re.sub(r"(?<=\d)_\d+\Z", "", str(id)) if "_" in str(id) else str(id)


def _first(*values: T | None) -> T | None:
    """The first value that is stated."""
    return next((value for value in values if value is not None), None)


def _likes(node: Node) -> int | None:
    """Likes; None if unknown or hidden. If the counts of a post are disabled, the platform sends a small
    number of its own choice."""
    phone = node.iphone_struct or Phone()
    if node.like_and_view_counts_disabled or phone.like_and_view_counts_disabled:
        return None
    edge = node.edge_media_preview_like
    return _visible(_first(edge.count if edge is not None else None, phone.like_count))


def _visible(count: int | None) -> int | None:
    """The count; None if the platform hides it (-1)."""
    return count if count is not None and count >= 0 else None


def _tags(node: Node, owner: str) -> list[str]:
    """Handles that are tagged in the pictures, of the post itself, its parts, and as phones see them, and its
    co-authors."""
    tags: list[Tag] = []
    for part in (node, *parts_of(node)):
        tags += [edge.node for edge in _edges(part.edge_media_to_tagged_user)]
    phone = node.iphone_struct or Phone()
    for phone_part in (phone, *(phone.carousel_media or ())):
        if phone_part.usertags is not None:
            tags += phone_part.usertags.tagged
    coauthors = [*(node.coauthor_producers or ()), *(phone.coauthor_producers or ())]
    tagged = [tag.user.username for tag in tags if tag.user is not None]
    # Some answers list the owner among the authors.
    authors = [name for name in _handles([user.username for user in coauthors]) if name != owner]
    return _handles([*tagged, *authors])


def _sponsors(node: Node) -> list[str]:
    sponsors = [edge.node for edge in _edges(node.edge_media_to_sponsor_user)]
    if node.iphone_struct is not None:
        sponsors += node.iphone_struct.sponsor_tags or []
    # A sponsor is an object within, a user within, or a bare name.
    users = [sponsor.sponsor or sponsor.user or User(sponsor.username) for sponsor in sponsors]
    return _handles([user.username for user in users])


def _handles(names: list[str | None]) -> list[str]:
    """Each handle once, in order."""
    return list(dict.fromkeys([handle(name) for name in names if name]))


def _edges(edges: Edges[T] | None) -> list[Edge[T]]:
    return edges.edges if edges is not None else []


def _count(edges: Edges[Raw] | None) -> int | None:
    """Number of items on the platform; None if unknown or hidden (-1)."""
    return _visible(edges.count) if edges is not None else None


def _comment_count(node: Node) -> int | None:
    for edges in _comment_lists(node):
        if (count := _count(edges)) is not None:
            return count
    count = node.comments.count if isinstance(node.comments, Edges) else node.comments
    phone = node.iphone_struct or Phone()
    return _visible(_first(count, phone.comment_count))
