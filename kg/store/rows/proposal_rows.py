"""Rows of proposals (facts extracted from texts, and duplicates), and of the texts that were read.

A row has the revision that decided the proposal, and the state before the decision. Undoing the
revision exchanges the two states, and undoing this undo exchanges them again.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg.errors import StoreError
from kg.naming.folding import fold
from kg.naming.valid_names import checked_key, checked_name
from kg.review.proposal import Proposal, ProposalState
from kg.types import Literal
from kg.vocabulary import SAME_AS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kg.sql.cursor import Sql

COLUMNS = (
    "id, head, relation, tail, is_value, datatype, language, unit, head_new, tail_new, confidence,"
    " source, document, sentence, head_start, head_end, tail_start, tail_end, extractor, state,"
    " revision_id"
)
"""The columns of a proposal, in the order of :func:`from_row`."""
_INSERTED = f"{COLUMNS}, fact_hash, before"
_PLACEHOLDERS = ", ".join("?" for _ in _INSERTED.split(","))


def check_proposal(item: Proposal) -> Proposal:
    """Return the proposal if the store can hold it.

    Raises:
        InvalidNameError: A name in it is invalid.
    """
    checked_key(item.head, "head")
    checked_key(item.relation, "relation")
    if isinstance(item.tail, Literal):
        checked_name(item.tail.value, "tail", may_be_empty=True)
    else:
        checked_key(item.tail, "tail")
    checked_key(item.source, "source")
    checked_name(item.sentence, "sentence")
    return item


def fact_hash(item: Proposal) -> str:
    """A hash of a fact and its sentence, which does not depend on the sentence's file.

    For a duplicate it is a hash of the two entities in any order, because the sentence only
    describes what the two have in common now.
    """
    tail = item.tail
    if item.relation == SAME_AS:
        pair = json.dumps([SAME_AS, *sorted((item.head, str(tail)))], ensure_ascii=False)
        return hashlib.sha256(pair.encode()).hexdigest()[:32]
    parts = (
        [tail.value, tail.datatype, tail.language, tail.unit]
        if isinstance(tail, Literal)
        else [tail]
    )
    text = json.dumps([item.head, item.relation, parts, item.sentence], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def add(sql: Sql, items: Sequence[Proposal]) -> int:
    """Store proposals; return the number of new ones.

    A proposal that its source has made before is updated if it is undecided or withdrawn. One that
    was rejected, from any source, is not proposed again.
    """
    if not items:
        return 0
    hashes = [fact_hash(item) for item in items]
    listed, parameter = sql.values(sorted(set(hashes)))
    query = f"SELECT fact_hash, source, state FROM proposal WHERE fact_hash IN {listed}"
    stored = sql.all(query, (parameter,))
    rejected = {hash_ for hash_, _, state in stored if state == "rejected"}
    known = {(hash_, source): state for hash_, source, state in stored}
    number = int(sql.one("SELECT max(id) FROM proposal") or 0)
    added = 0
    for hash_, item in zip(hashes, items, strict=True):
        state = known.get((hash_, item.source))
        if state in ("proposed", "withdrawn"):
            sql.run(
                "UPDATE proposal SET confidence = ?, extractor = ?, document = ?,"
                " state = 'proposed', revision_id = NULL WHERE fact_hash = ? AND source = ?",
                (item.confidence, item.extractor, item.document, hash_, item.source),
            )
        elif state is None and hash_ not in rejected:
            number += 1
            added += 1
            known[hash_, item.source] = "proposed"
            _insert(sql, number, hash_, item)
    return added


def _insert(sql: Sql, number: int, hash_: str, item: Proposal) -> None:
    query = f"INSERT INTO proposal ({_INSERTED}) VALUES ({_PLACEHOLDERS})"
    sql.run(query, _row(number, hash_, item))


def drop(sql: Sql, source: str, keep: Sequence[str]) -> int:
    """Delete a source's undecided proposals except the hashes in ``keep``; return how many."""
    listed, parameter = sql.values(keep)
    return sql.run(
        "DELETE FROM proposal WHERE source = ? AND state = 'proposed' AND id NOT IN"
        f" (SELECT id FROM proposal WHERE source = ? AND fact_hash IN {listed})",
        (source, source, parameter),
    )


