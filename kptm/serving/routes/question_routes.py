"""Routes that answer questions and link texts."""

from typing import Annotated

from fastapi import Query

from kg.types import Candidate
from kptm.answering import Answer
from kptm.serving.access.roles import AccessRole
from kptm.serving.example_questions import example_questions
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.routes.workspace_route import InLanguages, OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import requests, responses
from kptm.serving.schemas.key_labels import labels_of
from kptm.workspace import Workspace

routes = RoleRouter("questions", AccessRole.READ)
_WITH_KEYS = ("entity", "type", "relation")
"""The kinds of meanings whose value is a key, which needs a label."""


@routes.post("/ask", responses=problems(408, 413, 415))
async def ask(
    executor: OnWorkspace, languages: InLanguages, body: requests.OneQuestion
) -> responses.Answer:
    """Answer a cloze with `[MASK]` or a question; the answer may be "unknown" with a reason.

    `at` is the year or day asked about if the question states no time.
    """
    return await _ask_question(executor, body.question, body.at, languages)


@routes.post("/ask/batch", responses=problems(408, 413, 415))
async def ask_batch(
    executor: OnWorkspace, languages: InLanguages, body: requests.ManyQuestions
) -> responses.Answers:
    """Answer several questions, in order."""
    # One question at a time, so that other requests are served in between.
    return responses.Answers(
        answers=[await _ask_question(executor, item, body.at, languages) for item in body.questions]
    )


@routes.get("/query", responses=problems(404))
async def query(
    executor: OnWorkspace,
    languages: InLanguages,
    fact: Annotated[requests.FactQuery, Query()],
) -> responses.Answer:
    """Answer (head, relation, ?) or (?, relation, tail); names may be keys, labels or aliases."""
    return await executor.ask(
        lambda ws: _answer_response(
            ws, ws.query(fact.head, fact.relation, fact.tail), languages, code="en"
        )
    )


@routes.get("/examples", responses=problems())
async def examples(
    executor: OnWorkspace, query: Annotated[requests.ExampleQuery, Query()]
) -> list[str]:
    """Example questions about facts of this graph; empty if none is answered correctly."""
    return await executor.ask(lambda ws: example_questions(ws, query.limit))


@routes.post("/link", responses=problems(408, 413, 415))
async def link(
    executor: OnWorkspace, languages: InLanguages, body: requests.TextToLink
) -> responses.Linked:
    """Link the names in a text to entities, and show the candidates of each name."""
    return await executor.ask(lambda ws: _link_response(ws, body.text, languages))


async def _ask_question(
    executor: WorkspaceExecutor, question: str, at: str | None, languages: tuple[str, ...]
) -> responses.Answer:
    return await executor.ask(lambda ws: _answer_response(ws, ws.ask(question, at=at), languages))


def _answer_response(
    ws: Workspace, answer: Answer, languages: tuple[str, ...], code: str | None = None
) -> responses.Answer:
    """An answer as JSON, with labels in the preferred languages for all its keys."""
    graph = ws.graph
    if languages:
        answer = ws.relabel(answer, languages, code=code)
        graph = graph.in_languages((*languages, *ws.config.graph.languages))
    keys = [answer.topic, *(step.relation for step in answer.path)]
    keys += [item.entity for item in answer.answers if item.entity is not None]
    keys += [item.entity for item in answer.conflicts]
    keys += [item.means for item in answer.meanings if item.kind in _WITH_KEYS]
    for sense in answer.senses:
        keys += [sense.entity, *sense.answers]
    for item in answer.evidence:
        keys += [item.entity, *(item.triple or ()), *(span.entity for span in item.spans)]
    content = {**answer.to_dict(), "labels": labels_of(graph, keys)}
    return responses.Answer(**content)


def _link_response(ws: Workspace, text: str, languages: tuple[str, ...]) -> responses.Linked:
    """A linked text as JSON, with labels in the preferred languages."""
    graph = ws.graph
    if languages:
        graph = graph.in_languages((*languages, *ws.config.graph.languages))
    document = ws.linker.link(text)
    keys = {link.entity for link in document.links}
    keys |= {item.entity for link in document.links for item in link.candidates}
    labels, entities = labels_of(graph, keys), graph.entities(keys)

    def sense(item: Candidate) -> responses.Sense:
        entity = entities.get(item.entity)
        return responses.Sense(
            entity=item.entity,
            label=labels[item.entity],
            description=entity.description if entity else "",
            prior=item.prior,
        )

    links = [
        responses.Mention(
            start=link.start,
            end=link.end,
            surface=link.surface,
            entity=link.entity,
            label=labels[link.entity],
            score=link.score,
            candidates=[sense(item) for item in link.candidates],
            coreference=link.coreference,
        )
        for link in document.links
    ]
    return responses.Linked(text=document.text, links=links)
