"""HTML for notebooks: it shows the graph's facts, and markup in names is escaped."""

from html.parser import HTMLParser

import pytest
import torch

from kg import EntityEmbeddings, EntityRecord
from kg.formats.notebook_html import MAX_CELL_CHARACTERS, SHOWN_ROWS

EVIL = "<img src=x onerror=alert(1)>&amp;\"'"


class Cells(HTMLParser):
    """The cells of a table, and the tags that it has."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.tags, self.text, self.inside = [], set(), "", False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        self.text += data
        if self.inside:
            self.rows[-1][-1] += data


def test_a_graph_shows_its_first_facts_by_their_labels(new_graph):
    graph = new_graph()
    graph.add([EntityRecord(key="Q1", label="France"), ("Q1", "capital", "Paris")])
    graph.add([("Q1", "city", f"City {number}") for number in range(20)])
    shown = Cells(graph._repr_html_())
    facts = [["France", fact.relation, fact.tail] for fact in graph.match()]
    assert shown.rows == [["head", "relation", "tail"], *facts[:SHOWN_ROWS]]
    assert "triples 21" in shown.text
    assert "and 11 more triples" in shown.text


def test_an_empty_graph_and_an_earlier_revision(new_graph):
    graph = new_graph()
    assert Cells(graph._repr_html_()).rows == [["head", "relation", "tail"]]
    graph.add([("a", "r", "b")])
    assert Cells(graph.at(0)._repr_html_()).rows == [["head", "relation", "tail"]]


def test_names_are_text_and_long_ones_are_cut(new_graph):
    graph = new_graph()
    graph.add([(EVIL, EVIL, "x" * 500)])
    shown = Cells(graph._repr_html_())
    assert shown.rows[1] == [EVIL, EVIL, "x" * (MAX_CELL_CHARACTERS - 1) + "…"]
    assert shown.tags == {"div", "p", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("keys", [["a", EVIL], [f"k{number}" for number in range(50)]])
def test_embeddings_show_their_origin(keys):
    vectors = EntityEmbeddings(keys, torch.zeros(len(keys), 3), fingerprint="f" * 64, revision=7)
    shown = dict(Cells(vectors._repr_html_()).rows)
    assert shown["vectors"] == f"{len(keys)} of width 3"
    assert (shown["graph"], shown["revision"]) == ("f" * 12, "7")
    assert shown["first keys"] == ", ".join(keys[:SHOWN_ROWS])
