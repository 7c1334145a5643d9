"""The graphs of MORNING and BAMIR by hand: vectors of accounts over all their concepts, edges from mentions,
and concepts of biographies. Keys of earlier versions stay."""

from __future__ import annotations

import hashlib
import math
import pickle
from typing import Annotated

import msgspec
import numpy as np
import pytest
from msgspec import Meta

from brandfit.config import ADDED, Config, describe, with_defaults
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.encoders.concept.bag import Bag, BagConfig, DocumentCounts
from brandfit.errors import UnknownName
from brandfit.learning import attributes

pytest.importorskip("numba", reason="concept.graph comes with the extra graph")

from brandfit.encoders.concept.graph import Graph, GraphConfig
from brandfit.encoders.concept.graph_bamir import GraphBamir, GraphBamirConfig
from brandfit.encoders.concept.graph_morning import GraphMorning, GraphMorningConfig

PLAIN = {"parents": 0.0, "caption": 0.0, "alt_text": 0.0, "dim": 8}
"""Settings by which every concept has the weight 1 a hashtag, or 1 a profile."""


def post(id: str, account: str, tags: str = "", caption: str = "", mentions: tuple[str, ...] = ()) -> Post:
    return Post(id=id, account=account, caption=caption, hashtags=tags.split(), mentions=list(mentions))


def endorsement(influencer: str, brand: str) -> Link:
    id = link_id("endorses", influencer, target=brand)
    return Link(id=id, kind="endorses", source=influencer, target=brand)


def edges_of(encoder: Graph) -> dict[tuple[str, str], float]:
    """Names of two concepts to the weight of their edge."""
    names = encoder.taxonomy.names
    return {
        tuple(sorted((names[one], names[other]))): round(float(weight), 6)
        for one, other, weight in zip(*encoder._edges, strict=True)
    }


# --- settings that came later -------------------------------------------------------------------------------


class Later(Config, frozen=True):
    old: Annotated[int, Meta(description="a setting")] = 1
    new: Annotated[int, Meta(description="a later one", extra=ADDED)] = 2


def test_a_later_setting_is_part_of_keys_only_where_it_is_changed():
    assert Later().identity() == {"old": 1}
    assert Later(new=3).identity() == {"old": 1, "new": 3}
    assert Later().to_dict() == {"old": 1, "new": 2}


def test_other_defaults_keep_types_and_descriptions():
    assert GraphBamirConfig().walks == 50
    assert describe(GraphBamirConfig)["walks"]["description"] == describe(GraphConfig)["walks"]["description"]
    assert pickle.loads(pickle.dumps(GraphBamirConfig(dim=3))) == GraphBamirConfig(dim=3)
    with pytest.raises(UnknownName, match="walk"):
        with_defaults(GraphConfig, "Wrong", module=__name__, walk=50)


def small_data() -> Dataset:
    return Dataset.from_rows([Account(id="ann")], [post("p", "ann", "bread soup", "A dog")])


@pytest.mark.parametrize("encoder", [Graph(GraphConfig(at_least=1)), Bag(), Bag(BagConfig(related=2))])
def test_keys_of_earlier_versions_stay(encoder):
    """The key as the version before these settings made it, from its settings by name."""
    encoder.learn(small_data())
    earlier = ["hashtag", "caption", "alt_text", "profile", "parents", "related"]
    learned = hashlib.sha256(msgspec.json.encode(built_in().concepts, order="sorted"))
    learned.update(repr(sorted(encoder._related_tags.items())).encode())
    weights = learned.hexdigest()
    if isinstance(encoder, Graph):
        earlier += ["dim", "at_least", "top", "within", "endorsements", "walks", "epochs", "seed"]
        digest = hashlib.sha256(weights.encode())
        for column in encoder._edges:
            digest.update(np.ascontiguousarray(column).tobytes())
        weights = digest.hexdigest()
    config = {name: getattr(encoder.config, name) for name in earlier}
    identity = msgspec.json.encode([encoder.name, 2, config, weights], order="sorted")
    assert encoder.maker == hashlib.sha256(identity).hexdigest()[:32]


# --- vectors of accounts ------------------------------------------------------------------------------------


def account_data() -> Dataset:
    """One post of ann has three concepts, the other one; ben has a profile and no posts."""
    accounts = [
        Account(id="ann", biography="Yoga!"),
        Account(id="ben", biography="I love bread and yoga"),
        Account(id="cat", role="audience", biography="bread"),
    ]
    posts = [
        post("p", "ann", "bread soup dog"),
        post("q", "ann", "bread"),
        post("r", "ann", "bread soup dog"),
    ]
    return Dataset.from_rows(accounts, posts)


