"""Counts the requests of a server and renders the counts in the text format of Prometheus."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from prometheus_client.metrics_core import Metric

MEDIA_TYPE = CONTENT_TYPE_LATEST
"""The content type of the text format."""
BUCKET_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the buckets of the histogram of durations."""
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable for the folder in which several processes store their counts.

prometheus_client reads the variable when it is imported.
"""


def shared_folder() -> Path | None:
    """The folder in which the workers of a server count; None if this process is the only one."""
    folder = os.environ.get(SHARED_FOLDER)
    return Path(folder) if folder is not None and Path(folder).is_dir() else None


class ServerMetrics:
    """The metrics of a server; several workers add up their counts in a shared folder."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "kptm_requests",
            "Answered requests.",
            ["workspace", "method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "kptm_request_seconds",
            "Seconds from a request's first byte to the end of its response.",
            ["workspace", "route"],
            buckets=BUCKET_SECONDS,
            registry=self._registry,
        )
        self._in_progress = Gauge(
            "kptm_requests_in_progress",
            "Requests that wait or are being answered.",
            ["workspace"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._revision = Gauge(
            "kptm_revision",
            "The newest revision of the graph.",
            ["workspace"],
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )

    def begin_request(self, workspace: str) -> None:
        """Count a request that has arrived, to a workspace or, if it is "", to none."""
        self._in_progress.labels(workspace).inc()

    def end_request(
        self, workspace: str, method: str, route: str, status: int, seconds: float
    ) -> None:
        """Count a request that was answered.

        Args:
            workspace: The name of the workspace, or "".
            method: The HTTP method; "other" for methods that the server does not have.
            route: The path of a route; "other" for paths that the server does not have.
            status: The status of the response.
            seconds: The time from the arrival of the request to the end of the response.
        """
        self._in_progress.labels(workspace).dec()
        self._requests.labels(workspace, method, route, str(status)).inc()
        self._seconds.labels(workspace, route).observe(seconds)

    def note_revision(self, workspace: str, number: int) -> None:
        """Set the newest revision of a workspace's graph."""
        self._revision.labels(workspace).set(number)

    def render(self, workspaces: Collection[str]) -> bytes:
        """The metrics of some workspaces in the text format, summed over the workers."""
        folder = shared_folder()
        registry = self._registry
        if folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
        chosen = CollectorRegistry()
        chosen.register(_ChosenWorkspaces(registry, frozenset(workspaces)))
        return generate_latest(chosen)


class _ChosenWorkspaces(Collector):
    """Collects the samples of some workspaces, since a client may not see those of others."""

    def __init__(self, registry: CollectorRegistry, workspaces: frozenset[str]) -> None:
        self._registry, self._workspaces = registry, workspaces

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample
                for sample in metric.samples
                if sample.labels["workspace"] in self._workspaces
            ]
            yield metric
