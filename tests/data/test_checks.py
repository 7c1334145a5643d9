from __future__ import annotations

import json

import numpy as np
import pytest

from brandfit.data import checks, schema
from brandfit.data.dataset import Dataset
from brandfit.data.distributions import distribution
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post

NOW = 1_700_000_000


def link(kind: str, source: str, target: str, **more) -> Link:
    return Link(
        id=schema.link_id(kind, source, target=target, post=str(more)),
        kind=kind,
        source=source,
        target=target,
        **more,
    )


def sound() -> dict:
    """Nothing is wrong with these."""
    return {
        "accounts": [
            Account(id="acme", role="brand", followers=50_000),
            Account(id="mara", followers=10_000, followees=400, posts=30),
        ],
        "posts": [
            Post(
                id="p1",
                account="mara",
                time=NOW - 9,
                caption="brew #ad",
                likes=300,
                comments=20,
                mentions=["acme"],
            ),
            Post(id="p2", account="acme", time=NOW - 9, caption="our beans", likes=900, comments=10),
        ],
        "images": [Image(post="p1", hash="aa"), Image(post="p2", hash="bb")],
        "links": [link("endorses", "mara", "acme"), link("comments", "fan", "mara", post="p1", text="wow")],
    }


def findings(data: dict, slots=None) -> dict[str, checks.Finding]:
    dataset = Dataset.from_rows(**data)
    return {f.name: f for f in checks.check(dataset.with_slots(slots or {}), now=NOW).findings}


def test_nothing_is_found_where_nothing_is_wrong():
    result = checks.check(Dataset.from_rows(**sound()), now=NOW)
    assert result.findings == ()
    assert result.counts == {
        "brands": 1,
        "influencers": 1,
        "audience_accounts": 0,
        "commenters": 1,
        "posts": 2,
        "briefs": 0,
        "images": 2,
        "endorsements": 1,
        "links": {"comments": 1, "endorses": 1, "mentions": 1},
    }
    assert "Nothing is wrong." in result.to_text()


PICTURE = Image(post="px", hash="xx")


def one_more(**changes) -> dict:
    """A sound post with a picture, but for the changes."""
    post = {"id": "px", "account": "mara", "time": NOW - 5, "caption": "words", "likes": 1, "comments": 0}
    return {"posts": [Post(**{**post, **changes})], "images": [PICTURE]}


STRANGE_LINKS = [
    link("endorses", "ghost", "acme"),
    link("represents", "mara", "phantom"),
    link("follows", "fan", "spectre"),
    link("comments", "fan", "nobody"),
]
ENDORSERS = {"small": 4_999, "huge": 100_001, "edge": 100_000}
BARE = {"accounts": [Account(id="bare", role="brand", followers=1)]}

