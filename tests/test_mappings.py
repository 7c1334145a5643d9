"""Shared operations on mappings and names."""

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.learning.pooling import Sides, Vectors, subset_of_sides
from brandfit.mappings import (
    distinct_names,
    map_values,
    position_by_item,
    rows_of_each,
    subset_of_each,
    with_prefix,
    without_prefix,
)


def test_a_repeated_item_has_its_last_position():
    assert position_by_item(["a", "b", "a"]) == {"a": 2, "b": 1}


def test_prefixes_are_added_and_removed_in_order():
    arrays = with_prefix("stack.", {"b": 1, "a": 2}) | {"other": 3}
    assert list(arrays) == ["stack.b", "stack.a", "other"]
    assert list(without_prefix("stack.", arrays).items()) == [("b", 1), ("a", 2)]


def test_only_repeated_names_get_their_position():
    assert distinct_names(["crane", "dog", "crane"]) == ("crane (0)", "dog", "crane (2)")


def test_values_and_rows_are_taken_key_by_key():
    assert map_values(len, {"a": "xy", "b": ""}) == {"a": 2, "b": 0}
    assert rows_of_each({"a": np.array([1, 2, 3])}, np.array([2, 0]))["a"].tolist() == [3, 1]
    vectors = Vectors(np.eye(2, dtype=np.float32), np.array([True, False]))
    assert subset_of_each({"text": vectors}, np.array([1]))["text"].present.tolist() == [False]
    sides = subset_of_sides({"text": Sides(vectors, vectors)}, Sides(np.array([0]), np.array([1, 0])))["text"]
    assert sides.brand.present.tolist() == [True]
    assert sides.influencer.present.tolist() == [False, True]


def test_columns_are_read_in_the_order_of_the_names():
    import pyarrow as pa

    table = pa.table({"id": ["a", "b"], "count": [1, None]})
    assert column_lists(table, ("count", "id")) == [[1, None], ["a", "b"]]
    assert column_lists(table.to_batches()[0]) == [["a", "b"], [1, None]]
