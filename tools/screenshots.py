"""Pictures of the explorer at desktop and phone width, light and dark: for docs/, and for looking at.

    python tools/screenshots.py WORKSPACE FOLDER [--question QUESTION] [--text TEXT] [--key KEY]

Needs Debian's Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """A server of a workspace on any free port; yields its address."""
    command = [sys.executable, "-m", "kptm", "serve", str(workspace), "--port", "0", "--json"]
    with subprocess.Popen([*command, "--allow-edit"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.send_signal(signal.SIGINT)


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--question", default="What is the capital of Georgia?")
    parser.add_argument(
        "--text", default="Georgia borders Turkey. The Jordan flows into the Dead Sea, and Paris, "
        "Texas was directed by Wim Wenders."
    )  # fmt: skip
    parser.add_argument("--key", default="Lake_Chad")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    views = {
        "ask": ("ask", {"q": given.question}),
        "unknown": ("ask", {"q": "Who wrote Hamlet?"}),
        "link": ("link", {"text": given.text}),
        "graph": ("graph", {"key": given.key}),
        "graph2": ("graph", {"key": given.key, "hops": 2}),
        "history": ("history", {"key": given.key}),
    }
    with served(given.workspace) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for device, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                page.on("console", lambda message: print("console:", message.text))
                page.on("pageerror", lambda error: print("error:", error))
                for name, (view, parameters) in views.items():
                    page.goto(f"{url}#/{view}?{urlencode(parameters)}")
                    page.wait_for_load_state("networkidle")
                    if view == "link":
                        page.locator("mark").first.focus()
                    page.screenshot(path=given.folder / f"{name}-{device}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
