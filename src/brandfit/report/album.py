"""Posts and pictures of the accounts in a report."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brandfit.data.dataset import Dataset
from brandfit.explain.explanation import Explanation
from brandfit.report.content import Shot
from brandfit.report.words import day, shortened

HASHTAGS = 12
POST_FIELDS = ("id", "account", "kind", "time", "caption", "hashtags")


class Album:
    """The posts of a few accounts, newest first, and the first picture of each post.

    anonymous  a function that returns a text without names of accounts: it is applied to all captions and
               descriptions of pictures, which then name no account; None: texts are as they are
    """

    def __init__(
        self,
        dataset: Dataset,
        accounts: Sequence[str],
        *,
        anonymous: Callable[[str], str] | None = None,
    ) -> None:
        self.dataset = dataset
        self.anonymous = anonymous
        # Only posts of these accounts are read, because a workspace may hold millions.
        is_shown = pc.is_in(dataset.posts["account"], value_set=pa.array(accounts, pa.string()))
        table = dataset.posts.filter(is_shown).select(POST_FIELDS)
        self.posts: dict[str, list[dict[str, Any]]] = {id: [] for id in accounts}
        for post in sorted(table.to_pylist(), key=lambda post: (-(post["time"] or 0), post["id"])):
            if anonymous is not None:
                post["caption"] = anonymous(post["caption"] or "")
            self.posts[post["account"]].append(post)
        # Pictures of these posts.
        has_post = pc.is_in(dataset.images["post"], value_set=table["id"].combine_chunks())
        self.images: dict[str, dict[str, Any]] = {}
        images = dataset.images.filter(has_post).to_pylist()
        # The first in the order of the post is the one that is shown.
        for image in sorted(images, key=lambda image: image["position"]):
            self.images.setdefault(image["post"], image)

    def shot(self, post: Mapping[str, Any], comment: str = "") -> Shot | None:
        """The first picture of a post; None if it has none or the picture is not stored."""
        image = self.images.get(post["id"])
        if image is None:
            return None
        try:
            data = self.dataset.picture(image["hash"])
        except KeyError:
            return None
        alt = image["alt_text"] or self.alt(post)
        if self.anonymous is not None:
            alt = self.anonymous(alt)
        return Shot(data_uri(data), alt, shortened(post["caption"] or ""), comment)

    def alt(self, post: Mapping[str, Any]) -> str:
        """A description of a picture without one, for screen readers."""
        date = f" of {day(post['time'])}" if post["time"] is not None else ""
        author = f" by {post['account']}" if self.anonymous is None else ""
        return f"Picture of a post{author}{date}"

    def newest(self, account: str, n_shots: int) -> list[Shot]:
        """Pictures of the newest posts that have one."""
        shots: list[Shot] = []
        for post in self.posts[account]:
            if len(shots) < n_shots and (shot := self.shot(post)) is not None:
                shots.append(shot)
        return shots

    def strongest(self, account: str, explanation: Explanation | None, n_shots: int) -> list[Shot]:
        """Pictures of the posts that add to the score, the largest addition first."""
        if explanation is None:
            return []
        attributions = explanation.attributions_of("posts", "influencer")
        if not attributions:
            return []
        post_by_id = {post["id"]: post for post in self.posts[account]}
        shots: list[Shot] = []
        for item in attributions[0].items:
            if item.value > 0 and item.id in post_by_id:
                shot = self.shot(post_by_id[item.id], f"adds {item.value:.2f}")
                if shot is not None:
                    shots.append(shot)
        return shots[:n_shots]

    def hashtags(self, account: str) -> tuple[str, ...]:
        """The most frequent hashtags of an account, those of equal frequency by name."""
        # A hashtag counts once for each post.
        n_posts = Counter(tag for post in self.posts[account] for tag in set(post["hashtags"]))
        ranked = sorted(n_posts, key=lambda tag: (-n_posts[tag], tag))
        return tuple(ranked[:HASHTAGS])


def data_uri(data: bytes) -> str:
    """A JPEG as a data: URI. The pictures of a workspace are JPEG."""
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