def test_the_vector_of_an_account_is_the_weighted_mean_over_all_its_concepts():
    """M-08, B-04: sum w e / sum w, w = 1 for the profile and 1 a hashtag, by a slow sum over concepts."""
    encoder = Graph(GraphConfig(**PLAIN, at_least=1, level="account"))
    features = encoder.encode(account_data())
    vector = dict(zip(encoder.taxonomy.names, encoder.vectors, strict=True))
    weights = {"bread": 3.0, "soup": 2.0, "dog": 2.0, "yoga": 1.0}
    expected = sum(weight * vector[name] for name, weight in weights.items()) / sum(weights.values())
    values, is_present = features.values_of(["ann", "ben", "cat"])
    np.testing.assert_allclose(values[0], expected, atol=1e-6)
    assert features.level == "account"
    assert is_present.tolist() == [True, True, False]  # ben has no posts, cat is an audience account
    np.testing.assert_allclose(values[1], (vector["bread"] + vector["yoga"]) / 2, atol=1e-6)
    # The mean of the rows of posts is another vector: there the post with one concept weighs as much.
    posts = Graph(GraphConfig(**PLAIN, at_least=1)).encode(account_data())
    assert np.abs(posts.values.mean(axis=0) - values[0]).max() > 1e-3


def test_the_order_of_rows_changes_no_account():
    rows = account_data()
    reversed_rows = Dataset(
        {
            "accounts": rows.accounts.take(list(range(len(rows.accounts)))[::-1]),
            "posts": rows.posts.take(list(range(len(rows.posts)))[::-1]),
            "images": rows.images,
            "links": rows.stored_links,
        },
        "reversed",
    )
    one, other = (
        Graph(GraphConfig(**PLAIN, at_least=1, level="account")).encode(data)
        for data in (rows, reversed_rows)
    )
    np.testing.assert_array_equal(one.values_of(["ann"]).values, other.values_of(["ann"]).values)


# --- MORNING's graph ----------------------------------------------------------------------------------------


def test_morning_counts_attributes_of_profiles_in_pairs_and_nothing_else():
    accounts = [
        Account(id="shop", role="brand", split="train", biography="bread and soup"),
        Account(id="held.out", role="brand", split="test", biography="wine and cat"),
        Account(id="ann", biography="dog and soup"),
        Account(id="ben", biography="dog"),
    ]
    posts = [post(f"p{n}", "ann", "car train") for n in range(20)]  # hashtags are no attributes
    links = [endorsement("ann", "shop"), endorsement("ben", "shop"), endorsement("ann", "held.out")]
    encoder = GraphMorning(GraphMorningConfig(dim=8))
    features = encoder.encode(Dataset.from_rows(accounts, posts, links=links))
    # Eq. 13-17, pair by pair: coocf = q_b + q_m + q_bm, edge = sqrt(coocf / 2).
    coocf: dict[tuple[str, str], int] = {}
    for brand, influencer in ((["bread", "soup"], ["dog", "soup"]), (["bread", "soup"], ["dog"])):
        for names in (brand, influencer):
            for one in names:
                for other in names:
                    if one < other:
                        coocf[one, other] = coocf.get((one, other), 0) + 1
        for one in brand:
            for other in influencer:
                if one != other:
                    pair = (min(one, other), max(one, other))
                    coocf[pair] = coocf.get(pair, 0) + 1
    assert edges_of(encoder) == {pair: round(math.sqrt(n / 2), 6) for pair, n in coocf.items()}
    vector = dict(zip(encoder.taxonomy.names, encoder.vectors, strict=True))
    np.testing.assert_allclose(
        features.values_of(["ann"]).values[0], (vector["dog"] + vector["soup"]) / 2, atol=1e-6
    )
    assert (encoder.config.walks, encoder.config.dim, GraphMorningConfig().dim) == (10, 8, 128)


# --- BAMIR's graph ------------------------------------------------------------------------------------------


def mention_data() -> Dataset:
    accounts = [
        Account(id="shop", role="brand", split="train", biography="bread"),
        Account(id="mill", role="brand", split="train", biography="soup"),
        Account(id="held.out", role="brand", split="test", biography="wine"),
        Account(id="ann", biography="dog and yoga"),
        Account(id="ben", biography="car"),
        Account(id="cat", role="audience", biography="train"),
    ]
    posts = [
        post("a", "shop", mentions=("mill", "ann")),
        post("b", "ann", mentions=("ben", "held.out", "shop", "cat", "nobody")),
        post("c", "held.out", mentions=("ben",)),
        post("d", "ann", mentions=("ben", "ann")),
    ]
    return Dataset.from_rows(
        accounts, posts, links=[endorsement("ann", "shop"), endorsement("ben", "held.out")]
    )


