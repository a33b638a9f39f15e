"""Accessibility of the page: keyboard, both widths, both colour schemes, labels of fields."""

import re

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def test_all_views_work_with_the_keyboard(look, url):
    with look(url, "ask") as page:
        expect(page.locator("#mode")).to_have_text("read only")
        page.keyboard.press("Tab")
        expect(page.locator("#skip")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_label("Question")).to_be_focused()
        page.keyboard.type("What is the capital of Chad?")
        page.keyboard.press("Enter")
        expect(page.locator(".answers")).to_have_text("N'Djamena")
    with look(url, "link", text="Chad borders Niger.") as page:
        mark = page.locator("mark").first
        mark.focus()
        page.keyboard.press("Tab")  # moves into the card
        expect(page.locator(".candidates a").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(mark).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".candidates a").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".node.hops0 text")).to_have_text("Chad")
    with look(url, "graph") as page:
        field = page.locator("#graph-picker-input")
        field.focus()
        page.keyboard.type("Repub")
        expect(page.get_by_role("listbox")).to_be_visible()
        page.keyboard.press("ArrowDown")
        active = page.locator("[role=option][aria-selected=true]")
        expect(active).to_have_count(1)
        assert field.get_attribute("aria-activedescendant") == active.get_attribute("id")
        page.keyboard.press("Enter")
        expect(page.get_by_role("listbox")).to_be_hidden()
        expect(page.locator(".node.hops0")).to_have_count(1)
        first = page.locator(".node.hops0 text").text_content()
        page.locator(".node").first.focus()
        page.keyboard.press("ArrowRight")
        second = page.locator(".node:focus text").text_content()
        page.keyboard.press("Enter")
        expect(page.locator(".node.hops0 text")).to_have_text(second)
        expect(page.locator(".node.hops0")).to_be_focused()
        assert second != first


def luminance(colour):
    """The relative luminance of ``rgb(r, g, b)`` as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


COLOURS = """nodes => nodes.filter((node) => node.checkVisibility() && [...node.childNodes].some(
  (child) => child.nodeType === 3 && child.data.trim())).map((node) => {
    let behind = node;
    while (behind && /, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor))
      behind = behind.parentElement;
    const style = getComputedStyle(node);
    return [node.textContent.slice(0, 30), node.ownerSVGElement ? style.fill : style.color,
            getComputedStyle(behind ?? document.body).backgroundColor];
})"""

VIEWS = {
    "ask": {"q": "What is the capital of Chad?"},
    "link": {"text": "Chad borders Niger. " * 8},
    "graph": {"key": "Chad", "hops": "2"},
    "history": {"key": "Chad"},
    "review": {},
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_is_readable(look, url, view, scheme, size):
    """No horizontal scrolling, a contrast of 4.5:1, and on a phone large enough targets."""
    with look(url, view, size=size, scheme=scheme, **VIEWS[view]) as page:
        expect(page.locator(f"#{view}-result > *").first).to_be_visible()
        expect(page.locator(f"#{view}-result")).not_to_have_attribute("aria-busy", "true")
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        for text, colour, behind in page.locator("body *").evaluate_all(COLOURS):
            if "color(" in colour + behind:  # a mixed colour, which luminance() cannot read
                continue
            light, dark = sorted((luminance(colour), luminance(behind)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, colour, behind)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (luminance(paper) > 0.5) == (scheme == "light")


def test_every_field_has_a_label(look, editing_url):
    with look(editing_url, "history") as page:
        expect(page.locator("#mode")).to_have_text("may be edited")
        fields = page.locator("input, textarea, select").evaluate_all(
            "nodes => nodes.filter((node) => !node.labels.length).map((node) => node.outerHTML)"
        )
        assert fields == []
        ids = page.locator("[id]").evaluate_all("nodes => nodes.map((node) => node.id)")
        assert len(ids) == len(set(ids))
