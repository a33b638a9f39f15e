"""The page in Debian's Chromium: a person asks questions, sees answers, and makes changes."""

import re
from urllib.parse import urlencode

import pytest

from benchmarks.answers_parts.load import serve_workspace
from kptm import Workspace

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_question_is_answered_with_evidence(look, url):
    with look(url) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")
        page.get_by_label("Question").fill("What is the capital of Chad?")
        page.get_by_role("button", name="Ask").click()
        card = page.locator(".answer")
        expect(card.locator(".answers")).to_have_text("N'Djamena")
        expect(card.get_by_text("Evidence")).to_be_visible()
        expect(card.locator(".evidence .badge").first).to_have_text("Fact")
        assert page.url.endswith("#/ask?q=What+is+the+capital+of+Chad%3F")  # a link to share
        assert "capital of Chad" in page.title()


def test_an_unknown_answer_is_no_error(look, url):
    with look(url, "ask", q="What is the capital of Atlantis?") as page:
        card = page.locator(".answer")
        expect(card.get_by_role("heading", name="Not known")).to_be_visible()
        expect(card).to_contain_text("No name in the question is in the graph: 'Atlantis'.")
        expect(page.get_by_role("alert")).to_have_count(0)


ANSWER = {
    "question": "Who wrote the films of 🦊?",
    "entity": "b",
    "score": 0.82,
    "answers": [{"entity": f"b{i}", "label": f"B {i}", "score": 0.82} for i in range(15)],
    "evidence": [
        {"kind": "triple", "text": "", "entity": "b0", "score": 1.0, "triple": ["a", "wrote", "b0"],
         "sources": ["/data/films.tsv"], "revision": 3, "spans": []},
        {"kind": "sentence", "text": "🦊🦊 Ann wrote <b>B 0</b>.", "entity": "b0", "score": 0.7,
        "triple": None,
         "sources": ["texts.txt"], "revision": None,
         "spans": [{"start": 3, "end": 6, "entity": "a"},
         {"start": 16, "end": 19, "entity": "b0"}]},
        {"kind": "stale", "text": "the embeddings are of revision 2", "entity": "", "score": 1.0,
         "triple": None, "sources": [], "revision": None, "spans": []},
    ],
    "reason": "",
    "why": "",
    "topic": "a",
    "path": [["directed", False], ["wrote", True]],
    "senses": [{"entity": "a2", "label": "Ann", "score": 0.2, "answers": ["c"]}],
    "conflicts": [{"kind": "model", "entity": "c", "label": "C", "score": 0.6}],
    "token": "",
    "description": "",
    "predicted": False,
    "sentence": "The films are B 0 and 14 more.",
    "expression": "Ann.directed by⁻¹.wrote",
    "meanings": [{"start": 8, "end": 13, "text": "wrote", "kind": "relation", "means": "wrote"}],
    "readings": [{"expression": "Ann.wrote", "score": 0.3, "unexplained": ["films"]}],
    "unexplained": ["🦊"],
    "labels": {"a": "Ann", "c": "C", "wrote": "wrote", "directed": "directed by", "b0": "B 0"},
}  # fmt: skip


def test_all_parts_of_an_answer_are_shown(look, url):
    """All parts that an answer may have: path, senses, conflicts, spans that count characters."""
    with look(url) as page:
        page.route("**/api/v1/ask", lambda route: route.fulfill(json=ANSWER))
        page.get_by_label("Question").fill("?")
        page.keyboard.press("Enter")
        card = page.locator(".answer")
        expect(card.locator(".answers li")).to_have_count(12)
        card.get_by_role("button", name="and 3 more").click()
        expect(card.locator(".answers li")).to_have_count(15)
        expect(card.locator(".path .hop .relation")).to_have_text(["directed by", "wrote"])
        expect(card.locator(".path .hop.back")).to_have_count(1)
        expect(card.locator(".path .topic")).to_have_text("Ann")
        expect(card.locator(".said")).to_have_text("The films are B 0 and 14 more.")
        expect(card.locator(".reading code")).to_have_text("Ann.directed by⁻¹.wrote")
        expect(card.locator(".reading")).to_contain_text("Not understood: 🦊")
        expect(card).to_contain_text("without: films")
        expect(card.locator(".path .end")).to_have_text("B 0, B 1, B 2 and 12 more")
        expect(card.locator("mark")).to_have_text(["Ann", "B 0"])
        expect(card).to_contain_text("🦊🦊 Ann wrote <b>B 0</b>.")
        expect(card.locator(".evidence .fact")).to_have_text("AnnwroteB 0")
        expect(card.locator(".origin").first).to_have_text("films.tsv · revision 3")
        expect(card.get_by_text("The name may also mean")).to_be_visible()
        expect(card.locator(".also", has_text="may also mean")).to_contain_text("then: C")
        expect(card.get_by_text("Sources that say otherwise")).to_be_visible()
        expect(card.locator(".badge.kind-stale")).to_have_text("Out of date")