def test_bamir_counts_mentions_between_accounts_of_the_training_split():
    """B-05 a: brand to brand, brand to influencer, influencer to brand, influencer to influencer; pairs of
    concepts of different accounts alone."""
    encoder = GraphBamir(GraphBamirConfig(dim=8))
    encoder.learn(mention_data())
    half, one = round(math.sqrt(1 / 2), 6), 1.0
    assert edges_of(encoder) == {
        ("bread", "soup"): half,  # shop mentions mill
        ("bread", "dog"): one,  # shop mentions ann, and ann mentions shop: the endorsement adds nothing
        ("bread", "yoga"): one,
        ("car", "dog"): half,  # ann mentions ben in two posts: one relation
        ("car", "yoga"): half,
    }
    assert encoder.config.walks == 50


def test_without_endorsements_no_brand_meets_an_influencer():
    encoder = GraphBamir(GraphBamirConfig(dim=8, endorsements="none"))
    encoder.learn(mention_data())
    assert set(edges_of(encoder)) == {("bread", "soup"), ("car", "dog"), ("car", "yoga")}
    everything = GraphBamir(GraphBamirConfig(dim=8, endorsements="all"))
    everything.learn(mention_data())
    # Posts of test accounts are not read, but mentions of them are with endorsements=all.
    assert ("dog", "wine") in edges_of(everything)


def test_hashtags_that_eight_posts_share_make_edges():
    """B-05 b: from eight posts on, and not from captions or profiles."""
    posts = [post(f"p{n}", "ann", "bread soup" if n < 8 else "dog car", "wine") for n in range(15)]
    encoder = GraphBamir(GraphBamirConfig(dim=8))
    encoder.learn(Dataset.from_rows([Account(id="ann", biography="yoga")], posts))
    assert edges_of(encoder) == {("bread", "soup"): 2.0}  # sqrt(8 / 2)


def test_meetings_across_never_hold_two_concepts_of_one_account():
    one = attributes.lists(np.array([[1.0, 1.0, 0.0]]), 9)
    other = attributes.lists(np.array([[0.0, 0.0, 1.0]]), 9)
    assert attributes.meetings(one, other, within=False).toarray().tolist() == [
        [0, 0, 1],
        [0, 0, 1],
        [1, 1, 0],
    ]


# --- concepts of biographies (B-02) -------------------------------------------------------------------------


def test_a_word_of_too_many_biographies_alone_names_no_concept():
    biographies = ["travel and yoga", "travel", "travel blogger", "Makeup artist, travel, travel"]
    accounts = [Account(id=f"a{n}", biography=text) for n, text in enumerate(biographies)]
    posts = [post(f"p{n}", f"a{n}") for n in range(4)]
    rows = Dataset.from_rows(accounts, posts)

    def concepts(frequent: int, id: str) -> set[str]:
        encoder = Bag(BagConfig(parents=0.0, frequent=frequent))
        features = encoder.encode(rows)
        values, is_present = features.values_of([id])
        return {encoder.taxonomy.names[n] for n in np.flatnonzero(values[0])} if is_present[0] else set()

    assert concepts(0, "p0") >= {"travel", "yoga"}
    assert concepts(5, "p0") >= {"travel", "yoga"}  # five times, not more
    assert "travel" not in concepts(4, "p0")
    assert "yoga" in concepts(4, "p0")
    assert "makeup artist" in concepts(4, "p3")


def test_keywords_are_the_words_of_highest_tf_idf():
    """By a slow formula: tf ln((1 + n) / (1 + df)) + tf."""
    accounts = [[["bread", "bread"], ["soup", "dog"]], [["bread"], ["wine"]], [["bread", "dog"]]]
    counts = DocumentCounts.of(accounts)
    frequency = {"bread": 3, "soup": 1, "dog": 2, "wine": 1}
    assert (counts.n_documents, counts.by_word) == (3, frequency)
    words = [word for post_words in accounts[0] for word in post_words]
    weight = {w: words.count(w) * (math.log(4 / (1 + frequency[w])) + 1) for w in set(words)}
    assert (
        counts.keywords(accounts[0], 2) == sorted(weight, key=lambda w: -weight[w])[:2] == ["bread", "soup"]
    )


