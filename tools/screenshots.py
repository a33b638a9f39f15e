"""Pictures of the explorer at desktop and phone width, light and dark, for docs/ and review.

    kptm serve WORKSPACE
    python tools/screenshots.py http://127.0.0.1:8000/ FOLDER [--question …] [--language de] …

Needs Debian's Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
TEXT = (
    "Georgia borders Turkey. The Jordan flows into the Dead Sea, and Paris, Texas was directed by"
    " Wim Wenders."
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def take(
    browser: Browser, url: str, folder: Path, views: dict[str, str], language: str = "en"
) -> None:
    """A picture of each view in both sizes and both schemes; what the console says is printed."""
    for device, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
                locale=language,
            )
            page.on("console", lambda message: print("console:", message.text))
            page.on("pageerror", lambda error: print("error:", error))
            for name, where in views.items():
                page.goto("about:blank")
                page.goto(f"{url}#/{where}")
                result = "section:not([hidden]) .result"
                page.locator(f"{result} > *").first.wait_for()
                page.locator(f"{result}:not([aria-busy])").wait_for()
                if name == "link":
                    page.locator("mark").first.focus()
                page.screenshot(path=folder / f"{name}-{device}-{scheme}.png")
            page.close()


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--question", default="What is the capital of Georgia?")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--key", default="Lake_Chad")
    parser.add_argument("--language", default="en", help="of the browser: en, de, zh")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    views = {
        "ask": f"ask?{urlencode({'q': given.question})}",
        "unknown": f"ask?{urlencode({'q': 'Who wrote Hamlet?'})}",
        "link": f"link?{urlencode({'text': given.text})}",
        "graph": f"graph?{urlencode({'key': given.key})}",
        "graph2": f"graph?{urlencode({'key': given.key, 'hops': 2})}",
        "history": f"history?{urlencode({'key': given.key})}",
        "review": "review",
    }
    with chromium() as browser:
        take(browser, given.url, given.folder, views, given.language)


if __name__ == "__main__":
    main()
