"""Checks every view of the explorer with axe: desktop and phone, light and dark, each language.

    kptm serve WORKSPACE
    python tools/accessibility.py http://127.0.0.1:8000/ [--key …] [--language en de zh]

Needs Debian's Chromium (``apt-get install chromium``). axe-core comes with the package
``axe-playwright-python``.
"""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from screenshots import SIZES, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Page

PATIENCE = 120_000
"""Milliseconds that the browser may take for any action, because the machine may be busy."""


def views_of(key: str, question: str, text: str) -> dict[str, str]:
    """The hash of each view, with and without something to show."""
    return {
        "ask, empty": "ask",
        "ask": f"ask?{urlencode({'q': question})}",
        "ask, unknown": f"ask?{urlencode({'q': 'Who wrote Hamlet?'})}",
        "link, empty": "link",
        "link": f"link?{urlencode({'text': text})}",
        "link, nothing": f"link?{urlencode({'text': 'qqqq.'})}",
        "graph, empty": "graph",
        "graph": f"graph?{urlencode({'key': key})}",
        "graph, 2 hops": f"graph?{urlencode({'key': key, 'hops': 2})}",
        "map": f"graph?{urlencode({'key': key, 'hops': 'map'})}",
        "map of the whole graph": "graph?hops=map",
        "graph, unknown": f"graph?{urlencode({'key': 'no such key'})}",
        "history, empty": "history",
        "history": f"history?{urlencode({'key': key})}",
        "review": "review",
    }


def violations(
    browser: Browser, url: str, views: Mapping[str, str], language: str = "en"
) -> Iterator[tuple[str, str]]:
    """Yield, for each view, size and scheme, its name and what axe says of each violation.

    A view without violations is yielded once, with an empty text.
    """
    for device, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]  # a literal
                reduced_motion="reduce",
                locale=language,
            )
            page.set_default_timeout(PATIENCE)
            for name, where in views.items():
                page.goto("about:blank")
                page.goto(f"{url}#/{where}")
                _wait(page)
                if name == "ask, empty":
                    page.locator("#saved summary").click()  # its menu is checked once, too
                label = f"{name}, {device}, {scheme}, {language}"
                found = violations_on(page)
                yield from ((label, said) for said in found)
                if not found:
                    yield label, ""
            page.close()


def violations_on(page: Page) -> list[str]:
    """What axe says of each violation on a page as it is now."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)"
    )
    return [_said(one) for one in found]


def _wait(page: Page) -> None:
    """Wait until the view has what it asked the server for."""
    page.locator("section:not([hidden])").first.wait_for()
    page.locator("section:not([hidden]) .result:not([aria-busy])").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    if page.locator("canvas").count():
        page.locator("canvas[data-drawn]").wait_for()


def _said(one: Mapping[str, Any]) -> str:
    places = "; ".join(" ".join(node["target"]) for node in one["nodes"][:4])
    return f"{one['id']} ({one['impact']}): {one['help']}: {places}"


def main() -> int:
    """Check all views; return 1 if there are violations."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--key", default="Lake_Chad")
    parser.add_argument("--question", default="What is the capital of Georgia?")
    parser.add_argument("--text", default="Georgia borders Turkey.")
    parser.add_argument("--language", nargs="+", default=["en", "de", "zh"])
    given = parser.parse_args()
    views = views_of(given.key, given.question, given.text)
    count = bad = 0
    with chromium() as browser:
        for language in given.language:
            for label, said in violations(browser, given.url, views, language):
                count += 1
                bad += bool(said)
                if said:
                    print(f"{label}: {said}")
    print(f"{count} checks, {bad} violations")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