def test_hostile_names_are_shown_as_text(look, url, evil):
    """Every view shows hostile names as text.

    The content security policy blocks nothing, because the page never uses names as markup.
    """
    with look(url, "ask", q="What is the capital of Evilland?") as page:
        expect(page.locator(".answers")).to_contain_text("🦊 City")
        expect(page.locator(".evidence")).to_contain_text(evil["label"])
    with look(url, "graph", key=evil["key"]) as page:
        expect(page.locator(".entity h2")).to_have_text(evil["label"])
        expect(page.locator(".entity")).to_contain_text(evil["description"])
        expect(page.locator(".node.hops0 title")).to_contain_text(evil["label"])
    with look(url, "history", key=evil["key"]) as page:
        expect(page.locator("#history-result h2").first).to_have_text(evil["label"])
    with look(url, "link", text="Evilland <script>window.hacked=9</script>") as page:
        page.locator("mark").first.focus()
        expect(page.locator(".candidates")).to_contain_text(evil["label"])
        expect(page.locator(".linked")).to_contain_text("<script>window.hacked=9</script>")
        assert page.locator("main script, main img").count() == 0
    with look(url, "ask", q='<img src=x onerror="window.hacked=9">') as page:
        expect(page.locator(".asked")).to_have_text('<img src=x onerror="window.hacked=9">')
    with look(url, '"><script>window.hacked=9</script>') as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()


SLIP = """() => {
  try { document.body.innerHTML = "<img src=x onerror=window.hacked=1>"; return "" }
  catch (error) { return error.name }
}"""


def test_the_browser_refuses_markup_made_from_data(browser, url):
    """If the page used data as markup by mistake, the browser would refuse to parse it."""
    page = browser.new_page()
    page.goto(url)
    assert page.evaluate(SLIP) == "TypeError"
    page.close()


def test_linked_text_shows_candidates(look, url, filled):
    text = "🦊 Chad borders Niger."
    with Workspace.open(filled) as ws:
        link = ws.linker.link(text).links[0]
        label = ws.graph.entity(link.candidates[0].entity).label
    with look(url, "link") as page:
        page.get_by_role("textbox", name="Text").fill(text)
        page.get_by_role("button", name="Link").click()
        marks = page.locator(".linked mark")
        expect(marks).to_have_text(["Chad", "Niger"])
        expect(page.locator("#link-result")).to_contain_text("2 names linked.")
        card = page.locator(".candidates")
        expect(card).to_have_count(0)
        marks.first.hover()
        expect(card.locator("a").first).to_have_text(label)
        expect(card.locator(".number").first).to_have_text(
            f"{round(link.candidates[0].prior * 100)}%"
        )
        card.hover()  # the card stays while the pointer is on it
        page.wait_for_timeout(300)
        expect(card).to_be_visible()
        page.mouse.move(0, 0)
        expect(card).to_have_count(0)
        marks.nth(1).focus()
        expect(card).to_be_visible()
        expect(marks.nth(1)).to_have_attribute("aria-describedby", "candidates")
        page.keyboard.press("Escape")
        expect(card).to_have_count(0)
        expect(page.locator(".linked")).to_have_text(text)  # the card is no longer in the text


