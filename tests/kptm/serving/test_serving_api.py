"""Every route returns what the workspace or its graph returns."""

import json
from dataclasses import asdict

import pytest

from kg.types import Attribute, Literal, Qualifier, Statement, Triple, readable_label
from kg.vocabulary import XSD
from kptm import Workspace
from kptm.answering.answer import Answer
from kptm.serving.schemas import responses

API = "/api/v1"
QUESTIONS = (
    "What is the capital of Chad?",
    "The capital of Peru is [MASK].",
    "Which country has the capital Lima?",
    "What is the capital of Atlantis?",
    "What is the colour of Chad?",
    "Evilland borders [MASK].",
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served_from(request):
    return request.param


def as_json(value):
    return json.loads(json.dumps(value))


def unlabelled(answer):
    return {name: value for name, value in answer.items() if name != "labels"}


def get(client, path, **parameters):
    response = client.get(f"{API}/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("question", QUESTIONS)
def test_ask_returns_the_answer_of_the_workspace(client, workspace, question):
    response = client.post(f"{API}/ask", json={"question": question})
    assert response.status_code == 200
    assert unlabelled(response.json()) == unlabelled(as_json(workspace.ask(question).to_dict()))


def test_a_batch_is_answered_in_order(client, workspace):
    response = client.post(f"{API}/ask/batch", json={"questions": QUESTIONS})
    found = [unlabelled(answer) for answer in response.json()["answers"]]
    assert found == [
        unlabelled(as_json(workspace.ask(question).to_dict())) for question in QUESTIONS
    ]


@pytest.mark.parametrize(
    "fact",
    [
        {"head": "Chad", "relation": "capital"},
        {"head": "Republic of Chad", "relation": "borders"},
        {"relation": "capital", "tail": "Lima"},
        {"head": "Lima", "relation": "borders"},
    ],
)
def test_query_returns_the_answer_of_the_workspace(client, workspace, fact):
    found = get(client, "query", **fact)
    assert unlabelled(found) == unlabelled(as_json(workspace.query(**fact).to_dict()))


def test_an_answer_has_all_fields_and_a_label_for_every_key(client, workspace):
    fields = {*Answer.__dataclass_fields__} - {"program"}
    assert {*responses.Answer.model_fields} == {*fields, "expression"}
    found = get(client, "query", head="Evilland", relation="capital")
    keys = {item["entity"] for item in found["answers"]} | {
        item["entity"] for item in found["evidence"]
    } - {""}
    known = workspace.graph.entities(keys)
    for key in keys:
        assert found["labels"][key] == known[key].label


def test_link_returns_the_links_of_the_linker(client, workspace):
    text = "🦊 Chad borders Evilland; the Republic of Peru does not."
    response = client.post(f"{API}/link", json={"text": text})
    document = workspace.linker.link(text)
    found = response.json()
    assert found["text"] == text
    assert [
        (link["start"], link["end"], link["surface"], link["entity"], link["score"])
        for link in found["links"]
    ] == [(link.start, link.end, link.surface, link.entity, link.score) for link in document.links]
    assert len(found["links"]) == 3
    for link, expected in zip(found["links"], document.links, strict=True):
        assert text[link["start"] : link["end"]] == link["surface"]
        pairs = [(item["entity"], item["prior"]) for item in link["candidates"]]
        assert pairs == [(item.entity, item.prior) for item in expected.candidates]
        for item in link["candidates"]:
            entity = workspace.graph.entity(item["entity"])
            assert (item["label"], item["description"]) == (entity.label, entity.description)


def test_entities_are_those_that_search_finds(client, workspace):
    for text in ("Ch", "republic of", "Evilland", "nothing is called so", "Prance", "Chad\0"):
        found = get(client, "entities", text=text, limit=5)
        expected = workspace.graph.search(text, limit=5)
        assert found == [as_json(asdict(item)) for item in expected]


def fact_of(fact):
    """A fact of the API as the triple or attribute of the graph."""
    if fact["value"] is None:
        return Triple(fact["head"], fact["relation"], fact["tail"])
    return (fact["head"], fact["relation"], fact["value"])


def graph_fact(fact):
    if isinstance(fact, Attribute):
        return (fact.head, fact.relation, as_json(asdict(fact.value)))
    return fact


@pytest.mark.parametrize("key", ["Chad", "Lima"])
def test_entity_returns_the_description(client, workspace, key):
    found = get(client, "entity", key=key)
    expected = workspace.graph.describe(key)
    assert found["entity"] == as_json(asdict(expected.entity))
    assert [fact_of(item["fact"]) for item in found["facts"]] == [
        graph_fact(item.fact) for item in expected.facts
    ]
    for item, one in zip(found["facts"], expected.facts, strict=True):
        assert [(s["source"], s["line"]) for s in item["sources"]] == list(one.sources)
        for name in ("head", "relation", "tail"):
            assert item["fact"][name] is None or item["fact"][name] in found["labels"]


def within(edges, centre, hops):
    """The distance of each entity within some hops, by breadth-first search."""
    far, frontier = {centre: 0}, {centre}
    for hop in range(1, hops + 1):
        ends = {end for edge in edges for end in edge[::2] if frontier & {edge[0], edge[2]}}
        frontier = ends - far.keys()
        far.update(dict.fromkeys(frontier, hop))
    return far


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("centre", ["Chad", "Niamey", "Lima"])
def test_a_neighbourhood_has_all_facts_within_its_hops(client, workspace, centre, hops):
    found = get(client, "neighbourhood", key=centre, hops=hops, limit=100)
    every = list(workspace.graph.match())
    far = within(every, centre, hops)
    near = within(every, centre, hops - 1)
    assert {node["key"]: node["hops"] for node in found["nodes"]} == far
    edges = {(edge["head"], edge["relation"], edge["tail"]) for edge in found["edges"]}
    assert edges == {edge for edge in every if near.keys() & {edge.head, edge.tail}}
    assert found["complete"]
    assert found["relations"] == {edge[1]: readable_label(edge[1]) for edge in edges}


def test_a_neighbourhood_says_whether_it_is_complete(client):
    found = get(client, "neighbourhood", key="Chad", limit=1)
    assert len(found["edges"]) == 1
    assert {node["key"] for node in found["nodes"]} == {*found["edges"][0].values()} - {
        found["edges"][0]["relation"]
    }
    assert not found["complete"]


def test_history_is_that_of_the_graph_newest_first(client, workspace):
    found = get(client, "history", key="Chad", limit=500)
    expected = workspace.graph.history("Chad")[::-1]
    assert [
        (item["revision"], item["kind"], fact_of(item["fact"]), item["source"], item["line"])
        for item in found["changes"]
    ] == [
        (item.revision, item.kind, graph_fact(item.fact), item.source, item.line)
        for item in expected
    ]
    one = get(client, "history", key="Chad", relation="capital", tail="N'Djamena")["changes"]
    assert [fact_of(item["fact"]) for item in one] == [("Chad", "capital", "N'Djamena")]
    assert len(get(client, "history", key="Chad", limit=2)["changes"]) == 2


def test_relations_revisions_and_counts_are_those_of_the_graph(client, workspace):
    assert get(client, "stats") == as_json(workspace.stats())
    relations = get(client, "relations")
    assert relations == [as_json(asdict(item)) for item in workspace.graph.relations()]
    revisions = get(client, "revisions", limit=2)
    assert revisions == [as_json(asdict(item)) for item in workspace.graph.revisions(limit=2)]
    about = get(client, "about")
    assert about["revision"] == workspace.graph.revision()
    assert about["name"] == workspace.folder.name
    assert about["allow_edit"] is False


def test_facts_and_entities_are_added_and_undone(editing):
    fact = {"relation": "capital", "tail": "Amaurot", "confidence": 0.5}
    body = {"name": "Utopia", "facts": [fact], "types": ["island"]}
    made = editing.post(f"{API}/add", json=body).json()
    assert made["added"] == 2
    assert made["new_entities"] == ["Amaurot", "Utopia"]
    assert editing.post(f"{API}/add", json=body).json()["revision"] == 0
    assert (
        editing.post(f"{API}/add", json={"name": "x", "facts": [{"tail": "y"}]}).status_code == 422
    )
    undone = editing.post(f"{API}/undo", json={"revision": made["revision"], "later": True})
    assert undone.status_code == 200


def test_a_question_may_have_a_time(own, explorer):
    with Workspace.open(own) as ws:
        for head, years in (("Otto", ("1990", "1999")), ("Rosa", ("2000", "2020"))):
            roles = zip(("start time", "end time"), years, strict=True)
            dates = tuple(Qualifier(role, Literal(year, f"{XSD}gYear")) for role, year in roles)
            ws.graph.add([Statement(Triple("Chad", "president", head), qualifiers=dates)])
    body = {"question": "Who is the president of Chad?"}
    with explorer(own) as client:
        for year, name in (("1995", "Otto"), ("2005", "Rosa"), ("1999-07-04", "Otto")):
            one = client.post(f"{API}/ask", json={**body, "at": year}).json()
            assert (one["entity"], len(one["answers"])) == (name, 1)
            many = {"questions": [body["question"]] * 2, "at": year}
            answers = client.post(f"{API}/ask/batch", json=many).json()["answers"]
            assert [answer["entity"] for answer in answers] == [name] * 2
        for wrong in ("soon", "95", "{at}", 1995):
            refused = client.post(f"{API}/ask", json={**body, "at": wrong})
            assert refused.status_code == 422
        assert (
            "'{at}' is not a time: give a year, 1995"
            in client.post(f"{API}/ask", json={**body, "at": "{at}"}).json()["detail"]
        )


def test_the_next_answer_uses_an_edit_and_its_undo(editing):
    def capital():
        return get(editing, "query", head="Chad", relation="capital")["entity"]

    def asked():
        body = {"question": "What is the capital of Chad?"}
        return editing.post(f"{API}/ask", json=body).json()["entity"]

    assert (capital(), asked()) == ("N'Djamena", "N'Djamena")
    body = {"head": "Republic of Chad", "relation": "capital", "tail": "Lima"}
    made = editing.post(f"{API}/edit", json=body)
    assert made.status_code == 200
    assert (capital(), asked()) == ("Lima", "Lima")
    newest = get(editing, "revisions", limit=1)[0]
    assert (newest["number"], newest["kind"]) == (made.json()["revision"], "edit")
    kinds = [item["kind"] for item in get(editing, "history", key="Chad", limit=2)["changes"]]
    assert sorted(kinds) == ["added", "removed"]
    again = editing.post(f"{API}/edit", json=body)
    assert again.status_code == 409
    undone = editing.post(f"{API}/undo", json=made.json())
    assert undone.json() == {"revision": made.json()["revision"] + 1}
    assert (capital(), asked()) == ("N'Djamena", "N'Djamena")


def test_an_edit_of_one_of_several_values_names_the_old_one(editing):
    body = {"head": "Chad", "relation": "borders", "tail": "Peru"}
    refused = editing.post(f"{API}/edit", json=body)
    assert refused.status_code == 409
    assert "2 values" in refused.json()["detail"]
    done = editing.post(f"{API}/edit", json={**body, "old": "Niger"})
    assert done.status_code == 200
    found = {
        item["entity"] for item in get(editing, "query", head="Chad", relation="borders")["answers"]
    }
    assert "Peru" in found
    assert "Niger" not in found


def test_a_server_that_only_reads_refuses_changes(client, workspace):
    before = workspace.graph.revision(), workspace.graph.fingerprint()
    edit = {"head": "Chad", "relation": "capital", "tail": "Lima"}
    for path, body in (
        ("edit", edit),
        ("undo", {"revision": 1}),
        ("edit", {}),
        ("undo", []),
        ("add", {"name": "x"}),
    ):
        response = client.post(f"{API}/{path}", json=body)
        assert response.status_code == 403
        assert response.json() == {"detail": "this server only reads; start it with --allow-edit"}
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        for path in ("ask", "edit", "entity", "about"):
            assert client.request(method, f"{API}/{path}", json={}).status_code == 405
    assert (workspace.graph.revision(), workspace.graph.fingerprint()) == before


def test_the_openapi_document_describes_every_route(client):
    document = get(client, "openapi.json")
    probes = {"/healthz", "/readyz", "/metrics"}
    assert probes <= {*document["paths"]}
    assert {*document["paths"]} - probes == {
        f"{API}/{name}"
        for name in "ask ask/batch query examples link about stats relations entities entity"
        " neighbourhood map"
        " history revisions add edit undo proposals proposals/accept proposals/accept-all"
        " proposals/reject"
        " proposals/change".split()
    }
    for name, path in document["paths"].items():
        kind = "text/plain" if name == "/metrics" else "application/json"
        for operation in path.values():
            assert operation["description"]
            assert kind in operation["responses"]["200"]["content"]
            assert name in probes or "schema" in operation["responses"]["200"]["content"][kind]


def test_an_edit_changes_modeledge_too(copied, explorer):
    """An edit by the server changes graph and modeledge together, as one by the workspace does."""
    edit = {"head": "Chad", "relation": "capital", "tail": "Lima"}
    cloze = {"question": "The capital of Chad is [MASK]."}
    with explorer(copied, allow_edit=True) as client:
        before = client.post(f"{API}/ask", json=cloze).json()
        records = get(client, "stats")["modeledge"]
        made = client.post(f"{API}/edit", json=edit).json()
        assert client.post(f"{API}/ask", json=cloze).json()["entity"] == "Lima"
        assert get(client, "stats")["modeledge"] != records
        assert client.post(f"{API}/undo", json=made).status_code == 200
        assert client.post(f"{API}/ask", json=cloze).json()["answers"] == before["answers"]
        assert get(client, "stats")["modeledge"] == records


@pytest.mark.parametrize("ends", [{}, {"head": "Chad", "tail": "Lima"}])
def test_a_query_needs_either_head_or_tail(client, ends):
    response = client.get(f"{API}/query", params={"relation": "capital", **ends})
    assert response.status_code == 422
    assert response.json() == {"detail": "give either head or tail: the other one is asked for"}


@pytest.mark.parametrize(
    "path", ["/", f"{API}/about", f"{API}/entity?key=Chad", f"{API}/entity?key=no", f"{API}/ask"]
)
def test_head_is_answered_like_get_without_the_body(client, path):
    got, asked = client.get(path), client.head(path)
    assert asked.status_code == got.status_code
    assert asked.headers["content-length"] == got.headers["content-length"]
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert asked.content == b""


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32-le"])
def test_a_body_that_is_not_utf_8_is_refused(client, encoding):
    body = '{"question": "What is the capital of Perú?"}'.encode(encoding)
    headers = {"content-type": "application/json"}
    response = client.post(f"{API}/ask", content=body, headers=headers)
    assert response.status_code in ((400,) if encoding != "utf-32-le" else (400, 422))
    assert "Traceback" not in response.text
