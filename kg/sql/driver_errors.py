"""Turns an error of a database's driver into a StoreError that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import StoreBusyError, StoreError

if TYPE_CHECKING:
    from kg.sql.location import Location

_WAIT = "another process is writing to it; wait for it to end, then try again"
_CREDENTIALS = "give the password by PGPASSWORD, ~/.pgpass, or the URL"
_UNREACHABLE = "check that the server runs, and that host, port and role in the URL are right"

_BY_CODE = {
    "28000": "this role may not log in there; name another one in the URL",
    "28P01": _CREDENTIALS,
    "25006": "it is read-only: name the server that accepts writes",
    "3D000": "make it first: createdb",
    "40P01": "two processes waited for each other; try again",
    "40001": "the server ended the query in favour of another one; try again",
    "42501": "this role lacks the right, which the database's owner can GRANT",
    "53100": "the server's disk is full: free some space, then try again",
    "53300": "the server has no more connections: use fewer processes, or raise its limit",
    "55P03": _WAIT,
    "57P01": "the server was stopped; try again when it runs",
    "57P03": "the server is starting or stopping; try again",
}
"""Hints by PostgreSQL's codes of errors, which do not depend on the server's language."""

_BUSY_CODES = frozenset(("40001", "40P01", "53300", "55P03", "57P01", "57P03"))
"""The codes of conditions that pass: the same statement may succeed later."""

_BUSY_TEXTS = (
    "database is locked",
    "connection failed",
    "connection is bad",
    "could not connect",
    "server closed the connection",
    "connection is closed",
)
"""The same for errors that have no code. A refused login has one of the texts in _LASTING too."""

_LASTING = ("no password supplied", "password authentication failed", "does not exist")

_BY_TEXT = (
    ("database is locked", _WAIT),
    ("readonly database", "it is read-only; copy it or change its permissions to write"),
    ("unable to open database", "its folder is missing or may not be written"),
    ("not a database", "this file is not a kptm graph; name another one"),
    ("malformed", "the file is damaged; restore it from a copy"),
    ("disk is full", "free some space, then try again"),
    # An error while connecting has no code.
    ("no password supplied", _CREDENTIALS),
    ("password authentication failed", _CREDENTIALS),
    ("does not exist", "make the database first (createdb), or name another role or database"),
    ("connection failed", _UNREACHABLE),
    ("connection is bad", _UNREACHABLE),
    ("could not connect", _UNREACHABLE),
    ("server closed the connection", "the server was stopped; try again when it runs"),
    ("connection is closed", "the server has ended the connection; try again"),
)


def explain(error: Exception, location: Location) -> StoreError:
    """The error to raise for one of the driver; passwords in its message are masked."""
    origin = getattr(error, "orig", None) or error
    text = location.mask_password(str(origin)).strip()
    hint = _BY_CODE.get(getattr(origin, "sqlstate", None) or "")
    hint = hint or next((hint for mark, hint in _BY_TEXT if mark in text), "")
    if ("disk" in text or "unable to open" in text) and (folder := location.full_disk()):
        hint = f"the disk of {folder} is full: free some space, then try again"
    kind = StoreBusyError if _is_busy(origin, text) else StoreError
    return kind(f"{location.name}: {text}" + (f"; {hint}" if hint else ""))


def _is_busy(error: Exception, text: str) -> bool:
    """Whether an error is likely to pass without any change by the user."""
    code = getattr(error, "sqlstate", None)
    if code is not None:
        return code in _BUSY_CODES
    return any(mark in text for mark in _BUSY_TEXTS) and not any(mark in text for mark in _LASTING)
