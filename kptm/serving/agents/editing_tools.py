"""Tools that change the graph, each as a revision that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.serving.agents import agent_results as results
from kptm.serving.agents.agent_views import proposal_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.review.proposal import Decision
    from kptm.serving.agents.tool_runner import ToolRunner

AGENT = "agent"
"""The default source of an agent's proposals."""


def editing_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    """The tools as functions; their signatures and docstrings are shown to agents."""
    return [*_proposal_tools(calls), *_correction_tools(calls)]


def _proposal_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    async def propose(
        head: results.Name,
        relation: results.Name,
        tail: results.Name,
        sentence: results.Text,
        source: results.Name = AGENT,
        confidence: results.Share = 0.5,
    ) -> results.AgentProposal:
        """Propose a fact with the sentence that states it; it takes effect when it is accepted."""
        return await calls.ask(
            lambda ws: proposal_view(
                ws.propose(
                    head, relation, tail, sentence=sentence, source=source, confidence=confidence
                )
            )
        )

    async def accept(ids: results.Numbers) -> results.ChangeReceipt:
        """Add proposals to the graph as facts, in one revision."""
        return _receipt(await calls.ask(lambda ws: ws.accept(ids)))

    async def reject(ids: results.Numbers) -> results.ChangeReceipt:
        """Mark proposals as wrong; the same sentences never propose them again."""
        return _receipt(await calls.ask(lambda ws: ws.reject(ids)))

    return [propose, accept, reject]


def _correction_tools(calls: ToolRunner) -> list[Callable[..., object]]:
    async def edit(
        head: results.Name,
        relation: results.Name,
        tail: results.Name,
        old: results.Name | None = None,
    ) -> results.ChangeReceipt:
        """Make tail the value of a relation of head; if there are several values, replace old."""
        number = await calls.ask(lambda ws: ws.edit(head, relation, tail, old=old))
        return results.ChangeReceipt(revision=number)

    async def undo(revision: results.Number) -> results.ChangeReceipt:
        """Undo a revision; the undo is a new revision."""
        return results.ChangeReceipt(revision=await calls.ask(lambda ws: ws.undo(revision)))

    return [edit, undo]


def _receipt(decision: Decision) -> results.ChangeReceipt:
    return results.ChangeReceipt(
        revision=decision.revision, decided=list(decision.decided), added=decision.added
    )
