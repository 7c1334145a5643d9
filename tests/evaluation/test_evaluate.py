"""Evaluation end to end on planted pairs: an oracle is perfect, chance is chance, and the report says all
that it must."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account, Link, Post, to_table
from brandfit.data.split import Fold
from brandfit.errors import ConfigError, UnknownName, UsageError
from brandfit.evaluation.evaluate import evaluate
from brandfit.evaluation.metrics import AUC, LowerMedR, parse
from brandfit.evaluation.plan import same_category, warm
from brandfit.evaluation.protocol import PROTOCOLS, STANDARD, get
from brandfit.evaluation.references import references
from brandfit.rankers.base import Ranker
from brandfit.rankers.random import Random

TRUTH: set[tuple[str, str]] = set()


class Oracle(Ranker):
    """Knows the answer."""

    def parts(self, dataset, brands, candidates):
        return {"oracle": np.array([[float((b, c) in TRUTH) for c in candidates] for b in brands])}


class Silent(Ranker):
    """Has no evidence of anything, or of the brands that it is asked for alone."""

    but: tuple[str, ...] = ()

    def parts(self, dataset, brands, candidates):
        known = np.isin(brands.astype(str), self.but)
        return {"silent": np.where(known[:, None], 0.0, np.full((len(brands), len(candidates)), np.nan))}

    def notes(self, dataset):
        return ["says nothing"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    accounts = [
        Account(id=f"b{n:02}", role="brand", category=f"c{n % 3}", split="test" if n < 6 else "train")
        for n in range(20)
    ]
    accounts += [Account(id=f"i{n:03}", followers=10_000) for n in range(120)]
    posts = [Post(id=f"i{n:03}-{k}", account=f"i{n:03}", time=k) for n in range(120) for k in range(2)]
    links = [
        Link(
            id=f"{n}-{b}",
            kind="endorses",
            source=f"i{n:03}",
            target=f"b{b:02}",
            time=int(rng.integers(2, 100)),
        )
        for n in range(120)
        for b in rng.choice(20, 2, replace=False)
    ]
    dataset = Dataset.from_rows(accounts, posts, images=[], links=links)
    TRUTH.update(map(tuple, dataset.endorsements.tolist()))
    return dataset


MAKE = {
    "random": lambda seed: Random(None, seed),
    "oracle": lambda seed: Oracle(None, seed),
    "silent": lambda seed: Silent(None, seed),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_judges_an_oracle_perfect_and_silence_as_chance(dataset, name):
    protocol = get(name, {"date": 50} if name == "temporal" else {})
    report = evaluate(MAKE, dataset, protocol=protocol, seeds=(0, 1)).to_dict()
    perfect, silent = report["results"]["oracle"], report["results"]["silent"]
    for metric in ("AUC", "cAUC", "MRR", "MAP", "nDCG@10", "MedR"):
        assert perfect[metric]["mean"] == pytest.approx(1.0), metric
    assert silent["AUC"]["mean"] == pytest.approx(0.5)
    assert report["results"]["random"]["AUC"]["low"] < 0.55
    assert report["seeds"] == [0, 1]
    assert report["ties"] == "expected"
    for ranker in MAKE:
        for metric in STANDARD:
            value = report["results"][ranker][str(metric)]
            assert value["low"] <= value["mean"] <= value["high"]
            assert value["seed_std"] >= 0
    assert json.loads(msgspec.json.encode(report)) == json.loads(msgspec.json.encode(report))


def test_the_tie_rule_is_the_protocols(dataset):
    protocol = get("cv5")
    values = {
        ties: evaluate({"silent": MAKE["silent"]}, dataset, protocol=protocol.replace(ties=ties)).to_dict()[
            "results"
        ]["silent"]["AUC"]["mean"]
        for ties in ("pessimistic", "expected", "optimistic")
    }
    assert values == {"pessimistic": 0.0, "expected": pytest.approx(0.5), "optimistic": 1.0}


def test_the_report_compares_brand_by_brand_and_by_category(dataset):
    report = evaluate(
        MAKE, dataset, protocol=get("cv5").replace(metrics=(AUC(), parse("Recall@3"), LowerMedR()))
    )
    rows = {(r["ranker"], r["metric"]): r for r in report.comparisons()}
    assert set(rows) == {(n, m) for n in ("oracle", "silent") for m in ("AUC", "Recall@3", "MedR-lower")}
    assert rows["oracle", "AUC"]["difference"] > 0.4
    assert rows["oracle", "AUC"]["p_holm"] < 0.01
    assert rows["silent", "AUC"]["p_holm"] > 0.05
    table = report.by_category("oracle")
    assert set(table) == {"c0", "c1", "c2"}
    assert sum(row["brands"] for row in table.values()) == 20
    text = report.to_text()
    for word in (
        "oracle",
        "Recall@3",
        "1.0 [1.0, 1.0]",
        "95 % interval",
        "brands that a candidate endorses",
        "silent: says nothing",
        "p < .001",
    ):
        assert word in text


def test_brands_are_scored_in_blocks_with_the_same_result(dataset, monkeypatch):
    whole = evaluate(MAKE, dataset, protocol=get("cv5")).to_dict()["results"]
    monkeypatch.setattr("brandfit.evaluation.judging.CELLS", 1)
    assert evaluate(MAKE, dataset, protocol=get("cv5")).to_dict()["results"] == whole


def test_a_candidate_is_of_its_own_category_before_that_of_its_brands(dataset):
    (fold,) = PROTOCOLS["official"].folds(dataset)
    by_brand, source = same_category(dataset, fold)
    assert "brands that a candidate endorses" in source
    for row, brand in enumerate(fold.brands.tolist()):
        of = {b for b in fold.brands.tolist() if int(b[1:]) % 3 == int(brand[1:]) % 3}
        expected = {c for n, c in enumerate(fold.candidates.tolist()) if any((b, c) in TRUTH for b in of)}
        assert set(fold.candidates[by_brand[row]].tolist()) == expected
    own = dataset.with_accounts(
        [Account(id=i, category=f"c{n % 2}") for n, i in enumerate(fold.candidates.tolist())]
    )
    (fold,) = PROTOCOLS["official"].folds(own)
    by_own, source = same_category(own, fold)
    assert "candidates' accounts" in source
    mine = own.account_values("category", fold.candidates)
    for row, brand in enumerate(fold.brands.tolist()):
        partners = mine[fold.relevant[row]].tolist()
        most = max(("c0", "c1"), key=lambda c: (partners.count(c), c == "c0"))
        category = f"c{int(brand[1:]) % 3}"
        assert (by_own[row] == (mine == (category if category != "c2" else most))).all()


def test_protocols_are_frozen_values_with_checked_settings():
    assert get("cv5", {"k": "3"}).Config.from_settings({"k": "3"}).k == 3
    with pytest.raises(UnknownName, match="Did you mean cv5"):
        get("cv6")
    with pytest.raises(UnknownName, match="share"):
        get("expansion", {"shares": 0.5})
    with pytest.raises(ConfigError, match="date is needed"):
        get("temporal")
    with pytest.raises(AttributeError):
        get("cv5").name = "other"


def test_references_tell_what_a_number_is_worth(dataset):
    report = evaluate({"oracle": MAKE["oracle"]}, dataset, protocol=get("cv5"))
    told = report.to_dict()["references"]
    assert set(told) == {"random", "popularity", "category"}  # nobody has a rate of engagement
    chance = {name: told["random"][name]["mean"] for name in ("AUC", "cAUC")}
    assert chance == {"AUC": 0.5, "cAUC": 0.5}  # all draws, not one
    assert told["category"]["AUC"]["mean"] > told["random"]["AUC"]["mean"] + 0.1
    assert told["category"]["cAUC"]["mean"] == 0.5  # inside a category it knows nothing
    assert "(category)" in report.to_text()


def test_what_chance_is_worth_does_not_depend_on_the_tie_rule(dataset):
    told = {}
    for ties in ("expected", "pessimistic", "optimistic"):
        found = evaluate(
            {"oracle": MAKE["oracle"]}, dataset, protocol=get("cv5").replace(ties=ties)
        ).to_dict()["references"]
        told[ties] = {name: found[name] for name in ("random", "category")}
    assert told["expected"] == told["pessimistic"] == told["optimistic"]


def test_what_cannot_be_meant_is_told_before_anything_is_fitted(dataset):
    class Untouched(Ranker):
        def fit(self, *_):
            raise AssertionError("fitted")

        def parts(self, *_):
            raise AssertionError("asked")

    make = {"untouched": lambda seed: Untouched()}
    with pytest.raises(UnknownName, match="no tie rule named 'worst'"):
        evaluate(make, dataset, protocol=get("cv5").replace(ties="worst"))
    for rankers, seeds in ((make, ()), ({}, (0,))):
        with pytest.raises(UsageError, match="nothing to judge" if seeds else "seeds is empty"):
            evaluate(rankers, dataset, protocol=get("cv5"), seeds=seeds)


def test_the_references_of_one_fold_by_hand():
    accounts = [Account(id="b1", role="brand", category="x"), Account(id="b2", role="brand", category="y")]
    accounts += [
        Account(id=i, followers=f, category=c)
        for i, f, c in (("i1", 10, "x"), ("i2", 90, "y"), ("i3", 50, "x"))
    ]
    links = [
        Link(id=f"{b}{i}", kind="endorses", source=i, target=b)
        for b, i in (("b1", "i1"), ("b2", "i1"), ("b2", "i2"))
    ]
    data = Dataset.from_rows(accounts, links=links)
    candidates = np.array(["i1", "i2", "i3"], dtype=object)
    relevant = np.array([[True, False, False]])
    fold = Fold(
        name="one",
        train=data,
        test=data,
        brands=np.array(["b1"], dtype=object),
        candidates=candidates,
        relevant=relevant,
        eligible=np.ones_like(relevant),
    )
    same, _ = same_category(data, fold)
    found = references(fold, same)
    assert np.argsort(-found["popularity"][0]).tolist() == [
        0,
        1,
        2,
    ]  # two brands, one, none; followers break ties
    assert found["category"][0].tolist() == [1, 0, 1]
    assert found["random"][0].tolist() == [0, 0, 0]
    assert "engagement" not in found
    assert "category" not in references(fold, None)


def test_known_partners_count_whether_they_are_learned_from_or_stand_for_a_brand(dataset):
    fold = get("expansion", {"min_partners": 3}).folds(dataset)[0]
    assert len(fold.train.representing)
    asked = {(b, c) for b, row in zip(fold.brands, fold.relevant, strict=True) for c in fold.candidates[row]}
    known = {i for b, i in TRUTH - asked}  # each pair of this dataset is either known or asked for
    assert warm(fold).tolist() == [c in known for c in fold.candidates]
    count = {c: sum(i == c for _, i in TRUTH - asked) for c in fold.candidates}
    told = references(fold, None)["popularity"][0]
    assert np.floor(told).tolist() == [
        count[c] for c in fold.candidates
    ]  # equal followers are less than a brand


def test_warm_and_cold_partners_are_judged_apart(dataset):
    class Known(Ranker):
        """Scores by the number of brands in training."""

        def fit(self, dataset, progress=None, folder=None):
            self.known = set(dataset.endorsements[:, 1].tolist())
            return super().fit(dataset)

        def parts(self, dataset, brands, candidates):
            return {"known": np.tile([float(c in self.known) for c in candidates], (len(brands), 1))}

    report = evaluate({"known": lambda seed: Known()}, dataset, protocol=get("cv5"))
    found = report.by_history("known")
    folds = get("cv5").folds(dataset)
    judged = sum(
        (fold.relevant & np.isin(fold.candidates, fold.train.endorsements[:, 1])).any(axis=1).sum()
        for fold in folds
    )
    assert found["warm"]["brands"] == judged
    assert found["warm"]["AUC"] > 0.5 > found["cold"]["AUC"]
    assert "Partners known from a training brand" in report.to_text()


def test_what_only_the_label_has_is_not_there_when_scores_are_asked_for(dataset):
    """Engagement of campaign posts exists for partners alone: whoever reads it knows the answer."""

    class Peeking(Ranker):
        def parts(self, dataset, brands, candidates):
            links = dataset.links
            stated = set(zip(links["target"].to_pylist(), links["source"].to_pylist(), strict=True))
            weights = [[float((b, c) in stated) for c in candidates] for b in brands]
            return {"peeking": np.array(weights)}

    leaky = dataset.with_links(
        [
            Link(id=f"w{n}", kind="endorses", source=i, target=b, weight=0.1, time=5)
            for n, (b, i) in enumerate(sorted(TRUTH))
        ],
        replacing=["endorses"],
    )
    assert Peeking().score(leaky, leaky.brands, leaky.influencers).sum() == len(
        TRUTH
    )  # so much for without a guard
    for protocol in (get("cv5"), get("official"), get("expansion", {"min_partners": 3})):
        found = evaluate({"peeking": lambda seed: Peeking()}, leaky, protocol=protocol).to_dict()["results"][
            "peeking"
        ]
        assert found["AUC"]["mean"] == pytest.approx(0.5), protocol.name


def test_a_note_of_several_rankers_and_folds_is_told_once(dataset):
    heard = type("Heard", (Silent,), {"but": tuple(get("cv5").folds(dataset)[1].brands.astype(str))})
    make = {
        "mute": lambda seed: Silent(),
        "random": MAKE["random"],
        "dumb": lambda seed: Silent(),
        "heard": lambda seed: heard(),
    }
    report = evaluate(make, dataset, protocol=get("cv5"), seeds=(0, 1))
    chance = "figures are those of chance"
    assert [note for note in report.remarks() if "evidence" in note or "says" in note] == [
        "mute, dumb, heard: says nothing",
        f"mute, dumb: it has no evidence on any pair: its {chance}",
        f"heard: it has no evidence on {len(dataset.brands) - len(heard.but)} of {len(dataset.brands)} "
        f"brands: there its {chance}",
    ]
    assert report.to_dict()["notes"] == report.remarks()
    kind = evaluate(
        {"mute": MAKE["random"], "dumb": lambda seed: Silent()},
        dataset,
        protocol=get("cv5").replace(ties="optimistic"),
    )
    assert "dumb: it has no evidence on any pair: its figures are those of optimistic ties" in kind.remarks()
    assert next(note for note in report.remarks() if "one and the same" in note).startswith(
        "mute, dumb, heard: "
    )


def test_what_seeds_do_is_told_where_there_are_several(dataset):
    two = evaluate({"random": MAKE["random"]}, dataset, protocol=get("cv5"), seeds=(0, 1))
    each = [np.nanmean(values) for values in two.results["random"].values["AUC"]]
    spread = abs(each[0] - each[1]) / 2**0.5
    assert two.results["random"].spread(AUC()) == pytest.approx(spread)
    line = next(line for line in two.to_text().splitlines() if line.startswith("  random: AUC"))
    assert line.startswith(f"  random: AUC {spread:.3f}".replace(" 0.", " ."))
    assert (
        "over the seeds" not in evaluate({"random": MAKE["random"]}, dataset, protocol=get("cv5")).to_text()
    )


def test_where_nobody_is_left_out_recall_says_nothing_and_that_is_told(dataset):
    folds = get("cv5").folds(dataset)
    pools = np.concatenate([fold.eligible.sum(axis=1) for fold in folds])
    notes = evaluate({"random": lambda seed: Random(None, seed)}, dataset, protocol=get("cv5")).to_dict()[
        "notes"
    ]
    assert 10 < pools.min() <= 50 <= pools.max()
    told = [note for note in notes if "for every ranker" in note]
    which = f"{(pools <= 50).sum()} of {len(pools)} brands have" if (pools > 50).any() else "all brands have"
    assert told == [f"Recall@50 is 1 for every ranker in small pools: {which} 50 candidates or fewer"]
    few = evaluate(
        {"random": lambda seed: Random(None, seed)},
        dataset,
        protocol=get("cv5").replace(metrics=(parse("Recall@200"), AUC())),
    )
    assert few.value("random", parse("Recall@200"))["mean"] == 1
    assert any("Recall@200" in note and "all brands have 200" in note for note in few.to_dict()["notes"])
    wide = evaluate(
        {"random": lambda seed: Random(None, seed)},
        dataset,
        protocol=get("cv5").replace(metrics=(parse("Recall@5"), AUC())),
    )
    assert not any("for every ranker" in note for note in wide.to_dict()["notes"])


def test_hidden_posts_of_several_folds_are_told_as_posts(dataset):
    posts = [
        Post(id=f"s{n}", account=i, time=3, mentions=[b])
        for n, (b, i) in enumerate(sorted(TRUTH))
        if n % 3 == 0
    ]
    links = [
        Link(id=f"e{n}", kind="endorses", source=i, target=b, time=5, post=f"s{n}" if n % 3 == 0 else None)
        for n, (b, i) in enumerate(sorted(TRUTH))
    ]
    stated = Dataset.from_rows(
        [
            Account(**row)
            for row in dataset.accounts.select(["id", "role", "category", "split", "followers"]).to_pylist()
        ],
        [*(Post(id=f"{id}-0", account=id, time=1) for id in dataset.influencers.tolist()), *posts],
        images=[],
        links=links,
    )
    folds = get("cv5").folds(stated)
    each = [len(fold.hidden) for fold in folds]
    assert sum(each) >= len({id for fold in folds for id in fold.hidden.tolist()}) == len(posts)
    notes = evaluate({"random": lambda seed: Random(None, seed)}, stated, protocol=get("cv5")).to_dict()[
        "notes"
    ]
    told = (
        f"{len(posts)} posts that state a held-out endorsement are hidden ({min(each)} to {max(each)} in "
        "each of 5 folds)"
    )
    assert [note for note in notes if "are hidden" in note] == [told]


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("cv5", {}, "five folds over brands, stratified"),
        ("cv5", {"k": 3}, "3 folds over brands, stratified"),
        ("expansion", {}, "half of each brand's partners are known"),
        ("expansion", {"share": "0.7"}, "70 % of each brand's partners are known"),
        ("temporal", {"date": "2018-12-01"}, "endorsements before 2018-12-01 are known"),
        ("temporal", {"date": 1543622400}, "endorsements before 2018-12-01 are known"),
    ],
)
def test_what_a_protocol_says_follows_its_settings(name, settings, said):
    assert get(name, settings).sentence.startswith(said)


def test_a_protocol_without_its_date_speaks_of_a_date():
    assert PROTOCOLS["temporal"].sentence.startswith("endorsements before a date are known")


class Halting(Silent):
    """Says something of some folds alone, and reads one slot."""

    slots = ("text",)

    def notes(self, dataset):
        return ["always", *(["sometimes"] if "b00" in dataset.brands else [])]


def test_notes_name_the_folds_that_they_are_of_and_leaks_the_rankers_that_read_them(dataset):
    posts = np.array(dataset.posts["id"].to_pylist(), dtype=object)
    ids = np.concatenate([dataset.brands, dataset.influencers])

    def fitted(name, rows, level):
        return Features(name, rows, np.ones((len(rows), 2), np.float32), level, learned_from=("accounts",))

    slots = {"text": fitted("text.read", ids, "account"), "graph": fitted("graph.unread", posts, "post")}
    folds = get("cv5").folds(dataset)
    (first,) = [fold.name for fold in folds if "b00" in fold.brands]
    report = evaluate(
        {"halting": lambda seed: Halting(), "silent": lambda seed: Silent()},
        dataset.with_slots(slots),
        protocol=get("cv5"),
    )
    told = list(report.results["halting"].notes)
    assert {"always", f"sometimes ({first})"} <= set(told)
    assert "text.read was fitted on what all accounts post, those that are judged too" in told
    assert not [note for note in report.remarks() if "graph.unread" in note]
    assert not [note for note in report.results["silent"].notes if "fitted on" in note]


@pytest.mark.parametrize("name", ["cv5", "expansion", "temporal"])
def test_where_nothing_can_be_judged_it_says_why(dataset, name):
    settings = {"temporal": {"date": 50}}.get(name, {})
    without = dataset.with_links([], replacing=["endorses", "represents"])
    with pytest.raises(UsageError, match="No endorsement is known here"):
        get(name, settings).folds(without)
    if name == "temporal":
        undated = [
            Link(id=f"{b}-{i}", kind="endorses", source=i, target=b) for b, i in dataset.endorsements.tolist()
        ]
        with pytest.raises(UsageError, match=r"None of the 2[0-9]+ endorsements has a time"):
            get(name, settings).folds(dataset.with_links(to_table("links", undated), replacing=["endorses"]))


def test_bounds_that_nobody_is_inside_are_an_error_and_unknown_followers_are_told(dataset):
    with pytest.raises(UsageError, match=r"No partner can be judged under expansion: .* out of bounds"):
        evaluate({"random": MAKE["random"]}, dataset, protocol=get("expansion", {"min_followers": 20_000}))
    bare = [Account(id=a["id"], role=a["role"]) for a in dataset.accounts.to_pylist()]
    posts = [Post(id=p["id"], account=p["account"], time=p["time"]) for p in dataset.posts.to_pylist()]
    links = [
        Link(**{k: row[k] for k in ("id", "kind", "source", "target", "time")})
        for row in dataset.stored_links.to_pylist()
    ]
    (fold,) = get("expansion").folds(Dataset.from_rows(bare, posts, images=[], links=links))
    assert any(
        f"the followers of {len(fold.candidates)} of {len(fold.candidates)} candidates are not known" in n
        for n in fold.notes
    )


def test_the_spread_over_folds_is_that_of_the_means_of_the_folds(dataset):
    """Against the plain way: each fold's brands by themselves, and their standard deviation."""
    report = evaluate({"random": MAKE["random"]}, dataset, protocol=get("cv5"), seeds=(0, 1))
    values = report.results["random"].mean(AUC())
    means, start = [], 0
    for n_brands in report.fold_sizes:
        means.append(np.mean(values[start : start + n_brands]))
        start += n_brands
    assert start == len(report.brands)
    assert len(means) == 5
    expected = float(np.std(means, ddof=1))
    assert report.value("random", AUC())["fold_std"] == pytest.approx(expected)
    assert (
        f"AUC {expected:.3f}".replace("0.", ".")
        in report.to_text().split("Standard deviation over the 5 folds:")[1]
    )


def test_one_fold_has_no_spread(dataset):
    report = evaluate({"random": MAKE["random"]}, dataset, protocol=get("official", {}))
    assert report.value("random", AUC())["fold_std"] is None
    assert "over the 1 folds" not in report.to_text()
