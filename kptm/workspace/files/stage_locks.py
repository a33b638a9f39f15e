"""Locks of stages, which only one process may run in a workspace at a time."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kg.files.process_lock import Held, process_lock
from kptm.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.workspace.layout import Layout

STAGES = ("embed", "pretrain", "finetune", "compress", "extract", "duplicates", "sync")
"""The verbs of the stages."""


@contextmanager
def stage(layout: Layout, name: str) -> Iterator[None]:
    """Hold the lock of a stage, as a context manager.

    Raises:
        WorkspaceError: Another process runs the stage, or the folder is not writable.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(process_lock(layout.lock(name)))
        except Held as error:
            raise WorkspaceError(
                f"{layout.folder}: kptm {name} is at work here already ({error.holder});"
                " wait for it to end, or stop it"
            ) from None
        except OSError as error:
            raise WorkspaceError(
                f"{layout.folder}: cannot be written ({error.strerror});"
                " change its permissions or copy it"
            ) from error
        yield
