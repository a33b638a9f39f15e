"""Ids and numbers of revisions have 64 bits on PostgreSQL, as SQLite's always had.

Each table is written anew once, under a lock.
"""

import sqlalchemy as sa
from alembic import op

from kg.sql.cursor import Sql
from kg.sql.partitions import unite

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = {
    "revision": ("id",),
    "artefact": ("revision_id",),
    "source": ("id",),
    "entity": ("id",),
    "relation": ("id",),
    "literal": ("id",),
    "quantity": ("literal_id",),
    "measure": ("relation_id", "triple_id"),
    "triple": ("id", "head_id", "relation_id", "tail_id", "rev_added", "rev_removed"),
    "triple_source": ("triple_id", "source_id", "rev_added", "rev_removed", "line"),
    "qualifier": ("triple_id", "source_id", "rev_added", "relation_id", "value_id"),
    "proposal": ("id", "revision_id"),
    "name_index": ("id",),
    "modeledge_space": ("id",),
    "modeledge_origin": ("id",),
    "modeledge_attestation": ("origin_id", "op_changed"),
    "modeledge_record": ("id", "space_id", "op_changed", "origin_id"),
    "modeledge_operation": ("id", "revision"),
    "modeledge_log": ("seq", "op_id", "space_id", "first", "last"),
    "modeledge_snapshot": ("space_id", "seq"),
    "passage": ("id", "rev_came", "rev_changed"),
    "passage_link": ("passage_id",),
    "passage_terms": ("id",),
}


def upgrade() -> None:
    _change("bigint")


def downgrade() -> None:
    """An id that does not fit is an error, and nothing is changed then.

    Divided tables become plain ones: the column that divides a table cannot change its type.
    """
    unite(Sql.on(op.get_bind()))
    _change("integer")


def _change(kind: str) -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    for table, columns in COLUMNS.items():
        changes = ", ".join(f"ALTER COLUMN {column} TYPE {kind}" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
        sequence = bind.execute(
            sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table, "column": columns[0]},
        ).scalar()
        if sequence is not None:
            op.execute(f"ALTER SEQUENCE {sequence} AS {kind}")
