"""In a real browser: a marketer's whole way from nothing to a list, hostile rows that never run, and axe on
every page.

Chromium comes from Debian (``apt-get install chromium``), axe-core from npm; ``make test`` sets both up, and
without one of them its tests are skipped.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from brandfit import pipeline
from brandfit.data import sample as planted
from brandfit.service import pages
from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig
from brandfit.workspace import Workspace

playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")

ROOT = Path(__file__).resolve().parents[2]
AXE = (
    Path(os.environ.get("BRANDFIT_AXE", ROOT / ".venv" / "axe")) / "node_modules" / "axe-core" / "axe.min.js"
)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


# --- which pages there are ----------------------------------------------------------------------------------


def _leaves(router: Any) -> Iterator[Any]:
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from _leaves(inner)


PATTERNS = sorted(
    {route.path for route in _leaves(pages.router) if "GET" in route.methods}
    - {"/rejects.txt", "/rejected.xlsx", "/import/columns"}
)
FORMS = {
    "/brands/{brand}": [
        "?q=tea+camp",
        "?where=followers:5k..20k",
        "?where=folowers:1",
        "?ranker=simcos&partners=true",
        "?q=zzzzzz",
        "?balance=0&refine=true",
    ],
    "/brands/{brand}/compare": ["?with={influencer}&with={other}"],
    "/brands/{brand}/campaign": ["?count=5"],
    "/influencers": ["?q=luxury+watch", "?where=nonsense:1", "?q=zzzzzz"],
    "/import": ["?"],
}
"""Addresses of a page, beside the bare one."""


def addresses(brand: str, influencer: str, other: str, job: str) -> list[str]:
    """Every page that the router knows, with names that exist."""
    names = {"brand": brand, "influencer": influencer, "other": other}
    found = []
    for pattern in PATTERNS:
        names["id"] = job if pattern.startswith("/jobs") else influencer
        for form in ["", *FORMS.get(pattern, [])]:
            wanted = set(re.findall(r"\{(\w+)\}", pattern + form))
            pieces = PIECES if "piece" in wanted else [""]
            found += [(pattern + form).format(**{**names, "piece": piece}) for piece in pieces]
    return found


PIECES = ("words", "pictures")
"""Parts of a page that are fetched for themselves; one that is not known answers 404, with a page as well."""


# --- the browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


class Watch:
    """A page, and what happens in it that must not."""

    def __init__(self, chromium: Any, url: str, **options: Any) -> None:
        self.url = url
        self.context = chromium.new_context(base_url=url, viewport=DESK, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.violations: list[str] = []
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.page.expose_function("violated", lambda told: self.violations.append(told))
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', e => violated(`${e.violatedDirective} "
            "${e.blockedURI} ${e.sample}`))"
        )
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.context.on("request", lambda asked: self._asked(asked.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.errors.append(said.text) if "Content Security Policy" in said.text else None,
        )

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:", "about:")):
            self.elsewhere.append(url)

    def clean(self) -> None:
        """Nothing ran, nothing was blocked, nobody else was asked."""
        assert (self.dialogs, self.violations, self.elsewhere, self.errors) == ([], [], [], [])


@pytest.fixture
def watch(chromium) -> Iterator[Callable[..., Watch]]:
    made: list[Watch] = []

    def call(url: str, **options: Any) -> Watch:
        made.append(Watch(chromium, url, **options))
        return made[-1]

    yield call
    for one in made:
        one.context.close()


def test_the_watch_sees_what_it_should(watch, impatient):
    """A test that cannot fail tells nothing: each of the four is made to happen."""
    seen = watch(impatient.url)
    seen.page.goto("/")
    seen.page.evaluate("setTimeout(() => alert('x'), 0)")
    seen.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<i style=\"color: red\">x</i><img src=\"http://192.0.2.1/x\">')"
    )
    seen.page.evaluate("setTimeout(() => { throw Error('broken') }, 0)")
    seen.page.evaluate("location.href = 'http://localhost:9/'")
    seen.page.wait_for_timeout(300)
    assert seen.dialogs == ["x"]
    assert any(found.startswith("style-src") for found in seen.violations)
    assert any(found.startswith("img-src") for found in seen.violations)
    assert {*seen.elsewhere} == {"http://192.0.2.1/x", "http://localhost:9/"}
    assert any("broken" in found for found in seen.errors)


# --- the marketer's way -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    """Six brands and their partners as somebody keeps them in a folder, with two rows that cannot be read."""
    folder = tmp_path_factory.mktemp("tables") / "spring"
    (folder / "pictures").mkdir(parents=True)
    made = planted.sample(0, 20)
    brands = [row.id for row in made.accounts if row.role == "brand"][:6]
    people = sorted({who for brand, who in made.endorsements if brand in brands})
    kept = {*brands, *people}
    written: dict[str, int] = {}
    shown = {}
    for picture in made.pictures:
        shown.setdefault(picture.post, picture)
    rows = []
    for post in made.posts:
        written[post.account] = written.get(post.account, 0) + 1
        if post.account in kept and written[post.account] <= 5:
            name = f"pictures/{post.id}.jpg" if post.id in shown else ""
            if name:
                (folder / name).write_bytes(shown[post.id].data)
            rows.append([post.id, post.account, post.kind, post.time, post.caption, post.likes, name])
    with (folder / "accounts.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "role", "name", "biography", "category", "followers"])
        out.writerows(
            [a.id, a.role, a.name, a.biography, a.category, a.followers]
            for a in made.accounts
            if a.id in kept
        )
        out.writerow(["broken one", "influencer", "", "", "", "a lot"])
        out.writerow(["tiktok.com/@broken.two", "sponsor", "", "", "", "100"])
    with (folder / "posts.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "account", "kind", "time", "caption", "likes", "images"])
        out.writerows(rows)
    with (folder / "endorsements.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["brand", "influencer"])
        out.writerows((brand, who) for brand, who in sorted(made.endorsements) if brand in brands)
    return folder


def test_the_whole_way_from_nothing_to_a_list(watch, serve, tables, tmp_path):
    service = serve(tmp_path / "campaigns")
    seen = watch(service.url)
    page, expect = seen.page, playwright.expect
    expect.set_options(timeout=30_000)

    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here yet")
    page.get_by_role("link", name="Import files").click()
    files = sorted(file for file in tables.rglob("*") if file.is_file())
    packed = shutil.make_archive(str(tmp_path / "spring"), "zip", tables.parent, "spring")
    page.get_by_label("Drop files here, or choose them").set_input_files(packed)
    expect(page.locator("[data-files]")).to_contain_text("1 file")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("2 rows were left out, see below.")).to_be_visible(timeout=90_000)
    table = page.get_by_role("region", name="Rows that were left out").get_by_role("table")
    expect(table).to_contain_text("a lot")
    expect(table).to_contain_text("one of TikTok")
    assert len(files) > 30
    assert "accounts.csv, line" in service.client.get("/rejects.txt").text

    page.get_by_role("link", name="What to do next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("influencers for 6 brands")
    page.get_by_role("button", name="Encode and train").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("heading", name="Choose a brand")).to_be_visible(timeout=180_000)

    page.get_by_role("link", name="Brands").first.click()
    page.locator("main").get_by_role("link", name="northpeak.outdoor").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("northpeak.outdoor")
    everybody = page.locator("ol.ranked > li").count()
    assert everybody > 3
    page.get_by_label("Condition").fill("followers:20k..1m")
    page.get_by_role("button", name="Show").click()
    assert 0 < page.locator("ol.ranked > li").count() < everybody
    expect(page.get_by_text("candidates with")).to_be_visible()
    page.get_by_role("link", name="Start over").click()
    page.get_by_label("Words", exact=True).fill("camping")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("that match “camping”")).to_be_visible()
    page.get_by_role("link", name="Start over").click()

    first, second = page.locator("ol.ranked > li").nth(0), page.locator("ol.ranked > li").nth(1)
    one, two = (li.get_by_role("link").first.inner_text() for li in (first, second))
    like = second.get_by_role("button", name="Like")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_contain_text(f"{two} is liked.")
    page.get_by_label("Learn from my likes").check()
    page.get_by_role("button", name="Show").click()
    assert "refine=true" in page.url
    expect(page.get_by_role("button", name=f"Like {two}", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_text("The order is adjusted by 1 like and 0 “Not this”")).to_be_visible()
    page.get_by_role("link", name="Start over").click()
    unwanted = first.get_by_role("button", name="Not this")
    unwanted.click()
    expect(page.get_by_role("status")).to_contain_text(
        f"{one} is marked “Not this”. Rankings leave it out from now on."
    )
    page.reload()
    expect(page.get_by_text("1 marked “Not this” is left out")).to_be_visible()
    expect(page.locator("ol.ranked")).not_to_contain_text(one)
    page.get_by_text("Marked “Not this”: 1").click()
    page.locator("details").get_by_role("button", name="Not this").click()
    expect(page.get_by_role("status")).to_contain_text("no longer marked “Not this”")
    page.reload()
    unwanted.click()
    listed = first.get_by_role("button", name="Shortlist")
    expect(unwanted).to_have_attribute("aria-pressed", "true")
    listed.click()
    expect(page.get_by_role("status")).to_contain_text("on the shortlist and no longer marked “Not this”")
    expect(unwanted).to_have_attribute("aria-pressed", "false")
    listed.click()
    listed.click()
    expect(listed).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(first.get_by_role("button", name="Shortlist")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="Shortlist (1)")).to_be_visible()

    if "/brands/{brand}/compare" in PATTERNS:
        for li in (first, second):
            li.get_by_label("Compare").check()
        page.get_by_role("button", name="Compare those that are ticked").click()
        expect(page.locator("main")).to_contain_text(one)
        expect(page.locator("main")).to_contain_text(two)
        page.go_back()
    if "/brands/{brand}/why/{influencer}" in PATTERNS:
        first.get_by_role("link", name="Why").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(one)
        page.go_back()
    if "/brands/{brand}/shortlist" in PATTERNS:
        page.get_by_role("link", name="Shortlist (1)").click()
        expect(page.locator("main")).to_contain_text(one)
        page.go_back()

    with page.expect_download() as coming:
        page.get_by_role("link", name="The list as CSV").click()
    coming.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["influencer"] for row in rows[:2]] == [one, two]
    assert [row["rank"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    seen.clean()


# --- what is typed is not lost ------------------------------------------------------------------------------

NOTED = "northpeak.outdoor"


def _workbook(folder: Path, make_jpeg: Any) -> Path:
    """A marketer's folder: a workbook with a cover, titles and totals, German numbers and dates, and a folder
    of pictures."""
    import openpyxl

    book = openpyxl.Workbook()
    cover = book.active
    cover.title = "Deckblatt"
    cover["B2"], cover["B3"] = "Kampagne Herbst", "vertraulich"
    people = book.create_sheet("Influencer")
    rows = [
        ["Shortlist Herbst 2024"],
        [],
        ["Nr.", "Profil-Link", "Name", "Abonnenten", "Beiträge", "Thema", "Preis (EUR)", "Ort", "ER %"],
        [
            1,
            "https://www.instagram.com/anna.kocht/",
            "Anna",
            "12.500",
            "1.204",
            "Essen",
            "1.200,00",
            "Köln",
            "3,4",
        ],
        [
            2,
            "instagram.com/ben_wandert?hl=de",
            "Ben",
            "48,2 Tsd.",
            "455",
            "Reisen",
            "850,50",
            "München",
            "2,1",
        ],
        [3, "@cara.m", "Cara", "23.800", "88", "Mode", "k.A.", "Wien", "4,75"],
        [4, "kein Profil", "Eva", "9.100", "12", "Sport", "300,00", "Bonn", "1,0"],
        ["Summe", None, None, "93.600", None, None, "2.350,50"],
    ]
    for row in rows:
        people.append(row)
    posts, link = book.create_sheet("Beiträge"), "https://www.instagram.com/p/"
    for row in (
        ["Beitragslink", "Nutzername", "Datum", "Text", "Gefällt mir", "Bild"],
        [f"{link}AAA111/", "anna.kocht", "05.10.2024 18:30", "Suppe #herbst", "1.043", "AAA111.jpg"],
        [f"{link}BBB222/", "ben_wandert", "31.10.2024", "Am Gipfel", "2.100", "BBB222.jpg"],
    ):  # fmt: skip
        posts.append(row)
    (folder / "Bilder").mkdir(parents=True)
    book.save(folder / "Liste Herbst.xlsx")
    for name in ("AAA111", "BBB222"):
        (folder / "Bilder" / f"{name}.jpg").write_bytes(make_jpeg("orange"))
    return folder


def _drop(page: Any, path: Path) -> None:
    """Drop a file or a folder on the form, as the browser itself does it."""
    box = page.locator(".drop").bounding_box()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": box["x"] + 40, "y": box["y"] + 20, "data": data}
        session.send("Input.dispatchDragEvent", event)
    playwright.expect(page.locator("[data-files]")).to_contain_text("file")


def test_a_workbook_as_it_is_comes_in_with_its_pictures_and_its_bad_row_is_corrected(
    watch, serve, tmp_path, make_jpeg
):
    import openpyxl

    place = tmp_path / "work"
    seen = watch(serve(place).url)
    page = seen.page
    page.goto("/import")
    _drop(page, _workbook(tmp_path / "Liste", make_jpeg))
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=1 row was left out, see below")
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
    accounts = {row["id"]: row for row in dataset.accounts.to_pylist()}
    assert {id: row["followers"] for id, row in accounts.items()} == {
        "anna.kocht": 12_500,
        "ben_wandert": 48_200,
        "cara.m": 23_800,
    }
    anna = accounts["anna.kocht"]
    assert (anna["posts"], anna["category"], anna["price"], anna["currency"], anna["city"]) == (
        1_204,
        "food",
        1_200.0,
        "EUR",
        "Köln",
    )
    assert {row["id"]: (row["time"], row["likes"]) for row in dataset.posts.to_pylist()} == {
        "AAA111": (1_728_153_000, 1_043),
        "BBB222": (1_730_332_800, 2_100),
    }
    assert sorted(dataset.images["post"].to_pylist()) == ["AAA111", "BBB222"]
    for said in ("Deckblatt", "Shortlist Herbst 2024", "Summe"):
        assert said in page.inner_text("main")

    # The rejected row is downloaded, corrected in place and dropped again: it leaves the list.
    with page.expect_download() as download:
        page.click("text=Download these rows")
    corrected = tmp_path / "rejected rows.xlsx"
    download.value.save_as(corrected)
    book = openpyxl.load_workbook(corrected)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, header.index("why rejected") + 1).value.startswith("id: expected a handle")
    sheet.cell(2, header.index("Profil-Link") + 1).value = "@eva.laeuft"
    book.save(corrected)
    _drop(page, corrected)
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=1 accounts added")
    assert page.locator("#rejects").count() == page.locator("#earlier").count() == 0
    with Workspace(place) as workspace:
        assert workspace.rejects(earlier=True) == []
        assert workspace.dataset().accounts.num_rows == 4
    seen.clean()


def test_a_question_about_a_column_is_asked_once(watch, serve, tmp_path, axe):
    list_ = tmp_path / "list.csv"
    list_.write_text("handle;followers;Reach\nana;475,8;x\nbo;254;y\n", "utf-8")
    place = tmp_path / "work"
    seen = watch(serve(place).url)
    page = seen.page
    page.goto("/import")
    _drop(page, list_)
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=In what unit are the numbers")
    assert faults(page, axe) == []
    page.check("text=thousands")
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=2 accounts added")
    with Workspace(place) as workspace:
        accounts = workspace.dataset().accounts
        assert accounts["followers"].to_pylist() == [475_800, 254_000]
        assert workspace.mappings
    # The answer is remembered for tables with the same header.
    page.goto("/import")
    (tmp_path / "more.csv").write_text("handle;followers;Reach\ncara;300,5;x\n", "utf-8")
    _drop(page, tmp_path / "more.csv")
    page.click("main button:has-text('Import')")
    page.wait_for_selector("text=1 accounts added")
    seen.clean()


@pytest.fixture
def three_listed(serve, sample, tmp_path) -> tuple[Any, list[str]]:
    """A service whose brand has three influencers on its shortlist."""
    service = serve(shutil.copytree(sample, tmp_path / "work"))
    ids = [
        item["influencer"] for item in service.client.get(f"/api/v1/rankings/{NOTED}?limit=3").json()["items"]
    ]
    for who in ids:
        assert (
            service.client.patch(f"/api/v1/annotations/{NOTED}/{who}", json={"listed": True}).status_code
            == 200
        )
    return service, ids


def marks(service: Any) -> dict[str, dict[str, Any]]:
    return {
        mark["influencer"]: mark
        for mark in service.client.get(f"/api/v1/annotations/{NOTED}").json()["items"]
    }


def test_a_note_is_saved_in_place_and_no_other_edit_is_lost(watch, three_listed, until):
    service, ids = three_listed
    seen = watch(service.url)
    page, expect = seen.page, playwright.expect
    page.goto(f"/brands/{NOTED}/shortlist")
    page.evaluate("window.loadedOnce = true")
    note = {
        who: page.get_by_role("group", name=f"Notes on {who}").get_by_label("Note", exact=True) for who in ids
    }
    note[ids[1]].fill("second")
    expect(page.get_by_role("group", name=f"Notes on {ids[1]}")).to_contain_text("Not saved yet")
    note[ids[2]].fill("third")
    page.get_by_role("button", name=f"Save what is noted of {ids[2]}").click()
    for who in ids[1:]:
        expect(page.get_by_role("group", name=f"Notes on {who}")).to_contain_text("Saved at")
    assert (marks(service)[ids[1]]["note"], marks(service)[ids[2]]["note"]) == ("second", "third")
    page.get_by_role("group", name=f"Notes on {ids[0]}").get_by_label("Opinion").select_option("like")
    until(lambda: marks(service)[ids[0]]["opinion"] == "like")
    expect(page.locator("[data-opinion=like] .badge").first).to_be_visible()
    assert page.evaluate("window.loadedOnce")  # all that without loading the page again
    note[ids[0]].press_sequentially("written before it is taken off")
    page.get_by_role("group", name=f"Notes on {ids[2]}").get_by_role("button", name="Take off").click()
    expect(page.get_by_role("group", name=f"Notes on {ids[2]}")).to_have_count(0)
    assert marks(service)[ids[0]]["note"] == "written before it is taken off"
    assert not marks(service)[ids[2]]["listed"]
    page.get_by_role("group", name=f"Notes on {ids[1]}").get_by_label("Opinion").select_option("dislike")
    expect(page.get_by_role("group", name=f"Notes on {ids[1]}")).to_have_count(
        0
    )  # no save button needed, and gone at once
    assert (marks(service)[ids[1]]["listed"], marks(service)[ids[1]]["note"]) == (False, "second")
    seen.clean()


def test_two_people_who_note_the_same_influencer_see_both_notes(watch, three_listed, until):
    service, ids = three_listed
    one, two = watch(service.url), watch(service.url)
    expect = playwright.expect
    groups = []
    for seen in (one, two):
        seen.page.goto(f"/brands/{NOTED}/shortlist")
        groups.append(seen.page.get_by_role("group", name=f"Notes on {ids[0]}"))
    mine, theirs = (group.get_by_label("Note", exact=True) for group in groups)
    theirs.fill("asked for prices")
    theirs.blur()
    until(lambda: marks(service)[ids[0]]["note"] == "asked for prices")
    mine.fill("calls back in May")
    mine.blur()
    expect(groups[0].get_by_role("alert")).to_contain_text(
        "Somebody else changed this note meanwhile: “asked for prices”"
    )
    expect(mine).to_have_value("calls back in May")
    assert marks(service)[ids[0]]["note"] == "asked for prices"
    # Another field that nobody else changed is saved as ever.
    groups[0].get_by_label("Tags").fill("spring")
    groups[0].get_by_label("Tags").blur()
    until(lambda: marks(service)[ids[0]]["tags"] == ["spring"])
    groups[0].get_by_role("button", name="Keep yours").click()
    until(lambda: marks(service)[ids[0]]["note"] == "calls back in May")
    expect(groups[0].get_by_role("alert")).to_have_count(0)
    theirs.fill("written over an old page")
    theirs.blur()
    expect(groups[1].get_by_role("alert")).to_contain_text("“calls back in May”")
    groups[1].get_by_role("button", name="Take theirs").click()
    expect(theirs).to_have_value("calls back in May")
    assert marks(service)[ids[0]]["note"] == "calls back in May"
    two.page.reload()
    assert not two.dialogs


def test_without_scripts_a_note_of_somebody_else_is_shown_and_not_replaced(watch, three_listed):
    service, ids = three_listed
    seen = watch(service.url, java_script_enabled=False)
    page, expect = seen.page, playwright.expect
    page.goto(f"/brands/{NOTED}/shortlist")
    group = {who: page.get_by_role("group", name=f"Notes on {who}") for who in ids}
    for take in (False, True):
        other = f"by a colleague, {take}"
        service.client.patch(f"/api/v1/annotations/{NOTED}/{ids[0]}", json={"note": other})
        group[ids[0]].get_by_label("Note", exact=True).fill(f"mine, {take}")
        group[ids[1]].get_by_label("Note", exact=True).fill(f"second, {take}")
        page.get_by_role("button", name=f"Save what is noted of {ids[1]}").click()
        expect(group[ids[0]].get_by_role("alert")).to_contain_text(other)
        expect(group[ids[0]].get_by_label("Note", exact=True)).to_have_value(f"mine, {take}")
        expect(group[ids[1]].get_by_label("Note", exact=True)).to_have_value(f"second, {take}")
        assert marks(service)[ids[0]]["note"] == other
        group[ids[0]].get_by_role("button", name="Take theirs" if take else "Keep yours").click()
        found = marks(service)
        assert found[ids[0]]["note"] == (other if take else f"mine, {take}")
        assert found[ids[1]]["note"] == f"second, {take}"
        expect(page.get_by_role("alert")).to_have_count(0)


def test_leaving_with_an_unsaved_edit_warns(watch, three_listed):
    service, ids = three_listed
    seen = watch(service.url)
    page = seen.page
    page.goto(f"/brands/{NOTED}/shortlist")
    group = page.get_by_role("group", name=f"Notes on {ids[0]}")
    page.route("**/api/v1/annotations/**", lambda route: route.abort())
    group.get_by_label("Note", exact=True).fill("will not arrive")
    group.get_by_role("button", name="Save").click()
    playwright.expect(group).to_contain_text("Not saved:")
    page.evaluate("setTimeout(() => location.reload(), 0)")
    playwright.expect(group).to_contain_text("Not saved:")
    page.wait_for_timeout(300)
    assert len(seen.dialogs) == 1  # it was dismissed: the page stays
    assert group.get_by_label("Note", exact=True).input_value() == "will not arrive"
    page.unroute("**/api/v1/annotations/**")
    group.get_by_role("button", name="Save").click()
    playwright.expect(group).to_contain_text("Saved at")
    page.reload()
    assert len(seen.dialogs) == 1
    assert marks(service)[ids[0]]["note"] == "will not arrive"


def test_without_scripts_all_notes_of_the_page_are_saved_together(watch, three_listed):
    service, ids = three_listed
    seen = watch(service.url, java_script_enabled=False)
    page = seen.page
    page.goto(f"/brands/{NOTED}/shortlist")
    page.get_by_role("group", name=f"Notes on {ids[1]}").get_by_label("Note", exact=True).fill("second")
    page.get_by_role("group", name=f"Notes on {ids[2]}").get_by_label("Tags").fill("spring, late")
    assert (
        service.client.patch(
            f"/api/v1/annotations/{NOTED}/{ids[0]}", json={"note": "by a colleague meanwhile"}
        ).status_code
        == 200
    )
    page.get_by_role("button", name=f"Save what is noted of {ids[2]}").click()
    found = marks(service)
    assert (found[ids[1]]["note"], found[ids[2]]["tags"]) == ("second", ["spring", "late"])
    assert found[ids[0]]["note"] == "by a colleague meanwhile"
    page.get_by_role("group", name=f"Notes on {ids[1]}").get_by_label("Note", exact=True).fill("second again")
    page.get_by_role("group", name=f"Notes on {ids[0]}").get_by_role("button", name="Take off").click()
    assert marks(service)[ids[1]]["note"] == "second again"
    assert not marks(service)[ids[0]]["listed"]


def test_what_was_typed_into_other_forms_is_there_after_one_was_sent(watch, three_listed):
    service, _ = three_listed
    seen = watch(service.url)
    page, expect = seen.page, playwright.expect
    page.goto(f"/brands/{NOTED}")
    page.locator("ol.ranked > li").first.get_by_label("Compare").check()
    page.get_by_label("Condition").fill("imported_posts:1..")  # all of them
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("candidates with")).to_be_visible()
    expect(page.locator("ol.ranked > li").first.get_by_label("Compare")).to_be_checked()
    page.goto("/influencers")
    form = page.get_by_role("form", name="Like other accounts")
    form.get_by_role("textbox").first.fill(NOTED)
    page.get_by_role("form", name="Search", exact=True).get_by_role("textbox").first.fill("camping")
    page.get_by_role("form", name="Search", exact=True).get_by_role("button").first.click()
    page.wait_for_url("**/influencers?**")
    expect(form.get_by_role("textbox").first).to_have_value(NOTED)
    page.goto("/import")
    page.get_by_label("Stop at the first bad row").check()
    page.goto("/import")
    expect(
        page.get_by_label("Stop at the first bad row")
    ).not_to_be_checked()  # only what another form would lose is kept
    seen.clean()


def test_a_page_is_not_loaded_again_under_what_was_typed(watch, three_listed, until):
    service, _ = three_listed
    seen = watch(service.url)
    page, expect = seen.page, playwright.expect
    job = service.client.post("/api/v1/updates", json={}).json()
    page.goto("/import")
    assert job["state"] in ("queued", "running")
    page.get_by_label("Stop at the first bad row").check()
    until(lambda: service.client.get(f"/api/v1/jobs/{job['id']}").json()["finished"])
    page.wait_for_timeout(1500)
    expect(page.get_by_label("Stop at the first bad row")).to_be_checked()
    seen.clean()


# --- hostile rows -------------------------------------------------------------------------------------------

RUNS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg/onload=alert(3)>",
    "</textarea></title></style><script>alert(4)</script>",
    "javascript:alert(5)",
    '" onmouseover="alert(6)" autofocus onfocus="alert(7)',
    "{{7*7}}{% for x in y %}",
    "<a href='javascript:alert(8)'>click</a><iframe srcdoc='<script>alert(9)</script>'></iframe>",
    "<img src=http://192.0.2.1/track.png><link rel=stylesheet href=//192.0.2.1/x.css>",
    "\u202e<script>alert(10)</script>\u2066",
    "<!--<script>alert(11)//--></script>",
    "]]><script>alert(12)</script>",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, make_jpeg) -> tuple[Path, list[str], list[str]]:
    """A workspace whose every text is an attempt; its brands and influencers."""
    tables = tmp_path_factory.mktemp("hostile") / "<b onclick=alert(0)>"
    tables.mkdir()
    names = [
        text.replace("/", "").replace(" ", ".").lower() for text in RUNS
    ]  # an address cannot hold a slash
    brands = [f"brand{n}.{name}" for n, name in enumerate(names[:3])]
    people = [f"who{n}.{name}" for n, name in enumerate(names)]
    picture = "<img src=x onerror=alert(13)>.jpg"
    (tables / picture.replace("/", "_")).write_bytes(make_jpeg("red", (64, 64)))
    with (tables / "accounts.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "role", "name", "biography", "category", "business_category", "followers"])
        for n, who in enumerate([*brands, *people]):
            text = RUNS[n % len(RUNS)]
            out.writerow(
                [who, "brand" if who in brands else "influencer", text, text, text, text, 1000 * (n + 5)]
            )
        out.writerow(["broken", RUNS[0], "", RUNS[1], "", "", RUNS[3]])
    with (tables / "posts.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "account", "time", "caption", "hashtags", "likes", "images", "alt_text"])
        for n, who in enumerate([*brands, *people]):
            for m in range(2):
                text = f"{RUNS[(n + m) % len(RUNS)]} #<script>alert(14)</script> mountains"
                out.writerow(
                    [f"{n}.{m}.{RUNS[n % 3]}", who, 1_750_000_000 + n, text, "a|b", 10, picture, RUNS[1]]
                )
    with (tables / "endorsements.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["brand", "influencer"])
        out.writerows((brand, people[3 * n + m]) for n, brand in enumerate(brands) for m in range(3))
    folder = tmp_path_factory.mktemp("hostile") / "work"
    with Workspace(folder, create=True) as workspace:
        # Ids of other things than accounts are free texts; handles are checked.
        pipeline.set_role_names(workspace, "shop", influencer="recipe")
        pipeline.import_source(workspace, "folder", path=tables)
        pipeline.set_role_names(workspace, "brand", influencer="influencer")
        for encoder in ("text.hashing", "image.classical", "concept.bag", "engagement"):
            pipeline.encode(workspace, encoder)
        dataset = pipeline.load(workspace)
        found = folder, dataset.brands.tolist(), dataset.influencers.tolist()
    with TestClient(create_app(folder, ServiceConfig(rate=0.0), False), "http://localhost") as client:
        for n, who in enumerate(found[2]):
            told = {
                "note": RUNS[n % len(RUNS)],
                "tags": [RUNS[0][:50], RUNS[5][:50]],
                "listed": True,
                "opinion": "like",
            }
            assert (
                client.patch(address("/api/v1/annotations", found[1][0], who), json=told).status_code == 200
            )
        sent = client.post(
            "/api/v1/uploads", files={"files": ("<img src=x onerror=alert(15)>.csv", b"x")}
        ).json()
        asked = {
            "source": "folder",
            "upload": sent["id"],
            "settings": {"<script>alert(16)</script>": RUNS[0]},
        }
        client.post("/api/v1/imports", json=asked)
        client.post("/api/v1/imports", json={"source": "folder", "path": f"/{RUNS[0]}"})
    return found


def address(*parts: str) -> str:
    from urllib.parse import quote

    return "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])


def test_hostile_rows_are_there_to_be_shown(hostile):
    _, brands, people = hostile
    assert len(brands) == 3
    assert len(people) > 8
    assert any("<script>" in who for who in people)


def test_nothing_that_somebody_wrote_runs(watch, serve, hostile):
    folder, brands, people = hostile
    service = serve(folder)
    seen = watch(service.url)
    job = service.client.get("/api/v1/jobs").json()["items"][0]["id"]
    shown = 0
    from urllib.parse import quote

    for brand, influencer, other in zip(brands, people, people[3:], strict=False):
        names = [quote(name, safe="") for name in (brand, influencer, other)]
        for path in addresses(*names, job):
            answer = seen.page.goto(path)
            assert answer is not None
            assert answer.status < 500, path
            shown += seen.page.locator("main").inner_text().lower().count("alert(")
            for element in seen.page.locator(
                "[onmouseover], [onfocus], [onclick], [onload], [onerror], iframe, base"
            ).all():
                raise AssertionError(f"{path}: {element.evaluate('e => e.outerHTML')}")
            assert seen.page.locator("script").count() == 1
            assert seen.page.locator("a[href^=javascript]").count() == 0
            seen.clean()
    assert shown > 50  # it was told as text
    for text in RUNS:
        for path in ("/brands", f"/brands/{quote(brands[0], safe='')}", "/influencers", "/jobs"):
            seen.page.goto(
                f"{path}?q={quote(text)}&where={quote(text)}&ranker={quote(text)}&{quote(text)}={quote(text)}"
            )
            seen.clean()


def test_a_press_on_hostile_rows_runs_nothing(watch, serve, hostile):
    folder, brands, _ = hostile
    seen = watch(serve(folder).url)
    seen.page.goto(address("/brands", brands[0]))
    for name in ("Like", "Shortlist"):
        button = seen.page.locator("ol.ranked > li").first.get_by_role("button", name=name)
        before = button.get_attribute("aria-pressed")
        button.click()
        playwright.expect(button).to_have_attribute("aria-pressed", "false" if before == "true" else "true")
    seen.page.locator("ol.ranked > li h3 a").first.hover()
    seen.clean()


# --- for everybody ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not in {AXE.parents[2]}: npm install --prefix {AXE.parents[2]} axe-core")
    return AXE.read_text()


@pytest.fixture(scope="module")
def looked_at(sample, tmp_path_factory, started) -> Iterator[tuple[str, list[str]]]:
    """A service of the sample with notes, jobs and rejects, and the address of every page."""
    folder = shutil.copytree(sample, tmp_path_factory.mktemp("looked") / "work")
    service = started(folder, (), {})
    brand = "northpeak.outdoor"
    people = [item["influencer"] for item in service.client.get(f"/api/v1/rankings/{brand}").json()["items"]]
    for n, who in enumerate(people[:4]):
        told = {
            "opinion": ("like", "dislike")[n % 2],
            "listed": n % 2 == 0,
            "note": "asks 300 a post",
            "tags": ["spring", "family"],
        }
        assert service.client.patch(f"/api/v1/annotations/{brand}/{who}", json=told).status_code == 200
    job = service.client.post("/api/v1/imports", json={"source": "folder", "path": "/nowhere"}).json()["id"]
    while not service.client.get(f"/api/v1/jobs/{job}").json()["finished"]:
        pass
    yield service.url, [*addresses(brand, people[0], people[1], job), "/nowhere"]
    service.client.close()
    service.kill()
    service.process.stdout.close()


LOOKS = [("light", DESK), ("dark", DESK), ("light", PHONE)]
SERIOUS = ("serious", "critical")


def faults(page: Any, axe: str) -> list[str]:
    """Serious faults that axe finds, and whether the page is wider than its window."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe)
    told = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    found = [
        f"{fault['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for fault in told["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"][:3]
    ]
    wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return [*found, *([f"{wide} pixels wider than the window"] if wide > 0 else [])]


