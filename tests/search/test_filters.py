"""Every filter against a loop over plain rows, combined ones against three-valued logic by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_fields
from tests.oracles import audience as oracle

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import ConfigError, UnknownName, UsageError, suggestion
from brandfit.search.facts import MONTH, Facts
from brandfit.search.filters import (
    FIELDS,
    AndOr,
    FieldCondition,
    Not,
    Range,
    facts_of,
    formatted,
    matching,
    notes,
    parse,
    read,
)

DAY = 86_400
START = int(datetime(2018, 10, 1, tzinfo=UTC).timestamp())


def rows(seed: int = 0):
    rng = np.random.default_rng(seed)
    accounts, posts = [Account(id="glow", role="brand"), Account(id="peak", role="brand")], []
    for n in range(260):
        id = f"i{n:03}"
        maybe = lambda value: None if rng.random() < 0.2 else value  # noqa: E731
        accounts.append(
            Account(
                id=id,
                category=maybe(str(rng.choice(["Food", "travel", "pet"]))),
                business_category=maybe("Artist"),
                biography=maybe(str(rng.choice(["Vegan, cook & mum", "vegans only", "I travel"]))),
                followers=maybe(int(rng.integers(0, 50_000))),
                followees=maybe(int(rng.integers(0, 900))),
                posts=maybe(int(rng.integers(0, 900))),
            )
        )
        posts += [
            Post(
                id=f"{id}-{p}",
                account=id,
                caption="I really love the mountains and the lake in the morning",
                time=maybe(START + int(rng.integers(0, 100)) * DAY),
                hashtags=[
                    str(t)
                    for t in rng.choice(["vegan", "ad", "trip"], int(rng.integers(0, 3)), replace=False)
                ],
                mentions=["glow"] if rng.random() < 0.2 else [],
                tags=["glow"] if rng.random() < 0.1 else [],
                sponsors=["glow"] if rng.random() < 0.1 else [],
                likes=maybe(int(rng.integers(0, 2000))),
                comments=maybe(int(rng.integers(0, 50))),
                disclosed=maybe(bool(rng.random() < 0.3)),
            )
            for p in range(int(rng.integers(0, 8)))
        ]
    partners = [a.id for a in accounts[2:] if rng.random() < 0.3]
    links = [
        Link(id=link_id("endorses", id, target="peak"), kind="endorses", source=id, target="peak")
        for id in partners
    ]
    posts.append(Post(id="brief", account="i000", kind="brief", hashtags=["brief"]))
    for n, account in enumerate(accounts[1:]):
        people, texts = (
            [f"p{p}" for p in range(5 + n % 40)],
            ["So nice", "so nice!", "😍", "where is it", "@ana look", None],
        )
        for c in range(int(rng.integers(0, 25))):
            who, text = str(rng.choice(people)), texts[rng.integers(0, 2 + n % 5)]
            links.append(Link(id=f"c{n}-{c}", kind="comments", source=who, target=account.id, text=text))
        if rng.random() < 0.5:
            links.append(Link(id=f"f{n}", kind="follows", source="fan", target=account.id))
    links.append(Link(id="own", kind="comments", source="i000", target="i000", text="thanks"))
    return accounts, posts, links


def stated(n: int, account: Account) -> Account:
    """The account with what lists state: place, price, rate, a further column; each unknown for some."""
    return replace_fields(
        account,
        country=[None, "France", "Türkiye"][n % 3],
        city=[None, "Lyon", "İstanbul", "Vieux Lyon"][n % 4],
        price=[None, 100.0, 250.5][n % 3],
        engagement_rate=[None, 0.02, 0.05, 0.08][n % 4],
        attributes={} if n % 5 == 0 else {"Status": ["open", "Not open", "closed"][n % 3]},
    )


ACCOUNTS, POSTS, LINKS = rows(2)
ACCOUNTS = [stated(n, account) for n, account in enumerate(ACCOUNTS)]
HEARD = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
DATASET = Dataset.from_rows(ACCOUNTS, POSTS, links=LINKS).with_slots(
    {
        "audience": Features(
            "a", np.array([a.id for a in ACCOUNTS[1:201]], dtype=object), HEARD, "account", slot="audience"
        )
    }
)
FACTS = Facts(DATASET)
BY_ID = {a.id: a for a in ACCOUNTS}
MINE = {id: [p for p in POSTS if p.account == id and p.kind == "post"] for id in DATASET.influencers.tolist()}


def rates(id):
    n = BY_ID[id].followers
    return [(p.likes + p.comments) / n for p in MINE[id] if n and None not in (p.likes, p.comments)]


def rate(id):
    times = sorted(p.time for p in MINE[id] if p.time is not None)
    return (
        (len(times) - 1) * MONTH / (times[-1] - times[0])
        if len(times) >= 3 and times[-1] > times[0]
        else None
    )


def newest(id):
    return max((p.time for p in MINE[id] if p.time is not None), default=None)


def share(id):
    known = [p.disclosed for p in MINE[id] if p.disclosed is not None]
    return sum(known) / len(known) if known else None


def between(value, low, high):
    return None if value is None else (low is None or value >= low) and (high is None or value <= high)


def same(value, wanted):
    return None if value is None else value.lower() == wanted


TO = {id: [link for link in LINKS if link.target == id != link.source] for id in (*MINE, "peak")}


def said(id):
    return [(link.source, link.text) for link in TO[id] if link.kind == "comments"]


def people(id):
    return {link.source for link in TO[id] if link.kind in ("comments", "follows")}


SAYS = {
    "So nice": "nice so",
    "so nice!": "nice so",
    "😍": "😍",
    "where is it": "is it where",
    "@ana look": "look",
    "thanks": "thanks",
}


HEARD_OF = {id: {SAYS[text] for _, text in said(id) if text} for id in MINE}


def stock(id):
    texts = [SAYS[t] for _, t in said(id) if t]
    heard = [sum(t in HEARD_OF[o] for o in MINE) for t in texts]
    return (
        np.mean([t == "😍" or n > 10 for t, n in zip(texts, heard, strict=True)])
        if len(texts) >= 10
        else None
    )


def logs(of_post):
    return {
        id: [of_post(id, p) for p in posts if p.likes is not None and of_post(id, p) is not None]
        for id, posts in MINE.items()
    }


def answered(id, post):
    known = BY_ID[id].followers and post.comments is not None
    return np.log((post.likes + post.comments + 1) / BY_ID[id].followers) if known else None


def sure(place):
    return place is not None and place[2] - place[1] <= 0.7


def at_lyon(id):
    account = BY_ID[id]
    if account.city is None and account.country is None:
        return None
    return "lyon" in (account.city or "").lower()


def works_with(id, brand):
    if any(link.kind == "endorses" and (link.source, link.target) == (id, brand) for link in LINKS):
        return True
    return False if MINE[id] else None


FOLLOWERS = {id: BY_ID[id].followers for id in MINE}
TYPICAL = oracle.typical(logs(answered))
PLACES = {id: oracle.place(id, FOLLOWERS, TYPICAL) for id in MINE}
PER_COMMENT = oracle.typical(
    logs(lambda _, p: None if p.comments is None else np.log((p.likes + 1) / (p.comments + 1)))
)
UNIT = HEARD.astype(float) / np.linalg.norm(HEARD, axis=1, keepdims=True)
LESS = UNIT - UNIT[1:].mean(axis=0)
LESS /= np.linalg.norm(LESS, axis=1, keepdims=True)
MATCH = dict.fromkeys(MINE) | {a.id: float(LESS[n] @ LESS[0]) for n, a in enumerate(ACCOUNTS[1:201]) if n}


def others(id):
    return [match for other, match in MATCH.items() if other != id and match is not None]


BRUTE = {
    "followers:5k..30k": lambda id: between(BY_ID[id].followers, 5_000, 30_000),
    "followees:<=400": lambda id: between(BY_ID[id].followees, None, 400),
    "posts:>=300": lambda id: between(BY_ID[id].posts, 300, None),
    "imported_posts:2": lambda id: len(MINE[id]) == 2,
    "engagement:3%..": lambda id: between(np.mean(rates(id)), 0.03, None) if rates(id) else None,
    "median_engagement:..0.05": lambda id: between(np.median(rates(id)), None, 0.05) if rates(id) else None,
    "category:food": lambda id: same(BY_ID[id].category, "food"),
    "confidence:50%..": lambda id: between(1.0 if BY_ID[id].category else None, 0.5, None),
    "business_category:artist": lambda id: same(BY_ID[id].business_category, "artist"),
    "biography:vegan": lambda id: None if BY_ID[id].biography is None else "Vegan," in BY_ID[id].biography,
    "place:lyon": at_lyon,
    "price:..200": lambda id: between(BY_ID[id].price, None, 200),
    "stated_engagement:4%..": lambda id: between(BY_ID[id].engagement_rate, 0.04, None),
    "attribute:status=OPEN": lambda id: (
        "open" in BY_ID[id].attributes["Status"].lower() if BY_ID[id].attributes else None
    ),
    "language:en": lambda id: True if MINE[id] else None,
    "last_post:2018-12-01..2018-12-20": lambda id: between(
        newest(id), START + 61 * DAY, START + 81 * DAY - 1
    ),
    "posting_rate:2..": lambda id: between(rate(id), 2, None),
    "sponsored_share:..40%": lambda id: between(share(id), None, 0.4),
    "hashtag:#Vegan": lambda id: any("vegan" in p.hashtags for p in MINE[id]) if MINE[id] else None,
    "mentions:@glow": lambda id: (
        any("glow" in (*p.mentions, *p.tags, *p.sponsors) for p in MINE[id]) if MINE[id] else None
    ),
    "worked_with:peak": lambda id: works_with(id, "peak"),
    "audience:5..12": lambda id: between(len(people(id)) or None, 5, 12),
    "engagement_vs_peers:60%..": lambda id: between(PLACES[id][0], 0.6, None) if sure(PLACES[id]) else None,
    "followers_ratio:..40": lambda id: between(
        BY_ID[id].followers / BY_ID[id].followees if BY_ID[id].followers and BY_ID[id].followees else None,
        None,
        40,
    ),
    "likes_per_comment:20..": lambda id: between(PER_COMMENT.get(id, [None])[0], 20, None),
    "comment_repetition:..0.3": lambda id: between(
        oracle.same([SAYS[t] for _, t in said(id) if t]), None, 0.3
    ),
    "same_commenters:10%..": lambda id: between(oracle.same([who for who, _ in said(id)]), 0.1, None),
    "stock_comments:80%..": lambda id: between(stock(id), 0.8, None),
    "audience_match:@peak>=70%": lambda id: between(oracle.ahead(MATCH[id], others(id)), 0.7, None),
    "audience_overlap:peak=20%..60%": lambda id: between(
        len(people(id) & people("peak")) / len(people(id)) if people(id) else None, 0.2, 0.6
    ),
}
TRUTH = {text: [brute(id) for id in DATASET.influencers.tolist()] for text, brute in BRUTE.items()}


def test_every_filter_is_tried():
    assert {text.partition(":")[0] for text in BRUTE} == set(FIELDS)


@pytest.mark.parametrize("text", BRUTE)
def test_a_filter_finds_what_a_loop_finds(text):
    pytest.importorskip("py3langid") if text.startswith("language") else None
    found, unknown = matching(parse(text), FACTS)
    assert found.tolist() == [told is True for told in map(_plain, TRUTH[text])]
    assert unknown == sum(told is None for told in TRUTH[text])
    assert any(found)
    assert not all(found)


IMPORTED = {"imported_posts"}
"""Fields that count what was imported: their 0 is a fact."""


@pytest.mark.parametrize("text", BRUTE)
def test_an_account_about_which_nothing_is_known_is_unknown_for_every_field(text):
    pytest.importorskip("py3langid") if text.startswith("language") else None
    posts = [Post(id="silent-1", account="silent")]  # a post of which nothing is known
    unknown = [Account(id="blank"), Account(id="silent")]
    facts = Facts(
        Dataset.from_rows([*ACCOUNTS, *unknown], [*POSTS, *posts], links=LINKS).with_slots(DATASET.slots)
    )
    (leaf,) = parse(text).leaves
    at = np.flatnonzero(np.isin(facts.ids.astype(str), ["blank", "silent"]))
    if leaf.field in IMPORTED:
        assert leaf.values(facts, at) == [0, 1]
        return
    assert leaf.values(facts, at) == [None, None]
    for condition in (parse(text), parse(f"not {text}")):
        found, count = matching(condition, facts)
        assert not found[at].any()
        assert count == sum(told is None for told in TRUTH[text]) + 2


@pytest.mark.parametrize(
    ("post", "field", "told"),
    [
        ({"caption": "A walk"}, "hashtag:vegan", False),
        ({"caption": ""}, "hashtag:vegan", False),
        ({"hashtags": ["trip"]}, "hashtag:vegan", False),
        ({"mentions": ["peak"]}, "hashtag:vegan", None),
        ({"likes": 5}, "mentions:glow", None),
        ({"tags": ["peak"]}, "mentions:glow", False),
        ({"sponsors": ["glow"]}, "mentions:glow", True),
        ({"likes": 5}, "worked_with:glow", None),
        ({"caption": "A walk"}, "worked_with:glow", False),
    ],
)
def test_a_post_with_a_known_text_or_list_answers(post, field, told):
    accounts = [Account(id="glow", role="brand"), Account(id="one")]
    facts = Facts(Dataset.from_rows(accounts, [Post(id="p", account="one", **post)]))
    (leaf,) = parse(field).leaves
    assert leaf.values(facts, np.array([0])) == [told]


def test_a_known_partner_of_one_brand_is_known_not_to_work_with_another():
    accounts = [Account(id="glow", role="brand"), Account(id="peak", role="brand"), Account(id="one")]
    links = [Link(id="e", kind="endorses", source="one", target="peak")]
    facts = Facts(Dataset.from_rows(accounts, [], links=links))
    assert parse("worked_with:glow").evaluate(facts).to_pylist() == [False]
    assert parse("worked_with:peak").evaluate(facts).to_pylist() == [True]


def _plain(value):
    return None if value is None else bool(value)


FAST = [text for text in BRUTE if not text.startswith("language")]
TREES = st.recursive(
    st.sampled_from(FAST),
    lambda inner: st.one_of(
        inner.map(lambda t: ("not", t)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def by_hand(tree, n):
    """Kleene: not known is neither."""
    if isinstance(tree, str):
        return _plain(TRUTH[tree][n])
    if tree[0] == "not":
        told = by_hand(tree[1], n)
        return None if told is None else not told
    told = [by_hand(part, n) for part in tree[1]]
    if tree[0] == "and":
        return False if False in told else None if None in told else True
    return True if True in told else None if None in told else False


def typed(tree):
    if isinstance(tree, str):
        return tree
    return (
        f"not ({typed(tree[1])})"
        if tree[0] == "not"
        else "(" + f" {tree[0]} ".join(map(typed, tree[1])) + ")"
    )


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_combined_ones_follow_three_valued_logic(tree):
    condition = parse(typed(tree))
    told = [by_hand(tree, n) for n in range(len(FACTS))]
    assert condition.evaluate(FACTS).to_pylist() == told
    assert read(condition.to_json()).evaluate(FACTS).to_pylist() == told
    assert str(condition)


def test_fields_may_be_typed_in_capitals():
    assert parse("Followers:5k..10k AND Not Hashtag:Vegan") == parse(
        "followers:5k..10k and not hashtag:vegan"
    )
    assert read({"Followers": {"min": 5000}}) == read({"followers": {"min": 5000}})


def test_words_for_people():
    condition = parse(
        "followers:5k..100k and (hashtag:vegan or category:Food) and not worked_with:peak and "
        "last_post:2018-12-01.."
    )
    assert str(condition) == (
        "5,000 to 100,000 followers and (uses #vegan or category food) and not (has worked with peak) "
        "and posted on or after 2018-12-01"
    )
    assert str(parse("engagement:>=2.5%")) == "engagement rate (mean) of 2.5 % or more"
    assert str(parse('biography:"dog mum"')) == "“dog mum” in the biography"
    assert (
        str(parse("audience_match:@Peak>=60%"))
        == "audience more like that of peak than for 60 % or more of influencers"
    )
    assert str(parse("comment_repetition:..0.3")) == "two comments say the same in 30 % or less of cases"


def test_and_may_be_left_out_and_binds_closer_than_or():
    a, b, c = (FieldCondition("followers", Range(float(n), None)) for n in (1, 2, 3))
    assert parse("followers:1.. followers:2.. or followers:3..") == AndOr("or", (AndOr("and", (a, b)), c))
    assert parse("NOT followers:1..") == Not(a)
    assert read({"followers": {"min": 1}, "hashtag": "x"}) == AndOr(
        "and", (a, FieldCondition("hashtag", "x"))
    )


def test_a_profiler_tells_the_category_where_nobody_stated_it():
    ids = DATASET.influencers
    told = Features(
        name="p",
        ids=ids,
        values=np.tile(np.array([[0.7, 0.3]], np.float32), (len(ids), 1)),
        level="account",
        columns=("pet", "food"),
        slot="category",
    )
    facts = Facts(DATASET.with_slots({"category": told}))
    found, unknown = matching(parse("category:pet and confidence:60%.."), facts)
    stated = [BY_ID[id].category for id in ids.tolist()]
    assert found.tolist() == [category in (None, "pet") for category in stated]
    assert unknown == 0


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("folowers:5k..", UnknownName, "followers"),
        ("followers:many", ConfigError, "'many' is not a whole number"),
        ("followers:..", ConfigError, "neither a lower nor an upper end"),
        ("last_post:2018-13-01..", ConfigError, "not a day"),
        ("last_post:2018..", ConfigError, "not a day"),
        ("followers:5k...100k", ConfigError, "three points"),
        ("followers:100k..5k", ConfigError, "from more to less"),
        ("followers:nan..", ConfigError, "not a whole number"),
        ("followers:5k.. and", UsageError, "breaks off"),
        ("audience_match:80%..", ConfigError, "takes an account and a range"),
        ("audience_match:peak", ConfigError, "takes an account and a range"),
        ("audience_match:peak>=lots", ConfigError, "'lots' is not a number"),
        ("(hashtag:x", UsageError, "breaks off"),
        ("hashtag:x) or", UsageError, "cannot be read at ')"),
    ],
)
def test_what_is_typed_wrongly_is_told(text, error, said):
    with pytest.raises(error, match=said.replace(")", r"\)").replace("(", r"\(")):
        parse(text)


def test_beside_an_account_is_read_in_every_way_and_must_be_known():
    wanted = FieldCondition("audience_match", Range(0.5, None, "peak"))
    for text in ("peak>=50%", "peak=50%..", "@PEAK>=0.5"):
        assert parse(f"audience_match:{text}") == wanted
    assert read({"audience_match": {"account": "peak", "min": 0.5}}) == wanted
    assert wanted.to_json() == {"audience_match": {"account": "peak", "min": 0.5, "max": None}}
    with pytest.raises(UnknownName, match="brand or influencer named 'paek'"):
        parse("audience_match:paek>=50%").evaluate(FACTS)
    with pytest.raises(UsageError, match=r"brandfit encode audience\.hashing"):
        parse("audience_match:peak>=50%").evaluate(Facts(Dataset.from_rows(ACCOUNTS)))


def test_a_brand_that_is_not_there_is_no_condition():
    for text in ("worked_with:pek", "not worked_with:pek", "followers:5k.. or worked_with:@Pek"):
        with pytest.raises(UnknownName, match=r"no brand named 'pek'\.\nDid you mean peak\?"):
            matching(parse(text), FACTS)
    assert not matching(parse("worked_with:glow"), FACTS)[0].any()  # it is there, and works with nobody
    assert notes(parse("worked_with:glow"), FACTS) == ["nobody has worked_with:glow"]


def test_values_that_nobody_has_are_told_with_those_that_are_meant():
    condition = parse(
        "category:travle and (not hashtag:vegn or mentions:zzz) and category:pet and followers:999999.. "
        "hashtag:vegn"
    )
    assert notes(condition, FACTS) == [
        "nobody has category:travle. Did you mean travel?",
        "nobody has hashtag:vegn. Did you mean vegan?",
        "nobody has mentions:zzz",
    ]
    assert notes(parse("business_category:x"), FACTS) == ["nobody has business_category:x. Known: artist."]
    assert notes(parse("biography:nowhere"), FACTS) == ["nobody has biography:nowhere"]
    assert (
        notes(parse("hashtag:vegan and mentions:glow and not category:food"), FACTS)
        == notes(None, FACTS)
        == []
    )


def test_near_names_among_very_many_are_the_near_ones():
    many = [f"tag{n:06}" for n in range(20_000)]
    assert suggestion("vegn", [*many, "vegan"]) == "Did you mean vegan?"
    assert suggestion("zz", many, listing=False) == ""


@pytest.mark.parametrize("text", BRUTE)
def test_what_was_asked_can_be_shown(text):
    pytest.importorskip("py3langid") if text.startswith("language") else None
    (leaf,) = facts_of(parse(text))
    at = np.arange(len(FACTS))[::7]
    told = leaf.values(FACTS, at)
    truth = [TRUTH[text][n] for n in at]
    if FIELDS[leaf.field].matches is not None:
        assert leaf.fact == f"{leaf.field}:{leaf.value}"
        assert told == truth
        return
    assert leaf.fact == (f"{leaf.field}:peak" if FIELDS[leaf.field].takes_account else leaf.field)
    if leaf.field != "language":  # of too little it is not told
        assert [value is None for value in told] == [value is None for value in truth]
    for value in told:
        assert value is None or formatted(leaf.fact, value) not in (None, "")
    json.dumps(told)


def test_each_fact_is_shown_once_what_is_sorted_by_first():
    condition = parse(
        "followers:5k.. and not (hashtag:vegan or followers:..9k) and hashtag:ad and engagement:1%.."
    )
    assert [leaf.fact for leaf in facts_of(condition, "-engagement")] == [
        "engagement",
        "followers",
        "hashtag:vegan",
        "hashtag:ad",
    ]
    assert [leaf.fact for leaf in facts_of(None, "followers")] == ["followers"]
    assert facts_of(None) == []
    with pytest.raises(UnknownName, match="Did you mean followers"):
        facts_of(None, "folowers")


@pytest.mark.parametrize(
    ("text", "biography", "is_match"),
    [
        ("eltern", "Für Großeltern", False),
        ("Großeltern", "für großeltern!", True),
        ("caf", "Mein Café", False),
        ("café", "Mein Café", True),
        ("CAFÉ", "Mein cafe\u0301.", True),
        ("cafe", "Mein cafe\u0301", True),
        ("mum", "\u2764\ufe0fMum of two", True),
        ("mum", "mum_of_two", False),
        ("dog mum", "A #dog mum", True),
        ("काम", "काम करना", True),
        ("का", "काम करना", False),
    ],
)
def test_a_word_of_the_biography_is_a_word_in_every_script(text, biography, is_match):
    facts = Facts(Dataset.from_rows([Account(id="ana", biography=biography)]))
    assert matching(parse(f'biography:"{text}"'), facts)[0].tolist() == [is_match]


def test_facts_are_written_as_people_write_them():
    assert formatted("engagement", 0.03456) == "3.46 %"
    assert formatted("posting_rate", 2.345) == "2.3"
    assert formatted("last_post", "2018-12-01T10:00:00+00:00") == "2018-12-01"
    assert formatted("followers", 12_000) == 12_000
    assert formatted("hashtag:vegan", True) is True
    assert formatted("category", None) is None
    assert len(formatted("biography", "word " * 30)) <= 40


def test_json_that_says_nothing_is_told():
    for told in ({}, {"and": []}, {"or": "x"}, {"not": "x"}, {"and": ["x"]}, {"hashtag": ["a", "b"]}):
        with pytest.raises(UsageError):
            read(told)


@pytest.mark.parametrize("field", FIELDS)
def test_a_condition_as_json_has_no_unknown_keys(field):
    numbers, beside = FIELDS[field].numbers, FIELDS[field].takes_account
    ends = {"day": ("2018-01-01", "2018-02-01"), "": ("a", "b")}.get(numbers, (0.1, 0.5))
    ends = (1, 2) if numbers == "count" else ends
    about = {"account": "peak"} if beside else {}
    for wrong in (
        {"min": ends[0], "maximum": ends[1]},
        {"from": ends[0]},
        {"min": ends[0], "max": ends[1], "to": 1},
    ):
        with pytest.raises(UsageError) as raised:
            read({field: {**about, **wrong}})
        assert field in raised.value.message
        assert raised.value.hint
        with pytest.raises(UsageError):
            read({"and": [{"not": {field.upper(): {**about, **wrong}}}]})
    if numbers:
        assert read({field: {**about, "min": ends[0], "max": ends[1]}})
    if numbers and not beside:
        with pytest.raises(UsageError, match="no 'account'"):
            read({field: {"account": "peak", "min": ends[0]}})


def test_the_valid_keys_are_named():
    with pytest.raises(UsageError, match=r"(?s)A range of followers has no 'maximum'.*min, max"):
        read({"followers": {"min": 5000, "maximum": 10_000}})
    with pytest.raises(UsageError, match=r"(?s)audience_match has no 'acount'.*account, min, max"):
        read({"audience_match": {"account": "peak", "acount": "x", "min": 0.5}})
    with pytest.raises(UnknownName, match="folowers"):
        read({"folowers": {"min": 5}})


@pytest.mark.parametrize(
    "text",
    [
        "2018-12-01T03:30:00+05:30",
        "2018-11-30T22:00:00Z",
        "2018-11-30T22:00:00",
        "2018-11-30T14:00:00-08:00",
    ],
)
def test_a_stated_time_zone_counts(text):
    moment = datetime(2018, 11, 30, 22, tzinfo=UTC).timestamp()
    wanted = FieldCondition("last_post", Range(moment, None))
    assert parse(f"last_post:{text}..") == read({"last_post": {"min": text}}) == wanted
    assert read(wanted.to_json()) == wanted
