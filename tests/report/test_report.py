"""A report says what the numbers say, loads nothing, and whatever people wrote stays text."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import re
import socket
import sys
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from brandfit.campaign.pool import Pick, Total, Totals
from brandfit.campaign.shortlist import Shortlist
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post, link_id
from brandfit.errors import MissingExtra, UnknownName
from brandfit.explain.explanation import Radar
from brandfit.registry import load
from brandfit.report import charts, html, pdf
from brandfit.report.content import Card, Profile, Report, Shot
from brandfit.report.gather import gather

BAD = (
    '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>{{ 7*7 '
    "}}</style>\u202e\x00&amp;"
)
INFLUENCERS = ("ann.peaks", "bob.bakes", "cat.runs", "dan.none")


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Picture.new("RGB", (24, 16), colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """A brand of mountains; ann is all mountains, bob half, cat none, of dan nothing is encoded. All that is
    written is hostile."""
    shares = {"north": [1, 0.2], "ann.peaks": [1, 0.1], "bob.bakes": [0.5, 1], "cat.runs": [0.05, 1]}
    accounts = [Account(id="north", role="brand", name=BAD, biography=BAD, category=BAD)]
    accounts += [
        Account(id=id, biography=BAD, name=BAD, category=BAD, followers=10_000) for id in INFLUENCERS
    ]
    posts, images, pictures, ids, values = [], [], {}, [], []
    for account, (mountain, cake) in shares.items():
        for n in range(2):
            id = f"{account}-{n}"
            posts.append(
                Post(
                    id=id,
                    account=account,
                    time=1_543_622_400 + 86_400 * n,
                    caption=f"{n}{BAD}",
                    hashtags=[BAD],
                    likes=300,
                )
            )
            data = jpeg("red" if n else "blue")
            images.append(Image(post=id, hash=hashlib.sha256(data).hexdigest(), alt_text=None if n else BAD))
            pictures[images[-1].hash] = data
            ids.append(id)
            values.append([mountain + 0.1 * n, cake, 0.3])
    links = [
        Link(
            id=link_id("endorses", "cat.runs", target="north"),
            kind="endorses",
            source="cat.runs",
            target="north",
        )
    ]
    named = Features(
        name="concept.bag",
        ids=np.array(ids, dtype=object),
        values=np.array(values, np.float32),
        level="post",
        columns=("mountain", BAD, "sea"),
    )
    return Dataset.from_rows(accounts, posts, images=images, links=links, pictures=pictures).with_slots(
        {"concept": named}
    )


@pytest.fixture(scope="module")
def report(dataset) -> Report:
    ranker = load("ranker", "simcos")().fit(dataset)
    return gather(
        ranker, dataset, ranking=ranker.rank(dataset, "north"), k=5, about="likeness", today=date(2026, 3, 1)
    )


class Page(HTMLParser):
    """Elements in order with their attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> says an attribute twice"
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, *tags: str) -> list[dict]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def shape(self) -> list[tuple]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements if tag != "wbr"]


def test_the_best_comes_first_with_its_numbers(dataset, report):
    assert [card.profile.id for card in report.cards] == ["ann.peaks", "bob.bakes", "dan.none"]
    ranker = load("ranker", "simcos")().fit(dataset)
    scores = ranker.score(
        dataset, np.array(["north"], dtype=object), np.array(INFLUENCERS[:2], dtype=object)
    )[0]
    assert [card.score for card in report.cards[:2]] == scores.tolist()
    assert np.isnan(report.cards[2].score)
    assert "no evidence" in report.cards[2].why[0]
    for card in report.cards[:2]:
        assert sum(card.parts.values()) == pytest.approx(card.score)
        assert card.chance is None
    assert report.partners == ("cat.runs",)
    assert (report.candidates, report.best, report.date) == (3, 3, "1 March 2026")
    assert report.brand_representation == "its own posts"


