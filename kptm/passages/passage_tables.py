"""The tables of passages, which the migrations create.

    passage ──── passage_link (a span, and each entity that it may name)
       └──────── passage_terms (an index of words: FTS5 of SQLite, tsvector of PostgreSQL)

``ordinal`` is the position of a passage in its document, and ``digest`` the hash of its text.
``live`` is 1 for a passage that has not ended. ``rev_came`` is the revision that added it, and
``rev_changed`` the revision that last changed ``live``; undo reads both. ``forgotten`` is 1 for a
passage that was forgotten by its text, so that indexing its file again does not restore it. Only a
purge deletes rows.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

from kg.store.rows.schema import ID, NAME
from kg.store.rows.schema import metadata as graph_metadata

metadata = MetaData(naming_convention=graph_metadata.naming_convention)

passage = Table(
    "passage",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("source", NAME, nullable=False),
    Column("document", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("live", Integer, nullable=False),
    Column("forgotten", Integer, nullable=False),
    Column("rev_came", ID, nullable=False),
    Column("rev_changed", ID, nullable=False),
)
Index("ix_passage_source", passage.c.source, passage.c.document)
Index("ix_passage_rev_came", passage.c.rev_came)
Index("ix_passage_rev_changed", passage.c.rev_changed)

link = Table(
    "passage_link",
    metadata,
    Column("passage_id", ID, primary_key=True),
    Column("span_start", Integer, primary_key=True),
    Column("entity", NAME, primary_key=True),
    Column("span_end", Integer, nullable=False),
    Column("p", Float, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_passage_link_entity", link.c.entity, link.c.passage_id)
