"""LlamaIndex: a retriever, tools, and a workspace as a property graph store."""

import asyncio
import json

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.graph_stores.types import ChunkNode, EntityNode, Relation
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery

from kg import QueryError
from kptm.errors import ConfigError, WorkspaceError
from kptm.integrations.llama_graph_store import WorkspaceGraphStore
from kptm.integrations.llama_index import WorkspaceNodeRetriever, workspace_function_tools


@pytest.fixture
def store(ws):
    return WorkspaceGraphStore(ws)


def test_nodes_say_where_they_come_from(ws):
    retriever = WorkspaceNodeRetriever(ws, similarity_top_k=3)
    found = retriever.retrieve("What is the capital of Chad?")
    assert len(found) == 3
    assert found[0].text == "Chad | capital | N'Djamena"
    assert found[0].metadata["source"] == "facts.tsv"
    assert found[0].score == max(one.score for one in found)
    again = asyncio.run(retriever.aretrieve("What is the capital of Chad?"))
    assert [one.node_id for one in again] == [one.node_id for one in found]
    with pytest.raises(ConfigError, match="at least 1"):
        WorkspaceNodeRetriever(ws, similarity_top_k=0)


def test_tools_answer_and_refuse(ws):
    tools = {tool.metadata.name: tool for tool in workspace_function_tools(ws)}
    assert "edit" not in tools
    answer = json.loads(tools["ask"].call(question="what is the capital of Chad").content)
    assert answer["answers"][0]["key"] == "N'Djamena"
    same = asyncio.run(tools["ask"].acall(question="what is the capital of Chad"))
    assert json.loads(same.content) == answer
    schema = tools["describe"].metadata.get_parameters_dict()
    assert schema["required"] == ["entity"]
    with pytest.raises(ValueError, match="Atlantis"):
        tools["describe"].call(entity="Atlantis")


def test_triplets_are_those_of_the_graph(ws, store):
    found = {(a.id, r.label, b.id) for a, r, b in store.get_triplets(entity_names=["Chad"])}
    assert found == {tuple(fact) for fact in ws.graph.touching(["Chad"])}
    found = {(a.id, b.id) for a, _, b in store.get_triplets(relation_names=["capital"])}
    assert found == {("Chad", "N'Djamena"), ("Sudan", "Khartoum")}
    both = store.get_triplets(entity_names=["Chad"], relation_names=["capital"])
    assert [(a.id, b.id) for a, _, b in both] == [("Chad", "N'Djamena")]
    assert store.get_triplets() == []


def test_nodes_have_labels_and_properties(store):
    [chad] = store.get(ids=["Chad"])
    assert (chad.id, chad.label, chad.properties["area"]) == ("Chad", "country", "1284000")
    assert [one.id for one in store.get(properties={"area": "1284000"})] == ["Chad"]
    assert [one.id for one in store.get(properties={"name": "Sudan"})] == ["Sudan"]
    assert store.get(properties={"name": "Sudan", "area": "1284000"}) == []
    assert len(store.get()) == 6


def test_the_neighbourhood_of_nodes_grows_with_depth(ws, store):
    [chad] = store.get(ids=["Chad"])
    for depth in (1, 2):
        wanted = {tuple(fact) for fact in ws.graph.neighbours("Chad", hops=depth)}
        found = store.get_rel_map([chad], depth=depth)
        assert {(a.id, r.label, b.id) for a, r, b in found} == wanted
    few = store.get_rel_map([chad], depth=2, limit=2, ignore_rels=["borders"])
    assert {r.label for _, r, _ in few} == {"capital"}


def test_writes_can_be_read_and_undone(ws, store):
    before = ws.graph.fingerprint()
    number = ws.graph.revision()
    libya = EntityNode(name="Libya", label="country", properties={"population": 7_000_000})
    chad = EntityNode(name="Chad")
    border = Relation(label="borders", source_id="Chad", target_id="Libya", properties={"km": 1055})
    store.upsert_triplets([(chad, border, libya)])
    [found] = store.get(ids=["Libya"])
    assert (found.label, found.properties["population"]) == ("country", "7,000,000")
    assert ("Chad", "borders", "Libya") in set(ws.graph.match())
    assert "llamaindex" in ws.graph.sources()
    while ws.graph.revision() > number:
        newest = ws.graph.revision()
        ws.undo(newest)
        number += 2
    ws.undo(newest - 1)
    assert ws.graph.fingerprint() == before


def test_removal_forgets_entities_and_relations(ws, store):
    store.delete(entity_names=["Egypt", "Atlantis"])
    assert not ws.graph.entities(["Egypt"])
    store.delete(relation_names=["capital"])
    assert {fact.relation for fact in ws.graph.match()} == {"borders"}


def test_cypher_is_the_subset_of_kptm(store):
    rows = store.structured_query("MATCH (a:country)-[:capital]->(b) RETURN b")
    assert [list(row.values()) for row in rows] == [["N'Djamena"]]
    with pytest.raises(QueryError):
        store.structured_query("CREATE (a)")
    assert "capital" in store.get_schema()


@pytest.mark.parametrize(
    ("work", "part"),
    [
        (lambda store: store.upsert_nodes([ChunkNode(text="a text")]), "Workspace.index"),
        (lambda store: store.upsert_llama_nodes([TextNode(text="a text")]), "Workspace.index"),
        (lambda store: store.upsert_nodes([EntityNode(name="x", embedding=[1.0])]), "vectors"),
        (lambda store: store.upsert_nodes([EntityNode(name="x", properties={"a": [1]})]), "'a'"),
        (lambda store: store.vector_query(VectorStoreQuery()), "WorkspaceNodeRetriever"),
        (lambda store: store.delete(properties={"a": 1}), "properties"),
        (lambda store: store.structured_query("MATCH (a) RETURN a", {"x": 1}), "parameters"),
    ],
)
def test_unsupported_calls_are_refused_by_name_and_change_nothing(ws, store, work, part):
    before = ws.graph.revision()
    with pytest.raises(WorkspaceError, match=part):
        work(store)
    assert ws.graph.revision() == before
