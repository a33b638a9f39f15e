"""Writes logs to standard error as JSON, one object a line."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kptm.serving.observation.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOGGER = "kptm.requests"
"""The name of the logger that writes a line for each request."""
_FIELDS = "kptm_fields"
"""The attribute of a record that holds the fields of a request."""


def log_request(fields: Mapping[str, Any]) -> None:
    """Log an answered request with these fields; :func:`json_logs` turns this on."""
    logging.getLogger(LOGGER).info("request", extra={_FIELDS: dict(fields)})


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """A JSON object with time (ISO 8601, UTC), level, logger, message, request id, exception.

        The fields of :func:`log_request` are added to it.
        """
        at = datetime.fromtimestamp(record.created, tz=UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


@contextmanager
def json_logs() -> Iterator[None]:
    """While the block runs, write all logs as JSON, with a line for each request."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root, requests = logging.getLogger(), logging.getLogger(LOGGER)
    handlers, level = root.handlers[:], requests.level
    root.handlers[:] = [handler]
    requests.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        requests.setLevel(level)
