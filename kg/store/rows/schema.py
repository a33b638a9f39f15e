"""The tables. Integer row ids live here and never leave the package.

    source ──┐                        ┌── entity   (key)
             ├─ triple_source ─ triple ┼── relation (key)
    revision ┤        │                └── literal  (value, datatype, language, unit)
             │        └─ qualifier
             └─ artefact                 quantity of a literal, measure of a triple that ends in one

``entity``, ``relation`` and ``literal`` are dictionaries: a row is a name, written once. Whatever
is said is a row of ``triple``: of one entity and another, or of an entity and a literal (a label, a
date), whose ids are negative so that one column holds both. Who says it, and from which revision to
which, is in ``triple_source``; ``triple.rev_removed`` repeats whether anybody still does, for
speed: 0 yes, :data:`DOUBTED` only with confidence 0 (a claim that is recorded although it is known
to be wrong), else the revision that ended it.

Beside them stand ``proposal``, facts that texts seem to state and nobody has confirmed, and
``extracted_document``, the texts that were read for them. No query of the graph reads these.

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

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorted by code point everywhere: the fingerprint is made of sorted keys."""

FIRST_RELATION = 16
"""Ids below are of what :mod:`kg.vocabulary` understands; a triple of a lower one is no fact."""

DOUBTED = -1
"""``triple.rev_removed`` of what every source states with confidence 0: recorded, and no fact."""

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("fingerprint", String(64)),
    Column("undoes", Text),
)

# A file beside the graph as it was before a revision changed it; NULL: it was not there.
artefact = Table(
    "artefact",
    metadata,
    Column("revision_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("content", LargeBinary),
)

# One row for each file in which a source speaks, so that the file can be replaced; "" is no file.
source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", NAME, nullable=False),
    Column("is_graph", Integer, nullable=False, server_default="0"),
    Column("document", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("name", "document"),
)

entity = Table(
    "entity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", NAME, nullable=False),
    UniqueConstraint("key"),
)

relation = Table(
    "relation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", NAME, nullable=False),
    UniqueConstraint("key"),
)

# Found by a hash of all four: an index over values would hold every description twice.
literal = Table(
    "literal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("hash", BigInteger, nullable=False),
    Column("value", NAME, nullable=False),
    Column("datatype", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("unit", Text, nullable=False),
)
Index("ix_literal_hash", literal.c.hash)

# What a value measures (kg.values.quantities), of those that are numbers or dates.
quantity = Table(
    "quantity",
    metadata,
    Column("literal_id", Integer, primary_key=True, autoincrement=False),
    Column("dimension", Text, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
)

# The triples that end in such values, by size: those of a relation with the greatest are found
# without reading the others.
measure = Table(
    "measure",
    metadata,
    Column("relation_id", Integer, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("low", Float, primary_key=True),
    Column("triple_id", Integer, primary_key=True),
    Column("high", Float, nullable=False),
    sqlite_with_rowid=False,
)

triple = Table(
    "triple",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("head_id", Integer, nullable=False),
    Column("relation_id", Integer, nullable=False),
    Column("tail_id", Integer, nullable=False),
    Column("rev_added", Integer, nullable=False),
    Column("rev_removed", Integer, nullable=False, server_default="0"),
)
# Each pattern has an index that holds all it needs. What lives has 0 in the last column, so that no
# triple can live twice; each triple has one row, whatever happens to it.
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

# A source says a triple plainly (seq 0), or with details (1, 2, …), each once at a time.
triple_source = Table(
    "triple_source",
    metadata,
    Column("triple_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),
    Column("rev_added", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("rev_removed", Integer),
    Column("line", Integer),
    Column("span_start", Integer),
    Column("span_end", Integer),
    Column("confidence", Float),
    sqlite_with_rowid=False,
)
# What has changed since a revision. All that a first load says is left out: it would cost and tell
# nothing.
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
    Column("triple_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),
    Column("rev_added", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("relation_id", Integer, nullable=False),
    Column("value_id", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# A fact that a text seems to state. ``fact_hash`` identifies the fact and its sentence, whatever
# the source.
proposal = Table(
    "proposal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
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
    Column("revision_id", Integer),
    UniqueConstraint("fact_hash", "source"),
)
Index("ix_proposal_state", proposal.c.state, proposal.c.confidence)
Index("ix_proposal_source", proposal.c.source)
Index("ix_proposal_revision_id", proposal.c.revision_id)

# Texts that an extractor has read, so that a run that was stopped goes on where it was.
extracted_document = Table(
    "extracted_document",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("document", String(32), primary_key=True),
    Column("extractor", String(64), primary_key=True),
    sqlite_with_rowid=False,
)
