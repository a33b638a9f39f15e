"""Standard input, output and error as a verb finds them: closed, other encodings, broken pipes."""

from __future__ import annotations

import io
import os
import sys

PIPE_CLOSED = 128 + 13
"""The exit status of a process that SIGPIPE ended, as shells have it."""
INTERRUPTED = 128 + 2
"""That of one that SIGINT ended."""
_ERROR = 2


def prepare() -> None:
    """Make output possible wherever it goes.

    A descriptor that the caller closed is opened on nothing: else the next file would get its
    number, and what is printed would be written into that file. Characters that a terminal cannot
    show become escapes.
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
    """Drop what is still buffered for a reader that went away, without an error at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
