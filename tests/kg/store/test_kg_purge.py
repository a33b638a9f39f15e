"""Purges search notes and earlier contents of files for the deleted names, and for nothing else."""

import json

import pytest

from kg import Attribute, Literal
from kg.vocabulary import XSD


def notes(graph):
    with graph.database.reading() as sql:
        return dict(sql.all("SELECT id, note FROM revision"))


def contents(graph):
    """By name of a file, whether an earlier content of it is left."""
    with graph.database.reading() as sql:
        return {name: len(kept) > 0 for name, kept in sql.all("SELECT name, content FROM artefact")}


def learn(graph, note, **files):
    before = {name: json.dumps(text, ensure_ascii=False).encode() for name, text in files.items()}
    return graph.log.note("learn", note, before=before)


def test_a_short_value_of_a_purged_entity_deletes_no_note_and_no_file(graph):
    graph.add([("ada", "r", "bob"), ("x", "r", "y")])
    graph.add([Attribute("ada", "age", Literal("2", f"{XSD}integer"))])
    number = learn(graph, "learnt from 12 lessons", lessons="2nd place", others="about ada")
    graph.purge(entity="ada")
    assert notes(graph)[1] == "2 records"
    assert notes(graph)[number] == "learnt from 12 lessons"
    assert contents(graph) == {"lessons": True, "others": False}


def test_a_short_name_is_searched_for_as_a_word(graph):
    graph.add([("Al", "r", "bob"), ("x", "r", "y")])
    number = learn(graph, "All lessons", lessons="also small", others="who met al?")
    other = learn(graph, "forget Al")
    graph.purge(entity="Al")
    assert notes(graph)[number] == "All lessons"
    assert notes(graph)[other] == ""
    assert contents(graph) == {"lessons": True, "others": False}


@pytest.mark.parametrize("name", ['Ada "Countess" Lovélace', "Søren\\Ågård", "Zoë\tQ"])
def test_a_name_that_json_escapes_in_part_is_found_in_files(graph, name):
    graph.add([(name, "r", "bob"), ("x", "r", "y")])
    learn(graph, "lessons", lessons=f"Who met {name}?", others="Who met Ada?")
    graph.purge(entity=name)
    assert contents(graph) == {"lessons": False, "others": True}
