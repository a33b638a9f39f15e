"""Many concurrent requests to the explorer: errors, requests a second, and latency.

    python benchmarks/answers_parts/load.py WORKSPACE [--questions FILE] [--seconds 60]
        [--at-once 50]

The server is a separate process (`kptm serve`). Each of --at-once clients sends its next request
over the loopback interface when the last one is answered. Three of six requests ask a question, the
others link it, search an entity, and fetch a neighbourhood. Errors are a status other than 200, a
broken connection, and an answer that differs from the first one to the same request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

API = "api/v1"
SECONDS = 60.0
AT_ONCE = 50
PATIENCE = 60.0
"""Seconds after which a request counts as broken."""


@dataclass
class Load:
    """The figures of a load test.

    Attributes:
        seconds: Duration of the test.
        taken: Seconds of each request, by kind.
        errors: Each error with its request.
    """

    seconds: float = 0.0
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[str, int, float, float, float, float]]:
        """(kind, requests, requests a second, p50, p95, p99 in ms), all kinds together last."""
        every = [value for values in self.taken.values() for value in values]
        return [
            (kind, len(values), len(values) / self.seconds,
             *(1000 * float(q) for q in np.percentile(values, (50, 95, 99))))
            for kind, values in (*sorted(self.taken.items()), ("all", every))
            if values
        ]  # fmt: skip

    def table(self) -> str:
        """The rows as a Markdown table, and the number of errors."""
        lines = [
            "| request | n | a second | p50 ms | p95 ms | p99 ms |",
            "|---|---|---|---|---|---|",
        ]
        for kind, requests, rate, *times in self.rows():
            cells = " | ".join(f"{value:.0f}" for value in times)
            lines.append(f"| {kind} | {requests:,} | {rate:.1f} | {cells} |")
        return "\n".join([*lines, "", f"errors: {len(self.errors)}"])


@contextmanager
def serve_workspace(workspace: str | Path, *options: str) -> Iterator[str]:
    """Serve a workspace on a free port for as long as the block runs; yields the address."""
    command = [sys.executable, "-m", "kptm", "serve", str(workspace), "--port", "0", "--json"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.send_signal(signal.SIGINT)


def requests_of(questions: Sequence[str], keys: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """The requests in their order: (kind, arguments of the request)."""
    requests: list[tuple[str, dict[str, Any]]] = []
    for at, question in enumerate(questions):
        key = keys[at % len(keys)]
        ask = ("ask", {"method": "POST", "url": f"{API}/ask", "json": {"question": question}})
        link = ("link", {"method": "POST", "url": f"{API}/link", "json": {"text": question}})
        near = {"method": "GET", "url": f"{API}/neighbourhood", "params": {"key": key}}
        search = {"method": "GET", "url": f"{API}/entities", "params": {"text": key[:4]}}
        requests += [ask, link, ask, ("neighbourhood", near), ask, ("entities", search)]
    return requests


async def _load(
    url: str, requests: Sequence[tuple[str, dict[str, Any]]], at_once: int, seconds: float
) -> Load:
    load, first, number = Load(), {}, count()
    limits = httpx2.Limits(max_connections=at_once)
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as client:
        begun = time.perf_counter()

        async def one() -> None:
            while time.perf_counter() - begun < seconds:
                at = next(number) % len(requests)
                kind, arguments = requests[at]
                started = time.perf_counter()
                try:
                    response = await client.request(**arguments)
                except httpx2.HTTPError as error:
                    load.errors.append(f"{arguments}: {error!r}")
                    continue
                load.taken[kind].append(time.perf_counter() - started)
                if response.status_code != 200:
                    load.errors.append(f"{arguments}: {response.status_code} {response.text}")
                elif first.setdefault(at, response.content) != response.content:
                    load.errors.append(f"{arguments}: the answer differs from the first one")

        await asyncio.gather(*(one() for _ in range(at_once)))
        load.seconds = time.perf_counter() - begun
    return load


def measure(
    workspace: str | Path,
    questions: Sequence[str],
    keys: Sequence[str],
    *,
    seconds: float = SECONDS,
    at_once: int = AT_ONCE,
) -> Load:
    """Serve a workspace and send requests to it.

    Args:
        workspace: Its folder; it is only read.
        questions: Texts to ask and to link, repeatedly.
        keys: Entities to search and to fetch the neighbourhood of.
        seconds: Duration of the test.
        at_once: Number of concurrent requests.
    """
    with serve_workspace(workspace) as url:
        return asyncio.run(_load(url, requests_of(questions, keys), at_once, seconds))


def main(arguments=None) -> None:
    """Run the test, print the table and the first errors; exit with 1 if there were any."""
    from kptm import Workspace
    from kptm.examples import World

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("workspace")
    parser.add_argument("--questions", type=Path,
    help="a question a line, up to a tab; default: the example world's")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args(arguments)
    if options.questions:
        lines = options.questions.read_text(encoding="utf-8").splitlines()
        questions = [line.partition("\t")[0] for line in lines if line]
    else:
        questions = [question.question for question in World().questions()]
    with Workspace.open(options.workspace, create=False) as ws:
        keys = [key for key, _ in zip(ws.graph.keys(), range(500), strict=False)]
    load = measure(
        options.workspace, questions, keys, seconds=options.seconds, at_once=options.at_once
    )
    print(load.table())
    for error in load.errors[:10]:
        print(error)
    sys.exit(bool(load.errors))


if __name__ == "__main__":
    main()
