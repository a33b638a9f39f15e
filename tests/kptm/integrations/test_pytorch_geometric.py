"""A graph as PyTorch Geometric's data: every fact is an edge and comes back; models run on it."""

import random
import subprocess
import sys
import warnings
from importlib.util import find_spec

import networkx as nx
import pytest
import torch

from kg import Attribute, EntityEmbeddings, EntityRecord, Literal, Triple
from kg.errors import EmbeddingMismatchError
from kptm import Workspace
from kptm.errors import ConfigError

if find_spec("torch_geometric") is None:
    reason = (
        'it needs pip install "kptm[pyg]", which the extra "dev" leaves out: see CONTRIBUTING.md'
    )
    pytest.skip(reason, allow_module_level=True)
with warnings.catch_warnings():  # the library compiles classes by a deprecated part of torch
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn import HeteroConv, RGCNConv, SAGEConv
    from torch_geometric.transforms import ToUndirected
    from torch_geometric.utils import to_networkx

    from kptm.integrations.pytorch_geometric import UNTYPED, to_data, to_hetero_data


@pytest.fixture
def graph(ws):
    """Countries, cities, one entity of two types, one of none, a loop and a value."""
    records = [
        *(EntityRecord(key=key, types=("country",)) for key in ("Sudan", "Niger", "Egypt")),
        *(EntityRecord(key=key, types=("city",)) for key in ("N'Djamena", "Khartoum")),
        EntityRecord(key="Cairo", types=("city", "club")),
        EntityRecord(key="Alone", types=("city",)),
        Attribute("Cairo", "area", Literal("3085")),
        Triple("Egypt", "capital", "Cairo"),
        Triple("Cairo", "twin of", "Cairo"),
        Triple("Nile", "flows through", "Khartoum"),
    ]
    ws.graph.add(records)
    return ws.graph


def columns(data):
    heads, tails = data.edge_index.tolist()
    return zip(heads, data.edge_type.tolist(), tails, strict=True)


def facts(found):
    return [
        (found.entities[head], found.relations[kind], found.entities[tail])
        for head, kind, tail in columns(found.data)
    ]


def hetero_facts(found):
    return sorted(
        (found.entities[first][head], relation, found.entities[last][tail])
        for first, relation, last in found.data.edge_types
        for head, tail in found.data[first, relation, last].edge_index.t().tolist()
    )


def test_every_fact_is_an_edge_in_its_order(graph):
    found = to_data(graph)
    assert facts(found) == [tuple(fact) for fact in graph.match()]
    assert found.data.validate()
    assert found.data.num_nodes == len(found.entities) == len(set(found.entities))
    assert found.data.num_edges == graph.stats()["triples"]
    assert "Alone" not in found.entities
    assert found.data.edge_index.dtype == found.data.edge_type.dtype == torch.int64
    assert found.data.has_self_loops()
    assert found.data.is_directed()


def test_edges_are_those_of_networkx(graph):
    """PyTorch Geometric's own way to NetworkX, and ours, give the same graph."""
    found = to_data(graph)
    theirs = to_networkx(found.data, to_multi=True)
    names = dict(enumerate(found.entities))
    ours = nx.MultiDiGraph(graph.to_networkx())
    assert sorted(nx.relabel_nodes(theirs, names).edges()) == sorted(ours.edges())


def test_nodes_have_the_type_that_most_entities_have(graph):
    found = to_hetero_data(graph)
    assert found.data.validate()
    assert {kind: set(keys) for kind, keys in found.entities.items()} == {
        "country": {"Chad", "Sudan", "Niger", "Egypt"},
        "city": {"N'Djamena", "Khartoum", "Cairo"},
        UNTYPED: {"Nile"},
    }
    assert hetero_facts(found) == sorted(tuple(fact) for fact in graph.match())
    assert set(found.data.edge_types) == {
        ("country", "capital", "city"),
        ("country", "borders", "country"),
        ("city", "twin of", "city"),
        (UNTYPED, "flows through", "city"),
    }
    assert {kind: found.data[kind].num_nodes for kind in found.data.node_types} == {
        kind: len(keys) for kind, keys in found.entities.items()
    }


def test_types_are_chosen_by_priority(graph):
    found = to_hetero_data(graph, types=("club", "city"))
    assert {kind: set(keys) for kind, keys in found.entities.items()} == {
        "club": {"Cairo"},
        "city": {"N'Djamena", "Khartoum"},
        UNTYPED: {"Chad", "Sudan", "Niger", "Egypt", "Nile"},
    }
    assert hetero_facts(found) == sorted(tuple(fact) for fact in graph.match())
    with pytest.raises(ConfigError, match="'citty'; there are country, city, club"):
        to_hetero_data(graph, types=("citty",))


