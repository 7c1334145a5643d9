"""How much an import costs beyond reading its files: the full import against a bare read-and-parse pass, in
one run.

The bare pass reads the same files as anybody would with the standard library: gzip lines, JSON decoded to
plain objects, the bytes of every tar member; no validation, no pictures decoded, nothing stored. ``--decoder
msgspec`` decodes faster. Each pass runs in a process of its own, alternating, and the fastest of each counts.

    python benchmarks/import.py ../shared/data/instagram
    python benchmarks/import.py --read-only ../shared/data/instagram

``--read-only`` runs the importer alone: no pictures, no workspace.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import resource
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = 4.0
"""A full import takes at most this many times the bare pass."""


def bare(folder: Path, decoder: str) -> dict[str, int]:
    """Every line decoded, every member read."""
    import msgspec

    decode: Callable[[bytes], Any] = json.loads if decoder == "json" else msgspec.json.decode
    counts: Counter[str] = Counter()
    counts["influencers"] = len((folder / "influencers.tsv").read_bytes().splitlines()) - 1
    for name in ("posts", "comments"):
        with gzip.open(folder / f"{name}.jsonl.gz") as lines:
            for line in lines:
                decode(line)
                counts[name] += 1
    with tarfile.open(folder / "thumbnails.tar", "r|") as archive:
        for member in archive:
            file = archive.extractfile(member)
            counts["pictures"] += bool(file and file.read())
    return dict(counts)


def read_only(folder: Path, _decoder: str) -> dict[str, int]:
    """All records of the importer, thrown away."""
    from brandfit import registry
    from brandfit.data.schema import Partial

    importer = registry.load("importer", "instagram-jsonl")()
    counts: Counter[str] = Counter()
    for record in importer.read(folder, lambda _bytes: None):
        counts[type(record.row if isinstance(record, Partial) else record).__name__] += 1
    return dict(counts)


def full(folder: Path, _decoder: str) -> dict[str, int]:
    """Into a new workspace, pictures and all."""
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with tempfile.TemporaryDirectory() as place, Workspace(Path(place) / "work", create=True) as workspace:
        result = pipeline.import_source(workspace, "instagram-jsonl", path=folder)
        return {table: change["added"] for table, change in result.changes.items()} | {
            "rejects": len(result.rejects)
        }


PASSES = {"bare": bare, "read": read_only, "full": full}


def timed(name: str, folder: Path, decoder: str) -> dict[str, Any]:
    """One pass in a fresh process: seconds, peak memory, what it counted."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=_child, args=(sending, name, folder, decoder)
    )
    process.start()
    sending.close()
    try:
        return receiving.recv()
    except EOFError:
        raise SystemExit(f"the pass {name!r} failed") from None
    finally:
        process.join()


def _child(sending: Any, name: str, folder: Path, decoder: str) -> None:
    started = time.perf_counter()
    counts = PASSES[name](folder, decoder)
    seconds = time.perf_counter() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sending.send({"seconds": seconds, "peak_mb": peak / 1024, "counts": counts})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", type=Path, help="posts.jsonl.gz, comments.jsonl.gz, influencers.tsv, thumbnails.tar"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--decoder", choices=("json", "msgspec"), default="json", help="JSON decoder of the bare pass"
    )
    parser.add_argument(
        "--read-only", action="store_true", help="the importer alone in the place of the full import"
    )
    options = parser.parse_args()
    ours = "read" if options.read_only else "full"
    runs: dict[str, list[dict[str, Any]]] = {"bare": [], ours: []}
    for _ in range(options.repeats):
        for name, results in runs.items():
            results.append(timed(name, options.folder, options.decoder))
    best = {name: min(results, key=lambda result: result["seconds"]) for name, results in runs.items()}
    for name, result in best.items():
        counts = ", ".join(f"{count:,} {what}" for what, count in result["counts"].items())
        print(f"{name:<5} {result['seconds']:7.2f} s  peak {result['peak_mb']:6.0f} MB  {counts}")
    ratio = best[ours]["seconds"] / best["bare"]["seconds"]
    print(f"ratio {ratio:7.2f}    (limit {LIMIT:.0f}, bare pass with {options.decoder})")
    raise SystemExit(ratio > LIMIT)


if __name__ == "__main__":
    main()
