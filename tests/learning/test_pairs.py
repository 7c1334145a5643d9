from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Post, link_id
from brandfit.errors import UsageError
from brandfit.learning.pairs import Pairs, held_out_pairs, training_pairs


def link(kind, source, target):
    return Link(id=link_id(kind, source, target=target), kind=kind, source=source, target=target)


def dataset(*links):
    accounts = [Account(id=id) for id in ("ana", "bo", "cy")] + [
        Account(id=id, role="brand") for id in ("quiet", "shop")
    ]
    return Dataset.from_rows(accounts, [Post(id="s1", account="shop")], links=links)


def pairs_of(view):
    found = training_pairs(view, "wsim")
    return [(found.brands[b], found.influencers[i]) for b, i in found.rows]


def test_a_partner_that_stands_for_a_brand_is_not_matched_with_it():
    endorsed = [link("endorses", i, b) for i, b in (("ana", "quiet"), ("bo", "quiet"), ("ana", "shop"))]
    assert pairs_of(dataset(*endorsed)) == [("shop", "ana")]
    assert pairs_of(dataset(*endorsed, link("represents", "ana", "quiet"))) == [
        ("quiet", "bo"),
        ("shop", "ana"),
    ]


def test_without_any_pair_it_says_what_to_do():
    for view in (dataset(), dataset(link("endorses", "ana", "quiet"))):
        with pytest.raises(UsageError, match="wsim learns from endorsements"):
            training_pairs(view, "wsim")


def test_narrowed_renumbers():
    pairs = Pairs(np.array(["a", "b"]), np.array(["x", "y", "z"]), np.array([(0, 0), (1, 0), (1, 2)]))
    found = pairs.subset(brands=np.array([False, True]), influencers=np.array([True, False, True]))
    assert found.brands.tolist() == ["b"]
    assert found.influencers.tolist() == ["x", "z"]
    assert found.rows.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("brands", "fraction", "expected"), [(10, 0.2, 2), (10, 0.0, 0), (3, 0.2, 1), (2, 0.9, 1), (1, 0.5, 0)]
)
def test_whole_brands_are_held_out_and_never_all(brands, fraction, expected):
    pairs = np.array([(b, c) for b in range(brands) for c in range(3)])
    held = held_out_pairs(pairs, fraction, seed=1)
    chosen, left = set(pairs[held, 0].tolist()), set(pairs[~held, 0].tolist())
    assert len(chosen) == expected
    assert not chosen & left
    assert (held_out_pairs(pairs, fraction, seed=1) == held).all()
