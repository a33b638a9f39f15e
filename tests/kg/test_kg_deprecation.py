"""Earlier names of methods: they work, and warn with the present ones."""

import pytest

from kg import KnowledgeGraph
from kg.deprecation import OldName


class Lamp:
    lit = OldName("light")

    def light(self, times=1):
        return times * "on"


def test_the_earlier_name_works_and_warns():
    with pytest.warns(DeprecationWarning, match=r"Lamp\.lit is called light now"):
        assert Lamp().lit(2) == "onon"


def test_a_graph_has_its_earlier_names(tmp_path):
    with KnowledgeGraph.open(tmp_path / "graph.db") as graph:
        graph.add([("a", "r", "b")])
        facts = list(graph.match())
        with pytest.warns(DeprecationWarning, match="attestations"):
            assert graph.attested(facts) == graph.attestations(facts)
        with pytest.warns(DeprecationWarning, match="changed_entities"):
            assert graph.changed(0) == graph.changed_entities(0)