def look(seen: Watch, axe: str, paths: list[str]) -> list[str]:
    found = []
    for path in paths:
        answer = seen.page.goto(path)
        assert answer is not None
        assert answer.status < 500, path
        for scheme, size in LOOKS:
            seen.page.emulate_media(color_scheme=scheme)
            seen.page.set_viewport_size(size)
            found += [f"{path}, {scheme}, {size['width']}: {fault}" for fault in faults(seen.page, axe)]
    return found


def test_axe_finds_what_is_wrong(watch, impatient, axe):
    seen = watch(impatient.url)
    seen.page.goto("/")
    assert faults(seen.page, axe) == []
    seen.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/static/x\"><input>')"
    )
    assert {fault.partition(":")[0] for fault in faults(seen.page, axe)} == {"image-alt", "label"}


def test_every_page_is_for_everybody(watch, looked_at, axe):
    url, paths = looked_at
    assert len(paths) > 8
    seen = watch(url)
    assert "\n".join(look(seen, axe, paths)) == ""
    seen.clean()


def test_every_page_of_an_empty_workspace_is_for_everybody(watch, impatient, axe):
    seen = watch(impatient.url)
    paths = [pattern for pattern in PATTERNS if "{" not in pattern]
    assert "\n".join(look(seen, axe, paths)) == ""


