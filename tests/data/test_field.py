"""Files as people and tools write them, each with the right result. ``tests/field`` holds them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from brandfit import pipeline
from brandfit.workspace import Workspace

FIELD = Path(__file__).resolve().parents[1] / "field"


class Result(SimpleNamespace):
    """A workspace after an import: rows by id, rejects, notes."""

    def account(self, id: str) -> dict[str, Any]:
        return self.accounts[id]

    def says(self, *words: str) -> bool:
        """Whether one note holds all the words."""
        return any(all(word in note for word in words) for note in self.notes)


@pytest.fixture
def field(tmp_path) -> Callable[..., Result]:
    """Import a case as a user would, and return what is in the workspace."""

    def run(case: str, **settings: Any) -> Result:
        folder = tmp_path / case
        if not folder.exists():
            shutil.copytree(FIELD / case, folder)
        workspace = tmp_path / "work"
        source = pipeline.recognise(folder)
        imported = pipeline.import_source(workspace, source, path=folder, settings=settings)
        with Workspace(workspace) as opened:
            dataset = opened.dataset()
            return Result(
                source=source,
                imported=imported,
                accounts={row["id"]: row for row in dataset.accounts.to_pylist()},
                posts={row["id"]: row for row in dataset.posts.to_pylist()},
                rejects=[(row["line"], row["reason"]) for row in opened.rejects()],
                notes=list(imported.warnings),
                sheets=list(imported.sheets),
                dataset=dataset,
            )

    return run


def followers(result: Result) -> dict[str, int | None]:
    return {id: row["followers"] for id, row in result.accounts.items()}


def test_decimal_commas_without_a_unit_are_a_question(field):
    result = field("02-kaggle-decimal-comma")
    assert followers(result) == dict.fromkeys(("goalmaker.nine", "lipkit.mogul", "model.k", "wild.geo"))
    assert result.says("In what unit", "followers")
    assert {row["country"] for row in result.accounts.values()} == {"Spain", "United States"}
    rates = {id: row["engagement_rate"] for id, row in result.accounts.items()}
    assert rates["goalmaker.nine"] == pytest.approx(0.0139)
    answered = field("02-kaggle-decimal-comma", map=["followers.unit=M"])
    assert followers(answered)["goalmaker.nine"] == 475_800_000
    assert followers(answered)["lipkit.mogul"] == 254_000_000


def test_nick_is_the_handle(field):
    result = field("03-hypeauditor-top")
    assert followers(result) == {
        "singer.bronx": 253_700_000,
        "burak.grills": 54_700,
        "gusein.show": 28_000_000,
        "love__rose92x": 5_900,
    }
    assert result.account("burak.grills")["category"] == "food"
    assert result.account("burak.grills")["country"] == "Turkey"
    assert result.account("gusein.show")["category"] == "Shows"
    assert result.says("Shows", "kept as written")


def test_a_handle_column_beats_an_id_column(field):
    result = field("04-uuid-id-and-username")
    assert set(result.accounts) == {"salsa.eats", "grandpa.kitchen"}
    assert {id: row["account"] for id, row in result.posts.items()} == {
        "9001": "salsa.eats",
        "9002": "grandpa.kitchen",
    }
    assert result.posts["9001"]["likes"] == 420
    assert result.account("salsa.eats")["followers"] == 28_900
    assert result.account("salsa.eats")["engagement_rate"] == pytest.approx(0.021)


def test_profiles_of_a_scraper(field):
    result = field("05-apify-profile-csv")
    mila, otto = result.account("mila.tastes"), result.account("otto.peaks")
    assert (mila["followers"], mila["followees"], mila["posts"]) == (48_211, 911, 1_204)
    assert (mila["business_category"], otto["business_category"]) == ("Food & beverage", None)


def test_an_outreach_list_of_three_platforms(field):
    result = field("08-outreach-list")
    assert {id: row["category"] for id, row in result.accounts.items()} == {
        "sara.l28": "finance",
        "ines.c1": "beauty",
    }
    assert result.account("sara.l28")["engagement_rate"] == pytest.approx(0.0467)
    assert len(result.rejects) == 2
    assert result.says("1 row of TikTok")
    assert result.says("1 row of YouTube")


def test_arrays_of_profiles_and_posts(field):
    result = field("10-apify-json-array")
    assert followers(result) | {} == {"mila.tastes": 48_211, "otto.peaks": 18_233, "tarn.boots": None} or set(
        result.accounts
    ) == {"mila.tastes", "otto.peaks"}
    first, second = result.posts["3687361308854381515"], result.posts["3696775766840372904"]
    assert (first["account"], first["likes"], first["comments"], first["time"]) == (
        "mila.tastes",
        4_244,
        7,
        1_753_787_743,
    )
    assert first["mentions"] == ["otto.peaks"]
    assert first["hashtags"] == ["อาหารเจ", "veganthailand"]
    assert (second["account"], second["likes"], second["tags"]) == ("otto.peaks", None, ["tarn.boots"])
    assert result.says("pictures are links")


def test_an_answer_of_the_graph_api(field):
    result = field("12-graph-api")
    assert followers(result) == {"mila.tastes": 48_211}
    (post,) = result.posts.values()
    assert (post["account"], post["likes"], post["comments"], post["time"]) == (
        "mila.tastes",
        300,
        12,
        1_719_770_591,
    )


def test_spellings_of_counts(field):
    result = field("15-number-forms")
    counts = followers(result)
    assert len(counts) == 35
    assert {id: counts[id] for id in ("a1", "a2", "a3", "a4", "a5", "a6", "a7")} == {
        "a1": 12_500,
        "a2": 12_500,
        "a3": 1_200_000,
        "a4": 1_200_000,
        "a5": 12_500,
        "a6": 1_234,
        "a7": 1_234,
    }
    assert [counts[f"a{n}"] for n in (8, 9, 25)] == [None] * 3
    assert [counts[f"a{n}"] for n in range(10, 25)] == [
        48_211, 10_000, 12_000, 12_000, 12_000, 12_000, 12_345, 15_000, 15_000, 1_200_000,
        48_200, 48_211, 48_211, 48_211, 1_500_000_000,
    ]  # fmt: skip
    assert [counts[f"a{n}"] for n in range(26, 36)] == [None] * 6 + [12_345_678, 123_456, 1_234, 48_211]
    assert result.says("followers", "unknown", "1.234")


def test_spellings_of_times(field):
    result = field("16-date-forms")
    times = {id: row["time"] for id, row in result.posts.items()}
    assert len(times) == 30
    day, ten = 1_704_412_800, 1_704_448_800
    assert [times[f"p{n:02}"] for n in (0, 2, 3, 4, 5, 14, 15, 18, 22, 25)] == [ten] * 10
    assert [times[f"p{n:02}"] for n in (7, 8, 10, 12, 13, 16, 20, 23, 24)] == [day] * 9
    assert [times[f"p{n:02}"] for n in (9, 11, 21, 26, 27, 28, 29)] == [None] * 7
    assert (times["p01"], times["p06"], times["p19"]) == (1_719_770_591, 1_633_436_461, ten + 5 * 3600)
    assert result.says("What comes first in the dates")
    answered = field("16-date-forms", map=["time.day=second"])
    assert answered.posts["p09"]["time"] == day


@pytest.mark.parametrize("case", ["17a-cp1252", "17r-cp1252-bio", "17c-utf16-nobom"])
def test_other_encodings(field, case):
    result = field(case)
    name = {row["name"] for row in result.accounts.values()}
    assert "Zoë" in name
    if case != "17a-cp1252":
        assert "José Müller" in name or case == "17c-utf16-nobom"
    texts = {row["biography"] for row in result.accounts.values()}
    assert "Été à la plage" in texts
    assert result.says("1252") or case == "17c-utf16-nobom"


@pytest.mark.parametrize(
    "case", ["17g-sep-line", "17h-cr-only", "17j-pipe", "17k-title-row", "17l-trailing-empty"]
)
def test_forms_of_csv(field, case):
    result = field(case)
    expected = {"anna.k": 12_000} | ({"ben.l": 13_000} if case == "17h-cr-only" else {})
    assert followers(result) == expected
    assert not result.rejects
    assert result.says("Influencer list") or case != "17k-title-row"
    assert result.says("Total") or case != "17l-trailing-empty"


def test_handles_as_people_write_them(field):
    result = field("18-handle-forms")
    assert set(result.accounts) >= {
        "some.one", "other_1", "mila.tastes", "short.one", "mob.ile", "deep.link", "story.teller",
        "with.prefix", "zero.width", "excel.link",
        "1234567890", "full.width",
    }  # fmt: skip
    assert len(result.accounts) == 12
    reasons = " ".join(reason for _, reason in result.rejects)
    assert len(result.rejects) == 6
    for word in ("link of a post", "TikTok", "YouTube", "several", "rounded"):
        assert word in reasons
    assert result.posts["2"]["account"] == "other_1"
    assert result.posts["1"]["mentions"] == ["some.one", "other_1", "mila.tastes"]


def test_a_workbook_with_a_title(field):
    result = field("26a-xlsx-title-row")
    assert followers(result) == {"anna.k": 12_000, "ben.l": 13_000}
    assert {row["category"] for row in result.accounts.values()} == {"food"}
    assert result.says("Influencer shortlist Q3")


def test_errors_of_a_spreadsheet_are_unknown(field):
    result = field("26e-xlsx-error-cells")
    counts = {id: (row["followers"], row["followees"]) for id, row in result.accounts.items()}
    assert counts == {"anna.k": (None, 10), "ben.l": (None, 10), "cara.m": (15_000, None)}


def test_ids_that_a_spreadsheet_rounded_are_refused(field):
    result = field("26g-csv-long-ids-excel")
    assert not result.posts
    assert len(result.rejects) == 3
    assert all("rounded" in reason for _, reason in result.rejects)


def test_lists_in_cells(field):
    result = field("36-python-lists")
    assert set(result.accounts) == {"mila.tastes", "otto.peaks", "tarn.boots"}
    posts = result.posts
    assert all(posts[id]["hashtags"] == ["vegan", "bread"] for id in ("1", "3", "4", "5"))
    assert [posts[id]["mentions"] for id in "12345"] == [
        ["otto.peaks"],
        [],
        ["otto.peaks"],
        ["otto.peaks"],
        ["otto.peaks", "tarn.boots"],
    ]
    assert posts["2"]["tags"] == ["tarn.boots", "otto.peaks"]
    assert [posts[id]["likes"] for id in "12345"] == [None, 100, 100, None, None]


def test_hidden_likes_are_unknown(field):
    result = field("37-hidden-likes")
    assert [(row["likes"], row["comments"]) for row in result.posts.values()] == [
        (None, 5),
        (100, None),
        (100, 5),
    ]


def test_every_column_that_is_not_used_is_named(field):
    result = field("38-many-columns")
    (post,) = result.posts.values()
    assert (post["account"], post["likes"], post["comments"], post["time"]) == (
        "mila.tastes",
        100,
        5,
        1_736_071_200,
    )
    for n in range(25):
        assert sum(f"extra_{n} " in note or f"extra_{n}," in note for note in result.notes) == 1


def test_rows_of_one_handle_are_merged(field):
    result = field("42-dup-rows")
    assert set(result.accounts) == {"mila.tastes"}
    assert result.account("mila.tastes")["followers"] == 48_211
    assert result.account("mila.tastes")["category"] == "food"
    assert result.says("48211", "12", "food and travel")


def test_a_header_with_commas(field):
    result = field("45-comma-title")
    (mila,) = result.accounts.values()
    assert (mila["id"], mila["biography"], mila["followers"]) == ("mila.tastes", "Bread, cakes, tea", 48_211)


def test_posts_alone_make_their_accounts(field):
    result = field("48-posts-csv-alone")
    assert followers(result) == {"mila.tastes": 11_537, "otto.peaks": 9_000}
    assert {row["account"] for row in result.posts.values()} == {"mila.tastes", "otto.peaks"}
    assert len(result.posts) == 3


def test_percentages_of_endorsements(field):
    result = field("52-endorse-amount")
    (link,) = result.dataset.links_of_kinds("endorses").to_pylist()
    assert (link["source"], link["target"], link["time"]) == ("mila.tastes", "oat.co", 1_706_659_200)
    assert link["weight"] == pytest.approx(0.035)
    assert result.says("campaign")


def test_a_member_list_names_instagram(field):
    result = field("55-aspire-template")
    assert set(result.accounts) == {"mila.tastes", "otto.peaks"}


def test_a_list_that_was_wrong_names_accounts_by_their_handles(field):
    assert set(field("57-reimport-1").accounts) == {"mila.tastes", "otto.peaks"}


def test_captions_in_many_scripts(field):
    result = field("30-multilingual")
    assert not result.rejects
    assert len(result.dataset.links_of_kinds("endorses")) == 4
    assert result.account("green.oats")["role"] == "brand"


def test_each_language_finds_its_own_first(field, tmp_path):
    result = field("30-multilingual")
    place = tmp_path / "work"
    pipeline.encode(place, "text.hashing")
    caption_by_account = {}
    for post in result.posts.values():
        caption_by_account.setdefault(post["account"], post["caption"])
    for account, caption in caption_by_account.items():
        if not account.endswith("_0"):
            continue
        # The first line without the number and the emoji at its end.
        query = caption.split("\n")[0].rsplit(" ", 2)[0]
        best = pipeline.search(place, [query]).rows[0]["influencer"]
        assert best.partition("_")[0] == account.partition("_")[0], query
    # Words inside a run without blanks, and words with vowel signs.
    for word, language in (
        ("テント", "ja"),
        ("露营", "zh"),
        ("เดินป่า", "th"),
        ("शाकाहारी", "hi"),
        ("캠핑", "ko"),
    ):
        best = pipeline.search(place, [word]).rows[0]["influencer"]
        assert best.partition("_")[0].endswith(language), word


def test_a_stated_category_is_the_evidence(field, tmp_path):
    result = field("46-stated")
    place = tmp_path / "work"
    assert {row["category"] for row in result.accounts.values()} == {"food", "travel"}
    pipeline.encode(place, "text.hashing")
    shown = pipeline.describe_accounts(place, ["stated.food0"])[0]
    assert (shown["category"], shown["category_source"]) == ("food", "stated")


def test_words_are_found_in_any_form_of_their_letters(field, tmp_path):
    field("47-filters")
    place = tmp_path / "work"

    def found(where: str) -> set[str]:
        return {row["influencer"] for row in pipeline.search(place, where=where).rows}

    assert found("biography:café") == found("biography:cafe") == {"nfd.c", "nfc.c"}
    assert found("hashtag:café") == {"nfd.c", "nfc.c"}
    assert found("biography:vegan") == {"bold.v"}
    assert found("hashtag:vegan") == {"bold.v"}
    assert found("hashtag:istanbul") == found("biography:istanbul") == {"isik.t"}
    assert found("hashtag:ışık") == {"isik.t"}
    assert found("category:food") == {"gida.tr"}
    assert found("category:lifestyle") == {"bold.v"}


def test_entities_of_pages_are_letters(field):
    result = field("47-filters")
    assert result.posts["6"]["caption"] == "Tarif #yemektarifleri & 'lezzet'"
    assert result.posts["6"]["hashtags"] == ["yemektarifleri"]
    assert result.posts["1"]["caption"].startswith("#𝘃𝗲𝗴𝗮𝗻")


EXPORTS = {
    "01crowdtangle": {"mila.tastes": (48_211, "Mila Tastes"), "otto.peaks": (18_233, "Otto Peaks")},
    "02zeeschuimer": {"mila.tastes": (None, "Mila"), "otto.peaks": (None, "Otto")},
    "03phantombuster": {"mila.tastes": (48_211, "Mila Tastes"), "otto.peaks": (18_200, "Otto Peaks")},
    "04instagrapi": {"mila.tastes": (48_211, "Mila"), "otto.peaks": (18_233, "Otto")},
    "05modash": {"mila.tastes": (48_200, "Mila T"), "otto.peaks": (18_200, "Otto")},
    "06heepsy": {"mila.tastes": (48_211, "Mila"), "otto.peaks": (18_233, "Otto")},
    "07upfluence": {"mila.tastes": (48_211, "Mila"), "otto.peaks": (18_233, "Otto")},
    "08sprout": {"mila.tastes": (None, None), "otto.peaks": (None, None)},
    "14hypeauditor": {"mila.tastes": (48_200, "Mila Tastes"), "otto.peaks": (18_200, "Otto")},
    "16notion": {"mila.tastes": (48_211, "Mila 🍞"), "otto.peaks": (9_000, "Otto")},
    "17hubspot": {"mila.tastes": (48_211, None), "otto.peaks": (18_233, None)},
    "19kaggle": {"mila.tastes": (475_800, None), "otto.peaks": (12_200, None)},
    "20italian": {"mila.tastes": (48_200, "Mila"), "otto.peaks": (18_233, "Otto")},
    "21apify-profile": {"mila.tastes": (48_211, "Mila")},
    "22spanish": {"mila.tastes": (48_200, "Mila"), "otto.peaks": (18_233, "Otto")},
    "23french": {"mila.tastes": (48_200, None), "otto.peaks": (18_200, None)},
    "25klear": {"mila.tastes": (48_200, "Mila"), "otto.peaks": (18_200, "Otto")},
    "26grin": {"mila.tastes": (48_211, "Mila Stone"), "otto.peaks": (18_233, "Otto Peak")},
    "27airtable": {"mila.tastes": (48_211, "Mila"), "otto.peaks": (18_233, "Otto")},
    "28instagrapi-user": {"mila.tastes": (48_211, "Mila")},
    "10turkish": {"gida.tr": (12_500, "Gıda"), "gezgin.ali": (48_211, "Ali")},
}
"""Exports of tools and a list in Turkish: account to followers and name."""


@pytest.mark.parametrize("case", EXPORTS)
def test_exports_of_tools(field, case):
    result = field(f"exports/{case}")
    assert {id: (row["followers"], row["name"]) for id, row in result.accounts.items()} == EXPORTS[case]
    assert not result.rejects


def test_names_of_sponsors_are_no_handles(field):
    posts = field("exports/01crowdtangle").posts
    assert all(post["sponsors"] == [] for post in posts.values())
    assert posts["DMsAAA111"]["time"] == 1_717_192_991
    # A sponsor that is named makes an advertisement of a post.
    assert [posts[id]["disclosed"] for id in ("DMsAAA111", "DNNBBB222")] == [True, False]


def test_captions_in_a_column_called_post(field):
    result = field("exports/08sprout")
    assert result.posts["DMsAAA111"]["caption"] == "Bread #vegan"
    assert result.says("What are the words of 'Tags', such as campaign-a?", "--map 'tags=Tags'")


@pytest.mark.parametrize(
    ("cells", "tags", "hashtags", "asks"),
    [
        ("summer|sale", [], [], True),
        ("@bo.c|@dan", ["bo.c", "dan"], [], False),
        ("#summer #sale", [], ["summer", "sale"], False),
        ("mila.tastes|bo.c", ["mila.tastes", "bo.c"], [], False),  # one is an author of the sheet
    ],
)
def test_a_column_called_tags(tmp_path, cells, tags, hashtags, asks):
    (tmp_path / "posts.csv").write_text(
        f"username,shortcode,caption,likes,tags\nmila.tastes,DMsAAA111,Up,3,{cells}\n", "utf-8"
    )
    result = pipeline.import_source(tmp_path / "w", "folder", path=tmp_path / "posts.csv")
    (post,) = pipeline.load(tmp_path / "w").posts.to_pylist()
    assert (post["tags"], post["hashtags"]) == (tags, hashtags)
    assert any("What are the words of 'tags'" in note for note in result.warnings) == asks


def test_a_sponsor_that_is_no_handle_marks_an_advertisement(tmp_path):
    (tmp_path / "posts.csv").write_text(
        "username,shortcode,caption,likes,sponsors\n"
        "mila.tastes,A1,Up,3,Tarn Boots Ltd.\nmila.tastes,A2,Up,3,[]\n",
        "utf-8",
    )
    pipeline.import_source(tmp_path / "w", "folder", path=tmp_path / "posts.csv")
    posts = pipeline.load(tmp_path / "w").posts.to_pylist()
    assert [post["disclosed"] for post in posts] == [True, False]


def test_a_list_of_deals_makes_its_accounts(field):
    result = field("exports/09deals")
    links = {
        (row["source"], row["target"]): row for row in result.dataset.links_of_kinds("endorses").to_pylist()
    }
    assert set(links) == {("otto.peaks", "tarn.boots"), ("mila.tastes", "hafer.glueck")}
    assert links["otto.peaks", "tarn.boots"]["post"] == "DNNBBB222"
    assert links["otto.peaks", "tarn.boots"]["weight"] == pytest.approx(0.041)
    assert result.says("Budget")


def test_the_handle_of_an_export_of_the_platform_beats_its_id(field):
    result = field("exports/11meta")
    assert set(result.accounts) == {"mila.tastes"}
    assert result.account("mila.tastes")["followees"] is None  # Follows are those that a post brought
    assert {row["account"] for row in result.posts.values()} == {"mila.tastes"}
    assert result.says("not used", "Account ID", "Follows")


def test_an_answer_of_the_interface_around_one_account(field):
    result = field("exports/12graph")
    (otto,) = result.accounts.values()
    assert (otto["id"], otto["name"], otto["followers"], otto["posts"]) == ("otto.peaks", "Otto", 18_233, 455)
    assert [row["likes"] for row in result.posts.values()] == [880, None]


def test_comments_within_posts_are_comments_and_one_of_two_marks_is_enough(field):
    result = field("exports/13apify")
    assert set(result.posts) == {"3687361308854381515", "3687361308854381516"}
    (comment,) = result.dataset.links_of_kinds("comments").to_pylist()
    assert (comment["source"], comment["post"], comment["text"]) == ("bo.c", "3687361308854381515", "yum")
    first = result.posts["3687361308854381515"]
    assert (first["likes"], first["disclosed"]) == (None, True)
    assert set(result.accounts) == {"mila.tastes", "otto.peaks"}


def test_a_list_of_members_with_prices(field):
    result = field("exports/15aspire")
    mila = result.account("mila.tastes")
    assert (mila["followers"], mila["price"], mila["currency"]) == (48_211, 1_200, "USD")
    assert len(result.rejects) == 1


def test_rows_of_other_platforms_and_dates_beside_times_of_day(field):
    result = field("exports/18meltwater")
    (post,) = result.posts.values()
    assert (post["account"], post["time"], post["caption"]) == ("mila.tastes", 1_717_113_600, "Bread #vegan")
    assert result.says("1 row of X, not of Instagram")
    assert len(result.rejects) == 1


def test_mentions_of_a_listening_tool(field):
    result = field("exports/24brandwatch")
    (post,) = result.posts.values()
    assert (post["account"], post["likes"], post["caption"]) == ("mila.tastes", 4244, "Bread #vegan")
    assert result.says("1 row of YouTube, not of Instagram")


def test_places_and_prices_in_french(field):
    result = field("exports/23french")
    mila = result.account("mila.tastes")
    assert (mila["city"], mila["price"], mila["engagement_rate"]) == ("Lyon, France", 1_200, 0.0345)
