"""Recognises what a sheet holds, by the names of its columns and the values of its first rows.

The handle of an account is the column whose name and values say so: names of handles come before links, and
links before ids; the values confirm it. A name that could mean several columns is read only if its values
fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brandfit.data import cells
from brandfit.data.cells import UNKNOWN_STYLE, Ambiguous, Style, is_missing
from brandfit.data.role_names import RoleNames
from brandfit.data.sheets import Sheet
from brandfit.data.tables.columns import COLUMNS, Column, reader_of_role
from brandfit.data.tables.headers import OF_REJECTS, folded, meaning, stated_currency, stated_unit
from brandfit.data.tables.mapping import IGNORE, NO_TABLE, NOT_KNOWN, ColumnMapping
from brandfit.data.tables.plan import EXAMPLES, Choice, ColumnPlan, Question, SheetPlan, TablePlan, Unused
from brandfit.messages import clean, quoted

CONFIRMED = 0.5
"""Share of the known cells of a column that must be readable, if its name alone does not decide."""
SURE = 0.8
"""Share of cells that show by their form, ``@name`` or a link, that the column holds handles."""
PLAUSIBLE = 0.9
"""Share of cells that could be handles, for a column to be offered as an answer."""
CHANGE = "--map and the page of columns change it"
EARLIER = 10
"""Entries of an earlier import that are named."""
SHORTEST_LIST = 5
"""Rows from which a single column that may hold handles is asked for."""
LONGEST_CELL = 60
"""Characters of a cell in a message."""
POST_ONLY = ("caption", "code", "hashtags", "images", "alt_text", "mentions", "coauthors")
"""Columns that only posts have."""
POST_ALSO = ("time", "likes", "comments", "tags", "sponsors", "disclosed")
"""Columns that posts have, and lists of accounts under the same names now and then."""
NOT_OF_AUTHORS = ("name", "description", "follows")
"""Headers that say something of the post in a sheet of posts: Follows are those that it brought."""
OF_AUTHORS = ("followers", "followees", "biography", "name", "business_category")
"""Columns of an account that a sheet of posts may state of their authors."""
_TITLES = {
    "posts": (
        "post",
        "posts",
        "beitrag",
        "beitrage",
        "publications",
        "media",
        "medias",
        "reels",
        "latestposts",
    ),
    "comments": ("comment", "comments", "kommentare", "commentaires", "latestcomments"),
    "endorsements": (
        "endorsement",
        "endorsements",
        "collaborations",
        "collabs",
        "partnerships",
        "kooperationen",
    ),
}
"""Table to the words that name it as a title of a sheet."""
_BRANDS = re.compile(
    r"\b(brands?|marken?|marques?|marcas?|marche|markalar|advertisers?|clients?|companies)\b", re.I
)


def recognise(
    sheet: Sheet, mapping: ColumnMapping, *, names: RoleNames, file_style: Style = UNKNOWN_STYLE
) -> SheetPlan:
    """The plan of a sheet. A sheet that is no known table has none, with the reason.

    file_style  what the other columns of the file show: it decides columns that show nothing themselves
    """
    return _Recogniser(sheet, mapping, names=names, file_style=file_style).plan()


def style_of_file(plans: Sequence[tuple[Sheet, SheetPlan]]) -> Style:
    """What all columns of numbers and times of a file show together; "" if they contradict each other."""
    marks, places = [], []
    for sheet, plan in plans:
        for table in plan.tables:
            for column in table.columns:
                values = [row.cells.get(column.headers[0]) for row in sheet.head]
                kind = next(one.kind for one in COLUMNS[table.table] if one.name == column.name)
                if kind == "money":
                    marks.append(cells.money_style(values).decimal)
                elif kind in ("count", "share"):
                    marks.append(cells.number_style(values).decimal)
                elif kind == "time":
                    places.append(cells.date_style(values).day)
    return Style(decimal=_agreed(marks), day=_agreed(places))


def _agreed(marks: Sequence[str]) -> str:
    """The one mark of all that are not empty; "" if they differ."""
    found = set(filter(None, marks))
    return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True)
class _Identity:
    """Headers of the identity of a row, and a question if none is sure."""

    headers: tuple[str, ...] = ()
    question: Question | None = None


class _Recogniser:
    def __init__(self, sheet: Sheet, mapping: ColumnMapping, *, names: RoleNames, file_style: Style) -> None:
        self.sheet, self.mapping, self.names = sheet, mapping, names
        self.file_style = file_style
        self.all_headers = sheet.header or tuple(sheet.head[0].cells if sheet.head else ())
        self.headers = [
            header
            for header in self.all_headers
            if header not in mapping.ignored and header not in OF_REJECTS
        ]
        self.values: dict[str, list[Any]] = {}
        for header in self.headers:
            cells = [row.cells.get(header) for row in sheet.head]
            self.values[header] = [cell for cell in cells if not is_missing(cell) and cell != ""]
        self.questions: list[Question] = []
        self.notes: list[str] = []
        self.refused: dict[str, str] = {}
        """Header to the reason why it is not the column that its name means."""

    def plan(self) -> SheetPlan:
        if self.mapping.table == NO_TABLE:
            return self._nothing("the mapping says that it is not read")
        # What the user states is not questioned.
        table = self.mapping.table or self._table()
        plans: list[TablePlan] = []
        if table == "posts":
            posts = self._posts()
            plans = [posts, *self._authors(posts)] if posts else []
        elif table in ("endorsements", "comments"):
            plans = [self._plain_table(table)]
        elif table == "accounts":
            accounts = self._accounts()
            plans = [accounts] if accounts else []
        if plans and self.mapping.from_earlier:
            shown = ", ".join(map(clean, self.mapping.from_earlier[:EARLIER]))
            self.notes.append(f"read as answered in an earlier import: {shown}; {CHANGE}")
        # Without accounts and without a question the sheet is nothing that we know.
        if not plans and not self.questions:
            return self._nothing(self._reason())
        return SheetPlan(
            self.sheet.name,
            tuple(plans),
            unused=tuple(self._unused(plans)),
            questions=tuple(self.questions),
            notes=tuple(self.notes),
        )

    def _nothing(self, reason: str) -> SheetPlan:
        return SheetPlan(self.sheet.name, (), reason=reason)

    def _reason(self) -> str:
        named = ", ".join([quoted(clean(header)[:LONGEST_CELL]) for header in self.headers[:8]])
        return f"no column of it is known to hold handles of accounts (columns: {named or 'none'})"

    # --- which table ----------------------------------------------------------------------------------------

    def _table(self) -> str:
        """The table that the sheet is: by its title, then by its columns."""
        found = {table: self._groups(table) for table in COLUMNS}
        title = self._title_table()
        is_pair = self._is_pair(found["endorsements"])
        if is_pair and title not in ("posts", "comments"):
            return "endorsements"
        comment_names = {
            "comment",
            "commenttext",
            "commenter",
            "commenterusername",
            "kommentar",
            "commentaire",
        }
        has_comment = any(folded(header) in comment_names for header in self.headers)
        refers_to_post = "post" in found["comments"] and "handle" in found["comments"]
        if title == "comments" and "handle" in found["comments"]:
            return "comments"
        if refers_to_post and (title == "comments" or (has_comment and "caption" not in found["posts"])):
            return "comments"
        if title == "posts" or (title != "accounts" and self._looks_like_posts(found)):
            return "posts"
        return "accounts"

    def _is_pair(self, found: Mapping[str, list[str]]) -> bool:
        """Whether a brand and an influencer are named in each row by columns of their own."""
        influencers = set(found.get("influencer", [])) - set(found.get("brand", []))
        is_content = any(meaning(header, "posts") for header in self.headers if folded(header) == "caption")
        return bool(found.get("brand") and influencers and not is_content)

    def _looks_like_posts(self, found: Mapping[str, Mapping[str, list[str]]]) -> bool:
        posts, of_accounts = found["posts"], found["accounts"]
        account_headers = {header for headers in of_accounts.values() for header in headers}
        only = [group for group in POST_ONLY if set(posts.get(group, [])) - account_headers]
        links = posts.get("link", [])
        n_links = sum(self._share(header, cells.post_code) >= CONFIRMED for header in links)
        also = [group for group in POST_ALSO if set(posts.get(group, [])) - account_headers]
        if only or n_links:
            # A list of accounts may name hashtags or an example picture: then it states counts, and no times.
            is_list = bool({"followers", "followees"} & set(of_accounts)) and self._one_row_each(of_accounts)
            return not (is_list and "caption" not in posts and "time" not in also)
        return len(also) >= 2 and not self._one_row_each(of_accounts)

    def _one_row_each(self, found: Mapping[str, list[str]]) -> bool:
        """Whether every account occurs in one row."""
        for group in ("handle", "account", "link"):
            for header in found.get(group, []):
                values = [str(value).strip().lower() for value in self.values[header]]
                return len(set(values)) == len(values)
        return False

    def _title_table(self) -> str:
        """The table that the title of the sheet names; "" if none."""
        # accounts.csv, or a sheet called Posts.
        word = folded(self.sheet.title)
        if word in COLUMNS:
            return word
        last = folded(re.split(r"[._\s/:-]", self.sheet.title.strip())[-1])
        for table, words in _TITLES.items():
            if word in words or last in words:
                return table
        return ""

    def _groups(self, table: str) -> dict[str, list[str]]:
        """Group of names of the table to the headers that are among them, the best first."""
        ranked: dict[str, list[tuple[tuple[int, int], str]]] = {}
        stated = set(self.mapping.header_of.values()) | self.mapping.attributes
        for header in self.headers:
            meant = meaning(header, table)
            # A header of which the mapping states something else has no other meaning.
            if meant is not None and header not in stated:
                ranked.setdefault(meant.group, []).append((_rank(meant.rank, header), header))
        for column in COLUMNS[table]:
            named = self.mapping.header(table, column.name)
            if named is not None and named in self.headers:
                group = _STATED_GROUP.get((table, column.name), column.name)
                ranked.setdefault(group, []).insert(0, ((-1, 0), named))
        for role, word in (("brand", self.names.brand), ("influencer", self.names.influencer)):
            if table == "endorsements" and not self.names.is_default:
                same = [
                    header
                    for header in self.headers
                    if folded(header) in (folded(word), folded(f"{word} id"))
                ]
                ranked.setdefault(role, [])[:0] = [((-1, 0), header) for header in same]
        return {group: [header for _, header in sorted(some)] for group, some in ranked.items()}

    # --- plans of the tables --------------------------------------------------------------------------------

    def _accounts(self) -> TablePlan | None:
        groups = self._groups("accounts")
        identity = self._identity("accounts", groups)
        if identity.question:
            self.questions.append(identity.question)
        if not identity.headers:
            return None
        # A column called Influencer next to one of handles holds names.
        called = [
            header
            for header in groups.get("account", [])
            if header not in identity.headers and not self._are_numbers(header)
        ]
        if called and "name" not in groups:
            groups["name"] = called
        columns = [ColumnPlan("id", identity.headers, UNKNOWN_STYLE)]
        columns += self._columns("accounts", groups, used=set(identity.headers))
        # Everything else that has texts or numbers stays with the account.
        used = {header for column in columns for header in column.headers}
        attributes = [header for header in self.headers if header not in used and self._is_attribute(header)]
        title_names_brands = bool(_BRANDS.search(self.sheet.title.replace("_", " ")))
        states_roles = any(column.name == "role" for column in columns)
        role = "brand" if title_names_brands and not states_roles else ""
        if role:
            self.notes.append(f"its title names brands, so its accounts are {self.names.brands}")
        return TablePlan("accounts", tuple(columns), attributes=tuple(attributes), role=role)

    def _posts(self) -> TablePlan | None:
        groups = self._groups("posts")
        owner = self._identity("posts", groups, column="account")
        if owner.question:
            self.questions.append(owner.question)
        if not owner.headers:
            return None
        ids = self._post_ids(groups)
        # A column called Post that holds no links holds captions.
        texts = [header for header in groups.get("link", []) if header not in ids and self.values[header]]
        if texts and "caption" not in groups:
            groups["caption"] = texts
        columns = [ColumnPlan("account", owner.headers, UNKNOWN_STYLE)]
        # The id comes first, because rejects name it.
        if ids:
            columns.insert(0, ColumnPlan("id", ids, UNKNOWN_STYLE))
        else:
            self.notes.append("no column holds ids of posts: they are made of account, time and caption")
        links = [header for header in groups.get("link", []) if header in ids]
        codes = [*groups.get("code", []), *links]
        if codes:
            columns.append(ColumnPlan("code", tuple(codes), UNKNOWN_STYLE))
        columns += self._columns("posts", self._tags_or_hashtags(groups), used={*owner.headers, *ids})
        return TablePlan("posts", tuple(columns))

    def _authors(self, posts: TablePlan) -> list[TablePlan]:
        """The plan of the authors of posts, if the sheet states something of them."""
        owner = posts.column("account")
        assert owner is not None
        used = {header for column in posts.columns for header in column.headers}
        groups = {}
        for group, headers in self._groups("accounts").items():
            # A plain "name" or "description" in a sheet of posts is not one of the author.
            own = [
                header for header in headers if header not in used and folded(header) not in NOT_OF_AUTHORS
            ]
            if group in OF_AUTHORS and own:
                groups[group] = own
        # A column called Account next to one of handles holds names.
        called = [
            header
            for header in self._groups("posts").get("account", [])
            if header not in used and not self._are_numbers(header)
        ]
        if called and "name" not in groups:
            groups["name"] = called
        if not groups:
            return []
        columns = self._columns("accounts", groups, used=used)
        identity = ColumnPlan("id", owner.headers, UNKNOWN_STYLE)
        return [TablePlan("accounts", (identity, *columns), is_author=True)]

    def _are_numbers(self, header: str) -> bool:
        """Whether the cells of a column are ids of the platform, which are no names."""
        return all(_cell_text(value).isdigit() for value in self.values[header])

    def _plain_table(self, table: str) -> TablePlan:
        """Endorsements or comments: each column by its name."""
        groups = self._groups(table)
        if table == "endorsements":
            # The general names of a handle are the influencer only if no better one is there.
            groups["influencer"] = [
                header for header in groups["influencer"] if header not in groups["brand"]
            ]
        return TablePlan(table, tuple(self._columns(table, groups, used=set())))

    def _columns(self, table: str, groups: Mapping[str, list[str]], *, used: set[str]) -> list[ColumnPlan]:
        """The columns of a table other than those that are used already."""
        plans = []
        taken = set(used)
        done = {"id", "account", "code"} if table in ("accounts", "posts") else set()
        for column in COLUMNS[table]:
            if column.name in done:
                continue
            stated = self.mapping.header(table, column.name)
            # A stated header is read even if its cells look like something else.
            if stated is not None:
                headers = [stated]
            else:
                headers = [h for group in column.name_groups for h in groups.get(group, []) if h not in taken]
                headers = [h for h in headers if h not in self.mapping.attributes]
            header = self._best(table, column, headers)
            if header is None and stated is not None:
                header = stated
            if header is not None:
                taken.add(header)
                style = self._style(table, column, header)
                currency = stated_currency(header) if column.name == "price" else ""
                # Each of several columns may say that a post is an advertisement.
                more = headers if column.name == "disclosed" and stated is None else []
                others = [one for one in more if one != header and self.values[one]]
                taken.update(others)
                plans.append(ColumnPlan(column.name, (header, *others), style, currency))
        return plans

    def _best(self, table: str, column: Column, headers: Sequence[str]) -> str | None:
        """The first header whose cells can be read as the column; an empty column only if no other can."""
        empty: str | None = None
        for header in headers:
            # An empty column is better than none, and worse than any with cells.
            if not self.values[header]:
                empty = empty or header
                continue
            least = CONFIRMED if column.name in ("role", "kind", "split", "engagement_rate") else 0.0
            share = self._readable(column, header)
            # The own name of a column needs no confirmation, unless another column can be read.
            is_own = folded(header) == folded(column.name)
            if share > least or (is_own and not self._another_fits(column, header, headers=headers)):
                return header
            self.refused[header] = f"its cells cannot be read as {column.name}"
        return empty

    def _another_fits(self, column: Column, header: str, *, headers: Sequence[str]) -> bool:
        """Whether no cell of a header can be read as the column, and most of another header can."""
        others = [one for one in headers if one != header and self.values[one]]
        return not self._readable(column, header) and any(
            self._readable(column, one) >= CONFIRMED for one in others
        )

    def _readable(self, column: Column, header: str) -> float:
        """Share of the known cells that can be read as the column, in any style."""
        if column.name == "role" and not self.names.is_default:
            return self._share(
                header, reader_of_role({"brand": self.names.brand, "influencer": self.names.influencer})
            )
        if column.name == "engagement_rate":
            style = _share_style(self.values[header], header)
            return self._share(header, lambda cell: _rate(column, cell, style))
        if column.kind == "share":
            style = _share_style(self.values[header], header)
            return self._share(header, lambda cell: column.read(cell, style))
        if column.kind == "count":
            return self._share(header, lambda cell: cells.number(cell, UNKNOWN_STYLE))
        return self._share(header, lambda cell: column.read(cell, UNKNOWN_STYLE))

    def _share(self, header: str, read: Callable[[Any], Any]) -> float:
        values = self.values[header]
        # Nothing confirms an empty column.
        if not values:
            return 0.0
        n_readable = 0
        for value in values:
            try:
                n_readable += read(value) is not None
            except (Ambiguous, cells.OtherPlatform):
                n_readable += 1
            except ValueError:
                continue
        return n_readable / len(values)

    # --- identity -------------------------------------------------------------------------------------------

    def _identity(self, table: str, groups: Mapping[str, list[str]], *, column: str = "id") -> _Identity:
        """The headers that name the account of a row."""
        stated = self.mapping.header(table, column)
        if stated is not None:
            return _Identity((stated,))
        order = next(one for one in COLUMNS[table] if one.name == column).name_groups
        named = [header for group in order for header in groups.get(group, [])]
        chosen = [header for header in named if self._share(header, self._account_id) >= CONFIRMED]
        if not self.names.is_default and named:
            # Ids of other things than accounts are free texts.
            chosen = chosen or named[:1]
        if chosen:
            links = {header for group in ("link", "account_link") for header in groups.get(group, [])}
            return _Identity((chosen[0], *[header for header in chosen[1:] if header in links]))
        # An unknown name, and cells that can be nothing but handles.
        shown = [header for header in self.headers if self._share(header, _shows_handle) >= SURE]
        if shown:
            self.notes.append(
                f"{quoted(clean(shown[0]))} holds the handles: its cells are links or begin with @"
            )
            return _Identity((shown[0],))
        # A column called handle is one, even if no cell is: each is rejected with the reason.
        sure = [header for header in named if header in groups.get("handle", [])]
        if sure or (named and not any(self.values[header] for header in named)):
            return _Identity(((sure or named)[0],))
        return _Identity(question=self._which_handle(column))

    def _account_id(self, cell: Any) -> str:
        return cells.account_id(cell, free=not self.names.is_default)

    def _which_handle(self, column: str) -> Question | None:
        """The question which column holds the handles, if there is one that may."""
        # A cover sheet with a few words is no table.
        if len(self.headers) < 2 and len(self.sheet.head) < SHORTEST_LIST:
            return None
        choices = []
        for header in self.headers:
            values = [str(value).strip().lower() for value in self.values[header]]
            is_plausible = self._share(header, _maybe_handle) >= PLAUSIBLE
            if values and is_plausible and len(set(values)) >= PLAUSIBLE * len(values):
                example = clean(str(self.values[header][0]))[:LONGEST_CELL]
                choices.append(Choice(f"{clean(header)[:LONGEST_CELL]} ({example})", f"{column}={header}"))
        # No column may hold handles: there is nothing to ask.
        if not choices:
            return None
        return Question("Which column holds the handles?", tuple(choices), is_blocking=True)

    def _post_ids(self, groups: Mapping[str, list[str]]) -> tuple[str, ...]:
        """The headers of the id of a post: ids, then shortcodes, then links to posts."""
        stated = self.mapping.header("posts", "id")
        if stated is not None:
            return (stated,)
        ids = [*groups.get("id", []), *groups.get("code", [])]
        found = []
        for header in ids:
            if self._share(header, _rounded_id) >= CONFIRMED:
                self.refused[header] = "a spreadsheet rounded its numbers, so that they name no post any more"
            elif self.values[header]:
                found.append(header)
        found += [h for h in groups.get("link", []) if self._share(h, cells.post_code) >= CONFIRMED]
        return tuple(found)

    # --- the rest of the columns ----------------------------------------------------------------------------

    def _tags_or_hashtags(self, groups: dict[str, list[str]]) -> dict[str, list[str]]:
        """The groups, with a column "tags" of hashtags among the hashtags. One of words that may be accounts,
        hashtags or labels is asked for."""
        tags, of_hashtags = [], []
        for header in groups.get("tags", []):
            if self._share(header, _shows_hashtag) >= CONFIRMED:
                of_hashtags.append(header)
            elif self._may_be_labels(header, groups):
                self._ask_for_tags(header)
            else:
                tags.append(header)
        return {**groups, "tags": tags, "hashtags": [*groups.get("hashtags", []), *of_hashtags]}

    def _may_be_labels(self, header: str, groups: Mapping[str, list[str]]) -> bool:
        """Whether the words of a column called tags need not be handles: nothing shows that they are."""
        if folded(header) != "tags" or self.mapping.header("posts", "tags") == header:
            return False
        # The names of our own template and exports mean what they say.
        if {"id", "account"} <= set(self.headers) or not self.values[header]:
            return False
        owners: set[str] = set()
        for group in ("handle", "account"):
            for one in groups.get(group, []):
                owners.update(str(value).strip().lstrip("@").lower() for value in self.values[one])
        for value in self.values[header]:
            text = _cell_text(value).lower()
            words = set(re.split(r"[\s,;|'\"\[\]{}()]+", text))
            if "@" in text or "instagram.com/" in text or words & owners:
                return False
        return True

    def _ask_for_tags(self, header: str) -> None:
        self.refused[header] = "its words may be accounts, hashtags or labels"
        example = clean(_cell_text(self.values[header][0]))[:LONGEST_CELL]
        choices = (
            Choice("tagged accounts", f"tags={header}"),
            Choice("hashtags", f"hashtags={header}"),
            Choice("labels, not read", f"ignore={header}"),
        )
        shown = quoted(clean(header)[:LONGEST_CELL])
        self.questions.append(
            Question(
                f"What are the words of {shown}, such as {example}?", choices, count=len(self.values[header])
            )
        )

    def _style(self, table: str, column: Column, header: str) -> Style:
        """The style of a column, with a question if cells depend on it that nothing decides."""
        observed = UNKNOWN_STYLE
        values = self.values[header]
        if column.kind == "count":
            observed = cells.number_style(values)
            unit = stated_unit(header)
            # A unit in the header leaves nothing unknown.
            observed = replace(observed, unit=unit, stated_unit="") if unit else observed
        elif column.kind == "money":
            observed = cells.money_style(values)
        elif column.kind == "share":
            observed = _share_style(values, header)
        elif column.kind == "time":
            observed = cells.date_style(values)
        observed = self._with_file_style(column, header, observed=observed)
        style = self.mapping.style(table, column.name, observed=observed)
        return self._decided(table, column, header=header, style=style)

    def _with_file_style(self, column: Column, header: str, *, observed: Style) -> Style:
        """The style of a column, completed by that of the file where a cell has two readings without it."""
        completed = replace(
            observed,
            decimal=observed.decimal or self.file_style.decimal,
            day=observed.day or self.file_style.day,
        )
        if completed == observed or column.kind == "text":
            return observed
        for value in self.values[header]:
            try:
                column.read(value, observed)
            except Ambiguous:
                shown = quoted(clean(str(value))[:LONGEST_CELL])
                self.notes.append(
                    f"{quoted(clean(header))} is read like other columns of the file, such as {shown}"
                )
                return completed
            except ValueError:
                continue
        return observed

    def _decided(self, table: str, column: Column, *, header: str, style: Style) -> Style:
        """The style, completed by that of an earlier import where the file decides nothing; what is not clear
        then is asked."""
        name = f"{table}.{column.name}"
        unclear, ambiguous = self._unclear(column, header, style=style)
        if not unclear and column.kind == "share" and not self._shows_share(header):
            # Small values alone are a weak evidence: the same tool writes the same header in the same way.
            earlier = self.mapping.stated_style(table, column.name, setting="share", earlier=True)
            stated = self.mapping.stated_style(table, column.name, setting="share")
            unclear = "share" if earlier and earlier != style.share and not stated else ""
            ambiguous = self.values[header]
        if not unclear:
            return style
        question = _style_question(name, header, unclear=unclear, cells=ambiguous)
        earlier = self.mapping.stated_style(table, column.name, setting=unclear, earlier=True)
        if earlier and self.mapping.stated_style(table, column.name, setting=unclear) != NOT_KNOWN:
            style = replace(style, **{unclear: "" if earlier == "1" else earlier})
            entry = f"{name}.{unclear}={earlier}"
            question = replace(question, answer=entry)
            self.notes.append(
                f"{quoted(clean(header)[:LONGEST_CELL])} is read as in an earlier import ({entry}), because "
                f"its cells do not show how they are written; {CHANGE}"
            )
        self.questions.append(question)
        return style

    def _shows_share(self, header: str) -> bool:
        """Whether cells of shares show if they are percentages: by a sign, or by values above 1."""
        style = cells.share_style(self.values[header])
        if "%" in header or style.share in ("", "mixed"):
            return True
        return any(
            (number := _plain_number(value)) is not None and number > 1 for value in self.values[header]
        )

    def _unclear(self, column: Column, header: str, *, style: Style) -> tuple[str, list[Any]]:
        """The setting of the style that cells depend on and that nothing decides, "" if none, and these
        cells."""
        if column.kind == "text":
            return "", []
        unclear, ambiguous = "", []
        for value in self.values[header]:
            try:
                column.read(value, style)
            except Ambiguous:
                ambiguous.append(value)
                unclear = "day" if column.kind == "time" else "decimal"
                # Percentages and fractions, or a mark that has two readings.
                if column.kind == "share" and style.share in ("mixed", ""):
                    unclear = "share"
            except ValueError:
                if style.unit == "unknown":
                    ambiguous.append(value)
        # A unit that is not stated concerns every number of the column.
        return ("unit" if style.unit == "unknown" else unclear), ambiguous

    def _is_attribute(self, header: str) -> bool:
        """Whether a column is kept with the account: it has values, and these are texts or numbers."""
        if header in self.mapping.attributes:
            return True
        values = self.values[header]
        return bool(header.strip() and values) and not any(
            isinstance(value, (list, dict)) for value in values
        )

    def _unused(self, plans: Sequence[TablePlan]) -> list[Unused]:
        """The columns that no plan reads, with their first values."""
        used = {header for plan in plans for column in plan.columns for header in column.headers}
        used |= {header for plan in plans for header in plan.attributes}
        unused = []
        for header in self.all_headers:
            cells_ = [row.cells.get(header) for row in self.sheet.head]
            values = [cell for cell in cells_ if not is_missing(cell) and cell != ""]
            if header in used or not header.strip() or header in OF_REJECTS:
                continue
            shown = tuple([clean(_cell_text(value))[:LONGEST_CELL] for value in values[:EXAMPLES]])
            reason = "the mapping says so" if header in self.mapping.ignored else self.refused.get(header, "")
            if f"{IGNORE}={header}" in self.mapping.from_earlier:
                reason = "as answered in an earlier import"
            unused.append(Unused(header, shown, reason))
        return unused


def _style_question(column: str, header: str, *, unclear: str, cells: Sequence[Any]) -> Question:
    """The question how the numbers or times of a column are written."""
    example = clean(_cell_text(cells[0]))[:LONGEST_CELL] if cells else ""
    shown = quoted(clean(header)[:LONGEST_CELL])
    if unclear == "unit":
        choices: tuple[Choice, ...] = (
            Choice("thousands", f"{column}.unit=K"),
            Choice("millions", f"{column}.unit=M"),
            Choice("as they are", f"{column}.unit=1"),
        )
        return Question(
            f"In what unit are the numbers of {shown}, such as {example}?", choices, count=len(cells)
        )
    if unclear == "share":
        choices = (
            Choice("percentages: 0.9 is 0.9 %", f"{column}.share=percent"),
            Choice("fractions: 0.9 is 90 %", f"{column}.share=fraction"),
        )
        return Question(
            f"Are numbers without % in {shown}, such as {example}, percentages or fractions?",
            choices,
            count=len(cells),
        )
    if unclear == "day":
        choices = (
            Choice("the day", f"{column}.day=first"),
            Choice("the month", f"{column}.day=second"),
        )
        return Question(
            f"What comes first in the dates of {shown}, such as {example}?", choices, count=len(cells)
        )
    choices = (
        Choice("thousands", f"{column}.decimal=,"),
        Choice("decimals", f"{column}.decimal=."),
    )
    return Question(f"What does the point separate in {shown}, such as {example}?", choices, count=len(cells))


def _share_style(values: Sequence[Any], header: str) -> Style:
    """The style of a column of shares; its header may say that they are percentages."""
    style = cells.share_style(values)
    return replace(style, share="percent") if "%" in header or "percent" in header.lower() else style


def _rate(column: Column, cell: Any, style: Style) -> float | None:
    """A share; a count of interactions is none."""
    value: float | None = column.read(cell, style)
    return value if value is not None and 0 <= value <= 1 else None


_STATED_GROUP = {
    ("accounts", "id"): "handle",
    ("posts", "account"): "handle",
    ("comments", "account"): "handle",
}
"""Columns of identity to the group of names that is asked first."""
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def _rank(rank: int, header: str) -> tuple[int, int]:
    """The place of a header among those of one column: by its name, then the latest year that it names."""
    years = _YEAR.findall(header)
    return rank, -int(years[-1]) if years else 0


def _plain_number(cell: Any) -> float | None:
    try:
        return cells.number(cell, Style(decimal=cells.number_style([cell]).decimal or "."))
    except ValueError:
        return None


def _shows_handle(cell: Any) -> str | None:
    """A handle that shows by its form what it is: @name, or a link to a profile."""
    text = cell.strip() if isinstance(cell, str) else ""
    if not (
        text.startswith(("@", "＠")) or "instagram.com/" in text.lower() or "instagr.am/" in text.lower()
    ):
        return None
    return cells.account_id(text)


def _maybe_handle(cell: Any) -> str | None:
    """A handle that is more than a word of digits."""
    if not isinstance(cell, str) or cell.strip().isdigit():
        return None
    return cells.account_id(cell)


def _rounded_id(cell: Any) -> bool | None:
    """Whether a long number ends in zeros, as a spreadsheet leaves it: it keeps 15 digits."""
    digits = _cell_text(cell).strip()
    return True if digits.isdigit() and len(digits) > 16 and digits.endswith("0000") else None


def _shows_hashtag(cell: Any) -> bool | None:
    text = _cell_text(cell).lstrip(" ['\"{(")
    return True if text.startswith(("#", "＃")) else None


def _cell_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return value.strip() if isinstance(value, str) else str(value)
