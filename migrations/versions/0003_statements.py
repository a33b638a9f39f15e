"""Statements: who says what, literals, qualifiers; labels and their like become statements too.

Entities, relations and literals turn into dictionaries. What was there is said by the file it was
loaded from, as far as the revisions tell.
"""

from collections.abc import Iterator
from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
LABEL, PREFERRED, ALIAS, DESCRIPTION, DESCRIPTION_HTTPS, TYPE, PRIOR, ENTITY = range(1, 9)
UNDERSTOOD = {
    LABEL: "http://www.w3.org/2000/01/rdf-schema#label",
    PREFERRED: "http://www.w3.org/2004/02/skos/core#prefLabel",
    ALIAS: "http://www.w3.org/2004/02/skos/core#altLabel",
    DESCRIPTION: "http://schema.org/description",
    DESCRIPTION_HTTPS: "https://schema.org/description",
    TYPE: "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
    PRIOR: "urn:kptm:prior",
    ENTITY: "urn:kptm:entity",
}
FIRST_RELATION = 16
ALIVE = sa.text("rev_removed IS NULL")
OLD = ("entity", "relation", "alias", "entity_type", "triple")
PAGE = 5_000


def upgrade() -> None:
    _set_aside()
    _create_tables()
    bind = op.get_bind()
    bind.execute(
        sa.text("INSERT INTO relation (id, key) VALUES (:id, :key)"),
        [{"id": number, "key": key} for number, key in UNDERSTOOD.items()],
    )
    _move_names()
    _move_triples()
    _Said(bind).move()
    for table in reversed(OLD):  # those that refer to others first
        op.drop_table(f"old_{table}")
    _create_indexes()


def _set_aside() -> None:
    """The old tables out of the way; an index keeps its name, so that it has to go."""
    for index in ("uq_triple_alive", "ix_triple_tail_id", "ix_triple_relation_id",
                  "ix_triple_rev_removed", "ix_entity_label", "ix_alias_surface"):  # fmt: skip
        op.drop_index(index)
    for table in OLD:
        op.rename_table(table, f"old_{table}")
    if op.get_bind().dialect.name == "postgresql":  # constraints keep their names there too
        for table in OLD:
            op.execute(f"ALTER TABLE old_{table} RENAME CONSTRAINT pk_{table} TO pk_old_{table}")
        for table in ("entity", "relation"):
            op.execute(
                f"ALTER TABLE old_{table} RENAME CONSTRAINT uq_{table}_key TO uq_old_{table}"
            )


