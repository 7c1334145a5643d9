"""Hints on planted accounts: a comment ring, bought likes, bought followers; on accounts like all others they
say nothing odd."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import audience as oracle

from brandfit.audience.authenticity import KINDS, SURE, Hints
from brandfit.audience.comments import Comments, key
from brandfit.audience.peers import peer_ranks, windows
from brandfit.audience.sampling import Estimates
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id

WORDS = [
    "ridge",
    "dawn",
    "lemon",
    "tea",
    "boots",
    "lake",
    "garden",
    "bread",
    "paint",
    "cat",
    "wool",
    "train",
    "letter",
    "moss",
    "lamp",
    "stone",
    "river",
    "drum",
    "cloud",
    "salt",
]
RING, LIKES, FOLLOWERS, QUIET, UNSEEN = "i000", "i001", "i002", "i003", "i004"


def planted(seed: int = 0, n: int = 150) -> Dataset:
    """Accounts of 8,000 to 30,000 followers that are alike, but for five: see the names."""
    rng = np.random.default_rng(seed)
    accounts, posts, links = [Account(id="shop", role="brand", followers=9_000)], [], []
    for i in range(n):
        id = f"i{i:03}"
        size = 15_000 if i < 5 else int(rng.integers(8_000, 30_000))
        accounts.append(Account(id=id, followers=size, followees=int(size / rng.lognormal(3, 0.4))))
        level = rng.normal(0, 0.3)
        for p in range(2 if id == QUIET else 12):
            crowd = size * 0.03 * np.exp(level + rng.normal(0, 0.3)) * (0.1 if id == FOLLOWERS else 1)
            likes = int(crowd * (15 if id == LIKES else 1))
            posts.append(
                Post(
                    id=f"{id}-{p}",
                    account=id,
                    likes=None if id == UNSEEN else likes,
                    comments=max(int(crowd / 30), 1),
                )
            )
        for c in range(4 if id == QUIET else 40):
            who = f"ring{c % 5}" if id == RING else f"reader{rng.integers(3000)}"
            text = (
                ["Amazing shot!! 🔥", "amazing SHOT @i000", "Soo cool"][c % 3]
                if id == RING
                else " ".join(rng.choice(WORDS, 4))
            )
            post = f"{id}-{c % 2}"
            links.append(
                Link(
                    id=link_id("comments", who, target=id, post=post, text=text, nth=c),
                    kind="comments",
                    source=who,
                    target=id,
                    post=post,
                    text=text,
                )
            )
    return Dataset.from_rows(accounts, posts, links=links)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return planted()


@pytest.fixture(scope="module")
def hints(dataset) -> Hints:
    return Hints(dataset, dataset.influencers)


def of(hints: Hints, account: str) -> dict:
    return {hint.name: hint for hint in hints.for_account(account)}


def test_a_comment_ring_stands_out(hints):
    ring = of(hints, RING)
    assert ring["comment_repetition"].value > 0.4
    assert ring["same_commenters"].value == pytest.approx(7 / 39)  # five people, eight comments each
    assert "as among 5.6 people" in ring["same_commenters"].sentence
    for name in ("comment_repetition", "same_commenters"):
        assert ring[name].below == 1
        assert ring[name].confidence == "high"
        assert ", more than 100 % of" in ring[name].sentence
    assert ring["engagement"].below < 1


def test_bought_likes_and_bought_followers_stand_out(hints):
    likes, followers = of(hints, LIKES), of(hints, FOLLOWERS)
    assert likes["likes_per_comment"].below == 1
    assert likes["engagement"].below == 1
    assert followers["engagement"].above == 1
    assert followers["engagement"].confidence == "high"
    assert followers["engagement"].value == pytest.approx(0.003, rel=0.8)
    assert ", less than 100 % of" in followers["engagement"].sentence


def test_no_sentence_calls_anybody_anything(hints, dataset):
    for id in dataset.influencers[:20].tolist():
        for hint in hints.for_account(id):
            assert hint.sentence.endswith(".")
            assert not {"fake", "bot", "bots", "fraud", "suspicious", "authentic"} & set(
                hint.sentence.lower().split()
            )


def test_too_little_is_said_to_be_too_little(hints):
    quiet, unseen = of(hints, QUIET), of(hints, UNSEEN)
    for name in (
        "engagement",
        "likes_per_comment",
        "comment_repetition",
        "same_commenters",
        "stock_comments",
    ):
        assert (quiet[name].value, quiet[name].confidence, quiet[name].below) == (None, None, None)
        assert quiet[name].sentence.startswith("Not enough to say")
    assert quiet["followers_ratio"].confidence == "high"
    assert unseen["engagement"].sample == 0
    assert unseen["same_commenters"].sample == 40


def test_a_brand_alone_has_no_peers(dataset):
    found = of(Hints(dataset, dataset.brands), "shop")
    assert all(hint.confidence is None for hint in found.values())


def test_an_account_without_known_followers_has_numbers_and_no_place(dataset):
    account = Account(id=RING, followers=None)
    found = of(Hints(dataset.with_accounts([account]), dataset.influencers), RING)["comment_repetition"]
    assert found.value > 0.4
    assert (found.peers, found.below, found.confidence) == (0, None, None)
    assert "too few of its size here to compare with: 0" in found.sentence


def test_confidence_is_the_width_of_the_place(hints, dataset):
    seen = set()
    for id in dataset.influencers.tolist():
        for hint in hints.for_account(id):
            if hint.percentile_range is not None:
                width = hint.percentile_range[1] - hint.percentile_range[0]
                assert hint.confidence == next((word for word, most in SURE.items() if width <= most), None)
                seen.add(hint.confidence)
    assert {"high", "medium"} <= seen


def test_more_comments_make_it_surer():
    widths = []
    for size in (12, 60, 240):
        rng = np.random.default_rng(0)
        accounts = [Account(id=f"i{n:03}", followers=10_000) for n in range(120)]
        links = [
            Link(id=f"{a.id}-{c}", kind="comments", source=f"p{c}", target=a.id, text=str(rng.choice(WORDS)))
            for a in accounts
            for c in range(size)
        ]
        place = Hints(dataset := Dataset.from_rows(accounts, links=links), dataset.influencers).peer_ranks(
            "comment_repetition"
        )
        widths.append(np.nanmean(place.high - place.low))
    assert widths[0] > widths[2]


def test_the_places_are_those_of_a_loop(dataset, hints):
    posts = dataset.posts.to_pylist()
    followers = {a["id"]: a["followers"] for a in dataset.accounts.to_pylist()}
    logs: dict[str, list[float]] = {id: [] for id in dataset.influencers.tolist()}
    for post in posts:
        if post["likes"] is not None:
            logs[post["account"]].append(
                np.log((post["likes"] + post["comments"] + 1) / followers[post["account"]])
            )
    known = oracle.typical(logs)
    place = hints.peer_ranks("engagement")
    for n, id in enumerate(dataset.influencers.tolist()):
        told = oracle.place(id, followers, known)
        assert (told is None) == np.isnan(place.below[n])
        if told is not None:
            assert (place.below[n], place.low[n], place.high[n]) == pytest.approx(told, abs=1e-6)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_peers_are_the_nearest_of_half_to_twice_the_size(sizes, nearest):
    size = np.sort(np.array(sizes, float))
    first, last = windows(size, nearest)
    for i in range(len(size)):
        others = [j for j in range(first[i], last[i]) if j != i]
        assert first[i] <= i < last[i]
        allowed = [j for j in range(len(size)) if j != i and size[i] / 2 <= size[j] <= size[i] * 2]
        assert set(others) <= set(allowed)
        assert len(others) == min(nearest, len(allowed))
        distance = np.abs(np.log(size) - np.log(size[i]))
        assert sorted(distance[others]) == pytest.approx(sorted(distance[allowed])[:nearest])


@given(st.integers(0, 10**6), st.integers(25, 80))
@settings(max_examples=50, deadline=None)
def test_a_place_does_not_hang_on_order_or_scale_and_holds_its_share(seed, n):
    rng = np.random.default_rng(seed)
    followers, value = rng.integers(5_000, 9_000, n).astype(float), rng.random(n)
    found = Estimates(value, value * 0.9, value * 1.1, np.ones(n))
    place, turned = peer_ranks(followers, found), rng.permutation(n)
    again = peer_ranks(followers[turned] * 3, Estimates(*(column[turned] * 7 for column in found)))
    for left, right in zip(place[:5], again[:5], strict=True):
        assert np.array_equal(left[turned], right)
    assert (place.low <= place.below).all()
    assert (place.below <= place.high).all()
    assert np.allclose(place.below + place.above, 1)


def test_comments_that_say_the_same():
    assert key("Sooo lovely!! 😍 @bo") == key("lovely, so lovely http://x.y/lovely?z")
    assert key("😍😍🔥") == key("🔥 😍")
    assert len({key(t) for t in ("lovely", "ugly", "😍", "@bo", "@ana", "10/10", "")}) == 7


def test_what_is_stock_and_whose_comments_are_left_out():
    accounts = [Account(id=f"i{n:02}", followers=9_000) for n in range(12)]
    said = [("ana", a.id, "Love it") for a in accounts] + [
        ("bo", "i00", t) for t in ("🔥🔥", "@cy 🔥", "which boots are these", None)
    ]
    said.append(("i00", "i00", "thank you all"))
    links = [
        Link(id=f"l{n}", kind="comments", source=s, target=t, text=x) for n, (s, t, x) in enumerate(said)
    ]
    dataset = Dataset.from_rows(accounts, links=links)
    found = Comments(dataset, dataset.influencers)
    told = dict(
        zip(
            zip(found.owner.tolist(), found.links["text"].to_pylist(), strict=True),
            found.stock.tolist(),
            strict=True,
        )
    )
    assert told[0, "Love it"]
    assert told[0, "🔥🔥"]
    assert not any(told[0, text] for text in ("@cy 🔥", "which boots are these", None))
    assert (0, "thank you all") not in told
    few = Comments(dataset, dataset.influencers[:11])
    assert few.stock.sum() == 12  # eleven hear it: ten others each
    assert Comments(dataset, dataset.influencers[:10]).stock.sum() == 1


def test_the_kinds_are_those_that_are_described():
    from brandfit.audience import authenticity

    assert all(f"\n    {name} " in authenticity.__doc__ for name in KINDS)


def test_no_comments_and_no_posts_are_no_error():
    dataset = Dataset.from_rows([Account(id="a", followers=10), Account(id="b")])
    assert all(hint.value is None for hint in Hints(dataset, dataset.influencers).for_account("a"))
