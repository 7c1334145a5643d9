"""The page on profilers names them all."""

from __future__ import annotations

import re
from pathlib import Path

from brandfit import registry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "profilers.md").read_text()


def test_every_profiler_is_named_and_no_other():
    table = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([\w.]+)`", table)) == set(registry.names("profiler"))
