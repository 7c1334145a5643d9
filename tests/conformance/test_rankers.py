"""What every registered ranker must do. A new file in rankers/ is tested here without a line being added."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import numpy as np
import pyarrow.compute as pc
import pytest
from safetensors.numpy import load, save

from brandfit import registry
from brandfit.config import describe
from brandfit.errors import UsageError
from brandfit.explain.attribute import Attributor
from brandfit.explain.perturbations import Variants, pair, subject
from brandfit.explain.perturbations import scores as scores_of
from brandfit.learning.pooling import account_has, brand_has
from brandfit.rankers.base import restored

VARIANTS = {
    "mir weighted": {"pooling": "weighted", "fusion": "concat"},
    "mir words": {"fusion": "text"},
    "mir own": {"sides": "own"},
    "camera bilinear": {"representation": "bilinear"},
    "camera history": {"representation": "history"},
    "camera semantic": {"representation": "semantic"},
    "camera content": {"interaction": False},
    "morning printed": {"attention": "printed"},
    "morning content": {"use": ["content"]},
}
"""Settings that make another ranker of one: they are held to the same."""
READS = {
    "mir words": ["text"],
    "morning content": ["text", "picture"],
    "camera": ["concept", "engagement"],
    "camera content": ["concept"],
    **{f"camera {by}": ["text", "picture", "engagement"] for by in ("bilinear", "history", "semantic")},
}
"""Slots that their settings leave."""
PRODUCTS = ["mir own", "morning content"]
"""Words times pictures and nothing else: what one of them says alone, as of the single post without a
picture, is not learned."""


def class_of(name):
    return registry.load("ranker", name.split()[0])


def slots_of(name):
    """The slots that it reads with its settings."""
    return READS.get(name, class_of(name).slots)


RANKERS = [*registry.names("ranker"), *VARIANTS]
READING = [name for name in RANKERS if class_of(name).slots and class_of(name).brand_dependent]
LEARNING = [name for name in RANKERS if class_of(name).learns]
BY_EPOCHS = [name for name in LEARNING if "epochs" in describe(class_of(name).Config)]

MARGIN = 0.2
"""AUC above one half that a ranker must reach on the planted data; chance reaches none."""

FAST = {"epochs": 10, "learning_rate": 0.01, "width": 0.1, "optimiser": "adam"}
"""Settings of those that have them."""
SETTINGS = {"camera": {"learning_rate": 0.003, "dropout": 0.0}, "mir": {"epochs": 30}}
"""What one of them needs beside: CAMERA's products of products stand still at a larger step, MIR takes few
steps an epoch."""


def make(name, seed=0, **more):
    cls = class_of(name)
    fast = {s: v for s, v in FAST.items() if s in describe(cls.Config)}
    return cls(
        cls.Config.from_settings(
            {**fast, **SETTINGS.get(name.split()[0], {}), **VARIANTS.get(name, {}), **more}
        ),
        seed,
    )


@pytest.fixture(scope="module")
def fitted(planted):
    """Name to the ranker fitted on the planted data, each once."""
    return functools.cache(lambda name: make(name).fit(planted.to_fit()))


@pytest.fixture
def brands(planted):
    return np.array(planted.new, dtype=object)


@pytest.fixture
def candidates(planted):
    return planted.dataset.influencers


def at(candidates, id):
    return int(np.flatnonzero(candidates == id)[0])


def auc(scores, positive):
    values = []
    for z, y in zip(scores, positive, strict=True):
        z, y = z[~np.isnan(z)], y[~np.isnan(z)]
        higher, equal = z[y][:, None] > z[~y], z[y][:, None] == z[~y]
        values.append((higher + 0.5 * equal).mean())
    return float(np.mean(values))


def evidence(name):
    """The slots of which both sides must share one."""
    return [slot for slot in slots_of(name) if slot not in class_of(name).one_sided]


def standing(scores, n):
    """(b,) share of the other candidates that candidate n is above: scores of different brands need not be
    comparable."""
    assert np.isfinite(scores[:, n]).all()
    return (scores < scores[:, n : n + 1]).mean(axis=1)


@pytest.mark.parametrize("name", READING)
def test_beats_chance_on_brands_that_it_was_not_fitted_on(name, fitted, planted, brands, candidates):
    scores = fitted(name).score(planted.dataset, brands, candidates)
    assert auc(scores, planted.own_topic(brands, candidates)) > 0.5 + MARGIN


def test_chance_does_not(fitted, planted, candidates):
    brands = planted.dataset.brands
    assert (
        abs(
            auc(
                fitted("random").score(planted.dataset, brands, candidates),
                planted.own_topic(brands, candidates),
            )
            - 0.5
        )
        < 0.05
    )


@pytest.mark.parametrize("name", READING)
def test_brands_by_brief_and_by_partners_are_scored(name, fitted, planted, candidates):
    brands = np.array(["sport.brand.0", "pets.brand.0"], dtype=object)
    assert [planted.dataset.representation[b] for b in brands] == ["brief", "partners"]
    assert (
        auc(fitted(name).score(planted.dataset, brands, candidates), planted.own_topic(brands, candidates))
        > 0.5 + MARGIN
    )


@pytest.mark.parametrize("name", RANKERS)
def test_stored_and_restored_it_gives_equal_scores(name, fitted, planted, brands, candidates):
    ranker = fitted(name)
    state = msgspec.json.decode(msgspec.json.encode(ranker.state()))
    arrays = load(save(ranker.arrays())) if ranker.arrays() else {}
    again = restored(state, arrays)
    assert again.state() == ranker.state()
    assert again.n_parameters == ranker.n_parameters
    np.testing.assert_array_equal(
        again.score(planted.dataset, brands, candidates), ranker.score(planted.dataset, brands, candidates)
    )


@pytest.mark.parametrize("name", RANKERS)
def test_the_order_of_candidates_changes_nothing(name, fitted, planted, brands, candidates):
    ranker = fitted(name)
    shuffled = np.random.default_rng(1).permutation(len(candidates))
    scores = ranker.score(planted.dataset, brands, candidates)
    np.testing.assert_array_equal(
        ranker.score(planted.dataset, brands, candidates[shuffled]), scores[:, shuffled]
    )
    one, other = (
        ranker.rank(planted.dataset, brands[0], candidates=c) for c in (candidates, candidates[shuffled])
    )
    assert one.candidates.tolist() == other.candidates.tolist()


@pytest.mark.parametrize("name", RANKERS)
def test_alone_it_scores_as_in_a_batch(name, fitted, planted, brands, candidates):
    ranker = fitted(name)
    scores = ranker.score(planted.dataset, brands, candidates)
    for n, brand in enumerate(brands):
        np.testing.assert_array_equal(
            ranker.score(planted.dataset, brands[n : n + 1], candidates)[0], scores[n], err_msg=brand
        )
    one = at(candidates, "single")
    np.testing.assert_array_equal(
        ranker.score(planted.dataset, brands, candidates[one : one + 1])[:, 0], scores[:, one]
    )


@pytest.mark.parametrize("name", RANKERS)
def test_parts_add_up_to_the_score(name, fitted, planted, brands, candidates):
    ranker = fitted(name)
    parts = ranker.parts(planted.dataset, brands, candidates)
    assert parts
    assert all(values.shape == (len(brands), len(candidates)) for values in parts.values())
    assert set(parts) == {ranker.name} or set(parts) <= {*ranker.slots, *ranker.part_names}
    np.testing.assert_allclose(
        sum(parts.values()), ranker.score(planted.dataset, brands, candidates), rtol=1e-9
    )
    ranking = ranker.rank(planted.dataset, brands[0], candidates=candidates)
    known = ~np.isnan(ranking.scores)
    np.testing.assert_allclose(
        np.nansum(list(ranking.parts.values()), axis=0)[known], ranking.scores[known], rtol=1e-9
    )


@pytest.mark.parametrize("name", READING)
def test_a_part_whose_slot_is_unknown_for_the_pair_is_unknown_and_not_zero(
    name, fitted, planted, brands, candidates
):
    ranker = fitted(name)
    ranking = ranker.rank(planted.dataset, brands[0], candidates=candidates)
    by_slot = [slot for slot in ranking.parts if slot in ranker.slots]
    for slot in by_slot if len(ranking.parts) > 1 else []:
        has = account_has(planted.dataset, slot, ranking.candidates)
        if slot not in ranker.one_sided:
            has = has & brand_has(planted.dataset, slot, brands[:1])
        unknown = np.isnan(ranking.parts[slot])
        assert not unknown[has & ~np.isnan(ranking.scores)].any()
        assert not (ranking.parts[slot][~has] == 0).any()
        assert all(
            row["parts"][slot] is None for row, there in zip(ranking.rows(), has, strict=True) if not there
        )


@pytest.mark.parametrize("name", READING)
def test_an_influencer_that_came_later_is_scored_from_content_alone(name, planted, brands, candidates):
    late = [f"{topic}.fan.{n:02}" for topic in ("food", "sport", "pets", "travel") for n in (0, 3)]
    early = planted.to_fit().restricted(influencers=[i for i in candidates if i not in late])
    scores = make(name).fit(early).score(planted.dataset, brands, candidates)
    place = np.array([standing(scores, at(candidates, id)) for id in late])
    own = np.array([[planted.topic[b] == planted.topic[id] for b in brands] for id in late])
    assert place[own].mean() > place[~own].mean() + MARGIN


@pytest.mark.parametrize("name", READING)
def test_without_any_feature_there_is_no_score_and_a_single_post_is_enough(
    name, fitted, planted, brands, candidates
):
    scores = fitted(name).score(planted.dataset, brands, candidates)
    seen = np.any([account_has(planted.dataset, slot, candidates) for slot in evidence(name)], axis=0)
    assert not seen[[at(candidates, id) for id in ("bare", "empty")]].any()
    assert (np.isfinite(scores) == seen).all()
    own = np.array([planted.topic[b] == "food" for b in brands])
    single = standing(scores, at(candidates, "single"))
    if name not in PRODUCTS:
        assert single[own].mean() > single[~own].mean()
    ranked = fitted(name).rank(planted.dataset, brands[0], candidates=candidates).candidates
    assert set(ranked[seen.sum() :]) == set(candidates[~seen])


@pytest.mark.parametrize(("name", "slot"), [(n, slot) for n in READING for slot in slots_of(n)])
def test_a_missing_slot_is_left_out_and_named(name, slot, fitted, planted, brands, candidates):
    cls, full = class_of(name), planted.dataset.slots
    others = {s: f for s, f in full.items() if s != slot}
    lacking = planted.dataset.with_slots(others)
    assert not [note for note in fitted(name).notes(planted.dataset) if note.startswith(slot)]
    if evidence(name) == [slot]:  # nothing else is left to judge by
        assert [note for note in fitted(name).notes(lacking) if note.startswith(f"{slot} left out: ")]
        assert np.isnan(fitted(name).score(lacking, brands, candidates)).all()
        return

    def check(ranker, data, margin=MARGIN):
        assert [note for note in ranker.notes(data) if note.startswith(f"{slot} left out: ")]
        # A part of several slots may be named as one of them: the audience of MORNING.
        assert slot not in ranker.parts(data, brands, candidates) or slot in cls.part_names
        scores = ranker.score(data, brands, candidates)
        assert auc(scores, planted.own_topic(brands, candidates)) > 0.5 + margin

    # Fitted with it, scored without: what multiplies its slots has never seen one alone. A convolution of two
    # sketches and one sketch alone have hardly anything in common; nor have weights of each side's own.
    margin = MARGIN / 4 if "content" in cls.part_names else MARGIN
    margin = {"camera bilinear": 0, "mir own": -0.5}.get(name, margin)
    check(fitted(name), lacking, margin)
    check(
        make(name).fit(lacking.restricted(brands=planted.learned)), planted.dataset if cls.learns else lacking
    )
    if slot not in cls.one_sided and full[slot].level == "account":  # filled, but for brands only
        kept = np.isin(full[slot].ids, planted.dataset.brands)
        features = type(full[slot])(slot, full[slot].ids[kept], full[slot].values[kept], "account")
        check(fitted(name), planted.dataset.with_slots({**others, slot: features}), margin)


@pytest.mark.parametrize("name", RANKERS)
def test_the_seed_decides(name, fitted, planted, brands, candidates):
    again = make(name).fit(planted.to_fit())
    np.testing.assert_array_equal(
        again.score(planted.dataset, brands, candidates),
        fitted(name).score(planted.dataset, brands, candidates),
    )


@pytest.mark.parametrize("name", RANKERS)
def test_fitting_again_forgets_what_was_before(name, fitted, planted, brands, candidates):
    slot = (evidence(name) or ["text"])[0]
    ranker = make(name).fit(planted.dataset.with_slots({slot: planted.dataset.slots[slot]}))
    ranker.fit(planted.to_fit())
    np.testing.assert_array_equal(
        ranker.score(planted.dataset, brands, candidates),
        fitted(name).score(planted.dataset, brands, candidates),
    )
    assert ranker.state() == fitted(name).state()
    for array, same in zip(ranker.arrays().items(), fitted(name).arrays().items(), strict=True):
        assert array[0] == same[0]
        np.testing.assert_array_equal(array[1], same[1])


@pytest.mark.parametrize("name", RANKERS)
def test_several_threads_may_ask_one_ranker(name, fitted, planted, brands, candidates):
    ranker, before = fitted(name), {name: array.copy() for name, array in fitted(name).arrays().items()}
    views = [
        planted.dataset,
        planted.dataset.restricted(influencers=candidates[:-1]),
        planted.dataset.restricted(brands=brands),
    ]
    wanted = [ranker.score(view, brands, candidates) for view in views]
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda n: ranker.score(views[n % 3], brands, candidates), range(48)))
    for n, scores in enumerate(told):
        np.testing.assert_array_equal(scores, wanted[n % 3])
    for key, array in ranker.arrays().items():
        np.testing.assert_array_equal(array, before[key])


class Killed(Exception):
    pass


@pytest.mark.parametrize("name", BY_EPOCHS)
def test_a_killed_training_resumes_to_the_same_result(
    name, fitted, planted, brands, candidates, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "brandfit.learning.trainer.MAX_CHECKPOINT_SHARE", 1e9
    )  # a checkpoint after every epoch, however fast
    ticks = []

    def kill(done, total):
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        make(name).fit(planted.to_fit(), kill, tmp_path)
    again = make(name).fit(planted.to_fit(), lambda done, total: ticks.append((done, total)), tmp_path)
    assert ticks[0][0] == 2
    assert ticks[-1][0] == ticks[-1][1]
    assert again.state() == fitted(name).state()
    np.testing.assert_array_equal(
        again.score(planted.dataset, brands, candidates),
        fitted(name).score(planted.dataset, brands, candidates),
    )


@pytest.mark.parametrize("name", LEARNING)
def test_one_that_learns_says_so_where_there_is_nothing_to_learn_from_or_does_without(
    name, planted, brands, candidates
):
    assert class_of(name).learns
    without = planted.dataset.with_links([], replacing=["endorses", "represents"])
    if class_of(name).optional_endorsements:
        assert (
            auc(
                make(name).fit(without).score(without, brands, candidates),
                planted.own_topic(brands, candidates),
            )
            > 0.5 + MARGIN
        )
        return
    with pytest.raises(UsageError, match="endorse"):
        make(name).fit(without)


EXPLAINED = [name for name in READING if name != "random"]


def pair_of(fitted, name, planted):
    """A new brand, and an influencer with several posts that it scores."""
    brand = planted.new[0]
    ids = [
        id
        for id in planted.dataset.influencers.tolist()
        if (planted.dataset.posts["account"].to_pylist()).count(id) >= 3
    ]
    scores = fitted(name).score(
        planted.dataset, np.array([brand], dtype=object), np.array(ids, dtype=object)
    )[0]
    return brand, ids[int(np.nanargmax(scores))], float(np.nanmax(scores))


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_variant_that_lacks_nothing_scores_what_the_account_does(name, fitted, planted):
    brand, influencer, score = pair_of(fitted, name, planted)
    ranker = fitted(name)
    alone = pair(planted.dataset, brand, influencer)
    for side, mine, other in (("influencer", influencer, brand), ("brand", brand, influencer)):
        found = subject(alone, mine, ranker.used_slots(planted.dataset))
        unchanged = {slot: np.repeat(rows[None], 3, axis=0) for slot, rows in found.rows.items()}
        np.testing.assert_allclose(
            scores_of(ranker, other, side=side, variants=Variants(found, unchanged)),
            score,
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_pair_alone_scores_what_it_does_among_all(name, fitted, planted):
    """Also one that works together, and one whose brand lacks a slot that others have."""
    ranker, whole = fitted(name), planted.dataset
    brand, influencer, _ = pair_of(fitted, name, planted)
    past = next(
        b for b in whole.brands.tolist() if whole.partners.get(b) and whole.representation[b] == "posts"
    )
    asked = [(whole, past, sorted(whole.partners[past])[0])]
    for slot in ranker.used_slots(whole):
        features = whole.slots[slot]
        own = [brand, *whole.posts.filter(pc.equal(whole.posts["account"], brand))["id"].to_pylist()]
        left = ~np.isin(features.ids.astype(str), own)
        less = replace(features, ids=features.ids[left], values=features.values[left])
        asked.append((whole.with_slots({**whole.slots, slot: less}), brand, influencer))
    for dataset, b, i in asked:
        score = ranker.score(dataset, np.array([b], dtype=object), np.array([i], dtype=object))[0, 0]
        alone = pair(dataset, b, i)
        for side, mine, other in (("influencer", i, b), ("brand", b, i)):
            found = subject(alone, mine, ranker.used_slots(dataset))
            unchanged = {slot: rows[None] for slot, rows in found.rows.items()}
            told = scores_of(ranker, other, side=side, variants=Variants(found, unchanged))[0]
            assert told == pytest.approx(np.nan_to_num(score), rel=1e-4, abs=1e-5), (side, b, i)


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_attribution_adds_up_to_the_score(name, fitted, planted):
    brand, influencer, score = pair_of(fitted, name, planted)
    attributor = Attributor(fitted(name), planted.dataset, orders=2)
    for side in ("influencer", "brand"):
        found = attributor.attribution(attributor.posts(brand, influencer, side=side))
        assert found.total == pytest.approx(score, rel=1e-4, abs=1e-5)
        posts = (planted.dataset.posts["account"].to_pylist()).count(
            influencer if side == "influencer" else brand
        )
        assert len(found.items) in ({posts} if "text" in attributor.slots else {0, posts})
    for slot in attributor.slots[:2]:
        found = attributor.attribution(attributor.columns(brand, influencer, slot=slot, most=3))
        assert found.total == pytest.approx(score, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", [n for n in BY_EPOCHS if "device" in describe(class_of(n).Config)])
def test_a_gpu_learns_what_a_cpu_learns(name, planted, brands, candidates):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    exact = {"dropout": 0.0} if "dropout" in describe(class_of(name).Config) else {}
    cpu, cuda = (
        make(name, epochs=1, device=device, **exact)
        .fit(planted.to_fit())
        .score(planted.dataset, brands, candidates)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_array_equal(np.isnan(cuda), np.isnan(cpu))
    known = ~np.isnan(cpu)
    assert np.abs(cuda - cpu)[known].max() < 0.02 * cpu[known].std()
