"""Migrates a database to the newest schema.

Only this module imports Alembic, and only when a migration is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kg.errors import StoreError
from kg.sql.cursor import Sql
from kg.sql.partitions import check_number, count_partitions, divide

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0013"
"""The newest migration; a test compares it with Alembic's."""

VERSION_TABLE = "alembic_version"


def script_location() -> Path:
    """The folder of the migrations: inside the installed package, or beside it in a repository."""
    inside = Path(__file__).parent.parent / "migrations"
    return inside if inside.is_dir() else inside.parent.parent / "migrations"


def alembic_config(connection: sa.Connection) -> Config:
    """Configure Alembic's commands for an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(engine: sa.Engine, name: str, partitions: int | None = None) -> None:
    """Create or upgrade the tables in one transaction.

    Args:
        engine: The database.
        name: Its name in messages.
        partitions: The number of partitions of the largest tables, if they are to have any; None
            creates plain tables, and accepts either.

    Raises:
        StoreError: The database has tables of other programs, was written by a newer kptm, or has
            tables with another number of partitions.
    """
    if partitions is not None:
        check_number(partitions, name, postgresql=engine.dialect.name == "postgresql")
    with engine.connect() as connection:
        version = _version(connection, name)
        if version is not None and partitions is not None:
            _check_partitions(connection, name, partitions)
        if version == HEAD:
            return
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:  # a transaction could not change the journal mode
            driver = connection.connection.dbapi_connection
            if driver is not None:
                driver.cursor().execute("PRAGMA journal_mode=WAL")
    with engine.connect() as connection:
        connection = connection.execution_options(kptm_write=True)
        with connection.begin():
            _upgrade(connection, name, partitions)


def _check_partitions(connection: sa.Connection, name: str, partitions: int) -> None:
    """Check that tables which exist have this number of partitions.

    Raises:
        StoreError: They have another one, or none.
    """
    stored = count_partitions(Sql.on(connection))
    if stored != partitions:
        raise StoreError(
            f"{name}: has tables already, with {stored or 'no'} partitions; leave partitions out to"
            " use them, or name an empty database (createdb)"
        )


def _upgrade(connection: sa.Connection, name: str, partitions: int | None) -> None:
    version = _version(connection, name)
    if version is not None and partitions is not None:  # created by another process since
        _check_partitions(connection, name, partitions)
    if version == HEAD:  # another process has migrated it in the meantime
        return
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(f"{name}: was written by a newer kptm (schema {version}); upgrade kptm")
    command.upgrade(config, "head")
    if version is None and partitions is not None:
        divide(Sql.on(connection), partitions)


def _version(connection: sa.Connection, name: str) -> str | None:
    """The schema's version, None for an empty database.

    Raises:
        StoreError: The tables are another program's.
    """
    tables = set(sa.inspect(connection).get_table_names())
    version = None
    if VERSION_TABLE in tables:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    # Another program may use Alembic too; only kptm also has a table of triples.
    if (version is None and tables - {VERSION_TABLE}) or (
        version is not None and "triple" not in tables
    ):
        raise StoreError(f"{name}: holds tables that are not kptm's; name another database")
    return None if version is None else str(version)
