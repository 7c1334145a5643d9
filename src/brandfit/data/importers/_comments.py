"""Comments as links from who comments to whose post it is."""

from __future__ import annotations

from brandfit.data import schema
from brandfit.data.captions import handle
from brandfit.data.schema import Link

KEPT_POSTS = 1000
"""Posts whose comments are remembered to tell equal ones apart. Comments of one post stand together in all
sources."""


class Comments:
    """Makes comment links; the n-th equal comment (same post, commenter and text) has an id of its own."""

    def __init__(self) -> None:
        self.posts: dict[str, dict[str, int]] = {}

    def link(
        self, post: str, account: str, *, commenter: str, text: str | None, time: int | None = None
    ) -> Link:
        """Raises ValueError where the commenter is no handle."""
        source = handle(commenter)
        if text is not None and "\0" in text:
            text = text.replace("\0", "")
        counts = self.posts.get(post)
        if counts is None:
            if len(self.posts) >= KEPT_POSTS:
                del self.posts[next(iter(self.posts))]
            counts = self.posts[post] = {}
        id = schema.link_id("comments", source, target=account, post=post, text=text)
        nth = counts[id] = counts.get(id, -1) + 1
        if nth:
            id = schema.link_id("comments", source, target=account, post=post, text=text, nth=nth)
        return Link(id=id, kind="comments", source=source, target=account, post=post, time=time, text=text)
