"""Files of the field with random damage: nothing breaks, and every row is used or rejected.

``BRANDFIT_MUTATED=10000 pytest tests/data/test_field_mutated.py`` tries as many files.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from brandfit import registry
from brandfit.data.schema import Reject
from brandfit.errors import BrandfitError

FIELD = Path(__file__).resolve().parents[1] / "field"
ENDINGS = (".csv", ".json", ".jsonl", ".xlsx")
FILES = sorted(file for file in FIELD.rglob("*") if file.suffix in ENDINGS)
N_FILES = int(os.environ.get("BRANDFIT_MUTATED", "400"))
PIECES = [
    b"\n",
    b'"',
    b";",
    b",",
    b"\t",
    b"\0",
    b"\xff",
    b"\xe4",
    b"@",
    b"{",
    b"]",
    b"[",
    b"=",
    b"1e9",
    b"null",
    b"\r",
]


def mutated(data: bytes, random_: random.Random) -> bytes:
    """A copy with a few bytes removed, repeated, replaced or inserted."""
    content = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(content) + 1)
        length = random_.randint(1, 40)
        match random_.randrange(4):
            case 0:
                del content[at : at + length]
            case 1:
                content[at:at] = content[at : at + length]
            case 2:
                content[at : at + 1] = random_.choice(PIECES)
            case _:
                content[at:at] = random_.choice(PIECES)
    return bytes(content)


@pytest.mark.parametrize("part", range(4))
def test_every_row_of_a_damaged_file_is_used_or_rejected(part, tmp_path):
    random_ = random.Random(part)
    cls = registry.load("importer", "folder")
    n_read = 0
    for n in range(N_FILES // 4):
        file = random_.choice(FILES)
        path = tmp_path / f"{n}{file.suffix}"
        path.write_bytes(mutated(file.read_bytes(), random_))
        importer = cls()
        try:
            records = list(importer.read(path, lambda _: None))
        except BrandfitError:
            continue
        finally:
            path.unlink()
        n_read += 1
        for report in importer.reports:
            assert report.rows == report.used + report.rejected, (file, report)
        n_row_rejects = sum(isinstance(record, Reject) for record in records)
        assert n_row_rejects >= sum(report.rejected for report in importer.reports)
    assert n_read > N_FILES // 16
