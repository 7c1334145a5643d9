"""Splits hold out what they say, and leave no trace of it in what is seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from brandfit.data.dataset import Dataset
from brandfit.data.endorsements import Config as EndorsementConfig
from brandfit.data.endorsements import derive
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, to_table
from brandfit.data.split import Fold, brand_folds, expansion, official, seconds, temporal, training_view
from brandfit.encoders.text.profile import Profile, ProfileConfig
from brandfit.errors import ConfigError, DataError, UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.protocol import PROTOCOLS
from brandfit.learning.pairs import training_pairs


def planted(
    seed: int = 0, brands: int = 12, influencers: int = 60, own_posts: bool = False, named: bool = True
) -> Dataset:
    """Brands of three categories, influencers with three posts each, one of which states each endorsement.

    named   that post names the brand too; otherwise only the endorsement knows its post, as where both were
            imported
    """
    rng = np.random.default_rng(seed)
    accounts = [
        Account(id=f"b{n:02}", role="brand", category=f"c{n % 3}", split="test" if n % 4 == 0 else "train")
        for n in range(brands)
    ]
    accounts += [
        Account(id=f"i{n:02}", followers=int(rng.integers(1_000, 120_000))) for n in range(influencers)
    ]
    posts, links = [], []
    for n in range(influencers):
        posts += [
            Post(id=f"i{n:02}-{k}", account=f"i{n:02}", time=100 * n + k)
            for k in range(int(rng.integers(0, 3)))
        ]
        for b in rng.choice(brands, int(rng.integers(0, 4)), replace=False):
            post = f"i{n:02}-b{b:02}"
            kind = ("mentions", "tags", "sponsors")[int(rng.integers(3))]
            posts.append(
                Post(
                    id=post,
                    account=f"i{n:02}",
                    time=int(rng.integers(10_000)),
                    **({kind: [f"b{b:02}"]} if named else {}),
                )
            )
            links.append(
                Link(
                    id=post,
                    kind="endorses",
                    source=f"i{n:02}",
                    target=f"b{b:02}",
                    post=post,
                    time=posts[-1].time,
                    weight=0.1,
                )
            )
    if own_posts:
        posts += [Post(id=f"b{n:02}-own", account=f"b{n:02}", time=1) for n in range(brands)]
        thanks = {link.target: link.source for link in links}  # "picture by ..."
        posts += [Post(id=f"{b}-thanks", account=b, time=2, tags=[i]) for b, i in thanks.items()]
    return Dataset.from_rows(accounts, posts, images=[], links=links)


def crowded(seed: int = 0) -> Dataset:
    """Influencers whose posts name several brands at once, and some brands again and again."""
    rng = np.random.default_rng(seed)
    accounts = [
        Account(id=f"b{n:02}", role="brand", split="test" if n % 4 == 0 else "train") for n in range(12)
    ]
    accounts += [Account(id=f"i{n:02}", followers=10_000) for n in range(60)]
    posts = []
    for n in range(60):
        posts.append(Post(id=f"i{n:02}-none", account=f"i{n:02}", time=n))
        for k in range(int(rng.integers(1, 4))):
            named = [f"b{b:02}" for b in rng.choice(12, int(rng.integers(1, 5)), replace=False)]
            posts.append(
                Post(id=f"i{n:02}-{k}", account=f"i{n:02}", time=int(rng.integers(10_000)), mentions=named)
            )
    return derive(Dataset.from_rows(accounts, posts), EndorsementConfig(min_endorsers=2))


def stated(dataset: Dataset) -> dict[str, set[tuple[str, str]]]:
    """Post to the pairs that it states."""
    result: dict[str, set[tuple[str, str]]] = {}
    for link in dataset.links_of_kinds("mentions").to_pylist():
        result.setdefault(link["post"], set()).add((link["target"], link["source"]))
    return result


def by_brands(seed: int = 0) -> Dataset:
    """Brands whose posts name one to three influencers each, and few influencers that name them back: pairs
    are derived."""
    rng = np.random.default_rng(seed)
    accounts = [
        Account(id=f"b{n:02}", role="brand", split="test" if n % 4 == 0 else "train") for n in range(12)
    ]
    accounts += [Account(id=f"i{n:02}", followers=10_000) for n in range(40)]
    posts = [Post(id=f"i{n:02}-none", account=f"i{n:02}", time=n) for n in range(40)]
    for n in range(12):
        posts.append(Post(id=f"b{n:02}-none", account=f"b{n:02}", time=n))
        for k in range(6):
            some = [f"i{i:02}" for i in rng.choice(40, int(rng.integers(1, 4)), replace=False)]
            kind = ("mentions", "tags")[k % 2]
            posts.append(
                Post(id=f"b{n:02}-{k}", account=f"b{n:02}", time=int(rng.integers(10_000)), **{kind: some})
            )
        back = int(rng.integers(40))
        posts.append(
            Post(
                id=f"i{back:02}-{n}",
                account=f"i{back:02}",
                time=int(rng.integers(10_000)),
                mentions=[f"b{n:02}"],
            )
        )
    return derive(Dataset.from_rows(accounts, posts), EndorsementConfig(min_endorsers=2))


def stated_by_either(dataset: Dataset) -> dict[tuple[str, str], set[str]]:
    """Pair (brand, influencer) to the posts of either that name the other."""
    result: dict[tuple[str, str], set[str]] = {}
    brands = set(dataset.brands.tolist())
    for link in dataset.links_of_kinds("mentions", "tags", "sponsors").to_pylist():
        ends = (link["source"], link["target"])
        pair = ends if ends[0] in brands else ends[::-1]
        result.setdefault(pair, set()).add(link["post"])
    return result


@pytest.mark.parametrize("seed", range(3))
def test_a_post_of_a_brand_that_states_a_held_out_pair_is_hidden(seed):
    dataset = by_brands(seed)
    posts_of = stated_by_either(dataset)
    folds = [
        *official(dataset),
        *brand_folds(dataset, 3, seed),
        *expansion(dataset, seed=seed),
        *temporal(dataset, 5_000),
    ]
    for fold in folds:
        held = held_out(fold)
        assert held
        for side in (fold.train, fold.test):
            seen = set(side.posts["id"].to_pylist())
            known = {(brand, influencer) for brand, ids in side.partners.items() for influencer in ids}
            assert not {post for pair in held for post in posts_of[pair]} & seen, fold.name
            assert not held & known, fold.name
    for fold in (*brand_folds(dataset, 3, seed), *expansion(dataset, seed=seed)):
        gone = set(dataset.posts["id"].to_pylist()) - set(fold.test.posts["id"].to_pylist())
        known = {(b, i) for side in (fold.train, fold.test) for b, ids in side.partners.items() for i in ids}
        if fold.name == "expansion":  # what hidden posts alone state is not known
            assert all(posts_of[pair] - gone for pair in known)


def held_out(fold: Fold) -> set[tuple[str, str]]:
    return {(fold.brands[r], fold.candidates[c]) for r, c in np.argwhere(fold.relevant)}


def visible(dataset: Dataset) -> set[tuple[str, str]]:
    """Every pair that a view tells of, in whatever way."""
    links = dataset.links
    ends = list(zip(links["target"].to_pylist(), links["source"].to_pylist(), strict=True))
    pairs = {*ends, *((s, t) for t, s in ends)}  # a brand that names an influencer tells as much
    pairs |= set(map(tuple, dataset.endorsements.tolist())) | set(map(tuple, dataset.representing.tolist()))
    return pairs | {(brand, i) for brand, found in dataset.partners.items() for i in found}


def all_folds(dataset: Dataset, seed: int) -> list[Fold]:
    return [
        *official(dataset),
        *brand_folds(dataset, 3, seed),
        *expansion(dataset, min_partners=2, seed=seed),
        *temporal(dataset, 5_000, seed=seed),
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_nothing_that_is_held_out_can_be_seen_in_any_way(data_seed, seed, own_posts):
    dataset = planted(data_seed, own_posts=own_posts)
    for fold in all_folds(dataset, seed):
        truth = held_out(fold)
        assert truth
        assert not truth & visible(fold.train), fold.name
        assert not truth & visible(fold.test), fold.name
        assert truth <= set(map(tuple, dataset.endorsements.tolist()))
        assert fold.eligible[fold.relevant].all()
        assert not fold.relevant[~fold.eligible].any()
        assert fold.relevant.shape == fold.eligible.shape == (len(fold.brands), len(fold.candidates))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_order_of_rows_changes_no_split(data_seed, seed):
    dataset = planted(data_seed)
    rng = np.random.default_rng(seed)
    tables = {
        "accounts": dataset.accounts,
        "posts": dataset.posts,
        "images": dataset.images,
        "links": dataset.stored_links,
    }
    mixed = Dataset(
        {name: t.take(rng.permutation(len(t))) for name, t in tables.items()}, dataset.fingerprint
    )
    for left, right in zip(all_folds(dataset, seed), all_folds(mixed, seed), strict=True):
        assert held_out(left) == held_out(right)
        assert left.candidates.tolist() == right.candidates.tolist()
        assert left.train.endorsements.tolist() == right.train.endorsements.tolist()
        assert sorted(left.test.posts["id"].to_pylist()) == sorted(right.test.posts["id"].to_pylist())


def test_brand_folds_judge_every_brand_once_and_have_every_category():
    dataset = planted()
    folds = brand_folds(dataset, 3)
    assert sorted(b for fold in folds for b in fold.brands.tolist()) == dataset.brands.tolist()
    for fold in folds:
        assert set(dataset.account_values("category", fold.brands)) == {"c0", "c1", "c2"}
        partners = {i for b, i in dataset.endorsements.tolist() if b in fold.brands}
        assert set(fold.candidates.tolist()) == partners
        assert not set(fold.train.brands.tolist()) & set(fold.brands.tolist())
        assert set(fold.test.brands.tolist()) == set(fold.brands.tolist())
        known = {i for b, i in dataset.endorsements.tolist() if b not in fold.brands}
        assert not set(fold.train.influencers.tolist()) & (partners - known)
    assert {tuple(f.brands) for f in folds} != {tuple(f.brands) for f in brand_folds(dataset, 3, seed=1)}
    with pytest.raises(UsageError, match="13 folds"):
        brand_folds(dataset, 13)


def test_official_is_what_the_source_says():
    dataset = planted()
    (fold,) = official(dataset)
    assert fold.brands.tolist() == ["b00", "b04", "b08"]
    assert not set(fold.train.brands.tolist()) & set(fold.brands.tolist())
    with pytest.raises(DataError, match="no official split"):
        official(Dataset.from_rows([Account(id="b", role="brand")]))


def test_features_of_whole_accounts_are_named_where_posts_are_hidden():
    dataset = planted()
    ids = dataset.influencers
    for level, slot, told in (("account", "text", True), ("post", "text", False), ("post", "audience", True)):
        rows = ids if level == "account" else np.array(dataset.posts["id"].to_pylist(), dtype=object)
        features = Features("text.topics", rows, np.ones((len(rows), 2), np.float32), level, slot=slot)
        (fold,) = expansion(dataset.with_slots({slot: features}), min_partners=3)
        assert len(fold.hidden)
        assert any(name == "text.topics" and "whole accounts" in said for name, said in fold.features) == told


def test_what_is_said_later_under_an_earlier_post_is_not_seen():
    dataset = planted()
    post = next(
        p
        for p in dataset.posts.to_pylist()
        if p["time"] < 5_000 and not p["id"].partition("-")[2].startswith("b")
    )
    said = [
        Link(
            id=f"said {time}",
            kind="comments",
            source="i59",
            target=post["account"],
            post=post["id"],
            time=time,
        )
        for time in (post["time"] + 1, 5_000, 9_000, None)
    ]
    (fold,) = temporal(dataset.with_links(said), 5_000)
    for view in (fold.train, fold.test):
        if post["id"] in view.posts["id"].to_pylist():
            assert view.links_of_kinds("comments")["id"].to_pylist() == [said[0].id]
    assert post["id"] in fold.test.posts["id"].to_pylist()


def test_features_of_whole_accounts_are_named_where_later_posts_are_not_seen():
    dataset = planted()
    features = Features(
        "text.topics", dataset.influencers, np.ones((len(dataset.influencers), 2), np.float32), "account"
    )
    seen = dataset.with_slots({"text": features})
    folds = [*temporal(seen, 50), *brand_folds(seen, 3)]
    assert all(
        any(name == "text.topics" and "whole accounts" in said for name, said in fold.features)
        for fold in folds
    )


@pytest.mark.parametrize(
    ("learned_from", "in_official", "in_others"),
    [
        ((), 0, 0),
        (("accounts",), 0, 1),
        (("all accounts",), 1, 1),
        (("accounts", "endorsements"), 0, 2),
        (("accounts", "all endorsements"), 1, 2),
    ],
)
def test_features_that_have_learned_from_what_is_judged_are_named(learned_from, in_official, in_others):
    dataset = planted()
    posts = np.array(dataset.posts["id"].to_pylist(), dtype=object)
    features = Features("text.topics", posts, np.ones((len(posts), 2), np.float32), learned_from=learned_from)
    seen = dataset.with_slots({"text": features})
    for fold in (
        *official(seen),
        *brand_folds(seen, 3),
        *expansion(seen, min_partners=3),
        *temporal(seen, 50),
    ):
        told = [
            said for name, said in fold.features if name == "text.topics" and said.startswith("was fitted on")
        ]
        assert len(told) == (in_official if fold.name == "official" else in_others)
        taught = "all endorsements" in learned_from or (
            "endorsements" in learned_from and fold.name != "official"
        )
        assert any("overrated" in note for note in told) == taught


def test_nothing_is_known_that_hidden_posts_alone_state():
    dataset = crowded()
    said = stated(dataset)
    assert max(map(len, said.values())) > 3
    for fold in (
        *official(dataset),
        *brand_folds(dataset, 3),
        *expansion(dataset, min_partners=3),
        *temporal(dataset, 5_000),
    ):
        later = {p["id"] for p in dataset.posts.to_pylist() if fold.name == "temporal" and p["time"] >= 5_000}
        hidden = later | set(fold.hidden.tolist())
        assert hidden
        known = {
            (b, i) for view in (fold.train, fold.test) for b, found in view.partners.items() for i in found
        }
        assert known
        assert not known & held_out(fold)
        for pair in known:
            assert any(pair in pairs for post, pairs in said.items() if post not in hidden), fold.name


def test_what_a_post_states_together_is_learned_from_together():
    dataset = crowded()
    view = training_view(dataset, 3)
    stand, learn = (set(map(tuple, pairs.tolist())) for pairs in (view.representing, view.endorsements))
    assert stand | learn == set(map(tuple, dataset.endorsements.tolist()))
    assert not stand & learn
    assert 0.4 < len(stand) / len(stand | learn) < 0.6
    for pairs in stated(dataset).values():
        pairs = pairs & (stand | learn)
        assert pairs <= stand or pairs <= learn
    for brand in dataset.brands.tolist():
        assert {b for b, _ in stand} >= {brand} <= {b for b, _ in learn}


def test_where_all_is_one_event_nothing_can_be_held_out():
    accounts = [
        Account(id="b", role="brand"),
        Account(id="c", role="brand"),
        Account(id="i", followers=10_000),
    ]
    dataset = Dataset.from_rows(accounts, [Post(id="p", account="i", time=1, mentions=["b", "c"])])
    links = [Link(id=b, kind="endorses", source="i", target=b, post="p", time=1) for b in ("b", "c")]
    with pytest.raises(UsageError, match="No partner can be held out"):
        expansion(dataset.with_links(to_table("links", links)), min_partners=1)


def test_expansion_knows_half_and_asks_for_the_rest_among_all():
    dataset = planted()
    (fold,) = expansion(dataset, min_partners=3)
    for row, brand in enumerate(fold.brands.tolist()):
        all_ = {i for b, i in dataset.endorsements.tolist() if b == brand}
        known = {i for b, i in fold.test.representing.tolist() if b == brand}
        assert len(known) in (len(all_) // 2, (len(all_) + 1) // 2)
        assert set(fold.candidates[~fold.eligible[row]].tolist()) <= known
        assert not set(fold.candidates[fold.relevant[row]].tolist()) & known
    followers = dataset.account_values("followers", fold.candidates)
    assert ((followers >= 5_000) & (followers <= 100_000)).all()
    seen = set(fold.test.posts["account"].to_pylist())
    assert set(fold.candidates.tolist()) <= seen
    outsiders = set(dataset.influencers.tolist()) - {i for _, i in dataset.endorsements.tolist()}
    assert outsiders & set(fold.candidates.tolist())
    assert "not judged" in fold.notes[0]


def test_in_expansion_a_brand_is_never_matched_with_a_partner_that_stands_for_it():
    (fold,) = expansion(planted(), min_partners=2)
    stand, learn = (
        set(map(tuple, pairs.tolist())) for pairs in (fold.train.representing, fold.train.endorsements)
    )
    assert stand
    assert learn
    assert not stand & learn
    assert set(fold.train.representation.values()) <= {"partners", "none"}


@pytest.mark.parametrize("named", [True, False])
def test_posts_that_state_what_is_learned_from_are_hidden_where_an_influencer_has_others(named):
    """Partners of a judged brand are seen without the posts that state it: who learns from such posts learns
    the wrong thing."""
    dataset = planted(own_posts=True, named=named)
    thanks = {
        post["account"]: post["tags"][0]
        for post in dataset.posts.to_pylist()
        if post["id"].endswith("-thanks")
    }
    assert len(thanks) == len(dataset.brands)
    for fold in (
        *official(dataset),
        *brand_folds(dataset, 3),
        *expansion(dataset, min_partners=2),
        *temporal(dataset, 5_000),
    ):
        learned = set(map(tuple, fold.train.endorsements.tolist()))
        stating = {f"{i}-{b}" for b, i in learned}
        of = dict(
            zip(fold.train.posts["id"].to_pylist(), fold.train.posts["account"].to_pylist(), strict=True)
        )
        left = stating & of.keys()
        before = set(dataset.posts["id"].to_pylist())
        assert len(stating & before - left) > 3, fold.name
        assert not of.keys() & {f"{b}-thanks" for b, i in learned if thanks[b] == i}, fold.name
        for post in left:
            assert {other for other, account in of.items() if account == of[post]} <= stating, fold.name
        assert {i for _, i in learned} <= set(of.values()), fold.name


def test_training_view_keeps_the_endorsements_of_brands_that_have_something_of_their_own():
    dataset = planted(own_posts=True)
    view = training_view(dataset)
    assert view.endorsements.tolist() == dataset.endorsements.tolist()
    assert set(view.representation.values()) == {"posts"}
    left = view.posts.group_by("account").aggregate([("id", "count")])
    before = dataset.posts.group_by("account").aggregate([("id", "count")])
    assert len(left) == len(before), "nobody is left without a post"
    stated = [p for p in view.posts["id"].to_pylist() if "-b" in p]
    alone = {p.split("-")[0] for p in stated}
    others = dict(zip(before["account"].to_pylist(), before["id_count"].to_pylist(), strict=True))
    assert all(others[i] == sum(p.startswith(i) for p in stated) for i in alone), (
        "only where there is no other post"
    )


def test_half_of_the_partners_stand_for_a_brand_of_which_nothing_else_is_known():
    dataset = planted()
    view = training_view(dataset, seed=3)
    for brand in dataset.brands.tolist():
        all_ = {i for b, i in dataset.endorsements.tolist() if b == brand}
        stand = {i for b, i in view.representing.tolist() if b == brand}
        learn = {i for b, i in view.endorsements.tolist() if b == brand}
        assert stand | learn == all_
        assert not stand & learn
        assert len(stand) == (len(all_) + 1) // 2
    assert training_view(dataset, seed=4).endorsements.tolist() != view.endorsements.tolist()


def test_temporal_sees_no_later_post():
    dataset = planted()
    (fold,) = temporal(dataset, 5_000)
    for view in (fold.train, fold.test):
        assert max(view.posts["time"].to_pylist()) < 5_000
    times = {
        (row["target"], row["source"]): row["time"] for row in dataset.links_of_kinds("endorses").to_pylist()
    }
    assert all(times[pair] >= 5_000 for pair in held_out(fold))
    with pytest.raises(UsageError, match=r"protocol\.date"):
        temporal(dataset, 10**9)


def profiled(dataset: Dataset) -> Dataset:
    """With what every account says of itself, and what every post says."""
    ids = dataset.accounts["id"].to_numpy().astype(object)
    posts = dataset.posts["id"].to_numpy().astype(object)
    said = Features("says", ids, np.ones((len(ids), 2), np.float32), "account", slot="profile")
    text = Features("text", posts, np.ones((len(posts), 2), np.float32), "post", slot="text")
    return dataset.with_slots({"profile": said, "text": text})


def test_where_brands_are_new_they_are_seen_alike_in_training_and_when_they_are_judged():
    dataset = profiled(planted())
    assert set(dataset.representation.values()) == {"partners"}
    for fold in (*official(dataset), *brand_folds(dataset, 3)):
        assert (
            set(fold.train.representation.values()) == set(fold.test.representation.values()) == {"profile"}
        )
        assert len(training_pairs(fold.train, "x").rows) == len(fold.train.endorsements) > 0
    bare = dataset.with_slots({"text": dataset.slots["text"]})
    for fold in brand_folds(bare, 3):
        assert set(fold.train.representation.values()) == set(fold.test.representation.values()) == {"none"}
        with pytest.raises(UsageError, match="none that it may learn from"):
            training_pairs(fold.train, "x")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("posts", ["of all", "of influencers", "none"])
def test_what_is_judged_does_not_depend_on_what_was_encoded(protocol, posts):
    """Accounts without posts, and accounts whose only posts state what is held out, have a profile that can
    be encoded."""
    dataset = told(planted(own_posts=posts == "of all"), posts != "none")
    profile = Profile(ProfileConfig(min_accounts=1, max_share=1.0)).encode(dataset)
    assert len(profile) == len(dataset.accounts)
    rules = {"temporal": {"date": 5_000}, "expansion": {"min_partners": 3}}
    found = [
        protocols.get(protocol, rules.get(protocol)).folds(d)
        for d in (dataset, dataset.with_slots({"profile": profile}))
    ]
    for bare, more in zip(*found, strict=True):
        assert bare.relevant.any()
        assert bare.brands.tolist() == more.brands.tolist()
        assert bare.candidates.tolist() == more.candidates.tolist()
        np.testing.assert_array_equal(bare.relevant, more.relevant)
        np.testing.assert_array_equal(bare.eligible, more.eligible)
        assert bare.notes == more.notes


def told(dataset: Dataset, posts: bool) -> Dataset:
    """With a biography of every account; without posts, what was known of them still has its time."""
    rows = [Account(**row) for row in dataset.accounts.to_pylist()]
    spoken = dataset.with_accounts([structs.replace(row, biography=f"about {row.id}") for row in rows])
    if posts:
        return spoken
    links = [Link(**{**row, "post": None}) for row in dataset.links_of_kinds("endorses").to_pylist()]
    kept = {"accounts": spoken.accounts, "posts": dataset.posts.slice(0, 0), "images": dataset.images}
    return Dataset({**kept, "links": to_table("links", links)}, dataset.fingerprint)


def test_a_brand_without_a_post_or_an_earlier_partner_is_not_judged_and_named():
    accounts = [Account(id=b, role="brand") for b in ("new", "old")] + [
        Account(id=f"i{n}", followers=9_000) for n in range(6)
    ]
    posts = [Post(id=f"p{n}", account=f"i{n}", time=1) for n in range(6)]
    rows = [("old", 0, 5), ("old", 1, 6), ("old", 2, 50), ("new", 3, 60), ("new", 4, 70)]
    links = [Link(id=f"{b}{n}", kind="endorses", source=f"i{n}", target=b, time=time) for b, n, time in rows]
    dataset = Dataset.from_rows(accounts, posts, links=links)
    for seen in (dataset, profiled(dataset)):
        (fold,) = temporal(seen, 20)
        assert fold.brands.tolist() == ["old"]
        assert "1 of 2 brands are not judged" in fold.notes[0]
        assert "new" in fold.notes[0]


def test_temporal_knows_no_later_campaign_of_a_pair_whose_posts_are_not_known():
    accounts = [Account(id=b, role="brand") for b in ("a", "b")] + [
        Account(id=f"i{n}", followers=9_000) for n in range(6)
    ]
    posts = [Post(id=f"p{n}", account=f"i{n}", time=1) for n in range(6)]
    rows = [
        ("a", 0, 5, 0.1),
        ("a", 0, 50, 0.9),
        ("a", 1, 6, 0.1),
        ("a", 1, None, 0.9),
        ("a", 2, 50, 0.9),
        ("b", 3, 7, 0.1),
    ]
    links = [
        Link(id=f"l{n}", kind="endorses", source=f"i{i}", target=b, time=time, weight=weight)
        for n, (b, i, time, weight) in enumerate(rows)
    ]
    (fold,) = temporal(Dataset.from_rows(accounts, posts, links=links), 20)
    assert held_out(fold) == {("a", "i2")}
    for view in (fold.train, fold.test):
        assert set(view.links_of_kinds("endorses")["weight"].to_pylist()) <= {0.1}
    assert len(fold.train.endorsements)


@pytest.mark.parametrize(
    "said", ["2018-12-01", "20181201", 20181201, 1543622400, "1543622400", "2018-12-01T00:00:00+00:00"]
)
def test_a_day_may_be_written_in_several_ways(said):
    assert seconds(said) == 1543622400


@pytest.mark.parametrize("said", [1750000000000, "99999999999999999999", 10**30, "soon", "2018-13-01"])
def test_what_is_no_day_is_told(said):
    with pytest.raises(ConfigError, match=r"no day\."):
        seconds(said)
