"""Lists of concepts made from data: planted terms come back; others are counted, with a reason."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brandfit.data import captions
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.concept._concept_counts import count_concepts
from brandfit.encoders.concept._concept_list import (
    CAPTIONS,
    FISHING,
    MOST,
    NAMES,
    ONCE,
    RARE,
    ConceptBounds,
    build_concept_list,
    same_hashtags,
)
from brandfit.encoders.concept._taxonomy import Taxonomy, built_in, read
from brandfit.encoders.concept._term_counts import PostTerms, count_terms, labels_of
from brandfit.encoders.concept._wordnet import WordNet

BOUNDS = ConceptBounds(posts=4, accounts=3, profiles=4)


def dataset(posts: list[tuple[str, str, str]], biographies: dict[str, dict] | None = None) -> Dataset:
    """Of (account, caption, description of the picture)."""
    accounts = {account for account, _, _ in posts} | set(biographies or {})
    rows = [Account(id=id, **(biographies or {}).get(id, {})) for id in sorted(accounts)]
    made, images = [], []
    for n, (account, caption, description) in enumerate(posts):
        id = f"p{n:03d}"
        made.append(Post(id=id, account=account, caption=caption, hashtags=captions.hashtags(caption)))
        if description:
            images.append(Image(post=id, hash=f"h{n}", alt_text=description))
    return Dataset.from_rows(rows, made, images=images)


def made(data: Dataset, **options):
    return build_concept_list(data, **{"first": None, "bounds": BOUNDS, **options})


def by_name(result):
    return {concept.name: concept for concept in result.concepts}


def test_labels_of_the_platform_are_read_and_other_descriptions_are_sentences():
    text = "Image may contain: one or more people, dog, outdoor and nature. Image may contain: 2 dogs"
    assert labels_of(text) == {"people", "dog", "outdoor", "nature"}
    assert labels_of("A dog outdoors") is None


def test_a_hashtag_is_a_concept_and_a_word_of_sentences_is_not():
    posts = [(f"a{n}", "A quiet evening again #birdwatching", "") for n in range(5)]
    result = made(dataset(posts))
    assert list(by_name(result)) == ["birdwatching"]
    assert result.left_out[CAPTIONS].n == 2  # quiet, evening
    counts = result.counts
    assert (counts.posts.tolist(), counts.accounts.tolist()) == ([5], [5])
    assert counts.by_source["hashtags"].tolist() == [5]
    assert counts.concepts_of_posts.tolist() == counts.concepts_of_accounts.tolist() == [1] * 5


def test_labels_of_pictures_and_profiles_give_concepts():
    posts = [(f"a{n}", "Hello", "Image may contain: telescope, night") for n in range(4)]
    profiles = {
        f"c{n}": {"biography": "Beekeeper | lives in Ulm", "business_category": "Garden Center & Tea Shop"}
        for n in range(4)
    }
    names = set(by_name(made(dataset(posts, profiles))))
    assert {"telescope", "night", "beekeeper", "garden center", "tea"} <= names


def test_sources_can_be_chosen_and_biographies_alone_give_attributes():
    posts = [(f"a{n}", "#birdwatching", "") for n in range(4)]
    profiles = {f"a{n}": {"biography": "beekeeper", "business_category": "Bakery"} for n in range(4)}
    data = dataset(posts, profiles)
    assert set(by_name(made(data, sources=["biographies"]))) == {"beekeeper"}
    assert set(by_name(made(data, sources=["biographies", "business_categories"]))) == {"beekeeper", "bakery"}


def test_what_is_left_out_has_a_reason_a_count_and_an_example():
    posts = [(f"a{n}", "#birdwatching #instagood #zoe", "") for n in range(5)]
    posts += [("a1", "#falconry #owling", ""), ("a2", "#falconry", "")]
    data = dataset(posts, {"zoe": {}})
    left_out = made(data, bounds=ConceptBounds(posts=4, accounts=3, most=1)).left_out
    assert left_out[FISHING].examples == ("instagood",)
    assert left_out[NAMES].examples == ("zoe",)
    assert left_out[RARE].examples[0] == "falconry"
    assert left_out[ONCE].examples == ("owling",)


def test_the_most_frequent_are_kept_and_the_others_counted():
    posts = [(f"a{n}", tag, "") for n in range(4) for tag in ("#birdwatching", "#falconry")]
    posts.append(("a5", "#birdwatching", ""))
    result = made(dataset(posts), bounds=ConceptBounds(posts=4, accounts=3, most=1))
    assert list(by_name(result)) == ["birdwatching"]
    assert result.left_out[MOST].examples == ("falconry",)


def test_one_person_with_many_posts_makes_no_concept():
    posts = [("solo", "#mycatfluffy", "") for _ in range(30)]
    assert not made(dataset([*posts, ("b", "x", ""), ("c", "y", "")])).concepts


def test_names_of_the_first_list_are_its_concepts_with_kind_and_categories():
    posts = [(f"a{n}", tag, "") for n in range(4) for tag in ("#travelgram", "#falconry")]
    concepts = by_name(made(dataset(posts), first=built_in()))
    taxonomy = built_in()
    travel = concepts["travel"]
    assert travel.is_known
    assert travel.categories == taxonomy.concepts[taxonomy.number["travel"]].categories
    assert "travelgram" in travel.words
    assert not concepts["falconry"].is_known


def test_a_parent_that_is_not_kept_is_replaced_by_the_one_above_it():
    groups = ("[- | interest | |]", "[craft | interest | |]", "[sewing | interest | |]")
    first = Taxonomy(read((groups[0], "craft:", groups[1], "sewing:", groups[2], "quilting:")))
    posts = [(f"a{n}", "#quilting #craft", "") for n in range(4)]
    assert by_name(made(dataset(posts), first=first))["quilting"].parent == "craft"


def test_accounts_of_the_test_split_are_not_read():
    posts = [(f"a{n}", "#birdwatching", "") for n in range(8)]
    split = {f"a{n}": {"split": "test" if n < 5 else "train"} for n in range(8)}
    result = made(dataset(posts, split))
    assert not result.concepts
    assert (result.terms.posts, result.terms.accounts) == (3, 3)


def test_accounts_of_the_test_split_do_not_decide_about_names_of_the_first_list():
    first = Taxonomy(read(["[- | interest | |]", "falconry:"]))
    split = {f"a{n}": {"split": "test" if n else "train", "biography": "falconry"} for n in range(6)}
    posts = [(f"a{n}", "#falconry", "") for n in range(6)]
    result = made(dataset(posts, split), first=first)
    assert not result.concepts
    assert result.left_out[RARE].examples == ("falconry",)


def test_stated_and_business_categories_are_one_source():
    profiles = {f"a{n}": {"category": "zeppelins"} for n in range(2)}
    profiles |= {f"b{n}": {"business_category": "Zeppelin"} for n in range(2)}
    result = made(dataset([], profiles), sources=["business_categories"])
    assert list(by_name(result)) == ["zeppelin"]
    assert result.counts.by_source["business_categories"].tolist() == [4]
    assert result.counts.accounts.tolist() == [4]


@pytest.mark.parametrize("first", [None, Taxonomy(read(["[- | interest | |]", "kiting:"]))])
def test_other_sources_do_not_make_a_concept_frequent(first):
    """Of attributes from biographies: five captions with a word do not count."""
    posts = [(f"a{n}", "kiting again #kiting", "") for n in range(5)]
    profiles = {"a0": {"biography": "kiting"}, **{f"a{n}": {"biography": "beekeeper"} for n in range(1, 5)}}
    result = made(dataset(posts, profiles), sources=["biographies"], first=first)
    assert list(by_name(result)) == ["beekeeper"]
    assert result.counts.posts.tolist() == [0]


# --- merging ------------------------------------------------------------------------------------------------


def synset(id: str, members: list[str], hypernym: str = "", lexfile: str = "noun.artifact") -> dict:
    above = [hypernym] if hypernym else []
    return {"id": id, "pos": "n", "members": members, "hypernym": above, "lexfile": lexfile}


@pytest.fixture
def wordnet(tmp_path) -> WordNet:
    """A car is an automobile; a cab is a kind of car; a bank is three things."""
    synsets = [
        synset("1", ["vehicle"]),
        synset("2", ["car", "automobile"], "1"),
        synset("3", ["cab", "taxicab"], "2"),
        synset("4", ["bank"], lexfile="noun.object"),
        synset("5", ["bank", "depository"], lexfile="noun.group"),
        synset("7", ["bank"], lexfile="noun.artifact"),
        synset("6", ["gardener"], lexfile="noun.person"),
    ]
    file = tmp_path / "wordnet.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, synsets)).encode()))
    return WordNet.of_file(file)


def test_synonyms_join_the_more_frequent_word_and_rare_words_the_concept_above(wordnet):
    posts = [(f"a{n}", "#car" + (" #automobile" if n < 4 else ""), "") for n in range(6)]
    posts += [("a1", "#cab", ""), ("a2", "#cab", ""), ("a3", "#depository", "")]
    result = made(dataset(posts), wordnet=wordnet)
    car = by_name(result)["car"]
    assert list(by_name(result)) == ["car"]
    assert car.merges == {"automobile": "WordNet: synonym", "cab": "WordNet: is a kind of car"}
    assert result.merged == {"WordNet": 2}
    # A post with both words counts once: six with #car, two with #cab.
    assert result.counts.posts.tolist() == [8]
    assert result.left_out[ONCE].examples == ("depository",)


def test_a_word_of_several_meanings_joins_nothing(wordnet):
    posts = [(f"a{n}", tag, "") for n in range(6) for tag in ("#depository", "#bank")]
    assert set(by_name(made(dataset(posts), wordnet=wordnet))) == {"bank", "depository"}


def test_attributes_are_frequent_words_of_biographies_merged_by_isa(wordnet):
    """M-06: other sources do not count, rare words of biographies join the attribute above them."""
    profiles = {f"a{n}": {"biography": "car. lover"} for n in range(5)}
    profiles |= {f"b{n}": {"biography": "cab driver"} for n in range(2)}
    posts = [(f"a{n}", "gardener #gardener", "") for n in range(5)]
    result = made(dataset(posts, profiles), sources=["biographies"], wordnet=wordnet)
    attributes = by_name(result)
    assert set(attributes) == {"car", "lover"}
    assert attributes["car"].merges == {"cab": "WordNet: is a kind of car"}
    assert result.counts.by_source["biographies"][list(attributes).index("car")] == 7


def test_wordnet_gives_the_kind_of_a_concept(wordnet):
    posts = [(f"a{n}", tag, "") for n in range(4) for tag in ("#gardener", "#car")]
    kinds = {concept.name: concept.kind for concept in made(dataset(posts), wordnet=wordnet).concepts}
    assert kinds == {"gardener": "occupation", "car": "object"}


def test_hashtags_that_stand_together_are_one_concept():
    posts = [(f"a{n}", "#plogging #trashrun", "") for n in range(5)]
    posts += [(f"a{n}", "#plogging", "") for n in range(3)]
    concepts = by_name(made(dataset(posts)))
    assert list(concepts) == ["plogging"]
    assert concepts["plogging"].merges == {"trash run": "co-occurrence: 0.62 with plogging"}


def test_hashtags_of_one_account_do_not_make_one_concept():
    posts = [("a0", "#plogging #trashrun", "") for _ in range(9)]
    posts += [(f"a{n}", "#plogging" if n % 2 else "#trashrun", "") for n in range(1, 7)]
    assert set(by_name(made(dataset(posts)))) == {"plogging", "trash run"}


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1)),
        min_size=1,
        max_size=20,
    )
)
def test_pairs_of_hashtags_by_an_obvious_count(rows):
    posts = [PostTerms(account, tuple(sorted(terms))) for account, terms in rows]
    names = ["a", "b", "c", "d"]
    expected = {}
    for n, name in enumerate(names):
        for other in names[:n]:
            both = [account for account, terms in rows if {name, other} <= terms]
            either = [account for account, terms in rows if {name, other} & terms]
            if either and len(both) / len(either) >= 0.5 and len(set(both)) >= 2:
                expected[name, other] = len(both) / len(either)
    found = {(name, other): share for name, other, share in same_hashtags(posts, names, 2)}
    assert found == pytest.approx(expected)


# --- counting -----------------------------------------------------------------------------------------------


def test_concepts_are_counted_once_a_post_and_accounts_by_all_they_write():
    taxonomy = Taxonomy(read(["[- | interest | |]", "tea: chai", "cake:"]))
    posts = [("a", "Chai and tea, more #tea", ""), ("a", "Image", "A cake"), ("b", "Nothing", "")]
    counts = count_concepts(dataset(posts, {"c": {"biography": "cake, tea"}}), taxonomy)
    assert counts.posts.tolist() == [1, 1]
    assert counts.accounts.tolist() == [2, 2]
    assert counts.concepts_of_posts.tolist() == [1, 1, 0]
    assert counts.concepts_of_accounts.tolist() == [2, 0, 2]
    assert {source: numbers.tolist() for source, numbers in counts.by_source.items()} == {
        "hashtags": [1, 0], "captions": [1, 0], "descriptions": [0, 1], "biographies": [1, 1],
        "business_categories": [0, 0],
    }  # fmt: skip


def test_terms_are_counted_by_source():
    counts = count_terms(dataset([("a", "A kite #kite #kitesurf", ""), ("b", "kite", "")]))
    kite = counts.by_term["kite"]
    assert (kite.posts, kite.accounts) == (2, 2)
    assert kite.by_source == {"hashtags": 1, "captions": 2}
    assert counts.by_term["kite surf"].by_source["hashtags"] == 1
