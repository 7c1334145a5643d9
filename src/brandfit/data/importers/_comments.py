"""Comments as links from the commenter to the account whose post it is."""

from __future__ import annotations

from brandfit.data import schema
from brandfit.data.captions import handle
from brandfit.data.schema import Link

KEPT_POSTS = 1000
"""Posts whose comments are kept in memory to number equal ones. All sources list the comments of a post
together."""


class Comments:
    """Makes comment links; the n-th equal comment (same post, commenter and text) has its own id."""

    def __init__(self) -> None:
        self._n_equal_by_post: dict[str, dict[str, int]] = {}

    def link(
        self, post: str, account: str, *, commenter: str, text: str | None, time: int | None = None
    ) -> Link:
        """The link of one comment. Raises ValueError if the commenter is not a handle."""
        source = handle(commenter)
        if text is not None and "\0" in text:
            text = text.replace("\0", "")
        n_equal = self._n_equal_by_post.get(post)
        if n_equal is None:
            # The oldest post goes first, so that memory does not grow with the source.
            if len(self._n_equal_by_post) >= KEPT_POSTS:
                del self._n_equal_by_post[next(iter(self._n_equal_by_post))]
            n_equal = self._n_equal_by_post[post] = {}
        id = schema.link_id("comments", source, target=account, post=post, text=text)
        nth = n_equal[id] = n_equal.get(id, -1) + 1
        # The first of equal comments keeps the plain id: most comments occur once.
        if nth:
            id = schema.link_id("comments", source, target=account, post=post, text=text, nth=nth)
        return Link(id=id, kind="comments", source=source, target=account, post=post, time=time, text=text)
