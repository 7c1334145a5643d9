"""What audiences say, by hand: who is heard, under which post, and what a hidden post takes along."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

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


def heard(
    members: int = 25, posts: int = 2, rows: Dataset | None = None, biographies: bool = False
) -> dict[str, set[str]]:
    """Post to the captions that are heard under it."""
    items, thing, under = audience_items(
        rows or Dataset.from_rows(ACCOUNTS, POSTS, links=LINKS),
        members,
        posts=posts,
        seed=0,
        biographies=biographies,
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


# --- biographies and topics (MORNING, IV-B and V-B) ---------------------------------------------------------


def with_biographies(**biographies: str) -> Dataset:
    accounts = [replace(account, biography=biographies.get(account.id)) for account in ACCOUNTS]
    return Dataset.from_rows(accounts, POSTS, links=LINKS)


def test_biographies_of_audience_accounts_are_heard_under_every_post():
    rows = with_biographies(reader="Loves rivers", other="Partner of @brand", maker="Hiker")
    found = heard(posts=9, rows=rows, biographies=True)
    # Accounts of the roles influencer and brand are no audience accounts; their biographies name partners.
    for texts in found.values():
        assert "Loves rivers" in texts
        assert not texts & {"Partner of @brand", "Hiker"}
    assert found["m1"] - {"Loves rivers"} == heard(posts=9, rows=rows)["m1"]
    assert heard(posts=9, rows=with_biographies(), biographies=True) == heard(posts=9)
    few = heard(members=1, posts=1, rows=rows, biographies=True)
    assert len(few["m2"]) == 2  # one post, and the biography


def test_a_biography_counts_as_one_item():
    rows = with_biographies(reader="Loves rivers")
    found = AudienceHashing(AudienceHashingConfig(posts=9, biographies=True)).encode(rows)
    texts = ["how steep is it", "tents and maps", "wool socks", "bread", "Loves rivers"]
    expected = np.mean(Hashing().encode_batch(texts), axis=0)
    np.testing.assert_allclose(found.values_of(["m1"]).values[0], expected, atol=1e-6)


def test_biographies_change_the_key_only_where_they_are_read():
    config = AudienceHashing().config.to_dict()
    assert config.pop("biographies") is False
    assert config.pop("last_posts") == 0
    assert AudienceHashing().config.identity() == config
    assert AudienceHashing(AudienceHashingConfig(biographies=True)).maker != AudienceHashing().maker


def topic_data() -> Dataset:
    """Audiences of odd accounts write about food, those of even ones about travel; one account is of the test
    split, and its audience alone writes of cars."""
    accounts, posts, links = [], [], []
    words = (["bread soup cheese pasta"], ["mountain valley river forest"])
    for n in range(8):
        accounts += [Account(id=f"m{n}"), Account(id=f"r{n}", role="audience", biography=words[n % 2][0])]
        posts += [
            Post(id=f"p{n}", account=f"m{n}", caption="a post"),
            Post(id=f"q{n}", account=f"r{n}", caption=words[n % 2][0]),
        ]
        links.append(comment(f"r{n}", f"m{n}", f"p{n}", "yes"))
    accounts += [Account(id="held.out", split="test"), Account(id="driver", role="audience")]
    posts += [
        Post(id="p9", account="held.out", caption="a post"),
        Post(id="q9", account="driver", caption="engine garage engine garage"),
    ]
    links.append(comment("driver", "held.out", "p9", "yes"))
    return Dataset.from_rows(accounts, posts, links=links)


def test_topics_of_audiences_are_learned_from_audiences_of_training_accounts():
    pytest.importorskip("tomotopy", reason="text.lda comes with the extra text")
    from brandfit.encoders.audience.lda import AudienceLDA, AudienceLDAConfig

    settings = {"topics": 2, "min_accounts": 1, "max_share": 1.0, "rounds": 100, "language": ""}
    encoder = AudienceLDA(AudienceLDAConfig(**settings))
    features = encoder.encode(topic_data())
    assert set(encoder.encoder.model.words) == {
        *("bread", "soup", "cheese", "pasta"),
        *("mountain", "valley", "river", "forest"),
    }
    values, is_present = features.values_of([f"p{n}" for n in range(8)])
    assert is_present.all()
    topic = values.argmax(axis=1)
    assert (topic[::2] == topic[0]).all()
    assert (topic[1::2] == topic[1]).all()
    assert topic[0] != topic[1]
    assert features.learned_from == ("accounts",)
    assert features.slot == "audience"
    everything = AudienceLDA(AudienceLDAConfig(**settings, transductive=True))
    everything.learn(topic_data())
    assert "engine" in everything.encoder.model.words
