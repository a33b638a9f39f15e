"""Files in which sources of texts speak."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "modeledge_document",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "document", name="pk_modeledge_document"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_modeledge_document_document", "modeledge_document", ["document"])


def downgrade() -> None:
    op.drop_table("modeledge_document")
