"""Handles standard streams that are closed, have other encodings, or are broken pipes."""

from __future__ import annotations

import io
import os
import sys

PIPE_CLOSED = 128 + 13
"""The exit status of a process ended by SIGPIPE, as in shells."""
INTERRUPTED = 128 + 2
"""The exit status of a process ended by SIGINT."""
_ERROR = 2


def prepare() -> None:
    """Prepare the standard streams for output.

    A descriptor that the caller has closed is opened on the null device; otherwise the next file
    would get its number, and printed text would be written into that file. Characters that a
    terminal cannot show become escapes.
    """
    spare = os.open(os.devnull, os.O_RDWR)
    while spare <= _ERROR:
        os.set_inheritable(spare, True)
        spare = os.open(os.devnull, os.O_RDWR)
    os.close(spare)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # for the whole process
        elif isinstance(stream, io.TextIOWrapper) and encoding_of(stream) != "utf-8":
            stream.reconfigure(errors="backslashreplace")


def encoding_of(stream: object) -> str:
    """The encoding of a stream of text."""
    return (getattr(stream, "encoding", None) or "utf-8").lower()


def silence() -> None:
    """Discard buffered output for a closed pipe, so that flushing it at exit raises no error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
