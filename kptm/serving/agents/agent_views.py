"""Converts answers, entities, facts and proposals to results for agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.types import Literal
from kg.values import value_text
from kptm.serving.agents import agent_results as results
from kptm.serving.schemas.key_labels import labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.graph import KnowledgeGraph
    from kg.types import Attribute, Entity, Triple
    from kptm.answering import Answer
    from kptm.workspace.review_items import ReviewItem

MAX_READINGS = 3
"""The maximum number of readings that are offered for a refused question."""


def answer_view(answer: Answer, *, offset: int, limit: int) -> results.AgentAnswer:
    """An answer with its first ``limit`` answers and a page of its evidence."""
    evidence, after = results.page(answer.evidence, offset, limit)
    return results.AgentAnswer(
        answered=answer.found,
        sentence=results.cut(answer.sentence),
        p=answer.score,
        predicted=answer.predicted,
        answers=[
            results.AnswerItem(key=item.entity, text=results.cut(item.text), p=item.score)
            for item in answer.answers[:limit]
        ],
        answers_in_all=len(answer.answers),
        evidence=[
            results.EvidenceItem(
                kind=item.kind,
                text=results.cut(item.text),
                p=item.score,
                triple=item.triple,
                sources=list(item.sources),
                revision=item.revision,
            )
            for item in evidence
        ],
        evidence_in_all=len(answer.evidence),
        next_offset=after,
        reason=answer.reason,
        understood=answer.expression,
        not_understood=list(answer.unexplained),
        did_you_mean=[
            answer.expression_of(item.program) for item in answer.readings[:MAX_READINGS]
        ],
    )


def entity_view(entity: Entity) -> results.FoundEntity:
    """An entity without its facts."""
    return results.FoundEntity(
        key=entity.key,
        label=entity.label,
        types=list(entity.types),
        aliases=list(entity.aliases),
        description=results.cut(entity.description),
    )


def fact_views(
    graph: KnowledgeGraph,
    facts: Sequence[Triple | Attribute],
    sources: Sequence[Iterable[str]] | None = None,
) -> list[results.Fact]:
    """Facts in words and as keys.

    Args:
        graph: The graph, for the labels.
        facts: The facts.
        sources: The sources of each fact, in the same order; None leaves them out.
    """
    keys = {key for head, relation, end in facts for key in (head, relation, end)}
    labels = labels_of(graph, [key for key in keys if not isinstance(key, Literal)])
    relations = {item.key: item.label for item in graph.relations()}
    views = []
    for i, (head, relation, end) in enumerate(facts):
        value = value_text(end) if isinstance(end, Literal) else None
        name = relations.get(relation, relation)
        tail = None if isinstance(end, Literal) else end
        tail_text = value if tail is None else labels.get(tail, tail)
        views.append(
            results.Fact(
                text=results.cut(f"{labels.get(head, head)} | {name} | {tail_text}"),
                head=head,
                relation=relation,
                tail=tail,
                value=value,
                sources=[] if sources is None else list(dict.fromkeys(sources[i])),
            )
        )
    return views


def proposal_view(item: ReviewItem) -> results.AgentProposal:
    """A proposal with its sentence and the constraints that it violates."""
    proposal = item.proposal
    is_value = isinstance(proposal.tail, Literal)
    ends = ((item.head, proposal.head_new), (item.tail, proposal.tail_new))
    return results.AgentProposal(
        id=proposal.id,
        fact=results.Fact(
            text=results.cut(f"{item.head} | {item.relation} | {item.tail}"),
            head=proposal.head,
            relation=proposal.relation,
            tail=None if is_value else str(proposal.tail),
            value=item.tail if is_value else None,
            sources=[proposal.source],
        ),
        confidence=proposal.confidence,
        sentence=results.cut(proposal.sentence),
        state=proposal.state.value,
        new_entities=[name for name, is_new in ends if is_new],
        breaks=[violation.reason for violation in item.violations],
    )
