"""Connects to a PostgreSQL server without the pool of a Database, whose tables need not exist."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from kg.sql.cursor import Sql
from kg.sql.driver_errors import explain
from kg.sql.location import Location, with_driver
from kg.sql.replica import READ_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@contextmanager
def connect(url: str, *, options: str = "") -> Iterator[psycopg.Connection]:
    """A connection of the driver, without a transaction.

    Args:
        url: The URL of a PostgreSQL database.
        options: Options of the session, such as ``-c lock_timeout=1000``.

    Raises:
        StoreError: The database cannot be reached, or a statement of the block fails.
    """
    location = Location(url)
    engine = sa.create_engine(
        with_driver(url),
        poolclass=sa.NullPool,
        connect_args={"options": options, "autocommit": True},
    )
    try:
        with closing(engine.raw_connection()) as opened:
            connection: Any = opened.driver_connection
            yield connection
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        refusal = explain(error, location)
        raise refusal from (None if location.has_secret(error) else error)


@contextmanager
def connect_read_only(url: str) -> Iterator[Sql]:
    """Run statements that only read, in one transaction that sees one state.

    Raises:
        StoreError: The database cannot be reached, or a statement of the block fails.
    """
    with connect(url, options=READ_ONLY) as opened, opened.transaction():
        opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield Sql(opened, postgresql=True)