def keyword_data(biography: str | None) -> Dataset:
    accounts = [Account(id="ann", biography=biography), Account(id="ben", biography="Runner")]
    posts = [
        post("a", "ann", caption="Soup and more soup"),
        post("b", "ann", caption="Soup, with a dog"),
        post("c", "ann", caption="the weather"),
        post("d", "ben", caption="A car and a dog"),
    ]
    return Dataset.from_rows(accounts, posts)


def test_keywords_of_captions_stand_in_for_a_missing_biography_and_belong_to_their_posts():
    encoder = Bag(BagConfig(caption=0.0, parents=0.0, keywords=2))
    names = encoder.taxonomy.names

    def rows(biography: str | None) -> dict[str, dict[str, float]]:
        features = encoder.encode(keyword_data(biography))
        result = {}
        for id, row in zip(features.ids.tolist(), features.values, strict=True):
            result[id] = {names[n]: round(float(row[n]), 6) for n in np.flatnonzero(row)}
        return result

    without = rows(None)
    # tf-idf: soup 3 (ln(3 / 2) + 1), weather 1 (ln(3 / 2) + 1), dog 1 (ln 1 + 1). Soup is in two posts.
    assert without["a"] == {"soup": 0.5}
    assert without["b"] == {"soup": 0.5}
    assert "d" in without  # ben has a biography, which counts
    assert not {"a", "b", "c"} & set(rows("123"))  # a biography without a concept is no missing one
    account = GraphBamir(GraphBamirConfig())  # the account has the weight of the biography once
    account.learn(keyword_data(None))
    [contents] = [c for id, c in account._account_contents(keyword_data(None)).items() if id == "ann"]
    assert np.nan_to_num(account._bag().encode_batch(contents)).sum(axis=0)[names.index("soup")] == 1.0


def test_a_hidden_post_hides_its_keywords():
    rows = keyword_data(None)
    shown = rows.restricted(posts=np.array(["b", "c", "d"], dtype=object))
    encoder = Bag(BagConfig(caption=0.0, parents=0.0, keywords=2))
    encoder.learn(rows)
    contents = dict(zip(*encoder.units(shown), strict=True))
    assert contents["b"][5:] == [[["soup", 1]]]


def test_a_brand_with_a_biography_alone_keeps_the_posts_of_its_partners():
    """Its graph vector is its own; its words are those of its partners, as before."""
    from brandfit.encoders.text.hashing import Hashing
    from brandfit.learning.pooling import brand_vectors

    accounts = [Account(id="shop", role="brand", biography="bread"), Account(id="ann", biography="soup")]
    posts = [post("p", "ann", caption="A loaf of bread")]
    rows = Dataset.from_rows(accounts, posts, links=[endorsement("ann", "shop")])
    graph = GraphMorning(GraphMorningConfig(dim=8, endorsements="all")).encode(rows)
    text = Hashing().encode(rows)
    shop = np.array(["shop"], dtype=object)
    for slots in ({"text": text}, {"text": text, "graph": graph}):
        dataset = rows.with_slots(slots)
        assert dataset.representation["shop"] == "partners"
        np.testing.assert_array_equal(brand_vectors(dataset, "text", brands=shop).values, text.values)
    own = brand_vectors(dataset, "graph", brands=shop).values
    np.testing.assert_array_equal(own, graph.values_of(["shop"]).values)
    assert rows.with_slots({"graph": graph}).representation["shop"] == "profile"


# --- the command --------------------------------------------------------------------------------------------


def test_the_command_makes_both_graphs_and_takes_a_setting_that_is_called_like_a_scope(tmp_path):
    from click.testing import CliRunner

    from brandfit.cli import cli
    from brandfit.workspace import Workspace

    rows = mention_data()
    path = tmp_path / "w"
    with Workspace(path, create=True) as workspace:
        tables = ((Account, rows.accounts), (Post, rows.posts), (Link, rows.stored_links))
        for kind, table in tables:
            workspace.write(kind.__name__, [kind(**row) for row in table.to_pylist()])

    def encode(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["encode", *arguments, "--set", "dim=8", "-w", str(path)])
        assert result.exit_code == 0, result.output
        with Workspace(path) as workspace:
            return workspace.feature_info(arguments[0])["slot"]

    assert encode("concept.graph_bamir") == encode("concept.graph_morning") == "graph"
    assert encode("concept.graph_morning", "--set", "endorsements=all") == "graph"
