from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.categories import with_stated
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Account


@pytest.fixture
def dataset() -> Dataset:
    return Dataset.from_rows(
        [
            Account(id="oat.bar", role="brand", category="food"),
            Account(id="ana", category="travel"),
            Account(id="ben"),
            Account(id="cem", category="garden"),
        ]
    )


def predicted() -> Features:
    ids = np.array(["ana", "ben"], dtype=object)
    values = np.array([[0.9, 0.1], [0.55, 0.45]], np.float32)
    return Features(
        name="combined",
        ids=ids,
        values=values,
        level="account",
        columns=("food", "travel"),
        key="combined-1",
        slot="category",
    )


def rows(features: Features) -> dict[str, dict[str, float]]:
    found = {}
    for id, values in zip(features.ids.tolist(), np.asarray(features.values), strict=True):
        found[id] = dict(zip(features.columns, values.round(4).tolist(), strict=True))
    return found


def test_a_stated_category_replaces_a_prediction_and_a_prediction_keeps_its_probability(dataset):
    features = with_stated(dataset, predicted())
    found = rows(features)
    assert features.columns == ("food", "travel", "garden")
    assert found["ana"] == {"food": 0, "travel": 1, "garden": 0}
    assert found["ben"] == {"food": pytest.approx(0.55), "travel": pytest.approx(0.45), "garden": 0}
    assert found["cem"] == {"food": 0, "travel": 0, "garden": 1}
    assert found["oat.bar"]["food"] == 1


def test_stated_categories_alone_fill_the_slot(dataset):
    features = with_stated(dataset)
    assert (features.name, features.slot, features.level) == ("stated", "category", "account")
    assert set(features.ids.tolist()) == {"oat.bar", "ana", "cem"}
    assert np.asarray(features.values).sum(axis=1).tolist() == [1, 1, 1]


def test_one_category_distinguishes_nobody():
    assert with_stated(Dataset.from_rows([Account(id="ana", category="food"), Account(id="ben")])) is None
    assert with_stated(Dataset.from_rows([Account(id="ana")])) is None


def test_the_key_follows_the_categories(dataset):
    other = dataset.with_categories({"ana": "food", "cem": "garden"})
    assert with_stated(dataset).key != with_stated(other).key
    assert with_stated(dataset, predicted()).key != with_stated(dataset).key
