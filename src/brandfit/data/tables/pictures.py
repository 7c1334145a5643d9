"""Picture files of a source, found by the names and links that posts give."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from brandfit.data.importers import _files
from brandfit.data.schema import Reject
from brandfit.data.sheets import Source
from brandfit.messages import path_text

WEB_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_NUMBERED = re.compile(r"[_-]\d{1,2}$")
"""The number of one of several pictures of a post at the end of the name of its file."""


@dataclass(frozen=True)
class PictureFile:
    """The bytes of a picture, and where they were read."""

    data: bytes
    source: str


class PictureFiles:
    """The pictures of a source.

    used     normalised paths of the files on disk that posts name, and names of members of archives
    n_links  links to pictures of which no file is here; ``link`` is the first
    """

    def __init__(self, path: Path, pictures: Sequence[Source]) -> None:
        self.folder = path if path.is_dir() else path.parent
        self._home = self.folder.resolve()
        self._pictures = pictures
        self.used: set[str] = set()
        self.n_links = 0
        self.link = ""
        self._by_name: dict[str, Source] = {}
        self._by_stem: dict[str, list[Source]] = {}
        self._by_member: dict[str, Source] = {}
        for picture in pictures:
            stem = PurePosixPath(picture.file_name).stem.lower()
            self._by_name.setdefault(picture.file_name.lower(), picture)
            for key in dict.fromkeys([stem, _NUMBERED.sub("", stem)]):
                self._by_stem.setdefault(key, []).append(picture)
            if picture.member:
                self._by_member[_normal(picture.member)] = picture

    def find(self, name: str, *, posts: Sequence[str]) -> Iterator[PictureFile | str]:
        """The picture of this name, or the reason why there is none. A link is looked for by the name of its
        file, then by the names of the post; if there is no such file it is counted.

        posts  shortcode and id of the post
        """
        if not WEB_ADDRESS.match(name):
            for one in self._names(name):
                yield self._member(one) or self._file(one)
            return
        picture = self._of_link(name, posts)
        if picture is None:
            self.n_links += 1
            self.link = self.link or name
        else:
            yield self._read(picture)

    def notes(self) -> list[str]:
        """A sentence on links to pictures, if there are any."""
        if not self.n_links:
            return []
        are = "picture is a link" if self.n_links == 1 else "pictures are links"
        return [
            f"{self.n_links:,} {are}, such as {self.link[:80]}, and nothing is fetched from the network. "
            "Download them into the folder of the tables, each with the name of its link or of its post, and "
            "import again."
        ]

    def _of_link(self, link: str, posts: Sequence[str]) -> Source | None:
        """The file with the name that a link ends with, or the next one of the post."""
        try:
            name = PurePosixPath(unquote(urlsplit(link).path)).name
        except ValueError:
            name = ""
        # Downloads keep the name of the link.
        if name.lower() in self._by_name:
            return self._by_name[name.lower()]
        # Tools name pictures by the shortcode or the id of the post.
        for post in filter(None, posts):
            for picture in self._by_stem.get(post.lower(), []):
                if _key(picture) not in self.used:
                    return picture
        return None

    def _names(self, name: str) -> list[str]:
        """The names in a cell: itself, or several with commas or semicolons between them."""
        if _file_name(name) in self._by_name or _files.is_file(self._home / name):
            return [name]
        parts = [part.strip() for part in re.split("[,;]", name)]
        are_pictures = all(part.lower().endswith(_files.PICTURES) for part in parts)
        return parts if len(parts) > 1 and are_pictures else [name]

    def _member(self, name: str) -> PictureFile | str | None:
        """The member of an archive with this path, or with the end of this path."""
        member = self._by_member.get(_normal(name))
        # Archives wrap their files into a folder.
        if member is None and self._by_member:
            same_name = [one for path, one in self._by_member.items() if path.endswith("/" + _normal(name))]
            member = same_name[0] if len(same_name) == 1 else None
        return self._read(member) if member is not None else None

    def _read(self, picture: Source) -> PictureFile | str:
        self.used.add(_key(picture))
        data = picture.read(_files.LARGEST_PICTURE)
        return data.reason if isinstance(data, Reject) else PictureFile(data, picture.file)

    def _file(self, name: str) -> PictureFile | str:
        """The file of this name in the folder, or the reason why it is not read."""
        path = self._home / name.replace("\\", "/")
        is_inside = "\0" not in name and _files.inside(self._home, path)
        if not is_inside or not _files.is_file(path):
            # Lists name files without their folder, in another case, or where they once were.
            same_name = self._by_name.get(_file_name(name))
            if same_name is not None:
                return self._read(same_name)
            return "there is no such file" if is_inside else "its path leads out of the folder"
        self.used.add(os.path.normpath(self.folder / name.replace("\\", "/")))
        data = _files.read(path, _files.LARGEST_PICTURE)
        # A file that cannot be read is named by its reason.
        if isinstance(data, Reject):
            return data.reason
        return PictureFile(data, path_text(self.folder / name))


def _file_name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name.lower()


def _normal(path: str) -> str:
    return os.path.normpath(path.replace("\\", "/")).lower()


def _key(picture: Source) -> str:
    return picture.file if picture.member else os.path.normpath(picture.path)
