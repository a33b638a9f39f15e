"""A proposal: a fact that a sentence seems to state, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.types import Literal


class ProposalState(StrEnum):
    """What became of a proposal.

    Attributes:
        PROPOSED: Nobody has decided yet.
        ACCEPTED: It is a fact of the graph, stated by its source.
        REJECTED: It is wrong; the same sentence never proposes it again.
        WITHDRAWN: Its sentence is gone from its source.
    """

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A fact that a sentence seems to state.

    Attributes:
        head: The key of an entity, or the name of a new one.
        relation: The key of a relation.
        tail: The same as ``head``, or a value.
        confidence: How likely the sentence states it, between 0 and 1.
        source: Who says so: the file that holds the text.
        sentence: The words that state it.
        head_span: Where they name the head: first character, and the one after the last.
        tail_span: The same of the tail.
        document: The hash of the text that the sentence stands in.
        extractor: The fingerprint of the extractor.
        head_new: Whether the graph has no such entity yet.
        tail_new: The same of the tail.
        state: What became of it.
        revision: The revision that decided so, or None.
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
    """What accepting or rejecting did.

    Attributes:
        revision: The revision to undo it by; 0 where nothing was left to decide.
        decided: The numbers of the proposals.
        added: How many facts are new to the graph.
    """

    revision: int
    decided: tuple[int, ...]
    added: int = 0
