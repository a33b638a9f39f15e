"""The tables. Integer row ids are used in this package only.

    source ──┐                        ┌── entity   (key)
             ├─ triple_source ─ triple ┼── relation (key)
    revision ┤        │                └── literal  (value, datatype, language, unit)
             │        └─ qualifier
             └─ artefact                 quantity of a literal, measure of a triple that ends in one

``entity``, ``relation`` and ``literal`` are dictionaries: each row is a name, which is stored once.
Each row of ``triple`` is a fact whose tail is an entity or a literal (a label, a date). Ids of
literals are negative, so that one column can contain both. ``triple_source`` records which source
states a fact, and from which revision to which. For speed, ``triple.rev_removed`` repeats whether
any source still states it: 0 if one does, :data:`DOUBTED` if all do so with confidence 0 (the claim
is recorded as wrong), and otherwise the revision that ended it.

Two tables are not read by queries of the graph: ``proposal``, with facts that texts seem to state
and that nobody has confirmed yet, and ``extracted_document``, with the texts they were read from.

There are no foreign keys: all ids come from these dictionaries in the same transaction, and
checking each row again would double the time of a load.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
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

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = BigInteger().with_variant(Integer(), "sqlite")
"""A number of 64 bits: an id, or the number of a revision or operation.

SQLite's INTEGER has 64 bits, and only under this name is a primary key the table itself.
"""

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that every database sorts by code point, because the fingerprint uses sorted keys."""

FIRST_RELATION = 16
"""Lower ids are relations of :mod:`kg.vocabulary`; triples with these are not facts."""

DOUBTED = -1
"""``triple.rev_removed`` of a triple that all sources state with confidence 0; it is not a fact."""

revision = Table(
    "revision",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("fingerprint", String(64)),
    Column("undoes", Text),
)

# The content of a file beside the graph before a revision changed it; NULL if it did not exist.
artefact = Table(
    "artefact",
    metadata,
    Column("revision_id", ID, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary),
)

# One row per source and file, so that a file can be replaced; the document "" means no file. The
# name of the key column of a table with one entity per row says what its rows are.
source = Table(
    "source",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("name", NAME, nullable=False),
    Column("is_graph", Integer, nullable=False, server_default="0"),
    Column("document", Text, nullable=False, server_default=text("''")),
    Column("key_column", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("name", "document"),
)

entity = Table(
    "entity",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("key", NAME, nullable=False),
    UniqueConstraint("key"),
)

relation = Table(
    "relation",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("key", NAME, nullable=False),
    UniqueConstraint("key"),
)

# Looked up by a hash of the four parts; an index over values would store every description twice.
literal = Table(
    "literal",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("hash", BigInteger, nullable=False),
    Column("value", NAME, nullable=False),
    Column("datatype", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("unit", Text, nullable=False),
)
Index("ix_literal_hash", literal.c.hash)

# The quantities (kg.values.base_quantities) of values that are numbers or dates.
quantity = Table(
    "quantity",
    metadata,
    Column("literal_id", ID, primary_key=True, autoincrement=False),
    Column("dimension", Text, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
)

# The triples that end in such values, by size, so that the facts of a relation with the greatest
# values are found without reading the others.
measure = Table(
    "measure",
    metadata,
    Column("relation_id", ID, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("low", Float, primary_key=True),
    Column("triple_id", ID, primary_key=True),
    Column("high", Float, nullable=False),
    sqlite_with_rowid=False,
)

triple = Table(
    "triple",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("head_id", ID, nullable=False),
    Column("relation_id", ID, nullable=False),
    Column("tail_id", ID, nullable=False),
    Column("rev_added", ID, nullable=False),
    Column("rev_removed", ID, nullable=False, server_default="0"),
)
# Each pattern of a triple is answered from an index alone. A live triple has 0 in the last column,
# so that the unique index allows no second one.
Index(
    "uq_triple",
    triple.c.head_id,
    triple.c.relation_id,
    triple.c.tail_id,
    triple.c.rev_removed,
    unique=True,
)
Index(
    "ix_triple_tail",
    triple.c.tail_id,
    triple.c.relation_id,
    triple.c.head_id,
    triple.c.rev_removed,
)
Index("ix_triple_relation", triple.c.relation_id)

# A source states a triple without details (seq 0) or with details (1, 2, …), each once at a time.
triple_source = Table(
    "triple_source",
    metadata,
    Column("triple_id", ID, primary_key=True),
    Column("source_id", ID, primary_key=True),
    Column("rev_added", ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("rev_removed", ID),
    Column("line", ID),
    Column("span_start", Integer),
    Column("span_end", Integer),
    Column("confidence", Float),
    sqlite_with_rowid=False,
)
# For finding the changes since a revision. The first revision is left out of the index, because it
# is usually a large load, and no query asks for its additions alone.
LATER, ENDED = text("rev_added > 1"), text("rev_removed IS NOT NULL")
Index(
    "ix_triple_source_later",
    triple_source.c.rev_added,
    sqlite_where=LATER,
    postgresql_where=LATER,
)
Index(
    "ix_triple_source_ended",
    triple_source.c.rev_removed,
    sqlite_where=ENDED,
    postgresql_where=ENDED,
)

qualifier = Table(
    "qualifier",
    metadata,
    Column("triple_id", ID, primary_key=True),
    Column("source_id", ID, primary_key=True),
    Column("rev_added", ID, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("relation_id", ID, nullable=False),
    Column("value_id", ID, nullable=False),
    sqlite_with_rowid=False,
)

# A fact that a text seems to state. ``fact_hash`` identifies the fact and its sentence,
# independently of the source.
proposal = Table(
    "proposal",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("fact_hash", String(32), nullable=False),
    Column("head", NAME, nullable=False),
    Column("relation", NAME, nullable=False),
    Column("tail", NAME, nullable=False),
    Column("is_value", Integer, nullable=False),
    Column("datatype", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("head_new", Integer, nullable=False),
    Column("tail_new", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("source", NAME, nullable=False),
    Column("document", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("head_start", Integer, nullable=False),
    Column("head_end", Integer, nullable=False),
    Column("tail_start", Integer, nullable=False),
    Column("tail_end", Integer, nullable=False),
    Column("extractor", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("before", String(16), nullable=False),
    Column("revision_id", ID),
    UniqueConstraint("fact_hash", "source"),
)
Index("ix_proposal_state", proposal.c.state, proposal.c.confidence)
Index("ix_proposal_source", proposal.c.source)
Index("ix_proposal_revision_id", proposal.c.revision_id)

# The texts that an extractor has read, so that an interrupted run continues where it stopped.
extracted_document = Table(
    "extracted_document",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("document", String(32), primary_key=True),
    Column("extractor", String(64), primary_key=True),
    sqlite_with_rowid=False,
)
