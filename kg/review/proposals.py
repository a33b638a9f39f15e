"""Proposals: facts that texts seem to state, until a person decides.

``graph.proposals`` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.review import decisions
from kg.review.proposal import ProposalState
from kg.store.rows import proposal_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.review.proposal import Decision, Proposal
    from kg.sql.database import Database
    from kg.types import Literal


class Proposals:
    """The proposals of a graph.

    Args:
        database: The graph's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, items: Iterable[Proposal], *, documents: Iterable[tuple[str, str]] = (), by: str = ""
    ) -> int:
        """Store proposals, and note the texts that were read for them, in one transaction.

        What is stored already only gets the new confidence; what was rejected in the same sentence
        is left out.

        Args:
            items: The proposals.
            documents: (source, hash) of each text that was read.
            by: The fingerprint of the extractor.

        Returns:
            How many are new.

        Raises:
            InvalidNameError: A name cannot be stored unchanged.
        """
        found = [proposal_rows.check_proposal(item) for item in items]
        with self._database.writing() as (sql, _):
            added = proposal_rows.add(sql, found)
            proposal_rows.note_documents(sql, sorted(set(documents)), by)
            return added

    def read(self, source: str, documents: Sequence[str], *, by: str) -> set[str]:
        """Those of some texts of a source, by their hashes, that an extractor has read."""
        with self._database.quick() as sql:
            return proposal_rows.documents_read(sql, source, documents, by)

    def find(
        self,
        *,
        state: ProposalState | str | None = ProposalState.PROPOSED,
        ids: Sequence[int] | None = None,
        relation: str | None = None,
        source: str | None = None,
        minimum: float = 0.0,
        limit: int | None = None,
    ) -> list[Proposal]:
        """Proposals, the most confident first.

        Args:
            state: What became of them; None for all.
            ids: These alone.
            relation: Of this relation alone.
            source: Of this source alone.
            minimum: The least confidence.
            limit: The most to give.
        """
        with self._database.quick() as sql:
            return proposal_rows.find(
                sql,
                state=state,
                ids=ids,
                relation=relation,
                source=source,
                minimum=minimum,
                limit=limit,
            )

    def count(self) -> dict[str, int]:
        """How many there are in each state."""
        with self._database.quick() as sql:
            return proposal_rows.count(sql)

    def change(
        self,
        number: int,
        *,
        head: str | None = None,
        relation: str | None = None,
        tail: str | Literal | None = None,
        new: Iterable[str] = (),
    ) -> Proposal:
        """Correct a proposal before it is decided; return it.

        Args:
            number: Its number.
            head: Another head, by its key.
            relation: Another relation, by its key.
            tail: Another tail.
            new: Those of the two that the graph does not have.

        Raises:
            StoreError: There is no such proposal, or it is decided.
        """
        with self._database.writing() as (sql, _):
            return proposal_rows.change(
                sql, number, head=head, relation=relation, tail=tail, new=set(new)
            )

    def accept(self, ids: Sequence[int]) -> Decision:
        """Make proposals facts, in one revision, stated by their sources with their sentences.

        Raises:
            StoreError: One of them does not exist, or is accepted already.
        """
        with self._database.writing() as (sql, _):
            return decisions.accept(sql, ids)

    def reject(self, ids: Sequence[int]) -> Decision:
        """Note that proposals are wrong, in one revision.

        Raises:
            StoreError: One of them does not exist, or is decided already.
        """
        with self._database.writing() as (sql, _):
            return decisions.reject(sql, ids)

    def withdraw(self, source: str, documents: Sequence[str] = ()) -> int:
        """End what gone texts of the source said; return the revision, 0 if they said nothing.

        Proposals that nobody decided on go. What was accepted ends in the graph, unless another
        source states it.

        Args:
            source: The source.
            documents: The hashes of its texts that are still there.
        """
        with self._database.writing() as (sql, transaction):
            number = decisions.withdraw(sql, source, documents)
            if number is None:
                transaction.rollback()
            return number or 0
