"""A worker: one of several processes that answer requests on one port.

The top of this file imports no numerical library, because ``run_worker`` has to set the environment
before such libraries read it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import threading
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import KGError
from kptm.errors import KPTMError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from kptm.serving.config import ServingConfig
    from kptm.workspace.config import WorkspaceConfig

READY = ""
"""The message of a worker that has loaded everything; any other message is why it failed."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """The settings that a worker gets from the process that starts it.

    Attributes:
        workspaces: The folder of each workspace and its settings, with those of the command line,
            by name.
        serving: The configuration of the server, with the port of the socket.
        environment: Environment variables that libraries read when they are imported.
        collection: The thresholds of Python's garbage collector.
    """

    workspaces: Mapping[str, tuple[Path, WorkspaceConfig]]
    serving: ServingConfig
    environment: Mapping[str, str]
    collection: tuple[int, int, int]


def run_worker(setup: WorkerSetup, listener: socket.socket, channel: Connection) -> None:
    """Answer requests until this process is told to end, or its parent process has ended.

    Args:
        setup: The settings of the worker.
        listener: The socket, which all workers share.
        channel: The connection to the parent process, which gets ``READY`` or an error message.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.update(setup.environment)
    gc.set_threshold(*setup.collection)
    threading.Thread(target=_end_with_parent, args=(channel,), daemon=True).start()
    from kptm.serving.observation.json_log import json_logs
    from kptm.serving.observation.metrics import SHARED_FOLDER
    from kptm.serving.one_process import serve_on
    from kptm.workspace import Workspace

    with suppress(KeyboardInterrupt), json_logs() if setup.serving.log_requests else nullcontext():
        try:
            with listener, ExitStack() as opened:
                workspaces = {
                    name: opened.enter_context(Workspace(folder, config))
                    for name, (folder, config) in setup.workspaces.items()
                }
                serve_on(listener, workspaces, setup.serving, ready=lambda: channel.send(READY))
        except (KGError, KPTMError, OSError) as error:
            _ignore_signals()
            channel.send(str(error))
    _ignore_signals()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # it was killed and could not clean up
        shutil.rmtree(setup.environment[SHARED_FOLDER], ignore_errors=True)


def _ignore_signals() -> None:
    """Ignore further signals: the process is ending, and a signal would print a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with_parent(channel: Connection) -> None:
    """End this process when the parent closes its end of the channel, even if it was killed."""
    with suppress(EOFError, OSError):
        channel.recv()
    os.kill(os.getpid(), signal.SIGTERM)
