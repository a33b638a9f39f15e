"""Writes linked texts and triples to a store, a transaction a batch; an interrupted run resumes."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from kg.types import Statement, Triple
from kptm.data.phrasings import HEAD, TAIL, fill
from kptm.modeledge.sql import documents, oplog, provenance, record_edits, record_rows, spaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kg.graph import KnowledgeGraph
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kptm.data import Phrasings
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.encode.encode_texts import Cloze
    from kptm.modeledge.records import Record

Item = TypeVar("Item")

BATCH = 64
"""Documents that are written in one transaction."""


class TextWriter:
    """Writes the vectors of linked mentions and clozes.

    Args:
        database: The database of the store.
        model: The model that makes the vectors.
        source: Who attests the texts.
        revision: The revision of the graph that the operation belongs to.
        replace: Whether the source no longer attests texts that are not among the documents.
    """

    def __init__(
        self,
        database: Database,
        model: FusedModel,
        source: str,
        revision: int | None = None,
        *,
        replace: bool = False,
    ) -> None:
        model.eval()
        self._said: set[str] | None = set() if replace else None
        self._database = database
        self._model = model
        self._source, self._revision = source, revision
        self._spaces = spaces.spaces_of(model)

    def write(self, documents: Iterable[LinkedText], progress: Callable[[int], None] | None) -> int:
        """Write documents; return how many vectors were new."""
        added = done = 0
        for batch in batches(documents):
            added += self._write(batch)
            done += len(batch)
            if progress is not None:
                progress(done)
        if self._said is not None:
            self._end_rest(self._said)
        return added

    def _end_rest(self, said: set[str]) -> None:
        with self._database.writing() as (sql, transaction):
            note = f"what {self._source} no longer says"
            number = oplog.begin(sql, "replace", note[: record_edits.NOTE], self._revision)
            gone = documents.end_rest(sql, number, self._source, said)
            if not gone and not provenance.is_changed_by(sql, number):
                transaction.rollback()

    def _write(self, batch: Sequence[LinkedText]) -> int:
        if self._said is not None:
            self._said.update(provenance.of_text(item.text) for item in batch)
        named = {provenance.of_text(item.text): item for item in batch if item.links}
        with self._database.reading() as sql:
            # Live or not: what was forgotten is not written again.
            there = _present_origins(sql, list(self._spaces.values()), list(named))
            unsaid = provenance.silent(sql, self._source, list(there.values()))
        fresh = [item for digest, item in named.items() if digest not in there]
        found = self._encode(fresh) if fresh else {}
        if not unsaid and not any(records for _, records in found.values()):
            return 0
        with self._database.writing() as (sql, _):
            number = oplog.begin(sql, "write", f"{len(fresh)} texts", self._revision)
            back = record_edits.return_texts(sql, number, self._source, unsaid)
            for name, (vectors, records) in found.items():
                if records:
                    space = spaces.get_or_create(sql, name, vectors.shape[1], None)
                    values = [item.value for item in records]
                    digests = [provenance.of_text(item.text) for item in records]
                    attested = {self._source: digests}
                    record_rows.insert(
                        sql, number, space, vectors, values, records, digests, attested
                    )
        return len(back) + sum(len(records) for _, records in found.values())

    def _encode(
        self, fresh: list[LinkedText]
    ) -> dict[str, tuple[NDArray[np.float32], list[Record]]]:
        from kptm.modeledge.encode.encode_texts import clozes, encode_clozes, mention_vectors

        asked = [item for document in fresh for item in clozes(document) if item.record.context]
        return {
            self._spaces["mention"]: mention_vectors(self._model, fresh),
            self._spaces["cloze"]: (
                encode_clozes(self._model, asked),
                [item.record for item in asked],
            ),
        }


def _present_origins(
    sql: Sql, names: Sequence[str], digests: Sequence[str], *, live: bool = False
) -> dict[str, int]:
    """The ids of the origins that have rows in the spaces."""
    known = provenance.find_ids(sql, digests)
    listed, parameter = sql.values(list(known.values()))
    spelt, wanted = sql.values(list(names))
    alive = " AND r.live = 1" if live else ""
    query = (
        "SELECT DISTINCT r.origin_id FROM modeledge_record r JOIN modeledge_space s"
        f" ON s.id = r.space_id WHERE r.origin_id IN {listed} AND s.name IN {spelt}{alive}"
    )
    held = {number for (number,) in sql.all(query, (parameter, wanted))}
    return {digest: number for digest, number in known.items() if number in held}


def _unsaid(sql: Sql, source: str, there: dict[str, int]) -> list[int]:
    """The origins that the source has never attested."""
    listed, parameter = sql.values(list(there.values()))
    query = (
        f"SELECT origin_id FROM modeledge_attestation WHERE source = ? AND origin_id IN {listed}"
    )
    said = {number for (number,) in sql.all(query, (source, parameter))}
    return sorted(set(there.values()) - said)


def write_facts(
    database: Database,
    model: FusedModel,
    graph: KnowledgeGraph,
    facts: Iterable[Triple | Statement],
    phrasings: Phrasings,
    source: str,
    progress: Callable[[int], None] | None,
    revision: int | None = None,
) -> int:
    """Write triples as clozes in their relation's phrasings: :meth:`kptm.Modeledge.write_facts`."""
    from kptm.modeledge.encode.encode_texts import encode_clozes

    model.eval()
    name = spaces.spaces_of(model)["cloze"]
    added = done = 0
    for batch in batches(facts):
        told = [(item.source or source, item.fact) if isinstance(item, Statement) else
                (source, item) for item in batch]  # fmt: skip
        said = [
            (who, item)
            for who, fact in told
            if isinstance(fact, Triple)
            for item in statements(graph, fact, phrasings)
        ]
        added += _write_said(
            database, name, said, lambda items: encode_clozes(model, items), revision
        )
        done += len(batch)
        if progress is not None:
            progress(done)
    return added


