"""How long a warm service takes for its ranking page and for a search, and how 50 readers fare while an
import runs.

    python benchmarks/service.py -w WORKSPACE [--requests 200] [--readers 50]

The workspace is copied, for the import writes to the copy. Server time is that of the service's own log.
Beside each stands a bare handler of the same framework (FastAPI, uvicorn, httptools) that answers as many
bytes and does nothing else; both take turns in one run, and the ratio is that of their medians as the same
client sees them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from brandfit import pipeline
from brandfit.workspace import Workspace

LIMITS = {"ranking page": 150.0, "search": 100.0}
"""Milliseconds of server time at the median, on 2 cores."""
BRANDS, WARM = 20, 2
SERVE = "from brandfit.cli import main; main()"
BARE = """
import sys, uvicorn
from fastapi import FastAPI
from starlette.responses import Response
app = FastAPI()
@app.get("/{size}")
def bare(size: int) -> Response:
    return Response(b"x" * size, media_type="text/html")
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}", flush=True)
Server(uvicorn.Config(app, port=0, http="httptools", log_config=None, access_log=False)).run()
"""


@contextmanager
def running(code: str, *args: str, log: Path) -> Iterator[str]:
    """A process that says its address; where it is."""
    with (
        log.open("wb") as told,
        subprocess.Popen([sys.executable, "-c", code, *args], stdout=subprocess.PIPE, stderr=told) as process,
    ):
        assert process.stdout is not None
        try:
            yield re.search(r"http://\S+:\d+", process.stdout.readline().decode())[0]  # type: ignore[index]
        finally:
            process.terminate()


def questions(workspace: Path) -> tuple[list[str], list[str]]:
    """Addresses of ranking pages, one a brand, and of searches: words that people of the workspace write, and
    a condition."""
    with Workspace(workspace) as opened:
        dataset = pipeline.load(opened)
    brands = [str(brand) for brand in dataset.brands[:: max(1, len(dataset.brands) // BRANDS)]][:BRANDS]
    tags: dict[str, int] = {}
    for row in dataset.posts["hashtags"].slice(0, 20_000).to_pylist():
        for tag in row or ():
            tags[tag] = tags.get(tag, 0) + 1
    words = sorted(tags, key=lambda tag: -tags[tag])[:BRANDS] or ["coffee"]
    pages = [f"/brands/{brand}" for brand in brands]
    return pages, [
        f"/api/v1/search?q={word}" + ("&where=followers:5k..50k" if n % 2 else "")
        for n, word in enumerate(words)
    ]


def asked(client: httpx.Client, path: str) -> tuple[float, int]:
    """Milliseconds until all of it is there, and its bytes."""
    started = time.perf_counter()
    answer = client.get(path)
    answer.raise_for_status()
    return 1000 * (time.perf_counter() - started), len(answer.content)


def timed(
    service: httpx.Client, bare: httpx.Client, paths: list[str], n: int
) -> tuple[list[float], list[float]]:
    """Of the service and of the bare handler, in turns."""
    for path in paths * WARM:
        asked(service, path)
    ours, theirs = [], []
    for m in range(n):
        took, size = asked(service, paths[m % len(paths)])
        ours.append(took)
        theirs.append(asked(bare, f"/{size}")[0])
    return ours, theirs


def logged(log: Path, route: str, n: int) -> list[float]:
    """Server time of the last n answers of a route, in milliseconds."""
    rows = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return [row["ms"] for row in rows if row.get("route") == route][-n:]


async def read(url: str, paths: list[str], readers: int, busy: Callable[[], bool]) -> tuple[list[float], int]:
    """Everybody asks as soon as the last answer is there, as long as it is busy: milliseconds, and how many
    were not answered."""
    took: list[float] = []
    errors = 0

    async def one(n: int) -> None:
        nonlocal errors
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            while going:
                started = time.perf_counter()
                try:
                    errors += (await client.get(paths[n % len(paths)])).status_code >= 400
                except httpx.TransportError:
                    errors += 1
                took.append(1000 * (time.perf_counter() - started))
                n += 7

    going = True
    tasks = [asyncio.create_task(one(n)) for n in range(readers)]
    while await asyncio.to_thread(busy):
        await asyncio.sleep(0.2)
    going = False
    await asyncio.gather(*tasks)
    return took, errors


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-w", "--workspace", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--readers", type=int, default=50)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        folder = shutil.copytree(
            wanted.workspace, here / "work", ignore=shutil.ignore_patterns("*.lock", "uploads", "jobs")
        )
        pages, searches = questions(folder)
        log = here / "log"
        options = ("serve", "-w", str(folder), "--port", "0", "--rate", "0")
        with (
            running(SERVE, *options, log=log) as url,
            running(BARE, log=here / "bare") as beside,
            httpx.Client(base_url=url, timeout=600) as service,
            httpx.Client(base_url=beside) as bare,
        ):
            told = service.get("/api/v1/workspace").json()
            print(
                ", ".join(f"{count:,} {what}" for what, count in told["counts"].items()),
                f"; ranked by {told['ranker']}",
            )
            print(f"{'':24} {'server p50':>11} {'p99':>9} {'client p50':>11} {'bare p50':>9} {'ratio':>7}")
            for what, paths, route in (
                ("ranking page", pages, "/brands/{brand}"),
                ("search", searches, "/api/v1/search"),
            ):
                ours, theirs = timed(service, bare, paths, wanted.requests)
                server = logged(log, route, wanted.requests)
                median, ratio = statistics.median(server), statistics.median(ours) / statistics.median(theirs)
                within = "within" if median <= LIMITS[what] else "BEYOND"
                print(
                    f"{what:24} {median:8.1f} ms {p99(server):6.1f} ms {statistics.median(ours):8.1f} ms "
                    f"{statistics.median(theirs):6.2f} ms {ratio:7.1f}   {within} {LIMITS[what]:.0f} ms"
                )
            asked_for = {"source": "sample", "settings": {"influencers": 1280, "seed": 1}}
            for name, at, ways in (
                ("readers", url, pages + searches),
                ("of a bare handler", beside, ["/20000"]),
            ):
                job = service.post("/api/v1/imports", json=asked_for).json()["id"]

                def busy(job: str = job) -> bool:
                    return not service.get(f"/api/v1/jobs/{job}").json()["finished"]

                took, errors = asyncio.run(read(at, ways, wanted.readers, busy))
                ended = service.get(f"/api/v1/jobs/{job}").json()
                print(
                    f"{wanted.readers} {name} during an import ({ended['state']} in "
                    f"{ended['finished'] - ended['started']:.0f} s): "
                    f"{len(took):,} requests, {errors} errors, p50 {statistics.median(took):.0f} ms, p99 "
                    f"{p99(took):.0f} ms"
                )


if __name__ == "__main__":
    main()
