"""Review of proposals in the API and in Chromium: accept, reject, correct, undo."""

import json

import pytest

from kg import Literal, Proposal
from kptm import Workspace

SENTENCE = "🦊 Lima is the capital of Peru, <b>said</b> Ann Brown in 1990."


def proposal(head, relation, tail, confidence, **others):
    def span(name):
        start = SENTENCE.index(name)
        return start, start + len(name)

    text = tail.value if isinstance(tail, Literal) else tail
    return Proposal(
        head=head, relation=relation, tail=tail, confidence=confidence, source="letters/notes.txt",
        sentence=SENTENCE, head_span=span(head), tail_span=span(text), **others,
    )  # fmt: skip


@pytest.fixture
def own(own):
    """The workspace with undecided proposals."""
    with Workspace.open(own) as ws:
        ws.graph.proposals.add(
            [
                proposal("Peru", "borders", "Lima", 0.9),
                proposal("Ann Brown", "borders", "Lima", 0.7, head_new=True),
                proposal("Peru", "population", Literal("1990"), 0.4),
            ]
        )
    return own


def post(client, path, **body):
    return client.post(f"/api/v1/{path}", json=body)


def proposals(client, **options):
    answer = client.get("/api/v1/proposals", params=options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_proposals_are_listed_with_spans_and_labels(editing):
    found = proposals(editing)
    assert [item["id"] for item in found["proposals"]] == [1, 2, 3]
    assert found["counts"] == {"proposed": 3, "accepted": 0, "rejected": 0, "withdrawn": 0}
    first, _, third = found["proposals"]
    assert [first["sentence"][x["start"] : x["end"]] for x in first["spans"]] == ["Peru", "Lima"]
    assert (third["tail"], third["value"]["value"]) == (None, "1990")
    assert len(proposals(editing, minimum=0.5)["proposals"]) == 2
    assert len(proposals(editing, relation="borders", limit=1)["proposals"]) == 1


def test_decisions_are_revisions(editing):
    done = post(editing, "proposals/accept", ids=[2]).json()
    assert (done["decided"], done["added"]) == ([2], 1)
    assert "Ann Brown" in editing.get("/api/v1/entities", params={"text": "Ann Br"}).text
    assert post(editing, "proposals/accept", ids=[2]).status_code == 409
    assert post(editing, "undo", revision=done["revision"]).status_code == 200
    assert post(editing, "proposals/reject", ids=[1, 2]).json()["decided"] == [1, 2]
    assert [x["id"] for x in proposals(editing, state="rejected")["proposals"]] == [1, 2]
    changed = post(editing, "proposals/change", id=3, relation="capital", tail="Lima").json()
    assert (changed["relation"], changed["tail"], changed["value"]) == ("capital", "Lima", None)
    assert post(editing, "proposals/accept-all", rule=">=.3").json()["decided"] in ([3], [])
    assert post(editing, "proposals/accept-all", rule="x").status_code == 409


@pytest.mark.parametrize("path", ["accept", "reject", "accept-all", "change"])
def test_a_server_that_only_reads_refuses_decisions(client, path):
    answer = post(client, f"proposals/{path}", ids=[1], rule=">=.9", id=1)
    assert answer.status_code == 403
    assert "--allow-edit" in json.loads(answer.text)["detail"]


def test_a_person_accepts_rejects_and_undoes_by_key(look, editing_url):
    expect = pytest.importorskip("playwright.sync_api").expect
    with look(editing_url, "review") as page:
        cards = page.locator(".proposal")
        expect(cards).to_have_count(3)
        expect(page.locator("#review-counts")).to_contain_text("3 proposals wait")
        expect(cards.first.locator("mark")).to_have_text(["Lima", "Peru"])
        expect(cards.first).to_contain_text(
            "🦊 Lima is the capital of Peru, <b>said</b> Ann Brown in 1990."
        )
        expect(cards.first).to_have_attribute("aria-current", "true")
        page.keyboard.press("ArrowDown")
        expect(cards.nth(1)).to_be_focused()
        expect(cards.nth(1)).to_contain_text("new")
        page.keyboard.press("a")
        expect(page.get_by_role("status").last).to_contain_text("Accepted: Ann Brown")
        expect(cards).to_have_count(2)
        page.keyboard.press("r")
        expect(page.get_by_role("status").last).to_contain_text("Rejected")
        expect(cards).to_have_count(1)
        expect(page.locator("#review-counts")).to_contain_text("1 accepted, 1 rejected")
        page.keyboard.press("u")
        expect(page.get_by_role("status").last).to_contain_text("is taken back")
        expect(cards).to_have_count(2)
        page.get_by_role("button", name="Undo").click()
        expect(cards).to_have_count(3)


def test_a_person_corrects_and_accepts_by_rule(look, editing_url):
    expect = pytest.importorskip("playwright.sync_api").expect
    with look(editing_url, "review") as page:
        cards = page.locator(".proposal")
        expect(cards).to_have_count(3)
        cards.nth(2).get_by_role("button", name="Correct").click()
        page.locator("#correct-relation").fill("capital")
        page.locator("#correct-tail").fill("Lima")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").last).to_contain_text("Corrected")
        expect(cards.nth(2).locator(".fact")).to_contain_text("capital")
        page.get_by_label("Accept all of").fill("borders>=.8")
        page.get_by_role("button", name="Accept all").click()
        expect(page.get_by_role("status").last).to_contain_text("1 accepted")
        expect(cards).to_have_count(2)


def test_a_server_that_only_reads_shows_no_buttons(look, url):
    expect = pytest.importorskip("playwright.sync_api").expect
    with look(url, "review") as page:
        expect(page.locator("#review-result")).to_contain_text("No proposal waits")
        expect(page.locator("#review-bar")).to_be_hidden()
