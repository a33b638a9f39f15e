"""Hash partitions of the largest tables, on PostgreSQL.

    triple             by head_id, which uq_triple (head, relation, tail) contains
    modeledge_record   by id, its primary key

PostgreSQL allows only primary keys and unique indexes that contain the column by which a table is
divided. For ``triple`` this excludes ``id``: two partitions could then hold the same fact. So the
primary key of a divided ``triple`` is (id, head_id), and ids are unique because one writer at a
time assigns them. A query that gives the head reads one partition; one that gives the tail or the
id looks into the index of each. ``triple_source`` stays whole: nearly every change joins it with
``triple`` by id, and with both divided the server plans these joins for each pair of partitions,
which made an undo several times slower.

The definitions of columns, indexes and keys are read from the server's catalogue, so that a later
migration need not repeat them here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import StoreError

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

COLUMNS = {"triple": "head_id", "modeledge_record": "id"}
"""The divided tables, each with the column whose hash selects the partition."""

MIN_PARTITIONS, MAX_PARTITIONS = 2, 128
"""With more, the statements of a few clients would need more locks than a server has by default."""

_INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid = CAST(? AS regclass)
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid) ORDER BY 1
"""
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = CAST(? AS regclass) AND contype IN ('p', 'f', 'u') ORDER BY 1
"""
_PRIMARY = "PRIMARY KEY ("


def check_number(partitions: int, name: str, *, postgresql: bool) -> None:
    """Check a number of partitions before anything is created.

    Args:
        partitions: The number.
        name: The database, for messages.
        postgresql: Whether it is one of PostgreSQL.

    Raises:
        StoreError: The database has no partitions, or the number is not one from 2 to 128.
    """
    if not postgresql:
        raise StoreError(
            f"{name}: only tables on PostgreSQL can have partitions; name a postgresql:// URL, or"
            " leave partitions out"
        )
    if not MIN_PARTITIONS <= partitions <= MAX_PARTITIONS:
        raise StoreError(
            f"{name}: {partitions} partitions; say a number from {MIN_PARTITIONS} to"
            f" {MAX_PARTITIONS}"
        )


def count_partitions(sql: Sql) -> int:
    """The number of partitions of each divided table; 0 if none is divided."""
    if not sql.postgresql:
        return 0
    return int(
        sql.one("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('triple')") or 0
    )


def divide(sql: Sql, partitions: int) -> None:
    """Divide the tables, with their rows, in the transaction of ``sql``.

    Nobody can read the tables until it ends. Tables with another number of partitions are united
    first, so that their rows are written twice.

    Args:
        sql: A writing transaction on PostgreSQL; the tables are those of its search path.
        partitions: The number of partitions of each table.
    """
    unite(sql)
    for table, column in COLUMNS.items():
        _rebuild(sql, table, column, partitions)


def unite(sql: Sql) -> None:
    """Make plain tables of divided ones, with their rows, in the transaction of ``sql``."""
    if count_partitions(sql):
        for table, column in COLUMNS.items():
            _rebuild(sql, table, column, 0)


def _rebuild(sql: Sql, table: str, column: str, partitions: int) -> None:
    """Replace a table by one with this number of partitions; 0 for a plain one."""
    indexes, constraints = sql.all(_INDEXES, (table,)), sql.all(_CONSTRAINTS, (table,))
    # Dropped first, because the new ones have the same names.
    for name, _ in constraints:
        sql.run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        sql.run(f"DROP INDEX {name}")
    sql.run(f"ALTER TABLE {table} RENAME TO old_{table}")
    columns = f"(LIKE old_{table} INCLUDING DEFAULTS INCLUDING STORAGE)"
    by = f" PARTITION BY HASH ({column})" if partitions else ""
    sql.run(f"CREATE TABLE {table} {columns}{by}")
    for number in range(partitions):
        sql.run(
            f"CREATE TABLE {table}_p{number} PARTITION OF {table}"
            f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
        )
    sql.run(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608  # our own names
    sql.run(f"DROP TABLE old_{table}")
    for name, definition in constraints:
        key = _key(definition, column, divided=bool(partitions))
        sql.run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {key}")
    for _, definition in indexes:
        # The catalogue writes ONLY for the index of a divided table.
        sql.run(definition.replace(" ON ONLY ", " ON ", 1))


def _key(definition: str, column: str, *, divided: bool) -> str:
    """The definition of a constraint; a primary key of a divided table contains ``column``."""
    if not definition.startswith(_PRIMARY):
        return definition
    columns = definition.removeprefix(_PRIMARY).removesuffix(")").split(", ")
    if divided and column not in columns:
        columns.append(column)
    elif not divided and len(columns) > 1 and columns[-1] == column:
        columns.pop()
    return f"{_PRIMARY}{', '.join(columns)})"
