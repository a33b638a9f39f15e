"""Labels in the languages that a client prefers, and the texts of the page in three languages."""

import json
import re
from pathlib import Path

import pytest

from kg import Attribute, Literal
from kg.vocabulary import DESCRIPTION, LABEL
from kptm import Workspace
from kptm.serving.accepted_languages import MAX_LANGUAGES, accepted_languages

STATIC = Path(__file__).parents[3] / "kptm" / "serving" / "static"
CODES = ("de", "en", "zh")
WORDS = {
    code: json.loads((STATIC / f"words.{code}.json").read_text(encoding="utf-8")) for code in CODES
}
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
PAGE = "".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.html")))
MANY = tuple(f"x{chr(97 + number)}" for number in range(20))
KINDS = "kind", "meaning", "evidence", "history"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", ()),
        ("de", ("de",)),
        ("de-AT,de;q=0.9,en;q=0.8", ("de-at", "de", "en")),
        ("en;q=0.2, fr ; q=0.7,de", ("de", "fr", "en")),
        ("*", ()),
        ("de;q=0, en", ("en",)),
        ("de,de;q=0.1", ("de",)),
        ("de;q=2,x!y,;;,en;q=,fr;q=0.1234", ()),
        ("de\x00", ()),
        (",".join(MANY), MANY[:MAX_LANGUAGES]),
        ("a" * 10_000, ()),
    ],
)
def test_the_header_is_read_as_http_defines_it(header, found):
    assert accepted_languages(header) == found


@pytest.fixture
def folder(tmp_path):
    names = {"Q1": {"en": "Germany", "de": "Deutschland", "zh": "德国"}, "Q2": {"en": "Berlin"}}
    names["P36"] = {"en": "capital", "de": "Hauptstadt", "zh": "首都"}
    with Workspace.open(tmp_path / "ws") as ws:
        ws.graph.add([("Q1", "P36", "Q2")])
        ws.graph.add(
            Attribute(key, LABEL, Literal(text, language=code))
            for key, texts in names.items()
            for code, text in texts.items()
        )
        ws.graph.add([Attribute("Q1", DESCRIPTION, Literal("Staat", language="de"))])
    return tmp_path / "ws"


def labels(client, code):
    headers = {} if code is None else {"accept-language": code}
    root = "/api/v1/"
    asked = client.post(f"{root}ask", json={"question": "capital of Germany"}, headers=headers)
    linked = client.post(f"{root}link", json={"text": "Germany"}, headers=headers)
    answer, [link] = asked.json(), linked.json()["links"]
    entity = client.get(f"{root}entity?key=Q1", headers=headers).json()
    around = client.get(f"{root}neighbourhood?key=Q2", headers=headers).json()
    past = client.get(f"{root}history?key=Q2", headers=headers).json()
    query = client.get(f"{root}query?relation=P36&tail=Q2", headers=headers).json()
    relations = client.get(f"{root}relations", headers=headers).json()
    found = client.get(f"{root}entities?text=Q1", headers=headers).json()
    return {
        answer["labels"]["Q1"],
        link["label"],
        entity["entity"]["label"],
        entity["labels"]["Q1"],
        next(node["label"] for node in around["nodes"] if node["key"] == "Q1"),
        past["labels"]["Q1"],
        query["answers"][0]["label"],
        found[0]["label"],
    }, {answer["labels"]["P36"], relations[0]["label"], around["relations"]["P36"]}


@pytest.mark.parametrize(
    ("code", "entity", "relation"),
    [
        (None, "Germany", "capital"),
        ("de-CH,de;q=0.9", "Deutschland", "Hauptstadt"),
        ("zh", "德国", "首都"),
        ("fr", "Germany", "capital"),
    ],
)
def test_all_labels_of_a_response_are_in_the_client_s_language(
    folder, explorer, code, entity, relation
):
    with explorer(folder) as client:
        assert labels(client, code) == ({entity}, {relation})


def test_the_languages_of_the_workspace_come_after_those_of_the_client(folder, explorer):
    path = folder / "kptm.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("languages = []", 'languages = ["de"]'), encoding="utf-8")
    with explorer(folder) as client:
        assert labels(client, None)[0] == labels(client, "fr")[0] == {"Deutschland"}
        assert labels(client, "zh,en;q=0.1")[0] == {"德国"}