def test_nodes_lead_to_their_neighbourhoods(look, url, filled):
    with look(url, "graph", key="Chad") as page, Workspace.open(filled) as ws:
        expect(page.locator(".node.hops0 text")).to_have_text("Chad")
        near = {end for edge in ws.graph.touching(["Chad"]) for end in (edge.head, edge.tail)}
        keys = page.locator(".node").evaluate_all("nodes => nodes.map((node) => node.dataset.key)")
        assert set(keys) == near
        assert page.locator(".edge").count() == len(ws.graph.touching(["Chad"]))
        page.locator('.node[data-key="Niger"] .reach').click()
        expect(page.locator(".node.hops0 text")).to_have_text("Niger")
        expect(page.locator(".entity h2")).to_have_text("Niger")
        expect(page.get_by_role("combobox", name="Entity").first).to_have_value("Niger")
        page.get_by_text("2 hops").click()
        expect(page.locator('.node.hops2[data-key="N\'Djamena"]')).to_have_count(1)
        assert "hops=2" in page.url
        page.go_back()
        expect(page.locator(".node.hops2")).to_have_count(0)
        page.go_back()
        expect(page.locator(".node.hops0 text")).to_have_text("Chad")


def places(page):
    return page.locator(".node").evaluate_all(
        "nodes => nodes.map((node) => node.getAttribute('transform'))"
    )


def test_a_picture_is_the_same_each_time(look, url):
    found = []
    for _ in range(2):
        with look(url, "graph", key="Chad", hops=2) as page:
            expect(page.locator(".node.hops0")).to_have_count(1)
            found.append(places(page))
    assert found[0] == found[1]
    assert len(set(found[0])) == len(found[0])  # no node hides another


def test_an_unknown_entity_shows_one_message(browser, url):
    page = browser.new_page()
    page.goto(f"{url}#/graph?key=Atlantis")
    expect(page.get_by_role("alert")).to_contain_text("no entity has the key 'Atlantis'")
    page.close()


def test_a_server_that_only_reads_offers_no_changes(look, url):
    with look(url, "history") as page:
        expect(page.locator("#mode")).to_have_text("read only")
        expect(page.locator(".revisions li").first).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        expect(page.locator("#edit")).to_be_hidden()


def test_an_edit_changes_the_answer_and_undo_restores_it(look, editing_url):
    question = "What is the capital of Chad?"
    with look(editing_url, "ask", q=question) as page:
        expect(page.locator(".answers")).to_have_text("N'Djamena")
        page.get_by_role("link", name="History").click()
        page.get_by_text("Correct a fact").click()
        form = page.locator("#edit-form")
        form.get_by_role("combobox", name="Entity").fill("Republic of Ch")
        form.get_by_role("option").first.click()
        expect(form.get_by_role("combobox", name="Entity")).to_have_value("Chad")
        form.get_by_label("Relation").fill("capital")
        form.get_by_role("combobox", name="New value").fill("Lima")
        form.get_by_role("option", name="Lima").click()
        form.get_by_role("button", name="Change").click()
        expect(page.get_by_role("status")).to_contain_text("Changed: revision")
        expect(page.locator(".revisions .badge").first).to_have_text("edit")
        page.get_by_role("link", name="Ask").click()
        page.get_by_label("Question").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator(".answers")).to_have_text("Lima")
        page.get_by_role("link", name="History").click()
        page.get_by_role("button", name=re.compile("Undo revision")).first.click()
        expect(page.get_by_role("status")).to_contain_text("is taken back")
        page.goto(f"{editing_url}#/ask?{urlencode({'q': question})}")
        expect(page.locator(".answers")).to_have_text("N'Djamena")


def test_a_refused_edit_shows_one_message(browser, editing_url):
    page = browser.new_page()
    page.goto(f"{editing_url}#/history")
    page.get_by_text("Correct a fact").click()
    for label, value in (("Entity", "Atlantis"), ("Relation", "capital"), ("New value", "Lima")):
        page.locator("#edit-form").get_by_role("combobox", name=label).fill(value)
    page.keyboard.press("Tab")  # leaves the field, which closes its suggestions over the button
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("status")).to_contain_text("Atlantis")
    page.close()


def test_a_server_that_has_stopped_shows_one_message(browser, filled):
    page = browser.new_page()
    with serve_workspace(filled) as url:
        page.goto(url)
        expect(page.locator("#mode")).to_have_text("read only")
    page.get_by_label("Question").fill("What is the capital of Chad?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "The server does not answer. Is it still running?"
    )
    page.close()
