"""Concepts: a sound taxonomy, words that mean what they should, weights by hand, a graph that sees nothing it
must not see."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from brandfit.data import captions
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Link, Post, link_id
from brandfit.encoders.concept._knowledge import extended
from brandfit.encoders.concept._taxonomy import (
    BRAND_CATEGORIES,
    INFLUENCER_CATEGORIES,
    Taxonomy,
    built_in,
    read,
    singular,
)
from brandfit.encoders.concept.bag import FISHING, Bag, BagConfig
from brandfit.errors import ConfigError, UsageError
from brandfit.learning import attributes
from brandfit.learning.cooccurrence import related_hashtags


def named(taxonomy: Taxonomy, numbers: list[int]) -> list[str]:
    return [taxonomy.names[n] for n in numbers]


# --- the taxonomy -------------------------------------------------------------------------------------------


def test_the_taxonomy_is_large_and_sound():
    taxonomy = built_in()
    assert len(taxonomy) >= 400
    assert len(set(taxonomy.names)) == len(taxonomy)
    assert {concept.kind for concept in taxonomy.concepts} == {
        "interest", "object", "action", "style", "scene", "occupation", "business",
    }  # fmt: skip
    for concept in taxonomy.concepts:
        seen = set()
        while concept.parent:  # up to a root, and never in a circle
            assert concept.name not in seen
            seen.add(concept.name)
            concept = taxonomy.concepts[taxonomy.number[concept.parent]]
    counts = Counter(category for concept in taxonomy.concepts for category in concept.categories)
    assert set(counts) == {*BRAND_CATEGORIES, *INFLUENCER_CATEGORIES}
    assert min(counts.values()) >= 7


def test_every_concept_is_found_by_its_name_and_few_words_mean_several():
    taxonomy = built_in()
    for n, name in enumerate(taxonomy.names):
        assert taxonomy.concepts_by_term[" ".join(map(singular, name.replace("/", " ").split()))] == [
            n
        ] or taxonomy.find(name) == [n], name
    assert sum(len(concepts) > 1 for concepts in taxonomy.concepts_by_term.values()) < 10


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("A makeup artist with two cats", ["makeup artist", "cat"]),
        ("Golden retrievers on beaches!", ["golden retriever", "beach"]),
        ("nothing to see here", []),
        ("Dishes, boxes and berries", ["meal", "fruit"]),
        ("Mom of three; coffee first", ["mother", "coffee"]),
        ("#ad with @yoga.studio", []),
    ],
)
def test_concepts_in_texts(text, concepts):
    found = named(built_in(), built_in().find(text.replace("@yoga.studio", "")))
    assert found == concepts


@pytest.mark.parametrize(
    ("tag", "concepts"),
    [
        ("dogsofinstagram", ["dog"]),
        ("homecooking", ["cooking"]),
        ("hikingtheworld", ["hiking"]),
        ("ilovemydog", ["love", "dog"]),
        ("vegandinner", ["vegan", "dinner"]),
        ("personaltrainer", ["personal trainer"]),
        ("moments", []),
        ("heartbroken", []),
        ("carpets", ["rug"]),
        ("xyzzy", []),
        ("street_style", ["streetwear"]),
    ],
)
def test_concepts_of_hashtags(tag, concepts):
    assert named(built_in(), built_in().find_tag(tag)) == concepts


@given(st.text(max_size=80))
def test_any_text_is_taken(text):
    taxonomy = built_in()
    for found in (taxonomy.find(text), taxonomy.find_tag(text)):
        assert all(0 <= n < len(taxonomy) for n in found)


@pytest.mark.parametrize(
    "lines", [["[nowhere | object | |]"], ["[- | object | cheese |]"], ["[- | object | |]", "a: b", "a: c"]]
)
def test_a_taxonomy_that_cannot_be_is_refused_with_its_line(lines):
    with pytest.raises(ValueError, match="line "):
        list(read(lines))


SMALL = Taxonomy(
    read(["[- | interest | |]", "animal: beast", "drink:", "[animal | object | | pet]", "dog: hound", "cat:"])
)


def test_wordnet_merges_words_by_what_they_are(tmp_path):
    file = tmp_path / "wordnet.jsonl.gz"
    synsets = [
        {"id": "1", "pos": "n", "members": ["animal"], "hypernym": []},
        {"id": "2", "pos": "n", "members": ["dog", "domestic dog"], "hypernym": ["1"]},
        {"id": "3", "pos": "n", "members": ["spitz"], "hypernym": ["2"]},
        {"id": "4", "pos": "n", "members": ["pomeranian"], "hypernym": ["3"]},
        {"id": "5", "pos": "n", "members": ["wombat"], "hypernym": ["1"]},
        {"id": "6", "pos": "v", "members": ["bark"], "hypernym": ["2"]},
        {"id": "7", "pos": "n", "members": ["stone"], "hypernym": []},
        {"id": "8", "pos": "n", "members": ["can", "kea", "kea"], "hypernym": ["1"]},
        {"id": "9", "pos": "n", "members": ["bill"], "hypernym": ["1"]},
        {"id": "10", "pos": "n", "members": ["bill"], "hypernym": []},
    ]
    with gzip.open(file, "wt") as out:
        out.write("\n".join(map(json.dumps, synsets)))
    more = extended(SMALL, [str(file)])
    assert named(more, more.find("domestic dogs, a Pomeranian, wombats, stones, bark, hounds")) == [
        "dog",
        "dog",
        "animal",
        "dog",
    ]
    assert named(more, more.find("can a bill be a kea")) == [
        "animal"
    ]  # no stop words, and no word that means other things too
    assert named(SMALL, SMALL.find("pomeranian")) == []


def test_conceptnet_adds_the_heaviest_neighbours(tmp_path):
    def line(relation, one, other, weight):
        return f"/a/x\t/r/{relation}\t/c/en/{one}\t/c/en/{other}/n\t{json.dumps({'weight': weight})}"

    lines = [
        line("IsA", "pug", "dog", 2.0),
        line("RelatedTo", "espresso", "drink", 1.0),
        line("Antonym", "wolf", "dog", 9.0),
        line("RelatedTo", "dog", "kennel", 1.0),
        "/a/x\t/r/IsA\t/c/fr/chien\t/c/en/dog\t{}",
    ]
    file = tmp_path / "assertions.csv"
    file.write_text("\n".join(lines))
    more = extended(SMALL, [str(file)])
    assert named(more, more.find("pugs drink espresso near a kennel, no wolf, no chien")) == [
        "dog",
        "drink",
        "drink",
        "dog",
    ]


def test_knowledge_that_is_none_is_told_in_words(tmp_path):
    for name, content, words in (
        ("none.csv", None, "no such file"),
        ("a.txt", b"x", "expected"),
        ("b.csv.gz", b"x", "cannot be read"),
        ("c.jsonl", b"x", "line 1"),
        ("d.jsonl", b'{"id": "1", "pos": "n", "members": ["\xff"], "hypernym": []}', "line 1"),
        ("e.csv", b"/a\t/r/IsA\t/c/fr/a\t/c/en/b\t{}\n/a\t/r/IsA\t/c/en/\xff\t/c/en/b\t{}", "line 2"),
        ("f.csv", b"a,b\n", "five fields"),
        ("g.jsonl", b"", "no line"),
        ("h.jsonl.gz", gzip.compress(b"x" * 1000)[:-12], "cannot be read"),
    ):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ConfigError, match=words):
            extended(SMALL, [str(file)])


def test_the_real_wordnet_tells_more_words(shared):
    more = extended(built_in(), [str(shared / "knowledge" / "english_wordnet_synsets.jsonl.gz")])
    assert len(more.concepts_by_term) > 5 * len(built_in().concepts_by_term)
    assert named(more, more.find("a nectarine, challah, the whitefish")) == ["fruit", "bread", "seafood"]
    assert named(more, more.find("a can of it I have had, a bill")) == []


# --- concept.bag --------------------------------------------------------------------------------------------


def post(id: str, account: str, caption: str) -> Post:
    return Post(id=id, account=account, caption=caption, hashtags=captions.hashtags(caption))


ACCOUNTS = [
    Account(id="ann", biography="Yoga teacher. Yoga and tea!", business_category="Travel Company"),
    Account(id="ben"),
]
POSTS = [
    post("a1", "ann", "Sourdough and sourdough @yoga.mat #dogsofinstagram #hiking #follow4follow"),
    post("a2", "ann", ""),
    post("b1", "ben", "nothing"),
]


def data() -> Dataset:
    return Dataset.from_rows(
        ACCOUNTS, POSTS, images=[Image(post="a1", hash="x", alt_text="Image may contain: 2 dogs, sky")]
    )


def weights(config: BagConfig) -> dict[str, dict[str, float]]:
    features = Bag(config).encode(data())
    names = features.columns
    return {
        id: {names[n]: float(row[n]) for n in np.flatnonzero(row)}
        for id, row in zip(features.ids, features.values, strict=True)
    }


def test_weights_by_hand():
    found = weights(BagConfig(parents=0.0))
    profile = {
        "yoga teacher": 0.5,
        "yoga": 0.5,
        "tea": 0.5,
        "travel company": 0.5,
    }  # once an account, on two posts
    assert found["a2"] == pytest.approx(profile)
    assert found["a1"] == pytest.approx(
        {"bread": 1.0, "dog": 1.0 + 0.5, "hiking": 1.0, "sky": 0.5, **profile}
    )
    assert "b1" not in found


def test_what_stands_in_place_of_a_description_says_nothing():
    told = [
        "No photo description available.",
        "Photo by Some Body on May 04, 2019. Image may contain: cat",
        "Image may contain: 1 person, shoes",
    ]
    images = [
        Image(post=post, hash=str(n), alt_text=text)
        for n, (post, text) in enumerate(zip(("a1", "a2", "b1"), told, strict=True))
    ]
    features = Bag(BagConfig(caption=0, hashtag=0, profile=0, parents=0)).encode(
        Dataset.from_rows(ACCOUNTS, POSTS, images=images)
    )
    names = [{features.columns[n] for n in np.flatnonzero(row)} for row in features.values]
    assert dict(zip(features.ids, names, strict=True)) == {"a2": {"cat"}, "b1": {"shoes"}}


def test_parents_get_their_part():
    with_parents = weights(BagConfig(profile=0.0, parents=0.3))["a1"]
    assert with_parents["food"] == pytest.approx(0.3 * 1.0)
    assert with_parents["animal"] == pytest.approx(0.3 * 1.5)


def test_the_sum_over_posts_is_the_account_vector_of_bamir():
    found = weights(BagConfig(caption=0, alt_text=0, parents=0))
    total = Counter()
    for id in ("a1", "a2"):
        total.update(found[id])
    assert dict(total) == pytest.approx(
        {"yoga teacher": 1, "yoga": 1, "tea": 1, "travel company": 1, "dog": 1, "hiking": 1}
    )


@pytest.mark.parametrize(
    "tag", ["like4like", "followme", "instagood", "picoftheday", "likesforlikes4", "f4f", "igersberlin"]
)
def test_tags_that_fish_are_dropped(tag):
    assert FISHING.search(tag)


@pytest.mark.parametrize(
    "tag", ["hiking", "dislike", "travel", "likeaboss", "instantnoodles", "dogsofinstagram", "tigers"]
)
def test_tags_that_say_something_are_not(tag):
    assert not FISHING.search(tag)


def test_an_unknown_hashtag_is_known_by_its_company():
    posts = [post(f"p{n}", f"a{n}", "#zzgulasch #soup" if n < 5 else "#qqblim #hiking") for n in range(10)]
    posts.append(post("new", "x", "#zzgulasch"))
    rows = Dataset.from_rows([Account(id=p.account) for p in posts], posts)
    assert "new" not in Bag().encode(rows).ids.tolist()
    features = Bag(BagConfig(related=3, parents=0)).encode(rows)
    row = features.values_of(["new"])[0][0]
    assert [features.columns[n] for n in np.flatnonzero(row)] == ["soup"]
    assert row.max() == pytest.approx(1.0)


def test_closeness_of_hashtags_by_hand():
    posts = [
        Post(id=f"p{n}", account="a", hashtags=tags)
        for n, tags in enumerate([["x", "y"]] * 3 + [["x"]] * 3 + [["y", "z"]] * 3 + [["w"]])
    ]
    found = related_hashtags(Dataset.from_rows([Account(id="a")], posts), at_least=3)
    assert found["z"] == [("y", pytest.approx(math.log(0.3 / (0.6 * 0.3)) / -math.log(0.3)))]
    assert "x" not in found  # x and y come together less often than by chance: .3 < .6 * .6


# --- the graph ----------------------------------------------------------------------------------------------


def test_meetings_are_those_of_the_paper_pair_by_pair():
    random = np.random.default_rng(0)
    brands, influencers = (random.random((6, 5)) < 0.4 for _ in range(2))
    within, across = np.zeros((5, 5)), np.zeros((5, 5))
    for b, m in zip(brands, influencers, strict=True):
        for i in range(5):
            for j in range(5):
                if i != j:
                    across[i, j] += int(b[i] and m[j]) + int(m[i] and b[j])
                    within[i, j] += int(b[i] and b[j]) + int(m[i] and m[j])
    args = [sparse.csr_matrix(part.astype(float)) for part in (brands, influencers)]
    np.testing.assert_array_equal(attributes.meetings(*args).toarray(), within + across)
    np.testing.assert_array_equal(attributes.meetings(*args, within=False).toarray(), across)


def test_an_edge_of_one_meeting_weighs_the_root_of_a_half():
    counts = sparse.csr_matrix(np.array([[0, 1, 8], [1, 0, 0], [8, 0, 0]], float))
    source, target, weight = attributes.edges(counts)
    assert list(zip(source, target, weight.round(2), strict=True)) == [(0, 1, 0.71), (0, 2, 2.0)]


def test_lists_are_the_heaviest():
    values = np.array([[0.5, 0.1, 0.0, 0.5], [0.0, 0.0, 0.0, 0.2]])
    assert attributes.lists(values, 2).toarray().tolist() == [[1, 0, 0, 1], [0, 0, 0, 1]]


@pytest.fixture(scope="module")
def graph():
    pytest.importorskip("numba", reason="concept.graph comes with the extra graph")
    from brandfit.encoders.concept.graph import Graph

    return lambda **settings: Graph(Graph.Config.from_settings({"dim": 16, "at_least": 2, **settings}))


def split_data() -> Dataset:
    """Bread and soup meet in posts, wine and dogs through a training brand, kittens and toys through a test
    brand."""
    accounts = [
        Account(id="wine.shop", role="brand", split="train"),
        Account(id="cat.shop", role="brand", split="test"),
    ]
    posts = [post("w", "wine.shop", "#wine"), post("c", "cat.shop", "#kitten")]
    links = []
    for n in range(6):
        accounts.append(Account(id=f"fan{n}", split="train"))
        posts += [
            post(f"f{n}", f"fan{n}", "#dogsofinstagram" if n < 3 else "#puzzle"),
            post(f"g{n}", f"fan{n}", "#bread #soup"),
        ]
        brand = "wine.shop" if n < 3 else "cat.shop"
        links.append(
            Link(
                id=link_id("endorses", f"fan{n}", target=brand),
                kind="endorses",
                source=f"fan{n}",
                target=brand,
            )
        )
    return Dataset.from_rows(accounts, posts, links=links)


def joined(encoder) -> set[tuple[str, str]]:
    names = encoder.taxonomy.names
    return {tuple(sorted((names[a], names[b]))) for a, b in zip(*encoder._edges[:2], strict=True)}


def test_endorsements_of_test_brands_are_not_learned_from(graph):
    found = {}
    for which in ("training", "none", "all"):
        encoder = graph(endorsements=which, parents=0)
        encoder.learn(split_data())
        found[which] = joined(encoder)
    assert ("bread", "soup") in found["none"]
    assert ("dog", "wine") in found["training"]
    assert ("kitten", "toy") not in found["training"]
    assert ("dog", "wine") not in found["none"]
    assert found["none"] < found["training"] <= found["all"]


@pytest.mark.parametrize(
    ("which", "told"), [("none", ()), ("training", ("endorsements",)), ("all", ("all endorsements",))]
)
def test_what_the_graph_has_learned_from_is_told(graph, which, told):
    rows = split_data()
    assert graph(endorsements=which, parents=0).encode(rows).learned_from == ("accounts", *told)
    assert not graph(endorsements=which).stateless
    unsplit = rows.restricted(brands=np.array([], object))
    assert graph(endorsements=which, parents=0).encode(unsplit).learned_from == (
        "accounts",
    )  # nobody works with anybody


def test_a_row_is_the_weighted_mean_of_vectors(graph):
    encoder, rows = graph(parents=0), split_data()
    features = encoder.encode(rows)
    number = encoder.taxonomy.number
    values, present = features.values_of(["g0", "f0"])
    assert present.all()
    np.testing.assert_allclose(
        values[0], encoder.vectors[[number["bread"], number["soup"]]].mean(axis=0), atol=1e-6
    )
    np.testing.assert_allclose(values[1], encoder.vectors[number["dog"]], atol=1e-6)


def test_no_company_at_all_is_said(graph):
    with pytest.raises(UsageError, match="nothing to learn from"):
        graph(at_least=50, endorsements="none").encode(split_data())
