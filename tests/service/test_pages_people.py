"""The pages of influencers, why and compare: they say what the pipeline tells, and what people wrote never
becomes markup."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import urlsplit

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.data.features import Features
from brandfit.workspace import Workspace

pytest.importorskip("fastapi", reason="FastAPI comes with the extra service")
from starlette.testclient import TestClient

from brandfit.service.app import create_app
from brandfit.service.views.accounts import HINTS

BRAND = "northpeak.outdoor"
SCRIPT = "<script>alert(1)</script>"
IMAGE = "\"><img src=x onerror='alert(2)'>"
HOSTILE = "evil.account"
BLOCKS = {"p", "li", "dt", "dd", "td", "th", "div", "section", "h1", "h2", "h3", "h4", "figcaption"}
VOID = {"img", "input", "link", "meta", "br", "hr", "wbr", "circle", "rect", "line", "polygon"}


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.raw = text
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in BLOCKS:
            self.said.append(" ")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, f"{tag} closes another"

    def handle_data(self, data):
        if "style" not in self.open and "script" not in self.open:
            self.said.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs, _ in self.all if name == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())

    def links(self, start: str) -> list[str]:
        """Addresses of links that begin so, in order, each once."""
        return list(dict.fromkeys(a["href"] for a in self.of("a") if (a.get("href") or "").startswith(start)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample with 30 influencers, and one who wishes harm; encoded, trained, and its categories told."""
    top = tmp_path_factory.mktemp("people")
    (top / "more").mkdir()
    with (top / "more" / "accounts.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ["account", "role", "name", "biography", "followers"],
                [HOSTILE, "influencer", SCRIPT, IMAGE, 9000],
            ]
        )
    with (top / "more" / "posts.csv").open("w", newline="") as file:
        rows = [["id", "account", "caption", "likes", "comments"]]
        rows += [
            [f"e{n}", HOSTILE, f"{SCRIPT} hiking boots and a tent {IMAGE} \u202e", 100, 3] for n in range(3)
        ]
        csv.writer(file).writerows(rows)
    with Workspace(top / "demo", create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 30})
        pipeline.import_source(workspace, "folder", path=top / "more")
        for name in ("text.hashing", "image.classical", "concept.bag"):
            pipeline.encode(workspace, name)
        for name in ("tags", "sponsored"):
            pipeline.profile(workspace, name)
        pipeline.train(workspace, "brandfit")
    return top / "demo"


