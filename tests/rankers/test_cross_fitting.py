"""Weights are learned from pairs that the evidence does not know: every pair is asked for once, and what is
one event together."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link
from brandfit.learning.pooling import Sides, Vectors
from brandfit.rankers import _cross_fitting as cross_fitting
from brandfit.rankers.evidence._model import Evidence
from brandfit.rankers.evidence._training import Training

BRANDS, INFLUENCERS = 8, 40


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Influencers name up to four brands at a moment; the last ten name nobody; some stand for a brand."""
    rng = np.random.default_rng(0)
    accounts = [Account(id=f"b{n}", role="brand") for n in range(BRANDS)] + [
        Account(id=f"i{n:02}") for n in range(INFLUENCERS)
    ]
    links = []
    for n in range(INFLUENCERS - 10):
        brands = rng.choice(BRANDS, int(rng.integers(2, 6)), replace=False)
        for k, b in enumerate(brands):
            kind, time = ("represents", None) if k == 0 else ("endorses", int(rng.integers(2)))
            links.append(Link(id=f"{n}-{b}", kind=kind, source=f"i{n:02}", target=f"b{b}", time=time))
    return Dataset.from_rows(accounts, links=links)


@pytest.fixture
def training(dataset) -> Training:
    rng = np.random.default_rng(1)
    works = np.zeros((BRANDS, INFLUENCERS), bool)
    for b, i in dataset.endorsements.tolist():
        works[int(b[1:]), int(i[1:])] = True
    rows = {
        n: Vectors(rng.normal(size=(n, 5)).astype(np.float32), np.ones(n, bool))
        for n in (BRANDS, INFLUENCERS)
    }
    unknown = Sides(np.full(BRANDS, -1), np.full(INFLUENCERS, -1))
    return Training(
        brands={"text": rows[BRANDS]},
        influencers={"text": rows[INFLUENCERS]},
        works=works,
        categories=unknown,
        posts={},
    )


@pytest.fixture
def fitted(monkeypatch):
    """What evidence was fitted on, in order."""
    seen = []
    monkeypatch.setattr(
        Evidence, "fit", classmethod(lambda cls, training: seen.append(training) or len(seen))
    )
    return seen


def matrix(dataset, *kinds) -> np.ndarray:
    result = np.zeros((BRANDS, INFLUENCERS), bool)
    for link in dataset.links_of_kinds(*kinds).to_pylist():
        result[int(link["target"][1:]), int(link["source"][1:])] = True
    return result


def test_by_moments_every_pair_is_asked_for_once_with_all_of_its_moment(dataset, training, fitted):
    about = cross_fitting.pair_history(dataset, dataset.brands, dataset.influencers)
    partners = matrix(dataset, "endorses", "represents")
    assert ((about.partners.toarray() > 0) == partners).all()
    asked = np.zeros_like(training.works, dtype=int)
    times = {
        (link["target"], link["source"]): link["time"]
        for link in dataset.links_of_kinds("endorses").to_pylist()
    }
    parts = list(cross_fitting.by_statement_groups(training, about, n_folds=3, rng=np.random.default_rng(0)))
    assert len(parts) == 3
    for part, seen in zip(parts, fitted, strict=True):
        held = np.zeros_like(training.works)
        held[part.brands] = part.works
        asked += held
        assert (seen.works == training.works & ~held).all()
        assert (part.others == ~partners[part.brands]).all()
        assert ((part.worked.toarray() > 0) == (partners & ~held).T).all()
        assert (part.has_worked == (partners & ~held).any(axis=0)).all()
        assert part.candidates.tolist() == list(range(INFLUENCERS))
        assert len(part.content.influencers["text"].values) == INFLUENCERS
        here = {(f"b{b}", f"i{i:02}") for b, i in np.argwhere(held)}
        for brand, influencer in here:
            together = {
                (b, i)
                for (b, i), time in times.items()
                if i == influencer and time == times[brand, influencer]
            }
            assert together <= here
    assert (asked == training.works).all()


def test_there_are_no_more_parts_than_moments(dataset, training, fitted):
    about = cross_fitting.pair_history(dataset, dataset.brands, dataset.influencers)
    two = about._replace(statement_groups=about.statement_groups.minimum(2))
    parts = list(cross_fitting.by_statement_groups(training, two, n_folds=5, rng=np.random.default_rng(0)))
    assert len(parts) == 2
    assert all(part.works.any() and seen.works.any() for part, seen in zip(parts, fitted, strict=True))


def test_by_brands_each_brand_is_judged_by_what_the_others_tell(dataset, training, fitted):
    about = cross_fitting.pair_history(dataset, dataset.brands, dataset.influencers)
    partners = matrix(dataset, "endorses", "represents")
    fold = np.arange(BRANDS) % 3
    for everybody in (True, False):
        fitted.clear()
        for number, part in enumerate(
            cross_fitting.by_brands(training, about, fold_of_brand=fold, all_candidates=everybody)
        ):
            assert part.brands.tolist() == np.flatnonzero(fold == number).tolist()
            assert len(fitted[-1].works) == (fold != number).sum()
            mine = training.works[part.brands]
            assert (part.works == (mine if everybody else mine[:, mine.any(axis=0)])).all()
            assert not (part.works & part.others).any()
            assert part.candidates.tolist() == [
                n for n in range(INFLUENCERS) if everybody or mine[:, n].any()
            ]
            others = partners[fold != number][:, part.candidates]
            assert ((part.worked.toarray() > 0) == others.T).all()
            assert (part.has_worked == others.any(axis=0)).all()
            if everybody:
                assert (part.others == ~partners[part.brands]).all()


def test_an_endorsement_without_a_time_is_a_moment_of_its_own():
    accounts = [Account(id="b0", role="brand"), Account(id="b1", role="brand"), Account(id="i")]
    links = [Link(id=b, kind="endorses", source="i", target=b) for b in ("b0", "b1")]
    data = Dataset.from_rows(accounts, links=links)
    about = cross_fitting.pair_history(data, data.brands, data.influencers)
    assert sorted(about.statement_groups.data.tolist()) == [1, 2]
