"""Modeledge: spaces (which model made a vector) and records (vector, value, where it came from)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "modeledge_space",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modeledge_space"),
        sa.UniqueConstraint("name", name="uq_modeledge_space_name"),
    )
    op.create_table(
        "modeledge_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("op_added", sa.Integer(), nullable=False),
        sa.Column("op_removed", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_modeledge_record"),
        sa.ForeignKeyConstraint(
            ["space_id"],
            ["modeledge_space.id"],
            name="fk_modeledge_record_space_id_modeledge_space",
        ),
    )
    op.create_index("ix_modeledge_record_space_id_kind", "modeledge_record", ["space_id", "kind"])
    op.create_index(
        "ix_modeledge_record_space_id_source", "modeledge_record", ["space_id", "source"]
    )
    op.create_index("ix_modeledge_record_value", "modeledge_record", ["value"])
    op.create_table(
        "modeledge_operation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modeledge_operation"),
    )


def downgrade() -> None:
    for table in ("modeledge_record", "modeledge_space", "modeledge_operation"):
        op.drop_table(table)
