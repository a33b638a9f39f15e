"""Review: proposals with their sentences, and decisions about them, where the server allows changes."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from kg.review.proposal import Decision
from kg.types import Literal as LiteralValue
from kptm.serving.routes.edit_routes import may_edit
from kptm.serving.routes.workspace_route import OnWorkspace, problems, router
from kptm.serving.schemas import requests, responses
from kptm.workspace import Workspace
from kptm.workspace.extraction import ReviewItem

routes = router("reviewing")
deciding = router("reviewing", Depends(may_edit))

State = Literal["proposed", "accepted", "rejected", "withdrawn"]
Number = Annotated[int, Field(ge=1, le=requests.MAX_REVISION)]
MOST = 200
"""Proposals that one request may decide on."""


class Wanted(requests.Asked):
    """Which proposals: of a relation, from a confidence on."""

    relation: requests.Name | None = None
    minimum: Annotated[float, Field(ge=0, le=1)] = 0.0
    state: State = "proposed"
    limit: requests.Limit = 50


class Numbers(requests.Asked):
    """Proposals by their numbers."""

    ids: Annotated[list[Number], Field(min_length=1, max_length=MOST)]


class Rule(requests.Asked):
    """Which proposals are accepted at once: ``capital>=.95``, or ``>=.95`` for all relations."""

    rule: requests.Name


class Correction(requests.Asked):
    """Another head, relation or tail of a proposal; what is left out stays."""

    id: Number
    head: requests.Name | None = None
    relation: requests.Name | None = None
    tail: requests.Name | None = None


class NamedSpan(BaseModel):
    """Where a sentence names the head or the tail, in characters."""

    start: int
    end: int
    part: Literal["head", "tail"]


class Proposal(BaseModel):
    """A fact that a sentence seems to state; ``tail`` is null where it ends in a value."""

    id: int
    head: responses.Key
    relation: responses.Key
    tail: responses.Key | None
    value: responses.Value | None
    head_label: str
    relation_label: str
    tail_label: str
    head_new: bool
    tail_new: bool
    confidence: float
    source: str
    sentence: str
    spans: list[NamedSpan]
    state: State
    revision: int | None
    violations: list[str]


class Proposals(BaseModel):
    """Proposals, the most confident first, and how many there are in each state."""

    proposals: list[Proposal]
    counts: dict[str, int]


class Decided(BaseModel):
    """The revision of a decision, to undo it by (0: nothing was left to decide), and the proposals."""

    revision: int
    decided: list[int]
    added: int


@routes.get("/proposals", responses=problems(404))
async def proposals(executor: OnWorkspace, wanted: Annotated[Wanted, Query()]) -> Proposals:
    """Facts that texts seem to state and nobody has decided on, with the constraints that they break."""
    return await executor.ask(lambda ws: _found(ws, wanted))


@deciding.post("/proposals/accept", responses=problems(404, 408, 409, 413, 415))
async def accept(executor: OnWorkspace, body: Numbers) -> Decided:
    """Make proposals facts of the graph, in one revision."""
    return _decided(await executor.ask(lambda ws: ws.accept(body.ids)))


@deciding.post("/proposals/accept-all", responses=problems(404, 408, 409, 413, 415))
async def accept_all(executor: OnWorkspace, body: Rule) -> Decided:
    """Accept the proposals of a rule that break no constraint, in one revision."""
    return _decided(await executor.ask(lambda ws: ws.accept_all(body.rule)))


@deciding.post("/proposals/reject", responses=problems(404, 408, 409, 413, 415))
async def reject(executor: OnWorkspace, body: Numbers) -> Decided:
    """Note that proposals are wrong: the same sentences never propose them again."""
    return _decided(await executor.ask(lambda ws: ws.reject(body.ids)))


@deciding.post("/proposals/change", responses=problems(404, 408, 409, 413, 415))
async def change(executor: OnWorkspace, body: Correction) -> Proposal:
    """Correct a proposal before it is decided."""
    return await executor.ask(lambda ws: _changed(ws, body))


def _found(ws: Workspace, wanted: Wanted) -> Proposals:
    relation = None if wanted.relation is None else ws.graph.relation(wanted.relation).key
    items = ws.review(
        state=wanted.state, relation=relation, minimum=wanted.minimum, limit=wanted.limit
    )
    return Proposals(proposals=list(map(_shown, items)), counts=ws.graph.proposals.count())


def _changed(ws: Workspace, body: Correction) -> Proposal:
    found = ws.change_proposal(body.id, head=body.head, relation=body.relation, tail=body.tail)
    return _shown(ws.review(ids=[found.id], state=None)[0])


def _decided(found: Decision) -> Decided:
    return Decided(revision=found.revision, decided=list(found.decided), added=found.added)


def _shown(item: ReviewItem) -> Proposal:
    found = item.proposal
    value = found.tail if isinstance(found.tail, LiteralValue) else None
    return Proposal(
        id=found.id,
        head=found.head,
        relation=found.relation,
        tail=None if isinstance(found.tail, LiteralValue) else found.tail,
        value=None if value is None else responses.Value(value=value.value, datatype=value.datatype, language=value.language, unit=value.unit),
        head_label=item.head,
        relation_label=item.relation,
        tail_label=item.tail,
        head_new=found.head_new,
        tail_new=found.tail_new,
        confidence=found.confidence,
        source=found.source,
        sentence=found.sentence,
        spans=[
            NamedSpan(start=found.head_span[0], end=found.head_span[1], part="head"),
            NamedSpan(start=found.tail_span[0], end=found.tail_span[1], part="tail"),
        ],
        state=found.state.value,
        revision=found.revision,
        violations=[one.reason for one in item.violations],
    )  # fmt: skip