def test_sentence_and_evidence_have_labels_in_the_language(folder, explorer):
    with explorer(folder) as client:
        headers = {"accept-language": "de"}
        asked = {"question": "What is the capital of Germany?"}
        answer = client.post("/api/v1/ask", json=asked, headers=headers).json()
        plain = client.post("/api/v1/ask", json=asked).json()
    assert "Deutschland" in answer["sentence"]
    assert "Germany" in plain["sentence"]
    [fact] = [item["text"] for item in answer["evidence"] if item["kind"] == "triple"]
    assert fact.startswith("Deutschland (Q1) | P36 | Berlin")
    same = ("entity", "score", "topic", "path", "reason")
    assert [answer[name] for name in same] == [plain[name] for name in same]


def test_proposals_have_labels_in_the_language(folder, explorer):
    with Workspace.open(folder) as ws:
        ws.propose("Q1", "P36", "Bonn", sentence="Bonn.", source="letter", confidence=0.5)
    with explorer(folder) as client:
        found = client.get("/api/v1/proposals", headers={"accept-language": "de"}).json()
    [item] = found["proposals"]
    shown = [item[f"{part}_label"] for part in ("head", "relation", "tail")]
    assert shown == ["Deutschland", "Hauptstadt", "Bonn"]


def test_a_change_is_seen_in_every_language(folder, explorer):
    with explorer(folder, allow_edit=True) as client:
        assert labels(client, "de")[0] == {"Deutschland"}
        new = {"name": "Q3", "facts": [{"relation": "P36", "tail": "Q2"}], "label": "Preußen"}
        assert client.post("/api/v1/add", json={**new, "exact": True}).status_code == 200
        around = client.get("/api/v1/neighbourhood?key=Q2", headers={"accept-language": "de"})
        assert "Preußen" in {node["label"] for node in around.json()["nodes"]}


def test_the_three_languages_have_the_same_texts():
    for code in CODES:
        assert WORDS[code].keys() == WORDS["en"].keys(), code
        for key, text in WORDS[code].items():
            assert text.strip(), (code, key)
            for part in (r"\{\w+\}", "`[^`]+`"):
                assert sorted(re.findall(part, text)) == sorted(
                    re.findall(part, WORDS["en"][key])
                ), (code, key)


def test_every_text_of_the_page_exists_and_is_used():
    used = set(re.findall(r'data-say(?:-[\w-]+)?="([\w.]+)"', PAGE))
    used |= set(re.findall(r'data-(?:label|note)="([\w.]+)"', PAGE))
    for source in SCRIPTS.values():
        used |= {f"{key}.one" for key in re.findall(r'counted\("([\w.]+)"', source)}
        used |= {f"{key}.other" for key in re.findall(r'counted\("([\w.]+)"', source)}
        used |= {key for key in re.findall(r'"([a-z]+(?:[._]\w+)*)"', source) if key in WORDS["en"]}
        for call in re.findall(r"\bsay\(([^;]*?)\)", source):
            for key in re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', call):
                assert key in WORDS["en"], key
    used |= {f"nav.{view}" for view in ("ask", "link", "graph", "history", "review")}
    assert used <= WORDS["en"].keys()
    unused = {key for key in WORDS["en"].keys() - used if key.partition(".")[0] not in KINDS}
    assert unused == set()


def test_the_page_begins_in_english():
    """The page contains the English texts that its scripts would put there."""
    for key, text in re.findall(r'data-say="([\w.]+)">(.*?)</', PAGE, re.S):
        plain = re.sub(r"<kbd>(.*?)$", r"`\1", text)
        assert WORDS["en"][key].startswith(plain.rstrip("`")), key
    for attribute in ("placeholder", "aria-label"):
        pattern = rf'{attribute}="([^"]*)"\s+data-say-{attribute}="([\w.]+)"'
        for text, key in re.findall(pattern, PAGE):
            assert WORDS["en"][key] == text


@pytest.mark.parametrize(
    ("code", "title"), [("de", "Was möchten Sie wissen?"), ("zh", "您想知道什么？")]
)
def test_the_page_uses_the_language_of_the_browser(browser, url, code, title):
    expect = pytest.importorskip("playwright.sync_api").expect
    page = browser.new_page(locale=f"{code}-XX")
    page.goto(f"{url}#/ask?q=What is the capital of Chad?")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator(".evidence .badge").first).to_have_text(WORDS[code]["evidence.triple"])
    page.locator("#language").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")
    expect(page.locator(".evidence .badge").first).to_have_text("Fact")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")
    page.close()
