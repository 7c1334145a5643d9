"""Features are sound when they are made and when they are saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.data.features import BLOCK, Features
from brandfit.errors import UsageError
from brandfit.workspace import Workspace

IDS = np.array(["p1", "p2", "p3"], dtype=object)
VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)


def spoiled(value, at=(1, 1)):
    values = VALUES.copy()
    values[at] = value
    return values


@pytest.mark.parametrize(
    ("ids", "values", "said"),
    [
        (IDS, spoiled(np.nan), r"'p2' in column 1 \(right\) is nan; 1 of 3 rows"),
        (IDS, spoiled(np.inf), r"'p2' in column 1 \(right\) is inf; 1 of 3 rows"),
        (IDS, spoiled(-np.inf, (slice(1, 3), 0)), r"'p2' in column 0 \(left\) is -inf; 2 of 3 rows"),
        (np.array(["p1", "p2", "p1"], dtype=object), VALUES, "1 ids have several rows, for example 'p1', 2"),
        (np.array(["p1", None, "p3"], dtype=object), VALUES, "1 of 3 rows have no id"),
    ],
)
def test_what_is_not_sound_is_refused_with_id_column_and_count(ids, values, said):
    with pytest.raises(UsageError, match=f"Features mine: .*{said}") as raised:
        Features("mine", ids, values, columns=("left", "right"))
    assert raised.value.hint


def test_a_row_in_a_later_block_is_found():
    n = 2 * BLOCK + 3
    values = np.ones((n, 1), np.float32)
    values[-1] = np.nan
    ids = np.array([f"p{i}" for i in range(n)], dtype=object)
    with pytest.raises(UsageError, match=f"'p{n - 1}' in column 0 is nan; 1 of {n:,} rows"):
        Features("mine", ids, values)


def test_no_rows_are_sound():
    assert len(Features("mine", IDS[:0], VALUES[:0])) == 0


def test_what_is_saved_is_sound_even_if_it_was_changed_or_lies_in_a_file(tmp_path):
    with Workspace(tmp_path / "w", create=True) as workspace:
        pipeline.import_source(workspace, "sample", settings={"influencers": 10})
        ids = workspace.dataset().posts["id"].to_numpy().astype(object)
        features = Features("mine", ids, np.ones((len(ids), 2), np.float32), slot="text")
        features.values[4, 1] = np.nan  # after it was made
        with pytest.raises(UsageError, match=f"{ids[4]!r} in column 1 is nan"):
            workspace.save(features)
        np.save(tmp_path / "values.npy", features.values)
        mapped = replace(
            Features("mine", ids, np.ones((len(ids), 2), np.float32), slot="text"),
            values=np.load(tmp_path / "values.npy", mmap_mode="r"),
        )
        with pytest.raises(UsageError, match="nan"):
            workspace.save(mapped)
        assert "mine" not in workspace.feature_names()
        known = np.arange(len(ids)) != 4
        workspace.save(Features("mine", ids[known], features.values[known], key="mine-1", slot="text"))
        brand = "northpeak.outdoor"
        ranking = pipeline.rank(workspace, brand, ranker="simcos", data={"slots.text": "mine"})
        assert np.isfinite(ranking.scores).any()


def test_an_older_workspace_with_unsound_rows_still_opens(tmp_path, monkeypatch):
    with Workspace(tmp_path / "w", create=True) as workspace, monkeypatch.context() as patch:
        patch.setattr(Features, "refuse_unsound", lambda self: None)
        workspace.save(Features("mine", IDS, spoiled(np.nan), key="mine-1"))
    with Workspace(tmp_path / "w") as workspace:
        assert np.isnan(workspace.features("mine").values).sum() == 1
