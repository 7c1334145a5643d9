"""Rankings of other things: shops and recipes, films and viewers. The words change, the answers do not."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.role_names import RoleNames
from brandfit.errors import UsageError
from brandfit.report.role_words import replaced_text
from brandfit.service.app import create_app
from brandfit.service.store import tables
from brandfit.service.store.service_store import ServiceStore
from brandfit.workspace import Workspace

WORDS = {
    "fish": "cod salmon lemon grill harbour butter",
    "cake": "flour sugar vanilla oven cream berries",
    "curry": "rice coconut ginger cumin chili lentils",
}
"""Kind of a recipe to the words of its posts."""
GENRES = {
    "western": "horse desert sheriff saloon duel",
    "space": "rocket planet crew alien orbit",
    "romance": "wedding letter paris heart rain",
}


def write_tables(folder: Path, words: dict[str, str], *, one: str, other: str) -> Path:
    """Tables of two of ``one`` and four of ``other`` for each kind; a pair of the first two of each kind."""
    folder.mkdir()
    accounts, posts, pairs = ["id,role,category"], ["id,account,caption"], [f"{one},{other}"]
    for kind, text in words.items():
        for number in range(6):
            role = one if number < 2 else other
            id = f"{kind}.{role}.{number}"
            accounts.append(f"{id},{role},{kind}")
            shuffled = " ".join(text.split()[number % 3 :])
            posts.append(f"{id}-post,{id},{shuffled}")
        pairs.append(f"{kind}.{one}.0,{kind}.{other}.2")
        pairs.append(f"{kind}.{one}.1,{kind}.{other}.3")
    for name, lines in (("accounts", accounts), ("posts", posts), ("endorsements", pairs)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def imported(tmp_path: Path, words: dict[str, str], *, one: str, other: str) -> Path:
    workspace = tmp_path / "work"
    pipeline.set_role_names(_made(workspace), one, influencer=other)
    tables = write_tables(
        tmp_path / "tables", words, one=one.partition("/")[0], other=other.partition("/")[0]
    )
    result = pipeline.import_source(workspace, "folder", path=tables)
    assert not result.rejects, result.rejects
    pipeline.encode(workspace, "text.hashing")
    return workspace


def _made(path: Path) -> Path:
    Workspace(path, create=True).close()
    return path


@pytest.mark.parametrize(
    ("words", "one", "other"),
    [(WORDS, "shop", "recipe"), (GENRES, "film", "viewer"), (GENRES, "company/companies", "person/people")],
    ids=["shops and recipes", "films and viewers", "irregular plurals"],
)
def test_another_task_of_the_same_form_is_ranked_by_its_content(tmp_path, words, one, other):
    workspace = imported(tmp_path, words, one=one, other=other)
    singular_one, singular_other = one.partition("/")[0], other.partition("/")[0]
    for kind in words:
        ranking = pipeline.rank(workspace, f"{kind}.{singular_one}.0", ranker="simcos", partners=True)
        first_four = [row["influencer"] for row in ranking.rows()[:4]]
        assert sorted(first_four) == [f"{kind}.{singular_other}.{number}" for number in range(2, 6)]


def test_the_words_do_not_change_a_score(tmp_path):
    scores = []
    for name, one, other in (("own", "shop", "recipe"), ("usual", "brand", "influencer")):
        (tmp_path / name).mkdir()
        workspace = imported(tmp_path / name, WORDS, one=one, other=other)
        rows = pipeline.rank(workspace, f"fish.{one}.0", ranker="simcos").rows()
        # Equal scores are ordered by id: the comparison is by account.
        pairs = [(row["influencer"].replace("recipe", "influencer"), row["score"]) for row in rows]
        scores.append(sorted(pairs))
    assert scores[0] == scores[1]


def test_headings_have_the_words_and_json_does_not(tmp_path, capsys):
    workspace = imported(tmp_path, WORDS, one="shop", other="recipe")
    pipeline.train(workspace, "simcos")
    arguments = ["rank", "fish.shop.0", "--ranker", "simcos", "-w", str(workspace)]
    main(arguments)
    heading = capsys.readouterr().out.splitlines()[0].split()
    assert heading[:2] == ["rank", "recipe"]
    main([*arguments, "--json"])
    assert "influencer" in json.loads(capsys.readouterr().out)["ranking"][0]
    main(["brands", "fish.recipe.4", "--ranker", "simcos", "-w", str(workspace)])
    assert capsys.readouterr().out.split()[:2] == ["rank", "shop"]


def test_pages_have_the_words_in_text_but_not_in_addresses(tmp_path):
    workspace = imported(tmp_path, WORDS, one="shop", other="recipe")
    with TestClient(create_app(workspace), "http://localhost") as client:
        start, shops = client.get("/").text, client.get("/brands").text
        assert ">Recipes</a>" in start
        assert ">Influencers</a>" not in start
        assert 'href="/influencers"' in start
        assert "fish.shop.0" in shops
        pipeline.set_role_names(workspace, "brand", influencer="influencer")
        assert ">Influencers</a>" in client.get("/").text


def test_rejects_name_the_words_of_the_workspace(tmp_path):
    workspace = _made(tmp_path / "work")
    pipeline.set_role_names(workspace, "shop", influencer="recipe")
    folder = write_tables(tmp_path / "tables", WORDS, one="shop", other="recipe")
    (folder / "accounts.csv").open("a").write("odd.one,film,fish\n")
    (folder / "endorsements.csv").open("a").write("fish.recipe.4,fish.recipe.5\nnobody,fish.recipe.5\n")
    result = pipeline.import_source(workspace, "folder", path=folder)
    rejects = result.rejects
    reasons = " ".join(reject["reason"] for reject in rejects)
    said = " ".join(result.warnings)
    assert "expected recipe or shop or audience, found 'film'" in said
    assert "shop: 'fish.recipe.4' has the role recipe" in reasons
    assert "1 accounts are only named in posts or endorsements and are in no list (1 shops)" in said


def test_the_usual_words_are_read_beside_the_own_words(tmp_path):
    workspace = _made(tmp_path / "work")
    pipeline.set_role_names(workspace, "shop", influencer="recipe")
    folder = write_tables(tmp_path / "tables", WORDS, one="brand", other="influencer")
    assert not pipeline.import_source(workspace, "folder", path=folder).rejects
    assert len(pipeline.load(workspace).brands) == 6


@pytest.mark.parametrize(
    ("brand", "influencer"),
    [
        ("shop", "shop"), ("influencer", "recipe"), ("shop", "brand"), ("", "recipe"), ("a<b>", "recipe"),
        ("shop", "posts"), ("shop", "weight"), ("x" * 31, "recipe"), ("shop/", "shops"), ("4711", "recipe"),
    ],
)  # fmt: skip
def test_words_that_cannot_name_a_side_are_refused(tmp_path, brand, influencer):
    with pytest.raises(UsageError):
        pipeline.set_role_names(_made(tmp_path / "work"), brand, influencer=influencer)


def test_fixed_text_is_replaced_in_number_and_case():
    names = RoleNames.from_words("company/companies", "person/people")
    text = "Influencers, an influencer, BRANDS; branding and influencer.io"
    assert names.in_text("Brands like this brand") == "Companies like this company"
    assert names.in_text(text).startswith("People, an person, COMPANIES; branding")


def test_html_is_replaced_outside_tags_and_in_spoken_attributes():
    names = RoleNames.from_words("shop", "recipe")
    html = '<a href="/brands" class="brand" title="All brands">Brands</a> of <b'
    expected = '<a href="/brands" class="brand" title="All shops">Shops</a> of <b'
    assert replaced_text(html, False, names) == (expected, True)
    assert replaced_text('<div aria-label="Brands, ', False, names) == ('<div aria-label="Shops, ', True)
    assert replaced_text(' id="brand">brand', True, names) == (' id="brand">shop', False)


def test_the_command_sets_shows_and_refuses(tmp_path, capsys):
    workspace = str(tmp_path / "new")
    main(["roles", "shop", "recipe", "-w", workspace])
    assert capsys.readouterr().out == "Recipes are ranked for shops.\n"
    main(["roles", "-w", workspace, "--json"])
    assert json.loads(capsys.readouterr().out)["influencers"] == "recipes"
    with pytest.raises(SystemExit):
        main(["roles", "film", "-w", workspace])
    assert "Two words are needed" in capsys.readouterr().err


BRAND, INFLUENCER, PARTNER = "fish.shop.0", "fish.recipe.4", "fish.recipe.2"
PAGES = [
    "/", "/brands", "/influencers", "/influencers?q=cod", f"/influencers?like={INFLUENCER}", "/data",
    "/numbers", "/evaluation", "/evaluation/plain", f"/brands/{BRAND}?partners=true",
    f"/brands/{BRAND}/why/{INFLUENCER}",
    f"/brands/{BRAND}/why/{INFLUENCER}/both", f"/brands/{BRAND}/compare?with={INFLUENCER}&with=fish.recipe.5",
    f"/brands/{BRAND}/why/{PARTNER}", f"/brands/{BRAND}/shortlist", f"/brands/{BRAND}/campaign",
    f"/brands/{BRAND}/content", f"/brands/{BRAND}/case", f"/influencers/{PARTNER}",
    f"/influencers/{PARTNER}/brands", f"/influencers/{PARTNER}/audience",
]  # fmt: skip
"""Addresses of pages with fixed texts and sentences."""
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
OLD_WORDS = re.compile(r"\b(brand|influencer)s?\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    """Shops and recipes, with an evaluation of suggestions whose answer the pages show."""
    workspace = imported(tmp_path_factory.mktemp("kitchen"), WORDS, one="shop", other="recipe")
    pipeline.encode(workspace, "concept.bag")
    report = pipeline.evaluate(workspace, ["simcos"], protocol="suggestions").to_dict(per_brand=True)
    with TestClient(create_app(workspace, None, False), "http://localhost") as client:
        client.post("/evaluation", data={"rankers": "simcos", "protocol": "suggestions"})
        client.post(f"/brands/{BRAND}/shortlist", data={"influencer": [INFLUENCER]})
    store = ServiceStore(workspace)
    done = {"state": "done", "result": json.dumps(report), "finished": 1.0}
    store.write(tables.jobs.update().values(**done))
    store.close()
    return workspace


def _read_texts(page: str) -> list[str]:
    """The texts of a page that people read or hear, without notes and the names of jobs."""
    page = re.sub(
        r"<details><summary>(What this could not use|What was left out)</summary>.*?</details>",
        "",
        page,
        flags=re.S,
    )
    page = re.sub(r'<section aria-labelledby="(reading|notes)">.*?</section>', "", page, flags=re.S)
    page = re.sub(r"<(script|style|code)\b.*?</\1>", "", page, flags=re.S)
    return [*re.sub(r"<[^>]+>", "\n", page).split("\n"), *SPOKEN.findall(page)]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_keeps_the_usual_words(kitchen, path):
    """Fixed texts that are values of expressions, and sentences made by the program, have the words too."""
    with TestClient(create_app(kitchen, None, False), "http://localhost") as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert [text for text in _read_texts(answer.text) if OLD_WORDS.search(text)] == []
    assert re.search(r"\b(shop|recipe)s?\b", answer.text, re.IGNORECASE)


def test_ids_in_sentences_stay():
    names = RoleNames.from_words("shop", "recipe")
    sentence = "For new.brand, brand_x and @influencer-hub the brand has 2 influencers; a brand's own. Brand."
    assert names.in_sentence(sentence) == (
        "For new.brand, brand_x and @influencer-hub the shop has 2 recipes; a shop's own. Shop."
    )
    assert RoleNames().in_sentence(sentence) == sentence


def _shape(address: str) -> str:
    """An address without the names of accounts and the values of its parameters."""
    path, _, parameters = address.partition("?")
    path = re.sub(r"[a-z]+\.(shop|recipe)\.\d", "ID", path)
    return f"{path}?{sorted({pair.partition('=')[0] for pair in parameters.split('&')})}"


def test_links_lead_somewhere_in_any_words(kitchen):
    """The words change no address, and no page links to a parameter that the other page lacks."""
    links = {}
    with TestClient(create_app(kitchen, None, False), "http://localhost") as client:
        for path in PAGES:
            for link in re.findall(r'(?:href|data-load)="(/[^"#]*)', client.get(path).text):
                links.setdefault(_shape(link), html.unescape(link))
        broken = {link: client.get(link).status_code for link in links.values()}
    assert len(links) > 30
    assert {link: status for link, status in broken.items() if status >= 400} == {}
