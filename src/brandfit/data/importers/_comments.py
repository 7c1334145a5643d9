"""Comments as links from the commenter to the account whose post it is."""

from __future__ import annotations

from brandfit.data import schema
from brandfit.data.captions import handle
from brandfit.data.schema import Link

MAX_COUNTED_POSTS = 1000
"""Number of posts whose equal comments are counted at a time. Few are enough, because every source lists the
comments of a post together."""


class Comments:
    """Makes the links of comments. Comments are equal if post, account, commenter and text are equal; each of
    several equal comments gets another id."""

    def __init__(self) -> None:
        # Post to the plain id of a link to the number of comments that had it so far.
        self._counts_by_post: dict[str, dict[str, int]] = {}

    def link(
        self, post: str, account: str, *, commenter: str, text: str | None, time: int | None = None
    ) -> Link:
        """The link of one comment on the post with the id ``post``, which belongs to ``account``. Raises
        ValueError if the commenter is not a handle."""
        source = handle(commenter)
        # NUL characters are removed from all imported text.
        if text is not None and "\0" in text:
            text = text.replace("\0", "")
        if post not in self._counts_by_post:
            # The counts of the oldest post are dropped, so that memory does not grow with the source.
            if len(self._counts_by_post) >= MAX_COUNTED_POSTS:
                oldest_post = next(iter(self._counts_by_post))
                del self._counts_by_post[oldest_post]
            self._counts_by_post[post] = {}
        count_by_id = self._counts_by_post[post]
        id = schema.link_id("comments", source, target=account, post=post, text=text)
        n_earlier = count_by_id.get(id, 0)
        count_by_id[id] = n_earlier + 1
        # The first of equal comments keeps the plain id; later ones get an id that contains their number.
        if n_earlier:
            id = schema.link_id("comments", source, target=account, post=post, text=text, nth=n_earlier)
        return Link(id=id, kind="comments", source=source, target=account, post=post, time=time, text=text)
