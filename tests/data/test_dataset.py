"""A Dataset is an immutable view: what is left out is gone everywhere, and each view has a fingerprint of its
own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brandfit.data.dataset import Dataset, _sorted_hashes
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Link, Post
from brandfit.errors import UnknownName


@pytest.fixture
def dataset() -> Dataset:
    return Dataset.from_rows(
        [
            Account(id="boots", role="brand"),
            Account(id="soap", role="brand"),
            Account(id="tea", role="brand"),
            Account(id="mila", followers=8000),
            Account(id="oskar"),
            Account(id="fan", role="audience"),
        ],
        [
            Post(id="m1", account="mila", mentions=["boots", "elsewhere"], tags=["soap"], time=10),
            Post(id="m2", account="mila"),
            Post(id="o1", account="oskar", sponsors=["boots"]),
            Post(id="t1", account="tea", kind="brief", caption="calm people"),
            Post(id="s1", account="soap"),
        ],
        images=[Image(post="m1", hash="h")],
        links=[
            Link(id="1", kind="endorses", source="mila", target="boots", post="m1"),
            Link(id="2", kind="endorses", source="mila", target="boots", post="m2"),
            Link(id="3", kind="endorses", source="oskar", target="soap"),
            Link(id="4", kind="comments", source="fan", target="mila", post="m1", text="wow"),
            Link(id="5", kind="endorses", source="nobody", target="soap"),
        ],
        pictures={"h": b"jpeg"},
    )


def test_sides_and_endorsements_are_distinct_sorted_and_between_known_accounts(dataset):
    assert dataset.brands.tolist() == ["boots", "soap", "tea"]
    assert dataset.influencers.tolist() == ["mila", "oskar"]
    assert dataset.endorsements.tolist() == [["boots", "mila"], ["soap", "oskar"]]
    assert dataset.partners == {"boots": {"mila"}, "soap": {"oskar"}}


def test_stated_links_come_from_the_posts(dataset):
    stated = (
        dataset.links_of_kinds("mentions", "tags", "sponsors")
        .select(["kind", "source", "target", "post"])
        .to_pylist()
    )
    assert {tuple(row.values()) for row in stated} == {
        ("mentions", "mila", "boots", "m1"),
        ("mentions", "mila", "elsewhere", "m1"),
        ("tags", "mila", "soap", "m1"),
        ("sponsors", "oskar", "boots", "o1"),
    }
    assert dataset.links.num_rows == 5 + 4


def test_a_dataset_says_how_each_brand_is_seen(dataset):
    assert dataset.representation == {"boots": "partners", "soap": "posts", "tea": "brief"}
    profile = Features("x", np.array(["boots"], dtype=object), np.ones((1, 2), np.float32), "account")
    assert dataset.with_slots({"text": profile}).representation["boots"] == "profile"
    profile = replace(profile, name="y")
    assert (
        dataset.with_slots({"profile": profile}).representation["boots"] == "partners"
    )  # what it says is not what it posts
    alone = dataset.with_links([], replacing=["endorses"])
    assert alone.with_slots({"profile": profile}).representation["boots"] == "profile"
    assert alone.representation["boots"] == "none"


def test_where_nobody_stands_in_a_brand_is_seen_by_itself_or_not_at_all(dataset):
    view = dataset.without_representatives()
    assert view.representation == {"boots": "none", "soap": "posts", "tea": "brief"}
    assert view.fingerprint != dataset.fingerprint
    assert not len(view.restricted(brands=["boots"]).representing)  # a view of it is like it
    assert view.endorsements.tolist() == dataset.endorsements.tolist()
    profile = Features("x", np.array(["boots"], dtype=object), np.ones((1, 2), np.float32), "account")
    assert view.with_slots({"profile": profile}).representation["boots"] == "profile"


def test_represents_links_stand_in_for_endorsements(dataset):
    split = dataset.with_links(
        [Link(id="r", kind="represents", source="oskar", target="boots")], replacing=["endorses"]
    )
    assert split.representing.tolist() == [["boots", "oskar"]]
    assert len(split.endorsements) == 0
    assert split.partners == {"boots": {"oskar"}}


def test_what_is_left_out_is_gone_everywhere(dataset):
    left = dataset.restricted(influencers=["oskar"])
    assert left.influencers.tolist() == ["oskar"]
    assert left.brands.tolist() == dataset.brands.tolist()
    assert left.posts["id"].to_pylist() == ["o1", "s1", "t1"]
    assert len(left.images) == 0
    assert left.stored_links["id"].to_pylist() == ["3", "5"]
    hidden = dataset.restricted(posts=["m2", "o1"])
    assert hidden.stored_links["id"].to_pylist() == ["2", "3", "5"]
    assert hidden.links_of_kinds("mentions").num_rows == 0
    assert hidden.accounts.num_rows == 6


def test_each_view_has_a_fingerprint_of_its_own_and_equal_views_have_equal_ones(dataset):
    views = [
        dataset,
        dataset.restricted(influencers=["oskar"]),
        dataset.restricted(brands=["soap"]),
        dataset.restricted(posts=["m1"]),
        dataset.with_links([], replacing=["endorses"]),
        dataset.with_accounts([Account(id="new")]),
    ]
    assert len({view.fingerprint for view in views}) == len(views)
    assert dataset.restricted(brands=["soap"]).fingerprint == views[2].fingerprint
    assert dataset.with_accounts([Account(id="mila", followers=1)]).account("mila")["followers"] == 1


def test_an_unknown_account_suggests_the_nearest(dataset):
    with pytest.raises(UnknownName, match="Did you mean oskar"):
        dataset.account("oscar")


def test_pictures_by_hash(dataset):
    assert dataset.restricted(brands=[]).picture("h") == b"jpeg"
    with pytest.raises(KeyError):
        dataset.picture("other")
    with pytest.raises(KeyError):
        Dataset.from_rows().picture("h")


def test_features_align_by_id_and_say_what_is_missing():
    features = Features("f", np.array(["b", "a"], dtype=object), np.array([[1, 2], [3, 4]], np.float32))
    assert features.rows_of(["a", "x", "b"]).tolist() == [1, -1, 0]
    values, present = features.values_of(["a", "x"])
    assert values.tolist() == [[3, 4], [0, 0]]
    assert present.tolist() == [True, False]
    with pytest.raises(ValueError, match="float32"):
        Features("f", np.array(["a"], dtype=object), np.ones((1, 2)))


def test_hashes_are_sorted_as_bytes_are():
    rng = np.random.default_rng(0)
    hashes = [rng.bytes(16) for _ in range(500)] + [b"\0" * 16, b"\xff" * 16, b"\0" * 15 + b"\1"]
    assert _sorted_hashes(iter(hashes)) == b"".join(sorted(hashes))
    assert _sorted_hashes([]) == b""