def note_documents(sql: Sql, documents: Sequence[tuple[str, str]], extractor: str) -> None:
    """Note that an extractor has read texts, given as (source, hash)."""
    for source, document in documents:
        sql.run(
            "INSERT INTO extracted_document (source, document, extractor) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (source, document, extractor),
        )


def documents_read(sql: Sql, source: str, documents: Sequence[str], extractor: str) -> set[str]:
    """The hashes in ``documents`` whose texts an extractor has read."""
    listed, parameter = sql.values(list(documents))
    query = (
        "SELECT document FROM extracted_document WHERE source = ? AND extractor = ?"
        f" AND document IN {listed}"
    )
    return {row[0] for row in sql.all(query, (source, extractor, parameter))}


def find(
    sql: Sql,
    *,
    state: str | None,
    ids: Sequence[int] | None,
    relation: str | None,
    source: str | None,
    minimum: float,
    limit: int | None,
) -> list[Proposal]:
    """Proposals, the most confident first; see :meth:`kg.review.proposals.Proposals.find`."""
    conditions, parameters = ["confidence >= ?"], list[Any]([minimum])
    for column, value in (("state", state), ("relation", relation), ("source", source)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(str(value))
    if ids is not None:
        if not ids:
            return []
        listed, parameter = sql.values(list(ids))
        conditions.append(f"id IN {listed}")
        parameters.append(parameter)
    query = (
        f"SELECT {COLUMNS} FROM proposal WHERE {' AND '.join(conditions)}"
        " ORDER BY confidence DESC, id"
    )
    if limit is not None:
        query += " LIMIT ?"
        parameters.append(limit)
    return [from_row(row) for row in sql.all(query, parameters)]


def count(sql: Sql) -> dict[str, int]:
    """The number of proposals in each state."""
    counts = dict(sql.all("SELECT state, count(*) FROM proposal GROUP BY state"))
    return {
        name: int(counts.get(name, 0)) for name in ("proposed", "accepted", "rejected", "withdrawn")
    }


def change(
    sql: Sql,
    number: int,
    *,
    head: str | None,
    relation: str | None,
    tail: str | Literal | None,
    new: set[str],
) -> Proposal:
    """Correct a proposal; see :meth:`kg.review.proposals.Proposals.change`.

    Args:
        sql: A writing transaction.
        number: The id of the proposal.
        head: The corrected head; None leaves it as it is.
        relation: The corrected relation, or None.
        tail: The corrected tail, or None.
        new: The corrected heads and tails that are not in the graph yet.
    """
    item = list_undecided(sql, [number], "changed")[0]
    changed = check_proposal(
        replace(
            item,
            head=head or item.head,
            relation=relation or item.relation,
            tail=item.tail if tail is None else tail,
            head_new=item.head_new if head is None else head in new,
            tail_new=item.tail_new if tail is None else tail in new,
            # A duplicate's features, from which weights are fitted, are those of the other pair.
            document="" if item.relation == SAME_AS else item.document,
        )
    )
    hash_ = fact_hash(changed)
    query = "SELECT id FROM proposal WHERE fact_hash = ? AND source = ? AND id <> ?"
    other = sql.one(query, (hash_, item.source, number))
    if other is not None:
        raise StoreError(f"proposal {other} has this fact and sentence already; decide that one")
    sql.run("DELETE FROM proposal WHERE id = ?", (number,))
    _insert(sql, number, hash_, changed)
    return changed


def follow_undo(sql: Sql, undone: Collection[int], number: int) -> int:
    """Exchange the present and previous states of proposals that the undone revisions decided.

    Returns:
        The number of these proposals.
    """
    listed, parameter = sql.values(sorted(undone))
    return sql.run(
        "UPDATE proposal SET state = before, before = state, revision_id = ?"
        f" WHERE revision_id IN {listed}",
        (number, parameter),
    )


def is_decided_by(sql: Sql, undone: Collection[int]) -> bool:
    """Whether one of the revisions decided a proposal."""
    listed, parameter = sql.values(sorted(undone))
    query = f"SELECT 1 FROM proposal WHERE revision_id IN {listed} LIMIT 1"
    return sql.one(query, (parameter,)) is not None


def is_source(sql: Sql, source: str) -> bool:
    """Whether texts of a source were read, or proposals come from it."""
    return any(
        sql.one(f"SELECT 1 FROM {table} WHERE source = ? LIMIT 1", (source,)) is not None
        for table in ("proposal", "extracted_document")
    )


def purge(sql: Sql, *, source: str | None, names: Iterable[str]) -> int:
    """Delete the proposals of a source, and those that contain a given name; return how many."""
    deleted = 0
    if source is not None:
        deleted = sql.run("DELETE FROM proposal WHERE source = ?", (source,))
        sql.run("DELETE FROM extracted_document WHERE source = ?", (source,))
    wanted = {fold(name) for name in names} - {""}
    if not wanted:
        return deleted
    # A short name must be a whole word, since it occurs within many words.
    pattern = re.compile(
        "|".join(
            re.escape(name) if len(name) > 2 else rf"(?<!\w){re.escape(name)}(?!\w)"
            for name in sorted(wanted)
        )
    )
    query = "SELECT id, head, tail, relation, sentence FROM proposal"
    with_name = [
        row[0] for row in sql.all(query) if any(pattern.search(fold(text)) for text in row[1:])
    ]
    if with_name:
        listed, parameter = sql.values(with_name)
        deleted += sql.run(f"DELETE FROM proposal WHERE id IN {listed}", (parameter,))
    return deleted


def find_all(sql: Sql, ids: Sequence[int]) -> list[Proposal]:
    """Proposals by their ids, the most confident first."""
    return find(sql, state=None, ids=ids, relation=None, source=None, minimum=0, limit=None)


def list_undecided(sql: Sql, ids: Sequence[int], action: str) -> list[Proposal]:
    """Proposals by their ids, in this order; none may be decided.

    Args:
        sql: A transaction.
        ids: The ids.
        action: What would be done to the proposals, for the message: "changed".

    Raises:
        StoreError: A proposal does not exist, or is decided already.
    """
    proposals = {item.id: item for item in find_all(sql, list(ids))}
    for number in ids:
        if number not in proposals:
            raise StoreError(f"there is no proposal {number}; kptm review lists them")
        if proposals[number].state != "proposed":
            by = proposals[number].revision
            raise StoreError(
                f"proposal {number} cannot be {action}: it is {proposals[number].state};"
                f" undo revision {by} first"
            )
    return [proposals[number] for number in dict.fromkeys(ids)]


def _row(number: int, hash_: str, item: Proposal) -> tuple[Any, ...]:
    tail = item.tail
    value = tail if isinstance(tail, Literal) else None
    return (
        number,
        item.head,
        item.relation,
        tail if value is None else value.value,
        int(value is not None),
        *((value.datatype, value.language, value.unit) if value is not None else ("", "", "")),
        int(item.head_new),
        int(item.tail_new),
        float(item.confidence),
        item.source,
        item.document,
        item.sentence,
        *item.head_span,
        *item.tail_span,
        item.extractor,
        "proposed",
        None,
        hash_,
        "proposed",
    )


def from_row(row: Sequence[Any]) -> Proposal:
    """The proposal of a row of :data:`COLUMNS`."""
    number, head, relation, tail, is_value, datatype, language, unit, head_new, tail_new = row[:10]
    confidence, source, document, sentence, *spans, extractor, state, revision = row[10:]
    return Proposal(
        id=number,
        head=head,
        relation=relation,
        tail=Literal(tail, datatype, language, unit) if is_value else tail,
        head_new=bool(head_new),
        tail_new=bool(tail_new),
        confidence=confidence,
        source=source,
        document=document,
        sentence=sentence,
        head_span=(spans[0], spans[1]),
        tail_span=(spans[2], spans[3]),
        extractor=extractor,
        state=ProposalState(state),
        revision=revision,
    )
