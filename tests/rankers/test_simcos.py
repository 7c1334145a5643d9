"""SimCos on numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account
from brandfit.rankers.simcos import SimCos, SimCosConfig

BRAND, OTHER = np.array(["shop"], dtype=object), np.array(["ana", "bo", "cy", "dee"], dtype=object)


def dataset(**slots):
    accounts = [Account(id=id) for id in OTHER] + [Account(id="shop", role="brand")]
    filled = {
        slot: Features(
            slot, np.array(list(rows), dtype=object), np.array(list(rows.values()), np.float32), "account"
        )
        for slot, rows in slots.items()
    }
    return Dataset.from_rows(accounts).with_slots(filled)


DATA = dataset(
    text={"shop": [3, 4], "ana": [4, 3], "bo": [0, 2], "dee": [0, 0]},
    picture={"shop": [0, 10, 0], "ana": [0, 6, 8], "cy": [0, -1, 0]},
)


def parts(fusion, data=DATA):
    return SimCos(SimCosConfig(fusion=fusion)).parts(data, BRAND, OTHER)


def test_average_of_the_cosines_of_shared_slots():
    found = parts("average")
    # cosines: ana text 24/25, picture 6/10; bo text 8/10 only; cy picture -1 only; dee's text is all zeros:
    # nothing
    np.testing.assert_allclose(found["text"], [[0.48, 0.8, 0, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(found["picture"], [[0.3, 0, -1, np.nan]], rtol=1e-6)


def test_concatenation_of_raw_vectors():
    found = parts("concatenate")
    length = np.sqrt(25 + 100) * np.sqrt(25 + 100)
    np.testing.assert_allclose(found["text"], [[24 / length, 8 / (5 * 2), 0, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(found["picture"], [[60 / length, 0, -1, np.nan]], rtol=1e-6)


def test_both_are_one_cosine_where_nothing_is_missing():
    rng = np.random.default_rng(0)
    text, picture = rng.normal(size=(5, 7)), 30 * rng.normal(size=(5, 11))
    ids = [*OTHER, "shop"]
    data = dataset(text=dict(zip(ids, text, strict=True)), picture=dict(zip(ids, picture, strict=True)))

    def cosine(rows):
        return rows[4] @ rows[:4].T / np.linalg.norm(rows[4]) / np.linalg.norm(rows[:4], axis=1)

    raw = np.concatenate([text, picture], axis=1)
    unit = np.concatenate([m / np.linalg.norm(m, axis=1, keepdims=True) for m in (text, picture)], axis=1)
    np.testing.assert_allclose(sum(parts("concatenate", data).values())[0], cosine(raw), rtol=1e-5)
    np.testing.assert_allclose(sum(parts("average", data).values())[0], cosine(unit), rtol=1e-5)


@pytest.mark.parametrize("fusion", ["average", "concatenate"])
def test_a_slot_that_one_side_misses_as_a_whole_is_left_out_by_name(fusion):
    ranker = SimCos(SimCosConfig(fusion=fusion))
    data = dataset(text={"shop": [1, 0], "ana": [1, 1]}, picture={"shop": [1, 0]}, concept={"bo": [1]})
    assert ranker.notes(data) == [
        "picture left out: no influencer has such features",
        "concept left out: no brand has such features",
    ]
    assert list(ranker.parts(data, BRAND, OTHER)) == ["text"]
    nothing = ranker.parts(dataset(), BRAND, OTHER)
    assert np.isnan(nothing["simcos"]).all()


def test_a_slot_of_zeros_is_left_out_of_the_lengths_too():
    data = dataset(text={"shop": [1, 0], "ana": [0, 0]}, picture={"shop": [1, 0], "ana": [1, 0]})
    for fusion in ("average", "concatenate"):
        assert sum(np.nan_to_num(part) for part in parts(fusion, data).values())[0, 0] == pytest.approx(1), (
            fusion
        )