def test_one_graph_both_ways(graph):
    """HeteroData made homogeneous by the library has as many nodes, edges and kinds of edges."""
    plain, typed = to_data(graph), to_hetero_data(graph)
    again = typed.data.to_homogeneous()
    assert again.num_nodes == plain.data.num_nodes
    assert again.num_edges == plain.data.num_edges


def test_facts_can_be_chosen(graph):
    capitals = list(graph.match(relation="capital"))
    assert facts(to_data(graph, triples=capitals)) == [tuple(fact) for fact in capitals]
    assert to_hetero_data(graph, triples=iter(capitals)).data.edge_types == [
        ("country", "capital", "city")
    ]


def test_random_graphs_come_back(tmp_path):
    chance = random.Random(5)
    keys = [f"e{number}" for number in range(40)]
    with Workspace.open(tmp_path / "random") as opened:
        opened.graph.add(
            EntityRecord(key=key, types=tuple(chance.sample("abc", chance.randint(0, 2))))
            for key in keys
        )
        opened.graph.add(
            (
                chance.choice(keys),
                chance.choice(["r", "s.t", "http://x/#y", "_"]),
                chance.choice(keys),
            )
            for _ in range(300)
        )
        wanted = sorted(tuple(fact) for fact in opened.graph.match())
        assert sorted(facts(to_data(opened.graph))) == wanted
        found = to_hetero_data(opened.graph)
        assert hetero_facts(found) == wanted
        for kind, members in found.entities.items():
            for key in members:
                assert kind in (opened.graph.entity(key).types or (UNTYPED,))


def test_an_empty_graph_is_empty(tmp_path):
    with Workspace.open(tmp_path / "empty") as opened:
        found = to_data(opened.graph)
        assert (found.data.num_nodes, found.data.num_edges, found.entities) == (0, 0, ())
        assert found.data.edge_index.shape == (2, 0)
        typed = to_hetero_data(opened.graph)
        assert (typed.data.node_types, typed.data.edge_types, typed.entities) == ([], [], {})


def vectors(keys, **options):
    table = torch.arange(len(keys) * 4, dtype=torch.float32).reshape(-1, 4) + 1
    return EntityEmbeddings(keys, table, **options)


def test_vectors_are_features_and_missing_ones_are_marked(graph):
    known = vectors(["Cairo", "Egypt", "Alone"])
    found = to_data(graph, embeddings=known)
    assert found.data.x.shape == (len(found.entities), 4)
    for at, key in enumerate(found.entities):
        assert found.data.has_vector[at] == (key in known)
        wanted = known.vectors([key])[0] if key in known else torch.zeros(4)
        assert torch.equal(found.data.x[at], wanted)
    typed = to_hetero_data(graph, embeddings=known)
    for kind, members in typed.entities.items():
        for at, key in enumerate(members):
            wanted = known.vectors([key])[0] if key in known else torch.zeros(4)
            assert torch.equal(typed.data[kind].x[at], wanted)
            assert typed.data[kind].has_vector[at] == (key in known)


def test_vectors_of_another_graph_are_refused(graph):
    other = vectors(["Cairo"], fingerprint="f" * 64, revision=1)
    for convert in (to_data, to_hetero_data):
        with pytest.raises(EmbeddingMismatchError, match="belong to the graph"):
            convert(graph, embeddings=other)


def test_an_earlier_revision_is_converted(graph):
    before = graph.at(graph.revision() - 1)
    assert "Egypt" in to_data(graph).entities
    assert facts(to_data(before)) == [tuple(fact) for fact in before.match()]
    assert to_data(before).data.num_edges < to_data(graph).data.num_edges


def test_layers_run_on_it(graph):
    """R-GCN on Data, and a layer per relation on HeteroData; each node's sum is as by hand."""
    known = vectors(list(to_data(graph).entities))
    found = to_data(graph, embeddings=known)
    layer = RGCNConv(4, 4, num_relations=len(found.relations), bias=False, root_weight=False)
    with torch.no_grad():
        layer.weight[:] = torch.eye(4)
        out = layer(found.data.x, found.data.edge_index, found.data.edge_type)
    sudan = found.entities.index("Sudan")  # only Chad borders it
    assert torch.allclose(out[sudan], known.vectors(["Chad"])[0])

    typed = ToUndirected()(to_hetero_data(graph, embeddings=known).data)
    convolution = HeteroConv({name: SAGEConv((-1, -1), 8) for name in typed.edge_types})
    out = convolution(typed.x_dict, typed.edge_index_dict)
    assert {kind: len(rows) for kind, rows in out.items()} == {
        kind: typed[kind].num_nodes for kind in out
    }


@pytest.mark.usefixtures("separate_process")
def test_a_missing_library_is_said():
    code = (
        "import sys; sys.modules['torch_geometric.data'] = None\n"
        "from kptm.errors import ConfigError\n"
        "try:\n    import kptm.integrations.pytorch_geometric\n"
        "except ConfigError as error:\n    assert 'kptm[pyg]' in str(error)\n"
        "else:\n    raise SystemExit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
