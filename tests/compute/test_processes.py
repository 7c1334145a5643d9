"""Worker processes: results are those of the function, and an item that kills or stalls a worker hurts nobody
else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from brandfit.compute import processes
from brandfit.compute.processes import process_selected

HERE = Path(__file__).parent


class Task(msgspec.Struct, frozen=True):
    number: int
    kind: str = "fine"


def work(task: Task) -> int | str:
    """Doubles a number; what a hostile picture could do to a decoder, by its kind."""
    if task.kind == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.kind == "stall":
        time.sleep(600)
    if task.kind == "memory":
        bytearray(64 * 2**30)
    return 2 * task.number


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Workers import this module by its name."""
    monkeypatch.setattr(work, "__module__", "test_processes")
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def run(items: list, **options: float) -> list:
    return list(
        process_selected(
            work,
            items,
            only=Task,
            size=lambda task: 100,
            failed=lambda task, reason: f"{task.number}: {reason}",
            **options,
        )
    )


def test_items_of_the_type_are_mapped_and_others_pass_by_both_in_order():
    items = [x for n in range(500) for x in (Task(n), f"row {n}")]
    results = run(items)
    assert [r for r in results if isinstance(r, int)] == [2 * n for n in range(500)]
    assert [r for r in results if isinstance(r, str)] == [f"row {n}" for n in range(500)]
    assert run([]) == []
    assert run(["only", "rows"]) == ["only", "rows"]


@pytest.mark.parametrize(
    ("kind", "word"), [("crash", "broke the decoder"), ("memory", "memory"), ("stall", "too long")]
)
def test_a_hostile_item_is_answered_for_and_the_others_are_done(kind, word, monkeypatch):
    monkeypatch.setattr(processes, "CHUNK", 8)
    items = [Task(n, kind if n == 11 else "fine") for n in range(30)]
    results = run(items, deadline=3.0)
    assert [r for r in results if isinstance(r, int)] == [2 * n for n in range(30) if n != 11]
    assert [r for r in results if isinstance(r, str)] == [next(r for r in results if isinstance(r, str))]
    assert word in next(r for r in results if isinstance(r, str))


def test_large_items_are_sent_in_small_chunks_and_few_ahead(monkeypatch):
    monkeypatch.setattr(processes, "CHUNK_BYTES", 100)
    monkeypatch.setattr(processes, "AHEAD_BYTES", 400)
    taken = []

    def items():
        for n in range(100):
            taken.append(n)
            yield Task(n)

    results = process_selected(
        work, items(), only=Task, size=lambda task: 100, failed=lambda task, reason: reason
    )
    first = next(results)
    assert first == 0
    assert len(taken) <= 10
    assert len(list(results)) == 99


def test_stopping_early_leaves_no_process_behind():
    results = process_selected(
        work,
        (Task(n) for n in range(2000)),
        only=Task,
        size=lambda task: 100,
        failed=lambda task, reason: reason,
    )
    next(results)
    results.close()
    left = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    ).stdout
    assert "brandfit.compute.worker" not in left


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from brandfit.compute.processes import process_selected\n"
        "from brandfit.data.pictures import imported\n"
        "from brandfit.data.schema import Picture\n"
        "print('once')\n"
        "pictures = [Picture('p', 0, b'x', 's', 'f', 1)]\n"
        "found = process_selected(imported, pictures, only=Picture, size=lambda p: 1, "
        "failed=lambda p, r: None)\n"
        "print(len(list(found)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once", "1"]
