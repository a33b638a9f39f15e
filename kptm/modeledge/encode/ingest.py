"""Writes linked texts and triples to a store in batches, so that a run can be resumed."""

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

DOCUMENTS_PER_TRANSACTION = 64
"""The number of documents that are written in one transaction."""


class TextWriter:
    """Writes the vectors of linked mentions and clozes.

    Args:
        database: The database of the store.
        model: The model that makes the vectors.
        source: The source that attests the texts.
        revision: The revision of the graph that the operation belongs to.
        replace: Whether the source stops attesting texts that are not among the documents.
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
        self._attested: set[str] | None = set() if replace else None
        self._database = database
        self._model = model
        self._source, self._revision = source, revision
        self._spaces = spaces.spaces_of(model)

    def write(self, documents: Iterable[LinkedText], progress: Callable[[int], None] | None) -> int:
        """Write documents; return how many vectors were new."""
        added = document_count = 0
        for batch in batches(documents):
            added += self._write(batch)
            document_count += len(batch)
            if progress is not None:
                progress(document_count)
        if self._attested is not None:
            self._end_rest(self._attested)
        return added

    def _end_rest(self, attested: set[str]) -> None:
        """End the source's attestations of all texts whose digests are not in ``attested``."""
        with self._database.writing() as (sql, transaction):
            note = f"texts that {self._source} no longer has"
            number = oplog.begin(sql, "replace", note[: record_edits.MAX_NOTE], self._revision)
            removed = documents.end_rest(sql, number, self._source, attested)
            if not removed and not provenance.is_changed_by(sql, number):
                transaction.rollback()

    def _write(self, batch: Sequence[LinkedText]) -> int:
        """Write a batch; return how many records were added or restored."""
        if self._attested is not None:
            self._attested.update(provenance.of_text(item.text) for item in batch)
        text_of = {provenance.of_text(item.text): item for item in batch if item.links}
        with self._database.reading() as sql:
            # Live or not, because forgotten texts are not written again.
            stored = _stored_origins(sql, list(self._spaces.values()), list(text_of))
            unattested = provenance.list_unattested(sql, self._source, list(stored.values()))
        fresh = [item for digest, item in text_of.items() if digest not in stored]
        encoded = self._encode(fresh) if fresh else {}
        if not unattested and not any(records for _, records in encoded.values()):
            return 0
        with self._database.writing() as (sql, _):
            number = oplog.begin(sql, "write", f"{len(fresh)} texts", self._revision)
            restored = record_edits.return_texts(sql, number, self._source, unattested)
            for name, (vectors, records) in encoded.items():
                if records:
                    space = spaces.get_or_create(sql, name, vectors.shape[1], None)
                    values = [item.value for item in records]
                    digests = [provenance.of_text(item.text) for item in records]
                    attested = {self._source: digests}
                    record_rows.insert(
                        sql, number, space, vectors, values, records, digests, attested
                    )
        return len(restored) + sum(len(records) for _, records in encoded.values())

    def _encode(
        self, fresh: list[LinkedText]
    ) -> dict[str, tuple[NDArray[np.float32], list[Record]]]:
        """The vectors of texts with their records, by the name of their space."""
        from kptm.modeledge.encode.encode_texts import clozes, encode_clozes, mention_vectors

        cloze_list = [
            item for document in fresh for item in clozes(document) if item.record.context
        ]
        return {
            self._spaces["mention"]: mention_vectors(self._model, fresh),
            self._spaces["cloze"]: (
                encode_clozes(self._model, cloze_list),
                [item.record for item in cloze_list],
            ),
        }


def _stored_origins(
    sql: Sql, names: Sequence[str], digests: Sequence[str], *, live: bool = False
) -> dict[str, int]:
    """The ids of the origins that have rows (live ones) in the spaces, by digest."""
    id_of = provenance.find_ids(sql, digests)
    listed, parameter = sql.values(list(id_of.values()))
    space_list, space_parameter = sql.values(list(names))
    alive = " AND r.live = 1" if live else ""
    query = (
        "SELECT DISTINCT r.origin_id FROM modeledge_record r JOIN modeledge_space s"
        f" ON s.id = r.space_id WHERE r.origin_id IN {listed} AND s.name IN {space_list}{alive}"
    )
    with_rows = {number for (number,) in sql.all(query, (parameter, space_parameter))}
    return {digest: number for digest, number in id_of.items() if number in with_rows}


