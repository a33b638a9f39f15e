"""Requests and responses about proposals and decisions on them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from kptm.serving.schemas import requests, responses

State = Literal["proposed", "accepted", "rejected", "withdrawn"]
Number = Annotated[int, Field(ge=1, le=requests.MAX_REVISION)]
MAX_PROPOSALS = 200
"""The maximum number of proposals that one request may decide on."""


class ProposalQuery(requests.StrictRequest):
    """A selection of proposals by relation, least confidence and state."""

    relation: requests.Name | None = None
    minimum: Annotated[float, Field(ge=0, le=1)] = 0.0
    state: State = "proposed"
    limit: requests.Limit = 50


class ProposalIds(requests.StrictRequest):
    """The ids of proposals."""

    ids: Annotated[list[Number], Field(min_length=1, max_length=MAX_PROPOSALS)]


class RuleText(requests.StrictRequest):
    """A rule of acceptance: ``capital>=.95``, or ``>=.95`` for all relations."""

    rule: requests.Name


class ProposalCorrection(requests.StrictRequest):
    """A correction of a proposal's head, relation or tail; omitted fields stay as they are."""

    id: Number
    head: requests.Name | None = None
    relation: requests.Name | None = None
    tail: requests.Name | None = None


class NamedSpan(BaseModel):
    """The span of the head or the tail in a sentence, in characters."""

    start: int
    end: int
    part: Literal["head", "tail"]


class Proposal(BaseModel):
    """A fact extracted from a sentence; ``tail`` is null if its tail is a value."""

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
    """Proposals, the most confident first, and the number of proposals in each state."""

    proposals: list[Proposal]
    counts: dict[str, int]


class Decided(BaseModel):
    """The result of a decision: its revision, by which it can be undone, and the decided ids.

    Revision 0 means that the decision changed nothing. ``added`` is the number of added facts.
    """

    revision: int
    decided: list[int]
    added: int
