"""Modeledge by origin: texts once, who attests them, and a log of operations on rows."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import count

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PAGE = 2_000


def upgrade() -> None:
    for index in ("space_id_kind", "space_id_source", "value"):
        op.drop_index(f"ix_modeledge_record_{index}")
    op.rename_table("modeledge_record", "old_record")
    if op.get_bind().dialect.name == "postgresql":  # constraints keep their names there
        op.execute("ALTER INDEX pk_modeledge_record RENAME TO pk_old_record")
        op.execute(
            "ALTER TABLE old_record RENAME CONSTRAINT"
            " fk_modeledge_record_space_id_modeledge_space TO fk_old_record"
        )
    op.add_column(
        "modeledge_space",
        sa.Column("precision", sa.String(8), nullable=False, server_default="float32"),
    )
    op.add_column("modeledge_operation", sa.Column("revision", sa.Integer()))
    op.add_column(
        "modeledge_operation",
        sa.Column("answers", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    _create()
    _move(op.get_bind())
    op.drop_table("old_record")
    op.create_index("ix_modeledge_record_origin_id", "modeledge_record", ["origin_id"])
    op.create_index("ix_modeledge_record_value", "modeledge_record", ["value"])
    stated = sa.text("relation <> ''")
    op.create_index(
        "ix_modeledge_record_head",
        "modeledge_record",
        ["head"],
        sqlite_where=stated,
        postgresql_where=stated,
    )


def _create() -> None:
    op.create_table(
        "modeledge_origin",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modeledge_origin"),
        sa.UniqueConstraint("digest", name="uq_modeledge_origin_digest"),
    )
    op.create_table(
        "modeledge_attestation",
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("op_changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin_id", "source", name="pk_modeledge_attestation"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_modeledge_attestation_source", "modeledge_attestation", ["source"])
    op.create_index("ix_modeledge_attestation_op_changed", "modeledge_attestation", ["op_changed"])
    op.create_table(
        "modeledge_record",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("op_changed", sa.Integer(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=False),
        sa.Column("span_end", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("relation", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("tail", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_modeledge_record"),
        sa.ForeignKeyConstraint(
            ["space_id"],
            ["modeledge_space.id"],
            name="fk_modeledge_record_space_id_modeledge_space",
        ),
    )
    op.create_table(
        "modeledge_log",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("op_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_modeledge_log"),
    )
    op.create_index("ix_modeledge_log_op_id", "modeledge_log", ["op_id"])
    op.create_table(
        "modeledge_snapshot",
        sa.Column("space_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("recall", sa.Float()),
        sa.PrimaryKeyConstraint("space_id", name="pk_modeledge_snapshot"),
    )


def _move(bind: sa.Connection) -> None:
    """Rows with origins; a row's source was the hash of its text, or a name for custom vectors."""
    origins: dict[str, int] = {}
    seq = count(1)
    old = sa.text("SELECT * FROM old_record WHERE id > :last ORDER BY id LIMIT :page")
    last = 0
    while rows := bind.execute(old, {"last": last, "page": PAGE}).mappings().all():
        last = rows[-1]["id"]
        new_origins, attested, moved, logged = [], [], [], []
        for row in rows:
            own = row["source"] != sha256(row["text"].encode("utf-8", "surrogatepass")).hexdigest()
            told = f"own\x1f{row['source']}\x1f{row['text']}" if own else f"text\x1f{row['text']}"
            digest = sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
            if digest not in origins:
                origins[digest] = len(origins) + 1
                new_origins.append({"id": origins[digest], "digest": digest, "text": row["text"]})
                attested.append(
                    {
                        "origin_id": origins[digest],
                        "source": row["source"] if own else "",
                        "op": row["op_added"],
                    }
                )
            removed = row["op_removed"]
            live = removed is None or removed < 0
            moved.append(
                {
                    **{x: row[x] for x in ("id", "space_id", "kind", "value", "context", "vector")},
                    "live": int(live),
                    "op": abs(removed) if removed is not None else row["op_added"],
                    "origin_id": origins[digest],
                    "start": row["start"],
                    "end": row["end"],
                }
            )
            logged.append((row["op_added"], row["space_id"], 1, row["id"]))
            if not live:
                logged.append((removed, row["space_id"], 0, row["id"]))
        _insert(bind, new_origins, attested, moved, _ranges(logged, seq))


def _ranges(
    logged: Iterable[tuple[int, int, int, int]], seq: Iterator[int]
) -> list[dict[str, int]]:
    """Rows of one operation that follow each other become one line of the log."""
    found: list[dict[str, int]] = []
    for number, space, live, row in sorted(logged):
        now = found[-1] if found else {}
        same = (now.get("op"), now.get("space"), now.get("live")) == (number, space, live)
        if same and now["last"] == row - 1:
            now["last"] = row
        else:
            found.append({"seq": next(seq), "op": number, "space": space, "live": live,
                          "first": row, "last": row})  # fmt: skip
    return found


def _insert(bind: sa.Connection, origins: list[dict[str, object]],
            attested: list[dict[str, object]], moved: list[dict[str, object]],
            ranges: list[dict[str, int]]) -> None:  # fmt: skip
    into_record = (
        "INSERT INTO modeledge_record (id, space_id, live, op_changed, origin_id, kind, value,"
        " context, span_start, span_end, vector) VALUES (:id, :space_id, :live, :op,"
        " :origin_id, :kind, :value, :context, :start, :end, :vector)"
    )
    for statement, rows in (
        ("INSERT INTO modeledge_origin VALUES (:id, :digest, :text)", origins),
        ("INSERT INTO modeledge_attestation VALUES (:origin_id, :source, 1, :op)", attested),
        (into_record, moved),
        ("INSERT INTO modeledge_log VALUES (:seq, :op, :space, :live, :first, :last)", ranges),
    ):
        if rows:
            bind.execute(sa.text(statement), rows)


def downgrade() -> None:
    bind = op.get_bind()
    op.create_table(
        "old_record",
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
    )
    bind.execute(
        sa.text(
            "INSERT INTO old_record SELECT r.id, r.space_id, r.kind, r.value,"
            " COALESCE((SELECT min(source) FROM modeledge_attestation a"
            " WHERE a.origin_id = o.id), ''), r.context, o.text, r.span_start, r.span_end,"
            " r.vector, COALESCE((SELECT min(op_id) FROM modeledge_log l WHERE l.live = 1"
            " AND r.id BETWEEN l.first AND l.last), r.op_changed),"
            " CASE WHEN r.live = 1 THEN NULL ELSE r.op_changed END"
            " FROM modeledge_record r JOIN modeledge_origin o ON o.id = r.origin_id"
        )
    )
    for table in ("record", "log", "snapshot", "attestation", "origin"):
        op.drop_table(f"modeledge_{table}")
    op.drop_column("modeledge_space", "precision")
    op.drop_column("modeledge_operation", "revision")
    op.drop_column("modeledge_operation", "answers")
    op.rename_table("old_record", "modeledge_record")
    _constraints()
    op.create_index("ix_modeledge_record_space_id_kind", "modeledge_record", ["space_id", "kind"])
    op.create_index(
        "ix_modeledge_record_space_id_source", "modeledge_record", ["space_id", "source"]
    )
    op.create_index("ix_modeledge_record_value", "modeledge_record", ["value"])


def _constraints() -> None:
    with op.batch_alter_table("modeledge_record") as batch:
        batch.create_primary_key("pk_modeledge_record", ["id"])
        batch.create_foreign_key(
            "fk_modeledge_record_space_id_modeledge_space",
            "modeledge_space",
            ["space_id"],
            ["id"],
        )