def _create_tables() -> None:
    number = sa.Integer
    op.create_table(
        "source",
        sa.Column("id", number(), nullable=False, autoincrement=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("is_graph", number(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("name", name="uq_source_name"),
    )
    for table in ("entity", "relation"):
        op.create_table(
            table,
            sa.Column("id", number(), nullable=False, autoincrement=False),
            sa.Column("key", NAME, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
            sa.UniqueConstraint("key", name=f"uq_{table}_key"),
        )
    op.create_table(
        "literal",
        sa.Column("id", number(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("value", NAME, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("datatype", "language", "unit")),
        sa.PrimaryKeyConstraint("id", name="pk_literal"),
    )
    op.create_table(
        "triple",
        sa.Column("id", number(), nullable=False, autoincrement=False),
        *(
            sa.Column(name, number(), nullable=False)
            for name in ("head_id", "relation_id", "tail_id", "rev_added")
        ),
        sa.Column("rev_removed", number(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_triple"),
    )
    said = ("triple_id", "source_id", "rev_added", "seq")
    op.create_table(
        "triple_source",
        *(sa.Column(name, number(), nullable=False, autoincrement=False) for name in said),
        *(sa.Column(name, number()) for name in ("rev_removed", "line", "span_start", "span_end")),
        sa.Column("confidence", sa.Float()),
        sa.PrimaryKeyConstraint(*said, name="pk_triple_source"),
        sqlite_with_rowid=False,
    )
    qualified = (*said, "position")
    op.create_table(
        "qualifier",
        *(sa.Column(name, number(), nullable=False, autoincrement=False) for name in qualified),
        *(sa.Column(name, number(), nullable=False) for name in ("relation_id", "value_id")),
        sa.PrimaryKeyConstraint(*qualified, name="pk_qualifier"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE name_index USING fts5(surface, tokenize = 'trigram', detail ="
            " none)"
        )
    else:
        op.create_table(
            "name_index",
            sa.Column("id", number(), nullable=False, autoincrement=False),
            sa.Column("surface", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id", name="pk_name_index"),
        )


def _create_indexes() -> None:
    spo = ["head_id", "relation_id", "tail_id"]
    op.create_index("uq_triple", "triple", [*spo, "rev_removed"], unique=True)
    op.create_index("ix_triple_tail", "triple", [*spo[::-1], "rev_removed"])
    op.create_index("ix_triple_relation", "triple", ["relation_id"])
    op.create_index("ix_literal_hash", "literal", ["hash"])
    for name, column, where in (
        ("ix_triple_source_later", "rev_added", sa.text("rev_added > 1")),
        ("ix_triple_source_ended", "rev_removed", sa.text("rev_removed IS NOT NULL")),
    ):
        op.create_index(name, "triple_source", [column], sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        _index_trigrams()


def _index_trigrams() -> None:
    """A search without the extension works too, and reads the whole table."""
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError:
        return
    op.execute("CREATE INDEX ix_name_index_trigram ON name_index USING gin (surface gin_trgm_ops)")


def _move_names() -> None:
    op.execute("INSERT INTO entity (id, key) SELECT id, key FROM old_entity")
    op.execute(
        f"INSERT INTO relation (id, key) SELECT id + {FIRST_RELATION - 1}, key FROM old_relation"
        f" WHERE key NOT IN ({', '.join(repr(key) for key in UNDERSTOOD.values())})"
    )
    # What was loaded is said by its file, anything else by the user.
    op.execute(
        "INSERT INTO source (id, name) SELECT row_number() OVER (ORDER BY name), name FROM"
        " (SELECT DISTINCT CASE WHEN kind = 'load' THEN note ELSE 'user' END AS name FROM revision"
        " UNION SELECT 'user') AS named"
    )


def _move_triples() -> None:
    """A triple of several lives becomes one row, its lives what its source said when."""
    relation_id = f"t.relation_id + {FIRST_RELATION - 1}"
    op.execute(
        "INSERT INTO triple (id, head_id, relation_id, tail_id, rev_added, rev_removed)"
        f" SELECT min(t.id), t.head_id, {relation_id}, t.tail_id, min(t.rev_added),"
        " CASE WHEN count(t.rev_removed) < count(*) THEN 0 ELSE max(t.rev_removed) END"
        " FROM old_triple t GROUP BY t.head_id, t.relation_id, t.tail_id"
    )
    op.execute(
        "INSERT INTO triple_source (triple_id, source_id, rev_added, seq, rev_removed)"
        " SELECT (SELECT min(o.id) FROM old_triple o WHERE o.head_id = t.head_id"
        " AND o.relation_id = t.relation_id AND o.tail_id = t.tail_id), s.id, t.rev_added, 0,"
        " max(t.rev_removed) FROM old_triple t JOIN revision v ON v.id = t.rev_added"
        " JOIN source s ON s.name = CASE WHEN v.kind = 'load' THEN v.note ELSE 'user' END"
        " GROUP BY t.head_id, t.relation_id, t.tail_id, s.id, t.rev_added"
    )


class _Said:
    """What was said of entities and relations in columns, as statements of the first revision."""

    def __init__(self, bind: sa.Connection) -> None:
        self.bind = bind
        self.literals: dict[tuple[str, str], int] = {}
        self.triple = self._max("triple", "id")
        self.entity = self._max("entity", "id")
        self.first = self.bind.execute(sa.text("SELECT min(id) FROM revision")).scalar()
        self.source = self.bind.execute(
            sa.text("SELECT id FROM source WHERE name = 'user'")
        ).scalar_one()

    def _max(self, table: str, column: str) -> int:
        return int(self.bind.execute(sa.text(f"SELECT max({column}) FROM {table}")).scalar() or 0)

    def move(self) -> None:
        if self.first is None:
            return
        self._say(self._of_entities())
        self._say(self._of_relations())
        self._index_names()

    def _rows(self, query: str) -> Iterator[sa.Row]:
        yield from self.bind.execute(sa.text(query)).fetchall()

    def _of_entities(self) -> Iterator[tuple[int, int, str]]:
        for row in self._rows("SELECT id, label, description, prior FROM old_entity ORDER BY id"):
            if row.label is not None:
                yield row.id, LABEL, row.label
            if row.description is not None:
                yield row.id, DESCRIPTION, row.description
            if row.prior is not None:
                yield row.id, PRIOR, repr(float(row.prior))
        for row in self._rows("SELECT entity_id, surface FROM old_alias ORDER BY 1, 2"):
            yield row.entity_id, ALIAS, row.surface
        for row in self._rows("SELECT entity_id, type FROM old_entity_type ORDER BY 1, 2"):
            yield row.entity_id, TYPE, row.type
        bare = (
            "SELECT e.id FROM old_entity e WHERE e.label IS NULL AND e.description IS NULL"
            " AND e.prior IS NULL AND NOT EXISTS (SELECT 1 FROM old_triple t"
            " WHERE t.head_id = e.id)"
            " AND NOT EXISTS (SELECT 1 FROM old_triple t WHERE t.tail_id = e.id)"
            " AND NOT EXISTS (SELECT 1 FROM old_alias a WHERE a.entity_id = e.id)"
            " AND NOT EXISTS (SELECT 1 FROM old_entity_type y WHERE y.entity_id = e.id)"
        )
        for row in self._rows(bare):
            yield row.id, ENTITY, ""

    def _of_relations(self) -> Iterator[tuple[int, int, str]]:
        query = (
            "SELECT r.key, r.label, e.id FROM old_relation r LEFT JOIN entity e ON e.key = r.key"
            " WHERE r.label IS NOT NULL ORDER BY r.id"
        )
        for row in self._rows(query):
            number = row.id
            if number is None:
                self.entity += 1
                number = self.entity
                self.bind.execute(
                    sa.text("INSERT INTO entity (id, key) VALUES (:id, :key)"),
                    {"id": number, "key": row.key},
                )
            yield number, LABEL, row.label

    def _say(self, facts: Iterator[tuple[int, int, str]]) -> None:
        for head, relation, value in facts:
            self.triple += 1
            self.bind.execute(
                sa.text(
                    "INSERT INTO triple (id, head_id, relation_id, tail_id, rev_added)"
                    " VALUES (:id, :head, :relation, :tail, :revision)"
                ),
                {"id": self.triple, "head": head, "relation": relation,
                 "tail": self._literal(value), "revision": self.first},
            )  # fmt: skip
            self.bind.execute(
                sa.text(
                    "INSERT INTO triple_source (triple_id, source_id, rev_added, seq)"
                    " VALUES (:id, :source, :revision, 0)"
                ),
                {"id": self.triple, "source": self.source, "revision": self.first},
            )

    def _literal(self, value: str) -> int:
        key = (value, "")
        if key not in self.literals:
            self.literals[key] = -1 - len(self.literals)
            raw = "\0".join((value, "", "", "")).encode()
            digest = int.from_bytes(blake2b(raw, digest_size=8).digest(), "big", signed=True)
            self.bind.execute(
                sa.text(
                    "INSERT INTO literal (id, hash, value, datatype, language, unit)"
                    " VALUES (:id, :hash, :value, '', '', '')"
                ),
                {"id": self.literals[key], "hash": digest, "value": value},
            )
        return self.literals[key]

    def _index_names(self) -> None:
        place = "rowid" if self.bind.dialect.name == "sqlite" else "id"
        insert = sa.text(f"INSERT INTO name_index ({place}, surface) VALUES (:id, :surface)")
        names = (
            "SELECT id, key AS name FROM entity UNION ALL SELECT l.id, l.value FROM literal l"
            f" WHERE l.id IN (SELECT tail_id FROM triple WHERE relation_id IN ({LABEL}, {ALIAS}))"
        )
        for row in self._rows(names):
            surface = " ".join(_last_part(row.name).replace("_", " ").casefold().split())
            self.bind.execute(insert, {"id": row.id, "surface": surface[:200]})


def _last_part(name: str) -> str:
    """What people look for in an IRI."""
    if "://" in name:
        return name.rstrip("/#").rsplit("#", 1)[-1].rsplit("/", 1)[-1] or name
    return name


def downgrade() -> None:
    """Back to columns: what they have no place for (sources, literals that are facts) is lost."""
    for index in ("uq_triple", "ix_triple_tail", "ix_triple_relation"):
        op.drop_index(index)
    op.drop_index("ix_literal_hash")
    op.drop_table("name_index")
    _old_tables()
    _old_rows()
    for table in ("new_entity", "new_relation", "new_triple", "triple_source", "qualifier",
                  "literal", "source"):  # fmt: skip
        op.drop_table(table)
    op.create_index("ix_entity_label", "entity", ["label"])
    op.create_index("ix_alias_surface", "alias", ["surface"])
    op.create_index(
        "uq_triple_alive", "triple", ["head_id", "relation_id", "tail_id"], unique=True,
        sqlite_where=ALIVE, postgresql_where=ALIVE,
    )  # fmt: skip
    op.create_index("ix_triple_tail_id", "triple", ["tail_id", "relation_id"])
    op.create_index("ix_triple_relation_id", "triple", ["relation_id"])
    op.create_index("ix_triple_rev_removed", "triple", ["rev_removed"])


def _old_tables() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ("entity", "relation", "triple"):
        op.rename_table(table, f"new_{table}")
        if postgresql:
            op.execute(f"ALTER TABLE new_{table} RENAME CONSTRAINT pk_{table} TO pk_new_{table}")
            if table != "triple":
                op.execute(
                    f"ALTER TABLE new_{table} RENAME CONSTRAINT uq_{table}_key TO uq_new_{table}"
                )
    number = sa.Integer
    op.create_table(
        "entity",
        sa.Column("id", number(), nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("prior", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_entity"),
        sa.UniqueConstraint("key", name="uq_entity_key"),
    )
    for name, column in (("alias", "surface"), ("entity_type", "type")):
        op.create_table(
            name,
            sa.Column("entity_id", number(), nullable=False),
            sa.Column(column, sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("entity_id", column, name=f"pk_{name}"),
            sa.ForeignKeyConstraint(
                ["entity_id"], ["entity.id"], name=f"fk_{name}_entity_id_entity", ondelete="CASCADE"
            ),
        )
    op.create_table(
        "relation",
        sa.Column("id", number(), nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("label", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_relation"),
        sa.UniqueConstraint("key", name="uq_relation_key"),
    )
    references = {"head_id": "entity", "relation_id": "relation", "tail_id": "entity",
                  "rev_added": "revision", "rev_removed": "revision"}  # fmt: skip
    op.create_table(
        "triple",
        sa.Column("id", number(), nullable=False),
        *(sa.Column(name, number(), nullable=name == "rev_removed") for name in references),
        sa.PrimaryKeyConstraint("id", name="pk_triple"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_triple_{column}_{table}")
            for column, table in references.items()
        ),
    )


def _old_rows() -> None:
    def value(relation: int) -> str:
        return (
            "(SELECT min(l.value) FROM new_triple t JOIN literal l ON l.id = t.tail_id WHERE"
            f" t.head_id = e.id AND t.relation_id = {relation} AND t.rev_removed = 0)"
        )

    op.execute(
        "INSERT INTO entity (id, key, label, description, prior) SELECT e.id, e.key,"
        f" {value(LABEL)}, {value(DESCRIPTION)}, CAST({value(PRIOR)} AS FLOAT) FROM new_entity e"
    )
    for table, column, relation in (("alias", "surface", ALIAS), ("entity_type", "type", TYPE)):
        op.execute(
            f"INSERT INTO {table} (entity_id, {column}) SELECT DISTINCT t.head_id, l.value"
            " FROM new_triple t JOIN literal l ON l.id = t.tail_id"
            f" WHERE t.relation_id = {relation} AND t.rev_removed = 0"
        )
    op.execute(
        f"INSERT INTO relation (id, key) SELECT id - {FIRST_RELATION - 1}, key FROM new_relation"
        f" WHERE id >= {FIRST_RELATION}"
    )
    op.execute(
        "INSERT INTO triple (id, head_id, relation_id, tail_id, rev_added, rev_removed)"
        f" SELECT id, head_id, relation_id - {FIRST_RELATION - 1}, tail_id, rev_added,"
        " nullif(rev_removed, 0)"
        f" FROM new_triple WHERE relation_id >= {FIRST_RELATION} AND tail_id > 0"
    )
