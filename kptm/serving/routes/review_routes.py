"""Routes for review: list proposals with their sentences and, if changes are allowed, decide."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal, TypeGuard

from fastapi import Depends, Query

from kg.review.proposal import Decision
from kg.types import Literal as LiteralValue
from kptm.serving.access.roles import AccessRole
from kptm.serving.routes.edit_routes import may_edit
from kptm.serving.routes.workspace_route import InLanguages, OnWorkspace, RoleRouter, problems
from kptm.serving.schemas import responses, review_schemas
from kptm.workspace import Workspace
from kptm.workspace.review_items import ReviewItem

routes = RoleRouter("review", AccessRole.READ)
decision_routes = RoleRouter("review", AccessRole.EDIT, Depends(may_edit))


@routes.get("/proposals", responses=problems(404))
async def proposals(
    executor: OnWorkspace,
    languages: InLanguages,
    query: Annotated[review_schemas.ProposalQuery, Query()],
) -> review_schemas.Proposals:
    """Facts extracted from texts, by default undecided, with the constraints that they violate."""
    return await executor.ask(lambda ws: _find_proposals(ws, query, languages))


@decision_routes.post("/proposals/accept", responses=problems(404, 408, 409, 413, 415))
async def accept(executor: OnWorkspace, body: review_schemas.ProposalIds) -> review_schemas.Decided:
    """Add proposals to the graph as facts, in one revision."""
    return _decision_response(await executor.ask(lambda ws: ws.accept(body.ids)))


@decision_routes.post("/proposals/accept-all", responses=problems(404, 408, 409, 413, 415))
async def accept_all(
    executor: OnWorkspace, body: review_schemas.RuleText
) -> review_schemas.Decided:
    """Accept all proposals that match a rule and violate no constraint, in one revision."""
    return _decision_response(await executor.ask(lambda ws: ws.accept_all(body.rule)))


@decision_routes.post("/proposals/reject", responses=problems(404, 408, 409, 413, 415))
async def reject(executor: OnWorkspace, body: review_schemas.ProposalIds) -> review_schemas.Decided:
    """Mark proposals as wrong; the same sentences never propose them again."""
    return _decision_response(await executor.ask(lambda ws: ws.reject(body.ids)))


@decision_routes.post("/proposals/change", responses=problems(404, 408, 409, 413, 415))
async def change(
    executor: OnWorkspace, body: review_schemas.ProposalCorrection
) -> review_schemas.Proposal:
    """Correct a proposal before it is decided."""
    return await executor.ask(lambda ws: _change_proposal(ws, body))


def _find_proposals(
    ws: Workspace, query: review_schemas.ProposalQuery, languages: tuple[str, ...]
) -> review_schemas.Proposals:
    relation = None if query.relation is None else ws.graph.relation(query.relation).key
    items = ws.review(
        state=query.state, relation=relation, minimum=query.minimum, limit=query.limit
    )
    if languages:
        items = _in_languages(ws, items, languages)
    return review_schemas.Proposals(
        proposals=list(map(_proposal_response, items)), counts=ws.graph.proposals.count()
    )


def _in_languages(
    ws: Workspace, items: Sequence[ReviewItem], languages: tuple[str, ...]
) -> list[ReviewItem]:
    """Proposals with labels in these languages; names of new entities stay as they are."""
    graph = ws.graph.in_languages((*languages, *ws.config.graph.languages))
    ends = [end for item in items for end in (item.proposal.head, item.proposal.tail)]
    labels = {key: named.label for key, named in graph.entities(filter(_is_key, ends)).items()}
    relations = {named.key: named.label for named in graph.relations()}
    return [
        item._replace(
            head=labels.get(item.proposal.head, item.head),
            relation=relations.get(item.proposal.relation, item.relation),
            tail=labels.get(str(item.proposal.tail), item.tail)
            if _is_key(item.proposal.tail)
            else item.tail,
        )
        for item in items
    ]


def _is_key(end: str | LiteralValue) -> TypeGuard[str]:
    return isinstance(end, str)


def _change_proposal(
    ws: Workspace, body: review_schemas.ProposalCorrection
) -> review_schemas.Proposal:
    changed = ws.change_proposal(body.id, head=body.head, relation=body.relation, tail=body.tail)
    return _proposal_response(ws.review(ids=[changed.id], state=None)[0])


def _decision_response(decision: Decision) -> review_schemas.Decided:
    return review_schemas.Decided(
        revision=decision.revision, decided=list(decision.decided), added=decision.added
    )


def _proposal_response(item: ReviewItem) -> review_schemas.Proposal:
    proposal = item.proposal
    value = proposal.tail if isinstance(proposal.tail, LiteralValue) else None
    return review_schemas.Proposal(
        id=proposal.id,
        head=proposal.head,
        relation=proposal.relation,
        tail=None if isinstance(proposal.tail, LiteralValue) else proposal.tail,
        value=None if value is None else responses.Value(**asdict(value)),
        head_label=item.head,
        relation_label=item.relation,
        tail_label=item.tail,
        head_new=proposal.head_new,
        tail_new=proposal.tail_new,
        confidence=proposal.confidence,
        source=proposal.source,
        sentence=proposal.sentence,
        spans=[_named_span(proposal.head_span, "head"), _named_span(proposal.tail_span, "tail")],
        state=proposal.state.value,
        revision=proposal.revision,
        violations=[violation.reason for violation in item.violations],
    )


def _named_span(span: tuple[int, int], part: Literal["head", "tail"]) -> review_schemas.NamedSpan:
    return review_schemas.NamedSpan(start=span[0], end=span[1], part=part)
