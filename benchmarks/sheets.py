"""Seconds and peak memory of reading a large table of each format, in a process of its own.

python benchmarks/sheets.py            # 200 MB each
python benchmarks/sheets.py --mb 20
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

LIMIT_MB = 400
"""Peak memory of each."""


def rows(n_bytes: int) -> Iterator[dict[str, object]]:
    """Rows of about ``n_bytes`` as CSV."""
    bio = "Läuft, backt und reist durch Österreich; immer mit Hund " * 2
    for number in range(n_bytes // 190):
        yield {
            "handle": f"anna.k{number}",
            "name": f"Anna Köhler {number}",
            "followers": number % 90_000,
            "bio": f"{bio}#{number}",
            "url": f"https://www.instagram.com/anna.k{number}/",
        }


def write(folder: Path, n_bytes: int) -> list[Path]:
    csv_path, json_path = folder / "large.csv", folder / "large.json"
    lines_path, zip_path = folder / "large.jsonl", folder / "large.zip"
    with (
        open(csv_path, "w", encoding="utf-8") as csv_file,
        open(json_path, "w", encoding="utf-8") as json_file,
        open(lines_path, "w", encoding="utf-8") as lines_file,
    ):
        for number, row in enumerate(rows(n_bytes)):
            if number == 0:
                csv_file.write(",".join(row) + "\n")
            cells = [f'"{cell}"' if "," in str(cell) else str(cell) for cell in row.values()]
            csv_file.write(",".join(cells) + "\n")
            text = json.dumps(row, ensure_ascii=False)
            json_file.write(("[" if number == 0 else ",\n") + text)
            lines_file.write(text + "\n")
        json_file.write("]")
    with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.write(csv_path, "large.csv")
    return [csv_path, json_path, lines_path, zip_path]


def read(path: Path, results: multiprocessing.Queue) -> None:
    from brandfit.data.sheets import sheets

    started = time.perf_counter()
    (sheet,) = sheets(path).sheets
    recognised = time.perf_counter() - started
    n_rows = sum(1 for _ in sheet.rows(lambda _n_bytes: None))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results.put((recognised, time.perf_counter() - started, peak, n_rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mb", type=int, default=200, help="size of the CSV")
    arguments = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for path in write(Path(folder), arguments.mb << 20):
            results = spawn.Queue()
            process = spawn.Process(target=read, args=(path, results))
            process.start()
            recognised, seconds, peak, n_rows = results.get()
            process.join()
            verdict = "" if peak < LIMIT_MB else f"  above the limit of {LIMIT_MB} MB"
            print(
                f"{path.name:12} {path.stat().st_size >> 20:5} MB  {n_rows:9,} rows  recognised in "
                f"{recognised:5.2f} s, read in {seconds:6.1f} s, peak {peak:4.0f} MB{verdict}"
            )


if __name__ == "__main__":
    main()
