"""Whose audiences overlap.

The audience of an account are the accounts that comment on its posts or follow it, itself left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.data.dataset import Dataset

LINKS = ("comments", "follows")


@dataclass(frozen=True)
class Overlap:
    """How many members two audiences have, and how many they have in common."""

    one: int
    other: int
    common: int

    @property
    def share(self) -> tuple[float, float]:
        """Share of the one audience that is in the other, and the other way round."""
        return (self.common / self.one if self.one else 0.0, self.common / self.other if self.other else 0.0)


class Audiences:
    """Exact audiences of some accounts: a sparse matrix (n accounts, m members)."""

    def __init__(self, dataset: Dataset, accounts: Iterable[str]) -> None:
        self.accounts = list(accounts)
        links = dataset.links_of_kinds(*LINKS)
        links = links.filter(
            pc.and_(
                pc.is_in(links["target"], value_set=pa.array(self.accounts, pa.string())),
                pc.not_equal(links["source"], links["target"]),
            )
        )
        pairs = links.group_by(["source", "target"], use_threads=False).aggregate([])
        row = pc.index_in(pairs["target"], value_set=pa.array(self.accounts, pa.string())).to_numpy()
        members = pairs["source"].combine_chunks().dictionary_encode()
        column = members.indices.to_numpy(zero_copy_only=False)
        shape = (len(self.accounts), len(members.dictionary))
        self.members = members.dictionary.to_pylist()
        """(m,) ids, the columns of the matrix."""
        self.matrix = sparse.csr_matrix((np.ones(len(row), np.int64), (row, column)), shape=shape)
        self._row = {id: n for n, id in enumerate(self.accounts)}

    def overlap(self, one: str, other: str) -> Overlap:
        rows = [self.matrix[self._row[id]] for id in (one, other)]
        return Overlap(rows[0].nnz, rows[1].nnz, int(rows[0].multiply(rows[1]).sum()))
