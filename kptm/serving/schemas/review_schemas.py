"""Proposals and decisions about them, as the API takes and shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from kptm.serving.schemas import requests, responses

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
    """The revision of a decision, to undo it by, and the proposals; 0: nothing to decide."""

    revision: int
    decided: list[int]
    added: int
