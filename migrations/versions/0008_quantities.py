"""What values measure, and facts by the size of their values.

So an index finds superlatives and comparisons.
"""

import sqlalchemy as sa
from alembic import op

from kg.sql.cursor import Sql
from kg.store.rows import quantity_rows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quantity",
        sa.Column("literal_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("literal_id", name="pk_quantity"),
    )
    op.create_table(
        "measure",
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("triple_id", sa.Integer(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("relation_id", "dimension", "low", "triple_id", name="pk_measure"),
        sqlite_with_rowid=False,
    )
    quantity_rows.rebuild(Sql.on(op.get_bind()))


def downgrade() -> None:
    op.drop_table("measure")
    op.drop_table("quantity")
