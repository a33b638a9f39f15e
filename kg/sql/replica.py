"""A streaming replica of a PostgreSQL server, which takes over reading when it is up to date.

A replica is behind its primary by the time that a commit takes to reach it. A reader would then
miss changes that it has already seen or made. Therefore the position of the primary's log is
compared with what the replica has replayed, and only a replica that lacks nothing is read.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from kg.errors import StoreError
from kg.sql.cursor import Sql
from kg.sql.location import Location, with_driver

if TYPE_CHECKING:
    from collections.abc import Callable

READ_ONLY = "-c default_transaction_read_only=on"
"""The option with which PostgreSQL refuses to write."""
CONNECT_SECONDS = 3
"""Seconds within which a replica must accept a connection."""
PAUSE_SECONDS = 10.0
"""Seconds for which a replica that failed is not tried again."""

_IDENTITY = "SELECT system_identifier, current_database()::text FROM pg_control_system()"
_POSITION = "SELECT pg_current_wal_insert_lsn()::text"
_REPLAYED = "SELECT pg_last_wal_replay_lsn() >= CAST(? AS pg_lsn)"

logger = logging.getLogger(__name__)


class Replica:
    """A replica that may be read in place of its primary.

    Args:
        where: The URL of the replica.

    Raises:
        StoreError: The URL is malformed.
    """

    def __init__(self, where: str) -> None:
        self.location = Location(where)
        url = sa.make_url(with_driver(where))
        self.engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"options": READ_ONLY, "connect_timeout": CONNECT_SECONDS},
        )
        event.listen(self.engine, "begin", _begin_reading)
        self._of_thread = threading.local()
        self._connections: list[Any] = []
        self._paused_until = 0.0

    def check(self, primary: Sql) -> None:
        """Check that it is a replica of the primary's server, and of the same database.

        Raises:
            StoreError: It is none, or the replica cannot be reached.
        """
        try:
            sql = self.thread_sql()
            in_recovery = sql.one("SELECT pg_is_in_recovery()")
            same = sql.all(_IDENTITY) == primary.all(_IDENTITY)
        except self._failures as error:
            text = self.location.mask_password(str(error)).strip()
            raise StoreError(f"{self.location.name}: the replica cannot be read ({text})") from None
        if not in_recovery or not same:
            raise StoreError(
                f"{self.location.name}: is no streaming replica of the workspace's database; name a"
                " standby of that server, and the same database"
            )

    def has_caught_up(self, primary: Callable[[str], Any]) -> bool:
        """Whether it has replayed everything that the primary has committed until now.

        A replica that fails is not tried again for a while; this is logged.

        Args:
            primary: Returns the value of a statement on the primary.
        """
        if time.monotonic() < self._paused_until:
            return False
        position = primary(_POSITION)
        try:
            return bool(self.thread_sql().one(_REPLAYED, (position,)))
        except self._failures as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            text = self.location.mask_password(str(error)).strip()
            logger.warning("%s: the replica is not read for now (%s)", self.location.name, text)
            return False

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        return sa.exc.SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error

    def thread_sql(self) -> Sql:
        """This thread's connection for single statements."""
        sql: Sql | None = getattr(self._of_thread, "sql", None)
        if sql is None or sql.closed:
            connection = self.engine.raw_connection()
            driver: Any = connection.driver_connection
            driver.autocommit = True  # otherwise psycopg would begin a transaction
            self._connections.append(connection)
            sql = self._of_thread.sql = Sql(driver, postgresql=True)
        return sql

    def close(self) -> None:
        """Close every connection."""
        while self._connections:
            connection = self._connections.pop()
            connection.invalidate()
            connection.close()
        self._of_thread = threading.local()
        self.engine.dispose()


def _begin_reading(connection: sa.Connection) -> None:
    """Let a transaction see one state from beginning to end."""
    driver: Any = connection.connection.driver_connection
    driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
