"""Tools that change the graph, each as a revision that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.mcp import agent_results as results
from kptm.serving.mcp.agent_views import proposal_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.review.proposal import Decision
    from kptm.serving.mcp.tool_calls import ToolCalls

AGENT = "agent"
"""The source of what an agent proposes, where it names none."""


def editing_tools(calls: ToolCalls) -> list[Callable[..., object]]:
    """The tools as functions; their signatures and docstrings are what an agent reads."""
    return [*_proposing(calls), *_correcting(calls)]


def _proposing(calls: ToolCalls) -> list[Callable[..., object]]:
    async def propose(
        head: results.Name,
        relation: results.Name,
        tail: results.Name,
        sentence: results.Text,
        source: results.Name = AGENT,
        confidence: results.Share = 0.5,
    ) -> results.AgentProposal:
        """Propose a fact with the sentence that states it; it counts only after it is accepted."""
        return await calls.ask(
            lambda ws: proposal_view(
                ws.propose(
                    head, relation, tail, sentence=sentence, source=source, confidence=confidence
                )
            )
        )

    async def accept(ids: results.Numbers) -> results.ChangeReceipt:
        """Make proposals facts of the graph, in one revision."""
        return _receipt(await calls.ask(lambda ws: ws.accept(ids)))

    async def reject(ids: results.Numbers) -> results.ChangeReceipt:
        """Note that proposals are wrong; the same sentences never propose them again."""
        return _receipt(await calls.ask(lambda ws: ws.reject(ids)))

    return [propose, accept, reject]


def _correcting(calls: ToolCalls) -> list[Callable[..., object]]:
    async def edit(
        head: results.Name,
        relation: results.Name,
        tail: results.Name,
        old: results.Name | None = None,
    ) -> results.ChangeReceipt:
        """Make tail the value of a relation of head, in place of old where several are stated."""
        number = await calls.ask(lambda ws: ws.edit(head, relation, tail, old=old))
        return results.ChangeReceipt(revision=number)

    async def undo(revision: results.Number) -> results.ChangeReceipt:
        """Take back a revision, which makes a new one."""
        return results.ChangeReceipt(revision=await calls.ask(lambda ws: ws.undo(revision)))

    return [edit, undo]


def _receipt(found: Decision) -> results.ChangeReceipt:
    return results.ChangeReceipt(
        revision=found.revision, decided=list(found.decided), added=found.added
    )
