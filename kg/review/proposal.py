"""A proposal: a fact that an extractor found in a sentence, and the decision on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.types import Literal


class ProposalState(StrEnum):
    """The state of a proposal.

    Attributes:
        PROPOSED: Not decided yet.
        ACCEPTED: A fact of the graph, stated by the proposal's source.
        REJECTED: Wrong; the same sentence never proposes it again.
        WITHDRAWN: The sentence has been removed from its source.
    """

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A fact that an extractor found in a sentence.

    Attributes:
        head: The key of an entity, or the name of a new one.
        relation: The key of a relation.
        tail: The key of an entity, the name of a new one, or a value.
        confidence: The probability that the sentence states the fact, between 0 and 1.
        source: The source of the fact: the file with the text.
        sentence: The sentence that states the fact.
        head_span: The span of the head in the sentence: start and end, in characters.
        tail_span: The span of the tail in the sentence: start and end, in characters.
        document: The hash of the text that contains the sentence; for a duplicate, its features.
        extractor: The fingerprint of the extractor.
        head_new: Whether the head is an entity that the graph does not have yet.
        tail_new: Whether the tail is an entity that the graph does not have yet.
        state: The decision on the proposal.
        revision: The revision of the decision, or None.
        id: Its number; 0 before it is stored.
    """

    head: str
    relation: str
    tail: str | Literal
    confidence: float
    source: str
    sentence: str
    head_span: tuple[int, int]
    tail_span: tuple[int, int]
    document: str = ""
    extractor: str = ""
    head_new: bool = False
    tail_new: bool = False
    state: ProposalState = ProposalState.PROPOSED
    revision: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of accepting or rejecting proposals.

    Attributes:
        revision: The revision, by which it can be undone; 0 if nothing was left to decide.
        decided: The numbers of the proposals decided.
        added: The number of facts that are new to the graph.
        merged: Maps the key of each merged entity to the key of the entity that was kept.
    """

    revision: int
    decided: tuple[int, ...]
    added: int = 0
    merged: Mapping[str, str] = field(default_factory=dict)
