"""Graphs that others made load by one command each, and hold what their files hold."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg import KnowledgeGraph
from kptm.cli.main import main

DATA = Path(__file__).parents[3] / "shared" / "data"
PARTS = ("train.tsv.gz", "valid.tsv.gz", "test.tsv.gz")


@pytest.fixture(autouse=True)
def real_data():
    """Large files that are not in the repository."""
    if not DATA.is_dir():
        pytest.skip("the real data are not beside the project")


def load(folder, name, files, *options):
    paths = [str(DATA / name / file) for file in files]
    arguments = ["load", str(folder / "ws"), *paths, *map(str, options), "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return KnowledgeGraph.open(folder / "ws" / "graph.db")


def rows(name, file):
    with gzip.open(DATA / name / file, "rt", encoding="utf-8") as stream:
        return [tuple(line.rstrip("\n").split("\t")) for line in stream]


def triples(name, files=PARTS):
    return {row for file in files for row in rows(name, file)}


def check(graph, wanted, more=()):
    """The graph holds these triples, and the entities in them or in ``more``."""
    stats = graph.stats()
    ends = {end for head, _, tail in wanted for end in (head, tail)}
    assert stats["triples"] == len(wanted)
    assert stats["relations"] == len({relation for _, relation, _ in wanted})
    assert stats["entities"] == len(ends | set(more))
    assert set(map(tuple, graph.match())) == wanted


def test_fb15k_237_with_its_entities(tmp_path):
    entities = DATA / "fb15k-237" / "entities.jsonl.gz"
    with load(tmp_path, "fb15k-237", PARTS, "--entities", entities) as graph:
        with gzip.open(entities, "rt", encoding="utf-8") as stream:
            records = {record["key"]: record for record in map(json.loads, stream)}
        check(graph, triples("fb15k-237"), records)
        found = graph.entities(records)
        for key, record in records.items():
            assert found[key].description == (record.get("description") or "")
            if record.get("label"):
                assert found[key].label == record["label"]
            aliases = set(record.get("aliases") or ()) - {found[key].label}
            assert aliases == set(found[key].aliases)


def test_wn18rr_with_its_definitions(tmp_path):
    entities = DATA / "wn18rr" / "entities.tsv.gz"
    options = ("--entities", entities, "--entity-columns", "key,description")
    with load(tmp_path, "wn18rr", PARTS, *options) as graph:
        said = dict(rows("wn18rr", "entities.tsv.gz"))
        check(graph, triples("wn18rr"), said)
        found = graph.entities(said)
        assert {key: found[key].description for key in said} == said


def test_codex_m_with_types_and_relations(tmp_path):
    folder = DATA / "codex-m"
    names = ("entity2types.json.gz", "types.en.json.gz", "relations.en.json.gz")
    options = [part for name in names for part in ("--entities", folder / name)]
    with load(tmp_path, "codex-m", PARTS, *options) as graph:
        types, labels, relations = (
            json.loads(gzip.decompress((folder / name).read_bytes())) for name in names
        )
        wanted = triples("codex-m")
        used = {relation for _, relation, _ in wanted}
        # What names no relation of these triples names an entity.
        check(graph, wanted, [*types, *labels, *(relations.keys() - used)])
        found = graph.entities(types)
        assert {key: set(found[key].types) for key in types} == {
            k: set(v) for k, v in types.items()
        }
        told = {item.key: item.label for item in graph.relations()}
        assert told == {key: relations[key]["label"] for key in used}


def test_metaqa(tmp_path):
    wanted = triples("metaqa", ["kb.tsv.gz"])
    with load(tmp_path / "plain", "metaqa", ["kb.tsv.gz"], "--no-types") as graph:
        check(graph, wanted)
    with load(tmp_path / "typed", "metaqa", ["kb.tsv.gz"]) as graph:  # years are values
        values = {(item.head, item.relation, item.value.value) for item in graph.attributes()}
        assert {relation for _, relation, _ in values} == {"release year"}
        assert set(map(tuple, graph.match())) | values == wanted
