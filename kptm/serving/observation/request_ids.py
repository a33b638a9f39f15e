"""Gives each request an id, by which it can be found in the logs of the server and of a proxy."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

HEADER = "x-request-id"
"""The header of requests and responses."""
_VALID = re.compile(r"[A-Za-z0-9._-]{1,64}")

REQUEST_ID: ContextVar[str] = ContextVar("kptm_request_id", default="")
"""The id of the request that the current asyncio task answers; "" outside of requests."""


def choose_request_id(header: str) -> str:
    """The id that a client or proxy gave a request, or a new one.

    Args:
        header: The value of the header. It is used if it has 1 to 64 letters, digits, ".", "_" and
            "-"; any other value is replaced, because the id is written to logs.
    """
    return header if _VALID.fullmatch(header) else uuid.uuid4().hex