def test_those_who_are_named_stand_in_the_order_of_the_ranking(dataset):
    ranker = load("ranker", "simcos")().fit(dataset)
    ranking = ranker.rank(dataset, "north")
    last, first = ranking.candidates[2], ranking.candidates[1]
    found = gather(ranker, dataset, ranking=ranking, k=5, today=date(2026, 3, 1), influencers=[last, first])
    assert [(card.profile.id, card.rank) for card in found.cards] == [
        (first, 2),
        (last, None),
    ]  # of the last nothing is known
    assert f"2 chosen of {len(ranking)} candidates" in Page(html.render(found)).text
    with pytest.raises(UnknownName, match="nobody"):
        gather(ranker, dataset, ranking=ranking, k=5, influencers=["nobody"])


def test_topics_and_radars_are_shares(report):
    assert list(report.topics.items()) == [
        ("mountain", pytest.approx(1.05 / 1.55)),
        ("sea", pytest.approx(0.3 / 1.55)),
        (BAD, pytest.approx(0.2 / 1.55)),
    ]
    radar = report.cards[0].radar
    assert set(radar.axes) == {"mountain", BAD, "sea"}
    assert radar.series["brand"][radar.axes.index("mountain")] == pytest.approx(1.05 / 1.55)


def test_pictures_are_those_of_the_posts_that_add_most(report):
    shots = report.cards[0].profile.shots
    told = [float(shot.told.removeprefix("adds ")) for shot in shots]
    assert told == sorted(told, reverse=True)
    assert {base64.b64decode(shot.uri.partition(",")[2]) for shot in shots} <= {jpeg("red"), jpeg("blue")}
    assert report.brand.shots[0].uri.endswith(base64.b64encode(jpeg("red")).decode())  # the newest


def test_a_report_says_where_it_comes_from(report, dataset):
    assert dataset.fingerprint[:16] in report.origin.values()
    assert report.origin["Posts from"] == "1 December 2018 to 2 December 2018"
    assert any("not measured here" in sentence for sentence in report.method)
    assert not any("chance" in sentence for sentence in report.method)
    page = html.render(report)
    assert "chance" not in page.lower()


def test_a_score_of_one_part_alone_says_so(dataset):
    class Alone(type(load("ranker", "simcos")())):
        def parts(self, dataset, brands, candidates):
            found = super().parts(dataset, brands, candidates)
            return {"text": np.zeros_like(next(iter(found.values()))), **found}

    ranker = Alone().fit(dataset)
    ranking = ranker.rank(dataset, "north")
    told = gather(ranker, dataset, ranking=ranking, k=1).cards[0]
    assert told.why[0] == f"The whole score comes of what both are about ({ranking.scores[0]:+.2f})."


