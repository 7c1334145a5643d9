"""Records of one import from rows of its tables: accounts, posts with pictures, endorsements, comments.

An account that posts or endorsements name and no list states becomes an account too: a brand if an
endorsement says so, else what it is in the workspace, else an influencer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from brandfit.data import captions, schema
from brandfit.data.cells import LONGEST_TEXT
from brandfit.data.importers._comments import Comments
from brandfit.data.role_names import RoleNames
from brandfit.data.schema import Account, Link, Partial, Picture, Post, Record, Reject
from brandfit.data.tables.pictures import PictureFiles
from brandfit.messages import clean, quoted

_WITH_DEFAULT = ("kind", "caption", "tags", "sponsors")
"""Fields of a post with a default in place of an empty cell."""
_NO_VALUE: tuple[Any, ...] = (None, [])
EXAMPLES = 3


@dataclass(frozen=True)
class Stored:
    """What the workspace knows already.

    roles     account to role, of the accounts that are not influencers
    accounts  all accounts
    """

    roles: Mapping[str, str] = field(default_factory=dict)
    accounts: Collection[str] = ()


class RecordMaker:
    """Makes the records of one import. Accounts come first, so that others are checked against them.

    pictures  the picture files of the source
    stored    what the workspace knows
    """

    def __init__(self, pictures: PictureFiles, stored: Stored, *, names: RoleNames) -> None:
        self.pictures = pictures
        self._stored = stored
        self._names = names
        self._stated: dict[str, str] = {}
        """Account of this source to its role; "" if the source states none."""
        self._named: dict[str, str] = {}
        """Account that is only named, or has no stated role, to the role that an endorsement gives it."""
        self._author_fields: dict[str, Account] = {}
        self._account_by_post: dict[str, str] = {}
        self._post_by_code: dict[str, str] = {}
        self._comment_link = Comments().link
        self._makers: dict[str, Callable[[dict[str, Any], str, int], Iterator[Record]]] = {
            "posts": self._post,
            "endorsements": self._endorsement,
            "comments": self._comment,
        }

    def records(self, table: str, row: dict[str, Any], *, file: str, line: int) -> Iterator[Record]:
        """The records of one row. Raises ValueError with the reason if it makes none."""
        return self._makers[table](row, file, line)

    def account(self, row: dict[str, Any], *, role: str) -> Account | Partial:
        """The account of a row. role: where no cell states one, "" if it is not known."""
        id = row["id"]
        stated = row.pop("role", None) or role
        if stated:
            self._stated[id] = stated
            return Account(role=stated, **row)  # type: ignore[arg-type]
        self._stated.setdefault(id, "")
        return Partial(Account(**row), ("role",))

    def author(self, row: dict[str, Any]) -> Partial | None:
        """The author of a post, as the row of the post states it; None if an earlier row stated the same."""
        account = Account(**row)
        # Every post of an author repeats the same fields.
        if self._author_fields.get(account.id) == account:
            return None
        self._author_fields[account.id] = account
        self._stated.setdefault(account.id, "")
        return Partial(account, ("role",))

    def named_accounts(self) -> Iterator[Account | Partial]:
        """After all rows: the accounts that are only named, and the brands that endorsements state."""
        for id, role in self._named.items():
            if role:
                yield Account(id=id, role=role)  # type: ignore[arg-type]
            elif id not in self._stated and id not in self._stored.accounts:
                yield Partial(Account(id=id), ("role",))

    def notes(self) -> list[str]:
        """Sentences on accounts that are only named."""
        new = [id for id in self._named if id not in self._stated and id not in self._stored.accounts]
        brands = [id for id, role in self._named.items() if role == "brand" and id in self._stated]
        notes = []
        if new:
            n_brands = sum(self._named[id] == "brand" for id in new)
            kinds = f" ({n_brands:,} {self._names.brands})" if n_brands else ""
            notes.append(
                f"{len(new):,} accounts are only named in posts or endorsements and are in no list{kinds}, "
                f"such as {', '.join(new[:EXAMPLES])}: they have no counts."
            )
        if brands:
            notes.append(
                f"{len(brands):,} accounts are {self._names.brands} because endorsements name them so, such "
                f"as {', '.join(brands[:EXAMPLES])}."
            )
        return notes

    # --- posts ----------------------------------------------------------------------------------------------

    def _post(self, row: dict[str, Any], file: str, line: int) -> Iterator[Record]:
        images, alt_texts = row.pop("images", []), row.pop("alt_text", [])
        code = row.pop("code", "")
        # A co-author is stored like an account that is tagged: endorsements are derived from both.
        coauthors = [id for id in row.pop("coauthors", []) if id != row["account"]]
        if coauthors:
            row["tags"] = list(dict.fromkeys([*row.get("tags", []), *coauthors]))
        if "id" not in row:
            row["id"] = derived_post_id(row)
        self._name(row["account"])
        partial = partial_post(row)
        post = partial.row
        assert isinstance(post, Post)
        self._account_by_post[post.id] = post.account
        if code and code != post.id:
            self._post_by_code[code] = post.id
        yield partial
        position = 0
        for name, alt_text in _with_texts(images, alt_texts):
            for picture in self.pictures.find(name, posts=(code, post.id)):
                if isinstance(picture, str):
                    short = quoted(_shortened(name))
                    yield Reject(
                        file, line, f"picture {short} of post {quoted(post.id)}: {picture}", clean(name[:80])
                    )
                    continue
                yield Picture(
                    post=post.id,
                    position=position,
                    data=picture.data,
                    source=picture.source,
                    file=file,
                    line=line,
                    alt_text=alt_text,
                )
                position += 1

    def _name(self, id: str, role: str = "") -> None:
        """Note that a row names an account."""
        if id not in self._stated or role:
            self._named[id] = self._named.get(id) or role

    # --- links ----------------------------------------------------------------------------------------------

    def _endorsement(self, row: dict[str, Any], file: str, line: int) -> Iterator[Link]:
        brand, influencer = row["brand"], row["influencer"]
        # An account cannot work with itself.
        if brand == influencer:
            raise ValueError(f"{quoted(brand)} is on both sides")
        for id, role in ((brand, "brand"), (influencer, "influencer")):
            self._check_role(id, role)
        self._name(brand, "" if self._role(brand) == "brand" else "brand")
        self._name(influencer)
        post = row.get("post")
        post = self._post_by_code.get(post, post) if post else None
        yield Link(
            id=schema.link_id("endorses", influencer, target=brand, post=post),
            kind="endorses",
            source=influencer,
            target=brand,
            post=post,
            time=row.get("time"),
            weight=row.get("weight"),
        )

    def _role(self, id: str) -> str:
        """The role of an account; "" if nothing states one."""
        stated = self._stated.get(id) or self._named.get(id, "")
        # A list of this import counts more than the workspace.
        if stated or id in self._stated:
            return stated or self._stored.roles.get(id, "")
        return self._stored.roles.get(id, "influencer" if id in self._stored.accounts else "")

    def _check_role(self, id: str, role: str) -> None:
        present = self._role(id)
        if present and present != role:
            word = self._names.in_text
            raise ValueError(f"{word(role)}: {quoted(id)} has the role {word(present)}")

    def _comment(self, row: dict[str, Any], file: str, line: int) -> Iterator[Link]:
        post = self._post_by_code.get(row["post"], row["post"])
        if post not in self._account_by_post:
            raise ValueError(f"post: {quoted(post)} is not in posts")
        yield self._comment_link(
            post,
            self._account_by_post[post],
            commenter=row["account"],
            text=row.get("text"),
            time=row.get("time"),
        )


def derived_post_id(row: Mapping[str, Any]) -> str:
    """An id of a post that states none: of its account, time and caption. Raises ValueError if only the
    account is known."""
    time, caption = row.get("time"), row.get("caption")
    # Two posts without time and caption could not be distinguished.
    if time is None and not caption:
        raise ValueError("id is missing, and neither time nor caption is known")
    content = "\n".join([row["account"], str(time), caption or ""])
    digest = hashlib.blake2b(content.encode("utf-8", "ignore"), digest_size=8).hexdigest()
    return f"{row['account']}-{digest}"


def partial_post(row: dict[str, Any]) -> Partial:
    """The post of a row without pictures, with the names of the fields that the row does not state."""
    caption = row.get("caption")
    # An empty cell states nothing: these fields get a default, which replaces no stored value.
    defaults = tuple([name for name in _WITH_DEFAULT if not row.get(name)])
    derived = tuple([name for name in captions.DERIVED if row.get(name) in _NO_VALUE])
    row["kind"] = row.get("kind") or "post"
    row["hashtags"] = row.get("hashtags") or captions.hashtags(caption or "")
    row["mentions"] = row.get("mentions") or captions.mentions(caption or "")
    if row.get("disclosed") is None:
        row["disclosed"] = captions.disclosed(caption, row["hashtags"], bool(row.get("sponsors")))
    return Partial(Post(**row), defaults, derived)


def _with_texts(images: list[str], alt_texts: list[str]) -> Iterator[tuple[str, str | None]]:
    """Each picture with its description."""
    for position, name in enumerate(images):
        text = alt_texts[position] if position < len(alt_texts) else None
        yield name, text.replace("\0", "")[:LONGEST_TEXT] if text is not None else None


def _shortened(text: str) -> str:
    return clean(text if len(text) <= 80 else f"...{text[-77:]}")
