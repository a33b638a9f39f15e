"""The page of a server that requires tokens asks for one and stores it until its tab is closed."""

import pytest

from benchmarks.answers_parts.load import serve_workspace
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile
from kptm.workspace import Layout

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def guarded_url(own):
    file = TokenFile(Layout(own).tokens)
    texts = {role: file.add(role.value, role) for role in (AccessRole.READ, AccessRole.EDIT)}
    with serve_workspace(own, "--allow-edit", "--require-token") as url:
        yield url, texts, file


def test_the_page_asks_for_a_token_until_one_is_accepted(browser, guarded_url):
    url, texts, file = guarded_url
    tabs = browser.new_context()
    page = tabs.new_page()
    page.goto(f"{url}#/ask?q=What is the capital of Chad?")
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    expect(page.get_by_label("Question")).to_be_hidden()
    expect(page.locator("#access-said")).to_have_text("")
    page.keyboard.type("kptm_wröng 令牌")
    page.keyboard.press("Enter")
    expect(page.locator("#access-said")).to_contain_text("not accepted")
    field.fill(texts[AccessRole.READ])
    page.keyboard.press("Enter")
    expect(page.locator(".answers")).to_have_text("N'Djamena")
    expect(page.locator("#mode")).to_have_text("read only")
    expect(field).to_be_hidden()
    page.reload()  # the tab still has the token
    expect(page.locator(".answers")).to_have_text("N'Djamena")
    file.remove("read")
    page.reload()
    expect(page.locator("#access-said")).to_contain_text("not accepted")
    field.fill(texts[AccessRole.EDIT])
    page.keyboard.press("Enter")
    expect(page.locator("#mode")).to_have_text("may be edited")
    other = tabs.new_page()  # another tab does not have it
    other.goto(url)
    expect(other.get_by_label("Token")).to_be_visible()
    tabs.close()
