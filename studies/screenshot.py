"""The picture of a ranked page that the README shows: docs/images/ranking.png.

    make demo
    python studies/screenshot.py demo northpeak.outdoor docs/images/ranking.png

Serves the workspace on a free port and takes the picture with Debian's Chromium through Playwright.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTH, HEIGHT = 1280, 1000
COLOURS = 128
"""Colours of the stored picture, so that it stays small in the repository."""


def served(workspace: Path) -> tuple[subprocess.Popen[str], str]:
    """The process of the service, and its address."""
    command = [sys.executable, "-m", "brandfit", "serve", "-w", str(workspace), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if address := re.search(r"http://[\w.]+:\d+", line):
            return process, address[0]
    raise SystemExit("The service did not start.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the picture of the README.")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("brand")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    process, address = served(given.workspace)
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(f"{address}/brands/{given.brand}#ranked", wait_until="networkidle")
            page.screenshot(path=str(given.out))
            browser.close()
    finally:
        process.terminate()
    Image.open(given.out).convert("RGB").quantize(COLOURS).save(given.out, optimize=True)


if __name__ == "__main__":
    main()
