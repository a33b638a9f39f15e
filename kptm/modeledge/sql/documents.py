"""The files of each source of texts, so that indexing a file again replaces its texts.

A file is identified by its absolute path (:func:`kg.store.rows.sources.document_of`), and keeps the
name under which it was indexed first. Attestations are not stored per file, so they are replaced
only if the source has a single file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.store.rows.sources import document_of
from kptm.modeledge.sql import provenance, record_rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.sql.cursor import Sql
    from kg.sql.database import Database

ELSEWHERE = ""
"""The document of texts that come from no file, or from a file that was not recorded."""


class DocumentSource(NamedTuple):
    """The source of a file's texts.

    Attributes:
        source: The name of the source.
        others: The other files of the source, sorted; "" means texts of no known file.
    """

    source: str
    others: tuple[str, ...] = ()

    def explain_kept(self, path: str | Path) -> str:
        """The message that no texts are replaced, with the reason."""
        others = ", ".join(
            name or "texts that were not indexed from a file" for name in self.others
        )
        return (
            f"{path}: sentences that it no longer has are kept,"
            f" because the source {self.source!r} also has {others};"
            " index it under a source of its own to replace them"
        )


def document_source(
    database: Database, path: str | Path | None, source: str | None
) -> DocumentSource:
    """Find or record the source of a file or folder; ``path`` is None for no file."""
    with database.writing() as (sql, _):
        if path is not None:
            return claim(sql, path, source)
        if source:
            note_elsewhere(sql, source)
        return DocumentSource(source or "")


def sources_of(database: Database, path: str | Path) -> list[str]:
    """The sources under which a file or folder was indexed, sorted."""
    with database.quick() as sql:
        return _sources(sql, document_of(path))


def claim(sql: Sql, path: str | Path, source: str | None) -> DocumentSource:
    """Find or record the source of a file or folder.

    Args:
        sql: A writing transaction.
        path: The file or folder.
        source: The name that the user gave the source; None means the name under which the file was
            indexed before, or else its path.
    """
    document = document_of(path)
    name = _name_of(sql, str(path), document) if source is None else source
    documents = _documents(sql, name)
    if not documents and source is not None and provenance.is_source(sql, name):
        documents = {ELSEWHERE}  # attested by a version that did not record files
        _note(sql, name, ELSEWHERE)
    if document not in documents:
        _note(sql, name, document)
    return DocumentSource(name, tuple(sorted(documents - {document})))


def note_elsewhere(sql: Sql, source: str) -> None:
    """Record that a source attests texts that come from no file."""
    if ELSEWHERE not in _documents(sql, source):
        _note(sql, source, ELSEWHERE)


def forget(sql: Sql, source: str) -> None:
    """Delete the files of a source."""
    sql.run("DELETE FROM modeledge_document WHERE source = ?", (source,))


def end_rest(sql: Sql, operation: int, source: str, digests: Collection[str]) -> list[int]:
    """End a source's attestations of texts not in ``digests``; return the removed rows."""
    query = (
        "SELECT o.id, o.digest, o.text FROM modeledge_attestation a"
        " JOIN modeledge_origin o ON o.id = a.origin_id WHERE a.source = ? AND a.live = 1"
    )
    ended = [
        number
        for number, digest, text in sql.stream(query, (source,))
        if digest not in digests and digest == provenance.of_text(text)  # not statements of triples
    ]
    provenance.end(sql, operation, source, ended)
    orphans = provenance.unattested_by(sql, operation)
    listed, parameter = sql.values(orphans)
    condition = (f"r.origin_id IN {listed}", [parameter])
    return record_rows.remove(sql, operation, condition) if orphans else []


def _name_of(sql: Sql, path: str, document: str) -> str:
    """The name under which a file was indexed before, or else its path, absolute if ambiguous."""
    same = [name for name in _sources(sql, document) if Path(name).name == Path(path).name]
    if same:
        return same[0]
    return document if _documents(sql, path) else path


def _sources(sql: Sql, document: str) -> list[str]:
    query = "SELECT source FROM modeledge_document WHERE document = ? ORDER BY source"
    return [str(name) for (name,) in sql.all(query, (document,))]


def _documents(sql: Sql, source: str) -> set[str]:
    query = "SELECT document FROM modeledge_document WHERE source = ?"
    return {str(name) for (name,) in sql.all(query, (source,))}


def _note(sql: Sql, source: str, document: str) -> None:
    sql.run("INSERT INTO modeledge_document (source, document) VALUES (?, ?)", (source, document))