def test_the_page_loads_nothing_and_holds_no_script(report):
    page = Page(html.render(report))
    assert not page.of(
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "audio",
        "video",
        "source",
        "use",
        "image",
    )
    for tag, attributes in page.elements:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in ("style", "srcset", "action", "background")
        ], tag
        assert all(
            attributes.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))
            for name in ("src", "href", "xlink:href")
        ), tag
    (style,) = re.findall(r"<style>(.*?)</style>", html.render(report), re.S)
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_of_the_page_lets_in_its_pictures_and_its_style_alone(report):
    page = html.render(report)
    policy = next(
        a["content"] for a in Page(page).of("meta") if a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_what_people_wrote_is_text(report):
    page = Page(html.render(report))
    seen = BAD.replace("\x00", "")
    assert page.text.count(seen) >= 4
    assert "\x00" not in page.text
    assert "49" not in page.text.replace(seen, "")
    assert any(seen in attributes["alt"] for attributes in page.of("img"))


def test_the_page_can_be_read_aloud(report):
    page = Page(html.render(report))
    assert page.of("html")[0]["lang"] == "en"
    assert all("alt" in attributes for attributes in page.of("img"))
    assert all(attributes.get("role") == "img" and attributes["aria-label"] for attributes in page.of("svg"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in page.of("a")] + [
        a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a
    ]
    assert set(targets) <= set(ids)


def a_set(
    influencer: str, brand: str = "north", note: str = "", rank: int = 1, match_is: str = "chance"
) -> Shortlist:
    pick = Pick(
        influencer=influencer,
        rank=rank,
        match=0.5,
        followers=10_000,
        engagement=300.0,
        engagement_low=200.0,
        engagement_high=450.0,
        posts=2,
        price=10.0,
        price_low=5.0,
        price_high=20.0,
        price_is_stated=False,
        adds=2.0,
        shared=None,
    )
    totals = Totals(
        price=Total(10.0, 5.0, 20.0),
        reach=Total(10_000.0),
        weighted_reach=Total(5_000.0),
        engagement=Total(300.0, 200.0, 450.0),
        overlap_known=False,
    )
    objective = "match_reach" if match_is == "chance" else "rank_reach"
    told = brand, "simcos", match_is, objective, "EUR", (pick,), totals, (note,) if note else ()
    return Shortlist(*told, value=5_000.0, ranked_value=1.0, at_least=0.9, budget=100.0, among=3, excluded=())


def with_words(words: str) -> Report:
    """A report in which every text that people write is this one."""
    shot = Shot("data:image/jpeg;base64,AA==", words, words, words)
    profile = Profile(
        id=words,
        name=f"{words}'s name",
        biography=words,
        facts={"Category": words},
        shots=(shot,),
        display_name="newest posts",
    )
    radar = Radar(
        ("a", words, "c"),
        {"brand": np.array([0.2, 0.3, 0.5]), "influencer": np.array([0.5, 0.2, 0.3])},
        words,
    )
    card = Card(
        rank=1,
        profile=profile,
        category=words,
        followers=5,
        score=0.5,
        parts={words: 0.7, "text": -0.2},
        chance=(0.2, 0.1, 0.3),
        why=(words, words),
        radar=radar,
        maps=(shot,),
    )
    chosen = a_set(words, words, words)
    note = (words,)
    return Report(
        brand=profile,
        brand_representation=words,
        topics={words: 0.5},
        hashtags=note,
        partners=note,
        ranker=words,
        best=1,
        picked=False,
        candidates=1,
        cards=(card,),
        shortlist=chosen,
        changed=note,
        method=note,
        notes=note,
        origin={words: words},
        date="1 March 2026",
    )


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
    | st.sampled_from([BAD, "</title>", "<!--", "]]>", "' onload='x", "&#60;b>"])
)
def test_no_text_changes_the_shape_of_the_page(words):
    assert Page(html.render(with_words(words + "x"))).shape == Page(html.render(with_words("x"))).shape


def test_bars_are_as_long_as_their_values():
    drawn = charts.bars({"a": 2.0, "b": 1.0, "c": -1.0}, "t", "{:+.1f}")
    rects = [{k: float(v) for k, v in a.items() if k in ("x", "width")} for a in Page(drawn).of("rect")]
    a, b, c = rects
    assert a["width"] == pytest.approx(2 * b["width"], abs=0.2)
    assert c["width"] == pytest.approx(b["width"], abs=0.2)
    assert a["x"] == b["x"] == pytest.approx(c["x"] + c["width"], abs=0.2)  # all start at zero
    assert "a: +2.0; b: +1.0; c: -1.0." in Page(drawn).of("svg")[0]["aria-label"]


def test_a_radar_has_its_largest_share_on_the_ring():
    drawn = Page(
        charts.radar(
            Radar(
                ("up", "right", "down", "left"),
                {"brand": np.array([0.4, 0.0, 0.2, 0.0]), "influencer": np.array([0.1, 0.2, 0, 0])},
                "x",
            )
        )
    )
    polygons = {
        a["class"]: np.array([p.split(",") for p in a["points"].split()], float) for a in drawn.of("polygon")
    }
    ring, brand, influencer = polygons["line"], polygons["brand"], polygons["influencer"]
    middle = ring.mean(axis=0)
    assert brand[0] == pytest.approx(ring[0])
    assert brand[1] == pytest.approx(middle)
    assert brand[2] == pytest.approx((middle + ring[2]) / 2)
    assert influencer[1] == pytest.approx((middle + ring[1]) / 2)


def test_an_interval_lies_where_its_numbers_are():
    track, band = Page(charts.interval((0.25, 0.1, 0.5), 0.5)).of("rect")
    (dot,) = Page(charts.interval((0.25, 0.1, 0.5), 0.5)).of("circle")
    left, long = float(track["x"]), float(track["width"])
    assert float(dot["cx"]) == pytest.approx(left + long * 0.5, abs=0.1)
    assert (float(band["x"]), float(band["width"])) == (
        pytest.approx(left + long * 0.2, abs=0.1),
        pytest.approx(long * 0.8, abs=0.1),
    )


def test_the_set_is_told_against_the_ranking(dataset):
    ranker = load("ranker", "simcos")().fit(dataset)
    chosen = a_set("bob.bakes", rank=2, match_is="rank share")
    found = gather(ranker, dataset, ranking=ranker.rank(dataset, "north"), k=1, shortlist=chosen)
    assert [card.profile.id for card in found.cards] == ["ann.peaks", "bob.bakes"]
    assert found.changed == (
        "Not in the set, of the first 1 of the ranking: ann.peaks (number 1).",
        "In their place: bob.bakes (number 2).",
    )
    same = gather(ranker, dataset, ranking=ranker.rank(dataset, "north"), k=1, shortlist=a_set("ann.peaks"))
    assert same.changed == ("These are the first 1 of the ranking.",)
    page = Page(html.render(found)).text
    assert "The set for 100 EUR" in page
    assert "Chosen for rank-weighted reach: 5,000." in page
    assert "Rank-weighted reach5,000" in page
    assert "Price10 EUR 5 to 20" in page
    assert "Expected engagement300 200 to 450" in page
    assert "match-weighted" not in page.lower()
    assert "expected to win" not in page


def no_network(*_args, **_more):
    raise AssertionError("a report asks nobody")


def test_a_pdf_says_the_same_and_asks_nobody(report, monkeypatch):
    pytest.importorskip(
        "weasyprint", reason="weasyprint comes with the extra report", exc_type=(ImportError, OSError)
    )
    pdfium = pytest.importorskip(
        "pypdfium2", reason="pypdfium2 reads back the PDF; it comes with the extra dev"
    )
    monkeypatch.setattr(socket, "socket", no_network)
    document = pdfium.PdfDocument(pdf.write(html.render(report)))
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    for words in ("Influencers for north", "ann.peaks", "bob.bakes", "no evidence", "How to read this"):
        assert words in text
    pictures = [
        thing for page in document for thing in page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE])
    ]
    assert len(pictures) >= len(report.cards[0].profile.shots) + len(report.brand.shots)
    assert document.get_metadata_value("Title") == "Influencers for north"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x.png",
        "https://evil.example/x",
        "file:///etc/hostname",
        "//evil.example/x",
        "x.png",
    ],
)
@pytest.mark.parametrize(
    "page",
    ['<img src="{}">', '<link rel="stylesheet" href="{}">', "<style>p {{ background: url({}) }}</style><p>x"],
)
def test_a_pdf_of_a_page_that_loads_anything_is_refused(url, page, monkeypatch):
    weasyprint = pytest.importorskip(
        "weasyprint", reason="weasyprint comes with the extra report", exc_type=(ImportError, OSError)
    )
    monkeypatch.setattr(socket, "socket", no_network)
    with pytest.raises(weasyprint.urls.FatalURLFetchingError, match="loads nothing"):
        pdf.write(f"<!doctype html><title>x</title>{page.format(url)}")


def test_without_weasyprint_it_is_told_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingExtra, match="not installed") as error:
        pdf.write("<p>x")
    assert "brandfit[report]" in error.value.hint


def test_without_pango_it_is_told_what_to_install(monkeypatch):
    class NoPango:
        def find_spec(self, name, *_):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(MissingExtra) as error:
        pdf.needed()
    assert "apt-get install libpango" in error.value.hint
