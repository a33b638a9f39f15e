"""The tables of modeledge, as the migrations make them. Indexes are derived from these rows.

    space ──── record ──── origin ──── attestation ◄ source
                  │
    operation ── log

A record is a vector with its value. Its origin is the text it was made from, which is live while a
source attests it. ``document`` has the files of each source, by absolute path. Only a purge deletes
rows: ``live`` says whether a row counts, and ``op_changed`` which operation changed this last. The
log has the changes of every operation as ranges of record ids. It is used to update indexes, to
undo operations, and to read past states.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kg.store.rows.schema import ID
from kg.store.rows.schema import metadata as graph_metadata

metadata = MetaData(naming_convention=graph_metadata.naming_convention)

EMPTY = text("''")

space = Table(
    "modeledge_space",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("dim", Integer, nullable=False),
    Column("precision", String(8), nullable=False, server_default="float32"),
    UniqueConstraint("name"),
)

origin = Table(
    "modeledge_origin",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("digest"),
)

attestation = Table(
    "modeledge_attestation",
    metadata,
    Column("origin_id", ID, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("live", Integer, nullable=False),
    Column("op_changed", ID, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_modeledge_attestation_source", attestation.c.source)
Index("ix_modeledge_attestation_op_changed", attestation.c.op_changed)

document = Table(
    "modeledge_document",
    metadata,
    Column("source", Text, primary_key=True),
    Column("document", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_modeledge_document_document", document.c.document)

# The vector is the last column, because a database reads all its pages to reach a later column.
record = Table(
    "modeledge_record",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("space_id", ForeignKey("modeledge_space.id"), nullable=False),
    Column("live", Integer, nullable=False),
    Column("op_changed", ID, nullable=False),
    Column("origin_id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("head", Text, nullable=False, server_default=EMPTY),
    Column("relation", Text, nullable=False, server_default=EMPTY),
    Column("tail", Text, nullable=False, server_default=EMPTY),
    Column("vector", LargeBinary, nullable=False),
)
Index("ix_modeledge_record_origin_id", record.c.origin_id)
Index("ix_modeledge_record_value", record.c.value)
# Most records are vectors of texts, which name no triple.
STATED = text("relation <> ''")
Index(
    "ix_modeledge_record_head",
    record.c.head,
    sqlite_where=STATED,
    postgresql_where=STATED,
)

operation = Table(
    "modeledge_operation",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("revision", ID),
    Column("answers", Text, nullable=False, server_default=EMPTY),
)

log = Table(
    "modeledge_log",
    metadata,
    Column("seq", ID, primary_key=True, autoincrement=False),
    Column("op_id", ID, nullable=False),
    Column("space_id", ID, nullable=False),
    Column("live", Integer, nullable=False),
    Column("first", ID, nullable=False),
    Column("last", ID, nullable=False),
)
Index("ix_modeledge_log_op_id", log.c.op_id)

snapshot = Table(
    "modeledge_snapshot",
    metadata,
    Column("space_id", ID, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("folder", Text, nullable=False),
    Column("seq", ID, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("recall", Float),
)
