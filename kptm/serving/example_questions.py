"""Finds example questions about the facts of a graph that the workspace answers correctly."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.types import Triple
    from kptm.workspace import Workspace

MAX_FACTS_READ = 2000
"""The examples are about the first facts of the graph, at most this many."""

MAX_QUESTIONS_ASKED = 24
"""The maximum number of questions that are asked in search of correct answers."""

FORMS = ("What is the {relation} of {head}?", "{head} {relation} [MASK].")


def example_questions(ws: Workspace, limit: int) -> list[str]:
    """Find at most ``limit`` questions with a correct answer, each about a different relation."""
    chosen: list[str] = []
    tried = 0
    for fact in _one_of_each_relation(ws):
        for question in _questions(ws, fact):
            if len(chosen) == limit or tried == MAX_QUESTIONS_ASKED:
                return chosen
            tried += 1
            answer = ws.ask(question, sources=["graph"])
            if fact.tail in [item.entity for item in answer.answers]:
                chosen.append(question)
                break
    return chosen


def _one_of_each_relation(ws: Workspace) -> Iterator[Triple]:
    seen: set[str] = set()
    for fact in islice(ws.graph.match(), MAX_FACTS_READ):
        if fact.relation not in seen:
            seen.add(fact.relation)
            yield fact


def _questions(ws: Workspace, fact: Triple) -> list[str]:
    head = ws.graph.entity(fact.head).label
    relation = ws.graph.relation(fact.relation).label
    return [form.format(head=head, relation=relation) for form in FORMS]
