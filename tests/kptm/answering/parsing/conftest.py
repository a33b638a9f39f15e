"""Fixtures: a predictor over the rows of a table, or over facts."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor


def load_rows(folder, key, columns, rows, name="table.tsv"):
    lines = ["\t".join((key, *columns))]
    for row, cells in rows.items():
        texts = ("; ".join(cell) if isinstance(cell, tuple) else str(cell) for cell in cells)
        lines.append("\t".join((row, *texts)))
    (folder / name).write_text("\n".join(lines) + "\n")
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / name, key=key, split=";")
    return Predictor(graph, Linker(graph))


def load_facts(folder, facts, name):
    (folder / name).write_text("".join("\t".join(map(str, fact)) + "\n" for fact in facts))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(folder / name)
    return Predictor(graph, Linker(graph))


@pytest.fixture(scope="session")
def triples():
    """Returns a predictor over facts (subject, relation, object): its folder, facts, file name."""
    return load_facts


@pytest.fixture(scope="session")
def table():
    """Returns a predictor over a table: its folder, key column, other columns, cells by row."""
    return load_rows
