"""Accepts, rejects and withdraws proposals, each as one revision, which can be undone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.naming.valid_names import printable
from kg.review import merges
from kg.review.proposal import Decision
from kg.store.rows import revisions
from kg.store.rows.proposal_rows import COLUMNS, fact_hash, find_all, from_row, list_undecided
from kg.store.write import liveness
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Record, Statement, Triple
from kg.vocabulary import SAME_AS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.review.proposal import Proposal
    from kg.sql.cursor import Sql

SENTENCE = "sentence"
"""The qualifier of an accepted fact with the sentence that states it."""


def accept(sql: Sql, ids: Sequence[int]) -> Decision:
    """Add proposals to the graph as facts, in one revision; duplicates are merged first."""
    from kg.loading.load import add_records  # imports NumPy

    items = list_undecided(sql, ids, "accepted")
    if not items:
        return Decision(0, ())
    number = revisions.begin(sql, "accept", _note(items))
    by_source: dict[str, list[Proposal]] = defaultdict(list)
    for item in items:
        if item.relation != SAME_AS:
            by_source[item.source].append(item)
    same = [(item.head, str(item.tail)) for item in items if item.relation == SAME_AS]
    pairs = merges.resolve_pairs(sql, same, strict=False)
    if pairs:
        merges.merge(sql, pairs, revision=number)
    added = 0
    for source, proposals in sorted(by_source.items()):
        add_records(sql, number, source, _new_entities(proposals))
        added += add_records(sql, number, source, [_statement(item) for item in proposals])[0]
    _decide(sql, items, "accepted", number)
    return Decision(number, tuple(item.id for item in items), added, pairs)


def reject(sql: Sql, ids: Sequence[int]) -> Decision:
    """Mark proposals as wrong, in one revision, in every file with the same sentence."""
    items = list_undecided(sql, ids, "rejected")
    if not items:
        return Decision(0, ())
    number = revisions.begin(sql, "reject", _note(items))
    _keep_fingerprint(sql, number)
    listed, parameter = sql.values(sorted({fact_hash(item) for item in items}))
    query = f"SELECT id FROM proposal WHERE state = 'proposed' AND fact_hash IN {listed}"
    same = [int(row[0]) for row in sql.all(query, (parameter,))]
    _decide(sql, find_all(sql, same), "rejected", number)
    return Decision(number, tuple(item.id for item in items))


def withdraw(sql: Sql, source: str, documents: Sequence[str]) -> int | None:
    """End the statements of a source's deleted texts; return the revision, None if none changed."""
    listed, parameter = sql.values(list(documents))
    gone = (
        "source = ? AND document NOT IN (SELECT document FROM extracted_document"
        f" WHERE source = ? AND document IN {listed})"
    )
    parameters = (source, source, parameter)
    query = f"SELECT {COLUMNS} FROM proposal WHERE {gone} AND state <> 'withdrawn'"
    items = [from_row(row) for row in sql.all(query, parameters)]
    forgotten = sql.run(f"DELETE FROM extracted_document WHERE {gone}", parameters)
    open_ = [item.id for item in items if item.state == "proposed"]
    if open_:
        ids, parameter = sql.values(open_)
        sql.run(f"DELETE FROM proposal WHERE id IN {ids}", (parameter,))
    accepted = [item for item in items if item.state == "accepted"]
    if not accepted:
        return 0 if forgotten or open_ else None
    number = revisions.begin(sql, "remove", printable(f"withdrawn: {_note(accepted)}")[:200])
    _end_statements(sql, source, accepted, number)
    _decide(sql, accepted, "withdrawn", number)
    return number


def _decide(sql: Sql, items: Sequence[Proposal], state: str, number: int) -> None:
    listed, parameter = sql.values([item.id for item in items])
    sql.run(
        f"UPDATE proposal SET before = state, state = ?, revision_id = ? WHERE id IN {listed}",
        (state, number, parameter),
    )


def _note(items: Sequence[Proposal]) -> str:
    """The note of a decision in the history."""
    first = items[0]
    tail = first.tail.value if isinstance(first.tail, Literal) else first.tail
    more = f" and {len(items) - 1} more" if len(items) > 1 else ""
    return printable(f"{first.head} | {first.relation} | {tail}"[:180] + more)


def _keep_fingerprint(sql: Sql, number: int) -> None:
    """Copy the previous revision's fingerprint, since the facts are unchanged."""
    known = revisions.stored_fingerprint(sql, number - 1)
    if known is not None:
        revisions.store_fingerprint(sql, number, known)


def _new_entities(items: Sequence[Proposal]) -> list[Record]:
    names = {item.head for item in items if item.head_new}
    names |= {str(item.tail) for item in items if item.tail_new}
    return [EntityRecord(key=name, label=name) for name in sorted(names)]


def _statement(item: Proposal) -> Statement:
    """The fact as a statement of its source, with confidence and sentence."""
    fact = (
        Attribute(item.head, item.relation, item.tail)
        if isinstance(item.tail, Literal)
        else Triple(item.head, item.relation, item.tail)
    )
    sentence = Qualifier(SENTENCE, Literal(item.sentence))
    return Statement(fact, confidence=item.confidence or None, qualifiers=(sentence,))


def _end_statements(sql: Sql, source: str, items: Sequence[Proposal], number: int) -> None:
    """End a source's statements that come from the sentences of accepted proposals."""
    listed, parameter = sql.values(sorted({item.sentence for item in items}))
    statements_of_sentences = (
        "SELECT q.triple_id, q.source_id, q.rev_added, q.seq FROM qualifier q"
        " JOIN literal l ON l.id = q.value_id JOIN relation r ON r.id = q.relation_id"
        " JOIN source s ON s.id = q.source_id"
        f" WHERE s.name = ? AND r.key = '{SENTENCE}' AND l.value IN {listed}"
    )
    sql.run(
        "UPDATE triple_source SET rev_removed = ? WHERE rev_removed IS NULL"
        f" AND (triple_id, source_id, rev_added, seq) IN ({statements_of_sentences})",
        (number, source, parameter),
    )
    liveness.reconcile_retracted(sql, number)
