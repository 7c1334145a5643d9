"""The plain answer: partners among ten suggestions, and chance, by hand and by brute force."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data import split
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import UnknownName
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.first_ten import SUGGESTED, BrandHits, chance_distribution, first_ten
from brandfit.evaluation.protocol import PROTOCOLS
from brandfit.rankers.simcos import SimCos
from brandfit.workspace import Workspace


def planted(n_brands: int, *, n_influencers: int = 40, n_partners: int = 4) -> Dataset:
    """Partners of brand b post along axis b; all others along the last axis. Nobody has two brands."""
    brands = [f"b{n}" for n in range(n_brands)]
    influencers = [f"i{n:02}" for n in range(n_influencers)]
    posts, rows, links = [], [], []
    for n, brand in enumerate(brands):
        posts.append(Post(id=brand, account=brand))
        rows.append(np.eye(n_brands + 1)[n])
    for n, influencer in enumerate(influencers):
        axis = min(n // n_partners, n_brands)
        posts.append(Post(id=influencer, account=influencer))
        rows.append(np.eye(n_brands + 1)[axis])
        if axis < n_brands:
            id = link_id("endorses", influencer, target=brands[axis])
            links.append(Link(id=id, kind="endorses", source=influencer, target=brands[axis]))
    accounts = [Account(id=id, role="brand") for id in brands] + [Account(id=id) for id in influencers]
    ids = np.array([post.id for post in posts], dtype=object)
    text = Features(name="t", ids=ids, values=np.array(rows, np.float32), level="post", slot="text")
    return Dataset.from_rows(accounts, posts, links=links).with_slots({"text": text})


def report_of(dataset: Dataset):
    return evaluate({"simcos": lambda seed: SimCos()}, dataset, protocol=PROTOCOLS["suggestions"])


def test_a_planted_answer_is_found_whole():
    answer = first_ten(report_of(planted(6)), "simcos")
    assert [one.brand for one in answer.brands] == [f"b{n}" for n in range(6)]
    for one in answer.brands:
        assert (one.suggested, one.hits, one.partners, one.candidates) == (10, 4.0, 4, 40)
        assert one.chance == pytest.approx(10 * 4 / 40)
    assert (answer.hits, answer.chance, answer.low, answer.high) == (4.0, 1.0, 4.0, 4.0)
    assert answer.share_as_good < 1e-6
    assert (
        "4.0 were really its partners (mean over 6 brands; 95 % interval 4.0 to 4.0)" in answer.sentences[0]
    )
    assert answer.sentences[1].startswith("Chance gives 1.0.")
    assert "6 brands are few" in answer.sentences[2]


def test_a_judged_brand_was_never_learned_from_and_everybody_is_a_candidate():
    dataset = planted(6)
    folds = split.suggestions(dataset)
    assert sorted(np.concatenate([fold.brands for fold in folds]).tolist()) == dataset.brands.tolist()
    for fold in folds:
        assert not set(fold.brands) & set(fold.train.brands)
        assert not set(fold.brands) & set(fold.train.endorsements[:, 0])
        assert len(fold.test.endorsements) == 0 or not set(fold.brands) & set(fold.test.endorsements[:, 0])
        assert fold.candidates.tolist() == dataset.influencers.tolist()


def test_chance_is_the_share_of_all_draws():
    """Against all draws written out."""
    brands = [
        BrandHits(brand="a", suggested=3, hits=0, chance=0, partners=2, candidates=6),
        BrandHits(brand="b", suggested=2, hits=0, chance=0, partners=1, candidates=4),
    ]
    counts = np.zeros(6)
    for first in combinations(range(6), 3):
        for second in combinations(range(4), 2):
            counts[len({0, 1} & set(first)) + len({0} & set(second))] += 1
    assert chance_distribution(brands) == pytest.approx(counts / counts.sum(), abs=1e-12)


def test_one_brand_has_no_interval_but_an_exact_chance():
    dataset = planted(1)
    answer = first_ten(report_of(dataset), "simcos", brand="b0")
    assert (answer.low, answer.high) == (None, None)
    # All four partners of 40 are among ten random ones: C(36, 6) / C(40, 10).
    assert answer.share_as_good == pytest.approx(10 * 9 * 8 * 7 / (40 * 39 * 38 * 37))
    text = answer.to_text()
    assert "4 were really its partners (4 of 40 candidates are)" in text
    assert "It has no interval over brands" in text
    with pytest.raises(UnknownName, match="judged brand"):
        first_ten(report_of(dataset), "simcos", brand="nobody")


def silenced(dataset: Dataset, *, posts: set[str] = frozenset(), features: set[str] = frozenset()) -> Dataset:
    """The Dataset without these posts, and without the Features of these."""
    text = dataset.slots["text"]
    is_kept = ~np.isin(text.ids.astype(str), sorted(posts | features))
    kept = dataset.restricted(posts=dataset.posts["id"].filter(~np.isin(dataset.posts["id"], sorted(posts))))
    less = Features(name="t", ids=text.ids[is_kept], values=text.values[is_kept], level="post", slot="text")
    return kept.with_slots({"text": less})


def test_brands_that_cannot_be_ranked_have_no_figure():
    """Brands without a post of their own: nothing is suggested, so there is no "of the ten"."""
    report = report_of(silenced(planted(4), posts={f"b{n}" for n in range(4)}))
    answer = first_ten(report, "simcos")
    assert answer.brands == ()
    assert [one.brand for one in answer.unranked] == ["b0", "b1", "b2", "b3"]
    assert (answer.hits, answer.chance, answer.share_as_good, answer.chance_range) == (None,) * 4
    assert answer.sentences[0] == (
        "Nothing could be measured: simcos could rank no influencer for any of the 4 brands in this trial: "
        "they have no post or brief of their own, and their partners were hidden, for example b0."
    )
    assert "--protocol expansion" in answer.sentences[1]
    one = first_ten(report, "simcos", brand="b2")
    assert one.sentences[0].startswith("Nothing could be measured: simcos could rank no influencer for b2 in")
    for text in (answer.to_text(), one.to_text()):
        assert "really its partners" not in text
        assert "chance" not in text.lower()
    assert type(answer).from_dict(json.loads(json.dumps(answer.to_dict())), "b2") == one


def test_figures_are_those_of_the_brands_that_were_ranked():
    """Posts of b1 are not encoded: the mean of the others is the same as without b1."""
    answer = first_ten(report_of(silenced(planted(4), features={"b1"})), "simcos")
    assert [one.brand for one in answer.brands] == ["b0", "b2", "b3"]
    assert [(one.brand, one.has_posts, one.partners) for one in answer.unranked] == [("b1", True, 4)]
    assert (answer.hits, answer.chance) == (4.0, 1.0)
    assert answer.sentences[0] == (
        "simcos could rank no influencer for 1 of 4 brands in this trial: they have posts, but none of the "
        "features that simcos reads, for example b1. The figures are those of the other 3."
    )
    assert "4.0 were really its partners (mean over 3 brands" in answer.sentences[1]


def test_candidates_without_a_score_are_never_suggested():
    """Two partners of b0 and one other influencer have a score: three suggestions, two of them partners."""
    scored = {"i00", "i01", "i10"}
    dataset = planted(2, n_partners=4)
    answer = first_ten(
        report_of(silenced(dataset, features={f"i{n:02}" for n in range(40)} - scored)), "simcos", brand="b0"
    )
    (one,) = answer.brands
    assert (one.suggested, one.hits, one.scored, one.candidates) == (3, 2.0, 3, 40)
    assert one.chance == pytest.approx(3 * 4 / 40)
    assert "Of the 3 influencers" in answer.sentences[0]
    assert "Only candidates with a score can be suggested: 3 of 40 have one." in answer.sentences


def test_tied_scores_give_what_chance_gives():
    """A ranker that knows nothing suggests no more partners than a draw."""
    dataset = planted(3)
    text = dataset.slots["text"]
    flat = Features(
        name="t", ids=text.ids, values=np.ones((len(text), 2), np.float32), level="post", slot="text"
    )
    answer = first_ten(report_of(dataset.with_slots({"text": flat})), "simcos")
    assert answer.hits == pytest.approx(answer.chance)
    assert answer.share_as_good > 0.1


def test_brands_without_anything_of_their_own_are_counted_and_left_out():
    dataset = planted(3)
    link = Link(id=link_id("endorses", "i39", target="mute"), kind="endorses", source="i39", target="mute")
    more = dataset.with_accounts([Account(id="mute", role="brand")]).with_links([link])
    report = report_of(more)
    assert "mute" not in report.brands.tolist()
    assert any("1 of 4 brands are not judged" in note for note in report.remarks())
    alone = Dataset.from_rows(
        [Account(id="mute", role="brand"), Account(id="i39")], [Post(id="p", account="i39")], links=[link]
    )
    assert split.suggestions(alone)[0].brands.tolist() == ["mute"]


def test_command_python_and_report_say_the_same(sample, capsys):
    main(["evaluate", "simcos", "--plain", "-w", str(sample), "--json"])
    found = json.loads(capsys.readouterr().out)["simcos"]
    with Workspace(sample) as workspace:
        answer = pipeline.suggestions(workspace, ranker="simcos")
    assert found == json.loads(json.dumps(answer.to_dict()))
    assert all(0 <= one["hits"] <= min(SUGGESTED, one["partners"]) for one in found["brands"])
    brand = found["brands"][0]
    main(["evaluate", "simcos", "--plain", "--brand", brand["brand"], "-w", str(sample)])
    said = capsys.readouterr().out
    assert f"suggested to {brand['brand']} without knowing its partners, {brand['hits']:.3g} were" in said
    with pytest.raises(SystemExit):
        main(["evaluate", "simcos", "--brand", "x", "-w", str(sample)])
    assert "--brand goes with --plain" in capsys.readouterr().err


def test_a_stored_answer_reads_back():
    answer = first_ten(report_of(planted(4)), "simcos")
    stored = json.loads(json.dumps(answer.to_dict()))
    assert type(answer).from_dict(stored).to_dict() == answer.to_dict()
    one = type(answer).from_dict(stored, "b2")
    assert one.to_dict()["brands"] == [stored["brands"][2]]
    with pytest.raises(UnknownName, match="judged brand"):
        type(answer).from_dict(stored, "nobody")


@pytest.mark.parametrize("option", [("--ties", "all"), ("--exposure", "parity")])
def test_the_command_refuses_tables_that_the_plain_answer_does_not_print(sample, capsys, option):
    with pytest.raises(SystemExit):
        main(["evaluate", "simcos", "--plain", *option, "-w", str(sample)])
    assert f"{' '.join(option)} adds a table, and --plain prints none" in capsys.readouterr().err
