"""Rate limits, for which all workers of a server count requests together."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "rates.sqlite"
"""The name of the SQLite file with the counts, in the folder that the workers share."""
REQUESTS_PER_CLEANUP = 1_000
"""The number of requests between two deletions of windows that have ended."""
_COUNT = """INSERT INTO hits VALUES (:key, :amount, :now + :seconds)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN ends <= :now THEN :amount ELSE count + :amount END,
    ends = CASE WHEN ends <= :now THEN :now + :seconds ELSE ends END
RETURNING count"""


class SharedCounts(Storage):
    """A storage of the package ``limits`` in SQLite, which several processes can share.

    The package's storage in memory counts the requests of one process only. Here one SQL statement
    increments and reads a count, so that no request of another process is lost.

    Args:
        path: The file; None counts in memory, for this process alone.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._counted = 0
        where = ":memory:" if path is None else str(path)
        self._database = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
        # Counts of a few minutes need not survive a crash.
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("PRAGMA journal_mode=MEMORY")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS hits"
            " (key TEXT PRIMARY KEY, count INTEGER NOT NULL, ends REAL NOT NULL)"
        )

    @property
    def base_exceptions(self) -> type[Exception]:
        """The class of the errors that the database driver raises."""
        return sqlite3.Error

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` requests in a window of ``expiry`` seconds; return the new count."""
        now = time.time()
        values = {"key": key, "amount": amount, "now": now, "seconds": expiry}
        with self._lock:
            ((count,),) = self._database.execute(_COUNT, values).fetchall()
            self._counted += 1
            if self._counted % REQUESTS_PER_CLEANUP == 0:
                self._database.execute("DELETE FROM hits WHERE ends <= ?", (now,))
        return int(count)

    def get(self, key: str) -> int:
        """The count of the current window; 0 if there is no window."""
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        """The time at which the current window ends, in seconds since 1970."""
        return float(self._row(key)[1])

    def _row(self, key: str) -> tuple[int, float]:
        now = time.time()
        select = "SELECT count, ends FROM hits WHERE key = ? AND ends > ?"
        with self._lock:
            row: tuple[int, float] | None = self._database.execute(select, (key, now)).fetchone()
        return row or (0, now)

    def check(self) -> bool:
        """Whether the counts can be read."""
        return self.get("") == 0

    def reset(self) -> int:
        """Delete all counts; return how many there were."""
        with self._lock:
            return self._database.execute("DELETE FROM hits").rowcount

    def clear(self, key: str) -> None:
        """Delete the count of a key."""
        with self._lock:
            self._database.execute("DELETE FROM hits WHERE key = ?", (key,))


class RateLimits:
    """How many requests a client may send.

    Args:
        rate: One or several limits, as "60/minute" or "10/second; 1000/hour".
        folder: The folder that all workers share; None for one process.

    Raises:
        ConfigError: The rate is malformed.
    """

    def __init__(self, rate: str, folder: Path | None = None) -> None:
        try:
            self._limits: list[RateLimitItem] = parse_many(rate)
        except ValueError as error:
            raise ConfigError(f"rate {rate!r}: write it as 60/minute or 10/second") from error
        if any(limit.amount < 1 for limit in self._limits):
            raise ConfigError(f"rate {rate!r}: let at least 1 request through")
        self._windows = FixedWindowRateLimiter(
            SharedCounts(None if folder is None else folder / FILE)
        )

    def __str__(self) -> str:
        return " and ".join(str(limit) for limit in self._limits)

    def count(self, kind: str, client: str) -> int:
        """Count a request of a client.

        Args:
            kind: What identifies the client: "token" or "address".
            client: The hash of the token, or the IP address.

        Returns:
            Seconds until the client may try again; 0 if the request is within all limits.
        """
        over = [limit for limit in self._limits if not self._windows.hit(limit, kind, client)]
        ends = [self._windows.get_window_stats(limit, kind, client).reset_time for limit in over]
        return max((math.ceil(max(1.0, end - time.time())) for end in ends), default=0)
