"""instagram-info: the WWW 2020 influencer data set as released: one GraphQL JSON file a post, and a list of
influencers.

    influencers.txt or .tsv   handle, category, followers, followees, posts; in the folder or the one above;
                              optional
    <handle>-<id>.info        one post: caption, tags, sponsors, likes, comments with replies, description,
                              thumbnails

"Multimodal Post Attentive Profiling for Influencer Marketing", Kim, Jiang, Nakada, Han, Wang, WWW 2020.
Subfolders are read too. Without the list, each account that posted is an influencer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec

from brandfit.data.importers import _files, _graphql, _influencers, _unread
from brandfit.data.importers.base import Importer
from brandfit.data.schema import Account, Partial, Post, Record, Reject
from brandfit.errors import DataError
from brandfit.messages import FAILURES, excerpt, path_text, reason
from brandfit.progress import Advance

LISTS = ("influencers.tsv", "influencers.txt")
LARGEST = 64 << 20
"""Bytes of one ``.info`` file; real ones have 5 to 200 thousand."""

_decode = msgspec.json.Decoder(_graphql.Node).decode


class InstagramInfo(Importer):
    """Posts as ``<handle>-<id>.info`` files and a list of influencers."""

    def recognises(self, path: Path) -> bool:
        return path.is_dir() and any(file.name.endswith(".info") for file in path.iterdir())

    def total(self, path: Path) -> int:
        list_file = _list_file(path)
        n_bytes = sum(map(_files.size_of, _posts(path)))
        return n_bytes + (_files.size_of(list_file) if list_file else 0)

    def read(self, path: Path, advance: Advance) -> Iterator[Record]:
        _files.folder(path)
        posts = _posts(path)
        first = next(posts, None)
        if first is None:
            raise DataError(
                f"{path_text(path)} holds no .info file.",
                "Give the folder that holds the <handle>-<id>.info files.",
            )
        list_file = _list_file(path)
        if list_file is not None:
            yield from _influencers.accounts(list_file, advance)
        announced: set[str] = set()
        for file in itertools.chain([first], posts):
            for record in _read(file, advance):
                # Without a list, an account precedes its first post.
                if list_file is None and isinstance(record, Partial) and isinstance(record.row, Post):
                    account = record.row.account
                    if account not in announced:
                        announced.add(account)
                        yield Partial(Account(id=account), ("role",))
                yield record
        self.unread = _unread.unread(
            path,
            lambda file: file.name.endswith(".info") or file == list_file,
            reason=lambda _: "it is neither a post (.info) nor influencers.tsv.",
        )


def _read(path: Path, advance: Advance) -> Iterator[Record]:
    """The post of one file, its thumbnails and its comments."""
    file = path_text(path)
    data = _files.read(path, LARGEST)
    if isinstance(data, Reject):
        yield data
        return
    advance(len(data))
    try:
        node = _decode(data.removeprefix(b"\xef\xbb\xbf"))
        # The file name gives owner and id of a node that does not state them.
        owner, _, id = path_text(path.stem).rpartition("-")
        if node.id is None:
            node.id = id
        post = _graphql.post_of(node, _graphql.owner_of(node) or owner)
    except FAILURES as error:
        yield Reject(file, 1, reason(error, data), excerpt(data))
        return
    except ValueError as error:
        yield Reject(file, 1, str(error), excerpt(data))
        return
    yield _graphql.partial_of(node, post)
    yield from _graphql.previews(node, post.id, file)
    yield from _graphql.comment_links(_graphql.comments_of(node), post, file)


def _posts(path: Path) -> Iterator[Path]:
    for folder, names in _files.walk(path):
        yield from (folder / name for name in names if name.endswith(".info"))


def _list_file(path: Path) -> Path | None:
    return _files.first_of(path, *LISTS) or _files.first_of(path.resolve().parent, *LISTS)
