"""What audiences say, by hand: who is heard, under which post, and what a hidden post takes along."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.encoders.audience.base import audience_items
from brandfit.encoders.audience.hashing import AudienceHashing, AudienceHashingConfig
from brandfit.encoders.text.hashing import Hashing


def comment(source: str, target: str, post: str, text: str | None, nth: int = 0) -> Link:
    id = link_id("comments", source, target=target, post=post, text=text, nth=nth)
    return Link(id=id, kind="comments", source=source, target=target, post=post, text=text)


ACCOUNTS = [
    Account(id="maker"),
    Account(id="reader", role="audience"),
    Account(id="other"),
    Account(id="brand", role="brand"),
]
POSTS = [
    Post(id="m1", account="maker", caption="ridge"),
    Post(id="m2", account="maker", caption="valley"),
    Post(id="o1", account="other", caption="an advertisement that a split may hide"),
    Post(id="r1", account="reader", caption="tents and maps"),
    Post(id="r2", account="reader", caption="wool socks"),
    Post(id="r3", account="reader", caption="bread"),
]
LINKS = [
    comment("reader", "maker", "m1", "wow"),
    comment("reader", "maker", "m1", "wow", 1),
    comment("quiet", "maker", "m1", "how steep is it"),
    comment("other", "maker", "m2", "lovely"),
    comment("maker", "maker", "m2", "thank you all"),
    comment("mute", "maker", "m2", None),
]


def heard(members: int = 25, posts: int = 2, rows: Dataset | None = None) -> dict[str, set[str]]:
    """Post to the captions that are heard under it."""
    items, thing, under = audience_items(
        rows or Dataset.from_rows(ACCOUNTS, POSTS, links=LINKS), members, posts=posts, seed=0
    )
    caption = dict(zip(items.posts["id"].to_pylist(), items.posts["caption"].to_pylist(), strict=True))
    result: dict[str, set[str]] = {}
    for id, post in zip(thing.to_pylist(), under.to_pylist(), strict=True):
        result.setdefault(post, set()).add(caption[id])
    return result


def test_comments_are_heard_under_their_post_and_own_posts_under_every_one():
    found = heard(posts=9)
    own = {"tents and maps", "wool socks", "bread"}
    assert found == {"m1": {"how steep is it"} | own, "m2": {"lovely"} | own}


def test_only_so_many_things_of_a_member_and_only_the_most_active_members():
    assert len(heard(posts=2)["m2"] - {"lovely"}) == 2
    only_reader = heard(members=1, posts=9)
    assert only_reader == {
        "m1": {"tents and maps", "wool socks", "bread"},
        "m2": {"tents and maps", "wool socks", "bread"},
    }


def test_what_is_drawn_does_not_depend_on_other_accounts_or_the_order_of_rows():
    rows = Dataset.from_rows(ACCOUNTS[::-1], POSTS[::-1], links=LINKS[::-1])
    assert heard(rows=rows) == heard()
    fewer = Dataset.from_rows(
        ACCOUNTS[:2], [post for post in POSTS if post.account != "other"], links=LINKS[:3]
    )
    assert heard(rows=fewer)["m1"] == heard()["m1"]


def test_a_hidden_post_takes_its_comments_along():
    rows = Dataset.from_rows(ACCOUNTS, POSTS, links=LINKS)
    hidden = rows.restricted(posts=np.array([post.id for post in POSTS if post.id != "m1"], dtype=object))
    assert "m1" not in heard(rows=hidden)
    assert heard(rows=hidden)["m2"] == {"lovely"}


def test_rows_are_the_means_of_the_inner_encoder():
    rows = Dataset.from_rows(ACCOUNTS, POSTS, links=LINKS)
    found = AudienceHashing(AudienceHashingConfig(posts=9)).encode(rows)
    inner = Hashing()
    texts = ["how steep is it", "tents and maps", "wool socks", "bread"]
    expected = np.mean(inner.encode_batch(texts), axis=0)
    values, present = found.values_of(["m1", "o1"])
    assert present.tolist() == [True, False]
    np.testing.assert_allclose(values[0], expected, atol=1e-6)
    assert found.slot == "audience"


def test_nobody_says_anything():
    found = AudienceHashing().encode(Dataset.from_rows(ACCOUNTS, POSTS))
    assert len(found) == 0


@pytest.mark.parametrize("setting", ["members", "posts", "seed", "dim"])
def test_every_setting_is_part_of_the_key(setting):
    assert AudienceHashing(AudienceHashingConfig(**{setting: 7})).maker != AudienceHashing().maker