def _write_said(
    database: Database,
    name: str,
    said: list[tuple[str, Cloze]],
    encode: Callable[[list[Cloze]], NDArray[np.float32]],
    revision: int | None,
) -> int:
    digests = [digest_of(item.record) for _, item in said]
    with database.reading() as sql:
        # Forgotten ones are not skipped: a triple that is given again holds again.
        there = _present_origins(sql, [name], sorted(set(digests)), live=True)
        unsaid = {
            source: _unsaid(sql, source, {digests[row]: there[digests[row]] for row in said_by})
            for source, said_by in _by_source(said, digests, there).items()
        }
    new = [row for row, digest in enumerate(digests) if digest not in there]
    if not new and not any(unsaid.values()):
        return 0
    items = [said[row][1] for row in new]
    vectors = encode(items) if items else None
    attested: dict[str, list[str]] = {}
    for row in new:
        attested.setdefault(said[row][0], []).append(digests[row])
    with database.writing() as (sql, _):
        number = oplog.begin(sql, "write", f"{len(new)} statements of triples", revision)
        for source, found in unsaid.items():
            provenance.attest(sql, number, source, found)
        if vectors is not None:
            space = spaces.get_or_create(sql, name, vectors.shape[1], None)
            records = [item.record for item in items]
            values = [item.value for item in items]
            kept = [digests[row] for row in new]
            record_rows.insert(sql, number, space, vectors, values, records, kept, attested)
    return len(new)


def _by_source(
    said: Sequence[tuple[str, Cloze]], digests: Sequence[str], there: Mapping[str, int]
) -> dict[str, list[int]]:
    """Rows that are stored already, grouped by the source that states them now."""
    found: dict[str, list[int]] = {}
    for row, (source, _) in enumerate(said):
        if digests[row] in there:
            found.setdefault(source, []).append(row)
    return found


def digest_of(record: Record) -> str:
    """The digest of a statement: its text, its triple, and which end is blank."""
    return provenance.of_fact(record.triple or ("", "", ""), record.value, record.text)


def statements(graph: KnowledgeGraph, fact: Triple, phrasings: Phrasings) -> list[Cloze]:
    """A triple in every phrasing of its relation, each with a blank head and with a blank tail."""
    from kptm.modeledge.encode.encode_texts import clozes

    head, relation, tail = fact
    known = graph.entities([head, tail])
    labels = {key: known[key].label if key in known else key for key in (head, tail)}
    names = {HEAD: (labels[head], head), TAIL: (labels[tail], tail)}
    return [
        dataclasses.replace(
            item, record=dataclasses.replace(item.record, triple=(head, relation, tail))
        )
        for pattern in phrasings.of(relation)
        for item in clozes(fill(pattern, names), kind="fact")
    ]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Documents or facts in fixed batches, so that a resumed run computes the same vectors."""
    source = iter(items)
    while batch := list(islice(source, BATCH)):
        yield batch
