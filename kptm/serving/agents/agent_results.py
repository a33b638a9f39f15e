"""The results of tools: small enough for a context window, and each fact has its sources.

A list has at most ``limit`` items; ``next_offset`` is the offset of the next page, or null if this
is the last page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from kptm.serving.config import MAX_NAME_CHARACTERS, MAX_QUESTION_CHARACTERS, MAX_TEXT_CHARACTERS
from kptm.serving.schemas.requests import MAX_REVISION

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

Name = Annotated[
    str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS, description="a key, label or alias")
]
Question = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_QUESTION_CHARACTERS, description="in words, or with one [MASK]"
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)]
Limit = Annotated[int, Field(ge=1, le=100, description="items of a page")]
Offset = Annotated[int, Field(ge=0, le=1_000_000, description="items to skip")]
Number = Annotated[int, Field(ge=1, le=MAX_REVISION)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=200)]
Hops = Annotated[int, Field(ge=1, le=2)]
Share = Annotated[float, Field(ge=0, le=1)]

MAX_CHARACTERS = 500
"""The maximum number of characters of a text; a longer one is cut and ends with an ellipsis."""


class KeyLabel(BaseModel):
    """An entity or relation: its key and its label."""

    key: str
    label: str


class Fact(BaseModel):
    """A fact in words and as keys; its tail is an entity (``tail``) or a value (``value``)."""

    text: str
    head: str
    relation: str
    tail: str | None = None
    value: str | None = None
    sources: list[str] = []


class AnswerItem(BaseModel):
    """An answer; ``key`` is null for a value, a count, yes or no."""

    key: str | None
    text: str
    p: float


class EvidenceItem(BaseModel):
    """A piece of evidence: a fact, a sentence, a prediction, or a note."""

    kind: str
    text: str
    p: float
    triple: tuple[str, str, str] | None
    sources: list[str]
    revision: int | None


class AgentAnswer(BaseModel):
    """An answer with its evidence, or an honest "unknown" with its reason.

    ``p`` is the rate at which answers with this score are right; ``predicted`` tells that no fact
    states the answer. ``understood`` is the evaluated program, ``not_understood`` the words that it
    does not explain, ``did_you_mean`` the nearest readings of a refused question.
    """

    answered: bool
    sentence: str
    p: float
    predicted: bool
    answers: list[AnswerItem]
    answers_in_all: int
    evidence: list[EvidenceItem]
    evidence_in_all: int
    next_offset: int | None
    reason: str
    understood: str
    not_understood: list[str]
    did_you_mean: list[str]


class FoundEntity(BaseModel):
    """An entity that a name may mean."""

    key: str
    label: str
    types: list[str]
    aliases: list[str]
    description: str


class Entities(BaseModel):
    """Entities, best first."""

    entities: list[FoundEntity]


class AgentEntity(BaseModel):
    """An entity and its facts, as head and as tail."""

    entity: FoundEntity
    facts: list[Fact]
    next_offset: int | None


class Facts(BaseModel):
    """Facts around an entity, nearest first."""

    facts: list[Fact]


class Paths(BaseModel):
    """The paths between two entities, shortest first."""

    paths: list[list[Fact]]


class LinkedName(BaseModel):
    """A name in a text and the entity that it means."""

    start: int
    end: int
    text: str
    entity: KeyLabel
    p: float


class LinkedNames(BaseModel):
    """The names in a text, in order."""

    links: list[LinkedName]


class HistoryEntry(BaseModel):
    """A change: at a revision a source began or ceased to state a fact."""

    revision: int
    kind: str
    fact: Fact
    at: str


class History(BaseModel):
    """Changes of the facts of an entity, newest first."""

    changes: list[HistoryEntry]
    next_offset: int | None


class AgentProposal(BaseModel):
    """A fact extracted from a sentence, which awaits a decision."""

    id: int
    fact: Fact
    confidence: float
    sentence: str
    state: Literal["proposed", "accepted", "rejected", "withdrawn"]
    new_entities: list[str]
    breaks: list[str]


class AgentProposals(BaseModel):
    """Proposals, the most confident first."""

    proposals: list[AgentProposal]
    next_offset: int | None


class ChangeReceipt(BaseModel):
    """The result of a change: the revision, which can be undone (0: no change), and its effects."""

    revision: int
    decided: list[int] = []
    added: int = 0


def page(items: Sequence[T], offset: int, limit: int) -> tuple[list[T], int | None]:
    """The items from ``offset`` on, at most ``limit``, and the offset of the next page or None."""
    end = offset + limit
    return list(items[offset:end]), end if len(items) > end else None


def cut(text: str) -> str:
    """Cut a text to at most :data:`MAX_CHARACTERS`, with an ellipsis at the end."""
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"
