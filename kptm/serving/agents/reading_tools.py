"""Tools that only read: they ask questions, look up entities and facts, and link texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.agents import agent_results as results
from kptm.serving.agents.agent_views import answer_view, entity_view, fact_views, proposal_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.serving.agents.tool_runner import ToolRunner
    from kptm.workspace import Workspace


def reading_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    """The tools as functions; their signatures and docstrings are shown to agents."""
    return [*_answer_tools(calls), *_graph_tools(calls)]


def _answer_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    async def ask(
        question: results.Question,
        at: str | None = None,
        limit: results.Limit = 8,
        offset: results.Offset = 0,
    ) -> results.AgentAnswer:
        """Answer a question about the graph, with evidence and a calibrated probability.

        "answered": false is an honest "unknown" with its reason. at is the year or day asked about.
        offset pages through the evidence.
        """
        return await calls.ask(
            lambda ws: answer_view(ws.ask(question, at=at), offset=offset, limit=limit)
        )

    async def query(
        relation: results.Name,
        head: results.Name | None = None,
        tail: results.Name | None = None,
        limit: results.Limit = 8,
        offset: results.Offset = 0,
    ) -> results.AgentAnswer:
        """Answer (head, relation, ?) or (?, relation, tail): give one of head and tail."""
        return await calls.ask(
            lambda ws: answer_view(ws.query(head, relation, tail), offset=offset, limit=limit)
        )

    async def link(text: results.Text) -> results.LinkedNames:
        """Find the names in a text and the entities of the graph that they mean."""
        return await calls.ask(
            lambda ws: results.LinkedNames(
                links=[
                    results.LinkedName(
                        start=match.start,
                        end=match.end,
                        text=match.surface,
                        entity=results.KeyLabel(
                            key=match.entity, label=ws.graph.entity(match.entity).label
                        ),
                        p=match.score,
                    )
                    for match in ws.linker.link(text).links
                ]
            )
        )

    return [ask, query, link]


def _graph_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    async def search(name: results.Text, limit: results.Limit = 10) -> results.Entities:
        """Find entities by key, label or alias; beginnings and misspellings match too."""
        return await calls.ask(
            lambda ws: results.Entities(
                entities=[entity_view(entity) for entity in ws.search(name, limit=limit)]
            )
        )

    async def describe(
        entity: results.Name, limit: results.Limit = 30, offset: results.Offset = 0
    ) -> results.AgentEntity:
        """Show the facts about an entity, with the sources of each."""

        def read_facts(ws: Workspace) -> results.AgentEntity:
            # One more fact as head and as tail shows whether there is another page.
            description = ws.describe(entity, limit=offset + limit + 1)
            facts, after = results.page(description.facts, offset, limit)
            return results.AgentEntity(
                entity=entity_view(description.entity),
                facts=fact_views(
                    ws.graph,
                    [attested.fact for attested in facts],
                    [[source for source, _ in attested.sources] for attested in facts],
                ),
                next_offset=after,
            )

        return await calls.ask(read_facts)

    async def neighbours(
        entity: results.Name, hops: results.Hops = 1, limit: results.Limit = 30
    ) -> results.Facts:
        """List the facts around an entity, nearest first."""
        return await calls.ask(
            lambda ws: results.Facts(
                facts=fact_views(ws.graph, ws.neighbours(entity, hops=hops, limit=limit))
            )
        )

    async def paths(
        first: results.Name, second: results.Name, limit: results.Limit = 5
    ) -> results.Paths:
        """Show the paths of at most three facts between two entities, shortest first."""
        return await calls.ask(
            lambda ws: results.Paths(
                paths=[fact_views(ws.graph, path) for path in ws.paths(first, second, limit=limit)]
            )
        )

    async def history(
        entity: results.Name, limit: results.Limit = 20, offset: results.Offset = 0
    ) -> results.History:
        """Show the changes of an entity's facts: which source began or ceased to state each."""

        def changes(ws: Workspace) -> results.History:
            entries, after = results.page(ws.history(entity)[::-1], offset, limit)
            facts = fact_views(
                ws.graph,
                [change.fact for change in entries],
                [[change.source] for change in entries],
            )
            return results.History(
                changes=[
                    results.HistoryEntry(
                        revision=change.revision, kind=change.kind, fact=fact, at=change.at
                    )
                    for change, fact in zip(entries, facts, strict=True)
                ],
                next_offset=after,
            )

        return await calls.ask(changes)

    async def proposals(
        relation: results.Name | None = None,
        minimum: results.Share = 0.0,
        limit: results.Limit = 20,
        offset: results.Offset = 0,
    ) -> results.AgentProposals:
        """List undecided facts extracted from texts, with sentences and violated constraints."""

        def find_proposals(ws: Workspace) -> results.AgentProposals:
            key = None if relation is None else ws.graph.relation(relation).key
            items = ws.review(relation=key, minimum=minimum, limit=offset + limit + 1)
            page, after = results.page(items, offset, limit)
            return results.AgentProposals(
                proposals=[proposal_view(item) for item in page], next_offset=after
            )

        return await calls.ask(find_proposals)

    return [search, describe, neighbours, paths, history, proposals]
