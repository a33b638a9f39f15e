"""Questions and texts: ask, query, link."""

from typing import Annotated

from fastapi import Query

from kg.types import Candidate
from kptm.answering import Answer
from kptm.serving import asked, shown
from kptm.serving.at_desk import AtDesk, problems, router
from kptm.serving.desk import Desk
from kptm.serving.examples import example_questions
from kptm.serving.naming import labels_of
from kptm.workspace import Workspace

routes = router("asking")
_WITH_KEYS = ("entity", "type", "relation")
"""Kinds of meanings that are keys."""


@routes.post("/ask", responses=problems(408, 413, 415))
async def ask(desk: AtDesk, body: asked.OneQuestion) -> shown.Answer:
    """Answer a cloze with `[MASK]` or a question in words; "unknown" is an answer too, with its reason.

    `at` is the year or the day that is asked about where the question says none.
    """
    return await _asked(desk, body.question, body.at)


@routes.post("/ask/batch", responses=problems(408, 413, 415))
async def ask_batch(desk: AtDesk, body: asked.ManyQuestions) -> shown.Answers:
    """Answer several questions, in their order."""
    # One by one, so that others are served between them.
    return shown.Answers(answers=[await _asked(desk, item, body.at) for item in body.questions])


@routes.get("/query", responses=problems(404))
async def query(desk: AtDesk, fact: Annotated[asked.FactQuery, Query()]) -> shown.Answer:
    """Answer (head, relation, ?) or (?, relation, tail); names may be keys, labels or aliases."""
    return await desk.ask(lambda ws: _shown(ws, ws.query(fact.head, fact.relation, fact.tail)))


@routes.get("/examples", responses=problems())
async def examples(desk: AtDesk, some: Annotated[asked.Few, Query()]) -> list[str]:
    """Questions to begin with, about this graph's own facts; empty where none can be made."""
    return await desk.ask(lambda ws: example_questions(ws, some.limit))


@routes.post("/link", responses=problems(408, 413, 415))
async def link(desk: AtDesk, body: asked.SomeText) -> shown.Linked:
    """Link the names in a text to entities, each with what else it may mean."""
    return await desk.ask(lambda ws: _linked(ws, body.text))


async def _asked(desk: Desk, question: str, at: str | None) -> shown.Answer:
    return await desk.ask(lambda ws: _shown(ws, ws.ask(question, at=at)))


def _shown(ws: Workspace, answer: Answer) -> shown.Answer:
    keys = [answer.topic, *(step.relation for step in answer.path)]
    keys += [item.entity for item in answer.answers if item.entity is not None]
    keys += [item.entity for item in answer.conflicts]
    keys += [item.means for item in answer.meanings if item.kind in _WITH_KEYS]
    for sense in answer.senses:
        keys += [sense.entity, *sense.answers]
    for item in answer.evidence:
        keys += [item.entity, *(item.triple or ()), *(span.entity for span in item.spans)]
    found = {**answer.to_dict(), "labels": labels_of(ws.graph, keys)}
    return shown.Answer(**found)


def _linked(ws: Workspace, text: str) -> shown.Linked:
    document = ws.linker.link(text)
    keys = {link.entity for link in document.links}
    keys |= {item.entity for link in document.links for item in link.candidates}
    labels, known = labels_of(ws.graph, keys), ws.graph.entities(keys)

    def sense(item: Candidate) -> shown.Sense:
        found = known.get(item.entity)
        return shown.Sense(
            entity=item.entity,
            label=labels[item.entity],
            description=found.description if found else "",
            prior=item.prior,
        )

    links = [
        shown.Mention(
            start=link.start,
            end=link.end,
            surface=link.surface,
            entity=link.entity,
            label=labels[link.entity],
            score=link.score,
            candidates=[sense(item) for item in link.candidates],
        )
        for link in document.links
    ]
    return shown.Linked(text=document.text, links=links)
