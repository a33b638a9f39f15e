"""A process that answers requests beside others at one port.

Only what an interpreter has loaded anyway is imported at the top, because the environment has to be
set before libraries read it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import threading
from contextlib import nullcontext, suppress
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
"""What a worker sends when it has loaded everything; any other text is why it failed."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """Everything that a worker is given.

    Attributes:
        folder: The workspace.
        workspace: Its settings, with those of the command line.
        serving: The configuration of the server, with the port of the socket.
        environment: Variables of the environment, which libraries read when they are loaded.
        collection: The thresholds of Python's garbage collector.
    """

    folder: Path
    workspace: WorkspaceConfig
    serving: ServingConfig
    environment: Mapping[str, str]
    collection: tuple[int, int, int]


def run_worker(setup: WorkerSetup, listener: socket.socket, channel: Connection) -> None:
    """Answer requests until the process is told to end, or the one that started it has ended.

    Args:
        setup: Everything that it needs.
        listener: The socket, which it shares with the other workers.
        channel: To the process that started it.
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
            with listener, Workspace(setup.folder, setup.workspace) as workspace:
                serve_on(listener, workspace, setup.serving, ready=lambda: channel.send(READY))
        except (KGError, KPTMError, OSError) as error:
            _ignore_signals()
            channel.send(str(error))
    _ignore_signals()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # killed, so that it could not clean up
        shutil.rmtree(setup.environment[SHARED_FOLDER], ignore_errors=True)


def _ignore_signals() -> None:
    """Ignore signals from here on: the process ends by itself, and an interrupted end says so."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with_parent(channel: Connection) -> None:
    """End this process when the other end of the channel is closed, even by a kill."""
    with suppress(EOFError, OSError):
        channel.recv()
    os.kill(os.getpid(), signal.SIGTERM)
