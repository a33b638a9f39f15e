"""axe finds nothing to complain about in any view, and would find a planted fault."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("axe_playwright_python")
TOOLS = Path(__file__).parents[3] / "tools"


@pytest.fixture(scope="module")
def accessibility(screenshots):
    """The module ``tools/accessibility.py``."""
    sys.modules.setdefault("screenshots", screenshots)
    spec = importlib.util.spec_from_file_location("accessibility", TOOLS / "accessibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_no_view_has_a_violation(accessibility, browser, url, language):
    views = accessibility.views_of("Chad", "What is the capital of Chad?", "Chad borders Niger.")
    if language != "en":  # other words on the same pages: one view of each page
        views = {name: views[name] for name in ("ask", "link", "graph", "history", "review")}
    found = list(accessibility.violations(browser, url, views, language))
    assert [(label, said) for label, said in found if said] == []
    assert len(found) == len(views) * 4  # desktop and phone, light and dark


def test_a_planted_fault_is_found(accessibility, browser, url):
    page = browser.new_page()
    page.goto(f"{url}#/ask")
    page.locator("#question").wait_for()
    page.evaluate("document.querySelector('label[for=question]').remove()")
    page.locator("#question").evaluate("(node) => node.removeAttribute('aria-describedby')")
    [said] = [said for said in accessibility.violations_on(page) if "label" in said]
    page.close()
    assert "#question" in said
