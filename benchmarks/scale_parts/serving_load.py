"""Questions and edits a second of servers with one worker and with several."""

from __future__ import annotations

import asyncio
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import httpx2
from answers_parts.load import API, PATIENCE, serve_workspace

from kptm import Workspace
from kptm.examples import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

CLIENTS = 8
"""Clients of a server; each sends its next request when the last one is answered."""
EDITED = "capital"
"""The relation that is edited."""


def measure(workers: Sequence[int], rounds: int, seconds: float, folder: Path) -> int:
    """Measure servers of the example world in turn, print tables, and return how much was wrong."""
    place = folder / "world"
    world = World()
    with Workspace.init(place) as ws:
        ws.load_entities(world.entities)
        ws.load(world.triples)
        ws.index(world.corpus)
    questions = [question.question for question in world.questions()]
    asked: dict[int, list[float]] = {number: [] for number in workers}
    memory: dict[int, list[float]] = {number: [] for number in workers}
    wrong = 0
    for number in list(workers) * rounds:  # in turn, since other work shares the machine
        with serve_workspace(place, "--workers", str(number)) as url:
            asyncio.run(_run(url, seconds / 4, lambda client, n: _ask(client, questions, n)))
            done, failed = asyncio.run(
                _run(url, seconds, lambda client, n: _ask(client, questions, n))
            )
            memory[number].append(_megabytes(place))
        asked[number].append(done / seconds)
        wrong += failed
    base = median(asked[workers[0]])
    print(f"{CLIENTS} clients, {rounds} rounds of {seconds:g} s each\n")
    print("| workers | questions a second, each round | median | ratio | memory MB | errors |")
    print("|---|---|---|---|---|---|")
    for number in workers:
        each = ", ".join(f"{rate:.1f}" for rate in asked[number])
        middle = median(asked[number])
        print(f"| {number} | {each} | {middle:.1f} | {middle / base:.2f} |"
              f" {median(memory[number]):.0f} | {wrong} |")  # fmt: skip
    print()
    for number in workers:
        wrong += _measure_edits(place, number, seconds)
    return wrong


async def _run(
    url: str, seconds: float, request: Callable[[httpx2.AsyncClient, int], Awaitable[bool]]
) -> tuple[int, int]:
    """Send requests for a time; how many were answered, and how many were not."""
    done = failed = 0
    until = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal done, failed
        # A connection a client, as clients of their own would have.
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            while time.perf_counter() < until:
                if await request(client, number):
                    done += 1
                else:
                    failed += 1
                number += CLIENTS

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))
    return done, failed


async def _ask(client: httpx2.AsyncClient, questions: Sequence[str], number: int) -> bool:
    question = questions[number % len(questions)]
    return (await client.post(f"{API}/ask", json={"question": question})).status_code == 200


def _measure_edits(place: Path, workers: int, seconds: float) -> int:
    """Edit facts through all workers; compare what was confirmed with the history."""
    with Workspace.open(place) as ws:
        facts = list(ws.graph.match(relation=EDITED))[: 2 * CLIENTS]
        first = ws.graph.revision()
    confirmed: list[int] = []
    last: dict[str, str] = {}
    refused: dict[int, int] = {}

    async def edit(client: httpx2.AsyncClient, number: int) -> bool:
        head = facts[number % CLIENTS].head  # of this client alone
        # Another one each time, and never its own at first: that would be no change.
        tail = facts[(number % CLIENTS + 1 + number // CLIENTS) % len(facts)].tail
        body = {"head": head, "relation": EDITED, "tail": tail}
        response = await client.post(f"{API}/edit", json=body)
        if response.status_code != 200:
            refused[response.status_code] = refused.get(response.status_code, 0) + 1
            return False
        confirmed.append(response.json()["revision"])
        last[head] = tail
        return True

    with serve_workspace(place, "--allow-edit", "--workers", str(workers)) as url:
        asyncio.run(_run(url, seconds, edit))
    with Workspace.open(place) as ws:
        made = {one.number for one in ws.graph.revisions(limit=10**6) if one.number > first}
        lost = len(set(confirmed) - made)
        wrong = sum(
            [fact.tail for fact in ws.graph.match(head=head, relation=EDITED)] != [tail]
            for head, tail in last.items()
        )
    print(f"edits, {workers} workers: {len(confirmed) / seconds:.1f} a second; refused: {refused};"
          f" lost: {lost}; last edit not in the graph: {wrong};"
          f" made and not confirmed: {len(made - set(confirmed))}")  # fmt: skip
    return lost + wrong


def _megabytes(place: Path) -> float:
    """The memory of the server of a workspace and of its workers, shared pages in equal parts."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()[1:]]
    server = next(pid for pid, _, command in rows if f"serve {place}" in command)
    pids = [server, *(pid for pid, parent, _ in rows if parent == server)]
    return sum(_pss(pid) for pid in pids) / 1024


def _pss(pid: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