@pytest.fixture(scope="module")
def workspace(folder):
    with Workspace(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(folder):
    with TestClient(
        create_app(folder, work=False), base_url="http://localhost", follow_redirects=False
    ) as client:
        yield client


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The sample as it was imported: nothing encoded, nothing trained."""
    folder = tmp_path_factory.mktemp("bare") / "demo"
    with Workspace(folder, create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 30})
    with TestClient(create_app(folder, work=False), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def influencer(workspace):
    return next(id for id in pipeline.rank(workspace, BRAND).candidates.tolist() if id != HOSTILE)


def get(client, path: str, status: int = 200, **params) -> Page:
    answer = client.get(path, params=params or None, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("text/html")
    return Page(answer.text)


def of_influencers(page: Page) -> list[str]:
    """Those that the cards of a list lead to, in order."""
    return [link.removeprefix("/influencers/") for link in page.links("/influencers/")]


# --- what every page keeps to -------------------------------------------------------------------------------

PATHS = [
    "/influencers",
    "/influencers?q=hiking&where=followers:1k..&sort=-followers",
    "/influencers?like={brand}",
    "/influencers?where=nonsense:",
    "/influencers/{who}",
    "/influencers/{evil}",
    "/influencers/{who}/audience",
    "/influencers/{evil}/audience",
    "/influencers/{who}/alike",
    "/influencers/{who}/brands",
    "/influencers/{who}/brands?ranker=simcos&partners=true",
    "/brands/{brand}",
    "/brands/{brand}/why/{who}",
    "/brands/{brand}/why/{who}?side=brand&ranker=simcos",
    "/brands/{brand}/why/{evil}",
    "/brands/{brand}/why/{evil}/posts",
    "/brands/{brand}/why/{who}/posts?side=brand",
    "/brands/{brand}/why/{who}/columns?ranker=simcos",
    "/brands/{brand}/why/{evil}/words?ranker=simcos",
    "/brands/{brand}/why/{who}/both",
    "/brands/{brand}/compare",
    "/brands/{brand}/compare?with={who}&with={evil}",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_sound_and_nothing_that_people_wrote_is_markup(client, influencer, path):
    page = get(client, path.format(who=influencer, evil=HOSTILE, brand=BRAND))
    assert not page.open, "every element is closed"
    levels = [int(tag[1]) for tag, *_ in page.all if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    ids = [attrs["id"] for _, attrs, _ in page.all if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs, _ in page.all:
        assert not [name for name in attrs if name.startswith("on") or name == "style"], (tag, attrs)
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attrs.get(name) in (None, *ids), (tag, attrs)
    assert [s["src"].split("/")[-1] for s in page.of("script")] == ["app.js"]
    assert not page.of("style")
    assert all("alt" in attrs and attrs["src"].startswith("/api/v1/") for attrs in page.of("img"))
    labelled = {attrs["for"] for attrs in page.of("label") if "for" in attrs}
    for tag, attrs, above in page.all:
        if tag in ("input", "select") and attrs.get("type") != "hidden":
            assert attrs.get("id") in labelled or "label" in above or "aria-label" in attrs, attrs
    for n, (tag, _, above) in enumerate(page.all):
        if tag == "table":
            region = page.all[n - 1][1]
            assert above[-1] == "div"
            assert region["class"].split()[0] == "scroll"
            assert (region["tabindex"], region["role"]) == ("0", "region")
            assert region["aria-label"]
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b|Undefined|\{\{", page.text)


def test_hostile_words_are_shown_as_they_were_written(client):
    page = get(client, f"/influencers/{HOSTILE}")
    assert SCRIPT in page.text
    assert IMAGE in page.text
    assert SCRIPT not in page.raw
    assert "<img src=x" not in page.raw


# --- the list -----------------------------------------------------------------------------------------------


def test_the_list_is_that_of_the_search_page_by_page(client, workspace):
    everybody = pipeline.search(workspace, k=1000)
    assert everybody.total == 31
    seen = []
    for offset in (0, 20):
        page = get(client, "/influencers", offset=offset)
        assert "31 influencers" in page.text
        seen += of_influencers(page)
    assert seen == [row["influencer"] for row in everybody.rows]


def test_words_are_answered_with_why_and_conditions_with_their_facts(client, workspace):
    found = pipeline.search(workspace, ["hiking"], where="followers:20k..", sort="-followers")
    page = get(client, "/influencers", q="hiking", where="followers:20k..", sort="-followers")
    assert 0 < found.total < 31
    assert of_influencers(page) == [row["influencer"] for row in found.rows]
    assert f"{found.total} influencers for “hiking”" in page.text
    assert found.sentence in page.text
    for row in found.rows:
        assert f"followers {row['facts']['followers']:,}" in page.text
        assert all(one["concept"] in page.text for one in row["concepts"])
    kept = {
        a["name"]: a.get("value")
        for a in page.of("input")
        if "name" in a and a.get("id") in ("words", "where")
    }
    assert kept == {"q": "hiking", "where": "followers:20k.."}
    assert [o["value"] for o in page.of("option") if "selected" in o] == ["-followers"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"where": "folowers:1k.."}, "followers"),  # the nearest name is suggested
        ({"where": "followers:9..1"}, "from more to less"),
        ({"sort": "beauty"}, "beauty"),
        ({"like": "north.peak.outdor"}, BRAND),
    ],
)
def test_what_cannot_be_asked_is_said_beside_the_form_that_mends_it(client, asked, told):
    page = get(client, "/influencers", **asked)
    assert told in page.text
    assert [attrs for _, attrs, _ in page.all if attrs.get("role") == "alert"]
    assert asked.get("where", "") in [a.get("value") for a in page.of("input")]


def test_nobody_found_is_said(client):
    page = get(client, "/influencers", where="followers:90m..")
    assert "Nobody was found" in page.text
    assert "0 influencers" in page.text


@pytest.mark.parametrize(
    "typed", [[f"{BRAND}, senna.peaks"], [f"@{BRAND} Senna.Peaks"], [BRAND, "senna.peaks"]]
)
def test_likeness_to_several_accounts_however_they_are_typed(client, workspace, typed):
    found = pipeline.similar(workspace, [BRAND, "senna.peaks"], k=24)
    page = get(client, "/influencers", like=typed)
    assert of_influencers(page) == [row["influencer"] for row in found.rows]
    assert f"{found.rows[0]['likeness']:.2f} likeness" in page.text


def test_a_picture_finds_whose_pictures_are_like_it_and_is_not_kept(client, workspace, folder, tmp_path):
    dataset = pipeline.load(workspace)
    data = dataset.picture(dataset.images["hash"][0].as_py())
    (tmp_path / "a.jpg").write_bytes(data)
    found = pipeline.similar(workspace, picture=tmp_path / "a.jpg", k=24)
    before = sorted(file for file in folder.rglob("*") if file.is_file() and "sqlite" not in file.name)
    answer = client.post(
        "/influencers", files={"picture": ("mine.jpg", data)}, headers={"accept": "text/html"}
    )
    assert of_influencers(Page(answer.text)) == [row["influencer"] for row in found.rows]
    assert (
        sorted(file for file in folder.rglob("*") if file.is_file() and "sqlite" not in file.name) == before
    )


def test_what_is_no_picture_is_said_without_a_path_of_the_machine(client):
    answer = client.post(
        "/influencers", files={"picture": ("<b>notes.txt", b"no picture")}, headers={"accept": "text/html"}
    )
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "<b>notes.txt cannot be read as a picture" in page.text
    assert "/tmp" not in page.text


# --- one influencer -----------------------------------------------------------------------------------------


def test_an_influencer_is_told_with_its_partners_posts_and_topics(client, workspace, influencer):
    dataset = pipeline.load(workspace)
    page = get(client, f"/influencers/{influencer}")
    both = [page, get(client, f"/influencers/{influencer}", offset=12)]
    stated = dataset.account(influencer)
    assert f"{stated['followers']:,}" in page.text
    assert f"{stated['category']} as stated" in page.text
    brands = sorted(brand for brand, partners in dataset.partners.items() if influencer in partners)
    assert [link.removeprefix("/brands/") for link in page.links("/brands/") if "/why/" not in link] == brands
    for topic, share in pipeline.topics(workspace, influencer).items():
        assert f"{topic} {share:.0%}" in next(
            a["aria-label"] for a in page.of("svg") if a["class"] == "radar"
        )
    mine = [post for post in dataset.posts.to_pylist() if post["account"] == influencer]
    assert f"{len(mine)} posts here" in page.text
    assert len(mine) <= 24
    assert (
        sum(p.text.count("marked as an advertisement") for p in both)
        == sum(bool(post["disclosed"]) for post in mine)
        > 0
    )
    with_picture = {post["id"] for post in mine} & set(dataset.images["post"].to_pylist())
    assert sum(i.get("width") == "256" for p in both for i in p.of("img")) == len(with_picture) > 0


def test_a_category_that_nobody_stated_is_told_with_how_sure_it_is(client, workspace):
    told = pipeline.category(workspace, HOSTILE)
    assert told.stated is None
    best = max(told.predicted, key=lambda name: told.predicted[name])
    page = get(client, f"/influencers/{HOSTILE}")
    assert f"{best} predicted by tags, {100 * told.predicted[best]:.0f} %" in page.text
    assert "No partner is known in these data" in page.text


def test_a_brand_is_sent_to_its_own_page_and_nobody_is_not_found(client):
    assert client.get(f"/influencers/{BRAND}").headers["location"] == f"/brands/{BRAND}"
    page = get(client, "/influencers/senna.peeks", 404)
    assert "senna.peaks" in page.text


def test_the_audience_is_told_in_the_words_of_the_pipeline(client, workspace, influencer):
    told, expected = pipeline.audience(workspace, influencer), pipeline.expected(workspace, influencer)
    page = get(client, f"/influencers/{influencer}/audience")
    for sentence in [*told.sentences, *(hint.sentence for hint in told.hints)]:
        assert sentence in page.text
    assert list(HINTS) == [hint.name for hint in told.hints]
    assert (
        f"{100 * expected.rate:.1f} % of the followers {100 * expected.low:.1f} to {100 * expected.high:.1f} "
        "%" in page.text
    )
    assert [attrs for _, attrs, _ in page.all if attrs.get("id") == "piece"]


def test_look_alikes_are_those_of_the_pipeline(client, workspace, influencer):
    page = get(client, f"/influencers/{influencer}/alike")
    found = [row["influencer"] for row in pipeline.similar(workspace, [influencer], k=6).rows]
    assert of_influencers(page) == [influencer, *found]


@pytest.mark.parametrize("partners", [False, True])
def test_brands_for_an_influencer_are_in_the_order_of_the_pipeline(client, workspace, influencer, partners):
    found = pipeline.brands_for(workspace, influencer, partners=partners)
    past = {b for b, of in pipeline.load(workspace).partners.items() if influencer in of}
    names = []
    for offset in (0, 20):
        page = get(client, f"/influencers/{influencer}/brands", partners=partners, offset=offset)
        names += [link.removeprefix("/brands/") for link in page.links("/brands/") if "/why/" not in link]
    assert names == [one.brand for one in found.brands]
    assert bool(past & set(names)) == (partners and bool(past))
    page = get(client, f"/influencers/{influencer}/brands", partners=partners)
    assert f"{found.brands[0].candidate_rank} of {found.brands[0].among}" in page.text


# --- why ----------------------------------------------------------------------------------------------------


def test_why_tells_chance_parts_and_sentences(client, workspace, influencer):
    told, _ = pipeline.explain(workspace, BRAND, influencer=influencer, kinds=())
    page = get(client, f"/brands/{BRAND}/why/{influencer}")
    value, low, high = (f"{100 * share:.0f} %" for share in told.more["probability"])
    assert f"{value} {low} to {high}" in page.text
    for sentence in told.sentences:
        assert " ".join(sentence.split()) in page.text
    bars = next(a["aria-label"] for a in page.of("svg") if a["class"] == "bars")
    assert all(f"{value:+.2f}" in bars for value in told.parts.values())
    assert sum(a["class"] == "radar" for a in page.of("svg")) == 1
    for one in told.more["like_brands"]:
        assert f"/brands/{one['brand']}" in page.links("/brands/")


@pytest.mark.parametrize("side", ["influencer", "brand"])
def test_the_parts_that_take_long_are_asked_for_the_side_that_is_shown(client, influencer, side):
    page = get(client, f"/brands/{BRAND}/why/{influencer}", side=side, ranker="simcos")
    asked = [attrs["data-load"] for _, attrs, _ in page.all if "data-load" in attrs]
    assert asked == page.links(f"/brands/{BRAND}/why/{influencer}/"), "the same without scripts"
    assert all(urlsplit(path).query == f"side={side}&ranker=simcos" for path in asked)
    kinds = [urlsplit(path).path.rpartition("/")[2] for path in asked]
    assert kinds == ["posts", "columns", "words", "phrases", "maps", "both"]


@pytest.mark.parametrize("side", ["influencer", "brand"])
def test_posts_are_those_of_the_side_with_values_and_errors(client, workspace, influencer, side):
    whose = influencer if side == "influencer" else BRAND
    told, _ = pipeline.explain(
        workspace, BRAND, influencer=influencer, ranker="simcos", kinds=("posts",), sides=(side,)
    )
    (one,) = told.attributions_of("posts", side)
    posts = {p["id"]: p for p in pipeline.load(workspace).posts.to_pylist()}
    assert one.items
    assert {posts[item.id]["account"] for item in one.items} == {whose}
    page = get(client, f"/brands/{BRAND}/why/{influencer}/posts", side=side, ranker="simcos")
    shown = page.text.partition("Against it")
    for item in one.items[:12]:
        assert any(
            f"{item.value:+.{n}f} ± {item.error:.{n}f}" in (shown[0] if item.value > 0 else shown[2])
            for n in (2, 3, 4)
        )
    assert any(f"the score is {one.base:.{n}f} ± {one.base_error:.{n}f}" in page.text for n in (2, 3, 4))


def test_words_are_told_by_what_they_add(client, workspace, influencer):
    told, _ = pipeline.explain(workspace, BRAND, influencer=influencer, ranker="simcos", kinds=("words",))
    (one,) = told.attributions_of("words")
    page = get(client, f"/brands/{BRAND}/why/{influencer}/words", ranker="simcos")
    assert one.items
    assert max(abs(item.value) for item in one.items) < 0.1, "two decimals would say nothing"
    shown = dict(re.findall(r"(\S+) ([+-]\d\.\d{3,5}) ±", page.text))
    assert list(shown) == [item.label for item in one.items[:12]]
    for item in one.items[:12]:
        assert float(shown[item.label]) == pytest.approx(item.value, abs=6e-4)


def test_how_much_a_post_counts_is_told_where_a_profiler_weighed_it(client, workspace, influencer):
    assert "of what tells its category" not in get(client, f"/influencers/{influencer}").text
    ids = [p["id"] for p in pipeline.load(workspace).posts.to_pylist() if p["account"] == influencer]
    values = np.linspace(0.05, 0.95, len(ids), dtype=np.float32)[:, None]
    workspace.save(
        Features(
            name="weighed",
            ids=np.array(ids, dtype=object),
            values=values,
            level="post",
            columns=("attention",),
            key="k-1",
            slot="attention",
        )
    )
    told = re.findall(r"(\d+) % of what tells its category", get(client, f"/influencers/{influencer}").text)
    assert len(told) == min(12, len(ids))
    assert {int(share) for share in told} <= {round(100 * value) for value in values[:, 0].tolist()}


@pytest.mark.parametrize("side", ["influencer", "brand"])
def test_heat_maps_are_pictures_of_that_side_that_are_there(client, workspace, influencer, side):
    told, dataset = pipeline.explain(
        workspace, BRAND, influencer=influencer, ranker="simcos", kinds=("maps",), sides=(side,)
    )
    posts = {p["id"]: p["account"] for p in dataset.posts.to_pylist()}
    assert {posts[one.post] for one in told.maps} == {influencer if side == "influencer" else BRAND}
    page = get(client, f"/brands/{BRAND}/why/{influencer}/maps", ranker="simcos", side=side)
    shown = [i["src"] for i in page.of("img")]
    assert len(shown) == len(told.maps) > 0
    for source in shown:
        answer = client.get(source)
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")


def test_both_sides_are_told_in_one_sentence(client, workspace, influencer):
    page = get(client, f"/brands/{BRAND}/why/{influencer}/both")
    assert pipeline.pair(workspace, BRAND, influencer=influencer).sentence in page.text


@pytest.mark.parametrize(
    "path",
    [f"/brands/{BRAND}/why/nobody", f"/brands/nobody/why/{HOSTILE}", f"/brands/{BRAND}/compare?with=nobody"],
)
def test_who_is_not_there_is_not_found(client, path):
    assert "nobody" in get(client, path, 404).text


def test_a_brand_without_posts_is_taken_apart_by_the_posts_of_its_partners(client, workspace, influencer):
    page = get(client, f"/brands/stridemint.run/why/{influencer}/posts", side="brand", ranker="simcos")
    partners = pipeline.load(workspace).partners["stridemint.run"]
    assert "± " in page.text
    assert any(partner in page.text for partner in partners)


def test_an_unknown_piece_or_side_is_refused(client, influencer):
    assert client.get(f"/brands/{BRAND}/why/{influencer}/magic").status_code == 422
    assert client.get(f"/brands/{BRAND}/why/{influencer}?side=left").status_code == 422


# --- side by side -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [[], [HOSTILE], [HOSTILE, f"@{HOSTILE}"]])
def test_fewer_than_two_are_asked_to_be_more(client, ids):
    page = get(client, f"/brands/{BRAND}/compare", **{"with": ids})
    assert "Tick two to four" in page.text
    assert not page.of("table")


def test_those_that_are_compared_stand_side_by_side(client, workspace):
    best = pipeline.rank(workspace, BRAND).candidates.tolist()
    ids = [*[id for id in best if id != HOSTILE][:3], HOSTILE]
    page = get(client, f"/brands/{BRAND}/compare", **{"with": [*ids, "senna.peaks"]})
    assert of_influencers(page) == ids
    assert "left out: senna.peaks" in page.text
    prices = pipeline.asking_prices(workspace, BRAND, influencers=ids)
    for id in ids[:3]:
        assert f"number {best.index(id) + 1} of" in page.text
        assert (
            id not in prices
            or f"{prices[id][0]:,.0f} {prices[id][1]:,.0f} to {prices[id][2]:,.0f}" in page.text
        )
    assert "9,000" in page.text
    assert len([a for a in page.of("svg") if a["class"] == "radar"]) == len(
        [id for id in ids if pipeline.topics(workspace, id)]
    )
    for one, other, both in pipeline.shared_audiences(workspace, ids):
        told = f"{both.common} known" if both else "not known"
        assert f"{one} and {other}: {told}" in page.text


# --- a workspace without anything ---------------------------------------------------------------------------


def test_an_empty_workspace_says_what_to_do(tmp_path):
    with TestClient(create_app(tmp_path / "new", work=False), base_url="http://localhost") as client:
        page = get(client, "/influencers")
        assert "There are no influencers yet" in page.text
        assert "/import" in page.links("/import")


def test_what_was_not_encoded_is_said_and_not_guessed(bare):
    page = get(bare, "/influencers/senna.peaks")
    assert "nothing with named topics has been encoded" in page.text
    assert "Encode first" in get(bare, "/influencers/senna.peaks/alike").text
    assert "Encode first" in get(bare, f"/brands/{BRAND}/why/senna.peaks", 422).text
    assert "Encode first" in get(bare, "/influencers/senna.peaks/brands").text
    page = get(bare, f"/brands/{BRAND}/compare", **{"with": ["senna.peaks", "tavi.outthere"]})
    assert page.text.count("Encode first") == 2
    assert "chance of working together" not in page.text


def test_a_brand_tells_what_it_is_about_where_that_is_known(client, bare, workspace):
    page = get(client, f"/brands/{BRAND}")
    topics = pipeline.topics(workspace, BRAND)
    assert f"What it is about: {', '.join(list(topics)[:3])}" in page.text
    assert "What it is about" not in get(bare, f"/brands/{BRAND}").text
    without = next(id for id, kind in pipeline.load(workspace).representation.items() if kind == "partners")
    assert pipeline.no_topics_reason(workspace, without) in get(client, f"/brands/{without}").text


def test_pages_of_a_pair_name_the_bounds_that_narrow_the_list(client):
    best = client.get(f"/api/v1/rankings/{BRAND}?limit=1").json()["items"][0]["influencer"]
    path = f"/brands/{BRAND}/why/{best}"
    assert "1,000 to 90,000 followers" in client.get(f"{path}?followers=1k..90k").text
    assert "followers</bdi>" not in client.get(path).text