def test_the_login_is_for_everybody(watch, serve, tmp_path, axe):
    seen = watch(serve(tmp_path / "w", keys=False, rate=0.0).url)
    assert "\n".join(look(seen, axe, ["/login"])) == ""
    seen.page.get_by_label("Key").fill("bf_wrong")
    seen.page.keyboard.press("Enter")
    playwright.expect(seen.page.get_by_role("alert")).to_be_visible()
    assert faults(seen.page, axe) == []


def test_a_page_is_of_use_by_keyboard_and_without_scripts(watch, looked_at):
    url, _ = looked_at
    seen = watch(url, java_script_enabled=False)
    seen.page.goto("/brands/northpeak.outdoor")
    seen.page.keyboard.press("Tab")
    assert seen.page.locator(":focus").inner_text() == "To the content"
    seen.page.get_by_label("Condition").fill("followers:..15k")
    seen.page.keyboard.press("Enter")
    playwright.expect(seen.page.get_by_text("candidates with")).to_be_visible()


def test_a_participant_fills_in_a_form_of_a_study_and_saves_it(sample, chromium, tmp_path):
    with Workspace(sample) as workspace:
        made = pipeline.make_study(workspace, tmp_path / "study", ranker="simcos", questions=2)
    page = chromium.new_page(accept_downloads=True)
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text))
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(made.forms["charts"].as_uri())
    assert page.inner_text("#state") == "4 of 4 questions have no answer."
    page.fill("input[name=participant]", 'Ann, the "7th"')
    for question in made.questionnaire.questions:
        page.check(f'input[name="{question.id}"][value={question.answer}]')
        page.select_option(f'[id="{question.id}"] [data-option={question.answer}] [data-scale=easy]', "5")
    assert page.inner_text("#state") == "All questions have an answer."
    with page.expect_download() as download:
        page.click("button")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    page.close()
    scores = pipeline.score_study(tmp_path / "study", [file])
    assert file.name == "answers-charts-Ann-the-7th-.csv"
    assert scores.accuracy[2, "charts"].value == 1
    assert scores.ratings[1, "all", "easy"].value == 5
    assert failures == []
