"""Sources by the file they speak in, what an undo takes back, and files that a revision changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("source") as batch:
        batch.add_column(
            sa.Column("document", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
        batch.drop_constraint("uq_source_name", type_="unique")
        batch.create_unique_constraint("uq_source_name_document", ["name", "document"])
    op.add_column("revision", sa.Column("undoes", sa.Text()))
    op.create_table(
        "artefact",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("revision_id", "name", name="pk_artefact"),
    )


def downgrade() -> None:
    op.drop_table("artefact")
    op.drop_column("revision", "undoes")
    bind = op.get_bind()
    for table, place in (("qualifier", " AND o.position = t.position"), ("triple_source", "")):
        same = " AND ".join(f"o.{x} = t.{x}" for x in ("triple_id", "rev_added", "seq"))
        bind.execute(
            sa.text(  # what a source states in two files is one statement again
                f"DELETE FROM {table} AS t WHERE EXISTS (SELECT 1 FROM {table} o"
                " JOIN source a ON a.id = t.source_id JOIN source b ON b.id = o.source_id"
                f" WHERE a.name = b.name AND b.id < a.id AND {same}{place})"
            )
        )
        bind.execute(
            sa.text(
                f"UPDATE {table} SET source_id = (SELECT min(b.id) FROM source a JOIN source b"
                f" ON b.name = a.name WHERE a.id = {table}.source_id)"
            )
        )
    bind.execute(
        sa.text(
            "DELETE FROM source WHERE EXISTS"
            " (SELECT 1 FROM source b WHERE b.name = source.name AND b.id < source.id)"
        )
    )
    with op.batch_alter_table("source") as batch:
        batch.drop_constraint("uq_source_name_document", type_="unique")
        batch.drop_column("document")
        batch.create_unique_constraint("uq_source_name", ["name"])
