"""The overlap of audiences.

The audience of an account are the accounts that comment on its posts or follow it, without itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from brandfit.data.dataset import Dataset
from brandfit.mappings import position_by_item

LINKS = ("comments", "follows")


@dataclass(frozen=True)
class Overlap:
    """Number of members of two audiences, and of members in both."""

    one: int
    other: int
    common: int

    @property
    def share_of_other(self) -> float:
        """Share of the other audience that is in the one; 0 of an empty one."""
        return self.common / self.other if self.other else 0.0


class Audiences:
    """Exact audiences of some accounts, as a sparse matrix.

    accounts  n ids, the rows of the matrix
    members   m ids, the columns of the matrix
    matrix    (n, m) 1 if the member is in the audience of the account
    """

    def __init__(self, dataset: Dataset, accounts: Iterable[str]) -> None:
        self.accounts = list(accounts)
        account_ids = pa.array(self.accounts, pa.string())
        links = dataset.links_of_kinds(*LINKS)
        is_audience = pc.is_in(links["target"], value_set=account_ids)
        is_other = pc.not_equal(links["source"], links["target"])
        # One row an account and member: a member that comments twice counts once.
        pairs = (
            links.filter(pc.and_(is_audience, is_other))
            .group_by(["source", "target"], use_threads=False)
            .aggregate([])
        )
        row = pc.index_in(pairs["target"], value_set=account_ids).to_numpy()
        members = pairs["source"].combine_chunks().dictionary_encode()
        column = members.indices.to_numpy(zero_copy_only=False)
        shape = (len(self.accounts), len(members.dictionary))
        self.members = members.dictionary.to_pylist()
        self.matrix = sparse.csr_matrix((np.ones(len(row), np.int64), (row, column)), shape=shape)
        self._row_by_id = position_by_item(self.accounts)

    def overlap(self, one: str, other: str) -> Overlap:
        first, second = self.matrix[self._row_by_id[one]], self.matrix[self._row_by_id[other]]  # (1, m) each
        return Overlap(first.nnz, second.nnz, common=int(first.multiply(second).sum()))