def _never_attested(sql: Sql, source: str, origins: dict[str, int]) -> list[int]:
    """The origins that the source has never attested."""
    listed, parameter = sql.values(list(origins.values()))
    query = (
        f"SELECT origin_id FROM modeledge_attestation WHERE source = ? AND origin_id IN {listed}"
    )
    attested = {number for (number,) in sql.all(query, (source, parameter))}
    return sorted(set(origins.values()) - attested)


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
    """Write triples as clozes; see :meth:`kptm.Modeledge.write_facts`."""
    from kptm.modeledge.encode.encode_texts import encode_clozes

    model.eval()
    name = spaces.spaces_of(model)["cloze"]
    added = fact_count = 0
    for batch in batches(facts):
        facts_with_sources = [
            (item.source or source, item.fact) if isinstance(item, Statement) else (source, item)
            for item in batch
        ]
        clozes_with_sources = [
            (source_of_fact, item)
            for source_of_fact, fact in facts_with_sources
            if isinstance(fact, Triple)
            for item in statements(graph, fact, phrasings)
        ]
        added += _write_clozes(
            database,
            name,
            clozes_with_sources,
            lambda items: encode_clozes(model, items),
            revision,
        )
        fact_count += len(batch)
        if progress is not None:
            progress(fact_count)
    return added


def _write_clozes(
    database: Database,
    name: str,
    clozes_with_sources: list[tuple[str, Cloze]],
    encode: Callable[[list[Cloze]], NDArray[np.float32]],
    revision: int | None,
) -> int:
    """Write statements of triples to the space ``name``; return how many were new."""
    digests = [digest_of(item.record) for _, item in clozes_with_sources]
    with database.reading() as sql:
        # Forgotten ones are not skipped, because a triple that is stated again is valid again.
        stored = _stored_origins(sql, [name], sorted(set(digests)), live=True)
        unattested = {
            source: _never_attested(
                sql, source, {digests[row]: stored[digests[row]] for row in rows}
            )
            for source, rows in _stored_rows(clozes_with_sources, digests, stored).items()
        }
    new = [row for row, digest in enumerate(digests) if digest not in stored]
    if not new and not any(unattested.values()):
        return 0
    items = [clozes_with_sources[row][1] for row in new]
    vectors = encode(items) if items else None
    attested: dict[str, list[str]] = {}
    for row in new:
        attested.setdefault(clozes_with_sources[row][0], []).append(digests[row])
    with database.writing() as (sql, _):
        number = oplog.begin(sql, "write", f"{len(new)} statements of triples", revision)
        for source, origins in unattested.items():
            provenance.attest(sql, number, source, origins)
        if vectors is not None:
            space = spaces.get_or_create(sql, name, vectors.shape[1], None)
            records = [item.record for item in items]
            values = [item.value for item in items]
            new_digests = [digests[row] for row in new]
            record_rows.insert(sql, number, space, vectors, values, records, new_digests, attested)
    return len(new)


def _stored_rows(
    clozes_with_sources: Sequence[tuple[str, Cloze]],
    digests: Sequence[str],
    stored: Mapping[str, int],
) -> dict[str, list[int]]:
    """The rows of clozes that are stored already, by the source that states them now."""
    rows_of: dict[str, list[int]] = {}
    for row, (source, _) in enumerate(clozes_with_sources):
        if digests[row] in stored:
            rows_of.setdefault(source, []).append(row)
    return rows_of


def digest_of(record: Record) -> str:
    """The digest of a statement: its text, its triple, and which end is blank."""
    return provenance.of_fact(record.triple or ("", "", ""), record.value, record.text)


def statements(graph: KnowledgeGraph, fact: Triple, phrasings: Phrasings) -> list[Cloze]:
    """State a triple in each phrasing of its relation: once its head is blank, once its tail."""
    from kptm.modeledge.encode.encode_texts import clozes

    head, relation, tail = fact
    entities = graph.entities([head, tail])
    labels = {key: entities[key].label if key in entities else key for key in (head, tail)}
    names = {HEAD: (labels[head], head), TAIL: (labels[tail], tail)}
    return [
        dataclasses.replace(
            item, record=dataclasses.replace(item.record, triple=(head, relation, tail))
        )
        for pattern in phrasings.of(relation)
        for item in clozes(fill(pattern, names), kind="fact")
    ]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield documents or facts in batches of a fixed size.

    A resumed run then makes the same batches and computes the same vectors.
    """
    source = iter(items)
    while batch := list(islice(source, DOCUMENTS_PER_TRANSACTION)):
        yield batch
