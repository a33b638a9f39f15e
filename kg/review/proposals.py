"""The proposals of a graph (``graph.proposals``): extracted facts that wait for a decision."""

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
        database: The database of the graph.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, items: Iterable[Proposal], *, documents: Iterable[tuple[str, str]] = (), by: str = ""
    ) -> int:
        """Store proposals, and note the texts they were extracted from, in one transaction.

        A proposal that is stored already only gets the new confidence; one that was rejected for
        the same sentence is left out.

        Args:
            items: The proposals.
            documents: (source, hash) of each text that was read.
            by: The fingerprint of the extractor.

        Returns:
            The number of new proposals.

        Raises:
            InvalidNameError: A name cannot be stored unchanged.
        """
        checked = [proposal_rows.check_proposal(item) for item in items]
        with self._database.writing() as (sql, _):
            added = proposal_rows.add(sql, checked)
            proposal_rows.note_documents(sql, sorted(set(documents)), by)
            return added

    def drop(self, source: str, *, keep: Iterable[Proposal]) -> int:
        """Delete the undecided proposals of a source that are not in ``keep``; return how many."""
        with self._database.writing() as (sql, _):
            return proposal_rows.drop(sql, source, sorted({*map(proposal_rows.fact_hash, keep)}))

    def read(self, source: str, documents: Sequence[str], *, by: str) -> set[str]:
        """The hashes in ``documents`` whose texts extractor ``by`` has read."""
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
        """Find proposals, the most confident first.

        Args:
            state: Only proposals in this state; None for all.
            ids: Only proposals with these numbers.
            relation: Only proposals of this relation.
            source: Only proposals from this source.
            minimum: The minimum confidence.
            limit: The maximum number of proposals to return.
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
        """The number of proposals in each state."""
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
            number: The number of the proposal.
            head: The key or name of another head.
            relation: The key of another relation.
            tail: Another tail.
            new: Which of the two, head and tail, are new entities.

        Raises:
            StoreError: There is no such proposal, or it is decided.
        """
        with self._database.writing() as (sql, _):
            return proposal_rows.change(
                sql, number, head=head, relation=relation, tail=tail, new=set(new)
            )

    def accept(self, ids: Sequence[int]) -> Decision:
        """Add proposals to the graph as facts of their sources, in one revision.

        Raises:
            StoreError: A proposal does not exist, or is accepted already.
        """
        with self._database.writing() as (sql, _):
            return decisions.accept(sql, ids)

    def reject(self, ids: Sequence[int]) -> Decision:
        """Mark proposals as wrong, in one revision.

        Raises:
            StoreError: A proposal does not exist, or is decided already.
        """
        with self._database.writing() as (sql, _):
            return decisions.reject(sql, ids)

    def withdraw(self, source: str, documents: Sequence[str] = ()) -> int:
        """Withdraw the proposals from deleted texts of a source.

        Undecided proposals are deleted. Accepted facts end in the graph, unless another source
        states them.

        Args:
            source: The source.
            documents: The hashes of the texts it still has.

        Returns:
            The revision, 0 if nothing changed.
        """
        with self._database.writing() as (sql, transaction):
            number = decisions.withdraw(sql, source, documents)
            if number is None:
                transaction.rollback()
            return number or 0