CASES = {
    "duplicate_accounts": ("error", {"accounts": [Account(id="mara", followers=9_000)]}, ("mara",)),
    "influencers_without_posts": ("warning", {"accounts": [Account(id="tom", followers=9_000)]}, ("tom",)),
    "accounts_without_followers": ("warning", {"accounts": [Account(id="tom", followers=0)]}, ("tom",)),
    "influencers_outside_micro": (
        "note",
        {
            "accounts": [
                Account(id="tiny", followers=4_999),
                Account(id="edge", followers=5_000),
                Account(id="big", followers=100_001),
            ]
        },
        ("big", "tiny"),
    ),
    "ids_with_spaces": ("warning", {"accounts": [Account(id="bad name", followers=9_000)]}, ("bad name",)),
    "posts_of_unknown_accounts": ("error", one_more(account="ghost"), ("px",)),
    "likes_above_followers": ("warning", one_more(likes=10_001), ("px",)),
    "posts_without_engagement": ("note", one_more(comments=None), ("px",)),
    "posts_in_the_future": ("warning", one_more(time=NOW + 1), ("px",)),
    "posts_before_2010": ("warning", one_more(time=1_000_000_000), ("px",)),
    "posts_without_time": ("note", one_more(time=None), ("px",)),
    "posts_without_caption": ("note", one_more(caption="  "), ("px",)),
    "posts_without_images": ("note", {"posts": one_more()["posts"]}, ("px",)),
    "duplicate_captions": ("warning", one_more(caption="our beans"), ("px",)),
    "duplicate_images": (
        "note",
        {"posts": one_more()["posts"], "images": [Image(post="px", hash="aa")]},
        ("px",),
    ),
    "images_missing": ("error", {"posts": one_more()["posts"], "images": [Image(post="px")]}, ("px",)),
    "images_of_unknown_posts": ("error", {"images": [PICTURE]}, ("px",)),
    "links_to_unknown_accounts": ("error", {"links": STRANGE_LINKS}, ("ghost", "phantom", "spectre")),
    "comments_of_the_owner": ("note", {"links": [link("comments", "mara", "mara", post="p1")]}, ("mara",)),
    "brands_without_representation": ("warning", BARE, ("bare",)),
    "brands_without_endorsements": ("warning", BARE, ("bare",)),
    "endorsers_outside_micro": (
        "note",
        {
            "accounts": [Account(id=id, followers=followers) for id, followers in ENDORSERS.items()],
            "links": [link("endorses", id, "acme") for id in ENDORSERS],
        },
        ("huge", "small"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_counted_and_shown(name):
    severity, more, examples = CASES[name]
    data = sound()
    for table, rows in more.items():
        data[table] = data[table] + rows
    finding = findings(data)[name]
    assert (finding.severity, finding.count, finding.examples) == (severity, len(examples), examples)
    assert finding.sentence.startswith(f"{len(examples)} ")
    assert "{" not in finding.sentence


def test_every_fault_that_can_be_found_has_a_case():
    assert set(checks.RULES) == set(CASES)
    assert set(checks.EMPTY) == {"no_brands", "no_influencers", "no_posts", "no_endorsements"}


def test_what_is_not_there_at_all_is_said_once():
    assert set(findings({})) == {"no_brands", "no_influencers", "no_posts"}
    assert "no_endorsements" in findings({**sound(), "links": []})


def test_a_brief_or_features_represent_a_brand():
    data = sound()
    data["accounts"].append(Account(id="bare", role="brand", followers=1))
    assert "brands_without_representation" in findings(data)
    features = Features("f", np.array(["bare"], dtype=object), np.ones((1, 2), np.float32), "account")
    assert "brands_without_representation" not in findings(data, {"text": features})
    data["posts"].append(Post(id="b", account="bare", kind="brief", caption="wanted"))
    found = findings(data)
    assert "brands_without_representation" not in found
    assert "posts_without_images" not in found, "a brief needs no picture"


def test_examples_are_few_and_errors_come_first():
    data = sound()
    data["posts"] += [Post(id=f"g{n}", account="ghost", caption=f"c{n}") for n in range(50)]
    result = checks.check(Dataset.from_rows(**data), now=NOW)
    first = result.findings[0]
    assert (first.name, first.count, first.examples) == (
        "posts_of_unknown_accounts",
        50,
        ("g0", "g1", "g10", "g11", "g12"),
    )
    assert result.errors == 1
    assert [f.severity for f in result.findings] == sorted(
        (f.severity for f in result.findings), key=["error", "warning", "note"].index
    )


def test_the_dict_is_json_and_the_text_tells_it_all():
    data = sound()
    data["posts"].append(Post(id="px", account="ghost"))
    result = checks.check(Dataset.from_rows(**data), now=NOW)
    told = result.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert set(told) == {"counts", "findings", "distributions"}
    assert set(told["findings"][0]) == {"name", "severity", "sentence", "count", "examples"}
    text = result.to_text()
    assert all(finding.sentence in text for finding in result.findings)
    assert "engagement rate" in text


def test_engagement_rate_is_the_mean_over_posts():
    """(300 + 20) / 10,000 = 0.032 and (100 + 0) / 10,000 = 0.01; a post without likes, or without comments,
    is left out: 0.021."""
    data = sound()
    data["posts"] += [
        Post(id="q", account="mara", likes=100, comments=0),
        Post(id="r", account="mara", comments=5),
        Post(id="s", account="mara", likes=9_000),
    ]
    d = checks.check(Dataset.from_rows(**data), now=NOW).distributions["engagement_rate"]
    assert d["n"] == 1
    assert d["mean"] == pytest.approx(0.021)


def test_a_distribution_by_hand():
    d = distribution(np.array([0, 1, 10, 10, 100, 1000, np.nan]))
    assert (d["n"], d["missing"], d["histogram"]["zeros"]) == (6, 1, 1)
    assert d["quantiles"] == {
        "0%": 0,
        "5%": 0.25,
        "25%": 3.25,
        "50%": 10,
        "75%": 77.5,
        "95%": 775,
        "100%": 1000,
    }
    edges, counts = np.array(d["histogram"]["edges"]), d["histogram"]["counts"]
    assert np.allclose(np.diff(np.log10(edges)), 0.25)
    assert {round(edges[n]): count for n, count in enumerate(counts) if count} == {
        1: 1,
        10: 2,
        100: 1,
        1000: 1,
    }
    nothing = distribution(np.array([np.nan]))
    assert (nothing["n"], nothing["mean"], nothing["histogram"]["counts"]) == (0, None, [])


@pytest.mark.parametrize("seed", range(5))
def test_every_value_falls_into_a_bin(seed):
    values = 10 ** np.random.default_rng(seed).uniform(-6, 9, 500)
    d = distribution(values)
    assert sum(d["histogram"]["counts"]) == 500
    assert len(d["histogram"]["edges"]) == len(d["histogram"]["counts"]) + 1


def test_the_real_influencers_are_spread_as_the_paper_says(read, shared):
    """Kim et al. 2020, section 4.1: 37.38, 60.22 and 73.77 % have fewer than 10, 25 and 50 thousand
    followers."""
    from brandfit.data.importers import _influencers

    accounts = list(
        _influencers.accounts(shared / "data" / "instagram" / "influencers.tsv", lambda _bytes: None)
    )
    below = checks.check(Dataset.from_rows(accounts=accounts)).distributions["followers"]["below"]
    assert [below[bound] for bound in ("10000", "25000", "50000")] == pytest.approx(
        [0.3738, 0.6022, 0.7377], abs=0.005
    )
