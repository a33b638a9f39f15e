"""Review: proposals with their sentences, and decisions if the server allows changes."""

from typing import Annotated

from fastapi import Depends, Query

from kg.review.proposal import Decision
from kg.types import Literal as LiteralValue
from kptm.serving.routes.edit_routes import may_edit
from kptm.serving.routes.workspace_route import OnWorkspace, problems, router
from kptm.serving.schemas import responses, review_schemas
from kptm.workspace import Workspace
from kptm.workspace.review_items import ReviewItem

routes = router("reviewing")
deciding = router("reviewing", Depends(may_edit))


@routes.get("/proposals", responses=problems(404))
async def proposals(
    executor: OnWorkspace, wanted: Annotated[review_schemas.Wanted, Query()]
) -> review_schemas.Proposals:
    """Undecided facts extracted from texts, with the constraints that they violate."""
    return await executor.ask(lambda ws: _find_proposals(ws, wanted))


@deciding.post("/proposals/accept", responses=problems(404, 408, 409, 413, 415))
async def accept(executor: OnWorkspace, body: review_schemas.Numbers) -> review_schemas.Decided:
    """Add proposals to the graph as facts, in one revision."""
    return _decision_response(await executor.ask(lambda ws: ws.accept(body.ids)))


@deciding.post("/proposals/accept-all", responses=problems(404, 408, 409, 413, 415))
async def accept_all(executor: OnWorkspace, body: review_schemas.Rule) -> review_schemas.Decided:
    """Accept all proposals that match a rule and violate no constraint, in one revision."""
    return _decision_response(await executor.ask(lambda ws: ws.accept_all(body.rule)))


@deciding.post("/proposals/reject", responses=problems(404, 408, 409, 413, 415))
async def reject(executor: OnWorkspace, body: review_schemas.Numbers) -> review_schemas.Decided:
    """Mark proposals as wrong; the same sentences never propose them again."""
    return _decision_response(await executor.ask(lambda ws: ws.reject(body.ids)))


@deciding.post("/proposals/change", responses=problems(404, 408, 409, 413, 415))
async def change(executor: OnWorkspace, body: review_schemas.Correction) -> review_schemas.Proposal:
    """Correct a proposal before it is decided."""
    return await executor.ask(lambda ws: _change_proposal(ws, body))


def _find_proposals(ws: Workspace, wanted: review_schemas.Wanted) -> review_schemas.Proposals:
    relation = None if wanted.relation is None else ws.graph.relation(wanted.relation).key
    items = ws.review(
        state=wanted.state, relation=relation, minimum=wanted.minimum, limit=wanted.limit
    )
    return review_schemas.Proposals(
        proposals=list(map(_proposal_response, items)), counts=ws.graph.proposals.count()
    )


def _change_proposal(ws: Workspace, body: review_schemas.Correction) -> review_schemas.Proposal:
    found = ws.change_proposal(body.id, head=body.head, relation=body.relation, tail=body.tail)
    return _proposal_response(ws.review(ids=[found.id], state=None)[0])


def _decision_response(found: Decision) -> review_schemas.Decided:
    return review_schemas.Decided(
        revision=found.revision, decided=list(found.decided), added=found.added
    )


def _proposal_response(item: ReviewItem) -> review_schemas.Proposal:
    found = item.proposal
    value = found.tail if isinstance(found.tail, LiteralValue) else None
    return review_schemas.Proposal(
        id=found.id,
        head=found.head,
        relation=found.relation,
        tail=None if isinstance(found.tail, LiteralValue) else found.tail,
        value=None if value is None else responses.Value(value=value.value, datatype=value.datatype,
        language=value.language, unit=value.unit),
        head_label=item.head,
        relation_label=item.relation,
        tail_label=item.tail,
        head_new=found.head_new,
        tail_new=found.tail_new,
        confidence=found.confidence,
        source=found.source,
        sentence=found.sentence,
        spans=[
            review_schemas.NamedSpan(start=found.head_span[0], end=found.head_span[1], part="head"),
            review_schemas.NamedSpan(start=found.tail_span[0], end=found.tail_span[1], part="tail"),
        ],
        state=found.state.value,
        revision=found.revision,
        violations=[one.reason for one in item.violations],
    )  # fmt: skip
